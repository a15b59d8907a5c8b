//! Features of the placement.

use crate::history::{CareForm, Legal, Perspective, Setting};

use super::super::catalogue::{Feature, Level, Unit, Value, row};
use super::super::facts::{Facts, needs};
use super::{DESCRIPTIVE, HAN, MUNICIPAL, code, is, months, yes};

use Level::{Child, Stay};
use Value::{Number, Open, Word};

/// Where the record is blank: whether a sibling in care lives in the same family, or elsewhere.
fn siblings_together(f: &Facts<'_>) -> f64 {
    yes(f.events.siblings_together.or(match (f.siblings.same_family, f.siblings.elsewhere) {
        (0, 0) => None,
        (_, elsewhere) => Some(elsewhere == 0),
    }))
}

/// The rows.
pub(super) const ROWS: &[Feature] = &[
    row(
        "crisis_start",
        Unit::YesNo,
        Stay,
        0,
        Number(|f| is(f.at.care_form, &[CareForm::Crisis])),
        "stays.care_form, requests.care_form",
        MUNICIPAL,
        ["gestart in een crisis", "started in a crisis"],
    ),
    row(
        "care_form",
        Unit::Level,
        Stay,
        needs::EVENTS,
        code!(CareForm, |f| f.events.care_form),
        "stays.care_form, requests.care_form, events (care_form_change)",
        MUNICIPAL,
        ["vorm van pleegzorg", "form of care"],
    ),
    row(
        "legal",
        Unit::Level,
        Stay,
        needs::EVENTS,
        code!(Legal, |f| f.events.legal),
        "stays.legal, events (legal_change)",
        "Van Erkel 2020",
        ["juridisch kader", "legal measure"],
    ),
    row(
        "court_mandated",
        Unit::YesNo,
        Stay,
        needs::EVENTS,
        Number(|f| {
            is(
                f.events.legal,
                &[Legal::Ots, Legal::GuardianshipGi, Legal::GuardianshipFosterParent],
            )
        }),
        "stays.legal, events (legal_change)",
        "Van Erkel 2020",
        ["met een maatregel van de rechter", "ordered by a court"],
    ),
    row(
        "perspective",
        Unit::Level,
        Stay,
        needs::EVENTS,
        code!(Perspective, |f| f.events.perspective),
        "stays.perspective, requests.perspective, events (perspective_change, perspective_decision)",
        MUNICIPAL,
        ["waarvoor de plaatsing is", "what the placement is for"],
    ),
    row(
        "perspective_decided",
        Unit::YesNo,
        Stay,
        needs::EVENTS,
        Number(|f| yes(Some(f.events.decided))),
        "events (perspective_decision)",
        "Richtlijn Pleegzorg (perspective within 6 to 12 months)",
        ["het is besloten waar het kind opgroeit", "it is decided where the child grows up"],
    )
    .changeable(),
    row(
        "siblings_together",
        Unit::YesNo,
        Stay,
        needs::EVENTS | needs::SIBLINGS,
        Number(siblings_together),
        "stays.siblings_together, events (siblings_change), children.sibling_group, stays",
        "Konijn et al. 2019; Font & Kim 2021",
        ["broers en zussen wonen samen", "siblings live together"],
    )
    .changeable(),
    row(
        "siblings_in_care",
        Unit::Count,
        Child,
        needs::SIBLINGS,
        Number(|f| match f.child.sibling_group {
            None => f64::NAN,
            Some(_) => f64::from(f.siblings.same_family + f.siblings.elsewhere),
        }),
        "children.sibling_group, stays",
        "Font & Kim 2021",
        ["broers en zussen die ook uit huis wonen", "siblings who live out of home too"],
    ),
    row(
        "setting",
        Unit::Level,
        Stay,
        0,
        code!(Setting, |f| Some(f.at.setting)),
        "stays.setting",
        MUNICIPAL,
        ["pleeggezin of gezinshuis", "foster family or family home"],
    ),
    row(
        "provider",
        Unit::Level,
        Stay,
        needs::FAMILY,
        Word(|f| f.at.provider.or(f.family.and_then(|x| x.provider))),
        "stays.provider, families.provider, family_periods.provider",
        MUNICIPAL,
        ["aanbieder van pleegzorg", "foster-care provider"],
    ),
    row(
        "region",
        Unit::Level,
        Stay,
        0,
        Word(|f| f.at.region),
        "stays.region",
        MUNICIPAL,
        ["regio", "region"],
    ),
    row(
        "start_year",
        Unit::CalendarYear,
        Stay,
        0,
        Number(|f| f64::from(f.at.start.ymd().0)),
        "stays.start",
        "Transformatieplan Jeugd Achterhoek 2018-2022 (heavier problems over the years)",
        ["jaar van de start", "year of the start"],
    ),
    row(
        "days_waited",
        Unit::Days,
        Child,
        needs::PAST | needs::REQUEST,
        Number(|f| {
            f.request
                .and_then(|r| r.received)
                .map_or(f64::NAN, |day| f64::from(f.at.start.since(day)))
        }),
        "requests.received",
        DESCRIPTIVE,
        ["dagen gewacht op een gezin", "days waited for a family"],
    )
    .changeable(),
    row(
        "urgency",
        Unit::Points,
        Child,
        needs::PAST | needs::REQUEST,
        Number(|f| f.request.and_then(|r| r.urgency).map_or(f64::NAN, f64::from)),
        "requests.urgency",
        DESCRIPTIVE,
        ["spoed (1-3)", "urgency (1-3)"],
    ),
    row(
        "months_in_placement",
        Unit::Months,
        Stay,
        0,
        Number(|f| match f.at.date.since(f.at.start) {
            days if days > 0 => months(days),
            _ => f64::NAN,
        }),
        "stays.start",
        HAN,
        ["maanden in dit gezin", "months in this placement"],
    )
    .landmark(),
    row(
        "stay_score_<scale>",
        Unit::Points,
        Stay,
        needs::PAST | needs::ALLIANCE,
        Open(|f, fill| f.relation_score(fill.word, f.at.date)),
        "assessments (stay or pair, this scale)",
        "the study's own choice",
        [
            "laatste score van de plaatsing op deze schaal",
            "the placement's latest score on this scale",
        ],
    )
    .open("stay_score_<scale>")
    .changeable(),
];
