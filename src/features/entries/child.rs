//! Features of the child.

use crate::history::{Setting, Sex};

use super::super::catalogue::{Feature, Level, Unit, Value, row};
use super::super::facts::{Facts, needs};
use super::{HAN, MATCHING, MUNICIPAL, OOSTERMAN, ROCK, code, demand, ever, months, yes};

use Level::Child;
use Value::{Number, Open};

/// Months out of home until the day, the time before the records included.
fn months_in_care(f: &Facts<'_>) -> f64 {
    let recorded = f.past.first_out.unwrap_or(f.at.start).min(f.at.date);
    match f.child.first_out_of_home.filter(|&day| day <= f.at.date) {
        Some(first) => months(f.past.days_out + recorded.since(first).max(0)),
        None if f.past.complete => months(f.past.days_out),
        None => f64::NAN,
    }
}

/// The first day out of home, where it is known.
fn first_out(f: &Facts<'_>) -> Option<crate::history::Day> {
    let recorded = f.past.first_out.unwrap_or(f.at.start).min(f.at.start);
    match f.child.first_out_of_home.filter(|&day| day <= f.at.date) {
        Some(first) => Some(first.min(recorded)),
        None => f.past.complete.then_some(recorded),
    }
}

/// Moves in the municipal sense: into each place out of home, this one included, and schools.
fn transfers(f: &Facts<'_>) -> f64 {
    f.with_before(f.past.stays + 1 + f.events.schools, f.child.moves_before)
}

