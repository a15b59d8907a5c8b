//! Penalised Fine–Gray models against the penalised partial likelihood over all pairs of rows,
//! maximised in R (1e-8; the elastic net 1e-6).

use ndarray::array;
use pleegzorg::survival::{
    Convention, Cox, ElasticNet, FineGray, FitError, FitWarning, Outcome, Prior, Sample, Ties,
};

use super::bad_input::sample as rows;
use super::golden::{Expected, Once, Referee, Table, sample};

fn numbers(text: &str) -> Vec<f64> {
    let number = |v: &str| if v == "Inf" { f64::INFINITY } else { v.parse().unwrap() };
    text.split_whitespace().map(number).collect()
}

fn convention(cases: &Table, row: usize) -> Convention {
    match cases.text(row, "convention") {
        "crr" => Convention::Crr,
        "finegray" => Convention::Finegray,
        other => panic!("{other}"),
    }
}

pub static FITS: Once = Once::new();

pub fn fits() -> Referee {
    let cases = Table::read("fine-gray-penalised-cases");
    let expected = Expected::read("fine-gray-penalised-expected");
    let mut referee = Referee::default();
    for row in 0..cases.len() {
        if cases.text(row, "lambda").is_empty() {
            prior(&cases, row, &expected, &mut referee);
        } else {
            net(&cases, row, &expected, &mut referee);
        }
    }
    referee
}

fn prior(cases: &Table, row: usize, expected: &Expected, referee: &mut Referee) {
    let (case, s) = (cases.text(row, "case"), sample(cases, row));
    let (means, sds) = (numbers(cases.text(row, "mean")), numbers(cases.text(row, "sd")));
    let known = s.names().iter().zip(means.iter().zip(&sds)).filter(|(_, (_, sd))| sd.is_finite());
    let priors = known.map(|(name, (m, sd))| Prior::new(name, *m, *sd)).collect();
    let mut model = FineGray::new().convention(convention(cases, row));
    match cases.text(row, "ties") {
        "breslow" => model = model.ties(Ties::Breslow),
        "efron" => model = model.ties(Ties::Efron),
        other => assert_eq!(other, ""),
    }
    let cause = cases.text(row, "cause").parse().unwrap();
    let fit = model.clone().priors(priors).fit(&s, cause).unwrap();
    assert!(fit.converged, "{case}: {:?}", fit.warnings);
    if means.iter().all(|m| *m == 0.0) && sds.iter().all(|sd| *sd == sds[0]) {
        let ridge = model.ridge(1.0 / sds[0] / sds[0]).fit(&s, cause).unwrap();
        assert_eq!(ridge.coef, fit.coef);
    }
    let penalised = fit.penalised.as_ref().unwrap();
    let (se, robust) = (fit.se(), fit.robust_se());
    referee.on("Fine–Gray: Gaussian priors, ridge", cases.text(row, "data"));
    for (what, item, r) in expected.case(case) {
        let at = || fit.names.iter().position(|n| n == item).unwrap();
        let root = |v: &ndarray::Array2<f64>| v[[at(), at()]].sqrt();
        let ours = match (what.as_str(), item.as_str()) {
            ("coef", _) => fit.coef[at()],
            ("se", _) => se[at()],
            ("model_se", _) => root(&fit.model_covariance),
            ("se2", _) => root(&penalised.sampling_covariance),
            ("robust_se", _) => robust.as_ref().unwrap()[at()],
            ("df", _) => penalised.df,
            ("loglik", "null") => fit.loglik[0],
            ("loglik", "final") => fit.loglik[1],
            ("penalty", _) => penalised.penalty,
            other => panic!("{other:?}"),
        };
        referee.compare(case, what, item, ours, *r, 1e-8);
    }
}

fn net(cases: &Table, row: usize, expected: &Expected, referee: &mut Referee) {
    let (case, s) = (cases.text(row, "case"), sample(cases, row));
    let cause = cases.text(row, "cause").parse().unwrap();
    let net = ElasticNet::new(cases.text(row, "alpha").parse().unwrap())
        .subdistribution(convention(cases, row))
        .tolerance(1e-11);
    let path = net.clone().lambda(numbers(cases.text(row, "lambda"))).path(&s, cause).unwrap();
    assert!(path.not_converged.is_empty(), "{case}");
    referee.on("Fine–Gray: elastic net", cases.text(row, "data"));
    for (what, item, r) in expected.case(case) {
        let (step, term) = item.split_once(' ').unwrap_or((item, ""));
        let ours = match what.as_str() {
            "largest" => net.path(&s, cause).unwrap().lambda[0],
            "net" => {
                let j = path.names.iter().position(|n| n == term).unwrap();
                path.coef[[step.parse::<usize>().unwrap() - 1, j]]
            }
            "net_loglik" => path.loglik[step.parse::<usize>().unwrap() - 1],
            other => panic!("{other}"),
        };
        referee.compare(case, what, item, ours, *r, 1e-6);
    }
}

#[test]
fn penalised_fits_are_those_of_the_likelihood_written_out() {
    FITS.get_or_init(fits).verdict(500);
}

