//! Features of the child and this family together.

use super::super::catalogue::{Feature, Level, Unit, Value, row};
use super::super::facts::{Facts, needs};
use super::{HAN, MATCHING, capacity, demand, ever, yes};

use Level::Pair;
use Value::Number;

fn outside_age_range(f: &Facts<'_>) -> f64 {
    let age = f.child.birth.age_on(f.at.start);
    let Some(family) = f.family else { return f64::NAN };
    match (family.min_age, family.max_age) {
        (None, None) => f64::NAN,
        (min, max) => {
            yes(Some(min.is_some_and(|m| age < m) || max.is_some_and(|m| age.floor() > m)))
        }
    }
}

/// The child's needs among (or missing from) one of the family's lists; NaN where one is blank.
fn needs_listed(f: &Facts<'_>, accepted: bool) -> f64 {
    let Some(family) = f.family else { return f64::NAN };
    let list = if accepted { family.accepts_needs } else { family.refuses_needs };
    if list.is_empty() || f.child.needs.is_empty() {
        return f64::NAN;
    }
    f.child.needs.iter().filter(|need| list.contains(need) != accepted).count() as f64
}

/// The rows.
pub(super) const ROWS: &[Feature] = &[
    row(
        "capacity_gap",
        Unit::Points,
        Pair,
        0,
        Number(|f| demand(f) - capacity(f)),
        "assessments (child, behaviour_demand; family, parenting_capacity)",
        HAN,
        [
            "wat het gedrag vraagt min wat de pleegouders aankunnen",
            "behaviour demand minus parenting capacity",
        ],
    )
    .changeable(),
    row(
        "alliance",
        Unit::Points,
        Pair,
        needs::PAST | needs::ALLIANCE,
        Number(|f| f.alliance_now),
        "assessments (pair or stay, alliance_birth_foster)",
        HAN,
        [
            "samenwerking van ouders en pleegouders (0-10)",
            "alliance of birth and foster parents (0-10)",
        ],
    )
    .changeable(),
    row(
        "alliance_change",
        Unit::Points,
        Pair,
        needs::PAST | needs::ALLIANCE,
        Number(|f| match f.at.date > f.at.start {
            true => f.alliance_now - f.alliance_at_start,
            false => f64::NAN,
        }),
        "assessments (pair or stay, alliance_birth_foster)",
        HAN,
        [
            "verandering in de samenwerking van ouders en pleegouders",
            "change in the alliance of birth and foster parents",
        ],
    )
    .landmark()
    .changeable(),
    row(
        "placed_here_before",
        Unit::YesNo,
        Pair,
        needs::PAST,
        Number(|f| match f.at.family {
            Some(_) => ever(f, f.past.same_family),
            None => f64::NAN,
        }),
        "stays.family_id, children.moves_before",
        MATCHING,
        ["woonde eerder in dit gezin", "lived in this family before"],
    ),
    row(
        "distance_home",
        Unit::Kilometres,
        Pair,
        needs::FAMILY,
        Number(|f| f.cx.km(f.child.home_area, f.family.and_then(|x| x.area))),
        "children.home_area, families.area, family_periods.area, areas",
        MATCHING,
        ["afstand tot het ouderlijk huis", "distance to the parents' home"],
    )
    .changeable(),
    row(
        "distance_school",
        Unit::Kilometres,
        Pair,
        needs::FAMILY,
        Number(|f| f.cx.km(f.child.school_area, f.family.and_then(|x| x.area))),
        "children.school_area, families.area, family_periods.area, areas",
        "Robinson-Cortés 2019",
        ["afstand tot school", "distance to school"],
    )
    .changeable(),
    row(
        "outside_age_range",
        Unit::YesNo,
        Pair,
        needs::FAMILY,
        Number(outside_age_range),
        "children.birth, families.min_age, families.max_age, family_periods",
        MATCHING,
        ["leeftijd past niet bij wat het gezin wil", "age outside the family's range"],
    )
    .changeable(),
    row(
        "needs_not_accepted",
        Unit::Count,
        Pair,
        needs::FAMILY,
        Number(|f| needs_listed(f, true)),
        "children.needs, families.accepts_needs, family_periods.accepts_needs",
        MATCHING,
        [
            "wat het kind nodig heeft en het gezin niet noemt",
            "needs that the family does not accept",
        ],
    )
    .changeable(),
    row(
        "needs_refused",
        Unit::Count,
        Pair,
        needs::FAMILY,
        Number(|f| needs_listed(f, false)),
        "children.needs, families.refuses_needs, family_periods.refuses_needs",
        MATCHING,
        ["wat het kind nodig heeft en het gezin niet kan geven", "needs that the family refuses"],
    )
    .changeable(),
];
