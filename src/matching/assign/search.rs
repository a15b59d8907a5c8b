//! The best choice within one cluster: the relaxation with a few cuts, then branching under a
//! cutoff that starts near the bound and is lowered until something is found.

use super::lp::{End, Stalled};
use super::master::{Basis, Program, Rows};
use super::part::Part;
use super::pool::{Cluster, Pool};
use super::priced::Priced;
use super::tree::{Found, Node, Tree};
use super::{Budget, PIVOT_WORK};

/// How much further each look goes below the bound than the one before.
const WIDER: f64 = 1.7;
/// Rounds of cuts over all bundles.
const ROUNDS: usize = 8;

/// The best bundles of a cluster worth more than `cutoff`, where there are any: nothing above the
/// cutoff is better. With `first` any that are worth more.
pub(super) fn search(
    part: &Part,
    pool: &Pool,
    cluster: &Cluster,
    basis: &Basis,
    cutoff: f64,
    first: bool,
    budget: &mut Budget<'_>,
) -> Result<Option<Found>, Stalled> {
    let all = root(part, pool, cluster, basis, budget)?;
    let mut bound = all.lp.bound(1.0);
    let mut priced = Priced::new(all)?;
    for _ in 0..ROUNDS {
        if bound <= cutoff || !priced.cut(budget)? {
            break;
        }
        let now = priced.node.lp.bound(1.0);
        let idle = bound - now < 2e-6 * bound.abs();
        bound = bound.min(now);
        if idle {
            break;
        }
    }
    let mut tree = Tree::new(part, pool, first);
    let mut loss = 1e-5 * bound.abs();
    if cutoff > f64::NEG_INFINITY {
        loss = loss.max(0.02 * (bound - cutoff));
    }
    loop {
        if bound <= cutoff {
            return Ok(None);
        }
        let goal = cutoff.max(bound - loss);
        priced.widen(bound - goal);
        let found = tree.solve(priced.node.clone(), goal, 0, budget)?;
        if found.is_some() || goal <= cutoff {
            return Ok(found);
        }
        loss *= WIDER;
    }
}

/// A good choice of bundles of a cluster, found by going straight down.
pub(super) fn dive(
    part: &Part,
    pool: &Pool,
    cluster: &Cluster,
    basis: &Basis,
    budget: &mut Budget<'_>,
) -> Result<Vec<u32>, Stalled> {
    let node = root(part, pool, cluster, basis, budget)?;
    Tree::new(part, pool, true).dive(node, budget)
}

/// The dual method, charged to the budget.
pub(super) fn dual(node: &mut Node, cutoff: f64, budget: &mut Budget<'_>) -> Result<End, Stalled> {
    let lp = &mut node.lp;
    let rows = lp.rows() as u64;
    let price = PIVOT_WORK * (1 + rows / 500);
    let before = lp.pivots;
    let limit = (50 * rows + 5000).min(budget.left / price);
    let end = lp.dual(cutoff, limit);
    budget.spend((lp.pivots - before + 5) * price);
    if budget.left == 0 { Err(Stalled) } else { end }
}

fn root(
    part: &Part,
    pool: &Pool,
    cluster: &Cluster,
    basis: &Basis,
    budget: &mut Budget<'_>,
) -> Result<Node, Stalled> {
    let mut rows = Rows::new(part);
    let mut program = Program::new(part, pool, cluster, basis, &mut rows);
    program.solve(cluster.groups.len(), budget)?;
    let base = program.lp.rows();
    Ok(Node { lp: program.lp, bundles: cluster.bundles.clone(), base })
}
