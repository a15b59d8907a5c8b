//! The rows of one Cox fit in the order in which the likelihood reads them.
//!
//! Rows are sorted by stratum and exit; events come before censorings at the same time. Event
//! times of a stratum have consecutive *slots*, and one empty slot closes each stratum, so that
//! `cumulative[exit_slot] - cumulative[entry_slot]` is always a difference within one stratum.
//! Rows that are at risk at no event time are left out. Covariates are centred and scaled, and
//! stored in tiles of [`TILE`] rows, column after column, so that all loops run over contiguous
//! memory and keep their tile in the first-level cache.

use rayon::prelude::*;

use crate::survival::Sample;

/// Rows in a tile.
pub(crate) const TILE: usize = 128;
/// Rows in a chunk, at least (but for the last): the unit of parallel work. Chunks depend on the
/// data only, never on the number of threads.
const CHUNK: usize = 4096;
/// A row that is only there to fill a tile.
pub(crate) const PAD: u32 = u32::MAX;

/// A run of tiles that holds whole risk groups.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    /// Positions, a whole number of tiles.
    pub(crate) rows: std::ops::Range<usize>,
    /// Which of [`Layout::tied`] belong to it.
    pub(crate) tied: std::ops::Range<usize>,
    /// Slots of its event times.
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

/// Rows that leave the risk set when time runs backwards: late entries.
#[derive(Debug, Clone)]
pub(crate) struct Leaving {
    /// By position: the first slot at which the row is at risk.
    pub(crate) entry_slot: Vec<u32>,
    /// Positions of rows that enter after their stratum's first event, by entry slot.
    pub(crate) order: Vec<u32>,
    /// `order[start[j]..start[j + 1]]` enter at slot j.
    pub(crate) start: Vec<u32>,
}

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Layout<'a> {
    pub(crate) sample: &'a Sample,
    /// Subtracted from each column, and divided by; 1 for a constant column.
    pub(crate) centre: Vec<f64>,
    pub(crate) scale: Vec<f64>,
    /// Columns that do not vary.
    pub(crate) constant: Vec<bool>,
    /// By position: the row of the sample, or [`PAD`].
    pub(crate) row: Vec<u32>,
    tiles: Vec<f64>,
    /// The largest distance of a covariate from its mean, in standard deviations.
    pub(crate) furthest: f64,
    /// By position: one past the last slot at which the row is at risk (0 for padding).
    pub(crate) exit_slot: Vec<u32>,
    /// By position: the last row of its stratum.
    pub(crate) closes: Vec<bool>,
    pub(crate) leaving: Option<Leaving>,
    /// By position; without weights all 1 but for padding, which has 0.
    pub(crate) weight: Vec<f64>,
    /// By position, around its mean.
    pub(crate) offset: Option<Vec<f64>>,
    pub(crate) offset_centre: f64,
    /// By slot: the time, the position of the first row of its group, deaths and their weight.
    pub(crate) time: Vec<f64>,
    pub(crate) first: Vec<u32>,
    pub(crate) deaths: Vec<u32>,
    pub(crate) death_weight: Vec<f64>,
    /// Slots with more than one death.
    pub(crate) tied: Vec<u32>,
    pub(crate) strata: Vec<StratumSlots>,
    pub(crate) chunks: Vec<Chunk>,
    /// Strata of the sample without an event, with their rows.
    pub(crate) empty_strata: Vec<(u32, usize)>,
}

