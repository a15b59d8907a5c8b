//! The linear program over bundles: at most one bundle per family, at most one per group. Its
//! relaxation is nearly always integral.

use rayon::prelude::*;

use super::bundle::{Packer, bound_of};
use super::incumbent::{Choice, improve};
use super::lp::{Lp, Stalled};
use super::part::Part;
use super::pool::{Cluster, Pool, clusters};
use super::prices::Prices;
use super::{Budget, PIVOT_WORK};

/// Bundles worth up to this share of the best score less than their family's best are in the
/// first program.
const WINDOW: f64 = 0.012;
/// Steps of listing a family's bundles at most: one with many places and many groups has more
/// bundles near its best than a program can hold; those that it needs pay later, and come then.
const LISTED: u32 = 20_000;
/// So many steps weigh as much as looking at one family.
const STEPS_PER_WORK: u64 = 20;
/// Rounds of adding bundles at most.
const ROUNDS: usize = 60;

/// The program of one cluster, with its columns in the order of the cluster's bundles.
pub(super) struct Program {
    /// Rows: the groups of the cluster, then its families.
    pub lp: Lp,
}

/// Numbers of rows within one cluster; reused between clusters.
pub(super) struct Rows {
    group: Vec<u32>,
    family: Vec<u32>,
}

impl Rows {
    pub fn new(part: &Part) -> Self {
        Self { group: vec![0; part.groups.len()], family: vec![0; part.families.len()] }
    }
}

/// Where the last optimal basis stood: in terms of bundles and rows of the whole part, so that it
/// serves any regrouping of clusters.
pub(super) struct Basis {
    bundle: Vec<bool>,
    group: Vec<bool>,
    family: Vec<bool>,
}

impl Basis {
    /// Makes room for bundles that came since; they are outside the basis.
    pub fn grow(&mut self, bundles: usize) {
        self.bundle.resize(bundles, false);
    }

    /// Takes up the basis of a solved cluster, and its bundles' weights.
    fn read(&mut self, cluster: &Cluster, lp: &Lp, weight: &mut [f64]) {
        let n = cluster.groups.len();
        for (r, &g) in cluster.groups.iter().enumerate() {
            self.group[g as usize] = lp.has_slack(r);
        }
        for (r, &f) in cluster.families.iter().enumerate() {
            self.family[f as usize] = lp.has_slack(n + r);
        }
        for (j, &b) in cluster.bundles.iter().enumerate() {
            weight[b as usize] = lp.value(j);
            self.bundle[b as usize] = lp.has_column(j);
        }
    }

    /// All slacks, but the bundles of a choice in place of their families' slacks.
    pub fn of_choice(part: &Part, pool: &Pool, chosen: &[Option<u32>]) -> Self {
        let mut basis = Self {
            bundle: vec![false; pool.len()],
            group: vec![true; part.groups.len()],
            family: vec![true; part.families.len()],
        };
        for (f, b) in chosen.iter().enumerate() {
            if let Some(b) = b {
                basis.bundle[*b as usize] = true;
                basis.family[f] = false;
            }
        }
        basis
    }
}

impl Program {
    /// The program of a cluster, with its basis set.
    pub fn new(
        part: &Part,
        pool: &Pool,
        cluster: &Cluster,
        basis: &Basis,
        rows: &mut Rows,
    ) -> Self {
        let n = cluster.groups.len();
        for (r, &g) in cluster.groups.iter().enumerate() {
            rows.group[g as usize] = r as u32;
        }
        for (r, &f) in cluster.families.iter().enumerate() {
            rows.family[f as usize] = (n + r) as u32;
        }
        let mut lp = Lp::new(vec![1.0; n + cluster.families.len()]);
        add_columns(&mut lp, part, pool, cluster.bundles.iter().copied(), rows);
        let columns = cluster
            .bundles
            .iter()
            .enumerate()
            .filter(|(_, b)| basis.bundle.get(**b as usize).copied().unwrap_or(false))
            .map(|(j, _)| j);
        let slacks = (0..n + cluster.families.len()).filter(|&r| {
            if r < n {
                basis.group[cluster.groups[r] as usize]
            } else {
                basis.family[cluster.families[r - n] as usize]
            }
        });
        lp.start_from(columns, slacks);
        Self { lp }
    }

    /// Solves it by the primal method, on right-hand sides moved a little apart: more for groups
    /// than for families, so that a choice stays feasible.
    pub fn solve(&mut self, groups: usize, budget: &mut Budget) -> Result<(), Stalled> {
        self.shift(groups);
        self.resume(budget)?;
        self.unshift();
        Ok(())
    }

    fn shift(&mut self, groups: usize) {
        self.lp.set_shift(|r| {
            let jitter = scatter(r as u64);
            1e-6 * if r < groups { 2.0 + jitter } else { jitter }
        });
    }

    /// Goes on from the basis as it is.
    fn resume(&mut self, budget: &mut Budget) -> Result<(), Stalled> {
        let before = self.lp.pivots;
        let rows = self.lp.rows() as u64;
        let limit = (20 * rows + 2000).min(budget.left / (PIVOT_WORK * (1 + rows / 500)));
        let done = self.lp.primal(limit);
        budget.spend((self.lp.pivots - before) * PIVOT_WORK * (1 + rows / 500));
        done
    }

