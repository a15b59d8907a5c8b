//! Arrivals, departures and breakdowns of every family, each by the day from which it was known,
//! so that a count as of a day is one binary search.

use rayon::prelude::*;

use crate::history::{CareForm, Day, FamilyIx, History, Index, Stay};
use crate::outcome::{Cause, Definition};

/// The counts of one family: sorted days from which each change was known.
#[derive(Debug, Default)]
struct Account {
    arrivals: Vec<i32>,
    departures: Vec<i32>,
    /// Children hosted: arrivals that do not go on with an earlier stay of the same child.
    hosted: Vec<i32>,
    /// Breakdowns, and those taken back as the child returned within the days of an absence.
    breakdowns: Vec<i32>,
    taken_back: Vec<i32>,
}

/// The accounts of all families. Part-time stays are left out.
#[derive(Debug)]
pub(super) struct Ledger {
    accounts: Vec<Account>,
}

/// Families per piece of parallel work.
const CHUNK: usize = 1024;

impl Ledger {
    pub(super) fn new(h: &History, index: &Index, d: &Definition) -> Self {
        let families = h.families.len();
        let chunks: Vec<Vec<Account>> = (0..families.div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| {
                (chunk * CHUNK..((chunk + 1) * CHUNK).min(families))
                    .map(|f| Account::new(h, index, d, FamilyIx(f as u32)))
                    .collect()
            })
            .collect();
        Self { accounts: chunks.into_iter().flatten().collect() }
    }

    /// Children who were placed in the family on `day`.
    pub(super) fn residents(&self, family: FamilyIx, day: Day) -> i64 {
        let a = &self.accounts[family.at()];
        until(&a.arrivals, day) - until(&a.departures, day)
    }

    /// Placements that had begun in the family by `day`.
    pub(super) fn hosted(&self, family: FamilyIx, day: Day) -> i64 {
        until(&self.accounts[family.at()].hosted, day)
    }

    /// Placements in the family that had broken down by `day`.
    pub(super) fn breakdowns(&self, family: FamilyIx, day: Day) -> i64 {
        let a = &self.accounts[family.at()];
        until(&a.breakdowns, day) - until(&a.taken_back, day)
    }
}

impl Account {
    fn new(h: &History, index: &Index, d: &Definition, family: FamilyIx) -> Self {
        let mut a = Self::default();
        let limit = i32::try_from(d.absence_days).unwrap_or(i32::MAX);
        let rows = index.stays_of_family(family);
        // The stays of each child together, so that a return is found without a search over all.
        let mut by_child: Vec<&Stay> = rows
            .iter()
            .map(|&row| &h.stays[row as usize])
            .filter(|s| s.care_form != Some(CareForm::PartTime))
            .collect();
        by_child.sort_by_key(|s| (s.child, s.start));
        for run in by_child.chunk_by(|a, b| a.child == b.child) {
            for k in 0..run.len() {
                a.add(run, k, d, limit);
            }
        }
        for days in [
            &mut a.arrivals,
            &mut a.departures,
            &mut a.hosted,
            &mut a.breakdowns,
            &mut a.taken_back,
        ] {
            days.sort_unstable();
        }
        a
    }

    /// Adds the `k`-th of one child's stays in this family.
    fn add(&mut self, run: &[&Stay], k: usize, d: &Definition, limit: i32) {
        let stay = run[k];
        let arrived = stay.start.max(stay.known_from());
        self.arrivals.push(arrived.0);
        let goes_on = run[..k].iter().any(|before| {
            before.end.is_some_and(|end| (0..=limit).contains(&stay.start.since(end)))
                && before.known_from() <= arrived
        });
        if !goes_on {
            self.hosted.push(arrived.0);
        }
        let Some(end) = stay.end else { return };
        let left = end.max(stay.known_from());
        self.departures.push(left.0);
        if d.cause(stay.end_reason, stay.end_planned, stay.end_wanted) == Cause::Breakdown {
            self.breakdowns.push(left.0);
            let back = run[k + 1..].iter().filter(|b| (0..=limit).contains(&b.start.since(end)));
            let known = back.map(|b| b.start.max(b.known_from())).min();
            self.taken_back.extend(known.map(|day| day.max(left).0));
        }
    }
}

/// How many of these sorted days are on or before `day`.
fn until(days: &[i32], day: Day) -> i64 {
    days.partition_point(|&d| d <= day.0) as i64
}
