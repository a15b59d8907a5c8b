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
        for n in [0, 1, 7, 8, 9, 37] {
            let a: Vec<f64> = (0..n).map(|i| f64::from(i) - 3.5).collect();
            let b: Vec<f64> = (0..n).map(|i| 1.0 / (1.0 + f64::from(i))).collect();
            let plain: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            let mut out = [0.0];
            dots(&[&a], &b, &mut out);
            assert!((out[0] - plain).abs() < 1e-13);
            let mut to = b.clone();
            add(&mut to, &[(&a, 2.0), (&b, -1.0)]);
            assert!(to.iter().zip(&a).all(|(t, a)| (t - 2.0 * a).abs() < 1e-13));
            risks(&a, Some(&b), &mut to);
            assert!((0..n as usize).all(|i| (to[i] / b[i] / a[i].exp() - 1.0).abs() < 1e-14));
        }
    }
}
