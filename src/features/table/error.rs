//! What can be wrong with a flat table.

use crate::{Error, ErrorKind};

/// One thing that is wrong with a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFault {
    /// The row as an editor counts: the header is 1.
    pub row: Option<u64>,
    /// The column's name.
    pub column: Option<String>,
    /// What is wrong.
    pub what: String,
}

/// Why a table cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The file cannot be opened or read.
    #[error("{file} {what}")]
    Io {
        /// The file's name.
        file: String,
        /// What is wrong.
        what: String,
    },
    /// The file is no text.
    #[error("{file} {what}")]
    Foreign {
        /// The file's name.
        file: String,
        /// What it is instead.
        what: &'static str,
    },
    /// The table has faults.
    #[error("{}", told(file, faults, *more))]
    Faults {
        /// The file's name.
        file: String,
        /// What is wrong, in the order of the file, but for those beyond the first twenty.
        faults: Vec<TableFault>,
        /// How many more there are.
        more: u64,
    },
    /// The file can be read in two ways.
    #[error("{file}: {what}")]
    Question {
        /// The file's name.
        file: String,
        /// The two readings.
        what: String,
        /// The key of `[format]` that settles it.
        key: &'static str,
    },
    /// A column holds numbers that look like BSNs.
    #[error("{file}: column {column} is refused: most of its numbers pass the BSN check")]
    Refused {
        /// The file's name.
        file: String,
        /// The column's name.
        column: String,
    },
}

/// All faults in words.
fn told(file: &str, faults: &[TableFault], more: u64) -> String {
    let mut text = format!("{file} cannot be used as it is:");
    for f in faults {
        let row = f.row.map(|r| format!(" row {r}")).unwrap_or_default();
        let column = f.column.as_deref().map(|c| format!(" column {c}")).unwrap_or_default();
        let colon = if row.is_empty() && column.is_empty() { "" } else { ":" };
        text += &format!("\n {row}{column}{colon} {}", f.what);
    }
    if more > 0 {
        text += &format!("\n  and {more} more");
    }
    text
}

impl From<TableError> for Error {
    fn from(error: TableError) -> Self {
        let (kind, hint) = match &error {
            TableError::Io { .. } => {
                (ErrorKind::Io, "check the path, and that the file may be read".to_owned())
            }
            TableError::Foreign { .. } => {
                (ErrorKind::Foreign, "unpack or export it as CSV in UTF-8".to_owned())
            }
            TableError::Faults { .. } => {
                (ErrorKind::Data, "mend these rows, or export the table again".to_owned())
            }
            TableError::Question { key, .. } => (
                ErrorKind::Usage,
                format!("say which under [format] in the study file, with the key {key}"),
            ),
            TableError::Refused { .. } => (
                ErrorKind::Refused,
                "replace the numbers by pseudonyms at the source; a BSN has no place here"
                    .to_owned(),
            ),
        };
        Self::new(kind, error.to_string()).with_hint(hint)
    }
}
