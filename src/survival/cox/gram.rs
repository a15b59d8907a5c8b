//! Products of tall, narrow column tiles with themselves, written so that the compiler keeps
//! the partial sums in vector registers.

/// Rows in a tile.
pub(crate) const TILE: usize = 128;

/// Independent partial sums per dot product: enough to fill vector registers of two to eight
/// numbers, and fixed, so that results do not depend on the machine's width.
const LANES: usize = 4;

/// Adds `sign · C'C` to the upper triangle of `sum` (p × p, row after row), where column j of C is
/// `columns[j * TILE..][..rows]`. Rows up to the next multiple of [`LANES`] must be zero.
pub(crate) fn add_gram(columns: &[f64], p: usize, rows: usize, sign: f64, sum: &mut [f64]) {
    let rows = rows.next_multiple_of(LANES);
    let column = |j: usize| &columns[j * TILE..j * TILE + rows];
    let mut i = 0;
    while i < p {
        let wide_i = (p - i).min(2);
        let mut j = i;
        while j < p {
            let wide_j = (p - j).min(2);
            if wide_i == 2 && wide_j == 2 {
                let d = dot_2x2(column(i), column(i + 1), column(j), column(j + 1));
                sum[i * p + j] += sign * d[0];
                sum[i * p + j + 1] += sign * d[1];
                sum[(i + 1) * p + j] += sign * d[2];
                sum[(i + 1) * p + j + 1] += sign * d[3];
            } else {
                for a in i..i + wide_i {
                    for b in j..j + wide_j {
                        sum[a * p + b] += sign * dot(column(a), column(b));
                    }
                }
            }
            j += 2;
        }
        i += 2;
    }
}

/// A dot product with fixed partial sums.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sum = [0.0; LANES];
    let (a_head, a_tail) = a.as_chunks::<LANES>();
    let (b_head, b_tail) = b.as_chunks::<LANES>();
    for (x, y) in a_head.iter().zip(b_head) {
        for l in 0..LANES {
            sum[l] += x[l] * y[l];
        }
    }
    let tail: f64 = a_tail.iter().zip(b_tail).map(|(x, y)| x * y).sum();
    (sum[0] + sum[2]) + (sum[1] + sum[3]) + tail
}

fn dot_2x2(a: &[f64], b: &[f64], c: &[f64], d: &[f64]) -> [f64; 4] {
    let (mut ac, mut ad, mut bc, mut bd) = ([0.0; LANES], [0.0; LANES], [0.0; LANES], [0.0; LANES]);
    let (a, b) = (a.as_chunks::<LANES>().0, b.as_chunks::<LANES>().0);
    let (c, d) = (c.as_chunks::<LANES>().0, d.as_chunks::<LANES>().0);
    for (((a, b), c), d) in a.iter().zip(b).zip(c).zip(d) {
        for l in 0..LANES {
            ac[l] += a[l] * c[l];
            ad[l] += a[l] * d[l];
            bc[l] += b[l] * c[l];
            bd[l] += b[l] * d[l];
        }
    }
    [ac, ad, bc, bd].map(|s| (s[0] + s[2]) + (s[1] + s[3]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gram_is_the_sum_of_products() {
        for p in 1..6 {
            let mut columns = vec![0.0; p * TILE];
            for j in 0..p {
                for k in 0..10 {
                    columns[j * TILE + k] = (j * 7 + k * 3 % 11) as f64 - 4.5;
                }
            }
            let mut sum = vec![0.0; p * p];
            add_gram(&columns, p, 10, -2.0, &mut sum);
            for i in 0..p {
                for j in i..p {
                    let direct: f64 =
                        (0..10).map(|k| columns[i * TILE + k] * columns[j * TILE + k]).sum();
                    assert!((sum[i * p + j] + 2.0 * direct).abs() < 1e-10);
                }
            }
        }
    }
}
