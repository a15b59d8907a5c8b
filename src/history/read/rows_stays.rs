//! A row of `stays.csv`, checked against the child's birth.

use super::ids::Ids;
use super::row::Row;
use super::rows::move_to;
use super::table::Relabel;
use crate::history::codes::{EndReason, Setting};
use crate::history::columns::stays as c;
use crate::history::day::{Birth, Day};
use crate::history::records::{Child, ChildIx, FamilyIx, Label, Stay};
use crate::history::registry;

/// The oldest age at which youth care still starts, in years.
const OLDEST: i32 = 23;

impl Relabel for Stay {
    fn relabel(&mut self, to: &[Label]) {
        move_to(to, &mut [&mut self.provider, &mut self.region]);
    }
}

/// A row of `stays.csv`.
pub(super) fn stay(
    row: &mut Row,
    children: &[Child],
    child_ids: &Ids,
    families: &Ids,
) -> Option<Stay> {
    let id = row.id(c::STAY_ID);
    let child = row.reference(c::CHILD_ID, child_ids);
    let setting: Option<Setting> = row.code(c::SETTING);
    let family = row.reference(c::FAMILY_ID, families);
    let family_kind = row.code(c::FAMILY_KIND);
    let provider = row.text(c::PROVIDER);
    let start = row.date(c::START);
    let end = row.date(c::END);
    let end_reason: Option<EndReason> = row.code(c::END_REASON);
    let end_planned = row.flag(c::END_PLANNED);
    let end_wanted = row.flag(c::END_WANTED);
    let perspective = row.code(c::PERSPECTIVE);
    let care_form = row.code(c::CARE_FORM);
    let legal = row.code(c::LEGAL);
    let siblings_together = row.flag(c::SIBLINGS_TOGETHER);
    let region = row.text(c::REGION);
    let recorded = row.date(c::RECORDED);

    let birth = child.map(|ix| children[ix as usize].birth);
    if let (Some(birth), Some(start)) = (birth, start) {
        age(row, birth, start);
    }
    if let (Some(start), Some(end)) = (start, end) {
        if end < start {
            row.fault(registry::END_BEFORE_START, c::END, "the stay ends before it starts");
        } else if end == start && row.ok {
            row.note(registry::ZERO_LENGTH, c::END, "the stay starts and ends on one day");
        }
    }
    // An end that is there but cannot be read has its own fault.
    if end.is_none() && is_blank(row, c::END) {
        if end_reason.is_some() {
            let what = "a reason of ending stands without an end date";
            row.fault(registry::REASON_WITHOUT_END, c::END_REASON, what);
        } else if end_planned.is_some() || end_wanted.is_some() {
            let column = if end_planned.is_some() { c::END_PLANNED } else { c::END_WANTED };
            let what = "a flag of ending stands without an end date";
            row.fault(registry::REASON_WITHOUT_END, column, what);
        }
    }
    let stay = Stay {
        id: id?.into(),
        child: ChildIx(child?),
        setting: setting?,
        family: family.map(FamilyIx),
        family_kind,
        provider,
        start: start?,
        end,
        end_reason,
        end_planned,
        end_wanted,
        perspective,
        care_form,
        legal,
        siblings_together,
        region,
        recorded,
    };
    if row.ok {
        oddities(row, &stay, birth);
    }
    Some(stay)
}

fn is_blank(row: &Row, column: usize) -> bool {
    let at = row.context.shape.position[column];
    at.is_none_or(|at| super::cells::trim(row.record.get(at).unwrap_or_default()).is_empty())
}

/// Birth after the start, or an age that youth care does not have.
fn age(row: &mut Row, birth: Birth, start: Day) {
    if start < birth.earliest() {
        row.fault(registry::BEFORE_BIRTH, c::START, "the stay starts before the child's birth");
        return;
    }
    // Where only the month is known, the child may be half a month younger.
    let slack = if birth.month_only { 16 } else { 0 };
    if start > birth.day.plus_days(slack).plus_years(OLDEST) {
        row.fault(registry::IMPOSSIBLE_AGE, c::START, "the child would be older than 23");
    }
}

/// What is odd about a stay that can be used.
fn oddities(row: &mut Row, stay: &Stay, birth: Option<Birth>) {
    let in_family = matches!(stay.setting, Setting::Foster | Setting::FamilyHome);
    if in_family && stay.family.is_none() && stay.family_kind.is_none() {
        let what = "a stay in a family names neither the family nor its kind";
        row.note(registry::NO_FAMILY, c::FAMILY_ID, what);
    }
    let Some(end) = stay.end else { return };
    let Some(reason) = stay.end_reason else {
        row.note(
            registry::END_WITHOUT_REASON,
            c::END_REASON,
            "the stay has ended without a reason",
        );
        return;
    };
    let both = |value: bool| stay.end_planned == Some(value) && stay.end_wanted == Some(value);
    let broke = matches!(reason, EndReason::CarerBehaviour | EndReason::Safety);
    let planned =
        matches!(reason, EndReason::PlannedMove | EndReason::CameOfAge | EndReason::Permanence);
    if (broke && both(true)) || (planned && both(false)) {
        let what = "end_planned and end_wanted contradict the reason";
        row.note(registry::FLAGS_DISAGREE, c::END_REASON, what);
    }
    // Half a year of grace: registrations close files around the birthday.
    let of_age = birth.map(|b| b.earliest().plus_years(18).plus_days(-183));
    if reason == EndReason::CameOfAge && of_age.is_some_and(|day| end < day) {
        let what = "the stay ended by coming of age well before the 18th birthday";
        row.note(registry::NOT_OF_AGE, c::END_REASON, what);
    }
}
