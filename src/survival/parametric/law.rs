//! The distributions: their hazards with derivatives, in the parameters that are reported.

use serde::{Deserialize, Serialize};

use super::gengamma;
use super::jet::Jet;
use super::location_scale::Error;
use super::series::one;
use super::spline::Spline;

/// A distribution of T given the linear predictor η, with parameters θ beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "law", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Law {
    /// ln T = η + ε, ε the smallest extreme value.
    Exponential {},
    /// ln T = η + σε; θ = (ln σ).
    Weibull {},
    /// ε normal.
    Lognormal {},
    /// ε logistic.
    Loglogistic {},
    /// ε of Prentice's law; θ = (ln σ, Q).
    Gengamma {},
    /// Hazard exp(η + at); θ = (a).
    Gompertz {},
    /// Hazard exp(η + θⱼ) over (cⱼ, cⱼ₊₁], with θ of the first piece 0.
    PiecewiseExponential {
        /// Where pieces meet.
        cuts: Vec<f64>,
    },
    /// Log cumulative hazard η + s(ln t), s a natural cubic spline.
    RoystonParmar(Spline),
}

impl Law {
    /// How many parameters there are beside η.
    pub(crate) fn q(&self) -> usize {
        match self {
            Self::Exponential {} => 0,
            Self::Weibull {} | Self::Lognormal {} | Self::Loglogistic {} => 1,
            Self::Gompertz {} => 1,
            Self::Gengamma {} => 2,
            Self::PiecewiseExponential { cuts } => cuts.len(),
            Self::RoystonParmar(spline) => spline.df(),
        }
    }

    /// Whether the first parameter is the logarithm of the scale, which is reported by itself.
    pub(crate) fn has_scale(&self) -> bool {
        use Law::{Gengamma, Loglogistic, Lognormal, Weibull};
        matches!(self, Weibull {} | Lognormal {} | Loglogistic {} | Gengamma {})
    }

    /// The names of the parameters beside η.
    pub(crate) fn names(&self) -> Vec<String> {
        let scale = || "(ln scale)".to_owned();
        match self {
            Self::Exponential {} => Vec::new(),
            Self::Weibull {} | Self::Lognormal {} | Self::Loglogistic {} => vec![scale()],
            Self::Gengamma {} => vec![scale(), "(q)".into()],
            Self::Gompertz {} => vec!["(shape)".into()],
            Self::PiecewiseExponential { cuts } => {
                // A quantile's last digits are noise.
                let short = |c: &f64| (c * 1e6).round() / 1e6;
                cuts.iter().map(|c| format!("(from {})", short(c))).collect()
            }
            Self::RoystonParmar(s) => (1..=s.df()).map(|k| format!("(spline {k})")).collect(),
        }
    }

    /// Whether a higher linear predictor means a longer time (else a higher hazard).
    pub(crate) fn longer(&self) -> bool {
        self.has_scale() || matches!(self, Self::Exponential {})
    }

    fn error(&self) -> Option<Error> {
        match self {
            Self::Exponential {} | Self::Weibull {} => Some(Error::Extreme),
            Self::Lognormal {} => Some(Error::Normal),
            Self::Loglogistic {} => Some(Error::Logistic),
            _ => None,
        }
    }

    /// Adds what an exit at t > 0 says: −H(t), and ln h(t) where it is an event.
    pub(crate) fn add_exit(&self, t: f64, eta: f64, theta: &[f64], event: bool, out: &mut Jet) {
        if event && matches!(self, Self::Gengamma {}) {
            // Together they are the density, for which nothing need be integrated.
            let (sigma, off) = (theta[0].exp(), t.ln() - eta);
            add_gengamma(out, 1.0, off, theta, gengamma::ln_density(off / sigma, theta[1]));
            out.value -= theta[0] + t.ln();
            out.theta[0] -= 1.0;
            return;
        }
        self.add_cumulative(t, eta, theta, -1.0, out);
        if event {
            self.add_ln_hazard(t, eta, theta, out);
        }
    }

