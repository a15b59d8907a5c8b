//! A flat table of anything: a CSV file becomes a frame.

mod cells;
mod error;
mod load;
mod shape;

use std::collections::HashMap;
use std::path::Path;

use crate::history::{Decimal, Format};

use super::{Column, Frame, Values};

pub use error::{TableError, TableFault};

use cells::{Census, Kind};
use shape::Shape;

/// Reads a CSV file with a header as a frame.
///
/// UTF-8; columns separated by commas, semicolons, tabs or vertical bars; decimal point or
/// comma. Both are found from the whole file; where two readings remain, the error names the key
/// of `[format]` that settles it. A blank cell and `NA` are missing. A column is one of numbers
/// where every other cell is a number, else one of words, whose levels are sorted by their bytes;
/// whole numbers of more than 15 digits are words, so that identifiers stay distinct. A column
/// without a name is called `column_1`, `column_2`, … by its place.
///
/// # Errors
/// [`TableError::Io`]: the file cannot be read; [`TableError::Foreign`]: it is no text;
/// [`TableError::Faults`]: all that is wrong with it (no rows, a repeated name, rows of another
/// length, NaN or infinity among numbers), each with its row and column and never with a cell's
/// value; [`TableError::Question`]; [`TableError::Refused`]: a column of numbers that look like
/// BSNs.
pub fn read_table(path: &Path, format: &Format) -> Result<Frame, TableError> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let bytes = load::load(path, &name)?;
    parse_table(&bytes, &name, format)
}

/// As [`read_table`], for the bytes of a file of this name.
pub(crate) fn parse_table(bytes: &[u8], name: &str, format: &Format) -> Result<Frame, TableError> {
    let format = format.of_file(name);
    let shape = shape::find(bytes, &format, name)?;
    let mut faults = Faults { file: name, list: Vec::new(), more: 0 };
    if !shape.header_is_text {
        faults.add(Some(1), None, "a column's name is not UTF-8".to_owned());
    }
    for (k, column) in shape.names.iter().enumerate() {
        if shape.names[..k].contains(column) {
            faults.add(Some(1), Some(column), "this name stands above two columns".to_owned());
        }
    }
    let census = count(bytes, &shape, &mut faults);
    if census.first().is_none_or(|c| c.cells == 0) && faults.list.is_empty() {
        faults.add(None, None, "there are no rows under the header".to_owned());
    }
    faults.end()?;
    for (column, c) in shape.names.iter().zip(&census) {
        if c.looks_like_bsn() {
            return Err(TableError::Refused { file: name.to_owned(), column: column.clone() });
        }
    }
    let decimal = cells::decimal(&census, &shape, &format, name)?;
    let mut faults = Faults { file: name, list: Vec::new(), more: 0 };
    for (column, c) in shape.names.iter().zip(&census) {
        for (row, what) in c.faults(decimal) {
            faults.add(row, Some(column), what);
        }
    }
    faults.end()?;
    let kinds: Vec<Kind> = census.iter().map(|c| c.kind(decimal)).collect();
    let columns = fill(bytes, &shape, &kinds, decimal);
    Frame::new(columns).map_err(|e| TableError::Faults {
        file: name.to_owned(),
        faults: vec![TableFault { row: Some(1), column: None, what: e.to_string() }],
        more: 0,
    })
}

/// The longest cell, in bytes. An unclosed quote swallows the rest of the file.
const LONGEST_CELL: usize = 1 << 16;

/// Collects faults, so that all are told at once; beyond so many they are only counted.
struct Faults<'a> {
    file: &'a str,
    list: Vec<TableFault>,
    more: u64,
}

impl Faults<'_> {
    const SHOWN: usize = 20;

    fn add(&mut self, row: Option<u64>, column: Option<&str>, what: String) {
        if self.list.len() < Self::SHOWN {
            self.list.push(TableFault { row, column: column.map(str::to_owned), what });
        } else {
            self.more += 1;
        }
    }

    fn end(&mut self) -> Result<(), TableError> {
        if self.list.is_empty() {
            return Ok(());
        }
        Err(TableError::Faults {
            file: self.file.to_owned(),
            faults: std::mem::take(&mut self.list),
            more: self.more,
        })
    }
}

