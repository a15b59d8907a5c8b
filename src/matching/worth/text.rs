//! The worth in words.

use super::estimate::{FEWEST_CHOICES, PolicyWorth};
use super::{MethodCoverage, NullWorlds, Placebo, WorthEstimate};
use crate::score::{Lang, Note};

/// The caution of every answer on worth.
fn not_identified(why_nl: &str, why_en: &str, code: &str) -> Note {
    Note::new(
        code,
        format!("Wat dit plan zou veranderen, is niet vast te stellen: {why_nl}"),
        format!("What this plan would change is not identified: {why_en}"),
    )
}

pub(super) fn no_file(file: &str) -> Note {
    not_identified(
        &format!("zonder {file} is niet te zien welke gezinnen er toen konden."),
        &format!("without {file} nobody can see which families were possible then."),
        "no_past_choices",
    )
}

pub(super) fn too_few(outcomes: usize) -> Note {
    not_identified(
        &format!(
            "er zijn {outcomes} eerdere keuzes tussen gezinnen waarvan de afloop bekend is; ten \
             minste {FEWEST_CHOICES} zijn nodig."
        ),
        &format!(
            "there are {outcomes} past choices between families whose outcome is known; at least \
             {FEWEST_CHOICES} are needed."
        ),
        "too_few_choices",
    )
}

pub(super) fn no_model() -> Note {
    not_identified(
        "hoe eerdere keuzes zijn gemaakt, is niet te schatten.",
        "how past choices were made cannot be estimated.",
        "no_choice_model",
    )
}

pub(super) fn refused(why: &str, policies: &[PolicyWorth]) -> Note {
    let effective = policies.iter().map(|p| p.effective_sample_size).fold(0.0, f64::max).round();
    match why {
        "no_overlap" => not_identified(
            "de gezinnen die het model zou kiezen, werden toen vrijwel nooit gekozen.",
            "the families that the model would choose were hardly ever chosen then.",
            "no_overlap",
        ),
        "same_outcomes" => not_identified(
            "alle plaatsingen waarvan de afloop bekend is, liepen hetzelfde af.",
            "all placements whose outcome is known ended alike.",
            "same_outcomes",
        ),
        _ => not_identified(
            &format!(
                "de keuzes die lijken op die van het model, zijn er maar {effective:.0} waard."
            ),
            &format!("the choices that resemble the model's count for only {effective:.0}."),
            "too_few_effective",
        ),
    }
}

/// The method finds something where nothing is to be found: what decided the choices is not in
/// the choice model.
pub(super) fn placebo_failed(p: &Placebo) -> Note {
    let (found, hold) = (per_hundred(p.mean), (100.0 * p.coverage).round());
    not_identified(
        &format!(
            "met verwisselde uitkomsten, waar geen keuze iets kan hebben uitgemaakt, vindt de \
             methode toch {found:+.1} per 100, en maar {hold}% van de intervallen bevat 0. Wat de \
             keuzes bepaalde, staat dus niet genoeg in de gegevens."
        ),
        &format!(
            "with outcomes exchanged, where no choice can have mattered, the method still finds \
             {found:+.1} per 100, and only {hold}% of its intervals hold 0. So what decided the \
             choices is not well enough in the records."
        ),
        "placebo_failed",
    )
}

/// In tenths of one per hundred; nothing is nothing, and not less than nothing.
fn per_hundred(share: f64) -> f64 {
    (1000.0 * share).round() / 10.0 + 0.0
}

pub(super) fn estimated(w: &WorthEstimate) -> Note {
    let told = w.policies.iter().rev().find(|p| p.refused.is_none());
    let Some(e) = told.and_then(|p| p.estimates.last()) else { return no_model() };
    let [r, l, u] = [e.reduction, e.lower, e.upper].map(per_hundred);
    let zero = e.lower <= 0.0 && 0.0 <= e.upper;
    let (nl, en) = if zero {
        ("Dat kan ook niets zijn.", "That may be nothing.")
    } else {
        ("Dat is meer dan toeval.", "That is more than chance.")
    };
    let lean = told.is_some_and(|p| p.policy == "leaning");
    let (how_nl, how_en) = if lean {
        ("wat vaker kiezen voor de laagste kans", "leaning to the lowest risk")
    } else {
        ("altijd kiezen voor de laagste kans", "always choosing the lowest risk")
    };
    Note::new(
        "worth_estimated",
        format!(
            "Uit {} eerdere plaatsingen: {how_nl} had per 100 plaatsingen {r:.1} breakdowns gescheeld \
             ({l:.1} tot {u:.1}). {nl} Het zegt iets van kiezen per aanvraag, niet van dit plan als \
             geheel, en geldt als alles wat de keuze bepaalde in de gegevens staat.",
            w.outcomes
        ),
        format!(
            "From {} past placements: {how_en} would have meant {r:.1} breakdowns less per 100 \
             placements ({l:.1} to {u:.1}). {en} It tells of choosing request by request, not of this \
             plan as a whole, and holds where all that decided the choice is in the records.",
            w.outcomes
        ),
    )
}

impl NullWorlds {
    /// The answer as a person reads it.
    #[must_use]
    pub fn to_text(&self, lang: Lang) -> String {
        let claims = 100.0 * self.model_claims;
        let mut text = match lang {
            Lang::Nl => format!(
                "{} werelden waarin geen keuze iets uitmaakt, met elk {} keuzes.\nEen model dat \
                 zichzelf beoordeelt, belooft daar gemiddeld {claims:.0}% minder breakdowns. De \
                 waarheid is 0.\n",
                self.worlds, self.choices
            ),
            Lang::En => format!(
                "{} worlds in which no choice changes anything, with {} choices each.\nA model that \
                 judges itself promises {claims:.0}% fewer breakdowns there on average. The truth is \
                 0.\n",
                self.worlds, self.choices
            ),
        };
        for m in &self.methods {
            let MethodCoverage { policy, method, mean, coverage, margin, worlds } = m;
            let (per, c, d) = (100.0 * mean, 100.0 * coverage, 100.0 * margin);
            text += &match lang {
                Lang::Nl => format!(
                    "  {policy}, {method}: gemiddeld {per:+.2} per 100; {c:.1}% (± {d:.1}) van de \
                     intervallen bevat 0 ({worlds} werelden)\n"
                ),
                Lang::En => format!(
                    "  {policy}, {method}: {per:+.2} per 100 on average; {c:.1}% (± {d:.1}) of the \
                     intervals hold 0 ({worlds} worlds)\n"
                ),
            };
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rounds_to_nothing_has_no_sign() {
        let told = |share: f64| format!("{:.1} {0:+.1}", per_hundred(share));
        assert_eq!(told(-0.0004), "0.0 +0.0");
        assert_eq!(told(-0.0111), "-1.1 -1.1");
        assert_eq!(told(0.2), "20.0 +20.0");
    }
}
