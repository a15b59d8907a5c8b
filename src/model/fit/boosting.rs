//! Boosting the hazard of every cause, stopped early on folds of whole groups.

use super::discrete::{bands, intervals, since_landmark};
use super::training::Training;
use crate::learners::{BoostFit, BoostSettings, Boosted, PersonPeriods};
use crate::model::boosted::{BoostedCause, BoostedHazards};
use crate::model::prepared::Prepared;
use crate::model::study::{Likelihood, ModelSpec};
use crate::model::{ModelError, cells, native};
use crate::progress::Progress;
use crate::resample::grouped_folds;
use crate::survival::Outcome;

/// The folds that are held out, where there are groups enough.
const FOLDS: usize = 5;
/// The depth of a tree unless told: two columns together.
const DEPTH: u16 = 2;
/// The level of a hazard of all but nothing.
const NOTHING: f64 = -40.0;

/// The boosted hazards and what their fit had to say.
pub(crate) struct BoostingFit {
    pub(crate) hazards: BoostedHazards,
    /// Minus the log likelihood of the cause that is asked, without a tree and at the end.
    pub(crate) losses: (f64, f64),
    /// Trees of that cause, and whether they ended before the most that was allowed.
    pub(crate) trees: usize,
    pub(crate) stopped: bool,
    pub(crate) warnings: Vec<String>,
}

/// What the likelihoods share.
struct Ground<'a> {
    training: &'a Training,
    x: ndarray::Array2<f64>,
    y: Outcome,
    /// The landmark of each row.
    marks: Vec<u32>,
    edges: Vec<Vec<f64>>,
    fold: Vec<u32>,
    settings: BoostSettings,
}

pub(crate) fn fit(
    prepared: &Prepared,
    training: &Training,
    spec: &ModelSpec,
    progress: &dyn Progress,
) -> Result<BoostingFit, ModelError> {
    let mut x = training.x.clone();
    let every: Vec<usize> = (0..training.len()).collect();
    native::blank(&training.recipe, &training.frame, &every, &mut x);
    let marks = training.landmark.clone().unwrap_or_else(|| vec![0; training.len()]);
    let y = since_landmark(prepared, &training.outcome, &marks)?;
    let edges = match spec.likelihood {
        Likelihood::Discrete => intervals(prepared, spec, &y, &marks)?,
        Likelihood::Cox => grids(prepared, &y, &marks)?,
    };
    let ground = Ground {
        fold: folds(prepared, training)?,
        settings: BoostSettings {
            trees: spec.trees,
            leaf: spec.leaf,
            depth: usize::from(spec.depth.unwrap_or(DEPTH)),
            rate: spec.rate,
            ..BoostSettings::default()
        },
        training,
        x,
        y,
        marks,
        edges,
    };
    let mut members: Vec<Vec<BoostedCause>> = Vec::new();
    let mut warnings = Vec::new();
    let mut main = None;
    progress.start("boosting", training.present.len() as u64);
    for &cause in &training.present {
        let (found, causes) = match spec.likelihood {
            Likelihood::Cox => ground.cox(cause)?,
            Likelihood::Discrete => ground.discrete(cause)?,
        };
        members.resize_with(causes.len(), Vec::new);
        members.iter_mut().zip(causes).for_each(|(m, c)| m.push(c));
        if cause == training.cause {
            let trees = found.whole.0.trees();
            let last = found.losses.last().copied().unwrap_or(found.losses[0]);
            if trees == 0 {
                warnings.push(
                    "no tree made the held-out folds likelier: the hazard of the cause is the \
                     same for everybody"
                        .into(),
                );
            }
            main = Some(((found.losses[0], last), trees));
        }
        progress.advance(1);
    }
    let (losses, trees) =
        main.ok_or_else(|| ModelError::data("the cause has no rows", "choose another cause"))?;
    let stopped = trees < spec.trees;
    if !stopped {
        warnings.push(format!(
            "all {trees} trees were used and more might help: raise model.trees or model.rate"
        ));
    }
    let hazards = BoostedHazards { likelihood: spec.likelihood, edges: ground.edges, members };
    Ok(BoostingFit { hazards, losses, trees, stopped, warnings })
}

/// Which fold each row is held out in; whole groups together.
fn folds(prepared: &Prepared, training: &Training) -> Result<Vec<u32>, ModelError> {
    let mut groups = training.together.clone();
    groups.sort_unstable();
    groups.dedup();
    if groups.len() < 2 {
        let what = "boosting holds out folds of whole groups, and there is one group only";
        return Err(ModelError::TooFew(what.into()));
    }
    let events: Vec<bool> = training.outcome.cause().iter().map(|&c| c == training.cause).collect();
    let count = FOLDS.min(groups.len());
    let splits = grouped_folds(&training.together, &events, count, 1, prepared.seed)
        .map_err(|e| ModelError::Other(e.into()))?;
    let mut fold = vec![0; training.len()];
    for (k, split) in splits.iter().enumerate() {
        split.test.iter().for_each(|&row| fold[row] = k as u32);
    }
    Ok(fold)
}

