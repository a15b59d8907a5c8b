//! The same study under another definition, or with ends of unknown reason counted otherwise: how
//! far does the answer move?

use serde::{Deserialize, Serialize};

use crate::model::{Model, Prepared, Source, Study, fit, prepare};
use crate::outcome::{Cause, Definition, DefinitionName, Unit, UnknownEnds as Counted};
use crate::progress::Progress;

use super::calibration::percentile;
use super::run::{Scope, judged};
use super::{AtTime, Summary, Verdict};

/// The study under another way of counting breakdowns: its model and no model, on folds drawn
/// anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// The outcome definition.
    pub definition: String,
    /// Spells.
    pub n: usize,
    /// Events of the cause among them.
    pub events: usize,
    /// What was seen by each horizon.
    pub observed: Vec<AtTime>,
    /// The metrics of the model over the repeated folds.
    pub summary: Summary,
    /// What follows from the gates.
    pub verdict: Option<Verdict>,
    /// How far the risks of the study's own placements move; null where a spell is something else
    /// under the other definition, or where one of the two models cannot be fitted.
    pub moved: Option<Moved>,
    /// Why there are no numbers.
    pub failed: Option<String>,
}

/// The risks by the last horizon of the study's own rows, from a model of all rows under the
/// study's definition and under the other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// Rows with a risk under both.
    pub rows: usize,
    /// The mean risk under the study's own definition, and under the other.
    pub mean_own: f64,
    /// The mean risk under the other.
    pub mean: f64,
    /// The mean distance between the two risks of a row.
    pub mean_distance: f64,
    /// The 90th percentile of that distance.
    pub distance_90: f64,
    /// Spearman's rank correlation: 1 where both put the rows in the same order. Null where a
    /// model gives everybody the same risk.
    pub rank_correlation: Option<f64>,
}

/// Ends whose reason is not known, counted as all or as none of them breakdown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnknownEnds {
    /// How many there are.
    pub ends: usize,
    /// All of them are breakdowns.
    pub all: Variant,
    /// None of them is.
    pub none: Variant,
}

/// The names of the definitions of breakdown.
#[must_use]
pub fn definitions_of_breakdown() -> Vec<String> {
    let stays = |name: &DefinitionName| Definition::new(*name).unit != Unit::ReturnHome;
    DefinitionName::ALL.into_iter().filter(stays).map(|d| d.name().to_owned()).collect()
}

/// Reruns a study that was prepared under its own definition.
pub(super) struct Reruns<'a> {
    pub study: &'a Study,
    pub source: &'a Source,
    pub prepared: &'a Prepared,
    pub progress: &'a dyn Progress,
}

