//! Published knowledge as a model: no local record, honest about what it does not know.

use std::path::{Path, PathBuf};

use pleegzorg::evaluate::{Evaluation, LITERATURE, run};
use pleegzorg::features::{Column, Frame, Values};
use pleegzorg::history::{Day, Index};
use pleegzorg::model::{Kind, Model, Source, Study, fit, prepare};
use pleegzorg::progress::Silent;
use pleegzorg::simulate::{Scenario, simulate};

/// The terms of the shipped model: every published effect, what says the same only once.
const TERMS: [&str; 16] = [
    "age",
    "factor(sex)",
    "prior_breakdowns",
    "prior_residential",
    "helper_changes_12m",
    "factor(family_kind)",
    "family_experience",
    "own_child_close_in_age",
    "own_child_under_5",
    "unrelated_foster_children",
    "siblings_together",
    "capacity_gap",
    "alliance",
    "other_children_wellbeing",
    "crisis_start",
    "court_mandated",
];

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// `PLEEGZORG_WRITE_CARD=1 cargo test shipped` writes model and card anew.
#[test]
fn the_shipped_literature_model_is_what_is_published_with_its_card() {
    let model = Model::published(&TERMS).unwrap();
    let (file, card) = (root("models/literature.json"), root("models/literature.md"));
    if std::env::var_os("PLEEGZORG_WRITE_CARD").is_some() {
        model.write(&file, true).unwrap();
        std::fs::write(&card, model.card()).unwrap();
    }
    let shipped = Model::read(&file).unwrap();
    assert_eq!(shipped.about(), model.about());
    assert_eq!(shipped.coefficients(), model.coefficients());
    assert_eq!(std::fs::read_to_string(card).unwrap(), shipped.card());
    assert!(shipped.card().contains("no local record at all"));
    assert_eq!((shipped.about().n, shipped.verdict()), (0, None));
    // Never judged here, and so never for decisions.
    let day = Day::from_ymd(2025, 1, 1).unwrap();
    assert!(shipped.usable_for(day, false).is_err());
}

/// Usual values of age and alliance, which are independent of one another.
fn usual(n: usize) -> Frame {
    let place = |k: usize| (k as f64 + 0.5) / n as f64;
    let column = |name: &str, f: &dyn Fn(f64) -> f64, step: usize| Column {
        name: name.into(),
        values: Values::Number((0..n).map(|k| f(place(k * step % n))).collect()),
    };
    // Uniform with the published mean and standard deviation.
    let age = |u: f64| 7.6 + 5.3 * 12f64.sqrt() * (u - 0.5);
    let alliance = |u: f64| 6.3 + 1.8 * 12f64.sqrt() * (u - 0.5);
    Frame::new(vec![
        column("age", &|u| age(u).clamp(0.0, 17.0), 1),
        column("alliance", &alliance, 389),
    ])
    .unwrap()
}

#[test]
fn the_average_placement_has_the_published_risk() {
    let model = Model::published(&["age", "alliance"]).unwrap();
    let frame = usual(1000);
    let risks = model.risks(&frame, &vec![0.0; 1000], &model.horizons()).unwrap();
    for (h, published) in [0.085, 0.13, 0.20].into_iter().enumerate() {
        let mean = risks.iter().map(|r| r[h].unwrap()).sum::<f64>() / 1000.0;
        assert!((mean - published).abs() < 0.01, "{mean} {published}");
    }
    // One placement in the middle: how much levels differ between populations is in the interval.
    let found = model.predict(&frame.select(&[500]), &[0.0], &model.horizons()).unwrap();
    let risk = found[0].risks.as_ref().unwrap()[2];
    assert!(risk.lower < 0.12 && risk.upper > 0.35, "{risk:?}");
    assert_eq!(found[0].support, None);
    let sum: f64 = found[0].contributions.iter().map(|c| c.value).sum();
    assert!(sum.abs() < 0.3, "near the published means: {sum}");
}

