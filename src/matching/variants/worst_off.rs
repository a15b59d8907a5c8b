//! Worst-off first: among the plans that place the most, the one whose worst-off group is best
//! off; among those, the one whose next group is; and so on (the leximin order).
//!
//! A group counts as its worst-off child, and a group without a place does not count: who gets a
//! place is settled by urgency alone. Each level is found by asking whether all could be better
//! off than the worst now; where they cannot, those who must be there are settled there. The prices
//! that show it for one level mostly show it for the next as well.

use super::rest::Rest;
use crate::matching::assign::{Effort, bound_at, reach};
use crate::matching::plan::{Best, Gains, Planner, Posed};
use crate::progress::Silent;

/// Groups of a caseload at most; beyond it the order is not worked out.
pub(crate) const MOST_GROUPS: usize = 300;
/// Levels at which who must be there stays open; each multiplies the numbers of the objective.
const OPEN_LEVELS: usize = 2;
/// Work per group that is spent on seeing that not all can be placed, before the whole question is
/// asked.
const LOOK: u64 = 900;
/// Work per group that is spent on one question. A level whose question is still open then is taken
/// as it is, and the order is no longer proven.
const QUESTION: u64 = 10_000;
/// How much less those far above a level count than those near it.
const STEEP: f64 = 20.0;

/// The plan, per group the position of its family among those that pass, and whether it is
/// proven to be the best in this order.
#[derive(Debug, Clone)]
pub(crate) struct WorstOff {
    pub chosen: Vec<Option<usize>>,
    pub exact: bool,
}

/// What the search knows so far.
struct Search<'a> {
    planner: &'a Planner<'a>,
    gains: &'a Gains,
    /// The worst gain of each group in each of its families.
    worth: Vec<Vec<f64>>,
    /// Groups that are settled at a level.
    settled: Vec<Option<f64>>,
    /// Levels that `.1` groups must be at, where it is open which.
    open: Vec<(f64, usize)>,
    wanted: f64,
    left: Effort,
    /// Work for one question.
    question: u64,
    /// What a level counted for when a place last outweighed all gains.
    level_value: f64,
    /// Prices per group, in weights of placing, that last showed that not all can be placed.
    prices: Vec<f64>,
}

/// What is asked: a plan in which all who are not settled are above a level.
#[derive(Debug, Clone, Copy)]
struct Question {
    above: f64,
    /// A level that they may be at as well.
    at: Option<f64>,
    /// A group that may not be at a level.
    without: Option<(usize, f64)>,
}

/// What asking for a plan gave.
enum Asked {
    Plan(Vec<Option<usize>>),
    None,
    /// The effort or the precision ran out.
    Unknown,
}

/// Makes the plan, starting from the one with the largest sum. `None` beyond [`MOST_GROUPS`].
pub(crate) fn worst_off(
    planner: &Planner<'_>,
    gains: &Gains,
    best: &Best,
    effort: Effort,
) -> Option<WorstOff> {
    worst_off_within(planner, gains, best, effort, QUESTION)
}

/// As [`worst_off`], with so much work per group for one question.
pub(super) fn worst_off_within(
    planner: &Planner<'_>,
    gains: &Gains,
    best: &Best,
    effort: Effort,
    question: u64,
) -> Option<WorstOff> {
    if planner.options.len() > MOST_GROUPS {
        return None;
    }
    let worth = gains
        .of_group
        .iter()
        .map(|at| at.iter().map(|m| m.iter().copied().fold(f64::INFINITY, f64::min)).collect())
        .collect();
    let n = planner.options.len();
    let mut search = Search {
        planner,
        gains,
        worth,
        settled: vec![None; n],
        open: Vec::new(),
        wanted: best.placed,
        left: effort,
        question: question * n as u64,
        level_value: 0.0,
        prices: vec![0.0; n],
    };
    let (chosen, exact) = search.run(best.chosen.clone());
    Some(WorstOff { chosen, exact: exact && best.proven })
}

