//! The contract of the command line that holds for every verb.

use std::io::Read;
use std::process::Stdio;

use super::run::{command, pleegzorg, root};

#[test]
fn help_names_every_verb_and_what_the_tool_must_not_do() {
    let dir = tempfile::tempdir().unwrap();
    let ran = pleegzorg(dir.path(), &["--help"]).code(0);
    for verb in VERBS {
        assert!(ran.stdout.contains(verb), "--help does not name {verb}");
    }
    assert!(ran.stdout.contains("must not decide alone"));
}

/// The verbs of the design, and the two that describe the tool itself.
const VERBS: &[&str] = &[
    "demo",
    "check",
    "explain",
    "import",
    "simulate",
    "describe",
    "train",
    "evaluate",
    "score",
    "match",
    "completions",
    "manual",
];

#[test]
fn every_verb_has_help_and_knows_json_quiet_and_threads() {
    let dir = tempfile::tempdir().unwrap();
    for verb in VERBS {
        let help = pleegzorg(dir.path(), &[verb, "--help"]).code(0).stdout;
        for option in ["--json", "--quiet", "--threads"] {
            assert!(help.contains(option), "{verb} --help does not name {option}");
        }
    }
}

#[test]
fn the_help_fits_and_shows_nothing_of_the_environment() {
    let dir = tempfile::tempdir().unwrap();
    for verb in VERBS.iter().map(|v| vec![*v]).chain([vec![], vec!["import", "ssda903"]]) {
        let args = [&verb[..], &["--help"]].concat();
        let mut run = command(dir.path(), &args);
        let output = run.env("PLEEGZORG_LANG", "nl").output().unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(!help.contains("PLEEGZORG_LANG=nl"), "{verb:?}");
        for line in help.lines() {
            assert!(line.chars().count() <= 100, "{verb:?}: {line}");
        }
        // The list of kinds is a table: a line that begins elsewhere has run over.
        if let Some((_, kinds)) = help.split_once("Kinds of models") {
            for line in kinds.lines().skip(1).take_while(|l| !l.is_empty()) {
                assert!(line.starts_with("  ") && line.as_bytes()[25] != b' ', "{line}");
            }
        }
        // The short help is never the longer one.
        let short = pleegzorg(dir.path(), &[&verb[..], &["-h"]].concat()).code(0).stdout;
        assert!(!short.is_empty() && short.len() <= help.len(), "{verb:?}");
    }
    // Without a verb, the help, as a mistake; an unknown verb with the nearest.
    assert!(pleegzorg(dir.path(), &[]).code(2).stderr.contains("Usage: pleegzorg"));
    assert!(pleegzorg(dir.path(), &["chek"]).code(2).stderr.contains("'check'"));
    // The language may come from the environment, and the option is stronger.
    let explain = |args: &[&str]| {
        let mut run = command(dir.path(), &[&["explain", "PZ0401"], args].concat());
        String::from_utf8(run.env("PLEEGZORG_LANG", "nl").output().unwrap().stdout).unwrap()
    };
    assert!(
        explain(&[]).contains("overlappen") && explain(&["--lang", "en"]).contains("overlap\n")
    );
    // Features are explained too: one by name, in the language asked, or all.
    let tell = |args: &[&str]| pleegzorg(dir.path(), args).code(0).stdout;
    assert!(tell(&["explain", "alliance", "--lang", "nl"]).contains("samenwerking van ouders"));
    assert!(tell(&["explain", "age_over_12"]).starts_with("age_over_<years>  past the 10th"));
    let listed = tell(&["explain", "features"]);
    assert_eq!(listed.lines().count(), pleegzorg::features::CATALOGUE.len());
    assert!(pleegzorg(dir.path(), &["explain", "aliance"]).code(2).stderr.contains("features"));
}

