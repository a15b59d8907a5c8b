//! The ids of a file, to look up what other files refer to.

use std::collections::HashMap;

use rayon::prelude::*;

use super::table::Table;
use crate::history::columns::FILES;
use crate::history::findings::{Finding, Findings};
use crate::history::index::Groups;
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

type Map<'a, V> = HashMap<&'a [u8], V, foldhash::fast::RandomState>;

/// The ids of a file.
pub(super) struct Ids<'a> {
    rows: Rows<'a>,
    /// Rows by id, and the ids of rows that were left out. In parts, so that they are filled in
    /// parallel; an id is in the part of [`part_of`]. Without the rows where ids count up.
    maps: Vec<Map<'a, u32>>,
    /// The number of the first row's id, where ids count up: a row is found by its number.
    first: Option<u32>,
    /// Whether every id of the file was read.
    complete: bool,
    /// Whether there is such a file.
    pub present: bool,
    /// Its name.
    pub file: &'static str,
    /// Its place among the files of a history.
    pub place: usize,
}

/// The id of each row that can be used.
enum Rows<'a> {
    /// None is longer than fifteen bytes: they stand beside one another.
    Short(Vec<[u8; 16]>),
    Long(Vec<&'a [u8]>),
}

/// A short id with its length behind it; `None` where it is long.
fn short(id: &[u8]) -> Option<[u8; 16]> {
    let mut packed = [0; 16];
    packed[..15].get_mut(..id.len())?.copy_from_slice(id);
    packed[15] = id.len() as u8;
    Some(packed)
}

impl<'a> Rows<'a> {
    fn new<T: Sync>(rows: &'a [T], id: fn(&T) -> &str) -> Self {
        let packed = rows.par_iter().map(|row| short(id(row).as_bytes())).collect();
        let long = || rows.iter().map(|row| id(row).as_bytes()).collect();
        Option::map_or_else(packed, || Self::Long(long()), Self::Short)
    }

    /// Whether the row is there and has this id.
    fn is(&self, row: u32, id: &[u8]) -> bool {
        match self {
            Self::Short(ids) => {
                ids.get(row as usize).is_some_and(|there| short(id).is_some_and(|id| id == *there))
            }
            Self::Long(ids) => ids.get(row as usize).is_some_and(|&there| there == id),
        }
    }
}

/// How many parts the ids are held in.
const PARTS: usize = 16;

/// The part of an id: ids differ most near their end.
fn part_of(id: &[u8]) -> usize {
    let tail = &id[id.len().saturating_sub(4)..];
    tail.iter().fold(id.len(), |n, &b| n.wrapping_mul(31).wrapping_add(usize::from(b))) % PARTS
}

/// Where the last lookup among some ids ended. Ids often count up, and rows near one another
/// refer to rows near one another: the row is then found without a search.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Guess {
    row: u32,
    number: u32,
}

/// The number at the end of an id, of its last nine digits at most.
fn number_at_end(id: &[u8]) -> u32 {
    let (mut number, mut unit) = (0u32, 1u32);
    for &b in id.iter().rev().take(9).take_while(|b| b.is_ascii_digit()) {
        number += u32::from(b - b'0') * unit;
        unit *= 10;
    }
    number
}

/// The number at the end of the first row's id, where those numbers count up by one from row to
/// row: no two ids are then the same, and only the row of its number can have an id.
fn counting<T: Sync>(rows: &[T], id: fn(&T) -> &str) -> Option<u32> {
    let number = |row: &T| number_at_end(id(row).as_bytes());
    let next = |pair: &[T]| number(&pair[0]) + 1 == number(&pair[1]);
    rows.par_windows(2).with_min_len(1024).all(next).then(|| rows.first().map(number))?
}

impl<'a> Ids<'a> {
    /// The ids of a table whose rows have different ids.
    pub(super) fn new<T: Sync>(table: &'a Table<T>, id: fn(&T) -> &str) -> Self {
        let rows = &table.rows;
        let first = counting(rows, id);
        let own = |row: usize| id(&rows[row]).as_bytes();
        let in_maps = if first.is_some() { 0 } else { rows.len() };
        let parts = Groups::new(PARTS, in_maps, |row| Some(part_of(own(row)) as u32));
        let fill = |part: usize| {
            let mut map: Map<u32> = Map::default();
            let of_part = parts.of(part as u32);
            map.reserve(of_part.len());
            for (id, _) in table.left_out.iter().filter(|(id, _)| part_of(id.as_bytes()) == part) {
                map.insert(id.as_bytes(), LEFT_OUT);
            }
            map.extend(of_part.iter().map(|&row| (own(row as usize), row)));
            map
        };
        let maps = (0..PARTS).into_par_iter().map(fill).collect();
        let (complete, present, file) = (table.complete, table.present, table.file.name);
        let place = FILES.iter().position(|f| f.name == file).unwrap_or(0);
        Self { rows: Rows::new(rows, id), maps, first, complete, present, file, place }
    }

