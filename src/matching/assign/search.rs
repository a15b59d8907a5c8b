//! The best choice within one cluster: the relaxation with a few cuts, then branching under a
//! cutoff that starts near the bound and is lowered until something is found.

use super::Budget;
use super::lp::Stalled;
use super::master::{Basis, Program, Rows};
use super::part::Part;
use super::pool::{Cluster, Pool};
use super::tree::{Found, Node, Tree};

/// How much further each look goes below the bound than the one before.
const WIDER: f64 = 1.7;

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
    let mut node = root(part, pool, cluster, basis, budget)?;
    let mut tree = Tree::new(part, pool, first);
    let bound = tree.cut(&mut node, cutoff, budget)?;
    let mut loss = 1e-5 * bound.abs();
    if cutoff > f64::NEG_INFINITY {
        loss = loss.max(0.02 * (bound - cutoff));
    }
    loop {
        if bound <= cutoff {
            return Ok(None);
        }
        let goal = cutoff.max(bound - loss);
        let found = tree.solve(node.clone(), goal, 0, budget)?;
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
    let mut node = root(part, pool, cluster, basis, budget)?;
    let mut tree = Tree::new(part, pool, true);
    tree.cut(&mut node, f64::NEG_INFINITY, budget)?;
    tree.dive(node, budget)
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
