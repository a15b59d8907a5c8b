//! From the placement histories of foster children to a decision.
//!
//! `pleegzorg` reads what happened (placements, events, assessments), turns stays into
//! spells with competing ends, fits and honestly judges models of *breakdown* (a placement
//! that ends unplanned and unwanted), scores running placements and candidate foster
//! families (pleeggezinnen), and matches a caseload.
//!
//! Data walks through the rooms in this order; a room uses rooms above it, never below:
//! [`history`] → [`outcome`] → [`features`] → [`resample`] → [`survival`] → [`learners`] →
//! [`model`] → [`evaluate`] → [`score`] → [`matching`] → [`simulate`] → [`report`].

pub mod error;
pub mod evaluate;
pub mod features;
pub mod files;
pub mod history;
pub mod learners;
pub mod matching;
pub mod model;
pub mod outcome;
pub mod progress;
pub mod report;
pub mod resample;
pub mod score;
pub mod simulate;
pub mod survival;

#[cfg(feature = "cli")]
pub mod cli;

pub use error::{Error, ErrorKind};

/// Days in a month: 365.25 / 12. Time runs in days everywhere; months are only a unit of speech.
pub const DAYS_PER_MONTH: f64 = 365.25 / 12.0;
