//! A statutory return: `import ssda903`.

use std::path::Path;

use super::{SECRET, expect, gigabyte};
use crate::run::pleegzorg;

const EPISODES: &str =
    "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN";
const HEADER: &str = "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB";
const OC2: &str = "CHILD,DOB,SDQ_SCORE,SDQ_REASON";

/// A sound return of two children.
fn sound() -> [(&'static str, String); 3] {
    let one = format!("{SECRET}1");
    let two = format!("{SECRET}2");
    [
        (
            "episodes.csv",
            format!(
                "{EPISODES}\n\
                 {one},01/05/2023,S,C2,N1,U6,PR1,01/07/2023,X1,CREQB,ZZ1 1AA,ZZ2 2BB,1\n\
                 {one},01/07/2023,P,C2,N1,U6,PR1,,,,ZZ1 1AA,ZZ3 3CC,1\n\
                 {two},01/06/2023,S,V2,N1,U3,PR1,,,,ZZ1 1AA,ZZ2 2BB,1\n"
            ),
        ),
        ("header.csv", format!("{HEADER}\n{one},1,05/06/2010,,,,\n{two},2,06/07/2011,,,,\n")),
        ("oc2.csv", format!("{OC2}\n{one},05/06/2010,12,\n{two},06/07/2011,,SDQ1\n")),
    ]
}

/// A folder in which one file has other bytes; none where it is to be missing.
fn folder(file: &str, bytes: impl FnOnce(&str) -> Option<Vec<u8>>) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("in")).unwrap();
    let mut bytes = Some(bytes);
    for (name, text) in sound() {
        let new = match bytes.take_if(|_| name == file) {
            Some(bytes) => bytes(&text),
            None => Some(text.into_bytes()),
        };
        if let Some(new) = new {
            std::fs::write(dir.path().join("in").join(name), new).unwrap();
        }
    }
    dir
}

const IMPORT: [&str; 5] = ["import", "ssda903", "in", "-o", "out"];

/// The import reports this code in this place, and the history is still written.
#[track_caller]
fn told(dir: &Path, code: &str, file: &str, row: Option<u64>) {
    let json = expect(dir, &IMPORT, 1, code).json();
    let found = json["findings"].as_array().unwrap().iter().find(|f| f["code"] == code).unwrap();
    assert_eq!((found["file"].as_str(), found["row"].as_u64()), (Some(file), row), "{found}");
    for key in ["what", "why", "repair"] {
        assert!(found[key].as_str().is_some_and(|t| !t.is_empty()), "{found}");
    }
    // What was written is a history that can be read.
    let again = pleegzorg(dir, &["check", "out"]);
    assert!(again.code <= 1, "{}", again.stderr);
    assert!(!again.stdout.contains("fault:"), "{}", again.stdout);
}

/// The import stops: nothing is written.
#[track_caller]
fn stops(dir: &Path, code: i32, word: &str) {
    expect(dir, &IMPORT, code, word);
    assert!(!dir.join("out").exists());
}

#[test]
fn a_sound_return_has_no_finding() {
    let dir = folder("episodes.csv", |t| Some(t.into()));
    let json = expect(dir.path(), &IMPORT, 0, "\"findings\": []").json();
    assert_eq!(json["rows"]["episodes.csv"], 3);
    expect(dir.path(), &["check", "out"], 0, "\"findings\": []");
}

#[test]
fn tables_that_are_missing_empty_or_foreign() {
    for (file, table) in [("episodes.csv", "Episodes"), ("header.csv", "Header")] {
        let missing = format!("{table} is missing: no file of the folder has the header row");
        stops(folder(file, |_| None).path(), 3, &missing);
        for bytes in [&b""[..], b"\n\n", b"\xff\xfeC\0H\0", b"PK\x03\x04"] {
            stops(folder(file, |_| Some(bytes.to_vec())).path(), 3, &missing);
        }
        let blanks = folder(file, |t| Some(t.replace(',', " ").into()));
        stops(blanks.path(), 3, &missing);
        let header = folder(file, |t| Some(t.lines().next().unwrap().into()));
        stops(header.path(), 4, "has no row that can be used");
        let of_no_table = folder(file, |_| None);
        std::fs::create_dir(of_no_table.path().join("in").join(file)).unwrap();
        stops(of_no_table.path(), 3, &missing);
    }
    // A table that need not be there: what it has instead is told.
    told(folder("oc2.csv", |_| Some(Vec::new())).path(), "PZ0901", "oc2.csv", None);
    let dir = tempfile::tempdir().unwrap();
    expect(dir.path(), &["import", "ssda903", "nowhere", "-o", "out"], 3, "nowhere");
    std::fs::write(dir.path().join("file"), "").unwrap();
    expect(dir.path(), &["import", "ssda903", "file", "-o", "out"], 3, "file");
}

