//! What is known beforehand: Gaussian priors of single terms, and ridge.
//!
//! A prior with mean m and standard deviation s takes (β − m)²/(2s²) from the log likelihood; the
//! estimate is the mode of the posterior (Greenland 2007, "Prior data for non-normal priors"). Ridge
//! (Verweij & van Houwelingen 1994; R's `ridge(theta =, scale = FALSE)`) is the prior with mean 0
//! and precision θ for every term that has none of its own.

use ndarray::{Array1, Array2};

use super::FitError;
use super::linalg::symmetrise;
use super::newton::Point;

/// What is known of a term's log hazard ratio before the data are seen: a normal distribution.
#[derive(Debug, Clone, PartialEq)]
pub struct Prior {
    /// The term.
    pub term: String,
    /// Its expected log hazard ratio per unit.
    pub mean: f64,
    /// The standard deviation of that expectation.
    pub sd: f64,
}

impl Prior {
    /// A prior for a term, by its name.
    #[must_use]
    pub fn new(term: &str, mean: f64, sd: f64) -> Self {
        Self { term: term.to_owned(), mean, sd }
    }
}

/// What a penalised fit has beside the usual.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Penalised {
    /// What the penalty takes from the log likelihood at the estimate.
    pub penalty: f64,
    /// Effective degrees of freedom: the trace of the penalised inverse times the information
    /// (Gray 1992). The number of terms without a penalty, and less the stronger it is.
    pub df: f64,
    /// The covariance of the estimates over repeated samples, bias aside: H⁻¹ I H⁻¹ (R's `var2`).
    /// The model's own covariance is H⁻¹, that of the posterior.
    pub sampling_covariance: Array2<f64>,
    /// Precision of each term, in scaled columns; 0 without prior.
    pub(super) precision: Vec<f64>,
}

/// The penalty in the layout's scaled columns.
#[derive(Debug, Clone)]
pub(super) struct Penalty {
    pub(super) precision: Vec<f64>,
    mean: Vec<f64>,
}

impl Penalty {
    /// The penalty of these priors, and of `ridge` for all other terms, on columns that were divided
    /// by `scale`; `None` without any.
    pub(super) fn new(
        priors: &[Prior],
        ridge: f64,
        names: &[String],
        scale: &[f64],
    ) -> Result<Option<Self>, FitError> {
        let wrong = |why: String| FitError::Setting { setting: "prior", why };
        if !(ridge.is_finite() && ridge >= 0.0) {
            let why = "must be a finite number that is not below zero".into();
            return Err(FitError::Setting { setting: "ridge", why });
        }
        if priors.is_empty() && ridge == 0.0 {
            return Ok(None);
        }
        let p = names.len();
        let mut precision = vec![ridge; p];
        let mut mean = vec![0.0; p];
        let mut seen = vec![false; p];
        for prior in priors {
            let Some(j) = names.iter().position(|n| *n == prior.term) else {
                let near = crate::history::nearest(&prior.term, names.iter().map(String::as_str));
                let hint = near.map_or_else(String::new, |n| format!("; did you mean {n:?}?"));
                return Err(wrong(format!("there is no term {:?}{hint}", prior.term)));
            };
            let usable = prior.mean.is_finite() && prior.sd.is_finite() && prior.sd > 0.0;
            if !usable {
                let why = format!("{}: a finite mean and a sd above zero are needed", prior.term);
                return Err(wrong(why));
            }
            if std::mem::replace(&mut seen[j], true) {
                return Err(wrong(format!("{} has two", prior.term)));
            }
            precision[j] = 1.0 / prior.sd / prior.sd;
            mean[j] = prior.mean;
        }
        for j in 0..p {
            precision[j] = precision[j] / scale[j] / scale[j];
            mean[j] *= scale[j];
            if !(precision[j].is_finite() && mean[j].is_finite()) {
                return Err(FitError::Range { term: names[j].clone() });
            }
        }
        Ok(Some(Self { precision, mean }))
    }

    /// Σ precision (β − mean)² / 2.
    pub(super) fn value(&self, beta: &Array1<f64>) -> f64 {
        let each = self.precision.iter().zip(&self.mean).zip(beta);
        each.map(|((k, m), b)| 0.5 * k * (b - m) * (b - m)).sum()
    }

    /// Takes the penalty from a log likelihood with its slope and curvature.
    pub(super) fn apply(&self, point: &mut Point, beta: &Array1<f64>) {
        point.loglik -= self.value(beta);
        for j in 0..beta.len() {
            point.score[j] -= self.precision[j] * (beta[j] - self.mean[j]);
            point.information[[j, j]] += self.precision[j];
        }
    }

    /// What the fit says of it, from the penalised curvature at the estimate and its inverse.
    pub(super) fn report(
        &self,
        beta: &Array1<f64>,
        point: &Point,
        inverse: &Array2<f64>,
        scale: &[f64],
        active: &[bool],
    ) -> Penalised {
        let p = beta.len();
        let mut information = point.information.clone();
        for j in (0..p).filter(|&j| active[j]) {
            information[[j, j]] -= self.precision[j];
        }
        let share = inverse.dot(&information);
        let mut sampling = share.dot(inverse);
        symmetrise(&mut sampling);
        for ((i, j), v) in sampling.indexed_iter_mut() {
            *v = *v / scale[i] / scale[j];
        }
        Penalised {
            penalty: self.value(beta),
            df: share.diag().sum(),
            sampling_covariance: sampling,
            precision: self.precision.clone(),
        }
    }

    /// Whether a term has a prior.
    pub(super) fn holds(&self, j: usize) -> bool {
        self.precision[j] > 0.0
    }
}
