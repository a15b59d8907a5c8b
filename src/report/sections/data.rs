//! What was read, and what is wrong with it.

use super::super::disclose::Audience;
use super::super::html::Html;
use super::super::page::Section;
use super::super::table::{Row, Table};
use super::say;
use crate::history::{Severity, Summary, explain};
use crate::score::Lang;

/// The section of `check`: rows per file and findings per code, never a row or a cell.
#[must_use]
pub fn data(s: &Summary, language: Lang, audience: Audience) -> Section {
    let mut h = Html::new();
    let rows = s
        .rows
        .iter()
        .map(|(file, &n)| Row::plain([file.clone(), audience.count(language, n)]))
        .collect();
    Table {
        caption: language.of("Gelezen rijen", "Rows read").into(),
        columns: vec![language.of("Bestand", "File").into(), language.of("rijen", "rows").into()],
        rows,
        ..Table::default()
    }
    .write(&mut h);
    if s.counts.is_empty() {
        say(
            &mut h,
            language,
            "Er is niets op de gegevens aan te merken.",
            "Nothing is wrong with the data.",
        );
    }
    let found = s
        .counts
        .iter()
        .map(|c| {
            let title =
                explain(&c.code.to_string()).map_or("", |e| language.of(e.title.nl, e.title.en));
            let severity = match (c.severity, c.waived) {
                (_, true) => language.of("aanvaard door de studie", "accepted by the study"),
                (Severity::Fault, false) => {
                    language.of("fout: rij telt niet mee", "fault: row left out")
                }
                (Severity::Finding, false) => language.of("opmerking", "finding"),
            };
            let n = usize::try_from(c.count).unwrap_or(usize::MAX);
            Row::plain([
                c.code.to_string(),
                title.into(),
                severity.into(),
                audience.count(language, n),
            ])
        })
        .collect();
    Table {
        caption: language.of("Wat opviel", "What was found").into(),
        columns: [
            "",
            language.of("Wat", "What"),
            language.of("Soort", "Kind"),
            language.of("aantal", "number"),
        ]
        .map(String::from)
        .to_vec(),
        words: vec![1, 2],
        rows: found,
        notes: Vec::new(),
    }
    .write(&mut h);
    let heading = language.of("De gegevens", "The data");
    Section { id: "data", heading: heading.into(), body: h }
}
