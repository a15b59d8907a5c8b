//! Parametric models against R's `survreg`, and against likelihoods maximised in R, 1e-6.

use ndarray::Array2;
use pleegzorg::survival::{
    Distribution, FitError, FitWarning, Outcome, Parametric, ParametricFit, Sample,
};
use proptest::prelude::*;

use super::bad_input::{any_sample, sample as rows};
use super::golden::{Expected, Once, Referee, Table, sample};

fn distribution(kind: &str, setting: &str) -> Distribution {
    let numbers = || setting.split_whitespace().map(|v| v.parse().unwrap());
    match kind {
        "exponential" => Distribution::Exponential,
        "weibull" => Distribution::Weibull,
        "lognormal" => Distribution::Lognormal,
        "loglogistic" => Distribution::Loglogistic,
        "gengamma" => Distribution::Gengamma,
        "gompertz" => Distribution::Gompertz,
        "piecewise-exponential" => Distribution::PiecewiseExponential { cuts: numbers().collect() },
        "royston-parmar" => Distribution::RoystonParmar { df: setting.parse().unwrap() },
        other => panic!("{other}"),
    }
}

fn fitted(cases: &Table, row: usize) -> (String, Sample, ParametricFit) {
    let sample = sample(cases, row);
    let text = |column: &str| cases.text(row, column);
    let model = Parametric::new(distribution(text("kind"), text("setting")));
    let model = model.robust(text("cluster") == "row");
    let fit = model.fit(&sample, text("cause").parse().unwrap());
    let fit = fit.unwrap_or_else(|e| panic!("{}: {e}", text("case")));
    (text("case").to_owned(), sample, fit)
}

/// Kinds, as the table calls them.
const METHODS: [(&str, &str); 8] = [
    ("exponential", "Exponential"),
    ("weibull", "Weibull"),
    ("lognormal", "Log-normal"),
    ("loglogistic", "Log-logistic"),
    ("gengamma", "Generalised gamma"),
    ("gompertz", "Gompertz"),
    ("piecewise-exponential", "Piecewise exponential"),
    ("royston-parmar", "Royston–Parmar"),
];

pub static FITS: Once = Once::new();

pub fn fits() -> Referee {
    let (cases, expected) =
        (Table::read("parametric-cases"), Expected::read("parametric-expected"));
    let mut referee = Referee::default();
    for row in 0..cases.len() {
        let (name, sample, fit) = fitted(&cases, row);
        assert!(fit.converged, "{name}: {:?}", fit.warnings);
        let (se, robust) = (fit.se(), fit.robust_se());
        let levels =
            [sample.x().mean_axis(ndarray::Axis(0)).unwrap(), sample.x().row(0).to_owned()];
        let method = METHODS.iter().find(|(kind, _)| *kind == cases.text(row, "kind")).unwrap().1;
        referee.on(method, cases.text(row, "data"));
        for (what, item, r) in expected.case(&name) {
            let at = || fit.parameters.iter().position(|n| n == item).unwrap();
            let ours = match (what.as_str(), item.as_str()) {
                ("coef", _) => fit.coef[at()],
                ("se", _) => se[at()],
                ("robust_se", _) => robust.as_ref().unwrap()[at()],
                ("scale", _) => fit.scale.unwrap(),
                ("loglik", "null") => fit.loglik[0],
                ("loglik", "final") => fit.loglik[1],
                ("test", "likelihood_ratio") => fit.likelihood_ratio.chi2,
                ("hazard" | "hazard_se", _) => {
                    let (level, time) = item.split_once(' ').unwrap();
                    let level = levels[level.parse::<usize>().unwrap()].view();
                    let h = fit.cumulative_hazard(level, 0.0, &[time.parse().unwrap()]).unwrap()[0];
                    if what == "hazard" { h.0 } else { h.1 }
                }
                other => panic!("{other:?}"),
            };
            referee.compare(&name, what, item, ours, *r, 1e-6);
        }
    }
    referee
}

#[test]
fn fits_are_those_of_r() {
    FITS.get_or_init(fits).verdict(400);
}

