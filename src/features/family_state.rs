//! A family as it was on a day.

use crate::history::{Birth, Day, FamilyIx, FamilyKind, FamilyState, History, Index, Label};

/// What features read of a family on a day: `families.csv`, overlaid by the periods that cover
/// the day and were known on it; a later period wins.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FamilyOn<'a> {
    pub kind: Option<FamilyKind>,
    pub provider: Option<Label>,
    pub area: Option<Label>,
    pub places: Option<u32>,
    pub min_age: Option<f64>,
    pub max_age: Option<f64>,
    pub accepts_needs: &'a [Label],
    pub refuses_needs: &'a [Label],
    pub own_children: Option<&'a [Birth]>,
    pub experience_since: Option<Day>,
}

impl<'a> FamilyOn<'a> {
    /// The family on `day`, from what was known on it.
    pub(super) fn new(h: &'a History, index: &Index, family: FamilyIx, day: Day) -> Self {
        let mut view = Self::default();
        view.overlay(&h.family(family).state, day);
        for &row in index.periods_of_family(family) {
            let period = &h.family_periods[row as usize];
            if period.from > day {
                break;
            }
            let known = period.recorded.unwrap_or(period.from) <= day;
            if known && period.to.is_none_or(|to| day <= to) {
                view.overlay(&period.changed, day);
            }
        }
        view
    }

    fn overlay(&mut self, state: &'a FamilyState, day: Day) {
        self.kind = state.kind.or(self.kind);
        self.provider = state.provider.or(self.provider);
        self.area = state.area.or(self.area);
        self.places = state.places.or(self.places);
        self.min_age = state.min_age.or(self.min_age);
        self.max_age = state.max_age.or(self.max_age);
        // Experience that begins later is not there yet.
        let since = state.experience_since.filter(|&since| since <= day);
        self.experience_since = since.or(self.experience_since);
        self.own_children = state.own_children.as_deref().or(self.own_children);
        if !state.accepts_needs.is_empty() {
            self.accepts_needs = &state.accepts_needs;
        }
        if !state.refuses_needs.is_empty() {
            self.refuses_needs = &state.refuses_needs;
        }
    }

    /// The ages in years of the own children who were born and under 18 on `day`; `None` where
    /// own children were not recorded.
    pub(super) fn own_ages(&self, day: Day) -> Option<impl Iterator<Item = f64> + use<'a>> {
        let births = self.own_children?;
        Some(births.iter().map(move |b| b.age_on(day)).filter(|age| (0.0..18.0).contains(age)))
    }
}
