//! One row that drives a coefficient.

use ndarray::Array1;

use super::layout::{Key, Layout, sorted_rows};
use super::pass::Pass;
use super::{Cox, CoxFit, FitWarning, identify};

/// A row is suspect where it carries this share of a column's variance …
const SHARE: f64 = 0.2;
/// … and is this many standard deviations out.
const FAR: f64 = 4.0;
/// How many suspects are tried.
const SUSPECTS: usize = 3;

impl Cox {
    /// Warns of a far row without which a coefficient would move by more than its standard error:
    /// the model is fitted again without it. (Influence formulas fail exactly here: a row that bends
    /// the fit to itself leaves no residual.)
    pub(super) fn find_outlier(&self, fit: &mut CoxFit, layout: &Layout) {
        let far = FAR.max((SHARE * layout.row.len() as f64).sqrt());
        if layout.furthest <= far {
            return;
        }
        let p = layout.p();
        let mut suspects: Vec<(f64, u32)> = (0..p)
            .filter_map(|j| {
                let distance = |k: usize| layout.x(k)[j].abs();
                let most = (0..layout.row.len())
                    .max_by(|&a, &b| distance(a).total_cmp(&distance(b)).then(b.cmp(&a)))?;
                (distance(most) > far).then(|| (distance(most), layout.row[most]))
            })
            .collect();
        suspects.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        suspects.dedup_by_key(|s| s.1);
        let sorted = sorted_rows(layout.sample, fit.cause);
        let mut worst = (1.0, None);
        for &(_, row) in suspects.iter().take(SUSPECTS) {
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
        let mut pass = Pass::new(&layout, self.ties == super::Ties::Efron);
        let start = Array1::zeros(layout.p());
        let null = self.point(&mut pass, &start)?;
        let penalty = self.penalty(&layout).ok()?;
        let active = identify(&layout, &null, penalty.as_ref(), &mut Vec::new());
        let found = self.climb(&mut pass, penalty.as_ref(), null, &active);
        let coef = Array1::from_shape_fn(layout.p(), |j| found.beta[j] / layout.columns.scale[j]);
        Some((coef, active))
    }
}
