//! Matching end to end: rules, choice sets, candidates, and the plan.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pleegzorg::ErrorKind;
use pleegzorg::history::{Day, FamilyIx, History, Index};
use pleegzorg::matching::{
    MatchOptions, MatchResult, Rules, Screen, Situation, Status, match_requests,
};
use pleegzorg::model::{Model, Study, fit, prepare_history};
use pleegzorg::simulate::{Scenario, simulate};

use crate::small::{day, known_on};

/// The day on which the simulated histories are looked at.
pub const AS_OF: &str = "2021-06-30";

/// A simulated history and a model trained on it.
pub struct Case {
    pub h: History,
    pub index: Index,
    pub model: Model,
}

impl Case {
    pub fn simulated(children: u32) -> Self {
        Self::with(children, &[])
    }

    fn with(children: u32, sets: &[&str]) -> Self {
        const STUDY: &str = r#"
title = "Simulated"
seed = 3
[features]
terms = ["age", "prior_breakdowns", "capacity_gap", "alliance", "factor(family_kind)"]
[model]
cluster = ["child"]
"#;
        let h = simulate(&Scenario::base(), children, 8).history;
        let index = Index::new(&h);
        let sets: Vec<String> = sets.iter().map(|&s| s.to_owned()).collect();
        let study = Study::parse(STUDY, Path::new(""), &sets).unwrap();
        let prepared = prepare_history(&study, &h, &index, None, None).unwrap();
        let model = fit(&prepared, None, &study.model).unwrap().model;
        Self { h, index, model }
    }

    fn matched(&self, as_of: Day) -> MatchResult {
        match_requests(&self.model, &self.h, &self.index, as_of, &research()).unwrap()
    }
}

pub fn research() -> MatchOptions {
    MatchOptions { research: true, ..MatchOptions::new().unwrap() }
}

/// A day on which at least five requests are open, the busiest of the first days of months.
fn busy_day(case: &Case) -> Day {
    (2016..2023)
        .flat_map(|y| (1..=12).map(move |m| Day::from_ymd(y, m, 1).unwrap()))
        .max_by_key(|&d| Situation::new(&case.h, &case.index, d).requests.len())
        .unwrap()
}

#[test]
fn every_family_is_a_candidate_or_has_a_veto_and_the_plan_keeps_every_rule() {
    let case = Case::simulated(400);
    let as_of = busy_day(&case);
    let result = case.matched(as_of);
    assert!(result.requests.len() >= 5, "{}", result.requests.len());
    let all: BTreeSet<String> = case.h.families.iter().map(|f| f.id.to_string()).collect();
    let mut candidates: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for r in &result.requests {
        let open: BTreeSet<&str> = r.candidates.iter().map(|c| c.family.as_str()).collect();
        let shut: BTreeSet<&str> = r.vetoed.iter().map(|v| v.family()).collect();
        assert!(open.is_disjoint(&shut));
        assert_eq!(open.len() + shut.len(), all.len());
        for c in &r.candidates {
            assert_eq!(c.risk.is_none(), c.abstained.is_some());
            for other in c.equal_to.iter() {
                let there = r.candidates.iter().find(|o| o.family == other).unwrap();
                assert!(there.equal_to.contains(&c.family), "equality goes both ways");
            }
        }
        for relaxation in &r.relaxations {
            assert!(relaxation.adds.iter().all(|f| shut.contains(f.as_str())));
            assert!(!relaxation.adds.is_empty() && !relaxation.change.nl.is_empty());
        }
        candidates.insert(&r.request, open);
    }
    let a = &result.assignment;
    assert_eq!(a.status, Status::Optimal);
    assert_eq!(a.gap, 0.0);
    let mut load: BTreeMap<&str, u32> = BTreeMap::new();
    for pair in &a.pairs {
        assert!(candidates[pair.request.as_str()].contains(pair.family.as_str()));
        *load.entry(&pair.family).or_default() += 1;
    }
    let s = Situation::new(&case.h, &case.index, as_of);
    let rules = Rules::default();
    let screen = Screen::new(&rules, &case.h);
    for (family, children) in load {
        let f = case.h.families.iter().position(|x| *x.id == *family).unwrap();
        assert!(children <= screen.free(s.family(FamilyIx(f as u32))));
    }
    let sum: f64 = a.pairs.iter().map(|p| p.score).sum();
    assert!((sum - a.objective).abs() < 1e-12);
    assert_eq!(a.pairs.len() + a.unplaced.len(), result.requests.len());
    // The same again, to the byte.
    let bytes = |m: &MatchResult| serde_json::to_string(m).unwrap();
    assert_eq!(bytes(&result), bytes(&case.matched(as_of)));
}

