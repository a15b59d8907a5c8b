//! A file becomes a table: typed rows with their lines, read by chunks in parallel.

use rayon::prelude::*;

use super::cells::{Style, trim};
use super::row::{Context, Row, Sink, hash};
use super::shape::{Shape, shape};
use super::split::{Chunk, Chunks, split};
use super::{bsn, load};
use crate::history::columns::{FileSpec, Kind};
use crate::history::findings::{Code, Finding, Findings};
use crate::history::records::{Label, Labels, Window};
use crate::history::registry;
use crate::history::settings::{DateStyle, Decimal, Format};
use crate::progress::Progress;

/// A row whose labels can be moved to another pool.
pub(super) trait Relabel {
    /// Replaces each label by `to[label]`.
    fn relabel(&mut self, to: &[Label]);
}

/// A file after reading.
pub(super) struct Table<T> {
    pub file: &'static FileSpec,
    /// The rows without faults.
    pub rows: Vec<T>,
    /// The line of each of them.
    pub lines: Vec<u32>,
    /// A hash of the text of each of them.
    hashes: Vec<u64>,
    /// The ids, with their lines, of rows that are left out.
    pub left_out: Vec<(Box<str>, u32)>,
    /// How many rows there are in all.
    pub count: usize,
    /// Whether every id of the file was read.
    pub complete: bool,
    /// Whether there is such a file.
    pub present: bool,
}

impl<T> Table<T> {
    /// The table of a file that is not there.
    pub(super) fn absent(file: &'static FileSpec) -> Self {
        Self {
            file,
            rows: Vec::new(),
            lines: Vec::new(),
            hashes: Vec::new(),
            left_out: Vec::new(),
            count: 0,
            complete: true,
            present: false,
        }
    }

    /// The table of a file that is there but cannot be read.
    pub(super) fn unreadable(file: &'static FileSpec) -> Self {
        Self { complete: false, present: true, ..Self::absent(file) }
    }

    /// Leaves out rows, given in rising order, and remembers their ids.
    pub(super) fn remove(&mut self, rows: &[usize], id: fn(&T) -> &str) {
        if rows.is_empty() {
            return;
        }
        for &row in rows {
            self.left_out.push((id(&self.rows[row]).into(), self.lines[row]));
        }
        self.drop_rows(rows);
    }

    fn drop_rows(&mut self, rows: &[usize]) {
        let keep = |n: usize| {
            let mut at = 0;
            let mut gone = rows.iter().copied().peekable();
            std::iter::from_fn(move || {
                (at < n).then(|| {
                    let keep = gone.next_if_eq(&at).is_none();
                    at += 1;
                    keep
                })
            })
        };
        let n = self.rows.len();
        let mut kept = keep(n);
        self.rows.retain(|_| kept.next().unwrap_or(true));
        let mut kept = keep(n);
        self.lines.retain(|_| kept.next().unwrap_or(true));
        let mut kept = keep(n);
        self.hashes.retain(|_| kept.next().unwrap_or(true));
    }
}

impl<T: PartialEq> Table<T> {
    /// Reports rows that say the same as an earlier one, and leaves them out.
    pub(super) fn without_doubles(&mut self, findings: &mut Findings) {
        let mut order: Vec<(u64, u32)> =
            self.hashes.iter().enumerate().map(|(i, &h)| (h, i as u32)).collect();
        order.par_sort_unstable();
        let mut doubles = Vec::new();
        for same in order.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            // Rows of one hash are compared with the first: others that differ are a clash of
            // hashes, and are compared among themselves.
            let mut firsts: Vec<u32> = Vec::new();
            for &(_, row) in same {
                let equal = |&f: &u32| self.rows[f as usize] == self.rows[row as usize];
                if firsts.iter().any(equal) {
                    doubles.push(row as usize);
                } else {
                    firsts.push(row);
                }
            }
        }
        doubles.sort_unstable();
        for &row in &doubles {
            let line = u64::from(self.lines[row]);
            findings.add_with(registry::DUPLICATE_ROW, || {
                let what = "the row says the same as an earlier one";
                Finding::new(registry::DUPLICATE_ROW, self.file.name, what).row(line)
            });
        }
        if !doubles.is_empty() {
            self.drop_rows(&doubles);
        }
    }
}

