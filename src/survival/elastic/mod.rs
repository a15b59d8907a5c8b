//! The elastic net for Cox models (Zou & Hastie 2005; Simon, Friedman, Hastie & Tibshirani 2011),
//! with the objective of R's `glmnet`:
//!
//! maximise l(β)/W − λ Σ (α|β_j| + (1 − α)β_j²/2), W the sum of the weights, l with Breslow's ties,
//! and β on columns that are standardised with denominator W. Coefficients come back on the scale
//! of the data.
//!
//! ```
//! use ndarray::Array2;
//! use pleegzorg::survival::{ElasticNet, Outcome, Sample};
//! let x = Array2::from_shape_fn((40, 3), |(i, j)| ((i * (j + 3) * 7) % 11) as f64);
//! let y = Outcome::new(None, (0..40).map(|i| 1.0 + 40.0 / (1.0 + x[[i, 0]])).collect(),
//!     vec![1; 40], vec!["end".into()])?;
//! let sample = Sample::new(x, vec!["a".into(), "b".into(), "c".into()], y)?;
//! let path = ElasticNet::new(1.0).path(&sample, 1)?;
//! // Everything is zero at the largest λ; the column that drives the times comes first.
//! assert_eq!(path.nonzero(0), 0);
//! assert!(path.coef[[1, 0]] > 0.0 && path.nonzero(1) == 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ahead;
mod cross;
mod curvature;
mod descent;
mod direct;
mod factor;
mod kernels;
mod path;
mod problem;
mod slots;
mod spread;

use ndarray::Array2;

pub use cross::NetValidation;

use super::{Convention, FitError, Sample};
use path::{Solution, Walk};
use problem::Problem;

/// Where an automatic path ends: at this share of the largest λ, with fewer or more rows than
/// columns.
const RATIO: [f64; 2] = [0.01, 1e-4];
/// It also ends where four more λ explain less than this share more, or this share is explained.
const GAIN: f64 = 1e-5;
const EXPLAINED: f64 = 0.999;
const WINDOW: usize = 4;

/// The settings of an elastic net.
#[derive(Debug, Clone, PartialEq)]
pub struct ElasticNet {
    alpha: f64,
    lambda: Option<Vec<f64>>,
    steps: usize,
    ratio: Option<f64>,
    tolerance: f64,
    subdistribution: Option<Convention>,
}

/// The solutions along a path of λ.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NetPath {
    /// The names of the terms.
    pub names: Vec<String>,
    /// The mix: 1 is the lasso, 0 is ridge.
    pub alpha: f64,
    /// The penalties, from large to small.
    pub lambda: Vec<f64>,
    /// Coefficients by λ (rows) and term (columns), on the scale of the data.
    pub coef: Array2<f64>,
    /// The log partial likelihood (Breslow) at each λ.
    pub loglik: Vec<f64>,
    /// The same with all coefficients zero.
    pub null_loglik: f64,
    /// The same of a model that explains everything.
    pub saturated_loglik: f64,
    /// The λ at which the search stopped before the maximum.
    pub not_converged: Vec<f64>,
}

impl NetPath {
    /// How many coefficients are not zero at the k-th λ; 0 past the last.
    #[must_use]
    pub fn nonzero(&self, k: usize) -> usize {
        let row = self.coef.outer_iter().nth(k);
        row.map_or(0, |row| row.iter().filter(|b| **b != 0.0).count())
    }

    /// The share of the deviance that is explained at the k-th λ; 0 past the last.
    #[must_use]
    pub fn deviance_ratio(&self, k: usize) -> f64 {
        let all = self.saturated_loglik - self.null_loglik;
        match self.loglik.get(k) {
            Some(loglik) if all > 0.0 => (loglik - self.null_loglik) / all,
            _ => 0.0,
        }
    }
}

impl ElasticNet {
    /// An elastic net with the mix α: 1 is the lasso, 0 is ridge.
    #[must_use]
    pub fn new(alpha: f64) -> Self {
        Self {
            alpha,
            lambda: None,
            steps: 100,
            ratio: None,
            tolerance: 1e-6,
            subdistribution: None,
        }
    }

    /// These penalties in place of an automatic path; they are taken from large to small.
    #[must_use]
    pub fn lambda(mut self, lambda: Vec<f64>) -> Self {
        self.lambda = Some(lambda);
        self
    }

    /// The hazard of the subdistribution in place of that of the cause: a penalised Fine–Gray model
    /// (Fu, Parikh & Zhou 2017), with the chance of being observed as the convention has it, and
    /// Breslow's ties.
    #[must_use]
    pub fn subdistribution(mut self, convention: Convention) -> Self {
        self.subdistribution = Some(convention);
        self
    }

    /// How many λ an automatic path has at most (100), equally far apart on the log scale.
    #[must_use]
    pub fn steps(mut self, steps: usize) -> Self {
        self.steps = steps;
        self
    }

    /// The smallest λ of an automatic path, as a share of the largest (0.0001, and 0.01 with fewer
    /// rows than columns).
    #[must_use]
    pub fn ratio(mut self, ratio: f64) -> Self {
        self.ratio = Some(ratio);
        self
    }

