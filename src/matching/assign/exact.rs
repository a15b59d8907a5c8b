//! The exact value of a part: prices, relaxation, and a search among the few bundles that an
//! optimum can hold.

use rayon::prelude::*;

use super::bundle::Packer;
use super::incumbent::{Choice, from_prices, improve};
use super::master::{Relaxed, relax};
use super::part::Part;
use super::pool::{Pool, clusters};
use super::prices;
use super::search;
use super::{Budget, Goal, SEARCH_LIMIT};

/// Bundles in the search at most; beyond it the answer is the best found, with its gap.
const CORE_LIMIT: usize = 400_000;

/// The share of the bound that a bundle of a dive may lose.
const DIVE: f64 = 4e-5;

/// The answer for a part.
#[derive(Debug, Clone)]
pub(super) struct Solved {
    pub choice: Choice,
    pub bound: f64,
    /// Prices of the groups in the relaxation.
    pub prices: Vec<f64>,
}

/// Solves a part: to the end, or as far as the budget goes.
pub(super) fn solve(part: &Part, goal: Goal, budget: &mut Budget) -> Solved {
    let mut packer = Packer::default();
    let packer = &mut packer;
    let mut choice = Choice::empty(part);
    improve(part, packer, &mut choice);
    let mut found = prices::find(part, packer, choice.value);
    budget.spend(found.work);
    let read = from_prices(part, packer, &found.prices);
    if read.value > choice.value {
        choice = read;
    }
    if goal.closed(found.bound, choice.value) || budget.left == 0 {
        let prices = std::mem::take(&mut found.prices);
        return Solved { bound: found.bound, choice, prices };
    }
    let relaxed = relax(part, packer, &found, choice, budget);
    if goal.closed(relaxed.bound, relaxed.choice.value) || budget.left == 0 {
        return Solved { choice: relaxed.choice, bound: relaxed.bound, prices: relaxed.prices };
    }
    let mut relaxed = relaxed;
    if let Some(choice) = dive(part, packer, &mut relaxed, budget)
        && choice.value > relaxed.choice.value
    {
        relaxed.choice = choice;
    }
    among_few(part, packer, relaxed, goal, budget)
}

/// What one look at the core gave.
enum Looked {
    /// The best choice that loses no more than allowed: it is optimal.
    Best(Choice),
    /// No choice loses so little.
    None,
    /// The budget or the precision ran out.
    Unfinished,
}

/// Looks for a choice that loses little against the bound, among the bundles that such a choice
/// can hold; allows more until one is found or the choice in hand is proven best.
fn among_few(
    part: &Part,
    packer: &mut Packer,
    relaxed: Relaxed,
    goal: Goal,
    budget: &mut Budget<'_>,
) -> Solved {
    let top = relaxed.bound;
    let mut out =
        Solved { choice: relaxed.choice.clone(), bound: top, prices: relaxed.prices.clone() };
    let mut relaxed = relaxed;
    let mut allowed = goal.first_loss(top);
    loop {
        let most = top - goal.next(out.choice.value);
        let last = allowed >= most;
        let loss = allowed.min(most);
        match look(part, packer, &mut relaxed, loss, goal, budget) {
            Looked::Best(choice) => {
                out.bound = out.bound.min(choice.value.max(out.choice.value));
                if choice.value > out.choice.value {
                    out.choice = choice;
                }
                out.bound = out.choice.value;
                return out;
            }
            Looked::None if last => {
                out.bound = out.choice.value;
                return out;
            }
            Looked::None => {
                out.bound = out.bound.min(top - loss);
                allowed = goal.more_loss(allowed);
            }
            Looked::Unfinished => return out,
        }
    }
}

