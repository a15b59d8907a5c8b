//! Fitting a learner per landmark and horizon: forests, and learners that keep rows.

use ndarray::Array2;

use super::training::Training;
use crate::learners::{Forest, ForestSettings, Growth, KeptRows, censoring_weights, pseudo_values};
use crate::model::forests::{Forests, HorizonForest, HorizonRows};
use crate::model::prepared::Prepared;
use crate::model::study::{ModelSpec, Target};
use crate::model::{Kind, ModelError};
use crate::progress::Progress;

/// What is learned for one landmark and horizon.
struct Task {
    landmark: usize,
    horizon: f64,
    x: Array2<f64>,
    y: Vec<f64>,
    weights: Vec<f64>,
    clusters: Vec<u32>,
    /// How many came before.
    number: usize,
}

/// Forests on the outcome "ended by the cause within the horizon", weighted for censoring, or on
/// its pseudo-values.
pub(crate) fn fit(
    prepared: &Prepared,
    training: &Training,
    spec: &ModelSpec,
    progress: &dyn Progress,
) -> Result<(Forests, Vec<String>), ModelError> {
    let learn = |task: Task| {
        let settings = ForestSettings {
            trees: spec.trees,
            leaf: spec.leaf,
            depth: spec.depth,
            growth: match spec.kind {
                Kind::ExtraTrees => Growth::Extra,
                Kind::GradientBoosting => Growth::Boosted { rate: spec.rate },
                _ => Growth::Bootstrap,
            },
            // Each forest draws from its own numbers.
            seed: prepared.seed.wrapping_add(1_000_003 * task.number as u64),
        };
        let (x, y) = (task.x.view(), &task.y);
        let forest = Forest::fit_values(x, y, &task.weights, &task.clusters, &settings)?;
        Ok(HorizonForest { landmark: task.landmark, horizon: task.horizon, forest })
    };
    let (forests, warnings) = each(prepared, training, spec.target, progress, learn)?;
    Ok((Forests { forests }, warnings))
}

/// Learners that are their training rows, on pseudo-values.
pub(crate) fn keep(
    prepared: &Prepared,
    training: &Training,
    spec: &ModelSpec,
    progress: &dyn Progress,
) -> Result<(Vec<HorizonRows>, Vec<String>), ModelError> {
    let learn = |task: Task| {
        let rows = if spec.kind == Kind::Svm {
            KeptRows::support_vectors(task.x.view(), &task.y)?
        } else {
            KeptRows::neighbours(task.x.view(), &task.y, spec.neighbours)?
        };
        Ok(HorizonRows { landmark: task.landmark, horizon: task.horizon, rows })
    };
    each(prepared, training, Target::Pseudo, progress, learn)
}

/// Learns for every landmark and horizon.
fn each<T>(
    prepared: &Prepared,
    training: &Training,
    target: Target,
    progress: &dyn Progress,
    learn: impl Fn(Task) -> Result<T, ModelError>,
) -> Result<(Vec<T>, Vec<String>), ModelError> {
    if prepared.horizons.is_empty() {
        let repair = "give outcome.horizons = [...], in the table's own time";
        let what = "this kind of model is made for horizons, and there are none";
        return Err(ModelError::usage(what, repair));
    }
    let clusters = training.first_cluster();
    let mut all = Vec::new();
    let landmarks = prepared.landmarks.len().max(1);
    progress.start("learning", (landmarks * prepared.horizons.len()) as u64);
    let mut late = 0;
    for landmark in 0..landmarks {
        let marks = training.landmark.as_deref();
        let rows: Vec<usize> = (0..training.len())
            .filter(|&r| marks.is_none_or(|m| m[r] as usize == landmark))
            .collect();
        if rows.is_empty() {
            return Err(ModelError::TooFew("a landmark has no training row".into()));
        }
        let y = training.outcome.of_rows(&rows);
        let origin = prepared.origin(landmark as u32);
        for (k, horizon) in prepared.horizons.iter().enumerate() {
            let known: Vec<Option<(f64, f64)>> = match target {
                Target::Ipcw => censoring_weights(&y, training.cause, origin, horizon.length)
                    .into_iter()
                    .map(|w| w.map(|(y, w)| (f64::from(u8::from(y)), w)))
                    .collect(),
                Target::Pseudo => pseudo_values(&y, training.cause, origin, horizon.length)
                    .into_iter()
                    .map(|v| v.map(|v| (v, 1.0)))
                    .collect(),
            };
            let seen: Vec<usize> = (0..known.len()).filter(|&i| known[i].is_some()).collect();
            if seen.is_empty() {
                return Err(ModelError::TooFew(format!(
                    "no row was seen from the beginning as far as the horizon of {}",
                    horizon.label
                )));
            }
            if k == 0 {
                late += known.len() - seen.len();
            }
            let pick = |i: usize| known[i].unwrap_or((0.0, 0.0));
            let own: Vec<usize> = seen.iter().map(|&i| rows[i]).collect();
            all.push(learn(Task {
                landmark,
                horizon: horizon.length,
                x: training.x.select(ndarray::Axis(0), &own),
                y: seen.iter().map(|&i| pick(i).0).collect(),
                weights: seen.iter().map(|&i| pick(i).1).collect(),
                clusters: own.iter().map(|&r| clusters[r]).collect(),
                number: all.len(),
            })?);
            progress.advance(1);
        }
    }
    let mut warnings = Vec::new();
    if late > 0 {
        warnings.push(format!(
            "{late} rows that came under observation late were left out: this kind of model needs \
             rows seen from the beginning"
        ));
    }
    Ok((all, warnings))
}
