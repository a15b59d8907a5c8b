//! The split against every way to split, each with its own best plan.

use super::*;
use crate::history::{Day, History, Index};
use crate::matching::choice::choice_sets;
use crate::matching::{MatchOptions, match_requests};
use crate::model::Model;
use crate::simulate::{Scenario, simulate};

/// A history whose last requests are all open on one day, in sets of siblings.
struct Case {
    h: History,
    model: Model,
    day: Day,
}

impl Case {
    /// Sets of so many children; `open` of each may be placed apart, the first of the set.
    fn new(children: u32, sets: &[(usize, usize)], singles: usize) -> Self {
        let mut h = simulate(&Scenario::base(), children, 5).history;
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/example.json");
        let model = Model::read(&path).unwrap();
        let day = Day::from_ymd(2023, 1, 1).unwrap();
        let wanted = singles + sets.iter().map(|s| s.0).sum::<usize>();
        let mut seen = BTreeSet::new();
        h.requests.retain(|r| r.needed_from <= day && seen.insert(r.child));
        let late = h.requests.len().checked_sub(wanted).expect("enough requests");
        h.requests.drain(..late);
        h.offers.clear();
        for r in &mut h.requests {
            (r.group, r.keep_siblings) = (None, None);
            (r.received, r.closed, r.placed_stay) = (Some(day.plus_days(-9)), None, None);
            r.needed_from = day.plus_days(5);
        }
        // None of them lives in a family any more.
        for stay in h.stays.iter_mut().filter(|s| seen.contains(&s.child)) {
            let over = stay.start.max(day.plus_days(-40));
            stay.end = Some(stay.end.map_or(over, |end| end.min(over)));
        }
        h.pairs.clear();
        let mut next = 0;
        for (k, &(size, open)) in sets.iter().enumerate() {
            let group = h.labels.intern(&format!("set {k}"));
            for m in 0..size {
                let keep = if m < open { KeepSiblings::SpecialisedCare } else { KeepSiblings::Yes };
                let r = &mut h.requests[next];
                (r.group, r.keep_siblings) = (Some(group), Some(keep));
                next += 1;
            }
        }
        Self { h, model, day }
    }

    fn options(price: f64) -> MatchOptions {
        let rules = Rules::parse(&format!("[siblings]\nsplit_price = {price:?}")).unwrap();
        MatchOptions { rules, research: true, worth: false, ..MatchOptions::new().unwrap() }
    }
}

#[test]
fn the_split_is_the_best_of_all_ways_each_planned_on_its_own() {
    let case = Case::new(600, &[(2, 1), (3, 2), (2, 2), (4, 1)], 5);
    let index = Index::new(&case.h);
    let s = Situation::new(&case.h, &index, case.day);
    let mut apart = 0;
    for price in [1e-6, 0.01, 10.0] {
        let options = Case::options(price);
        let screen = Screen::new(&options.rules, &case.h);
        let pieces = Pieces::new(&s, &options.rules);
        assert_eq!(pieces.sets.iter().map(Vec::len).collect::<Vec<_>>(), [2, 4, 2, 2]);
        let sets = choice_sets(&s, &screen, &pieces.load);
        let (predicted, _) = Predicted::new(&case.model, &s, &pieces.load, &sets, &Silent).unwrap();
        let split = pieces.split(&screen, &sets, &predicted, options.effort).unwrap();
        assert!(split.proven);
        let gains = predicted.gains(&pieces.load, &sets);
        let of_sets = |ways: &[usize]| -> Vec<usize> {
            let both = pieces.sets.iter().zip(ways);
            both.flat_map(|(set, &way)| set[way].pieces.clone()).collect()
        };
        let all: BTreeSet<usize> =
            pieces.sets.iter().flatten().flat_map(|w| w.pieces.clone()).collect();
        let (mut most, mut gain) = (0.0_f64, f64::NEG_INFINITY);
        for way in 0..32 {
            let ways = [way & 1, way >> 1 & 3, way >> 3 & 1, way >> 4 & 1];
            let mut groups = of_sets(&ways);
            groups.extend((0..pieces.load.groups.len()).filter(|p| !all.contains(p)));
            let none = Vec::new();
            let options_of = |p: usize| -> Vec<_> {
                if !groups.contains(&p) {
                    return none.clone();
                }
                let passing = sets[p].families().filter(|f| f.passes());
                passing.map(|f| (f.family, f.takes)).collect()
            };
            let families = (0..pieces.load.groups.len()).map(options_of).collect();
            let mut planner = Planner::of_options(&s, &screen, &pieces.load, families);
            planner.conflicts.extend(&pieces.not_shared);
            let best = planner.best(&gains, options.effort, &Silent);
            assert!(best.proven);
            let cost: f64 = pieces.sets.iter().zip(ways).map(|(set, w)| set[w].cost).sum();
            if best.placed > most + 1e-9 {
                (most, gain) = (best.placed, best.gain - cost);
            } else if best.placed > most - 1e-9 {
                gain = gain.max(best.gain - cost);
            }
        }
        assert!((split.placed_bound - most).abs() < 1e-9, "{} {most}", split.placed_bound);
        assert!((split.gain_bound - gain).abs() < 1e-9, "{} {gain}", split.gain_bound);
        apart += split.apart.len();
        // The whole way: what is proven of all ways is what the plan says of itself.
        let result = match_requests(&case.model, &case.h, &index, case.day, &options).unwrap();
        let (a, splits) = (&result.assignment, result.assignment.splits.as_ref().unwrap());
        assert_eq!((a.gap, a.stages[0].objective), (0.0, most));
        let cost = price * splits.apart.len() as f64;
        assert!((a.objective - cost - gain).abs() < 1e-9);
        // Two with nobody else, apart from each other, cost one price.
        assert!([5, 6].contains(&(splits.apart.len() + splits.together.len())));
        for r in &splits.together {
            let of = result.requests.iter().find(|x| x.request == *r).unwrap();
            assert!(of.about.en.contains("together with"), "{r}: {}", of.about.en);
        }
    }
    assert!(apart > 0, "some price is low enough");
}

#[test]
fn twenty_exceptions_are_proven_optimal() {
    let sets: Vec<(usize, usize)> = (0..11).map(|k| (2 + k % 2, 1 + usize::from(k < 9))).collect();
    assert_eq!(sets.iter().map(|s| s.1).sum::<usize>(), 20);
    let case = Case::new(1200, &sets, 20);
    let index = Index::new(&case.h);
    let result =
        match_requests(&case.model, &case.h, &index, case.day, &Case::options(0.02)).unwrap();
    let a = &result.assignment;
    assert_eq!((a.status, a.gap), (super::super::Status::Optimal, 0.0));
    let splits = a.splits.as_ref().unwrap();
    assert!(splits.apart.len() + splits.together.len() > 10);
    assert!(!splits.apart.is_empty() && !splits.together.is_empty());
}
