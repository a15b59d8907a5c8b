//! The variants as text for a person.

use std::fmt::Write;

use super::Variants;
use crate::score::Lang;

/// Recruitment lines at most.
const LINES: usize = 10;

impl Variants {
    /// The variants as a person reads them.
    #[must_use]
    pub fn to_text(&self, lang: Lang) -> String {
        let of = |nl: &'static str, en: &'static str| if lang == Lang::Nl { nl } else { en };
        let mut text = format!("{}\n", of("Andere plannen", "Other plans"));
        for v in &self.plans {
            let _ = writeln!(text, "  {}", v.what.text(lang));
            let worst = v.worst.map_or_else(|| "–".to_owned(), |w| format!("{w:.4}"));
            let (placed, gain) = (v.price.placed, v.price.gain);
            let _ = match lang {
                Lang::Nl => writeln!(
                    text,
                    "    {} geplaatst; minst goede plaatsing {worst}; kost {gain:.4} aan stabiliteit \
                     en {placed:.1} aan gewogen plaatsingen.",
                    v.pairs.len()
                ),
                Lang::En => writeln!(
                    text,
                    "    {} placed; worst-off placement {worst}; costs {gain:.4} in stability and \
                     {placed:.1} in weighted placements.",
                    v.pairs.len()
                ),
            };
            for f in &v.floors {
                let (name, placed, wanted, could) = (&f.name, f.placed, f.wanted, f.could);
                let _ = match lang {
                    Lang::Nl => writeln!(
                        text,
                        "    {name}: {placed} geplaatst; afgesproken {wanted} van hooguit {could}."
                    ),
                    Lang::En => writeln!(
                        text,
                        "    {name}: {placed} placed; agreed {wanted} of {could} at most."
                    ),
                };
            }
        }
        for note in &self.notes {
            let _ = writeln!(text, "  {}", note.text(lang));
        }
        if !self.survival.is_empty() {
            let mean =
                self.survival.iter().map(|s| s.share).sum::<f64>() / self.survival.len() as f64;
            let _ = match lang {
                Lang::Nl => writeln!(
                    text,
                    "  Bij {} keer opnieuw getrokken kansen komt een paar gemiddeld in {:.0}% van de \
                     plannen terug:",
                    self.draws,
                    100.0 * mean
                ),
                Lang::En => writeln!(
                    text,
                    "  With the risks drawn {} times anew, a pair comes again in {:.0}% of the plans \
                     on average:",
                    self.draws,
                    100.0 * mean
                ),
            };
            for s in &self.survival {
                let _ = writeln!(
                    text,
                    "    {} → {}: {:.0}% ({} {})",
                    s.request,
                    s.family,
                    100.0 * s.share,
                    s.candidates,
                    of("kandidaten", "candidates"),
                );
            }
        }
        let useful = || self.recruitment.iter().filter(|r| r.more_placed > 0).take(LINES);
        if useful().next().is_some() {
            let title = of(
                "Wat één gezin erbij zou doen (zonder dat iemand het heeft gezien of gesproken):",
                "What one more family would do (before anybody has met it):",
            );
            let _ = writeln!(text, "  {title}");
        }
        for r in useful() {
            let (profile, more, n) = (r.profile.text(lang), r.more_placed, r.candidate_for);
            let _ = match lang {
                Lang::Nl => {
                    writeln!(text, "    {profile}: {more} meer geplaatst (past bij {n} aanvragen)")
                }
                Lang::En => {
                    writeln!(text, "    {profile}: {more} more placed (fits {n} requests)")
                }
            };
        }
        text
    }
}
