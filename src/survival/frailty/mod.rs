//! Cox models with a shared frailty: what the rows of one group (a family, a centre) have in common
//! and no column holds multiplies their hazard by e^w, with one w per group.
//!
//! The frailty e^w is gamma with mean 1 and variance θ, or log-normal with w normal with mean 0 and
//! variance θ. For a given θ, coefficients and w maximise a penalised partial likelihood (Therneau,
//! Grambsch & Pankratz 2003; R's `frailty(theta =)`). θ itself maximises, for the gamma, the
//! likelihood with the frailties integrated out; for the log-normal it solves the equation of
//! restricted maximum likelihood, θ = (Σw² + trace)/groups (McGilchrist 1993). R's own search ends
//! early; this one does not.
//!
//! With late entry the frailties of those who enter are taken to be as those of newcomers, as in R.
//!
//! ```
//! use ndarray::Array2;
//! use pleegzorg::survival::{Frailty, FrailtyDistribution, Outcome, Sample};
//! // Twelve groups of four; the groups differ far more than chance would have it.
//! let group: Vec<u32> = (0..48).map(|i| i / 4).collect();
//! let exit = (0..48).map(|i| f64::from(1 + i % 4) * f64::from(1 + (i / 4) % 6).powi(2)).collect();
//! let y = Outcome::new(None, exit, vec![1; 48], vec!["end".into()])?;
//! let x = Array2::from_shape_fn((48, 1), |(i, _)| (i * 7 % 5) as f64);
//! let sample = Sample::new(x, vec!["x".into()], y)?;
//! let fit = Frailty::new(FrailtyDistribution::Gamma).fit(&sample, 1, &group)?;
//! assert!(fit.variance > 0.5 && fit.test.is_some_and(|t| t.p < 0.001));
//! // Groups that lasted long have the small frailties.
//! assert!(fit.groups[0].log_frailty > fit.groups[5].log_frailty);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod climb;
mod curvature;
mod distribution;
mod exact;
mod rows;
mod variance;

use ndarray::Array2;

pub use distribution::FrailtyDistribution;

use super::cox::Layout;
use super::{ChiSquare, Cox, CoxFit, FitError, FitWarning, Sample, Ties};
use climb::Climb;
use rows::Groups;
use variance::Profile;

/// The settings of a Cox model with a shared frailty.
#[derive(Debug, Clone, PartialEq)]
pub struct Frailty {
    distribution: FrailtyDistribution,
    ties: Ties,
    variance: Option<f64>,
    exact: bool,
}

/// One group of a fitted frailty model.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct GroupFrailty {
    /// The group's number, as given.
    pub group: u32,
    /// Its rows.
    pub rows: usize,
    /// Those that ended by the cause, weighted.
    pub events: f64,
    /// The logarithm of its frailty: the mode, drawn towards 0 the more the less is known of it.
    pub log_frailty: f64,
    /// The standard error of that.
    pub se: f64,
}

/// A fitted Cox model with a shared frailty.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FrailtyFit {
    /// The coefficients. `loglik` is the partial likelihood without coefficients and frailties, and
    /// with both (R's `loglik`); `likelihood_ratio` compares these on the effective degrees of
    /// freedom; the covariance is R's (with its sparse treatment of the frailties).
    pub cox: CoxFit,
    /// The distribution of the frailties.
    pub distribution: FrailtyDistribution,
    /// The variance: of the frailty itself (gamma), of its logarithm (log-normal). 0 where groups
    /// differ no more than chance has it.
    pub variance: f64,
    /// The groups, by number.
    pub groups: Vec<GroupFrailty>,
    /// The log likelihood with the frailties integrated out. Gamma: exact given the baseline, and
    /// equal to the partial likelihood at variance 0. Log-normal: Laplace's approximation of the
    /// restricted likelihood.
    pub integrated_loglik: f64,
    /// The same with variance 0.
    pub null_integrated_loglik: f64,
    /// The test of variance 0, at the edge of what it can be: half of the chance of χ² with one
    /// degree of freedom (Self & Liang 1987). `None` where the variance was given.
    pub test: Option<ChiSquare>,
    /// Effective degrees of freedom of the frailties, and of the coefficients.
    pub frailty_df: f64,
    /// See `frailty_df`.
    pub coef_df: f64,
    /// H⁻¹ I H⁻¹ of the coefficients (R's `var2`). The sparse treatment of the frailties can leave
    /// it with a diagonal below zero where groups differ very much.
    pub sampling_covariance: Array2<f64>,
    /// Searches for coefficients and frailties, one per variance that was tried; the steps of all of
    /// them are `cox.iterations`.
    pub searches: usize,
}

