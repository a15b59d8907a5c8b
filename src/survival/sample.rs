//! The outcome and the sample: checked once, then trusted.

use ndarray::Array2;
use rayon::prelude::*;

use crate::error::{Error, ErrorKind};

/// Why rows cannot be an outcome or a sample.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// Two columns differ in length.
    #[error("{what} has {found} rows where the outcome has {expected}")]
    Length {
        /// The column.
        what: String,
        /// Its rows.
        found: usize,
        /// The outcome's rows.
        expected: usize,
    },
    /// A time, covariate, offset or weight is NaN or infinite.
    #[error("row {row} of {what} is not a finite number")]
    NotFinite {
        /// The column.
        what: String,
        /// The first such row, counted from 0.
        row: usize,
    },
    /// A spell does not last: entry is not before exit.
    #[error("row {row}: entry ({entry}) is not before exit ({exit})")]
    Order {
        /// The first such row, counted from 0.
        row: usize,
        /// Its entry (0 where there is none).
        entry: f64,
        /// Its exit.
        exit: f64,
    },
    /// A weight is zero or negative.
    #[error("row {row}: the weight must be above zero")]
    Weight {
        /// The first such row, counted from 0.
        row: usize,
    },
    /// A cause is not in the list of causes.
    #[error("row {row}: cause {cause} is not one of the {causes} causes")]
    Cause {
        /// The first such row, counted from 0.
        row: usize,
        /// Its cause.
        cause: u32,
        /// How many causes there are.
        causes: usize,
    },
    /// A row was asked for that is not there.
    #[error("there is no row {row}: there are {rows}")]
    Row {
        /// The row, counted from 0.
        row: usize,
        /// How many rows there are.
        rows: usize,
    },
    /// There are no rows.
    #[error("there are no rows")]
    Empty,
}

impl From<SampleError> for Error {
    fn from(e: SampleError) -> Self {
        let hint = match e {
            SampleError::Length { .. } => "pass columns of the same rows",
            SampleError::NotFinite { .. } => "drop or impute the row, or repair the value",
            SampleError::Order { .. } => "repair the dates: a spell must last",
            SampleError::Weight { .. } => "leave out rows without weight",
            SampleError::Cause { .. } => "name every cause",
            SampleError::Row { .. } => "number rows from 0",
            SampleError::Empty => "loosen the filters, or look at the input",
        };
        Self::new(ErrorKind::Data, e.to_string()).with_hint(hint)
    }
}

/// What happened to each row: under observation over (entry, exit], ended by a cause or censored.
///
/// ```
/// use pleegzorg::survival::Outcome;
/// let y = Outcome::new(None, vec![9.0, 3.0, 1.0], vec![1, 0, 2], vec!["breakdown".into(), "home".into()])?;
/// assert_eq!(y.len(), 3);
/// assert_eq!(y.events(1), 1);
/// # Ok::<(), pleegzorg::survival::SampleError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    entry: Option<Vec<f64>>,
    exit: Vec<f64>,
    cause: Vec<u32>,
    causes: Vec<String>,
}

impl Outcome {
    /// `entry` in the time's unit (`None`: all rows enter at the beginning), `exit`, and the
    /// cause of the end: 0 = censored, k = `causes[k - 1]`.
    ///
    /// # Errors
    /// Unequal lengths, no rows, a time that is not finite, entry ≥ exit, an unknown cause. An
    /// exit of 0 without entry is allowed (an event on the first day), a negative one is not.
    pub fn new(
        entry: Option<Vec<f64>>,
        exit: Vec<f64>,
        cause: Vec<u32>,
        causes: Vec<String>,
    ) -> Result<Self, SampleError> {
        let n = exit.len();
        if n == 0 {
            return Err(SampleError::Empty);
        }
        length("the cause", cause.len(), n)?;
        finite("the exit time", &exit)?;
        if let Some(entry) = &entry {
            length("the entry time", entry.len(), n)?;
            finite("the entry time", entry)?;
        }
        for row in 0..n {
            let start = entry.as_ref().map_or(f64::NEG_INFINITY, |e| e[row]);
            if start >= exit[row] || (entry.is_none() && exit[row] < 0.0) {
                let entry = if start.is_finite() { start } else { 0.0 };
                return Err(SampleError::Order { row, entry, exit: exit[row] });
            }
            if cause[row] as usize > causes.len() {
                return Err(SampleError::Cause { row, cause: cause[row], causes: causes.len() });
            }
        }
        Ok(Self { entry, exit, cause, causes })
    }

