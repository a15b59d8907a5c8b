//! One evaluation of the partial likelihood: its logarithm, its slope, its curvature.
//!
//! With r = w·exp(η), S0(t) = Σ r over the risk set and H the Breslow (or Efron) cumulative hazard,
//! the slope is X′(δw − D) with D_i = r_i (H(exit_i) − H(entry_i)), and the curvature is
//! X′DX − Z′Z, where a row of Z is S1(t)/S0(t) times the root of the deaths' weight at t. Both
//! curvature terms are products of blocks with themselves, and the slope needs no S1 at all.

use ndarray::{Array1, Array2};
use rayon::prelude::*;

use super::gram::dot;
use super::layout::{Chunk, Layout, TILE};

/// Linear predictors further than this from 0 (their centre) are taken as divergence.
const FURTHEST: f64 = 300.0;

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

/// The state of a fit at one β.
#[derive(Debug, Clone)]
pub(crate) struct Pass<'l, 'a> {
    pub(crate) layout: &'l Layout<'a>,
    efron: bool,
    /// By position: w·exp(η).
    pub(crate) r: Vec<f64>,
    /// By slot: Σ r over the risk set, the hazard's increment, and the hazard before the slot.
    pub(crate) s0: Vec<f64>,
    pub(crate) increment: Vec<f64>,
    pub(crate) cumulative: Vec<f64>,
    /// Beside `layout.tied`; empty for Breslow.
    pub(crate) tied: Vec<Tied>,
    /// By slot: what the slot's deaths count for, where that is not 1.
    pub(super) tilt: Option<Vec<f64>>,
    /// By slot: Σ r over the group of rows that end there. Work space.
    group: Vec<f64>,
}

impl<'l, 'a> Pass<'l, 'a> {
    pub(crate) fn new(layout: &'l Layout<'a>, efron: bool) -> Self {
        let slots = layout.time.len();
        Self {
            layout,
            efron,
            r: vec![0.0; layout.row.len()],
            s0: vec![0.0; slots],
            increment: vec![0.0; slots],
            cumulative: vec![0.0; slots],
            tied: if efron { vec![Tied::default(); layout.tied.len()] } else { Vec::new() },
            tilt: None,
            group: vec![0.0; slots],
        }
    }

    /// Evaluates hazards at β (in centred and scaled columns) and returns the log likelihood;
    /// `None` where a linear predictor runs away.
    pub(crate) fn evaluate(&mut self, beta: &Array1<f64>) -> Option<f64> {
        let events = self.risks(beta)?;
        let loglik = events - self.hazards();
        loglik.is_finite().then_some(loglik)
    }

    /// Fills `r` and `group`; returns Σ w η over the deaths.
    fn risks(&mut self, beta: &Array1<f64>) -> Option<f64> {
        let layout = self.layout;
        let chunks = &layout.chunks;
        let mut jobs = Vec::with_capacity(chunks.len());
        let (mut r, mut group) = (self.r.as_mut_slice(), self.group.as_mut_slice());
        for chunk in chunks {
            let (head, tail) = r.split_at_mut(chunk.rows.len());
            let (group_head, group_tail) = group.split_at_mut(chunk.slots.len());
            jobs.push((chunk, head, group_head));
            (r, group) = (tail, group_tail);
        }
        let parts: Vec<Option<f64>> = jobs
            .into_par_iter()
            .map(|(chunk, r, group)| risks_of_chunk(layout, chunk, beta, r, group))
            .collect();
        parts.into_iter().sum()
    }

    /// Fills `s0`, `increment`, `cumulative` and `tied`; returns Σ w ln S0 over the deaths.
    fn hazards(&mut self) -> f64 {
        let layout = self.layout;
        let mut sum_ln = 0.0;
        let mut tied = if self.efron { layout.tied.len() } else { 0 };
        for s in layout.strata.iter().rev() {
            // The risk set's sum in twice the precision: rows that leave must not leave noise.
            let mut s0 = Twofold::default();
            for j in s.slots.clone().rev() {
                s0.add(self.group[j]);
                let total = s0.value();
                self.s0[j] = total;
                if tied > 0 && layout.tied[tied - 1] as usize == j {
                    tied -= 1;
                    let (t, increment, ln) = self.tie(j, total);
                    self.tied[tied] = t;
                    self.increment[j] = increment;
                    sum_ln += ln;
                } else {
                    self.increment[j] = layout.death_weight[j] / total;
                    sum_ln += layout.death_weight[j] * total.ln();
                }
                if let Some(l) = &layout.leaving {
                    for &k in &l.order[l.start[j] as usize..l.start[j + 1] as usize] {
                        s0.add(-self.r[k as usize]);
                    }
                }
            }
        }
        self.accumulate();
        sum_ln
    }

    fn accumulate(&mut self) {
        for s in &self.layout.strata {
            let mut h = 0.0;
            for j in s.slots.clone() {
                self.cumulative[j] = h;
                h += self.increment[j];
            }
            self.cumulative[s.slots.end] = h;
        }
    }

    /// The same point with the deaths of slot j counted `g[j]` ≥ 0 times: slope and curvature then
    /// are sums over event times weighted by g.
    pub(super) fn tilted(&self, g: &[f64]) -> Self {
        let mut out = self.clone();
        for (increment, g) in out.increment.iter_mut().zip(g) {
            *increment *= g;
        }
        for (t, &j) in out.tied.iter_mut().zip(&self.layout.tied) {
            let g = g[j as usize];
            t.own *= g;
            t.a *= g;
            t.b *= g;
            t.c *= g;
        }
        out.accumulate();
        out.tilt = Some(g.to_vec());
        out
    }

