//! Weighted sums of covariates over the risk sets, event time by event time.

use std::ops::Range;

use ndarray::Array2;
use rayon::prelude::*;

use super::pass::Pass;
use crate::survival::columns::TILE;
use crate::survival::cox::gram::add_gram;

/// What a run of slots hands to those before and after it.
#[derive(Debug, Clone)]
struct Carry {
    /// Σ r x over those still there, from the run's last stratum's rows at later slots.
    present: Vec<f64>,
    /// Σ r/a(exit) x over those of the run's first stratum who ended otherwise in earlier slots.
    gone: Vec<f64>,
}

/// The upper triangle of −Z′Z, Z = S1/S0 by event time times the root of the deaths' weight.
pub(super) fn squares(pass: &Pass) -> Vec<f64> {
    let p = pass.layout.p();
    let carries = carries(pass);
    let parts: Vec<Vec<f64>> = pass
        .layout
        .runs
        .par_iter()
        .zip(&carries)
        .map_init(
            || Squares { columns: vec![0.0; p * TILE], waiting: 0, s1: Vec::new() },
            |work, (run, carry)| work.run(pass, run, carry),
        )
        .collect();
    let mut sum = vec![0.0; p * p];
    for part in &parts {
        for (s, v) in sum.iter_mut().zip(part) {
            *s += v;
        }
    }
    sum
}

/// Work space of one thread.
struct Squares {
    /// Rows of Z, column after column, and how many wait.
    columns: Vec<f64>,
    waiting: usize,
    s1: Vec<f64>,
}

impl Squares {
    fn run(&mut self, pass: &Pass, run: &Range<usize>, carry: &Carry) -> Vec<f64> {
        let p = carry.present.len();
        let mut sum = vec![0.0; p * p];
        let mut s1 = std::mem::take(&mut self.s1);
        s1.clear();
        s1.resize(run.len() * p, 0.0);
        sums(pass, run, carry, &mut s1);
        let mut own = vec![0.0; p];
        for (j, s1) in run.clone().zip(s1.chunks_exact(p.max(1))) {
            if pass.layout.opens[j] {
                continue;
            }
            let Some(tie) = pass.tie(j) else {
                let g = pass.layout.death_weight[j].sqrt() / pass.s0[j];
                self.emit(g, s1, 0.0, &own, &mut sum);
                continue;
            };
            // Σₖ c (S1 − f S1d)(S1 − f S1d)′/S0ₖ² is a quadratic form in S1 and S1d: two rows, from
            // the Cholesky factor of its 2 × 2 matrix.
            deaths_sum(pass, j, &mut own);
            let t = pass.tied[tie];
            if t.a > 0.0 {
                let g = t.a.sqrt();
                self.emit(g, s1, -t.b / g, &own, &mut sum);
                self.emit(0.0, s1, (t.c - t.b * t.b / t.a).max(0.0).sqrt(), &own, &mut sum);
            }
        }
        self.flush(&mut sum);
        self.s1 = s1;
        sum
    }

    /// Puts the row g·S1 + f·S1d in the queue.
    fn emit(&mut self, g: f64, s1: &[f64], f: f64, own: &[f64], sum: &mut [f64]) {
        for (j, (s1, own)) in s1.iter().zip(own).enumerate() {
            self.columns[j * TILE + self.waiting] = g * s1 + f * own;
        }
        self.waiting += 1;
        if self.waiting == TILE {
            self.flush(sum);
        }
    }

    fn flush(&mut self, sum: &mut [f64]) {
        for column in self.columns.chunks_exact_mut(TILE) {
            column[self.waiting..].fill(0.0);
        }
        let p = self.columns.len() / TILE;
        add_gram(&self.columns, p, self.waiting, -1.0, sum);
        self.waiting = 0;
    }
}

/// Σ r x over a slot's deaths.
fn deaths_sum(pass: &Pass, slot: usize, own: &mut [f64]) {
    own.fill(0.0);
    let begin = pass.layout.first[slot] as usize;
    for k in begin..begin + pass.layout.deaths[slot] as usize {
        pass.layout.columns.add_row(own, k, pass.r[k]);
    }
}

