//! Fine–Gray and parametric kinds: R's numbers through the study file, the contract of `train`,
//! model files, evaluation, and what is refused.

use pleegzorg::model::{At, Kind, Model, Source, Span, Study, fit, prepare};
use pleegzorg::progress::Silent;

use super::model::{MGUS2, close, frame, golden, prepared};
use super::run::{pleegzorg, root};
use super::survival::golden::Expected;

const ROSSI: &str = r#"
title = "Re-arrest"
[data]
table = "rossi.csv"
exit = "week"
event = "arrest"
[outcome]
horizons = [26, 52]
[features]
terms = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
"#;

const PARAMETRIC: [&str; 8] = [
    "exponential",
    "weibull",
    "lognormal",
    "loglogistic",
    "gengamma",
    "gompertz",
    "piecewise-exponential",
    "royston-parmar",
];

/// A folder with a study and its table.
fn folder(study: &str, table: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("study.toml"), study).unwrap();
    let from = root().join("tests/reference/model").join(table);
    std::fs::copy(from, folder.path().join(table)).unwrap();
    folder
}

#[test]
fn survreg_through_the_study_file() {
    let gold = golden("kinds.txt");
    let rows = frame("rossi.csv").select(&[0, 1, 2, 3, 4]);
    for kind in ["exponential", "weibull", "lognormal", "loglogistic"] {
        let g = |name: &str| &gold[&format!("{kind}.{name}")];
        let set = format!("model.kind={kind}");
        let (study, prepared) = prepared(ROSSI, &[&set], "rossi.csv");
        let fitted = fit(&prepared, None, &study.model).unwrap();
        let r = fitted.result().unwrap();
        assert_eq!((r.n, r.events, r.converged), (432, 114, Some(true)));
        assert!(r.ph_test.is_none() && r.frailty.is_none());
        let loglik = r.loglik.unwrap();
        close(loglik.null, g("loglik")[0], 1e-10);
        close(loglik.final_, g("loglik")[1], 1e-10);
        match r.scale {
            Some(scale) => close(scale, g("scale")[0], 1e-8),
            None => assert_eq!(kind, "exponential"),
        }
        let terms = r.terms.unwrap();
        let names: Vec<&str> = terms.iter().map(|t| t.name.as_str()).collect();
        assert_eq!(names, ["(intercept)", "fin", "age", "race", "wexp", "mar", "paro", "prio"]);
        for (t, (coef, se)) in terms.iter().zip(g("coef").iter().zip(g("se"))) {
            close(t.estimate.unwrap(), *coef, 1e-8);
            close(t.se.unwrap(), *se, 1e-8);
            assert_eq!(t.robust_se, None);
        }
        // The risk, and its interval on the complementary log-log scale.
        let found = fitted.model.predict(&rows, &[0.0; 5], &[26.0, 52.0]).unwrap();
        for (k, p) in found.iter().enumerate() {
            for r in p.risks.as_ref().unwrap() {
                let risk = g(&format!("risk.{}", r.horizon))[k];
                let se = g(&format!("risk.se.{}", r.horizon))[k];
                close(r.estimate, risk, 1e-8);
                let theta = (-(1.0 - risk).ln()).ln();
                let half = 1.959_963_984_540_054 * se / ((1.0 - risk) * -(1.0 - risk).ln());
                let bound = |t: f64| 1.0 - (-t.exp()).exp();
                close(r.lower, bound(theta - half), 1e-6);
                close(r.upper, bound(theta + half), 1e-6);
            }
        }
        // A positive estimate means longer, and so a lower risk.
        let fin = terms[1].estimate.unwrap();
        let x = found[0].contributions.iter().find(|c| c.term == "fin").unwrap();
        let value = rows.get("fin").unwrap();
        assert!(fin > 0.0 && !value.is_missing(0) && x.value > 0.0, "row 0 has no aid");
    }
}

