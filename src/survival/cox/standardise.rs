//! Covariates in the order of the likelihood: mean 0, standard deviation 1, so that no scale spoils
//! the arithmetic.

use ndarray::{Array2, ArrayView1};
use rayon::prelude::*;

use super::kernels::{LANES, Wide, wide, width};
use super::layout::CHUNK;
use super::room::Room;
use crate::survival::Sample;

/// Rows that are copied together: they stay in the first-level cache.
const AT_ONCE: usize = 64;
/// Numbers in a line of the cache.
const LINE: usize = 8;

/// Numbers in a page of memory.
const PAGE: usize = 512;

/// What was done to the columns.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    /// Subtracted: the mean.
    pub(crate) centre: Vec<f64>,
    /// Divided by: the standard deviation; 1 for a constant column.
    pub(crate) scale: Vec<f64>,
    /// Columns that do not vary.
    pub(crate) constant: Vec<bool>,
}

/// Covariates row after row, filled up with zeros to the width.
pub(crate) struct Standardised {
    pub(crate) x: Room,
    pub(crate) columns: Columns,
    /// The largest distance from a mean, in standard deviations (0 where centre and scale were
    /// given).
    pub(crate) furthest: f64,
}

/// Copies the rows `row` of a sample, and brings every column to mean 0 and standard deviation 1,
/// or to the given centre and scale.
pub(crate) fn standardise(sample: &Sample, row: &[u32], columns: Option<&Columns>) -> Standardised {
    let x = sample.x();
    let (columns, furthest) = columns.map_or_else(|| moments(x, row), |c| (c.clone(), 0.0));
    let p = x.ncols();
    let width = width(p);
    let mut out = Room::new(row.len() * width);
    if p == 0 {
        return Standardised { x: out, columns, furthest: 0.0 };
    }
    let shifts = Shifts::new(&columns);
    let fresh = out.fresh;
    let parts = out.values_mut().par_chunks_mut(CHUNK * width).zip(row.par_chunks(CHUNK));
    parts.for_each(|(to, row)| {
        // The pages of the copy first: a page that comes in the midst of the reads, which lie
        // anywhere in memory, makes all those under way begin anew.
        if fresh {
            to.iter_mut().step_by(PAGE).for_each(|v| *v = 0.0);
        }
        shifts.copy(x, row, to);
    });
    Standardised { x: out, columns, furthest }
}

/// How rows are brought to mean 0 and standard deviation 1.
pub(crate) struct Shifts {
    centre: Vec<f64>,
    /// One over the standard deviation; 0 for a constant column.
    per: Vec<f64>,
}

impl Shifts {
    pub(crate) fn new(columns: &Columns) -> Self {
        let width = width(columns.centre.len());
        let mut centre = columns.centre.clone();
        centre.resize(width, 0.0);
        let scales = columns.scale.iter().zip(&columns.constant);
        let mut per: Vec<f64> = scales.map(|(s, c)| if *c { 0.0 } else { 1.0 / s }).collect();
        per.resize(width, 0.0);
        Self { centre, per }
    }

    /// The distance between copied rows: columns, filled up with zeros to whole vectors.
    pub(crate) fn width(&self) -> usize {
        self.centre.len()
    }

    /// Copies rows of `x` over whatever is there.
    pub(crate) fn copy(&self, x: &Array2<f64>, row: &[u32], to: &mut [f64]) {
        if self.width() > 0 {
            wide(Copy { x, row, centre: &self.centre, per: &self.per, to });
        }
    }
}

/// Copies a chunk of rows.
struct Copy<'c> {
    x: &'c Array2<f64>,
    row: &'c [u32],
    centre: &'c [f64],
    per: &'c [f64],
    to: &'c mut [f64],
}

impl Wide for Copy<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Some(values) = self.x.as_slice() else { return self.by_column() };
        let Self { x, row, centre, per, to } = self;
        let p = x.ncols();
        match p / LANES {
            1 => Rows::<1> { values, p, row, centre, per }.copy(to),
            2 => Rows::<2> { values, p, row, centre, per }.copy(to),
            3 => Rows::<3> { values, p, row, centre, per }.copy(to),
            4 => Rows::<4> { values, p, row, centre, per }.copy(to),
            5 => Rows::<5> { values, p, row, centre, per }.copy(to),
            6 => Rows::<6> { values, p, row, centre, per }.copy(to),
            _ => Rows::<0> { values, p, row, centre, per }.copy(to),
        }
    }
}

