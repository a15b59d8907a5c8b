//! The stream of a history: its requests, the families that the rules left for each, and what the
//! model says of each pair.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::stream::{Arrival, Home, Stream};
use crate::features::AsOf;
use crate::history::{Day, FamilyStatus, History, Index, RequestIx};
use crate::matching::ask::{Ask, Caseload};
use crate::matching::choice::passing;
use crate::matching::predicted::pair;
use crate::matching::rules::{RuleName, Rules};
use crate::matching::screen::Screen;
use crate::matching::situation::{Situation, is_running};
use crate::matching::walk::{Changes, Walk};
use crate::model::Model;
use crate::{Error, ErrorKind};

/// Days that a stay is taken to last where it has not ended.
const UNKNOWN_STAY: i32 = 540;
/// Days that one walk looks at, one after the other.
const WALKED: usize = 64;

/// What is asked for one arrival.
struct Asked {
    day: Day,
    children: u32,
    weight: f64,
    stay: i32,
    /// Families, and the first child with each.
    pairs: Vec<(u32, AsOf)>,
}

/// The stream of the requests that came in from `from` up to and including `to`. Whether a place
/// is free, and rest, are left to the replay; all other rules hold as on the day of the request.
///
/// # Errors
/// [`ErrorKind::Usage`] where no request came in then, or the days are the wrong way round; as the
/// model's own, where it cannot answer for a pair.
pub fn from_history(
    model: &Model,
    h: &History,
    index: &Index,
    rules: &Rules,
    from: Day,
    to: Day,
) -> Result<Stream, Error> {
    if to < from {
        return Err(Error::new(ErrorKind::Usage, "the first day is after the last"));
    }
    let mut rules = rules.clone();
    for name in [RuleName::Places, RuleName::RestPeriod] {
        if let Some(rule) = rules.rules.get_mut(&name) {
            rule.used = false;
        }
    }
    let mut by_day: BTreeMap<Day, Vec<RequestIx>> = BTreeMap::new();
    for (r, request) in h.requests.iter().enumerate() {
        let day = request.received.unwrap_or(request.needed_from);
        if (from..=to).contains(&day) {
            by_day.entry(day).or_default().push(RequestIx(r as u32));
        }
    }
    if by_day.is_empty() {
        return Err(Error::new(ErrorKind::Usage, "no request came in between these days")
            .with_hint("choose days within those of requests.csv, or --simulated N"));
    }
    let days: Vec<(Day, Vec<RequestIx>)> = by_day.into_iter().collect();
    let changes = Changes::new(h);
    let screen = Screen::new(&rules, h);
    let asked: Vec<Asked> = days
        .par_chunks(WALKED)
        .flat_map_iter(|together| {
            let mut walk = Walk::new(h, index, &changes, together[0].0);
            let asked: Vec<Asked> = together
                .iter()
                .flat_map(|(day, list)| of_day(walk.on(*day, list.clone()), &screen))
                .collect();
            asked
        })
        .collect();
    let rows: Vec<AsOf> = asked.iter().flat_map(|a| a.pairs.iter().map(|p| p.1)).collect();
    let horizon = model.horizons().into_iter().fold(0.0, f64::max);
    let risk: Vec<Option<f64>> = if rows.is_empty() {
        Vec::new()
    } else {
        let frame = model.frame(h, index, &rows)?;
        let all = model.predict(&frame, &vec![0.0; rows.len()], &[horizon])?;
        let of = |p: &crate::model::Prediction| Some(p.risks.as_ref().ok()?.last()?.estimate);
        all.iter().map(of).collect()
    };
    let known: Vec<f64> = risk.iter().copied().flatten().collect();
    // Where the model is silent, a pair counts as an average one.
    let mean = if known.is_empty() { 0.0 } else { known.iter().sum::<f64>() / known.len() as f64 };
    let mut row = 0;
    let arrivals = asked
        .into_iter()
        .map(|a| {
            let options = a.pairs.iter().map(|(f, _)| {
                row += 1;
                (*f, (1.0 - risk[row - 1].unwrap_or(mean)).clamp(0.0, 1.0))
            });
            let options = options.collect();
            let Asked { day, children, weight, stay, .. } = a;
            Arrival { day: day.since(from), children, weight, stay, options }
        })
        .collect();
    let homes = homes(h, index, &rules, from);
    Ok(Stream { arrivals, homes, days: to.since(from) + 1 })
}

/// The arrivals of a day: groups that are placed together, each with the families left.
fn of_day(s: &Situation<'_>, screen: &Screen<'_>) -> Vec<Asked> {
    let rules = screen.rules();
    let load = Caseload::new(s, rules);
    let of = |members: &Vec<usize>| {
        let asks: Vec<&Ask<'_>> = members.iter().map(|&k| &load.asks[k]).collect();
        let first = asks.first()?;
        let pairs = passing(s, screen, &asks).into_iter();
        let pairs = pairs.map(|f| (f.0, pair(s, first, f, asks.len() > 1)));
        let lasted = |a: &&Ask<'_>| {
            let stay = s.history.stay(a.request.placed_stay?);
            Some(stay.end?.since(stay.start).max(1))
        };
        Some(Asked {
            day: s.as_of,
            children: asks.len() as u32,
            weight: asks
                .iter()
                .map(|a| rules.urgency.weight(a.request.urgency))
                .fold(f64::MIN_POSITIVE, f64::max),
            stay: asks.iter().filter_map(lasted).max().unwrap_or(UNKNOWN_STAY),
            pairs: pairs.collect(),
        })
    };
    load.groups.iter().filter_map(of).collect()
}

/// The families from a day on: places as they are that day, and who lives there then.
fn homes(h: &History, index: &Index, rules: &Rules, from: Day) -> Vec<Home> {
    let s = Situation::new(h, index, from);
    let settings = &rules.settings;
    h.families
        .iter()
        .zip(&s.families)
        .map(|(family, now)| {
            let residents = now
                .residents
                .iter()
                .filter(|r| settings.part_time_fills_place || !r.part_time)
                .map(|r| h.stay(r.stay))
                .filter(|stay| is_running(stay, from));
            let taken: Vec<i32> = residents
                .map(|stay| stay.end.map_or(UNKNOWN_STAY, |end| end.since(from).max(1)))
                .collect();
            let unknown = settings.places_if_unknown.saturating_add(taken.len() as u32);
            let places = now.state.places().or(family.state.places).unwrap_or(unknown);
            let stopped = family.state.status == Some(FamilyStatus::Stopped);
            let to = family.state.status_date.filter(|_| stopped).map(|d| d.since(from));
            let start = family.state.experience_since.map_or(0, |d| d.since(from).max(0));
            Home { places, from: start, to, taken }
        })
        .collect()
}
