//! A Cox model from several imputations, as it is kept: the hazards of each, their pooled effects,
//! and what stands in for a value that is unknown at the moment of use.

use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use crate::model::grid::Ends;
use crate::model::hazards::{Chosen, Estimate, Proportional, is_covariance, quadratic};
use crate::survival::linalg::Cholesky;

/// The hazards of several imputations of the same rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Imputed {
    /// One per imputation.
    pub(crate) models: Vec<Proportional>,
    /// The effects on the cause that is asked, by Rubin's rules.
    pub(crate) pooled: PooledEffect,
    /// The covariance of the columns of the design among training rows, over all imputations.
    pub(crate) columns: Vec<Vec<f64>>,
}

/// Pooled effects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PooledEffect {
    /// The mean of the estimates.
    pub(crate) coef: Vec<f64>,
    /// Within and between imputations.
    pub(crate) covariance: Vec<Vec<f64>>,
}

/// What is not known of a row: columns of the design, and their covariance given the others.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Unknown {
    columns: Vec<usize>,
    covariance: Vec<Vec<f64>>,
}

/// Where and from when to when a row is asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'r> {
    pub(crate) landmark: usize,
    pub(crate) stratum: Option<&'r str>,
    pub(crate) x: &'r [f64],
    pub(crate) offset: f64,
    pub(crate) from: f64,
    pub(crate) to: f64,
}

impl Imputed {
    /// Fills in the columns that are unknown: their most likely value given the known ones, as of
    /// a multivariate normal distribution. `x` holds columns less their means.
    pub(crate) fn fill(&self, x: &mut [f64], unknown: &[usize]) -> Unknown {
        if unknown.is_empty() {
            return Unknown::default();
        }
        let known: Vec<usize> = (0..x.len()).filter(|j| !unknown.contains(j)).collect();
        let v = &self.columns;
        let among =
            Array2::from_shape_fn((known.len(), known.len()), |(i, j)| v[known[i]][known[j]]);
        let factor = Cholesky::new(&among, 1e-9);
        let given: Array1<f64> = known.iter().map(|&j| x[j]).collect();
        let solved = factor.solve(given.view());
        let slopes: Vec<Array1<f64>> = unknown
            .iter()
            .map(|&u| factor.solve(known.iter().map(|&j| v[u][j]).collect::<Array1<f64>>().view()))
            .collect();
        for &u in unknown {
            x[u] = known.iter().zip(&solved).map(|(&j, s)| v[u][j] * s).sum();
        }
        let left = |a: usize, b: usize| {
            let told: f64 = known.iter().zip(&slopes[b]).map(|(&j, s)| v[unknown[a]][j] * s).sum();
            v[unknown[a]][unknown[b]] - told
        };
        let covariance =
            (0..unknown.len()).map(|a| (0..unknown.len()).map(|b| left(a, b)).collect()).collect();
        Unknown { columns: unknown.to_vec(), covariance }
    }

