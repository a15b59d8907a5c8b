//! `match` on the command line: what a worker reads, and every bad input of the list.

use std::path::Path;

use super::run::{Ran, pleegzorg, root};

fn example() -> String {
    root().join("datasets/example").display().to_string()
}

fn matched(extra: &[&str]) -> Ran {
    let (dir, model, data) = (tempfile::tempdir().unwrap(), shipped(), example());
    let mut args = vec!["match", &model, &data, "--as-of", "2023-12-31", "--research"];
    args.extend(extra);
    pleegzorg(dir.path(), &args).code(0)
}

fn shipped() -> String {
    root().join("models/example.json").display().to_string()
}

#[test]
fn a_worker_reads_counts_by_rule_first_and_details_where_asked() {
    let text = matched(&["--lang", "nl"]).stdout;
    assert!(text.starts_with("*** Alleen voor onderzoek"));
    assert!(text.contains("Geen plek vrij") && text.contains("gezinnen kunnen nu niet"));
    assert!(text.contains("Netwerkgezin van een ander kind"));
    assert!(text.contains("geen rangorde") && text.contains("Bij alle gezinnen"));
    assert!(!text.contains("=missing"), "no name of a column stands for a reason");
    assert!(text.lines().count() < 600, "{} lines", text.lines().count());
    // No family that a rule excludes is named, until one asks.
    let json = matched(&["--json"]).json();
    let request = &json["requests"][0];
    let id = request["request"].as_str().unwrap();
    let full = matched(&["--request", id]).stdout;
    for veto in request["vetoed"].as_array().unwrap() {
        let line = format!(
            "{}: {}",
            veto["family"].as_str().unwrap(),
            veto["detail"]["en"].as_str().unwrap()
        );
        assert!(full.contains(&line), "{line}");
        assert!(!text.contains(&line));
    }
    assert!(full.lines().filter(|l| l.starts_with('R')).count() == 1);
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let shown = ["--variants", "--draws", "5", "--json"];
    let with = |n: &str| matched(&[&shown[..], &["--threads", n]].concat()).stdout;
    let one = with("1");
    assert!(one == with("2") && one == with("7"));
    let text = |n: &str| matched(&["--lang", "nl", "--threads", n]).stdout;
    assert!(text("1") == text("2"));
}

#[test]
fn a_request_that_is_not_open_is_named_by_no_value() {
    let (dir, model, data) = (tempfile::tempdir().unwrap(), shipped(), example());
    let args = ["match", &model, &data, "--as-of", "2023-12-31", "--research", "--request", "R9"];
    let ran = pleegzorg(dir.path(), &args).code(2);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("not open"), "{}", ran.stderr);
}

/// Solves an instance given as text.
fn instance(text: &str) -> Ran {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("i.json"), text).unwrap();
    pleegzorg(dir.path(), &["match", "--instance", "i.json", "--json"])
}

const GROUP: &str = r#""groups":[{"id":"g","children":1}]"#;
const FAMILY: &str = r#""families":[{"id":"a","places":1}]"#;

