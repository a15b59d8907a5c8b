//! The study file: what is asked, of which data, with which models, judged how.

mod cox;
mod error;
mod keys;
mod read;
mod repeated;
mod set;
mod shape;
mod spec;
mod time;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use cox::{CoxSpec, FrailtySpec, LambdaSpec, PenaltySpec};
pub use error::StudyError;
pub use repeated::{Repeated, RepeatedSpec};
pub use shape::{Convention, Cuts};
pub use spec::{Compare, Expires, Likelihood, ModelSpec, Target, Ties};
pub use time::Span;

use crate::history::{Day, Settings};
use crate::outcome::Definition;

/// A study file, read strictly: an unknown key is an error that names the nearest known one.
/// All its paths are relative to the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    /// The folder of the file; every path below already starts with it.
    pub folder: PathBuf,
    /// What the study is called.
    pub title: Option<String>,
    /// The seed of everything random.
    pub seed: u64,
    /// Where the data are.
    pub data: DataSpec,
    /// `[window]`, `[format]` and `[waive]`, as the history room reads them.
    pub settings: Settings,
    /// What counts, and until when.
    pub outcome: OutcomeSpec,
    /// What the model may look at.
    pub features: FeatureSpec,
    /// The model.
    pub model: ModelSpec,
    /// Other models to hold it against.
    pub compare: Vec<Compare>,
    /// How it is judged.
    pub evaluate: EvaluateSpec,
    /// The limits for a verdict, set before results are seen.
    pub gates: Gates,
}

/// `[data]`.
#[derive(Debug, Clone, PartialEq)]
pub enum DataSpec {
    /// A history folder.
    History(PathBuf),
    /// One flat table of anything.
    Table(TableSpec),
}

/// A flat table and the meaning of its columns.
#[derive(Debug, Clone, PartialEq)]
pub struct TableSpec {
    /// The file.
    pub path: PathBuf,
    /// The column with the time of entry; without it every row enters at 0.
    pub entry: Option<String>,
    /// The column with the time of exit.
    pub exit: String,
    /// The column with the end: 0/1, or labels.
    pub event: String,
    /// The column that says which rows are one subject.
    pub id: Option<String>,
    /// The label that means censored, where `event` holds labels.
    pub censored: Option<String>,
}

/// `[outcome]`.
#[derive(Debug, Clone, PartialEq)]
pub struct OutcomeSpec {
    /// What counts as breakdown; `None` for a table, which has its own events.
    pub definition: Option<Definition>,
    /// How far ahead risks are asked.
    pub horizons: Vec<Span>,
}

/// When features are read.
#[derive(Debug, Clone, PartialEq)]
pub enum At {
    /// At the start of a stay.
    Start,
    /// At each of these times after the start, for the stays that still run then.
    Landmarks(Vec<Span>),
}

/// What is done with missing values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingValues {
    /// Filled in from the training rows, with a column that says so.
    Impute,
    /// Rows with a missing value are left out.
    Drop,
    /// Filled in several times over by a model of each column, and the fits pooled by Rubin's
    /// rules (Cox).
    Multiple(Imputation),
}

/// How missing values are imputed several times over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imputation {
    /// How many completed data sets are made.
    pub imputations: usize,
    /// How often the chain goes through all columns before each is taken.
    pub iterations: usize,
}

impl Default for Imputation {
    fn default() -> Self {
        Self { imputations: 20, iterations: 10 }
    }
}

/// `[features]`.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureSpec {
    /// When features are read.
    pub at: At,
    /// The terms, as written.
    pub terms: Vec<String>,
    /// What is done with missing values; the default differs for histories and tables.
    pub missing: MissingValues,
}

