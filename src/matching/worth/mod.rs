//! Worth: would another way of choosing have changed anything?
//!
//! A model that judges its own advice finds gains where there are none. Here past choices are
//! rebuilt from the records, with how they were made and what came of them; what they cannot
//! carry is refused: "not identified" is an answer.

mod estimate;
mod logit;
mod null_world;
mod past;
mod text;

use std::collections::BTreeMap;

pub use estimate::{
    Estimate, FEWEST_CHOICES, FEWEST_EFFECTIVE, Past, PolicyWorth, RiskModel, evaluate,
};
pub use logit::{ChoiceModel, Chosen};
pub use null_world::{
    MethodCoverage, NullWorlds, Placebo, flexible, null_world, null_worlds, placebo,
};
pub use past::{COLUMNS, Rebuilt, rebuild};

use super::rules::Rules;
use crate::Error;
use crate::history::{Day, History, Index};
use crate::model::Model;
use crate::score::{Note, definition};

/// The level of the intervals.
const LEVEL: f64 = 0.95;
/// Rounds of the placebo.
const ROUNDS: u32 = 100;

/// A term of the choice model.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ChoiceTerm {
    /// Its name.
    pub name: &'static str,
    /// The log odds per unit.
    pub estimate: f64,
    /// Its standard error.
    pub se: f64,
}

/// What past choices say of the worth of choosing by the model.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct WorthEstimate {
    /// Past choices between at least two families.
    pub choices: usize,
    /// Children placed by them whose outcome is known.
    pub outcomes: usize,
    /// Placements in a family that the rules would not have allowed, and are left out.
    pub outside_rules: usize,
    /// Placements in the only family that was left: no choice.
    pub only_one: usize,
    /// How choices were made then.
    pub choice_model: Vec<ChoiceTerm>,
    /// The policies.
    pub policies: Vec<PolicyWorth>,
    /// The same with outcomes exchanged within strata: about zero where the method is right.
    pub placebo: Option<Placebo>,
}

/// The worth of a plan.
#[derive(Debug, Clone, PartialEq)]
pub enum Worth {
    /// The records cannot carry it.
    NotIdentified,
    /// What they say.
    Estimated(Box<WorthEstimate>),
}

impl serde::Serialize for Worth {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::NotIdentified => s.serialize_str("not identified"),
            Self::Estimated(estimate) => estimate.serialize(s),
        }
    }
}

/// Estimates what choosing by the model would have changed, as known on `as_of`, and says in words
/// what that rests on, or why nothing is estimated.
///
/// # Errors
/// As the model's own, where it cannot answer for a pair.
pub fn worth(
    model: &Model,
    h: &History,
    index: &Index,
    rules: &Rules,
    as_of: Day,
) -> Result<(Worth, Note), Error> {
    let missing = [
        ("family_periods.csv", h.family_periods.is_empty()),
        ("requests.csv", h.requests.is_empty()),
        ("offers.csv", h.offers.is_empty()),
    ];
    if let Some((file, _)) = missing.iter().find(|m| m.1) {
        return Ok((Worth::NotIdentified, text::no_file(file)));
    }
    let rebuilt = rebuild(model, &definition(model)?, h, index, rules, as_of)?;
    let outcomes = rebuilt.pasts.iter().filter(|p| p.weight > 0.0).count();
    if outcomes < FEWEST_CHOICES {
        return Ok((Worth::NotIdentified, text::too_few(outcomes)));
    }
    // The model is what it is: it is not fitted again, and gives its own risks.
    let last = COLUMNS.len() - 1;
    let own = |_: &[&Past], test: &[&Past]| -> Vec<Vec<f64>> {
        let risk = |o: &Vec<f64>| 1.0 / (1.0 + (-o[last]).exp());
        test.iter().map(|p| p.choice.options.iter().map(risk).collect()).collect()
    };
    let pasts = strata(rebuilt.pasts);
    let Some(policies) = evaluate(&pasts, &own, LEVEL) else {
        return Ok((Worth::NotIdentified, text::no_model()));
    };
    if let Some(why) = all_refused(&policies) {
        return Ok((Worth::NotIdentified, why));
    }
    let placebo = placebo(&pasts, &own, ROUNDS, 42, LEVEL);
    if let Some(failed) = placebo.as_ref().filter(|p| !p.passes(LEVEL)) {
        return Ok((Worth::NotIdentified, text::placebo_failed(failed)));
    }
    let choices: Vec<&Chosen> = pasts.iter().filter(|p| p.first).map(|p| &p.choice).collect();
    let fitted = ChoiceModel::fit(&choices, 1.0);
    let terms = fitted.map_or_else(Vec::new, |m| {
        let of = |((&name, &estimate), &se)| ChoiceTerm { name, estimate, se };
        COLUMNS.iter().zip(&m.coef).zip(&m.se).map(of).collect()
    });
    let estimate = WorthEstimate {
        choices: choices.len(),
        outcomes,
        outside_rules: rebuilt.outside_rules,
        only_one: rebuilt.only_one,
        choice_model: terms,
        placebo,
        policies,
    };
    let note = text::estimated(&estimate);
    Ok((Worth::Estimated(Box::new(estimate)), note))
}

fn all_refused(policies: &[PolicyWorth]) -> Option<Note> {
    let first = policies.iter().find_map(|p| p.refused)?;
    policies.iter().all(|p| p.refused.is_some()).then(|| text::refused(first, policies))
}

/// Strata of the placebo: fifths of the child's mean predicted risk over its families, so that
/// outcomes are exchanged between children who are alike.
fn strata(mut pasts: Vec<Past>) -> Vec<Past> {
    let last = COLUMNS.len() - 1;
    let mean: Vec<f64> = pasts
        .iter()
        .map(|p| {
            let n = p.choice.options.len() as f64;
            p.choice.options.iter().map(|o| o[last]).sum::<f64>() / n
        })
        .collect();
    let mut order: Vec<usize> = (0..pasts.len()).collect();
    order.sort_by(|&a, &b| mean[a].total_cmp(&mean[b]).then(a.cmp(&b)));
    let n = order.len().max(1);
    let place: BTreeMap<usize, usize> =
        order.into_iter().enumerate().map(|(k, i)| (i, k)).collect();
    for (k, past) in pasts.iter_mut().enumerate() {
        past.stratum = (5 * place[&k] / n) as u32;
    }
    pasts
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod truth_tests;
