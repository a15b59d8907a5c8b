//! Trees on a weighted 0/1 outcome, with an interval: smartcore grows them.

use ndarray::ArrayView2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use smartcore::ensemble::extra_trees_regressor::{
    ExtraTreesRegressor, ExtraTreesRegressorParameters,
};
use smartcore::ensemble::random_forest_regressor::{
    RandomForestRegressor, RandomForestRegressorParameters,
};
use smartcore::linalg::basic::matrix::DenseMatrix;

use super::error::{LearnerError, same_length};
use super::gradient;
use super::survival_forest::ForestReasons;
use super::tree::{SmartcoreNode, Tree};

type Smartcore = RandomForestRegressor<f64, f64, DenseMatrix<f64>, Vec<f64>>;
type Extra = ExtraTreesRegressor<f64, f64, DenseMatrix<f64>, Vec<f64>>;

/// Trees that share one half of the clusters.
const BAG: usize = 4;
/// Halves of the clusters on which boosted trees are grown, all of them on each.
const BOOSTED_BAGS: usize = 10;
/// No tree is deeper: a walk through a degenerate column must end.
pub(super) const DEPTH: u16 = 64;

/// How the trees of a forest are grown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Growth {
    /// Each on a bootstrap, by the best cuts of columns drawn at random (Breiman 2001).
    Bootstrap,
    /// Extremely random (Geurts, Ernst & Wehenkel 2006): no bootstrap within a half, and the best
    /// of cuts that are drawn, one per column.
    Extra,
    /// One after another, each on what those before it leave (Friedman 2001; Chen & Guestrin 2016),
    /// in ten bags; as many as predict the halves best that did not grow them.
    Boosted {
        /// The share of a step that each tree takes, above 0 and at most 1.
        rate: f64,
    },
}

/// How a forest grows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ForestSettings {
    /// Trees; rounded up to whole bags of four, at least two bags. Boosted ones: the most, in each
    /// of ten bags.
    pub trees: usize,
    /// The fewest distinct rows in a leaf.
    pub leaf: usize,
    /// The greatest depth of a tree (at most 64).
    pub depth: Option<u16>,
    /// How its trees are grown.
    pub growth: Growth,
    /// The seed.
    pub seed: u64,
}

/// A forest without its rows: splits and the means of leaves.
///
/// The trees come in little bags: each bag grows on a random half of the clusters, so that the
/// spread between bags shows how the prediction would differ in another sample of clusters
/// (Sexton & Laake 2009; Athey, Tibshirani & Wager 2019).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forest {
    columns: usize,
    bags: Vec<Vec<Tree>>,
    /// Whether the trees of a bag add up to its prediction, of which theirs is else the mean.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    boosted: bool,
}

impl Forest {
    /// Grows a forest of the weighted mean of `y` by the columns of `x` (rows × columns). Rows
    /// with weight 0 take no part; rows of one cluster stay together in the halves.
    ///
    /// The result is the same for any number of threads.
    ///
    /// # Errors
    /// Unequal lengths, values that are not finite, negative weights, no columns, or fewer than
    /// four leaves' worth of rows.
    pub fn fit(
        x: ArrayView2<f64>,
        y: &[bool],
        weights: &[f64],
        clusters: &[u32],
        settings: &ForestSettings,
    ) -> Result<Self, LearnerError> {
        let y: Vec<f64> = y.iter().map(|&y| f64::from(u8::from(y))).collect();
        Self::fit_values(x, &y, weights, clusters, settings)
    }

