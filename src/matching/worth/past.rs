//! Past choices rebuilt: for each placement that a request led to, the families that the rules
//! left on the day before, and what came of it. Children who were placed together were one choice
//! of a family for all of them; what came of it is told of each.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::estimate::Past;
use super::logit::Chosen;
use crate::Error;
use crate::features::AsOf;
use crate::history::{ChildIx, Day, FamilyIx, FamilyKind, History, Index, RequestIx, StayIx};
use crate::matching::ask::{Ask, Caseload};
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
    /// Children placed by a choice whose family was among those that the rules left, with at least
    /// one other. Of children who were placed together all have the options of their one choice.
    pub pasts: Vec<Past>,
    /// The model's own risks, by child and option: of children placed together their mean.
    pub risks: Vec<Vec<f64>>,
    /// The families of each choice, option by option.
    pub families: Vec<Vec<FamilyIx>>,
    /// The stay that each choice led to.
    pub stays: Vec<StayIx>,
    /// Requests that led to a placement in a family.
    pub placed: usize,
    /// Of these, those that the rules as they are now would not have allowed.
    pub outside_rules: usize,
    /// Of these, those by a choice of the only family left.
    pub only_one: usize,
}

/// A choice before predictions.
struct Bare {
    members: Vec<Member>,
    /// Per family what the choice goes by, and the question to the model for each member.
    options: Vec<(FamilyIx, Vec<f64>, Vec<AsOf>)>,
    chosen: usize,
    family: FamilyIx,
    day: Day,
}

/// A child of a choice.
struct Member {
    stay: StayIx,
    child: ChildIx,
    older: bool,
}

/// Requests that led to a family on one day.
type Placed = (Day, FamilyIx, Vec<(RequestIx, StayIx)>);

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
    let made: Vec<Made> = of_days(&requests[from..])
        .par_chunks(WALKED)
        .flat_map_iter(|together| {
            let mut walk = Walk::new(h, index, &changes, together[0].0.plus_days(-1));
            let made: Vec<Made> = together
                .iter()
                .flat_map(|(start, family, placed)| {
                    let asked = placed.iter().map(|p| p.0).collect();
                    let s = walk.on(start.plus_days(-1), asked);
                    choices(s, &screen, placed, *family)
                })
                .collect();
            made
        })
        .collect();
    let mut out = Rebuilt { placed, ..Rebuilt::default() };
    let mut bare: Vec<Bare> = Vec::new();
    for made in made {
        match made {
            Made::Choice(b) => bare.push(*b),
            Made::Outside(children) => out.outside_rules += children,
            Made::Only(children) => out.only_one += children,
        }
    }
    let asked: Vec<AsOf> =
        bare.iter().flat_map(|b| &b.options).flat_map(|o| o.2.iter().copied()).collect();
    if asked.is_empty() {
        return Ok(out);
    }
    let horizon = model.horizons().into_iter().fold(0.0, f64::max);
    let frame = model.frame(h, index, &asked)?;
    let all = model.predict(&frame, &vec![0.0; asked.len()], &[horizon])?;
    let spells = spells(h, index, definition, Some(as_of));
    let outcome = outcomes(&bare, &spells, horizon);
    let (unit, mut row, mut child) = (units(&bare), 0, 0);
    for b in bare {
        let (n, m) = (b.options.len(), b.members.len());
        let risks: Vec<Option<f64>> = all[row..row + n * m]
            .iter()
            .map(|p| p.risks.as_ref().ok().and_then(|r| r.last()).map(|r| r.estimate))
            .collect();
        row += n * m;
        let risks = of_all(&risks, m);
        let logits: Vec<f64> = risks.iter().map(|r| (r / (1.0 - r)).ln()).collect();
        let of_children = logits.iter().sum::<f64>() / n as f64;
        let options: Vec<Vec<f64>> = b
            .options
            .iter()
            .zip(&logits)
            .map(|((_, x, _), &logit)| {
                let mut x = x.clone();
                let family_home = x.last().copied().unwrap_or(0.0);
                x.extend([family_home * of_children, logit]);
                x
            })
            .collect();
        for (k, member) in b.members.iter().enumerate() {
            let (outcome, weight) = outcome[child];
            child += 1;
            out.stays.push(member.stay);
            out.families.push(b.options.iter().map(|o| o.0).collect());
            out.pasts.push(Past {
                choice: Chosen { options: options.clone(), chosen: b.chosen },
                first: k == 0,
                outcome,
                weight,
                cluster: b.family.0,
                unit: unit.get(&member.child).map_or(member.child.0, |u| u.0),
                stratum: u32::from(member.older),
            });
            out.risks.push(risks.clone());
        }
    }
    Ok(out)
}

/// Requests by the day and family that they led to, day by day.
fn of_days(requests: &[(Day, RequestIx, StayIx, FamilyIx)]) -> Vec<Placed> {
    let mut by: BTreeMap<(Day, FamilyIx), Vec<(RequestIx, StayIx)>> = BTreeMap::new();
    for &(start, request, stay, family) in requests {
        by.entry((start, family)).or_default().push((request, stay));
    }
    by.into_iter().map(|((start, family), placed)| (start, family, placed)).collect()
}

/// The mean of the members' risks in each family. Where the model is silent of a member it says
/// what it says of the member elsewhere; where it always is, a half.
fn of_all(risks: &[Option<f64>], members: usize) -> Vec<f64> {
    let families = risks.len() / members;
    let mut sum = vec![0.0; families];
    for m in 0..members {
        let own = || risks.iter().skip(m).step_by(members).copied();
        let known: Vec<f64> = own().flatten().collect();
        let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
        let mean = if known.is_empty() { 0.5 } else { mean };
        sum.iter_mut().zip(own()).for_each(|(sum, risk)| *sum += risk.unwrap_or(mean));
    }
    sum.iter().map(|s| (s / members as f64).clamp(1e-6, 1.0 - 1e-6)).collect()
}

