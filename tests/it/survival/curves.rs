//! Curves, tests and concordance against R's `survfit`, `survdiff`, `concordance` and `cuminc`, 1e-8.

use pleegzorg::survival::{
    AalenJohansen, ConcordanceOptions, Interval, KaplanMeier, NelsonAalen, Outcome, PairWeight,
    concordance, gray, logrank,
};

use super::golden::{Expected, Once, Referee, Table};

const WITHIN: f64 = 1e-8;

/// Data, entry, exit, status, group: as in the script.
const SETS: [[&str; 5]; 10] = [
    ["lung", "", "time", "status", "sex"],
    ["veteran", "", "time", "status", "celltype"],
    ["pbc", "", "time", "dead", "edema"],
    ["aml", "", "time", "status", "x"],
    ["heart", "start", "stop", "event", "transplant"],
    ["ovarian", "", "futime", "fustat", "rx"],
    ["gbsg", "", "rfstime", "status", "grade"],
    ["colon", "", "time", "status", "etype"],
    ["myeloid", "", "futime", "death", "trt"],
    ["rotterdam", "", "rtime", "recur", "meno"],
];

fn outcome(data: &Table, entry: &str, exit: &str, status: &str) -> Outcome {
    let cause = data.codes(status);
    let causes = (1..=cause.iter().copied().max().unwrap()).map(|k| format!("cause {k}"));
    let entry = (!entry.is_empty()).then(|| data.numbers(entry));
    Outcome::new(entry, data.numbers(exit), cause, causes.collect()).unwrap()
}

/// Group columns may hold halves (edema).
fn codes(data: &Table, column: &str) -> Vec<u32> {
    data.numbers(column).into_iter().map(|v| (2.0 * v) as u32).collect()
}

fn rows_of(data: &Table, column: &str, value: f64) -> Vec<usize> {
    let values = data.numbers(column);
    (0..values.len()).filter(|&i| values[i] == value).collect()
}

fn interval(name: &str) -> Interval {
    match name {
        "log" => Interval::Log,
        "log-log" => Interval::LogLog,
        "plain" => Interval::Plain,
        "logit" => Interval::Logit,
        "arcsin" => Interval::Arcsin,
        other => panic!("{other}"),
    }
}

fn numbers(item: &str) -> Vec<f64> {
    item.split_whitespace().map(|v| v.parse().unwrap()).collect()
}

pub static CURVES: Once = Once::new();

pub fn curves() -> Referee {
    let expected = Expected::read("curves-expected");
    let mut referee = Referee::default();
    for [name, entry, exit, status, group] in SETS {
        let data = Table::read(&format!("data/{name}"));
        let y = outcome(&data, entry, exit, status);
        for (what, item, r) in expected.case(name) {
            if what.starts_with("logrank") {
                continue;
            }
            let at = numbers(item);
            let part = y.select(&rows_of(&data, group, at[0])).unwrap();
            let km = KaplanMeier::new(&part, None).unwrap();
            let na = NelsonAalen::new(&part, None, None).unwrap();
            let log = km.at(at[1], Interval::Log, 0.95);
            let ours = match what.as_str() {
                "survival" => log.estimate,
                "survival_se" => log.se,
                "nelson_aalen" => na.at(at[1]).0,
                "nelson_aalen_se" => na.at(at[1]).1,
                "rmean" => km.restricted_mean(at[1]).unwrap().0,
                "rmean_se" => km.restricted_mean(at[1]).unwrap().1,
                other => {
                    if let Some(rest) = other.strip_prefix("quantile:") {
                        let (end, kind) = rest.split_once(':').unwrap();
                        let q = km.quantile(at[1], interval(kind), 0.95);
                        match end {
                            "quantile" => q.estimate.unwrap(),
                            "lower" => q.lower.unwrap(),
                            _ => q.upper.unwrap(),
                        }
                    } else {
                        let (end, kind) = other.split_once('_').unwrap();
                        let (lower, upper) = km.at(at[1], interval(kind), 0.95).bounds.unwrap();
                        if end == "lower" { lower } else { upper }
                    }
                }
            };
            referee.on(
                match what.split(['_', ':']).next() {
                    Some("nelson") => "Nelson–Aalen",
                    Some("rmean") => "Restricted mean",
                    Some("quantile") => "Quantiles of survival",
                    _ => "Kaplan–Meier, five intervals",
                },
                name,
            );
            referee.compare(name, what, item, ours, *r, WITHIN);
        }
    }
    referee
}

#[test]
fn curves_are_those_of_survfit() {
    CURVES.get_or_init(curves).verdict(1200);
}

pub static LOGRANK: Once = Once::new();

