//! Boosted trees on numbers whose mean is a probability: smartcore adds them up.

use serde::Deserialize;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::xgboost::{XGRegressor, XGRegressorParameters};

use super::error::LearnerError;
use super::forest::{DEPTH, ForestSettings};
use super::tree::SmartcoreNode;

type Smartcore = XGRegressor<f64, f64, DenseMatrix<f64>, Vec<f64>>;

/// Levels of a boosted tree unless told: many small steps, and pairs of columns that act together.
const LEVELS: u16 = 2;

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

/// Trees whose leaves sum to the prediction, the first of them with the mean of all rows.
pub(super) fn grow(
    values: &[Vec<f64>],
    target: &[f64],
    settings: &ForestSettings,
    rate: f64,
) -> Result<Vec<Vec<SmartcoreNode>>, LearnerError> {
    let failed = |e: smartcore::error::Failed| broken(e.to_string());
    if target.is_empty() {
        return Err(LearnerError::TooFew("a half of the clusters has no row".into()));
    }
    let base = target.iter().sum::<f64>() / target.len() as f64;
    let x = DenseMatrix::from_2d_vec(&values.to_vec()).map_err(failed)?;
    let parameters = XGRegressorParameters::default()
        .with_n_estimators(settings.trees)
        .with_learning_rate(rate)
        .with_max_depth(settings.depth.unwrap_or(LEVELS).min(DEPTH))
        .with_min_child_weight(settings.leaf)
        .with_base_score(base);
    let fit = Smartcore::fit(&x, &target.to_vec(), parameters).map_err(failed)?;
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

    use super::*;
    use crate::learners::tree::Tree;
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

    #[test]
    fn our_sum_of_trees_is_what_smartcore_predicts() {
        let (x, y) = step(300);
        let values: Vec<Vec<f64>> = x.rows().into_iter().map(|r| r.to_vec()).collect();
        let nodes = grow(&values, &y, &SETTINGS, 0.2).unwrap();
        let cases: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
        let trees: Vec<Tree> = nodes.iter().map(|n| Tree::new(n, &cases, 10).unwrap()).collect();
        let dense = DenseMatrix::from_2d_vec(&values).unwrap();
        let base = y.iter().sum::<f64>() / 300.0;
        let parameters = XGRegressorParameters::default()
            .with_n_estimators(30)
            .with_learning_rate(0.2)
            .with_max_depth(LEVELS)
            .with_min_child_weight(10)
            .with_base_score(base);
        let theirs = Smartcore::fit(&dense, &y, parameters).unwrap().predict(&dense).unwrap();
        for (row, want) in values.iter().zip(theirs) {
            let got: f64 = trees.iter().map(|t| t.predict(row)).sum();
            assert!((got - want).abs() < 1e-12, "{got} {want}");
        }
    }

    #[test]
    fn one_tree_by_hand() {
        // Ten rows of 0 and ten of 1, a whole step: the mean is a half, and each leaf goes from it
        // by Σ residual / (n + λ) = 5 / 11, which is smartcore's ridge of λ = 1 on leaves.
        let values: Vec<Vec<f64>> = (0..20).map(|i| vec![f64::from(u8::from(i >= 10))]).collect();
        let y: Vec<f64> = values.iter().map(|v| v[0]).collect();
        let one = ForestSettings { trees: 1, ..SETTINGS };
        let nodes = grow(&values, &y, &one, 1.0).unwrap();
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
