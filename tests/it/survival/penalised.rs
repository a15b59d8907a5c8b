//! Gaussian priors and ridge against R's `coxph(… ridge(theta =, scale = FALSE))`, 1e-8.

use ndarray::array;
use pleegzorg::survival::{Cox, FitError, FitWarning, Outcome, Prior, Sample, Ties, Transform};

use super::golden::{Expected, Once, Referee, Table, sample};

fn numbers(text: &str) -> Vec<f64> {
    let number = |v: &str| if v == "Inf" { f64::INFINITY } else { v.parse().unwrap() };
    text.split_whitespace().map(number).collect()
}

pub static FITS: Once = Once::new();

pub fn fits() -> Referee {
    let cases = Table::read("penalised-cases");
    let expected = Expected::read("penalised-expected");
    let mut referee = Referee::default();
    for row in 0..cases.len() {
        let case = cases.text(row, "case");
        let s = sample(&cases, row);
        let (means, sds) = (numbers(cases.text(row, "mean")), numbers(cases.text(row, "sd")));
        let ties = if cases.text(row, "ties") == "efron" { Ties::Efron } else { Ties::Breslow };
        let all = s.names().iter().zip(means.iter().zip(&sds));
        let priors = all.filter(|(_, (_, sd))| sd.is_finite());
        let priors = priors.map(|(name, (m, sd))| Prior::new(name, *m, *sd)).collect();
        let fit = Cox::new().ties(ties).priors(priors).fit(&s, 1).unwrap();
        assert!(fit.converged, "{case}: {:?}", fit.warnings);
        if means.iter().all(|m| *m == 0.0) && sds.iter().all(|sd| *sd == sds[0]) {
            let ridge = Cox::new().ties(ties).ridge(1.0 / sds[0] / sds[0]).fit(&s, 1).unwrap();
            assert_eq!(ridge.coef, fit.coef);
        }
        let penalised = fit.penalised.as_ref().unwrap();
        let (se, robust) = (fit.se(), fit.robust_se());
        let martingale = fit.martingale_residuals(&s).unwrap();
        let dfbeta = fit.dfbeta(&s).unwrap();
        referee.on("Cox: Gaussian priors, ridge", cases.text(row, "data"));
        for (what, item, r) in expected.case(case) {
            let at = fit.names.iter().position(|n| n == item);
            let residual = || item.split(' ').next().unwrap().parse::<usize>().unwrap() - 1;
            let ours = match (what.as_str(), item.as_str()) {
                ("coef", _) => fit.coef[at.unwrap()],
                ("se", _) => se[at.unwrap()],
                ("se2", _) => penalised.sampling_covariance[[at.unwrap(), at.unwrap()]].sqrt(),
                ("robust_se", _) => robust.as_ref().unwrap()[at.unwrap()],
                ("covariance", _) => fit.covariance[[0, 1]],
                ("df", _) => penalised.df,
                ("loglik", "null") => fit.loglik[0],
                ("loglik", "final") => fit.loglik[1],
                ("penalty", _) => penalised.penalty,
                ("martingale", _) => martingale[residual()],
                ("dfbeta", _) => dfbeta[[residual(), 0]],
                _ => {
                    let transform = match what.strip_prefix("zph_").unwrap() {
                        "km" => Transform::Km,
                        "rank" => Transform::Rank,
                        "identity" => Transform::Identity,
                        _ => Transform::Log,
                    };
                    let test = fit.zph(&s, transform).unwrap();
                    at.map_or(test.global.chi2, |j| test.terms[j].chi2)
                }
            };
            referee.compare(case, what, item, ours, *r, 1e-8);
        }
    }
    referee
}

#[test]
fn penalised_fits_are_those_of_r() {
    FITS.get_or_init(fits).verdict(500);
}

