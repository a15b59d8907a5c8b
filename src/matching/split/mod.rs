//! Siblings whose exception leaves both open: one who needs specialised care *may* be placed
//! apart. Splitting has a price, and which of them are placed together with their siblings is
//! settled with the plan: every way of every set of siblings is in one problem, whose bound is
//! therefore a bound over all ways to split.
//!
//! The other exceptions (threat, strong conflict, sexual abuse) keep siblings apart, at any price.

mod one_problem;

use std::collections::{BTreeMap, BTreeSet};

use super::ask::Caseload;
use super::assign::Effort;
use super::choice::{ChoiceSet, FamilyChoice};
use super::plan::Planner;
use super::predicted::Predicted;
use super::result::Splits;
use super::rules::Rules;
use super::screen::Screen;
use super::situation::Situation;
use crate::history::{KeepSiblings, RequestIx};
use crate::progress::Silent;
pub(super) use one_problem::{Way, cheapest, solve_ways};

/// Exceptions of one set of siblings that are open at most: each doubles the ways. Any further
/// ones (by the ids of the requests) stay apart.
const OPEN_OF_SET: usize = 6;

/// The requests of a day in all the pieces that siblings can be placed in: groups that are not
/// open are there once, a set of siblings with every piece of every way to split it.
pub(super) struct Pieces<'a> {
    /// Its groups are the pieces: a request may be in several.
    pub load: Caseload<'a>,
    sets: Vec<Vec<Way>>,
    /// Per set and way, the requests that are apart, and those whose exception is set aside.
    told: Vec<Vec<(Vec<RequestIx>, Vec<RequestIx>)>>,
    /// Pieces that would be another way in one family.
    not_shared: Vec<(u32, u32)>,
    s: &'a Situation<'a>,
    rules: &'a Rules,
}

/// The split that was found, with the plan that it was found with.
#[derive(Debug, Clone)]
pub(super) struct Split {
    /// The pieces that are the groups of the plan, and the family of each by its position.
    pieces: Vec<usize>,
    pub chosen: Vec<Option<usize>>,
    /// No plan in any way places more, weighted by urgency.
    pub placed_bound: f64,
    /// No plan in any way that places as many gains more, less what its ways cost.
    pub gain_bound: f64,
    pub proven: bool,
    /// What the ways of this plan cost.
    pub cost: f64,
    /// Groups of the plan that may not share a family: they would be together.
    pub not_shared: Vec<(u32, u32)>,
    apart: Vec<RequestIx>,
    together: Vec<RequestIx>,
}

impl<'a> Pieces<'a> {
    /// The pieces of a day. Without a price an exception holds, and nothing is open.
    pub fn new(s: &'a Situation<'a>, rules: &'a Rules) -> Self {
        let load = Caseload::new(s, rules);
        let (sets, told, not_shared) = (Vec::new(), Vec::new(), Vec::new());
        let mut pieces = Self { load, sets, told, not_shared, s, rules };
        if rules.siblings.split_price > 0.0 {
            pieces.open();
        }
        pieces
    }

    /// Finds the sets of siblings and their ways.
    fn open(&mut self) {
        let special = Some(KeepSiblings::SpecialisedCare);
        let all: BTreeSet<RequestIx> = self
            .load
            .asks
            .iter()
            .filter(|a| a.request.keep_siblings == special)
            .map(|a| a.ix)
            .collect();
        if all.is_empty() {
            return;
        }
        let whole = Caseload::with_together(self.s, self.rules, &all);
        let exceptions: Vec<Vec<RequestIx>> = whole
            .groups
            .iter()
            .map(|members| {
                let of_set = members.iter().map(|&m| whole.asks[m].ix);
                of_set.filter(|ix| all.contains(ix)).take(OPEN_OF_SET).collect()
            })
            .collect();
        let most = exceptions.iter().map(Vec::len).max().unwrap_or(0);
        // Per set the ways by their pieces (as members), and the exceptions set aside in each.
        let mut ways: Vec<BTreeMap<Vec<Vec<usize>>, usize>> =
            vec![BTreeMap::new(); whole.groups.len()];
        for mask in 0..1_usize << most {
            let aside = |set: &Vec<RequestIx>| chosen_by(mask, set);
            let load = Caseload::with_together(
                self.s,
                self.rules,
                &exceptions.iter().flat_map(aside).collect(),
            );
            let mut of_set = vec![Vec::new(); whole.groups.len()];
            for members in load.groups {
                of_set[whole.asks[members[0]].group].push(members);
            }
            for (set, pieces) in of_set.into_iter().enumerate() {
                if mask >> exceptions[set].len() == 0 {
                    // Of masks that come to the same the one with the most set aside.
                    let known = ways[set].entry(pieces).or_insert(mask);
                    if mask.count_ones() > known.count_ones() {
                        *known = mask;
                    }
                }
            }
        }
        self.take(&exceptions, ways);
    }

