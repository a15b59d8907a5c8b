//! The null world: choices and outcomes made so that no policy can change anything, and the
//! placebo, which makes any records into one.
//!
//! After Bastani, Bastani and McLaughlin (2026), who show that a model which judges itself claims
//! large gains there. The children differ, and who is placed where depends on the child; the
//! outcome depends on the child alone.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::estimate::{Past, PolicyWorth, RiskModel, chances, evaluate, evaluate_given};
use super::logit::{Chosen, solve};

/// Columns of a child and of a family in the null world.
const CHILD: usize = 3;
const FAMILY: usize = 4;

/// Past choices of a world in which no family changes any outcome.
#[must_use]
pub fn null_world(choices: usize, seed: u64, world: u64) -> Vec<Past> {
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    rng.set_stream(world);
    let normal = |rng: &mut ChaCha12Rng| -> f64 { StandardNormal.sample(rng) };
    let families: Vec<Vec<f64>> =
        (0..120).map(|_| (0..FAMILY).map(|_| normal(&mut rng)).collect()).collect();
    (0..choices as u32)
        .map(|unit| {
            let child: Vec<f64> = (0..CHILD).map(|_| normal(&mut rng)).collect();
            let m = rng.random_range(2..=5);
            let mut picked: Vec<usize> = Vec::new();
            while picked.len() < m {
                let f = rng.random_range(0..families.len());
                if !picked.contains(&f) {
                    picked.push(f);
                }
            }
            // Columns: the family, and the family by the child's first trait.
            let options: Vec<Vec<f64>> = picked
                .iter()
                .map(|&f| {
                    let z = &families[f];
                    z.iter().copied().chain(z.iter().map(|v| v * child[0])).collect()
                })
                .collect();
            let eta: Vec<f64> =
                options.iter().map(|o| 0.6 * o[0] - 0.4 * o[1] + 0.4 * o[FAMILY + 2]).collect();
            let top = eta.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let e: Vec<f64> = eta.iter().map(|v| (v - top).exp()).collect();
            let mut u = rng.random::<f64>() * e.iter().sum::<f64>();
            let chosen = e.iter().position(|v| {
                u -= v;
                u < 0.0
            });
            let chosen = chosen.unwrap_or(m - 1);
            let risk = 1.0 / (1.0 + (1.2 - 0.8 * child[0] - 0.5 * child[1]).exp());
            let outcome = f64::from(u8::from(rng.random::<f64>() < risk));
            let stratum = u32::from(child[0] > 0.0) + 2 * u32::from(child[1] > 0.0);
            Past {
                choice: Chosen { options, chosen },
                first: true,
                outcome,
                weight: 1.0,
                cluster: picked[chosen] as u32,
                unit,
                stratum,
            }
        })
        .collect()
}

/// A flexible outcome model, as a forest or a boosting would be: logistic with a weak ridge on all
/// columns of the option and their products. It is fitted on `train` and answers for `test`.
#[must_use]
pub fn flexible(train: &[&Past], test: &[&Past]) -> Vec<Vec<f64>> {
    let row = |o: &[f64]| -> Vec<f64> {
        let mut x = vec![1.0];
        x.extend_from_slice(o);
        for j in 0..o.len() {
            x.extend((0..j).map(|k| o[j] * o[k]));
        }
        x
    };
    let rows: Vec<(Vec<f64>, f64)> =
        train.iter().map(|p| (row(&p.choice.options[p.choice.chosen]), p.outcome)).collect();
    let p = rows.first().map_or(0, |r| r.0.len());
    let mut coef = vec![0.0; p];
    for _ in 0..6 {
        let mut gradient: Vec<f64> = coef.iter().map(|b| -0.5 * b).collect();
        let mut information = vec![vec![0.0; p]; p];
        (0..p).for_each(|j| information[j][j] = 0.5);
        for (x, y) in &rows {
            let m = expit(dot(x, &coef));
            let v = (m * (1.0 - m)).max(1e-6);
            for j in 0..p {
                gradient[j] += (y - m) * x[j];
                for k in 0..=j {
                    information[j][k] += v * x[j] * x[k];
                }
            }
        }
        let Some(step) = solve(&information, &gradient) else { break };
        coef.iter_mut().zip(step).for_each(|(b, s)| *b += s);
    }
    let risk = |o: &Vec<f64>| expit(dot(&row(o), &coef)).clamp(1e-4, 1.0 - 1e-4);
    test.iter().map(|p| p.choice.options.iter().map(risk).collect()).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn expit(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// How one method did over many null worlds.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct MethodCoverage {
    /// The policy.
    pub policy: &'static str,
    /// The method.
    pub method: &'static str,
    /// Worlds with an estimate.
    pub worlds: u32,
    /// The mean of the estimates; the truth is 0.
    pub mean: f64,
    /// The share of the intervals that hold 0.
    pub coverage: f64,
    /// Twice the Monte-Carlo error of that share.
    pub margin: f64,
}

/// What comes of many null worlds.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct NullWorlds {
    /// The version of this contract.
    pub schema: u32,
    /// Worlds.
    pub worlds: u32,
    /// Past choices in each.
    pub choices: usize,
    /// The level of the intervals.
    pub level: f64,
    /// What a model that judges itself claims on average: the breakdowns that its own policy would
    /// save, as a share of all. The truth is 0.
    pub model_claims: f64,
    /// The estimates.
    pub methods: Vec<MethodCoverage>,
    /// Worlds in which an estimate was refused.
    pub refused: u32,
}