#[test]
fn instances_without_an_answer_are_answered() {
    for (text, why) in [
        (format!(r#"{{{GROUP},"families":[],"pairs":[]}}"#), "no_family"),
        (format!(r#"{{{GROUP},{FAMILY},"pairs":[]}}"#), "no_family"),
        (
            format!(
                r#"{{{GROUP},"families":[{{"id":"a","places":0}}],"pairs":[{{"group":"g","family":"a","score":1}}]}}"#
            ),
            "too_few_places",
        ),
        (
            format!(
                r#"{{{GROUP},"families":[{{"id":"a","places":-3}}],"pairs":[{{"group":"g","family":"a","score":1}}]}}"#
            ),
            "too_few_places",
        ),
        (
            r#"{"groups":[{"id":"g","children":4}],"families":[{"id":"a","places":3}],"pairs":[{"group":"g","family":"a","score":1}]}"#
                .to_owned(),
            "too_few_places",
        ),
    ] {
        let json = instance(&text).code(0).json();
        assert_eq!(json["assignment"]["status"], "optimal", "{text}");
        assert_eq!(json["assignment"]["objective"], 0.0);
        assert_eq!(json["assignment"]["unplaced"][0]["why"]["code"], why, "{text}");
    }
    let none = instance(r#"{"groups":[],"families":[],"pairs":[]}"#).code(0).json();
    assert_eq!(none["assignment"]["pairs"].as_array().unwrap().len(), 0);
}

#[test]
fn instances_that_make_no_sense_say_what_is_wrong() {
    for (text, needle) in [
        (String::new(), "not valid"),
        ("null".into(), "not valid"),
        (
            format!(r#"{{{GROUP},{FAMILY},"pairs":[{{"group":"g","family":"a","score":NaN}}]}}"#),
            "not valid",
        ),
        (
            format!(r#"{{{GROUP},{FAMILY},"pairs":[{{"group":"g","family":"a","score":1e999}}]}}"#),
            "not valid",
        ),
        (
            format!(r#"{{{GROUP},{FAMILY},"pairs":[{{"group":"h","family":"a","score":1}}]}}"#),
            "does not exist",
        ),
        (
            format!(r#"{{{GROUP},{FAMILY},"pairs":[{{"group":"g","family":"b","score":1}}]}}"#),
            "does not exist",
        ),
        (format!(r#"{{{GROUP},{FAMILY},"pairs":[],"conflicts":[["g","h"]]}}"#), "does not exist"),
        (format!(r#"{{"groups":[{{"id":"g","children":-1}}],{FAMILY},"pairs":[]}}"#), "1 or more"),
        (
            format!(r#"{{"groups":[{{"id":"g","children":4000000000}}],{FAMILY},"pairs":[]}}"#),
            "up to 1000",
        ),
        (
            format!(r#"{{{GROUP},{FAMILY},"pairs":[{{"group":"g","family":"a","score":1e308}}]}}"#),
            "beyond 1e12",
        ),
        (
            format!(
                r#"{{{GROUP},{FAMILY},"pairs":[{{"group":"g","family":"a","score":1}},{{"group":"g","family":"a","score":2}}]}}"#
            ),
            "twice",
        ),
    ] {
        let ran = instance(&text).code(1);
        assert!(ran.stdout.is_empty());
        assert!(ran.stderr.contains(needle), "{text}: {}", ran.stderr);
    }
    let dir = tempfile::tempdir().unwrap();
    pleegzorg(dir.path(), &["match", "--instance", "nowhere.json"]).code(3);
    pleegzorg(dir.path(), &["match", "--instance", "."]).code(3);
    pleegzorg(dir.path(), &["match"]).code(2);
}

/// A copy of the example in which one file is changed.
fn changed(file: &str, change: impl Fn(&str) -> String) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(example()).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, dir.path().join(path.file_name().unwrap())).unwrap();
    }
    let path = dir.path().join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, change(&text)).unwrap();
    dir
}

fn run_on(history: &Path, code: i32) -> Ran {
    let (dir, model) = (tempfile::tempdir().unwrap(), shipped());
    let history = history.display().to_string();
    let args =
        ["match", &model, &history, "--as-of", "2023-12-31", "--research", "--json", "--quiet"];
    pleegzorg(dir.path(), &args).code(code)
}

fn header_only(text: &str) -> String {
    text.lines().take(1).map(|l| format!("{l}\n")).collect()
}

#[test]
fn a_history_without_requests_or_with_a_request_of_nobody() {
    let without = changed("requests.csv", header_only);
    let offers = without.path().join("offers.csv");
    std::fs::write(&offers, header_only(&std::fs::read_to_string(&offers).unwrap())).unwrap();
    let none = run_on(without.path(), 0).json();
    assert!(none["requests"].as_array().unwrap().is_empty());
    let model = shipped();
    let at = without.path().display().to_string();
    let args = ["match", &model, &at, "--as-of", "2023-12-31", "--research", "--no-worth"];
    let text = pleegzorg(without.path(), &args).code(0).stdout;
    assert!(text.contains("No request is open on this day"), "{text}");
    assert_eq!(none["assignment"]["status"], "optimal");
    // Families that nobody recorded: every request is listed, each with why.
    let without = changed("families.csv", |t| {
        let rows = t.lines().enumerate().map(|(k, l)| {
            let mut cells: Vec<&str> = l.split(',').collect();
            if k > 0 {
                cells[4] = "0";
            }
            cells.join(",") + "\n"
        });
        rows.collect()
    });
    let json = run_on(without.path(), 0).json();
    let unplaced = json["assignment"]["unplaced"].as_array().unwrap();
    // A child that lives with a family takes no place there.
    assert!(unplaced.len() + 1 >= json["requests"].as_array().unwrap().len());
    assert!(unplaced.iter().all(|u| u["why"]["nl"].as_str().unwrap().len() > 10));
    let nobody = changed("requests.csv", |t| t.replace("C000144", "C999999"));
    let ran = run_on(nobody.path(), 1);
    assert!(ran.stdout.is_empty() && !ran.stderr.contains("C999999"), "{}", ran.stderr);
}

#[test]
fn a_cycle_of_siblings_is_one_group_and_contradictory_wishes_are_said() {
    let json = matched(&["--json"]).json();
    let open: Vec<(String, String)> = {
        let text = std::fs::read_to_string(root().join("datasets/example/requests.csv")).unwrap();
        let child = |id: &str| {
            let row = text.lines().find(|l| l.starts_with(id)).unwrap();
            row.split(',').nth(1).unwrap().to_owned()
        };
        let requests = json["requests"].as_array().unwrap();
        let ids = requests.iter().map(|r| r["request"].as_str().unwrap().to_owned());
        ids.map(|id| (child(&id), id)).collect()
    };
    let (a, b, c) = (&open[0].0, &open[1].0, &open[4].0);
    let cycle = format!("must,{a},{b},,\nmust,{b},{c},,\nmust,{c},{a},,\n");
    let json = run_on(changed("pairs.csv", |t| format!("{t}{cycle}")).path(), 0).json();
    let about = |json: &serde_json::Value, id: &str| {
        let requests = json["requests"].as_array().unwrap().clone();
        let found = requests.into_iter().find(|r| r["request"] == *id).unwrap();
        found["about"]["en"].as_str().unwrap().to_owned()
    };
    assert!(about(&json, &open[0].1).contains(&open[1].1));
    assert!(about(&json, &open[4].1).contains(&open[0].1));
    // They must live together, and may not.
    let both = format!("{cycle}not_together,{a},{b},safety,\n");
    let json = run_on(changed("pairs.csv", |t| format!("{t}{both}")).path(), 0).json();
    let unplaced = json["assignment"]["unplaced"].as_array().unwrap();
    let why = unplaced.iter().find(|u| u["request"] == *open[0].1).unwrap();
    assert_eq!(why["why"]["code"], "contradictory_wishes");
    // Two wishes for two families.
    let two = format!("must,{c},F000003,,\nmust,{c},F000008,,\n");
    let folder = changed("pairs.csv", |t| format!("{t}{two}"));
    let json = run_on(folder.path(), 0).json();
    let unplaced = json["assignment"]["unplaced"].as_array().unwrap();
    let why = unplaced.iter().find(|u| u["request"] == *open[4].1).unwrap();
    assert_eq!(why["why"]["code"], "contradictory_wishes");
    // No concession helps against a wish, and that is said; where there are families it is not.
    let (model, at) = (shipped(), folder.path().display().to_string());
    let said = |id: &str| {
        let args = ["match", &model, &at, "--as-of", "2023-12-31", "--research", "--no-worth"];
        let args = [&args[..], &["--request", id]].concat();
        let text = pleegzorg(folder.path(), &args).code(0).stdout;
        text.contains("No concession that the rules allow brings a family back.")
    };
    assert!(said(&open[4].1) && !said(&open[0].1));
}
