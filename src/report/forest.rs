//! Forest plot: a hazard ratio with its interval per term.

use super::html::Html;
use super::svg::{self, Scale, Width};
use crate::score::Lang;

/// A row of a forest plot.
#[derive(Debug, Clone, PartialEq)]
pub struct ForestRow {
    /// What the row is about, in words.
    pub label: String,
    /// The ratio, above 0; `None` for a reference level, which is 1 by definition.
    pub ratio: Option<Ratio>,
}

/// A ratio with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// The estimate.
    pub estimate: f64,
    /// The lower end of its confidence interval.
    pub lower: f64,
    /// The upper end.
    pub upper: f64,
    /// The p-value, where there is one.
    pub p: Option<f64>,
}

impl Ratio {
    /// Whether it can be drawn.
    fn drawable(&self) -> bool {
        [self.estimate, self.lower, self.upper].iter().all(|v| v.is_finite() && *v > 0.0)
    }
}

/// A forest plot.
#[derive(Debug, Clone, PartialEq)]
pub struct ForestPicture {
    /// Unique on the page.
    pub id: String,
    /// What the picture shows, in one line.
    pub title: String,
    /// What the ratio is, on the axis.
    pub x_label: String,
    /// What lies left and right of 1.
    pub sides: (String, String),
    /// The rows, from top to bottom.
    pub rows: Vec<ForestRow>,
}

/// The widest axis: further intervals end in an arrow.
const WIDEST: (f64, f64) = (0.05, 20.0);
/// An interval whose ends differ by more than this factor does not widen the axis.
const FAIR: f64 = 12.0;

impl ForestPicture {
    /// Writes the picture as a figure with a caption.
    pub fn write(&self, h: &mut Html, language: Lang) {
        if !self.rows.iter().any(|r| r.ratio.is_some_and(|r| r.drawable())) {
            return;
        }
        h.within("figure", &[("id", &self.id)], |h| {
            h.leaf("figcaption", &[], &self.title);
            let description = self.describe(language);
            svg::picture(h, &self.id, &self.title, &description, |h, width| {
                self.draw(h, width, language)
            });
        });
    }

    fn describe(&self, language: Lang) -> String {
        let mut text = format!("{}. ", self.x_label);
        for row in &self.rows {
            text.push_str(&format!("{}: {}. ", row.label, self.in_words(row, language)));
        }
        text
    }

    fn in_words(&self, row: &ForestRow, language: Lang) -> String {
        match &row.ratio {
            Some(r) => ratio_text(language, r),
            None => language.of("referentie", "reference").into(),
        }
    }

    /// The span of the axis: the data, rounded outwards to ticks, and always 0.5–2.
    fn span(&self) -> (f64, f64) {
        let drawable = || self.rows.iter().filter_map(|r| r.ratio.filter(Ratio::drawable));
        // One hopelessly wide interval must not squeeze the others: it ends in arrows.
        let fair = |r: &Ratio| r.upper <= FAIR * r.lower;
        let ends = |end: fn(&Ratio) -> f64| -> Vec<f64> {
            drawable().map(|r| if fair(&r) { end(&r) } else { r.estimate }).collect()
        };
        let low = ends(|r| r.lower).into_iter().fold(0.5f64, f64::min).max(WIDEST.0);
        let high = ends(|r| r.upper).into_iter().fold(2.0f64, f64::max).min(WIDEST.1);
        let all = svg::ratio_ticks(WIDEST.0, WIDEST.1);
        let from = all.iter().rev().find(|&&t| t <= low * (1.0 + 1e-9)).copied();
        let to = all.iter().find(|&&t| t >= high * (1.0 - 1e-9)).copied();
        (from.unwrap_or(WIDEST.0), to.unwrap_or(WIDEST.1))
    }

