//! What a rule found, kept small, and put into words only when it is shown.

use super::rules::{RuleName, Rules};
use crate::history::{CareForm, History, Label, PairLane, Perspective};
use crate::score::Note;

/// Why a rule excludes a family. Ages in years, distances in km.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fact {
    /// The family has stopped.
    Stopped,
    /// The family is pausing.
    Paused,
    /// The family did not foster yet on this day.
    NotYet,
    /// A network family of other children.
    NetworkOfOthers,
    /// A network family that the records tie to nobody.
    NetworkOfNobody,
    /// The family said no to this request.
    SaidNo,
    /// The family rests for so many days more.
    Resting {
        /// Days left.
        days: i32,
    },
    /// All places are taken.
    Full {
        /// Places in all.
        places: u32,
        /// Children who live there.
        taken: u32,
    },
    /// Fewer places free than siblings who stay together.
    TooFewTogether {
        /// Places free.
        free: u32,
        /// Children of the group.
        size: u32,
    },
    /// Another rule excludes a sibling who must come along.
    SiblingExcluded {
        /// That rule.
        by: RuleName,
    },
    /// The child is younger than the family takes.
    TooYoung {
        /// The child's age.
        age: f64,
        /// The family's lowest.
        min: f64,
    },
    /// The child is older than the family takes.
    TooOld {
        /// The child's age.
        age: f64,
        /// The family's highest.
        max: f64,
    },
    /// The family does not offer this form of care.
    CareForm(CareForm),
    /// The family does not take children with this perspective.
    Perspective(Perspective),
    /// The family refuses this need.
    Refuses(Label),
    /// The family has not accepted so many needs, of which this is the first.
    NotAccepted {
        /// The first.
        need: Label,
        /// How many.
        count: u32,
    },
    /// An own child is this close in age.
    OwnChildClose {
        /// Years between them.
        gap: f64,
    },
    /// Needs that do not go together with a child who lives there.
    Combination {
        /// The need that the rule names.
        need: Label,
    },
    /// Too far from home.
    FarFromHome(Far),
    /// Too far from school.
    FarFromSchool(Far),
    /// Too far from an area of contact.
    FarFromContact(Far),
    /// In an area that the child must avoid.
    Avoid,
    /// The parents know this family, and the address must stay secret.
    SecretKnown,
    /// In the child's home area, and the address must stay secret.
    SecretNear,
    /// A wish names another family.
    MustElsewhere(Option<PairLane>),
    /// A wish is against this family.
    Never(Option<PairLane>),
    /// A child who lives there may not share a household with this one.
    NotTogether(Option<PairLane>),
    /// Children who must be placed together may not be.
    Contradiction,
}

/// A distance and what was allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Far {
    /// Kilometres.
    pub km: f64,
    /// Kilometres allowed.
    pub max: f64,
}

/// One veto of a rule on a family.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Refusal {
    /// The rule.
    pub rule: RuleName,
    /// What it found.
    pub fact: Fact,
    /// Units (km, years, days, needs) by which the rule would have to give way, where it can.
    pub short_by: Option<f64>,
}

impl Refusal {
    /// A veto that no concession can lift.
    #[must_use]
    pub fn firm(rule: RuleName, fact: Fact) -> Self {
        Self { rule, fact, short_by: None }
    }

    /// A veto that so many units would lift.
    #[must_use]
    pub fn short(rule: RuleName, fact: Fact, by: f64) -> Self {
        Self { rule, fact, short_by: Some(by) }
    }

    /// The veto in words: what was found, then the rule's own reason.
    #[must_use]
    pub fn note(&self, h: &History, rules: &Rules) -> Note {
        let reason = rules.rules.get(&self.rule).map_or(["", ""], |r| [&r.nl, &r.en]);
        self.in_words(&|label| h.labels.word(label), reason)
    }

