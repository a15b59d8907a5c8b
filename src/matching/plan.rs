//! The plan for the caseload: most children placed first, then the largest gain in stability.

use std::collections::BTreeMap;

use super::ask::Caseload;
use super::assign::{Effort, Pair, Problem, Solution, solve_with_progress};
use super::choice::{ChoiceSet, clashes};
use super::result::{AssignedPair, Assignment, ShadowPrice, Stage, Status};
use super::rules::{RuleName, Rules};
use super::screen::Screen;
use super::situation::Situation;
use super::split::{Split, Way, cheapest, solve_ways};
use super::unplaced::Chosen;
use crate::history::{ChildIx, FamilyIx};
use crate::progress::Progress;

/// The share of what a place mostly counts for, with which plans among ways begin.
const LITTLE: f64 = 0.1;

/// The gain of each member of a group in each family that may take the group: the member's mean
/// risk over those families minus its risk there.
#[derive(Debug, Clone)]
pub(super) struct Gains {
    /// Per group: per family that passes, in the order of the choice set, one gain per member.
    pub of_group: Vec<Vec<Vec<f64>>>,
}

impl Gains {
    /// The gain of a group in its `at`-th passing family: the sum over its members.
    pub fn sum(&self, group: usize, at: usize) -> f64 {
        self.of_group[group][at].iter().sum()
    }
}

/// All that a plan is made from, but for the gains.
pub(super) struct Planner<'a> {
    pub s: &'a Situation<'a>,
    pub load: &'a Caseload<'a>,
    pub sets: &'a [ChoiceSet],
    /// What placing a group weighs: the sum of its members' urgency weights.
    pub weights: Vec<f64>,
    /// Per group, the families that may take it and the places it takes there.
    pub options: Vec<Vec<(FamilyIx, u32)>>,
    /// Places free, by family.
    pub places: Vec<u32>,
    /// Groups that may not share a family.
    pub conflicts: Vec<(u32, u32)>,
    /// Sets of siblings with the ways to place them, where that is still open: what is placed of
    /// a set is then all of one way, whose cost is taken off the gain.
    pub ways: Vec<Vec<Way>>,
}

/// A problem, and for each of its pairs the group and the position among its passing families.
pub(super) struct Posed {
    pub problem: Problem,
    pub at: Vec<(usize, usize)>,
}

/// A choice of families for the groups, with what is proven of it.
#[derive(Debug, Clone)]
pub(super) struct Best {
    /// Per group, the position of its family among those that pass.
    pub chosen: Vec<Option<usize>>,
    /// Children placed, weighted by urgency.
    pub placed: f64,
    /// No plan places more.
    pub placed_bound: f64,
    /// The sum of the gains.
    pub gain: f64,
    /// No plan that places as much gains more.
    pub gain_bound: f64,
    /// Proven best in both.
    pub proven: bool,
    /// What a place counted for in the last problem, and its solution.
    place_value: f64,
    solution: Solution,
}

impl<'a> Planner<'a> {
    pub fn new(
        s: &'a Situation<'a>,
        screen: &Screen<'_>,
        load: &'a Caseload<'a>,
        sets: &'a [ChoiceSet],
    ) -> Self {
        let options = sets
            .iter()
            .map(|set| {
                let passing = set.families().filter(|f| f.passes());
                passing.map(|f| (f.family, f.takes)).collect()
            })
            .collect();
        Self { sets, ..Self::of_options(s, screen, load, options) }
    }

    /// As [`Planner::new`], from the families that may take each group; it cannot say why a group
    /// has no place.
    pub fn of_options(
        s: &'a Situation<'a>,
        screen: &Screen<'_>,
        load: &'a Caseload<'a>,
        options: Vec<Vec<(FamilyIx, u32)>>,
    ) -> Self {
        Self {
            s,
            load,
            sets: &[],
            weights: weights(load, screen.rules()),
            options,
            places: s.families.iter().map(|f| screen.free(f)).collect(),
            conflicts: conflicts(s, screen, load),
            ways: Vec::new(),
        }
    }

    /// The problem whose pairs are worth `score(group, position)`; `None` leaves a pair out.
    pub fn pose(&self, score: &dyn Fn(usize, usize) -> Option<f64>) -> Posed {
        self.pose_in(self.places.clone(), score)
    }

    /// As [`Planner::pose`], with the places that are left of each family.
    pub fn pose_in(&self, left: Vec<u32>, score: &dyn Fn(usize, usize) -> Option<f64>) -> Posed {
        let (mut pairs, mut places) = (Vec::new(), Vec::new());
        for (g, options) in self.options.iter().enumerate() {
            for (at, &(family, takes)) in options.iter().enumerate() {
                if let Some(score) = score(g, at) {
                    pairs.push(Pair { group: g as u32, family: family.0, takes, score });
                    places.push((g, at));
                }
            }
        }
        let groups = self.options.len();
        // Families are distinct within a set and scores finite: risks are probabilities.
        let made = Problem::new(groups, left, pairs, self.conflicts.clone());
        match made {
            Ok(problem) => Posed { problem, at: places },
            Err(_) => Posed { problem: empty(groups, self.places.len()), at: Vec::new() },
        }
    }

