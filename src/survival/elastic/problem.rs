//! The rows of an elastic net in the order of time, and the slope of the log likelihood there.

use std::ops::Range;

use ndarray::Array2;
use rayon::prelude::*;

use super::kernels;
use super::slots::{Slots, Stays};
use crate::survival::{Convention, FitError, Sample};

/// Rows handled at once.
const CHUNK: usize = 8192;
/// Rows whose linear predictors move together, from all columns.
const TOGETHER: usize = 512;
/// Rows and columns that are copied together: the rows stay in the first-level cache until each of
/// the columns has been read.
const AT_ONCE: usize = 64;
const BESIDE: usize = 8;
/// Linear predictors further than this from 0 are taken as divergence.
const FURTHEST: f64 = 300.0;
/// With fewer numbers than this to go over, one thread does.
const PARALLEL: usize = 1 << 17;

/// Rows at risk at some event, sorted by stratum and exit, with standardised columns; event times
/// have *slots*, and an empty one closes each stratum, as in the Cox fit itself.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) n: usize,
    pub(super) p: usize,
    /// Column after column.
    x: Vec<f64>,
    pub(super) scale: Vec<f64>,
    /// Columns that vary.
    pub(super) varies: Vec<bool>,
    /// By row, divided by the sum over all rows of the sample; `None`: all `per_row`.
    weight: Option<Vec<f64>>,
    per_row: f64,
    offset: Option<Vec<f64>>,
    exit_slot: Vec<u32>,
    /// First slot at risk; `None` where nobody enters late.
    entry_slot: Option<Vec<u32>>,
    /// Who stays on after another end.
    stays: Option<Stays>,
    /// By row: its weight if it ended by the cause, else 0.
    event: Vec<f64>,
    /// By slot: weight of its deaths, 0 for closing slots; first slot of each stratum.
    pub(super) deaths: Vec<f64>,
    closes: Vec<bool>,
    /// The share of weight that ended by the cause.
    pub(super) share: f64,
    /// The log likelihood of a model that explains everything.
    pub(super) saturated: f64,
    /// The weight of all rows of the sample.
    pub(super) total: f64,
}

/// What the likelihood is at some linear predictors.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) eta: Vec<f64>,
    /// w e^η, and D = r (H(exit) − H(entry)).
    pub(super) r: Vec<f64>,
    pub(super) expected: Vec<f64>,
    /// δw − D.
    pub(super) residual: Vec<f64>,
    /// By slot.
    pub(super) s0: Vec<f64>,
    cumulative: Vec<f64>,
    /// Where rows stay on: the hazard from a slot on, by the chance of being observed then.
    after: Vec<f64>,
}

impl Problem {
    /// From the rows of a sample for which `keep` is true: their hazard of the cause, or that of its
    /// subdistribution.
    ///
    /// # Errors
    /// For a subdistribution: where the chance of being observed falls to 0 too early.
    pub(super) fn new(
        sample: &Sample,
        cause: u32,
        subdistribution: Option<Convention>,
        keep: impl Fn(usize) -> bool,
    ) -> Result<Self, FitError> {
        let y = sample.outcome();
        let kept: Vec<usize> = (0..sample.len()).filter(|&i| keep(i)).collect();
        let weight_of = |i: usize| sample.weights().map_or(1.0, |w| w[i]);
        let total: f64 = kept.iter().map(|&i| weight_of(i)).sum();
        let stratum = |i: usize| sample.strata().map_or(0, |s| s[i]);
        let mut order = kept.clone();
        order.par_sort_unstable_by(|&a, &b| {
            let by = stratum(a).cmp(&stratum(b)).then(y.exit()[a].total_cmp(&y.exit()[b]));
            by.then((y.cause()[a] != cause).cmp(&(y.cause()[b] != cause))).then(a.cmp(&b))
        });
        let slots = Slots::new(sample, cause, subdistribution, &order, total)?;
        let (rows, n) = (&slots.row, slots.row.len());
        let weight = sample.weights().map(|w| rows.iter().map(|&i| w[i] / total).collect());
        let per_row = 1.0 / total;
        let event = rows
            .iter()
            .map(|&i| if y.cause()[i] == cause { weight_of(i) / total } else { 0.0 })
            .collect();
        let p = sample.x().ncols();
        let moments = moments(sample, &kept, total);
        let mut x = vec![0.0; n * p];
        let values = sample.x();
        // A few columns together: a row's numbers lie together too.
        x.par_chunks_mut(n.max(1) * BESIDE).enumerate().for_each(|(k, columns)| {
            for (from, rows) in rows.chunks(AT_ONCE).enumerate() {
                for (j, column) in (k * BESIDE..).zip(columns.chunks_mut(n)) {
                    let (mean, sd) = moments[j];
                    if sd > 0.0 {
                        for (v, &i) in column[from * AT_ONCE..].iter_mut().zip(rows) {
                            *v = (values[[i, j]] - mean) / sd;
                        }
                    }
                }
            }
        });
        let share = slots.deaths.iter().sum();
        let ln = |w: f64| if w > 0.0 { w * (w * total).ln() } else { 0.0 };
        let saturated = -slots.deaths.iter().map(|&w| ln(w)).sum::<f64>();
        let offset = sample.offset().map(|o| {
            let mean = kept.iter().map(|&i| weight_of(i) / total * o[i]).sum::<f64>();
            rows.iter().map(|&i| o[i] - mean).collect()
        });
        Ok(Self {
            n,
            p,
            x,
            varies: moments.iter().map(|m| m.1 > 0.0).collect(),
            scale: moments.into_iter().map(|m| m.1).collect(),
            weight,
            per_row,
            offset,
            exit_slot: slots.exit,
            entry_slot: slots.entry,
            stays: slots.stays,
            event,
            deaths: slots.deaths,
            closes: slots.closes,
            share,
            saturated,
            total,
        })
    }

