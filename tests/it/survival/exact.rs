//! Exact ties against R's `coxph(ties = "exact")`, 1e-8, and what they are refused for.

use ndarray::Array2;
use pleegzorg::survival::{Cox, FitError, Outcome, Sample, Ties, Transform};

use super::golden::{Expected, Once, Referee, Table, sample};

pub static FITS: Once = Once::new();

pub fn fits() -> Referee {
    let (cases, expected) = (Table::read("exact-cases"), Expected::read("exact-expected"));
    let mut referee = Referee::default();
    for row in 0..cases.len() {
        let case = cases.text(row, "case");
        let s = sample(&cases, row);
        let fit = Cox::new().ties(Ties::Exact).fit(&s, 1).unwrap();
        assert!(fit.converged, "{case}: {:?}", fit.warnings);
        let se = fit.se();
        let martingale = fit.martingale_residuals(&s).unwrap();
        let edges: Vec<f64> =
            cases.text(row, "edges").split_whitespace().map(|e| e.parse().unwrap()).collect();
        referee.on("Cox, exact ties", cases.text(row, "data"));
        for (what, item, r) in expected.case(case) {
            let at = || fit.names.iter().position(|n| n == item).unwrap();
            let number = |k: usize| item.split(' ').nth(k).unwrap().parse::<usize>().unwrap();
            let ours = match (what.as_str(), item.as_str()) {
                ("coef", _) => fit.coef[at()],
                ("se", _) => se[at()],
                ("covariance", _) => fit.covariance[[0, 1]],
                ("loglik", "null") => fit.loglik[0],
                ("loglik", _) => fit.loglik[1],
                ("test", "score") => fit.score.chi2,
                ("test", "wald") => fit.wald.chi2,
                ("test", _) => fit.likelihood_ratio.chi2,
                ("martingale", _) => martingale[number(0) - 1],
                _ => fit.baseline_cells(&s, &edges).unwrap()[0].dh.iter().take(number(1) + 1).sum(),
            };
            referee.compare(case, what, item, ours, *r, 1e-8);
        }
    }
    referee
}

#[test]
fn exact_ties_are_those_of_r() {
    FITS.get_or_init(fits).verdict(150);
}

fn steps(n: usize, levels: usize) -> Sample {
    let exit = (0..n).map(|i| 1.0 + (i * 7919 % levels) as f64).collect();
    let cause = (0..n).map(|i| u32::from(i % 3 != 0)).collect();
    let y = Outcome::new(None, exit, cause, vec!["end".into()]).unwrap();
    let x = Array2::from_shape_fn((n, 2), |(i, j)| ((i * 31 + j * 17) % 101) as f64);
    Sample::new(x, vec!["a".into(), "b".into()], y).unwrap()
}

#[test]
fn what_the_exact_method_cannot_do_is_refused() {
    let s = steps(60, 6);
    let exact = Cox::new().ties(Ties::Exact);
    let refused = |e: FitError| matches!(e, FitError::NotApplicable { .. });
    let weighted = s.clone().with_weights(vec![2.0; 60]).unwrap();
    assert!(refused(exact.fit(&weighted, 1).unwrap_err()));
    let clustered = s.clone().with_cluster((0..60).map(|i| i / 2).collect()).unwrap();
    assert!(refused(exact.fit(&clustered, 1).unwrap_err()));
    assert!(refused(exact.clone().robust(true).fit(&s, 1).unwrap_err()));
    assert!(refused(exact.clone().firth(true).fit(&s, 1).unwrap_err()));
    let fit = exact.fit(&s, 1).unwrap();
    assert!(refused(fit.score_residuals(&s).unwrap_err()));
    assert!(refused(fit.dfbeta(&s).unwrap_err()));
    assert!(refused(fit.schoenfeld_residuals(&s).unwrap_err()));
    assert!(refused(fit.zph(&s, Transform::Km).unwrap_err()));
    // A hundred thousand rows at four times: years, and said before they are spent.
    let said = exact.fit(&steps(200_000, 4), 1).unwrap_err().to_string();
    assert!(said.contains("multiplications"), "{said}");
}

#[test]
fn without_ties_all_three_are_one() {
    let s = steps(101, 101);
    let coef = |ties: Ties| Cox::new().ties(ties).fit(&s, 1).unwrap().coef;
    let (exact, efron) = (coef(Ties::Exact), coef(Ties::Efron));
    assert_eq!(efron, coef(Ties::Breslow));
    for j in 0..2 {
        assert!((exact[j] - efron[j]).abs() < 1e-10);
    }
}

/// Events times rows would be seven thousand million steps, minutes of work: one pass does, and some
/// ties among the last rows add no more than their own.
#[test]
fn times_without_ties_take_one_pass_of_the_plain_likelihood() {
    let n = 120_000;
    let x = Array2::from_shape_fn((n, 2), |(i, j)| ((i * 31 + j * 17) % 101) as f64);
    for (ties, within) in [(0, 1e-9), (300, 0.05)] {
        // Of the last rows pairs end together.
        let together = |t: usize| if t >= n - 2 * ties { t / 2 * 2 } else { t };
        let exit = (0..n).map(|i| 1.0 + together(i * 7919 % n) as f64).collect();
        let cause = (0..n).map(|i| u32::from(i % 3 != 0)).collect();
        let y = Outcome::new(None, exit, cause, vec!["end".into()]).unwrap();
        let s = Sample::new(x.clone(), vec!["a".into(), "b".into()], y).unwrap();
        let [exact, efron] =
            [Ties::Exact, Ties::Efron].map(|t| Cox::new().ties(t).fit(&s, 1).unwrap());
        for j in 0..2 {
            assert!((exact.coef[j] - efron.coef[j]).abs() < within * efron.se()[j]);
            assert!((exact.se()[j] / efron.se()[j] - 1.0).abs() < within);
        }
        // The likelihood counts the orders of tied deaths otherwise.
        assert_eq!((exact.loglik[1] / efron.loglik[1] - 1.0).abs() < 1e-12, ties == 0);
    }
}

/// A prior, ridge, and separation work as with the other ties.
#[test]
fn priors_and_separation_go_with_exact_ties() {
    let s = steps(60, 6);
    let fit = Cox::new().ties(Ties::Exact).ridge(1e9).fit(&s, 1).unwrap();
    assert!(fit.converged && fit.coef.iter().all(|b| b.abs() < 1e-6));
    let y =
        Outcome::new(None, vec![1.0, 1.0, 1.0, 2.0, 2.0], vec![1, 1, 0, 0, 0], vec!["e".into()]);
    let x = Array2::from_shape_fn((5, 1), |(i, _)| f64::from(u8::from(i < 2)));
    let s = Sample::new(x, vec!["x".into()], y.unwrap()).unwrap();
    let fit = Cox::new().ties(Ties::Exact).fit(&s, 1).unwrap();
    let said = fit.warnings.iter().any(|w| w.to_string().contains("separation"));
    assert!(!fit.converged && said, "{:?}", fit.warnings);
}
