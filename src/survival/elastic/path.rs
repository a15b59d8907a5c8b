//! From the largest λ to the smallest: every solution starts from the one before.

use super::curvature::Curvature;
use super::descent::{Penalty, descend};
use super::problem::{Problem, State};

/// Steps for one λ; more than a few are needed only where the likelihood is nearly flat.
const STEPS: usize = 300;
/// A step must take the violation below this share of what it was, or the curvature is taken anew.
const STALE: f64 = 0.3;
/// The columns in play solve their model to this share of the violation before the step.
const INNER: f64 = 0.02;

/// The walk along a path.
pub(super) struct Walk<'a> {
    problem: &'a Problem,
    alpha: f64,
    /// Largest violation that is left, as a share of the events: about a coefficient's error in
    /// standard deviations of its column.
    tolerance: f64,
    state: State,
    curvature: Curvature,
    /// By column in play.
    beta: Vec<f64>,
    slope: Vec<f64>,
    /// By column of the problem: the slope at the last solution.
    all_slopes: Vec<f64>,
    last: f64,
    everything: Vec<usize>,
}

/// One solution.
#[derive(Debug, Clone)]
pub(super) struct Solution {
    /// Columns and their coefficients that are not zero, on the standardised scale.
    pub(super) beta: Vec<(usize, f64)>,
    /// Log likelihood per weight.
    pub(super) loglik: f64,
    pub(super) converged: bool,
}

impl<'a> Walk<'a> {
    /// Begins where all coefficients are zero; `None` where not even that can be computed.
    pub(super) fn new(problem: &'a Problem, alpha: f64, tolerance: f64) -> Option<Self> {
        let state = problem.null()?;
        let everything: Vec<usize> = (0..problem.p).filter(|&j| problem.varies[j]).collect();
        let curvature = Curvature::new(problem, &state);
        let mut walk = Self {
            problem,
            alpha,
            tolerance: tolerance * problem.share,
            state,
            curvature,
            beta: Vec::new(),
            slope: Vec::new(),
            all_slopes: vec![0.0; problem.p],
            last: f64::INFINITY,
            everything,
        };
        let all = walk.everything.clone();
        walk.look(&all);
        Some(walk)
    }

    /// The smallest λ at which all coefficients are zero.
    pub(super) fn largest(&self) -> f64 {
        let most = self.all_slopes.iter().fold(0.0, |m: f64, g| m.max(g.abs()));
        most / self.alpha.max(1e-3)
    }

    pub(super) fn null_loglik(&self) -> f64 {
        self.problem.loglik(&self.state)
    }

    /// Computes the slopes along some columns; those in play are known.
    fn look(&mut self, columns: &[usize]) {
        let place = &self.curvature.place;
        let others: Vec<usize> = columns.iter().copied().filter(|&j| place[j].is_none()).collect();
        let mut out = vec![0.0; others.len()];
        self.problem.slopes(&self.state, &others, &mut out);
        for (&j, g) in others.iter().zip(out) {
            self.all_slopes[j] = g;
        }
        for (&j, g) in self.curvature.columns.iter().zip(&self.slope) {
            self.all_slopes[j] = *g;
        }
    }

    /// The exact slopes of the columns in play, and the largest violation among them.
    fn measure(&mut self, penalty: Penalty) -> f64 {
        let mut slope = std::mem::take(&mut self.slope);
        slope.resize(self.curvature.columns.len(), 0.0);
        self.problem.slopes(&self.state, &self.curvature.columns, &mut slope);
        self.slope = slope;
        self.violation(penalty)
    }

    /// The largest violation among the columns in play.
    fn violation(&self, penalty: Penalty) -> f64 {
        let each = self.slope.iter().zip(&self.beta);
        each.map(|(&g, &b)| penalty.violation(g, b)).fold(0.0, f64::max)
    }

    /// Brings columns into play whose slope (at the last look) the penalty does not hold.
    fn admit(&mut self, penalty: Penalty, among: &[usize], margin: f64) -> bool {
        let out = |j: &&usize| {
            self.curvature.place[**j].is_none() && self.all_slopes[**j].abs() > penalty.one + margin
        };
        let new: Vec<usize> = among.iter().filter(out).copied().collect();
        if new.is_empty() {
            return false;
        }
        self.curvature.extend(self.problem, &new);
        self.beta.resize(self.curvature.columns.len(), 0.0);
        // They were looked at where the walk stands.
        self.slope.extend(new.iter().map(|&j| self.all_slopes[j]));
        true
    }

