//! Running placements: how many of a hundred, why, under which conditions, and what is unknown.

use super::super::disclose::Audience;
use super::super::dots::{self, DotRisk, OfHundred};
use super::super::html::Html;
use super::super::page::Section;
use super::super::table::{Row, Table};
use super::super::words;
use super::{heading, say};
use crate::model::Scale;
use crate::score::{Lang, Note, Reason, Risk, ScoreResult, StayScore, safety};

/// How many reasons are spelled out on either side.
const REASONS: usize = 5;

/// The base rate at a horizon: how often it happens in all.
pub type BaseRate<'a> = &'a dyn Fn(f64) -> Option<f64>;

/// The section of `score`; at most `most` placements are spelled out (all, where `None`).
#[must_use]
pub fn scores(
    s: &ScoreResult,
    base: BaseRate<'_>,
    most: Option<usize>,
    language: Lang,
    audience: Audience,
) -> Section {
    let mut h = Html::new();
    safety_first(&mut h, language);
    say(
        &mut h,
        language,
        "Dit gaat over de plaatsing en haar omstandigheden, niet over het kind. Een hoge kans vraagt \
         om steun. Schat eerst zelf in hoe het gaat; kijk dan pas naar het getal.",
        "This is about the placement and its conditions, not about the child. A high risk asks for \
         support. First judge for yourself how it goes; only then look at the number.",
    );
    match audience {
        Audience::Share => shared(&mut h, s, language),
        Audience::Internal => {
            let chosen = examples(&s.stays, most);
            overview(s, &chosen, language).write(&mut h);
            heading(&mut h, language, "Per plaatsing", "By placement");
            say(
                &mut h,
                language,
                "Elke stip is een van 100 vergelijkbare plaatsingen. Wat de kans groter of kleiner \
                 maakt, is vergeleken met de gemiddelde plaatsing waarop het model is gemaakt. Een \
                 samenhang is nog geen oorzaak.",
                "Every dot is one of 100 comparable placements. What raises or lowers the risk is \
                 compared with the average placement that made the model. A relation is not a cause.",
            );
            let (nl, en) = match s.reasons_on {
                Scale::Risk => (
                    "Bij dit model (een bos van bomen) staan redenen in de orde van hoeveel \
                     procentpunten ze aan de kans op het laatste tijdstip toevoegen (Shapley-waarden).",
                    "With this model (a forest of trees) reasons stand in the order of how many \
                     percentage points they add to the risk by the last horizon (Shapley values).",
                ),
                Scale::LogHazard => (
                    "Redenen staan in de orde van hoeveel ze aan de logaritme van de hazard (de kans per \
                     dag) toevoegen.",
                    "Reasons stand in the order of how much they add to the log of the hazard (the rate \
                     per day).",
                ),
            };
            say(&mut h, language, nl, en);
            dots::write_legend(&mut h, language);
            for (k, stay) in chosen.iter().enumerate() {
                write_stay(&mut h, stay, k, base, language);
            }
            let rest = s.stays.len() - chosen.len();
            if rest > 0 {
                let text = match language {
                    Lang::Nl => format!(
                        "Dit zijn voorbeelden; nog {rest} plaatsingen staan op het blad van \
                         pleegzorg score --html."
                    ),
                    Lang::En => format!(
                        "These are examples; another {rest} placements are on the page of \
                         pleegzorg score --html."
                    ),
                };
                h.leaf("p", &[("class", "note")], &text);
            }
        }
    }
    let heading = match language {
        Lang::Nl => format!("Lopende plaatsingen op {}", language.day(s.as_of)),
        Lang::En => format!("Running placements on {}", language.day(s.as_of)),
    };
    Section { id: "score", heading, body: h }
}

/// All placements, or `most` examples in their order: with a number, and one without.
fn examples(stays: &[StayScore], most: Option<usize>) -> Vec<&StayScore> {
    let Some(most) = most.filter(|&n| n < stays.len()) else { return stays.iter().collect() };
    let without = stays.iter().position(|s| s.risk.is_none());
    let room = most - usize::from(without.is_some() && most > 0);
    let with: Vec<usize> =
        (0..stays.len()).filter(|&k| stays[k].risk.is_some()).take(room).collect();
    let mut chosen: Vec<usize> = with.into_iter().chain(without.filter(|_| most > 0)).collect();
    chosen.sort_unstable();
    chosen.iter().map(|&k| &stays[k]).collect()
}

/// The horizon that is drawn: the one nearest to a year.
fn main_risk(risks: &[Risk]) -> Option<&Risk> {
    risks.iter().min_by(|a, b| {
        let far = |r: &Risk| (r.horizon - 365.25).abs();
        far(a).total_cmp(&far(b))
    })
}