#[test]
fn fine_gray_through_the_study_file_in_both_conventions() {
    let gold = golden("kinds.txt");
    let rows = frame("mgus2.csv").select(&[0, 1, 2, 3, 4]);
    for convention in ["crr", "finegray"] {
        let g = |name: &str| &gold[&format!("{convention}.{name}")];
        let set = format!("model.convention={convention}");
        let (study, prepared) = prepared(MGUS2, &["model.kind=fine-gray", &set], "mgus2.csv");
        let fitted = fit(&prepared, None, &study.model).unwrap();
        let r = fitted.result().unwrap();
        assert!(r.ph_test.is_none() && r.scale.is_none() && r.converged == Some(true));
        assert!((0.5..0.8).contains(&r.concordance.unwrap().c));
        for (j, t) in r.terms.unwrap().iter().enumerate() {
            assert_eq!(t.name, ["age", "male", "hgb"][j]);
            close(t.estimate.unwrap(), g("coef")[j], 1e-8);
            close(t.se.unwrap(), g("se")[j], 1e-8);
            if convention == "finegray" {
                close(t.robust_se.unwrap(), g("robust")[j], 1e-8);
            } else {
                assert_eq!(t.robust_se, None);
            }
        }
        let found = fitted.model.risks(&rows, &[0.0; 5], &[60.0, 120.0]).unwrap();
        for (k, risks) in found.iter().enumerate() {
            close(risks[0].unwrap(), g("risk.60")[k], 1e-8);
            close(risks[1].unwrap(), g("risk.120")[k], 1e-8);
        }
        // Ahead of a row that has lasted: by definition from the incidences of all causes.
        let at = |lasted: f64, horizon: f64| {
            fitted.model.cumulative_incidence(&rows, &[lasted; 5], horizon).unwrap()[0]
                .clone()
                .unwrap()
        };
        let (early, late, ahead) = (at(0.0, 24.0), at(0.0, 84.0), at(24.0, 60.0));
        let left = 1.0 - early.iter().sum::<f64>();
        close(ahead[0], (late[0] - early[0]) / left, 1e-12);
        // The default convention is crr's.
        if convention == "crr" {
            let (study, _) = super::model::prepared(MGUS2, &["model.kind=fine-gray"], "mgus2.csv");
            let again = fit(&prepared, None, &study.model).unwrap();
            assert_eq!(again.model.sha256(), fitted.model.sha256());
        }
    }
}

#[test]
fn a_file_of_each_kind_is_read_back_and_says_the_same() {
    for kind in PARAMETRIC.iter().chain(&["fine-gray"]) {
        let set = format!("model.kind={kind}");
        // For the few events of mgus2 the likelihood of a generalised gamma has no maximum.
        let (study, table, horizon, beyond, terms) = match *kind {
            "gengamma" => (ROSSI, "rossi.csv", 26.0, 500.0, 7),
            _ => (MGUS2, "mgus2.csv", 60.0, 5000.0, 3),
        };
        let (study, prepared) = prepared(study, &[&set], table);
        let model = fit(&prepared, None, &study.model).unwrap().model;
        let bytes = model.to_bytes().unwrap();
        let again = Model::from_bytes(&bytes).unwrap();
        assert_eq!(again, model, "{kind}");
        let rows = prepared.frame.select(&[0, 9]);
        let ask = |m: &Model| m.predict(&rows, &[0.0, 12.0], &[horizon]).unwrap();
        assert_eq!(ask(&again), ask(&model));
        for p in ask(&model) {
            let r = p.risks.unwrap()[0];
            assert!(0.0 < r.lower && r.lower < r.estimate && r.estimate < r.upper && r.upper < 0.5);
            assert_eq!(p.contributions.len(), terms);
        }
        // Beyond what was followed up there is no number.
        assert!(model.predict(&rows, &[0.0; 2], &[beyond]).unwrap()[0].risks.is_err());
        let card = model.card();
        let ratio = match Kind::parse(kind).unwrap() {
            Kind::FineGray => "subdistribution hazard ratio",
            Kind::Gompertz | Kind::PiecewiseExponential | Kind::RoystonParmar => "| hazard ratio",
            _ => "time ratio",
        };
        assert!(card.contains(ratio) && card.contains(kind), "{kind}: {card}");
        // The difference between two rows is better known than either where they share parameters.
        let two = prepared.frame.select(&[0, 1]);
        let contrasts = model.contrasts(&two, horizon).unwrap();
        let (off, error) = contrasts.difference(0, 1).unwrap();
        let risks = model.risks(&two, &[0.0; 2], &[horizon]).unwrap();
        close(off, risks[0][0].unwrap() - risks[1][0].unwrap(), 1e-12);
        assert!(error > 0.0 && contrasts.difference(0, 0).unwrap().1 < 1e-9);
        // In one go they say the same, within reach and beyond.
        for horizons in [&[0.5 * horizon, horizon][..], &[horizon, beyond]] {
            let (all, _) = model.predict_with_contrasts(&two, horizons, &Silent).unwrap();
            assert_eq!(all, model.predict(&two, &[0.0; 2], horizons).unwrap(), "{kind}");
        }
        let (_, both) = model.predict_with_contrasts(&two, &[horizon], &Silent).unwrap();
        assert_eq!(both.difference(0, 1), contrasts.difference(0, 1), "{kind}");
    }
}

