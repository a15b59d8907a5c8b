//! The variants of a plan on a simulated caseload, and the draws that they rest on.

use pleegzorg::features::AsOf;
use pleegzorg::history::{ChildIx, FamilyIx, KeepSiblings};
use pleegzorg::matching::{MatchOptions, Rules, Situation, VariantOptions, match_requests};
use pleegzorg::progress::Silent;
use pleegzorg::score::Lang;

use super::matching::Case;
use super::run::{pleegzorg, root};
use crate::small::day;

#[test]
fn draws_vary_as_the_difference_of_two_risks_says() {
    let case = Case::simulated(300);
    let on = day("2020-01-01");
    let asked: Vec<AsOf> =
        (0..4).map(|k| AsOf::pair(ChildIx(k), FamilyIx(k + 3), on, on)).collect();
    let frame = case.model.frame(&case.h, &case.index, &asked).unwrap();
    let contrasts = case.model.contrasts(&frame, 730.5).unwrap();
    let draws: Vec<Vec<Option<f64>>> = (0..3000).map(|k| contrasts.draw(5, k)).collect();
    assert_eq!(draws[7], contrasts.draw(5, 7), "the same seed and replicate give the same");
    let mut compared = 0;
    for a in 0..4 {
        for b in 0..a {
            let Some((gap, error)) = contrasts.difference(a, b) else { continue };
            let off: Vec<f64> = draws.iter().map(|d| d[a].unwrap() - d[b].unwrap()).collect();
            let mean = off.iter().sum::<f64>() / off.len() as f64;
            let sd = (off.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 2999.0).sqrt();
            assert!((mean - gap).abs() < 5.0 * error / 3000f64.sqrt() + 1e-12, "{mean} {gap}");
            assert!((sd / error - 1.0).abs() < 0.06, "{sd} {error}");
            compared += 1;
        }
    }
    assert!(compared >= 3);
}

#[test]
fn who_is_told_apart_is_who_has_an_interval_of_the_difference_without_zero() {
    let case = Case::simulated(300);
    let on = day("2020-01-01");
    let pair = |k: u32| AsOf::pair(ChildIx(k % 60), FamilyIx(k % 97), on, on);
    let frame = case.model.frame(&case.h, &case.index, &(0..150).map(pair).collect::<Vec<_>>());
    let frame = frame.unwrap();
    let contrasts = case.model.contrasts(&frame, 730.5).unwrap();
    let (mut apart, mut alike) = (0, 0);
    for a in 0..150 {
        for b in 0..150 {
            // 1.96 to all its digits.
            let wide = |(off, error): (f64, f64)| off.abs() > 1.959_963_984_540_054 * error;
            let expected = contrasts.difference(a, b).is_some_and(wide);
            assert_eq!(contrasts.tells_apart(a, b), expected, "{a} {b}");
            if expected { apart += 1 } else { alike += 1 }
        }
    }
    assert!(apart > 1000 && alike > 1000, "{apart} {alike}");
    assert!(!contrasts.tells_apart(0, 150), "there is no such row");
    // In one go with the predictions both are the same.
    let horizons = case.model.horizons();
    let (all, again) = case.model.predict_with_contrasts(&frame, &horizons, &Silent).unwrap();
    assert_eq!(all, case.model.predict(&frame, &[0.0; 150], &horizons).unwrap());
    let last = case.model.contrasts(&frame, horizons[horizons.len() - 1]).unwrap();
    assert!((0..150).all(|k| again.difference(k, 7) == last.difference(k, 7)));
}

