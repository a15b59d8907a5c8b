//! The shape of a file: what separates its columns, and which column is where.

use crate::history::columns::FileSpec;
use crate::history::findings::{Finding, Findings};
use crate::history::registry;
use crate::history::settings::{Format, Separator, nearest};

/// What separates the columns of a file, and which column is where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    pub separator: u8,
    /// For each column of the codebook its position in the file.
    pub position: Vec<Option<usize>>,
    /// For each position in the file the column of the codebook, or none.
    pub column: Vec<Option<usize>>,
    /// For each position in the file the name for messages.
    pub names: Vec<String>,
    /// The first byte of the rows.
    pub body: usize,
}

/// A header read with one separator.
struct Header {
    separator: u8,
    names: Vec<String>,
    column: Vec<Option<usize>>,
    /// The first byte after it.
    end: usize,
}

impl Header {
    /// How many different columns of the codebook it has.
    fn known(&self) -> usize {
        let mut known: Vec<usize> = self.column.iter().flatten().copied().collect();
        known.sort_unstable();
        known.dedup();
        known.len()
    }
}

/// A column's name as it is compared: trimmed, in lower case, blanks and dashes as underscores.
fn key(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-'], "_")
}

/// A name of the file as messages show it: short, and without signs that steer a terminal.
pub(super) fn shown(name: &str) -> String {
    let clean = |c: char| {
        let hidden = c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if hidden { '?' } else { c }
    };
    name.trim().chars().take(40).map(clean).collect()
}

/// Reads the header with one separator.
fn header(file: &FileSpec, bytes: &[u8], from: usize, separator: u8) -> Option<Header> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(&bytes[from..]);
    let mut record = csv::ByteRecord::new();
    // Reading from memory into bytes cannot fail.
    if !reader.read_byte_record(&mut record).unwrap_or(false) {
        return None;
    }
    let names: Vec<String> =
        record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
    let column = names
        .iter()
        .map(|name| {
            let key = key(name);
            file.columns.iter().position(|c| c.name == key || c.dutch.contains(&key.as_str()))
        })
        .collect();
    let end = from + usize::try_from(reader.position().byte()).unwrap_or(0);
    Some(Header { separator, names, column, end })
}

/// How many of the rows have as many cells as the header.
fn consistent_rows(header: &Header, bytes: &[u8]) -> usize {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(header.separator)
        .from_reader(&bytes[header.end..]);
    let mut record = csv::ByteRecord::new();
    let mut rows = 0;
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        rows += usize::from(record.len() == header.names.len());
    }
    rows
}

/// The separator of a first line `sep=;`, as spreadsheets write it, and where the next line
/// starts.
fn declared(bytes: &[u8]) -> Option<(u8, usize)> {
    let rest = bytes.strip_prefix(b"sep=").or_else(|| bytes.strip_prefix(b"SEP="))?;
    match rest {
        [separator, b'\r', b'\n', ..] => Some((*separator, 7)),
        [separator, b'\n' | b'\r', ..] => Some((*separator, 6)),
        _ => None,
    }
}

