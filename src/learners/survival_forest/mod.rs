//! Our own random survival forest for competing risks (Ishwaran et al. 2008, 2014): late entry,
//! missing values, bootstrap by cluster, log-rank splits, leaves of counts.

mod grow;
mod leaf;
mod out_of_bag;
mod time;

use ndarray::ArrayView2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bin_tree::BinTree;
use super::binned::{Bins, Cuts};
use super::error::{LearnerError, same_length};
use super::shap;
use crate::survival::Outcome;
use grow::{Ground, Grown, grow};
use leaf::{Leaf, State};
pub use out_of_bag::OutOfBag;
use time::{Spans, Table};

/// Trees that share one half of the clusters.
const BAG: usize = 4;
/// No tree is deeper.
const DEPTH: u16 = 64;
/// No grid has more cells.
const CELLS: usize = 512;
/// No forest tells more causes apart.
const CAUSES: usize = 32;
/// Streams of random numbers of halves lie behind those of trees.
const HALVES: u64 = 1 << 32;

/// How a survival forest grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SurvivalForestSettings {
    /// Trees; with `halves` rounded up to whole bags of four, at least two bags.
    pub trees: usize,
    /// The fewest distinct rows in a leaf.
    pub leaf: usize,
    /// The greatest depth of a tree (at most 64).
    pub depth: Option<u16>,
    /// Columns that are tried at a node; by default the root of their number, rounded up.
    pub tried: Option<usize>,
    /// Whether bags of four trees grow on random halves of the clusters, so that predictions have
    /// a variance; else every tree draws from all clusters.
    pub halves: bool,
    /// The seed.
    pub seed: u64,
}

impl Default for SurvivalForestSettings {
    fn default() -> Self {
        Self { trees: 200, leaf: 15, depth: None, tried: None, halves: true, seed: 42 }
    }
}

/// A grown forest without its rows: splits, and counts of events and of those at risk per cell of
/// a time grid in every leaf.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurvivalForest {
    /// The edges of the grid.
    edges: Vec<f64>,
    causes: usize,
    /// Trees that share a half of the clusters; 1 without halves.
    bag: usize,
    cuts: Cuts,
    trees: Vec<CountTree>,
    /// The counts of all rows.
    all: Leaf,
}

/// A tree and the counts of its leaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CountTree {
    tree: BinTree,
    leaves: Vec<Leaf>,
}

/// What a forest says of one row between two times, given that it has lasted until the first.
#[derive(Debug, Clone, PartialEq)]
pub struct ForestRisk {
    /// The probability of each cause.
    pub incidence: Vec<f64>,
    /// The probability that nothing ends it.
    pub survival: f64,
    /// The variance of each probability, from the spread between bags; zeros without halves.
    pub variance: Vec<f64>,
}

/// Additive contributions of the columns to a probability.
#[derive(Debug, Clone, PartialEq)]
pub struct ForestReasons {
    /// The probability that the forest gives before it looks at a column.
    pub base: f64,
    /// What each column adds.
    pub columns: Vec<f64>,
}

