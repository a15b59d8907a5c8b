//! Repeated events through the study file: R's numbers for each way of laying them side by side,
//! with errors by child and by family at once; and what such a model does not say.

use pleegzorg::model::{Model, Prepared, Source, Study, fit, prepare};
use pleegzorg::progress::Silent;
use pleegzorg::survival::{Cox, Outcome, Sample};

use super::model::{close, golden, prepared};
use super::model_kinds::{is_r, late};
use super::run::{pleegzorg, root};
use super::survival::golden::{Expected, Once, Referee};

const WAYS: [(&str, &str); 4] = [
    ("andersen-gill", "bladder2-ag"),
    ("pwp-total", "bladder2-pwp-total"),
    ("pwp-gap", "bladder2-pwp-gap"),
    ("wlw", "bladder-wlw"),
];

/// Children in families: `model-repeated.R` made it.
const CHILDREN: &str = r#"
[data]
table = "repeated.csv"
entry = "entry"
exit = "exit"
event = "end"
censored = "none"
id = "child"
[outcome]
horizons = [30]
[features]
terms = ["x", "z"]
[model]
cause = "breakdown"
"#;

#[test]
fn one_table_of_tumours_gives_what_coxph_gives_on_a_table_for_each_way() {
    let times = "entry = \"start\"\nexit = \"stop\"\nevent = \"event\"\nid = \"id\"";
    let expected = Expected::read("cox-expected");
    for ties in ["efron", "breslow"] {
        for (way, case) in WAYS {
            // The errors are by subject without saying so.
            let more = format!("repeated = \"{way}\"\nties = \"{ties}\"");
            let study = late("bladder2.csv", times, "[\"rx\", \"size\", \"number\"]", &more);
            let args = ["train", "study.toml", "-o", "m.json", "--json", "--quiet"];
            let json = pleegzorg(study.path(), &args).code(0).json();
            assert_eq!(json["repeated"], way);
            let expected = expected.case(&format!("{case}-{ties}"));
            assert_eq!(is_r(&json, expected, 1e-8), 11, "{way}");
            for test in ["likelihood_ratio", "wald", "score"] {
                let r = expected.iter().find(|(what, item, _)| what == "test" && item == test);
                close(json["tests"][test]["chi2"].as_f64().unwrap(), r.unwrap().2, 1e-8);
            }
        }
    }
}

/// The table that has one row per child and interval is Andersen and Gill's, the number of the event
/// is PWP's stratum: `survival-frailty.R` fits both with a frailty of each child. With a clock that
/// starts anew `coxph` loses its way, and `survival-frailty-own.R` takes its place.
#[test]
fn a_frailty_goes_with_repeated_events() {
    let times = "entry = \"start\"\nexit = \"stop\"\nevent = \"event\"\nid = \"id\"";
    let coxph = Expected::read("frailty-expected");
    let own = Expected::read("frailty-own-expected");
    for (way, expected, case) in [
        ("andersen-gill", &coxph, "bladder2-DISTRIBUTION-0.3"),
        ("pwp-total", &coxph, "bladder2-pwp-DISTRIBUTION-0.3"),
        ("pwp-gap", &own, "bladder2-gap-DISTRIBUTION"),
    ] {
        for distribution in ["gamma", "lognormal"] {
            let more = format!(
                "repeated = \"{way}\"\n\
                 frailty = {{ group = \"id\", distribution = \"{distribution}\", variance = 0.3 }}"
            );
            let study = late("bladder2.csv", times, "[\"rx\", \"size\", \"number\"]", &more);
            let args = ["train", "study.toml", "-o", "m.json", "--json", "--quiet"];
            let json = pleegzorg(study.path(), &args).code(0).json();
            let expected = expected.case(&case.replace("DISTRIBUTION", distribution));
            let terms = |(what, ..): &&(String, String, f64)| what == "coef" || what == "se";
            let expected: Vec<_> = expected.iter().filter(terms).cloned().collect();
            // The own search gives no standard errors.
            let terms = if way == "pwp-gap" { 3 } else { 6 };
            assert_eq!(is_r(&json, &expected, 1e-6), terms, "{way}");
            assert_eq!(
                (&json["repeated"], &json["frailty"]["variance"]),
                (&way.into(), &0.3.into())
            );
            assert!(json["terms"][0]["robust_se"].is_null());
        }
    }
}

