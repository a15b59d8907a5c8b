//! England's statutory return becomes a history folder. All children here are made up.

use std::collections::BTreeMap;
use std::path::Path;

use pleegzorg::ErrorKind;
use pleegzorg::history::ssda903::{Imported, import};
use pleegzorg::history::{
    self, CareForm, Day, EndReason, EventKind, FamilyKind, Legal, Perspective, Setting, Sex, Stay,
};
use pleegzorg::progress::Silent;

const EPISODES: &str =
    "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN";
const HEADER: &str = "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB";

/// Writes the files of a return and imports them.
fn imported(files: &[(&str, &str, &[&str])]) -> Imported {
    let dir = tempfile::tempdir().unwrap();
    for (name, header, rows) in files {
        write(&dir.path().join(name), header, rows);
    }
    import(dir.path(), &Silent).unwrap()
}

fn write(path: &Path, header: &str, rows: &[&str]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let text: String = std::iter::once(&header).chain(rows).map(|r| format!("{r}\n")).collect();
    std::fs::write(path, text).unwrap();
}

/// One child of one return: its stays.
fn stays(episodes: &[&str]) -> Imported {
    imported(&[("e.csv", EPISODES, episodes), ("h.csv", HEADER, &["11,1,05/06/2010,WBRI,,,"])])
}

fn day(text: &str) -> Day {
    Day::parse_iso(text).unwrap()
}

fn counts(imported: &Imported) -> BTreeMap<String, u64> {
    imported.counts.iter().map(|(code, &n)| (code.to_string(), n)).collect()
}

fn coded(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs.iter().map(|&(code, n)| (code.to_string(), n)).collect()
}

fn span(stay: &Stay) -> (String, Option<String>) {
    (stay.start.to_string(), stay.end.map(|d| d.to_string()))
}

#[test]
fn status_changes_are_events_and_only_another_carer_ends_a_stay() {
    let r = stays(&[
        "11,01/05/2023,S,V2,N1,U6,PR1,01/07/2023,X1,PLACE,ZZ1 1AA,ZZ2 2BB,5001",
        "11,01/07/2023,L,C2,N1,U6,PR1,01/09/2023,X1,PLACE,ZZ1 1AA,ZZ2 2BB,5001",
        "11,01/09/2023,T,C2,N1,U4,PR1,10/01/2024,X1,CREQB,ZZ1 1AA,ZZ2 2BB,5001",
        "11,10/01/2024,P,C2,N1,K2,PR4,,,,ZZ1 1AA,ZZ3 3CC,7001",
    ]);
    assert!(r.findings.is_empty(), "{:?}", r.findings);
    let h = &r.history;
    assert_eq!(h.stays.len(), 2);
    let first = &h.stays[0];
    assert_eq!(span(first), ("2023-05-01".into(), Some("2024-01-10".into())));
    assert_eq!((first.setting, first.family_kind), (Setting::Foster, Some(FamilyKind::General)));
    assert_eq!((first.legal, first.care_form), (Some(Legal::Voluntary), Some(CareForm::FullTime)));
    assert_eq!(first.perspective, None);
    assert_eq!(first.end_reason, Some(EndReason::CarerBehaviour));
    assert_eq!((first.end_planned, first.end_wanted), (None, None));
    assert_eq!(first.family, None);
    assert_eq!(first.provider.map(|p| h.labels.word(p)), Some("own_authority"));
    let second = &h.stays[1];
    assert_eq!((second.setting, second.end, second.end_reason), (Setting::Residential, None, None));
    let events: Vec<(EventKind, String, Option<&str>)> = h
        .events
        .iter()
        .map(|e| (e.kind, e.date.to_string(), e.to.map(|w| h.labels.word(w))))
        .collect();
    assert_eq!(
        events,
        vec![
            (EventKind::LegalChange, "2023-07-01".into(), Some("ots")),
            (EventKind::PerspectiveDecision, "2023-09-01".into(), Some("long_term")),
            (EventKind::PerspectiveChange, "2023-09-01".into(), Some("long_term")),
        ]
    );
    let child = &h.children[0];
    assert_eq!((child.birth.day, child.sex), (day("2010-06-05"), Some(Sex::Male)));
    assert_eq!(child.home_area.map(|a| h.labels.word(a)), Some("ZZ1"));
    assert_eq!(child.first_out_of_home, Some(day("2023-05-01")));
    assert_eq!(h.window.start, day("2023-04-01"));
    assert_eq!((h.window.end, h.window.extraction), (day("2024-03-31"), day("2024-03-31")));
    assert_eq!(r.returns, vec![2024]);
}

