//! A flat table: `train`, `evaluate` and `describe`.

use std::fmt::Write;
use std::path::Path;

use super::{SECRET, expect, gigabyte, run};

const VERBS: [&str; 3] = ["train", "evaluate", "describe"];
const ROWS: usize = 200;

/// The cells of a row: id, time, event, x, y and the word z.
#[derive(Clone)]
struct Row([String; 6]);

const HEADER: &str = "id,time,event,x,y,z";

/// A sound table in which x matters.
fn rows() -> Vec<Row> {
    let mut state = 1_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (state >> 33) as f64 / (1_u64 << 31) as f64
    };
    let row = |i: usize| {
        let x = draw() * 2.0 - 1.0;
        let time = -draw().max(1e-9).ln() * 30.0 * (-0.5 * x).exp();
        let event = u8::from(time < 52.0);
        Row([
            format!("{SECRET}{i}"),
            format!("{:.2}", time.min(52.0) + 0.01),
            event.to_string(),
            format!("{x:.4}"),
            format!("{:.4}", draw()),
            ["a", "b", "c"][i % 3].to_owned(),
        ])
    };
    (0..ROWS).map(row).collect()
}

fn text(rows: &[Row]) -> String {
    let mut text = format!("{HEADER}\n");
    for row in rows {
        let _ = writeln!(text, "{}", row.0.join(","));
    }
    text
}

/// A sound table with one column changed.
fn with(column: usize, cell: impl Fn(usize, &Row) -> String) -> String {
    let mut all = rows();
    for (i, row) in all.iter_mut().enumerate() {
        row.0[column] = cell(i, row);
    }
    text(&all)
}

/// A folder with this table and a study of these terms.
fn folder(table: impl AsRef<[u8]>, terms: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("table.csv"), table).unwrap();
    study(dir.path(), terms);
    dir
}

fn study(dir: &Path, terms: &str) {
    let study = format!(
        "[data]\ntable = \"table.csv\"\nexit = \"time\"\nevent = \"event\"\nid = \"id\"\n\
         [outcome]\nhorizons = [10, 30]\n[features]\nterms = [{terms}]\n\
         [evaluate]\nfolds = 3\nrepeats = 1\nbootstrap = 20\n"
    );
    std::fs::write(dir.join("study.toml"), study).unwrap();
}

/// Every verb ends with this code and says this word.
#[track_caller]
fn all(dir: &Path, code: i32, word: &str) {
    for verb in VERBS {
        expect(dir, &[verb, "study.toml"], code, word);
    }
}

#[test]
fn a_sound_table_is_no_bad_input() {
    let dir = folder(text(&rows()), "\"x\", \"factor(z)\"");
    all(dir.path(), 0, "schema");
}

#[test]
fn files_that_are_no_table() {
    let sound = text(&rows());
    let utf16: Vec<u8> = sound.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: &[(&[u8], i32, &str)] = &[
        (b"", 1, "the file is empty"),
        (b"\xef\xbb\xbf\n\n", 1, "the file is empty"),
        (b"id,time,event,x\n", 1, "no rows under the header"),
        (b"id,time,event,x\nSECRET\xe9,3,1,2\n", 1, "row 2 column id: the cell is not UTF-8"),
        (b"id,time,event,x,\xe9\nSECRET,3,1,2,1\n", 1, "row 1: a column's name is not UTF-8"),
        (b"id,time,event,x\n\"SECRET,3,1,2\nSECRET,3,1,2\n", 1, "is a quote open?"),
        (b"id,time,event,x\nSECRET,3,1\n", 1, "the row has 3 cells and the header has 4"),
        (b"id,time,event,x,x\nSECRET,3,1,2,2\n", 1, "column x: this name stands above two"),
        (b"PK\x03\x04", 4, "a workbook"),
        (b"\x1f\x8b\x08", 4, "gzip"),
        (&utf16, 4, "is binary"),
    ];
    for (bytes, code, word) in cases {
        all(folder(bytes, "\"x\"").path(), *code, word);
    }
    // Blanks are no separator: one column, and the study's are not there.
    let blanks = folder(sound.replace(',', " "), "\"x\"");
    all(blanks.path(), 2, "the table has one column only");
    // Semicolons, tabs and bars are read.
    for separator in [";", "\t", "|"] {
        all(folder(sound.replace(',', separator), "\"x\"").path(), 0, "schema");
    }
}

