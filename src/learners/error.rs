//! What can go wrong at the seam with linfa and smartcore.

use crate::{Error, ErrorKind};

/// Why a learner cannot learn.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LearnerError {
    /// Columns differ in length.
    #[error("{what} has {found} rows where {expected} were expected")]
    Length {
        /// Which.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length of the others.
        expected: usize,
    },
    /// A covariate or weight is NaN, infinite, or a weight is negative.
    #[error("row {row} of {what} is not a usable number")]
    NotFinite {
        /// Which.
        what: &'static str,
        /// The first such row, counted from 0.
        row: usize,
    },
    /// There is nothing to tell apart.
    #[error("{0}")]
    TooFew(String),
    /// The work would not fit in memory.
    #[error("the {what} would have {size} numbers, more than the limit of {limit}")]
    TooLarge {
        /// What.
        what: &'static str,
        /// Its size.
        size: usize,
        /// The most that is allowed.
        limit: usize,
    },
    /// A setting makes no sense.
    #[error("{setting}: {why}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// Why not.
        why: &'static str,
    },
    /// The crate behind the seam failed.
    #[error("{learner}: {why}")]
    Failed {
        /// linfa or smartcore.
        learner: &'static str,
        /// What it said.
        why: String,
    },
}

impl From<LearnerError> for Error {
    fn from(e: LearnerError) -> Self {
        let (kind, hint) = match &e {
            LearnerError::Length { .. } => (ErrorKind::Usage, "give one value per row"),
            LearnerError::NotFinite { .. } => {
                (ErrorKind::Data, "impute or drop missing values first")
            }
            LearnerError::TooFew(_) => {
                (ErrorKind::Data, "use fewer terms, a longer window, or a nearer horizon")
            }
            LearnerError::TooLarge { .. } => {
                (ErrorKind::Usage, "choose longer intervals (model.step), or a sample of the rows")
            }
            LearnerError::Setting { .. } => (ErrorKind::Usage, "change the setting in [model]"),
            LearnerError::Failed { .. } => (
                ErrorKind::Data,
                "look for a column that separates the outcome, or use another kind",
            ),
        };
        Self::new(kind, e.to_string()).with_hint(hint)
    }
}

/// Checks that two lengths agree.
pub(super) fn same_length(
    what: &'static str,
    found: usize,
    expected: usize,
) -> Result<(), LearnerError> {
    if found == expected { Ok(()) } else { Err(LearnerError::Length { what, found, expected }) }
}
