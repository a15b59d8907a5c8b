//! `check --json`: every fault with file, row, column, code, what, why and repair; the summary and
//! the count per code; and every way in which a sound folder may be written.

use serde_json::Value;

use crate::history::folder::{Folder, STUDY};
use crate::run::{Ran, pleegzorg};

const CHILDREN: &str = "children.csv";
const FAMILIES: &str = "families.csv";
const STAYS: &str = "stays.csv";
const EVENTS: &str = "events.csv";
const SCORES: &str = "assessments.csv";

fn check(folder: &Folder, args: &[&str]) -> Ran {
    let dir = tempfile::tempdir().unwrap();
    folder.write_to(dir.path());
    pleegzorg(dir.path(), &[&["check", "."], args].concat())
}

/// Asserts that `check --json` finds exactly one thing: its code and severity, its place (0 and
/// "" for none), a word of what it is and one of how to repair it.
#[track_caller]
fn one(
    folder: &Folder,
    (code, severity): (&str, &str),
    (file, row, column): (&str, u64, &str),
    what: &str,
    repair: &str,
) {
    let json = check(folder, &["--json"]).code(1).json();
    let findings = json["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{code}: {json:#}");
    let found = &findings[0];
    assert_eq!((&found["code"], &found["severity"]), (&code.into(), &severity.into()), "{found}");
    assert_eq!(found["file"], file, "{found}");
    assert_eq!(found["row"].as_u64().unwrap_or(0), row, "{found}");
    assert_eq!(found["column"].as_str().unwrap_or(""), column, "{found}");
    for (key, word) in [("what", what), ("why", ""), ("repair", repair)] {
        let text = found[key].as_str().unwrap();
        assert!(text.len() > 15 && text.contains(word), "{key} has no {word:?}: {found}");
    }
    assert_eq!(json["counts"], serde_json::json!({ code: 1 }));
    // The same for a person, and what the code means in both languages.
    let text = check(folder, &[]).code(1).stdout;
    let place = if row == 0 { String::new() } else { format!(", line {row}") };
    assert!(text.starts_with(&format!("{code} {severity}: {file}{place}")), "{text}");
    for key in ["what", "why", "repair"] {
        assert!(text.contains(found[key].as_str().unwrap()), "{text}");
    }
    let (faults, others) = if severity == "fault" {
        ("1 fault ", "0 other findings")
    } else {
        ("0 faults ", "1 other finding.")
    };
    assert!(text.contains(faults) && text.contains(others), "{text}");
    let dir = tempfile::tempdir().unwrap();
    for lang in ["en", "nl"] {
        let said = pleegzorg(dir.path(), &["explain", code, "--lang", lang]).code(0).stdout;
        assert!(said.starts_with(code) && said.lines().count() >= 5, "{said}");
    }
}

fn replaced(file: &str, from: &str, to: &str) -> Folder {
    Folder::sound().replace(file, from, to)
}

const FAULT: &str = "fault";
const FINDING: &str = "finding";

#[test]
fn a_missing_column_and_ids_that_do_not_hold() {
    one(
        &replaced(STAYS, "region", "regoin"),
        ("PZ0013", FINDING),
        (STAYS, 1, "regoin"),
        "not in the codebook",
        "rename it to region",
    );
    let missing = Folder::sound()
        .without(EVENTS)
        .with("areas.csv", "area,lat\n7511,52.2\n7512,52.3\n7513,52.4\n7514,52.5\n");
    one(
        &missing,
        ("PZ0011", FAULT),
        ("areas.csv", 1, "lon"),
        "required column lon is missing",
        "lengtegraad",
    );
    let twice = Folder::sound().line(CHILDREN, "c1,2009-09-09,,,,,,,,,");
    one(&twice, ("PZ0201", FAULT), (CHILDREN, 5, "child_id"), "same id", "Remove");
    one(
        &replaced(STAYS, "s3,c2", "s3,c9"),
        ("PZ0202", FAULT),
        (STAYS, 4, "child_id"),
        "children.csv",
        "add the row",
    );
    one(
        &replaced(EVENTS, "c1,s1", "c1,s9"),
        ("PZ0202", FAULT),
        (EVENTS, 2, "stay_id"),
        "stays.csv",
        "correct the id",
    );
}

#[test]
fn stays_that_overlap_or_leave_a_gap() {
    let overlap = replaced(STAYS, "2014-09-09,2016", "2014-09-01,2016");
    one(&overlap, ("PZ0401", FAULT), (STAYS, 5, "start"), "overlap", "part_time");
    let gap = replaced(STAYS, "2014-09-09,2016", "2014-10-09,2016");
    one(&gap, ("PZ0403", FINDING), (STAYS, 5, "start"), "30 days pass", "stay in between");
    // A part-time stay within another is no overlap: the sound folder has one.
    assert!(Folder::sound().text(STAYS).contains(",part_time,"));
    check(&Folder::sound(), &["--json"]).code(0);
    one(
        &replaced(STAYS, ",part_time,", ",full_time,"),
        ("PZ0402", FAULT),
        (STAYS, 7, "start"),
        "end",
        "Fill in the end",
    );
}

