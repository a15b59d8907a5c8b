//! Multiple imputation with Rubin's rules, against R's mice (`tests/reference/model-imputed.R`).

use std::collections::BTreeMap;
use std::path::Path;

use pleegzorg::features::{Column, Frame, Values};
use pleegzorg::model::{
    Abstention, Fitted, Model, Pooled, PredictionNote, Study, TrainResult, fit, prepare_table,
};
use pleegzorg::progress::Silent;

use super::model::close;
use super::run::{pleegzorg, root};

const STUDY: &str = r#"
seed = 5
[data]
table = "imputed-rows.csv"
exit = "time"
event = "end"
censored = "censored"
[outcome]
horizons = [20, 40]
[features]
terms = ["x", "z", "factor(g)"]
[model]
cause = "breakdown"
"#;

/// The columns of a table with holes; `only` the rows of one completed set.
fn table(text: &str, only: Option<&str>) -> Frame {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let rows: Vec<&csv::StringRecord> =
        rows.iter().filter(|r| only.is_none_or(|set| &r[0] == set)).collect();
    let column = |(j, name): (usize, &String)| {
        let cells = || rows.iter().map(|r| r[j].to_owned());
        let values = if ["end", "g"].contains(&name.as_str()) {
            let mut levels: Vec<String> = cells().filter(|c| !c.is_empty()).collect();
            levels.sort();
            levels.dedup();
            let code = |c: String| levels.binary_search(&c).map_or(Values::MISSING, |k| k as u32);
            Values::Level { codes: cells().map(code).collect(), levels: levels.clone() }
        } else {
            Values::Number(cells().map(|c| c.parse().unwrap_or(f64::NAN)).collect())
        };
        Column { name: name.clone(), values }
    };
    Frame::new(names.iter().enumerate().map(column).collect()).unwrap()
}

fn rows() -> Frame {
    table(include_str!("../reference/model/imputed-rows.csv"), None)
}

fn train(frame: Frame, sets: &[&str]) -> (Fitted, TrainResult) {
    let sets: Vec<String> = sets.iter().map(|&s| s.to_owned()).collect();
    let study = Study::parse(STUDY, Path::new(""), &sets).unwrap();
    let fitted = fit(&prepare_table(&study, frame).unwrap(), None, &study.model).unwrap();
    let result = fitted.result().unwrap();
    (fitted, result)
}

/// set → term → metric → value.
fn golden() -> BTreeMap<(String, String, String), f64> {
    let text = include_str!("../reference/model/imputed-golden.csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let read = |r: csv::StringRecord| {
        ((r[0].to_owned(), r[1].to_owned(), r[2].to_owned()), r[3].parse().unwrap())
    };
    reader.records().map(|r| read(r.unwrap())).collect()
}

#[test]
fn rubins_rules_are_those_of_mice() {
    let golden = golden();
    let of = |term: &str, metric: &str| golden[&("five".into(), term.into(), metric.into())];
    let text = include_str!("../reference/model/imputed-completed.csv");
    let fits: Vec<TrainResult> =
        ["1", "2", "3", "4", "5"].map(|set| train(table(text, Some(set)), &[]).1).into();
    let events = fits[0].events as f64;
    for (j, term) in ["x", "z", "g=b", "g=c"].into_iter().enumerate() {
        let each = |f: &TrainResult| f.terms.as_ref().unwrap()[j].clone();
        let estimates: Vec<f64> = fits.iter().map(|f| each(f).estimate.unwrap()).collect();
        let variances: Vec<f64> = fits.iter().map(|f| each(f).se.unwrap().powi(2)).collect();
        let pooled = Pooled::new(&estimates, &variances, events - 4.0).unwrap();
        let near = |got: f64, metric: &str| {
            let want = of(term, metric);
            assert!(
                (got - want).abs() < 1e-8 * want.abs().max(1.0),
                "{term} {metric} {got} {want}"
            );
        };
        near(pooled.estimate, "estimate");
        near(pooled.within, "ubar");
        near(pooled.between, "b");
        near(pooled.df, "df");
        near(pooled.fmi, "fmi");
        near(pooled.total.sqrt(), "se");
        near(pooled.p_value().unwrap(), "p");
        let (lower, upper) = pooled.interval(0.95).unwrap();
        near(lower, "lower");
        near(upper, "upper");
    }
}

