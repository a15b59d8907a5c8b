//! Assigning groups of children, each whole, to families with places: exactly, with proof.
//!
//! The problem is a packing of *bundles*: the sets of groups that one family could take. Its
//! linear relaxation is nearly always integral (the relaxation over pairs is not), so that good
//! dual prices, a small linear program and a short search give an optimum with its proof; where all
//! scores are multiples of one number, prices and a walk over whole choices mostly do. The
//! proof is the Lagrangian bound, which does not depend on the linear program.

mod bundle;
mod count;
mod cuts;
mod exact;
mod incumbent;
mod lp;
mod made_up;
mod master;
mod part;
mod pool;
mod priced;
mod prices;
mod problem;
mod reach;
mod search;
mod tree;
mod walk;
mod worths;

use crate::progress::{Progress, Silent};
use exact::Solved;
use master::scatter;
use part::Part;
pub use problem::{Pair, Problem, ProblemError};
pub(crate) use reach::{bound_at, reach};

/// What one pivot on 500 rows weighs in the budget, against looking at one family.
const PIVOT_WORK: u64 = 20;
/// Steps of listing one family's bundles at most.
const SEARCH_LIMIT: u32 = 200_000;

/// How much work may be done: it counts work, not seconds, so that the answer is always the same.
/// On a laptop some 7 million a second where there are places to spare, and down to 0.2 million a
/// second for thousands of groups with too few places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort(pub u64);

impl Default for Effort {
    /// Nearly every caseload needs less than a hundredth of it; one that needs it all takes minutes,
    /// and where places are scarce for thousands of groups more than an hour.
    fn default() -> Self {
        Self(1_000_000_000)
    }
}

/// The work that is left, and who is told when some is done.
pub(crate) struct Budget<'a> {
    left: u64,
    /// Work that was not told of yet.
    untold: u64,
    progress: &'a dyn Progress,
}

impl Budget<'_> {
    /// A budget of one's own, of which nobody is told; who gave it counts what was taken.
    fn of(left: u64) -> Self {
        Self { left, untold: 0, progress: &Silent }
    }

    fn spend(&mut self, work: u64) {
        self.left = self.left.saturating_sub(work);
        self.untold += work;
        if self.untold >= TELL {
            self.progress.advance(self.untold);
            self.untold = 0;
        }
    }
}

/// So much work lies between two words about progress.
const TELL: u64 = 100_000;

/// What counts as better.
#[derive(Debug, Clone, Copy, Default)]
struct Goal {
    /// Where all scores are multiples of a number, so is every value.
    quantum: Option<f64>,
}

impl Goal {
    /// The least value that is better than `value`.
    fn next(self, value: f64) -> f64 {
        match self.quantum {
            Some(q) => ((value / q + 1e-6).floor() + 1.0 - 1e-6) * q,
            None => value + 1e-9 * value.abs().max(1.0),
        }
    }

    /// Whether nothing better than `value` fits under the bound.
    fn closed(self, bound: f64, value: f64) -> bool {
        bound < self.next(value)
    }

    /// The loss against the bound that is looked at first.
    fn first_loss(self, bound: f64) -> f64 {
        match self.quantum {
            Some(q) => bound - ((bound / q + 1e-6).floor() - 1e-6) * q,
            None => 2e-4 * bound.abs().max(1e-9),
        }
    }

    /// The loss that is looked at next.
    fn more_loss(self, loss: f64) -> f64 {
        match self.quantum {
            Some(q) => loss + q,
            None => 2.5 * loss,
        }
    }
}

/// The answer to a problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// For each group the position of its pair, or none.
    pub chosen: Vec<Option<usize>>,
    /// The sum of the scores of the chosen pairs.
    pub objective: f64,
    /// No choice is worth more. Equal to the objective where it is proven best.
    pub bound: f64,
    /// What each group pays in the relaxation: what its place is worth to others.
    pub group_prices: Vec<f64>,
    /// Work done, as [`Effort`] counts it.
    pub work: u64,
}

impl Solution {
    /// Whether the choice is proven best.
    #[must_use]
    pub fn is_optimal(&self) -> bool {
        self.bound <= self.objective
    }

    /// (bound − objective) / max(1, |objective|).
    #[must_use]
    pub fn gap(&self) -> f64 {
        (self.bound - self.objective) / self.objective.abs().max(1.0)
    }
}

