//! All that the features of one row are made of. Groups of facts are filled only where a feature
//! that was asked for reads them.

use crate::history::{
    CareForm, Child, Day, EventKind, Groups, History, Index, Label, Legal, Perspective, Request,
    Setting,
};
use crate::outcome::{Definition, Known, PlacementBuilder};

use super::AsOf;
use super::family_state::FamilyOn;
use super::ledger::Ledger;
use super::past::{Past, is_out};
use super::scores::Latest;

/// Which groups of facts a feature reads.
pub(super) mod needs {
    /// The placements before.
    pub const PAST: u8 = 1;
    /// The events.
    pub const EVENTS: u8 = 2;
    /// The family's own state.
    pub const FAMILY: u8 = 4;
    /// Who else lived in the family.
    pub const LEDGER: u8 = 8;
    /// Where the siblings were.
    pub const SIBLINGS: u8 = 16;
    /// The request.
    pub const REQUEST: u8 = 32;
    /// Scores of the stay and of the pair.
    pub const ALLIANCE: u8 = 64;
}

/// What is looked up once for all rows.
pub(super) struct Context<'a> {
    pub h: &'a History,
    pub ix: &'a Index,
    pub d: &'a Definition,
    pub needs: u8,
    pub behaviour_demand: Option<Label>,
    pub parenting_capacity: Option<Label>,
    pub alliance: Option<Label>,
    pub wellbeing: Option<Label>,
    pub sdq_total: Option<Label>,
    /// Latitude and longitude in radians, by label.
    areas: Vec<Option<(f64, f64)>>,
    ledger: Option<Ledger>,
    siblings: Option<Groups>,
    requests: Option<Groups>,
}

impl<'a> Context<'a> {
    pub(super) fn new(h: &'a History, ix: &'a Index, d: &'a Definition, needs: u8) -> Self {
        let mut areas = vec![None; h.labels.len()];
        for a in &h.areas {
            if a.lat.is_finite() && a.lon.is_finite() {
                areas[a.area.at()] = Some((a.lat.to_radians(), a.lon.to_radians()));
            }
        }
        let with = |bit: u8| needs & bit != 0;
        let scale = |name| h.labels.find(name);
        Self {
            h,
            ix,
            d,
            needs,
            behaviour_demand: scale("behaviour_demand"),
            parenting_capacity: scale("parenting_capacity"),
            alliance: scale("alliance_birth_foster"),
            wellbeing: scale("other_children_wellbeing"),
            sdq_total: scale("sdq_total"),
            areas,
            ledger: with(needs::LEDGER).then(|| Ledger::new(h, ix, d)),
            siblings: with(needs::SIBLINGS).then(|| {
                Groups::new(h.labels.len(), h.children.len(), |c| {
                    h.children[c].sibling_group.map(|g| g.0)
                })
            }),
            requests: with(needs::REQUEST).then(|| {
                Groups::new(h.children.len(), h.requests.len(), |r| Some(h.requests[r].child.0))
            }),
        }
    }

    /// Kilometres between two areas over the earth's surface; NaN where one is unknown.
    pub(super) fn km(&self, a: Option<Label>, b: Option<Label>) -> f64 {
        let place = |area: Option<Label>| area.and_then(|l| self.areas[l.at()]);
        match (a, b, place(a), place(b)) {
            (Some(a), Some(b), ..) if a == b => 0.0,
            (_, _, Some(a), Some(b)) => great_circle_km(a, b),
            _ => f64::NAN,
        }
    }
}

/// The great-circle distance (haversine) of two points in radians, on a sphere of the earth's
/// mean radius.
fn great_circle_km((lat_a, lon_a): (f64, f64), (lat_b, lon_b): (f64, f64)) -> f64 {
    const EARTH_RADIUS_KM: f64 = 6371.0088;
    let lat = ((lat_b - lat_a) / 2.0).sin();
    let lon = ((lon_b - lon_a) / 2.0).sin();
    let h = lat * lat + lat_a.cos() * lat_b.cos() * lon * lon;
    2.0 * EARTH_RADIUS_KM * h.clamp(0.0, 1.0).sqrt().asin()
}

