//! Fine–Gray models against R's `cmprsk::crr` and `survival::finegray` with `coxph`, 1e-8.

use ndarray::{Array1, Array2};
use pleegzorg::survival::{
    Convention, Cox, FineGray, FineGrayFit, FitError, FitWarning, Interval, NewRows, Outcome,
    Sample, Ties,
};
use proptest::prelude::*;

use super::bad_input::{any_sample, sample as rows};
use super::golden::{Expected, Once, Referee, Table, sample};
use crate::run::root;

fn fitted(cases: &Table, row: usize) -> (String, Sample, FineGrayFit) {
    let sample = sample(cases, row);
    let text = |column: &str| cases.text(row, column);
    let mut model = FineGray::new().convention(match text("convention") {
        "crr" => Convention::Crr,
        "finegray" => Convention::Finegray,
        other => panic!("{other}"),
    });
    match text("ties") {
        "" => {}
        "efron" => model = model.ties(Ties::Efron),
        "breslow" => model = model.ties(Ties::Breslow),
        other => panic!("{other}"),
    }
    model = model.ridge(text("ridge").parse().unwrap());
    let fit = model.fit(&sample, text("cause").parse().unwrap()).unwrap();
    (text("case").to_owned(), sample, fit)
}

pub static FITS: Once = Once::new();

pub fn fits() -> Referee {
    let (cases, expected) = (Table::read("fine-gray-cases"), Expected::read("fine-gray-expected"));
    let mut referee = Referee::default();
    for row in 0..cases.len() {
        let (name, sample, fit) = fitted(&cases, row);
        assert!(fit.converged, "{name}: {:?}", fit.warnings);
        let (se, robust) = (fit.se(), fit.robust_se());
        let x = sample.x();
        let levels = [
            x.mean_axis(ndarray::Axis(0)).unwrap(),
            x.row(0).to_owned(),
            x.row(x.nrows() - 1).to_owned(),
        ];
        let crr = cases.text(row, "convention") == "crr";
        let method =
            if crr { "Fine–Gray, convention crr" } else { "Fine–Gray, convention finegray" };
        referee.on(method, cases.text(row, "data"));
        for (what, item, r) in expected.case(&name) {
            let at = || fit.names.iter().position(|n| n == item).unwrap();
            let ours = match (what.as_str(), item.as_str()) {
                ("coef", _) => fit.coef[at()],
                ("se", _) => se[at()],
                ("robust_se", _) => robust.as_ref().unwrap()[at()],
                ("covariance", _) => fit.covariance[[0, 1]],
                ("loglik", "null") => fit.loglik[0],
                ("loglik", "final") => fit.loglik[1],
                ("test", "wald") => fit.wald.chi2,
                ("test", "score") => fit.score.chi2,
                ("test", "likelihood_ratio") => fit.likelihood_ratio.chi2,
                ("cif", _) => {
                    let (level, time) = item.split_once(' ').unwrap();
                    let level = levels[level.parse::<usize>().unwrap()].view();
                    fit.cumulative_incidence(level, 0, &[time.parse().unwrap()]).unwrap()[0]
                }
                other => panic!("{other:?}"),
            };
            referee.compare(&name, what, item, ours, *r, 1e-8);
        }
    }
    referee
}

#[test]
fn fits_are_those_of_crr_and_finegray() {
    FITS.get_or_init(fits).verdict(400);
}

/// Rows A–F end at 1 … 6: otherwise, censored, by the cause, censored, by the cause, by the cause.
fn by_hand() -> Sample {
    let x = [1., 0., 0., 1., 1., 0.];
    rows(&[&x], &[1., 2., 3., 4., 5., 6.], &[2, 0, 1, 0, 1, 1])
}

