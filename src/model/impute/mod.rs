//! Multiple imputation: unknown cells of the terms' columns, filled in several times over.
//!
//! Chained equations (van Buuren & Groothuis-Oudshoorn 2011): each incomplete column in turn is
//! drawn from a model of it given all other columns of the terms, the strata, and the outcome, and
//! so round and round. The outcome goes in as White & Royston (2009) say: whether a row ended and
//! the Nelson–Aalen cumulative hazard over its time, here for every cause, since each has its own
//! hazard. Numbers are drawn by predictive mean matching, levels by Bayesian logistic regressions.
//! Products and splines are computed from the columns that were filled in.
//!
//! It assumes that what is unknown depends on what is known (missing at random), and takes rows
//! as independent. Everything is learned from the rows that are given: in a fold, its training
//! rows.

mod column;
mod engine;
mod rubin;

use ndarray::Array2;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rayon::prelude::*;

pub(crate) use engine::{Asked, Imputed, PooledEffect, Unknown};
pub use rubin::{Pooled, PooledWald};

use super::ModelError;
use super::study::Imputation;
use crate::features::{Column, Frame, Recipe, Values};
use crate::survival::{NelsonAalen, Outcome};

/// Fewer known rows than this, and a level is drawn together with other rare ones.
const RARE: usize = 10;
/// More strata than this are no columns of a model.
const STRATA: usize = 20;

/// What the chain reads and what it may change.
struct Chain<'a> {
    frame: &'a Frame,
    columns: Vec<Known>,
    /// Columns that never change: the outcome, the strata.
    fixed: Vec<Vec<f64>>,
}

/// A column of the terms.
struct Known {
    name: String,
    lacking: Vec<usize>,
    known: Vec<usize>,
    values: Content,
}

/// What a column holds; unknown cells hold anything.
#[derive(Clone)]
enum Content {
    Number(Vec<f64>),
    /// Classes by falling frequency; rare levels share the last. `members` are the levels of a
    /// class as codes of the frame, once for every known row.
    Level {
        class: Vec<usize>,
        members: Vec<Vec<u32>>,
        codes: Vec<u32>,
    },
}

/// The frame with its unknown cells filled in, `how.imputations` times. The same seed gives the
/// same cells, for any number of threads.
///
/// # Errors
/// A column without any known value, and an outcome without rows.
pub(crate) fn complete(
    frame: &Frame,
    recipe: &Recipe,
    outcome: &Outcome,
    causes: &[u32],
    strata: Option<&[u32]>,
    how: Imputation,
    seed: u64,
) -> Result<Vec<Frame>, ModelError> {
    let chain = Chain::new(frame, recipe, outcome, causes, strata)?;
    let one = |k: u64| {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        rng.set_stream(k);
        chain.run(how.iterations, &mut rng)
    };
    (0..how.imputations as u64).into_par_iter().map(one).collect()
}

/// The columns of the terms in which cells are unknown, with how many.
pub(crate) fn lacking(frame: &Frame, recipe: &Recipe) -> Vec<(String, usize)> {
    let count = |name: &&str| {
        let values = frame.get(name)?;
        let n = (0..frame.len()).filter(|&row| values.is_missing(row)).count();
        (n > 0).then(|| ((*name).to_owned(), n))
    };
    recipe.columns().iter().filter_map(count).collect()
}

impl<'a> Chain<'a> {
    fn new(
        frame: &'a Frame,
        recipe: &Recipe,
        outcome: &Outcome,
        causes: &[u32],
        strata: Option<&[u32]>,
    ) -> Result<Self, ModelError> {
        let mut columns = Vec::new();
        for name in recipe.columns() {
            let Some(values) = frame.get(name) else { continue };
            let (lacking, known): (Vec<usize>, Vec<usize>) =
                (0..frame.len()).partition(|&row| values.is_missing(row));
            if known.is_empty() {
                let what = format!("{name} is unknown in every training row");
                return Err(ModelError::data(what, "leave the term out, or fill the column"));
            }
            let as_levels = recipe.median(name).is_none();
            let values = Content::new(values, &known, as_levels);
            columns.push(Known { name: name.to_owned(), lacking, known, values });
        }
        let mut fixed = Vec::new();
        for &cause in causes {
            let hit = outcome.cause().iter().map(|&c| f64::from(u8::from(c == cause)));
            fixed.push(hit.collect());
            let hazard = NelsonAalen::new(outcome, Some(cause), None)
                .map_err(|e| ModelError::data(e.to_string(), "check the outcome"))?;
            let over = |row: usize| {
                let from = outcome.entry().map_or(0.0, |e| hazard.at(e[row]).0);
                hazard.at(outcome.exit()[row]).0 - from
            };
            fixed.push((0..outcome.len()).map(over).collect());
        }
        let codes = strata.unwrap_or_default();
        let most = codes.iter().max().map_or(0, |&m| m as usize);
        for stratum in (1..=most).filter(|_| most < STRATA) {
            let here = |&c: &u32| f64::from(u8::from(c as usize == stratum));
            fixed.push(codes.iter().map(here).collect());
        }
        Ok(Self { frame, columns, fixed })
    }

