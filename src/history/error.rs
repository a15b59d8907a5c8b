//! Why a history folder cannot be read or written at all.

use std::path::PathBuf;

use super::findings::Finding;
use crate::{Error, ErrorKind};

/// A file of the folder that cannot be opened, or is no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileProblem {
    /// The file's name in its folder.
    pub file: String,
    /// [`ErrorKind::Io`] or [`ErrorKind::Foreign`].
    pub kind: ErrorKind,
    /// What is wrong.
    pub what: String,
    /// How to repair it.
    pub repair: String,
}

/// Why a history folder cannot be read or written at all. What is wrong with its rows is not
/// here but in the findings of a reading.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The folder itself cannot be read.
    #[error("{} cannot be read as a folder: {reason}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why, as the system says it.
        reason: String,
    },
    /// Required files are missing, or files cannot be opened or are no text; all are named.
    #[error("{}", files_message(.0))]
    Files(Vec<FileProblem>),
    /// The study file's `[window]`, `[format]` or `[waive]` cannot be used.
    #[error("{}: {what}", path.display())]
    Study {
        /// The study file.
        path: PathBuf,
        /// What is wrong, with the key.
        what: String,
        /// How to repair it.
        repair: String,
    },
    /// Columns hold what look like BSNs: nothing is read.
    #[error("{}", bsn_message(.0))]
    Bsn(Vec<(String, String)>),
    /// Faults in the data block work beyond `check`.
    #[error("{}", faults_message(*count, first))]
    Faults {
        /// How many there are.
        count: u64,
        /// The first of them.
        first: Vec<Finding>,
    },
    /// A history made in memory holds what its files cannot.
    #[error("the history cannot be written: {0}")]
    Unwritable(String),
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] Error),
}

/// How many problems a message spells out.
const SPELLED_OUT: usize = 3;

fn files_message(problems: &[FileProblem]) -> String {
    let parts: Vec<String> = problems.iter().map(|p| format!("{} {}", p.file, p.what)).collect();
    parts.join("; ")
}

fn bsn_message(columns: &[(String, String)]) -> String {
    let parts: Vec<String> =
        columns.iter().map(|(file, column)| format!("{column} of {file}")).collect();
    format!(
        "refused (PZ0018): a column holds what look like BSNs ({}); nothing was read",
        parts.join(", ")
    )
}

fn faults_message(count: u64, first: &[Finding]) -> String {
    let mut text = format!(
        "the data have {count} fault{} that block{} the work",
        if count == 1 { "" } else { "s" },
        if count == 1 { "s" } else { "" },
    );
    for f in first.iter().take(SPELLED_OUT) {
        let row = f.row.map(|r| format!(" line {r}")).unwrap_or_default();
        let column = f.column.as_deref().map(|c| format!(", column {c}")).unwrap_or_default();
        text.push_str(&format!("\n  {} {}{row}{column}: {}", f.code, f.file, f.what));
    }
    if count > SPELLED_OUT as u64 && !first.is_empty() {
        text.push_str("\n  …");
    }
    text
}

impl HistoryError {
    /// The kind, which decides the exit code.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Folder { .. } => ErrorKind::Io,
            Self::Files(problems) => {
                // A file that cannot be opened outweighs one that is no text.
                let io = problems.iter().any(|p| p.kind == ErrorKind::Io);
                if io { ErrorKind::Io } else { ErrorKind::Foreign }
            }
            Self::Study { .. } => ErrorKind::Usage,
            Self::Bsn(_) => ErrorKind::Refused,
            Self::Faults { .. } | Self::Unwritable(_) => ErrorKind::Data,
            Self::Write(e) => e.kind(),
        }
    }

    /// How to repair it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Folder { .. } => {
                "give the folder that holds children.csv, stays.csv and study.toml".into()
            }
            Self::Files(problems) => {
                let mut repairs: Vec<&str> = problems.iter().map(|p| p.repair.as_str()).collect();
                repairs.dedup();
                repairs.join("; ")
            }
            Self::Study { repair, .. } => repair.clone(),
            Self::Bsn(_) => {
                "replace the numbers by pseudonyms before the data leave the registration".into()
            }
            Self::Faults { .. } => {
                "run `pleegzorg check` for all of them, with how to repair each; or accept that \
                 their rows are left out with [waive] CODE = \"reason\" in study.toml"
                    .into()
            }
            Self::Unwritable(_) => "correct the history before writing it".into(),
            Self::Write(e) => e.hint().unwrap_or_default().to_owned(),
        }
    }
}

impl From<HistoryError> for Error {
    fn from(e: HistoryError) -> Self {
        match e {
            HistoryError::Write(inner) => inner,
            other => Self::new(other.kind(), other.to_string()).with_hint(other.hint()),
        }
    }
}