impl Frailty {
    /// A frailty of this distribution, Efron ties, its variance estimated.
    #[must_use]
    pub fn new(distribution: FrailtyDistribution) -> Self {
        Self { distribution, ties: Ties::Efron, variance: None, exact: false }
    }

    /// How tied deaths are treated: Efron's or Breslow's way.
    #[must_use]
    pub fn ties(mut self, ties: Ties) -> Self {
        self.ties = ties;
        self
    }

    /// A given variance.
    #[must_use]
    pub fn variance(mut self, variance: f64) -> Self {
        self.variance = Some(variance);
        self
    }

    /// Errors from the whole curvature of the frailties (R's `sparse = FALSE`), which takes time with
    /// the cube of the groups; of more than 1,000 they are R's sparse ones all the same. Where the
    /// sparse ones do not exist, these stand in for them unasked.
    #[must_use]
    pub fn exact_errors(mut self, exact: bool) -> Self {
        self.exact = exact;
        self
    }

    /// Fits the hazard of one cause; `groups` gives the group of each row. Clusters of the sample
    /// are not read: the frailty stands in for them.
    ///
    /// # Errors
    /// As [`Cox::fit`]; exact ties, groups of another length, fewer than two groups, a variance
    /// below zero, terms that separate, and a variance without bounds.
    pub fn fit(&self, sample: &Sample, cause: u32, groups: &[u32]) -> Result<FrailtyFit, FitError> {
        let groups = self.check(sample, groups)?;
        let sample = without_clusters(sample)?;
        let plain = Cox::new().ties(self.ties).fit(&sample, cause)?;
        let apart = plain.warnings.iter().find_map(|w| match w {
            FitWarning::Separation { term, .. } => Some(term.clone()),
            _ => None,
        });
        if let Some(term) = apart {
            let why = format!("{term} separates those with events from those without");
            return Err(FitError::NotApplicable { method: "a shared frailty", why });
        }
        let layout = Layout::new(&sample, cause);
        let climb = Climb::new(layout, &groups, &plain, self.distribution, self.ties);
        let mut profile = Profile::new(climb, &plain)?;
        let variance = match self.variance {
            Some(given) => given,
            None => profile.estimate()?,
        };
        self.report(&sample, cause, plain, &groups, profile, variance)
    }

    fn check(&self, sample: &Sample, groups: &[u32]) -> Result<Groups, FitError> {
        if groups.len() != sample.len() {
            let (found, expected) = (groups.len(), sample.len());
            return Err(FitError::Shape { what: "the list of groups", found, expected });
        }
        let method = "a shared frailty";
        if self.ties == Ties::Exact {
            let why = "ties must be Efron's or Breslow's".into();
            return Err(FitError::NotApplicable { method, why });
        }
        if let Some(v) = self.variance
            && !(v.is_finite() && v >= 0.0)
        {
            let why = "must be a finite number that is not below zero".into();
            return Err(FitError::Setting { setting: "variance", why });
        }
        let groups = Groups::new(groups);
        if groups.numbers.len() < 2 {
            let why = "there is one group only".into();
            return Err(FitError::NotApplicable { method, why });
        }
        Ok(groups)
    }

