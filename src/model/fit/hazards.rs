//! Fitting cause-specific hazards and laying them on the grid.

use ndarray::{Array1, ArrayView1, Axis};

use super::cause::{CauseFit, CauseModel};
use super::training::Training;
use super::{frailty, net};
use crate::model::cells::{self, merge};
use crate::model::hazards::{Baseline, Baselines, CauseCells, Effect, Proportional, Stratum};
use crate::model::prepared::{Prepared, TimeUnit};
use crate::model::study::ModelSpec;
use crate::model::{Frailty, Kind, ModelError, Penalty, priors};
use crate::progress::Progress;
use crate::survival::linalg::symmetrise;
use crate::survival::{
    AalenJohansen, CoxFit, CurvePoint, FitWarning, Interval, Prior, Sample, StratumCells,
};

/// Fewer events than this per column, and a competing cause gets a hazard without terms.
pub(super) const EVENTS_PER_COLUMN: usize = 5;
/// A stratum with fewer rows has no baseline of its own in the model.
const STRATUM_ROWS: usize = 10;
/// So many strata are named in a warning, at most.
const NAMED: usize = 5;
/// More strata than this, and none has a baseline of its own in the model.
const STRATA: usize = 500;

/// The hazard models of all causes.
pub(crate) struct Hazards {
    pub(crate) proportional: Proportional,
    /// The fit of the cause that is asked.
    pub(crate) main: CauseFit,
    /// The rows as that fit saw them.
    pub(crate) sample: Sample,
    /// The Cox fits of the other causes.
    pub(crate) others: Vec<(u32, CoxFit)>,
    /// The rows as these saw them, where that is not `sample`; and the rows without terms.
    pub(crate) sample_of_others: Option<Sample>,
    pub(crate) bare: Sample,
    /// The elastic net of that fit.
    pub(crate) penalty: Option<Penalty>,
    /// The frailty of that fit.
    pub(crate) frailty: Option<Frailty>,
    pub(crate) warnings: Vec<String>,
}

/// The sample of a cause: with terms or without.
pub(super) struct Fitted<'a> {
    pub(super) fit: CauseFit,
    pub(super) sample: &'a Sample,
}

