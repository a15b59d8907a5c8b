//! The model: what its file holds, and nothing of its rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::boosted::BoostedHazards;
use super::discrete::Discrete;
use super::forests::{Forests, HorizonRows};
use super::hazards::Proportional;
use super::impute::Imputed;
use super::prepared::TimeUnit;
use super::smooth::Smooth;
use super::support::Support;
use super::survival_forests::SurvivalForests;
use super::{FeatureFinding, Frailty, Kind, ModelError, Penalty, Repeated, Stamp, Verdict};
use crate::features::Recipe;
use crate::history::{Day, Window};
use crate::outcome::Definition;

/// A time with the words in which the study gave it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedTime {
    /// As written in the study.
    pub label: String,
    /// In the model's unit.
    pub time: f64,
}

/// A cause of ending, and how often training rows ended by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CauseCount {
    /// Its name.
    pub name: String,
    /// Training rows that ended by it.
    pub events: usize,
}

/// What a model is and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The study's title.
    pub title: Option<String>,
    /// The kind of model.
    pub kind: Kind,
    /// The causes that occur in training; the first is the one whose risk is asked.
    pub causes: Vec<CauseCount>,
    /// Training rows.
    pub n: usize,
    /// The unit of every time.
    pub unit: TimeUnit,
    /// The study's horizons.
    pub horizons: Vec<NamedTime>,
    /// The landmarks; empty where features are read at the start.
    pub landmarks: Vec<NamedTime>,
    /// The outcome definition (histories).
    pub definition: Option<Definition>,
    /// The window of observation (histories).
    pub window: Option<Window>,
    /// Columns with a baseline per level.
    pub strata: Vec<String>,
    /// Columns by which errors are clustered.
    pub cluster: Vec<String>,
    /// The column with a known part of the log hazard.
    pub offset: Option<String>,
    /// How several events of one subject were laid side by side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeated: Option<Repeated>,
    /// The confidence of intervals.
    pub interval: f64,
    /// The seed.
    pub seed: u64,
    /// The versions of this program and of the crates that the numbers depend on.
    pub software: BTreeMap<String, String>,
    /// The last day on which the model may be used for decisions.
    pub expires: Option<Day>,
    /// The elastic net that held the terms in, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub penalty: Option<Penalty>,
    /// The shared frailty, where there was one. The model holds no group's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frailty: Option<Frailty>,
    /// What was to weigh about the features, and what the study waived with which reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FeatureFinding>,
    /// What training warned of.
    pub warnings: Vec<String>,
}

/// What turns a row into risks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "engine", rename_all = "snake_case")]
pub(crate) enum Engine {
    /// Cause-specific proportional hazards on a grid; also no model at all.
    Hazards(Proportional),
    /// Cause-specific proportional hazards from several imputations.
    Imputed(Imputed),
    /// Parametric hazards.
    Smooth(Smooth),
    /// Discrete-time hazards.
    Discrete(Discrete),
    /// A forest per horizon.
    Forests(Forests),
    /// Our own forest per landmark.
    SurvivalForests(SurvivalForests),
    /// Boosted hazards.
    Boosted(BoostedHazards),
    /// Training rows: they are never written.
    #[serde(skip)]
    Rows(Vec<HorizonRows>),
}

impl Engine {
    /// The proportional hazards: one, one per imputation, or none where the kind is another.
    pub(crate) fn proportional(&self) -> &[Proportional] {
        match self {
            Self::Hazards(h) => std::slice::from_ref(h),
            Self::Imputed(i) => &i.models,
            _ => &[],
        }
    }
}

/// A trained model, with its verdict. It holds no row, no identifier and no path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    pub(crate) about: About,
    pub(crate) recipe: Recipe,
    /// The training mean of each column of the design.
    pub(crate) means: Vec<f64>,
    pub(crate) engine: Engine,
    pub(crate) support: Support,
    pub(crate) stamp: Option<Stamp>,
}

impl About {
    /// Whether the model only describes: see [`Repeated::describes`].
    #[must_use]
    pub fn describes(&self) -> bool {
        self.repeated.is_some_and(|r| r.describes(self.unit))
    }
}

impl Model {
    /// What it is and where it comes from.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// How its columns are made, with what the training rows covered.
    #[must_use]
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The cause whose risk it gives.
    #[must_use]
    pub fn cause(&self) -> &str {
        self.about.causes.first().map_or("", |c| &c.name)
    }

