//! What a parametric fit has to say.

use ndarray::{Array1, Array2, ArrayView1};

use super::jet::Jet;
use super::law::Law;
use super::objective::Objective;
use super::spline::Turned;
use super::{Distribution, out_of_range};
use crate::survival::{
    ChiSquare, Concordance, ConcordanceOptions, FitError, FitWarning, Sample, concordance, fitted,
};

/// A fitted parametric model. Its parameters are the intercept, the terms, and those of the
/// distribution. Terms keep their place: one that could not be estimated has coefficient 0 and
/// zero variance, and a warning names it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ParametricFit {
    /// The distribution that was asked for.
    pub distribution: Distribution,
    /// Names of the terms.
    pub names: Vec<String>,
    /// Names of all parameters: `(intercept)`, the terms, and the distribution's own: `(ln scale)`,
    /// `(q)`, `(shape)`, `(from c)`: the log hazard of a later piece less that of the first,
    /// `(spline k)`.
    pub parameters: Vec<String>,
    /// Their values.
    pub coef: Array1<f64>,
    /// Which of them could be estimated.
    pub estimated: Vec<bool>,
    /// Their model-based covariance: the inverse of the observed information.
    pub covariance: Array2<f64>,
    /// Their sandwich covariance, by row, by cluster, or by two clusterings, where asked.
    pub robust_covariance: Option<Array2<f64>>,
    /// σ, for distributions that have a scale.
    pub scale: Option<f64>,
    /// The log likelihood without terms, and at the estimate.
    pub loglik: [f64; 2],
    /// Newton steps from the model without terms.
    pub iterations: usize,
    /// Whether the maximum was reached; not where a coefficient runs to infinity.
    pub converged: bool,
    /// Twice the gain in log likelihood by the terms.
    pub likelihood_ratio: ChiSquare,
    /// β′V⁻¹β of the terms, with the robust covariance where there is one.
    pub wald: ChiSquare,
    /// The score test of all terms being zero.
    pub score: ChiSquare,
    /// Rows of the sample.
    pub n: usize,
    /// Rows that ended by the cause.
    pub events: usize,
    /// The cause that was fitted.
    pub cause: u32,
    /// What the reader must know.
    pub warnings: Vec<FitWarning>,
    law: Law,
    /// How the spline's functions were combined while fitting.
    turned: Option<Turned>,
    /// Parameters and covariance of the centred and scaled columns, for which nothing overflows.
    b: Array1<f64>,
    inverse: Array2<f64>,
    robust: Option<Array2<f64>>,
    centre: Vec<f64>,
    width: Vec<f64>,
    offset_centre: f64,
}

/// What a search hands over.
pub(super) struct Found<'f, 'a> {
    pub(super) objective: &'f Objective<'a>,
    pub(super) b: Array1<f64>,
    pub(super) inverse: Array2<f64>,
    pub(super) active: Vec<bool>,
    pub(super) loglik: [f64; 2],
    pub(super) iterations: usize,
    pub(super) converged: bool,
    pub(super) tests: [ChiSquare; 3],
    pub(super) events: usize,
    pub(super) cause: u32,
    pub(super) warnings: Vec<FitWarning>,
    pub(super) distribution: Distribution,
}

impl ParametricFit {
    pub(super) fn new(found: Found) -> Result<Self, FitError> {
        let o = found.objective;
        let names = o.sample.names().to_vec();
        let mut parameters = vec!["(intercept)".to_owned()];
        parameters.extend(names.iter().cloned());
        parameters.extend(o.law.names());
        let size = o.size();
        let [likelihood_ratio, wald, score] = found.tests;
        let mut fit = Self {
            distribution: found.distribution,
            scale: o.law.has_scale().then(|| found.b[o.theta().start].exp()),
            n: o.sample.len(),
            names,
            parameters,
            coef: Array1::zeros(size),
            estimated: found.active,
            covariance: Array2::zeros((size, size)),
            robust_covariance: None,
            loglik: found.loglik,
            iterations: found.iterations,
            converged: found.converged,
            likelihood_ratio,
            wald,
            score,
            events: found.events,
            cause: found.cause,
            warnings: found.warnings,
            law: o.law.clone(),
            turned: None,
            b: found.b,
            inverse: found.inverse,
            robust: None,
            centre: o.columns.centre.clone(),
            width: o.columns.scale.clone(),
            offset_centre: o.offset_centre,
        };
        if let Law::RoystonParmar(spline) = &mut fit.law {
            fit.turned = spline.turned.take();
        }
        let zero = Array1::zeros(o.p());
        (fit.coef, fit.covariance) = fit.at(zero.view(), &fit.inverse);
        let diagonal = fit.covariance.diag();
        if fit.coef.iter().chain(&diagonal).all(|v| v.is_finite()) {
            return Ok(fit);
        }
        Err(out_of_range(o.sample))
    }

    pub(super) fn inverse(&self) -> &Array2<f64> {
        &self.inverse
    }

    pub(super) fn set_robust(&mut self, v: Array2<f64>) -> Result<(), FitError> {
        let zero = Array1::zeros(self.names.len());
        let (_, covariance) = self.at(zero.view(), &v);
        if let Some(j) = covariance.diag().iter().position(|v| !v.is_finite()) {
            return Err(FitError::Range { term: self.parameters[j].clone() });
        }
        self.robust_covariance = Some(covariance);
        self.robust = Some(v);
        Ok(())
    }

