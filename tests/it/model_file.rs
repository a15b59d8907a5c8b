//! The model file: read back to the bit, and refused where it is not whole.

use pleegzorg::history::Day;
use pleegzorg::model::{Model, ModelError, Stamp, Verdict, fit};
use pleegzorg::{Error, ErrorKind};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::model::{frame, prepared};

const ROSSI: &str = r#"
title = "Re-arrest within a year: \"é\""
[data]
table = "rossi.csv"
exit = "week"
event = "arrest"
[outcome]
horizons = [26, 52]
[features]
terms = ["fin", "ns(age, 2)", "prio", "factor(paro):fin"]
[model]
cluster = "age"
"#;

fn model(sets: &[&str]) -> Model {
    let (study, prepared) = prepared(ROSSI, sets, "rossi.csv");
    fit(&prepared, None, &study.model).unwrap().model
}

/// One of each engine.
fn all() -> Vec<Model> {
    vec![
        model(&["model.strata=race"]),
        model(&["model.kind=aalen-johansen"]),
        model(&["model.kind=discrete-logistic", "model.step=13"]),
        model(&["model.kind=forest", "model.trees=8"]),
        model(&["model.kind=survival-forest", "model.trees=8"]),
        model(&["model.kind=extra-trees", "model.target=pseudo", "model.trees=8"]),
        model(&["model.kind=gradient-boosting", "model.trees=8"]),
        model(&["model.kind=discrete-logistic", "model.step=13", "model.penalty=ridge"]),
        model(&["model.kind=boosting", "model.trees=8"]),
        model(&["model.kind=boosting", "model.likelihood=discrete", "model.step=13"]),
        model(&["model.kind=fine-gray"]),
        model(&["model.kind=royston-parmar"]),
    ]
}

