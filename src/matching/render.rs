//! Answers as JSON and as text.

use super::result::Status;
use crate::score::Lang;

/// A value as indented JSON with a final newline. Numbers are written unrounded.
pub(super) fn json(value: &impl serde::Serialize) -> String {
    // Text keys and finite numbers only: it cannot fail; if it did, the empty object says so.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_else(|_| "{}".into());
    text.push('\n');
    text
}

/// Whether a plan is proven best, in words.
pub(super) fn proof(status: Status, objective: f64, bound: f64, gap: f64, lang: Lang) -> String {
    match (status, lang) {
        (Status::Optimal, Lang::Nl) => {
            format!("Bewezen het beste: som van de scores {objective:.4}.")
        }
        (Status::Optimal, Lang::En) => format!("Proven best: sum of the scores {objective:.4}."),
        (Status::Feasible, Lang::Nl) => format!(
            "Het beste dat binnen de toegestane inspanning is gevonden: som van de scores \
             {objective:.4}; meer dan {bound:.4} kan niet (verschil {:.4}%).",
            100.0 * gap
        ),
        (Status::Feasible, Lang::En) => format!(
            "The best found with the allowed effort: sum of the scores {objective:.4}; more than \
             {bound:.4} is impossible (gap {:.4}%).",
            100.0 * gap
        ),
    }
}
