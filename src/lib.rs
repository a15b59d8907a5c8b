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
//!
//! # The whole way
//!
//! Read, train, score and match. The example is synthetic and too small for a model that may be
//! used, so that scoring and matching must be asked for as research.
//!
//! ```
//! use pleegzorg::matching::{MatchOptions, match_requests};
//! use pleegzorg::model::{Source, Study, fit, prepare};
//! use pleegzorg::progress::Silent;
//! use pleegzorg::score::score;
//!
//! # fn main() -> Result<(), pleegzorg::Error> {
//! let study = Study::read("datasets/example/study.toml".as_ref(), &[])?;
//! let source = Source::read(&study, &Silent)?;
//! let model = fit(&prepare(&study, &source, None, None)?, None, &study.model)?.model;
//!
//! let (history, index) = source.history().expect("the study names a history");
//! let today = history.window.end;
//! let scored = score(&model, history, index, today, true)?;
//! for stay in &scored.stays {
//!     match (&stay.risk, &stay.abstained) {
//!         (Some(risks), _) => assert!(risks.iter().all(|r| r.lower <= r.upper)),
//!         (None, why) => assert!(why.is_some(), "no number without its reason"),
//!     }
//! }
//! let options = MatchOptions { research: true, ..MatchOptions::new()? };
//! let plan = match_requests(&model, history, index, today, &options)?;
//! assert!(plan.assignment.pairs.len() <= plan.requests.len());
//! # Ok(())
//! # }
//! ```

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
