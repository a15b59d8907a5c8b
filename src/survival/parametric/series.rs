//! Functions that meet 0/0: exact by series where the formula cancels.

/// Below this the formulas lose digits, and the series converge in a few terms.
const SMALL: f64 = 1.0;
const TERMS: usize = 20;

/// 1/(k + shift)! for k = 0, 1, ….
const fn coefficients(shift: usize) -> [f64; TERMS] {
    let mut out = [0.0; TERMS];
    let (mut factorial, mut k) = (1.0, 0);
    while k < TERMS + shift {
        if k >= shift {
            out[k - shift] = 1.0 / factorial;
        }
        k += 1;
        factorial *= k as f64;
    }
    out
}

const ONE: [f64; TERMS] = coefficients(1);
const TWO: [f64; TERMS] = coefficients(2);

/// (e^y − 1)/y with its first and second derivative: Σ y^k/(k + 1)!.
pub(super) fn one(y: f64) -> [f64; 3] {
    if y.abs() < SMALL {
        return sum(y, &ONE);
    }
    let e = y.exp();
    [
        (e - 1.0) / y,
        (e * (y - 1.0) + 1.0) / (y * y),
        (e * (y * y - 2.0 * y + 2.0) - 2.0) / (y * y * y),
    ]
}

/// (e^y − 1 − y)/y² with its first and second derivative: Σ y^k/(k + 2)!.
pub(super) fn two(y: f64) -> [f64; 3] {
    if y.abs() < SMALL {
        return sum(y, &TWO);
    }
    let (e, square) = (y.exp(), y * y);
    [
        (e - 1.0 - y) / square,
        (e * (y - 2.0) + y + 2.0) / (square * y),
        (e * (square - 4.0 * y + 6.0) - 2.0 * y - 6.0) / (square * square),
    ]
}

/// A power series and its derivatives, by Horner's rule.
fn sum(y: f64, coefficients: &[f64; TERMS]) -> [f64; 3] {
    let (mut v, mut d, mut dd) = (0.0, 0.0, 0.0);
    for c in coefficients.iter().rev() {
        dd = dd * y + 2.0 * d;
        d = d * y + v;
        v = v * y + c;
    }
    [v, d, dd]
}

/// ln Γ(a) less Stirling's formula (a − ½) ln a − a + ½ ln 2π for a = 1/Q², with its first and
/// second derivative by Q: Q²/12 − Q⁶/360 + ….
pub(super) fn stirling(q: f64) -> [f64; 3] {
    // B₂ₖ/(2k(2k − 1)), the coefficients of a^(1 − 2k) (Abramowitz & Stegun 6.1.41).
    const COEFFICIENTS: [f64; 8] = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
        1.0 / 156.0,
        -3617.0 / 122_400.0,
    ];
    let by_a = |a: f64| -> [f64; 3] {
        let mut r = [0.0; 3];
        for (k, c) in COEFFICIENTS.iter().enumerate() {
            let power = -(2.0 * k as f64 + 1.0);
            let term = c * a.powf(power);
            r[0] += term;
            r[1] += power * term / a;
            r[2] += power * (power - 1.0) * term / (a * a);
        }
        r
    };
    if q.abs() < 0.25 {
        // In powers of Q itself, through 0.
        let (mut v, mut d, mut dd) = (0.0, 0.0, 0.0);
        for (k, c) in COEFFICIENTS.iter().enumerate() {
            let power = 4 * k as i32 + 2;
            v += c * q.powi(power);
            d += c * f64::from(power) * q.powi(power - 1);
            dd += c * f64::from(power * (power - 1)) * q.powi(power - 2);
        }
        return [v, d, dd];
    }
    // Γ(a) = Γ(a + 1)/a until the series holds.
    let a = 1.0 / (q * q);
    let formula = |a: f64| [(a - 0.5) * a.ln() - a, a.ln() - 0.5 / a, 1.0 / a + 0.5 / (a * a)];
    let (mut r, mut b) = ([0.0; 3], a);
    while b < 16.0 {
        r[0] -= b.ln();
        r[1] -= 1.0 / b;
        r[2] += 1.0 / (b * b);
        b += 1.0;
    }
    let (end, start, rest) = (formula(b), formula(a), by_a(b));
    for k in 0..3 {
        r[k] += end[k] - start[k] + rest[k];
    }
    // a' = −2/Q³, a'' = 6/Q⁴.
    let (a1, a2) = (-2.0 / q.powi(3), 6.0 / q.powi(4));
    [r[0], r[1] * a1, r[2] * a1 * a1 + r[1] * a2]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slopes_hold(f: impl Fn(f64) -> [f64; 3], y: f64, within: f64) {
        let h = 1e-5;
        let (up, at, down) = (f(y + h), f(y), f(y - h));
        for k in 0..2 {
            let slope = (up[k] - down[k]) / (2.0 * h);
            let off = (slope - at[k + 1]).abs() / at[k + 1].abs().max(1.0);
            assert!(off < within, "{y} {k} {slope} {}", at[k + 1]);
        }
    }

    #[test]
    fn series_and_formulas_meet() {
        for y in [-30.0, -5.0, -1.0001, -0.9999, -0.3, 0.0, 1e-9, 0.4, 0.9999, 1.0001, 6.0] {
            slopes_hold(one, y, 1e-7);
            slopes_hold(two, y, 1e-7);
        }
        for (a, e) in one(0.0).into_iter().zip([1.0, 0.5, 1.0 / 3.0]) {
            assert!((a - e).abs() < 1e-15);
        }
        for (a, e) in two(0.0).into_iter().zip([0.5, 1.0 / 6.0, 1.0 / 12.0]) {
            assert!((a - e).abs() < 1e-15);
        }
        for (f, at) in [(one as fn(f64) -> [f64; 3], 1.0), (two, 1.0), (one, -1.0), (two, -1.0)] {
            let (below, above) = (f(at - 1e-12), f(at + 1e-12));
            for k in 0..3 {
                assert!((below[k] - above[k]).abs() < 1e-11);
            }
        }
    }

    #[test]
    fn stirling_is_what_is_left_of_the_gamma_function() {
        for q in [0.02f64, 0.2, 0.2499, 0.2501, 0.5, 1.0, 1.7, 3.0] {
            let a = 1.0 / (q * q);
            let formula = (a - 0.5) * a.ln() - a + 0.5 * (2.0 * std::f64::consts::PI).ln();
            let left = statrs::function::gamma::ln_gamma(a) - formula;
            assert!((stirling(q)[0] - left).abs() < 1e-13 * a.max(1.0), "{q}");
            assert!((stirling(-q)[0] - stirling(q)[0]).abs() < 1e-16);
            slopes_hold(stirling, q, 1e-6);
        }
        assert_eq!(stirling(0.0), [0.0, 0.0, 1.0 / 6.0]);
        let (below, above) = (stirling(0.25 - 1e-12), stirling(0.25 + 1e-12));
        for k in 0..3 {
            assert!((below[k] - above[k]).abs() < 1e-10, "{k} {below:?} {above:?}");
        }
    }
}