    /// One completed frame.
    fn run(&self, iterations: usize, rng: &mut impl Rng) -> Result<Frame, ModelError> {
        let mut now: Vec<Content> = self.columns.iter().map(|c| c.begin(rng)).collect();
        let mut order: Vec<usize> =
            (0..now.len()).filter(|&c| !self.columns[c].lacking.is_empty()).collect();
        order.sort_by_key(|&c| self.columns[c].lacking.len());
        for _ in 0..iterations {
            for &c in &order {
                let x = self.others(&now, c);
                let Known { known, lacking, .. } = &self.columns[c];
                match &mut now[c] {
                    Content::Number(values) => {
                        let drawn = column::by_matching(&x, values, known, lacking, rng);
                        lacking.iter().zip(drawn).for_each(|(&row, v)| values[row] = v);
                    }
                    Content::Level { class, members, codes } => {
                        let classes = members.len();
                        let drawn = column::by_logits(&x, class, classes, known, lacking, rng);
                        for (&row, k) in lacking.iter().zip(drawn) {
                            class[row] = k;
                            codes[row] = members[k][rng.random_range(0..members[k].len())];
                        }
                    }
                }
            }
        }
        self.frame_of(now)
    }

    /// The intercept and all but one column, standardised; columns that say nothing are left out.
    fn others(&self, now: &[Content], but: usize) -> Array2<f64> {
        let n = self.frame.len();
        let mut all: Vec<Vec<f64>> = Vec::new();
        for (_, content) in now.iter().enumerate().filter(|(c, _)| *c != but) {
            match content {
                Content::Number(values) => all.push(values.clone()),
                Content::Level { class, members, .. } => {
                    for k in 1..members.len() {
                        all.push(class.iter().map(|&c| f64::from(u8::from(c == k))).collect());
                    }
                }
            }
        }
        all.extend(self.fixed.iter().cloned());
        all.retain_mut(|column| standardise(column));
        let mut x = Array2::ones((n, 1 + all.len()));
        for (j, column) in all.iter().enumerate() {
            for (row, &v) in column.iter().enumerate() {
                x[[row, j + 1]] = v;
            }
        }
        x
    }

    /// The frame with these contents.
    fn frame_of(&self, now: Vec<Content>) -> Result<Frame, ModelError> {
        let mut filled: Vec<Column> = self.frame.columns().to_vec();
        for (known, content) in self.columns.iter().zip(now) {
            let Some(column) = filled.iter_mut().find(|c| c.name == known.name) else { continue };
            for &row in &known.lacking {
                match (&mut column.values, &content) {
                    (Values::Number(v), Content::Number(own)) => v[row] = own[row],
                    (Values::Number(v), Content::Level { codes, .. }) => {
                        // A number taken as a factor: the code is a row that has the value.
                        let Some(Values::Number(own)) = self.frame.get(&known.name) else {
                            continue;
                        };
                        v[row] = own[codes[row] as usize];
                    }
                    (Values::Level { codes: v, .. }, Content::Level { codes, .. }) => {
                        v[row] = codes[row];
                    }
                    (Values::Level { .. }, Content::Number(_)) => {}
                }
            }
        }
        Frame::new(filled).map_err(|e| ModelError::data(e.to_string(), "check the columns"))
    }
}

impl Content {
    fn new(values: &Values, known: &[usize], as_levels: bool) -> Self {
        match values {
            Values::Number(v) if !as_levels => Self::Number(v.clone()),
            Values::Number(v) => {
                // The code of a number is the first row that has it.
                let mut distinct: Vec<(f64, u32)> =
                    known.iter().map(|&r| (v[r], r as u32)).collect();
                distinct.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                distinct.dedup_by(|a, b| a.0 == b.0);
                let code = |x: f64| match x.is_nan() {
                    true => Values::MISSING,
                    false => distinct[distinct.partition_point(|d| d.0 < x)].1,
                };
                Self::of_codes(v.iter().map(|&x| code(x)).collect(), known)
            }
            Values::Level { codes, .. } => Self::of_codes(codes.clone(), known),
        }
    }

    fn of_codes(codes: Vec<u32>, known: &[usize]) -> Self {
        let mut members: Vec<Vec<u32>> = Vec::new();
        let mut sorted: Vec<u32> = known.iter().map(|&r| codes[r]).collect();
        sorted.sort_unstable();
        let mut rare = Vec::new();
        for same in sorted.chunk_by(|a, b| a == b) {
            if same.len() < RARE { rare.extend_from_slice(same) } else { members.push(same.into()) }
        }
        members.sort_by(|a, b| b.len().cmp(&a.len()).then(a[0].cmp(&b[0])));
        if !rare.is_empty() {
            members.push(rare);
        }
        let place = |code: &u32| members.iter().position(|m| m.contains(code)).unwrap_or(0);
        let class = codes.iter().map(place).collect();
        Self::Level { class, members, codes }
    }
}

impl Known {
    /// Where the chain starts: known values at random.
    fn begin(&self, rng: &mut impl Rng) -> Content {
        let mut content = self.values.clone();
        for &row in &self.lacking {
            let from = self.known[rng.random_range(0..self.known.len())];
            match &mut content {
                Content::Number(v) => v[row] = v[from],
                Content::Level { class, codes, .. } => {
                    (class[row], codes[row]) = (class[from], codes[from]);
                }
            }
        }
        content
    }
}

/// Mean 0 and standard deviation 1; false for a column that is the same everywhere.
fn standardise(column: &mut [f64]) -> bool {
    let n = column.len() as f64;
    let mean = column.iter().sum::<f64>() / n;
    let sd = (column.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    if !(sd > 1e-12 * mean.abs().max(1e-12) && sd.is_finite()) {
        return false;
    }
    column.iter_mut().for_each(|v| *v = (*v - mean) / sd);
    true
}
