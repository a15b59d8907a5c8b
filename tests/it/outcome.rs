//! Stays become spells.

use pleegzorg::history::{CareForm, Day, EndReason, EventKind, Perspective, Setting};
use pleegzorg::outcome::{
    Cause, Definition, DefinitionName, Overrides, Spell, Tally, UnknownEnds, spells,
    spells_and_tally, to_outcome,
};
use proptest::prelude::*;

use crate::small::{Small, day, known_on, random};

fn of(s: &Small, d: &Definition) -> Vec<Spell> {
    spells(&s.h, &s.index(), d, None)
}

fn tally(s: &Small, d: &Definition) -> Tally {
    spells_and_tally(&s.h, &s.index(), d, None).1
}

/// Entry, exit and cause of each spell.
fn short(spells: &[Spell]) -> Vec<(f64, f64, Option<Cause>)> {
    spells.iter().map(|s| (s.entry, s.exit, s.cause)).collect()
}

#[test]
fn a_stay_is_a_spell_in_days_with_its_cause() {
    let mut s = Small::new();
    let (c, f) = (s.child("2010-01-01"), s.family());
    s.foster(c, f, "2020-01-01", "2020-03-01", Some(EndReason::CarerBehaviour));
    s.stay(c, Setting::Residential, None, "2020-03-01", "2021-01-01", None);
    s.foster(c, f, "2021-01-01", "", None);
    let found = of(&s, &Definition::default());
    assert_eq!(
        short(&found),
        [(0.0, 60.0, Some(Cause::Breakdown)), (0.0, 1460.0, None)],
        "60 days in January and February of a leap year; to the window's last day"
    );
    assert_eq!((found[0].running, found[1].running), (false, true));
    assert_eq!(found[1].last_day(), day("2024-12-31"));
    let y = to_outcome(&found).unwrap();
    assert_eq!(y.cause(), [1, 0]);
    assert_eq!(y.entry(), None);
    assert_eq!(y.cause_number("unknown"), Some(6));
    assert!(to_outcome(&[]).is_err());
}

#[test]
fn a_stay_from_before_the_window_enters_late() {
    let mut s = Small::new();
    let (c, f, g) = (s.child("2010-01-01"), s.family(), s.family());
    s.foster(c, f, "2014-01-01", "2014-12-31", Some(EndReason::PlannedMove));
    s.foster(c, g, "2014-12-31", "2015-01-31", Some(EndReason::PlannedMove));
    let (found, t) = spells_and_tally(&s.h, &s.index(), &Definition::default(), None);
    assert_eq!(short(&found), [(1.0, 31.0, Some(Cause::PlannedMove))]);
    assert_eq!((t.before_window, t.entered_late, t.half_day), (1, 1, 0));
    assert_eq!(to_outcome(&found).unwrap().entry(), Some(&[1.0][..]));
    // An end on the window's first day was recorded: it counts, as half a day.
    s.h.stays[1].end = Some(day("2015-01-01"));
    let (found, t) = spells_and_tally(&s.h, &s.index(), &Definition::default(), None);
    assert_eq!(short(&found), [(1.0, 1.5, Some(Cause::PlannedMove))]);
    assert_eq!(t.half_day, 1);
}

#[test]
fn an_end_on_the_day_of_the_start_lasts_half_a_day() {
    let mut s = Small::new();
    let (c, f) = (s.child("2010-01-01"), s.family());
    s.foster(c, f, "2020-01-01", "2020-01-01", Some(EndReason::ChildRequest));
    let (found, t) = spells_and_tally(&s.h, &s.index(), &Definition::default(), None);
    assert_eq!(short(&found), [(0.0, 0.5, Some(Cause::Breakdown))]);
    assert_eq!(t.half_day, 1);
    assert_eq!(found[0].last_day(), day("2020-01-01"));
}

#[test]
fn an_administrative_end_joins_the_next_spell_with_the_same_family() {
    let mut s = Small::new();
    let (c, f, g) = (s.child("2010-01-01"), s.family(), s.family());
    s.foster(c, f, "2020-01-01", "2020-02-01", Some(EndReason::Administrative));
    s.foster(c, f, "2020-02-01", "2020-03-01", Some(EndReason::Administrative));
    s.foster(c, f, "2020-03-02", "2020-04-01", Some(EndReason::CarerOther));
    assert_eq!(short(&of(&s, &Definition::default())), [(0.0, 91.0, Some(Cause::Breakdown))]);
    assert_eq!(tally(&s, &Definition::default()).joined, 2);
    // With another family next, it cannot be what it says.
    s.h.stays[2].family = Some(g);
    assert_eq!(
        short(&of(&s, &Definition::default())),
        [(0.0, 60.0, Some(Cause::Unknown)), (0.0, 30.0, Some(Cause::Breakdown))]
    );
    // With nothing next, the registration stopped: censored there.
    s.h.stays.pop();
    let found = of(&s, &Definition::default());
    assert_eq!(short(&found), [(0.0, 60.0, None)]);
    assert!(!found[0].running);
    assert_eq!(tally(&s, &Definition::default()).lost, 1);
}

