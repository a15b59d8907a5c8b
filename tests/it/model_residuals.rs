//! Residuals of a Cox fit reach the user: `train --residuals` writes R's numbers, row by row.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use pleegzorg::model::{Study, fit, prepare_table};

use super::model::{close, frame};
use super::run::{pleegzorg, root};

const STUDY: &str = r#"
[data]
table = "rows.csv"
entry = "entry"
exit = "time"
event = "end"
censored = "none"
[features]
terms = ["age", "male", "hgb"]
[model]
cause = "pcm"
"#;

/// The table of `model-residuals.R`: as model.R wrote it, with late entry of every fourth row. A row
/// that lacks its end is put before the others; it has no residuals, and the rest are counted on.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(root().join("tests/reference/model/mgus2.csv")).unwrap();
    let mut lines = text.lines();
    let mut table = format!("{},entry\n0,50,1,12,1,9,,0\n", lines.next().unwrap());
    for (k, line) in lines.enumerate() {
        let time: f64 = line.split(',').nth(5).unwrap().parse().unwrap();
        let entry = if k % 4 == 3 { (time / 2.0).min(20.0) } else { 0.0 };
        writeln!(table, "{line},{entry}").unwrap();
    }
    std::fs::write(folder.path().join("rows.csv"), table).unwrap();
    std::fs::write(folder.path().join("study.toml"), STUDY).unwrap();
    folder
}

fn mgus2() -> usize {
    frame("mgus2.csv").len()
}

/// By what tells a row and its cause: the cells by column.
type Cells = BTreeMap<String, String>;

fn read(path: &Path, keys: &[&str]) -> BTreeMap<Vec<String>, Cells> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let names = reader.headers().unwrap().clone();
    let mut out = BTreeMap::new();
    for line in reader.records().map(Result::unwrap) {
        let cells: Cells =
            names.iter().zip(&line).map(|(n, c)| (n.to_owned(), c.to_owned())).collect();
        let key = keys.iter().map(|&k| cells[k].clone()).collect();
        assert!(out.insert(key, cells).is_none(), "a row twice");
    }
    out
}

#[test]
fn residuals_of_both_causes_are_those_of_r() {
    let folder = folder();
    let args = ["train", "study.toml", "--residuals", "r.csv", "--quiet"];
    pleegzorg(folder.path(), &args).code(0);
    let found = read(&folder.path().join("r.csv"), &["row", "cause"]);
    assert_eq!(found.len(), 2 * mgus2());
    let golden = root().join("tests/reference/model/residuals.csv");
    let mut reader = csv::Reader::from_path(golden).unwrap();
    let mut compared = 0;
    for line in reader.records().map(Result::unwrap) {
        // Ours has a row more before it.
        let row = (line[0].parse::<usize>().unwrap() + 1).to_string();
        let cells = &found[&vec![row, line[1].to_owned()]];
        close(cells[&line[2]].parse().unwrap(), line[3].parse().unwrap(), 1e-8);
        compared += 1;
    }
    assert_eq!(compared, 686);
    for ((_, cells), name) in found.iter().zip(["age", "male", "hgb"].iter().cycle()) {
        let event = !cells[&format!("schoenfeld:{name}")].is_empty();
        assert_eq!(event, !cells[&format!("scaled_schoenfeld:{name}")].is_empty());
        // Martingale residuals are 1 less something for an event, else not above 0.
        assert!(event || cells["martingale"].parse::<f64>().unwrap() <= 0.0);
    }
    // Never over a file that is there, unless told so.
    let again = pleegzorg(folder.path(), &args).code(2);
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
    let before = std::fs::read(folder.path().join("r.csv")).unwrap();
    pleegzorg(folder.path(), &[&args[..], &["--force"]].concat()).code(0);
    assert_eq!(std::fs::read(folder.path().join("r.csv")).unwrap(), before);
}

