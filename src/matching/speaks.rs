//! What the records say for and against a family, in equal measure, and what is worth asking.

use super::ask::Ask;
use super::fact::{Unknown, one_decimal, wish};
use super::rules::Settings;
use super::screen::own_child_gap;
use super::situation::{FamilyNow, Situation};
use super::ties::Reply;
use crate::history::{ChildIx, FamilyIx, FamilyKind, Label};
use crate::score::Note;

/// For, against and unknown.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Speaks {
    pub speaks_for: Vec<Note>,
    pub against: Vec<Note>,
    pub unknown: Vec<Note>,
}

/// What the records say about a child with a family. `unknown` are the rules that an empty cell
/// left unchecked.
pub(super) fn speaks(
    s: &Situation<'_>,
    settings: &Settings,
    ask: &Ask<'_>,
    f: FamilyIx,
    unknown: &[Unknown],
) -> Speaks {
    let family = s.family(f);
    let mut out =
        Speaks { unknown: unknown.iter().map(|u| u.note()).collect(), ..Speaks::default() };
    ties(s, ask, f, family, &mut out);
    distances(s, settings, ask, family, &mut out);
    household(s, settings, ask, family, &mut out);
    family_itself(s, settings, ask, family, &mut out);
    out
}

/// Ties between the child and the family.
fn ties(s: &Situation<'_>, ask: &Ask<'_>, f: FamilyIx, family: &FamilyNow<'_>, out: &mut Speaks) {
    let h = s.history;
    for (_, lane) in ask.must.iter().filter(|(m, _)| *m == f) {
        let (nl, en) = wish(*lane);
        out.speaks_for.push(Note::new(
            "wish_for",
            format!("{nl} noemt dit gezin."),
            format!("{en} names this family."),
        ));
    }
    for (_, reply) in ask.replies.iter().filter(|(asked, _)| *asked == f) {
        match reply {
            Reply::Yes => out.speaks_for.push(note(
                "said_yes",
                "Dit gezin heeft ja gezegd op deze aanvraag.",
                "This family said yes to this request.",
            )),
            Reply::Waiting => out.unknown.push(note(
                "asked_already",
                "Dit gezin is al gevraagd en heeft nog niet geantwoord.",
                "This family has been asked and has not answered yet.",
            )),
            // Where the rule is not in use.
            Reply::No => out.against.push(note(
                "said_no",
                "Dit gezin heeft nee gezegd op deze aanvraag.",
                "This family said no to this request.",
            )),
        }
    }
    if family.state.kind() == Some(FamilyKind::Network) && ask.network.binary_search(&f).is_ok() {
        out.speaks_for.push(note(
            "own_network",
            "Dit gezin hoort bij het netwerk van het kind.",
            "This family belongs to the child's own network.",
        ));
    }
    let sibling_group = h.child(ask.child).sibling_group;
    let sibling = |c: ChildIx| {
        c != ask.child && sibling_group.is_some() && h.child(c).sibling_group == sibling_group
    };
    if family.residents.iter().any(|r| sibling(r.child)) {
        out.speaks_for.push(note(
            "sibling_here",
            "Een broer of zus van het kind woont hier al.",
            "A sibling of the child already lives here.",
        ));
    }
    if family.residents.iter().any(|r| r.child == ask.child) {
        out.speaks_for.push(note(
            "lives_here",
            "Het kind woont of logeert hier nu al.",
            "The child already lives or stays here.",
        ));
        return;
    }
    let mut earlier = s
        .index
        .stays_of_child(ask.child)
        .iter()
        .map(|&row| &h.stays[row as usize])
        .filter(|stay| stay.family == Some(f) && stay.end_known_at(s.as_of).is_some());
    let mut ended_badly = false;
    let lived = earlier.by_ref().inspect(|stay| ended_badly |= stay.ended_unplanned()).count() > 0;
    if ended_badly {
        out.against.push(note(
            "ended_here_before",
            "Het kind woonde hier eerder en dat eindigde ongepland.",
            "The child lived here before, and that ended unplanned.",
        ));
    } else if lived {
        out.speaks_for.push(note(
            "lived_here_before",
            "Het kind heeft hier eerder gewoond en dat eindigde niet ongepland.",
            "The child has lived here before, and that did not end unplanned.",
        ));
    }
}

