//! Bad input to a fit: a clear error of the right kind, or a stated warning. Never a panic.

use std::path::Path;

use pleegzorg::features::{Column, Frame, Values};
use pleegzorg::model::{Fitted, ModelError, Study, fit, prepare_table};
use pleegzorg::{Error, ErrorKind};

const STUDY: &str = r#"
[data]
table = "t.csv"
exit = "time"
event = "event"
[outcome]
horizons = [20]
[features]
terms = ["x"]
"#;

const KINDS: [&str; 4] = ["cox", "aalen-johansen", "discrete-logistic", "forest"];
const N: usize = 200;

fn number(name: &str, f: impl Fn(usize) -> f64) -> Column {
    Column { name: name.into(), values: Values::Number((0..N).map(f).collect()) }
}

fn words(name: &str, f: impl Fn(usize) -> String) -> Column {
    let mut levels: Vec<String> = (0..N).map(&f).collect();
    levels.sort_unstable();
    levels.dedup();
    let codes = (0..N).map(|i| levels.binary_search(&f(i)).unwrap() as u32).collect();
    Column { name: name.into(), values: Values::Level { codes, levels } }
}

fn time(i: usize) -> f64 {
    1.0 + ((i * 37) % 53) as f64
}

fn event(i: usize) -> f64 {
    f64::from(u8::from(!i.is_multiple_of(3)))
}

fn x(i: usize) -> f64 {
    ((i * 13) % 17) as f64
}

fn run(columns: Vec<Column>, sets: &[&str]) -> Result<Fitted, ModelError> {
    let sets: Vec<String> = sets.iter().map(|&s| s.to_owned()).collect();
    let study = Study::parse(STUDY, Path::new(""), &sets)?;
    let prepared = prepare_table(&study, Frame::new(columns).unwrap())?;
    let fitted = fit(&prepared, None, &study.model)?;
    fitted.result()?;
    Ok(fitted)
}

#[track_caller]
fn refused(outcome: Result<Fitted, ModelError>, kind: ErrorKind, word: &str) {
    let error = Error::from(outcome.expect_err("it was fitted"));
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(word), "{error}");
    assert!(error.hint().is_some_and(|h| !h.is_empty()), "{error}");
}

#[track_caller]
fn warned(outcome: Result<Fitted, ModelError>, word: &str) -> Fitted {
    let fitted = outcome.unwrap();
    let warnings = fitted.result().unwrap().warnings;
    assert!(warnings.iter().any(|w| w.contains(word)), "{warnings:?}");
    fitted
}

fn kind(name: &str) -> String {
    format!("model.kind={name}")
}

#[test]
fn no_events_and_one_event() {
    for name in KINDS {
        let none = run(
            vec![number("time", time), number("event", |_| 0.0), number("x", x)],
            &[&kind(name)],
        );
        if name == "forest" {
            // Its target is then all zeros: it learns that nothing happens, and answers nothing.
            let model = none.unwrap().model;
            let row =
                Frame::new(vec![Column { name: "x".into(), values: Values::Number(vec![1.0]) }]);
            let found = model.predict(&row.unwrap(), &[0.0], &[20.0]).unwrap();
            assert_eq!(found[0].risks.as_ref().unwrap_err().code(), "no_events");
        } else {
            refused(none, ErrorKind::Data, "event");
        }
    }
    let one = || {
        let event = number("event", |i| f64::from(u8::from(i == 50)));
        vec![number("time", time), event, number("x", x)]
    };
    warned(run(one(), &[]), "1 events for 1 terms");
    for name in KINDS {
        // One event is fitted or refused in words; either way there is no panic.
        if let Err(e) = run(one(), &[&kind(name)]) {
            assert_eq!(Error::from(e).kind(), ErrorKind::Data, "{name}");
        }
    }
}

#[test]
fn all_events_at_one_time_and_events_only() {
    for name in KINDS {
        let all = vec![number("time", |_| 20.0), number("event", event), number("x", x)];
        match run(all, &[&kind(name)]) {
            Ok(fitted) => {
                let json = serde_json::to_string(&fitted.result().unwrap()).unwrap();
                assert!(!json.contains("NaN"), "{name}");
            }
            Err(e) => assert_ne!(Error::from(e).kind(), ErrorKind::Io, "{name}"),
        }
        let ended = vec![number("time", time), number("event", |_| 1.0), number("x", x)];
        run(ended, &[&kind(name)]).unwrap();
    }
}

