//! Errors with the whole block of the frailties, R's `sparse = FALSE`: cubic in the groups.

use ndarray::Array2;

use super::curvature::{Errors, Parts};
use crate::survival::cox::Pass;
use crate::survival::linalg::{Cholesky, symmetrise};

/// With more groups than this it would take minutes.
pub(super) const MOST_GROUPS: usize = 1000;
/// Event times that are gathered before they are multiplied.
const BLOCK: usize = 256;

/// Σ d p p′ over the event times, p the groups' shares of the risk set.
pub(super) fn shares(pass: &Pass, group: &[u32], groups: usize) -> Array2<f64> {
    let layout = pass.layout;
    let mut sum = Array2::zeros((groups, groups));
    let mut block = Array2::zeros((BLOCK, groups));
    let mut filled = 0;
    let mut emit = |row: &dyn Fn(usize) -> f64| {
        for g in 0..groups {
            block[[filled, g]] = row(g);
        }
        filled += 1;
        if filled == BLOCK {
            sum += &block.t().dot(&block);
            block.fill(0.0);
            filled = 0;
        }
    };
    let mut at_risk = vec![0.0; groups];
    for stratum in &layout.strata {
        at_risk.fill(0.0);
        let slots = stratum.slots.clone();
        let mut tied = layout.tied.partition_point(|&j| (j as usize) < slots.end);
        for j in slots.rev() {
            for k in layout.group(j) {
                at_risk[group[k] as usize] += pass.r[k];
            }
            let averaged = tied > 0 && layout.tied[tied - 1] as usize == j;
            if averaged {
                tied -= 1;
            }
            if averaged && !pass.tied.is_empty() {
                // Two rows stand for the deaths of one time, as in the curvature of the terms.
                let t = pass.tied[tied];
                let mut dead = vec![0.0; groups];
                for k in layout.dying(j) {
                    dead[group[k] as usize] += pass.r[k];
                }
                let g0 = t.a.sqrt();
                let g1 = (t.c - t.b * t.b / t.a).max(0.0).sqrt();
                emit(&|g| g0 * at_risk[g] - t.b / g0 * dead[g]);
                emit(&|g| g1 * dead[g]);
            } else {
                let c = pass.squares(j).sqrt();
                emit(&|g| c * at_risk[g]);
            }
            if let Some(leaving) = &layout.leaving {
                for &k in leaving.at(j) {
                    at_risk[group[k as usize] as usize] -= pass.r[k as usize];
                }
            }
        }
    }
    sum += &block.t().dot(&block);
    sum
}

/// Errors from the whole curvature; `None` where even that is none.
pub(super) fn errors(
    parts: &Parts,
    shares: &Array2<f64>,
    penalty: impl Fn(usize) -> f64,
) -> Option<Errors> {
    let (q, p) = (parts.own.len(), parts.coef.nrows());
    let whole = Array2::from_shape_fn((q + p, q + p), |(i, j)| match (i < q, j < q) {
        (true, true) if i == j => parts.own[i] + penalty(i),
        (true, true) => -shares[[i, j]],
        (true, false) => parts.cross[[i, j - q]],
        (false, true) => parts.cross[[j, i - q]],
        (false, false) => parts.coef[[i - q, j - q]],
    });
    let wanted = q + parts.coef.diag().iter().filter(|v| **v > 0.0).count();
    let factor = Cholesky::new(&whole, 1e-14);
    if factor.rank() < wanted {
        return None;
    }
    let all = factor.inverse();
    let inverse = Array2::from_shape_fn((p, p), |(i, j)| all[[q + i, q + j]]);
    let mut sampling = inverse.clone();
    let groups: Vec<f64> = (0..q).map(|g| all[[g, g]]).collect();
    let frailty_df = q as f64 - (0..q).map(|g| penalty(g) * groups[g]).sum::<f64>();
    for i in 0..p {
        for j in 0..p {
            let lost = (0..q).map(|g| all[[q + i, g]] * penalty(g) * all[[g, q + j]]);
            sampling[[i, j]] -= lost.sum::<f64>();
        }
    }
    symmetrise(&mut sampling);
    let kept = (0..p).filter(|&j| inverse[[j, j]] > 0.0);
    let coef_df = kept.map(|j| sampling[[j, j]] / inverse[[j, j]]).sum();
    Some(Errors { inverse, sampling, groups, frailty_df, coef_df, hold: true })
}
