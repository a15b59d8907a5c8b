//! The training rows of one fit: the recipe is learned on them and on nothing else.

use ndarray::{Array2, Axis};

use super::repeated;
use crate::features::{Design, Frame, Missing, Recipe, Values};
use crate::model::ModelError;
use crate::model::prepared::Prepared;
use crate::model::study::ModelSpec;
use crate::survival::{Outcome, Sample};

/// Between the levels of several strata columns.
pub(crate) const JOIN: &str = " / ";
/// What a blank stratum is called where rows with missing values are kept.
pub(crate) const BLANK: &str = "(blank)";

/// The rows that a model learns from, complete and coded.
pub(crate) struct Training {
    /// The frame of these rows.
    pub(crate) frame: Frame,
    pub(crate) recipe: Recipe,
    /// Rows × columns of the recipe.
    pub(crate) x: Array2<f64>,
    pub(crate) names: Vec<String>,
    pub(crate) outcome: Outcome,
    /// The cause that is asked, and the causes that occur in these rows, it first.
    pub(crate) cause: u32,
    pub(crate) present: Vec<u32>,
    /// The landmark of each row.
    pub(crate) landmark: Option<Vec<u32>>,
    /// The stratum of each row, and the label of each stratum.
    pub(crate) strata: Option<(Vec<u32>, Vec<String>)>,
    pub(crate) clusters: Vec<Vec<u32>>,
    /// What folds must not split, by row.
    pub(crate) together: Vec<u32>,
    /// The group of a frailty, by row.
    pub(crate) frailty: Option<Vec<u32>>,
    pub(crate) weights: Option<Vec<f64>>,
    pub(crate) offset: Option<Vec<f64>>,
    /// By row: its place among the prepared rows, and the number of the event that it is at risk of,
    /// where events are numbered.
    pub(crate) rows: Vec<usize>,
    pub(crate) number: Option<Vec<u32>>,
    /// Rows that were left out for a missing value.
    pub(crate) dropped: usize,
    /// Rows whose earlier events nobody recorded, where events are numbered.
    pub(crate) uncounted: usize,
}

impl Training {
    /// Selects, learns the recipe, and codes what the kind of model asks for. `terms` is false
    /// for a model without any.
    pub(crate) fn new(
        prepared: &Prepared,
        rows: &[usize],
        spec: &ModelSpec,
        terms: bool,
    ) -> Result<Self, ModelError> {
        let asked = rows.len();
        let rows = usable(prepared, rows, spec);
        if rows.is_empty() {
            let what = "no training row has all of its strata, weights and offset";
            return Err(ModelError::data(what, "fill the blanks, or choose other columns"));
        }
        let frame = prepared.frame.select(&rows);
        let wanted = if terms { prepared.terms.as_slice() } else { &[] };
        let options = match prepared.imputation {
            Some(_) if spec.imputes() => prepared.options.missing(Missing::Multiple),
            _ => prepared.options,
        };
        let recipe = Recipe::fit(&frame, wanted, options)?;
        // Without terms nothing can be missing, and a recipe without columns keeps every row.
        let (x, names, kept) = if wanted.is_empty() {
            (Array2::zeros((rows.len(), 0)), Vec::new(), (0..rows.len()).collect())
        } else {
            let Design { x, names, kept_rows, .. } = recipe.matrix(&frame)?;
            (x, names, kept_rows)
        };
        if kept.is_empty() {
            let what = "every training row lacks a value that the terms need";
            return Err(ModelError::data(
                what,
                "set features.missing = \"impute\", or drop a term",
            ));
        }
        let mut all: Vec<usize> = kept.iter().map(|&k| rows[k]).collect();
        let dropped = asked - all.len();
        let mut frame = if kept.len() == rows.len() { frame } else { frame.select(&kept) };
        let (mut x, mut number, mut uncounted) = (x, None, 0);
        let outcome = match spec.repeated {
            None => prepared.outcome.of_rows(&all),
            Some(way) => {
                let laid = repeated::lay(prepared, &all, way)?;
                all = laid.at.iter().map(|&k| all[k]).collect();
                frame = frame.select(&laid.at);
                x = x.select(Axis(0), &laid.at);
                (number, uncounted) = (laid.number, laid.uncounted);
                laid.outcome
            }
        };
        let pick = |codes: &Vec<u32>| all.iter().map(|&r| codes[r]).collect::<Vec<u32>>();
        let clusters = spec.cluster.iter().map(|name| {
            prepared.groups.get(name).map(pick).ok_or_else(|| ModelError::Column {
                role: "model.cluster",
                name: name.clone(),
                nearest: nearest(name, prepared.groups.keys()),
            })
        });
        Ok(Self {
            clusters: clusters.collect::<Result<_, _>>()?,
            frailty: spec
                .frailty_group()
                .map(|name| {
                    prepared.groups.get(name).map(pick).ok_or_else(|| ModelError::Column {
                        role: "model.frailty.group",
                        name: name.to_owned(),
                        nearest: nearest(name, prepared.groups.keys()),
                    })
                })
                .transpose()?,
            together: pick(&prepared.fold_groups(spec)),
            strata: strata(&frame, &spec.strata, number.as_deref())?,
            weights: spec
                .weights
                .as_ref()
                .map(|w| numbers(&frame, w, "model.weights"))
                .transpose()?,
            offset: spec.offset.as_ref().map(|o| numbers(&frame, o, "model.offset")).transpose()?,
            landmark: prepared.landmark.as_ref().map(pick),
            present: present(&outcome, prepared.cause),
            cause: prepared.cause,
            number,
            rows: all,
            dropped,
            uncounted,
            frame,
            recipe,
            x,
            names,
            outcome,
        })
    }