    fn draw(&self, h: &mut Html, width: Width, language: Lang) -> f64 {
        let units = width.units();
        let (left, right, first) = match width {
            Width::Wide => (300.0, units - 170.0, 44.0),
            Width::Narrow => (12.0, units - 12.0, 24.0),
        };
        let span = self.span();
        let x = Scale::log(span, (left, right));
        let rows: Vec<Laid> = self.lay_out(width, language, left);
        let bottom = first + rows.iter().map(|r| r.height).sum::<f64>();
        if width == Width::Wide {
            svg::label(h, "tick strong", (4.0, 22.0), language.of("Kenmerk", "Feature"));
            let heading = language.of("Ratio (95%-interval)", "Ratio (95% interval)");
            svg::label(h, "tick strong end", (units - 4.0, 22.0), heading);
            svg::line(h, "axis", (0.0, 32.0), (units, 32.0));
        }
        draw_ticks(h, x, span, (first - 8.0, bottom), language);
        svg::line(h, "axis", (left, bottom), (right, bottom));
        let mut top = first;
        for (row, laid) in self.rows.iter().zip(&rows) {
            let middle = match width {
                Width::Wide => top + laid.height / 2.0,
                Width::Narrow => top + laid.height - 12.0,
            };
            // Text centres on its line where it stands beside it, and starts above it otherwise.
            let (mut y, number) = match width {
                Width::Wide => (middle + 4.5 - 8.5 * (laid.label.len() as f64 - 1.0), middle + 4.5),
                Width::Narrow => (top + 14.0, top + 14.0),
            };
            for line in &laid.label {
                svg::label(h, "tick halo", (4.0, y), line);
                y += 17.0;
            }
            svg::label(h, "tick end num halo", (units - 4.0, number), &laid.number);
            draw_row(h, row, x, span, middle);
            top += laid.height;
        }
        self.draw_axis_text(h, (left, right, x.of(1.0)), bottom + 38.0, width)
    }

    /// Breaks the labels into lines and gives every row its height.
    fn lay_out(&self, width: Width, language: Lang, left: f64) -> Vec<Laid> {
        let lay = |row: &ForestRow| {
            let number = self.in_words(row, language);
            let room = match width {
                Width::Wide => left - 16.0,
                Width::Narrow => width.units() - svg::text_width(&number) - 20.0,
            };
            let label = svg::wrap(&row.label, room);
            let more = 17.0 * (label.len().max(1) - 1) as f64;
            let height = more + if width == Width::Wide { 28.0 } else { 44.0 };
            Laid { label, number, height }
        };
        self.rows.iter().map(lay).collect()
    }

    /// The axis label and what its two sides mean; returns the height used in all.
    fn draw_axis_text(
        &self,
        h: &mut Html,
        (left, right, one): (f64, f64, f64),
        mut y: f64,
        width: Width,
    ) -> f64 {
        let (lower, higher) = &self.sides;
        match width {
            Width::Wide => {
                svg::label(h, "tick end", (one - 8.0, y), &format!("← {lower}"));
                svg::label(h, "tick", (one + 8.0, y), &format!("{higher} →"));
            }
            Width::Narrow => {
                svg::label(h, "tick", (left, y), &format!("← {lower}"));
                y += 18.0;
                svg::label(h, "tick end", (right, y), &format!("{higher} →"));
            }
        }
        y += 20.0;
        svg::label(h, "tick mid", ((left + right) / 2.0, y), &self.x_label);
        y + 10.0
    }
}

/// A row with its place.
struct Laid {
    label: Vec<String>,
    number: String,
    height: f64,
}

/// The grid and its labels; 1 always has one, others where there is room.
fn draw_ticks(h: &mut Html, x: Scale, span: (f64, f64), (top, bottom): (f64, f64), language: Lang) {
    let mut taken = f64::NEG_INFINITY;
    for tick in svg::ratio_ticks(span.0, span.1) {
        let at = x.of(tick);
        let one = (tick - 1.0).abs() < 1e-9;
        svg::line(h, if one { "one" } else { "grid" }, (at, top), (at, bottom));
        if one || (at - taken > 34.0 && (at - x.of(1.0)).abs() > 26.0) {
            svg::label(h, "tick mid", (at, bottom + 18.0), &tick_number(language, tick));
            taken = at;
        }
    }
}

