//! Late entries: from which event on a row is at risk.

use rayon::prelude::*;

use super::layout::Times;
use crate::survival::Sample;

/// Rows that leave the risk set when time runs backwards.
#[derive(Debug, Clone)]
pub(crate) struct Leaving {
    /// By position: the first slot at which the row is at risk.
    pub(crate) entry_slot: Vec<u32>,
    /// Positions of rows that enter after their stratum's first event, by entry slot.
    order: Vec<u32>,
    /// `order[start[j]..start[j + 1]]` enter at slot j.
    start: Vec<u32>,
}

impl Leaving {
    /// From entry slots by position.
    pub(super) fn new(entry_slot: Vec<u32>, t: &Times) -> Self {
        let slots = t.time.len();
        let mut opens = vec![false; slots + 1];
        for s in &t.strata {
            opens[s.slots.start] = true;
        }
        // A counting sort by entry slot; who enters before the first event never leaves.
        let mut start = vec![0u32; slots + 2];
        for &slot in entry_slot.iter().filter(|&&j| !opens[j as usize]) {
            start[slot as usize + 2] += 1;
        }
        for j in 2..start.len() {
            start[j] += start[j - 1];
        }
        let mut order = vec![0u32; start.last().copied().unwrap_or(0) as usize];
        for (position, &slot) in entry_slot.iter().enumerate() {
            if !opens[slot as usize] {
                // The cursor of slot j is start[j + 1], which ends where the next one begins.
                let next = &mut start[slot as usize + 1];
                order[*next as usize] = position as u32;
                *next += 1;
            }
        }
        start.pop();
        Self { entry_slot, order, start }
    }

    /// Positions of the rows that enter just before a slot.
    pub(crate) fn at(&self, slot: usize) -> &[u32] {
        &self.order[self.range(slot)]
    }

    /// Where in [`Leaving::order`] the rows of a slot are.
    pub(super) fn range(&self, slot: usize) -> std::ops::Range<usize> {
        self.start[slot] as usize..self.start[slot + 1] as usize
    }

    /// Positions of all rows that enter late, by slot.
    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }
}

/// Finds the first slot after each row's entry; rows that are at risk at no event are taken out of
/// `t`. `None` where nobody enters late.
pub(super) fn entry_slots(sample: &Sample, t: &mut Times) -> Option<Vec<u32>> {
    let entry = sample.outcome().entry()?;
    let searches: Vec<Search> =
        t.strata.iter().map(|s| Search::new(&t.time, s.slots.clone())).collect();
    let mut stratum = vec![0u32; t.time.len()];
    for (k, s) in t.strata.iter().enumerate() {
        stratum[s.slots.clone()].fill(k as u32);
    }
    let find = |(&row, &exit): (&u32, &u32)| {
        searches[stratum[exit as usize - 1] as usize].after(&t.time, entry[row as usize]) as u32
    };
    let mut slots: Vec<u32> = t.row.par_iter().zip(&t.exit_slot).map(find).collect();
    let mut kept = 0;
    for k in 0..slots.len() {
        if slots[k] < t.exit_slot[k] {
            (t.row[kept], t.exit_slot[kept], slots[kept]) = (t.row[k], t.exit_slot[k], slots[k]);
            kept += 1;
        }
    }
    t.row.truncate(kept);
    t.exit_slot.truncate(kept);
    slots.truncate(kept);
    Some(slots)
}

/// Finds a time among the slots of a stratum: equal stretches of time say where to look.
struct Search {
    slots: std::ops::Range<usize>,
    least: f64,
    /// Stretches per unit of time.
    per: f64,
    /// By stretch, and one more: its first slot.
    first: Vec<u32>,
}

impl Search {
    fn new(time: &[f64], slots: std::ops::Range<usize>) -> Self {
        let (least, most) = (time[slots.start], time[slots.end - 1]);
        let stretches = slots.len();
        let per = stretches as f64 / (most - least);
        let mut search = Self { first: Vec::new(), least, per, slots };
        if stretches < 32 || !(per.is_finite() && per > 0.0) {
            search.first = vec![search.slots.start as u32, search.slots.end as u32];
            return search;
        }
        search.first = vec![search.slots.end as u32; stretches + 1];
        for slot in search.slots.clone().rev() {
            let stretch = search.stretch(time[slot], stretches);
            search.first[stretch] = slot as u32;
        }
        for k in (0..stretches).rev() {
            search.first[k] = search.first[k].min(search.first[k + 1]);
        }
        search
    }

    /// Never falls as time rises, so that other stretches need not be looked at.
    fn stretch(&self, time: f64, stretches: usize) -> usize {
        (((time - self.least) * self.per) as usize).min(stretches - 1)
    }

    /// The first slot with a time after `at`.
    fn after(&self, time: &[f64], at: f64) -> usize {
        let k = self.stretch(at, self.first.len() - 1);
        let (low, high) = (self.first[k] as usize, self.first[k + 1] as usize);
        low + time[low..high].partition_point(|&t| t <= at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_finds_what_a_plain_one_finds() {
        let even: Vec<f64> = (0..100).map(|k| k as f64).collect();
        let skewed: Vec<f64> = (0..100).map(|k| (k as f64 * 0.3).exp()).collect();
        let far: Vec<f64> = (0..100).map(|k| (k as f64 - 50.0) * 3e306).collect();
        let one = vec![5.0];
        for times in [even, skewed, far, one] {
            let n = times.len();
            let search = Search::new(&times, 0..n);
            let mut probes: Vec<f64> =
                times.iter().flat_map(|&t| [t, t * 1.001, t - 0.4]).collect();
            probes.extend([f64::MIN, f64::MAX, 0.0]);
            for at in probes {
                assert_eq!(search.after(&times, at), times.partition_point(|&t| t <= at), "{at}");
            }
        }
    }
}
