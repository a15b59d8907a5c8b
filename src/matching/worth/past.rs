//! Past choices rebuilt: for each placement that a request led to, the families that the rules
//! left on the day before, and what came of it.

use rayon::prelude::*;

use super::estimate::Past;
use super::logit::Chosen;
use crate::Error;
use crate::features::AsOf;
use crate::history::{ChildIx, Day, FamilyIx, FamilyKind, History, Index, RequestIx, StayIx};
use crate::matching::ask::Caseload;
use crate::matching::choice::passing;
use crate::matching::predicted::pair;
use crate::matching::rules::Rules;
use crate::matching::screen::Screen;
use crate::matching::situation::Situation;
use crate::matching::walk::{Changes, Walk};
use crate::model::Model;
use crate::outcome::{Cause, Definition, Spell, spells};

/// The columns of the choice model. Who needs a family home is not a field of a request, and is
/// asked more often for children of high risk: the chance of one goes by the child's mean risk.
/// A family where the child lived before is a network of another kind than one that steps in.
pub const COLUMNS: [&str; 11] = [
    "log_km_home",
    "ten_km_home",
    "distance_unknown",
    "own_network",
    "places_free",
    "children_there",
    "experience_years",
    "lived_there",
    "family_home",
    "family_home_by_child_risk",
    "logit_predicted_risk",
];
/// The latest choices that are looked at.
const MOST: usize = 5_000;
/// Choices that one walk through their days rebuilds, one after the other.
const WALKED: usize = 128;

/// What rebuilding gave.
#[derive(Debug, Clone, Default)]
pub struct Rebuilt {
    /// Choices whose family was among those that the rules left, with at least one other.
    pub pasts: Vec<Past>,
    /// The model's own risks, by choice and option.
    pub risks: Vec<Vec<f64>>,
    /// The families of each choice, option by option.
    pub families: Vec<Vec<FamilyIx>>,
    /// The stay that each choice led to.
    pub stays: Vec<StayIx>,
    /// Requests that led to a placement in a family.
    pub placed: usize,
    /// Of these, choices that the rules as they are now would not have allowed.
    pub outside_rules: usize,
    /// Of these, choices of the only family left.
    pub only_one: usize,
}

/// A choice before predictions.
struct Bare {
    stay: StayIx,
    options: Vec<(Vec<f64>, AsOf)>,
    chosen: usize,
    family: FamilyIx,
    child: ChildIx,
    older: bool,
    day: Day,
}

/// Rebuilds the past choices that are known on `as_of`.
///
/// # Errors
/// As the model's own, where it cannot answer for a pair.
pub fn rebuild(
    model: &Model,
    definition: &Definition,
    h: &History,
    index: &Index,
    rules: &Rules,
    as_of: Day,
) -> Result<Rebuilt, Error> {
    let mut requests: Vec<(Day, RequestIx, StayIx, FamilyIx)> = (0..h.requests.len() as u32)
        .map(RequestIx)
        .filter_map(|r| {
            let stay = h.requests[r.at()].placed_stay?;
            let row = h.stay(stay);
            let known = row.start <= as_of && row.known_from() <= as_of;
            Some((row.start, r, stay, row.family.filter(|_| known)?))
        })
        .collect();
    requests.sort();
    let placed = requests.len();
    let from = placed.saturating_sub(MOST);
    let changes = Changes::new(h);
    let screen = Screen::new(rules, h);
    let made: Vec<Made> = requests[from..]
        .par_chunks(WALKED)
        .flat_map_iter(|together| {
            let mut walk = Walk::new(h, index, &changes, together[0].0.plus_days(-1));
            let made: Vec<Made> = together
                .iter()
                .map(|&(start, request, stay, family)| {
                    let s = walk.on(start.plus_days(-1), vec![request]);
                    choice(s, &screen, stay, family)
                })
                .collect();
            made
        })
        .collect();
    let outside_rules = made.iter().filter(|m| matches!(m, Made::Outside)).count();
    let only_one = made.iter().filter(|m| matches!(m, Made::Only)).count();
    let bare: Vec<Bare> = made
        .into_iter()
        .filter_map(|m| if let Made::Choice(b) = m { Some(*b) } else { None })
        .collect();
    let asked: Vec<AsOf> = bare.iter().flat_map(|b| b.options.iter().map(|o| o.1)).collect();
    let mut out = Rebuilt { placed, outside_rules, only_one, ..Rebuilt::default() };
    if asked.is_empty() {
        return Ok(out);
    }
    let horizon = model.horizons().into_iter().fold(0.0, f64::max);
    let frame = model.frame(h, index, &asked)?;
    let all = model.predict(&frame, &vec![0.0; asked.len()], &[horizon])?;
    let spells = spells(h, index, definition, Some(as_of));
    let outcome = outcomes(&bare, &spells, horizon);
    let mut row = 0;
    for (b, (outcome, weight)) in bare.into_iter().zip(outcome) {
        let n = b.options.len();
        let risks: Vec<Option<f64>> = all[row..row + n]
            .iter()
            .map(|p| p.risks.as_ref().ok().and_then(|r| r.last()).map(|r| r.estimate))
            .collect();
        row += n;
        // Where the model is silent it says what it says of the others.
        let known: Vec<f64> = risks.iter().copied().flatten().collect();
        let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
        let mean = if known.is_empty() { 0.5 } else { mean };
        let risks: Vec<f64> =
            risks.into_iter().map(|r| r.unwrap_or(mean).clamp(1e-6, 1.0 - 1e-6)).collect();
        let logits: Vec<f64> = risks.iter().map(|r| (r / (1.0 - r)).ln()).collect();
        let of_child = logits.iter().sum::<f64>() / n as f64;
        out.stays.push(b.stay);
        out.families.push(b.options.iter().filter_map(|o| o.1.family).collect());
        let options = b
            .options
            .iter()
            .zip(&logits)
            .map(|((x, _), &logit)| {
                let mut x = x.clone();
                let family_home = x.last().copied().unwrap_or(0.0);
                x.extend([family_home * of_child, logit]);
                x
            })
            .collect();
        out.pasts.push(Past {
            choice: Chosen { options, chosen: b.chosen },
            outcome,
            weight,
            cluster: b.family.0,
            unit: b.child.0,
            stratum: u32::from(b.older),
        });
        out.risks.push(risks);
    }
    Ok(out)
}

