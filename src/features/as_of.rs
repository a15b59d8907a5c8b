//! The question that a row of features answers: about whom, and known when.

use crate::history::{
    CareForm, ChildIx, Day, FamilyIx, FamilyKind, History, Label, Legal, Perspective, Setting,
    StayIx,
};
use crate::outcome::Spell;

/// One row of features: a child with a family from `start` on, as known on `date`.
///
/// The fields describe the placement as it was, or would be, at its start: of a running stay they
/// come from its record, of a prospective pair from the request. All else is read from records
/// known on `date`. A `date` after `start` is a landmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsOf {
    /// The child.
    pub child: ChildIx,
    /// The family, where it is identified.
    pub family: Option<FamilyIx>,
    /// The stay with which the placement began; `None` for a prospective pair.
    pub stay: Option<StayIx>,
    /// The first day of the placement.
    pub start: Day,
    /// Nothing that became known after this day is read.
    pub date: Day,
    /// The setting of the placement.
    pub setting: Setting,
    /// The kind of family, where the family itself is not identified.
    pub family_kind: Option<FamilyKind>,
    /// The provider, where it is known.
    pub provider: Option<Label>,
    /// The region, where it is known.
    pub region: Option<Label>,
    /// What the placement is for.
    pub perspective: Option<Perspective>,
    /// How much of the time the child stays.
    pub care_form: Option<CareForm>,
    /// The legal ground.
    pub legal: Option<Legal>,
    /// Whether siblings live there together.
    pub siblings_together: Option<bool>,
}

impl AsOf {
    /// A spell's placement as known on its first day.
    #[must_use]
    pub fn start_of(history: &History, spell: &Spell) -> Self {
        Self::spell(history, spell, spell.start)
    }

    /// A spell's placement as known on a later day: a landmark, or today.
    #[must_use]
    pub fn spell(history: &History, spell: &Spell, date: Day) -> Self {
        Self {
            child: spell.child,
            family: spell.family,
            start: spell.start,
            date,
            setting: spell.setting,
            provider: spell.provider,
            ..Self::start_of_stay(history, spell.stay)
        }
    }

    /// A stay as known on its first day, as if it were a spell of its own.
    #[must_use]
    pub fn start_of_stay(history: &History, stay: StayIx) -> Self {
        let row = history.stay(stay);
        Self {
            child: row.child,
            family: row.family,
            stay: Some(stay),
            start: row.start,
            date: row.start,
            setting: row.setting,
            family_kind: row.family_kind,
            provider: row.provider,
            region: row.region,
            perspective: row.perspective,
            care_form: row.care_form,
            legal: row.legal,
            siblings_together: row.siblings_together,
        }
    }

    /// A child with a family in which it does not live yet, from `start` on, as known on `date`.
    /// The provider is the family's own; `perspective` and `care_form` come from the request.
    #[must_use]
    pub fn pair(child: ChildIx, family: FamilyIx, start: Day, date: Day) -> Self {
        Self {
            child,
            family: Some(family),
            stay: None,
            start,
            date,
            setting: Setting::Foster,
            family_kind: None,
            provider: None,
            region: None,
            perspective: None,
            care_form: None,
            legal: None,
            siblings_together: None,
        }
    }
}
