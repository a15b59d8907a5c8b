//! The rows of a chunk as cells.

use std::ops::Range;

use super::load::line_ends;

/// One row: its text, and where in it each cell stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    text: &'a [u8],
    cells: &'a [Range<usize>],
}

impl<'a> Record<'a> {
    /// How many cells there are.
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    /// A cell.
    pub(super) fn get(&self, at: usize) -> Option<&'a [u8]> {
        self.text.get(self.cells.get(at)?.clone())
    }

    /// Every cell.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'a [u8]> {
        let text = self.text;
        self.cells.iter().map(move |cell| text.get(cell.clone()).unwrap_or_default())
    }
}

/// Goes through the rows of a chunk. A chunk without quotes, the common case, is cut where it
/// stands; one with quotes goes through the csv reader, which copies it.
pub(super) struct Records<'a> {
    body: &'a [u8],
    separator: u8,
    quoted: Option<(csv::Reader<&'a [u8]>, csv::ByteRecord)>,
    cells: Vec<Range<usize>>,
    cr_only: bool,
    /// Where the current row starts, and its line.
    pub start: usize,
    pub line: u64,
    /// Up to where line ends are counted.
    counted: usize,
    /// Where the current row ends.
    end: usize,
}

impl<'a> Records<'a> {
    /// The rows of `body`, whose first byte is on `line`.
    pub(super) fn new(body: &'a [u8], separator: u8, line: u64, cr_only: bool) -> Self {
        let quoted = body.contains(&b'"').then(|| {
            let reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .delimiter(separator)
                .from_reader(body);
            (reader, csv::ByteRecord::new())
        });
        let cells = Vec::new();
        Self { body, separator, quoted, cells, cr_only, start: 0, line, counted: 0, end: 0 }
    }

    /// Goes to the next row; blank lines are passed over.
    pub(super) fn advance(&mut self) -> bool {
        // The csv reader's own position stands before the blank lines that it skips, too.
        let blank = |b: &&u8| **b == b'\n' || **b == b'\r';
        self.start = self.end + self.body[self.end..].iter().take_while(blank).count();
        if self.start == self.body.len() {
            return false;
        }
        self.line += line_ends(&self.body[self.counted..self.start], self.cr_only);
        self.counted = self.start;
        self.cells.clear();
        match &mut self.quoted {
            Some((reader, record)) => {
                // Reading from memory into bytes cannot fail.
                if !reader.read_byte_record(record).unwrap_or(false) {
                    return false;
                }
                self.cells.extend((0..record.len()).filter_map(|i| record.range(i)));
                self.end = reader.position().byte() as usize;
            }
            None => {
                self.cut();
                // A row without quotes has no line ends inside.
                self.counted = self.end;
            }
        }
        true
    }

    /// Cuts the line at `start` into cells.
    fn cut(&mut self) {
        let mut cell = self.start;
        let mut at = self.start;
        for &b in &self.body[self.start..] {
            if b == self.separator {
                self.cells.push(cell..at);
                cell = at + 1;
            } else if b == b'\n' || b == b'\r' {
                break;
            }
            at += 1;
        }
        self.cells.push(cell..at);
        self.end = at;
    }

    /// The current row.
    pub(super) fn record(&self) -> Record<'_> {
        let text = self.quoted.as_ref().map_or(self.body, |(_, record)| record.as_slice());
        Record { text, cells: &self.cells }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Rows = Vec<(u64, Vec<Vec<u8>>)>;

    fn ours(body: &[u8]) -> Rows {
        let mut records = Records::new(body, b',', 1, super::super::load::cr_only(body));
        let mut rows = Vec::new();
        while records.advance() {
            rows.push((records.line, records.record().iter().map(<[u8]>::to_vec).collect()));
        }
        rows
    }

    fn theirs(body: &[u8]) -> Vec<Vec<Vec<u8>>> {
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(body);
        reader.byte_records().map(|r| r.unwrap().iter().map(<[u8]>::to_vec).collect()).collect()
    }

    #[test]
    fn rows_know_their_lines() {
        let lines = |text: &str| ours(text.as_bytes()).iter().map(|r| r.0).collect::<Vec<_>>();
        assert_eq!(lines("a,b\n\nc,d\r\n\r\n\r\ne\n"), [1, 3, 6]);
        assert_eq!(lines("\n\na"), [3]);
        assert_eq!(lines("\"a\nb\",c\n\"d\"\n\n\"e\r\n\",f\ng"), [1, 3, 5, 7]);
        assert_eq!(lines("a\r\rb\rc"), [1, 3, 4]);
        assert_eq!(lines("\"a\"\r\nb\r\n\r\nc"), [1, 2, 4]);
        assert!(lines("").is_empty() && lines("\n").is_empty());
    }

    proptest! {
        #[test]
        fn cells_are_those_of_the_csv_reader(body in "[ab,\n\r\"]{0,60}|[ab, \n\r]{0,60}") {
            let cells: Vec<_> = ours(body.as_bytes()).into_iter().map(|r| r.1).collect();
            prop_assert_eq!(cells, theirs(body.as_bytes()));
        }
    }
}
