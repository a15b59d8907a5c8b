//! What a Fine–Gray fit has to say.

use ndarray::{Array1, Array2, ArrayView1};

use super::baseline::Baseline;
use super::{Convention, FineGray};
use crate::survival::aalen_johansen::point;
use crate::survival::cox::Effects;
use crate::survival::{
    ChiSquare, Concordance, ConcordanceOptions, CurvePoint, FitError, FitWarning, Interval,
    NewRows, Outcome, Penalised, Sample, concordance, fitted,
};

/// Linear predictors further than this from that of the means are out of all range.
const FURTHEST: f64 = 300.0;

/// A fitted Fine–Gray model. Terms keep their place: one that could not be estimated has
/// `estimated[j] == false`, coefficient 0 and zero variance, and a warning names it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FineGrayFit {
    /// Names of the terms.
    pub names: Vec<String>,
    /// Log subdistribution hazard ratios per unit of each term.
    pub coef: Array1<f64>,
    /// Which terms could be estimated.
    pub estimated: Vec<bool>,
    /// The covariance of the coefficients that goes with the convention: crr's sandwich, or the
    /// inverse of the information.
    pub covariance: Array2<f64>,
    /// The inverse of the information.
    pub model_covariance: Array2<f64>,
    /// By cluster (crr: only where there are clusters; finegray: else by row).
    pub robust_covariance: Option<Array2<f64>>,
    /// The log partial likelihood with all coefficients zero, and at the estimate, without penalty.
    pub loglik: [f64; 2],
    /// Newton steps.
    pub iterations: usize,
    /// Whether the maximum was reached; not where a coefficient runs to infinity.
    pub converged: bool,
    /// Twice the gain in log likelihood; with weights from data it is not χ², take the Wald test.
    pub likelihood_ratio: ChiSquare,
    /// β′V⁻¹β with the best covariance.
    pub wald: ChiSquare,
    /// The score test of all coefficients being zero, from the information.
    pub score: ChiSquare,
    /// Penalty and effective degrees of freedom, where there were priors or ridge: `loglik` is
    /// without the penalty, and the tests have the effective degrees of freedom.
    pub penalised: Option<Penalised>,
    /// Rows of the sample.
    pub n: usize,
    /// Rows that ended by the cause.
    pub events: usize,
    /// The cause that was fitted.
    pub cause: u32,
    /// Whose numbers these are.
    pub convention: Convention,
    /// Mean of each column: a good centre for predictions.
    pub means: Array1<f64>,
    /// What the reader must know.
    pub warnings: Vec<FitWarning>,
    /// The baseline of each stratum with events, for covariates at the means and offset 0.
    pub baselines: Vec<Baseline>,
    /// The inverse of the information of scaled columns.
    pub(super) inverse: Array2<f64>,
    pub(super) settings: FineGray,
}

impl FineGrayFit {
    /// Standard errors that go with the convention.
    #[must_use]
    pub fn se(&self) -> Array1<f64> {
        fitted::roots(&self.covariance)
    }

    /// Standard errors by cluster or row, where there are any.
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

    /// The cumulative incidence of the cause at `times` for covariates `x` (offset 0) in a stratum
    /// (0 without strata): 1 − exp(−H(t)·e^{x′β}), as `cmprsk::predict.crr` and `survfit` have it.
    ///
    /// # Errors
    /// Another number of columns, a stratum without events, or covariates that are not finite or out
    /// of all range of the fitted sample.
    pub fn cumulative_incidence(
        &self,
        x: ArrayView1<f64>,
        stratum: u32,
        times: &[f64],
    ) -> Result<Vec<f64>, FitError> {
        self.check_columns(x.len())?;
        let baseline = self.baselines.iter().find(|b| b.stratum == stratum).ok_or_else(|| {
            let why = format!("stratum {stratum} had no event");
            FitError::NotApplicable { method: "a cumulative incidence", why }
        })?;
        let eta = (&x - &self.means).dot(&self.coef);
        if !eta.is_finite() || eta.abs() > FURTHEST {
            let why = "the covariates are out of all range of the fitted sample".into();
            return Err(FitError::NotApplicable { method: "a cumulative incidence", why });
        }
        let risk = eta.exp();
        Ok(times.iter().map(|&t| -(-baseline.at(t) * risk).exp_m1()).collect())
    }

