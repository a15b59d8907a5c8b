//! Rules and vetoes, choice sets, assignment. Takes streams of requests; does not know the
//! simulator.
//!
//! The choice set comes first: which families remain for each request, which rule excluded the
//! others, and what concession would bring one back. Only then does a plan assign the caseload,
//! and risk never decides who gets a place.

mod result;

pub use result::{
    AssignedPair, Assignment, Candidate, MatchResult, Relaxation, RequestMatch, ShadowPrice, Stage,
    Status, Unplaced, Veto,
};