    /// As [`Refusal::note`], with the words of needs and the rule's reason in Dutch and English.
    pub(super) fn in_words<'a>(&self, word: &dyn Fn(Label) -> &'a str, reason: [&str; 2]) -> Note {
        let (mut nl, mut en) = words(self.fact, word);
        for (said, why) in [&mut nl, &mut en].into_iter().zip(reason) {
            if !why.is_empty() {
                said.push(' ');
                said.push_str(why.trim_end());
            }
        }
        Note::new(self.rule.name(), nl, en)
    }
}

impl Fact {
    /// The need that it names.
    pub(super) fn need(self) -> Option<Label> {
        match self {
            Self::Refuses(need) | Self::NotAccepted { need, .. } | Self::Combination { need } => {
                Some(need)
            }
            _ => None,
        }
    }
}

fn words<'a>(fact: Fact, word: &dyn Fn(Label) -> &'a str) -> (String, String) {
    match fact {
        Fact::Stopped => pair("Dit gezin is gestopt.", "This family has stopped."),
        Fact::Paused => pair("Dit gezin heeft een pauze.", "This family is pausing."),
        Fact::NotYet => pair(
            "Dit gezin was op deze dag nog geen pleeggezin.",
            "This family was not a foster family yet on this day.",
        ),
        Fact::NetworkOfOthers => pair(
            "Dit is het netwerkgezin van een ander kind.",
            "This is the network family of another child.",
        ),
        Fact::NetworkOfNobody => pair(
            "Van welk kind dit het netwerkgezin is, is niet vastgelegd. Hoort het bij dit kind? Leg \
             dat dan vast.",
            "It is not on record whose network family this is. If it is this child's, record that.",
        ),
        Fact::SaidNo => pair(
            "Dit gezin heeft nee gezegd op deze aanvraag.",
            "This family said no to this request.",
        ),
        Fact::Resting { days } => (
            format!("Dit gezin heeft nog {days} {} rust.", plural(days, "dag", "dagen")),
            format!("This family rests for {days} more {}.", plural(days, "day", "days")),
        ),
        Fact::Full { places, taken } => (
            format!("Geen plek vrij: {taken} van de {places} plekken zijn bezet."),
            format!("No place free: {taken} of {places} places are taken."),
        ),
        Fact::TooFewTogether { free, size } => (
            format!("Te weinig plek: {free} vrij, en {size} kinderen komen samen."),
            format!("Too few places: {free} free, and {size} children come together."),
        ),
        Fact::SiblingExcluded { by } => (
            format!("Een broer of zus die meekomt, kan hier niet terecht (regel {}).", by.name()),
            format!("A sibling who comes along cannot be placed here (rule {}).", by.name()),
        ),
        Fact::TooYoung { age, min } => (
            format!("Het kind is {}; dit gezin vraagt kinderen vanaf {}.", years(age), trim(min)),
            format!("The child is {}; this family takes children from {}.", years(age), trim(min)),
        ),
        Fact::TooOld { age, max } => (
            format!(
                "Het kind is {}; dit gezin vraagt kinderen tot en met {}.",
                years(age),
                trim(max)
            ),
            format!(
                "The child is {}; this family takes children up to and including {}.",
                years(age),
                trim(max)
            ),
        ),
        Fact::CareForm(form) => (
            format!("Dit gezin biedt geen {}.", care_form(form).0),
            format!("This family does not offer {}.", care_form(form).1),
        ),
        Fact::Perspective(p) => (
            format!("Dit gezin is er niet voor kinderen die {}.", perspective(p).0),
            format!("This family is not for children who {}.", perspective(p).1),
        ),
        Fact::Refuses(need) => (
            format!("Dit gezin zegt nee tegen: {}.", word(need)),
            format!("This family refuses: {}.", word(need)),
        ),
        Fact::NotAccepted { need, count } => not_accepted(word(need), count),
        Fact::OwnChildClose { gap } => (
            format!("Een eigen kind scheelt {} jaar met dit kind.", one_decimal(gap, ',')),
            format!("An own child is {} years from this child.", one_decimal(gap, '.')),
        ),
        Fact::Combination { need } => (
            format!("Gaat niet samen met een kind dat daar woont (regel over: {}).", word(need)),
            format!("Does not go together with a child who lives there (rule on: {}).", word(need)),
        ),
        Fact::FarFromHome(far) => distance("huis", "home", far),
        Fact::FarFromSchool(far) => distance("school", "school", far),
        Fact::FarFromContact(far) => {
            distance("een plek waar het kind contact heeft", "a place of contact", far)
        }
        Fact::Avoid => pair(
            "Dit gezin woont in een gebied dat het kind moet mijden.",
            "This family lives in an area that the child must avoid.",
        ),
        Fact::SecretKnown => pair(
            "De familie van het kind kent dit gezin (netwerk).",
            "The child's family knows this family (network).",
        ),
        Fact::SecretNear => pair(
            "Dit gezin woont in het gebied waar het kind vandaan komt.",
            "This family lives in the area that the child comes from.",
        ),
        Fact::MustElsewhere(by) => (
            format!("{} noemt een ander gezin.", wish(by).0),
            format!("{} names another family.", wish(by).1),
        ),
        Fact::Never(by) => (
            format!("{} is tegen dit gezin.", wish(by).0),
            format!("{} is against this family.", wish(by).1),
        ),
        Fact::NotTogether(by) => (
            format!(
                "Hier woont een kind met wie dit kind niet samen mag wonen ({}).",
                wish(by).0.to_lowercase()
            ),
            format!(
                "A child lives here with whom this child may not live ({}).",
                wish(by).1.to_lowercase()
            ),
        ),
        Fact::Contradiction => pair(
            "De afspraken spreken elkaar tegen: deze kinderen moeten samen, en mogen niet samen.",
            "The agreements contradict each other: these children must live together and may not.",
        ),
    }
}

