//! What published effects are worth to a provider with few placements, where the true risks are
//! known: does a prior bring predictions nearer to them, and what does a wrong one do?
//!
//! `PLEEGZORG_WRITE_PRIORS=1 cargo test --release --locked --test integration priors_worth` writes
//! `docs/priors.md` anew, from 200 simulated providers of each size.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;

use pleegzorg::DAYS_PER_MONTH;
use pleegzorg::features::Frame;
use pleegzorg::history::Index;
use pleegzorg::model::{Model, Prepared, Study, fit, prepare_history};
use pleegzorg::simulate::{Scenario, simulate};
use rayon::prelude::*;

const TERMS: [&str; 9] = [
    "age",
    "prior_breakdowns",
    "capacity_gap",
    "alliance",
    "other_children_wellbeing",
    "helper_changes_12m",
    "crisis_start",
    "court_mandated",
    "factor(family_kind)",
];
/// How many placements a provider has.
const SIZES: [usize; 3] = [50, 150, 500];
/// Two years, in days.
const HORIZON: f64 = 24.0 * DAYS_PER_MONTH;
const ARMS: [&str; 5] = [
    "nobody's features (Aalen–Johansen)",
    "Cox, no prior",
    "Cox, published effects as prior",
    "Cox, every prior effect with the wrong sign",
    "the literature alone",
];
/// The places in [`ARMS`] of the Cox models.
const PLAIN: usize = 1;
const PRIOR: usize = 2;
const WRONG: usize = 3;

/// A study of all terms, with more keys of the model.
fn study(sets: &[&str]) -> Study {
    let text = format!("seed = 1\n[features]\nterms = {TERMS:?}\n[model]\ncluster = [\"child\"]\n");
    let sets: Vec<String> = sets.iter().map(|&s| s.to_owned()).collect();
    Study::parse(&text, Path::new(env!("CARGO_MANIFEST_DIR")), &sets).unwrap()
}

/// New placements with their true risk of breakdown within two years.
struct Asked {
    frame: Frame,
    truth: Vec<f64>,
}

fn asked(children: u32) -> Asked {
    let new = simulate(&Scenario::base(), children, 9001);
    let truth: HashMap<_, f64> = (new.truth.iter())
        .filter(|t| {
            (t.horizon - HORIZON).abs() < 1e-6 && new.history.stay(t.stay).family == Some(t.family)
        })
        .map(|t| (t.stay, t.risk))
        .collect();
    let index = Index::new(&new.history);
    let prepared = prepare_history(&study(&[]), &new.history, &index, None, None).unwrap();
    let stays = prepared.stays.as_ref().unwrap();
    let rows: Vec<usize> = (0..prepared.len())
        .filter(|&r| prepared.outcome.entry().is_none_or(|e| e[r] == 0.0))
        .filter(|&r| truth.contains_key(&stays[r]))
        .collect();
    let truth = rows.iter().map(|&r| truth[&stays[r]]).collect();
    Asked { frame: prepared.frame.select(&rows), truth }
}

impl Asked {
    /// How far a model's risks lie from the true ones: the root of the mean squared distance.
    fn distance(&self, model: &Model) -> Option<f64> {
        let lasted = vec![0.0; self.truth.len()];
        let risks = model.risks(&self.frame, &lasted, &[HORIZON]).ok()?;
        let squares: Vec<f64> = (risks.iter().zip(&self.truth))
            .filter_map(|(risk, truth)| Some((risk[0]? - truth).powi(2)))
            .collect();
        // A model that is silent on most is no model of these placements.
        (2 * squares.len() > self.truth.len())
            .then(|| (squares.iter().sum::<f64>() / squares.len() as f64).sqrt())
    }
}

/// The first `n` placements of a simulated provider.
fn provider(n: usize, seed: u64) -> Prepared {
    let history = simulate(&Scenario::base(), n as u32, seed).history;
    let study = study(&["model.priors=datasets/priors.csv"]);
    prepare_history(&study, &history, &Index::new(&history), None, None).unwrap()
}

/// The distance from the truth of every arm that can be fitted.
fn distances(asked: &Asked, n: usize, seed: u64) -> [Option<f64>; ARMS.len()] {
    let prepared = provider(n, seed);
    let rows: Vec<usize> = (0..n.min(prepared.len())).collect();
    let mut wrong = prepared.clone();
    wrong.priors.values_mut().flatten().for_each(|row| row.mean = -row.mean);
    let judged = |prepared: &Prepared, sets: &[&str]| {
        let fitted = fit(prepared, Some(&rows), &study(sets).model).ok()?;
        asked.distance(&fitted.model)
    };
    let prior = ["model.priors=datasets/priors.csv"];
    [
        judged(&prepared, &["model.kind=aalen-johansen"]),
        judged(&prepared, &[]),
        judged(&prepared, &prior),
        judged(&wrong, &prior),
        asked.distance(&Model::published(&TERMS).unwrap()),
    ]
}

