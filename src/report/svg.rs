//! The few shapes that the pictures are made of.
//!
//! Every picture is drawn twice, once for a wide page and once for a narrow one (a telephone, 320
//! pixels), because text that shrinks with its picture cannot be read; the style sheet shows one.

use super::html::Html;

/// The width that a picture is drawn for, in its own units (which are pixels at full size).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// A desk or a sheet of paper.
    Wide,
    /// A telephone.
    Narrow,
}

impl Width {
    /// Units across.
    #[must_use]
    pub fn units(self) -> f64 {
        match self {
            Self::Wide => 720.0,
            Self::Narrow => 320.0,
        }
    }
}

/// How many line styles there are; a picture holds at most so many curves.
pub const STYLES: usize = 6;

/// A coordinate with at most one decimal: the same bytes for the same picture, on any machine.
#[must_use]
pub fn at(value: f64) -> String {
    if !value.is_finite() {
        return "0".into();
    }
    let text = format!("{value:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".into(),
        Some(whole) => whole.into(),
        None => text,
    }
}

/// Writes a picture of `width` × `height` units with its accessible title and description, in
/// both widths: `draw` writes the shapes and returns the height that it used.
pub fn picture(
    h: &mut Html,
    id: &str,
    title: &str,
    description: &str,
    draw: impl Fn(&mut Html, Width) -> f64,
) {
    for width in [Width::Wide, Width::Narrow] {
        let mut shapes = Html::new();
        let height = draw(&mut shapes, width);
        let (suffix, class) = match width {
            Width::Wide => ("w", "wide"),
            Width::Narrow => ("n", "narrow"),
        };
        let size = (width.units(), height);
        element(h, &format!("{id}-{suffix}"), class, size, (title, description), &shapes);
    }
}

/// Writes a picture small enough for any page, with its accessible title and description; `draw`
/// writes the shapes and returns the height that it used.
pub fn small(
    h: &mut Html,
    id: &str,
    title: &str,
    description: &str,
    width: f64,
    draw: impl Fn(&mut Html) -> f64,
) {
    let mut shapes = Html::new();
    let height = draw(&mut shapes);
    element(h, id, "any", (width, height), (title, description), &shapes);
}

fn element(
    h: &mut Html,
    id: &str,
    class: &str,
    (width, height): (f64, f64),
    (title, description): (&str, &str),
    shapes: &Html,
) {
    let (title_id, desc_id) = (format!("{id}-t"), format!("{id}-d"));
    h.within(
        "svg",
        &[
            ("class", class),
            ("viewBox", &format!("0 0 {} {}", at(width), at(height))),
            ("role", "img"),
            ("aria-labelledby", &format!("{title_id} {desc_id}")),
            ("xmlns", "http://www.w3.org/2000/svg"),
        ],
        |h| {
            h.leaf("title", &[("id", &title_id)], title);
            h.leaf("desc", &[("id", &desc_id)], description);
            h.append(shapes);
        },
    );
}

/// A straight line.
pub fn line(h: &mut Html, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    h.empty(
        "line",
        &[("class", class), ("x1", &at(x1)), ("y1", &at(y1)), ("x2", &at(x2)), ("y2", &at(y2))],
    );
}

/// A path through `d`.
pub fn path(h: &mut Html, class: &str, d: &str) {
    h.empty("path", &[("class", class), ("d", d)]);
}

/// A circle.
pub fn circle(h: &mut Html, class: &str, (x, y): (f64, f64), r: f64) {
    h.empty("circle", &[("class", class), ("cx", &at(x)), ("cy", &at(y)), ("r", &at(r))]);
}

/// A rectangle.
pub fn rect(h: &mut Html, class: &str, (x, y): (f64, f64), width: f64, height: f64) {
    h.empty(
        "rect",
        &[
            ("class", class),
            ("x", &at(x)),
            ("y", &at(y)),
            ("width", &at(width.max(0.0))),
            ("height", &at(height.max(0.0))),
        ],
    );
}

/// Text at its baseline; `class` may hold `mid` (centred) or `end` (right-aligned).
pub fn label(h: &mut Html, class: &str, (x, y): (f64, f64), text: &str) {
    h.leaf("text", &[("class", class), ("x", &at(x)), ("y", &at(y))], text);
}

/// Text turned a quarter to the left, centred on the point.
pub fn label_upwards(h: &mut Html, class: &str, (x, y): (f64, f64), text: &str) {
    let turn = format!("rotate(-90 {} {})", at(x), at(y));
    h.leaf("text", &[("class", class), ("x", &at(x)), ("y", &at(y)), ("transform", &turn)], text);
}

/// About how wide a character is at 13 units, in the widest of the usual fonts.
const CHARACTER: f64 = 7.4;

