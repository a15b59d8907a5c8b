//! A study on trial: its model, the models beside it, and no model at all.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::features::{Part, Term, Values};
use crate::model::{
    Kind, Model, ModelError, ModelSpec, Prepared, Source, Study, fit, prepare,
    prepare_with_progress,
};
use crate::outcome::Definition;
use crate::progress::Progress;
use crate::resample::{ResampleError, Split, grouped_folds, leave_one_out};
use crate::{Error, ErrorKind};

use super::assemble::assemble;
use super::attributes::{self, Attribute};
use super::proxy::{Proxies, Proxy};
use super::refit::refits;
use super::rows::{StudyRows, starts};
use super::split::judge_split;
use super::summary::FEWEST_REPLICATES;
use super::trial::{Arm, Findings, Plan, Risks, THRESHOLDS, trial};
use super::variants::Reruns;
use super::{DCalibration, Evaluation, GroupResult, Refits, SplitResult, Spot, audit, by_group};

/// The name of no model.
pub const NO_MODEL: &str = "no model";
/// The name of published knowledge.
pub const LITERATURE: &str = "literature";

/// Judges a study: its model on repeated folds that never split a child (or whatever the study
/// clusters by), after a split by time and with each level of a column left out; beside it the
/// models of `[[compare]]`, what is published, and always no model (Aalen–Johansen), on the same
/// folds. Everything that
/// is learned from data is learned again in every fold, on its training rows alone.
///
/// Late entry is handled by the weights (see [`super::Observed`]); rows of a landmark are judged
/// from their landmark on.
///
/// What the data cannot answer is no error: the verdict is then `not-enough-data`, and the
/// warnings say why.
///
/// # Errors
/// Data that cannot be prepared, or a study that asks for what does not exist.
pub fn run(study: &Study, source: &Source, progress: &dyn Progress) -> Result<Evaluation, Error> {
    let mut evaluation = judged(study, source, None, Scope::Whole, progress)?;
    let prepared = prepare(study, source, None, None)?;
    let reruns = Reruns { study, source, prepared: &prepared, progress };
    evaluation.unknown_ends = reruns.unknown_ends();
    evaluation.definitions = reruns.definitions()?;
    Ok(evaluation)
}

/// The same under another outcome definition than the study's own, without reruns.
///
/// # Errors
/// As [`run`].
pub fn run_under(
    study: &Study,
    source: &Source,
    definition: Option<&Definition>,
    progress: &dyn Progress,
) -> Result<Evaluation, Error> {
    judged(study, source, definition, Scope::Whole, progress)
}

/// How much of an evaluation is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// All of it.
    Whole,
    /// The model and no model on the folds, and the gates.
    Headline,
}

pub(super) fn judged(
    study: &Study,
    source: &Source,
    definition: Option<&Definition>,
    scope: Scope,
    progress: &dyn Progress,
) -> Result<Evaluation, Error> {
    let prepared = prepare_with_progress(study, source, None, definition, progress)?;
    let mut judge = Judge::new(study, &prepared, scope)?;
    let mut early = None;
    if scope == Scope::Whole {
        judge.attributes = attributes::own(study, source, &prepared, &mut judge.warnings)?;
        judge.attributes.extend(audit::read(study, source, &prepared, &mut judge.warnings)?);
        if let Some(day) = study.evaluate.time_split {
            match prepare_with_progress(study, source, Some(day), definition, progress) {
                Ok(prepared) => early = Some((day, prepared)),
                Err(error) => judge.warnings.push(format!("no split at {day}: {error}")),
            }
        }
    }
    judge.run(early, progress)
}

/// One prepared study on its way through the trial.
struct Judge<'a> {
    study: &'a Study,
    prepared: &'a Prepared,
    rows: StudyRows,
    scope: Scope,
    attributes: Vec<Attribute>,
    warnings: Vec<String>,
}