/// What reading every table shares.
pub(super) struct Reader<'a> {
    pub window: Window,
    pub format: &'a Format,
    pub progress: &'a dyn Progress,
    pub labels: Labels,
    pub findings: Findings,
    /// Columns that are refused: file and column.
    pub bsn: Vec<(String, String)>,
}

/// What one chunk gives.
struct Part<T> {
    rows: Vec<T>,
    lines: Vec<u32>,
    hashes: Vec<u64>,
    left_out: Vec<(Box<str>, u32)>,
    count: usize,
    sink: Sink,
}

impl Reader<'_> {
    /// Reads the text of a file into a table.
    pub(super) fn table<T: Relabel + Send>(
        &mut self,
        file: &'static FileSpec,
        text: &load::Text,
        parse: impl Fn(&mut Row) -> Option<T> + Sync,
    ) -> Table<T> {
        let bytes = text.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text.bytes);
        if bytes.trim_ascii().is_empty() && text.long_line.is_none() {
            self.findings.add(Finding::new(registry::EMPTY_FILE, file.name, "the file is empty"));
            return Table::unreadable(file);
        }
        if let Some(line) = text.long_line {
            let what = "the line is longer than 1 MiB; the file is not read from here on";
            self.findings.add(Finding::new(registry::LONG_LINE, file.name, what).row(line));
            if line == 1 {
                return Table::unreadable(file);
            }
        }
        let format = self.format.of_file(file.name);
        let Some(shape) = shape(file, bytes, &format, &mut self.findings) else {
            return Table::unreadable(file);
        };
        let chunks = split(bytes, shape.body, shape.separator, file.name, &mut self.findings);
        let parts = self.parts(file, bytes, &shape, &chunks, &format, &parse);
        let mut table = self.join(file, &shape, parts);
        let id_column = file.columns.iter().position(|c| c.kind == Kind::Id);
        let has_ids = id_column.is_none_or(|c| shape.position[c].is_some());
        table.complete = chunks.complete && text.long_line.is_none() && has_ids;
        if table.count == 0 && file.required && table.complete {
            self.findings.add(Finding::new(registry::NO_ROWS, file.name, "the file has no rows"));
        }
        table
    }

    /// Reads all chunks in the style that the whole file shows. The first chunk usually shows
    /// it already; where later ones say otherwise, the file is read once more.
    fn parts<T: Send>(
        &self,
        file: &'static FileSpec,
        bytes: &[u8],
        shape: &Shape,
        chunks: &Chunks,
        format: &Format,
        parse: &(impl Fn(&mut Row) -> Option<T> + Sync),
    ) -> (Style, Vec<Part<T>>) {
        let strict = std::str::from_utf8(bytes).is_err() || bytes.contains(&0);
        let read = |chunk: &Chunk, style: Style| {
            let context = Context { file, shape, style, window: &self.window };
            part(bytes, chunk, chunks.cr_only, strict, context, parse)
        };
        let settled = |parts: &[Part<T>]| {
            let mut evidence = super::cells::Evidence::default();
            parts.iter().for_each(|p| evidence.add(&p.sink.evidence));
            evidence.settle(format)
        };
        let mut style = Style { date: Some(DateStyle::Iso), decimal: Some(Decimal::Point) };
        if let Some(first) = chunks.list.first() {
            style = settled(std::slice::from_ref(&read(first, style)));
        }
        let rows = load::line_ends(&bytes[shape.body..], chunks.cr_only);
        self.progress.start(&format!("reading {}", file.name), rows);
        loop {
            let parts: Vec<Part<T>> = chunks
                .list
                .par_iter()
                .map(|chunk| {
                    let part = read(chunk, style);
                    self.progress.advance(part.count as u64);
                    part
                })
                .collect();
            let shown = settled(&parts);
            if shown == style {
                self.progress.finish();
                return (style, parts);
            }
            style = shown;
        }
    }

    /// Joins the chunks in their order.
    fn join<T: Relabel>(
        &mut self,
        file: &'static FileSpec,
        shape: &Shape,
        (style, parts): (Style, Vec<Part<T>>),
    ) -> Table<T> {
        let total = parts.iter().map(|p| p.rows.len()).sum();
        let mut table = Table { present: true, ..Table::absent(file) };
        table.rows.reserve_exact(total);
        table.lines.reserve_exact(total);
        table.hashes.reserve_exact(total);
        let mut bsn = vec![bsn::Seen::default(); shape.column.len()];
        let mut january = vec![(0, 0); file.columns.len()];
        let mut referred_missing = vec![None; file.columns.len()];
        let mut evidence = super::cells::Evidence::default();
        for mut part in parts {
            let to: Vec<Label> = (0..part.sink.labels.len())
                .map(|l| self.labels.intern(part.sink.labels.word(Label(l as u32))))
                .collect();
            part.rows.iter_mut().for_each(|row| row.relabel(&to));
            table.rows.append(&mut part.rows);
            table.lines.append(&mut part.lines);
            table.hashes.append(&mut part.hashes);
            table.left_out.append(&mut part.left_out);
            table.count += part.count;
            self.findings.append(part.sink.findings);
            evidence.add(&part.sink.evidence);
            bsn.iter_mut().zip(part.sink.bsn).for_each(|(all, more)| all.add(more));
            for (all, more) in january.iter_mut().zip(&part.sink.january) {
                *all = (all.0 + more.0, all.1 + more.1);
            }
            for (all, more) in referred_missing.iter_mut().zip(part.sink.referred_missing) {
                *all = all.or(more);
            }
        }
        self.questions(file, shape, style, &evidence);
        self.columns(file, shape, &bsn, &january, &referred_missing);
        table
    }

    /// Reports the questions about style that the file leaves open.
    fn questions(
        &mut self,
        file: &'static FileSpec,
        shape: &Shape,
        style: Style,
        evidence: &super::cells::Evidence,
    ) {
        let mut ask = |code: Code, (line, at): (u64, usize), what: &'static str| {
            let column = shape.names[at].clone();
            self.findings.add(Finding::new(code, file.name, what).row(line).column(column));
        };
        if style.date.is_none()
            && let Some(place) = evidence.first_slashes
        {
            let what = if evidence.looks_month_first() {
                "the dates look like mm/dd/yyyy, which is only read where the study says so"
            } else {
                "the dates can be dd/mm/yyyy or mm/dd/yyyy: none has a day above 12"
            };
            ask(registry::WHICH_DATE_STYLE, place, what);
        }
        if style.decimal.is_none()
            && let Some((place, mark)) = evidence.first_ambiguous
        {
            let what = match mark {
                Decimal::Point => "a number like 1.234 can be about one or above a thousand",
                Decimal::Comma => "a number like 1,234 can be about one or above a thousand",
            };
            ask(registry::WHICH_DECIMAL, place, what);
        }
    }

    /// Reports what is wrong with columns as a whole.
    fn columns(
        &mut self,
        file: &'static FileSpec,
        shape: &Shape,
        bsn: &[bsn::Seen],
        january: &[(u64, u64)],
        referred_missing: &[Option<&'static str>],
    ) {
        for (seen, name) in bsn.iter().zip(&shape.names) {
            if seen.is_bsn(bsn::is_name(name)) {
                self.bsn.push((file.name.into(), name.clone()));
            }
        }
        for (column, &(all, first)) in file.columns.iter().zip(january) {
            // Years written as dates; a few real dates on one day are no sign of that.
            let dated =
                matches!(column.name, "birth" | "start" | "end" | "date" | "first_out_of_home");
            if dated && all >= 5 && first * 10 >= all * 9 {
                let what = format!("{first} of {all} dates are on 1 January");
                let finding = Finding::new(registry::FIRST_OF_JANUARY, file.name, what);
                self.findings.add(finding.column(column.name));
            }
        }
        for (column, target) in file.columns.iter().zip(referred_missing) {
            let Some(target) = target else { continue };
            let what = format!("{} refers to {target}, which is not there", column.name);
            let finding = Finding::new(registry::REFERRED_FILE_MISSING, file.name, what);
            self.findings.add(
                finding
                    .column(column.name)
                    .repair(format!("add {target}, or leave the column blank")),
            );
        }
    }
}

