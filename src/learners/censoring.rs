//! Inverse probability of censoring weights.

use crate::survival::{KaplanMeier, Outcome};

/// No weight exceeds 1 / this: a few late rows must not carry a forest.
const LEAST: f64 = 0.05;

/// For each row, whether `cause` ended it within `horizon` of `origin`, and its weight: the
/// inverse of the probability of not being censored until that is known (Graf et al. 1999), zero
/// where it is not known. `None` for rows that were not under observation from `origin` on.
///
/// Rows that enter late would need the chance of having been seen at all. They are left out: that
/// keeps the estimate right where late entry says nothing about the risk beyond what the terms
/// say, at the price of fewer rows. A competing end before the horizon is a 0 for good.
#[must_use]
pub fn censoring_weights(
    y: &Outcome,
    cause: u32,
    origin: f64,
    horizon: f64,
) -> Vec<Option<(bool, f64)>> {
    let seen = |row: usize| {
        y.entry().is_none_or(|e| e[row] <= origin)
            && (y.exit()[row] > origin || (origin == 0.0 && y.exit()[row] == 0.0))
    };
    let rows: Vec<usize> = (0..y.len()).filter(|&row| seen(row)).collect();
    let mut weights = vec![None; y.len()];
    // Everybody was seen from the origin on, so that late entry plays no part in the curve.
    let exits = |of: &[f64]| rows.iter().map(|&r| of[r]).collect();
    let causes = rows.iter().map(|&r| y.cause()[r]).collect();
    let seen = Outcome::new(None, exits(y.exit()), causes, y.causes().to_vec());
    let Ok(free) = seen.and_then(|y| KaplanMeier::of_censoring(&y, None)) else {
        return weights; // no row at all
    };
    for row in rows {
        let (exit, end) = (y.exit()[row], y.cause()[row]);
        let by = origin + horizon;
        let known = end > 0 || exit >= by;
        let free = free.survival_before(exit.min(by)).max(LEAST);
        let weight = if known { 1.0 / free } else { 0.0 };
        weights[row] = Some((end == cause && exit <= by, weight));
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(entry: Option<Vec<f64>>, exit: &[f64], cause: &[u32]) -> Outcome {
        Outcome::new(entry, exit.to_vec(), cause.to_vec(), vec!["a".into(), "b".into()]).unwrap()
    }

    #[test]
    fn weights_by_hand() {
        // Five rows; censored at 2 (of 4 left at risk) and at 4 (of 2 left).
        let y = outcome(None, &[1.0, 2.0, 3.0, 4.0, 5.0], &[1, 0, 2, 0, 1]);
        let w = censoring_weights(&y, 1, 0.0, 4.5);
        let third = 0.75; // free of censoring before 3
        let fifth = 0.75 * 0.5; // free of censoring before 4.5
        assert_eq!(w[0], Some((true, 1.0)));
        assert_eq!(w[1], Some((false, 0.0)));
        assert_eq!(w[2], Some((false, 1.0 / third)));
        assert_eq!(w[3], Some((false, 0.0)));
        assert_eq!(w[4], Some((false, 1.0 / fifth)));
        // The weights of those whose fate is known add up to all rows.
        let total: f64 = w.iter().flatten().map(|(_, w)| w).sum();
        assert!((total - 5.0).abs() < 1e-12);
    }

    #[test]
    fn censored_at_the_horizon_itself_is_known() {
        let y = outcome(None, &[3.0, 10.0, 10.0], &[1, 0, 0]);
        let w = censoring_weights(&y, 1, 0.0, 10.0);
        assert_eq!(w, [Some((true, 1.0)), Some((false, 1.0)), Some((false, 1.0))]);
    }

    #[test]
    fn rows_that_came_later_are_left_out() {
        let y = outcome(Some(vec![0.0, 2.0, 1.0]), &[5.0, 6.0, 4.0], &[1, 1, 0]);
        assert_eq!(censoring_weights(&y, 1, 0.0, 9.0)[1], None);
        let landmark = censoring_weights(&y, 1, 2.0, 9.0);
        assert!(landmark.iter().all(Option::is_some));
        // Gone before the landmark.
        assert_eq!(censoring_weights(&y, 1, 4.5, 1.0)[2], None);
    }
}