#[test]
fn a_wrong_option_is_a_usage_error_on_stderr() {
    let dir = tempfile::tempdir().unwrap();
    let ran = pleegzorg(dir.path(), &["check", "--nonsense"]).code(2);
    assert!(ran.stdout.is_empty());
    assert!(ran.stderr.contains("--nonsense"));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = command(dir.path(), &["completions", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let status = child.wait().unwrap();
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(status.code(), Some(0), "{stderr}");
    assert_eq!(stderr, "");
}

#[test]
fn completions_and_man_pages_come_from_the_same_definition_as_the_help() {
    let dir = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = pleegzorg(dir.path(), &["completions", shell]).code(0).stdout;
        for verb in VERBS {
            assert!(script.contains(verb), "{shell} completions do not know {verb}");
        }
    }
    pleegzorg(dir.path(), &["manual", "-o", "."]).code(0);
    for verb in VERBS {
        let page = std::fs::read_to_string(dir.path().join(format!("pleegzorg-{verb}.1"))).unwrap();
        assert!(page.contains(verb));
    }
    // Every page that a page refers to is there, and each says what the help says.
    let page = |name: &str| std::fs::read_to_string(dir.path().join(format!("{name}.1"))).unwrap();
    assert!(page("pleegzorg").contains("refused on policy"));
    assert!(page("pleegzorg-import").contains("ssda903"));
    let import = pleegzorg(dir.path(), &["import", "ssda903", "--help"]).code(0).stdout;
    for option in ["HISTORY", "force", "most"] {
        assert!(page("pleegzorg-import-ssda903").contains(option) && import.contains(option));
    }
    // A second run overwrites nothing.
    pleegzorg(dir.path(), &["manual", "-o", "."]).code(2);
    pleegzorg(dir.path(), &["manual", "-o", ".", "--force"]).code(0);
}

#[test]
fn the_demo_goes_the_whole_way_and_overwrites_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let json = pleegzorg(dir.path(), &["demo", "out", "--json"]).code(0).json();
    assert_eq!(json["synthetic"], true);
    for part in ["train", "evaluate", "score", "match"] {
        assert_eq!(json[part]["schema"], 1, "{part}");
    }
    let page = std::fs::read_to_string(dir.path().join("out/report.html")).unwrap();
    assert!(page.contains("<svg") && !page.contains("<script"));
    assert!(dir.path().join("out/model.json").is_file());
    pleegzorg(dir.path(), &["demo", "out"]).code(2);
    // The history that it leaves is clean, and its model is honestly refused for decisions.
    pleegzorg(dir.path(), &["check", "out/history"]).code(0);
    let score = ["score", "out/model.json", "out/history", "--as-of", "2023-06-01", "--json"];
    let verdict = json["evaluate"]["verdict"].as_str().unwrap();
    pleegzorg(dir.path(), &score).code(if verdict == "usable" { 0 } else { 5 });
}

/// The keys of a JSON object.
fn keys(value: &serde_json::Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn score_and_match_answer_as_the_contract_says() {
    let dir = tempfile::tempdir().unwrap();
    let (model, history) = (root().join("models/example.json"), root().join("datasets/example"));
    let (model, history) = (model.to_str().unwrap(), history.to_str().unwrap());
    for verb in ["score", "match"] {
        let common = [verb, model, history, "--as-of", "2023-06-01", "--research", "--json"];
        let json = pleegzorg(dir.path(), &[&common[..], &["--html", "p.html"]].concat());
        let json = json.code(0).json();
        let wanted: &[&str] = match verb {
            "score" => &["schema", "as_of", "model", "stays"],
            _ => &[
                "schema",
                "as_of",
                "requests",
                "assignment",
                "shadow_prices",
                "worth",
                "reproducible",
            ],
        };
        for key in wanted {
            assert!(keys(&json).contains(key), "{verb} has no {key}: {:?}", keys(&json));
        }
        // The page is there, and stays: said before the work.
        let again = pleegzorg(dir.path(), &[&common[..], &["--html", "p.html"]].concat()).code(2);
        assert!(again.stderr.contains("--force"), "{}", again.stderr);
        std::fs::remove_file(dir.path().join("p.html")).unwrap();
        // Without one of the three, the usage is told.
        for without in [&common[..2], &common[..3], &[verb]] {
            let ran = pleegzorg(dir.path(), without).code(2);
            assert!(ran.stderr.contains("--as-of"), "{}", ran.stderr);
        }
    }
}

#[test]
fn match_prints_its_rules_and_solves_a_bare_problem() {
    let dir = tempfile::tempdir().unwrap();
    let rules = pleegzorg(dir.path(), &["match", "--print-rules"]).code(0).stdout;
    std::fs::write(dir.path().join("rules.toml"), &rules).unwrap();
    let json = pleegzorg(dir.path(), &["match", "--print-rules", "--json"]).code(0).json();
    assert_eq!(json["rules"], rules);
    let bare = r#"{"groups":[{"id":"g","children":2},{"id":"h","children":1}],
        "families":[{"id":"f","places":2}],
        "pairs":[{"group":"g","family":"f","score":0.5},{"group":"h","family":"f","score":0.6}]}"#;
    std::fs::write(dir.path().join("bare.json"), bare).unwrap();
    let json = pleegzorg(dir.path(), &["match", "--instance", "bare.json", "--json"]);
    let json = json.code(0).json();
    assert_eq!(json["assignment"]["status"], "optimal");
    assert_eq!(json["assignment"]["pairs"][0]["group"], "h");
    // The two ways do not mix.
    let mixed = ["match", "m.json", "h", "--as-of", "2023-06-01", "--instance", "bare.json"];
    pleegzorg(dir.path(), &mixed).code(2);
}

