//! Calibration plot: what was predicted against what happened.

use super::html::Html;
use super::svg::{self, Scale};
use crate::score::Lang;

/// A point of a calibration curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationMark {
    /// Predicted risk.
    pub predicted: f64,
    /// What happened among placements with this prediction, with competing ends and censoring
    /// accounted for.
    pub observed: f64,
    /// Its confidence interval, where there is one.
    pub interval: Option<(f64, f64)>,
}

/// How the predicted risks lie: shares in equal bins over 0–1 of the placements that ended in
/// the event by the horizon, and of those that did not.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Spread {
    /// Of those with the event.
    pub event: Vec<f64>,
    /// Of those without.
    pub no_event: Vec<f64>,
}

/// A calibration plot at one horizon.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationPicture {
    /// Unique on the page.
    pub id: String,
    /// What the picture shows, in one line.
    pub title: String,
    /// The curve, rising in predicted risk.
    pub marks: Vec<CalibrationMark>,
    /// How the predictions lie, drawn below; `None` leaves it out.
    pub spread: Option<Spread>,
}

/// Where the square of the picture lies, and its two scales.
struct Square {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    end: f64,
    x: Scale,
    y: Scale,
}

impl CalibrationPicture {
    /// Writes the picture as a figure with a caption; nothing where there is no curve.
    pub fn write(&self, h: &mut Html, language: Lang) {
        let marks: Vec<CalibrationMark> = self
            .marks
            .iter()
            .copied()
            .filter(|m| m.predicted.is_finite() && m.observed.is_finite())
            .collect();
        if marks.len() < 2 {
            return;
        }
        h.within("figure", &[("id", &self.id)], |h| {
            h.leaf("figcaption", &[], &self.title);
            let description = describe(&marks, language);
            svg::small(h, &self.id, &self.title, &description, WIDTH, |h| {
                let square = square(&marks);
                draw_axes(h, &square, language);
                draw_curve(h, &square, &marks);
                let end = square.bottom + 52.0;
                match &self.spread {
                    Some(spread) => draw_spread(h, &square, spread, end, language),
                    None => end,
                }
            });
        });
    }
}

/// The width of a plot, small enough for a telephone; on a desk several stand side by side.
const WIDTH: f64 = 320.0;

/// The square, scaled to the data.
fn square(marks: &[CalibrationMark]) -> Square {
    let (left, right, top) = (54.0, WIDTH - 20.0, 34.0);
    let bottom = top + (right - left);
    let highest = marks
        .iter()
        .flat_map(|m| [m.predicted, m.observed, m.interval.map_or(0.0, |(_, upper)| upper)])
        .filter(|v| v.is_finite())
        .fold(0.05f64, f64::max)
        .min(1.0);
    let end = svg::ticks(highest, 5).last().copied().unwrap_or(1.0).min(1.0);
    let x = Scale::linear((0.0, end), (left, right));
    let y = Scale::linear((0.0, end), (bottom, top));
    Square { left, right, top, bottom, end, x, y }
}

fn draw_axes(h: &mut Html, s: &Square, language: Lang) {
    for tick in svg::ticks(s.end, 5).into_iter().filter(|&t| t <= s.end * (1.0 + 1e-9)) {
        svg::line(h, "grid", (s.left, s.y.of(tick)), (s.right, s.y.of(tick)));
        svg::line(h, "grid", (s.x.of(tick), s.bottom), (s.x.of(tick), s.top));
        let text = language.percent(tick, usize::from(s.end < 0.05));
        svg::label(h, "tick end", (s.left - 8.0, s.y.of(tick) + 4.5), &text);
        svg::label(h, "tick mid", (s.x.of(tick), s.bottom + 20.0), &text);
    }
    svg::line(h, "ideal", (s.left, s.bottom), (s.right, s.top));
    svg::line(h, "axis", (s.left, s.bottom), (s.right, s.bottom));
    svg::line(h, "axis", (s.left, s.bottom), (s.left, s.top));
    let (predicted, observed) =
        (language.of("voorspeld", "predicted"), language.of("gebeurd", "observed"));
    svg::label(h, "tick mid", ((s.left + s.right) / 2.0, s.bottom + 42.0), predicted);
    svg::label(h, "tick", (4.0, s.top - 18.0), observed);
}

