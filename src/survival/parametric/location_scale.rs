//! Log-linear models: ln T = η + σ·ε, with a law for ε (R's `survreg`).

/// The law of ε.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Error {
    /// The smallest extreme value: T is Weibull (exponential for σ = 1).
    Extreme,
    Normal,
    Logistic,
}

impl Error {
    /// −ln P(ε > z), with its derivatives: the cumulative hazard.
    pub(super) fn cumulative(self, z: f64) -> [f64; 3] {
        match self {
            Self::Extreme => [z.exp(); 3],
            Self::Logistic => {
                let p = 1.0 / (1.0 + (-z).exp());
                [softplus(z), p, p * (1.0 - p)]
            }
            Self::Normal => {
                let m = mills(z);
                [-ln_upper(z), m, m * (m - z)]
            }
        }
    }

    /// The logarithm of the hazard of ε, with its derivatives.
    pub(super) fn ln_hazard(self, z: f64) -> [f64; 3] {
        match self {
            Self::Extreme => [z, 1.0, 0.0],
            Self::Logistic => {
                let p = 1.0 / (1.0 + (-z).exp());
                [-softplus(-z), 1.0 - p, -p * (1.0 - p)]
            }
            Self::Normal => {
                let m = mills(z);
                [m.ln(), m - z, m * (m - z) - 1.0]
            }
        }
    }
}

/// ln(1 + e^z).
fn softplus(z: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

/// Beyond this the continued fraction of the tail has converged to the last digit; within it the
/// series loses none.
const TAIL: f64 = 2.0;

/// The normal density.
fn density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// Φ(z) − ½ = φ(z)·(z + z³/3 + z⁵/15 + …), for a small z.
fn middle(z: f64) -> f64 {
    let (mut term, mut sum, mut k) = (z, z, 1.0);
    while term.abs() > 1e-18 {
        k += 2.0;
        term *= z * z / k;
        sum += term;
    }
    density(z) * sum
}

/// The normal hazard φ(z)/Φ(−z).
fn mills(z: f64) -> f64 {
    if z > TAIL {
        return tail(z);
    }
    let upper = if z < -TAIL { 1.0 - density(z) / tail(-z) } else { 0.5 - middle(z) };
    density(z) / upper
}

/// ln Φ(−z).
fn ln_upper(z: f64) -> f64 {
    if z > TAIL {
        return -0.5 * z * z - 0.5 * (2.0 * std::f64::consts::PI).ln() - tail(z).ln();
    }
    if z < -TAIL {
        return (-density(z) / tail(-z)).ln_1p();
    }
    (0.5 - middle(z)).ln()
}

/// φ(z)/Φ(−z) for a large z: z + 1/(z + 2/(z + 3/(z + …))) (Laplace).
fn tail(z: f64) -> f64 {
    let mut fraction = z;
    for k in (1..=80).rev() {
        fraction = z + f64::from(k) / fraction;
    }
    fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_slopes() {
        let h = 1e-5;
        for law in [Error::Extreme, Error::Normal, Error::Logistic] {
            for z in [-8.0, -3.0, -1.0, -0.2, 0.0, 0.7, 1.99, 2.01, 5.0, 12.0] {
                for f in [Error::cumulative, Error::ln_hazard] {
                    let (up, at, down) = (f(law, z + h), f(law, z), f(law, z - h));
                    let scale = at[0].abs().max(1.0);
                    for k in 0..2 {
                        let slope = (up[k] - down[k]) / (2.0 * h);
                        assert!((slope - at[k + 1]).abs() < 1e-6 * scale, "{law:?} {z} {k}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_normal_tail_is_right_to_the_last_digits() {
        // R: pnorm(z, lower = FALSE, log = TRUE).
        for (z, expected) in [
            (-9.0, -1.128_588_405_953_840_8e-19),
            (-4.0, -3.167_174_337_748_927e-5),
            (-2.0, -0.023_012_909_328_963_493),
            (-0.5, -0.368_946_415_288_656_5),
            (0.0, -std::f64::consts::LN_2),
            (1.0, -1.841_021_645_009_263_6),
            (2.0, -3.783_184_333_682_031_7),
            (3.0, -6.607_726_221_510_349),
            (5.0, -15.064_998_393_988_725),
            (6.5, -23.938_149_495_161_838),
            (30.0, -454.321_243_956_343_2),
        ] {
            let ours = ln_upper(z);
            assert!((ours / expected - 1.0).abs() < 1e-14, "{z} {ours:e}");
        }
    }
}
