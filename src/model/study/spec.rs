//! `[model]` and `[[compare]]`: a kind of model and its settings.

use serde::{Deserialize, Serialize};
use toml::Value;

use super::cox::{self, CoxSpec};
use super::keys::Keys;
use super::repeated::{self, RepeatedSpec};
use super::shape::{self, Convention, Cuts};
use super::time::Span;
use crate::history::{Day, nearest};
use crate::model::Kind;
use crate::survival::Transform;

/// How a Cox model treats events at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ties {
    /// Efron 1977.
    #[default]
    Efron,
    /// Breslow 1974.
    Breslow,
    /// Cox 1972: for times in steps.
    Exact,
}

/// What stands in for an outcome that censoring hides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Target {
    /// The outcome where it is known, weighted by the inverse of the chance of that (Graf 1999).
    #[default]
    Ipcw,
    /// Pseudo-values of the cumulative incidence (Andersen, Klein & Rosthøj 2003).
    Pseudo,
}

/// The likelihood that is boosted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Likelihood {
    /// The partial likelihood of each cause (Cox 1972).
    #[default]
    Cox,
    /// Hazards in intervals of time.
    Discrete,
}

/// When a model expires.
#[derive(Debug, Clone, PartialEq)]
pub enum Expires {
    /// On this day.
    On(Day),
    /// This long after the data were taken.
    After(Span),
}

/// A kind of model and its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSpec {
    /// The kind.
    pub kind: Kind,
    /// The cause whose risk is asked; by default `breakdown`, for a table its only cause.
    pub cause: Option<String>,
    /// Ties (Cox).
    pub ties: Ties,
    /// The scale of time on which proportional hazards are tested (Cox).
    pub ph_transform: Transform,
    /// Priors and the like (Cox, fine-gray).
    pub cox: CoxSpec,
    /// Whose numbers (fine-gray).
    pub convention: Convention,
    /// Where the hazard may change (piecewise-exponential).
    pub cuts: Cuts,
    /// Degrees of freedom of the spline (royston-parmar).
    pub df: usize,
    /// Several events of one subject (Cox).
    pub repeated: Option<RepeatedSpec>,
    /// Columns with a baseline hazard per level.
    pub strata: Vec<String>,
    /// Columns whose levels are not independent within: the first keeps folds together.
    pub cluster: Vec<String>,
    /// The column with weights.
    pub weights: Option<String>,
    /// The column with a known part of the log hazard.
    pub offset: Option<String>,
    /// The confidence of intervals.
    pub interval: f64,
    /// When the model expires; by default two years after the data were taken.
    pub expires: Option<Expires>,
    /// Trees (per horizon for forest; the most for boosting and gradient-boosting).
    pub trees: usize,
    /// The fewest cases in a leaf (forests).
    pub leaf: usize,
    /// The greatest depth of a tree (forests, boosting).
    pub depth: Option<u16>,
    /// Columns that are tried at a split (survival-forest); by default the root of their number.
    pub mtry: Option<usize>,
    /// What is learned per horizon (forest, extra-trees, gradient-boosting).
    pub target: Target,
    /// How many rows are near (nearest-neighbours).
    pub neighbours: usize,
    /// What is boosted (boosting).
    pub likelihood: Likelihood,
    /// The share of a step that each tree takes (boosting, gradient-boosting).
    pub rate: f64,
    /// The length of an interval (discrete-logistic, boosting of discrete hazards); by default a month.
    pub step: Option<Span>,
}

impl ModelSpec {
    /// Whether estimates of this model are pooled over imputations by Rubin's rules: those of a
    /// Cox model that are normal around the truth.
    #[must_use]
    pub fn imputes(&self) -> bool {
        let bent = self.cox.penalty.is_some() || self.cox.frailty.is_some();
        self.kind == Kind::Cox && !bent && self.repeated.is_none()
    }

    /// What the groups of its frailty are, where it has one.
    #[must_use]
    pub fn frailty_group(&self) -> Option<&str> {
        let frailty = self.cox.frailty.as_ref()?;
        frailty.group.as_ref().or_else(|| self.cluster.first()).map(String::as_str)
    }
}