/// A mean with its 95 % interval over independent providers.
struct Mean {
    n: usize,
    mean: f64,
    half: f64,
}

fn mean(values: impl Iterator<Item = f64>) -> Mean {
    let values: Vec<f64> = values.collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    Mean { n: values.len(), mean, half: 1.96 * (variance / n).sqrt() }
}

type Runs = Vec<[Option<f64>; ARMS.len()]>;

fn runs(asked: &Asked, n: usize, providers: u64) -> Runs {
    let seed = |k: u64| 1_000_000 + 1000 * n as u64 + k;
    (0..providers).into_par_iter().map(|k| distances(asked, n, seed(k))).collect()
}

/// An arm's distance less that of the Cox model without a prior, provider by provider.
fn against_plain(runs: &Runs, arm: usize) -> Mean {
    mean(runs.iter().filter_map(|r| Some(r[arm]? - r[PLAIN]?)))
}

fn page(all: &[(usize, Runs)]) -> String {
    let mut text = String::from(
        "# What published effects are worth to a small provider\n\n\
         Simulated providers (scenario `base`: family effects, missing values and helper changes on) of \
         50, 150 and\n500 placements, each with a model of its own; what it says of new placements is held \
         against their *true* risk of\nbreakdown within 24 months, which the simulator knows. The figures \
         are the root of the mean squared distance from\nthe truth, in percentage points; no model reaches 0, \
         since a family's own part in the risk is in no feature. \"Against Cox without a prior\" is the mean difference over the same\nproviders with its 95 % \
         interval: below 0 the predictions are nearer to the truth.\n\nThe priors are those of \
         `datasets/priors.csv`; the wrong ones have the same widths and every sign turned. A simulator's\n\
         effects are of the size that the literature reports, so this shows the method and not that the \
         literature is right\nabout your placements: `evaluate` holds every model against it on your own \
         data.\n\nWritten by `PLEEGZORG_WRITE_PRIORS=1 cargo test --release --locked --test integration \
         priors_worth`.\n\n\
         | placements | model | providers | distance from the truth | against Cox without a prior |\n\
         |---|---|---|---|---|\n",
    );
    for (n, runs) in all {
        for (arm, name) in ARMS.iter().enumerate() {
            let own = mean(runs.iter().filter_map(|r| r[arm]));
            let against = match arm {
                PLAIN => "–".to_owned(),
                _ => {
                    let d = against_plain(runs, arm);
                    let ends = [d.mean - d.half, d.mean + d.half].map(|v| 100.0 * v);
                    format!("{:+.1} [{:+.1}, {:+.1}]", 100.0 * d.mean, ends[0], ends[1])
                }
            };
            let _ = writeln!(
                text,
                "| {n} | {name} | {} | {:.1} ± {:.1} | {against} |",
                own.n,
                100.0 * own.mean,
                100.0 * own.half
            );
        }
    }
    text
}

#[test]
fn a_prior_helps_where_data_are_few_and_a_wrong_one_fades() {
    let write = std::env::var_os("PLEEGZORG_WRITE_PRIORS").is_some();
    let (providers, children) = if write { (200, 3000) } else { (12, 400) };
    let asked = asked(children);
    let all: Vec<(usize, Runs)> = SIZES.iter().map(|&n| (n, runs(&asked, n, providers))).collect();
    for (n, runs) in &all {
        let (right, wrong) = (against_plain(runs, PRIOR), against_plain(runs, WRONG));
        println!(
            "{n}: right {:+.4} ± {:.4}, wrong {:+.4} ± {:.4}",
            right.mean, right.half, wrong.mean, wrong.half
        );
        assert!(right.n * 10 >= runs.len() * 8, "{n}: only {} providers", right.n);
        assert!(right.mean < wrong.mean, "{n}: a right prior is better than a wrong one");
    }
    let help = |k: usize| against_plain(&all[k].1, PRIOR);
    assert!(help(0).mean + help(0).half < 0.0, "at 50 placements the prior helps");
    assert!(help(2).mean.abs() < help(0).mean.abs(), "at 500 it says less");
    if write {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/priors.md");
        std::fs::write(path, page(&all)).unwrap();
    }
}
