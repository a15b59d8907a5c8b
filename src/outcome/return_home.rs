//! Spells of a return home: from the day at home to the day out of home again.

use crate::history::{ChildIx, Day, EndReason, Setting, StayIx};

use super::Cause;
use super::placement::Placement;
use super::spell::{Spell, Work};

/// Adds a spell per return home from a placement that the definition follows.
///
/// A return home is an end with that cause, or any end with a stay at home next. Day zero is the
/// first day at home. `breakdown` is here the return that failed: the child lives out of home
/// again. A child that is of age already gives no spell. Going to live independently and ends from outside are `other`; a hospital stay is no
/// end; a child that comes of age at home is `came_of_age`. Homes are often not registered, so a
/// child of which nothing more is recorded counts as still at home.
pub(super) fn follow(work: &mut Work<'_>, child: ChildIx, placements: &[Placement]) {
    for (k, p) in placements.iter().enumerate() {
        let Some(left) = p.end.filter(|_| work.definition.follows(p.setting)) else { continue };
        let home = placements.get(k + 1).filter(|n| n.setting == Setting::Home);
        if home.is_none() && p.cause != Some(Cause::ReturnedHome) {
            continue;
        }
        let later = &placements[k + 1 + usize::from(home.is_some())..];
        let start = home.map_or(left, |h| h.start);
        if work.of_age(child) <= start {
            continue;
        }
        let (end, cause) = end_of(work, child, start, home, later);
        let spell = Spell {
            stay: home.map_or(p.last, |h: &Placement| -> StayIx { h.first }),
            child,
            family: None,
            provider: p.provider,
            setting: Setting::Home,
            start,
            entry: 0.0,
            exit: 0.0,
            cause,
            running: end.is_none(),
        };
        work.push(spell, end);
    }
}

/// When and how a time at home ended.
fn end_of(
    work: &Work<'_>,
    child: ChildIx,
    start: Day,
    home: Option<&Placement>,
    later: &[Placement],
) -> (Option<Day>, Option<Cause>) {
    let d = work.definition;
    let again =
        later.iter().find(|p| !matches!(p.setting, Setting::Home | Setting::Hospital)).map(|p| {
            let other = p.setting == Setting::Independent;
            (p.start, if other { Cause::Other } else { Cause::Breakdown })
        });
    let adult = work.of_age(child);
    let grown = (adult <= work.known.ends).then_some((adult, Cause::CameOfAge));
    let left = home.and_then(|h| {
        let cause = match work.history.stay(h.last).end_reason {
            Some(EndReason::CameOfAge | EndReason::Permanence) => Cause::CameOfAge,
            Some(EndReason::External) => Cause::Other,
            _ => return None,
        };
        h.end.map(|end| (end, cause))
    });
    let limit = d.years.map(|y| start.plus_years(y as i32)).filter(|l| *l <= work.known.ends);
    let first = [again, left, grown].into_iter().flatten().min_by_key(|(day, _)| *day);
    match (first, limit) {
        (Some((day, _)), Some(limit)) if day > limit => (Some(limit), None),
        (None, Some(limit)) => (Some(limit), None),
        (Some((day, cause)), _) => (Some(day), Some(cause)),
        (None, None) => (None, None),
    }
}
