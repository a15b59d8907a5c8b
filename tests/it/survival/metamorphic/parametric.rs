//! The parametric models.

use pleegzorg::survival::{Distribution, Parametric, ParametricFit};
use rand::RngExt;
use rand_chacha::ChaCha12Rng;

use super::{Parts, cases, same};

const WITHIN: f64 = 1e-6;

/// A sample without strata, and a distribution whose pieces do not hang on the rows.
fn question(rng: &mut ChaCha12Rng) -> (Parts, Distribution) {
    let mut parts = Parts::random(rng);
    parts.strata = None;
    let distribution = match rng.random_range(0..200) {
        // Its series take many times as long as the others.
        0 => Distribution::Gengamma,
        1..30 => Distribution::Exponential,
        30..59 => Distribution::Weibull,
        59..88 => Distribution::Lognormal,
        88..116 => Distribution::Loglogistic,
        116..144 => Distribution::Gompertz,
        144..172 => {
            let mut exit = parts.exit.clone();
            exit.sort_by(f64::total_cmp);
            Distribution::PiecewiseExponential { cuts: vec![exit[exit.len() / 2]] }
        }
        _ => Distribution::RoystonParmar { df: 1 },
    };
    (parts, distribution)
}

fn fit(d: &Distribution, parts: &Parts, cause: u32) -> Result<ParametricFit, String> {
    let fit = Parametric::new(d.clone()).fit(&parts.sample(), cause);
    let fit = fit.map_err(|e| format!("{d:?}: {e}"))?;
    let sound = fit.converged && fit.estimated.iter().all(|&e| e);
    if sound { Ok(fit) } else { Err(format!("{d:?}: {:?}", fit.warnings)) }
}

/// A fit to compare with: one that stands on more than the edge of a knife.
fn first(d: &Distribution, parts: &Parts) -> Option<ParametricFit> {
    fit(d, parts, 1).ok().filter(|f| f.se().iter().all(|s| *s < 4.0))
}

/// Whether the likelihood may have several maxima, of which another search may find another: these
/// two are not concave. A case that ends there has no answer.
fn astray(d: &Distribution, a: &ParametricFit, b: &Result<ParametricFit, String>) -> bool {
    let several = matches!(d, Distribution::Loglogistic | Distribution::Gengamma);
    let gain = |f: &ParametricFit| f.likelihood_ratio.chi2;
    several && b.as_ref().map_or(true, |b| (gain(a) - gain(b)).abs() > 1e-5)
}

/// Terms in standard errors, their errors, and the gain in log likelihood.
fn alike(a: &ParametricFit, b: Result<ParametricFit, String>, unit: f64) -> Result<(), String> {
    let b = b?;
    let (se, theirs) = (a.se(), b.se());
    for j in 1..5 {
        let unit = if j == 1 { unit } else { 1.0 };
        let ours = [a.coef[j] / se[j], 1.0];
        same(
            &a.parameters[j],
            &ours,
            &[b.coef[j] * unit / se[j], theirs[j] * unit.abs() / se[j]],
            WITHIN,
        )?;
    }
    if let (Some(v), Some(w)) = (a.robust_se(), b.robust_se()) {
        same("robust", &[v[1] / se[1], v[2]], &[w[1] * unit.abs() / se[1], w[2]], WITHIN)?;
    }
    let tests = |f: &ParametricFit| [f.likelihood_ratio.chi2, f.score.chi2];
    same("tests", &tests(a), &tests(&b), WITHIN)
}

#[test]
fn the_order_of_rows() {
    cases(|rng| {
        let (parts, d) = question(rng);
        let a = first(&d, &parts)?;
        let b = fit(&d, &parts.shuffled(rng).1, 1);
        let logs = b.as_ref().map_or([0.0; 2], |b| b.loglik);
        (!astray(&d, &a, &b)).then(|| {
            alike(&a, b, 1.0).and_then(|()| same("log likelihood", &a.loglik, &logs, 1e-10))
        })
    });
}

#[test]
fn the_unit_and_the_origin_of_a_column() {
    cases(|rng| {
        let (parts, d) = question(rng);
        let a = first(&d, &parts)?;
        let scale = [-3.0, 0.01, 1e4][rng.random_range(0..3)];
        let other = parts.rescaled(scale, scale * rng.random_range(-5.0..5.0));
        let b = fit(&d, &other, 1);
        (!astray(&d, &a, &b)).then(|| alike(&a, b, scale))
    });
}

/// Each event's density is per unit of time; nothing else changes.
#[test]
fn the_unit_of_time() {
    cases(|rng| {
        let (parts, mut d) = question(rng);
        let a = first(&d, &parts)?;
        let by = [30.4375, 0.01][rng.random_range(0..2)];
        if let Distribution::PiecewiseExponential { cuts } = &mut d {
            cuts.iter_mut().for_each(|c| *c *= by);
        }
        let b = fit(&d, &parts.slowed(by), 1);
        let logs = b.as_ref().map_or(0.0, |b| b.loglik[1]);
        let weight = |i: usize| parts.weights.as_ref().map_or(1.0, |w| w[i]);
        let events = (0..parts.len()).filter(|&i| parts.cause[i] == 1).map(weight).sum::<f64>();
        let shifted = a.loglik[1] - events * by.ln();
        (!astray(&d, &a, &b)).then(|| {
            alike(&a, b, 1.0).and_then(|()| same("log likelihood", &[shifted], &[logs], 1e-8))
        })
    });
}

#[test]
fn the_numbers_of_clusters_and_causes() {
    cases(|rng| {
        let (parts, d) = question(rng);
        let a = first(&d, &parts)?;
        let b = fit(&d, &parts.relabelled(rng), 2);
        (!astray(&d, &a, &b)).then(|| alike(&a, b, 1.0))
    });
}

#[test]
fn a_row_twice_or_with_twice_its_weight() {
    cases(|rng| {
        let (parts, d) = question(rng);
        let (twice, heavy) = parts.clustered().doubled(rng);
        let a = first(&d, &twice)?;
        let b = fit(&d, &heavy, 1);
        (!astray(&d, &a, &b)).then(|| alike(&a, b, 1.0))
    });
}

#[test]
fn a_spell_in_two_pieces() {
    cases(|rng| {
        let (parts, d) = question(rng);
        let (whole, pieces) = parts.clustered().split(rng);
        let a = first(&d, &whole)?;
        let b = fit(&d, &pieces, 1);
        (!astray(&d, &a, &b)).then(|| alike(&a, b, 1.0))
    });
}