#[test]
fn columns_that_say_nothing() {
    let with = |c: Column, terms: &str, kind: &str| {
        let columns = vec![number("time", time), number("event", event), number("x", x), c];
        run(columns, &[&format!("features.terms={terms}"), &format!("model.kind={kind}")])
    };
    let both = "[\"x\", \"y\"]";
    let constant = warned(with(number("y", |_| 4.0), both, "cox"), "does not vary");
    assert_eq!(constant.result().unwrap().terms.unwrap()[1].estimate, None);
    warned(with(number("y", |i| 2.0 * x(i) + 1.0), both, "cox"), "linear combination");
    warned(with(number("y", |i| 2.0 * x(i)), both, "discrete-logistic"), "says nothing");
    warned(with(number("y", |_| 4.0), both, "discrete-logistic"), "says nothing");
    with(number("y", |_| 4.0), both, "forest").unwrap();
    // A model with a left-out column is a whole model.
    let model = with(number("y", |_| 4.0), both, "cox").unwrap().model;
    let bytes = model.to_bytes().unwrap();
    assert_eq!(pleegzorg::model::Model::from_bytes(&bytes).unwrap(), model);
    // A million-level factor is an identifier; so is one with a level per row.
    for kind in ["cox", "forest"] {
        let many = with(words("y", |i| format!("id{i}")), "[\"factor(y)\"]", kind);
        refused(many, ErrorKind::Refused, "199 columns for 133 events");
    }
    let study = Study::parse(STUDY, Path::new(""), &["features.terms=factor(y)".into()]).unwrap();
    let n = 1_000_000;
    let column = |name: &str, f: fn(usize) -> f64| Column {
        name: name.into(),
        values: Values::Number((0..n).map(f).collect()),
    };
    let huge =
        Frame::new(vec![column("time", time), column("event", event), column("y", |i| i as f64)])
            .unwrap();
    let prepared = prepare_table(&study, huge).unwrap();
    refused(fit(&prepared, None, &study.model), ErrorKind::Data, "levels");
}

#[test]
fn separation_is_said() {
    let apart = |kind: &str| {
        let columns = vec![
            number("time", time),
            number("event", |i| f64::from(u8::from(i >= 100 && event(i) > 0.0))),
            number("x", |i| f64::from(u8::from(i >= 100))),
        ];
        run(columns, &[&format!("model.kind={kind}")])
    };
    let cox = warned(apart("cox"), "separation");
    let result = cox.result().unwrap();
    assert_eq!(result.converged, Some(false));
    // No significance from a coefficient that runs away, and no sureness in the risk.
    let term = &result.terms.unwrap()[0];
    assert!(term.estimate.is_some() && term.z.is_none() && term.upper.is_none());
    let rows =
        Frame::new(vec![Column { name: "x".into(), values: Values::Number(vec![0.0, 1.0]) }]);
    let found = cox.model.predict(&rows.unwrap(), &[0.0; 2], &[20.0]).unwrap();
    let width = |k: usize| found[k].risks.as_ref().map_or(1.0, |r| r[0].upper - r[0].lower);
    assert!(width(0) > 0.9 && width(1) < 0.5, "{} {}", width(0), width(1));
    warned(apart("discrete-logistic"), "separate");
    apart("forest").unwrap();
}

#[test]
fn a_level_that_training_never_saw_has_no_number() {
    let columns = vec![
        number("time", time),
        number("event", event),
        words("y", |i| ["a", "b", "c"][i % 3].into()),
    ];
    let fitted = run(columns, &["features.terms=[\"factor(y)\"]"]).unwrap();
    let row = Frame::new(vec![Column {
        name: "y".into(),
        values: Values::Level { codes: vec![0, 1], levels: vec!["z".into(), "b".into()] },
    }])
    .unwrap();
    let found = fitted.model.predict(&row, &[0.0; 2], &[20.0]).unwrap();
    assert_eq!(found[0].risks.as_ref().unwrap_err().code(), "unknown_level");
    assert!(found[1].risks.is_ok());
    // What an evaluation needs is there all the same: a number for the reference level.
    assert!(fitted.model.risks(&row, &[0.0; 2], &[20.0]).unwrap()[0][0].is_some());
}

#[test]
fn what_lies_outside_has_no_number() {
    let base = || vec![number("time", time), number("event", event), number("x", x)];
    let model = run(base(), &[]).unwrap().model;
    let ask = |x: Vec<f64>, lasted: f64, horizon: f64| {
        let n = x.len();
        let frame =
            Frame::new(vec![Column { name: "x".into(), values: Values::Number(x) }]).unwrap();
        model.predict(&frame, &vec![lasted; n], &[horizon]).unwrap()
    };
    let code = |p: &pleegzorg::model::Prediction| p.risks.as_ref().err().map(|e| e.code());
    let found = ask(vec![8.0, 18.0, 500.0, f64::NAN, -1e300], 0.0, 20.0);
    assert_eq!(code(&found[0]), None);
    assert_eq!(code(&found[1]), None, "just outside: a number with a note");
    assert!(format!("{:?}", found[1].notes).contains("EdgeOfScope"));
    assert_eq!(code(&found[2]), Some("out_of_scope"));
    assert_eq!(code(&found[3]), Some("missing"));
    assert_eq!(code(&found[4]), Some("out_of_scope"));
    assert_eq!(code(&ask(vec![8.0], 0.0, 500.0)[0]), Some("beyond_follow_up"));
    assert_eq!(code(&ask(vec![8.0], 45.0, 20.0)[0]), Some("beyond_follow_up"));
    assert_eq!(code(&ask(vec![8.0], f64::NAN, 20.0)[0]), Some("before_landmark"));
    let frame = Frame::new(vec![Column { name: "y".into(), values: Values::Number(vec![1.0]) }]);
    let frame = frame.unwrap();
    assert!(model.predict(&frame, &[0.0], &[20.0]).is_err());
    let right = Frame::new(vec![Column { name: "x".into(), values: Values::Number(vec![1.0]) }]);
    let right = right.unwrap();
    assert!(model.predict(&right, &[], &[20.0]).is_err());
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(model.predict(&right, &[0.0], &[bad]).is_err());
    }
}

