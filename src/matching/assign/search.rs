//! The best choice within one cluster: cuts at the root, then branching under a cutoff that
//! starts near the bound and is lowered until something is found.

use std::collections::HashSet;

use super::cuts::{self, Cut};
use super::master::{Basis, Program, Rows};
use super::part::Part;
use super::pool::{Cluster, Pool};
use super::simplex::{End, Lp, Stalled};
use super::tree::Tree;
use super::{Budget, PIVOT_WORK};

/// Rounds of cuts at most.
const ROUNDS: usize = 40;

/// What the search of a cluster gave.
pub(super) struct Searched {
    /// The best bundles found above the cutoff, and their worth.
    pub best: Option<(Vec<u32>, f64)>,
    /// Whether the search was finished: nothing above the cutoff is better.
    pub whole: bool,
    /// No choice of the cluster's bundles is worth more.
    pub bound: f64,
}

/// Searches a cluster for the best choice of bundles worth more than `cutoff`; with `first` it
/// stops at the first one found.
pub(super) fn search(
    part: &Part,
    pool: &Pool,
    cluster: &Cluster,
    basis: &Basis,
    cutoff: f64,
    first: bool,
    budget: &mut Budget,
) -> Result<Searched, Stalled> {
    let mut rows = Rows::new(part);
    let mut program = Program::new(part, pool, cluster, basis, &mut rows);
    program.solve(cluster.groups.len(), budget)?;
    let mut lp = program.lp;
    let base = lp.rows();
    let bound = add_cuts(&mut lp, base, cutoff, budget)?;
    let mut searched = Searched { best: None, whole: bound <= cutoff, bound };
    let mut loss = (1e-5 * bound.abs()).max(0.02 * (bound - cutoff));
    while !searched.whole && budget.left > 0 {
        let goal = cutoff.max(bound - loss);
        let (small, few) = reduce(&lp, cluster, base, bound - goal);
        let mut tree = Tree::new(part, pool, &few, small);
        let (best, whole) = tree.run(goal, first, budget)?;
        let found = best.is_some();
        searched.best = best;
        if !whole || found || goal <= cutoff {
            searched.whole = whole;
            break;
        }
        searched.bound = goal;
        loss *= 3.0;
    }
    Ok(searched)
}

/// Adds cuts while they bring the bound down; gives the bound.
fn add_cuts(lp: &mut Lp, base: usize, cutoff: f64, budget: &mut Budget) -> Result<f64, Stalled> {
    let mut known: HashSet<Cut> = HashSet::new();
    let mut bound = lp.bound(1.0);
    let mut idle = 0;
    for _ in 0..ROUNDS {
        if bound <= cutoff || budget.left == 0 {
            break;
        }
        let columns: Vec<(Vec<u32>, f64)> = (0..lp.len())
            .filter(|&j| lp.value(j) > 0.0)
            .map(|j| (lp.rows_of(j, base).collect(), lp.value(j)))
            .collect();
        let new = cuts::separate(&columns, &known);
        if new.is_empty() {
            break;
        }
        let rows: Vec<(f64, Vec<(u32, f64)>)> = new
            .iter()
            .map(|cut| {
                let entries = (0..lp.len())
                    .map(|j| (j as u32, cuts::coefficient(cut, lp.rows_of(j, base))))
                    .filter(|(_, v)| *v > 0.0)
                    .collect();
                (cuts::right(cut), entries)
            })
            .collect();
        lp.add_rows(&rows);
        known.extend(new);
        let before = lp.pivots;
        let price = PIVOT_WORK * (1 + lp.rows() as u64 / 500);
        let end = lp.dual(f64::NEG_INFINITY, budget.left / price);
        budget.spend((lp.pivots - before + 1) * price);
        match end {
            Ok(End::Optimal) => {}
            Ok(End::Infeasible | End::Cutoff) => return Err(Stalled),
            Err(stalled) => return if budget.left == 0 { Ok(bound) } else { Err(stalled) },
        }
        let now = lp.bound(1.0);
        idle = if bound - now < 1e-7 * bound.abs() { idle + 1 } else { 0 };
        bound = bound.min(now);
        if idle >= 3 {
            break;
        }
    }
    Ok(bound)
}

/// The program without the columns that lose more than allowed, and without idle cuts.
fn reduce(lp: &Lp, cluster: &Cluster, base: usize, loss: f64) -> (Lp, Cluster) {
    let slack = 1e-9 * loss.abs().max(1.0);
    let column: Vec<bool> =
        (0..lp.len()).map(|j| lp.has_column(j) || lp.reduced(j) >= -loss - slack).collect();
    let row: Vec<bool> = (0..lp.rows()).map(|r| r < base || !lp.has_slack(r)).collect();
    let few = Cluster {
        bundles: cluster
            .bundles
            .iter()
            .zip(&column)
            .filter(|(_, keep)| **keep)
            .map(|(b, _)| *b)
            .collect(),
        groups: cluster.groups.clone(),
        families: cluster.families.clone(),
    };
    (lp.compact(&column, &row), few)
}
