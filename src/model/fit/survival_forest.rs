//! Fitting our own forest, one per landmark.

use super::discrete::since_landmark;
use super::training::Training;
use crate::learners::{OutOfBag, SurvivalForest, SurvivalForestSettings};
use crate::model::prepared::Prepared;
use crate::model::result::{Concordance, Importance};
use crate::model::study::ModelSpec;
use crate::model::survival_forests::SurvivalForests;
use crate::model::{ModelError, cells, native};
use crate::progress::Progress;
use crate::survival::{ConcordanceOptions, Outcome, concordance};

/// The most cells of the grid: what every leaf holds a count for.
const CELLS: usize = 32;
/// Events of any cause for each cell.
const CELL_EVENTS: usize = 5;

/// The rows of a forest, for what they say out of bag.
pub(crate) struct Kept {
    bag: OutOfBag,
    y: Outcome,
    horizon: f64,
}

/// The forests and what is left of their rows.
pub(crate) struct ForestFit {
    pub(crate) forests: SurvivalForests,
    pub(crate) kept: Vec<Kept>,
}

/// Grows the forests. Numbers that are missing stay missing: the trees find a side for them.
pub(crate) fn fit(
    prepared: &Prepared,
    training: &Training,
    spec: &ModelSpec,
    progress: &dyn Progress,
) -> Result<ForestFit, ModelError> {
    let mut x = training.x.clone();
    let every: Vec<usize> = (0..training.len()).collect();
    native::blank(&training.recipe, &training.frame, &every, &mut x);
    let marks = training.landmark.clone().unwrap_or_else(|| vec![0; training.len()]);
    let y = in_order(&since_landmark(prepared, &training.outcome, &marks)?, &training.present)?;
    let clusters = training.first_cluster();
    let landmarks = prepared.landmarks.len().max(1);
    let (mut forests, mut kept) = (Vec::new(), Vec::new());
    progress.start("growing forests", landmarks as u64);
    for landmark in 0..landmarks {
        let rows: Vec<usize> =
            every.iter().copied().filter(|&r| marks[r] as usize == landmark).collect();
        if rows.is_empty() {
            return Err(ModelError::TooFew("a landmark has no training row".into()));
        }
        let own = y.of_rows(&rows);
        let anchors: Vec<f64> = prepared.horizons.iter().map(|h| h.length).collect();
        let few = || ModelError::TooFew("fewer than ten rows are followed up".into());
        let events = own.cause().iter().filter(|&&c| c > 0).count();
        let most = (events / CELL_EVENTS).clamp(1, CELLS);
        let edges = cells::quantiles_of(&own, &anchors, most).ok_or_else(few)?;
        let settings = SurvivalForestSettings {
            trees: spec.trees,
            leaf: spec.leaf,
            depth: spec.depth,
            tried: spec.mtry,
            halves: true,
            // Each forest draws from its own numbers.
            seed: prepared.seed.wrapping_add(1_000_003 * landmark as u64),
        };
        let clusters: Vec<u32> = rows.iter().map(|&r| clusters[r]).collect();
        let x = x.select(ndarray::Axis(0), &rows);
        let (forest, bag) = SurvivalForest::fit(x.view(), &own, &clusters, &edges, &settings)?;
        let reach = forest.follow_up();
        let within = |h: &&f64| **h <= reach;
        let horizon = anchors.iter().rfind(within).copied().unwrap_or(reach);
        forests.push(forest);
        kept.push(Kept { bag, y: own, horizon });
        progress.advance(1);
    }
    Ok(ForestFit { forests: SurvivalForests { forests }, kept })
}

/// The outcome with its causes in the model's order: those that occur, the one that is asked first.
fn in_order(y: &Outcome, present: &[u32]) -> Result<Outcome, ModelError> {
    let code = |&c: &u32| present.iter().position(|&p| p == c).map_or(0, |k| k as u32 + 1);
    let names = present.iter().map(|&k| y.causes()[k as usize - 1].clone()).collect();
    let entry = y.entry().map(<[f64]>::to_vec);
    Ok(Outcome::new(entry, y.exit().to_vec(), y.cause().iter().map(code).collect(), names)?)
}

/// The concordance of the risks at the last horizon that the trees give to rows whose clusters they
/// did not see. Who ended by another cause never ends by this one, and has outlived all who did
/// (Wolbers et al. 2009). `columns` are shuffled first, if any.
fn out_of_bag(
    forests: &SurvivalForests,
    kept: &[Kept],
    columns: &[usize],
    seed: u64,
) -> Result<Option<Concordance>, ModelError> {
    let (mut entry, mut exit, mut cause) = (Vec::new(), Vec::new(), Vec::new());
    let (mut score, mut strata) = (Vec::new(), Vec::new());
    let exits = kept.iter().flat_map(|k| k.y.exit());
    let never = 1.0 + exits.copied().fold(0.0, f64::max);
    for (stratum, (forest, own)) in forests.forests.iter().zip(kept).enumerate() {
        let risks = own.bag.shuffled(forest, 1, own.horizon, columns, seed);
        for (row, risk) in risks.into_iter().enumerate() {
            let Some(risk) = risk else { continue };
            entry.push(own.y.entry().map_or(f64::NEG_INFINITY, |e| e[row]));
            let end = own.y.cause()[row];
            exit.push(if end > 1 { never } else { own.y.exit()[row] });
            cause.push(if end > 1 { 0 } else { end });
            score.push(risk);
            strata.push(stratum as u32);
        }
    }
    let Some(names) = kept.first().map(|k| k.y.causes().to_vec()) else { return Ok(None) };
    if exit.is_empty() {
        return Ok(None);
    }
    let late = kept[0].y.entry().is_some();
    let y = Outcome::new(late.then_some(entry), exit, cause, names)?;
    let options =
        ConcordanceOptions { cause: Some(1), strata: Some(&strata), ..Default::default() };
    let found = concordance(&y, &score, &options)?;
    Ok(found.map(|c| Concordance { c: c.c, se: c.se.is_finite().then_some(c.se) }))
}

/// The out-of-bag concordance, and how much of it is lost where a term is shuffled among rows
/// (Breiman 2001): what the forest gets from it that no other term can give.
pub(crate) fn look_back(
    forests: &SurvivalForests,
    kept: &[Kept],
    terms: &[String],
) -> Result<(Option<Concordance>, Vec<Importance>), ModelError> {
    let whole = out_of_bag(forests, kept, &[], 0)?;
    let mut all: Vec<Importance> = Vec::new();
    for (k, term) in terms.iter().enumerate() {
        if terms[..k].contains(term) {
            continue;
        }
        let columns: Vec<usize> = (0..terms.len()).filter(|&j| terms[j] == *term).collect();
        let without = out_of_bag(forests, kept, &columns, k as u64 + 1)?;
        let value = whole.zip(without).map_or(0.0, |(a, b)| a.c - b.c);
        all.push(Importance { term: term.clone(), value });
    }
    all.sort_by(|a, b| b.value.total_cmp(&a.value));
    Ok((whole, all))
}
