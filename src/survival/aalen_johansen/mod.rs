//! The Aalen–Johansen estimate (1978): the probability of having ended by each cause, by a time.

mod ends;
mod pass;

use self::ends::Ends;
use self::pass::Pass;
use super::km::{CurvePoint, Interval};
use super::table::check_weights;
use super::{CurveStep, Outcome, SampleError};

/// Cumulative incidences of all causes at the distinct exit times; with the event-free probability
/// they sum to 1 at every time.
///
/// Variances are those of R's multi-state `survfit`: sums of squared influences of the rows (the
/// infinitesimal jackknife), computed here in one pass per curve.
///
/// ```
/// use pleegzorg::survival::{AalenJohansen, Interval, Outcome};
/// let causes = vec!["breakdown".into(), "home".into()];
/// let y = Outcome::new(None, vec![1., 2., 3., 4.], vec![1, 0, 2, 1], causes)?;
/// let curves = AalenJohansen::new(&y, None)?;
/// let breakdown: Vec<f64> = curves.steps(1).into_iter().flatten().map(|step| step.value).collect();
/// assert_eq!(breakdown, [0.25, 0.25, 0.25, 0.625]);
/// assert_eq!(curves.at(2, 3.5, Interval::LogLog, 0.95).map(|p| p.estimate), Some(0.375));
/// # Ok::<(), pleegzorg::survival::SampleError>(())
/// ```
///
/// It holds its times and who ended at them, and sums up the rest when asked: 9 bytes a row where all
/// times differ (12 more a row with weights and late entries), so that curves of millions of rows take
/// no more than the rows. Every answer is a pass from the first time: ask for many times at once.
#[derive(Debug, Clone, PartialEq)]
pub struct AalenJohansen {
    ends: Ends,
    causes: u32,
}

impl AalenJohansen {
    /// The curves of all causes of an outcome.
    ///
    /// # Errors
    /// Weights of another length, or not finite and above zero.
    pub fn new(outcome: &Outcome, weights: Option<&[f64]>) -> Result<Self, SampleError> {
        check_weights(weights, outcome.len())?;
        let causes = outcome.causes().len() as u32;
        Ok(Self { ends: Ends::new(outcome, weights), causes })
    }

    /// Distinct exit times, increasing.
    #[must_use]
    pub fn times(&self) -> &[f64] {
        &self.ends.time
    }

    /// What happens at each of the times by a cause (1, 2, …), with its cumulative incidence just
    /// after it and the variance of that; `None` for an unknown cause.
    #[must_use]
    pub fn steps(&self, cause: u32) -> Option<impl Iterator<Item = CurveStep>> {
        self.known(cause).then(|| Pass::new(&self.ends, Some(cause)))
    }

    /// The same for the probability of no end of any cause (the Kaplan–Meier curve), of which any
    /// cause is an event.
    pub fn event_free_steps(&self) -> impl Iterator<Item = CurveStep> {
        Pass::new(&self.ends, None)
    }

    /// The cumulative incidence of a cause (1, 2, …) at a time; `None` for an unknown cause. The
    /// interval is symmetric on the scale of `interval`, applied to 1 − F.
    #[must_use]
    pub fn at(&self, cause: u32, t: f64, interval: Interval, level: f64) -> Option<CurvePoint> {
        self.at_times(cause, &[t], interval, level)?.pop()
    }

    /// The same at any number of times, in any order, in one pass.
    #[must_use]
    pub fn at_times(
        &self,
        cause: u32,
        times: &[f64],
        interval: Interval,
        level: f64,
    ) -> Option<Vec<CurvePoint>> {
        let steps = self.last_steps(self.steps(cause)?, times).into_iter().zip(times);
        let point = |(step, &t): (Option<CurveStep>, &f64)| {
            let (f, v) = step.map_or((0.0, 0.0), |s| (s.value, s.variance));
            point(t, f, v, interval, level)
        };
        Some(steps.map(point).collect())
    }

    /// The probability of no end of any cause by a time: (estimate, standard error).
    #[must_use]
    pub fn event_free_at(&self, t: f64) -> (f64, f64) {
        self.event_free_at_times(&[t]).pop().unwrap_or((1.0, 0.0))
    }

    /// The same at any number of times, in any order, in one pass.
    #[must_use]
    pub fn event_free_at_times(&self, times: &[f64]) -> Vec<(f64, f64)> {
        let steps = self.last_steps(self.event_free_steps(), times).into_iter();
        steps.map(|step| step.map_or((1.0, 0.0), |s| (s.value, s.variance.sqrt()))).collect()
    }

    fn known(&self, cause: u32) -> bool {
        (1..=self.causes).contains(&cause)
    }

    /// By time asked for: the last step at or before it.
    fn last_steps(
        &self,
        mut steps: impl Iterator<Item = CurveStep>,
        times: &[f64],
    ) -> Vec<Option<CurveStep>> {
        let upto = |&t: &f64| self.times().partition_point(|&time| time <= t);
        let mut asked: Vec<(usize, usize)> = times.iter().map(upto).zip(0..).collect();
        asked.sort_unstable();
        let mut out = vec![None; times.len()];
        let (mut passed, mut last) = (0, None);
        for (upto, k) in asked {
            if upto > passed {
                last = steps.nth(upto - passed - 1);
                passed = upto;
            }
            out[k] = last;
        }
        out
    }
}

