//! One evaluation of the partial likelihood, in two scans: forwards over those who ended otherwise
//! and stay in the risk set, backwards over those still there (Kawaguchi et al. 2021).
//!
//! With r = w·exp(η), the risk set at t has S0(t) = Σ_{entry < t ≤ exit} r + a(t) Σ_{exit < t,
//! ended otherwise} r/a(exit). A row is exposed to D = r·(H(exit) − H(entry)) and, where it ended
//! otherwise, to r/a(exit)·∫_{t > exit} a dH more. The slope is X′(δw − D), and the curvature X′DX
//! less the squares of the risk sets' weighted means.

use ndarray::{Array1, Array2};
use rayon::prelude::*;

use super::layout::Layout;
use crate::survival::columns::{BLOCK, TILE};
use crate::survival::cox::gram::{add_gram, dot};

/// Linear predictors further than this from 0 (their centre) are taken as divergence.
const FURTHEST: f64 = 300.0;

/// What a time with several deaths contributes under Efron's approximation, with c the deaths'
/// mean weight, f = k/d and S0ₖ = S0 − f·S0_deaths, summed over k = 0 … d − 1.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tied {
    /// Σ c (1 − f) / S0ₖ: what the deaths themselves are exposed to.
    pub(super) own: f64,
    /// Σ c / S0ₖ², Σ c f / S0ₖ², Σ c f² / S0ₖ².
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) c: f64,
    /// Σ 1 / (d S0ₖ) and Σ f / (d S0ₖ): the mean of the covariate means.
    pub(super) mean: f64,
    pub(super) mean_deaths: f64,
}

/// The state of a fit at one β.
#[derive(Debug, Clone)]
pub(super) struct Pass<'l, 'a> {
    pub(super) layout: &'l Layout<'a>,
    pub(super) efron: bool,
    /// By position: w·exp(η).
    pub(super) r: Vec<f64>,
    /// By slot: S0, the hazard's increment, the hazard up to and with the slot, and ∫ a dH over
    /// the slots after it.
    pub(super) s0: Vec<f64>,
    pub(super) increment: Vec<f64>,
    pub(super) cumulative: Vec<f64>,
    pub(super) after: Vec<f64>,
    /// Beside `layout.tied`; empty for Breslow.
    pub(super) tied: Vec<Tied>,
}

impl<'l, 'a> Pass<'l, 'a> {
    pub(super) fn new(layout: &'l Layout<'a>, efron: bool) -> Self {
        let slots = layout.time.len();
        Self {
            layout,
            efron,
            r: vec![0.0; layout.row.len()],
            s0: vec![0.0; slots],
            increment: vec![0.0; slots],
            cumulative: vec![0.0; slots],
            after: vec![0.0; slots],
            tied: if efron { vec![Tied::default(); layout.tied.len()] } else { Vec::new() },
        }
    }

    /// Evaluates hazards at β (of centred and scaled columns) and returns the log likelihood;
    /// `None` where it cannot be computed.
    pub(super) fn evaluate(&mut self, beta: &Array1<f64>) -> Option<f64> {
        let layout = self.layout;
        let parts: Vec<Option<f64>> = self
            .r
            .par_chunks_mut(BLOCK)
            .enumerate()
            .map(|(b, r)| risks(layout, b * BLOCK, beta, r))
            .collect();
        let events: Option<f64> = parts.into_iter().sum();
        let loglik = events? - self.hazards();
        loglik.is_finite().then_some(loglik)
    }

    /// Fills everything by slot; returns Σ w ln S0 over the deaths.
    fn hazards(&mut self) -> f64 {
        let layout = self.layout;
        let n = layout.n();
        self.s0.fill(0.0);
        self.after.fill(0.0);
        for ((r, ahead), &slot) in self.r[..n].iter().zip(&layout.ahead).zip(&layout.slot) {
            self.s0[slot as usize] += r;
            self.after[slot as usize] += r * ahead;
        }
        for s in &layout.strata {
            // Backwards: who is still there, in twice the precision, so that rows which enter late
            // leave no noise. Forwards: who has ended otherwise.
            let mut present = Twofold::default();
            for j in s.slots.clone().rev() {
                present.add(self.s0[j]);
                for &k in layout.entering(j) {
                    present.add(-self.r[k as usize]);
                }
                self.s0[j] = present.value();
            }
            let mut gone = self.after[s.slots.start];
            for j in s.slots.clone().skip(1) {
                self.s0[j] += layout.reach[j] * gone;
                gone += self.after[j];
            }
        }
        let mut sum_ln = self.increments();
        if self.efron {
            for at in 0..layout.tied.len() {
                sum_ln += self.average(at);
            }
        }
        let (increment, cumulative, after) =
            (&self.increment, &mut self.cumulative, &mut self.after);
        let forwards = || {
            for s in &layout.strata {
                let mut hazard = 0.0;
                for j in s.slots.clone().skip(1) {
                    hazard += increment[j];
                    cumulative[j] = hazard;
                }
            }
        };
        let backwards = || {
            for s in &layout.strata {
                let mut sum = 0.0;
                for j in s.slots.clone().rev() {
                    after[j] = sum;
                    sum += layout.reach[j] * increment[j];
                }
            }
        };
        rayon::join(forwards, backwards);
        sum_ln
    }