    /// The same for numbers whose mean is a probability, such as pseudo-values; the mean of a leaf
    /// is brought within 0 and 1.
    ///
    /// # Errors
    /// As [`Forest::fit`], or a number that is not finite.
    pub fn fit_values(
        x: ArrayView2<f64>,
        y: &[f64],
        weights: &[f64],
        clusters: &[u32],
        settings: &ForestSettings,
    ) -> Result<Self, LearnerError> {
        check(&x, y, weights, clusters, settings)?;
        let boosted = matches!(settings.growth, Growth::Boosted { .. });
        let (weighted, rows) = gradient::as_outcome(y, weights, boosted);
        let y = weighted.as_deref().unwrap_or(y);
        if rows.len() < 4 * settings.leaf {
            return Err(LearnerError::TooFew(format!(
                "{} rows with a known outcome are too few for leaves of {}",
                rows.len(),
                settings.leaf
            )));
        }
        let bags = if boosted { BOOSTED_BAGS } else { settings.trees.div_ceil(BAG).max(2) };
        let bags: Vec<(Vec<usize>, u64)> = (0..bags)
            .map(|bag| {
                let mut rng = ChaCha12Rng::seed_from_u64(settings.seed);
                rng.set_stream(bag as u64);
                (half(&rows, clusters, &mut rng), rng.random())
            })
            .collect();
        let bags: Vec<Vec<Tree>> = if let Growth::Boosted { rate } = settings.growth {
            let halves = bags.into_iter().map(|(half, _)| half).collect();
            gradient::boost(&x, y, &rows, halves, settings, rate)?
        } else {
            let grown =
                bags.par_iter().map(|(half, seed)| grow(&x, y, weights, half, settings, *seed));
            grown.collect::<Result<_, _>>()?
        };
        Ok(Self { columns: x.ncols(), bags, boosted })
    }

    /// The prediction for a row of as many columns as in training, and its variance: of the means
    /// of the bags. The variance keeps the noise of having few trees in a bag, and so errs on the
    /// wide side. The sum of boosted trees is brought within 0 and 1.
    #[must_use]
    pub fn predict(&self, x: &[f64]) -> (f64, f64) {
        let of = |bag: &Vec<Tree>| bag.iter().map(|t| t.predict(x)).sum::<f64>() * self.share(bag);
        let means: Vec<f64> = self.bags.iter().map(of).collect();
        let n = means.len() as f64;
        let mean = means.iter().sum::<f64>() / n;
        let variance = means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / (n - 1.0);
        (if self.boosted { mean.clamp(0.0, 1.0) } else { mean }, variance)
    }

    /// What a tree counts in its bag's prediction.
    fn share(&self, bag: &[Tree]) -> f64 {
        if self.boosted { 1.0 } else { 1.0 / bag.len() as f64 }
    }

    /// What each column adds to the prediction for a row: exact Shapley values by the cases in the
    /// leaves (Lundberg, Erion & Lee 2018). Base and contributions sum to the prediction: where that
    /// of boosted trees was brought within 0 and 1, all contributions are shortened alike.
    #[must_use]
    pub fn reasons(&self, x: &[f64]) -> ForestReasons {
        let mut found = ForestReasons { base: 0.0, columns: vec![0.0; self.columns] };
        for bag in &self.bags {
            let share = self.share(bag) / self.bags.len() as f64;
            for tree in bag {
                found.base += share * tree.mean();
                tree.contributions(x, share, &mut found.columns);
            }
        }
        let total = found.base + found.columns.iter().sum::<f64>();
        if self.boosted && !(0.0..=1.0).contains(&total) {
            found.base = found.base.clamp(0.0, 1.0);
            let asked = total.clamp(0.0, 1.0) - found.base;
            let all = found.columns.iter().sum::<f64>();
            let shorter = if all == 0.0 { 0.0 } else { asked / all };
            found.columns.iter_mut().for_each(|c| *c *= shorter);
        }
        found
    }

    /// The columns of a row.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// How many splits use each column.
    #[must_use]
    pub fn splits(&self) -> Vec<u32> {
        let mut counts = vec![0; self.columns];
        self.bags.iter().flatten().for_each(|t| t.count_splits(&mut counts));
        counts
    }

    /// Whether a forest that was read from a file can predict.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let tree = |t: &Tree| t.is_whole(self.columns) && (self.boosted || t.holds_probabilities());
        let trees = |bag: &Vec<Tree>| !bag.is_empty() && bag.iter().all(tree);
        self.bags.len() >= 2 && self.bags.iter().all(trees)
    }
}