#[test]
fn every_end_becomes_the_reason_and_the_flags_of_the_crosswalk() {
    use EndReason as R;
    // What the code says when care ended on 1 September 2023, at 13 years of age.
    let ended = |rec: &str| {
        let row = format!("11,01/05/2023,S,C2,N1,U6,PR1,01/09/2023,{rec},,,,");
        let r = stays(&[&row, "11,01/11/2023,S,C2,N1,U6,PR1,,,,,,"]);
        let stay = &r.history.stays[0];
        (stay.end_reason.unwrap(), stay.end_planned, stay.end_wanted)
    };
    let yes = (Some(true), Some(true));
    for (rec, reason, flags) in [
        ("E11", R::Permanence, yes),
        ("E48", R::Permanence, yes),
        ("E41", R::Permanence, yes),
        ("E4A", R::ReturnedHome, yes),
        ("E4B", R::ReturnedHome, (Some(false), None)),
        ("E13", R::ReturnedHome, (None, None)),
        ("E17", R::CameOfAge, yes),
        ("E5", R::PlannedMove, (None, None)),
        ("E2", R::External, (None, None)),
        ("E3", R::External, (None, None)),
        ("E9", R::External, (None, None)),
        ("E8", R::Unknown, (None, None)),
        ("e4a", R::ReturnedHome, yes),
    ] {
        assert_eq!(ended(rec), (reason, flags.0, flags.1), "{rec}");
    }
    // What the code says when the child went to another carer.
    let moved = |reason: &str| {
        let row = format!("11,01/05/2023,S,C2,N1,U6,PR1,01/09/2023,X1,{reason},,,");
        let r = stays(&[&row, "11,01/09/2023,P,C2,N1,U3,PR1,,,,,,"]);
        let stay = &r.history.stays[0];
        (stay.end_reason.unwrap(), stay.end_planned)
    };
    for (code, reason, planned) in [
        ("CARPL", R::PlannedMove, Some(true)),
        ("CREQB", R::CarerBehaviour, None),
        ("CREQO", R::CarerOther, None),
        ("CLOSE", R::CarerStopped, None),
        ("CHILD", R::ChildRequest, None),
        ("ALLEG", R::Safety, None),
        ("STAND", R::Safety, None),
        ("APPRR", R::Safety, None),
        ("LAREQ", R::Authority, None),
        ("CUSTOD", R::External, None),
        ("OTHER", R::Unknown, None),
        ("", R::Unknown, None),
        ("PLACE", R::Unknown, None),
    ] {
        assert_eq!(moved(code), (reason, planned), "{code}");
    }
}

#[test]
fn leaving_care_at_eighteen_is_coming_of_age_whatever_the_code() {
    let r = imported(&[
        (
            "e.csv",
            EPISODES,
            &[
                "11,01/05/2023,S,C2,N1,U4,PR1,06/06/2023,E8,,,,",
                "12,01/05/2023,S,C2,N1,U4,PR1,06/06/2023,E5,,,,",
            ],
        ),
        ("h.csv", HEADER, &["11,2,05/06/2005,,,,", "12,2,05/07/2005,,,,"]),
    ]);
    let reasons: Vec<_> = r.history.stays.iter().map(|s| s.end_reason).collect();
    assert_eq!(reasons, vec![Some(EndReason::CameOfAge); 2]);
    assert_eq!(r.history.stays[0].perspective, Some(Perspective::LongTerm));
}