enum Made {
    Choice(Box<Bare>),
    Outside,
    Only,
}

fn choice(s: &Situation<'_>, screen: &Screen<'_>, stay: StayIx, family: FamilyIx) -> Made {
    let load = Caseload::new(s, screen.rules());
    let Some(ask) = load.asks.first() else { return Made::Outside };
    let child = s.history.child(ask.child);
    // What is scored while one family is being introduced would give the choice away: of every
    // family only that counts which was known before the day on which the request came in.
    let known = ask.request.received.map_or(s.as_of, |day| day.plus_days(-1).min(s.as_of));
    let lived: Vec<FamilyIx> = s
        .index
        .stays_of_child(ask.child)
        .iter()
        .map(|&row| &s.history.stays[row as usize])
        .filter(|stay| stay.start <= s.as_of && stay.known_from() <= s.as_of)
        .filter_map(|stay| stay.family)
        .collect();
    let options: Vec<(FamilyIx, (Vec<f64>, AsOf))> = passing(s, screen, &[ask])
        .into_iter()
        .map(|f| {
            let now = s.family(f);
            let km = s.km(child.home_area, now.state.area);
            let network = now.state.kind == Some(FamilyKind::Network);
            let since = now.state.experience_since.map_or(0, |d| s.as_of.since(d).max(0));
            let x = vec![
                km.map_or(0.0, |km| (1.0 + km).ln()),
                km.map_or(0.0, |km| km / 10.0),
                f64::from(u8::from(km.is_none())),
                f64::from(u8::from(network)),
                f64::from(screen.free(now)),
                now.residents.len() as f64,
                f64::from(since) / 365.25,
                f64::from(u8::from(lived.contains(&f))),
                f64::from(u8::from(now.state.kind == Some(FamilyKind::FamilyHome))),
            ];
            (f, (x, AsOf { date: known, ..pair(s, ask, f, false) }))
        })
        .collect();
    let Some(chosen) = options.iter().position(|o| o.0 == family) else { return Made::Outside };
    if options.len() < 2 {
        return Made::Only;
    }
    let older = ask.age >= 10.0;
    let options = options.into_iter().map(|o| o.1).collect();
    let (child, day) = (ask.child, s.as_of);
    Made::Choice(Box::new(Bare { stay, options, chosen, family, child, older, day }))
}

/// For each choice whether breakdown came within the horizon, and the inverse of the chance that
/// this is known (0 where it is not): Kaplan–Meier of the time under observation.
fn outcomes(bare: &[Bare], spells: &[Spell], horizon: f64) -> Vec<(f64, f64)> {
    // A stay that was joined to an earlier one is part of that spell.
    let of = |b: &Bare| {
        let exact = spells.iter().find(|s| s.stay == b.stay);
        exact.filter(|s| s.entry == 0.0 && s.start >= b.day)
    };
    let found: Vec<Option<&Spell>> = bare.iter().map(of).collect();
    let mut censored: Vec<(f64, bool)> = found
        .iter()
        .flatten()
        .map(|s| (s.exit.min(horizon), s.cause.is_none() && s.exit < horizon))
        .collect();
    censored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut steps: Vec<(f64, f64)> = Vec::new();
    let (mut left, mut survival) = (censored.len() as f64, 1.0);
    for &(t, lost) in &censored {
        if lost {
            survival *= 1.0 - 1.0 / left;
            steps.push((t, survival));
        }
        left -= 1.0;
    }
    // Just before t: those lost at t itself were still there.
    let kept = |t: f64| steps.iter().take_while(|s| s.0 < t).last().map_or(1.0, |s| s.1);
    found
        .iter()
        .map(|spell| match spell {
            Some(s) if s.cause.is_some() && s.exit <= horizon => {
                let broke = s.cause == Some(Cause::Breakdown);
                (f64::from(u8::from(broke)), 1.0 / kept(s.exit).max(1e-3))
            }
            Some(s) if s.exit >= horizon => (0.0, 1.0 / kept(horizon).max(1e-3)),
            _ => (0.0, 0.0),
        })
        .collect()
}