#[test]
fn families_that_are_not_named_join_only_after_an_administrative_end() {
    let mut s = Small::new();
    let c = s.child("2010-01-01");
    s.stay(c, Setting::Foster, None, "2020-01-01", "2020-02-01", Some(EndReason::Administrative));
    s.stay(c, Setting::Foster, None, "2020-02-01", "2020-03-01", Some(EndReason::PlannedMove));
    s.stay(c, Setting::Foster, None, "2020-03-01", "2020-04-01", Some(EndReason::CarerOther));
    assert_eq!(
        short(&of(&s, &Definition::default())),
        [(0.0, 60.0, Some(Cause::PlannedMove)), (0.0, 31.0, Some(Cause::Breakdown))]
    );
}

#[test]
fn an_absence_with_return_within_28_days_is_no_end() {
    let mut s = Small::new();
    let (c, f) = (s.child("2010-01-01"), s.family());
    s.foster(c, f, "2020-01-01", "2020-02-01", Some(EndReason::External));
    s.stay(c, Setting::Hospital, None, "2020-02-01", "2020-02-10", None);
    s.stay(c, Setting::Other, None, "2020-02-10", "2020-02-29", None);
    s.foster(c, f, "2020-02-29", "2020-04-01", Some(EndReason::ReturnedHome));
    let d = Definition::default();
    assert_eq!(short(&of(&s, &d)), [(0.0, 91.0, Some(Cause::ReturnedHome))]);
    assert_eq!(tally(&s, &d).absences, 2);
    // One day more is too long; so is any absence where none is allowed.
    s.h.stays[3].start = day("2020-03-01");
    assert_eq!(of(&s, &d).len(), 2);
    s.h.stays[3].start = day("2020-02-29");
    let none = d.clone().with(&Overrides { absence_days: Some(0), ..Overrides::default() });
    assert_eq!(of(&s, &none.unwrap()).len(), 2);
    // Being at home in between is a failed return home, not an absence.
    s.h.stays[1].setting = Setting::Home;
    assert_eq!(of(&s, &d).len(), 2);
}

#[test]
fn an_absence_that_still_lasts_leaves_the_end_open() {
    let mut s = Small::new();
    let (c, f) = (s.child("2010-01-01"), s.family());
    s.foster(c, f, "2020-01-01", "2020-02-01", None);
    s.stay(c, Setting::Hospital, None, "2020-02-01", "", None);
    let at =
        |known: &str| short(&spells(&s.h, &s.index(), &Definition::default(), Some(day(known))));
    assert_eq!(at("2020-02-20"), [(0.0, 31.0, None)]);
    assert_eq!(at("2020-03-20"), [(0.0, 31.0, Some(Cause::Unknown))]);
}

#[test]
fn part_time_stays_give_no_spells_and_end_none() {
    let mut s = Small::new();
    let (c, f, g) = (s.child("2010-01-01"), s.family(), s.family());
    s.foster(c, f, "2020-01-01", "2020-06-01", Some(EndReason::PlannedMove));
    let part = s.foster(c, g, "2020-02-01", "2020-03-01", Some(EndReason::CarerOther));
    s.stay_mut(part).care_form = Some(CareForm::PartTime);
    let d = Definition::default();
    assert_eq!(short(&of(&s, &d)), [(0.0, 152.0, Some(Cause::PlannedMove))]);
    assert_eq!(tally(&s, &d).part_time, 1);
    let with = d.with(&Overrides { part_time: Some(true), ..Overrides::default() }).unwrap();
    assert_eq!(
        short(&of(&s, &with)),
        [(0.0, 152.0, Some(Cause::PlannedMove)), (0.0, 29.0, Some(Cause::Breakdown))]
    );
}