    /// Makes the pieces of these ways the groups of the caseload.
    fn take(&mut self, exceptions: &[Vec<RequestIx>], ways: Vec<BTreeMap<Vec<Vec<usize>>, usize>>) {
        let price = self.rules.siblings.split_price;
        let singly = std::mem::take(&mut self.load.groups);
        let mut at: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
        for (open, ways) in exceptions.iter().zip(ways) {
            let (mut of_set, mut told) = (Vec::new(), Vec::new());
            for (pieces, mask) in ways {
                let aside = chosen_by(mask, open);
                let apart: Vec<RequestIx> =
                    open.iter().copied().filter(|r| !aside.contains(r)).collect();
                let joined = pieces.iter().filter(|members| members.len() > 1).flatten();
                let together = joined.map(|&m| self.load.asks[m].ix);
                let together = together.filter(|r| aside.contains(r)).collect();
                let cost = price * apart.len() as f64;
                let groups = &mut self.load.groups;
                let pieces = pieces.into_iter().map(|members| {
                    *at.entry(members.clone()).or_insert_with(|| {
                        groups.push(members);
                        groups.len() - 1
                    })
                });
                of_set.push(Way { pieces: pieces.collect(), cost });
                told.push((apart, together));
            }
            if of_set.len() > 1 {
                self.not_shared.extend(one_way_in_one_family(&of_set, &self.load.groups, &at));
                self.sets.push(of_set);
                self.told.push(told);
            }
        }
        if self.sets.is_empty() {
            self.load.groups = singly;
        }
    }

    /// The best split, found with the best plan. `None` where nothing is open.
    pub fn split(
        &self,
        screen: &Screen<'_>,
        sets: &[ChoiceSet],
        predicted: &Predicted,
        effort: Effort,
    ) -> Option<Split> {
        if self.sets.is_empty() {
            return None;
        }
        let passing = |set: &ChoiceSet| {
            let families = set.families().filter(|f| f.passes());
            families.map(|f: FamilyChoice<'_>| (f.family, f.takes)).collect()
        };
        let options = sets.iter().map(passing).collect();
        let mut planner = Planner::of_options(self.s, screen, &self.load, options);
        planner.conflicts.extend(&self.not_shared);
        planner.ways.clone_from(&self.sets);
        let gains = predicted.gains(&self.load, sets);
        let best = planner.best(&gains, effort, &Silent);
        let (mut apart, mut together, mut cost) = (Vec::new(), Vec::new(), 0.0);
        let mut kept = vec![true; self.load.groups.len()];
        for (ways, told) in self.sets.iter().zip(&self.told) {
            ways.iter().flat_map(|w| &w.pieces).for_each(|&p| kept[p] = false);
            let way = cheapest(ways, &best.chosen).unwrap_or(0);
            ways[way].pieces.iter().for_each(|&p| kept[p] = true);
            cost += ways[way].cost;
            apart.extend(&told[way].0);
            together.extend(&told[way].1);
        }
        // In the order of their first requests, as every caseload has its groups.
        let mut pieces: Vec<usize> = (0..kept.len()).filter(|&p| kept[p]).collect();
        pieces.sort_by_key(|&p| self.load.groups[p][0]);
        let group = |p: u32| pieces.iter().position(|&q| q == p as usize);
        let both = |&(a, b): &(u32, u32)| Some((group(a)? as u32, group(b)? as u32));
        Some(Split {
            chosen: pieces.iter().map(|&p| best.chosen[p]).collect(),
            placed_bound: best.placed_bound,
            gain_bound: best.gain_bound,
            proven: best.proven,
            cost,
            not_shared: self.not_shared.iter().filter_map(both).collect(),
            apart,
            together,
            pieces,
        })
    }

    /// The caseload of a split, and of the choice sets and predictions those of its groups.
    pub fn keep(
        self,
        split: Option<&Split>,
        sets: Vec<ChoiceSet>,
        predicted: Predicted,
    ) -> (Caseload<'a>, Vec<ChoiceSet>, Predicted) {
        let mut load = self.load;
        let Some(split) = split else { return (load, sets, predicted) };
        let mut sets: Vec<Option<ChoiceSet>> = sets.into_iter().map(Some).collect();
        let kept = split.pieces.iter().filter_map(|&p| sets[p].take()).collect();
        load.groups = split.pieces.iter().map(|&p| load.groups[p].clone()).collect();
        for (g, members) in load.groups.iter().enumerate() {
            members.iter().for_each(|&m| load.asks[m].group = g);
        }
        (load, kept, predicted.only(&split.pieces))
    }
}

impl Split {
    /// The split as it is told.
    pub fn told(&self, s: &Situation<'_>, rules: &Rules) -> Splits {
        let ids = |of: &[RequestIx]| {
            let mut ids: Vec<String> =
                of.iter().map(|r| s.history.requests[r.at()].id.to_string()).collect();
            ids.sort();
            ids
        };
        Splits {
            apart: ids(&self.apart),
            together: ids(&self.together),
            price: rules.siblings.split_price,
        }
    }
}

/// The requests of a set whose bits are set.
fn chosen_by(mask: usize, set: &[RequestIx]) -> Vec<RequestIx> {
    (0..set.len()).filter(|k| mask >> k & 1 == 1).map(|k| set[k]).collect()
}

/// Pieces of one way that in one family would be another way of the set: it costs less and says
/// that they are together.
fn one_way_in_one_family(
    ways: &[Way],
    groups: &[Vec<usize>],
    at: &BTreeMap<Vec<usize>, usize>,
) -> BTreeSet<(u32, u32)> {
    let sorted = |mut pieces: Vec<usize>| {
        pieces.sort_unstable();
        pieces
    };
    let all: BTreeSet<Vec<usize>> = ways.iter().map(|w| sorted(w.pieces.clone())).collect();
    let mut out = BTreeSet::new();
    for way in ways {
        for (k, &p) in way.pieces.iter().enumerate() {
            for &q in &way.pieces[..k] {
                let both = sorted([&groups[p][..], &groups[q][..]].concat());
                let Some(&joined) = at.get(&both) else { continue };
                let rest = way.pieces.iter().copied().filter(|&r| r != p && r != q);
                if all.contains(&sorted(rest.chain([joined]).collect())) {
                    out.insert((p.min(q) as u32, p.max(q) as u32));
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
