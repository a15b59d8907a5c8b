//! What a model says about one row, and why it may say nothing.

use serde::{Deserialize, Serialize};

/// The risk of the model's cause within a horizon.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RiskAt {
    /// The horizon: how far ahead, in the model's unit of time.
    pub horizon: f64,
    /// The probability, competing ends taken into account, given what has lasted.
    pub estimate: f64,
    /// The lower end of its interval.
    pub lower: f64,
    /// The upper end of its interval.
    pub upper: f64,
}

/// What a term adds, compared with the average training row: to the log hazard of the cause for
/// linear kinds, to the risk itself for trees ([`Scale`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    /// The term, as written in the study.
    pub term: String,
    /// What it adds: above zero raises the risk, below zero lowers it.
    pub value: f64,
}

/// The scale on which contributions are additive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// The log of the hazard (log odds for discrete hazards).
    LogHazard,
    /// The probability itself.
    Risk,
}

/// A number of a row as a sum: of the base and of what each term adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// What is explained.
    pub scale: Scale,
    /// What the model says of the average training row.
    pub base: f64,
    /// What it says of this row.
    pub total: f64,
    /// What the terms add, in the order of the study.
    pub contributions: Vec<Contribution>,
}

/// Why there is no number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Abstention {
    /// A column lies far outside what the model has seen.
    OutOfScope {
        /// The column.
        column: String,
    },
    /// A level that the model has never seen, and that has no place among the others.
    UnknownLevel {
        /// The column.
        column: String,
    },
    /// Too much of what the model reads is missing.
    TooMuchMissing {
        /// How many of its columns are missing.
        missing: usize,
        /// How many it reads.
        of: usize,
    },
    /// A value is missing and the model was trained without such rows.
    Missing {
        /// The column.
        column: String,
    },
    /// No horizon lies within what was followed up in training.
    BeyondFollowUp,
    /// The first landmark of the model lies ahead.
    BeforeLandmark,
    /// This kind of model knows the risk only from its landmarks (or the start) on.
    NotAtLandmark,
    /// Nothing of the kind happened in training in this span.
    NoEvents,
    /// The numbers leave the range in which they mean something.
    OutOfRange,
    /// The model describes repeated events and has no risk of a single row.
    Describes,
}

impl Abstention {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::OutOfScope { .. } => "out_of_scope",
            Self::UnknownLevel { .. } => "unknown_level",
            Self::TooMuchMissing { .. } => "too_much_missing",
            Self::Missing { .. } => "missing",
            Self::BeyondFollowUp => "beyond_follow_up",
            Self::BeforeLandmark => "before_landmark",
            Self::NotAtLandmark => "not_at_landmark",
            Self::NoEvents => "no_events",
            Self::OutOfRange => "out_of_range",
            Self::Describes => "describes",
        }
    }
}

impl std::fmt::Display for Abstention {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OutOfScope { column } => {
                write!(f, "{column} lies far outside what the model has seen")
            }
            Self::UnknownLevel { column } => {
                write!(f, "{column} has a value that the model has never seen")
            }
            Self::TooMuchMissing { missing, of } => {
                write!(f, "{missing} of the {of} things that the model reads are unknown")
            }
            Self::Missing { column } => {
                write!(f, "{column} is unknown, and the model was trained without such rows")
            }
            Self::BeyondFollowUp => f.write_str("this is longer than training rows were followed"),
            Self::BeforeLandmark => f.write_str("the first landmark of the model is not reached"),
            Self::NotAtLandmark => {
                f.write_str(
                "this kind of model knows the risk only on the day of a landmark: score on that day, or \
                 train a kind that follows the days between (cox, discrete-logistic, survival-forest)",
            )
            }
            Self::NoEvents => f.write_str("nothing of the kind happened in training in this span"),
            Self::OutOfRange => f.write_str("the risk cannot be computed for these values"),
            Self::Describes => {
                f.write_str("the model describes repeated events and has no risk of a single one")
            }
        }
    }
}

/// What should be said beside a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "snake_case")]
#[non_exhaustive]
pub enum PredictionNote {
    /// A column was unknown and filled in from the training rows.
    Imputed {
        /// The column.
        column: String,
    },
    /// A column lies outside the central 98 % of the training rows.
    EdgeOfScope {
        /// The column.
        column: String,
    },
    /// A level that the model does not know is treated as `other`.
    TreatedAsOther {
        /// The column.
        column: String,
    },
    /// The stratum is unseen (or too small): the pooled baseline and a wider interval stand in.
    PooledBaseline {
        /// The columns that make the stratum.
        columns: Vec<String>,
    },
    /// A horizon lies beyond what was followed up in training, and has no number.
    HorizonBeyondFollowUp {
        /// The horizon.
        horizon: f64,
    },
    /// A horizon within which nothing of the kind happened in training, and has no number.
    HorizonWithoutEvents {
        /// The horizon.
        horizon: f64,
    },
    /// Fewer than ten comparable training rows.
    FewComparable,
}

/// What a model says about one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The risk at each horizon that the model can answer for, or why there is none.
    pub risks: Result<Vec<RiskAt>, Abstention>,
    /// What the terms add, in the order of the study: to the log hazard, or for trees to the risk
    /// at the last horizon that has a number.
    pub contributions: Vec<Contribution>,
    /// How many training rows are comparable: alike, in thirds, in the terms that weigh most;
    /// `None` under ten.
    pub support: Option<u32>,
    /// What should be said beside the number.
    pub notes: Vec<PredictionNote>,
}