#[test]
fn a_missing_table_and_a_folder_in_its_place() {
    let dir = tempfile::tempdir().unwrap();
    study(dir.path(), "\"x\"");
    all(dir.path(), 3, "table.csv is not there");
    std::fs::create_dir(dir.path().join("table.csv")).unwrap();
    all(dir.path(), 3, "table.csv is a folder, not a file");
    for (path, word) in [("nowhere.toml", "cannot read"), (".git", "cannot read")] {
        for verb in VERBS {
            expect(dir.path(), &[verb, path], 3, word);
        }
    }
}

#[test]
fn a_study_that_is_none() {
    let dir = folder(text(&rows()), "\"x\"");
    let path = dir.path().join("study.toml");
    for (bytes, word) in [
        (&b"title = \"\xe9\""[..], "not UTF-8"),
        (b"SECRET,1\n", "line 1"),
        (b"[data]\ntable = \"table.csv\"\nexit = \"time\"\nevnt = \"event\"\n", "evnt"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        all(dir.path(), 2, word);
    }
    gigabyte(&path, b"title = \"");
    all(dir.path(), 2, "too long");
    // An empty study is that of the history folder it lies in, which this folder is not.
    std::fs::write(&path, "").unwrap();
    all(dir.path(), 3, "children.csv is missing");
}

#[test]
fn a_line_of_a_gigabyte() {
    let dir = folder("", "\"x\"");
    let start = format!("{HEADER}\n{SECRET}1,2.5,1,1,1,a\n");
    gigabyte(&dir.path().join("table.csv"), start.as_bytes());
    all(dir.path(), 1, "row 3: the line is longer than");
}

#[test]
fn nan_and_infinity() {
    for cell in ["NaN", "nan", "inf", "-Infinity", "1e999"] {
        for column in [1, 2, 3] {
            let bad = |i: usize, row: &Row| {
                if i == 3 { cell.to_owned() } else { row.0[column].clone() }
            };
            let name = HEADER.split(',').nth(column).unwrap();
            let dir = folder(with(column, bad), "\"x\"");
            all(dir.path(), 1, &format!("row 5 column {name}: the cell is NaN, infinite"));
        }
    }
}

#[test]
fn no_events_and_one_event() {
    let none = folder(with(2, |_, _| "0".into()), "\"x\"");
    expect(none.path(), &["train", "study.toml"], 1, "without events there is nothing to fit");
    expect(none.path(), &["describe", "study.toml"], 0, "\"event\": 0");
    let judged = expect(none.path(), &["evaluate", "study.toml"], 0, "without events");
    assert_eq!(judged.json()["verdict"], "not-enough-data");
    let one = folder(with(2, |i, _| u8::from(i == 5).to_string()), "\"x\"");
    expect(one.path(), &["train", "study.toml"], 0, "1 events for 1 terms");
    expect(one.path(), &["describe", "study.toml"], 0, "\"event\": 1");
    let judged = expect(one.path(), &["evaluate", "study.toml"], 0, "1 events for 1 terms");
    assert_eq!(judged.json()["verdict"], "not-enough-data");
    // One row, and two.
    for n in [1, 2] {
        let few = folder(text(&rows()[..n]), "\"x\"");
        expect(few.path(), &["train", "study.toml"], 5, "fewer than ten rows");
        expect(few.path(), &["describe", "study.toml"], 0, "schema");
        let judged = expect(few.path(), &["evaluate", "study.toml"], 0, "fewer than ten rows");
        assert_eq!(judged.json()["verdict"], "not-enough-data");
    }
}

#[test]
fn all_events_at_one_time() {
    for end in ["20", "52"] {
        let at = |_: usize, row: &Row| if row.0[2] == "1" { "20".into() } else { end.to_owned() };
        let dir = folder(with(1, at), "\"x\"");
        expect(dir.path(), &["train", "study.toml"], 0, "all events are at one time");
        expect(dir.path(), &["evaluate", "study.toml"], 0, "verdict");
        expect(dir.path(), &["describe", "study.toml"], 0, "schema");
    }
}

#[test]
fn columns_that_say_nothing_or_everything() {
    let event = |row: &Row| row.0[2].clone();
    let constant = folder(with(4, |_, _| "7".into()), "\"x\", \"y\"");
    let twice = folder(with(4, |_, row| row.0[3].clone()), "\"x\", \"y\"");
    let apart = folder(with(3, |_, row| event(row)), "\"x\"");
    for (dir, word) in [
        (&constant, "y does not vary"),
        (&twice, "y is a linear combination of x"),
        (&apart, "(separation)"),
    ] {
        expect(dir.path(), &["train", "study.toml"], 0, word);
        expect(dir.path(), &["evaluate", "study.toml"], 0, word);
        expect(dir.path(), &["describe", "study.toml"], 0, "schema");
    }
    let asked_twice = folder(text(&rows()), "\"x\", \"x\"");
    for verb in ["train", "evaluate"] {
        expect(asked_twice.path(), &[verb, "study.toml"], 2, "\"x\" is asked for twice");
    }
    // A column of words with one level, in a factor.
    let one_level = folder(with(5, |_, _| "a".into()), "\"x\", \"factor(z)\"");
    for verb in ["train", "evaluate"] {
        expect(one_level.path(), &[verb, "study.toml"], 0, "z has one level only");
    }
    expect(one_level.path(), &["describe", "study.toml", "--by", "z"], 0, "schema");
}

/// One value, or one cluster, that decides: said with its term, never with whose it is.
#[test]
fn what_drives_a_coefficient() {
    let far = |i: usize, row: &Row| if i == 3 { "40".into() } else { row.0[3].clone() };
    let one = folder(with(3, far), "\"x\", \"y\"");
    expect(one.path(), &["train", "study.toml"], 0, "one row alone moves x by");
    let mut all = rows();
    for (i, row) in all.iter_mut().enumerate() {
        let exposed = i % 2 == 1;
        row.0[3] = u8::from(exposed).to_string();
        row.0[5] = format!("w{i}");
        if i < 40 {
            row.0[1] = if exposed { format!("0.{i:02}1") } else { format!("51.{i:02}") };
            row.0[2] = "1".into();
            row.0[5] = "together".into();
        }
    }
    let dir = folder(text(&all), "\"x\"");
    let args = ["train", "study.toml", "--set", "model.cluster=[\"z\"]"];
    expect(dir.path(), &args, 0, "one cluster alone moves x by");
}

/// Numbers that leave all range are an error that says what to do, not a NaN.
#[test]
fn an_offset_out_of_all_range() {
    let dir = folder(with(4, |i, _| (i * 50_000).to_string()), "\"x\"");
    let args = ["train", "study.toml", "--set", "model.offset=\"y\""];
    expect(dir.path(), &args, 1, "the offset differs by more than 600 between rows");
}

#[test]
fn a_level_only_in_the_test_fold() {
    let words = |i: usize, row: &Row| if i == 3 { "rare".into() } else { row.0[5].clone() };
    let numbers = |i: usize, _: &Row| if i == 3 { "9".into() } else { (i % 3).to_string() };
    for table in [with(5, words), with(5, numbers)] {
        let dir = folder(table, "\"x\", \"factor(z)\"");
        let word = "z: in 1 of 3 folds a level occurs in the test rows only (1 rows)";
        expect(dir.path(), &["evaluate", "study.toml"], 0, word);
    }
}

#[test]
fn a_factor_with_a_level_per_row() {
    let dir = folder(text(&rows()), "\"factor(id)\"");
    let word = "factor(id) alone makes 199: is it a number with a word in it, or an identifier?";
    expect(dir.path(), &["train", "study.toml"], 5, word);
    expect(dir.path(), &["evaluate", "study.toml"], 0, "\"not-enough-data\"");
    // One word among numbers makes words of them all.
    let word_in_x = |i: usize, row: &Row| if i == 3 { SECRET.into() } else { row.0[3].clone() };
    let dir = folder(with(3, word_in_x), "\"x\"");
    expect(dir.path(), &["train", "study.toml"], 5, "x alone makes");
    // Stratified by it: every row is a stratum, and none is named.
    let dir = folder(text(&rows()), "\"x\"");
    let strata = "model.strata=[\"id\"]";
    let word = "strata have no event";
    expect(dir.path(), &["train", "study.toml", "--set", strata], 0, word);
    expect(dir.path(), &["evaluate", "study.toml", "--set", strata], 0, word);
}

#[test]
fn a_million_level_factor() {
    let table = |levels: usize| {
        let mut table = String::from("id,time,event,x\n");
        for i in 0..levels {
            let _ = writeln!(table, "{SECRET}{i},{},{},1", 1 + i % 50, i % 2);
        }
        folder(table, "\"factor(id)\"")
    };
    let said = |levels: usize| format!("has {levels} levels, and a factor may have 500");
    let million = table(1_000_000);
    expect(million.path(), &["train", "study.toml"], 1, &said(1_000_000));
    // The other verbs do the same with fewer; a million only takes longer.
    let many = table(20_000);
    let by_id = ["describe", "study.toml", "--by", "id"];
    expect(many.path(), &by_id, 2, "the column id makes 20000 groups, not 1 to 50");
    let judged = expect(many.path(), &["evaluate", "study.toml"], 0, &said(20_000));
    assert_eq!(judged.json()["verdict"], "not-enough-data");
}

#[test]
fn columns_that_are_something_else() {
    let dir = folder(text(&rows()), "\"x\"");
    let set = |key: &str, code: i32, word: &str| {
        for verb in VERBS {
            expect(dir.path(), &[verb, "study.toml", "--set", key], code, word);
        }
    };
    set("data.exit=id", 1, "holds words where times are needed");
    set("data.event=id", 2, "an event column has a label per kind of end");
    set("data.event=x", 2, "holds more than 0 and 1");
    set("data.event=z", 2, "holds labels: a, b, c");
    set("data.event=evnt", 2, "did you mean \"event\"");
    set("data.exit=tmie", 2, "did you mean \"time\"");
    // Labels of few rows may be ids.
    let few = folder(text(&rows()[..40]), "\"x\"");
    for verb in VERBS {
        let args = [verb, "study.toml", "--set", "data.event=id"];
        expect(few.path(), &args, 2, "holds labels: rare ones only");
        let args = [&args[..], &["--set", "data.censored=SECRE"]].concat();
        assert_eq!(run(few.path(), &args[..]).code, 2);
    }
}

#[test]
fn times_and_weights_that_cannot_be() {
    let negative = |i: usize, row: &Row| if i == 3 { "-1".into() } else { row.0[1].clone() };
    all(folder(with(1, negative), "\"x\"").path(), 1, "data row 4 of the table");
    for weight in ["0", "-1"] {
        let dir = folder(with(4, |i, _| if i == 3 { weight.into() } else { "1".into() }), "\"x\"");
        for verb in VERBS {
            let args = [verb, "study.toml", "--set", "model.weights=y"];
            expect(dir.path(), &args, 1, "the weight of data row 4");
        }
    }
}
