//! The variance of the frailties: where the likelihood without them is highest.

use ndarray::Array1;

use super::climb::{At, Climb, Top};
use super::curvature::Errors;
use super::distribution::{FrailtyDistribution, gamma_correction, gamma_slope};
use crate::survival::linalg::Cholesky;
use crate::survival::{CoxFit, FitError};

/// A variance below this is none, and one above says that groups have nothing in common.
const LEAST: f64 = 1e-8;
const MOST: f64 = 1e4;
/// Where the likelihood falls from 0 on, it may still rise later: variances that are tried.
const TRIED: [f64; 2] = [0.1, 1.0];

/// The search for a variance; every maximum is the start of the next.
pub(super) struct Profile<'a> {
    pub(super) climb: Climb<'a>,
    pub(super) searches: usize,
    /// Steps of all searches.
    pub(super) steps: usize,
    /// Where all frailties are 0.
    null: At,
    null_integrated: f64,
    /// The slope by the variance there, up to a factor above zero.
    edge: f64,
    last: Option<(Vec<f64>, Array1<f64>)>,
}

/// The fit for one variance.
pub(super) struct Found {
    pub(super) log_frailty: Vec<f64>,
    pub(super) beta: Array1<f64>,
    pub(super) partial: f64,
    pub(super) integrated: f64,
    pub(super) errors: Errors,
    /// The slope by the variance, up to a factor above zero.
    slope: f64,
    pub(super) converged: bool,
}

impl<'a> Profile<'a> {
    pub(super) fn new(mut climb: Climb<'a>, plain: &CoxFit) -> Result<Self, FitError> {
        let lost = || FitError::Start { why: "the linear predictors are too far apart".into() };
        let beta = Array1::from_shape_fn(plain.coef.len(), |j| plain.coef[j] * climb.scale()[j]);
        let none = vec![0.0; climb.events.len()];
        let null = climb.at(0.0, none, beta).ok_or_else(lost)?;
        let parts = climb.parts(&null).ok_or_else(lost)?;
        let residual = &null.slope[..climb.events.len()];
        let (null_integrated, edge) = match climb.distribution {
            FrailtyDistribution::Gamma => {
                let each = residual.iter().zip(&climb.events);
                (null.partial, each.map(|(r, d)| r * r - d).sum())
            }
            FrailtyDistribution::Lognormal => {
                let coef = Cholesky::new(&parts.coef, 1e-14);
                let inverse = coef.inverse();
                let each = (0..residual.len()).map(|g| {
                    let c = parts.cross.row(g);
                    residual[g] * residual[g] - parts.own[g] + c.dot(&inverse.dot(&c))
                });
                (null.partial - 0.5 * coef.ln_det(), each.sum())
            }
        };
        Ok(Self { climb, searches: 0, steps: 0, null, null_integrated, edge, last: None })
    }

    /// The likelihood without frailties, as [`Found::integrated`] measures it.
    pub(super) fn null_integrated(&self) -> f64 {
        self.null_integrated
    }

    /// The fit for a variance above zero.
    pub(super) fn at(&mut self, theta: f64) -> Result<Found, FitError> {
        self.searches += 1;
        let (w, beta) =
            self.last.clone().unwrap_or_else(|| (self.null.w.clone(), self.null.beta.clone()));
        let top = self.climb.top(theta, w, beta)?;
        self.steps += top.steps;
        self.last = Some((top.at.w.clone(), top.at.beta.clone()));
        Ok(self.found(theta, top))
    }

    /// Errors from the whole curvature, where they can be had.
    pub(super) fn exact_errors(
        &mut self,
        theta: f64,
        w: &[f64],
        beta: &Array1<f64>,
    ) -> Option<Errors> {
        let at = self.climb.at(theta, w.to_vec(), beta.clone())?;
        self.climb.exact_errors(theta, &at)
    }

