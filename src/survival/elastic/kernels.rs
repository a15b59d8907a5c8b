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

/// Σ a b for four a: what is shared is read once.
#[inline(always)]
fn dot_four(a: [&[f64]; 4], b: &[f64]) -> [f64; 4] {
    let n = b.len();
    let (a0, a0_tail) = a[0][..n].as_chunks::<LANES>();
    let (a1, a1_tail) = a[1][..n].as_chunks::<LANES>();
    let (a2, a2_tail) = a[2][..n].as_chunks::<LANES>();
    let (a3, a3_tail) = a[3][..n].as_chunks::<LANES>();
    let (b_head, b_tail) = b.as_chunks::<LANES>();
    let mut sums = [[0.0; LANES]; 4];
    for (((p, q), (r, s)), b) in a0.iter().zip(a1).zip(a2.iter().zip(a3)).zip(b_head) {
        for l in 0..LANES {
            sums[0][l] += p[l] * b[l];
        }
        for l in 0..LANES {
            sums[1][l] += q[l] * b[l];
        }
        for l in 0..LANES {
            sums[2][l] += r[l] * b[l];
        }
        for l in 0..LANES {
            sums[3][l] += s[l] * b[l];
        }
    }
    let tails = [a0_tail, a1_tail, a2_tail, a3_tail];
    let mut out = [0.0; 4];
    for k in 0..4 {
        let v = sums[k];
        let half = [v[0] + v[4], v[1] + v[5], v[2] + v[6], v[3] + v[7]];
        let mut tail = 0.0;
        for (a, b) in tails[k].iter().zip(b_tail) {
            tail += a * b;
        }
        out[k] = ((half[0] + half[2]) + (half[1] + half[3])) + tail;
    }
    out
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
        let (head, tail) = self.columns.as_chunks::<4>();
        let (out, rest) = self.out.split_at_mut(4 * head.len());
        for (out, columns) in out.chunks_mut(4).zip(head) {
            out.copy_from_slice(&dot_four(*columns, self.with));
        }
        for (out, column) in rest.iter_mut().zip(tail) {
            *out = dot_body(column, self.with);
        }
    }
}

/// The products of some columns with one vector.
pub(super) fn dots(columns: &[&[f64]], with: &[f64], out: &mut [f64]) {
    Arch::new().dispatch(Dots { columns, with, out });
}

/// Rows that are gone through at once, so that the packed columns stay in the first-level cache.
const ROWS: usize = 256;
/// Columns on either side of a tile of products; those on the wide one are packed.
pub(super) const SIDE: usize = 4;
pub(super) const WIDE: usize = 8;
/// The products of [`SIDE`] columns with [`WIDE`] others.
pub(super) type Tile = [[f64; WIDE]; SIDE];

/// Sums that stay in registers. Every product has its own sum over the rows in their order, so that
/// lanes are columns and the numbers are the same whatever the registers.
#[inline(always)]
fn tile(a: [&[f64]; SIDE], b: &[[f64; WIDE]]) -> Tile {
    let n = b.len();
    let (a0, a1, a2, a3) = (&a[0][..n], &a[1][..n], &a[2][..n], &a[3][..n]);
    let mut sums = [[0.0; WIDE]; SIDE];
    for i in 0..n {
        let one = [a0[i], a1[i], a2[i], a3[i]];
        for k in 0..SIDE {
            for l in 0..WIDE {
                sums[k][l] = one[k].mul_add(b[i][l], sums[k][l]);
            }
        }
    }
    sums
}

struct Products<'a> {
    columns: &'a [&'a [f64]],
    with: &'a [[f64; WIDE]],
    out: &'a mut [Tile],
}

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let n = self.with.len();
        let mut begin = 0;
        while begin < n {
            let end = n.min(begin + ROWS);
            for (out, columns) in self.out.iter_mut().zip(self.columns.chunks(SIDE)) {
                let last = columns.len() - 1;
                let a0 = &columns[0][begin..end];
                let a1 = &columns[last.min(1)][begin..end];
                let a2 = &columns[last.min(2)][begin..end];
                let a3 = &columns[last][begin..end];
                let sums = tile([a0, a1, a2, a3], &self.with[begin..end]);
                for k in 0..SIDE {
                    for l in 0..WIDE {
                        out[k][l] += sums[k][l];
                    }
                }
            }
            begin = end;
        }
    }
}

/// Adds the products of some columns, [`SIDE`] to a tile, with [`WIDE`] packed others. What a last
/// tile has too much is of no meaning.
pub(super) fn products(columns: &[&[f64]], with: &[[f64; WIDE]], out: &mut [Tile]) {
    Arch::new().dispatch(Products { columns, with, out });
}

