//! A file cut into chunks of whole rows, so that several threads can read it, with the quotes
//! checked on the way.

use std::ops::Range;

use rayon::prelude::*;

use super::load::{MAX_ROW, cr_only, line_ends};
use crate::history::findings::{Finding, Findings};
use crate::history::registry;

/// The aim for the size of a chunk. Fixed, so that results do not depend on the threads.
const CHUNK: usize = 1 << 20;

/// The aim for the first chunk, which is read twice: its style is that of the file, mostly.
const FIRST: usize = 1 << 16;

/// Some whole rows of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    pub range: Range<usize>,
    /// The line of its first byte.
    pub line: u64,
    /// Where rows start that have a quote that is not closed properly.
    pub broken: Vec<usize>,
}

/// A file's chunks.
#[derive(Debug)]
pub(super) struct Chunks {
    pub list: Vec<Chunk>,
    /// Whether every row is in them and whole.
    pub complete: bool,
    /// How many lines they have.
    pub lines: u64,
    pub cr_only: bool,
}

/// Cuts `bytes[body..]` into chunks; what is wrong with quotes and lengths goes to `findings`.
pub(super) fn split(
    bytes: &[u8],
    body: usize,
    separator: u8,
    file: &'static str,
    findings: &mut Findings,
) -> Chunks {
    let cr_only = cr_only(bytes);
    let mut scan = Scan { bytes, cuts: Vec::new(), broken: Vec::new(), stopped: None };
    if bytes[body..].contains(&b'"') {
        scan.quoted(body, separator);
    } else {
        scan.plain(body);
    }
    let Scan { cuts, broken, stopped, .. } = scan;
    let line_at = |at: usize| 1 + line_ends(&bytes[..at], cr_only);
    let (mut seen, mut line) = (0, 1);
    for &(_, quote) in &broken {
        line += line_ends(&bytes[seen..quote], cr_only);
        seen = quote;
        findings.add_with(registry::OPEN_QUOTE, || {
            let what = "text follows a closing quote: a quote before it is not closed properly";
            Finding::new(registry::OPEN_QUOTE, file, what).row(line)
        });
    }
    if let Some((at, open)) = stopped {
        let (code, what) = if open {
            (registry::OPEN_QUOTE, "a quote that opens here is never closed; what follows is lost")
        } else {
            (registry::LONG_LINE, "the row that starts here is longer than 1 MiB")
        };
        findings.add(Finding::new(code, file, what).row(line_at(at)));
    }
    let complete = broken.is_empty() && stopped.is_none();
    let starts = std::iter::once(body).chain(cuts.iter().copied());
    let ranges: Vec<Range<usize>> = starts.zip(cuts.iter().copied()).map(|(a, b)| a..b).collect();
    let lines: Vec<u64> =
        ranges.par_iter().map(|r| line_ends(&bytes[r.clone()], cr_only)).collect();
    let first = line_at(body);
    let mut line = first;
    let mut list = Vec::with_capacity(cuts.len());
    let mut rows = broken.iter().map(|&(row, _)| row).peekable();
    for (range, lines) in ranges.into_iter().zip(lines) {
        let broken = std::iter::from_fn(|| rows.next_if(|&row| row < range.end)).collect();
        list.push(Chunk { range, line, broken });
        line += lines;
    }
    Chunks { list, complete, lines: line - first, cr_only }
}

/// Looks for the ends of rows.
struct Scan<'a> {
    bytes: &'a [u8],
    /// The ends of the chunks.
    cuts: Vec<usize>,
    /// Start of a row with a broken quote, and where that quote opens.
    broken: Vec<(usize, usize)>,
    /// Where reading stops before the end: at a quote that is never closed (true), or at a row
    /// that is too long.
    stopped: Option<(usize, bool)>,
}

