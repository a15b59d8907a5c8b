//! Which family: who could take the children, what speaks for each, and who does.

use crate::history::{CareForm, Day, FamilyKind, Legal};

use super::draw::{normal, score};
use super::effects::Drivers;
use super::family::{Fam, gumbel};
use super::region::{Need, Region};

/// At most so many families are looked at closely.
const CLOSE_LOOKS: usize = 6;

/// A family that could take the children.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub family: u32,
    /// Alliance with each child's parents as scored, in the order of the children.
    pub alliance: Vec<f64>,
    utility: f64,
}

impl Region<'_> {
    /// The families that could take all of `need` on `day`, the preferred one first. A few are
    /// scored closely; the rest is passed over.
    pub fn candidates(&mut self, need: &Need, demands: &[f64], day: Day) -> Vec<Candidate> {
        let mut found: Vec<(f64, u32)> = Vec::new();
        for k in 0..self.pool.len() {
            let f = self.pool[k];
            if self.feasible(&self.families[f as usize], f, need, day) {
                let km = self.distance(f, need.kids.start);
                found.push((-0.03 * km + gumbel(&mut self.rng), f));
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        found.truncate(CLOSE_LOOKS);
        let mut out: Vec<Candidate> =
            found.into_iter().map(|(u, f)| self.candidate(need, demands, u, f, day)).collect();
        out.sort_by(|a, b| b.utility.total_cmp(&a.utility).then(a.family.cmp(&b.family)));
        out
    }

    /// Looks closely at one family: reviews it, and scores the alliance.
    pub fn candidate(
        &mut self,
        need: &Need,
        demands: &[f64],
        utility: f64,
        family: u32,
        day: Day,
    ) -> Candidate {
        let fam = &mut self.families[family as usize];
        fam.review_until(&mut self.rng, day);
        let (review, openness) = (fam.latest(), fam.openness);
        let alliance: Vec<f64> = (need.kids.clone())
            .map(|kid| {
                let parents = self.kids[kid as usize].parents;
                score(normal(&mut self.rng, 6.2 + parents + openness, 1.1))
            })
            .collect();
        // Workers look for what they can see: room for the behaviour, and a good start with the
        // parents. What they cannot see (the family's multiplier) plays no part.
        let fit: f64 = demands
            .iter()
            .zip(&alliance)
            .map(|(d, a)| -0.15 * (d - review.capacity) + 0.15 * a)
            .sum::<f64>()
            / demands.len().max(1) as f64;
        Candidate { family, alliance, utility: utility + fit }
    }

    /// Whether a family could take all of `need` on `day`, by rules that a record can show: those
    /// that matching has by default.
    fn feasible(&self, fam: &Fam, f: u32, need: &Need, day: Day) -> bool {
        let form = match (need.part_time, need.crisis) {
            (true, _) => CareForm::PartTime,
            (_, true) => CareForm::Crisis,
            _ => CareForm::FullTime,
        };
        fam.active(day)
            && !fam.rests(day)
            && (fam.kind == FamilyKind::FamilyHome) == need.family_home
            && fam.care_forms.contains(&form)
            && fam.free(day) >= need.kids.len()
            && need.kids.clone().all(|k| {
                let kid = &self.kids[k as usize];
                let age = kid.birth.age_on(day);
                fam.ages.0 <= age
                    && age.floor() <= fam.ages.1
                    && fam.perspectives.contains(&kid.perspective)
                    && fam.takes_needs(&kid.needs)
                    && !fam.own_child_close(kid.birth.day, day)
                    && kid.avoid != Some(fam.area)
                    && !(kid.secret && kid.home == fam.area)
                    && kid.placed.is_none_or(|(old, _)| old != f)
                    && self.ground.km(fam.area, kid.home) <= kid.max_km
                    && self.ground.km(fam.area, kid.school) <= kid.max_km
            })
    }

    /// Kilometres from a family to a child's home.
    pub fn distance(&self, family: u32, kid: u32) -> f64 {
        self.ground.km(self.families[family as usize].area, self.kids[kid as usize].home)
    }

    /// What would be known of a child and a family at a start.
    pub fn drivers(
        &self,
        kid: u32,
        candidate: &Candidate,
        (demand, alliance): (f64, f64),
        together: bool,
        crisis: bool,
        day: Day,
    ) -> Drivers {
        let child = &self.kids[kid as usize];
        let fam = &self.families[candidate.family as usize];
        let review = fam.latest();
        Drivers {
            age: child.birth.age_on(day),
            over_10: day >= child.birth.day.plus_years(10),
            prior_breakdowns: f64::from(child.breakdowns),
            prior_residential: child.residential,
            family_kind: fam.kind,
            crisis_start: crisis,
            court_mandated: matches!(
                child.legal,
                Legal::Ots | Legal::GuardianshipGi | Legal::GuardianshipFosterParent
            ),
            perspective: child.perspective,
            siblings_together: together,
            family_experience: f64::from(day.since(fam.since)) / 365.25,
            helper_changes: child.recent_helper_changes(day),
            behaviour_demand: demand,
            parenting_capacity: review.capacity,
            alliance,
            other_children_wellbeing: review.wellbeing,
        }
    }
}