#[test]
fn a_temporary_placement_with_return_is_an_absence() {
    let r = stays(&[
        "11,01/05/2023,S,C2,N1,U6,PR1,01/07/2023,X1,,,ZZ2 2BB,5001",
        "11,01/07/2023,P,C2,N1,T1,PR1,20/07/2023,X1,,,,",
        "11,20/07/2023,P,C2,N1,U6,PR1,01/02/2024,X1,,,ZZ2 2BB,5001",
        // Still on holiday when the return closes: the stay runs on.
        "11,01/02/2024,T,C2,N1,T2,PR1,,,,,,",
    ]);
    assert!(r.findings.is_empty(), "{:?}", r.findings);
    assert_eq!(r.absences, 2);
    assert_eq!(r.history.stays.len(), 1);
    assert_eq!(span(&r.history.stays[0]), ("2023-05-01".into(), None));

    // Back with somebody else: three stays, the first ended for an unknown reason.
    let r = stays(&[
        "11,01/05/2023,S,C2,N1,U6,PR1,01/07/2023,X1,,,ZZ2 2BB,5001",
        "11,01/07/2023,P,C2,N1,T1,PR1,20/09/2023,X1,CARPL,,,",
        "11,20/09/2023,P,C2,N1,U6,PR1,,,,,ZZ9 9BB,5001",
    ]);
    assert_eq!(counts(&r), coded(&[("PZ0929", 1), ("PZ0930", 1)]));
    let settings: Vec<_> = r.history.stays.iter().map(|s| s.setting).collect();
    assert_eq!(settings, vec![Setting::Foster, Setting::Hospital, Setting::Foster]);
    assert_eq!(r.history.stays[0].end_reason, Some(EndReason::Unknown));
}

#[test]
fn short_breaks_are_part_time_until_they_are_not() {
    let r = stays(&[
        "11,01/05/2023,S,V3,N2,U6,PR1,01/07/2023,X1,PLACE,,,",
        "11,01/07/2023,L,V2,N2,U6,PR1,,,,,,",
    ]);
    assert_eq!(r.history.stays[0].care_form, Some(CareForm::PartTime));
    assert_eq!(r.history.events.len(), 1);
    assert_eq!(r.history.events[0].kind, EventKind::CareFormChange);
}