/// The rows.
pub(super) const ROWS: &[Feature] = &[
    row(
        "age",
        Unit::Years,
        Child,
        0,
        Number(|f| f.child.birth.age_on(f.at.start)),
        "children.birth",
        "Oosterman et al. 2007; Konijn et al. 2019; Eltink et al. 2025",
        ["leeftijd bij de start", "age at the start"],
    ),
    row(
        "age_over_10",
        Unit::YesNo,
        Child,
        0,
        Open(|f, fill| yes(Some(f.at.start >= f.child.birth.day.plus_years(fill.years.into())))),
        "children.birth",
        HAN,
        ["bij de start 10 jaar of ouder", "past the 10th birthday at the start"],
    )
    .open("age_over_<years>"),
    row(
        "sex",
        Unit::Level,
        Child,
        0,
        code!(Sex, |f| f.child.sex),
        "children.sex",
        "Eltink et al. 2025 (no difference found)",
        ["geslacht", "sex"],
    ),
    row(
        "age_first_out_of_home",
        Unit::Years,
        Child,
        needs::PAST,
        Number(|f| first_out(f).map_or(f64::NAN, |day| f.child.birth.age_on(day))),
        "children.birth, children.first_out_of_home, stays",
        ROCK,
        ["leeftijd toen het kind voor het eerst uit huis ging", "age at first leaving home"],
    ),
    row(
        "months_since_first_out_of_home",
        Unit::Months,
        Child,
        needs::PAST,
        Number(|f| first_out(f).map_or(f64::NAN, |day| months(f.at.date.since(day).max(0)))),
        "children.first_out_of_home, stays",
        ROCK,
        ["maanden sinds het kind voor het eerst uit huis ging", "months since first leaving home"],
    ),
    row(
        "months_in_care",
        Unit::Months,
        Child,
        needs::PAST,
        Number(months_in_care),
        "stays, children.first_out_of_home, children.moves_before",
        ROCK,
        ["maanden uit huis geplaatst", "months lived out of home"],
    ),
    row(
        "prior_stays",
        Unit::Count,
        Child,
        needs::PAST,
        Number(|f| f.with_before(f.past.stays, f.child.moves_before)),
        "stays, children.moves_before",
        OOSTERMAN,
        ["eerdere plekken buiten huis", "earlier places out of home"],
    ),
    row(
        "prior_foster_stays",
        Unit::Count,
        Child,
        needs::PAST,
        Number(|f| f.if_complete(f.past.foster_stays)),
        "stays, children.moves_before",
        OOSTERMAN,
        ["eerdere pleeggezinnen en gezinshuizen", "earlier foster families and family homes"],
    ),
    row(
        "prior_breakdowns",
        Unit::Count,
        Child,
        needs::PAST,
        Number(|f| f.with_before(f.past.breakdowns, f.child.breakdowns_before)),
        "stays, children.breakdowns_before",
        "Strijker, Knorth & Knot-Dickscheit 2008",
        ["eerder afgebroken plaatsingen", "earlier breakdowns"],
    ),
    row(
        "breakdowns_24m",
        Unit::Count,
        Child,
        needs::PAST,
        Number(|f| match f.child.breakdowns_before {
            Some(0) => f64::from(f.past.breakdowns_24m),
            _ => f.within(730, f.past.breakdowns_24m),
        }),
        "stays, children.breakdowns_before",
        "Strijker, Knorth & Knot-Dickscheit 2008",
        ["afgebroken plaatsingen in de laatste 24 maanden", "breakdowns in the last 24 months"],
    ),
    row(
        "transfers",
        Unit::Count,
        Child,
        needs::PAST | needs::EVENTS,
        Number(transfers),
        "stays, events (school_change), children.moves_before",
        MUNICIPAL,
        [
            "overplaatsingen: verhuizingen buiten huis en nieuwe scholen",
            "transfers: moves out of home and new schools",
        ],
    ),
    row(
        "carer_moves",
        Unit::Count,
        Child,
        needs::PAST,
        Number(|f| f.with_before(f.past.carer_moves, f.child.moves_before)),
        "stays, children.moves_before",
        "Richtlijn Pleegzorg (more than 10 years and several moves)",
        [
            "wisselingen van verzorger na de eerste keer uit huis",
            "changes of carer after first leaving home",
        ],
    ),
    row(
        "prior_residential",
        Unit::YesNo,
        Child,
        needs::PAST,
        Number(|f| ever(f, f.past.residential)),
        "stays.setting, children.moves_before",
        OOSTERMAN,
        ["woonde eerder in een leefgroep", "lived in residential care before"],
    ),
    row(
        "prior_secure",
        Unit::YesNo,
        Child,
        needs::PAST,
        Number(|f| ever(f, f.past.secure)),
        "stays.setting, children.moves_before",
        OOSTERMAN,
        ["woonde eerder in een gesloten groep", "lived in secure care before"],
    ),
    row(
        "prior_returns_home",
        Unit::Count,
        Child,
        needs::PAST,
        Number(|f| f.if_complete(f.past.returns_home)),
        "stays.setting, children.moves_before",
        MUNICIPAL,
        ["eerder terug naar huis geweest", "earlier returns home"],
    ),
    row(
        "came_from",
        Unit::Level,
        Child,
        needs::PAST,
        code!(Setting, |f| f.past.came_from),
        "stays.setting",
        ROCK,
        ["waar het kind hiervoor woonde", "where the child lived right before"],
    ),
    row(
        "school_changes",
        Unit::Count,
        Child,
        needs::PAST | needs::EVENTS,
        Number(|f| f.with_before(f.events.schools, None)),
        "events (school_change)",
        MUNICIPAL,
        ["nieuwe scholen", "school changes"],
    ),
    row(
        "school_changes_12m",
        Unit::Count,
        Child,
        needs::PAST | needs::EVENTS,
        Number(|f| f.within(365, f.events.schools_12m)),
        "events (school_change)",
        MUNICIPAL,
        ["nieuwe scholen in de laatste 12 maanden", "school changes in the last 12 months"],
    )
    .changeable(),
    row(
        "helper_changes_12m",
        Unit::Count,
        Child,
        needs::PAST | needs::EVENTS,
        Number(|f| f.within(365, f.events.helpers_12m)),
        "events (helper_change)",
        "Rock et al. 2015; Transformatieplan Jeugd Achterhoek 2018-2022",
        ["nieuwe hulpverleners in de laatste 12 maanden", "helper changes in the last 12 months"],
    )
    .changeable(),
    row(
        "helper_changes_12m_warm",
        Unit::Count,
        Child,
        needs::PAST | needs::EVENTS,
        Number(|f| f.within(365, f.events.helpers_12m_warm)),
        "events (helper_change, warm_handover)",
        MUNICIPAL,
        [
            "nieuwe hulpverleners met een goede overdracht, laatste 12 maanden",
            "helper changes with a warm handover, last 12 months",
        ],
    )
    .changeable(),
    row(
        "helper_changes_12m_not_warm",
        Unit::Count,
        Child,
        needs::PAST | needs::EVENTS,
        Number(|f| f.within(365, f.events.helpers_12m_not_warm)),
        "events (helper_change, warm_handover)",
        MUNICIPAL,
        [
            "nieuwe hulpverleners zonder goede overdracht, laatste 12 maanden",
            "helper changes without a warm handover, last 12 months",
        ],
    )
    .changeable(),
    row(
        "helper_changes_12m_<role>",
        Unit::Count,
        Child,
        needs::PAST,
        Open(|f, fill| f.within(365, f.helpers_in_role(fill.word))),
        "events (helper_change, role)",
        MUNICIPAL,
        [
            "nieuwe hulpverleners met deze rol, laatste 12 maanden",
            "changes of helpers in this role, last 12 months",
        ],
    )
    .open("helper_changes_12m_<role>")
    .changeable(),
    row(
        "course_changes_12m",
        Unit::Count,
        Child,
        needs::PAST | needs::EVENTS,
        Number(|f| f.within(365, f.events.courses_12m)),
        "events (course_change)",
        MUNICIPAL,
        [
            "andere koers van de hulp, laatste 12 maanden",
            "changes of course of the help, last 12 months",
        ],
    )
    .changeable(),
    row(
        "needs_count",
        Unit::Count,
        Child,
        0,
        Number(|f| if f.child.needs.is_empty() { f64::NAN } else { f.child.needs.len() as f64 }),
        "children.needs",
        MATCHING,
        ["aantal dingen die het kind extra nodig heeft", "number of needs"],
    ),
    row(
        "need_<need>",
        Unit::YesNo,
        Child,
        0,
        Open(|f, fill| match fill.word {
            _ if f.child.needs.is_empty() => f64::NAN,
            word => yes(Some(word.is_some_and(|w| f.child.needs.contains(&w)))),
        }),
        "children.needs",
        MATCHING,
        ["het kind heeft dit extra nodig", "the child has this need"],
    )
    .open("need_<need>"),
    row(
        "sdq_total",
        Unit::Points,
        Child,
        0,
        Number(|f| f.child_score(f.cx.sdq_total)),
        "assessments (child, sdq_total)",
        "Konijn et al. 2019; SDQ total 0-40 (Goodman 1997)",
        ["SDQ-score: problemen van het kind", "SDQ total difficulties"],
    )
    .changeable(),
    row(
        "behaviour_demand",
        Unit::Points,
        Child,
        0,
        Number(demand),
        "assessments (child, behaviour_demand)",
        HAN,
        ["hoeveel het gedrag van het kind vraagt (0-10)", "demand of the child's behaviour (0-10)"],
    )
    .changeable(),
    row(
        "child_score_<scale>",
        Unit::Points,
        Child,
        0,
        Open(|f, fill| f.child_score(fill.word)),
        "assessments (child, this scale)",
        "the study's own choice",
        ["laatste score van het kind op deze schaal", "the child's latest score on this scale"],
    )
    .open("child_score_<scale>")
    .changeable(),
];
