//! Risk sets and hazards at every event time, from the sums of r over groups.
//!
//! S0 runs backwards over the groups, the hazard forwards. Every chunk first says what it adds, then
//! all chunks are filled at once, each from what those after (or before) it add.

use rayon::prelude::*;

use super::layout::{Chunk, Layout};
use super::pass::{Pass, split};

/// What one event time with several deaths contributes under Efron's approximation, with c the
/// deaths' mean weight and S0ₖ = S0 − (k/d)·S0_deaths, summed over k = 0 … d − 1.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tied {
    /// Σ c (1 − k/d) / S0ₖ: the hazard that the deaths themselves are exposed to.
    pub(crate) own: f64,
    /// Σ c / S0ₖ², Σ c (k/d) / S0ₖ², Σ c (k/d)² / S0ₖ².
    pub(crate) a: f64,
    pub(crate) b: f64,
    pub(crate) c: f64,
    /// Σ 1 / S0ₖ / d and Σ (k/d) / S0ₖ / d: the mean of the covariate means.
    pub(crate) mean: f64,
    pub(crate) mean_deaths: f64,
}

impl Tied {
    /// Of deaths with these r and this weight in all, where the risk set has S0: also the hazard's
    /// increment Σ c/S0ₖ, and Σ c ln S0ₖ.
    pub(crate) fn average(deaths: &[f64], weight: f64, s0: f64) -> (Self, f64, f64) {
        let d = deaths.len() as f64;
        let own: f64 = deaths.iter().sum();
        let c = weight / d;
        let (mut t, mut increment, mut ln) = (Self::default(), 0.0, 0.0);
        for k in 0..deaths.len() {
            let f = k as f64 / d;
            let at = s0 - f * own;
            let inverse = 1.0 / at;
            increment += c * inverse;
            t.own += c * (1.0 - f) * inverse;
            let square = c * inverse * inverse;
            t.a += square;
            t.b += square * f;
            t.c += square * f * f;
            t.mean += inverse / d;
            t.mean_deaths += f * inverse / d;
            ln += c * at.ln();
        }
        (t, increment, ln)
    }

    /// Counts the deaths `g` times.
    pub(super) fn tilt(&mut self, g: f64) {
        self.own *= g;
        self.a *= g;
        self.b *= g;
        self.c *= g;
    }
}

/// A sum in twice the working precision (Knuth 1969, error-free addition): rows that leave a risk
/// set must not leave noise behind.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Twofold {
    high: f64,
    low: f64,
}

impl Twofold {
    pub(crate) fn add(&mut self, v: f64) {
        let sum = self.high + v;
        let back = sum - self.high;
        self.low += (self.high - (sum - back)) + (v - back);
        self.high = sum;
    }

    pub(crate) fn value(self) -> f64 {
        self.high + self.low
    }

    pub(crate) fn plus(mut self, other: Self) -> Self {
        self.add(other.high);
        self.low += other.low;
        self
    }
}

/// What a chunk adds to a running sum, and whether a stratum ends within it.
struct Added<T> {
    sum: T,
    closes: bool,
}

impl Pass<'_, '_> {
    /// Turns the sums over groups in `s0` into sums over risk sets, and fills `increment`,
    /// `cumulative` and `tied`; returns Σ w ln S0 over the deaths, where asked.
    pub(super) fn hazards(&mut self, logarithms: bool) -> f64 {
        let (layout, efron) = (self.layout, self.efron);
        let chunks = &layout.chunks;
        let slots = || chunks.iter().map(|c| c.slots.len());
        self.leaving();
        let (r, group, leave) = (&self.r, &self.s0, &self.increment);
        let added: Vec<Added<Twofold>> =
            chunks.par_iter().map(|c| at_risk(layout, c, group, leave)).collect();
        let mut carry = Twofold::default();
        let mut carries = vec![carry; chunks.len()];
        for (to, added) in carries.iter_mut().zip(&added).rev() {
            *to = carry;
            carry = if added.closes { added.sum } else { carry.plus(added.sum) };
        }
        let ties = chunks.iter().map(|c| if efron { c.tied.len() } else { 0 });
        let s0 = split(&mut self.s0, slots());
        let increment = split(&mut self.increment, slots());
        let tied = split(&mut self.tied, ties);
        let jobs: Vec<_> = chunks.iter().zip(carries).zip(s0).zip(increment).zip(tied).collect();
        let one = |((((chunk, carry), s0), increment), tied)| {
            Chunked { layout, chunk, r, s0, increment, tied, efron }.fill(carry, logarithms)
        };
        let logs: Vec<f64> = jobs.into_par_iter().map(one).collect();
        self.accumulate();
        logs.into_iter().sum()
    }

