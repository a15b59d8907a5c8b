//! Fitting a forest per landmark and horizon.

use super::training::Training;
use crate::learners::{Forest, ForestSettings, censoring_weights};
use crate::model::ModelError;
use crate::model::forests::{Forests, HorizonForest};
use crate::model::prepared::Prepared;
use crate::model::study::ModelSpec;
use crate::progress::Progress;

/// Forests on the outcome "ended by the cause within the horizon", weighted for censoring.
pub(crate) fn fit(
    prepared: &Prepared,
    training: &Training,
    spec: &ModelSpec,
    progress: &dyn Progress,
) -> Result<(Forests, Vec<String>), ModelError> {
    if prepared.horizons.is_empty() {
        let repair = "give outcome.horizons = [...], in the table's own time";
        return Err(ModelError::usage(
            "a forest is grown for horizons, and there are none",
            repair,
        ));
    }
    let clusters = training.first_cluster();
    let mut forests = Vec::new();
    let landmarks = prepared.landmarks.len().max(1);
    progress.start("growing forests", (landmarks * prepared.horizons.len()) as u64);
    let mut late = 0;
    for landmark in 0..landmarks {
        let marks = training.landmark.as_deref();
        let rows: Vec<usize> = (0..training.len())
            .filter(|&r| marks.is_none_or(|m| m[r] as usize == landmark))
            .collect();
        if rows.is_empty() {
            return Err(ModelError::TooFew("a landmark has no training row".into()));
        }
        let y = training.outcome.select(&rows);
        let origin = prepared.origin(landmark as u32);
        for (k, horizon) in prepared.horizons.iter().enumerate() {
            let known = censoring_weights(&y, training.cause, origin, horizon.length);
            if k == 0 {
                late += known.iter().filter(|w| w.is_none()).count();
            }
            let seen: Vec<usize> = (0..known.len()).filter(|&i| known[i].is_some()).collect();
            let pick = |i: usize| known[i].unwrap_or((false, 0.0));
            let target: Vec<bool> = seen.iter().map(|&i| pick(i).0).collect();
            let weights: Vec<f64> = seen.iter().map(|&i| pick(i).1).collect();
            let all: Vec<usize> = seen.iter().map(|&i| rows[i]).collect();
            let x = training.x.select(ndarray::Axis(0), &all);
            let clusters: Vec<u32> = all.iter().map(|&r| clusters[r]).collect();
            let settings = ForestSettings {
                trees: spec.trees,
                leaf: spec.leaf,
                depth: spec.depth,
                // Each forest draws from its own numbers.
                seed: prepared.seed.wrapping_add(1_000_003 * forests.len() as u64),
            };
            let forest = Forest::fit(x.view(), &target, &weights, &clusters, &settings)?;
            progress.advance(1);
            forests.push(HorizonForest { landmark, horizon: horizon.length, forest });
        }
    }
    let mut warnings = Vec::new();
    if late > 0 {
        warnings.push(format!(
            "{late} rows that came under observation late were left out: a forest needs rows seen \
             from the beginning"
        ));
    }
    Ok((Forests { forests }, warnings))
}