    /// Rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.exit.len()
    }

    /// Never: an outcome has at least one row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exit.is_empty()
    }

    /// Entry times, where rows enter late.
    #[must_use]
    pub fn entry(&self) -> Option<&[f64]> {
        self.entry.as_deref()
    }

    /// Exit times.
    #[must_use]
    pub fn exit(&self) -> &[f64] {
        &self.exit
    }

    /// Causes by row: 0 = censored.
    #[must_use]
    pub fn cause(&self) -> &[u32] {
        &self.cause
    }

    /// The names of the causes 1, 2, ….
    #[must_use]
    pub fn causes(&self) -> &[String] {
        &self.causes
    }

    /// The number (1, 2, …) of a cause by name.
    #[must_use]
    pub fn cause_number(&self, name: &str) -> Option<u32> {
        self.causes.iter().position(|c| c == name).map(|k| k as u32 + 1)
    }

    /// How many rows ended by `cause`.
    #[must_use]
    pub fn events(&self, cause: u32) -> usize {
        self.cause.iter().filter(|&&c| c == cause).count()
    }

    /// The rows `rows`, in that order (repeats allowed: a bootstrap sample).
    ///
    /// # Errors
    /// No rows, or one that is not there.
    pub fn select(&self, rows: &[usize]) -> Result<Self, SampleError> {
        if rows.is_empty() {
            return Err(SampleError::Empty);
        }
        match rows.iter().find(|&&row| row >= self.len()) {
            Some(&row) => Err(SampleError::Row { row, rows: self.len() }),
            None => Ok(self.of_rows(rows)),
        }
    }

    /// [`Outcome::select`] of rows that are known to be there.
    pub(crate) fn of_rows(&self, rows: &[usize]) -> Self {
        Self {
            entry: self.entry.as_ref().map(|e| rows.iter().map(|&r| e[r]).collect()),
            exit: rows.iter().map(|&r| self.exit[r]).collect(),
            cause: rows.iter().map(|&r| self.cause[r]).collect(),
            causes: self.causes.clone(),
        }
    }
}

/// All that a survival estimator needs: covariates, outcome, and where present strata, clusters,
/// weights and an offset. Made with [`Sample::new`] and the `with_*` methods, each of which checks.
#[derive(Debug, Clone)]
pub struct Sample {
    x: Array2<f64>,
    names: Vec<String>,
    outcome: Outcome,
    strata: Option<Vec<u32>>,
    clusters: Vec<Vec<u32>>,
    weights: Option<Vec<f64>>,
    offset: Option<Vec<f64>>,
}

impl Sample {
    /// A design matrix (rows × terms, finite, no intercept), the names of its columns, and the outcome.
    ///
    /// # Errors
    /// Unequal lengths, or a covariate that is not finite (the error names its column).
    pub fn new(x: Array2<f64>, names: Vec<String>, outcome: Outcome) -> Result<Self, SampleError> {
        length("the design matrix", x.nrows(), outcome.len())?;
        length("the list of names", names.len(), x.ncols())?;
        let columns = x.columns().into_iter().zip(&names);
        for (column, name) in columns.take(if all_finite(&x) { 0 } else { names.len() }) {
            if let Some(row) = column.iter().position(|v| !v.is_finite()) {
                return Err(SampleError::NotFinite { what: name.clone(), row });
            }
        }
        Ok(Self {
            x,
            names,
            outcome,
            strata: None,
            clusters: Vec::new(),
            weights: None,
            offset: None,
        })
    }

