//! The rows of one Cox fit in the order in which the likelihood reads them.
//!
//! Rows are sorted by stratum and exit; events come before censorings at the same time. Event
//! times of a stratum have consecutive *slots*, and one empty slot closes each stratum, so that
//! `cumulative[exit_slot] - cumulative[entry_slot]` is always a difference within one stratum.
//! The *group* of a slot are the rows that leave between it and the next. Rows that are at risk at
//! no event time are left out. Covariates are copied in this order, centred and scaled.

use rayon::prelude::*;

use super::entries::{Leaving, entry_slots};
use super::kernels::width;
use super::room::Room;
use super::standardise::{Columns, Standardised, standardise};
use crate::survival::Sample;

/// Rows in a chunk, at least (but for the last): the unit of parallel work. Chunks depend on the
/// data only, never on the number of threads.
pub(crate) const CHUNK: usize = 4096;
/// Rows per column in a chunk, at least: chunks hand back a matrix of columns by columns.
const PER_COLUMN: usize = 64;

/// A run of whole groups.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    /// Positions.
    pub(crate) rows: std::ops::Range<usize>,
    /// Which of [`Layout::tied`] belong to it.
    pub(crate) tied: std::ops::Range<usize>,
    /// Slots of its event times, with those that close a stratum.
    pub(crate) slots: std::ops::Range<usize>,
}

/// The event times of one stratum.
#[derive(Debug, Clone)]
pub(crate) struct StratumSlots {
    /// The stratum's number in the sample (0 without strata).
    pub(crate) stratum: u32,
    /// Slots of its event times; `slots.end` is the empty slot that closes it.
    pub(crate) slots: std::ops::Range<usize>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Layout<'a> {
    pub(crate) sample: &'a Sample,
    /// What was subtracted from each column, and what it was divided by; which do not vary.
    pub(crate) columns: Columns,
    /// By position: the row of the sample.
    pub(crate) row: Vec<u32>,
    /// By position: one past the slot of the row's group.
    pub(crate) exit_slot: Vec<u32>,
    pub(crate) leaving: Option<Leaving>,
    /// By position, where rows are weighted.
    weight: Option<Vec<f64>>,
    /// By position, around its mean.
    pub(crate) offset: Option<Vec<f64>>,
    pub(crate) offset_centre: f64,
    /// By slot: the time (NaN for a closing slot), deaths and their weight.
    pub(crate) time: Vec<f64>,
    pub(crate) deaths: Vec<u32>,
    death_weight: Option<Vec<f64>>,
    /// By slot, and one more: the position of the first row of its group; deaths come first.
    pub(crate) first: Vec<u32>,
    /// Slots with more than one death.
    pub(crate) tied: Vec<u32>,
    pub(crate) strata: Vec<StratumSlots>,
    pub(crate) chunks: Vec<Chunk>,
    /// Strata of the sample without an event, with their rows.
    pub(crate) empty_strata: Vec<(u32, usize)>,
    /// Rows of covariates, filled up with zeros to the width.
    x: Room,
    width: usize,
    /// The largest distance of a covariate from its mean, in standard deviations.
    pub(crate) furthest: f64,
}

/// A row in the order of the likelihood: stratum, exit, event before censoring, and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(u128);

impl Key {
    fn new(stratum: u32, exit: f64, event: bool, row: usize) -> Self {
        let low = row as u32 | (u32::from(!event) << 31);
        Self(u128::from(stratum) << 96 | u128::from(ordered(exit)) << 32 | u128::from(low))
    }

    fn stratum(self) -> u32 {
        (self.0 >> 96) as u32
    }

    /// The exit time as [`ordered`] turned it.
    fn time(self) -> u64 {
        (self.0 >> 32) as u64
    }

    fn event(self) -> bool {
        self.0 as u32 >> 31 == 0
    }

    pub(crate) fn row(self) -> u32 {
        self.0 as u32 & (u32::MAX >> 1)
    }
}