#[test]
fn known_at_reads_nothing_later() {
    let mut s = Small::new();
    let (c, f, g) = (s.child("2010-01-01"), s.family(), s.family());
    s.foster(c, f, "2020-01-01", "2020-06-01", Some(EndReason::CarerOther));
    let late = s.foster(c, g, "2020-06-01", "2020-09-01", Some(EndReason::CarerOther));
    s.stay_mut(late).recorded = Some(day("2020-12-01"));
    let at =
        |known: &str| short(&spells(&s.h, &s.index(), &Definition::default(), Some(day(known))));
    assert_eq!(at("2019-12-31"), []);
    assert_eq!(at("2020-05-31"), [(0.0, 151.0, None)]);
    let first = (0.0, 152.0, Some(Cause::Breakdown));
    assert_eq!(at("2020-11-30"), [first]);
    assert_eq!(at("2020-12-01"), [first, (0.0, 92.0, Some(Cause::Breakdown))]);
    // Ends after the window were not recorded in full, whatever is known.
    s.h.window.end = day("2020-07-01");
    let found = spells(&s.h, &s.index(), &Definition::default(), None);
    assert_eq!(short(&found), [first, (0.0, 30.0, None)]);
}

#[test]
fn unknown_ends_are_their_own_cause_or_all_or_none_breakdown() {
    let mut s = Small::new();
    let (c, f) = (s.child("2010-01-01"), s.family());
    s.foster(c, f, "2020-01-01", "2020-02-01", None);
    for (unknown, cause) in [
        (UnknownEnds::Own, Cause::Unknown),
        (UnknownEnds::Breakdown, Cause::Breakdown),
        (UnknownEnds::None, Cause::Other),
    ] {
        let set = Overrides { unknown: Some(unknown), ..Overrides::default() };
        let found = of(&s, &Definition::default().with(&set).unwrap());
        assert_eq!(short(&found), [(0.0, 31.0, Some(cause))]);
    }
}

#[test]
fn family_homes_are_followed_where_asked() {
    let mut s = Small::new();
    let (c, f) = (s.child("2010-01-01"), s.family());
    s.stay(c, Setting::FamilyHome, Some(f), "2020-01-01", "2020-02-01", Some(EndReason::Safety));
    assert_eq!(of(&s, &Definition::default()), []);
    let settings = Some(vec![Setting::Foster, Setting::FamilyHome]);
    let set = Overrides { settings, ..Overrides::default() };
    let found = of(&s, &Definition::default().with(&set).unwrap());
    assert_eq!(short(&found), [(0.0, 31.0, Some(Cause::Breakdown))]);
}

#[test]
fn growing_up_counts_from_the_day_that_it_was_the_plan() {
    let mut s = Small::new();
    let d = Definition::new(DefinitionName::IntendedToGrowUp);
    let (a, b, c, f) =
        (s.child("2010-01-01"), s.child("2010-01-01"), s.child("2010-01-01"), s.family());
    let long = s.foster(a, f, "2020-01-01", "2020-06-01", Some(EndReason::CarerOther));
    s.stay_mut(long).perspective = Some(Perspective::LongTerm);
    let changed = s.foster(b, f, "2020-01-01", "2020-06-01", Some(EndReason::CarerOther));
    s.stay_mut(changed).perspective = Some(Perspective::ReturnHome);
    let word = s.word("long_term");
    s.event(b, EventKind::PerspectiveDecision, "2020-03-01").to = Some(word);
    s.foster(c, f, "2020-01-01", "2020-06-01", Some(EndReason::CarerOther));
    let (found, t) = spells_and_tally(&s.h, &s.index(), &d, None);
    let broke = Some(Cause::Breakdown);
    assert_eq!(short(&found), [(0.0, 152.0, broke), (60.0, 152.0, broke)]);
    assert_eq!(t.other_perspective, 1);
    let any = Overrides { perspective: Some("any".into()), ..Overrides::default() };
    assert_eq!(of(&s, &d.with(&any).unwrap()).len(), 3);
}

/// The definition per child, in six years.
fn per_child() -> Definition {
    Definition::new(DefinitionName::PerChildSixYears)
}