    /// Adds `sign` times the cumulative hazard at t > 0.
    pub(crate) fn add_cumulative(&self, t: f64, eta: f64, theta: &[f64], sign: f64, out: &mut Jet) {
        match self {
            Self::Gengamma {} => {
                let d = gengamma::ln_survival((t.ln() - eta) * (-theta[0]).exp(), theta[1]);
                add_gengamma(out, -sign, t.ln() - eta, theta, d);
            }
            Self::Gompertz {} => {
                let [v, d, dd] = one(theta[0] * t);
                let rate = sign * eta.exp() * t;
                add_log_linear(out, rate * v, &[], 0);
                out.theta[0] += rate * t * d;
                out.eta_theta[0] += rate * t * d;
                out.theta2[0] += rate * t * t * dd;
            }
            Self::PiecewiseExponential { cuts } => {
                let mut begin = 0.0;
                for k in 0..=cuts.len() {
                    let end = cuts.get(k).map_or(t, |c| c.min(t));
                    let level = if k == 0 { 0.0 } else { theta[k - 1] };
                    let part = sign * (eta + level).exp() * (end - begin);
                    add_log_linear(out, part, &[], k);
                    if end >= t {
                        break;
                    }
                    begin = end;
                }
            }
            Self::RoystonParmar(spline) => {
                let mut basis = Vec::with_capacity(theta.len());
                spline.values(t.ln(), &mut basis);
                let s: f64 = basis.iter().zip(theta).map(|(b, g)| b * g).sum();
                add_log_linear(out, sign * (eta + s).exp(), &basis, 0);
            }
            _ => {
                let (Some(error), free) = (self.error(), self.has_scale()) else { return };
                let sigma = if free { theta[0].exp() } else { 1.0 };
                let z = (t.ln() - eta) / sigma;
                out.add_standardised(sign, z, sigma, free, error.cumulative(z));
            }
        }
    }

    /// Adds the logarithm of the hazard at t > 0; not finite where the parameters give none.
    pub(crate) fn add_ln_hazard(&self, t: f64, eta: f64, theta: &[f64], out: &mut Jet) {
        match self {
            Self::Gengamma {} => {
                let (sigma, off) = (theta[0].exp(), t.ln() - eta);
                let (g, s) = (
                    gengamma::ln_density(off / sigma, theta[1]),
                    gengamma::ln_survival(off / sigma, theta[1]),
                );
                let d = std::array::from_fn(|k| g[k] - s[k]);
                add_gengamma(out, 1.0, off, theta, d);
                out.value -= theta[0] + t.ln();
                out.theta[0] -= 1.0;
            }
            Self::Gompertz {} => {
                out.value += eta + theta[0] * t;
                out.eta += 1.0;
                out.theta[0] += t;
            }
            Self::PiecewiseExponential { cuts } => {
                let k = cuts.partition_point(|&c| c < t);
                out.value += eta + if k == 0 { 0.0 } else { theta[k - 1] };
                out.eta += 1.0;
                if k > 0 {
                    out.theta[k - 1] += 1.0;
                }
            }
            Self::RoystonParmar(spline) => {
                let (mut basis, mut slopes) = (Vec::new(), Vec::new());
                spline.values(t.ln(), &mut basis);
                spline.slopes(t.ln(), &mut slopes);
                let s: f64 = basis.iter().zip(theta).map(|(b, g)| b * g).sum();
                let slope: f64 = slopes.iter().zip(theta).map(|(b, g)| b * g).sum();
                out.value += eta + s + slope.ln() - t.ln();
                out.eta += 1.0;
                let q = theta.len();
                for i in 0..q {
                    out.theta[i] += basis[i] + slopes[i] / slope;
                    for j in 0..q {
                        out.theta2[i * q + j] -= slopes[i] * slopes[j] / (slope * slope);
                    }
                }
            }
            _ => {
                let (Some(error), free) = (self.error(), self.has_scale()) else { return };
                let sigma = if free { theta[0].exp() } else { 1.0 };
                let z = (t.ln() - eta) / sigma;
                out.add_standardised(1.0, z, sigma, free, error.ln_hazard(z));
                out.value -= t.ln();
                if free {
                    out.value -= theta[0];
                    out.theta[0] -= 1.0;
                }
            }
        }
    }
}

/// Adds a value exp(η + …) that moves with η, with θ by `basis`, and with the one parameter of
/// piece `piece` (0: none).
fn add_log_linear(out: &mut Jet, value: f64, basis: &[f64], piece: usize) {
    out.value += value;
    out.eta += value;
    out.eta2 += value;
    let q = out.theta.len();
    if piece > 0 {
        let k = piece - 1;
        out.theta[k] += value;
        out.eta_theta[k] += value;
        out.theta2[k * q + k] += value;
    }
    for (i, b) in basis.iter().enumerate() {
        out.theta[i] += value * b;
        out.eta_theta[i] += value * b;
        for (j, c) in basis.iter().enumerate() {
            out.theta2[i * q + j] += value * b * c;
        }
    }
}

