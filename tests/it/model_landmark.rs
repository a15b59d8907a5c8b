//! Landmark models, with what was learned since the start: against R on the same rows
//! (`tests/reference/model-landmark.R`), and from the command line.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use pleegzorg::features::Values;
use pleegzorg::history::Index;
use pleegzorg::model::{Prepared, Study, fit, prepare_history};
use pleegzorg::simulate::{Scenario, simulate};

use super::run::{pleegzorg, root};

const STUDY: &str = r#"
seed = 11
[outcome]
horizons = ["6 months", "12 months", "24 months"]
[features]
landmark = ["3 months", "6 months", "12 months"]
missing = "drop"
terms = ["age", "alliance", "alliance_change", "helper_changes_12m", "other_children_wellbeing"]
[model]
cluster = ["child"]
"#;

const FEATURES: [&str; 5] =
    ["age", "alliance", "alliance_change", "helper_changes_12m", "other_children_wellbeing"];

fn prepared() -> (Study, Prepared) {
    let history = simulate(&Scenario::high(), 700, 5).history;
    let index = Index::new(&history);
    let study = Study::parse(STUDY, Path::new(""), &[]).unwrap();
    let prepared = prepare_history(&study, &history, &index, None, None).unwrap();
    (study, prepared)
}

/// One line per stay, with the features at each landmark side by side: R stacks it again.
fn wide(p: &Prepared) -> String {
    let mut lines: BTreeMap<usize, String> = BTreeMap::new();
    let stays = p.stays.as_ref().unwrap();
    let marks = p.landmark.as_ref().unwrap();
    for row in 0..p.len() {
        let line = lines.entry(stays[row].at()).or_insert_with(|| {
            let (exit, cause) = (p.outcome.exit()[row], p.outcome.cause()[row]);
            format!("{},{exit},{}", p.groups["child"][row], u8::from(cause == p.cause))
        });
        let entry = p.outcome.entry().map_or(0.0, |e| e[row]);
        // Landmarks that a stay skips (it was not yet observed) leave their cells empty.
        while line.matches(';').count() < marks[row] as usize {
            line.push_str(";,,,,,");
        }
        write!(line, ";{entry}").unwrap();
        for name in FEATURES {
            let Some(Values::Number(v)) = p.frame.get(name) else { panic!("{name}") };
            let cell = if v[row].is_nan() { String::new() } else { format!("{}", v[row]) };
            write!(line, ",{cell}").unwrap();
        }
    }
    let mut text = String::from("child,exit,event");
    for mark in [3, 6, 12] {
        write!(text, ",entry_{mark}").unwrap();
        FEATURES.iter().for_each(|f| write!(text, ",{f}_{mark}").unwrap());
    }
    text.push('\n');
    for mut line in lines.into_values() {
        while line.matches(';').count() < 3 {
            line.push_str(";,,,,,");
        }
        text.push_str(&line.replace(';', ","));
        text.push('\n');
    }
    text
}

#[test]
fn a_stacked_cox_model_is_that_of_r() {
    let (study, prepared) = prepared();
    let file = root().join("tests/reference/model/landmark-wide.csv");
    if std::env::var_os("PLEEGZORG_WRITE_LANDMARK").is_some() {
        std::fs::write(&file, wide(&prepared)).unwrap();
    }
    assert!(std::fs::read_to_string(&file).unwrap() == wide(&prepared), "R saw other rows");
    let result = fit(&prepared, None, &study.model).unwrap().result().unwrap();
    let text = include_str!("../reference/model/landmark-golden.csv");
    let golden: BTreeMap<String, [f64; 3]> = csv::Reader::from_reader(text.as_bytes())
        .records()
        .map(|r| r.unwrap())
        .map(|r| (r[0].to_owned(), [1, 2, 3].map(|k| r[k].parse().unwrap())))
        .collect();
    assert_eq!(result.n as f64, golden["rows"][0]);
    assert_eq!(result.events as f64, golden["rows"][1]);
    let terms = result.terms.unwrap();
    assert_eq!(terms.len(), FEATURES.len());
    for term in terms {
        let [estimate, se, robust] = golden[&term.name];
        let near = |got: Option<f64>, want: f64| {
            let got = got.unwrap();
            assert!(
                (got - want).abs() < 1e-6 * want.abs().max(1e-3),
                "{}: {got} {want}",
                term.name
            );
        };
        near(term.estimate, estimate);
        near(term.se, se);
        near(term.robust_se, robust);
        assert!(term.estimate.unwrap().abs() > 0.0, "{} is used", term.name);
    }
}

