//! A match as text for a person: per request what excludes families, by rule; then who remains,
//! with what speaks for and against in equal measure. Details of a request where it is asked for.

use std::fmt::Write;

use super::render::proof;
use super::result::{Candidate, MatchResult, RequestMatch, Splits};
use crate::score::{Lang, Note};

/// With more candidates than this each gets one line, and the rest is told when asked for.
const SPELLED_OUT: usize = 5;
/// Families named in the order of calling of a request in short.
const CALLS: usize = 5;

impl MatchResult {
    /// The answer as a person reads it: every request in short, then the plan. The requests named
    /// in `spelled_out` are told in full, with every family that a rule excludes. Candidates carry
    /// no rank.
    #[must_use]
    pub fn to_text(&self, spelled_out: &[String], lang: Lang) -> String {
        let mut text = String::new();
        if let Some(banner) = &self.banner {
            let _ = writeln!(text, "*** {} ***\n", banner.text(lang));
        }
        let _ = writeln!(text, "{}\n", self.label.text(lang));
        for request in &self.requests {
            let full = spelled_out.contains(&request.request);
            if full || spelled_out.is_empty() {
                one(&mut text, request, full, lang);
                self.call(&mut text, &request.request, full, lang);
                let _ = writeln!(text);
            }
        }
        if spelled_out.is_empty() {
            self.plan(&mut text, lang);
            if let Some(variants) = &self.beside.variants {
                text.push('\n');
                text += &variants.to_text(lang);
            }
        }
        if let Some(r) = &self.beside.recorded {
            let (n, head) = (r.number, &r.sha256);
            let _ = match lang {
                Lang::Nl => writeln!(text, "Beslissing {n} is vastgelegd. Kenmerk (head): {head}"),
                Lang::En => writeln!(text, "Decision {n} is written down. Head: {head}"),
            };
        }
        text
    }

    fn plan(&self, text: &mut String, lang: Lang) {
        let a = &self.assignment;
        let title =
            of(lang, "Voorstel voor alle aanvragen samen", "A plan for all requests together");
        let _ = writeln!(text, "{title}");
        if self.requests.is_empty() {
            let none = of(
                lang,
                "Op deze dag staat geen aanvraag open (requests.csv): er is niets te plaatsen.",
                "No request is open on this day (requests.csv): there is nothing to place.",
            );
            let _ = writeln!(text, "  {none}");
        }
        let placed = match lang {
            Lang::Nl => format!("{} geplaatst, {} zonder plek.", a.pairs.len(), a.unplaced.len()),
            Lang::En => format!("{} placed, {} without a place.", a.pairs.len(), a.unplaced.len()),
        };
        let proof = proof(a.status, a.objective, a.bound, a.gap, lang);
        let _ = writeln!(text, "  {placed} {proof}");
        for pair in &a.pairs {
            let _ = writeln!(text, "  {} → {}", pair.request, pair.family);
        }
        for unplaced in &a.unplaced {
            let none = of(lang, "geen plek", "no place");
            let _ = writeln!(text, "  {}: {none}. {}", unplaced.request, unplaced.why.text(lang));
        }
        if let Some(splits) = &a.splits {
            splits.say(text, lang);
        }
        self.stable(text, lang);
        for note in self.beside.calling.iter().flat_map(|c| &c.notes) {
            let _ = writeln!(text, "  {}", note.text(lang));
        }
        let _ = writeln!(text, "  {}", self.worth_reason.text(lang));
    }
}

impl MatchResult {
    /// Whom to call first for a request.
    fn call(&self, text: &mut String, request: &str, full: bool, lang: Lang) {
        let orders = self.beside.calling.iter().flat_map(|c| &c.orders);
        let Some(order) = orders.into_iter().find(|o| o.request == request) else { return };
        if order.families.len() < 2 {
            return;
        }
        let most = if full { usize::MAX } else { CALLS };
        let families: Vec<String> = order
            .families
            .iter()
            .take(most)
            .map(|c| match c.says_yes {
                _ if c.said_yes => format!("{} ({})", c.family, of(lang, "zei al ja", "said yes")),
                Some(y) => format!("{} ({:.0}%)", c.family, 100.0 * y.estimate),
                None => c.family.clone(),
            })
            .collect();
        let more = if order.families.len() > most { ", …" } else { "" };
        let title = of(lang, "Bel eerst (kans op ja)", "Call first (chance of a yes)");
        let _ = writeln!(text, "  {title}: {}{more}", families.join(", "));
    }

