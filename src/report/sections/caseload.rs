//! The plan for all requests together, and what stands beside it.

use super::super::html::Html;
use super::super::table::{Row, Table};
use super::{heading, say};
use crate::matching::worth::{Worth, WorthEstimate};
use crate::matching::{Assignment, MatchResult, Status, Variants};
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
    if m.worth == Worth::NotIdentified {
        let text =
            language.of("Dat is uit deze gegevens niet af te leiden", "These data cannot tell");
        h.leaf("p", &[], &format!("{text}. {why}"));
    } else {
        h.leaf("p", &[], why);
    }
    if let Worth::Estimated(w) = &m.worth {
        estimates(h, w, language);
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

/// What past choices say, by policy and method.
fn estimates(h: &mut Html, w: &WorthEstimate, language: Lang) {
    let of_100 = |x: f64| language.number(100.0 * x, 1);
    let rows = w.policies.iter().flat_map(|p| {
        let policy = match p.policy {
            "lowest_risk" => language.of("altijd de laagste kans", "always the lowest risk"),
            _ => language.of("vaker de laagste kans", "leaning to the lowest risk"),
        };
        p.estimates.iter().map(move |e| {
            let method = match e.method {
                "ipw" => language.of("gewogen", "weighted"),
                "self_normalised" => language.of("gewogen, genormeerd", "weighted, normalised"),
                _ => language.of("dubbel robuust", "doubly robust"),
            };
            let interval = format!("{} – {}", of_100(e.lower), of_100(e.upper));
            let size = language.number(p.effective_sample_size, 0);
            Row::plain([policy.into(), method.into(), of_100(e.reduction), interval, size])
        })
    });
    Table {
        caption: language
            .of("Breakdowns minder per 100 plaatsingen", "Breakdowns less per 100 placements")
            .into(),
        columns: [
            ("Kiezen", "Choosing"),
            ("Schatting", "Estimate"),
            ("Minder", "Less"),
            ("Interval", "Interval"),
            ("Keuzes waar het op rust", "Choices that it rests on"),
        ]
        .map(|(nl, en)| language.of(nl, en).into())
        .to_vec(),
        words: vec![0, 1],
        rows: rows.collect(),
        notes: Vec::new(),
    }
    .write(h);
}

/// What would block the plan.
pub(super) fn stability(h: &mut Html, m: &MatchResult, language: Lang) {
    let Some(stability) = &m.beside.stability else { return };
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

/// Other plans with their price, and how firm the plan is.
pub(super) fn variants(h: &mut Html, m: &MatchResult, language: Lang) {
    let Some(v) = &m.beside.variants else { return };
    heading(h, language, "Andere plannen, en wat ze kosten", "Other plans, and what they cost");
    let number = |x: f64| language.number(x, 3);
    Table {
        caption: language.of("Plannen", "Plans").into(),
        columns: [
            ("Plan", "Plan"),
            ("Geplaatst", "Placed"),
            ("Minst goede plaatsing", "Worst-off placement"),
            ("Kost aan stabiliteit", "Costs in stability"),
            ("Kost aan plaatsingen (gewogen)", "Costs in placements (weighted)"),
        ]
        .map(|(nl, en)| language.of(nl, en).into())
        .to_vec(),
        words: vec![0],
        rows: v
            .plans
            .iter()
            .map(|p| {
                Row::plain([
                    p.what.text(language).to_owned(),
                    p.pairs.len().to_string(),
                    p.worst.map_or_else(|| "–".into(), number),
                    number(p.price.gain),
                    number(p.price.placed),
                ])
            })
            .collect(),
        notes: v.notes.iter().map(|n| n.text(language).to_owned()).collect(),
    }
    .write(h);
    if !v.survival.is_empty() {
        survival(h, v, language);
    }
    recruitment(h, v, language);
}

fn survival(h: &mut Html, v: &Variants, language: Lang) {
    let caption = match language {
        Lang::Nl => format!(
            "Hoe vaak een paar terugkomt als de kansen {} keer opnieuw worden getrokken",
            v.draws
        ),
        Lang::En => {
            format!("How often a pair comes again when the risks are drawn {} times anew", v.draws)
        }
    };
    Table {
        caption,
        columns: [
            ("Aanvraag", "Request"),
            ("Gezin", "Family"),
            ("Komt terug", "Comes again"),
            ("Kandidaten", "Candidates"),
        ]
        .map(|(nl, en)| language.of(nl, en).into())
        .to_vec(),
        words: vec![1],
        rows: v
            .survival
            .iter()
            .map(|s| {
                let share = language.percent(s.share, 0);
                Row::plain([s.request.clone(), s.family.clone(), share, s.candidates.to_string()])
            })
            .collect(),
        notes: Vec::new(),
    }
    .write(h);
}

fn recruitment(h: &mut Html, v: &Variants, language: Lang) {
    let useful: Vec<_> = v.recruitment.iter().filter(|r| r.more_placed > 0).take(20).collect();
    if useful.is_empty() {
        return;
    }
    Table {
        caption: language
            .of("Wat één gezin erbij zou doen", "What one more family would do")
            .into(),
        columns: [
            ("Gezin", "Family"),
            ("Meer kinderen geplaatst", "More children placed"),
            ("Past bij aanvragen", "Fits requests"),
        ]
        .map(|(nl, en)| language.of(nl, en).into())
        .to_vec(),
        words: vec![0],
        rows: useful
            .iter()
            .map(|r| {
                let profile = r.profile.text(language).to_owned();
                Row::plain([profile, r.more_placed.to_string(), r.candidate_for.to_string()])
            })
            .collect(),
        notes: vec![
            language
                .of(
                    "Gerekend met een gezin dat niemand nog heeft gezien of gesproken.",
                    "Counted with a family that nobody has met yet.",
                )
                .into(),
        ],
    }
    .write(h);
}

/// How often each family is shown, and comes first in the order of calling.
pub(super) fn exposure(h: &mut Html, m: &MatchResult, language: Lang) {
    let Some(c) = &m.beside.calling else { return };
    heading(h, language, "Wie eerst bellen?", "Whom to call first?");
    for note in &c.notes {
        h.leaf("p", &[], note.text(language));
    }
    Table {
        caption: language.of("Volgorde van bellen", "Order of calling").into(),
        columns: vec![
            language.of("Aanvraag", "Request").into(),
            language.of("Gezinnen (kans op ja)", "Families (chance of a yes)").into(),
        ],
        words: vec![1],
        rows: c
            .orders
            .iter()
            .map(|o| {
                let shown = |call: &crate::matching::Call| match call.says_yes {
                    _ if call.said_yes => {
                        format!("{} ({})", call.family, language.of("zei al ja", "said yes"))
                    }
                    Some(y) => format!("{} ({})", call.family, language.percent(y.estimate, 0)),
                    None => call.family.clone(),
                };
                let most = 10.min(o.families.len());
                let mut list: Vec<String> = o.families[..most].iter().map(shown).collect();
                if o.families.len() > most {
                    list.push("…".into());
                }
                Row::plain([o.request.clone(), list.join(", ")])
            })
            .collect(),
        notes: Vec::new(),
    }
    .write(h);
    Table {
        caption: language
            .of("Gezinnen die het vaakst bovenaan staan", "Families that come first most often")
            .into(),
        columns: [
            ("Gezin", "Family"),
            ("Bovenaan bij aanvragen", "First for requests"),
            ("Mogelijk bij aanvragen", "Possible for requests"),
        ]
        .map(|(nl, en)| language.of(nl, en).into())
        .to_vec(),
        words: vec![0],
        rows: c
            .exposure
            .iter()
            .take(10)
            .map(|e| {
                let (first, all) = (e.first_for.to_string(), e.candidate_for.to_string());
                Row::plain([e.family.clone(), first, all])
            })
            .collect(),
        notes: Vec::new(),
    }
    .write(h);
}
