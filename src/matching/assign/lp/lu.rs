//! Sparse LU factors of a basis. Columns and rows with one entry are peeled off first, which costs
//! nothing and is most of such a basis; what remains is factored by Markowitz's rule (1957):
//! pivots are taken where they fill least.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::nucleus::Nucleus;
use super::sparse::{Lists, Sparse};

/// With more entries than this share of the rows a vector is treated as full.
const FULL: usize = 12;

/// The factors of a square matrix.
#[derive(Debug, Clone, Default)]
pub(super) struct Lu {
    pivot_row: Vec<u32>,
    pivot_column: Vec<u32>,
    pivot: Vec<f64>,
    step_of_row: Vec<u32>,
    step_of_column: Vec<u32>,
    /// Multipliers of the steps that have any, and the pivot rows of those steps.
    lower: Lists,
    lower_row: Vec<u32>,
    /// U by steps: rows (as columns of the matrix) and columns (as rows of the matrix).
    by_row: Lists,
    by_column: Lists,
    out: Sparse,
    up: BinaryHeap<Reverse<u32>>,
    down: BinaryHeap<u32>,
}

impl Lu {
    /// Factors the matrix whose columns are given; `None` where it is singular.
    pub fn factor<'c, I>(m: usize, columns: impl Fn(usize) -> I) -> Option<Self>
    where
        I: Iterator<Item = (usize, f64)> + 'c,
    {
        let mut by_column = Lists::default();
        for q in 0..m {
            columns(q).for_each(|(i, v)| by_column.push(i as u32, v));
            by_column.close();
        }
        let by_row = Lists::of(m, by_column.iter().map(|(q, i, v)| (i, q, v)));
        let mut peel = Peel::new(&by_column, &by_row);
        let mut lu = Self::default();
        peel.run(&mut lu);
        if lu.pivot.len() < m {
            let rest = (0..m as u32).filter(|&p| !peel.row_done[p as usize]);
            let rest = rest.map(|p| {
                let open = |(q, _): &(usize, f64)| !peel.column_done[*q];
                (p, by_row.get(p as usize).filter(open).map(|(q, v)| (q as u32, v)).collect())
            });
            let mut nucleus = Nucleus::new(rest.collect());
            while lu.pivot.len() < m {
                nucleus.step(&mut lu)?;
            }
        }
        lu.finish(m);
        Some(lu)
    }

    /// Notes a step: its pivot, the rest of its row in U, the multipliers of its column.
    pub fn step(
        &mut self,
        row: u32,
        column: u32,
        pivot: f64,
        rest: impl Iterator<Item = (u32, f64)>,
        multipliers: impl Iterator<Item = (u32, f64)>,
    ) {
        self.pivot_row.push(row);
        self.pivot_column.push(column);
        self.pivot.push(pivot);
        rest.for_each(|(j, v)| self.by_row.push(j, v));
        self.by_row.close();
        multipliers.for_each(|(i, l)| self.lower.push(i, l));
        if self.lower.is_open() {
            self.lower.close();
            self.lower_row.push(row);
        }
    }

    fn finish(&mut self, m: usize) {
        self.step_of_row = vec![0; m];
        self.step_of_column = vec![0; m];
        for k in 0..m {
            self.step_of_row[self.pivot_row[k] as usize] = k as u32;
            self.step_of_column[self.pivot_column[k] as usize] = k as u32;
        }
        let entries = self
            .by_row
            .iter()
            .map(|(k, j, v)| (self.step_of_column[j as usize], self.pivot_row[k as usize], v));
        self.by_column = Lists::of(m, entries);
    }

    /// How many entries the factors have.
    pub fn entries(&self) -> usize {
        self.lower.entries() + self.by_row.entries()
    }