/// Sorts as the number does; −0 as 0.
fn ordered(v: f64) -> u64 {
    let bits = (v + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// Turns [`ordered`] back.
fn number(bits: u64) -> f64 {
    f64::from_bits(if bits >> 63 == 1 { bits & !(1 << 63) } else { !bits })
}

/// The sample's rows in the order of the likelihood.
pub(crate) fn sorted_rows(sample: &Sample, cause: u32) -> Vec<Key> {
    let (exit, causes) = (sample.outcome().exit(), sample.outcome().cause());
    let strata = sample.strata();
    let mut keys: Vec<Key> = (0..sample.len())
        .into_par_iter()
        .map(|i| Key::new(strata.map_or(0, |s| s[i]), exit[i], causes[i] == cause, i))
        .collect();
    keys.par_sort_unstable();
    keys
}

/// Event times of all strata and the rows that may be at risk, found in one walk.
#[derive(Default)]
pub(super) struct Times {
    pub(super) time: Vec<f64>,
    deaths: Vec<u32>,
    pub(super) strata: Vec<StratumSlots>,
    empty: Vec<(u32, usize)>,
    /// Rows that leave at or after the first event of their stratum, with one past their slot.
    pub(super) row: Vec<u32>,
    pub(super) exit_slot: Vec<u32>,
}

fn event_times(sorted: &[Key]) -> Times {
    let mut t = Times {
        row: Vec::with_capacity(sorted.len()),
        exit_slot: Vec::with_capacity(sorted.len()),
        ..Times::default()
    };
    for rows in sorted.chunk_by(|a, b| a.stratum() == b.stratum()) {
        let begin = t.time.len();
        let mut last = None;
        for key in rows {
            if key.event() {
                if last != Some(key.time()) {
                    last = Some(key.time());
                    t.time.push(number(key.time()));
                    t.deaths.push(0);
                }
                if let Some(deaths) = t.deaths.last_mut() {
                    *deaths += 1;
                }
            }
            if last.is_some() {
                t.row.push(key.row());
                t.exit_slot.push(t.time.len() as u32);
            }
        }
        let stratum = rows.first().map_or(0, |k| k.stratum());
        if last.is_none() {
            t.empty.push((stratum, rows.len()));
            continue;
        }
        t.strata.push(StratumSlots { stratum, slots: begin..t.time.len() });
        t.time.push(f64::NAN);
        t.deaths.push(0);
    }
    t
}

impl<'a> Layout<'a> {
    /// Lays out a sample for one cause.
    pub(crate) fn new(sample: &'a Sample, cause: u32) -> Self {
        Self::from_sorted(sample, sorted_rows(sample, cause), None)
    }

    /// Lays out some rows of a sample, in the order of [`sorted_rows`]; covariates are brought to
    /// the scale of `columns` where given.
    pub(crate) fn from_sorted(
        sample: &'a Sample,
        sorted: Vec<Key>,
        columns: Option<&Columns>,
    ) -> Self {
        let mut t = event_times(&sorted);
        drop(sorted);
        let entry = entry_slots(sample, &mut t);
        let slots = t.time.len();
        let leaving = entry.map(|entry| Leaving::new(entry, &t));
        let first = first_positions(&t.exit_slot, slots);
        let tied: Vec<u32> = (0..slots as u32).filter(|&j| t.deaths[j as usize] > 1).collect();
        let p = sample.x().ncols();
        let chunks = chunks(&first, slots, &tied, CHUNK.max(PER_COLUMN * p));
        let pick = |values: &[f64]| -> Vec<f64> {
            t.row.par_iter().map(|&r| values[r as usize]).collect()
        };
        let mut offset = sample.offset().map(pick);
        let mut offset_centre = 0.0;
        if let Some(o) = &mut offset {
            let n = o.len().max(1) as f64;
            offset_centre = o.iter().map(|v| v / n).sum();
            for v in o {
                *v -= offset_centre;
            }
        }
        let weight = sample.weights().map(pick);
        let death_weight = weight.as_ref().map(|w| {
            let sum = |j: usize| {
                let begin = first[j] as usize;
                w[begin..begin + t.deaths[j] as usize].iter().sum()
            };
            (0..slots).map(sum).collect()
        });
        let Standardised { x, columns, furthest } = standardise(sample, &t.row, columns);
        Self {
            sample,
            columns,
            row: t.row,
            exit_slot: t.exit_slot,
            leaving,
            weight,
            offset,
            offset_centre,
            time: t.time,
            deaths: t.deaths,
            death_weight,
            first,
            tied,
            strata: t.strata,
            chunks,
            empty_strata: t.empty,
            x,
            width: width(p),
            furthest,
        }
    }

    /// Columns.
    pub(crate) fn p(&self) -> usize {
        self.columns.centre.len()
    }

    /// The distance between rows of covariates: columns, filled up to whole vectors.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The (centred, scaled) covariates at some positions, row after row.
    pub(crate) fn rows(&self, positions: std::ops::Range<usize>) -> &[f64] {
        &self.x.values()[positions.start * self.width..positions.end * self.width]
    }

    /// The (centred, scaled) covariates of the row at a position, filled up with zeros.
    pub(crate) fn x(&self, position: usize) -> &[f64] {
        self.rows(position..position + 1)
    }

    /// The weight of the row at a position.
    pub(crate) fn weight(&self, position: usize) -> f64 {
        self.weight.as_ref().map_or(1.0, |w| w[position])
    }

    /// Weights by position, where rows are weighted.
    pub(crate) fn weights(&self) -> Option<&[f64]> {
        self.weight.as_deref()
    }

    /// The weight of the deaths at a slot.
    pub(crate) fn death_weight(&self, slot: usize) -> f64 {
        self.death_weight.as_ref().map_or(f64::from(self.deaths[slot]), |w| w[slot])
    }

    /// Positions of the rows that leave between a slot and the next.
    pub(crate) fn group(&self, slot: usize) -> std::ops::Range<usize> {
        self.first[slot] as usize..self.first[slot + 1] as usize
    }

    /// Positions of the rows that end at a slot.
    pub(crate) fn dying(&self, slot: usize) -> std::ops::Range<usize> {
        let begin = self.first[slot] as usize;
        begin..begin + self.deaths[slot] as usize
    }

    /// All deaths, and their total weight.
    pub(crate) fn events(&self) -> (usize, f64) {
        let deaths = self.deaths.iter().map(|&d| d as usize).sum();
        let weight = self.death_weight.as_ref().map_or(deaths as f64, |w| w.iter().sum());
        (deaths, weight)
    }
}

/// By slot, and one more: how many rows are in groups before it.
fn first_positions(exit_slot: &[u32], slots: usize) -> Vec<u32> {
    let mut first = vec![0u32; slots + 1];
    let mut done = 0;
    for (position, &slot) in exit_slot.iter().enumerate() {
        while done < slot as usize {
            first[done] = position as u32;
            done += 1;
        }
    }
    first[done..].fill(exit_slot.len() as u32);
    first
}

/// Cuts the slots where `size` rows are reached.
fn chunks(first: &[u32], slots: usize, tied: &[u32], size: usize) -> Vec<Chunk> {
    let mut out: Vec<Chunk> = Vec::new();
    let mut begin = (0, 0, 0);
    for slot in 1..=slots {
        let row = first[slot] as usize;
        if row - begin.0 < size && slot < slots {
            continue;
        }
        let tie = begin.2 + tied[begin.2..].partition_point(|&j| (j as usize) < slot);
        out.push(Chunk { rows: begin.0..row, slots: begin.1..slot, tied: begin.2..tie });
        begin = (row, slot, tie);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survival::Outcome;
    use ndarray::Array2;

    #[test]
    fn times_turn_into_keys_and_back() {
        let times = [-2.5, -0.0, 0.0, 1e-300, 3.25, 1e300];
        for pair in times.windows(2) {
            assert!(ordered(pair[0]) <= ordered(pair[1]));
            assert_eq!(number(ordered(pair[1])), pair[1]);
        }
        let key = Key::new(7, -2.5, true, 12);
        assert_eq!(
            (key.stratum(), number(key.time()), key.event(), key.row()),
            (7, -2.5, true, 12)
        );
        assert!(key < Key::new(7, -2.5, false, 3));
        assert!(Key::new(7, 9.0, false, 3) < Key::new(8, 1.0, true, 0));
    }

    #[test]
    fn groups_hold_the_rows_between_events() {
        // Stratum 0: censored at 1, events at 2 (two) and 4, censored at 4 and 5; stratum 1: none;
        // stratum 2: an event at 3, and a row that comes after it.
        let exit = vec![1.0, 2.0, 2.0, 4.0, 4.0, 5.0, 9.0, 3.0, 4.0];
        let cause = vec![0, 1, 1, 1, 0, 0, 0, 1, 0];
        let mut entry = vec![0.0; 9];
        entry[8] = 3.0;
        entry[3] = 2.0;
        let y = Outcome::new(Some(entry), exit, cause, vec!["a".into()]).unwrap();
        let x = Array2::from_shape_fn((9, 1), |(i, _)| i as f64);
        let s = Sample::new(x, vec!["x".into()], y).unwrap();
        let s = s.with_strata(vec![0, 0, 0, 0, 0, 0, 1, 2, 2]).unwrap();
        let l = Layout::new(&s, 1);
        assert_eq!(l.row, [1, 2, 3, 4, 5, 7]);
        assert_eq!(l.deaths, [2, 1, 0, 1, 0]);
        assert_eq!(l.first, [0, 2, 5, 5, 6, 6]);
        assert_eq!(l.exit_slot, [1, 1, 2, 2, 2, 4]);
        assert_eq!(l.group(1), 2..5);
        assert_eq!(l.dying(1), 2..3);
        assert_eq!(l.empty_strata, [(1, 1)]);
        assert_eq!(l.tied, [0]);
        let leaving = l.leaving.as_ref().unwrap();
        assert_eq!(leaving.entry_slot, [0, 0, 1, 0, 0, 3]);
        assert_eq!(leaving.at(1), [2]);
        assert_eq!(l.chunks.len(), 1);
        assert_eq!(l.chunks[0].slots, 0..5);
    }
}
