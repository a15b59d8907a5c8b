//! A situation that moves on from day to day, for who asks about thousands of days: only what
//! changed in between is looked up again.

use super::situation::{Situation, family_now};
use crate::history::{Day, FamilyIx, History, Index, RequestIx};

/// The days on which something about a family changes, as [`Situation`] sees it.
pub(super) struct Changes {
    days: Vec<(Day, FamilyIx)>,
}

impl Changes {
    /// All changes of a history, sorted.
    pub fn new(h: &History) -> Self {
        let mut days = Vec::with_capacity(2 * h.stays.len() + 2 * h.family_periods.len());
        for stay in &h.stays {
            let Some(family) = stay.family else { continue };
            // What is recorded late is known from then on, its end too.
            let known = stay.start.max(stay.known_from());
            days.push((known, family));
            days.extend(stay.end.map(|end| (end.max(stay.known_from()), family)));
        }
        for period in &h.family_periods {
            days.push((period.from.max(period.recorded.unwrap_or(period.from)), period.family));
            days.extend(period.to.map(|to| (to.plus_days(1), period.family)));
        }
        for (f, family) in h.families.iter().enumerate() {
            days.extend(family.state.status_date.map(|day| (day, FamilyIx(f as u32))));
        }
        days.sort_unstable();
        days.dedup();
        Self { days }
    }

    /// The families with a change after `from`, up to and including `to`.
    fn between(&self, from: Day, to: Day) -> impl Iterator<Item = FamilyIx> {
        let first = self.days.partition_point(|d| d.0 <= from);
        let last = self.days.partition_point(|d| d.0 <= to).max(first);
        self.days[first..last].iter().map(|d| d.1)
    }
}

/// A situation on its way through time, with requests that the caller names.
pub(super) struct Walk<'a> {
    changes: &'a Changes,
    now: Situation<'a>,
}

impl<'a> Walk<'a> {
    /// Starts on a day.
    pub fn new(h: &'a History, index: &'a Index, changes: &'a Changes, day: Day) -> Self {
        Self { changes, now: Situation::new(h, index, day) }
    }

    /// The world on a day that is not before the last one, with these requests as the open ones.
    pub fn on(&mut self, day: Day, requests: Vec<RequestIx>) -> &Situation<'a> {
        for family in self.changes.between(self.now.as_of, day) {
            self.now.families[family.at()] =
                family_now(self.now.history, self.now.index, family, day);
        }
        self.now.as_of = day;
        self.now.requests = requests;
        &self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::ask::Caseload;
    use crate::matching::choice::{choice_set, passing};
    use crate::matching::rules::Rules;
    use crate::matching::screen::Screen;
    use crate::simulate::{Scenario, simulate};

    #[test]
    fn a_walk_sees_what_each_day_alone_sees_and_passing_is_what_the_ledger_leaves() {
        let history = simulate(&Scenario::base(), 600, 8).history;
        let index = Index::new(&history);
        let changes = Changes::new(&history);
        let rules = Rules::parse("").unwrap();
        let screen = Screen::new(&rules, &history);
        let first = history.requests.iter().filter_map(|r| r.received).min().unwrap();
        let mut walk = Walk::new(&history, &index, &changes, first);
        let (mut groups, mut passed) = (0, 0);
        for step in (0..900).step_by(9) {
            let day = first.plus_days(step);
            let alone = Situation::new(&history, &index, day);
            let now = walk.on(day, alone.requests.clone());
            for (a, b) in alone.families.iter().zip(&now.families) {
                assert_eq!(a.state, b.state);
                assert_eq!(a.residents, b.residents);
                assert_eq!(a.last_unplanned_end, b.last_unplanned_end);
                assert_eq!(a.known_stays, b.known_stays);
            }
            let load = Caseload::new(now, &rules);
            for members in &load.groups {
                let asks: Vec<_> = members.iter().map(|&m| &load.asks[m]).collect();
                let set = choice_set(now, &screen, &asks);
                let left: Vec<FamilyIx> =
                    set.families().filter(|f| f.passes()).map(|f| f.family).collect();
                assert_eq!(passing(now, &screen, &asks), left);
                groups += 1;
                passed += left.len();
            }
        }
        assert!(groups > 100 && passed > 100, "{groups} groups, {passed} families");
    }
}
