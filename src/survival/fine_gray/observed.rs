//! The chance of still being under observation: G, of not being censored, and H, of having entered.
//!
//! A row that ended by another cause stays in the risk set of the subdistribution hazard, with the
//! chance that it would still be observed: a(t)/a(exit), a(t) = G(t−)·H(t−).

use super::{Convention, METHOD};
use crate::survival::table::{End, backwards, order};
use crate::survival::{FitError, Outcome};

/// What is left of this share of the risk set is rounding.
const ROUNDING: f64 = 1e-12;

/// The observation of one stratum's rows.
#[derive(Debug, Clone)]
pub(in crate::survival) struct Observed {
    pub(in crate::survival) censorings: Leavings,
    /// Where rows enter late: the entries, read backwards in time.
    pub(in crate::survival) entries: Option<Leavings>,
}

/// Distinct times at which rows are censored (or enter), with what is left of the chance after each
/// (or, backwards in time, with it).
#[derive(Debug, Clone, Default)]
pub(in crate::survival) struct Leavings {
    pub(in crate::survival) time: Vec<f64>,
    /// The weight that is censored (enters) at each, and the weight that could have been.
    pub(in crate::survival) part: Vec<f64>,
    pub(in crate::survival) whole: Vec<f64>,
    left: Vec<f64>,
}

impl Observed {
    /// Of rows in the order of their exit.
    pub(in crate::survival) fn new(
        outcome: &Outcome,
        weights: Option<&[f64]>,
        ends: &[End],
        convention: Convention,
    ) -> Self {
        let mut all = Leavings::with_room(ends.iter().filter(|end| end.1 == 0).count());
        let row = |k: usize| ends[k];
        backwards(outcome, weights, ends.len(), row, |t, at_risk, ended| {
            if ended[0] > 0.0 {
                all.time.push(t);
                all.part.push(ended[0]);
                all.whole.push(match convention {
                    Convention::Crr => at_risk,
                    // Whoever ends at the time of a censoring ended before it.
                    Convention::Finegray => at_risk - ended[1..].iter().sum::<f64>(),
                });
            }
        });
        all.reverse();
        all.left = running(all.part.iter().zip(&all.whole));
        let entries = outcome.entry().map(|entry| {
            let mut entries = entered(entry, weights, ends);
            entries.left = running(entries.part.iter().zip(&entries.whole));
            entries.reverse();
            entries
        });
        Self { censorings: all, entries }
    }

    /// a(t) = G(t−)·H(t−) at times that do not fall.
    pub(in crate::survival) fn reach(&self) -> Reach<'_> {
        Reach { observed: self, censorings: 0, entries: 0 }
    }
}

/// See [`Observed::reach`].
pub(in crate::survival) struct Reach<'o> {
    observed: &'o Observed,
    /// Censorings, and entries, before the time asked for last.
    censorings: usize,
    entries: usize,
}

impl Reach<'_> {
    /// a(t).
    pub(in crate::survival) fn at(&mut self, t: f64) -> f64 {
        let g = &self.observed.censorings;
        while g.time.get(self.censorings).is_some_and(|&u| u < t) {
            self.censorings += 1;
        }
        let chance = if self.censorings == 0 { 1.0 } else { g.left[self.censorings - 1] };
        let Some(h) = &self.observed.entries else { return chance };
        // H(t−) is a product over the entries at t or later.
        while h.time.get(self.entries).is_some_and(|&v| v < t) {
            self.entries += 1;
        }
        chance * h.left.get(self.entries).copied().unwrap_or(1.0)
    }
}

impl Leavings {
    fn with_room(times: usize) -> Self {
        let room = || Vec::with_capacity(times);
        Self { time: room(), part: room(), whole: room(), left: Vec::new() }
    }

    fn reverse(&mut self) {
        for column in [&mut self.time, &mut self.part, &mut self.whole, &mut self.left] {
            column.reverse();
        }
    }
}

/// Running products of 1 − part/whole.
fn running<'v>(shares: impl Iterator<Item = (&'v f64, &'v f64)>) -> Vec<f64> {
    let mut left = 1.0;
    let step = |(part, whole): (&f64, &f64)| {
        left *= rest(*part, *whole);
        left
    };
    shares.map(step).collect()
}