/// Sorts as the number does; −0 as 0.
fn ordered(v: f64) -> u64 {
    let bits = (v + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// Rows by stratum, exit, event before censoring, and row.
pub(crate) fn sorted_rows(sample: &Sample, cause: u32) -> Vec<u32> {
    let (exit, causes) = (sample.outcome().exit(), sample.outcome().cause());
    let strata = sample.strata();
    let mut keys: Vec<(u32, u64, u32)> = (0..sample.len())
        .into_par_iter()
        .map(|i| {
            // The row's number in 31 bits under the flag for "no event".
            let tail = (i as u32) | (u32::from(causes[i] != cause) << 31);
            (strata.map_or(0, |s| s[i]), ordered(exit[i]), tail)
        })
        .collect();
    keys.par_sort_unstable();
    keys.into_par_iter().map(|k| k.2 & (u32::MAX >> 1)).collect()
}

/// Event times of all strata, found in one walk over the sorted rows.
struct Times {
    time: Vec<f64>,
    deaths: Vec<u32>,
    death_weight: Vec<f64>,
    strata: Vec<StratumSlots>,
    empty: Vec<(u32, usize)>,
    /// By sorted row: one past its last slot; 0 where it precedes all events of its stratum.
    exit_slot: Vec<u32>,
    /// By sorted row: index into `strata`.
    stratum: Vec<u32>,
}

fn event_times(sample: &Sample, cause: u32, sorted: &[u32]) -> Times {
    let (exit, causes) = (sample.outcome().exit(), sample.outcome().cause());
    let mut t = Times {
        time: Vec::new(),
        deaths: Vec::new(),
        death_weight: Vec::new(),
        strata: Vec::new(),
        empty: Vec::new(),
        exit_slot: Vec::with_capacity(sorted.len()),
        stratum: Vec::new(),
    };
    let stratum_of = |row: u32| sample.strata().map_or(0, |s| s[row as usize]);
    let mut at = 0;
    while at < sorted.len() {
        let stratum = stratum_of(sorted[at]);
        let begin = t.time.len();
        let first_row = at;
        while at < sorted.len() && stratum_of(sorted[at]) == stratum {
            let row = sorted[at] as usize;
            if causes[row] == cause {
                if t.time.len() == begin || t.time.last() != Some(&exit[row]) {
                    t.time.push(exit[row]);
                    t.deaths.push(0);
                    t.death_weight.push(0.0);
                }
                let j = t.time.len() - 1;
                t.deaths[j] += 1;
                t.death_weight[j] += sample.weights().map_or(1.0, |w| w[row]);
            }
            let j = t.time.len();
            t.exit_slot.push(if j == begin { 0 } else { j as u32 });
            at += 1;
        }
        if t.time.len() == begin {
            t.empty.push((stratum, at - first_row));
            continue;
        }
        t.strata.push(StratumSlots { stratum, slots: begin..t.time.len() });
        t.time.push(f64::NAN);
        t.deaths.push(0);
        t.death_weight.push(0.0);
    }
    if t.strata.len() > 1 || !t.empty.is_empty() {
        let index: std::collections::BTreeMap<u32, u32> =
            t.strata.iter().enumerate().map(|(k, s)| (s.stratum, k as u32)).collect();
        t.stratum =
            sorted.iter().map(|&r| index.get(&stratum_of(r)).copied().unwrap_or(PAD)).collect();
    }
    t
}

impl<'a> Layout<'a> {
    /// Lays out a sample for one cause.
    pub(crate) fn new(sample: &'a Sample, cause: u32) -> Self {
        Self::from_sorted(sample, cause, &sorted_rows(sample, cause))
    }

    /// Lays out some rows of a sample, which are in the order of [`sorted_rows`].
    pub(crate) fn from_sorted(sample: &'a Sample, cause: u32, sorted: &[u32]) -> Self {
        let t = event_times(sample, cause, sorted);
        let entry = entry_slots(sample, sorted, &t);
        // Positions: used rows, chunk after chunk, each filled up to whole tiles.
        let n = sorted.len();
        let mut row = Vec::with_capacity(n + TILE);
        let mut from = Vec::with_capacity(n + TILE);
        let mut first = vec![0u32; t.time.len()];
        let mut chunks: Vec<Chunk> = Vec::new();
        let tied: Vec<u32> =
            (0..t.time.len() as u32).filter(|&j| t.deaths[j as usize] > 1).collect();
        let (mut begin, mut slot_begin, mut tied_begin) = (0, 0, 0);
        let mut last_slot = 0;
        let mut close = |row: &mut Vec<u32>, from: &mut Vec<u32>, slot_end: usize| {
            while !row.len().is_multiple_of(TILE) {
                row.push(PAD);
                from.push(PAD);
            }
            let tied_end = tied.partition_point(|&j| (j as usize) < slot_end);
            chunks.push(Chunk {
                rows: begin..row.len(),
                tied: tied_begin..tied_end,
                slots: slot_begin..slot_end,
            });
            (begin, slot_begin, tied_begin) = (row.len(), slot_end, tied_end);
            begin
        };
        let mut chunk_begin = 0;
        for (k, &r) in sorted.iter().enumerate() {
            let slot = t.exit_slot[k];
            if slot == 0 || entry.as_ref().is_some_and(|e| e[k] >= slot) {
                continue;
            }
            if slot != last_slot {
                if row.len() - chunk_begin >= CHUNK {
                    chunk_begin = close(&mut row, &mut from, slot as usize - 1);
                }
                first[slot as usize - 1] = row.len() as u32;
                last_slot = slot;
            }
            row.push(r);
            from.push(k as u32);
        }
        if row.len() > chunk_begin {
            close(&mut row, &mut from, t.time.len());
        }
        let pick = |values: Option<&[f64]>, fill: f64| -> Vec<f64> {
            row.par_iter()
                .map(|&r| if r == PAD { 0.0 } else { values.map_or(fill, |v| v[r as usize]) })
                .collect()
        };
        let exit_slot: Vec<u32> =
            from.par_iter().map(|&k| if k == PAD { 0 } else { t.exit_slot[k as usize] }).collect();
        let mut closes = vec![false; row.len()];
        for s in &t.strata {
            // The last group's rows run to the end of the stratum.
            let mut at = first[s.slots.end - 1] as usize;
            while at + 1 < row.len() && exit_slot[at + 1] as usize == s.slots.end {
                at += 1;
            }
            closes[at] = true;
        }
        let leaving = entry.map(|e| leaving(&e, &from, &t));
        let mut offset = sample.offset().map(|o| pick(Some(o), 0.0));
        let mut offset_centre = 0.0;
        if let Some(o) = &mut offset {
            let used = row.iter().filter(|&&r| r != PAD).count().max(1) as f64;
            offset_centre = o.iter().map(|v| v / used).sum();
            for (v, &r) in o.iter_mut().zip(&row) {
                *v = if r == PAD { 0.0 } else { *v - offset_centre };
            }
        }
        let weight = pick(sample.weights(), 1.0);
        let (centre, scale, constant) = standards(sample, &row);
        let (tiles, furthest) = fill_tiles(sample, &row, &centre, &scale, &constant);
        Self {
            sample,
            centre,
            scale,
            constant,
            row,
            tiles,
            furthest,
            exit_slot,
            closes,
            leaving,
            weight,
            offset,
            offset_centre,
            time: t.time,
            first,
            deaths: t.deaths,
            death_weight: t.death_weight,
            tied,
            strata: t.strata,
            chunks,
            empty_strata: t.empty,
        }
    }

    /// Columns.
    pub(crate) fn p(&self) -> usize {
        self.centre.len()
    }

    /// The tile that begins at a position: column j is `tile[j * TILE..][..TILE]`.
    pub(crate) fn tile(&self, position: usize) -> &[f64] {
        let size = self.p() * TILE;
        let at = position / TILE * size;
        &self.tiles[at..at + size]
    }

    /// One (centred, scaled) covariate of the row at a position.
    pub(crate) fn x(&self, position: usize, column: usize) -> f64 {
        self.tile(position)[column * TILE + position % TILE]
    }

    /// All deaths, and their total weight.
    pub(crate) fn events(&self) -> (usize, f64) {
        (self.deaths.iter().map(|&d| d as usize).sum(), self.death_weight.iter().sum())
    }
}

/// By sorted row: the first slot of its stratum that comes after its entry.
fn entry_slots(sample: &Sample, sorted: &[u32], t: &Times) -> Option<Vec<u32>> {
    let entry = sample.outcome().entry()?;
    let find = |k: usize| {
        let stratum = if t.stratum.is_empty() { 0 } else { t.stratum[k] };
        let Some(s) = t.strata.get(stratum as usize) else { return PAD };
        let at = entry[sorted[k] as usize];
        let after = t.time[s.slots.clone()].partition_point(|&time| time <= at);
        (s.slots.start + after) as u32
    };
    Some((0..sorted.len()).into_par_iter().map(find).collect())
}

fn leaving(entry: &[u32], from: &[u32], t: &Times) -> Leaving {
    let entry_slot: Vec<u32> =
        from.par_iter().map(|&k| if k == PAD { 0 } else { entry[k as usize] }).collect();
    let mut opens = vec![false; t.time.len() + 1];
    for s in &t.strata {
        opens[s.slots.start] = true;
    }
    // A counting sort by entry slot; who enters before the first event never leaves.
    let mut start = vec![0u32; t.time.len() + 2];
    let late = |position: usize| from[position] != PAD && !opens[entry_slot[position] as usize];
    for position in (0..from.len()).filter(|&k| late(k)) {
        start[entry_slot[position] as usize + 1] += 1;
    }
    for j in 1..start.len() {
        start[j] += start[j - 1];
    }
    let mut next = start.clone();
    let mut order = vec![0u32; start.last().copied().unwrap_or(0) as usize];
    for position in (0..from.len()).filter(|&k| late(k)) {
        let slot = entry_slot[position] as usize;
        order[next[slot] as usize] = position as u32;
        next[slot] += 1;
    }
    Leaving { entry_slot, order, start }
}

/// Mean, standard deviation and constancy of each column over the rows in use; computed around
/// the middle of the range so that neither 1e300 nor a tiny spread around 1e12 spoils them.
fn standards(sample: &Sample, row: &[u32]) -> (Vec<f64>, Vec<f64>, Vec<bool>) {
    let x = sample.x();
    let p = x.ncols();
    let blocks: Vec<_> = row.chunks(CHUNK).collect();
    let ranges: Vec<Vec<(f64, f64)>> = blocks
        .par_iter()
        .map(|rows| {
            let mut range = vec![(f64::INFINITY, f64::NEG_INFINITY); p];
            for &r in rows.iter().filter(|&&r| r != PAD) {
                for (m, &v) in range.iter_mut().zip(x.row(r as usize)) {
                    *m = (m.0.min(v), m.1.max(v));
                }
            }
            range
        })
        .collect();
    let mut range = vec![(f64::INFINITY, f64::NEG_INFINITY); p];
    for part in &ranges {
        for (m, v) in range.iter_mut().zip(part) {
            *m = (m.0.min(v.0), m.1.max(v.1));
        }
    }
    let middle: Vec<f64> = range.iter().map(|r| 0.5 * r.0 + 0.5 * r.1).collect();
    let half: Vec<f64> = range.iter().map(|r| 0.5 * r.1 - 0.5 * r.0).collect();
    let constant: Vec<bool> = (0..p)
        .map(|j| {
            let size = range[j].0.abs().max(range[j].1.abs());
            !(half[j] > 1e-13 * size && half[j] > 1e-290 && half[j].is_finite())
        })
        .collect();
    let per: Vec<f64> = (0..p).map(|j| if constant[j] { 0.0 } else { 1.0 / half[j] }).collect();
    let sums: Vec<Vec<(f64, f64)>> = blocks
        .par_iter()
        .map(|rows| {
            let mut sum = vec![(0.0, 0.0); p];
            for &r in rows.iter().filter(|&&r| r != PAD) {
                let values = x.row(r as usize);
                for j in 0..p {
                    let u = (values[j] - middle[j]) * per[j];
                    sum[j].0 += u;
                    sum[j].1 += u * u;
                }
            }
            sum
        })
        .collect();
    let n = row.iter().filter(|&&r| r != PAD).count().max(1) as f64;
    let (mut centre, mut scale) = (middle.clone(), vec![1.0; p]);
    for j in (0..p).filter(|&j| !constant[j]) {
        let (s, q) = sums.iter().fold((0.0, 0.0), |a, b| (a.0 + b[j].0, a.1 + b[j].1));
        let mean = s / n;
        centre[j] = middle[j] + half[j] * mean;
        scale[j] = half[j] * (q / n - mean * mean).max(1e-300).sqrt();
    }
    for c in centre.iter_mut().filter(|c| !c.is_finite()) {
        *c = 0.0;
    }
    (centre, scale, constant)
}

fn fill_tiles(
    sample: &Sample,
    row: &[u32],
    centre: &[f64],
    scale: &[f64],
    constant: &[bool],
) -> (Vec<f64>, f64) {
    let x = sample.x();
    let p = x.ncols();
    let mut tiles = vec![0.0; row.len() * p];
    if p == 0 {
        return (tiles, 0.0);
    }
    let per: Vec<f64> = (0..p).map(|j| if constant[j] { 0.0 } else { 1.0 / scale[j] }).collect();
    let fill = |(tile, rows): (&mut [f64], &[u32])| {
        let mut furthest: f64 = 0.0;
        for (k, &r) in rows.iter().enumerate().filter(|(_, r)| **r != PAD) {
            let values = x.row(r as usize);
            for j in 0..p {
                let v = (values[j] - centre[j]) * per[j];
                tile[j * TILE + k] = v;
                furthest = furthest.max(v.abs());
            }
        }
        furthest
    };
    let tiles_with_rows = tiles.par_chunks_mut(TILE * p).zip(row.par_chunks(TILE));
    let furthest = tiles_with_rows.map(fill).reduce(|| 0.0, f64::max);
    (tiles, furthest)
}
