//! The recipe: what is learned from training rows to make a design matrix of any rows.

use std::collections::{BTreeMap, HashMap};

use super::error::{FeatureError, nearest};
use super::scope::{Scope, rounded};
use super::spline::{NaturalSpline, quantile};
use super::{Frame, Part, Term, Values};

/// What is done with rows that lack a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// The training median stands in, and a 0/1 column `column=missing` says so; for a factor,
    /// missing is a level of its own.
    Impute,
    /// The row is left out.
    Drop,
    /// A model of the column fills the cell in ([`crate::model`] does, several times over); the
    /// design itself takes the training median, or the most frequent level, and no column says so.
    Multiple,
}

/// How a recipe is learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecipeOptions {
    /// What is done with rows that lack a value.
    pub missing: Missing,
    /// Levels with fewer cases become `other`; a column that is missing less often gets no
    /// indicator. 0 keeps every level.
    pub min_level_cases: u32,
    /// More levels than this are an error: the column is no factor but an identifier.
    pub max_levels: usize,
    /// Whether medians and knots are rounded, so that none is a child's own value.
    pub round: bool,
}

impl RecipeOptions {
    /// For histories, whose models are shared: impute, levels of at least 10 cases, rounded.
    #[must_use]
    pub fn history() -> Self {
        Self { missing: Missing::Impute, min_level_cases: 10, max_levels: 500, round: true }
    }

    /// For flat tables, whose numbers are those of R: drop, every level, nothing rounded.
    #[must_use]
    pub fn table() -> Self {
        Self { missing: Missing::Drop, min_level_cases: 0, max_levels: 500, round: false }
    }

    /// These options with another treatment of missing values.
    #[must_use]
    pub fn missing(self, missing: Missing) -> Self {
        Self { missing, ..self }
    }
}

/// What was learned of a column of numbers.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Numbers {
    /// Stands in for a missing value.
    pub median: f64,
    /// What the training rows covered.
    pub scope: Scope,
    /// Whether there is a column that says that the value was missing.
    pub indicator: bool,
}

/// What was learned of a factor.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Factor {
    /// The levels that have their own cases, the reference first; `other` is last where levels
    /// were pooled, and `missing` behind it where that is a level.
    pub levels: Vec<String>,
    /// Training cases per level; `None` for fewer than 10.
    pub cases: Vec<Option<u32>>,
    /// Whether rare and unseen levels go to `other`.
    pub pooled: bool,
    /// Whether the last level is for missing values.
    pub missing: bool,
    /// The most frequent level, which stands in for a missing value where that is no level.
    pub modal: usize,
}

/// All that is learned from training rows to make a [`super::Design`] of any rows: levels,
/// medians, knots, and what the training rows covered. It holds no row and no identifier.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Recipe {
    pub(super) terms: Vec<Term>,
    pub(super) missing: Missing,
    pub(super) numbers: BTreeMap<String, Numbers>,
    pub(super) factors: BTreeMap<String, Factor>,
    /// By the text of the part.
    pub(super) splines: BTreeMap<String, NaturalSpline>,
}

/// A recipe as a file holds it, before it is checked.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    terms: Vec<Term>,
    missing: Missing,
    numbers: BTreeMap<String, Numbers>,
    factors: BTreeMap<String, Factor>,
    splines: BTreeMap<String, NaturalSpline>,
}

/// The name of the level for pooled levels.
pub(super) const OTHER: &str = "other";
/// The name of the level, and of the indicator, for missing values.
pub(super) const MISSING: &str = "missing";

impl Recipe {
    /// Learns a recipe from training rows, and from nothing else.
    ///
    /// # Errors
    /// A column that the frame lacks or that has no known value; a factor with more than
    /// [`RecipeOptions::max_levels`] levels; the logarithm of a value not above 0; a spline with
    /// too few distinct values; terms that repeat; no term, or no complete row.
    pub fn fit(
        frame: &Frame,
        terms: &[Term],
        options: RecipeOptions,
    ) -> Result<Self, FeatureError> {
        for (k, term) in terms.iter().enumerate() {
            if terms[..k].iter().any(|t| t.same_parts(term)) {
                return Err(FeatureError::Twice { name: term.to_string() });
            }
        }
        if frame.is_empty() {
            return Err(FeatureError::Empty("there are no rows to learn from"));
        }
        let rows = used_rows(frame, terms, options.missing)?;
        let mut learner = Learner { frame, rows: &rows, options, patterns: Vec::new() };
        let mut recipe = Self {
            terms: terms.to_vec(),
            missing: options.missing,
            numbers: BTreeMap::new(),
            factors: BTreeMap::new(),
            splines: BTreeMap::new(),
        };
        // Numbers first: where a number and a factor are missing in the same rows, the number's
        // indicator stands for both.
        for factors in [false, true] {
            for term in terms {
                for part in term.parts() {
                    if is_factor(frame, part) == factors {
                        learner.part(term, part, &mut recipe)?;
                    }
                }
            }
        }
        Ok(recipe)
    }

