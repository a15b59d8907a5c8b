//! The rows of a history: spells, their features at the start or at landmarks.

use std::collections::BTreeMap;

use super::{beside_terms, cluster_names, codes, imputation, options, terms};
use crate::features::{AsOf, compute_with_progress, feature};
use crate::history::{Day, History, Index};
use crate::model::ModelError;
use crate::model::findings::feature_findings;
use crate::model::fit::BEFORE;
use crate::model::prepared::{Prepared, TimeUnit};
use crate::model::priors;
use crate::model::study::{At, Span, Study};
use crate::outcome::{Definition, Spell, spells_and_tally, to_outcome};
use crate::progress::{Progress, Silent};

/// What a history groups rows by.
const GROUPS: [&str; 3] = ["child", "family", "provider"];
/// A column that is always there, so that a frame knows its rows.
pub(crate) const CARRIER: &str = "setting";

/// As [`super::prepare`], for a history in memory.
///
/// # Errors
/// As [`super::prepare`].
pub fn prepare_history(
    study: &Study,
    history: &History,
    index: &Index,
    known_at: Option<Day>,
    definition: Option<&Definition>,
) -> Result<Prepared, ModelError> {
    with_progress(study, history, index, known_at, definition, &Silent)
}

/// As [`prepare_history`], telling `progress` of the rows whose features are built.
pub(super) fn with_progress(
    study: &Study,
    history: &History,
    index: &Index,
    known_at: Option<Day>,
    definition: Option<&Definition>,
    progress: &dyn Progress,
) -> Result<Prepared, ModelError> {
    let definition = definition.or(study.outcome.definition.as_ref()).cloned().unwrap_or_default();
    let landmarks = match &study.features.at {
        At::Start => Vec::new(),
        At::Landmarks(marks) => marks.clone(),
    };
    let terms = terms(study)?;
    let mut names: Vec<&str> = vec![CARRIER];
    let of_terms = terms.iter().flat_map(|t| t.columns()).map(|c| ("features.terms", c));
    for (role, name) in of_terms.chain(beside_terms(study)) {
        known_feature(role, name, landmarks.is_empty())?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let counts = std::iter::once(&study.model).chain(study.compare.iter().map(|c| &c.spec));
    if counts.into_iter().any(|s| s.repeated.is_some()) && !names.contains(&BEFORE) {
        names.push(BEFORE);
    }
    if let Some(name) = cluster_names(study).into_iter().find(|n| !GROUPS.contains(n)) {
        let nearest = crate::history::nearest(name, GROUPS).map(str::to_owned);
        return Err(ModelError::Column {
            role: "model.cluster (or frailty)",
            name: name.into(),
            nearest,
        });
    }
    let (all, tally) = spells_and_tally(history, index, &definition, known_at);
    let (spells, marks) = at_landmarks(all, &landmarks);
    if spells.is_empty() {
        let what = format!("no spell under the definition {}", definition.name.name());
        let repair = "widen the window, or choose another definition or nearer landmarks";
        return Err(ModelError::data(what, repair));
    }
    let days: Vec<Day> = spells.iter().zip(&marks).map(|(s, &m)| day(s, &landmarks, m)).collect();
    let asked: Vec<AsOf> =
        spells.iter().zip(&days).map(|(s, &d)| AsOf::spell(history, s, d)).collect();
    let frame = compute_with_progress(history, index, &definition, &asked, &names, progress)?;
    let outcome = to_outcome(&spells)?;
    let cause = study.model.cause.as_deref().unwrap_or("breakdown");
    let cause = outcome.cause_number(cause).ok_or_else(|| {
        let known = outcome.causes().join(", ");
        ModelError::usage(
            format!("model.cause: there is no cause {cause:?}"),
            format!("choose one of {known}"),
        )
    })?;
    let groups = BTreeMap::from([
        ("child".to_owned(), codes(spells.iter().map(|s| Some(s.child)))),
        ("family".to_owned(), codes(spells.iter().map(|s| s.family))),
        ("provider".to_owned(), codes(spells.iter().map(|s| s.provider))),
    ]);
    let mut notes = Vec::new();
    let mut note = |count: u64, what: &str| {
        if count > 0 {
            notes.push(format!("{count} {what}"));
        }
    };
    note(tally.entered_late, "spells began before the window and enter late");
    note(tally.lost, "spells are censored at an administrative end without a follow-up");
    note(tally.other_perspective, "placements do not have the perspective that is asked for");
    let mut prepared = Prepared {
        title: study.title.clone(),
        seed: study.seed,
        frame,
        cause,
        unit: TimeUnit::Days,
        horizons: study.outcome.horizons.clone(),
        landmark: (!landmarks.is_empty()).then_some(marks),
        landmarks,
        days: Some(days),
        stays: Some(spells.iter().map(|s| s.stay).collect()),
        table_rows: None,
        groups,
        id: None,
        terms,
        options: options(study),
        imputation: imputation(study),
        definition: Some(definition),
        window: Some(history.window),
        priors: priors::read_all(study)?,
        findings: Vec::new(),
        notes,
        outcome,
    };
    prepared.findings = feature_findings(study, Some(history), &prepared);
    Ok(prepared)
}

/// Checks that a name is a feature, and one that has a value at the start where that is asked.
fn known_feature(role: &'static str, name: &str, at_start: bool) -> Result<(), ModelError> {
    let found = feature(name).map_err(|e| match e {
        crate::features::FeatureError::Unknown { name, nearest, .. } => {
            ModelError::Column { role, name, nearest }
        }
        other => other.into(),
    })?;
    if at_start && found.landmark_only {
        let what = format!("{role}: {name} has a value only after the start of a placement");
        let repair = "set features.landmark = [\"3 months\", …], or drop the term";
        return Err(ModelError::usage(what, repair));
    }
    Ok(())
}

/// Each spell once, or once for every landmark that it reached.
fn at_landmarks(spells: Vec<Spell>, landmarks: &[Span]) -> (Vec<Spell>, Vec<u32>) {
    if landmarks.is_empty() {
        let marks = vec![0; spells.len()];
        return (spells, marks);
    }
    let mut stacked = Vec::new();
    for spell in &spells {
        for (l, mark) in landmarks.iter().enumerate() {
            stacked.extend(spell.after(mark.length).map(|s| (s, l as u32)));
        }
    }
    stacked.into_iter().unzip()
}

/// The day on which the features of a row are read: the landmark counts whole days.
fn day(spell: &Spell, landmarks: &[Span], mark: u32) -> Day {
    let after = landmarks.get(mark as usize).map_or(0.0, |m| m.length.floor());
    spell.start.plus_days(after as i32)
}