/// An incidence with its error, and an interval on the scale of 1 − F.
pub(crate) fn point(t: f64, f: f64, v: f64, interval: Interval, level: f64) -> CurvePoint {
    let se = v.sqrt();
    // The scale turned round, so that log–log means log(−log(1 − F)).
    let bounds = if f < 1.0 && f > 0.0 {
        interval.bounds(1.0 - f, se / (1.0 - f), level).map(|(l, u)| (1.0 - u, 1.0 - l))
    } else {
        None
    };
    CurvePoint { time: t, estimate: f, se, bounds }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survival::KaplanMeier;

    fn outcome(entry: bool) -> Outcome {
        let exit: Vec<f64> = (0..60).map(|i| f64::from((i * 37) % 23 + 5)).collect();
        let cause = (0..60).map(|i| (i * 7 % 4) as u32).collect();
        let entry = entry.then(|| (0..60).map(|i| f64::from(i % 5)).collect());
        Outcome::new(entry, exit, cause, vec!["a".into(), "b".into(), "c".into()]).unwrap()
    }

    /// All curves, the event-free one first.
    fn curves(aj: &AalenJohansen) -> Vec<Vec<CurveStep>> {
        let causes = (1..=3).map(|c| aj.steps(c).unwrap().collect());
        std::iter::once(aj.event_free_steps().collect()).chain(causes).collect()
    }

    #[test]
    fn weights_of_one_change_nothing_and_all_ways_of_asking_agree() {
        for late in [false, true] {
            let y = outcome(late);
            let aj = AalenJohansen::new(&y, None).unwrap();
            let one = AalenJohansen::new(&y, Some(&vec![1.0; y.len()])).unwrap();
            assert_eq!(curves(&aj), curves(&one));
            let mut asked: Vec<f64> = aj.times().iter().flat_map(|t| [t + 0.5, *t]).collect();
            asked.extend([f64::NAN, 0.0, f64::INFINITY, f64::NEG_INFINITY, asked[3]]);
            for cause in 1..=3 {
                let at = aj.at_times(cause, &asked, Interval::LogLog, 0.95).unwrap();
                for (p, &t) in at.iter().zip(&asked) {
                    let alone = aj.at(cause, t, Interval::LogLog, 0.95).unwrap();
                    assert_eq!(
                        (p.estimate, p.se, p.bounds),
                        (alone.estimate, alone.se, alone.bounds)
                    );
                    let step = aj.steps(cause).unwrap().filter(|s| s.time <= t).last();
                    assert_eq!(p.estimate, step.map_or(0.0, |s| s.value));
                }
            }
            let free = aj.event_free_at_times(&asked);
            assert!(free.iter().zip(&asked).all(|(f, &t)| *f == aj.event_free_at(t)));
            assert!([0, 4].iter().all(|&c| aj.steps(c).is_none()));
            assert_eq!(aj.at(4, 1.0, Interval::LogLog, 0.95), None);
        }
    }

    #[test]
    fn probabilities_sum_to_one() {
        for late in [false, true] {
            let aj = AalenJohansen::new(&outcome(late), None).unwrap();
            let km = KaplanMeier::new(&outcome(late), None).unwrap();
            let curves = curves(&aj);
            for (k, (free, km)) in curves[0].iter().zip(km.steps()).enumerate() {
                let sum: f64 = curves.iter().map(|c| c[k].value).sum();
                assert!((sum - 1.0).abs() < 1e-13);
                assert!((free.value - km.value).abs() < 1e-15);
                assert_eq!(
                    (free.time, free.at_risk, free.events),
                    (km.time, km.at_risk, km.events)
                );
            }
        }
    }

    /// Influences by brute force: numerical derivatives with respect to each row's weight.
    #[test]
    fn variances_are_sums_of_squared_influences() {
        for late in [false, true] {
            let y = outcome(late);
            let aj = AalenJohansen::new(&y, None).unwrap();
            let h = 1e-5;
            let shifted = |row: usize, by: f64| {
                let mut w = vec![1.0; y.len()];
                w[row] += by;
                AalenJohansen::new(&y, Some(&w)).unwrap()
            };
            let n = aj.times().len();
            let mut sums = vec![vec![0.0; n]; 4];
            for row in 0..y.len() {
                let (up, down) = (curves(&shifted(row, h)), curves(&shifted(row, -h)));
                for (c, sums) in sums.iter_mut().enumerate() {
                    for (k, sum) in sums.iter_mut().enumerate() {
                        *sum += ((up[c][k].value - down[c][k].value) / (2.0 * h)).powi(2);
                    }
                }
            }
            for (c, curve) in curves(&aj).iter().enumerate() {
                for (k, step) in curve.iter().enumerate() {
                    assert!((sums[c][k] - step.variance).abs() < 1e-8, "{late} {k} {c}");
                }
            }
        }
    }
}
