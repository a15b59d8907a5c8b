//! What an evaluation says: the JSON contract, plus what report and tables need.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::FeatureFinding;

use super::{DCalibration, Gate, Proxy, Refits, SampleSize, UnknownEnds, Variant, Verdict};

/// An honest judgement of a study's model, of the models beside it, and of no model at all.
///
/// Serialised, it is the answer of `evaluate --json` (`"schema": 1`); numbers that cannot be
/// computed are null, never NaN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The version of this contract: 1.
    pub schema: u32,
    /// The study's title.
    pub title: String,
    /// The name of the model that is judged (its kind).
    pub model: String,
    /// The cause whose risk is predicted.
    pub cause: String,
    /// The outcome definition; null for a flat table.
    pub definition: Option<String>,
    /// The unit of every time: `days` for a history, `time` (its own) for a flat table.
    pub unit: String,
    /// Rows that were judged.
    pub n: usize,
    /// Clusters (children) among them: what the bootstrap draws.
    pub clusters: usize,
    /// Events of the cause among them.
    pub events: usize,
    /// Horizons, rising.
    pub horizons: Vec<f64>,
    /// The horizons as the study names them: `12 months`.
    pub horizon_labels: Vec<String>,
    /// What was seen by each horizon: the Aalen–Johansen incidence of the cause.
    pub observed: Vec<AtTime>,
    /// The splits, each judged on its own test rows.
    pub splits: Vec<SplitResult>,
    /// The metrics of the model over the repeated folds.
    pub summary: Summary,
    /// The models beside it, always with `no model`.
    pub compared: Vec<Compared>,
    /// The gates, in order.
    pub gates: Vec<Gate>,
    /// What follows from the gates.
    pub verdict: Verdict,
    /// Riley's criteria for this many parameters.
    pub sample_size: Option<SampleSize>,
    /// Calibration curves of the model over the folds, one per horizon where there are enough events.
    pub calibration: Vec<CalibrationCurve>,
    /// How the predicted risks lie, by what happened; one per horizon.
    pub risks: Vec<RiskDistribution>,
    /// Decision curves of the model, one per horizon.
    pub decision: Vec<DecisionCurve>,
    /// D-calibration of the model over the folds; null where it cannot be told, as of forests per
    /// horizon.
    #[serde(default)]
    pub d_calibration: Option<DCalibration>,
    /// The metrics per group (provider, sex, …), with too small groups said to be so.
    pub groups: Vec<GroupResult>,
    /// How well the terms tell the audited attributes that the model does not see.
    pub proxies: Vec<Proxy>,
    /// The headline with all and with none of the ends of unknown reason as breakdown; null where
    /// there are none.
    pub unknown_ends: Option<UnknownEnds>,
    /// The headline under other outcome definitions, where they are asked.
    pub definitions: Vec<Variant>,
    /// What refits on bootstrap samples show: optimism and instability; null where none were made.
    pub refits: Option<Refits>,
    /// How the numbers were made: folds, repeats, replicates, seed.
    pub settings: Settings,
    /// What to weigh about the features, `PZ2001` and on.
    pub findings: Vec<FeatureFinding>,
    /// What a reader must know: folds that failed, rows left out, horizons without follow-up.
    pub warnings: Vec<String>,
}

/// How an evaluation was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Folds per repeat.
    pub folds: usize,
    /// Repeats.
    pub repeats: usize,
    /// Bootstrap replicates behind each interval.
    pub bootstrap: usize,
    /// Refits on bootstrap samples that were asked for.
    pub refits: usize,
    /// The seed.
    pub seed: u64,
}

/// The metrics of one split: of the study's model on the split's test rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SplitResult {
    /// The split's name.
    pub name: String,
    /// The repeat (0, 1, …) of a fold; null for a time split or one level left out.
    pub repeat: Option<usize>,
    /// Rows trained on.
    pub n_train: usize,
    /// Rows tested on.
    pub n_test: usize,
    /// Events of the cause among the test rows (whenever they happened).
    pub events_test: usize,
    /// Harrell's C for the cause, up to the last horizon.
    pub c_harrell: Option<f64>,
    /// Uno's C for the cause, up to the last horizon.
    pub c_uno: Option<f64>,
    /// The metrics at each horizon.
    pub horizons: Vec<HorizonResult>,
    /// Why there are no numbers, where the model could not be fitted or used.
    pub failed: Option<String>,
}

