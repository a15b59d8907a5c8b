//! A Fine–Gray model at coefficients that were found elsewhere, such as by an elastic net.

use ndarray::Array1;

use super::layout::Layout;
use super::pass::Pass;
use super::{FineGray, FineGrayFit, evaluate};
use crate::survival::newton::{Maximum, as_many};
use crate::survival::{FitError, FitWarning, Sample};

impl FineGray {
    /// The fit at these coefficients, in the data's units; as [`crate::survival::Cox`] has it:
    /// `precision` is the curvature that a penalty adds to each, those that are not `active` are
    /// left out, and the covariance is that of the others as if they had been chosen beforehand.
    ///
    /// # Errors
    /// As [`FineGray::fit`]; lists of another length; coefficients that drive the linear predictors
    /// apart.
    pub(crate) fn at(
        &self,
        sample: &Sample,
        cause: u32,
        coef: &[f64],
        active: &[bool],
        precision: &[f64],
    ) -> Result<FineGrayFit, FitError> {
        let efron = self.check(sample, cause)?;
        let p = sample.names().len();
        as_many(p, coef, active, precision)?;
        let layout = Layout::new(sample, cause, self.convention)?;
        let mut pass = Pass::new(&layout, efron);
        let scale = &layout.columns.scale;
        let apart = || FitError::Start { why: "the linear predictors are too far apart".into() };
        let mut null = evaluate(&mut pass, &Array1::zeros(p)).ok_or_else(apart)?;
        let beta = Array1::from_shape_fn(p, |j| coef[j] * scale[j]);
        let point = evaluate(&mut pass, &beta).ok_or_else(apart)?;
        let own = |j: usize| precision[j] / scale[j].powi(2);
        let found = Maximum::given(beta, point, &mut null, active, own);
        let (mut fit, _) =
            self.finish(&mut pass, &null, &found, None, active, cause, Vec::new())?;
        fit.warnings.retain(|w| !matches!(w, FitWarning::FewEvents { .. }));
        Ok(fit)
    }
}