/// A body with its right checksum: what a careful forger would write.
fn sealed(body: &str) -> Vec<u8> {
    let hash: String = Sha256::digest(body.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    format!(
        "{{\"format\":\"pleegzorg-model\",\"version\":1,\"sha256\":\"{hash}\",\"model\":{body}}}\n"
    )
    .into_bytes()
}

fn body(model: &Model) -> Value {
    let file: Value = serde_json::from_slice(&model.to_bytes().unwrap()).unwrap();
    file["model"].clone()
}

#[track_caller]
fn refused(bytes: &[u8]) -> String {
    let error = Error::from(Model::from_bytes(bytes).expect_err("it was read"));
    assert_eq!(error.kind(), ErrorKind::Foreign, "{error}");
    assert!(error.hint().is_some());
    error.to_string()
}

#[test]
fn every_kind_reads_back_to_the_bit_and_predicts_the_same() {
    let (_, prepared) = prepared(ROSSI, &[], "rossi.csv");
    let rows = prepared.frame.select(&(0..40).collect::<Vec<_>>());
    for model in all() {
        let bytes = model.to_bytes().unwrap();
        let again = Model::from_bytes(&bytes).unwrap();
        assert_eq!(again, model);
        assert_eq!(again.to_bytes().unwrap(), bytes);
        assert_eq!(again.sha256(), model.sha256());
        let predict = |m: &Model| m.predict(&rows, &[0.0; 40], &[26.0, 52.0]).unwrap();
        assert_eq!(predict(&again), predict(&model));
        // It is JSON for any other reader, and tells nothing of where it was made.
        let text = String::from_utf8(bytes).unwrap();
        assert!(serde_json::from_str::<Value>(&text).is_ok());
        assert!(!text.contains("rossi.csv") && !text.contains('\u{0}'));
    }
}

#[test]
fn a_file_cut_short_anywhere_is_refused() {
    for model in all() {
        let bytes = model.to_bytes().unwrap();
        for end in (0..bytes.len()).filter(|e| *e < 2_000 || e % 97 == 0 || bytes.len() - e < 200) {
            refused(&bytes[..end]);
        }
    }
}

#[test]
fn a_file_with_any_bit_changed_is_refused() {
    let bytes = model(&[]).to_bytes().unwrap();
    let mut flipped = bytes.clone();
    for at in 0..bytes.len().min(4096) {
        for bit in 0..8 {
            flipped[at] ^= 1 << bit;
            refused(&flipped);
            flipped[at] = bytes[at];
        }
    }
    // And elsewhere, spread over the whole file.
    let mut at = 0;
    for k in 0..4_000 {
        at = (at + 7919 * (k + 1)) % bytes.len();
        flipped[at] ^= 1 << (k % 8);
        refused(&flipped);
        flipped[at] = bytes[at];
    }
}

#[test]
fn other_files_and_newer_files_are_told_apart() {
    for text in ["", "{}", "[1,2]", "\u{1f600}", "{\"format\":\"other\"}", "week,arrest\n1,0\n"] {
        refused(text.as_bytes());
    }
    refused(&[0xff, 0xfe, 0x00]);
    let text = String::from_utf8(model(&[]).to_bytes().unwrap()).unwrap();
    let newer = text.replacen("\"version\":1", "\"version\":2", 1);
    assert!(matches!(
        Model::from_bytes(newer.as_bytes()),
        Err(ModelError::Newer { found: 2, known: 1 })
    ));
    assert!(refused(newer.as_bytes()).contains("version 2"));
    refused(text.replacen("\"version\":1", "\"version\":01", 1).as_bytes());
    refused(text.replacen("\"version\":1", "\"version\":99999999999999999999999", 1).as_bytes());
    refused(format!("{text} ").as_bytes());
    refused(format!(" {text}").as_bytes());
    // White space and another order say the same, in other bytes.
    refused(&sealed(&format!(" {}", &body(&model(&[])))));
}

#[test]
fn numbers_that_make_no_model_are_refused_whatever_the_checksum_says() {
    // Written by us, the same body is read: what follows fails for its own reason.
    let good = model(&["model.strata=race"]);
    let text = String::from_utf8(good.to_bytes().unwrap()).unwrap();
    let text = &text[text.find("\"model\":").unwrap() + 8..text.len() - 2];
    Model::from_bytes(&sealed(text)).unwrap();
    let change = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        refused(&sealed(&text.replacen(from, to, 1)))
    };
    change("\"n\":432", "\"n\":-432");
    change("\"n\":432", "\"n\":432,\"n\":432");
    change("\"n\":432", "\"m\":432");
    change("\"n\":432", "\"n\":1e999");
    change("\"n\":432", "\"n\":432,\"rows\":[]");
    change("\"interval\":0.95", "\"interval\":1.5");
    change("\"kind\":\"cox\"", "\"kind\":\"unheard-of\"");
    change("\"engine\":\"hazards\"", "\"engine\":\"code\"");
    change("\"time\":26.0", "\"time\":60.0");
    change("\"stamp\":null", "\"stamp\":{\"verdict\":\"splendid\",\"gates\":[]}");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    change("\"stamp\":null", &format!("\"stamp\":{deep}"));
    let key = "\"coef\":[";
    let at = text.find(key).unwrap() + key.len();
    for number in ["null", "NaN", "\"1\"", "1e400", "[]", "true"] {
        let end = at + text[at..].find(',').unwrap();
        refused(&sealed(&format!("{}{number}{}", &text[..at], &text[end..])));
    }
    let doubled = text.replacen("\"causes\":[", "\"causes\":[],\"causes\":[", 1);
    refused(&sealed(&doubled));
}

/// The model with a change at a path of keys, in its own form, so that the checks are reached and
/// not only the form: serde_json sorts keys, so the change is made on the text of the model itself.
fn changed(model: &Model, path: &[&str], change: &dyn Fn(&mut Value)) -> Vec<u8> {
    let text = String::from_utf8(model.to_bytes().unwrap()).unwrap();
    let text = &text[text.find("\"model\":").unwrap() + 8..text.len() - 2];
    let mut at = 0;
    for key in path {
        let key = format!("\"{key}\":");
        let found = text[at..].find(&key).unwrap_or_else(|| panic!("no {key} in {}", &text[at..]));
        at += found + key.len();
    }
    let mut stream = serde_json::Deserializer::from_str(&text[at..]).into_iter::<Value>();
    let mut value = stream.next().unwrap().unwrap();
    let end = at + stream.byte_offset();
    change(&mut value);
    sealed(&format!("{}{value}{}", &text[..at], &text[end..]))
}

