//! The kinds of model that a study can name.

use serde::{Deserialize, Serialize};

/// A kind of model, by its name in a study file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Cause-specific proportional hazards (Cox 1972), one model per cause, combined.
    Cox,
    /// Proportional subdistribution hazards (Fine & Gray 1999).
    FineGray,
    /// Exponential regression.
    Exponential,
    /// Weibull regression.
    Weibull,
    /// Log-normal regression.
    Lognormal,
    /// Log-logistic regression.
    Loglogistic,
    /// Generalised gamma regression.
    Gengamma,
    /// Gompertz regression.
    Gompertz,
    /// Piecewise-exponential regression.
    PiecewiseExponential,
    /// Flexible parametric hazards (Royston & Parmar 2002).
    RoystonParmar,
    /// No model: the same cumulative incidence for everybody (Aalen & Johansen 1978).
    AalenJohansen,
    /// Published effects on a published baseline.
    Literature,
    /// A forest per horizon on an outcome weighted for censoring.
    Forest,
    /// Extremely random trees per horizon.
    ExtraTrees,
    /// Boosted trees per horizon.
    GradientBoosting,
    /// The mean of the nearest rows; it cannot be saved.
    NearestNeighbours,
    /// A support vector machine; it cannot be saved.
    Svm,
    /// Our own random forest for late entry, competing ends and missing values.
    SurvivalForest,
    /// Boosted trees.
    Boosting,
    /// Logistic regression of the hazard in each interval (person-period rows).
    DiscreteLogistic,
}

/// A kind, its name, whether it can be trained now, its own keys, and what it is.
struct Entry {
    kind: Kind,
    name: &'static str,
    available: bool,
    keys: &'static [&'static str],
    about: &'static str,
}

/// The keys of a parametric kind without keys of its own.
const PARAMETRIC: &[&str] = &["weights", "offset"];

/// The one table of kinds. A new kind becomes available here, and nowhere else.
const TABLE: &[Entry] = &[
    entry(
        Kind::Cox,
        "cox",
        true,
        &[
            "ties",
            "strata",
            "weights",
            "offset",
            "priors",
            "firth",
            "penalty",
            "frailty",
            "repeated",
            "ph_transform",
        ],
        "cause-specific Cox models, combined over every competing end",
    ),
    entry(
        Kind::FineGray,
        "fine-gray",
        true,
        &["convention", "strata", "weights", "offset", "priors", "penalty"],
        "proportional subdistribution hazards, one model per cause (Fine & Gray)",
    ),
    entry(
        Kind::Exponential,
        "exponential",
        true,
        PARAMETRIC,
        "a constant hazard; like the next four, a positive estimate means longer",
    ),
    entry(Kind::Weibull, "weibull", true, PARAMETRIC, "Weibull regression of the time"),
    entry(Kind::Lognormal, "lognormal", true, PARAMETRIC, "log-normal regression of the time"),
    entry(
        Kind::Loglogistic,
        "loglogistic",
        true,
        PARAMETRIC,
        "log-logistic regression of the time",
    ),
    entry(
        Kind::Gengamma,
        "gengamma",
        true,
        PARAMETRIC,
        "generalised gamma regression of the time (Prentice)",
    ),
    entry(
        Kind::Gompertz,
        "gompertz",
        true,
        PARAMETRIC,
        "a hazard that grows or falls exponentially with time",
    ),
    entry(
        Kind::PiecewiseExponential,
        "piecewise-exponential",
        true,
        &["weights", "offset", "cuts"],
        "a hazard that is constant between cuts",
    ),
    entry(
        Kind::RoystonParmar,
        "royston-parmar",
        true,
        &["weights", "offset", "df"],
        "a spline for the log cumulative hazard (Royston & Parmar)",
    ),
    entry(
        Kind::AalenJohansen,
        "aalen-johansen",
        true,
        &["strata", "weights"],
        "no model: the same cumulative incidence for everybody (of a stratum)",
    ),
    entry(
        Kind::Literature,
        "literature",
        true,
        &["priors"],
        "published effects on a published baseline: no local record is used",
    ),
    entry(
        Kind::Forest,
        "forest",
        true,
        &["trees", "leaf", "depth", "target"],
        "a random forest per horizon, weighted for censoring (smartcore)",
    ),
    entry(
        Kind::ExtraTrees,
        "extra-trees",
        true,
        &["trees", "leaf", "depth", "target"],
        "extremely random trees per horizon, weighted for censoring (smartcore)",
    ),
    entry(
        Kind::GradientBoosting,
        "gradient-boosting",
        true,
        &["trees", "leaf", "depth", "rate", "target"],
        "boosted trees per horizon, on pseudo-values or weighted (smartcore)",
    ),
    entry(
        Kind::NearestNeighbours,
        "nearest-neighbours",
        true,
        &["neighbours"],
        "mean of the nearest rows; to compare with, never saved (smartcore)",
    ),
    entry(
        Kind::Svm,
        "svm",
        true,
        &[],
        "support vector regression; to compare with, never saved (smartcore)",
    ),
    entry(
        Kind::SurvivalForest,
        "survival-forest",
        true,
        &["trees", "leaf", "depth", "mtry"],
        "a random forest for late entry, competing ends and missing values",
    ),
    entry(
        Kind::Boosting,
        "boosting",
        true,
        &["likelihood", "trees", "leaf", "depth", "rate", "step"],
        "boosted trees for the hazard of each cause, stopped early on folds",
    ),
    entry(
        Kind::DiscreteLogistic,
        "discrete-logistic",
        true,
        &["step", "penalty"],
        "logistic regression of the hazard per interval, per cause (linfa)",
    ),
];

