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
use crate::survival::cox::kernels::width;
use crate::survival::cox::{Columns, Room, Standardised, standardise};
use crate::survival::table::{End, ordered};
use crate::survival::{FitError, Sample};

/// Rows in a run of slots, at least (but for the last): the unit of parallel work. Runs depend on
/// the data only, never on the number of threads.
const RUN: usize = 2048;
/// Rows per column in a run, at least: runs hand back a matrix of columns by columns.
const PER_COLUMN: usize = 64;
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

/// Consecutive slots with their rows. Strata may begin anywhere within.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) slots: Range<usize>,
    /// Positions.
    pub(super) rows: Range<usize>,
    /// Which of [`Layout::tied`] belong to it.
    pub(super) tied: Range<usize>,
    /// The first slot that opens a stratum: those before it go on from the run before. And the last
    /// one: it and those after it go on in the next run. Without any, the run's end and beginning.
    pub(super) head_end: usize,
    pub(super) tail: usize,
    /// Whether a stratum opens in it.
    pub(super) opens: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Layout<'a> {
    pub(super) sample: &'a Sample,
    /// What was subtracted from each column, and what it was divided by; which do not vary.
    pub(super) columns: Columns,
    /// Rows of covariates, filled up with zeros to the width.
    x: Room,
    width: usize,
    /// By position: the row of the sample.
    pub(super) row: Vec<u32>,
    /// By position, where rows are weighted.
    weight: Option<Vec<f64>>,
    /// By position, around its mean.
    pub(super) offset: Option<Vec<f64>>,
    pub(super) offset_centre: f64,
    /// By position: the time of the exit, and whether the row is censored there.
    pub(super) exit: Vec<f64>,
    pub(super) censored: Vec<bool>,
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
    death_weight: Option<Vec<f64>>,
    pub(super) reach: Vec<f64>,
    /// Slots with more than one death.
    pub(super) tied: Vec<u32>,
    /// By slot: where its late entries begin in `late`: positions whose entry slot it is.
    pub(super) late_from: Vec<u32>,
    pub(super) late: Vec<u32>,
    pub(super) strata: Vec<Stratum>,
    /// By slot: whether it opens a stratum.
    pub(super) opens: Vec<bool>,
    pub(super) runs: Vec<Run>,
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
        let row = sorted_rows(sample, cause);
        let n = row.len();
        let mut found = Slots::new(sample, cause);
        // Slots are found one after the other; meanwhile the covariates are copied.
        let (slots, Standardised { x, columns, .. }) = rayon::join(
            || found.add_strata(sample, &row, cause, convention),
            || standardise(sample, &row, None),
        );
        slots?;
        let pick =
            |values: &[f64]| -> Vec<f64> { row.par_iter().map(|&r| values[r as usize]).collect() };
        let weight: Option<Vec<f64>> = sample.weights().map(pick);
        let death_weight = weight.as_ref().map(|w| {
            let deaths = found.first.iter().zip(&found.deaths);
            deaths.map(|(&k, &d)| w[k as usize..][..d as usize].iter().sum()).collect()
        });
        let mut offset = sample.offset().map(pick);
        let offset_centre =
            sample.offset().map_or(0.0, |offset| offset.iter().map(|v| v / n as f64).sum());
        offset.iter_mut().flatten().for_each(|v| *v -= offset_centre);
        let tied: Vec<u32> =
            (0..found.time.len() as u32).filter(|&j| found.deaths[j as usize] > 1).collect();
        let mut l = Self {
            sample,
            width: width(columns.centre.len()),
            columns,
            x,
            row,
            weight,
            offset,
            offset_centre,
            exit: found.exit,
            censored: found.censored,
            slot: found.slot,
            entry: None,
            ahead: found.ahead,
            time: found.time,
            first: found.first,
            deaths: found.deaths,
            death_weight,
            reach: found.reach,
            tied,
            late_from: Vec::new(),
            late: Vec::new(),
            strata: found.strata,
            opens: found.opens,
            runs: Vec::new(),
        };
        l.find_entries();
        l.find_runs();
        Ok(l)
    }

    /// Columns.
    pub(super) fn p(&self) -> usize {
        self.columns.centre.len()
    }

    /// The distance between rows of covariates: columns, filled up to whole vectors.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The (centred, scaled) covariates at some positions, row after row.
    pub(super) fn rows(&self, positions: Range<usize>) -> &[f64] {
        &self.x.values()[positions.start * self.width..positions.end * self.width]
    }

    /// The (centred, scaled) covariates of the row at a position, filled up with zeros.
    pub(super) fn x(&self, position: usize) -> &[f64] {
        self.rows(position..position + 1)
    }

    /// The weight of the row at a position.
    pub(super) fn weight(&self, position: usize) -> f64 {
        self.weight.as_ref().map_or(1.0, |w| w[position])
    }

    /// Weights by position, where rows are weighted.
    pub(super) fn weights(&self) -> Option<&[f64]> {
        self.weight.as_deref()
    }

    /// Rows.
    pub(super) fn n(&self) -> usize {
        self.sample.len()
    }

    /// All deaths, and their total weight.
    pub(super) fn events(&self) -> (usize, f64) {
        let deaths = self.deaths.iter().map(|&d| d as usize).sum();
        (deaths, self.death_weight.as_ref().map_or(deaths as f64, |w| w.iter().sum()))
    }

    /// The weight of the deaths at a slot.
    pub(super) fn death_weight(&self, slot: usize) -> f64 {
        self.death_weight.as_ref().map_or(f64::from(self.deaths[slot]), |w| w[slot])
    }

    /// One past the position of the last row of a slot.
    pub(super) fn end(&self, slot: usize) -> usize {
        self.first.get(slot + 1).map_or(self.n(), |&f| f as usize)
    }

    /// Positions of the rows from a slot's first to the next slot's.
    pub(super) fn group(&self, slot: usize) -> Range<usize> {
        self.first[slot] as usize..self.end(slot)
    }

    /// Positions of the rows that end by the cause at a slot.
    pub(super) fn dying(&self, slot: usize) -> Range<usize> {
        let begin = self.first[slot] as usize;
        begin..begin + self.deaths[slot] as usize
    }

    /// The slot of each row's entry, and the rows that enter after their stratum's first event.
    fn find_entries(&mut self) {
        let slots = self.time.len();
        let Some(entry) = self.sample.outcome().entry() else { return };
        let mut found = vec![0u32; self.n()];
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
        for (k, &slot) in found.iter().enumerate() {
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
        let size = RUN.max(PER_COLUMN * self.p());
        let slots = self.time.len();
        let (mut begin, mut tie) = (0, 0);
        for j in 0..slots {
            let rows = self.first[begin] as usize..self.end(j);
            if j + 1 < slots && rows.len() < size {
                continue;
            }
            let end = j + 1;
            let opening = |&j: &usize| self.opens[j];
            let ties = tie + self.tied[tie..].partition_point(|&j| (j as usize) < end);
            self.runs.push(Run {
                slots: begin..end,
                rows,
                tied: tie..ties,
                head_end: (begin..end).find(opening).unwrap_or(end),
                tail: (begin..end).rfind(opening).unwrap_or(begin),
                opens: (begin..end).any(|j| opening(&j)),
            });
            (begin, tie) = (end, ties);
        }
    }
}