impl SurvivalForest {
    /// Grows a forest on rows × columns (NaN is missing), with a cluster per row, over a grid of
    /// rising `edges`. Rows are at risk from entry to exit; what happens beyond the last edge is
    /// not looked at. Gives the forest and what is needed for its out-of-bag predictions.
    ///
    /// Each tree draws clusters with replacement. At a node the column and cut with the largest
    /// log-rank chi-square, summed over the causes, divides the rows; missing values go to the
    /// side where they raise it most. The result is the same for any number of threads.
    ///
    /// # Errors
    /// Unequal lengths, an infinite value, no columns, edges that do not rise, settings without
    /// sense, fewer than four leaves' worth of rows, or no end of any kind.
    pub fn fit(
        x: ArrayView2<f64>,
        y: &Outcome,
        clusters: &[u32],
        edges: &[f64],
        settings: &SurvivalForestSettings,
    ) -> Result<(Self, OutOfBag), LearnerError> {
        check(&x, y, clusters, edges, settings)?;
        let cuts = Cuts::learn(x);
        let bins = cuts.bins(x);
        let spans = Spans::new(y, edges);
        let seen = spans.drawn(&vec![1; y.len()]);
        if seen.len() < 4 * settings.leaf {
            let (n, leaf) = (seen.len(), settings.leaf);
            let what = format!("{n} rows under observation are too few for leaves of {leaf}");
            return Err(LearnerError::TooFew(what));
        }
        let (cells, causes) = (edges.len() - 1, y.causes().len());
        let mut table = Table::new(cells, causes);
        table.count(&seen, causes);
        if table.total.iter().all(|&d| d == 0) {
            return Err(LearnerError::TooFew("no row ends within the time grid".into()));
        }
        let all = Leaf::new(&table, seen.len() as u32);
        let draws = Draws::new(clusters, settings);
        let cut_counts: Vec<usize> = cuts.0.iter().map(Vec::len).collect();
        let by_root = (x.ncols() as f64).sqrt().ceil() as usize;
        let ground = Ground {
            bins: &bins,
            cut_counts: &cut_counts,
            spans: &spans,
            cells,
            causes,
            leaf: settings.leaf,
            depth: usize::from(settings.depth.unwrap_or(DEPTH).min(DEPTH)),
            tried: settings.tried.unwrap_or(by_root).clamp(1, x.ncols()),
        };
        let trees = (0..draws.trees)
            .into_par_iter()
            .map(|tree| {
                let (weight, mut rng) = draws.of(tree);
                let Grown { tree, leaves } = grow(&ground, &weight, &mut rng);
                CountTree { tree, leaves }
            })
            .collect();
        let bag = if settings.halves { BAG } else { 1 };
        let forest = Self { edges: edges.to_vec(), causes, bag, cuts, trees, all };
        Ok((forest, OutOfBag { bins, draws }))
    }

    /// The probabilities of a row (NaN is missing) between two times, given that it lasted until
    /// `from`; `None` outside the grid.
    #[must_use]
    pub fn predict(&self, x: &[f64], from: f64, to: f64) -> Option<ForestRisk> {
        let (from, to) = self.places(from, to)?;
        let row = self.cuts.row(x);
        let states = self.trees.iter().map(|t| {
            let leaf = t.tree.leaf(|c| row[c]);
            t.leaves[leaf].states(&self.all, self.causes, from, to)
        });
        self.average(&states.collect::<Vec<_>>())
    }

    /// Averages over trees, then conditions on having lasted; variance between bags.
    fn average(&self, states: &[[State; 2]]) -> Option<ForestRisk> {
        let n = states.len() as f64;
        let mean = |of: &dyn Fn(&[State; 2]) -> f64| states.iter().map(of).sum::<f64>() / n;
        let lasted = mean(&|s| s[0].survival);
        if lasted.is_nan() || lasted <= 1e-9 {
            return None;
        }
        let gone = |s: &[State; 2], k: usize| s[1].incidence[k] - s[0].incidence[k];
        let risk: Vec<f64> =
            (0..self.causes).map(|k| (mean(&|s| gone(s, k)) / lasted).clamp(0.0, 1.0)).collect();
        let variance = |k: usize| {
            // The first-order spread of a ratio of means.
            let off = |s: &[State; 2]| (gone(s, k) - risk[k] * s[0].survival) / lasted;
            if self.bag > 1 { variance_of_bags(states, self.bag, off) } else { 0.0 }
        };
        let variance = (0..self.causes).map(variance).collect();
        Some(ForestRisk { survival: mean(&|s| s[1].survival) / lasted, variance, incidence: risk })
    }

