//! The root of the active columns' part of a curvature, kept while columns come and go.

use rayon::prelude::*;

use super::curvature::Curvature;
use super::kernels::{self, SIDE, WIDE};

/// Columns that are eliminated together.
const PANEL: usize = 32;
/// A pivot below this share of its own curvature is taken as none: the columns are dependent.
const DEPENDENT: f64 = 1e-9;
/// Rows whose rotations run side by side.
const BESIDE: usize = 8;

/// L with L L′ = G + shift · I over some columns in play, row after row.
#[derive(Debug, Clone, Default)]
pub(super) struct Factor {
    /// The columns, by their place in the curvature.
    places: Vec<usize>,
    /// By place in the curvature: its row here.
    row_of: Vec<Option<u32>>,
    rows: Vec<f64>,
    stride: usize,
    pub(super) shift: f64,
}

impl Factor {
    /// How many columns there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn places(&self) -> &[usize] {
        &self.places
    }

    /// Forgets everything: the curvature is another one.
    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.row_of.clear();
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.rows[i * self.stride..i * self.stride + i + 1]
    }

    /// Room for so many rows; the first few are kept.
    fn reserve(&mut self, needed: usize, kept: usize) {
        if needed <= self.stride {
            return;
        }
        let stride = needed.max(self.stride + self.stride / 2).next_multiple_of(8);
        let mut rows = vec![0.0; stride * stride];
        for i in 0..kept {
            rows[i * stride..=i * stride + i].copy_from_slice(self.row(i));
        }
        (self.rows, self.stride) = (rows, stride);
    }

    fn number(&mut self, from: usize) {
        for (i, &k) in self.places.iter().enumerate().skip(from) {
            if k >= self.row_of.len() {
                self.row_of.resize(k + 1, None);
            }
            self.row_of[k] = Some(i as u32);
        }
    }

    /// Makes these the columns, with another shift where it is given: `false` where they depend on
    /// each other.
    pub(super) fn set(
        &mut self,
        curvature: &Curvature,
        wanted: &[bool],
        shift: Option<f64>,
    ) -> bool {
        let has = |k: usize, f: &Self| f.row_of.get(k).copied().flatten().is_some();
        let new: Vec<usize> = (0..wanted.len()).filter(|&k| wanted[k] && !has(k, self)).collect();
        let gone: Vec<usize> =
            (0..self.places.len()).filter(|&i| !wanted[self.places[i]]).collect();
        let mut from = self.places.len();
        if let Some(shift) = shift {
            (self.shift, from) = (shift, 0);
        }
        let few = gone.len() <= 2 + self.places.len() / 64;
        if from > 0 && few {
            for &i in gone.iter().rev() {
                self.remove(i);
            }
        } else {
            from = from.min(gone.first().copied().unwrap_or(from));
            for &i in &gone {
                self.row_of[self.places[i]] = None;
            }
            self.places.retain(|&k| wanted[k]);
        }
        from = from.min(self.places.len());
        self.places.extend(&new);
        self.reserve(self.places.len(), from);
        self.number(from);
        let sound = self.eliminate(curvature, from);
        if !sound {
            self.clear();
        }
        sound
    }

    /// The rows from `from` on, those before being sound.
    fn eliminate(&mut self, curvature: &Curvature, from: usize) -> bool {
        let all = self.places.len();
        let (stride, shift) = (self.stride, self.shift);
        let places = &self.places;
        let (sound, fresh) = self.rows[..all * stride].split_at_mut(from * stride);
        // The columns before: every new row by itself.
        let fill = |(r, row): (usize, &mut [f64])| {
            let of = curvature.row(places[from + r]);
            for (v, &k) in row.iter_mut().zip(&places[..=from + r]) {
                *v = of[k];
            }
            row[from + r] += shift;
        };
        fresh.par_chunks_mut(stride).enumerate().for_each(fill);
        let some = |rows: &mut [f64]| {
            let mut rows: Vec<&mut [f64]> = rows.chunks_mut(stride).collect();
            kernels::forward(sound, stride, from, &mut rows);
        };
        fresh.par_chunks_mut(stride * 4).for_each(some);
        let mut begin = from;
        while begin < all {
            let end = all.min(begin + PANEL);
            if !self.panel(curvature, begin, end) {
                return false;
            }
            begin = end;
        }
        true
    }

    /// The columns `begin..end` of all rows from `begin` on.
    fn panel(&mut self, curvature: &Curvature, begin: usize, end: usize) -> bool {
        let (all, stride, width) = (self.places.len(), self.stride, end - begin);
        let fresh = &mut self.rows[begin * stride..all * stride];
        // What the columns before the panel take away.
        if begin > 0 {
            let own: Vec<&[f64]> =
                fresh.chunks(stride).take(width).map(|row| &row[..begin]).collect();
            let own: Vec<_> = own.chunks(WIDE).map(kernels::pack).collect();
            let some = |rows: &mut [f64]| {
                let mut rows: Vec<(&mut [f64], &mut [f64])> =
                    rows.chunks_mut(stride).map(|row| row.split_at_mut(begin)).collect();
                for (group, with) in own.iter().enumerate() {
                    let of: Vec<&[f64]> = rows.iter().map(|(done, _)| &**done).collect();
                    let mut sums = vec![[[0.0; WIDE]; SIDE]; rows.len().div_ceil(SIDE)];
                    kernels::products(&of, with, &mut sums);
                    for ((_, row), sums) in rows.iter_mut().zip(sums.as_flattened()) {
                        let part = &mut row[group * WIDE..width.min((group + 1) * WIDE)];
                        part.iter_mut().zip(sums).for_each(|(v, s)| *v -= s);
                    }
                }
            };
            fresh.par_chunks_mut(stride * 64).for_each(some);
        }
        // The panel's own triangle, kept the other way round for the rows below.
        let mut done = vec![0.0; width * width];
        for k in 0..width {
            let row = &mut fresh[k * stride + begin..=k * stride + begin + k];
            within(&done, width, row);
            let pivot = row[k];
            let place = self.places[begin + k];
            let own = curvature.row(place)[place] + self.shift;
            if pivot.is_nan() || pivot <= DEPENDENT * own {
                return false;
            }
            row[k] = pivot.sqrt();
            for (j, v) in row.iter().enumerate() {
                done[j * width + k] = *v;
            }
        }
        let below = &mut fresh[width * stride..];
        let rest = |rows: &mut [f64]| {
            let mut rows: Vec<&mut [f64]> =
                rows.chunks_mut(stride).map(|row| &mut row[begin..end]).collect();
            kernels::eliminate(&done, &mut rows);
        };
        below.par_chunks_mut(stride * 64).for_each(rest);
        true
    }

    /// Takes one row and column out.
    fn remove(&mut self, at: usize) {
        let (all, stride) = (self.places.len(), self.stride);
        self.row_of[self.places[at]] = None;
        self.places.remove(at);
        let mut gone: Vec<f64> = Vec::with_capacity(all - at - 1);
        for i in at + 1..all {
            let from = i * stride;
            gone.push(self.rows[from + at]);
            self.rows.copy_within(from..from + at, from - stride);
            self.rows.copy_within(from + at + 1..=from + i, from - stride + at);
        }
        self.number(at);
        // L L′ + w w′ of what is left below.
        let mut turns: Vec<(f64, f64, f64)> = Vec::with_capacity(all - at - 1);
        for (block, w) in gone.chunks_mut(BESIDE).enumerate() {
            let first = at + block * BESIDE;
            let rows = &mut self.rows[first * stride..(first + w.len()) * stride];
            if let Ok(w) = <&mut [f64; BESIDE]>::try_from(&mut *w) {
                turn(rows, stride, at, &turns, w);
            } else {
                for (row, w) in rows.chunks_mut(stride).zip(w.iter_mut()) {
                    turn_one(&mut row[at..], &turns, w);
                }
            }
            for (k, w) in w.iter_mut().enumerate() {
                let row = &mut rows[k * stride + at..];
                let done = block * BESIDE;
                turn_one(&mut row[done..], &turns[done..], w);
                let own = &mut row[turns.len()];
                let root = (*own * *own + *w * *w).sqrt();
                turns.push((root / *own, *own / root, *w / *own));
                *own = root;
            }
        }
    }

    /// Solves (G + shift · I) x = b; `b` becomes x, by row.
    pub(super) fn solve(&self, b: &mut [f64]) {
        let all = self.places.len();
        kernels::forward(&self.rows, self.stride, all, &mut [&mut *b]);
        kernels::backward(&self.rows, self.stride, b);
    }
}

