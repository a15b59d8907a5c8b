//! An elastic net: its strength is chosen on the training rows and on nothing else, so that every
//! fold of an evaluation chooses anew.

use ndarray::Axis;

use super::cause::{CauseFit, CauseModel};
use super::hazards::Fitted;
use super::training::Training;
use crate::model::ModelError;
use crate::model::result::{Penalty, Rule};
use crate::model::study::{LambdaSpec, PenaltySpec};
use crate::resample::grouped_folds;
use crate::survival::{ElasticNet, NetPath, Sample};

/// Fewer folds choose nothing.
pub(super) const FEWEST: usize = 3;

/// An elastic net of a study, for whichever model of a cause.
pub(super) struct Net<'s> {
    pub(super) spec: &'s PenaltySpec,
    pub(super) model: CauseModel,
    pub(super) seed: u64,
}

impl Net<'_> {
    /// One cause: with the terms that its net keeps. A competing cause whose λ cannot be chosen has
    /// a hazard without terms, and the second half says why.
    pub(super) fn fit_cause<'a>(
        &self,
        training: &Training,
        sample: &'a Sample,
        bare: &'a Sample,
        cause: u32,
    ) -> Result<(Fitted<'a>, Result<Penalty, String>), ModelError> {
        match self.fit(training, sample, cause)? {
            Ok((fit, penalty)) => Ok((Fitted { fit, sample }, Ok(penalty))),
            Err(groups) if cause == training.cause => Err(ModelError::TooFew(format!(
                "{groups} groups of rows with the event are too few to choose the strength of an \
                 elastic net by cross-validation, which needs {FEWEST}; give lambda as a number"
            ))),
            Err(groups) => {
                let name = &training.outcome.causes()[cause as usize - 1];
                let why = format!(
                    "{name} has {groups} groups of rows with the event: its hazard is the same \
                     for everybody"
                );
                let fit = self.model.breslow().fit(bare, cause)?;
                Ok((Fitted { fit, sample: bare }, Err(why)))
            }
        }
    }

    /// The fit; or, where λ cannot be chosen, how many groups have the event.
    fn fit(
        &self,
        training: &Training,
        sample: &Sample,
        cause: u32,
    ) -> Result<Result<(CauseFit, Penalty), usize>, ModelError> {
        let spec = self.spec;
        let mut net = ElasticNet::new(spec.alpha);
        if let CauseModel::FineGray(m) = &self.model {
            net = net.subdistribution(m.whose());
        }
        let (path, k, rule, folds) = match spec.lambda {
            LambdaSpec::Given(lambda) => {
                (net.lambda(vec![lambda]).path(sample, cause)?, 0, Rule::Given, None)
            }
            LambdaSpec::Least | LambdaSpec::WithinOneSe => {
                let (codes, folds) = match folds(training, spec.folds, cause, self.seed)? {
                    Ok(found) => found,
                    Err(groups) => return Ok(Err(groups)),
                };
                let tried = net.cross_validate(sample, cause, &codes)?;
                if spec.lambda == LambdaSpec::Least {
                    (tried.path, tried.best, Rule::Least, Some(folds))
                } else {
                    (tried.path, tried.within_one_se, Rule::WithinOneSe, Some(folds))
                }
            }
        };
        let fit = self.at(sample, cause, &path, k)?;
        let (alpha, lambda) = (path.alpha, path.lambda[k]);
        let (kept, of) = (path.nonzero(k), path.names.len());
        Ok(Ok((fit, Penalty { alpha, lambda, rule, folds, kept, of })))
    }

    /// The model at the k-th solution. Its covariance is that of the kept terms as if they had been
    /// chosen beforehand, with the curvature of the squared part of the penalty.
    fn at(
        &self,
        sample: &Sample,
        cause: u32,
        path: &NetPath,
        k: usize,
    ) -> Result<CauseFit, ModelError> {
        let coef = path.coef.row(k).to_vec();
        let weights = sample.weights();
        let total = weights.map_or(sample.len() as f64, |w| w.iter().sum());
        let squared = total * path.lambda[k] * (1.0 - path.alpha);
        // The penalty is on standardised columns.
        let variance = |j: usize| {
            let column = sample.x().index_axis(Axis(1), j);
            let share = |i: usize| weights.map_or(1.0, |w| w[i]) / total;
            let mean: f64 = column.iter().enumerate().map(|(i, x)| share(i) * x).sum();
            column.iter().enumerate().map(|(i, x)| share(i) * (x - mean) * (x - mean)).sum::<f64>()
        };
        let kept: Vec<bool> = coef.iter().map(|b| *b != 0.0).collect();
        let precision: Vec<f64> =
            (0..coef.len()).map(|j| if kept[j] { squared * variance(j) } else { 0.0 }).collect();
        Ok(self.model.breslow().at(sample, cause, &coef, &kept, &precision)?)
    }
}

/// A fold for each row, whole groups together, each fold with an event; and how many folds.
pub(super) fn folds(
    training: &Training,
    most: usize,
    cause: u32,
    seed: u64,
) -> Result<Result<(Vec<u32>, usize), usize>, ModelError> {
    let events: Vec<bool> = training.outcome.cause().iter().map(|&c| c == cause).collect();
    let with = events.iter().zip(&training.together).filter(|(e, _)| **e).map(|(_, g)| *g);
    let mut with: Vec<u32> = with.collect();
    with.sort_unstable();
    with.dedup();
    let folds = most.min(with.len());
    if folds < FEWEST {
        return Ok(Err(with.len()));
    }
    let splits = grouped_folds(&training.together, &events, folds, 1, seed)
        .map_err(|e| ModelError::Other(e.into()))?;
    let mut codes = vec![0; events.len()];
    for (fold, split) in splits.iter().enumerate() {
        for &row in &split.test {
            codes[row] = fold as u32;
        }
    }
    Ok(Ok((codes, folds)))
}