/// For each child the first of all with whom it was ever placed, through others too: they go to
/// one fold.
fn units(bare: &[Bare]) -> BTreeMap<ChildIx, ChildIx> {
    let mut of: BTreeMap<ChildIx, ChildIx> = BTreeMap::new();
    for b in bare {
        let roots: Vec<ChildIx> =
            b.members.iter().map(|m| of.get(&m.child).copied().unwrap_or(m.child)).collect();
        let Some(&first) = roots.iter().min() else { continue };
        of.values_mut().filter(|root| roots.contains(root)).for_each(|root| *root = first);
        of.extend(b.members.iter().map(|m| (m.child, first)));
    }
    of
}

/// A choice, or how many children were placed without one.
enum Made {
    Choice(Box<Bare>),
    Outside(usize),
    Only(usize),
}

/// The choices that led to a family on one day: one for children who were placed together.
fn choices(
    s: &Situation<'_>,
    screen: &Screen<'_>,
    placed: &[(RequestIx, StayIx)],
    family: FamilyIx,
) -> Vec<Made> {
    let load = Caseload::new(s, screen.rules());
    let asks = |members: &Vec<usize>| members.iter().map(|&m| &load.asks[m]).collect();
    load.groups
        .iter()
        .map(asks)
        .map(|asks: Vec<&Ask<'_>>| choice(s, screen, &asks, placed, family))
        .collect()
}

fn choice(
    s: &Situation<'_>,
    screen: &Screen<'_>,
    asks: &[&Ask<'_>],
    placed: &[(RequestIx, StayIx)],
    family: FamilyIx,
) -> Made {
    // What is scored while one family is being introduced would give the choice away: of every
    // family only that counts which was known before the day on which the request came in.
    let received = asks.iter().filter_map(|a| a.request.received).min();
    let known = received.map_or(s.as_of, |day| day.plus_days(-1).min(s.as_of));
    let lived: Vec<Vec<FamilyIx>> = asks.iter().map(|ask| lived_in(s, ask)).collect();
    let options: Vec<(FamilyIx, Vec<f64>, Vec<AsOf>)> = passing(s, screen, asks)
        .into_iter()
        .map(|f| {
            let mut x = vec![0.0; COLUMNS.len() - 2];
            for (ask, lived) in asks.iter().zip(&lived) {
                let own = columns(s, screen, ask, f, lived.contains(&f));
                x.iter_mut().zip(own).for_each(|(x, own)| *x += own / asks.len() as f64);
            }
            let of = |ask: &&Ask<'_>| AsOf { date: known, ..pair(s, ask, f, asks.len() > 1) };
            (f, x, asks.iter().map(of).collect())
        })
        .collect();
    let Some(chosen) = options.iter().position(|o| o.0 == family) else {
        return Made::Outside(asks.len());
    };
    if options.len() < 2 {
        return Made::Only(asks.len());
    }
    let member = |ask: &&Ask<'_>| {
        let (_, stay) = placed.iter().find(|p| p.0 == ask.ix)?;
        Some(Member { stay: *stay, child: ask.child, older: ask.age >= 10.0 })
    };
    let members = asks.iter().filter_map(member).collect();
    Made::Choice(Box::new(Bare { members, options, chosen, family, day: s.as_of }))
}

/// The families where a child lived before.
fn lived_in(s: &Situation<'_>, ask: &Ask<'_>) -> Vec<FamilyIx> {
    s.index
        .stays_of_child(ask.child)
        .iter()
        .map(|&row| &s.history.stays[row as usize])
        .filter(|stay| stay.start <= s.as_of && stay.known_from() <= s.as_of)
        .filter_map(|stay| stay.family)
        .collect()
}

/// What a choice goes by, but for the risk.
fn columns(
    s: &Situation<'_>,
    screen: &Screen<'_>,
    ask: &Ask<'_>,
    family: FamilyIx,
    lived: bool,
) -> [f64; COLUMNS.len() - 2] {
    let now = s.family(family);
    let km = s.km(s.history.child(ask.child).home_area, now.state.area());
    let since = now.state.experience_since().map_or(0, |d| s.as_of.since(d).max(0));
    let yes = |is: bool| f64::from(u8::from(is));
    [
        km.map_or(0.0, |km| (1.0 + km).ln()),
        km.map_or(0.0, |km| km / 10.0),
        yes(km.is_none()),
        yes(now.state.kind() == Some(FamilyKind::Network)),
        f64::from(screen.free(now)),
        now.residents.len() as f64,
        f64::from(since) / 365.25,
        yes(lived),
        yes(now.state.kind() == Some(FamilyKind::FamilyHome)),
    ]
}

/// For each child of each choice whether breakdown came within the horizon, and the inverse of the chance that
/// this is known (0 where it is not): Kaplan–Meier of the time under observation.
fn outcomes(bare: &[Bare], spells: &[Spell], horizon: f64) -> Vec<(f64, f64)> {
    // A stay that was joined to an earlier one is part of that spell.
    let of = |(b, m): (&Bare, &Member)| {
        let exact = spells.iter().find(|s| s.stay == m.stay);
        exact.filter(|s| s.entry == 0.0 && s.start >= b.day)
    };
    let children = bare.iter().flat_map(|b| b.members.iter().map(move |m| (b, m)));
    let found: Vec<Option<&Spell>> = children.map(of).collect();
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
