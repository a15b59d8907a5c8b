//! Learners at the seam: linfa against R's `glm`, and a forest that must find what is there.

use std::path::Path;

use ndarray::Array2;
use pleegzorg::features::{Column, Frame, Values};
use pleegzorg::learners::{Logistic, PeriodRun, PersonPeriods, RidgeSettings};
use pleegzorg::model::{Kind, Model, Scale, Source, Study, fit, prepare};
use pleegzorg::progress::Silent;

use crate::model::{MGUS2, close, golden, prepared};
use crate::run;

const ROSSI: &str = r#"
seed = 7
[data]
table = "rossi.csv"
exit = "week"
event = "arrest"
[outcome]
horizons = [26, 52]
[features]
terms = ["fin", "age", "prio"]
"#;

#[test]
fn discrete_hazards_give_the_numbers_of_glm() {
    let gold = golden("discrete.txt");
    let sets = ["model.kind=discrete-logistic", "model.step=13"];
    let (study, prepared) = prepared(ROSSI, &sets, "rossi.csv");
    let fitted = fit(&prepared, None, &study.model).unwrap();
    let result = fitted.result().unwrap();
    assert_eq!(result.converged, Some(true));
    for (j, t) in result.terms.unwrap().iter().enumerate() {
        // The first four coefficients of R are the intervals'.
        close(t.estimate.unwrap(), gold["coef"][4 + j], 1e-8);
        close(t.se.unwrap(), gold["se"][4 + j], 1e-8);
    }
    let loglik = result.loglik.unwrap();
    close(loglik.final_, gold["loglik"][0], 1e-10);
    close(loglik.null, gold["null"][0], 1e-10);
    let rows = prepared.frame.select(&[0, 1, 2, 3, 4]);
    let found = fitted.model.predict(&rows, &[0.0; 5], &[26.0, 52.0]).unwrap();
    for k in 0..5 {
        let risks = found[k].risks.as_ref().unwrap();
        close(risks[0].estimate, gold["risk.26"][k], 1e-9);
        close(risks[1].estimate, gold["risk.52"][k], 1e-9);
        assert!(risks[1].lower < risks[1].estimate && risks[1].estimate < risks[1].upper);
    }
}

#[test]
fn discrete_hazards_held_in_give_the_numbers_of_glmnet() {
    let gold = golden("ridge.txt");
    for lambda in ["0.1", "0.01", "0.001"] {
        let given = format!("model.penalty={{ alpha = 0, lambda = {lambda} }}");
        let sets = ["model.kind=discrete-logistic", "model.step=13", &given];
        let (study, prepared) = prepared(ROSSI, &sets, "rossi.csv");
        let fitted = fit(&prepared, None, &study.model).unwrap();
        let result = fitted.result().unwrap();
        let want = |what: &str| &gold[&format!("{what}.{lambda}")];
        for (j, t) in result.terms.unwrap().iter().enumerate() {
            close(t.estimate.unwrap(), want("coef")[j], 1e-8);
            assert!(t.se.is_none() && t.p.is_none(), "what is held in has no errors");
        }
        close(result.loglik.unwrap().final_, want("loglik")[0], 1e-10);
        let penalty = result.penalty.unwrap();
        assert_eq!((penalty.alpha, penalty.kept, penalty.of), (0.0, 3, 3));
        // Read back, it predicts the same, with an interval.
        let bytes = fitted.model.to_bytes().unwrap();
        let model = Model::from_bytes(&bytes).unwrap();
        let rows = prepared.frame.select(&[0, 1]);
        let found = model.predict(&rows, &[0.0; 2], &[26.0, 52.0]).unwrap();
        assert_eq!(found, fitted.model.predict(&rows, &[0.0; 2], &[26.0, 52.0]).unwrap());
        let risk = found[0].risks.as_ref().unwrap()[1];
        assert!(risk.lower < risk.estimate && risk.estimate < risk.upper);
    }
}

