//! Fitting parametric hazards, one model per cause.

use ndarray::{Array1, Array2};

use super::hazards::EVENTS_PER_COLUMN;
use super::training::Training;
use crate::model::cells;
use crate::model::prepared::{Prepared, TimeUnit};
use crate::model::smooth::{Smooth, SmoothCause};
use crate::model::study::ModelSpec;
use crate::model::{Kind, ModelError};
use crate::progress::Progress;
use crate::survival::{Distribution, FitWarning, Parametric, ParametricFit, Sample};

/// The hazard models of all causes.
pub(super) struct Smooths {
    pub(super) smooth: Smooth,
    /// The fit of the cause that is asked.
    pub(super) main: ParametricFit,
    /// The rows as that fit saw them.
    pub(super) sample: Sample,
    pub(super) warnings: Vec<String>,
}

/// Fits every cause that occurs.
pub(super) fn fit(
    prepared: &Prepared,
    training: &Training,
    spec: &ModelSpec,
    means: &[f64],
    progress: &dyn Progress,
) -> Result<Smooths, ModelError> {
    let distribution = distribution(spec, prepared.unit)?;
    let (sample, bare) = (sample(prepared, training, true)?, sample(prepared, training, false)?);
    let mut warnings = Vec::new();
    let mut causes = Vec::new();
    let mut main = None;
    progress.start("fitting", training.present.len() as u64);
    for &cause in &training.present {
        let asked = cause == training.cause;
        let model = Parametric::new(distribution.clone());
        let found = if asked {
            let fit = model.fit(&sample, cause)?;
            warnings.extend(fit.warnings.iter().map(ToString::to_string));
            fit
        } else {
            competing(training, &model, &sample, &bare, cause, &mut warnings)?
        };
        causes.push(of_cause(&found, means));
        if asked {
            main = Some(found);
        }
        progress.advance(1);
    }
    let main = main.ok_or_else(|| ModelError::TooFew("no row ends by the cause".into()))?;
    let edges = edges(prepared, training)?;
    Ok(Smooths { smooth: Smooth { edges, causes }, main, sample, warnings })
}

/// The distribution that a study names.
fn distribution(spec: &ModelSpec, unit: TimeUnit) -> Result<Distribution, ModelError> {
    Ok(match spec.kind {
        Kind::Exponential => Distribution::Exponential,
        Kind::Weibull => Distribution::Weibull,
        Kind::Lognormal => Distribution::Lognormal,
        Kind::Loglogistic => Distribution::Loglogistic,
        Kind::Gengamma => Distribution::Gengamma,
        Kind::Gompertz => Distribution::Gompertz,
        Kind::RoystonParmar => Distribution::RoystonParmar { df: spec.df },
        Kind::PiecewiseExponential => {
            if unit == TimeUnit::Own && spec.cuts.iter().any(|c| c.in_days) {
                let what = "model.cuts does not have the unit of the data's time";
                return Err(ModelError::usage(
                    what,
                    "a table has its own unit: give plain numbers",
                ));
            }
            let cuts = spec.cuts.iter().map(|c| c.length).collect();
            Distribution::PiecewiseExponential { cuts }
        }
        other => {
            return Err(ModelError::usage(
                format!("kind {other} is no parametric model"),
                "choose one of them",
            ));
        }
    })
}

/// The rows, with a column per later landmark; with terms and offset or without.
fn sample(prepared: &Prepared, training: &Training, terms: bool) -> Result<Sample, ModelError> {
    let columns = if terms { training.names.len() } else { 0 };
    let mut names = training.names[..columns].to_vec();
    names.extend(prepared.landmarks.iter().skip(1).map(|l| format!("(landmark {})", l.label)));
    let x = Array2::from_shape_fn((training.len(), names.len()), |(i, j)| {
        if j < columns {
            return training.x[[i, j]];
        }
        let own = training.landmark.as_ref().map_or(0, |l| l[i] as usize);
        f64::from(u8::from(own == j - columns + 1))
    });
    let mut s = Sample::new(x, names, training.outcome.clone())?;
    for codes in &training.clusters {
        s = s.with_cluster(codes.clone())?;
    }
    if let Some(w) = &training.weights {
        s = s.with_weights(w.clone())?;
    }
    if let Some(o) = training.offset.as_ref().filter(|_| terms) {
        s = s.with_offset(o.clone())?;
    }
    Ok(s)
}

/// A competing cause: with the terms where it has the events for them, and where a distribution
/// asks more than its events carry, a constant hazard.
fn competing(
    training: &Training,
    model: &Parametric,
    sample: &Sample,
    bare: &Sample,
    cause: u32,
    warnings: &mut Vec<String>,
) -> Result<ParametricFit, ModelError> {
    let name = &training.outcome.causes()[cause as usize - 1];
    let (events, columns) = (training.outcome.events(cause), training.names.len());
    let without_terms = match model.fit(bare, cause) {
        Ok(fit) => fit,
        Err(e) => {
            warnings
                .push(format!("{name} has a constant hazard, the same for everybody, since {e}"));
            return Ok(Parametric::new(Distribution::Exponential).fit(bare, cause)?);
        }
    };
    if events < EVENTS_PER_COLUMN * columns {
        warnings.push(format!(
            "{name} has {events} events for {columns} columns: its hazard is the same for everybody"
        ));
        return Ok(without_terms);
    }
    match model.fit(sample, cause) {
        Ok(fit) if fit.converged => Ok(fit),
        _ => {
            warnings.push(format!(
                "the hazard of {name} did not converge with these terms: it is the same for \
                 everybody"
            ));
            Ok(without_terms)
        }
    }
}

/// What the model keeps of a fit: parameters for columns less their means.
fn of_cause(fit: &ParametricFit, means: &[f64]) -> SmoothCause {
    // The columns are either all of the design, or only the landmarks'.
    let mut reference = Array1::zeros(fit.names.len());
    if fit.names.len() >= means.len() {
        reference.iter_mut().zip(means).for_each(|(r, m)| *r = *m);
    }
    // A sandwich says nothing of a coefficient that runs to infinity: its scores are all but zero.
    let separated = fit.warnings.iter().any(|w| matches!(w, FitWarning::Separation { .. }));
    let (law, coef, covariance) = fit.centred(reference.view(), !separated);
    SmoothCause {
        law,
        coef: coef.to_vec(),
        covariance: covariance.rows().into_iter().map(|r| r.to_vec()).collect(),
    }
}

/// The grid of each landmark, as far as ten rows are followed.
fn edges(prepared: &Prepared, training: &Training) -> Result<Vec<Vec<f64>>, ModelError> {
    let of = |l: u32| {
        let origin = prepared.origin(l);
        let anchors: Vec<f64> = prepared.horizons.iter().map(|h| origin + h.length).collect();
        let own = |r: &usize| training.landmark.as_ref().is_none_or(|codes| codes[*r] == l);
        let rows: Vec<usize> = (0..training.len()).filter(own).collect();
        let few = || {
            ModelError::TooFew(format!("fewer than ten rows are followed up from {origin:.0} on"))
        };
        if rows.is_empty() {
            return Err(few());
        }
        let y = training.outcome.of_rows(&rows);
        let found = match prepared.unit {
            TimeUnit::Days => cells::monthly(&y, origin, &anchors),
            TimeUnit::Own => cells::quantiles(&y, &anchors),
        };
        found.ok_or_else(few)
    };
    (0..prepared.landmarks.len().max(1) as u32).map(of).collect()
}
