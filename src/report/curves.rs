//! Cumulative incidence with confidence bands, and the numbers at risk below.

use super::disclose::{Audience, CurvePoint, on_grid};
use super::html::Html;
use super::svg::{self, Scale, Width};
use crate::score::Lang;

/// One curve: a step function of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// What the legend calls it.
    pub name: String,
    /// Its points in order of time, the first at time 0.
    pub points: Vec<CurvePoint>,
}

/// The unit in which a picture counts time.
#[derive(Debug, Clone, PartialEq)]
pub enum TimeUnit {
    /// Days, shown as months (of 365.25/12 days).
    Days,
    /// A table's own unit, by its name where it has one.
    Own(String),
}

/// A picture of curves.
#[derive(Debug, Clone, PartialEq)]
pub struct CurvePicture {
    /// Unique on the page.
    pub id: String,
    /// What the picture shows, in one line.
    pub title: String,
    /// What the vertical axis counts.
    pub y_label: String,
    /// The curves; more than there are styles are not drawn.
    pub curves: Vec<Curve>,
    /// The unit of time.
    pub unit: TimeUnit,
    /// Where the time axis ends, in the data's unit.
    pub up_to: f64,
    /// Whether the numbers at risk stand below, for each curve (`true`) or once, for the first
    /// (`false`: the curves are causes within one group).
    pub at_risk_per_curve: bool,
    /// How many of the curves, the first ones, have their band drawn; more than three hide each
    /// other. All intervals are in the table below.
    pub bands: usize,
}

/// The curves on their coarse grid, and the axis in shown units.
struct Drawn {
    curves: Vec<(String, Vec<CurvePoint>)>,
    ticks: Vec<f64>,
    top: f64,
    x_label: String,
}

impl CurvePicture {
    /// Writes the picture as a figure with a caption and a table of the same numbers.
    pub fn write(&self, h: &mut Html, language: Lang, audience: Audience) {
        let drawn = self.prepare(language, audience);
        if drawn.curves.iter().all(|(_, points)| points.len() < 2) {
            let none = language
                .of("Te weinig gegevens om een curve te tonen.", "Too few data to show a curve.");
            h.leaf("p", &[("class", "note")], none);
            return;
        }
        h.within("figure", &[("id", &self.id)], |h| {
            h.leaf("figcaption", &[], &self.title);
            let description = self.describe(&drawn, language);
            svg::picture(h, &self.id, &self.title, &description, |h, width| {
                self.draw(h, &drawn, width, language, audience)
            });
            self.write_numbers(h, &drawn, language, audience);
        });
    }

    /// Puts the curves on the grid and chooses the axes.
    fn prepare(&self, language: Lang, audience: Audience) -> Drawn {
        let up_to = if self.up_to.is_finite() && self.up_to > 0.0 { self.up_to } else { 1.0 };
        let (unit, cell, x_label) = match &self.unit {
            TimeUnit::Days => (
                crate::DAYS_PER_MONTH,
                crate::DAYS_PER_MONTH,
                language.of("maanden sinds het begin", "months since the start").to_string(),
            ),
            TimeUnit::Own(name) => (1.0, up_to / 24.0, name.clone()),
        };
        let curves: Vec<(String, Vec<CurvePoint>)> = self
            .curves
            .iter()
            .take(svg::STYLES)
            .map(|curve| {
                let grid = on_grid(&curve.points, cell, up_to, audience)
                    .into_iter()
                    .map(|p| CurvePoint { time: p.time / unit, ..p });
                (curve.name.clone(), grid.collect())
            })
            .collect();
        let highest = curves
            .iter()
            .enumerate()
            .flat_map(|(k, (_, points))| {
                let band = k < self.bands;
                points.iter().map(move |p| if band { p.upper.max(p.estimate) } else { p.estimate })
            })
            .filter(|v| v.is_finite())
            .fold(0.02f64, f64::max)
            .min(1.0);
        let ticks = match self.unit {
            TimeUnit::Days => svg::month_ticks(up_to / unit, 8),
            TimeUnit::Own(_) => {
                svg::ticks(up_to, 8).into_iter().filter(|&t| t <= up_to * (1.0 + 1e-9)).collect()
            }
        };
        Drawn { curves, ticks, top: highest, x_label }
    }

    /// The picture in words, for those who do not see it.
    fn describe(&self, drawn: &Drawn, language: Lang) -> String {
        let mut text = format!("{}. ", self.y_label);
        for (name, points) in &drawn.curves {
            let Some(last) = points.last() else { continue };
            text.push_str(&format!(
                "{name}: {} ({} {} {}) {} {} {}. ",
                language.percent(last.estimate, 0),
                language.percent(last.lower, 0),
                language.of("tot", "to"),
                language.percent(last.upper, 0),
                language.of("op", "at"),
                language.number(last.time, 0),
                drawn.x_label,
            ));
        }
        text
    }

