//! The curvature of the partial likelihood, X′DX − Z′Z, chunk by chunk.
//!
//! A chunk walks its rows from the latest exit to the first, with S1 = Σ r x starting at zero. What
//! later chunks of the same stratum would have brought (the *carry* c) is put right afterwards:
//! with z = z₀ + g·c, Z′Z = Z₀′Z₀ + (Σ g z₀) c′ + c (Σ g z₀)′ + (Σ g²) c c′. So chunks do not
//! wait for each other, and the result is the same for any number of threads.

use ndarray::Array2;
use rayon::prelude::*;

use super::gram::add_gram;
use super::layout::{Chunk, PAD, TILE};
use super::pass::Pass;

/// What a chunk hands back.
struct Part {
    /// Upper triangle of X′DX − Z₀′Z₀.
    sum: Vec<f64>,
    /// Σ g z₀ and Σ g² over the events before the first stratum boundary.
    first: Vec<f64>,
    square: f64,
    /// S1 at the chunk's beginning, since the last boundary, and whether there was a boundary.
    carry: Vec<f64>,
    bounded: bool,
}

pub(super) fn information(pass: &Pass) -> Array2<f64> {
    let p = pass.layout.p();
    let parts: Vec<Part> =
        pass.layout.chunks.par_iter().map_init(|| Walk::new(pass), Walk::chunk).collect();
    let mut sum = vec![0.0; p * p];
    let mut carry = vec![0.0; p];
    for part in parts.iter().rev() {
        for (s, v) in sum.iter_mut().zip(&part.sum) {
            *s += v;
        }
        for i in 0..p {
            for j in i..p {
                sum[i * p + j] -= part.first[i] * carry[j]
                    + carry[i] * part.first[j]
                    + part.square * carry[i] * carry[j];
            }
        }
        for (c, v) in carry.iter_mut().zip(&part.carry) {
            *c = if part.bounded { *v } else { *c + v };
        }
    }
    Array2::from_shape_fn((p, p), |(i, j)| sum[i.min(j) * p + i.max(j)])
}

/// Work space of one thread.
struct Walk<'w, 'l, 'a> {
    pass: &'w Pass<'l, 'a>,
    /// D, by row of the chunk.
    d: Vec<f64>,
    /// Rows of √D·x, then rows of Z: column after column.
    columns: Vec<f64>,
    /// Rows of Z that wait in `columns`.
    waiting: usize,
    s1: Vec<f64>,
    s1_deaths: Vec<f64>,
}

impl<'w, 'l, 'a> Walk<'w, 'l, 'a> {
    fn new(pass: &'w Pass<'l, 'a>) -> Self {
        let p = pass.layout.p();
        Self {
            pass,
            d: Vec::new(),
            columns: vec![0.0; p * TILE],
            waiting: 0,
            s1: vec![0.0; p],
            s1_deaths: vec![0.0; p],
        }
    }

    fn chunk(&mut self, chunk: &Chunk) -> Part {
        let p = self.pass.layout.p();
        let mut part = Part {
            sum: vec![0.0; p * p],
            first: vec![0.0; p],
            square: 0.0,
            carry: vec![0.0; p],
            bounded: false,
        };
        self.exposure(chunk, &mut part);
        self.means(chunk, &mut part);
        part
    }

    /// Adds X′DX.
    fn exposure(&mut self, chunk: &Chunk, part: &mut Part) {
        let p = self.s1.len();
        self.pass.expected(chunk, &mut self.d);
        for (t, d) in self.d.chunks_mut(TILE).enumerate() {
            let tile = self.pass.layout.tile(chunk.rows.start + t * TILE);
            for v in d.iter_mut() {
                *v = v.max(0.0).sqrt();
            }
            for (column, x) in self.columns.chunks_mut(TILE).zip(tile.chunks(TILE)) {
                for ((c, x), d) in column.iter_mut().zip(x).zip(d.iter()) {
                    *c = x * d;
                }
            }
            add_gram(&self.columns, p, TILE, 1.0, &mut part.sum);
        }
    }

    /// Subtracts Z₀′Z₀.
    fn means(&mut self, chunk: &Chunk, part: &mut Part) {
        let layout = self.pass.layout;
        self.s1.fill(0.0);
        let mut tied = chunk.tied.end;
        for k in chunk.rows.clone().rev() {
            if layout.row[k] == PAD {
                continue;
            }
            if layout.closes[k] {
                part.bounded = true;
                self.s1.fill(0.0);
            }
            let slot = layout.exit_slot[k] as usize - 1;
            add_row(&mut self.s1, layout.tile(k), k % TILE, self.pass.r[k]);
            if layout.first[slot] as usize != k {
                continue;
            }
            let is_tied = tied > chunk.tied.start && layout.tied[tied - 1] as usize == slot;
            tied -= usize::from(is_tied);
            if is_tied && self.pass.is_efron() {
                self.tie(slot, tied, part);
            } else {
                let tilt = self.pass.tilt.as_ref().map_or(1.0, |g| g[slot]);
                let g = (layout.death_weight[slot] * tilt).sqrt() / self.pass.s0[slot];
                self.emit(g, 0.0, part);
            }
            if let Some(l) = &layout.leaving {
                for &k in &l.order[l.start[slot] as usize..l.start[slot + 1] as usize] {
                    let k = k as usize;
                    add_row(&mut self.s1, layout.tile(k), k % TILE, -self.pass.r[k]);
                }
            }
        }
        self.flush(part);
        part.carry.copy_from_slice(&self.s1);
    }

    /// The two rows that stand for d tied deaths: Σₖ c (S1 − fₖ S1d)(S1 − fₖ S1d)′/S0ₖ² is a
    /// quadratic form in S1 and S1d, whose 2 × 2 matrix has this Cholesky factor.
    fn tie(&mut self, slot: usize, tied: usize, part: &mut Part) {
        let layout = self.pass.layout;
        let t = self.pass.tied[tied];
        self.s1_deaths.fill(0.0);
        let begin = layout.first[slot] as usize;
        for k in begin..begin + layout.deaths[slot] as usize {
            add_row(&mut self.s1_deaths, layout.tile(k), k % TILE, self.pass.r[k]);
        }
        if t.a > 0.0 {
            let g = t.a.sqrt();
            self.emit(g, -t.b / g, part);
            self.emit(0.0, (t.c - t.b * t.b / t.a).max(0.0).sqrt(), part);
        }
    }

    /// Puts the row g·S1 + f·S1d in the queue.
    fn emit(&mut self, g: f64, f: f64, part: &mut Part) {
        let open = if part.bounded { 0.0 } else { g };
        part.square += open * open;
        for (j, s1) in self.s1.iter().enumerate() {
            let mut z = g * s1;
            if f != 0.0 {
                z += f * self.s1_deaths[j];
            }
            part.first[j] += open * z;
            self.columns[j * TILE + self.waiting] = z;
        }
        self.waiting += 1;
        if self.waiting == TILE {
            self.flush(part);
        }
    }

    fn flush(&mut self, part: &mut Part) {
        for column in self.columns.chunks_mut(TILE) {
            column[self.waiting..].fill(0.0);
        }
        add_gram(&self.columns, self.s1.len(), self.waiting, -1.0, &mut part.sum);
        self.waiting = 0;
    }
}

/// `sum += r · x` for one row of a tile.
pub(super) fn add_row(sum: &mut [f64], tile: &[f64], k: usize, r: f64) {
    for (s, column) in sum.iter_mut().zip(tile.chunks_exact(TILE)) {
        *s += r * column[k];
    }
}
