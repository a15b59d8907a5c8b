//! Whatever comes in: a clear error or a stated warning, never NaN, never a panic.

use ndarray::Array2;
use pleegzorg::survival::{
    AalenJohansen, ConcordanceOptions, Cox, CoxFit, Distribution, FineGray, FitError, FitWarning,
    Interval, KaplanMeier, Outcome, Parametric, Sample, Ties, Transform, concordance, gray,
    logrank,
};
use proptest::prelude::*;
use proptest::test_runner::{FailurePersistence, FileFailurePersistence};

pub fn sample(x: &[&[f64]], exit: &[f64], cause: &[u32]) -> Sample {
    let causes = vec!["breakdown".into(), "home".into()];
    let y = Outcome::new(None, exit.to_vec(), cause.to_vec(), causes).unwrap();
    let x = Array2::from_shape_fn((exit.len(), x.len()), |(i, j)| x[j][i]);
    let names = (0..x.ncols()).map(|j| format!("x{j}")).collect();
    Sample::new(x, names, y).unwrap()
}

fn sound(fit: &CoxFit) {
    let numbers = fit.coef.iter().chain(fit.covariance.iter()).chain(&fit.loglik);
    assert!(numbers.copied().all(f64::is_finite), "{fit:?}");
    for v in fit.robust_covariance.iter().flatten() {
        assert!(v.is_finite());
    }
    for test in [fit.likelihood_ratio, fit.wald, fit.score] {
        assert!(test.chi2.is_finite() && (0.0..=1.0).contains(&test.p), "{test:?}");
    }
}

const EXIT: [f64; 8] = [1., 2., 3., 4., 5., 6., 7., 8.];
const X: [f64; 8] = [0.3, -1.2, 0.8, 0.1, -0.4, 1.9, -0.7, 0.2];

#[test]
fn no_event_is_an_error_that_names_the_cause() {
    let s = sample(&[&X], &EXIT, &[2; 8]);
    let e = Cox::new().fit(&s, 1).unwrap_err();
    assert_eq!(e, FitError::NoEvents { cause: "breakdown".into() });
    assert!(e.to_string().contains("breakdown"));
    assert!(matches!(Cox::new().fit(&s, 3), Err(FitError::UnknownCause { cause: 3, causes: 2 })));
    assert!(Cox::new().fit(&s, 0).is_err());
    assert!(Cox::new().max_iterations(0).fit(&s, 2).is_err());
}

#[test]
fn one_event_is_fitted_or_said_to_separate() {
    let fit = Cox::new().fit(&sample(&[&X], &EXIT, &[0, 0, 0, 1, 0, 0, 0, 0]), 1).unwrap();
    sound(&fit);
    assert_eq!(fit.events, 1);
    assert!(fit.warnings.iter().any(|w| matches!(w, FitWarning::FewEvents { events: 1, .. })));
    // The one event has the largest x of its risk set.
    let fit = Cox::new().fit(&sample(&[&X], &EXIT, &[0, 0, 0, 0, 0, 1, 0, 0]), 1).unwrap();
    sound(&fit);
    let separated = FitWarning::Separation { term: "x0".into(), upwards: true };
    assert!(fit.warnings.contains(&separated), "{:?}", fit.warnings);
    assert!(!fit.converged);
}

#[test]
fn all_events_at_one_time() {
    let s = sample(&[&X], &[3.0; 8], &[1, 0, 1, 0, 1, 0, 1, 0]);
    for ties in [Ties::Efron, Ties::Breslow] {
        let fit = Cox::new().ties(ties).robust(true).fit(&s, 1).unwrap();
        sound(&fit);
        assert!(fit.zph(&s, Transform::Km).is_err());
        fit.baseline_cells(&s, &[0.0, 3.0]).unwrap();
    }
    // All die at once: the likelihood is flat under Efron and Breslow alike only in the mean.
    sound(&Cox::new().fit(&sample(&[&X], &[3.0; 8], &[1; 8]), 1).unwrap());
}