#[test]
fn per_child_follows_over_families_and_at_home_to_the_first_breakdown() {
    let mut s = Small::new();
    let (c, f, g) = (s.child("2010-01-01"), s.family(), s.family());
    s.foster(c, f, "2016-01-01", "2017-01-01", Some(EndReason::PlannedMove));
    s.foster(c, g, "2017-01-01", "2018-01-01", Some(EndReason::ReturnedHome));
    s.foster(c, f, "2019-01-01", "2020-01-01", Some(EndReason::CarerBehaviour));
    s.foster(c, g, "2020-01-01", "2020-02-01", Some(EndReason::CarerBehaviour));
    let found = of(&s, &per_child());
    assert_eq!(short(&found), [(0.0, 1461.0, Some(Cause::Breakdown))]);
    assert_eq!((found[0].start, found[0].family), (day("2016-01-01"), Some(f)));
    let ends = Overrides { return_home_ends: Some(true), ..Overrides::default() };
    let found = of(&s, &per_child().with(&ends).unwrap());
    assert_eq!(short(&found), [(0.0, 731.0, Some(Cause::ReturnedHome))]);
    // Three years are not enough for it.
    let years = Overrides { years: Some(3), ..Overrides::default() };
    let found = of(&s, &per_child().with(&years).unwrap());
    assert_eq!(short(&found), [(0.0, 1096.0, None)]);
    assert!(!found[0].running);
}

#[test]
fn per_child_comes_of_age_at_home_or_in_care() {
    let mut s = Small::new();
    let (a, b, f) = (s.child("2001-06-01"), s.child("2001-06-01"), s.family());
    s.foster(a, f, "2017-06-01", "2018-06-01", Some(EndReason::ReturnedHome));
    s.foster(b, f, "2017-06-01", "2019-12-01", Some(EndReason::CameOfAge));
    assert_eq!(
        short(&of(&s, &per_child())),
        [(0.0, 730.0, Some(Cause::CameOfAge)), (0.0, 913.0, Some(Cause::CameOfAge))]
    );
}

#[test]
fn per_child_needs_to_know_the_past_of_who_was_in_care_before() {
    let mut s = Small::new();
    let (a, f) = (s.child("2010-01-01"), s.family());
    s.foster(a, f, "2014-12-01", "2016-01-01", Some(EndReason::CarerOther));
    assert_eq!(of(&s, &per_child()), []);
    assert_eq!(tally(&s, &per_child()).unknown_past, 1);
    s.child_mut(a).breakdowns_before = Some(1);
    assert_eq!(of(&s, &per_child()), []);
    assert_eq!(tally(&s, &per_child()).earlier_breakdown, 1);
    s.child_mut(a).breakdowns_before = Some(0);
    assert_eq!(short(&of(&s, &per_child())), [(31.0, 396.0, Some(Cause::Breakdown))]);
    // A recorded breakdown before the window is an earlier one too.
    s.h.stays[0].end = Some(day("2014-12-20"));
    assert_eq!(of(&s, &per_child()), []);
    assert_eq!(tally(&s, &per_child()).earlier_breakdown, 1);
}

#[test]
fn a_failed_return_home_is_an_outcome() {
    let mut s = Small::new();
    let d = Definition::new(DefinitionName::FailedReturnHome);
    let (a, b, c, f) =
        (s.child("2010-01-01"), s.child("2010-01-01"), s.child("2003-01-01"), s.family());
    s.foster(a, f, "2019-01-01", "2020-01-01", Some(EndReason::ReturnedHome));
    s.stay(a, Setting::Home, None, "2020-01-01", "2020-04-10", None);
    s.stay(a, Setting::Residential, None, "2020-04-10", "", None);
    // Nothing more recorded: still at home.
    s.foster(b, f, "2019-01-01", "2024-01-01", Some(EndReason::ReturnedHome));
    // Eighteen at home.
    s.foster(c, f, "2019-01-01", "2020-01-01", Some(EndReason::ReturnedHome));
    assert_eq!(
        short(&of(&s, &d)),
        [
            (0.0, 100.0, Some(Cause::Breakdown)),
            (0.0, 365.0, None),
            (0.0, 366.0, Some(Cause::CameOfAge)),
        ]
    );
    let years = Overrides { years: Some(1), ..Overrides::default() };
    let found = of(&s, &d.with(&years).unwrap());
    assert_eq!(found[1].exit, 365.0);
}

#[test]
fn landmarks_keep_the_clock_and_enter_late() {
    let mut s = Small::new();
    let (c, f) = (s.child("2010-01-01"), s.family());
    s.foster(c, f, "2020-01-01", "2020-04-10", Some(EndReason::CarerOther));
    let spell = &of(&s, &Definition::default())[0];
    let after = spell.after(90.0).unwrap();
    assert_eq!((after.entry, after.exit, after.cause), (90.0, 100.0, Some(Cause::Breakdown)));
    assert_eq!(spell.after(100.0), None);
}

