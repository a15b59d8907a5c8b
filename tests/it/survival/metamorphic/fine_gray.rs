//! The Fine–Gray model in both conventions.

use pleegzorg::survival::{Convention, FineGray, FineGrayFit};
use rand::RngExt;
use rand_chacha::ChaCha12Rng;

use super::{Parts, cases, in_units, same};

const WITHIN: f64 = 1e-8;

fn question(rng: &mut ChaCha12Rng) -> (Parts, Convention) {
    let convention = if rng.random() { Convention::Crr } else { Convention::Finegray };
    (Parts::random(rng), convention)
}

fn fit(convention: Convention, parts: &Parts, cause: u32) -> Option<FineGrayFit> {
    let fit = FineGray::new().convention(convention).fit(&parts.sample(), cause).ok()?;
    (fit.converged && fit.estimated.iter().all(|&e| e)).then_some(fit)
}

/// A fit to compare with: errors that say something.
fn first(convention: Convention, parts: &Parts) -> Option<FineGrayFit> {
    fit(convention, parts, 1).filter(|f| f.se().iter().all(|s| (1e-3..3.0).contains(s)))
}

fn alike(
    a: &FineGrayFit,
    b: Option<FineGrayFit>,
    unit: f64,
    own_errors: bool,
) -> Result<(), String> {
    let b = b.ok_or("the changed sample has no fit")?;
    let (se, units) = (a.se(), [unit, 1.0, 1.0, 1.0]);
    let coef: Vec<f64> = (0..4).map(|j| b.coef[j] * units[j] / se[j]).collect();
    same("coefficient", &(&a.coef / &se).to_vec(), &coef, WITHIN)?;
    let back = |v: &ndarray::Array2<f64>| {
        ndarray::Array2::from_shape_fn((4, 4), |(i, j)| v[[i, j]] * units[i] * units[j])
    };
    if own_errors {
        let theirs = in_units(&back(&b.covariance), &se);
        same("covariance", &in_units(&a.covariance, &se), &theirs, WITHIN)?;
    }
    if let (Some(v), Some(w)) = (&a.robust_covariance, &b.robust_covariance) {
        same("robust covariance", &in_units(v, &se), &in_units(&back(w), &se), WITHIN)?;
    }
    same("log likelihood", &a.loglik, &b.loglik, WITHIN)?;
    same("score test", &[a.score.chi2], &[b.score.chi2], WITHIN)
}

#[test]
fn the_order_of_rows() {
    cases(|rng| {
        let (parts, convention) = question(rng);
        let a = first(convention, &parts)?;
        Some(alike(&a, fit(convention, &parts.shuffled(rng).1, 1), 1.0, true))
    });
}

#[test]
fn the_unit_and_the_origin_of_a_column_and_the_unit_of_time() {
    cases(|rng| {
        let (parts, convention) = question(rng);
        let a = first(convention, &parts)?;
        let scale = [-3.0, 0.01, 1e4, 1e-7][rng.random_range(0..4)];
        let other = parts.rescaled(scale, scale * rng.random_range(-20.0..20.0));
        Some(alike(&a, fit(convention, &other.slowed(0.37), 1), scale, true))
    });
}

#[test]
fn the_numbers_of_strata_clusters_and_causes() {
    cases(|rng| {
        let (parts, convention) = question(rng);
        let a = first(convention, &parts)?;
        Some(alike(&a, fit(convention, &parts.relabelled(rng), 2), 1.0, true))
    });
}

#[test]
fn the_reference_of_a_factor() {
    cases(|rng| {
        let (mut parts, convention) = question(rng);
        let a = first(convention, &parts)?;
        parts.reference = rng.random_range(1..3);
        let b = fit(convention, &parts, 1)?;
        let part = |f: &FineGrayFit| [f.coef[0], f.coef[1], f.se()[0], f.se()[1], f.loglik[1]];
        Some(same("other terms", &part(&a), &part(&b), WITHIN))
    });
}

/// As crr has it: `finegray` estimates the chance of being observed without weights.
#[test]
fn a_row_twice_or_with_twice_its_weight() {
    cases(|rng| {
        let (twice, heavy) = Parts::random(rng).clustered().doubled(rng);
        let a = first(Convention::Crr, &twice)?;
        Some(alike(&a, fit(Convention::Crr, &heavy, 1), 1.0, false))
    });
}
