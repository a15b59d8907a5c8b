//! Cuts that close part of the gap between the relaxation and a whole choice.
//!
//! All rows have whole coefficients. For a set S of rows, half their sum rounded down holds for
//! every whole choice: Σ ⌊½ Σ a⌋ x ≤ ⌊½ Σ b⌋. These are the {0, ½} cuts of Caprara and Fischetti
//! (1996); with three rows of groups and families, the subset-row cuts of Jepsen et al. (2008).
//! A set is found by eliminating columns modulo 2, those of large weight first (after Andreello,
//! Caprara and Fischetti 2007).

use std::collections::{BTreeMap, BTreeSet};

/// A cut must be violated by more than this.
const VIOLATED: f64 = 0.02;
/// Cuts of three rows added per round at most.
const PER_ROUND: usize = 150;
/// Longer row sets make dense cuts that cost more than they close.
const LONGEST: usize = 40;
/// A weight this near to 0 or 1 is that.
const WHOLE: f64 = 1e-6;
/// Fractional columns of one component that are looked at for longer cuts.
const COMPONENT: usize = 1200;
/// Rows with more room than this are not looked at.
const ROOM: f64 = 0.3;

/// The rows of a cut, in order.
pub(super) type Cut = Vec<u32>;

/// A column with a weight: its rows with their whole coefficients.
#[derive(Debug, Clone)]
pub(super) struct Weighed {
    pub rows: Vec<(u32, f64)>,
    pub x: f64,
}

/// The coefficient of a column with these entries (in any order).
pub(super) fn coefficient(cut: &Cut, rows: impl Iterator<Item = (u32, f64)>) -> f64 {
    let sum: f64 = rows.filter(|(r, _)| cut.binary_search(r).is_ok()).map(|(_, v)| v).sum();
    (sum / 2.0).floor()
}

/// The right-hand side.
pub(super) fn right(cut: &Cut, rhs: &[f64]) -> f64 {
    (cut.iter().map(|&r| rhs[r as usize]).sum::<f64>() / 2.0).floor()
}

/// Cuts that the point x violates. The first `base` rows are groups and families: coefficients
/// and right-hand sides of 1.
pub(super) fn separate(columns: &[Weighed], base: usize, rhs: &[f64]) -> Vec<Cut> {
    let mut room = rhs.to_vec();
    for column in columns {
        for &(r, v) in &column.rows {
            room[r as usize] -= v * column.x;
        }
    }
    let fractional: Vec<&Weighed> =
        columns.iter().filter(|c| c.x > WHOLE && c.x < 1.0 - WHOLE).collect();
    let mut cuts = triples(&fractional, base as u32);
    let known: BTreeSet<Cut> = cuts.iter().cloned().collect();
    let mut longer: Vec<(f64, Cut)> = Vec::new();
    for component in components(&fractional, &room) {
        eliminate(&component, &fractional, &room, rhs, &mut longer);
    }
    longer.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    longer.dedup_by(|a, b| a.1 == b.1);
    let mut used: BTreeMap<u32, usize> = BTreeMap::new();
    for (_, cut) in longer {
        if cuts.len() >= PER_ROUND {
            break;
        }
        if !known.contains(&cut) && cut.iter().all(|r| used.get(r).is_none_or(|&n| n < 6)) {
            cut.iter().for_each(|&r| *used.entry(r).or_default() += 1);
            cuts.push(cut);
        }
    }
    cuts
}