const EXIT: [f64; 8] = [1., 2., 3., 4., 5., 6., 7., 8.];
const X: [f64; 8] = [0.3, -1.2, 0.8, 0.1, -0.4, 1.9, -0.7, 0.2];
const CAUSE: [u32; 8] = [1, 0, 1, 1, 2, 1, 1, 0];

/// Columns of numbers made of lung's age, sex, time and status (an event: 1, weeks, not days).
fn lung(columns: &[fn(f64, f64, u32) -> f64]) -> Sample {
    let table = Table::read("data/lung");
    let (age, sex) = (table.numbers("age"), table.numbers("sex"));
    let (time, status) = (table.numbers("time"), table.codes("status"));
    let column = |f: &fn(f64, f64, u32) -> f64| -> Vec<f64> {
        (0..age.len()).map(|i| f(age[i], sex[i], status[i])).collect()
    };
    let columns: Vec<Vec<f64>> = columns.iter().map(column).collect();
    let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let weeks: Vec<f64> = time.iter().map(|t| t / 7.0).collect();
    rows(&columns, &weeks, &status)
}

fn all() -> Vec<Distribution> {
    vec![
        Distribution::Exponential,
        Distribution::Weibull,
        Distribution::Lognormal,
        Distribution::Loglogistic,
        Distribution::Gengamma,
        Distribution::Gompertz,
        Distribution::PiecewiseExponential { cuts: vec![30.0] },
        Distribution::RoystonParmar { df: 2 },
    ]
}

#[test]
fn closed_forms_by_hand() {
    // Exponential, two groups: the rate of each is its events over its time, late entry taken off.
    let y = Outcome::new(
        Some(vec![0., 1., 0., 2., 0., 0.]),
        vec![2., 4., 3., 5., 6., 1.],
        vec![1, 0, 1, 1, 1, 0],
        vec!["end".into()],
    )
    .unwrap();
    let x = ndarray::array![[0.], [0.], [0.], [1.], [1.], [1.]];
    let s = Sample::new(x, vec!["x".into()], y).unwrap();
    let fit = Parametric::new(Distribution::Exponential).fit(&s, 1).unwrap();
    // 2 events in 8, and 2 in 10.
    assert!((fit.coef[0] - 4f64.ln()).abs() < 1e-12);
    assert!((fit.coef[1] - 1.25f64.ln()).abs() < 1e-12);
    // Var = 1/d₀ + 1/d₁ of the log ratio; log likelihood Σ d ln rate − d.
    assert!((fit.se()[1] - 1.0).abs() < 1e-10 && (fit.se()[0] - 0.5f64.sqrt()).abs() < 1e-10);
    let loglik = 2.0 * 0.25f64.ln() + 2.0 * 0.2f64.ln() - 4.0;
    assert!((fit.loglik[1] - loglik).abs() < 1e-12 && fit.scale.is_none());
    // Pieces: 1 event in the 8 up to 2, 3 in the 10 after it.
    let cuts = vec![2.0];
    let model = Parametric::new(Distribution::PiecewiseExponential { cuts });
    let none = Sample::new(Array2::zeros((6, 0)), vec![], s.outcome().clone()).unwrap();
    let fit = model.fit(&none, 1).unwrap();
    assert!((fit.coef[0] - 0.125f64.ln()).abs() < 1e-12, "{}", fit.coef[0]);
    assert!((fit.coef[1] - (0.3f64 / 0.125).ln()).abs() < 1e-12);
    // Log-normal without censoring: mean and standard deviation of the logarithms.
    let t = [1.0f64, 2.0, 4.0, 9.0];
    let fit = Parametric::new(Distribution::Lognormal);
    let fit = fit.fit(&rows(&[], &t, &[1; 4]), 1).unwrap();
    let mean = t.iter().map(|t| t.ln()).sum::<f64>() / 4.0;
    let sd = (t.iter().map(|t| (t.ln() - mean).powi(2)).sum::<f64>() / 4.0).sqrt();
    assert!((fit.coef[0] - mean).abs() < 1e-12 && (fit.scale.unwrap() - sd).abs() < 1e-12);
    assert!((fit.se()[0] - sd / 2.0).abs() < 1e-12);
}

