//! Spells: a placement as the statistics see it.

use rayon::prelude::*;

use crate::history::{ChildIx, Day, FamilyIx, History, Index, Label, Setting, StayIx};
use crate::survival::{Outcome, SampleError};

use super::placement::{Known, Placement, PlacementBuilder};
use super::{Cause, Definition, Unit, child, return_home};

/// An end on the day of the start (or of the first day under observation) lasts half a day, so
/// that it counts: time is from the morning of the first day.
pub(super) const HALF_DAY: f64 = 0.5;

/// One row of the outcome: under observation over (entry, exit] days since the start.
#[derive(Debug, Clone, PartialEq)]
pub struct Spell {
    /// The stay with which it began.
    pub stay: StayIx,
    /// The child.
    pub child: ChildIx,
    /// The family, where it is identified.
    pub family: Option<FamilyIx>,
    /// The provider at the start.
    pub provider: Option<Label>,
    /// The setting of the placement.
    pub setting: Setting,
    /// Day zero.
    pub start: Day,
    /// Days from the start to the first day under observation; 0 where the start was observed.
    pub entry: f64,
    /// Days from the start to the end, or to the last day known. Always above `entry`; half a
    /// day for an end on the first day under observation.
    pub exit: f64,
    /// Why it ended; `None` is censored.
    pub cause: Option<Cause>,
    /// Whether it still lasted on the last day that was read.
    pub running: bool,
}

impl Spell {
    /// The last day of the spell: of its end, or the last day known.
    #[must_use]
    pub fn last_day(&self) -> Day {
        self.start.plus_days(self.exit as i32)
    }

    /// The spell as seen from a landmark, `days` after its start; `None` where it had ended by
    /// then, or was not yet under observation at its end.
    ///
    /// Time still counts from the start, so that hazards keep their clock; observation begins
    /// at the landmark.
    #[must_use]
    pub fn after(&self, days: f64) -> Option<Self> {
        (self.exit > days).then(|| Self { entry: self.entry.max(days), ..self.clone() })
    }
}

/// What became of the stays: how many spells, and what was joined or left out and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Stays in the settings that the definition follows.
    pub stays: u64,
    /// Spells made.
    pub spells: u64,
    /// Registrations joined to the one before: see [`super::placements`].
    pub joined: u64,
    /// Absences that did not end a placement.
    pub absences: u64,
    /// Part-time stays, which give no spell by default.
    pub part_time: u64,
    /// Spells that began before the window, and enter late.
    pub entered_late: u64,
    /// Placements that ended before the window, and are left out.
    pub before_window: u64,
    /// Spells that ended on their first day under observation, counted as half a day.
    pub half_day: u64,
    /// Placements never meant for the perspective that the definition asks for, or not known to be.
    pub other_perspective: u64,
    /// Children left out since an earlier breakdown is known (unit `child`).
    pub earlier_breakdown: u64,
    /// Children left out since they were in care before the window and nobody recorded whether
    /// a breakdown came before it (unit `child`).
    pub unknown_past: u64,
    /// Spells whose last known end is `administrative`: censored there.
    pub lost: u64,
}

impl Tally {
    /// Adds the counts of other children.
    fn add(&mut self, other: &Self) {
        let Self {
            stays,
            spells,
            joined,
            absences,
            part_time,
            entered_late,
            before_window,
            half_day,
            other_perspective,
            earlier_breakdown,
            unknown_past,
            lost,
        } = other;
        self.stays += stays;
        self.spells += spells;
        self.joined += joined;
        self.absences += absences;
        self.part_time += part_time;
        self.entered_late += entered_late;
        self.before_window += before_window;
        self.half_day += half_day;
        self.other_perspective += other_perspective;
        self.earlier_breakdown += earlier_breakdown;
        self.unknown_past += unknown_past;
        self.lost += lost;
    }
}

/// The spells of a history under a definition, by child and then by start.
///
/// Ends count up to the last day of the window; with `known_at`, nothing that happened or
/// became known later is read, and spells that lasted are censored there. A stay that began
/// before the window enters late, on the window's first day; one that ended before it is left
/// out. Part-time stays give spells only where the definition asks, and never end another.
///
/// The result is the same for any number of threads.
#[must_use]
pub fn spells(
    history: &History,
    index: &Index,
    definition: &Definition,
    known_at: Option<Day>,
) -> Vec<Spell> {
    spells_and_tally(history, index, definition, known_at).0
}

/// Children per piece of parallel work: fixed, so that results do not depend on threads.
const CHUNK: usize = 4096;

/// As [`spells`], with a count of what was joined or left out.
#[must_use]
pub fn spells_and_tally(
    history: &History,
    index: &Index,
    definition: &Definition,
    known_at: Option<Day>,
) -> (Vec<Spell>, Tally) {
    let known = Known {
        records: known_at.unwrap_or(Day(i32::MAX)),
        ends: known_at.map_or(history.window.end, |day| day.min(history.window.end)),
    };
    let children = history.children.len();
    let chunks: Vec<(Vec<Spell>, Tally)> = (0..children.div_ceil(CHUNK))
        .into_par_iter()
        .map(|chunk| {
            let mut work = Work::new(history, index, definition, known);
            for c in chunk * CHUNK..((chunk + 1) * CHUNK).min(children) {
                work.child(ChildIx(c as u32));
            }
            (work.out, work.tally)
        })
        .collect();
    let mut all = Vec::with_capacity(chunks.iter().map(|(s, _)| s.len()).sum());
    let mut tally = Tally::default();
    for (mut part, counts) in chunks {
        all.append(&mut part);
        tally.add(&counts);
    }
    tally.spells = all.len() as u64;
    (all, tally)
}

