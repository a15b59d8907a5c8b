//! The Cox model with all ties.

use pleegzorg::survival::{Cox, CoxFit, Prior, Sample, Ties, Transform};
use rand::RngExt;
use rand_chacha::ChaCha12Rng;

use super::{Parts, cases, in_units, same};

const WITHIN: f64 = 1e-8;

/// A random sample, and a random way with ties that it can be fitted with.
fn question(rng: &mut ChaCha12Rng) -> (Parts, Ties) {
    let parts = Parts::random(rng);
    match rng.random_range(0..3) {
        0 => (parts, Ties::Efron),
        1 => (parts, Ties::Breslow),
        _ => (parts.bare(), Ties::Exact),
    }
}

/// The fit, where there is a maximum and all terms are estimated.
fn fit(ties: Ties, s: &Sample, cause: u32) -> Option<CoxFit> {
    let fit = Cox::new().ties(ties).fit(s, cause).ok()?;
    (fit.converged && fit.estimated.iter().all(|&e| e) && fit.se()[0] < 3.0).then_some(fit)
}

/// The coefficients in standard errors, the errors, the likelihoods and the tests.
fn alike(a: &CoxFit, b: Option<CoxFit>, units: &[f64; 4]) -> Result<(), String> {
    let b = b.ok_or("the changed sample has no fit")?;
    let se = a.se();
    let coef = |f: &CoxFit, u: &[f64; 4]| -> Vec<f64> {
        (0..4).map(|j| f.coef[j] * u[j] / se[j]).collect()
    };
    same("coefficient", &coef(a, &[1.0; 4]), &coef(&b, units), WITHIN)?;
    let back = |v: &ndarray::Array2<f64>| {
        ndarray::Array2::from_shape_fn((4, 4), |(i, j)| v[[i, j]] * units[i] * units[j])
    };
    let covariance = in_units(&back(&b.covariance), &se);
    same("covariance", &in_units(&a.covariance, &se), &covariance, WITHIN)?;
    if let (Some(v), Some(w)) = (&a.robust_covariance, &b.robust_covariance) {
        same("robust covariance", &in_units(v, &se), &in_units(&back(w), &se), WITHIN)?;
        same("Wald", &[a.wald.chi2], &[b.wald.chi2], 100.0 * WITHIN)?;
    }
    // A weight of two says in a likelihood's constant what a second row says in its terms.
    let tests = |f: &CoxFit| [f.likelihood_ratio.chi2, f.score.chi2, f.loglik[0], f.loglik[1]];
    same("tests", &tests(a), &tests(&b), WITHIN)
}

#[test]
fn the_order_of_rows() {
    cases(|rng| {
        let (parts, ties) = question(rng);
        let s = parts.sample();
        let a = fit(ties, &s, 1)?;
        let (order, shuffled) = parts.shuffled(rng);
        let t = shuffled.sample();
        let b = fit(ties, &t, 1);
        Some((|| {
            let residuals = b.as_ref().map(|b| b.martingale_residuals(&t).unwrap().to_vec());
            alike(&a, b, &[1.0; 4])?;
            let m = a.martingale_residuals(&s).unwrap();
            let ours: Vec<f64> = order.iter().map(|&i| m[i]).collect();
            same("martingale residual", &ours, &residuals.unwrap_or_default(), WITHIN)
        })())
    });
}

#[test]
fn the_order_of_rows_under_penalties() {
    cases(|rng| {
        let parts = Parts::random(rng);
        let cox = match rng.random_range(0..3) {
            0 => Cox::new().ridge(0.7),
            1 => Cox::new().priors(vec![Prior::new("a", 0.2, 0.3), Prior::new("c", 0.0, 1.0)]),
            _ => Cox::new().firth(true),
        };
        let found = |p: &Parts| cox.fit(&p.sample(), 1).ok().filter(|f| f.converged);
        let a = found(&parts).filter(|f| f.estimated.iter().all(|&e| e) && f.se()[0] < 3.0)?;
        Some(alike(&a, found(&parts.shuffled(rng).1), &[1.0; 4]))
    });
}

