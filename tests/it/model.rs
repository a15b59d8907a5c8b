//! The model room against R, and end to end on a flat table.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pleegzorg::features::{Column, Frame, Values};
use pleegzorg::model::{Fitted, Prepared, Study, TrainResult, fit, prepare_table};

fn reference(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/model").join(file)
}

/// Named lists of numbers that R wrote.
pub(crate) fn golden(file: &str) -> BTreeMap<String, Vec<f64>> {
    let text = std::fs::read_to_string(reference(file)).unwrap();
    let line = |l: &str| {
        let mut words = l.split_whitespace();
        let name = words.next().unwrap().to_owned();
        (name, words.map(|w| w.parse().unwrap()).collect())
    };
    text.lines().map(line).collect()
}

/// A CSV file as a frame.
pub(crate) fn frame(file: &str) -> Frame {
    let mut reader = csv::Reader::from_path(reference(file)).unwrap();
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let column = |(k, name): (usize, &String)| {
        let words: Vec<&str> = rows.iter().map(|r| r.get(k).unwrap()).collect();
        let numbers: Result<Vec<f64>, _> = words.iter().map(|w| w.parse()).collect();
        let values = numbers.map_or_else(
            |_| {
                let mut levels: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
                levels.sort_unstable();
                levels.dedup();
                let code = |w: &&str| levels.iter().position(|l| l == w).unwrap() as u32;
                Values::Level { codes: words.iter().map(code).collect(), levels }
            },
            Values::Number,
        );
        Column { name: name.clone(), values }
    };
    Frame::new(names.iter().enumerate().map(column).collect()).unwrap()
}

/// R's example of re-arrest, with all its columns.
pub(crate) const ROSSI: &str = r#"
[data]
table = "rossi.csv"
exit = "week"
event = "arrest"
[outcome]
horizons = [26, 52]
[features]
terms = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
"#;

pub(crate) fn prepared(study: &str, sets: &[&str], file: &str) -> (Study, Prepared) {
    let sets: Vec<String> = sets.iter().map(|&s| s.to_owned()).collect();
    let study = Study::parse(study, Path::new(""), &sets).unwrap();
    let prepared = prepare_table(&study, frame(file)).unwrap();
    (study, prepared)
}

fn rossi(sets: &[&str]) -> (Fitted, TrainResult) {
    let (study, prepared) = prepared(ROSSI, sets, "rossi.csv");
    let fitted = fit(&prepared, None, &study.model).unwrap();
    let result = fitted.result().unwrap();
    (fitted, result)
}

#[track_caller]
pub(crate) fn close(found: f64, wanted: f64, tolerance: f64) {
    let scale = wanted.abs().max(1.0);
    assert!((found - wanted).abs() <= tolerance * scale, "{found} is not {wanted}");
}