/// Cells of at least five events for each landmark, with the horizons as edges where they can be.
fn grids(prepared: &Prepared, y: &Outcome, marks: &[u32]) -> Result<Vec<Vec<f64>>, ModelError> {
    let few = || ModelError::TooFew("fewer than ten rows are followed up".into());
    let anchors: Vec<f64> = prepared.horizons.iter().map(|h| h.length).collect();
    let of = |l: usize| {
        let rows: Vec<usize> = (0..marks.len()).filter(|&r| marks[r] as usize == l).collect();
        if rows.is_empty() {
            return Err(ModelError::TooFew("a landmark has no training row".into()));
        }
        let own = y.of_rows(&rows);
        let edges = cells::quantiles(&own, &anchors).ok_or_else(few)?;
        let at = cells::merge(&edges, &cells::events(&own, &edges), &anchors);
        Ok(at.iter().map(|&j| edges[j]).collect())
    };
    (0..prepared.landmarks.len().max(1)).map(of).collect()
}

impl Ground<'_> {
    /// The partial likelihood, with a baseline per landmark.
    fn cox(&self, cause: u32) -> Result<(BoostFit, Vec<BoostedCause>), ModelError> {
        let x = self.x.view();
        let found = Boosted::cox(x, &self.y, cause, &self.marks, &self.fold, &self.settings)?;
        let of = |(trees, increments): &(Boosted, Vec<f64>)| {
            let mut baseline: Vec<Vec<f64>> =
                self.edges.iter().map(|e| vec![0.0; e.len() - 1]).collect();
            for (&(landmark, time), dh) in found.times.iter().zip(increments) {
                let l = landmark as usize;
                if let Some(cell) = cells::cell_of(&self.edges[l], time) {
                    baseline[l][cell] += dh;
                }
            }
            BoostedCause { trees: trees.clone(), baseline }
        };
        let causes = std::iter::once(&found.whole).chain(&found.without).map(of).collect();
        Ok((found, causes))
    }

    /// The likelihood of hazards in intervals, with a level per landmark and band of intervals.
    fn discrete(&self, cause: u32) -> Result<(BoostFit, Vec<BoostedCause>), ModelError> {
        let longest = self.edges.iter().max_by_key(|e| e.len()).cloned().unwrap_or_default();
        let periods = PersonPeriods::new(&self.y, &longest)?;
        let by_interval = periods.events(cause);
        let own = cause == self.training.cause;
        if own && by_interval.iter().all(|&e| e == 0) {
            let what = "no row ends by the cause in an interval that was seen whole";
            return Err(ModelError::data(what, "choose a longer step, or another cause"));
        }
        let band = bands(&by_interval);
        let count = band.iter().max().map_or(1, |b| b + 1);
        let mut runs = periods.runs(cause, &band)?;
        // Every landmark has levels of its own.
        runs.iter_mut().for_each(|r| r.band += self.marks[r.row as usize] * count as u32);
        let all = count * self.edges.len();
        let nobody = by_interval.iter().all(|&e| e == 0);
        if nobody {
            // Rarely: the cause occurs only where an interval was not seen whole.
            let any = Boosted::none(self.x.view());
            let baseline: Vec<Vec<f64>> =
                self.edges.iter().map(|e| vec![NOTHING; e.len() - 1]).collect();
            let folds = self.fold.iter().max().map_or(1, |f| f + 1) as usize;
            let one = BoostedCause { trees: any.clone(), baseline };
            let found = BoostFit {
                whole: (any, Vec::new()),
                without: Vec::new(),
                times: Vec::new(),
                losses: vec![0.0],
                held_out: vec![0.0],
            };
            return Ok((found, vec![one; folds + 1]));
        }
        let found = Boosted::discrete(self.x.view(), &runs, all, &self.fold, &self.settings)?;
        let of = |(trees, levels): &(Boosted, Vec<f64>)| {
            let landmark = |(l, e): (usize, &Vec<f64>)| {
                (0..e.len() - 1).map(|j| levels[l * count + band[j]]).collect()
            };
            let baseline = self.edges.iter().enumerate().map(landmark).collect();
            BoostedCause { trees: trees.clone(), baseline }
        };
        let causes = std::iter::once(&found.whole).chain(&found.without).map(of).collect();
        Ok((found, causes))
    }
}