    /// About how exact coefficients are, in standard deviations of their columns (1e-6).
    #[must_use]
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// The solutions for one cause along the path.
    ///
    /// # Errors
    /// Settings out of range, an unknown cause, no events, or an offset that leaves the range of
    /// numbers.
    pub fn path(&self, sample: &Sample, cause: u32) -> Result<NetPath, FitError> {
        self.check(sample, cause)?;
        // On a thread that shares the work: the path has many short parts, and to hand each of them
        // over from outside takes longer than some of them do.
        rayon::scope(|_| {
            let problem = self.problem(sample, cause, |_| true)?;
            self.walk(sample, &problem, self.lambda.as_deref())
        })
    }

    fn problem(
        &self,
        sample: &Sample,
        cause: u32,
        keep: impl Fn(usize) -> bool,
    ) -> Result<Problem, FitError> {
        Problem::new(sample, cause, self.subdistribution, keep)
    }

    fn check(&self, sample: &Sample, cause: u32) -> Result<(), FitError> {
        let causes = sample.outcome().causes();
        let Some(name) = (cause as usize).checked_sub(1).and_then(|k| causes.get(k)) else {
            return Err(FitError::UnknownCause { cause, causes: causes.len() });
        };
        if sample.outcome().events(cause) == 0 {
            return Err(FitError::NoEvents { cause: name.clone() });
        }
        let wrong = |setting: &'static str, why: &str| {
            Err(FitError::Setting { setting, why: why.to_owned() })
        };
        if !(0.0..=1.0).contains(&self.alpha) {
            return wrong("alpha", "must lie from 0 (ridge) to 1 (lasso)");
        }
        if let Some(lambda) = &self.lambda {
            if lambda.is_empty() {
                return wrong("lambda", "needs at least one value");
            }
            if !lambda.iter().all(|l| l.is_finite() && *l >= 0.0) {
                return wrong("lambda", "must be finite and not below zero");
            }
        }
        if self.steps == 0 {
            return wrong("steps", "must be at least 1");
        }
        if !self.ratio.is_none_or(|r| r > 0.0 && r < 1.0) {
            return wrong("ratio", "must lie between 0 and 1");
        }
        if !(self.tolerance > 0.0 && self.tolerance < 1.0) {
            return wrong("tolerance", "must lie between 0 and 1");
        }
        Ok(())
    }

    /// The path of some rows; without λ, those that suit these rows.
    fn walk(
        &self,
        sample: &Sample,
        problem: &Problem,
        lambda: Option<&[f64]>,
    ) -> Result<NetPath, FitError> {
        let start = || FitError::Start { why: "the offset differs by more than 300".into() };
        let mut walk = Walk::new(problem, self.alpha, self.tolerance).ok_or_else(start)?;
        let null = walk.null_loglik();
        let automatic = lambda.is_none();
        let lambda = match lambda {
            Some(given) => {
                let mut all = given.to_vec();
                all.sort_unstable_by(|a, b| b.total_cmp(a));
                all.dedup();
                all
            }
            None => self.sequence(sample, walk.largest()),
        };
        let mut found: Vec<Solution> = Vec::new();
        let room = problem.saturated - null;
        for &l in &lambda {
            found.push(walk.solve(l));
            let k = found.len() - 1;
            if automatic && k >= WINDOW {
                let share = |k: usize| (found[k].loglik - null) / room;
                let gain = share(k) - share(k - WINDOW);
                if gain < GAIN * share(k) || share(k) > EXPLAINED {
                    break;
                }
            }
        }
        let p = problem.p;
        let mut coef = Array2::zeros((found.len(), p));
        for (k, solution) in found.iter().enumerate() {
            for &(j, b) in &solution.beta {
                coef[[k, j]] = b / problem.scale[j];
                if !coef[[k, j]].is_finite() {
                    return Err(FitError::Range { term: sample.names()[j].clone() });
                }
            }
        }
        let not = found.iter().zip(&lambda).filter(|(s, _)| !s.converged);
        Ok(NetPath {
            names: sample.names().to_vec(),
            alpha: self.alpha,
            not_converged: not.map(|(_, &l)| l).collect(),
            loglik: found.iter().map(|s| s.loglik * problem.total).collect(),
            lambda: lambda[..found.len()].to_vec(),
            coef,
            null_loglik: null * problem.total,
            saturated_loglik: problem.saturated * problem.total,
        })
    }

    /// Equally far apart on the log scale, from `largest` down.
    fn sequence(&self, sample: &Sample, largest: f64) -> Vec<f64> {
        let few = sample.len() < sample.x().ncols();
        let ratio = self.ratio.unwrap_or(RATIO[usize::from(!few)]);
        // Where no column varies, any λ does.
        let largest = if largest > 0.0 { largest } else { 1.0 };
        let step = ratio.ln() / (self.steps - 1).max(1) as f64;
        (0..self.steps).map(|k| largest * (step * k as f64).exp()).collect()
    }
}
