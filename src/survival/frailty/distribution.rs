//! The two distributions: their penalties, what integrating them out adds, and what is left of a
//! hazard when the group is not known.

use serde::{Deserialize, Serialize};
use statrs::function::gamma::{digamma, ln_gamma};

/// How frailties are distributed over groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FrailtyDistribution {
    /// The frailty is gamma with mean 1.
    Gamma,
    /// The logarithm of the frailty is normal with mean 0.
    Lognormal,
}

impl std::fmt::Display for FrailtyDistribution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Gamma => "gamma",
            Self::Lognormal => "lognormal",
        })
    }
}

impl FrailtyDistribution {
    /// What log frailties take from the log likelihood.
    pub(super) fn penalty(self, theta: f64, w: &[f64]) -> f64 {
        match self {
            Self::Gamma => w.iter().map(|w| w.exp_m1() - w).sum::<f64>() / theta,
            Self::Lognormal => w.iter().map(|w| 0.5 * w * w).sum::<f64>() / theta,
        }
    }

    /// Its slope and curvature along one of them.
    pub(super) fn derivatives(self, theta: f64, w: f64) -> (f64, f64) {
        match self {
            Self::Gamma => (w.exp_m1() / theta, w.exp() / theta),
            Self::Lognormal => (w / theta, 1.0 / theta),
        }
    }

    /// Shifts all, which the likelihood does not notice, to where the penalty is least.
    pub(super) fn recentre(self, w: &mut [f64]) {
        let n = w.len() as f64;
        let shift = match self {
            Self::Gamma => (w.iter().map(|w| w.exp_m1()).sum::<f64>() / n).ln_1p(),
            Self::Lognormal => w.iter().sum::<f64>() / n,
        };
        if shift.is_finite() {
            for v in w {
                *v -= shift;
            }
        }
    }

    /// For a row of an unknown group: the cumulative hazard −ln E[e^(−Z·c)] and its derivative by c,
    /// E[Z e^(−Z·c)] / E[e^(−Z·c)], with c the cumulative hazard at frailty 1.
    pub(crate) fn marginal(self, theta: f64, c: f64) -> (f64, f64) {
        if theta <= 0.0 || c < 0.0 || !c.is_finite() {
            return (c, 1.0);
        }
        match self {
            Self::Gamma => ((theta * c).ln_1p() / theta, 1.0 / (1.0 + theta * c)),
            Self::Lognormal => lognormal(theta, c),
        }
    }
}

/// The integral over b of exp(−c e^b) with b normal, by the trapezoidal rule around the mode, which
/// is exact to rounding for a function that falls this fast on both sides.
fn lognormal(theta: f64, c: f64) -> (f64, f64) {
    const STEP: f64 = 0.125;
    const REACH: i32 = 80;
    let mode = mode(theta, c);
    let sd = (theta / (1.0 - mode)).sqrt();
    let exponent = |b: f64| -c * b.exp() - 0.5 * b * b / theta;
    let top = exponent(mode);
    let (mut sum, mut with) = (0.0, 0.0);
    for k in -REACH..=REACH {
        let b = mode + STEP * f64::from(k) * sd;
        let weight = (exponent(b) - top).exp();
        sum += weight;
        with += if weight > 0.0 { weight * b.exp() } else { 0.0 };
    }
    let ln = top + (sum * STEP * sd / (std::f64::consts::TAU * theta).sqrt()).ln();
    // Rounding may leave it a little below 0.
    ((-ln).max(0.0), with / sum)
}

/// The mode: b + θ c e^b = 0, a concave rising curve whose root Newton finds from below. Far down,
/// where it would take as many steps as b is large, on the scale of logarithms: −b + ln(−b) = ln θc.
fn mode(theta: f64, c: f64) -> f64 {
    let far = theta.ln() + c.ln();
    let mut mode = if far > 2.0 { far.ln() - far } else { -theta * c / (1.0 + theta * c) };
    for _ in 0..100 {
        let step = if far > 2.0 {
            (mode - (-mode).ln() + far) / (1.0 - 1.0 / mode)
        } else {
            let pull = theta * c * mode.exp();
            (mode + pull) / (1.0 + pull)
        };
        mode -= step;
        if step.abs() <= 1e-14 * (1.0 + mode.abs()) {
            break;
        }
    }
    mode
}

