//! The model refitted on bootstrap samples of whole clusters: how much of its apparent quality is
//! optimism, and how much a row's risk depends on who happened to be in the data.
//!
//! **Optimism** (Harrell, Lee & Mark 1996): a refit is measured on the sample that it was learned
//! from and on all rows; the mean difference is taken off what the model shows on its own rows.
//! **.632+** (Efron & Tibshirani 1997): the apparent error and that of rows left out of a sample,
//! weighed by how near the latter is to an error without any information.
//! **Instability** (Riley & Collins 2023): how far the risks of a row lie apart between refits.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::progress::Progress;
use crate::resample::ClusterBootstrap;

use super::calibration::percentile;
use super::trial::{Risks, Rows};
use super::{
    Calibration, EvaluateError, Observed, Predicted, Weights, auc, brier, concordance,
    observed_over_expected,
};

/// What refits on bootstrap samples show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refits {
    /// Refits that were made.
    pub replicates: usize,
    /// Refits that failed; the rest is about the others.
    pub failed: usize,
    /// Metrics with and without optimism.
    pub optimism: Vec<Optimism>,
    /// How far risks lie apart; null where too few refits succeeded.
    pub instability: Option<Instability>,
}

/// A metric at a horizon, on the rows that the model was learned from and corrected for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Optimism {
    /// The metric.
    pub metric: String,
    /// The horizon; null for the C indices.
    pub time: Option<f64>,
    /// On the model's own rows.
    pub apparent: Option<f64>,
    /// How much better refits look on their own sample than on all rows.
    pub optimism: Option<f64>,
    /// Apparent less optimism.
    pub corrected: Option<f64>,
    /// The mean over refits on the rows that were not in their sample.
    pub left_out: Option<f64>,
    /// The .632+ estimate (Brier score and AUC).
    pub plus_632: Option<f64>,
}

/// How far the risks by the last horizon lie apart between refits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instability {
    /// The horizon.
    pub time: f64,
    /// The mean over rows of a refit's distance from the model.
    pub mean_distance: f64,
    /// The 90th percentile over rows of a row's mean distance.
    pub distance_90: f64,
    /// How often a refit puts a row on the other side of the base rate.
    pub changed_side: Option<f64>,
    /// In tenths of the predicted risk: where 95% of the refits lie.
    pub band: Vec<StabilityPoint>,
    /// The same row by row, rising in predicted risk, without saying whose they are; of more than
    /// a thousand rows an even choice.
    #[serde(default)]
    pub rows: Vec<StabilityPoint>,
}

/// A tenth of the rows by predicted risk, or one row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StabilityPoint {
    /// Their mean predicted risk.
    pub predicted: f64,
    /// The mean over them of the 2.5th percentile of the refits.
    pub lower: f64,
    /// And of the 97.5th.
    pub upper: f64,
}

/// Refits below which nothing is said.
const FEWEST: usize = 10;
/// Groups of rows by predicted risk.
const TENTHS: usize = 10;
/// Rows that are told one by one.
const MOST_ROWS: usize = 1000;
const AT_HORIZON: [&str; 5] = ["auc", "brier", "scaled_brier", "oe", "slope"];
const OVERALL: [&str; 2] = ["c_harrell", "c_uno"];

/// Learns from some rows (repeats allowed) and predicts all.
pub(super) type Refit<'a> = &'a (dyn Fn(&[usize]) -> Result<Risks, String> + Sync);

/// One refit: its metrics on its own sample, on all rows and on those left out, and the risks
/// by the last horizon of all rows.
struct Replicate {
    own: Vec<Option<f64>>,
    all: Vec<Option<f64>>,
    left_out: Vec<Option<f64>>,
    risks: Vec<f64>,
}