#[test]
fn train_speaks_the_contract_for_every_kind() {
    let folder = folder(ROSSI, "rossi.csv");
    for kind in PARAMETRIC.iter().chain(&["fine-gray"]) {
        let set = format!("model.kind={kind}");
        let model = format!("{kind}.json");
        let args = ["train", "study.toml", "-o", &model, "--json", "--quiet", "--set", &set];
        let json = pleegzorg(folder.path(), &args).code(0).json();
        assert_eq!(json["kind"], **kind);
        assert_eq!((json["n"].as_u64(), json["events"].as_u64()), (Some(432), Some(114)));
        assert!(json["ph_test"].is_null() && json["frailty"].is_null());
        assert!(json["converged"].as_bool().unwrap(), "{kind}");
        for test in ["likelihood_ratio", "wald", "score"] {
            assert_eq!(json["tests"][test]["df"], 7.0, "{kind} {test}");
        }
        let names: Vec<&str> =
            json["terms"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
        assert_eq!(names[0], if *kind == "fine-gray" { "fin" } else { "(intercept)" });
        let more: &[&str] = match *kind {
            "gengamma" => &["(q)"],
            "gompertz" => &["(shape)"],
            "royston-parmar" => &["(spline 1)", "(spline 2)", "(spline 3)"],
            "piecewise-exponential" => &names[8..],
            _ => &[],
        };
        let own = usize::from(*kind != "fine-gray");
        assert_eq!(&names[7 + own..], more, "{kind}");
        assert_eq!(
            json["scale"].is_number(),
            ["weibull", "lognormal", "loglogistic", "gengamma"].contains(kind)
        );
        let c = json["concordance"]["c"].as_f64().unwrap();
        assert!((0.6..0.7).contains(&c), "{kind} {c}");
        // The people's form of it names the terms too.
        let args = ["train", "study.toml", "-o", &model, "--force", "--quiet", "--set", &set];
        let text = pleegzorg(folder.path(), &args).code(0).stdout;
        assert!(text.contains("prio"), "{text}");
    }
    let help = pleegzorg(folder.path(), &["train", "--help"]).code(0).stdout;
    for kind in PARAMETRIC.iter().chain(&["fine-gray"]) {
        assert!(help.contains(kind), "{kind} is not in the help");
    }
}

#[test]
fn own_keys_are_read_and_wrong_ones_are_named() {
    let folder = folder(ROSSI, "rossi.csv");
    let train = |sets: &[&str]| {
        let mut args = vec!["train", "study.toml", "-o", "m.json", "--force", "--json", "--quiet"];
        for set in sets {
            args.extend(["--set", set]);
        }
        pleegzorg(folder.path(), &args)
    };
    let json = train(&["model.kind=piecewise-exponential", "model.cuts=[10, 30]"]).code(0).json();
    let names: Vec<&str> =
        json["terms"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
    assert_eq!(&names[8..], ["(from 10)", "(from 30)"]);
    let json = train(&["model.kind=royston-parmar", "model.df=1"]).code(0).json();
    let weibull = train(&["model.kind=weibull"]).code(0).json();
    let ll = |j: &serde_json::Value| j["loglik"]["final"].as_f64().unwrap();
    close(ll(&json), ll(&weibull), 1e-10);
    for (sets, said) in [
        (&["model.kind=fine-gray", "model.convention=finegrey"][..], "did you mean \"finegray\"?"),
        (&["model.kind=cox", "model.convention=crr"], "does not apply to kind cox"),
        (&["model.kind=weibull", "model.strata=race"], "does not apply to kind weibull"),
        (&["model.kind=weibull", "model.df=3"], "does not apply to kind weibull"),
        (&["model.kind=royston-parmar", "model.df=0"], "must be from 1 to 10"),
        (&["model.kind=piecewise-exponential", "model.cuts=[30, 10]"], "must increase"),
        (&["model.kind=piecewise-exponential", "model.cuts=[\"3 months\"]"], "plain numbers"),
        (&["model.kind=piecewise-exponential", "model.cut=[30]"], "model.cuts"),
        (&["model.kind=weibul"], "did you mean weibull?"),
    ] {
        let ran = train(sets).code(2);
        assert!(ran.stderr.contains(said), "{sets:?}: {}", ran.stderr);
    }
    // Cuts that the events cannot carry.
    let ran = train(&["model.kind=piecewise-exponential", "model.cuts=[0.5]"]);
    assert!(ran.code != 0 && ran.stderr.contains("no event from 0 to 0.5"), "{}", ran.stderr);
}

#[test]
fn a_time_of_zero_is_said_with_its_row() {
    let folder = folder(ROSSI, "rossi.csv");
    let path = folder.path().join("rossi.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let week = lines[0].split(',').position(|c| c == "week").unwrap();
    let mut cells: Vec<String> = lines[1].split(',').map(str::to_owned).collect();
    cells[week] = "0".into();
    lines[1] = cells.join(",");
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    let args = ["train", "study.toml", "-o", "m.json", "--quiet", "--set", "model.kind=weibull"];
    let ran = pleegzorg(folder.path(), &args);
    assert!(ran.code != 0 && ran.stderr.contains("times must be above 0"), "{}", ran.stderr);
}

#[test]
fn kinds_are_evaluated_and_compared() {
    let compare: String = ["fine-gray", "royston-parmar", "lognormal"]
        .iter()
        .map(|k| format!("[[compare]]\nname = \"{k}\"\nkind = \"{k}\"\n"))
        .collect();
    let study = format!(
        "{ROSSI}[model]\nkind = \"weibull\"\n{compare}[evaluate]\nfolds = 4\nrepeats = 1\nbootstrap = 20\n"
    );
    let folder = folder(&study, "rossi.csv");
    let json = pleegzorg(folder.path(), &["evaluate", "study.toml", "--json", "--quiet"]).code(0);
    let json = json.json();
    let compared = json["compared"].as_array().unwrap();
    let names: Vec<&str> = compared.iter().map(|c| c["name"].as_str().unwrap()).collect();
    for kind in ["fine-gray", "royston-parmar", "lognormal"] {
        assert!(names.contains(&kind), "{names:?}");
    }
    let text = json.to_string();
    assert!(!text.contains("NaN"));
    for c in compared {
        assert!(c["summary"].as_object().is_some_and(|s| !s.is_empty()), "{c}");
    }
}

#[test]
fn a_likelihood_without_maximum_is_refused_and_not_a_wide_guess() {
    // R's profile over Q rises all the way, over a plateau to a cliff without end.
    let profile = &golden("kinds.txt")["gengamma.profile"];
    assert!(profile.windows(2).all(|w| w[1] > w[0] - 1e-6) && profile[profile.len() - 1] > -760.0);
    let folder = folder(MGUS2, "mgus2.csv");
    let args = ["train", "study.toml", "-o", "m.json", "--quiet", "--set", "model.kind=gengamma"];
    let ran = pleegzorg(folder.path(), &args);
    assert!(
        ran.code != 0 && ran.stderr.contains("its likelihood has no maximum"),
        "{}",
        ran.stderr
    );
    assert!(!folder.path().join("m.json").exists());
}

/// A study of a table of R's with rows that enter late, clustered.
pub(crate) fn late(table: &str, times: &str, terms: &str, more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let from = root().join("tests/reference/survival/data").join(table);
    std::fs::copy(from, folder.path().join(table)).unwrap();
    let study = format!(
        "[data]\ntable = \"{table}\"\n{times}\n[features]\nterms = {terms}\n[model]\n{more}\n"
    );
    std::fs::write(folder.path().join("study.toml"), study).unwrap();
    folder
}

/// Compares what `train` says with R's values of a case.
pub(crate) fn is_r(
    json: &serde_json::Value,
    expected: &[(String, String, f64)],
    within: f64,
) -> usize {
    let mut compared = 0;
    for (what, item, r) in expected {
        let ours = match (what.as_str(), item.as_str()) {
            ("loglik", which) => &json["loglik"][which],
            ("scale", _) => &json["scale"],
            ("coef" | "se" | "robust_se", name) => {
                let terms = json["terms"].as_array().unwrap();
                let Some(t) = terms.iter().find(|t| t["name"] == *name) else { continue };
                &t[if what == "coef" { "estimate" } else { what }]
            }
            _ => continue,
        };
        close(ours.as_f64().unwrap(), *r, within);
        compared += 1;
    }
    compared
}

#[test]
fn late_entry_and_clusters_reach_every_kind_through_the_study_file() {
    let times = "entry = \"tstart\"\nexit = \"tstop\"\nevent = \"status\"";
    let study = late("cgd.csv", times, "[\"rx\", \"age\"]", "cluster = \"id\"");
    let expected = Expected::read("parametric-expected");
    // The generalised gamma has its golden values of late entry on a table that takes longer.
    for kind in PARAMETRIC.iter().filter(|k| **k != "gengamma") {
        let set = format!("model.kind={kind}");
        let mut args = vec!["train", "study.toml", "-o", "m.json", "--force", "--json", "--quiet"];
        args.extend(["--set", &set]);
        args.extend(match *kind {
            "piecewise-exponential" => &["--set", "model.cuts=[100, 200]"][..],
            "royston-parmar" => &["--set", "model.df=2"],
            _ => &[],
        });
        let json = pleegzorg(study.path(), &args).code(0).json();
        assert!(is_r(&json, expected.case(&format!("late-{kind}-cgd")), 1e-6) >= 11, "{kind}");
    }
    let times = "entry = \"entry\"\nexit = \"exit\"\nevent = \"cause\"\ncensored = \"0\"";
    let terms = "[\"age\", \"match\", \"dose\"]";
    let expected = Expected::read("fine-gray-expected");
    for (convention, case) in [("crr", "crr-late"), ("finegray", "fg-register-late-efron")] {
        let more = format!("kind = \"fine-gray\"\ncause = \"1\"\nconvention = \"{convention}\"");
        let study = late("fg-register.csv", times, terms, &more);
        let args = ["train", "study.toml", "-o", "m.json", "--json", "--quiet"];
        let json = pleegzorg(study.path(), &args).code(0).json();
        assert!(is_r(&json, expected.case(case), 1e-8) >= 8, "{convention}");
    }
}

#[test]
fn every_kind_scores_the_example_and_says_why() {
    let example = root().join("datasets/example");
    let example = example.to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for kind in PARAMETRIC.iter().chain(&["fine-gray"]) {
        let mut args = vec!["train", example, "-o", "m.json", "--force", "--json", "--quiet"];
        let set = format!("model.kind={kind}");
        args.extend(["--set", &set]);
        if *kind == "gengamma" {
            args.extend(["--set", "features.terms=[\"age\"]"]);
        }
        let json = pleegzorg(folder.path(), &args).code(0).json();
        assert!(json["events"].as_u64().unwrap() > 50 && json["converged"] == true, "{kind}");
        assert!(json["warnings"].to_string().contains("enter late"), "{kind}");
        for t in json["terms"].as_array().unwrap() {
            // Children are clusters.
            assert!(t["robust_se"].as_f64().unwrap() > 0.0, "{kind} {t}");
        }
        let args = ["score", "m.json", example, "--as-of", "2019-06-01", "--json", "--quiet"];
        let refused = pleegzorg(folder.path(), &args).code(5);
        assert!(refused.stdout.is_empty());
        let scores =
            pleegzorg(folder.path(), &[&args[..], &["--research"]].concat()).code(0).json();
        let stays = scores["stays"].as_array().unwrap();
        let scored = stays.iter().filter(|s| s["risk"].is_array());
        let mut count = 0;
        for s in scored {
            assert!(!s["reasons"].as_array().unwrap().is_empty(), "{kind}");
            let mut last = 0.0;
            for r in s["risk"].as_array().unwrap() {
                let of = |k: &str| r[k].as_f64().unwrap();
                let (low, risk, high) = (of("lower"), of("estimate"), of("upper"));
                assert!(
                    last <= risk && 0.0 < low && low < risk && risk < high && high < 1.0,
                    "{kind} {r}"
                );
                last = risk;
            }
            count += 1;
        }
        assert!(2 * count > stays.len(), "{kind} {count}");
    }
}

#[test]
fn every_kind_learns_from_landmarks() {
    let example = root().join("datasets/example");
    let mut study = Study::read(&example, &[]).unwrap();
    let span = |s: &&str| Span::parse(s).unwrap();
    let marks = ["3 months", "6 months"].iter().map(span).collect();
    study.features.at = At::Landmarks(marks);
    let source = Source::read(&study, &Silent).unwrap();
    let prepared = prepare(&study, &source, None, None).unwrap();
    let marks = prepared.landmark.as_ref().unwrap();
    let at = |l: u32| marks.iter().position(|m| *m == l).unwrap();
    let rows = prepared.frame.select(&[at(0), at(1)]);
    for kind in PARAMETRIC.iter().filter(|k| **k != "gengamma").chain(&["fine-gray"]) {
        let mut spec = study.model.clone();
        spec.kind = Kind::parse(kind).unwrap();
        // With late entry the level of a spline of more knots runs to infinity here; so it does in R.
        spec.df = 2;
        let fitted = fit(&prepared, None, &spec).unwrap();
        let r = fitted.result().unwrap();
        assert_eq!(r.converged, Some(true), "{kind}");
        let shift = r.terms.unwrap().iter().any(|t| t.name == "(landmark 6 months)");
        // Fine and Gray's model has a baseline per landmark.
        assert_eq!(shift, *kind != "fine-gray");
        let model = Model::from_bytes(&fitted.model.to_bytes().unwrap()).unwrap();
        let risks = model.risks(&rows, &[95.0, 200.0], &[365.25]).unwrap();
        assert!(risks.iter().all(|r| r[0].is_some_and(|r| 0.0 < r && r < 1.0)), "{kind} {risks:?}");
        let early = model.predict(&rows, &[60.0, 60.0], &[365.25]).unwrap();
        assert!(
            early.iter().all(|p| p.risks.as_ref().is_err_and(|e| e.code() == "before_landmark"))
        );
    }
}
