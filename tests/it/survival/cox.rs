//! Cox models against R's `coxph`, 1e-8.

use pleegzorg::survival::{Cox, CoxFit, FitWarning, Outcome, Sample, Ties, Transform};

use super::golden::{Expected, Once, Referee, Table, sample};

struct Case {
    name: String,
    sample: Sample,
    fit: CoxFit,
    edges: Vec<f64>,
}

fn fitted(cases: &Table, row: usize) -> Case {
    let name = cases.text(row, "case").to_owned();
    let sample = sample(cases, row);
    let ties = match cases.text(row, "ties") {
        "efron" => Ties::Efron,
        "breslow" => Ties::Breslow,
        other => panic!("{other}"),
    };
    let cause = cases.text(row, "cause").parse().unwrap();
    let cox = Cox::new().ties(ties).robust(cases.text(row, "cluster") == "row");
    let fit = cox.fit(&sample, cause).unwrap();
    let edges = cases.text(row, "edges").split_whitespace().map(|e| e.parse().unwrap()).collect();
    Case { name, sample, fit, edges }
}

/// What a case and a quantity are of, for the table.
fn method(case: &str, what: &str) -> &'static str {
    let repeated = [
        ("-ag-", "Andersen–Gill"),
        ("-pwp-total-", "PWP, total time"),
        ("-pwp-gap-", "PWP, gap time"),
        ("-wlw-", "WLW"),
    ];
    if let Some((_, method)) = repeated.iter().find(|(part, _)| case.contains(part)) {
        return method;
    }
    match what {
        "concordance" => "Concordance, Harrell's",
        "robust_se" if case.contains("two-way") => "Cox: two-way clustered errors",
        "robust_se" => "Cox: robust and clustered errors",
        _ if case.ends_with("efron") => "Cox, Efron ties",
        _ => "Cox, Breslow ties",
    }
}

pub static FITS: Once = Once::new();

pub fn fits() -> Referee {
    let (cases, expected) = (Table::read("cox-cases"), Expected::read("cox-expected"));
    let mut referee = Referee::default();
    for row in 0..cases.len() {
        let case = fitted(&cases, row);
        let fit = &case.fit;
        assert!(fit.converged, "{}: {:?}", case.name, fit.warnings);
        let (se, robust) = (fit.se(), fit.robust_se());
        let concordance = fit.concordance(&case.sample).unwrap().unwrap();
        for (what, item, r) in expected.case(&case.name) {
            let at = fit.names.iter().position(|n| n == item);
            let ours = match (what.as_str(), item.as_str()) {
                ("coef", _) => fit.coef[at.unwrap()],
                ("se", _) => se[at.unwrap()],
                ("robust_se", _) => robust.as_ref().unwrap()[at.unwrap()],
                ("covariance", _) => fit.covariance[[0, 1]],
                ("loglik", "null") => fit.loglik[0],
                ("loglik", "final") => fit.loglik[1],
                ("test", "score") => fit.score.chi2,
                ("test", "wald") if !case.name.contains("two-way") => fit.wald.chi2,
                ("test", "likelihood_ratio") => fit.likelihood_ratio.chi2,
                ("concordance", "c") => concordance.c,
                // With clusters R sums the influences of a cluster.
                ("concordance", "se") if fit.robust_covariance.is_none() => concordance.se,
                _ => continue,
            };
            referee.on(method(&case.name, what), cases.text(row, "data"));
            referee.compare(&case.name, what, item, ours, *r, 1e-8);
        }
    }
    referee
}

#[test]
fn fits_are_those_of_coxph() {
    FITS.get_or_init(fits).verdict(600);
}

pub static BASELINES: Once = Once::new();

pub fn baselines() -> Referee {
    let (cases, expected) = (Table::read("cox-cases"), Expected::read("cox-expected"));
    let mut referee = Referee::default();
    for row in 0..cases.len() {
        let case = fitted(&cases, row);
        if case.edges.is_empty() {
            continue;
        }
        let fit = &case.fit;
        let strata = fit.baseline_cells(&case.sample, &case.edges).unwrap();
        for (what, item, r) in expected.case(&case.name) {
            let Some((kind, at)) = what.rsplit_once("_at_") else { continue };
            let x: f64 = at.parse().unwrap();
            let (stratum, edge) = item.split_once(' ').unwrap();
            let cells = &strata[stratum.parse::<usize>().unwrap()];
            let upto = edge.parse::<usize>().unwrap() + 1;
            let x = ndarray::Array1::from_elem(fit.coef.len(), x);
            let risk = x.dot(&fit.coef).exp();
            let hazard: f64 = cells.dh[..upto].iter().sum();
            let ours = if kind == "hazard" {
                risk * hazard
            } else {
                let a = &x * hazard
                    - cells
                        .dq
                        .rows()
                        .into_iter()
                        .take(upto)
                        .fold(ndarray::Array1::zeros(x.len()), |s: ndarray::Array1<f64>, q| s + q);
                let own: f64 = cells.dv[..upto].iter().sum();
                risk * (own + a.dot(&fit.covariance.dot(&a))).sqrt()
            };
            referee.on("Cox: baseline hazards", cases.text(row, "data"));
            referee.compare(&case.name, kind, item, ours, *r, 1e-8);
        }
    }
    referee
}

#[test]
fn baseline_hazards_are_those_of_survfit() {
    BASELINES.get_or_init(baselines).verdict(100);
}