fn check(
    x: &ArrayView2<f64>,
    y: &[f64],
    weights: &[f64],
    clusters: &[u32],
    settings: &ForestSettings,
) -> Result<(), LearnerError> {
    same_length("the outcome", y.len(), x.nrows())?;
    same_length("the weights", weights.len(), x.nrows())?;
    same_length("the clusters", clusters.len(), x.nrows())?;
    if let Some(row) = x.rows().into_iter().position(|r| r.iter().any(|v| !v.is_finite())) {
        return Err(LearnerError::NotFinite { what: "the design matrix", row });
    }
    if let Some(row) = y.iter().position(|y| !y.is_finite()) {
        return Err(LearnerError::NotFinite { what: "the outcome", row });
    }
    if let Some(row) = weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
        return Err(LearnerError::NotFinite { what: "the weights", row });
    }
    if x.ncols() == 0 {
        return Err(LearnerError::Setting { setting: "terms", why: "a forest needs at least one" });
    }
    if settings.leaf == 0 {
        return Err(LearnerError::Setting { setting: "leaf", why: "must be at least 1" });
    }
    if let Growth::Boosted { rate } = settings.growth
        && !(rate > 0.0 && rate <= 1.0 && settings.trees > 0)
    {
        let why = "must lie above 0 and be at most 1, with at least one tree";
        return Err(LearnerError::Setting { setting: "rate", why });
    }
    Ok(())
}

/// The rows of a random half of the clusters, in their order.
fn half(rows: &[usize], clusters: &[u32], rng: &mut ChaCha12Rng) -> Vec<usize> {
    let mut all: Vec<u32> = rows.iter().map(|&r| clusters[r]).collect();
    all.sort_unstable();
    all.dedup();
    let take = all.len().div_ceil(2);
    // The first half of a shuffle (Fisher & Yates) is a random half.
    for i in 0..take {
        let j = rng.random_range(i..all.len());
        all.swap(i, j);
    }
    let mut chosen = all[..take].to_vec();
    chosen.sort_unstable();
    rows.iter().copied().filter(|&r| chosen.binary_search(&clusters[r]).is_ok()).collect()
}

/// One bag of trees on the given rows.
fn grow(
    x: &ArrayView2<f64>,
    y: &[f64],
    weights: &[f64],
    rows: &[usize],
    settings: &ForestSettings,
    seed: u64,
) -> Result<Vec<Tree>, LearnerError> {
    let values: Vec<Vec<f64>> = rows.iter().map(|&r| x.row(r).to_vec()).collect();
    let target: Vec<f64> = rows.iter().map(|&r| y[r]).collect();
    let weights: Vec<f64> = rows.iter().map(|&r| weights[r]).collect();
    let trees = if settings.growth == Growth::Extra {
        nodes_of(&fit_extra(&values, &target, &weights, settings, seed)?)?
    } else {
        nodes_of(&fit_smartcore(&values, &target, &weights, settings, seed)?)?
    };
    let cases: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
    let convert = |nodes: &Vec<SmartcoreNode>| {
        let mut tree = Tree::new(nodes, &cases, settings.leaf)?;
        // smartcore does not keep which rows a tree drew, and is not asked to: a leaf holds the mean
        // of all rows of its half, so that none rests on fewer than are counted.
        tree.refit(&cases, &target, &weights);
        Ok(tree)
    };
    trees.iter().map(convert).collect()
}

/// smartcore's own forest. Input is checked: it fits NaN in silence.
fn fit_smartcore(
    values: &[Vec<f64>],
    target: &[f64],
    weights: &[f64],
    settings: &ForestSettings,
    seed: u64,
) -> Result<Smartcore, LearnerError> {
    let failed = |e: smartcore::error::Failed| LearnerError::Failed {
        learner: "smartcore",
        why: e.to_string(),
    };
    let x = DenseMatrix::from_2d_vec(&values.to_vec()).map_err(failed)?;
    let parameters = RandomForestRegressorParameters::default()
        .with_n_trees(BAG)
        .with_min_samples_leaf(settings.leaf)
        .with_min_samples_split(2 * settings.leaf)
        .with_max_depth(settings.depth.unwrap_or(DEPTH).min(DEPTH))
        .with_seed(seed);
    Smartcore::fit_with_weights(&x, &target.to_vec(), weights, parameters).map_err(failed)
}

