//! What can be wrong with a study file.

use std::path::{Path, PathBuf};

use crate::{Error, ErrorKind};

/// Why a study file cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StudyError {
    /// The file cannot be read.
    #[error("{why}")]
    Read {
        /// What is wrong, with the file.
        why: String,
        /// [`ErrorKind::Io`], or [`ErrorKind::Usage`] where the file is no text.
        kind: ErrorKind,
    },
    /// The file is not TOML.
    #[error("{} is not a study file: {what}", named(file))]
    Toml {
        /// The file.
        file: PathBuf,
        /// Line, column and reason.
        what: String,
    },
    /// Keys are unknown, missing, or hold a value of the wrong kind.
    #[error("{}: {}", named(file), problems.join("\n  "))]
    Invalid {
        /// The file.
        file: PathBuf,
        /// One line per problem, each starting with the key's full path.
        problems: Vec<String>,
    },
    /// An assignment of `--set` cannot be applied.
    #[error("--set {assignment}: {what}")]
    Set {
        /// As given.
        assignment: String,
        /// Why not.
        what: String,
    },
}

fn named(file: &Path) -> String {
    if file.as_os_str().is_empty() { "the study".into() } else { file.display().to_string() }
}

impl StudyError {
    /// The same error, now that the file is known.
    pub(super) fn in_file(self, path: &Path) -> Self {
        match self {
            Self::Toml { what, .. } => Self::Toml { file: path.into(), what },
            Self::Invalid { problems, .. } => Self::Invalid { file: path.into(), problems },
            other => other,
        }
    }
}

impl From<StudyError> for Error {
    fn from(e: StudyError) -> Self {
        let (kind, hint) = match &e {
            StudyError::Read { kind, .. } => (*kind, "give the path of a study file (study.toml)"),
            StudyError::Toml { .. } => (ErrorKind::Usage, "mend the line that the message names"),
            StudyError::Invalid { .. } => {
                (ErrorKind::Usage, "docs/study.md has every key of a study file")
            }
            StudyError::Set { .. } => {
                (ErrorKind::Usage, "write a key with its full path: --set model.kind=cox")
            }
        };
        Self::new(kind, e.to_string()).with_hint(hint)
    }
}