    /// Values at the right-hand sides as they are.
    fn unshift(&mut self) {
        self.lp.set_shift(|_| 0.0);
        self.lp.compute();
    }
}

fn add_columns(
    lp: &mut Lp,
    part: &Part,
    pool: &Pool,
    bundles: impl Iterator<Item = u32>,
    rows: &Rows,
) {
    for b in bundles {
        let b = b as usize;
        let family = rows.family[pool.family(b)] as usize;
        let of = |&k: &u32| rows.group[part.items[k as usize].group as usize] as usize;
        let groups = pool.items(b).iter().map(of);
        lp.add_column(pool.worth(b), std::iter::once(family).chain(groups).map(|r| (r, 1.0)));
    }
}

/// A number in [0, 1) that looks random (SplitMix64, Steele et al. 2014).
pub(super) fn scatter(k: u64) -> f64 {
    let mut z = k.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// The bundles of a choice in the pool (added where new), by family.
pub(super) fn choice_bundles(part: &Part, pool: &mut Pool, choice: &Choice) -> Vec<Option<u32>> {
    let mut of_family: Vec<Vec<u32>> = vec![Vec::new(); part.families.len()];
    for k in choice.item.iter().flatten() {
        of_family[part.items[*k as usize].family as usize].push(*k);
    }
    of_family.iter().map(|items| (!items.is_empty()).then(|| pool.add(part, items))).collect()
}

/// What the relaxation gave.
pub(super) struct Relaxed {
    pub pool: Pool,
    pub basis: Basis,
    pub prices: Vec<f64>,
    pub bound: f64,
    /// A choice read off the relaxation, improved.
    pub choice: Choice,
}

/// Solves the relaxation over bundles exactly, by adding bundles until none pays, starting from
/// good prices and a choice. Stops early when the budget is spent or precision runs out; the
/// bound holds in any case.
pub(super) fn relax(
    part: &Part,
    packer: &mut Packer,
    start: &Prices,
    choice: Choice,
    budget: &mut Budget<'_>,
) -> Relaxed {
    let top = part.items.iter().map(|i| i.score).fold(0.0, f64::max);
    let mut pool = Pool::default();
    let chosen = choice_bundles(part, &mut pool, &choice);
    let near = |best: f64, _: usize| (best - WINDOW * top).min(best);
    add_bundles(part, packer, &mut pool, &start.prices, near, budget);
    let basis = Basis::of_choice(part, &pool, &chosen);
    let (prices, bound_so_far) = (start.prices.clone(), start.bound);
    let mut out = Relaxed { pool, basis, prices, bound: bound_so_far, choice };
    let mut point = Point::new(part);
    let mut solved = 0;
    for _ in 0..ROUNDS {
        if point.solve(part, &mut out, solved, budget).is_err() {
            break;
        }
        solved = out.pool.len();
        let family = &point.family;
        let slack = 1e-9 * top;
        let paying = |best: f64, f: usize| {
            if best > family[f] + slack {
                (family[f] + slack).max(best - WINDOW * top)
            } else {
                best
            }
        };
        let value = add_bundles(part, packer, &mut out.pool, &point.group, paying, budget);
        if value < out.bound {
            out.bound = value;
            out.prices.copy_from_slice(&point.group);
        }
        if out.pool.len() == solved || budget.left == 0 {
            break;
        }
    }
    point.read(&mut out);
    round(part, packer, &mut out, &point.weight);
    out
}

/// Adds the bundles of each family that are worth more than a floor, which depends on the worth
/// of the family's best bundle. Gives the bound at the prices.
fn add_bundles(
    part: &Part,
    packer: &mut Packer,
    pool: &mut Pool,
    prices: &[f64],
    floor: impl Fn(f64, usize) -> f64,
    budget: &mut Budget<'_>,
) -> f64 {
    let mut work = 2 * part.families.len() as u64;
    let bound = bound_of(part, prices, |f| {
        let best = packer.best(part, f, prices);
        let floor = floor(best, f);
        if floor < best || best <= 0.0 {
            let chosen = std::mem::take(&mut packer.chosen);
            let whole = packer.bundles(part, f, prices, floor, LISTED, &mut |_, items| {
                pool.add(part, items);
            });
            work += u64::from(packer.steps()) / STEPS_PER_WORK;
            // The best is among those that are listed, but for where a list was cut off.
            if !whole && !chosen.is_empty() {
                pool.add(part, &chosen);
            }
        }
        best
    });
    budget.spend(work);
    bound
}

/// The point of the relaxation: prices of groups and families, weights of bundles.
struct Point {
    group: Vec<f64>,
    family: Vec<f64>,
    weight: Vec<f64>,
    /// Once most bundles hang together: one program of them all, which new bundles join.
    whole: Option<(Cluster, Program, Rows)>,
}

impl Point {
    fn new(part: &Part) -> Self {
        Self {
            group: vec![0.0; part.groups.len()],
            family: vec![0.0; part.families.len()],
            weight: Vec::new(),
            whole: None,
        }
    }

    /// Takes up the bundles at or beyond `solved`.
    fn solve(
        &mut self,
        part: &Part,
        out: &mut Relaxed,
        solved: usize,
        budget: &mut Budget<'_>,
    ) -> Result<(), Stalled> {
        if let Some((cluster, program, rows)) = &mut self.whole {
            let new = solved as u32..out.pool.len() as u32;
            cluster.bundles.extend(new.clone());
            add_columns(&mut program.lp, part, &out.pool, new, rows);
            program.resume(budget)?;
            prices_of(cluster, &program.lp, &mut self.group, &mut self.family);
            return Ok(());
        }
        let all: Vec<u32> = (0..out.pool.len() as u32).collect();
        out.basis.grow(all.len());
        let clusters = clusters(part, &out.pool, &all);
        let largest = clusters.iter().map(|c| c.bundles.len()).max().unwrap_or(0);
        if solved > 0 && largest > all.len() / 2 {
            return self.join(part, out, all, budget);
        }
        self.weight.resize(all.len(), 0.0);
        self.apart(part, out, solved, clusters, budget)
    }

    /// One program of all bundles.
    fn join(
        &mut self,
        part: &Part,
        out: &Relaxed,
        bundles: Vec<u32>,
        budget: &mut Budget<'_>,
    ) -> Result<(), Stalled> {
        let groups: Vec<u32> = (0..part.groups.len() as u32).collect();
        let families = (0..part.families.len() as u32).collect();
        let cluster = Cluster { bundles, groups, families };
        let mut rows = Rows::new(part);
        let mut program = Program::new(part, &out.pool, &cluster, &out.basis, &mut rows);
        program.shift(cluster.groups.len());
        program.resume(budget)?;
        prices_of(&cluster, &program.lp, &mut self.group, &mut self.family);
        self.whole = Some((cluster, program, rows));
        Ok(())
    }

    /// Solves every cluster that has a bundle at or beyond `solved`; the others are as they were.
    fn apart(
        &mut self,
        part: &Part,
        out: &mut Relaxed,
        solved: usize,
        mut clusters: Vec<Cluster>,
        budget: &mut Budget<'_>,
    ) -> Result<(), Stalled> {
        clusters.retain(|c| c.bundles.last().is_some_and(|&b| b as usize >= solved));
        // Each on its own, from the same budget; what they took is counted afterwards.
        let (pool, basis, left) = (&out.pool, &out.basis, budget.left);
        let programs: Vec<(Result<Program, Stalled>, u64)> = clusters
            .par_iter()
            .map_init(
                || Rows::new(part),
                |rows, cluster| {
                    let mut own = Budget::of(left);
                    let mut program = Program::new(part, pool, cluster, basis, rows);
                    let done = program.solve(cluster.groups.len(), &mut own);
                    (done.map(|()| program), left - own.left)
                },
            )
            .collect();
        budget.spend(programs.iter().map(|p| p.1).sum());
        for (cluster, (program, _)) in clusters.iter().zip(programs) {
            let lp = &program?.lp;
            prices_of(cluster, lp, &mut self.group, &mut self.family);
            out.basis.read(cluster, lp, &mut self.weight);
        }
        Ok(())
    }

    /// The basis and the weights of the one program, where there is one.
    fn read(&mut self, out: &mut Relaxed) {
        if let Some((cluster, program, _)) = &mut self.whole {
            program.unshift();
            out.basis.grow(cluster.bundles.len());
            self.weight.resize(cluster.bundles.len(), 0.0);
            out.basis.read(cluster, &program.lp, &mut self.weight);
        }
    }
}

/// The prices of a solved cluster's rows.
fn prices_of(cluster: &Cluster, lp: &Lp, group: &mut [f64], family: &mut [f64]) {
    let n = cluster.groups.len();
    cluster.groups.iter().enumerate().for_each(|(r, &g)| group[g as usize] = lp.price(r));
    cluster.families.iter().enumerate().for_each(|(r, &f)| family[f as usize] = lp.price(n + r));
}

/// A choice that takes bundles by their weights, improved; kept where it is better.
fn round(part: &Part, packer: &mut Packer, out: &mut Relaxed, weight: &[f64]) {
    let mut order: Vec<u32> =
        (0..weight.len() as u32).filter(|&b| weight[b as usize] > 0.01).collect();
    order.sort_by(|&a, &b| weight[b as usize].total_cmp(&weight[a as usize]).then(a.cmp(&b)));
    let mut taken = vec![false; part.families.len()];
    let mut choice = Choice::empty(part);
    for b in order {
        let b = b as usize;
        let items = out.pool.items(b);
        let free =
            items.iter().all(|&k| choice.item[part.items[k as usize].group as usize].is_none());
        if free && !std::mem::replace(&mut taken[out.pool.family(b)], true) {
            for &k in items {
                choice.item[part.items[k as usize].group as usize] = Some(k);
            }
        }
    }
    improve(part, packer, &mut choice);
    if choice.value > out.choice.value {
        out.choice = choice;
    }
}
