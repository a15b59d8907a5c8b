//! Metrics against R (`tests/reference/evaluate.R`: riskRegression, survival, glm) on the same
//! predictions, and whole evaluations.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::collections::BTreeMap;

use pleegzorg::ErrorKind;
use pleegzorg::evaluate::{
    Arm, Calibration, Evaluation, Findings, LITERATURE, NO_MODEL, Observed, Plan, Predicted, Risks,
    Rows, Rule, THRESHOLDS, Verdict, auc, brier, by_group, concordance, integrated, net_benefit,
    observed_over_expected, run, run_under, scaled_brier, trial,
};
use pleegzorg::features::{Column, Frame, Values};
use pleegzorg::history::Index;
use pleegzorg::model::{Source, Study, fit, prepare};
use pleegzorg::outcome::Definition;
use pleegzorg::progress::Silent;
use pleegzorg::resample::{Split, grouped_folds};
use pleegzorg::simulate::{Scenario, simulate};
use pleegzorg::survival::Outcome;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

pub(crate) const HORIZONS: [f64; 3] = [24.0, 60.0, 100.0];

/// The rows of `evaluate-rows.csv`, by column.
pub(crate) fn columns() -> BTreeMap<String, Vec<f64>> {
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
pub(crate) fn outcome(set: &str, columns: &BTreeMap<String, Vec<f64>>) -> Outcome {
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
            "ibs_step" => {
                let scores: Vec<Option<f64>> = (0..=at).map(|at| brier(w, p, at)).collect();
                integrated(&HORIZONS[..=at], &scores, Rule::Step)
            }
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
    assert_eq!(checked.values().sum::<i32>(), 232);
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
        let train = Observed::new(&outcome.select(&split.train).unwrap(), 1, &[1.0, 2.0]).unwrap();
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

/// A study over a table of these columns.
fn study_of(columns: Vec<(String, Vec<f64>)>, text: &str) -> (Study, Source) {
    let column = |(name, values)| Column { name, values: Values::Number(values) };
    let frame = Frame::new(columns.into_iter().map(column).collect()).unwrap();
    (Study::parse(text, "".as_ref(), &[]).unwrap(), Source::Table(frame))
}

#[test]
fn pure_noise_shows_no_optimism() {
    // 300 rows whose times have nothing to do with 30 columns of noise, spline and factor included.
    let mut rng = ChaCha12Rng::seed_from_u64(11);
    let mut draw = |n: usize| (0..n).map(|_| rng.random::<f64>()).collect::<Vec<f64>>();
    let mut columns: Vec<(String, Vec<f64>)> =
        (0..30).map(|k| (format!("x{k}"), draw(300))).collect();
    columns.push(("kind".into(), draw(300).iter().map(|u| (u * 6.0).floor()).collect()));
    columns.push(("exit".into(), draw(300).iter().map(|u| 0.1 - 10.0 * (1.0 - u).ln()).collect()));
    columns.push(("event".into(), draw(300).iter().map(|u| f64::from(*u < 0.6)).collect()));
    let terms: Vec<String> = (1..30).map(|k| format!("\"x{k}\"")).collect();
    let text = format!(
        "[data]\ntable = \"-\"\nexit = \"exit\"\nevent = \"event\"\n[outcome]\nhorizons = [5, 10]\n\
         [features]\nterms = [\"ns(x0, 3)\", \"factor(kind)\", {}]\n\
         [evaluate]\nfolds = 5\nrepeats = 4\nbootstrap = 100\n",
        terms.join(", ")
    );
    let (study, source) = study_of(columns, &text);
    let prepared = prepare(&study, &source, None, None).unwrap();
    let fitted = fit(&prepared, None, &study.model).unwrap();
    let apparent = fitted.result().unwrap().concordance.unwrap().c;
    assert!(apparent > 0.6, "on its own rows noise looks good: {apparent}");
    let evaluation = run(&study, &source, &Silent).unwrap();
    let value = |metric: &str| evaluation.summary[metric].value;
    // Cross-validation of noise lies at or somewhat below a coin, never above it.
    for metric in ["auc", "c_harrell", "c_uno"] {
        assert!(value(metric).mean.unwrap() < 0.54, "{metric} {:?}", value(metric));
        assert!(value(metric).upper.unwrap() > 0.47, "{metric} {:?}", value(metric));
    }
    assert!(value("scaled_brier").mean.unwrap() < -0.05);
    // A model that means what it says has slope 1; noise has none, or points the wrong way.
    assert!(value("slope").upper.unwrap() < 0.5, "{:?}", value("slope"));
    let none = evaluation.against_no_model().unwrap();
    assert!(none.difference["brier"].value.mean.unwrap() > 0.0, "no model is better");
    assert_ne!(evaluation.verdict, Verdict::Usable);
}

/// A history study over a simulation.
fn of_simulation(children: u32, seed: u64, more: &str) -> Evaluation {
    let history = simulate(&Scenario::high(), children, seed).history;
    let index = Index::new(&history);
    let source = Source::History(Box::new((history, index)));
    let text = format!("title = \"Breakdown\"\n[model]\ncluster = [\"child\"]\n{more}");
    let study = Study::parse(&text, "".as_ref(), &[]).unwrap();
    run(&study, &source, &Silent).unwrap()
}

const TERMS: &str = "terms = [\"age_over_10\", \"prior_breakdowns\", \"capacity_gap\"]\n";

#[test]
fn a_history_is_judged_by_fold_by_time_and_by_provider() {
    let more = format!(
        "[features]\n{TERMS}[outcome]\nhorizons = [\"6 months\", \"12 months\"]\n\
         [[compare]]\nname = \"age only\"\nties = \"breslow\"\n\
         [evaluate]\nfolds = 3\nrepeats = 2\nbootstrap = 40\nby = [\"provider\"]\n\
         time_split = \"2020-01-01\"\n"
    );
    let e = of_simulation(500, 3, &more);
    let folds: Vec<&str> =
        e.splits.iter().filter(|s| s.repeat.is_some()).map(|s| s.name.as_str()).collect();
    assert_eq!(folds[..2], ["repeat 1 fold 1", "repeat 1 fold 2"]);
    assert_eq!(folds.len(), 6);
    assert_eq!(e.splits[6].name, "from 2020-01-01");
    assert!(e.splits[6].n_train > 100 && e.splits[6].n_test > 50, "{:?}", e.splits[6]);
    assert!(e.splits[7..].iter().all(|s| s.name.starts_with("provider=")));
    assert!(e.splits.len() > 8);
    let names: Vec<&str> = e.compared.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["age only", LITERATURE, NO_MODEL]);
    assert_eq!(e.definition.as_deref(), Some("unplanned-unwanted"));
    assert_eq!(e.horizon_labels, ["6 months", "12 months"]);
    assert!(e.groups.iter().any(|g| g.column == "provider"));
    for group in &e.groups {
        assert_eq!(group.too_little_data, group.events < 10, "{group:?}");
    }
    // Three terms, and an indicator where values are missing.
    assert!((3..=6).contains(&e.sample_size.as_ref().unwrap().parameters));
    assert_eq!(e.stamp().verdict, e.verdict);
    let json = serde_json::to_string(&e).unwrap();
    assert!(!json.contains("NaN") && !json.contains("inf"));
    // Judged again, the answer is the same to the byte.
    assert_eq!(json, serde_json::to_string(&of_simulation(500, 3, &more)).unwrap());
}

#[test]
fn landmarks_are_judged_from_the_landmark_on() {
    let more = format!(
        "[features]\nlandmark = [\"3 months\", \"12 months\"]\n{TERMS}\
         [outcome]\nhorizons = [\"6 months\"]\n[evaluate]\nfolds = 3\nbootstrap = 20\n"
    );
    let e = of_simulation(400, 5, &more);
    assert!(e.splits.iter().all(|s| s.failed.is_none()), "{:?}", e.splits[0].failed);
    let tested: usize = e.splits.iter().map(|s| s.n_test).sum();
    assert!(tested > e.n, "a stay is tested at each landmark that it reached, and counted once");
    let oe = e.summary["oe"].value;
    assert!(oe.lower.unwrap() < 1.0 && oe.upper.unwrap() > 1.0, "{oe:?}");
}

#[test]
fn a_study_can_be_judged_under_another_definition() {
    let history = simulate(&Scenario::high(), 150, 5).history;
    let index = Index::new(&history);
    let source = Source::History(Box::new((history, index)));
    let text = format!("[features]\n{TERMS}[evaluate]\nfolds = 2\nbootstrap = 0\n");
    let study = Study::parse(&text, "".as_ref(), &[]).unwrap();
    let definition = Definition::named("unfavourable-premature").unwrap();
    let e = run_under(&study, &source, Some(&definition), &Silent).unwrap();
    assert_eq!(e.definition.as_deref(), Some("unfavourable-premature"));
    // Without replicates there are no intervals, and so nothing to pass a gate with.
    assert_eq!(e.verdict, Verdict::NotEnoughData);
    assert!(e.warnings.iter().any(|w| w.contains("replicates")), "{:?}", e.warnings);
}

#[test]
fn too_little_data_is_a_verdict_and_no_error() {
    let column = |name: &str, v: &[f64]| (name.to_owned(), v.to_vec());
    let text = "[data]\ntable = \"-\"\nexit = \"exit\"\nevent = \"event\"\n\
                [outcome]\nhorizons = [5, 100]\n[features]\nterms = [\"x\"]\n\
                [evaluate]\nbootstrap = 20\n";
    let exit: Vec<f64> = (1..=12).map(f64::from).collect();
    let x: Vec<f64> = (0..12).map(|k| f64::from(k * 7 % 5)).collect();
    for (events, rows) in [(0, 12), (1, 12), (12, 12), (2, 3)] {
        let event: Vec<f64> = (0..rows).map(|k| f64::from(k < events)).collect();
        let columns =
            vec![column("exit", &exit[..rows]), column("x", &x[..rows]), column("event", &event)];
        let (study, source) = study_of(columns, text);
        let e = run(&study, &source, &Silent).unwrap();
        assert_eq!(e.verdict, Verdict::NotEnoughData, "{events} events");
        let table = e.table();
        assert!(table.starts_with("Verdict: not-enough-data"), "{table}");
        assert!(!serde_json::to_string(&e).unwrap().contains("NaN"));
        assert_eq!(e.horizons, [5.0, 100.0]);
        assert!(e.splits.iter().all(|s| s.horizons.len() == 2));
        if events < 12 {
            assert!(table.contains("follow-up does not reach 100"), "{table}");
            assert!(e.splits.iter().all(|s| s.horizons[1].auc.is_none()));
        }
    }
}

#[test]
fn studies_that_ask_for_what_is_not_there_are_refused() {
    let columns = || {
        let column = |name: &str| (name.to_owned(), (1..40).map(f64::from).collect());
        let event = ("event".to_owned(), (1..40).map(|k| f64::from(k % 2)).collect());
        vec![column("exit"), column("x"), event]
    };
    let base = "[data]\ntable = \"-\"\nexit = \"exit\"\nevent = \"event\"\n";
    for (more, kind) in [
        ("[features]\nterms = [\"x\"]\n", ErrorKind::Usage),
        ("[outcome]\nhorizons = [5]\n[features]\nterms = [\"y\"]\n", ErrorKind::Usage),
        ("[outcome]\nhorizons = [5]\n", ErrorKind::Usage),
    ] {
        let (study, source) = study_of(columns(), &format!("{base}{more}"));
        let error = run(&study, &source, &Silent).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.hint().is_some());
    }
}