    pub(super) fn column(&self, j: usize) -> &[f64] {
        &self.x[j * self.n..(j + 1) * self.n]
    }

    /// Where rows leave the risk sets and none comes in: whether a row is the last of its stratum.
    pub(super) fn nested(&self) -> Option<impl Fn(usize) -> bool + '_> {
        let exit = &self.exit_slot;
        // Strata have a closing slot each, where their last rows leave.
        let ends = |i: usize| match exit.get(i + 1) {
            Some(&next) => self.closes[exit[i] as usize..next as usize].contains(&true),
            None => true,
        };
        let nobody = |stays: &Stays| stays.ahead.iter().all(|a| *a == 0.0);
        let leave = self.stays.as_ref().is_none_or(nobody);
        (self.entry_slot.is_none() && leave).then_some(ends)
    }

    /// The state where all coefficients are zero.
    pub(super) fn null(&self) -> Option<State> {
        let mut state = State {
            eta: self.offset.clone().unwrap_or_else(|| vec![0.0; self.n]),
            r: vec![0.0; self.n],
            expected: vec![0.0; self.n],
            residual: vec![0.0; self.n],
            s0: vec![0.0; self.deaths.len()],
            cumulative: vec![0.0; self.deaths.len() + 1],
            after: vec![0.0; self.stays.as_ref().map_or(0, |_| self.deaths.len())],
        };
        self.hazards(&mut state)?;
        Some(state)
    }

    /// Moves the linear predictors by Σ change · column, and follows; `None` where they run away.
    pub(super) fn step(&self, state: &mut State, changes: &[(usize, f64)]) -> Option<()> {
        let columns: Vec<(&[f64], f64)> =
            changes.iter().map(|&(j, by)| (self.column(j), by)).collect();
        let move_chunk = |(k, eta): (usize, &mut [f64])| {
            let rows = k * TOGETHER..k * TOGETHER + eta.len();
            let parts: Vec<(&[f64], f64)> =
                columns.iter().map(|(c, by)| (&c[rows.clone()], *by)).collect();
            kernels::add(eta, &parts);
        };
        if self.n * changes.len() < PARALLEL {
            state.eta.chunks_mut(TOGETHER).enumerate().for_each(move_chunk);
        } else {
            state.eta.par_chunks_mut(TOGETHER).enumerate().for_each(move_chunk);
        }
        self.hazards(state)
    }

    /// Follows linear predictors that were put back.
    pub(super) fn again(&self, state: &mut State) -> Option<()> {
        self.hazards(state)
    }

    /// Everything that follows from the linear predictors.
    fn hazards(&self, state: &mut State) -> Option<()> {
        let State { eta, r, expected, residual, s0, cumulative, after } = state;
        if !eta.iter().all(|e| e.abs() <= FURTHEST) {
            return None;
        }
        let weight = |k: usize, len: usize| self.weight.as_ref().map(|w| &w[k..k + len]);
        let risk = |(k, (eta, r)): (usize, (&[f64], &mut [f64]))| {
            kernels::risks(eta, weight(k * CHUNK, eta.len()), r);
        };
        let parts = eta.par_chunks(CHUNK).zip(r.par_chunks_mut(CHUNK)).enumerate();
        parts.for_each(risk);
        if self.weight.is_none() {
            for v in r.iter_mut() {
                *v *= self.per_row;
            }
        }
        self.risk_sums(r, s0);
        if self.deaths.iter().zip(s0.iter()).any(|(d, s)| *d > 0.0 && *s <= 0.0) {
            return None;
        }
        let mut h = 0.0;
        for (j, (&d, &s)) in self.deaths.iter().zip(s0.iter()).enumerate() {
            cumulative[j] = h;
            h = if self.closes[j] { 0.0 } else { h + d / s };
        }
        match &self.entry_slot {
            None => {
                for (k, v) in expected.iter_mut().enumerate() {
                    *v = r[k] * cumulative[self.exit_slot[k] as usize];
                }
            }
            Some(entry) => {
                for (k, v) in expected.iter_mut().enumerate() {
                    let (to, from) = (self.exit_slot[k] as usize, entry[k] as usize);
                    *v = r[k] * (cumulative[to] - cumulative[from]);
                }
            }
        }
        if let Some(stays) = &self.stays {
            stays.hazard_after(&self.deaths, s0, &self.closes, after);
            stays.add_expected(r, &self.exit_slot, after, expected);
        }
        for ((u, e), d) in residual.iter_mut().zip(&self.event).zip(expected.iter()) {
            *u = e - d;
        }
        Some(())
    }

    /// Σ values over the risk set of each slot.
    pub(super) fn risk_sums(&self, values: &[f64], sums: &mut [f64]) {
        sums.fill(0.0);
        for (v, &exit) in values.iter().zip(&self.exit_slot) {
            // A row may stay on that was gone before the first slot of all.
            if let Some(s) = sums.get_mut((exit as usize).wrapping_sub(1)) {
                *s += v;
            }
        }
        if let Some(entry) = &self.entry_slot {
            for (v, &from) in values.iter().zip(entry) {
                // A row that enters at the first slot of its stratum never leaves.
                if from > 0 && !self.closes[from as usize - 1] {
                    sums[from as usize - 1] -= v;
                }
            }
        }
        let mut sum = 0.0;
        for (s, &closes) in sums.iter_mut().zip(&self.closes).rev() {
            sum = if closes { 0.0 } else { sum + *s };
            *s = sum;
        }
        if let Some(stays) = &self.stays {
            stays.add_gone(values, &self.exit_slot, &self.closes, sums);
        }
    }

    /// The log partial likelihood, divided by the weight of all rows (Breslow ties).
    pub(super) fn loglik(&self, state: &State) -> f64 {
        let dead: f64 = state.eta.iter().zip(&self.event).map(|(e, w)| e * w).sum();
        let sets = self.deaths.iter().zip(&state.s0).filter(|(d, _)| **d > 0.0);
        // r is divided by the total weight, which is put back.
        dead - sets.map(|(d, s)| d * (s * self.total).ln()).sum::<f64>()
    }

    /// The slope of the log likelihood along some columns.
    pub(super) fn slopes(&self, state: &State, columns: &[usize], out: &mut [f64]) {
        let some = |(columns, rows): (&[usize], Range<usize>), out: &mut [f64]| {
            let columns: Vec<&[f64]> =
                columns.iter().map(|&j| &self.column(j)[rows.clone()]).collect();
            kernels::dots(&columns, &state.residual[rows], out);
        };
        if self.n <= CHUNK {
            if self.n * columns.len() < PARALLEL {
                return some((columns, 0..self.n), out);
            }
            let each = columns.par_chunks(16).zip(out.par_chunks_mut(16));
            return each.for_each(|(of, to)| some((of, 0..self.n), to));
        }
        // Many rows, perhaps few columns: parts of the rows, added in their order.
        let parts: Vec<Vec<f64>> = (0..self.n.div_ceil(CHUNK))
            .into_par_iter()
            .map(|k| {
                let mut part = vec![0.0; columns.len()];
                some((columns, k * CHUNK..self.n.min((k + 1) * CHUNK)), &mut part);
                part
            })
            .collect();
        out.fill(0.0);
        for part in parts {
            out.iter_mut().zip(part).for_each(|(o, v)| *o += v);
        }
    }
}

