//! Finding and reading the files of a return: by their header row, whatever they are called.

use std::cell::Cell;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use csv::ByteRecord;

use super::codes;
use crate::ErrorKind;
use crate::history::{Day, FileProblem, Finding, Findings, HistoryError};
use crate::progress::Progress;

/// The tables of the return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    Header,
    Episodes,
    Oc2,
    SwEpisodes,
    /// Recognised, counted, and not imported: its name.
    Other(&'static str),
}

/// A table: the columns that make it what it is, and the columns that the import reads besides.
struct Form {
    table: Table,
    /// With all of these, a file is this table …
    marks: &'static [&'static str],
    /// … unless it has one of these.
    never: &'static [&'static str],
    /// Needed to understand a row.
    needs: &'static [&'static str],
}

/// In the order in which they are tried: the more particular first.
const FORMS: &[Form] = &[
    Form {
        table: Table::Episodes,
        marks: &["CHILD", "DECOM"],
        never: &[],
        needs: &["RNE", "LS", "PLACE", "DEC", "REC"],
    },
    Form {
        table: Table::SwEpisodes,
        marks: &["CHILD", "SW_DECOM"],
        never: &[],
        needs: &["SW_ID", "SW_DEC"],
    },
    Form { table: Table::Oc2, marks: &["CHILD", "SDQ_SCORE"], never: &[], needs: &[] },
    Form { table: Table::Other("Reviews"), marks: &["CHILD", "REVIEW"], never: &[], needs: &[] },
    Form { table: Table::Other("Missing"), marks: &["CHILD", "MIS_START"], never: &[], needs: &[] },
    Form { table: Table::Other("UASC"), marks: &["CHILD", "DUC"], never: &[], needs: &[] },
    Form { table: Table::Other("OC3"), marks: &["CHILD", "IN_TOUCH"], never: &[], needs: &[] },
    Form { table: Table::Other("AD1"), marks: &["CHILD", "DATE_MATCH"], never: &[], needs: &[] },
    Form {
        table: Table::Other("PlacedAdoption"),
        marks: &["CHILD", "DATE_PLACED"],
        never: &[],
        needs: &[],
    },
    Form {
        table: Table::Other("PrevPerm"),
        marks: &["CHILD", "PREV_PERM"],
        never: &[],
        needs: &[],
    },
    Form { table: Table::Header, marks: &["CHILD", "SEX", "DOB"], never: &["DUC"], needs: &[] },
];

/// The first line of a file is looked for in so many bytes; a longer one is no header.
const HEADER_BYTES: u64 = 64 * 1024;
/// The longest row that is read, in bytes.
const LONGEST_ROW: usize = 1 << 20;
/// Folders in folders are read to this depth.
const DEEPEST: usize = 8;

/// A file that was recognised.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// Its name as messages write it: relative to the folder of the return, with `/`.
    pub name: String,
    pub table: Table,
    separator: u8,
    /// Column names as the return writes them, in capitals.
    columns: Vec<String>,
}

/// A file that stops being read where a row has no end: memory stays bounded.
struct Bounded<'a> {
    file: File,
    /// Bytes read since the row began.
    since: &'a Cell<usize>,
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.since.get() > LONGEST_ROW {
            return Err(std::io::Error::other("a row is too long"));
        }
        let got = self.file.read(buffer)?;
        self.since.set(self.since.get() + got);
        Ok(got)
    }
}

/// A row of a file.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    columns: &'a [String],
    record: &'a ByteRecord,
    /// The line as an editor shows it.
    pub number: u64,
}

impl<'a> Line<'a> {
    /// A cell without blanks around it; empty where the file has no such column.
    pub fn cell(&self, column: &str) -> &'a str {
        let at = self.columns.iter().position(|c| c == column);
        let bytes = at.and_then(|k| self.record.get(k)).unwrap_or_default();
        // Rows that are not UTF-8 never become a `Line`.
        std::str::from_utf8(bytes).unwrap_or_default().trim()
    }

    /// A day; `Ok(None)` where the cell is blank.
    pub fn day(&self, column: &str) -> Result<Option<Day>, ()> {
        match self.cell(column) {
            "" => Ok(None),
            text => parse_day(text).map(Some).ok_or(()),
        }
    }
}