    /// Solves B x = b. `x` holds b by row, and then x by column.
    pub fn solve(&mut self, x: &mut Sparse) {
        for (k, &p) in self.lower_row.iter().enumerate() {
            let t = x.get(p as usize);
            if t != 0.0 {
                for (i, l) in self.lower.get(k) {
                    x.add(i, -l * t);
                }
            }
        }
        let m = self.pivot.len();
        self.out.reset(m);
        if x.places().len() * FULL > m {
            for k in (0..m).rev() {
                self.solve_step(k, x, None);
            }
        } else {
            let mut heap = std::mem::take(&mut self.down);
            heap.extend(x.places().iter().map(|&i| self.step_of_row[i as usize]));
            while let Some(k) = heap.pop() {
                self.solve_step(k as usize, x, Some(&mut heap));
            }
            self.down = heap;
        }
        std::mem::swap(x, &mut self.out);
    }

    fn solve_step(&mut self, k: usize, x: &mut Sparse, mut heap: Option<&mut BinaryHeap<u32>>) {
        let t = x.get(self.pivot_row[k] as usize);
        if t == 0.0 {
            return;
        }
        let t = t / self.pivot[k];
        self.out.set(self.pivot_column[k] as usize, t);
        for (i, u) in self.by_column.get(k) {
            if x.add(i, -u * t)
                && let Some(heap) = &mut heap
            {
                heap.push(self.step_of_row[i]);
            }
        }
    }

    /// Solves Bᵀ y = c. `y` holds c by column, and then y by row.
    pub fn solve_transposed(&mut self, y: &mut Sparse) {
        let m = self.pivot.len();
        self.out.reset(m);
        if y.places().len() * FULL > m {
            for k in 0..m {
                self.transposed_step(k, y, None);
            }
        } else {
            let mut heap = std::mem::take(&mut self.up);
            heap.extend(y.places().iter().map(|&j| Reverse(self.step_of_column[j as usize])));
            while let Some(Reverse(k)) = heap.pop() {
                self.transposed_step(k as usize, y, Some(&mut heap));
            }
            self.up = heap;
        }
        for (k, &p) in self.lower_row.iter().enumerate().rev() {
            let dot: f64 = self.lower.get(k).map(|(i, l)| l * self.out.get(i)).sum();
            if dot != 0.0 {
                self.out.add(p as usize, -dot);
            }
        }
        std::mem::swap(y, &mut self.out);
    }

    fn transposed_step(
        &mut self,
        k: usize,
        y: &mut Sparse,
        mut heap: Option<&mut BinaryHeap<Reverse<u32>>>,
    ) {
        let c = y.get(self.pivot_column[k] as usize);
        if c == 0.0 {
            return;
        }
        let t = c / self.pivot[k];
        self.out.set(self.pivot_row[k] as usize, t);
        for (j, u) in self.by_row.get(k) {
            if y.add(j, -u * t)
                && let Some(heap) = &mut heap
            {
                heap.push(Reverse(self.step_of_column[j]));
            }
        }
    }
}

/// Peels columns, then rows, of one entry off a matrix.
struct Peel<'a> {
    by_column: &'a Lists,
    by_row: &'a Lists,
    row_done: Vec<bool>,
    column_done: Vec<bool>,
}

impl<'a> Peel<'a> {
    fn new(by_column: &'a Lists, by_row: &'a Lists) -> Self {
        let m = by_column.len();
        Self { by_column, by_row, row_done: vec![false; m], column_done: vec![false; m] }
    }