/// Writes S1 of a run's slots over zeros, row after row (an opening slot's stays zero).
fn sums(pass: &Pass, run: &Range<usize>, carry: &Carry, s1: &mut [f64]) {
    let l = pass.layout;
    let p = carry.present.len();
    if p == 0 {
        return;
    }
    let mut present = carry.present.clone();
    for (j, s1) in run.clone().zip(s1.chunks_exact_mut(p)).rev() {
        for k in l.first[j] as usize..l.end(j) {
            l.columns.add_row(&mut present, k, pass.r[k]);
        }
        for &k in l.entering(j) {
            l.columns.add_row(&mut present, k as usize, -pass.r[k as usize]);
        }
        if l.opens[j] {
            present.fill(0.0);
        } else {
            s1.copy_from_slice(&present);
        }
    }
    let mut gone = carry.gone.clone();
    for (j, s1) in run.clone().zip(s1.chunks_exact_mut(p)) {
        if l.opens[j] {
            gone.fill(0.0);
        } else {
            for (s, g) in s1.iter_mut().zip(&gone) {
                *s += l.reach[j] * g;
            }
        }
        for k in l.first[j] as usize..l.end(j) {
            if l.ahead[k] > 0.0 {
                l.columns.add_row(&mut gone, k, pass.r[k] * l.ahead[k]);
            }
        }
    }
}

/// What reaches each run from those after it and before it.
fn carries(pass: &Pass) -> Vec<Carry> {
    let l = pass.layout;
    let p = l.p();
    // Of each run: what its first stratum hands backwards, and its last one forwards.
    let totals: Vec<Carry> = l
        .runs
        .par_iter()
        .map(|run| {
            let mut total = Carry { present: vec![0.0; p], gone: vec![0.0; p] };
            let back_to = (run.start + 1..run.end).find(|&j| l.opens[j]).unwrap_or(run.end);
            for j in run.start..back_to {
                for k in l.first[j] as usize..l.end(j) {
                    l.columns.add_row(&mut total.present, k, pass.r[k]);
                }
                for &k in l.entering(j) {
                    l.columns.add_row(&mut total.present, k as usize, -pass.r[k as usize]);
                }
            }
            let from = run.clone().rfind(|&j| l.opens[j]).unwrap_or(run.start);
            for k in l.first[from] as usize..l.end(run.end - 1) {
                if l.ahead[k] > 0.0 {
                    l.columns.add_row(&mut total.gone, k, pass.r[k] * l.ahead[k]);
                }
            }
            total
        })
        .collect();
    let add = |to: &mut [f64], from: &[f64]| to.iter_mut().zip(from).for_each(|(t, f)| *t += f);
    let mut carries = vec![Carry { present: vec![0.0; p], gone: vec![0.0; p] }; l.runs.len()];
    let mut gone = vec![0.0; p];
    for (r, run) in l.runs.iter().enumerate() {
        if l.opens[run.start] {
            gone.fill(0.0);
        }
        carries[r].gone.copy_from_slice(&gone);
        if run.clone().any(|j| l.opens[j]) {
            gone.fill(0.0);
        }
        add(&mut gone, &totals[r].gone);
    }
    let mut present = vec![0.0; p];
    for (r, run) in l.runs.iter().enumerate().rev() {
        carries[r].present.copy_from_slice(&present);
        if run.clone().skip(1).any(|j| l.opens[j]) {
            present.fill(0.0);
        }
        add(&mut present, &totals[r].present);
        if l.opens[run.start] {
            present.fill(0.0);
        }
    }
    carries
}

/// Weighted means of the covariates over the risk set at each slot, and their integrals.
pub(super) struct Means {
    /// By slot: the mean that a death at the slot is compared with.
    pub(super) mean: Array2<f64>,
    /// By slot: Σ mean × hazard up to and with it.
    pub(super) cumulative: Array2<f64>,
    /// By slot: Σ a × mean × hazard over the slots after it.
    pub(super) after: Array2<f64>,
    /// By tied slot (Efron): what a death is exposed to less than others are.
    pub(super) less: Array2<f64>,
}