#[test]
fn constant_and_collinear_columns_are_named() {
    let twice: Vec<f64> = X.iter().map(|v| 2.0 * v - 3.0).collect();
    let s = sample(&[&X, &[7.0; 8], &twice], &EXIT, &[1, 0, 1, 1, 0, 1, 1, 0]);
    let fit = Cox::new().robust(true).fit(&s, 1).unwrap();
    sound(&fit);
    assert_eq!(fit.estimated, [true, false, false]);
    assert_eq!((fit.coef[1], fit.coef[2]), (0.0, 0.0));
    assert!(fit.warnings.contains(&FitWarning::Constant { term: "x1".into() }));
    let with = vec!["x0".into()];
    assert!(fit.warnings.contains(&FitWarning::Collinear { term: "x2".into(), with }));
    assert_eq!(fit.score.df, 1.0);
    let alone = Cox::new().fit(&sample(&[&X], &EXIT, s.outcome().cause()), 1).unwrap();
    assert!((alone.coef[0] - fit.coef[0]).abs() < 1e-12);
    // Constant within every stratum.
    let strata = vec![0, 0, 0, 0, 1, 1, 1, 1];
    let by: Vec<f64> = strata.iter().map(|&v| f64::from(v)).collect();
    let s = sample(&[&X, &by], &EXIT, &[1, 0, 1, 1, 0, 1, 1, 0]).with_strata(strata).unwrap();
    let fit = Cox::new().fit(&s, 1).unwrap();
    assert_eq!(fit.estimated, [true, false]);
    sound(&fit);
}

/// A continuous column that orders all events: the likelihood rises for ever, by ever smaller
/// gains, and is never flat.
#[test]
fn a_column_that_orders_every_event_is_named() {
    let n = 60;
    let x: Vec<f64> = (0..n).map(|i| (f64::from(i) * 0.7).sin() + 0.05 * f64::from(i)).collect();
    let exit: Vec<f64> = x.iter().map(|v| 40.0 - 3.0 * v).collect();
    let y = Outcome::new(None, exit, vec![1; n as usize], vec!["breakdown".into()]).unwrap();
    let x = Array2::from_shape_vec((n as usize, 1), x).unwrap();
    let fit = Cox::new().fit(&Sample::new(x, vec!["x0".into()], y).unwrap(), 1).unwrap();
    let separated = FitWarning::Separation { term: "x0".into(), upwards: true };
    assert!(fit.warnings.contains(&separated), "{:?}", fit.warnings);
    assert!(!fit.converged);
}

#[test]
fn perfect_separation_is_named_with_its_direction() {
    let down: Vec<f64> = EXIT.iter().map(|t| -t).collect();
    for (x, upwards) in [(EXIT.to_vec(), false), (down, true)] {
        let fit = Cox::new().fit(&sample(&[&x, &X], &EXIT, &[1; 8]), 1).unwrap();
        sound(&fit);
        let separated = FitWarning::Separation { term: "x0".into(), upwards };
        assert!(fit.warnings.contains(&separated), "{:?}", fit.warnings);
        assert!(!fit.converged);
        assert!(fit.warnings.iter().any(|w| w.to_string().contains("x0")));
    }
}

#[test]
fn more_terms_than_rows() {
    let columns: Vec<Vec<f64>> = (0..12)
        .map(|j| (0..8).map(|i| f64::from((i * 7 + j * 5 + i * i * j) % 11)).collect())
        .collect();
    let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let fit = Cox::new().fit(&sample(&columns, &EXIT, &[1, 0, 1, 1, 0, 1, 1, 0]), 1).unwrap();
    sound(&fit);
    assert!(fit.estimated.iter().filter(|&&e| e).count() < 8);
    assert!(fit.warnings.iter().any(|w| matches!(w, FitWarning::Collinear { .. })));
}

#[test]
fn scales_from_the_tiny_to_the_huge_give_the_same_fit() {
    let cause = [1, 0, 1, 1, 0, 1, 1, 0];
    let other: [f64; 8] = [1., 0., 0., 1., 1., 0., 1., 1.];
    let plain = Cox::new().fit(&sample(&[&X, &other], &EXIT, &cause), 1).unwrap();
    for (scale, shift) in [(1e12, 0.0), (1e-12, 0.0), (1e150, 0.0), (1e-150, 0.0), (1.0, 1e9)] {
        let x: Vec<f64> = X.iter().map(|v| v * scale + shift).collect();
        let fit = Cox::new().fit(&sample(&[&x, &other], &EXIT, &cause), 1).unwrap();
        sound(&fit);
        let within = if shift > 0.0 { 1e-6 } else { 1e-10 };
        assert!((fit.coef[0] * scale / plain.coef[0] - 1.0).abs() < within, "{scale} {shift}");
        assert!((fit.coef[1] / plain.coef[1] - 1.0).abs() < within);
        assert!((fit.se()[0] * scale / plain.se()[0] - 1.0).abs() < within);
    }
}

