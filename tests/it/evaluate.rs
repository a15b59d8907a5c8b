//! Metrics against R (`tests/reference/evaluate.R`: riskRegression, survival, glm) on the same
//! predictions, and whole evaluations.

use std::collections::BTreeMap;

use pleegzorg::evaluate::{
    Arm, Calibration, Findings, Observed, Plan, Predicted, Risks, Rows, THRESHOLDS, auc, brier,
    by_group, concordance, net_benefit, observed_over_expected, scaled_brier, trial,
};
use pleegzorg::progress::Silent;
use pleegzorg::resample::{Split, grouped_folds};
use pleegzorg::survival::Outcome;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

const HORIZONS: [f64; 3] = [24.0, 60.0, 100.0];

/// The rows of `evaluate-rows.csv`, by column.
fn columns() -> BTreeMap<String, Vec<f64>> {
    let text = include_str!("../reference/evaluate-rows.csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let mut columns: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for record in reader.records() {
        for (name, cell) in names.iter().zip(record.unwrap().iter()) {
            columns.entry(name.clone()).or_default().push(cell.parse().unwrap());
        }
    }
    columns
}

/// The outcome of a set: all causes, the first cause only (others censor), or with late entry.
fn outcome(set: &str, columns: &BTreeMap<String, Vec<f64>>) -> Outcome {
    let cause = columns["cause"]
        .iter()
        .map(|&c| if set == "single" { u32::from(c == 1.0) } else { c as u32 });
    let entry = (set == "late").then(|| columns["entry"].clone());
    let causes = vec!["breakdown".into(), "home".into()];
    Outcome::new(entry, columns["time"].clone(), cause.collect(), causes).unwrap()
}

#[test]
fn metrics_agree_with_r() {
    let columns = columns();
    let mut checked = BTreeMap::new();
    let text = include_str!("../reference/evaluate-golden.csv");
    for record in csv::Reader::from_reader(text.as_bytes()).records() {
        let record = record.unwrap();
        let (set, model, metric) = (&record[0], &record[1], &record[2]);
        let time = if &record[3] == "Inf" { f64::INFINITY } else { record[3].parse().unwrap() };
        let expected: f64 = record[4].parse().unwrap();
        let observed = Observed::new(&outcome(set, &columns), 1, &HORIZONS).unwrap();
        let weights = observed.weigh(None).unwrap();
        let risks = HORIZONS.map(|h| columns[&format!("{model}{h}")].clone()).to_vec();
        let predicted = Predicted::new(&observed, risks).unwrap();
        let at = HORIZONS.iter().position(|&h| h == time).unwrap_or(2);
        let (o, w, p) = (&observed, &weights, &predicted);
        let calibrated = || Calibration::new(o, p, at).measure(o, w, p);
        let value = match metric {
            "auc" => auc(w, p, at),
            "brier" => brier(w, p, at),
            "scaled_brier" => scaled_brier(w, p, at),
            "incidence" => w.incidence(at),
            "oe" => observed_over_expected(o, w, p, at),
            "intercept" => calibrated().intercept,
            "slope" => calibrated().slope,
            "ici" => calibrated().ici,
            "e50" => calibrated().e50,
            "e90" => calibrated().e90,
            "c_harrell" | "concordance" => concordance(o, w, p, time).harrell,
            "c_uno" | "concordance_uno" => concordance(o, w, p, time).uno,
            nb => {
                let threshold = nb.strip_prefix("nb").unwrap().parse().unwrap();
                Some(net_benefit(w, p, at, &[threshold]).unwrap()[0].model)
            }
        };
        let value = value.unwrap_or(f64::NAN);
        assert!(
            (value - expected).abs() < 1e-8,
            "{set} {model} {metric} at {time}: {value}, R says {expected}"
        );
        *checked.entry(metric.to_owned()).or_insert(0) += 1;
    }
    assert_eq!(checked["auc"], 18);
    assert_eq!(checked.values().sum::<i32>(), 220);
}

