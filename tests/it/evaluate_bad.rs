//! Bad input of an evaluation, through the command line: a clear message and the right verdict,
//! never a number that looks fine.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use crate::run::{pleegzorg, root};

const QUICK: [&str; 10] = [
    "--set",
    "evaluate.bootstrap=40",
    "--set",
    "evaluate.refits=0",
    "--set",
    "evaluate.folds=3",
    "--set",
    "evaluate.repeats=1",
    "--set",
    "compare=[]",
];

/// A table of random-looking rows; `more` gives further columns.
fn table(folder: &Path, n: usize, events: impl Fn(usize) -> bool, more: impl Fn(usize) -> String) {
    let mut text = String::from("time,event,x,kind,hole\n");
    for k in 0..n {
        let x = (k * 7919 % 1000) as f64 / 1000.0;
        let time = 1.0 + (k * 104_729 % 977) as f64 / 100.0 * (1.5 - x);
        writeln!(text, "{time:.3},{},{x},{}", u8::from(events(k)), more(k)).unwrap();
    }
    std::fs::write(folder.join("rows.csv"), text).unwrap();
}

fn study(folder: &Path, terms: &str, more: &str) {
    let text = format!(
        "seed = 3\n[data]\ntable = \"rows.csv\"\nexit = \"time\"\nevent = \"event\"\n\
         [outcome]\nhorizons = [4, 8]\n[features]\nterms = [{terms}]\n{more}"
    );
    std::fs::write(folder.join("study.toml"), text).unwrap();
}

fn evaluate(folder: &Path, more: &[&str]) -> Value {
    let args = [&["evaluate", "study.toml", "--json"], &QUICK[..], more].concat();
    let ran = pleegzorg(folder, &args).code(0);
    assert!(!ran.stdout.contains("NaN"), "{}", ran.stdout);
    ran.json()
}

fn warned(e: &Value, words: &str) -> bool {
    e["warnings"].as_array().unwrap().iter().any(|w| w.as_str().unwrap().contains(words))
}

#[test]
fn a_fold_without_events() {
    let dir = tempfile::tempdir().unwrap();
    table(dir.path(), 90, |k| k == 40 || k == 80, |_| "a,1".into());
    study(dir.path(), "\"x\"", "");
    let e = evaluate(dir.path(), &[]);
    assert_eq!(e["verdict"], "not-enough-data");
    let without = e["splits"].as_array().unwrap().iter().filter(|s| s["events_test"] == 0);
    for split in without.clone() {
        for horizon in split["horizons"].as_array().unwrap() {
            assert!(horizon["auc"].is_null() && horizon["slope"].is_null(), "{split}");
        }
    }
    assert!(without.count() > 0);
    let none = tempfile::tempdir().unwrap();
    table(none.path(), 90, |_| false, |_| "a,1".into());
    study(none.path(), "\"x\"", "");
    assert_eq!(evaluate(none.path(), &[])["verdict"], "not-enough-data");
}

#[test]
fn a_horizon_beyond_follow_up() {
    let dir = tempfile::tempdir().unwrap();
    table(dir.path(), 300, |k| k % 2 == 0, |_| "a,1".into());
    study(dir.path(), "\"x\"", "");
    let e = evaluate(dir.path(), &["--set", "outcome.horizons=[4, 500]"]);
    assert!(warned(&e, "follow-up does not reach 500"), "{}", e["warnings"]);
    assert!(e["summary"]["auc"]["at"][1]["mean"].is_null());
    assert!(e["observed"][1]["mean"].is_null());
    assert_eq!(e["verdict"], "not-enough-data");
}

#[test]
fn a_level_that_training_never_saw() {
    let dir = tempfile::tempdir().unwrap();
    // Three rows of a level: some fold has all of them, or trains without one.
    table(dir.path(), 300, |k| k % 2 == 0, |k| format!("{},1", if k < 3 { "rare" } else { "a" }));
    study(dir.path(), "\"x\", \"factor(kind)\"", "");
    let mut seen = false;
    for seed in 1..30 {
        let set = format!("seed={seed}");
        let e = evaluate(dir.path(), &["--set", &set]);
        if warned(&e, "a level occurs in the test rows only") {
            seen = true;
            assert!(warned(&e, "kind"), "{}", e["warnings"]);
            break;
        }
    }
    assert!(seen, "no seed puts all three rows into one fold");
}

#[test]
fn all_values_of_a_feature_missing() {
    let dir = tempfile::tempdir().unwrap();
    table(dir.path(), 300, |k| k % 2 == 0, |_| "a,".into());
    study(dir.path(), "\"x\", \"hole\"", "");
    for missing in ["impute", "multiple", "drop"] {
        let set = format!("features.missing={missing}");
        let args = [&["evaluate", "study.toml", "--json"], &QUICK[..], &["--set", &set]].concat();
        let ran = pleegzorg(dir.path(), &args);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains("hole") && said.contains("known"), "{missing}: {said}");
        assert!(ran.code == 1 || ran.json()["verdict"] == "not-enough-data", "{missing}: {said}");
    }
}

