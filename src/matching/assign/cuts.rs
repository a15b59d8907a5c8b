//! Cuts that close most of the gap between the relaxation and a whole choice.
//!
//! For an odd set S of rows, each with right-hand side 1, half their sum rounded down holds for
//! every whole choice: Σ ⌊½ · (rows of S that a bundle uses)⌋ x ≤ ⌊½ |S|⌋. These are the {0, ½}
//! cuts of Caprara and Fischetti (1996); with three rows, the subset-row cuts of Jepsen et al.
//! (2008).

use std::collections::{BTreeMap, HashSet};

/// A cut must be violated by more than this.
const VIOLATED: f64 = 0.02;
/// Cuts of three rows added per round at most.
const PER_ROUND: usize = 150;
/// Longer row sets make dense cuts that cost more than they close.
const LONGEST: usize = 31;
/// A weight this near to 0 or 1 is that.
const WHOLE: f64 = 1e-6;
/// Fractional columns of one component that are looked at for longer cuts.
const COMPONENT: usize = 600;

/// The rows of a cut, in order; an odd number of them.
pub(super) type Cut = Vec<u32>;

/// The coefficient of a column that uses `rows` (in any order).
pub(super) fn coefficient(cut: &Cut, rows: impl Iterator<Item = u32>) -> f64 {
    let used = rows.filter(|r| cut.binary_search(r).is_ok()).count();
    (used / 2) as f64
}

/// The right-hand side.
pub(super) fn right(cut: &Cut) -> f64 {
    (cut.len() / 2) as f64
}

/// Cuts that the point x violates, not among the known ones. `columns` are the rows of each
/// column with a weight.
pub(super) fn separate(columns: &[(Vec<u32>, f64)], known: &HashSet<Cut>) -> Vec<Cut> {
    let fractional: Vec<&(Vec<u32>, f64)> =
        columns.iter().filter(|(_, x)| *x > WHOLE && *x < 1.0 - WHOLE).collect();
    let mut cuts = triples(&fractional, known);
    for component in components(&fractional) {
        for cut in odd_sets(&component) {
            if !known.contains(&cut)
                && !cuts.contains(&cut)
                && violation(&fractional, &cut) > VIOLATED
            {
                cuts.push(cut);
            }
        }
    }
    cuts
}

fn violation(columns: &[&(Vec<u32>, f64)], cut: &Cut) -> f64 {
    let left: f64 =
        columns.iter().map(|(rows, x)| x * coefficient(cut, rows.iter().copied())).sum();
    left - right(cut)
}

