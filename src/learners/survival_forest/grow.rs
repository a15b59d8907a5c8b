//! Growing one tree: log-rank splits found on histograms.

use rand::RngExt;
use rand_chacha::ChaCha12Rng;

use super::leaf::Leaf;
use super::time::{Spans, TICKS, Table};
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

/// A place for all that a tree needs while it grows.
struct Growth<'a> {
    ground: &'a Ground<'a>,
    /// How often the bootstrap drew each row.
    weight: &'a [u32],
    table: Table,
    /// Cumulative hazards at the edges, cause by cause.
    hazard: Vec<f64>,
    /// Per row of the node: 1, then observed and expected ends of each cause.
    payload: Vec<f64>,
    /// The same by bin; the last bin is for missing values.
    histogram: Vec<f64>,
    columns: Vec<usize>,
    out: Grown,
}

/// Grows a tree on the rows that were drawn.
pub(super) fn grow(ground: &Ground<'_>, weight: &[u32], rng: &mut ChaCha12Rng) -> Grown {
    let mut rows: Vec<u32> = (0..weight.len() as u32)
        .filter(|&r| weight[r as usize] > 0 && ground.spans.seen[r as usize])
        .collect();
    let stride = 1 + 2 * ground.causes;
    let bins = ground.cut_counts.iter().max().map_or(1, |c| c + 1);
    let mut growth = Growth {
        ground,
        weight,
        table: Table::new(ground.cells, ground.causes),
        hazard: vec![0.0; ground.causes * (ground.cells + 1)],
        payload: Vec::new(),
        histogram: vec![0.0; (bins + 1) * stride],
        columns: (0..ground.cut_counts.len()).collect(),
        out: Grown { tree: BinTree::default(), leaves: Vec::new() },
    };
    // Open nodes: rows from..to, depth, and the split whose right child it is.
    let mut open = vec![(0, rows.len(), 0, None)];
    let mut spare = Vec::with_capacity(rows.len());
    while let Some((from, to, depth, parent)) = open.pop() {
        let node = growth.out.tree.len();
        if let Some(parent) = parent {
            growth.out.tree.to[parent as usize] = node as u32;
        }
        let own = &mut rows[from..to];
        growth.count(own);
        match growth.split(own, depth, rng) {
            None => {
                let leaf = Leaf::new(&growth.table, own.len() as u32);
                growth.out.tree.push_leaf(growth.out.leaves.len());
                growth.out.leaves.push(leaf);
            }
            Some(split) => {
                let node = growth.out.tree.push_split(split) as u32;
                let bins = &ground.bins.columns[split.column];
                let middle =
                    from + partition(own, &mut spare, |r| split.goes_left(bins[r as usize]));
                open.push((middle, to, depth + 1, Some(node)));
                open.push((from, middle, depth + 1, None));
            }
        }
    }
    growth.out
}

/// Rows that go left first, all in their order; how many.
fn partition(rows: &mut [u32], spare: &mut Vec<u32>, left: impl Fn(u32) -> bool) -> usize {
    spare.clear();
    let mut kept = 0;
    for i in 0..rows.len() {
        let row = rows[i];
        if left(row) {
            rows[kept] = row;
            kept += 1;
        } else {
            spare.push(row);
        }
    }
    rows[kept..].copy_from_slice(spare);
    kept
}