/// `22 (15–31)`, in whole numbers and with the edges of the words.
fn in_short(risk: &Risk) -> String {
    let [n, low, high] = [risk.estimate, risk.lower, risk.upper].map(OfHundred::new);
    if low == high {
        n.short()
    } else {
        format!("{} ({}–{})", n.short(), low.short(), high.short())
    }
}

fn overview(s: &ScoreResult, chosen: &[&StayScore], language: Lang) -> Table {
    let mut columns = vec![
        language.of("Plaatsing", "Placement").to_string(),
        language.of("duurt nu", "has lasted").into(),
    ];
    let horizons: Vec<f64> = s
        .stays
        .iter()
        .find_map(|stay| stay.risk.as_ref())
        .map_or(Vec::new(), |risks| risks.iter().map(|r| r.horizon).collect());
    for &horizon in &horizons {
        let within = language.duration(horizon);
        columns.push(within);
    }
    columns.push(language.of("voorwaarden", "conditions").into());
    let row = |stay: &&StayScore| {
        let mut cells = vec![stay.stay.clone(), language.duration_about(stay.lasted)];
        match &stay.risk {
            Some(risks) => cells.extend(horizons.iter().map(|&t| {
                risks.iter().find(|r| (r.horizon - t).abs() < 1e-9).map_or("–".into(), in_short)
            })),
            None => {
                cells.push(language.of("geen getal", "no number").into());
                cells.resize(2 + horizons.len(), "–".into());
            }
        }
        cells.push(if stay.guideline.is_empty() {
            "–".into()
        } else {
            stay.guideline.len().to_string()
        });
        Row::plain(cells)
    };
    Table {
        caption: language
            .of(
                "Op nummer, geen rangorde: hoeveel van de 100 binnen deze tijd",
                "By id, no ranking: how many of 100 within this time",
            )
            .into(),
        columns,
        words: vec![1],
        rows: chosen.iter().map(row).collect(),
        notes: vec![
            language
                .of(
                    "Tussen haakjes: zo weinig of zo veel kunnen het er ook zijn. Voorwaarden: hoeveel \
                     de richtlijn er stelt; ze staan bij de plaatsing.",
                    "In brackets: it could also be so few or so many. Conditions: how many the \
                     guideline sets; they stand at the placement.",
                )
                .to_string(),
        ],
    }
}

fn write_stay(h: &mut Html, stay: &StayScore, k: usize, base: BaseRate<'_>, language: Lang) {
    h.within("article", &[], |h| {
        let name = language.of("Plaatsing", "Placement");
        h.leaf("h3", &[], &format!("{name} {}", stay.stay));
        let lasted = language.duration_about(stay.lasted);
        let text = match language {
            Lang::Nl => format!("Duurt nu {lasted}."),
            Lang::En => format!("Has lasted {lasted} until now."),
        };
        h.leaf("p", &[("class", "note")], &text);
        conditions(h, &stay.guideline, language);
        match (&stay.risk, &stay.abstained) {
            (Some(risks), _) => {
                if let Some(risk) = main_risk(risks) {
                    let dots = DotRisk {
                        estimate: risk.estimate,
                        lower: risk.lower,
                        upper: risk.upper,
                        horizon: risk.horizon,
                        base: base(risk.horizon),
                        running: true,
                    };
                    dots.write(h, &format!("stay-{}", k + 1), language);
                }
                reasons(h, &stay.reasons, language);
            }
            (None, why) => no_number(h, &stay.unknown, why.as_deref(), language),
        }
        support(h, stay.support, language);
        let reason = usize::from(why_not(&stay.unknown).is_some());
        unknown(h, &stay.unknown[reason..], language);
    });
}

/// The note that says, in both languages, why there is no number: the first of what is unknown.
pub(super) fn why_not(unknown: &[Note]) -> Option<&Note> {
    unknown.first().filter(|n| n.nl.starts_with("Geen getal"))
}

/// Why there is no number.
pub(super) fn no_number(h: &mut Html, unknown: &[Note], why: Option<&str>, language: Lang) {
    if let Some(note) = why_not(unknown) {
        h.leaf("p", &[], note.text(language));
        return;
    }
    let text = language.of("Het model geeft hier geen getal.", "The model gives no number here.");
    h.leaf("p", &[], text);
    if let Some(why) = why {
        h.leaf("p", &[("class", "note"), ("lang", "en")], why);
    }
}

/// What goes before any score.
pub(super) fn safety_first(h: &mut Html, language: Lang) {
    h.within("div", &[("class", "condition"), ("role", "note")], |h| {
        h.leaf("p", &[], safety().text(language));
    });
}

