//! The code lists of the return, per collection year, and what each code becomes here.
//!
//! A collection year is named by the year in which it ends: 2024/25 is 2025. Source of the lists:
//! the public guidance of the children-looked-after data return, as encoded in lac_validator
//! 0.1.17 and liiatools 0.2.0 (both MIT); the meanings are in our own words. The choices of the
//! crosswalk are ours; `datasets/ssda903-mapping.md` tells them with their reasons.

use crate::history::{CareForm, EndReason, FamilyKind, Legal, Setting};

/// Far enough ahead to mean "still in use".
const STILL: i32 = i32::MAX;

/// What a PLACE code becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The code.
    pub code: &'static str,
    /// Where the child lives.
    pub setting: Setting,
    /// The kind of family.
    pub family_kind: Option<FamilyKind>,
    /// Whether the code itself says that the child is to grow up here.
    pub long_term: bool,
    /// A temporary placement, which interrupts another one: an absence.
    pub temporary: bool,
    /// The longest that the return allows a temporary placement to last, in days.
    pub limit_days: Option<i32>,
    /// First and last collection year of the code.
    pub years: (i32, i32),
}

const fn place(code: &'static str, setting: Setting, first: i32, last: i32) -> Place {
    Place {
        code,
        setting,
        family_kind: None,
        long_term: false,
        temporary: false,
        limit_days: None,
        years: (first, last),
    }
}

const fn family(code: &'static str, kind: FamilyKind, long_term: bool) -> Place {
    Place { family_kind: Some(kind), long_term, ..place(code, Setting::Foster, 0, STILL) }
}

const fn absence(code: &'static str, setting: Setting, limit_days: Option<i32>) -> Place {
    Place { temporary: true, limit_days, ..place(code, setting, 0, STILL) }
}

/// Every PLACE code of any year.
pub static PLACES: &[Place] = &[
    family("U1", FamilyKind::Network, true),
    family("U2", FamilyKind::Network, false),
    family("U3", FamilyKind::Network, false),
    family("U4", FamilyKind::General, true),
    family("U5", FamilyKind::General, false),
    family("U6", FamilyKind::General, false),
    // Placed for adoption with the foster carer of until now: the same family goes on.
    Place { long_term: true, ..place("A3", Setting::Foster, 0, STILL) },
    place("A4", Setting::Other, 0, STILL),
    Place { long_term: true, ..place("A5", Setting::Foster, 0, STILL) },
    place("A6", Setting::Other, 0, STILL),
    place("H5", Setting::Independent, 0, 2025),
    place("K1", Setting::Secure, 0, STILL),
    place("K2", Setting::Residential, 0, STILL),
    place("K3", Setting::Independent, 2025, STILL),
    place("P1", Setting::Home, 0, STILL),
    place("P2", Setting::Independent, 0, 2025),
    place("P3", Setting::Other, 0, STILL),
    place("R1", Setting::Residential, 0, STILL),
    place("R2", Setting::Hospital, 0, STILL),
    place("R3", Setting::Residential, 0, STILL),
    place("R5", Setting::Secure, 0, STILL),
    place("S1", Setting::Residential, 0, STILL),
    absence("T0", Setting::Other, None),
    absence("T1", Setting::Hospital, Some(42)),
    absence("T2", Setting::Other, None),
    absence("T3", Setting::Other, Some(21)),
    absence("T4", Setting::Other, Some(7)),
    place("Z1", Setting::Other, 0, 2025),
    place("Z11", Setting::Other, 2026, STILL),
    place("Z12", Setting::Other, 2026, STILL),
    place("Z13", Setting::Other, 2026, STILL),
    place("Z14", Setting::Other, 2026, STILL),
];

impl Place {
    /// The code of any year; `None` where no list has it.
    pub fn find(code: &str) -> Option<&'static Self> {
        PLACES.iter().find(|p| p.code == code)
    }

    /// Whether the list of a collection year has it.
    pub fn in_year(&self, year: i32) -> bool {
        (self.years.0..=self.years.1).contains(&year)
    }
}

/// Why an episode starts: the RNE codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rne {
    /// S: comes into care.
    Started,
    /// L: only the legal status changes.
    Legal,
    /// P: another placement and another carer.
    Placement,
    /// T: another placement code with the same carer.
    SameCarer,
    /// B: legal status, placement and carer change.
    Both,
    /// U: legal status and placement code change, with the same carer.
    LegalSameCarer,
}

