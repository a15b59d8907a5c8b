//! One row being read: typed cells, with what is wrong noted on the way.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};

use super::bsn;
use super::cells::{self, Evidence, Place, Style, Unread};
use super::ids::{Found, Guess, Ids};
use super::record::Record;
use super::shape::Shape;
use crate::history::codes::CodeList;
use crate::history::columns::{Column, FILES, FileSpec, Kind};
use crate::history::day::{Birth, Day};
use crate::history::findings::{Code, Finding, Findings};
use crate::history::records::{Label, Labels, Window};
use crate::history::registry;
use crate::history::settings::nearest;

/// What holds for all rows of a file.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub file: &'static FileSpec,
    pub shape: &'a Shape,
    pub style: Style,
    pub window: &'a Window,
}

/// What a chunk of rows gives beside its rows.
#[derive(Default)]
pub(super) struct Sink {
    pub findings: Findings,
    pub evidence: Evidence,
    pub labels: Labels,
    /// Per position in the file: numbers that may be BSNs.
    pub bsn: Vec<bsn::Seen>,
    /// Per column of the codebook: dates, and how many of them are on 1 January.
    pub january: Vec<(u64, u64)>,
    /// Per column of the codebook: the file that it refers to and that is not there.
    pub referred_missing: Vec<Option<&'static str>>,
    /// Per label: whether its word holds what may be a BSN.
    bsn_in_text: Vec<bool>,
    /// Per file: where the last lookup of an id ended.
    guesses: [Guess; FILES.len()],
    /// What is known of each scale that was met.
    pub scales: HashMap<Label, ScaleKind, foldhash::fast::RandomState>,
}

/// What is known of a scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ScaleKind {
    /// Its least and most score.
    Range(f64, f64),
    /// Its name is nearly one that is known.
    Near,
    /// A scale of the user's own.
    Open,
}

impl Sink {
    pub(super) fn new(context: &Context) -> Self {
        Self {
            bsn: vec![bsn::Seen::default(); context.shape.column.len()],
            january: vec![(0, 0); context.file.columns.len()],
            referred_missing: vec![None; context.file.columns.len()],
            ..Self::default()
        }
    }
}

/// One row being read.
pub(super) struct Row<'a> {
    pub context: Context<'a>,
    pub record: Record<'a>,
    /// Its line as an editor shows it.
    pub line: u64,
    /// Whether it has no fault so far.
    pub ok: bool,
    /// Its own id, as far as it was read.
    pub id: Option<&'a str>,
    pub sink: &'a mut Sink,
}