/// Rows in clusters of two whose true risks by 1 and by 2 are known, with a competing cause.
fn simulated(n: usize, seed: u64) -> (Outcome, Vec<u32>, Vec<Vec<f64>>) {
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    let (mut exit, mut cause, mut truth) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..n {
        let a = 0.2 * rng.random_range(-1.5f64..1.5).exp();
        let t = -rng.random::<f64>().ln() / (a + 0.15);
        let which = if rng.random::<f64>() < a / (a + 0.15) { 1 } else { 2 };
        let censored: f64 = rng.random_range(1.5..8.0);
        exit.push(t.min(censored).max(1e-9));
        cause.push(if t <= censored { which } else { 0 });
        let risk = |h: f64| a / (a + 0.15) * (1.0 - (-(a + 0.15) * h).exp());
        truth.push(vec![risk(1.0), risk(2.0)]);
    }
    let causes = vec!["breakdown".into(), "home".into()];
    let outcome = Outcome::new(None, exit, cause, causes).unwrap();
    (outcome, (0..n as u32).map(|row| row / 2).collect(), truth)
}

/// No model: the Aalen–Johansen incidence of the training rows.
fn no_model(outcome: &Outcome) -> Arm<'_> {
    let predict = move |split: &Split, _: u64| {
        let train = Observed::new(&outcome.select(&split.train), 1, &[1.0, 2.0]).unwrap();
        let weights = train.weigh(None).unwrap();
        let risk: Vec<f64> = (0..2).map(|at| weights.incidence(at).unwrap()).collect();
        Ok(vec![Some(risk); split.test.len()])
    };
    Arm { name: "no model".into(), predict: Box::new(predict) }
}

fn arm<'a>(
    name: &str,
    predict: impl Fn(&Split) -> Result<Risks, String> + Sync + Send + 'a,
) -> Arm<'a> {
    Arm { name: name.into(), predict: Box::new(move |split, _| predict(split)) }
}