fn pair(nl: &str, en: &str) -> (String, String) {
    (nl.into(), en.into())
}

fn not_accepted(need: &str, count: u32) -> (String, String) {
    match count {
        0 | 1 => (
            format!("Dit gezin heeft niet ja gezegd tegen: {need}."),
            format!("This family has not said yes to: {need}."),
        ),
        _ => {
            let more = count - 1;
            (
                format!("Dit gezin heeft niet ja gezegd tegen: {need}, en nog {more}."),
                format!("This family has not said yes to: {need}, and {more} more."),
            )
        }
    }
}

fn distance(nl: &str, en: &str, far: Far) -> (String, String) {
    let (km, max) = (far.km, far.max);
    (
        format!("{} km van {nl}; gevraagd is hooguit {} km.", up(km, ','), one_decimal(max, ',')),
        format!("{} km from {en}; at most {} km is asked.", up(km, '.'), one_decimal(max, '.')),
    )
}

/// The form of care in words.
pub(crate) fn care_form(form: CareForm) -> (&'static str, &'static str) {
    match form {
        CareForm::FullTime => ("voltijdpleegzorg", "full-time care"),
        CareForm::PartTime => ("deeltijdpleegzorg", "part-time care"),
        CareForm::Crisis => ("crisispleegzorg", "crisis care"),
    }
}

fn perspective(p: Perspective) -> (&'static str, &'static str) {
    match p {
        Perspective::ReturnHome => ("weer naar huis gaan", "go home again"),
        Perspective::LongTerm => ("in het gezin opgroeien", "grow up in the family"),
    }
}

/// Whose wish it is.
pub(crate) fn wish(lane: Option<PairLane>) -> (&'static str, &'static str) {
    match lane {
        Some(PairLane::Child) => ("Een wens van het kind", "A wish of the child"),
        Some(PairLane::Parents) => ("Een wens van de ouders", "A wish of the parents"),
        Some(PairLane::Family) => ("Een wens van het gezin", "A wish of the family"),
        Some(PairLane::Safety) => ("Een veiligheidsafspraak", "A safety agreement"),
        None => ("Een vastgelegde wens", "A recorded wish"),
    }
}

