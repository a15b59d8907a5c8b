//! Forests per horizon: the risk of one row.

use serde::{Deserialize, Serialize};

use super::hazards::Estimate;
use crate::learners::{Forest, ForestReasons, KeptRows};

/// A forest for one landmark (or the start) and one horizon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HorizonForest {
    /// The landmark, by its place; 0 without landmarks.
    pub(crate) landmark: usize,
    /// How far ahead.
    pub(crate) horizon: f64,
    pub(crate) forest: Forest,
}

/// A learner that is its training rows, for one landmark and horizon. It is never written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HorizonRows {
    pub(crate) landmark: usize,
    pub(crate) horizon: f64,
    pub(crate) rows: KeptRows,
}

impl HorizonRows {
    /// The risk of a row, where `all` hold it, brought within 0 and 1. Such learners know no interval.
    pub(crate) fn risk(all: &[Self], landmark: usize, horizon: f64, x: &[f64]) -> Option<Estimate> {
        let value = Self::raw(all, landmark, horizon, x)?.clamp(0.0, 1.0);
        Some(Estimate { value, variance: 0.0 })
    }

    /// The same as it was predicted.
    pub(crate) fn raw(all: &[Self], landmark: usize, horizon: f64, x: &[f64]) -> Option<f64> {
        let own = all.iter().find(|r| r.landmark == landmark && same(r.horizon, horizon))?;
        own.rows.predict(x)
    }
}

/// Whether two horizons are one, but for rounding.
fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * b.abs().max(1.0)
}

/// Forests for every landmark and horizon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Forests {
    pub(crate) forests: Vec<HorizonForest>,
}

impl Forests {
    fn find(&self, landmark: usize, horizon: f64) -> Option<&Forest> {
        let own = |f: &&HorizonForest| f.landmark == landmark && same(f.horizon, horizon);
        let found = self.forests.iter().find(own)?;
        Some(&found.forest)
    }

    /// What each column adds to that risk.
    pub(crate) fn reasons(
        &self,
        landmark: usize,
        horizon: f64,
        x: &[f64],
    ) -> Option<ForestReasons> {
        Some(self.find(landmark, horizon)?.reasons(x))
    }

    /// The risk from the landmark on; `None` at a horizon without a forest.
    pub(crate) fn risk(&self, landmark: usize, horizon: f64, x: &[f64]) -> Option<Estimate> {
        let (value, variance) = self.find(landmark, horizon)?.predict(x);
        Some(Estimate { value, variance })
    }

    /// Whether all trees that were read from a file can be walked.
    pub(crate) fn check(&self, columns: usize, landmarks: usize) -> bool {
        let whole = |f: &HorizonForest| {
            f.landmark < landmarks
                && f.horizon.is_finite()
                && f.horizon > 0.0
                && f.forest.columns() == columns
                && f.forest.is_whole()
        };
        !self.forests.is_empty() && self.forests.iter().all(whole)
    }
}