/// The columns and runs of rossi in steps of 13 weeks, four bands.
fn rossi_runs() -> (Array2<f64>, Vec<PeriodRun>) {
    let (_, prepared) = prepared(ROSSI, &[], "rossi.csv");
    let of = |name: &str| match prepared.frame.get(name).unwrap() {
        Values::Number(v) => v.clone(),
        Values::Level { .. } => panic!("{name} is a number"),
    };
    let columns = ["fin", "age", "prio"].map(of);
    let x = Array2::from_shape_fn((432, 3), |(i, j)| columns[j][i]);
    let edges = [0.0, 13.0, 26.0, 39.0, 52.0];
    let periods = PersonPeriods::new(&prepared.outcome, &edges).unwrap();
    (x, periods.runs(1, &[0, 1, 2, 3]).unwrap())
}

#[test]
fn the_strength_of_a_ridge_is_that_of_cv_glmnet() {
    let gold = golden("ridge.txt");
    let (x, runs) = rossi_runs();
    let ridge = RidgeSettings { x: &x, runs: &runs, bands: 4, free: 0 };
    let folds: Vec<u32> = (0..432).map(|i| i % 5).collect();
    let found = ridge.choose(&folds).unwrap();
    for k in 0..40 {
        close(found.lambda[k], gold["cv.lambda"][k], 1e-9);
        close(found.deviance[k], gold["cv.deviance"][k], 1e-9);
        close(found.error[k], gold["cv.error"][k], 1e-9);
    }
    assert_eq!(vec![found.best as f64, found.within_one_se as f64], gold["cv.best"]);
    // Errors, plain and by row, at a strength that is given.
    let rows: Vec<u32> = (0..432).collect();
    for lambda in [0.1, 0.01, 0.001] {
        let fit = ridge.fit(lambda, Some(&rows)).unwrap();
        for j in 0..3 {
            let model = fit.model_covariance[4 + j][4 + j].sqrt();
            close(model, gold[&format!("se.{lambda}")][j], 1e-8);
            let robust = fit.covariance[4 + j][4 + j].sqrt();
            close(robust, gold[&format!("robust.{lambda}")][j], 1e-8);
        }
    }
    // Not held in at all it is the plain maximum.
    let (none, plain) = (ridge.fit(0.0, None), Logistic::fit_periods(&x, &runs, 4, None));
    let (none, plain) = (none.unwrap(), plain.unwrap());
    for (a, b) in none.coef.iter().zip(&plain.coef) {
        close(*a, *b, 1e-9);
    }
}

#[test]
fn a_ridge_refuses_what_it_cannot_hold_in() {
    let (x, runs) = rossi_runs();
    let ridge = RidgeSettings { x: &x, runs: &runs, bands: 4, free: 0 };
    for lambda in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(ridge.fit(lambda, None).is_err());
    }
    assert!(RidgeSettings { bands: 3, ..ridge }.fit(0.1, None).is_err());
    assert!(RidgeSettings { free: 4, ..ridge }.fit(0.1, None).is_err());
    assert!(ridge.choose(&[0; 432]).is_err());
    assert!(ridge.choose(&[0, 1]).is_err());
    assert!(RidgeSettings { free: 3, ..ridge }.choose(&[0; 432]).is_err());
    // Twice the same column is shared out and not left out.
    let twin = ndarray::concatenate![ndarray::Axis(1), x, x];
    let both = RidgeSettings { x: &twin, ..ridge }.fit(0.01, None).unwrap();
    assert!(both.converged && both.estimated.iter().all(|e| *e));
    for j in 4..7 {
        close(both.coef[j], both.coef[j + 3], 1e-9);
    }
    // A lasso of the study's own model is not the ridge of one beside it, and a ridge is.
    let beside = |penalty: &str| {
        let text = format!(
            "{ROSSI}[model]\npenalty = {penalty}\n[[compare]]\nkind = \"discrete-logistic\"\nstep = 13"
        );
        let study = Study::parse(&text, Path::new(""), &[]).unwrap();
        study.compare[0].spec.cox.penalty.map(|p| p.alpha)
    };
    assert_eq!((beside("\"lasso\""), beside("\"ridge\"")), (None, Some(0.0)));
    let one = ["model.kind=discrete-logistic".into(), "model.penalty={ lambda = \"1se\" }".into()];
    let study = Study::parse(ROSSI, Path::new(""), &one).unwrap();
    assert_eq!(study.model.cox.penalty.unwrap().alpha, 0.0);
    // The study's file says what there is.
    let lasso = "model.penalty=lasso";
    let said =
        Study::parse(ROSSI, Path::new(""), &["model.kind=discrete-logistic".into(), lasso.into()]);
    assert!(said.unwrap_err().to_string().contains("held in by ridge"));
}

