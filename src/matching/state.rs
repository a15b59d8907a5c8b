//! A family's state on a day, as a view of the records.

use crate::history::{
    Birth, CareForm, Day, FamilyIx, FamilyKind, FamilyState, FamilyStatus, History, Index, Label,
    Perspective,
};

/// A family's state on a day: its record, and the changes that hold on the day. Nothing is copied,
/// since there are thousands of families and a request looks at each once.
#[derive(Debug, Clone, PartialEq)]
pub struct StateOn<'a> {
    record: &'a FamilyState,
    /// The last change that holds on the day: of two that say something, the later one counts.
    last: Option<&'a FamilyState>,
    /// Those before it, by their first day. Few families have any, and so a list of their own.
    before: Vec<&'a FamilyState>,
    /// The status of the record is dated later than the day, and says nothing about it.
    status_is_later: bool,
}

/// A family's state on a day: `families.csv`, changed by the periods that hold that day and were
/// recorded by then. A status dated later than the day says nothing about the day.
#[must_use]
pub fn family_state<'a>(h: &'a History, index: &Index, family: FamilyIx, day: Day) -> StateOn<'a> {
    let record = &h.family(family).state;
    let mut changes = index
        .periods_of_family(family)
        .iter()
        .map(|&row| &h.family_periods[row as usize])
        .filter(|p| p.from <= day && p.to.is_none_or(|to| day <= to))
        .filter(|p| p.recorded.unwrap_or(p.from) <= day)
        .map(|p| &p.changed);
    let status_is_later = record.status_date.is_some_and(|d| d > day);
    let mut state = StateOn { last: changes.next(), status_is_later, ..StateOn::of(record) };
    for change in changes {
        state.before.extend(state.last.replace(change));
    }
    state
}

impl<'a> StateOn<'a> {
    /// As in a record that nothing changes.
    #[must_use]
    pub fn of(record: &'a FamilyState) -> Self {
        Self { record, last: None, before: Vec::new(), status_is_later: false }
    }

    fn changed<T>(&self, of: impl Fn(&'a FamilyState) -> Option<T>) -> Option<T> {
        self.last.and_then(&of).or_else(|| self.before.iter().rev().find_map(|state| of(state)))
    }

    fn latest<T>(&self, of: impl Fn(&'a FamilyState) -> Option<T>) -> Option<T> {
        self.changed(&of).or_else(|| of(self.record))
    }

    /// An empty list says nothing.
    fn list<T>(&self, of: impl Fn(&'a FamilyState) -> &'a [T]) -> &'a [T] {
        self.latest(|state| Some(of(state)).filter(|list| !list.is_empty())).unwrap_or_default()
    }

    /// Network, general or family home.
    #[must_use]
    pub fn kind(&self) -> Option<FamilyKind> {
        self.latest(|state| state.kind)
    }

    /// Where the family lives.
    #[must_use]
    pub fn area(&self) -> Option<Label> {
        self.latest(|state| state.area)
    }

    /// Places in all, taken or free.
    #[must_use]
    pub fn places(&self) -> Option<u32> {
        self.latest(|state| state.places)
    }

    /// The lowest age that the family takes, in years.
    #[must_use]
    pub fn min_age(&self) -> Option<f64> {
        self.latest(|state| state.min_age)
    }

    /// The highest age that the family takes, in years.
    #[must_use]
    pub fn max_age(&self) -> Option<f64> {
        self.latest(|state| state.max_age)
    }

    /// The care forms that the family offers.
    #[must_use]
    pub fn care_forms(&self) -> &'a [CareForm] {
        self.list(|state| &state.care_forms)
    }

    /// The perspectives that the family is open to.
    #[must_use]
    pub fn perspectives(&self) -> &'a [Perspective] {
        self.list(|state| &state.perspectives)
    }

    /// Needs that the family can meet.
    #[must_use]
    pub fn accepts_needs(&self) -> &'a [Label] {
        self.list(|state| &state.accepts_needs)
    }

    /// Needs that the family cannot meet.
    #[must_use]
    pub fn refuses_needs(&self) -> &'a [Label] {
        self.list(|state| &state.refuses_needs)
    }

    /// Birth months of the carers' own children.
    #[must_use]
    pub fn own_children(&self) -> Option<&'a [Birth]> {
        self.latest(|state| state.own_children.as_deref())
    }

    /// The day on which the family first took in a foster child.
    #[must_use]
    pub fn experience_since(&self) -> Option<Day> {
        self.latest(|state| state.experience_since)
    }

    /// Whether the family takes children.
    #[must_use]
    pub fn status(&self) -> Option<FamilyStatus> {
        let recorded = self.record.status.filter(|_| !self.status_is_later);
        self.changed(|state| state.status).or(recorded)
    }
}
