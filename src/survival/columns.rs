//! Covariates in the order in which a likelihood reads its rows: centred, scaled, and in tiles of
//! [`TILE`] rows, column after column, so that loops run over contiguous memory.

use ndarray::Array2;
use rayon::prelude::*;

pub(crate) use super::cox::gram::TILE;

/// Rows in a block of parallel work. It depends on nothing, so that sums are the same for any
/// number of threads.
pub(crate) const BLOCK: usize = 32 * TILE;
/// A position that is only there to fill a tile.
pub(crate) const PAD: u32 = u32::MAX;

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    /// Subtracted from each column, and divided by; 1 for a constant column.
    pub(crate) centre: Vec<f64>,
    pub(crate) scale: Vec<f64>,
    /// Columns that do not vary.
    pub(crate) constant: Vec<bool>,
    tiles: Vec<f64>,
}

impl Columns {
    /// The rows `row` of `x`, in that order; [`PAD`] rows hold zeros. The length of `row` must be
    /// a multiple of [`TILE`].
    pub(crate) fn new(x: &Array2<f64>, row: &[u32]) -> Self {
        let (centre, scale, constant) = standards(x, row);
        let p = x.ncols();
        let mut tiles = vec![0.0; row.len() * p];
        if p > 0 {
            let per: Vec<f64> =
                (0..p).map(|j| if constant[j] { 0.0 } else { 1.0 / scale[j] }).collect();
            tiles.par_chunks_mut(TILE * p).zip(row.par_chunks(TILE)).for_each(|(tile, rows)| {
                for (k, &r) in rows.iter().enumerate().filter(|(_, r)| **r != PAD) {
                    let values = x.row(r as usize);
                    for j in 0..p {
                        tile[j * TILE + k] = (values[j] - centre[j]) * per[j];
                    }
                }
            });
        }
        Self { centre, scale, constant, tiles }
    }

    /// Columns.
    pub(crate) fn p(&self) -> usize {
        self.centre.len()
    }

    /// The tile that holds a position: column j is `tile[j * TILE..][..TILE]`.
    pub(crate) fn tile(&self, position: usize) -> &[f64] {
        let size = self.p() * TILE;
        let at = position / TILE * size;
        &self.tiles[at..at + size]
    }

    /// One (centred, scaled) covariate of the row at a position.
    #[cfg(test)]
    pub(crate) fn x(&self, position: usize, column: usize) -> f64 {
        self.tile(position)[column * TILE + position % TILE]
    }

    /// `sum += r · x` for the row at a position.
    pub(crate) fn add_row(&self, sum: &mut [f64], position: usize, r: f64) {
        let k = position % TILE;
        for (s, column) in sum.iter_mut().zip(self.tile(position).chunks_exact(TILE)) {
            *s += r * column[k];
        }
    }
}

/// Mean, standard deviation and constancy of each column over the rows in use; computed around
/// the middle of the range so that neither 1e300 nor a tiny spread around 1e12 spoils them.
fn standards(x: &Array2<f64>, row: &[u32]) -> (Vec<f64>, Vec<f64>, Vec<bool>) {
    let p = x.ncols();
    let used = |rows: &[u32], see: &mut dyn FnMut(usize, f64)| {
        for &r in rows.iter().filter(|&&r| r != PAD) {
            for (j, &v) in x.row(r as usize).iter().enumerate() {
                see(j, v);
            }
        }
    };
    let ranges: Vec<Vec<(f64, f64)>> = row
        .par_chunks(BLOCK)
        .map(|rows| {
            let mut range = vec![(f64::INFINITY, f64::NEG_INFINITY); p];
            used(rows, &mut |j, v| range[j] = (range[j].0.min(v), range[j].1.max(v)));
            range
        })
        .collect();
    let mut range = vec![(f64::INFINITY, f64::NEG_INFINITY); p];
    for (m, v) in ranges.iter().flat_map(|part| (0..p).zip(part)) {
        range[m] = (range[m].0.min(v.0), range[m].1.max(v.1));
    }
    let middle: Vec<f64> = range.iter().map(|r| 0.5 * r.0 + 0.5 * r.1).collect();
    let half: Vec<f64> = range.iter().map(|r| 0.5 * r.1 - 0.5 * r.0).collect();
    let constant: Vec<bool> = (0..p)
        .map(|j| {
            let size = range[j].0.abs().max(range[j].1.abs());
            !(half[j] > 1e-13 * size && half[j] > 1e-290 && half[j].is_finite())
        })
        .collect();
    let per: Vec<f64> = (0..p).map(|j| if constant[j] { 0.0 } else { 1.0 / half[j] }).collect();
    let sums: Vec<Vec<(f64, f64)>> = row
        .par_chunks(BLOCK)
        .map(|rows| {
            let mut sum = vec![(0.0, 0.0); p];
            used(rows, &mut |j, v| {
                let u = (v - middle[j]) * per[j];
                sum[j].0 += u;
                sum[j].1 += u * u;
            });
            sum
        })
        .collect();
    let n = row.iter().filter(|&&r| r != PAD).count().max(1) as f64;
    let (mut centre, mut scale) = (middle.clone(), vec![1.0; p]);
    for j in (0..p).filter(|&j| !constant[j]) {
        let (s, q) = sums.iter().fold((0.0, 0.0), |a, b| (a.0 + b[j].0, a.1 + b[j].1));
        let mean = s / n;
        centre[j] = middle[j] + half[j] * mean;
        scale[j] = half[j] * (q / n - mean * mean).max(1e-300).sqrt();
    }
    for c in centre.iter_mut().filter(|c| !c.is_finite()) {
        *c = 0.0;
    }
    (centre, scale, constant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn columns_are_standardised_whatever_their_scale() {
        let x = array![[1e12 + 1.0, 5.0, 1e300], [1e12 + 3.0, 5.0, -1e300], [0.0, 0.0, 0.0]];
        let mut row = vec![1, 0];
        row.resize(TILE, PAD);
        let c = Columns::new(&x, &row);
        assert_eq!(c.constant, [false, true, false]);
        assert_eq!((c.centre[0], c.scale[0]), (1e12 + 2.0, 1.0));
        assert_eq!([c.x(0, 0), c.x(1, 0), c.x(2, 0)], [1.0, -1.0, 0.0]);
        assert_eq!([c.x(0, 1), c.x(0, 2), c.x(1, 2)], [0.0, -1.0, 1.0]);
        let mut sum = vec![0.0; 3];
        c.add_row(&mut sum, 1, 2.0);
        assert_eq!(sum, [-2.0, 0.0, 2.0]);
    }
}
