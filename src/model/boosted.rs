//! Boosted hazards: the risk of one row, and its spread over the folds that were held out.

use serde::{Deserialize, Serialize};

use super::grid::{self, Ends, Part};
use super::hazards::Estimate;
use super::study::Likelihood;
use super::survival_forests::LEAST;
use crate::learners::{Boosted, ForestReasons, probability};

/// No level of log odds lies further out.
const FAR: f64 = 60.0;

/// The hazard of one cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BoostedCause {
    pub(crate) trees: Boosted,
    /// For each landmark and cell: the increment of the baseline's cumulative hazard (Cox), or
    /// the log odds in the interval (discrete).
    pub(crate) baseline: Vec<Vec<f64>>,
}

/// Boosted hazards of every cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BoostedHazards {
    pub(crate) likelihood: Likelihood,
    /// The edges of the cells, counted from the landmark (or the start), for each landmark.
    pub(crate) edges: Vec<Vec<f64>>,
    /// Of all rows first, then without each fold; each holds every cause, in the model's order.
    pub(crate) members: Vec<Vec<BoostedCause>>,
}

impl BoostedHazards {
    /// Cumulative hazards of each cause over parts of cells. `None` where discrete hazards of all
    /// causes reach 1.
    fn hazards(
        &self,
        member: &[BoostedCause],
        landmark: usize,
        x: &[f64],
        parts: &[Part],
    ) -> Option<Vec<Vec<f64>>> {
        let score: Vec<f64> = member.iter().map(|c| c.trees.score(x)).collect();
        let at = |k: usize, p: &Part| member[k].baseline[landmark][p.cell];
        let causes = 0..member.len();
        if self.likelihood == Likelihood::Cox {
            let of = |k: usize| parts.iter().map(|p| at(k, p) * score[k].exp() * p.share).collect();
            return Some(causes.map(of).collect());
        }
        let mut all: Vec<Vec<f64>> = causes
            .map(|k| parts.iter().map(|p| probability(at(k, p) + score[k])).collect())
            .collect();
        for (i, part) in parts.iter().enumerate() {
            let total: f64 = all.iter().map(|h| h[i]).sum();
            if total.is_nan() || total >= 1.0 - 1e-9 {
                return None;
            }
            // Survived with 1 − H: a cumulative hazard of −log(1 − H), shared in proportion.
            let factor = if total > 0.0 { -(-total).ln_1p() / total } else { 1.0 };
            all.iter_mut().for_each(|h| h[i] *= factor * part.share);
        }
        Some(all)
    }

    fn of_member(
        &self,
        member: &[BoostedCause],
        landmark: usize,
        x: &[f64],
        from: f64,
        to: f64,
    ) -> Option<Ends> {
        let parts = grid::parts(&self.edges[landmark], from, to)?;
        Some(grid::ends(&self.hazards(member, landmark, x, &parts)?))
    }

    /// The probability of every end between `from` and `to`, counted from the landmark.
    pub(crate) fn ends(&self, landmark: usize, x: &[f64], from: f64, to: f64) -> Option<Ends> {
        self.of_member(&self.members[0], landmark, x, from, to)
    }

    /// The probability of the first cause, with its variance: the jackknife that leaves out a
    /// fold of groups at a time (Efron & Stein 1981).
    pub(crate) fn risk(&self, landmark: usize, x: &[f64], from: f64, to: f64) -> Option<Estimate> {
        let value = self.ends(landmark, x, from, to)?.incidence[0];
        let others = self.members[1..].iter();
        let without: Option<Vec<f64>> =
            others.map(|m| Some(self.of_member(m, landmark, x, from, to)?.incidence[0])).collect();
        let without = without?;
        let n = without.len() as f64;
        let mean = without.iter().sum::<f64>() / n;
        let squares: f64 = without.iter().map(|r| (r - mean).powi(2)).sum();
        let variance = (n - 1.0) / n * squares;
        (value.is_finite() && variance.is_finite()).then_some(Estimate { value, variance })
    }

    /// What each column adds to the log hazard (log odds) of the first cause.
    pub(crate) fn reasons(&self, x: &[f64]) -> ForestReasons {
        self.members[0][0].trees.reasons(x)
    }

    /// Whether lengths and values that were read from a file fit.
    pub(crate) fn check(&self, causes: usize, columns: usize, landmarks: usize) -> bool {
        let edges = |e: &Vec<f64>| {
            e.len() >= 2 && e.windows(2).all(|w| w[0] < w[1]) && e.iter().all(|e| e.is_finite())
        };
        let number = |v: &f64| match self.likelihood {
            Likelihood::Cox => v.is_finite() && *v >= 0.0,
            Likelihood::Discrete => v.abs() <= FAR,
        };
        let cause = |c: &BoostedCause| {
            let fits =
                |(b, e): (&Vec<f64>, &Vec<f64>)| b.len() + 1 == e.len() && b.iter().all(number);
            c.trees.is_whole(columns, LEAST)
                && c.baseline.len() == landmarks
                && c.baseline.iter().zip(&self.edges).all(fits)
        };
        self.edges.len() == landmarks
            && self.edges.iter().all(edges)
            && self.members.len() >= 3
            && self.members.iter().all(|m| m.len() == causes && m.iter().all(cause))
    }
}
