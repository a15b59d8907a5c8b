//! Metrics against more of R on the same predictions: pec, the definitions of timeROC, and
//! D-calibration (`tests/reference/evaluate-pec.R`, `evaluate-d-calibration.R`).

use pleegzorg::evaluate::{
    DCalibration, Observed, Predicted, Rule, Spot, auc, auc_under_way, brier, integrated,
};

use std::fmt::Write;

use pleegzorg::evaluate::run;
use pleegzorg::model::{Source, Study};
use pleegzorg::progress::Silent;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::evaluate::{HORIZONS, columns, outcome};

/// Pure noise: times that have nothing to do with eight columns, one of which is often unknown and
/// one of which has many levels.
fn noise(folder: &std::path::Path, n: usize) {
    let mut rng = ChaCha12Rng::seed_from_u64(21);
    let mut text = String::from("time,event,kind,hole,a,b,c,d,e,f\n");
    for _ in 0..n {
        let mut u = || rng.random::<f64>();
        let (time, event, kind) =
            (0.1 - 10.0 * (1.0 - u()).ln(), u8::from(u() < 0.6), (u() * 9.0) as u8);
        let hole = if u() < 0.3 { String::new() } else { format!("{:.4}", u()) };
        write!(text, "{time:.4},{event},k{kind},{hole}").unwrap();
        for _ in 0..6 {
            write!(text, ",{:.4}", u()).unwrap();
        }
        text.push('\n');
    }
    std::fs::write(folder.join("noise.csv"), text).unwrap();
}

/// Everything that is learned from data, in every learner: imputation (once and several times),
/// knots, levels, scaling, tuning (strength of a penalty, number of trees), screening (a lasso).
#[test]
fn no_learner_finds_anything_in_noise() {
    let dir = tempfile::tempdir().unwrap();
    noise(dir.path(), 240);
    let study = |missing: &str, compare: &str| {
        format!(
            "seed = 4\n[data]\ntable = \"noise.csv\"\nexit = \"time\"\nevent = \"event\"\n\
             [outcome]\nhorizons = [5, 10]\n[features]\nmissing = \"{missing}\"\n\
             terms = [\"factor(kind)\", \"hole\", \"ns(a, 3)\", \"b\", \"c\", \"d:e\", \"f\"]\n\
             [evaluate]\nfolds = 4\nrepeats = 2\nbootstrap = 20\nrefits = 0\n{compare}"
        )
    };
    let kinds = [
        ("lasso, tuned", "kind = \"cox\"\npenalty = { alpha = 1, folds = 4 }"),
        ("fine-gray", "kind = \"fine-gray\""),
        ("weibull", "kind = \"weibull\""),
        ("royston-parmar", "kind = \"royston-parmar\""),
        ("discrete-logistic", "kind = \"discrete-logistic\"\nstep = 1"),
        ("forest", "kind = \"forest\"\ntrees = 10"),
        ("extra-trees, pseudo-values", "kind = \"extra-trees\"\ntrees = 10\ntarget = \"pseudo\""),
        ("nearest-neighbours", "kind = \"nearest-neighbours\""),
        ("discrete-logistic, tuned", "kind = \"discrete-logistic\"\nstep = 1\npenalty = \"ridge\""),
        ("gradient-boosting", "kind = \"gradient-boosting\"\ntrees = 20"),
        ("svm", "kind = \"svm\""),
        ("survival-forest", "kind = \"survival-forest\"\ntrees = 10"),
        ("boosting", "kind = \"boosting\"\ntrees = 30"),
        (
            "boosting, discrete",
            "kind = \"boosting\"\ntrees = 30\nlikelihood = \"discrete\"\nstep = 1",
        ),
    ];
    let compare: String =
        kinds.iter().map(|(name, k)| format!("[[compare]]\nname = \"{name}\"\n{k}\n")).collect();
    let judge = |text: &str| {
        let study = Study::parse(text, dir.path(), &[]).unwrap();
        let source = Source::read(&study, &Silent).unwrap();
        run(&study, &source, &Silent).unwrap()
    };
    let once = judge(&study("impute", &compare));
    let short = study("multiple", "").replace(
        "missing = \"multiple\"",
        "missing = \"multiple\"\nimputations = 3\niterations = 2",
    );
    let several = judge(&short);
    let own =
        [("cox", &once.summary, &once), ("cox, several imputations", &several.summary, &several)];
    let others = once.compared.iter().map(|c| (c.name.as_str(), &c.summary, &once));
    let (mut seen, mut sum) = (0u32, 0.0);
    for (name, summary, e) in own.into_iter().chain(others) {
        if ["no model", "literature"].contains(&name) {
            continue;
        }
        let failed = e.compared.iter().find(|c| c.name == name).and_then(|c| c.failed.as_ref());
        assert!(failed.is_none(), "{name}: {failed:?}");
        let auc = summary["auc"].value;
        // Chance alone moves an AUC of 240 rows by 0.035, and this is three times that; all learners
        // together move by less.
        assert!(auc.mean.unwrap() < 0.61, "{name}: {auc:?}");
        sum += auc.mean.unwrap();
        let brier = summary["scaled_brier"].value.mean.unwrap();
        assert!(brier < 0.03, "{name} beats the base rate in noise: {brier}");
        seen += 1;
    }
    assert_eq!(seen as usize, kinds.len() + 2);
    assert!(sum / f64::from(seen) < 0.54, "{sum}");
    // Where a learner tells a distribution over time, D-calibration is told; forests per horizon
    // and machines that are their rows know no other times.
    let d =
        |name: &str| once.compared.iter().find(|c| c.name == name).unwrap().d_calibration.is_some();
    assert!(once.d_calibration.is_some() && d("survival-forest") && d("weibull") && !d("forest"));
}

