//! Placing children: which family takes them, how long it lasts, and what comes next.

use crate::history::{Day, EndReason, FamilyKind, Legal, Setting};

use super::choice::Candidate;
use super::draw::{chance, weighted, whole};
use super::effects::Drivers;
use super::family::Fam;
use super::hazard::{Course, End, exponential};
use super::region::{Need, Region, Task};
use super::truth::rates;

/// A child is not placed with fewer days than this to its 18th birthday.
const TOO_LATE: i32 = 30;
/// After so many breakdowns no family is asked any more.
const NO_MORE: u32 = 5;
/// How often a family is looked for, fourteen days apart, before another place is taken.
const TRIES: u8 = 5;
/// Days within which a child that waits is placed, one way or another, before it is too late.
pub(super) const LONGEST_SEARCH: i32 = TOO_LATE + 14 * (TRIES as i32 + 1);

/// One placement, as it will go.
#[derive(Debug, Clone)]
pub(super) struct Spell {
    pub kid: u32,
    pub family: u32,
    pub start: Day,
    pub end: Day,
    pub legal: Legal,
    pub drivers: Drivers,
    pub setting: Setting,
    pub part_time: bool,
    pub course: Course,
}

/// How a child comes to need a family again: how many days before the day the request came in,
/// the chance that somebody of the network steps in, whether it cannot wait, and whether a
/// family home is asked for.
#[derive(Debug, Clone, Copy)]
struct Again {
    wait: i32,
    network: f64,
    at_once: bool,
    family_home: bool,
}