#[test]
fn parametric_and_subdistribution_models_are_checked_as_strictly() {
    let is_refused = |model: &Model, path: &[&str], change: &dyn Fn(&mut Value)| {
        let what = refused(&changed(model, path, change));
        assert!(!what.contains("form in which"), "{what}");
    };
    let pop = |v: &mut Value| drop(v.as_array_mut().unwrap().pop());
    let fine_gray = model(&["model.kind=fine-gray"]);
    is_refused(&fine_gray, &["pooled", "edges"], &pop);
    is_refused(&fine_gray, &["effects", "coef"], &pop);
    for kind in ["weibull", "gengamma", "piecewise-exponential", "royston-parmar"] {
        let smooth = model(&[&format!("model.kind={kind}")]);
        is_refused(&smooth, &["engine", "edges"], &pop);
        is_refused(&smooth, &["engine", "edges"], &|v| v[0][1] = json!(-4.0));
        is_refused(&smooth, &["engine", "causes"], &|v| *v = json!([]));
        is_refused(&smooth, &["engine", "causes", "coef"], &pop);
        is_refused(&smooth, &["engine", "causes", "covariance"], &pop);
        is_refused(&smooth, &["engine", "causes", "covariance"], &|v| v[0][1] = json!(9e9));
        match kind {
            "piecewise-exponential" => {
                is_refused(&smooth, &["engine", "cuts"], &pop);
                is_refused(&smooth, &["engine", "cuts"], &|v| v[0] = json!(-1.0));
                is_refused(&smooth, &["engine", "cuts"], &|v| v[1] = json!(0.5));
            }
            "royston-parmar" => {
                is_refused(&smooth, &["engine", "knots"], &pop);
                is_refused(&smooth, &["engine", "knots"], &|v| *v = json!([]));
                is_refused(&smooth, &["engine", "knots"], &|v| v[1] = json!(-7.0));
            }
            _ => {}
        }
    }
}