    /// What would block the plan.
    fn stable(&self, text: &mut String, lang: Lang) {
        let Some(stability) = &self.beside.stability else { return };
        let _ = writeln!(text, "  {}", stability.note.text(lang));
        for b in &stability.blocking_pairs {
            let now = b.instead_of.as_deref().unwrap_or(of(lang, "geen plek", "no place"));
            let (who, family) = (b.requests.join(" + "), &b.family);
            let _ = match lang {
                Lang::Nl => writeln!(text, "    {who}: past beter bij {family} (nu: {now})"),
                Lang::En => writeln!(text, "    {who}: fits better with {family} (now: {now})"),
            };
        }
    }
}

impl Splits {
    fn say(&self, text: &mut String, lang: Lang) {
        let price = 100.0 * self.price;
        let apart = of(
            lang,
            "Apart van broers en zussen, zoals hun uitzondering toelaat",
            "Apart from siblings, as their exception allows",
        );
        let together = of(
            lang,
            "Toch samen met broers en zussen; apart levert te weinig op",
            "With siblings all the same; apart gains too little",
        );
        for (what, requests) in [(apart, &self.apart), (together, &self.together)] {
            if !requests.is_empty() {
                let _ = writeln!(text, "  {what}: {}.", requests.join(", "));
            }
        }
        let _ = match lang {
            Lang::Nl => {
                writeln!(text, "  (Apart moet per kind {price:.1} van 100 breakdowns schelen.)")
            }
            Lang::En => {
                writeln!(text, "  (Apart must save {price:.1} of 100 breakdowns for each child.)")
            }
        };
    }
}

fn of(lang: Lang, nl: &'static str, en: &'static str) -> &'static str {
    if lang == Lang::Nl { nl } else { en }
}

/// One request: its question, conditions, vetoes by rule, concessions, candidates.
fn one(text: &mut String, r: &RequestMatch, full: bool, lang: Lang) {
    let _ = writeln!(text, "{} – {}", r.request, r.about.text(lang));
    for note in &r.guideline {
        let _ = writeln!(text, "  ! {}", note.text(lang));
    }
    excluded(text, r, full, lang);
    if !r.relaxations.is_empty() {
        let more = of(lang, "Meer mogelijk maken", "To make more possible");
        let _ = writeln!(text, "  {more}:");
    }
    if r.relaxations.is_empty() && r.candidates.is_empty() {
        let none = of(
            lang,
            "Geen versoepeling die de regels toestaan brengt een gezin terug.",
            "No concession that the rules allow brings a family back.",
        );
        let _ = writeln!(text, "  {none}");
    }
    for relaxation in &r.relaxations {
        let adds = match (relaxation.adds.len(), lang) {
            (1, Lang::Nl) => "1 gezin erbij".to_owned(),
            (1, Lang::En) => "1 family more".to_owned(),
            (n, Lang::Nl) => format!("{n} gezinnen erbij"),
            (n, Lang::En) => format!("{n} families more"),
        };
        let _ = writeln!(text, "    ~ {} {adds}.", relaxation.change.text(lang));
    }
    candidates(text, r, full, lang);
}

/// The families that a rule excludes: counted by rule, or each with its reason.
fn excluded(text: &mut String, r: &RequestMatch, full: bool, lang: Lang) {
    let count = match (r.vetoed.families(), lang) {
        (0, Lang::Nl) => "Geen enkele regel sluit een gezin uit.".to_owned(),
        (0, Lang::En) => "No rule excludes a family.".to_owned(),
        (1, Lang::Nl) => "1 gezin kan nu niet (soms om meer redenen):".to_owned(),
        (1, Lang::En) => "1 family cannot now (some for several reasons):".to_owned(),
        (n, Lang::Nl) => format!("{n} gezinnen kunnen nu niet (soms om meer redenen):"),
        (n, Lang::En) => format!("{n} families cannot now (some for several reasons):"),
    };
    let _ = writeln!(text, "  {count}");
    for (rule, vetoes) in r.vetoed.by_rule() {
        let _ = writeln!(text, "    {:>4} {}", vetoes.len(), rule.label(lang));
        if full {
            for veto in vetoes {
                let _ =
                    writeln!(text, "           {}: {}", veto.family(), veto.detail().text(lang));
            }
        }
    }
}

