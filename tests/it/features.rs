//! What was known when.

use pleegzorg::features::{AsOf, Values, compute};
use pleegzorg::history::{
    Area, Birth, CareForm, ChildIx, EndReason, EventKind, FamilyIx, FamilyKind, FamilyPeriod,
    FamilyState, Legal, Perspective, Request, Setting, StayIx, Subject,
};
use pleegzorg::outcome::{Definition, Spell, spells};

use crate::small::{Small, day};

/// The spell that begins with a stay.
fn spell(s: &Small, stay: StayIx) -> Spell {
    let all = spells(&s.h, &s.index(), &Definition::default(), None);
    all.into_iter().find(|p| p.stay == stay).unwrap()
}

/// One feature of one row.
fn one(s: &Small, at: AsOf, name: &str) -> Option<f64> {
    let frame = compute(&s.h, &s.index(), &Definition::default(), &[at], &[name]).unwrap();
    match frame.get(name).unwrap() {
        Values::Number(v) => Some(v[0]).filter(|v| !v.is_nan()),
        Values::Level { .. } => panic!("{name} has levels"),
    }
}

/// One level of one row.
fn level(s: &Small, at: AsOf, name: &str) -> Option<String> {
    let frame = compute(&s.h, &s.index(), &Definition::default(), &[at], &[name]).unwrap();
    match frame.get(name).unwrap() {
        Values::Level { codes, levels } => levels.get(codes[0] as usize).cloned(),
        Values::Number(_) => panic!("{name} is a number"),
    }
}

/// A feature at the start of a stay.
fn start(s: &Small, stay: StayIx, name: &str) -> Option<f64> {
    one(s, AsOf::start_of(&s.h, &spell(s, stay)), name)
}

/// A feature at a later day of a stay.
fn later(s: &Small, stay: StayIx, date: &str, name: &str) -> Option<f64> {
    one(s, AsOf::spell(&s.h, &spell(s, stay), day(date)), name)
}

#[test]
fn age_and_the_tenth_birthday() {
    let mut s = Small::new();
    let (c, f) = (s.child("2010-03-01"), s.family());
    let before = s.foster(c, f, "2020-02-29", "2020-02-29", None);
    let on = s.foster(c, f, "2020-03-01", "", None);
    s.stay_mut(before).end_reason = Some(EndReason::PlannedMove);
    s.h.stays[1].family = None;
    assert_eq!(start(&s, before, "age_over_10"), Some(0.0));
    assert_eq!(start(&s, on, "age_over_10"), Some(1.0));
    assert_eq!(start(&s, on, "age_over_9"), Some(1.0));
    assert_eq!(start(&s, on, "age_over_11"), Some(0.0));
    assert_eq!(start(&s, on, "age"), Some(3653.0 / 365.25));
    assert_eq!(later(&s, on, "2022-01-01", "age"), Some(3653.0 / 365.25));
    assert_eq!(start(&s, on, "start_year"), Some(2020.0));
}

/// A child with a home, a first foster family that broke down, a group, and a second family.
fn moved() -> (Small, ChildIx, StayIx) {
    let mut s = Small::new();
    let (c, f, g) = (s.child("2008-01-01"), s.family(), s.family());
    s.stay(c, Setting::Home, None, "2015-06-01", "2016-01-01", None);
    s.foster(c, f, "2016-01-01", "2017-01-01", Some(EndReason::CarerBehaviour));
    s.stay(c, Setting::Home, None, "2017-01-01", "2017-03-02", None);
    s.stay(c, Setting::Residential, None, "2017-03-02", "2018-01-01", None);
    let last = s.foster(c, g, "2018-01-01", "", None);
    (s, c, last)
}

