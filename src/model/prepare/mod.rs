//! From a study to its rows.

mod history;
mod table;

use std::collections::HashMap;
use std::hash::Hash;

use super::ModelError;
use super::prepared::Prepared;
use super::study::{DataSpec, Imputation, MissingValues, Study};
use crate::Error;
use crate::features::{Frame, Missing, RecipeOptions, Term, read_table};
use crate::history::{Day, History, Index, ReadOptions, read_with};
use crate::outcome::Definition;
use crate::progress::{Progress, Silent};

pub(crate) use history::CARRIER;
pub use history::prepare_history;
pub use table::prepare_table;

/// The data of a study, read once. Several preparations may be made of them: under other
/// definitions, or as they were known on an earlier day.
#[derive(Debug, Clone)]
pub enum Source {
    /// A history and its index.
    History(Box<(History, Index)>),
    /// A flat table.
    Table(Frame),
}

impl Source {
    /// Reads the data that a study names.
    ///
    /// # Errors
    /// The data cannot be read, or have faults that block and that the study does not waive.
    pub fn read(study: &Study, progress: &dyn Progress) -> Result<Self, ModelError> {
        let settings = &study.settings;
        match &study.data {
            DataSpec::History(folder) => {
                let mut options = ReadOptions::new().waive(&settings.waive).progress(progress);
                // The folder's own study.toml speaks first; a study elsewhere may know better.
                if let Some(window) = settings.window {
                    options = options.window(window);
                }
                if settings.format != crate::history::Format::default() {
                    options = options.format(&settings.format);
                }
                let history = read_with(folder, options)?.into_history()?;
                let index = Index::new(&history);
                Ok(Self::History(Box::new((history, index))))
            }
            DataSpec::Table(spec) => {
                let frame = read_table(&spec.path, &settings.format).map_err(Error::from)?;
                Ok(Self::Table(frame))
            }
        }
    }

    /// The history and its index, where it is one.
    #[must_use]
    pub fn history(&self) -> Option<(&History, &Index)> {
        match self {
            Self::History(both) => Some((&both.0, &both.1)),
            Self::Table(_) => None,
        }
    }
}

/// Prepares the rows of a study: spells or the rows of a table, their features, what groups them.
///
/// `known_at` takes a history as it was known on that day: nothing later is read, and spells that
/// lasted are censored there. `definition` stands in for the study's own.
///
/// # Errors
/// Columns, features or causes that are not there; no rows; times that are no times.
pub fn prepare(
    study: &Study,
    source: &Source,
    known_at: Option<Day>,
    definition: Option<&Definition>,
) -> Result<Prepared, ModelError> {
    prepare_with_progress(study, source, known_at, definition, &Silent)
}

/// As [`prepare`], telling `progress` of the rows whose features are built.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_with_progress(
    study: &Study,
    source: &Source,
    known_at: Option<Day>,
    definition: Option<&Definition>,
    progress: &dyn Progress,
) -> Result<Prepared, ModelError> {
    match source {
        Source::History(both) => {
            history::with_progress(study, &both.0, &both.1, known_at, definition, progress)
        }
        Source::Table(frame) => prepare_table(study, frame.clone()),
    }
}

/// The terms of a study.
fn terms(study: &Study) -> Result<Vec<Term>, ModelError> {
    Ok(Term::parse_all(&study.features.terms)?)
}

/// How the recipe treats missing values and levels.
fn options(study: &Study) -> RecipeOptions {
    let base = if study.is_table() { RecipeOptions::table() } else { RecipeOptions::history() };
    base.missing(match study.features.missing {
        // Only the fit of a Cox model imputes several times; it changes this for itself.
        MissingValues::Impute | MissingValues::Multiple(_) => Missing::Impute,
        MissingValues::Drop => Missing::Drop,
    })
}

/// How missing values are imputed several times over, where they are.
fn imputation(study: &Study) -> Option<Imputation> {
    match study.features.missing {
        MissingValues::Multiple(how) => Some(how),
        MissingValues::Impute | MissingValues::Drop => None,
    }
}

/// The columns that the models of a study read beside the terms, with the key that names each.
fn beside_terms(study: &Study) -> Vec<(&'static str, &str)> {
    let specs = std::iter::once(&study.model).chain(study.compare.iter().map(|c| &c.spec));
    let mut all: Vec<(&'static str, &str)> = Vec::new();
    for spec in specs {
        all.extend(spec.strata.iter().map(|s| ("model.strata", s.as_str())));
        all.extend(spec.weights.iter().map(|s| ("model.weights", s.as_str())));
        all.extend(spec.offset.iter().map(|s| ("model.offset", s.as_str())));
    }
    all.extend(study.evaluate.by.iter().map(|s| ("evaluate.by", s.as_str())));
    all
}

/// The names of all clusterings of a study, those of frailties and of the folds included.
fn cluster_names(study: &Study) -> Vec<&str> {
    let specs = || std::iter::once(&study.model).chain(study.compare.iter().map(|c| &c.spec));
    let mut all: Vec<&str> = specs().flat_map(|s| s.cluster.iter().map(String::as_str)).collect();
    all.extend(specs().filter_map(|s| s.frailty_group()));
    all.extend(study.evaluate.keep_together.iter().map(String::as_str));
    all.sort_unstable();
    all.dedup();
    all
}

/// Codes 0, 1, … in order of first sight; every unknown has a code of its own.
fn codes<T: Eq + Hash>(keys: impl Iterator<Item = Option<T>>) -> Vec<u32> {
    let mut seen: HashMap<T, u32, foldhash::fast::RandomState> = HashMap::default();
    let mut next = 0;
    keys.map(|key| {
        let fresh = next;
        let code = match key {
            None => fresh,
            Some(key) => *seen.entry(key).or_insert(fresh),
        };
        next += u32::from(code == fresh);
        code
    })
    .collect()
}
