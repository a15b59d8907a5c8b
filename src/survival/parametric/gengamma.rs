//! The generalised gamma distribution in Prentice's form (1974; `flexsurv::dgengamma`).
//!
//! With w = (ln t − μ)/σ, the density of w is exp(g), g(w, Q) = −½ ln 2π − s(Q) − (e^{Qw} − 1 − Qw)/Q²,
//! where s is what is left of ln Γ(1/Q²) after Stirling's formula. In this form nothing happens at
//! Q = 0, where the law is log-normal; Q = 1 is Weibull, Q = σ gamma. The survival is an integral of
//! exp(g), and so are its derivatives by Q: a log-concave integrand, taken by Gauss–Legendre
//! quadrature to the last digits.

use super::series::{one, stirling, two};

/// A density smaller than this power of e does not count.
const NEGLIGIBLE: f64 = 40.0;

/// g with its derivatives: by w, Q, ww, wQ, QQ.
pub(super) fn ln_density(w: f64, q: f64) -> [f64; 6] {
    let (a, b, s) = (one(q * w), two(q * w), stirling(q));
    [
        -0.5 * (2.0 * std::f64::consts::PI).ln() - s[0] - w * w * b[0],
        -w * a[0],
        -s[1] - w * w * w * b[1],
        -(q * w).exp(),
        -w * w * a[1],
        -s[2] - w * w * w * w * b[2],
    ]
}

/// ln P(W > w) with its derivatives: by w, Q, ww, wQ, QQ.
pub(super) fn ln_survival(w: f64, q: f64) -> [f64; 6] {
    let g = ln_density(w, q);
    let density = g[0].exp();
    // The survival, and its derivatives by Q, relative to `unit`.
    let (ln, s, sq, sqq, unit) = if w >= 0.0 {
        let t = tail(w, q);
        (g[0] + t[0].ln(), t[0], t[1], t[2], density)
    } else {
        // P(W ≤ w) for Q is P(W ≥ −w) for −Q.
        let t = tail(-w, -q).map(|v| v * density);
        ((-t[0]).ln_1p(), 1.0 - t[0], t[1], -t[2], 1.0)
    };
    // f/S, and (∂S/∂Q)/S.
    let (h, b) = (density / unit / s, sq / s);
    [ln, -h, b, -h * (g[1] + h), -h * (g[2] - b), sqq / s - b * b]
}

/// ∫ₛ e^g over (w, ∞) for w ≥ 0, and its first and second derivative by Q, each over e^{g(w)}.
fn tail(w: f64, q: f64) -> [f64; 3] {
    let rate = stirling(q);
    let at = two(q * w);
    let start = w * w * at[0];
    // How far the exponent has fallen at w + s.
    let fall = |s: f64| {
        let v = w + s;
        let b = two(q * v);
        (v * v * b[0] - start, -rate[1] - v * v * v * b[1], -rate[2] - v.powi(4) * b[2])
    };
    let mut far = 1.0 / (w * one(q * w)[0]).max(1.0);
    while fall(far).0 < NEGLIGIBLE && far < 1e6 {
        far *= 2.0;
    }
    let mut near = 0.5 * far;
    for _ in 0..6 {
        let middle = 0.5 * (near + far);
        if fall(middle).0 < NEGLIGIBLE { near = middle } else { far = middle }
    }
    // Panels that shrink towards w, where the exponent bends on the scale 1/|Q|.
    let mut end = far;
    let mut sum = [0.0; 3];
    loop {
        let last = end * q.abs() <= 8.0 && end <= 8.0;
        let begin = if last { 0.0 } else { end / 4.0 };
        panel(begin, end, |s, weight| {
            let (down, by_q, by_qq) = fall(s);
            let f = weight * (-down).exp();
            sum[0] += f;
            sum[1] += f * by_q;
            sum[2] += f * (by_qq + by_q * by_q);
        });
        if last {
            return sum;
        }
        end = begin;
    }
}

/// Nodes and weights of 32-point Gauss–Legendre quadrature on (−1, 1), the positive half
/// (the roots of the Legendre polynomial).
const NODES: [(f64, f64); 16] = [
    (0.048_307_665_687_738_32, 0.096_540_088_514_727_8),
    (0.144_471_961_582_796_5, 0.095_638_720_079_274_86),
    (0.239_287_362_252_137_06, 0.093_844_399_080_804_57),
    (0.331_868_602_282_127_67, 0.091_173_878_695_763_89),
    (0.421_351_276_130_635_33, 0.087_652_093_004_403_81),
    (0.506_899_908_932_229_4, 0.083_311_924_226_946_75),
    (0.587_715_757_240_762_3, 0.078_193_895_787_070_31),
    (0.663_044_266_930_215_2, 0.072_345_794_108_848_5),
    (0.732_182_118_740_289_7, 0.065_822_222_776_361_85),
    (0.794_483_795_967_942_4, 0.058_684_093_478_535_544),
    (0.849_367_613_732_57, 0.050_998_059_262_376_175),
    (0.896_321_155_766_052_1, 0.042_835_898_022_226_68),
    (0.934_906_075_937_739_7, 0.034_273_862_913_021_43),
    (0.964_762_255_587_506_4, 0.025_392_065_309_262_06),
    (0.985_611_511_545_268_4, 0.016_274_394_730_905_67),
    (0.997_263_861_849_481_6, 0.007_018_610_009_470_096),
];

