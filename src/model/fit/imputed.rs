//! A Cox model fitted on several imputations, pooled by Rubin's rules.

use ndarray::{Array2, Axis};

use super::cause::CauseFit;
use super::hazards;
use super::training::Training;
use crate::model::impute::{self, Pooled, PooledEffect, PooledWald};
use crate::model::prepared::Prepared;
use crate::model::result::{Imputed, ImputedColumn, ImputedTerm};
use crate::model::study::{self, ModelSpec};
use crate::model::{ModelError, TermResult};
use crate::progress::{Progress, Silent};
use crate::survival::linalg::Cholesky;

/// What is left of the fits.
pub(super) struct Found {
    pub(super) engine: impute::Imputed,
    /// The mean of each column over rows and imputations.
    pub(super) means: Vec<f64>,
    pub(super) said: Said,
    pub(super) warnings: Vec<String>,
}

/// What `train` says of them.
pub(super) struct Said {
    pub(super) terms: Vec<TermResult>,
    pub(super) imputation: Imputed,
    /// Harrell's C with its standard error, pooled.
    pub(super) concordance: Option<(f64, f64)>,
    pub(super) converged: bool,
}

/// Imputes, fits and pools. The training's columns become the mean over imputations.
pub(super) fn fit(
    prepared: &Prepared,
    training: &mut Training,
    spec: &ModelSpec,
    how: study::Imputation,
    progress: &dyn Progress,
) -> Result<Found, ModelError> {
    let strata = training.strata.as_ref().map(|(codes, _)| codes.as_slice());
    let frames = impute::complete(
        &training.frame,
        &training.recipe,
        &training.outcome,
        &training.present,
        strata,
        how,
        prepared.seed,
    )?;
    let designs = frames
        .iter()
        .map(|frame| training.recipe.matrix(frame).map(|d| d.x).map_err(ModelError::from))
        .collect::<Result<Vec<_>, _>>()?;
    drop(frames);
    let m = designs.len() as f64;
    let mut mean = Array2::<f64>::zeros(training.x.raw_dim());
    designs.iter().for_each(|x| mean.scaled_add(1.0 / m, x));
    let columns = covariance(&designs);
    training.x = mean;
    let means = training.means();
    let mut fits = Vec::new();
    progress.start("fitting", designs.len() as u64);
    for x in designs {
        training.x = x;
        fits.push(hazards::fit(prepared, training, spec, &means, &Silent)?);
        progress.advance(1);
    }
    let mut warnings: Vec<String> = Vec::new();
    for found in fits.iter_mut().flat_map(|f| f.warnings.drain(..)) {
        if !warnings.contains(&found) {
            warnings.push(found);
        }
    }
    let said = Said::new(training, prepared, spec, how, &fits)?;
    let pooled = pooled(&fits);
    let models = fits.into_iter().map(|f| f.proportional).collect();
    Ok(Found { engine: impute::Imputed { models, pooled, columns }, means, said, warnings })
}

/// The covariance of the columns over all imputations.
fn covariance(designs: &[Array2<f64>]) -> Vec<Vec<f64>> {
    let (n, p) = designs.first().map_or((0, 0), |x| x.dim());
    let count = (designs.len() * n) as f64;
    let mut mean = ndarray::Array1::<f64>::zeros(p);
    designs.iter().for_each(|x| mean += &(x.sum_axis(Axis(0)) / count));
    let mut sum = Array2::<f64>::zeros((p, p));
    for x in designs {
        let centred = x - &mean;
        sum += &centred.t().dot(&centred);
    }
    let entry = |i: usize, j: usize| sum[[i.max(j), i.min(j)]] / count;
    (0..p).map(|i| (0..p).map(|j| entry(i, j)).collect()).collect()
}

/// The effects on the cause that is asked, with the covariance within and between.
fn pooled(fits: &[hazards::Hazards]) -> PooledEffect {
    let first = |f: &hazards::Hazards| f.proportional.effects[0].clone();
    let effects: Vec<_> = fits.iter().map(first).collect();
    let (m, p) = (effects.len() as f64, effects.first().map_or(0, |e| e.coef.len()));
    let coef: Vec<f64> =
        (0..p).map(|j| effects.iter().map(|e| e.coef[j]).sum::<f64>() / m).collect();
    let entry = |i: usize, j: usize| {
        let (i, j) = (i.max(j), i.min(j));
        let within = effects.iter().map(|e| e.covariance[i][j]).sum::<f64>() / m;
        let between =
            effects.iter().map(|e| (e.coef[i] - coef[i]) * (e.coef[j] - coef[j])).sum::<f64>()
                / (m - 1.0);
        within + (1.0 + 1.0 / m) * between
    };
    let covariance = (0..p).map(|i| (0..p).map(|j| entry(i, j)).collect()).collect();
    PooledEffect { coef, covariance }
}

