//! The likelihood of runs of periods, and Newton's steps to its maximum.

use ndarray::{Array1, Array2};

use super::probability;
use crate::learners::error::LearnerError;
use crate::learners::person_period::PeriodRun;
use crate::survival::linalg::Cholesky;

/// The most steps of refinement.
const STEPS: usize = 25;

/// Runs of periods and the columns of their rows. Coefficients: a level per band, then one per
/// column.
pub(super) struct Trials<'a> {
    pub x: &'a Array2<f64>,
    pub runs: &'a [PeriodRun],
    pub bands: usize,
    /// What holds each coefficient in: ½ ridge · β² is taken off the log likelihood. Empty: nothing.
    pub ridge: &'a [f64],
}

/// A point of the likelihood with all that is needed there.
pub(super) struct Point {
    pub beta: Array1<f64>,
    pub loglik: f64,
    /// What the ridge takes off it.
    held: f64,
    pub factor: Cholesky,
    pub steps: usize,
    pub converged: bool,
    score: Array1<f64>,
}

impl<'a> Trials<'a> {
    /// Coefficients.
    pub fn width(&self) -> usize {
        self.bands + self.x.ncols()
    }

    /// The runs of each row.
    fn by_row(&self) -> impl Iterator<Item = &'a [PeriodRun]> {
        self.runs.chunk_by(|a, b| a.row == b.row)
    }

    /// The columns' part of a row's linear predictor.
    fn of_columns(&self, row: u32, beta: &Array1<f64>) -> f64 {
        let x = self.x.row(row as usize);
        x.iter().zip(beta.iter().skip(self.bands)).map(|(x, b)| x * b).sum()
    }

    fn level(&self, run: &PeriodRun, beta: &Array1<f64>) -> f64 {
        if self.bands == 0 { 0.0 } else { beta[run.band as usize] }
    }

    /// The log odds of an event over all periods.
    pub fn log_odds(&self) -> f64 {
        let (mut events, mut periods) = (0.0, 0.0);
        for run in self.runs {
            events += f64::from(u8::from(run.event));
            periods += f64::from(run.periods);
        }
        (events / (periods - events)).ln()
    }

    /// The sum of products of columns over the periods.
    pub fn gram(&self) -> Array2<f64> {
        let mut sum = Sum::new(self.width(), self.bands);
        for runs in self.by_row() {
            let weights = runs.iter().map(|r| (r.band as usize, f64::from(r.periods)));
            sum.add(self.x.row(runs[0].row as usize).as_slice(), weights);
        }
        sum.symmetric()
    }

    /// What the columns can say of a constant: all of it, where they have an intercept.
    pub fn constant(&self, gram: &Cholesky) -> Array1<f64> {
        let mut sums = Array1::zeros(self.width());
        for run in self.runs {
            self.add_row(&mut sums, run, f64::from(run.periods));
        }
        gram.solve(sums.view())
    }

    /// Adds a multiple of a run's design row.
    fn add_row(&self, to: &mut Array1<f64>, run: &PeriodRun, times: f64) {
        if self.bands > 0 {
            to[run.band as usize] += times;
        }
        for (t, x) in to.iter_mut().skip(self.bands).zip(self.x.row(run.row as usize)) {
            *t += times * x;
        }
    }

    pub fn loglik(&self, beta: &Array1<f64>) -> f64 {
        let mut loglik = 0.0;
        for runs in self.by_row() {
            let columns = self.of_columns(runs[0].row, beta);
            for run in runs {
                loglik += of_run(run, columns + self.level(run, beta));
            }
        }
        loglik
    }

    /// Log likelihood, score and information in one pass.
    fn at(&self, beta: Array1<f64>, kept: &[bool], steps: usize) -> Point {
        let mut loglik = 0.0;
        let mut score = Array1::zeros(self.width());
        let mut sum = Sum::new(self.width(), self.bands);
        let mut weights = Vec::new();
        for runs in self.by_row() {
            let columns = self.of_columns(runs[0].row, &beta);
            weights.clear();
            let mut residual = 0.0;
            for run in runs {
                let eta = columns + self.level(run, &beta);
                let p = probability(eta);
                let periods = f64::from(run.periods);
                loglik += of_run(run, eta);
                let r = f64::from(u8::from(run.event)) - periods * p;
                residual += r;
                if self.bands > 0 {
                    score[run.band as usize] += r;
                }
                weights.push((run.band as usize, periods * p * (1.0 - p)));
            }
            let x = self.x.row(runs[0].row as usize);
            for (s, x) in score.iter_mut().skip(self.bands).zip(x) {
                *s += residual * x;
            }
            sum.add(x.as_slice(), weights.iter().copied());
        }
        let mut information = sum.symmetric();
        for (j, &ridge) in self.ridge.iter().enumerate() {
            score[j] -= ridge * beta[j];
            information[[j, j]] += ridge;
        }
        for j in (0..kept.len()).filter(|&j| !kept[j]) {
            information.row_mut(j).fill(0.0);
            information.column_mut(j).fill(0.0);
        }
        let factor = Cholesky::new(&information, 1e-14);
        let held = self.held(&beta);
        Point { beta, loglik, held, score, factor, steps, converged: false }
    }

    /// The log likelihood less what the ridge takes off it.
    pub fn objective(&self, beta: &Array1<f64>) -> f64 {
        self.loglik(beta) - self.held(beta)
    }

    /// The derivative of the log likelihood.
    pub fn score(&self, beta: &Array1<f64>) -> Array1<f64> {
        let mut score = Array1::zeros(self.width());
        for run in self.runs {
            let p = probability(self.of_columns(run.row, beta) + self.level(run, beta));
            let residual = f64::from(u8::from(run.event)) - f64::from(run.periods) * p;
            self.add_row(&mut score, run, residual);
        }
        score
    }

    /// What the ridge takes off the log likelihood.
    fn held(&self, beta: &Array1<f64>) -> f64 {
        0.5 * self.ridge.iter().zip(beta).map(|(r, b)| r * b * b).sum::<f64>()
    }

    /// Σ over clusters of the outer product of the cluster's score.
    pub fn meat(&self, beta: &Array1<f64>, clusters: &[u32]) -> Array2<f64> {
        let mut rows: Vec<&[PeriodRun]> = self.by_row().collect();
        rows.sort_by_key(|runs| clusters[runs[0].row as usize]);
        let p = self.width();
        let mut meat = Array2::zeros((p, p));
        let same = |a: &&[PeriodRun], b: &&[PeriodRun]| {
            clusters[a[0].row as usize] == clusters[b[0].row as usize]
        };
        for cluster in rows.chunk_by(same) {
            let mut score = Array1::zeros(p);
            for runs in cluster {
                let columns = self.of_columns(runs[0].row, beta);
                for run in *runs {
                    let p = probability(columns + self.level(run, beta));
                    let residual = f64::from(u8::from(run.event)) - f64::from(run.periods) * p;
                    self.add_row(&mut score, run, residual);
                }
            }
            for i in 0..p {
                for j in 0..p {
                    meat[[i, j]] += score[i] * score[j];
                }
            }
        }
        meat
    }
}

