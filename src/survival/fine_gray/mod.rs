//! Proportional subdistribution hazards (Fine & Gray 1999), with R's numbers in both of its
//! conventions, and without expanding a row.
//!
//! The subdistribution hazard of a cause is that of a time which never comes for those who end
//! otherwise: they stay in the risk set, weighted by the chance that they would still be observed.
//! Effects on it are effects on the cumulative incidence, F(t | x) = 1 − exp(−H(t)·e^{x′β}).
//!
//! ```
//! use ndarray::array;
//! use pleegzorg::survival::{FineGray, Outcome, Sample};
//! // Nobody is censored: those who end otherwise stay for good, and the fit is a Cox model in which
//! // they never end.
//! let causes = vec!["breakdown".to_owned(), "home".to_owned()];
//! let y = Outcome::new(None, vec![1., 2., 3., 4.], vec![1, 2, 1, 1], causes)?;
//! let x = array![[1.], [0.], [0.], [1.]];
//! let fit = FineGray::new().fit(&Sample::new(x, vec!["x".into()], y)?, 1)?;
//! // One after the other the risk sets are {1,0,0,1}, {0,0,1} and {0,1}: with r = e^β the slope is
//! // 2 − 2r/(2r + 2) − r/(r + 2) − r/(r + 1), which is 0 where r² = r + 4.
//! let r = (1.0 + 17f64.sqrt()) / 2.0;
//! assert!((fit.coef[0] - r.ln()).abs() < 1e-10);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod along;
mod at;
mod baseline;
mod curvature;
mod fit;
mod hazards;
mod influence;
mod layout;
mod means;
mod observation;
pub(super) mod observed;
mod pass;

use ndarray::{Array1, Array2};

pub use baseline::Baseline;
pub use fit::FineGrayFit;

use super::identify::{identify, separated};
use super::linalg::{Cholesky, quadratic};
use super::newton::{ALIASED, Maximum, Point, leave_out, maximise};
use super::outlier::{Terms, driving_row};
use super::prior::{Penalised, Penalty, Prior};
use super::sandwich::{Influences, wald_test};
use super::{ChiSquare, FitError, FitWarning, Sample, Ties};
use influence::Influence;
use layout::Layout;
use pass::Pass;

/// The method's name in errors.
const METHOD: &str = "the Fine-Gray model";

/// Whose numbers a fit has. The two differ in the order of events and censorings at one time when
/// the chance of being censored is estimated, in tied events, and in the errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Convention {
    /// Those of `cmprsk::crr`: events at the time of a censoring could have been censored too;
    /// Breslow ties; errors by sandwich, the estimated chance of being observed included.
    #[default]
    Crr,
    /// Those of `survival::finegray` with `coxph`: events come before censorings; Efron ties unless
    /// asked otherwise; errors from the model, and robust ones by row or cluster that take
    /// the chance of being observed as known.
    Finegray,
}

/// The settings of a Fine–Gray model; [`FineGray::fit`] checks them.
#[derive(Debug, Clone, PartialEq)]
pub struct FineGray {
    convention: Convention,
    ties: Option<Ties>,
    priors: Vec<Prior>,
    ridge: f64,
    iterations: usize,
}

impl Default for FineGray {
    fn default() -> Self {
        Self::new()
    }
}

impl FineGray {
    /// The numbers of `cmprsk::crr`, without penalty.
    #[must_use]
    pub fn new() -> Self {
        Self {
            convention: Convention::Crr,
            ties: None,
            priors: Vec::new(),
            ridge: 0.0,
            iterations: 100,
        }
    }

    /// Whose numbers the fit has.
    #[must_use]
    pub fn convention(mut self, convention: Convention) -> Self {
        self.convention = convention;
        self
    }

    /// The convention that was set.
    pub(crate) fn whose(&self) -> Convention {
        self.convention
    }

    /// How tied events are treated: [`Convention::Crr`] knows Breslow only.
    #[must_use]
    pub fn ties(mut self, ties: Ties) -> Self {
        self.ties = Some(ties);
        self
    }

    /// A Gaussian prior for each of these terms, as [`super::Cox::priors`] has them.
    #[must_use]
    pub fn priors(mut self, priors: Vec<Prior>) -> Self {
        self.priors = priors;
        self
    }

    /// Subtracts λ/2·Σβ² from the log likelihood, the sum over the terms without a prior of their
    /// own: R's `ridge(…, theta = λ, scale = FALSE)`. Columns in different units are penalised
    /// differently; scale them before.
    #[must_use]
    pub fn ridge(mut self, lambda: f64) -> Self {
        self.ridge = lambda;
        self
    }

    /// The most Newton steps (100 unless told; ten are nearly always enough).
    #[must_use]
    pub fn max_iterations(mut self, iterations: usize) -> Self {
        self.iterations = iterations;
        self
    }