#[test]
fn returns_merge_by_child_and_start_and_the_latest_wins() {
    let r = imported(&[
        // Any name, any case, a byte-order mark, semicolons, columns in another order.
        (
            "2023/SOMETHING.TXT",
            "\u{feff}decom;child;rne;ls;cin;place;dec;rec;reason_place_change",
            &[
                "10/05/2022;11;S;V2;N1;U6;;;",
                "10/05/2022;12;S;V2;N1;U6;;;",
                "01/03/2023;13;S;V2;N1;U6;;;",
                "01/06/2022;14;S;V2;N1;U6;;;",
            ],
        ),
        (
            "2023/h.csv",
            HEADER,
            &[
                "11,1,05/06/2010,,,,",
                "12,1,05/06/2011,,,,",
                "13,1,05/06/2012,,,,",
                "14,1,05/06/2012,,,,",
            ],
        ),
        ("2023/oc2.csv", "CHILD,DOB,SDQ_SCORE,SDQ_REASON", &["11,05/06/2010,12,"]),
        (
            "2024/e.csv",
            EPISODES,
            &[
                "11,10/05/2022,S,V2,N1,U6,PR1,01/08/2023,X1,CREQO,,,",
                "11,01/08/2023,P,V2,N1,U6,PR1,,,,,,",
                // The later return corrects the start.
                "13,02/03/2023,S,V2,N1,U6,PR1,,,,,,",
                // It also knows of a move that the earlier one did not have yet.
                "14,20/03/2023,P,V2,N1,U3,PR1,,,,,,",
            ],
        ),
        ("2024/h.csv", HEADER, &["11,1,06/06/2010,,,,", "13,1,05/06/2012,,,,"]),
        ("2024/oc2.csv", "CHILD,DOB,SDQ_SCORE,SDQ_REASON", &["11,06/06/2010,20,", "13,,,SDQ1"]),
        ("2024/reviews.csv", "CHILD,DOB,REVIEW,REVIEW_CODE", &["11,06/06/2010,01/12/2023,PN1"]),
        ("2024/notes.csv", "something,else", &["1,2"]),
    ]);
    assert_eq!(r.returns, vec![2023, 2024]);
    assert_eq!(
        (r.history.window.start, r.history.window.end),
        (day("2022-04-01"), day("2024-03-31"))
    );
    assert_eq!(r.repeated, 1);
    let of = |id: &str| -> Vec<(String, Option<String>, Option<EndReason>)> {
        let h = &r.history;
        let stays = h.stays.iter().filter(|s| &*h.child(s.child).id == id);
        stays.map(|s| (s.start.to_string(), s.end.map(|d| d.to_string()), s.end_reason)).collect()
    };
    assert_eq!(
        of("11"),
        vec![
            ("2022-05-10".into(), Some("2023-08-01".into()), Some(EndReason::CarerOther)),
            ("2023-08-01".into(), None, None),
        ]
    );
    // In care when its last return closed, and gone: not running until today.
    assert_eq!(
        of("12"),
        vec![("2022-05-10".into(), Some("2023-03-31".into()), Some(EndReason::Unknown))]
    );
    assert_eq!(of("13"), vec![("2023-03-02".into(), None, None)]);
    assert_eq!(
        of("14"),
        vec![
            ("2022-06-01".into(), Some("2023-03-20".into()), Some(EndReason::Unknown)),
            ("2023-03-20".into(), None, None),
        ]
    );
    assert_eq!(r.history.children[0].birth.day, day("2010-06-06"));
    let scores: Vec<_> =
        r.history.assessments.iter().map(|a| (a.date.to_string(), a.score, a.recorded)).collect();
    assert_eq!(
        scores,
        vec![
            ("2023-03-31".into(), Some(12.0), Some(day("2023-03-31"))),
            ("2024-03-31".into(), Some(20.0), Some(day("2024-03-31"))),
        ]
    );
    assert_eq!(r.unused, BTreeMap::from([("2024/reviews.csv".to_string(), 1)]));
    assert_eq!(r.rows["2024/reviews.csv"], 1);
    assert_eq!(r.dropped, BTreeMap::from([("2023/SOMETHING.TXT".to_string(), 1)]));
    assert_eq!(
        counts(&r),
        coded(&[("PZ0901", 1), ("PZ0913", 1), ("PZ0919", 1), ("PZ0921", 1), ("PZ0922", 1)])
    );
}

#[test]
fn returns_in_one_folder_are_told_apart_by_the_numbers_in_their_names() {
    let header = ("header.csv", HEADER, &["11,1,05/06/2010,,,,"][..]);
    let oc2 = "CHILD,DOB,SDQ_SCORE,SDQ_REASON";
    let first = "11,10/05/2022,S,V2,N1,U6,PR1,,,,,,";
    let second = "11,10/05/2022,S,V2,N1,U6,PR1,01/08/2023,E4A,,,,";
    let r = imported(&[
        header,
        ("SSDA903_2022-23_episodes.csv", EPISODES, &[first]),
        ("SSDA903_2023-24_episodes.csv", EPISODES, &[second]),
        ("SSDA903_2022-23_OC2.csv", oc2, &["11,,9,"]),
        ("SSDA903_2023-24_OC2.csv", oc2, &["11,,41,"]),
        ("undated_oc2.csv", oc2, &["11,,7,"]),
    ]);
    let dates: Vec<_> = r.history.assessments.iter().map(|a| a.date.to_string()).collect();
    assert_eq!(dates, vec!["2023-03-31"]);
    // 41 is no score; the undated table belongs to no return that can be told.
    assert_eq!(counts(&r), coded(&[("PZ0903", 1), ("PZ0931", 1)]));
    assert_eq!(r.dropped.values().sum::<usize>(), 2);
}