    /// Rows.
    pub(crate) fn len(&self) -> usize {
        self.outcome.len()
    }

    /// The mean of each column: what contributions are held against.
    pub(crate) fn means(&self) -> Vec<f64> {
        self.x.mean_axis(Axis(0)).map_or_else(Vec::new, |m| m.to_vec())
    }

    /// The rows as a sample, with these strata.
    pub(crate) fn sample(&self, strata: Option<Vec<u32>>) -> Result<Sample, ModelError> {
        let mut s = Sample::new(self.x.clone(), self.names.clone(), self.outcome.clone())?;
        if let Some(codes) = strata {
            s = s.with_strata(codes)?;
        }
        for codes in &self.clusters {
            s = s.with_cluster(codes.clone())?;
        }
        if let Some(w) = &self.weights {
            s = s.with_weights(w.clone())?;
        }
        if let Some(o) = &self.offset {
            s = s.with_offset(o.clone())?;
        }
        Ok(s)
    }

    /// One cluster per row: the first clustering, else every row for itself.
    pub(crate) fn first_cluster(&self) -> Vec<u32> {
        self.clusters.first().cloned().unwrap_or_else(|| (0..self.len() as u32).collect())
    }
}

/// The rows that lack none of the columns beside the terms.
fn usable(prepared: &Prepared, rows: &[usize], spec: &ModelSpec) -> Vec<usize> {
    let blank_strata = prepared.drops_missing();
    let mut needed: Vec<&Values> = Vec::new();
    let strata = spec.strata.iter().filter(|_| blank_strata);
    for name in strata.chain(&spec.weights).chain(&spec.offset) {
        needed.extend(prepared.frame.get(name));
    }
    rows.iter().copied().filter(|&r| needed.iter().all(|v| !v.is_missing(r))).collect()
}

/// The causes that occur, the one that is asked first.
fn present(outcome: &Outcome, cause: u32) -> Vec<u32> {
    let others = (1..=outcome.causes().len() as u32).filter(|&k| k != cause);
    std::iter::once(cause).chain(others.filter(|&k| outcome.events(k) > 0)).collect()
}

/// A column of numbers, all known.
fn numbers(frame: &Frame, name: &str, role: &'static str) -> Result<Vec<f64>, ModelError> {
    match frame.get(name) {
        Some(Values::Number(v)) => Ok(v.clone()),
        Some(Values::Level { .. }) => {
            let what = format!("{role}: column \"{name}\" holds words, not numbers");
            Err(ModelError::data(what, "name a column of numbers"))
        }
        None => Err(no_column(frame, name, role)),
    }
}

/// The stratum of each row: the levels of the columns, joined, in sorted order; and the number of
/// the event that a row is at risk of.
fn strata(
    frame: &Frame,
    columns: &[String],
    number: Option<&[u32]>,
) -> Result<Option<(Vec<u32>, Vec<String>)>, ModelError> {
    if columns.is_empty() && number.is_none() {
        return Ok(None);
    }
    let mut labels = stratum_labels(frame, columns)?;
    for (label, number) in labels.iter_mut().zip(number.unwrap_or_default()) {
        let join = if columns.is_empty() { "" } else { JOIN };
        label.push_str(&format!("{join}event {number}"));
    }
    let mut distinct = labels.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let code = |l: &String| distinct.binary_search(l).unwrap_or(0) as u32;
    Ok(Some((labels.iter().map(code).collect(), distinct)))
}

/// The label of each row's stratum.
pub(crate) fn stratum_labels(frame: &Frame, columns: &[String]) -> Result<Vec<String>, ModelError> {
    let mut labels = vec![String::new(); frame.len()];
    for (k, column) in columns.iter().enumerate() {
        let values = frame.get(column).ok_or_else(|| no_column(frame, column, "model.strata"))?;
        for (row, label) in labels.iter_mut().enumerate() {
            if k > 0 {
                label.push_str(JOIN);
            }
            match values {
                _ if values.is_missing(row) => label.push_str(BLANK),
                Values::Number(v) => label.push_str(&format!("{}", v[row] + 0.0)),
                Values::Level { codes, levels } => {
                    label.push_str(levels.get(codes[row] as usize).map_or(BLANK, String::as_str));
                }
            }
        }
    }
    Ok(labels)
}

pub(crate) fn no_column(frame: &Frame, name: &str, role: &'static str) -> ModelError {
    let names: Vec<String> = frame.columns().iter().map(|c| c.name.clone()).collect();
    if let [_] = names.as_slice() {
        let what = format!("{role}: there is no column \"{name}\": the table has one column only");
        let hint = "separate the columns by commas, semicolons, tabs or vertical bars";
        return ModelError::usage(what, hint);
    }
    ModelError::Column { role, name: name.into(), nearest: nearest(name, names.iter()) }
}

pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a String>) -> Option<String> {
    crate::history::nearest(name, names.map(String::as_str)).map(str::to_owned)
}