    /// Fits the subdistribution hazard of one cause (1, 2, …). Strata have their own baselines and
    /// their own chances of being observed. Each row is one subject: its end is the end.
    ///
    /// # Errors
    /// An unknown cause, no event, a setting that makes no sense, a chance of being observed that
    /// falls to 0 too early, or numbers out of all range. What can be handled (constant and
    /// collinear columns, separation, strata without events) is handled and stated in
    /// [`FineGrayFit::warnings`].
    pub fn fit(&self, sample: &Sample, cause: u32) -> Result<FineGrayFit, FitError> {
        let (mut fit, suspects, se) = self.fit_once(sample, cause)?;
        if fit.converged {
            let terms = |f: &FineGrayFit| -> Terms {
                (0..f.coef.len()).map(|j| f.estimated[j].then(|| f.coef[j])).collect()
            };
            let again = |s: &Sample| self.fit_once(s, cause).ok().map(|f| terms(&f.0));
            fit.warnings.extend(driving_row(sample, suspects, &terms(&fit), &se, again));
        }
        Ok(fit)
    }

    /// The fit, the rows that may drive it, and the errors from the information.
    fn fit_once(
        &self,
        sample: &Sample,
        cause: u32,
    ) -> Result<(FineGrayFit, Vec<(f64, u32)>, Array1<f64>), FitError> {
        let efron = self.check(sample, cause)?;
        let layout = Layout::new(sample, cause, self.convention)?;
        let mut pass = Pass::new(&layout, efron);
        let p = layout.p();
        let names = sample.names();
        let penalty = Penalty::new(&self.priors, self.ridge, names, &layout.columns.scale)?;
        let start = Array1::zeros(p);
        let mut null = evaluate(&mut pass, &start).ok_or_else(too_wide)?;
        let mut warnings = Vec::new();
        let (weight, constant) = (layout.events().1, layout.columns.constant.clone());
        let held = penalty.as_ref();
        let active = identify(names, &null.information, constant, weight, held, &mut warnings);
        for j in (0..p).filter(|&j| !active[j]) {
            leave_out(&mut null, j);
        }
        let penalised = |mut point: Point, beta: &Array1<f64>| {
            if let Some(penalty) = &penalty {
                penalty.apply(&mut point, beta);
            }
            point
        };
        let first = penalised(null.clone(), &start);
        let mut found = maximise(start, first, &active, self.iterations, |b| {
            Some(penalised(evaluate(&mut pass, b)?, b))
        });
        if found.converged {
            // The last step is too short to be seen in the likelihood, and costs nothing.
            found.beta += &found.step;
        }
        let (fit, suspects) =
            self.finish(&mut pass, &null, &found, held, &active, cause, warnings)?;
        let scale = &layout.columns.scale;
        let se = Array1::from_shape_fn(p, |j| fit.inverse[[j, j]].max(0.0).sqrt() / scale[j]);
        Ok((fit, suspects, se))
    }

    /// All that a fit says of a maximum, and the rows that may drive it.
    fn finish(
        &self,
        pass: &mut Pass,
        null: &Point,
        found: &Maximum,
        penalty: Option<&Penalty>,
        active: &[bool],
        cause: u32,
        warnings: Vec<FitWarning>,
    ) -> Result<(FineGrayFit, Vec<(f64, u32)>), FitError> {
        let mut fit = self.report(pass, null, found, penalty, active, cause, warnings)?;
        let mut suspects = Vec::new();
        if pass.evaluate(&found.beta).is_some() {
            suspects = self.add_errors(&mut fit, pass, found)?;
        }
        fit.add_baseline(pass);
        Ok((fit, suspects))
    }

    fn tie_rule(&self) -> Ties {
        self.ties.unwrap_or(match self.convention {
            Convention::Crr => Ties::Breslow,
            Convention::Finegray => Ties::Efron,
        })
    }

    /// Checks what can be checked before any work; whether ties are Efron's.
    fn check(&self, sample: &Sample, cause: u32) -> Result<bool, FitError> {
        let setting = |setting, why: &str| FitError::Setting { setting, why: why.into() };
        let causes = sample.outcome().causes();
        let name = (cause as usize).checked_sub(1).and_then(|k| causes.get(k));
        let Some(name) = name else {
            return Err(FitError::UnknownCause { cause, causes: causes.len() });
        };
        if sample.outcome().events(cause) == 0 {
            return Err(FitError::NoEvents { cause: name.clone() });
        }
        if sample.len() > layout::MOST {
            let why = "more than a thousand million rows".into();
            return Err(FitError::NotApplicable { method: METHOD, why });
        }
        if self.iterations == 0 {
            return Err(setting("max_iterations", "must be at least 1"));
        }
        if sample.clusters().len() > 2 {
            return Err(setting("cluster", "at most two clusterings can be combined"));
        }
        let ties = self.tie_rule();
        if ties == Ties::Breslow {
            Ok(false)
        } else if ties == Ties::Efron && self.convention == Convention::Finegray {
            Ok(true)
        } else {
            Err(setting("ties", "crr's convention has Breslow's, finegray's also Efron's"))
        }
    }