fn panel(begin: f64, end: f64, mut visit: impl FnMut(f64, f64)) {
    let (middle, half) = (0.5 * (begin + end), 0.5 * (end - begin));
    for (x, weight) in NODES {
        visit(middle - half * x, half * weight);
        visit(middle + half * x, half * weight);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::function::gamma::{gamma_lr, gamma_ur};

    #[test]
    fn the_survival_is_the_incomplete_gamma_function() {
        for q in [-3.0f64, -1.0, -0.4, -0.15, 0.15, 0.3, 0.7, 1.0, 1.6, 4.0] {
            for w in [-6.0, -2.5, -1.0, -0.1, 0.0, 0.3, 1.0, 2.0, 3.0] {
                let a = 1.0 / (q * q);
                let x = a * (q * w).exp();
                let s = if q > 0.0 { gamma_ur(a, x) } else { gamma_lr(a, x) };
                let ours = ln_survival(w, q)[0].exp();
                assert!((ours - s).abs() < 1e-11 * s.max(1e-3), "{q} {w}: {ours} {s}");
            }
        }
        // Q = 1 is Weibull: S = exp(−e^w).
        for w in [-20.0f64, -3.0, 0.0, 1.0, 3.0, 5.0] {
            let ours = ln_survival(w, 1.0)[0];
            assert!((ours / -w.exp() - 1.0).abs() < 1e-12, "{w} {ours}");
        }
        // Q = 0 is normal.
        for (w, expected) in [(0.0, -std::f64::consts::LN_2), (6.5, -23.938_149_495_161_838)] {
            assert!((ln_survival(w, 0.0)[0] / expected - 1.0).abs() < 1e-12);
            assert!((ln_survival(w, 1e-9)[0] / expected - 1.0).abs() < 1e-7);
        }
    }

    /// Where Q is large the law is a power of t that ends in a cliff (or begins with one, for Q < 0).
    #[test]
    fn large_shapes_are_the_incomplete_gamma_function_too() {
        for q in [-20.0f64, -12.0, -8.0, 6.0, 10.0, 20.0] {
            let a = 1.0 / (q * q);
            // The whole range in which either side is not negligible.
            for power in [-300.0, -40.0, -8.0, -1.0, -0.1, 0.0, 0.5, 2.0, 3.0] {
                let w = power / q;
                let x = a * (q * w).exp();
                let (upper, lower) = (gamma_ur(a, x), gamma_lr(a, x));
                let (s, f) = if q > 0.0 { (upper, lower) } else { (lower, upper) };
                let ours = ln_survival(w, q)[0];
                assert!((ours.exp() - s).abs() < 1e-10, "{q} {w}: {} {s}", ours.exp());
                assert!((-ours.exp_m1() - f).abs() < 1e-10, "{q} {w}");
            }
        }
    }

    #[test]
    fn derivatives_are_slopes() {
        let h = 1e-5;
        for q in [-2.0, -0.6, -1e-6, 0.0, 0.1, 0.24, 0.26, 0.9, 2.2] {
            for w in [-7.0, -1.2, -1e-9, 0.0, 0.4, 2.0, 3.5] {
                for f in [ln_density as fn(f64, f64) -> [f64; 6], ln_survival] {
                    let at = f(w, q);
                    let by_w = |k: usize| (f(w + h, q)[k] - f(w - h, q)[k]) / (2.0 * h);
                    let by_q = |k: usize| (f(w, q + h)[k] - f(w, q - h)[k]) / (2.0 * h);
                    let pairs = [
                        (by_w(0), at[1]),
                        (by_q(0), at[2]),
                        (by_w(1), at[3]),
                        (by_q(1), at[4]),
                        (by_w(2), at[4]),
                        (by_q(2), at[5]),
                    ];
                    for (k, (slope, value)) in pairs.into_iter().enumerate() {
                        let off = (slope - value).abs() / value.abs().max(1.0);
                        assert!(off < 3e-7, "{q} {w} {k}: {slope} {value}");
                    }
                }
            }
        }
    }
}
