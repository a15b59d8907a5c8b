//! The rows of a flat table of anything.

use std::collections::BTreeMap;

use super::{beside_terms, cluster_names, codes, imputation, options, terms};
use crate::features::{Frame, Values};
use crate::model::ModelError;
use crate::model::findings::feature_findings;
use crate::model::fit::{nearest, no_column};
use crate::model::prepared::{Prepared, TimeUnit};
use crate::model::priors;
use crate::model::study::{DataSpec, Study, TableSpec};
use crate::survival::Outcome;

/// A label of fewer rows is not shown in a message.
const SHOWN: usize = 3;
/// The name of the cause where the event column holds 0 and 1.
const EVENT: &str = "event";

/// As [`super::prepare`], for a table in memory.
///
/// # Errors
/// As [`super::prepare`].
pub fn prepare_table(study: &Study, frame: Frame) -> Result<Prepared, ModelError> {
    let DataSpec::Table(spec) = &study.data else {
        let what = "the study names a history, not a table";
        return Err(ModelError::usage(what, "set data.table, data.exit and data.event"));
    };
    let terms = terms(study)?;
    let of_terms = terms.iter().flat_map(|t| t.columns()).map(|c| ("features.terms", c));
    let clusters = cluster_names(study);
    let grouped = clusters.iter().map(|c| ("model.cluster (or frailty)", *c));
    let id = spec.id.as_deref().map(|c| ("data.id", c));
    for (role, name) in of_terms.chain(beside_terms(study)).chain(grouped).chain(id) {
        if frame.get(name).is_none() {
            return Err(no_column(&frame, name, role));
        }
    }
    weights(study, &frame)?;
    let mut notes = Vec::new();
    let (rows, times) = timed_rows(&frame, spec, &mut notes)?;
    let frame = if rows.len() == frame.len() { frame } else { frame.select(&rows) };
    let (causes, names) = causes(&frame, spec)?;
    let outcome = outcome(times, causes, names, &rows)?;
    let cause = cause(study, &outcome)?;
    let mut groups = BTreeMap::new();
    for name in clusters.into_iter().chain(spec.id.as_deref()) {
        if let Some(values) = frame.get(name) {
            groups.insert(name.to_owned(), group(values));
        }
    }
    let mut prepared = Prepared {
        title: study.title.clone(),
        seed: study.seed,
        frame,
        outcome,
        cause,
        unit: TimeUnit::Own,
        horizons: study.outcome.horizons.clone(),
        landmarks: Vec::new(),
        landmark: None,
        days: None,
        stays: None,
        table_rows: Some(rows),
        groups,
        id: spec.id.clone(),
        terms,
        options: options(study),
        imputation: imputation(study),
        definition: None,
        window: None,
        priors: priors::read_all(study)?,
        findings: Vec::new(),
        notes,
    };
    prepared.findings = feature_findings(study, None, &prepared);
    Ok(prepared)
}

/// Refuses weights that no model can use: a fault of the data, whatever a study asks of them.
fn weights(study: &Study, frame: &Frame) -> Result<(), ModelError> {
    for (role, name) in beside_terms(study).into_iter().filter(|(r, _)| *r == "model.weights") {
        let Some(Values::Number(weights)) = frame.get(name) else { continue };
        if let Some(row) = weights.iter().position(|w| *w <= 0.0) {
            let what = format!(
                "{role}: the weight of data row {} (the header not counted) is not above zero",
                row + 1
            );
            return Err(ModelError::data(what, "mend the weight, or leave the row out"));
        }
    }
    Ok(())
}

/// Entry (where there is one) and exit of the rows that are used.
type Times = (Option<Vec<f64>>, Vec<f64>);

/// The rows whose times and end are known, and their times.
fn timed_rows(
    frame: &Frame,
    spec: &TableSpec,
    notes: &mut Vec<String>,
) -> Result<(Vec<usize>, Times), ModelError> {
    let exit = times(frame, &spec.exit, "data.exit")?;
    let entry = spec.entry.as_ref().map(|e| times(frame, e, "data.entry")).transpose()?;
    let event =
        frame.get(&spec.event).ok_or_else(|| no_column(frame, &spec.event, "data.event"))?;
    let known = |&r: &usize| {
        !exit[r].is_nan() && !entry.is_some_and(|e| e[r].is_nan()) && !event.is_missing(r)
    };
    let rows: Vec<usize> = (0..frame.len()).filter(known).collect();
    let left_out = frame.len() - rows.len();
    if rows.is_empty() {
        let what = if frame.is_empty() {
            "the table has no rows".to_owned()
        } else {
            format!("every one of {left_out} rows lacks its time or its end")
        };
        return Err(ModelError::data(what, "check data.exit, data.event and data.entry"));
    }
    if left_out > 0 {
        notes.push(format!("{left_out} rows without a time or an end were left out"));
    }
    let pick = |v: &[f64]| rows.iter().map(|&r| v[r]).collect();
    let times = (entry.map(pick), pick(exit));
    Ok((rows, times))
}

