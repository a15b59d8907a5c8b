//! Other plans for the same caseload, each with its price against the best one; how far a pair
//! depends on the risks being as they are estimated; and what one more family would change.

mod floors;
mod recruit;
mod rest;
mod text;
mod worst_off;

use rayon::prelude::*;

pub use floors::FloorMet;
pub use recruit::Recruit;

use super::assign::Effort;
use super::plan::{Best, Gains, Planner};
use super::result::{AssignedPair, Status};
use super::screen::Screen;
use crate::progress::{Progress, Silent};
use crate::score::Note;

/// What other plans are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariantOptions {
    /// Times that the risks are drawn again.
    pub draws: u32,
    /// The seed of the draws.
    pub seed: u64,
}

impl Default for VariantOptions {
    fn default() -> Self {
        Self { draws: 200, seed: 42 }
    }
}

/// What a variant costs against the best plan.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Price {
    /// Children placed less, weighted by urgency.
    pub placed: f64,
    /// Gain in stability less, by the same estimates.
    pub gain: f64,
}

/// Another plan.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Variant {
    /// `worst_off_first`, `floors`, or `conservative`.
    pub name: String,
    /// What it looks at.
    pub what: Note,
    /// Whether it is proven the best of its kind.
    pub status: Status,
    /// Children placed, weighted by urgency.
    pub placed: f64,
    /// No plan of its kind places more, weighted by urgency.
    pub placed_bound: f64,
    /// (placed_bound − placed) / max(1, placed).
    pub placed_gap: f64,
    /// The sum of the gains, by the estimates of the best plan.
    pub gain: f64,
    /// The gain of the worst-off child placed.
    pub worst: Option<f64>,
    /// What it costs against the best plan.
    pub price: Price,
    /// What blocks it (see stability).
    pub blocking_pairs: usize,
    /// Its pairs, with their gains.
    pub pairs: Vec<AssignedPair>,
    /// The floors and what came of them; empty for other variants.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub floors: Vec<FloorMet>,
}

impl Variant {
    /// Notes what no plan of its kind can place more than.
    fn at_most(&mut self, bound: f64) {
        self.placed_bound = bound.max(self.placed);
        self.placed_gap = (self.placed_bound - self.placed) / self.placed.max(1.0);
    }
}

/// How often a pair of the plan is in the plan again when the risks are drawn anew.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Survival {
    /// The request.
    pub request: String,
    /// Its family in the plan.
    pub family: String,
    /// The share of the draws with the same family.
    pub share: f64,
    /// The candidates of the request: with one, the share says nothing of the risks.
    pub candidates: u32,
}

/// Other plans, and how firm the best one is.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Variants {
    /// The plans.
    pub plans: Vec<Variant>,
    /// Draws of the risks.
    pub draws: u32,
    /// How often each pair of the plan comes again.
    pub survival: Vec<Survival>,
    /// What one more family would change.
    pub recruitment: Vec<Recruit>,
    /// What could not be worked out, and why.
    pub notes: Vec<Note>,
}

/// All that the variants are made from.
pub(super) struct Made<'a> {
    pub planner: &'a Planner<'a>,
    pub screen: &'a Screen<'a>,
    pub gains: &'a Gains,
    /// The gains by the upper ends of the intervals.
    pub cautious: &'a Gains,
    pub best: &'a Best,
    /// How many pairs block a choice.
    pub blocking: &'a (dyn Fn(&[Option<usize>]) -> usize + Sync),
    pub effort: Effort,
}

/// Makes the variants; `drawn(k)` gives the gains of the `k`-th draw of the risks.
pub(super) fn variants(
    made: &Made<'_>,
    options: VariantOptions,
    drawn: &(dyn Fn(u64) -> Gains + Sync),
    progress: &dyn Progress,
) -> Variants {
    progress.start("variants", 4);
    let Made { planner, best, effort, .. } = *made;
    let mut out = Variants {
        plans: Vec::new(),
        draws: options.draws,
        survival: Vec::new(),
        recruitment: Vec::new(),
        notes: Vec::new(),
    };
    match worst_off::worst_off(planner, made.gains, best, effort) {
        Some(w) => {
            let mut variant =
                made.variant("worst_off_first", worst_off_first(), &w.chosen, w.exact);
            variant.at_most(best.placed_bound);
            out.plans.push(variant);
        }
        None => out.notes.push(too_many()),
    }
    progress.advance(1);
    let rules = made.screen.rules();
    if !rules.floor.is_empty() {
        let f = floors::floored(planner, &rules.floor, made.gains, best, effort);
        let proven = f.met && f.bound <= planner.placed(&f.chosen) + 1e-9;
        let mut variant = made.variant("floors", by_floors(), &f.chosen, proven);
        variant.floors = f.floors;
        variant.at_most(f.bound);
        out.plans.push(variant);
        if !f.met {
            out.notes.push(floors_not_met());
        }
    }
    let c = planner.best(made.cautious, effort, &Silent);
    let mut variant = made.variant("conservative", conservative(), &c.chosen, c.proven);
    variant.at_most(c.placed_bound);
    out.plans.push(variant);
    progress.advance(1);
    out.survival = made.survival(options, drawn);
    progress.advance(1);
    out.recruitment = recruit::recruit(planner, made.screen, best, effort);
    progress.finish();
    out
}

