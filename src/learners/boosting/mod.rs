//! Gradient boosting of survival likelihoods (Friedman 2001; Newton steps as Chen & Guestrin
//! 2016), stopped early on folds of whole groups.

mod grow;
mod loss;

use ndarray::ArrayView2;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bin_tree::BinTree;
use super::binned::{Bins, Cuts};
use super::error::{LearnerError, same_length};
use super::person_period::PeriodRun;
use super::shap;
use super::survival_forest::ForestReasons;
use crate::survival::Outcome;
use grow::Ground;
use loss::{CoxLoss, DiscreteLoss, Loss, RiskSets};

/// No score leaves this range: e^30 is a hazard ratio beyond any meaning.
const FAR: f64 = 30.0;
/// Fewer events of a cause than this, and its hazard is the same for everybody.
const EVENTS: usize = 10;

/// How boosting goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoostSettings {
    /// The most trees.
    pub trees: usize,
    /// The fewest rows in a leaf.
    pub leaf: usize,
    /// The depth of a tree: how many columns act together.
    pub depth: usize,
    /// The share of a Newton step that is taken.
    pub rate: f64,
    /// It ends where the loss on held-out folds has not fallen for so many trees.
    pub patience: usize,
}

impl Default for BoostSettings {
    fn default() -> Self {
        Self { trees: 500, leaf: 10, depth: 2, rate: 0.1, patience: 30 }
    }
}

/// A small tree and what its leaves add to the score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BoostTree {
    tree: BinTree,
    value: Vec<f64>,
    /// Training rows in each leaf.
    cases: Vec<u32>,
}

/// Trees whose sum is the log hazard (or log odds) of a row, up to a baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Boosted {
    cuts: Cuts,
    trees: Vec<BoostTree>,
}

/// A boosted likelihood: on all rows, and on all but each fold.
#[derive(Debug, Clone)]
pub struct BoostFit {
    /// Trees of all rows.
    pub whole: (Boosted, Vec<f64>),
    /// Trees of all rows but those of each fold, with the same number of trees. The second of a
    /// pair is the baseline: for Cox its increments at [`BoostFit::times`], for discrete hazards
    /// the level of each band.
    pub without: Vec<(Boosted, Vec<f64>)>,
    /// Stratum and time of each event time (Cox).
    pub times: Vec<(u32, f64)>,
    /// The loss (minus the log likelihood) of all rows before the first tree and after each.
    pub losses: Vec<f64>,
    /// The same on held-out folds, summed over the folds, as far as was looked.
    pub held_out: Vec<f64>,
}

impl Boosted {
    /// Boosts the partial likelihood of a cause: late entry, strata with a baseline each. NaN is
    /// missing. `fold` says which rows are held out together. The result is the same for any
    /// number of threads.
    ///
    /// # Errors
    /// Unequal lengths, an infinite value, no columns, fewer than two folds, no event.
    pub fn cox(
        x: ArrayView2<f64>,
        y: &Outcome,
        cause: u32,
        strata: &[u32],
        fold: &[u32],
        settings: &BoostSettings,
    ) -> Result<BoostFit, LearnerError> {
        same_length("the strata", strata.len(), y.len())?;
        same_length("the design matrix", x.nrows(), y.len())?;
        check(&x, fold, settings)?;
        let sets = RiskSets::new(y, cause, strata);
        let mut fit = boost(x, fold, settings, y.events(cause), &|train| {
            Box::new(CoxLoss::new(&sets, train))
        })?;
        fit.times = sets.at;
        Ok(fit)
    }

