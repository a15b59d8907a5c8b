//! Requests and families: what excludes a family first, then who remains and why (not), and the plan.

use super::super::disclose::Audience;
use super::super::dots::OfHundred;
use super::super::html::Html;
use super::super::page::Section;
use super::super::table::{Row, Table};
use super::super::words;
use super::caseload::{exposure, plan, stability, variants, worth};
use super::say;
use super::scores::{conditions, no_number, safety_first, support};
use crate::matching::{Candidate, Entry, MatchResult, RequestMatch, RuleName};
use crate::score::{Lang, Note, Risk};

/// The section of `match`; at most `most` requests are spelled out (all, where `None`).
#[must_use]
pub fn matching(
    m: &MatchResult,
    most: Option<usize>,
    language: Lang,
    audience: Audience,
) -> Section {
    let mut h = Html::new();
    safety_first(&mut h, language);
    h.leaf("p", &[], m.label.text(language));
    say(
        &mut h,
        language,
        "De lijsten zijn geen rangorde. Eerst staat welke gezinnen nu niet kunnen en door welke regel, \
         dan wat bij de andere gezinnen voor en tegen spreekt, en wat nog te vragen is.",
        "The lists are no ranking. First come the families that cannot now and the rule that says so, \
         then what speaks for and against the others, and what is still to be asked.",
    );
    match audience {
        Audience::Share => shared(&mut h, m, language),
        Audience::Internal => {
            let shown = most.unwrap_or(usize::MAX).min(m.requests.len());
            for request in m.requests.iter().take(shown) {
                write_request(&mut h, request, language);
            }
            if shown < m.requests.len() {
                let rest = m.requests.len() - shown;
                let text = match language {
                    Lang::Nl => format!("Nog {rest} aanvragen zijn hier niet uitgeschreven."),
                    Lang::En => format!("Another {rest} requests are not spelled out here."),
                };
                h.leaf("p", &[("class", "note")], &text);
            }
            plan(&mut h, &m.assignment, language);
            exposure(&mut h, m, language);
            stability(&mut h, m, language);
            variants(&mut h, m, language);
            worth(&mut h, m, language);
        }
    }
    let heading = match language {
        Lang::Nl => format!("Aanvragen en gezinnen op {}", language.day(m.as_of)),
        Lang::En => format!("Requests and families on {}", language.day(m.as_of)),
    };
    Section { id: "match", heading, body: h }
}

fn write_request(h: &mut Html, r: &RequestMatch, language: Lang) {
    h.within("article", &[], |h| {
        let name = language.of("Aanvraag", "Request");
        h.leaf("h3", &[], &format!("{name} {}", r.request));
        h.leaf("p", &[("class", "note")], r.about.text(language));
        conditions(h, &r.guideline, language);
        vetoes(h, r, language);
        let found = match (r.candidates.len(), language) {
            (0, Lang::Nl) => "Geen gezin blijft over.".to_string(),
            (0, Lang::En) => "No family remains.".into(),
            (1, Lang::Nl) => "Eén gezin blijft over.".into(),
            (1, Lang::En) => "One family remains.".into(),
            (n, Lang::Nl) => format!("{n} gezinnen blijven over."),
            (n, Lang::En) => format!("{n} families remain."),
        };
        h.leaf("h4", &[], &found);
        let common = r.common();
        if common.iter().any(|side| !side.is_empty()) {
            h.leaf("h5", &[], language.of("Bij al deze gezinnen", "For all of these families"));
            sides(h, &common, language);
        }
        for candidate in &r.candidates {
            write_candidate(h, candidate, &common, r.candidates.len(), language);
        }
        if !r.relaxations.is_empty() {
            h.leaf(
                "h4",
                &[],
                language.of("Wat zou er meer mogelijk maken?", "What would make more possible?"),
            );
            h.within("ul", &[("class", "plain")], |h| {
                for change in &r.relaxations {
                    let adds = change.adds.join(", ");
                    let then = language.of("dan kan ook", "then also");
                    h.leaf(
                        "li",
                        &[],
                        &format!("{} – {then}: {adds}", change.change.text(language)),
                    );
                }
            });
        }
    });
}

/// Families that a rule excludes, by rule.
fn vetoes(h: &mut Html, r: &RequestMatch, language: Lang) {
    let vetoed = &r.vetoed;
    if vetoed.is_empty() {
        let text =
            language.of("Geen enkele regel sluit een gezin uit.", "No rule excludes a family.");
        h.leaf("p", &[("class", "none")], text);
        return;
    }
    let by_rule = vetoed.by_rule();
    h.within("div", &[("class", "vetoes")], |h| {
        let title = match (vetoed.families(), language) {
            (1, Lang::Nl) => "1 gezin kan nu niet".to_string(),
            (1, Lang::En) => "1 family cannot now".into(),
            (n, Lang::Nl) => format!("{n} gezinnen kunnen nu niet"),
            (n, Lang::En) => format!("{n} families cannot now"),
        };
        h.leaf("strong", &[], &title);
        for (rule, list) in &by_rule {
            veto_group(h, *rule, list, language);
        }
    });
}