#[test]
fn a_forest_competes_on_real_data() {
    let (study, prepared) = prepared(ROSSI, &["model.kind=forest"], "rossi.csv");
    let fitted = fit(&prepared, None, &study.model).unwrap();
    assert_eq!(fitted.result().unwrap().kind, Kind::Forest);
    let found = fitted.model.predict(&prepared.frame, &[0.0; 432], &[26.0, 52.0]).unwrap();
    let risk = |k: usize, h: usize| found[k].risks.as_ref().unwrap()[h];
    let mean: f64 = (0..432).map(|k| risk(k, 1).estimate).sum::<f64>() / 432.0;
    // Nobody is censored before week 52: 114 of 432 were arrested.
    assert!((mean - 114.0 / 432.0).abs() < 0.02, "{mean}");
    for k in 0..432 {
        assert!(risk(k, 0).lower <= risk(k, 0).estimate && risk(k, 0).estimate <= risk(k, 0).upper);
    }
    // Many prior convictions at a young age against few at a high age.
    let frame = prepared.frame.clone();
    let of = |name: &str| match frame.get(name).unwrap() {
        Values::Number(v) => v.clone(),
        Values::Level { .. } => panic!("{name} is a number"),
    };
    let (age, prio) = (of("age"), of("prio"));
    let group = |keep: &dyn Fn(usize) -> bool| {
        let rows: Vec<usize> = (0..432).filter(|&k| keep(k)).collect();
        rows.iter().map(|&k| risk(k, 1).estimate).sum::<f64>() / rows.len() as f64
    };
    let high = group(&|k| age[k] < 22.0 && prio[k] >= 3.0);
    let low = group(&|k| age[k] > 28.0 && prio[k] < 3.0);
    assert!(high > 1.8 * low, "{high} {low}");
    // From a later day on the forest does not know the risk.
    let later = fitted.model.predict(&prepared.frame.select(&[0]), &[13.0], &[26.0]).unwrap();
    assert_eq!(later[0].risks.as_ref().unwrap_err().code(), "not_at_landmark");
    // A horizon that no forest was grown for.
    let other = fitted.model.predict(&prepared.frame.select(&[0]), &[0.0], &[30.0]).unwrap();
    assert_eq!(other[0].risks.as_ref().unwrap_err().code(), "beyond_follow_up");
}

