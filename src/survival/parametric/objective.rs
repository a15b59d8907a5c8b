//! The log likelihood of a parametric model over the rows of a sample.

use std::ops::Range;

use ndarray::{Array1, Array2};
use rayon::prelude::*;

use super::jet::Jet;
use super::law::Law;
use crate::survival::Sample;
use crate::survival::columns::{BLOCK, Columns, PAD, TILE, dot};
use crate::survival::cox::kernels::width;
use crate::survival::newton::Point;

/// Linear predictors further than this from 0 are taken as divergence.
const FURTHEST: f64 = 600.0;

/// Rows, columns and law of one fit. Parameters come in one list: the intercept, the columns
/// (centred and scaled), θ.
pub(super) struct Objective<'a> {
    pub(super) sample: &'a Sample,
    pub(super) columns: Columns,
    pub(super) law: Law,
    /// By position: the row of the sample, or [`PAD`]. Rows keep their order.
    pub(super) row: Vec<u32>,
    pub(super) offset_centre: f64,
    cause: u32,
}

/// Sums over a block of rows.
struct Part {
    loglik: f64,
    score: Vec<f64>,
    information: Vec<f64>,
}

/// What the rows of a tile add, in columns of [`TILE`].
struct Slopes {
    loglik: f64,
    /// w ∂ℓ/∂η, −w ∂²ℓ/∂η².
    eta: [f64; TILE],
    eta2: [f64; TILE],
    /// By θ: w ∂ℓ/∂θ, −w ∂²ℓ/∂η∂θ.
    theta: Vec<f64>,
    eta_theta: Vec<f64>,
    /// Σ −w ∂²ℓ/∂θ².
    theta2: Vec<f64>,
}

impl Slopes {
    fn new(q: usize) -> Self {
        Self {
            loglik: 0.0,
            eta: [0.0; TILE],
            eta2: [0.0; TILE],
            theta: vec![0.0; q * TILE],
            eta_theta: vec![0.0; q * TILE],
            theta2: vec![0.0; q * q],
        }
    }

    fn clear(&mut self) {
        self.loglik = 0.0;
        self.eta.fill(0.0);
        self.eta2.fill(0.0);
        for list in [&mut self.theta, &mut self.eta_theta, &mut self.theta2] {
            list.fill(0.0);
        }
    }
}

impl<'a> Objective<'a> {
    pub(super) fn new(sample: &'a Sample, cause: u32, law: Law) -> Self {
        let n = sample.len();
        let mut row: Vec<u32> = (0..n as u32).collect();
        row.resize(n.next_multiple_of(TILE), PAD);
        let centre = sample.offset().map_or(0.0, |o| o.iter().map(|v| v / n as f64).sum());
        let columns = Columns::new(sample.x(), &row);
        Self { sample, columns, law, row, offset_centre: centre, cause }
    }

    pub(super) fn p(&self) -> usize {
        self.columns.p()
    }

    /// All parameters.
    pub(super) fn size(&self) -> usize {
        1 + self.p() + self.law.q()
    }

    /// Where θ stands.
    pub(super) fn theta(&self) -> Range<usize> {
        1 + self.p()..self.size()
    }

    /// The log likelihood with slope and curvature; `None` where it cannot be computed.
    pub(super) fn evaluate(&self, b: &Array1<f64>) -> Option<Point> {
        let size = self.size();
        let parts: Vec<Option<Part>> = (0..self.row.len().div_ceil(BLOCK))
            .into_par_iter()
            .map(|block| self.block(b, block * BLOCK))
            .collect();
        let mut loglik = 0.0;
        let mut score = Array1::zeros(size);
        let mut information = Array2::zeros((size, size));
        for part in parts {
            let part = part?;
            loglik += part.loglik;
            score.iter_mut().zip(&part.score).for_each(|(s, v)| *s += v);
            information.iter_mut().zip(&part.information).for_each(|(s, v)| *s += v);
        }
        for i in 0..size {
            for j in 0..i {
                information[[i, j]] = information[[j, i]];
            }
        }
        let all = score.iter().chain(&information);
        let finite = f64::is_finite(loglik) && all.copied().all(f64::is_finite);
        finite.then_some(Point { loglik, score, information })
    }

    /// Blocks of positions that are computed together.
    pub(super) fn blocks(&self) -> Vec<Range<usize>> {
        let n = self.row.len();
        (0..n).step_by(BLOCK).map(|begin| begin..n.min(begin + BLOCK)).collect()
    }