fn times<'f>(frame: &'f Frame, name: &str, role: &'static str) -> Result<&'f [f64], ModelError> {
    match frame.get(name) {
        Some(Values::Number(v)) => Ok(v),
        Some(Values::Level { .. }) => Err(ModelError::data(
            format!("{role}: column \"{name}\" holds words where times are needed"),
            "give numbers; look for a stray word or a wrong decimal mark",
        )),
        None => Err(no_column(frame, name, role)),
    }
}

/// The outcome; an error names the row of the table as an editor counts its data lines.
fn outcome(
    (entry, exit): Times,
    causes: Vec<u32>,
    names: Vec<String>,
    rows: &[usize],
) -> Result<Outcome, ModelError> {
    use crate::survival::SampleError::Order;
    Outcome::new(entry, exit, causes, names).map_err(|e| match e {
        Order { row, entry, exit } => ModelError::data(
            format!(
                "data row {} of the table (the header not counted): entry ({entry}) is not before \
                 exit ({exit})",
                rows.get(row).map_or(row, |r| r + 1)
            ),
            "a row must last: mend its times, or leave it out",
        ),
        other => other.into(),
    })
}

/// The cause of each row (0 = censored), and the names of the causes.
fn causes(frame: &Frame, spec: &TableSpec) -> Result<(Vec<u32>, Vec<String>), ModelError> {
    let values =
        frame.get(&spec.event).ok_or_else(|| no_column(frame, &spec.event, "data.event"))?;
    if let (Values::Number(v), None) = (values, &spec.censored) {
        if v.iter().any(|e| *e != 0.0 && *e != 1.0) {
            return Err(ModelError::usage(
                format!("data.event: column \"{}\" holds more than 0 and 1", spec.event),
                "say which value means censored: censored = \"0\" in [data]",
            ));
        }
        return Ok((v.iter().map(|&e| e as u32).collect(), vec![EVENT.to_owned()]));
    }
    let words: Vec<String> = match values {
        Values::Number(v) => v.iter().map(|e| format!("{}", e + 0.0)).collect(),
        Values::Level { codes, levels } => {
            let word = |&c: &u32| levels.get(c as usize).cloned().unwrap_or_default();
            codes.iter().map(word).collect()
        }
    };
    let mut names = words.clone();
    names.sort_unstable();
    // A label of a few rows may be an id or a name: the column may not be what the study thinks.
    let shared: Vec<&str> = names
        .chunk_by(|a, b| a == b)
        .filter_map(|rows| (rows.len() >= SHOWN).then_some(rows[0].as_str()))
        .collect();
    let shared = if shared.is_empty() { "rare ones only".into() } else { shared.join(", ") };
    names.dedup();
    if names.len() > 50 {
        let what = format!("data.event: column \"{}\" has {} labels", spec.event, names.len());
        return Err(ModelError::usage(what, "an event column has a label per kind of end"));
    }
    let Some(censored) = &spec.censored else {
        return Err(ModelError::usage(
            format!("data.event: column \"{}\" holds labels: {shared}", spec.event),
            "say which of them means censored: censored = \"LABEL\" in [data]",
        ));
    };
    if !names.contains(censored) {
        let near = nearest(censored, names.iter());
        return Err(ModelError::usage(
            format!("data.censored: no row of \"{}\" is labelled {censored:?}", spec.event),
            near.filter(|n| shared.contains(n.as_str()))
                .map_or_else(|| format!("labels are {shared}"), |n| format!("did you mean {n:?}?")),
        ));
    }
    names.retain(|n| n != censored);
    if names.is_empty() {
        let what = format!("data.event: every row of \"{}\" is censored", spec.event);
        return Err(ModelError::data(what, "without events there is nothing to learn"));
    }
    let code = |w: &String| names.binary_search(w).map_or(0, |k| k as u32 + 1);
    Ok((words.iter().map(code).collect(), names))
}

/// The number of the cause that is asked; a single cause need not be named.
fn cause(study: &Study, outcome: &Outcome) -> Result<u32, ModelError> {
    let causes = outcome.causes();
    match &study.model.cause {
        None if causes.len() == 1 => Ok(1),
        None => Err(ModelError::usage(
            format!("the events have {} causes, and model.cause names none", causes.len()),
            format!("set model.cause to one of {}", causes.join(", ")),
        )),
        Some(name) => outcome.cause_number(name).ok_or_else(|| {
            ModelError::usage(
                format!("model.cause: there is no cause {name:?}"),
                format!("choose one of {}", causes.join(", ")),
            )
        }),
    }
}

/// A code per distinct value; each missing value is its own.
fn group(values: &Values) -> Vec<u32> {
    match values {
        Values::Number(v) => {
            // Adding 0 makes a negative zero a plain one.
            codes(v.iter().map(|x| (!x.is_nan()).then(|| (x + 0.0).to_bits())))
        }
        Values::Level { codes: levels, .. } => {
            codes(levels.iter().map(|&c| (c != Values::MISSING).then_some(c)))
        }
    }
}