#[test]
fn the_past_in_counts() {
    let (mut s, c, last) = moved();
    s.event(c, EventKind::SchoolChange, "2016-05-01");
    s.event(c, EventKind::SchoolChange, "2018-03-01");
    for (name, value) in [
        ("prior_stays", 2.0),
        ("prior_foster_stays", 1.0),
        ("prior_breakdowns", 1.0),
        ("breakdowns_24m", 1.0),
        ("prior_residential", 1.0),
        ("prior_secure", 0.0),
        ("prior_returns_home", 1.0),
        // Home to family, family home, home to group, group to family.
        ("carer_moves", 3.0),
        // Into three places out of home, and one other school by then.
        ("transfers", 4.0),
        ("school_changes", 1.0),
        ("months_in_care", (366.0 + 305.0) / (365.25 / 12.0)),
        ("months_since_first_out_of_home", 731.0 / (365.25 / 12.0)),
        ("age_first_out_of_home", 2922.0 / 365.25),
        ("placed_here_before", 0.0),
    ] {
        assert_eq!(start(&s, last, name), Some(value), "{name}");
    }
    let at = AsOf::start_of(&s.h, &spell(&s, last));
    assert_eq!(level(&s, at, "came_from").as_deref(), Some("residential"));
    // Later: time in this placement counts, and the second school.
    assert_eq!(later(&s, last, "2018-04-01", "transfers"), Some(5.0));
    let months = (366.0 + 305.0 + 90.0) / (365.25 / 12.0);
    assert_eq!(later(&s, last, "2018-04-01", "months_in_care"), Some(months));
    assert_eq!(later(&s, last, "2019-01-03", "breakdowns_24m"), Some(0.0));
    assert_eq!(later(&s, last, "2018-04-01", "prior_stays"), Some(2.0));
}

#[test]
fn what_came_before_the_records_is_added_or_missing_but_never_zero() {
    let (mut s, c, last) = moved();
    s.child_mut(c).first_out_of_home = Some(day("2014-01-01"));
    for name in [
        "prior_stays",
        "prior_foster_stays",
        "prior_breakdowns",
        "transfers",
        "carer_moves",
        "prior_secure",
        "school_changes",
        "prior_returns_home",
        "placed_here_before",
    ] {
        assert_eq!(start(&s, last, name), None, "{name}");
    }
    // A recorded one is certain all the same; the last two years lie in the window.
    assert_eq!(start(&s, last, "prior_residential"), Some(1.0));
    assert_eq!(start(&s, last, "breakdowns_24m"), Some(1.0));
    s.child_mut(c).moves_before = Some(2);
    s.child_mut(c).breakdowns_before = Some(1);
    assert_eq!(start(&s, last, "prior_stays"), Some(4.0));
    assert_eq!(start(&s, last, "prior_breakdowns"), Some(2.0));
    assert_eq!(start(&s, last, "transfers"), Some(5.0));
    assert_eq!(start(&s, last, "prior_secure"), None, "where the two stays were is not known");
    s.child_mut(c).moves_before = Some(0);
    assert_eq!(start(&s, last, "prior_secure"), Some(0.0));
    // Months in care count from the first day out of home.
    let months = (f64::from(731 + 730 - 60)) / (365.25 / 12.0);
    let found = start(&s, last, "months_in_care").unwrap();
    assert!((found - months).abs() < 1e-12, "{found} {months}");
}

#[test]
fn a_spell_from_before_the_window_has_no_recent_counts() {
    let mut s = Small::new();
    let (c, f) = (s.child("2008-01-01"), s.family());
    let stay = s.foster(c, f, "2014-06-01", "", None);
    s.event(c, EventKind::HelperChange, "2015-03-01");
    assert_eq!(start(&s, stay, "prior_stays"), None);
    assert_eq!(start(&s, stay, "helper_changes_12m"), None);
    assert_eq!(later(&s, stay, "2015-12-31", "helper_changes_12m"), None);
    assert_eq!(later(&s, stay, "2016-01-01", "helper_changes_12m"), Some(1.0));
}

#[test]
fn helper_changes_by_role_and_handover() {
    let (mut s, c, last) = moved();
    let (begeleider, voogd) = (s.word("pleegzorgbegeleider"), s.word("gezinsvoogd"));
    for (date, role, warm) in [
        ("2016-12-31", voogd, None),
        ("2017-01-01", voogd, Some(true)),
        ("2017-06-01", begeleider, Some(false)),
        ("2018-01-01", begeleider, None),
        ("2018-01-02", begeleider, Some(true)),
    ] {
        let e = s.event(c, EventKind::HelperChange, date);
        (e.role, e.warm_handover) = (Some(role), warm);
    }
    for (name, value) in [
        ("helper_changes_12m", 3.0),
        ("helper_changes_12m_warm", 1.0),
        ("helper_changes_12m_not_warm", 1.0),
        ("helper_changes_12m_pleegzorgbegeleider", 2.0),
        ("helper_changes_12m_gezinsvoogd", 1.0),
        ("helper_changes_12m_nobody", 0.0),
    ] {
        assert_eq!(start(&s, last, name), Some(value), "{name}");
    }
    // Written down late: not yet known at the start.
    s.h.events[2].recorded = Some(day("2018-02-01"));
    assert_eq!(start(&s, last, "helper_changes_12m"), Some(2.0));
    assert_eq!(later(&s, last, "2018-02-01", "helper_changes_12m"), Some(3.0));
}

