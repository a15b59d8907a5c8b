//! Exact contributions of the columns to what a tree says of a row (TreeSHAP, path-dependent;
//! Lundberg, Erion & Lee 2018): Shapley values of the game in which a column that is not known is
//! averaged over the cases that went either way.

use super::bin_tree::BinTree;

/// One column on the path: the share of cases that go the row's way where the column is not known,
/// whether the row goes there (0 or 1), and the weight of subsets of each size.
#[derive(Clone, Copy)]
struct Step {
    column: usize,
    unknown: f64,
    known: f64,
    weight: f64,
}

/// A tree in preorder, seen from one row.
struct Walk<'a> {
    /// The column of each node; `None` for a leaf.
    column: &'a dyn Fn(usize) -> Option<usize>,
    right: &'a dyn Fn(usize) -> usize,
    goes_left: &'a dyn Fn(usize) -> bool,
    /// Training cases under each node.
    cases: &'a [f64],
    /// What each leaf says, by its node.
    value: &'a dyn Fn(usize) -> f64,
}

/// Adds what each column contributes to the value of the row's leaf. `cases` and `value` are by
/// leaf. Contributions sum to the leaf's value less the mean over all cases.
pub(super) fn of_bin_tree(
    tree: &BinTree,
    cases: &[f64],
    value: &[f64],
    bin: impl Fn(usize) -> u8,
    into: &mut [f64],
) {
    let under = cases_under(
        tree.len(),
        |node| tree.split(node).is_none().then(|| cases[tree.to[node] as usize]),
        |node| tree.to[node] as usize,
    );
    let walk = Walk {
        column: &|node| tree.split(node).map(|s| s.column),
        right: &|node| tree.to[node] as usize,
        goes_left: &|node| tree.split(node).is_some_and(|s| s.goes_left(bin(s.column))),
        cases: &under,
        value: &|node| value[tree.to[node] as usize],
    };
    walk.node(0, &[], 1.0, 1.0, usize::MAX, into);
}

/// The same for a tree of thresholds: `column[i]` is `leaf` at leaves; `cases` are by node, 0 at
/// splits.
pub(super) fn of_tree(
    column: &[u32],
    leaf: u32,
    right: &[u32],
    cases: &[u32],
    value: impl Fn(usize) -> f64,
    goes_left: impl Fn(usize) -> bool,
    into: &mut [f64],
) {
    let under = cases_under(
        column.len(),
        |node| (column[node] == leaf).then(|| f64::from(cases[node])),
        |node| right[node] as usize,
    );
    let walk = Walk {
        column: &|node| (column[node] != leaf).then(|| column[node] as usize),
        right: &|node| right[node] as usize,
        goes_left: &goes_left,
        cases: &under,
        value: &value,
    };
    walk.node(0, &[], 1.0, 1.0, usize::MAX, into);
}

/// Cases under every node of a tree in preorder: children come after their parent.
fn cases_under(
    nodes: usize,
    leaf: impl Fn(usize) -> Option<f64>,
    right: impl Fn(usize) -> usize,
) -> Vec<f64> {
    let mut under = vec![0.0; nodes];
    for node in (0..nodes).rev() {
        under[node] = leaf(node).unwrap_or_else(|| under[node + 1] + under[right(node)]);
    }
    under
}

impl Walk<'_> {
    fn node(
        &self,
        node: usize,
        path: &[Step],
        unknown: f64,
        known: f64,
        column: usize,
        into: &mut [f64],
    ) {
        let mut path = path.to_vec();
        extend(&mut path, unknown, known, column);
        let Some(own) = (self.column)(node) else {
            let value = (self.value)(node);
            for i in 1..path.len() {
                let weight = unwound_sum(&path, i);
                into[path[i].column] += weight * (path[i].known - path[i].unknown) * value;
            }
            return;
        };
        // A column that stands on the path already is taken off and its shares are carried on.
        let (mut before_unknown, mut before_known) = (1.0, 1.0);
        if let Some(i) = path.iter().skip(1).position(|s| s.column == own).map(|i| i + 1) {
            (before_unknown, before_known) = (path[i].unknown, path[i].known);
            unwind(&mut path, i);
        }
        let left = (self.goes_left)(node);
        for (child, goes) in [(node + 1, left), ((self.right)(node), !left)] {
            let share = self.cases[child] / self.cases[node];
            let known = if goes { before_known } else { 0.0 };
            self.node(child, &path, before_unknown * share, known, own, into);
        }
    }
}

/// Lengthens the path by a column: the weights of subsets of all sizes grow.
fn extend(path: &mut Vec<Step>, unknown: f64, known: f64, column: usize) {
    let depth = path.len();
    let weight = if depth == 0 { 1.0 } else { 0.0 };
    path.push(Step { column, unknown, known, weight });
    let size = (depth + 1) as f64;
    for i in (0..depth).rev() {
        path[i + 1].weight += known * path[i].weight * (i + 1) as f64 / size;
        path[i].weight = unknown * path[i].weight * (depth - i) as f64 / size;
    }
}

