//! Asking a model about placements of a history: which day counts, which columns are read.

use super::prepare::CARRIER;
use super::study::{At, Span, Study};
use super::trained::{Model, NamedTime};
use super::{Kind, ModelError, TimeUnit};
use crate::features::{AsOf, Frame, Term, compute, feature};
use crate::history::{Day, History, Index};

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
        let own = self.about.definition.clone().unwrap_or_default();
        Ok(compute(history, index, &own, rows, &names)?)
    }

    /// Why the model says nothing of a placement that has not begun, where that is so: it starts
    /// from landmarks, or has terms that have a value only after the start.
    #[must_use]
    pub fn only_after_start(&self) -> Option<String> {
        if let Some(first) = self.about.landmarks.first() {
            return Some(format!("it starts from landmarks, the first at {}", first.label));
        }
        let later = |c: &str| feature(c).is_ok_and(|f| f.landmark_only);
        let terms = self.recipe.terms().iter().filter(|t| t.columns().any(later));
        let names: Vec<String> = terms.map(ToString::to_string).collect();
        (!names.is_empty())
            .then(|| format!("terms with a value only after the start: {}", names.join(", ")))
    }

    /// Checks that the model can have come from a study: the same kind, terms, cause, definition,
    /// horizons and landmarks. What is concluded about another study says nothing about it.
    ///
    /// # Errors
    /// [`ModelError::Usage`] with the first thing that differs.
    pub fn belongs_to(&self, study: &Study) -> Result<(), ModelError> {
        let terms = Term::parse_all(&study.features.terms)?;
        let landmarks = match &study.features.at {
            At::Start => &[],
            At::Landmarks(marks) => marks.as_slice(),
        };
        let same = |named: &[NamedTime], spans: &[Span]| {
            named.len() == spans.len() && named.iter().zip(spans).all(|(n, s)| n.time == s.length)
        };
        let without = self.about.kind == Kind::AalenJohansen;
        let cause = study.model.cause.as_deref();
        // The literature knows only some of the terms.
        let same_terms = match self.about.kind {
            Kind::Literature => self.recipe.terms().iter().all(|t| terms.contains(t)),
            _ => self.recipe.terms() == terms,
        };
        let differs = [
            ("kind", self.about.kind != study.model.kind),
            ("terms", !without && !same_terms),
            ("cause", cause.is_some_and(|c| c != self.cause())),
            ("outcome definition", self.about.definition != study.outcome.definition),
            ("horizons", !same(&self.about.horizons, &study.outcome.horizons)),
            ("landmarks", !same(&self.about.landmarks, landmarks)),
            ("strata", self.about.strata != study.model.strata),
            ("repeated events", self.about.repeated != study.model.repeated.map(|r| r.method)),
        ];
        match differs.iter().find(|(_, differs)| *differs) {
            None => Ok(()),
            Some((what, _)) => Err(ModelError::usage(
                format!("the model was not trained on this study: its {what} differ"),
                "train the study first, and evaluate the model that it gives",
            )),
        }
    }
}