/// Rows of `Q` whole quads (0: as many as there are) and a rest.
struct Rows<'c, const Q: usize> {
    values: &'c [f64],
    p: usize,
    row: &'c [u32],
    centre: &'c [f64],
    per: &'c [f64],
}

impl<const Q: usize> Rows<'_, Q> {
    /// Rows lie anywhere in memory. Some at once are read first, a number of each line of the cache,
    /// so that the machine has all of them under way together; then they are copied.
    #[inline(always)]
    fn copy(self, to: &mut [f64]) {
        let (p, width) = (self.p, self.centre.len());
        let quads = if Q > 0 { Q } else { p / LANES };
        let split = quads * LANES;
        let (centre, centre_rest) = self.centre.split_at(split);
        let (per, per_rest) = self.per.split_at(split);
        let (centre, per) = (centre.as_chunks::<LANES>().0, per.as_chunks::<LANES>().0);
        for (to, row) in to.chunks_mut(AT_ONCE * width).zip(self.row.chunks(AT_ONCE)) {
            let mut seen = 0;
            for &r in row {
                let from = &self.values[r as usize * p..(r as usize + 1) * p];
                from.iter().step_by(LINE).for_each(|v| seen |= v.to_bits());
                // Rows need not begin where a line does.
                seen |= from[p - 1].to_bits();
            }
            std::hint::black_box(seen);
            for (to, &r) in to.chunks_exact_mut(width).zip(row) {
                let (from, rest) =
                    self.values[r as usize * p..(r as usize + 1) * p].split_at(split);
                let (to, to_rest) = to.split_at_mut(split);
                let (from, to) = (from.as_chunks::<LANES>().0, to.as_chunks_mut::<LANES>().0);
                for q in 0..quads {
                    let (v, c, s) = (from[q], centre[q], per[q]);
                    to[q] = std::array::from_fn(|l| (v[l] - c[l]) * s[l]);
                }
                let shifts = centre_rest.iter().zip(per_rest);
                let (to_rest, filling) = to_rest.split_at_mut(rest.len());
                for ((to, v), (c, s)) in to_rest.iter_mut().zip(rest).zip(shifts) {
                    *to = (v - c) * s;
                }
                filling.fill(0.0);
            }
        }
    }
}

impl Copy<'_> {
    /// Column after column, some rows at once.
    fn by_column(self) {
        let (p, width) = (self.x.ncols(), self.centre.len());
        for (to, row) in self.to.chunks_mut(AT_ONCE * width).zip(self.row.chunks(AT_ONCE)) {
            to.chunks_exact_mut(width).for_each(|to| to[p..].fill(0.0));
            for (j, column) in self.x.columns().into_iter().enumerate() {
                for (to, &r) in to[j..].iter_mut().step_by(width).zip(row) {
                    *to = (column[r as usize] - self.centre[j]) * self.per[j];
                }
            }
        }
    }
}

/// What is known of columns from a block of rows: their ranges, and sums of u and u², where u is the
/// value less an anchor from the data (so that a small spread around 1e12 keeps its digits).
#[derive(Clone)]
struct Spread {
    least: Vec<f64>,
    most: Vec<f64>,
    sum: Vec<f64>,
    squares: Vec<f64>,
}

