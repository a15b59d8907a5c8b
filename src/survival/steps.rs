//! A step curve in little memory: its distinct times and two counts at each; values are summed up
//! again from the nearest mark when they are asked for.

use rayon::prelude::*;

use super::table::{backwards, check_weights, order};
use super::{Outcome, SampleError};

/// Steps between two marks: as many are summed up again for one value.
const MARK: usize = 32;

/// A step of a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct CurveStep {
    /// A distinct exit time.
    pub time: f64,
    /// The weight at risk just before it.
    pub at_risk: f64,
    /// The weight of the events at it.
    pub events: f64,
    /// The curve just after it.
    pub value: f64,
    /// Its variance: of the logarithm for a Kaplan–Meier curve (Greenwood), else of the value itself.
    pub variance: f64,
}

/// What counts as an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// An end by any cause.
    Any,
    /// An end by one cause.
    Cause(u32),
    /// A censoring; who ends at a time is not at risk of being censored at it.
    Censoring,
}

impl Counted {
    fn holds(self, cause: u32) -> bool {
        match self {
            Self::Any => cause > 0,
            Self::Cause(c) => cause == c,
            Self::Censoring => cause == 0,
        }
    }
}

/// At risk and events by time: as rows where all rows weigh 1.
#[derive(Debug, Clone, PartialEq)]
enum Counts {
    Rows(Vec<[u32; 2]>),
    Weights(Vec<[f64; 2]>),
}

/// From a curve's value and variance to those after a time with so much at risk and so many events.
pub(crate) trait Rule: Fn([f64; 2], f64, f64) -> [f64; 2] + Copy {}
impl<F: Fn([f64; 2], f64, f64) -> [f64; 2] + Copy> Rule for F {}

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Steps {
    time: Vec<f64>,
    counts: Counts,
    /// Value and variance before every [`MARK`]th time.
    marks: Vec<[f64; 2]>,
}

impl Steps {
    /// The steps of an outcome, whose curve begins at `start` and goes on by `rule`.
    ///
    /// # Errors
    /// Weights of another length, or not finite and above zero.
    pub(crate) fn new(
        outcome: &Outcome,
        weights: Option<&[f64]>,
        counted: Counted,
        start: f64,
        rule: impl Rule,
    ) -> Result<Self, SampleError> {
        check_weights(weights, outcome.len())?;
        let (time, counts) = if weights.is_none() && outcome.entry().is_none() {
            count_rows(outcome, counted)
        } else {
            count_weights(outcome, weights, counted)
        };
        Ok(Self::marked(time, counts, start, rule))
    }

    /// Steps that were counted elsewhere.
    pub(crate) fn of(
        time: Vec<f64>,
        at_risk: &[f64],
        events: &[f64],
        start: f64,
        rule: impl Rule,
    ) -> Self {
        let counts = at_risk.iter().zip(events).map(|(&n, &d)| [n, d]).collect();
        Self::marked(time, Counts::Weights(counts), start, rule)
    }

    fn marked(time: Vec<f64>, counts: Counts, start: f64, rule: impl Rule) -> Self {
        let marks = Vec::with_capacity(time.len().div_ceil(MARK));
        let mut out = Self { time, counts, marks };
        let mut state = [start, 0.0];
        for k in 0..out.time.len() {
            if k % MARK == 0 {
                out.marks.push(state);
            }
            let [n, d] = out.count(k);
            state = rule(state, n, d);
        }
        out
    }

    fn count(&self, k: usize) -> [f64; 2] {
        match &self.counts {
            Counts::Rows(rows) => [f64::from(rows[k][0]), f64::from(rows[k][1])],
            Counts::Weights(weights) => weights[k],
        }
    }

    /// Distinct exit times.
    pub(crate) fn times(&self) -> &[f64] {
        &self.time
    }

    /// The steps after a mark.
    fn after_mark(&self, mark: usize, rule: impl Rule) -> impl Iterator<Item = CurveStep> {
        let mut state = self.marks.get(mark).copied().unwrap_or_default();
        (mark * MARK..self.time.len()).map(move |k| {
            let [at_risk, events] = self.count(k);
            state = rule(state, at_risk, events);
            let [value, variance] = state;
            CurveStep { time: self.time[k], at_risk, events, value, variance }
        })
    }

    /// All steps.
    pub(crate) fn all(&self, rule: impl Rule) -> impl Iterator<Item = CurveStep> {
        self.after_mark(0, rule)
    }

    /// The first `count` steps, last first.
    pub(crate) fn backwards(
        &self,
        count: usize,
        rule: impl Rule,
    ) -> impl Iterator<Item = CurveStep> {
        (0..count.div_ceil(MARK)).rev().flat_map(move |mark| {
            let steps = self.after_mark(mark, rule).take(MARK.min(count - mark * MARK));
            let mut steps: Vec<CurveStep> = steps.collect();
            steps.reverse();
            steps
        })
    }

    /// One step.
    pub(crate) fn get(&self, k: usize, rule: impl Rule) -> Option<CurveStep> {
        self.after_mark(k / MARK, rule).nth(k % MARK)
    }

