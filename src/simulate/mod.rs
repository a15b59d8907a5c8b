//! Synthetic histories whose true risks are known.
//!
//! A [`Scenario`] says what is simulated; [`simulate`] makes the history of so many children and,
//! for every placement in a foster family, the true probability of breakdown, with the family
//! that was chosen and with feasible ones that were not. The hazards, their calibration to
//! published incidences, and the effects with their sources are in this room: [`EFFECTS`] is the
//! one table of true effects.
//!
//! The true risks use the family's own multiplier (where family effects are on), and what is
//! known at the start; a change of helper during the placement raises the hazard too, and its
//! chance is counted in. No simulated child is a real one.
//!
//! ```
//! use pleegzorg::simulate::{Scenario, simulate};
//! let a = simulate(&Scenario::base(), 40, 7);
//! assert_eq!(a.history.children.len(), 40);
//! assert!(a.truth.iter().all(|t| (0.0..=1.0).contains(&t.risk)));
//! ```

mod assemble;
mod calibrate;
mod child;
mod choice;
mod course;
mod draw;
mod effects;
mod events;
mod family;
mod ground;
mod hazard;
mod placing;
mod region;
mod requests;
mod rows;
mod scenario;
mod scores;
mod truth;
mod write;

use rayon::prelude::*;

use crate::history::{FamilyIx, History, StayIx};
use crate::progress::{Progress, Silent};

pub use calibrate::calibrate;
pub use effects::{Drivers, EFFECTS, Effect, HELPER_CHANGE_DURING, linear_predictors};
pub use hazard::{Baseline, EDGES, PIECES};
pub use scenario::{FamilyEffects, Frailty, Level, Scenario, Targets};
pub use truth::{HORIZONS, true_risks};
pub use write::{may_write, study, write, write_with_progress};

use ground::Ground;
use region::{Finished, Region};
use truth::Start;

/// Children per region, about. A region is simulated by one thread.
const REGION: u32 = 500;

/// A simulated history and its truth.
#[derive(Debug, Clone)]
pub struct Simulation {
    /// The history, as a folder would hold it.
    pub history: History,
    /// The true risks. Never part of the history.
    pub truth: Vec<Truth>,
}

/// The true risk of breakdown of a stay, had the child gone to a family.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Truth {
    /// The stay with which the placement began.
    pub stay: StayIx,
    /// The family: the chosen one, or a feasible one that was not chosen.
    pub family: FamilyIx,
    /// The horizon in days after the start.
    pub horizon: f64,
    /// The probability of breakdown within it, competing ends counted.
    pub risk: f64,
}

/// Simulates the history of exactly `children` children. The same scenario, number and seed give
/// the same history, whatever the number of threads.
#[must_use]
pub fn simulate(scenario: &Scenario, children: u32, seed: u64) -> Simulation {
    simulate_with_progress(scenario, children, seed, &Silent)
}

/// As [`simulate`], telling `progress` of the children that are done.
#[must_use]
pub fn simulate_with_progress(
    scenario: &Scenario,
    children: u32,
    seed: u64,
    progress: &dyn Progress,
) -> Simulation {
    let (ground, finished) = run(scenario, children, seed, progress);
    assemble::assemble(scenario, ground, finished)
}

/// Simulates all regions.
fn run(
    scenario: &Scenario,
    children: u32,
    seed: u64,
    progress: &dyn Progress,
) -> (Ground, Vec<Finished>) {
    let regions = children.div_ceil(REGION).max(1);
    let ground = Ground::new(scenario, regions as usize, seed);
    progress.start("simulating", u64::from(children));
    let finished = (0..regions)
        .into_par_iter()
        .map(|r| {
            let size = children / regions + u32::from(r < children % regions);
            let done = Region::run(scenario, &ground, r as usize, size, seed);
            progress.advance(u64::from(size));
            done
        })
        .collect();
    progress.finish();
    (ground, finished)
}

/// What bore on the placements that began within the window, region by region.
fn starts(scenario: &Scenario, children: u32, seed: u64) -> Vec<Start> {
    let (_, finished) = run(scenario, children, seed, &Silent);
    let mut starts = Vec::new();
    for Finished { records, .. } in finished {
        let from = scenario.window.start;
        starts.extend(records.starts.iter().filter(|s| records.stays[s.stay.at()].start >= from));
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_history() {
        let a = simulate(&Scenario::base(), 1100, 3);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let b = pool.install(|| simulate(&Scenario::base(), 1100, 3));
        assert_eq!(a.history.children.len(), 1100);
        assert_eq!(a.history.stays, b.history.stays);
        assert_eq!(a.history.assessments, b.history.assessments);
        assert_eq!(a.truth, b.truth);
        assert_ne!(a.truth, simulate(&Scenario::base(), 1100, 4).truth);
    }

    #[test]
    fn the_smallest_cohorts_and_odd_scenarios_are_no_trouble() {
        for children in [0, 1, 2, 7] {
            let made = simulate(&Scenario::high(), children, 9).history;
            assert_eq!(made.children.len(), children as usize);
        }
        let mut odd = Scenario::base();
        (odd.alternatives, odd.request_years) = (0, 40);
        odd.family_effects =
            Some(FamilyEffects { family: Frailty::Lognormal(3.0), provider_sd: 2.0 });
        assert_eq!(simulate(&odd, 30, 1).history.children.len(), 30);
        // A window that ends before it starts holds nobody's placement.
        std::mem::swap(&mut odd.window.start, &mut odd.window.end);
        assert!(simulate(&odd, 30, 1).history.children.len() < 30);
    }

    #[test]
    fn hazards_out_of_all_range_give_a_probability_or_none() {
        let simulation = starts(&Scenario::base(), 50, 1);
        let baseline = Scenario::base().baseline;
        let drivers = simulation[0].drivers;
        let certain = true_risks(&baseline, &Drivers { age: 1e6, ..drivers }, 1.0, 4000);
        assert!(certain.is_some_and(|r| r.iter().all(|p| (0.4..=1.0).contains(p))));
        assert_eq!(true_risks(&baseline, &Drivers { age: f64::NAN, ..drivers }, 1.0, 4000), None);
        assert_eq!(true_risks(&baseline, &drivers, f64::INFINITY, 4000), None);
        let gone = true_risks(&baseline, &drivers, 1.0, -5);
        assert_eq!(gone, Some([0.0; HORIZONS.len()]));
    }
}
