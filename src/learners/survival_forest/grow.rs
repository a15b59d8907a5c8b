//! Growing one tree: log-rank splits found on histograms.

use rand::RngExt;
use rand_chacha::ChaCha12Rng;

use super::CAUSES;
use super::leaf::Leaf;
use super::time::{Drawn, Hazards, Spans, Table};
use crate::learners::bin_tree::{BinTree, Split};
use crate::learners::binned::{Bins, MISSING};

/// What every tree is grown from.
pub(super) struct Ground<'a> {
    pub(super) bins: &'a Bins,
    pub(super) cut_counts: &'a [usize],
    pub(super) spans: &'a Spans,
    pub(super) cells: usize,
    pub(super) causes: usize,
    pub(super) leaf: usize,
    pub(super) depth: usize,
    /// Columns that are tried at a node.
    pub(super) tried: usize,
}

/// A tree and what its leaves hold.
pub(super) struct Grown {
    pub(super) tree: BinTree,
    pub(super) leaves: Vec<Leaf>,
}

/// What the rows of a node, or of a bin of a column, bring to a log-rank test.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sums<const C: usize> {
    /// Distinct rows.
    cases: f64,
    /// Ends that were seen, by cause.
    seen: [f64; C],
    /// Ends that the node's hazard expects.
    due: [f64; C],
}

impl<const C: usize> Sums<C> {
    const NONE: Self = Self { cases: 0.0, seen: [0.0; C], due: [0.0; C] };

    #[inline]
    fn add(&mut self, other: &Self) {
        self.cases += other.cases;
        for k in 0..C {
            self.seen[k] += other.seen[k];
            self.due[k] += other.due[k];
        }
    }
}

/// The sums of a column by bin; the last is for missing values.
type Histogram<const C: usize> = [Sums<C>; 256];

/// A place for all that a tree needs while it grows, for at most `C` causes: those beyond the
/// true number have no ends and add nothing.
struct Growth<'a, const C: usize> {
    ground: &'a Ground<'a>,
    table: Table,
    hazards: Vec<Hazards<C>>,
    /// What each row of the node brings.
    payload: Vec<Sums<C>>,
    /// One for each column that is looked at together with others.
    histograms: Vec<Histogram<C>>,
    columns: Vec<usize>,
    spare: Vec<Drawn>,
    out: Grown,
}

/// Grows a tree on the rows that were drawn.
pub(super) fn grow(ground: &Ground<'_>, weight: &[u32], rng: &mut ChaCha12Rng) -> Grown {
    let rows = ground.spans.drawn(weight);
    match ground.causes {
        1 => grow_on::<1>(ground, rows, rng),
        2 => grow_on::<2>(ground, rows, rng),
        3 => grow_on::<3>(ground, rows, rng),
        4..=6 => grow_on::<6>(ground, rows, rng),
        _ => grow_on::<CAUSES>(ground, rows, rng),
    }
}

fn grow_on<const C: usize>(
    ground: &Ground<'_>,
    mut rows: Vec<Drawn>,
    rng: &mut ChaCha12Rng,
) -> Grown {
    let mut growth = Growth::<C> {
        ground,
        table: Table::new(ground.cells, ground.causes),
        hazards: vec![Hazards::NONE; ground.cells + 1],
        payload: Vec::with_capacity(rows.len()),
        histograms: vec![[Sums::NONE; 256]; TOGETHER],
        columns: (0..ground.cut_counts.len()).collect(),
        spare: rows.clone(),
        out: Grown { tree: BinTree::default(), leaves: Vec::new() },
    };
    // Open nodes: rows from..to, depth, and the split whose right child it is.
    let mut open = vec![(0, rows.len(), 0, None)];
    while let Some((from, to, depth, parent)) = open.pop() {
        let node = growth.out.tree.len();
        if let Some(parent) = parent {
            growth.out.tree.to[parent as usize] = node as u32;
        }
        let own = &mut rows[from..to];
        growth.table.count(own, ground.causes);
        match growth.split(own, depth, rng) {
            None => {
                let leaf = Leaf::new(&growth.table, own.len() as u32);
                growth.out.tree.push_leaf(growth.out.leaves.len());
                growth.out.leaves.push(leaf);
            }
            Some(split) => {
                let node = growth.out.tree.push_split(split) as u32;
                let bins = &ground.bins.columns[split.column];
                let left = |r: u32| split.goes_left(bins[r as usize]);
                let middle = from + partition(own, &mut growth.spare, left);
                open.push((middle, to, depth + 1, Some(node)));
                open.push((from, middle, depth + 1, None));
            }
        }
    }
    growth.out
}