/// The path without its i-th column.
fn unwind(path: &mut Vec<Step>, i: usize) {
    let depth = path.len() - 1;
    let (unknown, known) = (path[i].unknown, path[i].known);
    let size = (depth + 1) as f64;
    let mut next = path[depth].weight;
    for j in (0..depth).rev() {
        if known != 0.0 {
            let before = path[j].weight;
            path[j].weight = next * size / ((j + 1) as f64 * known);
            next = before - path[j].weight * unknown * (depth - j) as f64 / size;
        } else {
            path[j].weight = path[j].weight * size / (unknown * (depth - j) as f64);
        }
    }
    for j in i..depth {
        (path[j].column, path[j].unknown, path[j].known) =
            (path[j + 1].column, path[j + 1].unknown, path[j + 1].known);
    }
    path.pop();
}

/// The sum of the weights of the path without its i-th column.
fn unwound_sum(path: &[Step], i: usize) -> f64 {
    let mut rest = path.to_vec();
    unwind(&mut rest, i);
    rest.iter().map(|s| s.weight).sum()
}

#[cfg(test)]
mod tests {
    use super::super::bin_tree::Split;
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha12Rng;

    /// What the tree says where only some columns are known.
    fn expected(
        t: &BinTree,
        node: usize,
        known: u32,
        row: &[u8],
        cases: &[f64],
        value: &[f64],
    ) -> (f64, f64) {
        let Some(split) = t.split(node) else {
            let leaf = t.to[node] as usize;
            return (value[leaf], cases[leaf]);
        };
        let of = |child| expected(t, child, known, row, cases, value);
        let ((a, m), (b, n)) = (of(node + 1), of(t.to[node] as usize));
        if known >> split.column & 1 == 1 {
            let left = split.goes_left(row[split.column]);
            return (if left { a } else { b }, m + n);
        }
        ((a * m + b * n) / (m + n), m + n)
    }

    /// Shapley's own formula over all subsets.
    fn brute(t: &BinTree, columns: usize, row: &[u8], cases: &[f64], value: &[f64]) -> Vec<f64> {
        let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
        let p = columns as u32;
        (0..columns)
            .map(|j| {
                let without = (0..1u32 << p).filter(|s| s >> j & 1 == 0);
                without
                    .map(|s| {
                        let size = s.count_ones();
                        let weight = factorial(size) * factorial(p - size - 1) / factorial(p);
                        let of = |s| expected(t, 0, s, row, cases, value).0;
                        weight * (of(s | 1 << j) - of(s))
                    })
                    .sum()
            })
            .collect()
    }

    /// A random tree in which columns come back at several depths.
    fn random(
        rng: &mut ChaCha12Rng,
        t: &mut BinTree,
        depth: usize,
        columns: usize,
        leaves: &mut usize,
    ) {
        if depth == 0 || rng.random_range(0..6) == 0 {
            t.push_leaf(*leaves);
            *leaves += 1;
            return;
        }
        let column = rng.random_range(0..columns);
        let split = Split { column, bin: rng.random_range(0..3), missing_left: rng.random() };
        let node = t.push_split(split);
        random(rng, t, depth - 1, columns, leaves);
        t.to[node] = t.len() as u32;
        random(rng, t, depth - 1, columns, leaves);
    }

    #[test]
    fn agrees_with_all_subsets() {
        let mut rng = ChaCha12Rng::seed_from_u64(3);
        for _ in 0..200 {
            let columns = rng.random_range(1..6);
            let (mut t, mut leaves) = (BinTree::default(), 0);
            random(&mut rng, &mut t, 5, columns, &mut leaves);
            let cases: Vec<f64> =
                (0..leaves).map(|_| f64::from(rng.random_range(1..50u32))).collect();
            let value: Vec<f64> = (0..leaves).map(|_| rng.random()).collect();
            let row: Vec<u8> = (0..columns)
                .map(|_| [0, 1, 2, 3, super::super::binned::MISSING][rng.random_range(0..5)])
                .collect();
            let mut found = vec![0.0; columns];
            of_bin_tree(&t, &cases, &value, |c| row[c], &mut found);
            for (a, b) in found.iter().zip(brute(&t, columns, &row, &cases, &value)) {
                assert!((a - b).abs() < 1e-12, "{a} {b}");
            }
            let all = expected(&t, 0, u32::MAX, &row, &cases, &value).0;
            let none = expected(&t, 0, 0, &row, &cases, &value).0;
            assert!((found.iter().sum::<f64>() - (all - none)).abs() < 1e-12);
        }
    }

    #[test]
    fn one_split_by_hand() {
        let mut t = BinTree::default();
        t.push_split(Split { column: 1, bin: 0, missing_left: true });
        t.push_leaf(0);
        t.push_leaf(1);
        t.to[0] = 2;
        let mut found = vec![0.0; 2];
        // 30 cases at 0.1, 10 at 0.5: the mean is 0.2.
        of_bin_tree(&t, &[30.0, 10.0], &[0.1, 0.5], |_| 3, &mut found);
        assert!(found[0] == 0.0 && (found[1] - 0.3).abs() < 1e-15);
    }
}