impl Search<'_> {
    fn run(&mut self, mut plan: Vec<Option<usize>>) -> (Vec<Option<usize>>, bool) {
        let mut exact = true;
        while let Some(level) = self.lowest(&plan) {
            match self.ask(level, None) {
                Asked::Plan(better) => plan = better,
                Asked::Unknown => {
                    if self.left.0 == 0 {
                        return (plan, false);
                    }
                    self.settle_as(level, &plan);
                    exact = false;
                }
                Asked::None => {
                    let (next, sure) = self.settle(level, plan);
                    plan = next;
                    exact &= sure;
                }
            }
        }
        // What is left to choose decides by the sum.
        match self.ask(f64::INFINITY, None) {
            Asked::Plan(last) => (last, exact),
            _ => (plan, exact),
        }
    }

    fn is_open(&self, worth: f64) -> bool {
        self.open.iter().any(|&(level, _)| level == worth)
    }

    /// The lowest level of a plan that is neither settled nor open.
    fn lowest(&self, plan: &[Option<usize>]) -> Option<f64> {
        let of = |(g, at): (usize, &Option<usize>)| {
            let worth = self.worth[g][(*at)?];
            (self.settled[g].is_none() && !self.is_open(worth)).then_some(worth)
        };
        plan.iter().enumerate().filter_map(of).min_by(f64::total_cmp)
    }

    /// Whether a pair may be chosen.
    fn allowed(&self, g: usize, k: usize, asked: Question) -> bool {
        let worth = self.worth[g][k];
        match self.settled[g] {
            _ if asked.without == Some((g, worth)) => false,
            Some(level) => worth == level,
            None => worth > asked.above || self.is_open(worth) || asked.at == Some(worth),
        }
    }

    /// A plan that places the most, with no more than known at the open levels, and all who are
    /// not settled above a level.
    fn ask(&mut self, above: f64, without: Option<(usize, f64)>) -> Asked {
        let open = self.open.clone();
        self.best_of(Question { above, at: None, without }, &open).0
    }

    /// As [`Search::ask`], where the level itself is allowed as well, by as few as can be.
    fn fewest(&mut self, level: f64) -> Option<Vec<Option<usize>>> {
        let mut open = self.open.clone();
        open.push((level, usize::MAX));
        let asked = Question { above: level, at: Some(level), without: None };
        match self.best_of(asked, &open) {
            (Asked::Plan(plan), true) => Some(plan),
            _ => None,
        }
    }

    /// Settles a level that somebody must be at: who must be there is settled there; where that is
    /// open, how many.
    fn settle(&mut self, level: f64, plan: Vec<Option<usize>>) -> (Vec<Option<usize>>, bool) {
        let could: Vec<usize> = (0..self.worth.len())
            .filter(|&g| self.settled[g].is_none() && self.worth[g].contains(&level))
            .collect();
        if let [only] = could[..] {
            self.settled[only] = Some(level);
            return (plan, true);
        }
        let Some(plan) = self.fewest(level) else {
            self.settle_as(level, &plan);
            return (plan, false);
        };
        let there = |g: &usize| plan[*g].is_some_and(|at| self.worth[*g][at] == level);
        let found: Vec<usize> = could.iter().copied().filter(there).collect();
        self.open.push((level, found.len()));
        if found.len() == could.len() {
            self.open.pop();
            self.settle_as(level, &plan);
            return (plan, true);
        }
        // Who is at this level in every plan that is as good so far?
        let mut must = Vec::new();
        for &g in &found {
            match self.ask(level, Some((g, level))) {
                Asked::Plan(_) => {}
                Asked::None => must.push(g),
                Asked::Unknown => {
                    self.open.pop();
                    self.settle_as(level, &plan);
                    return (plan, false);
                }
            }
        }
        let all = must.len() == found.len();
        if all || self.open.len() > OPEN_LEVELS {
            self.open.pop();
            self.settle_as(level, &plan);
        }
        let sure = all || self.is_open(level);
        (plan, sure)
    }

    /// Settles those at a level who are there in a plan.
    fn settle_as(&mut self, level: f64, plan: &[Option<usize>]) {
        for (g, at) in plan.iter().enumerate() {
            let here = at.is_some_and(|k| self.worth[g][k] == level);
            if here && self.settled[g].is_none() {
                self.settled[g] = Some(level);
            }
        }
    }

    /// The plan that places the most; at that, has the fewest at each open level in their order;
    /// at that, the largest sum. Says whether this is proven.
    fn best_of(&mut self, asked: Question, open: &[(f64, usize)]) -> (Asked, bool) {
        let rest = self.rest();
        let wanted = self.wanted - rest.placed;
        match self.full(&rest, asked) {
            Asked::None => return (Asked::None, true),
            Asked::Plan(plan) if open.is_empty() && asked.above.is_finite() => {
                return (Asked::Plan(plan), false);
            }
            _ => {}
        }
        let lowest = self.gains.of_group.iter().flatten().map(|m| m.iter().sum::<f64>());
        let low = lowest.fold(0.0, f64::min);
        let spread = self.spread();
        let lightest = self.planner.weights.iter().copied().fold(1.0, f64::min);
        // A place outweighs a level, a level those after it, and the last level the sum.
        let factor = (self.worth.len() + 1) as f64;
        let mut level_value = 2.0 * spread;
        if open.is_empty() {
            level_value = level_value.max(self.level_value);
        }
        loop {
            let price = |worth: f64| {
                let k = open.iter().position(|&(level, _)| level == worth)?;
                Some(level_value * factor.powi((open.len() - 1 - k) as i32))
            };
            let place = 2.0 * level_value * factor.powi(open.len() as i32) / lightest;
            let posed = self.planner.pose_in(rest.places.clone(), &|g, k| {
                (rest.may(g, k) && self.allowed(g, k, asked)).then(|| {
                    let fine =
                        if self.settled[g].is_some() { None } else { price(self.worth[g][k]) };
                    place * self.planner.weights[g] - fine.unwrap_or(0.0)
                        + (self.gains.sum(g, k) - low)
                })
            });
            let given = self.left.0.min(self.question);
            let mut effort = Effort(given);
            let (plan, solution) = self.planner.solve(&posed, &mut effort, &Silent);
            self.left = Effort(self.left.0 - (given - effort.0.min(given)));
            let plan = rest.add(plan);
            let count = |level: f64| {
                let here = |(g, at): (usize, &Option<usize>)| {
                    self.settled[g].is_none() && at.is_some_and(|k| self.worth[g][k] == level)
                };
                plan.iter().enumerate().filter(|&x| here(x)).count()
            };
            let placed = self.planner.placed(&plan) >= self.wanted - 1e-9;
            if placed && open.iter().all(|&(level, most)| count(level) <= most) {
                return (Asked::Plan(plan), solution.is_optimal());
            }
            // Were there such a plan, it would be worth at least so much.
            let fines: f64 = open
                .iter()
                .map(|&(level, most)| {
                    price(level).unwrap_or(0.0) * most.min(self.worth.len()) as f64
                })
                .sum();
            let least = place * wanted - fines;
            if solution.bound < least - 1e-9 * least.abs() {
                return (Asked::None, true);
            }
            if effort.0 == 0 || level_value > 1e4 * spread {
                return (Asked::Unknown, false);
            }
            level_value *= 4.0;
            if open.is_empty() {
                self.level_value = level_value;
            }
        }
    }

    /// Looks at placing alone. That not all can be placed is seen most quickly: from prices of a
    /// question before, or by asking for no more than that. [`Asked::Unknown`] where it takes long.
    fn full(&mut self, rest: &Rest, asked: Question) -> Asked {
        let wanted = self.wanted - rest.placed;
        let least = wanted - 1e-9 * wanted.max(1.0);
        let posed = self.planner.pose_in(rest.places.clone(), &|g, k| {
            (rest.may(g, k) && self.allowed(g, k, asked)).then(|| self.planner.weights[g])
        });
        if bound_at(&posed.problem, &self.prices) < least {
            return Asked::None;
        }
        let liked = self.liked(&posed, asked.above);
        let effort = self.left.0.min(self.question).min(LOOK * self.worth.len() as u64);
        let Some(found) = reach(&posed.problem, &liked, Effort(effort)) else {
            return Asked::Unknown;
        };
        self.left = Effort(self.left.0.saturating_sub(found.work));
        self.prices = found.prices;
        if found.bound < least {
            return Asked::None;
        }
        if found.value < least {
            return Asked::Unknown;
        }
        Asked::Plan(rest.add(found.chosen.iter().map(|k| k.map(|k| posed.at[k].1)).collect()))
    }

    /// What is liked among plans that are all above a level: that few are near it, so that the plan
    /// is near the one that is sought and few levels have to be climbed.
    fn liked(&self, posed: &Posed, above: f64) -> Vec<f64> {
        let top = self.worth.iter().flatten().copied().fold(above, f64::max);
        let like = |&(g, k): &(usize, usize)| {
            let share = (self.worth[g][k] - above) / (top - above);
            match self.settled[g] {
                None if share >= 0.0 => (1.0 - (-STEEP * share).exp() + 0.5 * share) / 1.5,
                None => 0.0,
                Some(_) => 1.0,
            }
        };
        posed.at.iter().map(like).collect()
    }

    /// What is left where those settled with one family only have their place: every plan that is
    /// asked for has them there.
    fn rest(&self) -> Rest {
        let fixed = |(g, settled): (usize, &Option<f64>)| {
            let mut at = (0..self.worth[g].len()).filter(|&k| Some(self.worth[g][k]) == *settled);
            at.next().filter(|_| at.next().is_none())
        };
        Rest::new(self.planner, self.settled.iter().enumerate().map(fixed).collect())
    }

    /// What the gains of a whole plan can differ by.
    fn spread(&self) -> f64 {
        let sums = |at: &Vec<Vec<f64>>| {
            let sums = at.iter().map(|m| m.iter().sum::<f64>());
            sums.fold((0.0_f64, 0.0_f64), |(l, h), x| (l.min(x), h.max(x)))
        };
        let ends: Vec<(f64, f64)> = self.gains.of_group.iter().map(sums).collect();
        let low = ends.iter().map(|e| e.0).fold(0.0, f64::min);
        let widest = ends.iter().map(|e| e.1 - low).fold(0.0, f64::max);
        // One place changes hands along a short chain, so that a few times the widest will do;
        // where it does not, it is multiplied.
        (2.0 * widest).max(0.1)
    }
}
