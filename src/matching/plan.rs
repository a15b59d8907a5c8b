//! The plan for the caseload: most children placed first, then the largest gain in stability.

use std::collections::BTreeMap;

use super::ask::Caseload;
use super::assign::{Effort, Pair, Problem, Solution, solve_with_progress};
use super::choice::{ChoiceSet, clashes};
use super::fact::Fact;
use super::result::{AssignedPair, Assignment, ShadowPrice, Stage, Status, Unplaced};
use super::rules::{RuleName, Rules};
use super::screen::Screen;
use super::situation::Situation;
use crate::history::{ChildIx, FamilyIx, RequestIx};
use crate::progress::Progress;
use crate::score::Note;

/// The gain of each member of a group in each family that may take the group: the member's mean
/// risk over those families minus its risk there.
pub(super) struct Gains {
    /// Per group: per family that passes, in the order of the choice set, one gain per member.
    pub of_group: Vec<Vec<Vec<f64>>>,
}

/// A plan, and what its relaxation says about places.
pub(super) struct Plan {
    pub assignment: Assignment,
    pub prices: Vec<ShadowPrice>,
}

/// Makes the plan.
pub(super) fn plan(
    s: &Situation<'_>,
    screen: &Screen<'_>,
    load: &Caseload<'_>,
    sets: &[ChoiceSet],
    gains: &Gains,
    effort: Effort,
    progress: &dyn Progress,
) -> Plan {
    let rules = screen.rules();
    let weights = weights(load, rules);
    let conflicts = conflicts(s, screen, load);
    let bare = |score: &dyn Fn(usize, f64) -> f64| {
        problem(s, screen, load, sets, gains, &conflicts, score)
    };
    // First stage: only the weights.
    let placed = solve_with_progress(&bare(&|g, _| weights[g]), effort, progress);
    let first = Effort(effort.0.saturating_sub(placed.work));
    let count = |solution: &Solution| -> f64 {
        solution.chosen.iter().zip(&weights).filter(|(c, _)| c.is_some()).map(|(_, w)| w).sum()
    };
    // Second stage: one objective in which a place counts for so much that gains cannot buy one.
    // A solution that places as much as the first stage is then best among those that do.
    let lightest = weights.iter().copied().fold(1.0, f64::min);
    let mut place_value = 2.0 * range(gains).max(0.1) / lightest;
    let mut left = first;
    let (second, problem) = loop {
        let both = bare(&|g, gain| place_value * weights[g] + gain);
        let solution = solve_with_progress(&both, left, progress);
        left = Effort(left.0.saturating_sub(solution.work));
        if count(&solution) >= count(&placed) - 1e-9 || place_value > 1e6 || left.0 == 0 {
            break (solution, both);
        }
        place_value *= 4.0;
    };
    // Where the effort ran out the first stage may place more: placing comes first.
    let chosen =
        if count(&second) >= count(&placed) - 1e-9 { &second.chosen } else { &placed.chosen };
    let reached: f64 =
        chosen.iter().zip(&weights).filter(|(c, _)| c.is_some()).map(|(_, w)| w).sum();
    let plan = Chosen { s, load, sets, gains, problem: &problem, chosen };
    let pairs = plan.pairs();
    let objective: f64 = pairs.iter().map(|p| p.score).sum();
    // No plan that places as much gains more than what the joint bound leaves.
    let bound = (second.bound - place_value * reached).max(objective);
    let proven = placed.bound <= reached + 1e-9 && second.is_optimal();
    let bound = if proven { objective } else { bound };
    let status = if proven { Status::Optimal } else { Status::Feasible };
    let assignment = Assignment {
        status,
        objective,
        bound,
        gap: (bound - objective) / objective.abs().max(1.0),
        pairs,
        unplaced: plan.unplaced(),
        stages: vec![
            Stage { name: "placed".into(), objective: reached, bound: placed.bound.max(reached) },
            Stage { name: "gain".into(), objective, bound },
        ],
    };
    let prices = shadow_prices(s, &problem, &second);
    Plan { assignment, prices }
}

