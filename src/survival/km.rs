//! Kaplan–Meier and Nelson–Aalen curves, their intervals, quantiles and restricted means.

use super::table::{LifeTable, Totals};
use super::{FitError, Outcome, SampleError};

/// On which scale a confidence interval for a probability is symmetric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interval {
    /// On log(−log S): stays within (0, 1).
    #[default]
    LogLog,
    /// On log S (R's default).
    Log,
    /// On S itself, cut to [0, 1].
    Plain,
    /// On log(S / (1 − S)).
    Logit,
    /// On arcsin(√S).
    Arcsin,
}

impl Interval {
    /// The interval around a probability `s`, where `se_log` is the standard error of its logarithm;
    /// `None` where the scale has none (as at 0 and, on most scales, at 1).
    #[must_use]
    pub fn bounds(self, s: f64, se_log: f64, level: f64) -> Option<(f64, f64)> {
        let z = normal_quantile(level)? * se_log;
        if s <= 0.0 && self != Self::Plain {
            return None;
        }
        let inner = s < 1.0;
        let (lower, upper) = match self {
            Self::Plain if s <= 0.0 => (0.0, 0.0),
            Self::Plain => ((s - s * z).max(0.0), (s + s * z).min(1.0)),
            Self::Log => (s * (-z).exp(), (s * z.exp()).min(1.0)),
            Self::LogLog if inner => {
                let (at, half) = ((-s.ln()).ln(), z / s.ln());
                ((-(at - half).exp()).exp(), (-(at + half).exp()).exp())
            }
            Self::Logit if inner => {
                let (at, half) = ((s / (1.0 - s)).ln(), z / (1.0 - s));
                (1.0 / (1.0 + (half - at).exp()), 1.0 / (1.0 + (-half - at).exp()))
            }
            Self::Arcsin if inner => {
                let (at, half) = (s.sqrt().asin(), 0.5 * z * (s / (1.0 - s)).sqrt());
                let quarter = std::f64::consts::FRAC_PI_2;
                ((at - half).max(0.0).sin().powi(2), (at + half).min(quarter).sin().powi(2))
            }
            _ => return None,
        };
        (lower.is_finite() && upper.is_finite()).then_some((lower, upper))
    }
}

/// z such that a standard normal lies within ±z with probability `level`; `None` outside (0, 1).
pub(crate) fn normal_quantile(level: f64) -> Option<f64> {
    (level > 0.0 && level < 1.0)
        .then(|| std::f64::consts::SQRT_2 * statrs::function::erf::erf_inv(level))
}

/// A curve's value at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct CurvePoint {
    /// The time asked for.
    pub time: f64,
    /// The estimate.
    pub estimate: f64,
    /// Its standard error.
    pub se: f64,
    /// The interval, where it exists.
    pub bounds: Option<(f64, f64)>,
}

/// A quantile of the time to an end, with the times at which the interval's curves get there;
/// `None` where a curve does not.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Quantile {
    /// The first time at which the curve is at or below 1 − q.
    pub estimate: Option<f64>,
    /// The same for the lower curve.
    pub lower: Option<f64>,
    /// The same for the upper curve.
    pub upper: Option<f64>,
}

/// The Kaplan–Meier estimate (1958) of freedom from every cause, or of one event.
///
/// ```
/// use pleegzorg::survival::{Interval, KaplanMeier, Outcome};
/// let y = Outcome::new(None, vec![1., 2., 3., 4.], vec![1, 0, 1, 1], vec!["end".into()])?;
/// let km = KaplanMeier::new(&y, None)?;
/// assert_eq!(km.survival, [0.75, 0.75, 0.375, 0.0]);
/// assert_eq!(km.quantile(0.5, Interval::LogLog, 0.95).estimate, Some(3.0));
/// # Ok::<(), pleegzorg::survival::SampleError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct KaplanMeier {
    /// Distinct exit times.
    pub time: Vec<f64>,
    /// Weight at risk just before each.
    pub at_risk: Vec<f64>,
    /// Weight of the events at each.
    pub events: Vec<f64>,
    /// The curve just after each time.
    pub survival: Vec<f64>,
    /// Greenwood's variance of log S.
    pub log_variance: Vec<f64>,
}

impl KaplanMeier {
    /// The curve of an outcome: any cause is an event.
    ///
    /// # Errors
    /// Weights of another length, or not finite and above zero.
    pub fn new(outcome: &Outcome, weights: Option<&[f64]>) -> Result<Self, SampleError> {
        let totals = Totals::new(outcome, weights, false)?;
        Ok(Self::of(totals.time, totals.at_risk, totals.events))
    }

