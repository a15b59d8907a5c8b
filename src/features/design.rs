//! The design matrix: a recipe applied to a frame.

use ndarray::Array2;
use rayon::prelude::*;

use super::error::FeatureError;
use super::recipe::{MISSING, unknown_column, words};
use super::{Frame, Missing, Part, Recipe, Term, Values};

/// What a row has that the model does not know or had to fill in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoteKind {
    /// A level that training never saw, and no `other` to put it in: a prediction would be for
    /// the reference level.
    UnseenLevel,
    /// A value outside what the training rows covered.
    OutsideScope,
    /// A missing value for which the median or the level `missing` stands in.
    Imputed,
    /// A missing value; the row is left out.
    Missing,
    /// A value for which a term has no finite value: the logarithm of a value at or below 0, or
    /// a product that is too large; the row is left out.
    NotPositive,
}

/// One note on one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The row of the frame.
    pub row: usize,
    /// The position of the column in [`Recipe::columns`].
    pub column: usize,
    /// What is the matter.
    pub kind: NoteKind,
}

/// A design matrix, and what was noted while it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    /// Rows × columns, all finite.
    pub x: Array2<f64>,
    /// The names of the columns: `column`, `column=level`, `ns(column, df)k`, `a:b`, and
    /// `column=missing`.
    pub names: Vec<String>,
    /// The rows of the frame that the rows of `x` are, in order.
    pub kept_rows: Vec<usize>,
    /// By row, then by column.
    pub notes: Vec<Note>,
}

impl Design {
    /// The notes on a row of the frame.
    #[must_use]
    pub fn notes_of(&self, row: usize) -> &[Note] {
        let from = self.notes.partition_point(|n| n.row < row);
        let to = self.notes.partition_point(|n| n.row <= row);
        &self.notes[from..to]
    }
}

/// A column of the design: the product of its factors, and the term it belongs to.
struct Planned {
    name: String,
    term: String,
    /// The first column of the frame that it reads.
    column: String,
    product: Vec<Single>,
}

/// One factor of a column.
#[derive(Clone)]
enum Single {
    /// The number itself.
    Number(usize),
    /// 1 where the factor has this level.
    Level(usize, usize),
    /// A logarithm or a column of a spline, by its place among the derived columns.
    Derived(usize),
    /// 1 where the number is missing.
    Lacking(usize),
}

/// What the parts of the terms read, and the columns they make.
#[derive(Default)]
struct Plan {
    numbers: Vec<String>,
    factors: Vec<String>,
    derived: Vec<(Part, usize)>,
    columns: Vec<Planned>,
}