/// Counts of the child's events, and the latest of what they change.
#[derive(Debug, Clone, Default)]
pub(super) struct Events {
    pub helpers_12m: u32,
    pub helpers_12m_warm: u32,
    pub helpers_12m_not_warm: u32,
    pub schools: u32,
    pub schools_12m: u32,
    pub courses_12m: u32,
    pub decided: bool,
    pub legal: Option<Legal>,
    pub perspective: Option<Perspective>,
    pub care_form: Option<CareForm>,
    pub siblings_together: Option<bool>,
}

/// Where the child's siblings were.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Siblings {
    pub same_family: u32,
    pub elsewhere: u32,
}

/// The facts behind one row.
pub(super) struct Facts<'a> {
    pub cx: &'a Context<'a>,
    pub at: AsOf,
    pub child: &'a Child,
    pub past: Past,
    pub events: Events,
    pub family: Option<FamilyOn<'a>>,
    pub siblings: Siblings,
    pub request: Option<&'a Request>,
    pub alliance_now: f64,
    pub alliance_at_start: f64,
    builder: PlacementBuilder,
}

impl<'a> Facts<'a> {
    /// The facts of a first row; [`Facts::turn_to`] goes on to the next.
    pub(super) fn new(cx: &'a Context<'a>, at: AsOf) -> Self {
        Self {
            cx,
            at,
            child: cx.h.child(at.child),
            past: Past::default(),
            events: Events::default(),
            family: None,
            siblings: Siblings::default(),
            request: None,
            alliance_now: f64::NAN,
            alliance_at_start: f64::NAN,
            builder: PlacementBuilder::default(),
        }
    }

    /// Fills the facts of another row.
    pub(super) fn turn_to(&mut self, at: AsOf) {
        let cx = self.cx;
        let with = |bit: u8| cx.needs & bit != 0;
        self.at = at;
        self.child = cx.h.child(at.child);
        if with(needs::PAST | needs::EVENTS | needs::ALLIANCE | needs::LEDGER | needs::REQUEST) {
            self.past.fill(cx, &at, &mut self.builder);
        }
        if with(needs::EVENTS) {
            self.events = self.read_events();
        }
        if with(needs::FAMILY) {
            self.family = at.family.map(|f| FamilyOn::new(cx.h, cx.ix, f, at.date));
        }
        if with(needs::SIBLINGS) {
            self.siblings = self.read_siblings();
        }
        if with(needs::REQUEST) {
            self.request = self.find_request();
        }
        if with(needs::ALLIANCE) {
            let scale = cx.alliance;
            self.alliance_now = self.relation_score(scale, at.date);
            self.alliance_at_start = self.relation_score(scale, at.date.min(at.start));
        }
    }

    fn read_events(&self) -> Events {
        let (cx, at, h) = (self.cx, &self.at, self.cx.h);
        // A running stay's own columns say how it was at its start; for a pair, those of the
        // stay in which the child lives now are the last that is known.
        let base = match at.stay {
            Some(_) => None,
            None => self.past.latest_stay.map(|s| h.stay(s)).filter(|s| s.legal.is_some()),
        };
        let mut e = Events {
            legal: at.legal.or(base.and_then(|s| s.legal)),
            perspective: at.perspective,
            care_form: at.care_form,
            siblings_together: at.siblings_together,
            ..Events::default()
        };
        let from =
            if at.legal.is_some() { at.start } else { base.map_or(Day(i32::MIN), |s| s.start) };
        for &row in cx.ix.events_of_child(at.child) {
            let event = &h.events[row as usize];
            if event.date > at.date {
                break;
            }
            if event.known_from() > at.date {
                continue;
            }
            let in_12_months = at.date.since(event.date) <= 365;
            let since_start = event.date > at.start;
            let to = event.to.map(|to| h.labels.word(to));
            match event.kind {
                EventKind::HelperChange if in_12_months => {
                    e.helpers_12m += 1;
                    e.helpers_12m_warm += u32::from(event.warm_handover == Some(true));
                    e.helpers_12m_not_warm += u32::from(event.warm_handover == Some(false));
                }
                EventKind::SchoolChange => {
                    e.schools += 1;
                    e.schools_12m += u32::from(in_12_months);
                }
                EventKind::CourseChange => e.courses_12m += u32::from(in_12_months),
                EventKind::PerspectiveDecision | EventKind::PerspectiveChange => {
                    e.decided |= event.kind == EventKind::PerspectiveDecision;
                    if since_start || at.perspective.is_none() {
                        e.perspective = to.and_then(Perspective::parse).or(e.perspective);
                    }
                }
                EventKind::LegalChange if event.date > from => {
                    e.legal = to.and_then(Legal::parse).or(e.legal);
                }
                EventKind::CareFormChange if since_start => {
                    e.care_form = to.and_then(CareForm::parse).or(e.care_form);
                }
                EventKind::SiblingsChange if since_start => {
                    e.siblings_together = to.and_then(together).or(e.siblings_together);
                }
                _ => {}
            }
        }
        e
    }