#[test]
fn our_imputations_say_what_those_of_mice_say() {
    let golden = golden();
    let many = ["features.missing=multiple", "features.imputations=30", "features.iterations=5"];
    let (_, result) = train(rows(), &many);
    assert_eq!(result.n, 500, "no row is left out");
    for term in result.terms.as_ref().unwrap() {
        let of = |metric: &str| golden[&("many".to_owned(), term.name.clone(), metric.to_owned())];
        let (estimate, se) = (term.estimate.unwrap(), term.se.unwrap());
        // What is left is the chance of 30 and of 200 imputations: with half of the information
        // missing at most, √(0.5/30 + 0.5/200) = 0.14 of the error.
        let off = (estimate - of("estimate")).abs() / of("se");
        assert!(off < 0.2, "{}: {estimate} against {}", term.name, of("estimate"));
        let ratio = se / of("se");
        assert!((0.92..1.08).contains(&ratio), "{}: {se} against {}", term.name, of("se"));
        // And surer than from the complete rows alone.
        assert!(se < golden[&("complete".to_owned(), term.name.clone(), "se".to_owned())]);
    }
    let imputed = result.imputed.unwrap();
    let columns: Vec<&str> = imputed.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!((imputed.imputations, columns), (30, vec!["x", "g"]));
    assert!(imputed.terms.iter().all(|t| t.fmi > 0.05 && t.fmi < 0.5 && t.between > 0.0));
    let f = golden[&("many".to_owned(), "all".to_owned(), "f".to_owned())];
    assert!((imputed.wald.unwrap().f / f - 1.0).abs() < 0.1);
    let c = result.concordance.unwrap();
    assert!(c.c > 0.55 && c.se.unwrap() > 0.0);
}

#[test]
fn where_nothing_is_unknown_it_is_the_plain_fit() {
    let whole = || table(include_str!("../reference/model/imputed-completed.csv"), Some("2"));
    let (plain, a) = train(whole(), &[]);
    let (several, b) = train(whole(), &["features.missing=multiple", "features.imputations=3"]);
    for (a, b) in a.terms.unwrap().iter().zip(&b.terms.unwrap()) {
        close(a.estimate.unwrap(), b.estimate.unwrap(), 1e-12);
        close(a.se.unwrap(), b.se.unwrap(), 1e-12);
    }
    assert!(b.imputed.unwrap().columns.is_empty());
    let frame = whole();
    let lasted = vec![0.0; frame.len()];
    let one = plain.model.predict(&frame, &lasted, &[20.0]).unwrap();
    let two = several.model.predict(&frame, &lasted, &[20.0]).unwrap();
    for (a, b) in one.iter().zip(&two) {
        let (a, b) = (a.risks.as_ref().unwrap()[0], b.risks.as_ref().unwrap()[0]);
        close(a.estimate, b.estimate, 1e-12);
        close(a.lower, b.lower, 1e-9);
        close(a.upper, b.upper, 1e-9);
    }
}

#[test]
fn a_value_that_is_unknown_at_use_widens_the_interval() {
    let sets = ["features.missing=multiple", "features.imputations=5", "features.iterations=3"];
    let (fitted, _) = train(rows(), &sets);
    let model = Model::from_bytes(&fitted.model.to_bytes().unwrap()).unwrap();
    assert_eq!(model, fitted.model);
    assert!(model.card().contains("imputed several times over"));
    let row = |x: f64, z: f64| {
        let level = Values::Level { codes: vec![0], levels: vec!["a".into()] };
        Frame::new(vec![
            Column { name: "x".into(), values: Values::Number(vec![x]) },
            Column { name: "z".into(), values: Values::Number(vec![z]) },
            Column { name: "g".into(), values: level },
        ])
        .unwrap()
    };
    let ask = |x: f64, z: f64| model.predict(&row(x, z), &[0.0], &[40.0]).unwrap().remove(0);
    let unknown = ask(f64::NAN, 1.5);
    assert!(unknown.notes.contains(&PredictionNote::Imputed { column: "x".into() }));
    let unknown = unknown.risks.unwrap()[0];
    // z = 1.5 tells that x is above its mean; the risk is that of such an x, and less certain.
    let told = (0..40).map(|k| f64::from(k) * 0.05).min_by(|a, b| {
        let off = |x: f64| (ask(x, 1.5).risks.unwrap()[0].estimate - unknown.estimate).abs();
        off(*a).total_cmp(&off(*b))
    });
    let told = told.unwrap();
    assert!((0.4..1.2).contains(&told), "{told}");
    let known = ask(told, 1.5).risks.unwrap()[0];
    let width = |r: pleegzorg::model::RiskAt| r.upper - r.lower;
    assert!(width(unknown) > 1.3 * width(known), "{unknown:?} {known:?}");
    // The bare risk of an evaluation is the same number.
    let bare = model.risks(&row(f64::NAN, 1.5), &[0.0], &[40.0]).unwrap();
    close(bare[0][0].unwrap(), unknown.estimate, 1e-12);
    // All ends still add up to one.
    let all = model.cumulative_incidence(&row(f64::NAN, 0.0), &[0.0], 40.0).unwrap();
    assert!(all[0].as_ref().unwrap().iter().sum::<f64>() < 1.0);
    // With most of it unknown there is no number.
    let nothing = ask(f64::NAN, f64::NAN).risks.unwrap_err();
    assert!(matches!(nothing, Abstention::TooMuchMissing { .. }), "{nothing}");
    // Two rows are compared with what is unknown of either; a row with itself is the same.
    let both = {
        let level = Values::Level { codes: vec![0, 0], levels: vec!["a".into()] };
        Frame::new(vec![
            Column { name: "x".into(), values: Values::Number(vec![told, f64::NAN]) },
            Column { name: "z".into(), values: Values::Number(vec![1.5, 1.5]) },
            Column { name: "g".into(), values: level },
        ])
        .unwrap()
    };
    let contrasts = model.contrasts(&both, 40.0).unwrap();
    assert_eq!(contrasts.difference(1, 1).unwrap(), (0.0, 0.0));
    assert!(contrasts.difference(0, 1).unwrap().1 > 0.03 && !contrasts.tells_apart(0, 1));
    assert_eq!(contrasts.draw(1, 7), contrasts.draw(1, 7));
    // In one go with the predictions both are the same.
    let (all, again) = model.predict_with_contrasts(&both, &[20.0, 40.0], &Silent).unwrap();
    assert_eq!(all, model.predict(&both, &[0.0; 2], &[20.0, 40.0]).unwrap());
    assert_eq!(again.difference(0, 1), contrasts.difference(0, 1));
}

