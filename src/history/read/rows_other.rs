//! Rows of events, assessments, requests, pairs and offers.

use super::ids::{Found, Ids};
use super::row::{Row, ScaleKind};
use super::rows::move_to;
use super::table::Relabel;
use crate::history::codes::AssessedKind;
use crate::history::columns::{assessments, events, offers, pairs, requests, scales};
use crate::history::day::Day;
use crate::history::records::{
    Assessment, Child, ChildIx, Event, FamilyIx, Label, Offer, PairRule, Party, Request, RequestIx,
    Stay, StayIx, Subject,
};
use crate::history::registry;
use crate::history::settings::nearest;

/// What rows of these files refer to.
pub(super) struct Known<'a> {
    pub children: &'a [Child],
    pub stays: &'a [Stay],
    pub child_ids: &'a Ids<'a>,
    pub family_ids: &'a Ids<'a>,
    pub stay_ids: &'a Ids<'a>,
}

/// Notes a date before the child's birth.
fn born(row: &mut Row, known: &Known, child: Option<u32>, date: Option<Day>, column: usize) {
    if let (Some(child), Some(date)) = (child, date)
        && date < known.children[child as usize].birth.earliest()
    {
        row.fault(registry::BEFORE_BIRTH, column, "the date lies before the child's birth");
    }
}

/// Notes a stay of another child.
fn own_stay(row: &mut Row, known: &Known, child: Option<u32>, stay: Option<u32>, column: usize) {
    if let (Some(child), Some(stay)) = (child, stay)
        && known.stays[stay as usize].child.0 != child
    {
        row.fault(registry::OTHER_CHILD, column, "the stay belongs to another child");
    }
}

/// Notes two dates in the wrong order.
fn in_order(
    row: &mut Row,
    first: Option<Day>,
    then: Option<Day>,
    column: usize,
    what: &'static str,
) {
    if let (Some(first), Some(then)) = (first, then)
        && then < first
    {
        row.fault(registry::END_BEFORE_START, column, what);
    }
}

impl Relabel for Event {
    fn relabel(&mut self, to: &[Label]) {
        move_to(to, &mut [&mut self.role, &mut self.from, &mut self.to]);
    }
}

/// A row of `events.csv`.
pub(super) fn event(row: &mut Row, known: &Known) -> Option<Event> {
    use events as c;
    let child = row.reference(c::CHILD_ID, known.child_ids);
    let stay = row.reference(c::STAY_ID, known.stay_ids);
    let date = row.date(c::DATE);
    let kind = row.code(c::KIND);
    let role = row.text(c::ROLE);
    let from = row.text(c::FROM);
    let to = row.text(c::TO);
    let warm_handover = row.flag(c::WARM_HANDOVER);
    let recorded = row.date(c::RECORDED);
    born(row, known, child, date, c::DATE);
    own_stay(row, known, child, stay, c::STAY_ID);
    if let (Some(stay), Some(date), true) = (stay, date, row.ok) {
        let stay = &known.stays[stay as usize];
        if date < stay.start || stay.end.is_some_and(|end| date > end) {
            let what = "the event lies outside the stay that it names";
            row.note(registry::OUTSIDE_STAY, c::DATE, what);
        }
    }
    Some(Event {
        child: ChildIx(child?),
        stay: stay.map(StayIx),
        date: date?,
        kind: kind?,
        role,
        from,
        to,
        warm_handover,
        recorded,
    })
}

impl Relabel for Assessment {
    fn relabel(&mut self, to: &[Label]) {
        self.scale = to[self.scale.at()];
        move_to(to, &mut [&mut self.rater]);
    }
}

/// A row of `assessments.csv`.
pub(super) fn assessment(row: &mut Row, known: &Known) -> Option<Assessment> {
    use assessments as c;
    let kind: Option<AssessedKind> = row.code(c::SUBJECT_KIND);
    let subject = kind.and_then(|kind| subject(row, known, kind));
    let date = row.date(c::DATE);
    let scale = row.text(c::SCALE);
    let score = row.number(c::SCORE);
    let rater = row.text(c::RATER);
    let recorded = row.date(c::RECORDED);
    let child = match subject {
        Some(Subject::Child(child) | Subject::Pair(child, _)) => Some(child.0),
        Some(Subject::Stay(stay)) => Some(known.stays[stay.at()].child.0),
        _ => None,
    };
    born(row, known, child, date, c::DATE);
    if let Some(scale) = scale {
        match (scale_of(row, scale), score) {
            (ScaleKind::Range(least, most), Some(score)) if !(least..=most).contains(&score) => {
                let what = "the score is outside the range of its scale";
                row.fault(registry::SCORE_RANGE, c::SCORE, what);
            }
            (ScaleKind::Near, _) => {
                let what = "the scale's name is close to one of the codebook";
                row.note(registry::UNKNOWN_SCALE, c::SCALE, what);
            }
            _ => {}
        }
    }
    Some(Assessment {
        subject: subject?,
        date: date?,
        scale: scale?,
        score: Some(score?),
        rater,
        recorded,
    })
}

/// What is known of a scale; looked up once per name.
fn scale_of(row: &mut Row, label: Label) -> ScaleKind {
    let labels = &row.sink.labels;
    *row.sink.scales.entry(label).or_insert_with(|| {
        let word = labels.word(label);
        match scales().iter().find(|scale| scale.name == word) {
            Some(scale) => ScaleKind::Range(scale.least, scale.most),
            None if nearest(word, scales().iter().map(|s| s.name)).is_some() => ScaleKind::Near,
            None => ScaleKind::Open,
        }
    })
}