fn candidates(text: &mut String, r: &RequestMatch, full: bool, lang: Lang) {
    let n = r.candidates.len();
    let title = match (n, lang) {
        (0, Lang::Nl) => "Geen gezin blijft over.".to_owned(),
        (0, Lang::En) => "No family remains.".to_owned(),
        (1, Lang::Nl) => "1 gezin kan:".to_owned(),
        (1, Lang::En) => "1 family can:".to_owned(),
        (_, Lang::Nl) => format!("{n} gezinnen kunnen (geen rangorde):"),
        (_, Lang::En) => format!("{n} families can (no ranking):"),
    };
    let _ = writeln!(text, "  {title}");
    let common = r.common();
    if common.iter().any(|side| !side.is_empty()) {
        let _ = writeln!(text, "    {}:", of(lang, "Bij alle gezinnen", "For all families"));
        for (mark, notes) in MARKS.iter().zip(&common) {
            for note in notes {
                let _ = writeln!(text, "      {mark} {}", note.text(lang));
            }
        }
    }
    let spelled = full || n <= SPELLED_OUT;
    for candidate in &r.candidates {
        family(text, candidate, &common, n, spelled, lang);
    }
    if !spelled {
        let _ = match lang {
            Lang::Nl => writeln!(
                text,
                "    (+ voor, - tegen, ? te vragen; --request {} vertelt het per gezin)",
                r.request
            ),
            Lang::En => writeln!(
                text,
                "    (+ for, - against, ? to ask; --request {} tells it for each family)",
                r.request
            ),
        };
    }
}

const MARKS: [&str; 3] = ["+", "-", "?"];

/// One candidate: what is not common to all.
fn family(
    text: &mut String,
    c: &Candidate,
    common: &[Vec<&Note>; 3],
    of_all: usize,
    spelled: bool,
    lang: Lang,
) {
    let own: [Vec<&Note>; 3] = std::array::from_fn(|side| {
        c.sides()[side].iter().filter(|n| !common[side].contains(n)).collect()
    });
    let risk = risk(c, lang);
    if !spelled {
        let counts = MARKS.iter().zip(&own).map(|(mark, notes)| format!("{mark}{}", notes.len()));
        let counts = counts.collect::<Vec<_>>().join(" ");
        let _ = writeln!(text, "    {:<10} {counts:<10} {risk}", c.family);
        return;
    }
    let _ = writeln!(text, "    {}: {risk}", c.family);
    for (mark, notes) in MARKS.iter().zip(&own) {
        for note in notes {
            let _ = writeln!(text, "      {mark} {}", note.text(lang));
        }
    }
    if let Some(told) = told_apart(c, of_all, lang) {
        let _ = writeln!(text, "      = {told}");
    }
}

/// The risk at the last horizon, or that there is no number.
fn risk(c: &Candidate, lang: Lang) -> String {
    let Some(risk) = c.risk.as_ref().and_then(|r| r.last()) else {
        return of(lang, "geen getal", "no number").to_owned();
    };
    let of_100 = |p: f64| (100.0 * p).round() as u32;
    let months = (risk.horizon / crate::DAYS_PER_MONTH).round();
    let (e, l, u) = (of_100(risk.estimate), of_100(risk.lower), of_100(risk.upper));
    match lang {
        Lang::Nl => format!("binnen {months} maanden ongeveer {e} van 100 ({l} tot {u})"),
        Lang::En => format!("within {months} months about {e} of 100 ({l} to {u})"),
    }
}

/// From which other candidates the data can tell a family apart, in the shorter way.
fn told_apart(c: &Candidate, of_all: usize, lang: Lang) -> Option<String> {
    let (same, others) = (c.equal_to.len(), of_all.saturating_sub(1));
    if same == 0 || others == 0 {
        return None;
    }
    let names = || c.equal_to.listed();
    Some(match lang {
        Lang::Nl if same == others => "niet te onderscheiden van alle andere".to_owned(),
        Lang::En if same == others => "cannot be told apart from any other".to_owned(),
        Lang::Nl if same > SPELLED_OUT => {
            format!("niet te onderscheiden van {same} van de {others} andere")
        }
        Lang::En if same > SPELLED_OUT => {
            format!("cannot be told apart from {same} of the {others} others")
        }
        Lang::Nl => format!("niet te onderscheiden van {}", names()),
        Lang::En => format!("cannot be told apart from {}", names()),
    })
}

impl Candidate {
    /// What speaks for, what against, what to ask.
    #[must_use]
    pub fn sides(&self) -> [&[Note]; 3] {
        [&self.speaks_for, &self.against, &self.unknown]
    }
}

impl RequestMatch {
    /// The notes for, against and to ask that are the same for all candidates (where there are
    /// two or more): said once, they leave what tells the families apart.
    #[must_use]
    pub fn common(&self) -> [Vec<&Note>; 3] {
        let Some((first, rest)) = self.candidates.split_first().filter(|(_, r)| !r.is_empty())
        else {
            return [vec![], vec![], vec![]];
        };
        std::array::from_fn(|side| {
            let shared = |n: &&Note| rest.iter().all(|c| c.sides()[side].contains(n));
            first.sides()[side].iter().filter(shared).collect()
        })
    }
}