const fn entry(
    kind: Kind,
    name: &'static str,
    available: bool,
    keys: &'static [&'static str],
    about: &'static str,
) -> Entry {
    Entry { kind, name, available, keys, about }
}

impl Kind {
    /// All kinds that a study can name, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|e| e.kind)
    }

    /// Its name in a study file.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// Whether this version can train it.
    #[must_use]
    pub fn available(self) -> bool {
        self.entry().available
    }

    /// What it is, in one line.
    #[must_use]
    pub fn about(self) -> &'static str {
        self.entry().about
    }

    /// The kind of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        TABLE.iter().find(|e| e.name == name).map(|e| e.kind)
    }

    /// The keys of `[model]` that belong to this kind, beside those of every kind.
    #[must_use]
    pub fn keys(self) -> &'static [&'static str] {
        self.entry().keys
    }

    /// Whether it is its training rows: it may compete in an evaluation, and is never written.
    #[must_use]
    pub fn keeps_rows(self) -> bool {
        matches!(self, Self::NearestNeighbours | Self::Svm)
    }

    /// Whether it gives the hazard a form over time, with parameters beside the terms.
    #[must_use]
    pub fn is_parametric(self) -> bool {
        matches!(
            self,
            Self::Exponential
                | Self::Weibull
                | Self::Lognormal
                | Self::Loglogistic
                | Self::Gengamma
                | Self::Gompertz
                | Self::PiecewiseExponential
                | Self::RoystonParmar
        )
    }

    /// The names of the kinds that this version can train, for a message.
    #[must_use]
    pub fn available_names() -> String {
        let names: Vec<_> = TABLE.iter().filter(|e| e.available).map(|e| e.name).collect();
        names.join(", ")
    }

    fn entry(self) -> &'static Entry {
        // The table holds every kind (a test walks it), so the fallback is never taken.
        TABLE.iter().find(|e| e.kind == self).unwrap_or(&TABLE[0])
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_row_and_reads_back() {
        assert_eq!(TABLE.len(), 20);
        for kind in Kind::all() {
            assert_eq!(kind.entry().kind, kind);
            assert_eq!(Kind::parse(kind.name()), Some(kind));
            // The serde name and the study's name are one.
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{}\"", kind.name()));
        }
        assert_eq!(Kind::parse("Cox"), None);
        assert!(Kind::available_names().contains("discrete-logistic"));
    }
}
