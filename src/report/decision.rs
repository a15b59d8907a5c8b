//! Decision curve: is acting on the model worth more than acting on everybody, or on nobody?

use super::html::Html;
use super::svg::{self, Scale, Width};
use crate::score::Lang;

/// Net benefit at one threshold; acting on nobody has 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DecisionPoint {
    /// The risk from which one would act.
    pub threshold: f64,
    /// Acting on the model.
    pub model: f64,
    /// Acting on everybody.
    pub all: f64,
}

/// A decision curve at one horizon (Vickers & Elkin 2006).
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionPicture {
    /// Unique on the page.
    pub id: String,
    /// What the picture shows, in one line.
    pub title: String,
    /// The points, rising in threshold.
    pub points: Vec<DecisionPoint>,
}

impl DecisionPicture {
    /// Writes the picture as a figure with a caption; nothing with fewer than two points.
    pub fn write(&self, h: &mut Html, language: Lang) {
        let points: Vec<DecisionPoint> = self
            .points
            .iter()
            .copied()
            .filter(|p| p.threshold.is_finite() && p.model.is_finite() && p.all.is_finite())
            .collect();
        if points.len() < 2 {
            return;
        }
        h.within("figure", &[("id", &self.id)], |h| {
            h.leaf("figcaption", &[], &self.title);
            let description = describe(&points, language);
            svg::picture(h, &self.id, &self.title, &description, |h, width| {
                draw(h, &points, width, language)
            });
        });
    }
}

fn describe(points: &[DecisionPoint], language: Lang) -> String {
    let better = points.iter().filter(|p| p.model > p.all.max(0.0)).count();
    match language {
        Lang::Nl => format!(
            "Bij {better} van de {} getoonde drempels levert handelen op het model meer op dan \
             handelen bij iedereen en bij niemand.",
            points.len()
        ),
        Lang::En => format!(
            "At {better} of the {} thresholds shown, acting on the model is worth more than acting \
             on everybody and on nobody.",
            points.len()
        ),
    }
}

fn draw(h: &mut Html, points: &[DecisionPoint], width: Width, language: Lang) -> f64 {
    let (left, right) = match width {
        Width::Wide => (84.0, width.units() - 24.0),
        Width::Narrow => (52.0, width.units() - 12.0),
    };
    let mut y_legend = 16.0;
    let mut x_legend = if width == Width::Wide { left } else { 4.0 };
    for (class, text) in [
        ("curve s0", language.of("dit model", "this model")),
        ("curve s1", language.of("bij iedereen", "everybody")),
        ("one", language.of("bij niemand", "nobody")),
    ] {
        if x_legend > left && x_legend + 46.0 + svg::text_width(text) > width.units() {
            (x_legend, y_legend) = (4.0, y_legend + 20.0);
        }
        svg::line(h, class, (x_legend, y_legend - 4.0), (x_legend + 32.0, y_legend - 4.0));
        svg::label(h, "tick", (x_legend + 39.0, y_legend), text);
        x_legend += 53.0 + svg::text_width(text);
    }
    let top = y_legend + 14.0;
    let bottom = top + if width == Width::Wide { 240.0 } else { 190.0 };
    let highest = points.iter().map(|p| p.model.max(p.all)).fold(0.01f64, f64::max);
    // Acting on everybody falls far below zero; what matters lies just around it.
    let lowest = -0.3 * highest;
    let end = points.last().map_or(1.0, |p| p.threshold);
    let x = Scale::linear((0.0, end), (left, right));
    let y = Scale::linear((lowest, highest), (bottom, top));
    for tick in svg::ticks(highest, 4).into_iter().filter(|&t| t <= highest) {
        svg::line(h, "grid", (left, y.of(tick)), (right, y.of(tick)));
        svg::label(h, "tick end", (left - 8.0, y.of(tick) + 4.5), &language.number(tick, 3));
    }
    let most = if width == Width::Wide { 6 } else { 4 };
    for tick in svg::ticks(end, most).into_iter().filter(|&t| t <= end * (1.0 + 1e-9)) {
        svg::line(h, "axis", (x.of(tick), bottom), (x.of(tick), bottom + 5.0));
        svg::label(h, "tick mid", (x.of(tick), bottom + 20.0), &language.percent(tick, 0));
    }
    svg::line(h, "axis", (left, bottom), (right, bottom));
    svg::line(h, "one", (left, y.of(0.0)), (right, y.of(0.0)));
    curve(h, "curve s1", points, |p| p.all, x, y, lowest);
    curve(h, "curve s0", points, |p| p.model, x, y, lowest);
    let label = language.of("vanaf welke kans men iets doet", "the risk from which one acts");
    svg::label(h, "tick mid", ((left + right) / 2.0, bottom + 42.0), label);
    if width == Width::Wide {
        let label = language.of("nettobaat", "net benefit");
        svg::label_upwards(h, "tick mid", (18.0, (top + bottom) / 2.0), label);
    }
    bottom + 52.0
}

/// A line through the points, cut where it leaves the picture below and where it comes back.
fn curve(
    h: &mut Html,
    class: &str,
    points: &[DecisionPoint],
    value: impl Fn(&DecisionPoint) -> f64,
    x: Scale,
    y: Scale,
    lowest: f64,
) {
    let point = |t: f64, v: f64| format!("{} {}", svg::at(x.of(t)), svg::at(y.of(v)));
    let mut d = String::new();
    for pair in points.windows(2) {
        let ((t0, v0), (t1, v1)) =
            ((pair[0].threshold, value(&pair[0])), (pair[1].threshold, value(&pair[1])));
        if v0 < lowest && v1 < lowest {
            continue;
        }
        // Where the line crosses the lower edge.
        let crossing = || t0 + (lowest - v0) / (v1 - v0) * (t1 - t0);
        let (from, to) = match (v0 < lowest, v1 < lowest) {
            (true, _) => (point(crossing(), lowest), point(t1, v1)),
            (_, true) => (point(t0, v0), point(crossing(), lowest)),
            _ => (point(t0, v0), point(t1, v1)),
        };
        if v0 < lowest || d.is_empty() {
            d.push_str(&format!("M{from}"));
        }
        d.push_str(&format!("L{to}"));
    }
    if !d.is_empty() {
        svg::path(h, class, &d);
    }
}
