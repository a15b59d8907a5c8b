//! A history folder: `check`, `train`, `evaluate`, `describe`, `score` and `match`.

use std::path::Path;
use std::sync::OnceLock;

use pleegzorg::simulate::{Scenario, simulate, write};

use super::{SECRET, expect, gigabyte, run};
use crate::run::{Ran, root};

/// The files of a sound history, simulated; every id begins with the secret.
fn sound() -> &'static [(String, String)] {
    static FILES: OnceLock<Vec<(String, String)>> = OnceLock::new();
    FILES.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        write(&simulate(&Scenario::base(), 60, 7), dir.path(), false).unwrap();
        let mut files = Vec::new();
        for entry in std::fs::read_dir(dir.path()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let mut text = std::fs::read_to_string(&path).unwrap();
            for letter in ["C0", "F0", "S0", "R0", "G0"] {
                text = text.replace(letter, &format!("{SECRET}{letter}"));
            }
            files.push((name, text));
        }
        files
    })
}

/// A folder in which one file has other bytes; none where the file is to be missing.
fn folder(file: &str, change: impl FnOnce(&str) -> Option<Vec<u8>>) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut change = Some(change);
    for (name, text) in sound() {
        let bytes = match change.take_if(|_| name == file) {
            Some(change) => change(text),
            None => Some(text.clone().into_bytes()),
        };
        if let Some(bytes) = bytes {
            std::fs::write(dir.path().join(name), bytes).unwrap();
        }
    }
    assert!(change.is_none(), "there is no {file}");
    dir
}

/// The verbs beside `check`.
fn others(dir: &Path) -> Vec<Ran> {
    let model = root().join("models/example.json");
    let model = model.to_str().unwrap();
    let quick = ["--set", "evaluate.folds=2", "--set", "evaluate.repeats=1"];
    let evaluate = [&["evaluate", "."][..], &quick, &["--set", "evaluate.bootstrap=0"]].concat();
    let mut all =
        vec![run(dir, &["train", "."]), run(dir, &evaluate), run(dir, &["describe", "."])];
    for verb in ["score", "match"] {
        all.push(run(dir, &[verb, model, ".", "--as-of", "2023-06-01", "--research"]));
    }
    all
}

/// Every verb ends with this code and says this word on stderr.
#[track_caller]
fn all(dir: &Path, code: i32, word: &str) {
    expect(dir, &["check", "."], code, word);
    for ran in others(dir) {
        assert_eq!(ran.code, code, "{}", ran.stderr);
        assert!(ran.stderr.contains(word), "no {word:?} in {}", ran.stderr);
    }
}

/// `check` reports this code in this place, and the other verbs are blocked by it.
#[track_caller]
fn fault(dir: &Path, code: &str, file: &str, row: Option<u64>, column: Option<&str>) {
    let json = expect(dir, &["check", "."], 1, code).json();
    let found = json["findings"].as_array().unwrap().iter().find(|f| f["code"] == code).unwrap();
    assert_eq!(found["severity"], "fault");
    assert_eq!(found["file"], file);
    assert_eq!(found["row"].as_u64(), row, "{found}");
    assert_eq!(found["column"].as_str(), column, "{found}");
    for ran in others(dir) {
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        assert!(ran.stderr.contains(code), "no {code} in {}", ran.stderr);
        assert!(ran.stderr.contains("pleegzorg check"), "{}", ran.stderr);
    }
}

/// Changes the first cell of a line; line 1 is the header.
fn line(text: &str, number: usize, change: impl Fn(&str) -> String) -> Option<Vec<u8>> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines[number - 1] = change(&lines[number - 1]);
    Some((lines.join("\n") + "\n").into_bytes())
}

/// Changes a column of every line that the filter takes.
fn column(text: &str, name: &str, change: impl Fn(usize, &str) -> String) -> Option<Vec<u8>> {
    let at = text.lines().next().unwrap().split(',').position(|c| c == name).unwrap();
    let mut out = String::new();
    for (k, line) in text.lines().enumerate() {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        if k > 0 {
            cells[at] = change(k + 1, &cells[at]);
        }
        out += &(cells.join(",") + "\n");
    }
    Some(out.into_bytes())
}

#[test]
fn a_sound_folder_is_no_bad_input() {
    let dir = folder("stays.csv", |text| Some(text.into()));
    expect(dir.path(), &["check", "."], 0, "\"findings\": []");
    for ran in others(dir.path()) {
        assert!(matches!(ran.code, 0 | 1 | 5), "{}", ran.stderr);
    }
}

