//! Rules over several rows: the course of a child's stays, and wishes that contradict each other.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::table::Table;
use crate::history::codes::{CareForm, EndReason, FamilyStatus, PairKind, Setting};
use crate::history::day::Day;
use crate::history::findings::{Code, Finding, Findings};
use crate::history::index::Groups;
use crate::history::records::{
    Child, Family, FamilyPeriod, PairRule, Party, Request, Stay, Window,
};
use crate::history::registry;

/// How many children are checked at a time. Fixed, so that results do not depend on the threads.
const CHILDREN: usize = 8192;

/// A child that is unaccounted for this long or shorter has only moved: some registrations give
/// the last night as the end, and the next day as the start.
const GAP_DAYS: i32 = 1;

/// Checks the course of all stays; returns the stays that cannot be used, in rising order.
pub(super) fn course(
    children: &Table<Child>,
    families: &Table<Family>,
    periods: &Table<FamilyPeriod>,
    stays: &Table<Stay>,
    findings: &mut Findings,
) -> Vec<usize> {
    let rows = &stays.rows;
    let mut of_child = Groups::new(children.rows.len(), rows.len(), |r| Some(rows[r].child.0));
    of_child.sort_each_by_key(|r| (rows[r as usize].start, ends(&rows[r as usize])));
    let of_family =
        Groups::new(families.rows.len(), periods.rows.len(), |r| Some(periods.rows[r].family.0));
    let parts: Vec<(Findings, Vec<usize>)> = (0..children.rows.len().div_ceil(CHILDREN))
        .into_par_iter()
        .map(|part| {
            let mut check = Check { stays, findings: Findings::default(), unusable: Vec::new() };
            let last = ((part + 1) * CHILDREN).min(children.rows.len());
            for child in part * CHILDREN..last {
                let own = of_child.of(child as u32);
                check.order(own);
                check.first_out(children, child, own);
                for &stay in own {
                    check.family_stopped(families, periods, &of_family, stay);
                }
            }
            (check.findings, check.unusable)
        })
        .collect();
    let mut unusable = Vec::new();
    for (part, mut rows) in parts {
        findings.append(part);
        unusable.append(&mut rows);
    }
    unusable.sort_unstable();
    unusable
}

/// The end, or the end of time where the stay runs.
fn ends(stay: &Stay) -> Day {
    stay.end.unwrap_or(Day(i32::MAX))
}

/// The checks of some children.
struct Check<'a> {
    stays: &'a Table<Stay>,
    findings: Findings,
    unusable: Vec<usize>,
}

impl Check<'_> {
    fn note(&mut self, code: Code, stay: u32, column: &'static str, what: impl FnOnce() -> String) {
        let line = u64::from(self.stays.lines[stay as usize]);
        self.findings
            .add_with(code, || Finding::new(code, "stays.csv", what()).row(line).column(column));
    }

    /// Overlaps and gaps of one child's stays, which come by start.
    fn order(&mut self, own: &[u32]) {
        // The stay that ends last of those before.
        let mut last: Option<u32> = None;
        for &row in own {
            let stay = &self.stays.rows[row as usize];
            if stay.care_form == Some(CareForm::PartTime) {
                continue;
            }
            let Some(before) = last else {
                last = Some(row);
                continue;
            };
            let earlier = &self.stays.rows[before as usize];
            let line = self.stays.lines[before as usize];
            if stay.start < ends(earlier) {
                // Twice the same id has its own fault.
                if stay.id != earlier.id {
                    self.overlap(row, before, line);
                    self.unusable.push(row as usize);
                }
                continue;
            }
            let days = stay.start.since(ends(earlier));
            let left_care = matches!(
                earlier.end_reason,
                Some(
                    EndReason::ReturnedHome
                        | EndReason::CameOfAge
                        | EndReason::Permanence
                        | EndReason::External
                )
            );
            if days > GAP_DAYS && !left_care {
                self.note(registry::GAP, row, "start", || {
                    format!("{days} days pass between the end on line {line} and this start")
                });
            }
            last = Some(row);
        }
    }

    /// A stay that starts before the stay on `line` has ended.
    fn overlap(&mut self, row: u32, before: u32, line: u32) {
        if self.stays.rows[before as usize].end.is_none() {
            self.note(registry::OPEN_STAY_FOLLOWED, row, "start", || {
                format!("the stay on line {line} has no end, yet this one starts after it")
            });
        } else {
            self.note(registry::OVERLAP, row, "start", || {
                format!("the stay overlaps the one on line {line}")
            });
        }
    }

    /// The first day away from home against the first stay away from home.
    fn first_out(&mut self, children: &Table<Child>, child: usize, own: &[u32]) {
        let Some(first) = children.rows[child].first_out_of_home else { return };
        let away = own
            .iter()
            .map(|&row| &self.stays.rows[row as usize])
            .find(|s| s.setting != Setting::Home && s.care_form != Some(CareForm::PartTime));
        if away.is_some_and(|stay| first > stay.start) {
            let line = u64::from(children.lines[child]);
            self.findings.add_with(registry::LATE_FIRST_OUT, || {
                let what = "the first day away from home lies after a stay away from home";
                Finding::new(registry::LATE_FIRST_OUT, "children.csv", what)
                    .row(line)
                    .column("first_out_of_home")
            });
        }
    }

    /// A stay that starts while its family has stopped.
    fn family_stopped(
        &mut self,
        families: &Table<Family>,
        periods: &Table<FamilyPeriod>,
        of_family: &Groups,
        row: u32,
    ) {
        let stay = &self.stays.rows[row as usize];
        let Some(family) = stay.family else { return };
        let state = &families.rows[family.at()].state;
        // A period says what differed then from the family as it is now.
        let then = of_family.of(family.0).iter().map(|&p| &periods.rows[p as usize]).find(|p| {
            let covers = p.from <= stay.start && p.to.is_none_or(|to| stay.start <= to);
            covers && p.changed.status.is_some()
        });
        let stopped = match then {
            Some(period) => period.changed.status == Some(FamilyStatus::Stopped),
            None => {
                state.status == Some(FamilyStatus::Stopped)
                    && state.status_date.is_some_and(|since| stay.start > since)
            }
        };
        if stopped {
            self.note(registry::STOPPED_FAMILY, row, "family_id", || {
                "the stay starts after its family has stopped".into()
            });
        }
    }
}

