//! Parametric models, with late entry, weights, an offset, and robust or clustered errors.
//!
//! The first four are R's `survreg`: ln T = x′β + σε, so that a positive coefficient means a longer
//! time; so is the generalised gamma (`flexsurv`, Prentice's form). The others are hazards: a
//! positive coefficient means a higher one.
//!
//! ```
//! use ndarray::Array2;
//! use pleegzorg::survival::{Distribution, Outcome, Parametric, Sample};
//! // Without terms, the exponential model's rate is events over time at risk.
//! let y = Outcome::new(None, vec![2., 3., 5.], vec![1, 0, 1], vec!["end".into()])?;
//! let sample = Sample::new(Array2::zeros((3, 0)), vec![], y)?;
//! let fit = Parametric::new(Distribution::Exponential).fit(&sample, 1)?;
//! assert!((fit.coef[0] - (10f64 / 2.).ln()).abs() < 1e-12);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod fit;
mod gengamma;
pub(crate) mod jet;
pub(crate) mod law;
mod location_scale;
mod objective;
mod search;
mod series;
mod spline;
mod start;

use ndarray::{Array1, Array2};

pub use fit::ParametricFit;

use super::identify::{identify, separated};
use super::linalg::{Cholesky, quadratic};
use super::newton::{Maximum, Point, leave_out};
use super::outlier::{Terms, driving_row};
use super::sandwich::{Influences, wald_test};
use super::{ChiSquare, FitError, FitWarning, Sample};
use law::Law;
use objective::Objective;
use search::climb;

/// An effect of one standard deviation beyond this, after all steps and without a maximum, is on
/// its way to infinity.
const FAR: f64 = 8.0;
/// The method's name in errors.
const METHOD: &str = "a parametric model";

/// A distribution of the time to an end.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Distribution {
    /// A constant hazard; ln T = x′β + ε.
    Exponential,
    /// Weibull (1951): ln T = x′β + σε, ε the smallest extreme value.
    Weibull,
    /// ε normal.
    Lognormal,
    /// ε logistic.
    Loglogistic,
    /// Generalised gamma in the form of Prentice (1974): μ = x′β, σ and Q.
    Gengamma,
    /// Gompertz (1825): hazard exp(x′β + at).
    Gompertz,
    /// A hazard that is constant between cuts, times e^{x′β}.
    PiecewiseExponential {
        /// Where the hazard may change, above 0 and increasing; an event at a cut belongs to the
        /// piece before it. Empty: fifths of the events.
        cuts: Vec<f64>,
    },
    /// A natural cubic spline for the log cumulative hazard, plus x′β (Royston & Parmar 2002); its
    /// inner knots are at quantiles of the log event times.
    RoystonParmar {
        /// Degrees of freedom of the spline: inner knots + 1; 1 is Weibull.
        df: usize,
    },
}

/// The settings of a parametric model; [`Parametric::fit`] checks them.
#[derive(Debug, Clone, PartialEq)]
pub struct Parametric {
    distribution: Distribution,
    robust: bool,
    iterations: usize,
}

impl Parametric {
    /// Robust errors only where the sample has clusters.
    #[must_use]
    pub fn new(distribution: Distribution) -> Self {
        Self { distribution, robust: false, iterations: 200 }
    }

    /// Sandwich errors also where the sample has no clusters: every row is its own.
    #[must_use]
    pub fn robust(mut self, robust: bool) -> Self {
        self.robust = robust;
        self
    }

    /// The most Newton steps (200 unless told).
    #[must_use]
    pub fn max_iterations(mut self, iterations: usize) -> Self {
        self.iterations = iterations;
        self
    }

    /// Fits the hazard of one cause (1, 2, …); ends by other causes are censored at their time. Rows
    /// at risk over (entry, exit] are compared with those that had lasted until the entry.
    ///
    /// # Errors
    /// An unknown cause, no event, strata (make them a term), a time at or below 0, cuts or degrees
    /// of freedom that the events cannot carry, or a search that runs away. What can be handled
    /// (constant and collinear columns, separation) is handled and stated in
    /// [`ParametricFit::warnings`].
    pub fn fit(&self, sample: &Sample, cause: u32) -> Result<ParametricFit, FitError> {
        let (mut fit, suspects) = self.fit_once(sample, cause)?;
        if fit.converged {
            let p = fit.names.len();
            let terms = |f: &ParametricFit| -> Terms {
                (1..=p).map(|j| f.estimated[j].then(|| f.coef[j])).collect()
            };
            let again = |s: &Sample| self.fit_once(s, cause).ok().map(|f| terms(&f.0));
            let se = of_terms(&fit.se(), p);
            fit.warnings.extend(driving_row(sample, suspects, &terms(&fit), &se, again));
        }
        Ok(fit)
    }