/// One event among two: the slope 1/(1 + e^β) − β/s² is zero at β = 1 for s² = 1 + e.
#[test]
fn one_event_among_two_has_a_closed_form() {
    let y = Outcome::new(None, vec![1.0, 2.0], vec![1, 0], vec!["end".into()]).unwrap();
    let s = Sample::new(array![[1.0], [0.0]], vec!["x".into()], y).unwrap();
    let sd = (1.0 + 1f64.exp()).sqrt();
    let fit = Cox::new().priors(vec![Prior::new("x", 0.0, sd)]).fit(&s, 1).unwrap();
    assert!((fit.coef[0] - 1.0).abs() < 1e-12);
    let information = 1f64.exp() / (1.0 + 1f64.exp()).powi(2);
    let variance = 1.0 / (information + 1.0 / sd / sd);
    assert!((fit.covariance[[0, 0]] - variance).abs() < 1e-12);
    let penalised = fit.penalised.unwrap();
    assert!((penalised.penalty - 0.5 / sd / sd).abs() < 1e-12);
    assert!((penalised.df - information * variance).abs() < 1e-12);
}

fn twins() -> Sample {
    let y = Outcome::new(None, (1..9).map(f64::from).collect(), vec![1; 8], vec!["end".into()]);
    let x = array![
        [1.0, 1.0, 5.0],
        [0.0, 0.0, 5.0],
        [1.0, 1.0, 5.0],
        [0.0, 0.0, 5.0],
        [1.0, 1.0, 5.0],
        [1.0, 1.0, 5.0],
        [0.0, 0.0, 5.0],
        [0.0, 0.0, 5.0]
    ];
    Sample::new(x, vec!["a".into(), "twin".into(), "same".into()], y.unwrap()).unwrap()
}

#[test]
fn a_prior_identifies_what_the_data_do_not() {
    let s = twins();
    let plain = Cox::new().fit(&s, 1).unwrap();
    assert_eq!(plain.estimated, [true, false, false]);
    let priors = ["a", "twin"].map(|t| Prior::new(t, 0.0, 0.5));
    let same = Prior::new("same", 0.3, 0.2);
    let priors = priors.into_iter().chain([same]).collect();
    let fit = Cox::new().priors(priors).fit(&s, 1).unwrap();
    assert_eq!(fit.estimated, [true; 3]);
    // Twins share the effect; a column that does not vary keeps its prior, and that is said.
    assert!((fit.coef[0] - fit.coef[1]).abs() < 1e-12 && fit.coef[0] != 0.0);
    assert!((fit.coef[2] - 0.3).abs() < 1e-12 && (fit.se()[2] - 0.2).abs() < 1e-12);
    assert!(fit.warnings.contains(&FitWarning::PriorOnly { term: "same".into() }));
}

#[test]
fn a_weak_prior_changes_nothing_and_a_strong_one_decides() {
    let cases = Table::read("cox-cases");
    let s = sample(&cases, 0);
    let plain = Cox::new().fit(&s, 1).unwrap();
    let weak = Cox::new().ridge(1e-12).fit(&s, 1).unwrap();
    let strong = Cox::new().priors(vec![Prior::new("sex", -0.1, 1e-6)]).fit(&s, 1).unwrap();
    for j in 0..3 {
        assert!((plain.coef[j] - weak.coef[j]).abs() < 1e-10);
    }
    assert!((strong.coef[1] + 0.1).abs() < 1e-9);
    assert!((strong.penalised.unwrap().df - 2.0).abs() < 1e-6);
}

#[test]
fn priors_that_make_no_sense_are_refused_by_name() {
    let s = twins();
    let said = |priors: Vec<Prior>| match Cox::new().priors(priors).fit(&s, 1).unwrap_err() {
        FitError::Setting { setting: "prior", why } => why,
        other => panic!("{other}"),
    };
    assert!(said(vec![Prior::new("twim", 0.0, 1.0)]).contains("did you mean \"twin\"?"));
    assert!(said(vec![Prior::new("a", 0.0, 0.0)]).starts_with("a:"));
    assert!(said(vec![Prior::new("a", f64::NAN, 1.0)]).starts_with("a:"));
    assert!(said(vec![Prior::new("a", 0.0, 1.0), Prior::new("a", 0.0, 1.0)]).contains("two"));
    for theta in [-1.0, f64::NAN, f64::INFINITY] {
        let error = Cox::new().ridge(theta).fit(&s, 1).unwrap_err();
        assert!(matches!(error, FitError::Setting { setting: "ridge", .. }));
    }
    // Out of the range of numbers once the column's unit is taken in.
    let error = Cox::new().priors(vec![Prior::new("a", 0.0, 1e-200)]).fit(&s, 1).unwrap_err();
    assert!(matches!(error, FitError::Range { .. }), "{error}");
}
