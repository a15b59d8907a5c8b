//! What scoring answers, in the shape of its JSON contract.

use super::note::Note;
use crate::history::Day;
use crate::model::Scale;

/// The risk of breakdown within a horizon, with its interval. All three are probabilities.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Risk {
    /// Days ahead.
    pub horizon: f64,
    /// The probability of breakdown within the horizon, competing ends taken into account.
    pub estimate: f64,
    /// The lower end of the interval.
    pub lower: f64,
    /// The upper end of the interval.
    pub upper: f64,
}

/// What a term of the model adds here, compared with the average training placement: to the
/// logarithm of the hazard of breakdown, or to the risk itself ([`ScoreResult::reasons_on`]).
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Reason {
    /// The term of the model.
    pub term: String,
    /// What it adds: above zero raises the risk, below zero lowers it.
    pub contribution: f64,
    /// Whether help can change it (an alliance can grow, an age cannot).
    pub changeable: bool,
    /// The term in plain words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Note>,
    /// Whether all that the term reads is known here. What was filled in is part of the sum, but
    /// nothing to tell a person as a reason.
    pub known: bool,
}

impl Reason {
    /// Whether this is worth telling a person: it adds something, and it is known.
    #[must_use]
    pub fn speaks(&self) -> bool {
        self.known && self.contribution.abs() >= WORTH_SAYING
    }
}

/// A contribution below this (a ratio of about 1.02) is nothing to tell anybody.
const WORTH_SAYING: f64 = 0.02;

/// One running placement.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct StayScore {
    /// The stay's id.
    pub stay: String,
    /// Risk ahead at each horizon, given that the placement has lasted until now; `None` where
    /// the model abstains.
    pub risk: Option<Vec<Risk>>,
    /// Why there is no number.
    pub abstained: Option<String>,
    /// What the risk is made of: changeable terms first, then by size.
    pub reasons: Vec<Reason>,
    /// Conditions from the guideline and for safety. Never exclusions.
    pub guideline: Vec<Note>,
    /// Days that the placement has lasted.
    pub lasted: f64,
    /// Comparable training placements; `None` under 10.
    pub support: Option<u32>,
    /// What the model had to fill in or does not know about this placement.
    pub unknown: Vec<Note>,
}

/// Every running foster placement on one day.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ScoreResult {
    /// The version of this contract.
    pub schema: u32,
    /// The day; nothing known later was read.
    pub as_of: Day,
    /// The SHA-256 of the model.
    pub model: String,
    /// Set where the model is not stamped usable and `--research` was given: shown on every
    /// output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub banner: Option<Note>,
    /// Signals about safety go before any score: shown on every output.
    pub safety: Note,
    /// What contributions of reasons add up on: the log of the hazard, or for forests the risk by
    /// the last horizon that has a number.
    pub reasons_on: Scale,
    /// The placements, by id.
    pub stays: Vec<StayScore>,
}
