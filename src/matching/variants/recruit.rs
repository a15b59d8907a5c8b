//! Recruitment: what one more family of a kind would change.
//!
//! The plan is made again with one more family, near the parents of children who have no place.
//! The new family has passed no rule but those on a family that is not there yet; its gain in
//! stability is not known and not counted.

use std::collections::BTreeMap;

use crate::history::{
    CareForm, FamilyIx, FamilyKind, FamilyState, FamilyStatus, Label, Perspective,
};
use crate::matching::ask::Ask;
use crate::matching::assign::{Effort, Pair, Problem, solve};
use crate::matching::choice::one_family;
use crate::matching::plan::{Best, Planner};
use crate::matching::screen::Screen;
use crate::matching::situation::{FamilyNow, Situation};
use crate::matching::state::StateOn;
use crate::score::Note;

/// Kinds of families that are tried at most.
const MOST: usize = 60;
/// The age bands, in years: up to and including; and any age, for siblings together.
const BANDS: [(f64, f64); 4] = [(0.0, 5.0), (6.0, 11.0), (12.0, 17.0), (0.0, 17.0)];
/// The band of any age.
const ANY: usize = 3;

/// A kind of family that is not there, and what it would change.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Recruit {
    /// In words.
    pub profile: Note,
    /// The area near which it lives.
    pub area: String,
    /// The ages that it takes.
    pub ages: (f64, f64),
    /// Its places.
    pub places: u32,
    /// Requests for which it would be a candidate.
    pub candidate_for: u32,
    /// More children placed, in the plan with this family.
    pub more_placed: i64,
    /// The same, weighted by urgency.
    pub more_weight: f64,
}

/// Tries a family with one place, and with as many as the largest group without a place, for each
/// area and age band of the children without a place.
pub(crate) fn recruit(
    planner: &Planner<'_>,
    screen: &Screen<'_>,
    best: &Best,
    effort: Effort,
) -> Vec<Recruit> {
    let mut kinds: BTreeMap<(&str, usize, u32), (Label, usize)> = BTreeMap::new();
    let h = planner.s.history;
    for (g, members) in planner.load.groups.iter().enumerate() {
        if best.chosen[g].is_some() {
            continue;
        }
        for &k in members {
            let ask = &planner.load.asks[k];
            // A family for siblings takes them at any age.
            let own = BANDS[..ANY].iter().position(|&(_, to)| ask.age.floor() <= to);
            let band = own.map(|band| if members.len() > 1 { ANY } else { band });
            let (Some(area), Some(band)) = (h.child(ask.child).home_area, band) else { continue };
            let places = members.len() as u32;
            kinds.entry((h.labels.word(area), band, places)).or_insert((area, 0)).1 += 1;
        }
    }
    // Those asked for most come first, where there are too many to try.
    let mut list: Vec<_> = kinds.into_iter().collect();
    list.sort_by(|a, b| b.1.1.cmp(&a.1.1).then(a.0.cmp(&b.0)));
    list.truncate(MOST);
    let needs = all_needs(planner);
    let children = |plan: &[Option<usize>]| -> i64 {
        let sizes = planner.load.groups.iter().map(Vec::len);
        sizes.zip(plan).filter(|(_, at)| at.is_some()).map(|(n, _)| n as i64).sum()
    };
    let now = children(&best.chosen);
    let mut out: Vec<Recruit> = list
        .into_iter()
        .filter_map(|((name, band, places), (area, _))| {
            let taken = BANDS[band];
            let state = profile(area, taken, places, &needs);
            let added = with_family(planner, screen, state);
            let problem = added.problem(planner, places)?;
            let solution = solve(&problem, effort);
            let chosen: Vec<Option<usize>> = solution.chosen;
            Some(Recruit {
                profile: in_words(name, taken, places),
                area: name.to_owned(),
                ages: taken,
                places,
                candidate_for: added.requests,
                more_placed: children(&chosen) - now,
                more_weight: planner.placed(&chosen) - best.placed,
            })
        })
        .collect();
    out.sort_by(|a, b| {
        b.more_weight
            .total_cmp(&a.more_weight)
            .then(a.places.cmp(&b.places))
            .then(a.area.cmp(&b.area))
            .then(a.ages.0.total_cmp(&b.ages.0))
    });
    out
}

fn all_needs(planner: &Planner<'_>) -> Vec<Label> {
    let asks = planner.load.asks.iter();
    let mut needs: Vec<Label> =
        asks.flat_map(|a| planner.s.history.child(a.child).needs.iter().copied()).collect();
    needs.sort_unstable();
    needs.dedup();
    needs
}

fn profile(area: Label, ages: (f64, f64), places: u32, needs: &[Label]) -> FamilyState {
    FamilyState {
        kind: Some(FamilyKind::General),
        area: Some(area),
        places: Some(places),
        min_age: Some(ages.0),
        max_age: Some(ages.1),
        care_forms: vec![CareForm::FullTime, CareForm::PartTime, CareForm::Crisis],
        perspectives: vec![Perspective::ReturnHome, Perspective::LongTerm],
        accepts_needs: needs.to_vec(),
        status: Some(FamilyStatus::Active),
        ..FamilyState::default()
    }
}

/// The groups that a family that is not there yet could take.
struct Added {
    groups: Vec<u32>,
    requests: u32,
}

fn with_family(planner: &Planner<'_>, screen: &Screen<'_>, state: FamilyState) -> Added {
    let s = planner.s;
    let one = FamilyNow {
        state: StateOn::of(&state),
        residents: Vec::new(),
        last_unplanned_end: None,
        known_stays: false,
    };
    let alone: Situation<'_> = s.with_only(one);
    let mut out = Added { groups: Vec::new(), requests: 0 };
    for (g, members) in planner.load.groups.iter().enumerate() {
        let asks: Vec<&Ask<'_>> = members.iter().map(|&k| &planner.load.asks[k]).collect();
        if one_family(&alone, screen, &asks, FamilyIx(0)) {
            out.groups.push(g as u32);
            out.requests += members.len() as u32;
        }
    }
    out
}

impl Added {
    /// The first stage of the plan with the family.
    fn problem(&self, planner: &Planner<'_>, places: u32) -> Option<Problem> {
        let posed = planner.pose(&|g, _| Some(planner.weights[g]));
        let mut pairs = posed.problem.pairs().to_vec();
        let family = planner.places.len() as u32;
        pairs.extend(self.groups.iter().map(|&group| Pair {
            group,
            family,
            takes: planner.load.groups[group as usize].len() as u32,
            score: planner.weights[group as usize],
        }));
        let mut all = planner.places.clone();
        all.push(places);
        Problem::new(planner.options.len(), all, pairs, planner.conflicts.clone()).ok()
    }
}

fn in_words(area: &str, ages: (f64, f64), places: u32) -> Note {
    let (from, to) = ages;
    let (nl, en) = match places {
        1 => ("1 plek".to_owned(), "1 place".to_owned()),
        n => (format!("{n} plekken"), format!("{n} places")),
    };
    Note::new(
        "recruit",
        format!("een gezin bij {area} voor kinderen van {from:.0} tot en met {to:.0} jaar, {nl}"),
        format!("a family near {area} for children of {from:.0} to {to:.0} years, {en}"),
    )
}
