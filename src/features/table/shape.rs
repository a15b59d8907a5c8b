//! What separates the columns of a table, and what they are called.

use crate::history::{Format, Separator};

use super::TableError;
use super::error::TableFault;

/// The shape of a table.
pub(super) struct Shape {
    pub separator: u8,
    pub names: Vec<String>,
    /// Whether every name is UTF-8.
    pub header_is_text: bool,
    /// The first byte of the rows, and how many lines come before them.
    pub body: usize,
    pub lines_before: u64,
}

impl Shape {
    /// A reader of the rows.
    pub(super) fn reader<'a>(&self, bytes: &'a [u8]) -> csv::Reader<&'a [u8]> {
        reader(&bytes[self.body.min(bytes.len())..], self.separator)
    }
}

fn reader(bytes: &[u8], separator: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(bytes)
}

/// Finds the shape from the whole file.
pub(super) fn find(bytes: &[u8], format: &Format, file: &str) -> Result<Shape, TableError> {
    let (declared, from) = declared(bytes);
    let candidates = [b',', b';', b'\t', b'|'];
    let settled = declared.or(format.separator.map(|s| match s {
        Separator::Comma => b',',
        Separator::Semicolon => b';',
    }));
    let mut shapes: Vec<(u64, Shape)> = candidates
        .into_iter()
        .filter(|s| settled.is_none_or(|settled| settled == *s))
        .filter_map(|s| read(bytes, from, s))
        .collect();
    if shapes.is_empty() {
        let what = "the file is empty".to_owned();
        let fault = TableFault { row: None, column: None, what };
        return Err(TableError::Faults { file: file.to_owned(), faults: vec![fault], more: 0 });
    }
    // A separator that is none leaves one column; of the others, most rows must agree with it.
    if shapes.iter().any(|(_, s)| s.names.len() > 1) {
        shapes.retain(|(_, s)| s.names.len() > 1);
    }
    let most = shapes.iter().map(|(rows, _)| *rows).max().unwrap_or(0);
    let mut best: Vec<Shape> =
        shapes.into_iter().filter(|(rows, _)| *rows == most).map(|(_, s)| s).collect();
    if best.len() > 1 && best[0].names.len() > 1 {
        return Err(TableError::Question {
            file: file.to_owned(),
            what: "the columns can be read with more than one separator".to_owned(),
            key: "separator",
        });
    }
    Ok(best.swap_remove(0))
}

/// The separator of a first line `sep=;`, as spreadsheets write it, and where the next begins.
fn declared(bytes: &[u8]) -> (Option<u8>, usize) {
    let rest = bytes.strip_prefix(b"sep=").or_else(|| bytes.strip_prefix(b"SEP="));
    match rest {
        Some([separator, b'\r', b'\n', ..]) => (Some(*separator), 7),
        Some([separator, b'\n' | b'\r', ..]) => (Some(*separator), 6),
        _ => (None, 0),
    }
}

/// The shape under one separator, and how many rows have as many cells as the header.
fn read(bytes: &[u8], from: usize, separator: u8) -> Option<(u64, Shape)> {
    let mut reader = reader(&bytes[from..], separator);
    let mut record = csv::ByteRecord::new();
    // Reading bytes from memory cannot fail.
    if !reader.read_byte_record(&mut record).unwrap_or(false) {
        return None;
    }
    let header_is_text = record.iter().all(|cell| std::str::from_utf8(cell).is_ok());
    let names = record.iter().enumerate().map(|(k, cell)| {
        let name = String::from_utf8_lossy(cell.trim_ascii()).into_owned();
        if name.is_empty() { format!("column_{}", k + 1) } else { name }
    });
    let names: Vec<String> = names.collect();
    let at = usize::try_from(reader.position().byte()).unwrap_or(0);
    let lines_before = reader.position().line() - 1 + u64::from(from > 0);
    let mut rows = 0;
    // What leaves one column is no separator; its rows need no count.
    while names.len() > 1 && reader.read_byte_record(&mut record).unwrap_or(false) {
        rows += u64::from(record.len() == names.len());
    }
    Some((rows, Shape { separator, names, header_is_text, body: from + at, lines_before }))
}
