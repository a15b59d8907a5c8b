//! The choice set of each group: families that remain, and what excluded the others.

use rayon::prelude::*;

use super::ask::{Ask, Caseload};
use super::fact::{Fact, Refusal, Unknown};
use super::rules::RuleName;
use super::screen::{Screen, Screening};
use super::situation::Situation;
use crate::history::FamilyIx;

/// Families that are screened one after the other, and whose findings are kept together.
const RUN: usize = 256;

/// The choice set of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct ChoiceSet {
    /// What was found for every [`RUN`] families, in the order of the file.
    runs: Vec<Run>,
    /// The size of the group.
    members: usize,
    /// Children of the group who must be placed together and may not be.
    pub contradiction: bool,
}

/// What the rules found for some families, all in a few lists: with lists for each family a
/// request would spend more time on making and dropping them than on the rules.
#[derive(Debug, Clone, Default, PartialEq)]
struct Run {
    /// Per family, the places that the group would take there.
    takes: Vec<u32>,
    /// Per family and member, where its vetoes and its unknowns end.
    ends: Vec<(u32, u32)>,
    refusals: Vec<Refusal>,
    unknown: Vec<Unknown>,
}

/// One family for one group: what the rules found for each member.
#[derive(Debug, Clone, Copy)]
pub struct FamilyChoice<'a> {
    /// The family.
    pub family: FamilyIx,
    /// Places that the group would take there: its size, less those who live there already.
    pub takes: u32,
    run: &'a Run,
    /// Where its members begin in the run, and where they end.
    first: usize,
    end: usize,
}

/// What the rules found for one member and one family, as in [`Screening`].
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// Vetoes, in the order of the rules.
    pub refusals: &'a [Refusal],
    /// Rules that an empty cell left unchecked.
    pub unknown: &'a [Unknown],
}

impl ChoiceSet {
    /// Every family, in the order of the file.
    pub fn families(&self) -> impl Iterator<Item = FamilyChoice<'_>> {
        let members = self.members;
        self.runs.iter().enumerate().flat_map(move |(k, run)| {
            let choice = move |(at, &takes): (usize, &u32)| FamilyChoice {
                family: FamilyIx((k * RUN + at) as u32),
                takes,
                run,
                first: at * members,
                end: (at + 1) * members,
            };
            run.takes.iter().enumerate().map(choice)
        })
    }

    /// Every veto on every family.
    pub(super) fn refusals(&self) -> impl Iterator<Item = &Refusal> {
        self.runs.iter().flat_map(|run| &run.refusals)
    }
}

impl Run {
    /// Room for so many families; most are excluded by several rules.
    fn for_families(families: usize, members: usize) -> Self {
        let screened = families * members;
        Self {
            takes: Vec::with_capacity(families),
            ends: Vec::with_capacity(screened),
            refusals: Vec::with_capacity(4 * screened),
            unknown: Vec::with_capacity(screened),
        }
    }

    fn push(&mut self, takes: u32, members: &[Screening]) {
        self.takes.push(takes);
        for member in members {
            self.refusals.extend_from_slice(&member.refusals);
            self.unknown.extend_from_slice(&member.unknown);
            self.ends.push((self.refusals.len() as u32, self.unknown.len() as u32));
        }
    }

    /// What was found from one member on and before another, each counted over all families.
    fn between(&self, first: usize, end: usize) -> Found<'_> {
        let start = |at: usize| {
            let (refusals, unknown) = at.checked_sub(1).map_or((0, 0), |before| self.ends[before]);
            (refusals as usize, unknown as usize)
        };
        let (from, to) = (start(first), start(end));
        Found { refusals: &self.refusals[from.0..to.0], unknown: &self.unknown[from.1..to.1] }
    }
}

impl<'a> FamilyChoice<'a> {
    /// Whether the whole group may go there: a veto on one is a veto on all.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.refusals().is_empty()
    }

    /// The vetoes on all members.
    #[must_use]
    pub fn refusals(&self) -> &'a [Refusal] {
        self.run.between(self.first, self.end).refusals
    }

    /// What was found for a member, by the order of the group.
    #[must_use]
    pub fn member(&self, member: usize) -> Found<'a> {
        let at = self.first + member;
        self.run.between(at, at + 1)
    }
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
    let count = s.families.len();
    let run = |k: usize| {
        let mut run = Run::for_families(RUN.min(count), asks.len());
        let mut found = vec![Screening::default(); asks.len()];
        for family in k * RUN..((k + 1) * RUN).min(count) {
            let takes = screened(s, screen, asks, FamilyIx(family as u32), clash, &mut found);
            run.push(takes, &found);
        }
        run
    };
    let runs = (0..count.div_ceil(RUN)).into_par_iter().map(run).collect();
    ChoiceSet { runs, members: asks.len(), contradiction: clash.is_some() }
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
    let mut found = vec![Screening::default(); asks.len()];
    screened(s, screen, &asks, family, clash, &mut found);
    asks.iter().all(|a| a.must.is_empty()) && found.iter().all(Screening::passes)
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

/// Screens one family for each member of a group, into `members`; returns the places that the
/// group would take there.
fn screened(
    s: &Situation<'_>,
    screen: &Screen<'_>,
    asks: &[&Ask<'_>],
    family: FamilyIx,
    clash: Option<RuleName>,
    members: &mut [Screening],
) -> u32 {
    let takes = asks.len() as u32 - living_there(s, asks, family);
    for (ask, member) in asks.iter().zip(&mut *members) {
        screen.screen(s, ask, takes, family, member);
    }
    // The network of one is the network of those who come along.
    if members.iter().any(|m| m.refusals.iter().all(|r| r.rule != RuleName::Network)) {
        members.iter_mut().for_each(|m| m.refusals.retain(|r| r.rule != RuleName::Network));
    }
    if members.len() == 1 && clash.is_none() {
        return takes;
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
    takes
}