/// Rows that go left first, all in their order; how many. Both sides are written for every row
/// and one of them kept: which way a row goes is hard to foresee.
fn partition(rows: &mut [Drawn], spare: &mut [Drawn], left: impl Fn(u32) -> bool) -> usize {
    let (mut kept, mut gone) = (0, 0);
    for i in 0..rows.len() {
        let drawn = rows[i];
        let goes_left = left(drawn.row);
        rows[kept] = drawn;
        spare[gone] = drawn;
        kept += usize::from(goes_left);
        gone += usize::from(!goes_left);
    }
    rows[kept..].copy_from_slice(&spare[..gone]);
    kept
}

impl<const C: usize> Growth<'_, C> {
    /// The best split of a node whose rows are counted; `None` where it stays a leaf.
    fn split(&mut self, rows: &[Drawn], depth: usize, rng: &mut ChaCha12Rng) -> Option<Split> {
        let ground = self.ground;
        let idle = self.table.total.iter().all(|&d| d == 0);
        if rows.len() < 2 * ground.leaf || depth >= ground.depth || idle {
            return None;
        }
        self.expect(rows);
        // Fisher & Yates as far as needed: columns without a cut are passed over.
        let (mut best, mut tried, mut drawn) = (None, 0, 0);
        while tried < ground.tried && drawn < self.columns.len() {
            let wanted = TOGETHER.min(ground.tried - tried).min(self.columns.len() - drawn);
            for k in drawn..drawn + wanted {
                let other = rng.random_range(k..self.columns.len());
                self.columns.swap(k, other);
            }
            self.fill(rows, drawn, wanted);
            for slot in 0..wanted {
                let column = self.columns[drawn + slot];
                tried += usize::from(self.scan(column, slot, rows.len(), &mut best));
            }
            drawn += wanted;
        }
        best.map(|(_, split)| split)
    }

    /// For each row the ends that were seen and those that the node's hazard expects of it.
    fn expect(&mut self, rows: &[Drawn]) {
        self.table.cumulative(self.ground.causes, &mut self.hazards);
        self.payload.clear();
        let hazards = &self.hazards[..];
        self.payload.extend(rows.iter().map(|r| {
            let w = f64::from(r.weight);
            let mut due = Hazards::at(hazards, r.to);
            if r.from > 0 {
                let before = Hazards::at(hazards, r.from);
                (0..C).for_each(|k| due[k] -= before[k]);
            }
            due.iter_mut().for_each(|d| *d *= w);
            let seen = std::array::from_fn(|k| if r.cause as usize == k + 1 { w } else { 0.0 });
            Sums { cases: 1.0, seen, due }
        }));
    }

    /// The histograms of the columns drawn from `first` on: two at a time, so that one does not
    /// wait for the other's sums.
    fn fill(&mut self, rows: &[Drawn], first: usize, columns: usize) {
        let bins = |slot: usize| &self.ground.bins.columns[self.columns[first + slot]][..];
        for (pair, histograms) in self.histograms[..columns].chunks_mut(2).enumerate() {
            for (k, h) in histograms.iter_mut().enumerate() {
                let column = self.columns[first + 2 * pair + k];
                h[..=self.ground.cut_counts[column]].fill(Sums::NONE);
                h[usize::from(MISSING)] = Sums::NONE;
            }
            match histograms {
                [a, b] => {
                    let (of_a, of_b) = (bins(2 * pair), bins(2 * pair + 1));
                    for (r, own) in rows.iter().zip(&self.payload) {
                        a[usize::from(of_a[r.row as usize])].add(own);
                        b[usize::from(of_b[r.row as usize])].add(own);
                    }
                }
                [a] => {
                    let of_a = bins(2 * pair);
                    for (r, own) in rows.iter().zip(&self.payload) {
                        a[usize::from(of_a[r.row as usize])].add(own);
                    }
                }
                _ => {}
            }
        }
    }

    /// Every cut of a column, with missing values on either side; whether there is any.
    fn scan(
        &self,
        column: usize,
        slot: usize,
        rows: usize,
        best: &mut Option<(f64, Split)>,
    ) -> bool {
        let known = self.ground.cut_counts[column] + 1;
        let histogram = &self.histograms[slot];
        let missing = &histogram[usize::from(MISSING)];
        let none_missing = missing.cases == 0.0;
        let used = |b: &usize| histogram[*b].cases > 0.0;
        let Some((first, last)) = (0..known).find(used).zip((0..known).rfind(used)) else {
            return false;
        };
        if first == last && none_missing {
            return false;
        }
        let (least, all) = (self.ground.leaf as f64, rows as f64);
        let mut left = Sums::NONE;
        for bin in (first..=last).filter(used) {
            left.add(&histogram[bin]);
            for missing_left in [false, true] {
                if none_missing && missing_left {
                    break;
                }
                let mut side = left;
                if missing_left {
                    side.add(missing);
                }
                if side.cases < least || all - side.cases < least {
                    continue;
                }
                let gain: f64 = (self.table.total.iter().zip(side.seen).zip(side.due))
                    .map(|((&total, seen), due)| log_rank(seen, due, f64::from(total)))
                    .sum();
                if gain > 0.0 && best.is_none_or(|(g, _)| gain > g) {
                    // Where nothing is missing here, what is missing later goes with the many.
                    let missing_left =
                        if none_missing { 2.0 * side.cases >= all } else { missing_left };
                    *best = Some((gain, Split { column, bin: bin as u8, missing_left }));
                }
            }
        }
        true
    }
}

