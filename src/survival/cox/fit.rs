//! What a Cox fit has to say.

use ndarray::{Array1, Array2};

use super::{Firth, FitError, FitWarning, Ties};
use crate::survival::linalg::{Cholesky, quadratic};
use crate::survival::{
    ChiSquare, Concordance, ConcordanceOptions, Penalised, Sample, concordance, fitted,
};

/// A fitted Cox model. Terms keep their place: one that could not be estimated has
/// `estimated[j] == false`, coefficient 0 and zero variance, and a warning names it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CoxFit {
    /// Names of the terms.
    pub names: Vec<String>,
    /// Log hazard ratios per unit of each term.
    pub coef: Array1<f64>,
    /// Which terms could be estimated.
    pub estimated: Vec<bool>,
    /// The model-based covariance of the coefficients: the inverse of the information.
    pub covariance: Array2<f64>,
    /// The sandwich covariance, by row, by cluster, or by two clusterings, where asked.
    pub robust_covariance: Option<Array2<f64>>,
    /// The log partial likelihood with all coefficients zero, and at the estimate.
    pub loglik: [f64; 2],
    /// Newton steps.
    pub iterations: usize,
    /// Whether the maximum was reached; not where a coefficient runs to infinity.
    pub converged: bool,
    /// Twice the gain in log likelihood.
    pub likelihood_ratio: ChiSquare,
    /// β′V⁻¹β with the robust covariance where there is one.
    pub wald: ChiSquare,
    /// The score (log-rank) test of all coefficients being zero.
    pub score: ChiSquare,
    /// Rows of the sample.
    pub n: usize,
    /// Rows that ended by the cause.
    pub events: usize,
    /// The cause that was fitted.
    pub cause: u32,
    /// How ties were treated.
    pub ties: Ties,
    /// Penalty and effective degrees of freedom, where there were priors or ridge. `loglik` is
    /// without the penalty, and tests have the effective degrees of freedom.
    pub penalised: Option<Penalised>,
    /// What Firth's correction found, where it was asked. `loglik` is without its penalty.
    pub firth: Option<Firth>,
    /// Mean of each column over the rows at risk: a good centre for predictions.
    pub means: Array1<f64>,
    /// What the reader must know.
    pub warnings: Vec<FitWarning>,
    /// What each column was divided by while fitting, and the inverse information on that scale:
    /// products of small and large units are taken here, where nothing can overflow.
    pub(super) scale: Array1<f64>,
    pub(super) inverse: Array2<f64>,
}

impl CoxFit {
    /// Standard errors from the model.
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

    /// x′β plus the offset, for each row of a sample with the same columns.
    ///
    /// # Errors
    /// Another number of columns.
    pub fn linear_predictors(&self, sample: &Sample) -> Result<Array1<f64>, FitError> {
        fitted::linear_predictors(sample, &self.coef)
    }

    /// How often the row with the higher linear predictor ends first: Harrell's C, within strata,
    /// weighted as the fit; `None` where no two rows can be compared. On the
    /// rows that were fitted it flatters.
    ///
    /// # Errors
    /// A sample with other columns.
    pub fn concordance(&self, sample: &Sample) -> Result<Option<Concordance>, crate::Error> {
        let eta = self.linear_predictors(sample)?.to_vec();
        let options = ConcordanceOptions {
            cause: Some(self.cause),
            strata: sample.strata(),
            weights: sample.weights(),
            ..Default::default()
        };
        concordance(sample.outcome(), &eta, &options)
    }

    /// As [`CoxFit::check_same`], for what the exact likelihood has no form of.
    pub(crate) fn check_not_exact(&self, sample: &Sample) -> Result<(), FitError> {
        self.check_same(sample)?;
        if self.ties != Ties::Exact {
            return Ok(());
        }
        let method = "a residual or test from scores";
        let why = "a fit with exact ties has none; use Efron's ties".into();
        Err(FitError::NotApplicable { method, why })
    }

    pub(crate) fn check_columns(&self, sample: &Sample) -> Result<(), FitError> {
        fitted::check_columns(sample.x().ncols(), self.coef.len())
    }

    pub(crate) fn check_same(&self, sample: &Sample) -> Result<(), FitError> {
        self.check_columns(sample)?;
        if sample.len() == self.n && sample.outcome().events(self.cause) == self.events {
            return Ok(());
        }
        Err(FitError::Shape { what: "the sample", found: sample.len(), expected: self.n })
    }
}

/// β′V⁻¹β over the terms that V identifies.
pub(crate) fn wald(coef: &Array1<f64>, covariance: &Array2<f64>) -> ChiSquare {
    let factor = Cholesky::new(covariance, 1e-11);
    ChiSquare::of(factor.solve(coef.view()).dot(coef), factor.rank() as f64)
}

/// U′ I⁻¹ U.
pub(crate) fn score_test(score: &Array1<f64>, inverse: &Array2<f64>, df: usize) -> ChiSquare {
    ChiSquare::of(quadratic(inverse, score.view()), df as f64)
}
