//! Chi-square statistics.

use statrs::function::erf::erfc;
use statrs::function::gamma::gamma_ur;

use super::FitError;

/// A test statistic that follows a χ² distribution when nothing is going on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChiSquare {
    /// The statistic.
    pub chi2: f64,
    /// Degrees of freedom.
    pub df: f64,
    /// The chance of a value at least as large.
    pub p: f64,
}

/// With more degrees of freedom than this the tail is [`far`]'s, where the series of the incomplete
/// gamma function would take for ever.
const MANY: f64 = 1e6;

impl ChiSquare {
    /// A statistic with its degrees of freedom; rounding below zero counts as zero.
    ///
    /// # Errors
    /// A statistic that is no number, or degrees of freedom that are not finite or below 0.
    pub fn new(chi2: f64, df: f64) -> Result<Self, FitError> {
        if chi2.is_nan() {
            return Err(FitError::Setting { setting: "chi2", why: "is not a number".into() });
        }
        if !(df.is_finite() && df >= 0.0) {
            let why = format!("{df} is no number of degrees of freedom");
            return Err(FitError::Setting { setting: "df", why });
        }
        Ok(Self::of(chi2, df))
    }

    /// [`ChiSquare::new`] of numbers that were computed.
    pub(crate) fn of(chi2: f64, df: f64) -> Self {
        let chi2 = chi2.max(0.0);
        let p = if chi2 == 0.0 {
            1.0
        } else if !(df > 0.0 && chi2.is_finite()) {
            0.0
        } else if df > MANY {
            far(df / 2.0, chi2 / 2.0)
        } else {
            // With next to no degrees of freedom rounding leaves it a little below 0.
            gamma_ur(df / 2.0, chi2 / 2.0)
        };
        Self { chi2, df, p: p.clamp(0.0, 1.0) }
    }
}

/// The coefficients of η⁰, η¹, … in the first terms of Temme's expansion (1979; DLMF 8.12.7).
const FIRST: [f64; 8] = [
    -1.0 / 3.0,
    1.0 / 12.0,
    -2.0 / 135.0,
    1.0 / 864.0,
    1.0 / 2835.0,
    -139.0 / 777_600.0,
    1.0 / 25_515.0,
    -571.0 / 261_273_600.0,
];
const SECOND: [f64; 4] = [-1.0 / 540.0, -1.0 / 288.0, 1.0 / 378.0, -77.0 / 77_760.0];

/// The upper incomplete gamma function, Γ(a, x)/Γ(a), for large `a`: ½ erfc(η √(a/2)) and a sum in
/// powers of 1/a, with ½η² = μ − ln(1 + μ), μ = x/a − 1. Where the value is not 0 or 1 to rounding, η
/// is so small that a few powers of it are enough.
fn far(a: f64, x: f64) -> f64 {
    let mu = (x - a) / a;
    let half = less_its_logarithm(mu);
    let y = a * half;
    if y.is_nan() || y >= 800.0 {
        return if mu > 0.0 { 0.0 } else { 1.0 };
    }
    let eta = (2.0 * half).sqrt().copysign(mu);
    let power = |c: &[f64]| c.iter().rev().fold(0.0, |sum, c| sum * eta + c);
    let rest =
        (-y).exp() / (std::f64::consts::TAU * a).sqrt() * (power(&FIRST) + power(&SECOND) / a);
    0.5 * erfc(y.sqrt().copysign(mu)) + rest
}

/// μ − ln(1 + μ), also where the two are all but equal.
fn less_its_logarithm(mu: f64) -> f64 {
    if mu.abs() > 0.1 {
        return mu - mu.ln_1p();
    }
    // μ²/2 − μ³/3 + μ⁴/4 − …
    let sum = (2..20).rev().fold(0.0, |sum, k| 1.0 / f64::from(k) - mu * sum);
    mu * mu * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_degrees_of_freedom_meet() {
        assert!((ChiSquare::of(3.841_458_820_694_124, 1.0).p - 0.05).abs() < 1e-15);
        for z in [-6.0, -2.0, -0.3, 0.0, 0.5, 2.0, 6.0, 12.0] {
            let (a, x) = (5e5, 5e5 + z * 5e5_f64.sqrt());
            let (series, expansion) = (gamma_ur(a, x), far(a, x));
            assert!((series / expansion - 1.0).abs() < 1e-9, "{z}: {series} {expansion}");
        }
    }

    #[test]
    fn the_ends_have_answers() {
        for df in [1e-300, 0.5, 1e6, 1.1e6, 1e15, f64::MAX] {
            assert_eq!(ChiSquare::of(0.0, df).p, 1.0);
            assert_eq!(ChiSquare::of(f64::INFINITY, df).p, 0.0);
            assert!((0.0..=1.0).contains(&ChiSquare::of(f64::MAX, df).p));
            assert!((0.0..=1.0).contains(&ChiSquare::of(f64::MIN_POSITIVE, df).p));
        }
        assert_eq!((ChiSquare::of(1e6, 1e9).p, ChiSquare::of(1e12, 1e9).p), (1.0, 0.0));
        assert!((ChiSquare::of(1e300, 1e300).p - 0.5).abs() < 1e-12);
        for (chi2, df) in [(f64::NAN, 1.0), (1.0, f64::NAN), (1.0, f64::INFINITY), (1.0, -1.0)] {
            assert!(ChiSquare::new(chi2, df).is_err());
        }
        assert_eq!(ChiSquare::new(0.0, 0.0).unwrap().p, 1.0);
    }
}
