//! The records of the history: children, stays, events and assessments.

use super::lists::Rne;
use super::merge::Courses;
use super::read::{Episode, Rows};
use super::stays::{Run, runs};
use super::years::last_day;
use crate::history::{
    Assessment, Birth, Child, ChildIx, Day, Event, EventKind, History, Legal, Perspective, Setting,
    Stay, StayIx, Subject, Window,
};

/// Builds the history from the courses of all children; also says how many temporary placements
/// became absences.
pub fn build(rows: &mut Rows<'_>, courses: &Courses, window: Window) -> (History, usize) {
    let mut history = History::empty(window);
    for person in &rows.people.list {
        history.children.push(Child {
            id: person.id.clone(),
            birth: Birth { day: person.birth, month_only: false },
            sex: person.sex,
            sibling_group: None,
            origin_municipality: None,
            home_area: None,
            school_area: None,
            needs: Vec::new(),
            first_out_of_home: None,
            moves_before: None,
            breakdowns_before: None,
        });
    }
    let mut absences = 0;
    for course in courses.episodes.chunk_by(|a, b| a.child == b.child) {
        let child = ChildIx(course[0].child);
        let home = course.iter().rev().find_map(|e| e.home_area.as_deref());
        let home = home.map(|area| history.labels.intern(area));
        let record = &mut history.children[child.at()];
        record.home_area = home;
        // Only a start says that this was the first day out of home in this period of care.
        record.first_out_of_home = (course[0].rne == Rne::Started).then_some(course[0].decom);
        for (k, run) in runs(rows, course, window.start).iter().enumerate() {
            absences += run.absences;
            add_stay(&mut history, child, k + 1, run);
        }
    }
    add_scores(&mut history, rows);
    add_workers(&mut history, rows);
    (history, absences)
}

fn add_stay(history: &mut History, child: ChildIx, number: usize, run: &Run<'_>) {
    let Some(&first) = run.episodes.first() else { return };
    let in_family = first.place.setting == Setting::Foster;
    let stay = StayIx(history.stays.len() as u32);
    let provider = first.provider.map(|word| history.labels.intern(word));
    history.stays.push(Stay {
        id: format!("{}-s{number}", history.child(child).id).into(),
        child,
        setting: first.place.setting,
        family: None,
        family_kind: first.place.family_kind.filter(|_| in_family),
        provider,
        start: first.decom,
        end: run.end,
        end_reason: run.ending.map(|e| e.reason),
        end_planned: run.ending.and_then(|e| e.planned),
        end_wanted: run.ending.and_then(|e| e.wanted),
        perspective: first.place.long_term.then_some(Perspective::LongTerm),
        care_form: first.status.filter(|_| in_family).map(|s| s.care_form),
        legal: first.status.and_then(|s| s.legal),
        siblings_together: None,
        region: None,
        recorded: None,
    });
    for pair in run.episodes.windows(2) {
        add_changes(history, child, stay, pair[0], pair[1], in_family);
    }
}

/// What changed within a stay, from one episode to the next.
fn add_changes(
    history: &mut History,
    child: ChildIx,
    stay: StayIx,
    before: &Episode,
    after: &Episode,
    in_family: bool,
) {
    let mut add = |kind: EventKind, from: Option<&str>, to: Option<&str>| {
        let from = from.map(|word| history.labels.intern(word));
        let to = to.map(|word| history.labels.intern(word));
        history.events.push(Event {
            child,
            stay: Some(stay),
            date: after.decom,
            kind,
            role: None,
            from,
            to,
            warm_handover: None,
            recorded: None,
        });
    };
    let legal = |e: &Episode| e.status.and_then(|s| s.legal).map(Legal::code);
    if let (from, Some(to)) = (legal(before), legal(after))
        && from != Some(to)
    {
        add(EventKind::LegalChange, from, Some(to));
    }
    if !in_family {
        return;
    }
    let form = |e: &Episode| e.status.map(|s| s.care_form.code());
    if let (Some(from), Some(to)) = (form(before), form(after))
        && from != to
    {
        add(EventKind::CareFormChange, Some(from), Some(to));
    }
    if after.place.long_term && !before.place.long_term {
        let to = Some(Perspective::LongTerm.code());
        add(EventKind::PerspectiveDecision, None, to);
        add(EventKind::PerspectiveChange, None, to);
    }
}

/// SDQ scores, dated at the close of their return.
fn add_scores(history: &mut History, rows: &Rows<'_>) {
    let mut scores = rows.scores.clone();
    scores.sort_by_key(|s| (s.child, s.year));
    if scores.is_empty() {
        return;
    }
    let scale = history.labels.intern("sdq_total");
    let rater = history.labels.intern("carer");
    for score in scores {
        let Some(date) = last_day(score.year) else { continue };
        history.assessments.push(Assessment {
            subject: Subject::Child(ChildIx(score.child)),
            date,
            scale,
            score: Some(score.score),
            rater: Some(rater),
            recorded: Some(date),
        });
    }
}

/// Changes of social worker. A worker's id only tells one from the next; it is not kept.
fn add_workers(history: &mut History, rows: &Rows<'_>) {
    let mut previous: Option<(u32, &str, Day)> = None;
    for worker in &rows.workers {
        let changed = previous.is_some_and(|(child, id, day)| {
            child == worker.child && id != &*worker.id && day < worker.decom
        });
        previous = Some((worker.child, &worker.id, worker.decom));
        if changed {
            let role = Some(history.labels.intern("social_worker"));
            history.events.push(Event {
                child: ChildIx(worker.child),
                stay: None,
                date: worker.decom,
                kind: EventKind::HelperChange,
                role,
                from: None,
                to: None,
                warm_handover: None,
                recorded: None,
            });
        }
    }
}
