//! The natural cubic spline basis of R's `splines::ns`.

/// A natural cubic spline: cubic between its knots, linear beyond its boundary knots, with `df`
/// columns and no intercept.
///
/// The columns are those of R's `splines::ns(x, df)`: B-splines of order 4 on the knots, reduced
/// to the space where the second derivative is 0 at both boundary knots by the Householder
/// rotation that R uses (de Boor 1978; Hastie 1992, chapter 7 of *Statistical Models in S*).
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct NaturalSpline {
    knots: Vec<f64>,
    boundary: [f64; 2],
    /// Rows of the reduction, one per column of the basis; made from the knots.
    #[serde(skip)]
    reduction: Vec<Vec<f64>>,
}

impl NaturalSpline {
    /// A spline with `df` columns: `df − 1` inner knots at equally spaced quantiles (R's type 7)
    /// of the values, boundary knots at their range. `None` where the values are too few or too
    /// much alike for so many knots to differ.
    #[must_use]
    pub fn of_values(values: &[f64], df: u32) -> Option<Self> {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let boundary = [*sorted.first()?, *sorted.last()?];
        let inner = (1..df).map(|k| quantile(&sorted, f64::from(k) / f64::from(df)));
        Self::new(inner.collect(), boundary)
    }

    /// A spline with these inner and boundary knots; `None` unless they are finite, rise, and
    /// are far enough apart to compute with.
    #[must_use]
    pub fn new(knots: Vec<f64>, boundary: [f64; 2]) -> Option<Self> {
        let [low, high] = boundary;
        let all = [low].into_iter().chain(knots.iter().copied()).chain([high]);
        let all: Vec<f64> = all.collect();
        let rising = all.windows(2).all(|w| w[0] < w[1]);
        if !rising || all.iter().any(|k| !k.is_finite()) {
            return None;
        }
        let reduction = reduction(&full_knots(&knots, boundary), boundary);
        // Knots beyond 1e100 or so have no finite second derivatives.
        let finite = reduction.iter().flatten().all(|v| v.is_finite());
        finite.then_some(Self { knots, boundary, reduction })
    }

    /// The inner knots.
    #[must_use]
    pub fn knots(&self) -> &[f64] {
        &self.knots
    }

    /// The boundary knots.
    #[must_use]
    pub fn boundary(&self) -> [f64; 2] {
        self.boundary
    }

    /// Columns of the basis.
    #[must_use]
    pub fn df(&self) -> usize {
        self.knots.len() + 1
    }

    /// The basis at each value: `df` columns.
    #[must_use]
    pub fn columns(&self, values: &[f64]) -> Vec<Vec<f64>> {
        let full = full_knots(&self.knots, self.boundary);
        let [low, high] = self.boundary;
        let at = |x: f64, d: usize| design(&full, x, ORDER, d);
        let edge = [low, high].map(|b| (at(b, 0), at(b, 1)));
        let mut columns = vec![Vec::with_capacity(values.len()); self.df()];
        let mut row = vec![0.0; full.len() - ORDER];
        for &x in values {
            let beyond = if x < low { Some((&edge[0], low)) } else { None };
            match beyond.or(if x > high { Some((&edge[1], high)) } else { None }) {
                Some(((value, slope), b)) => {
                    for (r, (v, s)) in row.iter_mut().zip(value.iter().zip(slope)) {
                        *r = v + s * (x - b);
                    }
                }
                None => basis_into(&full, x, &mut row),
            }
            for (column, weights) in columns.iter_mut().zip(&self.reduction) {
                // The first B-spline goes with the intercept.
                column.push(weights.iter().zip(&row[1..]).map(|(w, b)| w * b).sum());
            }
        }
        columns
    }
}

/// Cubic: order 4.
const ORDER: usize = 4;

/// R's quantile, type 7, of sorted values.
pub(super) fn quantile(sorted: &[f64], p: f64) -> f64 {
    let index = (sorted.len() - 1) as f64 * p;
    let low = index.floor();
    let (h, k) = (index - low, low as usize);
    let next = sorted[(k + 1).min(sorted.len() - 1)];
    if h > 0.0 { (1.0 - h) * sorted[k] + h * next } else { sorted[k] }
}

/// The knots with the boundary knots four times.
fn full_knots(knots: &[f64], [low, high]: [f64; 2]) -> Vec<f64> {
    let mut full = vec![low; ORDER];
    full.extend_from_slice(knots);
    full.extend([high; ORDER]);
    full
}

/// The B-splines of an order at `x` inside the boundary (Cox–de Boor).
fn basis(t: &[f64], x: f64, order: usize) -> Vec<f64> {
    // The interval that holds x; the last knot belongs to the last interval that is not empty.
    let last = t.len() - ORDER - 1;
    let j = (ORDER - 1..=last).rev().find(|&j| t[j] <= x && t[j] < t[j + 1]).unwrap_or(ORDER - 1);
    let mut b = vec![0.0; t.len() - 1];
    b[j] = 1.0;
    for k in 2..=order {
        for i in 0..t.len() - k {
            let left = ratio(x - t[i], t[i + k - 1] - t[i]) * b[i];
            let right = ratio(t[i + k] - x, t[i + k] - t[i + 1]) * b[i + 1];
            b[i] = left + right;
        }
    }
    b.truncate(t.len() - order);
    b
}

