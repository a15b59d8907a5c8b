//! Scores as text for a person.

use std::fmt::Write;

use super::note::Lang;
use super::result::{Risk, ScoreResult, StayScore};

/// How many reasons are spelled out.
const REASONS: usize = 5;

impl ScoreResult {
    /// The scores as a person reads them, in words with the denominator always 100.
    #[must_use]
    pub fn to_text(&self, lang: Lang) -> String {
        let mut text = String::new();
        if let Some(banner) = &self.banner {
            let _ = writeln!(text, "*** {} ***\n", banner.text(lang));
        }
        let _ = writeln!(text, "{}\n", self.safety.text(lang));
        let nl = lang == Lang::Nl;
        let head = if nl { "Lopende plaatsingen op" } else { "Running placements on" };
        let _ = writeln!(text, "{head} {}: {}\n", self.as_of, self.stays.len());
        for stay in &self.stays {
            one(&mut text, stay, lang);
        }
        text
    }
}

/// One placement.
fn one(text: &mut String, stay: &StayScore, lang: Lang) {
    let nl = lang == Lang::Nl;
    let months = (stay.lasted / crate::DAYS_PER_MONTH).floor();
    let lasted = if nl { "loopt" } else { "has lasted" };
    let unit = if nl { "maanden" } else { "months" };
    let _ = writeln!(text, "{} ({lasted} {months} {unit})", stay.stay);
    for risk in stay.risk.iter().flatten() {
        let _ = writeln!(text, "  {}", sentence(risk, lang));
    }
    let comparable = match (stay.support, nl) {
        (Some(n), true) => format!("vergelijkbare plaatsingen: {n}"),
        (Some(n), false) => format!("comparable placements: {n}"),
        (None, true) => "vergelijkbare plaatsingen: minder dan 10".to_owned(),
        (None, false) => "comparable placements: fewer than 10".to_owned(),
    };
    let _ = writeln!(text, "  {comparable}");
    // Without a number there is nothing that raises or lowers it.
    let reasons = stay.reasons.iter().filter(|r| stay.risk.is_some() && r.speaks());
    for reason in reasons.take(REASONS) {
        let direction = match (reason.contribution > 0.0, nl) {
            (true, true) => "verhoogt",
            (false, true) => "verlaagt",
            (true, false) => "raises",
            (false, false) => "lowers",
        };
        let label = reason.label.as_ref().map_or(reason.term.as_str(), |l| l.text(lang));
        let mark = match (reason.changeable, nl) {
            (true, true) => " (te beïnvloeden)",
            (true, false) => " (changeable)",
            (false, _) => "",
        };
        let _ = writeln!(text, "  {direction}: {label}{mark}");
    }
    for note in stay.guideline.iter().chain(&stay.unknown) {
        let _ = writeln!(text, "  - {}", note.text(lang));
    }
    let _ = writeln!(text);
}

/// A risk in words: of 100 comparable placements, with the interval. Under five of 100 no more is
/// known than that it is few.
fn sentence(risk: &Risk, lang: Lang) -> String {
    let of_100 = |p: f64| ((100.0 * p).round() as u32).min(100);
    let months = (risk.horizon / crate::DAYS_PER_MONTH).round();
    let (e, l, u) = (of_100(risk.estimate), of_100(risk.lower), of_100(risk.upper));
    match lang {
        Lang::Nl if e < FEW => format!(
            "binnen {months} maanden eindigen minder dan {FEW} van 100 vergelijkbare plaatsingen \
             in een breakdown (waarschijnlijk hooguit {})",
            u.max(1)
        ),
        Lang::En if e < FEW => format!(
            "within {months} months fewer than {FEW} of 100 comparable placements break down \
             (probably at most {})",
            u.max(1)
        ),
        Lang::Nl => format!(
            "binnen {months} maanden eindigen ongeveer {e} van 100 vergelijkbare plaatsingen in \
             een breakdown, {} niet (het kunnen er ook {l} of {u} zijn)",
            100 - e
        ),
        Lang::En => format!(
            "within {months} months about {e} of 100 comparable placements break down, {} do not \
             (it may also be {l} or {u})",
            100 - e
        ),
    }
}

/// Below this of 100 a count is only "few".
const FEW: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_not_counted_to_the_last_one() {
        let risk = |estimate, lower, upper| Risk { horizon: 365.25, estimate, lower, upper };
        assert_eq!(
            sentence(&risk(0.001, 0.0, 0.04), Lang::En),
            "within 12 months fewer than 5 of 100 comparable placements break down (probably at \
             most 4)"
        );
        assert!(sentence(&risk(0.18, 0.12, 0.25), Lang::Nl).contains("ongeveer 18 van 100"));
        assert!(sentence(&risk(1.0, 0.9, 1.0), Lang::En).contains("0 do not"));
    }
}
