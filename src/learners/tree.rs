//! Trees as plain numbers: what a model file holds of a forest.

use serde::{Deserialize, Serialize};

use super::error::LearnerError;
use super::shap;

/// A regression tree in preorder. Node i is a leaf where `column[i]` is [`Tree::LEAF`], and then
/// `number[i]` is its value; else rows with `x[column[i]] <= number[i]` go to node i + 1 and the
/// others to node `right[i]`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tree {
    column: Vec<u32>,
    number: Vec<f64>,
    right: Vec<u32>,
    /// Training rows in each leaf; 0 at splits.
    cases: Vec<u32>,
}

/// A node of a tree as smartcore writes it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct SmartcoreNode {
    pub(super) output: f64,
    pub(super) split_feature: usize,
    pub(super) split_value: Option<f64>,
    pub(super) true_child: Option<usize>,
    pub(super) false_child: Option<usize>,
}

impl Tree {
    /// The column of a leaf.
    pub(crate) const LEAF: u32 = u32::MAX;

    /// The value of the leaf that a row falls into. The tree is checked, and `x` has its columns.
    pub(crate) fn predict(&self, x: &[f64]) -> f64 {
        self.number[self.leaf_of(x)]
    }

    /// The leaf that a row falls into.
    pub(super) fn leaf_of(&self, x: &[f64]) -> usize {
        let mut node = 0;
        while self.column[node] != Self::LEAF {
            let goes_left = x[self.column[node] as usize] <= self.number[node];
            node = if goes_left { node + 1 } else { self.right[node] as usize };
        }
        node
    }

    /// From smartcore's nodes. A split with fewer than `leaf` rows of `cases` on one side is not
    /// kept: smartcore counts a row as often as the bootstrap drew it.
    pub(super) fn new(
        nodes: &[SmartcoreNode],
        cases: &[&[f64]],
        leaf: usize,
    ) -> Result<Self, LearnerError> {
        let mut tree = Self::default();
        let mut cases: Vec<&[f64]> = cases.to_vec();
        tree.grow(nodes, 0, &mut cases, leaf, 0)?;
        Ok(tree)
    }

    /// Adds the node and all below it; `cases` are the rows that reach it.
    fn grow(
        &mut self,
        nodes: &[SmartcoreNode],
        at: usize,
        cases: &mut [&[f64]],
        leaf: usize,
        depth: usize,
    ) -> Result<(), LearnerError> {
        let broken = || LearnerError::Failed {
            learner: "smartcore",
            why: "a tree does not have the shape that is expected of this version".into(),
        };
        let node = nodes.get(at).ok_or_else(broken)?;
        if depth > nodes.len() {
            return Err(broken());
        }
        let split = match (node.true_child, node.false_child, node.split_value) {
            (None, None, _) => None,
            (Some(yes), Some(no), Some(value)) => {
                let column = node.split_feature;
                if cases.iter().any(|c| column >= c.len()) {
                    return Err(broken());
                }
                cases.sort_by_key(|c| c[column] > value);
                let left = cases.iter().filter(|c| c[column] <= value).count();
                let enough = left >= leaf && cases.len() - left >= leaf;
                enough.then_some((yes, no, value, column, left))
            }
            _ => return Err(broken()),
        };
        let here = self.column.len();
        let Some((yes, no, value, column, left)) = split else {
            self.push(Self::LEAF, node.output);
            self.cases[here] = cases.len() as u32;
            return Ok(());
        };
        self.push(column as u32, value);
        let (lower, upper) = cases.split_at_mut(left);
        self.grow(nodes, yes, lower, leaf, depth + 1)?;
        self.right[here] = self.column.len() as u32;
        self.grow(nodes, no, upper, leaf, depth + 1)
    }

    /// Gives each leaf the weighted mean of the rows that fall into it, within 0 and 1: that of
    /// pseudo-values may lie beyond a probability.
    pub(super) fn refit(&mut self, cases: &[&[f64]], y: &[f64], weights: &[f64]) {
        let mut sums = vec![(0.0, 0.0); self.column.len()];
        for ((x, y), w) in cases.iter().zip(y).zip(weights) {
            let (sum, weight) = &mut sums[self.leaf_of(x)];
            *sum += w * y;
            *weight += w;
        }
        for ((number, column), (sum, weight)) in self.number.iter_mut().zip(&self.column).zip(sums)
        {
            if *column == Self::LEAF {
                // Every leaf has cases; without any it would keep what it was grown with.
                let mean = if weight > 0.0 { sum / weight } else { *number };
                *number = mean.clamp(0.0, 1.0);
            }
        }
    }

    fn push(&mut self, column: u32, number: f64) {
        self.column.push(column);
        self.number.push(number);
        self.right.push(0);
        self.cases.push(0);
    }

    /// The mean of the leaves, by their cases.
    pub(super) fn mean(&self) -> f64 {
        let total: f64 = self.cases.iter().map(|&c| f64::from(c)).sum();
        let leaves = self.number.iter().zip(&self.cases).filter(|(_, c)| **c > 0);
        leaves.map(|(v, &c)| v * f64::from(c)).sum::<f64>() / total
    }

