//! The shipped model: it reads, it is what training on the example gives, and its card is its own.

use std::path::{Path, PathBuf};

use pleegzorg::model::{Model, Source, Study, Verdict, fit, prepare};
use pleegzorg::progress::Silent;

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn the_shipped_model_is_what_training_on_the_example_gives() {
    let shipped = Model::read(&root("models/example.json")).unwrap();
    let study = Study::read(&root("datasets/example"), &[]).unwrap();
    shipped.belongs_to(&study).unwrap();
    let source = Source::read(&study, &Silent).unwrap();
    let prepared = prepare(&study, &source, None, None).unwrap();
    let trained = fit(&prepared, None, &study.model).unwrap().model;
    assert_eq!(trained.about(), shipped.about());
    assert_eq!(trained.recipe(), shipped.recipe());
    // Another platform's exp may differ in its last bits, so numbers are held to 1e-9.
    let rows: Vec<usize> = (0..prepared.len()).collect();
    let frame = prepared.frame.select(&rows);
    let ask = |m: &Model| m.risks(&frame, &vec![0.0; rows.len()], &m.horizons()).unwrap();
    for (ours, theirs) in ask(&trained).iter().flatten().zip(ask(&shipped).iter().flatten()) {
        match (ours, theirs) {
            (Some(a), Some(b)) => assert!((a - b).abs() < 1e-9, "{a} {b}"),
            (a, b) => assert_eq!(a, b),
        }
    }
}

#[test]
fn the_shipped_model_says_that_it_is_not_for_use() {
    let shipped = Model::read(&root("models/example.json")).unwrap();
    // A hundred breakdowns are too few for its terms: the verdict is the honest one.
    assert_eq!(shipped.verdict(), Some(Verdict::NotEnoughData));
    let window = shipped.about().window.unwrap();
    assert!(shipped.usable_for(window.extraction, false).is_err());
}

/// `PLEEGZORG_WRITE_CARD=1 cargo test shipped` writes the card anew after the model has changed.
#[test]
fn the_card_of_the_shipped_model_is_its_own() {
    let card = Model::read(&root("models/example.json")).unwrap().card();
    let path = root("models/example.md");
    if std::env::var_os("PLEEGZORG_WRITE_CARD").is_some() {
        std::fs::write(&path, &card).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), card);
}
