//! Whom to call first, and how often each family is called first.
//!
//! The chance that a family says yes comes from the log of offers (`offers.csv`), drawn towards
//! that of all families together: a beta-binomial model whose spread between families is estimated
//! by moments (Kleinman 1973). The order saves calls; it is no order of quality.

use std::collections::BTreeMap;

use statrs::distribution::{Beta, ContinuousCDF};

use super::ask::{Ask, Caseload};
use super::result::RequestMatch;
use super::rules::Rules;
use super::situation::Situation;
use super::ties::Reply;
use crate::history::{Answer, Day, FamilyIx, History};
use crate::score::Note;

/// With fewer offers that have an answer there is no estimate.
pub const FEWEST_ANSWERS: u32 = 30;

/// Offers of one family that have an answer, and those that were a yes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answers {
    /// Offers with an answer; an offer that was never answered is no yes.
    pub asked: u32,
    /// Of these, yes.
    pub yes: u32,
}

/// A chance that a family says yes.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Chance {
    /// The estimate.
    pub estimate: f64,
    /// The lower end of its 95 % interval.
    pub lower: f64,
    /// The upper end.
    pub upper: f64,
    /// Offers to this family that it rests on.
    pub asked: u32,
}

/// What the log of offers says of all families together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Acceptance {
    /// The share of offers that was a yes.
    pub rate: f64,
    /// How many offers of its own weigh as much as the rate of all.
    pub strength: f64,
}

impl Acceptance {
    /// The model of these answers, by family; `None` with fewer than [`FEWEST_ANSWERS`], or where
    /// all answers are the same.
    #[must_use]
    pub fn fit(answers: &[Answers]) -> Option<Self> {
        let asked: f64 = answers.iter().map(|a| f64::from(a.asked)).sum();
        let yes: f64 = answers.iter().map(|a| f64::from(a.yes)).sum();
        if asked < f64::from(FEWEST_ANSWERS) || yes == 0.0 || yes == asked {
            return None;
        }
        let rate = yes / asked;
        let known = || answers.iter().filter(|a| a.asked > 0);
        let families = known().count() as f64;
        let spread: f64 = known()
            .map(|a| {
                let n = f64::from(a.asked);
                n * (f64::from(a.yes) / n - rate).powi(2)
            })
            .sum();
        let squares: f64 = known().map(|a| f64::from(a.asked).powi(2)).sum();
        let binomial = rate * (1.0 - rate);
        let beyond = asked - squares / asked - (families - 1.0);
        let correlation = (spread - binomial * (families - 1.0)) / (binomial * beyond);
        // What is known of all together never counts for more than a quarter of the offers.
        let most = (asked / 4.0).max(2.0);
        let strength = if correlation > 0.0 && correlation.is_finite() {
            ((1.0 - correlation) / correlation).clamp(2.0, most)
        } else {
            most
        };
        Some(Self { rate, strength })
    }

    /// The chance of a family with these answers.
    #[must_use]
    pub fn chance(&self, own: Answers) -> Chance {
        let (n, y) = (f64::from(own.asked), f64::from(own.yes));
        let (a, b) = (y + self.strength * self.rate, n - y + self.strength * (1.0 - self.rate));
        let estimate = a / (a + b);
        // Both shapes are above zero: the rate lies between 0 and 1.
        let (lower, upper) = Beta::new(a, b).map_or((0.0, 1.0), |beta| {
            (beta.inverse_cdf(0.025).min(estimate), beta.inverse_cdf(0.975).max(estimate))
        });
        Chance { estimate, lower, upper, asked: own.asked }
    }
}

/// A family in an order of calling.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Call {
    /// The family's id.
    pub family: String,
    /// The chance that it says yes; `None` without enough data.
    pub says_yes: Option<Chance>,
    /// Whether it said yes to this request already.
    pub said_yes: bool,
}

/// The order of calling for a request.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Order {
    /// The request's id.
    pub request: String,
    /// Its candidates, whom to call first.
    pub families: Vec<Call>,
    /// A family that would come first and does not, for it comes first for others already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed_over: Option<String>,
}

