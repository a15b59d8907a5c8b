//! One function per file: a row becomes a record, and what is wrong within it is noted.
//!
//! Every cell is read before a row is given up, so that all its faults are reported at once.

use super::ids::Ids;
use super::row::Row;
use super::table::Relabel;
use crate::history::columns::{areas, children, families, family_periods};
use crate::history::records::{Area, Child, Family, FamilyIx, FamilyPeriod, FamilyState, Label};
use crate::history::registry;

/// Moves labels to another pool.
pub(super) fn move_to(to: &[Label], labels: &mut [&mut Option<Label>]) {
    for label in labels.iter_mut() {
        **label = label.map(|l| to[l.at()]);
    }
}

fn move_list(to: &[Label], list: &mut [Label]) {
    for label in list {
        *label = to[label.at()];
    }
}

impl Relabel for Child {
    fn relabel(&mut self, to: &[Label]) {
        move_to(
            to,
            &mut [
                &mut self.sibling_group,
                &mut self.origin_municipality,
                &mut self.home_area,
                &mut self.school_area,
            ],
        );
        move_list(to, &mut self.needs);
    }
}

/// A row of `children.csv`.
pub(super) fn child(row: &mut Row) -> Option<Child> {
    use children as c;
    let id = row.id(c::CHILD_ID);
    let birth = row.birth(c::BIRTH);
    let sex = row.code(c::SEX);
    let sibling_group = row.text(c::SIBLING_GROUP);
    let origin_municipality = row.text(c::ORIGIN_MUNICIPALITY);
    let home_area = row.text(c::HOME_AREA);
    let school_area = row.text(c::SCHOOL_AREA);
    let needs = row.texts(c::NEEDS);
    let first_out_of_home = row.date(c::FIRST_OUT_OF_HOME);
    let moves_before = row.count(c::MOVES_BEFORE);
    let breakdowns_before = row.count(c::BREAKDOWNS_BEFORE);
    if let (Some(birth), Some(first)) = (birth, first_out_of_home)
        && first < birth.earliest()
    {
        let what = "the first day away from home lies before the birth";
        row.fault(registry::BEFORE_BIRTH, c::FIRST_OUT_OF_HOME, what);
    }
    Some(Child {
        id: id?.into(),
        birth: birth?,
        sex,
        sibling_group,
        origin_municipality,
        home_area,
        school_area,
        needs,
        first_out_of_home,
        moves_before,
        breakdowns_before,
    })
}

impl Relabel for FamilyState {
    fn relabel(&mut self, to: &[Label]) {
        move_to(to, &mut [&mut self.provider, &mut self.area, &mut self.stop_reason]);
        move_list(to, &mut self.accepts_needs);
        move_list(to, &mut self.refuses_needs);
    }
}

/// The changeable columns of a family; they stand in the same places in both files.
fn family_state(row: &mut Row) -> FamilyState {
    use families as c;
    let state = FamilyState {
        provider: row.text(c::PROVIDER),
        kind: row.code(c::KIND),
        area: row.text(c::AREA),
        places: row.count(c::PLACES),
        min_age: row.number(c::MIN_AGE),
        max_age: row.number(c::MAX_AGE),
        care_forms: row.codes(c::CARE_FORMS),
        perspectives: row.codes(c::PERSPECTIVES),
        accepts_needs: row.texts(c::ACCEPTS_NEEDS),
        refuses_needs: row.texts(c::REFUSES_NEEDS),
        own_children: row.births(c::OWN_CHILDREN),
        experience_since: row.date(c::EXPERIENCE_SINCE),
        status: row.code(c::STATUS),
        status_date: row.date(c::STATUS_DATE),
        stop_reason: row.text(c::STOP_REASON),
    };
    if let (Some(least), Some(most)) = (state.min_age, state.max_age)
        && least > most
    {
        row.fault(registry::AGE_LIMITS, c::MIN_AGE, "the lowest age is above the highest");
    }
    state
}

impl Relabel for Family {
    fn relabel(&mut self, to: &[Label]) {
        self.state.relabel(to);
    }
}

/// A row of `families.csv`.
pub(super) fn family(row: &mut Row) -> Option<Family> {
    let id = row.id(families::FAMILY_ID);
    let state = family_state(row);
    Some(Family { id: id?.into(), state })
}

impl Relabel for FamilyPeriod {
    fn relabel(&mut self, to: &[Label]) {
        self.changed.relabel(to);
    }
}

/// A row of `family_periods.csv`.
pub(super) fn family_period(row: &mut Row, families: &Ids) -> Option<FamilyPeriod> {
    use family_periods as c;
    let family = row.reference(c::FAMILY_ID, families);
    let changed = family_state(row);
    let from = row.date(c::FROM);
    let to = row.date(c::TO);
    let recorded = row.date(c::RECORDED);
    if let (Some(from), Some(to)) = (from, to)
        && to < from
    {
        row.fault(registry::END_BEFORE_START, c::TO, "the period ends before it begins");
    }
    Some(FamilyPeriod { family: FamilyIx(family?), from: from?, to, changed, recorded })
}

/// The id of a row of `areas.csv` is a word, shared with other files.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AreaRow {
    pub id: Box<str>,
    pub area: Area,
}

impl Relabel for AreaRow {
    fn relabel(&mut self, to: &[Label]) {
        self.area.area = to[self.area.area.at()];
    }
}

/// A row of `areas.csv`.
pub(super) fn area(row: &mut Row) -> Option<AreaRow> {
    use areas as c;
    let id = row.id(c::AREA);
    let lat = row.number(c::LAT);
    let lon = row.number(c::LON);
    let id = id?;
    let area = Area { area: row.sink.labels.intern(id), lat: lat?, lon: lon? };
    Some(AreaRow { id: id.into(), area })
}
