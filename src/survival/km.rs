//! Kaplan–Meier and Nelson–Aalen curves, their intervals, quantiles and restricted means.

use super::logrank::check_cause;
use super::steps::{Counted, CurveStep, Steps};
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
/// let survival: Vec<f64> = km.steps().map(|step| step.value).collect();
/// assert_eq!(survival, [0.75, 0.75, 0.375, 0.0]);
/// assert_eq!(km.quantile(0.5, Interval::LogLog, 0.95).estimate, Some(3.0));
/// # Ok::<(), pleegzorg::survival::SampleError>(())
/// ```
///
/// It holds its times and counts, and sums up the rest when asked: 16 bytes a time (24 with weights),
/// so that a curve of millions of distinct times is not much larger than its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct KaplanMeier {
    steps: Steps,
}

/// The curve, and Greenwood's variance of its logarithm, after a time.
fn greenwood([s, v]: [f64; 2], n: f64, d: f64) -> [f64; 2] {
    if d > 0.0 {
        let left = (n - d).max(0.0);
        // Weights may leave crumbs where all are gone.
        let left = if left <= 1e-12 * n { 0.0 } else { left };
        [s * (left / n), v + d / (n * left)]
    } else {
        [s, v]
    }
}

impl KaplanMeier {
    /// The curve of an outcome: any cause is an event.
    ///
    /// # Errors
    /// Weights of another length, or not finite and above zero.
    pub fn new(outcome: &Outcome, weights: Option<&[f64]>) -> Result<Self, SampleError> {
        Ok(Self { steps: Steps::new(outcome, weights, Counted::Any, 1.0, greenwood)? })
    }

    /// The curve of the censoring: the probability of still being observed, had nothing happened.
    /// Who ends at a time is not at risk of being censored at it (events come first), as inverse
    /// probability weights want it.
    ///
    /// # Errors
    /// As [`KaplanMeier::new`].
    pub fn of_censoring(outcome: &Outcome, weights: Option<&[f64]>) -> Result<Self, SampleError> {
        Ok(Self { steps: Steps::new(outcome, weights, Counted::Censoring, 1.0, greenwood)? })
    }

    pub(crate) fn of(time: Vec<f64>, at_risk: &[f64], events: &[f64]) -> Self {
        Self { steps: Steps::of(time, at_risk, events, 1.0, greenwood) }
    }

    /// Distinct exit times, increasing.
    #[must_use]
    pub fn times(&self) -> &[f64] {
        self.steps.times()
    }

    /// What happens at each of the times, with the curve after it and the variance of its logarithm.
    pub fn steps(&self) -> impl Iterator<Item = CurveStep> {
        self.steps.all(greenwood)
    }

    /// The same for one of the times, counted from 0.
    #[must_use]
    pub fn step(&self, k: usize) -> Option<CurveStep> {
        self.steps.get(k, greenwood)
    }

    /// S(t); 1 before the first time, constant after the last.
    #[must_use]
    pub fn survival_at(&self, t: f64) -> f64 {
        self.steps.last(t, true, greenwood).map_or(1.0, |s| s.value)
    }

    /// S(t−), just before `t`.
    #[must_use]
    pub fn survival_before(&self, t: f64) -> f64 {
        self.steps.last(t, false, greenwood).map_or(1.0, |s| s.value)
    }

    /// The curve at a time, with standard error and interval.
    #[must_use]
    pub fn at(&self, t: f64, interval: Interval, level: f64) -> CurvePoint {
        let Some(step) = self.steps.last(t, true, greenwood) else {
            let bounds = interval.bounds(1.0, 0.0, level);
            return CurvePoint { time: t, estimate: 1.0, se: 0.0, bounds };
        };
        let (s, se_log) = (step.value, step.variance.sqrt());
        let se = if s > 0.0 { s * se_log } else { 0.0 };
        CurvePoint { time: t, estimate: s, se, bounds: interval.bounds(s, se_log, level) }
    }

    /// The time by which a share `q` has ended (0.5: the median). Where the curve is flat at exactly
    /// 1 − q, the middle of that stretch.
    #[must_use]
    pub fn quantile(&self, q: f64, interval: Interval, level: f64) -> Quantile {
        let mut estimate = Crossing::new(1.0 - q);
        let (mut lower, mut upper) = (estimate, estimate);
        for step in self.steps() {
            estimate.see(step.time, Some(step.value));
            if !(lower.done && upper.done) {
                let bounds = interval.bounds(step.value, step.variance.sqrt(), level);
                lower.see(step.time, bounds.map(|b| b.0));
                upper.see(step.time, bounds.map(|b| b.1));
            } else if estimate.done {
                break;
            }
        }
        let [estimate, lower, upper] = [estimate, lower, upper].map(|c| c.first.map(|f| f.0));
        Quantile { estimate, lower, upper }
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
        let n = self.times().partition_point(|&t| t <= tau);
        let mut area = 0.0;
        let mut variance = 0.0;
        let mut end = tau;
        // Backwards: `area` is what lies under the curve beyond a step.
        for step in self.steps.backwards(n, greenwood) {
            area += step.value * (end - step.time);
            end = step.time;
            let (y, d) = (step.at_risk, step.events);
            if d > 0.0 && step.value > 0.0 {
                variance += area * area * d / (y * (y - d));
            }
        }
        Ok((area + end, variance.sqrt()))
    }
}

/// Where a falling curve, read step by step, gets to a value.
#[derive(Debug, Clone, Copy)]
struct Crossing {
    target: f64,
    /// Its first time there (or the middle of the stretch on which it equals the target), and its
    /// value then.
    first: Option<(f64, f64)>,
    done: bool,
}

impl Crossing {
    /// Closer than this is equal.
    const SAME: f64 = 1.5e-8;

    fn new(target: f64) -> Self {
        Self { target, first: None, done: false }
    }

    fn see(&mut self, time: f64, value: Option<f64>) {
        let Some(value) = value.filter(|_| !self.done) else { return };
        match self.first {
            None if value <= self.target + Self::SAME => {
                self.first = Some((time, value));
                self.done = (value - self.target).abs() >= Self::SAME;
            }
            Some((first, at)) if value < at => {
                self.first = Some((0.5 * (first + time), at));
                self.done = true;
            }
            _ => {}
        }
    }
}

/// The Nelson–Aalen estimate (1978) of the cumulative hazard of one cause, or of any.
#[derive(Debug, Clone, PartialEq)]
pub struct NelsonAalen {
    steps: Steps,
}

/// The cumulative hazard Σ d/n, and its variance Σ d/n², after a time.
fn hazard([h, v]: [f64; 2], n: f64, d: f64) -> [f64; 2] {
    if d > 0.0 { [h + d / n, v + d / (n * n)] } else { [h, v] }
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
        check_cause(outcome, cause)?;
        let counted = cause.map_or(Counted::Any, Counted::Cause);
        Ok(Self { steps: Steps::new(outcome, weights, counted, 0.0, hazard)? })
    }

    /// Distinct exit times, increasing.
    #[must_use]
    pub fn times(&self) -> &[f64] {
        self.steps.times()
    }

    /// What happens at each of the times, with the cumulative hazard after it and its variance.
    pub fn steps(&self) -> impl Iterator<Item = CurveStep> {
        self.steps.all(hazard)
    }

    /// The cumulative hazard at a time, and its standard error.
    #[must_use]
    pub fn at(&self, t: f64) -> (f64, f64) {
        self.steps.last(t, true, hazard).map_or((0.0, 0.0), |s| (s.value, s.variance.sqrt()))
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