/// What placing a group weighs: the sum of its members' urgency weights.
fn weights(load: &Caseload<'_>, rules: &Rules) -> Vec<f64> {
    load.groups
        .iter()
        .map(|m| m.iter().map(|&k| rules.urgency.weight(load.asks[k].request.urgency)).sum())
        .collect()
}

/// The largest difference in gain between two families of one group.
fn range(gains: &Gains) -> f64 {
    gains
        .of_group
        .iter()
        .map(|families| {
            let sums = families.iter().map(|m| m.iter().sum::<f64>());
            let (low, high) =
                sums.fold((0.0_f64, 0.0_f64), |(low, high), x| (low.min(x), high.max(x)));
            high - low
        })
        .fold(0.0, f64::max)
}

fn problem(
    s: &Situation<'_>,
    screen: &Screen<'_>,
    load: &Caseload<'_>,
    sets: &[ChoiceSet],
    gains: &Gains,
    conflicts: &[(u32, u32)],
    score: &dyn Fn(usize, f64) -> f64,
) -> Problem {
    let places = s.families.iter().map(|f| screen.free(f)).collect();
    let mut pairs = Vec::new();
    for (g, set) in sets.iter().enumerate() {
        let passing = set.families.iter().filter(|f| f.passes());
        for (choice, gain) in passing.zip(&gains.of_group[g]) {
            pairs.push(Pair {
                group: g as u32,
                family: choice.family.0,
                takes: choice.takes,
                score: score(g, gain.iter().sum()),
            });
        }
    }
    // Families are distinct within a set and scores finite: risks are probabilities.
    match Problem::new(load.groups.len(), places, pairs, conflicts.to_vec()) {
        Ok(problem) => problem,
        Err(_) => empty(load.groups.len(), s.families.len()),
    }
}

fn empty(groups: usize, families: usize) -> Problem {
    match Problem::new(groups, vec![0; families], Vec::new(), Vec::new()) {
        Ok(problem) => problem,
        Err(error) => unreachable!("a problem without pairs is valid: {error}"),
    }
}

