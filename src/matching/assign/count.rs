//! Parts whose scores are all multiples of one number, such as the count of children placed.
//!
//! Equal scores make the relaxation degenerate: walking along its many optima takes longer than
//! all else. But values lie a whole step apart, so that a bound from prices alone, rounded down,
//! is mostly met by a choice that a walk finds; nothing else is then needed.

use super::bundle::Packer;
use super::exact::{self, Solved};
use super::incumbent::{Choice, from_prices, improve};
use super::part::Part;
use super::prices;
use super::walk::{Pace, walk};
use super::{Budget, Goal, scatter};

/// Below so many groups the search among bundles is as quick.
const FEW: usize = 30;
/// Steps of a walk per group, and walks at most.
const STEPS: u64 = 12_000;
const WALKS: u64 = 6;
/// What a step may lose on average, in steps of value: at the start of a walk and in its end; walks
/// take turns.
const HEAT: [(f64, f64); 2] = [(0.2, 0.1), (0.15, 0.1)];

/// Solves a part all of whose scores are multiples of `q`.
pub(super) fn solve(part: &Part, q: f64, budget: &mut Budget<'_>) -> Solved {
    let goal = Goal { quantum: Some(q) };
    let mut packer = Packer::default();
    let mut choice = Choice::empty(part);
    improve(part, &mut packer, &mut choice);
    let mut found = prices::find(part, &mut packer, choice.value);
    budget.spend(found.work);
    let read = from_prices(part, &mut packer, &found.prices);
    if read.value > choice.value {
        choice = read;
    }
    let walks = if part.groups.len() < FEW { 0 } else { WALKS };
    for seed in 0..walks {
        if goal.closed(found.bound, choice.value) || budget.left == 0 {
            break;
        }
        let steps = (STEPS * part.groups.len() as u64).min(budget.left);
        let enough = (goal.next(found.bound) - q).min(found.bound);
        let (from, to) = HEAT[seed as usize % HEAT.len()];
        let heat = (from * q, to * q);
        let walked = walk(part, &mut choice, Pace { steps, heat, enough, seed });
        budget.spend(walked);
        if seed == 0 && !goal.closed(found.bound, choice.value) {
            let work = prices::press(part, &mut packer, &mut found, goal.next(choice.value));
            budget.spend(work);
        }
    }
    if goal.closed(found.bound, choice.value) || budget.left == 0 {
        let bound = rounded(found.bound, q).max(choice.value);
        return Solved { bound, choice, prices: found.prices };
    }
    among_bundles(part, q, choice, found.bound, budget)
}

/// The search among bundles, the scores spread apart by less than one step of value in all.
fn among_bundles(
    part: &Part,
    q: f64,
    choice: Choice,
    bound: f64,
    budget: &mut Budget<'_>,
) -> Solved {
    let goal = Goal { quantum: Some(q) };
    let mut spread = part.clone();
    let room = 0.4 * q / part.groups.len() as f64;
    for item in &mut spread.items {
        item.score += room * scatter(u64::from(item.pair));
    }
    let mut solved = exact::solve(&spread, goal, budget);
    solved.choice.total(part);
    if solved.choice.value < choice.value {
        solved.choice = choice;
    }
    solved.bound = rounded(solved.bound.min(bound), q).max(solved.choice.value);
    solved
}

/// The largest multiple of q that is no more than a bound.
fn rounded(bound: f64, q: f64) -> f64 {
    (bound / q + 1e-6).floor() * q
}
