//! Fitting discrete-time hazards on person-period rows.

use ndarray::Array2;

use super::net;
use super::training::Training;
use crate::DAYS_PER_MONTH;
use crate::learners::{Logistic, PersonPeriods, RidgeSettings};
use crate::model::ModelError;
use crate::model::cells;
use crate::model::discrete::{Discrete, DiscreteCause};
use crate::model::prepared::{Prepared, TimeUnit};
use crate::model::result::{Penalty, Rule};
use crate::model::study::{LambdaSpec, ModelSpec, PenaltySpec};
use crate::progress::Progress;
use crate::survival::Outcome;

/// Bands of intervals with an intercept of their own: at most so many, each with so many events.
const BANDS: usize = 8;
const BAND_EVENTS: usize = 10;
/// Fewer events than this per column, and a competing cause gets a hazard without terms.
const EVENTS_PER_COLUMN: usize = 5;

/// The discrete hazards of all causes.
pub(crate) struct DiscreteFit {
    pub(crate) discrete: Discrete,
    /// The regression of the cause that is asked.
    pub(crate) main: Logistic,
    /// Its log likelihood with the bands alone.
    pub(crate) null: f64,
    /// Where the terms begin among its coefficients.
    pub(crate) terms_from: usize,
    /// What holds its terms in.
    pub(crate) penalty: Option<Penalty>,
    pub(crate) warnings: Vec<String>,
}

/// Fits every cause that occurs. `means` are taken off the columns.
pub(crate) fn fit(
    prepared: &Prepared,
    training: &Training,
    spec: &ModelSpec,
    means: &[f64],
    progress: &dyn Progress,
) -> Result<DiscreteFit, ModelError> {
    let marks = training.landmark.clone().unwrap_or_else(|| vec![0; training.len()]);
    let shifts = prepared.landmarks.len().saturating_sub(1);
    let y = since_landmark(prepared, &training.outcome, &marks)?;
    let edges = intervals(prepared, spec, &y, &marks)?;
    let longest = edges.iter().max_by_key(|e| e.len()).cloned().unwrap_or_default();
    let centred = &training.x - &ndarray::Array1::from_vec(means.to_vec());
    let x = with_landmarks(&centred, &marks, shifts);
    let periods = PersonPeriods::new(&y, &longest)?;
    let clusters = training.clusters.first().map(Vec::as_slice);
    let mut warnings = Vec::new();
    if spec.cluster.len() > 1 {
        warnings.push(format!("errors are clustered by {} only", spec.cluster[0]));
    }
    let bare = with_landmarks(&Array2::zeros((training.len(), 0)), &marks, shifts);
    let mut causes = Vec::new();
    let (mut main, mut penalty) = (None, None);
    progress.start("fitting", training.present.len() as u64);
    for (done, &cause) in training.present.iter().enumerate() {
        progress.advance(u64::from(done > 0));
        let by_interval = periods.events(cause);
        let events: usize = by_interval.iter().sum();
        let name = &training.outcome.causes()[cause as usize - 1];
        let bands = bands(&by_interval);
        let count = bands.iter().max().map_or(0, |b| b + 1);
        let own = cause == training.cause;
        let net = spec.cox.penalty.as_ref();
        let enough = own || net.is_some() || events >= EVENTS_PER_COLUMN * training.names.len();
        if !enough {
            warnings.push(format!(
                "{name} has {events} events for {} columns: its hazard is the same for everybody",
                training.names.len()
            ));
        }
        if events == 0 {
            if own {
                let what = format!("no row ends by {name:?} in an interval that was seen whole");
                return Err(ModelError::data(what, "choose a longer step, or another cause"));
            }
            // Rarely: the cause occurs only where an interval was not seen whole.
            causes.push(nothing(&bands, count + shifts));
            continue;
        }
        let runs = periods.runs(cause, &bands)?;
        let held = match net {
            None => None,
            Some(net) => {
                let settings = RidgeSettings { x: &x, runs: &runs, bands: count, free: shifts };
                let by = RidgeBy { net, settings, cause, seed: prepared.seed };
                let found = by.fit(training, clusters)?;
                if found.is_none() {
                    warnings.push(format!(
                        "{name} has too few groups of rows with the event to choose the strength of \
                         a ridge: its hazard is the same for everybody"
                    ));
                }
                found
            }
        };
        let (fit, found) = match held {
            Some((fit, found)) => (fit, Some(found)),
            None => {
                let design = if enough && net.is_none() { &x } else { &bare };
                (Logistic::fit_periods(design, &runs, count, clusters)?, None)
            }
        };
        if own {
            warnings.extend(words(&fit, &training.names, count + shifts));
            penalty = found;
            let alone = Logistic::fit_periods(&bare, &runs, count, None)?;
            main = Some((fit.clone(), alone.loglik, count + shifts));
        }
        causes.push(DiscreteCause { bands, coef: fit.coef, covariance: fit.covariance });
    }
    let (main, null, terms_from) =
        main.ok_or_else(|| ModelError::data("the cause has no rows", "choose another cause"))?;
    let discrete = Discrete { edges, causes };
    Ok(DiscreteFit { discrete, main, null, terms_from, penalty, warnings })
}

/// How a ridge of a study finds its strength for one cause.
struct RidgeBy<'a> {
    net: &'a PenaltySpec,
    settings: RidgeSettings<'a>,
    cause: u32,
    seed: u64,
}