/// How often a family is shown.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Exposure {
    /// The family's id.
    pub family: String,
    /// Requests for which it is a candidate.
    pub candidate_for: u32,
    /// Requests for which it comes first in the order of calling.
    pub first_for: u32,
}

/// Orders of calling, and how often each family is shown.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Calling {
    /// Offers with an answer.
    pub answers: u32,
    /// The share of them that was a yes; `None` without enough data.
    pub rate: Option<f64>,
    /// One order per request that has candidates, by request.
    pub orders: Vec<Order>,
    /// Families that are a candidate for somebody, those shown most first.
    pub exposure: Vec<Exposure>,
    /// What to know of the orders.
    pub notes: Vec<Note>,
}

/// The answers of each family that were known on a day.
#[must_use]
pub fn answers(h: &History, as_of: Day) -> Vec<Answers> {
    let mut out = vec![Answers::default(); h.families.len()];
    for offer in &h.offers {
        let known = offer.offered <= as_of
            && offer.recorded.is_none_or(|d| d <= as_of)
            && offer.answered.is_none_or(|d| d <= as_of);
        let Some(answer) = offer.answer.filter(|_| known) else { continue };
        let of = &mut out[offer.family.at()];
        of.asked += 1;
        of.yes += u32::from(answer == Answer::Yes);
    }
    out
}

/// Makes the orders of calling for the requests as they are shown.
pub(super) fn calling(
    s: &Situation<'_>,
    load: &Caseload<'_>,
    rules: &Rules,
    requests: &[RequestMatch],
) -> Calling {
    let answers = answers(s.history, s.as_of);
    let model = Acceptance::fit(&answers);
    let by_id: BTreeMap<&str, FamilyIx> =
        (s.history.families.iter().zip(0..)).map(|(f, k)| (&*f.id, FamilyIx(k))).collect();
    let mut shown: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for c in requests.iter().flat_map(|r| &r.candidates) {
        shown.entry(&c.family).or_default().0 += 1;
    }
    let mut orders = Vec::new();
    for (ask, request) in in_turn(s, load, rules, requests) {
        let mut calls: Vec<(bool, Call)> = request
            .candidates
            .iter()
            .map(|c| {
                let family = by_id.get(c.family.as_str());
                let said_yes = family.is_some_and(|&f| ask.replies.contains(&(f, Reply::Yes)));
                let says_yes = model.zip(family).map(|(m, f)| m.chance(answers[f.at()]));
                (
                    is_worse(request, &c.family),
                    Call { family: c.family.clone(), says_yes, said_yes },
                )
            })
            .collect();
        calls.sort_by(|(worse_a, a), (worse_b, b)| {
            let chance = |c: &Call| c.says_yes.map_or(0.0, |y| y.estimate);
            let heads = |c: &Call| shown.get(c.family.as_str()).map_or(0, |e| e.1);
            (!a.said_yes, worse_a)
                .cmp(&(!b.said_yes, worse_b))
                .then(chance(b).total_cmp(&chance(a)))
                .then(heads(a).cmp(&heads(b)))
                .then(a.family.cmp(&b.family))
        });
        let mut families: Vec<Call> = calls.into_iter().map(|(_, call)| call).collect();
        let passed_over = cap(&mut families, rules.choice.first_at_most, &shown);
        if let Some(e) = families.first().and_then(|f| shown.get_mut(f.family.as_str())) {
            e.1 += 1;
        }
        orders.push(Order { request: request.request.clone(), families, passed_over });
    }
    orders.sort_by(|a, b| a.request.cmp(&b.request));
    let mut exposure: Vec<Exposure> = shown
        .into_iter()
        .map(|(family, (candidate_for, first_for))| Exposure {
            family: family.to_owned(),
            candidate_for,
            first_for,
        })
        .collect();
    exposure.sort_by(|a, b| {
        (b.first_for, b.candidate_for)
            .cmp(&(a.first_for, a.candidate_for))
            .then(a.family.cmp(&b.family))
    });
    let count = answers.iter().map(|a| a.asked).sum();
    let notes = notes(count, model.is_some(), &orders, &exposure);
    Calling { answers: count, rate: model.map(|m| m.rate), orders, exposure, notes }
}

