//! The ids of a file, to look up what other files refer to.

use std::collections::HashMap;

use super::table::Table;
use crate::history::findings::{Finding, Findings};
use crate::history::registry;

/// What an id refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A row that can be used.
    Row(u32),
    /// A row that was left out, or perhaps one: not all of the file could be read.
    LeftOut,
    /// No row.
    Unknown,
}

/// Marks a row that was left out.
const LEFT_OUT: u32 = u32::MAX;

/// The ids of a file.
pub(super) struct Ids<'a> {
    map: HashMap<&'a [u8], u32, foldhash::fast::RandomState>,
    /// Whether every id of the file was read.
    complete: bool,
    /// Whether there is such a file.
    pub present: bool,
    /// Its name.
    pub file: &'static str,
}

impl<'a> Ids<'a> {
    /// The ids of a table whose rows have different ids.
    pub(super) fn new<T>(table: &'a Table<T>, id: fn(&T) -> &str) -> Self {
        let mut map = HashMap::with_capacity_and_hasher(
            table.rows.len(),
            foldhash::fast::RandomState::default(),
        );
        for (id, _) in &table.left_out {
            map.insert(id.as_bytes(), LEFT_OUT);
        }
        for (i, row) in table.rows.iter().enumerate() {
            map.insert(id(row).as_bytes(), i as u32);
        }
        Self { map, complete: table.complete, present: table.present, file: table.file.name }
    }

    /// What an id refers to.
    pub(super) fn find(&self, id: &[u8]) -> Found {
        match self.map.get(id) {
            Some(&LEFT_OUT) => Found::LeftOut,
            Some(&row) => Found::Row(row),
            None if self.complete => Found::Unknown,
            None => Found::LeftOut,
        }
    }
}

/// Reports ids that occur twice and removes the later rows.
pub(super) fn distinct<T>(
    table: &mut Table<T>,
    id: fn(&T) -> &str,
    column: usize,
    findings: &mut Findings,
) {
    let mut seen: HashMap<&str, u32, foldhash::fast::RandomState> =
        HashMap::with_capacity_and_hasher(table.rows.len(), foldhash::fast::RandomState::default());
    let mut twice = Vec::new();
    for (i, row) in table.rows.iter().enumerate() {
        if seen.insert(id(row), i as u32).is_some() {
            twice.push(i);
        }
    }
    let name = table.file.columns[column].name;
    let report = |findings: &mut Findings, line: u32| {
        findings.add_with(registry::DUPLICATE_ID, || {
            let what = "the id occurs on an earlier line too";
            Finding::new(registry::DUPLICATE_ID, table.file.name, what)
                .row(u64::from(line))
                .column(name)
        });
    };
    for &i in &twice {
        report(findings, table.lines[i]);
    }
    let mut left_out: HashMap<&str, (), foldhash::fast::RandomState> = HashMap::default();
    for (id, line) in &table.left_out {
        if seen.contains_key(&**id) || left_out.insert(id, ()).is_some() {
            report(findings, *line);
        }
    }
    table.remove(&twice, id);
}
