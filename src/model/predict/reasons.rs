//! What a prediction is made of: additive reasons.

use rayon::prelude::*;

use super::Row;
use crate::features::Frame;
use crate::learners::ForestReasons;
use crate::model::ModelError;
use crate::model::prediction::{Contribution, Explanation, Scale};
use crate::model::trained::{Engine, Model};

impl Model {
    /// What each term adds: to the log hazard of the cause, or for trees to the risk at the last
    /// horizon that has a number.
    pub(super) fn contributions(&self, row: &Row<'_>, horizons: &[f64]) -> Vec<Contribution> {
        let explained = horizons.iter().rev().find_map(|&h| self.explain_row(row, h));
        explained.map_or_else(Vec::new, |e| e.contributions)
    }

    /// The scale on which the reasons of a prediction add up.
    #[must_use]
    pub fn reasons_on(&self) -> Scale {
        match self.engine {
            Engine::Forests(_) | Engine::SurvivalForests(_) => Scale::Risk,
            _ => Scale::LogHazard,
        }
    }

    /// Additive reasons for each row of a frame at one horizon: `base` and the contributions sum
    /// to `total`, on the scale that is told. `None` where there is no number, and for kinds
    /// without additive reasons.
    ///
    /// For linear kinds the contributions are the columns' effects, held against the average
    /// training row. For trees they are exact Shapley values on the scale of the risk (Lundberg,
    /// Erion & Lee 2018), held against the risk of the average training row.
    ///
    /// # Errors
    /// As [`Model::predict`].
    pub fn explain(
        &self,
        frame: &Frame,
        lasted: &[f64],
        horizon: f64,
    ) -> Result<Vec<Option<Explanation>>, ModelError> {
        let rows = self.rows(frame, lasted, &[horizon])?;
        let of = |r: usize| self.explain_row(&self.row(&rows, r, lasted[r]).ok()?, horizon);
        Ok((0..frame.len()).into_par_iter().map(of).collect())
    }

    fn explain_row(&self, row: &Row<'_>, horizon: f64) -> Option<Explanation> {
        let from = self.clock(row);
        let effects;
        let coef = match &self.engine {
            Engine::Hazards(h) => h.effects[0].coef.as_slice(),
            Engine::Imputed(i) => i.pooled.coef.as_slice(),
            Engine::Smooth(s) => {
                effects = s.causes[0].effects(s.edges.len() - 1);
                &effects
            }
            Engine::Discrete(d) => {
                let c = &d.causes[0].coef;
                &c[c.len() - self.means.len()..]
            }
            Engine::Forests(f) if from <= 1.0 => {
                let reasons = f.reasons(row.landmark, horizon, &row.raw)?;
                return Some(of_trees(row.terms, reasons, Scale::Risk));
            }
            Engine::Forests(_) | Engine::Rows(_) => return None,
            Engine::SurvivalForests(f) => {
                let to = from + horizon;
                let reasons = f.reasons(row.landmark, &row.raw, from, to)?;
                return Some(of_trees(row.terms, reasons, Scale::Risk));
            }
            Engine::Boosted(b) => {
                return Some(of_trees(row.terms, b.reasons(&row.raw), Scale::LogHazard));
            }
        };
        let contributions = by_term(row.terms, coef.iter().zip(&row.x).map(|(b, x)| b * x));
        let total = contributions.iter().map(|c| c.value).sum();
        Some(Explanation { scale: Scale::LogHazard, base: 0.0, total, contributions })
    }
}

fn of_trees(terms: &[String], reasons: ForestReasons, scale: Scale) -> Explanation {
    let total = reasons.base + reasons.columns.iter().sum::<f64>();
    let contributions = by_term(terms, reasons.columns.into_iter());
    Explanation { scale, base: reasons.base, total, contributions }
}

/// Values of columns, summed by their terms.
fn by_term(terms: &[String], columns: impl Iterator<Item = f64>) -> Vec<Contribution> {
    let mut all: Vec<Contribution> = Vec::new();
    for (term, value) in terms.iter().zip(columns) {
        match all.iter_mut().find(|c| c.term == *term) {
            Some(c) => c.value += value,
            None => all.push(Contribution { term: term.clone(), value }),
        }
    }
    all
}
