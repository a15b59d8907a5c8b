//! Cox's proportional hazards model (Cox 1972), with R's numbers.
//!
//! ```
//! use ndarray::array;
//! use pleegzorg::survival::{Cox, Outcome, Sample, Ties};
//! // Therneau's six rows with tied times: β solves a cubic, e^β = (3 + √33) / 2.
//! let y = Outcome::new(None, vec![1., 1., 6., 6., 8., 9.], vec![1, 0, 1, 1, 0, 1], vec!["event".into()])?;
//! let x = array![[1.], [1.], [1.], [0.], [0.], [0.]];
//! let fit = Cox::new().ties(Ties::Breslow).fit(&Sample::new(x, vec!["x".into()], y)?, 1)?;
//! assert!((fit.coef[0] - ((3. + 33f64.sqrt()) / 2.).ln()).abs() < 1e-10);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod at;
mod baseline;
mod entries;
mod error;
mod exact;
mod firth;
mod fit;
mod hazards;
mod information;
pub(super) mod kernels;
mod large;
mod layout;
mod linfa;
mod outlier;
mod pass;
mod predict;
mod residuals;
mod robust;
mod room;
mod standardise;
mod zph;

use ndarray::{Array1, Array2};

pub use baseline::StratumCells;
pub(crate) use baseline::check_edges;
pub use error::{FitError, FitWarning};
pub use firth::Firth;
pub use fit::CoxFit;
pub(crate) use hazards::{Tied, Twofold};
pub(crate) use kernels::exp_in_place;
pub(crate) use layout::Layout;
pub(crate) use pass::{Pass, split};
pub(crate) use predict::Effects;
pub use predict::{NewRows, cumulative_incidence};
pub use residuals::Schoenfeld;
pub(crate) use room::Room;
pub(crate) use standardise::{Columns, Shifts, Standardised, moments, standardise};
pub use zph::{PhTest, Transform};

use super::identify::{identify, separated};
use super::linalg::Cholesky;
use super::newton::{ALIASED, Maximum, Point, leave_out, maximise};
use super::prior::{Penalty, Prior};
use super::{ChiSquare, Sample};
use firth::Search;

/// How deaths at the same time share the likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ties {
    /// Efron (1977): the deaths' own risk is averaged over the order in which they may have come.
    #[default]
    Efron,
    /// Breslow (1974): every death faces the whole risk set.
    Breslow,
    /// Exact, for time that goes in steps: which of those at risk died, given how many did. Tied
    /// times take time with their deaths times the rows at risk. It has neither weights nor sandwich
    /// errors, and gives baselines and martingale residuals as Breslow's.
    Exact,
}

/// The settings of a Cox model; [`Cox::fit`] checks them.
#[derive(Debug, Clone, PartialEq)]
pub struct Cox {
    ties: Ties,
    robust: bool,
    iterations: usize,
    priors: Vec<Prior>,
    ridge: f64,
    firth: bool,
}

impl Default for Cox {
    fn default() -> Self {
        Self::new()
    }
}

impl Cox {
    /// Efron ties; robust errors only where the sample has clusters.
    #[must_use]
    pub fn new() -> Self {
        Self {
            ties: Ties::Efron,
            robust: false,
            iterations: 100,
            priors: Vec::new(),
            ridge: 0.0,
            firth: false,
        }
    }

    /// How tied deaths are treated.
    #[must_use]
    pub fn ties(mut self, ties: Ties) -> Self {
        self.ties = ties;
        self
    }

    /// Sandwich errors also where the sample has no clusters: every row is its own.
    #[must_use]
    pub fn robust(mut self, robust: bool) -> Self {
        self.robust = robust;
        self
    }

    /// The most Newton steps (100 unless told; ten are nearly always enough).
    #[must_use]
    pub fn max_iterations(mut self, iterations: usize) -> Self {
        self.iterations = iterations;
        self
    }

