//! Person-period rows: for each spell the intervals that it was at risk in.

use super::error::{LearnerError, same_length};
use crate::survival::Outcome;

/// Which intervals each row was at risk in, and how the last of them ended. Nothing is expanded:
/// a row is one range of intervals.
///
/// An interval counts for a row that was under observation through all of it, or was ended in it
/// by an event after having entered by its beginning. A row censored within an interval says
/// nothing about that interval (as in Singer & Willett 2003, ch. 10).
#[derive(Debug, Clone, PartialEq)]
pub struct PersonPeriods {
    /// The intervals from..to of each row.
    ranges: Vec<(u32, u32)>,
    /// The cause that ended each row in its last interval; 0 where it went on.
    cause: Vec<u32>,
    intervals: usize,
}

/// Periods of one row that share an intercept: so many intervals lived through, the last of them
/// ended by the event where there was one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeriodRun {
    /// The row of the design.
    pub row: u32,
    /// The band of intervals.
    pub band: u32,
    /// How many intervals.
    pub periods: u32,
    /// Whether the last of them ended by the event.
    pub event: bool,
}

impl PersonPeriods {
    /// The periods of an outcome over the intervals `(edges[j], edges[j + 1]]`.
    ///
    /// # Errors
    /// More rows or intervals than can be counted.
    pub fn new(y: &Outcome, edges: &[f64]) -> Result<Self, LearnerError> {
        let intervals = edges.len().saturating_sub(1);
        let size = y.len().max(intervals);
        if size > u32::MAX as usize {
            let (what, limit) = ("person-period table", u32::MAX as usize);
            return Err(LearnerError::TooLarge { what, size, limit });
        }
        let range = |row: usize| {
            let (from, to) = Self::range(y, edges, row);
            (from as u32, to as u32)
        };
        let ranges: Vec<(u32, u32)> = (0..y.len()).map(range).collect();
        let cause = ranges.iter().enumerate().map(|(row, &(from, to))| {
            let ends_here = to > from && y.exit()[row] <= edges[to as usize];
            if ends_here { y.cause()[row] } else { 0 }
        });
        Ok(Self { cause: cause.collect(), ranges, intervals })
    }

    /// The intervals from..to in which a row was at risk.
    fn range(y: &Outcome, edges: &[f64], row: usize) -> (usize, usize) {
        let last = edges.len().saturating_sub(1);
        let entry = y.entry().map_or(f64::NEG_INFINITY, |e| e[row]);
        // Entered by the beginning of interval j: entry ≤ edges[j].
        let from = edges.partition_point(|&e| e < entry);
        let (exit, event) = (y.exit()[row], y.cause()[row] > 0);
        // Interval j is whole where edges[j + 1] ≤ exit; an event counts in the one that holds it.
        let whole = edges.partition_point(|&e| e <= exit).saturating_sub(1);
        let on_edge = edges.binary_search_by(|e| e.total_cmp(&exit)).is_ok();
        let to = if event && !on_edge && exit > edges[0] { whole + 1 } else { whole };
        // An event at the first edge itself (day 0) belongs to the first interval.
        let to = if event && exit == edges[0] { 1 } else { to };
        (from.min(last), to.min(last).max(from.min(last)))
    }

    /// Person-period rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ranges.iter().map(|(from, to)| (to - from) as usize).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The events of a cause in each interval.
    #[must_use]
    pub fn events(&self, cause: u32) -> Vec<usize> {
        let mut events = vec![0; self.intervals];
        let ended = self.ranges.iter().zip(&self.cause).filter(|&(_, &c)| c == cause && cause > 0);
        for ((_, to), _) in ended {
            events[*to as usize - 1] += 1;
        }
        events
    }

