//! A risk as dots among a hundred, with the words that belong to it.
//!
//! Evidence on risk communication is strongest for part-to-whole pictures with one denominator,
//! for both frames, and against words alone, "1 in x" and false precision (Making Numbers
//! Meaningful 2024; IPDAS 2021). The dots are abstract: figures of people upset (Farmer 2021).

use super::html::Html;
use super::svg;
use crate::score::Lang;

/// Below so many of a hundred, only "fewer than" is said.
pub const FEWEST: u32 = 5;
/// Above so many of a hundred, only "more than" is said.
pub const MOST: u32 = 60;

/// A predicted risk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DotRisk {
    /// The estimate, a proportion.
    pub estimate: f64,
    /// The lower end of its interval.
    pub lower: f64,
    /// The upper end.
    pub upper: f64,
    /// The horizon, in days.
    pub horizon: f64,
    /// How often it happens in all: the base rate at the same horizon, where known.
    pub base: Option<f64>,
    /// Whether the risk is that of a placement that runs already, given that it has lasted.
    pub running: bool,
}

/// A proportion as people say it: a whole number of a hundred, or beyond an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfHundred {
    /// Fewer than `FEWEST`.
    Few,
    /// About so many.
    About(u32),
    /// More than `MOST`.
    Many,
}

impl OfHundred {
    /// The nearest whole number of a hundred.
    #[must_use]
    pub fn new(proportion: f64) -> Self {
        let n = (100.0 * proportion.clamp(0.0, 1.0)).round() as u32;
        if n < FEWEST {
            Self::Few
        } else if n > MOST {
            Self::Many
        } else {
            Self::About(n)
        }
    }

    /// `minder dan 5`, `ongeveer 22`, `meer dan 60`.
    #[must_use]
    pub fn in_words(self, language: Lang) -> String {
        match self {
            Self::Few => format!("{} {FEWEST}", language.of("minder dan", "fewer than")),
            Self::About(n) => format!("{} {n}", language.of("ongeveer", "about")),
            Self::Many => format!("{} {MOST}", language.of("meer dan", "more than")),
        }
    }

    /// The other frame: how many of the hundred it does not happen to.
    #[must_use]
    pub fn others_in_words(self, language: Lang) -> String {
        match self {
            Self::Few => format!("{} {}", language.of("meer dan", "more than"), 100 - FEWEST),
            Self::About(n) => format!("{} {}", language.of("ongeveer", "about"), 100 - n),
            Self::Many => format!("{} {}", language.of("minder dan", "fewer than"), 100 - MOST),
        }
    }

    /// As short as a table wants it: `<5`, `22`, `>60`.
    #[must_use]
    pub fn short(self) -> String {
        match self {
            Self::Few => format!("<{FEWEST}"),
            Self::About(n) => n.to_string(),
            Self::Many => format!(">{MOST}"),
        }
    }

    /// Without "about", for a range.
    #[must_use]
    pub fn plain(self, language: Lang) -> String {
        match self {
            Self::About(n) => n.to_string(),
            edge => edge.in_words(language),
        }
    }
}

