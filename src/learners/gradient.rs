//! Boosted trees on numbers whose mean is a probability: smartcore adds them up.

use ndarray::ArrayView2;
use rayon::prelude::*;
use serde::Deserialize;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::xgboost::{XGRegressor, XGRegressorParameters};

use super::error::LearnerError;
use super::forest::{DEPTH, ForestSettings};
use super::tree::{SmartcoreNode, Tree};

type Smartcore = XGRegressor<f64, f64, DenseMatrix<f64>, Vec<f64>>;

/// Levels of a boosted tree unless told: many small steps, and pairs of columns that act together.
const LEVELS: u16 = 2;
/// Trees that are grown at a time, and how many more than enough are waited for.
const CHUNK: usize = 10;
const PATIENCE: usize = 20;

/// What is learned, and from which rows. smartcore's boosting knows no weights: a weighted outcome
/// becomes the outcome times its weight, over the mean weight, whose mean given the columns is the
/// same probability (Koul, Susarla & Van Ryzin 1981), and a row of weight 0 counts as 0. For the
/// other forests it stays as it is, and rows of weight 0 take no part.
pub(super) fn as_outcome(
    y: &[f64],
    weights: &[f64],
    boosted: bool,
) -> (Option<Vec<f64>>, Vec<usize>) {
    if !boosted {
        return (None, (0..y.len()).filter(|&i| weights[i] > 0.0).collect());
    }
    let mean = weights.iter().sum::<f64>() / weights.len().max(1) as f64;
    if mean <= 0.0 {
        return (None, Vec::new());
    }
    let product = y.iter().zip(weights).map(|(y, w)| y * w / mean).collect();
    (Some(product), (0..y.len()).collect())
}

/// Trees for each half of the clusters: as many as predict the rows of the other halves best. Few
/// are grown at a time, until that many more have not helped; growing on is the same as growing on
/// what is left of the target.
pub(super) fn boost(
    x: &ArrayView2<f64>,
    y: &[f64],
    rows: &[usize],
    halves: Vec<Vec<usize>>,
    settings: &ForestSettings,
    rate: f64,
) -> Result<Vec<Vec<Tree>>, LearnerError> {
    let bag = |half: Vec<usize>| Bag::new(x, y, rows, &half);
    let mut bags: Vec<Bag> = halves.into_iter().map(bag).collect::<Result<_, _>>()?;
    let (mut grown, mut best) = (0, 0);
    while grown < settings.trees {
        let more = CHUNK.min(settings.trees - grown);
        let step = ForestSettings { trees: more, ..*settings };
        bags.par_iter_mut().try_for_each(|bag| bag.grow(&step, rate))?;
        grown += more;
        best = enough(&bags);
        if best + PATIENCE <= grown {
            break;
        }
    }
    let cut = |mut bag: Bag| {
        bag.trees.truncate(best);
        bag.trees
    };
    Ok(bags.into_iter().map(cut).collect())
}

/// One half of the clusters, its trees so far, and what they leave.
struct Bag {
    values: Vec<Vec<f64>>,
    matrix: DenseMatrix<f64>,
    left: Vec<f64>,
    /// Rows of the other half, and what is left of their target.
    others: Vec<(Vec<f64>, f64)>,
    trees: Vec<Tree>,
    /// The squared error on the other half after each tree.
    errors: Vec<f64>,
}

impl Bag {
    fn new(
        x: &ArrayView2<f64>,
        y: &[f64],
        rows: &[usize],
        half: &[usize],
    ) -> Result<Self, LearnerError> {
        if half.is_empty() {
            return Err(LearnerError::TooFew("a half of the clusters has no row".into()));
        }
        let values: Vec<Vec<f64>> = half.iter().map(|&r| x.row(r).to_vec()).collect();
        let matrix = DenseMatrix::from_2d_vec(&values).map_err(|e| broken(e.to_string()))?;
        // Both are sorted.
        let others = rows.iter().filter(|r| half.binary_search(r).is_err());
        let others = others.map(|&r| (x.row(r).to_vec(), y[r])).collect();
        let left = half.iter().map(|&r| y[r]).collect();
        Ok(Self { values, matrix, left, others, trees: Vec::new(), errors: Vec::new() })
    }

