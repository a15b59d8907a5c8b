//! What happens to a child during a placement, and how the placement ends.

use crate::history::{ChildIx, Day, EndReason, Event, EventKind, Label, Legal, Perspective};

use super::child::HelperChange;
use super::draw::{chance, weighted, whole};
use super::hazard::{End, exponential};
use super::placing::Spell;
use super::region::Region;

/// Changes of the legal ground per year, chosen so that the stock on a day has about the mix of
/// the factsheet of 2021 (OTS 23%, GI-voogdij 34%, pleegoudervoogdij 13%, voluntary 30%).
const OTS_TO_GUARDIANSHIP: f64 = 0.60;
const GUARDIANSHIP_TO_FOSTER_PARENT: f64 = 0.07;
const VOLUNTARY_TO_OTS: f64 = 0.08;

/// What a placement brought: events, and what later rows of the same placement show.
#[derive(Debug, Default)]
pub(super) struct Life {
    pub events: Vec<Event>,
    pub legal: Vec<(Day, Legal)>,
    pub perspective: Vec<(Day, Perspective)>,
}

impl Life {
    /// The legal ground and the perspective on `day`, from those at the start.
    pub fn on(&self, day: Day, legal: Legal, perspective: Perspective) -> (Legal, Perspective) {
        let l = self.legal.iter().rev().find(|x| x.0 <= day).map_or(legal, |x| x.1);
        let p = self.perspective.iter().rev().find(|x| x.0 <= day).map_or(perspective, |x| x.1);
        (l, p)
    }
}

