//! The risk of one placement or one child–family pair: interval, reasons, notes, abstention.
//!
//! The placement and its conditions are scored, never the child. A high risk asks for support.

mod note;
mod notes;
mod render;
mod result;
mod run;
pub(crate) mod words;

pub use note::{Lang, Note};
pub use notes::{CareSoFar, NoteSettings, guideline, safety};
pub use result::{Reason, Risk, ScoreResult, StayScore};
pub(crate) use run::{banner, definition, imputed, reasons};
pub use run::{score, score_with_progress};
