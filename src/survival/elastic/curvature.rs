//! The curvature of the log likelihood over the columns in play, at a state that may be left behind.
//!
//! It is X′DX − Z′Z with D the expected events and a row of Z S1(t)/S0(t) times the root of the
//! deaths' weight. It is taken at a reference state; columns that come into play later get their
//! part at the same state. A step with a stale curvature is a step in nearly the right direction,
//! and the slopes, which are always exact, say where the maximum is.

use rayon::prelude::*;

use super::kernels::{self, SIDE};
use super::problem::{Problem, State};

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Curvature {
    /// The columns in play, in the order in which they came.
    pub(super) columns: Vec<usize>,
    /// By column of the problem: its place in `columns`.
    pub(super) place: Vec<Option<u32>>,
    /// Row after row, `stride` apart.
    gram: Vec<f64>,
    stride: usize,
    /// The reference: D, r, and the root of the deaths' weight over S0.
    expected: Vec<f64>,
    r: Vec<f64>,
    per_set: Vec<f64>,
    /// By column in play: its part of Z.
    means: Vec<Vec<f64>>,
}

impl Curvature {
    pub(super) fn new(problem: &Problem, state: &State) -> Self {
        let mut new = Self {
            columns: Vec::new(),
            place: vec![None; problem.p],
            gram: Vec::new(),
            stride: 0,
            expected: Vec::new(),
            r: Vec::new(),
            per_set: Vec::new(),
            means: Vec::new(),
        };
        new.refer(problem, state);
        new
    }

    fn refer(&mut self, problem: &Problem, state: &State) {
        self.expected.clone_from(&state.expected);
        self.r.clone_from(&state.r);
        let root = |(d, s): (&f64, &f64)| if *d > 0.0 { d.sqrt() / s } else { 0.0 };
        self.per_set = problem.deaths.iter().zip(&state.s0).map(root).collect();
    }

    /// Takes the curvature anew, at this state, over these columns.
    pub(super) fn refresh(&mut self, problem: &Problem, state: &State, columns: &[usize]) {
        self.refer(problem, state);
        self.columns.clear();
        self.place.fill(None);
        self.means.clear();
        self.extend(problem, columns);
    }

    /// Brings columns into play.
    pub(super) fn extend(&mut self, problem: &Problem, new: &[usize]) {
        let old = self.columns.len();
        for &j in new {
            self.place[j] = Some(self.columns.len() as u32);
            self.columns.push(j);
        }
        let all = self.columns.len();
        if all > self.stride {
            self.grow(all, old);
        }
        let (expected, r, per_set) = (&self.expected, &self.r, &self.per_set);
        let parts: Vec<(Vec<f64>, Vec<f64>)> = new
            .par_iter()
            .map(|&j| {
                let column = problem.column(j);
                let times = |v: &[f64]| v.iter().zip(column).map(|(v, x)| v * x).collect();
                let (exposed, risk): (Vec<f64>, Vec<f64>) = (times(expected), times(r));
                let mut mean = vec![0.0; per_set.len()];
                problem.risk_sums(&risk, &mut mean);
                for (m, per) in mean.iter_mut().zip(per_set) {
                    *m *= per;
                }
                (exposed, mean)
            })
            .collect();
        let mut exposed = Vec::with_capacity(new.len());
        for (e, m) in parts {
            exposed.push(e);
            self.means.push(m);
        }
        let (columns, means) = (&self.columns, &self.means);
        // A few new columns together, against all up to the last of them.
        let rows: Vec<Vec<[f64; SIDE]>> = (old..all)
            .into_par_iter()
            .step_by(SIDE)
            .map(|a| {
                let upto = all.min(a + SIDE);
                let four = |pick: &dyn Fn(usize) -> usize| -> [usize; SIDE] {
                    std::array::from_fn(|k| pick((a + k).min(upto - 1)))
                };
                let mut sums = vec![[0.0; SIDE]; upto];
                let with = four(&|k| k).map(|k| means[k].as_slice());
                let of: Vec<&[f64]> = means[..upto].iter().map(Vec::as_slice).collect();
                kernels::products(&of, with, &mut sums);
                sums.as_flattened_mut().iter_mut().for_each(|v| *v = -*v);
                let with = four(&|k| k - old).map(|k| exposed[k].as_slice());
                let of: Vec<&[f64]> = columns[..upto].iter().map(|&j| problem.column(j)).collect();
                kernels::products(&of, with, &mut sums);
                sums
            })
            .collect();
        for (group, rows) in rows.into_iter().enumerate() {
            let begin = old + group * SIDE;
            for (b, sums) in rows.into_iter().enumerate() {
                for (a, g) in (begin..all.min(begin + SIDE)).zip(sums) {
                    if b <= a {
                        self.gram[a * self.stride + b] = g;
                        self.gram[b * self.stride + a] = g;
                    }
                }
            }
        }
    }

    fn grow(&mut self, needed: usize, old: usize) {
        let stride = (needed.max(2 * self.stride)).next_multiple_of(8);
        let mut gram = vec![0.0; stride * stride];
        for a in 0..old {
            let from = a * self.stride;
            gram[a * stride..a * stride + old].copy_from_slice(&self.gram[from..from + old]);
        }
        (self.gram, self.stride) = (gram, stride);
    }

    /// One row: the curvature along a column in play, with all of them.
    pub(super) fn row(&self, place: usize) -> &[f64] {
        &self.gram[place * self.stride..place * self.stride + self.columns.len()]
    }
}
