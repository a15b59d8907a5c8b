//! One small tree on slopes and curvatures.

use super::BoostTree;
use crate::learners::bin_tree::{BinTree, Split};
use crate::learners::binned::{Bins, MISSING};

/// Held back: what a leaf's curvature is raised by, so that few cases move little.
const RIDGE: f64 = 1.0;

/// How trees grow.
pub(super) struct Ground<'a> {
    pub(super) bins: &'a Bins,
    pub(super) cut_counts: &'a [usize],
    pub(super) leaf: usize,
    pub(super) depth: usize,
    pub(super) rate: f64,
}

/// Cases, slope and curvature.
type Sums = [f64; 3];

impl Ground<'_> {
    /// Grows a tree on some rows and adds it to the scores of all rows.
    pub(super) fn tree(
        &self,
        rows: &mut [u32],
        slope: &[f64],
        curve: &[f64],
        score: &mut [f64],
    ) -> BoostTree {
        let mut out = BoostTree { tree: BinTree::default(), value: Vec::new(), cases: Vec::new() };
        self.node(rows, slope, curve, 0, &mut out);
        for (row, score) in score.iter_mut().enumerate() {
            *score += out.value[out.tree.leaf(|c| self.bins.columns[c][row])];
        }
        out
    }

    fn node(
        &self,
        rows: &mut [u32],
        slope: &[f64],
        curve: &[f64],
        depth: usize,
        out: &mut BoostTree,
    ) {
        let mut all: Sums = [0.0; 3];
        for &r in rows.iter() {
            add(&mut all, [1.0, slope[r as usize], curve[r as usize]]);
        }
        let Some(split) = self.split(rows, slope, curve, depth, all) else {
            out.tree.push_leaf(out.value.len());
            out.value.push(-self.rate * all[1] / (all[2] + RIDGE));
            out.cases.push(rows.len() as u32);
            return;
        };
        let node = out.tree.push_split(split);
        let bins = &self.bins.columns[split.column];
        rows.sort_by_key(|&r| !split.goes_left(bins[r as usize]));
        let middle = rows.partition_point(|&r| split.goes_left(bins[r as usize]));
        let (left, right) = rows.split_at_mut(middle);
        self.node(left, slope, curve, depth + 1, out);
        out.tree.to[node] = out.tree.len() as u32;
        self.node(right, slope, curve, depth + 1, out);
    }

    /// The split that lowers the loss most, to second order.
    fn split(
        &self,
        rows: &[u32],
        slope: &[f64],
        curve: &[f64],
        depth: usize,
        all: Sums,
    ) -> Option<Split> {
        if depth >= self.depth || rows.len() < 2 * self.leaf {
            return None;
        }
        let mut best: Option<(f64, Split)> = None;
        for (column, &cuts) in self.cut_counts.iter().enumerate() {
            let missing_at = cuts + 1;
            let mut histogram: Vec<Sums> = vec![[0.0; 3]; missing_at + 1];
            let bins = &self.bins.columns[column];
            for &r in rows {
                let bin = bins[r as usize];
                let at = if bin == MISSING { missing_at } else { usize::from(bin) };
                add(&mut histogram[at], [1.0, slope[r as usize], curve[r as usize]]);
            }
            let missing = histogram[missing_at];
            let mut left: Sums = [0.0; 3];
            for bin in 0..missing_at {
                add(&mut left, histogram[bin]);
                if histogram[bin][0] == 0.0 {
                    continue;
                }
                for missing_left in [false, true] {
                    if missing[0] == 0.0 && missing_left {
                        break;
                    }
                    let mut side = left;
                    if missing_left {
                        add(&mut side, missing);
                    }
                    let rest = [all[0] - side[0], all[1] - side[1], all[2] - side[2]];
                    if side[0] < self.leaf as f64 || rest[0] < self.leaf as f64 {
                        continue;
                    }
                    let gain = worth(side) + worth(rest) - worth(all);
                    if gain > 1e-12 && best.is_none_or(|(g, _)| gain > g) {
                        // Where nothing is missing here, what is missing later goes with the many.
                        let many = 2.0 * side[0] >= all[0];
                        let missing_left = if missing[0] == 0.0 { many } else { missing_left };
                        best = Some((gain, Split { column, bin: bin as u8, missing_left }));
                    }
                }
            }
        }
        best.map(|(_, split)| split)
    }
}

fn add(to: &mut Sums, what: Sums) {
    to.iter_mut().zip(what).for_each(|(t, w)| *t += w);
}

fn worth(s: Sums) -> f64 {
    s[1] * s[1] / (s[2] + RIDGE)
}