#[test]
fn what_has_no_residuals_is_refused_before_the_work() {
    let folder = folder();
    for kind in ["fine-gray", "weibull", "aalen-johansen", "discrete-logistic"] {
        let set = format!("model.kind={kind}");
        let args = ["train", "study.toml", "--residuals", "r.csv", "--quiet", "--set", &set];
        let ran = pleegzorg(folder.path(), &args).code(2);
        assert!(ran.stderr.contains("has no residuals"), "{}", ran.stderr);
        assert!(!folder.path().join("r.csv").exists());
    }
    let args = ["train", "study.toml", "--residuals", "r.csv", "-o", "r.csv"];
    pleegzorg(folder.path(), &args).code(2);
    let multiple = ["features.missing=multiple", "features.imputations=2"];
    let args = ["train", "study.toml", "--residuals", "r.csv", "--quiet"];
    let sets = ["--set", multiple[0], "--set", multiple[1]];
    pleegzorg(folder.path(), &[&args[..], &sets].concat()).code(2);
}

#[test]
fn exact_ties_a_poor_cause_and_numbered_events_leave_cells_empty() {
    let sets = ["data.event=end", "model.ties=exact"].map(str::to_owned);
    let text = STUDY.replace("entry = \"entry\"\n", "");
    let study = Study::parse(&text, Path::new(""), &sets).unwrap();
    let prepared = prepare_table(&study, frame("mgus2.csv")).unwrap();
    let fitted = fit(&prepared, None, &study.model).unwrap();
    let residuals = fitted.residuals().unwrap();
    assert!(residuals.models.iter().all(|m| m.terms.is_none()));
    let sum: f64 = residuals.models[0].martingale.iter().sum();
    assert!(sum.abs() < 1e-8, "{sum}");
    assert_eq!(
        residuals.models.iter().map(|m| m.cause.as_str()).collect::<Vec<_>>(),
        ["pcm", "death"]
    );
    // A few of those who died: not enough for the terms.
    let dies = |r: usize| prepared.outcome.cause()[r] == 1;
    let few: Vec<usize> = (0..prepared.len()).filter(|&r| !dies(r) || r % 80 == 0).collect();
    let study = Study::parse(&text, Path::new(""), &[]).unwrap();
    let fitted = fit(&prepared, Some(&few), &study.model).unwrap();
    let residuals = fitted.residuals().unwrap();
    assert_eq!(residuals.row, few);
    assert!(residuals.models[0].terms.is_some() && residuals.models[1].terms.is_none());
    let csv = String::from_utf8(residuals.to_csv(&prepared, None).unwrap()).unwrap();
    assert!(csv.lines().skip(1 + few.len()).all(|l| l.ends_with(",,,,,,,,,,,,")));
    assert!(residuals.to_csv(&other(), None).is_err());
    // Rows that are not there are an error too.
    assert!(fit(&prepared, Some(&[prepared.len()]), &study.model).is_err());
}

/// Rows of another table.
fn other() -> pleegzorg::model::Prepared {
    let text = STUDY.replace("entry = \"entry\"\n", "");
    let study = Study::parse(&text, Path::new(""), &[]).unwrap();
    let rows: Vec<usize> = (0..300).collect();
    prepare_table(&study, frame("mgus2.csv").select(&rows)).unwrap()
}

#[test]
fn a_row_of_a_history_is_told_by_its_stay_and_landmark() {
    let folder = tempfile::tempdir().unwrap();
    let example = root().join("datasets/example/study.toml");
    let example = example.to_str().unwrap();
    let out = folder.path().join("r.csv");
    let out = out.to_str().unwrap();
    let args = ["train", example, "--residuals", out, "--quiet"];
    pleegzorg(folder.path(), &args).code(0);
    let found = read(Path::new(out), &["stay", "cause"]);
    let sum: f64 = found
        .iter()
        .filter(|(key, _)| key[1] == "breakdown")
        .map(|(_, cells)| cells["martingale"].parse::<f64>().unwrap())
        .sum();
    assert!(found.len() > 500 && sum.abs() < 1e-6, "{} {sum}", found.len());
    assert!(found.keys().all(|key| key[0].starts_with(|c: char| c.is_ascii_alphanumeric())));
}
