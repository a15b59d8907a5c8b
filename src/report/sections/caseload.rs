//! The plan for all requests together, and what stands beside it.

use super::super::html::Html;
use super::super::table::{Row, Table};
use super::{heading, say};
use crate::matching::{Assignment, MatchResult, Status};
use crate::score::Lang;

fn status(a: &Assignment, language: Lang) -> String {
    match a.status {
        Status::Optimal => language
            .of(
                "Bewezen: geen ander plan plaatst er meer, of geeft bij evenveel plaatsingen meer \
                 stabiliteit.",
                "Proven: no other plan places more, or gives more stability for as many placements.",
            )
            .into(),
        Status::Feasible => format!(
            "{} {}.",
            language.of(
                "Het beste plan dat is gevonden; het kan hooguit zoveel beter:",
                "The best plan found; it can be better by at most:",
            ),
            language.percent(a.gap, 1)
        ),
    }
}

pub(super) fn plan(h: &mut Html, a: &Assignment, language: Lang) {
    heading(h, language, "Een plan voor alle aanvragen samen", "A plan for all requests together");
    say(
        h,
        language,
        "Een voorstel om over te praten. Het plaatst eerst zo veel mogelijk kinderen, de meest \
         dringende het zwaarst geteld. De kans op breakdown bepaalt nooit wie een plek krijgt.",
        "A proposal to talk about. First it places as many children as possible, the most urgent \
         counted most. The risk of breakdown never decides who gets a place.",
    );
    h.leaf("p", &[], &status(a, language));
    Table {
        caption: language.of("Voorstel", "Proposal").into(),
        columns: vec![
            language.of("Aanvraag", "Request").into(),
            language.of("Gezin", "Family").into(),
        ],
        words: vec![1],
        rows: a.pairs.iter().map(|p| Row::plain([p.request.clone(), p.family.clone()])).collect(),
        notes: Vec::new(),
    }
    .write(h);
    Table {
        caption: language.of("Nog zonder plek", "Still without a place").into(),
        columns: vec![
            language.of("Aanvraag", "Request").into(),
            language.of("Waarom", "Why").into(),
        ],
        words: vec![1],
        rows: a
            .unplaced
            .iter()
            .map(|u| Row::plain([u.request.clone(), u.why.text(language).into()]))
            .collect(),
        notes: Vec::new(),
    }
    .write(h);
}

pub(super) fn worth(h: &mut Html, m: &MatchResult, language: Lang) {
    heading(h, language, "Wat levert zo'n plan op?", "What is such a plan worth?");
    let why = m.worth_reason.text(language);
    if m.worth == "not identified" {
        let text =
            language.of("Dat is uit deze gegevens niet af te leiden", "These data cannot tell");
        h.leaf("p", &[], &format!("{text}. {why}"));
    } else {
        h.leaf("p", &[], why);
    }
    if !m.reproducible {
        say(
            h,
            language,
            "Het zoeken is door een tijdslimiet gestopt; een volgende keer kan het plan anders zijn.",
            "The search was stopped by a time limit; next time the plan may differ.",
        );
    }
}

/// What would block the plan.
pub(super) fn stability(h: &mut Html, m: &MatchResult, language: Lang) {
    let Some(stability) = &m.stability else { return };
    heading(h, language, "Past een kind elders beter?", "Would a child fit better elsewhere?");
    h.leaf("p", &[], stability.note.text(language));
    if stability.blocking_pairs.is_empty() {
        return;
    }
    let nobody = language.of("geen plek", "no place");
    Table {
        caption: language.of("Past beter, en er is ruimte", "Fits better, and has room").into(),
        columns: vec![
            language.of("Aanvraag", "Request").into(),
            language.of("Gezin", "Family").into(),
            language.of("Nu in het plan", "Now in the plan").into(),
        ],
        words: vec![1, 2],
        rows: stability
            .blocking_pairs
            .iter()
            .map(|b| {
                let now = b.instead_of.clone().unwrap_or_else(|| nobody.into());
                Row::plain([b.requests.join(", "), b.family.clone(), now])
            })
            .collect(),
        notes: Vec::new(),
    }
    .write(h);
}