    /// A peeled column has no other open row, so that peeling it leaves the open rows as they
    /// are; a peeled row has no other open column. Nothing fills in, and no value changes.
    fn run(&mut self, lu: &mut Lu) {
        let mut left: Vec<u32> =
            (0..self.by_column.len()).map(|q| self.by_column.size(q)).collect();
        let mut ones = ones(&left);
        while let Some(q) = ones.pop() {
            let q = q as usize;
            let open = self.by_column.get(q).find(|(i, _)| !self.row_done[*i]);
            let Some((p, pivot)) = open.filter(|_| left[q] == 1) else { continue };
            (self.row_done[p], self.column_done[q]) = (true, true);
            let rest = self.by_row.get(p).filter(|(j, _)| !self.column_done[*j]);
            for (j, _) in rest.clone() {
                left[j] -= 1;
                if left[j] == 1 {
                    ones.push(j as u32);
                }
            }
            let rest = rest.map(|(j, v)| (j as u32, v));
            lu.step(p as u32, q as u32, pivot, rest, std::iter::empty());
        }
        let mut left: Vec<u32> = (0..self.by_row.len()).map(|p| self.by_row.size(p)).collect();
        let mut ones = self::ones(&left);
        while let Some(p) = ones.pop() {
            let p = p as usize;
            let open = self.by_row.get(p).find(|(j, _)| !self.column_done[*j]);
            let Some((q, pivot)) = open.filter(|_| left[p] == 1 && !self.row_done[p]) else {
                continue;
            };
            (self.row_done[p], self.column_done[q]) = (true, true);
            let below = self.by_column.get(q).filter(|(i, _)| !self.row_done[*i]);
            for (i, _) in below.clone() {
                left[i] -= 1;
                if left[i] == 1 {
                    ones.push(i as u32);
                }
            }
            let below = below.map(|(i, v)| (i as u32, v / pivot));
            lu.step(p as u32, q as u32, pivot, std::iter::empty(), below);
        }
    }
}

fn ones(counts: &[u32]) -> Vec<u32> {
    (0..counts.len() as u32).rev().filter(|&k| counts[k as usize] == 1).collect()
}
#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    fn sparse(x: &[f64]) -> Sparse {
        let mut out = Sparse::default();
        out.reset(x.len());
        x.iter().enumerate().for_each(|(i, &v)| out.set(i, v));
        out
    }

    /// Random sparse 0/1 matrices: what is solved gives back the right-hand side.
    #[test]
    fn solves_with_random_sparse_matrices_both_ways() {
        let mut rng = rand_chacha::ChaCha12Rng::seed_from_u64(7);
        let mut solved = 0;
        for _ in 0..300 {
            let m = rng.random_range(1..40);
            let mut columns: Vec<Vec<(usize, f64)>> = Vec::new();
            for q in 0..m {
                let mut column = Vec::new();
                for i in 0..m {
                    if i == q || rng.random_range(0..m) < 2 {
                        column.push((i, if rng.random_range(0..5) == 0 { 2.0 } else { 1.0 }));
                    }
                }
                columns.push(column);
            }
            let Some(mut lu) = Lu::factor(m, |q| columns[q].clone().into_iter()) else { continue };
            solved += 1;
            let b: Vec<f64> = (0..m).map(|_| rng.random_range(-2.0..2.0)).collect();
            let mut x = sparse(&b);
            lu.solve(&mut x);
            let x: Vec<f64> = (0..m).map(|i| x.get(i)).collect();
            let mut back = vec![0.0; m];
            let mut size = 1.0_f64;
            for (q, column) in columns.iter().enumerate() {
                size = size.max(x[q].abs());
                for &(i, v) in column {
                    back[i] += v * x[q];
                }
            }
            assert!(back.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-9 * size));
            let mut y = sparse(&b);
            lu.solve_transposed(&mut y);
            let y: Vec<f64> = (0..m).map(|i| y.get(i)).collect();
            let size = y.iter().fold(1.0_f64, |a, b| a.max(b.abs()));
            for (q, column) in columns.iter().enumerate() {
                let dot: f64 = column.iter().map(|&(i, v)| v * y[i]).sum();
                assert!((dot - b[q]).abs() < 1e-9 * size);
            }
        }
        assert!(solved > 100, "most of these matrices are regular: {solved}");
    }

    #[test]
    fn a_singular_matrix_has_no_factors() {
        let columns = [vec![(0, 1.0), (1, 1.0)], vec![(0, 1.0), (1, 1.0)]];
        assert!(Lu::factor(2, |q| columns[q].clone().into_iter()).is_none());
        let columns: [Vec<(usize, f64)>; 2] = [vec![], vec![(1, 1.0)]];
        assert!(Lu::factor(2, |q| columns[q].clone().into_iter()).is_none());
    }
}