impl Solution {
    /// For each family that some group may go to, what one more place would be worth at the
    /// prices of the relaxation: an upper estimate of the gain, and a dual value, not a promise.
    #[must_use]
    pub fn place_prices(&self, problem: &Problem) -> Vec<(u32, f64)> {
        let mut out = Vec::new();
        let mut packer = bundle::Packer::default();
        let more: Vec<u32> = problem.places().iter().map(|p| p.saturating_add(1)).collect();
        for part in part::split(&problem.with_places(more)) {
            let prices: Vec<f64> =
                part.groups.iter().map(|&g| self.group_prices[g as usize]).collect();
            let mut now = part.clone();
            for (f, &family) in part.families.iter().enumerate() {
                now.places[f] = part.places[f].min(problem.places()[family as usize]);
                let one_more = packer.best(&part, f, &prices);
                let price = (one_more - packer.best(&now, f, &prices)).max(0.0);
                out.push((family, price));
            }
        }
        out.sort_by_key(|(family, _)| *family);
        out
    }
}

/// Solves a problem: to the end, or to the best found with the allowed effort.
///
/// Each connected part of the problem is solved on its own. The same problem and effort give the
/// same answer.
#[must_use]
pub fn solve(problem: &Problem, effort: Effort) -> Solution {
    solve_with_progress(problem, effort, &Silent)
}

/// As [`solve`], telling `progress` of the work that is done; the stage counts the work that is
/// allowed, of which nearly every problem needs a small part.
#[must_use]
pub fn solve_with_progress(problem: &Problem, effort: Effort, progress: &dyn Progress) -> Solution {
    progress.start("assigning (at most)", effort.0);
    let mut budget = Budget { left: effort.0, untold: 0, progress };
    let quantum = quantum(problem);
    let mut solution = Solution {
        chosen: vec![None; problem.groups()],
        objective: 0.0,
        bound: 0.0,
        group_prices: vec![0.0; problem.groups()],
        work: 0,
    };
    for part in part::split(problem) {
        let solved = solve_part(&part, quantum, &mut budget);
        for (g, item) in solved.choice.item.iter().enumerate() {
            let group = part.groups[g] as usize;
            solution.chosen[group] = item.map(|k| part.items[k as usize].pair as usize);
            solution.group_prices[group] = solved.prices[g];
        }
        solution.bound += (solved.bound - solved.choice.value).max(0.0);
    }
    // The sum of nothing is -0 in Rust.
    let scores = solution.chosen.iter().flatten().map(|&k| problem.pairs()[k].score);
    solution.objective = scores.fold(0.0, |a, b| a + b);
    solution.bound += solution.objective;
    solution.work = effort.0 - budget.left;
    progress.finish();
    solution
}

/// Solves a part.
fn solve_part(part: &Part, quantum: Option<f64>, budget: &mut Budget) -> Solved {
    let goal = Goal { quantum };
    match quantum {
        Some(q) => close(count::solve(part, q, budget), goal),
        None => close(exact::solve(part, goal, budget), goal),
    }
}

/// A bound that leaves nothing better is the value itself.
fn close(mut solved: Solved, goal: Goal) -> Solved {
    if goal.closed(solved.bound, solved.choice.value) {
        solved.bound = solved.choice.value;
    }
    solved
}

/// The number of which all scores are multiples, where they are whole numbers or whole numbers of
/// hundredths (weights such as 1.5): only those are looked at.
fn quantum(problem: &Problem) -> Option<f64> {
    [1.0, 2.0, 4.0, 10.0, 100.0].into_iter().find_map(|parts| divisor(problem, parts))
}

/// The largest number of which all scores are multiples, in whole numbers of 1 / `parts`.
fn divisor(problem: &Problem, parts: f64) -> Option<f64> {
    let mut divisor = 0u64;
    for pair in problem.pairs() {
        let score = pair.score.abs() * parts;
        if (score - score.round()).abs() > 1e-12 * score || score > 1e6 {
            return None;
        }
        let (mut a, mut b) = (divisor, score.round() as u64);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        divisor = a;
    }
    (divisor > 0).then_some(divisor as f64 / parts)
}

#[cfg(test)]
mod tests;