    /// Boosts the likelihood of a cause's hazard in intervals: `runs` are the periods of the rows,
    /// in bands that share a level.
    ///
    /// # Errors
    /// As [`Boosted::cox`], and a run of a row or band that is not there.
    pub fn discrete(
        x: ArrayView2<f64>,
        runs: &[PeriodRun],
        bands: usize,
        fold: &[u32],
        settings: &BoostSettings,
    ) -> Result<BoostFit, LearnerError> {
        check(&x, fold, settings)?;
        let fits = |r: &PeriodRun| (r.row as usize) < x.nrows() && (r.band as usize) < bands;
        if !runs.iter().all(fits) {
            let why = "must be of rows and bands that are there";
            return Err(LearnerError::Setting { setting: "the periods", why });
        }
        let events = runs.iter().filter(|r| r.event).count();
        boost(x, fold, settings, events, &|train| Box::new(DiscreteLoss::new(runs, bands, train)))
    }

    /// No tree at all, for rows of these columns.
    #[must_use]
    pub fn none(x: ArrayView2<f64>) -> Self {
        Self { cuts: Cuts::learn(x), trees: Vec::new() }
    }

    /// The log hazard (or log odds) that a row has above the baseline.
    #[must_use]
    pub fn score(&self, x: &[f64]) -> f64 {
        let row = self.cuts.row(x);
        let sum: f64 = self.trees.iter().map(|t| t.value[t.tree.leaf(|c| row[c])]).sum();
        sum.clamp(-FAR, FAR)
    }

    /// What each column adds to the score (exact Shapley values by the cases in the leaves), and
    /// the mean score.
    #[must_use]
    pub fn reasons(&self, x: &[f64]) -> ForestReasons {
        let row = self.cuts.row(x);
        let mut found = ForestReasons { base: 0.0, columns: vec![0.0; self.cuts.columns()] };
        for t in &self.trees {
            let cases: Vec<f64> = t.cases.iter().map(|&c| f64::from(c)).collect();
            let total: f64 = cases.iter().sum();
            found.base += t.value.iter().zip(&cases).map(|(v, c)| v * c).sum::<f64>() / total;
            shap::of_bin_tree(&t.tree, &cases, &t.value, |c| row[c], &mut found.columns);
        }
        found
    }

    /// Trees.
    #[must_use]
    pub fn trees(&self) -> usize {
        self.trees.len()
    }

    /// How many splits use each column.
    #[must_use]
    pub fn splits(&self) -> Vec<u32> {
        BinTree::splits(self.trees.iter().map(|t| &t.tree), self.cuts.columns())
    }

    /// Whether trees that were read from a file can score rows of these columns.
    #[must_use]
    pub fn is_whole(&self, columns: usize, least: usize) -> bool {
        let tree = |t: &BoostTree| {
            let n = t.value.len();
            t.tree.is_whole(&self.cuts)
                && t.tree.leaves() == n
                && t.cases.len() == n
                && t.cases.iter().all(|&c| c as usize >= least)
                && t.value.iter().all(|v| v.is_finite())
        };
        self.cuts.is_whole(columns) && self.trees.iter().all(tree)
    }
}

fn check(x: &ArrayView2<f64>, fold: &[u32], settings: &BoostSettings) -> Result<(), LearnerError> {
    same_length("the folds", fold.len(), x.nrows())?;
    if let Some(row) = x.rows().into_iter().position(|r| r.iter().any(|v| v.is_infinite())) {
        return Err(LearnerError::NotFinite { what: "the design matrix", row });
    }
    let setting = |setting, why| Err(LearnerError::Setting { setting, why });
    if x.ncols() == 0 {
        return setting("terms", "boosting needs at least one");
    }
    if settings.leaf == 0 || settings.depth == 0 {
        return setting("leaf and depth", "must be at least 1");
    }
    if !(settings.rate > 0.0 && settings.rate <= 1.0) {
        return setting("rate", "must lie above 0 and be at most 1");
    }
    if fold.iter().all(|f| Some(f) == fold.first()) {
        let what = "boosting holds out folds of whole groups, and there is one group only";
        return Err(LearnerError::TooFew(what.into()));
    }
    Ok(())
}

