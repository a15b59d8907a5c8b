//! One row, or one cluster, that drives a coefficient.

use ndarray::{Array1, Array2};

use super::layout::{Key, Layout, sorted_rows};
use super::pass::Pass;
use super::robust::score_residuals;
use super::{Cox, CoxFit, FitWarning, Ties, estimable};
use crate::survival::newton::Maximum;
use crate::survival::outlier::{DRIVES, FAR, FIRST_ORDER, MOST_ROWS, SHARE, worst_first};

impl Cox {
    /// Warns of a row without which a coefficient would move by more than its standard error: the
    /// model is fitted again without each suspect. (Influence formulas alone fail exactly here: a
    /// row that bends the fit to itself leaves no residual.)
    pub(super) fn find_outlier(&self, fit: &mut CoxFit, pass: &mut Pass, found: &Maximum) {
        let layout = pass.layout;
        let p = layout.p();
        let mut suspects = far(layout);
        suspects.extend(self.influential(fit, pass, found));
        let rows = worst_first(suspects);
        if rows.is_empty() {
            return;
        }
        let sorted = sorted_rows(layout.sample, fit.cause);
        let mut worst = (DRIVES, None);
        for row in rows {
            let Some((coef, estimated)) = self.without(layout, &sorted, row) else {
                continue;
            };
            for term in (0..p).filter(|&j| estimated[j] && fit.estimated[j]) {
                let shift = (coef[term] - fit.coef[term]) * fit.scale[term];
                let shift = shift.abs() / fit.inverse[[term, term]].sqrt();
                if shift > worst.0 {
                    worst = (shift, Some((row as usize, term)));
                }
            }
        }
        if let (shift, Some((row, term))) = worst {
            fit.warnings.push(FitWarning::Outlier { row, term: fit.names[term].clone(), shift });
        }
    }

    /// Of each term, the row that moves it furthest to first order: (standard errors, row).
    fn influential(&self, fit: &CoxFit, pass: &mut Pass, found: &Maximum) -> Vec<(f64, u32)> {
        let few = pass.layout.sample.len() <= MOST_ROWS && self.ties != Ties::Exact;
        if !few || pass.evaluate(&found.beta).is_none() {
            return Vec::new();
        }
        let moves = score_residuals(pass).dot(&fit.inverse);
        let most = |j: usize| {
            let se = fit.inverse[[j, j]].sqrt();
            let of = |(row, v): (usize, &f64)| (v.abs() / se, row as u32);
            let worst = moves.column(j).iter().enumerate().map(of).max_by(|a, b| {
                // The first row among equals.
                a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))
            });
            worst.filter(|w| w.0.is_finite() && w.0 > FIRST_ORDER)
        };
        (0..moves.ncols()).filter_map(most).collect()
    }

    /// Coefficients of the fit without one row, and which could be estimated.
    fn without(
        &self,
        layout: &Layout,
        sorted: &[Key],
        row: u32,
    ) -> Option<(Array1<f64>, Vec<bool>)> {
        let rest: Vec<Key> = sorted.iter().copied().filter(|k| k.row() != row).collect();
        let layout = Layout::from_sorted(layout.sample, rest, None);
        if layout.strata.is_empty() {
            return None;
        }
        let mut pass = Pass::new(&layout, self.ties == Ties::Efron);
        let start = Array1::zeros(layout.p());
        let null = self.point(&mut pass, &start)?;
        let penalty = self.penalty(&layout).ok()?;
        let active = estimable(&layout, &null, penalty.as_ref(), &mut Vec::new());
        let found = self.climb(&mut pass, penalty.as_ref(), null, &active);
        let coef = Array1::from_shape_fn(layout.p(), |j| found.beta[j] / layout.columns.scale[j]);
        Some((coef, active))
    }
}

/// Of each column, the row that is furthest out, where it is far: (standard deviations, row).
fn far(layout: &Layout) -> Vec<(f64, u32)> {
    let far = FAR.max((SHARE * layout.row.len() as f64).sqrt());
    if layout.furthest <= far {
        return Vec::new();
    }
    let most = |j: usize| {
        let distance = |k: usize| layout.x(k)[j].abs();
        let most = (0..layout.row.len())
            .max_by(|&a, &b| distance(a).total_cmp(&distance(b)).then(b.cmp(&a)))?;
        (distance(most) > far).then(|| (distance(most), layout.row[most]))
    };
    (0..layout.p()).filter_map(most).collect()
}

/// The cluster that drives a coefficient, from the clusters' sums of score residuals: it moves the
/// coefficient by more than its standard error to first order, and is more than half of all that
/// clusters move it by.
pub(super) fn driving_cluster(fit: &CoxFit, sums: &Array2<f64>, ids: &[u32]) -> Option<FitWarning> {
    let moves = sums.dot(&fit.inverse);
    let mut worst = (DRIVES, None);
    for j in (0..moves.ncols()).filter(|&j| fit.inverse[[j, j]] > 0.0) {
        let column = moves.column(j);
        let all = column.dot(&column);
        for (k, v) in column.iter().enumerate() {
            let shift = v.abs() / fit.inverse[[j, j]].sqrt();
            if shift > worst.0 && v * v > 0.5 * all {
                worst = (shift, Some((ids[k], j)));
            }
        }
    }
    let (cluster, term) = worst.1?;
    Some(FitWarning::DrivingCluster { cluster, term: fit.names[term].clone(), shift: worst.0 })
}
