//! A choice in terms of requests: its pairs, and why the others have no place.

use std::collections::BTreeMap;

use super::choice::ChoiceSet;
use super::fact::Fact;
use super::plan::{Gains, Planner};
use super::result::{AssignedPair, Unplaced};
use super::rules::RuleName;
use crate::history::{FamilyIx, RequestIx};
use crate::score::Note;

/// The chosen pairs in terms of requests.
pub(super) struct Chosen<'a> {
    pub planner: &'a Planner<'a>,
    pub gains: &'a Gains,
    /// Per group, the position of its family among those that pass.
    pub chosen: &'a [Option<usize>],
}

impl Chosen<'_> {
    pub fn pairs(&self) -> Vec<AssignedPair> {
        let mut out: Vec<AssignedPair> = Vec::new();
        for (g, members) in self.planner.load.groups.iter().enumerate() {
            let Some(at) = self.chosen[g] else { continue };
            let family = self.planner.options[g][at].0;
            for (m, &ask) in members.iter().enumerate() {
                out.push(AssignedPair {
                    request: self.planner.load.asks[ask].request.id.to_string(),
                    family: self.planner.family(family),
                    score: self.gains.of_group[g][at][m],
                });
            }
        }
        out.sort_by(|a, b| a.request.cmp(&b.request));
        out
    }

    pub fn unplaced(&self) -> Vec<Unplaced> {
        let mut out: Vec<Unplaced> = Vec::new();
        for (g, members) in self.planner.load.groups.iter().enumerate() {
            if self.chosen[g].is_some() {
                continue;
            }
            for (m, &ask) in members.iter().enumerate() {
                let ask = &self.planner.load.asks[ask];
                let contradicts = self.planner.sets[g].contradiction
                    || members.iter().any(|&k| contradicts(&self.planner.load.asks[k].must));
                out.push(Unplaced {
                    request: ask.request.id.to_string(),
                    why: why(&self.planner.sets[g], m, contradicts),
                });
            }
        }
        for &request in &self.planner.load.repeated {
            out.push(Unplaced { request: self.id(request), why: same_child() });
        }
        out.sort_by(|a, b| a.request.cmp(&b.request));
        out
    }

    fn id(&self, request: RequestIx) -> String {
        self.planner.s.history.requests[request.at()].id.to_string()
    }
}

/// Whether wishes name two families.
fn contradicts<L>(must: &[(FamilyIx, L)]) -> bool {
    must.iter().any(|(f, _)| *f != must[0].0)
}

fn same_child() -> Note {
    Note::new(
        "same_child",
        "Voor dit kind is nog een aanvraag open; die telt mee in het plan.",
        "Another request for this child is open; that one counts in the plan.",
    )
}

/// Why a member of a group has no place.
fn why(set: &ChoiceSet, member: usize, contradicts: bool) -> Note {
    if contradicts {
        return Note::new(
            "contradictory_wishes",
            "De vastgelegde wensen spreken elkaar tegen. Bespreek ze met alle betrokkenen.",
            "The recorded wishes contradict each other. Discuss them with everyone involved.",
        );
    }
    if set.families().next().is_none() {
        return Note::new("no_families", "Er zijn geen pleeggezinnen.", "There are no families.");
    }
    if set.families().any(|f| f.passes()) {
        return Note::new(
            "places_taken",
            "De plekken die passen, gaan in dit plan naar andere kinderen.",
            "The places that fit go to other children in this plan.",
        );
    }
    let mut count: BTreeMap<RuleName, usize> = BTreeMap::new();
    for family in set.families() {
        for refusal in family.member(member).refusals {
            let rule = match refusal.fact {
                Fact::SiblingExcluded { by } => by,
                _ => refusal.rule,
            };
            *count.entry(rule).or_default() += 1;
        }
    }
    let mut most: Vec<(RuleName, usize)> = count.into_iter().collect();
    most.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let list = |mark: &str| {
        let words = most.iter().take(3).map(|(r, n)| format!("{} {mark}{n}", r.name()));
        words.collect::<Vec<_>>().join(", ")
    };
    Note::new(
        "no_family_left",
        format!("Geen gezin blijft over. Regels die het vaakst uitsluiten: {}.", list("×")),
        format!("No family is left. Rules that exclude most often: {}.", list("×")),
    )
}
