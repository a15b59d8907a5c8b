//! Calibration: the baseline hazards that bring a cohort to its published incidences.
//!
//! The published figures are averages over all placements. Covariates, family effects and helper
//! changes spread the hazards, so the intercepts are solved again: piece by piece of the
//! baseline, the two hazards (breakdown and positive ends) are found that bring the mean of the
//! exact cumulative incidences over a simulated cohort's starts to the targets. Who starts
//! depends on the hazards in turn (a breakdown leads to a next placement), so simulating and
//! solving repeat.

use rayon::prelude::*;

use crate::DAYS_PER_MONTH;

use super::hazard::{Baseline, Chain, EDGES, Rates};
use super::scenario::Scenario;
use super::truth::{Start, rates};

/// Newton steps per piece; a handful suffices.
const STEPS: u32 = 25;
/// Starts that are summed as one, in their order.
const CHUNK: usize = 1024;

/// Solves the baseline of a scenario on cohorts of `children` children: `rounds` times, a cohort
/// is simulated and the intercepts are solved on the placements that start in its window.
///
/// The baseline stays as it was where a target cannot be reached (when coming of age alone gives
/// more positive ends than the target has, say).
///
/// ```
/// use pleegzorg::simulate::{Scenario, calibrate};
/// // With more children and rounds this gives the values that the scenario holds.
/// let solved = calibrate(&Scenario::base(), 300, 1, 1);
/// assert!(solved.breakdown[0] > 0.0);
/// ```
#[must_use]
pub fn calibrate(scenario: &Scenario, children: u32, rounds: u32, seed: u64) -> Baseline {
    let mut scenario = scenario.clone();
    for round in 0..u64::from(rounds) {
        let starts = super::starts(&scenario, children, seed.wrapping_add(round));
        scenario.baseline = halfway(&scenario.baseline, &solve(&scenario, &starts));
    }
    scenario.baseline
}

/// The geometric means of two baselines. Lower hazards make a cohort of fewer repeated
/// placements, on which higher ones are solved, and so on: going half of the way settles it.
fn halfway(a: &Baseline, b: &Baseline) -> Baseline {
    let mut mean = *a;
    for k in 0..mean.breakdown.len() {
        mean.breakdown[k] = (a.breakdown[k] * b.breakdown[k]).sqrt();
        mean.positive[k] = (a.positive[k] * b.positive[k]).sqrt();
    }
    mean
}

/// Solves all pieces on given starts.
fn solve(scenario: &Scenario, starts: &[Start]) -> Baseline {
    let mut baseline = scenario.baseline;
    let mut chains: Vec<Chain> =
        starts.iter().map(|s| Chain::new(&hazards(&baseline, s))).collect();
    for piece in 0..EDGES.len() {
        let target = (scenario.targets.breakdown[piece], scenario.targets.positive[piece]);
        if let Some((b, p)) = solve_piece(&baseline, starts, &chains, piece, target) {
            (baseline.breakdown[piece], baseline.positive[piece]) = (b, p);
        }
        let day = EDGES[piece] * DAYS_PER_MONTH;
        chains.par_iter_mut().zip(starts).for_each(|(chain, s)| {
            chain.until(&hazards(&baseline, s), day);
        });
    }
    // Beyond the last target the hazards stay as they were before it.
    let last = EDGES.len();
    baseline.breakdown[last] = baseline.breakdown[last - 1];
    baseline.positive[last] = baseline.positive[last - 1];
    baseline
}

fn hazards<'a>(baseline: &'a Baseline, start: &Start) -> Rates<'a> {
    rates(baseline, &start.drivers, start.multiplier, start.cap)
}

/// The two hazards of a piece that hit the targets at its end, by Newton's method with finite
/// differences on the log scale.
fn solve_piece(
    baseline: &Baseline,
    starts: &[Start],
    chains: &[Chain],
    piece: usize,
    target: (f64, f64),
) -> Option<(f64, f64)> {
    let miss = |x: [f64; 2]| {
        let mut trial = *baseline;
        (trial.breakdown[piece], trial.positive[piece]) = (x[0].exp(), x[1].exp());
        let (b, p) = mean_at(&trial, starts, chains, EDGES[piece] * DAYS_PER_MONTH);
        [b - target.0, p - target.1]
    };
    let mut x = [baseline.breakdown[piece].ln(), baseline.positive[piece].ln()];
    for _ in 0..STEPS {
        let f = miss(x);
        if f[0].abs().max(f[1].abs()) < 1e-10 {
            return Some((x[0].exp(), x[1].exp()));
        }
        let h = 1e-5;
        let (fb, fp) = (miss([x[0] + h, x[1]]), miss([x[0], x[1] + h]));
        let (a, b) = ((fb[0] - f[0]) / h, (fp[0] - f[0]) / h);
        let (c, d) = ((fb[1] - f[1]) / h, (fp[1] - f[1]) / h);
        let det = a * d - b * c;
        if det.abs() < 1e-14 {
            return None;
        }
        x[0] -= ((d * f[0] - b * f[1]) / det).clamp(-1.0, 1.0);
        x[1] -= ((a * f[1] - c * f[0]) / det).clamp(-1.0, 1.0);
        // No hazard that a placement can have lies outside these bounds.
        if x.iter().any(|v| !(-15.0..=0.5).contains(v)) {
            return None;
        }
    }
    None
}

/// The mean incidences at `day`, from chains that have come some way already.
fn mean_at(baseline: &Baseline, starts: &[Start], chains: &[Chain], day: f64) -> (f64, f64) {
    let sums: Vec<(f64, f64)> = (starts.par_chunks(CHUNK))
        .zip(chains.par_chunks(CHUNK))
        .map(|(starts, chains)| {
            starts.iter().zip(chains).fold((0.0, 0.0), |sum, (s, chain)| {
                let (b, p) = chain.clone().incidence(&hazards(baseline, s), day);
                (sum.0 + b, sum.1 + p)
            })
        })
        .collect();
    let n = starts.len().max(1) as f64;
    let (b, p) = sums.iter().fold((0.0, 0.0), |t, s| (t.0 + s.0, t.1 + s.1));
    (b / n, p / n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::{Level, starts};

    /// The mean of the exact incidences over simulated starts is on target at every horizon, for
    /// every level, with and without family effects: within four standard errors of that mean.
    #[test]
    fn the_scenarios_hit_their_targets() {
        for &level in Level::ALL {
            for scenario in [Scenario::at(level), Scenario::at(level).without_family_effects()] {
                let starts = starts(&scenario, 1500, 77);
                let mut chains: Vec<Chain> =
                    starts.iter().map(|s| Chain::new(&hazards(&scenario.baseline, s))).collect();
                for (k, months) in EDGES.into_iter().enumerate() {
                    let at: Vec<(f64, f64)> = (starts.iter().zip(&mut chains))
                        .map(|(s, chain)| {
                            let rates = hazards(&scenario.baseline, s);
                            chain.incidence(&rates, months * DAYS_PER_MONTH)
                        })
                        .collect();
                    let b: Vec<f64> = at.iter().map(|x| x.0).collect();
                    let p: Vec<f64> = at.iter().map(|x| x.1).collect();
                    on_target(&b, scenario.targets.breakdown[k], level, months);
                    on_target(&p, scenario.targets.positive[k], level, months);
                }
            }
        }
    }

    fn on_target(values: &[f64], target: f64, level: Level, months: f64) {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let z = (mean - target) / (variance / n).sqrt();
        assert!(z.abs() < 4.0, "{level:?}, {months} months: {mean} for {target}, z = {z}");
    }
}