/// Mean and standard deviation of the columns over the rows `row`, and the largest distance from a
/// mean in standard deviations.
pub(crate) fn moments(x: &Array2<f64>, row: &[u32]) -> (Columns, f64) {
    let (rows, p) = x.dim();
    // Rows are read in the order in which they lie in memory.
    let used = (row.len() < rows).then(|| {
        let mut used = vec![false; rows];
        for &r in row {
            used[r as usize] = true;
        }
        used
    });
    let n = row.len().max(1) as f64;
    let anchor = row.first().map_or_else(|| vec![0.0; p], |&r| x.row(r as usize).to_vec());
    let first = spread(x, used.as_deref(), &anchor);
    let mut out = Columns { centre: Vec::new(), scale: Vec::new(), constant: Vec::new() };
    let mut furthest: f64 = 0.0;
    for j in 0..p {
        let constant = first.is_constant(j);
        let (centre, scale) = if constant {
            (first.middle(j), 1.0)
        } else if let Some(moments) = first.moments(j, anchor[j], n) {
            moments
        } else {
            again(x.column(j), row, anchor[j] + first.sum[j] / n, &first, j)
        };
        if !constant {
            let per = 1.0 / scale;
            let ends = [(first.least[j] - centre) * per, (first.most[j] - centre) * per];
            furthest = ends.iter().fold(furthest, |most, v| most.max(v.abs()));
        }
        out.centre.push(centre);
        out.scale.push(scale);
        out.constant.push(constant);
    }
    (out, furthest)
}

fn spread(x: &Array2<f64>, used: Option<&[bool]>, anchor: &[f64]) -> Spread {
    let parts: Vec<Spread> = (0..x.nrows().div_ceil(CHUNK))
        .into_par_iter()
        .map(|k| wide(Measure { x, used, anchor, from: k * CHUNK }))
        .collect();
    let mut all = Spread::none(anchor.len());
    for part in &parts {
        for j in 0..anchor.len() {
            all.least[j] = all.least[j].min(part.least[j]);
            all.most[j] = all.most[j].max(part.most[j]);
            all.sum[j] += part.sum[j];
            all.squares[j] += part.squares[j];
        }
    }
    all
}

/// Measures a block of rows.
struct Measure<'m> {
    x: &'m Array2<f64>,
    used: Option<&'m [bool]>,
    anchor: &'m [f64],
    from: usize,
}

impl Wide for Measure<'_> {
    type Output = Spread;

    #[inline(always)]
    fn run(self) -> Spread {
        let Self { x, used, anchor, from } = self;
        let p = anchor.len();
        let mut s = Spread::none(p);
        let to = x.nrows().min(from + CHUNK);
        if let Some(x) = x.as_slice() {
            let mut rows = x[from * p..to * p].chunks_exact(p.max(1));
            let mut k = from;
            // Four rows together, so that bounds and sums are read and written once for all.
            while k + 4 <= to {
                let (Some(a), Some(b), Some(c), Some(d)) =
                    (rows.next(), rows.next(), rows.next(), rows.next())
                else {
                    break;
                };
                match used.map(|u| &u[k..k + 4]) {
                    None | Some([true, true, true, true]) => s.add([a, b, c, d], anchor),
                    Some(used) => {
                        for (row, _) in [a, b, c, d].iter().zip(used).filter(|(_, u)| **u) {
                            s.add([row], anchor);
                        }
                    }
                }
                k += 4;
            }
            for (row, k) in rows.zip(k..) {
                if used.is_none_or(|u| u[k]) {
                    s.add([row], anchor);
                }
            }
            return s;
        }
        for (j, column) in x.columns().into_iter().enumerate() {
            for k in (from..to).filter(|&k| used.is_none_or(|u| u[k])) {
                let (v, u) = (column[k], column[k] - anchor[j]);
                s.sum[j] += u;
                s.squares[j] += u * u;
                s.least[j] = s.least[j].min(v);
                s.most[j] = s.most[j].max(v);
            }
        }
        s
    }
}

/// Once more with a better anchor, where the first (a value of the data) was far from the rest.
fn again(
    column: ArrayView1<f64>,
    row: &[u32],
    anchor: f64,
    first: &Spread,
    j: usize,
) -> (f64, f64) {
    let (mut sum, mut squares) = (0.0, 0.0);
    for &r in row {
        let u = column[r as usize] - anchor;
        sum += u;
        squares += u * u;
    }
    let spread = Spread {
        least: vec![first.least[j]],
        most: vec![first.most[j]],
        sum: vec![sum],
        squares: vec![squares],
    };
    // Where squares overflow, the middle and half the range serve as well.
    let half = 0.5 * first.most[j] - 0.5 * first.least[j];
    spread.moments(0, anchor, row.len().max(1) as f64).unwrap_or((first.middle(j), half))
}