    /// Draws the shapes for one width; returns the height used.
    fn draw(
        &self,
        h: &mut Html,
        drawn: &Drawn,
        width: Width,
        language: Lang,
        audience: Audience,
    ) -> f64 {
        let (left, right) = match width {
            Width::Wide => (84.0, width.units() - 24.0),
            Width::Narrow => (46.0, width.units() - 12.0),
        };
        let top = self.draw_legend(h, drawn, width) + 12.0;
        let bottom = top + if width == Width::Wide { 300.0 } else { 220.0 };
        let y_ticks = svg::ticks(drawn.top, 5);
        let y_top = y_ticks.last().copied().unwrap_or(1.0).min(1.0);
        let x_end = match self.unit {
            TimeUnit::Days => self.up_to / crate::DAYS_PER_MONTH,
            TimeUnit::Own(_) => self.up_to,
        };
        let x = Scale::linear((0.0, x_end), (left, right));
        let y = Scale::linear((0.0, y_top), (bottom, top));
        for &tick in y_ticks.iter().filter(|&&t| t <= y_top * (1.0 + 1e-9)) {
            svg::line(h, "grid", (left, y.of(tick)), (right, y.of(tick)));
            let digits = usize::from(y_top < 0.05);
            svg::label(
                h,
                "tick end",
                (left - 8.0, y.of(tick) + 4.5),
                &language.percent(tick, digits),
            );
        }
        let shown_ticks: Vec<f64> = match width {
            Width::Wide => drawn.ticks.clone(),
            Width::Narrow => drawn.ticks.iter().copied().step_by(2).collect(),
        };
        for &tick in &shown_ticks {
            svg::line(h, "axis", (x.of(tick), bottom), (x.of(tick), bottom + 5.0));
            let text = language.number(tick, tick_digits(&drawn.ticks));
            svg::label(h, "tick mid", (x.of(tick), bottom + 20.0), &text);
        }
        svg::line(h, "axis", (left, bottom), (right, bottom));
        svg::label(h, "tick mid", ((left + right) / 2.0, bottom + 40.0), &drawn.x_label);
        if width == Width::Wide {
            let label = svg::fit(&self.y_label, bottom - top);
            svg::label_upwards(h, "tick mid", (22.0, (top + bottom) / 2.0), &label);
        }
        for (k, (_, points)) in drawn.curves.iter().enumerate().take(self.bands) {
            svg::path(h, &format!("band f{k}"), &band(points, x, y));
        }
        for (k, (_, points)) in drawn.curves.iter().enumerate() {
            svg::path(h, &format!("curve s{k}"), &steps(points, x, y));
        }
        self.draw_at_risk(h, drawn, &shown_ticks, x, bottom + 68.0, (width, language, audience))
    }

    /// The legend, in as many lines as it needs; returns where it ends.
    fn draw_legend(&self, h: &mut Html, drawn: &Drawn, width: Width) -> f64 {
        let mut y = 16.0;
        if width == Width::Narrow {
            for line in svg::wrap(&self.y_label, width.units() - 12.0) {
                svg::label(h, "tick", (4.0, y), &line);
                y += 17.0;
            }
        }
        if drawn.curves.len() < 2 {
            return y - 12.0;
        }
        let start = if width == Width::Wide { 84.0 } else { 4.0 };
        let mut x = start;
        for (k, (name, _)) in drawn.curves.iter().enumerate() {
            let name = svg::fit(name, width.units() - start - 60.0);
            let space = 40.0 + svg::text_width(&name) + 14.0;
            if x > start && x + space > width.units() {
                x = start;
                y += 20.0;
            }
            svg::line(h, &format!("curve s{k}"), (x, y - 4.0), (x + 32.0, y - 4.0));
            svg::label(h, "tick", (x + 39.0, y), &name);
            x += space;
        }
        y
    }

    /// The numbers at risk below the ticks; returns the height used in all.
    fn draw_at_risk(
        &self,
        h: &mut Html,
        drawn: &Drawn,
        ticks: &[f64],
        x: Scale,
        top: f64,
        (width, language, audience): (Width, Lang, Audience),
    ) -> f64 {
        let mut y = top;
        let heading = language.of("Nog gevolgd (aantal)", "Number at risk");
        let start = if width == Width::Wide { 22.0 } else { 4.0 };
        svg::label(h, "tick strong", (start, y), heading);
        let rows = if self.at_risk_per_curve { drawn.curves.len() } else { 1 };
        for (k, (name, points)) in drawn.curves.iter().take(rows).enumerate() {
            if rows > 1 {
                y += 19.0;
                svg::line(h, &format!("curve s{k}"), (start, y - 4.0), (start + 28.0, y - 4.0));
                let room = width.units() - start - 40.0;
                svg::label(h, "tick", (start + 35.0, y), &svg::fit(name, room));
            }
            y += 18.0;
            for &tick in ticks {
                let n = value_at(points, tick).map_or_else(
                    || if audience == Audience::Share { "–".into() } else { "0".to_string() },
                    |p| audience.count(language, p.at_risk),
                );
                svg::label(h, "tick mid num", (x.of(tick), y), &n);
            }
        }
        y + 10.0
    }

