//! The metrics within groups of rows: does the model serve each of them?

use std::collections::BTreeMap;

use crate::progress::Silent;

use super::summary::Pool;
use super::trial::{Findings, Plan, Rows};
use super::{EvaluateError, GroupResult, Observed, Predicted, Summary};

/// Fewer events than this say nothing about a group.
pub const FEWEST_EVENTS: usize = 10;

/// Judges the first arm of a trial within each level of a column, on the same held-out
/// predictions. Censoring weights are estimated within the level.
///
/// `levels` has a level per row of the trial; rows without one are left out. A level with fewer
/// than ten events by the last horizon gets no numbers and is said to have too little data, which
/// is never "fine".
///
/// # Errors
/// Another number of levels than rows.
pub fn by_group(
    rows: Rows<'_>,
    findings: &Findings,
    plan: &Plan,
    column: &str,
    levels: &[Option<String>],
) -> Result<Vec<GroupResult>, EvaluateError> {
    if levels.len() != rows.outcome.len() {
        let (found, expected) = (levels.len(), rows.outcome.len());
        return Err(EvaluateError::Length { what: column.to_owned(), found, expected });
    }
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, &row) in findings.rows.iter().enumerate() {
        if let Some(level) = &levels[row] {
            places.entry(level).or_default().push(place);
        }
    }
    places
        .into_iter()
        .map(|(level, places)| {
            let members: Vec<usize> = places.iter().map(|&place| findings.rows[place]).collect();
            let last = rows.horizons.last().copied().unwrap_or(f64::INFINITY);
            let hit = |&&row: &&usize| {
                rows.outcome.cause()[row] == rows.cause && rows.outcome.exit()[row] <= last
            };
            let events = members.iter().filter(hit).count();
            let too_little_data = events < FEWEST_EVENTS;
            let summary = if too_little_data {
                Summary::new()
            } else {
                summary(rows, findings, plan, &places, &members)?
            };
            Ok(GroupResult {
                column: column.to_owned(),
                level: level.to_owned(),
                n: members.len(),
                events,
                summary,
                too_little_data,
            })
        })
        .collect()
}

/// The metrics of the members, who stand at these places of the pooled predictions.
fn summary(
    rows: Rows<'_>,
    findings: &Findings,
    plan: &Plan,
    places: &[usize],
    members: &[usize],
) -> Result<Summary, EvaluateError> {
    let outcome = rows.outcome.of_rows(members);
    let observed = Observed::new(&outcome, rows.cause, rows.horizons)?;
    let pick = |risks: &Vec<f64>| places.iter().map(|&place| risks[place]).collect();
    let predicted = findings
        .pooled
        .iter()
        .zip(&findings.fold)
        .map(|(horizons, fold)| {
            let fold = places.iter().map(|&place| fold[place]).collect();
            Predicted::new(&observed, horizons.iter().map(pick).collect())?.by_fit(fold)
        })
        .collect::<Result<Vec<_>, EvaluateError>>()?;
    let clusters: Vec<u32> = members.iter().map(|&row| rows.clusters[row]).collect();
    let pool = Pool::new(&observed, vec![predicted], &[])?;
    let measured = pool.measure(&clusters, plan.bootstrap, plan.seed, &Silent)?;
    Ok(measured.models.into_iter().next().map(|m| m.summary).unwrap_or_default())
}
