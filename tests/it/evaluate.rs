//! Metrics against R (`tests/reference/evaluate.R`: riskRegression, survival, glm) on the same
//! predictions, and whole evaluations.

use std::collections::BTreeMap;

use pleegzorg::evaluate::{
    Calibration, Observed, Predicted, auc, brier, concordance, net_benefit, observed_over_expected,
    scaled_brier,
};
use pleegzorg::survival::Outcome;

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
            "auc" => auc(o, w, p, at),
            "brier" => brier(o, w, p, at),
            "scaled_brier" => scaled_brier(o, w, p, at),
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
                Some(net_benefit(o, w, p, at, &[threshold]).unwrap()[0].model)
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