/// Fits every cause that occurs and makes the baselines.
pub(crate) fn fit(
    prepared: &Prepared,
    training: &Training,
    spec: &ModelSpec,
    means: &[f64],
    progress: &dyn Progress,
) -> Result<Hazards, ModelError> {
    let codes = Codes::new(training, prepared);
    let sample = training.sample(codes.all.clone())?;
    let bare = without_terms(&sample)?;
    let mut warnings = Vec::new();
    let known = known_beforehand(prepared, training, spec, &mut warnings)?;
    let frail = frailty::fit(training, &sample, spec)?;
    let mut fits = Vec::new();
    progress.start("fitting", training.present.len() as u64);
    let mut penalty = None;
    for &cause in &training.present {
        let model = CauseModel::new(spec);
        if let Some(net) = &spec.cox.penalty {
            let net = net::Net { spec: net, model, seed: prepared.seed };
            let (fitted, found) = net.fit_cause(training, &sample, &bare, cause)?;
            warnings.extend(codes.say(fitted.fit.warnings()));
            fits.push(fitted);
            progress.advance(1);
            match found {
                Ok(found) if cause == training.cause => penalty = Some(found),
                Ok(_) => {}
                Err(why) => warnings.push(why),
            }
            continue;
        }
        if let Some(frail) = frail.as_ref().filter(|_| cause == training.cause) {
            warnings.extend(codes.say(&frail.fit.cox.warnings));
            warnings.extend(frail.said.iter().cloned());
            let fit = CauseFit::Cox(Box::new(frail.fit.cox.clone()));
            fits.push(Fitted { fit, sample: &frail.known });
            progress.advance(1);
            continue;
        }
        let model = match model {
            CauseModel::Cox(m) if cause == training.cause => {
                CauseModel::Cox(m.priors(known.clone()).firth(spec.cox.firth))
            }
            CauseModel::FineGray(m) if cause == training.cause => {
                CauseModel::FineGray(m.priors(known.clone()))
            }
            other => other,
        };
        fits.push(fit_cause(training, &sample, &bare, &model, cause, &codes, &mut warnings)?);
        progress.advance(1);
    }
    let mut effects: Vec<Effect> = fits.iter().map(|f| effect(&f.fit)).collect();
    if let (Some(frail), Some(first)) = (&frail, effects.first_mut()) {
        first.frailty = frail.mixture();
    }
    let reference = Array1::from_vec(means.to_vec());
    let grid = Grid::new(prepared, training, spec, &codes)?;
    let own = increments(&fits, &grid.edges, reference.view())?;
    let baselines = if training.strata.is_none() {
        grid.landmarks(training, &own)?
    } else {
        // Without the strata, and with the same effects: the pooled baseline.
        let pooled = sample.clone().with_strata(codes.landmark.clone())?;
        let pooled_bare = without_terms(&pooled)?;
        let known = frail.as_ref().map(|f| f.known.clone().with_strata(codes.landmark.clone()));
        let pooled_known = known.transpose()?;
        let again: Vec<Fitted<'_>> = fits
            .iter()
            .map(|f| Fitted {
                fit: f.fit.clone(),
                sample: match (&pooled_known, &frail) {
                    (Some(pooled), Some(own)) if std::ptr::eq(f.sample, &own.known) => pooled,
                    _ if f.fit.coef().is_empty() => &pooled_bare,
                    _ => &pooled,
                },
            })
            .collect();
        let all = increments(&again, &grid.edges, reference.view())?;
        let baselines = grid.landmarks(training, &all)?;
        for (k, effect) in effects.iter_mut().enumerate() {
            effect.between_strata = between(&fits[k], &own[k], &all[k], &grid.edges, &codes, means);
        }
        // What a model of repeated events does not predict needs no word about its baselines.
        let describes = spec.repeated.is_some_and(|r| r.method.describes(prepared.unit));
        let mut unsaid = Vec::new();
        let said = if describes { &mut unsaid } else { &mut warnings };
        grid.strata(training, &codes, &own, baselines, said)
    };
    let others = fits.iter().zip(&training.present).skip(1).filter_map(|(fitted, &cause)| {
        match &fitted.fit {
            CauseFit::Cox(fit) => Some((cause, (**fit).clone())),
            CauseFit::FineGray(_) => None,
        }
    });
    let others = others.collect();
    let main = fits.swap_remove(0).fit;
    let (sample, sample_of_others, frailty) = match frail {
        Some(frail) => {
            let told = frail.told();
            (frail.known, Some(sample), Some(told))
        }
        None => (sample, None, None),
    };
    let subdistribution = spec.kind == Kind::FineGray;
    let proportional = Proportional { subdistribution, baselines, effects };
    Ok(Hazards {
        proportional,
        main,
        sample,
        others,
        sample_of_others,
        bare,
        penalty,
        frailty,
        warnings,
    })
}

/// The priors of the study for the cause that is asked.
fn known_beforehand(
    prepared: &Prepared,
    training: &Training,
    spec: &ModelSpec,
    warnings: &mut Vec<String>,
) -> Result<Vec<Prior>, ModelError> {
    let rows = spec.cox.priors.as_ref().and_then(|file| prepared.priors.get(file));
    let Some(rows) = rows else { return Ok(Vec::new()) };
    let sd = training.x.std_axis(Axis(0), 0.0);
    let moments: Vec<(f64, f64)> = training.means().into_iter().zip(sd).collect();
    priors::matched(rows, &training.names, &moments, warnings)
}

