//! Siblings whose exception leaves both open: one who needs specialised care *may* be placed
//! apart. Splitting has a price; which of them are placed together with their siblings is chosen
//! with the plan: every way to do so is solved to the end, and the best is kept.
//!
//! The other exceptions (threat, strong conflict, sexual abuse) keep siblings apart, at any price.

use std::collections::{BTreeMap, BTreeSet};

use super::ask::Caseload;
use super::choice::choice_sets;
use super::plan::{Gains, Planner};
use super::predicted::Predicted;
use super::run::MatchOptions;
use super::screen::Screen;
use super::situation::Situation;
use crate::Error;
use crate::history::{FamilyIx, KeepSiblings, Label, RequestIx};
use crate::model::Model;
use crate::progress::Silent;

/// With more exceptions than this not every way is tried: from all apart, one after the other is
/// placed together where that is better.
const EVERY_WAY: usize = 8;
/// Exceptions that are looked at in all; any others stay apart.
const MOST: usize = 40;

/// What a plan comes to: children placed by weight, and the sum of their risks with the price of
/// every exception that is kept apart.
#[derive(Debug, Clone, Copy)]
struct Worth {
    placed: f64,
    cost: f64,
}

impl Worth {
    /// More placed, or as many at no more cost.
    fn is_better_than(self, other: Self) -> bool {
        self.placed > other.placed + 1e-9
            || (self.placed >= other.placed - 1e-9 && self.cost <= other.cost + 1e-12)
    }
}

/// The requests whose exception is set aside: their children are placed together with their
/// siblings, for the price of splitting is more than what splitting gains. Placing the most comes
/// first. Up to [`EVERY_WAY`] exceptions this is the best of all ways to split, each with its own
/// best plan; beyond it ways are improved one exception at a time.
pub(super) fn together(
    model: &Model,
    s: &Situation<'_>,
    screen: &Screen<'_>,
    options: &MatchOptions,
) -> Result<BTreeSet<RequestIx>, Error> {
    let price = options.rules.siblings.split_price;
    if price <= 0.0 {
        return Ok(BTreeSet::new());
    }
    let open = exceptions(s, &options.rules);
    if open.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut ways = Ways { model, s, screen, options, count: open.len(), known: BTreeMap::new() };
    if open.len() <= EVERY_WAY { ways.best_of_all(&open) } else { ways.one_by_one(&open) }
}

/// Open requests with such an exception and an open request of a sibling.
fn exceptions(s: &Situation<'_>, rules: &super::rules::Rules) -> Vec<RequestIx> {
    let h = s.history;
    let special =
        |r: &RequestIx| h.requests[r.at()].keep_siblings == Some(KeepSiblings::SpecialisedCare);
    if !s.requests.iter().any(special) {
        return Vec::new();
    }
    let load = Caseload::new(s, rules);
    let siblings = |r: RequestIx| -> (Option<Label>, Option<Label>) {
        let request = &h.requests[r.at()];
        (request.group, h.child(request.child).sibling_group)
    };
    let related = |a: RequestIx, b: RequestIx| {
        let ((g, s), (other_g, other_s)) = (siblings(a), siblings(b));
        a != b && ((g.is_some() && g == other_g) || (s.is_some() && s == other_s))
    };
    load.asks
        .iter()
        .filter(|a| a.request.keep_siblings == Some(KeepSiblings::SpecialisedCare))
        .filter(|a| load.asks.iter().any(|b| related(a.ix, b.ix)))
        .map(|a| a.ix)
        .take(MOST)
        .collect()
}

/// The families of a group, what each member gains there, and the sum of the risks there.
#[derive(Debug, Clone)]
struct Known {
    options: Vec<(FamilyIx, u32)>,
    gains: Vec<Vec<f64>>,
    risk: Vec<f64>,
}

/// Ways to split, and what is known of the groups that they make: most groups are in every way.
struct Ways<'a> {
    model: &'a Model,
    s: &'a Situation<'a>,
    screen: &'a Screen<'a>,
    options: &'a MatchOptions,
    /// Exceptions in all.
    count: usize,
    known: BTreeMap<Vec<usize>, Known>,
}

