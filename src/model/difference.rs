//! Whether two rows differ in risk by more than the uncertainty of the coefficients.

use ndarray::Array2;

use super::ModelError;
use super::trained::{Engine, Model};
use crate::features::Frame;

/// What is needed to compare the rows of one frame with one another.
pub struct Contrasts<'m> {
    x: Array2<f64>,
    /// The row of `x` for each row of the frame; `None` where the recipe leaves it out.
    place: Vec<Option<usize>>,
    effect: Option<(&'m [f64], &'m [Vec<f64>])>,
    z: f64,
}

impl Model {
    /// Makes ready to compare the rows of a frame that has the columns of [`Model::columns`].
    ///
    /// # Errors
    /// A column that the frame lacks.
    pub fn contrasts(&self, frame: &Frame) -> Result<Contrasts<'_>, ModelError> {
        let design = self.recipe.apply(frame)?;
        let mut place = vec![None; frame.len()];
        for (k, &row) in design.kept_rows.iter().enumerate() {
            place[row] = Some(k);
        }
        let effect = match &self.engine {
            Engine::Hazards(h) => h.effects.first().filter(|e| !e.coef.is_empty()),
            _ => None,
        };
        let effect = effect.map(|e| (e.coef.as_slice(), e.covariance.as_slice()));
        let z = std::f64::consts::SQRT_2 * statrs::function::erf::erf_inv(self.about.interval);
        Ok(Contrasts { x: design.x, place, effect, z })
    }
}

impl Contrasts<'_> {
    /// Whether the interval of the difference in log hazard of the asked cause between two rows,
    /// from the one covariance of the coefficients, leaves out zero. Rows that cannot be compared
    /// (a kind without coefficients, a row without a prediction) are never told apart.
    #[must_use]
    pub fn tells_apart(&self, a: usize, b: usize) -> bool {
        let Some((coef, covariance)) = self.effect else { return false };
        let (Some(a), Some(b)) = (self.place[a], self.place[b]) else { return false };
        let d: Vec<f64> = (0..coef.len()).map(|j| self.x[[a, j]] - self.x[[b, j]]).collect();
        let difference: f64 = d.iter().zip(coef).map(|(d, c)| d * c).sum();
        let variance: f64 = covariance
            .iter()
            .zip(&d)
            .map(|(row, di)| di * row.iter().zip(&d).map(|(v, dj)| v * dj).sum::<f64>())
            .sum();
        difference.abs() > self.z * variance.max(0.0).sqrt()
    }
}
