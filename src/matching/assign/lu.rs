//! Sparse LU factors of a basis, by Markowitz's rule (1957): pivots are taken where they fill
//! least; singletons, of which these bases are mostly made, cost nothing.

/// A candidate pivot must be this large against its column's largest entry.
const THRESHOLD: f64 = 0.1;
/// An entry smaller than this is rounding error.
const TINY: f64 = 1e-12;
/// Columns of the fewest entries that are looked at for a pivot.
const LOOKED_AT: usize = 4;

/// Vectors of (index, value), end to end.
#[derive(Debug, Clone, Default)]
pub(super) struct Sparse {
    start: Vec<u32>,
    index: Vec<u32>,
    value: Vec<f64>,
}

impl Sparse {
    fn clear(&mut self) {
        self.start.clear();
        self.start.push(0);
        self.index.clear();
        self.value.clear();
    }

    fn push(&mut self, index: u32, value: f64) {
        self.index.push(index);
        self.value.push(value);
    }

    fn close(&mut self) {
        self.start.push(self.index.len() as u32);
    }

    fn of(&self, k: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.start[k] as usize..self.start[k + 1] as usize;
        self.index[range.clone()].iter().map(|&i| i as usize).zip(self.value[range].iter().copied())
    }
}

/// The factors of a square matrix of m rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Lu {
    m: usize,
    pivot_row: Vec<u32>,
    pivot_column: Vec<u32>,
    pivot: Vec<f64>,
    /// Multipliers of the steps that have any, and which steps those are.
    lower: Sparse,
    lower_row: Vec<u32>,
    /// U by rows (columns of the matrix) and by columns (rows of the matrix), per step.
    by_row: Sparse,
    by_column: Sparse,
    work: Vec<f64>,
}

/// The active part while factoring.
struct Active {
    rows: Vec<Vec<(u32, f64)>>,
    columns: Vec<Vec<u32>>,
    row_done: Vec<bool>,
    column_done: Vec<bool>,
    /// Columns by their number of active rows; entries may be out of date.
    buckets: Vec<Vec<u32>>,
    row_singles: Vec<u32>,
}

impl Lu {
    /// Factors the matrix whose columns are given; `None` where it is singular.
    pub fn factor<'c, I>(m: usize, columns: impl Fn(usize) -> I) -> Option<Self>
    where
        I: Iterator<Item = (usize, f64)> + 'c,
    {
        let mut active = Active::new(m, columns);
        let mut lu = Self { m, work: vec![0.0; m], ..Self::default() };
        lu.lower.clear();
        lu.by_row.clear();
        for _ in 0..m {
            let (p, q) = active.choose()?;
            lu.eliminate(&mut active, p, q)?;
        }
        lu.transpose();
        Some(lu)
    }

    fn eliminate(&mut self, active: &mut Active, p: usize, q: usize) -> Option<()> {
        let row = std::mem::take(&mut active.rows[p]);
        let pivot = row.iter().find(|(j, _)| *j as usize == q)?.1;
        active.row_done[p] = true;
        active.column_done[q] = true;
        self.pivot_row.push(p as u32);
        self.pivot_column.push(q as u32);
        self.pivot.push(pivot);
        for &(j, v) in &row {
            if j as usize != q {
                self.by_row.push(j, v);
                active.drop_row(j as usize, p as u32);
            }
        }
        self.by_row.close();
        let others = std::mem::take(&mut active.columns[q]);
        let before = self.lower.index.len();
        for i in others {
            if i as usize == p {
                continue;
            }
            if let Some(multiplier) = active.subtract(i as usize, q, &row, pivot) {
                self.lower.push(i, multiplier);
            }
        }
        if self.lower.index.len() > before {
            self.lower.close();
            self.lower_row.push(p as u32);
        }
        Some(())
    }