impl Ways<'_> {
    fn best_of_all(&mut self, open: &[RequestIx]) -> Result<BTreeSet<RequestIx>, Error> {
        let mut best: Option<(Worth, BTreeSet<RequestIx>)> = None;
        let mut all: Vec<usize> = (0..1 << open.len()).collect();
        all.sort_by_key(|way| way.count_ones());
        for way in all {
            let in_way = |k: &usize| way >> k & 1 == 1;
            let tried: BTreeSet<RequestIx> =
                (0..open.len()).filter(in_way).map(|k| open[k]).collect();
            let worth = self.worth(&tried)?;
            // Of equals the later, with no fewer siblings together.
            if best.as_ref().is_none_or(|(b, _)| worth.is_better_than(*b)) {
                best = Some((worth, tried));
            }
        }
        Ok(best.map_or_else(BTreeSet::new, |(_, chosen)| chosen))
    }

    fn one_by_one(&mut self, open: &[RequestIx]) -> Result<BTreeSet<RequestIx>, Error> {
        let mut chosen = BTreeSet::new();
        let mut best = self.worth(&chosen)?;
        for &request in open {
            let mut tried = chosen.clone();
            tried.insert(request);
            let worth = self.worth(&tried)?;
            if worth.is_better_than(best) {
                (chosen, best) = (tried, worth);
            }
        }
        Ok(chosen)
    }

    /// What the best plan comes to where these exceptions are set aside.
    fn worth(&mut self, together: &BTreeSet<RequestIx>) -> Result<Worth, Error> {
        let rules = &self.options.rules;
        let load = Caseload::with_together(self.s, rules, together);
        self.look_at(&load)?;
        let of = |members: &Vec<usize>| self.known.get(members);
        let known: Vec<&Known> = load.groups.iter().filter_map(of).collect();
        let gains = Gains { of_group: known.iter().map(|k| k.gains.clone()).collect() };
        let families = known.iter().map(|k| k.options.clone()).collect();
        let planner = Planner::of_options(self.s, self.screen, &load, families);
        let best = planner.best(&gains, self.options.effort, &Silent);
        let risk: f64 =
            known.iter().zip(&best.chosen).filter_map(|(k, at)| Some(k.risk[(*at)?])).sum();
        let apart = (self.count - together.len()) as f64;
        Ok(Worth { placed: best.placed, cost: risk + apart * rules.siblings.split_price })
    }

    /// Works out the families and risks of the groups that no way made before.
    fn look_at(&mut self, load: &Caseload<'_>) -> Result<(), Error> {
        let new = |members: &&Vec<usize>| !self.known.contains_key(*members);
        let groups: Vec<Vec<usize>> = load.groups.iter().filter(new).cloned().collect();
        if groups.is_empty() {
            return Ok(());
        }
        let part = Caseload { groups, ..load.clone() };
        let sets = choice_sets(self.s, self.screen, &part);
        let predicted = Predicted::new(self.model, self.s, &part, &sets, &Silent)?;
        let gains = predicted.gains(&part, &sets);
        for (g, (members, gains)) in part.groups.iter().zip(gains.of_group).enumerate() {
            let passing = sets[g].families.iter().filter(|f| f.passes());
            let options: Vec<(FamilyIx, u32)> = passing.map(|f| (f.family, f.takes)).collect();
            let n = members.len();
            let last = |at: usize, m: usize| predicted.last(predicted.row(g, n, at, m));
            let risk = (0..options.len())
                .map(|at| (0..n).map(|m| last(at, m).unwrap_or(0.0)).sum())
                .collect();
            self.known.insert(members.clone(), Known { options, gains, risk });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Day, Index};
    use crate::matching::Rules;
    use crate::simulate::{Scenario, simulate};

    #[test]
    fn the_way_that_is_chosen_is_the_best_of_all_each_worked_out_anew() {
        let mut h = simulate(&Scenario::base(), 200, 5).history;
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/example.json");
        let model = Model::read(&path).unwrap();
        let index = Index::new(&h);
        let days = (2021..2024).flat_map(|y| (1..=12).filter_map(move |m| Day::from_ymd(y, m, 1)));
        let open_on = |day: &Day| Situation::new(&h, &index, *day).requests.len();
        let day = days.max_by_key(open_on).unwrap();
        let open = Situation::new(&h, &index, day).requests;
        assert!(open.len() >= 4, "{}", open.len());
        for request in &mut h.requests {
            (request.group, request.keep_siblings) = (None, None);
        }
        // Two pairs; in the second both children have the exception.
        for (k, pair) in open.chunks_exact(2).take(2).enumerate() {
            let group = h.labels.intern(&format!("siblings {k}"));
            let first = [KeepSiblings::Yes, KeepSiblings::SpecialisedCare][k];
            for (r, keep) in pair.iter().zip([first, KeepSiblings::SpecialisedCare]) {
                let request = &mut h.requests[r.at()];
                (request.group, request.keep_siblings) = (Some(group), Some(keep));
            }
        }
        let index = Index::new(&h);
        let s = Situation::new(&h, &index, day);
        for price in [1e-6, 0.02, 10.0] {
            let rules = Rules::parse(&format!("[siblings]\nsplit_price = {price:?}")).unwrap();
            let options = MatchOptions { rules, research: true, ..MatchOptions::new().unwrap() };
            let screen = Screen::new(&options.rules, &h);
            let open = exceptions(&s, &options.rules);
            assert_eq!(open.len(), 3);
            let chosen = together(&model, &s, &screen, &options).unwrap();
            let anew = |way: &BTreeSet<RequestIx>| {
                let (model, known) = (&model, BTreeMap::new());
                let (s, screen, options) = (&s, &screen, &options);
                Ways { model, s, screen, options, count: 3, known }.worth(way).unwrap()
            };
            let found = anew(&chosen);
            for way in 0..8_usize {
                let tried = (0..3).filter(|k| way >> k & 1 == 1).map(|k| open[k]).collect();
                let other = anew(&tried);
                assert!(found.placed >= other.placed - 1e-9, "price {price}, way {way}");
                let as_many = other.placed >= found.placed - 1e-9;
                assert!(!as_many || found.cost <= other.cost + 1e-9, "price {price}, way {way}");
            }
        }
    }
}