    /// Fills the increments of slots without Efron's terms; returns what their S0 add to the
    /// logarithm.
    fn increments(&mut self) -> f64 {
        /// Slots that are handled together.
        const PART: usize = 8192;
        let (layout, s0, efron) = (self.layout, &self.s0, self.efron);
        let one = |(k, increments): (usize, &mut [f64])| -> f64 {
            let mut sum_ln = 0.0;
            for (j, increment) in (k * PART..).zip(increments) {
                if layout.opens[j] || (efron && layout.deaths[j] > 1) {
                    continue;
                }
                let (total, weight) = (s0[j], layout.death_weight[j]);
                *increment = weight / total;
                sum_ln += weight * total.ln();
            }
            sum_ln
        };
        let parts: Vec<f64> = self.increment.par_chunks_mut(PART).enumerate().map(one).collect();
        parts.into_iter().sum()
    }

    /// Efron's terms at a slot with several deaths; what its S0 adds to the logarithm.
    fn average(&mut self, at: usize) -> f64 {
        let layout = self.layout;
        let j = layout.tied[at] as usize;
        let (total, weight, d) = (self.s0[j], layout.death_weight[j], layout.deaths[j] as usize);
        let begin = layout.first[j] as usize;
        let deaths: f64 = self.r[begin..begin + d].iter().sum();
        let c = weight / d as f64;
        let (mut t, mut increment, mut ln) = (Tied::default(), 0.0, 0.0);
        for k in 0..d {
            let f = k as f64 / d as f64;
            let at = total - f * deaths;
            let inverse = 1.0 / at;
            increment += c * inverse;
            t.own += c * (1.0 - f) * inverse;
            let square = c * inverse * inverse;
            t.a += square;
            t.b += square * f;
            t.c += square * f * f;
            t.mean += inverse / d as f64;
            t.mean_deaths += f * inverse / d as f64;
            ln += c * at.ln();
        }
        self.tied[at] = t;
        self.increment[j] = increment;
        ln
    }

    /// Σ c/S0ₖ² at a slot: the variance part of its hazard.
    pub(super) fn squares(&self, slot: usize) -> f64 {
        match self.tie(slot) {
            Some(t) => self.tied[t].a,
            None => self.layout.death_weight[slot] / self.s0[slot] / self.s0[slot],
        }
    }

    /// Where a slot's Efron terms stand, if it has any.
    pub(super) fn tie(&self, slot: usize) -> Option<usize> {
        if !self.efron || self.layout.deaths[slot] < 2 {
            return None;
        }
        Some(self.layout.tied.partition_point(|&j| (j as usize) < slot))
    }

    /// D of the rows from a position on: what each is exposed to.
    pub(super) fn expected(&self, begin: usize, d: &mut [f64]) {
        let l = self.layout;
        let slots = &l.slot[begin..begin + d.len()];
        let rows = d.iter_mut().zip(&self.r[begin..]).zip(slots).zip(&l.ahead[begin..]);
        for (((d, r), &j), ahead) in rows {
            *d = r * (self.cumulative[j as usize] + ahead * self.after[j as usize]);
        }
        if let Some(entry) = &l.entry {
            for ((d, r), &j) in d.iter_mut().zip(&self.r[begin..]).zip(&entry[begin..]) {
                *d -= r * self.cumulative[j as usize];
            }
        }
        if self.efron {
            let end = begin + d.len();
            let from = l.tied.partition_point(|&j| l.end(j as usize) <= begin);
            for (&j, t) in l.tied[from..].iter().zip(&self.tied[from..]) {
                let (j, first) = (j as usize, l.first[j as usize] as usize);
                if first >= end {
                    break;
                }
                let less = self.increment[j] - t.own;
                for k in first.max(begin)..(first + l.deaths[j] as usize).min(end) {
                    d[k - begin] -= self.r[k] * less;
                }
            }
        }
    }