    /// Lays U out by columns as well.
    fn transpose(&mut self) {
        let m = self.m;
        let mut step_of = vec![0u32; m];
        for (k, &q) in self.pivot_column.iter().enumerate() {
            step_of[q as usize] = k as u32;
        }
        let mut start = vec![0u32; m + 1];
        for &j in &self.by_row.index {
            start[step_of[j as usize] as usize + 1] += 1;
        }
        for k in 0..m {
            start[k + 1] += start[k];
        }
        let mut next = start.clone();
        let mut index = vec![0u32; self.by_row.index.len()];
        let mut value = vec![0.0; index.len()];
        for k in 0..m {
            for (j, v) in self.by_row.of(k) {
                let at = &mut next[step_of[j] as usize];
                index[*at as usize] = self.pivot_row[k];
                value[*at as usize] = v;
                *at += 1;
            }
        }
        self.by_column = Sparse { start, index, value };
    }

    /// Solves B x = b. `x` holds b by row, and then x by column.
    pub fn solve(&mut self, x: &mut [f64]) {
        for (k, &p) in self.lower_row.iter().enumerate() {
            let t = x[p as usize];
            if t != 0.0 {
                for (i, l) in self.lower.of(k) {
                    x[i] -= l * t;
                }
            }
        }
        for k in (0..self.m).rev() {
            let t = x[self.pivot_row[k] as usize];
            let out = &mut self.work[self.pivot_column[k] as usize];
            if t == 0.0 {
                *out = 0.0;
                continue;
            }
            let t = t / self.pivot[k];
            *out = t;
            for (i, u) in self.by_column.of(k) {
                x[i] -= u * t;
            }
        }
        x.copy_from_slice(&self.work);
    }

    /// Solves Bᵀ y = c. `y` holds c by column, and then y by row.
    pub fn solve_transposed(&mut self, y: &mut [f64]) {
        for k in 0..self.m {
            let c = y[self.pivot_column[k] as usize];
            let out = &mut self.work[self.pivot_row[k] as usize];
            if c == 0.0 {
                *out = 0.0;
                continue;
            }
            let t = c / self.pivot[k];
            *out = t;
            for (j, u) in self.by_row.of(k) {
                y[j] -= u * t;
            }
        }
        for (k, &p) in self.lower_row.iter().enumerate().rev() {
            let mut t = self.work[p as usize];
            for (i, l) in self.lower.of(k) {
                t -= l * self.work[i];
            }
            self.work[p as usize] = t;
        }
        y.copy_from_slice(&self.work);
    }
}

impl Active {
    fn new<'c, I>(m: usize, columns: impl Fn(usize) -> I) -> Self
    where
        I: Iterator<Item = (usize, f64)> + 'c,
    {
        let mut rows: Vec<Vec<(u32, f64)>> = vec![Vec::new(); m];
        let mut lists: Vec<Vec<u32>> = Vec::with_capacity(m);
        for q in 0..m {
            let mut list = Vec::new();
            for (i, v) in columns(q) {
                rows[i].push((q as u32, v));
                list.push(i as u32);
            }
            lists.push(list);
        }
        let mut active = Self {
            rows,
            columns: lists,
            row_done: vec![false; m],
            column_done: vec![false; m],
            buckets: Vec::new(),
            row_singles: Vec::new(),
        };
        for q in (0..m).rev() {
            active.file(q);
        }
        for p in (0..m).rev() {
            if active.rows[p].len() == 1 {
                active.row_singles.push(p as u32);
            }
        }
        active
    }

    /// Puts a column into the bucket of its count.
    fn file(&mut self, q: usize) {
        let count = self.columns[q].len();
        if self.buckets.len() <= count {
            self.buckets.resize(count + 1, Vec::new());
        }
        self.buckets[count].push(q as u32);
    }

    fn drop_row(&mut self, q: usize, row: u32) {
        if let Some(at) = self.columns[q].iter().position(|&i| i == row) {
            self.columns[q].swap_remove(at);
            self.file(q);
        }
    }

