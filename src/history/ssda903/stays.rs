//! Episodes become stays: one uninterrupted time with one carer.

use super::codes;
use super::lists::{Ending, UNKNOWN_ENDING};
use super::merge::report;
use super::read::{Episode, Rows};
use crate::history::{Day, EndReason};

/// A stay: the episodes with one carer, without the absences between them.
#[derive(Debug)]
pub struct Run<'e> {
    /// The episodes, in order of time; at least one.
    pub episodes: Vec<&'e Episode>,
    /// The end, where there is one.
    pub end: Option<Day>,
    /// How it ended, where it did.
    pub ending: Option<Ending>,
    /// Temporary placements that were read as absences from this stay.
    pub absences: usize,
}

/// The stays of one child, whose episodes stand in order of time without overlap.
pub fn runs<'e>(rows: &mut Rows<'_>, course: &'e [Episode], window_start: Day) -> Vec<Run<'e>> {
    let mut runs: Vec<Run<'e>> = Vec::new();
    let mut k = 0;
    while k < course.len() {
        let e = &course[k];
        if e.place.temporary {
            check_length(rows, e);
            let chain = absence_chain(course, k);
            if let Some(run) = runs.last_mut().filter(|_| k > 0 && returns(course, k, chain)) {
                for absence in &course[k + 1..chain] {
                    check_length(rows, absence);
                }
                run.absences += chain - k;
                match course.get(chain) {
                    Some(back) => run.episodes.push(back),
                    // Away when the last return closed: the stay itself still runs.
                    None => run.end = None,
                }
                if course.get(chain).is_some() {
                    run.end = course[chain].dec;
                }
                k = (chain + 1).min(course.len());
                continue;
            }
            report(
                rows,
                e,
                codes::NO_RETURN_TO_CARER,
                "PLACE",
                "not between two times with one carer",
            );
        }
        let goes_on = k > 0 && continues(rows, &course[k - 1], e);
        match runs.last_mut().filter(|_| goes_on) {
            Some(run) => run.episodes.push(e),
            None => {
                if k == 0 {
                    check_first(rows, e, window_start);
                }
                runs.push(Run { episodes: vec![e], end: None, ending: None, absences: 0 });
            }
        }
        if let Some(run) = runs.last_mut() {
            run.end = e.dec;
        }
        k += 1;
    }
    end_all(rows, &mut runs, course);
    runs
}

/// The end of the chain of temporary placements that starts at `k`.
fn absence_chain(course: &[Episode], k: usize) -> usize {
    let mut end = k + 1;
    while end < course.len()
        && course[end].place.temporary
        && follows(&course[end - 1], &course[end])
    {
        end += 1;
    }
    end
}

/// Whether one episode starts on the day on which the other ends.
fn follows(before: &Episode, after: &Episode) -> bool {
    before.dec == Some(after.decom)
}

/// Whether the temporary placements `k..chain` stand between two times with one carer, or the
/// last of them still runs.
fn returns(course: &[Episode], k: usize, chain: usize) -> bool {
    let before = &course[k - 1];
    if before.place.temporary || !follows(before, &course[k]) || ends_care(before) {
        return false;
    }
    match course.get(chain) {
        Some(back) => {
            follows(&course[chain - 1], back)
                && same_place(before, back)
                && !ends_care(&course[chain - 1])
        }
        None => course[chain - 1].dec.is_none(),
    }
}

/// Whether two episodes are in one kind of place and nothing says that it is another one.
fn same_place(a: &Episode, b: &Episode) -> bool {
    let agree = |x: &str, y: &str| x.is_empty() || y.is_empty() || x == y;
    a.place.setting == b.place.setting
        && a.place.family_kind == b.place.family_kind
        && agree(&a.urn, &b.urn)
        && agree(&a.postcode, &b.postcode)
}

/// Whether the REC of an episode says that care itself ended.
fn ends_care(e: &Episode) -> bool {
    matches!(e.rec, Some(Some(_)))
}