    fn grow(&mut self, settings: &ForestSettings, rate: f64) -> Result<(), LearnerError> {
        // The first tree holds the mean of all rows besides.
        let first = self.trees.is_empty();
        let base = if first { self.left.iter().sum::<f64>() / self.left.len() as f64 } else { 0.0 };
        let cases: Vec<&[f64]> = self.values.iter().map(Vec::as_slice).collect();
        for nodes in grow(&self.matrix, &self.left, settings, rate, base)? {
            let tree = Tree::new(&nodes, &cases, settings.leaf)?;
            for (left, row) in self.left.iter_mut().zip(&self.values) {
                *left -= tree.predict(row);
            }
            let mut error = 0.0;
            for (row, left) in &mut self.others {
                *left -= tree.predict(row);
                error += *left * *left;
            }
            self.errors.push(error);
            self.trees.push(tree);
        }
        Ok(())
    }
}

/// How many trees have the least error over all halves; one at least.
fn enough(bags: &[Bag]) -> usize {
    let trees = bags.first().map_or(0, |b| b.errors.len());
    let of = |k: usize| bags.iter().map(|b| b.errors[k]).sum::<f64>();
    let least = |best: usize, k: usize| if of(k) < of(best) { k } else { best };
    (1..trees).fold(0, least) + 1
}

/// smartcore's trees, whose leaves sum to the prediction, the first of them with the base.
fn grow(
    x: &DenseMatrix<f64>,
    target: &[f64],
    settings: &ForestSettings,
    rate: f64,
    base: f64,
) -> Result<Vec<Vec<SmartcoreNode>>, LearnerError> {
    let parameters = XGRegressorParameters::default()
        .with_n_estimators(settings.trees)
        .with_learning_rate(rate)
        .with_max_depth(settings.depth.unwrap_or(LEVELS).min(DEPTH))
        .with_min_child_weight(settings.leaf)
        .with_base_score(base);
    let fit = Smartcore::fit(x, &target.to_vec(), parameters).map_err(|e| broken(e.to_string()))?;
    let value = serde_json::to_value(&fit).map_err(|e| broken(e.to_string()))?;
    let written: Written = serde_json::from_value(value).map_err(|e| broken(e.to_string()))?;
    let flat = |(k, tree): (usize, &WrittenTree)| {
        let mut nodes = Vec::new();
        tree.flatten(rate, if k == 0 { base } else { 0.0 }, &mut nodes);
        nodes
    };
    Ok(written.regressors.iter().enumerate().map(flat).collect())
}

fn broken(why: String) -> LearnerError {
    LearnerError::Failed { learner: "smartcore", why }
}

/// smartcore keeps its trees private; its serde form is the way to them.
#[derive(Deserialize)]
struct Written {
    regressors: Vec<WrittenTree>,
}

#[derive(Deserialize)]
struct WrittenTree {
    left: Option<Box<WrittenTree>>,
    right: Option<Box<WrittenTree>>,
    value: f64,
    threshold: f64,
    split_feature_idx: usize,
}