impl Default for ModelSpec {
    fn default() -> Self {
        Self {
            kind: Kind::Cox,
            cause: None,
            ties: Ties::Efron,
            ph_transform: Transform::Km,
            cox: CoxSpec::default(),
            convention: Convention::Crr,
            cuts: Vec::new(),
            df: shape::DF,
            repeated: None,
            strata: Vec::new(),
            cluster: Vec::new(),
            weights: None,
            offset: None,
            interval: 0.95,
            expires: None,
            trees: 200,
            leaf: 10,
            depth: None,
            mtry: None,
            target: Target::Ipcw,
            neighbours: NEIGHBOURS,
            likelihood: Likelihood::Cox,
            rate: RATE,
            step: None,
        }
    }
}

/// A model of `[[compare]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Compare {
    /// What it is called in tables.
    pub name: String,
    /// The model. Keys that its entry does not name are those of `[model]`, where its kind has
    /// them.
    pub spec: ModelSpec,
}

/// Keys that only some kinds have.
const SPECIAL: [&str; 18] = [
    "ties",
    "ph_transform",
    "strata",
    "weights",
    "offset",
    "trees",
    "leaf",
    "depth",
    "step",
    "convention",
    "cuts",
    "df",
    "repeated",
    "mtry",
    "target",
    "neighbours",
    "likelihood",
    "rate",
];

/// Reads the keys of one model. What is absent comes from `base`.
pub(super) fn model(keys: &mut Keys<'_>, base: &ModelSpec) -> ModelSpec {
    let kind = kind(keys).unwrap_or(base.kind);
    for key in SPECIAL.into_iter().chain(cox::KEYS) {
        if keys.has(key) && !kind.keys().contains(&key) {
            keys.problem(key, &format!("does not apply to kind {kind}"));
        }
    }
    let own = |key: &str| kind.keys().contains(&key);
    let blank = ModelSpec::default();
    let interval = keys.number("interval").unwrap_or(base.interval);
    if !(interval > 0.0 && interval < 1.0) {
        keys.problem("interval", "must lie between 0 and 1, like 0.95");
    }
    let mut inherited = base.cox.only(own);
    let ridge_only = kind == Kind::DiscreteLogistic;
    inherited.penalty = inherited.penalty.filter(|p| !ridge_only || p.alpha == 0.0);
    let mix = if ridge_only { 0.0 } else { cox::ALPHA };
    let cox = cox::cox(keys, &inherited, mix);
    let said = ties(keys);
    if ridge_only && cox.penalty.is_some_and(|p| p.alpha > 0.0) {
        let what = "a discrete-logistic model is held in by ridge: \"ridge\", or { alpha = 0, \
                    lambda = ... }";
        keys.problem("penalty", what);
    }
    if cox.penalty.is_some() && said.is_some_and(|t| t != Ties::Breslow) {
        keys.problem("ties", "an elastic net counts ties as Breslow does: leave this key out");
    }
    let cluster = clusters(keys).unwrap_or_else(|| base.cluster.clone());
    if let Some(frailty) = &cox.frailty {
        if frailty.group.is_none() && cluster.is_empty() {
            let what = "name its groups: { group = \"family\", distribution = \"gamma\" }";
            keys.problem("frailty", what);
        }
        if said == Some(Ties::Exact) {
            keys.problem("ties", "a frailty needs Efron's or Breslow's ties");
        }
    }
    ModelSpec {
        kind,
        cause: keys.text("cause").or_else(|| base.cause.clone()),
        ties: said.unwrap_or(if own("ties") { base.ties } else { blank.ties }),
        ph_transform: shape::ph_transform(keys, base.ph_transform),
        cox,
        convention: shape::convention(keys, base.convention),
        cuts: shape::cuts(keys, &base.cuts),
        df: shape::df(keys, base.df),
        repeated: repeated::repeated(keys).or(base.repeated.filter(|_| own("repeated"))),
        strata: keys
            .texts("strata")
            .unwrap_or_else(|| if own("strata") { base.strata.clone() } else { Vec::new() }),
        cluster,
        weights: keys.text("weights").or_else(|| base.weights.clone().filter(|_| own("weights"))),
        offset: keys.text("offset").or_else(|| base.offset.clone().filter(|_| own("offset"))),
        interval,
        expires: expires(keys).or_else(|| base.expires.clone()),
        trees: keys.count("trees", 2, 100_000).map_or(default_trees(kind), |n| n as usize),
        leaf: keys.count("leaf", 10, 1_000_000_000).map_or(default_leaf(kind), |n| n as usize),
        depth: keys.count("depth", 1, 64).map(|n| n as u16),
        mtry: keys.count("mtry", 1, 1_000_000).map(|n| n as usize),
        target: target(keys).unwrap_or_else(|| default_target(kind)),
        neighbours: keys.count("neighbours", 1, 1_000_000).map_or(NEIGHBOURS, |n| n as usize),
        likelihood: likelihood(keys),
        rate: rate(keys, if kind == Kind::GradientBoosting { GENTLE } else { RATE }),
        step: keys.span("step"),
    }
}