    /// Efron's terms at slot `j`: also the hazard's increment, and Σ c ln S0ₖ.
    fn tie(&self, j: usize, s0: f64) -> (Tied, f64, f64) {
        let layout = self.layout;
        let d = layout.deaths[j] as usize;
        let begin = layout.first[j] as usize;
        let deaths: f64 = self.r[begin..begin + d].iter().sum();
        let c = layout.death_weight[j] / d as f64;
        let (mut t, mut increment, mut ln) = (Tied::default(), 0.0, 0.0);
        for k in 0..d {
            let f = k as f64 / d as f64;
            let at = s0 - f * deaths;
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
        (t, increment, ln)
    }

    /// D_i of a chunk's rows.
    pub(super) fn expected(&self, chunk: &Chunk, d: &mut Vec<f64>) {
        let layout = self.layout;
        d.clear();
        let rows = chunk.rows.clone();
        let exits = &layout.exit_slot[rows.clone()];
        let r = &self.r[rows.clone()];
        match &layout.leaving {
            None => {
                d.extend(r.iter().zip(exits).map(|(r, &e)| r * self.cumulative[e as usize]));
            }
            Some(l) => {
                let entries = &l.entry_slot[rows.clone()];
                d.extend(r.iter().zip(exits).zip(entries).map(|((r, &e), &b)| {
                    r * (self.cumulative[e as usize] - self.cumulative[b as usize])
                }));
            }
        }
        if self.efron {
            for t in chunk.tied.clone() {
                let j = layout.tied[t] as usize;
                let begin = layout.first[j] as usize - rows.start;
                let less = self.increment[j] - self.tied[t].own;
                for k in begin..begin + layout.deaths[j] as usize {
                    d[k] -= r[k] * less;
                }
            }
        }
    }

    /// δ_i w_i − D_i of a chunk's rows: the martingale residuals, weighted.
    pub(super) fn residuals(&self, chunk: &Chunk, m: &mut Vec<f64>) {
        let layout = self.layout;
        self.expected(chunk, m);
        for v in m.iter_mut() {
            *v = -*v;
        }
        for j in chunk.slots.clone() {
            let begin = layout.first[j] as usize;
            let tilt = self.tilt.as_ref().map_or(1.0, |g| g[j]);
            for k in begin..begin + layout.deaths[j] as usize {
                m[k - chunk.rows.start] += layout.weight[k] * tilt;
            }
        }
    }

    /// The slope of the log likelihood.
    pub(crate) fn score(&self) -> Array1<f64> {
        let p = self.layout.p();
        let parts: Vec<Vec<f64>> = self
            .layout
            .chunks
            .par_iter()
            .map_init(Vec::new, |m, chunk| {
                let mut score = vec![0.0; p];
                self.residuals(chunk, m);
                for (t, m) in m.chunks(TILE).enumerate() {
                    let tile = self.layout.tile(chunk.rows.start + t * TILE);
                    for (s, column) in score.iter_mut().zip(tile.chunks(TILE)) {
                        *s += dot(column, m);
                    }
                }
                score
            })
            .collect();
        let mut score = Array1::zeros(p);
        for part in parts {
            for (s, v) in score.iter_mut().zip(part) {
                *s += v;
            }
        }
        score
    }

    /// The curvature (observed information) of the log likelihood.
    pub(crate) fn information(&self) -> Array2<f64> {
        super::information::information(self)
    }

    /// Σ c/S0ₖ² at a slot: the variance part of its hazard.
    pub(super) fn squares(&self, slot: usize) -> f64 {
        let layout = self.layout;
        if self.efron && layout.deaths[slot] > 1 {
            return self.tied[layout.tied.partition_point(|&j| (j as usize) < slot)].a;
        }
        layout.death_weight[slot] / self.s0[slot] / self.s0[slot]
    }

    /// Whether tied deaths are averaged over their order (Efron).
    pub(super) fn is_efron(&self) -> bool {
        self.efron
    }
}

/// A sum in twice the working precision (Knuth 1969, error-free addition).
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
}

fn risks_of_chunk(
    layout: &Layout,
    chunk: &Chunk,
    beta: &Array1<f64>,
    r: &mut [f64],
    group: &mut [f64],
) -> Option<f64> {
    let start = chunk.rows.start;
    match &layout.offset {
        Some(o) => r.copy_from_slice(&o[chunk.rows.clone()]),
        None => r.fill(0.0),
    }
    for (t, eta) in r.chunks_mut(TILE).enumerate() {
        let tile = layout.tile(start + t * TILE);
        for (&b, column) in beta.iter().zip(tile.chunks(TILE)) {
            for (e, x) in eta.iter_mut().zip(column) {
                *e += b * x;
            }
        }
    }
    if !r.iter().all(|e| e.abs() <= FURTHEST) {
        return None;
    }
    let mut events = 0.0;
    for j in chunk.slots.clone() {
        let begin = layout.first[j] as usize;
        for k in begin..begin + layout.deaths[j] as usize {
            events += layout.weight[k] * r[k - start];
        }
    }
    for (e, w) in r.iter_mut().zip(&layout.weight[chunk.rows.clone()]) {
        *e = w * e.exp();
    }
    group.fill(0.0);
    for (v, &e) in r.iter().zip(&layout.exit_slot[chunk.rows.clone()]) {
        if e > 0 {
            group[e as usize - 1 - chunk.slots.start] += v;
        }
    }
    Some(events)
}