fn study(more: &str) -> Study {
    let text = format!(
        "[features]\nterms = [\"age\", \"factor(family_kind)\", \"alliance\", \"distance_home\", \
         \"age:alliance\"]\n[model]\ncluster = [\"child\"]\n{more}"
    );
    Study::parse(&text, "".as_ref(), &[]).unwrap()
}

fn source(children: u32) -> Source {
    let history = simulate(&Scenario::base(), children, 9).history;
    let index = Index::new(&history);
    Source::History(Box::new((history, index)))
}

#[test]
fn local_records_change_nothing_in_it() {
    let study = study("kind = \"literature\"\n");
    let source = source(120);
    let prepared = prepare(&study, &source, None, None).unwrap();
    let all = fit(&prepared, None, &study.model).unwrap();
    let few = fit(&prepared, Some(&[3, 1]), &study.model).unwrap();
    assert_eq!(all.model.to_bytes().unwrap(), few.model.to_bytes().unwrap());
    all.model.belongs_to(&study).unwrap();
    let again = Model::from_bytes(&all.model.to_bytes().unwrap()).unwrap();
    assert_eq!(again, all.model);
    let about = all.model.about();
    assert_eq!((about.kind, about.n, about.window), (Kind::Literature, 0, None));
    let said = about.warnings.join("; ");
    assert!(said.contains("distance_home, age:alliance"), "{said}");
    let result = all.result().unwrap();
    let terms = result.terms.unwrap();
    assert_eq!(terms[0].name, "age");
    assert_eq!((terms[0].estimate, terms[0].se), (Some(0.08), Some(0.03)));
    // A table, another cause, or terms of which nothing is published.
    let table = "[data]\ntable = \"-\"\nexit = \"t\"\nevent = \"e\"\n[features]\nterms = [\"age\"]\n\
                 [model]\nkind = \"literature\"\n";
    let of_table = Study::parse(table, "".as_ref(), &[]).unwrap();
    let column =
        |name: &str, v: [f64; 3]| Column { name: name.into(), values: Values::Number(v.to_vec()) };
    let frame = Frame::new(vec![
        column("t", [1.0, 2.0, 3.0]),
        column("e", [1.0, 0.0, 1.0]),
        column("age", [3.0, 4.0, 5.0]),
    ]);
    let of_table_rows = pleegzorg::model::prepare_table(&of_table, frame.unwrap()).unwrap();
    assert!(
        fit(&of_table_rows, None, &of_table.model).unwrap_err().to_string().contains("history")
    );
    let unknown = Study::parse(
        "[features]\nterms = [\"distance_home\"]\n[model]\nkind = \"literature\"\n",
        "".as_ref(),
        &[],
    )
    .unwrap();
    let rows = prepare(&unknown, &source, None, None).unwrap();
    assert!(fit(&rows, None, &unknown.model).is_err());
}

fn judged(more: &str) -> Evaluation {
    let study = study(&format!("{more}[evaluate]\nfolds = 3\nbootstrap = 30\nrefits = 0\n"));
    run(&study, &source(400), &Silent).unwrap()
}

#[test]
fn every_evaluation_of_a_history_is_held_against_it() {
    let e = judged("");
    let found = e.compared.iter().find(|c| c.name == LITERATURE).unwrap();
    let auc = found.summary["auc"].value;
    assert!(auc.mean.unwrap() > 0.55, "the simulation has effects of published size: {auc:?}");
    let oe = found.summary["oe"].value;
    assert!((0.6..1.6).contains(&oe.mean.unwrap()), "and the published level: {oe:?}");
    assert!(found.difference.contains_key("scaled_brier"));
    // Named in the study, it stands there once.
    let e = judged("[[compare]]\nname = \"papers\"\nkind = \"literature\"\n");
    let names: Vec<&str> = e.compared.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["papers", "no model"]);
}