/// The interval as a line with a square at the estimate; arrows where it leaves the axis; an open
/// diamond for a reference level.
fn draw_row(h: &mut Html, row: &ForestRow, x: Scale, span: (f64, f64), y: f64) {
    let Some(ratio) = row.ratio else {
        let one = x.of(1.0);
        let d = format!("M{} {}l5 5l-5 5l-5 -5Z", svg::at(one), svg::at(y - 5.0),);
        svg::path(h, "mark open", &d);
        return;
    };
    if !ratio.drawable() {
        return;
    }
    let (from, to) = (x.of(ratio.lower), x.of(ratio.upper));
    svg::line(h, "whisker", (from, y), (to, y));
    if ratio.lower < span.0 {
        svg::path(h, "whisker", &format!("M{} {}l-7 4l7 4", svg::at(from + 7.0), svg::at(y - 4.0)));
    } else {
        svg::line(h, "whisker", (from, y - 4.0), (from, y + 4.0));
    }
    if ratio.upper > span.1 {
        svg::path(h, "whisker", &format!("M{} {}l7 4l-7 4", svg::at(to - 7.0), svg::at(y - 4.0)));
    } else {
        svg::line(h, "whisker", (to, y - 4.0), (to, y + 4.0));
    }
    if ratio.estimate >= span.0 && ratio.estimate <= span.1 {
        svg::rect(h, "mark", (x.of(ratio.estimate) - 4.5, y - 4.5), 9.0, 9.0);
    }
}

/// A tick of a ratio without zeros at its end: `0.05`, `1`, `20`.
fn tick_number(language: Lang, value: f64) -> String {
    let digits = (-value.log10()).ceil().max(0.0) as usize;
    language.number(value, digits)
}

/// A ratio with two decimals, more when it is very small, fewer when it is large.
#[must_use]
pub fn ratio_number(language: Lang, value: f64) -> String {
    if value >= 1e4 {
        return format!(">{}", language.number(1e4, 0));
    }
    if value > 0.0 && value < 0.001 {
        return language.of("<0,001", "<0.001").into();
    }
    let digits = match value {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        v if v < 0.1 => 3,
        _ => 2,
    };
    language.number(value, digits)
}

/// `1.31 (1.08–1.59)`.
#[must_use]
pub fn ratio_text(language: Lang, ratio: &Ratio) -> String {
    let two = |v: f64| {
        if (0.001..100.0).contains(&v) {
            language.number(v, if v < 0.1 { 3 } else { 2 })
        } else {
            ratio_number(language, v)
        }
    };
    format!("{} ({}–{})", two(ratio.estimate), two(ratio.lower), two(ratio.upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_in_words() {
        let ratio = Ratio { estimate: 1.308, lower: 1.0, upper: 123.4, p: None };
        assert_eq!(ratio_text(Lang::En, &ratio), "1.31 (1.00–123)");
        assert_eq!(tick_number(Lang::Nl, 0.5), "0,5");
        assert_eq!(tick_number(Lang::En, 0.05), "0.05");
        assert_eq!(tick_number(Lang::En, 1.0), "1");
        assert_eq!(tick_number(Lang::En, 20.0), "20");
        assert_eq!(ratio_number(Lang::En, 1e300), ">10,000");
        assert_eq!(ratio_number(Lang::En, 1e-9), "<0.001");
    }

    #[test]
    fn an_interval_off_the_axis_ends_in_an_arrow_and_nothing_is_infinite() {
        let picture = ForestPicture {
            id: "f".into(),
            title: "t".into(),
            x_label: "x".into(),
            sides: ("a".into(), "b".into()),
            rows: vec![
                ForestRow {
                    label: "<b>".into(),
                    ratio: Some(Ratio { estimate: 2.0, lower: 1e-8, upper: 1e8, p: None }),
                },
                ForestRow {
                    label: "never".into(),
                    ratio: Some(Ratio {
                        estimate: f64::INFINITY,
                        lower: 0.0,
                        upper: f64::NAN,
                        p: None,
                    }),
                },
                ForestRow { label: "reference".into(), ratio: None },
            ],
        };
        let mut h = Html::new();
        picture.write(&mut h, Lang::En);
        let text = h.as_str();
        assert!(text.contains("l-7 4l7 4") && text.contains("l7 4l-7 4"));
        assert!(!text.contains("NaN") && !text.contains("inf\""));
        assert!(text.contains("&lt;b&gt;"));
    }
}