impl WrittenTree {
    /// Adds the node and all below it, and says where it lies.
    fn flatten(&self, rate: f64, base: f64, into: &mut Vec<SmartcoreNode>) -> usize {
        let here = into.len();
        into.push(SmartcoreNode {
            output: base + rate * self.value,
            split_feature: 0,
            split_value: None,
            true_child: None,
            false_child: None,
        });
        if let (Some(left), Some(right)) = (&self.left, &self.right) {
            let left = left.flatten(rate, base, into);
            let right = right.flatten(rate, base, into);
            let node = &mut into[here];
            node.split_feature = self.split_feature_idx;
            node.split_value = Some(self.threshold);
            (node.true_child, node.false_child) = (Some(left), Some(right));
        }
        here
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha12Rng;

    use super::*;
    use crate::learners::{Forest, Growth};

    const SETTINGS: ForestSettings = ForestSettings {
        trees: 30,
        leaf: 10,
        depth: None,
        growth: Growth::Boosted { rate: 0.2 },
        seed: 5,
    };

    /// The risk is 0.8 where the first column is above 4 and 0.1 elsewhere; the second is noise.
    fn step(n: usize) -> (Array2<f64>, Vec<f64>) {
        let x = Array2::from_shape_fn((n, 2), |(i, j)| ((i * [1, 7919][j]) % [10, n][j]) as f64);
        let y = (0..n).map(|i| {
            let k = i / 10;
            f64::from(u8::from(if i % 10 > 4 { k % 5 != 0 } else { k % 10 == 0 }))
        });
        let y = y.collect();
        (x, y)
    }

    fn matrix(values: &[Vec<f64>]) -> DenseMatrix<f64> {
        DenseMatrix::from_2d_vec(&values.to_vec()).unwrap()
    }

    #[test]
    fn our_sum_of_trees_is_what_smartcore_predicts() {
        let (x, y) = step(300);
        let values: Vec<Vec<f64>> = x.rows().into_iter().map(|r| r.to_vec()).collect();
        let base = y.iter().sum::<f64>() / 300.0;
        let parameters = XGRegressorParameters::default()
            .with_n_estimators(30)
            .with_learning_rate(0.2)
            .with_max_depth(LEVELS)
            .with_min_child_weight(10)
            .with_base_score(base);
        let dense = matrix(&values);
        let theirs = Smartcore::fit(&dense, &y, parameters).unwrap().predict(&dense).unwrap();
        // Ten trees at a time, as a bag grows them.
        let all: Vec<usize> = (0..300).collect();
        let mut bag = Bag::new(&x.view(), &y, &all, &all).unwrap();
        for _ in 0..3 {
            bag.grow(&ForestSettings { trees: 10, ..SETTINGS }, 0.2).unwrap();
        }
        for (row, want) in values.iter().zip(theirs) {
            let got: f64 = bag.trees.iter().map(|t| t.predict(row)).sum();
            assert!((got - want).abs() < 1e-12, "{got} {want}");
        }
    }

    #[test]
    fn as_many_trees_as_the_other_halves_want() {
        let bag = |errors: &[f64]| {
            let x = Array2::zeros((1, 1));
            let mut bag = Bag::new(&x.view(), &[0.0], &[0], &[0]).unwrap();
            bag.errors = errors.to_vec();
            bag
        };
        assert_eq!(enough(&[bag(&[3.0, 2.0, 2.5]), bag(&[1.0, 1.2, 0.9])]), 2);
        assert_eq!(enough(&[bag(&[1.0, 2.0])]), 1);
        // Noise wants no step beyond the first, and a step wants many.
        let clusters: Vec<u32> = (0..600).collect();
        let grown = |y: &[f64], x: &Array2<f64>| {
            Forest::fit_values(x.view(), y, &[1.0; 600], &clusters, &SETTINGS).unwrap()
        };
        let (x, y) = step(600);
        let mut rng = ChaCha12Rng::seed_from_u64(1);
        let noise: Vec<f64> =
            (0..600).map(|_| f64::from(u8::from(rng.random::<f64>() < 0.3))).collect();
        let spread = |f: &Forest| (f.predict(&[7.0, 9.0]).0 - f.predict(&[2.0, 9.0]).0).abs();
        assert!(spread(&grown(&y, &x)) > 0.6);
        assert!(spread(&grown(&noise, &x)) < 0.05);
    }

    #[test]
    fn one_tree_by_hand() {
        // Ten rows of 0 and ten of 1, a whole step: the mean is a half, and each leaf goes from it
        // by Σ residual / (n + λ) = 5 / 11, which is smartcore's ridge of λ = 1 on leaves.
        let values: Vec<Vec<f64>> = (0..20).map(|i| vec![f64::from(u8::from(i >= 10))]).collect();
        let y: Vec<f64> = values.iter().map(|v| v[0]).collect();
        let one = ForestSettings { trees: 1, ..SETTINGS };
        let nodes = grow(&matrix(&values), &y, &one, 1.0, 0.5).unwrap();
        let cases: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
        let tree = Tree::new(&nodes[0], &cases, 10).unwrap();
        assert!((tree.predict(&[0.0]) - (0.5 - 5.0 / 11.0)).abs() < 1e-15);
        assert!((tree.predict(&[1.0]) - (0.5 + 5.0 / 11.0)).abs() < 1e-15);
    }

    #[test]
    fn it_finds_a_step_says_how_sure_it_is_and_why() {
        let (x, y) = step(1000);
        let clusters: Vec<u32> = (0..1000).collect();
        let fit = |w: &[f64], s: &ForestSettings| Forest::fit_values(x.view(), &y, w, &clusters, s);
        let forest = fit(&[1.0; 1000], &SETTINGS).unwrap();
        let (low, high) = (forest.predict(&[2.0, 300.0]), forest.predict(&[7.0, 300.0]));
        assert!((low.0 - 0.1).abs() < 0.05 && (high.0 - 0.8).abs() < 0.05, "{low:?} {high:?}");
        assert!(high.1 > 0.0 && high.1.sqrt() < 0.1);
        for row in [[2.0, 300.0], [7.0, 300.0]] {
            let why = forest.reasons(&row);
            let sum = why.base + why.columns.iter().sum::<f64>();
            assert!((sum - forest.predict(&row).0).abs() < 1e-12);
            assert!(why.columns[0].abs() > 10.0 * why.columns[1].abs());
        }
        assert!(forest.is_whole() && forest.splits()[0] > 0);
        assert_eq!(forest, fit(&[1.0; 1000], &SETTINGS).unwrap());
        // Twice the weight everywhere changes nothing; without weight there is nothing to learn.
        assert_eq!(forest, fit(&[2.0; 1000], &SETTINGS).unwrap());
        assert!(matches!(fit(&[0.0; 1000], &SETTINGS), Err(LearnerError::TooFew(_))));
        let wild = ForestSettings { growth: Growth::Boosted { rate: 1.5 }, ..SETTINGS };
        assert!(fit(&[1.0; 1000], &wild).is_err());
    }

    #[test]
    fn a_sum_beyond_a_probability_is_cut_with_its_reasons() {
        let x = Array2::from_shape_fn((400, 1), |(i, _)| (i % 2) as f64);
        let y: Vec<f64> = (0..400).map(|i| if i % 2 == 1 { 1.4 } else { -0.3 }).collect();
        let clusters: Vec<u32> = (0..400).collect();
        let forest = Forest::fit_values(x.view(), &y, &[1.0; 400], &clusters, &SETTINGS).unwrap();
        assert!(forest.is_whole());
        for (row, risk) in [([0.0], 0.0), ([1.0], 1.0)] {
            assert_eq!(forest.predict(&row).0, risk);
            let why = forest.reasons(&row);
            assert!((why.base + why.columns[0] - risk).abs() < 1e-12);
            assert!(why.base > 0.0 && why.base < 1.0);
        }
    }

    #[test]
    fn weights_stand_for_the_rows_that_were_lost() {
        // Half of the rows with the outcome were lost; those that are left count twice.
        let (y, w) = ([1.0, 0.0, 0.0, 1.0], [2.0, 1.0, 1.0, 0.0]);
        let (product, rows) = as_outcome(&y, &w, true);
        assert_eq!(product, Some(vec![2.0, 0.0, 0.0, 0.0]));
        assert_eq!(rows, [0, 1, 2, 3]);
        assert_eq!(as_outcome(&y, &w, false), (None, vec![0, 1, 2]));
        assert_eq!(as_outcome(&y, &[0.0; 4], true).1, Vec::<usize>::new());
    }
}
