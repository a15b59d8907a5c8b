//! What a child had been through on a day: its placements, and what came before the records.

use crate::history::{Day, Setting, StayIx};
use crate::outcome::{Cause, Known, Placement, PlacementBuilder};

use super::AsOf;
use super::facts::Context;

/// Counts over the placements before the one in question, as known on the day.
#[derive(Debug, Clone, Default)]
pub(super) struct Past {
    /// The child came into care before the records begin.
    pub late: bool,
    /// Everything before the records is known to be nothing.
    pub complete: bool,
    pub stays: u32,
    pub foster_stays: u32,
    pub residential: u32,
    pub secure: u32,
    pub returns_home: u32,
    pub breakdowns: u32,
    pub breakdowns_24m: u32,
    /// Changes of carer after the first move out of home, this placement's own included.
    pub carer_moves: u32,
    /// Earlier placements in the same family.
    pub same_family: u32,
    /// Recorded days out of home, up to the day.
    pub days_out: i32,
    /// The first recorded day out of home before this placement.
    pub first_out: Option<Day>,
    /// Where the child lived right before.
    pub came_from: Option<Setting>,
    /// The start of the placement before.
    pub last_start: Option<Day>,
    /// Stays of this placement that were known on the day.
    pub own_stays: Vec<u32>,
    /// This child's own running stays in the family on the day.
    pub own_residence: u32,
    /// This placement was known to have begun in this family, and known to have broken down.
    pub own_hosted: u32,
    pub own_breakdown: u32,
    /// The last stay that was known to have begun.
    pub latest_stay: Option<StayIx>,
}

impl Past {
    /// Fills the counts for one question.
    pub(super) fn fill(&mut self, cx: &Context<'_>, at: &AsOf, builder: &mut PlacementBuilder) {
        let mut own_stays = std::mem::take(&mut self.own_stays);
        own_stays.clear();
        *self = Self { own_stays, ..Self::default() };
        let known = Known::on(at.date);
        builder.build(cx.h, cx.ix, cx.d, at.child, known);
        let all = builder.placements();
        let own = at.stay.and_then(|stay| {
            all.iter().position(|p| p.start <= at.start && builder.stays_of(p).contains(&stay.0))
        });
        if let Some(k) = own {
            self.own_stays.extend_from_slice(builder.stays_of(&all[k]));
        } else {
            self.own_stays.extend(at.stay.map(|s| s.0));
        }
        let mut out_before = false;
        for (k, p) in all.iter().enumerate() {
            self.latest_stay = Some(p.last);
            if Some(k) == own {
                self.days_out += days(p, at.date);
                if at.family.is_some() && p.family == at.family {
                    let back = all[..k].iter().any(|b| returned(b, p, cx.d.absence_days));
                    self.own_residence += u32::from(p.end.is_none());
                    self.own_hosted += u32::from(!back);
                    self.own_breakdown += u32::from(p.cause == Some(Cause::Breakdown));
                }
            } else if is_before(p, at, own.map_or(all.len(), |o| o), k) {
                self.add(p, at, out_before);
                out_before |= is_out(p.setting);
            } else if at.family.is_some() && p.family == at.family {
                self.own_residence += u32::from(p.end.is_none());
            }
        }
        self.carer_moves += u32::from(out_before);
        self.before_records(cx, at);
    }

    /// Counts one placement that came before.
    fn add(&mut self, p: &Placement, at: &AsOf, out_before: bool) {
        self.last_start = Some(p.start);
        let near = p.end.is_none_or(|end| at.start.since(end) <= 28);
        self.came_from = near.then_some(p.setting);
        if p.setting == Setting::Hospital {
            return;
        }
        self.carer_moves += u32::from(out_before);
        if at.family.is_some() && p.family == at.family {
            self.same_family += 1;
            self.own_residence += u32::from(p.end.is_none());
        }
        if p.setting == Setting::Home {
            self.returns_home += u32::from(out_before);
            return;
        }
        self.stays += 1;
        self.days_out += days(p, at.date);
        self.first_out = self.first_out.or(Some(p.start));
        self.foster_stays += u32::from(is_family(p.setting));
        self.residential += u32::from(matches!(p.setting, Setting::Residential | Setting::Secure));
        self.secure += u32::from(p.setting == Setting::Secure);
        if p.cause == Some(Cause::Breakdown) && is_family(p.setting) {
            self.breakdowns += 1;
            let recent = p.end.is_some_and(|end| at.date.since(end) <= MONTHS_24);
            self.breakdowns_24m += u32::from(recent);
        }
    }

    /// What is known of the time before the records.
    fn before_records(&mut self, cx: &Context<'_>, at: &AsOf) {
        let child = cx.h.child(at.child);
        let window = cx.h.window.start;
        let out_of_home = child.first_out_of_home.filter(|&day| day <= at.date);
        let first = [self.first_out, out_of_home, Some(at.start)].into_iter().flatten().min();
        self.late = first.is_some_and(|day| day < window);
        self.complete = match child.moves_before {
            Some(moves) => moves == 0,
            None => !self.late,
        };
    }
}

/// 24 months, in whole days.
const MONTHS_24: i32 = 730;

/// Whether a child lives out of home there. A hospital is no home, but no placement either.
pub(super) fn is_out(setting: Setting) -> bool {
    !matches!(setting, Setting::Home | Setting::Hospital)
}

/// Whether it is a family.
fn is_family(setting: Setting) -> bool {
    matches!(setting, Setting::Foster | Setting::FamilyHome)
}

/// Days of a placement up to `date`.
fn days(p: &Placement, date: Day) -> i32 {
    p.end.map_or(date, |end| end.min(date)).since(p.start).max(0)
}

/// Whether a placement brought the child back to the family of an earlier one within the days of
/// an absence: the ledger then counts them as one.
fn returned(before: &Placement, p: &Placement, days: u32) -> bool {
    let gap = before.end.map(|end| i64::from(p.start.since(end)));
    before.family == p.family && gap.is_some_and(|g| (0..=i64::from(days)).contains(&g))
}

/// Whether a placement came before the one in question: it began earlier, or on the same day and
/// ended on it, or, for a pair that is not placed yet, began by the day the place is needed.
fn is_before(p: &Placement, at: &AsOf, own: usize, k: usize) -> bool {
    if at.stay.is_none() {
        return p.start <= at.start;
    }
    p.start < at.start || (p.start == at.start && k < own && p.end == Some(p.start))
}