impl Recipe {
    /// The names of the columns of the design.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.plan().columns.into_iter().map(|c| c.name).collect()
    }

    /// How many columns the design has, without making their names; `None` where a recipe that
    /// was read from a file asks for more than can be counted.
    #[must_use]
    pub fn width(&self) -> Option<usize> {
        let mut plan = Plan::default();
        let mut width = self.numbers.values().filter(|n| n.indicator).count();
        for term in &self.terms {
            let parts = term.parts().iter().map(|part| self.singles(term, part, &mut plan).len());
            width = width.checked_add(parts.into_iter().try_fold(1, usize::checked_mul)?)?;
        }
        Some(width)
    }

    /// For each column of the design the term it belongs to, as the study writes it; an
    /// indicator of missing values belongs to `column=missing`.
    #[must_use]
    pub fn terms_of_columns(&self) -> Vec<String> {
        self.plan().columns.into_iter().map(|c| c.term).collect()
    }

    /// For each of [`Recipe::columns`], the columns of the design that read it.
    #[must_use]
    pub fn read_by(&self) -> Vec<Vec<usize>> {
        let of_design = self.terms_of_columns();
        let reads = |term: &str, column: &str| {
            let own = self.terms.iter().find(|t| t.to_string() == *term);
            own.is_some_and(|t| t.columns().any(|c| c == column))
        };
        let of = |column: &&str| {
            let all = of_design.iter().enumerate();
            all.filter(|(_, term)| reads(term, column)).map(|(j, _)| j).collect()
        };
        self.columns().iter().map(of).collect()
    }

    /// The design matrix of a frame, with notes on its rows.
    ///
    /// # Errors
    /// A column that the frame lacks, or that holds words where training had numbers.
    pub fn apply(&self, frame: &Frame) -> Result<Design, FeatureError> {
        self.make(frame, true)
    }

    /// The design matrix of a frame without notes, for training rows.
    ///
    /// # Errors
    /// As [`Recipe::apply`].
    pub fn matrix(&self, frame: &Frame) -> Result<Design, FeatureError> {
        self.make(frame, false)
    }

    fn plan(&self) -> Plan {
        let mut plan = Plan::default();
        for term in &self.terms {
            let parts: Vec<Vec<(String, Single)>> =
                term.parts().iter().map(|part| self.singles(term, part, &mut plan)).collect();
            // As in R, the first part varies fastest.
            let count: usize = parts.iter().map(Vec::len).product();
            for mut k in 0..count {
                let mut names = Vec::with_capacity(parts.len());
                let mut product = Vec::with_capacity(parts.len());
                for part in &parts {
                    let (name, single) = part[k % part.len()].clone();
                    k /= part.len();
                    names.push(name);
                    product.push(single);
                }
                let column = term.columns().next().unwrap_or_default().to_owned();
                let (name, term) = (names.join(":"), term.to_string());
                plan.columns.push(Planned { name, term, column, product });
            }
        }
        for (column, learned) in &self.numbers {
            if learned.indicator {
                let name = format!("{column}={MISSING}");
                let product = vec![Single::Lacking(place(&mut plan.numbers, column.to_owned()))];
                let column = column.clone();
                plan.columns.push(Planned { term: name.clone(), name, column, product });
            }
        }
        plan
    }

    /// The columns that one part of a term stands for.
    fn singles(&self, term: &Term, part: &Part, plan: &mut Plan) -> Vec<(String, Single)> {
        let column = part.column();
        let is_factor = matches!(part, Part::Factor(_))
            || (matches!(part, Part::Column(_)) && !self.numbers.contains_key(column));
        if let Some(factor) = self.factors.get(column).filter(|_| is_factor) {
            let at = place(&mut plan.factors, column.to_owned());
            let from = usize::from(self.has_margin(term, part));
            return (from..factor.levels.len())
                .map(|k| (format!("{column}={}", factor.levels[k]), Single::Level(at, k)))
                .collect();
        }
        match part {
            Part::Log(_) => {
                let at = place(&mut plan.derived, (part.clone(), 0));
                vec![(part.to_string(), Single::Derived(at))]
            }
            Part::Spline(_, df) => (0..*df as usize)
                .map(|k| {
                    let at = place(&mut plan.derived, (part.clone(), k));
                    (format!("{part}{}", k + 1), Single::Derived(at))
                })
                .collect(),
            _ => vec![(
                part.to_string(),
                Single::Number(place(&mut plan.numbers, column.to_owned())),
            )],
        }
    }

    /// Whether a factor in a term is coded against its reference level: R's rule is that it is
    /// where the term without it is in the model too (the empty term is the baseline, which
    /// always is); otherwise every level has a column.
    fn has_margin(&self, term: &Term, part: &Part) -> bool {
        let mut rest: Vec<&Part> = term.parts().iter().filter(|p| *p != part).collect();
        rest.sort();
        rest.is_empty()
            || self.terms.iter().any(|t| {
                let mut parts: Vec<&Part> = t.parts().iter().collect();
                parts.sort();
                parts == rest
            })
    }

    fn make(&self, frame: &Frame, with_notes: bool) -> Result<Design, FeatureError> {
        let plan = self.plan();
        let mut notes = Notes { columns: self.columns(), with_notes, list: Vec::new() };
        let mut keep = vec![true; frame.len()];
        let mut numbers: Vec<(Vec<f64>, &[f64])> = Vec::with_capacity(plan.numbers.len());
        let mut all = plan.numbers.clone();
        for (part, _) in &plan.derived {
            place(&mut all, part.column().to_owned());
        }
        for column in &all {
            numbers.push(self.number_column(frame, column, &mut keep, &mut notes)?);
        }
        let factors = plan
            .factors
            .iter()
            .map(|column| self.factor_column(frame, column, &mut keep, &mut notes))
            .collect::<Result<Vec<_>, _>>()?;
        let derived = self.derive(&plan.derived, &all, &numbers, &mut keep, &mut notes);
        let mut kept_rows: Vec<usize> = (0..frame.len()).filter(|&row| keep[row]).collect();
        let p = plan.columns.len();
        let value = |single: &Single, row: usize| match *single {
            Single::Number(at) => numbers[at].0[row],
            Single::Level(at, level) => f64::from(u8::from(factors[at][row] == level as u32)),
            Single::Derived(at) => derived[at][row],
            Single::Lacking(at) => f64::from(u8::from(numbers[at].1[row].is_nan())),
        };
        let mut flat = vec![0.0; kept_rows.len() * p];
        if p > 0 {
            flat.par_chunks_mut(p * 4096).zip(kept_rows.par_chunks(4096)).for_each(
                |(out, rows)| {
                    for (out, &row) in out.chunks_exact_mut(p).zip(rows) {
                        for (cell, column) in out.iter_mut().zip(&plan.columns) {
                            *cell = column.product.iter().map(|s| value(s, row)).product();
                        }
                    }
                },
            );
        }
        drop_undefined(&mut flat, &mut kept_rows, &plan.columns, &mut notes);
        let x = Array2::from_shape_vec((kept_rows.len(), p), flat)
            .map_err(|e| FeatureError::Recipe(e.to_string()))?;
        let names = plan.columns.into_iter().map(|c| c.name).collect();
        notes.list.sort_unstable();
        notes.list.dedup();
        Ok(Design { x, names, kept_rows, notes: notes.list })
    }

    /// A column of numbers with its missing values filled in, and as it was.
    fn number_column<'f>(
        &self,
        frame: &'f Frame,
        column: &str,
        keep: &mut [bool],
        notes: &mut Notes<'_>,
    ) -> Result<(Vec<f64>, &'f [f64]), FeatureError> {
        let values = frame.get(column).ok_or_else(|| unknown_column(frame, column))?;
        let (Values::Number(found), Some(learned)) = (values, self.numbers.get(column)) else {
            return Err(FeatureError::Column {
                term: column.to_owned(),
                column: column.to_owned(),
                why: "holds words here and numbers in the training data".into(),
            });
        };
        let mut filled = found.clone();
        for (row, value) in filled.iter_mut().enumerate() {
            if value.is_nan() {
                *value = learned.median;
                notes.lacking(self.missing, row, column, keep);
            } else if !learned.scope.holds(*value) {
                notes.add(row, column, NoteKind::OutsideScope);
            }
        }
        Ok((filled, found))
    }

    /// A factor as the place of each row's level.
    fn factor_column(
        &self,
        frame: &Frame,
        column: &str,
        keep: &mut [bool],
        notes: &mut Notes<'_>,
    ) -> Result<Vec<u32>, FeatureError> {
        let values = frame.get(column).ok_or_else(|| unknown_column(frame, column))?;
        let Some(factor) = self.factors.get(column) else {
            return Err(FeatureError::Recipe(format!("nothing was learned for {column}")));
        };
        let (codes, names) = words(values, usize::MAX).map_err(FeatureError::Recipe)?;
        let places = factor.places(&names);
        let (of_missing, _) = factor.of_missing();
        Ok(codes
            .iter()
            .enumerate()
            .map(|(row, &code)| match places.get(code as usize) {
                Some(Some(place)) => *place as u32,
                Some(None) => {
                    notes.add(row, column, NoteKind::UnseenLevel);
                    0
                }
                None => {
                    notes.lacking(self.missing, row, column, keep);
                    of_missing as u32
                }
            })
            .collect())
    }

    /// Logarithms and splines.
    fn derive(
        &self,
        derived: &[(Part, usize)],
        columns: &[String],
        numbers: &[(Vec<f64>, &[f64])],
        keep: &mut [bool],
        notes: &mut Notes<'_>,
    ) -> Vec<Vec<f64>> {
        let mut out: Vec<Vec<f64>> = Vec::with_capacity(derived.len());
        for (part, k) in derived {
            let column = part.column();
            let Some(at) = columns.iter().position(|c| c == column) else { continue };
            let values = &numbers[at].0;
            match part {
                Part::Spline(..) if *k == 0 => {
                    if let Some(spline) = self.splines.get(&part.to_string()) {
                        out.extend(spline.columns(values));
                    }
                }
                Part::Spline(..) => {}
                _ => out.push(
                    values
                        .iter()
                        .enumerate()
                        .map(|(row, &v)| {
                            if v > 0.0 {
                                return v.ln();
                            }
                            keep[row] = false;
                            notes.add(row, column, NoteKind::NotPositive);
                            0.0
                        })
                        .collect(),
                ),
            }
        }
        out
    }
}