fn tried(outcome: &Outcome, clusters: &[u32], arms: &[Arm<'_>]) -> Findings {
    let events: Vec<bool> = outcome.cause().iter().map(|&c| c == 1).collect();
    let splits = grouped_folds(clusters, &events, 5, 2, 7).unwrap();
    let plan = Plan { splits, bootstrap: 50, seed: 1, thresholds: THRESHOLDS.to_vec() };
    let rows = Rows { outcome, cause: 1, horizons: &[1.0, 2.0], clusters };
    trial(rows, arms, &plan, &Silent).unwrap()
}

#[test]
fn a_trial_tells_the_truth_from_no_model_and_from_nonsense() {
    let (outcome, clusters, truth) = simulated(1200, 3);
    let oracle = |split: &Split| Ok(split.test.iter().map(|&r| Some(truth[r].clone())).collect());
    let wrong = |split: &Split| {
        Ok(split.test.iter().map(|&r| Some(truth[(r + 1) % truth.len()].clone())).collect())
    };
    let arms = [arm("oracle", oracle), arm("wrong", wrong), no_model(&outcome)];
    let found = tried(&outcome, &clusters, &arms);
    assert_eq!(found.splits.len(), 10);
    assert_eq!(found.rows.len(), 1200);
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
    let tested: usize = found.splits.iter().map(|s| s.n_test).sum();
    assert_eq!(tested, 2400);
    let value = |a: usize, metric: &str| found.arms[a].summary[metric].value;
    assert!(value(0, "scaled_brier").lower.unwrap() > 0.05);
    assert!(value(1, "scaled_brier").upper.unwrap() < 0.0);
    assert!((value(1, "auc").mean.unwrap() - 0.5).abs() < 0.04);
    assert!(value(1, "slope").mean.unwrap().abs() < 0.25);
    assert!(value(2, "scaled_brier").mean.unwrap() <= 0.0, "no better than itself");
    // Folds are never compared with one another, so knowing nothing is worth exactly a coin.
    for metric in ["auc", "c_harrell", "c_uno"] {
        assert_eq!(value(2, metric).mean, Some(0.5));
    }
    assert_eq!(value(2, "slope").mean, None, "one risk for all has no slope");
    assert!(found.arms[2].difference["auc"].value.lower.unwrap() > 0.1);
    assert!(found.arms[1].difference["brier"].value.upper.unwrap() < 0.0);
    // Two horizons, and the headline is the last.
    assert_eq!(found.arms[0].summary["auc"].at.len(), 2);
    assert_eq!(found.arms[0].summary["auc"].at[1].value, value(0, "auc"));
    // Distributions are shares; cases lie higher.
    let mean = |shares: &[f64]| {
        shares.iter().enumerate().map(|(k, s)| s * (k as f64 + 0.5) / 20.0).sum::<f64>()
    };
    assert!((found.risks[1].event.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(mean(&found.risks[1].event) > mean(&found.risks[1].no_event) + 0.05);
    assert_eq!(found.decision[1].points.len(), THRESHOLDS.len());
}

#[test]
fn arms_that_fail_or_give_no_probability_are_said() {
    let (outcome, clusters, truth) = simulated(200, 4);
    let nan = |split: &Split| Ok(vec![Some(vec![0.1, f64::NAN]); split.test.len()]);
    let beyond = |split: &Split| Ok(vec![Some(vec![0.1, 1.2]); split.test.len()]);
    let short = |_: &Split| Ok(vec![Some(vec![0.1, 0.2])]);
    let once = |split: &Split| {
        if split.name == "repeat 2 fold 3" { Err("no events".into()) } else { beyond(split) }
    };
    // Abstains on the first ten rows.
    let shy = |split: &Split| {
        Ok(split.test.iter().map(|&r| (r >= 10).then(|| truth[r].clone())).collect())
    };
    let arms = [
        arm("shy", shy),
        arm("nan", nan),
        arm("beyond", beyond),
        arm("short", short),
        arm("once", once),
        no_model(&outcome),
    ];
    let found = tried(&outcome, &clusters, &arms);
    assert_eq!(found.rows.len(), 190);
    for (k, why) in [(1, "NaN"), (2, "1.2"), (3, "1 predictions"), (4, "1.2")] {
        assert!(found.arms[k].failed.as_ref().unwrap().contains(why), "{:?}", found.arms[k].failed);
        assert!(found.arms[k].summary.is_empty());
    }
    assert!(found.arms[0].failed.is_none() && found.arms[5].failed.is_none());
    assert!(found.arms[5].summary["auc"].value.mean.is_some());
    assert!(found.warnings.iter().any(|w| w.contains("10 of 200 rows are not judged")));
    // The first arm failing leaves nothing to summarise, and every split says why.
    let found = tried(&outcome, &clusters, &[arm("nan", nan), no_model(&outcome)]);
    assert!(found.rows.is_empty() && found.arms[0].summary.is_empty());
    assert!(found.splits.iter().all(|s| s.failed.is_some() && s.c_uno.is_none()));
}

#[test]
fn a_trial_of_few_rows_gives_nulls_and_no_nan() {
    // Ten rows, one event: most folds have none.
    let exit = (1..=10).map(|t| f64::from(t) / 2.0).collect();
    let mut cause = vec![0; 10];
    cause[0] = 1;
    let outcome = Outcome::new(None, exit, cause, vec!["breakdown".into()]).unwrap();
    let clusters: Vec<u32> = (0..10).collect();
    let flat = |split: &Split| Ok(vec![Some(vec![0.1, 0.1]); split.test.len()]);
    let found = tried(&outcome, &clusters, &[arm("flat", flat), no_model(&outcome)]);
    let without = found.splits.iter().filter(|s| s.events_test == 0).collect::<Vec<_>>();
    assert!(!without.is_empty());
    assert!(without.iter().all(|s| s.horizons[0].auc.is_none() && s.c_harrell.is_none()));
    assert_eq!(found.arms[0].summary["slope"].value.mean, None);
    assert_eq!(found.arms[0].summary["auc"].value.mean, Some(0.5));
}

#[test]
fn groups_are_judged_apart_and_small_ones_are_said_to_be_small() {
    let (outcome, clusters, truth) = simulated(1500, 8);
    // Right for North, half of it for South; East has five rows.
    let level = |row: usize| match row / 2 {
        ..2 => "East",
        half if half % 2 == 0 => "North",
        _ => "South",
    };
    let uneven = |split: &Split| {
        let risk = |row: usize| {
            let factor = if level(row) == "South" { 0.5 } else { 1.0 };
            truth[row].iter().map(|r| r * factor).collect()
        };
        Ok(split.test.iter().map(|&row| Some(risk(row))).collect())
    };
    let found = tried(&outcome, &clusters, &[arm("uneven", uneven), no_model(&outcome)]);
    let plan = Plan { splits: vec![], bootstrap: 50, seed: 1, thresholds: vec![] };
    let rows = Rows { outcome: &outcome, cause: 1, horizons: &[1.0, 2.0], clusters: &clusters };
    let levels: Vec<Option<String>> =
        (0..1500).map(|row| (row != 1499).then(|| level(row).to_owned())).collect();
    let groups = by_group(rows, &found, &plan, "provider", &levels).unwrap();
    let names: Vec<&str> = groups.iter().map(|g| g.level.as_str()).collect();
    assert_eq!(names, ["East", "North", "South"]);
    assert!(groups[0].too_little_data && groups[0].summary.is_empty());
    assert_eq!(groups.iter().map(|g| g.n).sum::<usize>(), 1499);
    let oe = |g: usize| groups[g].summary["oe"].value;
    assert!(oe(1).lower.unwrap() < 1.0 && oe(1).upper.unwrap() > 1.0, "{:?}", oe(1));
    assert!(oe(2).lower.unwrap() > 1.5 && oe(2).mean.unwrap() < 2.5, "{:?}", oe(2));
    assert!(by_group(rows, &found, &plan, "provider", &levels[1..]).is_err());
}

#[test]
fn a_trial_does_not_depend_on_the_number_of_threads() {
    let (outcome, clusters, truth) = simulated(300, 5);
    let run = |threads| {
        let oracle =
            |split: &Split| Ok(split.test.iter().map(|&r| Some(truth[r].clone())).collect());
        let arms = [arm("oracle", oracle), no_model(&outcome)];
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        format!("{:?}", pool.install(|| tried(&outcome, &clusters, &arms)))
    };
    let one = run(1);
    assert_eq!(one, run(3));
    assert_eq!(one, run(8));
}

#[test]
fn wrong_trials_are_refused() {
    let (outcome, clusters, _) = simulated(20, 6);
    let split = |row| Split { name: "x".into(), repeat: None, train: vec![0], test: vec![row] };
    let plan =
        |row, t| Plan { splits: vec![split(row)], bootstrap: 0, seed: 1, thresholds: vec![t] };
    let rows = Rows { outcome: &outcome, cause: 1, horizons: &[1.0], clusters: &clusters };
    assert!(trial(rows, &[], &plan(20, 0.5), &Silent).is_err());
    assert!(trial(rows, &[], &plan(19, 1.0), &Silent).is_err());
    assert!(trial(Rows { cause: 3, ..rows }, &[], &plan(1, 0.5), &Silent).is_err());
    assert!(trial(Rows { horizons: &[], ..rows }, &[], &plan(1, 0.5), &Silent).is_err());
    assert!(trial(Rows { clusters: &[1], ..rows }, &[], &plan(1, 0.5), &Silent).is_err());
    assert!(trial(rows, &[], &plan(1, 0.5), &Silent).is_ok());
}
