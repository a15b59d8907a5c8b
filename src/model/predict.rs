//! Predictions: risks with intervals, what they are made of, and when there is no number.

mod reasons;

use ndarray::ArrayView1;
use rayon::prelude::*;

use super::fit::stratum_labels;
use super::forests::HorizonRows;
use super::grid::Ends;
use super::hazards::Estimate;
use super::impute::{Asked, Unknown};
use super::interval::{cloglog, of_trees};
use super::native;
use super::prediction::{Abstention, Prediction, PredictionNote, RiskAt};
use super::trained::{Engine, Model};
use super::{ModelError, TimeUnit};
use crate::features::{Design, Frame, NoteKind, Values};
use crate::progress::{Progress, Silent};

/// A value outside the scope by more than this share of its width has no number.
const MARGIN: f64 = 0.5;
/// Where more than this share of the columns is unknown there is no number.
const MISSING: f64 = 0.5;

/// The rows of one call, coded.
pub(super) struct Rows<'a> {
    frame: &'a Frame,
    design: Design,
    /// The row of the design for each row of the frame.
    at: Vec<Option<usize>>,
    strata: Option<Vec<String>>,
    offset: Option<&'a [f64]>,
    /// The columns of the design that each column of the recipe stands in, where several
    /// imputations say what an unknown value may be.
    reads: Option<Vec<Vec<usize>>>,
    /// The term of each column of the design.
    terms: Vec<String>,
}

/// What a row needs to be computed.
pub(super) struct Row<'a> {
    /// Columns less their means.
    pub(super) x: Vec<f64>,
    /// The columns themselves.
    raw: Vec<f64>,
    pub(super) offset: f64,
    pub(super) stratum: Option<&'a str>,
    pub(super) landmark: usize,
    /// What has lasted.
    from: f64,
    /// What is not known of it.
    pub(super) unknown: Unknown,
    /// The term of each column.
    terms: &'a [String],
}

