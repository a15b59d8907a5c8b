//! One evaluation of the partial likelihood: its logarithm, its slope, its curvature.
//!
//! With r = w·exp(η), S0(t) = Σ r over the risk set and H the Breslow (or Efron) cumulative hazard,
//! the slope is X′(δw − D) with D_i = r_i (H(exit_i) − H(entry_i)), and the curvature is
//! X′DX − Z′Z, where a row of Z is S1(t)/S0(t) times the root of the deaths' weight at t. Both
//! curvature terms are products of blocks with themselves, and the slope needs no S1 at all.

use ndarray::{Array1, Array2};
use rayon::prelude::*;

use super::hazards::Tied;
use super::kernels::{Wide, add_products, add_rows, exp_in_place, touch, wide};
use super::layout::{Chunk, Layout};

/// Linear predictors further than this from 0 (their centre) are taken as divergence.
const FURTHEST: f64 = 300.0;

/// The state of a fit at one β.
#[derive(Debug, Clone)]
pub(crate) struct Pass<'l, 'a> {
    pub(crate) layout: &'l Layout<'a>,
    pub(super) efron: bool,
    /// By position: w·exp(η).
    pub(crate) r: Vec<f64>,
    /// By slot: Σ r over the risk set, the hazard's increment, and the hazard before the slot.
    pub(crate) s0: Vec<f64>,
    pub(crate) increment: Vec<f64>,
    pub(crate) cumulative: Vec<f64>,
    /// Beside `layout.tied`; empty for Breslow.
    pub(crate) tied: Vec<Tied>,
    /// By slot: what the slot's deaths count for, where that is not 1.
    tilt: Option<Vec<f64>>,
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
        }
    }

    /// Evaluates hazards at β (in centred and scaled columns) and returns the log likelihood;
    /// `None` where a linear predictor runs away.
    pub(crate) fn evaluate(&mut self, beta: &Array1<f64>) -> Option<f64> {
        let events = self.risks(beta)?;
        let loglik = events - self.hazards(true);
        loglik.is_finite().then_some(loglik)
    }

    /// As [`Pass::evaluate`], without the log likelihood.
    pub(super) fn evaluate_slope(&mut self, beta: &Array1<f64>) -> Option<()> {
        self.risks(beta)?;
        self.hazards(false);
        Some(())
    }

    /// Fills `r`, and `s0` with the sums of r over groups; returns Σ w η over the deaths.
    fn risks(&mut self, beta: &Array1<f64>) -> Option<f64> {
        let layout = self.layout;
        let mut padded = beta.to_vec();
        padded.resize(layout.width(), 0.0);
        let beta = if beta.iter().all(|&b| b == 0.0) { None } else { Some(padded.as_slice()) };
        let r = split(&mut self.r, layout.chunks.iter().map(|c| c.rows.len()));
        let group = split(&mut self.s0, layout.chunks.iter().map(|c| c.slots.len()));
        let jobs: Vec<Risks> = layout
            .chunks
            .iter()
            .zip(r.into_iter().zip(group))
            .map(|(chunk, (r, group))| Risks { layout, chunk, beta, r, group })
            .collect();
        jobs.into_par_iter().map(wide).collect::<Vec<Option<f64>>>().into_iter().sum()
    }

    /// The same point with the deaths of slot j counted `g[j]` ≥ 0 times: slope and curvature then
    /// are sums over event times weighted by g.
    pub(super) fn tilted(&self, g: &[f64]) -> Self {
        let mut out = self.clone();
        for (increment, g) in out.increment.iter_mut().zip(g) {
            *increment *= g;
        }
        for (t, &j) in out.tied.iter_mut().zip(&self.layout.tied) {
            t.tilt(g[j as usize]);
        }
        out.accumulate();
        out.tilt = Some(g.to_vec());
        out
    }

    /// D_i of a chunk's rows.
    pub(crate) fn expected(&self, chunk: &Chunk, d: &mut Vec<f64>) {
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
                let less = self.increment[j] - self.tied[t].own;
                for k in layout.dying(j) {
                    d[k - rows.start] -= self.r[k] * less;
                }
            }
        }
    }

    /// δ_i w_i − D_i of a chunk's rows: the martingale residuals, weighted.
    pub(crate) fn residuals(&self, chunk: &Chunk, m: &mut Vec<f64>) {
        self.expected(chunk, m);
        self.less_expected(chunk, m);
    }

    /// Turns D_i of a chunk's rows into δ_i w_i − D_i.
    pub(super) fn less_expected(&self, chunk: &Chunk, m: &mut [f64]) {
        let layout = self.layout;
        for v in m.iter_mut() {
            *v = -*v;
        }
        for j in chunk.slots.clone() {
            let tilt = self.tilt.as_ref().map_or(1.0, |g| g[j]);
            for k in layout.dying(j) {
                m[k - chunk.rows.start] += layout.weight(k) * tilt;
            }
        }
    }

    /// The slope of the log likelihood.
    pub(crate) fn score(&self) -> Array1<f64> {
        let layout = self.layout;
        let part = |m: &mut Vec<f64>, chunk: &Chunk| {
            self.residuals(chunk, m);
            wide(Slope { x: layout.rows(chunk.rows.clone()), m, width: layout.width() })
        };
        let parts: Vec<Vec<f64>> = layout.chunks.par_iter().map_init(Vec::new, part).collect();
        Array1::from_shape_fn(layout.p(), |j| parts.iter().map(|part| part[j]).sum())
    }

    /// The slope and the curvature of the log likelihood, in one walk over the covariates.
    pub(super) fn slope_and_information(&self) -> (Array1<f64>, Array2<f64>) {
        super::information::both(self)
    }

    /// The curvature (observed information) of the log likelihood.
    pub(crate) fn information(&self) -> Array2<f64> {
        super::information::both(self).1
    }

    /// Σ c/S0ₖ² at a slot: the variance part of its hazard.
    pub(crate) fn squares(&self, slot: usize) -> f64 {
        let layout = self.layout;
        if self.efron && layout.deaths[slot] > 1 {
            return self.tied[layout.tied.partition_point(|&j| (j as usize) < slot)].a;
        }
        layout.death_weight(slot) / self.s0[slot] / self.s0[slot]
    }

    /// Whether tied deaths are averaged over their order (Efron).
    pub(super) fn is_efron(&self) -> bool {
        self.efron
    }
}

