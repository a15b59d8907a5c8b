//! The ends of rows by time and cause, in the least memory that all curves can be summed up from.

use rayon::prelude::*;

use crate::survival::Outcome;
use crate::survival::table::ordered;

/// See the module. Rows are in the order of time, then cause, then row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ends {
    /// Distinct exit times.
    pub(super) time: Vec<f64>,
    runs: Packed,
    /// Where rows enter late: by row, how many of the times are not after its entry.
    pub(super) entry: Option<Vec<u32>>,
    /// Where rows have weights.
    pub(super) weight: Option<Vec<f64>>,
    /// All rows.
    pub(super) rows: usize,
}

/// Rows that end at the same time by the same cause (0: censored).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Run {
    pub(super) cause: u32,
    pub(super) rows: u32,
    /// The last of its time.
    last: bool,
}

/// Runs as one number each, ((rows − 1) × states + cause) × 2 + last, seven bits to a byte: a row
/// that shares its time with no other takes a byte, where there are less than 64 causes.
#[derive(Debug, Clone, PartialEq)]
struct Packed {
    states: u64,
    bytes: Vec<u8>,
}

impl Packed {
    fn push(&mut self, run: Run) {
        let rows = u64::from(run.rows - 1);
        let mut number = (rows * self.states + u64::from(run.cause)) << 1 | u64::from(run.last);
        while number >= 128 {
            self.bytes.push(number as u8 | 128);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }
}

/// Reads runs.
#[derive(Debug, Clone)]
pub(super) struct Runs<'a> {
    states: u64,
    bytes: std::slice::Iter<'a, u8>,
}

impl Iterator for Runs<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = *self.bytes.next()?;
            number |= u64::from(byte & 127) << shift;
            shift += 7;
            if byte < 128 {
                break;
            }
        }
        let (last, number) = (number & 1 == 1, number >> 1);
        // Most runs are of one row.
        let (rows, cause) = if number < self.states {
            (0, number)
        } else {
            (number / self.states, number % self.states)
        };
        Some(Run { cause: cause as u32, rows: rows as u32 + 1, last })
    }
}

impl Runs<'_> {
    /// Reads the runs of the next time.
    pub(super) fn time(&mut self, mut each: impl FnMut(Run)) {
        for run in self {
            each(run);
            if run.last {
                break;
            }
        }
    }
}

impl Ends {
    pub(super) fn new(outcome: &Outcome, weights: Option<&[f64]>) -> Self {
        let packed = match (outcome.entry(), weights) {
            (None, None) => Self::packed(outcome),
            _ => None,
        };
        packed.unwrap_or_else(|| Self::sorted(outcome, weights))
    }