pub static TWO_WAY: Once = Once::new();

pub fn two_way() -> Referee {
    let gold = golden("repeated.txt");
    let mut referee = Referee::default();
    let ways = WAYS.map(|(way, _)| (way, format!("model.repeated={way}")));
    let upto = |way: &str, n: u32| format!("model.repeated={{method=\"{way}\", upto={n}}}");
    let some = [("pwp-gap.3", upto("pwp-gap", 3)), ("wlw.2", upto("wlw", 2))];
    for (name, set) in ways.into_iter().chain(some) {
        let method = match name.split('.').next() {
            Some("andersen-gill") => "Andersen–Gill",
            Some("pwp-total") => "PWP, total time",
            Some("pwp-gap") => "PWP, gap time",
            _ => "WLW",
        };
        for (clusters, errors) in [("[]", "child"), ("[\"child\", \"family\"]", "two-way")] {
            let cluster = format!("model.cluster={clusters}");
            let (study, prepared) = prepared(CHILDREN, &[&set, &cluster], "repeated.csv");
            assert_eq!(study.model.cluster[0], "child");
            let r = fit(&prepared, None, &study.model).unwrap().result().unwrap();
            let g = |what: &str| &gold[&format!("{name}.{what}")];
            assert_eq!(r.n as f64, g("n")[0], "{name}");
            let mut compare = |what: &str, item: &str, ours: Option<f64>, r: f64| {
                let two = what == "two-way";
                let method = if two { "Cox: two-way clustered errors" } else { method };
                referee.on(method, "repeated");
                referee.compare(name, what, item, ours.unwrap(), r, 1e-8);
            };
            for (j, t) in r.terms.unwrap().iter().enumerate() {
                compare(errors, &t.name, t.robust_se, g(errors)[j]);
                if errors == "child" {
                    compare("coef", &t.name, t.estimate, g("coef")[j]);
                    compare("se", &t.name, t.se, g("se")[j]);
                }
            }
            if errors == "child" {
                compare("loglik", "null", r.loglik.map(|l| l.null), g("loglik")[0]);
                compare("loglik", "final", r.loglik.map(|l| l.final_), g("loglik")[1]);
            }
        }
    }
    referee
}

#[test]
fn errors_by_child_and_by_family_are_those_of_three_fits_of_coxph() {
    TWO_WAY.get_or_init(two_way).verdict(60);
}

#[test]
fn a_fold_numbers_events_as_the_whole_does() {
    let (study, prepared) = prepared(CHILDREN, &["model.repeated=wlw"], "repeated.csv");
    // Every row twice, as a bootstrap may draw it: the same as weights of 2, so the same estimates.
    let rows: Vec<usize> = (0..prepared.len()).flat_map(|r| [r, r]).collect();
    let mut spec = study.model.clone();
    spec.ties = pleegzorg::model::Ties::Breslow;
    let estimates = |rows| {
        let r = fit(&prepared, rows, &spec).unwrap().result().unwrap();
        (r.n, r.terms.unwrap().iter().map(|t| t.estimate.unwrap()).collect::<Vec<_>>())
    };
    let (one, two) = (estimates(None), estimates(Some(&rows)));
    assert_eq!(2 * one.0, two.0);
    for (a, b) in one.1.iter().zip(&two.1) {
        close(*a, *b, 1e-10);
    }
}