    /// The same numbers as a table, folded away.
    fn write_numbers(&self, h: &mut Html, drawn: &Drawn, language: Lang, audience: Audience) {
        h.within("details", &[], |h| {
            h.leaf(
                "summary",
                &[],
                language.of("De getallen bij deze grafiek", "The numbers behind this picture"),
            );
            h.within("div", &[("class", "scroll")], |h| {
                h.within("table", &[], |h| {
                    h.within("thead", &[], |h| {
                        h.within("tr", &[], |h| {
                            for name in [
                                language.of("Groep", "Group"),
                                &drawn.x_label,
                                &self.y_label,
                                language.of("95%-interval", "95% interval"),
                                language.of("nog gevolgd", "at risk"),
                            ] {
                                h.leaf("th", &[("scope", "col")], name);
                            }
                        });
                    });
                    h.within("tbody", &[], |h| {
                        for (name, points) in &drawn.curves {
                            for &tick in &drawn.ticks {
                                let Some(p) = value_at(points, tick) else { continue };
                                h.within("tr", &[], |h| {
                                    h.leaf("td", &[], name);
                                    let digits = tick_digits(&drawn.ticks);
                                    h.leaf(
                                        "td",
                                        &[("class", "num")],
                                        &language.number(tick, digits),
                                    );
                                    h.leaf(
                                        "td",
                                        &[("class", "num")],
                                        &language.percent(p.estimate, 1),
                                    );
                                    h.leaf("td", &[("class", "num")], &interval(language, p));
                                    let n = audience.count(language, p.at_risk);
                                    h.leaf("td", &[("class", "num")], &n);
                                });
                            }
                        }
                    });
                });
            });
        });
    }
}

fn interval(language: Lang, p: &CurvePoint) -> String {
    format!("{}–{}", language.percent(p.lower, 1), language.percent(p.upper, 1))
}

/// Decimals that the ticks of an axis need.
fn tick_digits(ticks: &[f64]) -> usize {
    match ticks.get(1) {
        Some(&step) if step < 1.0 => (-step.log10()).ceil().clamp(1.0, 6.0) as usize,
        _ => 0,
    }
}

/// The point shown at a time; `None` behind the end of the curve.
fn value_at(points: &[CurvePoint], time: f64) -> Option<&CurvePoint> {
    let last = points.last()?;
    if time > last.time + 1e-6 {
        return None;
    }
    points.iter().rev().find(|p| p.time <= time + 1e-6)
}

/// The path of a step function.
fn steps(points: &[CurvePoint], x: Scale, y: Scale) -> String {
    let mut d = String::new();
    for (k, p) in points.iter().filter(|p| p.estimate.is_finite()).enumerate() {
        if k == 0 {
            d.push_str(&format!("M{} {}", svg::at(x.of(p.time)), svg::at(y.of(p.estimate))));
        } else {
            d.push_str(&format!("H{}V{}", svg::at(x.of(p.time)), svg::at(y.of(p.estimate))));
        }
    }
    d
}

/// The outline of a band between two step functions.
fn band(points: &[CurvePoint], x: Scale, y: Scale) -> String {
    let finite: Vec<&CurvePoint> =
        points.iter().filter(|p| p.lower.is_finite() && p.upper.is_finite()).collect();
    let mut d = String::new();
    for (k, p) in finite.iter().enumerate() {
        let (px, py) = (svg::at(x.of(p.time)), svg::at(y.of(p.upper)));
        d.push_str(&if k == 0 { format!("M{px} {py}") } else { format!("H{px}V{py}") });
    }
    // Back along the lower edge: down at a time, then left along the step that led to it.
    for (k, p) in finite.iter().enumerate().rev() {
        let lower = if k > 0 { finite[k - 1].lower } else { p.lower };
        if k + 1 == finite.len() {
            d.push_str(&format!("V{}", svg::at(y.of(p.lower))));
        }
        d.push_str(&format!("V{}", svg::at(y.of(lower))));
        if k > 0 {
            d.push_str(&format!("H{}", svg::at(x.of(finite[k - 1].time))));
        }
    }
    if !d.is_empty() {
        d.push('Z');
    }
    d
}
