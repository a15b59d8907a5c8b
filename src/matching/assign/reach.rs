//! Whether a value can be reached, rather than which choice is best: quicker where the answer is no.

use super::bundle::{Packer, bound};
use super::exact;
use super::part::{Part, split};
use super::problem::Problem;
use super::{Budget, Effort, Goal, quantum};

/// What preferences count for together, as a share of one step of value.
const PREFERENCE: f64 = 0.4;

/// How much can be reached.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    /// For each group the position of its pair, or none.
    pub chosen: Vec<Option<usize>>,
    /// What the choice is worth.
    pub value: f64,
    /// No choice is worth more.
    pub bound: f64,
    /// What each group pays in the relaxation.
    pub prices: Vec<f64>,
    /// Work done.
    pub work: u64,
}

/// The largest value, where all scores are multiples of one number: work ends when nothing a whole
/// step better is left. Among choices of the same value those are likely that have more of `liked`
/// (per pair, from 0 to 1), though not the most. `None` where scores are not multiples of a number.
pub(crate) fn reach(problem: &Problem, liked: &[f64], effort: Effort) -> Option<Reach> {
    let q = quantum(problem)?;
    let goal = Goal { quantum: Some(q) };
    let mut budget = Budget::of(effort.0);
    let groups = problem.groups();
    let mut out = Reach {
        chosen: vec![None; groups],
        value: 0.0,
        bound: 0.0,
        prices: vec![0.0; groups],
        work: 0,
    };
    let room = PREFERENCE * q / groups.max(1) as f64;
    for mut part in split(problem) {
        for item in &mut part.items {
            item.score += room * liked.get(item.pair as usize).map_or(0.0, |l| l.clamp(0.0, 1.0));
        }
        let solved = exact::solve(&part, goal, &mut budget);
        let closed = goal.closed(solved.bound, solved.choice.value);
        let top = if closed { solved.choice.value } else { solved.bound };
        // Without the preferences, which together are less than a step.
        out.bound += (top / q + 1e-6).floor() * q;
        for (g, item) in solved.choice.item.iter().enumerate() {
            let group = part.groups[g] as usize;
            out.chosen[group] = item.map(|k| part.items[k as usize].pair as usize);
            out.prices[group] = solved.prices[g];
        }
    }
    out.value = out.chosen.iter().flatten().map(|&k| problem.pairs()[k].score).sum();
    out.bound = out.bound.max(out.value);
    out.work = effort.0 - budget.left;
    Some(out)
}

/// What no choice is worth more than, read off prices per group without solving anything.
pub(crate) fn bound_at(problem: &Problem, prices: &[f64]) -> f64 {
    let mut packer = Packer::default();
    let of = |part: Part| {
        let price = |&g: &u32| prices.get(g as usize).map_or(0.0, |p| p.max(0.0));
        let prices: Vec<f64> = part.groups.iter().map(price).collect();
        bound(&part, &prices, &mut packer)
    };
    split(problem).into_iter().map(of).sum()
}