/// One cause: with the terms where it has the events for them.
fn fit_cause<'a>(
    training: &Training,
    sample: &'a Sample,
    bare: &'a Sample,
    model: &CauseModel,
    cause: u32,
    codes: &Codes,
    warnings: &mut Vec<String>,
) -> Result<Fitted<'a>, ModelError> {
    let name = &training.outcome.causes()[cause as usize - 1];
    let events = training.outcome.events(cause);
    if cause == training.cause {
        let fit = model.fit(sample, cause)?;
        warnings.extend(codes.say(fit.warnings()));
        return Ok(Fitted { fit, sample });
    }
    let columns = training.names.len();
    if columns == 0 {
        return Ok(Fitted { fit: model.fit(bare, cause)?, sample: bare });
    }
    if events >= EVENTS_PER_COLUMN * columns {
        let fit = model.fit(sample, cause)?;
        if fit.converged() {
            return Ok(Fitted { fit, sample });
        }
        warnings.push(format!(
            "the hazard of {name} did not converge with these terms: it is the same for everybody"
        ));
    } else {
        warnings.push(format!(
            "{name} has {events} events for {columns} columns: its hazard is the same for everybody"
        ));
    }
    Ok(Fitted { fit: model.fit(bare, cause)?, sample: bare })
}

/// The same rows without columns and offset.
fn without_terms(sample: &Sample) -> Result<Sample, ModelError> {
    let x = ndarray::Array2::zeros((sample.len(), 0));
    let mut bare = Sample::new(x, Vec::new(), sample.outcome().clone())?;
    if let Some(codes) = sample.strata() {
        bare = bare.with_strata(codes.to_vec())?;
    }
    if let Some(w) = sample.weights() {
        bare = bare.with_weights(w.to_vec())?;
    }
    Ok(bare)
}

fn effect(fit: &CauseFit) -> Effect {
    let mut covariance = fit.covariance().clone();
    // Sums in another order leave the halves of a sandwich apart in their last bits.
    symmetrise(&mut covariance);
    Effect {
        coef: fit.coef().to_vec(),
        covariance: covariance.rows().into_iter().map(|r| r.to_vec()).collect(),
        between_strata: 0.0,
        frailty: None,
    }
}

/// Increments of each cause's baseline by stratum.
fn increments(
    fits: &[Fitted<'_>],
    edges: &[f64],
    reference: ArrayView1<'_, f64>,
) -> Result<Vec<Vec<StratumCells>>, ModelError> {
    let of = |f: &Fitted<'_>| {
        let reference =
            if f.fit.coef().is_empty() { Array1::zeros(0) } else { reference.to_owned() };
        f.fit.baseline_cells_at(f.sample, edges, reference.view())
    };
    fits.iter().map(|f| of(f).map_err(ModelError::from)).collect()
}

/// The codes of landmarks and strata.
struct Codes {
    /// The landmark of each row, 0 where there are none.
    landmark: Vec<u32>,
    landmarks: usize,
    /// The label of each stratum; one empty label without strata.
    labels: Vec<String>,
    /// What the model is stratified by: landmark × stratum; `None` where there is neither.
    all: Option<Vec<u32>>,
}

impl Codes {
    fn new(training: &Training, prepared: &Prepared) -> Self {
        let landmark = training.landmark.clone().unwrap_or_else(|| vec![0; training.len()]);
        let landmarks = prepared.landmarks.len().max(1);
        let (codes, labels) = match &training.strata {
            Some((codes, labels)) => (codes.clone(), labels.clone()),
            None => (vec![0; training.len()], vec![String::new()]),
        };
        let count = labels.len() as u32;
        let both = landmark.iter().zip(&codes).map(|(l, s)| l * count + s).collect();
        let any = training.landmark.is_some() || training.strata.is_some();
        Self { landmark, landmarks, labels, all: any.then_some(both) }
    }