impl Region<'_> {
    /// Finds a family for children who need one on `day`.
    pub fn place_children(&mut self, day: Day, mut need: Need) {
        // Children are in order of age, the eldest first.
        while !need.kids.is_empty() && self.days_left(need.kids.start, day) < TOO_LATE {
            let kid = need.kids.start;
            let of_age = self.kids[kid as usize].comes_of_age();
            self.leave_elsewhere(kid, of_age, Some(EndReason::CameOfAge));
            need.kids.start += 1;
        }
        if need.kids.is_empty() {
            return;
        }
        let demands: Vec<f64> =
            need.kids.clone().map(|k| self.kids[k as usize].demand(&mut self.rng)).collect();
        let mut others = self.candidates(&need, &demands, day);
        let secret = self.kids[need.kids.start as usize].secret;
        // A chance of 1 is the last resort, when nobody else was found.
        let willing = !need.family_home && !secret && chance(&mut self.rng, need.network);
        let network = willing || need.network >= 1.0;
        let chosen = if network {
            Some(self.step_in(&need, &demands, day))
        } else if others.is_empty() {
            None
        } else {
            Some(others.remove(0))
        };
        match chosen {
            Some(chosen) => self.move_in(day, &need, &demands, &chosen, &others),
            None if need.kids.len() > 1 => self.split(day, &need),
            None => self.not_found(day, need),
        }
    }

    /// Days to a child's 18th birthday.
    fn days_left(&self, kid: u32, day: Day) -> i32 {
        self.kids[kid as usize].comes_of_age().since(day)
    }

    /// Somebody of the network steps in.
    fn step_in(&mut self, need: &Need, demands: &[f64], day: Day) -> Candidate {
        let at = self.somewhere();
        let multiplier = self.frailty(at.0);
        let since = day.plus_days(-whole(&mut self.rng, 0, 7)).max(need.received.min(day));
        let children = need.kids.len();
        let part = need.part_time;
        let fam = Fam::network(&mut self.rng, multiplier, at, since, children, part);
        let ix = self.families.len() as u32;
        self.families.push(fam);
        self.candidate(need, demands, 0.0, ix, day)
    }

    /// No family takes all: each child is placed alone.
    fn split(&mut self, day: Day, need: &Need) {
        for kid in need.kids.clone() {
            let alone = Need { kids: kid..kid + 1, apart: true, network: 0.0, ..need.clone() };
            self.schedule(day, Task::Place(alone));
        }
    }

    /// No family takes the child now.
    fn not_found(&mut self, day: Day, mut need: Need) {
        let kid = need.kids.start;
        if !need.at_once && need.tries < TRIES {
            need.tries += 1;
            self.schedule(day.plus_days(14), Task::Place(need));
        } else if !need.part_time && self.residential(kid, day) {
            self.write_withdrawn(&need, day);
        } else {
            need.network = 1.0;
            need.family_home = false;
            self.place_children(day, need);
        }
    }

    /// A residential group takes the child, if it is old enough. Before the window there is
    /// none, so that `prior_residential` is all on record.
    pub fn residential(&mut self, kid: u32, day: Day) -> bool {
        let age = self.kids[kid as usize].birth.age_on(day);
        if age < 5.0 || day < self.scenario.window.start {
            return false;
        }
        let cap = self.days_left(kid, day);
        let stays_on = age > 14.0 && chance(&mut self.rng, 0.5);
        let days = 90 + exponential(&mut self.rng, 1.0 / 200.0).min(2000.0) as i32;
        let setting =
            if chance(&mut self.rng, 0.08) { Setting::Secure } else { Setting::Residential };
        self.leave_elsewhere(kid, day, None);
        let child = &mut self.kids[kid as usize];
        child.residential = true;
        child.first_out.get_or_insert(day);
        child.moves += 1;
        child.placed = None;
        if stays_on || days + TOO_LATE >= cap {
            self.write_elsewhere(kid, setting, (day, day.plus_days(cap)), EndReason::CameOfAge);
        } else {
            child.elsewhere = Some((setting, day, EndReason::PlannedMove));
            let wait = whole(&mut self.rng, 14, 80);
            let again = Again { wait, network: 0.15, at_once: false, family_home: false };
            self.need_again(kid, day.plus_days(days), again);
        }
        true
    }

    /// The child leaves where it was between two families, for the place's own reason or another.
    fn leave_elsewhere(&mut self, kid: u32, day: Day, reason: Option<EndReason>) {
        if let Some((setting, from, own)) = self.kids[kid as usize].elsewhere.take() {
            self.write_elsewhere(kid, setting, (from, day), reason.unwrap_or(own));
        }
    }

    /// A child needs a family again on `day`.
    fn need_again(&mut self, kid: u32, day: Day, again: Again) {
        let need = Need {
            kids: kid..kid + 1,
            received: day.plus_days(-again.wait),
            crisis: again.at_once && chance(&mut self.rng, 0.25),
            part_time: false,
            family_home: again.family_home,
            at_once: again.at_once,
            apart: false,
            network: again.network,
            tries: 0,
        };
        self.schedule(day, Task::Place(need));
    }

    /// The children move in with the chosen family.
    fn move_in(
        &mut self,
        day: Day,
        need: &Need,
        demands: &[f64],
        chosen: &Candidate,
        others: &[Candidate],
    ) {
        let f = chosen.family as usize;
        for kid in need.kids.clone() {
            self.leave_elsewhere(kid, day, None);
        }
        let mut spells = Vec::new();
        for (i, kid) in need.kids.clone().enumerate() {
            let together = need.kids.len() > 1 || self.with_siblings(kid, chosen.family, need, day);
            let scores = (demands[i], chosen.alliance[i]);
            let drivers = self.drivers(kid, chosen, scores, together, need.crisis, day);
            let cap = self.days_left(kid, day);
            let r = rates(&self.scenario.baseline, &drivers, self.families[f].frailty, cap);
            let course = if need.part_time {
                let days = 1.0 + exponential(&mut self.rng, 1.0 / 2200.0);
                let days = (days as i32).min(cap);
                let end = if days == cap { End::CameOfAge } else { End::Move };
                Course { days, end, helper_changes: Vec::new() }
            } else {
                r.sample(&mut self.rng)
            };
            let home = need.family_home;
            spells.push(Spell {
                kid,
                family: chosen.family,
                start: day,
                end: day.plus_days(course.days),
                legal: self.kids[kid as usize].legal,
                drivers,
                setting: if home { Setting::FamilyHome } else { Setting::Foster },
                part_time: need.part_time,
                course,
            });
        }
        for spell in &spells {
            self.families[f].placed.push((spell.kid, spell.end));
            if !need.part_time {
                self.kids[spell.kid as usize].placed = Some((spell.family, spell.end));
            }
        }
        if self.families[f].kind == FamilyKind::Network {
            let reason = self.ground.words.placement_ended;
            self.families[f].close_with_placement(reason);
        }
        for kid in need.kids.clone().filter(|_| !need.part_time) {
            self.siblings_change(kid, chosen.family, day, true, &need.kids);
        }
        for (i, spell) in spells.iter().enumerate() {
            self.write_spell(spell, need, (chosen, i, demands[i]), others);
        }
        for spell in &spells {
            self.after(spell);
        }
    }

    /// Whether no brother or sister in foster care lives elsewhere, or one lives here.
    fn with_siblings(&self, kid: u32, family: u32, need: &Need, day: Day) -> bool {
        let placed: Vec<u32> = (self.kids[kid as usize].group.clone())
            .filter(|&k| k != kid)
            .filter_map(|k| self.kids[k as usize].placed)
            .filter(|p| p.1 > day)
            .map(|p| p.0)
            .collect();
        placed.contains(&family) || (placed.is_empty() && !need.apart)
    }

    /// Brothers and sisters (but `but`) who live in the family see a child come or leave.
    fn siblings_change(
        &mut self,
        kid: u32,
        family: u32,
        day: Day,
        comes: bool,
        but: &std::ops::Range<u32>,
    ) {
        let window = self.scenario.window;
        if day < window.start || day > window.end {
            return;
        }
        for sibling in self.kids[kid as usize].group.clone().filter(|k| !but.contains(k)) {
            let there = self.kids[sibling as usize].placed;
            if there.is_some_and(|(f, until)| f == family && until > day) {
                self.write_siblings_change(sibling, day, comes);
            }
        }
    }

    /// What the end of a placement brings.
    fn after(&mut self, spell: &Spell) {
        let (kid, end) = (spell.kid as usize, spell.end);
        let age = self.kids[kid].birth.age_on(end);
        self.kids[kid].moves += u32::from(!spell.part_time);
        if spell.part_time {
            // Some children who came for weekends come to stay.
            if spell.course.end == End::Move && chance(&mut self.rng, 0.15) {
                let wait = whole(&mut self.rng, 10, 60);
                let again = Again { wait, network: 0.3, at_once: false, family_home: false };
                self.need_again(spell.kid, end, again);
            }
            return;
        }
        self.siblings_change(spell.kid, spell.family, end, false, &(spell.kid..spell.kid + 1));
        match spell.course.end {
            End::Breakdown => self.after_breakdown(spell),
            End::Home => self.go_home(spell),
            End::Move if age > 16.0 && chance(&mut self.rng, 0.5) => {
                let of_age = self.kids[kid].comes_of_age();
                let reason = EndReason::CameOfAge;
                self.write_elsewhere(spell.kid, Setting::Independent, (end, of_age), reason);
            }
            End::Move => {
                let wait = whole(&mut self.rng, 14, 80).min(spell.course.days);
                let again = Again { wait, network: 0.3, at_once: true, family_home: false };
                self.need_again(spell.kid, end, again);
            }
            End::Permanence | End::Other | End::Unknown | End::CameOfAge => {}
        }
    }

    /// After a breakdown: a group, a family home at times, or another family on the same day.
    fn after_breakdown(&mut self, spell: &Spell) {
        self.shaken(spell.family, spell.end);
        let child = &mut self.kids[spell.kid as usize];
        child.breakdowns += 1;
        let times = child.breakdowns;
        if self.days_left(spell.kid, spell.end) < TOO_LATE {
            return;
        }
        if times >= NO_MORE {
            let of_age = self.kids[spell.kid as usize].comes_of_age();
            let reason = EndReason::CameOfAge;
            self.write_elsewhere(spell.kid, Setting::Residential, (spell.end, of_age), reason);
            return;
        }
        let group = if times >= 3 { 0.6 } else { 0.25 };
        if chance(&mut self.rng, group) && self.residential(spell.kid, spell.end) {
            return;
        }
        let family_home = chance(&mut self.rng, if times >= 2 { 0.2 } else { 0.04 });
        let wait = whole(&mut self.rng, 0, 14);
        let again = Again { wait, network: 0.3, at_once: true, family_home };
        self.need_again(spell.kid, spell.end, again);
    }

    /// A breakdown deters: some recruited families stop, some pause.
    fn shaken(&mut self, family: u32, day: Day) {
        let reason = self.ground.words.after_breakdown;
        let step = weighted(&mut self.rng, 0, &[(0.12, 1), (0.30, 2), (0.58, 0)]);
        let days = whole(&mut self.rng, 60, 270);
        let fam = &mut self.families[family as usize];
        fam.breakdowns.push(day);
        if fam.kind == FamilyKind::Network {
            return;
        }
        match step {
            1 => fam.close(day, reason),
            2 => fam.pause(day, day.plus_days(days)),
            _ => {}
        }
    }

    /// A child goes home; one in four is out of home again within a year.
    fn go_home(&mut self, spell: &Spell) {
        let back = chance(&mut self.rng, 0.25);
        let days = if back { whole(&mut self.rng, 20, 365) } else { 365 };
        let end = spell.end.plus_days(days);
        let of_age = self.kids[spell.kid as usize].comes_of_age();
        if !back || end.plus_days(TOO_LATE) >= of_age {
            // What is only aftercare of a placement before the window is not in the records.
            if self.kids[spell.kid as usize].recorded {
                let (end, reason) = if end < of_age {
                    (end, EndReason::Permanence)
                } else {
                    (of_age, EndReason::CameOfAge)
                };
                self.write_elsewhere(spell.kid, Setting::Home, (spell.end, end), reason);
            }
            return;
        }
        let child = &mut self.kids[spell.kid as usize];
        child.elsewhere = Some((Setting::Home, spell.end, EndReason::Authority));
        if child.legal == Legal::Voluntary {
            child.legal = Legal::Ots;
        }
        let wait = whole(&mut self.rng, 0, 40).min(days - 1);
        let again = Again { wait, network: 0.35, at_once: false, family_home: false };
        self.need_again(spell.kid, end, again);
    }
}
