//! The rows of one Fine–Gray fit in the order in which its sums read them.
//!
//! Rows are sorted by stratum and exit; at one time events come first, then other ends, then
//! censorings. Each stratum has consecutive *slots*: an opening slot for all that precedes its
//! first event, then one per event time. A row is at risk in the slots after its entry's up to its
//! exit's; one that ended by another cause stays on in the slots after its exit's, with weight
//! `reach[slot] * ahead[row]`.

use std::ops::Range;

use rayon::prelude::*;

use super::Convention;
use super::observed::{Observed, unobserved};
use crate::survival::columns::{Columns, PAD, TILE};
use crate::survival::table::ordered;
use crate::survival::{FitError, Sample};

/// Rows in a run of slots, at least (but for the last): the unit of work where sums run from slot
/// to slot.
const RUN: usize = 2048;
/// Rows that can be sorted: their number shares 32 bits with the kind of their end.
pub(super) const MOST: usize = (u32::MAX >> 2) as usize;

/// The slots of one stratum; the first is its opening slot.
#[derive(Debug, Clone)]
pub(super) struct Stratum {
    /// Its number in the sample (0 without strata).
    pub(super) number: u32,
    pub(super) slots: Range<usize>,
    /// Its positions.
    pub(super) rows: Range<usize>,
    /// When its rows are observed.
    pub(super) observed: Observed,
}

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Layout<'a> {
    pub(super) sample: &'a Sample,
    pub(super) columns: Columns,
    /// By position: the row of the sample, or [`PAD`].
    pub(super) row: Vec<u32>,
    /// By position; 0 for padding.
    pub(super) weight: Vec<f64>,
    /// By position, around its mean.
    pub(super) offset: Option<Vec<f64>>,
    pub(super) offset_centre: f64,
    /// By position, without padding: the time of the exit.
    pub(super) exit: Vec<f64>,
    /// By position: the slot of the exit, and of the entry.
    pub(super) slot: Vec<u32>,
    pub(super) entry: Option<Vec<u32>>,
    /// By position: 1/a(exit) for a row that ended by another cause, else 0.
    pub(super) ahead: Vec<f64>,
    /// By slot: its time (of an opening slot: −∞), the position of its first row, deaths, their
    /// weight, and a at its time.
    pub(super) time: Vec<f64>,
    pub(super) first: Vec<u32>,
    pub(super) deaths: Vec<u32>,
    pub(super) death_weight: Vec<f64>,
    pub(super) reach: Vec<f64>,
    /// Slots with more than one death.
    pub(super) tied: Vec<u32>,
    /// By slot: where its late entries begin in `late`: positions whose entry slot it is.
    pub(super) late_from: Vec<u32>,
    pub(super) late: Vec<u32>,
    pub(super) strata: Vec<Stratum>,
    /// By slot: whether it opens a stratum.
    pub(super) opens: Vec<bool>,
    /// Runs of slots.
    pub(super) runs: Vec<Range<usize>>,
}

/// Rows by stratum, exit, kind of end, and row.
fn sorted_rows(sample: &Sample, cause: u32) -> Vec<u32> {
    let y = sample.outcome();
    let strata = sample.strata();
    // One number per row: sorting moves and compares nothing else.
    let mut keys: Vec<u128> = (0..sample.len())
        .into_par_iter()
        .map(|i| {
            let kind = match y.cause()[i] {
                c if c == cause => 0,
                0 => 2,
                _ => 1,
            };
            let stratum = u128::from(strata.map_or(0, |s| s[i]));
            stratum << 96 | u128::from(ordered(y.exit()[i])) << 32 | kind << 30 | i as u128
        })
        .collect();
    keys.par_sort_unstable();
    keys.into_par_iter().map(|k| k as u32 & (u32::MAX >> 2)).collect()
}

impl<'a> Layout<'a> {
    /// Lays out a sample for one cause.
    ///
    /// # Errors
    /// Where the chance of being observed falls to 0 while it is still needed.
    pub(super) fn new(
        sample: &'a Sample,
        cause: u32,
        convention: Convention,
    ) -> Result<Self, FitError> {
        let mut row = sorted_rows(sample, cause);
        let n = row.len();
        let mut l = Self {
            sample,
            columns: Columns::new(sample.x(), &[]),
            weight: Vec::new(),
            offset: None,
            offset_centre: 0.0,
            exit: Vec::with_capacity(n),
            slot: Vec::with_capacity(n + TILE),
            entry: None,
            ahead: Vec::with_capacity(n + TILE),
            time: Vec::new(),
            first: Vec::new(),
            deaths: Vec::new(),
            death_weight: Vec::new(),
            reach: Vec::new(),
            tied: Vec::new(),
            late_from: Vec::new(),
            late: Vec::new(),
            strata: Vec::new(),
            opens: Vec::new(),
            runs: Vec::new(),
            row: Vec::new(),
        };
        row.resize(n.next_multiple_of(TILE), PAD);
        // Slots are found one after the other; meanwhile the covariates are copied.
        let (slots, columns) = rayon::join(
            || l.add_strata(&row[..n], cause, convention),
            || Columns::new(sample.x(), &row),
        );
        slots?;
        l.columns = columns;
        l.slot.resize(row.len(), 0);
        l.ahead.resize(row.len(), 0.0);
        let pick = |values: Option<&[f64]>| -> Vec<f64> {
            let of = |&r: &u32| if r == PAD { 0.0 } else { values.map_or(1.0, |v| v[r as usize]) };
            row.par_iter().map(of).collect()
        };
        l.weight = pick(sample.weights());
        if let Some(offset) = sample.offset() {
            l.offset_centre = offset.iter().map(|v| v / n as f64).sum();
            let mut picked = pick(Some(offset));
            picked[..n].iter_mut().for_each(|v| *v -= l.offset_centre);
            l.offset = Some(picked);
        }
        l.row = row;
        l.find_entries();
        l.find_runs();
        l.tied = (0..l.time.len() as u32).filter(|&j| l.deaths[j as usize] > 1).collect();
        Ok(l)
    }

