//! Branch, bound and cut over one cluster of bundles, depth first. Each node keeps only what an
//! improvement can use: bundles that lose too much go, and parts that no longer share a row are
//! finished one by one.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::cuts::{self, Cut, Weighed};
use super::lp::{End, Lp, Stalled};
use super::part::Part;
use super::pool::Pool;
use super::search::dual;
use super::{Budget, PIVOT_WORK};

/// A weight this near to 0 or 1 is that.
const WHOLE: f64 = 1e-6;
/// Rounds of cuts at the root and below it.
const ROUNDS: [usize; 2] = [40, 4];
/// Branches that are tried before one is taken, and the pivots of a trial.
const TRIED: usize = 12;
const TRIAL: u64 = 15;

/// A dive takes every pair of at least this weight.
const NEARLY: f64 = 0.85;

/// Bundles and their worth.
pub(super) type Found = (Vec<u32>, f64);

/// A program whose columns are bundles and whose first rows are groups and families.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub lp: Lp,
    /// The bundle of each column.
    pub bundles: Vec<u32>,
    /// Rows of groups and families; the others are cuts.
    pub base: usize,
}

/// What a branch settles: whether a pair is chosen, or whether a group is placed at all.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Branch {
    Pair(u32),
    Placed(u32),
}

pub(super) struct Tree<'a> {
    part: &'a Part,
    pool: &'a Pool,
    /// Stop at the first choice that is good enough.
    first: bool,
}

impl<'a> Tree<'a> {
    pub fn new(part: &'a Part, pool: &'a Pool, first: bool) -> Self {
        Self { part, pool, first }
    }

    /// The best choice worth more than `cutoff`, if there is one.
    pub fn solve(
        &mut self,
        mut node: Node,
        cutoff: f64,
        depth: usize,
        budget: &mut Budget<'_>,
    ) -> Result<Option<Found>, Stalled> {
        let mut rounds = ROUNDS[usize::from(depth > 0)];
        let mut before = f64::INFINITY;
        loop {
            if dual(&mut node, cutoff, budget)? != End::Optimal {
                return Ok(None);
            }
            let bound = node.lp.bound(1.0);
            if bound <= cutoff {
                return Ok(None);
            }
            self.shrink(&mut node, bound - cutoff)?;
            let weights = self.weights(&node);
            if weights.iter().all(|&(_, w)| w > 1.0 - WHOLE) {
                let found = self.chosen(&node);
                return Ok((found.1 > cutoff).then_some(found));
            }
            let gains = before - bound > 1e-3 * (bound - cutoff).min(bound.abs());
            if rounds > 0 && gains && node.add_cuts(&new_cuts(&node)) {
                rounds -= 1;
                before = bound;
                continue;
            }
            let parts = split(&node)?;
            if parts.len() > 1 {
                return self.each(parts, cutoff, depth, budget);
            }
            return self.branch(node, bound, weights, cutoff, depth, budget);
        }
    }

    /// A choice by going straight down: the pairs that are nearly chosen are, and the program is
    /// solved again, until all is whole.
    pub fn dive(&mut self, mut node: Node, budget: &mut Budget<'_>) -> Result<Vec<u32>, Stalled> {
        loop {
            if dual(&mut node, f64::NEG_INFINITY, budget)? != End::Optimal {
                return Err(Stalled);
            }
            let weights = self.weights(&node);
            let open = || weights.iter().filter(|&&(_, w)| w < 1.0 - WHOLE);
            let Some(top) = open().map(|&(_, w)| w).max_by(f64::total_cmp) else {
                return Ok(self.chosen(&node).0);
            };
            let mut lp = std::mem::replace(&mut node.lp, Lp::new(Vec::new()));
            let mut taken: Vec<u32> = Vec::new();
            for &(k, _) in open().filter(|&&(_, w)| w >= top.min(NEARLY)) {
                // Two pairs of one family or group might not go together.
                let item = &self.part.items[k as usize];
                let apart = |&t: &u32| {
                    let other = &self.part.items[t as usize];
                    other.family != item.family && other.group != item.group
                };
                if taken.iter().all(apart) {
                    self.apply(&mut lp, &node, Branch::Pair(k), true);
                    taken.push(k);
                }
            }
            node.lp = lp;
        }
    }