pub fn logranks() -> Referee {
    let expected = Expected::read("curves-expected");
    let mut referee = Referee::default();
    for [name, entry, exit, status, group] in SETS {
        let data = Table::read(&format!("data/{name}"));
        let y = outcome(&data, entry, exit, status);
        for (what, item, r) in expected.case(name) {
            let rho: f64 =
                if what.starts_with("logrank") { item.parse().unwrap() } else { continue };
            let ours = if what == "logrank_strata" {
                let (group, strata) = match name {
                    "lung" => ("sex", "ph.ecog"),
                    "veteran" => ("trt", "celltype"),
                    "pbc" => ("edema", "status"),
                    "colon" => ("lev5fu", "etype"),
                    _ => ("hormon", "grade"),
                };
                let strata = data.codes(strata);
                logrank(&y, None, &codes(&data, group), Some(&strata), rho).unwrap().test.chi2
            } else {
                let t = logrank(&y, None, &codes(&data, group), None, rho).unwrap();
                match what.as_str() {
                    "logrank" => t.test.chi2,
                    "logrank_expected" => t.expected[0],
                    _ => t.variance[[0, 0]],
                }
            };
            referee.on("Log-rank, G-rho, strata", name);
            referee.compare(name, what, item, ours, *r, WITHIN);
        }
    }
    referee
}

#[test]
fn logrank_tests_are_those_of_survdiff() {
    LOGRANK.get_or_init(logranks).verdict(80);
}

pub static COMPETING: Once = Once::new();

pub fn competing() -> Referee {
    let expected = Expected::read("curves-expected");
    let mut referee = Referee::default();
    let sets = [
        ["mgus2", "", "time", "cause", "male", ""],
        ["transplant", "", "futime", "cause", "abo", "male"],
        ["pbc", "", "time", "status", "edema", ""],
        ["flchain", "start", "stop", "death", "", ""],
    ];
    for [name, entry, exit, status, group, strata] in sets {
        let data = Table::read(&format!("data/{name}"));
        let mut y = outcome(&data, entry, exit, status);
        if name == "flchain" {
            let male = data.codes("male");
            let cause = y.cause().iter().zip(&male).map(|(d, m)| d * (1 + m)).collect();
            let causes = vec!["female".into(), "male".into()];
            y = Outcome::new(Some(data.numbers(entry)), data.numbers(exit), cause, causes).unwrap();
        }
        let case = format!("{name}-cr");
        for (what, item, r) in expected.case(&case) {
            let at = numbers(item);
            let ours = if what.starts_with("state") {
                let all: Vec<usize> = (0..y.len()).collect();
                let rows = if group.is_empty() { all } else { rows_of(&data, group, at[0]) };
                let aj = AalenJohansen::new(&y.select(&rows).unwrap(), None).unwrap();
                let (estimate, se) = if at[2] == 0.0 {
                    aj.event_free_at(at[1])
                } else {
                    let p = aj.at(at[2] as u32, at[1], Interval::LogLog, 0.95).unwrap();
                    (p.estimate, p.se)
                };
                if what == "state" { estimate } else { se }
            } else {
                let strata = (what == "gray_strata").then(|| data.codes(strata));
                let groups = codes(&data, group);
                gray(&y, at[1] as u32, &groups, strata.as_deref(), at[0]).unwrap().chi2
            };
            let gray = what.starts_with("gray");
            referee.on(if gray { "Gray's test" } else { "Aalen–Johansen" }, name);
            referee.compare(&case, what, item, ours, *r, WITHIN);
        }
    }
    referee
}

#[test]
fn competing_risks_are_those_of_survfit_and_cuminc() {
    COMPETING.get_or_init(competing).verdict(200);
}

pub static CONCORDANCES: Once = Once::new();

pub fn concordances() -> Referee {
    let expected = Expected::read("curves-expected");
    let mut referee = Referee::default();
    let sets = [
        ("lung", "", "time", "status", "age", 730.0),
        ("lung", "", "time", "status", "ph.ecog", 500.0),
        ("veteran", "", "time", "status", "karno", 200.0),
        ("heart", "start", "stop", "event", "age", 200.0),
        ("pbc", "", "time", "dead", "lbili", 2000.0),
        ("gbsg", "", "rfstime", "status", "nodes", 1000.0),
        ("flchain", "start", "stop", "death", "lcreat", 75.0),
        ("rotterdam", "", "rtime", "recur", "nodes", 1500.0),
        ("ovarian", "", "futime", "fustat", "age", 500.0),
    ];
    for (name, entry, exit, status, score, upto) in sets {
        let data = Table::read(&format!("data/{name}"));
        let y = outcome(&data, entry, exit, status);
        let case = format!("{name} {score}");
        for (what, strata, r) in expected.case(&case) {
            let strata = (!strata.is_empty()).then(|| data.codes(strata));
            let uno = what.starts_with("uno");
            let options = ConcordanceOptions {
                pairs: if uno { PairWeight::Uno } else { PairWeight::Harrell },
                strata: strata.as_deref(),
                upto: what.contains("upto").then_some(upto),
                ..Default::default()
            };
            let c = concordance(&y, &data.numbers(score), &options).unwrap().unwrap();
            let ours = if what.ends_with("_se") { c.se } else { c.c };
            let method = if uno { "Concordance, Uno's" } else { "Concordance, Harrell's" };
            referee.on(method, name);
            referee.compare(&case, what, "", ours, *r, WITHIN);
        }
    }
    referee
}

#[test]
fn concordances_are_those_of_r() {
    CONCORDANCES.get_or_init(concordances).verdict(50);
}
