//! Tests of reading study files.

use super::*;
use crate::model::Kind;
use crate::{Error, ErrorKind};

const DESIGN: &str = r#"
title = "Breakdown within two years"
seed = 42
[data]
history = "."
[window]
start = "2018-01-01"
end = 2023-12-31
extraction = "2024-01-15"
[outcome]
definition = "unplanned-unwanted"
horizons = ["6 months", "12 months", "24 months"]
[features]
at = "start"
terms = ["age_over_10", "capacity_gap:alliance", "ns(age, 3)", "factor(family_kind)"]
missing = "impute"
[model]
kind = "cox"
cause = "breakdown"
ties = "efron"
strata = ["provider"]
cluster = ["child"]
[[compare]]
name = "forest"
kind = "forest"
[evaluate]
folds = 5
repeats = 5
time_split = "2021-01-01"
by = ["provider"]
bootstrap = 200
audit = "audit.csv"
[gates]
[waive]
PZ2003 = "reason"
"#;

fn problems(text: &str) -> Vec<String> {
    match Study::parse(text, Path::new(""), &[]) {
        Err(StudyError::Invalid { problems, .. }) => problems,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn the_study_of_the_design_reads_whole() {
    let s = Study::parse(DESIGN, Path::new("here"), &[]).unwrap();
    assert_eq!(s.title.as_deref(), Some("Breakdown within two years"));
    assert_eq!(s.data, DataSpec::History("here/.".into()));
    assert_eq!(s.settings.window.unwrap().end, Day::from_ymd(2023, 12, 31).unwrap());
    assert_eq!(s.outcome.horizons[0].length, 6.0 * 365.25 / 12.0);
    assert_eq!(s.outcome.horizons[2].label, "24 months");
    assert_eq!(s.features.terms.len(), 4);
    assert_eq!(s.model.cluster, ["child"]);
    assert_eq!(s.compare[0].spec.kind, Kind::Forest);
    // A comparison takes the clusters of the model, and no strata where its kind has none.
    assert_eq!(s.compare[0].spec.cluster, ["child"]);
    assert!(s.compare[0].spec.strata.is_empty());
    assert_eq!(s.evaluate.audit, Some("here/audit.csv".into()));
    assert_eq!(s.gates, Gates::default());
    assert_eq!(s.settings.waive.len(), 1);
}

#[test]
fn an_unknown_key_is_named_with_its_path_and_the_nearest() {
    let found = problems("[model]\nkinds = \"cox\"\n[features]\nterm = [\"age\"]\nzzz = 1\n");
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.contains(&"model.kinds: unknown key; did you mean model.kind?".into()));
    assert!(found.contains(&"features.term: unknown key; did you mean features.terms?".into()));
    assert!(found.iter().any(|p| p.starts_with("features.zzz: unknown key; known here: at")));
    assert_eq!(problems("sed = 1"), ["sed: unknown key; did you mean seed?"]);
    let nested = problems("[[compare]]\nname = \"b\"\nkindd = \"cox\"");
    assert_eq!(nested, ["compare.0.kindd: unknown key; did you mean compare.0.kind?"]);
}

#[test]
fn a_kind_that_is_none_is_refused_with_the_nearest() {
    let found = problems("[model]\nkind = \"coks\"");
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("did you mean cox? available: cox, fine-gray"), "{}", found[0]);
}

#[test]
fn a_key_of_another_kind_is_refused() {
    let found = problems("[model]\nkind = \"forest\"\nties = \"efron\"");
    assert_eq!(found, ["model.ties: does not apply to kind forest"]);
    // With --set the kind changes and the keys are judged anew.
    let text = "[model]\nkind = \"forest\"\ntrees = 10";
    assert!(Study::parse(text, Path::new(""), &["model.kind=cox".into()]).is_err());
}

