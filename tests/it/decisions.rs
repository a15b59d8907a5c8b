//! Decisions on the command line: recorded, verified, replayed.

use std::path::Path;

use serde_json::Value;

use super::run::{Ran, pleegzorg, root};

fn at(path: &str) -> String {
    root().join(path).display().to_string()
}

/// Records a choice on a request of the example.
fn record(dir: &Path, request: &str, family: &str, extra: &[&str]) -> Ran {
    let (model, data) = (at("models/example.json"), at("datasets/example"));
    let mut args = vec!["match", &model, &data, "--as-of", "2023-12-31", "--research", "--json"];
    args.extend(["--record", "log", "--request", request, "--choose", family]);
    args.extend(extra);
    pleegzorg(dir, &args)
}

const WHY: [&str; 2] = ["--reason", "dicht bij school"];

#[test]
fn a_decision_is_chained_verified_and_replayed_to_the_last_digit() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (model, data) = (at("models/example.json"), at("datasets/example"));
    let plain = ["match", &model, &data, "--as-of", "2023-12-31", "--research", "--json"];
    let shown = pleegzorg(dir, &plain).code(0).json();
    assert!(shown.get("recorded").is_none());
    let pair = &shown["assignment"]["pairs"][0];
    let (request, family) = (pair["request"].as_str().unwrap(), pair["family"].as_str().unwrap());
    // As proposed: no override.
    let first = record(dir, request, family, &WHY).code(0).json();
    assert_eq!(first["recorded"]["number"], 1);
    assert_eq!(first["recorded"]["override"], Value::Null);
    // None, though the plan proposes one.
    let second = record(dir, request, "none", &WHY).code(0).json();
    assert_eq!(second["recorded"]["override"]["kind"], "not_placed");
    // A family that rules exclude: written down with the rules.
    let of = shown["requests"].as_array().unwrap().iter().find(|r| r["request"] == request);
    let veto = &of.unwrap()["vetoed"][0];
    let third = record(dir, request, veto["family"].as_str().unwrap(), &WHY).code(0).json();
    let over = &third["recorded"]["override"];
    assert_eq!(over["kind"], "excluded");
    assert!(over["rules"].as_array().unwrap().contains(&veto["rule"]));
    let head = third["recorded"]["sha256"].as_str().unwrap();

    let verified = pleegzorg(dir, &["audit", "verify", "log", "--head", head, "--json"]).code(0);
    let verified = verified.json();
    assert_eq!((&verified["records"], &verified["head"]), (&3.into(), &head.into()));
    let again = pleegzorg(dir, &["audit", "replay", "log", &model, &data, "--json"]).code(0).json();
    assert_eq!((&again["replayed"], &again["same"]), (&3.into(), &true.into()));
    assert!(again["numbers"].as_u64().unwrap() > 100);
    assert_eq!(again["other_history"], 0);

    // Cut off at the end: only the noted head tells.
    let log = std::fs::read_to_string(dir.join("log")).unwrap();
    let cut: String = log.split_inclusive('\n').take(2).collect();
    std::fs::write(dir.join("cut"), cut).unwrap();
    let said = pleegzorg(dir, &["audit", "verify", "cut"]).code(0).stdout;
    assert!(said.contains("--head"), "says what it cannot see: {said}");
    pleegzorg(dir, &["audit", "verify", "cut", "--head", head]).code(4);
    // Edited: found, and neither replayed nor added to.
    std::fs::write(dir.join("log"), log.replacen("school", "kantoor", 1)).unwrap();
    let said = pleegzorg(dir, &["audit", "verify", "log", "--lang", "nl"]).code(4).stdout;
    assert!(said.contains("regel 1"), "{said}");
    pleegzorg(dir, &["audit", "replay", "log", &model, &data]).code(4);
    record(dir, request, family, &WHY).code(4);
}

#[test]
fn variants_and_the_worth_that_stood_beside_a_decision_are_computed_anew() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (model, data) = (at("models/example.json"), at("datasets/example"));
    let plain = ["match", &model, &data, "--as-of", "2023-12-31", "--research", "--json"];
    let pair = &pleegzorg(dir, &plain).code(0).json()["assignment"]["pairs"][0];
    let (request, family) = (pair["request"].as_str().unwrap(), pair["family"].as_str().unwrap());
    let replayed = || {
        let again = pleegzorg(dir, &["audit", "replay", "log", &model, &data, "--json"]);
        let again = again.code(0).json();
        assert_eq!(again["same"], true);
        again["numbers"].as_u64().unwrap()
    };
    record(dir, request, family, &[&WHY[..], &["--no-worth"]].concat()).code(0);
    let bare = replayed();
    record(dir, request, family, &[&WHY[..], &["--variants", "--draws", "10"]].concat()).code(0);
    assert!(replayed() > 2 * bare + 20, "the variants have numbers of their own");
    let log = std::fs::read_to_string(dir.join("log")).unwrap();
    let last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert!(
        log.contains("\"variants\":{\"draws\":10") && log.contains("\"worth\":\"not identified\""),
        "{last}"
    );
}

#[test]
fn other_numbers_and_another_model_are_found_by_a_replay() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (model, data) = (at("models/example.json"), at("datasets/example"));
    let plain = ["match", &model, &data, "--as-of", "2023-12-31", "--research", "--json"];
    let shown = pleegzorg(dir, &plain).code(0).json();
    let pair = &shown["assignment"]["pairs"][0];
    record(dir, pair["request"].as_str().unwrap(), pair["family"].as_str().unwrap(), &WHY).code(0);
    // The same folder without what was assessed.
    let copy = dir.join("copy");
    std::fs::create_dir(&copy).unwrap();
    for file in std::fs::read_dir(&data).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
    }
    let scores = std::fs::read_to_string(copy.join("assessments.csv")).unwrap();
    let header = scores.lines().next().unwrap();
    std::fs::write(copy.join("assessments.csv"), format!("{header}\n")).unwrap();
    let other = pleegzorg(dir, &["audit", "replay", "log", &model, "copy", "--json"]).code(1);
    let other = other.json();
    assert_eq!((&other["same"], &other["other_history"]), (&false.into(), &1.into()));
    let literature = at("models/literature.json");
    let none = pleegzorg(dir, &["audit", "replay", "log", &literature, &data, "--json"]).code(1);
    assert_eq!(none.json()["differences"][0]["path"], "model");
}

#[test]
fn a_decision_needs_a_request_a_family_and_a_reason() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let shown = {
        let (model, data) = (at("models/example.json"), at("datasets/example"));
        let args = ["match", &model, &data, "--as-of", "2023-12-31", "--research", "--json"];
        pleegzorg(dir, &args).code(0).json()
    };
    let request = shown["requests"][0]["request"].as_str().unwrap();
    record(dir, request, "none", &[]).code(2);
    record(dir, request, "none", &["--reason", "  "]).code(2);
    record(dir, request, "no-such-family", &WHY).code(2);
    record(dir, "no-such-request", "none", &WHY).code(2);
    record(dir, request, "none", &["--reason", "bsn 999990019"]).code(5);
    record(dir, request, "none", &["--reason", "x", "--record", "no/such/folder/log"]).code(2);
    assert!(!dir.join("log").exists(), "nothing was written");
    pleegzorg(dir, &["audit", "verify", "log"]).code(3);
    pleegzorg(dir, &["audit", "verify", "log", "--head", "xyz"]).code(2);
}