    /// The warnings in words. Strata without events make one: each on its own would name every
    /// child where a study stratifies by child.
    fn say(&self, warnings: &[FitWarning]) -> Vec<String> {
        let (mut said, mut idle, mut idle_rows) = (Vec::new(), Vec::new(), 0);
        for warning in warnings {
            match warning {
                FitWarning::StratumWithoutEvents { stratum, rows } => {
                    idle_rows += rows;
                    let label = &self.labels[*stratum as usize % self.labels.len()];
                    if *rows >= STRATUM_ROWS && !label.is_empty() && idle.len() < NAMED {
                        idle.push(label.as_str());
                    }
                }
                other => said.push(other.to_string()),
            }
        }
        let count = warnings
            .iter()
            .filter(|w| matches!(w, FitWarning::StratumWithoutEvents { .. }))
            .count();
        if count > 0 {
            let strata = if count == 1 { "stratum has" } else { "strata have" };
            let named = match idle.as_slice() {
                [] => String::new(),
                some => {
                    format!(" ({}{})", some.join(", "), if count > some.len() { ", …" } else { "" })
                }
            };
            let what = format!("{count} {strata} no event{named}: {idle_rows} rows add nothing");
            said.push(what);
        }
        said
    }
}

/// The grid of a fit.
struct Grid {
    /// All edges that any landmark needs.
    edges: Vec<f64>,
    origins: Vec<f64>,
    /// Horizons as times since the start, for each landmark.
    anchors: Vec<Vec<f64>>,
    /// The causes that occur, where there is no model: the grid then gives the Aalen–Johansen
    /// curves themselves at its edges.
    no_model: Option<Vec<u32>>,
}

impl Grid {
    fn new(
        prepared: &Prepared,
        training: &Training,
        spec: &ModelSpec,
        codes: &Codes,
    ) -> Result<Self, ModelError> {
        let origins: Vec<f64> = (0..codes.landmarks as u32).map(|l| prepared.origin(l)).collect();
        let anchors: Vec<Vec<f64>> = origins
            .iter()
            .map(|o| prepared.horizons.iter().map(|h| o + h.length).collect())
            .collect();
        let mut edges = Vec::new();
        for (l, origin) in origins.iter().enumerate() {
            let rows = rows_where(&codes.landmark, l as u32);
            if rows.is_empty() {
                continue;
            }
            let y = training.outcome.of_rows(&rows);
            edges.extend(match prepared.unit {
                TimeUnit::Days => cells::monthly(&y, *origin, &anchors[l]),
                TimeUnit::Own => cells::quantiles(&y, &anchors[l]),
            });
        }
        let edges = cells::tidy(edges.into_iter().flatten().collect()).ok_or_else(|| {
            ModelError::TooFew("fewer than ten rows are followed up at the same time".into())
        })?;
        let no_model = (spec.kind == Kind::AalenJohansen).then(|| training.present.clone());
        Ok(Self { edges, origins, anchors, no_model })
    }

    /// The pooled baseline of each landmark.
    fn landmarks(
        &self,
        training: &Training,
        all: &[Vec<StratumCells>],
    ) -> Result<Vec<Baselines>, ModelError> {
        let marks = training.landmark.as_deref();
        let of = |l: usize| {
            let rows = match marks {
                Some(codes) => rows_where(codes, l as u32),
                None => (0..training.len()).collect(),
            };
            let pooled = self.baseline(training, &rows, l, l as u32, all);
            pooled
                .map(|pooled| Baselines { pooled, strata: Vec::new(), borrowed: false })
                .ok_or_else(|| {
                    let at = self.origins[l];
                    ModelError::TooFew(format!(
                        "fewer than ten rows are followed up from {at:.0} on"
                    ))
                })
        };
        (0..self.origins.len()).map(of).collect()
    }

