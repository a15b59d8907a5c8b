//! Scoring a day's running placements, and the notes of the guideline.

use pleegzorg::ErrorKind;
use pleegzorg::features::AsOf;
use pleegzorg::history::{EventKind, Index, Perspective, Setting};
use pleegzorg::outcome::spells;
use pleegzorg::score::{CareSoFar, NoteSettings, guideline, score};

use crate::matching::{AS_OF, Case};
use crate::small::{Small, day, known_on};

#[test]
fn every_running_foster_placement_has_a_risk_or_a_reason() {
    let case = Case::simulated(400);
    let as_of = day(AS_OF);
    let result = score(&case.model, &case.h, &case.index, as_of, true).unwrap();
    let definition = case.model.about().definition.clone().unwrap();
    let running: Vec<_> = spells(&case.h, &case.index, &definition, Some(as_of))
        .into_iter()
        .filter(|s| s.running)
        .collect();
    assert!(running.len() > 20);
    assert_eq!(result.stays.len(), running.len());
    for stay in &result.stays {
        assert_eq!(stay.risk.is_none(), stay.abstained.is_some(), "{}", stay.stay);
        for risk in stay.risk.iter().flatten() {
            assert!(0.0 <= risk.lower && risk.lower <= risk.estimate, "{risk:?}");
            assert!(risk.estimate <= risk.upper && risk.upper <= 1.0, "{risk:?}");
        }
        // What is unknown is asked, never told as a reason.
        let asked = stay.unknown.iter().filter(|n| n.code == "imputed").count();
        assert!(asked == 0 || stay.reasons.iter().any(|r| !r.known), "{}", stay.stay);
        assert!(stay.reasons.iter().all(|r| !r.speaks() || !r.term.ends_with("=missing")));
        let changeable: Vec<bool> = stay.reasons.iter().map(|r| r.changeable).collect();
        assert!(changeable.windows(2).all(|w| w[0] >= w[1]), "changeable first");
    }
    let again = score(&case.model, &case.h, &case.index, as_of, true).unwrap();
    assert_eq!(serde_json::to_string(&result).unwrap(), serde_json::to_string(&again).unwrap());
}

#[test]
fn the_risk_ahead_is_conditional_on_having_lasted() {
    let case = Case::simulated(400);
    let as_of = day(AS_OF);
    let result = score(&case.model, &case.h, &case.index, as_of, true).unwrap();
    let definition = case.model.about().definition.clone().unwrap();
    let mut checked = 0;
    for spell in spells(&case.h, &case.index, &definition, Some(as_of)) {
        let lasted = f64::from(as_of.since(spell.start));
        if !spell.running || lasted < 1.0 {
            continue;
        }
        let found = result.stays.iter().find(|s| *s.stay == *case.h.stay(spell.stay).id).unwrap();
        let asked = AsOf::spell(&case.h, &spell, spell.start);
        let frame = case.model.frame(&case.h, &case.index, &[asked]).unwrap();
        let at = |t: f64| case.model.cumulative_incidence(&frame, &[0.0], t).unwrap()[0].clone();
        for risk in found.risk.iter().flatten() {
            let (Some(early), Some(late)) = (at(lasted), at(lasted + risk.horizon)) else {
                continue;
            };
            let survival = 1.0 - early.iter().sum::<f64>();
            let ahead = (late[0] - early[0]) / survival;
            assert!((risk.estimate - ahead).abs() < 1e-10, "{} {ahead}", risk.estimate);
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked}");
}

#[test]
fn what_became_known_later_changes_nothing() {
    let case = Case::simulated(300);
    let as_of = day("2019-06-30");
    let full = score(&case.model, &case.h, &case.index, as_of, true).unwrap();
    let (then, _) = known_on(&case.h, as_of, &[]);
    let index = Index::new(&then);
    let known = score(&case.model, &then, &index, as_of, true).unwrap();
    assert_eq!(serde_json::to_string(&full).unwrap(), serde_json::to_string(&known).unwrap());
}

#[test]
fn a_model_that_is_not_stamped_usable_is_refused() {
    let case = Case::simulated(300);
    let refused = score(&case.model, &case.h, &case.index, day(AS_OF), false).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Refused);
    assert!(score(&case.model, &case.h, &case.index, day(AS_OF), true).unwrap().banner.is_some());
}

fn codes(s: &Small, child: pleegzorg::history::ChildIx, on: &str) -> Vec<String> {
    let settings = NoteSettings::default();
    let notes =
        guideline(&s.h, &s.index(), child, Some(Perspective::ReturnHome), day(on), &settings);
    notes.into_iter().map(|n| n.code).collect()
}

