//! What can go wrong in an evaluation.

use crate::resample::ResampleError;

/// Why predictions cannot be judged.
#[allow(missing_docs, reason = "the messages name the fields")]
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// Two columns differ in length.
    #[error("{what} has {found} rows where the outcome has {expected}")]
    Length { what: String, found: usize, expected: usize },
    /// A predicted risk is NaN, below 0 or above 1.
    #[error(
        "the predicted risk of row {row} at horizon {horizon} is {value}, which is not a probability"
    )]
    NotAProbability { row: usize, horizon: f64, value: f64 },
    /// A split names a row that does not exist.
    #[error("the split {split} names row {row} of {rows}")]
    Row { split: String, row: usize, rows: usize },
    /// No horizon, or one that is not above zero, or not in rising order.
    #[error("the horizons must be above zero and in rising order")]
    Horizons,
    /// The cause is not one of the outcome's.
    #[error("there is no cause number {cause}: the outcome has {causes}")]
    Cause { cause: u32, causes: usize },
    /// A threshold is not inside (0, 1).
    #[error("the decision threshold {0} is not between 0 and 1")]
    Threshold(f64),
    /// A number asked of a sample-size calculation is impossible.
    #[error("{what} is {value}: {why}")]
    SampleSize { what: &'static str, value: f64, why: &'static str },
    /// A column does not make groups that can be compared.
    #[error("the column {column} makes {groups} groups, not 1 to 50")]
    Groups { column: String, groups: usize },
    /// A confidence level is not inside (0, 1), or the grid of the curves not above zero.
    #[error("the confidence level {level} or the grid {grid} of the curves is impossible")]
    Curves { level: f64, grid: f64 },
    /// The rows cannot be split as the study asks.
    #[error(transparent)]
    Split(#[from] ResampleError),
}

impl From<EvaluateError> for crate::Error {
    fn from(error: EvaluateError) -> Self {
        use crate::ErrorKind::{Data, Usage};
        let (kind, hint) = match &error {
            EvaluateError::Length { .. } => (Usage, "give one value per row of the outcome"),
            EvaluateError::Row { .. } => (Usage, "make the splits from the rows that are judged"),
            EvaluateError::NotAProbability { .. } => (
                Data,
                "a risk by a horizon lies between 0 and 1: turn foreign scores into risks first",
            ),
            EvaluateError::Horizons => (Usage, "set outcome.horizons to rising times above zero"),
            EvaluateError::Cause { .. } => (Usage, "set model.cause to one of the study's causes"),
            EvaluateError::Threshold(_) => (Usage, "choose thresholds such as 0.1 or 0.25"),
            EvaluateError::Groups { .. } => {
                (Usage, "choose a column with values and few levels, such as family_kind")
            }
            EvaluateError::Curves { .. } => (Usage, "choose a level such as 0.95"),
            EvaluateError::SampleSize { .. } => (Usage, "check the [gates] of the study file"),
            EvaluateError::Split(split) => return split.clone().into(),
        };
        Self::new(kind, error.to_string()).with_hint(hint)
    }
}
