//! The life table that every nonparametric curve starts from: who was at risk, who ended and how.

use rayon::prelude::*;

use super::{Outcome, SampleError};

/// Distinct exit times with what happened at each; weighted counts where rows have weights.
///
/// A row is at risk over (entry, exit], so at a time t: entry < t ≤ exit. An event and a censoring
/// at the same time: the event comes first.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LifeTable {
    /// Distinct exit times, increasing.
    pub time: Vec<f64>,
    /// Weight at risk just before each time.
    pub at_risk: Vec<f64>,
    /// Weight of the ends by any cause at each time.
    pub events: Vec<f64>,
    /// By cause (index 0 = cause 1), then by time. With one cause: the same as `events`.
    pub by_cause: Vec<Vec<f64>>,
    /// Weight of the censorings at each time.
    pub censored: Vec<f64>,
}

/// Rows sorted by a time: ascending, the row's number decides between equals.
pub(crate) fn order(times: &[f64]) -> Vec<u32> {
    rows_by(times, times.len(), |k| k as u32)
}

/// `n` rows, of which `row(k)` is the k-th, sorted by a time. One number per row is sorted, the bits
/// of its time and the row's number, so that nothing else is moved and compared.
fn rows_by(times: &[f64], n: usize, row: impl Fn(usize) -> u32 + Sync) -> Vec<u32> {
    sorted(times, n, row).into_par_iter().map(|[_, _, row]| row).collect()
}

fn sorted(times: &[f64], n: usize, row: impl Fn(usize) -> u32 + Sync) -> Vec<Key> {
    let key = |k: usize| key(times[row(k) as usize], row(k));
    let mut keys: Vec<Key> = (0..n).into_par_iter().map(key).collect();
    sort(&mut keys);
    keys
}

/// [`order`], with the room that was needed to find it.
pub(crate) fn order_and_room(times: &[f64]) -> (Vec<u32>, Vec<Key>) {
    let keys = sorted(times, times.len(), |k| k as u32);
    (keys.par_iter().map(|&[_, _, row]| row).collect(), keys)
}

/// The bits of a number in two halves, and a row: twelve bytes, which leave less room unused than one
/// number of sixteen.
pub(crate) type Key = [u32; 3];

/// What sorts as a number does, and among equals as the row.
pub(crate) fn key(v: f64, row: u32) -> Key {
    let bits = ordered(v);
    [(bits >> 32) as u32, bits as u32, row]
}

pub(crate) fn sort(keys: &mut [Key]) {
    let whole = |&[high, low, row]: &Key| {
        u128::from(u64::from(high) << 32 | u64::from(low)) << 32 | u128::from(row)
    };
    keys.par_sort_unstable_by_key(whole);
}

