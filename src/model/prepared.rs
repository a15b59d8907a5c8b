//! What a study makes of its data: one row per spell (or spell and landmark), ready to be fitted.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::features::{Frame, Missing, RecipeOptions, Term};
use crate::history::{Day, StayIx, Window};
use crate::outcome::Definition;
use crate::survival::Outcome;

use super::findings::FeatureFinding;
use super::priors::PriorRow;
use super::study::{Imputation, ModelSpec, Span};

/// The unit of every time of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// Days since the start of a stay.
    Days,
    /// The unit of a flat table's own times.
    Own,
}

/// The rows of a study: features, outcome, and all that keeps rows together or apart.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The study's title.
    pub title: Option<String>,
    /// The seed of everything random.
    pub seed: u64,
    /// The columns that terms, strata, weights, offset and splits may read.
    pub frame: Frame,
    /// Entry, exit and cause of each row.
    pub outcome: Outcome,
    /// The number of the cause whose risk is asked.
    pub cause: u32,
    /// The unit of time.
    pub unit: TimeUnit,
    /// How far ahead risks are asked.
    pub horizons: Vec<Span>,
    /// The landmarks; empty where features are read at the start.
    pub landmarks: Vec<Span>,
    /// The landmark of each row, by its place in `landmarks`; `None` without landmarks.
    pub landmark: Option<Vec<u32>>,
    /// The day on which the features of each row are read (histories).
    pub days: Option<Vec<Day>>,
    /// The stay of each row (histories).
    pub stays: Option<Vec<StayIx>>,
    /// By row: which data row of the table it is, from 0 (tables).
    pub table_rows: Option<Vec<usize>>,
    /// Codes (0, 1, …) of what keeps rows together, by name: `child`, `family`, `provider`, or
    /// columns of a table. A row for which it is unknown has a code of its own.
    pub groups: BTreeMap<String, Vec<u32>>,
    /// The name under which a table's `id` stands in `groups`.
    pub id: Option<String>,
    /// The terms.
    pub terms: Vec<Term>,
    /// How the recipe treats levels and missing values.
    pub options: RecipeOptions,
    /// How missing values are imputed several times over, where they are (Cox).
    pub imputation: Option<Imputation>,
    /// The outcome definition (histories).
    pub definition: Option<Definition>,
    /// The window of observation (histories).
    pub window: Option<Window>,
    /// The priors that the study's models name, by the name of their file in the study.
    pub priors: BTreeMap<PathBuf, Vec<PriorRow>>,
    /// What to weigh about the features of the terms.
    pub findings: Vec<FeatureFinding>,
    /// What was left out or changed on the way, for people.
    pub notes: Vec<String>,
}

impl Prepared {
    /// Rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.outcome.len()
    }

    /// Never: a prepared study has at least one row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.outcome.is_empty()
    }

    /// Where each row's prediction starts: its landmark, or for a row without one its entry into
    /// observation (0 for most). It is what the row "has lasted".
    #[must_use]
    pub fn lasted(&self) -> Vec<f64> {
        let entry = self.outcome.entry();
        let of = |row: usize| {
            let entered = entry.map_or(0.0, |e| e[row]);
            let mark = self.landmark.as_ref().map_or(0.0, |marks| self.origin(marks[row]));
            if self.unit == TimeUnit::Days { entered.max(mark) } else { entered }
        };
        (0..self.len()).map(of).collect()
    }

    /// The time of a landmark.
    #[must_use]
    pub fn origin(&self, landmark: u32) -> f64 {
        self.landmarks.get(landmark as usize).map_or(0.0, |l| l.length)
    }

    /// The rows that must not be split between training and test: one code per cluster (the
    /// first named), else per group of the frailty, else per `id`, else per child, else per row.
    #[must_use]
    pub fn fold_groups(&self, spec: &ModelSpec) -> Vec<u32> {
        let group = spec.cluster.first().map(String::as_str).or_else(|| spec.frailty_group());
        let first = group.and_then(|name| self.groups.get(name));
        let id = || self.id.as_ref().and_then(|name| self.groups.get(name));
        let child = || self.groups.get("child");
        let found = first.or_else(id).or_else(child);
        found.cloned().unwrap_or_else(|| (0..self.len() as u32).collect())
    }

    /// Whether rows with a missing value are left out.
    #[must_use]
    pub fn drops_missing(&self) -> bool {
        self.options.missing == Missing::Drop
    }
}