#[test]
fn wrong_names_and_settings_say_what_is_wrong() {
    let error = Definition::named("unplaned-unwanted").unwrap_err();
    assert!(error.to_string().contains("unplaned-unwanted"));
    let error = pleegzorg::Error::from(error);
    assert!(error.hint().unwrap().contains("did you mean \"unplanned-unwanted\""));
    assert_eq!(error.kind(), pleegzorg::ErrorKind::Usage);
    for wrong in [
        Overrides { settings: Some(vec![]), ..Overrides::default() },
        Overrides { settings: Some(vec![Setting::Home]), ..Overrides::default() },
        Overrides { perspective: Some("both".into()), ..Overrides::default() },
        Overrides { of_age: Some(5), ..Overrides::default() },
        Overrides { absence_days: Some(9999), ..Overrides::default() },
        Overrides { years: Some(1000), ..Overrides::default() },
    ] {
        assert!(Definition::default().with(&wrong).is_err(), "{wrong:?}");
    }
    assert!(toml::from_str::<Overrides>("abscence_days = 3").is_err());
    let set: Overrides = toml::from_str("unknown = \"none\"\nabsence_days = 3").unwrap();
    assert_eq!(set.unknown, Some(UnknownEnds::None));
}

#[test]
fn a_definition_survives_json_and_refuses_unknown_keys() {
    for name in DefinitionName::ALL {
        let d = Definition::named(name.name()).unwrap();
        assert!(
            !d.source().is_empty() && !d.describe_en().is_empty() && !d.describe_nl().is_empty()
        );
        let json = serde_json::to_string(&d).unwrap();
        assert_eq!(serde_json::from_str::<Definition>(&json).unwrap(), d);
        let more = json.replacen('{', "{\"extra\":1,", 1);
        assert!(serde_json::from_str::<Definition>(&more).is_err());
    }
}

/// Spells with the stay's id in place of its number, which deletion changes.
fn with_ids(h: &pleegzorg::history::History, found: Vec<Spell>) -> Vec<(Box<str>, Spell)> {
    let id = |s: &Spell| h.stay(s.stay).id.clone();
    let zero = pleegzorg::history::StayIx(0);
    found.into_iter().map(|s| (id(&s), Spell { stay: zero, ..s })).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spells_known_on_a_day_are_those_of_the_records_known_on_it(
        seed in any::<u64>(),
        after in 0i32..4000,
        part_time in any::<bool>(),
    ) {
        let h = random(seed);
        let date = h.window.start.plus_days(after);
        let (cut, _) = known_on(&h, date, &[]);
        for name in DefinitionName::ALL {
            let set = Overrides { part_time: Some(part_time), ..Overrides::default() };
            let d = Definition::new(name).with(&set).unwrap();
            let ix = pleegzorg::history::Index::new(&h);
            let all = spells(&h, &ix, &d, Some(date));
            for s in &all {
                prop_assert!(s.entry >= 0.0 && s.exit > s.entry);
                prop_assert!(s.last_day() <= date.min(h.window.end).max(s.start));
            }
            let cut_ix = pleegzorg::history::Index::new(&cut);
            let known = spells(&cut, &cut_ix, &d, Some(date));
            prop_assert_eq!(with_ids(&h, all), with_ids(&cut, known), "{}", name.name());
        }
    }

    #[test]
    fn any_definition_gives_a_valid_outcome(seed in any::<u64>()) {
        let h = random(seed);
        let ix = pleegzorg::history::Index::new(&h);
        for name in DefinitionName::ALL {
            let found = spells(&h, &ix, &Definition::new(name), None);
            if !found.is_empty() {
                prop_assert!(to_outcome(&found).is_ok());
            }
        }
    }
}

#[test]
fn spells_are_the_same_for_any_number_of_threads() {
    // More children than one chunk of work.
    let mut h = random(1);
    let children = h.children.clone();
    let stays = h.stays.clone();
    while h.children.len() < 10_000 {
        let shift = h.children.len() as u32;
        h.children.extend(children.iter().cloned());
        h.stays.extend(stays.iter().cloned().map(|mut s| {
            s.child.0 += shift;
            s.start = Day(s.start.0 + (shift % 97) as i32);
            s.end = s.end.map(|e| Day(e.0 + (shift % 97) as i32));
            s
        }));
    }
    h.events.clear();
    h.assessments.clear();
    h.requests.clear();
    let ix = pleegzorg::history::Index::new(&h);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| spells_and_tally(&h, &ix, &Definition::default(), None))
    };
    let one = run(1);
    assert!(one.0.len() > 5_000);
    assert_eq!(run(2), one);
    assert_eq!(run(5), one);
}