impl<'a> Row<'a> {
    /// The row as hazards of several imputations are asked about it.
    pub(super) fn asked(&'a self, from: f64, to: f64) -> Asked<'a> {
        let Self { x, offset, stratum, landmark, .. } = self;
        Asked { landmark: *landmark, stratum: *stratum, x, offset: *offset, from, to }
    }
}

/// The columns of the design that read what is unknown of a row.
fn unknown_columns(rows: &Rows<'_>, reads: &[Vec<usize>], r: usize) -> Vec<usize> {
    let notes = rows.design.notes_of(r).iter().filter(|n| n.kind == NoteKind::Imputed);
    let mut all: Vec<usize> =
        notes.flat_map(|n| reads.get(n.column).into_iter().flatten().copied()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

impl Model {
    /// Risks with intervals for each row of a frame that has the columns of
    /// [`Model::columns`], given that it has lasted `lasted` (since the start, in the model's unit)
    /// and looking `horizons` ahead.
    ///
    /// A row outside what the model can carry gets no number but the reason.
    ///
    /// # Errors
    /// A column that the frame lacks, unequal lengths, a horizon that is not above zero.
    pub fn predict(
        &self,
        frame: &Frame,
        lasted: &[f64],
        horizons: &[f64],
    ) -> Result<Vec<Prediction>, ModelError> {
        self.predict_with_progress(frame, lasted, horizons, &Silent)
    }

    /// As [`Model::predict`], telling `progress` of the rows that are done.
    ///
    /// # Errors
    /// As [`Model::predict`].
    pub fn predict_with_progress(
        &self,
        frame: &Frame,
        lasted: &[f64],
        horizons: &[f64],
        progress: &dyn Progress,
    ) -> Result<Vec<Prediction>, ModelError> {
        self.may_predict()?;
        let rows = self.rows(frame, lasted, horizons)?;
        progress.start("predicting", frame.len() as u64);
        let predict = |r: usize| {
            let row = self.row(&rows, r, lasted[r]);
            let prediction = self.predict_row(&rows, r, row.as_ref(), horizons, None);
            progress.advance(1);
            prediction
        };
        let all = (0..frame.len()).into_par_iter().with_min_len(16).map(predict).collect();
        progress.finish();
        Ok(all)
    }

    /// A learner that is its rows tells no interval, and so predicts for nobody.
    pub(super) fn may_predict(&self) -> Result<(), ModelError> {
        let kind = self.about.kind;
        if kind.keeps_rows() { Err(ModelError::KeepsRows { kind }) } else { Ok(()) }
    }

    /// The bare risk of each row (outer) at each horizon (inner), without intervals and without
    /// abstaining for scope: what an evaluation needs. `None` where there is no number at all.
    ///
    /// # Errors
    /// As [`Model::predict`].
    pub fn risks(
        &self,
        frame: &Frame,
        lasted: &[f64],
        horizons: &[f64],
    ) -> Result<Vec<Vec<Option<f64>>>, ModelError> {
        let rows = self.rows(frame, lasted, horizons)?;
        let risk = |r: usize, h: f64| {
            let row = self.row(&rows, r, lasted[r]).ok()?;
            match &self.engine {
                Engine::Forests(_) | Engine::Rows(_) => {
                    self.estimate(&row, h).ok().map(|e| e.value)
                }
                _ => self.ends(&row, h).map(|e| e.incidence[0]),
            }
        };
        let of = |r: usize| horizons.iter().map(|&h| risk(r, h)).collect();
        Ok((0..frame.len()).map(of).collect())
    }

    /// How many risks the learner predicted outside 0 to 1; they are brought to the edge, and
    /// whoever judges the model must hear of it. Only a support vector machine gives such.
    ///
    /// # Errors
    /// As [`Model::predict`].
    pub fn outside(
        &self,
        frame: &Frame,
        lasted: &[f64],
        horizons: &[f64],
    ) -> Result<usize, ModelError> {
        let Engine::Rows(all) = &self.engine else { return Ok(0) };
        let rows = self.rows(frame, lasted, horizons)?;
        let of = |r: usize| {
            let Ok(row) = self.row(&rows, r, lasted[r]) else { return 0 };
            let raw = |h: &&f64| HorizonRows::raw(all, row.landmark, **h, &row.raw);
            let beyond = |h: &&f64| raw(h).is_some_and(|v| !(0.0..=1.0).contains(&v));
            horizons.iter().filter(beyond).count()
        };
        Ok((0..frame.len()).map(of).sum())
    }

    /// The probability of each cause of [`super::About::causes`] within a horizon, for each row;
    /// `None` where there is no number, and for forests, which know one cause only.
    ///
    /// # Errors
    /// As [`Model::predict`].
    pub fn cumulative_incidence(
        &self,
        frame: &Frame,
        lasted: &[f64],
        horizon: f64,
    ) -> Result<Vec<Option<Vec<f64>>>, ModelError> {
        let rows = self.rows(frame, lasted, &[horizon])?;
        let of = |r: usize| {
            let row = self.row(&rows, r, lasted[r]).ok()?;
            self.ends(&row, horizon).map(|e| e.incidence)
        };
        Ok((0..frame.len()).map(of).collect())
    }

    /// The probability of the cause that is asked, and of no end at all, for each row within a
    /// time of its own; `None` where there is no number, and for forests per horizon, which know
    /// no other times.
    ///
    /// # Errors
    /// As [`Model::predict`].
    pub fn risks_within(
        &self,
        frame: &Frame,
        lasted: &[f64],
        within: &[f64],
    ) -> Result<Vec<Option<(f64, f64)>>, ModelError> {
        let rows = self.rows(frame, lasted, &[])?;
        if within.len() != frame.len() {
            let what = format!("{} times for {} rows", within.len(), frame.len());
            return Err(ModelError::usage(what, "give one time per row"));
        }
        let of = |r: usize| {
            let row = self.row(&rows, r, lasted[r]).ok()?;
            if within[r] <= 0.0 {
                return Some((0.0, 1.0));
            }
            self.ends(&row, within[r]).map(|e| (e.incidence[0], e.survival))
        };
        Ok((0..frame.len()).map(of).collect())
    }

    /// The columns that a frame must have: of the terms, the strata, and the offset.
    #[must_use]
    pub fn columns(&self) -> Vec<&str> {
        let mut all = self.recipe.columns();
        let more = self.about.strata.iter().chain(&self.about.offset).map(String::as_str);
        for name in more.chain(self.support.columns()) {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        all
    }

    pub(super) fn rows<'a>(
        &self,
        frame: &'a Frame,
        lasted: &[f64],
        horizons: &[f64],
    ) -> Result<Rows<'a>, ModelError> {
        if lasted.len() != frame.len() {
            let what = format!("{} rows have lasted, the frame has {}", lasted.len(), frame.len());
            return Err(ModelError::usage(what, "give one time per row"));
        }
        if let Some(h) = horizons.iter().find(|h| !(h.is_finite() && **h > 0.0)) {
            return Err(ModelError::usage(
                format!("a horizon of {h} lies not ahead"),
                "give horizons above zero",
            ));
        }
        let mut design = if self.recipe.terms().is_empty() {
            Design {
                x: ndarray::Array2::zeros((frame.len(), 0)),
                names: Vec::new(),
                kept_rows: (0..frame.len()).collect(),
                notes: Vec::new(),
            }
        } else {
            self.recipe.apply(frame)?
        };
        if matches!(self.engine, Engine::SurvivalForests(_) | Engine::Boosted(_)) {
            native::blank(&self.recipe, frame, &design.kept_rows, &mut design.x);
        }
        let mut at = vec![None; frame.len()];
        for (k, &row) in design.kept_rows.iter().enumerate() {
            at[row] = Some(k);
        }
        let strata = if self.about.strata.is_empty() {
            None
        } else {
            Some(stratum_labels(frame, &self.about.strata)?)
        };
        let offset = match &self.about.offset {
            None => None,
            Some(name) => match frame.get(name) {
                Some(Values::Number(v)) => Some(v.as_slice()),
                _ => {
                    return Err(ModelError::Column {
                        role: "model.offset",
                        name: name.clone(),
                        nearest: None,
                    });
                }
            },
        };
        let reads = matches!(self.engine, Engine::Imputed(_)).then(|| self.recipe.read_by());
        let terms = self.recipe.terms_of_columns();
        Ok(Rows { frame, design, at, strata, offset, reads, terms })
    }

    /// What a row needs; or why it has no number, whoever asks.
    pub(super) fn row<'a>(
        &self,
        rows: &'a Rows<'_>,
        r: usize,
        lasted: f64,
    ) -> Result<Row<'a>, Abstention> {
        if self.about.describes() {
            return Err(Abstention::Describes);
        }
        let column = |kind: NoteKind| {
            let note = rows.design.notes_of(r).iter().find(|n| n.kind == kind)?;
            self.recipe.columns().get(note.column).map(|c| (*c).to_owned())
        };
        let Some(k) = rows.at[r] else {
            let column = column(NoteKind::Missing).or_else(|| column(NoteKind::NotPositive));
            return Err(Abstention::Missing { column: column.unwrap_or_default() });
        };
        let offset = rows.offset.map_or(0.0, |o| o[r]);
        if !offset.is_finite() {
            let column = self.about.offset.clone().unwrap_or_default();
            return Err(Abstention::Missing { column });
        }
        let x: ArrayView1<'_, f64> = rows.design.x.row(k);
        let raw = x.to_vec();
        let mut x: Vec<f64> = raw.iter().zip(&self.means).map(|(x, m)| x - m).collect();
        let unknown = match (&self.engine, &rows.reads) {
            (Engine::Imputed(i), Some(reads)) => i.fill(&mut x, &unknown_columns(rows, reads, r)),
            _ => Unknown::default(),
        };
        let stratum = rows.strata.as_ref().map(|s| s[r].as_str());
        let landmark = self.landmark_at(lasted).ok_or(Abstention::BeforeLandmark)?;
        let terms = &rows.terms;
        Ok(Row { x, raw, offset, stratum, landmark, from: lasted, unknown, terms })
    }