/// Cuts a slice into parts of the given lengths.
pub(crate) fn split<T>(mut all: &mut [T], lengths: impl Iterator<Item = usize>) -> Vec<&mut [T]> {
    let mut parts = Vec::with_capacity(lengths.size_hint().0);
    for length in lengths {
        let (head, tail) = all.split_at_mut(length);
        parts.push(head);
        all = tail;
    }
    parts
}

/// r and its sums over groups, for one chunk.
struct Risks<'w, 'a> {
    layout: &'w Layout<'a>,
    chunk: &'w Chunk,
    /// `None`: all zero.
    beta: Option<&'w [f64]>,
    r: &'w mut [f64],
    group: &'w mut [f64],
}

impl Wide for Risks<'_, '_> {
    type Output = Option<f64>;

    #[inline(always)]
    fn run(self) -> Option<f64> {
        let Self { layout, chunk, beta, r, group } = self;
        let start = chunk.rows.start;
        match &layout.offset {
            Some(o) => r.copy_from_slice(&o[chunk.rows.clone()]),
            None => r.fill(0.0),
        }
        if let Some(beta) = beta {
            touch(layout.rows(chunk.rows.clone()));
            add_products(r, layout.rows(chunk.rows.clone()), beta);
        }
        let mut events = 0.0;
        if beta.is_some() || layout.offset.is_some() {
            if !r.iter().all(|e| e.abs() <= FURTHEST) {
                return None;
            }
            for j in chunk.slots.clone() {
                for k in layout.dying(j) {
                    events += layout.weight(k) * r[k - start];
                }
            }
        }
        exp_in_place(r);
        if let Some(weights) = layout.weights() {
            for (e, w) in r.iter_mut().zip(&weights[chunk.rows.clone()]) {
                *e *= w;
            }
        }
        group.fill(0.0);
        for (r, &exit) in r.iter().zip(&layout.exit_slot[chunk.rows.clone()]) {
            group[exit as usize - 1 - chunk.slots.start] += r;
        }
        Some(events)
    }
}

/// X′m of one chunk.
struct Slope<'w> {
    x: &'w [f64],
    m: &'w [f64],
    width: usize,
}

impl Wide for Slope<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn run(self) -> Vec<f64> {
        let mut sum = vec![0.0; self.width];
        if self.width > 0 {
            touch(self.x);
            add_rows(&mut sum, self.x, self.m);
        }
        sum
    }
}
