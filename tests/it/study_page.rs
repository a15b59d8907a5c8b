//! The page on the study file says what the program reads.

use std::collections::BTreeSet;
use std::path::Path;

use pleegzorg::model::{Kind, Study};

const PAGE: &str = include_str!("../../docs/study.md");

/// The TOML blocks of the page.
fn blocks() -> Vec<&'static str> {
    let after = PAGE.split("```toml\n").skip(1);
    after.map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn every_block_is_read() {
    let blocks = blocks();
    assert!(blocks.len() >= 9);
    for block in blocks {
        let read = Study::parse(block, Path::new(""), &[]);
        assert!(read.is_ok(), "{block}\n{}", read.unwrap_err());
    }
}

#[test]
fn every_kind_and_its_keys_are_told() {
    let (_, table) = PAGE.split_once("| kind | keys |\n|---|---|\n").unwrap();
    let mut told = BTreeSet::new();
    for row in table.lines().take_while(|l| l.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').collect();
        let words = |cell: &str| -> BTreeSet<String> {
            cell.split('`').skip(1).step_by(2).map(|w| w.trim_matches('"').to_owned()).collect()
        };
        let (kinds, mut keys) = (words(cells[1]), words(cells[2]));
        // Values of a key, which stand behind it.
        keys.retain(|k| {
            !["crr", "finegray", "cox", "discrete", "ipcw", "pseudo"].contains(&k.as_str())
        });
        for name in kinds {
            let kind = Kind::parse(&name).unwrap();
            let own: BTreeSet<String> = kind.keys().iter().map(|k| (*k).to_owned()).collect();
            assert_eq!(keys, own, "{name}");
            told.insert(name);
        }
    }
    let all: BTreeSet<String> =
        Kind::all().filter(|k| k.available()).map(|k| k.name().to_owned()).collect();
    assert_eq!(told, all);
}

#[test]
fn an_unknown_key_is_told_with_the_nearest() {
    let wrong = blocks()[0].replace("history =", "histori =");
    let error = Study::parse(&wrong, Path::new(""), &[]).unwrap_err().to_string();
    assert!(error.contains("histori") && error.contains("history"), "{error}");
}
