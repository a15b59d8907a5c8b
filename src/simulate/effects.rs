//! The true effects: one table of log hazard ratios per term and cause, with sources.
//!
//! Every term is a feature *as measured at the start* of a placement, under the name and coding
//! that the catalogue of features gives it, so a Cox model on those features recovers the values
//! of this table. Interactions are products of the raw (not centred) columns, as a study file's
//! `a:b` is; a main effect is therefore the effect where the partner column is 0.

use crate::history::{FamilyKind, Perspective};

/// What is known at the start of a placement and drives its hazards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drivers {
    /// Age in years.
    pub age: f64,
    /// Whether the 10th birthday is past.
    pub over_10: bool,
    /// Breakdowns before, recorded or from before the records.
    pub prior_breakdowns: f64,
    /// Whether the child lived in residential or secure care before.
    pub prior_residential: bool,
    /// The kind of the foster family.
    pub family_kind: FamilyKind,
    /// Whether the placement starts in a crisis.
    pub crisis_start: bool,
    /// Whether a court ordered it.
    pub court_mandated: bool,
    /// What the placement is for.
    pub perspective: Perspective,
    /// False where a sibling lives with another foster family; true without siblings in care.
    pub siblings_together: bool,
    /// Helper changes in the 12 months before the start, of any role.
    pub helper_changes: f64,
    /// Years since the family was approved.
    pub family_experience: f64,
    /// Demand of the child's behaviour, 0–10.
    pub behaviour_demand: f64,
    /// Parenting capacity of the family, 0–10.
    pub parenting_capacity: f64,
    /// Alliance of birth and foster parents as scored for this pair, 0–10.
    pub alliance: f64,
    /// Wellbeing of the family's other children, 0–10.
    pub other_children_wellbeing: f64,
}

impl Drivers {
    /// Demand minus capacity.
    #[must_use]
    pub fn capacity_gap(&self) -> f64 {
        self.behaviour_demand - self.parenting_capacity
    }
}

/// One row of the table of true effects.
#[derive(Debug, Clone, Copy)]
pub struct Effect {
    /// The term as a study file writes it; a level of a factor is `column=level`.
    pub term: &'static str,
    /// Log cause-specific hazard ratio of breakdown.
    pub breakdown: f64,
    /// Of return home.
    pub returned_home: f64,
    /// Of a planned move.
    pub planned_move: f64,
    /// Where the value for breakdown comes from.
    pub source: &'static str,
    /// The term's value.
    pub value: fn(&Drivers) -> f64,
}

/// Log hazard ratio of breakdown for each helper change during the placement (at most four
/// count), whatever the role. It is not a term: it acts after the start.
pub const HELPER_CHANGE_DURING: f64 = 0.15;

/// 1 where true.
fn yes(b: bool) -> f64 {
    f64::from(u8::from(b))
}

/// Shorthand for a row.
const fn row(
    term: &'static str,
    [breakdown, returned_home, planned_move]: [f64; 3],
    source: &'static str,
    value: fn(&Drivers) -> f64,
) -> Effect {
    Effect { term, breakdown, returned_home, planned_move, source, value }
}

/// The true effects. Those on return home and planned moves are the simulator's own plausible
/// choices; those on breakdown follow the literature within its uncertainty.
pub const EFFECTS: &[Effect] = &[
    row("age", [0.10, -0.03, 0.0], "Eltink 2025: .095 a year from 34.2% against 16.3%", |d| d.age),
    row(
        "age_over_10",
        [0.35, 0.0, 0.0],
        "Geerlings & Van de Ven 2018: older than 10 at the start; size chosen with age to give Eltink's ratio",
        |d| yes(d.over_10),
    ),
    row(
        "prior_breakdowns",
        [0.25, -0.1, 0.05],
        "Oosterman 2007, Price 2008, Strijker 2008: previous placements, small to moderate; breakdowns taken larger than moves",
        |d| d.prior_breakdowns,
    ),
    row(
        "prior_residential",
        [0.35, -0.1, 0.1],
        "Oosterman 2007: prior residential care, small to moderate",
        |d| yes(d.prior_residential),
    ),
    row(
        "family_kind=network",
        [-0.40, 0.5, 0.1],
        "Konijn 2019 and Winokur 2014 against Oosterman 2007 and Holtan 2013 (none): shrunk",
        |d| yes(d.family_kind == FamilyKind::Network),
    ),
    row(
        "family_experience",
        [-0.03, 0.0, 0.0],
        "Rock 2015: experienced carers, direction; -.15 per SD of five years",
        |d| d.family_experience,
    ),
    row("crisis_start", [0.25, 0.5, 1.0], "chosen within a wide prior", |d| yes(d.crisis_start)),
    row(
        "court_mandated",
        [0.20, -0.5, 0.0],
        "Van Erkel 2020: court-mandated, the only significant factor of one study",
        |d| yes(d.court_mandated),
    ),
    row(
        "perspective=return_home",
        [0.0, 1.2, 0.0],
        "none on breakdown: the municipal definition counts both variants",
        |d| yes(d.perspective == Perspective::ReturnHome),
    ),
    row("siblings_together", [-0.20, 0.0, -0.1], "Konijn 2019, Font & Kim 2021: shrunk", |d| {
        yes(d.siblings_together)
    }),
    row(
        "helper_changes_12m",
        [0.15, 0.0, 0.0],
        "Rock 2015, Strolin-Goltzman: direction; size chosen",
        |d| d.helper_changes,
    ),
    row(
        "capacity_gap",
        [0.375, 0.0, 0.0],
        "Konijn 2019: behaviour problems .40 and parenting -.35 per SD, at alliance 6 and wellbeing 7",
        |d| d.capacity_gap(),
    ),
    row(
        "alliance",
        [-0.17, 0.05, 0.0],
        "conflict of birth and foster parents: -.30 per SD (Vanderfaeillie 2017, direction), at gap -1",
        |d| d.alliance,
    ),
    row(
        "other_children_wellbeing",
        [-0.115, 0.0, 0.0],
        "Geerlings & Van de Ven 2018: one of three dominant factors; size chosen, -.10 a point at gap -1",
        |d| d.other_children_wellbeing,
    ),
    row(
        "capacity_gap:alliance",
        [-0.02, 0.0, 0.0],
        "Geerlings & Van de Ven 2018: the factors come together; size chosen",
        |d| d.capacity_gap() * d.alliance,
    ),
    row(
        "capacity_gap:other_children_wellbeing",
        [-0.015, 0.0, 0.0],
        "Geerlings & Van de Ven 2018: the factors come together; size chosen",
        |d| d.capacity_gap() * d.other_children_wellbeing,
    ),
];

/// The linear predictors of breakdown, return home and planned move.
#[must_use]
pub fn linear_predictors(drivers: &Drivers) -> [f64; 3] {
    EFFECTS.iter().fold([0.0; 3], |[b, h, m], e| {
        let v = (e.value)(drivers);
        [b + e.breakdown * v, h + e.returned_home * v, m + e.planned_move * v]
    })
}