/// Leaves out the rows in which a product is not finite.
fn drop_undefined(
    flat: &mut Vec<f64>,
    rows: &mut Vec<usize>,
    columns: &[Planned],
    notes: &mut Notes<'_>,
) {
    let p = columns.len();
    if p == 0 || flat.iter().all(|v| v.is_finite()) {
        return;
    }
    let (mut kept, mut kept_rows) = (Vec::with_capacity(flat.len()), Vec::new());
    for (cells, &row) in flat.chunks_exact(p).zip(rows.iter()) {
        match cells.iter().position(|v| !v.is_finite()) {
            None => {
                kept.extend_from_slice(cells);
                kept_rows.push(row);
            }
            Some(at) => notes.add(row, &columns[at].column, NoteKind::NotPositive),
        }
    }
    (*flat, *rows) = (kept, kept_rows);
}

/// The place of a thing in a list, added where it is new.
fn place<T: PartialEq>(list: &mut Vec<T>, thing: T) -> usize {
    if let Some(at) = list.iter().position(|t| *t == thing) {
        return at;
    }
    list.push(thing);
    list.len() - 1
}

/// Notes as they are made.
struct Notes<'a> {
    columns: Vec<&'a str>,
    with_notes: bool,
    list: Vec<Note>,
}

impl Notes<'_> {
    fn add(&mut self, row: usize, column: &str, kind: NoteKind) {
        if self.with_notes {
            let column = self.columns.iter().position(|c| *c == column).unwrap_or(0);
            self.list.push(Note { row, column, kind });
        }
    }

    /// Notes a missing value; where rows with one are left out, leaves the row out.
    fn lacking(&mut self, missing: Missing, row: usize, column: &str, keep: &mut [bool]) {
        match missing {
            Missing::Impute | Missing::Multiple => self.add(row, column, NoteKind::Imputed),
            Missing::Drop => {
                keep[row] = false;
                self.add(row, column, NoteKind::Missing);
            }
        }
    }
}