#[test]
fn a_survival_forest_is_trained_saved_read_and_explained() {
    let sets = ["model.kind=survival-forest", "model.trees=60", "model.cause=death"];
    let (study, prepared) = prepared(MGUS2, &sets, "mgus2.csv");
    let fitted = fit(&prepared, None, &study.model).unwrap();
    let result = fitted.result().unwrap();
    // Out of bag, and so a little below what the same rows would say.
    let c = result.concordance.unwrap().c;
    assert!((0.6..0.75).contains(&c), "{c}");
    let importance = result.importance.unwrap();
    assert_eq!(importance.len(), prepared.terms.len());
    assert!(importance[0].value > 0.005 && importance[0].value >= importance[1].value);
    // The model file: small, and the same model when read again.
    let bytes = fitted.model.to_bytes().unwrap();
    assert!(bytes.len() < 2 << 20, "{}", bytes.len());
    let model = Model::from_bytes(&bytes).unwrap();
    assert_eq!(model, fitted.model);
    let n = prepared.len();
    let risks = model.risks(&prepared.frame, &vec![0.0; n], &[60.0, 120.0]).unwrap();
    let all = model.cumulative_incidence(&prepared.frame, &vec![0.0; n], 120.0).unwrap();
    for (row, causes) in risks.iter().zip(&all) {
        let causes = causes.as_ref().unwrap();
        assert!(row[0].unwrap() <= row[1].unwrap() && causes.iter().sum::<f64>() < 1.0);
        assert_eq!(row[1].unwrap(), causes[0]);
    }
    // On average what R's Aalen-Johansen curve says of everybody at 120 months.
    let mean = all.iter().map(|c| c.as_ref().unwrap()[1]).sum::<f64>() / n as f64;
    let expected = golden("mgus2.txt")["aj.pcm"][1];
    assert!((mean - expected).abs() < 0.01, "{mean} {expected}");
    // From the start and from a later day reasons sum to the risk that is shown.
    let rows = prepared.frame.select(&[0, 7, 300, 900]);
    for lasted in [0.0, 24.0] {
        let found = model.predict(&rows, &[lasted; 4], &[60.0, 120.0]).unwrap();
        let why = model.explain(&rows, &[lasted; 4], 120.0).unwrap();
        for (p, e) in found.iter().zip(why) {
            let (risk, e) = (p.risks.as_ref().unwrap()[1], e.unwrap());
            let sum = e.base + e.contributions.iter().map(|c| c.value).sum::<f64>();
            assert!((sum - risk.estimate).abs() < 1e-9 && e.scale == Scale::Risk);
            assert_eq!(e.contributions, p.contributions);
            assert!(risk.lower < risk.estimate && risk.estimate < risk.upper);
        }
    }
    let beyond = model.predict(&rows, &[0.0; 4], &[9999.0]).unwrap();
    assert_eq!(beyond[0].risks.as_ref().unwrap_err().code(), "beyond_follow_up");
}

#[test]
fn reasons_of_a_forest_per_horizon_sum_to_its_risk() {
    for kind in ["forest", "extra-trees", "gradient-boosting"] {
        reasons_sum(&format!("model.kind={kind}"));
    }
    let (_, prepared) = prepared(ROSSI, &[], "rossi.csv");
    let rows = prepared.frame.select(&[0, 7, 300]);
    let cox = fit(&prepared, None, &Default::default()).unwrap().model;
    let e = cox.explain(&rows, &[0.0; 3], 52.0).unwrap()[0].clone().unwrap();
    assert!(e.scale == Scale::LogHazard && e.base == 0.0 && e.total != 0.0);
}

fn reasons_sum(kind: &str) {
    let (study, prepared) = prepared(ROSSI, &[kind, "model.trees=40"], "rossi.csv");
    let model = fit(&prepared, None, &study.model).unwrap().model;
    let rows = prepared.frame.select(&[0, 7, 300]);
    let found = model.predict(&rows, &[0.0; 3], &[26.0, 52.0]).unwrap();
    for (h, horizon) in [26.0, 52.0].into_iter().enumerate() {
        for (p, e) in found.iter().zip(model.explain(&rows, &[0.0; 3], horizon).unwrap()) {
            let e = e.unwrap();
            let sum = e.base + e.contributions.iter().map(|c| c.value).sum::<f64>();
            assert!((sum - p.risks.as_ref().unwrap()[h].estimate).abs() < 1e-9);
            assert_eq!(e.contributions.len(), 3);
        }
    }
}