/// Finds the shape of a file without byte-order mark; `None` where it has none, with the fault
/// among the findings.
pub(super) fn shape(
    file: &'static FileSpec,
    bytes: &[u8],
    format: &Format,
    findings: &mut Findings,
) -> Option<Shape> {
    let (declared, from) = declared(bytes).map_or((None, 0), |(s, from)| (Some(s), from));
    let read = |separator: u8| header(file, bytes, from, separator);
    let Some(comma) = read(b',') else {
        findings.add(Finding::new(registry::EMPTY_FILE, file.name, "the file has no lines"));
        return None;
    };
    let semicolon = read(b';')?;
    let other = [b'\t', b'|', b':'].into_iter().filter_map(read).max_by_key(Header::known)?;
    let best = comma.known().max(semicolon.known());
    if other.known() > best && other.names.len() > 1 {
        let name = match other.separator {
            b'\t' => "tabs",
            b'|' => "vertical bars",
            _ => "colons",
        };
        let what = format!("the columns are separated by {name}");
        findings.add(Finding::new(registry::WRONG_SEPARATOR, file.name, what));
        return None;
    }
    let header = match (comma.known(), semicolon.known()) {
        (a, b) if a == b && comma.names.len() + semicolon.names.len() > 2 && a > 0 => {
            let settled = declared
                .or(format.separator.map(|s| match s {
                    Separator::Comma => b',',
                    Separator::Semicolon => b';',
                }))
                .or_else(|| {
                    let rows = (consistent_rows(&comma, bytes), consistent_rows(&semicolon, bytes));
                    (rows.0 != rows.1).then_some(if rows.0 > rows.1 { b',' } else { b';' })
                });
            match settled {
                Some(b';') => semicolon,
                Some(_) => comma,
                None => {
                    let what = "the header can be read with commas and with semicolons";
                    findings.add(Finding::new(registry::WHICH_SEPARATOR, file.name, what));
                    return None;
                }
            }
        }
        (a, b) if a >= b => comma,
        _ => semicolon,
    };
    accept(file, header, findings)
}

/// Reports what is wrong with the columns; `None` where the line is no header.
fn accept(file: &'static FileSpec, header: Header, findings: &mut Findings) -> Option<Shape> {
    let mut position: Vec<Option<usize>> = vec![None; file.columns.len()];
    let mut twice = Vec::new();
    for (at, column) in header.column.iter().enumerate() {
        if let Some(column) = *column {
            match position[column] {
                None => position[column] = Some(at),
                Some(_) => twice.push(column),
            }
        }
    }
    let required = file.columns.iter().filter(|c| c.required).count();
    let there =
        file.columns.iter().zip(&position).filter(|(c, at)| c.required && at.is_some()).count();
    // A line with hardly any of our names may be a row of data, which must not be shown.
    if there * 2 < required {
        let names: Vec<&str> = file.columns.iter().filter(|c| c.required).map(|c| c.name).collect();
        let finding = Finding::new(
            registry::NO_HEADER,
            file.name,
            format!("the first line has {there} of the {required} required column names"),
        )
        .row(1)
        .repair(format!(
            "put the codebook's column names on the first line, at least {}",
            names.join(", ")
        ));
        findings.add(finding);
        return None;
    }
    for (column, at) in file.columns.iter().zip(&position) {
        if column.required && at.is_none() {
            let what = format!("the required column {} is missing", column.name);
            let dutch = match column.dutch {
                [] => String::new(),
                names => format!(" (Dutch: {})", names.join(", ")),
            };
            findings.add(
                Finding::new(registry::MISSING_COLUMN, file.name, what)
                    .row(1)
                    .column(column.name)
                    .repair(format!("add a column {}{dutch}", column.name)),
            );
        }
    }
    for column in twice {
        let name = file.columns[column].name;
        let what = format!("the column {name} occurs twice; only the first is read");
        let finding = Finding::new(registry::DUPLICATE_COLUMN, file.name, what);
        findings.add(finding.row(1).column(name));
    }
    unknown(file, &header, findings);
    let names = header
        .names
        .iter()
        .zip(&header.column)
        .map(|(name, column)| column.map_or_else(|| shown(name), |c| file.columns[c].name.into()))
        .collect();
    let Header { separator, column, end, .. } = header;
    Some(Shape { separator, position, column, names, body: end })
}

