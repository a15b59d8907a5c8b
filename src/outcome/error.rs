//! What can be wrong with a definition.

use crate::{Error, ErrorKind};

/// Why a definition cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutcomeError {
    /// No definition has this name.
    #[error("there is no outcome definition named \"{name}\"")]
    UnknownDefinition {
        /// The name that was asked for.
        name: String,
        /// The nearest name that exists.
        nearest: &'static str,
    },
    /// A setting of the definition makes no sense.
    #[error("outcome definition \"{definition}\": {key} {why}")]
    Setting {
        /// The definition.
        definition: &'static str,
        /// The key that is wrong.
        key: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

impl From<OutcomeError> for Error {
    fn from(error: OutcomeError) -> Self {
        let hint = match &error {
            OutcomeError::UnknownDefinition { nearest, .. } => format!(
                "did you mean \"{nearest}\"? The definitions are: {}",
                super::DefinitionName::ALL.map(super::DefinitionName::name).join(", ")
            ),
            OutcomeError::Setting { key, .. } => {
                format!("correct the key {key} under [outcome] in the study file")
            }
        };
        Self::new(ErrorKind::Usage, error.to_string()).with_hint(hint)
    }
}
