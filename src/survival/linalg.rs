//! Small dense symmetric matrices: a Cholesky factor that notices what it cannot identify.

use ndarray::{Array1, Array2, ArrayView1};

/// The Cholesky factor of a symmetric, positive semi-definite matrix, after scaling its diagonal
/// to one. A row that is a linear combination of those before it is marked and left out: its part
/// of every solution is zero (a generalised inverse, as in R's `cholesky2`).
#[derive(Debug, Clone)]
pub(crate) struct Cholesky {
    lower: Array2<f64>,
    scale: Vec<f64>,
    kept: Vec<bool>,
}

impl Cholesky {
    /// Factors `a` (its lower triangle is read). A pivot below `tolerance` (a fraction of that
    /// row's own diagonal) or not a number means dependent.
    pub(crate) fn new(a: &Array2<f64>, tolerance: f64) -> Self {
        let n = a.nrows();
        let scale: Vec<f64> =
            (0..n).map(|i| if a[[i, i]] > 0.0 { 1.0 / a[[i, i]].sqrt() } else { 0.0 }).collect();
        let mut lower = Array2::zeros((n, n));
        let mut kept = vec![true; n];
        for j in 0..n {
            let mut pivot = a[[j, j]] * scale[j] * scale[j];
            for k in 0..j {
                pivot -= lower[[j, k]] * lower[[j, k]];
            }
            if !(scale[j] > 0.0 && scale[j].is_finite() && pivot > tolerance) {
                kept[j] = false;
                // Later rows must not lean on a dropped one.
                lower.row_mut(j).fill(0.0);
                continue;
            }
            let root = pivot.sqrt();
            lower[[j, j]] = root;
            for i in j + 1..n {
                let mut v = a[[i, j]] * scale[i] * scale[j];
                for k in 0..j {
                    v -= lower[[i, k]] * lower[[j, k]];
                }
                lower[[i, j]] = v / root;
            }
        }
        Self { lower, scale, kept }
    }

    /// Which rows were identified.
    pub(crate) fn kept(&self) -> &[bool] {
        &self.kept
    }

    /// How many rows were identified.
    pub(crate) fn rank(&self) -> usize {
        self.kept.iter().filter(|&&k| k).count()
    }

    /// Solves `a x = b`; zero where a row was left out.
    pub(crate) fn solve(&self, b: ArrayView1<f64>) -> Array1<f64> {
        let n = self.kept.len();
        let mut x = Array1::zeros(n);
        for i in (0..n).filter(|&i| self.kept[i]) {
            let mut v = b[i] * self.scale[i];
            for k in 0..i {
                v -= self.lower[[i, k]] * x[k];
            }
            x[i] = v / self.lower[[i, i]];
        }
        for i in (0..n).rev().filter(|&i| self.kept[i]) {
            let mut v = x[i];
            for k in i + 1..n {
                v -= self.lower[[k, i]] * x[k];
            }
            x[i] = v / self.lower[[i, i]];
        }
        for (v, s) in x.iter_mut().zip(&self.scale) {
            *v *= s;
        }
        x
    }

    /// The inverse; zero rows and columns where a row was left out.
    pub(crate) fn inverse(&self) -> Array2<f64> {
        let n = self.kept.len();
        let mut inverse = Array2::zeros((n, n));
        let mut unit = Array1::zeros(n);
        for j in (0..n).filter(|&j| self.kept[j]) {
            unit[j] = 1.0;
            inverse.column_mut(j).assign(&self.solve(unit.view()));
            unit[j] = 0.0;
        }
        symmetrise(&mut inverse);
        inverse
    }

    /// The logarithm of the determinant of the identified part.
    pub(crate) fn ln_det(&self) -> f64 {
        (0..self.kept.len())
            .filter(|&i| self.kept[i])
            .map(|i| 2.0 * (self.lower[[i, i]] / self.scale[i]).ln())
            .sum()
    }
}

/// Whether x′ax < 0 for some x, by more than rounding: a symmetric matrix that is no covariance.
/// Rows of zeros count for nothing.
pub(crate) fn is_indefinite(a: &Array2<f64>) -> bool {
    const TOLERANCE: f64 = 1e-9;
    let n = a.nrows();
    let scale = |i: usize| if a[[i, i]] > 0.0 { 1.0 / a[[i, i]].sqrt() } else { 0.0 };
    // The part of each row that those before it leave, column by column.
    let mut rest = Array2::from_shape_fn((n, n), |(i, j)| a[[i, j]] * scale(i) * scale(j));
    for j in 0..n {
        let pivot = rest[[j, j]];
        if a[[j, j]] < 0.0 || pivot < -TOLERANCE {
            return true;
        }
        if pivot <= TOLERANCE {
            // What does not vary cannot vary with another.
            if (j + 1..n).any(|i| rest[[i, j]].abs() > TOLERANCE.sqrt()) {
                return true;
            }
            continue;
        }
        for i in j + 1..n {
            let share = rest[[i, j]] / pivot;
            for k in j + 1..n {
                rest[[i, k]] -= share * rest[[j, k]];
            }
        }
    }
    false
}

/// Makes a matrix exactly symmetric by averaging its halves.
pub(crate) fn symmetrise(a: &mut Array2<f64>) {
    for i in 0..a.nrows() {
        for j in 0..i {
            let mean = 0.5 * (a[[i, j]] + a[[j, i]]);
            a[[i, j]] = mean;
            a[[j, i]] = mean;
        }
    }
}

/// `v' a v`.
pub(crate) fn quadratic(a: &Array2<f64>, v: ArrayView1<f64>) -> f64 {
    a.dot(&v).dot(&v)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn solves_and_inverts() {
        let a = array![[4.0, 2.0, 0.6], [2.0, 5.0, 1.0], [0.6, 1.0, 3.0]];
        let c = Cholesky::new(&a, 1e-12);
        let x = c.solve(array![1.0, 2.0, 3.0].view());
        let back = a.dot(&x);
        for (b, e) in back.iter().zip([1.0, 2.0, 3.0]) {
            assert!((b - e).abs() < 1e-14);
        }
        let one = a.dot(&c.inverse());
        for ((i, j), v) in one.indexed_iter() {
            assert!((v - f64::from(u8::from(i == j))).abs() < 1e-14);
        }
        let det: f64 = 4.0 * (15.0 - 1.0) - 2.0 * (6.0 - 0.6) + 0.6 * (2.0 - 3.0);
        assert!((c.ln_det() - det.ln()).abs() < 1e-14);
    }

    #[test]
    fn leaves_out_a_dependent_row_whatever_its_scale() {
        // Row 2 = 1e12 × row 0 is dependent; row 1 of scale 1e-12 is not.
        let s = [1.0, 1e-12, 1e12];
        let base = [[2.0, 0.5, 2.0], [0.5, 1.0, 0.5], [2.0, 0.5, 2.0]];
        let a = Array2::from_shape_fn((3, 3), |(i, j)| base[i][j] * s[i] * s[j]);
        let c = Cholesky::new(&a, 1e-11);
        assert_eq!(c.kept(), [true, true, false]);
        assert_eq!(c.rank(), 2);
        let x = c.solve(array![1.0, 1e-12, 5.0].view());
        assert_eq!(x[2], 0.0);
        let back = a.dot(&x);
        assert!((back[0] - 1.0).abs() < 1e-12 && (back[1] - 1e-12).abs() < 1e-24);
    }
}
