//! The chance of still being under observation: G, of not being censored, and H, of having entered.
//!
//! A row that ended by another cause stays in the risk set of the subdistribution hazard, with the
//! chance that it would still be observed: a(t)/a(exit), a(t) = G(t−)·H(t−).

use super::{Convention, METHOD};
use crate::survival::table::{LifeTable, order};
use crate::survival::{FitError, Outcome};

/// What is left of this share of the risk set is rounding.
const ROUNDING: f64 = 1e-12;

/// The observation of one stratum's rows.
#[derive(Debug, Clone)]
pub(in crate::survival) struct Observed {
    /// Distinct exit times.
    pub(in crate::survival) time: Vec<f64>,
    /// a at each of them.
    pub(in crate::survival) reach: Vec<f64>,
    /// Weight of the censorings at each, and of the rows that could have been censored there.
    pub(in crate::survival) censored: Vec<f64>,
    pub(in crate::survival) exposed: Vec<f64>,
    /// Where rows enter late: the same for entries.
    pub(in crate::survival) entries: Option<Entries>,
}

/// Distinct entry times, the weight of the rows that enter at each, and of those present just
/// after it.
#[derive(Debug, Clone, Default)]
pub(in crate::survival) struct Entries {
    pub(in crate::survival) time: Vec<f64>,
    pub(in crate::survival) entered: Vec<f64>,
    pub(in crate::survival) present: Vec<f64>,
}

impl Observed {
    /// Of rows in the order of their exit.
    pub(in crate::survival) fn new(
        outcome: &Outcome,
        weights: Option<&[f64]>,
        sorted: &[u32],
        convention: Convention,
    ) -> Self {
        let table = LifeTable::of_rows(outcome, weights, sorted);
        let exposed: Vec<f64> = match convention {
            Convention::Crr => table.at_risk,
            // Whoever ends at the time of a censoring ended before it.
            Convention::Finegray => {
                table.at_risk.iter().zip(&table.events).map(|(y, d)| y - d).collect()
            }
        };
        let mut g = 1.0;
        let mut reach = Vec::with_capacity(table.time.len());
        for (&c, &y) in table.censored.iter().zip(&exposed) {
            reach.push(g);
            if c > 0.0 {
                g *= rest(c, y);
            }
        }
        let entries = outcome.entry().map(|entry| Entries::new(outcome, entry, weights, sorted));
        if let Some(e) = &entries {
            // H(t−) is a product over the entries at t or later.
            let (mut h, mut k) = (1.0, e.time.len());
            for (a, &t) in reach.iter_mut().zip(&table.time).rev() {
                while k > 0 && e.time[k - 1] >= t {
                    k -= 1;
                    h *= rest(e.entered[k], e.present[k]);
                }
                *a *= h;
            }
        }
        Self { time: table.time, reach, censored: table.censored, exposed, entries }
    }
}

/// 1 − part/whole.
fn rest(part: f64, whole: f64) -> f64 {
    let left = whole - part;
    if left <= ROUNDING * whole { 0.0 } else { left / whole }
}

impl Entries {
    fn new(outcome: &Outcome, entry: &[f64], weights: Option<&[f64]>, sorted: &[u32]) -> Self {
        let weight = |row: u32| weights.map_or(1.0, |w| w[row as usize]);
        let times: Vec<f64> = sorted.iter().map(|&r| entry[r as usize]).collect();
        let mut by_entry = order(&times);
        let mut all = Self::default();
        let (mut present, mut leaving) = (0.0, sorted.len());
        while let Some(&last) = by_entry.last() {
            let time = times[last as usize];
            // Backwards in time: who exits after it is present, who enters after it is not.
            while leaving > 0 && outcome.exit()[sorted[leaving - 1] as usize] > time {
                leaving -= 1;
                present += weight(sorted[leaving]);
            }
            let mut entered = 0.0;
            while let Some(&k) = by_entry.last().filter(|&&k| times[k as usize] == time) {
                entered += weight(sorted[k as usize]);
                by_entry.pop();
            }
            all.time.push(time);
            all.entered.push(entered);
            all.present.push(present);
            present -= entered;
        }
        all.time.reverse();
        all.entered.reverse();
        all.present.reverse();
        all
    }
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
        let rows = [0, 1, 2, 3, 4];
        let crr = Observed::new(&y, None, &rows, Convention::Crr);
        assert_eq!(crr.reach, [1.0, 1.0, 0.75, 0.375]);
        assert_eq!(crr.exposed, [5.0, 4.0, 2.0, 1.0]);
        let fg = Observed::new(&y, None, &rows, Convention::Finegray);
        for (a, e) in fg.reach.iter().zip([1.0, 1.0, 2.0 / 3.0, 1.0 / 3.0]) {
            assert!((a - e).abs() < 1e-15);
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
        let o = Observed::new(&y, None, &[0, 2, 1, 3], Convention::Crr);
        let e = o.entries.as_ref().unwrap();
        assert_eq!(
            (e.time.as_slice(), e.entered.as_slice()),
            (&[0., 1., 2.][..], &[2., 1., 1.][..])
        );
        assert_eq!(e.present, [2.0, 3.0, 3.0]);
        // H(2−) = 1 − 1/3, and later 1; G is 1 up to the censoring at 6.
        assert_eq!(o.time, [2.0, 4.0, 5.0, 6.0]);
        for (a, e) in o.reach.iter().zip([2.0 / 3.0, 1.0, 1.0, 1.0]) {
            assert!((a - e).abs() < 1e-15);
        }
    }
}