#[test]
fn the_same_cells_for_any_number_of_threads() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let sets = ["features.missing=multiple", "features.imputations=4", "features.iterations=2"];
        pool.install(|| train(rows(), &sets).0.model.to_bytes().unwrap())
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(5));
}

#[test]
fn a_study_that_cannot_pool_is_told_so() {
    let read = |sets: &[&str]| {
        let sets: Vec<String> = sets.iter().map(|&s| s.to_owned()).collect();
        Study::parse(STUDY, Path::new(""), &sets).unwrap_err().to_string()
    };
    let multiple = "features.missing=multiple";
    let said = read(&[multiple, "model.kind=forest"]);
    assert!(said.contains("Rubin's rules"), "{said}");
    let said = read(&[multiple, "model.penalty={alpha=0.5}"]);
    assert!(said.contains("Rubin's rules"), "{said}");
    let said = read(&["features.imputations=5"]);
    assert!(said.contains("missing = \"multiple\""), "{said}");
    assert!(read(&[multiple, "features.imputations=1"]).contains("imputations"));
}

#[test]
fn it_trains_is_judged_and_scores_from_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    let example = root().join("datasets/example");
    let example = example.to_str().unwrap();
    let multiple = ["--set", "features.missing=multiple", "--set", "features.imputations=3"];
    let few = ["--set", "features.iterations=2"];
    let args = [&["train", example, "--json", "-o", "m.json"], &multiple[..], &few].concat();
    let trained = pleegzorg(dir.path(), &args).code(0).json();
    let imputed = &trained["imputed"];
    assert_eq!(imputed["imputations"], 3);
    let columns: Vec<&str> = imputed["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    assert!(columns.contains(&"alliance"), "{columns:?}");
    assert!(trained["terms"].as_array().unwrap().iter().all(|t| {
        !t["name"].as_str().unwrap().ends_with("=missing") && t["se"].as_f64().unwrap() > 0.0
    }));
    let score = ["score", "m.json", example, "--as-of", "2023-12-31", "--research"];
    let scored = pleegzorg(dir.path(), &[&score[..], &["--json"]].concat()).code(0).json();
    let stays = scored["stays"].as_array().unwrap();
    let filled = stays.iter().filter(|s| {
        let unknown = s["unknown"].as_array().unwrap();
        unknown.iter().any(|u| u["code"] == "imputed") && s["risk"].is_array()
    });
    assert!(filled.count() > 0, "unknown cells get a number with a wider interval");
    let quick = ["evaluate.repeats=1", "evaluate.folds=2", "evaluate.bootstrap=20"];
    let quick: Vec<&str> = quick.iter().flat_map(|s| ["--set", s]).collect();
    let more = ["--set", "evaluate.refits=0", "--set", "compare=[]", "--set", "evaluate.by=[]"];
    let args = [&["evaluate", example, "--json"], &multiple[..], &few, &quick, &more].concat();
    let judged = pleegzorg(dir.path(), &args).code(0).json();
    assert!(judged["summary"]["auc"]["mean"].as_f64().unwrap() > 0.5);
}