    /// The last landmark that is reached, by its place; 0 where features are read at the start.
    fn landmark_at(&self, lasted: f64) -> Option<usize> {
        if !lasted.is_finite() {
            return None;
        }
        let marks = &self.about.landmarks;
        if marks.is_empty() {
            return Some(0);
        }
        // A landmark of 91.3 days is reached on the 91st day.
        let slack = if self.about.unit == TimeUnit::Days { 1.0 } else { 1e-9 };
        marks.iter().rposition(|m| lasted + slack > m.time)
    }

    /// Where the clock of the engine stands for a row.
    pub(super) fn clock(&self, row: &Row<'_>) -> f64 {
        let mark = self.about.landmarks.get(row.landmark).map_or(0.0, |m| m.time);
        match &self.engine {
            Engine::Hazards(_) | Engine::Imputed(_) | Engine::Smooth(_) => row.from.max(mark),
            Engine::Discrete(_)
            | Engine::Forests(_)
            | Engine::SurvivalForests(_)
            | Engine::Boosted(_)
            | Engine::Rows(_) => (row.from - mark).max(0.0),
        }
    }

    fn ends(&self, row: &Row<'_>, horizon: f64) -> Option<Ends> {
        let from = self.clock(row);
        match &self.engine {
            Engine::Hazards(h) => {
                let base = h.baselines[row.landmark].choose(row.stratum).baseline;
                h.ends(base, &row.x, row.offset, from, from + horizon)
            }
            Engine::Imputed(i) => i.ends(row.asked(from, from + horizon)),
            Engine::Smooth(s) => s.ends(row.landmark, &row.x, row.offset, from, from + horizon),
            Engine::Discrete(d) => d.ends(row.landmark, &row.x, from, from + horizon),
            Engine::Forests(_) | Engine::Rows(_) => None,
            Engine::SurvivalForests(f) => f.ends(row.landmark, &row.raw, from, from + horizon),
            Engine::Boosted(b) => b.ends(row.landmark, &row.raw, from, from + horizon),
        }
    }