/// Runs null worlds. The same seed gives the same answer for any number of threads.
#[must_use]
pub fn null_worlds(worlds: u32, choices: usize, seed: u64, level: f64) -> NullWorlds {
    let each: Vec<(f64, Option<Vec<PolicyWorth>>)> = (0..u64::from(worlds))
        .into_par_iter()
        .map(|k| {
            let pasts = null_world(choices, seed, k);
            (self_judged(&pasts), evaluate(&pasts, &flexible, level))
        })
        .collect();
    let model_claims = each.iter().map(|e| e.0).sum::<f64>() / f64::from(worlds.max(1));
    let mut methods: Vec<MethodCoverage> = Vec::new();
    let mut refused = 0;
    for policy in each.iter().filter_map(|e| e.1.as_ref()).flatten() {
        refused += u32::from(policy.refused.is_some());
        for e in &policy.estimates {
            let at = methods.iter().position(|m| m.policy == policy.policy && m.method == e.method);
            let at = at.unwrap_or_else(|| {
                methods.push(MethodCoverage {
                    policy: policy.policy,
                    method: e.method,
                    worlds: 0,
                    mean: 0.0,
                    coverage: 0.0,
                    margin: 0.0,
                });
                methods.len() - 1
            });
            let m = &mut methods[at];
            m.worlds += 1;
            m.mean += e.reduction;
            m.coverage += f64::from(u8::from(e.lower <= 0.0 && 0.0 <= e.upper));
        }
    }
    for m in &mut methods {
        let n = f64::from(m.worlds.max(1));
        m.mean /= n;
        m.coverage /= n;
        m.margin = 2.0 * (m.coverage * (1.0 - m.coverage) / n).sqrt();
    }
    refused += 2 * each.iter().filter(|e| e.1.is_none()).count() as u32;
    NullWorlds { schema: 1, worlds, choices, level, model_claims, methods, refused }
}

/// The usual way: fit on all, choose by the fit, and let the fit say what that gains.
fn self_judged(pasts: &[Past]) -> f64 {
    let all: Vec<&Past> = pasts.iter().collect();
    let risks = flexible(&all, &all);
    let (mut now, mut best) = (0.0, 0.0);
    for (p, r) in pasts.iter().zip(&risks) {
        now += r[p.choice.chosen];
        best += r.iter().copied().fold(f64::INFINITY, f64::min);
    }
    if now > 0.0 { (now - best) / now } else { 0.0 }
}

/// What came of exchanging outcomes.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Placebo {
    /// Times that outcomes were exchanged.
    pub rounds: u32,
    /// The mean of the doubly robust estimates of the leaning policy; about 0 where the method is
    /// right.
    pub mean: f64,
    /// The Monte-Carlo error of the mean.
    pub error: f64,
    /// The share of the intervals that hold 0.
    pub coverage: f64,
}

impl Placebo {
    /// Whether the method finds about nothing where nothing is to be found: fewer of its intervals
    /// may miss than three times what they promise.
    #[must_use]
    pub fn passes(&self, level: f64) -> bool {
        self.coverage >= 1.0 - 3.0 * (1.0 - level)
    }
}

/// Exchanges outcomes within strata, so that no choice can have mattered, and estimates again.
#[must_use]
pub fn placebo(
    pasts: &[Past],
    risks: &RiskModel<'_>,
    rounds: u32,
    seed: u64,
    level: f64,
) -> Option<Placebo> {
    let chances = chances(pasts)?;
    let strata = strata(pasts);
    let found: Vec<Option<(f64, bool)>> = (0..u64::from(rounds))
        .into_par_iter()
        .map_init(
            || pasts.to_vec(),
            |mixed, k| {
                let mut rng = ChaCha12Rng::seed_from_u64(seed);
                rng.set_stream(k);
                exchange(pasts, &strata, &mut rng, mixed);
                let worth = evaluate_given(mixed, &chances, risks, level)?;
                let e = worth.iter().find(|w| w.policy == "leaning")?.estimates.last()?;
                Some((e.reduction, e.lower <= 0.0 && 0.0 <= e.upper))
            },
        )
        .collect();
    let found: Vec<(f64, bool)> = found.into_iter().flatten().collect();
    let n = found.len() as f64;
    if n < 2.0 {
        return None;
    }
    let mean = found.iter().map(|f| f.0).sum::<f64>() / n;
    let variance = found.iter().map(|f| (f.0 - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let coverage = found.iter().filter(|f| f.1).count() as f64 / n;
    Some(Placebo { rounds: found.len() as u32, mean, error: (variance / n).sqrt(), coverage })
}

/// The rows of each stratum.
fn strata(pasts: &[Past]) -> Vec<Vec<usize>> {
    let mut rows: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (k, p) in pasts.iter().enumerate() {
        rows.entry(p.stratum).or_default().push(k);
    }
    rows.into_values().collect()
}

/// Writes other outcomes into `mixed`, which has the same choices as `pasts`.
fn exchange(pasts: &[Past], strata: &[Vec<usize>], rng: &mut ChaCha12Rng, mixed: &mut [Past]) {
    for rows in strata {
        let mut from = rows.clone();
        from.shuffle(rng);
        for (&to, &from) in rows.iter().zip(&from) {
            (mixed[to].outcome, mixed[to].weight) = (pasts[from].outcome, pasts[from].weight);
        }
    }
}