/// Reads dd/mm/yyyy, as the return writes days, and yyyy-mm-dd, as some exports do.
fn parse_day(text: &str) -> Option<Day> {
    if let Some(day) = Day::parse_iso(text) {
        return Some(day).filter(in_calendar);
    }
    // Exports may add midnight.
    let text = text.strip_suffix(" 00:00:00").unwrap_or(text);
    if let Some(day) = Day::parse_iso(text) {
        return Some(day).filter(in_calendar);
    }
    let mut parts = text.split('/');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |t: &str, most: usize| {
        (!t.is_empty() && t.len() <= most && t.bytes().all(|b| b.is_ascii_digit())).then_some(())
    };
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    digits(day, 2).and(digits(month, 2)).and(digits(year, 4))?;
    Day::from_ymd(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).filter(in_calendar)
}

/// Days that can be meant: 1900 and 9999 stand for "unknown".
fn in_calendar(day: &Day) -> bool {
    (1901..=2199).contains(&day.ymd().0)
}

/// All files of the folder and its subfolders that are tables of the return, by name.
pub fn find(dir: &Path, findings: &mut Findings) -> Result<Vec<Source>, HistoryError> {
    let mut paths = Vec::new();
    walk(dir, dir, 0, &mut paths)?;
    paths.sort();
    let (mut sources, mut problems) = (Vec::new(), Vec::new());
    for (name, path) in paths {
        match recognise(&path, &name) {
            Ok(Some(source)) => sources.push(source),
            Ok(None) => {
                if name.to_ascii_lowercase().ends_with(".csv") {
                    let what = "the header row is not one of the return's tables";
                    findings.add(Finding::new(codes::NOT_A_TABLE, name, what));
                }
            }
            Err(e) => problems.push(FileProblem {
                file: name,
                kind: ErrorKind::Io,
                what: format!("cannot be read ({e})"),
                repair: "check that the file may be read".into(),
            }),
        }
    }
    if problems.is_empty() { Ok(sources) } else { Err(HistoryError::Files(problems)) }
}

/// Gathers files; hidden ones and links to folders are passed over.
fn walk(
    root: &Path,
    dir: &Path,
    depth: usize,
    out: &mut Vec<(String, PathBuf)>,
) -> Result<(), HistoryError> {
    let folder =
        |e: std::io::Error| HistoryError::Folder { path: dir.to_path_buf(), reason: e.to_string() };
    for entry in std::fs::read_dir(dir).map_err(folder)? {
        let entry = entry.map_err(folder)?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(folder)?);
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if kind.is_dir() {
            if depth < DEEPEST {
                walk(root, &path, depth + 1, out)?;
            }
        } else if path.is_file() {
            let relative = path.strip_prefix(root).unwrap_or(&path);
            let parts: Vec<String> = relative
                .components()
                .map(|c| c.as_os_str().to_string_lossy().into_owned())
                .collect();
            out.push((parts.join("/"), path));
        }
    }
    Ok(())
}

/// Reads the header row and says which table it is.
fn recognise(path: &Path, name: &str) -> std::io::Result<Option<Source>> {
    let mut head = Vec::new();
    File::open(path)?.take(HEADER_BYTES).read_to_end(&mut head)?;
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
    let first = head.split(|&b| b == b'\n' || b == b'\r').next().unwrap_or_default();
    let Ok(first) = std::str::from_utf8(first) else { return Ok(None) };
    for separator in [',', ';', '\t'] {
        let columns: Vec<String> = first
            .split(separator)
            .map(|c| c.trim().trim_matches('"').trim().to_ascii_uppercase())
            .collect();
        let has = |c: &&str| columns.iter().any(|k| k == *c);
        let form = FORMS.iter().find(|f| f.marks.iter().all(has) && !f.never.iter().any(has));
        if let Some(form) = form {
            let (path, name) = (path.to_path_buf(), name.to_owned());
            let separator = separator as u8;
            return Ok(Some(Source { path, name, table: form.table, separator, columns }));
        }
    }
    Ok(None)
}

impl Source {
    /// Whether the file has the columns that its rows need; says which it lacks.
    pub fn is_complete(&self, findings: &mut Findings) -> bool {
        let form = FORMS.iter().find(|f| f.table == self.table);
        let lacks: Vec<&str> = form
            .map_or(&[][..], |f| f.needs)
            .iter()
            .copied()
            .filter(|need| !self.columns.iter().any(|c| c == need))
            .collect();
        let read = ["CHILD", "DECOM", "DEC", "SEX", "DOB", "SDQ_SCORE", "SW_DECOM"];
        let twice = |name: &&str| self.columns.iter().filter(|c| c == name).count() > 1;
        let needs = form.map_or(&[][..], |f| f.needs);
        if let Some(name) = read.iter().chain(needs).copied().find(|name| twice(name)) {
            let what = format!("the column {name} occurs twice; the file is not read");
            findings.add(
                Finding::new(codes::COLUMN_TWICE, self.name.clone(), what).row(1).column(name),
            );
            return false;
        }
        if lacks.is_empty() {
            return true;
        }
        let what = format!("missing: {}", lacks.join(", "));
        findings.add(Finding::new(codes::MISSING_COLUMNS, self.name.clone(), what));
        false
    }

