//! Pseudo-values: for each row a number whose mean given the covariates is a cumulative incidence,
//! censoring or not (Andersen, Klein & Rosthøj 2003).

use crate::survival::Outcome;

/// The pseudo-value of each row for ending by `cause` within `horizon` of `origin`, from the
/// infinitesimal jackknife of the Aalen–Johansen curve (as R's `survival::pseudo`). `None` for rows
/// that were not under observation from `origin` on, which are left out of the curve as well; and
/// for all where the curve does not reach so far.
#[must_use]
pub fn pseudo_values(y: &Outcome, cause: u32, origin: f64, horizon: f64) -> Vec<Option<f64>> {
    let seen = |row: usize| {
        y.entry().is_none_or(|e| e[row] <= origin)
            && (y.exit()[row] > origin || (origin == 0.0 && y.exit()[row] == 0.0))
    };
    let mut rows: Vec<usize> = (0..y.len()).filter(|&row| seen(row)).collect();
    rows.sort_by(|&a, &b| y.exit()[a].total_cmp(&y.exit()[b]));
    let mut values = vec![None; y.len()];
    let by = origin + horizon;
    if rows.last().is_none_or(|&last| y.exit()[last] < by) {
        return values;
    }
    // At each event time up to the horizon: at risk, ends, ends by the cause.
    let (mut times, mut left) = (Vec::<[f64; 4]>::new(), rows.len() as f64);
    for tied in rows.chunk_by(|&a, &b| y.exit()[a] == y.exit()[b]) {
        let t = y.exit()[tied[0]];
        let ends = tied.iter().filter(|&&r| y.cause()[r] > 0).count() as f64;
        let own = tied.iter().filter(|&&r| y.cause()[r] == cause).count() as f64;
        if ends > 0.0 && t <= by {
            times.push([t, left, ends, own]);
        }
        left -= tied.len() as f64;
    }
    let (mut survival, mut incidence) = (1.0, 0.0);
    let mut curve = Vec::with_capacity(times.len());
    for &[_, risk, ends, own] in &times {
        let before = survival;
        incidence += before * own / risk;
        survival *= 1.0 - ends / risk;
        curve.push((before, incidence));
    }
    // By how much one more case at risk lowers the incidence at each time, summed so far; and by
    // how much its own end moves it.
    let mut risk_sum = 0.0;
    let mut at: Vec<(f64, f64, f64, f64)> = Vec::with_capacity(times.len());
    for (&[t, risk, ends, own], &(before, sofar)) in times.iter().zip(&curve) {
        let rest = if ends < risk { (incidence - sofar) / (risk - ends) } else { 0.0 };
        risk_sum += rest * ends / risk - before * own / (risk * risk);
        at.push((t, risk_sum, before / risk, rest));
    }
    let n = rows.len() as f64;
    for row in rows {
        let exit = y.exit()[row];
        let k = at.partition_point(|a| a.0 <= exit);
        let mut influence = if k > 0 { at[k - 1].1 } else { 0.0 };
        if y.cause()[row] > 0 && exit <= by {
            let (_, _, gain, rest) = at[k - 1];
            influence += if y.cause()[row] == cause { gain } else { 0.0 } - rest;
        }
        values[row] = Some(incidence + n * influence);
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survival::{AalenJohansen, Interval};

    fn outcome(exit: &[f64], cause: &[u32]) -> Outcome {
        Outcome::new(None, exit.to_vec(), cause.to_vec(), vec!["a".into(), "b".into()]).unwrap()
    }

    #[test]
    fn without_censoring_they_are_the_outcome() {
        let y = outcome(&[1.0, 2.0, 2.0, 3.0, 4.0], &[1, 2, 1, 1, 2]);
        let values = pseudo_values(&y, 1, 0.0, 3.5);
        for (v, want) in values.iter().zip([1.0, 0.0, 1.0, 1.0, 0.0]) {
            assert!((v.unwrap() - want).abs() < 1e-12, "{values:?}");
        }
    }

    #[test]
    fn they_are_those_of_r() {
        // tests/reference/survival-forest.R: pseudo(survfit(Surv(time, factor(cause)) ~ 1), times = 5).
        let y = outcome(
            &[1.0, 2.0, 2.0, 3.0, 4.0, 5.0, 6.0, 6.0, 7.0, 8.0],
            &[1, 0, 2, 1, 0, 2, 1, 0, 1, 0],
        );
        let values = pseudo_values(&y, 1, 0.0, 5.0);
        for (v, want) in values.iter().zip(PSEUDO) {
            assert!((v.unwrap() - want).abs() < 1e-9, "{values:?}");
        }
        let mean = values.iter().flatten().sum::<f64>() / 10.0;
        let curve = AalenJohansen::new(&y, None).unwrap();
        let at = curve.at(1, 5.0, Interval::LogLog, 0.95).unwrap();
        assert!((mean - at.estimate).abs() < 1e-12);
    }

    const LATE: f64 = -0.020_408_163_265_306;
    const PSEUDO: [f64; 10] = [
        1.0,
        0.142_857_142_857_143,
        0.0,
        1.122_448_979_591_837,
        LATE,
        LATE,
        LATE,
        LATE,
        LATE,
        LATE,
    ];

    #[test]
    fn beyond_follow_up_and_late_entry_there_are_none() {
        let y = outcome(&[1.0, 2.0], &[1, 0]);
        assert_eq!(pseudo_values(&y, 1, 0.0, 3.0), [None, None]);
        let late = Outcome::new(Some(vec![0.5, 0.0]), vec![2.0, 3.0], vec![1, 1], vec!["a".into()]);
        let values = pseudo_values(&late.unwrap(), 1, 0.0, 2.5);
        assert!(values[0].is_none() && values[1].is_some());
    }
}