#[test]
fn a_model_that_describes_gives_no_risk_and_one_that_can_does() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("study.toml"), CHILDREN).unwrap();
    let table = root().join("tests/reference/model/repeated.csv");
    std::fs::copy(table, folder.path().join("repeated.csv")).unwrap();
    for (way, _) in WAYS {
        let (study, prepared) =
            prepared(CHILDREN, &[&format!("model.repeated={way}")], "repeated.csv");
        let model = fit(&prepared, None, &study.model).unwrap().model;
        let again = Model::from_bytes(&model.to_bytes().unwrap()).unwrap();
        assert_eq!(again, model);
        assert!(model.card().contains(&format!("by `{way}`")));
        let rows = prepared.frame.select(&[0, 1]);
        let found = model.predict(&rows, &[0.0, 5.0], &[30.0]).unwrap();
        let set = format!("model.repeated={way}");
        let args = ["evaluate", "study.toml", "--json", "--quiet", "--set", &set, "--set"];
        let few = ["evaluate.bootstrap=0"];
        if way == "andersen-gill" {
            assert!(found.iter().all(|p| p.risks.is_ok()));
            let json = pleegzorg(folder.path(), &[&args[..], &few].concat()).code(0).json();
            assert!(json["splits"].as_array().unwrap().len() >= 5);
        } else {
            let says = |p: &pleegzorg::model::Prediction| {
                p.risks.as_ref().is_err_and(|why| why.code() == "describes")
            };
            assert!(found.iter().all(says));
            assert!(model.risks(&rows, &[0.0; 2], &[30.0]).unwrap().iter().all(|r| r[0].is_none()));
            let ran = pleegzorg(folder.path(), &[&args[..], &few].concat()).code(2);
            assert!(ran.stderr.contains("no risk of a single row"), "{}", ran.stderr);
        }
    }
}

#[test]
fn repeated_placements_of_the_example_are_trained_and_score_nothing() {
    let example = root().join("datasets/example");
    let example = example.to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut n = Vec::new();
    for (way, _) in WAYS {
        let set = format!("model.repeated={way}");
        let mut args = vec!["train", example, "-o", "m.json", "--force", "--json", "--quiet"];
        args.extend(["--set", &set, "--set", "model.cluster=[\"child\", \"family\"]"]);
        args.extend(["--set", "features.terms=[\"age\", \"crisis_start\"]"]);
        let json = pleegzorg(folder.path(), &args).code(0).json();
        n.push(json["n"].as_u64().unwrap());
        assert_eq!(json["converged"], true);
        for t in json["terms"].as_array().unwrap() {
            assert!(t["robust_se"].as_f64().unwrap() > 0.0, "{way} {t}");
        }
        let args = ["score", "m.json", example, "--as-of", "2019-06-01", "--json", "--quiet"];
        let ran = pleegzorg(folder.path(), &[&args[..], &["--research"]].concat()).code(0).json();
        let stays = ran["stays"].as_array().unwrap();
        assert!(!stays.is_empty());
        for stay in stays {
            assert!(stay["risk"].is_null(), "{way}");
            assert!(stay["abstained"].as_str().unwrap().contains("describes"), "{way}");
        }
    }
    assert!(n[0] == n[1] && n[1] == n[2] && n[3] > n[0], "{n:?}");
}

/// The example, with two terms, and a way of laying placements side by side.
fn example(sets: &[&str]) -> (Study, Prepared) {
    let terms = "features.terms=[\"age\", \"crisis_start\"]";
    let sets: Vec<String> = sets.iter().chain(&[terms]).map(|s| (*s).to_owned()).collect();
    let study = Study::read(&root().join("datasets/example"), &sets).unwrap();
    let source = Source::read(&study, &Silent).unwrap();
    let prepared = prepare(&study, &source, None, None).unwrap();
    (study, prepared)
}

#[test]
fn placements_of_a_history_are_numbered_by_their_earlier_breakdowns() {
    let (study, prepared) = example(&["model.repeated=pwp-gap"]);
    let before = prepared.frame.get("prior_breakdowns").unwrap();
    let known: Vec<usize> = (0..prepared.len()).filter(|&r| !before.is_missing(r)).collect();
    assert!(known.len() > 300 && known.len() < prepared.len());
    // The clock of a gap is the placement's own: strata by the count give the same.
    let mut strata = study.model.clone();
    (strata.repeated, strata.strata) = (None, vec!["prior_breakdowns".into()]);
    let result = |spec| fit(&prepared, Some(&known), spec).unwrap().result().unwrap();
    let (ours, plain) = (result(&study.model), result(&strata));
    close(ours.loglik.unwrap().final_, plain.loglik.unwrap().final_, 1e-12);
    for (a, b) in ours.terms.unwrap().iter().zip(plain.terms.unwrap()) {
        close(a.estimate.unwrap(), b.estimate.unwrap(), 1e-12);
        close(a.robust_se.unwrap(), b.robust_se.unwrap(), 1e-12);
    }
}

