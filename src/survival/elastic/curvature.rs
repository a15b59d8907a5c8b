//! The curvature of the log likelihood over the columns in play, at a state that may be left behind.
//!
//! It is taken at a reference state (see [`Spread`]); columns that come into play later get their
//! part at the same state. A step with a stale curvature is a step in nearly the right direction,
//! and the slopes, which are always exact, say where the maximum is.

use std::ops::Range;

use rayon::prelude::*;

use super::kernels::{self, SIDE, Tile, WIDE};
use super::problem::{Problem, State};
use super::spread::Spread;

/// Rows and columns of one task.
const CHUNK: usize = 8192;
const BLOCK: usize = 128;
/// Columns whose parts of Y and Z one task makes.
const PARTS: usize = 8;

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
    /// At the reference, and each column's parts there.
    spread: Spread,
    y: Vec<Vec<f64>>,
    z: Vec<Vec<f64>>,
}

/// Products of some packed columns with some others over some rows, all of Y or all of Z.
struct Task {
    negative: bool,
    columns: Range<usize>,
    with: Range<usize>,
    rows: Range<usize>,
}

impl Curvature {
    pub(super) fn new(problem: &Problem, state: &State) -> Self {
        Self {
            columns: Vec::new(),
            place: vec![None; problem.p],
            gram: Vec::new(),
            stride: 0,
            spread: Spread::new(problem, state),
            y: Vec::new(),
            z: Vec::new(),
        }
    }

    /// Takes the curvature anew, at this state, over these columns.
    pub(super) fn refresh(&mut self, problem: &Problem, state: &State, columns: &[usize]) {
        self.spread = Spread::new(problem, state);
        self.columns.clear();
        self.place.fill(None);
        self.y.clear();
        self.z.clear();
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
        let spread = &self.spread;
        let parts: Vec<Vec<(Vec<f64>, Vec<f64>)>> =
            new.par_chunks(PARTS).map(|some| spread.parts(problem, some)).collect();
        for (y, z) in parts.into_iter().flatten() {
            self.y.push(y);
            self.z.push(z);
        }
        let tasks = self.tasks(old);
        let tiles: Vec<Vec<Tile>> = tasks.par_iter().map(|task| self.tiles(task)).collect();
        for a in 0..all {
            let from = if a < old { old } else { 0 };
            self.gram[a * self.stride + from..a * self.stride + all].fill(0.0);
        }
        for (task, tiles) in tasks.iter().zip(tiles) {
            for (a, sums) in task.columns.clone().zip(tiles.as_flattened()) {
                for (b, v) in task.with.clone().zip(sums) {
                    let v = if task.negative { -v } else { *v };
                    self.gram[b * self.stride + a] += v;
                    if a < task.with.start {
                        self.gram[a * self.stride + b] += v;
                    }
                }
            }
        }
    }

    /// The columns from `old` on, a few together, against all up to the last of them.
    fn tasks(&self, old: usize) -> Vec<Task> {
        let all = self.columns.len();
        let mut tasks = Vec::new();
        for from in (old..all).step_by(WIDE) {
            let with = from..all.min(from + WIDE);
            for first in (0..with.end).step_by(BLOCK) {
                let columns = first..with.end.min(first + BLOCK);
                for (negative, part) in [(false, &self.y), (true, &self.z)] {
                    let n = part[from].len();
                    for row in (0..n).step_by(CHUNK) {
                        let rows = row..n.min(row + CHUNK);
                        let (columns, with) = (columns.clone(), with.clone());
                        tasks.push(Task { negative, columns, with, rows });
                    }
                }
            }
        }
        tasks
    }

    fn tiles(&self, task: &Task) -> Vec<Tile> {
        let part = if task.negative { &self.z } else { &self.y };
        let pick = |of: &Range<usize>| -> Vec<&[f64]> {
            part[of.clone()].iter().map(|v| &v[task.rows.clone()]).collect()
        };
        let mut tiles = vec![[[0.0; WIDE]; SIDE]; task.columns.len().div_ceil(SIDE)];
        kernels::products(&pick(&task.columns), &kernels::pack(&pick(&task.with)), &mut tiles);
        tiles
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