    /// What an id refers to. The guess speeds up a run of lookups; it never changes the answer.
    pub(super) fn find(&self, id: &[u8], guess: &mut Guess) -> Found {
        let number = number_at_end(id);
        let near = guess.row.wrapping_add(number.wrapping_sub(guess.number));
        if self.rows.is(near, id) {
            *guess = Guess { row: near, number };
            return Found::Row(near);
        }
        let row = match self.maps[part_of(id)].get(id) {
            Some(&LEFT_OUT) => return Found::LeftOut,
            Some(&row) => Some(row),
            None => {
                let row = self.first.and_then(|first| number.checked_sub(first));
                row.filter(|&row| self.rows.is(row, id))
            }
        };
        match row {
            Some(row) => {
                *guess = Guess { row, number };
                Found::Row(row)
            }
            None if self.complete => Found::Unknown,
            None => Found::LeftOut,
        }
    }
}

/// Reports ids that occur twice and removes the later rows.
pub(super) fn distinct<T: Sync>(
    table: &mut Table<T>,
    id: fn(&T) -> &str,
    column: usize,
    findings: &mut Findings,
) {
    let rising = |pair: &[T]| id(&pair[0]) < id(&pair[1]);
    let differ = || counting(&table.rows, id).is_some() || table.rows.windows(2).all(rising);
    if table.left_out.is_empty() && differ() {
        return;
    }
    let mut seen: Map<()> = Map::default();
    seen.reserve(table.rows.len());
    let mut twice = Vec::new();
    for (i, row) in table.rows.iter().enumerate() {
        if seen.insert(id(row).as_bytes(), ()).is_some() {
            twice.push(i);
        }
    }
    let mut lines: Vec<u32> = twice.iter().map(|&row| table.lines[row]).collect();
    for (id, line) in &table.left_out {
        if seen.insert(id.as_bytes(), ()).is_some() {
            lines.push(*line);
        }
    }
    let name = table.file.columns[column].name;
    for line in lines {
        findings.add_with(registry::DUPLICATE_ID, || {
            Finding::new(registry::DUPLICATE_ID, table.file.name, "another line has the same id")
                .row(u64::from(line))
                .column(name)
        });
    }
    table.remove(&twice, id);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::columns;

    fn table(ids: &[&str], left_out: &[&str]) -> Table<String> {
        let mut table = Table::absent(&columns::stays::FILE);
        table.rows = ids.iter().map(|&id| id.to_owned()).collect();
        table.lines = (2..).take(ids.len()).collect();
        table.left_out = left_out.iter().map(|&id| (id.into(), 9)).collect();
        table.present = true;
        table
    }

    #[test]
    fn every_id_is_found_whatever_was_looked_up_before() {
        let words = ["s1", "s2", "s3", "s10", "x", "s9999999999", "s007", "7", "8", "9", "1", "é"];
        let table = table(&words, &["s4"]);
        let ids = Ids::new(&table, |s| s);
        for &first in &words {
            for (row, &then) in words.iter().enumerate() {
                let mut guess = Guess::default();
                ids.find(first.as_bytes(), &mut guess);
                assert_eq!(ids.find(then.as_bytes(), &mut guess), Found::Row(row as u32));
                assert_eq!(ids.find(b"s4", &mut guess), Found::LeftOut);
                assert_eq!(ids.find(b"s5", &mut guess), Found::Unknown);
            }
        }
    }

    #[test]
    fn ids_that_count_up_are_found_by_their_number() {
        let words: Vec<String> = (7..300).map(|n| format!("s{n:04}")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        for (words, first) in [(&words[..], Some(7)), (&[words[0], words[2]], None)] {
            let table = table(words, &["s0301"]);
            assert_eq!(counting(&table.rows, |s| s), first);
            let ids = Ids::new(&table, |s| s);
            let find = |id: &str| ids.find(id.as_bytes(), &mut Guess { row: 9, number: 1 });
            for (row, word) in words.iter().enumerate() {
                assert_eq!(find(word), Found::Row(row as u32));
            }
            assert_eq!(find("s0301"), Found::LeftOut);
            for unknown in ["s0006", "s0300", "t0008", "s8", "8", "", "s00000000000000000008"] {
                assert_eq!(find(unknown), Found::Unknown, "{unknown}");
            }
        }
        let long = "s00000000000000000008";
        assert_eq!(
            Ids::new(&table(&["s7", long], &[]), |s| s)
                .find(long.as_bytes(), &mut Guess::default()),
            Found::Row(1)
        );
    }

    #[test]
    fn the_later_row_of_an_id_is_removed() {
        let mut table = table(&["b", "a", "b", "c"], &["c", "d", "d"]);
        let mut findings = Findings::default();
        distinct(&mut table, |s| s, 0, &mut findings);
        assert_eq!(table.rows, ["b", "a", "c"]);
        assert_eq!(table.lines, [2, 3, 5]);
        let (list, _) = findings.into_parts();
        let lines: Vec<_> = list.iter().map(|f| f.row.unwrap()).collect();
        assert_eq!(lines, [4, 9, 9]);
    }
}
