//! Logistic regression: linfa finds the maximum, and the information there gives the errors.
//!
//! Person-period rows come as runs ([`PeriodRun`]): all intervals of one row that share an
//! intercept are one binomial, so that a row of many months is read once per step and never
//! copied. linfa, which knows neither weights nor runs, searches on all events and a systematic
//! sample of the other periods: its slopes are consistent and its level is off by a known amount
//! (Prentice & Pyke 1979). Newton steps on all periods then take the maximum to the last digits,
//! since standard errors and R's numbers need a sharp one.

mod newton;
mod ridge;
mod start;

use ndarray::{Array1, Array2};

use super::error::{LearnerError, same_length};
use super::person_period::PeriodRun;
use crate::survival::linalg::{Cholesky, symmetrise};
use newton::{Point, Trials};
pub use ridge::{RidgeChoice, RidgeSettings};

/// A fitted logistic regression without an intercept of its own: the design says whether there is
/// one.
#[derive(Debug, Clone, PartialEq)]
pub struct Logistic {
    /// Log odds ratios, one per band and then one per column; 0 where a column tells nothing
    /// that others do not.
    pub coef: Vec<f64>,
    /// Their covariance: from the information, or a sandwich by cluster where there are clusters.
    pub covariance: Vec<Vec<f64>>,
    /// Their covariance from the information.
    pub model_covariance: Vec<Vec<f64>>,
    /// Which columns could be estimated.
    pub estimated: Vec<bool>,
    /// The log likelihood at the maximum.
    pub loglik: f64,
    /// Steps of refinement after linfa's own search.
    pub iterations: usize,
    /// Whether the maximum was reached; not where the columns separate the outcome.
    pub converged: bool,
}

/// Columns whose share of own variation is below this are combinations of others.
const ALIASED: f64 = 1e-10;
/// A coefficient so many standard deviations of its column out is on its way to infinity.
const FAR: f64 = 20.0;

impl Logistic {
    /// Fits P(y) by the columns of `x` (rows × columns), with an optional cluster per row.
    ///
    /// # Errors
    /// Unequal lengths, a value that is not finite, only one outcome, or a search that fails.
    pub fn fit(
        x: &Array2<f64>,
        y: &[bool],
        clusters: Option<&[u32]>,
    ) -> Result<Self, LearnerError> {
        same_length("the outcome", y.len(), x.nrows())?;
        let run = |(row, &event): (usize, &bool)| PeriodRun {
            row: row as u32,
            band: 0,
            periods: 1,
            event,
        };
        let runs: Vec<PeriodRun> = y.iter().enumerate().map(run).collect();
        Self::solve(x, &runs, 0, clusters)
    }

    /// Fits the hazard of an event per period: a level per band (0, 1, … below `bands`), then the
    /// columns of `x` (one row per row of the outcome). `runs` are sorted by row; `clusters`
    /// has a label per row of `x`. A row's own periods are independent given its past; rows
    /// of one cluster are not.
    ///
    /// # Errors
    /// As [`Logistic::fit`], or a run of a row or band that is not there.
    pub fn fit_periods(
        x: &Array2<f64>,
        runs: &[PeriodRun],
        bands: usize,
        clusters: Option<&[u32]>,
    ) -> Result<Self, LearnerError> {
        if runs.iter().any(|r| r.band as usize >= bands) {
            return Err(LearnerError::Setting { setting: "bands", why: "a band is out of range" });
        }
        if runs.windows(2).any(|w| w[1].row < w[0].row) {
            return Err(LearnerError::Setting { setting: "runs", why: "must be sorted by row" });
        }
        let last = runs.last().map_or(0, |r| r.row as usize + 1);
        same_length("the design matrix", x.nrows().min(last), last)?;
        Self::solve(x, runs, bands, clusters)
    }

    fn solve(
        x: &Array2<f64>,
        runs: &[PeriodRun],
        bands: usize,
        clusters: Option<&[u32]>,
    ) -> Result<Self, LearnerError> {
        check(x, runs, bands, clusters)?;
        let scaled = Scaled::new(x, runs, bands);
        let trials = scaled.trials(runs, &[]);
        let gram = Cholesky::new(&trials.gram(), ALIASED);
        let flat = trials.constant(&gram);
        let level = trials.log_odds();
        let mut best = &flat * level;
        if let Some(found) = start::search(&trials, &flat, level)
            && trials.loglik(&found) > trials.loglik(&best)
        {
            best = found;
        }
        let found = newton::refine(&trials, best, &gram)?;
        Ok(scaled.fit(&trials, &found, gram.kept(), clusters))
    }
}