    /// Children placed by a choice, weighted by urgency.
    pub fn placed(&self, chosen: &[Option<usize>]) -> f64 {
        chosen.iter().zip(&self.weights).filter(|(c, _)| c.is_some()).map(|(_, w)| w).sum()
    }

    /// What a choice gains, less what its ways to place siblings cost.
    pub fn gain(&self, chosen: &[Option<usize>], gains: &Gains) -> f64 {
        let of = |(g, at): (usize, &Option<usize>)| at.map_or(0.0, |at| gains.sum(g, at));
        let cost = |ways: &Vec<Way>| cheapest(ways, chosen).map_or(0.0, |w| ways[w].cost);
        chosen.iter().enumerate().map(of).sum::<f64>() - self.ways.iter().map(cost).sum::<f64>()
    }

    /// Solves a posed problem; the choice is by position among the families that pass.
    pub fn solve(
        &self,
        posed: &Posed,
        left: &mut Effort,
        progress: &dyn Progress,
    ) -> (Vec<Option<usize>>, Solution) {
        self.solve_with(posed, &self.ways, left, progress)
    }

    fn solve_with(
        &self,
        posed: &Posed,
        ways: &[Vec<Way>],
        left: &mut Effort,
        progress: &dyn Progress,
    ) -> (Vec<Option<usize>>, Solution) {
        let solution = if ways.is_empty() {
            solve_with_progress(&posed.problem, *left, progress)
        } else {
            solve_ways(&posed.problem, ways, *left, progress)
        };
        *left = Effort(left.0.saturating_sub(solution.work));
        let chosen = solution.chosen.iter().map(|k| k.map(|k| posed.at[k].1)).collect();
        (chosen, solution)
    }

    /// The most children placed, weighted by urgency: the choice, its bound, whether proven.
    pub fn most_placed(
        &self,
        left: &mut Effort,
        progress: &dyn Progress,
    ) -> (Vec<Option<usize>>, f64) {
        let free = |ways: &Vec<Way>| ways.iter().map(Way::for_nothing).collect();
        let ways: Vec<Vec<Way>> = self.ways.iter().map(free).collect();
        let posed = self.pose(&|g, _| Some(self.weights[g]));
        let (chosen, solution) = self.solve_with(&posed, &ways, left, progress);
        let bound = solution.bound.max(self.placed(&chosen));
        (chosen, bound)
    }

    /// The most children placed, then the largest gain.
    pub fn best(&self, gains: &Gains, effort: Effort, progress: &dyn Progress) -> Best {
        let mut left = effort;
        let (most, bound) = self.most_placed(&mut left, progress);
        self.best_from(gains, &most, bound, left, progress)
    }

    /// As [`Planner::best`], where the most that can be placed is known: in one objective a place
    /// counts for so much that gains cannot buy one, so that a choice that places as many is best
    /// among those that do.
    pub fn best_from(
        &self,
        gains: &Gains,
        most: &[Option<usize>],
        placed_bound: f64,
        mut left: Effort,
        progress: &dyn Progress,
    ) -> Best {
        let wanted = self.placed(most);
        let lightest = self.weights.iter().copied().fold(1.0, f64::min);
        let mut place_value = 2.0 * range(gains).max(0.1) / lightest;
        // Whatever a place counts for, a plan that places as many as wanted is the best of those.
        // With ways to place siblings large numbers hide the gains: it begins with little.
        let more = if self.ways.is_empty() { 4.0 } else { 2.0 };
        if !self.ways.is_empty() {
            place_value *= LITTLE;
        }
        let (second, solution) = loop {
            let both = self.pose(&|g, at| Some(place_value * self.weights[g] + gains.sum(g, at)));
            let (chosen, solution) = self.solve(&both, &mut left, progress);
            if self.placed(&chosen) >= wanted - 1e-9 || place_value > 1e6 || left.0 == 0 {
                break (chosen, solution);
            }
            place_value *= more;
        };
        // Where the effort ran out the first stage may place more: placing comes first.
        let chosen = if self.placed(&second) >= wanted - 1e-9 { second } else { most.to_vec() };
        let placed = self.placed(&chosen);
        let gain = self.gain(&chosen, gains);
        // No plan that places as much gains more than what the joint bound leaves.
        let gain_bound = (solution.bound - place_value * placed).max(gain);
        let proven = placed_bound <= placed + 1e-9 && solution.is_optimal();
        let gain_bound = if proven { gain } else { gain_bound };
        let placed_bound = placed_bound.max(placed);
        Best { chosen, placed, placed_bound, gain, gain_bound, proven, place_value, solution }
    }

