//! Instability plot (Riley & Collins 2023): the risk of each placement against what refits on
//! bootstrap samples say of it.

use super::html::Html;
use super::svg::{self, Scale, Width};
use crate::score::Lang;

/// One placement, or a tenth of them: its risk and where 95% of the refits lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StabilityMark {
    /// The risk that the model gives.
    pub predicted: f64,
    /// The 2.5th percentile of the refits.
    pub lower: f64,
    /// The 97.5th.
    pub upper: f64,
}

/// An instability plot at one horizon.
#[derive(Debug, Clone, PartialEq)]
pub struct StabilityPicture {
    /// Unique on the page.
    pub id: String,
    /// What the picture shows, in one line.
    pub title: String,
    /// The marks, rising in predicted risk.
    pub marks: Vec<StabilityMark>,
}

impl StabilityPicture {
    /// Writes the picture as a figure with a caption; nothing with fewer than two marks.
    pub fn write(&self, h: &mut Html, language: Lang) {
        let known =
            |m: &&StabilityMark| [m.predicted, m.lower, m.upper].iter().all(|v| v.is_finite());
        let marks: Vec<StabilityMark> = self.marks.iter().filter(known).copied().collect();
        if marks.len() < 2 {
            return;
        }
        h.within("figure", &[("id", &self.id)], |h| {
            h.leaf("figcaption", &[], &self.title);
            let description = describe(&marks, language);
            svg::picture(h, &self.id, &self.title, &description, |h, width| {
                draw(h, &marks, width, language)
            });
        });
    }
}

fn describe(marks: &[StabilityMark], language: Lang) -> String {
    let widest = marks.iter().map(|m| m.upper - m.lower).fold(0.0, f64::max);
    let points = language.number(100.0 * widest, 0);
    match language {
        Lang::Nl => format!(
            "Langs de as de kans die het model geeft; elke streep loopt over 95% van de hermodellen. \
             De langste is {points} punten."
        ),
        Lang::En => format!(
            "Along the axis the risk that the model gives; every stroke covers 95% of the refits. \
             The longest is {points} points."
        ),
    }
}

fn draw(h: &mut Html, marks: &[StabilityMark], width: Width, language: Lang) -> f64 {
    let (left, right) = match width {
        Width::Wide => (84.0, width.units() - 24.0),
        Width::Narrow => (52.0, width.units() - 12.0),
    };
    let top = 14.0;
    let bottom = top + if width == Width::Wide { 300.0 } else { 230.0 };
    let highest = marks.iter().map(|m| m.upper.max(m.predicted)).fold(0.05f64, f64::max).min(1.0);
    let x = Scale::linear((0.0, highest), (left, right));
    let y = Scale::linear((0.0, highest), (bottom, top));
    let most = if width == Width::Wide { 6 } else { 4 };
    for tick in svg::ticks(highest, most).into_iter().filter(|&t| t <= highest * (1.0 + 1e-9)) {
        svg::line(h, "grid", (left, y.of(tick)), (right, y.of(tick)));
        svg::label(h, "tick end", (left - 8.0, y.of(tick) + 4.5), &language.percent(tick, 0));
        svg::line(h, "axis", (x.of(tick), bottom), (x.of(tick), bottom + 5.0));
        svg::label(h, "tick mid", (x.of(tick), bottom + 20.0), &language.percent(tick, 0));
    }
    svg::line(h, "axis", (left, bottom), (right, bottom));
    // All strokes in one path: a thousand elements would make the page slow.
    let mut d = String::new();
    for m in marks {
        let at = svg::at(x.of(m.predicted));
        let (low, high) = (svg::at(y.of(m.lower)), svg::at(y.of(m.upper)));
        d.push_str(&format!("M{at} {low}L{at} {high}"));
    }
    svg::path(h, "refits", &d);
    svg::line(h, "one", (x.of(0.0), y.of(0.0)), (x.of(highest), y.of(highest)));
    let label = language.of("kans volgens het model", "risk by the model");
    svg::label(h, "tick mid", ((left + right) / 2.0, bottom + 42.0), label);
    if width == Width::Wide {
        let label = language.of("kans volgens hermodellen", "risk by refits");
        svg::label_upwards(h, "tick mid", (18.0, (top + bottom) / 2.0), label);
    }
    bottom + 52.0
}
