//! Folds and bootstraps by group and by time.
//!
//! Several stays of a child are not independent, so nothing here ever splits a group: what is
//! tested was never seen in training, and a bootstrap draws whole groups. All randomness comes
//! from a seed and the number of the repeat or replicate, never from a thread or a clock.

mod bootstrap;
mod folds;
mod held_out;

pub use bootstrap::ClusterBootstrap;
pub use folds::{grouped_folds, joint_groups};
pub use held_out::{leave_one_out, time_split};

/// Rows to learn from and rows to judge by. Both are sorted, and share no group
/// (except in [`time_split`], which says why).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// What it is, as shown: `repeat 1 fold 2`, `provider=North`, `from 2021-01-01`.
    pub name: String,
    /// The repeat (0, 1, …) of a repeated fold: the test rows of one repeat cover every row once.
    pub repeat: Option<usize>,
    /// Rows to learn from.
    pub train: Vec<usize>,
    /// Rows to judge by.
    pub test: Vec<usize>,
}

/// Why rows cannot be split as asked.
#[allow(missing_docs, reason = "the messages name the fields")]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResampleError {
    /// Two columns differ in length.
    #[error("{what} has {found} rows where the groups have {expected}")]
    Length { what: &'static str, found: usize, expected: usize },
    /// Fewer than two folds, or no repeats.
    #[error("{folds} folds and {repeats} repeats: there must be at least 2 folds and 1 repeat")]
    Folds { folds: usize, repeats: usize },
    /// Fewer groups than folds.
    #[error("{groups} groups cannot be divided over {folds} folds without splitting one")]
    TooFewGroups { groups: usize, folds: usize },
    /// A side of a split has no rows.
    #[error("the split {name} leaves no rows to {what}")]
    Empty { name: String, what: &'static str },
}

impl From<ResampleError> for crate::Error {
    fn from(error: ResampleError) -> Self {
        use crate::ErrorKind::{Data, Usage};
        let (kind, hint) = match &error {
            ResampleError::Length { .. } => (Usage, "give one value per row"),
            ResampleError::Folds { .. } => {
                (Usage, "set evaluate.folds to 2 or more and evaluate.repeats to 1 or more")
            }
            ResampleError::TooFewGroups { .. } => {
                (Data, "set evaluate.folds lower, or collect more children")
            }
            ResampleError::Empty { .. } => {
                (Usage, "choose another split date or column under [evaluate]")
            }
        };
        Self::new(kind, error.to_string()).with_hint(hint)
    }
}

/// Checks that a column has as many rows as there are groups.
fn same_length(what: &'static str, found: usize, expected: usize) -> Result<(), ResampleError> {
    if found == expected { Ok(()) } else { Err(ResampleError::Length { what, found, expected }) }
}

/// Renumbers labels 0, 1, … in order of first appearance; also gives how many there are.
fn dense(labels: &[u32]) -> (Vec<usize>, usize) {
    let mut numbers = std::collections::HashMap::with_capacity(labels.len());
    let dense = labels
        .iter()
        .map(|&label| {
            let next = numbers.len();
            *numbers.entry(label).or_insert(next)
        })
        .collect();
    (dense, numbers.len())
}