#[test]
fn the_unit_and_the_origin_of_a_column() {
    cases(|rng| {
        let (parts, ties) = question(rng);
        let s = parts.sample();
        let a = fit(ties, &s, 1)?;
        let scale = *[-3.0, 0.01, 1e4, 1e-7].get(rng.random_range(0..4usize))?;
        let t = parts.rescaled(scale, scale * rng.random_range(-20.0..20.0)).sample();
        let b = Cox::new().ties(ties).fit(&t, 1).ok().filter(|f| f.converged);
        let zph = |f: &CoxFit, s: &Sample| {
            f.zph(s, Transform::Km).map_or(vec![], |t| vec![t.global.chi2, t.terms[0].chi2])
        };
        Some((|| {
            let drift = b.as_ref().map(|b| zph(b, &t));
            alike(&a, b, &[scale, 1.0, 1.0, 1.0])?;
            same("drift", &zph(&a, &s), &drift.unwrap_or_default(), 100.0 * WITHIN)
        })())
    });
}

#[test]
fn the_numbers_of_strata_clusters_and_causes() {
    cases(|rng| {
        let (parts, ties) = question(rng);
        let a = fit(ties, &parts.sample(), 1)?;
        Some(alike(&a, fit(ties, &parts.relabelled(rng).sample(), 2), &[1.0; 4]))
    });
}

#[test]
fn the_reference_of_a_factor() {
    cases(|rng| {
        let (mut parts, ties) = question(rng);
        let s = parts.sample();
        let a = fit(ties, &s, 1)?;
        parts.reference = rng.random_range(1..3);
        let t = parts.sample();
        let b = fit(ties, &t, 1)?;
        Some((|| {
            let tests = |f: &CoxFit| [f.loglik[1], f.likelihood_ratio.chi2, f.score.chi2];
            same("tests", &tests(&a), &tests(&b), WITHIN)?;
            same("Wald", &[a.wald.chi2], &[b.wald.chi2], 1e-6)?;
            let others = |f: &CoxFit| [f.coef[0], f.coef[1], f.se()[0], f.se()[1]];
            same("other terms", &others(&a), &others(&b), WITHIN)?;
            // Levels in order, each less the first.
            let level = |f: &CoxFit, k: u32, reference: u32| match k.cmp(&reference) {
                std::cmp::Ordering::Less => f.coef[2 + k as usize],
                std::cmp::Ordering::Equal => 0.0,
                std::cmp::Ordering::Greater => f.coef[1 + k as usize],
            };
            for k in 1..3 {
                let ours = level(&a, k, 0);
                let theirs = level(&b, k, parts.reference) - level(&b, 0, parts.reference);
                same("level", &[ours], &[theirs], WITHIN * a.se()[3].max(1.0))?;
            }
            Ok(())
        })())
    });
}

#[test]
fn a_row_twice_or_with_twice_its_weight() {
    cases(|rng| {
        let (twice, heavy) = Parts::random(rng).clustered().doubled(rng);
        let (s, t) = (twice.sample(), heavy.sample());
        let a = fit(Ties::Breslow, &s, 1)?;
        let b = fit(Ties::Breslow, &t, 1);
        let baseline = |f: &CoxFit, s: &Sample| {
            let cells = f.baseline_cells(s, &[0.0, 2.0, 9.0, 1e4]).unwrap();
            cells.iter().flat_map(|c| c.dh.clone()).collect::<Vec<f64>>()
        };
        Some((|| {
            let theirs = b.as_ref().map(|b| baseline(b, &t)).unwrap_or_default();
            alike(&a, b, &[1.0; 4])?;
            same("baseline", &baseline(&a, &s), &theirs, WITHIN)
        })())
    });
}

#[test]
fn a_spell_in_two_pieces() {
    cases(|rng| {
        let (parts, ties) = question(rng);
        let parts = if ties == Ties::Exact { parts } else { parts.clustered() };
        let (whole, pieces) = parts.split(rng);
        let (s, t) = (whole.sample(), pieces.sample());
        let a = fit(ties, &s, 1)?;
        let b = fit(ties, &t, 1);
        let zph = |f: &CoxFit, s: &Sample| {
            f.zph(s, Transform::Identity).map_or(vec![], |t| vec![t.global.chi2, t.terms[0].chi2])
        };
        let baseline = |f: &CoxFit, s: &Sample| {
            let cells = f.baseline_cells(s, &[0.0, 2.0, 9.0, 1e4]).unwrap();
            cells.iter().flat_map(|c| [c.dh.clone(), c.dv.clone()].concat()).collect::<Vec<f64>>()
        };
        Some((|| {
            let theirs = b.as_ref().map(|b| (zph(b, &t), baseline(b, &t))).unwrap_or_default();
            alike(&a, b, &[1.0; 4])?;
            same("baseline", &baseline(&a, &s), &theirs.1, WITHIN)?;
            same("drift", &zph(&a, &s), &theirs.0, 100.0 * WITHIN)
        })())
    });
}
