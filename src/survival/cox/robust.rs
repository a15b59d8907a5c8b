//! Sandwich errors (Lin & Wei 1989): by row, by cluster, by two clusterings at once.

use ndarray::Array2;

use super::outlier::driving_cluster;
use super::pass::Pass;
use super::{Cox, CoxFit, FitError, FitWarning, fit};
use crate::survival::newton::Maximum;
use crate::survival::sandwich::{crossing, two_way};

impl Cox {
    /// Adds the sandwich covariance where rows are clustered or it was asked for.
    pub(super) fn add_robust(
        &self,
        fit: &mut CoxFit,
        pass: &mut Pass,
        found: &Maximum,
    ) -> Result<(), FitError> {
        let sample = pass.layout.sample;
        let clusters = sample.clusters();
        if clusters.is_empty() && !self.robust {
            return Ok(());
        }
        if clusters.len() > 2 {
            let why = "at most two clusterings can be combined".into();
            return Err(FitError::Setting { setting: "cluster", why });
        }
        if pass.evaluate(&found.beta).is_none() {
            return Ok(());
        }
        let residuals = score_residuals(pass);
        let scaled = match clusters {
            [] => sandwich(&residuals, &fit.inverse),
            [one] => {
                let (sums, ids) = sum_by(&residuals, one);
                few(fit, ids.len());
                if found.converged {
                    fit.warnings.extend(driving_cluster(fit, &sums, &ids));
                }
                sandwich(&sums, &fit.inverse)
            }
            [one, two, ..] => by_two(fit, &residuals, one, two),
        };
        fit.wald = fit::wald(&found.beta, &scaled);
        let covariance = Array2::from_shape_fn(scaled.dim(), |(i, j)| {
            scaled[[i, j]] / fit.scale[i] / fit.scale[j]
        });
        if let Some(j) = (0..fit.names.len()).find(|&j| !covariance[[j, j]].is_finite()) {
            return Err(FitError::Range { term: fit.names[j].clone() });
        }
        fit.robust_covariance = Some(covariance);
        Ok(())
    }
}

fn few(fit: &mut CoxFit, clusters: usize) {
    if clusters <= fit.estimated.iter().filter(|&&e| e).count() {
        fit.warnings.push(FitWarning::FewClusters { clusters });
    }
}

/// V (R′R) V.
fn sandwich(rows: &Array2<f64>, bread: &Array2<f64>) -> Array2<f64> {
    let mut v = bread.dot(&rows.t().dot(rows)).dot(bread);
    crate::survival::linalg::symmetrise(&mut v);
    v
}

/// Sums of rows by cluster, in the order of the clusters' numbers; and those numbers.
fn sum_by(rows: &Array2<f64>, cluster: &[u32]) -> (Array2<f64>, Vec<u32>) {
    let mut ids: Vec<u32> = cluster.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let mut sums = Array2::zeros((ids.len(), rows.ncols()));
    for (row, id) in rows.rows().into_iter().zip(cluster) {
        let at = ids.partition_point(|k| k < id);
        let mut sum = sums.row_mut(at);
        sum += &row;
    }
    (sums, ids)
}

/// V₁ + V₂ − V₁₂ (Cameron, Gelbach & Miller 2011): clusters, other clusters, and their crossings.
fn by_two(fit: &mut CoxFit, rows: &Array2<f64>, one: &[u32], two: &[u32]) -> Array2<f64> {
    let (sums, count) = sum_by(rows, one);
    let v1 = sandwich(&sums, &fit.inverse);
    let (sums, count_two) = sum_by(rows, two);
    let v2 = sandwich(&sums, &fit.inverse);
    few(fit, count.len().min(count_two.len()));
    let v12 = sandwich(&sum_by(rows, &crossing(one, two)).0, &fit.inverse);
    let names: Vec<Option<&str>> =
        fit.names.iter().zip(&fit.estimated).map(|(n, e)| e.then_some(n.as_str())).collect();
    two_way([v1, v2, v12], &fit.inverse, &names, &mut fit.warnings)
}