#[test]
fn train_on_real_data_gives_the_numbers_of_r() {
    let gold = golden("rossi.txt");
    for ties in ["efron", "breslow"] {
        let g = |name: &str| gold[&format!("{ties}.{name}")].clone();
        let (_, r) = rossi(&[&format!("model.ties={ties}")]);
        assert_eq!((r.n, r.events, r.cause.as_str()), (432, 114, "event"));
        assert_eq!(r.converged, Some(true));
        let loglik = r.loglik.unwrap();
        close(loglik.null, g("loglik")[0], 1e-12);
        close(loglik.final_, g("loglik")[1], 1e-12);
        for (j, t) in r.terms.unwrap().iter().enumerate() {
            assert_eq!(t.name, ["fin", "age", "race", "wexp", "mar", "paro", "prio"][j]);
            close(t.estimate.unwrap(), g("coef")[j], 1e-10);
            close(t.se.unwrap(), g("se")[j], 1e-10);
            close(t.p.unwrap(), g("p")[j], 1e-10);
            assert_eq!(t.robust_se, None);
            let half = t.upper.unwrap() - t.estimate.unwrap();
            close(half, 1.959_963_984_540_054 * g("se")[j], 1e-10);
        }
        let tests = r.tests.unwrap();
        close(tests.likelihood_ratio.unwrap().chi2, g("tests")[0], 1e-10);
        close(tests.wald.unwrap().chi2, g("tests")[1], 1e-9);
        close(tests.score.unwrap().chi2, g("tests")[2], 1e-9);
        assert_eq!(tests.wald.unwrap().df, 7.0);
        let ph = r.ph_test.unwrap();
        assert_eq!(ph.transform, "km");
        for (j, t) in ph.terms.iter().enumerate() {
            close(t.chi2, g("zph.chi2")[j], 1e-8);
            close(t.p, g("zph.p")[j], 1e-8);
        }
        close(ph.global.chi2, g("zph.chi2")[7], 1e-8);
        for transform in ["rank", "identity", "log"] {
            let sets =
                [&*format!("model.ties={ties}"), &*format!("model.ph_transform={transform}")];
            let ph = rossi(&sets).1.ph_test.unwrap();
            let (wanted, all) = (g(&format!("zph.{transform}.chi2")), ph.terms.iter());
            assert_eq!(ph.transform, transform);
            assert_eq!(wanted.len(), 8);
            for (chi2, wanted) in all.map(|t| t.chi2).chain([ph.global.chi2]).zip(wanted) {
                close(chi2, wanted, 1e-8);
            }
        }
        let c = r.concordance.unwrap();
        close(c.c, g("concordance")[0], 1e-12);
        close(c.se.unwrap(), g("concordance")[1], 1e-8);
    }
}

#[test]
fn strata_clusters_and_factors_give_the_numbers_of_r() {
    let gold = golden("rossi.txt");
    let (fitted, r) = rossi(&[
        "features.terms=[\"fin\", \"factor(paro)\", \"prio\"]",
        "model.strata=race",
        "model.cluster=age",
    ]);
    let terms = r.terms.unwrap();
    assert_eq!(terms[1].name, "paro=1");
    for (j, t) in terms.iter().enumerate() {
        close(t.estimate.unwrap(), gold["strata.coef"][j], 1e-10);
        close(t.se.unwrap(), gold["strata.se"][j], 1e-10);
        close(t.robust_se.unwrap(), gold["strata.robust"][j], 1e-10);
        close(t.z.unwrap(), t.estimate.unwrap() / t.robust_se.unwrap(), 1e-12);
    }
    close(r.loglik.unwrap().final_, gold["strata.loglik"][1], 1e-12);
    // A stratum that training never saw has a number all the same, with a wider interval.
    let (study, prepared) = prepared(ROSSI, &[], "rossi.csv");
    assert_eq!(study.model.strata.len(), 0);
    let known = prepared.frame.select(&[0, 1]);
    let mut columns = known.columns().to_vec();
    for c in &mut columns {
        if c.name == "race" {
            c.values = Values::Number(vec![1.0, 7.0]);
        }
    }
    let unseen = Frame::new(columns).unwrap();
    let both = fitted.model.predict(&unseen, &[0.0, 0.0], &[52.0]).unwrap();
    let width = |k: usize| {
        let r = both[k].risks.as_ref().unwrap()[0];
        r.upper - r.lower
    };
    assert!(width(1) > 0.0 && width(0) > 0.0);
    let noted = |k: usize| format!("{:?}", both[k].notes).contains("PooledBaseline");
    assert!(!noted(0) && noted(1));
}