#[test]
fn a_number_that_is_missing_stays_missing_in_a_survival_forest() {
    let sets = ["model.kind=survival-forest", "features.missing=impute", "model.trees=40"];
    let (study, mut prepared) = prepared(MGUS2, &sets, "mgus2.csv");
    // Haemoglobin is unknown where it is low, and low is what tells most.
    let columns = prepared.frame.columns().iter().map(|c| {
        let mut c = c.clone();
        if let ("hgb", Values::Number(v)) = (c.name.as_str(), &mut c.values) {
            v.iter_mut().filter(|v| **v < 12.0).for_each(|v| *v = f64::NAN);
        }
        c
    });
    prepared.frame = Frame::new(columns.collect()).unwrap();
    let model = fit(&prepared, None, &study.model).unwrap().model;
    let n = prepared.len();
    let with = |v: f64| {
        let columns = prepared.frame.columns().iter().map(|c| match c.name.as_str() {
            "hgb" => Column { name: c.name.clone(), values: Values::Number(vec![v; n]) },
            _ => c.clone(),
        });
        Frame::new(columns.collect()).unwrap()
    };
    let death = |v: f64| {
        let found = model.cumulative_incidence(&with(v), &vec![0.0; n], 60.0).unwrap();
        found.iter().map(|c| c.as_ref().unwrap()[1]).sum::<f64>() / n as f64
    };
    // Death (the second cause) comes sooner where it is missing.
    assert!(death(f64::NAN) > death(14.5) + 0.05, "{} {}", death(f64::NAN), death(14.5));
}

#[test]
fn both_likelihoods_are_boosted_saved_read_and_explained() {
    for likelihood in ["cox", "discrete"] {
        let set = format!("model.likelihood={likelihood}");
        let sets = ["model.kind=boosting", "model.cause=death", "model.rate=0.3", &set];
        let sets = if likelihood == "cox" {
            sets.to_vec()
        } else {
            [&sets[..], &["model.step=12"]].concat()
        };
        let (study, prepared) = prepared(MGUS2, &sets, "mgus2.csv");
        let fitted = fit(&prepared, None, &study.model).unwrap();
        let result = fitted.result().unwrap();
        let loglik = result.loglik.unwrap();
        assert!(
            loglik.final_ > loglik.null + 100.0 && result.converged == Some(true),
            "{loglik:?}"
        );
        let bytes = fitted.model.to_bytes().unwrap();
        assert!(bytes.len() < 1 << 20, "{}", bytes.len());
        let model = Model::from_bytes(&bytes).unwrap();
        assert_eq!(model, fitted.model);
        // Old and anaemic against young and not: near what a Cox model says.
        let cox = fit(&prepared, None, &Default::default()).unwrap().model;
        let n = prepared.len();
        let [ours, theirs] = [&model, &cox].map(|m| {
            let all = m.cumulative_incidence(&prepared.frame, &vec![0.0; n], 120.0).unwrap();
            let death = m.about().causes.iter().position(|c| c.name == "death").unwrap();
            all.into_iter().map(|c| c.unwrap()[death]).collect::<Vec<f64>>()
        });
        let apart = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).sum::<f64>() / n as f64;
        assert!(apart < 0.06, "{likelihood} {apart}");
        let mean = |v: &[f64]| v.iter().sum::<f64>() / n as f64;
        assert!((mean(&ours) - mean(&theirs)).abs() < 0.02);
        let rows = prepared.frame.select(&[0, 7, 300]);
        let found = model.predict(&rows, &[0.0; 3], &[60.0, 120.0]).unwrap();
        for (p, e) in found.iter().zip(model.explain(&rows, &[0.0; 3], 120.0).unwrap()) {
            let (risk, e) = (p.risks.as_ref().unwrap()[1], e.unwrap());
            assert!(risk.lower < risk.estimate && risk.estimate < risk.upper);
            let sum = e.base + e.contributions.iter().map(|c| c.value).sum::<f64>();
            assert!((sum - e.total).abs() < 1e-9 && e.scale == Scale::LogHazard);
        }
    }
}

