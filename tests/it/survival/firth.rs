//! Firth's correction against a direct maximisation in R, and where its answer is known by hand.

use ndarray::array;
use pleegzorg::survival::{Cox, FitError, FitWarning, Outcome, Prior, Sample, Ties};

use super::golden::{Expected, Once, Referee, Table, sample};

/// The referee's maximum is found with numeric slopes: 1e-8 is what it can see of the estimates.
const WITHIN: f64 = 1e-8;

pub static FITS: Once = Once::new();

pub fn fits() -> Referee {
    let (cases, expected) = (Table::read("firth-cases"), Expected::read("firth-expected"));
    let mut referee = Referee::default();
    for row in 0..cases.len() {
        let case = cases.text(row, "case");
        let s = sample(&cases, row);
        let ties = if cases.text(row, "ties") == "efron" { Ties::Efron } else { Ties::Breslow };
        let fit = Cox::new().ties(ties).firth(true).fit(&s, 1).unwrap();
        assert!(fit.converged, "{case}: {:?}", fit.warnings);
        let firth = fit.firth.as_ref().unwrap();
        let se = fit.se();
        referee.on("Cox: Firth's correction", cases.text(row, "data"));
        for (what, item, r) in expected.case(case) {
            let at = || fit.names.iter().position(|n| n == item).unwrap();
            let ours = match what.as_str() {
                "coef" => fit.coef[at()],
                "se" => se[at()],
                "loglik" => fit.loglik[1],
                "test" => fit.likelihood_ratio.chi2,
                "profile" => firth.tests[at()].chi2,
                "lower" => fit.profile_interval(&s, at(), 0.95).unwrap()[0],
                _ => fit.profile_interval(&s, at(), 0.95).unwrap()[1],
            };
            referee.compare(case, what, item, ours, *r, WITHIN);
        }
    }
    referee
}

#[test]
fn fits_are_those_of_a_direct_maximisation() {
    FITS.get_or_init(fits).verdict(120);
}

/// One event among two: l* = β − ln(1 + e^β) + ½ ln(e^β/(1 + e^β)²), whose slope is
/// 3/2 − 2 e^β/(1 + e^β): zero at e^β = 3.
#[test]
fn separation_has_a_finite_answer_known_by_hand() {
    let y = Outcome::new(None, vec![1.0, 2.0], vec![1, 0], vec!["end".into()]).unwrap();
    let s = Sample::new(array![[1.0], [0.0]], vec!["x".into()], y).unwrap();
    let plain = Cox::new().fit(&s, 1).unwrap();
    assert!(plain.warnings.iter().any(|w| matches!(w, FitWarning::Separation { .. })));
    let fit = Cox::new().firth(true).fit(&s, 1).unwrap();
    assert!(fit.converged);
    assert!((fit.coef[0] - 3f64.ln()).abs() < 1e-10);
    assert!((fit.covariance[[0, 0]] - 16.0 / 3.0).abs() < 1e-9);
    assert!(!fit.warnings.iter().any(|w| matches!(w, FitWarning::Separation { .. })));
    // l*(0) = −ln 2 + ½ ln ¼, l*(ln 3) = ln ¾ + ½ ln 3/16.
    let gain = 2.0 * ((0.75f64).ln() + 2f64.ln()) + (0.75f64).ln();
    let firth = fit.firth.unwrap();
    assert!((firth.tests[0].chi2 - gain).abs() < 1e-10);
    assert!((fit.likelihood_ratio.chi2 - gain).abs() < 1e-10);
}

#[test]
fn columns_that_cannot_be_estimated_stay_out() {
    let y = Outcome::new(None, (1..9).map(f64::from).collect(), vec![1; 8], vec!["end".into()]);
    let x = array![
        [1., 1., 5.],
        [0., 0., 5.],
        [1., 1., 5.],
        [0., 0., 5.],
        [1., 1., 5.],
        [1., 1., 5.],
        [0., 0., 5.],
        [0., 0., 5.]
    ];
    let names = vec!["a".into(), "twin".into(), "same".into()];
    let s = Sample::new(x, names, y.unwrap()).unwrap();
    let fit = Cox::new().firth(true).fit(&s, 1).unwrap();
    assert_eq!(fit.estimated, [true, false, false]);
    assert!(fit.coef[0].is_finite() && fit.coef[1] == 0.0 && fit.coef[2] == 0.0);
    assert_eq!(fit.firth.as_ref().unwrap().tests[1].chi2, 0.0);
    assert!(fit.profile_interval(&s, 1, 0.95).is_err());
    let [low, high] = fit.profile_interval(&s, 0, 0.9).unwrap();
    assert!(low < fit.coef[0] && fit.coef[0] < high);
    assert!(fit.profile_interval(&s, 0, 1.0).is_err());
    let both = Cox::new().firth(true).priors(vec![Prior::new("a", 0.0, 1.0)]).fit(&s, 1);
    assert!(matches!(both, Err(FitError::Setting { setting: "firth", .. })));
    let plain = Cox::new().fit(&s, 1).unwrap();
    assert!(plain.firth.is_none() && plain.profile_interval(&s, 0, 0.95).is_err());
}
