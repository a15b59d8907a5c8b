//! Events as they are written: dated, tied to a stay, known at once or later.

use crate::history::{ChildIx, Day, Event, EventKind, StayIx};

use super::course::Life;
use super::draw::whole;
use super::placing::Spell;
use super::region::Region;
use super::rows::Rows;

impl Region<'_> {
    /// A brother or sister came to live with the child, or left.
    pub fn write_siblings_change(&mut self, kid: u32, date: Day, together: bool) {
        let words = self.ground.words;
        let (from, to) = match together {
            true => (words.apart, words.together),
            false => (words.together, words.apart),
        };
        self.records.events.push(Event {
            child: ChildIx(kid),
            stay: None,
            date,
            kind: EventKind::SiblingsChange,
            role: None,
            from: Some(from),
            to: Some(to),
            warm_handover: None,
            recorded: None,
        });
    }

    /// The events of a placement, and helper changes of the year before it.
    pub fn write_events(&mut self, spell: &Spell, life: Life, rows: &Rows) {
        let end = self.scenario.window.end;
        let words = self.ground.words;
        let kid = &mut self.kids[spell.kid as usize];
        let new = kid.helpers[kid.helpers_written..].to_vec();
        kid.helpers_written = kid.helpers.len();
        let mut events = life.events;
        for h in new.iter().filter(|h| h.date >= spell.start.plus_days(-366)) {
            events.push(Event {
                child: ChildIx(spell.kid),
                stay: None,
                date: h.date,
                kind: EventKind::HelperChange,
                role: Some(if h.guardian { words.gezinsvoogd } else { words.begeleider }),
                from: None,
                to: None,
                warm_handover: Some(h.warm),
                recorded: None,
            });
        }
        events.sort_by_key(|e| e.date);
        for mut event in events.into_iter().filter(|e| e.date <= end) {
            let day = event.date;
            event.stay = rows.iter().find(|r| r.0 <= day && day < r.1).map(|r| StayIx(r.2));
            event.warm_handover = event.warm_handover.filter(|_| !self.blank(0.10));
            event.recorded = self.late(event.date);
            self.records.events.push(event);
        }
    }

    /// When a record became known, where that was later than its date.
    pub fn late(&mut self, date: Day) -> Option<Day> {
        if !self.blank(0.05) {
            return None;
        }
        let day = date.plus_days(whole(&mut self.rng, 7, 90));
        Some(day).filter(|&d| d <= self.scenario.window.extraction)
    }
}
