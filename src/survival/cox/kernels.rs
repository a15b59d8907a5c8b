//! The inner loops over covariates, compiled for the vector registers of the machine at hand.
//!
//! Rows have a width that is a multiple of [`LANES`], filled up with zeros. Every sum runs over rows
//! in their order, column by column, and a product is rounded before it is added, but for those of
//! [`add_gram`], which all are added unrounded (one rounding in all, which a machine without such an
//! instruction does in software). So the numbers are the same whatever registers the machine has.
//! `pulp` picks the registers at run time.

use pulp::{Arch, Simd, WithSimd};

/// Numbers that are handled together.
pub(crate) const LANES: usize = 4;

/// Work whose loops shall use the machine's widest registers. `run` must be `#[inline(always)]`.
pub(crate) trait Wide {
    /// What comes out.
    type Output;
    fn run(self) -> Self::Output;
}

struct Dispatch<W>(W);

impl<W: Wide> WithSimd for Dispatch<W> {
    type Output = W::Output;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> W::Output {
        self.0.run()
    }
}

/// Runs `work` with the machine's widest registers.
pub(crate) fn wide<W: Wide>(work: W) -> W::Output {
    Arch::new().dispatch(Dispatch(work))
}

/// A width that can hold `p` columns.
pub(crate) fn width(p: usize) -> usize {
    p.next_multiple_of(LANES)
}

#[inline(always)]
fn lanes(row: &[f64]) -> &[[f64; LANES]] {
    row.as_chunks().0
}

#[inline(always)]
fn lanes_mut(row: &mut [f64]) -> &mut [[f64; LANES]] {
    row.as_chunks_mut().0
}

/// Reads the beginning of every page: the machine, which by itself does not look beyond the page at
/// hand, then fetches all of them together.
#[inline(always)]
pub(crate) fn touch(values: &[f64]) {
    const PAGE: usize = 512;
    let seen = values.iter().step_by(PAGE).fold(0, |seen, v| seen | v.to_bits());
    std::hint::black_box(seen);
}

/// `sum += r · x`.
#[inline(always)]
pub(crate) fn add_row(sum: &mut [f64], x: &[f64], r: f64) {
    for (s, x) in lanes_mut(sum).iter_mut().zip(lanes(x)) {
        for l in 0..LANES {
            s[l] += r * x[l];
        }
    }
}

/// `to = r · x`.
#[inline(always)]
pub(crate) fn set_row(to: &mut [f64], x: &[f64], r: f64) {
    for (t, x) in lanes_mut(to).iter_mut().zip(lanes(x)) {
        for l in 0..LANES {
            t[l] = r * x[l];
        }
    }
}

/// `sum += Σ r x` over rows.
#[inline(always)]
pub(crate) fn add_rows(sum: &mut [f64], rows: &[f64], r: &[f64]) {
    let width = sum.len();
    let (head, tail) = r.as_chunks::<4>();
    let mut quads = rows.chunks_exact(4 * width);
    for (x, r) in quads.by_ref().zip(head) {
        let (a, rest) = x.split_at(width);
        let (b, rest) = rest.split_at(width);
        let (c, d) = rest.split_at(width);
        let sums = lanes_mut(sum).iter_mut();
        for ((((s, a), b), c), d) in sums.zip(lanes(a)).zip(lanes(b)).zip(lanes(c)).zip(lanes(d)) {
            for l in 0..LANES {
                s[l] += (r[0] * a[l] + r[1] * b[l]) + (r[2] * c[l] + r[3] * d[l]);
            }
        }
    }
    for (x, r) in rows[4 * head.len() * width..].chunks_exact(width).zip(tail) {
        add_row(sum, x, *r);
    }
}

/// `out += x'β` for each row.
#[inline(always)]
pub(crate) fn add_products(out: &mut [f64], rows: &[f64], beta: &[f64]) {
    for (out, x) in out.iter_mut().zip(rows.chunks_exact(beta.len())) {
        let mut sum = [0.0; LANES];
        for (x, b) in lanes(x).iter().zip(lanes(beta)) {
            for l in 0..LANES {
                sum[l] += x[l] * b[l];
            }
        }
        *out += (sum[0] + sum[2]) + (sum[1] + sum[3]);
    }
}

/// Adds A'B to the upper triangle of `sum` (width × width, row after row); what lands below the
/// diagonal means nothing. Both hold rows of the same width.
pub(crate) fn add_gram(a: &[f64], b: &[f64], width: usize, sum: &mut [f64]) {
    Arch::new().dispatch(Gram { a, b, width, sum });
}

/// Adds Σ d x x′ over rows to the upper triangle of `sum`; `block` is room for some of the rows d·x.
#[inline(always)]
pub(crate) fn add_weighted_gram(
    rows: &[f64],
    d: &[f64],
    width: usize,
    block: &mut [f64],
    sum: &mut [f64],
) {
    let size = block.len();
    for (x, d) in rows.chunks(size).zip(d.chunks(size / width)) {
        for ((x, to), d) in x.chunks_exact(width).zip(block.chunks_exact_mut(width)).zip(d) {
            set_row(to, x, *d);
        }
        add_gram(&block[..x.len()], x, width, sum);
    }
}

struct Gram<'g> {
    a: &'g [f64],
    b: &'g [f64],
    width: usize,
    sum: &'g mut [f64],
}

