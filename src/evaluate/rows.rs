//! The rows of a study as a trial sees them.

use std::collections::BTreeSet;

use crate::features::Values;
use crate::history::Day;
use crate::model::{ModelSpec, Prepared};
use crate::resample::{Split, joint_groups};
use crate::survival::Outcome;
use crate::{Error, ErrorKind};

use super::trial::Rows;
use super::{Observed, SampleSize};

/// The rows of a study on the clock of their predictions: time counts from the start, or for a
/// row of a landmark from the landmark.
pub(super) struct StudyRows {
    pub outcome: Outcome,
    /// What each row has lasted when it is predicted.
    pub origin: Vec<f64>,
    pub clusters: Vec<u32>,
    /// What no fold splits: the clusters, joined by what the study keeps together.
    pub together: Vec<u32>,
    pub cause: u32,
    pub horizons: Vec<f64>,
    /// Spells (or subjects, or rows), events among them, and time under observation.
    pub spells: usize,
    pub events: usize,
    pub time: f64,
}

impl StudyRows {
    pub fn new(prepared: &Prepared, spec: &ModelSpec, keep: &[String]) -> Result<Self, Error> {
        let origin: Vec<f64> = match &prepared.landmark {
            Some(marks) => marks.iter().map(|&mark| prepared.origin(mark)).collect(),
            None => vec![0.0; prepared.len()],
        };
        let shifted = |times: &[f64]| -> Vec<f64> {
            times.iter().zip(&origin).map(|(t, o)| (t - o).max(0.0)).collect()
        };
        let outcome = Outcome::new(
            prepared.outcome.entry().map(shifted),
            shifted(prepared.outcome.exit()),
            prepared.outcome.cause().to_vec(),
            prepared.outcome.causes().to_vec(),
        )
        .map_err(crate::model::ModelError::from)?;
        let (spells, events, time) = counted(prepared);
        let clusters = prepared.fold_groups(spec);
        let mut together = clusters.clone();
        for group in keep.iter().filter_map(|name| prepared.groups.get(name)) {
            let group: Vec<Option<u32>> = group.iter().copied().map(Some).collect();
            together = joint_groups(&together, &group)?;
        }
        Ok(Self {
            outcome,
            origin,
            clusters,
            together,
            cause: prepared.cause,
            horizons: prepared.horizons.iter().map(|h| h.length).collect(),
            spells,
            events,
            time,
        })
    }

    /// The rows for a trial, by these horizons.
    pub fn view<'a>(&'a self, horizons: &'a [f64]) -> Rows<'a> {
        Rows { outcome: &self.outcome, cause: self.cause, horizons, clusters: &self.clusters }
    }

    /// How many of the horizons follow-up reaches, in all rows and in the training rows of every
    /// fold: nothing can be learned or said beyond.
    pub fn reachable(&self, folds: &[Split]) -> usize {
        let reached = |outcome: &Outcome| {
            let weights = Observed::new(outcome, self.cause, &self.horizons)
                .and_then(|observed| observed.weigh(None));
            let horizons = 0..self.horizons.len();
            weights.map_or(0, |w| horizons.take_while(|&at| w.incidence(at).is_some()).count())
        };
        let trained = folds.iter().map(|fold| reached(&self.outcome.of_rows(&fold.train)));
        trained.fold(reached(&self.outcome), usize::min)
    }

    /// Riley's criteria for this many parameters; `None` where there is nothing to go by.
    pub fn sample_size(&self, parameters: usize) -> Option<SampleSize> {
        let rate = self.events as f64 / self.time;
        let follow_up = self.time / self.spells as f64;
        let horizon = self.horizons.last()?;
        SampleSize::time_to_event(parameters.max(1), rate, follow_up, *horizon, None).ok()
    }
}

/// Spells, events of the cause, and time under observation. A stay with several landmarks is one
/// spell; a table's subject may have several rows and events.
fn counted(prepared: &Prepared) -> (usize, usize, f64) {
    let outcome = &prepared.outcome;
    let mut first = BTreeSet::new();
    let mut spells = 0;
    let mut events = 0;
    let mut time = 0.0;
    let subject = prepared.id.as_ref().and_then(|id| prepared.groups.get(id));
    for row in 0..outcome.len() {
        let hit = outcome.cause()[row] == prepared.cause;
        let lasted = outcome.exit()[row] - outcome.entry().map_or(0.0, |e| e[row]);
        let new = match (&prepared.stays, subject) {
            (Some(stays), _) => first.insert(stays[row].at()),
            (None, Some(subject)) => first.insert(subject[row] as usize),
            (None, None) => true,
        };
        spells += usize::from(new);
        // Later landmarks of a stay repeat its time and its event; later rows of a subject do not.
        if new || prepared.stays.is_none() {
            events += usize::from(hit);
            time += lasted;
        }
    }
    (spells, events, time)
}

/// The day on which each row's spell began; empty for a table.
pub(super) fn starts(prepared: &Prepared) -> Vec<Day> {
    let back = |row: usize| {
        let mark = prepared.landmark.as_ref().map_or(0.0, |marks| prepared.origin(marks[row]));
        -(mark.floor() as i32)
    };
    let days = prepared.days.iter().flatten().enumerate();
    days.map(|(row, day)| day.plus_days(back(row))).collect()
}

/// A column of the frame that `evaluate.by` names.
pub(super) fn column<'p>(prepared: &'p Prepared, name: &str) -> Result<&'p Values, Error> {
    prepared.frame.get(name).ok_or_else(|| {
        Error::new(ErrorKind::Usage, format!("evaluate.by: there is no column {name:?}"))
            .with_hint("name a column of the table, or a feature of the catalogue")
    })
}