/// One row of a panel against those before it; its last number becomes the square of the pivot.
fn within(done: &[f64], width: usize, row: &mut [f64]) {
    for k in 0..row.len() - 1 {
        let (before, rest) = row.split_at_mut(k + 1);
        let of = &done[k * width..(k + 1) * width];
        before[k] /= of[k];
        for (v, l) in rest.iter_mut().zip(&of[k + 1..]) {
            *v -= before[k] * l;
        }
    }
    if let Some((pivot, before)) = row.split_last_mut() {
        *pivot -= before.iter().map(|v| v * v).sum::<f64>();
    }
}

/// Rotations of some rows from a column on, side by side since each waits for the one before it.
fn turn(
    rows: &mut [f64],
    stride: usize,
    at: usize,
    turns: &[(f64, f64, f64)],
    w: &mut [f64; BESIDE],
) {
    let mut each = rows.chunks_mut(stride);
    let mut rows: [&mut [f64]; BESIDE] = std::array::from_fn(|_| {
        each.next().map_or(&mut [][..], |row| &mut row[at..at + turns.len()])
    });
    for (j, &(c, back, s)) in turns.iter().enumerate() {
        for (row, w) in rows.iter_mut().zip(w.iter_mut()) {
            let t = (row[j] + s * *w) * back;
            *w = c * *w - s * t;
            row[j] = t;
        }
    }
}