impl Rne {
    /// Every code.
    pub const ALL: [(&'static str, Self); 6] = [
        ("S", Self::Started),
        ("L", Self::Legal),
        ("P", Self::Placement),
        ("T", Self::SameCarer),
        ("B", Self::Both),
        ("U", Self::LegalSameCarer),
    ];

    pub fn find(code: &str) -> Option<Self> {
        Self::ALL.iter().find(|(c, _)| *c == code).map(|&(_, rne)| rne)
    }

    /// Whether the child goes to another carer, or comes into care.
    pub fn changes_carer(self) -> bool {
        matches!(self, Self::Started | Self::Placement | Self::Both)
    }
}

/// What an LS code becomes: the nearest word of Dutch law, and whether the stay is a short break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegalStatus {
    /// The code.
    pub code: &'static str,
    /// The nearest Dutch ground; none for youth justice, which is no ground for pleegzorg.
    pub legal: Option<Legal>,
    /// Short breaks: part-time care.
    pub care_form: CareForm,
}

const fn status(code: &'static str, legal: Option<Legal>, care_form: CareForm) -> LegalStatus {
    LegalStatus { code, legal, care_form }
}

/// Every LS code.
pub static STATUSES: &[LegalStatus] = &[
    status("C1", Some(Legal::Ots), CareForm::FullTime),
    status("C2", Some(Legal::Ots), CareForm::FullTime),
    status("D1", Some(Legal::GuardianshipGi), CareForm::FullTime),
    status("E1", Some(Legal::GuardianshipGi), CareForm::FullTime),
    status("V2", Some(Legal::Voluntary), CareForm::FullTime),
    status("V3", Some(Legal::Voluntary), CareForm::PartTime),
    status("V4", Some(Legal::Voluntary), CareForm::PartTime),
    status("L1", Some(Legal::Ots), CareForm::FullTime),
    status("L2", Some(Legal::Ots), CareForm::FullTime),
    status("L3", Some(Legal::Ots), CareForm::FullTime),
    status("J1", None, CareForm::FullTime),
    status("J2", None, CareForm::FullTime),
    status("J3", None, CareForm::FullTime),
];

impl LegalStatus {
    pub fn find(code: &str) -> Option<&'static Self> {
        STATUSES.iter().find(|s| s.code == code)
    }
}

/// How a stay ended, as three columns of `stays.csv` say it. A flag is blank where the code does
/// not say; the reason then decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// Why.
    pub reason: EndReason,
    /// `end_planned`.
    pub planned: Option<bool>,
    /// `end_wanted`.
    pub wanted: Option<bool>,
}

const fn ending(reason: EndReason, planned: Option<bool>, wanted: Option<bool>) -> Ending {
    Ending { reason, planned, wanted }
}

/// How a stay ended that nobody can say more of.
pub const UNKNOWN_ENDING: Ending = ending(EndReason::Unknown, None, None);

/// REASON_PLACE_CHANGE: why a carer change within care happened.
pub static CHANGE_REASONS: &[(&str, Ending)] = &[
    ("CARPL", ending(EndReason::PlannedMove, Some(true), None)),
    ("CLOSE", ending(EndReason::CarerStopped, None, None)),
    ("ALLEG", ending(EndReason::Safety, None, None)),
    ("STAND", ending(EndReason::Safety, None, None)),
    ("APPRR", ending(EndReason::Safety, None, None)),
    ("CREQB", ending(EndReason::CarerBehaviour, None, None)),
    ("CREQO", ending(EndReason::CarerOther, None, None)),
    ("CHILD", ending(EndReason::ChildRequest, None, None)),
    ("LAREQ", ending(EndReason::Authority, None, None)),
    // Only the status of the placement changed: says nothing about a carer change.
    ("PLACE", ending(EndReason::Administrative, None, None)),
    ("CUSTOD", ending(EndReason::External, None, None)),
    ("OTHER", UNKNOWN_ENDING),
];

