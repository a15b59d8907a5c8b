//! Keys of `[model]` that hold estimates in: what is known beforehand, a penalty, a correction, a
//! frailty. A Cox model has all of them, a Fine–Gray model some.

use std::path::PathBuf;

use toml::Value;

use super::keys::Keys;
use crate::survival::FrailtyDistribution;

/// What a Cox model has beside the plain partial likelihood.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CoxSpec {
    /// A file of Gaussian priors, as the study names it (relative to the study's folder).
    pub priors: Option<PathBuf>,
    /// Firth's correction.
    pub firth: bool,
    /// An elastic net.
    pub penalty: Option<PenaltySpec>,
    /// A shared frailty.
    pub frailty: Option<FrailtySpec>,
}

/// A shared frailty: `frailty = { group = "family", distribution = "gamma" }`, or the name of the
/// distribution, for groups that are the first cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct FrailtySpec {
    /// What its groups are: `child`, `family`, `provider`, or a column of a table; `None`: the first
    /// cluster.
    pub group: Option<String>,
    /// Its distribution.
    pub distribution: FrailtyDistribution,
    /// Its variance, where that is given.
    pub variance: Option<f64>,
}

/// An elastic net: `penalty = { alpha = 0.5, lambda = "cv", folds = 10 }`, or one word.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PenaltySpec {
    /// The mix: 1 is the lasso, 0 is ridge.
    pub alpha: f64,
    /// How strong it is.
    pub lambda: LambdaSpec,
    /// Folds of the cross-validation that chooses λ, at most.
    pub folds: usize,
}

/// How the strength of a penalty is found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LambdaSpec {
    /// It is given.
    Given(f64),
    /// `"cv"` or `"min"`: the one whose held-out deviance is the least.
    Least,
    /// `"1se"`: the largest one within a standard error of that.
    WithinOneSe,
}

/// Folds that choose λ, unless the study says otherwise.
const FOLDS: usize = 10;
/// The mix, unless the study says otherwise.
pub(super) const ALPHA: f64 = 0.5;

/// The keys: an entry of `[[compare]]` that names one of them inherits none of the others.
pub(super) const KEYS: [&str; 4] = ["priors", "firth", "penalty", "frailty"];

impl CoxSpec {
    /// What a model that has these keys inherits.
    pub(super) fn only(&self, own: impl Fn(&str) -> bool) -> Self {
        Self {
            priors: self.priors.clone().filter(|_| own("priors")),
            firth: self.firth && own("firth"),
            penalty: self.penalty.filter(|_| own("penalty")),
            frailty: self.frailty.clone().filter(|_| own("frailty")),
        }
    }
}

/// Reads them. What is absent comes from `base`, which is the default for other kinds; a penalty
/// that does not say how it mixes has `mix`.
pub(super) fn cox(keys: &mut Keys<'_>, base: &CoxSpec, mix: f64) -> CoxSpec {
    let named: Vec<&str> = KEYS.into_iter().filter(|k| keys.has(k)).collect();
    let priors = keys.text("priors").map(PathBuf::from);
    let firth = keys.flag("firth").unwrap_or(false);
    let penalty = penalty(keys, mix);
    let frailty = frailty(keys);
    if named.is_empty() {
        return base.clone();
    }
    if firth && priors.is_some() {
        keys.problem("firth", "cannot be combined with priors, of which it is one kind");
    }
    if penalty.is_some() && (firth || priors.is_some()) {
        keys.problem("penalty", "cannot be combined with priors or firth: one of them is enough");
    }
    if frailty.is_some() && (firth || priors.is_some() || penalty.is_some()) {
        keys.problem("frailty", "cannot be combined with priors, firth or penalty yet");
    }
    CoxSpec { priors, firth, penalty, frailty }
}

/// A shared frailty, as a word or as a table.
fn frailty(keys: &mut Keys<'_>) -> Option<FrailtySpec> {
    const NAMES: &str = "must be \"gamma\" or \"lognormal\"";
    let named = |name: &str| match name {
        "gamma" => Some(FrailtyDistribution::Gamma),
        "lognormal" => Some(FrailtyDistribution::Lognormal),
        _ => None,
    };
    match keys.word_or_table("frailty")? {
        Ok(name) => {
            let distribution = named(&name);
            if distribution.is_none() {
                let more = "or a table like { group = \"family\", distribution = \"gamma\" }";
                keys.problem("frailty", &format!("{NAMES}, {more}"));
            }
            distribution.map(|d| FrailtySpec { group: None, distribution: d, variance: None })
        }
        Err(mut table) => {
            let group = table.text("group");
            let name = table.text("distribution").unwrap_or_else(|| "gamma".into());
            let distribution = named(&name).unwrap_or_else(|| {
                table.problem("distribution", NAMES);
                FrailtyDistribution::Gamma
            });
            let variance = table.number("variance");
            if variance.is_some_and(|v| v < 0.0) {
                table.problem("variance", "must not be below zero");
            }
            table.finish();
            Some(FrailtySpec { group, distribution, variance })
        }
    }
}

/// An elastic net, as a word or as a table.
fn penalty(keys: &mut Keys<'_>, mix: f64) -> Option<PenaltySpec> {
    let word = |alpha: f64| PenaltySpec { alpha, lambda: LambdaSpec::Least, folds: FOLDS };
    match keys.word_or_table("penalty")? {
        Ok(name) => match name.as_str() {
            "elastic-net" => Some(word(ALPHA)),
            "lasso" => Some(word(1.0)),
            "ridge" => Some(word(0.0)),
            _ => {
                let what = "must be \"elastic-net\", \"lasso\", \"ridge\", or a table like \
                            { alpha = 0.5, lambda = \"cv\" }";
                keys.problem("penalty", what);
                None
            }
        },
        Err(mut table) => {
            let alpha = table.number("alpha").unwrap_or(mix);
            if !(0.0..=1.0).contains(&alpha) {
                table.problem("alpha", "must lie from 0 (ridge) to 1 (lasso)");
            }
            let lambda = lambda(&mut table).unwrap_or(LambdaSpec::Least);
            let folds = table.count("folds", 3, 1_000).map_or(FOLDS, |n| n as usize);
            table.finish();
            Some(PenaltySpec { alpha, lambda, folds })
        }
    }
}

fn lambda(table: &mut Keys<'_>) -> Option<LambdaSpec> {
    let value = table.take("lambda")?;
    let given = match &value {
        Value::Integer(n) => Some(*n as f64),
        Value::Float(x) => Some(*x),
        _ => None,
    };
    match (given, value.as_str()) {
        (Some(x), _) if x.is_finite() && x >= 0.0 => Some(LambdaSpec::Given(x)),
        (None, Some("cv" | "min")) => Some(LambdaSpec::Least),
        (None, Some("1se")) => Some(LambdaSpec::WithinOneSe),
        _ => {
            let what = "must be a number that is not below zero, \"cv\" (the least held-out \
                        deviance) or \"1se\" (the most penalty within a standard error of it)";
            table.problem("lambda", what);
            None
        }
    }
}
