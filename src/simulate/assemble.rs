//! Joins the regions into one history, with ids.

use crate::DAYS_PER_MONTH;
use crate::history::{
    ChildIx, FamilyIx, History, Label, Labels, Party, RequestIx, StayIx, Subject,
};

use super::ground::Ground;
use super::region::{Finished, Records};
use super::scenario::Scenario;
use super::truth::HORIZONS;
use super::{Simulation, Truth};

impl Records {
    /// Moves every position: children and families by their new numbers, stays by child and time.
    pub fn renumber(&mut self, kid: &[u32], family: &[u32]) {
        let child = |c: &mut ChildIx| *c = ChildIx(kid[c.at()]);
        let fam = |f: &mut FamilyIx| *f = FamilyIx(family[f.at()]);
        for s in &mut self.stays {
            child(&mut s.child);
            s.family.iter_mut().for_each(fam);
        }
        let stay = self.sort_stays();
        let stay = |s: &mut StayIx| *s = StayIx(stay[s.at()]);
        for e in &mut self.events {
            child(&mut e.child);
            e.stay.iter_mut().for_each(stay);
        }
        self.events.sort_by_key(|e| (e.child, e.date, e.kind));
        self.events.dedup();
        for a in &mut self.assessments {
            match &mut a.subject {
                Subject::Child(c) => child(c),
                Subject::Family(f) => fam(f),
                Subject::Stay(s) => stay(s),
                Subject::Pair(c, f) => {
                    child(c);
                    fam(f);
                }
            }
        }
        self.assessments.sort_by_key(|a| a.date);
        for r in &mut self.requests {
            child(&mut r.child);
            r.placed_stay.iter_mut().for_each(stay);
        }
        for o in &mut self.offers {
            fam(&mut o.family);
        }
        for side in self.pairs.iter_mut().flat_map(|p| [&mut p.a, &mut p.b]) {
            match side {
                Party::Child(c) => child(c),
                Party::Family(f) => fam(f),
            }
        }
        for t in &mut self.truth {
            stay(&mut t.stay);
            fam(&mut t.family);
        }
        self.truth.sort_by_key(|t| t.stay);
        for s in &mut self.starts {
            stay(&mut s.stay);
        }
    }

    /// Sorts stays by child and start; answers the new position of each.
    fn sort_stays(&mut self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.stays.len() as u32).collect();
        order.sort_by_key(|&k| (self.stays[k as usize].child, self.stays[k as usize].start));
        let mut new = vec![0; order.len()];
        for (position, &k) in order.iter().enumerate() {
            new[k as usize] = position as u32;
        }
        let mut rest: Vec<Option<crate::history::Stay>> =
            std::mem::take(&mut self.stays).into_iter().map(Some).collect();
        self.stays = order.iter().filter_map(|&k| rest[k as usize].take()).collect();
        new
    }
}

/// Where the rows of one region begin in the whole.
#[derive(Clone, Copy)]
struct Offset {
    child: u32,
    family: u32,
    stay: u32,
    request: u32,
}

/// Joins finished regions, in their order.
pub(super) fn assemble(scenario: &Scenario, ground: Ground, regions: Vec<Finished>) -> Simulation {
    let mut history = History::empty(scenario.window);
    history.areas = ground.areas;
    history.labels = ground.labels;
    let mut truth = Vec::new();
    for (number, region) in regions.into_iter().enumerate() {
        let offset = Offset {
            child: history.children.len() as u32,
            family: history.families.len() as u32,
            stay: history.stays.len() as u32,
            request: history.requests.len() as u32,
        };
        append(&mut history, &mut truth, region, number, offset);
    }
    name(&mut history);
    Simulation { history, truth }
}

/// Appends one region.
fn append(h: &mut History, truth: &mut Vec<Truth>, region: Finished, number: usize, at: Offset) {
    let group = |labels: &mut Labels, k: Option<u32>| -> Option<Label> {
        k.map(|k| labels.intern(&format!("G{:04}-{:04}", number + 1, k + 1)))
    };
    for (mut child, k) in region.children.into_iter().zip(region.groups) {
        child.sibling_group = group(&mut h.labels, k);
        h.children.push(child);
    }
    h.families.extend(region.families);
    h.family_periods.extend(region.periods.into_iter().map(|mut p| {
        p.family.0 += at.family;
        p
    }));
    let r = region.records;
    h.stays.extend(r.stays.into_iter().map(|mut s| {
        s.child.0 += at.child;
        s.family.iter_mut().for_each(|f| f.0 += at.family);
        s
    }));
    h.events.extend(r.events.into_iter().map(|mut e| {
        e.child.0 += at.child;
        e.stay.iter_mut().for_each(|s| s.0 += at.stay);
        e
    }));
    h.assessments.extend(r.assessments.into_iter().map(|mut a| {
        match &mut a.subject {
            Subject::Child(c) => c.0 += at.child,
            Subject::Family(f) => f.0 += at.family,
            Subject::Stay(s) => s.0 += at.stay,
            Subject::Pair(c, f) => {
                c.0 += at.child;
                f.0 += at.family;
            }
        }
        a
    }));
    for (mut request, k) in r.requests.into_iter().zip(r.request_groups) {
        request.child.0 += at.child;
        request.placed_stay.iter_mut().for_each(|s| s.0 += at.stay);
        request.group = group(&mut h.labels, k);
        h.requests.push(request);
    }
    h.offers.extend(r.offers.into_iter().map(|mut o| {
        o.request = RequestIx(o.request.0 + at.request);
        o.family.0 += at.family;
        o
    }));
    h.pairs.extend(r.pairs.into_iter().map(|mut p| {
        for side in [&mut p.a, &mut p.b] {
            match side {
                Party::Child(c) => c.0 += at.child,
                Party::Family(f) => f.0 += at.family,
            }
        }
        p
    }));
    for t in r.truth {
        let (stay, family) = (StayIx(t.stay.0 + at.stay), FamilyIx(t.family.0 + at.family));
        for (months, risk) in HORIZONS.into_iter().zip(t.risks) {
            let horizon = months * DAYS_PER_MONTH;
            truth.push(Truth { stay, family, horizon, risk });
        }
    }
}

/// Gives every row its pseudonym.
fn name(h: &mut History) {
    fn id(prefix: char, k: usize) -> Box<str> {
        format!("{prefix}{:06}", k + 1).into_boxed_str()
    }
    h.children.iter_mut().enumerate().for_each(|(k, x)| x.id = id('C', k));
    h.families.iter_mut().enumerate().for_each(|(k, x)| x.id = id('F', k));
    h.stays.iter_mut().enumerate().for_each(|(k, x)| x.id = id('S', k));
    h.requests.iter_mut().enumerate().for_each(|(k, x)| x.id = id('R', k));
}
