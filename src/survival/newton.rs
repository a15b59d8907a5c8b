//! Newton's method for a concave log likelihood: step halving, aliased columns, and an honest word
//! about how it ended.

use ndarray::{Array1, Array2};

use super::FitError;
use super::linalg::{Cholesky, quadratic};

/// A pivot below this share of its own curvature means that a column is explained by others.
pub(crate) const ALIASED: f64 = 1e-11;
/// Predicted gains in log likelihood below this end the search: a step of 1e-9 standard errors.
const SMALL_GAIN: f64 = 1e-18;
const HALVINGS: usize = 40;
/// A predicted gain below this, by a step along which the curve has flattened by more than
/// [`FLAT`] since the start: a ridge that rises for ever.
const NO_GAIN: f64 = 1e-10;
const FLAT: f64 = 1e-6;
/// A curve that has flattened by this much along the step rises for ever, whatever is left to gain.
const FLATTEST: f64 = 1e-9;

/// A log likelihood with its slope and its (negated) curvature.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    pub(crate) loglik: f64,
    pub(crate) score: Array1<f64>,
    pub(crate) information: Array2<f64>,
}

/// Where the search ended.
#[derive(Debug, Clone)]
pub(crate) struct Maximum {
    pub(crate) beta: Array1<f64>,
    pub(crate) point: Point,
    pub(crate) iterations: usize,
    pub(crate) converged: bool,
    /// The next step that Newton's method would have made.
    pub(crate) step: Array1<f64>,
    /// The search stopped on a ridge that rises for ever along `step`.
    pub(crate) ridge: bool,
}

/// Curvature that every term has at least, as a share of what the data give it: twins that a lasso
/// keeps side by side have no inverse without.
const LEAST: f64 = 1e-8;

/// Whether coefficients, their penalties and what is active are as many as the columns.
///
/// # Errors
/// [`FitError::Shape`].
pub(crate) fn as_many(
    columns: usize,
    coef: &[f64],
    active: &[bool],
    precision: &[f64],
) -> Result<(), FitError> {
    let lengths = [coef.len(), active.len(), precision.len()];
    match lengths.into_iter().find(|&found| found != columns) {
        Some(found) => Err(FitError::Shape { what: "the coefficients", found, expected: columns }),
        None => Ok(()),
    }
}

impl Maximum {
    /// A point that was found elsewhere, such as by an elastic net, as if it were the maximum:
    /// `null` and `point` are those where all coefficients are zero and at `beta`, `precision` is
    /// the curvature that a penalty adds to each. Columns that are not active are left out of both.
    pub(crate) fn given(
        beta: Array1<f64>,
        mut point: Point,
        null: &mut Point,
        active: &[bool],
        precision: impl Fn(usize) -> f64,
    ) -> Self {
        for (j, &active) in active.iter().enumerate() {
            if active {
                point.information[[j, j]] += precision(j).max(LEAST * null.information[[j, j]]);
            } else {
                leave_out(null, j);
                leave_out(&mut point, j);
            }
        }
        let step = Array1::zeros(beta.len());
        Self { beta, point, iterations: 0, converged: true, step, ridge: false }
    }
}

/// Makes column and row `j` of a point's slope and curvature zero: the column takes no part.
pub(crate) fn leave_out(point: &mut Point, j: usize) {
    point.score[j] = 0.0;
    point.information.row_mut(j).fill(0.0);
    point.information.column_mut(j).fill(0.0);
}

/// Climbs from `beta`, whose `point` is known. `evaluate` gives the point at another β (`None` where
/// the likelihood cannot be computed). Columns that are not `active` keep their value.
pub(crate) fn maximise(
    beta: Array1<f64>,
    point: Point,
    active: &[bool],
    iterations: usize,
    mut evaluate: impl FnMut(&Array1<f64>) -> Option<Point>,
) -> Maximum {
    let mask = |mut point: Point| {
        for j in (0..active.len()).filter(|&j| !active[j]) {
            leave_out(&mut point, j);
        }
        point
    };
    let mut at = Maximum {
        step: Array1::zeros(beta.len()),
        beta,
        point: mask(point),
        iterations: 0,
        converged: false,
        ridge: false,
    };
    let first = at.point.information.clone();
    loop {
        at.step = Cholesky::new(&at.point.information, 1e-14).solve(at.point.score.view());
        let gain = at.step.dot(&at.point.score);
        if gain <= SMALL_GAIN || gain.is_nan() {
            at.converged = gain.is_finite();
            return at;
        }
        let flat = if gain < NO_GAIN { FLAT } else { FLATTEST };
        at.ridge = gain < flat * quadratic(&first, at.step.view());
        if at.ridge || at.iterations == iterations {
            return at;
        }
        at.iterations += 1;
        let Some((beta, point)) = uphill(&at, &mut evaluate) else { return at };
        let same = beta == at.beta;
        at.beta = beta;
        at.point = mask(point);
        if same {
            at.converged = true;
            return at;
        }
    }
}

/// The first of step, half step, quarter step … that does not lower the log likelihood.
pub(crate) fn uphill(
    at: &Maximum,
    mut evaluate: impl FnMut(&Array1<f64>) -> Option<Point>,
) -> Option<(Array1<f64>, Point)> {
    // Rounding of a sum of this size cannot be told from a loss.
    let noise = 1e-13 * at.point.loglik.abs().max(1.0);
    let mut size = 1.0;
    for _ in 0..HALVINGS {
        let beta = &at.beta + &(&at.step * size);
        if let Some(point) = evaluate(&beta)
            && point.loglik >= at.point.loglik - noise
        {
            return Some((beta, point));
        }
        size *= 0.5;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn climbs_a_curve_that_needs_halving() {
        // −ln cosh(b − 3): a plain Newton step from 0 overshoots for ever.
        let evaluate = |b: &Array1<f64>| {
            let u = b[0] - 3.0;
            let t = u.tanh();
            Some(Point {
                loglik: -u.cosh().ln(),
                score: array![-t],
                information: array![[1.0 - t * t]],
            })
        };
        let start = array![0.0];
        let point = evaluate(&start).unwrap();
        let m = maximise(start, point, &[true], 50, evaluate);
        assert!(m.converged);
        assert!((m.beta[0] - 3.0).abs() < 1e-8);
    }
}
