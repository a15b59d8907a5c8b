//! Spells of a whole child: the first breakdown within some years, in any family.

use crate::history::{ChildIx, Day, EndReason};

use super::Cause;
use super::placement::Placement;
use super::spell::{Spell, Work};

/// Adds the child's spell, if it has one.
///
/// Day zero is the start of the first foster placement. The event is the first breakdown in any
/// family. A planned move does not end the follow-up, and neither does a return home: a child at
/// home may be placed again, and who will be is not known on the day of the return (with
/// `return_home_ends` it is a competing end). Follow-up ends by coming of age or a lasting
/// arrangement, by an end from outside (death, emigration), by an end of unknown reason (it may
/// have been the first breakdown), after `years`, or on the last day known.
///
/// A child that came into care before the window enters late, and only if it is known that it
/// had no breakdown before (`breakdowns_before` = 0).
pub(super) fn follow(work: &mut Work<'_>, child: ChildIx, placements: &[Placement]) {
    let d = work.definition;
    let fostered: Vec<&Placement> = placements.iter().filter(|p| d.follows(p.setting)).collect();
    let Some(first) = fostered.first() else { return };
    let window = work.history.window.start;
    match work.history.child(child).breakdowns_before {
        Some(0) => {}
        Some(_) => {
            work.tally.earlier_breakdown += 1;
            return;
        }
        None if first.start < window => {
            work.tally.unknown_past += 1;
            return;
        }
        None => {}
    }
    let limit = d.years.map(|y| first.start.plus_years(y as i32));
    let mut end = first_end(work, child, &fostered, placements);
    if let Some(limit) = limit.filter(|&l| l <= work.known.ends)
        && end.is_none_or(|(day, _)| day > limit)
    {
        end = Some((limit, None));
    }
    if end.is_some_and(|(day, cause)| cause == Some(Cause::Breakdown) && day < window) {
        work.tally.earlier_breakdown += 1;
        return;
    }
    let spell = Spell {
        stay: first.first,
        child,
        family: first.family,
        provider: first.provider,
        setting: first.setting,
        start: first.start,
        entry: 0.0,
        exit: 0.0,
        cause: end.and_then(|(_, cause)| cause),
        running: end.is_none(),
    };
    work.push(spell, end.map(|(day, _)| day));
}

/// The first end that ends the follow-up, and its cause; `None` where it goes on.
fn first_end(
    work: &Work<'_>,
    child: ChildIx,
    fostered: &[&Placement],
    all: &[Placement],
) -> Option<(Day, Option<Cause>)> {
    let d = work.definition;
    let adult = work.of_age(child);
    for (k, p) in fostered.iter().enumerate() {
        let end = p.end?;
        match p.cause {
            Some(cause @ (Cause::Breakdown | Cause::CameOfAge | Cause::Unknown)) => {
                return Some((end, Some(cause)));
            }
            Some(Cause::ReturnedHome) if d.return_home_ends => {
                return Some((end, Some(Cause::ReturnedHome)));
            }
            Some(Cause::Other)
                if work.history.stay(p.last).end_reason == Some(EndReason::External) =>
            {
                return Some((end, Some(Cause::Other)));
            }
            // The registration stopped, and nothing of the child is known after it.
            None if all.last().is_some_and(|last| last.first == p.first) => {
                return Some((end, None));
            }
            _ => {}
        }
        // Between foster families, or after the last one, the child may come of age.
        let back = fostered.get(k + 1).map(|next| next.start);
        let grown = adult.max(end);
        if grown <= work.known.ends && back.is_none_or(|back| grown < back) {
            return Some((grown, Some(Cause::CameOfAge)));
        }
    }
    None
}