    pub(super) fn runs(&self) -> Runs<'_> {
        Runs { states: self.runs.states, bytes: self.runs.bytes.iter() }
    }

    /// A row's weight.
    pub(super) fn weight(&self, row: usize) -> f64 {
        self.weight.as_ref().map_or(1.0, |w| w[row])
    }

    /// The weight of some rows that follow each other.
    pub(super) fn weights(&self, from: usize, rows: u32) -> f64 {
        let sum = |w: &Vec<f64>| w[from..from + rows as usize].iter().sum();
        self.weight.as_ref().map_or(f64::from(rows), sum)
    }

    /// Visits every row: the number of its time, and its weight.
    pub(super) fn each(&self, mut visit: impl FnMut(usize, f64)) {
        let (mut runs, mut row) = (self.runs(), 0);
        for k in 0..self.time.len() {
            runs.time(|run| {
                for _ in 0..run.rows {
                    visit(k, self.weight(row));
                    row += 1;
                }
            });
        }
    }

    /// Of rows of weight 1 that are all there from the beginning one number each is sorted, its time
    /// and its cause; the sorted numbers become the times. A time (not negative) is the bits of its
    /// number, counted from those of the least above 0: where the largest still leaves the cause no
    /// room, there is no such number.
    fn packed(outcome: &Outcome) -> Option<Self> {
        let bits = |t: &f64| (t + 0.0).to_bits();
        let exit = outcome.exit().par_iter();
        let above = exit.clone().map(bits).filter(|&b| b > 0);
        let (least, most) = above
            .fold(|| (u64::MAX, 0), |(a, b), v| (a.min(v), b.max(v)))
            .reduce(|| (u64::MAX, 0), |a, b| (a.0.min(b.0), a.1.max(b.1)));
        let below = if most == 0 { 0 } else { least - 1 };
        let width = u64::BITS - (outcome.causes().len() as u64).leading_zeros();
        if (most - below).leading_zeros() < width {
            return None;
        }
        let key =
            |(t, &cause): (&f64, &u32)| bits(t).saturating_sub(below) << width | u64::from(cause);
        let mut keys: Vec<u64> = exit.zip(outcome.cause()).map(key).collect();
        keys.par_sort_unstable();
        let (rows, mut times) = (keys.len(), 0);
        let mut runs = Packed::new(outcome, rows);
        let mut k = 0;
        while k < rows {
            let (first, key) = (k, keys[k]);
            while k < rows && keys[k] == key {
                k += 1;
            }
            let last = k == rows || keys[k] >> width != key >> width;
            let cause = (key & ((1 << width) - 1)) as u32;
            runs.push(Run { cause, rows: (k - first) as u32, last });
            if last {
                let time = key >> width;
                keys[times] = if time > 0 { time + below } else { 0 };
                times += 1;
            }
        }
        keys.truncate(times);
        keys.shrink_to_fit();
        runs.bytes.shrink_to_fit();
        let time = keys.into_iter().map(f64::from_bits).collect();
        Some(Self { time, runs, entry: None, weight: None, rows })
    }

    /// Any rows.
    fn sorted(outcome: &Outcome, weights: Option<&[f64]>) -> Self {
        let (exit, cause) = (outcome.exit(), outcome.cause());
        let key = |row: usize| {
            let end = u128::from(ordered(exit[row])) << 64 | u128::from(cause[row]) << 32;
            end | row as u128
        };
        let mut keys: Vec<u128> = (0..outcome.len()).into_par_iter().map(key).collect();
        keys.par_sort_unstable();
        let order: Vec<u32> = keys.into_par_iter().map(|k| k as u32).collect();
        let end = |k: usize| (exit[order[k] as usize], cause[order[k] as usize]);
        let (mut runs, mut time) = (Packed::new(outcome, order.len()), Vec::new());
        let mut first = 0;
        for k in 1..=order.len() {
            let (t, cause) = end(first);
            if k < order.len() && end(k) == (t, cause) {
                continue;
            }
            let last = k == order.len() || end(k).0 != t;
            runs.push(Run { cause, rows: (k - first) as u32, last });
            if last {
                time.push(t + 0.0);
            }
            first = k;
        }
        time.shrink_to_fit();
        runs.bytes.shrink_to_fit();
        let upto = |t: f64| time.partition_point(|&time| time <= t) as u32;
        let entry =
            outcome.entry().map(|e| order.par_iter().map(|&r| upto(e[r as usize])).collect());
        let weight = weights.map(|w| order.par_iter().map(|&r| w[r as usize]).collect());
        Self { time, runs, entry, weight, rows: order.len() }
    }
}

impl Packed {
    /// Room for runs of one row; what is not touched of it takes no memory.
    fn new(outcome: &Outcome, rows: usize) -> Self {
        Self { states: outcome.causes().len() as u64 + 1, bytes: Vec::with_capacity(rows) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(exit: Vec<f64>, causes: u32) -> Outcome {
        let cause = (0..exit.len() as u32).map(|k| k * 7 % (causes + 1)).collect();
        Outcome::new(None, exit, cause, vec!["a".into(); causes as usize]).unwrap()
    }

    #[test]
    fn both_ways_of_sorting_agree() {
        let tied = (0..5000).map(|k| f64::from(k % 7)).collect::<Vec<f64>>();
        let apart: Vec<f64> = (1..200).map(|k| 1.0 / f64::from(k * 37 % 211)).collect();
        for (exit, causes) in [(tied, 2), (apart.clone(), 1), (apart, 200), (vec![-0.0, 0.0], 3)] {
            let y = outcome(exit, causes);
            let (packed, sorted) = (Ends::packed(&y).unwrap(), Ends::sorted(&y, None));
            assert_eq!(packed, sorted);
            assert_eq!(packed.runs().map(|r| r.rows as usize).sum::<usize>(), y.len());
            assert_eq!(packed.runs().filter(|r| r.last).count(), packed.time.len());
        }
        // No room beside times so far apart: nine bits for 300 causes.
        let far = vec![f64::MAX, f64::MIN_POSITIVE, 1.0, f64::MIN_POSITIVE];
        assert_eq!(Ends::packed(&outcome(far.clone(), 300)), None);
        let ends = Ends::new(&outcome(far.clone(), 300), None);
        assert_eq!(ends.time, [f64::MIN_POSITIVE, 1.0, f64::MAX]);
        let causes: Vec<(u32, u32)> = ends.runs().map(|r| (r.cause, r.rows)).collect();
        assert_eq!(causes, [(7, 1), (21, 1), (14, 1), (0, 1)]);
    }
}