    /// What each column adds to the probability of a cause (counted from 1) between two times:
    /// exact Shapley values of the forest by the cases in its leaves (Lundberg, Erion & Lee 2018).
    /// The base and the contributions sum to the probability of [`SurvivalForest::predict`].
    #[must_use]
    pub fn reasons(&self, x: &[f64], from: f64, to: f64, cause: usize) -> Option<ForestReasons> {
        let k = cause.checked_sub(1).filter(|&k| k < self.causes)?;
        let (from, to) = self.places(from, to)?;
        let row = self.cuts.row(x);
        let n = self.trees.len() as f64;
        // Of every leaf of every tree: the incidence, and the share that lasted until `from`.
        let values: Vec<Vec<[f64; 2]>> = self
            .trees
            .iter()
            .map(|t| {
                let of = |l: &Leaf| {
                    let [first, last] = l.states(&self.all, self.causes, from, to);
                    [last.incidence[k] - first.incidence[k], first.survival]
                };
                t.leaves.iter().map(of).collect()
            })
            .collect();
        let mean = |i: usize| {
            let of = |(t, v): (&CountTree, &Vec<[f64; 2]>)| {
                let cases = t.leaves.iter().map(|l| f64::from(l.cases));
                let total: f64 = cases.clone().sum();
                cases.zip(v).map(|(c, v)| c * v[i]).sum::<f64>() / total
            };
            self.trees.iter().zip(&values).map(of).sum::<f64>() / n
        };
        let base = mean(0) / mean(1);
        let (mut columns, mut lasted) = (vec![0.0; self.cuts.columns()], 0.0);
        for (t, v) in self.trees.iter().zip(&values) {
            lasted += v[t.tree.leaf(|c| row[c])][1] / n;
            // N/D − N₀/D₀ = (N − N₀ − r₀ (D − D₀)) / D: linear in the trees, and so additive.
            let worth: Vec<f64> = v.iter().map(|v| (v[0] - base * v[1]) / n).collect();
            let cases: Vec<f64> = t.leaves.iter().map(|l| f64::from(l.cases)).collect();
            shap::of_bin_tree(&t.tree, &cases, &worth, |c| row[c], &mut columns);
        }
        if !base.is_finite() || lasted <= 1e-9 {
            return None;
        }
        columns.iter_mut().for_each(|c| *c /= lasted);
        Some(ForestReasons { base, columns })
    }

    /// Times as cells since the first edge; `None` unless both lie within the grid, in order.
    fn places(&self, from: f64, to: f64) -> Option<(f64, f64)> {
        let last = *self.edges.last()?;
        let slack = 1e-9 * last.abs().max(1.0);
        let inside = self.edges[0] - slack <= from && from <= to && to <= last + slack;
        inside.then(|| (self.place(from), self.place(to)))
    }

    fn place(&self, t: f64) -> f64 {
        let cells = self.edges.len() - 1;
        let cell = self.edges.partition_point(|&e| e <= t).clamp(1, cells) - 1;
        let (left, right) = (self.edges[cell], self.edges[cell + 1]);
        cell as f64 + ((t - left) / (right - left)).clamp(0.0, 1.0)
    }

    /// The last time that it knows.
    #[must_use]
    pub fn follow_up(&self) -> f64 {
        self.edges.last().copied().unwrap_or(0.0)
    }

    /// How many splits use each column.
    #[must_use]
    pub fn splits(&self) -> Vec<u32> {
        BinTree::splits(self.trees.iter().map(|t| &t.tree), self.cuts.columns())
    }

    /// Whether a forest that was read from a file can predict for rows of these columns, with
    /// leaves of at least `least` cases.
    #[must_use]
    pub fn is_whole(&self, columns: usize, causes: usize, least: usize) -> bool {
        let cells = self.edges.len().saturating_sub(1);
        let rising = self.edges.windows(2).all(|w| w[0] < w[1]);
        let leaf = |l: &Leaf| l.cases as usize >= least && l.is_whole(cells, causes);
        let tree = |t: &CountTree| {
            t.tree.is_whole(&self.cuts)
                && t.tree.leaves() == t.leaves.len()
                && t.leaves.iter().all(leaf)
        };
        (1..=CELLS).contains(&cells)
            && rising
            && self.edges.iter().all(|e| e.is_finite())
            && self.causes == causes
            && (1..=BAG).contains(&self.bag)
            && self.cuts.is_whole(columns)
            && self.trees.len() >= 2 * self.bag
            && self.all.is_whole(cells, causes)
            && self.trees.iter().all(tree)
    }
}

