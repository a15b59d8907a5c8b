//! A Cox model at coefficients that were found elsewhere, such as by an elastic net.

use ndarray::Array1;

use super::layout::Layout;
use super::pass::Pass;
use super::{Cox, CoxFit, FitError, FitWarning, Ties, evaluate};
use crate::survival::Sample;
use crate::survival::newton::{Maximum, as_many};

impl Cox {
    /// The fit at these coefficients, in the data's units. `precision` is the curvature that a
    /// penalty adds to each. Those that are not `active` are left out; the covariance is that of
    /// the others, as if they had been chosen beforehand.
    ///
    /// Tests of the whole model mean nothing here: the point is not a maximum of the likelihood.
    ///
    /// # Errors
    /// An unknown cause, no events, exact ties, or coefficients that drive the linear predictors
    /// apart.
    pub(crate) fn at(
        &self,
        sample: &Sample,
        cause: u32,
        coef: &[f64],
        active: &[bool],
        precision: &[f64],
    ) -> Result<CoxFit, FitError> {
        self.check(sample, cause)?;
        let p = sample.names().len();
        as_many(p, coef, active, precision)?;
        if self.ties == Ties::Exact {
            let method = "a fit at given coefficients";
            return Err(FitError::NotApplicable { method, why: "its ties are not exact".into() });
        }
        let layout = Layout::new(sample, cause);
        let mut pass = Pass::new(&layout, self.ties == Ties::Efron);
        let apart = || FitError::Start { why: "the linear predictors are too far apart".into() };
        let mut null = evaluate(&mut pass, &Array1::zeros(p)).ok_or_else(apart)?;
        let beta = Array1::from_shape_fn(p, |j| coef[j] * layout.columns.scale[j]);
        let point = evaluate(&mut pass, &beta).ok_or_else(apart)?;
        let own = |j: usize| precision[j] / layout.columns.scale[j].powi(2);
        let found = Maximum::given(beta, point, &mut null, active, own);
        let mut fit = self.report(&layout, &null, &found, None, active, cause, Vec::new())?;
        self.add_robust(&mut fit, &mut pass, &found)?;
        fit.warnings.retain(|w| !matches!(w, FitWarning::FewEvents { .. }));
        Ok(fit)
    }
}

impl CoxFit {
    /// The same coefficients with another inverse information, in the scaled columns of the fit,
    /// and the Wald test that follows from it.
    pub(crate) fn with_inverse(mut self, inverse: ndarray::Array2<f64>) -> Result<Self, FitError> {
        let beta = &self.coef * &self.scale;
        self.wald = super::fit::wald(&beta, &inverse);
        self.covariance = self.in_units(&inverse);
        self.inverse = inverse;
        let lost = (0..self.names.len()).find(|&j| {
            let v = self.covariance[[j, j]];
            !(v.is_finite() && (v > 0.0) == self.estimated[j])
        });
        match lost {
            Some(j) => Err(FitError::Range { term: self.names[j].clone() }),
            None => Ok(self),
        }
    }

    /// A matrix of scaled columns in the units of the data.
    pub(crate) fn in_units(&self, scaled: &ndarray::Array2<f64>) -> ndarray::Array2<f64> {
        ndarray::Array2::from_shape_fn(scaled.dim(), |(i, j)| {
            scaled[[i, j]] / self.scale[i] / self.scale[j]
        })
    }
}
