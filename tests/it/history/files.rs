//! Files that are no proper files, and folders that are no proper folders.

use pleegzorg::history::{self, HistoryError};
use pleegzorg::progress::Silent;
use pleegzorg::{Error, ErrorKind};

use crate::history::folder::{Folder, STUDY};

/// Codes with file and line; 0 stands for no line.
fn codes(folder: &Folder) -> Vec<(u16, String, u64)> {
    folder.found().into_iter().map(|(c, f, r, _)| (c, f, r.unwrap_or(0))).collect()
}

fn one(name: &str, bytes: impl AsRef<[u8]>, code: u16, row: u64) {
    let folder = Folder::sound().with(name, bytes);
    assert_eq!(codes(&folder), vec![(code, name.to_owned(), row)]);
}

fn refused(folder: &Folder, kind: ErrorKind, words: &[&str]) {
    let error = folder.read().unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    let error: Error = error.into();
    let text = format!("{error} {}", error.hint().unwrap());
    for word in words {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn empty_and_header_only() {
    for text in ["", "\n\n", "\u{feff}", " \r\n "] {
        one("events.csv", text, 1, 0);
    }
    one("children.csv", "", 1, 0);
    one("stays.csv", "", 1, 0);
    one("stays.csv", "stay_id,child_id,setting,start\n", 14, 0);
    let no_events = Folder::sound().with("events.csv", "child_id,date,kind\n");
    let reading = no_events.read().unwrap();
    assert_eq!((reading.findings.len(), reading.rows["events.csv"]), (0, 0));
}

#[test]
fn encodings() {
    let text = Folder::sound().text("offers.csv");
    let latin: Vec<u8> = text.replace("full", "vol\u{e9}").chars().map(|c| c as u8).collect();
    one("offers.csv", latin, 3, 2);
    one("offers.csv", text.replace("full", "fu\0l"), 4, 2);
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    one("offers.csv", &utf16, 2, 0);
    one("offers.csv", [&[0xff, 0xfe], &utf16[..]].concat(), 2, 0);
    one("offers.csv", [0x1f, 0x8b, 8, 0, 0, 0], 2, 0);
    one("offers.csv", b"PK\x03\x04\x14\x00", 2, 0);
    // A required file that is no text leaves nothing to read.
    let folder = Folder::sound().with("stays.csv", utf16).with("children.csv", b"PK\x03\x04");
    refused(&folder, ErrorKind::Foreign, &["stays.csv", "UTF-16", "children.csv", "xlsx", "UTF-8"]);
}

#[test]
fn separators_and_rows() {
    let text = Folder::sound().text("events.csv");
    one("events.csv", text.replace(',', "\t"), 5, 0);
    one("events.csv", text.replace(',', "|"), 5, 0);
    one("events.csv", text.replacen("yes,\n", "yes\n", 1), 10, 2);
    one("events.csv", text.replacen("yes,\n", "yes,,extra\n", 1), 10, 2);
    one("events.csv", text.replacen("pleeg", "\"pleeg", 1), 9, 2);
    one("events.csv", text.replacen("pleeg", "\"pl\"eeg", 1), 9, 2);
    let mut long = text.into_bytes();
    long.resize(3 << 20, b'x');
    one("events.csv", long, 8, 4);
    one("events.csv", vec![b'x'; 3 << 20], 8, 1);
}

#[test]
fn a_line_of_a_gigabyte_is_a_fault_and_no_gigabyte_of_memory() {
    let dir = tempfile::tempdir().unwrap();
    Folder::sound().write_to(dir.path());
    let path = dir.path().join("events.csv");
    // A sparse file: it takes no disk, and reading all of it would take seconds.
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(1 << 30).unwrap();
    let start = std::time::Instant::now();
    let reading = history::read(dir.path(), &Silent).unwrap();
    let found: Vec<_> = reading.findings.iter().map(|f| (f.code.0, f.row)).collect();
    assert_eq!(found, vec![(8, Some(4))]);
    // What stands before it is read.
    assert_eq!(reading.history.events.len(), 2);
    assert!(start.elapsed().as_secs() < 30);
}

#[test]
fn a_file_with_lost_rows_gives_no_unknown_references() {
    let text = Folder::sound().text("children.csv");
    let folder = Folder::sound().with("children.csv", text.replacen("female", "\"female", 1));
    assert_eq!(codes(&folder), vec![(9, "children.csv".to_owned(), 2)]);
    let folder = Folder::sound().with("children.csv", text.replacen("child_id", "id", 1));
    let found: Vec<u16> = codes(&folder).into_iter().map(|(c, ..)| c).collect();
    assert_eq!(found, vec![11, 13]);
}

#[test]
fn missing_files_are_all_named_with_what_to_do() {
    let folder = Folder::sound().without("children.csv").without("study.toml");
    let folder = folder.with("childern.csv", "x");
    refused(
        &folder,
        ErrorKind::Io,
        &["children.csv is missing", "study.toml is missing", "rename childern.csv"],
    );
    let near = Folder::sound().without("events.csv").with("event.csv", "x").with("truth.csv", "x");
    assert_eq!(codes(&near), vec![(15, "event.csv".to_owned(), 0)]);
}

#[test]
fn a_folder_where_a_file_should_be_and_the_other_way_round() {
    for name in ["events.csv", "stays.csv", "study.toml"] {
        let dir = tempfile::tempdir().unwrap();
        Folder::sound().without(name).write_to(dir.path());
        std::fs::create_dir(dir.path().join(name)).unwrap();
        let error = history::read(dir.path(), &Silent).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.to_string().contains("is a folder"), "{error}");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    for path in [file.path().to_owned(), file.path().join("no/such")] {
        let error = history::read(&path, &Silent).unwrap_err();
        assert!(matches!(error, HistoryError::Folder { .. }));
        assert_eq!(Error::from(error).kind(), ErrorKind::Io);
    }
}

#[test]
fn a_study_without_a_usable_window_is_a_usage_error() {
    for (text, word) in [
        ("", "[window] is missing"),
        ("[window]\nstart = \n", "not valid TOML"),
        ("[window]\nstart = \"2010-01-01\"\n", "end is missing"),
    ] {
        let folder = Folder::sound().with("study.toml", text);
        refused(&folder, ErrorKind::Usage, &["study.toml", word]);
    }
}

/// Test numbers of the official range that pass the elfproef.
const TEST_BSNS: [&str; 4] = ["999900006", "999900018", "999900031", "999900043"];

#[test]
fn a_column_of_bsns_refuses_the_whole_folder_and_says_which() {
    let mut children = "child_id,birth\n".to_owned();
    let mut stays = "stay_id,child_id,setting,start\n".to_owned();
    for (i, bsn) in TEST_BSNS.iter().enumerate() {
        children += &format!("{bsn},2010-05-1{i}\n");
        stays += &format!("s{i},{bsn},residential,2014-05-05\n");
    }
    let folder = Folder::sound()
        .with("children.csv", children)
        .with("stays.csv", stays)
        .without("events.csv")
        .without("assessments.csv")
        .without("requests.csv")
        .without("pairs.csv")
        .without("offers.csv");
    let error = folder.read().unwrap_err();
    let HistoryError::Bsn(columns) = &error else { panic!("{error}") };
    assert_eq!(columns.len(), 2);
    assert_eq!(columns[0], ("children.csv".to_owned(), "child_id".to_owned()));
    let text = error.to_string();
    assert!(text.contains("PZ0018") && !text.contains("9999"), "{text}");
    assert_eq!(Error::from(error).kind(), ErrorKind::Refused);
    // A column that nobody asked for is refused too, and one that is named so with one number.
    let text = "child_id,birth,burgerservicenummer\nc1,2008-05-17,\nc2,2010-11,111222333\nc3,2005-03-02,\n";
    refused(
        &Folder::sound().with("children.csv", text),
        ErrorKind::Refused,
        &["burgerservicenummer"],
    );
}

#[test]
fn a_bsn_in_a_text_is_a_finding() {
    one("offers.csv", Folder::sound().text("offers.csv").replace("full", "see 111222333"), 19, 2);
}

#[test]
fn nothing_of_a_hostile_header_reaches_a_terminal() {
    let header = "child_id,birth,\u{1b}[31mred\u{202e}\n";
    let text = format!("{header}c1,2008-05-17,\nc2,2010-11,\nc3,2005-03-02,\n");
    let findings = Folder::sound().with("children.csv", text).findings();
    let column = findings[0].column.as_deref().unwrap();
    assert!(!column.contains(['\u{1b}', '\u{202e}']), "{column:?}");
}

/// Every identifying cell holds the canary, and everything is wrong: no output says it.
#[test]
fn no_message_holds_the_value_of_a_cell() {
    const CANARY: &str = "Kanarie";
    let mut folder = Folder::sound();
    for name in [
        "children.csv",
        "families.csv",
        "family_periods.csv",
        "stays.csv",
        "events.csv",
        "assessments.csv",
        "areas.csv",
        "requests.csv",
        "pairs.csv",
        "offers.csv",
    ] {
        let text = folder.text(name);
        let columns = text.lines().next().unwrap().split(',').count();
        let (header, _) = text.split_once('\n').unwrap();
        // A row of canaries, one too short, one too long, and the sound rows with a canary each.
        let mut rows = vec![
            vec![CANARY; columns].join(","),
            vec![CANARY; columns - 1].join(","),
            vec![CANARY; columns + 2].join(","),
        ];
        for (i, line) in text.lines().skip(1).enumerate() {
            let mut cells: Vec<&str> = line.split(',').collect();
            let at = i % cells.len();
            cells[at] = CANARY;
            rows.push(cells.join(","));
        }
        folder = folder.with(name, format!("{header}\n{}\n", rows.join("\n")));
    }
    let reading = folder.read().unwrap();
    assert!(reading.faults() > 30);
    let json = serde_json::to_string(&reading.report()).unwrap();
    let summary = reading.summary().to_string();
    let error = reading.into_history().unwrap_err();
    let all = format!("{json}{summary}{error}{error:?}{}", error.hint());
    assert!(!all.to_lowercase().contains(&CANARY.to_lowercase()));
    // Without a header the first row is data, and is not shown either.
    let headless = Folder::sound().with("events.csv", format!("{CANARY},{CANARY},{CANARY}\n"));
    let json = serde_json::to_string(&headless.read().unwrap().report()).unwrap();
    assert!(!json.contains(CANARY) && json.contains("PZ0007"));
}

#[test]
fn the_answer_does_not_depend_on_the_threads() {
    let mut stays = Folder::sound().text("stays.csv");
    let mut children = Folder::sound().text("children.csv");
    for i in 0..40_000 {
        children += &format!("k{i},2010-02-{:02},,,area {i},,,,,,\n", 1 + i % 30);
        stays += &format!("t{i},k{i},foster,,general,p{},2012-05-11,,,,,,,,,,\n", i % 7000);
    }
    let folder = Folder::sound().with("children.csv", children).with("stays.csv", stays);
    let dir = tempfile::tempdir().unwrap();
    folder.with("study.toml", STUDY).write_to(dir.path());
    let read = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let reading = pool.install(|| history::read(dir.path(), &Silent)).unwrap();
        (serde_json::to_string(&reading.report()).unwrap(), reading.history)
    };
    let (json, history) = read(1);
    assert!(json.contains("PZ0102"));
    for threads in [2, 5] {
        let (again, other) = read(threads);
        assert_eq!(again, json);
        assert_eq!((&other.children, &other.stays), (&history.children, &history.stays));
        assert_eq!(other.labels.len(), history.labels.len());
    }
}
