//! Names of rules and a request in a few words, for people.

use super::ask::{Ask, Caseload};
use super::fact::{care_form, one_decimal, years};
use super::rules::RuleName;
use super::situation::Situation;
use crate::history::{Day, Perspective};
use crate::score::{Lang, Note};

impl RuleName {
    /// The rule as a heading over the families that it excludes.
    #[must_use]
    pub fn label(self, lang: Lang) -> &'static str {
        let (nl, en) = match self {
            Self::Status => ("Gestopt of gepauzeerd", "Stopped or paused"),
            Self::Network => ("Netwerkgezin van een ander kind", "Network family of another child"),
            Self::Declined => ("Heeft nee gezegd op deze aanvraag", "Said no to this request"),
            Self::RestPeriod => {
                ("Rust na een plaatsing die ongepland eindigde", "Resting after an unplanned end")
            }
            Self::Places => ("Geen plek vrij", "No place free"),
            Self::KeepSiblings => (
                "Niet genoeg plek voor broers en zussen samen",
                "Not enough places for the siblings together",
            ),
            Self::Age => ("Andere leeftijd gevraagd", "Another age asked"),
            Self::CareForm => ("Andere vorm van zorg", "Another form of care"),
            Self::Perspective => ("Ander perspectief", "Another perspective"),
            Self::NeedsRefused => (
                "Het gezin zegt nee tegen wat het kind nodig heeft",
                "The family says no to what the child needs",
            ),
            Self::NeedsAccepted => (
                "Het gezin noemt niet wat het kind nodig heeft",
                "The family does not name what the child needs",
            ),
            Self::OwnChildren => {
                ("Eigen kind van bijna dezelfde leeftijd", "Own child of nearly the same age")
            }
            Self::OtherChildren => (
                "Gaat niet samen met een ander kind daar",
                "Does not go together with another child there",
            ),
            Self::DistanceHome => ("Te ver van huis", "Too far from home"),
            Self::DistanceSchool => ("Te ver van school", "Too far from school"),
            Self::ContactAreas => (
                "Te ver van wie het kind moet kunnen zien",
                "Too far from whom the child is to see",
            ),
            Self::AvoidAreas => ("Een gebied om te mijden", "An area to avoid"),
            Self::SecretAddress => ("Geheim adres", "Secret address"),
            Self::WishMust => ("Een wens voor een ander gezin", "A wish for another family"),
            Self::WishNever => ("Een wens tegen dit gezin", "A wish against this family"),
            Self::NotTogether => ("Mogen niet in één huis", "May not live in one house"),
        };
        match lang {
            Lang::Nl => nl,
            Lang::En => en,
        }
    }

    /// The rule of a name, as in the rules file.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }
}

/// What is asked, in a few words: for whom, what, from when, how urgent, with whom.
pub(super) fn about(s: &Situation<'_>, load: &Caseload<'_>, ask: &Ask<'_>) -> Note {
    let r = ask.request;
    let mut nl = vec![format!("kind van {} jaar", years(ask.age))];
    let mut en = vec![format!("child of {}", years(ask.age))];
    let mut say = |dutch: String, english: String| {
        nl.push(dutch);
        en.push(english);
    };
    if let Some(form) = r.care_form {
        say(care_form(form).0.into(), care_form(form).1.into());
    }
    match r.perspective {
        Some(Perspective::ReturnHome) => {
            say("gaat naar verwachting weer naar huis".into(), "is expected to go home".into());
        }
        Some(Perspective::LongTerm) => {
            say("groeit op in het gezin".into(), "to grow up in the family".into());
        }
        None => {}
    }
    if r.needed_from > s.as_of {
        say(format!("plek nodig vanaf {}", dutch(r.needed_from)), from(r.needed_from));
    } else {
        let days = s.as_of.since(r.needed_from);
        say(
            format!("plek nodig sinds {} ({days} dagen)", dutch(r.needed_from)),
            format!("place needed since {} ({days} days)", r.needed_from),
        );
    }
    if let Some(km) = r.max_distance_km {
        say(
            format!("hooguit {} km", one_decimal(km, ',')),
            format!("at most {} km", one_decimal(km, '.')),
        );
    }
    if let Some(urgency) = r.urgency {
        say(format!("urgentie {urgency} van 3"), format!("urgency {urgency} of 3"));
    }
    let with: Vec<&str> = load.groups[ask.group]
        .iter()
        .map(|&k| &load.asks[k])
        .filter(|other| other.child != ask.child)
        .map(|other| &*other.request.id)
        .collect();
    if !with.is_empty() {
        say(format!("samen met {}", with.join(", ")), format!("together with {}", with.join(", ")));
    }
    Note::new("request", nl.join(", "), en.join(", "))
}

fn from(day: Day) -> String {
    format!("place needed from {day}")
}

/// A date as the Dutch write it.
fn dutch(day: Day) -> String {
    let (y, m, d) = day.ymd();
    format!("{d:02}-{m:02}-{y:04}")
}
