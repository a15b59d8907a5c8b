//! The log-rank test and its G-rho family, stratified, with late entry.

use ndarray::{Array1, Array2};

use super::linalg::Cholesky;
use super::table::order;
use super::{ChiSquare, FitError, Outcome};

/// A G-rho test (Harrington & Fleming 1982): do groups end at the same rate?
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LogRank {
    /// The groups' numbers, increasing.
    pub groups: Vec<u32>,
    /// Rows by group.
    pub n: Vec<usize>,
    /// (Weighted) events by group.
    pub observed: Vec<f64>,
    /// What would be expected if all groups ended at the same rate.
    pub expected: Vec<f64>,
    /// The covariance of observed − expected.
    pub variance: Array2<f64>,
    /// The test.
    pub test: ChiSquare,
}

/// Tests whether `groups` (a number per row) end by `cause` (`None`: any) at the same rate, within
/// `strata` where given. Events are weighted by S(t−)^rho: 0 is the log-rank test, 1 the
/// Peto–Peto modification of the Wilcoxon test.
///
/// # Errors
/// Columns of another length, an unknown cause, `rho` not finite or below 0.
pub fn logrank(
    outcome: &Outcome,
    cause: Option<u32>,
    groups: &[u32],
    strata: Option<&[u32]>,
    rho: f64,
) -> Result<LogRank, FitError> {
    check_cause(outcome, cause)?;
    if !(rho.is_finite() && rho >= 0.0) {
        return Err(FitError::Setting { setting: "rho", why: format!("{rho} is below 0") });
    }
    let (ids, group) = numbered(groups, outcome.len(), "the groups")?;
    let strata = match strata {
        Some(s) => numbered(s, outcome.len(), "the strata")?.1,
        None => vec![0; outcome.len()],
    };
    let g = ids.len();
    let mut sums =
        Sums { observed: vec![0.0; g], expected: vec![0.0; g], variance: Array2::zeros((g, g)) };
    for rows in by_stratum(&order(outcome.exit()), &strata) {
        stratum(outcome, cause, &group, &rows, rho, &mut sums);
    }
    let n = (0..g).map(|k| group.iter().filter(|&&c| c as usize == k).count()).collect();
    let Sums { observed, expected, variance } = sums;
    let difference: Vec<f64> = observed.iter().zip(&expected).map(|(o, e)| o - e).collect();
    let test = quadratic_test(&difference, &variance);
    Ok(LogRank { groups: ids, n, observed, expected, variance, test })
}

/// d′V⁻d over all groups but one; a group that is never at risk counts for nothing.
pub(crate) fn quadratic_test(difference: &[f64], variance: &Array2<f64>) -> ChiSquare {
    // The rows of V sum to zero: the factor leaves out the last group that matters by itself.
    let factor = Cholesky::new(variance, 1e-10);
    let d = Array1::from_vec(difference.to_vec());
    ChiSquare::of(factor.solve(d.view()).dot(&d), factor.rank() as f64)
}

pub(crate) fn check_cause(outcome: &Outcome, cause: Option<u32>) -> Result<(), FitError> {
    let causes = outcome.causes().len();
    match cause {
        Some(cause) if cause == 0 || cause as usize > causes => {
            Err(FitError::UnknownCause { cause, causes })
        }
        _ => Ok(()),
    }
}

/// The distinct numbers in order, and each row's place among them.
pub(crate) fn numbered(
    values: &[u32],
    rows: usize,
    what: &'static str,
) -> Result<(Vec<u32>, Vec<u32>), FitError> {
    if values.len() != rows {
        return Err(FitError::Shape { what, found: values.len(), expected: rows });
    }
    let mut ids = values.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let place = values.iter().map(|v| ids.partition_point(|k| k < v) as u32).collect();
    Ok((ids, place))
}

/// Splits sorted rows by stratum (0, 1, …), keeping their order.
pub(crate) fn by_stratum(sorted: &[u32], stratum: &[u32]) -> Vec<Vec<u32>> {
    let count = stratum.iter().max().map_or(0, |&m| m as usize + 1);
    let mut out = vec![Vec::new(); count];
    for &row in sorted {
        out[stratum[row as usize] as usize].push(row);
    }
    out
}

