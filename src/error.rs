//! What can go wrong, seen from outside: every room has its own error enum, and each of
//! its variants belongs to one [`ErrorKind`], which is what the exit code says.

/// The few kinds of failure that a caller can act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Faults in the data that block the work (exit 1).
    Data,
    /// A wrong option, study file or argument (exit 2).
    Usage,
    /// A file could not be read or written (exit 3).
    Io,
    /// A file is corrupt, altered, foreign or too new (exit 4).
    Foreign,
    /// Refused on policy: BSN, expired or unusable model, too few cases (exit 5).
    Refused,
}

impl ErrorKind {
    /// The exit code of the binary for this kind.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Data => 1,
            Self::Usage => 2,
            Self::Io => 3,
            Self::Foreign => 4,
            Self::Refused => 5,
        }
    }
}

/// Any error of the library: what, where and why in its message, how to repair in its hint.
///
/// Room errors convert into it with `?`.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
}

impl Error {
    /// An error of a kind; `message` says what, where and why, without identifying values.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }

    /// Adds how to repair it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The kind, which decides the exit code.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// How to repair it, where the library knows.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}
