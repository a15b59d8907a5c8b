//! The curvature of the partial likelihood, X′DX − Z′Z, chunk by chunk.
//!
//! A chunk walks its rows from the latest exit to the first, with S1 = Σ r x starting at zero. What
//! later chunks of the same stratum would have brought (the *carry* c) is put right afterwards:
//! with z = z₀ + g·c, Z′Z = Z₀′Z₀ + (Σ g z₀) c′ + c (Σ g z₀)′ + (Σ g²) c c′. So chunks do not
//! wait for each other, and the result is the same for any number of threads.

use ndarray::{Array1, Array2};
use rayon::prelude::*;

use super::entries::Leaving;
use super::kernels::{Wide, add_gram, add_row, add_rows, add_weighted_gram, set_row, touch, wide};
use super::layout::Chunk;
use super::pass::Pass;

/// Numbers in a block of rows: half the first-level cache.
const BLOCK: usize = 2048;

/// Leaving rows that are fetched together.
const FETCH: usize = 64;

/// What a chunk hands back; matrices are width × width, of which the upper triangle counts.
struct Part {
    /// X′(δw − D).
    slope: Vec<f64>,
    /// X′DX − Z₀′Z₀.
    sum: Vec<f64>,
    /// Σ g z₀ and Σ g² over the events that a carry reaches: those after the last boundary.
    first: Vec<f64>,
    square: f64,
    /// What the chunk carries to those before it: S1 up to its first boundary, if it has one.
    carry: Vec<f64>,
    closes: bool,
}

/// The slope and the curvature.
pub(super) fn both(pass: &Pass) -> (Array1<f64>, Array2<f64>) {
    let (p, width) = (pass.layout.p(), pass.layout.width());
    if p == 0 {
        return (Array1::zeros(0), Array2::zeros((0, 0)));
    }
    let walk = |walk: &mut Walk, chunk: &Chunk| wide(Step { walk, chunk });
    let parts: Vec<Part> =
        pass.layout.chunks.par_iter().map_init(|| Walk::new(pass), walk).collect();
    let mut sum = vec![0.0; width * width];
    let mut carry = vec![0.0; width];
    for part in parts.iter().rev() {
        for (s, v) in sum.iter_mut().zip(&part.sum) {
            *s += v;
        }
        for i in 0..p {
            for j in i..p {
                sum[i * width + j] -= part.first[i] * carry[j]
                    + carry[i] * part.first[j]
                    + part.square * carry[i] * carry[j];
            }
        }
        for (c, v) in carry.iter_mut().zip(&part.carry) {
            *c = if part.closes { *v } else { *c + v };
        }
    }
    let slope = Array1::from_shape_fn(p, |j| parts.iter().map(|part| part.slope[j]).sum());
    (slope, Array2::from_shape_fn((p, p), |(i, j)| sum[i.min(j) * width + i.max(j)]))
}

/// Work space of one thread.
struct Walk<'w, 'l, 'a> {
    pass: &'w Pass<'l, 'a>,
    /// D, by row of the chunk.
    d: Vec<f64>,
    /// Rows of DX, then rows of Z.
    block: Vec<f64>,
    /// How long the rows of Z in the block are.
    filled: usize,
    /// Rows that will leave soon, and which these are in the order of leaving.
    queue: Vec<f64>,
    fetched: std::ops::Range<usize>,
    s1: Vec<f64>,
    s1_deaths: Vec<f64>,
    minus: Vec<f64>,
}

/// One chunk's walk.
struct Step<'s, 'w, 'l, 'a> {
    walk: &'s mut Walk<'w, 'l, 'a>,
    chunk: &'s Chunk,
}

impl Wide for Step<'_, '_, '_, '_> {
    type Output = Part;

    #[inline(always)]
    fn run(self) -> Part {
        let width = self.walk.pass.layout.width();
        let mut part = Part {
            slope: vec![0.0; width],
            sum: vec![0.0; width * width],
            first: vec![0.0; width],
            square: 0.0,
            carry: Vec::new(),
            closes: false,
        };
        self.walk.exposure(self.chunk, &mut part);
        self.walk.means(self.chunk, &mut part);
        part
    }
}

impl<'w, 'l, 'a> Walk<'w, 'l, 'a> {
    fn new(pass: &'w Pass<'l, 'a>) -> Self {
        let width = pass.layout.width();
        let late = pass.layout.leaving.is_some();
        // Room for 16 rows at least.
        let block = (BLOCK / width).max(16) * width;
        Self {
            pass,
            d: Vec::new(),
            block: vec![0.0; block],
            filled: 0,
            queue: if late { vec![0.0; FETCH * width] } else { Vec::new() },
            fetched: 0..0,
            s1: vec![0.0; width],
            s1_deaths: vec![0.0; width],
            minus: vec![0.0; width * width],
        }
    }