fn turn_one(row: &mut [f64], turns: &[(f64, f64, f64)], w: &mut f64) {
    for (v, &(c, back, s)) in row.iter_mut().zip(turns) {
        let t = (*v + s * *w) * back;
        *w = c * *w - s * t;
        *v = t;
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::survival::elastic::problem::Problem;
    use crate::survival::{Outcome, Sample};

    /// A curvature over all of 90 columns of 150 rows.
    fn curvature() -> Curvature {
        let mut seed = 7_u64;
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
            (seed >> 40) as f64 / f64::from(1 << 24) - 0.5
        };
        let x = Array2::from_shape_simple_fn((150, 90), &mut next);
        let exit = (0..150).map(|_| 1.0 + next()).collect();
        let y = Outcome::new(None, exit, vec![1; 150], vec!["end".into()]).unwrap();
        let names = (0..90).map(|j| format!("x{j}")).collect();
        let sample = Sample::new(x, names, y).unwrap();
        let problem = Problem::new(&sample, 1, None, |_| true).unwrap();
        let mut curvature = Curvature::new(&problem, &problem.null().unwrap());
        curvature.extend(&problem, &(0..90).collect::<Vec<_>>());
        curvature
    }

    #[test]
    fn it_solves_while_columns_come_and_go() {
        let curvature = curvature();
        let mut factor = Factor::default();
        let sets: [(&dyn Fn(usize) -> bool, Option<f64>); 9] = [
            (&|k| k % 2 == 0, Some(0.01)),
            // Some come: few, and more than a panel.
            (&|k| k % 2 == 0 || k == 5, None),
            (&|k| k != 17, None),
            // One goes from the front, one from the middle, one from the end.
            (&|k| k != 17 && k != 0, None),
            (&|k| !([17, 0, 44].contains(&k)), None),
            (&|k| !([17, 0, 44, 89].contains(&k)), None),
            // Many go while some come; another ridge; none is left, and all come back.
            (&|k| k % 3 == 0 || k == 17, None),
            (&|_| false, Some(0.5)),
            (&|_| true, Some(0.25)),
        ];
        for (set, shift) in sets {
            let wanted: Vec<bool> = (0..90).map(set).collect();
            assert!(factor.set(&curvature, &wanted, shift));
            let mut places = factor.places().to_vec();
            let right: Vec<f64> = places.iter().map(|&k| 1.0 + (k % 7) as f64).collect();
            let mut x = right.clone();
            factor.solve(&mut x);
            for (&k, r) in places.iter().zip(&right) {
                let row = curvature.row(k);
                let product: f64 = places.iter().zip(&x).map(|(&j, x)| row[j] * x).sum();
                let own = x[places.iter().position(|&j| j == k).unwrap()];
                assert!((product + factor.shift * own - r).abs() < 1e-10, "{k}");
            }
            places.sort_unstable();
            assert_eq!(places, (0..90).filter(|&k| wanted[k]).collect::<Vec<_>>());
        }
    }

    #[test]
    fn columns_that_depend_on_each_other_are_told() {
        let mut rows = Array2::from_shape_fn((30, 3), |(i, j)| ((i * (j + 2)) % 7) as f64);
        for mut row in rows.rows_mut() {
            row[2] = row[0] - 2.0 * row[1];
        }
        let exit = (0..30).map(|i| 1.0 + f64::from(i % 11)).collect();
        let y = Outcome::new(None, exit, vec![1; 30], vec!["end".into()]).unwrap();
        let sample = Sample::new(rows, ["a", "b", "c"].map(String::from).to_vec(), y).unwrap();
        let problem = Problem::new(&sample, 1, None, |_| true).unwrap();
        let mut curvature = Curvature::new(&problem, &problem.null().unwrap());
        curvature.extend(&problem, &[0, 1, 2]);
        let mut factor = Factor::default();
        assert!(!factor.set(&curvature, &[true; 3], Some(0.0)));
        assert!(factor.set(&curvature, &[true, true, false], Some(0.0)));
        assert!(factor.set(&curvature, &[true; 3], Some(0.1)));
    }
}