/// What each run is handed by those before it, of what each adds from its tail.
pub(super) fn from_before<T: Clone>(
    runs: &[Run],
    added: &[T],
    none: &T,
    add: impl Fn(&mut T, &T),
) -> Vec<T> {
    let mut carry = none.clone();
    let mut carries = Vec::with_capacity(runs.len());
    for (run, added) in runs.iter().zip(added) {
        carries.push(carry.clone());
        if run.opens {
            carry.clone_from(none);
        }
        add(&mut carry, added);
    }
    carries
}

/// What each run is handed by those after it, of what each adds from its head.
pub(super) fn from_after<T: Clone>(
    runs: &[Run],
    added: &[T],
    none: &T,
    add: impl Fn(&mut T, &T),
) -> Vec<T> {
    let mut carry = none.clone();
    let mut carries = vec![carry.clone(); runs.len()];
    for ((run, added), to) in runs.iter().zip(added).zip(&mut carries).rev() {
        to.clone_from(&carry);
        if run.opens {
            carry.clone_from(none);
        }
        add(&mut carry, added);
    }
    carries
}

/// The slots of all strata, found in one walk.
struct Slots {
    exit: Vec<f64>,
    censored: Vec<bool>,
    slot: Vec<u32>,
    ahead: Vec<f64>,
    time: Vec<f64>,
    first: Vec<u32>,
    deaths: Vec<u32>,
    reach: Vec<f64>,
    opens: Vec<bool>,
    strata: Vec<Stratum>,
}

