//! Our own forests, one per landmark: the risk of one row.

use serde::{Deserialize, Serialize};

use super::grid::Ends;
use super::hazards::Estimate;
use crate::learners::{ForestReasons, SurvivalForest};

/// The fewest cases in a leaf of a model file.
pub(crate) const LEAST: usize = 10;

/// A forest for every landmark (or the start), whose clock starts there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SurvivalForests {
    pub(crate) forests: Vec<SurvivalForest>,
}

impl SurvivalForests {
    /// The probability of every end between `from` and `to`, counted from the landmark.
    pub(crate) fn ends(&self, landmark: usize, x: &[f64], from: f64, to: f64) -> Option<Ends> {
        let risk = self.forests[landmark].predict(x, from, to)?;
        Some(Ends { incidence: risk.incidence, survival: risk.survival })
    }

    /// The probability of the first cause, with its variance.
    pub(crate) fn risk(&self, landmark: usize, x: &[f64], from: f64, to: f64) -> Option<Estimate> {
        let risk = self.forests[landmark].predict(x, from, to)?;
        Some(Estimate { value: risk.incidence[0], variance: risk.variance[0] })
    }

    /// What each column adds to that probability.
    pub(crate) fn reasons(
        &self,
        landmark: usize,
        x: &[f64],
        from: f64,
        to: f64,
    ) -> Option<ForestReasons> {
        self.forests[landmark].reasons(x, from, to, 1)
    }

    /// How far a landmark's forest sees.
    pub(crate) fn follow_up(&self, landmark: usize) -> f64 {
        self.forests[landmark].follow_up()
    }

    /// Whether all that was read from a file fits.
    pub(crate) fn check(&self, causes: usize, columns: usize, landmarks: usize) -> bool {
        self.forests.len() == landmarks
            && self.forests.iter().all(|f| f.is_whole(columns, causes, LEAST))
    }
}