#[test]
fn ways_to_hold_estimates_in_exclude_each_other_and_are_not_inherited_beside_another() {
    let found = problems("[model]\nfirth = true\npriors = \"p.csv\"");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("model.firth: cannot be combined"));
    let text = "[model]\npriors = \"p.csv\"\n[[compare]]\nname = \"a\"\nfirth = true\n\
                [[compare]]\nname = \"b\"\nties = \"breslow\"\n\
                [[compare]]\nname = \"c\"\nkind = \"forest\"";
    let s = Study::parse(text, Path::new(""), &[]).unwrap();
    let of = |k: usize| &s.compare[k].spec.cox;
    assert!(of(0).firth && of(0).priors.is_none());
    assert_eq!(of(1), &s.model.cox);
    assert_eq!(of(2), &CoxSpec::default());
}

#[test]
fn a_penalty_is_a_word_or_a_table() {
    let of = |text: &str| {
        Study::parse(&format!("[model]\n{text}"), Path::new(""), &[]).unwrap().model.cox.penalty
    };
    let net = |alpha, lambda, folds| Some(PenaltySpec { alpha, lambda, folds });
    assert_eq!(of("penalty = \"elastic-net\""), net(0.5, LambdaSpec::Least, 10));
    assert_eq!(of("penalty = \"lasso\""), net(1.0, LambdaSpec::Least, 10));
    assert_eq!(of("penalty = \"ridge\""), net(0.0, LambdaSpec::Least, 10));
    assert_eq!(
        of("penalty = { alpha = 0.2, lambda = 0.01 }"),
        net(0.2, LambdaSpec::Given(0.01), 10)
    );
    assert_eq!(
        of("penalty = { lambda = \"1se\", folds = 5 }"),
        net(0.5, LambdaSpec::WithinOneSe, 5)
    );
    assert_eq!(of("penalty = { lambda = \"cv\" }"), of("penalty = { lambda = \"min\" }"));
    assert_eq!(of(""), None);
    for (wrong, key) in [
        ("penalty = \"net\"", "model.penalty: must be"),
        ("penalty = 1", "model.penalty: must be text"),
        ("penalty = { alpha = 2 }", "model.penalty.alpha: must lie"),
        ("penalty = { lambda = -1 }", "model.penalty.lambda: must be"),
        ("penalty = { lambda = \"cv2\" }", "model.penalty.lambda: must be"),
        ("penalty = { folds = 2 }", "model.penalty.folds: must be from 3"),
        ("penalty = { lamda = 2 }", "did you mean model.penalty.lambda?"),
        ("penalty = \"lasso\"\nfirth = true", "model.penalty: cannot be combined"),
        ("penalty = \"lasso\"\nties = \"efron\"", "model.ties: an elastic net"),
        ("kind = \"forest\"\npenalty = \"lasso\"", "model.penalty: does not apply"),
    ] {
        let found = problems(&format!("[model]\n{wrong}"));
        assert!(found.len() == 1 && found[0].contains(key), "{wrong}: {found:?}");
    }
}

#[test]
fn a_frailty_is_a_word_or_a_table_and_has_groups() {
    use crate::survival::FrailtyDistribution::{Gamma, Lognormal};
    let of = |text: &str| {
        let spec = Study::parse(&format!("[model]\n{text}"), Path::new(""), &[]).unwrap().model;
        let group = spec.frailty_group().map(str::to_owned);
        spec.cox.frailty.map(|f| (group.unwrap(), f.distribution, f.variance))
    };
    let some = |g: &str, d, v| Some((g.to_owned(), d, v));
    assert_eq!(of("frailty = { group = \"family\" }"), some("family", Gamma, None));
    assert_eq!(
        of("cluster = [\"child\"]\nfrailty = \"lognormal\""),
        some("child", Lognormal, None)
    );
    let given = "frailty = { group = \"g\", distribution = \"gamma\", variance = 0.5 }";
    assert_eq!(of(given), some("g", Gamma, Some(0.5)));
    assert_eq!(of(""), None);
    for (wrong, key) in [
        ("frailty = \"gamma\"", "model.frailty: name its groups"),
        ("frailty = \"weibull\"", "model.frailty: must be \"gamma\""),
        (
            "frailty = { group = \"g\", distribution = \"x\" }",
            "model.frailty.distribution: must be",
        ),
        ("frailty = { group = \"g\", variance = -1 }", "model.frailty.variance: must not"),
        ("frailty = { groep = \"g\", group = \"g\" }", "did you mean model.frailty.group?"),
        ("frailty = { group = \"g\" }\nfirth = true", "model.frailty: cannot be combined"),
        ("frailty = { group = \"g\" }\npriors = \"p.csv\"", "model.frailty: cannot be combined"),
        ("frailty = { group = \"g\" }\npenalty = \"lasso\"", "model.frailty: cannot be combined"),
        ("frailty = { group = \"g\" }\nties = \"exact\"", "model.ties: a frailty needs"),
        ("kind = \"forest\"\nfrailty = { group = \"g\" }", "model.frailty: does not apply"),
    ] {
        let found = problems(&format!("[model]\n{wrong}"));
        assert!(found.len() == 1 && found[0].contains(key), "{wrong}: {found:?}");
    }
}

