//! Covariates in the order in which a likelihood reads its rows: centred, scaled, and in tiles of
//! [`TILE`] rows, column after column, so that loops run over contiguous memory.

use ndarray::Array2;
use rayon::prelude::*;

use super::cox::{Columns as Standards, Shifts, moments};

/// Rows in a tile.
pub(crate) const TILE: usize = 128;
/// Independent partial sums per dot product: enough to fill vector registers of two to eight
/// numbers, and fixed, so that results do not depend on the machine's width.
const LANES: usize = 4;

/// Rows in a block of parallel work. It depends on nothing, so that sums are the same for any
/// number of threads.
pub(crate) const BLOCK: usize = 32 * TILE;
/// Numbers in a page of memory.
const PAGE: usize = 512;
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
    /// a multiple of [`TILE`], and padding comes last.
    pub(crate) fn new(x: &Array2<f64>, row: &[u32]) -> Self {
        let used: Vec<u32> = row.iter().copied().filter(|&r| r != PAD).collect();
        let (standards, _) = moments(x, &used);
        let shifts = Shifts::new(&standards);
        let Standards { centre, scale, constant } = standards;
        let (p, width) = (x.ncols(), shifts.width());
        let mut tiles = vec![0.0; row.len() * p];
        if p > 0 {
            let copy = |rows: &mut Vec<f64>, (tile, row): (&mut [f64], &[u32])| {
                // The pages first: one that comes in the midst of the reads, which lie anywhere in
                // memory, makes all those under way begin anew.
                tile.iter_mut().step_by(PAGE).for_each(|v| *v = 0.0);
                let row = row.split(|&r| r == PAD).next().unwrap_or_default();
                rows.resize(TILE * width, 0.0);
                shifts.copy(x, row, rows);
                for (j, column) in tile.chunks_exact_mut(TILE).enumerate() {
                    let values = rows[j..].iter().step_by(width);
                    for (to, v) in column[..row.len()].iter_mut().zip(values) {
                        *to = *v;
                    }
                }
            };
            let tiles = tiles.par_chunks_mut(TILE * p).zip(row.par_chunks(TILE));
            tiles.for_each_init(Vec::new, copy);
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

/// A dot product with fixed partial sums.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sum = [0.0; LANES];
    let (a_head, a_tail) = a.as_chunks::<LANES>();
    let (b_head, b_tail) = b.as_chunks::<LANES>();
    for (x, y) in a_head.iter().zip(b_head) {
        for l in 0..LANES {
            sum[l] += x[l] * y[l];
        }
    }
    let tail: f64 = a_tail.iter().zip(b_tail).map(|(x, y)| x * y).sum();
    (sum[0] + sum[2]) + (sum[1] + sum[3]) + tail
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