impl Slots {
    /// With all the room that they can need: what grows leaves holes behind, which add up to more than
    /// itself.
    fn new(sample: &Sample, cause: u32) -> Self {
        let (n, slots) = (sample.len(), sample.outcome().events(cause) + 1);
        Self {
            exit: Vec::with_capacity(n),
            censored: Vec::with_capacity(n),
            slot: Vec::with_capacity(n),
            ahead: Vec::with_capacity(n),
            time: Vec::with_capacity(slots),
            first: Vec::with_capacity(slots),
            deaths: Vec::with_capacity(slots),
            reach: Vec::with_capacity(slots),
            opens: Vec::with_capacity(slots),
            strata: Vec::new(),
        }
    }

    fn open_slot(&mut self, time: f64, first: usize, reach: f64, opens: bool) {
        self.time.push(time);
        self.first.push(first as u32);
        self.deaths.push(0);
        self.reach.push(reach);
        self.opens.push(opens);
    }

    /// The slots of all strata, from sorted rows.
    fn add_strata(
        &mut self,
        sample: &Sample,
        row: &[u32],
        cause: u32,
        convention: Convention,
    ) -> Result<(), FitError> {
        let y = sample.outcome();
        let end = |&row: &u32| (y.exit()[row as usize], y.cause()[row as usize], row);
        let ends: Vec<End> = row.par_iter().map(end).collect();
        let strata = sample.strata();
        let of = |r: u32| strata.map_or(0, |s| s[r as usize]);
        let mut begin = 0;
        while begin < row.len() {
            let number = of(row[begin]);
            let rows = begin..begin + row[begin..].partition_point(|&r| of(r) == number);
            begin = rows.end;
            self.add_stratum(sample, number, rows.start, &ends[rows], cause, convention)?;
        }
        Ok(())
    }

    /// Slots, and what rows carry ahead, of one stratum's sorted rows, the first of which is at
    /// position `begin`.
    fn add_stratum(
        &mut self,
        sample: &Sample,
        number: u32,
        begin: usize,
        ends: &[End],
        cause: u32,
        convention: Convention,
    ) -> Result<(), FitError> {
        // finegray's curves count rows, whatever their weight.
        let weights = sample.weights().filter(|_| convention == Convention::Crr);
        let observed = Observed::new(sample.outcome(), weights, ends, convention);
        let opening = self.time.len();
        let last = ends.iter().rfind(|end| end.1 == cause).map_or(f64::NEG_INFINITY, |end| end.0);
        self.open_slot(f64::NEG_INFINITY, begin, 0.0, true);
        let mut reach = observed.reach();
        for (k, &(exit, ended, _)) in (begin..).zip(ends) {
            let a = reach.at(exit);
            let mut ahead = 0.0;
            if ended == cause {
                if self.time.len() == opening + 1 || self.time.last() != Some(&exit) {
                    self.open_slot(exit, k, a, false);
                }
                if let Some(deaths) = self.deaths.last_mut() {
                    *deaths += 1;
                }
            } else if ended > 0 && exit < last {
                ahead = 1.0 / a;
                if !ahead.is_finite() {
                    return Err(unobserved(exit));
                }
            }
            self.exit.push(exit);
            self.censored.push(ended == 0);
            self.slot.push(self.time.len() as u32 - 1);
            self.ahead.push(ahead);
        }
        let (slots, rows) = (opening..self.time.len(), begin..begin + ends.len());
        self.strata.push(Stratum { number, slots, rows, observed });
        Ok(())
    }
}
