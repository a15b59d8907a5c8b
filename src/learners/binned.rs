//! Columns in bins: what histogram trees are grown on.

use ndarray::ArrayView2;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The most bins of known values.
const BINS: usize = 64;
/// The bin of a missing value.
pub(crate) const MISSING: u8 = u8::MAX;

/// Where each column is cut: a value is in bin b where exactly b cuts lie below it. A cut is a
/// short decimal between two neighbouring training values and nobody's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Cuts(pub(super) Vec<Vec<f64>>);

/// The bins of rows, column by column.
pub(crate) struct Bins {
    pub(super) columns: Vec<Vec<u8>>,
}

impl Cuts {
    /// Cuts every column at quantiles of its known values; NaN is missing.
    pub(crate) fn learn(x: ArrayView2<f64>) -> Self {
        let columns: Vec<usize> = (0..x.ncols()).collect();
        let of = |&j: &usize| {
            let mut known: Vec<f64> = x.column(j).iter().copied().filter(|v| !v.is_nan()).collect();
            known.sort_unstable_by(f64::total_cmp);
            cuts_of(&known)
        };
        Self(columns.par_iter().map(of).collect())
    }

    /// Columns.
    pub(crate) fn columns(&self) -> usize {
        self.0.len()
    }

    /// The bin of a value of a column.
    pub(crate) fn bin(&self, column: usize, value: f64) -> u8 {
        if value.is_nan() {
            return MISSING;
        }
        self.0[column].partition_point(|&c| c < value) as u8
    }

    /// The bins of one row.
    pub(crate) fn row(&self, x: &[f64]) -> Vec<u8> {
        x.iter().enumerate().map(|(j, &v)| self.bin(j, v)).collect()
    }

    /// The bins of many rows.
    pub(crate) fn bins(&self, x: ArrayView2<f64>) -> Bins {
        let columns: Vec<usize> = (0..x.ncols()).collect();
        let of = |&j: &usize| x.column(j).iter().map(|&v| self.bin(j, v)).collect();
        Bins { columns: columns.par_iter().map(of).collect() }
    }

    /// Whether cuts that were read from a file rise and are few enough.
    pub(crate) fn is_whole(&self, columns: usize) -> bool {
        let rises = |c: &Vec<f64>| {
            c.len() < BINS && c.iter().all(|v| v.is_finite()) && c.windows(2).all(|w| w[0] < w[1])
        };
        self.0.len() == columns && self.0.iter().all(rises)
    }
}

/// The cuts of sorted values: between all neighbours where there are few, else at quantiles.
fn cuts_of(sorted: &[f64]) -> Vec<f64> {
    let ends: Vec<usize> = (1..sorted.len()).filter(|&i| sorted[i - 1] < sorted[i]).collect();
    let mut at: Vec<usize> = if ends.len() < BINS {
        ends
    } else {
        // The next place where the value changes, from each quantile on.
        let wanted = (1..BINS).map(|k| k * sorted.len() / BINS);
        wanted.filter_map(|q| ends.get(ends.partition_point(|&e| e < q)).copied()).collect()
    };
    at.dedup();
    let mut cuts: Vec<f64> = at.iter().map(|&i| short_between(sorted[i - 1], sorted[i])).collect();
    cuts.dedup();
    cuts
}

/// The shortest decimal above `low` and below `high`; `low` where there is none.
fn short_between(low: f64, high: f64) -> f64 {
    let middle = low + (high - low) / 2.0;
    for digits in 0..17 {
        let short: f64 = format!("{middle:.digits$e}").parse().unwrap_or(middle);
        if low < short && short < high {
            return short + 0.0;
        }
    }
    if low < middle && middle < high { middle } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn cuts_lie_between_the_values_and_missing_has_its_own_bin() {
        let x = array![[1.0, 3.11], [2.0, f64::NAN], [2.0, 3.19], [5.0, 3.11]];
        let cuts = Cuts::learn(x.view());
        assert_eq!(cuts.0[0], [1.5, 4.0]);
        assert!(cuts.0[1].len() == 1 && 3.11 < cuts.0[1][0] && cuts.0[1][0] < 3.19);
        assert_eq!(cuts.bins(x.view()).columns, [vec![0, 1, 1, 2], vec![0, MISSING, 1, 0]]);
        assert_eq!(cuts.row(&[4.0, f64::NAN]), [1, MISSING]);
        assert!(cuts.is_whole(2) && !cuts.is_whole(1));
        assert!(!Cuts(vec![vec![2.0, 1.0]]).is_whole(1));
        assert!(!Cuts(vec![vec![f64::NAN]]).is_whole(1));
    }

    #[test]
    fn many_values_make_at_most_64_even_bins() {
        let x = ndarray::Array2::from_shape_fn((6400, 1), |(i, _)| ((i * 37) % 6400) as f64);
        let cuts = Cuts::learn(x.view());
        assert_eq!(cuts.0[0].len(), 63);
        let mut count = vec![0; 64];
        cuts.bins(x.view()).columns[0].iter().for_each(|&b| count[b as usize] += 1);
        assert!(count.iter().all(|&c| c == 100), "{count:?}");
        assert!(cuts.0[0].iter().all(|c| c.fract() != 0.0), "a cut is nobody's own value");
    }

    #[test]
    fn a_constant_column_and_an_empty_one_have_no_cut() {
        let x = array![[1.0, f64::NAN], [1.0, f64::NAN]];
        assert_eq!(Cuts::learn(x.view()).0, [vec![], vec![]] as [Vec<f64>; 2]);
    }

    #[test]
    fn the_shortest_decimal() {
        assert_eq!(short_between(3.1, 3.19), 3.15);
        assert_eq!(short_between(0.0, 1.0), 0.5);
        assert_eq!(short_between(-1.0, 1.0), 0.0);
        let (a, b) = (1.0, f64::from_bits(1.0f64.to_bits() + 1));
        assert_eq!(short_between(a, b), a);
    }
}
