//! What was known when: the catalogue of named features, the recipe that is fitted on training
//! rows only, and the design matrix.
//!
//! [`compute`] gives a [`Frame`] of features of the [`CATALOGUE`] for each [`AsOf`]: the start of
//! a placement, a landmark, or a child and a family that are not placed yet. [`read_table`] gives
//! a frame from a flat table of anything. A [`Recipe`] learns from training rows what a list of
//! [`Term`]s needs (levels, knots, medians), and makes a [`Design`] of any frame.

mod as_of;
mod catalogue;
mod compute;
mod design;
mod entries;
mod error;
mod facts;
mod family_state;
mod frame;
mod ledger;
mod past;
mod recipe;
mod scope;
mod scores;
mod spline;
mod table;
mod term;

pub use as_of::AsOf;
pub(crate) use catalogue::known;
pub use catalogue::{Feature, Level, Unit, catalogue_markdown, feature};
pub use compute::{compute, compute_with_progress};
pub use design::{Design, Note, NoteKind};
pub use entries::CATALOGUE;
pub use error::FeatureError;
pub use frame::{Column, Frame, FrameError, Values};
pub use recipe::{Missing, Recipe, RecipeOptions};
pub use scope::Scope;
pub use spline::NaturalSpline;
pub(crate) use table::parse_table;
pub use table::{TableError, TableFault, read_table};
pub use term::{Part, Term};