#[test]
fn empty_files_and_headers_alone() {
    for file in ["children.csv", "stays.csv", "assessments.csv"] {
        fault(folder(file, |_| Some(Vec::new())).path(), "PZ0001", file, None, None);
        let header = folder(file, |t| Some(t.lines().next().unwrap().into()));
        if file == "assessments.csv" {
            // A file that need not be there may have no rows.
            expect(header.path(), &["check", "."], 0, "\"assessments.csv\": 0");
        } else {
            fault(header.path(), "PZ0014", file, None, None);
        }
    }
    all(folder("study.toml", |_| Some(Vec::new())).path(), 2, "[window] is missing");
}

#[test]
fn other_encodings_separators_and_doubled_columns() {
    for file in ["children.csv", "stays.csv", "events.csv"] {
        let first = |text: &str| text.split(',').next().unwrap().to_owned();
        let name = first(&sound().iter().find(|(n, _)| n == file).unwrap().1);
        let latin = folder(file, |t| {
            let mut bytes = line(t, 3, |l| l.replacen(SECRET, "SECR\u{1}T", 1)).unwrap();
            bytes.iter_mut().filter(|b| **b == 1).for_each(|b| *b = 0xe9);
            Some(bytes)
        });
        fault(latin.path(), "PZ0003", file, Some(3), Some(&name));
        let tabs = folder(file, |t| Some(t.replace(',', "\t").into()));
        fault(tabs.path(), "PZ0005", file, None, None);
        let blanks = folder(file, |t| Some(t.replace(',', " ").into()));
        fault(blanks.path(), "PZ0007", file, Some(1), None);
        let twice = folder(file, |t| {
            let doubled = t.lines().map(|l| format!("{l},{}\n", first(l)));
            Some(doubled.collect::<String>().into())
        });
        fault(twice.path(), "PZ0012", file, Some(1), Some(&name));
        let workbook = folder(file, |_| Some(b"PK\x03\x04".to_vec()));
        if file == "events.csv" {
            fault(workbook.path(), "PZ0002", file, None, None);
        } else {
            all(workbook.path(), 4, "workbook");
        }
        let open = folder(file, |t| line(t, 4, |l| format!("\"{l}")));
        fault(open.path(), "PZ0009", file, Some(4), None);
    }
    all(folder("study.toml", |_| Some(b"title = \"\xe9\"".to_vec())).path(), 2, "not UTF-8");
}

#[test]
fn missing_files_and_folders_in_their_place() {
    for file in ["children.csv", "stays.csv", "study.toml", "events.csv"] {
        let dir = folder(file, |_| None);
        if file == "study.toml" {
            expect(dir.path(), &["check", "."], 3, "study.toml is missing");
            expect(dir.path(), &["train", "."], 3, "study.toml");
        } else if file != "events.csv" {
            all(dir.path(), 3, &format!("{file} is missing"));
        }
        std::fs::create_dir(dir.path().join(file)).unwrap();
        all(dir.path(), 3, "folder, not a file");
    }
    let dir = folder("stays.csv", |_| None);
    expect(dir.path(), &["check", "nowhere"], 3, "cannot be read as a folder");
    expect(dir.path(), &["check", "children.csv"], 3, "it is a file");
    expect(dir.path(), &["train", "children.csv"], 2, "children.csv is not a study file");
}

#[test]
fn a_line_of_a_gigabyte() {
    for file in ["children.csv", "stays.csv", "assessments.csv"] {
        let dir = folder(file, |text| Some(text.into()));
        let (_, text) = sound().iter().find(|(n, _)| n == file).unwrap();
        gigabyte(&dir.path().join(file), text.as_bytes());
        let last = text.lines().count() as u64 + 1;
        fault(dir.path(), "PZ0008", file, Some(last), None);
    }
    let dir = folder("study.toml", |text| Some(text.into()));
    gigabyte(&dir.path().join("study.toml"), b"title = \"");
    for ran in others(dir.path()) {
        assert_eq!(ran.code, 2, "{}", ran.stderr);
    }
    expect(dir.path(), &["check", "."], 2, "study.toml");
}

#[test]
fn nan_and_infinity() {
    for cell in ["NaN", "inf", "-Infinity", "1e999"] {
        for (file, name) in [("assessments.csv", "score"), ("areas.csv", "lat")] {
            let bad = |k: usize, old: &str| if k == 5 { cell.to_owned() } else { old.to_owned() };
            let dir = folder(file, |t| column(t, name, bad));
            fault(dir.path(), "PZ0105", file, Some(5), Some(name));
        }
    }
    for cell in ["NaN", "inf"] {
        let bad = |k: usize, old: &str| if k == 5 { cell.to_owned() } else { old.to_owned() };
        let dir = folder("stays.csv", |t| column(t, "start", bad));
        fault(dir.path(), "PZ0102", "stays.csv", Some(5), Some("start"));
    }
}

