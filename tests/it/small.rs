//! Small histories for tests: a builder, and a generator of random messy ones.

use pleegzorg::history::{
    Area, Assessment, Birth, CareForm, Child, ChildIx, Day, EndReason, Event, EventKind, Family,
    FamilyIx, FamilyKind, FamilyPeriod, FamilyState, FamilyStatus, History, Index, Label, Legal,
    Perspective, Request, RequestIx, Setting, Sex, Stay, StayIx, Subject, Window,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

/// A day from ISO text.
pub fn day(text: &str) -> Day {
    Day::parse_iso(text).unwrap()
}

/// A history under construction. Window: 2015-01-01 to 2024-12-31.
pub struct Small {
    pub h: History,
}

impl Small {
    pub fn new() -> Self {
        let window = Window {
            start: day("2015-01-01"),
            end: day("2024-12-31"),
            extraction: day("2025-01-31"),
        };
        Self { h: History::empty(window) }
    }

    pub fn child(&mut self, birth: &str) -> ChildIx {
        let ix = ChildIx(self.h.children.len() as u32);
        self.h.children.push(Child {
            id: format!("c{}", ix.0).into(),
            birth: Birth { day: day(birth), month_only: false },
            sex: None,
            sibling_group: None,
            origin_municipality: None,
            home_area: None,
            school_area: None,
            needs: Vec::new(),
            first_out_of_home: None,
            moves_before: None,
            breakdowns_before: None,
        });
        ix
    }

    pub fn child_mut(&mut self, child: ChildIx) -> &mut Child {
        &mut self.h.children[child.at()]
    }

    pub fn family(&mut self) -> FamilyIx {
        let ix = FamilyIx(self.h.families.len() as u32);
        let state = FamilyState::default();
        self.h.families.push(Family { id: format!("f{}", ix.0).into(), state });
        ix
    }

    pub fn family_mut(&mut self, family: FamilyIx) -> &mut FamilyState {
        &mut self.h.families[family.at()].state
    }

    pub fn word(&mut self, word: &str) -> Label {
        self.h.labels.intern(word)
    }

    /// A stay; an empty `end` is none.
    pub fn stay(
        &mut self,
        child: ChildIx,
        setting: Setting,
        family: Option<FamilyIx>,
        start: &str,
        end: &str,
        reason: Option<EndReason>,
    ) -> StayIx {
        let ix = StayIx(self.h.stays.len() as u32);
        self.h.stays.push(Stay {
            id: format!("s{}", ix.0).into(),
            child,
            setting,
            family,
            family_kind: None,
            provider: None,
            start: day(start),
            end: Day::parse_iso(end),
            end_reason: reason,
            end_planned: None,
            end_wanted: None,
            perspective: None,
            care_form: None,
            legal: None,
            siblings_together: None,
            region: None,
            recorded: None,
        });
        ix
    }

    /// A foster stay.
    pub fn foster(
        &mut self,
        child: ChildIx,
        family: FamilyIx,
        start: &str,
        end: &str,
        reason: Option<EndReason>,
    ) -> StayIx {
        self.stay(child, Setting::Foster, Some(family), start, end, reason)
    }

    pub fn stay_mut(&mut self, stay: StayIx) -> &mut Stay {
        &mut self.h.stays[stay.at()]
    }

    pub fn event(&mut self, child: ChildIx, kind: EventKind, date: &str) -> &mut Event {
        self.h.events.push(Event {
            child,
            stay: None,
            date: day(date),
            kind,
            role: None,
            from: None,
            to: None,
            warm_handover: None,
            recorded: None,
        });
        self.h.events.last_mut().unwrap()
    }

    pub fn score(&mut self, subject: Subject, scale: &str, date: &str, score: f64) {
        let scale = self.word(scale);
        self.h.assessments.push(Assessment {
            subject,
            date: day(date),
            scale,
            score: Some(score),
            rater: None,
            recorded: None,
        });
    }

    pub fn index(&self) -> Index {
        Index::new(&self.h)
    }
}

/// Draws from a small seed.
struct Draw {
    rng: ChaCha12Rng,
}

impl Draw {
    fn chance(&mut self, p: f64) -> bool {
        self.rng.random_bool(p)
    }

    fn below(&mut self, n: usize) -> usize {
        self.rng.random_range(0..n.max(1))
    }

    fn day(&mut self, from: Day, days: i32) -> Day {
        from.plus_days(self.rng.random_range(0..days.max(1)))
    }

    fn one<T: Copy>(&mut self, list: &[T]) -> Option<T> {
        let k = self.below(list.len() + 1);
        list.get(k).copied()
    }

    fn yes_no(&mut self) -> Option<bool> {
        self.one(&[true, false])
    }

    /// When something of this day was recorded: mostly at once, sometimes before or after.
    fn recorded(&mut self, date: Day) -> Option<Day> {
        match self.below(6) {
            0 => Some(self.day(date, 400)),
            1 => Some(date.plus_days(-(self.below(60) as i32))),
            _ => None,
        }
    }
}

const SCALES: [&str; 5] = [
    "behaviour_demand",
    "parenting_capacity",
    "alliance_birth_foster",
    "other_children_wellbeing",
    "sdq_total",
];

/// A random history of some children and families: messy, with late and early registration,
/// absences, split registrations, part-time stays, and at times overlaps.
pub fn random(seed: u64) -> History {
    let mut d = Draw { rng: ChaCha12Rng::seed_from_u64(seed) };
    let mut s = Small::new();
    let words: Vec<Label> = [
        "north",
        "south",
        "autism",
        "pleegzorgbegeleider",
        "gezinsvoogd",
        "return_home",
        "long_term",
        "ots",
        "voluntary",
        "full_time",
        "crisis",
        "together",
        "apart",
        "p1",
        "p2",
    ]
    .iter()
    .map(|w| s.word(w))
    .collect();
    for scale in SCALES {
        s.word(scale);
    }
    for (area, lat) in [(words[0], 52.1), (words[1], 51.4)] {
        s.h.areas.push(Area { area, lat, lon: 5.5 });
    }
    let families = 1 + d.below(4);
    for _ in 0..families {
        let family = s.family();
        s.h.families[family.at()].state = state(&mut d, &words);
        for _ in 0..d.below(3) {
            let from = d.day(day("2014-01-01"), 3600);
            let to = d.chance(0.5).then(|| d.day(from, 900));
            let changed = state(&mut d, &words);
            let recorded = d.recorded(from);
            s.h.family_periods.push(FamilyPeriod { family, from, to, changed, recorded });
        }
    }
    for _ in 0..1 + d.below(5) {
        random_child(&mut d, &mut s, &words, families);
    }
    s.h
}

fn state(d: &mut Draw, words: &[Label]) -> FamilyState {
    let births = |d: &mut Draw| {
        let n = d.below(3);
        (0..n).map(|_| Birth { day: d.day(day("2003-01-01"), 7000), month_only: true }).collect()
    };
    FamilyState {
        provider: d.one(&words[13..15]),
        kind: d.one(FamilyKind::ALL),
        area: d.one(&words[..2]),
        places: d.chance(0.5).then_some(3),
        min_age: d.chance(0.3).then_some(2.0),
        max_age: d.chance(0.3).then_some(12.0),
        care_forms: d.one(CareForm::ALL).into_iter().collect(),
        perspectives: d.one(Perspective::ALL).into_iter().collect(),
        accepts_needs: d.one(&words[..3]).into_iter().collect(),
        refuses_needs: d.one(&words[..3]).into_iter().collect(),
        own_children: d.chance(0.5).then(|| births(d)),
        experience_since: d.chance(0.5).then(|| d.day(day("2005-01-01"), 6000)),
        status: d.one(FamilyStatus::ALL),
        status_date: d.chance(0.5).then(|| d.day(day("2014-01-01"), 4000)),
        stop_reason: None,
    }
}

fn random_child(d: &mut Draw, s: &mut Small, words: &[Label], families: usize) {
    let child = s.child("2008-05-04");
    let born = d.day(day("2003-01-01"), 5000);
    let first_out = d.chance(0.4).then(|| d.day(born, 5000));
    *s.child_mut(child) = Child {
        id: s.h.children[child.at()].id.clone(),
        birth: Birth { day: born, month_only: d.chance(0.3) },
        sex: d.one(Sex::ALL),
        sibling_group: d.one(&words[..2]),
        origin_municipality: None,
        home_area: d.one(&words[..2]),
        school_area: d.one(&words[..2]),
        needs: d.one(&words[..3]).into_iter().collect(),
        first_out_of_home: first_out,
        moves_before: d.chance(0.4).then(|| d.below(3) as u32),
        breakdowns_before: d.chance(0.4).then(|| d.below(2) as u32),
    };
    let mut at = d.day(day("2013-06-01"), 3000);
    let mut family = FamilyIx(d.below(families) as u32);
    for _ in 0..1 + d.below(7) {
        let lasted = if d.chance(0.15) { 0 } else { d.below(700) as i32 };
        let setting = match d.below(10) {
            0..=4 => Setting::Foster,
            _ => d.one(Setting::ALL).unwrap_or(Setting::Foster),
        };
        if d.chance(0.5) {
            family = FamilyIx(d.below(families) as u32);
        }
        let named = matches!(setting, Setting::Foster | Setting::FamilyHome) && d.chance(0.85);
        let ix = s.stay(child, setting, named.then_some(family), "2020-01-01", "", None);
        let ended = d.chance(0.9);
        let recorded = d.recorded(at);
        let row = Stay {
            id: s.h.stays[ix.at()].id.clone(),
            child,
            setting,
            family: named.then_some(family),
            family_kind: d.one(FamilyKind::ALL),
            provider: d.one(&words[13..15]),
            start: at,
            end: ended.then(|| at.plus_days(lasted)),
            end_reason: ended.then(|| d.one(EndReason::ALL)).flatten(),
            end_planned: if ended { d.yes_no().filter(|_| d.chance(0.5)) } else { None },
            end_wanted: if ended { d.yes_no().filter(|_| d.chance(0.5)) } else { None },
            perspective: d.one(Perspective::ALL),
            care_form: d.one(CareForm::ALL),
            legal: d.one(Legal::ALL),
            siblings_together: d.yes_no(),
            region: d.one(&words[..2]),
            recorded,
        };
        *s.stay_mut(ix) = row;
        for _ in 0..d.below(3) {
            let subject = match d.below(4) {
                0 => Subject::Child(child),
                1 => Subject::Family(family),
                2 => Subject::Stay(ix),
                _ => Subject::Pair(child, family),
            };
            let date = d.day(at.plus_days(-100), 600);
            let scale = s.word(SCALES[d.below(SCALES.len())]);
            let score = d.chance(0.9).then(|| d.below(11) as f64);
            let recorded = d.recorded(date);
            let row = Assessment { subject, date, scale, score, rater: None, recorded };
            s.h.assessments.push(row);
        }
        // Mostly the next stay follows at once; sometimes after a gap, rarely before the end.
        at = match d.below(10) {
            0..=5 => at.plus_days(lasted),
            6..=8 => at.plus_days(lasted + d.below(60) as i32),
            _ => at.plus_days(lasted / 2 + 1),
        };
    }
    for _ in 0..d.below(8) {
        let date = d.day(day("2013-01-01"), 4500);
        let event = Event {
            child,
            stay: None,
            date,
            kind: EventKind::ALL[d.below(EventKind::ALL.len())],
            role: d.one(&words[3..5]),
            from: None,
            to: d.one(&words[5..13]),
            warm_handover: d.yes_no(),
            recorded: d.recorded(date),
        };
        s.h.events.push(event);
    }
    for _ in 0..d.below(3) {
        let received = d.day(day("2014-01-01"), 4000);
        let request = Request {
            id: format!("r{}", s.h.requests.len()).into(),
            child,
            received: d.chance(0.9).then_some(received),
            needed_from: d.day(received, 90),
            group: None,
            keep_siblings: None,
            care_form: None,
            perspective: None,
            urgency: d.one(&[1, 2, 3]),
            max_distance_km: None,
            contact_areas: Vec::new(),
            avoid_areas: Vec::new(),
            secret_address: None,
            closed: d.chance(0.5).then(|| d.day(received, 300)),
            outcome: None,
            placed_stay: None,
            recorded: d.recorded(received),
        };
        s.h.requests.push(request);
    }
}

/// The history without every record that was known only after `date`: what is left is all that
/// a person could have looked up on that day. The stays `keep` are the questions themselves and
/// stay, without their ends. Also gives the new place of each stay that is left.
pub fn known_on(h: &History, date: Day, keep: &[StayIx]) -> (History, Vec<Option<StayIx>>) {
    let mut cut = h.clone();
    let mut place = vec![None; h.stays.len()];
    cut.stays.clear();
    for (k, stay) in h.stays.iter().enumerate() {
        if stay.known_from() > date && !keep.contains(&StayIx(k as u32)) {
            continue;
        }
        place[k] = Some(StayIx(cut.stays.len() as u32));
        let mut stay = stay.clone();
        if stay.end_known_at(date).is_none() {
            stay.end = None;
            stay.end_reason = None;
            stay.end_planned = None;
            stay.end_wanted = None;
        }
        cut.stays.push(stay);
    }
    cut.events.retain(|e| e.known_from() <= date);
    for e in &mut cut.events {
        e.stay = e.stay.and_then(|s| place[s.at()]);
    }
    cut.assessments.retain_mut(|a| {
        if let Subject::Stay(stay) = a.subject {
            let Some(new) = place[stay.at()] else { return false };
            a.subject = Subject::Stay(new);
        }
        a.known_from() <= date
    });
    cut.family_periods.retain(|p| p.recorded.unwrap_or(p.from) <= date);
    for p in &mut cut.family_periods {
        p.to = p.to.filter(|&to| to <= date);
        later_state(&mut p.changed, date);
    }
    for f in &mut cut.families {
        later_state(&mut f.state, date);
    }
    for c in &mut cut.children {
        c.first_out_of_home = c.first_out_of_home.filter(|&d| d <= date);
    }
    let known = |r: &Request| r.recorded.or(r.received).unwrap_or(r.needed_from) <= date;
    let mut next = 0;
    let kept: Vec<Option<RequestIx>> = (cut.requests.iter())
        .map(|r| {
            next += u32::from(known(r));
            known(r).then(|| RequestIx(next - 1))
        })
        .collect();
    cut.requests.retain(known);
    for r in &mut cut.requests {
        if r.closed.is_none_or(|c| c > date) {
            (r.closed, r.outcome, r.placed_stay) = (None, None, None);
        }
        r.placed_stay = r.placed_stay.and_then(|s| place[s.at()]);
    }
    cut.offers
        .retain(|o| o.recorded.unwrap_or(o.offered) <= date && kept[o.request.at()].is_some());
    for o in &mut cut.offers {
        o.request = kept[o.request.at()].unwrap_or(o.request);
        if o.answered.is_some_and(|d| d > date) {
            (o.answered, o.answer, o.reason) = (None, None, None);
        }
    }
    (cut, place)
}

fn later_state(state: &mut FamilyState, date: Day) {
    if state.status_date.is_some_and(|d| d > date) {
        (state.status, state.status_date, state.stop_reason) = (None, None, None);
    }
    state.experience_since = state.experience_since.filter(|&d| d <= date);
    if let Some(own) = &mut state.own_children {
        own.retain(|b| b.day <= date);
    }
}
