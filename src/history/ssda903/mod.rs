//! England's statutory return on looked-after children (SSDA903) becomes a history folder.
//!
//! Files are recognised by their header row, whatever they are called, in the folder and its
//! subfolders. Several yearly returns are merged by child and start of episode; the latest
//! return wins. Only another carer ends a stay (RNE `P` or `B`, or coming into care anew):
//! changes of legal status or of the placement's code alone are events within it, and temporary
//! placements (`T0`–`T4`) with return to the same carer are absences. The tables that say what
//! each code becomes, with their reasons, are in `datasets/ssda903-mapping.md`.
//!
//! What is never imported: ethnicity, UPN, mother's particulars, convictions and health checks,
//! social workers' ids, and postcodes beyond their outward half (the child's home district).

mod cells;
pub(in crate::history) mod codes;
mod lists;
mod merge;
mod read;
mod records;
mod stays;
mod tables;
mod years;

use std::collections::BTreeMap;
use std::path::Path;

use super::{Code, Finding, Findings, History, HistoryError, Window};
use crate::ErrorKind;
use crate::history::{Day, FileProblem};
use crate::progress::Progress;

/// A return after import: the history, and the account of what became of its rows.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The history, ready to be written.
    pub history: History,
    /// What was found, by file and line; at most [`super::KEPT_PER_CODE`] of each code.
    pub findings: Vec<Finding>,
    /// How many there were of each code, exactly.
    pub counts: BTreeMap<Code, u64>,
    /// How many rows each recognised file has.
    pub rows: BTreeMap<String, usize>,
    /// How many rows of each file could not be used.
    pub dropped: BTreeMap<String, usize>,
    /// How many rows each file has that is part of the return but is not imported.
    pub unused: BTreeMap<String, usize>,
    /// Rows of earlier returns that a later return has again, which is as it should be.
    pub repeated: usize,
    /// Temporary placements that were read as absences within a stay.
    pub absences: usize,
    /// The collection years found, each named by the year in which it ends.
    pub returns: Vec<i32>,
}

/// What `import --json` prints: the contract of `check`, and what became of the rows.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ImportReport<'a> {
    /// The version of the contract.
    pub schema: u32,
    /// Rows per file.
    pub rows: &'a BTreeMap<String, usize>,
    /// The findings.
    pub findings: &'a [Finding],
    /// How many of each code, exactly.
    pub counts: &'a BTreeMap<Code, u64>,
    /// Rows per file that could not be used.
    pub dropped: &'a BTreeMap<String, usize>,
    /// Rows per file that are part of the return but are not imported.
    pub unused: &'a BTreeMap<String, usize>,
    /// Rows that a later return repeats.
    pub repeated: usize,
    /// Temporary placements read as absences.
    pub absences: usize,
    /// The collection years.
    pub returns: &'a [i32],
}

impl Imported {
    /// What `import --json` prints.
    #[must_use]
    pub fn report(&self) -> ImportReport<'_> {
        ImportReport {
            schema: 1,
            rows: &self.rows,
            findings: &self.findings,
            counts: &self.counts,
            dropped: &self.dropped,
            unused: &self.unused,
            repeated: self.repeated,
            absences: self.absences,
            returns: &self.returns,
        }
    }
}

/// Reads the return in `dir`.
///
/// Rows that cannot be used are dropped, counted and reported; the rest becomes the history. Its
/// window runs from the first 1 April to the last 31 March of the returns; the collection year of
/// a return is the latest that its episodes' dates reach (a few mistyped ones aside).
///
/// # Errors
/// [`HistoryError::Folder`] and [`HistoryError::Files`] where the folder or a file cannot be read,
/// holds no Episodes or no Header, or none of whose episodes can be used.
pub fn import(dir: &Path, progress: &dyn Progress) -> Result<Imported, HistoryError> {
    let mut findings = Findings::default();
    let sources = tables::find(dir, &mut findings)?;
    for (table, name) in [(tables::Table::Episodes, "Episodes"), (tables::Table::Header, "Header")]
    {
        if !sources.iter().any(|s| s.table == table) {
            return Err(missing(name));
        }
    }
    let mut rows = read::Rows::read(&sources, findings, progress)?;
    let mut returns: Vec<i32> = rows.episodes.iter().map(|e| e.year).collect();
    returns.sort_unstable();
    returns.dedup();
    let (Some(&first), Some(&last)) = (returns.first(), returns.last()) else {
        return Err(unusable());
    };
    let window = window(first, last).ok_or_else(unusable)?;
    for year in first..last {
        if returns.binary_search(&year).is_err() {
            let what = format!("no return of the year to 31 March {year}");
            rows.findings.add(Finding::new(codes::MISSING_YEAR, "", what));
        }
    }
    let courses = merge::merge(&mut rows);
    let (history, absences) = records::build(&mut rows, &courses, window);
    let read::Rows { findings, rows, dropped, unused, .. } = rows;
    let (mut findings, counts) = findings.into_parts();
    findings.sort_by(|a, b| (&a.file, a.row, a.code).cmp(&(&b.file, b.row, b.code)));
    Ok(Imported {
        history,
        findings,
        counts,
        rows,
        dropped,
        unused,
        repeated: courses.repeated,
        absences,
        returns,
    })
}

/// From the first 1 April to the last 31 March.
fn window(first: i32, last: i32) -> Option<Window> {
    let start = Day::from_ymd(first.checked_sub(1)?, 4, 1)?;
    let end = years::last_day(last)?;
    Some(Window { start, end, extraction: end })
}

fn missing(table: &str) -> HistoryError {
    HistoryError::Files(vec![FileProblem {
        file: table.into(),
        kind: ErrorKind::Io,
        what: "is missing: no file of the folder has the header row of this table".into(),
        repair: format!("put the {table} table of the return, with its header row, in the folder"),
    }])
}

fn unusable() -> HistoryError {
    HistoryError::Files(vec![FileProblem {
        file: "Episodes".into(),
        kind: ErrorKind::Foreign,
        what: "has no row that can be used".into(),
        repair:
            "check that the Episodes and the Header belong together and that dates are dd/mm/yyyy"
                .into(),
    }])
}
