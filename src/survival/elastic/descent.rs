//! Coordinate descent (Friedman, Hastie & Tibshirani 2010) on a quadratic model of the likelihood.

use super::curvature::Curvature;
use super::kernels;

/// A λ split into its two parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Penalty {
    /// λα: of the absolute values.
    pub(super) one: f64,
    /// λ(1 − α): of half the squares.
    pub(super) two: f64,
}

impl Penalty {
    /// How far a coefficient is from what its slope allows, in units of the slope.
    pub(super) fn violation(self, slope: f64, beta: f64) -> f64 {
        if beta == 0.0 {
            (slope.abs() - self.one).max(0.0)
        } else {
            (slope - self.two * beta - self.one * beta.signum()).abs()
        }
    }

    pub(super) fn value(self, beta: &[f64]) -> f64 {
        beta.iter().map(|b| self.one * b.abs() + 0.5 * self.two * b * b).sum()
    }
}

const SWEEPS: usize = 10_000;
/// So many sweeps before it pays to gather the active columns' own part of the curvature.
const PLAIN: usize = 3;

/// Moves `beta` (by column in play) to the minimum of the model whose slope at the start is
/// `slope`; ends when no move changes a slope by more than `within`. `slope` becomes the model's
/// slope at the end.
pub(super) fn descend(
    curvature: &Curvature,
    penalty: Penalty,
    beta: &mut [f64],
    slope: &mut [f64],
    within: f64,
) {
    let m = beta.len();
    let mut sweeps = 0;
    loop {
        // All columns once, then those that are not zero until they rest.
        let most = sweep(curvature, penalty, beta, slope, 0..m);
        sweeps += 1;
        if most <= within || sweeps >= SWEEPS {
            return;
        }
        let active: Vec<usize> = (0..m).filter(|&k| beta[k] != 0.0).collect();
        // Where nearly all are active, what is gathered would be nearly all there is.
        let plain = if 4 * active.len() > 3 * m { SWEEPS } else { PLAIN };
        let rests = (0..plain).any(|_| {
            sweeps += 1;
            sweep(curvature, penalty, beta, slope, active.iter().copied()) <= within
        });
        if !rests {
            sweeps += among(curvature, penalty, beta, slope, &active, within);
        }
    }
}

/// Sweeps over the active columns until they rest, on their own part of the curvature: the slopes of
/// the others are brought along at the end. The number of sweeps.
fn among(
    curvature: &Curvature,
    penalty: Penalty,
    beta: &mut [f64],
    slope: &mut [f64],
    active: &[usize],
    within: f64,
) -> usize {
    let a = active.len();
    let mut gram = Vec::with_capacity(a * a);
    for &k in active {
        let row = curvature.row(k);
        gram.extend(active.iter().map(|&j| row[j]));
    }
    let before: Vec<f64> = active.iter().map(|&k| beta[k]).collect();
    let mut own_beta = before.clone();
    let mut own_slope: Vec<f64> = active.iter().map(|&k| slope[k]).collect();
    let mut sweeps = 0;
    loop {
        let row = |k: usize| &gram[k * a..(k + 1) * a];
        let most = moves(row, penalty, &mut own_beta, &mut own_slope, 0..a);
        sweeps += 1;
        if most <= within || sweeps >= SWEEPS {
            break;
        }
    }
    for (i, &k) in active.iter().enumerate() {
        let by = own_beta[i] - before[i];
        if by != 0.0 {
            beta[k] = own_beta[i];
            kernels::add(slope, &[(curvature.row(k), -by)]);
        }
    }
    sweeps
}

/// One move of each of some columns; the largest change of its own slope that one made.
fn sweep(
    curvature: &Curvature,
    penalty: Penalty,
    beta: &mut [f64],
    slope: &mut [f64],
    places: impl Iterator<Item = usize>,
) -> f64 {
    moves(|k| curvature.row(k), penalty, beta, slope, places)
}

/// As [`sweep`], with the rows of a curvature as they are given.
fn moves<'c>(
    row: impl Fn(usize) -> &'c [f64],
    penalty: Penalty,
    beta: &mut [f64],
    slope: &mut [f64],
    places: impl Iterator<Item = usize>,
) -> f64 {
    let mut most: f64 = 0.0;
    for k in places {
        let row = row(k);
        let own = row[k];
        if own <= 1e-12 {
            continue;
        }
        let pull = slope[k] + own * beta[k];
        let to = if pull.abs() <= penalty.one {
            0.0
        } else {
            (pull - penalty.one * pull.signum()) / (own + penalty.two)
        };
        let by = to - beta[k];
        if by != 0.0 {
            beta[k] = to;
            kernels::add(slope, &[(row, -by)]);
            most = most.max(own * by.abs());
        }
    }
    most
}