/// REC: why an episode ended. X1 means that care goes on, so that REASON_PLACE_CHANGE tells.
pub static END_REASONS: &[(&str, Option<Ending>)] = &[
    ("X1", None),
    ("E11", Some(ending(EndReason::Permanence, Some(true), Some(true)))),
    ("E12", Some(ending(EndReason::Permanence, Some(true), Some(true)))),
    ("E13", Some(ending(EndReason::ReturnedHome, None, None))),
    ("E14", Some(ending(EndReason::External, None, None))),
    ("E15", Some(ending(EndReason::External, None, None))),
    ("E16", Some(ending(EndReason::External, None, None))),
    ("E17", Some(ending(EndReason::CameOfAge, Some(true), Some(true)))),
    ("E2", Some(ending(EndReason::External, None, None))),
    ("E3", Some(ending(EndReason::External, None, None))),
    ("E4A", Some(ending(EndReason::ReturnedHome, Some(true), Some(true)))),
    ("E4B", Some(ending(EndReason::ReturnedHome, Some(false), None))),
    ("E41", Some(ending(EndReason::Permanence, Some(true), Some(true)))),
    ("E43", Some(ending(EndReason::Permanence, Some(true), Some(true)))),
    ("E44", Some(ending(EndReason::Permanence, Some(true), Some(true)))),
    ("E45", Some(ending(EndReason::Permanence, Some(true), Some(true)))),
    ("E46", Some(ending(EndReason::Permanence, Some(true), Some(true)))),
    ("E47", Some(ending(EndReason::Permanence, Some(true), Some(true)))),
    ("E48", Some(ending(EndReason::Permanence, Some(true), Some(true)))),
    ("E5", Some(ending(EndReason::CameOfAge, None, None))),
    ("E6", Some(ending(EndReason::CameOfAge, None, None))),
    ("E7", Some(ending(EndReason::CameOfAge, None, None))),
    ("E8", Some(UNKNOWN_ENDING)),
    ("E9", Some(ending(EndReason::External, None, None))),
];

/// The ending of a REASON_PLACE_CHANGE code.
pub fn change_reason(code: &str) -> Option<&'static (&'static str, Ending)> {
    CHANGE_REASONS.iter().find(|(c, _)| *c == code)
}

/// The ending of a REC code; the inner `None` is X1.
pub fn end_reason(code: &str) -> Option<&'static (&'static str, Option<Ending>)> {
    END_REASONS.iter().find(|(c, _)| *c == code)
}

/// PLACE_PROVIDER: who provides the placement.
pub static PROVIDERS: &[(&str, &str)] = &[
    ("PR0", "parents"),
    ("PR1", "own_authority"),
    ("PR2", "other_authority"),
    ("PR3", "other_public"),
    ("PR4", "private"),
    ("PR5", "voluntary"),
];

/// The word for a PLACE_PROVIDER code.
pub fn provider(code: &str) -> Option<&'static str> {
    PROVIDERS.iter().find(|(c, _)| *c == code).map(|&(_, word)| word)
}

/// CIN: why the child came into need. Checked, not imported.
pub static NEEDS: &[&str] = &["N1", "N2", "N3", "N4", "N5", "N6", "N7", "N8"];

/// SW_REASON: why a social worker changed. Checked, not imported.
pub static WORKER_REASONS: &[&str] = &[
    "MANAGE", "FCONTA", "LEFTRL", "ORGRST", "TSPROC", "ABSENC", "CHCHAN", "PCCHAN", "SWDIED",
    "OTHERS",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_list_drifts_by_collection_year() {
        let list = |year| PLACES.iter().filter(|p| p.in_year(year)).count();
        let has = |code, year| Place::find(code).is_some_and(|p| p.in_year(year));
        assert_eq!((list(2023), list(2024)), (27, 27));
        assert!(!has("K3", 2024) && has("K3", 2025) && has("K3", 2026));
        for dropped in ["H5", "P2", "Z1"] {
            assert!(has(dropped, 2025) && !has(dropped, 2026), "{dropped}");
        }
        for added in ["Z11", "Z12", "Z13", "Z14"] {
            assert!(!has(added, 2025) && has(added, 2026), "{added}");
        }
        assert!(Place::find("k3").is_none() && Place::find("").is_none());
    }

    #[test]
    fn only_p_b_and_s_bring_another_carer() {
        let changes: Vec<&str> =
            Rne::ALL.iter().filter(|(_, r)| r.changes_carer()).map(|(c, _)| *c).collect();
        assert_eq!(changes, ["S", "P", "B"]);
    }
}