#[test]
fn six_rows_by_hand() {
    // G(3−) = 4/5 and G(5−) = G(6−) = 4/5 · 2/3 = 8/15, so with r = e^β the risk sets weigh
    // C + D + E + F + A = 2 + 2r + 0.8r, E + F + A = 1 + r + 8r/15 and F + A = 1 + 8r/15.
    let fit = FineGray::new().fit(&by_hand(), 1).unwrap();
    let r = fit.coef[0].exp();
    let sets = [2.0 + 2.8 * r, 1.0 + 23.0 / 15.0 * r, 1.0 + 8.0 / 15.0 * r];
    let slopes = [2.8, 23.0 / 15.0, 8.0 / 15.0];
    let slope = 1.0 - slopes.iter().zip(sets).map(|(s, set)| s * r / set).sum::<f64>();
    assert!(slope.abs() < 1e-12, "{slope}");
    let loglik = fit.coef[0] - sets.iter().map(|s| s.ln()).sum::<f64>();
    assert!((fit.loglik[1] - loglik).abs() < 1e-14);
    assert!((fit.loglik[0] + (4.8f64 * (38.0 / 15.0) * (23.0 / 15.0)).ln()).abs() < 1e-14);
    // The curve of a row with x = 1 is 1 − exp(−r Σ 1/S0).
    let hazard = r * (1.0 / sets[0] + 1.0 / sets[1]);
    let one = ndarray::array![1.0];
    let f = fit.cumulative_incidence(one.view(), 0, &[0.0, 5.5]).unwrap();
    assert!(f[0] == 0.0 && (f[1] - (1.0 - (-hazard).exp())).abs() < 1e-14);
    assert!(fit.cumulative_incidence(one.view(), 1, &[1.0]).is_err());
    // No two of them are tied, so the conventions agree; their errors differ.
    let other = FineGray::new().convention(Convention::Finegray).fit(&by_hand(), 1).unwrap();
    assert!((other.coef[0] - fit.coef[0]).abs() < 1e-12);
    assert!(other.se()[0] != fit.se()[0] && other.robust_covariance.is_some());
}

