//! Stability: nobody waits, or goes to a family that suits it less, while a family that suits it
//! better has room or would take a child that comes after it.
//!
//! For single children the child-proposing procedure of Gale and Shapley (1962), with places as in
//! the college admissions problem, gives the stable assignment that is best for every child. With
//! groups that stay whole none need exist, and to know whether one does is hard (Ronn 1990); so
//! what would block an assignment is listed, for any assignment.
//!
//! Families do not compete for children here: their order is the organisation's own, urgency and
//! then waiting. It is a check on a plan, not a rule of the plan.

use super::plan::{Gains, Planner};
use super::rules::Rules;
use crate::score::Note;

/// Gains closer than this are the same to a child.
const SAME: f64 = 1e-12;

/// A family that a group could go to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wish {
    /// The family.
    pub family: u32,
    /// Places that the group would take there.
    pub takes: u32,
    /// What the family is worth to the group; more is better.
    pub worth: f64,
}

/// Groups of children, families with places, and the order in which a family takes them.
#[derive(Debug, Clone, PartialEq)]
pub struct Market {
    /// Free places, by family.
    pub places: Vec<u32>,
    /// Per group, the families that it could go to, each at most once, with finite worth.
    pub wishes: Vec<Vec<Wish>>,
    /// Per group, its priority: compared from the first number on, more goes first, equal goes
    /// before nobody.
    pub priority: Vec<(f64, i32)>,
    /// Groups that may not share a family.
    pub conflicts: Vec<(u32, u32)>,
}

impl Market {
    fn before(&self, a: usize, b: usize) -> bool {
        let ((u, v), (x, y)) = (self.priority[a], self.priority[b]);
        u.total_cmp(&x).then(v.cmp(&y)).is_gt()
    }

    fn wish(&self, group: usize, family: u32) -> Option<&Wish> {
        self.wishes[group].iter().find(|w| w.family == family)
    }

    fn conflict(&self, a: usize, b: usize) -> bool {
        let (a, b) = (a.min(b) as u32, a.max(b) as u32);
        self.conflicts.iter().any(|&(x, y)| (x.min(y), x.max(y)) == (a, b))
    }

    /// Whether stable assignments surely exist: single children, and none who may not share.
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.conflicts.is_empty() && self.wishes.iter().flatten().all(|w| w.takes <= 1)
    }
}

/// The child-proposing deferred acceptance: for each group its family, or none. Equal worth is
/// settled by the family's number, equal priority by the group's.
///
/// `None` where groups take more than one place or some may not share a family: a stable
/// assignment need not exist there.
#[must_use]
pub fn deferred_acceptance(market: &Market) -> Option<Vec<Option<u32>>> {
    if !market.is_single() {
        return None;
    }
    let n = market.wishes.len();
    let lists: Vec<Vec<Wish>> = market.wishes.iter().map(|w| in_order(w)).collect();
    let mut next = vec![0; n];
    let mut home: Vec<Option<u32>> = vec![None; n];
    let mut held: Vec<Vec<usize>> = vec![Vec::new(); market.places.len()];
    let mut free: Vec<usize> = (0..n).rev().collect();
    while let Some(g) = free.pop() {
        let Some(&wish) = lists[g].get(next[g]) else { continue };
        next[g] += 1;
        home[g] = Some(wish.family);
        if wish.takes == 0 {
            // It lives there already and takes no place.
            continue;
        }
        let at = &mut held[wish.family as usize];
        at.push(g);
        if at.len() > market.places[wish.family as usize] as usize {
            // The last in the family's order proposes elsewhere.
            let last = (0..at.len()).reduce(|a, b| {
                let behind =
                    market.before(at[a], at[b]) || (!market.before(at[b], at[a]) && at[b] > at[a]);
                if behind { b } else { a }
            });
            if let Some(out) = last.map(|k| at.swap_remove(k)) {
                home[out] = None;
                free.push(out);
            }
        }
    }
    Some(home)
}

/// Wishes from the best to the least.
fn in_order(wishes: &[Wish]) -> Vec<Wish> {
    let mut list = wishes.to_vec();
    list.sort_by(|a, b| b.worth.total_cmp(&a.worth).then(a.family.cmp(&b.family)));
    list
}

/// The pairs that block an assignment, by group and then family: the group would rather be there
/// (or has no place), and the family has room for it, or would have if groups that come after it
/// left. An empty list means that the assignment is stable.
#[must_use]
pub fn blocking_pairs(market: &Market, assigned: &[Option<u32>]) -> Vec<(usize, u32)> {
    let mut there: Vec<Vec<usize>> = vec![Vec::new(); market.places.len()];
    for (g, family) in assigned.iter().enumerate() {
        if let Some(at) = family.and_then(|f| there.get_mut(f as usize)) {
            at.push(g);
        }
    }
    let mut out = Vec::new();
    for (g, wishes) in market.wishes.iter().enumerate() {
        let now = assigned[g].and_then(|f| market.wish(g, f)).map(|w| w.worth);
        for wish in wishes.iter().filter(|w| now.is_none_or(|now| w.worth > now + SAME)) {
            let stay = || there[wish.family as usize].iter().filter(|&&o| !market.before(g, o));
            let taken: u32 =
                stay().filter_map(|&o| market.wish(o, wish.family)).map(|w| w.takes).sum();
            let room = market.places[wish.family as usize].saturating_sub(taken);
            if (wish.takes == 0 || room >= wish.takes) && !stay().any(|&o| market.conflict(g, o)) {
                out.push((g, wish.family));
            }
        }
    }
    out.sort_unstable();
    out
}

