//! Asking a model about placements of a history: which day counts, which columns are read.

use super::prepare::CARRIER;
use super::trained::Model;
use super::{ModelError, TimeUnit};
use crate::features::{AsOf, Frame, compute, feature};
use crate::history::{Day, History, Index};
use crate::outcome::Definition;

impl Model {
    /// The day on which the features of a placement are read, when it is asked about on `date`:
    /// its start, or the last landmark that it has reached. `None` before the first landmark.
    #[must_use]
    pub fn features_on(&self, start: Day, date: Day) -> Option<Day> {
        let marks = &self.about.landmarks;
        if marks.is_empty() {
            return Some(start);
        }
        let on = |time: f64| start.plus_days(time.floor() as i32);
        marks.iter().rev().map(|m| on(m.time)).find(|&day| day <= date)
    }

    /// The columns of [`Model::columns`] for rows of a history, under the model's own definition:
    /// what [`Model::predict`] takes.
    ///
    /// # Errors
    /// A model of a flat table, which knows no history.
    pub fn frame(
        &self,
        history: &History,
        index: &Index,
        rows: &[AsOf],
    ) -> Result<Frame, ModelError> {
        if self.about.unit != TimeUnit::Days {
            let what = "the model was trained on a flat table and cannot read a history";
            return Err(ModelError::usage(what, "use a model that was trained on a history"));
        }
        let mut names = self.columns();
        if !names.contains(&CARRIER) {
            names.push(CARRIER);
        }
        let own = self.about.definition.clone().unwrap_or_else(Definition::default);
        Ok(compute(history, index, &own, rows, &names)?)
    }

    /// What makes the model useless for a placement that has not begun: its terms that have a
    /// value only after the start; or all of them, where it starts from landmarks.
    #[must_use]
    pub fn landmark_only_terms(&self) -> Vec<String> {
        let later = |c: &str| feature(c).is_ok_and(|f| f.landmark_only);
        let all = !self.about.landmarks.is_empty();
        let terms = self.recipe.terms().iter();
        terms.filter(|t| all || t.columns().any(later)).map(ToString::to_string).collect()
    }
}
