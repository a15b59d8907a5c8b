//! Learners that are their training rows: nearest neighbours and support vectors (smartcore).
//!
//! They may compete with others on the same rows; a file of them would be a file of children.

use std::sync::Arc;

use ndarray::{ArrayView2, Axis};
use serde::Deserialize;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::metrics::distance::euclidian::Euclidian;
use smartcore::neighbors::knn_regressor::{KNNRegressor, KNNRegressorParameters};
use smartcore::svm::Kernels;
use smartcore::svm::svr::{SVR, SVRParameters};

use super::error::{LearnerError, same_length};

type Neighbours = KNNRegressor<f64, f64, DenseMatrix<f64>, Vec<f64>, Euclidian<f64>>;

/// Support vectors are searched among pairs of rows: no more rows than this.
const MOST: usize = 10_000;
/// Within this of its target a row costs a support vector machine nothing.
const SLACK: f64 = 0.1;

/// A regression that keeps rows: of numbers whose mean is a probability.
#[derive(Debug, Clone)]
pub struct KeptRows {
    /// Mean and one over the standard deviation of each column.
    scale: Vec<(f64, f64)>,
    kind: Kept,
}

#[derive(Debug, Clone)]
enum Kept {
    Neighbours(Arc<Neighbours>),
    Vectors(Arc<Vectors>),
}

/// What a support vector machine predicts with: Σ w · exp(−γ‖x − v‖²) + b.
#[derive(Debug, Deserialize)]
struct Vectors {
    instances: Vec<Vec<f64>>,
    w: Vec<f64>,
    b: f64,
    #[serde(skip)]
    gamma: f64,
}