    /// Columns.
    pub(super) fn p(&self) -> usize {
        self.columns.p()
    }

    /// Rows, without padding.
    pub(super) fn n(&self) -> usize {
        self.sample.len()
    }

    /// All deaths, and their total weight.
    pub(super) fn events(&self) -> (usize, f64) {
        (self.deaths.iter().map(|&d| d as usize).sum(), self.death_weight.iter().sum())
    }

    /// One past the position of the last row of a slot.
    pub(super) fn end(&self, slot: usize) -> usize {
        self.first.get(slot + 1).map_or(self.n(), |&f| f as usize)
    }

    fn open_slot(&mut self, time: f64, first: usize, reach: f64, opens: bool) {
        self.time.push(time);
        self.first.push(first as u32);
        self.deaths.push(0);
        self.death_weight.push(0.0);
        self.reach.push(reach);
        self.opens.push(opens);
    }

    /// The slots of all strata, from sorted rows.
    fn add_strata(
        &mut self,
        row: &[u32],
        cause: u32,
        convention: Convention,
    ) -> Result<(), FitError> {
        let strata = self.sample.strata();
        let of = |r: u32| strata.map_or(0, |s| s[r as usize]);
        let mut begin = 0;
        while begin < row.len() {
            let number = of(row[begin]);
            let rows = row[begin..].partition_point(|&r| of(r) == number);
            self.add_stratum(number, begin, &row[begin..begin + rows], cause, convention)?;
            begin += rows;
        }
        Ok(())
    }

    /// Slots, and what rows carry ahead, of one stratum's sorted rows, the first of which is at
    /// position `begin`.
    fn add_stratum(
        &mut self,
        number: u32,
        begin: usize,
        rows: &[u32],
        cause: u32,
        convention: Convention,
    ) -> Result<(), FitError> {
        let sample = self.sample;
        let y = sample.outcome();
        // finegray's curves count rows, whatever their weight.
        let weights = sample.weights().filter(|_| convention == Convention::Crr);
        let observed = Observed::new(y, weights, rows, convention);
        let opening = self.time.len();
        self.open_slot(f64::NEG_INFINITY, begin, 0.0, true);
        let last_event = rows.iter().rposition(|&r| y.cause()[r as usize] == cause);
        let last = last_event.map_or(f64::NEG_INFINITY, |k| y.exit()[rows[k] as usize]);
        let mut at = 0;
        let end = |&row: &u32| (y.exit()[row as usize], y.cause()[row as usize]);
        let ends: Vec<(f64, u32)> = rows.par_iter().map(end).collect();
        for (k, (&row, (exit, ended))) in rows.iter().zip(ends).enumerate() {
            while observed.time[at] < exit {
                at += 1;
            }
            let a = observed.reach[at];
            let mut ahead = 0.0;
            if ended == cause {
                if self.time.len() == opening + 1 || self.time.last() != Some(&exit) {
                    self.open_slot(exit, begin + k, a, false);
                }
                let j = self.time.len() - 1;
                self.deaths[j] += 1;
                self.death_weight[j] += sample.weights().map_or(1.0, |w| w[row as usize]);
            } else if ended > 0 && exit < last {
                ahead = 1.0 / a;
                if !ahead.is_finite() {
                    return Err(unobserved(exit));
                }
            }
            self.exit.push(exit);
            self.slot.push(self.time.len() as u32 - 1);
            self.ahead.push(ahead);
        }
        let (slots, rows) = (opening..self.time.len(), begin..begin + rows.len());
        self.strata.push(Stratum { number, slots, rows, observed });
        Ok(())
    }

    /// The slot of each row's entry, and the rows that enter after their stratum's first event.
    fn find_entries(&mut self) {
        let slots = self.time.len();
        let Some(entry) = self.sample.outcome().entry() else { return };
        let mut found = vec![0u32; self.row.len()];
        let mut count = vec![0u32; slots + 1];
        for s in &self.strata {
            // Events from the stratum's second slot on.
            let times = &self.time[s.slots.start + 1..s.slots.end];
            for k in s.rows.clone() {
                let at = entry[self.row[k] as usize];
                let slot = s.slots.start + times.partition_point(|&t| t <= at);
                found[k] = slot as u32;
                count[slot + 1] += u32::from(slot > s.slots.start);
            }
        }
        for j in 1..count.len() {
            count[j] += count[j - 1];
        }
        let mut next = count.clone();
        self.late = vec![0; count[slots] as usize];
        for (k, &slot) in found.iter().enumerate().take(self.n()) {
            if !self.opens[slot as usize] {
                self.late[next[slot as usize] as usize] = k as u32;
                next[slot as usize] += 1;
            }
        }
        self.late_from = count;
        self.entry = Some(found);
    }

    /// Positions that enter in a slot (and so are not at risk in it, nor before).
    pub(super) fn entering(&self, slot: usize) -> &[u32] {
        match self.late_from.get(slot..slot + 2) {
            Some(&[from, to]) => &self.late[from as usize..to as usize],
            _ => &[],
        }
    }

    fn find_runs(&mut self) {
        let slots = self.time.len();
        let mut begin = 0;
        for j in 0..slots {
            if j + 1 == slots || self.end(j) - self.first[begin] as usize >= RUN {
                self.runs.push(begin..j + 1);
                begin = j + 1;
            }
        }
    }
}
