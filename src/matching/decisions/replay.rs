//! Computing anew every number that was shown for a decision.

use serde_json::Value;

use super::record::{Decision, Plan, value};
use crate::Error;
use crate::history::{History, Index};
use crate::matching::assign::Effort;
use crate::matching::{MatchOptions, MatchResult, Rules, match_requests_with_progress};
use crate::model::Model;
use crate::progress::Progress;
use crate::score::Note;

/// Something that is now another than was shown.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Difference {
    /// The decision, from 1.
    pub record: u64,
    /// Where, as the keys of the answer lead to it; `model` and `request` for the whole.
    pub path: String,
    /// The number that was shown, where it is one.
    pub was: Option<f64>,
    /// The number now, where it is one.
    pub now: Option<f64>,
    /// In words.
    pub what: Note,
}

/// What came of a replay.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Replayed {
    /// The version of this contract.
    pub schema: u32,
    /// Decisions in the log.
    pub records: u64,
    /// Decisions whose model is at hand, and that were computed anew.
    pub replayed: u64,
    /// Numbers that were compared.
    pub numbers: u64,
    /// Decisions that were made on other files of the history than these; their numbers should be
    /// the same all the same, where what became known later says so.
    pub other_history: u64,
    /// Whether all were replayed and nothing differs.
    pub same: bool,
    /// What differs, the first hundred of each decision.
    pub differences: Vec<Difference>,
}

/// As many differences of one decision are listed.
const LISTED: usize = 100;

/// Computes every number of the decisions anew, with the model and history they were made with.
///
/// # Errors
/// As [`match_requests_with_progress`], and where the rules of a record are no rules.
pub fn replay(
    decisions: &[Decision],
    model: &Model,
    history: &History,
    index: &Index,
    history_sha256: &str,
    progress: &dyn Progress,
) -> Result<Replayed, Error> {
    let mut out = Replayed {
        schema: 1,
        records: decisions.len() as u64,
        replayed: 0,
        numbers: 0,
        other_history: 0,
        same: true,
        differences: Vec::new(),
    };
    let model_sha256 = model.sha256();
    // Decisions of one day follow one another: the match of a day is made once.
    let mut known: Option<(&Decision, MatchResult)> = None;
    for (k, decision) in decisions.iter().enumerate() {
        let record = k as u64 + 1;
        out.other_history += u64::from(decision.shown_by.history != history_sha256);
        if decision.shown_by.model != model_sha256 {
            out.differences.push(whole(record, "model", other_model()));
            continue;
        }
        let same_ask = |d: &Decision| d.as_of == decision.as_of && d.shown_by == decision.shown_by;
        if !known.as_ref().is_some_and(|(d, _)| same_ask(d)) {
            let options = MatchOptions {
                rules: Rules::parse(&decision.shown_by.rules)?,
                effort: Effort(decision.shown_by.effort),
                research: decision.shown_by.research,
                worth: decision.shown_by.worth,
                variants: decision.shown_by.variants,
            };
            let day = decision.as_of;
            let made =
                match_requests_with_progress(model, history, index, day, &options, progress)?;
            known = Some((decision, made));
        }
        let Some((_, result)) = &known else { continue };
        out.replayed += 1;
        let Some(request) = result.requests.iter().find(|r| r.request == decision.request) else {
            out.differences.push(whole(record, "request", not_open()));
            continue;
        };
        let mut found = Compare { record, numbers: 0, list: Vec::new() };
        found.compare("shown", &decision.shown, &value(request)?);
        found.compare("plan", &decision.plan, &value(&Plan::of(result, decision.shown_by.worth))?);
        out.numbers += found.numbers;
        out.differences.extend(found.list.into_iter().take(LISTED));
    }
    out.same = out.differences.is_empty();
    Ok(out)
}

struct Compare {
    record: u64,
    numbers: u64,
    list: Vec<Difference>,
}

impl Compare {
    fn compare(&mut self, path: &str, was: &Value, now: &Value) {
        match (was, now) {
            (Value::Object(a), Value::Object(b)) => {
                for (key, x) in a {
                    self.compare(&format!("{path}.{key}"), x, b.get(key).unwrap_or(&Value::Null));
                }
                for key in b.keys().filter(|&key| !a.contains_key(key)) {
                    self.differ(&format!("{path}.{key}"), None, None);
                }
            }
            (Value::Array(a), Value::Array(b)) => {
                if a.len() != b.len() {
                    self.differ(path, Some(a.len() as f64), Some(b.len() as f64));
                }
                for (k, (x, y)) in a.iter().zip(b).enumerate() {
                    self.compare(&format!("{path}[{k}]"), x, y);
                }
            }
            (Value::Number(a), Value::Number(b)) => {
                self.numbers += 1;
                if a.as_f64().map(f64::to_bits) != b.as_f64().map(f64::to_bits) {
                    self.differ(path, a.as_f64(), b.as_f64());
                }
            }
            (a, b) if a == b => {}
            (a, b) => self.differ(path, a.as_f64(), b.as_f64()),
        }
    }

    fn differ(&mut self, path: &str, was: Option<f64>, now: Option<f64>) {
        let what = Note::new(
            "differs",
            "Dit is nu anders dan toen het werd getoond.",
            "This is another now than when it was shown.",
        );
        self.list.push(Difference { record: self.record, path: path.into(), was, now, what });
    }
}

fn whole(record: u64, path: &str, what: Note) -> Difference {
    Difference { record, path: path.into(), was: None, now: None, what }
}

fn other_model() -> Note {
    Note::new(
        "other_model",
        "Deze beslissing is met een ander model genomen; geef dat model.",
        "This decision was made with another model; give that model.",
    )
}

fn not_open() -> Note {
    Note::new(
        "not_open",
        "Deze aanvraag is in deze gegevens niet open op die dag.",
        "This request is not open on that day in these data.",
    )
}
