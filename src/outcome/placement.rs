//! Stays that are one placement: split registrations and short absences joined.

use crate::history::{
    CareForm, ChildIx, Day, EndReason, FamilyIx, History, Index, Label, Setting, Stay, StayIx,
};

use super::{Cause, Definition};

/// What may be read: records known by `records`, and starts and ends up to `ends`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// A record counts where it was known on or before this day.
    pub records: Day,
    /// A start or an end counts where it happened on or before this day.
    pub ends: Day,
}

impl Known {
    /// All that was known on a day.
    #[must_use]
    pub fn on(day: Day) -> Self {
        Self { records: day, ends: day }
    }

    /// Whether a stay had begun, and was known.
    #[must_use]
    pub fn has(self, stay: &Stay) -> bool {
        stay.start <= self.ends && stay.known_from() <= self.records
    }

    /// A stay's end, where it had happened and was known.
    #[must_use]
    pub fn end(self, stay: &Stay) -> Option<Day> {
        stay.end.filter(|&end| end <= self.ends && stay.known_from() <= self.records)
    }
}

/// A child's uninterrupted time in one place, as known on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// The stay with which it began.
    pub first: StayIx,
    /// The latest stay that belongs to it.
    pub last: StayIx,
    /// The start of the placement.
    pub start: Day,
    /// The last day; `None` while it lasts.
    pub end: Option<Day>,
    /// Where it was.
    pub setting: Setting,
    /// The family, where it is identified.
    pub family: Option<FamilyIx>,
    /// The provider at the start.
    pub provider: Option<Label>,
    /// Why it ended. `None` while it lasts, and where an `administrative` end is the last that
    /// is known of the child: whether it still lasts is then not known.
    pub cause: Option<Cause>,
    /// How many later registrations were joined to the first.
    pub joined: u32,
    /// How many absences it holds.
    pub absences: u32,
    /// Its stays, absences included, within [`PlacementBuilder::stays_of`].
    from: u32,
    to: u32,
}

/// Builds the placements of one child after another, and keeps its memory between them.
#[derive(Debug, Default)]
pub struct PlacementBuilder {
    stays: Vec<u32>,
    out: Vec<Placement>,
}

/// The placements of a child that are not part-time, in order of time, as far as `known` allows.
///
/// Joined into one placement are, with the same family: stays of which one ends and the next
/// begins on the same or the next day; a stay, an absence (`hospital`, `other`, in all at most
/// [`Definition::absence_days`]) and the return; and, within the same number of days, a stay
/// whose end is `administrative`, `unknown` or blank and the return. Where no family is named,
/// an `administrative` end joins two adjacent stays of the same setting, kind and provider.
#[must_use]
pub fn placements(
    history: &History,
    index: &Index,
    definition: &Definition,
    child: ChildIx,
    known: Known,
) -> Vec<Placement> {
    let mut builder = PlacementBuilder::default();
    builder.build(history, index, definition, child, known);
    builder.out
}

impl PlacementBuilder {
    /// As [`placements`], without new memory.
    pub fn build(
        &mut self,
        history: &History,
        index: &Index,
        definition: &Definition,
        child: ChildIx,
        known: Known,
    ) -> &[Placement] {
        self.gather(history, index, child, known, false);
        self.stays.sort_unstable_by_key(|&row| {
            let stay = &history.stays[row as usize];
            (stay.start, known.end(stay).unwrap_or(Day(i32::MAX)), row)
        });
        self.join(history, definition, known);
        &self.out
    }

    /// The part-time placements of a child, by family and then in order of time. They may overlap.
    pub fn build_part_time(
        &mut self,
        history: &History,
        index: &Index,
        definition: &Definition,
        child: ChildIx,
        known: Known,
    ) -> &[Placement] {
        self.gather(history, index, child, known, true);
        self.stays.sort_unstable_by_key(|&row| {
            let stay = &history.stays[row as usize];
            (stay.family, stay.start, known.end(stay).unwrap_or(Day(i32::MAX)), row)
        });
        self.join(history, definition, known);
        &self.out
    }

    /// The placements built last.
    #[must_use]
    pub fn placements(&self) -> &[Placement] {
        &self.out
    }

    /// The stays of a placement built last, absences included, in order of time.
    #[must_use]
    pub fn stays_of(&self, placement: &Placement) -> &[u32] {
        &self.stays[placement.from as usize..placement.to as usize]
    }

