//! A frame of typed columns: the common form of features of a history and of a flat table.

/// Why columns cannot be a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// Two columns differ in length.
    #[error("column {name} has {found} rows, the frame has {expected}")]
    Length {
        /// The column.
        name: String,
        /// Its rows.
        found: usize,
        /// The rows of the others.
        expected: usize,
    },
    /// Two columns have one name.
    #[error("column {name} appears twice")]
    Duplicate {
        /// The name.
        name: String,
    },
}

/// The values of a column. Missing is a value of its own, never a number in disguise to callers:
/// numbers hold NaN for missing, codes hold [`Values::MISSING`].
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Numbers; NaN means missing. Never infinite.
    Number(Vec<f64>),
    /// A level per row by its position in `levels`; [`Values::MISSING`] means missing.
    Level {
        /// The position of each row's level.
        codes: Vec<u32>,
        /// The levels.
        levels: Vec<String>,
    },
}

impl Values {
    /// The code of a missing level.
    pub const MISSING: u32 = u32::MAX;

    /// Rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Number(v) => v.len(),
            Self::Level { codes, .. } => codes.len(),
        }
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a row's value is missing.
    #[must_use]
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Number(v) => v[row].is_nan(),
            Self::Level { codes, .. } => codes[row] == Self::MISSING,
        }
    }

    /// The values of `rows`, in that order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Number(v) => Self::Number(rows.iter().map(|&r| v[r]).collect()),
            Self::Level { codes, levels } => Self::Level {
                codes: rows.iter().map(|&r| codes[r]).collect(),
                levels: levels.clone(),
            },
        }
    }
}

/// A named column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name: a feature of the catalogue, or a column of a flat table.
    pub name: String,
    /// Its values.
    pub values: Values,
}

/// Columns of one length with distinct names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frame {
    rows: usize,
    columns: Vec<Column>,
}

impl Frame {
    /// A frame of these columns.
    ///
    /// # Errors
    /// Unequal lengths or a repeated name.
    pub fn new(columns: Vec<Column>) -> Result<Self, FrameError> {
        let rows = columns.first().map_or(0, |c| c.values.len());
        for (k, column) in columns.iter().enumerate() {
            if column.values.len() != rows {
                return Err(FrameError::Length {
                    name: column.name.clone(),
                    found: column.values.len(),
                    expected: rows,
                });
            }
            if columns[..k].iter().any(|c| c.name == column.name) {
                return Err(FrameError::Duplicate { name: column.name.clone() });
            }
        }
        Ok(Self { rows, columns })
    }

    /// Rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// All columns.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// A column's values by name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Values> {
        self.columns.iter().find(|c| c.name == name).map(|c| &c.values)
    }

    /// The rows `rows`, in that order (repeats allowed).
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let columns = self
            .columns
            .iter()
            .map(|c| Column { name: c.name.clone(), values: c.values.select(rows) })
            .collect();
        Self { rows: rows.len(), columns }
    }
}