/// Bits that sort as the number does; −0 as 0.
pub(crate) fn ordered(v: f64) -> u64 {
    let bits = (v + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// A row as a table reads it: its exit, its cause, and its number.
pub(crate) type End = (f64, u32, u32);

/// Goes backwards through the distinct exit times of `n` rows, of which `row(k)` is the k-th by exit:
/// `each` gets the time, the weight at risk just before it, and the weights that end there,
/// censored ones first, then by cause.
pub(crate) fn backwards(
    outcome: &Outcome,
    weights: Option<&[f64]>,
    n: usize,
    row: impl Fn(usize) -> End + Sync,
    mut each: impl FnMut(f64, f64, &[f64]),
) {
    let weight = |row: u32| weights.map_or(1.0, |w| w[row as usize]);
    // Entries run beside the exits: who entered at or after t was not at risk at t.
    let entry = outcome.entry().unwrap_or_default();
    let late = if entry.is_empty() { Vec::new() } else { rows_by(entry, n, |k| row(k).2) };
    let mut not_yet = &late[..];
    let (mut at_risk, mut k) = (0.0, n);
    let mut ends = vec![0.0; outcome.causes().len() + 1];
    while k > 0 {
        let time = row(k - 1).0;
        ends.fill(0.0);
        while k > 0 {
            let (exit, cause, row) = row(k - 1);
            if exit != time {
                break;
            }
            ends[cause as usize] += weight(row);
            k -= 1;
        }
        at_risk += ends.iter().sum::<f64>();
        while let Some((&last, rest)) = not_yet.split_last() {
            if entry[last as usize] < time {
                break;
            }
            at_risk -= weight(last);
            not_yet = rest;
        }
        each(time, at_risk, &ends);
    }
}

/// Checks weights as [`super::Sample::with_weights`] does.
pub(crate) fn check_weights(weights: Option<&[f64]>, rows: usize) -> Result<(), SampleError> {
    let Some(weights) = weights else { return Ok(()) };
    let what = || "the weights".to_owned();
    if weights.len() != rows {
        return Err(SampleError::Length { what: what(), found: weights.len(), expected: rows });
    }
    if let Some(row) = weights.iter().position(|w| !w.is_finite()) {
        return Err(SampleError::NotFinite { what: what(), row });
    }
    match weights.iter().position(|&w| w <= 0.0) {
        Some(row) => Err(SampleError::Weight { row }),
        None => Ok(()),
    }
}

impl LifeTable {
    /// The table of an outcome.
    ///
    /// # Errors
    /// Weights of another length, or not finite and above zero.
    pub fn new(outcome: &Outcome, weights: Option<&[f64]>) -> Result<Self, SampleError> {
        check_weights(weights, outcome.len())?;
        Ok(Self::of_rows(outcome, weights, &order(outcome.exit())))
    }

    /// The unweighted table of all rows.
    pub(crate) fn all(outcome: &Outcome) -> Self {
        Self::of_rows(outcome, None, &order(outcome.exit()))
    }

    /// The table of rows sorted by exit (some or all rows).
    pub(crate) fn of_rows(outcome: &Outcome, weights: Option<&[f64]>, sorted: &[u32]) -> Self {
        let (exit, cause) = (outcome.exit(), outcome.cause());
        let mut table = Self {
            time: Vec::new(),
            at_risk: Vec::new(),
            events: Vec::new(),
            by_cause: vec![Vec::new(); outcome.causes().len()],
            censored: Vec::new(),
        };
        let end = |&row: &u32| (exit[row as usize], cause[row as usize], row);
        let rows: Vec<End> = sorted.par_iter().map(end).collect();
        backwards(
            outcome,
            weights,
            sorted.len(),
            |k| rows[k],
            |time, at_risk, ends| {
                table.time.push(time);
                table.at_risk.push(at_risk);
                table.censored.push(ends[0]);
                table.events.push(ends[1..].iter().sum());
                for (column, end) in table.by_cause.iter_mut().zip(&ends[1..]) {
                    column.push(*end);
                }
            },
        );
        table.time.reverse();
        table.at_risk.reverse();
        table.events.reverse();
        table.censored.reverse();
        for column in &mut table.by_cause {
            column.reverse();
        }
        table
    }

    /// How many of the table's times are at or before `t`.
    #[must_use]
    pub fn upto(&self, t: f64) -> usize {
        self.time.partition_point(|&time| time <= t)
    }
}

/// Rows under observation just before `t`: entry < t ≤ exit.
#[must_use]
pub fn at_risk(outcome: &Outcome, t: f64) -> usize {
    let late = |i: usize| outcome.entry().is_some_and(|e| e[i] >= t);
    outcome.exit().iter().enumerate().filter(|&(i, &exit)| exit >= t && !late(i)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_entries_are_at_risk_only_while_observed() {
        let entry = vec![0.0, 0.0, 2.0, 4.0, 5.0];
        let y = Outcome::new(
            Some(entry),
            vec![2.0, 6.0, 4.0, 6.0, 9.0],
            vec![1, 2, 0, 1, 1],
            vec!["a".into(), "b".into()],
        )
        .unwrap();
        let t = LifeTable::new(&y, None).unwrap();
        assert_eq!(t.time, [2.0, 4.0, 6.0, 9.0]);
        assert_eq!(t.at_risk, [2.0, 2.0, 3.0, 1.0]);
        assert_eq!(t.events, [1.0, 0.0, 2.0, 1.0]);
        assert_eq!(t.by_cause[0], [1.0, 0.0, 1.0, 1.0]);
        assert_eq!(t.by_cause[1], [0.0, 0.0, 1.0, 0.0]);
        assert_eq!(t.censored, [0.0, 1.0, 0.0, 0.0]);
        for (time, n) in t.time.iter().zip(&t.at_risk) {
            assert_eq!(at_risk(&y, *time) as f64, *n);
        }
        assert_eq!(t.upto(5.0), 2);
    }

    #[test]
    fn weights_count_and_are_checked() {
        let y = Outcome::new(None, vec![1.0, 1.0, 2.0], vec![1, 0, 1], vec!["a".into()]).unwrap();
        let t = LifeTable::new(&y, Some(&[2.0, 1.0, 0.5])).unwrap();
        assert_eq!(t.at_risk, [3.5, 0.5]);
        assert_eq!(t.events, [2.0, 0.5]);
        assert!(LifeTable::new(&y, Some(&[1.0, 0.0, 1.0])).is_err());
        assert!(LifeTable::new(&y, Some(&[1.0])).is_err());
        assert!(LifeTable::new(&y, Some(&[1.0, f64::NAN, 1.0])).is_err());
    }
}
