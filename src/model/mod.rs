//! A trained model: how a study is fitted, how it predicts, its verdict, and its file.
//!
//! A [`Study`] says what is asked; [`Prepared`] holds one row per spell; [`fit`] makes a
//! [`Model`] of some of the rows; [`Model::predict`] gives risks with intervals, or the reason why
//! there are none.

mod ask;
mod boosted;
mod card;
mod cells;
mod difference;
mod discrete;
mod error;
mod file;
mod findings;
mod fit;
mod forests;
mod frail;
mod grid;
mod hazards;
mod impute;
mod interval;
mod kind;
mod literature;
mod native;
mod predict;
mod prediction;
mod prepare;
mod prepared;
mod priors;
mod result;
mod smooth;
mod study;
mod subdistribution;
mod support;
mod survival_forests;
mod trained;
mod verdict;

pub use difference::Contrasts;
pub use error::ModelError;
pub use findings::FeatureFinding;
pub use fit::{CauseResiduals, Fitted, Residuals, TermResiduals, fit, fit_with_progress};
pub use impute::{Pooled, PooledWald};
pub use kind::Kind;
pub use prediction::{
    Abstention, Contribution, Explanation, Prediction, PredictionNote, RiskAt, Scale,
};
pub use prepare::{Source, prepare, prepare_history, prepare_table, prepare_with_progress};
pub use prepared::{Prepared, TimeUnit};
pub use priors::PriorRow;
pub use result::{
    Concordance, Frailty, Importance, Imputed, ImputedColumn, ImputedTerm, LogLik, Penalty, PhTerm,
    PhTest, Rule, TermResult, Test, Tests, TrainResult,
};
pub use study::{
    At, Compare, Convention, CoxSpec, Cuts, DataSpec, EvaluateSpec, Expires, FeatureSpec,
    FrailtySpec, Gates, Imputation, LambdaSpec, Likelihood, MissingValues, ModelSpec, OutcomeSpec,
    PenaltySpec, Repeated, RepeatedSpec, Span, Study, StudyError, TableSpec, Target, Ties,
};
pub use trained::{About, CauseCount, Model, NamedTime};
pub use verdict::{Gate, Limit, Stamp, Verdict};