/// Nobody is censored, row 2 ends otherwise: the slope 1 − 2r/(2r + 1) is 1/(2r + 1), which a prior
/// with variance s² around 0 balances at β = 1 for s² = 2e + 1.
#[test]
fn three_rows_have_a_closed_form() {
    let s = rows(&[&[1.0, 1.0, 0.0]], &[2.0, 1.0, 3.0], &[1, 2, 2]);
    let e = 1f64.exp();
    for convention in [Convention::Crr, Convention::Finegray] {
        let prior = vec![Prior::new("x0", 0.0, (2.0 * e + 1.0).sqrt())];
        let fit = FineGray::new().convention(convention).priors(prior).fit(&s, 1).unwrap();
        assert!((fit.coef[0] - 1.0).abs() < 1e-12, "{}", fit.coef[0]);
        assert!((fit.loglik[1] - (1.0 - (2.0 * e + 1.0).ln())).abs() < 1e-14);
        let penalised = fit.penalised.unwrap();
        assert!((penalised.penalty - 0.5 / (2.0 * e + 1.0)).abs() < 1e-12);
        let information = 2.0 * e / (2.0 * e + 1.0).powi(2);
        let df = information / (information + 1.0 / (2.0 * e + 1.0));
        assert!((penalised.df - df).abs() < 1e-12);
        assert!((fit.likelihood_ratio.df - df).abs() < 1e-12 && (fit.wald.df - df).abs() < 1e-12);
    }
}

#[test]
fn without_other_ends_it_is_the_penalised_cox_model() {
    let exit: Vec<f64> = (1..=40).map(|i| f64::from(i * 7 % 23 + 1)).collect();
    let cause: Vec<u32> = (0..40).map(|i| u32::from(i % 3 > 0)).collect();
    let y = Outcome::new(None, exit, cause, vec!["end".into(), "other".into()]).unwrap();
    let x = ndarray::Array2::from_shape_fn((40, 3), |(i, j)| ((i * (j + 3) * 7) % 11) as f64);
    let s = Sample::new(x, vec!["a".into(), "b".into(), "c".into()], y).unwrap();
    let priors = vec![Prior::new("a", 0.1, 0.05), Prior::new("c", 0.0, 0.02)];
    let cox = Cox::new().priors(priors.clone()).ridge(0.5).fit(&s, 1).unwrap();
    let model = FineGray::new().convention(Convention::Finegray).priors(priors).ridge(0.5);
    let fit = model.fit(&s, 1).unwrap();
    for j in 0..3 {
        assert!((fit.coef[j] - cox.coef[j]).abs() < 1e-10);
        assert!((fit.se()[j] / cox.se()[j] - 1.0).abs() < 1e-10);
    }
    let (ours, theirs) = (fit.penalised.unwrap(), cox.penalised.unwrap());
    assert!((ours.df - theirs.df).abs() < 1e-10);
    let own = ElasticNet::new(0.5).path(&s, 1).unwrap();
    for convention in [Convention::Crr, Convention::Finegray] {
        let net = ElasticNet::new(0.5).subdistribution(convention).path(&s, 1).unwrap();
        assert_eq!(net.coef, own.coef);
    }
}

#[test]
fn a_prior_identifies_what_the_data_do_not() {
    let x = [0.3, 1.2, 0.8, 0.1, 0.4, 1.9];
    let s = rows(&[&x, &[3.0; 6], &x], &[1., 2., 3., 4., 5., 6.], &[1, 2, 1, 0, 1, 1]);
    let fit = FineGray::new().ridge(2.0).fit(&s, 1).unwrap();
    assert_eq!(fit.estimated, [true; 3]);
    assert!((fit.coef[0] - fit.coef[2]).abs() < 1e-12 && fit.coef[1] == 0.0);
    assert!(fit.warnings.contains(&FitWarning::PriorOnly { term: "x1".into() }));
    let wrong = FineGray::new().priors(vec![Prior::new("x9", 0.0, 1.0)]).fit(&s, 1);
    assert!(matches!(wrong, Err(FitError::Setting { setting: "prior", .. })));
}

#[test]
fn cross_validation_of_a_subdistribution() {
    let n = 300;
    // Golden ratios, which fill the unit interval evenly.
    let unit = |i: usize, k: usize| ((i + 1) as f64 * (0.618_034 + k as f64 * 0.371_9)).fract();
    let x = ndarray::Array2::from_shape_fn((n, 4), |(i, j)| unit(i, j));
    let exit = (0..n).map(|i| 1.0 - (1.0 - unit(i, 9)).ln()).collect();
    let of = |i: usize| 2 - u32::from(x[[i, 0]] + 0.5 * unit(i, 6) > 0.75);
    let cause = (0..n).map(|i| if unit(i, 7) < 0.2 { 0 } else { of(i) }).collect();
    let y = Outcome::new(None, exit, cause, vec!["a".into(), "b".into()]).unwrap();
    let s = Sample::new(x, (0..4).map(|j| format!("x{j}")).collect(), y).unwrap();
    let folds: Vec<u32> = (0..n as u32).map(|i| i % 5).collect();
    let net = ElasticNet::new(1.0).subdistribution(Convention::Crr);
    let tried = net.cross_validate(&s, 1, &folds).unwrap();
    assert!(tried.path.coef[[tried.best, 0]] > 0.0);
    assert!(tried.deviance[tried.best] < tried.deviance[0]);
    // Row 0 is alone until 1, where it is censored: nobody after it could still be observed.
    let y = Outcome::new(
        Some(vec![0., 1., 1., 1.]),
        vec![1., 2., 3., 4.],
        vec![0, 2, 1, 1],
        vec!["a".into(), "b".into()],
    );
    let s = Sample::new(array![[1.0], [0.0], [1.0], [0.0]], vec!["x".into()], y.unwrap()).unwrap();
    let lost = net.path(&s, 1).unwrap_err().to_string();
    assert!(lost.contains("at time 2") || lost.contains("at time 1"), "{lost}");
}