    /// Passes every row to `take`; rows that cannot be read are reported. Returns how many rows
    /// there are, and how many of them could not be read.
    pub fn each(
        &self,
        findings: &mut Findings,
        progress: &dyn Progress,
        mut take: impl FnMut(Line<'_>, &mut Findings),
    ) -> Result<(usize, usize), HistoryError> {
        let io = |what: String| {
            HistoryError::Files(vec![FileProblem {
                file: self.name.clone(),
                kind: ErrorKind::Io,
                what,
                repair: "check that the file may be read".into(),
            }])
        };
        let file = File::open(&self.path).map_err(|e| io(format!("cannot be opened ({e})")))?;
        let lines = lines(&self.path).map_err(|e| io(format!("cannot be read ({e})")))?;
        progress.start(&format!("reading {}", self.name), lines);
        let since = Cell::new(0);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(self.separator)
            .flexible(true)
            .from_reader(Bounded { file, since: &since });
        reader.byte_headers().map_err(|e| io(format!("cannot be read ({e})")))?;
        let (mut rows, mut unread) = (0, 0);
        let mut record = ByteRecord::new();
        loop {
            since.set(0);
            let next = reader.position().line();
            match reader.read_byte_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) if since.get() > LONGEST_ROW => {
                    unread += 1;
                    let what = "is longer than 1 MiB: line ends are lost or a quote is never \
                                closed; the file is not read further";
                    findings.add(
                        Finding::new(codes::UNREADABLE_ROW, self.name.clone(), what).row(next),
                    );
                    break;
                }
                Err(e) => return Err(io(format!("cannot be read ({e})"))),
            }
            if record.iter().all(|cell| cell.trim_ascii().is_empty()) {
                continue;
            }
            rows += 1;
            if rows % OFTEN == 0 {
                progress.advance(OFTEN as u64);
            }
            let number = record.position().map_or(0, csv::Position::line);
            // No cell of a return has a line end: a quote is open, and the rows after it are lost.
            let swallowed =
                record.as_slice().trim_ascii_end().iter().filter(|&&b| b == b'\n').count();
            let why = if record.as_slice().contains(&b'\n') {
                rows += swallowed;
                unread += swallowed;
                Some("has a quote that is not closed: this row and those that it swallows are lost")
            } else if record.len() != self.columns.len() {
                Some("has another number of cells than the header")
            } else if record.iter().any(|cell| std::str::from_utf8(cell).is_err()) {
                Some("is not valid UTF-8")
            } else {
                None
            };
            if let Some(why) = why {
                unread += 1;
                let finding = Finding::new(codes::UNREADABLE_ROW, self.name.clone(), why);
                findings.add(finding.row(number));
                continue;
            }
            take(Line { columns: &self.columns, record: &record, number }, findings);
        }
        progress.finish();
        Ok((rows, unread))
    }
}

/// Rows between two words about progress.
const OFTEN: usize = 1024;

/// How many line ends a file has: about its number of rows.
fn lines(path: &Path) -> std::io::Result<u64> {
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path)?);
    let mut lines = 0;
    loop {
        let part = reader.fill_buf()?;
        if part.is_empty() {
            return Ok(lines);
        }
        lines += part.iter().filter(|&&b| b == b'\n').count() as u64;
        let read = part.len();
        reader.consume(read);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_as_the_return_writes_them() {
        let day = |d, m, y| Day::from_ymd(y, m, d);
        assert_eq!(parse_day("31/03/2024"), day(31, 3, 2024));
        assert_eq!(parse_day("1/4/2024"), day(1, 4, 2024));
        assert_eq!(parse_day("2024-04-01"), day(1, 4, 2024));
        assert_eq!(parse_day("2024-04-01 00:00:00"), day(1, 4, 2024));
        for text in [
            "31/02/2024",
            "01/04/24",
            "04/2024",
            "x",
            "1/4/2024/5",
            "01/01/1900",
            "31/12/9999",
            "+1/4/2024",
        ] {
            assert_eq!(parse_day(text), None, "{text}");
        }
    }
}