    /// Fills rows, which begin where a tile does, with the weighted slopes of their log likelihoods:
    /// numbers by parameter, row after row, each filled up with zeros to the [`width`].
    pub(super) fn influences(&self, b: &Array1<f64>, rows: Range<usize>, out: &mut [f64]) {
        let (p, width, mut slopes) = (self.p(), width(self.size()), Slopes::new(self.law.q()));
        out.fill(0.0);
        for (begin, out) in rows.step_by(TILE).zip(out.chunks_mut(TILE * width)) {
            if self.slopes(b, begin, &mut slopes).is_none() {
                continue;
            }
            let tile = self.columns.tile(begin);
            for (k, row) in out.chunks_exact_mut(width).enumerate() {
                row[0] = slopes.eta[k];
                for (j, out) in row[1..=p].iter_mut().enumerate() {
                    *out = tile[j * TILE + k] * slopes.eta[k];
                }
                for (j, out) in row[1 + p..self.size()].iter_mut().enumerate() {
                    *out = slopes.theta[j * TILE + k];
                }
            }
        }
    }

    fn block(&self, b: &Array1<f64>, begin: usize) -> Option<Part> {
        let (p, q, size) = (self.p(), self.law.q(), self.size());
        let mut part =
            Part { loglik: 0.0, score: vec![0.0; size], information: vec![0.0; size * size] };
        let mut s = Slopes::new(q);
        let mut weighted = [0.0; TILE];
        let one = [1.0; TILE];
        for at in (begin..(begin + BLOCK).min(self.row.len())).step_by(TILE) {
            self.slopes(b, at, &mut s)?;
            part.loglik += s.loglik;
            let tile = self.columns.tile(at);
            let column = |j: usize| -> &[f64] {
                if j == 0 { &one } else { &tile[(j - 1) * TILE..j * TILE] }
            };
            for i in 0..=p {
                part.score[i] += dot(column(i), &s.eta);
                for ((w, x), h) in weighted.iter_mut().zip(column(i)).zip(&s.eta2) {
                    *w = x * h;
                }
                for j in i..=p {
                    part.information[i * size + j] += dot(&weighted, column(j));
                }
                for (k, c) in s.eta_theta.chunks_exact(TILE).enumerate() {
                    part.information[i * size + 1 + p + k] += dot(column(i), c);
                }
            }
            for k in 0..q {
                part.score[1 + p + k] += dot(&one, &s.theta[k * TILE..(k + 1) * TILE]);
                for l in k..q {
                    part.information[(1 + p + k) * size + 1 + p + l] += s.theta2[k * q + l];
                }
            }
        }
        Some(part)
    }

    /// What the rows of the tile at a position add.
    fn slopes(&self, b: &Array1<f64>, begin: usize, out: &mut Slopes) -> Option<()> {
        let (p, q) = (self.p(), self.law.q());
        let y = self.sample.outcome();
        let theta: Vec<f64> = b.iter().skip(1 + p).copied().collect();
        let mut eta = [b[0]; TILE];
        for (x, b) in self.columns.tile(begin).chunks_exact(TILE).zip(b.iter().skip(1)) {
            for (e, x) in eta.iter_mut().zip(x) {
                *e += b * x;
            }
        }
        out.clear();
        let mut jet = Jet::new(q);
        for (k, &row) in self.row[begin..begin + TILE].iter().enumerate() {
            if row == PAD {
                break;
            }
            let i = row as usize;
            let eta = eta[k] + self.sample.offset().map_or(0.0, |o| o[i] - self.offset_centre);
            if eta.is_nan() || eta.abs() > FURTHEST {
                return None;
            }
            jet.clear();
            let event = y.cause()[i] == self.cause;
            self.law.add_exit(y.exit()[i], eta, &theta, event, &mut jet);
            if let Some(entry) = y.entry().map(|e| e[i]).filter(|&e| e > 0.0) {
                self.law.add_cumulative(entry, eta, &theta, 1.0, &mut jet);
            }
            if !jet.is_finite() {
                return None;
            }
            let w = self.sample.weights().map_or(1.0, |w| w[i]);
            out.loglik += w * jet.value;
            out.eta[k] = w * jet.eta;
            out.eta2[k] = -w * jet.eta2;
            for j in 0..q {
                out.theta[j * TILE + k] = w * jet.theta[j];
                out.eta_theta[j * TILE + k] = -w * jet.eta_theta[j];
            }
            for (s, v) in out.theta2.iter_mut().zip(&jet.theta2) {
                *s -= w * v;
            }
        }
        Some(())
    }
}