/// The metrics at one horizon.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct HorizonResult {
    /// The horizon.
    pub time: f64,
    /// Area under the time-dependent ROC curve.
    pub auc: Option<f64>,
    /// Brier score.
    pub brier: Option<f64>,
    /// 1 − Brier / Brier of the Aalen–Johansen incidence of the same rows.
    pub scaled_brier: Option<f64>,
    /// Observed incidence over mean predicted risk.
    pub oe: Option<f64>,
    /// Calibration intercept on the complementary log-log scale (slope fixed at 1); 0 is ideal.
    pub intercept: Option<f64>,
    /// Calibration slope on the complementary log-log scale; 1 is ideal.
    pub slope: Option<f64>,
    /// Integrated calibration index: mean distance between predicted and smoothed observed risk.
    pub ici: Option<f64>,
    /// Median of that distance.
    pub e50: Option<f64>,
    /// 90th percentile of that distance.
    pub e90: Option<f64>,
    /// Net benefit at thresholds.
    pub net_benefit: Vec<NetBenefit>,
}

/// Net benefit at one decision threshold, per person; treating nobody has 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NetBenefit {
    /// The risk from which one would act.
    pub threshold: f64,
    /// Acting on the model.
    pub model: f64,
    /// Acting on everybody.
    pub all: f64,
}

/// A number with its interval; null where it cannot be computed.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Interval {
    /// The mean over repeats.
    pub mean: Option<f64>,
    /// Lower bound.
    pub lower: Option<f64>,
    /// Upper bound.
    pub upper: Option<f64>,
}

/// A number with its interval at one horizon.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AtTime {
    /// The horizon.
    pub time: f64,
    /// The number.
    #[serde(flatten)]
    pub value: Interval,
}

/// One metric: at the last horizon on top, and at every horizon in `at`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MetricSummary {
    /// At the last horizon (C indices and integrals: up to it).
    #[serde(flatten)]
    pub value: Interval,
    /// At each horizon; empty for what is about all of them.
    pub at: Vec<AtTime>,
}

/// Metrics by name: `auc`, `auc_under_way` (controls still under way), `brier`, `scaled_brier`, `oe`, `intercept`, `slope`, `ici`, `e50`,
/// `e90`, `net_benefit` (at the base rate); and over all time up to the last horizon `c_harrell`,
/// `c_uno`, `ibs` (integrated Brier score, straight lines between the horizons), `scaled_ibs`.
pub type Summary = BTreeMap<String, MetricSummary>;

/// A model beside the study's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// Its name in `[[compare]]`, or `no model`.
    pub name: String,
    /// Its metrics.
    pub summary: Summary,
    /// The study's model minus this one, on the same rows and folds.
    pub difference: Summary,
    /// Its calibration curves, one per horizon where there are enough events.
    #[serde(default)]
    pub calibration: Vec<CalibrationCurve>,
    /// How its predicted risks lie, by what happened; one per horizon.
    #[serde(default)]
    pub risks: Vec<RiskDistribution>,
    /// Its decision curves, one per horizon.
    #[serde(default)]
    pub decision: Vec<DecisionCurve>,
    /// Its D-calibration.
    #[serde(default)]
    pub d_calibration: Option<DCalibration>,
    /// Why there are no numbers, where it could not be fitted.
    pub failed: Option<String>,
}

/// A flexible calibration curve at one horizon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationCurve {
    /// The horizon.
    pub time: f64,
    /// Points of the curve, rising in predicted risk.
    pub points: Vec<CalibrationPoint>,
}

/// A point of a calibration curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CalibrationPoint {
    /// Predicted risk.
    pub predicted: f64,
    /// Smoothed observed risk among rows with this prediction.
    pub observed: f64,
    /// Lower bound.
    pub lower: Option<f64>,
    /// Upper bound.
    pub upper: Option<f64>,
}

/// How predicted risks lie among those with the event by the horizon and those without,
/// in equal bins over 0–1; shares within each side, censoring-weighted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RiskDistribution {
    /// The horizon.
    pub time: f64,
    /// Share of the rows with the event in each bin.
    pub event: Vec<f64>,
    /// Share of the rows without the event in each bin.
    pub no_event: Vec<f64>,
}

/// Net benefit over thresholds at one horizon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecisionCurve {
    /// The horizon.
    pub time: f64,
    /// The points, in the order of the thresholds.
    pub points: Vec<DecisionPoint>,
}

/// Net benefit at one decision threshold, with an interval for the model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DecisionPoint {
    /// The risk from which one would act.
    pub threshold: f64,
    /// Acting on the model.
    pub model: f64,
    /// Acting on everybody.
    pub all: f64,
    /// Lower bound of acting on the model.
    pub lower: Option<f64>,
    /// Upper bound of acting on the model.
    pub upper: Option<f64>,
}

/// The metrics within one group of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupResult {
    /// The column.
    pub column: String,
    /// The level.
    pub level: String,
    /// Rows.
    pub n: usize,
    /// Events of the cause by the last horizon.
    pub events: usize,
    /// The metrics; empty where there is too little data.
    pub summary: Summary,
    /// Fewer than 10 events: nothing can be said, which is not the same as "fine".
    pub too_little_data: bool,
}