#[test]
fn wrong_times_weights_and_names() {
    let base = || vec![number("time", time), number("event", event), number("x", x)];
    let and = |c: Column| {
        let mut all = base();
        all.push(c);
        all
    };
    refused(run(base(), &["features.terms=[\"xx\"]"]), ErrorKind::Usage, "xx");
    refused(run(base(), &["model.strata=race"]), ErrorKind::Usage, "race");
    refused(run(base(), &["model.cluster=kid"]), ErrorKind::Usage, "kid");
    refused(run(base(), &["data.exit=tim"]), ErrorKind::Usage, "tim");
    refused(run(base(), &["model.cause=death"]), ErrorKind::Usage, "death");
    refused(run(base(), &["features.terms=[]"]), ErrorKind::Usage, "terms");
    for weight in [0.0, -1.0] {
        let w = number("w", |i| if i == 7 { weight } else { 1.0 });
        refused(run(and(w), &["model.weights=w"]), ErrorKind::Data, "weight");
    }
    refused(run(and(words("w", |_| "a".into())), &["model.weights=w"]), ErrorKind::Data, "words");
    let late = number("from", |i| if i == 3 { 99.0 } else { 0.0 });
    refused(run(and(late), &["data.entry=from"]), ErrorKind::Data, "row 4");
    let three = vec![number("time", time), number("event", |i| (i % 3) as f64), number("x", x)];
    refused(run(three.clone(), &[]), ErrorKind::Usage, "more than 0 and 1");
    refused(run(three.clone(), &["data.censored=\"0\""]), ErrorKind::Usage, "causes");
    run(three, &["data.censored=\"0\"", "model.cause=\"2\""]).unwrap();
    let negative = vec![number("time", |i| time(i) - 20.0), number("event", event), number("x", x)];
    refused(run(negative, &[]), ErrorKind::Data, "exit");
    // Missing values: rows are left out and counted, or nothing is left.
    let holes = number("x", |i| if i % 2 == 0 { f64::NAN } else { x(i) });
    let columns = vec![number("time", time), number("event", event), holes];
    warned(run(columns, &[]), "100 rows with a missing value");
    let nothing = vec![number("time", time), number("event", event), number("x", |_| f64::NAN)];
    refused(run(nothing, &[]), ErrorKind::Data, "lack");
    let unknown = vec![number("time", |_| f64::NAN), number("event", event), number("x", x)];
    refused(run(unknown, &[]), ErrorKind::Data, "200 rows");
    refused(
        run(base(), &["model.kind=forest", "outcome.horizons=[]"]),
        ErrorKind::Usage,
        "horizon",
    );
}

#[test]
fn too_few_rows_followed_up() {
    let few: Vec<Column> = vec![number("time", time), number("event", event), number("x", x)]
        .into_iter()
        .map(|c| Column { values: c.values.select(&[0, 1, 2, 3, 4, 5, 6, 7]), ..c })
        .collect();
    refused(run(few, &[]), ErrorKind::Refused, "ten rows");
}

#[test]
fn two_clusterings_and_a_stratum_per_row_are_survived() {
    let columns = || {
        vec![
            number("time", time),
            number("event", event),
            number("x", x),
            number("a", |i| (i % 40) as f64),
            number("b", |i| (i % 23) as f64),
            number("each", |i| i as f64),
        ]
    };
    let two = run(columns(), &["model.cluster=[\"a\", \"b\"]"]).unwrap();
    assert!(two.result().unwrap().terms.unwrap()[0].robust_se.is_some());
    for name in ["cox", "aalen-johansen"] {
        let fitted = run(columns(), &["model.strata=each", &kind(name)]);
        match fitted {
            Ok(f) => {
                let warnings = f.result().unwrap().warnings.join("; ");
                assert!(warnings.contains("too small"), "{name}: {warnings}");
            }
            Err(e) => assert_ne!(Error::from(e).kind(), ErrorKind::Io),
        }
    }
}

#[test]
fn a_card_says_what_a_reader_must_know() {
    let columns = vec![number("time", time), number("event", event), number("x", x)];
    for name in KINDS {
        let card = run(columns.clone(), &[&kind(name), "title=\"A <b>title</b>\""]).unwrap();
        let card = card.model.card();
        for word in ["Never evaluated", "## Data", "200 training rows", "SHA-256", "## Limits"] {
            assert!(card.contains(word), "{name}: {card}");
        }
        assert!(!card.contains("<b>") && !card.contains("t.csv"));
        assert_eq!(card.contains("## Terms"), name == "cox" || name == "discrete-logistic");
    }
}
