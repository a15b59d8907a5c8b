//! How many training rows are comparable: counts of coarse cells, without the rows.

use serde::{Deserialize, Serialize};

use crate::features::{Frame, Values};

/// The most columns that make a cell.
const COLUMNS: usize = 3;
/// Factors with more levels do not make cells.
const LEVELS: usize = 12;
/// Fewer rows than this are not told.
const LEAST: u32 = 10;
/// No further column is added where more than this share of rows would end up in small cells.
const SMALL: f64 = 0.2;

/// How a column is coarsened. A missing value is a class of its own, the last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub(crate) enum Coarse {
    /// Numbers by rising cuts: at most the first, at most the second, …, above the last.
    Cuts { column: String, cuts: Vec<f64> },
    /// Words by level; other words are one class together.
    Levels { column: String, levels: Vec<String> },
}

/// Counts of training rows by coarse cell of the columns that weigh most.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Support {
    columns: Vec<Coarse>,
    /// One count per cell, the last column fastest; 0 for fewer than ten.
    counts: Vec<u32>,
}

impl Coarse {
    fn new(name: &str, values: &Values) -> Option<Self> {
        match values {
            Values::Number(numbers) => {
                let mut known: Vec<f64> = numbers.iter().copied().filter(|v| !v.is_nan()).collect();
                known.sort_unstable_by(f64::total_cmp);
                if known.first() == known.last() {
                    return None;
                }
                let third = |k: usize| shortened(known[(known.len() * k / 3).min(known.len() - 1)]);
                let mut cuts = vec![third(1), third(2)];
                // With few distinct values (0 and 1) a cut below the top one tells them apart.
                let top = known[known.len() - 1];
                cuts.retain(|&c| c < top);
                if cuts.is_empty() {
                    cuts.push(shortened(known[0]));
                }
                cuts.dedup();
                Some(Self::Cuts { column: name.to_owned(), cuts })
            }
            Values::Level { codes, levels } => {
                let mut seen: Vec<String> = levels
                    .iter()
                    .enumerate()
                    .filter(|(k, _)| codes.contains(&(*k as u32)))
                    .map(|(_, l)| l.clone())
                    .collect();
                seen.sort_unstable();
                (2..=LEVELS)
                    .contains(&seen.len())
                    .then(|| Self::Levels { column: name.to_owned(), levels: seen })
            }
        }
    }

    fn column(&self) -> &str {
        match self {
            Self::Cuts { column, .. } | Self::Levels { column, .. } => column,
        }
    }

    /// Classes, with the one for missing values.
    fn classes(&self) -> usize {
        match self {
            Self::Cuts { cuts, .. } => cuts.len() + 2,
            Self::Levels { levels, .. } => levels.len() + 2,
        }
    }

    fn class(&self, values: &Values, row: usize) -> usize {
        if values.is_missing(row) {
            return self.classes() - 1;
        }
        match (self, values) {
            (Self::Cuts { cuts, .. }, Values::Number(v)) => cuts.partition_point(|&c| c < v[row]),
            (Self::Levels { levels, .. }, Values::Level { codes, levels: own }) => {
                let word = own.get(codes[row] as usize);
                word.and_then(|w| levels.iter().position(|l| l == w)).unwrap_or(levels.len())
            }
            // Numbers where words were, or the other way round: not comparable.
            _ => self.classes() - 1,
        }
    }
}

/// Two significant digits, so that a cut is nobody's own value.
fn shortened(x: f64) -> f64 {
    format!("{x:.1e}").parse().unwrap_or(x)
}

impl Support {
    /// Counts the rows by the columns in order of weight, as long as cells stay large.
    pub(crate) fn new(frame: &Frame, by_weight: &[String]) -> Self {
        let mut support = Self { columns: Vec::new(), counts: vec![frame.len() as u32] };
        for name in by_weight {
            if support.columns.len() == COLUMNS {
                break;
            }
            let Some(coarse) = frame.get(name).and_then(|v| Coarse::new(name, v)) else { continue };
            let mut next = Self { columns: support.columns.clone(), counts: Vec::new() };
            next.columns.push(coarse);
            next.count(frame);
            let small: u32 = next.counts.iter().filter(|&&c| c < LEAST).sum();
            if f64::from(small) <= SMALL * frame.len() as f64 {
                support = next;
            }
        }
        for c in &mut support.counts {
            if *c < LEAST {
                *c = 0;
            }
        }
        support
    }