#[test]
fn an_outlier_that_drives_a_coefficient_is_named() {
    let n = 60;
    let mut x: Vec<f64> = (0..n).map(|i| f64::from((i * 37) % 19) / 19.0).collect();
    let exit: Vec<f64> = (0..n).map(|i| f64::from((i * 23) % 61 + 1)).collect();
    let clean = Cox::new().fit(&sample(&[&x], &exit, &[1; 60]), 1).unwrap();
    assert!(!clean.warnings.iter().any(|w| matches!(w, FitWarning::Outlier { .. })));
    x[0] = 12.0;
    let fit = Cox::new().fit(&sample(&[&x], &exit, &[1; 60]), 1).unwrap();
    let named = fit.warnings.iter().any(|w| {
        matches!(w, FitWarning::Outlier { row: 0, term, shift } if term == "x0" && *shift > 1.0)
    });
    assert!(named, "{:?}", fit.warnings);
}

/// Of the few who are exposed, one lives longest; no value is far out.
#[test]
fn a_row_that_is_not_far_out_drives_a_coefficient_too() {
    let n = 40;
    let exit: Vec<f64> = (0..n).map(|i| ((i * 23) % 41 + 1) as f64).collect();
    let x: Vec<f64> =
        exit.iter().map(|t| f64::from(u8::from([1.0, 31.0, 41.0].contains(t)))).collect();
    let s = sample(&[&x], &exit, &vec![1; n]);
    let fit = Cox::new().fit(&s, 1).unwrap();
    let driving = fit.warnings.iter().find_map(|w| match w {
        FitWarning::Outlier { row, term, shift } => Some((*row, term.as_str(), *shift)),
        _ => None,
    });
    let (row, term, shift) = driving.unwrap();
    assert!(term == "x0" && x[row] == 1.0 && shift > 1.0);
    // The shift is that of a fit without the row.
    let keep: Vec<usize> = (0..n).filter(|&i| i != row).collect();
    let rest = |v: &[f64]| keep.iter().map(|&i| v[i]).collect::<Vec<_>>();
    let other = sample(&[&rest(&x)], &rest(&exit), &vec![1; n - 1]);
    let other = Cox::new().fit(&other, 1).unwrap();
    assert!(((fit.coef[0] - other.coef[0]).abs() / fit.se()[0] - shift).abs() < 1e-9);
    let said = fit.warnings.iter().map(ToString::to_string).collect::<String>();
    assert!(said.contains("one row alone moves x0 by"), "{said}");
}

#[test]
fn a_cluster_that_drives_a_coefficient_is_named_by_its_term_only() {
    let n = 80;
    let cluster: Vec<u32> = (0..n as u32).map(|i| if i < 20 { 9001 } else { i }).collect();
    let x: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i % 3 == 0))).collect();
    // In one cluster the exposed end first.
    let mut exit: Vec<f64> = (0..n).map(|i| ((i * 37) % 83 + 10) as f64).collect();
    for (i, t) in exit.iter_mut().enumerate().take(20) {
        *t = if i % 3 == 0 { 1.0 + i as f64 / 50.0 } else { 95.0 + i as f64 };
    }
    let plain = sample(&[&x], &exit, &vec![1; n]);
    let fit = Cox::new().fit(&plain.clone().with_cluster(cluster).unwrap(), 1).unwrap();
    let named = fit.warnings.iter().find(|w| {
        matches!(w, FitWarning::DrivingCluster { cluster: 9001, term, shift } if term == "x0" && *shift > 1.0)
    });
    let said = named.map(ToString::to_string).unwrap_or_default();
    assert!(said.contains("one cluster alone moves x0 by") && !said.contains("9001"), "{said}");
    let even = (0..n as u32).map(|i| i % 40).collect();
    let fit = Cox::new().fit(&plain.with_cluster(even).unwrap(), 1).unwrap();
    assert!(!fit.warnings.iter().any(|w| matches!(w, FitWarning::DrivingCluster { .. })));
}

