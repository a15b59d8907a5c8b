//! A text becomes a table: by chunks in parallel, in the style that the whole file shows.

use rayon::prelude::*;

use super::cells::{Evidence, Style};
use super::chunk::{Part, part};
use super::row::{Context, Row};
use super::shape::{Shape, shape};
use super::split::{Chunk, Chunks, split};
use super::table::{Relabel, Table};
use super::{bsn, load};
use crate::history::columns::{FileSpec, Kind};
use crate::history::findings::{Code, Finding, Findings};
use crate::history::records::{Label, Labels, Window};
use crate::history::registry;
use crate::history::settings::{DateStyle, Decimal, Format};
use crate::progress::Progress;

/// How many chunks are read before they are joined. Fixed, so that results do not depend on the
/// threads; small, so that few rows exist twice.
const BATCH: usize = 8;

/// The bytes of the shortest rows, about.
const SHORTEST_ROW: usize = 16;

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

/// What the chunks of a file have given so far.
struct Gathered<T> {
    table: Table<T>,
    style: Style,
    findings: Findings,
    evidence: Evidence,
    bsn: Vec<bsn::Seen>,
    january: Vec<(u64, u64)>,
    referred_missing: Vec<Option<&'static str>>,
}

impl<T> Gathered<T> {
    fn new(file: &'static FileSpec, shape: &Shape, style: Style) -> Self {
        Self {
            table: Table { present: true, ..Table::absent(file) },
            style,
            findings: Findings::default(),
            evidence: Evidence::default(),
            bsn: vec![bsn::Seen::default(); shape.column.len()],
            january: vec![(0, 0); file.columns.len()],
            referred_missing: vec![None; file.columns.len()],
        }
    }

    /// Adds the next chunk.
    fn add(&mut self, mut part: Part<T>) {
        self.findings.append(std::mem::take(&mut part.sink.findings));
        self.evidence.add(&part.sink.evidence);
        let more = part.sink.bsn.drain(..);
        self.bsn.iter_mut().zip(more).for_each(|(all, more)| all.add(more));
        for (all, more) in self.january.iter_mut().zip(&part.sink.january) {
            *all = (all.0 + more.0, all.1 + more.1);
        }
        for (all, more) in self.referred_missing.iter_mut().zip(&part.sink.referred_missing) {
            *all = all.or(*more);
        }
        self.table.add(part);
    }
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
        let read = self.gather(file, bytes, &shape, &chunks, &format, &parse);
        let mut table = self.conclude(file, &shape, read);
        let id_column = file.columns.iter().position(|c| c.kind == Kind::Id);
        let has_ids = id_column.is_none_or(|c| shape.position[c].is_some());
        table.complete = chunks.complete && text.long_line.is_none() && has_ids;
        if table.count == 0 && file.required && table.complete {
            self.findings.add(Finding::new(registry::NO_ROWS, file.name, "the file has no rows"));
            // What refers to its rows has no fault of its own.
            table.complete = false;
        }
        table
    }

    /// Reads all chunks in the style that the whole file shows. The first, short chunk usually shows
    /// it already; where later ones say otherwise, the file is read once more.
    fn gather<T: Relabel + Send>(
        &mut self,
        file: &'static FileSpec,
        bytes: &[u8],
        shape: &Shape,
        chunks: &Chunks,
        format: &Format,
        parse: &(impl Fn(&mut Row) -> Option<T> + Sync),
    ) -> Gathered<T> {
        let window = self.window;
        let read = |chunk: &Chunk, style: Style| {
            let context = Context { file, shape, style, window: &window };
            part(bytes, chunk, chunks.cr_only, context, parse)
        };
        let mut style = Style { date: Some(DateStyle::Iso), decimal: Some(Decimal::Point) };
        if let Some(first) = chunks.list.first() {
            style = read(first, style).sink.evidence.settle(format);
        }
        self.progress.start(&format!("reading {}", file.name), chunks.lines);
        loop {
            let mut gathered = Gathered::new(file, shape, style);
            // Blank lines take no room: no row that can be used is shorter than this.
            let most = bytes.len() / SHORTEST_ROW;
            let lines = usize::try_from(chunks.lines).unwrap_or(usize::MAX);
            gathered.table.reserve(lines.min(most));
            // The chunks of a batch are joined, in their order, while the next batch is read.
            let mut waiting = Vec::new();
            for batch in chunks.list.chunks(BATCH) {
                let before = std::mem::take(&mut waiting);
                (waiting, ()) = rayon::join(
                    || batch.par_iter().map(|c| read(c, style)).collect(),
                    || self.join(before, &mut gathered),
                );
            }
            self.join(waiting, &mut gathered);
            let shown = gathered.evidence.settle(format);
            if shown == style {
                self.progress.finish();
                return gathered;
            }
            style = shown;
        }
    }

    /// Adds the next chunks to those before.
    fn join<T: Relabel + Send>(&mut self, mut parts: Vec<Part<T>>, all: &mut Gathered<T>) {
        self.common_labels(&mut parts);
        for part in parts {
            self.progress.advance(part.count as u64);
            all.add(part);
        }
    }

    /// Moves the words of some chunks, in their order, to the common pool.
    fn common_labels<T: Relabel + Send>(&mut self, parts: &mut [Part<T>]) {
        let pool = &mut self.labels;
        let mut common = |own: &Labels| -> Vec<Label> {
            (0..own.len()).map(|l| pool.intern(own.word(Label(l as u32)))).collect()
        };
        let to: Vec<Vec<Label>> = parts.iter().map(|p| common(&p.sink.labels)).collect();
        let moved = |(part, to): (&mut Part<T>, &Vec<Label>)| {
            part.rows.iter_mut().for_each(|row| row.relabel(to));
        };
        parts.par_iter_mut().zip(&to).for_each(moved);
    }

    /// Reports what the file shows as a whole, and gives its table.
    fn conclude<T>(
        &mut self,
        file: &'static FileSpec,
        shape: &Shape,
        gathered: Gathered<T>,
    ) -> Table<T> {
        let Gathered { table, style, findings, evidence, .. } = gathered;
        self.findings.append(findings);
        self.questions(file, shape, style, &evidence);
        let Gathered { bsn, january, referred_missing, .. } = gathered;
        self.columns(file, shape, &bsn, &january, &referred_missing);
        table
    }

    /// Reports the questions about style that the file leaves open.
    fn questions(
        &mut self,
        file: &'static FileSpec,
        shape: &Shape,
        style: Style,
        evidence: &Evidence,
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
