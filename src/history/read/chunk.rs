//! The rows of one chunk of a file.

use super::cells::trim;
use super::record::{Record, Records};
use super::row::{Context, Row, Sink, hash};
use super::split::Chunk;
use crate::history::columns::{FileSpec, Kind};
use crate::history::findings::Finding;
use crate::history::registry;

/// What one chunk gives.
pub(super) struct Part<T> {
    pub rows: Vec<T>,
    pub lines: Vec<u32>,
    pub hashes: Vec<u64>,
    pub left_out: Vec<(Box<str>, u32)>,
    pub count: usize,
    pub sink: Sink,
}

/// Which columns are looked at for BSNs: ids, words, and what the codebook does not have.
fn may_hold_bsn(file: &FileSpec, column: Option<usize>) -> bool {
    column.is_none_or(|c| {
        matches!(file.columns[c].kind, Kind::Id | Kind::Reference | Kind::Text | Kind::Texts)
    })
}

/// Reads the rows of one chunk.
pub(super) fn part<T>(
    bytes: &[u8],
    chunk: &Chunk,
    cr_only: bool,
    context: Context,
    parse: &(impl Fn(&mut Row) -> Option<T> + Sync),
) -> Part<T> {
    let Context { file, shape, .. } = context;
    let body = &bytes[chunk.range.clone()];
    // Most files are ASCII, and that is known sooner.
    let text = body.is_ascii() || std::str::from_utf8(body).is_ok();
    let strict = !text || body.contains(&0);
    let watched: Vec<usize> =
        (0..shape.column.len()).filter(|&at| may_hold_bsn(file, shape.column[at])).collect();
    let id_column = file.columns.iter().position(|c| c.kind == Kind::Id);
    let id_at = id_column.and_then(|column| shape.position[column]);
    let hasher = foldhash::fast::FixedState::default();
    let mut out = Part {
        rows: Vec::with_capacity(body.len() / 64),
        lines: Vec::with_capacity(body.len() / 64),
        hashes: Vec::new(),
        left_out: Vec::new(),
        count: 0,
        sink: Sink::new(&context),
    };
    let mut records = Records::new(body, shape.separator, chunk.line, cr_only);
    while records.advance() {
        let (record, line) = (records.record(), records.line);
        if record.iter().all(|cell| trim(cell).is_empty()) {
            continue;
        }
        out.count += 1;
        if chunk.broken.binary_search(&(chunk.range.start + records.start)).is_ok() {
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
            sink.bsn[at].see(record.get(at).unwrap_or_default());
        }
        let mut row = Row { context, record, line, ok: true, id: None, sink };
        let parsed = parse(&mut row);
        let (ok, id) = (row.ok, row.id);
        let line = line_no(line);
        match parsed {
            Some(parsed) if ok => {
                out.rows.push(parsed);
                out.lines.push(line);
                // Rows with ids are compared by those.
                if id_column.is_none() {
                    out.hashes.push(hash(&hasher, &record));
                }
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
    record: &Record,
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