/// Requests with candidates in their turn: urgency, then waiting, then id.
fn in_turn<'a>(
    s: &Situation<'_>,
    load: &'a Caseload<'a>,
    rules: &Rules,
    requests: &'a [RequestMatch],
) -> Vec<(&'a Ask<'a>, &'a RequestMatch)> {
    let of: BTreeMap<&str, &RequestMatch> =
        requests.iter().map(|r| (r.request.as_str(), r)).collect();
    let mut turn: Vec<(&Ask<'_>, &RequestMatch)> = load
        .asks
        .iter()
        .filter_map(|ask| Some((ask, *of.get(&*ask.request.id)?)))
        .filter(|(_, r)| !r.candidates.is_empty())
        .collect();
    let weight = |a: &Ask<'_>| rules.urgency.weight(a.request.urgency);
    let waiting = |a: &Ask<'_>| s.as_of.since(a.request.received.unwrap_or(a.request.needed_from));
    turn.sort_by(|(a, _), (b, _)| {
        weight(b)
            .total_cmp(&weight(a))
            .then(waiting(b).cmp(&waiting(a)))
            .then(a.request.id.cmp(&b.request.id))
    });
    turn
}

/// Whether the data tell a candidate apart from the one with the lowest risk.
fn is_worse(request: &RequestMatch, family: &str) -> bool {
    let risk = |c: &super::result::Candidate| Some(c.risk.as_ref()?.last()?.estimate);
    let lowest = request
        .candidates
        .iter()
        .filter_map(|c| Some((risk(c)?, c)))
        .min_by(|a, b| a.0.total_cmp(&b.0));
    lowest.is_some_and(|(_, best)| {
        let here = request.candidates.iter().find(|c| c.family == family);
        best.family != family
            && here.is_some_and(|c| c.risk.is_some())
            && !best.equal_to.contains(family)
    })
}

/// Lets the first family that is not at its limit go first. One that said yes is never passed.
fn cap(
    families: &mut [Call],
    most: Option<u32>,
    shown: &BTreeMap<&str, (u32, u32)>,
) -> Option<String> {
    let most = most?;
    let full = |c: &Call| shown.get(c.family.as_str()).is_some_and(|e| e.1 >= most);
    let first = families.first().filter(|c| full(c) && !c.said_yes)?.family.clone();
    let at = families.iter().position(|c| !full(c))?;
    families[..=at].rotate_right(1);
    Some(first)
}

fn notes(answers: u32, model: bool, orders: &[Order], exposure: &[Exposure]) -> Vec<Note> {
    let mut out = vec![Note::new(
        "order_saves_calls",
        "De volgorde spaart telefoontjes; het is geen rangorde van gezinnen.",
        "The order saves calls; it is no ranking of families.",
    )];
    if !model {
        out.push(Note::new(
            "not_enough_answers",
            format!(
                "Te weinig antwoorden ({answers}; ten minste {FEWEST_ANSWERS}, en niet allemaal \
                 gelijk) om te schatten welke gezinnen ja zeggen."
            ),
            format!(
                "Not enough answers ({answers}; at least {FEWEST_ANSWERS}, and not all the same) \
                 to estimate which families say yes."
            ),
        ));
    }
    let real = orders.iter().filter(|o| o.families.len() > 1).count() as u32;
    if let Some(top) = exposure.first().filter(|e| real >= 3 && 2 * e.first_for > real) {
        let (family, n, of) = (&top.family, top.first_for, orders.len());
        out.push(Note::new(
            "same_family_first",
            format!("Let op: {family} staat bij {n} van de {of} aanvragen bovenaan."),
            format!("Note: {family} comes first for {n} of the {of} requests."),
        ));
    }
    out
}

#[cfg(test)]
mod tests;