    /// The edges that the baselines of all imputations cover.
    pub(crate) fn edges(&self, landmark: usize, stratum: Option<&str>) -> [f64; 2] {
        let edges = |m: &'_ Proportional| {
            let edges = &m.baselines[landmark].choose(stratum).baseline.edges;
            [edges.first().copied().unwrap_or(0.0), edges.last().copied().unwrap_or(0.0)]
        };
        let join = |a: [f64; 2], b: [f64; 2]| [a[0].max(b[0]), a[1].min(b[1])];
        self.models.iter().map(edges).reduce(join).unwrap_or([0.0; 2])
    }

    /// The probability of every end: the mean over imputations, so that they still add up to one.
    pub(crate) fn ends(&self, asked: Asked<'_>) -> Option<Ends> {
        let mut sum: Option<Ends> = None;
        for model in &self.models {
            let base = model.baselines[asked.landmark].choose(asked.stratum).baseline;
            let ends = model.ends(base, asked.x, asked.offset, asked.from, asked.to)?;
            sum = Some(match sum {
                None => ends,
                Some(mut sum) => {
                    sum.survival += ends.survival;
                    sum.incidence.iter_mut().zip(&ends.incidence).for_each(|(s, i)| *s += i);
                    sum
                }
            });
        }
        let m = self.models.len() as f64;
        sum.map(|mut sum| {
            sum.survival /= m;
            sum.incidence.iter_mut().for_each(|i| *i /= m);
            sum
        })
    }

    /// The risk of the first cause, with its variance by Rubin's rules (1987), and for what is
    /// not known of the row.
    pub(crate) fn risk(&self, asked: Asked<'_>, unknown: &Unknown) -> Option<Estimate> {
        let (mut values, mut within) = (Vec::new(), 0.0);
        for model in &self.models {
            let chosen = model.baselines[asked.landmark].choose(asked.stratum);
            let Asked { x, offset, from, to, .. } = asked;
            let e = model.risk(chosen, x, offset, from, to, 0)?;
            values.push(e.value);
            within += e.variance;
        }
        let m = values.len() as f64;
        let value = values.iter().sum::<f64>() / m;
        let between = values.iter().map(|v| (v - value).powi(2)).sum::<f64>() / (m - 1.0);
        let open = self.open(asked, unknown)?;
        let variance = within / m + (1.0 + 1.0 / m) * between + open;
        variance.is_finite().then_some(Estimate { value, variance: variance.max(0.0) })
    }

    /// The variance of the risk that comes from what is not known of the row.
    pub(crate) fn open(&self, asked: Asked<'_>, unknown: &Unknown) -> Option<f64> {
        if unknown.columns.is_empty() {
            return Some(0.0);
        }
        let of = |model: &Proportional| {
            let chosen = model.baselines[asked.landmark].choose(asked.stratum);
            let moves = moves(model, chosen, asked, unknown)?;
            Some(quadratic(&moves, &unknown.covariance))
        };
        let all: Option<Vec<f64>> = self.models.iter().map(of).collect();
        all.map(|v| (v.iter().sum::<f64>() / v.len() as f64).max(0.0))
    }

    /// Whether lengths and values that were read from a file fit.
    pub(crate) fn check(&self, causes: usize, columns: usize, landmarks: usize) -> bool {
        self.models.len() >= 2
            && self.models.iter().all(|m| !m.subdistribution && m.check(causes, columns, landmarks))
            && self.pooled.coef.len() == columns
            && self.pooled.coef.iter().all(|b| b.is_finite())
            && is_covariance(&self.pooled.covariance, columns)
            && is_covariance(&self.columns, columns)
    }
}

/// How the risk moves with the columns that are unknown.
fn moves(
    model: &Proportional,
    chosen: Chosen<'_>,
    asked: Asked<'_>,
    unknown: &Unknown,
) -> Option<Vec<f64>> {
    let Asked { x, offset, from, to, .. } = asked;
    let by_cause = model.by_log_hazard(chosen.baseline, x, offset, from, to)?;
    let of = |&column: &usize| {
        let effects = model.effects.iter().zip(&by_cause);
        effects.map(|(e, slope)| e.coef.get(column).map_or(0.0, |b| b * slope)).sum()
    };
    Some(unknown.columns.iter().map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(columns: Vec<Vec<f64>>) -> Imputed {
        let pooled = PooledEffect { coef: Vec::new(), covariance: Vec::new() };
        Imputed { models: Vec::new(), pooled, columns }
    }

    #[test]
    fn what_is_unknown_is_told_by_what_is_known() {
        // Two columns with variances 4 and 1 and correlation 0.5.
        let imputed = columns(vec![vec![4.0, 1.0], vec![1.0, 1.0]]);
        let mut x = [9.0, 2.0];
        let unknown = imputed.fill(&mut x, &[0]);
        assert!((x[0] - 2.0).abs() < 1e-12, "slope 1 on the second: {x:?}");
        assert!((unknown.covariance[0][0] - 3.0).abs() < 1e-12);
        // With nothing known the mean stands in, with its whole variance.
        let mut x = [9.0, 9.0];
        let unknown = imputed.fill(&mut x, &[0, 1]);
        assert_eq!(x, [0.0, 0.0]);
        assert_eq!(unknown.covariance, imputed.columns);
        assert_eq!(imputed.fill(&mut x, &[]), Unknown::default());
    }

    #[test]
    fn a_column_that_says_the_same_twice_does_no_harm() {
        let imputed = columns(vec![vec![1.0, 1.0, 0.8], vec![1.0, 1.0, 0.8], vec![0.8, 0.8, 1.0]]);
        let mut x = [0.5, 0.5, 0.0];
        let unknown = imputed.fill(&mut x, &[2]);
        assert!((x[2] - 0.4).abs() < 1e-9);
        assert!((unknown.covariance[0][0] - 0.36).abs() < 1e-9);
    }
}