/// Whom an assessment is about.
fn subject(row: &mut Row, known: &Known, kind: AssessedKind) -> Option<Subject> {
    use assessments as c;
    match kind {
        AssessedKind::Child => {
            row.reference(c::SUBJECT_ID, known.child_ids).map(|ix| Subject::Child(ChildIx(ix)))
        }
        AssessedKind::Family => {
            row.reference(c::SUBJECT_ID, known.family_ids).map(|ix| Subject::Family(FamilyIx(ix)))
        }
        AssessedKind::Stay => {
            row.reference(c::SUBJECT_ID, known.stay_ids).map(|ix| Subject::Stay(StayIx(ix)))
        }
        AssessedKind::Pair => {
            let child = row.reference(c::SUBJECT_ID, known.child_ids);
            let before = row.ok;
            let family = row.reference(c::FAMILY_ID, known.family_ids);
            if family.is_none() && row.ok == before && row.ok {
                let what = "a score of a pair names no family";
                row.fault(registry::PAIR_WITHOUT_FAMILY, c::FAMILY_ID, what);
            }
            Some(Subject::Pair(ChildIx(child?), FamilyIx(family?)))
        }
    }
}

impl Relabel for Request {
    fn relabel(&mut self, to: &[Label]) {
        move_to(to, &mut [&mut self.group, &mut self.outcome]);
        for label in self.contact_areas.iter_mut().chain(&mut self.avoid_areas) {
            *label = to[label.at()];
        }
    }
}

/// A row of `requests.csv`.
pub(super) fn request(row: &mut Row, known: &Known) -> Option<Request> {
    use requests as c;
    let id = row.id(c::REQUEST_ID);
    let child = row.reference(c::CHILD_ID, known.child_ids);
    let received = row.date(c::RECEIVED);
    let needed_from = row.date(c::NEEDED_FROM);
    let group = row.text(c::GROUP);
    let keep_siblings = row.code(c::KEEP_SIBLINGS);
    let care_form = row.code(c::CARE_FORM);
    let perspective = row.code(c::PERSPECTIVE);
    let urgency = row.count(c::URGENCY).and_then(|u| u8::try_from(u).ok());
    let max_distance_km = row.number(c::MAX_DISTANCE_KM);
    let contact_areas = row.texts(c::CONTACT_AREAS);
    let avoid_areas = row.texts(c::AVOID_AREAS);
    let secret_address = row.flag(c::SECRET_ADDRESS);
    let closed = row.date(c::CLOSED);
    let outcome = row.text(c::OUTCOME);
    let placed_stay = row.reference(c::PLACED_STAY_ID, known.stay_ids);
    let recorded = row.date(c::RECORDED);
    in_order(row, received, closed, c::CLOSED, "the request is closed before it is received");
    own_stay(row, known, child, placed_stay, c::PLACED_STAY_ID);
    Some(Request {
        id: id?.into(),
        child: ChildIx(child?),
        received,
        needed_from: needed_from?,
        group,
        keep_siblings,
        care_form,
        perspective,
        urgency,
        max_distance_km,
        contact_areas,
        avoid_areas,
        secret_address,
        closed,
        outcome,
        placed_stay: placed_stay.map(StayIx),
        recorded,
    })
}

impl Relabel for PairRule {
    fn relabel(&mut self, to: &[Label]) {
        move_to(to, &mut [&mut self.reason]);
    }
}

/// A row of `pairs.csv`.
pub(super) fn pair(row: &mut Row, known: &Known) -> Option<PairRule> {
    use pairs as c;
    let kind = row.code(c::KIND);
    let a = party(row, known, c::A);
    let b = party(row, known, c::B);
    let lane = row.code(c::LANE);
    let reason = row.text(c::REASON);
    Some(PairRule { kind: kind?, a: a?, b: b?, lane, reason })
}

/// A side of a wish: a child's or a family's id.
fn party(row: &mut Row, known: &Known, column: usize) -> Option<Party> {
    let cell = row.cell(column)?;
    let families = known.family_ids.present;
    let family = if families { row.find(known.family_ids, cell) } else { Found::Unknown };
    match (row.find(known.child_ids, cell), family) {
        (Found::Row(child), Found::Unknown) => Some(Party::Child(ChildIx(child))),
        (Found::Unknown, Found::Row(family)) => Some(Party::Family(FamilyIx(family))),
        (Found::Row(_), Found::Row(_)) => {
            let what = "the id is both a child's and a family's";
            row.fault(registry::CHILD_OR_FAMILY, column, what);
            None
        }
        (Found::Unknown, Found::Unknown) => {
            let what = "the id is neither a child's nor a family's";
            row.fault(registry::UNKNOWN_REFERENCE, column, what);
            None
        }
        _ => {
            row.ok = false;
            None
        }
    }
}

impl Relabel for Offer {
    fn relabel(&mut self, to: &[Label]) {
        move_to(to, &mut [&mut self.reason]);
    }
}

/// A row of `offers.csv`.
pub(super) fn offer(row: &mut Row, requests: &Ids, families: &Ids) -> Option<Offer> {
    use offers as c;
    let request = row.reference(c::REQUEST_ID, requests);
    let family = row.reference(c::FAMILY_ID, families);
    let offered = row.date(c::OFFERED);
    let answered = row.date(c::ANSWERED);
    let answer = row.code(c::ANSWER);
    let reason = row.text(c::REASON);
    let recorded = row.date(c::RECORDED);
    in_order(row, offered, answered, c::ANSWERED, "the answer lies before the offer");
    Some(Offer {
        request: RequestIx(request?),
        family: FamilyIx(family?),
        offered: offered?,
        answered,
        answer,
        reason,
        recorded,
    })
}