impl<'a> Judge<'a> {
    fn new(study: &'a Study, prepared: &'a Prepared, scope: Scope) -> Result<Self, Error> {
        if prepared.horizons.is_empty() {
            let what = "the study names no horizon, so there is no risk to judge";
            return Err(Error::new(ErrorKind::Usage, what)
                .with_hint("set outcome.horizons, for example horizons = [26, 52]"));
        }
        let specs = std::iter::once(&study.model).chain(study.compare.iter().map(|c| &c.spec));
        let describes =
            |s: &ModelSpec| s.repeated.is_some_and(|r| r.method.describes(prepared.unit));
        if specs.into_iter().any(describes) {
            let what = "model.repeated describes effects over several events: it has no risk of a \
                        single row that could be judged";
            return Err(Error::new(ErrorKind::Usage, what).with_hint(
                "leave the key out; with cluster = [\"child\"] the errors still know of repeats",
            ));
        }
        let rows = StudyRows::new(prepared, &study.model, &study.evaluate.keep_together)?;
        let mut warnings = prepared.notes.clone();
        if study.evaluate.bootstrap < FEWEST_REPLICATES {
            warnings.push(format!(
                "fewer than {FEWEST_REPLICATES} bootstrap replicates give no intervals, and \
                 without intervals no gate is passed"
            ));
        }
        if study.model.weights.is_some() {
            warnings.push("weights are used in fitting; in judging every row counts once".into());
        }
        Ok(Self { study, prepared, rows, scope, attributes: Vec::new(), warnings })
    }

    fn run(
        mut self,
        early: Option<(crate::history::Day, Prepared)>,
        progress: &dyn Progress,
    ) -> Result<Evaluation, Error> {
        let parameters = self.parameters()?;
        let specs = self.specs();
        let folds = self.folds()?;
        let reachable = self.rows.reachable(&folds);
        self.say_unreachable(reachable);
        self.say_unseen(&folds);
        let horizons = self.rows.horizons[..reachable].to_vec();
        let mut splits = folds;
        if self.scope == Scope::Whole {
            splits.extend(self.left_out()?);
        }
        let thresholds = match self.study.evaluate.thresholds.as_slice() {
            [] => THRESHOLDS.to_vec(),
            some => some.to_vec(),
        };
        let (bootstrap, seed) = (self.study.evaluate.bootstrap, self.study.seed);
        let plan = Plan { splits, bootstrap, seed, thresholds };
        let names: Vec<String> = specs.iter().map(|(name, _)| name.clone()).collect();
        let placed = Placed::default();
        let arms = specs
            .iter()
            .enumerate()
            .map(|(k, (name, spec))| self.arm((k, name, &placed), spec, &horizons))
            .collect::<Vec<_>>();
        let rows = self.rows.view(&horizons);
        let mut findings = if horizons.is_empty() {
            Findings::default()
        } else {
            trial(rows, &arms, &plan, progress)?
        };
        drop(arms);
        say_outside(&placed, &names, &mut self.warnings);
        if let Some((day, early)) = early {
            let found = self.time_split(day, &early, &specs[0].1, &horizons, &plan);
            // After the folds, before the levels that were left out.
            let at = findings.splits.iter().take_while(|s| s.repeat.is_some()).count();
            findings.splits.splice(at..at, found?);
        }
        let groups = self.groups(&findings, &plan, &horizons)?;
        let proxies = self.proxies(&plan)?;
        let refits = self.refits(&specs[0].1, &horizons, progress)?;
        let size = self.rows.sample_size(parameters);
        let mut evaluation =
            assemble(self.study, self.prepared, &self.rows, findings, groups, size, self.warnings);
        let arms = evaluation.compared.len() + 1;
        let mut placed = d_calibrations(placed, arms).into_iter();
        evaluation.d_calibration = placed.next().flatten();
        for (compared, found) in evaluation.compared.iter_mut().zip(placed) {
            compared.d_calibration = found;
        }
        evaluation.proxies = proxies;
        evaluation.refits = refits;
        Ok(evaluation)
    }

    /// The columns of the model's design on all rows: its parameters. Refuses what no fold could
    /// do either; too little data is no refusal.
    fn parameters(&mut self) -> Result<usize, Error> {
        match fit(self.prepared, None, &self.study.model) {
            Ok(fitted) => {
                // What is wrong with the model on all rows is wrong in the folds as well.
                let notes = &self.prepared.notes;
                let said = fitted.model.about().warnings.iter().filter(|w| !notes.contains(w));
                self.warnings.extend(said.cloned());
                Ok(fitted.model.recipe().names().len())
            }
            Err(error) => {
                let few = matches!(error, ModelError::TooFew(_));
                let message = error.to_string();
                let error = Error::from(error);
                if !few && error.kind() != ErrorKind::Data {
                    return Err(error);
                }
                self.warnings.push(format!("the model cannot be fitted on all rows: {message}"));
                Ok(0)
            }
        }
    }

    /// The study's model, those beside it, and no model.
    fn specs(&self) -> Vec<(String, ModelSpec)> {
        let main = &self.study.model;
        let mut specs = vec![(main.kind.name().to_owned(), main.clone())];
        if self.scope == Scope::Whole {
            specs.extend(self.study.compare.iter().map(|c| (c.name.clone(), c.spec.clone())));
        }
        specs.extend(self.literature());
        let none = ModelSpec {
            kind: Kind::AalenJohansen,
            strata: Vec::new(),
            offset: None,
            repeated: None,
            ..main.clone()
        };
        specs.push((NO_MODEL.to_owned(), none));
        specs
    }

