//! Predicted risks, checked and sorted once.

use super::{EvaluateError, Observed};

/// The risks that a model predicts for the rows that are judged: one list per horizon.
#[derive(Debug, Clone)]
pub struct Predicted {
    risks: Vec<Vec<f64>>,
    /// Rows by rising risk, per horizon.
    order: Vec<Vec<u32>>,
    /// The stratum (0, 1, …) of each row, how many there are, and per horizon the rows by stratum
    /// and then by rising risk.
    strata: Option<Strata>,
}

/// Which rows were predicted by one fit.
#[derive(Debug, Clone)]
struct Strata {
    of_row: Vec<u32>,
    number: usize,
    order: Vec<Vec<u32>>,
}

impl Predicted {
    /// `risks[h][row]`: the predicted probability of the cause by horizon h.
    ///
    /// # Errors
    /// Another number of horizons or rows than was observed; a risk that is NaN or outside [0, 1]
    /// (a foreign learner may give such; it is never cut off silently).
    pub fn new(observed: &Observed, risks: Vec<Vec<f64>>) -> Result<Self, EvaluateError> {
        let horizons = observed.horizons();
        if risks.len() != horizons.len() {
            let what = "the list of horizons of the predictions".into();
            let (found, expected) = (risks.len(), horizons.len());
            return Err(EvaluateError::Length { what, found, expected });
        }
        for (column, &horizon) in risks.iter().zip(horizons) {
            if column.len() != observed.len() {
                let what = format!("the prediction at horizon {horizon}");
                let (found, expected) = (column.len(), observed.len());
                return Err(EvaluateError::Length { what, found, expected });
            }
            if let Some(row) = column.iter().position(|r| !(0.0..=1.0).contains(r)) {
                return Err(EvaluateError::NotAProbability { row, horizon, value: column[row] });
            }
        }
        let order = risks.iter().map(|column| by_risk(column)).collect();
        Ok(Self { risks, order, strata: None })
    }

    /// The same, saying which rows (0, 1, …) were predicted by one fit, as the folds of one repeat.
    ///
    /// Risks from different fits are not on one scale: a fold whose test rows happen to fare badly
    /// was trained on rows that fared well, which alone pushes a pooled AUC below that of a coin.
    /// So discrimination then compares rows of one fit only. Calibration and accuracy
    /// are about the risks themselves and pool all rows.
    ///
    /// # Errors
    /// Another number of rows.
    pub fn by_fit(mut self, fits: Vec<u32>) -> Result<Self, EvaluateError> {
        let rows = self.risks.first().map_or(0, Vec::len);
        if fits.len() != rows {
            let what = "the list of fits".into();
            return Err(EvaluateError::Length { what, found: fits.len(), expected: rows });
        }
        let number = fits.iter().max().map_or(0, |&most| most as usize + 1);
        let regroup = |order: &Vec<u32>| {
            let mut order = order.clone();
            order.sort_by_key(|&row| fits[row as usize]);
            order
        };
        let order = self.order.iter().map(regroup).collect();
        self.strata = Some(Strata { of_row: fits, number, order });
        Ok(self)
    }

    /// The fit that predicted a row.
    pub(super) fn fit(&self, row: usize) -> u32 {
        self.strata.as_ref().map_or(0, |s| s.of_row[row])
    }

    /// How many fits there are.
    pub(super) fn fits(&self) -> usize {
        self.strata.as_ref().map_or(1, |s| s.number)
    }

    /// Rows by fit, and by rising risk within a fit.
    pub(super) fn order_by_fit(&self, horizon: usize) -> &[u32] {
        self.strata.as_ref().map_or(&self.order[horizon], |s| &s.order[horizon])
    }

    /// Whether every fit gives all its rows one risk: there is nothing to tell them apart by.
    pub(super) fn flat(&self, horizon: usize) -> bool {
        let risk = &self.risks[horizon];
        self.order_by_fit(horizon).windows(2).all(|pair| {
            let [a, b] = [pair[0] as usize, pair[1] as usize];
            self.fit(a) != self.fit(b) || (risk[a] - risk[b]).abs() < 1e-9
        })
    }

    /// The risks at a horizon (by its position).
    #[must_use]
    pub fn at(&self, horizon: usize) -> &[f64] {
        &self.risks[horizon]
    }

    /// Rows by rising risk at a horizon.
    pub(super) fn order(&self, horizon: usize) -> &[u32] {
        &self.order[horizon]
    }

    /// The risk by the last horizon: what the C indices rank by.
    pub(super) fn last(&self) -> usize {
        self.risks.len() - 1
    }
}

/// Rows by rising risk. −0 and 0 are one risk, so the comparison is numeric.
fn by_risk(risk: &[f64]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..risk.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| {
        let (x, y) = (risk[a as usize], risk[b as usize]);
        x.partial_cmp(&y).unwrap_or(std::cmp::Ordering::Equal).then(a.cmp(&b))
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survival::Outcome;

    #[test]
    fn what_is_not_a_probability_is_refused() {
        let outcome = Outcome::new(None, vec![1.0, 2.0], vec![1, 0], vec!["event".into()]).unwrap();
        let observed = Observed::new(&outcome, 1, &[1.5]).unwrap();
        for bad in [-1e-9, 1.0 + 1e-9, f64::NAN, f64::INFINITY] {
            let error = Predicted::new(&observed, vec![vec![0.5, bad]]).unwrap_err();
            assert!(matches!(error, EvaluateError::NotAProbability { row: 1, .. }), "{error}");
            assert_eq!(crate::Error::from(error).kind(), crate::ErrorKind::Data);
        }
        let fine = Predicted::new(&observed, vec![vec![0.0, 1.0]]).unwrap();
        assert!(!fine.flat(0));
        assert!(fine.clone().by_fit(vec![0, 1]).unwrap().flat(0), "one row per fit");
        assert!(fine.by_fit(vec![0]).is_err());
        assert!(Predicted::new(&observed, vec![vec![0.5]]).is_err());
        assert!(Predicted::new(&observed, vec![]).is_err());
    }
}
