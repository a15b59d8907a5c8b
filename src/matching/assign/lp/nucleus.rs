//! The part of a basis that has no columns or rows of one entry: factored by Markowitz's rule.

use super::lu::Lu;

/// A candidate pivot must be this large against its column's largest entry.
const THRESHOLD: f64 = 0.1;
/// An entry smaller than this is rounding error.
const TINY: f64 = 1e-12;
/// Columns of the fewest entries that are looked at for a pivot.
const LOOKED_AT: usize = 4;

/// The open rows and columns, numbered anew from 0.
pub(super) struct Nucleus {
    row: Vec<u32>,
    column: Vec<u32>,
    rows: Vec<Vec<(u32, f64)>>,
    columns: Vec<Vec<u32>>,
    row_done: Vec<bool>,
    column_done: Vec<bool>,
    /// Columns by their number of open rows; entries may be out of date.
    buckets: Vec<Vec<u32>>,
    row_singles: Vec<u32>,
}

impl Nucleus {
    /// The open part: rows with their entries (column, value).
    pub fn new(open: Vec<(u32, Vec<(u32, f64)>)>) -> Self {
        let mut column: Vec<u32> = open.iter().flat_map(|(_, e)| e.iter().map(|e| e.0)).collect();
        column.sort_unstable();
        column.dedup();
        let n = open.len();
        let mut columns = vec![Vec::new(); column.len()];
        let (mut row, mut rows) = (Vec::with_capacity(n), Vec::with_capacity(n));
        for (p, (name, mut entries)) in open.into_iter().enumerate() {
            for entry in &mut entries {
                entry.0 = column.partition_point(|&c| c < entry.0) as u32;
                columns[entry.0 as usize].push(p as u32);
            }
            row.push(name);
            rows.push(entries);
        }
        let mut nucleus = Self {
            row_done: vec![false; n],
            column_done: vec![false; column.len()],
            row,
            column,
            rows,
            columns,
            buckets: Vec::new(),
            row_singles: Vec::new(),
        };
        for q in (0..nucleus.columns.len()).rev() {
            nucleus.file(q);
        }
        nucleus
    }

    /// The next pivot, noted in the factors; `None` where the matrix is singular.
    pub fn step(&mut self, lu: &mut Lu) -> Option<()> {
        let (p, q) = self.choose()?;
        let row = std::mem::take(&mut self.rows[p]);
        let pivot = row.iter().find(|(j, _)| *j as usize == q)?.1;
        self.row_done[p] = true;
        self.column_done[q] = true;
        for &(j, _) in row.iter().filter(|(j, _)| *j as usize != q) {
            self.drop_row(j as usize, p as u32);
        }
        let mut below = Vec::new();
        for i in std::mem::take(&mut self.columns[q]) {
            if i as usize == p {
                continue;
            }
            if let Some(multiplier) = self.subtract(i as usize, q, &row, pivot) {
                below.push((self.row[i as usize], multiplier));
            }
        }
        let rest = row.iter().filter(|(j, _)| *j as usize != q);
        let rest = rest.map(|&(j, v)| (self.column[j as usize], v));
        lu.step(self.row[p], self.column[q], pivot, rest, below.into_iter());
        Some(())
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