impl Means {
    pub(super) fn new(pass: &Pass) -> Self {
        let l = pass.layout;
        let (p, slots) = (l.p(), l.time.len());
        let carries = carries(pass);
        let mut mean = vec![0.0; slots * p];
        let mut rest = &mut mean[..];
        let mut parts: Vec<&mut [f64]> = Vec::with_capacity(l.runs.len());
        for run in &l.runs {
            let (part, others) = rest.split_at_mut(run.len() * p);
            parts.push(part);
            rest = others;
        }
        parts
            .into_par_iter()
            .zip(&l.runs)
            .zip(&carries)
            .for_each(|((s1, run), carry)| sums(pass, run, carry, s1));
        let mean = Array2::from_shape_vec((slots, p), mean).unwrap_or_default();
        let mut all = Self {
            cumulative: Array2::zeros((slots, p)),
            after: Array2::zeros((slots, p)),
            less: Array2::zeros((pass.tied.len(), p)),
            mean,
        };
        all.finish(pass);
        all
    }

    /// From sums to means and integrals.
    fn finish(&mut self, pass: &Pass) {
        let l = pass.layout;
        let p = l.p();
        if p == 0 {
            return;
        }
        // Each slot's part first, all at once, then the running sums.
        let (mean, less) = (&mut self.mean, &mut self.less);
        let Some(mean) = mean.as_slice_mut() else { return };
        let (Some(cumulative), Some(after)) =
            (self.cumulative.as_slice_mut(), self.after.as_slice_mut())
        else {
            return;
        };
        let parts = mean.par_chunks_mut(PART * p).zip(cumulative.par_chunks_mut(PART * p));
        parts.zip(after.par_chunks_mut(PART * p)).enumerate().for_each(|(k, ((m, c), a))| {
            let slots = m.chunks_exact_mut(p).zip(c.chunks_exact_mut(p)).zip(a.chunks_exact_mut(p));
            for (j, ((mean, cumulative), after)) in (k * PART..).zip(slots) {
                if l.opens[j] || pass.tie(j).is_some() {
                    continue;
                }
                let (s0, increment) = (pass.s0[j], pass.increment[j]);
                for ((m, c), a) in mean.iter_mut().zip(cumulative).zip(after) {
                    *m /= s0;
                    *c = *m * increment;
                    *a = *c;
                }
            }
        });
        let mut own = vec![0.0; p];
        for (at, &j) in l.tied.iter().enumerate().take(pass.tied.len()) {
            let j = j as usize;
            let t = pass.tied[at];
            deaths_sum(pass, j, &mut own);
            for (c, own) in own.iter().enumerate() {
                let k = j * p + c;
                let s1 = mean[k];
                mean[k] = t.mean * s1 - t.mean_deaths * own;
                less[[at, c]] = t.b * s1 - t.c * own;
                cumulative[k] = t.a * s1 - t.b * own;
                after[k] = cumulative[k];
            }
        }
        rayon::join(|| forwards(pass, cumulative), || backwards(pass, after));
    }
}

/// Slots whose parts are computed together.
const PART: usize = 1024;

/// Running sums up to and with each slot, within strata.
fn forwards(pass: &Pass, values: &mut [f64]) {
    let l = pass.layout;
    let mut sum = vec![0.0; l.p()];
    for (j, row) in values.chunks_exact_mut(l.p()).enumerate() {
        if l.opens[j] {
            sum.fill(0.0);
            continue;
        }
        for (v, sum) in row.iter_mut().zip(&mut sum) {
            *sum += *v;
            *v = *sum;
        }
    }
}

/// Sums, times a, over the slots after each, within strata.
fn backwards(pass: &Pass, values: &mut [f64]) {
    let l = pass.layout;
    let mut sum = vec![0.0; l.p()];
    for (j, row) in values.chunks_exact_mut(l.p()).enumerate().rev() {
        for (v, sum) in row.iter_mut().zip(&mut sum) {
            let step = std::mem::replace(v, *sum);
            *sum += l.reach[j] * step;
        }
        if l.opens[j] {
            sum.fill(0.0);
        }
    }
}