/// What integrating one gamma frailty out adds to the penalised partial likelihood:
/// d + ν ln ν − (ν + d) ln(ν + d) + ln Γ(ν + d) − ln Γ(ν), with d its events.
pub(super) fn gamma_correction(nu: f64, d: f64) -> f64 {
    let (whole, rest) = (d.floor(), d - d.floor());
    let mut ln = 0.0;
    if rest > 0.0 {
        ln += ln_gamma(nu + rest) - ln_gamma(nu) - rest * nu.ln();
    }
    let mut k = 0.0;
    while k < whole {
        ln += ((rest + k) / nu).ln_1p();
        k += 1.0;
    }
    d - (nu + d) * (d / nu).ln_1p() + ln
}

/// The derivative of the integrated likelihood by ν that one group adds, w being its log frailty.
pub(super) fn gamma_slope(nu: f64, d: f64, w: f64) -> f64 {
    let (whole, rest) = (d.floor(), d - d.floor());
    let mut sum = if rest > 0.0 { digamma(nu + rest) - digamma(nu) } else { 0.0 };
    let mut k = 0.0;
    while k < whole {
        sum += 1.0 / (nu + rest + k);
        k += 1.0;
    }
    w - (d / nu).ln_1p() + sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_solves_its_equation_however_far_it_is() {
        for theta in [1e-9, 0.3, 2.0, 1e6] {
            for c in [1e-300, 1e-3, 1.0, 7.3, 50.0, 1e9, 1e300] {
                let b = mode(theta, c);
                let pull = (f64::ln(theta) + f64::ln(c) + b).exp();
                assert!((b + pull).abs() <= 1e-11 * (1.0 + b.abs()), "{theta} {c}: {b}");
                let (hazard, with) = lognormal(theta, c);
                assert!(hazard >= 0.0 && hazard.is_finite() && with >= 0.0 && with.is_finite());
            }
        }
    }

    #[test]
    fn corrections_are_the_formula_and_their_slope_its_derivative() {
        for (nu, d) in [(0.7, 3.0), (2.0, 0.0), (5.5, 2.25), (40.0, 17.0)] {
            let plain =
                d + nu * f64::ln(nu) - (nu + d) * f64::ln(nu + d) + ln_gamma(nu + d) - ln_gamma(nu);
            assert!((gamma_correction(nu, d) - plain).abs() < 1e-11, "{nu} {d}");
            let step = 1e-5;
            let change = (gamma_correction(nu + step, d) - gamma_correction(nu - step, d)) / step;
            assert!((gamma_slope(nu, d, 0.0) - change / 2.0).abs() < 1e-8, "{nu} {d}");
        }
    }

    #[test]
    fn the_hazard_of_an_unknown_group_is_that_of_the_mixture() {
        // Log-normal: against Simpson's rule over a wide range.
        for (theta, c) in [(0.3, 0.5), (1.0, 2.0), (0.05, 10.0), (2.0, 30.0), (0.5, 0.0)] {
            let (mut p, mut q) = (0.0, 0.0);
            let n = 40_000;
            let width = 12.0 * f64::sqrt(theta);
            for k in 0..=n {
                let b = -width + 2.0 * width * f64::from(k) / f64::from(n);
                let weight = if k == 0 || k == n { 1.0 } else { f64::from(2 + 2 * (k % 2)) };
                let f = weight * (-0.5 * b * b / theta - c * b.exp()).exp();
                p += f;
                q += f * b.exp();
            }
            let factor = 2.0 * width / f64::from(n) / 3.0 / (std::f64::consts::TAU * theta).sqrt();
            let (hazard, slope) = FrailtyDistribution::Lognormal.marginal(theta, c);
            assert!((hazard + (p * factor).ln()).abs() < 1e-10, "{theta} {c}: {hazard}");
            assert!((slope - q / p).abs() < 1e-10, "{theta} {c}");
        }
        let (hazard, slope) = FrailtyDistribution::Gamma.marginal(0.5, 3.0);
        assert!((hazard - 2.0 * 2.5f64.ln()).abs() < 1e-15 && (slope - 0.4).abs() < 1e-15);
        assert_eq!(FrailtyDistribution::Gamma.marginal(0.0, 3.0), (3.0, 1.0));
    }

    #[test]
    fn shifting_brings_the_mean_where_it_belongs() {
        let mut w = vec![0.3, -1.0, 2.0];
        FrailtyDistribution::Gamma.recentre(&mut w);
        assert!((w.iter().map(|w| w.exp()).sum::<f64>() - 3.0).abs() < 1e-14);
        FrailtyDistribution::Lognormal.recentre(&mut w);
        assert!(w.iter().sum::<f64>().abs() < 1e-15);
    }
}