    /// The terms.
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// What is done with rows that lack a value.
    #[must_use]
    pub fn missing(&self) -> Missing {
        self.missing
    }

    /// The columns that a frame must have.
    #[must_use]
    pub fn columns(&self) -> Vec<&str> {
        let mut columns: Vec<&str> = Vec::new();
        for column in self.terms.iter().flat_map(Term::columns) {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        columns
    }

    /// What the training rows covered of a column of numbers.
    #[must_use]
    pub fn scope(&self, column: &str) -> Option<Scope> {
        self.numbers.get(column).map(|n| n.scope)
    }

    /// The training median of a column of numbers, which stands in for a missing value.
    #[must_use]
    pub fn median(&self, column: &str) -> Option<f64> {
        self.numbers.get(column).map(|n| n.median)
    }

    /// The levels of a factor, the reference first, each with its training cases (`None` for
    /// fewer than 10).
    #[must_use]
    pub fn levels(&self, column: &str) -> Option<impl Iterator<Item = (&str, Option<u32>)>> {
        let f = self.factors.get(column)?;
        Some(f.levels.iter().map(String::as_str).zip(f.cases.iter().copied()))
    }

    /// Factors of which the training rows have one level only, and which therefore say nothing.
    #[must_use]
    pub fn constant_factors(&self) -> Vec<&str> {
        let one = self.factors.iter().filter(|(_, f)| f.levels.len() < 2);
        one.map(|(column, _)| column.as_str()).collect()
    }
}

/// Whether a part is a factor: written so, or a column of words taken bare.
pub(super) fn is_factor(frame: &Frame, part: &Part) -> bool {
    match part {
        Part::Factor(_) => true,
        Part::Column(c) => matches!(frame.get(c), Some(Values::Level { .. })),
        _ => false,
    }
}

/// The error for a column that a frame lacks.
pub(super) fn unknown_column(frame: &Frame, column: &str) -> FeatureError {
    let names = frame.columns().iter().map(|c| c.name.as_str());
    FeatureError::Unknown {
        what: "column",
        name: column.to_owned(),
        nearest: nearest(column, names),
    }
}

/// The rows that the recipe learns from: all, or those that lack nothing.
fn used_rows(frame: &Frame, terms: &[Term], missing: Missing) -> Result<Vec<usize>, FeatureError> {
    let mut columns: Vec<&Values> = Vec::new();
    for column in terms.iter().flat_map(Term::columns) {
        columns.push(frame.get(column).ok_or_else(|| unknown_column(frame, column))?);
    }
    if missing != Missing::Drop {
        return Ok((0..frame.len()).collect());
    }
    let whole = |row: &usize| columns.iter().all(|c| !c.is_missing(*row));
    let rows: Vec<usize> = (0..frame.len()).filter(whole).collect();
    if rows.is_empty() {
        return Err(FeatureError::Empty("every row lacks one of the columns that the terms read"));
    }
    Ok(rows)
}

/// Learns part by part.
struct Learner<'a> {
    frame: &'a Frame,
    rows: &'a [usize],
    options: RecipeOptions,
    /// The rows in which a column is missing, for each indicator so far.
    patterns: Vec<Vec<usize>>,
}