impl Made<'_> {
    fn variant(&self, name: &str, what: Note, chosen: &[Option<usize>], proven: bool) -> Variant {
        let (planner, gains, best) = (self.planner, self.gains, self.best);
        let pairs = planner.pairs(chosen, gains);
        let (placed, gain) = (planner.placed(chosen), planner.gain(chosen, gains));
        Variant {
            name: name.into(),
            what,
            status: if proven { Status::Optimal } else { Status::Feasible },
            placed,
            placed_bound: placed,
            placed_gap: 0.0,
            gain,
            worst: pairs.iter().map(|p| p.score).min_by(f64::total_cmp),
            price: Price { placed: best.placed - placed, gain: best.gain - gain },
            blocking_pairs: (self.blocking)(chosen),
            pairs,
            floors: Vec::new(),
        }
    }

    /// Makes the plan again for each draw; the first stage does not depend on the risks.
    fn survival(
        &self,
        options: VariantOptions,
        drawn: &(dyn Fn(u64) -> Gains + Sync),
    ) -> Vec<Survival> {
        let (planner, best, effort) = (self.planner, self.best, self.effort);
        let draws: Vec<u64> = (0..u64::from(options.draws)).collect();
        let again: Vec<Vec<Option<usize>>> = draws
            .par_iter()
            .map(|&k| {
                let gains = drawn(k);
                let bound = best.placed_bound;
                planner.best_from(&gains, &best.chosen, bound, effort, &Silent).chosen
            })
            .collect();
        let share = |g: usize, at: usize| {
            let same = again.iter().filter(|plan| plan[g] == Some(at)).count();
            same as f64 / again.len().max(1) as f64
        };
        let mut out: Vec<Survival> = best
            .chosen
            .iter()
            .enumerate()
            .filter_map(|(g, at)| at.map(|at| (g, at)))
            .flat_map(|(g, at)| {
                let family = planner.family(planner.options[g][at].0);
                let (share, candidates) = (share(g, at), planner.options[g].len() as u32);
                planner.requests(g).into_iter().map(move |request| Survival {
                    request,
                    family: family.clone(),
                    share,
                    candidates,
                })
            })
            .collect();
        if again.is_empty() {
            out.clear();
        }
        out.sort_by(|a, b| a.request.cmp(&b.request));
        out
    }
}

fn worst_off_first() -> Note {
    Note::new(
        "worst_off_first",
        "Evenveel plaatsingen; daarna eerst het kind dat er het slechtst af komt, dan het volgende.",
        "As many placements; then first the child who comes off worst, then the next.",
    )
}

fn conservative() -> Note {
    Note::new(
        "conservative",
        "Evenveel plaatsingen; daarna telt van elk gezin de ongunstige kant van het interval.",
        "As many placements; then the unfavourable end of each family's interval counts.",
    )
}

fn by_floors() -> Note {
    Note::new(
        "floors",
        "Van bepaalde groepen kinderen krijgt ten minste een afgesproken deel een plek.",
        "Of certain groups of children at least an agreed share gets a place.",
    )
}

fn too_many() -> Note {
    let most = worst_off::MOST_GROUPS;
    Note::new(
        "too_many_groups",
        format!("De slechtste af eerst wordt tot {most} groepen uitgerekend."),
        format!("Worst-off first is worked out for up to {most} groups."),
    )
}

fn floors_not_met() -> Note {
    Note::new(
        "floors_not_met",
        "Er is geen plan gevonden dat alle afspraken over groepen tegelijk haalt.",
        "No plan was found that meets all floors at once.",
    )
}

#[cfg(test)]
mod tests;
