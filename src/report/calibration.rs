//! Calibration plot: what was predicted against what happened.

use super::disclose::Audience;
use super::html::Html;
use super::language::Language;
use super::svg::{self, Scale, Width};

/// A group of placements with about the same prediction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationPoint {
    /// Mean predicted risk.
    pub predicted: f64,
    /// What happened, with competing ends and censoring accounted for.
    pub observed: f64,
    /// The lower end of its confidence interval.
    pub lower: f64,
    /// The upper end.
    pub upper: f64,
    /// How many placements the group holds.
    pub n: usize,
}

/// A calibration plot at one horizon.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationPicture {
    /// Unique on the page.
    pub id: String,
    /// What the picture shows, in one line.
    pub title: String,
    /// The groups.
    pub points: Vec<CalibrationPoint>,
    /// A smooth calibration curve (predicted, observed), where one was computed; in order.
    pub smooth: Vec<(f64, f64)>,
}

impl CalibrationPicture {
    /// Writes the picture as a figure with a caption; groups too small for the audience are left
    /// out and said.
    pub fn write(&self, h: &mut Html, language: Language, audience: Audience) {
        let points: Vec<CalibrationPoint> = self
            .points
            .iter()
            .copied()
            .filter(|p| audience.may_see(p.n) && p.predicted.is_finite() && p.observed.is_finite())
            .collect();
        if points.is_empty() {
            return;
        }
        h.within("figure", &[("id", &self.id), ("class", "square")], |h| {
            h.leaf("figcaption", &[], &self.title);
            let description = describe(&points, language, audience);
            svg::picture(h, &self.id, &self.title, &description, |h, width| {
                self.draw(h, &points, width, language)
            });
            let hidden = self.points.len() - points.len();
            if hidden > 0 {
                let text = language.of(
                    "Groepen die te klein zijn om te tonen zijn weggelaten.",
                    "Groups too small to show are left out.",
                );
                h.leaf("p", &[("class", "note")], text);
            }
        });
    }

    fn draw(
        &self,
        h: &mut Html,
        points: &[CalibrationPoint],
        width: Width,
        language: Language,
    ) -> f64 {
        let (left, right, top) = match width {
            Width::Wide => (150.0, 570.0, 16.0),
            Width::Narrow => (46.0, width.units() - 12.0, 40.0),
        };
        let bottom = top + (right - left);
        let highest = points
            .iter()
            .flat_map(|p| [p.predicted, p.observed, p.upper])
            .filter(|v| v.is_finite())
            .fold(0.05f64, f64::max)
            .min(1.0);
        let ticks = svg::ticks(highest, 5);
        let end = ticks.last().copied().unwrap_or(1.0).min(1.0);
        let x = Scale::linear((0.0, end), (left, right));
        let y = Scale::linear((0.0, end), (bottom, top));
        for &tick in ticks.iter().filter(|&&t| t <= end * (1.0 + 1e-9)) {
            svg::line(h, "grid", (left, y.of(tick)), (right, y.of(tick)));
            svg::line(h, "grid", (x.of(tick), bottom), (x.of(tick), top));
            let text = language.percent(tick, usize::from(end < 0.05));
            svg::label(h, "tick end", (left - 8.0, y.of(tick) + 4.5), &text);
            svg::label(h, "tick mid", (x.of(tick), bottom + 20.0), &text);
        }
        svg::line(h, "ideal", (left, bottom), (right, top));
        svg::line(h, "axis", (left, bottom), (right, bottom));
        svg::line(h, "axis", (left, bottom), (left, top));
        let smooth: Vec<String> = self
            .smooth
            .iter()
            .filter(|(p, o)| p.is_finite() && o.is_finite() && *p <= end)
            .map(|&(p, o)| format!("{} {}", svg::at(x.of(p)), svg::at(y.of(o))))
            .collect();
        if smooth.len() > 1 {
            svg::path(h, "curve s1", &format!("M{}", smooth.join("L")));
        }
        for p in points {
            let px = x.of(p.predicted);
            if p.lower.is_finite() && p.upper.is_finite() {
                svg::line(h, "whisker", (px, y.of(p.lower)), (px, y.of(p.upper)));
                for v in [p.lower, p.upper] {
                    svg::line(h, "whisker", (px - 4.0, y.of(v)), (px + 4.0, y.of(v)));
                }
            }
            svg::circle(h, "mark", (px, y.of(p.observed)), 4.5);
        }
        let (predicted, observed) =
            (language.of("voorspeld", "predicted"), language.of("gebeurd", "observed"));
        svg::label(h, "tick mid", ((left + right) / 2.0, bottom + 42.0), predicted);
        match width {
            Width::Wide => {
                svg::label_upwards(h, "tick mid", (left - 58.0, (top + bottom) / 2.0), observed);
            }
            Width::Narrow => svg::label(h, "tick", (4.0, top - 20.0), observed),
        }
        bottom + 52.0
    }
}

fn describe(points: &[CalibrationPoint], language: Language, audience: Audience) -> String {
    let mut text = String::from(language.of(
        "Op de stippellijn is voorspeld gelijk aan gebeurd. ",
        "On the dashed line, predicted equals observed. ",
    ));
    for p in points {
        text.push_str(&format!(
            "{} {}, {} {} ({}–{}), n = {}. ",
            language.of("Voorspeld", "Predicted"),
            language.percent(p.predicted, 0),
            language.of("gebeurd", "observed"),
            language.percent(p.observed, 0),
            language.percent(p.lower, 0),
            language.percent(p.upper, 0),
            audience.count(language, p.n),
        ));
    }
    text
}