impl Scan<'_> {
    /// The aim for the size of the next chunk.
    fn aim(&self) -> usize {
        if self.cuts.is_empty() { FIRST } else { CHUNK }
    }

    /// Without quotes every line is a row, and none is too long (loading sees to that).
    fn plain(&mut self, body: usize) {
        let mut start = body;
        while start < self.bytes.len() {
            let aim = (start + self.aim()).min(self.bytes.len());
            let end = self.bytes[aim..]
                .iter()
                .position(|&b| b == b'\n' || b == b'\r')
                .map_or(self.bytes.len(), |at| aim + at + 1);
            self.cuts.push(end);
            start = end;
        }
    }

    /// With quotes a row may span lines. The states are those of the csv reader: a quote opens
    /// only at the start of a cell, and is doubled inside.
    fn quoted(&mut self, body: usize, separator: u8) {
        #[derive(Clone, Copy, PartialEq)]
        enum At {
            CellStart,
            Plain,
            Quoted,
            AfterQuote,
        }
        let mut at = At::CellStart;
        let (mut chunk, mut row, mut quote) = (body, body, body);
        for (i, &b) in self.bytes.iter().enumerate().skip(body) {
            at = match (at, b) {
                (At::Quoted, b'"') => At::AfterQuote,
                (At::Quoted, _) => At::Quoted,
                (At::AfterQuote, b'"') => At::Quoted,
                (_, b'\n' | b'\r') => {
                    row = i + 1;
                    if row - chunk >= self.aim() {
                        self.cuts.push(row);
                        chunk = row;
                    }
                    At::CellStart
                }
                (_, b) if b == separator => At::CellStart,
                (At::CellStart, b'"') => {
                    quote = i;
                    At::Quoted
                }
                (At::AfterQuote, _) => {
                    if self.broken.last().is_none_or(|&(r, _)| r != row) {
                        self.broken.push((row, quote));
                    }
                    At::Plain
                }
                (_, _) => At::Plain,
            };
            if i >= row + MAX_ROW {
                let open = at == At::Quoted;
                self.stopped = Some((if open { quote } else { row }, open));
                break;
            }
        }
        let end = match self.stopped {
            None if at == At::Quoted => {
                self.stopped = Some((quote, true));
                row
            }
            None => self.bytes.len(),
            Some(_) => row,
        };
        if end > chunk {
            self.cuts.push(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &[u8]) -> (Chunks, Vec<(u16, u64)>) {
        let mut findings = Findings::default();
        let chunks = split(text, 0, b',', "x.csv", &mut findings);
        let (list, _) = findings.into_parts();
        (chunks, list.iter().map(|f| (f.code.0, f.row.unwrap())).collect())
    }

    #[test]
    fn chunks_end_at_rows_and_know_their_line() {
        for quoted in [false, true] {
            let row: &[u8] = if quoted { b"\"a\r\nb\",c\r\n" } else { b"aa,bbb\r\n" };
            let text = row.repeat(3 * CHUNK / row.len());
            let (chunks, found) = cut(&text);
            assert_eq!(found, vec![]);
            assert!(chunks.complete && chunks.list.len() >= 3);
            let mut next = 0;
            for c in &chunks.list {
                assert_eq!(c.range.start, next);
                next = c.range.end;
                // A cut may fall between the two bytes of a line end, never within a cell.
                let newlines = text[..c.range.start].iter().filter(|&&b| b == b'\n').count();
                assert_eq!(c.line, 1 + newlines as u64);
                let rest = &text[c.range.start..];
                assert!(rest.starts_with(row) || rest.starts_with(b"\n"));
            }
            assert_eq!(next, text.len());
        }
    }

    #[test]
    fn open_quotes_and_long_rows_are_faults_with_their_line() {
        let (chunks, found) = cut(b"a,b\n\"c,d\ne,f\n");
        assert_eq!(found, vec![(9, 2)]);
        assert_eq!(chunks.list[0].range, 0..4);
        assert!(!chunks.complete);
        let (chunks, found) = cut(b"a,\"b\nc,\"d\"\ne,f\n");
        assert_eq!(found, vec![(9, 1)]);
        assert_eq!(chunks.list[0].broken, vec![0]);
        let mut long = b"\"x\",\"".to_vec();
        long.extend(b"lorem\n".repeat(MAX_ROW / 4));
        assert_eq!(cut(&long).1, vec![(9, 1)]);
        assert_eq!(cut(b"a,\"b\"\"c\"\n\"\",d\n").1, vec![]);
    }
}
