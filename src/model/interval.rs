//! Confidence intervals of a probability.

use statrs::distribution::{ContinuousCDF, Normal};

/// The quantile of the standard normal that leaves (1 − `confidence`) / 2 on each side.
pub(crate) fn normal_quantile(confidence: f64) -> f64 {
    Normal::standard().inverse_cdf(0.5 + confidence / 2.0)
}

/// The interval of a probability on the complementary log-log scale, log(−log(1 − p)): it
/// respects 0 and 1. `None` at 0 and 1 themselves, where the scale ends.
pub(crate) fn cloglog(estimate: f64, variance: f64, z: f64) -> Option<(f64, f64)> {
    if !(estimate > 0.0 && estimate < 1.0 && variance >= 0.0) {
        return None;
    }
    let log_survival = (-estimate).ln_1p();
    let se = variance.sqrt() / ((1.0 - estimate) * -log_survival);
    let at = |z: f64| -f64::exp_m1(log_survival * (z * se).exp());
    let (lower, upper) = (at(-z), at(z));
    (lower.is_finite() && upper.is_finite()).then_some((lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_holds_the_estimate_and_stays_inside() {
        let z = normal_quantile(0.95);
        assert!((z - 1.959_963_984_540_054).abs() < 1e-9);
        // By hand: p = 0.3, se 0.05: θ = log(−log 0.7), se_θ = 0.05 / (0.7 · 0.35667494).
        let (lower, upper) = cloglog(0.3, 0.0025, z).unwrap();
        let theta = (-(0.7f64.ln())).ln();
        let se = 0.05 / (0.7 * -(0.7f64.ln()));
        assert!((lower - (1.0 - (-(theta - z * se).exp()).exp())).abs() < 1e-14);
        assert!((upper - (1.0 - (-(theta + z * se).exp()).exp())).abs() < 1e-14);
        let (lower, upper) = cloglog(0.001, 1.0, z).unwrap();
        assert!(lower >= 0.0 && upper <= 1.0);
        assert_eq!(cloglog(0.2, 0.0, z).unwrap(), cloglog(0.2, 0.0, 0.0).unwrap());
        assert_eq!(cloglog(0.0, 0.1, z), None);
        assert_eq!(cloglog(1.0, 0.1, z), None);
        assert_eq!(cloglog(0.5, f64::NAN, z), None);
    }
}