/// Columns in units of their root mean square over the periods.
struct Scaled {
    x: Array2<f64>,
    bands: usize,
    /// 1 for a band, then the unit of each column.
    scale: Vec<f64>,
}

impl Scaled {
    fn new(x: &Array2<f64>, runs: &[PeriodRun], bands: usize) -> Self {
        let units = scales(x, runs);
        // In rows, whatever the layout of the input: rows are read as slices.
        let scaled = x / &Array1::from_vec(units.clone());
        let x = scaled.as_standard_layout().into_owned();
        Self { x, bands, scale: std::iter::repeat_n(1.0, bands).chain(units).collect() }
    }

    fn trials<'a>(&'a self, runs: &'a [PeriodRun], ridge: &'a [f64]) -> Trials<'a> {
        Trials { x: &self.x, runs, bands: self.bands, ridge }
    }

    /// What was found, in the columns' own units.
    fn fit(
        &self,
        trials: &Trials<'_>,
        found: &Point,
        kept: &[bool],
        clusters: Option<&[u32]>,
    ) -> Logistic {
        let inverse = found.factor.inverse();
        let mut covariance = match clusters {
            None => inverse.clone(),
            Some(clusters) => inverse.dot(&trials.meat(&found.beta, clusters)).dot(&inverse),
        };
        symmetrise(&mut covariance);
        let scale = &self.scale;
        let unscaled = |v: &Array2<f64>| -> Vec<Vec<f64>> {
            let p = scale.len();
            (0..p).map(|i| (0..p).map(|j| v[[i, j]] / (scale[i] * scale[j])).collect()).collect()
        };
        // Where fitted probabilities all but reach 0 or 1, the columns separate the outcome: a
        // coefficient is far out, or the likelihood no longer bends in a direction it did.
        let far = found.beta.iter().any(|b| b.abs() > FAR);
        let apart = far || found.factor.kept() != kept;
        Logistic {
            coef: found.beta.iter().zip(scale).map(|(b, s)| b / s).collect(),
            covariance: unscaled(&covariance),
            model_covariance: unscaled(&inverse),
            estimated: kept.to_vec(),
            loglik: found.loglik,
            iterations: found.steps,
            converged: found.converged && !apart,
        }
    }
}

fn check(
    x: &Array2<f64>,
    runs: &[PeriodRun],
    bands: usize,
    clusters: Option<&[u32]>,
) -> Result<(), LearnerError> {
    if let Some(c) = clusters {
        same_length("the clusters", c.len(), x.nrows())?;
    }
    if let Some(row) = x.rows().into_iter().position(|r| r.iter().any(|v| !v.is_finite())) {
        return Err(LearnerError::NotFinite { what: "the design matrix", row });
    }
    if runs.iter().any(|r| r.periods == 0) {
        return Err(LearnerError::Setting { setting: "runs", why: "a run has no period" });
    }
    let events = runs.iter().filter(|r| r.event).count() as u64;
    let periods: u64 = runs.iter().map(|r| u64::from(r.periods)).sum();
    if events == 0 || events == periods || bands + x.ncols() == 0 {
        let why = format!("{events} of {periods} rows have the event: nothing to tell apart");
        return Err(LearnerError::TooFew(why));
    }
    Ok(())
}

/// The root mean square of each column over the periods; 1 for a column of zeros.
fn scales(x: &Array2<f64>, runs: &[PeriodRun]) -> Vec<f64> {
    let (mut squares, mut n) = (vec![0.0; x.ncols()], 0.0);
    for run in runs {
        let periods = f64::from(run.periods);
        n += periods;
        for (s, v) in squares.iter_mut().zip(x.row(run.row as usize)) {
            *s += periods * v * v;
        }
    }
    let scale = |s: f64| if s > 0.0 && s.is_finite() { s } else { 1.0 };
    squares.into_iter().map(|s: f64| scale((s / n).sqrt())).collect()
}