    fn gather(&mut self, h: &History, index: &Index, child: ChildIx, known: Known, part: bool) {
        self.stays.clear();
        self.stays.extend(index.stays_of_child(child).iter().copied().filter(|&row| {
            let stay = &h.stays[row as usize];
            known.has(stay) && (stay.care_form == Some(CareForm::PartTime)) == part
        }));
    }

    fn join(&mut self, h: &History, definition: &Definition, known: Known) {
        self.out.clear();
        let stays = &self.stays;
        let stay = |k: usize| &h.stays[stays[k] as usize];
        let mut k = 0;
        while k < stays.len() {
            let first = k;
            let (mut joined, mut absences) = (0, 0);
            let mut last = first;
            while let Some(end) = known.end(stay(last)) {
                let Some(next) = next_of(h, stays, definition, last, end) else { break };
                absences += (next - last - 1) as u32;
                joined += 1;
                last = next;
            }
            let s = stay(first);
            let end = known.end(stay(last));
            self.out.push(Placement {
                first: StayIx(stays[first]),
                last: StayIx(stays[last]),
                start: s.start,
                end,
                setting: s.setting,
                family: s.family,
                provider: s.provider,
                cause: end.and_then(|end| closing(h, stays, definition, known, last, end)),
                joined,
                absences,
                from: first as u32,
                to: last as u32 + 1,
            });
            k = last + 1;
        }
    }
}

/// Whether a stay is a short absence from wherever the child lives.
fn is_absence(stay: &Stay) -> bool {
    matches!(stay.setting, Setting::Hospital | Setting::Other) && stay.family.is_none()
}

/// The position of the stay that goes on with the placement of the stay at `at`, which ended on
/// `end`; `None` where none does.
fn next_of(h: &History, stays: &[u32], d: &Definition, at: usize, end: Day) -> Option<usize> {
    let stay = |k: usize| &h.stays[stays[k] as usize];
    let limit = i32::try_from(d.absence_days).unwrap_or(i32::MAX);
    let mut next = at + 1;
    while next < stays.len() && is_absence(stay(next)) && stay(next).start.since(end) <= limit {
        next += 1;
    }
    let away = next > at + 1;
    if next < stays.len() && goes_on(stay(at), stay(next), end, away, limit) {
        return Some(next);
    }
    // Two absence-like stays that follow one another are themselves one place at times.
    (away && goes_on(stay(at), stay(at + 1), end, false, limit)).then_some(at + 1)
}

/// Whether `b` goes on with the placement of `a`, which ended on `end`.
fn goes_on(a: &Stay, b: &Stay, end: Day, away: bool, limit: i32) -> bool {
    let gap = b.start.since(end);
    let open =
        |reason| matches!(reason, None | Some(EndReason::Administrative | EndReason::Unknown));
    match (a.family, b.family) {
        (Some(x), Some(y)) if x == y => gap <= 1 || (gap <= limit && (away || open(a.end_reason))),
        (None, None) => {
            let alike = a.setting == b.setting
                && agree(a.family_kind, b.family_kind)
                && agree(a.provider, b.provider);
            let near = gap <= 1 || (away && gap <= limit);
            let same_place =
                a.end_reason == Some(EndReason::Administrative) || a.setting == Setting::Home;
            alike && near && same_place
        }
        _ => false,
    }
}

/// Whether two values are equal, or one of them is unknown.
fn agree<T: PartialEq>(a: Option<T>, b: Option<T>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}

/// The cause of a placement that ended on `end` with the stay at `at`.
fn closing(
    h: &History,
    stays: &[u32],
    d: &Definition,
    known: Known,
    at: usize,
    end: Day,
) -> Option<Cause> {
    let stay = &h.stays[stays[at] as usize];
    let (reason, planned, wanted) = (stay.end_reason, stay.end_planned, stay.end_wanted);
    if d.is_breakdown(reason, planned, wanted).is_none() {
        let later = &stays[at + 1..];
        let lost = later.is_empty() && reason == Some(EndReason::Administrative);
        // The child may still come back within the days that an absence may last.
        let pending = !later.is_empty()
            && later.iter().all(|&row| is_absence(&h.stays[row as usize]))
            && known.ends.since(end) <= i32::try_from(d.absence_days).unwrap_or(i32::MAX);
        if lost || pending {
            return None;
        }
    }
    Some(d.cause(reason, planned, wanted))
}