    /// The fit, and the rows that may drive it.
    fn fit_once(
        &self,
        sample: &Sample,
        cause: u32,
    ) -> Result<(ParametricFit, Vec<(f64, u32)>), FitError> {
        self.check(sample, cause)?;
        let law = start::law(&self.distribution, sample, cause)?;
        let objective = Objective::new(sample, cause, law);
        let (p, size) = (objective.p(), objective.size());
        let ancillary = |j: usize| j == 0 || j > p;
        let only: Vec<bool> = (0..size).map(ancillary).collect();
        let (b, point) = start::best(&objective, cause)?;
        let null = climb(b, point, &only, self.iterations, |b| objective.evaluate(b));
        runs_away(&objective, &null)?;
        if !null.converged {
            return Err(start::astray(&objective.law, "without terms"));
        }
        let mut warnings = Vec::new();
        let terms = self.terms(&objective, &mut warnings);
        let active: Vec<bool> = (0..size).map(|j| ancillary(j) || terms[j - 1]).collect();
        let mut origin = objective.evaluate(&null.beta).ok_or_else(|| out_of_range(sample))?;
        for j in (0..size).filter(|&j| !active[j]) {
            leave_out(&mut origin, j);
        }
        let found = climb(null.beta.clone(), origin.clone(), &active, self.iterations, |b| {
            objective.evaluate(b)
        });
        runs_away(&objective, &found)?;
        let mut fit = self.report(&objective, &origin, &found, &active, cause, warnings)?;
        let suspects = self.add_robust(&mut fit, &objective, &found)?;
        Ok((fit, suspects))
    }

    fn check(&self, sample: &Sample, cause: u32) -> Result<(), FitError> {
        let y = sample.outcome();
        let causes = y.causes();
        let name = (cause as usize).checked_sub(1).and_then(|k| causes.get(k));
        let Some(name) = name else {
            return Err(FitError::UnknownCause { cause, causes: causes.len() });
        };
        if y.events(cause) == 0 {
            return Err(FitError::NoEvents { cause: name.clone() });
        }
        let no = |why: String| Err(FitError::NotApplicable { method: METHOD, why });
        if sample.len() >= (u32::MAX >> 1) as usize {
            return no("more than two thousand million rows".into());
        }
        if sample.strata().is_some_and(|s| s.iter().any(|v| *v != s[0])) {
            return no("it has no strata; make them a term".into());
        }
        if let Some(row) = y.exit().iter().position(|&t| t <= 0.0) {
            return no(format!("row {row} ends at time 0 or before; times must be above 0"));
        }
        if let Some(row) = y.entry().and_then(|e| e.iter().position(|&t| t < 0.0)) {
            return no(format!("row {row} enters before time 0, where the clock starts"));
        }
        let setting = |setting, why: &str| Err(FitError::Setting { setting, why: why.into() });
        if self.iterations == 0 {
            return setting("max_iterations", "must be at least 1");
        }
        if sample.clusters().len() > 2 {
            return setting("cluster", "at most two clusterings can be combined");
        }
        Ok(())
    }

    /// Which columns can be told apart, from one another and from the intercept.
    fn terms(&self, objective: &Objective, warnings: &mut Vec<FitWarning>) -> Vec<bool> {
        let (sample, columns) = (objective.sample, &objective.columns);
        let p = columns.p();
        let mut gram = Array2::zeros((p, p));
        let mut total = 0.0;
        let mut x = vec![0.0; p];
        for k in 0..sample.len() {
            let w = sample.weights().map_or(1.0, |w| w[k]);
            total += w;
            x.fill(0.0);
            columns.add_row(&mut x, k, 1.0);
            for i in 0..p {
                for j in 0..=i {
                    gram[[i, j]] += w * x[i] * x[j];
                }
            }
        }
        for i in 0..p {
            for j in 0..i {
                gram[[j, i]] = gram[[i, j]];
            }
        }
        identify(sample.names(), &gram, columns.constant.clone(), total, None, warnings)
    }

