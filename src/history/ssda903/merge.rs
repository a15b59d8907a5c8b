//! One course of episodes per child, from the rows of all returns: the latest return wins.

use super::codes;
use super::read::{Episode, Rows};
use super::years::last_day;
use crate::history::{Code, Finding};

/// How many episodes around one are looked at for a later version of it; a child has a handful.
const AROUND: usize = 64;

/// The episodes of all children, each child's in order of time without overlap, and how many rows
/// only repeated what a later return says too.
#[derive(Debug)]
pub struct Courses {
    /// By child, then by start.
    pub episodes: Vec<Episode>,
    /// Rows of earlier returns that a later return has again.
    pub repeated: usize,
}

/// Merges by child and start, then repairs what overlaps or never ends.
pub fn merge(rows: &mut Rows<'_>) -> Courses {
    let mut all = std::mem::take(&mut rows.episodes);
    // The latest return first; within one return the order of files and lines.
    all.sort_by(|a, b| {
        (a.child, a.decom)
            .cmp(&(b.child, b.decom))
            .then(b.year.cmp(&a.year))
            .then((a.source, a.line).cmp(&(b.source, b.line)))
    });
    let mut kept: Vec<Episode> = Vec::with_capacity(all.len());
    let mut repeated = 0;
    for episode in all {
        match kept.last() {
            Some(last) if (last.child, last.decom) == (episode.child, episode.decom) => {
                if last.year == episode.year {
                    drop_row(
                        rows,
                        &episode,
                        codes::DUPLICATE,
                        "DECOM",
                        "a second row for this CHILD and DECOM",
                    );
                } else {
                    repeated += 1;
                }
            }
            _ => kept.push(episode),
        }
    }
    let last_year = kept.iter().map(|e| e.year).max();
    let mut episodes = Vec::with_capacity(kept.len());
    for of_child in kept.chunk_by(|a, b| a.child == b.child) {
        let mut course = without_superseded(rows, of_child);
        close(rows, &mut course, last_year);
        episodes.append(&mut course);
    }
    Courses { episodes, repeated }
}

/// Leaves out rows that still ran when their return closed and that a later return tells
/// differently: it has a row of the same kind with another start, or one that covers this start.
fn without_superseded(rows: &mut Rows<'_>, of_child: &[Episode]) -> Vec<Episode> {
    let mut out = Vec::with_capacity(of_child.len());
    for (k, e) in of_child.iter().enumerate() {
        let around = k.saturating_sub(AROUND)..(k + AROUND).min(of_child.len());
        let superseded = e.dec.is_none()
            && of_child[around].iter().any(|f| {
                let covers = f.decom < e.decom && f.dec.is_none_or(|dec| dec > e.decom);
                let same = f.rne == e.rne
                    && f.place == e.place
                    && last_day(e.year).is_some_and(|close| f.decom <= close && f.decom > e.decom);
                f.year > e.year && (covers || same)
            });
        if superseded {
            drop_row(
                rows,
                e,
                codes::SUPERSEDED,
                "DECOM",
                "a later return has another row for this time",
            );
        } else {
            out.push(e.clone());
        }
    }
    out
}

/// Ends every episode where the next one starts, at the latest, and those of children who are in
/// no later return where their last return closed.
fn close(rows: &mut Rows<'_>, course: &mut [Episode], last_year: Option<i32>) {
    for k in 0..course.len() {
        let next = course.get(k + 1).map(|n| n.decom);
        let e = &mut course[k];
        match (e.dec, next) {
            (None, Some(next)) => {
                e.dec = Some(next);
                report(
                    rows,
                    e,
                    codes::OPEN_FOLLOWED,
                    "DEC",
                    "DEC is blank, and another episode follows",
                );
            }
            (Some(dec), Some(next)) if dec > next => {
                e.dec = Some(next);
                report(rows, e, codes::OVERLAP, "DEC", "DEC lies after the next DECOM");
            }
            (None, None) if last_year.is_some_and(|last| e.year < last) => {
                // A stay that starts on 31 March has no day before the close.
                e.dec = last_day(e.year).map(|close| close.max(e.decom.plus_days(1)));
                report(
                    rows,
                    e,
                    codes::VANISHED,
                    "CHILD",
                    "still in care when the return closed, and in no later return",
                );
            }
            _ => {}
        }
    }
}

fn drop_row(
    rows: &mut Rows<'_>,
    e: &Episode,
    code: Code,
    column: &'static str,
    what: &'static str,
) {
    *rows.dropped.entry(rows.sources[e.source].name.clone()).or_default() += 1;
    report(rows, e, code, column, what);
}

/// Reports something about an episode's row.
pub fn report(
    rows: &mut Rows<'_>,
    e: &Episode,
    code: Code,
    column: &'static str,
    what: &'static str,
) {
    let file = &rows.sources[e.source].name;
    rows.findings
        .add_with(code, || Finding::new(code, file.clone(), what).row(e.line).column(column));
}
