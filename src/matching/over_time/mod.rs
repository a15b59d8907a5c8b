//! Over time: a history or a made-up stream of requests lived again under several policies,
//! against what no policy could have exceeded in hindsight.
//!
//! What counts is stable placements *and* waiting: waiting harms, so each day of it costs. Stays
//! last as long in one family as in another here, and families answer at once; both are
//! simplifications, and so the figures compare policies and do not forecast.

mod from_history;
mod policy;
mod price;
mod stream;
mod text;

use rayon::prelude::*;

pub use from_history::from_history;
pub use policy::{Policy, Terms};
pub use stream::{Arrival, Home, Stream, StreamError};

use crate::{Error, ErrorKind};

/// What a policy came to.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct PolicyResult {
    /// The policy.
    pub policy: Policy,
    /// Children placed.
    pub placed: u64,
    /// Children who left without a place.
    pub unplaced: u64,
    /// Placements that are expected to be stable: the sum of the chances.
    pub stable: f64,
    /// The chance of stability of a placement, on average.
    pub stable_share: Option<f64>,
    /// Days waited: the mean over children placed.
    pub waiting_mean: Option<f64>,
    /// Days that nine of ten children placed waited at most.
    pub waiting_p90: Option<i32>,
    /// The same mean, of the most urgent.
    pub waiting_urgent: Option<f64>,
    /// Stable placements less the cost of waiting; a child without a place waits to the end.
    pub value: f64,
    /// The value as a share of what no policy can exceed.
    pub of_hindsight: Option<f64>,
}

/// What came of a replay.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct OverTime {
    /// The version of this contract.
    pub schema: u32,
    /// Days of the stream.
    pub days: i32,
    /// Requests (of children who are placed together).
    pub requests: usize,
    /// Children.
    pub children: u64,
    /// Families.
    pub families: usize,
    /// What a day of waiting costs, in stable placements.
    pub daily_cost: f64,
    /// Days after which a request leaves.
    pub patience: i32,
    /// No policy is worth more, even one that knew all beforehand: a bound, which may be beyond
    /// what can be reached.
    pub hindsight_bound: f64,
    /// The policies.
    pub policies: Vec<PolicyResult>,
}

/// Lives a stream under every policy.
///
/// # Errors
/// [`ErrorKind::Usage`] where the numbers cannot be a stream or terms.
pub fn replay(stream: &Stream, terms: Terms) -> Result<OverTime, Error> {
    stream.check().map_err(|e| Error::new(ErrorKind::Usage, e.to_string()))?;
    let cost = terms.daily_cost.is_finite() && terms.daily_cost >= 0.0;
    let days = (1..=3650).contains(&terms.patience) && terms.batch_days >= 1;
    if !(cost && days) {
        let what = "the cost of a day must be a number from 0, the patience 1 to 3650 days, the days \
                    between batches 1 or more";
        return Err(Error::new(ErrorKind::Usage, what));
    }
    let fates: Vec<Vec<policy::Fate>> =
        Policy::ALL.par_iter().map(|&p| policy::run(stream, p, terms)).collect();
    let mut policies: Vec<PolicyResult> =
        Policy::ALL.iter().zip(&fates).map(|(&p, f)| result(stream, terms, p, f)).collect();
    // The value counts from nobody placed and everybody waiting; the bound from there as well.
    let nothing = lost(stream, terms);
    let best = policies.iter().map(|p| p.value + nothing).fold(0.0, f64::max);
    let hindsight_bound = price::hindsight(stream, terms, best) - nothing;
    let bound = hindsight_bound + nothing;
    for p in &mut policies {
        p.of_hindsight = (bound > 0.0).then(|| (p.value + nothing) / bound);
    }
    Ok(OverTime {
        schema: 1,
        days: stream.days,
        requests: stream.arrivals.len(),
        children: stream.arrivals.iter().map(|a| u64::from(a.children)).sum(),
        families: stream.homes.len(),
        daily_cost: terms.daily_cost,
        patience: terms.patience,
        hindsight_bound,
        policies,
    })
}

/// What it costs when everybody waits to the end.
fn lost(stream: &Stream, terms: Terms) -> f64 {
    let children: f64 = stream.arrivals.iter().map(|a| f64::from(a.children)).sum();
    children * terms.daily_cost * f64::from(terms.patience)
}

fn result(stream: &Stream, terms: Terms, policy: Policy, fates: &[policy::Fate]) -> PolicyResult {
    let (mut placed, mut unplaced, mut stable, mut cost) = (0u64, 0u64, 0.0, 0.0);
    let mut waits: Vec<i32> = Vec::new();
    let (mut urgent_days, mut urgent) = (0.0, 0.0);
    for (a, fate) in stream.arrivals.iter().zip(fates) {
        let n = f64::from(a.children);
        match fate {
            Some((_, chance, waited)) => {
                placed += u64::from(a.children);
                stable += n * chance;
                cost += n * terms.daily_cost * f64::from(*waited);
                waits.extend((0..a.children).map(|_| *waited));
                if a.weight >= 4.0 {
                    urgent_days += n * f64::from(*waited);
                    urgent += n;
                }
            }
            None => {
                unplaced += u64::from(a.children);
                cost += n * terms.daily_cost * f64::from(terms.patience);
            }
        }
    }
    waits.sort_unstable();
    let n = placed as f64;
    let some = |x: f64| (placed > 0).then_some(x);
    let at = (9 * waits.len()).div_ceil(10).saturating_sub(1);
    PolicyResult {
        policy,
        placed,
        unplaced,
        stable,
        stable_share: some(stable / n),
        waiting_mean: some(waits.iter().map(|&w| f64::from(w)).sum::<f64>() / n),
        waiting_p90: waits.get(at).copied(),
        waiting_urgent: (urgent > 0.0).then(|| urgent_days / urgent),
        value: stable - cost,
        of_hindsight: None,
    }
}

#[cfg(test)]
mod tests;