    /// Adds X′DX, and what the chunk adds to the slope.
    #[inline(always)]
    fn exposure(&mut self, chunk: &Chunk, part: &mut Part) {
        let width = self.s1.len();
        self.pass.expected(chunk, &mut self.d);
        let x = self.pass.layout.rows(chunk.rows.clone());
        touch(x);
        add_weighted_gram(x, &self.d, width, &mut self.block, &mut part.sum);
        self.pass.less_expected(chunk, &mut self.d);
        add_rows(&mut part.slope, x, &self.d);
    }

    /// Subtracts Z₀′Z₀.
    #[inline(always)]
    fn means(&mut self, chunk: &Chunk, part: &mut Part) {
        let (pass, layout, width) = (self.pass, self.pass.layout, self.s1.len());
        self.s1.fill(0.0);
        self.minus.fill(0.0);
        self.filled = 0;
        self.fetched = 0..0;
        let mut tied = if pass.efron { chunk.tied.end } else { chunk.tied.start };
        for j in chunk.slots.clone().rev() {
            if layout.deaths[j] == 0 {
                part.closes = true;
                self.s1.fill(0.0);
                continue;
            }
            for k in layout.group(j) {
                add_row(&mut self.s1, layout.x(k), pass.r[k]);
            }
            if tied > chunk.tied.start && layout.tied[tied - 1] as usize == j {
                tied -= 1;
                self.tie(j, tied, part);
            } else {
                // √(c/S0²), as the hazard's increment is c/S0.
                let g = (pass.increment[j] / pass.s0[j]).sqrt();
                let to = self.filled;
                set_row(&mut self.block[to..to + width], &self.s1, g);
                self.emitted(g, part);
            }
            if let Some(leaving) = &layout.leaving {
                self.leave(leaving, leaving.range(j));
            }
        }
        self.flush();
        for (s, v) in part.sum.iter_mut().zip(&self.minus) {
            *s -= v;
        }
        part.carry.clone_from(&self.s1);
    }

    /// Takes those who enter at a slot out of S1.
    #[inline(always)]
    fn leave(&mut self, leaving: &Leaving, range: std::ops::Range<usize>) {
        let width = self.s1.len();
        for at in range.rev() {
            if self.fetched.is_empty() {
                self.fetch(leaving, at + 1);
            }
            self.fetched.end -= 1;
            let k = self.fetched.end - self.fetched.start;
            add_row(&mut self.s1, &self.queue[k * width..(k + 1) * width], 1.0);
        }
    }

    /// Fetches the rows −r·x of the next that leave, those before `end`. They lie anywhere in
    /// memory: many reads at once cost little more than one.
    #[inline(always)]
    fn fetch(&mut self, leaving: &Leaving, end: usize) {
        let (pass, width) = (self.pass, self.s1.len());
        self.fetched = end.saturating_sub(FETCH)..end;
        let rows = &leaving.order()[self.fetched.clone()];
        for (to, &k) in self.queue.chunks_exact_mut(width).zip(rows) {
            set_row(to, pass.layout.x(k as usize), -pass.r[k as usize]);
        }
    }

    /// A row of Z, g·S1 and more, is in its place.
    #[inline(always)]
    fn emitted(&mut self, g: f64, part: &mut Part) {
        let width = self.s1.len();
        if !part.closes {
            add_row(&mut part.first, &self.block[self.filled..self.filled + width], g);
            part.square += g * g;
        }
        self.filled += width;
        if self.filled == self.block.len() {
            self.flush();
        }
    }

    /// The two rows that stand for d tied deaths: Σₖ c (S1 − fₖ S1d)(S1 − fₖ S1d)′/S0ₖ² is a
    /// quadratic form in S1 and S1d, whose 2 × 2 matrix has the Cholesky factor with the columns
    /// (√a, −b/√a) and (0, √(c − b²/a)).
    #[inline(always)]
    fn tie(&mut self, j: usize, tied: usize, part: &mut Part) {
        let (pass, width) = (self.pass, self.s1.len());
        let t = pass.tied[tied];
        if t.a <= 0.0 {
            return;
        }
        let dying = pass.layout.dying(j);
        self.s1_deaths.fill(0.0);
        add_rows(&mut self.s1_deaths, pass.layout.rows(dying.clone()), &pass.r[dying]);
        let g = t.a.sqrt();
        for (on_s1, on_deaths) in [(g, -t.b / g), (0.0, (t.c - t.b * t.b / t.a).max(0.0).sqrt())] {
            let to = self.filled;
            let z = &mut self.block[to..to + width];
            set_row(z, &self.s1, on_s1);
            add_row(z, &self.s1_deaths, on_deaths);
            self.emitted(on_s1, part);
        }
    }

    #[inline(always)]
    fn flush(&mut self) {
        let z = &self.block[..self.filled];
        add_gram(z, z, self.s1.len(), &mut self.minus);
        self.filled = 0;
    }
}