/// So in the other models.
#[test]
fn fine_gray_and_parametric_models_name_a_driving_row() {
    let n = 60;
    let mut x: Vec<f64> = (0..n).map(|i| f64::from((i * 37) % 19) / 19.0).collect();
    let exit: Vec<f64> = (0..n).map(|i| f64::from((i * 23) % 61 + 1)).collect();
    let cause: Vec<u32> = (0..n as u32).map(|i| 1 + u32::from(i % 4 == 1)).collect();
    let drives = |w: &[FitWarning]| {
        w.iter().any(|w| matches!(w, FitWarning::Outlier { row: 0, term, .. } if term == "x0"))
    };
    let said = |x: &[f64]| {
        let s = sample(&[x], &exit, &cause);
        let weibull = Parametric::new(Distribution::Weibull).fit(&s, 1).unwrap();
        [drives(&FineGray::new().fit(&s, 1).unwrap().warnings), drives(&weibull.warnings)]
    };
    assert_eq!(said(&x), [false; 2]);
    // Far enough out, a row bends the fit to itself and leaves no residual.
    for out in [5.0, 12.0] {
        x[0] = out;
        assert_eq!(said(&x), [true; 2]);
    }
}

#[test]
fn strata_without_events_are_counted() {
    let s = sample(&[&X], &EXIT, &[1, 0, 1, 1, 0, 0, 0, 0]);
    let s = s.with_strata(vec![5, 5, 5, 5, 5, 2, 2, 9]).unwrap();
    let fit = Cox::new().fit(&s, 1).unwrap();
    for (stratum, rows) in [(2, 2), (9, 1)] {
        assert!(fit.warnings.contains(&FitWarning::StratumWithoutEvents { stratum, rows }));
    }
    assert_eq!(fit.baseline_cells(&s, &[0.0, 9.0]).unwrap().len(), 1);
}

#[test]
fn an_offset_out_of_all_range_is_an_error() {
    let offset = (0..8).map(|i| f64::from(i) * 1e6).collect();
    let s = sample(&[&X], &EXIT, &[1; 8]).with_offset(offset).unwrap();
    assert!(matches!(Cox::new().fit(&s, 1), Err(FitError::Start { .. })));
    // A shift of all rows is none.
    let s = sample(&[&X], &EXIT, &[1; 8]).with_offset(vec![1e6; 8]).unwrap();
    sound(&Cox::new().fit(&s, 1).unwrap());
}

#[test]
fn another_sample_or_bad_edges_are_errors() {
    let s = sample(&[&X], &EXIT, &[1; 8]);
    let fit = Cox::new().fit(&s, 1).unwrap();
    let other = sample(&[&X[..7]], &EXIT[..7], &[1; 7]);
    assert!(fit.martingale_residuals(&other).is_err());
    assert!(fit.linear_predictors(&sample(&[&X, &X], &EXIT, &[1; 8])).is_err());
    for edges in [vec![], vec![1.0], vec![1.0, 1.0], vec![2.0, 1.0], vec![0.0, f64::NAN]] {
        assert!(fit.baseline_cells(&s, &edges).is_err());
    }
}

/// A random sample: few distinct times and values, so that ties and degenerate sets abound.
pub fn any_sample() -> impl Strategy<Value = (Sample, bool)> {
    let row = (0u8..6, 1u8..6, 0u32..3, 0u32..3, 0u32..4, 1u8..4, -2i8..3);
    (
        proptest::collection::vec(row, 1..30),
        proptest::collection::vec(-3i8..4, 90),
        0usize..4,
        proptest::sample::select(vec![1.0, 1e9, 1e-9, 1e300, 1e-300]),
        any::<[bool; 6]>(),
    )
        .prop_map(|(rows, values, p, scale, with)| {
            let n = rows.len();
            let entry = with[0].then(|| rows.iter().map(|r| f64::from(r.0)).collect());
            let exit = rows.iter().map(|r| f64::from(r.0 + r.1)).collect();
            let cause = rows.iter().map(|r| r.2).collect();
            let causes = vec!["breakdown".into(), "home".into()];
            let y = Outcome::new(entry, exit, cause, causes).unwrap();
            let x = Array2::from_shape_fn((n, p), |(i, j)| {
                f64::from(values[(i * 3 + j) % 90]) * if j == 0 { scale } else { 1.0 }
            });
            let names = (0..p).map(|j| format!("x{j}")).collect();
            let mut s = Sample::new(x, names, y).unwrap();
            if with[1] {
                s = s.with_strata(rows.iter().map(|r| r.3).collect()).unwrap();
            }
            if with[2] {
                s = s.with_cluster(rows.iter().map(|r| r.4).collect()).unwrap();
            }
            if with[3] {
                s = s.with_cluster(rows.iter().map(|r| r.3).collect()).unwrap();
            }
            if with[4] {
                s = s.with_weights(rows.iter().map(|r| f64::from(r.5) / 2.0).collect()).unwrap();
            }
            if with[5] {
                s = s.with_offset(rows.iter().map(|r| f64::from(r.6)).collect()).unwrap();
            }
            (s, with[0] ^ with[5])
        })
}