/// Groups that may not share a family: by a coded conflict between children, or by needs that do
/// not go together.
fn conflicts(s: &Situation<'_>, screen: &Screen<'_>, load: &Caseload<'_>) -> Vec<(u32, u32)> {
    let group_of: BTreeMap<ChildIx, usize> = load.asks.iter().map(|a| (a.child, a.group)).collect();
    let mut out = Vec::new();
    for ask in &load.asks {
        for (other, _) in &ask.not_with {
            if let Some(&group) = group_of.get(other).filter(|&&g| g != ask.group) {
                out.push((ask.group.min(group) as u32, ask.group.max(group) as u32));
            }
        }
    }
    if !screen.rules().combination.is_empty()
        && screen.rules().used(RuleName::OtherChildren).is_some()
    {
        for (k, a) in load.asks.iter().enumerate() {
            for b in &load.asks[..k] {
                if a.group != b.group && clashes(s, screen, a, b) {
                    out.push((a.group.min(b.group) as u32, a.group.max(b.group) as u32));
                }
            }
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// The chosen pairs in terms of requests.
struct Chosen<'a> {
    s: &'a Situation<'a>,
    load: &'a Caseload<'a>,
    sets: &'a [ChoiceSet],
    gains: &'a Gains,
    problem: &'a Problem,
    chosen: &'a [Option<usize>],
}

impl Chosen<'_> {
    fn pairs(&self) -> Vec<AssignedPair> {
        let mut out: Vec<AssignedPair> = Vec::new();
        for (g, members) in self.load.groups.iter().enumerate() {
            let Some(k) = self.chosen[g] else { continue };
            let family = FamilyIx(self.problem.pairs()[k].family);
            let passing = self.sets[g].families.iter().filter(|f| f.passes());
            let Some(at) = passing.into_iter().position(|f| f.family == family) else { continue };
            for (m, &ask) in members.iter().enumerate() {
                out.push(AssignedPair {
                    request: self.load.asks[ask].request.id.to_string(),
                    family: self.s.history.family(family).id.to_string(),
                    score: self.gains.of_group[g][at][m],
                });
            }
        }
        out.sort_by(|a, b| a.request.cmp(&b.request));
        out
    }

    fn unplaced(&self) -> Vec<Unplaced> {
        let mut out: Vec<Unplaced> = Vec::new();
        for (g, members) in self.load.groups.iter().enumerate() {
            if self.chosen[g].is_some() {
                continue;
            }
            for (m, &ask) in members.iter().enumerate() {
                let ask = &self.load.asks[ask];
                let contradicts = self.sets[g].contradiction
                    || members.iter().any(|&k| contradicts(&self.load.asks[k].must));
                out.push(Unplaced {
                    request: ask.request.id.to_string(),
                    why: why(&self.sets[g], m, contradicts),
                });
            }
        }
        for &request in &self.load.repeated {
            out.push(Unplaced { request: self.id(request), why: same_child() });
        }
        out.sort_by(|a, b| a.request.cmp(&b.request));
        out
    }

    fn id(&self, request: RequestIx) -> String {
        self.s.history.requests[request.at()].id.to_string()
    }
}

/// Whether wishes name two families.
fn contradicts<L>(must: &[(FamilyIx, L)]) -> bool {
    must.iter().any(|(f, _)| *f != must[0].0)
}

fn same_child() -> Note {
    Note::new(
        "same_child",
        "Voor dit kind is nog een aanvraag open; die telt mee in het plan.",
        "Another request for this child is open; that one counts in the plan.",
    )
}

/// Why a member of a group has no place.
fn why(set: &ChoiceSet, member: usize, contradicts: bool) -> Note {
    if contradicts {
        return Note::new(
            "contradictory_wishes",
            "De vastgelegde wensen spreken elkaar tegen. Bespreek ze met alle betrokkenen.",
            "The recorded wishes contradict each other. Discuss them with everyone involved.",
        );
    }
    if set.families.is_empty() {
        return Note::new("no_families", "Er zijn geen pleeggezinnen.", "There are no families.");
    }
    if set.families.iter().any(super::choice::FamilyChoice::passes) {
        return Note::new(
            "places_taken",
            "De plekken die passen, gaan in dit plan naar andere kinderen.",
            "The places that fit go to other children in this plan.",
        );
    }
    let mut count: BTreeMap<RuleName, usize> = BTreeMap::new();
    for family in &set.families {
        for refusal in &family.members[member].refusals {
            let rule = match refusal.fact {
                Fact::SiblingExcluded { by } => by,
                _ => refusal.rule,
            };
            *count.entry(rule).or_default() += 1;
        }
    }
    let mut most: Vec<(RuleName, usize)> = count.into_iter().collect();
    most.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let list = |mark: &str| {
        let words = most.iter().take(3).map(|(r, n)| format!("{} {mark}{n}", r.name()));
        words.collect::<Vec<_>>().join(", ")
    };
    Note::new(
        "no_family_left",
        format!("Geen gezin blijft over. Regels die het vaakst uitsluiten: {}.", list("×")),
        format!("No family is left. Rules that exclude most often: {}.", list("×")),
    )
}

/// What one more place in each family would be worth at the prices of the relaxation: the worth
/// of its best bundle with one more place, less that of its best bundle now.
fn shadow_prices(s: &Situation<'_>, problem: &Problem, solution: &Solution) -> Vec<ShadowPrice> {
    let mut out: Vec<ShadowPrice> = solution
        .place_prices(problem)
        .into_iter()
        .map(|(f, price)| ShadowPrice {
            family: s.history.families[f as usize].id.to_string(),
            price,
        })
        .collect();
    out.sort_by(|a, b| a.family.cmp(&b.family));
    out
}
