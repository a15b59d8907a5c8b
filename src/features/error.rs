//! What can be wrong with a feature or a term.

use crate::{Error, ErrorKind};

/// Why features cannot be computed, or terms cannot be a design matrix.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FeatureError {
    /// The catalogue has no such feature, or the table no such column.
    #[error("there is no {what} named \"{name}\"")]
    Unknown {
        /// "feature" or "column".
        what: &'static str,
        /// The name that was asked for.
        name: String,
        /// The nearest name that exists.
        nearest: Option<String>,
    },
    /// A feature or a term is asked for twice.
    #[error("\"{name}\" is asked for twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// A term cannot be read.
    #[error("the term \"{term}\" cannot be read: {why}")]
    Syntax {
        /// The term as written.
        term: String,
        /// What is wrong.
        why: String,
    },
    /// A term asks of a column what it cannot give.
    #[error("the term \"{term}\": column \"{column}\" {why}")]
    Column {
        /// The term as written.
        term: String,
        /// The column.
        column: String,
        /// What is wrong.
        why: String,
    },
    /// There are no terms, or no rows to learn from.
    #[error("{0}")]
    Empty(&'static str),
    /// A recipe that was read from a file contradicts itself.
    #[error("the recipe is not whole: {0}")]
    Recipe(String),
}

impl From<FeatureError> for Error {
    fn from(error: FeatureError) -> Self {
        let (kind, hint) = match &error {
            FeatureError::Unknown { nearest: Some(near), .. } => {
                (ErrorKind::Usage, format!("did you mean \"{near}\"?"))
            }
            FeatureError::Unknown { what, .. } => {
                (ErrorKind::Usage, format!("the codebook lists every {what}"))
            }
            FeatureError::Twice { .. } => {
                (ErrorKind::Usage, "list each feature and each term once".to_owned())
            }
            FeatureError::Syntax { .. } => (
                ErrorKind::Usage,
                "a term is a column, factor(column), log(column), ns(column, df), or a:b; a name \
                 with one of ( ) , : in it stands between backticks"
                    .to_owned(),
            ),
            FeatureError::Column { .. } => {
                (ErrorKind::Data, "change the term, or mend the column".to_owned())
            }
            FeatureError::Empty(_) => {
                (ErrorKind::Data, "check the terms and the selection of rows".to_owned())
            }
            FeatureError::Recipe(_) => {
                (ErrorKind::Foreign, "train the model again, or restore its file".to_owned())
            }
        };
        Self::new(kind, error.to_string()).with_hint(hint)
    }
}

/// The nearest of some names, where one is near enough to be meant.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let name = name.to_lowercase();
    known
        .map(|k| (strsim::jaro_winkler(&name, &k.to_lowercase()), k))
        .filter(|(score, _)| *score >= 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, k)| k.to_owned())
}