#[test]
fn the_clock_of_a_history_runs_on_from_the_first_placement() {
    let (study, prepared) = example(&["model.repeated=andersen-gill"]);
    let fitted = fit(&prepared, None, &study.model).unwrap();
    let ours = fitted.result().unwrap().terms.unwrap();
    let (days, child) = (prepared.days.as_ref().unwrap(), &prepared.groups["child"]);
    let shift = |r: usize| {
        let own = (0..prepared.len()).filter(|&k| child[k] == child[r]);
        f64::from(days[r].since(own.map(|k| days[k]).min().unwrap()))
    };
    let y = &prepared.outcome;
    let by = |times: &[f64]| (0..y.len()).map(|r| times[r] + shift(r)).collect::<Vec<_>>();
    let (entry, exit) = (by(y.entry().unwrap()), by(y.exit()));
    assert!((0..y.len()).any(|r| entry[r] > y.entry().unwrap()[r]));
    let y = Outcome::new(Some(entry), exit, y.cause().to_vec(), y.causes().to_vec()).unwrap();
    let design = fitted.model.recipe().apply(&prepared.frame).unwrap();
    let s = Sample::new(design.x, design.names, y).unwrap().with_cluster(child.clone()).unwrap();
    let plain = Cox::new().fit(&s, prepared.cause).unwrap();
    for (j, t) in ours.iter().enumerate() {
        close(t.estimate.unwrap(), plain.coef[j], 1e-12);
        close(t.robust_se.unwrap(), plain.robust_se().unwrap()[j], 1e-12);
    }
}

#[test]
fn what_cannot_be_laid_side_by_side_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.toml");
    let table = std::fs::read_to_string(root().join("tests/reference/model/repeated.csv")).unwrap();
    std::fs::write(folder.path().join("repeated.csv"), &table).unwrap();
    let train = |study: &str, sets: &[&str]| {
        std::fs::write(&path, study).unwrap();
        let mut args = vec!["train", "study.toml", "--json", "--quiet"];
        for set in sets {
            args.extend(["--set", set]);
        }
        pleegzorg(folder.path(), &args)
    };
    let anonymous = CHILDREN.replace("id = \"child\"\n", "");
    for (study, set, said) in [
        (anonymous.as_str(), "model.repeated=wlw", "id = \"COLUMN\" in [data]"),
        (CHILDREN, "model.repeated=pwp-gab", "did you mean \"pwp-gap\"?"),
        (CHILDREN, "model.repeated={upto=2}", "model.repeated.method: is missing"),
        (CHILDREN, "model.repeated={method=\"wlw\", upto=0}", "must be from 1"),
        (CHILDREN, "model.repeated={method=\"andersen-gill\", upto=2}", "upto does not apply"),
        (CHILDREN, "model.repeated={method=\"wlw\", upot=2}", "did you mean model.repeated.upto?"),
    ] {
        let ran = train(study, &[set]).code(2);
        assert!(ran.stderr.contains(said), "{set}: {}", ran.stderr);
    }
    let frail = "model.frailty={group=\"family\"}";
    let ran = train(CHILDREN, &["model.repeated=wlw", frail]).code(2);
    assert!(ran.stderr.contains("needs errors by subject"), "{}", ran.stderr);
    let ran = train(CHILDREN, &["model.repeated=wlw", "model.kind=weibull"]).code(2);
    assert!(ran.stderr.contains("does not apply to kind weibull"), "{}", ran.stderr);
    // Without entries, rows of one child overlap.
    let entries = CHILDREN.replace("entry = \"entry\"\n", "");
    let ran = train(&entries, &["model.repeated=andersen-gill"]).code(1);
    assert!(ran.stderr.contains("overlap in time"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("c133"), "no id is told");
    // Rows at landmarks are no events.
    let study =
        "[model]\nrepeated = \"wlw\"\n[features]\nterms = [\"age\"]\nlandmark = [\"3 months\"]";
    let ran = train(study, &[]).code(2);
    assert!(ran.stderr.contains("repeat the placements"), "{}", ran.stderr);
}