/// Whether `e` goes on with the carer of `before`; says where the row contradicts itself.
fn continues(rows: &mut Rows<'_>, before: &Episode, e: &Episode) -> bool {
    // Two temporary placements of one kind make one stay, where they are no absences.
    if before.place.temporary && e.place.temporary {
        return follows(before, e) && before.place == e.place && !ends_care(before);
    }
    if e.rne.changes_carer() {
        return false;
    }
    if !follows(before, e) {
        report(rows, e, codes::START_NOT_SEEN, "RNE", "no episode ends on the day of this change");
        return false;
    }
    if ends_care(before) {
        report(
            rows,
            e,
            codes::ENDED_YET_GOES_ON,
            "RNE",
            "care ended on this day by the episode before",
        );
        return false;
    }
    if before.place.setting != e.place.setting || before.place.temporary {
        report(rows, e, codes::OTHER_SETTING, "PLACE", "another kind of place with the same carer");
        return false;
    }
    true
}

fn check_first(rows: &mut Rows<'_>, e: &Episode, window_start: Day) {
    if !e.rne.changes_carer() {
        report(
            rows,
            e,
            codes::START_NOT_SEEN,
            "RNE",
            "a child's first episode is a status-only change",
        );
    } else if e.rne != super::lists::Rne::Started && e.decom >= window_start {
        report(rows, e, codes::FIRST_NOT_START, "RNE", "a child's first episode is a move");
    }
}

fn check_length(rows: &mut Rows<'_>, e: &Episode) {
    if let (Some(limit), Some(dec)) = (e.place.limit_days, e.dec)
        && dec.since(e.decom) > limit
    {
        report(
            rows,
            e,
            codes::LONG_ABSENCE,
            "PLACE",
            "longer than this temporary placement may last",
        );
    }
}

/// Tells of every run how it ended.
fn end_all(rows: &mut Rows<'_>, runs: &mut [Run<'_>], course: &[Episode]) {
    let starts: Vec<Option<(Day, bool)>> = (0..runs.len())
        .map(|r| runs.get(r + 1).map(|n| (n.episodes[0].decom, n.episodes[0].place.temporary)))
        .collect();
    for (run, next) in runs.iter_mut().zip(starts) {
        let Some(end) = run.end else { continue };
        let Some(&last) = run.episodes.last() else { continue };
        let birth = rows.people.list[last.child as usize].birth;
        run.ending = Some(ending(rows, last, end, birth, next));
    }
    debug_assert!(
        runs.iter().map(|r| r.episodes.len() + r.absences).sum::<usize>() == course.len()
    );
}

/// How a stay ended whose last episode is `last`, and after which the child's next stay starts as
/// `next` says (its day, and whether it is a temporary placement).
fn ending(
    rows: &mut Rows<'_>,
    last: &Episode,
    end: Day,
    birth: Day,
    next: Option<(Day, bool)>,
) -> Ending {
    if let Some(Some(ending)) = last.rec {
        return match ending.reason {
            EndReason::Unknown if last.rec_other && end >= birth.plus_years(18) => {
                Ending { reason: EndReason::CameOfAge, ..ending }
            }
            // On their own at 16: a move, not the end of childhood.
            EndReason::CameOfAge if last.rec_leaving && end < birth.plus_years(17) => {
                Ending { reason: EndReason::PlannedMove, ..ending }
            }
            _ => ending,
        };
    }
    let at_once = next.is_some_and(|(start, _)| start == end);
    if last.rec == Some(None) && !at_once {
        report(rows, last, codes::NOT_CONTINUED, "REC", "X1, and no episode starts on that day");
    }
    match last.reason {
        Some(reason) if reason.reason == EndReason::Administrative => {
            report(
                rows,
                last,
                codes::REASON_IS_STATUS,
                "REASON_PLACE_CHANGE",
                "PLACE beside a carer change",
            );
            UNKNOWN_ENDING
        }
        Some(reason) => reason,
        None => {
            // Into a temporary placement no reason is asked; an end without REC was reported.
            if at_once && last.rec == Some(None) && !next.is_some_and(|(_, temporary)| temporary) {
                report(
                    rows,
                    last,
                    codes::NO_REASON,
                    "REASON_PLACE_CHANGE",
                    "blank at a carer change",
                );
            }
            UNKNOWN_ENDING
        }
    }
}