/// Which columns are looked at for BSNs: ids, words, and what the codebook does not have.
fn may_hold_bsn(file: &FileSpec, column: Option<usize>) -> bool {
    column.is_none_or(|c| {
        matches!(file.columns[c].kind, Kind::Id | Kind::Reference | Kind::Text | Kind::Texts)
    })
}

/// Reads the rows of one chunk.
fn part<T>(
    bytes: &[u8],
    chunk: &Chunk,
    cr_only: bool,
    strict: bool,
    context: Context,
    parse: &(impl Fn(&mut Row) -> Option<T> + Sync),
) -> Part<T> {
    let Context { file, shape, .. } = context;
    let body = &bytes[chunk.range.clone()];
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(shape.separator)
        .from_reader(body);
    let watched: Vec<usize> =
        (0..shape.column.len()).filter(|&at| may_hold_bsn(file, shape.column[at])).collect();
    let id_column = file.columns.iter().position(|c| c.kind == Kind::Id);
    let id_at = id_column.and_then(|column| shape.position[column]);
    let hasher = foldhash::fast::FixedState::default();
    let mut out = Part {
        rows: Vec::with_capacity(body.len() / 64),
        lines: Vec::with_capacity(body.len() / 64),
        hashes: Vec::with_capacity(body.len() / 64),
        left_out: Vec::new(),
        count: 0,
        sink: Sink::new(&context),
    };
    let mut record = csv::ByteRecord::new();
    let (mut line, mut counted) = (chunk.line, 0);
    // Reading from memory into bytes cannot fail.
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        // The reader's own position stands before the blank lines that it skips.
        let mut start = record.position().map_or(0, |p| p.byte() as usize);
        while body.get(start).is_some_and(|&b| b == b'\n' || b == b'\r') {
            start += 1;
        }
        line += load::line_ends(&body[counted..start], cr_only);
        counted = start;
        if record.iter().all(|cell| trim(cell).is_empty()) {
            continue;
        }
        out.count += 1;
        if chunk.broken.binary_search(&(chunk.range.start + start)).is_ok() {
            continue;
        }
        let sink = &mut out.sink;
        if !well_formed(&record, line, strict, &context, sink) {
            // What refers to this row has no fault of its own.
            let id = id_at.and_then(|at| std::str::from_utf8(trim(record.get(at)?)).ok());
            out.left_out
                .extend(id.filter(|id| !id.is_empty()).map(|id| (id.into(), line_no(line))));
            continue;
        }
        for &at in &watched {
            sink.bsn[at].see(trim(record.get(at).unwrap_or_default()));
        }
        let mut row = Row { context, record: &record, line, ok: true, id: None, sink };
        let parsed = parse(&mut row);
        let (ok, id) = (row.ok, row.id);
        let line = line_no(line);
        match parsed {
            Some(parsed) if ok => {
                out.rows.push(parsed);
                out.lines.push(line);
                out.hashes.push(hash(&hasher, &record));
            }
            _ => out.left_out.extend(id.map(|id| (id.into(), line))),
        }
    }
    out
}

