//! The baseline hazard on a grid, with what the delta method needs.

use ndarray::{Array1, Array2};

use super::layout::Layout;
use super::robust::EventMeans;
use super::{CoxFit, FitError};
use crate::survival::Sample;

/// Increments of a stratum's baseline hazard over the cells of a grid.
///
/// For a row with covariates x (relative to the reference), η = x′β and weights g_j = ∂F/∂Λ_j on the
/// cells' hazards, the variance of F is Σ_j (g_j e^η)² dv_j + a′Va with
/// a = Σ_j g_j e^η (x·dh_j − dq_j) and V the covariance of β (Tsiatis 1981; R's `survfit.coxph`).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StratumCells {
    /// The stratum's number in the sample (0 without strata).
    pub stratum: u32,
    /// Deaths by cell, unweighted.
    pub events: Vec<u32>,
    /// Increments of the cumulative hazard by cell: Σ d/S0 (Efron: over the orders of tied deaths).
    pub dh: Vec<f64>,
    /// Σ d/S0² by cell.
    pub dv: Vec<f64>,
    /// Σ d·S1/S0² by cell (rows) and term (columns).
    pub dq: Array2<f64>,
}

impl CoxFit {
    /// The baseline hazard (all covariates and the offset at 0) over the cells
    /// `(edges[j], edges[j + 1]]`, by stratum, in the order of the strata's numbers. An event at
    /// `edges[0]` itself counts in the first cell; events outside the edges are left out. Strata
    /// without events are not listed. A sample without its strata gives the pooled baseline.
    ///
    /// Where 0 is far from the data, [`CoxFit::baseline_cells_at`] with [`CoxFit::means`] keeps the
    /// numbers in range.
    ///
    /// # Errors
    /// Another sample than the fitted one, fewer than two edges, edges that do not increase, or a
    /// baseline outside the range of numbers.
    pub fn baseline_cells(
        &self,
        sample: &Sample,
        edges: &[f64],
    ) -> Result<Vec<StratumCells>, FitError> {
        self.baseline_cells_at(sample, edges, Array1::zeros(self.coef.len()).view())
    }

    /// As [`CoxFit::baseline_cells`], for covariates at `reference` in place of 0.
    ///
    /// # Errors
    /// As [`CoxFit::baseline_cells`], or a reference of another length.
    pub fn baseline_cells_at(
        &self,
        sample: &Sample,
        edges: &[f64],
        reference: ndarray::ArrayView1<f64>,
    ) -> Result<Vec<StratumCells>, FitError> {
        self.check_same(sample)?;
        check_edges(edges)?;
        let p = self.coef.len();
        if reference.len() != p {
            let what = "the reference";
            return Err(FitError::Shape { what, found: reference.len(), expected: p });
        }
        let layout = Layout::new(sample, self.cause);
        let pass = self.pass(&layout)?;
        let out_of_range =
            || FitError::Start { why: "the baseline is too far from the data".into() };
        let means = EventMeans::new(&pass);
        let mut shift = -layout.offset_centre;
        for j in 0..p {
            shift += self.coef[j] * (reference[j] - layout.columns.centre[j]);
        }
        let factor = shift.exp();
        let mut all = Vec::new();
        for s in &layout.strata {
            let cells = edges.len() - 1;
            let mut out = StratumCells {
                stratum: s.stratum,
                events: vec![0; cells],
                dh: vec![0.0; cells],
                dv: vec![0.0; cells],
                dq: Array2::zeros((cells, p)),
            };
            for slot in s.slots.clone() {
                let Some(cell) = cell_of(layout.time[slot], edges) else { continue };
                out.events[cell] += layout.deaths[slot];
                let dh = pass.increment[slot];
                out.dh[cell] += factor * dh;
                out.dv[cell] += factor * factor * pass.squares(slot);
                for j in 0..p {
                    let q = means.cumulative[[slot + 1, j]] - means.cumulative[[slot, j]];
                    out.dq[[cell, j]] += factor
                        * ((layout.columns.centre[j] - reference[j]) * dh
                            + layout.columns.scale[j] * q);
                }
            }
            let finite = out.dh.iter().chain(&out.dv).chain(out.dq.iter()).all(|v| v.is_finite());
            let positive = out.dh.iter().zip(&out.events).all(|(&h, &e)| e == 0 || h > 0.0);
            if !(finite && positive) {
                return Err(out_of_range());
            }
            all.push(out);
        }
        Ok(all)
    }
}

/// The cell `(edges[j], edges[j + 1]]` of a time; the first edge belongs to the first cell.
fn cell_of(time: f64, edges: &[f64]) -> Option<usize> {
    if time < edges[0] || time > edges[edges.len() - 1] {
        return None;
    }
    Some(edges.partition_point(|&e| e < time).saturating_sub(1))
}

pub(crate) fn check_edges(edges: &[f64]) -> Result<(), FitError> {
    if edges.len() < 2 {
        return Err(FitError::Shape { what: "the list of edges", found: edges.len(), expected: 2 });
    }
    let bad =
        (0..edges.len()).find(|&k| !edges[k].is_finite() || (k > 0 && edges[k] <= edges[k - 1]));
    match bad {
        Some(item) => Err(FitError::Times { what: "the edges", item }),
        None => Ok(()),
    }
}