/// The cubic B-splines at `x` inside the boundary, without new memory: only the four that are
/// not 0 there are computed.
fn basis_into(t: &[f64], x: f64, row: &mut [f64]) {
    let last = t.len() - ORDER - 1;
    let j = (ORDER - 1..=last).rev().find(|&j| t[j] <= x && t[j] < t[j + 1]).unwrap_or(ORDER - 1);
    let mut b = [0.0; ORDER];
    b[0] = 1.0;
    for k in 1..ORDER {
        let mut saved = 0.0;
        for (r, value) in b.iter_mut().take(k).enumerate() {
            let (right, left) = (t[j + r + 1] - x, x - t[j + 1 + r - k]);
            let share = *value / (right + left);
            *value = saved + right * share;
            saved = left * share;
        }
        b[k] = saved;
    }
    row.fill(0.0);
    row[j + 1 - ORDER..=j].copy_from_slice(&b);
}

/// 0 over 0 is 0, as the recursion wants it at repeated knots.
fn ratio(above: f64, below: f64) -> f64 {
    if below > 0.0 { above / below } else { 0.0 }
}

/// The `d`-th derivatives of the B-splines of an order at `x`.
fn design(t: &[f64], x: f64, order: usize, d: usize) -> Vec<f64> {
    if d == 0 {
        return basis(t, x, order);
    }
    let lower = design(t, x, order - 1, d - 1);
    let k = order as f64 - 1.0;
    (0..t.len() - order)
        .map(|i| {
            let left = ratio(lower[i], t[i + order - 1] - t[i]);
            let right = ratio(lower[i + 1], t[i + order] - t[i + 1]);
            k * (left - right)
        })
        .collect()
}

/// The last rows of Q′, where Q R are the second derivatives at both boundary knots, transposed:
/// they span the splines whose second derivative is 0 there.
fn reduction(t: &[f64], boundary: [f64; 2]) -> Vec<Vec<f64>> {
    let mut a = boundary.map(|b| design(t, b, ORDER, 2)[1..].to_vec());
    let n = a[0].len();
    let mut reflectors: Vec<Vec<f64>> = Vec::new();
    for l in 0..2 {
        let norm = a[l][l..].iter().map(|v| v * v).sum::<f64>().sqrt();
        // LINPACK's sign convention, which decides the sign of the columns.
        let norm = if a[l][l] < 0.0 { -norm } else { norm };
        let mut v: Vec<f64> = a[l][l..].iter().map(|x| x / norm).collect();
        v[0] += 1.0;
        if l == 0 {
            reflect(&v, &mut a[1]);
        }
        reflectors.push(v);
    }
    let mut rows = vec![vec![0.0; n]; n - 2];
    for k in 0..n {
        let mut unit = vec![0.0; n];
        unit[k] = 1.0;
        reflect(&reflectors[0], &mut unit);
        reflect(&reflectors[1], &mut unit[1..]);
        for (row, value) in rows.iter_mut().zip(&unit[2..]) {
            row[k] = *value;
        }
    }
    rows
}

/// Applies a Householder reflection whose vector is scaled so that its first element is half its
/// squared length.
fn reflect(v: &[f64], y: &mut [f64]) {
    let t = -v.iter().zip(y.iter()).map(|(a, b)| a * b).sum::<f64>() / v[0];
    for (y, v) in y.iter_mut().zip(v) {
        *y += t * v;
    }
}

impl<'de> serde::Deserialize<'de> for NaturalSpline {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Knots {
            knots: Vec<f64>,
            boundary: [f64; 2],
        }
        let k = Knots::deserialize(d)?;
        Self::new(k.knots, k.boundary).ok_or_else(|| serde::de::Error::custom("knots do not rise"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b_splines_sum_to_one_and_the_two_ways_agree() {
        let t = full_knots(&[1.0, 2.5], [0.0, 4.0]);
        let mut row = vec![0.0; t.len() - ORDER];
        for x in [0.0, 0.3, 1.0, 2.0, 2.5, 3.999, 4.0] {
            let slow = basis(&t, x, ORDER);
            basis_into(&t, x, &mut row);
            assert!((slow.iter().sum::<f64>() - 1.0).abs() < 1e-14, "{x}");
            for (a, b) in slow.iter().zip(&row) {
                assert!((a - b).abs() < 1e-14, "{x}");
            }
        }
    }

    #[test]
    fn beyond_the_boundary_the_spline_is_linear() {
        let s = NaturalSpline::new(vec![2.0, 3.0], [1.0, 5.0]).unwrap();
        for column in s.columns(&[5.0, 6.0, 7.0, 8.0, 1.0, 0.0, -1.0]) {
            let [a, b, c, d, e, f, g] = column[..] else { panic!("seven rows") };
            assert!((a - 2.0 * b + c).abs() < 1e-12 && (b - 2.0 * c + d).abs() < 1e-12);
            assert!((e - 2.0 * f + g).abs() < 1e-12);
        }
    }

    #[test]
    fn a_spline_of_one_column_is_a_straight_line() {
        let s = NaturalSpline::of_values(&[0.0, 1.0, 2.0, 4.0], 1).unwrap();
        let y = &s.columns(&[0.0, 1.0, 2.0, 3.0])[0];
        let step = y[1] - y[0];
        assert!(step.abs() > 0.1);
        assert!((y[2] - y[1] - step).abs() < 1e-14 && (y[3] - y[2] - step).abs() < 1e-14);
    }

    #[test]
    fn values_too_much_alike_give_no_spline() {
        assert_eq!(NaturalSpline::of_values(&[], 3), None);
        assert_eq!(NaturalSpline::of_values(&[1.0; 9], 1), None);
        assert_eq!(NaturalSpline::of_values(&[0.0, 0.0, 0.0, 0.0, 0.0, 1.0], 4), None);
        assert_eq!(NaturalSpline::new(vec![f64::NAN], [0.0, 1.0]), None);
        assert_eq!(NaturalSpline::new(vec![1e299], [0.0, 1e300]), None);
    }
}
