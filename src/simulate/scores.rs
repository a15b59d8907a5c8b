//! Assessments: at the start and during a placement, and the reviews of families.
//!
//! The score of the start is what drives the hazards, as it was scored. Later scores follow it
//! with noise, and fall as a breakdown comes nearer: they are informative from their date on, and
//! a trap for whoever reads them earlier.

use crate::history::{Assessment, ChildIx, Day, FamilyIx, Label, StayIx, Subject};

use super::choice::Candidate;
use super::draw::{chance, normal, score, whole};
use super::hazard::End;
use super::placing::Spell;
use super::region::{Need, Region};
use super::rows::Rows;

impl Region<'_> {
    /// Scores at the start and during the placement.
    pub fn write_scores(
        &mut self,
        spell: &Spell,
        need: &Need,
        (chosen, i, demand): (&Candidate, usize, f64),
        rows: &Rows,
    ) {
        let words = self.ground.words;
        let (kid, start) = (ChildIx(spell.kid), spell.start);
        let child = &mut self.kids[spell.kid as usize];
        // Never before its birth, and later than what was scored for an earlier placement.
        let earliest = child.scored.map_or(child.birth.day, |day| day.plus_days(1)).min(start);
        child.scored = Some(start);
        // In a crisis there is little time to score anything.
        let missed = if need.crisis { 0.5 } else { 0.25 };
        let day = start.plus_days(-whole(&mut self.rng, 0, 14)).max(earliest);
        if !self.blank(missed) {
            self.score(Subject::Child(kid), day, words.demand, demand, words.worker);
        }
        let day = start
            .plus_days(-whole(&mut self.rng, 1, 14))
            .max(earliest)
            .max(need.received)
            .min(start);
        if !self.blank(missed) {
            let pair = Subject::Pair(kid, FamilyIx(chosen.family));
            self.score(pair, day, words.alliance, chosen.alliance[i], words.worker);
        }
        if spell.drivers.age >= 3.0 && chance(&mut self.rng, 0.15) {
            let total = (4.0 + 2.4 * demand + normal(&mut self.rng, 0.0, 3.0)).clamp(0.0, 40.0);
            self.score(Subject::Child(kid), day, words.sdq, total.round(), words.carer);
        }
        let end = self.scenario.window.end;
        for (months, share) in [(6, 0.15), (12, 0.12), (24, 0.08)] {
            let day = start.plus_days(months * 30 + whole(&mut self.rng, -20, 40));
            let wanted = chance(&mut self.rng, share);
            let row = rows.iter().find(|r| r.0 <= day && day < r.1);
            if let (true, Some(row), true) = (wanted, row, day <= end) {
                let value = self.later_alliance(spell, chosen.alliance[i], day);
                let subject = Subject::Stay(StayIx(row.2));
                self.score(subject, day, words.alliance, value, words.worker);
            }
        }
        self.score_trouble(spell, demand);
    }

    /// The alliance as scored on a day during the placement: around the first score, and worse as
    /// a breakdown comes nearer. It tells more than the first score, but only from then on.
    fn later_alliance(&mut self, spell: &Spell, first: f64, day: Day) -> f64 {
        let strain = if spell.course.end == End::Breakdown {
            2.5 * (-f64::from(spell.end.since(day)) / 200.0).exp()
        } else {
            0.0
        };
        score(0.8 * first + 1.24 - strain + normal(&mut self.rng, 0.0, 0.8))
    }

    /// Where it is going wrong, behaviour is scored once more: a consequence, not a cause.
    fn score_trouble(&mut self, spell: &Spell, demand: f64) {
        let day = spell.end.plus_days(-whole(&mut self.rng, 20, 60));
        let trouble = spell.course.end == End::Breakdown && chance(&mut self.rng, 0.25);
        if trouble && day > spell.start && day <= self.scenario.window.end {
            let value = score(demand + normal(&mut self.rng, 1.5, 0.8));
            let words = self.ground.words;
            self.score(Subject::Child(ChildIx(spell.kid)), day, words.demand, value, words.carer);
        }
    }

    /// The reviews of the recorded families.
    pub fn write_reviews(&mut self) {
        let words = self.ground.words;
        let end = self.scenario.window.end;
        for f in 0..self.families.len() {
            if !self.families[f].recorded {
                continue;
            }
            let family = Subject::Family(FamilyIx(f as u32));
            let count = self.families[f].reviews.len();
            let stopped = self.families[f].stopped().is_some_and(|(s, _)| s <= end);
            for k in 0..count {
                let review = self.families[f].reviews[k];
                // Other reviews have been cleared away.
                let current = k + 1 == count && !stopped;
                if review.date > end || !(review.used || current) {
                    continue;
                }
                if !self.blank(0.25) {
                    self.score(family, review.date, words.capacity, review.capacity, words.worker);
                }
                if !self.blank(0.25) {
                    let value = review.wellbeing;
                    self.score(family, review.date, words.wellbeing, value, words.carer);
                }
            }
        }
    }

    /// One assessment.
    pub fn score(&mut self, subject: Subject, date: Day, scale: Label, value: f64, rater: Label) {
        let recorded = self.late(date);
        let assessment =
            Assessment { subject, date, scale, score: Some(value), rater: Some(rater), recorded };
        self.records.assessments.push(assessment);
    }
}
