//! From the largest λ to the smallest: every solution starts from the one before.

use super::ahead::Ahead;
use super::curvature::Curvature;
use super::descent::{Penalty, descend};
use super::direct::Direct;
use super::problem::{Problem, State};

/// Steps for one λ; more than a few are needed only where the likelihood is nearly flat.
const STEPS: usize = 300;
/// After so many, coordinates move one by one, which is slow and always leads up.
const PATIENCE: usize = 40;
/// A step must take the violation below this share of what it was, or the curvature is taken anew:
/// with a direct solution of the model, and with coordinates one by one.
const STALE: [f64; 2] = [0.9, 0.3];
/// A new curvature costs about as much as one step for so many columns in play, and a few more.
const WORTH: usize = 24;
const FEW: usize = 3;
/// Columns come into play that are expected this near to what the penalty holds: as a share of how
/// far that moves, and at most of itself.
const NEAR: f64 = 0.5;
const NEAREST: f64 = 0.1;
/// The columns in play solve their model to this share of the violation before the step.
const INNER: f64 = 0.02;
/// A step is halved so often.
const HALVES: usize = 30;

/// The walk along a path.
pub(super) struct Walk<'a> {
    problem: &'a Problem,
    alpha: f64,
    /// Largest violation that is left, as a share of the events: about a coefficient's error in
    /// standard deviations of its column.
    tolerance: f64,
    state: State,
    curvature: Curvature,
    direct: Direct,
    /// By column in play.
    beta: Vec<f64>,
    slope: Vec<f64>,
    /// By column of the problem: the slope at the last solution.
    all_slopes: Vec<f64>,
    last: f64,
    everything: Vec<usize>,
    /// Steps beyond the first of each λ, since the curvature was taken.
    extra: usize,
    ahead: Ahead,
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
            direct: Direct::default(),
            beta: Vec::new(),
            slope: Vec::new(),
            all_slopes: vec![0.0; problem.p],
            last: f64::INFINITY,
            everything,
            extra: 0,
            ahead: Ahead::new(problem.p),
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

    /// The same among those that are not zero.
    fn own_violation(&self, penalty: Penalty) -> f64 {
        let each = self.slope.iter().zip(&self.beta).filter(|(_, b)| **b != 0.0);
        each.map(|(&g, &b)| penalty.violation(g, b)).fold(0.0, f64::max)
    }

    /// Brings columns into play whose slope (at the last look) the penalty does not hold.
    fn admit(&mut self, penalty: Penalty, among: &[usize], margin: f64) -> bool {
        let out = |j: &&usize| {
            self.curvature.place[**j].is_none() && self.all_slopes[**j].abs() > penalty.one + margin
        };
        let new: Vec<usize> = among.iter().filter(out).copied().collect();
        self.bring(&new)
    }

    /// Brings columns into play that are not.
    fn bring(&mut self, new: &[usize]) -> bool {
        let new: Vec<usize> =
            new.iter().copied().filter(|&j| self.curvature.place[j].is_none()).collect();
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
        let everything = std::mem::take(&mut self.everything);
        let may: Vec<usize> =
            everything.iter().copied().filter(|&j| self.all_slopes[j].abs() >= strong).collect();
        self.ahead.begin(self.last - lambda, &self.all_slopes);
        if self.beta.iter().all(|b| *b == 0.0) {
            self.admit(penalty, &everything, 0.0);
        } else {
            let near = (NEAR * (self.last - lambda)).min(NEAREST * lambda);
            let held = self.alpha * (lambda - near);
            let likely = |j: &&usize| self.ahead.slope(**j).abs() > held;
            let likely: Vec<usize> = everything.iter().filter(likely).copied().collect();
            self.bring(&likely);
        }
        let (converged, steps) = self.search(penalty, &may, &everything);
        if !converged {
            self.look(&everything);
        }
        self.extra += steps.saturating_sub(1);
        if self.extra > FEW + self.beta.len() / WORTH {
            self.extra = 0;
            if !self.direct.outdated(penalty) {
                self.refresh(penalty);
            }
        }
        self.everything = everything;
        let (place, beta) = (&self.curvature.place, &self.beta);
        self.ahead.end(|j| place[j].map_or(0.0, |k| beta[k as usize]));
        self.last = lambda;
        let in_play = self.curvature.columns.iter().copied().zip(self.beta.iter().copied());
        let beta = in_play.filter(|(_, b)| *b != 0.0).collect();
        Solution { beta, loglik: self.problem.loglik(&self.state), converged }
    }

    /// Steps until nothing is violated; whether that was reached, and how many there were.
    fn search(&mut self, penalty: Penalty, may: &[usize], everything: &[usize]) -> (bool, usize) {
        let (mut steps, mut plain, mut anew) = (0, false, None);
        let mut violation = self.violation(penalty);
        for _ in 0..STEPS {
            if violation <= self.tolerance {
                // Nothing left among those in play: look at all.
                self.look(everything);
                if !self.admit(penalty, everything, self.tolerance) {
                    return (true, steps);
                }
                violation = self.violation(penalty);
                continue;
            }
            steps += 1;
            plain |= steps > PATIENCE;
            match self.improve(penalty, violation, steps == 1, plain) {
                Some(now) => violation = now,
                None if anew == Some(steps - 1) => break,
                None => {
                    (plain, anew) = (true, Some(steps));
                    self.refresh(penalty);
                }
            }
            if steps == 1 {
                self.look(may);
                if self.admit(penalty, may, self.tolerance) {
                    violation = self.violation(penalty);
                }
            }
        }
        (false, steps)
    }

    /// Takes the curvature anew, over the columns that are not zero or should not be.
    fn refresh(&mut self, penalty: Penalty) {
        let each = self.beta.iter().zip(&self.slope);
        let stay: Vec<bool> =
            each.map(|(&b, &g)| b != 0.0 || penalty.violation(g, b) > 0.0).collect();
        fn keep<T: Copy>(all: &[T], stay: &[bool]) -> Vec<T> {
            all.iter().zip(stay).filter(|(_, s)| **s).map(|(v, _)| *v).collect()
        }
        (self.beta, self.slope) = (keep(&self.beta, &stay), keep(&self.slope, &stay));
        let columns = keep(&self.curvature.columns, &stay);
        self.curvature.refresh(self.problem, &self.state, &columns);
        self.direct.forget();
    }

    /// Where the quadratic model has its maximum.
    fn propose(&mut self, penalty: Penalty, before: f64, first: bool, plain: bool) -> Vec<f64> {
        let columns = &self.curvature.columns;
        let likely: Vec<f64> = if first {
            columns.iter().map(|&j| self.ahead.slope(j)).collect()
        } else {
            self.slope.clone()
        };
        let solved = (!plain)
            .then(|| self.direct.solve(&self.curvature, penalty, &self.beta, &self.slope, &likely));
        let mut to = solved.flatten().unwrap_or_else(|| {
            let within = (INNER * before).max(0.1 * self.tolerance);
            let (mut to, mut slope) = (self.beta.clone(), self.slope.clone());
            descend(&self.curvature, penalty, &mut to, &mut slope, within);
            to
        });
        if first {
            self.ahead.correct(columns, &mut to);
        }
        to
    }

    /// The log likelihood less the penalty.
    fn value(&self, penalty: Penalty) -> f64 {
        self.problem.loglik(&self.state) - penalty.value(&self.beta)
    }

    /// One step with the quadratic model; the violation after it, or `None` where no step helps.
    fn improve(&mut self, penalty: Penalty, before: f64, first: bool, plain: bool) -> Option<f64> {
        let to = self.propose(penalty, before, first, plain);
        let whole: Vec<f64> = to.iter().zip(&self.beta).map(|(t, b)| t - b).collect();
        if whole.iter().all(|by| *by == 0.0) {
            // The model sees nothing to gain, the slopes do: it is out of date.
            return None;
        }
        let stale = STALE[usize::from(plain)];
        let mut base = None;
        let start = (self.state.eta.clone(), self.beta.clone(), self.slope.clone());
        let mut size = 1.0;
        for _ in 0..HALVES {
            let after = self.advance(penalty, &whole, size, &start.2);
            if let Some((after, own)) = after {
                if after <= stale * before || (own <= stale * before && after <= 2.0 * before) {
                    return Some(after);
                }
                // A poor step, but perhaps one up: the value decides.
                let now = self.value(penalty);
                let base = *base.get_or_insert_with(|| {
                    let mut other = self.state.clone();
                    other.eta.clone_from(&start.0);
                    let there = self.problem.again(&mut other);
                    let loglik = there.map_or(f64::NEG_INFINITY, |()| self.problem.loglik(&other));
                    loglik - penalty.value(&start.1)
                });
                if now >= base - 1e-14 * base.abs() {
                    if own > stale * before && !self.direct.outdated(penalty) {
                        self.refresh(penalty);
                    }
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

    /// Goes a part of a step; the violation there, of all in play and of those that are not zero.
    /// `None` where the linear predictors run away.
    fn advance(
        &mut self,
        penalty: Penalty,
        whole: &[f64],
        size: f64,
        slope: &[f64],
    ) -> Option<(f64, f64)> {
        let moves = self.curvature.columns.iter().zip(whole).filter(|(_, by)| **by != 0.0);
        let changes: Vec<(usize, f64)> = moves.map(|(&j, by)| (j, by * size)).collect();
        self.problem.step(&mut self.state, &changes)?;
        for (b, by) in self.beta.iter_mut().zip(whole) {
            *b += size * by;
        }
        let after = self.measure(penalty);
        let fall = slope.iter().zip(&self.slope).map(|(b, a)| b - a).collect();
        self.direct.learn(whole.iter().map(|by| by * size).collect(), fall);
        Some((after, self.own_violation(penalty)))
    }
}