/// A line number as tables keep it.
fn line_no(line: u64) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

/// Whether a row has as many cells as the header and is text; what is wrong is noted.
fn well_formed(
    record: &csv::ByteRecord,
    line: u64,
    strict: bool,
    context: &Context,
    sink: &mut Sink,
) -> bool {
    let (file, expected) = (context.file.name, context.shape.column.len());
    let extra = record.iter().skip(expected);
    // A separator at the end of a row adds a blank cell: no harm.
    if record.len() < expected || extra.into_iter().any(|cell| !trim(cell).is_empty()) {
        let found = record.len();
        sink.findings.add_with(registry::RAGGED_ROW, || {
            let what = format!("the row has {found} cells where the header has {expected}");
            Finding::new(registry::RAGGED_ROW, file, what).row(line)
        });
        return false;
    }
    if !strict {
        return true;
    }
    let mut ok = true;
    for (at, cell) in record.iter().enumerate() {
        let (code, what) = if std::str::from_utf8(cell).is_err() {
            (registry::NOT_UTF8, "the cell is not valid UTF-8")
        } else if cell.contains(&0) {
            (registry::NUL_BYTE, "the cell holds a NUL byte")
        } else {
            continue;
        };
        ok = false;
        sink.findings.add_with(code, || {
            let finding = Finding::new(code, file, what).row(line);
            match context.shape.names.get(at) {
                Some(name) if !name.is_empty() => finding.column(name.clone()),
                _ => finding,
            }
        });
    }
    ok
}