/// The outcome of spells, in days: causes 1–6 in the order of [`Cause::ALL`], 0 = censored.
///
/// # Errors
/// [`SampleError::Empty`] where there are no spells.
pub fn to_outcome(spells: &[Spell]) -> Result<Outcome, SampleError> {
    let late = spells.iter().any(|s| s.entry > 0.0);
    Outcome::new(
        late.then(|| spells.iter().map(|s| s.entry).collect()),
        spells.iter().map(|s| s.exit).collect(),
        spells.iter().map(|s| s.cause.map_or(0, Cause::number)).collect(),
        Cause::ALL.map(|c| c.name().to_owned()).to_vec(),
    )
}

/// The making of spells for one chunk of children.
pub(super) struct Work<'a> {
    pub history: &'a History,
    pub index: &'a Index,
    pub definition: &'a Definition,
    pub known: Known,
    pub out: Vec<Spell>,
    pub tally: Tally,
    builder: PlacementBuilder,
}

impl<'a> Work<'a> {
    fn new(
        history: &'a History,
        index: &'a Index,
        definition: &'a Definition,
        known: Known,
    ) -> Self {
        let (out, tally, builder) = (Vec::new(), Tally::default(), PlacementBuilder::default());
        Self { history, index, definition, known, out, tally, builder }
    }

    /// Adds the spells of one child.
    fn child(&mut self, child: ChildIx) {
        let mut builder = std::mem::take(&mut self.builder);
        let (h, ix, d, known) = (self.history, self.index, self.definition, self.known);
        let all = builder.build(h, ix, d, child, known);
        for p in all.iter().filter(|p| d.follows(p.setting)) {
            self.tally.stays += 1 + u64::from(p.joined);
            self.tally.joined += u64::from(p.joined);
            self.tally.absences += u64::from(p.absences);
        }
        let first = self.out.len();
        match d.unit {
            Unit::Stay => self.stays(child, all),
            Unit::Child => child::follow(self, child, all),
            Unit::ReturnHome => return_home::follow(self, child, all),
        }
        let part_time = builder.build_part_time(h, ix, d, child, known);
        self.tally.part_time += part_time.len() as u64;
        if d.part_time && d.unit == Unit::Stay {
            self.stays(child, part_time);
            self.out[first..].sort_by_key(|s| (s.start, s.stay));
        }
        self.builder = builder;
    }

    /// A spell per placement that the definition follows.
    fn stays(&mut self, child: ChildIx, placements: &[Placement]) {
        for p in placements.iter().filter(|p| self.definition.follows(p.setting)) {
            let Some(meant) = self.meant_from(child, p) else {
                self.tally.other_perspective += 1;
                continue;
            };
            self.push(
                Spell {
                    stay: p.first,
                    child,
                    family: p.family,
                    provider: p.provider,
                    setting: p.setting,
                    start: p.start,
                    entry: f64::from(meant.since(p.start)),
                    exit: 0.0,
                    cause: p.cause,
                    running: p.end.is_none(),
                },
                p.end,
            );
        }
    }

    /// The day on which a child comes of age.
    pub(super) fn of_age(&self, child: ChildIx) -> Day {
        self.history.child(child).birth.day.plus_years(self.definition.of_age as i32)
    }

    /// Adds a spell that ended on `end` (`None`: it lasts), where it was under observation.
    /// `spell.entry` holds the earliest entry; the window may make it later.
    pub(super) fn push(&mut self, mut spell: Spell, end: Option<Day>) {
        let window = self.history.window.start;
        let last = end.unwrap_or(self.known.ends);
        let begin = window.max(spell.start.plus_days(spell.entry as i32));
        if last < begin {
            self.tally.before_window += u64::from(last < window);
            self.tally.other_perspective += u64::from(last >= window);
            return;
        }
        spell.entry = f64::from(begin.since(spell.start));
        spell.exit = f64::from(last.since(spell.start));
        if spell.exit <= spell.entry {
            spell.exit = spell.entry + HALF_DAY;
            self.tally.half_day += 1;
        }
        self.tally.entered_late += u64::from(spell.start < window);
        self.tally.lost += u64::from(spell.cause.is_none() && !spell.running);
        self.out.push(spell);
    }

    /// The day from which a placement was meant for the perspective that the definition asks
    /// for: its start where that was the plan then, else the day of the decision. `None`: never.
    fn meant_from(&self, child: ChildIx, p: &Placement) -> Option<Day> {
        let Some(asked) = self.definition.perspective else { return Some(p.start) };
        if self.history.stay(p.first).perspective == Some(asked) {
            return Some(p.start);
        }
        let h = self.history;
        let joined = self.index.stays_of_child(child).iter().map(|&row| &h.stays[row as usize]);
        let at_a_later_stay = joined
            .filter(|s| self.known.has(s) && s.family == p.family && s.perspective == Some(asked))
            .map(|s| s.start);
        let events = self.index.events_of_child(child).iter().map(|&row| &h.events[row as usize]);
        let decided = events
            .filter(|e| {
                e.known_from() <= self.known.records
                    && e.date <= self.known.ends
                    && is_perspective(e.kind)
                    && e.to.is_some_and(|to| h.labels.word(to) == asked.code())
            })
            .map(|e| e.date);
        let inside = |day: &Day| *day >= p.start && p.end.is_none_or(|end| *day <= end);
        at_a_later_stay.chain(decided).filter(inside).min()
    }
}

/// Whether an event says what a placement is meant for.
fn is_perspective(kind: crate::history::EventKind) -> bool {
    use crate::history::EventKind::{PerspectiveChange, PerspectiveDecision};
    matches!(kind, PerspectiveChange | PerspectiveDecision)
}