#[test]
fn it_trains_is_judged_and_scores_from_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    let example = root().join("datasets/example");
    let example = example.to_str().unwrap();
    let marks = [
        "features.at=",
        "features.landmark=[\"3 months\", \"6 months\", \"12 months\"]",
        "features.terms=[\"age\", \"alliance_change\", \"helper_changes_12m\", \
         \"other_children_wellbeing\"]",
        "compare=[]",
        "evaluate.folds=2",
        "evaluate.repeats=1",
        "evaluate.bootstrap=20",
        "evaluate.refits=0",
        "evaluate.by=[]",
    ];
    // The example reads features at the start; a landmark study is one of its own.
    let text = std::fs::read_to_string(root().join("datasets/example/study.toml")).unwrap();
    let text = text
        .replace("at = \"start\"\n", "")
        .replace("history = \".\"", &format!("history = {example:?}"));
    std::fs::write(dir.path().join("study.toml"), text).unwrap();
    let sets: Vec<&str> = marks[1..].iter().flat_map(|m| ["--set", m]).collect();
    let args = [&["train", "study.toml", "--json", "-o", "m.json"], &sets[..]].concat();
    let trained = pleegzorg(dir.path(), &args).code(0).json();
    let terms = trained["terms"].as_array().unwrap();
    let used = |name: &str| {
        terms.iter().any(|t| t["name"] == name && t["estimate"].as_f64().is_some_and(|b| b != 0.0))
    };
    for name in ["alliance_change", "helper_changes_12m", "other_children_wellbeing"] {
        assert!(used(name), "{name}: {terms:?}");
    }
    let args = [&["evaluate", "study.toml", "--json", "--model", "m.json"], &sets[..]].concat();
    let judged = pleegzorg(dir.path(), &args).code(0).json();
    assert_eq!(judged["horizons"].as_array().unwrap().len(), 3);
    assert!(judged["summary"]["oe"]["mean"].as_f64().is_some());
    let score = ["score", "m.json", example, "--as-of", "2023-12-31", "--research", "--json"];
    let scored = pleegzorg(dir.path(), &score).code(0).json();
    let (mut early, mut later) = (0, 0);
    for stay in scored["stays"].as_array().unwrap() {
        // Before the first landmark there is no number; after it the clock runs on.
        if stay["lasted"].as_f64().unwrap() < 90.0 {
            assert!(stay["risk"].is_null() && stay["abstained"].is_string(), "{stay}");
            early += 1;
        } else if stay["risk"].is_array() {
            later += 1;
        }
    }
    assert!(early > 0 && later > 10, "{early} {later}");
    // A forest per horizon knows the days of its landmarks only, and the page says what to do.
    let forest = ["--set", "model.kind=forest", "--set", "model.trees=5"];
    let args = [&["train", "study.toml", "-o", "f.json"], &sets[..], &forest].concat();
    pleegzorg(dir.path(), &args).code(0);
    let page = ["--html", "p.html", "--lang", "en"];
    let args =
        [&["score", "f.json", example, "--as-of", "2023-12-31", "--research"], &page[..]].concat();
    let said = pleegzorg(dir.path(), &args).code(0);
    let page = std::fs::read_to_string(dir.path().join("p.html")).unwrap();
    assert!(page.contains("only on the day of a landmark"), "{}", said.stdout);
    assert!(page.contains("percentage points they add"), "the scale of a forest's reasons");
}