#[test]
fn changes_of_social_worker_become_events_without_their_ids() {
    let r = imported(&[
        ("e.csv", EPISODES, &["11,01/05/2023,S,C2,N1,U6,PR1,,,,,,"]),
        ("h.csv", HEADER, &["11,1,05/06/2010,,,,"]),
        (
            "sw.csv",
            "CHILD,DOB,SW_ID,SW_DECOM,SW_DEC,SW_REASON",
            &[
                "11,05/06/2010,SW-SECRET-1,01/05/2023,01/09/2023,LEFTRL",
                "11,05/06/2010,SW-SECRET-2,01/09/2023,01/11/2023,BECAUSE",
                "11,05/06/2010,SW-SECRET-2,01/11/2023,,",
                "99,05/06/2010,SW-SECRET-3,01/11/2023,,",
            ],
        ),
    ]);
    let h = &r.history;
    assert_eq!(h.events.len(), 1);
    let event = &h.events[0];
    assert_eq!((event.kind, event.date), (EventKind::HelperChange, day("2023-09-01")));
    assert_eq!(event.role.map(|w| h.labels.word(w)), Some("social_worker"));
    assert!(h.labels.find("SW-SECRET-1").is_none() && h.labels.find("SW-SECRET-2").is_none());
    assert_eq!(counts(&r), coded(&[("PZ0909", 1), ("PZ0912", 1)]));
}

/// A return with every kind of breakage; nothing of it may appear in a message.
const BROKEN: &[&str] = &[
    "11,01/05/2023,S,V2,N1,U6,PR1,01/07/2023,X1,CARPL,ZZ1 1AA,ZZ2 2BB,5001", // used
    "11,01/07/2023,Q,V2,N1,U6,PR1,,,,,,",                                    // no such RNE
    "11,02/07/2023,P,V2,N1,X9,PR1,,,,,,",                                    // no such PLACE
    "11,,P,V2,N1,U6,PR1,,,,,,",                                              // no start
    "11,31/02/2024,P,V2,N1,U6,PR1,,,,,,",                                    // no day
    "11,05/07/2023,P,V2,N1,U6,PR1,05/07/2023,X1,,,,",                        // no length
    "11,01/05/2023,S,V2,N1,U6,PR1,,,,,,",                                    // twice
    "77777,01/05/2023,S,V2,N1,U6,PR1,,,,,,",                                 // nobody's
    "12,01/05/2009,S,V2,N1,U6,PR1,,,,,,",                                    // before birth
    "12,01/05/2023,S,Z9,N9,U6,PR9,01/06/2023,E99,NOPE,,,",                   // read as unknown
    "12,01/07/2023,S,V2,N1,K3,PR1,,E4A,,,,",                                 // K3 is of 2025
    "13,01/05/2023,S,V2,N1,U6,PR1",                                          // ragged
    "14,01/05/2035,S,V2,N1,U6,PR1,,,,,,",                                    // the future
    "15,10/05/2023,S,V2,N1,U6,PR1,,,,,,", // the Header lacks a birth
    "16,01/04/2022,L,V2,N1,U6,PR1,02/04/2024,X1,CREQB,,,", // start not seen; ends later
    "17,01/05/2023,P,V2,N1,U6,PR1,01/08/2023,X1,PLACE,,,", // not S; reason is status
    "17,01/07/2023,U,V2,N1,K2,PR1,01/10/2023,E4A,,,,", // overlap; other setting
    "17,01/10/2023,T,V2,N1,K2,PR1,01/12/2023,X1,,,,", // care had ended
    "18,01/05/2023,S,V2,N1,U6,PR1,01/06/2023,X1,,,,", // no reason
    "18,01/06/2023,P,V2,N1,U6,PR1,,,,,,", // open, followed
    "18,01/07/2023,P,V2,N1,T4,PR1,01/09/2023,X1,,,,", // long, no return
];

