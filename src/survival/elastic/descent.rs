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
        loop {
            let most = sweep(curvature, penalty, beta, slope, active.iter().copied());
            sweeps += 1;
            if most <= within || sweeps >= SWEEPS {
                break;
            }
        }
    }
}

/// One move of each of some columns; the largest change of its own slope that one made.
fn sweep(
    curvature: &Curvature,
    penalty: Penalty,
    beta: &mut [f64],
    slope: &mut [f64],
    places: impl Iterator<Item = usize>,
) -> f64 {
    let mut most: f64 = 0.0;
    for k in places {
        let row = curvature.row(k);
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