fn distances(
    s: &Situation<'_>,
    settings: &Settings,
    ask: &Ask<'_>,
    family: &FamilyNow<'_>,
    out: &mut Speaks,
) {
    let child = s.history.child(ask.child);
    let area = family.state.area();
    let near = settings.near_km;
    let home = s.km(child.home_area, area);
    if let Some(km) = home.filter(|&km| km <= near) {
        out.speaks_for.push(km_note("near_home", km, ["huis", "home"]));
    }
    if let Some(km) = s.km(child.school_area, area) {
        if km <= near {
            out.speaks_for.push(km_note("near_school", km, ["de eigen school", "its own school"]));
        } else {
            out.against.push(Note::new(
                "far_from_school",
                format!(
                    "{} km van de eigen school: misschien moet het kind naar een andere school.",
                    one_decimal(km, ',')
                ),
                format!(
                    "{} km from its own school: the child may have to change schools.",
                    one_decimal(km, '.')
                ),
            ));
        }
    }
    let contact: Vec<f64> =
        ask.request.contact_areas.iter().filter_map(|&a: &Label| s.km(Some(a), area)).collect();
    if let Some(far) = contact.into_iter().reduce(f64::max)
        && far <= near
    {
        out.speaks_for.push(km_note(
            "near_contact",
            far,
            ["de mensen met wie het kind contact heeft", "the people it keeps contact with"],
        ));
    }
}

/// The children who live there.
fn household(
    s: &Situation<'_>,
    settings: &Settings,
    ask: &Ask<'_>,
    family: &FamilyNow<'_>,
    out: &mut Speaks,
) {
    if let Some(gap) = own_child_gap(s, ask, family).filter(|&g| g < settings.own_child_close_years)
    {
        out.against.push(Note::new(
            "own_child_close",
            format!("Een eigen kind scheelt maar {} jaar met dit kind.", one_decimal(gap, ',')),
            format!("An own child is only {} years from this child.", one_decimal(gap, '.')),
        ));
    }
    let young = family.state.own_children().unwrap_or_default().iter().any(|b| {
        let age = b.age_on(s.as_of);
        age >= 0.0 && age < settings.young_own_child
    });
    if young {
        out.against.push(note(
            "own_child_young",
            "In dit gezin woont een jong eigen kind.",
            "A young own child lives in this family.",
        ));
    }
    let sibling_group = s.history.child(ask.child).sibling_group;
    let others = family
        .residents
        .iter()
        .filter(|r| r.child != ask.child)
        .filter(|r| {
            sibling_group.is_none() || s.history.child(r.child).sibling_group != sibling_group
        })
        .count();
    match others {
        0 if family.residents.is_empty() => out.speaks_for.push(note(
            "no_other_foster_children",
            "Hier wonen nu geen andere pleegkinderen.",
            "No other foster children live here now.",
        )),
        0 => {}
        _ => {
            let (nl, en) = if others == 1 {
                ("ander pleegkind", "other foster child")
            } else {
                ("andere pleegkinderen", "other foster children")
            };
            out.against.push(Note::new(
                "other_foster_children",
                format!("Hier woont al {others} {nl}: vraag hoe het met hen gaat."),
                format!("{others} {en} already here: ask how they are doing."),
            ));
        }
    }
}

/// The family itself.
fn family_itself(
    s: &Situation<'_>,
    settings: &Settings,
    ask: &Ask<'_>,
    family: &FamilyNow<'_>,
    out: &mut Speaks,
) {
    if let Some(since) = family.state.experience_since() {
        let years = f64::from(s.as_of.since(since)) / 365.25;
        if years >= settings.experienced_years {
            out.speaks_for.push(Note::new(
                "experienced",
                format!("Dit gezin heeft {} jaar ervaring.", years.floor()),
                format!("This family has {} years of experience.", years.floor()),
            ));
        } else if years < 1.0 {
            out.against.push(note(
                "new_family",
                "Dit gezin is nog geen jaar pleeggezin.",
                "This family has fostered for less than a year.",
            ));
        }
    }
    let needs = &s.history.child(ask.child).needs;
    if !needs.is_empty() && needs.iter().all(|n| family.state.accepts_needs().contains(n)) {
        out.speaks_for.push(note(
            "needs_accepted",
            "Dit gezin heeft ja gezegd tegen alles wat dit kind nodig heeft.",
            "This family has said yes to everything that this child needs.",
        ));
    }
    let recent = |end| s.as_of.since(end) <= settings.breakdown_memory_days;
    if family.last_unplanned_end.is_some_and(recent) {
        out.against.push(note(
            "recent_unplanned_end",
            "Hier eindigde kort geleden een plaatsing ongepland: vraag welke steun nodig is.",
            "A placement here ended unplanned not long ago: ask what support is needed.",
        ));
    }
}

fn note(code: &str, nl: &str, en: &str) -> Note {
    Note::new(code, nl, en)
}

fn km_note(code: &str, km: f64, [nl, en]: [&str; 2]) -> Note {
    Note::new(
        code,
        format!("Dichtbij: {} km van {nl}.", one_decimal(km, ',')),
        format!("Near: {} km from {en}.", one_decimal(km, '.')),
    )
}