/// A choice found by going straight down among the bundles that lose little, improved.
fn dive(
    part: &Part,
    packer: &mut Packer,
    relaxed: &mut Relaxed,
    budget: &mut Budget<'_>,
) -> Option<Choice> {
    let loss = DIVE * relaxed.bound.abs();
    let (core, _) = core(part, packer, relaxed, loss, budget)?;
    relaxed.basis.grow(relaxed.pool.len());
    let mut choice = Choice::empty(part);
    let (pool, basis, left) = (&relaxed.pool, &relaxed.basis, budget.left);
    let found: Vec<_> = clusters(part, pool, &core)
        .par_iter()
        .map(|cluster| {
            let mut own = Budget::of(left);
            let found = search::dive(part, pool, cluster, basis, &mut own);
            (found, left - own.left)
        })
        .collect();
    budget.spend(found.iter().map(|f| f.1).sum());
    for (bundles, _) in found {
        take(part, pool, &bundles.ok()?, &mut choice);
    }
    improve(part, packer, &mut choice);
    Some(choice)
}

fn look(
    part: &Part,
    packer: &mut Packer,
    relaxed: &mut Relaxed,
    loss: f64,
    goal: Goal,
    budget: &mut Budget<'_>,
) -> Looked {
    let Some((core, best)) = core(part, packer, relaxed, loss, budget) else {
        return Looked::Unfinished;
    };
    relaxed.basis.grow(relaxed.pool.len());
    let clusters = clusters(part, &relaxed.pool, &core);
    // Groups and families outside every cluster lose what they count for in the bound.
    let mut left = loss + 1e-9 * relaxed.bound.abs().max(1.0);
    let mut group = vec![true; part.groups.len()];
    let mut family = vec![true; part.families.len()];
    for cluster in &clusters {
        cluster.groups.iter().for_each(|&g| group[g as usize] = false);
        cluster.families.iter().for_each(|&f| family[f as usize] = false);
    }
    left -= relaxed.prices.iter().zip(&group).filter(|(_, out)| **out).map(|(p, _)| p).sum::<f64>();
    left -= best.iter().zip(&family).filter(|(_, out)| **out).map(|(b, _)| b).sum::<f64>();
    let mut choice = Choice::empty(part);
    for cluster in &clusters {
        if left < 0.0 {
            return Looked::None;
        }
        let bound = cluster.groups.iter().map(|&g| relaxed.prices[g as usize]).sum::<f64>()
            + cluster.families.iter().map(|&f| best[f as usize]).sum::<f64>();
        let first = clusters.len() == 1 && goal.quantum.is_some();
        let found = search::search(
            part,
            &relaxed.pool,
            cluster,
            &relaxed.basis,
            bound - left,
            first,
            budget,
        );
        match found {
            Ok(Some((bundles, worth))) => {
                left -= (bound - worth).max(0.0);
                take(part, &relaxed.pool, &bundles, &mut choice);
            }
            Ok(None) => return Looked::None,
            Err(_) => return Looked::Unfinished,
        }
    }
    choice.total(part);
    Looked::Best(choice)
}

/// The bundles whose reduced cost is no worse than the loss, and the worth of each family's best.
/// `None` where there are too many.
fn core(
    part: &Part,
    packer: &mut Packer,
    relaxed: &mut Relaxed,
    loss: f64,
    budget: &mut Budget<'_>,
) -> Option<(Vec<u32>, Vec<f64>)> {
    let slack = 1e-9 * relaxed.bound.abs().max(1.0);
    let mut core = Vec::new();
    let mut best = Vec::with_capacity(part.families.len());
    for f in 0..part.families.len() {
        let worth = packer.best(part, f, &relaxed.prices);
        best.push(worth);
        let floor = worth - loss - slack;
        let pool = &mut relaxed.pool;
        let whole =
            packer.bundles(part, f, &relaxed.prices, floor, SEARCH_LIMIT, &mut |_, items| {
                core.push(pool.add(part, items));
            });
        if !whole || core.len() > CORE_LIMIT {
            return None;
        }
    }
    budget.spend(2 * part.families.len() as u64 + core.len() as u64 / 10);
    core.sort_unstable();
    core.dedup();
    Some((core, best))
}

fn take(part: &Part, pool: &Pool, bundles: &[u32], choice: &mut Choice) {
    for &b in bundles {
        for &k in pool.items(b as usize) {
            choice.item[part.items[k as usize].group as usize] = Some(k);
        }
    }
}