    /// Adds the baselines of the strata that have enough cases.
    fn strata(
        &self,
        training: &Training,
        codes: &Codes,
        own: &[Vec<StratumCells>],
        mut baselines: Vec<Baselines>,
        warnings: &mut Vec<String>,
    ) -> Vec<Baselines> {
        let Some(all) = &codes.all else { return baselines };
        let count = codes.labels.len();
        if count > STRATA {
            warnings.push(format!(
                "{count} strata are too many to keep in a model: predictions use the pooled baseline"
            ));
            return baselines;
        }
        let mut small = 0;
        for (l, baselines) in baselines.iter_mut().enumerate() {
            for (s, label) in codes.labels.iter().enumerate() {
                let code = (l * count + s) as u32;
                let rows = rows_where(all, code);
                let ends = rows.iter().filter(|&&r| training.outcome.cause()[r] > 0).count();
                let enough = rows.len() >= STRATUM_ROWS && ends >= cells::CELL_EVENTS as usize;
                let found = enough.then(|| self.baseline(training, &rows, l, code, own));
                match found.flatten() {
                    Some(baseline) => {
                        baselines.strata.push(Stratum { label: label.clone(), baseline });
                    }
                    None => small += 1,
                }
            }
        }
        if small > 0 {
            warnings.push(format!(
                "{small} strata are too small for a baseline of their own: predictions for them use \
                 the pooled one"
            ));
        }
        baselines
    }

    /// The baseline of some rows, which have stratum number `code` in `increments`.
    fn baseline(
        &self,
        training: &Training,
        rows: &[usize],
        landmark: usize,
        code: u32,
        increments: &[Vec<StratumCells>],
    ) -> Option<Baseline> {
        if rows.is_empty() {
            return None;
        }
        let y = &training.outcome.of_rows(rows);
        let last = cells::follow_up(y)?;
        let slack = 1e-9 * last.abs().max(1.0);
        let origin = self.origins[landmark];
        let from = self.edges.partition_point(|&e| e < origin - slack);
        let to = self.edges.partition_point(|&e| e <= last + slack);
        if to < from + 2 {
            return None;
        }
        let cause = |cells: &Vec<StratumCells>| {
            let found = cells.iter().find(|c| c.stratum == code);
            let width = cells.first().map_or(0, |c| c.dq.ncols());
            let zero = || vec![0.0; to - from - 1];
            match found {
                None => {
                    CauseCells { dh: zero(), dv: zero(), dq: vec![vec![0.0; width]; to - from - 1] }
                }
                Some(c) => CauseCells {
                    dh: c.dh[from..to - 1].to_vec(),
                    dv: c.dv[from..to - 1].to_vec(),
                    dq: (from..to - 1).map(|j| c.dq.row(j).to_vec()).collect(),
                },
            }
        };
        let edges = self.edges[from..to].to_vec();
        let fine = Baseline { causes: increments.iter().map(cause).collect(), edges };
        let at = merge(&fine.edges, &cells::events(y, &fine.edges), &self.anchors[landmark]);
        let mut merged = fine.merged(&at);
        if let Some(causes) = &self.no_model {
            let weights = training.weights.as_ref();
            let weights: Option<Vec<f64>> = weights.map(|w| rows.iter().map(|&r| w[r]).collect());
            let curves = AalenJohansen::new(y, weights.as_deref()).ok()?;
            follow_curves(&mut merged, &curves, causes);
        }
        Some(merged)
    }
}

/// Moves the cells' hazards so that the grid gives these curves at its edges. The standard
/// errors keep their share of the hazards.
fn follow_curves(baseline: &mut Baseline, curves: &AalenJohansen, causes: &[u32]) {
    let edges = &baseline.edges;
    let event_free = curves.event_free_at_times(edges);
    let incidences: Vec<_> =
        causes.iter().map(|&k| curves.at_times(k, edges, Interval::LogLog, 0.95)).collect();
    let at = |j: usize| -> (f64, Vec<f64>) {
        let incidence = |points: &Option<Vec<CurvePoint>>| {
            points.as_ref().and_then(|p| p.get(j)).map_or(0.0, |point| point.estimate)
        };
        (event_free[j].0, incidences.iter().map(incidence).collect())
    };
    let (mut survival, mut incidence) = at(0);
    for j in 1..baseline.edges.len() {
        let (next_survival, next) = at(j);
        let gone: f64 = next.iter().zip(&incidence).map(|(b, a)| b - a).sum();
        // With everybody gone there is no hazard that says so; the increments stay.
        if next_survival > 0.0 && survival > 0.0 && gone > 0.0 {
            let total = (survival / next_survival).ln();
            for (k, cells) in baseline.causes.iter_mut().enumerate() {
                let wanted = total * (next[k] - incidence[k]) / gone;
                if cells.dh[j - 1] > 0.0 {
                    cells.dv[j - 1] *= (wanted / cells.dh[j - 1]).powi(2);
                }
                cells.dh[j - 1] = wanted.max(0.0);
            }
        }
        (survival, incidence) = (next_survival, next);
    }
}

