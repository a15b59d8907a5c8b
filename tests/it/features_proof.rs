//! The proof that no feature reads the future.

use pleegzorg::features::{AsOf, CATALOGUE, Frame, Values, compute, feature};
use pleegzorg::history::{ChildIx, Day, FamilyIx, History, Index, Perspective, StayIx};
use pleegzorg::outcome::{Definition, spells};
use proptest::prelude::*;

use crate::small::{day, known_on, random};

/// Every feature of the catalogue, open names filled.
fn all_names() -> Vec<String> {
    CATALOGUE
        .iter()
        .map(|f| {
            let word = match f.name {
                name if name.contains("<role>") => "gezinsvoogd",
                name if name.contains("<need>") => "autism",
                _ => "behaviour_demand",
            };
            match f.name.split_once('<') {
                Some((before, open)) if open.starts_with("years") => format!("{before}4"),
                Some((before, _)) => format!("{before}{word}"),
                None => f.name.to_owned(),
            }
        })
        .collect()
}

/// A frame as text, in which a missing value equals a missing value.
fn told(frame: &Frame) -> Vec<String> {
    frame
        .columns()
        .iter()
        .map(|c| match &c.values {
            Values::Number(v) => format!("{}: {v:?}", c.name),
            Values::Level { codes, levels } => {
                let words: Vec<_> = codes.iter().map(|&k| levels.get(k as usize)).collect();
                format!("{}: {words:?}", c.name)
            }
        })
        .collect()
}

/// Questions about a history as of a day: its placements at the start and later, and pairs.
fn questions(h: &History, date: Day) -> Vec<AsOf> {
    let ix = Index::new(h);
    let mut all = Vec::new();
    for spell in spells(h, &ix, &Definition::default(), None) {
        if spell.start <= date {
            all.push(AsOf::spell(h, &spell, date));
        }
    }
    for child in 0..h.children.len() as u32 {
        let family = FamilyIx(child % h.families.len() as u32);
        let pair = AsOf::pair(ChildIx(child), family, date.plus_days(14), date);
        all.push(AsOf { perspective: Some(Perspective::LongTerm), ..pair });
    }
    all
}

/// Features as of `date` from all records, and from those known on it.
fn both(h: &History, date: Day, asked: &[AsOf]) -> (Vec<String>, Vec<String>) {
    let names = all_names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let d = Definition::default();
    let keep: Vec<StayIx> = asked.iter().filter_map(|a| a.stay).collect();
    let (cut, place) = known_on(h, date, &keep);
    let moved: Vec<AsOf> =
        asked.iter().map(|a| AsOf { stay: a.stay.and_then(|s| place[s.at()]), ..*a }).collect();
    let all = compute(h, &Index::new(h), &d, asked, &names).unwrap();
    let known = compute(&cut, &Index::new(&cut), &d, &moved, &names).unwrap();
    (told(&all), told(&known))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// The proof that nothing comes from the future: without every record that was known only
    /// after the day, each feature of the catalogue is what it was.
    #[test]
    fn deleting_what_was_known_later_changes_no_feature(
        seed in any::<u64>(),
        after in -500i32..4000,
    ) {
        let h = random(seed);
        let date = h.window.start.plus_days(after);
        let (all, known) = both(&h, date, &questions(&h, date));
        for (a, k) in all.iter().zip(&known) {
            prop_assert_eq!(a, k, "as of {}", date);
        }
    }

    /// The same at the start of each placement.
    #[test]
    fn deleting_what_was_known_after_the_start_changes_no_feature(seed in any::<u64>()) {
        let h = random(seed);
        for spell in spells(&h, &Index::new(&h), &Definition::default(), None) {
            let asked = [AsOf::start_of(&h, &spell)];
            let (all, known) = both(&h, spell.start, &asked);
            for (a, k) in all.iter().zip(&known) {
                prop_assert_eq!(a, k, "as of {}", spell.start);
            }
        }
    }
}

#[test]
fn the_proof_sees_a_value_in_every_feature() {
    // A feature that is always missing would pass the proof without saying anything.
    let names = all_names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut seen = vec![(false, false); names.len()];
    for seed in 0..300 {
        let h = random(seed);
        let date = h.window.start.plus_days(1800);
        let asked = questions(&h, date);
        let frame = compute(&h, &Index::new(&h), &Definition::default(), &asked, &names).unwrap();
        for (column, (value, other)) in frame.columns().iter().zip(&mut seen) {
            match &column.values {
                Values::Number(v) => {
                    *value |= v.iter().any(|v| !v.is_nan() && *v != 0.0);
                    *other |= v.iter().any(|v| v.is_nan() || *v == 0.0);
                }
                Values::Level { levels, .. } => {
                    *value |= !levels.is_empty();
                    *other |= levels.len() > 1;
                }
            }
            assert!(
                !matches!(&column.values, Values::Number(v) if v.iter().any(|v| v.is_infinite()))
            );
        }
    }
    for (name, (value, other)) in names.iter().zip(seen) {
        assert!(value, "{name} never has a value");
        assert!(other || matches!(*name, "start_year" | "age" | "setting"), "{name} never varies");
    }
}

#[test]
fn landmark_only_features_have_no_value_at_the_start() {
    for f in CATALOGUE.iter().filter(|f| f.landmark_only) {
        for seed in 0..100 {
            let h = random(seed);
            let found = spells(&h, &Index::new(&h), &Definition::default(), None);
            let asked: Vec<AsOf> = found.iter().map(|s| AsOf::start_of(&h, s)).collect();
            let ix = Index::new(&h);
            let frame = compute(&h, &ix, &Definition::default(), &asked, &[f.name]).unwrap();
            assert!((0..frame.len()).all(|row| frame.get(f.name).unwrap().is_missing(row)));
        }
    }
    assert!(feature("alliance_change").unwrap().landmark_only);
    assert!(!feature("alliance").unwrap().landmark_only);
}

#[test]
fn features_are_the_same_for_any_number_of_threads() {
    let h = random(7);
    let date = day("2020-01-01");
    let mut asked = questions(&h, date);
    // More rows than one chunk of work.
    while asked.len() < 10_000 {
        asked.extend_from_within(..);
    }
    let names = all_names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let ix = Index::new(&h);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let frame = pool.install(|| compute(&h, &ix, &Definition::default(), &asked, &names));
        told(&frame.unwrap())
    };
    let one = run(1);
    assert_eq!(run(2), one);
    assert_eq!(run(5), one);
}
