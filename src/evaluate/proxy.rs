//! Proxies: how well the terms of a model tell an attribute that the model does not see.
//!
//! A model can treat a group differently without knowing who belongs to it, where its terms give
//! it away. A logistic regression (linfa) of the attribute on the model's own terms is learned on
//! folds that split no cluster, and its AUC on rows that it never saw says how much they tell: 0.5
//! is nothing. It says nothing of harm by itself.

use ndarray::Array2;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::features::Recipe;
use crate::learners::{Logistic, PeriodRun};
use crate::model::Prepared;
use crate::resample::{ClusterBootstrap, Split, grouped_folds};
use crate::survival::Outcome;

use super::attributes::Attribute;
use super::summary::interval;
use super::{EvaluateError, Interval, Observed, Predicted, auc};

/// Fewer clusters on one side say nothing.
const FEWEST: usize = 10;

/// How well the terms tell one level of an attribute from the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proxy {
    /// The attribute.
    pub column: String,
    /// The level that is told from all others.
    pub level: String,
    /// Rows whose attribute is known.
    pub n: usize,
    /// Rows of the level among them.
    pub with: usize,
    /// The AUC on rows that were not learned from; null where there is too little data.
    pub auc: Interval,
    /// Fewer than ten clusters with or without the level: nothing can be said.
    pub too_little_data: bool,
}

/// How the proxies of a study are judged.
pub(super) struct Proxies<'a> {
    pub prepared: &'a Prepared,
    pub clusters: &'a [u32],
    pub folds: usize,
    pub bootstrap: usize,
    pub seed: u64,
}

impl Proxies<'_> {
    /// The proxies of an attribute: for two levels the rarer one says all, for more each.
    pub(super) fn of(&self, attribute: &Attribute) -> Result<Vec<Proxy>, EvaluateError> {
        let known: Vec<usize> =
            (0..attribute.levels.len()).filter(|&r| attribute.levels[r].is_some()).collect();
        let mut levels: std::collections::BTreeMap<&str, usize> = Default::default();
        for level in attribute.levels.iter().flatten() {
            *levels.entry(level).or_default() += 1;
        }
        let mut levels: Vec<(&str, usize)> = levels.into_iter().collect();
        if levels.len() < 2 {
            return Ok(Vec::new());
        }
        if levels.len() == 2 {
            levels.sort_by_key(|&(_, n)| n);
            levels.truncate(1);
        }
        levels.into_iter().map(|(level, _)| self.of_level(attribute, &known, level)).collect()
    }

    fn of_level(
        &self,
        attribute: &Attribute,
        known: &[usize],
        level: &str,
    ) -> Result<Proxy, EvaluateError> {
        let has: Vec<bool> =
            known.iter().map(|&r| attribute.levels[r].as_deref() == Some(level)).collect();
        let clusters: Vec<u32> = known.iter().map(|&r| self.clusters[r]).collect();
        let mut proxy = Proxy {
            column: attribute.column.clone(),
            level: level.to_owned(),
            n: known.len(),
            with: has.iter().filter(|&&h| h).count(),
            auc: Interval::default(),
            too_little_data: true,
        };
        let sides = [true, false].map(|side| {
            let own = has.iter().zip(&clusters).filter(|&(&h, _)| h == side);
            own.map(|(_, &c)| c).collect::<std::collections::BTreeSet<u32>>().len()
        });
        if sides.iter().any(|&n| n < FEWEST) {
            return Ok(proxy);
        }
        let Ok(folds) = grouped_folds(&clusters, &has, self.folds, 1, self.seed) else {
            return Ok(proxy);
        };
        // A fold in which nothing can be learned says nothing: its rows are left out.
        let found: Vec<Option<Vec<f64>>> =
            folds.par_iter().map(|fold| self.learn(known, &has, fold)).collect();
        let (mut rows, mut chance, mut fits) = (Vec::<usize>::new(), Vec::new(), Vec::new());
        for (k, (fold, found)) in folds.iter().zip(&found).enumerate() {
            let Some(found) = found else { continue };
            rows.extend(&fold.test);
            chance.extend(found);
            fits.extend(fold.test.iter().map(|_| k as u32));
        }
        if rows.is_empty() {
            return Ok(proxy);
        }
        let has: Vec<bool> = rows.iter().map(|&r| has[r]).collect();
        let clusters: Vec<u32> = rows.iter().map(|&r| clusters[r]).collect();
        proxy.auc = self.auc(&has, chance, fits, &clusters)?;
        proxy.too_little_data = proxy.auc.mean.is_none();
        Ok(proxy)
    }

    /// The chance of the level in each test row, learned on the others.
    fn learn(&self, known: &[usize], has: &[bool], fold: &Split) -> Option<Vec<f64>> {
        let frame = |rows: &[usize]| {
            let rows: Vec<usize> = rows.iter().map(|&r| known[r]).collect();
            self.prepared.frame.select(&rows)
        };
        let train = frame(&fold.train);
        let recipe = Recipe::fit(&train, &self.prepared.terms, self.prepared.options).ok()?;
        let design = recipe.matrix(&train).ok()?;
        let means = design.x.mean_axis(ndarray::Axis(0))?;
        let runs: Vec<PeriodRun> = design
            .kept_rows
            .iter()
            .enumerate()
            .map(|(row, &kept)| PeriodRun {
                row: row as u32,
                band: 0,
                periods: 1,
                event: has[fold.train[kept]],
            })
            .collect();
        // One band is the intercept.
        let fit = Logistic::fit_periods(&(&design.x - &means), &runs, 1, None).ok()?;
        let coef = ndarray::Array1::from_vec(fit.coef[1..].to_vec());
        let test = recipe.apply(&frame(&fold.test)).ok()?;
        let x: Array2<f64> = &test.x - &means;
        let score = x.dot(&coef);
        // A row that the terms cannot read tells nothing: it gets the middle.
        let mut chance = vec![0.5; fold.test.len()];
        for (&row, s) in test.kept_rows.iter().zip(score) {
            chance[row] = crate::learners::probability(s + fit.coef[0]);
        }
        Some(chance)
    }

    /// The AUC with the interval of a cluster bootstrap. Having the level is an event at 1,
    /// not having it is lasting beyond 1.5: nothing is censored before, and every row counts once.
    fn auc(
        &self,
        has: &[bool],
        chance: Vec<f64>,
        fits: Vec<u32>,
        clusters: &[u32],
    ) -> Result<Interval, EvaluateError> {
        let exit = has.iter().map(|&h| if h { 1.0 } else { 2.0 }).collect();
        let cause = has.iter().map(|&h| u32::from(h)).collect();
        let Ok(outcome) = Outcome::new(None, exit, cause, vec!["level".into()]) else {
            return Ok(Interval::default());
        };
        let observed = Observed::new(&outcome, 1, &[1.5])?;
        let predicted = Predicted::new(&observed, vec![chance])?.by_fit(fits)?;
        let now = auc(&observed.weigh(None)?, &predicted, 0);
        let draws = ClusterBootstrap::new(clusters, self.seed);
        let drawn: Vec<Option<f64>> = (0..self.bootstrap as u64)
            .into_par_iter()
            .map(|replicate| {
                let weights = observed.weigh(Some(draws.counts(replicate)))?;
                Ok(auc(&weights, &predicted, 0))
            })
            .collect::<Result<_, EvaluateError>>()?;
        Ok(interval(now, drawn.into_iter()))
    }
}