    /// Brings the result back to the columns' own scale.
    fn report(
        &self,
        pass: &Pass,
        null: &Point,
        found: &Maximum,
        penalty: Option<&Penalty>,
        active: &[bool],
        cause: u32,
        mut warnings: Vec<FitWarning>,
    ) -> Result<FineGrayFit, FitError> {
        let layout = pass.layout;
        let (sample, p, columns) = (layout.sample, layout.p(), &layout.columns);
        let names = sample.names();
        if found.ridge {
            separated(names, &found.step, &mut warnings);
        } else if !found.converged {
            warnings.push(FitWarning::NotConverged { iterations: found.iterations });
        }
        let (events, _) = layout.events();
        let terms = active.iter().filter(|&&a| a).count();
        let inverse = Cholesky::new(&found.point.information, 1e-14).inverse();
        let penalised =
            penalty.map(|k| k.report(&found.beta, &found.point, &inverse, &columns.scale, active));
        let df = penalised.as_ref().map_or(terms as f64, |p| p.df);
        if (events as f64) < 5.0 * df {
            warnings.push(FitWarning::FewEvents { events, terms });
        }
        for s in layout.strata.iter().filter(|s| s.slots.len() == 1) {
            let (stratum, rows) = (s.number, s.rows.len());
            warnings.push(FitWarning::StratumWithoutEvents { stratum, rows });
        }
        let null_factor = Cholesky::new(&null.information, ALIASED);
        let coef = Array1::from_shape_fn(p, |j| found.beta[j] / columns.scale[j]);
        let taken = penalised.as_ref().map_or(0.0, |p| p.penalty);
        let loglik = [null.loglik, found.point.loglik + taken];
        Ok(FineGrayFit {
            names: names.to_vec(),
            estimated: active.to_vec(),
            covariance: own_scale(&inverse, &columns.scale),
            model_covariance: own_scale(&inverse, &columns.scale),
            robust_covariance: None,
            loglik,
            iterations: found.iterations,
            converged: found.converged,
            likelihood_ratio: ChiSquare::of(2.0 * (loglik[1] - loglik[0]), df),
            wald: wald_with(&found.beta, &inverse, penalised.as_ref()),
            score: ChiSquare::of(
                quadratic(&null_factor.inverse(), null.score.view()),
                null_factor.rank() as f64,
            ),
            penalised,
            n: sample.len(),
            events,
            cause,
            convention: self.convention,
            means: Array1::from_vec(columns.centre.clone()),
            coef,
            warnings,
            baselines: Vec::new(),
            inverse,
            settings: self.clone(),
        })
    }

    /// The covariances: crr's own, or the model's and the robust one.
    fn add_errors(
        &self,
        fit: &mut FineGrayFit,
        pass: &Pass,
        found: &Maximum,
    ) -> Result<Vec<(f64, u32)>, FitError> {
        let layout = pass.layout;
        let scale = &layout.columns.scale;
        let influence = Influence::new(pass, self.convention);
        let rows = Influences {
            row: &layout.row,
            p: layout.p(),
            pieces: &layout.runs.iter().map(|run| run.rows.clone()).collect::<Vec<_>>(),
            fill: &|rows, out| influence.fill(rows, out),
        };
        let names: Vec<Option<&str>> =
            fit.names.iter().zip(&fit.estimated).map(|(n, e)| e.then_some(n.as_str())).collect();
        let mut warnings = Vec::new();
        let suspects = rows.suspects(&fit.inverse, &names);
        let mut of = |clusters| rows.covariance(clusters, &fit.inverse, &names, &mut warnings);
        let clusters = layout.sample.clusters();
        let (mut own, mut robust) = (None, None);
        if self.convention == Convention::Crr {
            own = Some(of(&[]));
        }
        if self.convention == Convention::Finegray || !clusters.is_empty() {
            robust = Some(of(clusters));
        }
        if let Some(v) = robust.as_ref().or(own.as_ref()) {
            fit.wald = wald_with(&found.beta, v, fit.penalised.as_ref());
        }
        if let Some(own) = own {
            fit.covariance = own_scale(&own, scale);
        }
        fit.robust_covariance = robust.map(|v| own_scale(&v, scale));
        fit.warnings.append(&mut warnings);
        fit.check_range()?;
        Ok(suspects)
    }
}

/// The covariance of columns on their own scale.
fn own_scale(v: &Array2<f64>, scale: &[f64]) -> Array2<f64> {
    Array2::from_shape_fn(v.dim(), |(i, j)| v[[i, j]] / scale[i] / scale[j])
}

/// The Wald test; with a penalty on the effective degrees of freedom.
fn wald_with(beta: &Array1<f64>, v: &Array2<f64>, penalised: Option<&Penalised>) -> ChiSquare {
    let wald = wald_test(beta, v);
    penalised.map_or(wald, |p| ChiSquare::of(wald.chi2, p.df))
}

fn too_wide() -> FitError {
    FitError::Start { why: "the offset differs by more than 600 between rows".into() }
}

/// The log likelihood with slope and curvature at β.
fn evaluate(pass: &mut Pass, beta: &Array1<f64>) -> Option<Point> {
    let loglik = pass.evaluate(beta)?;
    let (score, information) = curvature::both(pass);
    let finite = score.iter().chain(information.iter()).all(|v| v.is_finite());
    finite.then_some(Point { loglik, score, information })
}
