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

    /// Cuts the line at `start` into cells, eight bytes at a time.
    fn cut(&mut self) {
        let line = &self.body[self.start..];
        let mut cell = self.start;
        let (words, rest) = line.as_chunks::<8>();
        for (at, word) in (self.start..).step_by(8).zip(words) {
            let word = u64::from_le_bytes(*word);
            let mut hits = equal(word, self.separator) | equal(word, b'\n') | equal(word, b'\r');
            while hits != 0 {
                let end = at + hits.trailing_zeros() as usize / 8;
                self.cells.push(cell..end);
                cell = end + 1;
                if self.body[end] != self.separator {
                    self.end = end;
                    return;
                }
                hits &= hits - 1;
            }
        }
        for (end, &b) in (self.body.len() - rest.len()..).zip(rest) {
            if b == self.separator {
                self.cells.push(cell..end);
                cell = end + 1;
            } else if b == b'\n' || b == b'\r' {
                self.cells.push(cell..end);
                self.end = end;
                return;
            }
        }
        self.cells.push(cell..self.body.len());
        self.end = self.body.len();
    }

    /// The current row.
    pub(super) fn record(&self) -> Record<'_> {
        let text = self.quoted.as_ref().map_or(self.body, |(_, record)| record.as_slice());
        Record { text, cells: &self.cells }
    }
}

/// The bytes of a word that equal `b`: the highest bit of each.
fn equal(word: u64, b: u8) -> u64 {
    const LOW: u64 = u64::from_ne_bytes([0x7f; 8]);
    let differ = word ^ u64::from_ne_bytes([b; 8]);
    // No carry goes from byte to byte, so that each byte is judged by itself.
    !(((differ & LOW) + LOW) | differ | LOW)
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
        fn equal_bytes_are_those_that_are_equal(word: [u8; 8], b: u8, at in 0usize..8) {
            let mut word = word;
            word[at] = b;
            let hits = equal(u64::from_le_bytes(word), b);
            let want = word.map(|w| if w == b { 0x80 } else { 0 });
            prop_assert_eq!(hits.to_le_bytes(), want);
        }

        #[test]
        fn cells_are_those_of_the_csv_reader(body in "[ab,\n\r\"]{0,60}|[ab, \n\r]{0,60}") {
            let cells: Vec<_> = ours(body.as_bytes()).into_iter().map(|r| r.1).collect();
            prop_assert_eq!(cells, theirs(body.as_bytes()));
        }
    }
}
