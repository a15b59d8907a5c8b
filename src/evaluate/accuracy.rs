//! Overall accuracy and clinical usefulness: Brier score, scaled Brier score, net benefit.

use super::{EvaluateError, NetBenefit, Predicted, Weights};

/// The Brier score at a horizon (by its position): the weighted mean of (event by then − risk)²
/// (Graf et al. 1999; with competing causes Schoop et al. 2011; R's `riskRegression::Score`).
/// `None` where follow-up does not reach the horizon.
#[must_use]
pub fn brier(weights: &Weights, predicted: &Predicted, at: usize) -> Option<f64> {
    weights.incidence(at)?;
    let score = predicted.at(at).iter().zip(&weights.signed[at]).map(|(risk, &mass)| {
        let miss = if mass > 0.0 { 1.0 - risk } else { *risk };
        mass.abs() * miss * miss
    });
    Some(score.sum())
}

/// The scaled Brier score (index of prediction accuracy): 1 − Brier / Brier of the null model.
///
/// The null model gives every row the Aalen–Johansen incidence F of the same rows, whose Brier
/// score is F (1 − F); so 0 is no better than knowing the base rate, and below 0 is worse.
/// `None` where the Brier score is, or where F is 0 or 1.
#[must_use]
pub fn scaled_brier(weights: &Weights, predicted: &Predicted, at: usize) -> Option<f64> {
    let incidence = weights.incidence(at)?;
    let null = incidence * (1.0 - incidence);
    let score = brier(weights, predicted, at)?;
    (null > 0.0).then(|| 1.0 - score / null)
}

/// Net benefit per person at decision thresholds: (true positives − false positives ·
/// threshold / (1 − threshold)) / n, for acting on the model (risk ≥ threshold) and on everybody;
/// acting on nobody has 0 (Vickers and Elkin 2006).
///
/// Positives and negatives are weighted as in [`brier`], so acting on everybody has
/// F − (1 − F) · threshold / (1 − threshold) with F the Aalen–Johansen incidence. Empty where
/// follow-up does not reach the horizon.
///
/// # Errors
/// A threshold that is not inside (0, 1).
pub fn net_benefit(
    weights: &Weights,
    predicted: &Predicted,
    at: usize,
    thresholds: &[f64],
) -> Result<Vec<NetBenefit>, EvaluateError> {
    if let Some(&bad) = thresholds.iter().find(|&&t| !(t > 0.0 && t < 1.0)) {
        return Err(EvaluateError::Threshold(bad));
    }
    let Some(incidence) = weights.incidence(at) else { return Ok(Vec::new()) };
    let risk = predicted.at(at);
    // From the highest risk down, so that each threshold continues where a higher one stopped.
    let mut rising: Vec<usize> = (0..thresholds.len()).collect();
    rising.sort_by(|&a, &b| thresholds[b].total_cmp(&thresholds[a]));
    let mut rows = predicted.order(at).iter().rev().map(|&r| r as usize).peekable();
    let (mut cases, mut controls) = (0.0, 0.0);
    let mut curve = vec![NetBenefit { threshold: 0.0, model: 0.0, all: 0.0 }; thresholds.len()];
    for k in rising {
        let threshold = thresholds[k];
        while let Some(row) = rows.next_if(|&row| risk[row] >= threshold) {
            let mass = weights.signed[at][row];
            if mass > 0.0 {
                cases += mass;
            } else {
                controls -= mass;
            }
        }
        let odds = threshold / (1.0 - threshold);
        let all = incidence - (1.0 - incidence) * odds;
        curve[k] = NetBenefit { threshold, model: cases - controls * odds, all };
    }
    Ok(curve)
}

/// How a score is integrated over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A score holds until the next time, and is 0 before the first: as R's
    /// `riskRegression::Score(summary = "ibs")`. Meant for many times.
    Step,
    /// Straight lines between the times, from 0 at the beginning: for few times.
    Trapezoid,
}

