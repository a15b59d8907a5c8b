//! The choice set of each group: families that remain, and what excluded the others.

use rayon::prelude::*;

use super::ask::{Ask, Caseload};
use super::fact::{Fact, Refusal};
use super::rules::RuleName;
use super::screen::{Screen, Screening};
use super::situation::Situation;
use crate::history::FamilyIx;

/// One family for one group: what the rules found for each member.
#[derive(Debug, Clone, PartialEq)]
pub struct FamilyChoice {
    /// The family.
    pub family: FamilyIx,
    /// Places that the group would take there: its size, less those who live there already.
    pub takes: u32,
    /// Per member, in the order of the group. A veto on one is a veto on all.
    pub members: Vec<Screening>,
}

impl FamilyChoice {
    /// Whether the whole group may go there.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.members.iter().all(Screening::passes)
    }
}

/// The choice set of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct ChoiceSet {
    /// Every family, in the order of the file.
    pub families: Vec<FamilyChoice>,
    /// Children of the group who must be placed together and may not be.
    pub contradiction: bool,
}

/// The choice set of every group of a caseload.
#[must_use]
pub fn choice_sets(s: &Situation<'_>, screen: &Screen<'_>, load: &Caseload<'_>) -> Vec<ChoiceSet> {
    load.groups
        .par_iter()
        .map(|members| {
            let asks: Vec<&Ask<'_>> = members.iter().map(|&m| &load.asks[m]).collect();
            choice_set(s, screen, &asks)
        })
        .collect()
}

/// The choice set of requests that are placed together.
#[must_use]
pub fn choice_set(s: &Situation<'_>, screen: &Screen<'_>, asks: &[&Ask<'_>]) -> ChoiceSet {
    let clash = inner_clash(s, screen, asks);
    let families = (0..s.families.len() as u32)
        .into_par_iter()
        .with_min_len(512)
        .map(|f| family_choice(s, screen, asks, FamilyIx(f), clash))
        .collect();
    ChoiceSet { families, contradiction: clash.is_some() }
}

/// The families that no rule excludes for requests that are placed together, in the order of the
/// file: those of [`choice_set`] that pass, found without a ledger of the others.
#[must_use]
pub(super) fn passing(s: &Situation<'_>, screen: &Screen<'_>, asks: &[&Ask<'_>]) -> Vec<FamilyIx> {
    if inner_clash(s, screen, asks).is_some() {
        return Vec::new();
    }
    let takes = |f: FamilyIx| {
        let takes = asks.len() as u32 - living_there(s, asks, f);
        // The network of one is the network of those who come along.
        asks.iter().all(|a| !screen.vetoes(s, a, takes, f, false))
            && asks.iter().any(|a| !screen.vetoes(s, a, takes, f, true))
    };
    (0..s.families.len() as u32).map(FamilyIx).filter(|&f| takes(f)).collect()
}

/// How many of the requests' children live in a family already.
fn living_there(s: &Situation<'_>, asks: &[&Ask<'_>], family: FamilyIx) -> u32 {
    let here = &s.family(family).residents;
    asks.iter().filter(|a| here.iter().any(|r| r.child == a.child)).count() as u32
}

/// Whether a family of a situation could take requests that are placed together.
pub(super) fn one_family(
    s: &Situation<'_>,
    screen: &Screen<'_>,
    asks: &[&Ask<'_>],
    family: FamilyIx,
) -> bool {
    let clash = inner_clash(s, screen, asks);
    // What was said of a family of the records is not said of one that is not there.
    let fresh: Vec<Ask<'_>> =
        asks.iter().map(|&a| Ask { replies: Vec::new(), never: Vec::new(), ..a.clone() }).collect();
    let asks: Vec<&Ask<'_>> = fresh.iter().collect();
    asks.iter().all(|a| a.must.is_empty())
        && family_choice(s, screen, &asks, family, clash).passes()
}

/// The rule that forbids two members of one group to share a household.
fn inner_clash(s: &Situation<'_>, screen: &Screen<'_>, asks: &[&Ask<'_>]) -> Option<RuleName> {
    for (k, a) in asks.iter().enumerate() {
        for b in &asks[..k] {
            let named = |x: &Ask<'_>, y: &Ask<'_>| x.not_with.iter().any(|(c, _)| *c == y.child);
            if named(a, b) || named(b, a) {
                return Some(RuleName::NotTogether);
            }
            if clashes(s, screen, a, b) {
                return Some(RuleName::OtherChildren);
            }
        }
    }
    None
}

/// Whether the needs of two children do not go together.
pub(super) fn clashes(s: &Situation<'_>, screen: &Screen<'_>, a: &Ask<'_>, b: &Ask<'_>) -> bool {
    let needs = |ask: &Ask<'_>| &s.history.child(ask.child).needs[..];
    screen.clash((needs(a), a.age), (needs(b), b.age)).is_some()
}

fn family_choice(
    s: &Situation<'_>,
    screen: &Screen<'_>,
    asks: &[&Ask<'_>],
    family: FamilyIx,
    clash: Option<RuleName>,
) -> FamilyChoice {
    let takes = asks.len() as u32 - living_there(s, asks, family);
    let mut members: Vec<Screening> =
        asks.iter().map(|ask| screen.screen(s, ask, takes, family)).collect();
    // The network of one is the network of those who come along.
    if members.iter().any(|m| m.refusals.iter().all(|r| r.rule != RuleName::Network)) {
        members.iter_mut().for_each(|m| m.refusals.retain(|r| r.rule != RuleName::Network));
    }
    if members.len() == 1 && clash.is_none() {
        return FamilyChoice { family, takes, members };
    }
    // Places and wishes of one member's own stand on their own; any veto on one excludes all.
    let first: Vec<Option<RuleName>> =
        members.iter().map(|m| m.refusals.first().map(|r| r.rule)).collect();
    for (k, member) in members.iter_mut().enumerate() {
        if let Some(rule) = clash {
            member.refusals.push(Refusal::firm(rule, Fact::Contradiction));
        }
        if member.refusals.is_empty() {
            let other = first.iter().enumerate().find_map(|(j, r)| r.filter(|_| j != k));
            if let Some(by) = other {
                member
                    .refusals
                    .push(Refusal::firm(RuleName::KeepSiblings, Fact::SiblingExcluded { by }));
            }
        }
    }
    FamilyChoice { family, takes, members }
}
