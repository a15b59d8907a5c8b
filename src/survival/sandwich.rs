//! Sandwich covariances (Huber 1967; Lin & Wei 1989): by row, by cluster, by two clusterings.

use std::ops::Range;

use ndarray::{Array1, Array2};
use rayon::prelude::*;

use super::columns::PAD;
use super::cox::kernels::{add_gram, width};
use super::linalg::{Cholesky, is_indefinite, symmetrise};
use super::outlier::{FIRST_ORDER, MOST_ROWS};
use super::{ChiSquare, FitWarning};

/// What each row adds to the slope of a log likelihood, weighted.
pub(crate) struct Influences<'f> {
    /// By position: the row of the sample, or [`PAD`].
    pub(crate) row: &'f [u32],
    /// Columns.
    pub(crate) p: usize,
    /// Ranges of positions, one after the other, that are computed together. They depend on the data
    /// only, so that sums are the same for any number of threads.
    pub(crate) pieces: &'f [Range<usize>],
    /// Fills the rows of a piece: row after row, each filled up with zeros to the [`width`]; zero for
    /// padding.
    pub(crate) fill: &'f (dyn Fn(Range<usize>, &mut [f64]) + Sync),
}

/// Pieces whose rows are kept at one time.
const AT_ONCE: usize = 16;

impl Influences<'_> {
    /// Fills `rows` with a piece.
    fn piece(&self, piece: &Range<usize>, rows: &mut Vec<f64>) {
        rows.resize(piece.len() * width(self.p), 0.0);
        (self.fill)(piece.clone(), rows);
    }

    /// Σ u u′ over the rows.
    fn by_row(&self) -> Array2<f64> {
        let (p, width) = (self.p, width(self.p));
        if p == 0 {
            return Array2::zeros((0, 0));
        }
        let product = |rows: &mut Vec<f64>, piece: &Range<usize>| {
            let mut gram = vec![0.0; width * width];
            self.piece(piece, rows);
            add_gram(rows, rows, width, &mut gram);
            gram
        };
        let parts: Vec<Vec<f64>> = self.pieces.par_iter().map_init(Vec::new, product).collect();
        let mut sum = vec![0.0; width * width];
        for part in &parts {
            for (s, v) in sum.iter_mut().zip(part) {
                *s += v;
            }
        }
        Array2::from_shape_fn((p, p), |(i, j)| sum[i.min(j) * width + i.max(j)])
    }

    /// Σ u u′ over the clusters' sums, and how many clusters there are.
    fn by_cluster(&self, cluster: &[u32]) -> (Array2<f64>, usize) {
        let (p, width) = (self.p, width(self.p));
        let mut ids: Vec<u32> = cluster.to_vec();
        ids.par_sort_unstable();
        ids.dedup();
        let mut sums = Array2::zeros((ids.len(), p));
        if p == 0 {
            return (Array2::zeros((0, 0)), ids.len());
        }
        let mut filled = vec![Vec::new(); AT_ONCE];
        // In step with the rows, so that sums do not depend on the number of threads.
        for pieces in self.pieces.chunks(AT_ONCE) {
            let jobs = pieces.par_iter().zip(&mut filled);
            jobs.for_each(|(piece, rows)| self.piece(piece, rows));
            for (piece, rows) in pieces.iter().zip(&filled) {
                let rows = self.row[piece.clone()].iter().zip(rows.chunks_exact(width));
                for (&row, influence) in rows.filter(|(r, _)| **r != PAD) {
                    let id = cluster[row as usize];
                    let mut sum = sums.row_mut(ids.partition_point(|&i| i < id));
                    for (s, v) in sum.iter_mut().zip(influence) {
                        *s += v;
                    }
                }
            }
        }
        (sums.t().dot(&sums), ids.len())
    }

    /// Of each named column, the row that moves its estimate furthest to first order, where that is
    /// suspect: (standard errors, row). Of many rows none can, short of one that is far out.
    pub(crate) fn suspects(&self, bread: &Array2<f64>, names: &[Option<&str>]) -> Vec<(f64, u32)> {
        let (p, width) = (self.p, width(self.p));
        if self.row.len() > MOST_ROWS {
            return Vec::new();
        }
        let mut filled = Vec::new();
        let mut worst = vec![(FIRST_ORDER, PAD); p];
        for piece in self.pieces {
            self.piece(piece, &mut filled);
            for (k, &row) in self.row[piece.clone()].iter().enumerate().filter(|(_, r)| **r != PAD)
            {
                let influence = &filled[k * width..];
                for j in (0..p).filter(|&j| names[j].is_some()) {
                    let moved: f64 = (0..p).map(|i| bread[[j, i]] * influence[i]).sum();
                    let shift = moved.abs() / bread[[j, j]].sqrt();
                    if shift > worst[j].0 {
                        worst[j] = (shift, row);
                    }
                }
            }
        }
        worst.retain(|w| w.1 != PAD && w.0.is_finite());
        worst
    }

    /// The sandwich with this bread: by row without clusterings, by cluster with one, and with two
    /// V₁ + V₂ − V₁₂ (Cameron, Gelbach & Miller 2011). `names` are the terms of the columns, `None`
    /// for one that was not estimated. More than two clusterings are not for this function.
    pub(crate) fn covariance(
        &self,
        clusters: &[Vec<u32>],
        bread: &Array2<f64>,
        names: &[Option<&str>],
        warnings: &mut Vec<FitWarning>,
    ) -> Array2<f64> {
        let sandwich = |meat: &Array2<f64>| {
            let mut v = bread.dot(meat).dot(bread);
            symmetrise(&mut v);
            v
        };
        let estimated = names.iter().flatten().count();
        let mut few = |clusters: usize| {
            if clusters <= estimated {
                warnings.push(FitWarning::FewClusters { clusters });
            }
        };
        let (one, two) = match clusters {
            [] => return sandwich(&self.by_row()),
            [one] => {
                let (meat, count) = self.by_cluster(one);
                few(count);
                return sandwich(&meat);
            }
            [one, two, ..] => (one, two),
        };
        let (meat, count) = self.by_cluster(one);
        let v1 = sandwich(&meat);
        let (meat, count_two) = self.by_cluster(two);
        let v2 = sandwich(&meat);
        few(count.min(count_two));
        let v12 = sandwich(&self.by_cluster(&crossing(one, two)).0);
        two_way([v1, v2, v12], bread, names, warnings)
    }
}

