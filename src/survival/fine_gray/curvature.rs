//! The slope X′(δw − D) and the curvature X′DX − Z′Z of the log likelihood, run by run, where a row
//! of Z is S1/S0 at an event time, times the root of the deaths' weight.

use ndarray::{Array1, Array2};
use rayon::prelude::*;

use super::layout::Run;
use super::means::{Carry, carries, deaths_sum, sums};
use super::pass::Pass;
use crate::survival::cox::kernels::{
    Wide, add_gram, add_row, add_rows, add_weighted_gram, set_row, touch, wide,
};

/// Numbers in a block of rows: half the first-level cache.
const BLOCK: usize = 2048;

/// The slope and the curvature.
pub(super) fn both(pass: &Pass) -> (Array1<f64>, Array2<f64>) {
    let (p, width) = (pass.layout.p(), pass.layout.width());
    if p == 0 {
        return (Array1::zeros(0), Array2::zeros((0, 0)));
    }
    let walk = |walk: &mut Walk, (run, carry)| wide(Step { walk, run, carry });
    let parts: Vec<Part> =
        pass.layout.runs.par_iter().zip(carries(pass)).map_init(|| Walk::new(pass), walk).collect();
    let (mut slope, mut sum) = (Array1::zeros(p), vec![0.0; width * width]);
    for part in &parts {
        for (s, v) in slope.iter_mut().zip(&part.slope) {
            *s += v;
        }
        for (s, v) in sum.iter_mut().zip(&part.sum) {
            *s += v;
        }
    }
    (slope, Array2::from_shape_fn((p, p), |(i, j)| sum[i.min(j) * width + i.max(j)]))
}

/// What a run adds to both; the matrix is width × width, and its upper triangle counts.
struct Part {
    slope: Vec<f64>,
    sum: Vec<f64>,
}

/// Work space of one thread.
struct Walk<'w, 'l, 'a> {
    pass: &'w Pass<'l, 'a>,
    /// D, by row of the run.
    d: Vec<f64>,
    /// Rows of DX, then rows of Z.
    block: Vec<f64>,
    /// How long the rows of Z in the block are.
    filled: usize,
    /// S1, by slot of the run.
    s1: Vec<f64>,
    minus: Vec<f64>,
}

/// One run's walk.
struct Step<'s, 'w, 'l, 'a> {
    walk: &'s mut Walk<'w, 'l, 'a>,
    run: &'s Run,
    carry: Carry,
}

impl Wide for Step<'_, '_, '_, '_> {
    type Output = Part;

    #[inline(always)]
    fn run(self) -> Part {
        let width = self.walk.pass.layout.width();
        let mut part = Part { slope: vec![0.0; width], sum: vec![0.0; width * width] };
        self.walk.exposure(self.run, &mut part);
        self.walk.means(self.run, &self.carry, &mut part);
        part
    }
}

impl<'w, 'l, 'a> Walk<'w, 'l, 'a> {
    fn new(pass: &'w Pass<'l, 'a>) -> Self {
        let width = pass.layout.width();
        // Room for 16 rows at least.
        let block = (BLOCK / width).max(16) * width;
        let (d, s1) = (Vec::new(), Vec::new());
        Self { pass, d, block: vec![0.0; block], filled: 0, s1, minus: vec![0.0; width * width] }
    }

    /// Adds X′DX, and the slope.
    #[inline(always)]
    fn exposure(&mut self, run: &Run, part: &mut Part) {
        let width = part.slope.len();
        self.d.resize(run.rows.len(), 0.0);
        self.pass.expected(run.rows.start, &mut self.d);
        let x = self.pass.layout.rows(run.rows.clone());
        touch(x);
        add_weighted_gram(x, &self.d, width, &mut self.block, &mut part.sum);
        self.d.iter_mut().for_each(|d| *d = -*d);
        self.pass.add_deaths(run.rows.start, &mut self.d);
        add_rows(&mut part.slope, x, &self.d);
    }

    /// Subtracts Z′Z.
    #[inline(always)]
    fn means(&mut self, run: &Run, carry: &Carry, part: &mut Part) {
        let (pass, width) = (self.pass, part.slope.len());
        let mut s1 = std::mem::take(&mut self.s1);
        s1.resize(run.slots.len() * width, 0.0);
        sums(pass, run, carry, &mut s1);
        self.minus.fill(0.0);
        self.filled = 0;
        let mut own = vec![0.0; width];
        let mut tied = run.tied.start;
        for (j, s1) in run.slots.clone().zip(s1.chunks_exact(width)) {
            if pass.layout.opens[j] {
                continue;
            }
            if !(pass.efron && pass.layout.deaths[j] > 1) {
                let g = pass.layout.death_weight(j).sqrt() / pass.s0[j];
                self.emit(g, s1, 0.0, &own);
                continue;
            }
            // Σₖ c (S1 − f S1d)(S1 − f S1d)′/S0ₖ² is a quadratic form in S1 and S1d: two rows, from
            // the Cholesky factor of its 2 × 2 matrix.
            deaths_sum(pass, j, &mut own);
            let t = pass.tied[tied];
            tied += 1;
            if t.a > 0.0 {
                let g = t.a.sqrt();
                self.emit(g, s1, -t.b / g, &own);
                self.emit(0.0, s1, (t.c - t.b * t.b / t.a).max(0.0).sqrt(), &own);
            }
        }
        self.flush();
        self.s1 = s1;
        for (s, v) in part.sum.iter_mut().zip(&self.minus) {
            *s -= v;
        }
    }

    /// Puts the row g·S1 + f·S1d in the block.
    #[inline(always)]
    fn emit(&mut self, g: f64, s1: &[f64], f: f64, own: &[f64]) {
        let to = &mut self.block[self.filled..self.filled + s1.len()];
        set_row(to, s1, g);
        if f != 0.0 {
            add_row(to, own, f);
        }
        self.filled += s1.len();
        if self.filled == self.block.len() {
            self.flush();
        }
    }

    #[inline(always)]
    fn flush(&mut self) {
        let z = &self.block[..self.filled];
        add_gram(z, z, self.pass.layout.width(), &mut self.minus);
        self.filled = 0;
    }
}