/// Cases that once failed stand beside this file and are tried first.
fn config() -> ProptestConfig {
    let file = FileFailurePersistence::Direct("tests/it/survival/bad_input.regressions");
    let failure_persistence: Option<Box<dyn FailurePersistence>> = Some(Box::new(file));
    ProptestConfig { cases: 1000, failure_persistence, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn cox_never_panics_and_never_says_nan((s, robust) in any_sample(), efron in any::<bool>()) {
        let ties = if efron { Ties::Efron } else { Ties::Breslow };
        let Ok(fit) = Cox::new().ties(ties).robust(robust).fit(&s, 1) else { return Ok(()) };
        sound(&fit);
        let finite = |v: &Array2<f64>| v.iter().all(|v| v.is_finite());
        if let Ok(cells) = fit.baseline_cells(&s, &[0.0, 3.0, 12.0]) {
            for c in &cells {
                prop_assert!(c.dh.iter().chain(&c.dv).all(|v| v.is_finite() && *v >= 0.0));
                prop_assert!(finite(&c.dq));
            }
        }
        if let Ok(m) = fit.martingale_residuals(&s) {
            prop_assert!(m.iter().all(|v| v.is_finite()));
            prop_assert!(fit.deviance_residuals(&s).unwrap().iter().all(|v| v.is_finite()));
            prop_assert!(finite(&fit.score_residuals(&s).unwrap()));
            prop_assert!(finite(&fit.dfbetas(&s).unwrap()));
            prop_assert!(finite(&fit.schoenfeld_residuals(&s).unwrap().scaled));
        }
        for transform in [Transform::Km, Transform::Rank, Transform::Identity, Transform::Log] {
            if let Ok(test) = fit.zph(&s, transform) {
                prop_assert!(test.global.chi2.is_finite());
                prop_assert!(test.terms.iter().all(|t| t.chi2.is_finite() && t.p.is_finite()));
            }
        }
    }

    #[test]
    fn curves_and_tests_never_panic_and_never_say_nan((s, _) in any_sample(), rho in 0.0..2.0f64) {
        let y = s.outcome();
        let km = KaplanMeier::new(y, s.weights()).unwrap();
        let aj = AalenJohansen::new(y, s.weights()).unwrap();
        for t in [0.0, 1.0, 4.5, 100.0] {
            let p = km.at(t, Interval::LogLog, 0.95);
            prop_assert!((0.0..=1.0).contains(&p.estimate) && p.se.is_finite());
            if let Some((lower, upper)) = p.bounds {
                prop_assert!(0.0 <= lower && lower <= p.estimate && p.estimate <= upper && upper <= 1.0);
            }
            let sum: f64 = (1..=2).map(|c| aj.at(c, t, Interval::Log, 0.95).unwrap().estimate).sum();
            prop_assert!((sum + aj.event_free_at(t).0 - 1.0).abs() < 1e-12);
        }
        prop_assert!(km.restricted_mean(7.0).unwrap().1.is_finite());
        let groups = s.strata().map_or_else(|| vec![0; y.len()], <[u32]>::to_vec);
        let t = logrank(y, None, &groups, None, rho).unwrap();
        prop_assert!(t.test.chi2.is_finite() && t.test.p.is_finite());
        if let Ok(t) = gray(y, 1, &groups, None, rho) {
            prop_assert!(t.chi2.is_finite() && t.p.is_finite());
        }
        let score: Vec<f64> = (0..y.len()).map(|i| (i % 4) as f64).collect();
        if let Some(c) = concordance(y, &score, &ConcordanceOptions::default()).unwrap() {
            prop_assert!((0.0..=1.0).contains(&c.c) && c.se.is_finite());
        }
    }
}