#[test]
fn dates_that_cannot_be() {
    let dated = |from: &str, to: &str| replaced(STAYS, from, to);
    one(
        &dated("2014-09-09,planned_move", "2014-07-09,planned_move"),
        ("PZ0301", FAULT),
        (STAYS, 4, "end"),
        "ends before it starts",
        "",
    );
    one(
        &replaced(CHILDREN, "2005-03-02", "2012-03-02"),
        ("PZ0303", FAULT),
        (STAYS, 6, "start"),
        "birth",
        "birth",
    );
    one(
        &replaced(CHILDREN, "2005-03-02", "1985-03-02"),
        ("PZ0304", FAULT),
        (STAYS, 6, "start"),
        "23",
        "birth",
    );
    one(
        &dated("2015-02-11", "2021-02-01"),
        ("PZ0113", FAULT),
        (STAYS, 6, "end"),
        "extraction",
        "extraction",
    );
    one(
        &dated("2015-02-11", "9999-12-31"),
        ("PZ0112", FAULT),
        (STAYS, 6, "end"),
        "stands for",
        "blank",
    );
    one(
        &replaced(CHILDREN, "2005-03-02", "1900-01-01"),
        ("PZ0112", FAULT),
        (CHILDREN, 4, "birth"),
        "stands for",
        "blank",
    );
    one(
        &dated("2014-08-03", "2014-02-30"),
        ("PZ0102", FAULT),
        (STAYS, 4, "start"),
        "date",
        "yyyy-mm-dd",
    );
}

#[test]
fn ends_and_reasons_belong_together() {
    one(
        &replaced(STAYS, "administrative", ""),
        ("PZ0305", FINDING),
        (STAYS, 6, "end_reason"),
        "reason",
        "Fill in end_reason",
    );
    one(
        &replaced(STAYS, "2015-02-11,", ","),
        ("PZ0306", FAULT),
        (STAYS, 6, "end_reason"),
        "end",
        "end date",
    );
}

#[test]
fn dates_all_on_1_january() {
    let mut children = Folder::sound().text(CHILDREN);
    let mut stays = Folder::sound().text(STAYS);
    for i in 0..40 {
        children += &format!("k{i},20{:02}-01-01,,,,,,,,,\n", i % 10);
        stays += &format!("k{i},k{i},foster,,general,,2012-0{}-11,,,,,,,,,,\n", 1 + i % 9);
    }
    let folder = Folder::sound().with(CHILDREN, children).with(STAYS, stays);
    one(&folder, ("PZ0406", FINDING), (CHILDREN, 0, "birth"), "1 January", "births as months");
}

