//! Which λ predicts best: cross-validation with groups kept together.

use rayon::prelude::*;

use super::problem::Problem;
use super::{ElasticNet, NetPath};
use crate::survival::{FitError, Sample};

/// A path, and how well each of its λ predicted rows that were held out.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NetValidation {
    /// The path on all rows.
    pub path: NetPath,
    /// By λ: the held-out deviance per event (Verweij & van Houwelingen 1993: the deviance of all
    /// rows less that of the training rows, at the training rows' coefficients).
    pub deviance: Vec<f64>,
    /// Its standard error over the folds.
    pub se: Vec<f64>,
    /// The λ with the least deviance.
    pub best: usize,
    /// The largest λ whose deviance is within a standard error of the least.
    pub within_one_se: usize,
}

impl ElasticNet {
    /// Cross-validates the path: `folds` gives each row's fold (0, 1, …), and rows that belong
    /// together (a child, a family) must have the same one.
    ///
    /// # Errors
    /// As [`ElasticNet::path`]; fewer than three folds, folds of another length, or a fold without
    /// events, or with all of them.
    pub fn cross_validate(
        &self,
        sample: &Sample,
        cause: u32,
        folds: &[u32],
    ) -> Result<NetValidation, FitError> {
        if folds.len() != sample.len() {
            let (found, expected) = (folds.len(), sample.len());
            return Err(FitError::Shape { what: "the list of folds", found, expected });
        }
        let path = self.path(sample, cause)?;
        let mut numbers: Vec<u32> = folds.to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        let wrong = |why: String| FitError::Setting { setting: "folds", why };
        if numbers.len() < 3 {
            return Err(wrong("cross-validation needs at least three".into()));
        }
        let total = sample.outcome().events(cause);
        let weight = |fold: u32| -> (usize, f64) {
            let events = (0..folds.len())
                .filter(|&i| folds[i] == fold && sample.outcome().cause()[i] == cause);
            events.fold((0, 0.0), |(n, w), i| (n + 1, w + sample.weights().map_or(1.0, |v| v[i])))
        };
        let weights: Vec<f64> = numbers
            .iter()
            .map(|&fold| match weight(fold) {
                (0, _) => Err(wrong(format!("fold {fold} has no event: take fewer folds"))),
                (n, _) if n == total => Err(wrong(format!("fold {fold} has all events"))),
                (_, w) => Ok(w),
            })
            .collect::<Result<_, _>>()?;
        let whole = self.problem(sample, cause, |_| true)?;
        let one = |&fold: &u32| -> Result<Vec<f64>, FitError> {
            let rest = self.problem(sample, cause, |i| folds[i] != fold)?;
            let trained = self.walk(sample, &rest, Some(&path.lambda))?;
            let all = logliks(&whole, &trained)?;
            let gap = all.iter().zip(&trained.loglik).map(|(all, own)| {
                let whole_deviance = 2.0 * (whole.saturated * whole.total - all);
                whole_deviance - 2.0 * (rest.saturated * rest.total - own)
            });
            Ok(gap.collect())
        };
        let deviances: Vec<Vec<f64>> =
            numbers.par_iter().map(one).collect::<Result<Vec<_>, _>>()?;
        Ok(summary(path, &deviances, &weights))
    }
}

/// The log likelihood of all rows at the coefficients of another path.
fn logliks(problem: &Problem, path: &NetPath) -> Result<Vec<f64>, FitError> {
    let mut state =
        problem.null().ok_or_else(|| FitError::Start { why: "the offset is too wide".into() })?;
    let mut at = vec![0.0; problem.p];
    let one = |k: usize| {
        let mut changes = Vec::new();
        for j in (0..problem.p).filter(|&j| problem.varies[j]) {
            let beta = path.coef[[k, j]] * problem.scale[j];
            if beta != at[j] {
                changes.push((j, beta - at[j]));
                at[j] = beta;
            }
        }
        problem.step(&mut state, &changes).ok_or_else(|| FitError::Start {
            why: "a held-out row is too far from the others".into(),
        })?;
        Ok(problem.loglik(&state) * problem.total)
    };
    (0..path.lambda.len()).map(one).collect()
}

/// Means per event, weighted by the folds' events, and which λ is best.
fn summary(path: NetPath, deviances: &[Vec<f64>], weights: &[f64]) -> NetValidation {
    let all: f64 = weights.iter().sum();
    let folds = weights.len() as f64;
    let (mut deviance, mut se) = (Vec::new(), Vec::new());
    for k in 0..path.lambda.len() {
        let each: Vec<f64> = deviances.iter().zip(weights).map(|(d, w)| d[k] / w).collect();
        let mean = each.iter().zip(weights).map(|(d, w)| d * w).sum::<f64>() / all;
        let spread =
            each.iter().zip(weights).map(|(d, w)| w * (d - mean) * (d - mean)).sum::<f64>() / all;
        deviance.push(mean);
        se.push((spread / (folds - 1.0)).sqrt());
    }
    let best = (0..deviance.len())
        .min_by(|&a, &b| deviance[a].total_cmp(&deviance[b]).then(a.cmp(&b)))
        .unwrap_or(0);
    let limit = deviance[best] + se[best];
    let within_one_se = (0..=best).find(|&k| deviance[k] <= limit).unwrap_or(best);
    NetValidation { path, deviance, se, best, within_one_se }
}
