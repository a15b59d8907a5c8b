//! A match as text for a person: vetoes first, then what speaks for and against in equal measure.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::render::proof;
use super::result::{Candidate, MatchResult, RequestMatch};
use crate::score::Lang;

impl MatchResult {
    /// The answer as a person reads it. Candidates carry no rank.
    #[must_use]
    pub fn to_text(&self, lang: Lang) -> String {
        let mut text = String::new();
        let of = |nl: &'static str, en: &'static str| if lang == Lang::Nl { nl } else { en };
        if let Some(banner) = &self.banner {
            let _ = writeln!(text, "*** {} ***\n", banner.text(lang));
        }
        let _ = writeln!(text, "{}\n", self.label.text(lang));
        for request in &self.requests {
            one(&mut text, request, lang);
        }
        let a = &self.assignment;
        let _ = writeln!(
            text,
            "{}",
            of("Voorstel voor alle aanvragen samen", "A plan for all requests together")
        );
        let _ = writeln!(text, "  {}", proof(a.status, a.objective, a.bound, a.gap, lang));
        for pair in &a.pairs {
            let _ = writeln!(text, "  {} → {}", pair.request, pair.family);
        }
        for unplaced in &a.unplaced {
            let none = of("geen plek", "no place");
            let _ = writeln!(text, "  {}: {none}. {}", unplaced.request, unplaced.why.text(lang));
        }
        let _ = writeln!(text, "  {}", self.worth_reason.text(lang));
        text
    }
}

/// One request.
fn one(text: &mut String, request: &RequestMatch, lang: Lang) {
    let of = |nl: &'static str, en: &'static str| if lang == Lang::Nl { nl } else { en };
    let families: std::collections::BTreeSet<&str> =
        request.vetoed.iter().map(|v| v.family.as_str()).collect();
    let _ = writeln!(
        text,
        "{}: {} {}, {} {}",
        request.request,
        request.candidates.len(),
        of("gezinnen kunnen", "families can"),
        families.len(),
        of("vallen af door een regel", "are excluded by a rule")
    );
    let mut by_rule: BTreeMap<&str, usize> = BTreeMap::new();
    for veto in &request.vetoed {
        *by_rule.entry(&veto.rule).or_default() += 1;
    }
    for (rule, n) in by_rule {
        let _ = writeln!(text, "  {} {rule} ×{n}", of("afgevallen door", "excluded by"));
    }
    for note in &request.guideline {
        let _ = writeln!(text, "  ! {}", note.text(lang));
    }
    for relaxation in &request.relaxations {
        let more = of("gezinnen erbij", "more families");
        let _ = writeln!(
            text,
            "  ~ {} (+{} {more})",
            relaxation.change.text(lang),
            relaxation.adds.len()
        );
    }
    for candidate in &request.candidates {
        family(text, candidate, lang);
    }
    let _ = writeln!(text);
}

/// One candidate.
fn family(text: &mut String, c: &Candidate, lang: Lang) {
    let of = |nl: &'static str, en: &'static str| if lang == Lang::Nl { nl } else { en };
    let _ = writeln!(text, "  {}", c.family);
    if let Some(risk) = c.risk.as_ref().and_then(|r| r.last()) {
        let of_100 = |p: f64| (100.0 * p).round() as u32;
        let months = (risk.horizon / crate::DAYS_PER_MONTH).round();
        let (e, l, u) = (of_100(risk.estimate), of_100(risk.lower), of_100(risk.upper));
        let _ = match lang {
            Lang::Nl => writeln!(
                text,
                "    binnen {months} maanden ongeveer {e} van 100 een breakdown ({l} tot {u})"
            ),
            Lang::En => writeln!(
                text,
                "    within {months} months about {e} of 100 break down ({l} to {u})"
            ),
        };
    }
    for (mark, notes) in [("+", &c.speaks_for), ("-", &c.against), ("?", &c.unknown)] {
        for note in notes {
            let _ = writeln!(text, "    {mark} {}", note.text(lang));
        }
    }
    if !c.equal_to.is_empty() {
        let equal = of("niet te onderscheiden van", "cannot be told apart from");
        let _ = writeln!(text, "    = {equal} {}", c.equal_to.join(", "));
    }
}