#[test]
fn scores_are_the_latest_known_and_alliance_at_the_start_is_not_from_later() {
    let (mut s, c, last) = moved();
    let g = FamilyIx(1);
    s.score(Subject::Child(c), "behaviour_demand", "2017-05-01", 4.0);
    s.score(Subject::Child(c), "behaviour_demand", "2017-12-01", 6.0);
    s.score(Subject::Child(c), "behaviour_demand", "2017-12-01", 7.0);
    s.score(Subject::Child(c), "behaviour_demand", "2018-01-02", 9.0);
    s.score(Subject::Family(g), "parenting_capacity", "2017-01-01", 5.0);
    s.score(Subject::Pair(c, g), "alliance_birth_foster", "2017-12-20", 6.0);
    s.score(Subject::Pair(c, FamilyIx(0)), "alliance_birth_foster", "2017-12-25", 1.0);
    s.score(Subject::Stay(last), "alliance_birth_foster", "2018-03-01", 3.0);
    s.score(Subject::Family(g), "other_children_wellbeing", "2017-12-20", 7.0);
    s.score(Subject::Child(c), "sdq_total", "2017-12-20", 21.0);
    assert_eq!(start(&s, last, "behaviour_demand"), Some(6.5), "the mean of one day's scores");
    assert_eq!(start(&s, last, "capacity_gap"), Some(1.5));
    assert_eq!(start(&s, last, "alliance"), Some(6.0));
    assert_eq!(start(&s, last, "alliance_change"), None);
    assert_eq!(later(&s, last, "2018-02-28", "alliance"), Some(6.0));
    assert_eq!(later(&s, last, "2018-02-28", "alliance_change"), Some(0.0));
    assert_eq!(later(&s, last, "2018-03-01", "alliance"), Some(3.0));
    assert_eq!(later(&s, last, "2018-03-01", "alliance_change"), Some(-3.0));
    assert_eq!(start(&s, last, "other_children_wellbeing"), Some(7.0));
    assert_eq!(start(&s, last, "sdq_total"), Some(21.0));
    assert_eq!(start(&s, last, "child_score_sdq_total"), Some(21.0));
    assert_eq!(start(&s, last, "family_score_parenting_capacity"), Some(5.0));
    assert_eq!(start(&s, last, "stay_score_alliance_birth_foster"), Some(6.0));
    assert_eq!(start(&s, last, "child_score_obvl"), None);
    // The same for a pair: the stay that is to come does not exist yet.
    let pair = AsOf::pair(c, g, day("2018-01-01"), day("2017-12-22"));
    assert_eq!(one(&s, pair, "alliance"), Some(6.0));
    assert_eq!(one(&s, pair, "capacity_gap"), Some(1.5));
    assert_eq!(one(&s, AsOf::pair(c, g, day("2018-01-01"), day("2017-12-19")), "alliance"), None);
    assert_eq!(
        one(&s, AsOf::pair(c, FamilyIx(0), day("2018-01-01"), day("2017-12-31")), "alliance"),
        Some(1.0)
    );
    // A score without a family or a parent is missing, not zero.
    s.h.stays[4].family = None;
    assert_eq!(start(&s, last, "capacity_gap"), None);
}

