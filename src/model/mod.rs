//! A trained model: how a study is fitted, how it predicts, its verdict, and its file.

mod cells;
mod grid;
mod hazards;
mod interval;
mod kind;
mod study;

pub use kind::Kind;
pub use study::{
    At, Compare, DataSpec, EvaluateSpec, Expires, FeatureSpec, Gates, MissingValues, ModelSpec,
    OutcomeSpec, Span, Study, StudyError, TableSpec, Ties,
};