/// V₁ + V₂ − V₁₂ where that is a covariance; else the wider of V₁ and V₂, measured in the errors of
/// `bread`. A difference of positive matrices may be negative for a term, or for a combination of
/// terms though for none of them alone: a prediction or a test would then come out as nonsense.
pub(crate) fn two_way(
    [v1, v2, v12]: [Array2<f64>; 3],
    bread: &Array2<f64>,
    names: &[Option<&str>],
    warnings: &mut Vec<FitWarning>,
) -> Array2<f64> {
    let v = &v1 + &v2 - &v12;
    let named = |j: &usize| names[*j].is_some();
    let wrong: Vec<usize> = (0..names.len()).filter(named).filter(|&j| v[[j, j]] <= 0.0).collect();
    if wrong.is_empty() && !is_indefinite(&v) {
        return v;
    }
    let terms = if wrong.is_empty() { (0..names.len()).collect() } else { wrong };
    let terms = terms.into_iter().filter_map(|j| names[j].map(str::to_owned)).collect();
    warnings.push(FitWarning::TwoWayNotPositive { terms });
    let unit = Cholesky::new(bread, 1e-14).inverse();
    let width = |v: &Array2<f64>| (v * &unit).sum();
    if width(&v1) >= width(&v2) { v1 } else { v2 }
}

/// The clusters that two clusterings cut each other into.
pub(crate) fn crossing(one: &[u32], two: &[u32]) -> Vec<u32> {
    let mut pairs: Vec<(u32, u32)> = one.iter().copied().zip(two.iter().copied()).collect();
    pairs.par_sort_unstable();
    pairs.dedup();
    let code = |(&a, &b): (&u32, &u32)| pairs.partition_point(|&p| p < (a, b)) as u32;
    one.iter().zip(two).map(code).collect()
}

/// β′V⁻¹β over the terms that V identifies.
pub(crate) fn wald_test(coef: &Array1<f64>, covariance: &Array2<f64>) -> ChiSquare {
    let factor = Cholesky::new(covariance, 1e-11);
    ChiSquare::of(factor.solve(coef.view()).dot(coef), factor.rank() as f64)
}