    /// The solution at the next λ.
    pub(super) fn solve(&mut self, lambda: f64) -> Solution {
        let penalty = Penalty { one: lambda * self.alpha, two: lambda * (1.0 - self.alpha) };
        // Tibshirani's sequential strong rule: what may come into play at all; checked afterwards.
        let strong = self.alpha * (2.0 * lambda - self.last.min(2.0 * lambda));
        let may: Vec<usize> = self
            .everything
            .iter()
            .copied()
            .filter(|&j| self.all_slopes[j].abs() >= strong)
            .collect();
        let everything = std::mem::take(&mut self.everything);
        self.admit(penalty, &everything, 0.0);
        let mut converged = false;
        let mut violation = self.violation(penalty);
        for _ in 0..STEPS {
            if violation <= self.tolerance {
                // Nothing left among those in play: look at the likely ones, then at all.
                self.look(&may);
                if !self.admit(penalty, &may, self.tolerance) {
                    self.look(&everything);
                    if !self.admit(penalty, &everything, self.tolerance) {
                        converged = true;
                        break;
                    }
                }
                violation = self.violation(penalty);
                continue;
            }
            match self.improve(penalty, violation) {
                Some(now) => violation = now,
                None => break,
            }
        }
        if !converged {
            self.look(&everything);
        }
        self.everything = everything;
        self.last = lambda;
        let in_play = self.curvature.columns.iter().copied().zip(self.beta.iter().copied());
        let beta = in_play.filter(|(_, b)| *b != 0.0).collect();
        Solution { beta, loglik: self.problem.loglik(&self.state), converged }
    }

    /// One step with the quadratic model; the violation after it, or `None` where no step helps.
    fn improve(&mut self, penalty: Penalty, before: f64) -> Option<f64> {
        let within = (INNER * before).max(0.1 * self.tolerance);
        let mut to = self.beta.clone();
        let mut slope = self.slope.clone();
        descend(&self.curvature, penalty, &mut to, &mut slope, within);
        let whole: Vec<f64> = to.iter().zip(&self.beta).map(|(t, b)| t - b).collect();
        let value = |walk: &Self| walk.problem.loglik(&walk.state) - penalty.value(&walk.beta);
        let mut base = None;
        let start = (self.state.eta.clone(), self.beta.clone());
        let mut size = 1.0;
        for attempt in 0..30 {
            let changes: Vec<(usize, f64)> = self
                .curvature
                .columns
                .iter()
                .zip(&whole)
                .filter(|(_, by)| **by != 0.0)
                .map(|(&j, by)| (j, by * size))
                .collect();
            if changes.is_empty() {
                // The model sees nothing to gain, the slopes do: it is out of date.
                self.curvature.refresh(self.problem, &self.state);
                return (attempt == 0 && base.is_none()).then_some(before);
            }
            if self.problem.step(&mut self.state, &changes).is_some() {
                for (b, by) in self.beta.iter_mut().zip(&whole) {
                    *b += size * by;
                }
                if size == 1.0 {
                    self.beta.copy_from_slice(&to);
                }
                let after = self.measure(penalty);
                if after <= STALE * before {
                    return Some(after);
                }
                // A poor step, but perhaps one up: the value decides.
                let now = value(self);
                let base = *base.get_or_insert_with(|| {
                    let mut other = self.state.clone();
                    other.eta.clone_from(&start.0);
                    let there = self.problem.again(&mut other);
                    let loglik = there.map_or(f64::NEG_INFINITY, |()| self.problem.loglik(&other));
                    loglik - penalty.value(&start.1)
                });
                if now >= base - 1e-14 * base.abs() {
                    self.curvature.refresh(self.problem, &self.state);
                    return Some(after);
                }
            }
            self.state.eta.clone_from(&start.0);
            self.beta.clone_from(&start.1);
            size *= 0.5;
        }
        self.problem.again(&mut self.state)?;
        self.measure(penalty);
        None
    }
}