impl Spread {
    fn none(p: usize) -> Self {
        Self {
            least: vec![f64::INFINITY; p],
            most: vec![f64::NEG_INFINITY; p],
            sum: vec![0.0; p],
            squares: vec![0.0; p],
        }
    }

    #[inline(always)]
    fn add<const N: usize>(&mut self, rows: [&[f64]; N], anchor: &[f64]) {
        let p = anchor.len();
        let rows = rows.map(|r| &r[..p]);
        let (least, most) = (&mut self.least[..p], &mut self.most[..p]);
        let (sums, squares) = (&mut self.sum[..p], &mut self.squares[..p]);
        for j in 0..p {
            let (mut low, mut high, mut sum, mut square) = (least[j], most[j], sums[j], squares[j]);
            for row in rows {
                let v = row[j];
                let u = v - anchor[j];
                sum += u;
                square += u * u;
                low = if v < low { v } else { low };
                high = if v > high { v } else { high };
            }
            (least[j], most[j], sums[j], squares[j]) = (low, high, sum, square);
        }
    }

    fn is_constant(&self, j: usize) -> bool {
        let half = 0.5 * self.most[j] - 0.5 * self.least[j];
        let size = self.least[j].abs().max(self.most[j].abs());
        !(half > 1e-13 * size && half > 1e-290 && half.is_finite())
    }

    fn middle(&self, j: usize) -> f64 {
        let middle = 0.5 * self.least[j] + 0.5 * self.most[j];
        if middle.is_finite() { middle } else { 0.0 }
    }

    /// Mean and standard deviation; `None` where their digits are lost.
    fn moments(&self, j: usize, anchor: f64, n: f64) -> Option<(f64, f64)> {
        let (mean, square) = (self.sum[j] / n, self.squares[j] / n);
        let variance = square - mean * mean;
        let sound = variance.is_finite() && variance > 1e-6 * square && variance > 1e-280;
        sound.then(|| (anchor + mean, variance.sqrt()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survival::Outcome;
    use ndarray::ShapeBuilder;

    #[test]
    fn columns_of_any_scale_come_out_standard() {
        let n = 200usize;
        let base = |i: usize| ((i * 37) % 101) as f64;
        let make = |(i, j): (usize, usize)| match j {
            0 => base(i),
            1 => 1e12 + base(i),
            2 => 1e200 * base(i),
            3 => 1e-200 * base(i),
            // The row that serves as the anchor is far from the rest.
            4 if i == 1 => 1e9,
            4 => base(i),
            _ => 5.0,
        };
        let exit: Vec<f64> = (1..=n).map(|i| i as f64).collect();
        let y = Outcome::new(None, exit, vec![1; n], vec!["a".into()]).unwrap();
        let names: Vec<String> = (0..6).map(|j| format!("x{j}")).collect();
        // The last rows are not in use.
        let row: Vec<u32> = (1..180).collect();
        for columns_first in [false, true] {
            let shape = (n, 6).set_f(columns_first);
            let x = Array2::from_shape_fn(shape, make);
            let sample = Sample::new(x, names.clone(), y.clone()).unwrap();
            let s = standardise(&sample, &row, None);
            assert_eq!(s.furthest, s.x.values().iter().fold(0.0, |most: f64, v| most.max(v.abs())));
            assert_eq!(s.columns.constant, [false, false, false, false, false, true]);
            // Whatever was there before.
            let mut over = vec![f64::NAN; row.len() * 8];
            Shifts::new(&s.columns).copy(sample.x(), &row, &mut over);
            assert_eq!(over, s.x.values());
            for j in 0..8 {
                let value = |k: usize| s.x.values()[k * 8 + j];
                let mean = (0..row.len()).map(value).sum::<f64>() / row.len() as f64;
                let square =
                    (0..row.len()).map(|k| value(k).powi(2)).sum::<f64>() / row.len() as f64;
                if j < 5 {
                    // Near 1e12 a mean has no more digits than these.
                    assert!(mean.abs() < if j == 2 || j == 3 { 2.0 } else { 1e-5 }, "{j} {mean}");
                    assert!(square > 0.1 && square < 10.0, "{j} {square}");
                } else {
                    assert_eq!(square, 0.0);
                }
            }
        }
    }
}