fn broken() -> Imported {
    // Enough good dates that one date in 2035 is seen as a mistake.
    let good: Vec<String> =
        (100..250).map(|k| format!("{k},01/05/2023,S,V2,N1,U6,PR1,,,,,,")).collect();
    let mut rows = BROKEN.to_vec();
    rows.extend(good.iter().map(String::as_str));
    let people: Vec<String> = [11, 12, 13, 14, 16, 17, 18]
        .into_iter()
        .chain(100..250)
        .map(|k| format!("{k},1,05/06/2010,,,,"))
        .collect();
    let mut header: Vec<&str> = people.iter().map(String::as_str).collect();
    header.extend(["15,1,,,,,", "11,1,05/06/2010,,,,", "100,7,05/06/2010,,,,"]);
    imported(&[("e.csv", EPISODES, &rows), ("h.csv", HEADER, &header)])
}

#[test]
fn what_cannot_be_used_is_dropped_counted_and_said() {
    let r = broken();
    assert_eq!(r.returns, vec![2024]);
    assert_eq!(
        counts(&r),
        coded(&[
            ("PZ0905", 1),
            ("PZ0906", 2),
            ("PZ0907", 1),
            ("PZ0908", 2),
            ("PZ0909", 6),
            ("PZ0910", 1),
            ("PZ0911", 3),
            ("PZ0912", 2),
            ("PZ0914", 1),
            ("PZ0915", 1),
            ("PZ0916", 1),
            ("PZ0917", 1),
            ("PZ0918", 1),
            ("PZ0919", 1),
            ("PZ0920", 1),
            ("PZ0923", 1),
            ("PZ0924", 1),
            ("PZ0925", 1),
            ("PZ0926", 1),
            ("PZ0927", 3),
            ("PZ0928", 1),
            ("PZ0929", 1),
            ("PZ0930", 1),
            ("PZ0932", 1),
        ]),
        "{:?}",
        r.findings.iter().map(|f| (f.code.0, f.row, f.file.as_ref())).collect::<Vec<_>>()
    );
    assert_eq!(r.dropped, BTreeMap::from([("e.csv".into(), 11), ("h.csv".into(), 3)]));
    assert_eq!(r.rows["e.csv"], BROKEN.len() + 150);
    // Every finding names its line and its column, and the code has an explanation.
    for f in &r.findings {
        let line = f.row.unwrap();
        assert!(line >= 2, "{f:?}");
        assert!(f.column.is_some() || f.code.to_string() == "PZ0905");
        assert!(!f.why.is_empty() && !f.repair.is_empty());
        let text = format!("{} {} {}", f.what, f.why, f.repair);
        for cell in ["77777", "ZZ1", "ZZ2", "5001", "05/06/2010", "2010-06-05"] {
            assert!(!text.contains(cell), "{f:?}");
        }
    }
    let date = r.findings.iter().find(|f| f.code.to_string() == "PZ0907").unwrap();
    assert_eq!((date.row, date.column.as_deref()), (Some(6), Some("DECOM")));
}

#[test]
fn what_is_written_reads_back_without_faults() {
    let r = broken();
    let dir = tempfile::tempdir().unwrap();
    history::write(&r.history, dir.path(), false).unwrap();
    let reading = history::read(dir.path(), &Silent).unwrap();
    assert_eq!(reading.faults(), 0, "{:?}", reading.findings);
    assert_eq!(reading.history.stays.len(), r.history.stays.len());
    assert_eq!(reading.history.window, r.history.window);
    // Twice the same input, twice the same bytes.
    let again = tempfile::tempdir().unwrap();
    history::write(&broken().history, again.path(), false).unwrap();
    for file in ["stays.csv", "children.csv", "events.csv", "assessments.csv", "study.toml"] {
        let bytes = |d: &tempfile::TempDir| std::fs::read(d.path().join(file)).unwrap();
        assert_eq!(bytes(&dir), bytes(&again), "{file}");
    }
    let stays = std::fs::read_to_string(dir.path().join("stays.csv")).unwrap();
    let children = std::fs::read_to_string(dir.path().join("children.csv")).unwrap();
    for secret in ["1AA", "2BB", "5001"] {
        assert!(!stays.contains(secret) && !children.contains(secret), "{secret}");
    }
}