#[test]
fn values_of_the_wrong_kind_are_all_said_at_once() {
    let found = problems(
        "title = 3\nseed = -1\n[outcome]\nhorizons = [\"6 moons\"]\n[evaluate]\nfolds = 1\n\
         [gates]\noe = [2.0, 1.0]\n[model]\ninterval = 1.5\ncluster = [\"a\", \"b\", \"c\"]",
    );
    assert_eq!(found.len(), 7, "{found:#?}");
}

#[test]
fn a_table_has_its_own_time_and_no_definition() {
    let table = "[data]\ntable = \"r.csv\"\nexit = \"week\"\nevent = \"arrest\"\n";
    let s = Study::parse(table, Path::new("d"), &[]).unwrap();
    assert_eq!(s.features.missing, MissingValues::Drop);
    assert!(s.outcome.horizons.is_empty());
    assert!(matches!(s.data, DataSpec::Table(ref t) if t.path == Path::new("d/r.csv")));
    assert_eq!(problems(&format!("{table}[outcome]\nhorizons = [\"6 months\"]")).len(), 1);
    assert_eq!(problems(&format!("{table}[outcome]\ndefinition = \"x\"")).len(), 1);
    assert_eq!(problems(&format!("{table}[features]\nlandmark = [\"3 months\"]")).len(), 1);
    assert_eq!(problems("[data]\ntable = \"r.csv\"").len(), 2);
    assert_eq!(problems("[data]\nexit = \"week\"").len(), 1);
}

#[test]
fn the_definition_is_named_and_changed() {
    let text = "[outcome]\ndefinition = \"intended-to-grow-up\"\nabsence_days = 14";
    let s = Study::parse(text, Path::new(""), &[]).unwrap();
    let definition = s.outcome.definition.unwrap();
    assert_eq!(definition.name.name(), "intended-to-grow-up");
    assert_eq!(definition.absence_days, 14);
    assert_eq!(problems("[outcome]\ndefinition = \"intended-to-grow\"").len(), 1);
    assert_eq!(problems("[outcome]\nabsence_days = \"x\"").len(), 1);
    assert!(problems("[outcome]\nabsence_day = 3")[0].contains("outcome.absence_days"));
    let window = problems("[window]\nstrat = \"2020-01-01\"");
    assert!(window[0].contains("window") && window[0].contains("start"), "{window:?}");
}

#[test]
fn landmarks_are_sorted_and_a_bare_horizon_counts_days() {
    let text = "[features]\nlandmark = [\"12 months\", \"3 months\"]\n[outcome]\nhorizons = [180]";
    let s = Study::parse(text, Path::new(""), &[]).unwrap();
    let At::Landmarks(marks) = s.features.at else { panic!("no landmarks") };
    assert_eq!(marks[0].label, "3 months");
    assert_eq!(s.outcome.horizons[0].label, "180 days");
}

#[test]
fn errors_have_their_kinds() {
    let kind = |e: StudyError| Error::from(e).kind();
    let missing = Study::read(Path::new("/nonexistent/study.toml"), &[]).unwrap_err();
    assert_eq!(kind(missing), ErrorKind::Io);
    let broken = Study::parse("[data", Path::new(""), &[]).unwrap_err();
    assert_eq!(kind(broken), ErrorKind::Usage);
    let set = Study::parse("", Path::new(""), &["nonsense".into()]).unwrap_err();
    assert_eq!(kind(set), ErrorKind::Usage);
}