/// The most violated cuts of three rows. A triangle of rows that share weights is looked at once.
fn triples(columns: &[&Weighed], base: u32) -> Vec<Cut> {
    let mut shared: BTreeMap<(u32, u32), f64> = BTreeMap::new();
    let mut of_row: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (j, column) in columns.iter().enumerate() {
        let rows = || column.rows.iter().map(|r| r.0).filter(|&r| r < base);
        for (k, a) in rows().enumerate() {
            of_row.entry(a).or_default().push(j);
            for b in rows().take(k) {
                *shared.entry((a.min(b), a.max(b))).or_default() += column.x;
            }
        }
    }
    let mut near: BTreeMap<u32, Vec<(u32, f64)>> = BTreeMap::new();
    for (&(a, b), &w) in &shared {
        near.entry(a).or_default().push((b, w));
    }
    let mut found: Vec<(f64, Cut)> = Vec::new();
    for (&(a, b), &ab) in &shared {
        let (Some(of_a), Some(of_b)) = (near.get(&a), near.get(&b)) else { continue };
        let mut k = 0;
        for &(c, bc) in of_b {
            while k < of_a.len() && of_a[k].0 < c {
                k += 1;
            }
            let Some(&(_, ac)) = of_a.get(k).filter(|n| n.0 == c) else { continue };
            if ab + bc + ac <= 1.0 + VIOLATED {
                continue;
            }
            // A column that uses all three rows counts once, not three times.
            let has = |j: usize, r: u32| columns[j].rows.iter().any(|e| e.0 == r);
            let all: f64 =
                of_row[&a].iter().filter(|&&j| has(j, b) && has(j, c)).map(|&j| columns[j].x).sum();
            let over = ab + bc + ac - 2.0 * all - 1.0;
            if over > VIOLATED {
                found.push((over, vec![a, b, c]));
            }
        }
    }
    found.sort_by(|x, y| y.0.total_cmp(&x.0).then_with(|| x.1.cmp(&y.1)));
    let mut used: BTreeMap<u32, usize> = BTreeMap::new();
    let mut out = Vec::new();
    for (_, cut) in found {
        if out.len() >= PER_ROUND {
            break;
        }
        if cut.iter().all(|r| used.get(r).is_none_or(|&n| n < 4)) {
            cut.iter().for_each(|&r| *used.entry(r).or_default() += 1);
            out.push(cut);
        }
    }
    out
}

/// Fractional columns that share rows with little room, and those rows.
struct Component {
    /// Positions among the fractional columns, the largest weight first.
    columns: Vec<usize>,
    rows: Vec<u32>,
}

fn components(columns: &[&Weighed], room: &[f64]) -> Vec<Component> {
    let mut of_row: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (j, column) in columns.iter().enumerate() {
        for &(r, _) in column.rows.iter().filter(|(r, _)| room[*r as usize] < ROOM) {
            of_row.entry(r).or_default().push(j);
        }
    }
    let mut seen = vec![false; columns.len()];
    let mut out = Vec::new();
    for first in 0..columns.len() {
        if std::mem::replace(&mut seen[first], true) {
            continue;
        }
        let mut list = vec![first];
        let mut rows: BTreeSet<u32> = BTreeSet::new();
        let mut at = 0;
        while at < list.len() {
            for (r, _) in &columns[list[at]].rows {
                let Some(of_row) = of_row.get(r).filter(|_| rows.insert(*r)) else { continue };
                for &j in of_row {
                    if !std::mem::replace(&mut seen[j], true) {
                        list.push(j);
                    }
                }
            }
            at += 1;
        }
        if list.len() > 2 && list.len() <= COMPONENT {
            list.sort_by(|&a, &b| columns[b].x.total_cmp(&columns[a].x).then(a.cmp(&b)));
            let rows = rows.into_iter().filter(|&r| room[r as usize] < ROOM).collect();
            out.push(Component { columns: list, rows });
        }
    }
    out
}

/// A sum of rows modulo 2: which columns it uses oddly, which rows it is made of, the parity of
/// its right-hand side, and its room.
#[derive(Clone)]
struct Sum {
    odd: Vec<u64>,
    made_of: Vec<u64>,
    right: bool,
    room: f64,
}

impl Sum {
    fn uses(&self, j: usize) -> bool {
        self.odd[j / 64] >> (j % 64) & 1 == 1
    }

    fn size(&self) -> u32 {
        self.made_of.iter().map(|w| w.count_ones()).sum()
    }

    fn add(&mut self, other: &Self) {
        self.odd.iter_mut().zip(&other.odd).for_each(|(a, b)| *a ^= b);
        self.made_of.iter_mut().zip(&other.made_of).for_each(|(a, b)| *a ^= b);
        self.right ^= other.right;
        // A row that goes out again takes its room along; what stands here is at least the room.
        self.room += other.room;
    }
}

