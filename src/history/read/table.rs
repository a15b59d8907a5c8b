//! A file as a table: typed rows with their lines.

use std::collections::HashSet;

use rayon::prelude::*;

use super::chunk::Part;
use crate::history::columns::{FileSpec, Kind};
use crate::history::findings::{Finding, Findings};
use crate::history::records::Label;
use crate::history::registry;

/// A row whose labels can be moved to another pool.
pub(super) trait Relabel {
    /// Replaces each label by `to[label]`.
    fn relabel(&mut self, to: &[Label]);
}

/// How many shares the search for doubles has: as many as the highest two bits of a hash. Each
/// share goes through all hashes, so more of them would cost more than they spread.
const SHARES: u64 = 4;

/// A file after reading.
pub(super) struct Table<T> {
    pub file: &'static FileSpec,
    /// The rows without faults.
    pub rows: Vec<T>,
    /// The line of each of them.
    pub lines: Vec<u32>,
    /// A hash of the text of each of them.
    pub hashes: Vec<u64>,
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

impl<T> Table<T> {
    /// Makes room for so many rows; where there is none, the room is made as the rows come.
    pub(super) fn reserve(&mut self, rows: usize) {
        let _ = self.rows.try_reserve_exact(rows);
        let _ = self.lines.try_reserve_exact(rows);
        if !self.file.columns.iter().any(|c| c.kind == Kind::Id) {
            let _ = self.hashes.try_reserve_exact(rows);
        }
    }

    /// Adds the rows of the next chunk.
    pub(super) fn add(&mut self, mut part: Part<T>) {
        self.rows.append(&mut part.rows);
        self.lines.append(&mut part.lines);
        self.hashes.append(&mut part.hashes);
        self.left_out.append(&mut part.left_out);
        self.count += part.count;
    }
}

impl<T: PartialEq + Sync> Table<T> {
    /// Reports rows that say the same as an earlier one, and leaves them out.
    pub(super) fn without_doubles(&mut self, findings: &mut Findings) {
        let mut doubles: Vec<usize> =
            (0..SHARES).into_par_iter().flat_map_iter(|share| self.doubles(share)).collect();
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

    /// The doubles among the rows whose hash falls in a share.
    fn doubles(&self, share: u64) -> Vec<usize> {
        let mut candidates = self.candidates(share);
        candidates.sort_unstable();
        let mut doubles = Vec::new();
        for same in candidates.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
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
        doubles
    }

    /// Rows of a share whose hash may occur twice: a first pass marks a bit per hash, and few
    /// bits are met twice by chance.
    fn candidates(&self, share: u64) -> Vec<(u64, u32)> {
        let bits = (self.hashes.len() * 4).next_power_of_two().max(64);
        let mask = bits as u64 - 1;
        let mut met = vec![0u64; bits / 64];
        let mut again: HashSet<u64, foldhash::fast::RandomState> = HashSet::default();
        let own = |hash: u64| hash >> 62 == share;
        for &hash in self.hashes.iter().filter(|&&hash| own(hash)) {
            let word = &mut met[((hash & mask) / 64) as usize];
            let bit = 1u64 << (hash % 64);
            if *word & bit != 0 {
                again.insert(hash & mask);
            }
            *word |= bit;
        }
        if again.is_empty() {
            return Vec::new();
        }
        let rows = self.hashes.iter().zip(0u32..);
        let rows = rows.filter(|(hash, _)| own(**hash) && again.contains(&(**hash & mask)));
        rows.map(|(&hash, row)| (hash, row)).collect()
    }
}