#[test]
fn special_cases_are_one_another() {
    let s = lung(&[|age, _, _| age]);
    let fit = |d: Distribution| Parametric::new(d).fit(&s, 1).unwrap();
    let weibull = fit(Distribution::Weibull);
    let spline = fit(Distribution::RoystonParmar { df: 1 });
    // ln H = (ln t − η)/σ.
    let sigma = weibull.scale.unwrap();
    assert!((spline.coef[2] - 1.0 / sigma).abs() < 1e-9);
    assert!((spline.coef[1] + weibull.coef[1] / sigma).abs() < 1e-9);
    assert!((spline.loglik[1] - weibull.loglik[1]).abs() < 1e-10);
    // A law within another is never the likelier one.
    let gamma = fit(Distribution::Gengamma).loglik[1];
    let normal = fit(Distribution::Lognormal).loglik[1];
    let exponential = fit(Distribution::Exponential).loglik[1];
    assert!(gamma >= weibull.loglik[1] - 1e-9 && gamma >= normal - 1e-9);
    assert!(
        weibull.loglik[1] >= exponential && fit(Distribution::Gompertz).loglik[1] >= exponential
    );
    // Survival falls, and starts at 1.
    for d in all() {
        let fit = fit(d);
        let x = ndarray::array![61.0];
        let h = fit.cumulative_hazard(x.view(), 0.0, &[0.0, 9.0, 40.0, 120.0]).unwrap();
        assert_eq!(h[0], (0.0, 0.0));
        assert!(
            h.windows(2).all(|w| w[0].0 < w[1].0 && w[1].1 > 0.0),
            "{:?} {h:?}",
            fit.distribution
        );
        assert!(fit.concordance(&s).unwrap().unwrap().c > 0.5);
    }
}