impl DotRisk {
    /// Whether there is a number to show.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        [self.estimate, self.lower, self.upper, self.horizon].iter().all(|v| v.is_finite())
    }

    /// The sentences that stand beside the dots: both frames, then the interval, then the base rate.
    #[must_use]
    pub fn sentences(&self, language: Lang) -> Vec<String> {
        let n = OfHundred::new(self.estimate);
        let within = language.duration(self.horizon);
        let running = match (self.running, language) {
            (false, _) => "",
            (true, Lang::Nl) => " die al even lang duren",
            (true, Lang::En) => " that have lasted as long",
        };
        let (these, others) = (n.in_words(language), n.others_in_words(language));
        let mut out = vec![match language {
            Lang::Nl => format!(
                "Van 100 vergelijkbare plaatsingen{running} eindigen er {these} binnen {within} in \
                 een breakdown; {others} niet."
            ),
            Lang::En => format!(
                "Of 100 comparable placements{running}, {these} end in breakdown within {within}; \
                 {others} do not."
            ),
        }];
        let (low, high) = (OfHundred::new(self.lower), OfHundred::new(self.upper));
        out.push(interval_sentence(low, high, language));
        if let Some(base) = self.base.filter(|b| b.is_finite()) {
            let base = OfHundred::new(base).in_words(language);
            out.push(match (language, self.running) {
                (Lang::Nl, false) => {
                    format!("Bij alle plaatsingen samen zijn het er {base} van de 100.")
                }
                (Lang::En, false) => format!("Among all placements together it is {base} of 100."),
                (Lang::Nl, true) => format!(
                    "Bij alle plaatsingen samen, geteld vanaf hun begin, zijn het er {base} van de 100."
                ),
                (Lang::En, true) => format!(
                    "Among all placements together, counted from their start, it is {base} of 100."
                ),
            });
        }
        out
    }

    /// Writes the dots and, beside or below them, the sentences.
    pub fn write(&self, h: &mut Html, id: &str, language: Lang) {
        if !self.is_valid() {
            return;
        }
        let sentences = self.sentences(language);
        h.within("div", &[("class", "risk")], |h| {
            h.within("div", &[("class", "dots")], |h| {
                let title = language.of("Honderd stippen", "A hundred dots");
                svg::small(h, id, title, &sentences.join(" "), SIDE, |h| {
                    self.draw(h);
                    SIDE
                });
            });
            h.within("div", &[("class", "said")], |h| {
                for (k, sentence) in sentences.iter().enumerate() {
                    h.leaf("p", &[("class", if k == 0 { "lead" } else { "also" })], sentence);
                }
            });
        });
    }

    /// Ten rows of ten, filled from the upper left: full up to the estimate (lighter where the
    /// interval already begins), ringed as far as the interval reaches, open beyond.
    fn draw(&self, h: &mut Html) {
        let whole = |p: f64| (100.0 * p.clamp(0.0, 1.0)).round() as u32;
        // Beyond the edges nothing more exact than the words may be counted from the dots.
        let edged = |p: f64| match OfHundred::new(p) {
            OfHundred::Few => 0,
            OfHundred::Many => 100,
            OfHundred::About(n) => n,
        };
        let full = whole(self.estimate).min(MOST);
        let full = if full < FEWEST { 0 } else { full };
        let sure = edged(self.lower).min(full);
        let upper = edged(self.upper);
        let reach = if upper == 0 { FEWEST } else { upper }.max(full);
        let step = SIDE / 10.0;
        for k in 0..100u32 {
            let centre = (f64::from(k % 10) + 0.5, f64::from(k / 10) + 0.5);
            let class = match k {
                k if k < sure => "dot full",
                k if k < full => "dot full unsure",
                k if k < reach => "dot ring",
                _ => "dot open",
            };
            svg::circle(h, class, (centre.0 * step, centre.1 * step), 0.34 * step);
        }
    }
}

/// The side of the square of dots, in its own units.
const SIDE: f64 = 300.0;

fn interval_sentence(low: OfHundred, high: OfHundred, language: Lang) -> String {
    use OfHundred::{About, Few, Many};
    match (low, high, language) {
        _ if low == high => {
            let one = low.in_words(language);
            match language {
                Lang::Nl => format!("Ook met de onzekerheid erbij blijft het {one}."),
                Lang::En => format!("With its uncertainty it stays {one}."),
            }
        }
        (Few, Many, Lang::Nl) => "Dit is te onzeker om er iets uit af te leiden.".into(),
        (Few, Many, Lang::En) => "This is too uncertain to conclude anything from.".into(),
        (Few, About(n), Lang::Nl) => {
            format!("Dat is een schatting: het zijn er waarschijnlijk hooguit {n}.")
        }
        (Few, About(n), Lang::En) => format!("This is an estimate: it is likely at most {n}."),
        (About(n), Many, Lang::Nl) => {
            format!("Dat is een schatting: het zijn er waarschijnlijk minstens {n}.")
        }
        (About(n), Many, Lang::En) => format!("This is an estimate: it is likely at least {n}."),
        _ => {
            let (low, high) = (low.plain(language), high.plain(language));
            match language {
                Lang::Nl => {
                    format!("Dat is een schatting: het kunnen er ook {low} of {high} zijn.")
                }
                Lang::En => format!("This is an estimate: it could also be {low} or {high}."),
            }
        }
    }
}