    /// What is published, where it speaks of some of the study's terms and the study does not
    /// name it itself.
    fn literature(&self) -> Option<(String, ModelSpec)> {
        let main = &self.study.model;
        let compared = self.study.compare.iter();
        let kinds = std::iter::once(main.kind).chain(compared.clone().map(|c| c.spec.kind));
        let taken = compared.map(|c| c.name.as_str()).any(|name| name == LITERATURE);
        if self.scope != Scope::Whole || taken || kinds.into_iter().any(|k| k == Kind::Literature) {
            return None;
        }
        let spec = ModelSpec {
            kind: Kind::Literature,
            strata: Vec::new(),
            offset: None,
            cox: Default::default(),
            ..main.clone()
        };
        fit(self.prepared, None, &spec).ok()?;
        Some((LITERATURE.to_owned(), spec))
    }

    /// The repeated folds; none, with the reason said, where there are too few clusters.
    fn folds(&mut self) -> Result<Vec<Split>, Error> {
        let (k, repeats) = (self.study.evaluate.folds, self.study.evaluate.repeats);
        let hits: Vec<bool> =
            self.rows.outcome.cause().iter().map(|&c| c == self.prepared.cause).collect();
        match grouped_folds(&self.rows.together, &hits, k, repeats, self.study.seed) {
            Ok(folds) => {
                let (largest, n) = (largest(&self.rows.together), self.rows.together.len());
                if largest * k > n.max(2 * k) {
                    self.warnings.push(format!(
                        "{largest} of {n} rows hang together and cannot be split, so the folds are \
                         uneven"
                    ));
                }
                Ok(folds)
            }
            Err(error @ ResampleError::TooFewGroups { .. }) => {
                self.warnings.push(error.to_string());
                Ok(Vec::new())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn say_unreachable(&mut self, reachable: usize) {
        for horizon in &self.prepared.horizons[reachable..] {
            let label = &horizon.label;
            self.warnings.push(format!(
                "follow-up does not reach {label} (in every fold), so nothing is said about it"
            ));
        }
    }

    /// Says which factors have levels that only the test rows of a fold have: what a model says
    /// of those it has not learned.
    fn say_unseen(&mut self, folds: &[Split]) {
        let mut parts: Vec<&Part> = self.prepared.terms.iter().flat_map(Term::parts).collect();
        parts.sort_unstable_by_key(|p| p.column());
        parts.dedup_by_key(|p| p.column());
        for part in parts {
            let (rows, touched) = unseen(self.prepared, part, folds);
            if rows > 0 {
                self.warnings.push(format!(
                    "{}: in {touched} of {} folds a level occurs in the test rows only ({rows} \
                     rows): the model judged there has not learned it, and takes it as other rare \
                     levels, or as the reference",
                    part.column(),
                    folds.len()
                ));
            }
        }
    }

    /// One split per level of each column of `evaluate.by`.
    fn left_out(&mut self) -> Result<Vec<Split>, Error> {
        let mut splits = Vec::new();
        let by = self.attributes.iter().filter(|a| self.study.evaluate.by.contains(&a.column));
        for attribute in by.filter(|a| !a.audited) {
            let levels: Vec<Option<&str>> = attribute.levels.iter().map(Option::as_deref).collect();
            match leave_one_out(&attribute.column, &levels, &self.rows.together) {
                Ok(found) => splits.extend(found),
                Err(error) => self.warnings.push(error.to_string()),
            }
        }
        Ok(splits)
    }

    /// A model as an arm of the trial; on the folds it also says where rows lie in their own
    /// predictions.
    fn arm<'s>(
        &'s self,
        (k, name, placed): (usize, &str, &'s Placed),
        spec: &'s ModelSpec,
        horizons: &'s [f64],
    ) -> Arm<'s> {
        let predict = move |split: &Split, _seed: u64| {
            let fitted = fit(self.prepared, Some(&split.train), spec).map_err(|e| e.to_string())?;
            if let Some(repeat) = split.repeat {
                let spots = self.spots(&fitted.model, &split.test, horizons);
                let outside = self.outside(&fitted.model, &split.test, horizons);
                if let Ok(mut placed) = placed.lock() {
                    placed.insert((k, repeat, split.name.clone()), (spots, outside));
                }
            }
            self.risks(&fitted.model, &split.test, horizons)
        };
        Arm { name: name.to_owned(), predict: Box::new(predict) }
    }

    /// How many risks lay outside 0 to 1 before they were brought to the edge.
    fn outside(&self, model: &Model, test: &[usize], horizons: &[f64]) -> usize {
        let frame = self.prepared.frame.select(test);
        let lasted: Vec<f64> = test.iter().map(|&row| self.rows.origin[row]).collect();
        model.outside(&frame, &lasted, horizons).unwrap_or(0)
    }

    /// Where the rows that were seen from the beginning lie in their own predictions.
    fn spots(&self, model: &Model, test: &[usize], horizons: &[f64]) -> Vec<Spot> {
        let (Some(&last), outcome) = (horizons.last(), &self.rows.outcome) else {
            return Vec::new();
        };
        let early = |row: &usize| outcome.entry().is_none_or(|e| e[*row] <= 0.0);
        let test: Vec<usize> = test.iter().copied().filter(early).collect();
        let frame = self.prepared.frame.select(&test);
        let lasted: Vec<f64> = test.iter().map(|&row| self.rows.origin[row]).collect();
        let ends: Vec<f64> = test.iter().map(|&row| outcome.exit()[row].min(last)).collect();
        let at_end = model.risks_within(&frame, &lasted, &ends);
        let at_last = model.risks_within(&frame, &lasted, &vec![last; test.len()]);
        let (Ok(at_end), Ok(at_last)) = (at_end, at_last) else { return Vec::new() };
        let place = |(k, &row): (usize, &usize)| {
            let ((at, survival), (last_risk, _)) = (at_end[k]?, at_last[k]?);
            let (exit, cause) = (outcome.exit()[row], outcome.cause()[row]);
            Some(match cause {
                c if c == self.rows.cause && exit <= last => Spot::Ended { at },
                0 if exit < last => Spot::Censored { at, survival, last: last_risk },
                _ => Spot::Free { last: last_risk },
            })
        };
        test.iter().enumerate().filter_map(place).collect()
    }

    /// Fits on rows of one preparation and predicts rows of the study's.
    fn predict(
        &self,
        spec: &ModelSpec,
        training: &Prepared,
        train: Option<&[usize]>,
        test: &[usize],
        horizons: &[f64],
    ) -> Result<Risks, String> {
        let fitted = fit(training, train, spec).map_err(|error| error.to_string())?;
        self.risks(&fitted.model, test, horizons)
    }

    /// The risks of rows of the study.
    fn risks(&self, model: &Model, test: &[usize], horizons: &[f64]) -> Result<Risks, String> {
        let frame = self.prepared.frame.select(test);
        let lasted: Vec<f64> = test.iter().map(|&row| self.rows.origin[row]).collect();
        let risks = model.risks(&frame, &lasted, horizons).map_err(|e| e.to_string())?;
        Ok(risks.into_iter().map(|row| row.into_iter().map(|r| r.map(rounded)).collect()).collect())
    }

    /// The split by time: trained on what was known on the day, tested on what began from then on.
    fn time_split(
        &mut self,
        day: crate::history::Day,
        early: &Prepared,
        spec: &ModelSpec,
        horizons: &[f64],
        plan: &Plan,
    ) -> Result<Vec<SplitResult>, Error> {
        let name = format!("from {day}");
        let test: Vec<usize> = starts(self.prepared)
            .iter()
            .enumerate()
            .filter_map(|(row, start)| (*start >= day).then_some(row))
            .collect();
        if test.is_empty() || horizons.is_empty() {
            self.warnings.push(format!("no split at {day}: nothing began from then on"));
            return Ok(Vec::new());
        }
        let risks = self.predict(spec, early, None, &test, horizons);
        let split = Split { name, repeat: None, train: (0..early.len()).collect(), test };
        Ok(vec![judge_split(self.rows.view(horizons), &split, &risks, plan)?])
    }

    /// The metrics by level of each column of groups.
    fn groups(
        &self,
        findings: &Findings,
        plan: &Plan,
        horizons: &[f64],
    ) -> Result<Vec<GroupResult>, Error> {
        let rows = self.rows.view(horizons);
        let mut groups = Vec::new();
        for a in &self.attributes {
            groups.extend(by_group(rows, findings, plan, &a.column, &a.levels)?);
        }
        Ok(groups)
    }

    /// The model refitted on bootstrap samples.
    fn refits(
        &self,
        spec: &ModelSpec,
        horizons: &[f64],
        progress: &dyn Progress,
    ) -> Result<Option<Refits>, Error> {
        let replicates = self.study.evaluate.refits;
        if self.scope != Scope::Whole || horizons.is_empty() || replicates == 0 {
            return Ok(None);
        }
        let all: Vec<usize> = (0..self.prepared.len()).collect();
        let fit = |train: &[usize]| self.predict(spec, self.prepared, Some(train), &all, horizons);
        let rows = self.rows.view(horizons);
        Ok(refits(rows, &fit, replicates, self.study.seed, progress)?)
    }

    /// How well the terms tell the attributes that the model does not see.
    fn proxies(&self, plan: &Plan) -> Result<Vec<Proxy>, Error> {
        let proxies = Proxies {
            prepared: self.prepared,
            clusters: &self.rows.clusters,
            folds: self.study.evaluate.folds,
            bootstrap: plan.bootstrap,
            seed: plan.seed,
        };
        let mut all = Vec::new();
        if self.prepared.terms.is_empty() {
            return Ok(all);
        }
        for attribute in self.attributes.iter().filter(|a| a.audited) {
            all.extend(proxies.of(attribute)?);
        }
        Ok(all)
    }
}

/// Where test rows lie in their own predictions, and how many risks were none, by arm, repeat and
/// split.
type Placed = Mutex<BTreeMap<(usize, usize, String), (Vec<Spot>, usize)>>;

/// Says which arms predicted what is no probability.
fn say_outside(placed: &Placed, names: &[String], warnings: &mut Vec<String>) {
    let Ok(placed) = placed.lock() else { return };
    for (k, name) in names.iter().enumerate() {
        let own = placed.iter().filter(|((arm, ..), _)| *arm == k);
        let outside: usize = own.map(|(_, (_, outside))| outside).sum();
        if outside > 0 {
            warnings.push(format!(
                "{name} predicted {outside} risks outside 0 to 1, which are no probabilities; they \
                 count as 0 or 1, and the model should not be relied on near there"
            ));
        }
    }
}

/// The D-calibration of each arm over its repeats.
fn d_calibrations(placed: Placed, arms: usize) -> Vec<Option<DCalibration>> {
    let placed = placed.into_inner().unwrap_or_default();
    let mut repeats: Vec<BTreeMap<usize, Vec<Spot>>> = vec![BTreeMap::new(); arms];
    for ((arm, repeat, _), (spots, _)) in placed {
        if let Some(own) = repeats.get_mut(arm) {
            own.entry(repeat).or_default().extend(spots);
        }
    }
    repeats
        .into_iter()
        .map(|own| DCalibration::new(&own.into_values().collect::<Vec<_>>()))
        .collect()
}

/// How many test rows have a level of a factor that no training row of their fold has, and in how
/// many folds.
fn unseen(prepared: &Prepared, part: &Part, folds: &[Split]) -> (usize, usize) {
    let (codes, levels): (Vec<u32>, usize) = match (prepared.frame.get(part.column()), part) {
        (Some(Values::Level { codes, levels }), _) => (codes.clone(), levels.len()),
        (Some(Values::Number(v)), Part::Factor(_)) => {
            let mut distinct: Vec<f64> = v.iter().copied().filter(|v| !v.is_nan()).collect();
            distinct.sort_unstable_by(f64::total_cmp);
            distinct.dedup();
            let code = |v: &f64| match v.is_nan() {
                true => Values::MISSING,
                false => distinct.partition_point(|d| d < v) as u32,
            };
            (v.iter().map(code).collect(), distinct.len())
        }
        _ => return (0, 0),
    };
    let (mut rows, mut touched) = (0, 0);
    for fold in folds {
        let mut seen = vec![false; levels];
        for &row in &fold.train {
            seen.get_mut(codes[row] as usize).into_iter().for_each(|s| *s = true);
        }
        let unseen = |row: &&usize| seen.get(codes[**row] as usize) == Some(&false);
        let count = fold.test.iter().filter(unseen).count();
        rows += count;
        touched += usize::from(count > 0);
    }
    (rows, touched)
}

/// The rows of the largest group.
fn largest(groups: &[u32]) -> usize {
    let mut sorted = groups.to_vec();
    sorted.sort_unstable();
    sorted.chunk_by(|a, b| a == b).map(<[u32]>::len).max().unwrap_or(0)
}

/// Our own models compute risks to the last bit or two; a foreign excess is not theirs.
fn rounded(risk: f64) -> f64 {
    if (-1e-9..=1.0 + 1e-9).contains(&risk) { risk.clamp(0.0, 1.0) } else { risk }
}