    fn count(&mut self, frame: &Frame) {
        let cells = self.columns.iter().map(Coarse::classes).product();
        self.counts = vec![0; cells];
        for row in 0..frame.len() {
            if let Some(cell) = self.cell(frame, row) {
                self.counts[cell] += 1;
            }
        }
    }

    fn cell(&self, frame: &Frame, row: usize) -> Option<usize> {
        let mut cell = 0;
        for coarse in &self.columns {
            let values = frame.get(coarse.column())?;
            cell = cell * coarse.classes() + coarse.class(values, row);
        }
        Some(cell)
    }

    /// The training rows that are alike; `None` for fewer than ten.
    pub(crate) fn of(&self, frame: &Frame, row: usize) -> Option<u32> {
        self.counts.get(self.cell(frame, row)?).copied().filter(|&c| c >= LEAST)
    }

    /// The columns that make the cells.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(Coarse::column)
    }

    /// Checks what was read from a file.
    pub(crate) fn check(&self) -> Result<(), String> {
        let cuts = |c: &Coarse| match c {
            Coarse::Cuts { cuts, .. } => {
                cuts.iter().all(|c| c.is_finite()) && cuts.windows(2).all(|w| w[0] < w[1])
            }
            Coarse::Levels { levels, .. } => levels.windows(2).all(|w| w[0] < w[1]),
        };
        let cells = self
            .columns
            .iter()
            .try_fold(1usize, |n, c| n.checked_mul(c.classes()))
            .is_some_and(|n| n == self.counts.len());
        if self.columns.len() <= COLUMNS && cells && self.columns.iter().all(cuts) {
            Ok(())
        } else {
            Err("the counts of comparable rows do not fit together".into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Column;

    fn frame(n: usize) -> Frame {
        let number = |f: fn(usize) -> f64| Values::Number((0..n).map(f).collect());
        let kind = Values::Level {
            codes: (0..n).map(|i| (i % 2) as u32).collect(),
            levels: vec!["network".into(), "general".into()],
        };
        Frame::new(vec![
            Column { name: "age".into(), values: number(|i| (i % 18) as f64) },
            Column {
                name: "gap".into(),
                values: number(|i| if i % 50 == 0 { f64::NAN } else { 1.0 }),
            },
            Column { name: "over".into(), values: number(|i| f64::from(u8::from(i % 18 > 9))) },
            Column { name: "kind".into(), values: kind },
        ])
        .unwrap()
    }

    #[test]
    fn counts_rows_that_are_alike() {
        let frame = frame(900);
        let support = Support::new(&frame, &["age".into(), "gap".into(), "kind".into()]);
        // The constant column makes no cells.
        assert_eq!(support.columns().collect::<Vec<_>>(), ["age", "kind"]);
        support.check().unwrap();
        let by_hand = (0..900).filter(|i| i % 18 <= 6 && i % 2 == 0).count() as u32;
        assert_eq!(support.of(&frame, 0), Some(by_hand));
        // Every row is comparable with at least itself and those like it: counts add up.
        let total: u32 = support.counts.iter().sum();
        assert_eq!(total, 900);
    }

    #[test]
    fn a_column_that_would_make_small_cells_is_left_out() {
        let frame = frame(60);
        let all = ["age".to_owned(), "kind".into(), "over".into()];
        let support = Support::new(&frame, &all);
        let small: usize = (0..60).filter(|&r| support.of(&frame, r).is_none()).count();
        assert!(small as f64 <= 0.2 * 60.0);
        assert!(support.counts.iter().all(|&c| c == 0 || c >= 10));
    }

    #[test]
    fn two_values_make_two_classes_and_the_unseen_is_not_comparable() {
        let support = Support::new(&frame(900), &["over".into(), "kind".into()]);
        let mut row = frame(1);
        assert!(support.of(&row, 0).is_some());
        row = Frame::new(vec![
            Column { name: "over".into(), values: Values::Number(vec![1.0]) },
            Column {
                name: "kind".into(),
                values: Values::Level { codes: vec![0], levels: vec!["new".into()] },
            },
        ])
        .unwrap();
        assert_eq!(support.of(&row, 0), None);
        assert_eq!(Support::new(&frame(5), &[]).of(&frame(5), 0), None);
        assert_eq!(Support::new(&frame(12), &[]).of(&frame(12), 0), Some(12));
    }

    #[test]
    fn broken_counts_are_noticed() {
        let mut support = Support::new(&frame(900), &["age".into()]);
        support.counts.pop();
        assert!(support.check().is_err());
    }
}
