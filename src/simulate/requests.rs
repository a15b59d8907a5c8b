//! Requests for a family, the offers that were made, and the coded wishes of open requests.

use crate::history::{
    Answer, CareForm, ChildIx, Day, FamilyIx, KeepSiblings, Label, Offer, PairKind, PairLane,
    PairRule, Party, Request, RequestIx, StayIx, Subject,
};

use super::choice::Candidate;
use super::draw::{chance, weighted, whole};
use super::placing::Spell;
use super::region::{Need, Region, Task};

impl Region<'_> {
    /// The request behind a placement, and the offers that led to it.
    pub fn write_placed(&mut self, spell: &Spell, need: &Need, others: &[Candidate], stay: u32) {
        let words = self.ground.words;
        let request = self.write_request(spell.kid, need, spell.start);
        let row = &mut self.records.requests[request as usize];
        row.closed = Some(spell.start);
        row.outcome = Some(words.placed);
        row.placed_stay = Some(StayIx(stay));
        let asked = if need.at_once { 0.2 } else { 0.4 };
        for candidate in others.iter().take(2) {
            if !chance(&mut self.rng, asked) {
                continue;
            }
            let reason = weighted(
                &mut self.rng,
                words.timing,
                &[
                    (0.4, words.timing),
                    (0.2, words.distance),
                    (0.25, words.own_children),
                    (0.15, words.no_click),
                ],
            );
            let answer = if chance(&mut self.rng, 0.1) { Answer::None } else { Answer::No };
            self.write_offer(request, candidate.family, need, spell.start, answer, Some(reason));
            // The introduction got as far as a score.
            if !spell.part_time && chance(&mut self.rng, 0.5) {
                let i = (spell.kid - need.kids.start) as usize;
                let pair = Subject::Pair(ChildIx(spell.kid), FamilyIx(candidate.family));
                let day = self.between(need.received, spell.start);
                self.score(pair, day, words.alliance, candidate.alliance[i], words.worker);
            }
        }
        self.write_offer(request, spell.family, need, spell.start, Answer::Yes, None);
    }

    /// A request, still open.
    fn write_request(&mut self, kid: u32, need: &Need, needed_from: Day) -> u32 {
        let child = &self.kids[kid as usize];
        let (home, avoid, max_km) = (child.home, child.avoid, child.max_km);
        let secret = child.secret;
        let (perspective, siblings) = (child.perspective, child.group.len() > 1);
        let area = |a: usize| self.ground.areas[a].area;
        let (contact_areas, avoid_areas): (Vec<Label>, Vec<Label>) =
            (vec![area(home)], avoid.map(area).into_iter().collect());
        let care_form = match (need.part_time, need.crisis) {
            (true, _) => CareForm::PartTime,
            (_, true) => CareForm::Crisis,
            _ => CareForm::FullTime,
        };
        let keep_siblings = siblings.then(|| {
            let apart = [
                (0.5, KeepSiblings::SpecialisedCare),
                (0.25, KeepSiblings::Conflict),
                (0.15, KeepSiblings::Threat),
                (0.10, KeepSiblings::SexualAbuse),
            ];
            if need.kids.len() == 1 && chance(&mut self.rng, 0.3) {
                weighted(&mut self.rng, KeepSiblings::SpecialisedCare, &apart)
            } else {
                KeepSiblings::Yes
            }
        });
        let urgency = match (need.crisis, need.at_once) {
            (true, _) => 3,
            (_, true) => whole(&mut self.rng, 2, 3),
            _ => whole(&mut self.rng, 1, 2),
        };
        let group = (need.kids.len() > 1).then_some(need.kids.start);
        self.records.request_groups.push(group);
        self.records.requests.push(Request {
            id: Box::from(""),
            child: ChildIx(kid),
            received: Some(need.received),
            needed_from,
            group: None,
            keep_siblings,
            care_form: Some(care_form),
            perspective: Some(perspective),
            urgency: Some(urgency as u8),
            max_distance_km: Some(max_km),
            contact_areas,
            avoid_areas,
            secret_address: Some(secret),
            closed: None,
            outcome: None,
            placed_stay: None,
            recorded: None,
        });
        self.records.requests.len() as u32 - 1
    }

    /// A request that came to nothing.
    pub fn write_withdrawn(&mut self, need: &Need, day: Day) {
        if self.registers(need.received) && day <= self.scenario.window.end {
            for kid in need.kids.clone() {
                let request = self.write_request(kid, need, day);
                let row = &mut self.records.requests[request as usize];
                row.closed = Some(day);
                row.outcome = Some(self.ground.words.withdrawn);
            }
        }
    }

    /// A day of a request's introduction phase.
    fn between(&mut self, received: Day, start: Day) -> Day {
        received.plus_days(whole(&mut self.rng, 0, start.since(received).max(0)))
    }

    fn write_offer(
        &mut self,
        request: u32,
        family: u32,
        need: &Need,
        start: Day,
        answer: Answer,
        reason: Option<Label>,
    ) {
        let offered = self.between(need.received, start);
        let answered = self.between(offered, start);
        self.families[family as usize].recorded = true;
        let silent = answer == Answer::None;
        self.records.offers.push(Offer {
            request: RequestIx(request),
            family: FamilyIx(family),
            offered,
            answered: Some(answered).filter(|_| !silent),
            answer: Some(answer),
            reason: reason.filter(|_| !silent),
            recorded: None,
        });
    }

    /// The requests that are open when the window closes, with the wishes and conflicts that
    /// bear on them and with introductions under way.
    pub fn open_requests(&mut self) {
        let end = self.scenario.window.end;
        for (due, need) in self.waiting() {
            if !self.registers(need.received) {
                continue;
            }
            for kid in need.kids.clone() {
                self.write_request(kid, &need, due);
                self.write_wishes(kid, &need);
            }
            let demands: Vec<f64> =
                need.kids.clone().map(|k| self.kids[k as usize].demand(&mut self.rng)).collect();
            let words = self.ground.words;
            for (kid, &demand) in need.kids.clone().zip(&demands) {
                if !need.part_time && !self.blank(0.25) {
                    let day = self.between(need.received, end);
                    self.score(
                        Subject::Child(ChildIx(kid)),
                        day,
                        words.demand,
                        demand,
                        words.worker,
                    );
                }
            }
            if need.part_time {
                continue;
            }
            for candidate in self.candidates(&need, &demands, end).into_iter().take(2) {
                self.families[candidate.family as usize].is_recorded();
                for (kid, &alliance) in need.kids.clone().zip(&candidate.alliance) {
                    if chance(&mut self.rng, 0.6) {
                        let pair = Subject::Pair(ChildIx(kid), FamilyIx(candidate.family));
                        let day = self.between(need.received, end);
                        self.score(pair, day, words.alliance, alliance, words.worker);
                    }
                }
            }
        }
    }

    /// Coded wishes: brothers and sisters together, a family that cannot be, a child that cannot
    /// live under the same roof.
    fn write_wishes(&mut self, kid: u32, need: &Need) {
        let words = self.ground.words;
        let end = self.scenario.window.end;
        let a = Party::Child(ChildIx(kid));
        let mut add = |kind, b, lane, reason| {
            self.records.pairs.push(PairRule {
                kind,
                a,
                b,
                lane: Some(lane),
                reason: Some(reason),
            });
        };
        if kid + 1 < need.kids.end {
            let b = Party::Child(ChildIx(kid + 1));
            add(PairKind::Must, b, PairLane::Child, words.together);
        }
        if chance(&mut self.rng, 0.15) && !self.pool.is_empty() {
            let f = self.pool[whole(&mut self.rng, 0, self.pool.len() as i32 - 1) as usize];
            if self.families[f as usize].active(end) {
                self.families[f as usize].recorded = true;
                let b = Party::Family(FamilyIx(f));
                add(PairKind::Never, b, PairLane::Parents, words.conflict);
            }
        }
        if chance(&mut self.rng, 0.10) {
            let other = whole(&mut self.rng, 0, self.kids.len() as i32 - 1) as u32;
            let there = self.kids[other as usize].placed.is_some_and(|p| p.1 > end);
            if there && !self.kids[kid as usize].group.contains(&other) {
                let b = Party::Child(ChildIx(other));
                add(PairKind::NotTogether, b, PairLane::Safety, words.conflict);
            }
        }
    }

    /// What still waits for a family, in order of the day on which it is needed.
    fn waiting(&self) -> Vec<(Day, Need)> {
        let mut out: Vec<(Day, Need)> = self
            .pending()
            .filter_map(|(day, task)| match task {
                Task::Place(need) => Some((day, need.clone())),
                _ => None,
            })
            .collect();
        out.sort_by_key(|(day, need)| (*day, need.kids.start));
        out
    }
}