fn rows_where(codes: &[u32], code: u32) -> Vec<usize> {
    (0..codes.len()).filter(|&r| codes[r] == code).collect()
}

/// The variance of strata's log hazards around the pooled one, by the method of moments
/// (DerSimonian & Laird 1986) on log(observed / expected) events.
fn between(
    fitted: &Fitted<'_>,
    own: &[StratumCells],
    pooled: &[StratumCells],
    edges: &[f64],
    codes: &Codes,
    means: &[f64],
) -> f64 {
    let Some(all) = &codes.all else { return 0.0 };
    let count = codes.labels.len();
    // Cumulative pooled hazard at the edges, by landmark.
    let curve = |l: u32| -> Vec<f64> {
        let mut sum = vec![0.0; edges.len()];
        if let Some(c) = pooled.iter().find(|c| c.stratum == l) {
            for (j, dh) in c.dh.iter().enumerate() {
                sum[j + 1] = sum[j] + dh;
            }
        }
        sum
    };
    let curves: Vec<Vec<f64>> = (0..codes.landmarks as u32).map(curve).collect();
    let at = |l: usize, t: f64| {
        let t = t.clamp(edges[0], edges[edges.len() - 1]);
        let j = edges.partition_point(|&e| e < t).clamp(1, edges.len() - 1);
        let share = (t - edges[j - 1]) / (edges[j] - edges[j - 1]);
        curves[l][j - 1] + share * (curves[l][j] - curves[l][j - 1])
    };
    let y = fitted.sample.outcome();
    let mut expected = vec![0.0; count];
    let centre: f64 = fitted.fit.coef().iter().zip(means).map(|(b, m)| b * m).sum();
    let Ok(eta) = fitted.fit.linear_predictors(fitted.sample) else { return 0.0 };
    for row in 0..y.len() {
        let l = codes.landmark[row] as usize;
        let from = y.entry().map_or(edges[0], |e| e[row]);
        let ratio = (eta[row] - centre).exp();
        let stratum = (all[row] as usize) % count;
        expected[stratum] += ratio * (at(l, y.exit()[row]) - at(l, from));
    }
    let mut observed = vec![0u32; count];
    for c in own {
        observed[c.stratum as usize % count] += c.events.iter().sum::<u32>();
    }
    // Weight 1 / variance of a log ratio = events.
    let seen = observed.iter().zip(&expected).filter(|&(&o, &e)| o > 0 && e > 0.0);
    let ratios: Vec<(f64, f64)> =
        seen.map(|(&o, &e)| (f64::from(o), (f64::from(o) / e).ln())).collect();
    let total: f64 = ratios.iter().map(|(w, _)| w).sum();
    if ratios.len() < 2 {
        return 0.0;
    }
    let mean = ratios.iter().map(|(w, r)| w * r).sum::<f64>() / total;
    let q: f64 = ratios.iter().map(|(w, r)| w * (r - mean).powi(2)).sum();
    let c = total - ratios.iter().map(|(w, _)| w * w).sum::<f64>() / total;
    let found = (q - (ratios.len() - 1) as f64) / c;
    if found.is_finite() { found.max(0.0) } else { 0.0 }
}