    /// A Gaussian prior for each of these terms (Greenland 2007): how published effects enter.
    ///
    /// ```
    /// use ndarray::array;
    /// use pleegzorg::survival::{Cox, Outcome, Prior, Sample};
    /// // Every event has x = 1: the data alone would send β to infinity.
    /// let y = Outcome::new(None, vec![1., 2., 3., 4.], vec![1, 1, 0, 0], vec!["end".into()])?;
    /// let sample = Sample::new(array![[1.], [1.], [0.], [0.]], vec!["x".into()], y)?;
    /// let fit = Cox::new().priors(vec![Prior::new("x", 0.5, 0.3)]).fit(&sample, 1)?;
    /// assert!(fit.converged && fit.coef[0] > 0.5 && fit.coef[0] < 0.7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn priors(mut self, priors: Vec<Prior>) -> Self {
        self.priors = priors;
        self
    }

    /// Takes θβ²/2 from the log likelihood for every term without a prior of its own: R's
    /// `ridge(theta =, scale = FALSE)`. 0 (the default) is no penalty.
    #[must_use]
    pub fn ridge(mut self, theta: f64) -> Self {
        self.ridge = theta;
        self
    }

    /// Firth's correction (Heinze & Schemper 2001): estimates without first-order bias that stay
    /// finite under separation, with [`CoxFit::firth`] for the tests that belong to them.
    #[must_use]
    pub fn firth(mut self, firth: bool) -> Self {
        self.firth = firth;
        self
    }

    /// Fits the hazard of one cause (1, 2, …); ends by other causes are censored at their time.
    ///
    /// # Errors
    /// An unknown cause, no event, or numbers out of all range. What can be handled (constant and
    /// collinear columns, separation, strata without events) is handled and stated in
    /// [`CoxFit::warnings`].
    pub fn fit(&self, sample: &Sample, cause: u32) -> Result<CoxFit, FitError> {
        self.check(sample, cause)?;
        let sorted = layout::sorted_rows(sample, cause);
        let few = large::few(sample, &sorted);
        let layout = Layout::from_sorted(sample, sorted, None);
        let mut pass = Pass::new(&layout, self.ties == Ties::Efron);
        let p = layout.p();
        let start = Array1::zeros(p);
        if self.ties == Ties::Exact {
            self.check_exact(&layout)?;
        }
        let null = self.point(&mut pass, &start).ok_or_else(|| FitError::Start {
            why: "the offset differs by more than 600 between rows".into(),
        })?;
        let penalty = self.penalty(&layout)?;
        let mut warnings = Vec::new();
        let active = estimable(&layout, &null, penalty.as_ref(), &mut warnings);
        let mut null = null;
        for j in (0..p).filter(|&j| !active[j]) {
            leave_out(&mut null, j);
        }
        if self.firth && penalty.is_some() {
            let why = "cannot be combined with priors or ridge: they are priors of its own".into();
            return Err(FitError::Setting { setting: "firth", why });
        }
        let plain = penalty.is_none() && !self.firth && self.ties != Ties::Exact;
        let found = if plain { self.climb_large(few, &null, &mut pass, &active) } else { None };
        let found =
            found.unwrap_or_else(|| self.climb(&mut pass, penalty.as_ref(), null.clone(), &active));
        let mut fit =
            self.report(&layout, &null, &found, penalty.as_ref(), &active, cause, warnings)?;
        if self.firth {
            let tests = Search::new(&mut pass, &active, self.iterations).tests(&found.beta);
            let firth = tests.ok_or_else(|| FitError::Start {
                why: "Firth's penalty has no value there".into(),
            })?;
            let gain = 2.0 * (firth.penalised_loglik[1] - firth.penalised_loglik[0]);
            fit.likelihood_ratio = ChiSquare::of(gain, fit.likelihood_ratio.df);
            fit.firth = Some(firth);
        }
        self.add_robust(&mut fit, &mut pass, &found)?;
        if found.converged {
            self.find_outlier(&mut fit, &mut pass, &found);
        }
        Ok(fit)
    }

    /// Refuses what exact ties cannot be combined with.
    fn check_exact(&self, layout: &Layout) -> Result<(), FitError> {
        let method = "the exact treatment of ties";
        let why = if self.firth {
            "Firth's correction needs Efron's or Breslow's ties"
        } else if self.robust || !layout.sample.clusters().is_empty() {
            "it has no score residuals, and so neither robust nor clustered errors"
        } else {
            return exact::check(layout);
        };
        Err(FitError::NotApplicable { method, why: why.into() })
    }

    /// The log likelihood with slope and curvature at β.
    fn point(&self, pass: &mut Pass, beta: &Array1<f64>) -> Option<Point> {
        match self.ties {
            Ties::Exact => exact::point(pass, beta),
            Ties::Efron | Ties::Breslow => evaluate(pass, beta),
        }
    }

    /// Checks what can be checked before any work.
    fn check(&self, sample: &Sample, cause: u32) -> Result<(), FitError> {
        let causes = sample.outcome().causes();
        let name = (cause as usize).checked_sub(1).and_then(|k| causes.get(k));
        let Some(name) = name else {
            return Err(FitError::UnknownCause { cause, causes: causes.len() });
        };
        if sample.outcome().events(cause) == 0 {
            return Err(FitError::NoEvents { cause: name.clone() });
        }
        if sample.len() >= (u32::MAX >> 1) as usize {
            let why = "more than two thousand million rows".into();
            return Err(FitError::NotApplicable { method: "the Cox model", why });
        }
        if self.iterations == 0 {
            let why = "must be at least 1".into();
            return Err(FitError::Setting { setting: "max_iterations", why });
        }
        Ok(())
    }

    /// The penalty on this layout's columns; `None` without any.
    fn penalty(&self, layout: &Layout) -> Result<Option<Penalty>, FitError> {
        let names = layout.sample.names();
        Penalty::new(&self.priors, self.ridge, names, &layout.columns.scale)
    }

    /// The maximum of the (penalised) log likelihood, from β = 0 whose point is `null`.
    fn climb(
        &self,
        pass: &mut Pass,
        penalty: Option<&Penalty>,
        mut null: Point,
        active: &[bool],
    ) -> Maximum {
        let start = Array1::zeros(active.len());
        if self.firth
            && let Some(found) = Search::new(pass, active, self.iterations).maximum()
        {
            return found;
        }
        let Some(penalty) = penalty else {
            return maximise(start, null, active, self.iterations, |b| self.point(pass, b));
        };
        penalty.apply(&mut null, &start);
        maximise(start, null, active, self.iterations, |b| {
            let mut point = self.point(pass, b)?;
            penalty.apply(&mut point, b);
            Some(point)
        })
    }

    /// Brings the result back to the columns' own scale.
    fn report(
        &self,
        layout: &Layout,
        null: &Point,
        found: &Maximum,
        penalty: Option<&Penalty>,
        active: &[bool],
        cause: u32,
        mut warnings: Vec<FitWarning>,
    ) -> Result<CoxFit, FitError> {
        let (sample, p) = (layout.sample, layout.p());
        let names = sample.names();
        if found.ridge {
            separated(names, &found.step, &mut warnings);
        } else if !found.converged {
            let far = running_away(found);
            if far.iter().all(|&step| step == 0.0) {
                warnings.push(FitWarning::NotConverged { iterations: found.iterations });
            }
            separated(names, &far, &mut warnings);
        }
        let (events, _) = layout.events();
        let terms = active.iter().filter(|&&a| a).count();
        let inverse = Cholesky::new(&found.point.information, 1e-14).inverse();
        let penalised = penalty
            .map(|k| k.report(&found.beta, &found.point, &inverse, &layout.columns.scale, active));
        let df = penalised.as_ref().map_or(terms as f64, |p| p.df);
        let loglik = found.point.loglik + penalised.as_ref().map_or(0.0, |p| p.penalty);
        if (events as f64) < 5.0 * df {
            warnings.push(FitWarning::FewEvents { events, terms });
        }
        for &(stratum, rows) in &layout.empty_strata {
            warnings.push(FitWarning::StratumWithoutEvents { stratum, rows });
        }
        let null_factor = Cholesky::new(&null.information, ALIASED);
        let mut wald = fit::wald(&found.beta, &inverse);
        if penalised.is_some() {
            wald = ChiSquare::of(wald.chi2, df);
        }
        let coef = Array1::from_shape_fn(p, |j| found.beta[j] / layout.columns.scale[j]);
        let covariance = Array2::from_shape_fn((p, p), |(i, j)| {
            inverse[[i, j]] / layout.columns.scale[i] / layout.columns.scale[j]
        });
        for j in 0..p {
            let variance = covariance[[j, j]];
            if !(coef[j].is_finite() && variance.is_finite() && (variance > 0.0) == active[j]) {
                return Err(FitError::Range { term: names[j].clone() });
            }
        }
        Ok(CoxFit {
            names: names.to_vec(),
            estimated: active.to_vec(),
            wald,
            covariance,
            robust_covariance: None,
            loglik: [null.loglik, loglik],
            iterations: found.iterations,
            converged: found.converged,
            likelihood_ratio: ChiSquare::of(2.0 * (loglik - null.loglik), df),
            score: fit::score_test(&null.score, &null_factor.inverse(), null_factor.rank()),
            penalised,
            firth: None,
            n: sample.len(),
            events,
            cause,
            ties: self.ties,
            means: Array1::from_vec(layout.columns.centre.clone()),
            coef,
            warnings,
            scale: Array1::from_vec(layout.columns.scale.clone()),
            inverse,
        })
    }
}