/// A table, and a study of it that takes a moment.
fn rossi() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let table = root().join("tests/reference/model/rossi.csv");
    std::fs::copy(table, dir.path().join("rossi.csv")).unwrap();
    let study = "[data]\ntable = \"rossi.csv\"\nexit = \"week\"\nevent = \"arrest\"\n\
                 [outcome]\nhorizons = [20, 40]\n[features]\nterms = [\"fin\", \"age\"]\n\
                 [evaluate]\nfolds = 3\nrepeats = 2\nbootstrap = 40\n";
    std::fs::write(dir.path().join("study.toml"), study).unwrap();
    dir
}

#[test]
fn nothing_is_drawn_where_there_is_no_terminal() {
    let dir = rossi();
    let example = root().join("datasets/example");
    let example = example.to_str().unwrap();
    for args in [
        &["train", "study.toml"][..],
        &["evaluate", "study.toml"],
        &["describe", "study.toml"],
        &["check", example],
        &["simulate", "-o", "sim", "--children", "50"],
    ] {
        let ran = pleegzorg(dir.path(), args).code(0);
        assert_eq!(ran.stderr, "", "{args:?}");
        assert!(!ran.stdout.contains(['\r', '\u{1b}']), "{args:?}: {}", ran.stdout);
    }
}

#[test]
fn quiet_leaves_out_warnings_and_keeps_errors() {
    let dir = rossi();
    // Nobody is followed longer than 52 weeks: a warning.
    let args = ["evaluate", "study.toml", "--set", "outcome.horizons=[20, 90]"];
    assert!(pleegzorg(dir.path(), &args).code(0).stderr.contains("warning: "));
    for quiet in ["--quiet", "-q"] {
        let ran = pleegzorg(dir.path(), &[&args[..], &[quiet]].concat()).code(0);
        assert_eq!(ran.stderr, "");
        assert!(ran.stdout.contains("Verdict"), "{}", ran.stdout);
        // Before the verb as well.
        let ran = pleegzorg(dir.path(), &[quiet, "train", "nowhere.toml"]).code(3);
        assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
    }
}

#[test]
fn an_elastic_net_says_what_it_kept_and_gives_no_intervals() {
    let dir = rossi();
    let net = ["--set", "features.terms=[\"fin\", \"age\", \"race\", \"mar\", \"prio\"]", "--set"];
    let train = |more: &[&str]| {
        let args = [&["train", "study.toml"][..], &net, more].concat();
        pleegzorg(dir.path(), &args).code(0).stdout
    };
    let json = |penalty: &str| -> serde_json::Value {
        serde_json::from_str(&train(&[penalty, "--json"])).unwrap()
    };
    let found = json("model.penalty={alpha = 0.9, lambda = 0.03}");
    let net_of = &found["penalty"];
    assert_eq!(net_of["lambda"], 0.03);
    assert_eq!(net_of["rule"], "given");
    let kept = |v: &serde_json::Value| {
        let terms = v["terms"].as_array().unwrap();
        terms.iter().filter(|t| t["estimate"].as_f64().unwrap() != 0.0).count()
    };
    assert_eq!(net_of["kept"], kept(&found));
    assert!(found["terms"][0]["se"].is_null() && found["tests"].is_null());
    let text = train(&["model.penalty=elastic-net"]);
    assert!(text.contains("elastic net with alpha 0.5, lambda "), "{text}");
    assert!(text.contains("the least held-out deviance over 10 folds"), "{text}");
    assert!(text.contains("no standard errors and no intervals"), "{text}");
    // A plain fit has no such key.
    let plain = pleegzorg(dir.path(), &["train", "study.toml", "--json"]).code(0).stdout;
    assert!(!plain.contains("penalty"));
    let page = ["model.penalty=lasso", "--html", "p.html"];
    train(&page);
    let page = std::fs::read_to_string(dir.path().join("p.html")).unwrap();
    assert!(page.contains("no intervals and no tests") && !page.contains("not estimable"));
    // In every fold of an evaluation it is chosen anew.
    let args = ["evaluate", "study.toml", "--json", "--set", "model.penalty={folds = 3}"];
    let evaluated =
        pleegzorg(dir.path(), &[&args[..], &["--set", "evaluate.bootstrap=0"]].concat());
    assert!(evaluated.code(0).stdout.contains("\"verdict\""));
}