    /// The risk with its variance, or why there is none.
    pub(super) fn estimate(&self, row: &Row<'_>, horizon: f64) -> Result<Estimate, Abstention> {
        self.estimate_unless(row, horizon, None)
    }

    /// As [`Model::estimate`], where what hazards say may be known already.
    fn estimate_unless(
        &self,
        row: &Row<'_>,
        horizon: f64,
        known: Option<Estimate>,
    ) -> Result<Estimate, Abstention> {
        let from = self.clock(row);
        let to = from + horizon;
        let within =
            |last: Option<&f64>| last.is_some_and(|&last| to <= last + 1e-9 * last.abs().max(1.0));
        let (reach, found) = match &self.engine {
            Engine::Hazards(h) => {
                let chosen = h.baselines[row.landmark].choose(row.stratum);
                let edges = &chosen.baseline.edges;
                let reach = within(edges.last()) && from >= edges[0] - 1e-9;
                (reach, known.or_else(|| h.risk(chosen, &row.x, row.offset, from, to, 0)))
            }
            Engine::Imputed(i) => {
                let edges = &i.edges(row.landmark, row.stratum);
                let reach = within(edges.last()) && from >= edges[0] - 1e-9;
                (reach, known.or_else(|| i.risk(row.asked(from, to), &row.unknown)))
            }
            Engine::Smooth(s) => {
                let edges = &s.edges[row.landmark];
                let reach = within(edges.last()) && from >= edges[0] - 1e-9;
                (reach, s.risk(row.landmark, &row.x, row.offset, from, to, 0))
            }
            Engine::Discrete(d) => {
                let reach = within(d.edges[row.landmark].last());
                (reach, d.risk(row.landmark, &row.x, from, to, 0))
            }
            Engine::Forests(f) => {
                // A forest knows the risk from its landmark on, not from a later day.
                if from > 1.0 {
                    return Err(Abstention::NotAtLandmark);
                }
                let found = f.risk(row.landmark, horizon, &row.raw);
                (found.is_some(), found)
            }
            Engine::Rows(r) => {
                if from > 1.0 {
                    return Err(Abstention::NotAtLandmark);
                }
                let found = HorizonRows::risk(r, row.landmark, horizon, &row.raw);
                (found.is_some(), found)
            }
            Engine::SurvivalForests(f) => {
                let reach = within(Some(&f.follow_up(row.landmark)));
                (reach, f.risk(row.landmark, &row.raw, from, to))
            }
            Engine::Boosted(b) => {
                let edges = &b.edges[row.landmark];
                let reach = within(edges.last()) && from >= edges[0] - 1e-9;
                (reach, b.risk(row.landmark, &row.raw, from, to))
            }
        };
        match found {
            _ if !reach => Err(Abstention::BeyondFollowUp),
            None => Err(Abstention::OutOfRange),
            Some(e) => Ok(e),
        }
    }

    /// The prediction of a row. `known` is a horizon whose risk has been estimated already.
    pub(super) fn predict_row(
        &self,
        rows: &Rows<'_>,
        r: usize,
        row: Result<&Row<'_>, &Abstention>,
        horizons: &[f64],
        known: Option<(f64, Estimate)>,
    ) -> Prediction {
        let mut notes = Vec::new();
        let refused = self.judge(rows, r, &mut notes);
        let support = self.support.of(rows.frame, r);
        if support.is_none() {
            notes.push(PredictionNote::FewComparable);
        }
        let (risks, contributions) = match row {
            Err(why) => (Err(why.clone()), Vec::new()),
            Ok(row) => {
                let risks = match refused {
                    Some(why) => Err(why),
                    None => self.risks_of(row, horizons, known, &mut notes),
                };
                (risks, self.contributions(row, horizons))
            }
        };
        Prediction { risks, contributions, support, notes }
    }

