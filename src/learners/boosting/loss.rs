//! What is boosted: the likelihoods, with their slopes by each row's score.

use crate::learners::person_period::PeriodRun;
use crate::survival::Outcome;

/// The most Newton steps for a baseline.
const NEWTON: usize = 20;

/// A likelihood of all rows; only the rows of `train` are learned from.
pub(super) trait Loss: Sync {
    /// Fits the baseline to the scores; fills in the slope and the curvature of the loss by the
    /// score of each training row (0 for others). Gives the loss of the training rows.
    fn step(&mut self, score: &[f64], slope: &mut [f64], curve: &mut [f64]) -> f64;
    /// The loss that the other rows add.
    fn held_out(&self, score: &[f64]) -> f64;
    /// The baseline as it was last fitted.
    fn baseline(&self) -> Vec<f64>;
}

/// The event times of a cause within strata, and which of them each row was at risk at.
pub(super) struct RiskSets {
    /// Stratum and time of each event time, rising.
    pub(super) at: Vec<(u32, f64)>,
    /// The event times from..to of each row, and whether it ended by the cause.
    rows: Vec<(u32, u32, bool)>,
}

impl RiskSets {
    pub(super) fn new(y: &Outcome, cause: u32, strata: &[u32]) -> Self {
        let key = |row: usize| (strata[row], y.exit()[row]);
        let order = |a: &(u32, f64), b: &(u32, f64)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1));
        let mut at: Vec<(u32, f64)> =
            (0..y.len()).filter(|&r| y.cause()[r] == cause).map(key).collect();
        at.sort_by(order);
        at.dedup();
        // At risk over (entry, exit].
        let upto = |s: u32, t: f64| at.partition_point(|k| order(k, &(s, t)).is_le()) as u32;
        let of = |row: usize| {
            let entry = y.entry().map_or(f64::NEG_INFINITY, |e| e[row]);
            let (s, exit) = key(row);
            (upto(s, entry), upto(s, exit), y.cause()[row] == cause)
        };
        let rows = (0..y.len()).map(of).collect();
        Self { at, rows }
    }
}

/// The partial likelihood of a cause (Cox 1972; ties as Breslow's), with late entry and strata.
pub(super) struct CoxLoss<'a> {
    sets: &'a RiskSets,
    train: Vec<bool>,
    /// Increments of the baseline hazard at the event times.
    increments: Vec<f64>,
}

impl<'a> CoxLoss<'a> {
    pub(super) fn new(sets: &'a RiskSets, train: Vec<bool>) -> Self {
        Self { sets, train, increments: vec![0.0; sets.at.len()] }
    }

    /// The weight at risk and the events at each event time, and the sum of scores of events.
    fn sums(&self, score: &[f64], all: bool) -> (Vec<f64>, Vec<f64>, f64) {
        let n = self.sets.at.len();
        let (mut risk, mut events, mut sum) = (vec![0.0; n + 1], vec![0.0; n], 0.0);
        let rows = self.sets.rows.iter().enumerate().filter(|(r, _)| all || self.train[*r]);
        for (r, &(from, to, ended)) in rows {
            let weight = score[r].exp();
            risk[from as usize] += weight;
            risk[to as usize] -= weight;
            if ended {
                events[to as usize - 1] += 1.0;
                sum += score[r];
            }
        }
        let mut open = 0.0;
        for r in &mut risk[..n] {
            open += *r;
            *r = open;
        }
        (risk, events, sum)
    }

    pub(super) fn minus_loglik(&self, score: &[f64], all: bool) -> f64 {
        let (risk, events, sum) = self.sums(score, all);
        let logs = risk.iter().zip(&events).filter(|(_, d)| **d > 0.0);
        logs.map(|(s, d)| d * s.ln()).sum::<f64>() - sum
    }
}