fn draw_curve(h: &mut Html, s: &Square, marks: &[CalibrationMark]) {
    let point = |p: f64, v: f64| format!("{} {}", svg::at(s.x.of(p)), svg::at(s.y.of(v)));
    let with: Vec<(f64, (f64, f64))> = marks
        .iter()
        .filter_map(|m| m.interval.map(|i| (m.predicted, i)))
        .filter(|(_, (l, u))| l.is_finite() && u.is_finite())
        .collect();
    if with.len() > 1 {
        let upper = with.iter().map(|&(p, (_, u))| point(p, u));
        let lower = with.iter().rev().map(|&(p, (l, _))| point(p, l));
        let outline: Vec<String> = upper.chain(lower).collect();
        svg::path(h, "band f0", &format!("M{}Z", outline.join("L")));
    }
    let curve: Vec<String> = marks.iter().map(|m| point(m.predicted, m.observed)).collect();
    svg::path(h, "curve s0", &format!("M{}", curve.join("L")));
}

/// Bars above a line for the placements with the event, below it for those without; returns the
/// height used in all.
fn draw_spread(h: &mut Html, s: &Square, spread: &Spread, top: f64, language: Lang) -> f64 {
    let tallest = spread.event.iter().chain(&spread.no_event).copied().filter(|v| v.is_finite());
    let tallest = tallest.fold(0.0f64, f64::max);
    if tallest <= 0.0 {
        return top;
    }
    let heading = language.of("Verdeling van de voorspellingen", "Where the predictions lie");
    svg::label(h, "tick strong", (s.left, top + 12.0), heading);
    let (up, down) = (language.of("met", "with"), language.of("zonder", "without"));
    let middle = top + 72.0;
    for (shares, class, above) in
        [(&spread.event, "bar", true), (&spread.no_event, "bar other", false)]
    {
        let n = shares.len().max(1) as f64;
        for (k, share) in shares.iter().enumerate().filter(|(_, v)| v.is_finite() && **v > 0.0) {
            let (from, to) = (k as f64 / n, (k as f64 + 1.0) / n);
            if from >= s.end {
                break;
            }
            let height = 48.0 * share / tallest;
            let y = if above { middle - height } else { middle };
            svg::rect(h, class, (s.x.of(from), y), s.x.of(to) - s.x.of(from) - 1.0, height);
        }
    }
    svg::line(h, "axis", (s.left, middle), (s.right, middle));
    svg::label(h, "tick end", (s.left - 6.0, middle - 10.0), up);
    svg::label(h, "tick end", (s.left - 6.0, middle + 20.0), down);
    middle + 60.0
}

fn describe(marks: &[CalibrationMark], language: Lang) -> String {
    let mut text = String::from(language.of(
        "Op de streepjeslijn is voorspeld gelijk aan gebeurd. ",
        "On the dashed line, predicted equals observed. ",
    ));
    // Five points along the curve say enough.
    let step = (marks.len() - 1).max(1).div_ceil(4);
    for m in marks.iter().step_by(step) {
        text.push_str(&format!(
            "{} {}, {} {}",
            language.of("Voorspeld", "Predicted"),
            language.percent(m.predicted, 0),
            language.of("gebeurd", "observed"),
            language.percent(m.observed, 0),
        ));
        if let Some((lower, upper)) = m.interval {
            let (lower, upper) = (language.percent(lower, 0), language.percent(upper, 0));
            text.push_str(&format!(" ({lower}–{upper})"));
        }
        text.push_str(". ");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(marks: Vec<CalibrationMark>) -> String {
        let mut h = Html::new();
        let spread =
            Some(Spread { event: vec![0.0, f64::NAN, 0.5], no_event: vec![0.9, 0.1, 0.0] });
        CalibrationPicture { id: "c".into(), title: "t".into(), marks, spread }
            .write(&mut h, Lang::En);
        h.into_string()
    }

    #[test]
    fn broken_points_are_left_out() {
        let mark = |p: f64, o: f64| CalibrationMark { predicted: p, observed: o, interval: None };
        assert!(picture(vec![mark(0.1, f64::NAN), mark(0.2, 0.2)]).is_empty());
        let text = picture(vec![mark(0.1, 0.1), mark(f64::INFINITY, 0.2), mark(0.3, 0.4)]);
        assert!(text.contains("Predicted 10%, observed 10%"));
        assert!(!text.contains("NaN") && !text.contains("inf"));
    }
}
