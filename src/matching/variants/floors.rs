//! Floors: so many children of a category are placed, whatever that costs the others.
//!
//! A floor is a share of the children of the category that could be placed if they came first.
//! It is met by letting them weigh more (a Lagrange multiplier), with the least that suffices; the
//! multiplier also bounds what any plan that meets the floors could place.

use crate::matching::assign::Effort;
use crate::matching::plan::{Best, Gains, Planner};
use crate::matching::rules::Floor;
use crate::progress::Silent;

/// Rounds over all floors, and halvings per floor.
const ROUNDS: usize = 4;
const HALVINGS: usize = 24;

/// What a floor asks and got.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct FloorMet {
    /// Its name in the rules file.
    pub name: String,
    /// Children of the category that ask for a place.
    pub children: u32,
    /// Those that could be placed if they came first.
    pub could: u32,
    /// Those that the floor asks to be placed.
    pub wanted: u32,
    /// Those that the variant places.
    pub placed: u32,
}

/// A plan that meets the floors, where one was found.
pub(crate) struct Floored {
    pub chosen: Vec<Option<usize>>,
    /// No plan that meets the floors places more, weighted by urgency.
    pub bound: f64,
    pub floors: Vec<FloorMet>,
    /// What was left of the effort.
    pub met: bool,
}

/// Makes the plan.
pub(crate) fn floored(
    planner: &Planner<'_>,
    floors: &[Floor],
    gains: &Gains,
    best: &Best,
    effort: Effort,
) -> Floored {
    let mut left = effort;
    // Per floor, the children of each group that it counts.
    let count: Vec<Vec<f64>> = floors.iter().map(|f| members(planner, f)).collect();
    let held = |c: &[f64], plan: &[Option<usize>]| -> f64 {
        c.iter().zip(plan).filter(|(_, at)| at.is_some()).map(|(n, _)| n).sum()
    };
    let mut solve = |score: &dyn Fn(usize) -> f64| {
        // A floor counts only its own; the others are placed where that costs nothing.
        let posed = planner.pose(&|g, _| Some(score(g)).filter(|s| *s > 0.0));
        let (plan, solution) = planner.solve(&posed, &mut left, &Silent);
        (plan, solution.bound)
    };
    let could: Vec<f64> = count.iter().map(|c| held(c, &solve(&|g| c[g]).0)).collect();
    let wanted: Vec<f64> = floors
        .iter()
        .zip(&could)
        .map(|(f, most)| (f.share * most - 1e-9).ceil().max(0.0))
        .collect();
    let mut extra = vec![0.0; floors.len()];
    let mut plan = best.chosen.clone();
    let mut bound = best.placed_bound;
    let largest = planner.weights.iter().copied().fold(1.0, f64::max);
    for _ in 0..ROUNDS {
        let short = |plan: &[Option<usize>]| {
            (0..floors.len()).find(|&k| held(&count[k], plan) < wanted[k] - 1e-9)
        };
        if short(&plan).is_none() {
            break;
        }
        for k in 0..floors.len() {
            if held(&count[k], &plan) >= wanted[k] - 1e-9 {
                continue;
            }
            let (mut low, mut high) = (extra[k], 0.0);
            let mut found: Option<(f64, Vec<Option<usize>>)> = None;
            for step in 0..HALVINGS {
                let at = if found.is_none() {
                    largest * 2f64.powi(step as i32)
                } else {
                    0.5 * (low + high)
                };
                if found.is_some() && high - low < 1e-3 * largest {
                    break;
                }
                let mut value = extra.clone();
                value[k] = at;
                let weigh = |g: usize| {
                    planner.weights[g]
                        + value.iter().zip(&count).map(|(v, c)| v * c[g]).sum::<f64>()
                };
                let (tried, top) = solve(&weigh);
                let owed: f64 = value.iter().zip(&wanted).map(|(v, w)| v * w).sum();
                bound = bound.min(top - owed);
                if held(&count[k], &tried) >= wanted[k] - 1e-9 {
                    high = at;
                    found = Some((at, tried));
                } else {
                    low = at;
                }
            }
            if let Some((at, tried)) = found {
                extra[k] = at;
                plan = tried;
            }
        }
    }
    // Among the plans that weigh as much, the one that gains most.
    let weigh = |g: usize| {
        planner.weights[g] + extra.iter().zip(&count).map(|(v, c)| v * c[g]).sum::<f64>()
    };
    let reached: f64 = (0..plan.len()).filter(|&g| plan[g].is_some()).map(weigh).sum();
    let mut value = 4.0;
    while value < 1e6 {
        let posed = planner.pose(&|g, at| Some(value * weigh(g) + gains.sum(g, at)));
        let (tried, _) = planner.solve(&posed, &mut left, &Silent);
        let same: f64 = (0..tried.len()).filter(|&g| tried[g].is_some()).map(weigh).sum();
        let kept = (0..floors.len()).all(|k| held(&count[k], &tried) >= wanted[k] - 1e-9);
        if same >= reached - 1e-9 && kept {
            plan = tried;
            break;
        }
        value *= 8.0;
    }
    let floors = floors.iter().enumerate().map(|(k, f)| FloorMet {
        name: f.name.clone(),
        children: count[k].iter().sum::<f64>() as u32,
        could: could[k] as u32,
        wanted: wanted[k] as u32,
        placed: held(&count[k], &plan) as u32,
    });
    let floors: Vec<FloorMet> = floors.collect();
    let met = floors.iter().all(|f| f.placed >= f.wanted);
    let bound = bound.max(if met { planner.placed(&plan) } else { 0.0 });
    Floored { chosen: plan, bound, floors, met }
}

/// The children of each group that a floor counts.
fn members(planner: &Planner<'_>, floor: &Floor) -> Vec<f64> {
    let h = planner.s.history;
    let need = floor.need.as_deref().map(|n| h.labels.find(n));
    let of = |members: &Vec<usize>| {
        let large = floor.min_siblings.is_none_or(|n| members.len() >= n);
        let counts = |&&k: &&usize| {
            let ask = &planner.load.asks[k];
            let old = floor.min_age.is_none_or(|a| ask.age >= a);
            let young = floor.max_age.is_none_or(|a| ask.age.floor() <= a);
            let needs =
                need.is_none_or(|n| n.is_some_and(|n| h.child(ask.child).needs.contains(&n)));
            large && old && young && needs
        };
        members.iter().filter(counts).count() as f64
    };
    planner.load.groups.iter().map(of).collect()
}