/// Ends of running stays that were filled in by the registration: many on one of the last days.
pub(super) fn piled_up_ends(stays: &Table<Stay>, window: &Window, findings: &mut Findings) {
    let all = stays.rows.iter().filter(|s| s.end.is_some()).count();
    let mut days = vec![window.end, window.extraction];
    days.dedup();
    for day in days {
        let there = stays.rows.iter().filter(|s| s.end == Some(day)).count();
        // Ends spread over a window of years: one in twenty on one day is no coincidence.
        if there >= 20 && there * 20 >= all {
            let what = format!("{there} of {all} ends are on {day}");
            let finding = Finding::new(registry::ENDS_PILED_UP, stays.file.name, what);
            findings.add(finding.column("end"));
        }
    }
}

/// Children that nothing is known of. Said only where every stay could be used: a child may have
/// lost its stays to their faults.
pub(super) fn idle_children(
    children: &Table<Child>,
    stays: &Table<Stay>,
    requests: &Table<Request>,
    findings: &mut Findings,
) {
    let whole = stays.rows.len() == stays.count && requests.rows.len() == requests.count;
    if !whole || !stays.complete || !requests.complete {
        return;
    }
    let mut met = vec![false; children.rows.len()];
    stays.rows.iter().for_each(|s| met[s.child.at()] = true);
    requests.rows.iter().for_each(|r| met[r.child.at()] = true);
    for (child, _) in met.iter().enumerate().filter(|(_, met)| !**met) {
        let line = u64::from(children.lines[child]);
        findings.add_with(registry::CHILD_WITHOUT_STAY, || {
            let what = "the child has neither a stay nor a request";
            Finding::new(registry::CHILD_WITHOUT_STAY, "children.csv", what).row(line)
        });
    }
}

/// Wishes that cannot both be kept: the same two must and may not, or a child must live in two
/// families. Also rows whose two sides are the same.
pub(super) fn wishes(pairs: &Table<PairRule>, findings: &mut Findings) {
    // Of the same two, the first line that asks for them, and the first that forbids them.
    let mut asked: BTreeMap<[(u8, u32); 2], [Option<u32>; 2]> = BTreeMap::new();
    // Per child, the first family that it must live in, and the line that says so.
    let mut home: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
    for (pair, &line) in pairs.rows.iter().zip(&pairs.lines) {
        let mut note = |code: Code, column: &'static str, what: String| {
            let finding = || Finding::new(code, pairs.file.name, what).row(u64::from(line));
            findings.add_with(code, || finding().column(column));
        };
        let mut sides = [side(pair.a), side(pair.b)];
        sides.sort_unstable();
        if sides[0] == sides[1] {
            note(registry::PAIR_WITH_ITSELF, "b", "both sides name the same one".into());
            continue;
        }
        let forbids = usize::from(pair.kind != PairKind::Must);
        let lines = asked.entry(sides).or_default();
        lines[forbids].get_or_insert(line);
        if let Some(other) = lines[1 - forbids] {
            let what = format!("line {other} asks the opposite for the same two");
            note(registry::WISHES_CONTRADICT, "kind", what);
        }
        if let ([(0, child), (1, family)], PairKind::Must) = (sides, pair.kind) {
            let &mut (first, other) = home.entry(child).or_insert((family, line));
            if first != family {
                let what = format!("by line {other} the child must live in another family");
                note(registry::WISHES_CONTRADICT, "kind", what);
            }
        }
    }
}

/// A side of a wish, in an order in which children come first.
fn side(party: Party) -> (u8, u32) {
    match party {
        Party::Child(child) => (0, child.0),
        Party::Family(family) => (1, family.0),
    }
}