    /// Drops the columns that no improvement can use, and the cuts that do not bind.
    fn shrink(&self, node: &mut Node, loss: f64) -> Result<(), Stalled> {
        let lp = &node.lp;
        if !loss.is_finite() {
            return Ok(());
        }
        let least = -loss - 1e-9 * loss.abs().max(1.0);
        let column: Vec<bool> = (0..lp.len())
            .map(|j| lp.has_column(j) || (!lp.is_fixed(j) && lp.reduced(j) >= least))
            .collect();
        let kept = column.iter().filter(|k| **k).count();
        if kept * 10 > lp.len() * 8 && lp.rows() < node.base + 60 {
            return Ok(());
        }
        let row: Vec<bool> = (0..lp.rows()).map(|r| r < node.base || !lp.has_slack(r)).collect();
        *node = node.only(&column, &row)?;
        Ok(())
    }

    /// The weight of each pair that has any.
    fn weights(&self, node: &Node) -> Vec<(u32, f64)> {
        let mut weight: BTreeMap<u32, f64> = BTreeMap::new();
        for (j, &b) in node.bundles.iter().enumerate() {
            let x = node.lp.value(j);
            if x > WHOLE {
                for &k in self.pool.items(b as usize) {
                    *weight.entry(k).or_default() += x;
                }
            }
        }
        weight.into_iter().collect()
    }

    /// The bundles at 1, and their worth.
    fn chosen(&self, node: &Node) -> Found {
        let at_one = |&(j, _): &(usize, &u32)| node.lp.value(j) > 0.5;
        let bundles: Vec<u32> =
            node.bundles.iter().enumerate().filter(at_one).map(|(_, &b)| b).collect();
        let worth = bundles.iter().map(|&b| self.pool.worth(b as usize)).sum();
        (bundles, worth)
    }

    /// Parts that share no row: the best of each is part of the best.
    fn each(
        &mut self,
        parts: Vec<Node>,
        cutoff: f64,
        depth: usize,
        budget: &mut Budget<'_>,
    ) -> Result<Option<Found>, Stalled> {
        let bounds: Vec<f64> = parts.iter().map(|p| p.lp.bound(1.0)).collect();
        let mut total: f64 = bounds.iter().sum();
        let (mut bundles, mut worth) = (Vec::new(), 0.0);
        for (part, bound) in parts.into_iter().zip(bounds) {
            if total <= cutoff {
                return Ok(None);
            }
            let own = cutoff - (total - bound);
            let Some(found) = self.solve(part, own, depth.max(1), budget)? else { return Ok(None) };
            total += found.1 - bound;
            worth += found.1;
            bundles.extend(found.0);
        }
        Ok((worth > cutoff).then_some((bundles, worth)))
    }