    /// The risk at each horizon that can be answered.
    fn risks_of(
        &self,
        row: &Row<'_>,
        horizons: &[f64],
        known: Option<(f64, Estimate)>,
        notes: &mut Vec<PredictionNote>,
    ) -> Result<Vec<RiskAt>, Abstention> {
        let mut risks = Vec::new();
        let mut last = Abstention::BeyondFollowUp;
        let bounds = if matches!(self.engine, Engine::Forests(_)) { of_trees } else { cloglog };
        for &horizon in horizons {
            let known = known.filter(|k| k.0 == horizon).map(|k| k.1);
            match self.estimate_unless(row, horizon, known) {
                Ok(e) => match bounds(e.value, e.variance, self.about.interval) {
                    Some((lower, upper)) => {
                        risks.push(RiskAt { horizon, estimate: e.value, lower, upper });
                    }
                    None => {
                        notes.push(PredictionNote::HorizonWithoutEvents { horizon });
                        last = Abstention::NoEvents;
                    }
                },
                Err(Abstention::BeyondFollowUp) => {
                    notes.push(PredictionNote::HorizonBeyondFollowUp { horizon });
                }
                Err(why) => last = why,
            }
        }
        if let Some(h) = self.engine.proportional().first()
            && h.baselines[row.landmark].choose(row.stratum).in_place
        {
            notes.push(PredictionNote::PooledBaseline { columns: self.about.strata.clone() });
        }
        if risks.is_empty() { Err(last) } else { Ok(risks) }
    }

    /// Notes on a row, and whether it lies outside what the model can carry.
    fn judge(
        &self,
        rows: &Rows<'_>,
        r: usize,
        notes: &mut Vec<PredictionNote>,
    ) -> Option<Abstention> {
        let columns = self.recipe.columns();
        let mut refused = None;
        let mut imputed = 0;
        for note in rows.design.notes_of(r) {
            let Some(column) = columns.get(note.column).map(|c| (*c).to_owned()) else { continue };
            match note.kind {
                NoteKind::Imputed => {
                    imputed += 1;
                    notes.push(PredictionNote::Imputed { column });
                }
                NoteKind::OutsideScope => {
                    let far = self.far_outside(rows.frame, r, &column);
                    notes.push(PredictionNote::EdgeOfScope { column: column.clone() });
                    if far {
                        refused.get_or_insert(Abstention::OutOfScope { column });
                    }
                }
                NoteKind::UnseenLevel => {
                    refused.get_or_insert(Abstention::UnknownLevel { column });
                }
                NoteKind::Missing | NoteKind::NotPositive => {}
            }
        }
        for column in self.unseen_but_pooled(rows.frame, r) {
            notes.push(PredictionNote::TreatedAsOther { column });
        }
        if imputed as f64 > MISSING * columns.len() as f64 {
            return Some(Abstention::TooMuchMissing { missing: imputed, of: columns.len() });
        }
        refused
    }

    /// Whether a value lies outside the scope by more than half of its width.
    fn far_outside(&self, frame: &Frame, r: usize, column: &str) -> bool {
        let (Some(scope), Some(Values::Number(v))) = (self.recipe.scope(column), frame.get(column))
        else {
            return false;
        };
        let margin = MARGIN * (scope.high - scope.low);
        !(scope.low - margin..=scope.high + margin).contains(&v[r])
    }

    /// Factors whose level here is one that training pooled into `other`, or never saw.
    fn unseen_but_pooled(&self, frame: &Frame, r: usize) -> Vec<String> {
        let mut found = Vec::new();
        for column in self.recipe.columns() {
            let Some(levels) = self.recipe.levels(column) else { continue };
            let Some(Values::Level { codes, levels: own }) = frame.get(column) else { continue };
            let Some(word) = own.get(codes[r] as usize) else { continue };
            let names: Vec<&str> = levels.map(|(name, _)| name).collect();
            if !names.contains(&word.as_str()) && names.contains(&"other") {
                found.push(column.to_owned());
            }
        }
        found
    }
}