    /// The study's horizons, as times.
    #[must_use]
    pub fn horizons(&self) -> Vec<f64> {
        self.about.horizons.iter().map(|h| h.time).collect()
    }

    /// The verdict of its evaluation, with the gates; `None` where it was never evaluated.
    #[must_use]
    pub fn stamp(&self) -> Option<&Stamp> {
        self.stamp.as_ref()
    }

    /// The verdict of its evaluation.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        self.stamp.as_ref().map(|s| s.verdict)
    }

    /// Whether the model may be used for decisions on a day; `research` lifts the ban.
    ///
    /// # Errors
    /// [`ModelError::Unusable`] where it is not stamped `usable`, [`ModelError::Expired`]; both
    /// are refusals (exit 5).
    pub fn usable_for(&self, as_of: Day, research: bool) -> Result<(), ModelError> {
        if research {
            return Ok(());
        }
        if self.verdict() != Some(Verdict::Usable) {
            return Err(ModelError::Unusable { verdict: self.verdict() });
        }
        match self.about.expires {
            Some(on) if as_of > on => Err(ModelError::Expired { on }),
            _ => Ok(()),
        }
    }

    /// The coefficients on the log hazard (log odds for discrete hazards, the log time for
    /// parametric kinds of `survreg`'s form) of the cause that is asked: name of the column, estimate, standard error. Empty for kinds without any.
    #[must_use]
    pub fn coefficients(&self) -> Vec<(String, f64, f64)> {
        let (coef, covariance, from) = match &self.engine {
            Engine::Hazards(h) => (&h.effects[0].coef, &h.effects[0].covariance, 0),
            Engine::Imputed(i) => (&i.pooled.coef, &i.pooled.covariance, 0),
            Engine::Discrete(d) => {
                let from = d.causes[0].coef.len() - self.means.len();
                (&d.causes[0].coef, &d.causes[0].covariance, from)
            }
            Engine::Smooth(s) => {
                let c = &s.causes[0];
                (&c.coef, &c.covariance, 1)
            }
            Engine::Forests(_)
            | Engine::SurvivalForests(_)
            | Engine::Boosted(_)
            | Engine::Rows(_) => return Vec::new(),
        };
        let error = |j: usize| covariance[from + j][from + j].sqrt();
        let names = self.recipe.names().into_iter().enumerate();
        names.filter(|_| !coef.is_empty()).map(|(j, n)| (n, coef[from + j], error(j))).collect()
    }

    /// Checks what was read from a file, so that no prediction can go wrong for its lengths.
    pub(crate) fn check(&self) -> Result<(), String> {
        let about = &self.about;
        let columns = self.recipe.width().ok_or("the terms make too many columns")?;
        let landmarks = about.landmarks.len().max(1);
        let rising = |times: &[NamedTime]| {
            times.windows(2).all(|w| w[0].time < w[1].time)
                && times.iter().all(|t| t.time.is_finite() && t.time > 0.0)
        };
        let distinct = |k: usize| about.causes[..k].iter().all(|c| c.name != about.causes[k].name);
        let causes = about.causes.len();
        let ensure = |ok: bool, what: &str| if ok { Ok(()) } else { Err(what.to_owned()) };
        if let Some(definition) = &about.definition {
            definition.clone().checked().map_err(|e| e.to_string())?;
        }
        ensure(causes > 0 && (0..causes).all(distinct), "the causes are not a list of names")?;
        ensure(about.interval > 0.0 && about.interval < 1.0, "the interval is no confidence")?;
        ensure(rising(&about.horizons), "the horizons do not rise")?;
        ensure(rising(&about.landmarks), "the landmarks do not rise")?;
        let known = self.means.len() == columns && self.means.iter().all(|m| m.is_finite());
        ensure(known, "the means do not fit the recipe")?;
        let whole = match &self.engine {
            Engine::Hazards(h) => h.check(causes, columns, landmarks),
            Engine::Imputed(i) => i.check(causes, columns, landmarks),
            Engine::Smooth(s) => s.check(causes, columns, landmarks),
            Engine::Discrete(d) => d.check(causes, columns, landmarks),
            Engine::Forests(f) => f.check(columns, landmarks),
            Engine::SurvivalForests(f) => f.check(causes, columns, landmarks),
            Engine::Boosted(b) => b.check(causes, columns, landmarks),
            Engine::Rows(_) => false,
        };
        ensure(whole, "the numbers of the model do not fit together")?;
        self.support.check()
    }
}