    fn branch(
        &mut self,
        mut node: Node,
        bound: f64,
        weights: Vec<(u32, f64)>,
        cutoff: f64,
        depth: usize,
        budget: &mut Budget<'_>,
    ) -> Result<Option<Found>, Stalled> {
        let candidates = self.candidates(&weights);
        let mut best: Option<(f64, [Option<Lp>; 2], [f64; 2])> = None;
        let tried = if depth < 6 { TRIED } else { TRIED / 2 };
        let sides: Vec<(Branch, bool)> =
            candidates.iter().take(tried).flat_map(|&b| [(b, false), (b, true)]).collect();
        let tries = sides.par_iter().map(|&(b, side)| self.attempt(&node, b, side, cutoff));
        let tries: Vec<(Option<Lp>, u64)> = tries.collect();
        budget.spend(tries.iter().map(|t| t.1 * PIVOT_WORK).sum());
        let mut tries = tries.into_iter().map(|t| t.0);
        while let (Some(no), Some(yes)) = (tries.next(), tries.next()) {
            let child = [no, yes];
            let reach = |lp: &Lp| lp.objective().min(bound);
            let reached = [0, 1].map(|k: usize| child[k].as_ref().map_or(f64::NEG_INFINITY, reach));
            if child.iter().any(Option::is_none) {
                // One side cannot improve: the other holds for all of this node.
                let Some(lp) = child.into_iter().flatten().next() else { return Ok(None) };
                node.lp = lp;
                return self.solve(node, cutoff, depth, budget);
            }
            let drop = |r: f64| (bound - r).max(1e-7);
            let score = drop(reached[0]) * drop(reached[1]);
            if best.as_ref().is_none_or(|(s, ..)| score > *s) {
                best = Some((score, child, reached));
            }
        }
        let Some((_, child, reached)) = best else { return Err(Stalled) };
        let mut order: Vec<(f64, Lp)> =
            reached.into_iter().zip(child).filter_map(|(r, lp)| Some((r, lp?))).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut cutoff, mut found) = (cutoff, None);
        for (_, lp) in order {
            let child = Node { lp, bundles: node.bundles.clone(), base: node.base };
            if let Some(better) = self.solve(child, cutoff, depth + 1, budget)? {
                cutoff = better.1 + 1e-9 * better.1.abs().max(1.0);
                found = Some(better);
                if self.first {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// A side of a branch, tried by a few pivots; `None` where it cannot improve. Also the pivots.
    fn attempt(&self, node: &Node, branch: Branch, side: bool, cutoff: f64) -> (Option<Lp>, u64) {
        let mut lp = node.lp.clone();
        self.apply(&mut lp, node, branch, side);
        let before = lp.pivots;
        let end = lp.dual(cutoff, TRIAL);
        let pivots = lp.pivots - before + 1;
        (Some(lp).filter(|_| !matches!(end, Ok(End::Cutoff | End::Infeasible))), pivots)
    }

    /// Branches by how undecided they are: pairs, groups of several children first, and groups
    /// that are placed in part.
    fn candidates(&self, weights: &[(u32, f64)]) -> Vec<Branch> {
        let mut placed: BTreeMap<u32, f64> = BTreeMap::new();
        let mut list: Vec<(f64, Branch)> = Vec::new();
        for &(k, w) in weights {
            let item = &self.part.items[k as usize];
            *placed.entry(item.group).or_default() += w;
            if w > WHOLE && w < 1.0 - WHOLE {
                let several = if item.takes > 1 { 0.2 } else { 0.0 };
                list.push(((w - 0.5).abs() - several, Branch::Pair(k)));
            }
        }
        for (g, w) in placed {
            if w < 1.0 - WHOLE {
                list.push(((w - 0.5).abs() - 0.1, Branch::Placed(g)));
            }
        }
        list.sort_by(|a, b| a.0.total_cmp(&b.0));
        list.into_iter().map(|(_, b)| b).collect()
    }

    /// Takes a side of a branch: fixes the bundles that go against it.
    fn apply(&self, lp: &mut Lp, node: &Node, branch: Branch, side: bool) {
        let (group, family) = match branch {
            Branch::Pair(k) => {
                let item = &self.part.items[k as usize];
                (item.group, Some((k, item.family)))
            }
            Branch::Placed(g) => (g, None),
        };
        let mut row = None;
        for (j, &b) in node.bundles.iter().enumerate() {
            let items = self.pool.items(b as usize);
            let has_group = items.iter().any(|&k| self.part.items[k as usize].group == group);
            let goes = match family {
                None => has_group && !side,
                Some((k, f)) => {
                    let with = items.contains(&k);
                    if side {
                        !with && (has_group || self.pool.family(b as usize) == f as usize)
                    } else {
                        with
                    }
                }
            };
            if has_group && row.is_none() {
                // The group's row is the one that this bundle and the group's other rows share.
                row = self.row_of(lp, node, j, group);
            }
            if goes && !lp.is_fixed(j) {
                lp.fix(j, true);
            }
        }
        if side && let Some(r) = row {
            lp.fix_slack(r, true);
        }
    }

    /// The row of a group, found by a bundle that holds it: rows stand in the order of groups,
    /// then families.
    fn row_of(&self, lp: &Lp, node: &Node, column: usize, group: u32) -> Option<usize> {
        let mut rows: Vec<u32> = lp.rows_of(column, node.base).collect();
        rows.sort_unstable();
        let b = node.bundles[column] as usize;
        let mut groups: Vec<u32> =
            self.pool.items(b).iter().map(|&k| self.part.items[k as usize].group).collect();
        groups.sort_unstable();
        let at = groups.iter().position(|&g| g == group)?;
        rows.get(at).map(|&r| r as usize)
    }
}

impl Node {
    /// Adds cuts; `false` where there are none.
    pub fn add_cuts(&mut self, new: &[Cut]) -> bool {
        let lp = &self.lp;
        let rows: Vec<(f64, Vec<(u32, f64)>)> = new
            .iter()
            .map(|cut| {
                let entries = (0..lp.len())
                    .map(|j| (j as u32, cuts::coefficient(cut, lp.column(j))))
                    .filter(|(_, v)| *v > 0.0)
                    .collect();
                (cuts::right(cut, lp.rhs()), entries)
            })
            .collect();
        self.lp.add_rows(&rows);
        !new.is_empty()
    }

    /// The node with only some columns and rows.
    pub fn only(&self, column: &[bool], row: &[bool]) -> Result<Self, Stalled> {
        let kept = self.bundles.iter().zip(column).filter(|(_, k)| **k).map(|(b, _)| *b);
        let mut lp = self.lp.compact(column, row);
        lp.refactor()?;
        let base = row[..self.base].iter().filter(|k| **k).count();
        Ok(Self { lp, bundles: kept.collect(), base })
    }
}

/// The cuts that the point of a node violates.
pub(super) fn new_cuts(node: &Node) -> Vec<Cut> {
    let lp = &node.lp;
    let columns: Vec<Weighed> = (0..lp.len())
        .filter(|&j| lp.value(j) > 0.0)
        .map(|j| Weighed { rows: lp.column(j).collect(), x: lp.value(j) })
        .collect();
    cuts::separate(&columns, node.base, lp.rhs())
}

/// The parts of a node that share no row; the node itself where it is one.
fn split(node: &Node) -> Result<Vec<Node>, Stalled> {
    let (lp, m) = (&node.lp, node.lp.rows());
    let mut parent: Vec<u32> = (0..m as u32).collect();
    fn root(parent: &mut [u32], mut k: u32) -> u32 {
        while parent[k as usize] != k {
            parent[k as usize] = parent[parent[k as usize] as usize];
            k = parent[k as usize];
        }
        k
    }
    let first: Vec<Option<u32>> = (0..lp.len())
        .map(|j| {
            let mut rows = lp.rows_of(j, m);
            let first = rows.next()?;
            for r in rows {
                let (a, b) = (root(&mut parent, first), root(&mut parent, r));
                parent[a.max(b) as usize] = a.min(b);
            }
            Some(first)
        })
        .collect();
    let mut number: BTreeMap<u32, usize> = BTreeMap::new();
    for r in first.iter().flatten() {
        let r = root(&mut parent, *r);
        let next = number.len();
        number.entry(r).or_insert(next);
    }
    if number.len() < 2 {
        return Ok(Vec::new());
    }
    let of_row: Vec<Option<usize>> =
        (0..m as u32).map(|r| number.get(&root(&mut parent, r)).copied()).collect();
    (0..number.len())
        .map(|c| {
            let row: Vec<bool> = of_row.iter().map(|&k| k == Some(c)).collect();
            let column: Vec<bool> =
                first.iter().map(|r| r.is_some_and(|r| row[r as usize])).collect();
            node.only(&column, &row)
        })
        .collect()
}