#[test]
fn a_column_of_bsns_is_refused() {
    // Of the range of test numbers, the first that pass the check.
    let passes = |n: u32| {
        let digits: Vec<u32> = n.to_string().bytes().map(|b| u32::from(b - b'0')).collect();
        let sum: u32 = (0..8).map(|k| digits[k] * (9 - k as u32)).sum();
        sum % 11 == digits[8]
    };
    let mut children = String::from("child_id,birth,sex\n");
    let mut stays = String::from("stay_id,child_id,setting,start\n");
    for (k, n) in (999_900_006..).filter(|&n| passes(n)).take(30).enumerate() {
        children += &format!("{n},2010-05-{:02},\n", 1 + k % 28);
        stays += &format!("s{k},{n},residential,2015-05-{:02}\n", 1 + k % 28);
    }
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [(CHILDREN, &*children), (STAYS, &stays), ("study.toml", STUDY)] {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    for args in
        [&["check", "."][..], &["check", ".", "--json"], &["train", "."], &["describe", "."]]
    {
        let ran = pleegzorg(dir.path(), args).code(5);
        assert!(ran.stdout.is_empty());
        for word in ["PZ0018", "child_id of children.csv", "child_id of stays.csv", "pseudonyms"] {
            assert!(ran.stderr.contains(word), "no {word}: {}", ran.stderr);
        }
        assert!(!ran.stderr.contains("9999"), "{}", ran.stderr);
    }
}

/// Several of each: counted by code, in the order of files and lines.
#[test]
fn every_fault_at_once_with_a_summary_and_a_count_per_code() {
    let folder = Folder::sound()
        .replace(CHILDREN, "2010-11", "2010-13")
        .line(CHILDREN, "c1,2009-09-09,,,,,,,,,")
        .replace(STAYS, "2015-02-11,", ",")
        .replace(FAMILIES, ",2,4,12,", ",two,13,12,")
        .line(EVENTS, "c9,,2012-02-30,helper_chnge,,,,,")
        .replace(SCORES, ",21,", ",41,");
    let json = check(&folder, &["--json"]).code(1).json();
    let findings = json["findings"].as_array().unwrap();
    let counted: u64 = json["counts"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(findings.len() as u64, counted);
    let places: Vec<String> = findings
        .iter()
        .map(|f| {
            format!(
                "{} {} {} {}",
                f["code"].as_str().unwrap(),
                f["file"].as_str().unwrap(),
                f["row"],
                f["column"].as_str().unwrap_or("")
            )
        })
        .collect();
    for place in [
        "PZ0102 children.csv 3 birth",
        "PZ0201 children.csv 5 child_id",
        "PZ0105 families.csv 2 places",
        "PZ0306 stays.csv 6 end_reason",
        "PZ0202 events.csv 4 child_id",
        "PZ0102 events.csv 4 date",
        "PZ0110 events.csv 4 kind",
        "PZ0115 assessments.csv 2 score",
    ] {
        assert!(places.iter().any(|p| p == place), "no {place} in {places:#?}");
    }
    assert_eq!(json["rows"][CHILDREN], 4);
    assert_eq!(json["rows"][STAYS], 6);
    let text = check(&folder, &[]).code(1).stdout;
    let end = &text[text.find("Rows read").unwrap()..];
    assert!(end.contains("children.csv                  4"), "{end}");
    for (code, count) in json["counts"].as_object().unwrap() {
        let line = end.lines().find(|l| l.contains(code.as_str())).unwrap();
        let count = count.to_string();
        assert!(line.split_whitespace().any(|w| w == count), "{line}");
    }
    assert!(end.contains("these block training, scoring and matching"), "{end}");
    // The list may be shortened; the counts stay whole.
    let short = check(&folder, &["--most", "1"]).code(1).stdout;
    assert!(short.contains(&format!("… and {} more", counted - 1)), "{short}");
    assert_eq!(&short[short.find("Rows read").unwrap()..], end);
}

/// A decimal comma, semicolons, other dates, a byte-order mark, Dutch names, line ends within
/// quotes: none of them is a finding.
#[test]
fn a_sound_folder_may_be_written_in_many_ways() {
    let sound = Folder::sound();
    let semicolons = |text: String| text.replace(';', "|").replace(',', ";");
    let date = |text: &str, style: fn(&str, &str, &str) -> String| {
        let mut out = String::new();
        for cell in text.split_inclusive([',', '\n', '|']) {
            let (value, end) = cell.split_at(cell.len() - 1);
            let parts: Vec<&str> = value.split('-').collect();
            match parts.as_slice() {
                [y, m, d] if y.len() == 4 && m.len() == 2 => out += &style(y, m, d),
                _ => out += value,
            }
            out += end;
        }
        out
    };
    let each = |change: &dyn Fn(&str, String) -> String| {
        let mut folder = sound.clone();
        for name in [
            CHILDREN,
            FAMILIES,
            "family_periods.csv",
            STAYS,
            EVENTS,
            SCORES,
            "areas.csv",
            "requests.csv",
            "offers.csv",
        ] {
            folder = folder.with(name, change(name, sound.text(name)));
        }
        folder
    };
    let decimal = |name: &str, text: String| match name {
        SCORES | "areas.csv" => semicolons(text).replace('.', ","),
        _ => semicolons(text),
    };
    let ways: Vec<(&str, Folder)> = vec![
        ("as it is", sound.clone()),
        ("semicolons", each(&|_, t| semicolons(t))),
        ("decimal comma", each(&decimal)),
        ("dd-mm-yyyy", each(&|_, t| date(&t, |y, m, d| format!("{d}-{m}-{y}")))),
        (
            "dd/mm/yyyy",
            each(&|_, t| date(&t, |y, m, d| format!("{d}/{m}/{y}")))
                .with("study.toml", format!("{STUDY}[format]\ndate = \"dd/mm/yyyy\"\n")),
        ),
        ("byte-order mark", each(&|_, t| format!("\u{feff}{t}"))),
        ("carriage returns", each(&|_, t| t.replace('\n', "\r\n"))),
        ("a line end in quotes", sound.clone().replace(FAMILIES, "moved away", "\"moved\naway\"")),
        (
            "Dutch names",
            sound
                .clone()
                .replace(CHILDREN, "child_id,birth,sex", "kind_id,geboortedatum,geslacht")
                .replace(STAYS, "stay_id,child_id,setting", "verblijf_id,kind_id,verblijfsvorm")
                .replace(STAYS, "start,end,end_reason", "begindatum,einddatum,reden_einde")
                .replace(STAYS, "ots,yes,east", "ots,ja,east"),
        ),
    ];
    let rows = check(&sound, &["--json"]).code(0).json()["rows"].clone();
    for (way, folder) in ways {
        let ran = check(&folder, &["--json"]);
        assert_eq!(ran.code, 0, "{way}: {}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.json()["rows"], rows, "{way}");
    }
    // Where two readings remain it asks, and names the key that settles it.
    let scores = "subject_kind,subject_id,date,scale,score\nchild,c1,2012-01-20,own_scale,1.234\n";
    let asked = sound.with(SCORES, scores);
    let json = check(&asked, &["--json"]).code(1).json();
    assert!(
        json["findings"][0]["repair"].as_str().unwrap().contains("[format] decimal"),
        "{json:#}"
    );
}
