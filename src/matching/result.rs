//! What matching answers, in the shape of its JSON contract.

use super::calling::Calling;
use super::decisions::Recorded;
use super::equals::Equals;
use super::ledger::Ledger;
use super::stability::Stability;
use super::variants::Variants;
use super::worth::Worth;
use crate::history::Day;
use crate::score::{Note, Risk};

/// A family that no rule excludes for a request. Candidates carry no rank: the list is in order
/// of the families' ids within sets that the data cannot tell apart.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Candidate {
    /// The family's id.
    pub family: String,
    /// Predicted risk of breakdown if placed here: a prediction, not an effect of the family.
    /// `None` where the model abstains.
    pub risk: Option<Vec<Risk>>,
    /// Why there is no number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abstained: Option<String>,
    /// What speaks for this family.
    #[serde(rename = "for")]
    pub speaks_for: Vec<Note>,
    /// What speaks against it.
    pub against: Vec<Note>,
    /// What is unknown and worth asking.
    pub unknown: Vec<Note>,
    /// Comparable training placements; `None` under 10.
    pub support: Option<u32>,
    /// Candidates of this request that the data cannot tell apart from this one: the interval of
    /// the difference in risk holds zero.
    pub equal_to: Equals,
}

/// A concession and the families that it would add.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Relaxation {
    /// What would change.
    pub change: Note,
    /// The families that would become candidates.
    pub adds: Vec<String>,
    /// What it costs at the prices of the rules file.
    pub price: f64,
}

/// One request: candidates, and what excluded the others.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct RequestMatch {
    /// The request's id.
    pub request: String,
    /// What is asked, in a few words.
    pub about: Note,
    /// Families that no rule excludes.
    pub candidates: Vec<Candidate>,
    /// Families that a rule excludes, every veto of each.
    pub vetoed: Ledger,
    /// Concessions that add families, cheapest first.
    pub relaxations: Vec<Relaxation>,
    /// Conditions from the guideline. Never exclusions.
    pub guideline: Vec<Note>,
}

/// A chosen pair.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct AssignedPair {
    /// The request's id.
    pub request: String,
    /// The family's id.
    pub family: String,
    /// The gain in stability: the child's mean risk over its feasible families minus the risk here.
    pub score: f64,
}

/// A request without a place in the plan.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Unplaced {
    /// The request's id.
    pub request: String,
    /// Why.
    pub why: Note,
}

/// Whether a plan is proven best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Proven best: bound and objective meet.
    Optimal,
    /// The best found with the allowed effort; the gap says how far off it can be.
    Feasible,
}

/// One stage of the plan's objective.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Stage {
    /// `placed` (children placed, weighted by urgency) or `gain` (stability).
    pub name: String,
    /// Reached.
    pub objective: f64,
    /// No plan can reach more.
    pub bound: f64,
}

/// How siblings were split of whom one may be placed apart (`specialised_care`).
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Splits {
    /// The requests that are apart from their siblings, as their exception allows.
    pub apart: Vec<String>,
    /// The requests whose exception was set aside: together with their siblings.
    pub together: Vec<String>,
    /// The price of placing one apart, in predicted breakdowns.
    pub price: f64,
}

/// The plan for the caseload. Risk never decides who gets a place: first the most children
/// placed, weighted by urgency; at that value the largest gain in stability.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Assignment {
    /// Whether it is proven best.
    pub status: Status,
    /// The sum of the chosen scores, at the largest weighted number of children placed.
    pub objective: f64,
    /// No plan that places as many can reach more: of none of the ways to split siblings, where
    /// each of them pays for what it splits more than this plan does.
    pub bound: f64,
    /// (bound − objective) / max(1, |objective|).
    pub gap: f64,
    /// The chosen pairs, by request.
    pub pairs: Vec<AssignedPair>,
    /// Requests without a place, with the reason.
    pub unplaced: Vec<Unplaced>,
    /// The split of siblings that was chosen with the plan, where one was open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub splits: Option<Splits>,
    /// The two stages, each with its own bound.
    pub stages: Vec<Stage>,
}

/// What one more place in a family would be worth.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ShadowPrice {
    /// The family's id.
    pub family: String,
    /// The dual value of its places in the relaxation of the plan.
    pub price: f64,
}

/// What stands beside the plan.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Beside {
    /// Whether a child prefers a family that would have room for it ahead of another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stability: Option<Stability>,
    /// Whom to call first, and how often each family is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calling: Option<Calling>,
    /// Other plans with their price, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variants: Option<Variants>,
    /// The decision that was just written down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Recorded>,
}

/// The answer of `match`.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct MatchResult {
    /// The version of this contract.
    pub schema: u32,
    /// The day; nothing known later was read.
    pub as_of: Day,
    /// The SHA-256 of the model.
    pub model: String,
    /// Set where the model is not stamped usable and `--research` was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub banner: Option<Note>,
    /// What the risks are and are not.
    pub label: Note,
    /// The open requests, by id.
    pub requests: Vec<RequestMatch>,
    /// The plan over all of them.
    pub assignment: Assignment,
    /// Dual prices of the families' places, of the relaxation.
    pub shadow_prices: Vec<ShadowPrice>,
    /// What stands beside the plan; its keys are keys of the answer.
    #[serde(flatten)]
    pub beside: Beside,
    /// What following the plan would change: `"not identified"` until the records can carry it.
    pub worth: Worth,
    /// What that rests on, or why it is not identified.
    pub worth_reason: Note,
    /// Whether the same input gives the same answer (false only with a time limit).
    pub reproducible: bool,
}