/// Reports the columns that the codebook does not have, each with the nearest that it has.
fn unknown(file: &'static FileSpec, header: &Header, findings: &mut Findings) {
    let mut seen: Vec<String> = Vec::new();
    let last_named = header.names.iter().rposition(|n| !n.trim().is_empty()).unwrap_or(0);
    for (at, name) in header.names.iter().enumerate() {
        // A separator at the end of every line gives a last column without a name: no harm.
        if header.column[at].is_some() || at > last_named {
            continue;
        }
        let name_shown = shown(name);
        let key = key(name);
        if !key.is_empty() && seen.contains(&key) {
            let what = format!("the column {name_shown} occurs twice");
            let finding = Finding::new(registry::DUPLICATE_COLUMN, file.name, what);
            findings.add(finding.row(1).column(name_shown));
            continue;
        }
        let known = file
            .columns
            .iter()
            .flat_map(|c| std::iter::once(c.name).chain(c.dutch.iter().copied()));
        let what = match name_shown.as_str() {
            "" => format!("column {} has no name and is not read", at + 1),
            _ => format!("the column {name_shown} is not in the codebook and is not read"),
        };
        let mut finding = Finding::new(registry::UNKNOWN_COLUMN, file.name, what).row(1);
        if let Some(near) = nearest(&key, known) {
            finding = finding.repair(format!("rename it to {near} if that is meant"));
        }
        findings.add(if name_shown.is_empty() { finding } else { finding.column(name_shown) });
        seen.push(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::columns;
    use crate::history::findings::Code;

    fn codes(text: &str, format: &Format) -> (Option<Shape>, Vec<u16>) {
        let mut findings = Findings::default();
        let shape = shape(&columns::children::FILE, text.as_bytes(), format, &mut findings);
        (shape, findings.counts().keys().map(|c| c.0).collect())
    }

    #[test]
    fn the_separator_is_the_one_that_makes_the_header() {
        for (text, separator) in [
            ("child_id,birth,sex\n", b','),
            ("child_id;birth;sex\r\n", b';'),
            ("kind_id;geboorte;geslacht\r\n", b';'),
            ("sep=;\r\nchild_id;birth\r\n", b';'),
            ("\"child_id\";\"Birth\"\n", b';'),
            (" Child-ID , birth \n", b','),
        ] {
            let (shape, codes) = codes(text, &Format::default());
            assert_eq!(codes, Vec::<u16>::new(), "{text}");
            let shape = shape.unwrap();
            assert_eq!(shape.separator, separator, "{text}");
            assert_eq!(shape.position[..2], [Some(0), Some(1)]);
        }
    }

    #[test]
    fn other_separators_and_no_header_are_faults() {
        for (text, code) in [
            ("child_id\tbirth\n", 5),
            ("child_id|birth\n", 5),
            ("c1,2010-01-01\nc2,2011-01-01\n", 7),
            ("\n\n", 1),
        ] {
            let (shape, found) = codes(text, &Format::default());
            assert_eq!((shape, found), (None, vec![code]), "{text}");
        }
    }

    #[test]
    fn two_readings_are_a_question_that_rows_or_the_study_settle() {
        let asked = "child_id,birth;sex\n";
        assert_eq!(codes(asked, &Format::default()).1, vec![6]);
        let format = Format { separator: Some(Separator::Semicolon), ..Format::default() };
        assert_eq!(codes("child_id,x;birth\n", &Format::default()).1, vec![6]);
        assert_eq!(codes("child_id,x;birth\n", &format).0.unwrap().separator, b';');
        let rows = "child_id,birth;sex\nc1,2010-01-01\nc2,2010-01-01\n";
        assert_eq!(codes(rows, &Format::default()).0.unwrap().separator, b',');
    }

    #[test]
    fn columns_are_checked() {
        let (_, found) = codes("child_id,brith\n", &Format::default());
        assert_eq!(found, vec![11, 13]);
        let (_, found) = codes("child_id,birth,child_id\n", &Format::default());
        assert_eq!(found, vec![12]);
        let (shape, found) = codes("child_id,birth,\n", &Format::default());
        assert_eq!((shape.unwrap().column.len(), found), (3, vec![]));
        let mut findings = Findings::default();
        shape_of("child_id,birth,gender_\u{202e}x\n", &mut findings);
        let (list, counts) = findings.into_parts();
        assert_eq!(counts[&Code(13)], 1);
        assert_eq!(list[0].column.as_deref(), Some("gender_?x"));
    }

    fn shape_of(text: &str, findings: &mut Findings) {
        shape(&columns::children::FILE, text.as_bytes(), &Format::default(), findings);
    }
}
