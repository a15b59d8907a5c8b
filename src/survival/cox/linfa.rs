//! Cox models in linfa pipelines: a `Dataset` whose records are the design matrix and whose target
//! is an [`Outcome`].

use linfa::DatasetBase;
use linfa::dataset::{AsTargets, Records};
use linfa::traits::{Fit, PredictInplace};
use ndarray::{Array1, Array2, ArrayView1, Axis};

use super::{Cox, CoxFit, FitError};
use crate::survival::{Outcome, Sample};

impl AsTargets for Outcome {
    type Elem = f64;
    type Ix = ndarray::Ix1;

    /// linfa's view of the target: the exit times.
    fn as_targets(&self) -> ArrayView1<'_, f64> {
        ArrayView1::from(self.exit())
    }
}

/// Fits cause 1, with the data set's weights where it has any and its feature names as terms.
///
/// ```
/// use linfa::DatasetBase;
/// use linfa::traits::{Fit, Predict};
/// use ndarray::array;
/// use pleegzorg::survival::{Cox, Outcome};
/// let y = Outcome::new(None, vec![1., 2., 3., 4.], vec![1, 1, 0, 1], vec!["end".into()])?;
/// let data = DatasetBase::new(array![[1.], [0.], [1.], [0.]], y);
/// let fit = Fit::fit(&Cox::new(), &data)?;
/// let risk = fit.predict(data.records());
/// assert!((risk[0] - fit.coef[0]).abs() < 1e-15);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl Fit<Array2<f64>, Outcome, FitError> for Cox {
    type Object = CoxFit;

    fn fit(&self, dataset: &DatasetBase<Array2<f64>, Outcome>) -> Result<CoxFit, FitError> {
        let records = dataset.records();
        let given = dataset.feature_names();
        let names = if given.len() == records.nfeatures() {
            given.to_vec()
        } else {
            (1..=records.nfeatures()).map(|j| format!("x{j}")).collect()
        };
        let as_error = |e: crate::survival::SampleError| FitError::Linfa(e.to_string());
        let mut sample =
            Sample::new(records.clone(), names, dataset.targets().clone()).map_err(as_error)?;
        if let Some(weights) = dataset.weights() {
            let weights = weights.iter().map(|&w| f64::from(w)).collect();
            sample = sample.with_weights(weights).map_err(as_error)?;
        }
        Self::fit(self, &sample, 1)
    }
}

/// The linear predictor x′β: the logarithm of the hazard relative to a row of zeros.
impl PredictInplace<Array2<f64>, Array1<f64>> for CoxFit {
    /// # Panics
    /// As linfa's own models, where the number of columns differs from the fit's.
    fn predict_inplace(&self, x: &Array2<f64>, y: &mut Array1<f64>) {
        assert_eq!(x.ncols(), self.coef.len(), "the number of columns of the fit");
        assert_eq!(x.len_of(Axis(0)), y.len(), "one prediction per row");
        y.assign(&x.dot(&self.coef));
    }

    fn default_target(&self, x: &Array2<f64>) -> Array1<f64> {
        Array1::zeros(x.nrows())
    }
}