    fn report(
        &self,
        objective: &Objective,
        null: &Point,
        found: &Maximum,
        active: &[bool],
        cause: u32,
        mut warnings: Vec<FitWarning>,
    ) -> Result<ParametricFit, FitError> {
        let (sample, p) = (objective.sample, objective.p());
        let names = sample.names();
        let terms = active[1..=p].iter().filter(|&&a| a).count();
        if found.ridge {
            separated(names, &of_terms(&found.step, p), &mut warnings);
        } else if !found.converged {
            // On the way to infinity, where that can be seen.
            let far = of_terms(&found.beta, p).mapv(|b| if b.abs() > FAR { b } else { 0.0 });
            if far.iter().any(|b| *b != 0.0) {
                separated(names, &far, &mut warnings);
            }
            warnings.push(FitWarning::NotConverged { iterations: found.iterations });
        }
        let events = sample.outcome().events(cause);
        if events < 5 * terms {
            warnings.push(FitWarning::FewEvents { events, terms });
        }
        let inverse = Cholesky::new(&found.point.information, 1e-14).inverse();
        let known = (0..active.len()).all(|j| {
            let v = inverse[[j, j]];
            v.is_finite() && (v > 0.0) == active[j]
        });
        if !known {
            return Err(out_of_range(sample));
        }
        let null_inverse = Cholesky::new(&null.information, 1e-14).inverse();
        let wald = wald_test(&of_terms(&found.beta, p), &between_terms(&inverse, p));
        let gain = 2.0 * (found.point.loglik - null.loglik);
        let score = quadratic(&null_inverse, null.score.view());
        ParametricFit::new(fit::Found {
            objective,
            b: found.beta.clone(),
            inverse,
            active: active.to_vec(),
            loglik: [null.loglik, found.point.loglik],
            iterations: found.iterations,
            converged: found.converged,
            tests: [ChiSquare::of(gain, terms as f64), wald, ChiSquare::of(score, terms as f64)],
            events,
            cause,
            warnings,
            distribution: self.distribution.clone(),
        })
    }

    fn add_robust(
        &self,
        fit: &mut ParametricFit,
        objective: &Objective,
        found: &Maximum,
    ) -> Result<Vec<(f64, u32)>, FitError> {
        let clusters = objective.sample.clusters();
        let rows = Influences {
            row: &objective.row,
            p: objective.size(),
            pieces: &objective.blocks(),
            fill: &|rows, out| objective.influences(&found.beta, rows, out),
        };
        let names: Vec<Option<&str>> = fit
            .parameters
            .iter()
            .zip(&fit.estimated)
            .map(|(n, e)| e.then_some(n.as_str()))
            .collect();
        let terms: Vec<Option<&str>> = (0..names.len())
            .map(|j| names[j].filter(|_| (1..=objective.p()).contains(&j)))
            .collect();
        let suspects = rows.suspects(fit.inverse(), &terms);
        if clusters.is_empty() && !self.robust {
            return Ok(suspects);
        }
        let mut warnings = Vec::new();
        let v = rows.covariance(clusters, fit.inverse(), &names, &mut warnings);
        fit.warnings.append(&mut warnings);
        let p = objective.p();
        fit.wald = wald_test(&of_terms(&found.beta, p), &between_terms(&v, p));
        fit.set_robust(v)?;
        Ok(suspects)
    }
}

/// The terms among all parameters.
fn of_terms(v: &Array1<f64>, p: usize) -> Array1<f64> {
    Array1::from_shape_fn(p, |j| v[1 + j])
}

fn between_terms(v: &Array2<f64>, p: usize) -> Array2<f64> {
    Array2::from_shape_fn((p, p), |(i, j)| v[[1 + i, 1 + j]])
}

/// Whether something else than a term runs to infinity: then there is no fit.
fn runs_away(objective: &Objective, found: &Maximum) -> Result<(), FitError> {
    if objective.law.has_scale() && found.beta[objective.theta().start] < -14.0 {
        let why = "the scale runs to 0: the terms give the times of all events exactly".into();
        return Err(FitError::NotApplicable { method: METHOD, why });
    }
    // Beyond this Q the density ends as on a cliff, and the likelihood rises with its height.
    let cliff =
        objective.law == Law::Gengamma {} && found.beta[objective.theta().end - 1].abs() > 20.0;
    if cliff {
        return Err(start::astray(&objective.law, "with these rows"));
    }
    if !found.ridge {
        return Ok(());
    }
    let most =
        |range: std::ops::Range<usize>| range.map(|j| found.step[j].abs()).fold(0.0, f64::max);
    if most(1..1 + objective.p()) < 0.05 * most(objective.theta()) {
        return Err(start::astray(&objective.law, "with these rows"));
    }
    Ok(())
}

fn out_of_range(sample: &Sample) -> FitError {
    FitError::Range { term: sample.names().first().cloned().unwrap_or("(intercept)".into()) }
}