/// Row sets by elimination of columns modulo 2. A sum with an odd right-hand side is violated by
/// ½ (1 − its room − the weights of the columns that it uses oddly).
fn eliminate(
    component: &Component,
    columns: &[&Weighed],
    room: &[f64],
    rhs: &[f64],
    found: &mut Vec<(f64, Cut)>,
) {
    let (n, m) = (component.columns.len(), component.rows.len());
    let blank = Sum {
        odd: vec![0; n.div_ceil(64)],
        made_of: vec![0; m.div_ceil(64)],
        right: false,
        room: 0.0,
    };
    let mut sums = vec![blank; m];
    for (k, &r) in component.rows.iter().enumerate() {
        sums[k].made_of[k / 64] |= 1 << (k % 64);
        sums[k].right = rhs[r as usize].rem_euclid(2.0) == 1.0;
        sums[k].room = room[r as usize].max(0.0);
    }
    let weight: Vec<f64> = component.columns.iter().map(|&j| columns[j].x).collect();
    for (j, &column) in component.columns.iter().enumerate() {
        for &(r, v) in &columns[column].rows {
            if v.rem_euclid(2.0) == 1.0
                && let Ok(k) = component.rows.binary_search(&r)
            {
                sums[k].odd[j / 64] |= 1 << (j % 64);
            }
        }
    }
    let mut done = 0;
    for j in 0..n {
        let pivot = (done..m).filter(|&k| sums[k].uses(j)).min_by(|&a, &b| {
            sums[a].room.total_cmp(&sums[b].room).then(sums[a].size().cmp(&sums[b].size()))
        });
        let Some(pivot) = pivot else { continue };
        sums.swap(done, pivot);
        let (head, tail) = sums.split_at_mut(done + 1);
        for sum in tail.iter_mut().filter(|s| s.uses(j)) {
            sum.add(&head[done]);
            note(sum, component, &weight, room, found);
        }
        done += 1;
    }
}

fn note(
    sum: &Sum,
    component: &Component,
    weight: &[f64],
    room: &[f64],
    found: &mut Vec<(f64, Cut)>,
) {
    let size = sum.size() as usize;
    if !sum.right || !(3..=LONGEST).contains(&size) {
        return;
    }
    let bits = |words: &[u64], n: usize| {
        let words = words.to_vec();
        (0..n).filter(move |k| words[k / 64] >> (k % 64) & 1 == 1)
    };
    let cut: Cut = bits(&sum.made_of, component.rows.len()).map(|k| component.rows[k]).collect();
    let slack: f64 = cut.iter().map(|&r| room[r as usize].max(0.0)).sum();
    let odd: f64 = bits(&sum.odd, weight.len()).map(|j| weight[j]).sum();
    let over = 0.5 * (1.0 - slack - odd);
    if over > VIOLATED {
        found.push((over, cut));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weighed(rows: &[u32], x: f64) -> Weighed {
        Weighed { rows: rows.iter().map(|&r| (r, 1.0)).collect(), x }
    }

    #[test]
    fn an_odd_cycle_is_cut_off() {
        // Three rows, each pair shared by a column of weight ½: at most one column fits.
        let columns =
            [weighed(&[0, 1, 7], 0.5), weighed(&[1, 2, 8], 0.5), weighed(&[0, 2, 9], 0.5)];
        let rhs = [1.0; 20];
        let cuts = separate(&columns, 20, &rhs);
        assert!(cuts.contains(&vec![0, 1, 2]));
        assert_eq!(coefficient(&cuts[0], [0, 1, 7].into_iter().map(|r| (r, 1.0))), 1.0);
        assert_eq!(right(&cuts[0], &rhs), 1.0);
        // A cycle of five has no triangle; elimination finds it.
        let five: Vec<Weighed> =
            (0..5u32).map(|k| weighed(&[k, (k + 1) % 5, 10 + k], 0.5)).collect();
        assert_eq!(separate(&five, 20, &rhs), vec![vec![0, 1, 2, 3, 4]]);
    }
}
