//! `describe` gives R's numbers.

use std::collections::BTreeMap;

use pleegzorg::evaluate::{Describe, DescribeOptions, Groups, describe};
use pleegzorg::features::Values;
use pleegzorg::survival::{Interval, Outcome};

use crate::run::{pleegzorg, root};

struct Rows {
    group: Vec<String>,
    entry: Vec<f64>,
    exit: Vec<f64>,
    cause: Vec<u32>,
}

fn rows() -> Rows {
    let mut r = Rows { group: vec![], entry: vec![], exit: vec![], cause: vec![] };
    for line in include_str!("../reference/describe-rows.csv").lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        r.group.push(cells[0].into());
        r.entry.push(cells[1].parse().unwrap());
        r.exit.push(cells[2].parse().unwrap());
        r.cause.push(cells[3].parse().unwrap());
    }
    r
}

fn described(late: bool, rho: f64, stratified: bool) -> Describe {
    let r = rows();
    let causes = vec!["breakdown".into(), "home".into()];
    let y = Outcome::new(late.then_some(r.entry), r.exit, r.cause, causes).unwrap();
    let levels = vec!["network".to_string(), "general".into()];
    let codes =
        r.group.iter().map(|g| levels.iter().position(|l| l == g).unwrap() as u32).collect();
    let groups = Groups::by("family_kind", &Values::Level { codes, levels }).unwrap();
    let at = vec![90.0, 180.0, 365.0, 600.0];
    // Three levels in turn.
    let turn: Vec<f64> = (0..y.len()).map(|r| (r % 3) as f64).collect();
    let strata = stratified.then(|| Groups::by("turn", &Values::Number(turn)).unwrap());
    let interval = Interval::LogLog;
    let options =
        DescribeOptions { at, interval, level: 0.95, grid: 30.4375, rho, strata, weights: None };
    describe(&y, &groups, &options).unwrap()
}

/// R's values by (set, group, what, time).
fn golden() -> BTreeMap<(String, String, String, String), f64> {
    let text = include_str!("../reference/describe-golden.csv");
    let parse = |line: &str| {
        let c: Vec<&str> = line.split(',').collect();
        ((c[0].into(), c[1].into(), c[2].into(), c[3].into()), c[4].parse().unwrap())
    };
    text.lines().skip(1).map(parse).collect()
}

#[test]
fn curves_incidences_means_and_tests_are_those_of_r() {
    let golden = golden();
    let mut compared = 0;
    for (set, late) in [("start", false), ("late", true)] {
        let d = described(late, 0.0, false);
        let mut check = |group: &str, what: &str, time: f64, ours: f64| {
            let key = (set.to_string(), group.to_string(), what.to_string(), time.to_string());
            let r = golden[&key];
            assert!((ours - r).abs() < 1e-10, "{key:?}: {ours} and {r}");
            compared += 1;
        };
        for g in &d.groups {
            for at in &g.at {
                check(&g.group, "at_risk", at.time, at.at_risk as f64);
                check(&g.group, "survival", at.time, at.survival.unwrap());
                check(&g.group, "lower", at.time, at.lower.unwrap());
                check(&g.group, "upper", at.time, at.upper.unwrap());
                check(&g.group, "hazard", at.time, at.cumulative_hazard.unwrap());
                check(&g.group, "hazard_se", at.time, at.cumulative_hazard_se.unwrap());
                for (cause, f) in &at.cif {
                    check(&g.group, &format!("cif_{cause}"), at.time, f.estimate.unwrap());
                    assert!(f.lower.unwrap() < f.estimate.unwrap() && f.estimate < f.upper);
                }
                // Every share is accounted for.
                let ended: f64 = at.cif.values().filter_map(|f| f.estimate).sum();
                assert!((ended + at.survival.unwrap() - 1.0).abs() < 1e-12);
            }
            check(&g.group, "rmst", 600.0, g.rmst.unwrap());
            check(&g.group, "rmst_se", 600.0, g.rmst_se.unwrap());
            check(&g.group, "median_quantile", 0.0, g.median.estimate.unwrap());
            check(&g.group, "median_lower", 0.0, g.median.lower.unwrap());
            check(&g.group, "median_upper", 0.0, g.median.upper.unwrap());
        }
        let tests = d.tests.unwrap();
        if late {
            assert!(tests.gray.values().all(Option::is_none));
            assert_eq!(d.warnings.len(), 1);
            assert!(tests.logrank.is_some());
        } else {
            check("", "logrank", 0.0, tests.logrank.unwrap().chi2);
            for (cause, test) in &tests.gray {
                check("", &format!("gray_{cause}"), 0.0, test.unwrap().chi2);
            }
            let of = |rho: f64, stratified: bool| described(false, rho, stratified).tests.unwrap();
            check("", "peto", 0.0, of(1.0, false).logrank.unwrap().chi2);
            check("", "logrank_strata", 0.0, of(0.0, true).logrank.unwrap().chi2);
            check("", "peto_strata", 0.0, of(1.0, true).logrank.unwrap().chi2);
            for (cause, test) in &of(0.5, true).gray {
                check("", &format!("gray_strata_{cause}"), 0.0, test.unwrap().chi2);
            }
        }
    }
    assert_eq!(compared, golden.len());
}