/// Looks at every cell once.
fn count(bytes: &[u8], shape: &Shape, faults: &mut Faults<'_>) -> Vec<Census> {
    let mut census: Vec<Census> = shape.names.iter().map(|_| Census::default()).collect();
    let mut reader = shape.reader(bytes);
    let mut record = csv::ByteRecord::new();
    // Reading bytes from memory cannot fail.
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        let row = record.position().map_or(0, csv::Position::line) + shape.lines_before;
        if record.len() != census.len() {
            let what =
                format!("the row has {} cells and the header has {}", record.len(), census.len());
            let open = record.len() < census.len() && record.iter().any(|c| c.contains(&b'\n'));
            let what = if open { format!("{what}: is a quote open?") } else { what };
            faults.add(Some(row), None, what);
            continue;
        }
        for ((cell, c), column) in record.iter().zip(&mut census).zip(&shape.names) {
            if std::str::from_utf8(cell).is_err() {
                faults.add(Some(row), Some(column), "the cell is not UTF-8".to_owned());
            }
            if cell.len() > LONGEST_CELL {
                let what =
                    format!("the cell is longer than {LONGEST_CELL} bytes: is a quote open?");
                faults.add(Some(row), Some(column), what);
            }
            c.count(cell.trim_ascii(), row);
        }
    }
    census
}

/// The words of a column, each once.
#[derive(Default)]
struct Words {
    code: HashMap<Vec<u8>, u32, foldhash::fast::RandomState>,
    codes: Vec<u32>,
}

impl Words {
    fn push(&mut self, cell: &[u8]) {
        let next = self.code.len() as u32;
        let code = match self.code.get(cell) {
            Some(&code) => code,
            None => *self.code.entry(cell.to_vec()).or_insert(next),
        };
        self.codes.push(code);
    }

    /// The column with its levels in the order of their bytes.
    fn values(self) -> Values {
        let mut sorted: Vec<(Vec<u8>, u32)> = self.code.into_iter().collect();
        sorted.sort_unstable();
        let mut place = vec![0; sorted.len()];
        for (new, (_, old)) in sorted.iter().enumerate() {
            place[*old as usize] = new as u32;
        }
        let sorted_code =
            |c: &u32| if *c == Values::MISSING { Values::MISSING } else { place[*c as usize] };
        let levels = sorted.iter().map(|(w, _)| String::from_utf8_lossy(w).into_owned()).collect();
        Values::Level { codes: self.codes.iter().map(sorted_code).collect(), levels }
    }
}

/// Reads every cell as what its column is.
fn fill(bytes: &[u8], shape: &Shape, kinds: &[Kind], decimal: Decimal) -> Vec<Column> {
    let mut numbers: Vec<Vec<f64>> = kinds.iter().map(|_| Vec::new()).collect();
    let mut words: Vec<Words> = kinds.iter().map(|_| Words::default()).collect();
    let mut reader = shape.reader(bytes);
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        for (k, cell) in record.iter().enumerate().take(kinds.len()) {
            let cell = cell.trim_ascii();
            match kinds[k] {
                Kind::Numbers => numbers[k].push(cells::number(cell, decimal).unwrap_or(f64::NAN)),
                Kind::Words if cells::is_missing(cell) => words[k].codes.push(Values::MISSING),
                Kind::Words => words[k].push(cell),
            }
        }
    }
    let columns = shape.names.iter().zip(kinds).zip(numbers.into_iter().zip(words));
    columns
        .map(|((name, kind), (numbers, words))| Column {
            name: name.clone(),
            values: match kind {
                Kind::Numbers => Values::Number(numbers),
                Kind::Words => words.values(),
            },
        })
        .collect()
}