#[test]
fn a_frailty_is_told_in_json_in_text_and_on_the_page() {
    let dir = rossi();
    let table = root().join("tests/reference/survival/data/kidney.csv");
    std::fs::copy(table, dir.path().join("kidney.csv")).unwrap();
    let study = "[data]\ntable = \"kidney.csv\"\nexit = \"time\"\nevent = \"status\"\n\
                 [outcome]\nhorizons = [60]\n[features]\nterms = [\"age\", \"sex\"]\n\
                 [model]\nfrailty = { group = \"id\" }\n[evaluate]\nfolds = 3\nbootstrap = 0\n";
    std::fs::write(dir.path().join("k.toml"), study).unwrap();
    let run = |more: &[&str]| pleegzorg(dir.path(), more).code(0).stdout;
    let json: serde_json::Value =
        serde_json::from_str(&run(&["train", "k.toml", "-o", "k.json", "--json"])).unwrap();
    let variance = json["frailty"]["variance"].as_f64().unwrap();
    assert!((variance - 0.407_769_561).abs() < 1e-6);
    assert_eq!(json["frailty"]["distribution"], "gamma");
    let text = run(&["train", "k.toml", "--html", "k.html"]);
    assert!(text.contains("gamma frailty of 38 groups (id): variance 0.4078"), "{text}");
    let page = std::fs::read_to_string(dir.path().join("k.html")).unwrap();
    assert!(page.contains("38 groups (id)"), "no frailty on the page");
    assert!(run(&["evaluate", "k.toml", "--json"]).contains("\"verdict\""));
    // A group that is not there.
    let wrong = ["train", "k.toml", "--set", "model.frailty={group = \"ids\"}"];
    let ran = pleegzorg(dir.path(), &wrong).code(2);
    assert!(
        ran.stderr.contains("\"ids\"") && ran.stderr.contains("did you mean"),
        "{}",
        ran.stderr
    );
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let dir = rossi();
    for verb in ["train", "evaluate", "describe"] {
        let with = |n: &str| {
            pleegzorg(dir.path(), &[verb, "study.toml", "--json", "--threads", n]).code(0).stdout
        };
        let one = with("1");
        assert!(one == with("2") && one == with("7"), "{verb}");
    }
    for wrong in ["0", "-1", "many", "4096"] {
        pleegzorg(dir.path(), &["train", "study.toml", "--threads", wrong]).code(2);
    }
}

#[test]
fn colour_is_only_where_it_is_wanted() {
    let dir = tempfile::tempdir().unwrap();
    let stderr = |force: bool, no_color: Option<&str>| {
        let mut command = command(dir.path(), &["check", "--nonsense"]);
        command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        if force {
            command.env("CLICOLOR_FORCE", "1");
        }
        if let Some(value) = no_color {
            command.env("NO_COLOR", value);
        }
        String::from_utf8(command.output().unwrap().stderr).unwrap()
    };
    assert!(stderr(true, None).contains('\u{1b}'));
    assert!(!stderr(true, Some("1")).contains('\u{1b}'));
    assert!(!stderr(false, None).contains('\u{1b}'));
}

#[test]
fn every_verb_that_answers_does_so_in_json() {
    let dir = rossi();
    let (model, example) = (root().join("models/example.json"), root().join("datasets/example"));
    let (model, example) = (model.to_str().unwrap(), example.to_str().unwrap());
    std::fs::create_dir(dir.path().join("in")).unwrap();
    let episodes = "CHILD,DECOM,RNE,LS,PLACE,DEC,REC\n1,01/05/2023,S,C2,U6,,\n";
    std::fs::write(dir.path().join("in/e.csv"), episodes).unwrap();
    std::fs::write(dir.path().join("in/h.csv"), "CHILD,SEX,DOB\n1,1,05/06/2010\n").unwrap();
    let as_of = ["--as-of", "2023-06-01", "--research"];
    for args in [
        &["check", example][..],
        &["explain"],
        &["explain", "PZ0401"],
        &["explain", "features"],
        &["explain", "alliance"],
        &["import", "ssda903", "in", "-o", "out"],
        &["simulate", "-o", "sim", "--children", "20"],
        &["describe", "study.toml"],
        &["train", "study.toml"],
        &["evaluate", "study.toml"],
        &[&["score", model, example][..], &as_of].concat(),
        &[&["match", model, example][..], &as_of].concat(),
        &["match", "--print-rules"],
        &["completions", "bash"],
        &["manual", "-o", "man"],
    ] {
        let json = pleegzorg(dir.path(), &[args, &["--json"]].concat()).code(0).json();
        assert_eq!(json["schema"], 1, "{args:?}");
        // The option may stand before the verb, too; what was written must then be forced.
        let mut before = [&["--json"], args].concat();
        if ["import", "simulate", "manual"].contains(&args[0]) {
            before.push("--force");
        }
        assert_eq!(pleegzorg(dir.path(), &before).code(0).json(), json, "{args:?}");
    }
}

#[test]
fn the_readme_names_the_commands_that_exist() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    for verb in ["demo", "check", "train", "evaluate", "score", "match", "import"] {
        assert!(readme.contains(verb), "{verb}");
    }
    assert!(readme.contains("cargo test --locked"));
}
