//! Sections of a page, each from the answer of one room.

mod caseload;
mod data;
mod describe;
mod evaluation;
mod limits;
mod matching;
mod pictures;
mod reruns;
mod scores;
mod training;

pub use data::data;
pub use describe::describe;
pub use evaluation::{conclusion, evaluation};
pub use limits::limits;
pub use matching::matching;
pub use scores::{BaseRate, scores};
pub use training::training;

use super::curves::TimeUnit;
use super::html::Html;
use crate::score::Lang;

/// A sentence of explanation.
fn say(h: &mut Html, language: Lang, nl: &str, en: &str) {
    h.leaf("p", &[], language.of(nl, en));
}

/// A heading within a section.
fn heading(h: &mut Html, language: Lang, nl: &str, en: &str) {
    h.leaf("h3", &[], language.of(nl, en));
}

/// A length of time in words: `12 maanden`, or the number in a table's own unit.
fn span(language: Lang, unit: &TimeUnit, time: f64) -> String {
    match unit {
        TimeUnit::Days => language.duration(time),
        TimeUnit::Own(name) => {
            let digits = if (time - time.round()).abs() < 1e-9 { 0 } else { 2 };
            format!("{name} {}", language.number(time, digits))
        }
    }
}