#[test]
fn risks_and_their_errors_are_those_of_r() {
    let gold = golden("rossi.txt");
    let (study, prepared) =
        prepared(ROSSI, &["features.terms=[\"fin\", \"age\", \"prio\"]"], "rossi.csv");
    let model = fit(&prepared, None, &study.model).unwrap().model;
    let rows = prepared.frame.select(&[0, 1, 2, 3, 4]);
    let found = model.predict(&rows, &[0.0; 5], &[26.0, 52.0]).unwrap();
    let bare = model.risks(&rows, &[0.0; 5], &[26.0, 52.0]).unwrap();
    for (k, p) in found.iter().enumerate() {
        let risks = p.risks.as_ref().unwrap();
        for (h, week) in [26, 52].into_iter().enumerate() {
            // Horizons are edges of the grid, and with one cause S = exp(-Λ) exactly.
            close(risks[h].estimate, gold[&format!("risk.{week}")][k], 1e-9);
            assert_eq!(bare[k][h], Some(risks[h].estimate));
            // The standard error, read back from the interval on the complementary log-log scale.
            let cloglog = |p: f64| (-(-p).ln_1p()).ln();
            let width = cloglog(risks[h].upper) - cloglog(risks[h].lower);
            let s = 1.0 - risks[h].estimate;
            let se = width / (2.0 * 1.959_963_984_540_054) * s * -s.ln();
            close(se, gold[&format!("risk.se.{week}")][k], 1e-9);
        }
        // Contributions add up to the log hazard ratio against the average row.
        assert_eq!(p.contributions.len(), 3);
    }
}

pub const MGUS2: &str = r#"
[data]
table = "mgus2.csv"
exit = "time"
event = "end"
censored = "none"
[outcome]
horizons = [60, 120]
[features]
terms = ["age", "male", "hgb"]
[model]
cause = "pcm"
"#;

#[test]
fn competing_ends_are_combined_as_the_definition_says() {
    let gold = golden("mgus2.txt");
    let (study, prepared) = prepared(MGUS2, &[], "mgus2.csv");
    let fitted = fit(&prepared, None, &study.model).unwrap();
    for (j, t) in fitted.result().unwrap().terms.unwrap().iter().enumerate() {
        close(t.estimate.unwrap(), gold["pcm.coef"][j], 1e-10);
        close(t.se.unwrap(), gold["pcm.se"][j], 1e-10);
    }
    let model = fitted.model;
    let rows = prepared.frame.select(&[0, 49, 499]);
    for horizon in [60.0, 120.0] {
        for lasted in [0.0, 24.0] {
            let found = model.risks(&rows, &[lasted; 3], &[horizon]).unwrap();
            let all = model.cumulative_incidence(&rows, &[lasted; 3], horizon).unwrap();
            for k in 0..3 {
                let wanted = gold[&format!("cif.{lasted}.{horizon}")][k];
                let risk = found[k][0].unwrap();
                // The grid has cells of several months where R has every month: within a cell the
                // two hazards are proportional, which moves the fourth digit at most.
                assert!((risk / wanted - 1.0).abs() < 2e-3, "{lasted} {horizon}: {risk} {wanted}");
                assert_eq!(all[k].as_ref().unwrap()[0], risk);
                let total: f64 = all[k].as_ref().unwrap().iter().sum();
                assert!(total < 1.0);
            }
        }
    }
}

#[test]
fn no_model_is_aalen_and_johansen() {
    let gold = golden("mgus2.txt");
    let (study, prepared) = prepared(MGUS2, &["model.kind=aalen-johansen"], "mgus2.csv");
    let fitted = fit(&prepared, None, &study.model).unwrap();
    let result = fitted.result().unwrap();
    assert_eq!((result.terms, result.loglik), (None, None));
    let rows = prepared.frame.select(&[0, 1]);
    let found = fitted.model.predict(&rows, &[0.0; 2], &[60.0, 120.0]).unwrap();
    for h in 0..2 {
        let r = found[0].risks.as_ref().unwrap()[h];
        close(r.estimate, gold["aj.pcm"][h], 1e-12);
        let s = 1.0 - r.estimate;
        let cloglog = |p: f64| (-(-p).ln_1p()).ln();
        let se =
            (cloglog(r.upper) - cloglog(r.lower)) / (2.0 * 1.959_963_984_540_054) * s * -s.ln();
        assert!((se / gold["aj.se"][h] - 1.0).abs() < 0.01, "{se} {}", gold["aj.se"][h]);
    }
    assert!(found[0].contributions.is_empty());
    assert_eq!(found[0].support, Some(prepared.len() as u32));
}