/// smartcore's own extremely random trees.
fn fit_extra(
    values: &[Vec<f64>],
    target: &[f64],
    weights: &[f64],
    settings: &ForestSettings,
    seed: u64,
) -> Result<Extra, LearnerError> {
    let failed = |e: smartcore::error::Failed| LearnerError::Failed {
        learner: "smartcore",
        why: e.to_string(),
    };
    let x = DenseMatrix::from_2d_vec(&values.to_vec()).map_err(failed)?;
    let parameters = ExtraTreesRegressorParameters::default()
        .with_n_trees(BAG)
        .with_min_samples_leaf(settings.leaf)
        .with_min_samples_split(2 * settings.leaf)
        .with_max_depth(settings.depth.unwrap_or(DEPTH).min(DEPTH))
        .with_seed(seed);
    Extra::fit_with_weights(&x, &target.to_vec(), weights, parameters).map_err(failed)
}

/// smartcore keeps its trees private; its serde form is the way to them.
#[derive(Deserialize)]
struct Written {
    forest_regressor: WrittenForest,
}

#[derive(Deserialize)]
struct WrittenForest {
    trees: Vec<WrittenTree>,
}

#[derive(Deserialize)]
struct WrittenTree {
    nodes: Vec<SmartcoreNode>,
}

/// The trees' nodes.
fn nodes_of(forest: &impl Serialize) -> Result<Vec<Vec<SmartcoreNode>>, LearnerError> {
    let failed =
        |e: serde_json::Error| LearnerError::Failed { learner: "smartcore", why: e.to_string() };
    let value = serde_json::to_value(forest).map_err(failed)?;
    let written: Written = serde_json::from_value(value).map_err(failed)?;
    Ok(written.forest_regressor.trees.into_iter().map(|t| t.nodes).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    /// A step in the first column, noise in the second.
    fn step(n: usize) -> (Array2<f64>, Vec<bool>, Vec<f64>, Vec<u32>) {
        let x = Array2::from_shape_fn((n, 2), |(i, j)| {
            if j == 0 { (i % 10) as f64 } else { ((i * 7919) % n) as f64 / n as f64 }
        });
        let y = (0..n).map(|i| if i % 10 < 5 { i % 20 == 0 } else { i % 4 != 0 }).collect();
        (x, y, vec![1.0; n], (0..n as u32).collect())
    }

    const SETTINGS: ForestSettings =
        ForestSettings { trees: 40, leaf: 10, depth: None, growth: Growth::Bootstrap, seed: 42 };

    #[test]
    fn finds_a_step_and_says_how_sure_it_is() {
        let (x, y, w, c) = step(2000);
        let forest = Forest::fit(x.view(), &y, &w, &c, &SETTINGS).unwrap();
        let (low, _) = forest.predict(&[2.0, 0.5]);
        let (high, variance) = forest.predict(&[7.0, 0.5]);
        assert!(low < 0.2 && high > 0.5, "{low} {high}");
        assert!(variance > 0.0 && variance.sqrt() < 0.2);
        assert!(forest.is_whole());
        assert!(forest.splits()[0] > 0);
    }

    #[test]
    fn our_trees_predict_as_smartcore_does() {
        let (x, y, w, _) = step(400);
        let values: Vec<Vec<f64>> = x.rows().into_iter().map(|r| r.to_vec()).collect();
        let target: Vec<f64> = y.iter().map(|&y| f64::from(u8::from(y))).collect();
        let settings = ForestSettings { leaf: 1, ..SETTINGS };
        let theirs = fit_smartcore(&values, &target, &w, &settings, 9).unwrap();
        let trees = nodes_of(&theirs).unwrap();
        let cases: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
        let ours: Vec<Tree> =
            trees.iter().map(|nodes| Tree::new(nodes, &cases, 1).unwrap()).collect();
        let expected = theirs.predict(&DenseMatrix::from_2d_vec(&values).unwrap()).unwrap();
        for (row, want) in values.iter().zip(expected) {
            let got = ours.iter().map(|t| t.predict(row)).sum::<f64>() / ours.len() as f64;
            assert!((got - want).abs() < 1e-15, "{got} {want}");
        }
    }

    #[test]
    fn every_leaf_holds_ten_distinct_rows() {
        // Rows come in fives of one kind: bootstrap counts alone would allow leaves of one kind.
        let x = Array2::from_shape_fn((200, 1), |(i, _)| (i / 5) as f64);
        let y: Vec<f64> = (0..200).map(|i| f64::from(u8::from((i / 5) % 2 == 0))).collect();
        let w = vec![1.0; 200];
        let half: Vec<usize> = (0..100).collect();
        let trees = grow(&x.view(), &y, &w, &half, &SETTINGS, 3).unwrap();
        for tree in &trees {
            let mut cases = std::collections::BTreeMap::new();
            half.iter().for_each(|&r| *cases.entry(tree.leaf_of(&[x[[r, 0]]])).or_insert(0) += 1);
            assert!(cases.len() > 1 && cases.values().all(|n| *n >= 10), "{cases:?}");
        }
    }

    #[test]
    fn weights_count_and_zero_weights_do_not() {
        let (x, y, mut w, c) = step(1000);
        for (w, &y) in w.iter_mut().zip(&y) {
            *w = if y { 3.0 } else { 1.0 };
        }
        let weighted = Forest::fit(x.view(), &y, &w, &c, &SETTINGS).unwrap().predict(&[7.0, 0.5]).0;
        let plain = Forest::fit(x.view(), &y, &vec![1.0; 1000], &c, &SETTINGS)
            .unwrap()
            .predict(&[7.0, 0.5]);
        assert!(weighted > plain.0);
        w.fill(0.0);
        assert!(matches!(
            Forest::fit(x.view(), &y, &w, &c, &SETTINGS),
            Err(LearnerError::TooFew(_))
        ));
    }

    #[test]
    fn the_same_seed_gives_the_same_forest_for_any_number_of_threads() {
        let (x, y, w, c) = step(300);
        let fit = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Forest::fit(x.view(), &y, &w, &c, &SETTINGS).unwrap())
        };
        assert_eq!(fit(1), fit(3));
        let other = ForestSettings { seed: 43, ..SETTINGS };
        assert_ne!(fit(1), Forest::fit(x.view(), &y, &w, &c, &other).unwrap());
    }

    #[test]
    fn bad_input_is_refused() {
        let (mut x, y, w, c) = step(100);
        assert!(Forest::fit(x.view(), &y[1..], &w, &c, &SETTINGS).is_err());
        assert!(Forest::fit(x.view(), &y, &w[1..], &c, &SETTINGS).is_err());
        let negative: Vec<f64> = w.iter().map(|w| -w).collect();
        assert!(Forest::fit(x.view(), &y, &negative, &c, &SETTINGS).is_err());
        let none = Array2::<f64>::zeros((100, 0));
        assert!(Forest::fit(none.view(), &y, &w, &c, &SETTINGS).is_err());
        x[[3, 1]] = f64::NAN;
        let nan = Forest::fit(x.view(), &y, &w, &c, &SETTINGS);
        assert_eq!(nan, Err(LearnerError::NotFinite { what: "the design matrix", row: 3 }));
    }

    #[test]
    fn extremely_random_trees_find_the_step_too_and_hold_no_row() {
        let (x, y, w, c) = step(2000);
        let extra = ForestSettings { growth: Growth::Extra, ..SETTINGS };
        let forest = Forest::fit(x.view(), &y, &w, &c, &extra).unwrap();
        let (low, high) = (forest.predict(&[2.0, 0.5]).0, forest.predict(&[7.0, 0.5]).0);
        assert!(low < 0.25 && high > 0.45, "{low} {high}");
        assert!(
            forest.is_whole() && forest != Forest::fit(x.view(), &y, &w, &c, &SETTINGS).unwrap()
        );
        let why = forest.reasons(&[7.0, 0.5]);
        assert!((why.base + why.columns.iter().sum::<f64>() - high).abs() < 1e-12);
        // Numbers beyond 0 and 1 are regressed on, and leaves stay probabilities.
        let wide: Vec<f64> = y.iter().map(|&y| if y { 1.6 } else { -0.4 }).collect();
        let forest = Forest::fit_values(x.view(), &wide, &w, &c, &extra).unwrap();
        assert!(forest.is_whole() && forest.predict(&[2.0, 0.5]).0 >= 0.0);
    }
}
