//! What an evaluation concluded about a model, as it is stamped into its file.

use serde::{Deserialize, Serialize};

/// What an evaluation concludes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All gates passed.
    Usable,
    /// There is enough data to say that the model should not be used.
    DoNotUse,
    /// There is too little data to say.
    NotEnoughData,
}

impl Verdict {
    /// Its name: `usable`, `do-not-use`, `not-enough-data`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Usable => "usable",
            Self::DoNotUse => "do-not-use",
            Self::NotEnoughData => "not-enough-data",
        }
    }
}

/// What a value is held against.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Limit {
    /// A number.
    Number(f64),
    /// A range that an interval must overlap.
    Range([f64; 2]),
    /// It could not be computed.
    Unknown,
}

/// One gate and whether the model passed it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Its name.
    pub name: String,
    /// The limit that was set.
    pub limit: Limit,
    /// The value that was held against it, the worst over horizons; null where there is none.
    pub value: Option<f64>,
    /// The horizon of that value, where it has one.
    pub horizon: Option<f64>,
    /// Whether it passed; a value that could not be computed never passes.
    pub passed: bool,
}

/// A verdict with the gates behind it: what `evaluate --model` writes into the model file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stamp {
    /// What follows from the gates.
    pub verdict: Verdict,
    /// The gates, in order.
    pub gates: Vec<Gate>,
}