#[test]
fn order_units_and_doubled_rows_do_not_matter() {
    let table = Table::read("data/lung");
    let (time, status) = (table.numbers("time"), table.codes("status"));
    let x = table.matrix(&["age", "sex"]);
    let n = time.len();
    let make = |pick: &[usize], unit: f64, slow: f64, weights: Option<Vec<f64>>| {
        let exit = pick.iter().map(|&i| time[i] * slow).collect();
        let cause = pick.iter().map(|&i| status[i]).collect();
        let y = Outcome::new(None, exit, cause, vec!["end".into()]).unwrap();
        let mut x = x.select(ndarray::Axis(0), pick);
        x.column_mut(0).mapv_inplace(|v| v * unit);
        let s = Sample::new(x, vec!["age".into(), "sex".into()], y).unwrap();
        match weights {
            Some(w) => s.with_weights(w).unwrap(),
            None => s,
        }
    };
    let plain: Vec<usize> = (0..n).collect();
    let turned: Vec<usize> = (0..n).rev().collect();
    let twice: Vec<usize> = (0..n).chain((0..n).step_by(3)).collect();
    let weights = (0..n).map(|i| if i % 3 == 0 { 2.0 } else { 1.0 }).collect::<Vec<_>>();
    for d in all() {
        let cuts = |slow: f64| match &d {
            Distribution::PiecewiseExponential { .. } => {
                Distribution::PiecewiseExponential { cuts: vec![200.0 * slow, 400.0 * slow] }
            }
            other => other.clone(),
        };
        let fit = |s: &Sample, slow: f64| Parametric::new(cuts(slow)).fit(s, 1).unwrap();
        let a = fit(&make(&plain, 1.0, 1.0, None), 1.0);
        let b = fit(&make(&turned, 1000.0, 0.01, None), 0.01);
        for (j, unit) in [(1, 1000.0), (2, 1.0)] {
            assert!((b.coef[j] * unit / a.coef[j] - 1.0).abs() < 1e-7, "{d:?}");
            assert!((b.se()[j] * unit / a.se()[j] - 1.0).abs() < 1e-7);
        }
        // Knots move with the rows that are doubled, so the spline has none inside.
        if matches!(d, Distribution::RoystonParmar { .. }) {
            continue;
        }
        let a = fit(&make(&twice, 1.0, 1.0, None), 1.0);
        let b = fit(&make(&plain, 1.0, 1.0, Some(weights.clone())), 1.0);
        assert!((a.loglik[1] / b.loglik[1] - 1.0).abs() < 1e-10);
        for j in 0..a.coef.len() {
            assert!((a.coef[j] - b.coef[j]).abs() < 1e-8 * a.coef[j].abs().max(1.0));
            assert!((a.se()[j] / b.se()[j] - 1.0).abs() < 1e-8);
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_its_reason() {
    let s = rows(&[&X], &EXIT, &CAUSE);
    let why = |d: Distribution, s: &Sample| Parametric::new(d).fit(s, 1).unwrap_err().to_string();
    let cut = |cuts: &[f64]| Distribution::PiecewiseExponential { cuts: cuts.to_vec() };
    for cuts in [&[-1.0][..], &[0.0], &[2.0, 2.0], &[3.0, 1.0], &[f64::NAN]] {
        assert!(why(cut(cuts), &s).contains("cuts"), "{cuts:?}");
    }
    assert!(why(cut(&[1.5, 2.5]), &s).contains("no event from 1.5 to 2.5"));
    assert!(why(cut(&[3.0, 7.0]), &s).contains("no event from 7"));
    for df in [0, 11, 9] {
        assert!(why(Distribution::RoystonParmar { df }, &s).contains("df"), "{df}");
    }
    for d in all() {
        let s = lung(&[|age, _, _| age]);
        let strata = s.clone().with_strata((0..s.len() as u32).map(|i| i % 2).collect()).unwrap();
        assert!(why(d.clone(), &strata).contains("strata"));
        let zero = rows(&[&X], &[0., 2., 3., 4., 5., 6., 7., 8.], &CAUSE);
        assert!(why(d.clone(), &zero).contains("row 0"));
        assert!(matches!(
            Parametric::new(d.clone()).fit(&rows(&[&X], &EXIT, &[2; 8]), 1),
            Err(FitError::NoEvents { .. })
        ));
        assert!(Parametric::new(d.clone()).fit(&s, 3).is_err());
        assert!(Parametric::new(d.clone()).max_iterations(0).fit(&s, 1).is_err());
        let fit = Parametric::new(d.clone()).fit(&s, 1).unwrap();
        assert!(fit.cumulative_hazard(ndarray::array![1.0, 2.0].view(), 0.0, &[1.0]).is_err());
        assert!(fit.cumulative_hazard(ndarray::array![1.0].view(), 0.0, &[-1.0]).is_err());
        assert!(fit.linear_predictors(&rows(&[&X, &X], &EXIT, &CAUSE)).is_err());
    }
    // A scale that runs to 0: all end at one time.
    for d in [Distribution::Weibull, Distribution::Lognormal, Distribution::Loglogistic] {
        assert!(why(d, &rows(&[], &[3.0; 5], &[1; 5])).contains("scale runs to 0"));
    }
    let early = Outcome::new(Some(vec![-1.0, 0.0]), vec![1.0, 2.0], vec![1, 1], vec!["a".into()]);
    let early = Sample::new(Array2::zeros((2, 0)), vec![], early.unwrap()).unwrap();
    assert!(why(Distribution::Exponential, &early).contains("row 0 enters before"));
}

#[test]
fn separation_and_collinearity_are_named() {
    for d in all() {
        let model = Parametric::new(d.clone());
        let s = lung(&[|age, _, _| age, |_, _, _| 2.0, |age, _, _| 2.0 * age - 1.0]);
        let fit = model.clone().robust(true).fit(&s, 1).unwrap();
        assert_eq!(fit.estimated[1..4], [true, false, false], "{d:?}");
        assert!(fit.warnings.contains(&FitWarning::Constant { term: "x1".into() }));
        let with = vec!["x0".into()];
        assert!(fit.warnings.contains(&FitWarning::Collinear { term: "x2".into(), with }));
        // Nobody with x = 1 ends: for ever the better, the longer they are said to live.
        let s = lung(&[|_, sex, status| if status == 0 { 2.0 - sex } else { 0.0 }]);
        let upwards = !matches!(d, Distribution::Gompertz | Distribution::RoystonParmar { .. })
            && !matches!(d, Distribution::PiecewiseExponential { .. });
        let fit = model.fit(&s, 1).unwrap();
        let named = FitWarning::Separation { term: "x0".into(), upwards };
        assert!(fit.warnings.contains(&named) && !fit.converged, "{d:?} {:?}", fit.warnings);
    }
    // Rows too few for a distribution: it is said.
    let e = Parametric::new(Distribution::Gengamma).fit(&rows(&[&X], &EXIT, &CAUSE), 1);
    assert!(e.unwrap_err().to_string().contains("no maximum"));
}

fn same_bytes(columns: usize, distributions: &[Distribution]) {
    let n = 20_000;
    let unit =
        |i: usize, k: usize| ((i * (7919 + 104_729 * k) + 13 * k) % 100_003) as f64 / 100_003.0;
    let x = Array2::from_shape_fn((n, columns), |(i, j)| unit(i, j));
    let exit = (0..n).map(|i| 1.0 - 10.0 * (unit(i, 5) + 1e-6).ln() * x[[i, 0]].exp()).collect();
    let cause = (0..n).map(|i| u32::from(unit(i, 6) < 0.6)).collect();
    let y = Outcome::new(None, exit, cause, vec!["end".into()]).unwrap();
    let names = (0..columns).map(|j| format!("x{j}")).collect();
    let s = Sample::new(x, names, y).unwrap();
    let s = s.with_cluster((0..n).map(|i| (i % 501) as u32).collect()).unwrap();
    for d in distributions {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let fit = Parametric::new(d.clone()).fit(&s, 1).unwrap();
                let robust = fit.robust_covariance.as_ref().unwrap();
                let numbers = fit.coef.iter().chain(&fit.covariance).chain(&fit.loglik);
                numbers.chain(robust).map(|v| v.to_bits()).collect::<Vec<_>>()
            })
        };
        let one = run(1);
        for threads in [2, 3, 4, 7, 8, 16] {
            assert_eq!(run(threads), one, "{d:?} {threads}");
        }
    }
}