impl Region<'_> {
    /// Lets a placement happen, and changes the child accordingly. None of it bears on how long
    /// the placement lasts, but for the helper changes, which were drawn with it.
    pub fn live(&mut self, spell: &Spell) -> Life {
        let mut life = Life::default();
        self.change_helpers(spell, &mut life);
        if !spell.part_time {
            self.decide(spell, &mut life);
            self.change_legal(spell, &mut life);
            self.change_school(spell, &mut life);
        }
        if spell.drivers.crisis_start {
            let day = spell.start.plus_days(whole(&mut self.rng, 21, 60));
            let (from, to) = (self.ground.words.crisis, self.ground.words.full_time);
            life.events.push(event(spell, day, EventKind::CareFormChange, Some(from), Some(to)));
        }
        life.events.retain(|e| e.date < spell.end);
        life.events.sort_by_key(|e| e.date);
        life
    }

    fn change_helpers(&mut self, spell: &Spell, life: &mut Life) {
        // Where there is a gezinsvoogd, most changes are his or hers.
        let legal = self.kids[spell.kid as usize].legal;
        let guardian = matches!(legal, Legal::Ots | Legal::GuardianshipGi);
        for &day in &spell.course.helper_changes {
            let change = HelperChange {
                date: spell.start.plus_days(day),
                guardian: guardian && chance(&mut self.rng, 0.6),
                warm: chance(&mut self.rng, 0.6),
            };
            self.kids[spell.kid as usize].helpers.push(change);
            // With another gezinsvoogd the course changes at times.
            if change.guardian && chance(&mut self.rng, 0.25) {
                let day = change.date.plus_days(whole(&mut self.rng, 5, 60));
                life.events.push(event(spell, day, EventKind::CourseChange, None, None));
            }
        }
    }

    /// The perspective is to be clear within half a year to a year; it often is.
    fn decide(&mut self, spell: &Spell, life: &mut Life) {
        let words = self.ground.words;
        let child = &mut self.kids[spell.kid as usize];
        if child.decided {
            return;
        }
        let day = spell.start.plus_days(90 + exponential(&mut self.rng, 1.0 / 200.0) as i32);
        if day >= spell.end {
            return;
        }
        child.decided = true;
        let stays = chance(&mut self.rng, 0.6);
        let to = if stays { words.long_term } else { words.return_home };
        life.events.push(event(spell, day, EventKind::PerspectiveDecision, None, Some(to)));
        if stays {
            child.perspective = Perspective::LongTerm;
            life.perspective.push((day, Perspective::LongTerm));
            let from = Some(words.return_home);
            life.events.push(event(spell, day, EventKind::PerspectiveChange, from, Some(to)));
        }
    }

    fn change_legal(&mut self, spell: &Spell, life: &mut Life) {
        let mut day = spell.start;
        loop {
            let child = &self.kids[spell.kid as usize];
            let long_term = child.perspective == Perspective::LongTerm;
            let (rate, to) = match child.legal {
                Legal::Voluntary | Legal::Drang => (VOLUNTARY_TO_OTS, Legal::Ots),
                Legal::Ots if long_term => (OTS_TO_GUARDIANSHIP, Legal::GuardianshipGi),
                Legal::GuardianshipGi if long_term => {
                    (GUARDIANSHIP_TO_FOSTER_PARENT, Legal::GuardianshipFosterParent)
                }
                _ => return,
            };
            let wait = 1.0 + exponential(&mut self.rng, rate / 365.25).min(50_000.0);
            day = day.plus_days(wait as i32);
            if day >= spell.end {
                return;
            }
            let from = self.legal_word(self.kids[spell.kid as usize].legal);
            let word = self.legal_word(to);
            life.events.push(event(spell, day, EventKind::LegalChange, Some(from), Some(word)));
            life.legal.push((day, to));
            self.kids[spell.kid as usize].legal = to;
        }
    }

    fn change_school(&mut self, spell: &Spell, life: &mut Life) {
        let far = self.distance(spell.family, spell.kid) > 12.0;
        if spell.drivers.age >= 4.0 && chance(&mut self.rng, if far { 0.5 } else { 0.15 }) {
            let day = spell.start.plus_days(whole(&mut self.rng, 0, 45));
            life.events.push(event(spell, day, EventKind::SchoolChange, None, None));
            if day < spell.end {
                self.kids[spell.kid as usize].school = self.families[spell.family as usize].area;
            }
        }
    }

    fn legal_word(&self, legal: Legal) -> Label {
        let w = &self.ground.words;
        match legal {
            Legal::Voluntary => w.voluntary,
            Legal::Drang => w.drang,
            Legal::Ots => w.ots,
            Legal::GuardianshipGi => w.guardianship_gi,
            Legal::GuardianshipFosterParent => w.guardianship_foster_parent,
        }
    }

    /// The reason, and whether it was planned and wanted. Breakdowns have England's mix (foster
    /// placements, year to 31 March 2024): CREQB 3,210, CREQO 3,390, CHILD 1,020, ALLEG, STAND
    /// and APPRR 870, LAREQ 420, CLOSE 230.
    pub fn closing(&mut self, spell: &Spell) -> (EndReason, Option<bool>, Option<bool>) {
        let (yes, no) = (Some(true), Some(false));
        let age = self.kids[spell.kid as usize].birth.age_on(spell.end);
        match spell.course.end {
            End::Breakdown => {
                let reason = weighted(
                    &mut self.rng,
                    EndReason::CarerOther,
                    &[
                        (3210.0, EndReason::CarerBehaviour),
                        (3390.0, EndReason::CarerOther),
                        (1020.0, EndReason::ChildRequest),
                        (870.0, EndReason::Safety),
                        (420.0, EndReason::Authority),
                        (230.0, EndReason::CarerStopped),
                    ],
                );
                let infant = reason == EndReason::ChildRequest && age < 6.0;
                let reason = if infant { EndReason::CarerOther } else { reason };
                (reason, no, no)
            }
            End::Home if chance(&mut self.rng, 0.15) => (EndReason::ReturnedHome, no, yes),
            End::Home => (EndReason::ReturnedHome, yes, yes),
            End::Move if chance(&mut self.rng, 0.15) => (EndReason::PlannedMove, yes, no),
            End::Move => (EndReason::PlannedMove, yes, yes),
            End::Permanence => (EndReason::Permanence, yes, yes),
            End::CameOfAge => (EndReason::CameOfAge, yes, yes),
            End::Other => (EndReason::External, None, None),
            End::Unknown => (EndReason::Unknown, None, None),
        }
    }
}

/// An event of a placement, not yet tied to a row of stays.
fn event(
    spell: &Spell,
    date: Day,
    kind: EventKind,
    from: Option<Label>,
    to: Option<Label>,
) -> Event {
    Event {
        child: ChildIx(spell.kid),
        stay: None,
        date,
        kind,
        role: None,
        from,
        to,
        warm_handover: None,
        recorded: None,
    }
}
