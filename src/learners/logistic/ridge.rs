//! Logistic regression that is held in: ridge, and how strong it should be.

use ndarray::{Array1, Array2};

use super::newton::{self, Point, Trials};
use super::{ALIASED, Logistic, PeriodRun, Scaled, check, start};
use crate::learners::error::{LearnerError, same_length};
use crate::survival::linalg::Cholesky;

/// Strengths that are tried, from one at which nothing is left down to a ten-thousandth of it.
const TRIED: usize = 40;
const RANGE: f64 = 1e-4;
/// The strongest ridge is the strongest lasso over this, as glmnet has it.
const NEAR_LASSO: f64 = 1e-3;

/// What is regressed on what, and held in by a ridge.
#[derive(Debug, Clone, Copy)]
pub struct RidgeSettings<'a> {
    /// The columns, one row per row of the outcome.
    pub x: &'a Array2<f64>,
    /// Runs of periods, sorted by row.
    pub runs: &'a [PeriodRun],
    /// Bands with a level of their own, which is not held in.
    pub bands: usize,
    /// The first columns, so many, which are not held in either.
    pub free: usize,
}

/// Which strength predicts periods that were held out.
#[derive(Debug, Clone, PartialEq)]
pub struct RidgeChoice {
    /// The strengths, falling.
    pub lambda: Vec<f64>,
    /// Their held-out deviance per period.
    pub deviance: Vec<f64>,
    /// Its standard error over folds.
    pub error: Vec<f64>,
    /// The place of the least deviance.
    pub best: usize,
    /// The place of the strongest whose deviance is within a standard error of that.
    pub within_one_se: usize,
}

impl RidgeSettings<'_> {
    /// The maximum of the log likelihood per period, less λ/2 · Σ (sd of a column · its
    /// coefficient)²: the scale of glmnet with `alpha = 0` (Friedman, Hastie & Tibshirani 2010).
    /// Standard deviations are over periods. The covariance is that of the penalised likelihood,
    /// or a sandwich by cluster.
    ///
    /// # Errors
    /// As [`Logistic::fit_periods`], or a strength that is negative or not finite.
    pub fn fit(&self, lambda: f64, clusters: Option<&[u32]>) -> Result<Logistic, LearnerError> {
        self.check()?;
        check(self.x, self.runs, self.bands, clusters)?;
        if !(lambda.is_finite() && lambda >= 0.0) {
            let why = "must be a number that is not below zero";
            return Err(LearnerError::Setting { setting: "lambda", why });
        }
        let scaled = Scaled::new(self.x, self.runs, self.bands);
        let ridge = self.precision(&scaled.trials(self.runs, &[]), lambda);
        let trials = scaled.trials(self.runs, &ridge);
        let (found, kept) = solve(&trials, None)?;
        Ok(scaled.fit(&trials, &found, &kept, clusters))
    }

    /// Tries strengths on folds (a code per row of `x`): each is fitted without a fold and judged
    /// on it.
    ///
    /// # Errors
    /// As [`RidgeSettings::fit`], or fewer than two folds.
    pub fn choose(&self, folds: &[u32]) -> Result<RidgeChoice, LearnerError> {
        self.check()?;
        check(self.x, self.runs, self.bands, None)?;
        same_length("the folds", folds.len(), self.x.nrows())?;
        let scaled = Scaled::new(self.x, self.runs, self.bands);
        let all = scaled.trials(self.runs, &[]);
        let lambda = self.strengths(&all)?;
        let mut codes: Vec<u32> = self.runs.iter().map(|r| folds[r.row as usize]).collect();
        codes.sort_unstable();
        codes.dedup();
        if codes.len() < 2 {
            return Err(LearnerError::Setting { setting: "folds", why: "must be at least two" });
        }
        let mut held = Vec::new();
        for code in codes {
            let is_out = |r: &&PeriodRun| folds[r.row as usize] == code;
            let out: Vec<PeriodRun> = self.runs.iter().filter(is_out).copied().collect();
            let rest: Vec<PeriodRun> = self.runs.iter().filter(|r| !is_out(r)).copied().collect();
            check(self.x, &rest, self.bands, None)?;
            let weight: f64 = out.iter().map(|r| f64::from(r.periods)).sum();
            let judge = scaled.trials(&out, &[]);
            let mut last: Option<Array1<f64>> = None;
            let mut deviances = Vec::with_capacity(lambda.len());
            for &l in &lambda {
                let ridge = self.precision(&scaled.trials(&rest, &[]), l);
                let (found, _) = solve(&scaled.trials(&rest, &ridge), last.take())?;
                deviances.push(-2.0 * judge.loglik(&found.beta) / weight);
                last = Some(found.beta);
            }
            held.push((weight, deviances));
        }
        Ok(summary(lambda, &held))
    }

    fn check(&self) -> Result<(), LearnerError> {
        if self.free > self.x.ncols() {
            let why = "must not be more than there are columns";
            return Err(LearnerError::Setting { setting: "free", why });
        }
        if self.runs.iter().any(|r| r.band as usize >= self.bands.max(1)) {
            return Err(LearnerError::Setting { setting: "bands", why: "a band is out of range" });
        }
        let last = self.runs.last().map_or(0, |r| r.row as usize + 1);
        same_length("the design matrix", self.x.nrows().min(last), last)
    }

    /// What holds each scaled coefficient in: periods · λ · the variance of its scaled column.
    fn precision(&self, trials: &Trials<'_>, lambda: f64) -> Vec<f64> {
        let (periods, mean, square) = moments(trials);
        let held = |j: usize| j >= self.bands + self.free;
        let variance = |j: usize| (square[j] / periods - (mean[j] / periods).powi(2)).max(0.0);
        let of = |j: usize| if held(j) { periods * lambda * variance(j) } else { 0.0 };
        (0..trials.width()).map(of).collect()
    }

    /// Strengths from the one at which next to nothing is left.
    fn strengths(&self, trials: &Trials<'_>) -> Result<Vec<f64>, LearnerError> {
        let first = self.bands + self.free;
        // Without the columns that are held in: the score of each then says how much it asks.
        let ridge: Vec<f64> =
            (0..trials.width()).map(|j| if j < first { 0.0 } else { 1e12 }).collect();
        let without = Trials { ridge: &ridge, ..*trials };
        let (found, _) = solve(&without, None)?;
        let score = trials.score(&found.beta);
        let (periods, mean, square) = moments(trials);
        let asked = |j: usize| {
            let sd = (square[j] / periods - (mean[j] / periods).powi(2)).max(0.0).sqrt();
            if sd > 1e-9 { score[j].abs() / (periods * sd) } else { 0.0 }
        };
        let most = (first..trials.width()).map(asked).fold(0.0, f64::max) / NEAR_LASSO;
        if most <= 0.0 {
            let why = "no column that is held in says anything".to_owned();
            return Err(LearnerError::TooFew(why));
        }
        let step = RANGE.ln() / (TRIED - 1) as f64;
        Ok((0..TRIED).map(|k| most * (step * k as f64).exp()).collect())
    }
}