    /// The curve of the censoring: the probability of still being observed, had nothing happened.
    /// Who ends at a time is not at risk of being censored at it (events come first), as inverse
    /// probability weights want it.
    ///
    /// # Errors
    /// As [`KaplanMeier::new`].
    pub fn of_censoring(outcome: &Outcome, weights: Option<&[f64]>) -> Result<Self, SampleError> {
        let totals = Totals::new(outcome, weights, true)?;
        let at_risk = totals.at_risk.iter().zip(&totals.events).map(|(n, d)| n - d).collect();
        Ok(Self::of(totals.time, at_risk, totals.censored))
    }

    pub(crate) fn of(time: Vec<f64>, at_risk: Vec<f64>, events: Vec<f64>) -> Self {
        let (mut s, mut v) = (1.0, 0.0);
        let mut survival = Vec::with_capacity(time.len());
        let mut log_variance = Vec::with_capacity(time.len());
        for (&n, &d) in at_risk.iter().zip(&events) {
            if d > 0.0 {
                let left = (n - d).max(0.0);
                // Weights may leave crumbs where all are gone.
                let left = if left <= 1e-12 * n { 0.0 } else { left };
                s *= left / n;
                v += d / (n * left);
            }
            survival.push(s);
            log_variance.push(v);
        }
        Self { time, at_risk, events, survival, log_variance }
    }

    /// The index of the last time at or before `t`.
    fn last(&self, t: f64) -> Option<usize> {
        self.time.partition_point(|&time| time <= t).checked_sub(1)
    }

    /// S(t); 1 before the first time, constant after the last.
    #[must_use]
    pub fn survival_at(&self, t: f64) -> f64 {
        self.last(t).map_or(1.0, |k| self.survival[k])
    }

    /// S(t−), just before `t`.
    #[must_use]
    pub fn survival_before(&self, t: f64) -> f64 {
        let k = self.time.partition_point(|&time| time < t).checked_sub(1);
        k.map_or(1.0, |k| self.survival[k])
    }

    /// The curve at a time, with standard error and interval.
    #[must_use]
    pub fn at(&self, t: f64, interval: Interval, level: f64) -> CurvePoint {
        let Some(k) = self.last(t) else {
            let bounds = interval.bounds(1.0, 0.0, level);
            return CurvePoint { time: t, estimate: 1.0, se: 0.0, bounds };
        };
        let s = self.survival[k];
        let se_log = self.log_variance[k].sqrt();
        let se = if s > 0.0 { s * se_log } else { 0.0 };
        CurvePoint { time: t, estimate: s, se, bounds: interval.bounds(s, se_log, level) }
    }

    /// The time by which a share `q` has ended (0.5: the median). Where the curve is flat at exactly
    /// 1 − q, the middle of that stretch.
    #[must_use]
    pub fn quantile(&self, q: f64, interval: Interval, level: f64) -> Quantile {
        let bounds: Vec<_> = (0..self.time.len())
            .map(|k| interval.bounds(self.survival[k], self.log_variance[k].sqrt(), level))
            .collect();
        let crossing = |value: &dyn Fn(usize) -> Option<f64>| self.crossing(1.0 - q, value);
        Quantile {
            estimate: crossing(&|k| Some(self.survival[k])),
            lower: crossing(&|k| bounds[k].map(|b| b.0)),
            upper: crossing(&|k| bounds[k].map(|b| b.1)),
        }
    }

    fn crossing(&self, target: f64, value: &dyn Fn(usize) -> Option<f64>) -> Option<f64> {
        const SAME: f64 = 1.5e-8;
        let n = self.time.len();
        let first = (0..n).find(|&k| value(k).is_some_and(|v| v <= target + SAME))?;
        let at = value(first)?;
        if (at - target).abs() < SAME
            && let Some(next) = (first + 1..n).find(|&k| value(k).is_some_and(|v| v < at))
        {
            return Some(0.5 * (self.time[first] + self.time[next]));
        }
        Some(self.time[first])
    }

    /// The mean time up to `tau` (the area under the curve from 0), and its standard error.
    ///
    /// # Errors
    /// `tau` not finite or not above 0.
    pub fn restricted_mean(&self, tau: f64) -> Result<(f64, f64), FitError> {
        if !(tau.is_finite() && tau > 0.0) {
            let why = format!("{tau} is not a time after the beginning");
            return Err(FitError::Setting { setting: "tau", why });
        }
        let n = self.time.partition_point(|&t| t <= tau);
        let mut area = 0.0;
        let mut variance = 0.0;
        let mut end = tau;
        // Backwards: `area` is what lies under the curve beyond time k.
        for k in (0..n).rev() {
            area += self.survival[k] * (end - self.time[k]);
            end = self.time[k];
            let (y, d) = (self.at_risk[k], self.events[k]);
            if d > 0.0 && self.survival[k] > 0.0 {
                variance += area * area * d / (y * (y - d));
            }
        }
        Ok((area + end, variance.sqrt()))
    }
}