#[test]
fn predictions_outside_of_zero_and_one() {
    let dir = tempfile::tempdir().unwrap();
    // A steep line that a support vector machine follows past the edges.
    table(dir.path(), 240, |k| k * 7919 % 1000 > 450, |_| "a,1".into());
    let compare = "[[compare]]\nname = \"line\"\nkind = \"svm\"\n";
    study(dir.path(), "\"x\"", compare);
    let quick: Vec<&str> = QUICK[..8].into();
    let args = [&["evaluate", "study.toml", "--json"], &quick[..]].concat();
    let e = pleegzorg(dir.path(), &args).code(0).json();
    assert!(warned(&e, "outside 0 to 1"), "{}", e["warnings"]);
}

#[test]
fn a_provider_with_three_placements_and_an_audit_file_with_unknown_ids() {
    let dir = tempfile::tempdir().unwrap();
    let example = root().join("datasets/example");
    let mut audit = String::from("child_id,attribute\n");
    for entry in std::fs::read_dir(&example).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, dir.path().join(path.file_name().unwrap())).unwrap();
    }
    // A provider of its own for three stays.
    let stays = std::fs::read_to_string(dir.path().join("stays.csv")).unwrap();
    let mut lines: Vec<String> = stays.lines().map(str::to_owned).collect();
    let column = |name: &str| lines[0].split(',').position(|c| c == name).unwrap();
    let (provider, child) = (column("provider"), column("child_id"));
    for line in &mut lines[10..13] {
        let mut cells: Vec<&str> = line.split(',').collect();
        cells[provider] = "Tiny";
        *line = cells.join(",");
    }
    std::fs::write(dir.path().join("stays.csv"), lines.join("\n")).unwrap();
    for (k, line) in lines[1..200].iter().enumerate() {
        let id = line.split(',').nth(child).unwrap();
        if !audit.contains(&format!("\n{id},")) {
            writeln!(audit, "{id},{}", ["a", "b"][k % 2]).unwrap();
        }
    }
    audit.push_str("SECRET-1,a\nSECRET-2,b\n");
    std::fs::write(dir.path().join("audit.csv"), audit).unwrap();
    let args = [
        &["evaluate", "study.toml", "--json", "--set", "evaluate.audit=audit.csv"],
        &QUICK[..],
        &["--set", "features.terms=[\"age\"]"],
    ]
    .concat();
    let ran = pleegzorg(dir.path(), &args).code(0);
    assert!(!ran.stdout.contains("SECRET") && !ran.stderr.contains("SECRET"));
    let e = ran.json();
    assert!(warned(&e, "audit"), "{}", e["warnings"]);
    let groups = e["groups"].as_array().unwrap();
    let tiny = groups.iter().find(|g| g["level"] == "Tiny").unwrap();
    assert_eq!(tiny["too_little_data"], true);
    assert!(tiny["summary"].as_object().unwrap().is_empty(), "no number that looks fine");
    let left_out = e["splits"].as_array().unwrap().iter();
    let own = left_out.filter(|s| s["name"] == "provider=Tiny");
    for split in own {
        assert!(split["horizons"].as_array().unwrap().iter().all(|h| h["slope"].is_null()));
    }
}

#[test]
fn the_card_is_written_three_times_and_makes_nothing_up() {
    let dir = tempfile::tempdir().unwrap();
    table(dir.path(), 200, |k| k % 2 == 0, |_| "a,1".into());
    study(dir.path(), "\"x\"", "");
    pleegzorg(dir.path(), &["train", "study.toml", "-o", "m.json", "--card", "trained"]).code(0);
    let judge = ["evaluate", "study.toml", "--model", "m.json", "--card", "judged"];
    pleegzorg(dir.path(), &[&judge[..], &QUICK].concat()).code(0);
    for prefix in ["trained", "judged"] {
        let read = |end: &str| {
            std::fs::read_to_string(dir.path().join(format!("{prefix}.{end}"))).unwrap()
        };
        let json: Value = serde_json::from_str(&read("json")).unwrap();
        let items = json["items"].as_array().unwrap();
        assert_eq!(items.len(), 27);
        let told = |k: usize| items[k - 1]["told"].as_str().unwrap();
        assert_eq!([told(17), told(18), told(19)], ["asked"; 3], "only people can say it");
        let performance = if prefix == "judged" { "filled" } else { "missing" };
        assert_eq!((told(21), told(23)), ("filled", performance));
        assert_eq!(json["verdict"].is_null(), prefix == "trained");
        assert!(read("md").contains("## TRIPOD+AI") && read("html").starts_with("<!doctype html>"));
    }
    // What is there is not replaced unasked.
    pleegzorg(dir.path(), &["train", "study.toml", "--card", "trained"]).code(2);
    // Nor does the card ever take the place of the model or the page of the same run.
    let before = std::fs::read(dir.path().join("m.json")).unwrap();
    for other in [["-o", "m.json"], ["--html", "m.html"]] {
        let args = ["train", "study.toml", "--card", "m", "--force", other[0], other[1]];
        let said = pleegzorg(dir.path(), &args).code(2).stderr;
        assert!(said.contains("--card would write a file"), "{said}");
    }
    assert_eq!(std::fs::read(dir.path().join("m.json")).unwrap(), before);
}