impl<'a> Row<'a> {
    fn spec(&self, column: usize) -> &'static Column {
        &self.context.file.columns[column]
    }

    /// Notes something about a column of the row; `what` never holds the value of a cell.
    pub(super) fn note(&mut self, code: Code, column: usize, what: &'static str) {
        let (file, name, line) = (self.context.file.name, self.spec(column).name, self.line);
        self.sink.findings.add_with(code, || Finding::new(code, file, what).row(line).column(name));
    }

    /// Notes a fault: the row will be left out.
    pub(super) fn fault(&mut self, code: Code, column: usize, what: &'static str) {
        self.ok = false;
        self.note(code, column, what);
    }

    /// A fault with a repair hint of its own.
    fn fault_with(
        &mut self,
        code: Code,
        column: usize,
        what: impl FnOnce() -> String,
        repair: impl FnOnce() -> Option<String>,
    ) {
        self.ok = false;
        let (file, name, line) = (self.context.file.name, self.spec(column).name, self.line);
        self.sink.findings.add_with(code, || {
            let finding = Finding::new(code, file, what()).row(line).column(name);
            match repair() {
                Some(repair) => finding.repair(repair),
                None => finding,
            }
        });
    }

    /// A cell, trimmed; `None` where it is blank or the file has no such column. A blank cell of
    /// a required column is a fault.
    pub(super) fn cell(&mut self, column: usize) -> Option<&'a [u8]> {
        let required = self.spec(column).required;
        let Some(at) = self.context.shape.position[column] else {
            // The missing column is reported once, for the file.
            self.ok &= !required;
            return None;
        };
        let cell = cells::trim(self.record.get(at).unwrap_or_default());
        if !cell.is_empty() {
            return Some(cell);
        }
        if required {
            self.fault(registry::REQUIRED_BLANK, column, "a required value is blank");
        }
        None
    }

    fn place(&self, column: usize) -> Place {
        (self.line, self.context.shape.position[column].unwrap_or(0))
    }

    /// The row's own id.
    pub(super) fn id(&mut self, column: usize) -> Option<&'a str> {
        let cell = self.cell(column)?;
        // Only rows of valid UTF-8 come here.
        self.id = std::str::from_utf8(cell).ok();
        self.id
    }

    /// The row that a cell refers to.
    pub(super) fn reference(&mut self, column: usize, ids: &Ids) -> Option<u32> {
        let cell = self.cell(column)?;
        if !ids.present {
            self.ok = false;
            self.sink.referred_missing[column] = Some(ids.file);
            return None;
        }
        match self.find(ids, cell) {
            Found::Row(row) => Some(row),
            Found::LeftOut => {
                // The row that is referred to has its own fault.
                self.ok = false;
                None
            }
            Found::Unknown => {
                let of = ids.file;
                self.fault_with(
                    registry::UNKNOWN_REFERENCE,
                    column,
                    || format!("the id is not in {of}"),
                    || Some(format!("add the row to {of}, or correct the id")),
                );
                None
            }
        }
    }

    /// What an id refers to.
    pub(super) fn find(&mut self, ids: &Ids, id: &[u8]) -> Found {
        ids.find(id, &mut self.sink.guesses[ids.place])
    }

    /// A code of a closed list.
    pub(super) fn code<T: CodeList>(&mut self, column: usize) -> Option<T> {
        let cell = self.cell(column)?;
        self.read_code(column, cell)
    }

    /// Codes of a closed list, separated by `|`.
    pub(super) fn codes<T: CodeList>(&mut self, column: usize) -> Vec<T> {
        let Some(cell) = self.cell(column) else { return Vec::new() };
        let words = cell.split(|&b| b == b'|').map(cells::trim).filter(|w| !w.is_empty());
        words.filter_map(|word| self.read_code(column, word)).collect()
    }

    fn read_code<T: CodeList>(&mut self, column: usize, cell: &[u8]) -> Option<T> {
        let word = std::str::from_utf8(cell).unwrap_or_default();
        let code = T::read(word).or_else(|| T::read(&word.to_lowercase().replace([' ', '-'], "_")));
        if code.is_none() {
            let near = || {
                // A guess is only offered where little was mistyped: it says what the cell holds.
                nearest(&word.to_lowercase(), T::words().iter().copied())
                    .map(|near| format!("did you mean {near}?"))
            };
            self.fault_with(
                registry::UNKNOWN_CODE,
                column,
                || "the code is not in the column's list".into(),
                near,
            );
        }
        code
    }

    /// A word of an open list, or free text.
    pub(super) fn text(&mut self, column: usize) -> Option<Label> {
        let cell = self.cell(column)?;
        Some(self.intern(column, cell))
    }

    /// Words separated by `|`.
    pub(super) fn texts(&mut self, column: usize) -> Vec<Label> {
        let Some(cell) = self.cell(column) else { return Vec::new() };
        let words = cell.split(|&b| b == b'|').map(cells::trim).filter(|w| !w.is_empty());
        words.map(|word| self.intern(column, word)).collect()
    }

    fn intern(&mut self, column: usize, word: &[u8]) -> Label {
        let label = self.sink.labels.intern(std::str::from_utf8(word).unwrap_or_default());
        if label.at() >= self.sink.bsn_in_text.len() {
            self.sink.bsn_in_text.resize(label.at(), false);
            self.sink.bsn_in_text.push(bsn::in_text(word));
        }
        if self.sink.bsn_in_text[label.at()] {
            let what = "the text holds nine digits that pass the check of a BSN";
            self.note(registry::BSN_IN_TEXT, column, what);
        }
        label
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, column: usize) -> Option<bool> {
        let cell = self.cell(column)?;
        let flag = cells::flag(cell);
        if flag.is_none() {
            self.fault(registry::BAD_FLAG, column, "the cell is neither yes nor no");
        }
        flag
    }

    /// A number within the column's bounds.
    pub(super) fn number(&mut self, column: usize) -> Option<f64> {
        let cell = self.cell(column)?;
        let Kind::Number(least, most) = self.spec(column).kind else { return None };
        let place = self.place(column);
        let style = self.context.style;
        match cells::number(cell, style, (least, most), &mut self.sink.evidence, place) {
            Ok(value) if (least..=most).contains(&value) => Some(value),
            Ok(_) => {
                self.out_of_range(column, least, most);
                None
            }
            Err(unread) => {
                match unread {
                    Unread::Bad => {
                        self.fault(registry::BAD_NUMBER, column, "the number cannot be read");
                    }
                    Unread::OtherStyle => {
                        let what = "the number has another decimal mark than the file";
                        self.fault(registry::OTHER_DECIMAL, column, what);
                    }
                    Unread::Asked => self.ok = false,
                }
                None
            }
        }
    }

    /// A whole number within the column's bounds.
    pub(super) fn count(&mut self, column: usize) -> Option<u32> {
        let cell = self.cell(column)?;
        let Kind::Count(least, most) = self.spec(column).kind else { return None };
        match cells::count(cell) {
            Ok(value) if (least..=most).contains(&value) => return Some(value),
            Ok(_) => self.out_of_range(column, f64::from(least), f64::from(most)),
            Err(Unread::Bad) => {
                self.fault(registry::BAD_NUMBER, column, "the number cannot be read");
            }
            Err(_) => {
                self.fault(registry::NOT_WHOLE, column, "the count is not a whole number");
            }
        }
        None
    }

    fn out_of_range(&mut self, column: usize, least: f64, most: f64) {
        self.fault_with(
            registry::OUT_OF_RANGE,
            column,
            || format!("the number is outside {least} to {most}"),
            || None,
        );
    }

    /// A date; one that cannot lie in the future is checked against the extraction.
    pub(super) fn date(&mut self, column: usize) -> Option<Day> {
        let cell = self.cell(column)?;
        let (day, first_of_year) = self.read_date(column, cell)?;
        let (all, january) = &mut self.sink.january[column];
        *all += 1;
        *january += u64::from(first_of_year);
        if self.spec(column).kind == Kind::Past && day > self.context.window.extraction {
            self.fault(registry::FUTURE_DATE, column, "the date lies after the extraction");
            return None;
        }
        Some(day)
    }

    /// The day, and whether it is on 1 January.
    fn read_date(&mut self, column: usize, cell: &[u8]) -> Option<(Day, bool)> {
        let place = self.place(column);
        match cells::date(cell, self.context.style, &mut self.sink.evidence, place) {
            Ok((day, _)) if is_placeholder(day) => {
                let what = "the date stands for \"unknown\" or \"not ended\"";
                self.fault(registry::PLACEHOLDER_DATE, column, what);
                None
            }
            Ok(read) => Some(read),
            Err(unread) => {
                match unread {
                    Unread::Bad => {
                        self.fault(registry::BAD_DATE, column, "the date cannot be read");
                    }
                    Unread::OtherStyle => {
                        let what = "the date is written in another style than the file's";
                        self.fault(registry::OTHER_DATE_STYLE, column, what);
                    }
                    Unread::Asked => self.ok = false,
                }
                None
            }
        }
    }

    /// A birth: a date or a month.
    pub(super) fn birth(&mut self, column: usize) -> Option<Birth> {
        let cell = self.cell(column)?;
        let (birth, first_of_year) = self.read_birth(column, cell)?;
        if !birth.month_only {
            let (all, january) = &mut self.sink.january[column];
            *all += 1;
            *january += u64::from(first_of_year);
        }
        Some(birth)
    }

    /// Births separated by `|`; `None` where there are none.
    pub(super) fn births(&mut self, column: usize) -> Option<Vec<Birth>> {
        let cell = self.cell(column)?;
        let pieces = cell.split(|&b| b == b'|').map(cells::trim).filter(|p| !p.is_empty());
        let births: Vec<Birth> =
            pieces.filter_map(|piece| Some(self.read_birth(column, piece)?.0)).collect();
        (!births.is_empty()).then_some(births)
    }

    /// The birth, and whether it is on 1 January.
    fn read_birth(&mut self, column: usize, cell: &[u8]) -> Option<(Birth, bool)> {
        let (birth, first_of_year) = match cells::month(cell) {
            Some(day) if is_placeholder(day) => {
                let what = "the birth stands for \"unknown\"";
                self.fault(registry::PLACEHOLDER_DATE, column, what);
                return None;
            }
            Some(day) => (Birth { day, month_only: true }, false),
            None => {
                let (day, first_of_year) = self.read_date(column, cell)?;
                (Birth { day, month_only: false }, first_of_year)
            }
        };
        if birth.earliest() > self.context.window.extraction {
            self.fault(registry::FUTURE_DATE, column, "the birth lies after the extraction");
            return None;
        }
        Some((birth, first_of_year))
    }
}

/// Dates that nobody means: the zero of spreadsheets and registrations, and the end of time.
fn is_placeholder(day: Day) -> bool {
    /// 1901-01-01 and 2900-01-01.
    const SENSIBLE: std::ops::Range<Day> = Day(-25_202)..Day(339_676);
    !SENSIBLE.contains(&day)
}

/// A hash of a row's cells: rows with the same cells have the same hash.
pub(super) fn hash(state: &foldhash::fast::FixedState, record: &Record) -> u64 {
    let mut hasher = state.build_hasher();
    for cell in record.iter() {
        hasher.write(cell);
        hasher.write_u8(0xff);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_up_to_1900_and_from_2900_stand_for_something_else() {
        for (year, placeholder) in
            [(1, true), (1900, true), (1901, false), (2899, false), (2900, true), (9999, true)]
        {
            for (month, day) in [(1, 1), (12, 31)] {
                let day = Day::from_ymd(year, month, day).unwrap();
                assert_eq!(is_placeholder(day), placeholder, "{day}");
            }
        }
    }
}
