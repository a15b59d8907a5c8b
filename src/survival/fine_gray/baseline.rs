//! The baseline subdistribution hazard: as steps, and on a grid with what the delta method needs.

use ndarray::{Array1, Array2, ArrayView1};

use super::fit::FineGrayFit;
use super::layout::Layout;
use super::means::Means;
use super::pass::Pass;
use crate::survival::cox::check_edges;
use crate::survival::{FitError, Sample, StratumCells, Ties};

/// The cumulative baseline subdistribution hazard of a stratum, for covariates at the fit's means
/// and offset 0.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Baseline {
    /// The stratum's number in the sample (0 without strata).
    pub stratum: u32,
    /// Distinct times of events of the cause.
    pub time: Vec<f64>,
    /// The cumulative hazard just after each.
    pub hazard: Vec<f64>,
}

impl Baseline {
    /// The cumulative hazard at a time: 0 before the first event, level after the last.
    #[must_use]
    pub fn at(&self, t: f64) -> f64 {
        let k = self.time.partition_point(|&time| time <= t);
        if k == 0 { 0.0 } else { self.hazard[k - 1] }
    }
}

impl FineGrayFit {
    /// Keeps the baselines of the pass at the estimate.
    pub(super) fn add_baseline(&mut self, pass: &Pass) {
        let l = pass.layout;
        let factor = (-l.offset_centre).exp();
        for s in l.strata.iter().filter(|s| s.slots.len() > 1) {
            let slots = s.slots.start + 1..s.slots.end;
            self.baselines.push(Baseline {
                stratum: s.number,
                time: l.time[slots.clone()].to_vec(),
                hazard: pass.cumulative[slots].iter().map(|h| factor * h).collect(),
            });
        }
    }

    /// The baseline hazard for covariates at `reference` and offset 0 over the cells
    /// `(edges[j], edges[j + 1]]`, by stratum, with what the delta method needs (see
    /// [`StratumCells`]; the chance of being observed is taken as known there). An event at
    /// `edges[0]` itself counts in the first cell; events outside the edges are left out. Strata
    /// without events are not listed. A sample without its strata gives the pooled baseline.
    ///
    /// # Errors
    /// Another sample than the fitted one, edges that do not increase, a reference of another
    /// length, or a baseline outside the range of numbers.
    pub fn baseline_cells_at(
        &self,
        sample: &Sample,
        edges: &[f64],
        reference: ArrayView1<f64>,
    ) -> Result<Vec<StratumCells>, FitError> {
        self.check_columns(sample.x().ncols())?;
        self.check_columns(reference.len())?;
        check_edges(edges)?;
        if sample.len() != self.n || sample.outcome().events(self.cause) != self.events {
            let (found, expected) = (sample.len(), self.n);
            return Err(FitError::Shape { what: "the sample", found, expected });
        }
        let layout = Layout::new(sample, self.cause, self.convention)?;
        let far = || FitError::Start { why: "the baseline is too far from the data".into() };
        let efron = self.settings.tie_rule() == Ties::Efron;
        let mut pass = Pass::new(&layout, efron);
        let columns = &layout.columns;
        let p = layout.p();
        let beta = Array1::from_shape_fn(p, |j| self.coef[j] * columns.scale[j]);
        pass.evaluate(&beta).ok_or_else(far)?;
        let means = Means::new(&pass);
        let mut shift = -layout.offset_centre;
        for j in 0..p {
            shift += self.coef[j] * (reference[j] - columns.centre[j]);
        }
        let factor = shift.exp();
        let mut all = Vec::new();
        for s in layout.strata.iter().filter(|s| s.slots.len() > 1) {
            let cells = edges.len() - 1;
            let mut out = StratumCells {
                stratum: s.number,
                events: vec![0; cells],
                dh: vec![0.0; cells],
                dv: vec![0.0; cells],
                dq: Array2::zeros((cells, p)),
            };
            for slot in s.slots.start + 1..s.slots.end {
                let t = layout.time[slot];
                if t < edges[0] || t > edges[cells] {
                    continue;
                }
                let cell = edges.partition_point(|&e| e < t).saturating_sub(1);
                let dh = pass.increment[slot];
                out.events[cell] += layout.deaths[slot];
                out.dh[cell] += factor * dh;
                out.dv[cell] += factor * factor * pass.squares(slot);
                let (before, upto) = (means.cumulative(slot - 1), means.cumulative(slot));
                for j in 0..p {
                    let q = upto[j] - before[j];
                    out.dq[[cell, j]] +=
                        factor * ((columns.centre[j] - reference[j]) * dh + columns.scale[j] * q);
                }
            }
            let finite = out.dh.iter().chain(&out.dv).chain(out.dq.iter()).all(|v| v.is_finite());
            let positive = out.dh.iter().zip(&out.events).all(|(&h, &e)| e == 0 || h > 0.0);
            if !(finite && positive) {
                return Err(far());
            }
            all.push(out);
        }
        Ok(all)
    }
}
