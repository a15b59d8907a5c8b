//! What the fits of all regressions share.

use ndarray::{Array1, Array2};

use super::{FitError, Sample};

/// Standard errors from a covariance.
pub(super) fn roots(covariance: &Array2<f64>) -> Array1<f64> {
    covariance.diag().mapv(|v| v.max(0.0).sqrt())
}

/// That some rows or a row have as many columns as the fit.
pub(super) fn check_columns(found: usize, expected: usize) -> Result<(), FitError> {
    if found == expected {
        return Ok(());
    }
    Err(FitError::Shape { what: "the number of columns", found, expected })
}

/// x′β plus the offset, for each row of a sample with as many columns.
pub(super) fn linear_predictors(
    sample: &Sample,
    beta: &Array1<f64>,
) -> Result<Array1<f64>, FitError> {
    check_columns(sample.x().ncols(), beta.len())?;
    let mut eta = sample.x().dot(beta);
    if let Some(offset) = sample.offset() {
        eta.iter_mut().zip(offset).for_each(|(e, o)| *e += o);
    }
    Ok(eta)
}
