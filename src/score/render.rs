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
    for reason in stay.reasons.iter().filter(|r| r.contribution != 0.0).take(REASONS) {
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

/// A risk in words: of 100 comparable placements, with the interval.
fn sentence(risk: &Risk, lang: Lang) -> String {
    let of_100 = |p: f64| (100.0 * p).round() as u32;
    let months = (risk.horizon / crate::DAYS_PER_MONTH).round();
    let (e, l, u) = (of_100(risk.estimate), of_100(risk.lower), of_100(risk.upper));
    match lang {
        Lang::Nl => format!(
            "binnen {months} maanden eindigen ongeveer {e} van 100 vergelijkbare plaatsingen in \
             een breakdown, {} niet (het kunnen er ook {l} of {u} zijn)",
            100 - e.min(100)
        ),
        Lang::En => format!(
            "within {months} months about {e} of 100 comparable placements break down, {} do not \
             (it may also be {l} or {u})",
            100 - e.min(100)
        ),
    }
}
