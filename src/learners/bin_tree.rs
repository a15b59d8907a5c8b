//! Trees on bins: the shape of a tree, whoever grew it.

use serde::{Deserialize, Serialize};

use super::binned::{Cuts, MISSING};

/// A binary tree in preorder. Node i is a leaf where `column[i]` is [`BinTree::LEAF`], and then
/// `to[i]` is its place among the leaves; else rows in a bin of at most `cut[i]` go to node i + 1
/// and the others to node `to[i]`. Rows whose value is missing go left where `cut[i]` is
/// [`BinTree::MISSING_LEFT`] or more: that much is taken off first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BinTree {
    pub(super) column: Vec<i32>,
    pub(super) cut: Vec<u16>,
    pub(super) to: Vec<u32>,
}

/// A split: of which column, after which bin, and where missing values go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Split {
    pub(super) column: usize,
    pub(super) bin: u8,
    pub(super) missing_left: bool,
}

impl Split {
    pub(super) fn goes_left(self, bin: u8) -> bool {
        if bin == MISSING { self.missing_left } else { bin <= self.bin }
    }
}

impl BinTree {
    /// The column of a leaf.
    pub(crate) const LEAF: i32 = -1;
    /// Added to the cut of a split that sends missing values left.
    const MISSING_LEFT: u16 = 256;

    /// Adds a leaf, the n-th; its node.
    pub(super) fn push_leaf(&mut self, leaf: usize) -> usize {
        self.column.push(Self::LEAF);
        self.cut.push(0);
        self.to.push(leaf as u32);
        self.column.len() - 1
    }

    /// Adds a split, whose right child is told later; its node.
    pub(super) fn push_split(&mut self, split: Split) -> usize {
        self.column.push(split.column as i32);
        let missing = if split.missing_left { Self::MISSING_LEFT } else { 0 };
        self.cut.push(u16::from(split.bin) + missing);
        self.to.push(0);
        self.column.len() - 1
    }

    /// Nodes.
    pub(crate) fn len(&self) -> usize {
        self.column.len()
    }

    /// The split of a node; `None` for a leaf.
    pub(super) fn split(&self, node: usize) -> Option<Split> {
        (self.column[node] >= 0).then(|| Split {
            column: self.column[node] as usize,
            bin: (self.cut[node] % Self::MISSING_LEFT) as u8,
            missing_left: self.cut[node] >= Self::MISSING_LEFT,
        })
    }

    /// The leaf of a row, of which `bin` tells the bin in a column.
    pub(crate) fn leaf(&self, bin: impl Fn(usize) -> u8) -> usize {
        let mut node = 0;
        while let Some(split) = self.split(node) {
            let left = split.goes_left(bin(split.column));
            node = if left { node + 1 } else { self.to[node] as usize };
        }
        self.to[node] as usize
    }

    /// Leaves.
    pub(crate) fn leaves(&self) -> usize {
        self.column.iter().filter(|&&c| c == Self::LEAF).count()
    }

    /// How many splits of some trees use each column.
    pub(crate) fn splits<'a>(trees: impl Iterator<Item = &'a Self>, columns: usize) -> Vec<u32> {
        let mut counts = vec![0; columns];
        for &c in trees.flat_map(|t| &t.column).filter(|&&c| c >= 0) {
            if let Some(count) = counts.get_mut(c as usize) {
                *count += 1;
            }
        }
        counts
    }

    /// Whether every walk ends in a leaf, and the leaves are numbered as they come.
    pub(crate) fn is_whole(&self, cuts: &Cuts) -> bool {
        let n = self.column.len();
        if n == 0 || self.cut.len() != n || self.to.len() != n {
            return false;
        }
        // In preorder each subtree is one run: walk it once with the ends of open right branches.
        let (mut open, mut leaves): (Vec<usize>, u32) = (Vec::new(), 0);
        for i in 0..n {
            let to = self.to[i] as usize;
            if self.column[i] == Self::LEAF {
                let ends = open.pop().unwrap_or(n) == i + 1;
                if !ends || self.to[i] != leaves || self.cut[i] != 0 {
                    return false;
                }
                leaves += 1;
            } else {
                let Some(own) = usize::try_from(self.column[i]).ok().and_then(|c| cuts.0.get(c))
                else {
                    return false;
                };
                let bin = usize::from(self.cut[i] % Self::MISSING_LEFT);
                let apart = self.cut[i] < 2 * Self::MISSING_LEFT && bin <= own.len();
                if !apart || to <= i + 1 || to >= n {
                    return false;
                }
                open.push(to);
            }
        }
        open.is_empty()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// x0 in bin 0 → leaf 0; else x1 up to bin 2 or missing → leaf 1, else leaf 2.
    pub(in crate::learners) fn small() -> BinTree {
        let mut t = BinTree::default();
        t.push_split(Split { column: 0, bin: 0, missing_left: false });
        t.push_leaf(0);
        t.push_split(Split { column: 1, bin: 2, missing_left: true });
        t.push_leaf(1);
        t.push_leaf(2);
        t.to[0] = 2;
        t.to[2] = 4;
        t
    }

    pub(in crate::learners) fn cuts() -> Cuts {
        Cuts(vec![vec![0.5], vec![1.0, 2.0, 3.0]])
    }

    #[test]
    fn rows_and_missing_values_walk_to_their_leaf() {
        let t = small();
        assert!(t.is_whole(&cuts()));
        let leaf = |x: [f64; 2]| {
            let row = cuts().row(&x);
            t.leaf(|c| row[c])
        };
        assert_eq!(leaf([0.0, 9.0]), 0);
        assert_eq!(leaf([1.0, 3.0]), 1);
        assert_eq!(leaf([1.0, 3.5]), 2);
        assert_eq!(leaf([f64::NAN, f64::NAN]), 1);
        assert_eq!(t.leaves(), 3);
    }

    #[test]
    fn a_broken_tree_is_noticed() {
        let broken = |change: fn(&mut BinTree)| {
            let mut t = small();
            change(&mut t);
            assert!(!t.is_whole(&cuts()), "{t:?}");
        };
        broken(|t| t.to[0] = 9);
        broken(|t| t.to[0] = 1);
        broken(|t| t.to[0] = 3);
        broken(|t| t.to[1] = 1);
        broken(|t| t.column[0] = 2);
        broken(|t| t.column[0] = -2);
        broken(|t| t.cut[0] = 2);
        broken(|t| t.cut[2] = 512);
        broken(|t| t.cut[1] = 1);
        broken(|t| t.column.truncate(3));
        assert!(!BinTree::default().is_whole(&cuts()));
    }
}