/// What each row adds to the slope of the log likelihood, weighted, by row of the sample and in
/// scaled columns; zero for rows that were never at risk.
pub(crate) fn score_residuals(pass: &Pass) -> Array2<f64> {
    let layout = pass.layout;
    let p = layout.p();
    let means = EventMeans::new(pass);
    let mut residuals = Array2::zeros((layout.sample.len(), p));
    let mut d = Vec::new();
    for chunk in &layout.chunks {
        pass.residuals(chunk, &mut d);
        for (m, k) in d.iter().zip(chunk.rows.clone()) {
            let exit = layout.exit_slot[k] as usize;
            let entry = layout.leaving.as_ref().map(|l| l.entry_slot[k] as usize);
            let mut row = residuals.row_mut(layout.row[k] as usize);
            for j in 0..p {
                let before = entry.map_or(0.0, |e| means.cumulative[[e, j]]);
                row[j] = layout.x(k)[j] * m + pass.r[k] * (means.cumulative[[exit, j]] - before);
            }
        }
        let mut tied = chunk.tied.start;
        for slot in chunk.slots.clone() {
            let is_tied = tied < chunk.tied.end && layout.tied[tied] as usize == slot;
            for k in layout.dying(slot) {
                let mut row = residuals.row_mut(layout.row[k] as usize);
                for j in 0..p {
                    row[j] -= layout.weight(k) * means.mean[[slot, j]];
                    if is_tied && pass.is_efron() {
                        row[j] -= pass.r[k] * means.less[[tied, j]];
                    }
                }
            }
            tied += usize::from(is_tied);
        }
    }
    residuals
}

/// Weighted covariate means at the event times, and their integral over the hazard.
pub(crate) struct EventMeans {
    /// By slot: the mean that a death at the slot is compared with.
    pub(crate) mean: Array2<f64>,
    /// By slot: Σ over the slots before it (in its stratum) of mean × hazard.
    pub(crate) cumulative: Array2<f64>,
    /// By tied slot: what a death is exposed to less than others are.
    pub(crate) less: Array2<f64>,
}

impl EventMeans {
    pub(crate) fn new(pass: &Pass) -> Self {
        let layout = pass.layout;
        let (p, slots) = (layout.p(), layout.time.len());
        let mut mean = Array2::zeros((slots, p));
        let mut cumulative = Array2::zeros((slots, p));
        let mut less = Array2::zeros((layout.tied.len(), p));
        let mut s1 = vec![0.0; p];
        let mut s1_deaths = vec![0.0; p];
        let mut tied = layout.tied.len();
        for s in layout.strata.iter().rev() {
            s1.fill(0.0);
            for slot in s.slots.clone().rev() {
                for k in layout.group(slot) {
                    add(&mut s1, layout.x(k), pass.r[k]);
                }
                let is_tied = tied > 0 && layout.tied[tied - 1] as usize == slot;
                tied -= usize::from(is_tied);
                if is_tied && pass.is_efron() {
                    s1_deaths.fill(0.0);
                    for k in layout.dying(slot) {
                        add(&mut s1_deaths, layout.x(k), pass.r[k]);
                    }
                    let t = pass.tied[tied];
                    for j in 0..p {
                        let (all, own) = (s1[j], s1_deaths[j]);
                        mean[[slot, j]] = t.mean * all - t.mean_deaths * own;
                        cumulative[[slot + 1, j]] = t.a * all - t.b * own;
                        less[[tied, j]] = t.b * all - t.c * own;
                    }
                } else {
                    for j in 0..p {
                        mean[[slot, j]] = s1[j] / pass.s0[slot];
                        cumulative[[slot + 1, j]] = mean[[slot, j]] * pass.increment[slot];
                    }
                }
                if let Some(l) = &layout.leaving {
                    for &k in l.at(slot) {
                        add(&mut s1, layout.x(k as usize), -pass.r[k as usize]);
                    }
                }
            }
        }
        for s in &layout.strata {
            for slot in s.slots.clone() {
                for j in 0..p {
                    cumulative[[slot + 1, j]] += cumulative[[slot, j]];
                }
            }
        }
        Self { mean, cumulative, less }
    }
}

fn add(sum: &mut [f64], x: &[f64], r: f64) {
    for (s, x) in sum.iter_mut().zip(x) {
        *s += r * x;
    }
}