/// What one rule excludes: how many families at a glance, each with its reason when opened.
fn veto_group(h: &mut Html, rule: RuleName, list: &[Entry<'_>], language: Lang) {
    h.within("details", &[], |h| {
        let count = match (list.len(), language) {
            (1, Lang::Nl) => "1 gezin".to_string(),
            (1, Lang::En) => "1 family".into(),
            (n, Lang::Nl) => format!("{n} gezinnen"),
            (n, Lang::En) => format!("{n} families"),
        };
        h.leaf("summary", &[], &format!("{}: {count}", words::rule(language, rule.name())));
        h.within("ul", &[], |h| {
            for veto in list {
                h.leaf("li", &[], &format!("{}: {}", veto.family(), veto.detail().text(language)));
            }
        });
    });
}

/// `over 12 maanden: ongeveer 22 van de 100 (15 tot 31)`.
fn risk_in_words(language: Lang, risk: &Risk) -> String {
    let n = OfHundred::new(risk.estimate).in_words(language);
    let (low, high) =
        (OfHundred::new(risk.lower).plain(language), OfHundred::new(risk.upper).plain(language));
    let within = language.duration(risk.horizon);
    match language {
        Lang::Nl => format!("binnen {within} {n} van de 100 (onzeker: {low} tot {high})"),
        Lang::En => format!("within {within} {n} of 100 (uncertain: {low} to {high})"),
    }
}

/// One candidate: what is not common to all.
fn write_candidate(
    h: &mut Html,
    c: &Candidate,
    common: &[Vec<&Note>; 3],
    of_all: usize,
    language: Lang,
) {
    h.within("article", &[], |h| {
        let name = language.of("Gezin", "Family");
        h.leaf("h4", &[], &format!("{name} {}", c.family));
        let own = std::array::from_fn(|side| {
            c.sides()[side].iter().filter(|n| !common[side].contains(n)).collect()
        });
        sides(h, &own, language);
        match &c.risk {
            Some(risks) => {
                let predicted = language.of("Voorspelde breakdown", "Predicted breakdown");
                let words: Vec<String> = risks.iter().map(|r| risk_in_words(language, r)).collect();
                h.leaf("p", &[], &format!("{predicted}: {}.", words.join("; ")));
            }
            None => no_number(h, &c.unknown, c.abstained.as_deref(), language),
        }
        equals(h, c, of_all, language);
        support(h, c.support, language);
    });
}

/// What speaks for, what against, what to ask: side by side.
fn sides(h: &mut Html, notes: &[Vec<&Note>; 3], language: Lang) {
    let titles = [
        language.of("Spreekt ervoor", "Speaks for"),
        language.of("Spreekt ertegen", "Speaks against"),
        language.of("Onbekend: vraag na", "Unknown: ask"),
    ];
    h.within("div", &[("class", "sides")], |h| {
        for (title, notes) in titles.iter().zip(notes) {
            side(h, title, notes, language);
        }
    });
}

/// The candidates that the data cannot tell from this one; all of them in one word.
fn equals(h: &mut Html, c: &Candidate, of_all: usize, language: Lang) {
    if c.equal_to.is_empty() {
        return;
    }
    let text = if c.equal_to.len() + 1 == of_all {
        language
            .of(
                "De gegevens kunnen geen verschil aantonen met de andere gezinnen.",
                "The data cannot tell this family from the others.",
            )
            .to_owned()
    } else {
        let from = language.of(
            "De gegevens kunnen geen verschil aantonen met",
            "The data cannot tell this family from",
        );
        format!("{from}: {}.", c.equal_to.listed())
    };
    h.leaf("p", &[("class", "note")], &text);
}

fn side(h: &mut Html, title: &str, notes: &[&Note], language: Lang) {
    h.within("div", &[], |h| {
        h.leaf("h5", &[], title);
        if notes.is_empty() {
            h.leaf("p", &[("class", "none")], language.of("niets gevonden", "nothing found"));
        } else {
            h.within("ul", &[], |h| {
                for note in notes {
                    h.leaf("li", &[], note.text(language));
                }
            });
        }
    });
}

/// No ids: how many requests, and how many have candidates.
fn shared(h: &mut Html, m: &MatchResult, language: Lang) {
    let audience = Audience::Share;
    let with = m.requests.iter().filter(|r| !r.candidates.is_empty()).count();
    let rows = [
        (language.of("aanvragen", "requests"), m.requests.len()),
        (
            language.of("met ten minste één mogelijk gezin", "with at least one possible family"),
            with,
        ),
        (
            language.of("geplaatst in het voorstel", "placed in the proposal"),
            m.assignment.pairs.len(),
        ),
        (language.of("nog zonder plek", "still without a place"), m.assignment.unplaced.len()),
    ];
    Table {
        caption: language.of("Aantallen", "Counts").into(),
        columns: vec![String::new(), language.of("aantal", "number").into()],
        rows: rows
            .map(|(name, n)| Row::plain([name.to_string(), audience.count(language, n)]))
            .to_vec(),
        ..Table::default()
    }
    .write(h);
}
