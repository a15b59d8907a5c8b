//! A model on the test rows of one split.

use crate::resample::Split;

use super::trial::{Plan, Risks, Rows};
use super::{
    Calibration, EvaluateError, HorizonResult, Observed, Predicted, SplitResult, auc, brier,
    concordance, net_benefit, observed_over_expected, scaled_brier,
};

/// The first arm on one split.
pub(super) fn judge_split(
    rows: Rows<'_>,
    split: &Split,
    risks: &Result<Risks, String>,
    plan: &Plan,
) -> Result<SplitResult, EvaluateError> {
    let hit = |&&row: &&usize| rows.outcome.cause()[row] == rows.cause;
    let mut result = SplitResult {
        name: split.name.clone(),
        repeat: split.repeat,
        n_train: split.train.len(),
        n_test: split.test.len(),
        events_test: split.test.iter().filter(hit).count(),
        c_harrell: None,
        c_uno: None,
        horizons: rows
            .horizons
            .iter()
            .map(|&time| HorizonResult { time, ..Default::default() })
            .collect(),
        failed: None,
    };
    let risks = match risks {
        Ok(risks) => risks,
        Err(why) => {
            result.failed = Some(why.clone());
            return Ok(result);
        }
    };
    let (test, risks): (Vec<usize>, Vec<&Vec<f64>>) =
        split.test.iter().zip(risks).filter_map(|(&row, risk)| Some((row, risk.as_ref()?))).unzip();
    if test.is_empty() {
        result.failed = Some("the model abstains on every row".into());
        return Ok(result);
    }
    let observed = Observed::new(&rows.outcome.of_rows(&test), rows.cause, rows.horizons)?;
    let by_horizon = |at| risks.iter().map(|risk: &&Vec<f64>| risk[at]).collect();
    let predicted = Predicted::new(&observed, (0..rows.horizons.len()).map(by_horizon).collect())?;
    let weights = observed.weigh(None)?;
    let (o, w, p) = (&observed, &weights, &predicted);
    let tau = rows.horizons.last().copied().unwrap_or(f64::INFINITY);
    let c = concordance(o, w, p, tau);
    (result.c_harrell, result.c_uno) = (c.harrell, c.uno);
    for (at, horizon) in result.horizons.iter_mut().enumerate() {
        let calibrated = Calibration::new(o, p, at).measure(o, w, p);
        *horizon = HorizonResult {
            time: horizon.time,
            auc: auc(w, p, at),
            brier: brier(w, p, at),
            scaled_brier: scaled_brier(w, p, at),
            oe: observed_over_expected(o, w, p, at),
            intercept: calibrated.intercept,
            slope: calibrated.slope,
            ici: calibrated.ici,
            e50: calibrated.e50,
            e90: calibrated.e90,
            net_benefit: net_benefit(w, p, at, &plan.thresholds)?,
        };
    }
    Ok(result)
}