/// About how wide a text is at 13 units; enough to keep labels apart.
#[must_use]
pub fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * CHARACTER
}

/// A text cut to a width, with an ellipsis.
#[must_use]
pub fn fit(text: &str, width: f64) -> String {
    let most = (width / CHARACTER).floor().max(3.0) as usize;
    if text.chars().count() <= most {
        text.into()
    } else {
        let mut cut: String = text.chars().take(most - 1).collect();
        cut.push('…');
        cut
    }
}

/// A text broken into lines of at most a width, at spaces.
#[must_use]
pub fn wrap(text: &str, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(last) if text_width(last) + text_width(word) + CHARACTER <= width => {
                last.push(' ');
                last.push_str(word);
            }
            _ => lines.push(fit(word, width)),
        }
    }
    lines
}

/// A linear or logarithmic scale from values to units.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
    log: bool,
}

impl Scale {
    /// Values `from`–`to` onto units `start`–`end`.
    #[must_use]
    pub fn linear((from, to): (f64, f64), (start, end): (f64, f64)) -> Self {
        Self { from, to, start, end, log: false }
    }

    /// The same, by ratio; both values above 0.
    #[must_use]
    pub fn log((from, to): (f64, f64), (start, end): (f64, f64)) -> Self {
        Self { from: from.ln(), to: to.ln(), start, end, log: true }
    }

    /// Where a value lies; values outside lie on the edge.
    #[must_use]
    pub fn of(&self, value: f64) -> f64 {
        let v = if self.log { value.max(f64::MIN_POSITIVE).ln() } else { value };
        let span = self.to - self.from;
        let share = if span > 0.0 { ((v - self.from) / span).clamp(0.0, 1.0) } else { 0.0 };
        self.start + share * (self.end - self.start)
    }
}

/// Round tick values from 0 to at least `top`, at most `most` steps of 1, 2 or 5 × 10^k.
#[must_use]
pub fn ticks(top: f64, most: usize) -> Vec<f64> {
    let top = if top.is_finite() && top > 0.0 { top } else { 1.0 };
    let rough = top / most.max(1) as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .iter()
        .map(|m| m * power)
        .find(|s| s * most as f64 >= top * (1.0 - 1e-9));
    let step = step.unwrap_or(10.0 * power);
    let n = (top / step - 1e-9).ceil().max(1.0) as usize;
    (0..=n).map(|k| k as f64 * step).collect()
}

/// Round ticks for months, 0 to at most `top`: steps that people count in.
#[must_use]
pub fn month_ticks(top: f64, most: usize) -> Vec<f64> {
    let steps = [1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 60.0, 120.0];
    let step = steps.into_iter().find(|s| top / s <= most as f64).unwrap_or(240.0);
    (0..=(top / step + 1e-9).floor().max(0.0) as usize).map(|k| k as f64 * step).collect()
}

/// Round ticks of a ratio within `low`–`high`: …, 0.1, 0.2, 0.5, 1, 2, 5, ….
#[must_use]
pub fn ratio_ticks(low: f64, high: f64) -> Vec<f64> {
    let mut out = Vec::new();
    for power in -6..=6 {
        for m in [1.0, 2.0, 5.0] {
            let v: f64 = m * 10f64.powi(power);
            if v >= low * (1.0 - 1e-9) && v <= high * (1.0 + 1e-9) {
                out.push(v);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_cover_the_data() {
        assert_eq!(ticks(0.29, 5), vec![0.0, 0.1, 0.2, 0.30000000000000004]);
        assert_eq!(ticks(1.0, 5), vec![0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(ticks(f64::NAN, 5).last(), Some(&1.0));
        assert_eq!(month_ticks(24.0, 8), vec![0.0, 3.0, 6.0, 9.0, 12.0, 15.0, 18.0, 21.0, 24.0]);
        assert_eq!(ratio_ticks(0.4, 3.0), vec![0.5, 1.0, 2.0]);
    }

    #[test]
    fn scales_end_where_they_should() {
        let s = Scale::log((0.1, 10.0), (0.0, 100.0));
        assert!((s.of(1.0) - 50.0).abs() < 1e-9);
        assert_eq!(s.of(1e9), 100.0);
        assert_eq!(Scale::linear((0.0, 0.0), (3.0, 9.0)).of(5.0), 3.0);
    }

    #[test]
    fn coordinates_are_short_and_finite() {
        assert_eq!(at(-0.04), "0");
        assert_eq!(at(3.0), "3");
        assert_eq!(at(3.25), "3.2");
        assert_eq!(at(f64::NAN), "0");
    }

    #[test]
    fn labels_wrap_and_fit() {
        assert_eq!(fit("abcdefgh", 38.0), "abcd…");
        assert_eq!(wrap("one two three", 66.0), vec!["one two", "three"]);
    }
}
