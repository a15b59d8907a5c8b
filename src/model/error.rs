//! What can go wrong between a study and a prediction.

use crate::features::FeatureError;
use crate::history::{Day, HistoryError};
use crate::learners::LearnerError;
use crate::survival::{FitError, SampleError};
use crate::{Error, ErrorKind};

use super::{StudyError, Verdict};

/// Why a study cannot be prepared or fitted, or a model cannot be read or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The study file.
    #[error(transparent)]
    Study(#[from] StudyError),
    /// The history folder.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// A feature, a term or a recipe.
    #[error(transparent)]
    Features(#[from] FeatureError),
    /// Times, causes, weights.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// A survival model.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// A learner.
    #[error(transparent)]
    Learner(#[from] LearnerError),
    /// Any other room.
    #[error(transparent)]
    Other(#[from] Error),
    /// A column that the study names is not there.
    #[error("{role}: there is no column \"{name}\"")]
    Column {
        /// The key of the study that names it.
        role: &'static str,
        /// The name.
        name: String,
        /// The nearest name that exists.
        nearest: Option<String>,
    },
    /// Something in the data stands in the way.
    #[error("{what}")]
    Data {
        /// What.
        what: String,
        /// How to repair it.
        repair: String,
    },
    /// Something in the study or in a call makes no sense for these data.
    #[error("{what}")]
    Usage {
        /// What.
        what: String,
        /// How to repair it.
        repair: String,
    },
    /// Too few cases for an answer.
    #[error("{0}")]
    TooFew(String),
    /// The bytes are not a whole model file of this program.
    #[error("not a usable model file: {0}")]
    File(String),
    /// The file was written by a later version.
    #[error("the model file has version {found}; this program reads up to version {known}")]
    Newer {
        /// Its version.
        found: u64,
        /// The latest version that is known here.
        known: u64,
    },
    /// The model may not be used for decisions.
    #[error("the model is not stamped usable: {}", verdict.map_or("it was never evaluated", Verdict::name))]
    Unusable {
        /// What its evaluation concluded.
        verdict: Option<Verdict>,
    },
    /// The model is its training rows, and a model file holds none.
    #[error(
        "a model of kind {kind} is its training rows: it can compete, and is never saved or used"
    )]
    KeepsRows {
        /// Its kind.
        kind: super::Kind,
    },
    /// Residuals were asked of a model that has none.
    #[error("a model of kind {kind} has no residuals here")]
    NoResiduals {
        /// Its kind.
        kind: super::Kind,
    },
    /// The model has expired.
    #[error("the model expired on {on}")]
    Expired {
        /// Its last day.
        on: Day,
    },
}

impl ModelError {
    pub(super) fn data(what: impl Into<String>, repair: impl Into<String>) -> Self {
        Self::Data { what: what.into(), repair: repair.into() }
    }

    pub(super) fn usage(what: impl Into<String>, repair: impl Into<String>) -> Self {
        Self::Usage { what: what.into(), repair: repair.into() }
    }
}

impl From<ModelError> for Error {
    fn from(e: ModelError) -> Self {
        let message = e.to_string();
        let (kind, hint) = match e {
            ModelError::Study(e) => return e.into(),
            ModelError::History(e) => return e.into(),
            ModelError::Features(e) => return e.into(),
            ModelError::Fit(e) => return e.into(),
            ModelError::Learner(e) => return e.into(),
            ModelError::Other(e) => return e,
            ModelError::Sample(_) => (ErrorKind::Data, "mend or leave out the row".into()),
            ModelError::Column { nearest, .. } => {
                let near = nearest.map(|n| format!("did you mean \"{n}\"?"));
                let hint = "name a column of the table, or a feature of the catalogue";
                (ErrorKind::Usage, near.unwrap_or_else(|| hint.into()))
            }
            ModelError::Data { repair, .. } => (ErrorKind::Data, repair),
            ModelError::Usage { repair, .. } => (ErrorKind::Usage, repair),
            ModelError::NoResiduals { .. } => {
                (ErrorKind::Usage, "ask for them with kind = \"cox\"".into())
            }
            ModelError::TooFew(_) => {
                (ErrorKind::Refused, "collect more cases, or widen the window".into())
            }
            ModelError::File(_) => {
                (ErrorKind::Foreign, "restore the file from where it came, or train again".into())
            }
            ModelError::Newer { .. } => {
                (ErrorKind::Foreign, "install the version of pleegzorg that wrote it".into())
            }
            ModelError::Unusable { .. } => (
                ErrorKind::Refused,
                "run evaluate --model; --research uses it all the same, with a banner".into(),
            ),
            ModelError::KeepsRows { .. } => (
                ErrorKind::Refused,
                "compare it in evaluate, and train another kind, such as survival-forest".into(),
            ),
            ModelError::Expired { .. } => (
                ErrorKind::Refused,
                "train again on recent data; --research uses it all the same, with a banner".into(),
            ),
        };
        Self::new(kind, message).with_hint(hint)
    }
}
