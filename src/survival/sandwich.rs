//! Sandwich covariances (Huber 1967; Lin & Wei 1989): by row, by cluster, by two clusterings.

use ndarray::{Array1, Array2};
use rayon::prelude::*;

use super::columns::{BLOCK, PAD, TILE};
use super::cox::gram::add_gram;
use super::linalg::{Cholesky, is_indefinite, symmetrise};
use super::outlier::{FIRST_ORDER, MOST_ROWS};
use super::{ChiSquare, FitWarning};

/// What each row adds to the slope of a log likelihood, weighted, in tiles of rows.
pub(crate) struct Influences<'f> {
    /// By position: the row of the sample, or [`PAD`].
    pub(crate) row: &'f [u32],
    /// Columns.
    pub(crate) p: usize,
    /// Fills a tile (column j is `tile[j * TILE..][..TILE]`) for the rows from a position on; zero
    /// for padding.
    pub(crate) tile: &'f (dyn Fn(usize, &mut [f64]) + Sync),
}

impl Influences<'_> {
    /// Σ u u′ over the rows.
    fn by_row(&self) -> Array2<f64> {
        let p = self.p;
        let parts: Vec<Vec<f64>> = self
            .row
            .par_chunks(BLOCK)
            .enumerate()
            .map_init(
                || vec![0.0; p * TILE],
                |tile, (b, rows)| {
                    let mut gram = vec![0.0; p * p];
                    for t in (0..rows.len()).step_by(TILE) {
                        (self.tile)(b * BLOCK + t, tile);
                        add_gram(tile, p, TILE, 1.0, &mut gram);
                    }
                    gram
                },
            )
            .collect();
        let mut sum = vec![0.0; p * p];
        for part in &parts {
            for (s, v) in sum.iter_mut().zip(part) {
                *s += v;
            }
        }
        Array2::from_shape_fn((p, p), |(i, j)| sum[i.min(j) * p + i.max(j)])
    }

    /// Σ u u′ over the clusters' sums, and how many clusters there are.
    fn by_cluster(&self, cluster: &[u32]) -> (Array2<f64>, usize) {
        let p = self.p;
        let mut ids: Vec<u32> = cluster.to_vec();
        ids.par_sort_unstable();
        ids.dedup();
        let mut sums = Array2::zeros((ids.len(), p));
        let mut tiles = Vec::new();
        // In step with the rows, so that sums do not depend on the number of threads.
        for (b, rows) in self.row.chunks(8 * BLOCK).enumerate() {
            tiles.resize(rows.len() * p, 0.0);
            if p > 0 {
                tiles.par_chunks_mut(TILE * p).enumerate().for_each(|(t, tile)| {
                    (self.tile)(8 * b * BLOCK + t * TILE, tile);
                });
            }
            for (k, &row) in rows.iter().enumerate().filter(|(_, r)| **r != PAD) {
                let id = cluster[row as usize];
                let mut sum = sums.row_mut(ids.partition_point(|&i| i < id));
                let tile = &tiles[k / TILE * TILE * p..];
                for (j, s) in sum.iter_mut().enumerate() {
                    *s += tile[j * TILE + k % TILE];
                }
            }
        }
        (sums.t().dot(&sums), ids.len())
    }

    /// Of each named column, the row that moves its estimate furthest to first order, where that is
    /// suspect: (standard errors, row). Of many rows none can, short of one that is far out.
    pub(crate) fn suspects(&self, bread: &Array2<f64>, names: &[Option<&str>]) -> Vec<(f64, u32)> {
        let p = self.p;
        if self.row.len() > MOST_ROWS {
            return Vec::new();
        }
        let mut tile = vec![0.0; p * TILE];
        let mut worst = vec![(FIRST_ORDER, PAD); p];
        for begin in (0..self.row.len()).step_by(TILE) {
            (self.tile)(begin, &mut tile);
            let rows = self.row[begin..].iter().take(TILE).enumerate();
            for (k, &row) in rows.filter(|(_, r)| **r != PAD) {
                for j in (0..p).filter(|&j| names[j].is_some()) {
                    let moved: f64 = (0..p).map(|i| bread[[j, i]] * tile[i * TILE + k]).sum();
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