impl Reruns<'_> {
    /// Under each named definition other than the study's own.
    pub(super) fn definitions(&self) -> Result<Vec<Variant>, crate::Error> {
        let Some(own) = &self.prepared.definition else { return Ok(Vec::new()) };
        let names = self.study.evaluate.definitions.iter();
        let others = names.filter(|name| *name != own.name.name());
        others
            .map(|name| {
                let definition = Definition::named(name)?;
                Ok(self.under(&definition))
            })
            .collect()
    }

    /// With all and with none of the ends of unknown reason as breakdown; `None` where there are
    /// none, or where the study itself says how they count.
    pub(super) fn unknown_ends(&self) -> Option<UnknownEnds> {
        let own = self.prepared.definition.as_ref()?;
        let number = self.prepared.outcome.cause_number(Cause::Unknown.name())?;
        let ends = self.prepared.outcome.events(number);
        if ends == 0 || own.unknown != Counted::Own {
            return None;
        }
        let counted = |unknown| self.under(&Definition { unknown, ..own.clone() });
        Some(UnknownEnds { ends, all: counted(Counted::Breakdown), none: counted(Counted::None) })
    }

    fn under(&self, definition: &Definition) -> Variant {
        let mut variant = Variant {
            definition: definition.name.name().to_owned(),
            n: 0,
            events: 0,
            observed: Vec::new(),
            summary: Summary::new(),
            verdict: None,
            moved: None,
            failed: None,
        };
        let scope = Scope::Headline;
        match judged(self.study, self.source, Some(definition), scope, self.progress) {
            Ok(found) => {
                (variant.n, variant.events) = (found.n, found.events);
                (variant.observed, variant.summary) = (found.observed, found.summary);
                variant.verdict = Some(found.verdict);
                variant.moved = self.moved(definition);
            }
            Err(error) => variant.failed = Some(error.to_string()),
        }
        variant
    }

    fn moved(&self, definition: &Definition) -> Option<Moved> {
        let own = self.prepared.definition.as_ref()?;
        if (own.unit == Unit::ReturnHome) != (definition.unit == Unit::ReturnHome) {
            return None;
        }
        let model = |prepared: &Prepared| fit(prepared, None, &self.study.model).ok();
        let other = prepare(self.study, self.source, None, Some(definition)).ok()?;
        let risks = |model: Model| -> Option<Vec<Option<f64>>> {
            let horizon = self.prepared.horizons.last()?.length;
            let origin = self.prepared.landmark.as_ref();
            let lasted: Vec<f64> = (0..self.prepared.len())
                .map(|row| origin.map_or(0.0, |marks| self.prepared.origin(marks[row])))
                .collect();
            let risks = model.risks(&self.prepared.frame, &lasted, &[horizon]).ok()?;
            Some(risks.into_iter().map(|r| r[0]).collect())
        };
        let (a, b) = (risks(model(self.prepared)?.model)?, risks(model(&other)?.model)?);
        moved(a.into_iter().zip(b).filter_map(|(a, b)| Some((a?, b?))).collect())
    }
}

fn moved(pairs: Vec<(f64, f64)>) -> Option<Moved> {
    if pairs.is_empty() {
        return None;
    }
    let n = pairs.len() as f64;
    let mut distance: Vec<f64> = pairs.iter().map(|(a, b)| (a - b).abs()).collect();
    distance.sort_unstable_by(f64::total_cmp);
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
    Some(Moved {
        rows: a.len(),
        mean_own: a.iter().sum::<f64>() / n,
        mean: b.iter().sum::<f64>() / n,
        mean_distance: distance.iter().sum::<f64>() / n,
        distance_90: percentile(&distance, 0.9),
        rank_correlation: correlation(&ranks(&a), &ranks(&b)),
    })
}

/// Ranks, with the mean rank for equal values.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = first as f64 + (tied.len() - 1) as f64 / 2.0;
        tied.iter().for_each(|&k| ranks[k] = rank);
        first += tied.len();
    }
    ranks
}

/// Pearson's correlation; `None` where one side does not vary.
fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let n = a.len() as f64;
    let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let sum = |x: &[f64], mx: f64, y: &[f64], my: f64| -> f64 {
        x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum()
    };
    let (va, vb) = (sum(a, ma, a, ma), sum(b, mb, b, mb));
    (va > 0.0 && vb > 0.0).then(|| sum(a, ma, b, mb) / (va * vb).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn risks_that_move_are_told_by_distance_and_order() {
        // cor(c(.1,.2,.3,.3), c(.2,.1,.5,.4), method = "spearman") in R is 0.7378648.
        let found = moved(vec![(0.1, 0.2), (0.2, 0.1), (0.3, 0.5), (0.3, 0.4)]).unwrap();
        assert!((found.rank_correlation.unwrap() - 0.737_864_787_372_621_8).abs() < 1e-12);
        assert!((found.mean_distance - 0.125).abs() < 1e-12);
        assert!((found.mean_own - 0.225).abs() < 1e-12 && (found.mean - 0.3).abs() < 1e-12);
        assert!((found.distance_90 - 0.17).abs() < 1e-12);
        assert_eq!(moved(Vec::new()), None);
        assert_eq!(moved(vec![(0.1, 0.2), (0.1, 0.3)]).unwrap().rank_correlation, None);
    }

    #[test]
    fn four_definitions_are_of_breakdown() {
        let names = definitions_of_breakdown();
        assert_eq!(names.len(), 4);
        assert!(!names.contains(&"failed-return-home".to_owned()));
    }
}