/// The mean over time of a score such as the Brier score, from 0 (where it is 0, since nothing is
/// unknown yet) to the last of the rising times; `None` where one is.
#[must_use]
pub fn integrated(times: &[f64], scores: &[Option<f64>], rule: Rule) -> Option<f64> {
    let last = *times.last()?;
    let (mut time, mut score, mut sum) = (0.0, 0.0, 0.0);
    for (&next, there) in times.iter().zip(scores) {
        let there = (*there)?;
        let height = match rule {
            Rule::Step => score,
            Rule::Trapezoid => (score + there) / 2.0,
        };
        sum += height * (next - time);
        (time, score) = (next, there);
    }
    (last > 0.0 && times.len() == scores.len()).then(|| sum / last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Observed, auc, concordance};
    use crate::survival::Outcome;

    fn judged(
        exit: Vec<f64>,
        cause: Vec<u32>,
        horizon: f64,
        risk: Vec<f64>,
    ) -> (Observed, Weights, Predicted) {
        let causes = vec!["breakdown".into(), "home".into()];
        let outcome = Outcome::new(None, exit, cause, causes).unwrap();
        let observed = Observed::new(&outcome, 1, &[horizon]).unwrap();
        let weights = observed.weigh(None).unwrap();
        let predicted = Predicted::new(&observed, vec![risk]).unwrap();
        (observed, weights, predicted)
    }

    #[test]
    fn without_censoring_they_are_plain_means() {
        // By 2.5: event, event, home, still there, still there.
        let (o, w, p) = judged(
            vec![1.0, 2.0, 2.0, 3.0, 4.0],
            vec![1, 1, 2, 1, 0],
            2.5,
            vec![0.9, 0.4, 0.4, 0.1, 0.6],
        );
        let expected = (0.01 + 0.36 + 0.16 + 0.01 + 0.36) / 5.0;
        assert!((brier(&w, &p, 0).unwrap() - expected).abs() < 1e-15);
        let scaled = 1.0 - expected / (0.4 * 0.6);
        assert!((scaled_brier(&w, &p, 0).unwrap() - scaled).abs() < 1e-14);
        // Pairs: 0.9 beats all three controls; 0.4 ties, beats 0.1, loses to 0.6.
        assert!((auc(&w, &p, 0).unwrap() - 4.5 / 6.0).abs() < 1e-15);
        // Acting from 0.5: one true and one false positive.
        let nb = net_benefit(&w, &p, 0, &[0.5, 0.2]).unwrap();
        assert!((nb[0].model - 0.0).abs() < 1e-15);
        assert!((nb[0].all - (0.4 - 0.6)).abs() < 1e-15);
        assert!((nb[1].model - (2.0 - 2.0 * 0.25) / 5.0).abs() < 1e-15);
        // C up to 2.5: rows 0 and 1 against the later rows and the one at home; ties half.
        // Row 0: beats rows 1–4 but row 2 is at risk too: 4 pairs, 4 concordant. Row 1 (at 2):
        // row 2 (home at 2) ties, row 3 lower, row 4 higher: 3 pairs, 1.5 concordant.
        let c = concordance(&o, &w, &p, 2.5);
        assert!((c.harrell.unwrap() - 5.5 / 7.0).abs() < 1e-15);
        assert!((c.uno.unwrap() - 5.5 / 7.0).abs() < 1e-15);
    }

    #[test]
    fn integrals_by_hand() {
        let (times, scores) = ([2.0, 4.0, 8.0], [Some(0.1), Some(0.2), Some(0.1)]);
        // (0·2 + 0.1·2 + 0.2·4) / 8 and (0.05·2 + 0.15·2 + 0.15·4) / 8.
        let close = |a: Option<f64>, b: f64| (a.unwrap() - b).abs() < 1e-15;
        assert!(close(integrated(&times, &scores, Rule::Step), 0.125));
        assert!(close(integrated(&times, &scores, Rule::Trapezoid), 0.125));
        assert_eq!(integrated(&times, &[Some(0.1), None, Some(0.1)], Rule::Step), None);
        assert_eq!(integrated(&[], &[], Rule::Step), None);
    }

    #[test]
    fn equal_predictions_discriminate_nothing_and_are_the_null_model() {
        let (o, w, p) =
            judged(vec![1.0, 2.0, 2.5, 3.0, 4.0], vec![1, 0, 1, 0, 0], 3.5, vec![0.25; 5]);
        assert_eq!(auc(&w, &p, 0), Some(0.5));
        assert_eq!(concordance(&o, &w, &p, 3.5).uno, Some(0.5));
        let incidence = w.incidence(0).unwrap();
        let (_, w, p) =
            judged(vec![1.0, 2.0, 2.5, 3.0, 4.0], vec![1, 0, 1, 0, 0], 3.5, vec![incidence; 5]);
        assert!(scaled_brier(&w, &p, 0).unwrap().abs() < 1e-14);
    }

    #[test]
    fn nothing_is_said_without_events_or_follow_up() {
        let (o, w, p) = judged(vec![1.0, 2.0, 3.0], vec![0, 2, 0], 2.5, vec![0.1, 0.2, 0.3]);
        assert_eq!(auc(&w, &p, 0), None);
        assert_eq!(scaled_brier(&w, &p, 0), None);
        assert!(brier(&w, &p, 0).is_some());
        assert_eq!(concordance(&o, &w, &p, 2.5), Default::default());
        let (_, w, p) = judged(vec![1.0, 2.0, 3.0], vec![1, 1, 0], 3.5, vec![0.1, 0.2, 0.3]);
        assert_eq!((auc(&w, &p, 0), brier(&w, &p, 0)), (None, None));
        assert!(net_benefit(&w, &p, 0, &[0.3]).unwrap().is_empty());
        assert!(net_benefit(&w, &p, 0, &[1.0]).is_err());
    }
}