/// A pair that blocks the plan.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct BlockingPair {
    /// The requests that are placed together.
    pub requests: Vec<String>,
    /// The family that suits them better and could take them.
    pub family: String,
    /// Where they are in the plan; `None` without a place.
    pub instead_of: Option<String>,
}

/// A request and the family of the stable assignment.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Accepted {
    /// The request's id.
    pub request: String,
    /// The family's id.
    pub family: String,
}

/// What stability says of the plan.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Stability {
    /// What blocks the plan; empty where it is stable.
    pub blocking_pairs: Vec<BlockingPair>,
    /// The stable assignment that is best for every child, where all are single children.
    pub deferred_acceptance: Option<Vec<Accepted>>,
    /// What this says, in words.
    pub note: Note,
}

/// Checks a plan, and makes the stable assignment where there is one.
pub(super) fn stability(
    planner: &Planner<'_>,
    rules: &Rules,
    gains: &Gains,
    chosen: &[Option<usize>],
) -> Stability {
    let market = market(planner, rules, gains);
    let family = |g: usize, at: usize| planner.options[g][at].0;
    let assigned: Vec<Option<u32>> =
        chosen.iter().enumerate().map(|(g, at)| at.map(|at| family(g, at).0)).collect();
    let id = |f: u32| planner.family(crate::history::FamilyIx(f));
    let blocking_pairs: Vec<BlockingPair> = blocking_pairs(&market, &assigned)
        .into_iter()
        .map(|(g, f)| BlockingPair {
            requests: planner.requests(g),
            family: id(f),
            instead_of: assigned[g].map(id),
        })
        .collect();
    // A sibling who lives in a family already may leave a group one place to take; it is a group.
    let single = planner.load.groups.iter().all(|g| g.len() == 1);
    let accepted = deferred_acceptance(&market).filter(|_| single).map(|home| {
        let mut out: Vec<Accepted> = home
            .iter()
            .enumerate()
            .filter_map(|(g, f)| f.map(|f| (g, f)))
            .flat_map(|(g, f)| {
                planner
                    .requests(g)
                    .into_iter()
                    .map(move |request| Accepted { request, family: id(f) })
            })
            .collect();
        out.sort_by(|a, b| a.request.cmp(&b.request));
        out
    });
    let note = note(blocking_pairs.len(), accepted.as_ref().map(Vec::len));
    Stability { blocking_pairs, deferred_acceptance: accepted, note }
}

fn market(planner: &Planner<'_>, rules: &Rules, gains: &Gains) -> Market {
    let wishes = planner.options.iter().enumerate().map(|(g, options)| {
        let wish = |(at, &(family, takes)): (usize, &(crate::history::FamilyIx, u32))| Wish {
            family: family.0,
            takes,
            worth: gains.sum(g, at),
        };
        options.iter().enumerate().map(wish).collect()
    });
    let priority = |members: &Vec<usize>| {
        let asks = || members.iter().map(|&k| &planner.load.asks[k]);
        let urgency = asks().map(|a| rules.urgency.weight(a.request.urgency)).fold(0.0, f64::max);
        let waiting = asks()
            .map(|a| planner.s.as_of.since(a.request.received.unwrap_or(a.request.needed_from)))
            .max();
        (urgency, waiting.unwrap_or(0))
    };
    Market {
        places: planner.places.clone(),
        wishes: wishes.collect(),
        priority: planner.load.groups.iter().map(priority).collect(),
        conflicts: planner.conflicts.clone(),
    }
}

fn note(blocking: usize, accepted: Option<usize>) -> Note {
    let (mut nl, mut en) = match blocking {
        0 => (
            "Dit plan is stabiel: geen kind past beter bij een gezin dat plek heeft of dat anders \
             naar een minder dringend kind gaat."
                .to_owned(),
            "This plan is stable: no child fits better with a family that has room or that goes \
             to a less urgent child."
                .to_owned(),
        ),
        1 => (
            "In dit plan past één kind of groep volgens het model beter bij een gezin dat plek \
             heeft of dat naar een minder dringend kind gaat. Het plan kiest de som, niet de \
             volgorde: bespreek dit paar."
                .to_owned(),
            "In this plan, one child or group would by the model fit better with a family that \
             has room or that goes to a less urgent child. The plan looks at the sum, not the \
             order: discuss this pair."
                .to_owned(),
        ),
        n => (
            format!(
                "In dit plan past {n} keer een kind of groep volgens het model beter bij een gezin \
                 dat plek heeft of dat naar een minder dringend kind gaat. Het plan kiest de som, \
                 niet de volgorde: bespreek deze paren."
            ),
            format!(
                "In this plan, {n} times a child or group would by the model fit better with a \
                 family that has room or that goes to a less urgent child. The plan looks at the \
                 sum, not the order: discuss these pairs."
            ),
        ),
    };
    match accepted {
        Some(n) => {
            nl += &format!(" Het stabiele plan plaatst {n}.");
            en += &format!(" The stable plan places {n}.");
        }
        None => {
            nl += " Met groepen die bij elkaar blijven hoeft er geen stabiel plan te bestaan.";
            en += " With groups that stay together there need not be a stable plan.";
        }
    }
    Note::new("stability", nl, en)
}

#[cfg(test)]
mod tests;