impl Growth<'_> {
    fn count(&mut self, rows: &[u32]) {
        let weighted = rows.iter().map(|&r| (r as usize, self.weight[r as usize]));
        self.table.count(self.ground.spans, weighted, self.ground.causes);
    }

    /// The best split of a node whose rows are counted; `None` where it stays a leaf.
    fn split(&mut self, rows: &[u32], depth: usize, rng: &mut ChaCha12Rng) -> Option<Split> {
        let ground = self.ground;
        let idle = self.table.total.iter().all(|&d| d == 0);
        if rows.len() < 2 * ground.leaf || depth >= ground.depth || idle {
            return None;
        }
        self.expect(rows);
        // Fisher & Yates as far as needed: columns without a cut are passed over.
        let (mut best, mut tried) = (None, 0);
        for k in 0..self.columns.len() {
            if tried == ground.tried {
                break;
            }
            let other = rng.random_range(k..self.columns.len());
            self.columns.swap(k, other);
            let column = self.columns[k];
            if let Some(spread) = self.fill(rows, column) {
                tried += 1;
                self.scan(column, spread, rows.len(), &mut best);
            }
        }
        best.map(|(_, split)| split)
    }

    /// For each row the ends that were seen and those that the node's hazard expects of it.
    fn expect(&mut self, rows: &[u32]) {
        let (causes, edges) = (self.ground.causes, self.ground.cells + 1);
        for k in 0..causes {
            self.table.cumulative(k, causes, &mut self.hazard[k * edges..(k + 1) * edges]);
        }
        let spans = self.ground.spans;
        self.payload.clear();
        for &r in rows {
            let r = r as usize;
            let (from, to, w) = (spans.from[r], spans.to[r], f64::from(self.weight[r]));
            self.payload.push(1.0);
            for k in 0..causes {
                let seen = if spans.cause[r] as usize == k + 1 { w } else { 0.0 };
                let hazard = &self.hazard[k * edges..(k + 1) * edges];
                self.payload.push(seen);
                self.payload.push(w * (at(hazard, to) - at(hazard, from)));
            }
        }
    }

    /// The histogram of a column: the bins in use, or `None` where all rows are in one.
    fn fill(&mut self, rows: &[u32], column: usize) -> Option<(usize, usize)> {
        let bins = &self.ground.bins.columns[column];
        let (missing, stride) = (self.ground.cut_counts[column] + 1, 1 + 2 * self.ground.causes);
        if missing < 2 && rows.iter().all(|&r| bins[r as usize] == bins[rows[0] as usize]) {
            return None;
        }
        let histogram = &mut self.histogram[..(missing + 1) * stride];
        histogram.fill(0.0);
        // Strides of one, two and three causes are known to the compiler.
        let bin_of = |r: u32| match bins[r as usize] {
            MISSING => missing,
            bin => usize::from(bin),
        };
        match stride {
            3 => add_up::<3>(histogram, rows, &self.payload, bin_of),
            5 => add_up::<5>(histogram, rows, &self.payload, bin_of),
            7 => add_up::<7>(histogram, rows, &self.payload, bin_of),
            _ => {
                for (&r, own) in rows.iter().zip(self.payload.chunks_exact(stride)) {
                    let at = bin_of(r) * stride;
                    for (h, p) in histogram[at..at + stride].iter_mut().zip(own) {
                        *h += p;
                    }
                }
            }
        }
        let used = |b: &usize| histogram[b * stride] > 0.0;
        let (first, last) = ((0..missing).find(used)?, (0..missing).rfind(used)?);
        (first < last || used(&missing)).then_some((first, last))
    }

    /// Every cut of a column, with missing values on either side.
    fn scan(
        &self,
        column: usize,
        (first, last): (usize, usize),
        rows: usize,
        best: &mut Option<(f64, Split)>,
    ) {
        let (causes, stride) = (self.ground.causes, 1 + 2 * self.ground.causes);
        let missing_at = (self.ground.cut_counts[column] + 1) * stride;
        let missing = &self.histogram[missing_at..missing_at + stride];
        let none_missing = missing[0] == 0.0;
        let least = self.ground.leaf as f64;
        let mut left = [0.0; STRIDE_MOST];
        let mut wide;
        let left = if stride <= STRIDE_MOST {
            &mut left[..stride]
        } else {
            wide = vec![0.0; stride];
            &mut wide[..]
        };
        for bin in first..=last {
            let own = &self.histogram[bin * stride..(bin + 1) * stride];
            if own[0] == 0.0 {
                continue;
            }
            left.iter_mut().zip(own).for_each(|(l, h)| *l += h);
            for missing_left in [false, true] {
                if none_missing && missing_left {
                    break;
                }
                let more = |i: usize| if missing_left { missing[i] } else { 0.0 };
                let cases = left[0] + more(0);
                if cases < least || rows as f64 - cases < least {
                    continue;
                }
                let gain: f64 = (0..causes)
                    .map(|k| {
                        let (seen, due) =
                            (left[1 + 2 * k] + more(1 + 2 * k), left[2 + 2 * k] + more(2 + 2 * k));
                        log_rank(seen, due, f64::from(self.table.total[k]))
                    })
                    .sum();
                if gain > 0.0 && best.is_none_or(|(g, _)| gain > g) {
                    // Where nothing is missing here, what is missing later goes with the many.
                    let missing_left =
                        if none_missing { 2.0 * cases >= rows as f64 } else { missing_left };
                    *best = Some((gain, Split { column, bin: bin as u8, missing_left }));
                }
            }
        }
    }
}

/// Adds what each row brings to its bin, `S` numbers at a time.
fn add_up<const S: usize>(
    histogram: &mut [f64],
    rows: &[u32],
    payload: &[f64],
    bin_of: impl Fn(u32) -> usize,
) {
    let (bins, _) = histogram.as_chunks_mut::<S>();
    let (own, _) = payload.as_chunks::<S>();
    for (&r, own) in rows.iter().zip(own) {
        let bin = &mut bins[bin_of(r)];
        for k in 0..S {
            bin[k] += own[k];
        }
    }
}

/// Strides of up to three causes stay on the stack.
const STRIDE_MOST: usize = 7;

/// A cumulative hazard at a tick.
fn at(hazard: &[f64], tick: u32) -> f64 {
    let (cell, part) = ((tick / TICKS) as usize, tick % TICKS);
    if part == 0 {
        return hazard[cell];
    }
    hazard[cell] + (hazard[cell + 1] - hazard[cell]) * f64::from(part) / f64::from(TICKS)
}

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
        let mut rows = [5, 2, 8, 1, 9, 4];
        let left = partition(&mut rows, &mut Vec::new(), |r| r % 2 == 0);
        assert_eq!((left, rows), (3, [2, 8, 4, 5, 1, 9]));
    }

    #[test]
    fn the_log_rank_by_hand() {
        // 10 ends, 4 expected and 7 seen on the left: 9/4 + 9/6.
        assert!((log_rank(7.0, 4.0, 10.0) - (9.0 / 4.0 + 9.0 / 6.0)).abs() < 1e-12);
        assert_eq!(log_rank(0.0, 0.0, 10.0), 0.0);
        assert_eq!(log_rank(0.0, 0.0, 0.0), 0.0);
    }
}
