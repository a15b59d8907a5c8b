//! Several events of one subject, laid side by side: which rows are at risk of which event, on
//! which clock.
//!
//! The clock of Andersen–Gill, of PWP in total time and of WLW runs from the table's time 0, and in
//! a history from the start of the child's first placement. The clock of PWP in gap time runs
//! from where a row enters after an end; in a history it is the placement's own.

use crate::model::ModelError;
use crate::model::prepared::Prepared;
use crate::model::study::{Repeated, RepeatedSpec};
use crate::survival::Outcome;

/// The feature that counts what came before a history's records.
pub(crate) const BEFORE: &str = "prior_breakdowns";

/// The rows of a sample.
pub(super) struct Repeats {
    /// The place of each among the rows that were given.
    pub(super) at: Vec<usize>,
    /// The number of the event that each is at risk of, where baselines differ by it.
    pub(super) number: Option<Vec<u32>>,
    pub(super) outcome: Outcome,
    /// Rows whose earlier breakdowns nobody recorded.
    pub(super) uncounted: usize,
}

/// One row on its subject's way.
#[derive(Clone, Copy, Default)]
struct Step {
    /// The event that it is at risk of: 1, 2, …
    number: u32,
    /// From its own clock to the clock since the beginning.
    shift: f64,
    /// Where the clock of gaps starts, on its own clock.
    start: f64,
    /// Whether the number counts from the first that was observed, since earlier ones are unknown.
    uncounted: bool,
}

/// Lays these rows of a study side by side.
pub(super) fn lay(
    prepared: &Prepared,
    rows: &[usize],
    spec: RepeatedSpec,
) -> Result<Repeats, ModelError> {
    let steps = steps(prepared)?;
    let y = &prepared.outcome;
    let asked = prepared.cause;
    let ends = |r: usize| y.cause()[r] == asked;
    let last = rows.iter().filter(|&&r| ends(r)).map(|&r| steps[r].number).max().unwrap_or(1);
    let upto = match spec.method {
        Repeated::AndersenGill => u32::MAX,
        Repeated::PwpTotal | Repeated::PwpGap => spec.upto.unwrap_or(u32::MAX),
        Repeated::Wlw => spec.upto.map_or(last, |upto| upto.min(last)),
    };
    let (mut at, mut number) = (Vec::new(), Vec::new());
    let (mut entry, mut exit, mut cause) = (Vec::new(), Vec::new(), Vec::new());
    for (k, &r) in rows.iter().enumerate() {
        let step = steps[r];
        let by = if spec.method == Repeated::PwpGap { -step.start } else { step.shift };
        let times = if spec.method == Repeated::Wlw {
            step.number..=upto
        } else {
            step.number..=step.number
        };
        for event in times.filter(|&event| event <= upto) {
            at.push(k);
            number.push(event);
            entry.push(y.entry().map_or(0.0, |e| e[r]) + by);
            exit.push(y.exit()[r] + by);
            // Whoever has the first event goes on being at risk of the second.
            cause.push(if event == step.number { y.cause()[r] } else { 0 });
        }
    }
    if at.is_empty() {
        return Err(ModelError::TooFew(format!(
            "no row is at risk of an event up to the {upto}th"
        )));
    }
    let uncounted = rows.iter().filter(|&&r| steps[r].uncounted).count();
    let outcome = Outcome::new(Some(entry), exit, cause, y.causes().to_vec())?;
    let number = (spec.method != Repeated::AndersenGill).then_some(number);
    Ok(Repeats { at, number, outcome, uncounted })
}

/// Every row of a study on its subject's way. It depends on no choice of rows, so that folds and
/// bootstraps number the events alike.
fn steps(prepared: &Prepared) -> Result<Vec<Step>, ModelError> {
    let subject = prepared.id.as_deref().unwrap_or("child");
    let Some(codes) = prepared.groups.get(subject) else {
        let what = "model.repeated: there is no column that tells the subjects apart";
        return Err(ModelError::usage(what, "set data.id to the column of the subject"));
    };
    let y = &prepared.outcome;
    let entry = |r: usize| y.entry().map_or(0.0, |e| e[r]);
    let days = prepared.days.as_deref();
    let day = |r: usize| days.map(|d| d[r]);
    let mut order: Vec<usize> = (0..prepared.len()).collect();
    order.sort_by(|&a, &b| {
        let by_time = || entry(a).total_cmp(&entry(b)).then(y.exit()[a].total_cmp(&y.exit()[b]));
        codes[a].cmp(&codes[b]).then(day(a).cmp(&day(b))).then_with(by_time).then(a.cmp(&b))
    });
    let before = before(prepared);
    let mut steps = vec![Step::default(); prepared.len()];
    for rows in order.chunk_by(|&a, &b| codes[a] == codes[b]) {
        let (mut events, mut start) = (0, entry(rows[0]));
        for (k, &r) in rows.iter().enumerate() {
            let previous = k.checked_sub(1).map(|k| rows[k]);
            if prepared.days.is_none() {
                if previous.is_some_and(|p| entry(r) < y.exit()[p]) {
                    return Err(overlap(previous.unwrap_or(r), r));
                }
                if previous.is_some_and(|p| y.cause()[p] != 0) {
                    start = entry(r);
                }
            } else {
                start = 0.0;
            }
            let known = before.as_ref().and_then(|b| b[r]);
            steps[r] = Step {
                number: 1 + known.unwrap_or(events),
                shift: days.map_or(0.0, |d| f64::from(d[r].since(d[rows[0]]))),
                start,
                uncounted: before.is_some() && known.is_none(),
            };
            events += u32::from(y.cause()[r] == prepared.cause);
        }
    }
    Ok(steps)
}

fn overlap(a: usize, b: usize) -> ModelError {
    let (a, b) = (a.min(b) + 1, a.max(b) + 1);
    let what = format!(
        "model.repeated: rows {a} and {b} of those used are of one subject and overlap in time"
    );
    let repair = "a subject is in one place at a time: give each row its entry (data.entry), or mend the times";
    ModelError::data(what, repair)
}

/// The breakdowns before each placement of a history, where the study asks for breakdowns.
fn before(prepared: &Prepared) -> Option<Vec<Option<u32>>> {
    use crate::features::Values;
    let name = prepared.outcome.causes().get(prepared.cause as usize - 1)?;
    if name != crate::outcome::Cause::Breakdown.name() || prepared.days.is_none() {
        return None;
    }
    match prepared.frame.get(BEFORE)? {
        Values::Number(v) => Some(v.iter().map(|n| (*n >= 0.0).then_some(*n as u32)).collect()),
        Values::Level { .. } => None,
    }
}