    /// The cumulative incidence of the cause at `times` (inner) for each new row (outer), with
    /// standard errors by the delta method from the baseline and the effects (the chance of being
    /// observed taken as known), and the interval on the scale of 1 − F. After the last event of the
    /// sample the curve stays level.
    ///
    /// # Errors
    /// Another sample than the fitted one, new rows of another shape, a stratum without events, a time
    /// that is not finite, or rows that have lasted some time already: a subdistribution does not say
    /// who is still there.
    pub fn incidence(
        &self,
        sample: &Sample,
        rows: &NewRows,
        times: &[f64],
        interval: Interval,
        level: f64,
    ) -> Result<Vec<Vec<CurvePoint>>, FitError> {
        rows.check(&[self.coef.len()], times, level)?;
        if rows.has_lasted() {
            let method = "a prediction for rows that have lasted";
            let why = "a subdistribution does not say who is still there".into();
            return Err(FitError::NotApplicable { method, why });
        }
        if times.is_empty() {
            return Ok(vec![Vec::new(); rows.len()]);
        }
        let edges = rows.edges(times.iter().copied());
        let strata = self.baseline_cells_at(sample, &edges, self.means.view())?;
        let covariance = self.best_covariance();
        let effects = Effects { coef: &self.coef, means: &self.means, covariance };
        effects.hazards(&strata, rows, &edges, times, |t, h, se| {
            let variance = ((-h).exp() * se).powi(2);
            point(t, -(-h).exp_m1(), variance, interval, level)
        })
    }

    /// How often the row with the higher linear predictor ends by the cause first, those who end
    /// otherwise counting as never: Harrell's C for the cumulative incidence, within strata. `None`
    /// where no two rows can be compared. On the rows that were fitted it flatters.
    ///
    /// # Errors
    /// A sample with other columns.
    pub fn concordance(&self, sample: &Sample) -> Result<Option<Concordance>, crate::Error> {
        let eta = self.linear_predictors(sample)?.to_vec();
        let y = sample.outcome();
        let last = y.exit().iter().fold(f64::NEG_INFINITY, |m, t| m.max(*t));
        let never = last + last.abs().max(1.0);
        let ended = |c: u32| u32::from(c == self.cause);
        let exit = y.exit().iter().zip(y.cause());
        let exit = exit.map(|(&t, &c)| if c == 0 || c == self.cause { t } else { never });
        let cause = y.cause().iter().map(|&c| ended(c)).collect();
        let entry = y.entry().map(<[f64]>::to_vec);
        let never_ending = Outcome::new(entry, exit.collect(), cause, vec!["end".into()])?;
        let options = ConcordanceOptions {
            cause: Some(1),
            strata: sample.strata(),
            weights: sample.weights(),
            ..Default::default()
        };
        concordance(&never_ending, &eta, &options)
    }

    pub(super) fn check_columns(&self, found: usize) -> Result<(), FitError> {
        fitted::check_columns(found, self.coef.len())
    }

    /// Whether every number lies in the machine's range.
    pub(super) fn check_range(&self) -> Result<(), FitError> {
        for (j, name) in self.names.iter().enumerate() {
            let all = [Some(&self.covariance), self.robust_covariance.as_ref()];
            let mut variances = all.into_iter().flatten().map(|v| v[[j, j]]);
            let known = (self.inverse[[j, j]] > 0.0) == self.estimated[j];
            if !(self.coef[j].is_finite() && known && variances.all(f64::is_finite)) {
                return Err(FitError::Range { term: name.clone() });
            }
        }
        Ok(())
    }
}
