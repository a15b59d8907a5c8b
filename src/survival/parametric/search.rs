//! A search for the maximum of a log likelihood that need not be concave: Newton steps, damped
//! where the curvature is of the wrong sign (Levenberg 1944; Marquardt 1963), and halved where they
//! overshoot.

use ndarray::{Array1, Array2};

use crate::survival::linalg::Cholesky;
use crate::survival::newton::{Maximum, Point, leave_out, uphill};

/// Predicted gains in log likelihood below this end the search: a step of 1e-9 standard errors.
const SMALL_GAIN: f64 = 1e-18;
/// A predicted gain below this along a direction that has flattened by more than [`FLAT`] since
/// the start: a ridge that rises for ever.
const NO_GAIN: f64 = 1e-10;
const FLAT: f64 = 1e-6;
/// So many steps that together gain less than [`CRAWLED`] lead nowhere either: near a maximum a few
/// of Newton's steps end the search.
const CRAWL: usize = 10;
const CRAWLED: f64 = 1e-5;
/// A pivot below this share of its own curvature is none.
const PIVOT: f64 = 1e-13;

/// Climbs from `b`; parameters that are not `active` keep their value.
pub(super) fn climb(
    b: Array1<f64>,
    point: Point,
    active: &[bool],
    iterations: usize,
    evaluate: impl Fn(&Array1<f64>) -> Option<Point>,
) -> Maximum {
    let mask = |mut point: Point| {
        for j in (0..active.len()).filter(|&j| !active[j]) {
            leave_out(&mut point, j);
        }
        point
    };
    let mut at = Maximum {
        step: Array1::zeros(b.len()),
        beta: b,
        point: mask(point),
        iterations: 0,
        converged: false,
        ridge: false,
    };
    let first: Array1<f64> = at.point.information.diag().mapv(f64::abs);
    let mut earlier = f64::NEG_INFINITY;
    loop {
        let (step, damped) = step(&at.point, active);
        at.step = step;
        let gain = at.step.dot(&at.point.score);
        if gain.is_nan() || gain <= SMALL_GAIN {
            at.converged = !damped && gain.is_finite();
            if at.converged {
                // The last step is too short to be seen in the likelihood, not so in the errors.
                let b = &at.beta + &at.step;
                if let Some(point) = evaluate(&b) {
                    at.beta = b;
                    at.point = mask(point);
                }
            }
            return at;
        }
        let before: f64 = at.step.iter().zip(&first).map(|(s, d)| s * s * d).sum();
        at.ridge = gain < NO_GAIN && gain < FLAT * before;
        if at.iterations.is_multiple_of(CRAWL) {
            at.ridge |= at.point.loglik - earlier < CRAWLED;
            earlier = at.point.loglik;
        }
        if at.ridge || at.iterations == iterations {
            return at;
        }
        at.iterations += 1;
        let Some((b, point)) = uphill(&at, &evaluate) else { return at };
        let same = b == at.beta;
        at.beta = b;
        at.point = mask(point);
        if same {
            at.converged = !damped;
            return at;
        }
    }
}

/// The Newton step, and whether it had to be damped.
fn step(point: &Point, active: &[bool]) -> (Array1<f64>, bool) {
    let wanted = active.iter().filter(|&&a| a).count();
    let size: Array1<f64> = point.information.diag().mapv(f64::abs);
    let typical = size.sum() / wanted.max(1) as f64;
    let mut damping = 0.0;
    loop {
        let factor = if damping == 0.0 {
            Cholesky::new(&point.information, PIVOT)
        } else {
            let mut more: Array2<f64> = point.information.clone();
            for j in (0..active.len()).filter(|&j| active[j]) {
                more[[j, j]] += damping * (size[j] + 1e-3 * typical);
            }
            Cholesky::new(&more, PIVOT)
        };
        // Beyond 1e9 nothing but the slope is left of it.
        if factor.rank() == wanted || damping > 1e9 {
            return (factor.solve(point.score.view()), damping > 0.0);
        }
        damping = if damping == 0.0 { 1e-3 } else { 10.0 * damping };
    }
}