impl PartialEq for KeptRows {
    /// Whether they are one and the same: what a fit holds is not compared row by row.
    fn eq(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (Kept::Neighbours(a), Kept::Neighbours(b)) => Arc::ptr_eq(a, b),
            (Kept::Vectors(a), Kept::Vectors(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl KeptRows {
    /// The mean of the `k` nearest rows, columns in standard deviations.
    ///
    /// # Errors
    /// Unequal lengths, values that are not finite, no columns, fewer than `k` rows.
    pub fn neighbours(x: ArrayView2<f64>, y: &[f64], k: usize) -> Result<Self, LearnerError> {
        check(&x, y)?;
        if k == 0 || k > y.len() {
            let what = format!("{} rows have not {k} neighbours", y.len());
            return Err(LearnerError::TooFew(what));
        }
        let scale = scale(&x);
        let parameters = KNNRegressorParameters::default().with_k(k);
        let fit = Neighbours::fit(&scaled(&x, &scale)?, &y.to_vec(), parameters).map_err(failed)?;
        Ok(Self { scale, kind: Kept::Neighbours(Arc::new(fit)) })
    }

    /// Support vector regression with a Gaussian kernel, whose width is the root of the columns.
    ///
    /// # Errors
    /// Unequal lengths, values that are not finite, no columns, more than 10,000 rows.
    pub fn support_vectors(x: ArrayView2<f64>, y: &[f64]) -> Result<Self, LearnerError> {
        check(&x, y)?;
        if y.len() > MOST {
            let (what, size) = ("list of support vectors", y.len());
            return Err(LearnerError::TooLarge { what, size, limit: MOST });
        }
        let scale = scale(&x);
        let gamma = 1.0 / x.ncols() as f64;
        let parameters =
            SVRParameters::default().with_eps(SLACK).with_kernel(Kernels::rbf().with_gamma(gamma));
        let (x, y) = (scaled(&x, &scale)?, y.to_vec());
        let fit = SVR::fit(&x, &y, &parameters).map_err(failed)?;
        // smartcore ties a fitted machine to its input; its serde form sets it free.
        let broken = |e: serde_json::Error| LearnerError::Failed {
            learner: "smartcore",
            why: e.to_string(),
        };
        let value = serde_json::to_value(&fit).map_err(broken)?;
        let mut vectors: Vectors = serde_json::from_value(value).map_err(broken)?;
        vectors.gamma = gamma;
        if vectors.instances.len() != vectors.w.len() || !vectors.b.is_finite() {
            let why = "the support vectors and their weights do not fit together".into();
            return Err(LearnerError::Failed { learner: "smartcore", why });
        }
        Ok(Self { scale, kind: Kept::Vectors(Arc::new(vectors)) })
    }

    /// The prediction for a row, which a vector machine does not keep within 0 and 1; `None` where
    /// there is no finite one.
    #[must_use]
    pub fn predict(&self, x: &[f64]) -> Option<f64> {
        if x.len() != self.scale.len() {
            return None;
        }
        let row: Vec<f64> = x.iter().zip(&self.scale).map(|(x, (m, s))| (x - m) * s).collect();
        let value = match &self.kind {
            Kept::Neighbours(fit) => {
                let row = DenseMatrix::from_2d_vec(&vec![row]).ok()?;
                fit.predict(&row).ok()?.first().copied()?
            }
            Kept::Vectors(v) => {
                let near = |own: &Vec<f64>| {
                    let square: f64 = own.iter().zip(&row).map(|(a, b)| (a - b).powi(2)).sum();
                    (-v.gamma * square).exp()
                };
                v.b + v.instances.iter().zip(&v.w).map(|(own, w)| w * near(own)).sum::<f64>()
            }
        };
        value.is_finite().then_some(value)
    }
}

fn check(x: &ArrayView2<f64>, y: &[f64]) -> Result<(), LearnerError> {
    same_length("the outcome", y.len(), x.nrows())?;
    if let Some(row) = x.rows().into_iter().position(|r| r.iter().any(|v| !v.is_finite())) {
        return Err(LearnerError::NotFinite { what: "the design matrix", row });
    }
    if let Some(row) = y.iter().position(|y| !y.is_finite()) {
        return Err(LearnerError::NotFinite { what: "the outcome", row });
    }
    if x.ncols() == 0 {
        return Err(LearnerError::Setting { setting: "terms", why: "there must be one at least" });
    }
    if y.len() < 2 {
        return Err(LearnerError::TooFew("fewer than two rows have a known outcome".into()));
    }
    Ok(())
}

/// A column that never changes keeps its own unit.
fn scale(x: &ArrayView2<f64>) -> Vec<(f64, f64)> {
    let of = |column: ndarray::ArrayView1<'_, f64>| {
        let sd = column.std(0.0);
        (column.mean().unwrap_or(0.0), if sd > 0.0 { 1.0 / sd } else { 1.0 })
    };
    x.axis_iter(Axis(1)).map(of).collect()
}

fn scaled(x: &ArrayView2<f64>, scale: &[(f64, f64)]) -> Result<DenseMatrix<f64>, LearnerError> {
    let row = |r: ndarray::ArrayView1<'_, f64>| -> Vec<f64> {
        r.iter().zip(scale).map(|(x, (m, s))| (x - m) * s).collect()
    };
    DenseMatrix::from_2d_vec(&x.rows().into_iter().map(row).collect()).map_err(failed)
}

fn failed(e: smartcore::error::Failed) -> LearnerError {
    LearnerError::Failed { learner: "smartcore", why: e.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn three_neighbours_by_hand() {
        // The second column is in other units, and as far apart once scaled.
        let x = array![[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [8.0, 0.0], [9.0, 0.0], [10.0, 0.0]];
        let y = [0.0, 0.0, 0.3, 1.0, 1.0, 0.7];
        let fit = KeptRows::neighbours(x.view(), &y, 3).unwrap();
        assert!((fit.predict(&[1.0, 0.0]).unwrap() - 0.1).abs() < 1e-12);
        assert!((fit.predict(&[9.5, 0.0]).unwrap() - 0.9).abs() < 1e-12);
        assert_eq!(fit.predict(&[1.0]), None);
        assert!(fit == fit.clone());
        assert!(fit != KeptRows::neighbours(x.view(), &y, 3).unwrap());
    }

    #[test]
    fn support_vectors_find_a_step_and_say_what_smartcore_says() {
        let x = Array2::from_shape_fn((120, 2), |(i, j)| ((i * (7 + 4 * j)) % 60) as f64 / 6.0);
        let y: Vec<f64> = (0..120).map(|i| f64::from(u8::from(x[[i, 0]] > 5.0))).collect();
        let fit = KeptRows::support_vectors(x.view(), &y).unwrap();
        assert!(fit.predict(&[1.0, 5.0]).unwrap() < 0.25);
        assert!(fit.predict(&[9.0, 5.0]).unwrap() > 0.75);
        // The same machine inside smartcore.
        let parameters: SVRParameters<f64> =
            SVRParameters::default().with_eps(SLACK).with_kernel(Kernels::rbf().with_gamma(0.5));
        let inner = scaled(&x.view(), &fit.scale).unwrap();
        let machine = SVR::fit(&inner, &y, &parameters).unwrap();
        let theirs = machine.predict(&inner).unwrap();
        for i in 0..120 {
            let ours = fit.predict(&x.row(i).to_vec()).unwrap();
            assert!((ours - theirs[i]).abs() < 1e-9);
        }
    }

    #[test]
    fn bad_input_is_refused() {
        let x = array![[1.0], [2.0], [3.0]];
        assert!(KeptRows::neighbours(x.view(), &[0.0; 3], 4).is_err());
        assert!(KeptRows::neighbours(x.view(), &[0.0; 2], 1).is_err());
        assert!(KeptRows::support_vectors(x.view(), &[0.0, f64::NAN, 1.0]).is_err());
        assert!(KeptRows::support_vectors(array![[f64::NAN], [1.0]].view(), &[0.0; 2]).is_err());
        let empty = Array2::<f64>::zeros((3, 0));
        assert!(KeptRows::neighbours(empty.view(), &[0.0; 3], 1).is_err());
        let wide = Array2::<f64>::zeros((10_001, 1));
        let many = KeptRows::support_vectors(wide.view(), &vec![0.0; 10_001]);
        assert!(matches!(many, Err(LearnerError::TooLarge { .. })));
    }
}