/// Periods, and the sums and sums of squares of each coefficient's design over them.
fn moments(trials: &Trials<'_>) -> (f64, Array1<f64>, Array1<f64>) {
    let mut sums = Array1::zeros(trials.width());
    let mut squares = Array1::zeros(trials.width());
    let mut periods = 0.0;
    for run in trials.runs {
        let weight = f64::from(run.periods);
        periods += weight;
        for (j, x) in trials.x.row(run.row as usize).iter().enumerate() {
            sums[trials.bands + j] += weight * x;
            squares[trials.bands + j] += weight * x * x;
        }
    }
    (periods, sums, squares)
}

/// The penalised maximum, from a start if there is one, and which columns take part.
fn solve(
    trials: &Trials<'_>,
    start: Option<Array1<f64>>,
) -> Result<(Point, Vec<bool>), LearnerError> {
    let mut products = trials.gram();
    for (j, ridge) in trials.ridge.iter().enumerate() {
        products[[j, j]] += ridge;
    }
    let gram = Cholesky::new(&products, ALIASED);
    let kept = gram.kept().to_vec();
    let begin = match start {
        Some(start) => start,
        None => {
            let flat = Trials { ridge: &[], ..*trials };
            let constant = flat.constant(&Cholesky::new(&flat.gram(), ALIASED));
            let level = trials.log_odds();
            // linfa starts where nothing holds the slopes in.
            let found = start::search(&flat, &constant, level);
            let plain = &constant * level;
            let better = |b: &Array1<f64>| trials.objective(b) > trials.objective(&plain);
            found.filter(better).unwrap_or(plain)
        }
    };
    Ok((newton::refine(trials, begin, &gram)?, kept))
}

/// Means over folds, by their periods, as glmnet's cross-validation takes them.
fn summary(lambda: Vec<f64>, held: &[(f64, Vec<f64>)]) -> RidgeChoice {
    let total: f64 = held.iter().map(|(w, _)| w).sum();
    let mean =
        |f: &dyn Fn(&Vec<f64>) -> f64| held.iter().map(|(w, d)| w * f(d)).sum::<f64>() / total;
    let deviance: Vec<f64> = (0..lambda.len()).map(|k| mean(&|d| d[k])).collect();
    let spread = |k: usize| mean(&|d| (d[k] - deviance[k]).powi(2));
    let error: Vec<f64> =
        (0..lambda.len()).map(|k| (spread(k) / (held.len() as f64 - 1.0)).sqrt()).collect();
    let mut best = 0;
    for k in 1..deviance.len() {
        if deviance[k] < deviance[best] {
            best = k;
        }
    }
    let limit = deviance[best] + error[best];
    let within_one_se = (0..=best).find(|&k| deviance[k] <= limit).unwrap_or(best);
    RidgeChoice { lambda, deviance, error, best, within_one_se }
}