#[test]
fn numbers_that_look_like_bsns_are_refused() {
    // Numbers of the official range for tests.
    let elfproef = |n: &u32| {
        let digits: Vec<i64> = n.to_string().bytes().map(|b| i64::from(b - b'0')).collect();
        let sum: i64 = digits.iter().zip([9, 8, 7, 6, 5, 4, 3, 2, -1]).map(|(d, w)| d * w).sum();
        sum % 11 == 0
    };
    let ids: Vec<u32> = (999_900_006..=999_999_990).filter(elfproef).take(30).collect();
    let header: Vec<String> = ids.iter().map(|id| format!("{id},1,05/06/2010,,,,")).collect();
    let episodes: Vec<String> =
        ids.iter().map(|id| format!("{id},01/05/2023,S,V2,N1,U6,PR1,,,,,,")).collect();
    let dir = tempfile::tempdir().unwrap();
    let lines = |rows: &[String]| rows.iter().map(|r| format!("{r}\n")).collect::<String>();
    std::fs::write(dir.path().join("h.csv"), format!("{HEADER}\n{}", lines(&header))).unwrap();
    std::fs::write(dir.path().join("e.csv"), format!("{EPISODES}\n{}", lines(&episodes))).unwrap();
    let refused = import(dir.path(), &Silent).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Refused);
    assert!(!refused.to_string().contains("9999"));
}

#[test]
fn a_return_without_its_tables_is_an_error_that_names_them() {
    let dir = tempfile::tempdir().unwrap();
    let none = import(dir.path(), &Silent).unwrap_err();
    assert_eq!(none.kind(), ErrorKind::Io);
    assert!(none.to_string().contains("Episodes"));
    write(&dir.path().join("e.csv"), EPISODES, &["11,01/05/2023,S,V2,N1,U6,PR1,,,,,,"]);
    assert!(import(dir.path(), &Silent).unwrap_err().to_string().contains("Header"));
    write(&dir.path().join("h.csv"), HEADER, &["12,1,05/06/2010,,,,"]);
    let unusable = import(dir.path(), &Silent).unwrap_err();
    assert_eq!(unusable.kind(), ErrorKind::Foreign);
    let gone = import(&dir.path().join("nowhere"), &Silent).unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::Io);
    // Episodes without the columns that decide.
    write(&dir.path().join("e.csv"), "CHILD,DECOM,LS", &["12,01/05/2023,V2"]);
    assert_eq!(import(dir.path(), &Silent).unwrap_err().kind(), ErrorKind::Foreign);
}

#[test]
fn the_mapping_tables_in_the_codebook_have_every_code() {
    let place = include_str!("../../datasets/codebook.md");
    assert!(place.contains("| PLACE | where the child is | years | setting | family_kind |"));
    let text = [place, include_str!("../../datasets/ssda903-mapping.md")].concat();
    for code in [
        "U1", "U2", "U3", "U4", "U5", "U6", "A3", "A4", "A5", "A6", "H5", "K1", "K2", "K3", "P1",
        "P2", "P3", "R1", "R2", "R3", "R5", "S1", "T0", "T1", "T2", "T3", "T4", "Z1", "Z11", "Z14",
        "C1", "C2", "D1", "E1", "V2", "V3", "V4", "L1", "L2", "L3", "J1", "J2", "J3", "X1", "E11",
        "E12", "E13", "E14", "E15", "E16", "E17", "E2", "E3", "E4A", "E4B", "E41", "E43", "E44",
        "E45", "E46", "E47", "E48", "E5", "E6", "E7", "E8", "E9", "CARPL", "CLOSE", "ALLEG",
        "STAND", "APPRR", "CREQB", "CREQO", "CHILD", "LAREQ", "PLACE", "CUSTOD", "OTHER", "PR0",
        "PR5",
    ] {
        assert!(text.contains(&format!("`{code}`")), "{code} is not in the mapping");
    }
}