/// Columns whose histograms are filled together.
const TOGETHER: usize = 4;

/// The log-rank chi-square of two groups from the ends seen and expected in one of them, and the
/// ends in both (the form of Peto & Peto 1972: (O − E)² over E, summed over the groups).
fn log_rank(seen: f64, expected: f64, total: f64) -> f64 {
    let rest = total - expected;
    // Rounding may leave a trace of what should be nothing.
    let trace = 1e-9 * total;
    if expected <= trace || rest <= trace {
        return 0.0;
    }
    (seen - expected).powi(2) * total / (expected * rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_keeps_the_order() {
        let drawn = |row| Drawn { row, weight: 1, from: 0, to: 1, cause: 0 };
        let mut rows = [5, 2, 8, 1, 9, 4].map(drawn);
        let left = partition(&mut rows, &mut [drawn(0); 6], |r| r % 2 == 0);
        assert_eq!((left, rows.map(|d| d.row)), (3, [2, 8, 4, 5, 1, 9]));
    }

    #[test]
    fn the_log_rank_by_hand() {
        // 10 ends, 4 expected and 7 seen on the left: 9/4 + 9/6.
        assert!((log_rank(7.0, 4.0, 10.0) - (9.0 / 4.0 + 9.0 / 6.0)).abs() < 1e-12);
        assert_eq!(log_rank(0.0, 0.0, 10.0), 0.0);
        assert_eq!(log_rank(0.0, 0.0, 0.0), 0.0);
    }
}