#[test]
fn every_variant_places_by_its_rule_and_has_a_price_that_is_not_negative() {
    let case = Case::simulated(400);
    let as_of = (2016..2023)
        .flat_map(|y| (1..=12).map(move |m| day(&format!("{y}-{m:02}-01"))))
        .max_by_key(|&d| Situation::new(&case.h, &case.index, d).requests.len())
        .unwrap();
    let rules = Rules::parse("[[floor]]\nname = \"10+\"\nmin_age = 10.0\nshare = 1.0").unwrap();
    let variants = Some(VariantOptions { draws: 50, seed: 1 });
    let options = MatchOptions { rules, variants, research: true, ..MatchOptions::new().unwrap() };
    let result = match_requests(&case.model, &case.h, &case.index, as_of, &options).unwrap();
    let v = result.beside.variants.as_ref().unwrap();
    let plan = &result.assignment;
    let names: Vec<&str> = v.plans.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["worst_off_first", "floors", "conservative"]);
    let worst_of_plan = plan.pairs.iter().map(|p| p.score).fold(f64::INFINITY, f64::min);
    for p in &v.plans {
        assert!(p.price.placed >= -1e-9, "{}", p.name);
        if p.name != "floors" {
            assert!(p.price.placed.abs() < 1e-9 && p.price.gain >= -1e-9, "{}", p.name);
        }
        for f in &p.floors {
            assert!(f.placed >= f.wanted && f.wanted == f.could && f.could <= f.children);
        }
    }
    assert!(v.plans[0].worst.unwrap() >= worst_of_plan - 1e-12);
    assert_eq!(v.survival.len(), plan.pairs.len());
    assert!(v.survival.iter().all(|s| (0.0..=1.0).contains(&s.share)));
    assert!(v.survival.iter().filter(|s| s.candidates == 1).all(|s| s.share == 1.0));
    // Each kind of family is there once.
    for (k, r) in v.recruitment.iter().enumerate() {
        assert!(v.recruitment[..k].iter().all(|other| other.profile != r.profile), "{r:?}");
    }
    // One more family never places fewer, and at most as many more as it has places.
    for r in &v.recruitment {
        assert!((0..=i64::from(r.places)).contains(&r.more_placed), "{r:?}");
        assert!(r.more_weight >= -1e-9);
    }
    let again = match_requests(&case.model, &case.h, &case.index, as_of, &options).unwrap();
    assert!(again == result, "the same input gives the same answer");
    assert!(result.to_text(&[], Lang::Nl).contains("Andere plannen"));
}

#[test]
fn the_command_line_makes_the_variants() {
    let dir = tempfile::tempdir().unwrap();
    let at = |path: &str| root().join(path).display().to_string();
    let (model, data) = (at("models/example.json"), at("datasets/example"));
    let mut args = vec!["match", &model, &data, "--as-of", "2023-12-31", "--research"];
    args.extend(["--variants", "--draws", "20", "--html", "page.html", "--json"]);
    let json = pleegzorg(dir.path(), &args).code(0).json();
    assert_eq!(json["variants"]["draws"], 20);
    assert_eq!(json["variants"]["plans"][0]["name"], "worst_off_first");
    let page = std::fs::read_to_string(dir.path().join("page.html")).unwrap();
    assert!(page.contains("Other plans, and what they cost"));
    args.truncate(6);
    args.extend(["--variants", "--draws", "0"]);
    pleegzorg(dir.path(), &args).code(2);
}