/// The most violated cuts of three rows. A triangle of rows that share weights is looked at once.
fn triples(columns: &[&(Vec<u32>, f64)], known: &HashSet<Cut>) -> Vec<Cut> {
    let mut shared: BTreeMap<(u32, u32), f64> = BTreeMap::new();
    let mut of_row: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (j, (rows, x)) in columns.iter().enumerate() {
        for (k, &a) in rows.iter().enumerate() {
            of_row.entry(a).or_default().push(j);
            for &b in &rows[..k] {
                *shared.entry((a.min(b), a.max(b))).or_default() += x;
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
            let all: f64 = of_row[&a]
                .iter()
                .map(|&j| columns[j])
                .filter(|(rows, _)| rows.contains(&b) && rows.contains(&c))
                .map(|(_, x)| x)
                .sum();
            let over = ab + bc + ac - 2.0 * all - 1.0;
            let cut = vec![a, b, c];
            if over > VIOLATED && !known.contains(&cut) {
                found.push((over, cut));
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
            for &r in &cut {
                *used.entry(r).or_default() += 1;
            }
            out.push(cut);
        }
    }
    out
}

/// Fractional columns that share rows, and the rows that they fill to 1.
struct Component {
    columns: Vec<Vec<u32>>,
    tight: Vec<u32>,
}

fn components(columns: &[&(Vec<u32>, f64)]) -> Vec<Component> {
    let mut of_row: BTreeMap<u32, (f64, Vec<usize>)> = BTreeMap::new();
    for (j, (rows, x)) in columns.iter().enumerate() {
        for &r in rows {
            let entry = of_row.entry(r).or_default();
            entry.0 += x;
            entry.1.push(j);
        }
    }
    let mut seen = vec![false; columns.len()];
    let mut out = Vec::new();
    for first in 0..columns.len() {
        if std::mem::replace(&mut seen[first], true) {
            continue;
        }
        let mut list = vec![first];
        let mut at = 0;
        let mut rows: Vec<u32> = Vec::new();
        while at < list.len() {
            for r in &columns[list[at]].0 {
                rows.push(*r);
                for &j in &of_row[r].1 {
                    if !std::mem::replace(&mut seen[j], true) {
                        list.push(j);
                    }
                }
            }
            at += 1;
        }
        rows.sort_unstable();
        rows.dedup();
        rows.retain(|r| of_row[r].0 > 1.0 - WHOLE);
        if list.len() <= COMPONENT {
            list.sort_unstable();
            out.push(Component {
                columns: list.iter().map(|&j| columns[j].0.clone()).collect(),
                tight: rows,
            });
        }
    }
    out
}

/// Odd sets of tight rows of which every column of the component uses an even number: half their
/// sum loses nothing on the left and ½ on the right. They are the odd vectors of a null space
/// over the numbers modulo 2.
fn odd_sets(component: &Component) -> Vec<Cut> {
    let words = component.columns.len().div_ceil(64);
    let tags = component.tight.len().div_ceil(64);
    // A row: which columns use it, and which rows were added up to make it.
    let mut rows: Vec<(Vec<u64>, Vec<u64>)> = component
        .tight
        .iter()
        .enumerate()
        .map(|(k, r)| {
            let mut bits = vec![0u64; words];
            for (j, column) in component.columns.iter().enumerate() {
                if column.contains(r) {
                    bits[j / 64] |= 1 << (j % 64);
                }
            }
            let mut tag = vec![0u64; tags];
            tag[k / 64] |= 1 << (k % 64);
            (bits, tag)
        })
        .collect();
    let mut done = 0;
    for j in 0..component.columns.len() {
        let bit = |row: &(Vec<u64>, Vec<u64>)| row.0[j / 64] >> (j % 64) & 1 == 1;
        // The row made of fewest rows keeps the others short.
        let pivot = (done..rows.len())
            .filter(|&k| bit(&rows[k]))
            .min_by_key(|&k| rows[k].1.iter().map(|w| w.count_ones()).sum::<u32>());
        let Some(pivot) = pivot else { continue };
        rows.swap(done, pivot);
        let (head, tail) = rows.split_at_mut(done + 1);
        let (bits, tag) = &head[done];
        for row in tail.iter_mut().filter(|row| row.0[j / 64] >> (j % 64) & 1 == 1) {
            row.0.iter_mut().zip(bits).for_each(|(a, b)| *a ^= b);
            row.1.iter_mut().zip(tag).for_each(|(a, b)| *a ^= b);
        }
        done += 1;
    }
    rows[done..]
        .iter()
        .map(|(_, tag)| {
            let member = |k: &usize| tag[k / 64] >> (k % 64) & 1 == 1;
            let members = (0..component.tight.len()).filter(member);
            members.map(|k| component.tight[k]).collect::<Cut>()
        })
        .filter(|cut| cut.len() % 2 == 1 && cut.len() >= 3 && cut.len() <= LONGEST)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_cycle_is_cut_off() {
        // Three rows, each pair shared by a column of weight ½: at most one column fits.
        let columns: Vec<(Vec<u32>, f64)> =
            vec![(vec![0, 1, 7], 0.5), (vec![1, 2, 8], 0.5), (vec![0, 2, 9], 0.5)];
        let cuts = separate(&columns, &HashSet::new());
        assert!(cuts.contains(&vec![0, 1, 2]));
        assert_eq!(coefficient(&cuts[0], [0, 1, 7].into_iter()), 1.0);
        assert_eq!(right(&cuts[0]), 1.0);
        let known = cuts.into_iter().collect();
        assert!(separate(&columns, &known).is_empty());
        // A cycle of five has no triangle; the null space finds it.
        let five: Vec<(Vec<u32>, f64)> =
            (0..5u32).map(|k| (vec![k, (k + 1) % 5, 10 + k], 0.5)).collect();
        assert_eq!(separate(&five, &HashSet::new()), vec![vec![0, 1, 2, 3, 4]]);
    }
}
