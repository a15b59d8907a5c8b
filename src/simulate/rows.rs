//! The rows that a placement leaves: stays (split where the registration was, or where the
//! child was in hospital) and its true risks.

use crate::history::{CareForm, ChildIx, Day, EndReason, FamilyIx, Setting, Stay, StayIx};

use super::choice::Candidate;
use super::course::Life;
use super::draw::{chance, whole};
use super::effects::Drivers;
use super::hazard::{Course, End, exponential};
use super::placing::Spell;
use super::region::{Need, Region};
use super::truth::{LocalTruth, Start, risks};

/// Splits of the registration per year: in England's table 6,790 changes of status only stand
/// among 36,560 ends of foster placements.
const ADMINISTRATIVE: f64 = 0.048;
/// Stays in hospital per year, with return to the same family.
const HOSPITAL: f64 = 0.012;

/// Rows of a placement: from, to, and the position of the stay.
pub(super) type Rows = Vec<(Day, Day, u32)>;

impl Region<'_> {
    /// Writes all that a placement leaves, as far as the window shows it.
    pub fn write_spell(
        &mut self,
        spell: &Spell,
        need: &Need,
        chosen: (&Candidate, usize, f64),
        others: &[Candidate],
    ) {
        let (start, window) = (spell.start, self.scenario.window);
        let seen = spell.end > window.start && start < window.end;
        if !seen {
            self.live(spell);
            self.kids[spell.kid as usize].enters(start, spell.part_time);
            return;
        }
        self.kids[spell.kid as usize].enters(start, spell.part_time);
        self.kids[spell.kid as usize].is_recorded();
        self.families[spell.family as usize].is_recorded();
        let first = self.records.stays.len() as u32;
        let others = &others[..others.len().min(self.scenario.alternatives)];
        if !spell.part_time && spell.setting == Setting::Foster {
            self.write_truth(spell, need, chosen, others, first);
        }
        let life = self.live(spell);
        let rows = self.write_stays(spell, need.crisis, &life);
        self.write_events(spell, life, &rows);
        if !spell.part_time {
            self.write_weekends(spell);
            self.write_scores(spell, need, chosen, &rows);
        }
        if self.registers(need.received) {
            self.write_placed(spell, need, others, first);
        }
    }

    /// The true risks with the chosen family and, where the request is on record, with others.
    fn write_truth(
        &mut self,
        spell: &Spell,
        need: &Need,
        (chosen, i, _): (&Candidate, usize, f64),
        others: &[Candidate],
        stay: u32,
    ) {
        let shown = if self.registers(need.received) { others } else { &[] };
        let cap = self.kids[spell.kid as usize].comes_of_age().since(spell.start);
        let multiplier = self.families[chosen.family as usize].frailty;
        let start = Start { stay: StayIx(stay), drivers: spell.drivers, multiplier, cap };
        self.records.starts.push(start);
        for candidate in std::iter::once(chosen).chain(shown) {
            let fam = &mut self.families[candidate.family as usize];
            fam.is_recorded();
            let review = fam.latest();
            let drivers = Drivers {
                family_kind: fam.kind,
                family_experience: f64::from(spell.start.since(fam.since)) / 365.25,
                parenting_capacity: review.capacity,
                other_children_wellbeing: review.wellbeing,
                alliance: candidate.alliance[i],
                ..spell.drivers
            };
            let risks = risks(&self.scenario.baseline, &drivers, fam.frailty, cap);
            let (stay, family) = (StayIx(stay), FamilyIx(candidate.family));
            self.records.truth.push(LocalTruth { stay, family, risks });
        }
    }

    /// The stays of a placement.
    fn write_stays(&mut self, spell: &Spell, crisis: bool, life: &Life) -> Rows {
        let (reason, planned, wanted) = self.closing(spell);
        let mut rows = Rows::new();
        let mut from = spell.start;
        for (away, back) in self.cuts(spell) {
            let end = (away, EndReason::Administrative, None, None);
            self.write_stay(spell, crisis, life, from, end, &mut rows);
            if back > away {
                let reason = EndReason::PlannedMove;
                self.write_elsewhere(spell.kid, Setting::Hospital, (away, back), reason);
            }
            from = back;
        }
        let (planned, wanted) = if self.blank(0.08) { (None, None) } else { (planned, wanted) };
        let end = (spell.end, reason, planned, wanted);
        self.write_stay(spell, crisis, life, from, end, &mut rows);
        if reason == EndReason::CarerStopped {
            let stop = self.ground.words.personal;
            self.families[spell.family as usize].close(spell.end, stop);
        }
        rows
    }

    /// Where the registration is cut: the day, and the day on which the child is back.
    fn cuts(&mut self, spell: &Spell) -> Vec<(Day, Day)> {
        let mut cuts = Vec::new();
        if spell.part_time {
            return cuts;
        }
        let window = self.scenario.window;
        let last = spell.end.min(window.end).plus_days(-3);
        let mut day = spell.start.max(window.start).plus_days(2);
        loop {
            let wait = exponential(&mut self.rng, (ADMINISTRATIVE + HOSPITAL) / 365.25);
            day = day.plus_days(1 + wait.min(50_000.0) as i32);
            let hospital = chance(&mut self.rng, HOSPITAL / (ADMINISTRATIVE + HOSPITAL));
            let back = day.plus_days(if hospital { whole(&mut self.rng, 3, 20) } else { 0 });
            if back >= last {
                return cuts;
            }
            cuts.push((day, back));
            day = back.plus_days(2);
        }
    }

    /// One row of a placement.
    fn write_stay(
        &mut self,
        spell: &Spell,
        crisis: bool,
        life: &Life,
        from: Day,
        (end, reason, planned, wanted): (Day, EndReason, Option<bool>, Option<bool>),
        rows: &mut Rows,
    ) {
        let (legal, perspective) = life.on(from, spell.legal, spell.drivers.perspective);
        let care_form = match (spell.part_time, crisis && from == spell.start) {
            (true, _) => CareForm::PartTime,
            (_, true) => CareForm::Crisis,
            _ => CareForm::FullTime,
        };
        let ended = end <= self.scenario.window.end;
        let fam = &self.families[spell.family as usize];
        let provider = self.ground.providers[fam.provider];
        let stay = Stay {
            id: Box::from(""),
            child: ChildIx(spell.kid),
            setting: spell.setting,
            family: Some(FamilyIx(spell.family)),
            family_kind: None,
            provider: Some(provider),
            start: from,
            end: Some(end).filter(|_| ended),
            end_reason: Some(reason).filter(|_| ended),
            end_planned: planned.filter(|_| ended),
            end_wanted: wanted.filter(|_| ended),
            perspective: Some(perspective).filter(|_| !self.blank(0.03)),
            care_form: Some(care_form),
            legal: Some(legal).filter(|_| !self.blank(0.04)),
            siblings_together: Some(spell.drivers.siblings_together).filter(|_| !self.blank(0.04)),
            region: Some(self.label()),
            recorded: None,
        };
        rows.push((from, end, self.records.stays.len() as u32));
        self.records.stays.push(stay);
    }

    /// A stay that is not with a foster family, as far as the window shows it.
    pub fn write_elsewhere(
        &mut self,
        kid: u32,
        setting: Setting,
        (start, end): (Day, Day),
        reason: EndReason,
    ) {
        let window = self.scenario.window;
        if end <= window.start || start >= window.end || end <= start {
            return;
        }
        self.kids[kid as usize].is_recorded();
        let ended = end <= window.end;
        let planned = reason != EndReason::Authority;
        self.records.stays.push(Stay {
            id: Box::from(""),
            child: ChildIx(kid),
            setting,
            family: None,
            family_kind: None,
            provider: None,
            start,
            end: Some(end).filter(|_| ended),
            end_reason: Some(reason).filter(|_| ended),
            end_planned: Some(planned).filter(|_| ended),
            end_wanted: Some(planned).filter(|_| ended),
            perspective: None,
            care_form: None,
            legal: None,
            siblings_together: None,
            region: Some(self.label()),
            recorded: None,
        });
    }

    /// Some children spend weekends with a second family (4% of the stock in 2021).
    fn write_weekends(&mut self, spell: &Spell) {
        let start = spell.start.plus_days(whole(&mut self.rng, 30, 200));
        let end = start.plus_days(whole(&mut self.rng, 200, 1500)).min(spell.end);
        let window = self.scenario.window;
        if !chance(&mut self.rng, 0.06)
            || start >= end
            || end <= window.start
            || start >= window.end
        {
            return;
        }
        let second = self.pool.iter().copied().find(|&f| {
            let fam = &self.families[f as usize];
            fam.active(start) && fam.care_forms == [CareForm::PartTime] && fam.free(start) > 0
        });
        let Some(family) = second else { return };
        let drivers = Drivers { crisis_start: false, ..spell.drivers };
        let days = end.since(start);
        let course = Course { days, end: End::Move, helper_changes: Vec::new() };
        let weekends =
            Spell { family, start, end, drivers, part_time: true, course, ..spell.clone() };
        self.families[family as usize].placed.push((spell.kid, end));
        self.families[family as usize].recorded = true;
        self.write_stays(&weekends, false, &Life::default());
    }
}
