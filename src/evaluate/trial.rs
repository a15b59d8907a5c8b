//! The trial itself: every model learns from the training rows of every split and is judged on
//! the rows that it never saw.
//!
//! A model is here only a way to get predictions ([`Arm`]), so anything can be put on trial:
//! the models of a study, or a program's own.

use rayon::prelude::*;

use crate::progress::Progress;
use crate::resample::Split;
use crate::survival::Outcome;

use super::pooled::{measure, pool};
use super::split::judge_split;
use super::{
    AtTime, CalibrationCurve, DecisionCurve, EvaluateError, Observed, RiskDistribution,
    SplitResult, Summary,
};

/// Thresholds of decision curves where the study names none.
pub const THRESHOLDS: [f64; 10] = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5];

/// The predicted risks of rows, one per horizon each; `None` where the model abstains.
pub type Risks = Vec<Option<Vec<f64>>>;

/// Learns from `split.train` and predicts `split.test`, in that order; says why where it cannot.
/// Whatever it draws comes from the seed, which is another one for every split.
pub type Predict<'a> = Box<dyn Fn(&Split, u64) -> Result<Risks, String> + Sync + Send + 'a>;

/// A model on trial. It must learn everything from the training rows of the split that it is
/// given, and its answer may depend on nothing else.
pub struct Arm<'a> {
    /// Its name.
    pub name: String,
    /// How it predicts.
    pub predict: Predict<'a>,
}

/// The rows of a trial.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// What happened.
    pub outcome: &'a Outcome,
    /// The cause whose risk is predicted.
    pub cause: u32,
    /// Rising horizons.
    pub horizons: &'a [f64],
    /// A cluster (child) per row: what the bootstrap draws.
    pub clusters: &'a [u32],
}

/// How a trial is done.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The splits; those of a repeat together test every row once and make the summary.
    pub splits: Vec<Split>,
    /// Bootstrap replicates.
    pub bootstrap: usize,
    /// The seed of the bootstrap.
    pub seed: u64,
    /// Thresholds of the decision curves, inside (0, 1).
    pub thresholds: Vec<f64>,
}

/// What a trial finds.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// The first arm on every split.
    pub splits: Vec<SplitResult>,
    /// Every arm over the repeated folds.
    pub arms: Vec<ArmFindings>,
    /// Rows over which the folds were pooled: those that every arm predicted in every repeat.
    pub rows: Vec<usize>,
    /// The incidence among them.
    pub observed: Vec<AtTime>,
    /// Calibration curves of the first arm.
    pub calibration: Vec<CalibrationCurve>,
    /// Its distributions of risk.
    pub risks: Vec<RiskDistribution>,
    /// Its decision curves.
    pub decision: Vec<DecisionCurve>,
    /// Its pooled predictions for `rows`: per repeat and horizon.
    pub pooled: Vec<Vec<Vec<f64>>>,
    /// The split that predicted each of `rows`, per repeat.
    pub fold: Vec<Vec<u32>>,
    /// What a reader must know.
    pub warnings: Vec<String>,
}

/// One arm over the repeated folds.
#[derive(Debug, Clone, Default)]
pub struct ArmFindings {
    /// Its name.
    pub name: String,
    /// Its metrics.
    pub summary: Summary,
    /// The first arm minus this one.
    pub difference: Summary,
    /// Its calibration curves.
    pub calibration: Vec<CalibrationCurve>,
    /// Its distributions of risk.
    pub risks: Vec<RiskDistribution>,
    /// Its decision curves.
    pub decision: Vec<DecisionCurve>,
    /// Why it has no metrics.
    pub failed: Option<String>,
}