/// 1 / (1 + e^−η).
pub(crate) fn probability(eta: f64) -> f64 {
    if eta >= 0.0 {
        1.0 / (1.0 + (-eta).exp())
    } else {
        let e = eta.exp();
        e / (1.0 + e)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Axis, arr2};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha12Rng;

    /// Two groups: the maximum is the log odds of each, in closed form.
    fn groups(rare: bool) -> (Array2<f64>, Vec<bool>) {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for (group, events, n) in [(0.0, 3, 20), (1.0, 8, 20)] {
            for i in 0..n {
                x.extend([1.0, group]);
                y.push((i < events) == rare);
            }
        }
        (Array2::from_shape_vec((40, 2), x).unwrap(), y)
    }

    #[test]
    fn the_log_odds_of_two_groups_whichever_class_is_rare() {
        let odds = |events: f64| (events / (20.0 - events)).ln();
        for rare in [true, false] {
            let sign = if rare { 1.0 } else { -1.0 };
            let (x, y) = groups(rare);
            let fit = Logistic::fit(&x, &y, None).unwrap();
            assert!(fit.converged);
            assert!((fit.coef[0] - sign * odds(3.0)).abs() < 1e-10, "{:?}", fit.coef);
            assert!((fit.coef[1] - sign * (odds(8.0) - odds(3.0))).abs() < 1e-10);
            // Var of a log odds: 1/a + 1/b.
            assert!((fit.covariance[0][0] - (1.0 / 3.0 + 1.0 / 17.0)).abs() < 1e-9);
            let both = 1.0 / 3.0 + 1.0 / 17.0 + 1.0 / 8.0 + 1.0 / 12.0;
            assert!((fit.covariance[1][1] - both).abs() < 1e-9);
            let entropy = |k: f64| k * (k / 20.0).ln() + (20.0 - k) * (1.0 - k / 20.0).ln();
            assert!((fit.loglik - entropy(3.0) - entropy(8.0)).abs() < 1e-10);
        }
    }

    #[test]
    fn doubling_every_row_within_its_cluster_changes_nothing() {
        let (x, y) = groups(true);
        let clusters: Vec<u32> = (0..40).collect();
        let single = Logistic::fit(&x, &y, Some(&clusters)).unwrap();
        let twice = ndarray::concatenate(Axis(0), &[x.view(), x.view()]).unwrap();
        let (y2, c2) = ([y.clone(), y].concat(), [clusters.clone(), clusters].concat());
        let double = Logistic::fit(&twice, &y2, Some(&c2)).unwrap();
        for (a, b) in single.covariance.iter().flatten().zip(double.covariance.iter().flatten()) {
            assert!((a - b).abs() < 1e-9);
        }
        // The model-based one believes in twice the information.
        assert!((single.model_covariance[0][0] / double.model_covariance[0][0] - 2.0).abs() < 1e-8);
    }

    #[test]
    fn separation_is_said_and_twins_are_left_out() {
        let x = arr2(&[[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]);
        let y = [false, true, false, true, true, true];
        assert!(!Logistic::fit(&x, &y, None).unwrap().converged);
        let (x, y) = groups(true);
        let twin = ndarray::concatenate(Axis(1), &[x.view(), x.select(Axis(1), &[1]).view()]);
        let fit = Logistic::fit(&twin.unwrap(), &y, None).unwrap();
        assert_eq!(fit.estimated, [true, true, false]);
        let total = fit.coef[1] + fit.coef[2];
        let single = Logistic::fit(&x, &y, None).unwrap().coef[1];
        assert!((total - single).abs() < 1e-8, "{total} {single}");
    }

    #[test]
    fn bad_input_is_refused() {
        let x = arr2(&[[1.0], [f64::NAN]]);
        let nan = Logistic::fit(&x, &[true, false], None);
        assert_eq!(nan, Err(LearnerError::NotFinite { what: "the design matrix", row: 1 }));
        let x = arr2(&[[1.0], [2.0]]);
        assert!(matches!(Logistic::fit(&x, &[true, true], None), Err(LearnerError::TooFew(_))));
        assert!(Logistic::fit(&x, &[true], None).is_err());
        assert!(Logistic::fit(&x, &[true, false], Some(&[0])).is_err());
        assert!(Logistic::fit(&Array2::zeros((2, 0)), &[true, false], None).is_err());
    }

    /// Rows of up to 60 periods in three bands, with a rare event whose odds rise with the first
    /// column.
    fn many(n: u32) -> (Array2<f64>, Vec<PeriodRun>, Vec<u32>) {
        let mut rng = ChaCha12Rng::seed_from_u64(3);
        let x = Array2::from_shape_simple_fn((n as usize, 2), || rng.random_range(-1.0..1.0));
        let mut runs = Vec::new();
        for row in 0..n {
            let followed = rng.random_range(1..=60);
            'row: for band in 0..3 {
                let mut periods = 0;
                for _ in (20 * band)..followed.min(20 * band + 20) {
                    periods += 1;
                    let odds = -4.5 + 0.3 * f64::from(band) + 0.8 * x[[row as usize, 0]];
                    if rng.random::<f64>() < probability(odds) {
                        runs.push(PeriodRun { row, band, periods, event: true });
                        break 'row;
                    }
                }
                if periods > 0 {
                    runs.push(PeriodRun { row, band, periods, event: false });
                }
            }
        }
        (x, runs, (0..n).map(|row| row / 3).collect())
    }

    #[test]
    fn runs_are_their_periods_one_by_one() {
        let (x, runs, clusters) = many(200);
        let fit = Logistic::fit_periods(&x, &runs, 3, Some(&clusters)).unwrap();
        let (mut rows, mut y, mut c) = (Vec::new(), Vec::new(), Vec::new());
        for run in &runs {
            for k in 0..run.periods {
                let mut row = [0.0; 5];
                row[run.band as usize] = 1.0;
                (row[3], row[4]) = (x[[run.row as usize, 0]], x[[run.row as usize, 1]]);
                rows.extend(row);
                y.push(run.event && k + 1 == run.periods);
                c.push(clusters[run.row as usize]);
            }
        }
        // Column by column: the layout does not matter either.
        let design = Array2::from_shape_vec((y.len(), 5), rows).unwrap();
        let by_column = design.t().as_standard_layout().into_owned().reversed_axes();
        let plain = Logistic::fit(&by_column, &y, Some(&c)).unwrap();
        assert!((fit.loglik - plain.loglik).abs() < 1e-9 * plain.loglik.abs());
        for j in 0..5 {
            assert!((fit.coef[j] - plain.coef[j]).abs() < 1e-9);
            for i in 0..5 {
                assert!((fit.covariance[i][j] - plain.covariance[i][j]).abs() < 1e-9);
                assert!((fit.model_covariance[i][j] - plain.model_covariance[i][j]).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn linfa_finds_the_slopes_from_the_events_and_a_sample_of_the_others() {
        let (x, runs, _) = many(3000);
        let fit = Logistic::fit_periods(&x, &runs, 3, None).unwrap();
        assert!(fit.converged);
        let trials = Trials { x: &x, runs: &runs, bands: 3, ridge: &[] };
        let gram = Cholesky::new(&trials.gram(), ALIASED);
        let flat = trials.constant(&gram);
        let found = start::search(&trials, &flat, trials.log_odds()).unwrap();
        // Within the error of a sample of this size, level and all.
        for (j, (found, best)) in found.iter().zip(&fit.coef).enumerate() {
            let se = fit.covariance[j][j].sqrt();
            assert!((found - best).abs() < 3.0 * se, "{j}: {found} {best} {se}");
        }
        let (none, best) = (trials.loglik(&(&flat * trials.log_odds())), fit.loglik);
        assert!(best - trials.loglik(&found) < 0.05 * (best - none));
        assert!(fit.iterations <= 5, "{}", fit.iterations);
    }

    #[test]
    fn runs_that_do_not_fit_are_refused() {
        let (x, runs, _) = many(10);
        assert!(Logistic::fit_periods(&x, &runs, 2, None).is_err());
        let mut turned = runs.clone();
        turned.reverse();
        assert!(Logistic::fit_periods(&x, &turned, 3, None).is_err());
        let few = x.select(Axis(0), &[0, 1]);
        assert!(Logistic::fit_periods(&few, &runs, 3, None).is_err());
        let mut empty = runs;
        empty[0].periods = 0;
        assert!(Logistic::fit_periods(&x, &empty, 3, None).is_err());
    }
}