/// At most [`WIDE`] columns side by side, filled up with zeros.
pub(super) fn pack(columns: &[&[f64]]) -> Vec<[f64; WIDE]> {
    let mut out = vec![[0.0; WIDE]; columns.first().map_or(0, |c| c.len())];
    for (l, column) in columns.iter().enumerate() {
        for (to, v) in out.iter_mut().zip(*column) {
            to[l] = *v;
        }
    }
    out
}

struct Add<'a> {
    to: &'a mut [f64],
    columns: &'a [(&'a [f64], f64)],
}

impl WithSimd for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let (head, tail) = self.columns.as_chunks::<4>();
        let n = self.to.len();
        for [(a, fa), (b, fb), (c, fc), (d, fd)] in head {
            let rest = a[..n].iter().zip(&b[..n]).zip(c[..n].iter().zip(&d[..n]));
            for (t, ((a, b), (c, d))) in self.to.iter_mut().zip(rest) {
                *t += (fa * a + fb * b) + (fc * c + fd * d);
            }
        }
        for (column, factor) in tail {
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

struct Eliminate<'a, 'b> {
    done: &'a [f64],
    rows: &'a mut [&'b mut [f64]],
}

impl WithSimd for Eliminate<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for row in self.rows.iter_mut() {
            let width = row.len();
            for k in 0..width {
                let (before, rest) = row.split_at_mut(k + 1);
                let of = &self.done[k * width..(k + 1) * width];
                before[k] /= of[k];
                for (v, l) in rest.iter_mut().zip(&of[k + 1..]) {
                    *v -= before[k] * l;
                }
            }
        }
    }
}

/// Solves y L′ = row for some rows; L′ is an upper triangle, row after row.
pub(super) fn eliminate(done: &[f64], rows: &mut [&mut [f64]]) {
    Arch::new().dispatch(Eliminate { done, rows });
}

struct Forward<'a, 'b> {
    rows: &'a [f64],
    stride: usize,
    upto: usize,
    right: &'a mut [&'b mut [f64]],
}

impl WithSimd for Forward<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for j in 0..self.upto {
            let row = &self.rows[j * self.stride..j * self.stride + j + 1];
            for b in self.right.iter_mut() {
                let (done, rest) = b.split_at_mut(j);
                rest[0] = (rest[0] - dot_body(&row[..j], done)) / row[j];
            }
        }
    }
}

/// Solves L y = b for the first columns of a lower triangle whose rows lie `stride` apart, for each
/// of some right-hand sides.
pub(super) fn forward(rows: &[f64], stride: usize, upto: usize, right: &mut [&mut [f64]]) {
    Arch::new().dispatch(Forward { rows, stride, upto, right });
}

struct Backward<'a> {
    rows: &'a [f64],
    stride: usize,
    right: &'a mut [f64],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let row = |j: usize| &self.rows[j * self.stride..j * self.stride + j + 1];
        let mut end = self.right.len();
        // Four at a time, so that what is before them is read and written once for all.
        while end >= 4 {
            let j = end - 4;
            let (before, x) = self.right.split_at_mut(j);
            for k in (0..4).rev() {
                x[k] /= row(j + k)[j + k];
                for l in 0..k {
                    x[l] -= x[k] * row(j + k)[j + l];
                }
            }
            let [x0, x1, x2, x3] = [x[0], x[1], x[2], x[3]];
            let (a, b) = (&row(j)[..j], &row(j + 1)[..j]);
            let (c, d) = (&row(j + 2)[..j], &row(j + 3)[..j]);
            for i in 0..j {
                before[i] -= (x0 * a[i] + x1 * b[i]) + (x2 * c[i] + x3 * d[i]);
            }
            end = j;
        }
        for j in (0..end).rev() {
            let (before, rest) = self.right.split_at_mut(j);
            rest[0] /= row(j)[j];
            for (b, l) in before.iter_mut().zip(row(j)) {
                *b -= rest[0] * l;
            }
        }
    }
}

/// Solves L′ x = b.
pub(super) fn backward(rows: &[f64], stride: usize, right: &mut [f64]) {
    Arch::new().dispatch(Backward { rows, stride, right });
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
            let squares: f64 = a.iter().map(|a| a * a).sum();
            for count in [1, 2, 5] {
                let columns = vec![a.as_slice(); count];
                let mut sums = vec![[[1.0; WIDE]; SIDE]; count.div_ceil(SIDE)];
                products(&columns, &pack(&[&b, &a, &b]), &mut sums);
                for sum in sums.as_flattened().iter().take(count) {
                    let off = [sum[0] - plain, sum[1] - squares, sum[2] - plain, sum[3]];
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