/// The share of a step unless told; and where single outcomes are regressed on.
const RATE: f64 = 0.1;
const GENTLE: f64 = 0.05;

/// Trees unless told: for boosting, which stops by itself, the most.
fn default_trees(kind: Kind) -> usize {
    match kind {
        Kind::Boosting => 500,
        _ => 200,
    }
}

/// Rows that are near unless told.
const NEIGHBOURS: usize = 30;

/// What is learned unless told. smartcore's boosting knows no weights.
fn default_target(kind: Kind) -> Target {
    if kind == Kind::GradientBoosting { Target::Pseudo } else { Target::Ipcw }
}

fn target(keys: &mut Keys<'_>) -> Option<Target> {
    match keys.text("target")?.as_str() {
        "ipcw" => Some(Target::Ipcw),
        "pseudo" => Some(Target::Pseudo),
        other => {
            let hint = nearest(other, ["ipcw", "pseudo"]);
            let hint = hint.map_or_else(String::new, |n| format!("; did you mean \"{n}\"?"));
            keys.problem("target", &format!("must be \"ipcw\" or \"pseudo\"{hint}"));
            None
        }
    }
}

fn likelihood(keys: &mut Keys<'_>) -> Likelihood {
    match keys.text("likelihood").as_deref() {
        None | Some("cox") => Likelihood::Cox,
        Some("discrete") => Likelihood::Discrete,
        Some(other) => {
            let hint = nearest(other, ["cox", "discrete"]);
            let hint = hint.map_or_else(String::new, |n| format!("; did you mean \"{n}\"?"));
            keys.problem("likelihood", &format!("must be \"cox\" or \"discrete\"{hint}"));
            Likelihood::Cox
        }
    }
}

fn rate(keys: &mut Keys<'_>, or: f64) -> f64 {
    match keys.number("rate") {
        None => or,
        Some(rate) if rate > 0.0 && rate <= 1.0 => rate,
        Some(_) => {
            keys.problem("rate", "must lie above 0 and be at most 1");
            or
        }
    }
}

/// The fewest cases in a leaf unless told.
fn default_leaf(kind: Kind) -> usize {
    if kind == Kind::SurvivalForest { 15 } else { 10 }
}

fn kind(keys: &mut Keys<'_>) -> Option<Kind> {
    let name = keys.text("kind")?;
    let kind = Kind::parse(&name);
    match kind {
        None => {
            let near = nearest(&name, Kind::all().map(Kind::name));
            let hint = near.map_or_else(String::new, |n| format!("; did you mean {n}?"));
            let names = Kind::available_names();
            keys.problem("kind", &format!("no kind {name:?}{hint} available: {names}"));
        }
        Some(k) if !k.available() => {
            let names = Kind::available_names();
            keys.problem("kind", &format!("kind {k} is not available yet; available: {names}"));
        }
        Some(_) => {}
    }
    kind
}

fn ties(keys: &mut Keys<'_>) -> Option<Ties> {
    match keys.text("ties")?.as_str() {
        "efron" => Some(Ties::Efron),
        "breslow" => Some(Ties::Breslow),
        "exact" => Some(Ties::Exact),
        _ => {
            keys.problem("ties", "must be \"efron\", \"breslow\" or \"exact\"");
            None
        }
    }
}

fn clusters(keys: &mut Keys<'_>) -> Option<Vec<String>> {
    let found = keys.texts("cluster")?;
    if found.len() > 2 {
        keys.problem("cluster", "at most two clusterings can be combined");
    }
    Some(found)
}

/// A day, or a span after the extraction.
fn expires(keys: &mut Keys<'_>) -> Option<Expires> {
    let value = keys.take("expires")?;
    let text = match &value {
        Value::String(text) => text.clone(),
        Value::Datetime(date) => date.to_string(),
        _ => String::new(),
    };
    if let Some(day) = Day::parse_iso(&text) {
        return Some(Expires::On(day));
    }
    match Span::parse(&text) {
        Ok(span) if span.in_days => Some(Expires::After(span)),
        _ => {
            keys.problem("expires", "must be a date or a span like \"2 years\"");
            None
        }
    }
}
