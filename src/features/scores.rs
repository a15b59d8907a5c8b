//! Assessments: the latest score of a scale that was known on a day.

use crate::history::{Day, History, Label};

/// The latest score: of several on one day, their mean, so that the order of rows never matters.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Latest {
    date: Option<Day>,
    sum: f64,
    n: u32,
}

impl Latest {
    /// Reads the scores of `scale` in `rows` (in order of their dates) that were dated, and known,
    /// on or before `day`.
    pub(super) fn read(
        &mut self,
        h: &History,
        rows: &[u32],
        scale: Label,
        day: Day,
        keep: impl Fn(&crate::history::Assessment) -> bool,
    ) {
        for &row in rows {
            let a = &h.assessments[row as usize];
            if a.date > day {
                break;
            }
            if a.scale != scale || a.known_from() > day || !keep(a) {
                continue;
            }
            let Some(score) = a.score.filter(|s| s.is_finite()) else { continue };
            match self.date {
                Some(date) if date > a.date => {}
                Some(date) if date == a.date => {
                    self.sum += score;
                    self.n += 1;
                }
                _ => *self = Self { date: Some(a.date), sum: score, n: 1 },
            }
        }
    }

    /// The score; NaN where there is none.
    pub(super) fn value(&self) -> f64 {
        if self.n == 0 { f64::NAN } else { self.sum / f64::from(self.n) }
    }
}
