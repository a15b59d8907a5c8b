//! What can stop a fit, and what can go on but must be said.

use crate::error::{Error, ErrorKind};

/// Why a model cannot be fitted, or an answer cannot be given.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// The cause is not one of the outcome's.
    #[error("cause {cause} is not one of the outcome's {causes} causes")]
    UnknownCause {
        /// The number that was asked for.
        cause: u32,
        /// How many causes the outcome has.
        causes: usize,
    },
    /// Nobody ended by the cause.
    #[error("no row ends by {cause:?}: without events there is nothing to fit")]
    NoEvents {
        /// The cause's name.
        cause: String,
    },
    /// A setting makes no sense.
    #[error("{setting}: {why}")]
    Setting {
        /// The setting's name.
        setting: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The likelihood cannot be computed even at the start.
    #[error("the log likelihood cannot be computed at the start: {why}")]
    Start {
        /// What makes it impossible.
        why: String,
    },
    /// A number left the range of the machine.
    #[error("the estimate for {term:?} is outside the range of the machine's numbers")]
    Range {
        /// The term.
        term: String,
    },
    /// The sample is not the one that was fitted, or has another shape.
    #[error("{what} has {found} where {expected} was expected")]
    Shape {
        /// What differs.
        what: &'static str,
        /// Its size.
        found: usize,
        /// The size of the fit.
        expected: usize,
    },
    /// A time or edge is not usable.
    #[error("{what} must be finite and increasing (item {item} is not)")]
    Times {
        /// Which times.
        what: &'static str,
        /// The first one out of order, counted from 0.
        item: usize,
    },
    /// The method is not defined for this sample.
    #[error("{method} cannot be used here: {why}")]
    NotApplicable {
        /// The method.
        method: &'static str,
        /// The reason.
        why: String,
    },
    /// A linfa pipeline failed.
    #[error("linfa: {0}")]
    Linfa(String),
}

impl From<linfa::Error> for FitError {
    fn from(e: linfa::Error) -> Self {
        Self::Linfa(e.to_string())
    }
}

impl From<FitError> for Error {
    fn from(e: FitError) -> Self {
        let (kind, hint) = match &e {
            FitError::UnknownCause { .. } => {
                (ErrorKind::Usage, "choose one of the causes of the outcome definition")
            }
            FitError::NoEvents { .. } => (
                ErrorKind::Data,
                "widen the window, choose another cause or definition, or wait for more data",
            ),
            FitError::Setting { .. } | FitError::Times { .. } | FitError::NotApplicable { .. } => {
                (ErrorKind::Usage, "change the setting in the study file")
            }
            FitError::Start { .. } | FitError::Range { .. } => {
                (ErrorKind::Data, "rescale the column, or look for a wrong unit or an outlier")
            }
            FitError::Shape { .. } => {
                (ErrorKind::Usage, "pass the sample that was fitted, or one with the same columns")
            }
            FitError::Linfa(_) => (ErrorKind::Usage, "look at the linfa pipeline"),
        };
        Self::new(kind, e.to_string()).with_hint(hint)
    }
}

/// What a fit could do, but not without saying so.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum FitWarning {
    /// The column does not vary where anyone is at risk; it was left out (coefficient 0).
    Constant {
        /// The term.
        term: String,
    },
    /// The column does not vary where anyone is at risk: the answer is its prior, and no more.
    PriorOnly {
        /// The term.
        term: String,
    },
    /// The column is a linear combination of others; it was left out (coefficient 0).
    Collinear {
        /// The term that was left out.
        term: String,
        /// The terms that explain it.
        with: Vec<String>,
    },
    /// The likelihood rises for ever: the term separates those with events from those without.
    Separation {
        /// The term.
        term: String,
        /// Whether its coefficient runs to plus infinity.
        upwards: bool,
    },
    /// Strata without an event: their rows say nothing about the coefficients.
    StratumWithoutEvents {
        /// The stratum's number.
        stratum: u32,
        /// Its rows.
        rows: usize,
    },
    /// The search stopped before the maximum.
    NotConverged {
        /// Steps made.
        iterations: usize,
    },
    /// Few events for the number of terms.
    FewEvents {
        /// Events.
        events: usize,
        /// Terms.
        terms: usize,
    },
    /// The two-way clustered covariance was not a covariance; the wider one-way errors were used.
    TwoWayNotPositive {
        /// Terms concerned.
        terms: Vec<String>,
    },
    /// One cluster, or fewer clusters than terms: robust errors are not to be trusted.
    FewClusters {
        /// Clusters.
        clusters: usize,
    },
    /// One row moves a coefficient by more than its standard error.
    Outlier {
        /// The row of the sample.
        row: usize,
        /// The term that it moves most.
        term: String,
        /// By how many standard errors.
        shift: f64,
    },
    /// One cluster moves a coefficient by more than its standard error, and by more than all other
    /// clusters together: neither the estimate nor its robust error stands on more than that one.
    DrivingCluster {
        /// The cluster's number in the sample.
        cluster: u32,
        /// The term that it moves most.
        term: String,
        /// By how many standard errors, to first order.
        shift: f64,
    },
}

impl std::fmt::Display for FitWarning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Constant { term } => {
                write!(f, "{term} does not vary among the rows at risk; it was left out")
            }
            Self::PriorOnly { term } => write!(
                f,
                "{term} does not vary among the rows at risk: what is said of it is its prior"
            ),
            Self::Collinear { term, with } => write!(
                f,
                "{term} is a linear combination of {}; it was left out",
                if with.is_empty() { "other terms".into() } else { with.join(", ") }
            ),
            Self::Separation { term, upwards } => write!(
                f,
                "the likelihood rises for ever as {term} goes to {} infinity (separation): its \
                 estimate and error mean nothing; merge levels, drop the term, or use Firth's \
                 correction or a prior",
                if *upwards { "plus" } else { "minus" }
            ),
            Self::StratumWithoutEvents { stratum, rows } => {
                write!(f, "stratum {stratum} has {rows} rows and no event: it adds nothing")
            }
            Self::NotConverged { iterations } => {
                write!(f, "not converged after {iterations} iterations")
            }
            Self::FewEvents { events, terms } => {
                write!(f, "{events} events for {terms} terms: expect an overfitted model")
            }
            Self::TwoWayNotPositive { terms } => write!(
                f,
                "the two-way clustered variance was not positive for {}; the larger one-way \
                 variance was used",
                terms.join(", ")
            ),
            Self::FewClusters { clusters } => {
                write!(f, "only {clusters} clusters: clustered errors are too small")
            }
            // Which row or cluster is known to the program that has the rows; a report is read by
            // others.
            Self::Outlier { term, shift, .. } => write!(
                f,
                "one row alone moves {term} by {shift:.1} standard errors: look at the most \
                 extreme values, and judge with and without them"
            ),
            Self::DrivingCluster { term, shift, .. } => write!(
                f,
                "one cluster alone moves {term} by {shift:.1} standard errors, more than all \
                 others together: judge with and without it"
            ),
        }
    }
}