/// The stays of the sound folder, each child's first alone, all of them running, but for some.
fn running(text: &str, ended: impl Fn(usize) -> Option<&'static str>) -> Option<Vec<u8>> {
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let at = |name: &str| header.iter().position(|c| *c == name).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    let mut out = text.lines().next().unwrap().to_owned() + "\n";
    for (k, line) in text.lines().enumerate().skip(1) {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        if !seen.insert(cells[at("child_id")].clone()) {
            continue;
        }
        for name in ["end", "end_reason", "end_planned", "end_wanted"] {
            cells[at(name)].clear();
        }
        if let Some(day) = ended(k) {
            cells[at("end")] = day.into();
            cells[at("end_reason")] = "child_request".into();
        }
        out += &(cells.join(",") + "\n");
    }
    Some(out.into_bytes())
}

/// Without the files that refer to stays.
fn bare(dir: &tempfile::TempDir) {
    for file in ["events.csv", "assessments.csv", "requests.csv", "offers.csv"] {
        std::fs::remove_file(dir.path().join(file)).unwrap();
    }
}

#[test]
fn no_events_one_event_and_all_at_one_time() {
    let terms = ["--set", "features.terms=[\"age\"]"];
    let quick = ["--set", "evaluate.folds=2", "--set", "evaluate.repeats=1"];
    for (ended, trained, word) in [
        (None, 1, "without events there is nothing to fit"),
        (Some(1), 0, "1 events for 1 terms"),
        (Some(usize::MAX), 0, "all events are at one time"),
    ] {
        let dir = folder("stays.csv", |t| {
            let begun = |k: usize| ended.is_some_and(|most| k <= most);
            let all = running(t, |k| begun(k).then_some("2023-12-31"))?;
            // All begin on one day as well, so that all end after the same time.
            let text = String::from_utf8(all).ok()?;
            column(&text, "start", |_, _| "2022-06-01".to_owned())
        });
        bare(&dir);
        // Old enough and young enough for every stay.
        let (_, children) = sound().iter().find(|(n, _)| n == "children.csv").unwrap();
        let born = |k: usize, _: &str| format!("20{:02}-05-05", 6 + k % 9);
        let children = column(children, "birth", born).unwrap();
        let children = String::from_utf8(children).unwrap();
        let children = column(&children, "first_out_of_home", |_, _| String::new()).unwrap();
        std::fs::write(dir.path().join("children.csv"), children).unwrap();
        let ran = run(dir.path(), &[&["train", "."][..], &terms].concat());
        assert_eq!(ran.code, trained, "{}", ran.stderr);
        assert!((ran.stderr.clone() + &ran.stdout).contains(word), "{word}: {}", ran.stderr);
        let judged = run(dir.path(), &[&["evaluate", "."][..], &terms, &quick].concat());
        assert_eq!(judged.code, 0, "{}", judged.stderr);
        assert_eq!(judged.json()["verdict"], "not-enough-data");
        expect(dir.path(), &["describe", "."], 0, "schema");
    }
}

#[test]
fn a_constant_column_and_a_level_per_stay() {
    let quick = ["--set", "evaluate.folds=2", "--set", "evaluate.repeats=1"];
    let terms = |list: &str| format!("features.terms=[{list}]");
    // The same region everywhere; a provider per stay.
    let dir = folder("stays.csv", |t| column(t, "provider", |_, _| "one".into()));
    let constant = terms("\"age\", \"factor(provider)\"");
    let word = "provider has one level only";
    expect(dir.path(), &["train", ".", "--set", &constant], 0, word);
    let evaluate = [&["evaluate", ".", "--set", &constant][..], &quick].concat();
    expect(dir.path(), &evaluate, 0, word);
    let dir = folder("stays.csv", |t| column(t, "provider", |k, _| format!("{SECRET}{k}")));
    let ran = run(dir.path(), &["train", ".", "--set", &constant]);
    assert!(ran.code == 0 || ran.code == 5, "{}", ran.stderr);
    let evaluate = [&["evaluate", ".", "--set", &constant][..], &quick].concat();
    let ran = run(dir.path(), &evaluate);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    expect(dir.path(), &["describe", ".", "--by", "provider"], 2, "groups, not 1 to 50");
}