/// One row of trees on its way.
struct Run<'a> {
    loss: Box<dyn Loss + Send + 'a>,
    rows: Vec<u32>,
    score: Vec<f64>,
    slope: Vec<f64>,
    curve: Vec<f64>,
    trees: Vec<BoostTree>,
    /// The baseline before the first tree and after each.
    baselines: Vec<Vec<f64>>,
    losses: Vec<f64>,
}

impl Run<'_> {
    /// Fits the baseline, and tells the losses of the rows and of those held out.
    fn look(&mut self) -> f64 {
        self.losses.push(self.loss.step(&self.score, &mut self.slope, &mut self.curve));
        self.baselines.push(self.loss.baseline());
        self.loss.held_out(&self.score)
    }

    fn grow(&mut self, ground: &Ground<'_>) {
        let tree = ground.tree(&mut self.rows, &self.slope, &self.curve, &mut self.score);
        self.score.iter_mut().for_each(|s| *s = s.clamp(-FAR, FAR));
        self.trees.push(tree);
    }

    /// The first `n` trees and their baseline.
    fn first(mut self, n: usize, cuts: &Cuts) -> (Boosted, Vec<f64>) {
        self.trees.truncate(n);
        (Boosted { cuts: cuts.clone(), trees: self.trees }, self.baselines.swap_remove(n))
    }
}

/// Boosts on all rows but each fold, side by side, until their held-out loss falls no more; then
/// on all rows as far as it fell.
fn boost<'a>(
    x: ArrayView2<f64>,
    fold: &[u32],
    settings: &BoostSettings,
    events: usize,
    loss: &(dyn Fn(Vec<bool>) -> Box<dyn Loss + Send + 'a> + Sync),
) -> Result<BoostFit, LearnerError> {
    if events == 0 {
        return Err(LearnerError::TooFew("there is no event to learn from".into()));
    }
    let cuts = Cuts::learn(x);
    let bins: Bins = cuts.bins(x);
    let cut_counts: Vec<usize> = cuts.0.iter().map(Vec::len).collect();
    let ground = Ground {
        bins: &bins,
        cut_counts: &cut_counts,
        leaf: settings.leaf,
        depth: settings.depth,
        rate: settings.rate,
    };
    let n = x.nrows();
    let start = |train: Vec<bool>| Run {
        rows: (0..n as u32).filter(|&r| train[r as usize]).collect(),
        loss: loss(train),
        score: vec![0.0; n],
        slope: vec![0.0; n],
        curve: vec![0.0; n],
        trees: Vec::new(),
        baselines: Vec::new(),
        losses: Vec::new(),
    };
    let mut folds = fold.to_vec();
    folds.sort_unstable();
    folds.dedup();
    let mut runs: Vec<Run<'_>> =
        folds.iter().map(|f| start(fold.iter().map(|g| g != f).collect())).collect();
    let look = |runs: &mut [Run<'_>]| -> f64 {
        let each: Vec<f64> = runs.par_iter_mut().map(Run::look).collect();
        each.iter().sum()
    };
    let mut held_out = vec![look(&mut runs)];
    let mut best = 0;
    let most = if events < EVENTS { 0 } else { settings.trees };
    while held_out.len() <= most && held_out.len() - 1 - best < settings.patience {
        runs.par_iter_mut().for_each(|run| run.grow(&ground));
        held_out.push(look(&mut runs));
        // A trace of a gain is no reason for more trees.
        if held_out[held_out.len() - 1] < held_out[best] - 1e-9 * held_out[best].abs() {
            best = held_out.len() - 1;
        }
    }
    let mut whole = start(vec![true; n]);
    whole.look();
    for _ in 0..best {
        whole.grow(&ground);
        whole.look();
    }
    let losses = whole.losses.clone();
    Ok(BoostFit {
        whole: whole.first(best, &cuts),
        without: runs.into_iter().map(|r| r.first(best, &cuts)).collect(),
        times: Vec::new(),
        losses,
        held_out,
    })
}

#[cfg(test)]
mod tests;
