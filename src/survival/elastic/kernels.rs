//! Inner loops over whole columns, compiled for the vector registers of the machine at hand. Sums
//! run in a fixed number of lanes whatever the registers, so that the numbers are the same.

use pulp::{Arch, Simd, WithSimd};

const LANES: usize = 8;

/// Σ a b.
#[inline(always)]
fn dot_body(a: &[f64], b: &[f64]) -> f64 {
    let (a_head, a_tail) = a.as_chunks::<LANES>();
    let (b_head, b_tail) = b.as_chunks::<LANES>();
    let mut sum = [0.0; LANES];
    for (a, b) in a_head.iter().zip(b_head) {
        for l in 0..LANES {
            sum[l] += a[l] * b[l];
        }
    }
    let tail: f64 = a_tail.iter().zip(b_tail).map(|(a, b)| a * b).sum();
    let half = [sum[0] + sum[4], sum[1] + sum[5], sum[2] + sum[6], sum[3] + sum[7]];
    ((half[0] + half[2]) + (half[1] + half[3])) + tail
}

struct Dots<'a> {
    columns: &'a [&'a [f64]],
    with: &'a [f64],
    out: &'a mut [f64],
}

impl WithSimd for Dots<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (out, column) in self.out.iter_mut().zip(self.columns) {
            *out = dot_body(column, self.with);
        }
    }
}

/// The products of some columns with one vector.
pub(super) fn dots(columns: &[&[f64]], with: &[f64], out: &mut [f64]) {
    Arch::new().dispatch(Dots { columns, with, out });
}

/// Rows that are gone through at once, so that four columns of them stay in the first-level cache.
const ROWS: usize = 512;
/// Columns on one side of a tile of products; on the other there are two.
pub(super) const SIDE: usize = 4;

/// The products of two columns with [`SIDE`] others, in partial sums that stay in registers.
#[inline(always)]
fn tile(a: [&[f64]; 2], b: [&[f64]; SIDE]) -> [[f64; SIDE]; 2] {
    const FOUR: usize = 4;
    let n = a[0].len();
    let [a0, a1] = a.map(|v| v[..n].as_chunks::<FOUR>());
    let [b0, b1, b2, b3] = b.map(|v| v[..n].as_chunks::<FOUR>());
    let mut sums = [[[0.0; FOUR]; SIDE]; 2];
    let rest = b0.0.iter().zip(b1.0).zip(b2.0.iter().zip(b3.0));
    for ((x, y), ((p, q), (r, s))) in a0.0.iter().zip(a1.0).zip(rest) {
        for (j, with) in [p, q, r, s].into_iter().enumerate() {
            for l in 0..FOUR {
                sums[0][j][l] += x[l] * with[l];
            }
            for l in 0..FOUR {
                sums[1][j][l] += y[l] * with[l];
            }
        }
    }
    let mut out = sums.map(|s| s.map(|v| (v[0] + v[2]) + (v[1] + v[3])));
    let tails = [b0.1, b1.1, b2.1, b3.1];
    for (out, a) in out.iter_mut().zip([a0.1, a1.1]) {
        for (out, b) in out.iter_mut().zip(tails) {
            *out += a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        }
    }
    out
}

struct Products<'a> {
    columns: &'a [&'a [f64]],
    with: [&'a [f64]; SIDE],
    out: &'a mut [[f64; SIDE]],
}

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let n = self.with[0].len();
        let mut begin = 0;
        while begin < n {
            let rows = begin..n.min(begin + ROWS);
            let with = self.with.map(|w| &w[rows.clone()]);
            for (out, columns) in self.out.chunks_mut(2).zip(self.columns.chunks(2)) {
                let one = &columns[0][rows.clone()];
                let two = columns.get(1).map_or(one, |c| &c[rows.clone()]);
                for (out, sums) in out.iter_mut().zip(tile([one, two], with)) {
                    for (o, s) in out.iter_mut().zip(sums) {
                        *o += s;
                    }
                }
            }
            begin = rows.end;
        }
    }
}

/// Adds the products of some columns with [`SIDE`] others.
pub(super) fn products(columns: &[&[f64]], with: [&[f64]; SIDE], out: &mut [[f64; SIDE]]) {
    Arch::new().dispatch(Products { columns, with, out });
}

struct Add<'a> {
    to: &'a mut [f64],
    columns: &'a [(&'a [f64], f64)],
}

impl WithSimd for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (column, factor) in self.columns {
            for (t, x) in self.to.iter_mut().zip(*column) {
                *t += factor * x;
            }
        }
    }
}

/// `to += Σ factor · column`.
pub(super) fn add(to: &mut [f64], columns: &[(&[f64], f64)]) {
    Arch::new().dispatch(Add { to, columns });
}

struct Exp<'a> {
    eta: &'a [f64],
    weight: Option<&'a [f64]>,
    out: &'a mut [f64],
}

impl WithSimd for Exp<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.out.copy_from_slice(self.eta);
        crate::survival::cox::exp_in_place(self.out);
        if let Some(weight) = self.weight {
            for (v, w) in self.out.iter_mut().zip(weight) {
                *v *= w;
            }
        }
    }
}

/// w·exp(η).
pub(super) fn risks(eta: &[f64], weight: Option<&[f64]>, out: &mut [f64]) {
    Arch::new().dispatch(Exp { eta, weight, out });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_and_sums_of_any_length() {
        for n in [0, 1, 7, 8, 9, 37, 1100] {
            let a: Vec<f64> = (0..n).map(|i| f64::from(i) - 3.5).collect();
            let b: Vec<f64> = (0..n).map(|i| 1.0 / (1.0 + f64::from(i))).collect();
            let plain: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            let mut out = [0.0];
            dots(&[&a], &b, &mut out);
            assert!((out[0] - plain).abs() < 1e-13 * (1.0 + plain.abs()));
            for count in [1, 2, 5] {
                let columns = vec![a.as_slice(); count];
                let mut sums = vec![[1.0; SIDE]; count];
                products(&columns, [&b, &a, &b, &a], &mut sums);
                for s in sums {
                    let squares: f64 = a.iter().map(|a| a * a).sum();
                    let off = [s[0] - plain, s[1] - squares, s[2] - plain, s[3] - squares];
                    assert!(off.iter().all(|v| (v - 1.0).abs() < 1e-11 * (1.0 + squares)));
                }
            }
            let mut to = b.clone();
            add(&mut to, &[(&a, 2.0), (&b, -1.0)]);
            assert!(to.iter().zip(&a).all(|(t, a)| (t - 2.0 * a).abs() < 1e-12));
            if n > 100 {
                continue;
            }
            risks(&a, Some(&b), &mut to);
            assert!((0..n as usize).all(|i| (to[i] / b[i] / a[i].exp() - 1.0).abs() < 1e-14));
        }
    }
}