#[test]
fn the_order_of_calling_holds_every_candidate_once_and_keeps_to_the_cap() {
    let dir = tempfile::tempdir().unwrap();
    let at = |path: &str| root().join(path).display().to_string();
    let (model, data) = (at("models/example.json"), at("datasets/example"));
    std::fs::write(dir.path().join("rules.toml"), "[choice]\nfirst_at_most = 1\n").unwrap();
    let args = ["match", &model, &data, "--as-of", "2023-12-31", "--research", "--json"];
    let free = pleegzorg(dir.path(), &args).code(0).json();
    let capped = pleegzorg(dir.path(), &[&args[..], &["--rules", "rules.toml"]].concat());
    let capped = capped.code(0).json();
    for json in [&free, &capped] {
        let calling = &json["calling"];
        assert!(calling["answers"].as_u64().unwrap() >= 30 && calling["rate"].is_f64());
        for order in calling["orders"].as_array().unwrap() {
            let request = json["requests"].as_array().unwrap().iter();
            let request = request.clone().find(|r| r["request"] == order["request"]).unwrap();
            let name = |v: &serde_json::Value| v["family"].as_str().unwrap().to_owned();
            let mut called: Vec<String> =
                order["families"].as_array().unwrap().iter().map(name).collect();
            called.sort();
            let candidates: Vec<String> =
                request["candidates"].as_array().unwrap().iter().map(name).collect();
            assert_eq!(called, candidates);
            for c in order["families"].as_array().unwrap() {
                let y = &c["says_yes"];
                let (l, e, u) = (&y["lower"], &y["estimate"], &y["upper"]);
                assert!(l.as_f64() <= e.as_f64() && e.as_f64() <= u.as_f64());
            }
        }
    }
    let top = |json: &serde_json::Value| {
        let all = json["calling"]["exposure"].as_array().unwrap();
        all.iter().map(|e| e["first_for"].as_u64().unwrap()).max().unwrap()
    };
    assert!(top(&capped) <= top(&free));
    let none = pleegzorg(dir.path(), &["match", "--print-rules"]).code(0).stdout;
    assert!(none.contains("first_at_most"));
}

#[test]
fn siblings_are_split_only_where_an_exception_and_the_price_allow() {
    let mut case = Case::simulated(400);
    let as_of = (2016..2023)
        .flat_map(|y| (1..=12).map(move |m| day(&format!("{y}-{m:02}-01"))))
        .max_by_key(|&d| Situation::new(&case.h, &case.index, d).requests.len())
        .unwrap();
    let open = Situation::new(&case.h, &case.index, as_of).requests;
    for request in &mut case.h.requests {
        (request.group, request.keep_siblings) = (None, None);
    }
    let group = case.h.labels.intern("siblings of the test");
    let matched = |h: &pleegzorg::history::History, price: f64| {
        let rules = Rules::parse(&format!("[siblings]\nsplit_price = {price:?}")).unwrap();
        let options = MatchOptions { rules, research: true, ..MatchOptions::new().unwrap() };
        match_requests(&case.model, h, &case.index, as_of, &options).unwrap()
    };
    let mut joined = 0;
    for pair in open.chunks_exact(2).take(4) {
        let mut h = case.h.clone();
        for (r, keep) in pair.iter().zip([KeepSiblings::Yes, KeepSiblings::SpecialisedCare]) {
            let request = &mut h.requests[r.0 as usize];
            (request.group, request.keep_siblings) = (Some(group), Some(keep));
        }
        let ids = [0, 1].map(|k| h.requests[pair[k].0 as usize].id.to_string());
        let is_together = |m: &pleegzorg::matching::MatchResult| {
            let of = m.requests.iter().find(|r| r.request == ids[0]).unwrap();
            of.about.en.contains("together with")
        };
        let (apart, dear) = (matched(&h, 0.0), matched(&h, 10.0));
        assert!(!is_together(&apart), "without a price the exception holds");
        let placed = |m: &pleegzorg::matching::MatchResult| m.assignment.stages[0].objective;
        assert!(placed(&dear) >= placed(&apart) - 1e-9, "together never costs a place");
        if is_together(&dear) {
            joined += 1;
            let family = |id: &str| {
                dear.assignment.pairs.iter().find(|p| p.request == id).map(|p| p.family.clone())
            };
            assert_eq!(family(&ids[0]), family(&ids[1]), "whole in one family, or neither placed");
        }
        // A threat keeps them apart at any price.
        h.requests[pair[1].0 as usize].keep_siblings = Some(KeepSiblings::Threat);
        assert!(!is_together(&matched(&h, 10.0)));
    }
    assert!(joined > 0, "some pair stays together for the price");
}