#[test]
fn no_other_end_makes_it_a_cox_model() {
    let table = Table::read("data/lung");
    let y = Outcome::new(None, table.numbers("time"), table.codes("status"), vec!["end".into()]);
    let terms = ["age", "sex", "ph.ecog"];
    let names = terms.map(str::to_owned).to_vec();
    let s = Sample::new(table.matrix(&terms), names, y.unwrap()).unwrap();
    for ties in [Ties::Efron, Ties::Breslow] {
        let cox = Cox::new().ties(ties).robust(true).fit(&s, 1).unwrap();
        let model = FineGray::new().convention(Convention::Finegray).ties(ties);
        let fit = model.fit(&s, 1).unwrap();
        for j in 0..3 {
            assert!((fit.coef[j] / cox.coef[j] - 1.0).abs() < 1e-10);
            assert!((fit.se()[j] / cox.se()[j] - 1.0).abs() < 1e-12);
            let (ours, robust) = (fit.robust_se().unwrap()[j], cox.robust_se().unwrap()[j]);
            assert!((ours / robust - 1.0).abs() < 1e-10);
        }
        let edges = [0.0, 100.0, 400.0, 1100.0];
        let at = fit.means.view();
        let cells = &fit.baseline_cells_at(&s, &edges, at).unwrap()[0];
        let theirs = &cox.baseline_cells_at(&s, &edges, at).unwrap()[0];
        assert_eq!(cells.events, theirs.events);
        for (a, b) in cells.dh.iter().zip(&theirs.dh).chain(cells.dv.iter().zip(&theirs.dv)) {
            assert!((a / b - 1.0).abs() < 1e-10);
        }
        for (a, b) in cells.dq.iter().zip(&theirs.dq) {
            assert!((a - b).abs() < 1e-10);
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let s = by_hand();
    let setting = |r: Result<FineGrayFit, FitError>, name: &str| {
        assert!(matches!(&r, Err(FitError::Setting { setting, .. }) if *setting == name), "{r:?}");
    };
    setting(FineGray::new().ties(Ties::Efron).fit(&s, 1), "ties");
    for ridge in [-1.0, f64::NAN, f64::INFINITY] {
        setting(FineGray::new().ridge(ridge).fit(&s, 1), "ridge");
    }
    setting(FineGray::new().max_iterations(0).fit(&s, 1), "max_iterations");
    let three = (0..3).fold(s.clone(), |s, _| s.with_cluster(vec![0; 6]).unwrap());
    setting(FineGray::new().fit(&three, 1), "cluster");
    assert!(matches!(FineGray::new().fit(&s, 3), Err(FitError::UnknownCause { .. })));
    let none = rows(&[&[0.0, 1.0]], &[1.0, 2.0], &[2, 2]);
    assert!(matches!(FineGray::new().fit(&none, 1), Err(FitError::NoEvents { .. })));
    let fit = FineGray::new().fit(&s, 1).unwrap();
    assert!(fit.cumulative_incidence(ndarray::array![1.0, 2.0].view(), 0, &[1.0]).is_err());
    assert!(fit.baseline_cells_at(&s, &[1.0], fit.means.view()).is_err());
    assert!(fit.baseline_cells_at(&none, &[0.0, 1.0], fit.means.view()).is_err());
}

#[test]
fn an_early_end_of_all_observation_is_an_error_that_says_when() {
    // Row 0 is alone until 1, where it is censored: nobody after it could still be observed.
    let y = Outcome::new(
        Some(vec![0., 1., 1., 1.]),
        vec![1., 2., 3., 4.],
        vec![0, 2, 1, 1],
        vec!["a".into(), "b".into()],
    );
    let x = ndarray::array![[1.0], [0.0], [1.0], [0.0]];
    let s = Sample::new(x, vec!["x".into()], y.unwrap()).unwrap();
    for convention in [Convention::Crr, Convention::Finegray] {
        let e = FineGray::new().convention(convention).fit(&s, 1).unwrap_err();
        assert!(e.to_string().contains("time 2"), "{e}");
    }
}

#[test]
fn a_ridge_tames_separation_which_is_named_without_it() {
    let s = rows(&[&[1., 1., 1., 0., 0., 0.]], &[1., 2., 3., 4., 5., 6.], &[1, 1, 1, 0, 2, 0]);
    let fit = FineGray::new().fit(&s, 1).unwrap();
    let named = FitWarning::Separation { term: "x0".into(), upwards: true };
    assert!(fit.warnings.contains(&named) && !fit.converged, "{:?}", fit.warnings);
    let fit = FineGray::new().ridge(1.0).fit(&s, 1).unwrap();
    assert!(fit.converged && fit.coef[0] > 0.3 && fit.coef[0] < 3.0, "{}", fit.coef[0]);
    // A column of one value, and one that another explains.
    let x = [0.3, 1.2, 0.8, 0.1, 0.4, 1.9];
    let twice = x.map(|v| 2.0 * v - 1.0);
    let s = rows(&[&x, &[3.0; 6], &twice], &[1., 2., 3., 4., 5., 6.], &[1, 2, 1, 0, 1, 1]);
    let fit = FineGray::new().fit(&s, 1).unwrap();
    assert_eq!(fit.estimated, [true, false, false]);
    assert!(fit.warnings.contains(&FitWarning::Constant { term: "x1".into() }));
    assert!(fit.warnings.iter().any(|w| matches!(w, FitWarning::Collinear { .. })));
}

/// Rows drawn by a fixed rule, with ties, clusters and strata.
fn many(n: usize) -> Sample {
    let unit = |i: usize, k: usize| {
        let v = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (k as u64) << 32;
        let v = (v ^ (v >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((v ^ (v >> 32)) >> 11) as f64 / (1u64 << 53) as f64
    };
    let x = Array2::from_shape_fn((n, 4), |(i, j)| unit(i, j) - 0.5);
    let exit = (0..n).map(|i| {
        let rate = (0.5 * x[[i, 0]] - x[[i, 1]]).exp();
        (-1000.0 * unit(i, 9).ln() / rate).ceil() / 8.0 + 1.0
    });
    let cause = (0..n).map(|i| (unit(i, 7) * 3.0) as u32).collect();
    let causes = vec!["a".into(), "b".into()];
    let y = Outcome::new(None, exit.collect(), cause, causes).unwrap();
    let names = (0..4).map(|j| format!("x{j}")).collect();
    let s = Sample::new(x, names, y).unwrap();
    let s = s.with_cluster((0..n).map(|i| (i % 977) as u32).collect()).unwrap();
    s.with_strata((0..n).map(|i| (unit(i, 5) * 3.0) as u32).collect()).unwrap()
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    let s = many(20_000);
    let x = Array1::from(vec![0.1, -0.2, 0.3, 0.0]);
    let run = |model: &FineGray, threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let fit = model.fit(&s, 1).unwrap();
            let mut out: Vec<f64> = fit.coef.iter().chain(&fit.covariance).copied().collect();
            out.extend(fit.loglik.iter().chain(fit.robust_covariance.as_ref().unwrap()));
            out.extend(fit.cumulative_incidence(x.view(), 1, &[50.0, 100.0]).unwrap());
            let cells = fit.baseline_cells_at(&s, &[0.0, 50.0, 100.0], x.view()).unwrap();
            out.extend(cells.iter().flat_map(|c| c.dh.iter().chain(&c.dv).chain(&c.dq)));
            out.into_iter().map(f64::to_bits).collect::<Vec<_>>()
        })
    };
    let efron = FineGray::new().convention(Convention::Finegray);
    for model in [FineGray::new(), efron.clone(), efron.ties(Ties::Breslow)] {
        let one = run(&model, 1);
        for threads in [2, 3, 4, 7, 8, 16] {
            assert_eq!(run(&model, threads), one, "{model:?}, {threads} threads");
        }
    }
}

#[test]
fn order_units_and_doubled_rows_do_not_matter() {
    let s = many(700);
    let fit = FineGray::new().fit(&s, 1).unwrap();
    let pick = |rows: &[usize], weights: Option<Vec<f64>>, scale: f64, shift: f64| {
        let mut x = s.x().select(ndarray::Axis(0), rows);
        x.column_mut(1).mapv_inplace(|v| v * scale + shift);
        let strata = s.strata().unwrap();
        let new = Sample::new(x, s.names().to_vec(), s.outcome().select(rows).unwrap()).unwrap();
        let new = new.with_strata(rows.iter().map(|&r| strata[r]).collect()).unwrap();
        match weights {
            Some(w) => new.with_weights(w).unwrap(),
            None => new,
        }
    };
    let turned: Vec<usize> = (0..700).rev().collect();
    let other = FineGray::new().fit(&pick(&turned, None, 1000.0, 5.0), 1).unwrap();
    for j in 0..4 {
        let unit = if j == 1 { 1000.0 } else { 1.0 };
        assert!((other.coef[j] * unit / fit.coef[j] - 1.0).abs() < 1e-9);
        assert!((other.se()[j] * unit / fit.se()[j] - 1.0).abs() < 1e-9);
    }
    // Each row with an even number twice, or with weight 2.
    let twice: Vec<usize> = (0..700).chain((0..700).step_by(2)).collect();
    let all: Vec<usize> = (0..700).collect();
    let weights = (0..700).map(|i| if i % 2 == 0 { 2.0 } else { 1.0 }).collect();
    let a = FineGray::new().fit(&pick(&twice, None, 1.0, 0.0), 1).unwrap();
    let b = FineGray::new().fit(&pick(&all, Some(weights), 1.0, 0.0), 1).unwrap();
    for j in 0..4 {
        assert!((a.coef[j] - b.coef[j]).abs() < 1e-9);
    }
    assert!((a.loglik[1] / b.loglik[1] - 1.0).abs() < 1e-12);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn never_panics_and_never_says_nan(
        (s, crr) in any_sample(),
        breslow in any::<bool>(),
        ridge in prop::sample::select(vec![0.0, 0.0, 0.7]),
    ) {
        let mut model = FineGray::new().ridge(ridge);
        if !crr {
            model = model.convention(Convention::Finegray);
            model = model.ties(if breslow { Ties::Breslow } else { Ties::Efron });
        }
        let Ok(fit) = model.fit(&s, 1) else { return Ok(()) };
        let robust = fit.robust_covariance.iter().flatten();
        let numbers = fit.coef.iter().chain(&fit.covariance).chain(&fit.loglik).chain(robust);
        for v in numbers {
            prop_assert!(v.is_finite(), "{fit:?}");
        }
        for test in [fit.likelihood_ratio, fit.wald, fit.score] {
            prop_assert!(test.chi2.is_finite() && (0.0..=1.0).contains(&test.p), "{test:?}");
        }
        for b in &fit.baselines {
            let f = fit.cumulative_incidence(fit.means.view(), b.stratum, &[0.0, 4.0, 99.0]);
            prop_assert!(f.unwrap().iter().all(|f| (0.0..=1.0).contains(f)));
        }
        if let Ok(all) = fit.baseline_cells_at(&s, &[0.0, 3.0, 12.0], fit.means.view()) {
            for c in &all {
                prop_assert!(c.dh.iter().chain(&c.dv).all(|v| v.is_finite() && *v >= 0.0));
                prop_assert!(c.dq.iter().all(|v| v.is_finite()));
            }
        }
        if let Some(c) = fit.concordance(&s).unwrap() {
            prop_assert!((0.0..=1.0).contains(&c.c));
        }
    }
}

/// Incidences of new rows with errors and intervals are those of `survfit` on `finegray`'s rows.
#[test]
fn incidences_of_new_rows_have_the_errors_and_intervals_of_r() {
    let text = std::fs::read_to_string(root().join("tests/reference/model/mgus2.csv")).unwrap();
    let cells: Vec<Vec<&str>> = text.lines().skip(1).map(|l| l.split(',').collect()).collect();
    let number = |row: usize, column: usize| cells[row][column].parse::<f64>().unwrap();
    let cause = |end: &str| ["none", "pcm", "death"].iter().position(|e| *e == end).unwrap() as u32;
    let y = Outcome::new(
        None,
        (0..cells.len()).map(|row| number(row, 5)).collect(),
        cells.iter().map(|c| cause(c[6])).collect(),
        vec!["pcm".into(), "death".into()],
    );
    let x = Array2::from_shape_fn((cells.len(), 3), |(row, j)| number(row, 1 + j));
    let names = ["age", "male", "hgb"].map(String::from).to_vec();
    let s = Sample::new(x, names, y.unwrap()).unwrap();
    let file = root().join("tests/reference/survival/fine-gray-intervals.csv");
    let mut rows = csv::Reader::from_path(file).unwrap();
    let model = FineGray::new().convention(Convention::Finegray);
    let fits =
        [Ties::Efron, Ties::Breslow].map(|ties| model.clone().ties(ties).fit(&s, 1).unwrap());
    let mut compared = 0;
    for line in rows.records().map(Result::unwrap) {
        let v: Vec<f64> = line.iter().skip(1).map(|c| c.parse().unwrap()).collect();
        let fit = &fits[usize::from(&line[0] == "breslow")];
        let row = v[0] as usize - 1;
        let x = s.x().select(ndarray::Axis(0), &[row]);
        let new = NewRows::new(x.view());
        let p = fit.incidence(&s, &new, &[v[1]], Interval::LogLog, 0.95).unwrap()[0][0];
        let (lower, upper) = p.bounds.unwrap();
        for (ours, r) in [p.estimate, p.se, lower, upper].into_iter().zip(&v[2..]) {
            assert!((ours - r).abs() <= 1e-8, "{line:?}: {ours}, {r}");
            compared += 1;
        }
        let alone = fit.cumulative_incidence(x.row(0), 0, &[v[1]]).unwrap()[0];
        assert!((alone - p.estimate).abs() < 1e-12);
        let lasted = NewRows::new(x.view()).lasted(&[3.0]);
        assert!(fit.incidence(&s, &lasted, &[v[1]], Interval::LogLog, 0.95).is_err());
    }
    assert_eq!(compared, 96);
}
