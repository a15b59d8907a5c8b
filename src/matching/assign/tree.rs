//! Branch and bound over one cluster of bundles: on pairs (this group in this family, or not),
//! depth first, by the dual simplex method.

use super::part::Part;
use super::pool::{Cluster, Pool};
use super::simplex::{End, Lp, Stalled};
use super::{Budget, PIVOT_WORK};

/// A weight this near to 0 or 1 is that.
const WHOLE: f64 = 1e-6;

/// Bundles and their worth.
type Found = (Vec<u32>, f64);

/// What a branch does with a pair.
#[derive(Debug, Clone, Copy)]
struct Branch {
    item: u32,
    force: bool,
}

struct Frame {
    /// The branch still to be tried, if any.
    other: Option<Branch>,
    basis: Vec<u32>,
    /// Lengths of the trails before the branch.
    columns: usize,
    slacks: usize,
}

pub(super) struct Tree<'a> {
    part: &'a Part,
    pool: &'a Pool,
    cluster: &'a Cluster,
    lp: Lp,
    of_group: Vec<Vec<u32>>,
    of_family: Vec<Vec<u32>>,
    row_of_group: Vec<u32>,
    fixed: Vec<u32>,
    fixed_slacks: Vec<u32>,
    /// Weight per item, and the items that have any.
    weight: Vec<f64>,
    weighed: Vec<u32>,
}

impl<'a> Tree<'a> {
    /// A tree over a program whose columns are the bundles of the cluster and whose first rows
    /// are its groups.
    pub fn new(part: &'a Part, pool: &'a Pool, cluster: &'a Cluster, lp: Lp) -> Self {
        let mut row_of_group = vec![u32::MAX; part.groups.len()];
        for (r, &g) in cluster.groups.iter().enumerate() {
            row_of_group[g as usize] = r as u32;
        }
        let mut of_group = vec![Vec::new(); cluster.groups.len()];
        let mut of_family = vec![Vec::new(); part.families.len()];
        for (j, &b) in cluster.bundles.iter().enumerate() {
            of_family[pool.family(b as usize)].push(j as u32);
            for &k in pool.items(b as usize) {
                let g = part.items[k as usize].group as usize;
                of_group[row_of_group[g] as usize].push(j as u32);
            }
        }
        Self {
            part,
            pool,
            cluster,
            lp,
            of_group,
            of_family,
            row_of_group,
            fixed: Vec::new(),
            fixed_slacks: Vec::new(),
            weight: vec![0.0; part.items.len()],
            weighed: Vec::new(),
        }
    }

    /// The best choice worth more than `cutoff`, and whether the search was finished; with
    /// `first` the first one found.
    pub fn run(
        &mut self,
        cutoff: f64,
        first: bool,
        budget: &mut Budget,
    ) -> Result<(Option<Found>, bool), Stalled> {
        let scale = cutoff.abs().max(1.0);
        let mut cutoff = cutoff;
        let mut best: Option<Found> = None;
        let mut frames: Vec<Frame> = Vec::new();
        let rows = self.lp.rows() as u64;
        let price = PIVOT_WORK * (1 + rows / 500);
        loop {
            let before = self.lp.pivots;
            let limit = (50 * rows + 5000).min(budget.left / price);
            let end = self.lp.dual(cutoff, limit);
            budget.spend((self.lp.pivots - before + 5) * price);
            if budget.left == 0 {
                return Ok((best, false));
            }
            if end? == End::Optimal && self.lp.bound(1.0) > cutoff {
                match self.fractional() {
                    Some(branch) => {
                        self.descend(&mut frames, branch);
                        continue;
                    }
                    None => {
                        let found = self.chosen();
                        if found.1 > cutoff {
                            cutoff = found.1 + 1e-9 * scale;
                            best = Some(found);
                            if first {
                                return Ok((best, true));
                            }
                        }
                    }
                }
            }
            if !self.back(&mut frames) {
                return Ok((best, true));
            }
        }
    }

    /// The pair to branch on: its weight nearest ½, among groups of several children first.
    fn fractional(&mut self) -> Option<Branch> {
        for k in self.weighed.drain(..) {
            self.weight[k as usize] = 0.0;
        }
        for (j, &b) in self.cluster.bundles.iter().enumerate() {
            let x = self.lp.value(j);
            if x > WHOLE {
                for &k in self.pool.items(b as usize) {
                    if self.weight[k as usize] == 0.0 {
                        self.weighed.push(k);
                    }
                    self.weight[k as usize] += x;
                }
            }
        }
        let mut best: Option<(f64, u32)> = None;
        for &k in &self.weighed {
            let w = self.weight[k as usize];
            if w > WHOLE && w < 1.0 - WHOLE {
                let several = if self.part.items[k as usize].takes > 1 { 0.2 } else { 0.0 };
                let off = (w - 0.5).abs() - several;
                if best.is_none_or(|(least, at)| off < least || (off == least && k < at)) {
                    best = Some((off, k));
                }
            }
        }
        best.map(|(_, item)| Branch { item, force: self.weight[item as usize] >= 0.5 })
    }

    /// The bundles at 1, and their worth.
    fn chosen(&self) -> (Vec<u32>, f64) {
        let bundles: Vec<u32> = self
            .cluster
            .bundles
            .iter()
            .enumerate()
            .filter(|(j, _)| self.lp.value(*j) > 0.5)
            .map(|(_, &b)| b)
            .collect();
        let worth = bundles.iter().map(|&b| self.pool.worth(b as usize)).sum();
        (bundles, worth)
    }

    fn descend(&mut self, frames: &mut Vec<Frame>, branch: Branch) {
        let other = Branch { force: !branch.force, ..branch };
        frames.push(Frame {
            other: Some(other),
            basis: self.lp.basis().to_vec(),
            columns: self.fixed.len(),
            slacks: self.fixed_slacks.len(),
        });
        self.apply(branch);
    }

    /// Goes back to the last branch with an untried side and takes it; `false` where none is left.
    fn back(&mut self, frames: &mut Vec<Frame>) -> bool {
        while let Some(frame) = frames.last_mut() {
            for j in self.fixed.drain(frame.columns..) {
                self.lp.fix(j as usize, false);
            }
            for r in self.fixed_slacks.drain(frame.slacks..) {
                self.lp.fix_slack(r as usize, false);
            }
            if let Some(branch) = frame.other.take() {
                self.lp.set_basis(&frame.basis);
                self.apply(branch);
                return true;
            }
            frames.pop();
        }
        false
    }

    /// Forbid: no bundle with the pair. Force: the group is placed, its bundles elsewhere and the
    /// family's bundles without it go.
    fn apply(&mut self, branch: Branch) {
        let item = self.part.items[branch.item as usize];
        let row = self.row_of_group[item.group as usize] as usize;
        let mut fix = Vec::new();
        for &j in &self.of_group[row] {
            let with = self.holds(j, branch.item);
            if with != branch.force {
                fix.push(j);
            }
        }
        if branch.force {
            for &j in &self.of_family[item.family as usize] {
                if !self.holds(j, branch.item) {
                    fix.push(j);
                }
            }
            self.lp.fix_slack(row, true);
            self.fixed_slacks.push(row as u32);
        }
        for j in fix {
            if !self.lp.is_fixed(j as usize) {
                self.lp.fix(j as usize, true);
                self.fixed.push(j);
            }
        }
    }

    fn holds(&self, column: u32, item: u32) -> bool {
        let b = self.cluster.bundles[column as usize] as usize;
        self.pool.items(b).binary_search(&item).is_ok()
    }
}
