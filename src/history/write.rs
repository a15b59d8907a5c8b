//! Writing a history folder that reads back to the same history.

mod tables;

use std::fmt::{Display, Write as _};
use std::path::{Path, PathBuf};

use super::columns::{FILES, FileSpec};
use super::day::Birth;
use super::error::HistoryError;
use super::records::{ChildIx, FamilyIx, FamilyState, History, Label, StayIx, Window};
use crate::files;
use crate::progress::{Progress, Silent};

/// Writes `history` as a folder of CSV files with a `study.toml` that holds its window, so that
/// [`super::read`] gives the same history again. The folder is made where it is missing. All
/// files are written, also those without rows, so that nothing of an older history stays behind.
///
/// # Errors
/// [`HistoryError::Write`] where a file exists and `force` is false (nothing is written then), or
/// the folder cannot be written; [`HistoryError::Unwritable`] where the history holds what a file
/// cannot: a reference outside it, a blank or padded id or word, `|` in a word of a list, a number
/// that is not finite, a family without a kind, an assessment without a score.
pub fn write(history: &History, dir: &Path, force: bool) -> Result<(), HistoryError> {
    write_with_progress(history, dir, force, &Silent)
}

/// As [`write()`](fn@write), telling `progress` of the rows that are written.
///
/// # Errors
/// As [`write()`](fn@write).
pub fn write_with_progress(
    history: &History,
    dir: &Path,
    force: bool,
    progress: &dyn Progress,
) -> Result<(), HistoryError> {
    let study = study(&history.window);
    write_with(history, dir, force, &[("study.toml", study.as_bytes())], progress)
}

/// Writes `history` with the other files of its folder, among them its `study.toml`.
///
/// # Errors
/// As [`write()`](fn@write).
pub(crate) fn write_with(
    history: &History,
    dir: &Path,
    force: bool,
    others: &[(&str, &[u8])],
    progress: &dyn Progress,
) -> Result<(), HistoryError> {
    let tables = tables::all(history, progress)?;
    files::make_folder(dir)?;
    let mut set: Vec<(PathBuf, &[u8])> =
        tables.iter().map(|(name, bytes)| (dir.join(name), bytes.as_slice())).collect();
    set.extend(others.iter().map(|&(name, bytes)| (dir.join(name), bytes)));
    Ok(files::write_set(&set, force)?)
}

/// Says whether [`write()`](fn@write) would refuse a folder, so that long work need not be done
/// first.
///
/// # Errors
/// [`crate::ErrorKind::Usage`] where a file of a history exists there and `force` is false.
pub(crate) fn may_write(dir: &Path, force: bool) -> Result<(), crate::Error> {
    if !dir.is_dir() {
        return Ok(());
    }
    let names = FILES.iter().map(|f| f.name).chain(["study.toml"]);
    names.map(|name| dir.join(name)).try_for_each(|path| files::may_write(&path, force))
}

/// The `[window]` and `[format]` of a study file for what [`write()`](fn@write) writes.
#[must_use]
pub fn study_tables(window: &Window) -> String {
    format!(
        "[window]\nstart = \"{}\"\nend = \"{}\"\nextraction = \"{}\"\n\n\
         [format]\nseparator = \"comma\"\ndecimal = \"point\"\ndate = \"yyyy-mm-dd\"\n",
        window.start, window.end, window.extraction
    )
}

/// A study file that says no more than where the history is and over which window.
fn study(window: &Window) -> String {
    format!("[data]\nhistory = \".\"\n\n{}", study_tables(window))
}

/// A table being written: cells are pushed in the order of the codebook's columns.
struct Table<'a> {
    history: &'a History,
    file: &'static FileSpec,
    out: csv::Writer<Vec<u8>>,
    cell: String,
}

type Result_ = Result<(), HistoryError>;

impl<'a> Table<'a> {
    fn new(history: &'a History, file: &'static FileSpec) -> Result<Self, HistoryError> {
        let mut table =
            Self { history, file, out: csv::Writer::from_writer(Vec::new()), cell: String::new() };
        for column in file.columns {
            table.push(column.name)?;
        }
        table.end()?;
        Ok(table)
    }

    fn wrong(&self, what: &str) -> HistoryError {
        HistoryError::Unwritable(format!("{} would hold {what}", self.file.name))
    }

    fn push(&mut self, cell: &str) -> Result_ {
        self.out.write_field(cell).map_err(|e| self.wrong(&format!("a broken row: {e}")))
    }

    fn end(&mut self) -> Result_ {
        self.out.write_record(None::<&[u8]>).map_err(|e| self.wrong(&format!("a broken row: {e}")))
    }