#[test]
fn the_family_as_it_was_and_who_lived_there() {
    let mut s = Small::new();
    let (a, b, c, f, g) = (
        s.child("2010-01-01"),
        s.child("2012-01-01"),
        s.child("2013-01-01"),
        s.family(),
        s.family(),
    );
    let group = s.word("siblings");
    for child in [a, b] {
        s.child_mut(child).sibling_group = Some(group);
    }
    let old = s.foster(a, f, "2016-01-01", "2017-01-01", Some(EndReason::CarerOther));
    s.foster(b, f, "2017-06-01", "2019-01-01", Some(EndReason::PlannedMove));
    s.foster(c, f, "2018-01-01", "", None);
    s.foster(a, g, "2017-01-01", "2018-06-01", Some(EndReason::PlannedMove));
    let stay = s.foster(a, f, "2018-06-01", "", None);
    *s.family_mut(f) = FamilyState {
        kind: Some(FamilyKind::General),
        own_children: Some(
            ["2008-01-01", "2013-07-01", "2019-01-01", "1999-01-01"]
                .map(|d| Birth { day: day(d), month_only: true })
                .to_vec(),
        ),
        experience_since: Some(day("2010-06-01")),
        min_age: Some(0.0),
        max_age: Some(7.0),
        places: Some(3),
        ..FamilyState::default()
    };
    s.h.family_periods.push(FamilyPeriod {
        family: f,
        from: day("2018-01-01"),
        to: Some(day("2018-12-31")),
        changed: FamilyState { kind: Some(FamilyKind::Network), ..FamilyState::default() },
        recorded: None,
    });
    for (name, value) in [
        ("foster_children_in_home", 2.0),
        ("unrelated_foster_children", 1.0),
        ("own_children", 2.0),
        ("other_children_in_home", 4.0),
        ("own_child_close_in_age", 1.0),
        ("own_child_within_1", 0.0),
        ("own_child_under_5", 1.0),
        ("family_experience", 2922.0 / 365.25),
        ("family_stays_before", 3.0),
        ("first_foster_child", 0.0),
        ("family_breakdowns_before", 1.0),
        ("family_places", 3.0),
        ("placed_here_before", 1.0),
        ("outside_age_range", 1.0),
        ("siblings_together", 1.0),
        ("siblings_in_care", 1.0),
    ] {
        assert_eq!(start(&s, stay, name), Some(value), "{name}");
    }
    let at = |date: &str| AsOf::spell(&s.h, &spell(&s, stay), day(date));
    assert_eq!(level(&s, at("2018-06-01"), "family_kind").as_deref(), Some("network"));
    assert_eq!(level(&s, at("2019-01-01"), "family_kind").as_deref(), Some("general"));
    // The sibling has left by then, and an own child was born.
    assert_eq!(one(&s, at("2019-01-01"), "foster_children_in_home"), Some(1.0));
    assert_eq!(one(&s, at("2019-01-01"), "own_children"), Some(3.0));
    assert_eq!(one(&s, at("2019-01-01"), "siblings_together"), None);
    assert_eq!(start(&s, old, "first_foster_child"), None, "a foster family before the records");
    s.family_mut(f).experience_since = Some(day("2015-06-01"));
    assert_eq!(start(&s, old, "first_foster_child"), Some(1.0));
    assert_eq!(start(&s, old, "family_breakdowns_before"), Some(0.0));
    // As a prospective pair the same child and family give the same answers.
    let pair = AsOf::pair(a, f, day("2018-06-01"), day("2018-05-31"));
    for name in [
        "foster_children_in_home",
        "family_stays_before",
        "placed_here_before",
        "siblings_together",
        "prior_stays",
        "family_breakdowns_before",
    ] {
        assert_eq!(one(&s, pair, name), start(&s, stay, name), "{name}");
    }
}

#[test]
fn distances_need_both_places() {
    let (mut s, c, last) = moved();
    let (a, b, unknown) = (s.word("1000"), s.word("9000"), s.word("0000"));
    s.h.areas.push(Area { area: a, lat: 52.0, lon: 5.0 });
    s.h.areas.push(Area { area: b, lat: 53.0, lon: 5.0 });
    assert_eq!(start(&s, last, "distance_home"), None);
    s.child_mut(c).home_area = Some(a);
    s.family_mut(FamilyIx(1)).area = Some(b);
    let found = start(&s, last, "distance_home").unwrap();
    let degree = 6371.0088 * std::f64::consts::PI / 180.0;
    assert!((found - degree).abs() < 1e-9, "{found}: a degree of latitude");
    assert_eq!(start(&s, last, "distance_school"), None);
    s.child_mut(c).school_area = Some(b);
    assert_eq!(start(&s, last, "distance_school"), Some(0.0));
    s.child_mut(c).home_area = Some(unknown);
    assert_eq!(start(&s, last, "distance_home"), None);
}