/// `model.weights` of a study weighs the curves: R's values, through the binary.
#[test]
fn weighted_curves_are_those_of_r() {
    let folder = tempfile::tempdir().unwrap();
    let rows = include_str!("../reference/describe-rows.csv").lines().enumerate();
    let weight = |k: usize| 0.5 + (k % 7) as f64 / 4.0;
    let row = |(k, line): (usize, &str)| match k {
        0 => format!("{line},w\n"),
        _ => format!("{line},{}\n", weight(k)),
    };
    // A row without a weight is left out.
    let table = rows.map(row).collect::<String>() + "general,0,5,1,\n";
    std::fs::write(folder.path().join("rows.csv"), table).unwrap();
    let study = "[data]\ntable = \"rows.csv\"\nexit = \"exit\"\nevent = \"cause\"\ncensored = \"0\"\n\
                 [model]\ncause = \"1\"\nweights = \"w\"\n";
    std::fs::write(folder.path().join("study.toml"), study).unwrap();
    let args = ["describe", "study.toml", "--by", "group", "--at", "90,180,365,600", "--json"];
    let json = pleegzorg(folder.path(), &args).code(0).json();
    let golden = include_str!("../reference/describe-weights-golden.csv").lines().skip(1);
    let mut compared = 0;
    for line in golden {
        let cells: Vec<&str> = line.split(',').collect();
        let groups = json["groups"].as_array().unwrap();
        let group = groups.iter().find(|g| g["group"] == cells[0]).unwrap();
        let time: f64 = cells[2].parse().unwrap();
        let at = group["at"].as_array().unwrap().iter().find(|at| at["time"] == time);
        let ours = match cells[1] {
            "rmst" => &group["rmst"],
            "median" => &group["median"]["estimate"],
            "hazard" => &at.unwrap()["cumulative_hazard"],
            "cif_breakdown" => &at.unwrap()["cif"]["1"]["estimate"],
            "cif_home" => &at.unwrap()["cif"]["2"]["estimate"],
            what => &at.unwrap()[what],
        };
        let r: f64 = cells[3].parse().unwrap();
        let ours = ours.as_f64().unwrap();
        assert!((ours - r).abs() <= 1e-10 * r.abs().max(1.0), "{line}: {ours}");
        compared += 1;
    }
    assert_eq!(compared, 52);
    let group = &json["groups"][0];
    assert!(group["rmst_se"].is_null() && group["at"][0]["cumulative_hazard_se"].is_null());
    let warnings = json["warnings"].to_string();
    assert!(warnings.contains("curves are weighted"), "{warnings}");
    assert!(warnings.contains("1 rows without a weight are left out"), "{warnings}");
}

#[test]
fn tests_are_stratified_and_weighted_from_the_command_line() {
    let example = root().join("datasets/example");
    let example = example.to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let run = |more: &[&str]| {
        let args = [&["describe", example, "--by", "family_kind", "--quiet"], more].concat();
        pleegzorg(folder.path(), &args)
    };
    let plain = run(&["--json"]).code(0).json();
    let other = run(&["--json", "--strata", "sex", "--rho", "1"]).code(0).json();
    let chi2 = |v: &serde_json::Value| v["tests"]["logrank"]["chi2"].as_f64().unwrap();
    assert!((chi2(&plain) - chi2(&other)).abs() > 1e-6);
    assert_eq!(plain["groups"], other["groups"], "only the tests are stratified");
    let median = &plain["groups"][0]["median"];
    assert!(median["lower"].as_f64().unwrap() <= median["estimate"].as_f64().unwrap());
    let text = run(&["--rho", "0.5"]).code(0).stdout;
    assert!(text.contains("half have ended by") && text.contains("rho 0.5, any end"), "{text}");
    run(&["--rho", "-1"]).code(2);
    run(&["--strata", "no_such_column"]).code(2);
}