    /// The next pivot: a singleton column or row where there is one, else the entry that fills
    /// least among the emptiest columns, large enough to be stable.
    fn choose(&mut self) -> Option<(usize, usize)> {
        while let Some(q) = self.buckets.get_mut(1).and_then(Vec::pop) {
            let q = q as usize;
            if !self.column_done[q] && self.columns[q].len() == 1 {
                return Some((self.columns[q][0] as usize, q));
            }
        }
        while let Some(p) = self.row_singles.pop() {
            let p = p as usize;
            if !self.row_done[p] && self.rows[p].len() == 1 {
                return Some((p, self.rows[p][0].0 as usize));
            }
        }
        let mut best: Option<(usize, usize, usize)> = None;
        let mut seen: Vec<u32> = Vec::with_capacity(LOOKED_AT);
        for count in 2..self.buckets.len() {
            while let Some(q) = self.buckets[count].pop() {
                let column = q as usize;
                if self.column_done[column]
                    || self.columns[column].len() != count
                    || seen.contains(&q)
                {
                    continue;
                }
                seen.push(q);
                if let Some((p, fill)) = self.best_in(column)
                    && best.is_none_or(|(_, _, least)| fill < least)
                {
                    best = Some((p, column, fill));
                }
                if seen.len() >= LOOKED_AT {
                    break;
                }
            }
            let least = (count - 1) * (count - 1);
            if seen.len() >= LOOKED_AT || best.is_some_and(|(_, _, fill)| fill <= least) {
                break;
            }
        }
        for &q in &seen {
            self.file(q as usize);
        }
        best.map(|(p, q, _)| (p, q))
    }

    /// The row of a column with the fewest entries among those whose entry is large enough.
    fn best_in(&self, q: usize) -> Option<(usize, usize)> {
        let entry = |p: usize| {
            self.rows[p].iter().find(|(j, _)| *j as usize == q).map_or(0.0, |(_, v)| v.abs())
        };
        let rows = &self.columns[q];
        let largest = rows.iter().map(|&p| entry(p as usize)).fold(0.0, f64::max);
        if largest < TINY {
            return None;
        }
        rows.iter()
            .filter(|&&p| entry(p as usize) >= THRESHOLD * largest)
            .map(|&p| (p as usize, (self.rows[p as usize].len() - 1) * (rows.len() - 1)))
            .min_by_key(|&(_, fill)| fill)
    }

    /// Row i loses multiplier × pivot row; its entry in the pivot's column goes. Gives the
    /// multiplier.
    fn subtract(&mut self, i: usize, q: usize, row: &[(u32, f64)], pivot: f64) -> Option<f64> {
        let at = self.rows[i].iter().position(|(j, _)| *j as usize == q)?;
        let multiplier = self.rows[i].swap_remove(at).1 / pivot;
        for &(j, v) in row {
            if j as usize == q {
                continue;
            }
            match self.rows[i].iter().position(|(k, _)| *k == j) {
                Some(at) => {
                    self.rows[i][at].1 -= multiplier * v;
                    if self.rows[i][at].1.abs() < TINY {
                        self.rows[i].swap_remove(at);
                        self.drop_row(j as usize, i as u32);
                    }
                }
                None => {
                    self.rows[i].push((j, -multiplier * v));
                    self.columns[j as usize].push(i as u32);
                    self.file(j as usize);
                }
            }
        }
        if self.rows[i].len() == 1 {
            self.row_singles.push(i as u32);
        }
        Some(multiplier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

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
            let mut x = b.clone();
            lu.solve(&mut x);
            let mut back = vec![0.0; m];
            let mut size = 1.0_f64;
            for (q, column) in columns.iter().enumerate() {
                size = size.max(x[q].abs());
                for &(i, v) in column {
                    back[i] += v * x[q];
                }
            }
            assert!(back.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-9 * size));
            let mut y = b.clone();
            lu.solve_transposed(&mut y);
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