    /// Helper changes in the last 12 months in one role.
    pub(super) fn helpers_in_role(&self, role: Option<Label>) -> u32 {
        let (h, date) = (self.cx.h, self.at.date);
        let rows = self.cx.ix.events_of_child(self.at.child).iter();
        rows.map(|&row| &h.events[row as usize])
            .filter(|e| {
                e.kind == EventKind::HelperChange
                    && e.role == role
                    && role.is_some()
                    && e.date <= date
                    && e.known_from() <= date
                    && date.since(e.date) <= 365
            })
            .count() as u32
    }

    /// A group of more than so many siblings is a code for something else.
    const MOST_SIBLINGS: usize = 50;

    fn read_siblings(&self) -> Siblings {
        let (cx, at) = (self.cx, &self.at);
        let (Some(groups), Some(group)) = (&cx.siblings, self.child.sibling_group) else {
            return Siblings::default();
        };
        let members = groups.of(group.0);
        let mut found = Siblings::default();
        if members.len() > Self::MOST_SIBLINGS {
            return found;
        }
        let known = Known::on(at.date);
        for &member in members.iter().filter(|&&m| m != at.child.0) {
            let stays = cx.ix.stays_of_child(crate::history::ChildIx(member)).iter();
            let running = stays.map(|&row| &cx.h.stays[row as usize]).filter(|s| {
                known.has(s)
                    && known.end(s).is_none()
                    && s.care_form != Some(CareForm::PartTime)
                    && is_out(s.setting)
            });
            let (mut here, mut elsewhere) = (false, false);
            for stay in running {
                let same = at.family.is_some() && stay.family == at.family;
                here |= same;
                elsewhere |= !same;
            }
            found.same_family += u32::from(here);
            found.elsewhere += u32::from(elsewhere && !here);
        }
        found
    }

