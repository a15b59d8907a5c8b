//! The predictions of held-out rows, pooled over the folds of each repeat.

use crate::progress::Progress;
use crate::resample::Split;

use super::summary::{Measured, Pool};
use super::trial::{Arm, Findings, Plan, Risks, Rows};
use super::{EvaluateError, Observed, Predicted, RiskDistribution};

/// Bins of the distributions of risk.
const BINS: usize = 20;

/// Predictions of held-out rows, pooled over the folds of each repeat.
pub(super) struct Pooled {
    /// Rows that every measured arm predicted in every repeat.
    pub rows: Vec<usize>,
    /// The arms that are measured (positions).
    pub arms: Vec<usize>,
    /// Their predictions for `rows`: `[arm][repeat][horizon][row]`.
    pub risks: Vec<Vec<Vec<Vec<f64>>>>,
    /// The fold that predicted each of `rows`, per repeat.
    pub fold: Vec<Vec<u32>>,
}

/// Where each row's prediction is to be found: per repeat, its split and its place in the test.
type Places = Vec<Vec<Option<(usize, usize)>>>;

/// Pools the folds. The first arm is always measured, the others where no fold failed; rows that
/// any of them did not predict in some repeat are left out for all, and that is said.
pub(super) fn pool(
    rows: Rows<'_>,
    arms: &[Arm<'_>],
    splits: &[Split],
    all: &[Vec<Result<Risks, String>>],
    warnings: &mut Vec<String>,
) -> Pooled {
    let places = places(rows.outcome.len(), splits);
    let kept = without_failure(arms, splits, all, warnings);
    let risk = |arm: usize, repeat: usize, row: usize| {
        let (split, place) = places[repeat][row]?;
        all[arm][split].as_ref().ok()?[place].as_ref()
    };
    let everywhere = |&row: &usize| {
        let mut pairs = kept.iter().flat_map(|&a| (0..places.len()).map(move |r| (a, r)));
        pairs.all(|(arm, repeat)| risk(arm, repeat, row).is_some())
    };
    let complete: Vec<usize> = match places.len() {
        0 => Vec::new(),
        _ => (0..rows.outcome.len()).filter(everywhere).collect(),
    };
    let (n, missing) = (rows.outcome.len(), rows.outcome.len() - complete.len());
    if !places.is_empty() && missing > 0 {
        warnings.push(format!("{missing} of {n} rows are not judged: some model gave no risk"));
    }
    let column = |arm, repeat, at: usize| {
        complete.iter().filter_map(|&row| risk(arm, repeat, row).map(|risk| risk[at])).collect()
    };
    let repeats = |arm| {
        let horizons = |r| (0..rows.horizons.len()).map(|at| column(arm, r, at)).collect();
        (0..places.len()).map(horizons).collect()
    };
    let risks = kept.iter().map(|&arm| repeats(arm)).collect();
    let of_row = |places: &Vec<Option<(usize, usize)>>| {
        complete.iter().filter_map(|&row| places[row].map(|(split, _)| split as u32)).collect()
    };
    let fold = places.iter().map(of_row).collect();
    Pooled { rows: complete, arms: kept, risks, fold }
}

/// Where the prediction of each row is to be found in each repeat.
fn places(n: usize, splits: &[Split]) -> Places {
    let repeats = splits.iter().filter_map(|s| s.repeat).max().map_or(0, |r| r + 1);
    let mut places = vec![vec![None; n]; repeats];
    for (s, split) in splits.iter().enumerate() {
        let Some(repeat) = split.repeat else { continue };
        for (place, &row) in split.test.iter().enumerate() {
            places[repeat][row] = Some((s, place));
        }
    }
    places
}

/// The arms to measure: the first, and those that failed in no fold. Failures are said.
fn without_failure(
    arms: &[Arm<'_>],
    splits: &[Split],
    all: &[Vec<Result<Risks, String>>],
    warnings: &mut Vec<String>,
) -> Vec<usize> {
    let mut kept = Vec::new();
    for (a, (arm, of_arm)) in arms.iter().zip(all).enumerate() {
        let folds = splits.iter().zip(of_arm).filter(|(split, _)| split.repeat.is_some());
        let failed: Vec<(&Split, &String)> =
            folds.filter_map(|(split, risks)| Some((split, risks.as_ref().err()?))).collect();
        if let Some((split, why)) = failed.first() {
            let (n, name, first) = (failed.len(), &arm.name, &split.name);
            warnings.push(format!("{name} failed in {n} folds, first in {first}: {why}"));
        }
        if a == 0 || failed.is_empty() {
            kept.push(a);
        }
    }
    kept
}

/// Measures the pooled predictions.
pub(super) fn measure(
    rows: Rows<'_>,
    plan: &Plan,
    findings: &mut Findings,
    pooled: Pooled,
    progress: &dyn Progress,
) -> Result<(), EvaluateError> {
    let outcome = rows.outcome.of_rows(&pooled.rows);
    let observed = Observed::new(&outcome, rows.cause, rows.horizons)?;
    let clusters: Vec<u32> = pooled.rows.iter().map(|&row| rows.clusters[row]).collect();
    let models = pooled
        .risks
        .into_iter()
        .map(|repeats| {
            let of_repeat = |(risks, fold): (_, &Vec<u32>)| {
                Predicted::new(&observed, risks)?.by_fit(fold.clone())
            };
            repeats.into_iter().zip(&pooled.fold).map(of_repeat).collect()
        })
        .collect::<Result<Vec<Vec<Predicted>>, EvaluateError>>()?;
    let spread = models.iter().map(|repeats| distributions(&observed, repeats));
    let spread = spread.collect::<Result<Vec<_>, _>>()?;
    let ready = Pool::new(&observed, models, &plan.thresholds)?;
    let measured = ready.measure(&clusters, plan.bootstrap, plan.seed, progress)?;
    findings.observed = measured.observed;
    for ((&a, of_arm), risks) in pooled.arms.iter().zip(measured.models).zip(spread) {
        let Measured { summary, difference, curves, decisions } = of_arm;
        let arm = &mut findings.arms[a];
        (arm.summary, arm.difference) = (summary, difference);
        (arm.calibration, arm.decision, arm.risks) = (curves, decisions, risks);
    }
    if let Some(first) = findings.arms.first() {
        findings.calibration = first.calibration.clone();
        findings.decision = first.decision.clone();
        findings.risks = first.risks.clone();
    }
    for at in findings.observed.iter().filter(|at| at.value.mean.is_none()) {
        let time = at.time;
        findings.warnings.push(format!("follow-up does not reach the horizon {time}"));
    }
    Ok(())
}

/// Distributions of risk by what happened, averaged over repeats.
fn distributions(
    observed: &Observed,
    repeats: &[Predicted],
) -> Result<Vec<RiskDistribution>, EvaluateError> {
    let weights = observed.weigh(None)?;
    let mut all = Vec::new();
    for (at, &time) in observed.horizons().iter().enumerate() {
        let mut sides = [vec![0.0; BINS], vec![0.0; BINS]];
        for predicted in repeats {
            for (risk, mass) in predicted.at(at).iter().zip(&weights.signed[at]) {
                let bin = ((risk * BINS as f64) as usize).min(BINS - 1);
                sides[usize::from(*mass < 0.0)][bin] += mass.abs();
            }
        }
        for side in &mut sides {
            let total: f64 = side.iter().sum();
            if total > 0.0 {
                side.iter_mut().for_each(|share| *share /= total);
            }
        }
        let [event, no_event] = sides;
        all.push(RiskDistribution { time, event, no_event });
    }
    Ok(all)
}