/// The log likelihood with slope and curvature at β.
fn evaluate(pass: &mut Pass, beta: &Array1<f64>) -> Option<Point> {
    let loglik = pass.evaluate(beta)?;
    let (score, information) = pass.slope_and_information();
    let finite = score.iter().chain(information.iter()).all(|v| v.is_finite());
    finite.then_some(Point { loglik, score, information })
}

/// Which columns can be estimated at all.
fn estimable(
    layout: &Layout,
    null: &Point,
    penalty: Option<&Penalty>,
    warnings: &mut Vec<FitWarning>,
) -> Vec<bool> {
    let (names, constant) = (layout.sample.names(), layout.columns.constant.clone());
    identify(names, &null.information, constant, layout.events().1, penalty, warnings)
}

/// The steps of the coefficients that were still on their way out, far beyond what finite data
/// can say, when the search gave up: where a continuous column orders all events, the likelihood
/// rises for ever by ever smaller gains, and never looks flat.
fn running_away(found: &Maximum) -> Array1<f64> {
    /// A hazard ratio of e²⁰ for one standard deviation.
    const FAR: f64 = 20.0;
    let on_its_way = |(&b, &s): (&f64, &f64)| if b.abs() > FAR && b * s > 0.0 { s } else { 0.0 };
    found.beta.iter().zip(&found.step).map(on_its_way).collect()
}