    /// The runs of one cause's hazard, by row: `bands[j]` is the band of interval j, rising from 0.
    /// A row ended by another cause went on as far as this one is concerned.
    ///
    /// # Errors
    /// Fewer bands than intervals.
    pub fn runs(&self, cause: u32, bands: &[usize]) -> Result<Vec<PeriodRun>, LearnerError> {
        same_length("the list of bands", bands.len().min(self.intervals), self.intervals)?;
        let mut runs: Vec<PeriodRun> = Vec::new();
        for (row, &(from, to)) in self.ranges.iter().enumerate() {
            let own = &bands[from as usize..to as usize];
            let first = runs.len();
            for band in own.chunk_by(|a, b| a == b) {
                runs.push(PeriodRun {
                    row: row as u32,
                    band: band[0] as u32,
                    periods: band.len() as u32,
                    event: false,
                });
            }
            if let Some(last) = runs[first..].last_mut() {
                last.event = self.cause[row] == cause;
            }
        }
        Ok(runs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn periods(entry: Option<Vec<f64>>, exit: f64, cause: u32) -> Vec<(u32, bool)> {
        let y = Outcome::new(entry, vec![exit], vec![cause], vec!["a".into()]).unwrap();
        let p = PersonPeriods::new(&y, &[0.0, 10.0, 20.0, 30.0]).unwrap();
        let runs = p.runs(1, &[0, 1, 2]).unwrap();
        assert_eq!(runs.len(), p.len());
        assert!(runs.iter().all(|r| r.periods == 1));
        runs.into_iter().map(|r| (r.band, r.event)).collect()
    }

    #[test]
    fn an_interval_counts_where_it_was_lived_through_or_ended_in() {
        let (on, end) = (false, true);
        assert_eq!(periods(None, 15.0, 1), [(0, on), (1, end)]);
        assert_eq!(periods(None, 15.0, 0), [(0, on)]);
        assert_eq!(periods(None, 20.0, 1), [(0, on), (1, end)]);
        assert_eq!(periods(None, 20.0, 0), [(0, on), (1, on)]);
        assert_eq!(periods(None, 35.0, 1), [(0, on), (1, on), (2, on)]);
        assert_eq!(periods(None, 0.0, 1), [(0, end)]);
        assert_eq!(periods(None, 5.0, 0), []);
        // Late entry: the first interval was not seen whole.
        assert_eq!(periods(Some(vec![5.0]), 25.0, 1), [(1, on), (2, end)]);
        assert_eq!(periods(Some(vec![10.0]), 25.0, 1), [(1, on), (2, end)]);
        assert_eq!(periods(Some(vec![12.0]), 18.0, 1), []);
        assert_eq!(periods(Some(vec![31.0]), 38.0, 1), []);
    }

    #[test]
    fn a_band_makes_one_run() {
        let causes = vec!["a".into(), "b".into()];
        let y = Outcome::new(None, vec![25.0, 30.0, 15.0], vec![1, 0, 2], causes).unwrap();
        let p = PersonPeriods::new(&y, &[0.0, 10.0, 20.0, 30.0]).unwrap();
        let run = |row, band, periods, event| PeriodRun { row, band, periods, event };
        assert_eq!(
            p.runs(1, &[0, 0, 1]).unwrap(),
            [
                run(0, 0, 2, false),
                run(0, 1, 1, true),
                run(1, 0, 2, false),
                run(1, 1, 1, false),
                run(2, 0, 2, false)
            ]
        );
        assert_eq!((p.events(1), p.events(2)), (vec![0, 0, 1], vec![0, 1, 0]));
        assert_eq!(p.len(), 8);
        assert!(p.runs(1, &[0, 0]).is_err());
    }

    #[test]
    fn a_thousand_rows_of_a_lifetime_take_no_room() {
        let y = Outcome::new(None, vec![5000.0; 1000], vec![1; 1000], vec!["a".into()]).unwrap();
        let edges: Vec<f64> = (0..=5000).map(f64::from).collect();
        let p = PersonPeriods::new(&y, &edges).unwrap();
        assert_eq!(p.len(), 5_000_000);
        assert_eq!(p.runs(1, &[0; 5000]).unwrap().len(), 1000);
    }
}