    fn finish(self) -> Result<(&'static str, Vec<u8>), HistoryError> {
        let name = self.file.name;
        let bytes = self.out.into_inner().map_err(|e| {
            HistoryError::Unwritable(format!("{name} would hold a broken row: {}", e.error()))
        })?;
        Ok((name, bytes))
    }

    /// An id or a word: reading trims cells and takes blank ones for unknown.
    fn word(&mut self, word: &str) -> Result_ {
        if word.is_empty() || word.trim() != word || word.contains('\0') {
            return Err(self.wrong("an id or word that is blank, padded or has a NUL byte"));
        }
        self.push(word)
    }

    fn show(&mut self, value: Option<impl Display>) -> Result_ {
        self.cell.clear();
        if let Some(value) = value {
            // Writing to a string cannot fail.
            let _ = write!(self.cell, "{value}");
        }
        self.out
            .write_field(&self.cell)
            .map_err(|e| HistoryError::Unwritable(format!("a broken row: {e}")))
    }

    fn flag(&mut self, value: Option<bool>) -> Result_ {
        self.push(match value {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        })
    }

    /// A number; one with exactly three decimals gets a fourth, so that its point can never be
    /// taken for a thousands separator.
    fn number(&mut self, value: Option<f64>) -> Result_ {
        let Some(value) = value else { return self.push("") };
        if !value.is_finite() {
            return Err(self.wrong("a number that is not finite"));
        }
        let mut text = value.to_string();
        if text.split_once('.').is_some_and(|(_, decimals)| decimals.len() == 3) {
            text.push('0');
        }
        self.push(&text)
    }

    fn text_of(&self, label: Label) -> Result<&'a str, HistoryError> {
        let labels = &self.history.labels;
        if label.at() >= labels.len() {
            return Err(self.wrong("a label outside the pool"));
        }
        Ok(labels.word(label))
    }

    fn label(&mut self, label: Option<Label>) -> Result_ {
        match label {
            Some(label) => self.word(self.text_of(label)?),
            None => self.push(""),
        }
    }

    fn list<'t>(&mut self, words: impl Iterator<Item = Result<&'t str, HistoryError>>) -> Result_ {
        let mut joined = String::new();
        for word in words {
            let word = word?;
            if word.is_empty() || word.trim() != word || word.contains(['|', '\0']) {
                return Err(self.wrong("a word of a list that is blank, padded or has a |"));
            }
            if !joined.is_empty() {
                joined.push('|');
            }
            joined.push_str(word);
        }
        self.push(&joined)
    }

    fn labels(&mut self, labels: &[Label]) -> Result_ {
        let words: Vec<_> = labels.iter().map(|&label| self.text_of(label)).collect();
        self.list(words.into_iter())
    }

    fn child(&mut self, ix: ChildIx) -> Result_ {
        let child = self.history.children.get(ix.at());
        let id = child.map(|c| &*c.id).ok_or_else(|| self.wrong("a child outside the history"))?;
        self.word(id)
    }

    fn family(&mut self, ix: Option<FamilyIx>) -> Result_ {
        let Some(ix) = ix else { return self.push("") };
        let family = self.history.families.get(ix.at());
        let id =
            family.map(|f| &*f.id).ok_or_else(|| self.wrong("a family outside the history"))?;
        self.word(id)
    }

    fn stay(&mut self, ix: Option<StayIx>) -> Result_ {
        let Some(ix) = ix else { return self.push("") };
        let stay = self.history.stays.get(ix.at());
        let id = stay.map(|s| &*s.id).ok_or_else(|| self.wrong("a stay outside the history"))?;
        self.word(id)
    }

    fn state(&mut self, s: &FamilyState) -> Result_ {
        self.label(s.provider)?;
        self.show(s.kind)?;
        self.label(s.area)?;
        self.show(s.places)?;
        self.number(s.min_age)?;
        self.number(s.max_age)?;
        self.list(s.care_forms.iter().map(|c| Ok(c.code())))?;
        self.list(s.perspectives.iter().map(|p| Ok(p.code())))?;
        self.labels(&s.accepts_needs)?;
        self.labels(&s.refuses_needs)?;
        let births: Vec<String> = s.own_children.iter().flatten().map(|&b| birth(b)).collect();
        self.push(&births.join("|"))?;
        self.show(s.experience_since)?;
        self.show(s.status)?;
        self.show(s.status_date)?;
        self.label(s.stop_reason)
    }
}

/// A birth as files hold it: a day, or a month.
fn birth(birth: Birth) -> String {
    if birth.month_only {
        let (y, m, _) = birth.day.ymd();
        format!("{y:04}-{m:02}")
    } else {
        birth.day.to_string()
    }
}
