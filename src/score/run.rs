//! Scoring: every running placement of a day, as it was known on that day.

use super::note::Note;
use super::notes::{NoteSettings, guideline, safety};
use super::result::{Reason, Risk, ScoreResult, StayScore};
use super::words;
use crate::features::{AsOf, Term, known};
use crate::history::{Day, History, Index};
use crate::model::{Contribution, Model, Prediction, PredictionNote, TimeUnit};
use crate::outcome::{Definition, Spell, Unit, spells};
use crate::progress::{Progress, Silent};
use crate::{Error, ErrorKind};

/// The risk ahead of every foster placement that runs on `as_of`, given that it has lasted until
/// then. Nothing that became known later is read. With `research` a model that is not stamped
/// usable, or has expired, is allowed, and the answer carries a banner.
///
/// # Errors
/// [`ErrorKind::Refused`] for a model that may not be used; [`ErrorKind::Usage`] for a model of a
/// flat table or of a definition that follows children instead of placements.
pub fn score(
    model: &Model,
    history: &History,
    index: &Index,
    as_of: Day,
    research: bool,
) -> Result<ScoreResult, Error> {
    score_with_progress(model, history, index, as_of, research, &Silent)
}

/// As [`score`], telling `progress` of the placements that are done.
///
/// # Errors
/// As [`score`].
pub fn score_with_progress(
    model: &Model,
    history: &History,
    index: &Index,
    as_of: Day,
    research: bool,
    progress: &dyn Progress,
) -> Result<ScoreResult, Error> {
    model.usable_for(as_of, research)?;
    let definition = definition(model)?;
    let running: Vec<Spell> = spells(history, index, &definition, Some(as_of))
        .into_iter()
        .filter(|s| s.running && s.start <= as_of)
        .collect();
    let lasted: Vec<f64> = running.iter().map(|s| f64::from(as_of.since(s.start))).collect();
    let asked: Vec<AsOf> = running
        .iter()
        // Before the first landmark the model abstains, whatever is read.
        .map(|s| AsOf::spell(history, s, model.features_on(s.start, as_of).unwrap_or(s.start)))
        .collect();
    let frame = model.frame(history, index, &asked)?;
    let predictions = model.predict_with_progress(&frame, &lasted, &model.horizons(), progress)?;
    let settings = NoteSettings::default();
    let mut stays: Vec<StayScore> = running
        .iter()
        .zip(&lasted)
        .zip(predictions)
        .map(|((spell, &lasted), p)| {
            let stay = history.stay(spell.stay);
            let notes = guideline(history, index, spell.child, stay.perspective, as_of, &settings);
            StayScore { guideline: notes, ..stay_score(&stay.id, lasted, p) }
        })
        .collect();
    stays.sort_by(|a, b| a.stay.cmp(&b.stay));
    Ok(ScoreResult {
        schema: 1,
        as_of,
        model: model.sha256(),
        banner: banner(model, as_of),
        safety: safety(),
        reasons_on: model.reasons_on(),
        stays,
    })
}

/// The outcome definition of a model that scores placements.
///
/// # Errors
/// [`ErrorKind::Usage`] where the model is of something else.
pub(crate) fn definition(model: &Model) -> Result<Definition, Error> {
    let about = model.about();
    let of_placements =
        about.definition.as_ref().filter(|d| d.unit == Unit::Stay && about.unit == TimeUnit::Days);
    of_placements.cloned().ok_or_else(|| {
        Error::new(ErrorKind::Usage, "this model does not give the risk of a placement")
            .with_hint("train on a history with a definition that follows placements")
    })
}

/// The words that stand on every output of a model that is used for research only.
pub(crate) fn banner(model: &Model, as_of: Day) -> Option<Note> {
    model.usable_for(as_of, false).err().map(|why| {
        Note::new(
            "research_only",
            "Alleen voor onderzoek. Dit model is niet goedgekeurd voor gebruik. Neem met deze \
             uitkomsten geen beslissing over een kind of een gezin.",
            format!(
                "For research only: {why}. Take no decision about a child or a family from these \
                 results."
            ),
        )
    })
}

/// A prediction in the words of the contract.
fn stay_score(id: &str, lasted: f64, p: Prediction) -> StayScore {
    let reasons = reasons(&p.contributions, &imputed(&p.notes));
    let mut unknown: Vec<Note> = p.notes.iter().map(words::note).collect();
    let (risk, abstained) = match p.risks {
        Ok(risks) => (Some(risks.into_iter().map(Risk::from).collect()), None),
        Err(why) => {
            // Why there is no number at all says it for every horizon.
            unknown.retain(|note| note.code != words::NO_HORIZON);
            unknown.insert(0, words::abstention(&why));
            (None, Some(why.to_string()))
        }
    };
    StayScore {
        stay: id.to_owned(),
        risk,
        abstained,
        reasons,
        guideline: Vec::new(),
        lasted,
        support: p.support,
        unknown,
    }
}

/// The columns that were filled in.
pub(crate) fn imputed(notes: &[PredictionNote]) -> Vec<&str> {
    notes
        .iter()
        .filter_map(|note| match note {
            PredictionNote::Imputed { column } => Some(column.as_str()),
            _ => None,
        })
        .collect()
}

/// What terms add: changeable ones first, then by size. `imputed` are the columns that are not
/// known.
pub(crate) fn reasons(contributions: &[Contribution], imputed: &[&str]) -> Vec<Reason> {
    let mut all: Vec<Reason> = contributions.iter().map(|c| reason(c, imputed)).collect();
    all.sort_by(|a, b| {
        let size = |r: &Reason| r.contribution.abs();
        b.changeable.cmp(&a.changeable).then(size(b).total_cmp(&size(a)))
    });
    all
}

fn reason(c: &Contribution, imputed: &[&str]) -> Reason {
    // The indicator of a missing value says something of what is written down, not of the child.
    let indicator = c.term.ends_with("=missing");
    let columns: Vec<String> = Term::parse_all(&[&c.term])
        .map(|terms| terms.iter().flat_map(|t| t.columns()).map(str::to_owned).collect())
        .unwrap_or_default();
    let features: Vec<_> = columns.iter().filter_map(|c| known(c)).collect();
    let label = (!features.is_empty()).then(|| {
        let join = |of: fn(&crate::features::Feature) -> &'static str, and: &str| {
            features.iter().map(|f| of(f)).collect::<Vec<_>>().join(and)
        };
        Note::new(
            c.term.clone(),
            join(|f| f.label_nl, ", samen met "),
            join(|f| f.label_en, ", together with "),
        )
    });
    Reason {
        term: c.term.clone(),
        contribution: c.value,
        changeable: features.iter().any(|f| f.changeable),
        label,
        known: !indicator && !columns.iter().any(|c| imputed.contains(&c.as_str())),
    }
}