impl Loss for CoxLoss<'_> {
    fn step(&mut self, score: &[f64], slope: &mut [f64], curve: &mut [f64]) -> f64 {
        let (risk, events, sum) = self.sums(score, false);
        let mut loss = -sum;
        let mut hazard = vec![0.0; self.sets.at.len() + 1];
        for (j, (&s, &d)) in risk.iter().zip(&events).enumerate() {
            self.increments[j] = if d > 0.0 { d / s } else { 0.0 };
            hazard[j + 1] = hazard[j] + self.increments[j];
            if d > 0.0 {
                loss += d * s.ln();
            }
        }
        for (r, &(from, to, ended)) in self.sets.rows.iter().enumerate() {
            (slope[r], curve[r]) = (0.0, 0.0);
            if self.train[r] {
                let due = score[r].exp() * (hazard[to as usize] - hazard[from as usize]);
                slope[r] = due - f64::from(u8::from(ended));
                // An upper bound: a step by it never overshoots for one row alone.
                curve[r] = due;
            }
        }
        loss
    }

    /// By how much the rows change the likelihood of all (Verweij & van Houwelingen 1993).
    fn held_out(&self, score: &[f64]) -> f64 {
        self.minus_loglik(score, true) - self.minus_loglik(score, false)
    }

    fn baseline(&self) -> Vec<f64> {
        self.increments.clone()
    }
}

/// The likelihood of a cause's hazard in intervals: binomial, with a level per band.
pub(super) struct DiscreteLoss<'a> {
    runs: &'a [PeriodRun],
    train: Vec<bool>,
    levels: Vec<f64>,
}

impl<'a> DiscreteLoss<'a> {
    pub(super) fn new(runs: &'a [PeriodRun], bands: usize, train: Vec<bool>) -> Self {
        let mut loss = Self { runs, train, levels: vec![0.0; bands] };
        // The levels of hazards that are the same for everybody.
        let (mut periods, mut events) = (vec![0.0; bands], vec![0.5; bands]);
        for run in loss.of_train() {
            periods[run.band as usize] += f64::from(run.periods);
            events[run.band as usize] += f64::from(u8::from(run.event));
        }
        for (level, (n, d)) in loss.levels.iter_mut().zip(periods.iter().zip(&events)) {
            *level = (d / (n - d).max(0.5)).ln();
        }
        loss
    }

    fn of_train(&self) -> impl Iterator<Item = &PeriodRun> {
        self.runs.iter().filter(|run| self.train[run.row as usize])
    }

    fn loss_of(&self, run: &PeriodRun, score: &[f64]) -> f64 {
        let z = self.levels[run.band as usize] + score[run.row as usize];
        // log(1 + e^z), without overflow.
        let log1p = z.max(0.0) + (-z.abs()).exp().ln_1p();
        f64::from(run.periods) * log1p - if run.event { z } else { 0.0 }
    }
}

impl Loss for DiscreteLoss<'_> {
    fn step(&mut self, score: &[f64], slope: &mut [f64], curve: &mut [f64]) -> f64 {
        let bands = self.levels.len();
        let at = |run: &PeriodRun, levels: &[f64]| {
            let z = levels[run.band as usize] + score[run.row as usize];
            let p = 1.0 / (1.0 + (-z).exp());
            let n = f64::from(run.periods);
            (n * p - f64::from(u8::from(run.event)), n * p * (1.0 - p))
        };
        // Newton steps for the levels, to the maximum; each band has its own.
        for _ in 0..NEWTON {
            let (mut g, mut h) = (vec![0.0; bands], vec![1e-9; bands]);
            for run in self.of_train() {
                let (a, b) = at(run, &self.levels);
                g[run.band as usize] += a;
                h[run.band as usize] += b;
            }
            let mut most: f64 = 0.0;
            for (level, (g, h)) in self.levels.iter_mut().zip(g.iter().zip(&h)) {
                let step = (g / h).clamp(-1.0, 1.0);
                *level = (*level - step).clamp(-30.0, 30.0);
                most = most.max(step.abs());
            }
            if most < 1e-10 {
                break;
            }
        }
        slope.fill(0.0);
        curve.fill(0.0);
        let mut loss = 0.0;
        for run in self.of_train() {
            let (a, b) = at(run, &self.levels);
            slope[run.row as usize] += a;
            curve[run.row as usize] += b;
            loss += self.loss_of(run, score);
        }
        loss
    }

    fn held_out(&self, score: &[f64]) -> f64 {
        let others = self.runs.iter().filter(|run| !self.train[run.row as usize]);
        others.map(|run| self.loss_of(run, score)).sum()
    }

    fn baseline(&self) -> Vec<f64> {
        self.levels.clone()
    }
}
