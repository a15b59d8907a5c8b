//! One evaluation of the partial likelihood, in two scans: forwards over those who ended otherwise
//! and stay in the risk set, backwards over those still there (Kawaguchi et al. 2021).
//!
//! With r = w·exp(η), the risk set at t has S0(t) = Σ_{entry < t ≤ exit} r + a(t) Σ_{exit < t,
//! ended otherwise} r/a(exit). A row is exposed to D = r·(H(exit) − H(entry)) and, where it ended
//! otherwise, to r/a(exit)·∫_{t > exit} a dH more. The slope is X′(δw − D), and the curvature X′DX
//! less the squares of the risk sets' weighted means.

use std::ops::Range;

use ndarray::Array1;
use rayon::prelude::*;

use super::layout::{Layout, Run};
use crate::survival::cox::kernels::{Wide, add_products, exp_in_place, touch, wide};
use crate::survival::cox::{Tied, split};

/// Linear predictors further than this from 0 (their centre) are taken as divergence.
const FURTHEST: f64 = 300.0;

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
            r: vec![0.0; layout.n()],
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
        let loglik = self.risks(beta)? - self.hazards();
        loglik.is_finite().then_some(loglik)
    }

    /// Fills `r`, and `s0` and `after` with the sums of r and of r/a(exit) over the rows of each slot;
    /// returns Σ w η over the deaths.
    fn risks(&mut self, beta: &Array1<f64>) -> Option<f64> {
        let layout = self.layout;
        let mut padded = beta.to_vec();
        padded.resize(layout.width(), 0.0);
        let beta = if beta.iter().all(|&b| b == 0.0) { None } else { Some(padded.as_slice()) };
        let slots = || layout.runs.iter().map(|run| run.slots.len());
        let r = split(&mut self.r, layout.runs.iter().map(|run| run.rows.len()));
        let sums = split(&mut self.s0, slots()).into_iter().zip(split(&mut self.after, slots()));
        let jobs: Vec<Risks> = layout
            .runs
            .iter()
            .zip(r.into_iter().zip(sums))
            .map(|(run, (r, (sum, ahead)))| Risks { layout, run, beta, r, sum, ahead })
            .collect();
        jobs.into_par_iter().map(wide).collect::<Vec<Option<f64>>>().into_iter().sum()
    }

    /// Σ c/S0ₖ² at a slot: the variance part of its hazard.
    pub(super) fn squares(&self, slot: usize) -> f64 {
        match self.tie(slot) {
            Some(t) => self.tied[t].a,
            None => self.layout.death_weight(slot) / self.s0[slot] / self.s0[slot],
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

    /// Adds the weight of each death among the rows from a position on.
    pub(super) fn add_deaths(&self, begin: usize, m: &mut [f64]) {
        let l = self.layout;
        self.deaths_within(begin..begin + m.len(), |k, _| m[k - begin] += l.weight(k));
    }

    /// The deaths at some positions, with their slots.
    pub(super) fn deaths_within(&self, rows: Range<usize>, mut each: impl FnMut(usize, usize)) {
        let l = self.layout;
        if rows.is_empty() {
            return;
        }
        for j in l.slot[rows.start] as usize..=l.slot[rows.end - 1] as usize {
            let dying = l.dying(j);
            for k in dying.start.max(rows.start)..dying.end.min(rows.end) {
                each(k, j);
            }
        }
    }
}

/// r of one run, and its sums by slot.
struct Risks<'w, 'a> {
    layout: &'w Layout<'a>,
    run: &'w Run,
    /// `None`: all zero.
    beta: Option<&'w [f64]>,
    r: &'w mut [f64],
    sum: &'w mut [f64],
    ahead: &'w mut [f64],
}

impl Wide for Risks<'_, '_> {
    type Output = Option<f64>;

    #[inline(always)]
    fn run(self) -> Option<f64> {
        let Self { layout, run, beta, r, sum, ahead } = self;
        let rows = run.rows.clone();
        match &layout.offset {
            Some(o) => r.copy_from_slice(&o[rows.clone()]),
            None => r.fill(0.0),
        }
        if let Some(beta) = beta {
            let x = layout.rows(rows.clone());
            touch(x);
            add_products(r, x, beta);
        }
        if !r.iter().all(|e| e.abs() <= FURTHEST) {
            return None;
        }
        let mut events = 0.0;
        for j in run.slots.clone() {
            for k in layout.dying(j) {
                events += layout.weight(k) * r[k - rows.start];
            }
        }
        exp_in_place(r);
        if let Some(weights) = layout.weights() {
            for (e, w) in r.iter_mut().zip(&weights[rows.clone()]) {
                *e *= w;
            }
        }
        sum.fill(0.0);
        ahead.fill(0.0);
        for ((r, a), &slot) in r.iter().zip(&layout.ahead[rows.clone()]).zip(&layout.slot[rows]) {
            let slot = slot as usize - run.slots.start;
            sum[slot] += r;
            ahead[slot] += r * a;
        }
        Some(events)
    }
}
