//! Features of the family.

use crate::history::FamilyKind;

use super::super::catalogue::{Feature, Level, Unit, Value, row};
use super::super::facts::{Facts, needs};
use super::{HAN, MATCHING, MUNICIPAL, ROCK, capacity, code};

use Level::{Family, Pair};
use Value::{Number, Open};

/// The wellbeing of the family's other children: the family's own score, or else one that was
/// given about this placement.
fn wellbeing(f: &Facts<'_>) -> f64 {
    let of_family = f.family_score(f.cx.wellbeing);
    if of_family.is_nan() { f.relation_score(f.cx.wellbeing, f.at.date) } else { of_family }
}

/// The number of the family's own children whose age passes a test; NaN where not recorded.
fn own_children(f: &Facts<'_>, test: impl Fn(f64) -> bool) -> f64 {
    let ages = f.family.and_then(|family| family.own_ages(f.at.date));
    ages.map_or(f64::NAN, |ages| ages.filter(|&a| test(a)).count() as f64)
}

/// Any of the family's own children within so many years of the child's age.
fn own_child_within(f: &Facts<'_>, years: f64) -> f64 {
    let age = f.child.birth.age_on(f.at.date);
    own_children(f, |own| (own - age).abs() <= years).min(1.0)
}

/// Whether the family had no foster child before; not known where it may have had one before the
/// records begin.
fn first_child(f: &Facts<'_>) -> f64 {
    let began = f.family.and_then(|family| family.experience_since);
    let in_window = began.is_some_and(|since| since >= f.cx.h.window.start);
    match f.hosted() {
        hosted if hosted > 0.5 => 0.0,
        hosted if in_window && !hosted.is_nan() => 1.0,
        _ => f64::NAN,
    }
}

/// The rows.
pub(super) const ROWS: &[Feature] = &[
    row(
        "family_kind",
        Unit::Level,
        Family,
        needs::FAMILY,
        code!(FamilyKind, |f| f.family_kind()),
        "families.kind, family_periods.kind, stays.family_kind",
        "Konijn et al. 2019; Winokur et al. 2014; Oosterman et al. 2007 (not significant)",
        ["soort pleeggezin", "kind of foster family"],
    ),
    row(
        "parenting_capacity",
        Unit::Points,
        Family,
        0,
        Number(capacity),
        "assessments (family, parenting_capacity)",
        HAN,
        ["wat de pleegouders aankunnen (0-10)", "parenting capacity of the carers (0-10)"],
    )
    .changeable(),
    row(
        "family_experience",
        Unit::Years,
        Family,
        needs::FAMILY,
        Number(|f| {
            f.family
                .and_then(|x| x.experience_since)
                .map_or(f64::NAN, |since| f64::from(f.at.date.since(since)) / 365.25)
        }),
        "families.experience_since, family_periods.experience_since",
        ROCK,
        ["jaren ervaring als pleeggezin", "years of experience as a foster family"],
    ),
    row(
        "family_stays_before",
        Unit::Count,
        Family,
        needs::LEDGER,
        Number(|f| f.hosted()),
        "stays (of the family)",
        ROCK,
        [
            "eerdere plaatsingen in dit gezin, sinds het begin van de gegevens",
            "earlier placements in this family, since the records begin",
        ],
    ),
    row(
        "first_foster_child",
        Unit::YesNo,
        Family,
        needs::LEDGER | needs::FAMILY,
        Number(first_child),
        "stays (of the family), families.experience_since, family_periods.experience_since",
        MUNICIPAL,
        ["eerste pleegkind van dit gezin", "the family's first foster child"],
    ),
    row(
        "family_breakdowns_before",
        Unit::Count,
        Family,
        needs::LEDGER,
        Number(|f| f.family_breakdowns()),
        "stays (of the family)",
        MUNICIPAL,
        [
            "eerder afgebroken plaatsingen in dit gezin, sinds het begin van de gegevens",
            "earlier breakdowns in this family, since the records begin",
        ],
    ),
    row(
        "family_places",
        Unit::Count,
        Family,
        needs::FAMILY,
        Number(|f| f.family.and_then(|x| x.places).map_or(f64::NAN, f64::from)),
        "families.places, family_periods.places",
        MATCHING,
        ["plaatsen in dit gezin", "places in this family"],
    ),
    row(
        "own_children",
        Unit::Count,
        Family,
        needs::FAMILY,
        Number(|f| own_children(f, |_| true)),
        "families.own_children, family_periods.own_children",
        HAN,
        ["eigen kinderen onder de 18", "own children under 18"],
    ),
    row(
        "own_child_under_5",
        Unit::YesNo,
        Family,
        needs::FAMILY,
        Number(|f| own_children(f, |age| age < 5.0).min(1.0)),
        "families.own_children, family_periods.own_children",
        "classic British studies (Trasler, Parker, Berridge & Cleaver)",
        ["eigen kind jonger dan 5", "own child under 5"],
    ),
    row(
        "own_child_close_in_age",
        Unit::YesNo,
        Pair,
        needs::FAMILY,
        Number(|f| own_child_within(f, 3.0)),
        "families.own_children, family_periods.own_children, children.birth",
        "classic British studies (Trasler, Parker, Berridge & Cleaver)",
        ["eigen kind dat minder dan 3 jaar scheelt", "own child within 3 years of age"],
    ),
    row(
        "own_child_within_<years>",
        Unit::YesNo,
        Pair,
        needs::FAMILY,
        Open(|f, fill| own_child_within(f, fill.years.into())),
        "families.own_children, family_periods.own_children, children.birth",
        "classic British studies (Trasler, Parker, Berridge & Cleaver)",
        ["eigen kind dat weinig in leeftijd scheelt", "own child within so many years of age"],
    )
    .open("own_child_within_<years>"),
    row(
        "foster_children_in_home",
        Unit::Count,
        Family,
        needs::LEDGER,
        Number(|f| f.foster_children()),
        "stays (of the family)",
        "Illinois CFRC (Testa); Chamberlain et al. 2006 (trend)",
        ["andere pleegkinderen in huis", "other foster children in the home"],
    ),
    row(
        "unrelated_foster_children",
        Unit::Count,
        Pair,
        needs::LEDGER | needs::SIBLINGS,
        Number(|f| (f.foster_children() - f64::from(f.siblings.same_family)).max(0.0)),
        "stays (of the family), children.sibling_group",
        "Illinois CFRC (Testa): siblings lessen the effect",
        [
            "andere pleegkinderen in huis, geen broer of zus",
            "other foster children in the home, siblings aside",
        ],
    ),
    row(
        "other_children_in_home",
        Unit::Count,
        Family,
        needs::LEDGER | needs::FAMILY,
        Number(|f| f.foster_children() + own_children(f, |_| true)),
        "stays (of the family), families.own_children, family_periods.own_children",
        HAN,
        ["andere kinderen in huis", "other children in the home"],
    ),
    row(
        "other_children_wellbeing",
        Unit::Points,
        Family,
        needs::PAST | needs::ALLIANCE,
        Number(wellbeing),
        "assessments (family or stay, other_children_wellbeing)",
        HAN,
        [
            "hoe het gaat met de andere kinderen in huis (0-10)",
            "wellbeing of the other children in the home (0-10)",
        ],
    )
    .changeable(),
    row(
        "family_score_<scale>",
        Unit::Points,
        Family,
        0,
        Open(|f, fill| f.family_score(fill.word)),
        "assessments (family, this scale)",
        "the study's own choice",
        ["laatste score van het gezin op deze schaal", "the family's latest score on this scale"],
    )
    .open("family_score_<scale>")
    .changeable(),
];