/// Weighted mean and standard deviation (0 where a column does not vary) over the kept rows.
fn moments(sample: &Sample, kept: &[usize], total: f64) -> Vec<(f64, f64)> {
    let x = sample.x();
    let share = |i: usize| sample.weights().map_or(1.0, |w| w[i]) / total;
    let p = x.ncols();
    // A few columns together: a row's numbers lie together too.
    let of = |from: usize| {
        let columns = from..p.min(from + BESIDE);
        let first = kept.first().map_or([0.0; BESIDE], |&i| values(x, i, &columns));
        // Around a value of the column itself, so that a large mean does not spoil the spread.
        let (mut mean, mut square) = ([0.0; BESIDE], [0.0; BESIDE]);
        for &i in kept {
            let (w, v) = (share(i), values(x, i, &columns));
            for l in 0..BESIDE {
                mean[l] += w * (v[l] - first[l]);
            }
        }
        for l in 0..BESIDE {
            mean[l] += first[l];
        }
        for &i in kept {
            let (w, v) = (share(i), values(x, i, &columns));
            for l in 0..BESIDE {
                square[l] += w * (v[l] - mean[l]) * (v[l] - mean[l]);
            }
        }
        let one = |l: usize| {
            let sd = square[l].sqrt();
            let size = mean[l].abs().max(first[l].abs());
            (mean[l], if sd > 1e-13 * size && sd.is_finite() { sd } else { 0.0 })
        };
        (0..columns.len()).map(one).collect::<Vec<_>>()
    };
    let parts: Vec<Vec<(f64, f64)>> = (0..p).into_par_iter().step_by(BESIDE).map(of).collect();
    parts.concat()
}

/// Some columns of one row, filled up with zeros.
fn values(x: &Array2<f64>, row: usize, columns: &Range<usize>) -> [f64; BESIDE] {
    let mut out = [0.0; BESIDE];
    for (to, j) in out.iter_mut().zip(columns.clone()) {
        *to = x[[row, j]];
    }
    out
}