#[test]
fn extra_trees_and_pseudo_values_give_the_mean_of_the_curve() {
    let aj = golden("mgus2.txt")["aj.pcm"][1];
    for sets in [
        ["model.kind=extra-trees", "model.target=ipcw"],
        ["model.kind=extra-trees", "model.target=pseudo"],
        ["model.kind=forest", "model.target=pseudo"],
        ["model.kind=gradient-boosting", "model.target=ipcw"],
        ["model.kind=gradient-boosting", "model.target=pseudo"],
    ] {
        let sets = [&sets[..], &["model.trees=40"]].concat();
        let (study, prepared) = prepared(MGUS2, &sets, "mgus2.csv");
        let model = fit(&prepared, None, &study.model).unwrap().model;
        let n = prepared.len();
        let risks = model.risks(&prepared.frame, &vec![0.0; n], &[120.0]).unwrap();
        let mean = risks.iter().map(|r| r[0].unwrap()).sum::<f64>() / n as f64;
        assert!((mean - aj).abs() < 0.015, "{sets:?} {mean} {aj}");
        assert_eq!(Model::from_bytes(&model.to_bytes().unwrap()).unwrap(), model);
    }
}

#[test]
fn files_of_two_hundred_trees_on_the_example_are_small_and_hold_no_row() {
    let example = run::root().join("datasets/example");
    for kind in ["forest", "extra-trees", "gradient-boosting", "survival-forest", "boosting"] {
        let sets = [format!("model.kind={kind}"), "model.trees=200".into()];
        let study = Study::read(&example, &sets).unwrap();
        let source = Source::read(&study, &Silent).unwrap();
        let prepared = prepare(&study, &source, None, None).unwrap();
        let model = fit(&prepared, None, &study.model).unwrap().model;
        let bytes = model.to_bytes().unwrap();
        assert!(bytes.len() <= 5_000_000, "{kind}: {} bytes", bytes.len());
        let text = String::from_utf8(bytes).unwrap();
        let Source::History(data) = &source else { panic!("the example is a history") };
        let history = &data.0;
        for id in history.children.iter().map(|c| &c.id).chain(history.stays.iter().map(|s| &s.id))
        {
            assert!(!text.contains(&format!("\"{id}\"")), "{kind} holds an identifier");
        }
    }
}

#[test]
fn learners_that_are_their_rows_compete_and_are_never_saved() {
    for kind in ["nearest-neighbours", "svm"] {
        let set = format!("model.kind={kind}");
        let (study, prepared) = prepared(MGUS2, &[&set, "model.cause=death"], "mgus2.csv");
        let train: Vec<usize> = (0..prepared.len()).filter(|r| r % 3 == 0).collect();
        let fitted = fit(&prepared, Some(&train), &study.model).unwrap();
        let model = &fitted.model;
        let n = prepared.len();
        let risks = model.risks(&prepared.frame, &vec![0.0; n], &[60.0]).unwrap();
        let risks: Vec<f64> = risks.iter().map(|r| r[0].unwrap()).collect();
        // The old die sooner than the young.
        let Some(Values::Number(age)) = prepared.frame.get("age") else { panic!() };
        let mean = |keep: &dyn Fn(f64) -> bool| {
            let own: Vec<f64> = (0..n).filter(|&r| keep(age[r])).map(|r| risks[r]).collect();
            own.iter().sum::<f64>() / own.len() as f64
        };
        let (old, young) = (mean(&|a| a > 80.0), mean(&|a| a < 60.0));
        assert!(old > young + 0.25, "{kind} {old} {young}");
        for error in [
            model.to_bytes().unwrap_err(),
            model.predict(&prepared.frame, &vec![0.0; n], &[60.0]).unwrap_err(),
        ] {
            let error = pleegzorg::Error::from(error);
            assert_eq!(error.kind(), pleegzorg::ErrorKind::Refused);
            assert!(error.to_string().contains(kind) && error.hint().is_some());
        }
    }
    // The command line says so before the work, and writes nothing.
    let folder = tempfile::tempdir().unwrap();
    let study = run::root().join("datasets/example");
    let out = folder.path().join("m.json");
    let (study, path) = (study.to_str().unwrap(), out.to_str().unwrap());
    let args = ["train", study, "--set", "model.kind=svm", "-o", path];
    let run = run::pleegzorg(folder.path(), &args).code(5);
    assert!(run.stderr.contains("training rows") && !out.exists());
}