    /// As [`Planner::best`], where the best of all ways to place siblings, of which this is one,
    /// is known: what is proven of all ways is then said.
    pub fn best_of_way(
        &self,
        gains: &Gains,
        split: &Split,
        effort: Effort,
        progress: &dyn Progress,
    ) -> Best {
        let known = split.chosen.as_slice();
        let mut best = self.best_from(gains, known, split.placed_bound, effort, progress);
        if best.gain < self.gain(known, gains) - 1e-9 {
            best.chosen = known.to_vec();
            best.placed = self.placed(known);
            best.gain = self.gain(known, gains);
        }
        best.proven = split.proven && best.gain - split.cost >= split.gain_bound - 1e-9;
        best.placed_bound = if best.proven { best.placed } else { split.placed_bound };
        let bound = (split.gain_bound + split.cost).max(best.gain);
        best.gain_bound = if best.proven { best.gain } else { bound };
        best
    }

    /// A choice in the shape of the answer.
    pub fn assignment(&self, best: &Best, gains: &Gains) -> Assignment {
        let told = Chosen { planner: self, gains, chosen: &best.chosen };
        let pairs = told.pairs();
        let (objective, bound) = (best.gain, best.gain_bound);
        Assignment {
            status: if best.proven { Status::Optimal } else { Status::Feasible },
            objective,
            bound,
            gap: (bound - objective) / objective.abs().max(1.0),
            pairs,
            unplaced: told.unplaced(),
            splits: None,
            stages: vec![
                Stage { name: "placed".into(), objective: best.placed, bound: best.placed_bound },
                Stage { name: "gain".into(), objective, bound },
            ],
        }
    }

    /// The pairs of a choice, by request.
    pub fn pairs(&self, chosen: &[Option<usize>], gains: &Gains) -> Vec<AssignedPair> {
        Chosen { planner: self, gains, chosen }.pairs()
    }

    /// What one more place in each family would be worth at the prices of the relaxation: the
    /// worth of its best bundle with one more place, less that of its best bundle now.
    pub fn shadow_prices(&self, best: &Best, gains: &Gains) -> Vec<ShadowPrice> {
        let value = best.place_value;
        let posed = self.pose(&|g, at| Some(value * self.weights[g] + gains.sum(g, at)));
        let mut out: Vec<ShadowPrice> = best
            .solution
            .place_prices(&posed.problem)
            .into_iter()
            .map(|(f, price)| ShadowPrice { family: self.family(FamilyIx(f)), price })
            .collect();
        out.sort_by(|a, b| a.family.cmp(&b.family));
        out
    }

    /// A family's id.
    pub fn family(&self, family: FamilyIx) -> String {
        self.s.history.family(family).id.to_string()
    }

    /// The ids of the requests of a group.
    pub fn requests(&self, group: usize) -> Vec<String> {
        let of = |&k: &usize| self.load.asks[k].request.id.to_string();
        self.load.groups[group].iter().map(of).collect()
    }
}

/// What placing a group weighs: the sum of its members' urgency weights.
fn weights(load: &Caseload<'_>, rules: &Rules) -> Vec<f64> {
    load.groups
        .iter()
        .map(|m| m.iter().map(|&k| rules.urgency.weight(load.asks[k].request.urgency)).sum())
        .collect()
}

/// The largest difference in gain between two families of one group.
fn range(gains: &Gains) -> f64 {
    gains
        .of_group
        .iter()
        .map(|families| {
            let sums = families.iter().map(|m| m.iter().sum::<f64>());
            let (low, high) =
                sums.fold((0.0_f64, 0.0_f64), |(low, high), x| (low.min(x), high.max(x)));
            high - low
        })
        .fold(0.0, f64::max)
}

fn empty(groups: usize, families: usize) -> Problem {
    match Problem::new(groups, vec![0; families], Vec::new(), Vec::new()) {
        Ok(problem) => problem,
        Err(error) => unreachable!("a problem without pairs is valid: {error}"),
    }
}

/// Groups that may not share a family: by a coded conflict between children, or by needs that do
/// not go together.
fn conflicts(s: &Situation<'_>, screen: &Screen<'_>, load: &Caseload<'_>) -> Vec<(u32, u32)> {
    let ask_of: BTreeMap<ChildIx, usize> =
        load.asks.iter().enumerate().map(|(k, a)| (a.child, k)).collect();
    // A request may be in several pieces of a set of siblings.
    let mut groups_of = vec![Vec::new(); load.asks.len()];
    for (g, members) in load.groups.iter().enumerate() {
        members.iter().for_each(|&m| groups_of[m].push(g as u32));
    }
    let mut out = Vec::new();
    let mut apart = |a: usize, b: usize| {
        for &g in &groups_of[a] {
            let others = groups_of[b].iter().filter(|&&other| other != g);
            out.extend(others.map(|&other| (g.min(other), g.max(other))));
        }
    };
    for (k, ask) in load.asks.iter().enumerate() {
        for (other, _) in &ask.not_with {
            if let Some(&other) = ask_of.get(other).filter(|&&other| other != k) {
                apart(k, other);
            }
        }
    }
    if !screen.rules().combination.is_empty()
        && screen.rules().used(RuleName::OtherChildren).is_some()
    {
        for (k, a) in load.asks.iter().enumerate() {
            for (other, b) in load.asks[..k].iter().enumerate() {
                if clashes(s, screen, a, b) {
                    apart(k, other);
                }
            }
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}