    /// A stratum (0, 1, …) per row.
    ///
    /// # Errors
    /// Unequal lengths.
    pub fn with_strata(mut self, strata: Vec<u32>) -> Result<Self, SampleError> {
        length("the strata", strata.len(), self.outcome.len())?;
        self.strata = Some(strata);
        Ok(self)
    }

    /// One more clustering: a cluster (0, 1, …) per row. Two clusterings make errors two-way.
    ///
    /// # Errors
    /// Unequal lengths.
    pub fn with_cluster(mut self, cluster: Vec<u32>) -> Result<Self, SampleError> {
        length("the clusters", cluster.len(), self.outcome.len())?;
        self.clusters.push(cluster);
        Ok(self)
    }

    /// A weight per row, above zero.
    ///
    /// # Errors
    /// Unequal lengths, a weight that is not finite or not above zero.
    pub fn with_weights(mut self, weights: Vec<f64>) -> Result<Self, SampleError> {
        length("the weights", weights.len(), self.outcome.len())?;
        finite("the weights", &weights)?;
        if let Some(row) = weights.iter().position(|&w| w <= 0.0) {
            return Err(SampleError::Weight { row });
        }
        self.weights = Some(weights);
        Ok(self)
    }

    /// A known part of the linear predictor, per row.
    ///
    /// # Errors
    /// Unequal lengths, a value that is not finite.
    pub fn with_offset(mut self, offset: Vec<f64>) -> Result<Self, SampleError> {
        length("the offset", offset.len(), self.outcome.len())?;
        finite("the offset", &offset)?;
        self.offset = Some(offset);
        Ok(self)
    }

    /// All rows but one.
    pub(crate) fn without(&self, row: usize) -> Self {
        fn rest<T: Copy>(values: &[T], row: usize) -> Vec<T> {
            [&values[..row], &values[row + 1..]].concat()
        }
        let rows: Vec<usize> = (0..self.len()).filter(|&i| i != row).collect();
        Self {
            x: self.x.select(ndarray::Axis(0), &rows),
            names: self.names.clone(),
            outcome: self.outcome.of_rows(&rows),
            strata: self.strata.as_ref().map(|v| rest(v, row)),
            clusters: self.clusters.iter().map(|v| rest(v, row)).collect(),
            weights: self.weights.as_ref().map(|v| rest(v, row)),
            offset: self.offset.as_ref().map(|v| rest(v, row)),
        }
    }

    /// The design matrix, rows × terms.
    #[must_use]
    pub fn x(&self) -> &Array2<f64> {
        &self.x
    }

    /// The names of the terms.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The outcome.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// The strata, where there are any.
    #[must_use]
    pub fn strata(&self) -> Option<&[u32]> {
        self.strata.as_deref()
    }

    /// The clusterings: none, one, or two.
    #[must_use]
    pub fn clusters(&self) -> &[Vec<u32>] {
        &self.clusters
    }

    /// The weights, where there are any.
    #[must_use]
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    /// The offset, where there is one.
    #[must_use]
    pub fn offset(&self) -> Option<&[f64]> {
        self.offset.as_deref()
    }

    /// Rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.outcome.len()
    }

    /// Never: a sample has at least one row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.outcome.is_empty()
    }
}

fn length(what: &str, found: usize, expected: usize) -> Result<(), SampleError> {
    if found == expected {
        Ok(())
    } else {
        Err(SampleError::Length { what: what.into(), found, expected })
    }
}

/// Whether a matrix holds finite numbers only, read in the order in which it lies in memory.
fn all_finite(x: &Array2<f64>) -> bool {
    let finite = |part: &[f64]| part.iter().fold(true, |so_far, v| so_far & v.is_finite());
    x.as_slice_memory_order().is_some_and(|all| all.par_chunks(1 << 16).all(finite))
}

fn finite(what: &str, values: &[f64]) -> Result<(), SampleError> {
    match values.iter().position(|v| !v.is_finite()) {
        Some(row) => Err(SampleError::NotFinite { what: what.into(), row }),
        None => Ok(()),
    }
}