    /// The last step at or before a time, or before it.
    pub(crate) fn last(&self, t: f64, at: bool, rule: impl Rule) -> Option<CurveStep> {
        let upto = self.time.partition_point(|&time| if at { time <= t } else { time < t });
        self.get(upto.checked_sub(1)?, rule)
    }
}

/// Rows of weight 1 that are all there from the beginning: one number per row is sorted, the bits
/// of its time (which is not negative, so that one is free) and whether it is an event. The sorted
/// numbers become the times.
fn count_rows(outcome: &Outcome, counted: Counted) -> (Vec<f64>, Counts) {
    let rows = outcome.exit().par_iter().zip(outcome.cause());
    let mut keys: Vec<u64> = rows
        .map(|(&exit, &cause)| (exit + 0.0).to_bits() << 1 | u64::from(counted.holds(cause)))
        .collect();
    keys.par_sort_unstable();
    // What is not touched of this takes no memory.
    let mut counts = Vec::with_capacity(keys.len());
    let (mut k, mut left) = (0, keys.len() as u32);
    while k < keys.len() {
        let (time, first) = (keys[k] >> 1, k);
        let mut events = 0;
        while k < keys.len() && keys[k] >> 1 == time {
            events += (keys[k] & 1) as u32;
            k += 1;
        }
        let all = (k - first) as u32;
        let at_risk = if counted == Counted::Censoring { left + events - all } else { left };
        keys[counts.len()] = time;
        counts.push([at_risk, events]);
        left -= all;
    }
    keys.truncate(counts.len());
    keys.shrink_to_fit();
    counts.shrink_to_fit();
    (keys.into_iter().map(f64::from_bits).collect(), Counts::Rows(counts))
}

/// Any rows.
fn count_weights(
    outcome: &Outcome,
    weights: Option<&[f64]>,
    counted: Counted,
) -> (Vec<f64>, Counts) {
    let sorted = order(outcome.exit());
    let (exit, cause) = (outcome.exit(), outcome.cause());
    let row = |k: usize| {
        let row = sorted[k];
        (exit[row as usize], cause[row as usize], row)
    };
    let mut time = Vec::with_capacity(sorted.len());
    let mut counts = match weights {
        None => Counts::Rows(Vec::with_capacity(sorted.len())),
        Some(_) => Counts::Weights(Vec::with_capacity(sorted.len())),
    };
    backwards(outcome, weights, sorted.len(), row, |t, at_risk, ends| {
        let any: f64 = ends[1..].iter().sum();
        let (at_risk, events) = match counted {
            Counted::Any => (at_risk, any),
            Counted::Cause(c) => (at_risk, ends[c as usize]),
            Counted::Censoring => (at_risk - any, ends[0]),
        };
        time.push(t);
        match &mut counts {
            Counts::Rows(rows) => rows.push([at_risk as u32, events as u32]),
            Counts::Weights(weights) => weights.push([at_risk, events]),
        }
    });
    match &mut counts {
        Counts::Rows(rows) => turn(rows),
        Counts::Weights(weights) => turn(weights),
    }
    turn(&mut time);
    (time, counts)
}

fn turn<T>(values: &mut Vec<T>) {
    values.reverse();
    values.shrink_to_fit();
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUMS: fn([f64; 2], f64, f64) -> [f64; 2] = |[a, b], n, d| [a + d, b + n];

    /// 100 times, with one, two or three rows at each.
    fn many(entry: bool) -> Outcome {
        let rows: Vec<u32> = (0..100).flat_map(|k| vec![k; 1 + k as usize % 3]).collect();
        let exit = rows.iter().rev().map(|&k| f64::from(k)).collect();
        let cause = (0..rows.len() as u32).map(|k| k % 3).collect();
        let entry = entry.then(|| vec![-1.0; rows.len()]);
        Outcome::new(entry, exit, cause, vec!["a".into(), "b".into()]).unwrap()
    }

    #[test]
    fn both_ways_of_counting_and_every_way_of_reading_agree() {
        for counted in [Counted::Any, Counted::Cause(2), Counted::Censoring] {
            let rows = Steps::new(&many(false), None, counted, 0.0, SUMS).unwrap();
            let all: Vec<CurveStep> = rows.all(SUMS).collect();
            assert_eq!((all.len(), all[0].at_risk > 190.0), (100, true));
            let ones = vec![1.0; many(false).len()];
            for (entry, weights) in [(true, None), (false, Some(&ones[..])), (true, Some(&ones))] {
                let other = Steps::new(&many(entry), weights, counted, 0.0, SUMS).unwrap();
                assert!(other.all(SUMS).eq(all.iter().copied()));
            }
            for (k, step) in all.iter().enumerate() {
                assert_eq!(rows.get(k, SUMS), Some(*step));
                assert_eq!(rows.last(step.time, true, SUMS), Some(*step));
                assert_eq!(
                    rows.last(step.time, false, SUMS),
                    rows.last(k as f64 - 0.5, true, SUMS)
                );
            }
            assert_eq!((rows.get(100, SUMS), rows.last(-1.0, true, SUMS)), (None, None));
            for count in [0, 1, 31, 32, 33, 100] {
                let back: Vec<CurveStep> = rows.backwards(count, SUMS).collect();
                assert!(back.iter().rev().eq(&all[..count]));
            }
        }
    }
}
