//! The grid of cells of a baseline: where time is cut, and how cells are merged until no cell
//! shows a single child.

use crate::DAYS_PER_MONTH;
use crate::survival::Outcome;

/// The fewest events (of any cause) in a cell.
pub(crate) const CELL_EVENTS: u32 = 5;
/// The fewest rows at risk at the end of the grid.
pub(crate) const AT_RISK: usize = 10;
/// The most cells of a flat table.
const TABLE_CELLS: usize = 200;

/// Months from `origin` to the last month at whose end at least ten rows are at risk, with the
/// `anchors` (horizons) as edges of their own.
pub(crate) fn monthly(y: &Outcome, origin: f64, anchors: &[f64]) -> Option<Vec<f64>> {
    let last = follow_up(y)?;
    let months = ((last - origin) / DAYS_PER_MONTH).floor().max(0.0) as usize;
    let mut edges: Vec<f64> =
        (0..=months.min(12_000)).map(|m| origin + m as f64 * DAYS_PER_MONTH).collect();
    edges.extend(anchors.iter().copied().filter(|&a| a > origin && a <= last));
    tidy(edges)
}

/// At most 200 cells between quantiles of the event times, rounded to three significant digits
/// so that an edge is nobody's own time, with the `anchors` (horizons) as edges of their own.
pub(crate) fn quantiles(y: &Outcome, anchors: &[f64]) -> Option<Vec<f64>> {
    quantiles_of(y, anchors, TABLE_CELLS)
}

/// The same with at most so many cells.
pub(crate) fn quantiles_of(y: &Outcome, anchors: &[f64], most: usize) -> Option<Vec<f64>> {
    let first = y.entry().map_or(0.0, |e| e.iter().copied().fold(f64::INFINITY, f64::min));
    let origin = rounded(first, f64::floor);
    let last = follow_up(y)?;
    let mut times: Vec<f64> =
        y.exit().iter().zip(y.cause()).filter(|&(_, &c)| c > 0).map(|(&t, _)| t).collect();
    times.sort_by(f64::total_cmp);
    let anchors: Vec<f64> = anchors.iter().copied().filter(|&a| a > origin && a <= last).collect();
    let wanted = most.saturating_sub(anchors.len() + 1).max(1).min(times.len());
    let mut edges = vec![origin, rounded(last, f64::floor)];
    edges.extend((1..wanted).map(|k| rounded(times[k * times.len() / wanted], f64::ceil)));
    edges.retain(|&e| e >= origin && e <= last);
    edges.extend(anchors);
    tidy(edges)
}

/// The last time at which at least [`AT_RISK`] rows are at risk.
pub(crate) fn follow_up(y: &Outcome) -> Option<f64> {
    let mut exits: Vec<f64> = y.exit().to_vec();
    exits.sort_by(|a, b| b.total_cmp(a));
    let Some(entry) = y.entry() else {
        return exits.get(AT_RISK - 1).copied();
    };
    // At risk at t: entry < t ≤ exit. Going back in time, exits add and entries take away.
    let mut entries = entry.to_vec();
    entries.sort_by(|a, b| b.total_cmp(a));
    let mut late = 0;
    for (k, &t) in exits.iter().enumerate() {
        while late < entries.len() && entries[late] >= t {
            late += 1;
        }
        // Rows that have not entered before t have an exit after it.
        if k + 1 >= AT_RISK + late && exits.get(k + 1) != Some(&t) {
            return Some(t);
        }
    }
    None
}

/// Rises, without repeats, with at least one cell.
pub(crate) fn tidy(mut edges: Vec<f64>) -> Option<Vec<f64>> {
    edges.sort_by(f64::total_cmp);
    // Two edges closer than rounding are one.
    edges.dedup_by(|b, a| *b - *a <= 1e-9 * a.abs().max(1.0));
    (edges.len() >= 2).then_some(edges)
}

/// Three significant digits.
fn rounded(x: f64, to: fn(f64) -> f64) -> f64 {
    if x == 0.0 {
        return 0.0;
    }
    let exponent = x.abs().log10().floor() as i32 - 2;
    let units = x / 10f64.powi(exponent);
    // 0.3 is 300 thousandths, although the division says 299.99999999999994.
    let near = units.round();
    let units = if (units - near).abs() < 1e-9 * near.abs() { near } else { to(units) };
    format!("{units}e{exponent}").parse().unwrap_or(x)
}

/// Events of any cause in each cell (edge, next edge].
pub(crate) fn events(y: &Outcome, edges: &[f64]) -> Vec<u32> {
    let mut events = vec![0; edges.len() - 1];
    for (&t, &cause) in y.exit().iter().zip(y.cause()) {
        if let Some(cell) = cell_of(edges, t).filter(|_| cause > 0) {
            events[cell] += 1;
        }
    }
    events
}

/// The cell (edge, next edge] that holds `t`; the first edge itself belongs to the first cell.
pub(crate) fn cell_of(edges: &[f64], t: f64) -> Option<usize> {
    if !(t >= edges[0] && t <= edges[edges.len() - 1]) {
        return None;
    }
    Some(edges.partition_point(|&e| e < t).saturating_sub(1))
}

/// Which runs of cells become one, so that each has at least [`CELL_EVENTS`] events: as many
/// `keep` edges (horizons) as possible stay edges. The answer are positions in `edges`, from 0
/// to the last; with too few events in all there is one cell.
pub(crate) fn merge(edges: &[f64], events: &[u32], keep: &[f64]) -> Vec<usize> {
    let cells = events.len();
    let mut sum = vec![0; cells + 1];
    for (j, e) in events.iter().enumerate() {
        sum[j + 1] = sum[j] + e;
    }
    let near = |e: f64| keep.iter().any(|k| (k - e).abs() <= 1e-9 * e.abs().max(1.0));
    let anchors = (1..cells).filter(|&j| near(edges[j]));
    let anchors = cut(0, cells, anchors, &sum);
    let mut all = vec![0];
    for run in anchors.windows(2) {
        all.extend(&cut(run[0], run[1], run[0] + 1..run[1], &sum)[1..]);
    }
    all
}