/// What the kinds of dots mean, once per page.
pub fn write_legend(h: &mut Html, language: Lang) {
    let items = [
        ("dot full", language.of("eindigt in een breakdown", "ends in breakdown")),
        ("dot full unsure", language.of("geschat, maar onzeker", "estimated, but uncertain")),
        ("dot ring", language.of("kan er ook nog bij komen", "could be as many as these too")),
        ("dot open", language.of("eindigt niet in een breakdown", "does not end in breakdown")),
    ];
    h.within("ul", &[("class", "key")], |h| {
        for (class, text) in items {
            h.within("li", &[], |h| {
                h.within("svg", &[("viewBox", "0 0 26 26"), ("aria-hidden", "true")], |h| {
                    svg::circle(h, class, (13.0, 13.0), 11.0);
                });
                h.text(text);
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::Lang::{En, Nl};
    use super::*;

    fn risk(estimate: f64, lower: f64, upper: f64) -> DotRisk {
        DotRisk { estimate, lower, upper, horizon: 365.25, base: Some(0.131), running: false }
    }

    fn count(class: &str, risk: &DotRisk) -> usize {
        let mut h = Html::new();
        risk.write(&mut h, "d", Nl);
        h.as_str().matches(&format!("class=\"{class}\"")).count()
    }

    #[test]
    fn both_frames_the_interval_and_the_base_rate_in_whole_numbers() {
        let said = risk(0.2204, 0.15, 0.31).sentences(Nl);
        assert_eq!(
            said,
            vec![
                "Van 100 vergelijkbare plaatsingen eindigen er ongeveer 22 binnen 12 maanden in een \
                 breakdown; ongeveer 78 niet.",
                "Dat is een schatting: het kunnen er ook 15 of 31 zijn.",
                "Bij alle plaatsingen samen zijn het er ongeveer 13 van de 100.",
            ]
        );
        let said = risk(0.01, 0.002, 0.03).sentences(En);
        assert!(said[0].contains("fewer than 5 end") && said[0].contains("more than 95 do not"));
        assert_eq!(said[1], "With its uncertainty it stays fewer than 5.");
        let said = risk(0.8, 0.3, 0.95).sentences(Nl);
        assert!(said[0].contains("meer dan 60") && said[0].contains("minder dan 40 niet"));
    }

    #[test]
    fn a_hundred_dots_that_agree_with_the_words() {
        let r = risk(0.22, 0.15, 0.31);
        assert_eq!(count("dot full", &r), 15);
        assert_eq!(count("dot full unsure", &r), 7);
        assert_eq!(count("dot ring", &r), 9);
        assert_eq!(count("dot open", &r), 69);
        // At the edges the dots tell no more than the words.
        let few = risk(0.01, 0.0, 0.02);
        assert_eq!((count("dot full", &few), count("dot ring", &few)), (0, 5));
        let many = risk(0.9, 0.8, 0.99);
        assert_eq!(count("dot full", &many) + count("dot full unsure", &many), 60);
        assert_eq!(count("dot open", &many), 0);
    }

    #[test]
    fn no_number_no_dots() {
        let mut h = Html::new();
        risk(f64::NAN, 0.1, 0.2).write(&mut h, "d", Nl);
        assert!(h.is_empty());
    }
}
