//! Rules and vetoes, choice sets, assignment. Takes streams of requests; does not know the
//! simulator.
//!
//! The choice set comes first: which families remain for each request, which rule excluded the
//! others, and what concession would bring one back. Only then does a plan assign the caseload,
//! and risk never decides who gets a place.

mod ask;
pub mod assign;
mod calling;
mod choice;
pub mod decisions;
mod equals;
mod fact;
pub mod instance;
mod ledger;
pub mod over_time;
mod plan;
mod predicted;
mod relax;
mod render;
mod result;
mod rules;
mod run;
mod screen;
mod situation;
mod speaks;
mod split;
mod stability;
mod state;
mod text;
mod ties;
mod unplaced;
mod variants;
mod walk;
mod words;
pub mod worth;

pub use ask::{Ask, Caseload};
pub use calling::{
    Acceptance, Answers, Call, Calling, Chance, Exposure, FEWEST_ANSWERS, Order, answers,
};
pub use choice::{ChoiceSet, FamilyChoice, Found, choice_set, choice_sets};
pub use equals::Equals;
pub use fact::{Fact, Far, Refusal, Side, Unknown};
pub use ledger::{Entry, Ledger, Veto, Wording};
pub use relax::{Concession, concessions};
pub use result::{
    AssignedPair, Assignment, Beside, Candidate, MatchResult, Relaxation, RequestMatch,
    ShadowPrice, Splits, Stage, Status, Unplaced,
};
pub use rules::{
    Choice, Combination, DEFAULT_RULES, Floor, Relax, Rule, RuleName, Rules, Settings, Siblings,
    Urgency,
};
pub use run::{MatchOptions, match_candidates, match_requests, match_requests_with_progress};
pub use screen::{Screen, Screening};
pub use situation::{FamilyNow, Resident, Situation, is_running};
pub use stability::{
    Accepted, BlockingPair, Market, Stability, Wish, blocking_pairs, deferred_acceptance,
};
pub use state::{StateOn, family_state};
pub use ties::Reply;
pub use variants::{FloorMet, Price, Recruit, Survival, Variant, VariantOptions, Variants};