    /// The slope and the (negated) curvature of the log likelihood.
    pub(super) fn curvature(&self) -> (Array1<f64>, Array2<f64>) {
        let layout = self.layout;
        let p = layout.p();
        let parts: Vec<(Vec<f64>, Vec<f64>)> = (0..layout.row.len().div_ceil(BLOCK))
            .into_par_iter()
            .map_init(|| vec![0.0; p * TILE], |work, b| self.exposure(b * BLOCK, work))
            .collect();
        let mut score = Array1::zeros(p);
        let mut sum = super::means::squares(self);
        for (slope, gram) in &parts {
            for (s, v) in score.iter_mut().zip(slope) {
                *s += v;
            }
            for (s, v) in sum.iter_mut().zip(gram) {
                *s += v;
            }
        }
        (score, Array2::from_shape_fn((p, p), |(i, j)| sum[i.min(j) * p + i.max(j)]))
    }

    /// X′(δw − D) and X′DX (its upper triangle) of one block.
    fn exposure(&self, begin: usize, work: &mut [f64]) -> (Vec<f64>, Vec<f64>) {
        let layout = self.layout;
        let p = layout.p();
        let (mut score, mut gram) = (vec![0.0; p], vec![0.0; p * p]);
        let end = (begin + BLOCK).min(layout.row.len());
        let (mut d, mut m) = ([0.0; TILE], [0.0; TILE]);
        for at in (begin..end).step_by(TILE) {
            let tile = layout.columns.tile(at);
            self.expected(at, &mut d);
            for (m, d) in m.iter_mut().zip(&mut d) {
                *d = d.max(0.0);
                *m = -*d;
                *d = d.sqrt();
            }
            self.add_deaths(at, &mut m);
            for (j, x) in tile.chunks_exact(TILE).enumerate() {
                score[j] += dot(x, &m);
                for ((c, x), d) in work[j * TILE..].iter_mut().zip(x).zip(&d) {
                    *c = x * d;
                }
            }
            add_gram(work, p, TILE, 1.0, &mut gram);
        }
        (score, gram)
    }

    /// Adds the weight of each death among the rows from a position on.
    pub(super) fn add_deaths(&self, begin: usize, m: &mut [f64]) {
        let l = self.layout;
        for (k, m) in (begin..l.n()).zip(m.iter_mut()) {
            let j = l.slot[k] as usize;
            if k < l.first[j] as usize + l.deaths[j] as usize {
                *m += l.weight[k];
            }
        }
    }
}

/// Fills r of one block; returns Σ w η over its deaths.
fn risks(layout: &Layout, begin: usize, beta: &Array1<f64>, r: &mut [f64]) -> Option<f64> {
    match &layout.offset {
        Some(o) => r.copy_from_slice(&o[begin..begin + r.len()]),
        None => r.fill(0.0),
    }
    for (t, eta) in r.chunks_mut(TILE).enumerate() {
        let tile = layout.columns.tile(begin + t * TILE);
        for (&b, column) in beta.iter().zip(tile.chunks_exact(TILE)) {
            for (e, x) in eta.iter_mut().zip(column) {
                *e += b * x;
            }
        }
    }
    if !r.iter().all(|e| e.abs() <= FURTHEST) {
        return None;
    }
    let mut events = 0.0;
    for (k, e) in (begin..layout.n()).zip(r.iter_mut()) {
        let j = layout.slot[k] as usize;
        if k < layout.first[j] as usize + layout.deaths[j] as usize {
            events += layout.weight[k] * *e;
        }
    }
    for (e, w) in r.iter_mut().zip(&layout.weight[begin..]) {
        *e = w * e.exp();
    }
    Some(events)
}

/// A sum in twice the working precision (Knuth 1969, error-free addition).
#[derive(Debug, Clone, Copy, Default)]
struct Twofold {
    high: f64,
    low: f64,
}

impl Twofold {
    fn add(&mut self, v: f64) {
        let sum = self.high + v;
        let back = sum - self.high;
        self.low += (self.high - (sum - back)) + (v - back);
        self.high = sum;
    }

    fn value(self) -> f64 {
        self.high + self.low
    }
}