#[test]
fn rows_that_cannot_be_read() {
    let latin = |t: &str| {
        let mut bytes = t.as_bytes().to_vec();
        let at = bytes.windows(3).position(|w| w == b"ZZ3").unwrap();
        bytes[at] = 0xe9;
        Some(bytes)
    };
    told(folder("episodes.csv", latin).path(), "PZ0905", "episodes.csv", Some(3));
    let short = |t: &str| Some(t.replacen(",ZZ3 3CC,1", "", 1).into());
    told(folder("episodes.csv", short).path(), "PZ0905", "episodes.csv", Some(3));
    // A quote that is never closed swallows the row after it; both are counted.
    let open = |t: &str| Some(t.replacen("05/06/2010,12,", "05/06/2010,12,\"", 1).into());
    let dir = folder("oc2.csv", open);
    let json = expect(dir.path(), &IMPORT, 1, "a quote that is not closed").json();
    assert_eq!((&json["rows"]["oc2.csv"], &json["dropped"]["oc2.csv"]), (&2.into(), &2.into()));
    told(folder("oc2.csv", open).path(), "PZ0905", "oc2.csv", Some(2));
    let twice = |t: &str| Some(t.replacen("HOME_POST", "DEC", 1).into());
    let dir = folder("episodes.csv", twice);
    stops(dir.path(), 4, "has no row that can be used");
    let twice = |t: &str| Some(t.replacen("SDQ_REASON", "SDQ_SCORE", 1).into());
    told(folder("oc2.csv", twice).path(), "PZ0933", "oc2.csv", Some(1));
}

#[test]
fn a_line_of_a_gigabyte() {
    for file in ["episodes.csv", "header.csv", "oc2.csv"] {
        let dir = folder(file, |t| Some(t.into()));
        let (_, text) = sound().into_iter().find(|(n, _)| *n == file).unwrap();
        gigabyte(&dir.path().join("in").join(file), text.as_bytes());
        let row = text.lines().count() as u64 + 1;
        told(dir.path(), "PZ0905", file, Some(row));
    }
    // Without an end of its first line, a file is no table.
    let dir = folder("episodes.csv", |t| Some(t.into()));
    gigabyte(&dir.path().join("in/episodes.csv"), b"CHILD,DECOM");
    stops(dir.path(), 3, "Episodes is missing");
}

#[test]
fn nan_infinity_and_impossible_values() {
    for cell in ["NaN", "inf", "-1", "41", "1e1", "+12"] {
        let bad = |t: &str| Some(t.replacen(",12,", &format!(",{cell},"), 1).into());
        told(folder("oc2.csv", bad).path(), "PZ0931", "oc2.csv", Some(2));
    }
    for (from, to, code) in [
        ("01/07/2023,P", "NaN,P", "PZ0907"),
        ("01/07/2023,P", "31/06/2023,P", "PZ0907"),
        (",P,C2,N1,U6", ",Q,C2,N1,U6", "PZ0908"),
        (",P,C2,N1,U6", ",P,C2,N1,U66", "PZ0908"),
        (",P,C2,N1,U6", ",P,C9,N1,U6", "PZ0909"),
        (",P,C2,N1,U6", ",P,C2,N1,K3", "PZ0910"),
        (",P,C2,N1,U6,PR1,,,", ",P,C2,N1,U6,PR1,01/06/2023,X1,", "PZ0915"),
        (",P,C2,N1,U6,PR1,,,", ",P,C2,N1,U6,PR1,01/09/2023,E4A,CARPL", "PZ0934"),
        (",P,C2,N1,U6,PR1,,,", ",P,C2,N1,U6,PR1,01/09/2023,,", "PZ0918"),
        (",P,C2,N1,U6,PR1,,,", ",P,C2,N1,U6,PR1,01/09/2023,X1,CARPL", "PZ0927"),
    ] {
        let bad = |t: &str| {
            assert!(t.contains(from), "{from}");
            Some(t.replacen(from, to, 1).into())
        };
        told(folder("episodes.csv", bad).path(), code, "episodes.csv", Some(3));
    }
}

#[test]
fn the_account_for_a_person_ends_with_counts() {
    let bad = |t: &str| Some(t.replacen(",12,", ",99,", 1).into());
    let dir = folder("oc2.csv", bad);
    let text = pleegzorg(dir.path(), &IMPORT).code(1).stdout;
    for part in ["PZ0931 fault: oc2.csv, line 2, SDQ_SCORE", "repair: ", "PZ0931         1  "] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    assert!(!text.contains(SECRET), "{text}");
    assert!(text.contains("The history is in out: 2 children, 3 stays"), "{text}");
}