#[test]
fn the_placement_as_it_was_at_the_start_and_as_it_changed() {
    let (mut s, c, last) = moved();
    let provider = s.word("p1");
    let row = s.stay_mut(last);
    row.perspective = Some(Perspective::ReturnHome);
    row.care_form = Some(CareForm::Crisis);
    row.legal = Some(Legal::Voluntary);
    row.siblings_together = Some(true);
    row.provider = Some(provider);
    let [long, ots, full, apart] = ["long_term", "ots", "full_time", "apart"].map(|w| s.word(w));
    for (kind, to) in [
        (EventKind::PerspectiveDecision, long),
        (EventKind::LegalChange, ots),
        (EventKind::CareFormChange, full),
        (EventKind::SiblingsChange, apart),
    ] {
        s.event(c, kind, "2018-06-01").to = Some(to);
    }
    s.event(c, EventKind::CourseChange, "2018-05-01");
    let at = |date: &str| AsOf::spell(&s.h, &spell(&s, last), day(date));
    for (name, first, second) in [
        ("perspective", "return_home", "long_term"),
        ("legal", "voluntary", "ots"),
        ("care_form", "crisis", "full_time"),
        ("provider", "p1", "p1"),
        ("setting", "foster", "foster"),
    ] {
        assert_eq!(level(&s, at("2018-05-31"), name).as_deref(), Some(first), "{name}");
        assert_eq!(level(&s, at("2018-06-01"), name).as_deref(), Some(second), "{name}");
    }
    for (name, first, second) in [
        ("crisis_start", 1.0, 1.0),
        ("court_mandated", 0.0, 1.0),
        ("siblings_together", 1.0, 0.0),
        ("perspective_decided", 0.0, 1.0),
        ("course_changes_12m", 1.0, 1.0),
    ] {
        assert_eq!(one(&s, at("2018-05-31"), name), Some(first), "{name}");
        assert_eq!(one(&s, at("2018-06-01"), name), Some(second), "{name}");
    }
    assert_eq!(start(&s, last, "months_in_placement"), None);
    assert_eq!(one(&s, at("2018-01-31"), "months_in_placement"), Some(30.0 / (365.25 / 12.0)));
    // A pair has the legal ground of the place where the child lives now.
    let pair = AsOf::pair(c, FamilyIx(0), day("2019-01-01"), day("2018-12-01"));
    assert_eq!(level(&s, pair, "legal").as_deref(), Some("ots"));
    assert_eq!(one(&s, pair, "crisis_start"), None);
    let asked = AsOf { care_form: Some(CareForm::FullTime), ..pair };
    assert_eq!(one(&s, asked, "crisis_start"), Some(0.0));
}

#[test]
fn needs_and_requests() {
    let (mut s, c, last) = moved();
    let [autism, pets, other] = ["autism", "pets", "other"].map(|w| s.word(w));
    assert_eq!(start(&s, last, "needs_count"), None);
    s.child_mut(c).needs = vec![autism, pets];
    let family = s.family_mut(FamilyIx(1));
    (family.accepts_needs, family.refuses_needs) = (vec![autism, other], vec![pets]);
    for (name, value) in [
        ("needs_count", 2.0),
        ("need_autism", 1.0),
        ("need_other", 0.0),
        ("need_nothing_like_it", 0.0),
        ("needs_not_accepted", 1.0),
        ("needs_refused", 1.0),
    ] {
        assert_eq!(start(&s, last, name), Some(value), "{name}");
    }
    let request = |received: &str, urgency| Request {
        id: "r".into(),
        child: c,
        received: Some(day(received)),
        needed_from: day(received),
        group: None,
        keep_siblings: None,
        care_form: None,
        perspective: None,
        urgency: Some(urgency),
        max_distance_km: None,
        contact_areas: Vec::new(),
        avoid_areas: Vec::new(),
        secret_address: None,
        closed: None,
        outcome: None,
        placed_stay: None,
        recorded: None,
    };
    s.h.requests =
        vec![request("2015-12-01", 3), request("2017-12-02", 2), request("2018-05-01", 1)];
    assert_eq!(start(&s, last, "days_waited"), Some(30.0));
    assert_eq!(start(&s, last, "urgency"), Some(2.0));
    // A request from before the place in between is not about this placement.
    s.h.requests.remove(1);
    assert_eq!(start(&s, last, "days_waited"), None);
}

#[test]
fn a_name_that_is_wrong_or_repeated_is_an_error() {
    let (s, _, last) = moved();
    let at = AsOf::start_of(&s.h, &spell(&s, last));
    let run = |names: &[&str]| compute(&s.h, &s.index(), &Definition::default(), &[at], names);
    assert!(run(&["age", "aged"]).unwrap_err().to_string().contains("\"aged\""));
    assert!(run(&["age", "age"]).is_err());
    assert_eq!(run(&[]).unwrap().columns().len(), 0);
    let none = compute(&s.h, &s.index(), &Definition::default(), &[], &["age", "sex"]).unwrap();
    assert!(none.is_empty());
    assert_eq!(none.columns().len(), 2);
}