#[test]
fn pec_and_timeroc_say_the_same() {
    let columns = columns();
    let text = include_str!("../reference/evaluate-pec.csv");
    let mut checked = 0;
    for record in csv::Reader::from_reader(text.as_bytes()).records() {
        let record = record.unwrap();
        let (set, model, metric) = (&record[0], &record[1], &record[2]);
        let time: f64 = record[3].parse().unwrap();
        let expected: f64 = record[4].parse().unwrap();
        let o = Observed::new(&outcome(set, &columns), 1, &HORIZONS).unwrap();
        let w = o.weigh(None).unwrap();
        let risks = HORIZONS.map(|h| columns[&format!("{model}{h}")].clone()).to_vec();
        let p = Predicted::new(&o, risks).unwrap();
        let at = HORIZONS.iter().position(|&h| h == time).unwrap();
        let value = match metric {
            "brier" => brier(&w, &p, at),
            "auc" => auc(&w, &p, at),
            "auc_under_way" => auc_under_way(&o, &w, &p, at),
            _ => {
                let scores: Vec<Option<f64>> = (0..=at).map(|at| brier(&w, &p, at)).collect();
                integrated(&HORIZONS[..=at], &scores, Rule::Step)
            }
        };
        let value = value.unwrap();
        assert!(
            (value - expected).abs() < 1e-10,
            "{set} {model} {metric} {time} {value} {expected}"
        );
        checked += 1;
    }
    assert_eq!(checked, 40);
}

#[test]
fn d_calibration_is_that_of_its_definition() {
    let columns = columns();
    let text = include_str!("../reference/evaluate-d-calibration.csv");
    let golden: Vec<(String, String, f64)> = csv::Reader::from_reader(text.as_bytes())
        .records()
        .map(|r| r.unwrap())
        .map(|r| (r[0].to_owned(), r[1].to_owned(), r[2].parse().unwrap()))
        .collect();
    for (set, m) in [("single", 0.0), ("competing", 0.006)] {
        let outcome = outcome(set, &columns);
        let spots: Vec<Spot> = (0..outcome.len())
            .map(|row| {
                let l = -(1.0 - columns["b24"][row]).ln() / 24.0;
                let risk = |t: f64| l / (l + m) * (1.0 - (-(l + m) * t).exp());
                let (t, last) = (outcome.exit()[row], risk(100.0));
                match outcome.cause()[row] {
                    1 if t <= 100.0 => Spot::Ended { at: risk(t) },
                    0 if t < 100.0 => {
                        Spot::Censored { at: risk(t), survival: (-(l + m) * t).exp(), last }
                    }
                    _ => Spot::Free { last },
                }
            })
            .collect();
        let found = DCalibration::new(&[spots]).unwrap();
        for (_, what, want) in golden.iter().filter(|g| g.0 == set) {
            let got = match what.as_str() {
                "chi2" => found.chi2,
                "p" => found.p,
                bin => found.bins[bin.parse::<usize>().unwrap() - 1],
            };
            assert!((got - want).abs() < 1e-9, "{set} {what}: {got} {want}");
        }
    }
}