/// Adds `sign·k(w, Q)` for w = off/σ, given its derivatives by w, Q, ww, wQ, QQ.
fn add_gengamma(out: &mut Jet, sign: f64, off: f64, theta: &[f64], d: [f64; 6]) {
    let sigma = theta[0].exp();
    let w = off / sigma;
    let [k, kw, kq, kww, kwq, kqq] = d.map(|v| sign * v);
    out.add_standardised(1.0, w, sigma, false, [k, kw, kww]);
    out.theta[0] -= w * kw;
    out.theta[1] += kq;
    out.eta_theta[0] += (w * kww + kw) / sigma;
    out.eta_theta[1] -= kwq / sigma;
    out.theta2[0] += w * (w * kww + kw);
    out.theta2[1] -= w * kwq;
    out.theta2[2] -= w * kwq;
    out.theta2[3] += kqq;
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn laws() -> Vec<(Law, Vec<f64>)> {
        let spline = Spline::new(vec![0.1, 0.9, 1.7, 2.4]);
        vec![
            (Law::Exponential {}, vec![]),
            (Law::Weibull {}, vec![-0.3]),
            (Law::Lognormal {}, vec![0.2]),
            (Law::Loglogistic {}, vec![-0.5]),
            (Law::Gengamma {}, vec![-0.2, 0.6]),
            (Law::Gengamma {}, vec![0.1, -0.4]),
            (Law::Gompertz {}, vec![0.08]),
            (Law::Gompertz {}, vec![-0.3]),
            (Law::PiecewiseExponential { cuts: vec![1.0, 4.0] }, vec![0.4, -0.7]),
            (Law::RoystonParmar(spline), vec![1.2, 0.05, -0.1]),
        ]
    }

    /// The derivatives of every law against differences, and the hazard against the slope of the
    /// cumulative hazard in time.
    #[test]
    fn derivatives_are_slopes_and_the_hazard_is_that_of_the_cumulative_one() {
        let h = 1e-5;
        for (law, theta) in laws() {
            let q = law.q();
            assert_eq!((theta.len(), law.names().len()), (q, q));
            let cumulative = |t: f64, eta: f64, theta: &[f64]| {
                let mut j = Jet::new(q);
                law.add_cumulative(t, eta, theta, 1.0, &mut j);
                j
            };
            let hazard = |t: f64, eta: f64, theta: &[f64]| {
                let mut j = Jet::new(q);
                law.add_ln_hazard(t, eta, theta, &mut j);
                j
            };
            for t in [0.3, 1.7, 3.0, 9.0] {
                let eta = if law.longer() { 0.8 } else { -1.6 };
                let slope = (cumulative(t + h, eta, &theta).value
                    - cumulative(t - h, eta, &theta).value)
                    / (2.0 * h);
                let ln = hazard(t, eta, &theta).value;
                assert!((slope.ln() - ln).abs() < 1e-7, "{law:?} {t}: {slope} {}", ln.exp());
                let kinds: [&dyn Fn(f64, f64, &[f64]) -> Jet; 2] = [&cumulative, &hazard];
                for f in kinds {
                    let at = f(t, eta, &theta);
                    let check = |slope: f64, value: f64| {
                        let off = (slope - value).abs() / value.abs().max(1.0);
                        assert!(off < 1e-7, "{law:?} {t}: {slope} {value}");
                    };
                    let (up, down) = (f(t, eta + h, &theta), f(t, eta - h, &theta));
                    check((up.value - down.value) / (2.0 * h), at.eta);
                    check((up.eta - down.eta) / (2.0 * h), at.eta2);
                    for k in 0..q {
                        check((up.theta[k] - down.theta[k]) / (2.0 * h), at.eta_theta[k]);
                        let moved = |by: f64| {
                            let mut theta = theta.clone();
                            theta[k] += by;
                            f(t, eta, &theta)
                        };
                        let (up, down) = (moved(h), moved(-h));
                        check((up.value - down.value) / (2.0 * h), at.theta[k]);
                        for l in 0..q {
                            let slope = (up.theta[l] - down.theta[l]) / (2.0 * h);
                            check(slope, at.theta2[k * q + l]);
                        }
                    }
                }
            }
        }
    }
}