struct Sums {
    observed: Vec<f64>,
    expected: Vec<f64>,
    variance: Array2<f64>,
}

fn stratum(
    outcome: &Outcome,
    cause: Option<u32>,
    group: &[u32],
    rows: &[u32],
    rho: f64,
    sums: &mut Sums,
) {
    let exit = |r: u32| outcome.exit()[r as usize];
    let groups = sums.observed.len();
    let mut at_risk = vec![0.0; groups];
    let mut entering: Vec<u32> = Vec::new();
    match outcome.entry() {
        None => rows.iter().for_each(|&r| at_risk[group[r as usize] as usize] += 1.0),
        Some(entry) => {
            entering = rows.to_vec();
            entering.sort_unstable_by(|&a, &b| {
                entry[a as usize].total_cmp(&entry[b as usize]).then(a.cmp(&b))
            });
        }
    }
    let mut entering = entering.into_iter().peekable();
    let entry = |r: u32| outcome.entry().map_or(f64::NEG_INFINITY, |e| e[r as usize]);
    let mut deaths = vec![0.0; groups];
    let mut survival = 1.0;
    let mut k = 0;
    while k < rows.len() {
        let time = exit(rows[k]);
        while let Some(r) = entering.next_if(|&r| entry(r) < time) {
            at_risk[group[r as usize] as usize] += 1.0;
        }
        let first = k;
        deaths.fill(0.0);
        while k < rows.len() && exit(rows[k]) == time {
            let c = outcome.cause()[rows[k] as usize];
            if c > 0 && cause.is_none_or(|cause| cause == c) {
                deaths[group[rows[k] as usize] as usize] += 1.0;
            }
            k += 1;
        }
        let d: f64 = deaths.iter().sum();
        let n: f64 = at_risk.iter().sum();
        if d > 0.0 {
            let w = if rho == 0.0 { 1.0 } else { f64::powf(survival, rho) };
            let spread = if n > 1.0 { w * w * d * (n - d) / (n * n * (n - 1.0)) } else { 0.0 };
            for i in 0..groups {
                sums.observed[i] += w * deaths[i];
                sums.expected[i] += w * d * at_risk[i] / n;
                sums.variance[[i, i]] += spread * at_risk[i] * n;
                for j in 0..groups {
                    sums.variance[[i, j]] -= spread * at_risk[i] * at_risk[j];
                }
            }
            survival *= (n - d) / n;
        }
        for &r in &rows[first..k] {
            at_risk[group[r as usize] as usize] -= 1.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_by_hand() {
        // Deaths at 1 (of 2 + 2 at risk, group 0) and 3 (of 1 + 1, group 1); 2 and 4 are censored.
        let y = Outcome::new(None, vec![1., 3., 2., 4.], vec![1, 1, 0, 0], vec!["a".into()]);
        let t = logrank(&y.unwrap(), None, &[0, 1, 0, 1], None, 0.0).unwrap();
        assert_eq!(t.observed, [1.0, 1.0]);
        // E₀ = 2/4, as nobody of group 0 is left at 3.
        assert!((t.expected[0] - 0.5).abs() < 1e-15);
        assert!((t.variance[[0, 0]] - 0.25).abs() < 1e-15);
        assert!((t.test.chi2 - 1.0).abs() < 1e-12);
        assert_eq!(t.test.df, 1.0);
    }

    #[test]
    fn nothing_to_compare_is_no_difference() {
        let y = Outcome::new(None, vec![1., 3.], vec![0, 0], vec!["a".into()]).unwrap();
        let t = logrank(&y, None, &[0, 1], None, 0.0).unwrap();
        assert_eq!((t.test.chi2, t.test.df, t.test.p), (0.0, 0.0, 1.0));
        let one = logrank(&y, None, &[4, 4], None, 1.0).unwrap();
        assert_eq!(one.test.df, 0.0);
        assert!(logrank(&y, Some(2), &[0, 1], None, 0.0).is_err());
        assert!(logrank(&y, None, &[0], None, 0.0).is_err());
        assert!(logrank(&y, None, &[0, 1], None, f64::NAN).is_err());
    }
}