/// Tries all arms on all splits, in parallel; the answer does not depend on the number of threads.
///
/// # Errors
/// A cause, horizon, threshold, split or number of clusters that does not fit. An arm that cannot be
/// fitted somewhere, or that predicts what is no probability, is not an error: it is said.
pub fn trial(
    rows: Rows<'_>,
    arms: &[Arm<'_>],
    plan: &Plan,
    progress: &dyn Progress,
) -> Result<Findings, EvaluateError> {
    if rows.clusters.len() != rows.outcome.len() {
        let (found, expected) = (rows.clusters.len(), rows.outcome.len());
        return Err(EvaluateError::Length { what: "the clusters".into(), found, expected });
    }
    if let Some(&bad) = plan.thresholds.iter().find(|&&t| !(t > 0.0 && t < 1.0)) {
        return Err(EvaluateError::Threshold(bad));
    }
    let n = rows.outcome.len();
    for split in &plan.splits {
        if let Some(&row) = split.train.iter().chain(&split.test).find(|&&row| row >= n) {
            return Err(EvaluateError::Row { split: split.name.clone(), row, rows: n });
        }
    }
    // Refuses a wrong cause or horizon before anything is fitted.
    Observed::new(rows.outcome, rows.cause, rows.horizons)?;
    let all = predict_all(rows, arms, plan, progress);
    let mut warnings = Vec::new();
    let splits = plan
        .splits
        .iter()
        .zip(all.first().into_iter().flatten())
        .map(|(split, risks)| judge_split(rows, split, risks, plan))
        .collect::<Result<Vec<_>, _>>()?;
    let pooled = pool(rows, arms, &plan.splits, &all, &mut warnings);
    let mut findings = Findings {
        splits,
        arms: arms.iter().zip(&all).map(|(arm, of_arm)| nothing(arm, of_arm)).collect(),
        rows: pooled.rows.clone(),
        observed: Vec::new(),
        calibration: Vec::new(),
        risks: Vec::new(),
        decision: Vec::new(),
        pooled: pooled.risks.first().cloned().unwrap_or_default(),
        fold: pooled.fold.clone(),
        warnings,
    };
    if !findings.rows.is_empty() {
        measure(rows, plan, &mut findings, pooled, progress)?;
    }
    Ok(findings)
}

/// Every arm on every split: `[arm][split]`. Only the folds are for all arms; the other splits
/// judge the first, and hold nothing for the others.
fn predict_all(
    rows: Rows<'_>,
    arms: &[Arm<'_>],
    plan: &Plan,
    progress: &dyn Progress,
) -> Vec<Vec<Result<Risks, String>>> {
    let splits = &plan.splits;
    // Split by split, so that a slow arm does not come last all at once.
    let jobs: Vec<(usize, usize)> =
        (0..splits.len()).flat_map(|s| (0..arms.len()).map(move |a| (s, a))).collect();
    let needed = |s: usize, a: usize| a == 0 || splits[s].repeat.is_some();
    progress.start("folds", jobs.iter().filter(|&&(s, a)| needed(s, a)).count() as u64);
    let done: Vec<Result<Risks, String>> = jobs
        .par_iter()
        .map(|&(s, a)| {
            if !needed(s, a) {
                return Ok(Risks::new());
            }
            let seed = plan.seed.wrapping_add(s as u64);
            let risks = (arms[a].predict)(&splits[s], seed).and_then(|risks| {
                check(rows, &splits[s], &risks)?;
                Ok(risks)
            });
            progress.advance(1);
            risks
        })
        .collect();
    progress.finish();
    let mut all: Vec<Vec<Result<Risks, String>>> = arms.iter().map(|_| Vec::new()).collect();
    for ((_, a), risks) in jobs.into_iter().zip(done) {
        all[a].push(risks);
    }
    all
}

/// Whether predictions are probabilities, one per test row and horizon.
fn check(rows: Rows<'_>, split: &Split, risks: &Risks) -> Result<(), String> {
    if risks.len() != split.test.len() {
        return Err(format!("{} predictions for {} rows", risks.len(), split.test.len()));
    }
    for risk in risks.iter().flatten() {
        if risk.len() != rows.horizons.len() {
            return Err(format!("{} risks for {} horizons", risk.len(), rows.horizons.len()));
        }
        if let Some(bad) = risk.iter().find(|r| !(0.0..=1.0).contains(*r)) {
            return Err(format!("a predicted risk of {bad}, which is not a probability"));
        }
    }
    Ok(())
}

/// An arm before it is measured: why it failed, if it did in a fold.
fn nothing(arm: &Arm<'_>, of_arm: &[Result<Risks, String>]) -> ArmFindings {
    let failed = of_arm.iter().find_map(|risks| risks.as_ref().err().cloned());
    ArmFindings { name: arm.name.clone(), failed, ..Default::default() }
}
