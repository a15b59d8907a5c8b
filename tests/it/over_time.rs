//! Worth and replay on the command line.

use super::run::{pleegzorg, root};

fn at(path: &str) -> String {
    root().join(path).display().to_string()
}

#[test]
fn the_example_is_replayed_and_a_made_up_stream_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let (model, data) = (at("models/example.json"), at("datasets/example"));
    let args =
        ["replay", &model, &data, "--from", "2021-01-01", "--to", "2023-12-31", "--research"];
    let json = pleegzorg(dir.path(), &[&args[..], &["--json"]].concat()).code(0).json();
    assert!(json["requests"].as_u64().unwrap() > 20);
    for p in json["policies"].as_array().unwrap() {
        let placed = p["placed"].as_u64().unwrap() + p["unplaced"].as_u64().unwrap();
        assert_eq!(placed, json["children"].as_u64().unwrap());
        assert!(p["of_hindsight"].as_f64().unwrap() <= 1.0 + 1e-9);
    }
    let text = pleegzorg(dir.path(), &[&args[..], &["--lang", "nl"]].concat()).code(0).stdout;
    assert!(text.contains("wie het eerst komt") && text.contains("voorspellen niet"));
    let made = ["replay", "--simulated", "150", "--years", "2", "--json"];
    let first = pleegzorg(dir.path(), &made).code(0).stdout;
    let one = [&made[..], &["--threads", "1"]].concat();
    assert!(first == pleegzorg(dir.path(), &one).code(0).stdout, "the same for any threads");
}

#[test]
fn a_replay_without_requests_or_with_odd_terms_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let (model, data) = (at("models/example.json"), at("datasets/example"));
    let args = |from, to| ["replay", &model, &data, "--from", from, "--to", to, "--research"];
    pleegzorg(dir.path(), &args("2010-01-01", "2010-02-01")).code(2);
    pleegzorg(dir.path(), &args("2023-01-01", "2022-01-01")).code(2);
    pleegzorg(dir.path(), &args("2023-01-01", "2099-01-01")).code(2);
    pleegzorg(dir.path(), &["replay"]).code(2);
    pleegzorg(dir.path(), &["replay", "--simulated", "10", "--daily-cost", "nan"]).code(2);
    pleegzorg(dir.path(), &["replay", "--simulated", "10", "--patience", "0"]).code(2);
}

#[test]
fn the_null_world_is_a_command() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["audit", "null-world", "--worlds", "4", "--choices", "300", "--json"];
    let json = pleegzorg(dir.path(), &args).code(0).json();
    assert!(json["model_claims"].as_f64().unwrap() > 0.1);
    assert_eq!(json["worlds"], 4);
    pleegzorg(dir.path(), &["audit", "null-world", "--worlds", "1"]).code(2);
}

#[test]
fn without_past_choices_the_worth_is_not_identified_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let (model, data) = (at("models/example.json"), at("datasets/example"));
    let copy = dir.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    for file in std::fs::read_dir(&data).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
    }
    let run = |folder: &str| {
        let args = ["match", &model, folder, "--as-of", "2023-12-31", "--research", "--json"];
        pleegzorg(dir.path(), &args).code(0).json()
    };
    // About a hundred requests, each between many families: too few to carry it.
    let few = run(&data);
    assert_eq!(few["worth"], "not identified");
    let code = few["worth_reason"]["code"].as_str().unwrap();
    assert!(["too_few_choices", "no_overlap", "too_few_effective"].contains(&code), "{code}");
    std::fs::remove_file(copy.join("family_periods.csv")).unwrap();
    assert_eq!(run("copy")["worth_reason"]["code"], "no_past_choices");
}

#[test]
fn a_provider_with_three_years_of_requests_is_told_what_leaning_would_have_changed() {
    let (dir, model) = (tempfile::tempdir().unwrap(), at("models/example.json"));
    let made = ["simulate", "--out", "h", "--children", "1500", "--seed", "2", "--quiet"];
    pleegzorg(dir.path(), &made).code(0);
    let args = ["match", &model, "h", "--as-of", "2023-12-31", "--research", "--json", "--quiet"];
    let json = pleegzorg(dir.path(), &args).code(0).json();
    let (worth, reason) = (&json["worth"], &json["worth_reason"]);
    assert_eq!(reason["code"], "worth_estimated", "{reason}");
    let said = |lang: &str, words: &str| reason[lang].as_str().unwrap().contains(words);
    assert!(said("en", "leaning to the lowest risk") && said("nl", "per 100 plaatsingen"));
    assert!(worth["outcomes"].as_u64().unwrap() >= 100);
    assert!(worth["placebo"]["coverage"].as_f64().unwrap() >= 0.85);
    assert_eq!(worth["placebo"]["rounds"], 100);
    let policies = worth["policies"].as_array().unwrap();
    let of = |name: &str| policies.iter().find(|p| p["policy"] == name).unwrap();
    // The one family with the lowest risk was hardly ever chosen among so many.
    let lowest = of("lowest_risk");
    assert_eq!(lowest["refused"], "no_overlap");
    assert!(lowest["estimates"].as_array().unwrap().is_empty());
    let leaning = of("leaning");
    assert!(leaning["refused"].is_null());
    assert!(leaning["effective_sample_size"].as_f64().unwrap() >= 50.0);
    let estimates = leaning["estimates"].as_array().unwrap();
    let methods: Vec<_> = estimates.iter().map(|e| e["method"].as_str().unwrap()).collect();
    assert_eq!(methods, ["ipw", "self_normalised", "doubly_robust"]);
    for e in estimates {
        let [value, lower, upper] =
            ["reduction", "lower", "upper"].map(|key| e[key].as_f64().unwrap());
        assert!(lower < value && value < upper && upper - lower < 0.2, "{e}");
    }
    let terms = worth["choice_model"].as_array().unwrap();
    let of = |name: &str| terms.iter().find(|t| t["name"] == name).unwrap();
    // Families are looked for near home.
    let km = of("log_km_home");
    let farther =
        km["estimate"].as_f64().unwrap() + of("ten_km_home")["estimate"].as_f64().unwrap();
    assert!(farther < 0.0, "{farther}");
}