    /// Adds what each column contributes to the row's leaf, times `share`.
    pub(super) fn contributions(&self, x: &[f64], share: f64, into: &mut [f64]) {
        let left = |node: usize| x[self.column[node] as usize] <= self.number[node];
        let value = |node: usize| share * self.number[node];
        let (column, right, cases) = (&self.column, &self.right, &self.cases);
        shap::of_tree(column, Self::LEAF, right, cases, value, left, into);
    }

    /// Whether every leaf holds a probability.
    pub(crate) fn holds_probabilities(&self) -> bool {
        let leaves = self.column.iter().zip(&self.number).filter(|(c, _)| **c == Self::LEAF);
        leaves.into_iter().all(|(_, value)| (0.0..=1.0).contains(value))
    }

    /// Whether every walk ends in a leaf with a number, for rows of `columns` columns.
    pub(crate) fn is_whole(&self, columns: usize) -> bool {
        let n = self.column.len();
        let lengths = [self.number.len(), self.right.len(), self.cases.len()];
        if n == 0 || lengths.iter().any(|&l| l != n) {
            return false;
        }
        // In preorder each subtree is one run: walk it once with the ends of open right branches.
        let mut open: Vec<usize> = Vec::new();
        for i in 0..n {
            if !self.number[i].is_finite() {
                return false;
            }
            if self.column[i] == Self::LEAF {
                let next = open.pop();
                let ends = next.unwrap_or(n) == i + 1;
                if self.right[i] != 0 || !ends || self.cases[i] == 0 {
                    return false;
                }
            } else {
                let right = self.right[i] as usize;
                let inner = self.cases[i] == 0 && right > i + 1 && right < n;
                if self.column[i] as usize >= columns || !inner {
                    return false;
                }
                open.push(right);
            }
        }
        open.is_empty()
    }

    /// How many splits use each column.
    pub(crate) fn count_splits(&self, counts: &mut [u32]) {
        for &c in self.column.iter().filter(|&&c| c != Self::LEAF) {
            if let Some(count) = counts.get_mut(c as usize) {
                *count += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        // x0 ≤ 1 → 0.1; else x1 ≤ 5 → 0.2, else 0.3.
        Tree {
            column: vec![0, Tree::LEAF, 1, Tree::LEAF, Tree::LEAF],
            number: vec![1.0, 0.1, 5.0, 0.2, 0.3],
            right: vec![2, 0, 4, 0, 0],
            cases: vec![0, 20, 0, 10, 30],
        }
    }

    #[test]
    fn walks_to_the_leaf() {
        let t = tree();
        assert!(t.is_whole(2));
        assert_eq!(t.predict(&[1.0, 9.0]), 0.1);
        assert_eq!(t.predict(&[1.5, 5.0]), 0.2);
        assert_eq!(t.predict(&[1.5, 5.5]), 0.3);
        // (20 · 0.1 + 10 · 0.2 + 30 · 0.3) / 60, and the first column alone tells 0.1 from 0.275.
        assert!((t.mean() - 13.0 / 60.0).abs() < 1e-15);
        let mut why = vec![0.0; 2];
        t.contributions(&[1.0, 9.0], 1.0, &mut why);
        assert!((why[0] + why[1] - (0.1 - 13.0 / 60.0)).abs() < 1e-15);
        let mut counts = vec![0; 2];
        t.count_splits(&mut counts);
        assert_eq!(counts, [1, 1]);
    }

    #[test]
    fn leaves_are_means_of_the_rows_in_them() {
        let mut t = tree();
        let cases: [&[f64]; 5] = [&[0.0, 0.0], &[1.0, 9.0], &[2.0, 5.0], &[2.0, 6.0], &[3.0, 7.0]];
        t.refit(&cases, &[0.0, 1.0, 1.4, 0.5, 1.0], &[1.0, 3.0, 1.0, 1.0, 1.0]);
        assert_eq!(t.number, [1.0, 0.75, 5.0, 1.0, 0.75]);
        assert!(t.is_whole(2) && t.holds_probabilities());
    }

    #[test]
    fn a_broken_tree_is_noticed() {
        assert!(!tree().is_whole(1), "a column too many");
        let broken = |change: fn(&mut Tree)| {
            let mut t = tree();
            change(&mut t);
            assert!(!t.is_whole(2), "{t:?}");
        };
        broken(|t| t.right[0] = 9);
        broken(|t| t.right[0] = 1);
        broken(|t| t.right[0] = 3);
        broken(|t| t.right[1] = 2);
        broken(|t| t.number[3] = f64::NAN);
        broken(|t| t.column.truncate(3));
        broken(|t| {
            t.column.push(Tree::LEAF);
            t.number.push(0.5);
            t.right.push(0);
            t.cases.push(10);
        });
        broken(|t| t.cases[1] = 0);
        broken(|t| t.cases[0] = 5);
        broken(|t| {
            t.column[4] = 0;
            t.right[4] = 4;
        });
        assert!(!Tree::default().is_whole(2));
        assert!(tree().holds_probabilities());
        let mut wide = tree();
        wide.number[3] = 1.5;
        assert!(wide.is_whole(2) && !wide.holds_probabilities());
        wide.number[3] = 0.2;
        wide.number[2] = 9.0;
        assert!(wide.holds_probabilities(), "a cut may be any number");
    }
}
