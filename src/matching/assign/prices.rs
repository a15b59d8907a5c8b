//! Prices per group that make the Lagrangian bound small.
//!
//! With places to spare, coordinate descent finds them; where children outnumber places it
//! stalls, and a subgradient method with momentum does the work first.

use rayon::prelude::*;

use super::bundle::{Packer, bound};
use super::part::Part;
use super::worths::Worths;

/// Sweeps of coordinate descent at most.
const SWEEPS: usize = 5;
/// Shares of the best score, or of the largest score per place, that are tried at first.
const SHARES: [f64; 6] = [0.0, 0.2, 0.4, 0.6, 0.75, 0.9];
/// Steps of the subgradient method.
const STEPS: usize = 600;

/// Prices, the bound that they give, and the work done (1 per family looked at).
#[derive(Debug, Clone)]
pub(super) struct Prices {
    pub prices: Vec<f64>,
    pub bound: f64,
    pub work: u64,
}

/// Good prices for a part. `enough` is an objective already reached: work stops once the bound
/// meets it.
pub(super) fn find(part: &Part, packer: &mut Packer, enough: f64) -> Prices {
    let mut best = start(part);
    descend(part, packer, &mut best);
    let tight = 4e-3 * best.bound.abs().max(f64::MIN_POSITIVE);
    let read = super::incumbent::from_prices(part, packer, &best.prices);
    if best.bound - enough.max(read.value) <= tight {
        return best;
    }
    let mut steps = start(part);
    subgradient(part, packer, &mut steps, STEPS, f64::NEG_INFINITY);
    descend(part, packer, &mut steps);
    steps.work += best.work;
    if steps.bound < best.bound { steps } else { Prices { work: steps.work, ..best } }
}

/// The best of a few simple prices: a share of each group's best score, or so much per place.
fn start(part: &Part) -> Prices {
    let top: Vec<f64> = (0..part.groups.len())
        .map(|g| part.of_group(g).iter().map(|&k| part.items[k as usize].score).fold(0.0, f64::max))
        .collect();
    let size: Vec<f64> = (0..part.groups.len())
        .map(|g| {
            let takes = part.of_group(g).iter().map(|&k| part.items[k as usize].takes);
            f64::from(takes.max().unwrap_or(0))
        })
        .collect();
    let per_place =
        top.iter().zip(&size).map(|(t, s)| if *s > 0.0 { t / s } else { 0.0 }).fold(0.0, f64::max);
    let of_share = |k: usize| -> Vec<f64> {
        let share = SHARES[k / 2];
        match k % 2 {
            0 => top.iter().map(|t| share * t).collect(),
            _ => size.iter().map(|s| share * per_place * s).collect(),
        }
    };
    let work = (2 * SHARES.len() * part.families.len()) as u64;
    let bounds: Vec<f64> = (0..2 * SHARES.len())
        .into_par_iter()
        .map_init(Packer::default, |packer, k| bound(part, &of_share(k), packer))
        .collect();
    // Of equals the first.
    let best = (1..bounds.len()).fold(0, |b, k| if bounds[k] < bounds[b] { k } else { b });
    Prices { prices: of_share(best), bound: bounds[best], work }
}

/// Coordinate descent: along one group's price the bound is flat between the thresholds of the
/// two families that want it most; the price goes midway. Only groups near a change are visited
/// again.
fn descend(part: &Part, packer: &mut Packer, at: &mut Prices) {
    let n = part.groups.len();
    let mut prices = at.prices.clone();
    let mut worths = Worths::new(part, &prices);
    let mut active = vec![true; n];
    let scale = prices.iter().fold(0.0_f64, |a, &b| a.max(b)).max(f64::MIN_POSITIVE);
    for _ in 0..SWEEPS {
        let mut moved = false;
        for g in 0..n {
            if !std::mem::replace(&mut active[g], false) {
                continue;
            }
            let (mut first, mut second) = (0.0_f64, 0.0_f64);
            for &k in part.of_group(g) {
                let t = worths.threshold(part, k as usize, &prices, packer);
                at.work += 1;
                if t > first {
                    (first, second) = (t, first);
                } else if t > second {
                    second = t;
                }
            }
            let new = 0.5 * (first + second);
            if (new - prices[g]).abs() > 1e-7 * scale {
                prices[g] = new;
                worths.set(part, g, new);
                moved = true;
                for &k in part.of_group(g) {
                    let f = part.items[k as usize].family as usize;
                    for i in part.of_family(f) {
                        let other = part.items[i].group as usize;
                        active[other] |= other != g;
                    }
                }
            }
        }
        if !moved {
            break;
        }
    }
    let value = bound(part, &prices, packer);
    at.work += part.families.len() as u64;
    if value < at.bound {
        (at.prices, at.bound) = (prices, value);
    }
}

/// Steps of the subgradient method where only the bound is left to be brought down.
const PRESSED: usize = 6000;

/// Brings the bound down further by a longer walk of the subgradient method, until it is below
/// `enough`. Gives the work done.
pub(super) fn press(part: &Part, packer: &mut Packer, at: &mut Prices, enough: f64) -> u64 {
    let before = at.work;
    let mut steps = start(part);
    subgradient(part, packer, &mut steps, PRESSED, enough);
    let work = steps.work;
    if steps.bound < at.bound {
        *at = steps;
    }
    at.work = before + work;
    work
}

/// Momentum subgradient: the direction is 0.8 of the old one and 0.2 of the new subgradient (one
/// minus the families that take the group), the steps fall geometrically. Ends where the bound is
/// below `enough`.
fn subgradient(part: &Part, packer: &mut Packer, at: &mut Prices, steps: usize, enough: f64) {
    let n = part.groups.len();
    let mut prices = at.prices.clone();
    let mut direction = vec![0.0; n];
    let mut slope = vec![0.0; n];
    let scale = part.items.iter().map(|i| i.score).fold(0.0, f64::max);
    let (from, to) = (0.2 * scale, 1e-4 * scale);
    for step in 0..steps {
        slope.fill(1.0);
        let mut value: f64 = prices.iter().sum();
        for f in 0..part.families.len() {
            value += packer.best(part, f, &prices);
            for &k in &packer.chosen {
                slope[part.items[k as usize].group as usize] -= 1.0;
            }
        }
        at.work += part.families.len() as u64;
        if value < at.bound {
            at.bound = value;
            at.prices.copy_from_slice(&prices);
        }
        let length = from * (to / from).powf(step as f64 / (steps - 1) as f64);
        let mut flat = true;
        for g in 0..n {
            let s = if prices[g] <= 0.0 && slope[g] > 0.0 { 0.0 } else { slope[g] };
            flat &= s == 0.0;
            direction[g] = 0.8 * direction[g] + 0.2 * s;
            prices[g] = (prices[g] - length * direction[g]).max(0.0);
        }
        if flat || at.bound < enough {
            break;
        }
    }
    at.bound = bound(part, &at.prices, packer);
}