#[test]
fn scores_are_the_mean_risk_over_feasible_families_less_the_risk_here() {
    let case = Case::simulated(400);
    let result = case.matched(busy_day(&case));
    for pair in &result.assignment.pairs {
        let r = result.requests.iter().find(|r| r.request == pair.request).unwrap();
        let last = |c: &pleegzorg::matching::Candidate| {
            c.risk.as_ref().and_then(|r| r.last()).map(|r| r.estimate)
        };
        let known: Vec<f64> = r.candidates.iter().filter_map(last).collect();
        let here = last(r.candidates.iter().find(|c| c.family == pair.family).unwrap());
        let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
        let expected = here.map_or(0.0, |h| mean - h);
        assert!((pair.score - expected).abs() < 1e-12, "{} {expected}", pair.score);
    }
}

#[test]
fn what_became_known_later_changes_nothing() {
    let case = Case::simulated(300);
    let as_of = busy_day(&case);
    let full = case.matched(as_of);
    let (mut then, _) = known_on(&case.h, as_of, &[]);
    // A family that begins to foster later is no family of that day, whatever is cut: keep that.
    for (cut, family) in then.families.iter_mut().zip(&case.h.families) {
        cut.state.experience_since = family.state.experience_since;
    }
    let index = Index::new(&then);
    let again = match_requests(&case.model, &then, &index, as_of, &research()).unwrap();
    for (a, b) in full.requests.iter().zip(&again.requests) {
        let ids = |r: &pleegzorg::matching::RequestMatch| {
            r.candidates.iter().map(|c| c.family.clone()).collect::<Vec<_>>()
        };
        assert_eq!(a.request, b.request);
        assert_eq!(ids(a), ids(b), "{}", a.request);
        assert_eq!(a.vetoed, b.vetoed, "{}", a.request);
        for (c, d) in a.candidates.iter().zip(&b.candidates) {
            assert_eq!(c, d, "{}", a.request);
        }
    }
    // Not with assert_eq: a difference would print two books.
    let bytes = |m: &MatchResult| serde_json::to_string(m).unwrap();
    assert!(bytes(&full) == bytes(&again));
}

#[test]
fn refuses_what_has_no_meaning_before_the_start() {
    let marks = Case::with(300, &[r#"features.landmark=["6 months"]"#]);
    let error = match_requests(&marks.model, &marks.h, &marks.index, day(AS_OF), &research());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Refused);
    let case = Case::simulated(300);
    let options = MatchOptions::new().unwrap();
    let error = match_requests(&case.model, &case.h, &case.index, day(AS_OF), &options);
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Refused);
}

#[test]
fn the_answer_keeps_its_contract() {
    let case = Case::simulated(300);
    let result = case.matched(busy_day(&case));
    let json: serde_json::Value = serde_json::to_value(&result).unwrap();
    assert_eq!(json["schema"], 1);
    assert_eq!(json["worth"], "not identified");
    assert_eq!(json["reproducible"], true);
    let request = &json["requests"][0];
    for key in ["request", "candidates", "vetoed", "relaxations"] {
        assert!(!request[key].is_null(), "{key}");
    }
    let veto = &request["vetoed"][0];
    assert!(veto["family"].is_string() && veto["rule"].is_string());
    for key in ["code", "nl", "en"] {
        assert!(veto["detail"][key].is_string());
    }
    let candidate = json["requests"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|r| r["candidates"].get(0))
        .expect("some request has a candidate");
    for key in ["family", "risk", "for", "against", "unknown", "equal_to"] {
        assert!(candidate.get(key).is_some(), "{key}");
    }
    for key in ["status", "objective", "bound", "gap", "pairs", "unplaced"] {
        assert!(!json["assignment"][key].is_null(), "{key}");
    }
    assert!(!result.to_text(&[], pleegzorg::score::Lang::Nl).is_empty());
}

#[test]
fn the_plan_says_what_blocks_it_and_a_change_of_urgency_shows() {
    let mut case = Case::simulated(400);
    for request in &mut case.h.requests {
        (request.group, request.keep_siblings) = (None, None);
    }
    let as_of = busy_day(&case);
    let result = case.matched(as_of);
    let stability = result.beside.stability.as_ref().unwrap();
    let accepted = stability.deferred_acceptance.as_ref().expect("all are single children");
    let family_of = |request: &str| {
        result.assignment.pairs.iter().find(|p| p.request == request).map(|p| p.family.clone())
    };
    // A plan that differs from the stable one in who is where is not always blocked, but a pair
    // that blocks is never a pair of the plan, and names a candidate of the request.
    for b in &stability.blocking_pairs {
        assert_eq!(b.requests.len(), 1);
        assert_eq!(family_of(&b.requests[0]), b.instead_of);
        assert_ne!(Some(&b.family), b.instead_of.as_ref());
        let r = result.requests.iter().find(|r| r.request == b.requests[0]).unwrap();
        assert!(r.candidates.iter().any(|c| c.family == b.family));
    }
    assert!(accepted.len() <= result.assignment.pairs.len(), "the plan places the most");
    let text = result.to_text(&[], pleegzorg::score::Lang::Nl);
    assert!(text.contains(&stability.note.nl));
}