    /// The latest request that was known, and received since the placement before began.
    fn find_request(&self) -> Option<&'a Request> {
        let (cx, at) = (self.cx, &self.at);
        let rows = cx.requests.as_ref()?.of(at.child.0).iter();
        let since = self.past.last_start;
        rows.map(|&row| &cx.h.requests[row as usize])
            .filter(|r| {
                r.received.is_some_and(|day| {
                    day <= at.start
                        && day <= at.date
                        && r.recorded.unwrap_or(day) <= at.date
                        && since.is_none_or(|s| day >= s)
                })
            })
            .max_by_key(|r| (r.received, r.needed_from, r.urgency))
    }

    /// The latest score of a scale about the child and this family: of the placement's own stays,
    /// or of the pair in the introduction phase.
    pub(super) fn relation_score(&self, scale: Option<Label>, day: Day) -> f64 {
        let Some(scale) = scale else { return f64::NAN };
        let (cx, at) = (self.cx, &self.at);
        let mut latest = Latest::default();
        for &stay in &self.past.own_stays {
            let rows = cx.ix.assessments_of_stay(crate::history::StayIx(stay));
            latest.read(cx.h, rows, scale, day, |_| true);
        }
        if let Some(family) = at.family {
            let rows = cx.ix.pair_assessments_of_child(at.child);
            latest.read(cx.h, rows, scale, day, |a| {
                a.subject == crate::history::Subject::Pair(at.child, family)
            });
        }
        latest.value()
    }

    /// The child's latest score of a scale.
    pub(super) fn child_score(&self, scale: Option<Label>) -> f64 {
        let rows = self.cx.ix.assessments_of_child(self.at.child);
        self.score(rows, scale)
    }

    /// The family's latest score of a scale.
    pub(super) fn family_score(&self, scale: Option<Label>) -> f64 {
        let rows = self.at.family.map(|f| self.cx.ix.assessments_of_family(f));
        self.score(rows.unwrap_or_default(), scale)
    }

    fn score(&self, rows: &[u32], scale: Option<Label>) -> f64 {
        let Some(scale) = scale else { return f64::NAN };
        let mut latest = Latest::default();
        latest.read(self.cx.h, rows, scale, self.at.date, |_| true);
        latest.value()
    }

    /// A count that starts at the beginning of the records, with what came `before` them; NaN
    /// where the child was in care before and nobody recorded what came before.
    pub(super) fn with_before(&self, recorded: u32, before: Option<u32>) -> f64 {
        match before {
            Some(before) => f64::from(recorded) + f64::from(before),
            None if self.past.late => f64::NAN,
            None => f64::from(recorded),
        }
    }

    /// A count that nothing says anything about before the records; NaN unless nothing was there.
    pub(super) fn if_complete(&self, recorded: u32) -> f64 {
        if self.past.complete { f64::from(recorded) } else { f64::NAN }
    }

    /// A count over the last `days`; NaN where the child was in care before the window and these
    /// days reach back before it, as what happened then was not recorded.
    pub(super) fn within(&self, days: i32, recorded: u32) -> f64 {
        let reaches_back = self.at.date.plus_days(-days) < self.cx.h.window.start;
        if self.past.late && reaches_back { f64::NAN } else { f64::from(recorded) }
    }

    /// Other foster children who lived in the family; NaN where the family is not identified.
    pub(super) fn foster_children(&self) -> f64 {
        let Some((family, ledger)) = self.at.family.zip(self.cx.ledger.as_ref()) else {
            return f64::NAN;
        };
        let all = ledger.residents(family, self.at.date);
        (all - i64::from(self.past.own_residence)).max(0) as f64
    }

    /// Earlier placements in the family, of any child; NaN where it is not identified.
    pub(super) fn hosted(&self) -> f64 {
        let Some((family, ledger)) = self.at.family.zip(self.cx.ledger.as_ref()) else {
            return f64::NAN;
        };
        (ledger.hosted(family, self.at.date) - i64::from(self.past.own_hosted)).max(0) as f64
    }

    /// Earlier breakdowns in the family, of any child; NaN where it is not identified.
    pub(super) fn family_breakdowns(&self) -> f64 {
        let Some((family, ledger)) = self.at.family.zip(self.cx.ledger.as_ref()) else {
            return f64::NAN;
        };
        let all = ledger.breakdowns(family, self.at.date);
        (all - i64::from(self.past.own_breakdown)).max(0) as f64
    }

    /// The kind of the family.
    pub(super) fn family_kind(&self) -> Option<crate::history::FamilyKind> {
        use crate::history::FamilyKind;
        self.family
            .and_then(|f| f.kind)
            .or(self.at.family_kind)
            .or_else(|| (self.at.setting == Setting::FamilyHome).then_some(FamilyKind::FamilyHome))
    }
}

/// Whether a `siblings_change` puts the siblings together; `None` where its word says neither.
fn together(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "together" | "samen" | "yes" | "ja" | "true" | "1" => Some(true),
        "apart" | "gescheiden" | "no" | "nee" | "false" | "0" => Some(false),
        _ => None,
    }
}