#[test]
fn the_guideline_note_needs_age_and_two_moves_after_the_first() {
    let mut s = Small::new();
    let child = s.child("2008-05-01");
    let (a, b, c) = (s.family(), s.family(), s.family());
    s.foster(child, a, "2016-01-01", "2017-01-01", None);
    s.foster(child, b, "2017-01-01", "2018-01-01", None);
    s.foster(child, c, "2018-01-01", "", None);
    let has = |s: &Small, on: &str| codes(s, child, on).contains(&"guideline_feasibility".into());
    // Two moves after the first from 2018, past the 10th birthday from 2 May 2018.
    assert!(!has(&s, "2018-05-01"));
    assert!(has(&s, "2018-05-02"));
    // One move fewer.
    s.h.stays[1].family = Some(a);
    assert!(!has(&s, "2018-05-02"));
    // The stay at a group that is only an absence is no move.
    s.h.stays[1].family = Some(b);
    s.h.stays[2].recorded = Some(day("2019-01-01"));
    assert!(!has(&s, "2018-06-01"), "the third family was not known yet");
    assert!(has(&s, "2019-01-01"));
}

#[test]
fn moves_before_the_records_count_or_are_asked_for() {
    let mut s = Small::new();
    let child = s.child("2003-05-01");
    let family = s.family();
    s.foster(child, family, "2014-01-01", "", None);
    s.child_mut(child).first_out_of_home = Some(day("2010-01-01"));
    assert!(codes(&s, child, "2016-01-01").contains(&"guideline_moves_unknown".into()));
    s.child_mut(child).moves_before = Some(2);
    let care = CareSoFar::new(&s.h, &s.index(), child, day("2016-01-01"));
    assert_eq!((care.moves_after_first, care.moves_unknown), (2, false));
    assert!(codes(&s, child, "2016-01-01").contains(&"guideline_feasibility".into()));
    s.child_mut(child).moves_before = Some(1);
    assert!(!codes(&s, child, "2016-01-01").iter().any(|c| c.starts_with("guideline")));
}

#[test]
fn the_perspective_clock_runs_is_tighter_for_the_young_and_stops_at_a_decision() {
    let clock = |birth: &str, on: &str| {
        let mut s = Small::new();
        let child = s.child(birth);
        let family = s.family();
        s.stay(child, Setting::Home, None, birth, "2019-01-01", None);
        s.foster(child, family, "2019-01-01", "", None);
        codes(&s, child, on)
    };
    // A newborn: due after half a year; late after a year.
    assert_eq!(clock("2018-12-01", "2019-05-01"), ["perspective_clock"]);
    assert_eq!(clock("2018-12-01", "2019-07-10"), ["perspective_clock_due"]);
    assert_eq!(clock("2018-12-01", "2020-01-05"), ["perspective_clock_late"]);
    // A child of seven has more time, and no more than a year.
    assert_eq!(clock("2011-12-01", "2019-07-10"), ["perspective_clock"]);
    assert_eq!(clock("2011-12-01", "2020-01-05"), ["perspective_clock_late"]);

    let mut s = Small::new();
    let child = s.child("2016-01-01");
    let family = s.family();
    s.foster(child, family, "2019-01-01", "", None);
    s.event(child, EventKind::PerspectiveDecision, "2019-04-01").recorded = Some(day("2019-05-01"));
    assert_eq!(codes(&s, child, "2019-04-15"), ["perspective_clock"], "not known yet");
    assert!(codes(&s, child, "2019-05-01").is_empty());
}

#[test]
fn the_count_of_moves_agrees_with_the_feature() {
    let case = Case::simulated(300);
    let as_of = day(AS_OF);
    let definition = case.model.about().definition.clone().unwrap();
    let running: Vec<_> = spells(&case.h, &case.index, &definition, Some(as_of))
        .into_iter()
        .filter(|s| s.running)
        .collect();
    let asked: Vec<AsOf> = running.iter().map(|s| AsOf::spell(&case.h, s, as_of)).collect();
    let frame =
        pleegzorg::features::compute(&case.h, &case.index, &definition, &asked, &["carer_moves"])
            .unwrap();
    let Some(pleegzorg::features::Values::Number(moves)) = frame.get("carer_moves") else {
        panic!("carer_moves is a number")
    };
    let (mut equal, mut known) = (0, 0);
    for (spell, &moves) in running.iter().zip(moves) {
        let care = CareSoFar::new(&case.h, &case.index, spell.child, as_of);
        assert_eq!(care.moves_unknown, moves.is_nan());
        if !moves.is_nan() {
            known += 1;
            equal += u32::from(f64::from(care.moves_after_first) == moves);
        }
    }
    assert!(known > 20);
    assert_eq!(equal, known);
}