/// The variance of a forest from bags of trees on half of the clusters (Sexton & Laake 2009;
/// Athey, Tibshirani & Wager 2019): between bags, less what the few trees of a bag add to it. The
/// difference can come out below zero, so its mean given that it is not stands in for it.
fn variance_of_bags<T>(states: &[T], bag: usize, off: impl Fn(&T) -> f64) -> f64 {
    let all: Vec<f64> = states.iter().map(off).collect();
    let spread = |v: &[f64]| {
        let mean = v.iter().sum::<f64>() / v.len() as f64;
        v.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (v.len() - 1) as f64
    };
    let means: Vec<f64> = all.chunks(bag).map(|b| b.iter().sum::<f64>() / bag as f64).collect();
    let (between, bags) = (spread(&means), means.len() as f64);
    let within = all.chunks(bag).map(spread).sum::<f64>() / bags / bag as f64;
    let error = between * (2.0 / (bags - 1.0)).sqrt();
    if error <= 0.0 {
        return 0.0;
    }
    let z = ((between - within) / error).max(-30.0);
    let below = 0.5 * statrs::function::erf::erfc(-z / std::f64::consts::SQRT_2);
    let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    // What is left of the chance in the trees themselves comes on top.
    error * (z + density / below) + within / bags
}

fn check(
    x: &ArrayView2<f64>,
    y: &Outcome,
    clusters: &[u32],
    edges: &[f64],
    settings: &SurvivalForestSettings,
) -> Result<(), LearnerError> {
    same_length("the design matrix", x.nrows(), y.len())?;
    same_length("the clusters", clusters.len(), y.len())?;
    if let Some(row) = x.rows().into_iter().position(|r| r.iter().any(|v| v.is_infinite())) {
        return Err(LearnerError::NotFinite { what: "the design matrix", row });
    }
    let setting = |setting, why| Err(LearnerError::Setting { setting, why });
    if x.ncols() == 0 {
        return setting("terms", "a forest needs at least one");
    }
    if y.causes().len() > CAUSES {
        return setting("the causes", "a forest tells at most 32 apart: put some together");
    }
    if settings.leaf == 0 {
        return setting("leaf", "must be at least 1");
    }
    if settings.trees == 0 {
        return setting("trees", "must be at least 1");
    }
    let rising = edges.windows(2).all(|w| w[0] < w[1]) && edges.iter().all(|e| e.is_finite());
    if !rising || !(2..=CELLS + 1).contains(&edges.len()) {
        return setting("the time grid", "must rise, and have from 1 to 512 cells");
    }
    Ok(())
}

/// Which clusters each tree draws: a pure function of the seed and the tree.
struct Draws {
    /// The cluster of each row, from 0 without gaps.
    cluster: Vec<u32>,
    clusters: usize,
    halves: bool,
    trees: usize,
    seed: u64,
}

impl Draws {
    fn new(clusters: &[u32], settings: &SurvivalForestSettings) -> Self {
        let mut distinct = clusters.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let dense = |c: &u32| distinct.partition_point(|d| d < c) as u32;
        let trees = if settings.halves {
            settings.trees.div_ceil(BAG).max(2) * BAG
        } else {
            settings.trees.max(2)
        };
        Self {
            cluster: clusters.iter().map(dense).collect(),
            clusters: distinct.len(),
            halves: settings.halves,
            trees,
            seed: settings.seed,
        }
    }

    /// How often a tree draws each row, and the numbers that it goes on with.
    fn of(&self, tree: usize) -> (Vec<u32>, ChaCha12Rng) {
        let mut from: Vec<u32> = (0..self.clusters as u32).collect();
        if self.halves {
            let mut rng = ChaCha12Rng::seed_from_u64(self.seed);
            rng.set_stream(HALVES + (tree / BAG) as u64);
            let take = from.len().div_ceil(2);
            // The first half of a shuffle (Fisher & Yates) is a random half.
            for i in 0..take {
                let j = rng.random_range(i..from.len());
                from.swap(i, j);
            }
            from.truncate(take);
        }
        let mut rng = ChaCha12Rng::seed_from_u64(self.seed);
        rng.set_stream(tree as u64);
        let mut drawn = vec![0; self.clusters];
        for _ in 0..from.len() {
            drawn[from[rng.random_range(0..from.len())] as usize] += 1;
        }
        (self.cluster.iter().map(|&c| drawn[c as usize]).collect(), rng)
    }
}

#[cfg(test)]
mod tests;
