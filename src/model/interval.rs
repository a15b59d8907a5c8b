//! Confidence intervals of a probability.

use crate::survival::Interval;

/// The interval of a probability on the complementary log-log scale, log(−log(1 − p)): it
/// respects 0 and 1. It is the log-log interval of 1 − p. `None` at 0 and 1 themselves, where the
/// scale ends.
pub(crate) fn cloglog(estimate: f64, variance: f64, confidence: f64) -> Option<(f64, f64)> {
    if !(estimate > 0.0 && estimate < 1.0 && variance >= 0.0) {
        return None;
    }
    let rest = 1.0 - estimate;
    let (lower, upper) = Interval::LogLog.bounds(rest, variance.sqrt() / rest, confidence)?;
    Some((1.0 - upper, 1.0 - lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_holds_the_estimate_and_stays_inside() {
        let z = 1.959_963_984_540_054;
        // By hand: p = 0.3, se 0.05: θ = log(−log 0.7), se_θ = 0.05 / (0.7 · 0.35667494).
        let (lower, upper) = cloglog(0.3, 0.0025, 0.95).unwrap();
        let theta = (-(0.7f64.ln())).ln();
        let se = 0.05 / (0.7 * -(0.7f64.ln()));
        assert!((lower - (1.0 - (-(theta - z * se).exp()).exp())).abs() < 1e-12);
        assert!((upper - (1.0 - (-(theta + z * se).exp()).exp())).abs() < 1e-12);
        let (lower, upper) = cloglog(0.001, 1.0, 0.95).unwrap();
        assert!(lower >= 0.0 && upper <= 1.0);
        let (lower, upper) = cloglog(0.2, 0.0, 0.95).unwrap();
        assert!((lower - 0.2).abs() < 1e-15 && (upper - 0.2).abs() < 1e-15);
        assert_eq!(cloglog(0.0, 0.1, 0.95), None);
        assert_eq!(cloglog(1.0, 0.1, 0.95), None);
        assert_eq!(cloglog(0.5, f64::NAN, 0.95), None);
    }
}
