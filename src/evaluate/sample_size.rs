//! Riley's criteria: how many rows a model with this many parameters needs.

use serde::{Deserialize, Serialize};

/// The sample size that a study needs (Riley et al. 2019, Stat Med 38:1276, time-to-event).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampleSize {
    /// Rows needed for all criteria.
    pub n_needed: usize,
    /// Events needed.
    pub events_needed: f64,
}