impl Said {
    fn new(
        training: &Training,
        prepared: &Prepared,
        spec: &ModelSpec,
        how: study::Imputation,
        fits: &[hazards::Hazards],
    ) -> Result<Self, ModelError> {
        let cox: Vec<_> = fits
            .iter()
            .filter_map(|f| match &f.main {
                CauseFit::Cox(fit) => Some((fit, &f.sample)),
                CauseFit::FineGray(_) => None,
            })
            .collect();
        let events = training.outcome.events(training.cause);
        let complete = events as f64 - training.names.len() as f64;
        let (mut terms, mut details) = (Vec::new(), Vec::new());
        for (j, name) in training.names.iter().enumerate() {
            let estimates: Vec<f64> = cox.iter().map(|(f, _)| f.coef[j]).collect();
            let own = |v: &Array2<f64>| v[[j, j]];
            let model: Vec<f64> = cox.iter().map(|(f, _)| own(&f.covariance)).collect();
            let robust: Option<Vec<f64>> =
                cox.iter().map(|(f, _)| f.robust_covariance.as_ref().map(own)).collect();
            let everywhere = cox.iter().all(|(f, _)| f.estimated[j]);
            let found = Pooled::new(&estimates, &model, complete).filter(|_| everywhere);
            let sandwich = robust.and_then(|r| Pooled::new(&estimates, &r, complete));
            let Some(by_model) = found else {
                terms.push(TermResult::absent(name));
                continue;
            };
            let best = sandwich.unwrap_or(by_model);
            terms.push(TermResult::pooled(name, &by_model, sandwich.as_ref(), spec.interval));
            details.push(ImputedTerm {
                name: name.clone(),
                within: best.within,
                between: best.between,
                df: best.df,
                fmi: best.fmi,
            });
        }
        let mut c = (Vec::new(), Vec::new());
        for (fit, sample) in &cox {
            if let Some(found) = fit.concordance(sample)? {
                c.0.push(found.c);
                c.1.push(found.se * found.se);
            }
        }
        let concordance = (c.0.len() == cox.len()).then(|| Pooled::new(&c.0, &c.1, complete));
        let column = |(name, missing)| ImputedColumn { name, missing };
        let columns = impute::lacking(&training.frame, &training.recipe);
        Ok(Self {
            terms,
            imputation: Imputed {
                imputations: how.imputations,
                iterations: how.iterations,
                seed: prepared.seed,
                columns: columns.into_iter().map(column).collect(),
                terms: details,
                wald: wald(fits),
            },
            concordance: concordance.flatten().map(|p| (p.estimate, p.total.sqrt())),
            converged: cox.iter().all(|(f, _)| f.converged),
        })
    }
}

/// The test of all terms at once.
fn wald(fits: &[hazards::Hazards]) -> Option<PooledWald> {
    let effects: Vec<_> = fits.iter().map(|f| &f.proportional.effects[0]).collect();
    let (m, p) = (effects.len() as f64, effects.first().map_or(0, |e| e.coef.len()));
    let mean = |j: usize| effects.iter().map(|e| e.coef[j]).sum::<f64>() / m;
    let q: Vec<f64> = (0..p).map(mean).collect();
    let within = Array2::from_shape_fn((p, p), |(i, j)| {
        effects.iter().map(|e| e.covariance[i][j]).sum::<f64>() / m
    });
    let factor = Cholesky::new(&within, 1e-12);
    let solved = factor.solve(ndarray::aview1(&q));
    let inverse = factor.inverse();
    let mut trace = 0.0;
    for e in &effects {
        let off: Vec<f64> = e.coef.iter().zip(&q).map(|(b, q)| b - q).collect();
        let by = inverse.dot(&ndarray::aview1(&off));
        trace += off.iter().zip(&by).map(|(a, b)| a * b).sum::<f64>() / (m - 1.0);
    }
    PooledWald::new(&q, solved.as_slice()?, trace, factor.rank(), effects.len())
}