    /// Fills `increment`, for the time being, with the sums of r over those who enter at a slot.
    fn leaving(&mut self) {
        let Some(leaving) = &self.layout.leaving else { return };
        let chunks = &self.layout.chunks;
        let parts = split(&mut self.increment, chunks.iter().map(|c| c.slots.len()));
        let r = &self.r;
        let jobs: Vec<_> = chunks.iter().zip(parts).collect();
        jobs.into_par_iter().for_each(|(chunk, sums)| {
            for (sum, j) in sums.iter_mut().zip(chunk.slots.clone()) {
                *sum = leaving.at(j).iter().map(|&k| r[k as usize]).sum();
            }
        });
    }

    /// Fills `cumulative` from `increment`.
    pub(super) fn accumulate(&mut self) {
        let (layout, increment) = (self.layout, self.increment.as_slice());
        let chunks = &layout.chunks;
        let added: Vec<Added<f64>> = chunks
            .par_iter()
            .map(|c| {
                let mut part = Added { sum: 0.0, closes: false };
                for j in c.slots.clone() {
                    if layout.deaths[j] == 0 {
                        part = Added { sum: 0.0, closes: true };
                    } else {
                        part.sum += increment[j];
                    }
                }
                part
            })
            .collect();
        let mut carry = 0.0;
        let mut jobs = Vec::with_capacity(chunks.len());
        let parts = split(&mut self.cumulative, chunks.iter().map(|c| c.slots.len()));
        for ((chunk, added), cumulative) in chunks.iter().zip(&added).zip(parts) {
            jobs.push((chunk, carry, cumulative));
            carry = if added.closes { added.sum } else { carry + added.sum };
        }
        jobs.into_par_iter().for_each(|(chunk, carry, cumulative)| {
            let mut h = carry;
            for (to, j) in cumulative.iter_mut().zip(chunk.slots.clone()) {
                *to = h;
                h = if layout.deaths[j] == 0 { 0.0 } else { h + increment[j] };
            }
        });
    }
}

/// What a chunk adds to the risk sets before it.
fn at_risk(layout: &Layout, chunk: &Chunk, group: &[f64], leave: &[f64]) -> Added<Twofold> {
    let mut part = Added { sum: Twofold::default(), closes: false };
    // What lies after the chunk's first stratum boundary does not matter to those before it.
    let end = chunk.slots.clone().find(|&j| layout.deaths[j] == 0);
    part.closes = end.is_some();
    let slots = chunk.slots.start..end.unwrap_or(chunk.slots.end);
    if layout.leaving.is_none() {
        part.sum.add(group[slots].iter().sum());
        return part;
    }
    for (group, leave) in group[slots.clone()].iter().zip(&leave[slots]) {
        part.sum.add(*group);
        part.sum.add(-leave);
    }
    part
}

/// The slots of one chunk.
struct Chunked<'w, 'a> {
    layout: &'w Layout<'a>,
    chunk: &'w Chunk,
    r: &'w [f64],
    s0: &'w mut [f64],
    increment: &'w mut [f64],
    tied: &'w mut [Tied],
    efron: bool,
}

impl Chunked<'_, '_> {
    fn fill(self, carry: Twofold, logarithms: bool) -> f64 {
        let Self { layout, chunk, r, s0, increment, tied, efron } = self;
        let mut at = carry;
        let mut sum_ln = 0.0;
        let mut tie = if efron { chunk.tied.end } else { chunk.tied.start };
        for j in chunk.slots.clone().rev() {
            let k = j - chunk.slots.start;
            if layout.deaths[j] == 0 {
                at = Twofold::default();
                s0[k] = 0.0;
                increment[k] = 0.0;
                continue;
            }
            at.add(s0[k]);
            let total = at.value();
            // What `increment` holds until it is filled.
            let leaves = if layout.leaving.is_some() { increment[k] } else { 0.0 };
            s0[k] = total;
            if tie > chunk.tied.start && layout.tied[tie - 1] as usize == j {
                tie -= 1;
                let deaths = &r[layout.dying(j)];
                let (t, own, ln) = Tied::average(deaths, layout.death_weight(j), total);
                tied[tie - chunk.tied.start] = t;
                increment[k] = own;
                sum_ln += ln;
            } else {
                let weight = layout.death_weight(j);
                increment[k] = weight / total;
                if logarithms {
                    sum_ln += weight * total.ln();
                }
            }
            at.add(-leaves);
        }
        sum_ln
    }
}