impl RidgeBy<'_> {
    /// The fit, with a strength that is given or that is chosen on folds of the training rows;
    /// `None` where a competing cause has too few groups of rows for that.
    fn fit(
        &self,
        training: &Training,
        clusters: Option<&[u32]>,
    ) -> Result<Option<(Logistic, Penalty)>, ModelError> {
        let (lambda, rule, folds) = match self.net.lambda {
            LambdaSpec::Given(lambda) => (lambda, Rule::Given, None),
            how => match net::folds(training, self.net.folds, self.cause, self.seed)? {
                Ok((codes, folds)) => {
                    let found = self.settings.choose(&codes)?;
                    let (at, rule) = if how == LambdaSpec::Least {
                        (found.best, Rule::Least)
                    } else {
                        (found.within_one_se, Rule::WithinOneSe)
                    };
                    (found.lambda[at], rule, Some(folds))
                }
                Err(groups) if self.cause == training.cause => {
                    return Err(ModelError::TooFew(format!(
                        "{groups} groups of rows with the event are too few to choose the strength \
                         of a ridge by cross-validation, which needs {}; give lambda as a number",
                        net::FEWEST
                    )));
                }
                Err(_) => return Ok(None),
            },
        };
        let fit = self.settings.fit(lambda, clusters)?;
        let of = self.settings.x.ncols() - self.settings.free;
        let last = fit.coef.len() - of;
        let kept = fit.coef[last..].iter().filter(|b| **b != 0.0).count();
        Ok(Some((fit, Penalty { alpha: 0.0, lambda, rule, folds, kept, of })))
    }
}

/// Time counted from each row's landmark.
pub(super) fn since_landmark(
    prepared: &Prepared,
    y: &Outcome,
    marks: &[u32],
) -> Result<Outcome, ModelError> {
    if prepared.landmarks.is_empty() {
        return Ok(y.clone());
    }
    let shifted = |times: &[f64]| -> Vec<f64> {
        times.iter().zip(marks).map(|(t, &l)| t - prepared.origin(l)).collect()
    };
    let entry = y.entry().map(shifted);
    Ok(Outcome::new(entry, shifted(y.exit()), y.cause().to_vec(), y.causes().to_vec())?)
}

/// The edges of the intervals for each landmark: whole steps as far as ten rows are at risk.
pub(super) fn intervals(
    prepared: &Prepared,
    spec: &ModelSpec,
    y: &Outcome,
    marks: &[u32],
) -> Result<Vec<Vec<f64>>, ModelError> {
    let days = prepared.unit == TimeUnit::Days;
    let step = match &spec.step {
        Some(step) if step.in_days != days => {
            let what = "model.step does not have the unit of the data's time";
            let repair = "give a span like \"1 month\" for a history, a plain number for a table";
            return Err(ModelError::usage(what, repair));
        }
        Some(step) => Some(step.length),
        None => days.then_some(DAYS_PER_MONTH),
    };
    let few = || ModelError::TooFew("fewer than ten rows are followed up for one interval".into());
    let of = |l: usize| -> Result<Vec<f64>, ModelError> {
        let rows: Vec<usize> = (0..marks.len()).filter(|&r| marks[r] as usize == l).collect();
        if rows.is_empty() {
            return Err(few());
        }
        let own = y.of_rows(&rows);
        let Some(step) = step else {
            let mut edges = cells::quantiles(&own, &[]).ok_or_else(few)?;
            if edges[0] < 0.0 || edges[0] > 0.0 && own.entry().is_none() {
                edges[0] = 0.0;
            }
            let at = cells::merge(&edges, &cells::events(&own, &edges), &[]);
            let mut merged: Vec<f64> = at.iter().map(|&j| edges[j]).collect();
            if merged[0] > 0.0 {
                merged.insert(0, 0.0);
            }
            return Ok(merged);
        };
        let last = cells::follow_up(&own).ok_or_else(few)?;
        let count = (last / step + 1e-9).floor();
        if !(1.0..=100_000.0).contains(&count) {
            return Err(few());
        }
        Ok((0..=count as usize).map(|k| k as f64 * step).collect())
    };
    (0..prepared.landmarks.len().max(1)).map(of).collect()
}

/// A 0/1 column per later landmark, then the columns of `x`.
fn with_landmarks(x: &Array2<f64>, marks: &[u32], shifts: usize) -> Array2<f64> {
    Array2::from_shape_fn((x.nrows(), shifts + x.ncols()), |(i, j)| {
        if j < shifts {
            f64::from(u8::from(marks[i] as usize == j + 1))
        } else {
            x[[i, j - shifts]]
        }
    })
}

/// Cuts the intervals into bands with about equally many events of a cause.
pub(super) fn bands(events: &[usize]) -> Vec<usize> {
    let total: usize = events.iter().sum();
    let each = (total / BANDS).max(BAND_EVENTS);
    let (mut bands, mut band, mut in_band, mut left) = (Vec::new(), 0, 0, total);
    for e in events {
        bands.push(band);
        in_band += e;
        left -= e;
        if in_band >= each && left >= each {
            (band, in_band) = (band + 1, 0);
        }
    }
    bands
}

/// A hazard of all but nothing.
fn nothing(bands: &[usize], columns: usize) -> DiscreteCause {
    let mut coef = vec![0.0; columns];
    for &b in bands {
        coef[b] = -40.0;
    }
    DiscreteCause { bands: bands.to_vec(), coef, covariance: vec![vec![0.0; columns]; columns] }
}

/// What must be said about the regression of the cause that is asked.
fn words(fit: &Logistic, names: &[String], from: usize) -> Vec<String> {
    let mut all = Vec::new();
    for (name, _) in names.iter().zip(&fit.estimated[from..]).filter(|(_, e)| !**e) {
        all.push(format!("{name} says nothing that other columns do not; it was left out"));
    }
    if !fit.converged {
        all.push("the search did not reach a maximum: a column may separate the outcome".into());
    }
    all
}
