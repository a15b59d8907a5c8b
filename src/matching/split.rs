//! Siblings whose exception leaves both open: one who needs specialised care *may* be placed
//! apart. Splitting has a price; together is tried as well, and kept where the place is worth it.
//!
//! The other exceptions (threat, strong conflict, sexual abuse) keep siblings apart, at any price.

use std::collections::BTreeSet;

use super::ask::Caseload;
use super::choice::choice_sets;
use super::plan::Planner;
use super::predicted::Predicted;
use super::run::MatchOptions;
use super::screen::Screen;
use super::situation::Situation;
use crate::Error;
use crate::history::{KeepSiblings, Label, RequestIx};
use crate::model::Model;
use crate::progress::Silent;

/// Exceptions that are tried at most; the others stay apart.
const MOST: usize = 8;

/// What a plan comes to: children placed by weight, and the sum of their risks.
struct Worth {
    placed: f64,
    risk: f64,
}

/// The requests whose exception is set aside: their children are placed together with their
/// siblings, for the price of splitting is more than what splitting gains. One after the other,
/// by id; the plan that results is the best for these, not proven the best of all ways to split.
pub(super) fn together(
    model: &Model,
    s: &Situation<'_>,
    screen: &Screen<'_>,
    options: &MatchOptions,
) -> Result<BTreeSet<RequestIx>, Error> {
    let price = options.rules.siblings.split_price;
    let mut chosen = BTreeSet::new();
    if price <= 0.0 {
        return Ok(chosen);
    }
    let open = exceptions(s, &options.rules);
    if open.is_empty() {
        return Ok(chosen);
    }
    let mut best = worth(model, s, screen, options, &chosen)?;
    for request in open {
        let mut tried = chosen.clone();
        tried.insert(request);
        let found = worth(model, s, screen, options, &tried)?;
        let as_many = found.placed >= best.placed - 1e-9;
        if as_many && found.risk - best.risk <= price + 1e-12 {
            (chosen, best) = (tried, found);
        }
    }
    Ok(chosen)
}

/// Open requests with such an exception and an open request of a sibling.
fn exceptions(s: &Situation<'_>, rules: &super::rules::Rules) -> Vec<RequestIx> {
    let h = s.history;
    let load = Caseload::new(s, rules);
    let siblings = |r: RequestIx| -> (Option<Label>, Option<Label>) {
        let request = &h.requests[r.at()];
        (request.group, h.child(request.child).sibling_group)
    };
    let related = |a: RequestIx, b: RequestIx| {
        let ((g, s), (other_g, other_s)) = (siblings(a), siblings(b));
        a != b && ((g.is_some() && g == other_g) || (s.is_some() && s == other_s))
    };
    load.asks
        .iter()
        .filter(|a| a.request.keep_siblings == Some(KeepSiblings::SpecialisedCare))
        .filter(|a| load.asks.iter().any(|b| related(a.ix, b.ix)))
        .map(|a| a.ix)
        .take(MOST)
        .collect()
}

fn worth(
    model: &Model,
    s: &Situation<'_>,
    screen: &Screen<'_>,
    options: &MatchOptions,
    together: &BTreeSet<RequestIx>,
) -> Result<Worth, Error> {
    let load = Caseload::with_together(s, &options.rules, together);
    let sets = choice_sets(s, screen, &load);
    let predicted = Predicted::new(model, s, &load, &sets, &Silent)?;
    let gains = predicted.gains(&load, &sets);
    let planner = Planner::new(s, screen, &load, &sets);
    let best = planner.best(&gains, options.effort, &Silent);
    let mut risk = 0.0;
    for (g, at) in best.chosen.iter().enumerate() {
        let Some(at) = *at else { continue };
        let members = load.groups[g].len();
        let of = |m: usize| predicted.last(predicted.row(g, members, at, m)).unwrap_or(0.0);
        risk += (0..members).map(of).sum::<f64>();
    }
    Ok(Worth { placed: best.placed, risk })
}