impl WithSimd for Gram<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let vectors = self.width / S::F64_LANES;
        for i in (0..self.width).step_by(LANES) {
            let mut v = i / S::F64_LANES;
            while v < vectors {
                match vectors - v {
                    1 => self.tile::<S, 1>(simd, i, v),
                    2 | 4 => self.tile::<S, 2>(simd, i, v),
                    _ => self.tile::<S, 3>(simd, i, v),
                }
                v += match vectors - v {
                    1 => 1,
                    2 | 4 => 2,
                    _ => 3,
                };
            }
        }
    }
}

impl Gram<'_> {
    /// Four columns of A by `W` registers of columns of B: the sums stay in registers, which a
    /// compiler left to itself does not manage.
    #[inline(always)]
    fn tile<S: Simd, const W: usize>(&mut self, simd: S, i: usize, v: usize) {
        let mut sums = [[simd.splat_f64s(0.0); W]; LANES];
        let rows = self.a.chunks_exact(self.width).zip(self.b.chunks_exact(self.width));
        for (a, b) in rows {
            let a = &a[i..i + LANES];
            let b = &S::as_simd_f64s(b).0[v..v + W];
            for u in 0..LANES {
                let left = simd.splat_f64s(a[u]);
                for w in 0..W {
                    sums[u][w] = simd.mul_add_f64s(left, b[w], sums[u][w]);
                }
            }
        }
        for (u, sums) in sums.iter().enumerate() {
            let row = &mut self.sum[(i + u) * self.width..(i + u + 1) * self.width];
            let row = &mut S::as_mut_simd_f64s(row).0[v..v + W];
            for w in 0..W {
                row[w] = simd.add_f64s(row[w], sums[w]);
            }
        }
    }
}

/// e to each of the numbers, which must lie within ±700: range reduction and a series, right to
/// about one unit in the last place, and the same on all machines.
#[inline(always)]
pub(crate) fn exp_in_place(values: &mut [f64]) {
    /// Adding this leaves the nearest whole number in the lowest bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    /// ln 2 in two parts; products of the first with whole numbers below 2^20 are exact.
    const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    for v in values {
        let shifted = *v * std::f64::consts::LOG2_E + ROUND;
        let k = shifted - ROUND;
        let r = (*v - k * LN2_HIGH) - k * LN2_LOW;
        let mut series = 1.0 / 6_227_020_800.0;
        for n in [
            479_001_600.0,
            39_916_800.0,
            3_628_800.0,
            362_880.0,
            40_320.0,
            5_040.0,
            720.0,
            120.0,
            24.0,
            6.0,
            2.0,
        ] {
            series = series * r + 1.0 / n;
        }
        let small = 1.0 + (r + r * r * series);
        let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0f64.to_bits()));
        *v = small * power;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Exp<'a>(&'a mut [f64]);
    impl Wide for Exp<'_> {
        type Output = ();
        #[inline(always)]
        fn run(self) {
            exp_in_place(self.0);
        }
    }

    #[test]
    fn exp_is_right_to_the_last_place_and_the_same_in_all_registers() {
        let values: Vec<f64> = (-60_000..=60_000).map(|k| k as f64 * 0.01 + 1e-3).collect();
        let (mut ours, mut plain) = (values.clone(), values.clone());
        wide(Exp(&mut ours));
        Exp(&mut plain).run();
        assert_eq!(ours, plain);
        for (v, e) in values.iter().zip(&ours) {
            assert!((e / v.exp() - 1.0).abs() < 4.5e-16, "{v} {e}");
        }
        let mut zero = [0.0];
        wide(Exp(&mut zero));
        assert_eq!(zero, [1.0]);
    }

    #[test]
    fn gram_is_the_sum_of_products() {
        for width in [4, 8, 12, 16, 20, 28] {
            let a: Vec<f64> = (0..10 * width).map(|k| (k * 7 % 11) as f64 / 7.0 - 4.5).collect();
            let b: Vec<f64> = (0..10 * width).map(|k| (k * 5 % 13) as f64 / 3.0 - 6.5).collect();
            let mut sum = vec![1.0; width * width];
            add_gram(&a, &b, width, &mut sum);
            for i in 0..width {
                for j in i..width {
                    let fused =
                        |sum: f64, k: usize| a[k * width + i].mul_add(b[k * width + j], sum);
                    assert_eq!(sum[i * width + j], 1.0 + (0..10).fold(0.0, fused));
                }
            }
        }
    }

    #[test]
    fn rows_and_products() {
        let (width, n) = (8, 7);
        let rows: Vec<f64> = (0..n * width).map(|k| (k * 7 % 11) as f64 - 4.5).collect();
        let r: Vec<f64> = (0..n).map(|k| k as f64 - 2.0).collect();
        let mut sum = vec![1.0; width];
        add_rows(&mut sum, &rows, &r);
        let mut out = vec![0.5; n];
        add_products(&mut out, &rows, &rows[..width]);
        for j in 0..width {
            let direct: f64 = (0..n).map(|k| r[k] * rows[k * width + j]).sum();
            assert_eq!(sum[j], 1.0 + direct);
        }
        for k in 0..n {
            let direct: f64 = (0..width).map(|j| rows[j] * rows[k * width + j]).sum();
            assert_eq!(out[k], 0.5 + direct);
        }
    }
}