pub static RESIDUALS: Once = Once::new();

pub fn residuals() -> Referee {
    let (cases, expected) = (Table::read("cox-cases"), Expected::read("cox-expected"));
    let mut referee = Referee::default();
    for row in 0..cases.len() {
        let name = cases.text(row, "case");
        if !expected.case(name).iter().any(|(what, ..)| what == "martingale") {
            continue;
        }
        let Case { sample, fit, .. } = fitted(&cases, row);
        let column = |v: ndarray::Array1<f64>| v.insert_axis(ndarray::Axis(1));
        let schoenfeld = fit.schoenfeld_residuals(&sample).unwrap();
        for (what, item, r) in expected.case(name) {
            let all = match what.as_str() {
                "martingale" => column(fit.martingale_residuals(&sample).unwrap()),
                "deviance" => column(fit.deviance_residuals(&sample).unwrap()),
                "score" => fit.score_residuals(&sample).unwrap(),
                "dfbeta" => fit.dfbeta(&sample).unwrap(),
                "dfbetas" => fit.dfbetas(&sample).unwrap(),
                "schoenfeld" => schoenfeld.residual.clone(),
                "scaledsch" => schoenfeld.scaled.clone(),
                _ => continue,
            };
            let (i, j) = item.split_once(' ').unwrap();
            let ours = all[[i.parse::<usize>().unwrap() - 1, j.parse::<usize>().unwrap() - 1]];
            referee.on("Cox: residuals", cases.text(row, "data"));
            referee.compare(name, what, item, ours, *r, 1e-8);
        }
    }
    referee
}

#[test]
fn residuals_are_those_of_r() {
    RESIDUALS.get_or_init(residuals).verdict(500);
}

pub static ZPH: Once = Once::new();

pub fn zph() -> Referee {
    let (cases, expected) = (Table::read("cox-cases"), Expected::read("cox-expected"));
    let mut referee = Referee::default();
    for row in 0..cases.len() {
        let name = cases.text(row, "case");
        if !expected.case(name).iter().any(|(what, ..)| what.starts_with("zph")) {
            continue;
        }
        let Case { sample, fit, .. } = fitted(&cases, row);
        for (what, item, r) in expected.case(name) {
            let Some(transform) = what.strip_prefix("zph_") else { continue };
            let transform = match transform {
                "km" => Transform::Km,
                "rank" => Transform::Rank,
                "identity" => Transform::Identity,
                _ => Transform::Log,
            };
            let test = fit.zph(&sample, transform).unwrap();
            let ours = match fit.names.iter().position(|n| n == item) {
                Some(j) => test.terms[j].chi2,
                None => test.global.chi2,
            };
            referee.on("Cox: tests of proportional hazards", cases.text(row, "data"));
            referee.compare(name, what, item, ours, *r, 1e-8);
        }
    }
    referee
}

#[test]
fn tests_of_proportional_hazards_are_those_of_cox_zph() {
    ZPH.get_or_init(zph).verdict(150);
}

/// Two clusterings that cut each other may give no covariance: then it is said, and the wider of
/// the two stands in.
#[test]
fn two_way_errors_are_a_covariance_or_the_wider_of_the_two() {
    let mut fell_back = 0;
    for seed in 0..60u64 {
        let unit = |i: usize, k: u64| {
            let v = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (seed * 7 + k) << 40;
            let v = (v ^ (v >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            ((v ^ (v >> 32)) >> 11) as f64 / (1u64 << 53) as f64
        };
        let n = 24;
        let exit = (0..n).map(|i| 1.0 + (20.0 * unit(i, 1)).floor()).collect();
        let y = Outcome::new(None, exit, vec![1; n], vec!["end".into()]).unwrap();
        let x = ndarray::Array2::from_shape_fn((n, 2), |(i, j)| unit(i, 2 + j as u64));
        let s = Sample::new(x, vec!["a".into(), "b".into()], y).unwrap();
        let (one, two): (Vec<u32>, Vec<u32>) = (0..n as u32).map(|i| (i % 4, i / 4)).unzip();
        let fit = |clusters: &[&Vec<u32>]| {
            let add = |s: Sample, c: &&Vec<u32>| s.with_cluster((*c).clone()).unwrap();
            Cox::new().fit(&clusters.iter().fold(s.clone(), add), 1).unwrap()
        };
        let cell: Vec<u32> = (0..n as u32).collect();
        let both = fit(&[&one, &two]);
        let v = |c: &Vec<u32>| fit(&[c]).robust_covariance.unwrap();
        let (v1, v2, v12) = (v(&one), v(&two), v(&cell));
        let ours = both.robust_covariance.as_ref().unwrap();
        let said = |w: &FitWarning| matches!(w, FitWarning::TwoWayNotPositive { .. });
        let same = |other: &ndarray::Array2<f64>| (ours - other).iter().all(|d| d.abs() < 1e-12);
        if both.warnings.iter().any(said) {
            fell_back += 1;
            assert!(same(&v1) || same(&v2), "{seed}");
        } else {
            assert!(same(&(&v1 + &v2 - &v12)), "{seed}");
        }
        let determinant = ours[[0, 0]] * ours[[1, 1]] - ours[[0, 1]] * ours[[1, 0]];
        assert!(ours[[0, 0]] > 0.0 && determinant > -1e-12, "{seed}");
    }
    assert!(fell_back > 3 && fell_back < 57, "{fell_back}");
}