#[test]
fn laws_of_the_logarithm_give_the_same_bytes_for_any_number_of_threads() {
    use Distribution::{Exponential, Loglogistic, Lognormal, Weibull};
    same_bytes(2, &[Exponential, Weibull, Lognormal, Loglogistic]);
}

#[test]
fn laws_of_the_hazard_give_the_same_bytes_for_any_number_of_threads() {
    let pieces = Distribution::PiecewiseExponential { cuts: vec![5.0, 20.0] };
    same_bytes(2, &[Distribution::Gompertz, pieces, Distribution::RoystonParmar { df: 3 }]);
}

#[test]
fn the_generalised_gamma_gives_the_same_bytes_for_any_number_of_threads() {
    same_bytes(1, &[Distribution::Gengamma]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn never_panics_and_never_says_nan((s, robust) in any_sample(), kind in 0usize..8) {
        // No strata, and no end at time 0.
        let y = s.outcome();
        let shift = |v: &[f64]| v.iter().map(|t| t + 0.5).collect::<Vec<_>>();
        let entry = y.entry().map(<[f64]>::to_vec);
        let y = Outcome::new(entry, shift(y.exit()), y.cause().to_vec(), y.causes().to_vec());
        let mut new = Sample::new(s.x().clone(), s.names().to_vec(), y.unwrap()).unwrap();
        for c in s.clusters() {
            new = new.with_cluster(c.clone()).unwrap();
        }
        if let Some(w) = s.weights() {
            new = new.with_weights(w.to_vec()).unwrap();
        }
        if let Some(o) = s.offset() {
            new = new.with_offset(o.to_vec()).unwrap();
        }
        let distribution = match kind {
            6 => Distribution::PiecewiseExponential { cuts: vec![] },
            k => all().swap_remove(k),
        };
        let Ok(fit) = Parametric::new(distribution).robust(robust).fit(&new, 1) else {
            return Ok(());
        };
        let robust = fit.robust_covariance.iter().flatten();
        for v in fit.coef.iter().chain(&fit.covariance).chain(&fit.loglik).chain(robust) {
            prop_assert!(v.is_finite(), "{fit:?}");
        }
        for test in [fit.likelihood_ratio, fit.wald, fit.score] {
            prop_assert!(test.chi2.is_finite() && (0.0..=1.0).contains(&test.p), "{test:?}");
        }
        if let Some(c) = fit.concordance(&new).unwrap() {
            prop_assert!((0.0..=1.0).contains(&c.c));
        }
    }
}