    fn found(&self, theta: f64, top: Top) -> Found {
        let Top { at, curvature, converged, .. } = top;
        let distribution = self.climb.distribution;
        let errors = curvature.errors(|g| distribution.derivatives(theta, at.w[g]).1);
        let groups = at.w.len() as f64;
        let (integrated, slope) = match distribution {
            FrailtyDistribution::Gamma => {
                let nu = 1.0 / theta;
                let pairs = || self.climb.events.iter().zip(&at.w);
                let added: f64 = pairs().map(|(d, w)| nu * w + gamma_correction(nu, *d)).sum();
                let slope: f64 = pairs().map(|(d, w)| gamma_slope(nu, *d, *w)).sum();
                (at.partial + added, -slope)
            }
            FrailtyDistribution::Lognormal => {
                let squares: f64 = at.w.iter().map(|w| w * w).sum();
                let trace: f64 = errors.groups.iter().sum();
                let ln_det: f64 = curvature.own.iter().map(|a| (theta * a).ln()).sum();
                let integrated = at.partial - 0.5 * (squares / theta + ln_det + curvature.ln_det);
                (integrated, (squares + trace) / (groups * theta) - 1.0)
            }
        };
        let (log_frailty, beta, partial) = (at.w, at.beta, at.partial);
        Found { log_frailty, beta, partial, integrated, errors, slope, converged }
    }

    /// The variance with the highest likelihood; 0 where any more is less.
    pub(super) fn estimate(&mut self) -> Result<f64, FitError> {
        let mut low = if self.edge > 0.0 { Some((LEAST.ln(), f64::NAN)) } else { None };
        if low.is_none() {
            for theta in TRIED {
                let slope = self.at(theta)?.slope;
                if slope > 0.0 {
                    low = Some((theta.ln(), slope));
                    break;
                }
            }
        }
        let Some(mut low) = low else { return Ok(0.0) };
        let mut high = (f64::max(0.5f64.ln(), low.0), low.1);
        if high.1.is_nan() {
            high.1 = self.at(high.0.exp())?.slope;
        }
        while high.1 > 0.0 {
            low = high;
            high.0 += 1.5;
            if high.0 > MOST.ln() {
                let why = "its variance has no bounds: groups have nothing in common".into();
                return Err(FitError::NotApplicable { method: "a shared frailty", why });
            }
            high.1 = self.at(high.0.exp())?.slope;
        }
        while low.1.is_nan() || low.1 <= 0.0 {
            let at = high.0 - 2.0;
            if at < LEAST.ln() {
                return Ok(0.0);
            }
            let slope = self.at(at.exp())?.slope;
            if slope > 0.0 {
                low = (at, slope);
            } else {
                high = (at, slope);
            }
        }
        let theta = self.root(low, high)?.exp();
        // From the edge on it fell: what was found further on must be better than none.
        if self.edge <= 0.0 && self.at(theta)?.integrated <= self.null_integrated {
            return Ok(0.0);
        }
        Ok(theta)
    }

    /// Where the slope is zero between two points (Chandrupatla 1997).
    fn root(&mut self, low: (f64, f64), high: (f64, f64)) -> Result<f64, FitError> {
        let (mut b, mut a) = (low, high);
        let mut share = 0.5;
        for _ in 0..100 {
            let x = a.0 + share * (b.0 - a.0);
            let now = (x, self.at(x.exp())?.slope);
            let c = if (now.1 > 0.0) == (a.1 > 0.0) { a } else { std::mem::replace(&mut b, a) };
            a = now;
            let best = if a.1.abs() < b.1.abs() { a } else { b };
            let width = (b.0 - a.0).abs();
            let tolerance = 1e-12 + 4.0 * f64::EPSILON * best.0.abs();
            if best.1 == 0.0 || width <= tolerance {
                return Ok(best.0);
            }
            let xi = (a.0 - b.0) / (c.0 - b.0);
            let phi = (a.1 - b.1) / (c.1 - b.1);
            let inverse = phi * phi < xi && (1.0 - phi) * (1.0 - phi) < 1.0 - xi;
            share = if inverse {
                a.1 / (b.1 - a.1) * (c.1 / (b.1 - c.1))
                    + (c.0 - a.0) / (b.0 - a.0) * (a.1 / (c.1 - a.1)) * (b.1 / (c.1 - b.1))
            } else {
                0.5
            };
            let edge = (tolerance / width).min(0.5);
            share = share.clamp(edge, 1.0 - edge);
        }
        Ok(a.0)
    }
}