/// `[evaluate]`.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluateSpec {
    /// Folds of the cross-validation.
    pub folds: usize,
    /// How often the folds are drawn anew.
    pub repeats: usize,
    /// Train on what was known on this day, test on what came after (histories only).
    pub time_split: Option<Day>,
    /// Columns of which each level is left out once.
    pub by: Vec<String>,
    /// What must not be on both sides of a fold beside the cluster: `family`, `provider`, or
    /// columns of a table.
    pub keep_together: Vec<String>,
    /// Bootstrap replicates for intervals.
    pub bootstrap: usize,
    /// Refits on bootstrap samples, for optimism and instability.
    pub refits: usize,
    /// A file with columns that the model never sees.
    pub audit: Option<PathBuf>,
    /// Thresholds of risk for the net benefit; empty means the default of `evaluate`.
    pub thresholds: Vec<f64>,
    /// Other outcome definitions under which the study is run again.
    pub definitions: Vec<String>,
}

/// `[gates]`: below them there is no verdict `usable`.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gates {
    /// The fewest breakdowns.
    pub min_events: u64,
    /// Whether Riley's criteria for the size of the sample must be met.
    pub riley: bool,
    /// The lower bound of the scaled Brier score must be above this.
    pub scaled_brier: f64,
    /// The interval of observed/expected must overlap this range.
    pub oe: [f64; 2],
    /// The interval of the calibration slope must overlap this range.
    pub slope: [f64; 2],
    /// Whether net benefit at the base rate must reach that of treating all and none.
    pub net_benefit: bool,
}

impl Default for Gates {
    fn default() -> Self {
        Self {
            min_events: 100,
            riley: true,
            scaled_brier: 0.0,
            oe: [0.8, 1.25],
            slope: [0.8, 1.25],
            net_benefit: true,
        }
    }
}

impl Study {
    /// Reads a study file, or `study.toml` in a folder, and applies `sets` (`key=value`, as of
    /// the option `--set`).
    ///
    /// # Errors
    /// The file cannot be read, is not TOML, or holds unknown keys or values of the wrong kind:
    /// all of them are named at once.
    pub fn read(path: &Path, sets: &[String]) -> Result<Self, StudyError> {
        let file = if path.is_dir() { path.join("study.toml") } else { path.to_path_buf() };
        let text = crate::files::read_text(&file)
            .map_err(|e| StudyError::Read { why: e.to_string(), kind: e.kind() })?;
        // The folder of a bare file name is this one.
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        Self::parse(&text, folder, sets).map_err(|e| e.in_file(&file))
    }

    /// Reads the text of a study file that lies in `folder`.
    ///
    /// # Errors
    /// As [`Study::read`].
    ///
    /// ```
    /// use pleegzorg::model::{Kind, Study};
    /// let text = r#"
    /// [data]
    /// table = "rossi.csv"
    /// exit = "week"
    /// event = "arrest"
    /// [outcome]
    /// horizons = [26, 52]
    /// [features]
    /// terms = ["fin", "age"]
    /// "#;
    /// let study = Study::parse(text, "studies".as_ref(), &["model.ties=breslow".into()])?;
    /// assert_eq!(study.model.kind, Kind::Cox);
    /// assert_eq!(study.outcome.horizons[1].length, 52.0);
    /// # Ok::<(), pleegzorg::model::StudyError>(())
    /// ```
    pub fn parse(text: &str, folder: &Path, sets: &[String]) -> Result<Self, StudyError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut table: toml::Table = toml::from_str(text)
            .map_err(|e| StudyError::Toml { file: PathBuf::new(), what: place(text, &e) })?;
        for assignment in sets {
            set::apply(&mut table, assignment)?;
        }
        read::study(table, folder)
    }

    /// Whether the data are one flat table.
    #[must_use]
    pub fn is_table(&self) -> bool {
        matches!(self.data, DataSpec::Table(_))
    }
}

/// What is wrong with a TOML text and on which line; never the line itself, since the file may
/// be one of data that was taken for a study.
fn place(text: &str, error: &toml::de::Error) -> String {
    let line =
        error.span().map(|span| 1 + text.bytes().take(span.start).filter(|&b| b == b'\n').count());
    match line {
        Some(line) => format!("line {line}: {}", error.message()),
        None => error.message().to_owned(),
    }
}