/// The log likelihood of a run.
fn of_run(run: &PeriodRun, eta: f64) -> f64 {
    // log(1 + e^η), without overflow.
    let log_rest = eta.max(0.0) + (-eta.abs()).exp().ln_1p();
    (if run.event { eta } else { 0.0 }) - f64::from(run.periods) * log_rest
}

/// A sum of weighted products of design rows (band, x): the bands' part is diagonal, and a row's
/// columns enter once with the weight of all its runs.
struct Sum {
    bands: usize,
    lower: Array2<f64>,
}

impl Sum {
    fn new(width: usize, bands: usize) -> Self {
        Self { bands, lower: Array2::zeros((width, width)) }
    }

    fn add(&mut self, x: Option<&[f64]>, weights: impl Iterator<Item = (usize, f64)>) {
        let x = x.unwrap_or(&[]); // rows of a standard-layout matrix are slices
        let mut all = 0.0;
        for (band, weight) in weights {
            all += weight;
            if self.bands > 0 {
                self.lower[[band, band]] += weight;
                for (j, x) in x.iter().enumerate() {
                    self.lower[[self.bands + j, band]] += weight * x;
                }
            }
        }
        for (i, a) in x.iter().enumerate() {
            let weighted = all * a;
            let mut row = self.lower.row_mut(self.bands + i);
            for (to, b) in row.iter_mut().skip(self.bands).zip(&x[..=i]) {
                *to += weighted * b;
            }
        }
    }

    /// Both halves.
    fn symmetric(mut self) -> Array2<f64> {
        for i in 0..self.lower.nrows() {
            for j in 0..i {
                self.lower[[j, i]] = self.lower[[i, j]];
            }
        }
        self.lower
    }
}

/// Newton steps, halved where the likelihood falls. Columns that are combinations of others stay
/// at zero.
pub(super) fn refine(
    trials: &Trials<'_>,
    start: Array1<f64>,
    gram: &Cholesky,
) -> Result<Point, LearnerError> {
    let kept = gram.kept();
    let start: Array1<f64> =
        start.iter().zip(kept).map(|(&b, &kept)| if kept { b } else { 0.0 }).collect();
    let mut here = trials.at(start, kept, 0);
    while here.steps < STEPS {
        let step = here.factor.solve(here.score.view());
        let gain = here.score.dot(&step);
        if gain.abs() < 1e-18 * (1.0 + here.loglik.abs()) || step.iter().all(|s| s.abs() < 1e-11) {
            here.converged = true;
            break;
        }
        let steps = here.steps + 1;
        let mut share = 1.0;
        let next = loop {
            let next = trials.at(&here.beta + &(&step * share), kept, steps);
            // Rounding may make the last steps look like a fall.
            let (after, before) = (next.loglik - next.held, here.loglik - here.held);
            if after >= before - 1e-10 * (1.0 + here.loglik.abs()) {
                break Some(next);
            }
            share /= 2.0;
            if share < 1e-6 {
                break None;
            }
        };
        match next {
            Some(next) => here = next,
            None => break,
        }
    }
    if here.beta.iter().all(|b| b.is_finite()) && here.loglik.is_finite() {
        Ok(here)
    } else {
        let why = "the refinement left the range of numbers".into();
        Err(LearnerError::Failed { learner: "linfa-logistic", why })
    }
}