impl Learner<'_> {
    fn part(&mut self, term: &Term, part: &Part, recipe: &mut Recipe) -> Result<(), FeatureError> {
        let column = part.column();
        let values = self.frame.get(column).ok_or_else(|| unknown_column(self.frame, column))?;
        let error = |why: String| FeatureError::Column {
            term: term.to_string(),
            column: column.to_owned(),
            why,
        };
        if is_factor(self.frame, part) {
            if !recipe.factors.contains_key(column) {
                let factor = self.factor(values).map_err(error)?;
                recipe.factors.insert(column.to_owned(), factor);
            }
            return Ok(());
        }
        let Values::Number(numbers) = values else {
            return Err(error("holds words, not numbers".into()));
        };
        let mut known: Vec<f64> =
            self.rows.iter().map(|&r| numbers[r]).filter(|v| !v.is_nan()).collect();
        known.sort_unstable_by(f64::total_cmp);
        let Some(&lowest) = known.first() else {
            return Err(error("has no known value in the rows to learn from".into()));
        };
        match part {
            Part::Log(_) if lowest <= 0.0 => {
                let count = known.partition_point(|&v| v <= 0.0);
                return Err(error(format!(
                    "has {count} value{} at or below 0, of which there is no logarithm",
                    if count == 1 { "" } else { "s" }
                )));
            }
            Part::Spline(_, df) => {
                // As in R, the knots come from every known value, also of rows that are left out
                // since another column is missing.
                let mut all: Vec<f64> = numbers.iter().copied().filter(|v| !v.is_nan()).collect();
                all.sort_unstable_by(f64::total_cmp);
                let spline = self.spline(&all, *df).ok_or_else(|| {
                    error(format!("has too few distinct values for a spline of {df} columns"))
                })?;
                recipe.splines.insert(part.to_string(), spline);
            }
            _ => {}
        }
        if !recipe.numbers.contains_key(column) {
            let lacking = self.rows.iter().copied().filter(|&r| numbers[r].is_nan()).collect();
            let median = quantile(&known, 0.5);
            let median = if self.options.round { rounded(median, &known) } else { median };
            let learned = Numbers {
                median: if matches!(part, Part::Log(_)) && median <= 0.0 { lowest } else { median },
                scope: Scope::of_sorted(&known),
                indicator: self.indicator(lacking),
            };
            recipe.numbers.insert(column.to_owned(), learned);
        }
        Ok(())
    }

    /// Whether a column that is missing in these rows gets an indicator: often enough, and not
    /// in the very rows for which there is one already.
    fn indicator(&mut self, lacking: Vec<usize>) -> bool {
        let enough = lacking.len() >= (self.options.min_level_cases as usize).max(1);
        if self.options.missing != Missing::Impute || !enough || self.patterns.contains(&lacking) {
            return false;
        }
        self.patterns.push(lacking);
        true
    }

    fn spline(&self, sorted: &[f64], df: u32) -> Option<NaturalSpline> {
        let exact = NaturalSpline::of_values(sorted, df)?;
        if !self.options.round {
            return Some(exact);
        }
        let knots: Vec<f64> = exact.knots().iter().map(|&k| rounded(k, sorted)).collect();
        let scope = Scope::of_sorted(sorted);
        NaturalSpline::new(knots, [scope.low, scope.high])
    }

    fn factor(&mut self, values: &Values) -> Result<Factor, String> {
        let (codes, names) = words(values, self.options.max_levels)?;
        let mut cases = vec![0u32; names.len()];
        let mut lacking = Vec::new();
        for &row in self.rows {
            match cases.get_mut(codes[row] as usize) {
                Some(n) => *n += 1,
                None => lacking.push(row),
            }
        }
        let seen: Vec<usize> = (0..names.len()).filter(|&k| cases[k] > 0).collect();
        if seen.is_empty() {
            return Err("has no known value in the rows to learn from".into());
        }
        let rare = |k: &usize| cases[*k] < self.options.min_level_cases || names[*k] == OTHER;
        // A level that is called `other` keeps its place, unless rare levels join it.
        let pooled = seen.iter().any(|k| cases[*k] < self.options.min_level_cases);
        let kept: Vec<usize> = seen.iter().copied().filter(|k| !pooled || !rare(k)).collect();
        if kept.len() + usize::from(pooled) > self.options.max_levels {
            return Err(too_many(kept.len(), self.options.max_levels));
        }
        let mut levels: Vec<String> = kept.iter().map(|&k| names[k].clone()).collect();
        let mut counts: Vec<u32> = kept.iter().map(|&k| cases[k]).collect();
        if pooled {
            levels.push(OTHER.to_owned());
            counts.push(seen.iter().filter(|k| rare(k)).map(|&k| cases[k]).sum());
        }
        let modal = (0..counts.len()).rev().max_by_key(|&k| counts[k]).unwrap_or(0);
        let lacks = lacking.len() as u32;
        let missing = !levels.iter().any(|l| l == MISSING) && self.indicator(lacking);
        if missing {
            levels.push(MISSING.to_owned());
            counts.push(lacks);
        }
        let cases = counts.into_iter().map(|n| (n >= 10).then_some(n)).collect();
        Ok(Factor { levels, cases, pooled, missing, modal })
    }
}

/// What a factor with too many levels is told.
fn too_many(levels: usize, most: usize) -> String {
    format!("has {levels} levels, and a factor may have {most}: is it an identifier or a number?")
}

