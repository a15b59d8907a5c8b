//! Confidence intervals of a probability.

use crate::survival::km::normal_quantile;

/// The interval of a probability on the complementary log-log scale, log(−log(1 − p)): it
/// respects 0 and 1. It is the log-log interval of 1 − p, computed so that the smallest
/// probabilities keep their digits. `None` at 0 and 1 themselves, where the scale ends.
pub(crate) fn cloglog(estimate: f64, variance: f64, confidence: f64) -> Option<(f64, f64)> {
    if !(estimate > 0.0 && estimate < 1.0 && variance >= 0.0) {
        return None;
    }
    // p = 1 − exp(−H).
    let hazard = -(-estimate).ln_1p();
    let half = normal_quantile(confidence)? * variance.sqrt() / ((1.0 - estimate) * hazard);
    let bound = |by: f64| -(-hazard * by.exp()).exp_m1();
    let (lower, upper) = (bound(-half), bound(half));
    // Rounding may not push a bound past the estimate.
    (half.is_finite()).then(|| (lower.min(estimate), upper.max(estimate)))
}

/// The same for a mean over trees, whose spread does not shrink with the mean: where that spread is
/// more than the mean itself, the scale says nothing of what lies above, and the upper bound is the
/// one on the plain scale.
pub(crate) fn of_trees(estimate: f64, variance: f64, confidence: f64) -> Option<(f64, f64)> {
    let (lower, upper) = cloglog(estimate, variance, confidence)?;
    if variance.sqrt() <= estimate {
        return Some((lower, upper));
    }
    let plain = estimate + normal_quantile(confidence)? * variance.sqrt();
    Some((lower, upper.min(plain).min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_mean_of_trees_is_not_said_to_be_anything() {
        assert_eq!(of_trees(0.2, 0.01, 0.95), cloglog(0.2, 0.01, 0.95));
        let (lower, upper) = of_trees(0.004, 0.0009, 0.95).unwrap();
        assert!(cloglog(0.004, 0.0009, 0.95).unwrap().1 > 0.99);
        assert!(0.0 < lower && (upper - (0.004 + 1.959_964 * 0.03)).abs() < 1e-6);
        assert_eq!(of_trees(0.0, 0.1, 0.95), None);
    }

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
        let (lower, upper) = cloglog(1e-17, 1e-36, 0.95).unwrap();
        assert!(5e-18 < lower && lower < 1e-17 && 1e-17 < upper && upper < 2e-17);
        assert_eq!(cloglog(0.0, 0.1, 0.95), None);
        assert_eq!(cloglog(1.0, 0.1, 0.95), None);
        assert_eq!(cloglog(0.5, f64::NAN, 0.95), None);
    }
}
