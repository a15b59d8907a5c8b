//! Random draws.

use rand::RngExt;
use rand_chacha::ChaCha12Rng;
use rand_distr::{Distribution, Gamma, StandardNormal};

use super::scenario::Frailty;

/// True with probability `p`.
pub(super) fn chance(rng: &mut ChaCha12Rng, p: f64) -> bool {
    rng.random::<f64>() < p
}

/// Uniform on [low, high).
pub(super) fn between(rng: &mut ChaCha12Rng, low: f64, high: f64) -> f64 {
    low + (high - low) * rng.random::<f64>()
}

/// A whole number of low..=high.
pub(super) fn whole(rng: &mut ChaCha12Rng, low: i32, high: i32) -> i32 {
    rng.random_range(low..=high.max(low))
}

/// A normal draw.
pub(super) fn normal(rng: &mut ChaCha12Rng, mean: f64, sd: f64) -> f64 {
    let z: f64 = StandardNormal.sample(rng);
    mean + sd * z
}

/// A score on a 0–10 scale with one decimal.
pub(super) fn score(value: f64) -> f64 {
    (value.clamp(0.0, 10.0) * 10.0).round() / 10.0
}

/// One of `items`, by weight; the last one where rounding leaves a rest.
pub(super) fn weighted<T: Copy>(rng: &mut ChaCha12Rng, first: T, items: &[(f64, T)]) -> T {
    let mut u = rng.random::<f64>() * items.iter().map(|i| i.0).sum::<f64>();
    let mut chosen = first;
    for &(w, item) in items {
        chosen = item;
        if u < w {
            break;
        }
        u -= w;
    }
    chosen
}

/// A multiplier of a family, with mean 1.
pub(super) fn frailty(rng: &mut ChaCha12Rng, distribution: Frailty) -> f64 {
    match distribution {
        Frailty::Gamma(variance) if variance > 0.0 => {
            Gamma::new(1.0 / variance, variance).map_or(1.0, |g| g.sample(rng))
        }
        Frailty::Gamma(_) => 1.0,
        Frailty::Lognormal(sd) => lognormal(rng, sd),
    }
}

/// A lognormal draw with mean 1.
pub(super) fn lognormal(rng: &mut ChaCha12Rng, sd: f64) -> f64 {
    normal(rng, -0.5 * sd * sd, sd).exp()
}