/// Refits `replicates` times. `None` where the model cannot be fitted on all rows.
pub(super) fn refits(
    rows: Rows<'_>,
    fit: Refit<'_>,
    replicates: usize,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Option<Refits>, EvaluateError> {
    let everybody: Vec<usize> = (0..rows.outcome.len()).collect();
    let Ok(risks) = fit(&everybody) else { return Ok(None) };
    // Rows that the model cannot answer for are no part of this.
    let known: Vec<usize> = everybody.into_iter().filter(|&row| risks[row].is_some()).collect();
    if known.is_empty() || replicates == 0 {
        return Ok(None);
    }
    let outcome = rows.outcome.of_rows(&known);
    let observed = Observed::new(&outcome, rows.cause, rows.horizons)?;
    let clusters: Vec<u32> = known.iter().map(|&row| rows.clusters[row]).collect();
    let draws = ClusterBootstrap::new(&clusters, seed);
    let model = column(&observed, &known, &risks)?;
    let weights = observed.weigh(None)?;
    let apparent = measure(&observed, &weights, &model.0);
    progress.start("refits", replicates as u64);
    let drawn: Vec<Option<Replicate>> = (0..replicates as u64)
        .into_par_iter()
        .map(|replicate| {
            let counts = draws.counts(replicate);
            let done = one(&observed, &known, &counts, fit);
            progress.advance(1);
            done
        })
        .collect::<Result<_, EvaluateError>>()?;
    progress.finish();
    let drawn: Vec<Replicate> = drawn.into_iter().flatten().collect();
    let instability = (drawn.len() >= FEWEST).then(|| {
        let base = weights.incidence(rows.horizons.len() - 1);
        instability(&model.1, &drawn, base, rows.horizons[rows.horizons.len() - 1])
    });
    Ok(Some(Refits {
        replicates: drawn.len(),
        failed: replicates - drawn.len(),
        optimism: optimism(&observed, &weights, &model.0, &apparent, &drawn),
        instability,
    }))
}

/// Risks of the known rows, and those by the last horizon. A row without one gets 0.5, and
/// the caller must not count it.
fn column(
    observed: &Observed,
    known: &[usize],
    risks: &Risks,
) -> Result<(Predicted, Vec<f64>), EvaluateError> {
    let at = |h: usize| -> Vec<f64> {
        known.iter().map(|&row| risks[row].as_ref().map_or(0.5, |r| r[h])).collect()
    };
    let columns: Vec<Vec<f64>> = (0..observed.horizons().len()).map(at).collect();
    let last = columns.last().cloned().unwrap_or_default();
    Ok((Predicted::new(observed, columns)?, last))
}

/// One refit; `None` where it fails.
fn one(
    observed: &Observed,
    known: &[usize],
    counts: &[u32],
    fit: Refit<'_>,
) -> Result<Option<Replicate>, EvaluateError> {
    let repeated = known.iter().zip(counts);
    let sample: Vec<usize> =
        repeated.flat_map(|(&row, &n)| std::iter::repeat_n(row, n as usize)).collect();
    let Ok(risks) = fit(&sample) else { return Ok(None) };
    let answered = |place: usize| risks[known[place]].is_some();
    // What is no probability is a refit that failed.
    let Ok((predicted, last)) = column(observed, known, &risks) else { return Ok(None) };
    let with = |count: &dyn Fn(usize) -> u32| -> Result<Vec<Option<f64>>, EvaluateError> {
        let of = |place| if answered(place) { count(place) } else { 0 };
        let weights = observed.weigh(Some((0..known.len()).map(of).collect()))?;
        Ok(measure(observed, &weights, &predicted))
    };
    Ok(Some(Replicate {
        own: with(&|place| counts[place])?,
        all: with(&|_| 1)?,
        left_out: with(&|place| u32::from(counts[place] == 0))?,
        risks: last,
    }))
}

/// The metrics, in order.
fn measure(o: &Observed, weights: &Weights, p: &Predicted) -> Vec<Option<f64>> {
    let last = o.horizons().last().copied().unwrap_or(f64::INFINITY);
    let c = concordance(o, weights, p, last);
    let mut all = vec![c.harrell, c.uno];
    for at in 0..o.horizons().len() {
        let score = brier(weights, p, at);
        let null = weights.incidence(at).map(|f| f * (1.0 - f)).filter(|&null| null > 0.0);
        let scaled = score.zip(null).map(|(score, null)| 1.0 - score / null);
        let slope = Calibration::new(o, p, at).slope(weights);
        let oe = observed_over_expected(o, weights, p, at);
        all.extend([auc(weights, p, at), score, scaled, oe, slope]);
    }
    all
}

fn optimism(
    observed: &Observed,
    weights: &Weights,
    model: &Predicted,
    apparent: &[Option<f64>],
    drawn: &[Replicate],
) -> Vec<Optimism> {
    let mean = |of: &dyn Fn(&Replicate) -> Option<f64>| {
        let values: Vec<f64> = drawn.iter().filter_map(of).collect();
        let enough = values.len() >= FEWEST && 2 * values.len() >= drawn.len();
        enough.then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    let mut all = Vec::new();
    for (place, &apparent) in apparent.iter().enumerate() {
        let (metric, at) = name(place);
        let optimism = mean(&|r| Some(r.own[place]? - r.all[place]?));
        let left_out = mean(&|r| r.left_out[place]);
        let no_information = match metric {
            "auc" => Some(0.5),
            "brier" => at.and_then(|at| no_information(observed, weights, model, at)),
            _ => None,
        };
        let plus_632 = apparent
            .zip(left_out)
            .zip(no_information)
            .map(|((apparent, left_out), none)| plus_632(apparent, left_out, none));
        all.push(Optimism {
            metric: metric.to_owned(),
            time: at.map(|at| observed.horizons()[at]),
            apparent,
            optimism,
            corrected: apparent.zip(optimism).map(|(a, o)| a - o),
            left_out,
            plus_632,
        });
    }
    all
}

/// The metric at a place, and its horizon.
fn name(place: usize) -> (&'static str, Option<usize>) {
    match OVERALL.get(place) {
        Some(name) => (name, None),
        None => {
            let k = place - OVERALL.len();
            (AT_HORIZON[k % AT_HORIZON.len()], Some(k / AT_HORIZON.len()))
        }
    }
}

/// The Brier score if risks were dealt out to the rows at random.
fn no_information(o: &Observed, weights: &Weights, p: &Predicted, at: usize) -> Option<f64> {
    let incidence = weights.incidence(at)?;
    let n = o.len() as f64;
    let mean = |f: fn(f64) -> f64| p.at(at).iter().map(|&r| f(r)).sum::<f64>() / n;
    Some(incidence * mean(|r| (1.0 - r) * (1.0 - r)) + (1.0 - incidence) * mean(|r| r * r))
}

/// Efron and Tibshirani's estimate; works for an error and for what is 1 minus an error.
fn plus_632(apparent: f64, left_out: f64, none: f64) -> f64 {
    let gap = none - apparent;
    // No worse than no information, and no better than apparent.
    let share = if gap == 0.0 { 0.0 } else { ((left_out - apparent) / gap).clamp(0.0, 1.0) };
    let left_out = apparent + share * gap;
    let weight = 0.632 / (1.0 - 0.368 * share);
    (1.0 - weight) * apparent + weight * left_out
}

fn instability(model: &[f64], drawn: &[Replicate], base: Option<f64>, time: f64) -> Instability {
    let n = model.len();
    let refits = drawn.len() as f64;
    let mut distance = vec![0.0; n];
    let mut changed = 0.0;
    let (mut lower, mut upper) = (vec![0.0; n], vec![0.0; n]);
    let mut of_row = Vec::with_capacity(drawn.len());
    for row in 0..n {
        of_row.clear();
        of_row.extend(drawn.iter().map(|r| r.risks[row]));
        distance[row] = of_row.iter().map(|r| (r - model[row]).abs()).sum::<f64>() / refits;
        if let Some(base) = base {
            let other = |r: &&f64| (**r >= base) != (model[row] >= base);
            changed += of_row.iter().filter(other).count() as f64;
        }
        of_row.sort_unstable_by(f64::total_cmp);
        (lower[row], upper[row]) = (percentile(&of_row, 0.025), percentile(&of_row, 0.975));
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| model[a].total_cmp(&model[b]));
    let groups = TENTHS.min(n.max(1));
    let point = |k: usize| {
        let own = &order[k * n / groups..(k + 1) * n / groups];
        let mean = |v: &[f64]| own.iter().map(|&row| v[row]).sum::<f64>() / own.len() as f64;
        StabilityPoint { predicted: mean(model), lower: mean(&lower), upper: mean(&upper) }
    };
    let band = (0..groups).map(point).collect();
    let told = MOST_ROWS.min(n);
    let rows = (0..told).map(|k| order[k * n / told]).map(|row| StabilityPoint {
        predicted: model[row],
        lower: lower[row],
        upper: upper[row],
    });
    let rows = rows.collect();
    let mean_distance = distance.iter().sum::<f64>() / n as f64;
    distance.sort_unstable_by(f64::total_cmp);
    Instability {
        time,
        mean_distance,
        distance_90: percentile(&distance, 0.9),
        changed_side: base.map(|_| changed / (refits * n as f64)),
        band,
        rows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Silent;
    use crate::survival::Outcome;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha12Rng;

    #[test]
    fn the_632_estimate_by_hand() {
        // No overfitting: everything is the apparent error.
        assert!((plus_632(0.2, 0.2, 0.4) - 0.2).abs() < 1e-15);
        // Half way to no information: w = .632 / (1 − .184).
        let w = 0.632 / 0.816;
        assert!((plus_632(0.2, 0.3, 0.4) - (0.2 * (1.0 - w) + 0.3 * w)).abs() < 1e-15);
        // All the way, or beyond: no information at all.
        assert!((plus_632(0.0, 0.5, 0.4) - 0.4).abs() < 1e-15);
        // An AUC counts from the other side.
        let error = plus_632(0.1, 0.3, 0.5);
        assert!((plus_632(0.9, 0.7, 0.5) - (1.0 - error)).abs() < 1e-15);
        assert_eq!(plus_632(0.5, 0.6, 0.5), 0.5);
    }

    /// Rows with a coin for an outcome and ten coins to learn it from.
    fn noise(n: usize) -> (Outcome, Vec<[bool; 10]>) {
        let mut rng = ChaCha12Rng::seed_from_u64(8);
        let x = (0..n).map(|_| std::array::from_fn(|_| rng.random())).collect();
        let cause: Vec<u32> = (0..n).map(|_| u32::from(rng.random::<f64>() < 0.4)).collect();
        let exit = cause.iter().map(|&c| if c == 1 { 1.0 } else { 3.0 }).collect();
        (Outcome::new(None, exit, cause, vec!["event".into()]).unwrap(), x)
    }

    #[test]
    fn what_was_only_learned_by_heart_is_taken_off() {
        let (outcome, x) = noise(400);
        let clusters: Vec<u32> = (0..400).map(|row| row / 2).collect();
        // Learns the rate of events for each pattern of five coins: 32 rates from 400 rows.
        let key = |row: usize| x[row][..5].iter().fold(0, |k, &b| 2 * k + usize::from(b));
        let fit = |train: &[usize]| -> Result<Risks, String> {
            let mut seen = vec![[1.0, 2.5]; 32];
            for &row in train {
                seen[key(row)][0] += f64::from(outcome.cause()[row]);
                seen[key(row)][1] += 1.0;
            }
            Ok((0..400).map(|row| seen[key(row)]).map(|[e, n]| Some(vec![e / n])).collect())
        };
        let rows = Rows { outcome: &outcome, cause: 1, horizons: &[2.0], clusters: &clusters };
        let found = refits(rows, &fit, 60, 5, &Silent).unwrap().unwrap();
        assert_eq!((found.replicates, found.failed), (60, 0));
        let of = |metric: &str| found.optimism.iter().find(|o| o.metric == metric).unwrap();
        let auc = of("auc");
        assert!(auc.apparent.unwrap() > 0.62, "{auc:?}");
        assert!((0.45..0.58).contains(&auc.corrected.unwrap()), "{auc:?}");
        assert!((0.45..0.57).contains(&auc.left_out.unwrap()), "{auc:?}");
        assert!((0.45..0.57).contains(&auc.plus_632.unwrap()), "{auc:?}");
        assert!(of("brier").corrected.unwrap() > of("brier").apparent.unwrap());
        assert!(of("slope").corrected.unwrap() < 0.7, "{:?}", of("slope"));
        assert!(of("scaled_brier").corrected.unwrap() < 0.02);
        let moves = found.instability.unwrap();
        assert!(moves.mean_distance > 0.03 && moves.distance_90 > moves.mean_distance);
        assert!(moves.changed_side.unwrap() > 0.1);
        assert_eq!((moves.band.len(), moves.rows.len()), (10, 400));
        assert!(moves.rows.windows(2).all(|w| w[0].predicted <= w[1].predicted));
        assert!(moves.band.iter().all(|b| b.lower < b.predicted && b.predicted < b.upper));
    }

    #[test]
    fn a_constant_is_stable_and_has_no_optimism() {
        let (outcome, _) = noise(200);
        let clusters: Vec<u32> = (0..200).collect();
        let flat = |_: &[usize]| -> Result<Risks, String> { Ok(vec![Some(vec![0.4]); 200]) };
        let rows = Rows { outcome: &outcome, cause: 1, horizons: &[2.0], clusters: &clusters };
        let found = refits(rows, &flat, 20, 5, &Silent).unwrap().unwrap();
        let auc = &found.optimism[2];
        assert_eq!((auc.apparent, auc.optimism, auc.plus_632), (Some(0.5), Some(0.0), Some(0.5)));
        let moves = found.instability.unwrap();
        assert_eq!((moves.mean_distance, moves.changed_side), (0.0, Some(0.0)));
        // What fails everywhere says nothing.
        let failing = |rows: &[usize]| match rows.windows(2).all(|w| w[0] != w[1]) {
            true => Ok(vec![Some(vec![0.4]); 200]),
            false => Err("no".to_owned()),
        };
        let found = refits(rows, &failing, 20, 5, &Silent).unwrap().unwrap();
        assert_eq!((found.replicates, found.failed), (0, 20));
        assert!(found.instability.is_none() && found.optimism[2].corrected.is_none());
        assert_eq!(refits(rows, &|_| Err("no".into()), 20, 5, &Silent).unwrap(), None);
    }
}
