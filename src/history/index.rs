//! Rows grouped by child, family and stay.

use super::codes::CareForm;
use super::day::Day;
use super::records::{ChildIx, FamilyIx, History, Stay, StayIx, Subject};

/// Row numbers grouped by a key 0..n, in one flat vector (compressed rows).
#[derive(Debug, Clone, Default)]
pub struct Groups {
    offsets: Vec<u32>,
    rows: Vec<u32>,
}

impl Groups {
    /// Groups the rows 0..len by `key` (`None` leaves a row out); rows keep their order.
    pub fn new(keys: usize, len: usize, key: impl Fn(usize) -> Option<u32>) -> Self {
        let mut offsets = vec![0u32; keys + 1];
        for row in 0..len {
            if let Some(k) = key(row) {
                offsets[k as usize + 1] += 1;
            }
        }
        for k in 0..keys {
            offsets[k + 1] += offsets[k];
        }
        let mut next = offsets.clone();
        let mut rows = vec![0u32; offsets[keys] as usize];
        for row in 0..len {
            if let Some(k) = key(row) {
                rows[next[k as usize] as usize] = row as u32;
                next[k as usize] += 1;
            }
        }
        Self { offsets, rows }
    }

    /// The rows of a key.
    #[must_use]
    pub fn of(&self, key: u32) -> &[u32] {
        &self.rows[self.range(key)]
    }

    fn range(&self, key: u32) -> std::ops::Range<usize> {
        let k = key as usize;
        self.offsets[k] as usize..self.offsets[k + 1] as usize
    }

    /// Sorts the rows of each key by `by`; equal rows keep their order.
    pub fn sort_each_by_key<K: Ord>(&mut self, by: impl Fn(u32) -> K) {
        for k in 0..self.offsets.len().saturating_sub(1) {
            let range = self.range(k as u32);
            self.rows[range].sort_by_key(|&row| by(row));
        }
    }
}

/// What the state of a family on a day goes by, of one stay there. Stays of one family lie side by
/// side: thousands of families are looked at for one request, and rows of `stays.csv` lie anywhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StaySpan {
    pub(crate) stay: StayIx,
    pub(crate) child: ChildIx,
    pub(crate) start: Day,
    pub(crate) known_from: Day,
    pub(crate) end: Option<Day>,
    pub(crate) part_time: bool,
    pub(crate) ended_unplanned: bool,
}

impl StaySpan {
    fn new(stay: StayIx, row: &Stay) -> Self {
        Self {
            stay,
            child: row.child,
            start: row.start,
            known_from: row.known_from(),
            end: row.end,
            part_time: row.care_form == Some(CareForm::PartTime),
            ended_unplanned: row.ended_unplanned(),
        }
    }
}

/// The rows of a [`History`] by child, family and stay, each group in order of time.
#[derive(Debug, Clone)]
pub struct Index {
    stays_of_child: Groups,
    stays_of_family: Groups,
    /// In the order of `stays_of_family`.
    spans: Vec<StaySpan>,
    events_of_child: Groups,
    assessments_of_child: Groups,
    assessments_of_family: Groups,
    assessments_of_stay: Groups,
    pair_assessments_of_child: Groups,
    periods_of_family: Groups,
}

impl Index {
    /// Groups all rows once.
    #[must_use]
    pub fn new(h: &History) -> Self {
        let (children, families, stays) = (h.children.len(), h.families.len(), h.stays.len());
        let mut stays_of_child = Groups::new(children, stays, |r| Some(h.stays[r].child.0));
        stays_of_child.sort_each_by_key(|r| h.stays[r as usize].start);
        let mut stays_of_family = Groups::new(families, stays, |r| h.stays[r].family.map(|f| f.0));
        stays_of_family.sort_each_by_key(|r| h.stays[r as usize].start);
        let span = |&row: &u32| StaySpan::new(StayIx(row), &h.stays[row as usize]);
        let spans = stays_of_family.rows.iter().map(span).collect();
        let mut events_of_child =
            Groups::new(children, h.events.len(), |r| Some(h.events[r].child.0));
        events_of_child.sort_each_by_key(|r| h.events[r as usize].date);
        let assessed = |keys: usize, key: fn(Subject) -> Option<u32>| {
            let mut g = Groups::new(keys, h.assessments.len(), |r| key(h.assessments[r].subject));
            g.sort_each_by_key(|r| h.assessments[r as usize].date);
            g
        };
        let mut periods_of_family =
            Groups::new(families, h.family_periods.len(), |r| Some(h.family_periods[r].family.0));
        periods_of_family.sort_each_by_key(|r| h.family_periods[r as usize].from);
        Self {
            stays_of_child,
            stays_of_family,
            spans,
            events_of_child,
            assessments_of_child: assessed(children, |s| match s {
                Subject::Child(c) => Some(c.0),
                _ => None,
            }),
            assessments_of_family: assessed(families, |s| match s {
                Subject::Family(f) => Some(f.0),
                _ => None,
            }),
            assessments_of_stay: assessed(stays, |s| match s {
                Subject::Stay(s) => Some(s.0),
                _ => None,
            }),
            pair_assessments_of_child: assessed(children, |s| match s {
                Subject::Pair(c, _) => Some(c.0),
                _ => None,
            }),
            periods_of_family,
        }
    }

    /// A child's stays, by start.
    #[must_use]
    pub fn stays_of_child(&self, child: ChildIx) -> &[u32] {
        self.stays_of_child.of(child.0)
    }

    /// A family's stays, by start.
    #[must_use]
    pub fn stays_of_family(&self, family: FamilyIx) -> &[u32] {
        self.stays_of_family.of(family.0)
    }

    /// The same, with what a family's state on a day goes by.
    pub(crate) fn spans_of_family(&self, family: FamilyIx) -> &[StaySpan] {
        &self.spans[self.stays_of_family.range(family.0)]
    }

    /// A child's events, by date.
    #[must_use]
    pub fn events_of_child(&self, child: ChildIx) -> &[u32] {
        self.events_of_child.of(child.0)
    }

    /// Assessments of a child itself, by date.
    #[must_use]
    pub fn assessments_of_child(&self, child: ChildIx) -> &[u32] {
        self.assessments_of_child.of(child.0)
    }

    /// Assessments of a family, by date.
    #[must_use]
    pub fn assessments_of_family(&self, family: FamilyIx) -> &[u32] {
        self.assessments_of_family.of(family.0)
    }

    /// Assessments of a stay, by date.
    #[must_use]
    pub fn assessments_of_stay(&self, stay: StayIx) -> &[u32] {
        self.assessments_of_stay.of(stay.0)
    }

    /// Assessments of a child with any prospective family, by date.
    #[must_use]
    pub fn pair_assessments_of_child(&self, child: ChildIx) -> &[u32] {
        self.pair_assessments_of_child.of(child.0)
    }

    /// The periods of a family's changes, by their first day.
    #[must_use]
    pub fn periods_of_family(&self, family: FamilyIx) -> &[u32] {
        self.periods_of_family.of(family.0)
    }
}