/// Conditions from the guideline.
pub(super) fn conditions(h: &mut Html, notes: &[Note], language: Lang) {
    if notes.is_empty() {
        return;
    }
    h.within("div", &[("class", "condition")], |h| {
        let name = language.of("Voorwaarden, geen uitsluiting", "Conditions, no exclusion");
        h.leaf("strong", &[], name);
        for note in notes {
            h.leaf("p", &[], note.text(language));
        }
    });
}

/// How many comparable placements there were.
pub(super) fn support(h: &mut Html, support: Option<u32>, language: Lang) {
    let text = match (support, language) {
        (Some(n), Lang::Nl) => format!("Gebaseerd op {n} vergelijkbare plaatsingen."),
        (Some(n), Lang::En) => format!("Based on {n} comparable placements."),
        (None, Lang::Nl) => "Er waren minder dan 10 vergelijkbare plaatsingen.".into(),
        (None, Lang::En) => "There were fewer than 10 comparable placements.".into(),
    };
    h.leaf("p", &[("class", "note")], &text);
}

/// What is not known and worth asking.
pub(super) fn unknown(h: &mut Html, notes: &[Note], language: Lang) {
    if notes.is_empty() {
        return;
    }
    h.leaf("h4", &[], language.of("Wat het model niet weet", "What the model does not know"));
    h.within("ul", &[("class", "plain")], |h| {
        for note in notes {
            h.leaf("li", &[], note.text(language));
        }
    });
}

/// What raises and what lowers the risk, side by side, changeable things first on both sides.
fn reasons(h: &mut Html, reasons: &[Reason], language: Lang) {
    let side = |above: bool| -> Vec<&Reason> {
        let worth = |r: &&Reason| r.speaks() && (r.contribution > 0.0) == above;
        let mut side: Vec<&Reason> = reasons.iter().filter(worth).collect();
        side.sort_by(|a, b| {
            b.changeable
                .cmp(&a.changeable)
                .then(b.contribution.abs().total_cmp(&a.contribution.abs()))
                .then(a.term.cmp(&b.term))
        });
        side.truncate(REASONS);
        side
    };
    let (up, down) = (side(true), side(false));
    if up.is_empty() && down.is_empty() {
        return;
    }
    h.within("div", &[("class", "sides")], |h| {
        for (title, list) in [
            (language.of("Maakt de kans groter", "Raises the risk"), up),
            (language.of("Maakt de kans kleiner", "Lowers the risk"), down),
        ] {
            h.within("div", &[], |h| {
                h.leaf("h5", &[], title);
                if list.is_empty() {
                    h.leaf(
                        "p",
                        &[("class", "none")],
                        language.of("niets bijzonders", "nothing in particular"),
                    );
                    return;
                }
                h.within("ul", &[], |h| {
                    for reason in list {
                        let name = reason.label.as_ref().map_or_else(
                            || words::term(language, &reason.term),
                            |l| l.text(language).into(),
                        );
                        let change = language.of(" (te beïnvloeden)", " (can be changed)");
                        let change = if reason.changeable { change } else { "" };
                        h.leaf("li", &[], &format!("{name}{change}"));
                    }
                });
            });
        }
    });
}

/// No rows: how many, and how the predictions lie, in tens and without small counts.
fn shared(h: &mut Html, s: &ScoreResult, language: Lang) {
    let audience = Audience::Share;
    heading(h, language, "In het geheel", "In all");
    let scored: Vec<&Risk> =
        s.stays.iter().filter_map(|x| x.risk.as_deref().and_then(main_risk)).collect();
    let mut rows = vec![
        Row::plain([
            language.of("lopende plaatsingen", "running placements").into(),
            audience.count(language, s.stays.len()),
        ]),
        Row::plain([
            language.of("met een getal", "with a number").into(),
            audience.count(language, scored.len()),
        ]),
    ];
    for from in [0u32, 10, 20, 30, 40, 50, 60] {
        let to = if from == 60 { 101 } else { from + 10 };
        let inside = |r: &&&Risk| {
            let n = (100.0 * r.estimate).round();
            n >= f64::from(from) && n < f64::from(to)
        };
        let n = scored.iter().filter(inside).count();
        let name = match (from, language) {
            (60, Lang::Nl) => "voorspeld: 60 of meer van de 100".to_string(),
            (60, Lang::En) => "predicted: 60 or more of 100".into(),
            (_, Lang::Nl) => format!("voorspeld: {from} tot {} van de 100", to - 1),
            (_, Lang::En) => format!("predicted: {from} to {} of 100", to - 1),
        };
        rows.push(Row::plain([name, audience.count(language, n)]));
    }
    let horizon =
        scored.first().map_or(String::new(), |r| format!(" ({})", language.duration(r.horizon)));
    Table {
        caption: format!("{}{horizon}", language.of("Aantallen", "Counts")),
        columns: vec![String::new(), language.of("aantal", "number").into()],
        rows,
        ..Table::default()
    }
    .write(h);
}