/// Completed years.
pub(super) fn years(age: f64) -> String {
    format!("{:.0}", age.max(0.0).floor())
}

/// A limit without needless decimals.
fn trim(value: f64) -> String {
    if value.fract().abs() < 1e-9 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// One decimal, none where it is 0, with the language's own mark; halves go up.
pub(crate) fn one_decimal(value: f64, mark: char) -> String {
    let tenths = (value * 10.0).round();
    // Beyond what a whole number of tenths holds there are no decimals to show.
    if tenths.abs() >= 1e15 {
        return format!("{value:.0}");
    }
    let tenths = tenths as i64;
    let (sign, whole, part) = (["", "-"][usize::from(tenths < 0)], tenths.abs() / 10, tenths % 10);
    match part.abs() {
        0 => format!("{sign}{whole}"),
        part => format!("{sign}{whole}{mark}{part}"),
    }
}

/// As [`one_decimal`], rounded up: a distance just over a limit never reads as the limit itself.
fn up(value: f64, mark: char) -> String {
    one_decimal((value * 10.0 - 1e-9).ceil() / 10.0, mark)
}

fn plural<'a>(n: i32, one: &'a str, many: &'a str) -> &'a str {
    if n == 1 { one } else { many }
}

/// What is unknown about a pair: the cell behind a rule is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Unknown {
    /// The rule that could not be checked.
    pub rule: RuleName,
    /// Whose cell it is.
    pub side: Side,
}

/// Whose record lacks something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The family's.
    Family,
    /// The child's, or its request's.
    Child,
    /// The place of an area.
    Place,
}

impl Unknown {
    /// The question in words.
    #[must_use]
    pub fn note(self) -> Note {
        let (nl, en) = match (self.rule, self.side) {
            (RuleName::Status, _) => {
                ("of het gezin nu een kind kan ontvangen", "whether the family can take a child")
            }
            (RuleName::Places, _) => {
                ("hoeveel plekken het gezin heeft", "how many places there are")
            }
            (RuleName::Age, Side::Child) => ("hoe oud het kind is", "how old the child is"),
            (RuleName::Age, _) => {
                ("welke leeftijd het gezin vraagt", "which ages the family takes")
            }
            (RuleName::CareForm, Side::Child) => {
                ("welke vorm van pleegzorg het kind nodig heeft", "which form of care is needed")
            }
            (RuleName::CareForm, _) => {
                ("welke vorm van pleegzorg het gezin biedt", "which form of care the family offers")
            }
            (RuleName::Perspective, Side::Child) => {
                ("wat het perspectief van het kind is", "what the child's perspective is")
            }
            (RuleName::Perspective, _) => {
                ("voor welk perspectief het gezin er is", "which perspective the family is for")
            }
            (RuleName::NeedsAccepted | RuleName::NeedsRefused, Side::Child) => {
                ("wat het kind nodig heeft", "what the child needs")
            }
            (RuleName::NeedsAccepted | RuleName::NeedsRefused, _) => {
                ("wat het gezin kan bieden", "which needs the family accepts")
            }
            (RuleName::OwnChildren, _) => {
                ("of het gezin eigen kinderen heeft, en hoe oud", "own children and their ages")
            }
            (RuleName::SecretAddress, _) => (
                "of de familie van het kind dit gezin kent",
                "whether the parents know this family",
            ),
            (RuleName::AvoidAreas, _) => {
                ("of het kind hier veilig woont", "whether the child is safe in this area")
            }
            (RuleName::DistanceSchool, _) => ("hoe ver het naar school is", "how far school is"),
            (RuleName::ContactAreas, _) => (
                "hoe ver het is naar de mensen met wie het kind contact heeft",
                "how far the places of contact are",
            ),
            _ => ("hoe ver het van huis is", "how far home is"),
        };
        Note::new(
            format!("unknown_{}", self.rule.name()),
            format!("Niet bekend: {nl}. Vraag dit na."),
            format!("Not known: {en}. Ask."),
        )
    }
}
