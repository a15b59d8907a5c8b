//! The world as it is known on one day: each family's state, who lives there, open requests.

use rayon::prelude::*;

use super::state::{StateOn, family_state};
use crate::history::{
    CareForm, ChildIx, Day, FamilyIx, History, Index, Label, RequestIx, Stay, StayIx, StaySpan,
};

/// A child that lives in a family on the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resident {
    /// The child.
    pub child: ChildIx,
    /// Its running stay.
    pub stay: StayIx,
    /// Whether it stays there part-time.
    pub part_time: bool,
}

/// A family on the day.
#[derive(Debug, Clone)]
pub struct FamilyNow<'a> {
    /// Its state, with the changes of its running periods.
    pub state: StateOn<'a>,
    /// The children who live there, each once.
    pub residents: Vec<Resident>,
    /// The last day on which a stay there ended unplanned.
    pub last_unplanned_end: Option<Day>,
    /// Whether any stay there is known, running or past.
    pub known_stays: bool,
}

/// The world on one day. Reads nothing that became known later.
#[derive(Debug)]
pub struct Situation<'a> {
    /// The records.
    pub history: &'a History,
    /// Their index.
    pub index: &'a Index,
    /// The day.
    pub as_of: Day,
    /// Families, by [`FamilyIx`].
    pub families: Vec<FamilyNow<'a>>,
    /// Open requests, by their position in the file.
    pub requests: Vec<RequestIx>,
    /// Where areas lie, by [`Label`].
    places: Vec<Option<Place>>,
}

/// Where an area lies.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// The latitude in radians, and its cosine.
    lat: f64,
    cos_lat: f64,
    /// The longitude in degrees.
    lon: f64,
}

impl<'a> Situation<'a> {
    /// The world on `as_of`.
    #[must_use]
    pub fn new(history: &'a History, index: &'a Index, as_of: Day) -> Self {
        let families = || {
            (0..history.families.len())
                .into_par_iter()
                .with_min_len(512)
                .map(|f| family_now(history, index, FamilyIx(f as u32), as_of))
                .collect()
        };
        let others = || {
            let open = |r: &RequestIx| is_open(history, *r, as_of);
            let requests: Vec<_> =
                (0..history.requests.len() as u32).map(RequestIx).filter(open).collect();
            (requests, places(history))
        };
        let (families, (requests, places)) = rayon::join(families, others);
        Self { history, index, as_of, families, requests, places }
    }

    /// The same day with one family only, which need not be in the records.
    pub(super) fn with_only(&self, family: FamilyNow<'a>) -> Self {
        Self {
            history: self.history,
            index: self.index,
            as_of: self.as_of,
            families: vec![family],
            requests: self.requests.clone(),
            places: self.places.clone(),
        }
    }

    /// Kilometres between two areas; `None` where one is unknown. An area is 0 km from itself.
    #[must_use]
    pub fn km(&self, a: Option<Label>, b: Option<Label>) -> Option<f64> {
        let (a, b) = (a?, b?);
        if a == b {
            return Some(0.0);
        }
        let place = |label: Label| *self.places.get(label.0 as usize)?;
        Some(great_circle_km(place(a)?, place(b)?))
    }

    /// A family on the day.
    #[must_use]
    pub fn family(&self, family: FamilyIx) -> &FamilyNow<'a> {
        &self.families[family.at()]
    }

    /// The family in which a child lives on the day, part-time stays aside.
    #[must_use]
    pub fn home_of(&self, child: ChildIx) -> Option<FamilyIx> {
        self.index
            .stays_of_child(child)
            .iter()
            .map(|&row| &self.history.stays[row as usize])
            .filter(|s| is_running(s, self.as_of) && s.care_form != Some(CareForm::PartTime))
            .find_map(|s| s.family)
    }
}

/// Whether a stay runs on a day, as far as known on that day. The day of its end no longer counts.
#[must_use]
pub fn is_running(stay: &Stay, day: Day) -> bool {
    stay.start <= day && stay.known_from() <= day && stay.end_known_at(day).is_none()
}

pub(super) fn family_now<'a>(
    h: &'a History,
    index: &Index,
    family: FamilyIx,
    day: Day,
) -> FamilyNow<'a> {
    let mut residents: Vec<Resident> = Vec::new();
    let (mut last_unplanned_end, mut known_stays) = (None, false);
    for span in index.spans_of_family(family) {
        if span.start > day {
            break;
        }
        if span.known_from > day {
            continue;
        }
        known_stays = true;
        if let Some(end) = span.end.filter(|&end| end <= day) {
            if span.ended_unplanned {
                last_unplanned_end = last_unplanned_end.max(Some(end));
            }
            continue;
        }
        let &StaySpan { child, stay, part_time, .. } = span;
        match residents.iter_mut().find(|r| r.child == child) {
            Some(known) => known.part_time &= part_time,
            None => residents.push(Resident { child, stay, part_time }),
        }
    }
    let state = family_state(h, index, family, day);
    FamilyNow { state, residents, last_unplanned_end, known_stays }
}

/// Whether a request is known and open on a day: received, not closed, and not yet followed by
/// the stay that answered it.
fn is_open(h: &History, request: RequestIx, day: Day) -> bool {
    let r = &h.requests[request.at()];
    let known = r.recorded.or(r.received).is_none_or(|d| d <= day);
    let received = r.received.is_none_or(|d| d <= day);
    let placed = r.placed_stay.is_some_and(|s| {
        let stay = h.stay(s);
        stay.start <= day && stay.known_from() <= day
    });
    known && received && r.closed.is_none_or(|d| d > day) && !placed
}

/// Where the areas of a history lie.
fn places(history: &History) -> Vec<Option<Place>> {
    let last = history.areas.iter().map(|a| a.area.0 as usize + 1).max();
    let mut places = vec![None; last.unwrap_or(0)];
    for area in &history.areas {
        places[area.area.0 as usize] = Some(Place::new(area.lat, area.lon));
    }
    places
}

impl Place {
    /// From degrees of latitude and longitude.
    fn new(lat: f64, lon: f64) -> Self {
        let lat = lat.to_radians();
        Self { lat, cos_lat: lat.cos(), lon }
    }
}

/// Great-circle distance in km (haversine; mean Earth radius 6371.0088 km).
fn great_circle_km(a: Place, b: Place) -> f64 {
    let half_lat = ((b.lat - a.lat) / 2.0).sin();
    let half_lon = ((b.lon - a.lon).to_radians() / 2.0).sin();
    let h = half_lat * half_lat + a.cos_lat * b.cos_lat * half_lon * half_lon;
    2.0 * 6371.0088 * h.clamp(0.0, 1.0).sqrt().asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn km(a: (f64, f64), b: (f64, f64)) -> f64 {
        great_circle_km(Place::new(a.0, a.1), Place::new(b.0, b.1))
    }

    #[test]
    fn a_degree_of_latitude_is_a_ninetieth_of_a_quarter_meridian() {
        let quarter = std::f64::consts::FRAC_PI_2 * 6371.0088;
        assert!((km((52.0, 5.0), (53.0, 5.0)) - quarter / 90.0).abs() < 1e-9);
        assert!((km((0.0, 0.0), (0.0, 180.0)) - 2.0 * quarter).abs() < 1e-9);
        assert!(km((52.1, 5.1), (52.1, 5.1)).abs() < 1e-12);
    }
}