    /// The parameters, with a covariance of the scaled ones, for columns less `reference`.
    fn at(&self, reference: ArrayView1<f64>, v: &Array2<f64>) -> (Array1<f64>, Array2<f64>) {
        let (p, size) = (self.names.len(), self.b.len());
        let q = size - 1 - p;
        let mut turn: Array2<f64> = Array2::zeros((size, size));
        turn[[0, 0]] = 1.0;
        for j in 0..p {
            turn[[1 + j, 1 + j]] = 1.0 / self.width[j];
            turn[[0, 1 + j]] = (reference[j] - self.centre[j]) / self.width[j];
        }
        let own = |k: usize| 1 + p + k;
        match &self.turned {
            Some(t) => {
                for k in 0..q {
                    for l in 0..q {
                        turn[[own(l), own(k)]] = t.combine[k][l];
                        turn[[0, own(k)]] -= t.combine[k][l] * t.centre[l];
                    }
                }
            }
            None => (0..q).for_each(|k| turn[[own(k), own(k)]] = 1.0),
        }
        let mut coef = turn.dot(&self.b);
        coef[0] -= self.offset_centre;
        let mut covariance = turn.dot(v).dot(&turn.t());
        crate::survival::linalg::symmetrise(&mut covariance);
        (coef, covariance)
    }

    /// The law, with the parameters and a covariance for columns less `reference`: the robust one
    /// where there is one and it is wanted.
    pub(crate) fn centred(
        &self,
        reference: ArrayView1<f64>,
        robust: bool,
    ) -> (Law, Array1<f64>, Array2<f64>) {
        let v = self.robust.as_ref().filter(|_| robust).unwrap_or(&self.inverse);
        let (coef, v) = self.at(reference, v);
        (self.law.clone(), coef, v)
    }

    /// Standard errors from the model, by parameter.
    #[must_use]
    pub fn se(&self) -> Array1<f64> {
        fitted::roots(&self.covariance)
    }

    /// Standard errors from the sandwich, where asked for.
    #[must_use]
    pub fn robust_se(&self) -> Option<Array1<f64>> {
        self.robust_covariance.as_ref().map(fitted::roots)
    }

    /// The covariance to draw conclusions from: the robust one where there is one.
    #[must_use]
    pub fn best_covariance(&self) -> &Array2<f64> {
        self.robust_covariance.as_ref().unwrap_or(&self.covariance)
    }

    /// The cuts of a piecewise model, or the knots of a spline on the scale of log time, the
    /// boundary included; empty for other distributions.
    #[must_use]
    pub fn knots(&self) -> &[f64] {
        match &self.law {
            Law::PiecewiseExponential { cuts } => cuts,
            Law::RoystonParmar(spline) => &spline.knots,
            _ => &[],
        }
    }

    /// The intercept, x′β and the offset, for each row of a sample with the same columns.
    ///
    /// # Errors
    /// Another number of columns.
    pub fn linear_predictors(&self, sample: &Sample) -> Result<Array1<f64>, FitError> {
        let beta = Array1::from_shape_fn(self.names.len(), |j| self.coef[1 + j]);
        Ok(fitted::linear_predictors(sample, &beta)? + self.coef[0])
    }

    /// The cumulative hazard of the cause at `times` for covariates `x` and an offset, each with its
    /// standard error by the delta method (the best covariance): S(t) = exp(−H(t)).
    ///
    /// # Errors
    /// Another number of columns, a time below 0 or not finite, or covariates that are not finite or
    /// out of all range of the fitted sample.
    pub fn cumulative_hazard(
        &self,
        x: ArrayView1<f64>,
        offset: f64,
        times: &[f64],
    ) -> Result<Vec<(f64, f64)>, FitError> {
        fitted::check_columns(x.len(), self.names.len())?;
        if let Some(item) = times.iter().position(|t| !(t.is_finite() && *t >= 0.0)) {
            return Err(FitError::Times { what: "the times", item });
        }
        // Columns less x itself, so that the linear predictor is the intercept.
        let (law, coef, v) = self.centred(x, true);
        let theta: Vec<f64> = coef.iter().skip(1 + x.len()).copied().collect();
        let mut jet = Jet::new(law.q());
        let mut out = Vec::with_capacity(times.len());
        for &t in times {
            jet.clear();
            if t > 0.0 {
                law.add_cumulative(t, coef[0] + offset, &theta, 1.0, &mut jet);
            }
            let mut slope = Array1::zeros(coef.len());
            slope[0] = jet.eta;
            slope.iter_mut().skip(1 + x.len()).zip(&jet.theta).for_each(|(s, d)| *s = *d);
            let se = v.dot(&slope).dot(&slope).max(0.0).sqrt();
            if !(jet.value.is_finite() && se.is_finite()) {
                let why = "the covariates are out of all range of the fitted sample".into();
                return Err(FitError::NotApplicable { method: "a cumulative hazard", why });
            }
            out.push((jet.value, se));
        }
        Ok(out)
    }

    /// How often the row that is predicted to end first does so: Harrell's C, weighted as the fit;
    /// `None` where no two rows can be compared. On the rows that were fitted it flatters.
    ///
    /// # Errors
    /// A sample with other columns.
    pub fn concordance(&self, sample: &Sample) -> Result<Option<Concordance>, crate::Error> {
        let sign = if self.law.longer() { -1.0 } else { 1.0 };
        let risk = (self.linear_predictors(sample)? * sign).to_vec();
        let options = ConcordanceOptions {
            cause: Some(self.cause),
            weights: sample.weights(),
            ..Default::default()
        };
        concordance(sample.outcome(), &risk, &options)
    }
}