/// The Nelson–Aalen estimate (1978) of the cumulative hazard of one cause, or of any.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NelsonAalen {
    /// Distinct exit times.
    pub time: Vec<f64>,
    /// The cumulative hazard just after each: Σ d/n.
    pub hazard: Vec<f64>,
    /// Its variance: Σ d/n².
    pub variance: Vec<f64>,
}

impl NelsonAalen {
    /// The cumulative hazard of `cause` (1, 2, …), or of any cause.
    ///
    /// # Errors
    /// An unknown cause, or weights that are not.
    pub fn new(
        outcome: &Outcome,
        cause: Option<u32>,
        weights: Option<&[f64]>,
    ) -> Result<Self, crate::Error> {
        let table = LifeTable::new(outcome, weights)?;
        let events = match cause {
            None => &table.events,
            Some(k) => (k as usize)
                .checked_sub(1)
                .and_then(|k| table.by_cause.get(k))
                .ok_or(FitError::UnknownCause { cause: k, causes: outcome.causes().len() })?,
        };
        let (mut h, mut v) = (0.0, 0.0);
        let steps = events.iter().zip(&table.at_risk).map(|(&d, &n)| {
            if d > 0.0 {
                h += d / n;
                v += d / (n * n);
            }
            (h, v)
        });
        let (hazard, variance) = steps.unzip();
        Ok(Self { time: table.time, hazard, variance })
    }

    /// The cumulative hazard at a time, and its standard error.
    #[must_use]
    pub fn at(&self, t: f64) -> (f64, f64) {
        let k = self.time.partition_point(|&time| time <= t).checked_sub(1);
        k.map_or((0.0, 0.0), |k| (self.hazard[k], self.variance[k].sqrt()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leukaemia() -> Outcome {
        // The maintained arm of R's `aml`: S worked by hand in every textbook.
        let time = vec![9., 13., 13., 18., 23., 28., 31., 34., 45., 48., 161.];
        let cause = vec![1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0];
        Outcome::new(None, time, cause, vec!["relapse".into()]).unwrap()
    }

    #[test]
    fn the_textbook_curve() {
        let km = KaplanMeier::new(&leukaemia(), None).unwrap();
        let s: Vec<f64> = [10. / 11., 9. / 10., 7. / 8., 6. / 7., 4. / 5., 3. / 4., 1. / 2.]
            .iter()
            .scan(1.0, |s, f| {
                *s *= f;
                Some(*s)
            })
            .collect();
        for (t, expected) in [9., 13., 18., 23., 31., 34., 48.].iter().zip(s) {
            assert!((km.survival_at(*t) - expected).abs() < 1e-15);
        }
        assert_eq!(km.survival_at(8.9), 1.0);
        assert_eq!(km.survival_before(9.0), 1.0);
        assert_eq!(km.quantile(0.5, Interval::Log, 0.95).estimate, Some(31.0));
    }

    #[test]
    fn every_interval_holds_its_estimate_and_stays_in_range() {
        use Interval::{Arcsin, Log, LogLog, Logit, Plain};
        for s in [0.001, 0.2, 0.5, 0.999] {
            for kind in [Arcsin, Log, LogLog, Logit, Plain] {
                let (lower, upper) = kind.bounds(s, 0.3, 0.95).unwrap();
                assert!(0.0 <= lower && lower < s && s < upper && upper <= 1.0, "{kind:?} {s}");
            }
        }
        assert_eq!(LogLog.bounds(1.0, 0.0, 0.95), None);
        assert_eq!(Log.bounds(0.0, f64::INFINITY, 0.95), None);
        assert_eq!(Plain.bounds(0.5, 0.1, 1.0), None);
    }

    #[test]
    fn the_restricted_mean_of_uncensored_times_is_their_mean() {
        let y = Outcome::new(None, vec![1., 2., 4., 9.], vec![1; 4], vec!["a".into()]).unwrap();
        let km = KaplanMeier::new(&y, None).unwrap();
        let (mean, se) = km.restricted_mean(9.0).unwrap();
        assert!((mean - 4.0).abs() < 1e-14);
        // The variance of a mean with divisor n.
        assert!((se - ((9. + 4. + 0. + 25.) / 4. / 4f64).sqrt()).abs() < 1e-14);
        assert!(km.restricted_mean(0.0).is_err());
    }
}
