//! A replay as text.

use std::fmt::Write;

use super::{OverTime, Policy};
use crate::score::Lang;

impl Policy {
    /// The policy in words.
    #[must_use]
    pub fn label(self, lang: Lang) -> &'static str {
        let (nl, en) = match self {
            Self::FirstCome => ("wie het eerst komt", "first come"),
            Self::Greedy => ("beste vrije gezin", "best free family"),
            Self::Batch => ("samen, per periode", "together, per period"),
            Self::DualPrices => ("met prijs van de plek", "with the price of a place"),
            Self::WaitOrPlace => ("wachten of plaatsen", "wait or place"),
        };
        if lang == Lang::Nl { nl } else { en }
    }
}

impl OverTime {
    /// The replay as a person reads it.
    #[must_use]
    pub fn to_text(&self, lang: Lang) -> String {
        let years = f64::from(self.days) / 365.25;
        let Self { requests, children, families, .. } = self;
        let mut text = match lang {
            Lang::Nl => format!(
                "{requests} aanvragen ({children} kinderen), {families} gezinnen, {years:.1} jaar. \
                 Een dag wachten kost {} stabiele plaatsing per kind.\n",
                self.daily_cost
            ),
            Lang::En => format!(
                "{requests} requests ({children} children), {families} families, {years:.1} years. \
                 A day of waiting costs {} stable placements per child.\n",
                self.daily_cost
            ),
        };
        let head: [&str; 7] = match lang {
            Lang::Nl => ["", "geplaatst", "stabiel", "wachten", "90%", "urgent", "van achteraf"],
            Lang::En => ["", "placed", "stable", "waiting", "90%", "urgent", "of hindsight"],
        };
        let _ = writeln!(
            text,
            "  {:<26}{:>10}{:>10}{:>9}{:>6}{:>8}{:>14}",
            head[0], head[1], head[2], head[3], head[4], head[5], head[6]
        );
        for p in &self.policies {
            let days = |d: Option<f64>| d.map_or_else(|| "–".to_owned(), |d| format!("{d:.1}"));
            let p90 = p.waiting_p90.map_or_else(|| "–".to_owned(), |d| d.to_string());
            let share =
                p.of_hindsight.map_or_else(|| "–".to_owned(), |s| format!("{:.1}%", 100.0 * s));
            let _ = writeln!(
                text,
                "  {:<26}{:>10}{:>10.1}{:>9}{:>6}{:>8}{:>14}",
                p.policy.label(lang),
                p.placed,
                p.stable,
                days(p.waiting_mean),
                p90,
                days(p.waiting_urgent),
                share
            );
        }
        text += match lang {
            Lang::Nl => {
                "Wachten in dagen. Achteraf: een grens die ook met alle kennis vooraf niet te \
                 overtreffen is. De cijfers vergelijken werkwijzen; ze voorspellen niet.\n"
            }
            Lang::En => {
                "Waiting in days. Hindsight: a bound that nobody can exceed who knew all beforehand. \
                 The figures compare ways of working; they forecast nothing.\n"
            }
        };
        text
    }
}
