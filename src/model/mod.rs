//! A trained model: how a study is fitted, how it predicts, its verdict, and its file.

mod cells;
mod grid;
mod hazards;
mod interval;
mod kind;
mod prediction;
mod result;
mod study;
mod verdict;

pub use kind::Kind;
pub use prediction::{Abstention, Contribution, Prediction, PredictionNote, RiskAt};
pub use result::{
    Concordance, Frailty, LogLik, PhTerm, PhTest, TermResult, Test, Tests, TrainResult,
};
pub use study::{
    At, Compare, DataSpec, EvaluateSpec, Expires, FeatureSpec, Gates, MissingValues, ModelSpec,
    OutcomeSpec, Span, Study, StudyError, TableSpec, Ties,
};
pub use verdict::{Gate, Limit, Stamp, Verdict};