/// Cuts from..to at each candidate that leaves enough events on its left, and enough in all.
fn cut(from: usize, to: usize, candidates: impl Iterator<Item = usize>, sum: &[u32]) -> Vec<usize> {
    let mut at = vec![from];
    for j in candidates {
        let left = sum[j] - sum[*at.last().unwrap_or(&from)];
        if left >= CELL_EVENTS && sum[to] - sum[j] >= CELL_EVENTS {
            at.push(j);
        }
    }
    at.push(to);
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(entry: Option<Vec<f64>>, exit: Vec<f64>, cause: Vec<u32>) -> Outcome {
        Outcome::new(entry, exit, cause, vec!["a".into(), "b".into()]).unwrap()
    }

    #[test]
    fn follow_up_ends_where_ten_are_at_risk() {
        let exit: Vec<f64> = (1..=30).map(f64::from).collect();
        assert_eq!(follow_up(&outcome(None, exit.clone(), vec![0; 30])), Some(21.0));
        // The five longest enter after 21: at 21 only five are at risk.
        let entry: Vec<f64> = (1..=30).map(|k| if k > 25 { 21.5 } else { 0.0 }).collect();
        assert_eq!(follow_up(&outcome(Some(entry), exit, vec![0; 30])), Some(16.0));
        assert_eq!(follow_up(&outcome(None, vec![1.0; 9], vec![1; 9])), None);
        // Ties at the end count all.
        assert_eq!(follow_up(&outcome(None, vec![52.0; 12], vec![1; 12])), Some(52.0));
    }

    #[test]
    fn follow_up_with_late_entry_agrees_with_counting() {
        let mut state = 1u64;
        let mut draw = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 40) as f64 % 50.0
        };
        for _ in 0..200 {
            let (mut entry, mut exit) = (Vec::new(), Vec::new());
            for _ in 0..25 {
                let a = draw();
                entry.push(a);
                exit.push(a + 1.0 + draw());
            }
            let at_risk =
                |t: f64| entry.iter().zip(&exit).filter(|&(&a, &b)| a < t && t <= b).count();
            let mut times = exit.clone();
            times.sort_by(f64::total_cmp);
            let slow = times.iter().rev().copied().find(|&t| at_risk(t) >= AT_RISK);
            assert_eq!(follow_up(&outcome(Some(entry.clone()), exit.clone(), vec![1; 25])), slow);
        }
    }

    #[test]
    fn three_significant_digits() {
        assert_eq!(rounded(52.0, f64::floor), 52.0);
        assert_eq!(rounded(1234.0, f64::floor), 1230.0);
        assert_eq!(rounded(1234.0, f64::ceil), 1240.0);
        assert_eq!(rounded(0.123_456, f64::ceil), 0.124);
        assert_eq!(rounded(0.3, f64::floor), 0.3);
        assert_eq!(rounded(0.0, f64::ceil), 0.0);
        assert_eq!(rounded(-0.1234, f64::floor), -0.124);
    }

    #[test]
    fn cells_close_on_the_right() {
        let edges = [0.0, 10.0, 20.0];
        assert_eq!(cell_of(&edges, 0.0), Some(0));
        assert_eq!(cell_of(&edges, 10.0), Some(0));
        assert_eq!(cell_of(&edges, 10.5), Some(1));
        assert_eq!(cell_of(&edges, 20.0), Some(1));
        assert_eq!(cell_of(&edges, 20.5), None);
        assert_eq!(cell_of(&edges, f64::NAN), None);
    }

    #[test]
    fn no_cell_has_fewer_than_five_events_and_horizons_stay_where_they_can() {
        let edges: Vec<f64> = (0..=8).map(f64::from).collect();
        let events = [3, 3, 0, 4, 1, 9, 2, 2];
        // The horizon at 3 has six events before it and eighteen after it.
        assert_eq!(merge(&edges, &events, &[3.0]), [0, 3, 5, 8]);
        assert_eq!(merge(&edges, &events, &[]), [0, 2, 5, 8]);
        // A horizon after which too little happens is given up.
        assert_eq!(merge(&edges, &events, &[7.0]), [0, 2, 5, 8]);
        assert_eq!(merge(&edges, &[0, 0, 1, 0, 0, 2, 0, 0], &[4.0]), [0, 8]);
    }

    #[test]
    fn months_start_at_the_landmark_and_hold_the_horizons() {
        let y = outcome(None, vec![400.0; 20], vec![1; 20]);
        let origin = 3.0 * DAYS_PER_MONTH;
        let edges = monthly(&y, origin, &[origin + 180.0, 500.0]).unwrap();
        assert_eq!(edges[0], origin);
        assert!(edges.contains(&(origin + 180.0)));
        assert!(edges.last().unwrap() <= &400.0);
        assert!(monthly(&y, 399.0, &[]).is_none());
    }

    #[test]
    fn a_table_has_at_most_two_hundred_cells() {
        let exit: Vec<f64> = (0..5000).map(|k| 1.0 + f64::from(k) * 0.377).collect();
        let y = outcome(None, exit, vec![1; 5000]);
        let edges = quantiles(&y, &[100.0, 500.0]).unwrap();
        assert!(edges.len() <= 201, "{}", edges.len());
        assert!(edges.contains(&100.0));
        assert!(edges.windows(2).all(|e| e[0] < e[1]));
    }
}
