//! Person-period rows: one row per spell and interval that it was at risk in.

use ndarray::Array2;

use super::error::{LearnerError, same_length};
use crate::survival::Outcome;

/// The most numbers in the expanded design matrix. linfa's learner needs the expansion; this
/// bounds it at 800 MB.
const LIMIT: usize = 100_000_000;

/// Which rows were at risk in which interval, and how each interval ended for them.
///
/// An interval counts for a row that was under observation through all of it, or was ended in it
/// by an event after having entered by its beginning. A row censored within an interval says
/// nothing about that interval (as in Singer & Willett 2003, ch. 10).
#[derive(Debug, Clone, PartialEq)]
pub struct PersonPeriods {
    /// The row of the outcome.
    pub row: Vec<u32>,
    /// The interval.
    pub interval: Vec<u32>,
    /// The cause that ended the row in this interval; 0 where it went on.
    pub cause: Vec<u32>,
}

impl PersonPeriods {
    /// Expands an outcome over the intervals `(edges[j], edges[j + 1]]`.
    ///
    /// # Errors
    /// Where the expansion times `columns` would exceed the limit.
    pub fn new(y: &Outcome, edges: &[f64], columns: usize) -> Result<Self, LearnerError> {
        let ranges: Vec<(usize, usize)> =
            (0..y.len()).map(|row| Self::range(y, edges, row)).collect();
        let rows: usize = ranges.iter().map(|(from, to)| to - from).sum();
        let size = rows.saturating_mul(columns.max(1));
        if size > LIMIT || y.len() > u32::MAX as usize {
            let what = "person-period table";
            return Err(LearnerError::TooLarge { what, size, limit: LIMIT });
        }
        let mut all = Self {
            row: Vec::with_capacity(rows),
            interval: Vec::with_capacity(rows),
            cause: Vec::with_capacity(rows),
        };
        for (row, &(from, to)) in ranges.iter().enumerate() {
            for j in from..to {
                let ends_here = y.exit()[row] <= edges[j + 1];
                all.row.push(row as u32);
                all.interval.push(j as u32);
                all.cause.push(if ends_here { y.cause()[row] } else { 0 });
            }
        }
        Ok(all)
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
        self.row.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.row.is_empty()
    }

    /// The design of one cause's hazard: a 0/1 column per band of intervals, then the columns of
    /// `x` (one row per row of the outcome). `bands[j]` is the band of interval j, 0, 1, ….
    ///
    /// # Errors
    /// Lengths that do not fit.
    pub fn design(
        &self,
        x: &Array2<f64>,
        bands: &[usize],
        count: usize,
    ) -> Result<Array2<f64>, LearnerError> {
        let intervals = self.interval.iter().max().map_or(0, |&j| j as usize + 1);
        same_length("the list of bands", bands.len().min(intervals), intervals)?;
        let rows = self.row.iter().max().map_or(0, |&r| r as usize + 1);
        same_length("the design matrix", x.nrows().min(rows), rows)?;
        if bands.iter().any(|&b| b >= count) {
            return Err(LearnerError::Setting { setting: "bands", why: "a band is out of range" });
        }
        let mut design = Array2::zeros((self.len(), count + x.ncols()));
        for (i, mut out) in design.rows_mut().into_iter().enumerate() {
            out[bands[self.interval[i] as usize]] = 1.0;
            for (to, from) in out.iter_mut().skip(count).zip(x.row(self.row[i] as usize)) {
                *to = *from;
            }
        }
        Ok(design)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn periods(entry: Option<Vec<f64>>, exit: f64, cause: u32) -> Vec<(u32, u32)> {
        let y = Outcome::new(entry, vec![exit], vec![cause], vec!["a".into()]).unwrap();
        let p = PersonPeriods::new(&y, &[0.0, 10.0, 20.0, 30.0], 1).unwrap();
        p.interval.into_iter().zip(p.cause).collect()
    }

    #[test]
    fn an_interval_counts_where_it_was_lived_through_or_ended_in() {
        assert_eq!(periods(None, 15.0, 1), [(0, 0), (1, 1)]);
        assert_eq!(periods(None, 15.0, 0), [(0, 0)]);
        assert_eq!(periods(None, 20.0, 1), [(0, 0), (1, 1)]);
        assert_eq!(periods(None, 20.0, 0), [(0, 0), (1, 0)]);
        assert_eq!(periods(None, 35.0, 1), [(0, 0), (1, 0), (2, 0)]);
        assert_eq!(periods(None, 0.0, 1), [(0, 1)]);
        assert_eq!(periods(None, 5.0, 0), []);
        // Late entry: the first interval was not seen whole.
        assert_eq!(periods(Some(vec![5.0]), 25.0, 1), [(1, 0), (2, 1)]);
        assert_eq!(periods(Some(vec![10.0]), 25.0, 1), [(1, 0), (2, 1)]);
        assert_eq!(periods(Some(vec![12.0]), 18.0, 1), []);
        assert_eq!(periods(Some(vec![31.0]), 38.0, 1), []);
    }

    #[test]
    fn the_design_has_bands_and_then_terms() {
        let y = Outcome::new(None, vec![15.0, 30.0], vec![1, 0], vec!["a".into()]).unwrap();
        let p = PersonPeriods::new(&y, &[0.0, 10.0, 20.0, 30.0], 3).unwrap();
        let x = ndarray::arr2(&[[7.0], [8.0]]);
        let d = p.design(&x, &[0, 1, 1], 2).unwrap();
        assert_eq!(
            d,
            ndarray::arr2(&[
                [1.0, 0.0, 7.0],
                [0.0, 1.0, 7.0],
                [1.0, 0.0, 8.0],
                [0.0, 1.0, 8.0],
                [0.0, 1.0, 8.0]
            ])
        );
        assert!(p.design(&x, &[0, 1], 2).is_err());
        assert!(p.design(&x, &[0, 1, 2], 2).is_err());
    }

    #[test]
    fn the_expansion_is_bounded() {
        let y = Outcome::new(None, vec![5000.0; 1000], vec![1; 1000], vec!["a".into()]).unwrap();
        let edges: Vec<f64> = (0..5000).map(f64::from).collect();
        assert!(matches!(
            PersonPeriods::new(&y, &edges, 50),
            Err(LearnerError::TooLarge { size: 249_950_000, .. })
        ));
    }
}