/// 1 − part/whole.
fn rest(part: f64, whole: f64) -> f64 {
    let left = whole - part;
    if left <= ROUNDING * whole { 0.0 } else { left / whole }
}

/// The entries, latest first: the weight that enters at each time, and that of the rows present just
/// after it.
fn entered(entry: &[f64], weights: Option<&[f64]>, ends: &[End]) -> Leavings {
    let weight = |row: u32| weights.map_or(1.0, |w| w[row as usize]);
    let times: Vec<f64> = ends.iter().map(|end| entry[end.2 as usize]).collect();
    let mut by_entry = order(&times);
    let mut all = Leavings::default();
    let (mut present, mut leaving) = (0.0, ends.len());
    while let Some(&last) = by_entry.last() {
        let time = times[last as usize];
        // Backwards in time: who exits after it is present, who enters after it is not.
        while leaving > 0 && ends[leaving - 1].0 > time {
            leaving -= 1;
            present += weight(ends[leaving].2);
        }
        let mut entered = 0.0;
        while let Some(&k) = by_entry.last().filter(|&&k| times[k as usize] == time) {
            entered += weight(ends[k as usize].2);
            by_entry.pop();
        }
        all.time.push(time);
        all.part.push(entered);
        all.whole.push(present);
        present -= entered;
    }
    all
}

/// The error of a row that ended otherwise when nobody could still be under observation.
pub(in crate::survival) fn unobserved(exit: f64) -> FitError {
    FitError::NotApplicable {
        method: METHOD,
        why: format!(
            "the chance of being under observation at time {exit} is estimated as 0, since at some \
             time all who were at risk were censored or had only just entered; leave out the few \
             rows that were observed before then"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_censoring_beside_an_event() {
        // At 2 one is censored and one ends: of four (crr), or of the three that remain (finegray).
        let y = Outcome::new(
            None,
            vec![1., 2., 2., 3., 4.],
            vec![1, 0, 2, 0, 1],
            vec!["a".into(), "b".into()],
        )
        .unwrap();
        let ends = [(1., 1, 0), (2., 0, 1), (2., 2, 2), (3., 0, 3), (4., 1, 4)];
        let times = [1.0, 2.0, 3.0, 4.0];
        let crr = Observed::new(&y, None, &ends, Convention::Crr);
        let mut reach = crr.reach();
        assert_eq!(times.map(|t| reach.at(t)), [1.0, 1.0, 0.75, 0.375]);
        let g = &crr.censorings;
        assert_eq!((&g.time[..], &g.whole[..]), (&[2.0, 3.0][..], &[4.0, 2.0][..]));
        let fg = Observed::new(&y, None, &ends, Convention::Finegray);
        let mut reach = fg.reach();
        for (t, e) in times.into_iter().zip([1.0, 1.0, 2.0 / 3.0, 1.0 / 3.0]) {
            assert!((reach.at(t) - e).abs() < 1e-15);
        }
    }

    #[test]
    fn late_entries_by_hand() {
        // Entries at 0 (two rows), 1 and 2: present just after 1: 3 rows, of which one is new.
        let y = Outcome::new(
            Some(vec![0., 0., 1., 2.]),
            vec![2., 5., 4., 6.],
            vec![2, 1, 1, 0],
            vec!["a".into(), "b".into()],
        )
        .unwrap();
        let ends = [(2., 2, 0), (4., 1, 2), (5., 1, 1), (6., 0, 3)];
        let o = Observed::new(&y, None, &ends, Convention::Crr);
        let e = o.entries.as_ref().unwrap();
        assert_eq!((&e.time[..], &e.part[..]), (&[0., 1., 2.][..], &[2., 1., 1.][..]));
        assert_eq!(e.whole, [2.0, 3.0, 3.0]);
        // H(2−) = 1 − 1/3, and later 1; G is 1 up to the censoring at 6.
        let mut reach = o.reach();
        for (t, a) in [(2.0, 2.0 / 3.0), (4.0, 1.0), (5.0, 1.0), (6.0, 1.0)] {
            assert!((reach.at(t) - a).abs() < 1e-15);
        }
        assert_eq!(o.reach().at(6.5), 0.0);
    }
}