/// The levels of a column in sorted order (numbers by size, words by their bytes), and the code
/// of each row. Numbers are levels under their shortest spelling.
pub(super) fn words(values: &Values, most: usize) -> Result<(Vec<u32>, Vec<String>), String> {
    match values {
        Values::Level { codes, levels } => {
            let mut order: Vec<u32> = (0..levels.len() as u32).collect();
            order.sort_by(|&a, &b| levels[a as usize].cmp(&levels[b as usize]));
            let mut place = vec![Values::MISSING; levels.len()];
            for (new, &old) in order.iter().enumerate() {
                place[old as usize] = new as u32;
            }
            let codes: Vec<u32> = codes
                .iter()
                .map(|&c| place.get(c as usize).copied().unwrap_or(Values::MISSING))
                .collect();
            let sorted = order.iter().map(|&k| levels[k as usize].clone()).collect();
            Ok((codes, sorted))
        }
        Values::Number(numbers) => {
            let mut distinct: Vec<f64> = numbers.iter().copied().filter(|v| !v.is_nan()).collect();
            distinct.sort_unstable_by(f64::total_cmp);
            distinct.dedup();
            if distinct.len() > most {
                return Err(too_many(distinct.len(), most));
            }
            let code = |v: f64| distinct.partition_point(|&d| d < v) as u32;
            let codes = numbers.iter().map(|&v| if v.is_nan() { Values::MISSING } else { code(v) });
            let codes = codes.collect();
            // Adding 0 makes a negative zero a plain one.
            let names = distinct.iter().map(|v| format!("{}", v + 0.0)).collect();
            Ok((codes, names))
        }
    }
}

impl Factor {
    /// For each of some words, the level it belongs to; `None` where training had none such.
    pub(super) fn places(&self, words: &[String]) -> Vec<Option<usize>> {
        let own = self.levels.len() - usize::from(self.missing);
        let by_word: HashMap<&str, usize> =
            self.levels[..own].iter().enumerate().map(|(k, l)| (l.as_str(), k)).collect();
        let other = self.pooled.then(|| own - 1);
        words.iter().map(|w| by_word.get(w.as_str()).copied().or(other)).collect()
    }

    /// The level of a missing value, and whether it is one of its own.
    pub(super) fn of_missing(&self) -> (usize, bool) {
        if self.missing { (self.levels.len() - 1, true) } else { (self.modal, false) }
    }
}

impl TryFrom<Unchecked> for Recipe {
    type Error = FeatureError;

    fn try_from(u: Unchecked) -> Result<Self, FeatureError> {
        let Unchecked { terms, missing, numbers, factors, splines } = u;
        let recipe = Self { terms, missing, numbers, factors, splines };
        recipe.check()?;
        Ok(recipe)
    }
}

impl Recipe {
    /// Checks what a file says: nothing else would keep a changed file from a wrong answer.
    fn check(&self) -> Result<(), FeatureError> {
        let bad = |what: String| Err(FeatureError::Recipe(what));
        for (column, n) in &self.numbers {
            let ordered = n.scope.low <= n.scope.high;
            if !ordered || ![n.median, n.scope.low, n.scope.high].iter().all(|v| v.is_finite()) {
                return bad(format!("column {column} has no usable median or scope"));
            }
        }
        for (column, f) in &self.factors {
            let own = f.levels.len() - usize::from(f.missing && !f.levels.is_empty());
            let distinct = f.levels.iter().enumerate().all(|(k, l)| !f.levels[..k].contains(l));
            let whole = own > 0 && f.modal < own && f.cases.len() == f.levels.len() && distinct;
            let named = (!f.pooled || f.levels[own - 1] == OTHER)
                && (!f.missing || f.levels.last().is_some_and(|l| l == MISSING));
            if !whole || !named {
                return bad(format!("the levels of {column} contradict one another"));
            }
        }
        for (k, term) in self.terms.iter().enumerate() {
            if self.terms[..k].iter().any(|t| t.same_parts(term)) {
                return bad(format!("the term {term} stands twice"));
            }
            for part in term.parts() {
                let column = part.column();
                let number = self.numbers.contains_key(column);
                let learned = match part {
                    Part::Column(c) => number || self.factors.contains_key(c),
                    Part::Factor(c) => self.factors.contains_key(c),
                    Part::Log(_) => number,
                    Part::Spline(_, df) => {
                        let spline = self.splines.get(&part.to_string());
                        number && spline.is_some_and(|s| s.df() == *df as usize)
                    }
                };
                if !learned {
                    return bad(format!("nothing was learned for {part}"));
                }
            }
        }
        Ok(())
    }
}
