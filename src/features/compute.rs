//! Features of many rows at once.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::history::{History, Index, Label};
use crate::outcome::Definition;
use crate::progress::{Progress, Silent};

use super::catalogue::{Feature, Fill, Filled, Value, find};
use super::error::FeatureError;
use super::facts::{Context, Facts};
use super::{AsOf, Column, Frame, Values};

/// A column that was asked for.
struct Asked {
    name: String,
    feature: &'static Feature,
    fill: Fill,
}

/// Rows per piece of parallel work at most.
const CHUNK: usize = 256;
/// Pieces that few rows are cut into: by the rows alone, so that results do not depend on threads.
const PIECES: usize = 8;

/// Rows that are gathered before they are written to the columns: writing one row to sixty
/// columns at once would have every write miss the cache.
const BLOCK: usize = 32;

/// The features `names` of each row, one column per name, in that order.
///
/// A number that is not known is missing. `definition` says which earlier ends count as
/// breakdowns. Rows of one child that stand together are quickest. The result is the same for
/// any number of threads.
///
/// # Errors
/// [`FeatureError::Unknown`] where the catalogue has no such feature, [`FeatureError::Twice`].
pub fn compute(
    history: &History,
    index: &Index,
    definition: &Definition,
    rows: &[AsOf],
    names: &[&str],
) -> Result<Frame, FeatureError> {
    compute_with_progress(history, index, definition, rows, names, &Silent)
}

/// As [`compute`], telling `progress` of the rows that are done.
///
/// # Errors
/// As [`compute`].
pub fn compute_with_progress(
    history: &History,
    index: &Index,
    definition: &Definition,
    rows: &[AsOf],
    names: &[&str],
    progress: &dyn Progress,
) -> Result<Frame, FeatureError> {
    let asked = names
        .iter()
        .enumerate()
        .map(|(k, &name)| {
            if names[..k].contains(&name) {
                return Err(FeatureError::Twice { name: name.to_owned() });
            }
            let (feature, filled) = find(name)?;
            let fill = match filled {
                Filled::Nothing => Fill::default(),
                Filled::Years(years) => Fill { years, word: None },
                Filled::Word(word) => Fill { years: 0, word: history.labels.find(&word) },
            };
            Ok(Asked { name: name.to_owned(), feature, fill })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let needs = asked.iter().fold(0, |bits, a| bits | a.feature.needs);
    let context = Context::new(history, index, definition, needs);
    let mut columns: Vec<Vec<f64>> = asked.iter().map(|_| vec![0.0; rows.len()]).collect();
    // A piece of work is a run of rows and the same run of every column.
    let chunk = rows.len().div_ceil(PIECES).next_multiple_of(BLOCK).clamp(BLOCK, CHUNK);
    let mut pieces: Vec<Vec<&mut [f64]>> = Vec::new();
    pieces.resize_with(rows.len().div_ceil(chunk), || Vec::with_capacity(asked.len()));
    for column in &mut columns {
        for (piece, part) in pieces.iter_mut().zip(column.chunks_mut(chunk)) {
            piece.push(part);
        }
    }
    progress.start("building features", rows.len() as u64);
    pieces.into_par_iter().zip(rows.par_chunks(chunk)).for_each(|(mut piece, rows)| {
        let mut facts = Facts::new(&context, rows[0]);
        let mut block = vec![0.0; BLOCK * asked.len()];
        for (b, rows) in rows.chunks(BLOCK).enumerate() {
            for (k, &at) in rows.iter().enumerate() {
                facts.turn_to(at);
                for (c, a) in asked.iter().enumerate() {
                    block[c * BLOCK + k] = a.value(&facts);
                }
            }
            for (part, values) in piece.iter_mut().zip(block.chunks_exact(BLOCK)) {
                part[b * BLOCK..b * BLOCK + rows.len()].copy_from_slice(&values[..rows.len()]);
            }
        }
        progress.advance(rows.len() as u64);
    });
    progress.finish();
    let columns = asked
        .iter()
        .zip(columns)
        .map(|(a, numbers)| Column { name: a.name.clone(), values: a.values(history, numbers) })
        .collect();
    Frame::new(columns).map_err(|e| FeatureError::Recipe(e.to_string()))
}

impl Asked {
    /// A row's value as a number: a code by its place in its list, a word by its label.
    fn value(&self, facts: &Facts<'_>) -> f64 {
        match self.feature.value {
            Value::Number(read) => read(facts),
            Value::Open(read) => read(facts, self.fill),
            Value::Word(read) => read(facts).map_or(f64::NAN, |label| f64::from(label.0)),
            Value::Code(read, _) => read(facts).map_or(f64::NAN, |place| place as f64),
        }
    }

    /// The column of these values.
    fn values(&self, history: &History, numbers: Vec<f64>) -> Values {
        match self.feature.value {
            Value::Number(_) | Value::Open(_) => Values::Number(numbers),
            Value::Word(_) => levels(&numbers, |n| history.labels.word(Label(n))),
            Value::Code(_, word) => levels(&numbers, |place| word(place as usize)),
        }
    }
}

/// A column of levels, sorted by their words, from numbers that stand for words.
fn levels<'a>(numbers: &[f64], word: impl Fn(u32) -> &'a str) -> Values {
    let mut by_word: BTreeMap<&str, u32> = BTreeMap::new();
    let mut code_of: Vec<u32> = Vec::new();
    let known = |n: &f64| !n.is_nan();
    for &number in numbers.iter().filter(|n| known(n)) {
        let at = number as usize;
        if at >= code_of.len() {
            code_of.resize(at + 1, Values::MISSING);
        }
        if code_of[at] == Values::MISSING {
            code_of[at] = 0;
            by_word.insert(word(at as u32), at as u32);
        }
    }
    for (code, &at) in by_word.values().enumerate() {
        code_of[at as usize] = code as u32;
    }
    Values::Level {
        codes: numbers
            .iter()
            .map(|n| if known(n) { code_of[*n as usize] } else { Values::MISSING })
            .collect(),
        levels: by_word.into_keys().map(str::to_owned).collect(),
    }
}