    fn report(
        &self,
        sample: &Sample,
        cause: u32,
        plain: CoxFit,
        groups: &Groups,
        mut profile: Profile<'_>,
        variance: f64,
    ) -> Result<FrailtyFit, FitError> {
        let test = |integrated: f64, null: f64| {
            let chi2 = 2.0 * (integrated - null);
            let mut test = ChiSquare::of(chi2, 1.0);
            test.p = if test.chi2 > 0.0 { 0.5 * test.p } else { 1.0 };
            test
        };
        let estimated = self.variance.is_none();
        let null_integrated = profile.null_integrated();
        let one = |k: usize, w: f64, var: f64, profile: &Profile<'_>| GroupFrailty {
            group: groups.numbers[k],
            rows: groups.rows[k],
            events: profile.climb.events[k],
            log_frailty: w,
            se: var.max(0.0).sqrt(),
        };
        if variance == 0.0 {
            let each = (0..groups.numbers.len()).map(|k| one(k, 0.0, 0.0, &profile)).collect();
            return Ok(FrailtyFit {
                distribution: self.distribution,
                variance,
                groups: each,
                integrated_loglik: null_integrated,
                null_integrated_loglik: null_integrated,
                test: estimated.then(|| test(0.0, 0.0)),
                frailty_df: 0.0,
                coef_df: plain.estimated.iter().filter(|e| **e).count() as f64,
                sampling_covariance: plain.covariance.clone(),
                searches: profile.searches,
                cox: plain,
            });
        }
        let found = profile.at(variance)?;
        let mut errors = found.errors;
        if (self.exact || !errors.hold)
            && let Some(exact) = profile.exact_errors(variance, &found.log_frailty, &found.beta)
        {
            errors = exact;
        }
        if !errors.hold {
            let why = "groups differ so much, and terms so little within them, that standard \
                       errors cannot be computed";
            return Err(FitError::NotApplicable { method: "a shared frailty", why: why.into() });
        }
        let each: Vec<GroupFrailty> = (0..groups.numbers.len())
            .map(|k| one(k, found.log_frailty[k], errors.groups[k], &profile))
            .collect();
        let mut offset: Vec<f64> =
            groups.of.iter().map(|&g| found.log_frailty[g as usize]).collect();
        for (to, o) in offset.iter_mut().zip(sample.offset().unwrap_or(&[])) {
            *to += o;
        }
        let known = sample
            .clone()
            .with_offset(offset)
            .map_err(|e| FitError::Start { why: e.to_string() })?;
        let zero = vec![0.0; plain.coef.len()];
        let coef: Vec<f64> =
            found.beta.iter().zip(profile.climb.scale()).map(|(b, s)| b / s).collect();
        let at = Cox::new().ties(self.ties).at(&known, cause, &coef, &plain.estimated, &zero)?;
        let mut cox = at.with_inverse(errors.inverse)?;
        let df = errors.frailty_df + errors.coef_df;
        cox.loglik = [plain.loglik[0], found.partial];
        cox.likelihood_ratio = ChiSquare::of(2.0 * (found.partial - plain.loglik[0]), df);
        cox.score = plain.score;
        cox.warnings = plain.warnings;
        cox.iterations = profile.steps;
        cox.converged = found.converged;
        Ok(FrailtyFit {
            distribution: self.distribution,
            variance,
            groups: each,
            integrated_loglik: found.integrated,
            null_integrated_loglik: null_integrated,
            test: estimated.then(|| test(found.integrated, null_integrated)),
            frailty_df: errors.frailty_df,
            coef_df: errors.coef_df,
            sampling_covariance: cox.in_units(&errors.sampling),
            searches: profile.searches,
            cox,
        })
    }
}

impl FrailtyFit {
    /// The sample with each row's log frailty added to its offset: what the methods of
    /// [`FrailtyFit::cox`] take where they ask for the sample that was fitted. The baseline is then
    /// that of a group with frailty 1.
    ///
    /// # Errors
    /// Groups of another length, or a group that was not fitted.
    pub fn known(&self, sample: &Sample, groups: &[u32]) -> Result<Sample, FitError> {
        if groups.len() != sample.len() {
            let (found, expected) = (groups.len(), sample.len());
            return Err(FitError::Shape { what: "the list of groups", found, expected });
        }
        let mut offset = Vec::with_capacity(groups.len());
        for (row, g) in groups.iter().enumerate() {
            let Ok(k) = self.groups.binary_search_by_key(g, |f| f.group) else {
                let why = format!("group {g} was not among those fitted");
                return Err(FitError::Setting { setting: "groups", why });
            };
            offset.push(self.groups[k].log_frailty + sample.offset().map_or(0.0, |o| o[row]));
        }
        without_clusters(sample)?
            .with_offset(offset)
            .map_err(|e| FitError::Start { why: e.to_string() })
    }

    /// The cumulative hazard of a row whose group is not known, from that of a group with frailty 1:
    /// −ln E[e^(−Z·hazard)]. The groups with high frailties lose their rows first, so that it rises
    /// ever more slowly.
    #[must_use]
    pub fn marginal_hazard(&self, hazard: f64) -> f64 {
        // Neither below 0 nor without a value.
        self.distribution.marginal(self.variance, hazard.max(0.0)).0
    }
}

/// The same sample without its clusters.
fn without_clusters(sample: &Sample) -> Result<Sample, FitError> {
    let wrong = |e: super::SampleError| FitError::Start { why: e.to_string() };
    if sample.clusters().is_empty() {
        return Ok(sample.clone());
    }
    let mut bare =
        Sample::new(sample.x().clone(), sample.names().to_vec(), sample.outcome().clone())
            .map_err(wrong)?;
    if let Some(codes) = sample.strata() {
        bare = bare.with_strata(codes.to_vec()).map_err(wrong)?;
    }
    if let Some(w) = sample.weights() {
        bare = bare.with_weights(w.to_vec()).map_err(wrong)?;
    }
    if let Some(o) = sample.offset() {
        bare = bare.with_offset(o.to_vec()).map_err(wrong)?;
    }
    Ok(bare)
}