/// What is well formed and absurd gives numbers between 0 and 1, or none; never a panic.
#[test]
fn absurd_coefficients_give_no_absurd_risks() {
    let kinds = ["fine-gray", "exponential", "weibull", "lognormal", "loglogistic", "gengamma"];
    let more = ["gompertz", "piecewise-exponential", "royston-parmar", "cox", "discrete-logistic"];
    let rows = frame("rossi.csv").select(&[0, 1, 2]);
    for kind in kinds.iter().chain(&more) {
        let good = model(&[&format!("model.kind={kind}")]);
        for number in [0.0, 1e-300, -1e300, 1e300, 700.0, -700.0, 40.0, -40.0] {
            for place in 0..10 {
                let change = |v: &mut Value| {
                    let list = v.as_array_mut().unwrap();
                    let at = place % list.len();
                    list[at] = json!(number);
                };
                let Ok(odd) = Model::from_bytes(&changed(&good, &["engine", "coef"], &change))
                else {
                    continue;
                };
                for p in odd.predict(&rows, &[0.0, 3.0, 20.0], &[26.0, 30.0]).unwrap() {
                    for r in p.risks.iter().flatten() {
                        let all = [r.lower, r.estimate, r.upper];
                        assert!(
                            all.iter().all(|v| (0.0..=1.0).contains(v)),
                            "{kind} {number} {r:?}"
                        );
                        assert!(r.lower <= r.estimate && r.estimate <= r.upper, "{kind} {r:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn lists_of_the_wrong_length_or_sign_are_refused() {
    let hostile = |model: &Model, change: &dyn Fn(&mut Value)| {
        let mut value = body(model);
        change(&mut value);
        refused(&sealed(&value.to_string()));
    };
    let in_place = |model: &Model, path: &[&str], change: &dyn Fn(&mut Value)| {
        let what = refused(&changed(model, path, change));
        assert!(!what.contains("form in which"), "{what}");
    };
    let cox = model(&["model.strata=race"]);
    let first = |v: &mut Value, to: Value| v[0] = to;
    let pop = |v: &mut Value| drop(v.as_array_mut().unwrap().pop());
    in_place(&cox, &["pooled", "dh"], &|v| first(v, json!(-0.1)));
    in_place(&cox, &["pooled", "dv"], &|v| first(v, json!(-1e-9)));
    for key in ["dh", "dv", "dq", "edges"] {
        in_place(&cox, &["pooled", key], &pop);
    }
    in_place(&cox, &["pooled", "edges"], &|v| first(v, json!(1e9)));
    in_place(&cox, &["pooled", "dq"], &|v| pop(&mut v[0]));
    in_place(&cox, &["effects", "coef"], &pop);
    in_place(&cox, &["effects", "covariance"], &|v| v[0][1] = json!(77.0));
    in_place(&cox, &["effects", "covariance"], &|v| v[0][0] = json!(-1.0));
    in_place(&cox, &["effects", "between_strata"], &|v| *v = json!(-1.0));
    in_place(&cox, &["means"], &pop);
    in_place(&cox, &["support", "counts"], &pop);
    in_place(&cox, &["horizons"], &|v| v.as_array_mut().unwrap().reverse());
    in_place(&cox, &["causes"], &|v| *v = json!([]));
    in_place(&cox, &["baselines"], &pop);
    in_place(&cox, &["strata\":[{\"label"], &|v| *v = json!("1"));
    let discrete = model(&["model.kind=discrete-logistic", "model.step=13"]);
    for key in ["bands", "coef", "covariance"] {
        in_place(&discrete, &["engine", "causes", key], &pop);
    }
    in_place(&discrete, &["engine", "edges"], &|v| first(&mut v[0], json!(1.0)));
    in_place(&discrete, &["engine", "bands"], &|v| first(v, json!(1_000_000)));
    let forest = model(&["model.kind=forest", "model.trees=8"]);
    for key in ["column", "number", "right"] {
        in_place(&forest, &["engine", "bags", key], &pop);
    }
    in_place(&forest, &["engine", "bags", "right"], &|v| first(v, json!(0)));
    in_place(&forest, &["engine", "bags", "column"], &|v| first(v, json!(4_000_000)));
    in_place(&forest, &["engine", "bags"], &|v| *v = json!([]));
    in_place(&forest, &["engine", "landmark"], &|v| *v = json!(3));
    in_place(&forest, &["engine", "horizon"], &|v| *v = json!(-1.0));
    hostile(&cox, &|v| v["recipe"]["terms"] = json!(["fin", "fin"]));
    hostile(&cox, &|v| v["recipe"]["terms"] = json!(["fin(", "age"]));
}

#[test]
fn a_model_is_used_only_where_it_may() {
    let mut m = model(&["model.expires=2026-06-30"]);
    let day = |y, mo, d| Day::from_ymd(y, mo, d).unwrap();
    let kind = |r: Result<(), ModelError>| r.map_err(|e| Error::from(e).kind());
    let today = day(2026, 6, 30);
    assert_eq!(kind(m.usable_for(today, false)), Err(ErrorKind::Refused));
    assert_eq!(kind(m.usable_for(today, true)), Ok(()));
    let before = m.sha256();
    for (verdict, wanted) in [
        (Verdict::NotEnoughData, Err(ErrorKind::Refused)),
        (Verdict::DoNotUse, Err(ErrorKind::Refused)),
        (Verdict::Usable, Ok(())),
    ] {
        m.set_stamp(Stamp { verdict, gates: Vec::new() });
        assert_eq!(kind(m.usable_for(today, false)), wanted);
    }
    assert_ne!(m.sha256(), before);
    assert!(matches!(m.usable_for(day(2026, 7, 1), false), Err(ModelError::Expired { .. })));
    assert!(m.usable_for(day(2026, 7, 1), true).is_ok());
    assert_eq!(Model::from_bytes(&m.to_bytes().unwrap()).unwrap(), m);
}

#[test]
fn files_are_written_whole_and_never_over_another() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.json");
    let m = model(&[]);
    m.write(&path, false).unwrap();
    assert_eq!(Model::read(&path).unwrap(), m);
    let again = Error::from(m.write(&path, false).unwrap_err());
    assert_eq!(again.kind(), ErrorKind::Usage);
    m.write(&path, true).unwrap();
    let kind = |p: &std::path::Path| Error::from(Model::read(p).unwrap_err()).kind();
    assert_eq!(kind(dir.path()), ErrorKind::Io);
    assert_eq!(kind(&dir.path().join("missing.json")), ErrorKind::Io);
    std::fs::write(&path, b"").unwrap();
    assert_eq!(kind(&path), ErrorKind::Foreign);
}
