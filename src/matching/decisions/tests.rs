//! The chain: what is done to a log is found.

use super::*;
use crate::history::Day;

fn decision(k: u32) -> Decision {
    Decision {
        schema: 1,
        recorded: format!("2024-01-0{}T10:00:00Z", k + 1),
        as_of: Day::from_ymd(2024, 1, 1).unwrap(),
        shown_by: Shown {
            version: "0.1.0".into(),
            model: "a".repeat(64),
            history: "b".repeat(64),
            rules: String::new(),
            effort: 10,
            research: true,
            worth: false,
            variants: None,
        },
        request: format!("r{k}"),
        choice: Some("f1".into()),
        proposed: None,
        overrides: Some(Override::OutsideThePlan),
        reason: "near \"school\"\nand friends".into(),
        by: None,
        shown: serde_json::json!({ "risk": 0.1 + f64::from(k) / 3.0 }),
        plan: serde_json::json!({}),
    }
}

fn log(n: u32) -> (tempfile::TempDir, std::path::PathBuf, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("decisions.jsonl");
    for k in 0..n {
        assert_eq!(append(&path, decision(k)).unwrap().number, u64::from(k) + 1);
    }
    let text = read(&path).unwrap();
    (dir, path, text)
}

fn kinds(text: &str, head: Option<&str>) -> Vec<(u64, LogFaultKind)> {
    verify(text, head).faults.iter().map(|f| (f.line, f.kind)).collect()
}

#[test]
fn a_log_that_nobody_touched_is_intact_and_reads_back() {
    let (_dir, _, text) = log(4);
    let found = verify(&text, None);
    assert!(found.intact && found.records == 4);
    assert_eq!(found.decisions, (0..4).map(decision).collect::<Vec<_>>());
    assert_eq!(kinds(&text, Some(&found.head)), []);
    assert!(verify("", None).intact);
    // The chain by hand: each record names the hash of the line before it.
    let lines: Vec<&str> = text.lines().collect();
    for pair in lines.windows(2) {
        assert!(pair[1].contains(&format!("\"previous\":\"{}\"", &pair[0][11..75])));
    }
}

#[test]
fn removals_swaps_copies_and_cuts_are_found() {
    use LogFaultKind::{BrokenChain, Damaged, HeadMissing, Missing, Moved, Unfinished};
    let (_dir, _, text) = log(5);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let without = |k: usize| {
        let kept: String = (0..5).filter(|&i| i != k).map(|i| lines[i]).collect();
        kept
    };
    assert_eq!(kinds(&without(0), None), [(1, Missing)]);
    assert_eq!(kinds(&without(2), None), [(3, Missing)]);
    let swapped: String = [0, 2, 1, 3, 4].map(|i| lines[i]).concat();
    assert_eq!(kinds(&swapped, None), [(2, Missing), (3, Moved), (4, Missing)]);
    let twice: String = [0, 1, 1, 2, 3, 4].map(|i| lines[i]).concat();
    assert_eq!(kinds(&twice, None), [(3, Moved)]);
    // A record of another log with the number that fits.
    let (_other, _, mut foreign) = log(1);
    foreign = foreign.replace("r0", "q0");
    assert!(!kinds(&foreign, None).is_empty());
    // The last records cut off: the log alone cannot tell, the noted head can.
    let head = verify(&text, None).head;
    assert_eq!(kinds(&without(4), None), []);
    assert_eq!(kinds(&without(4), Some(&head)), [(4, HeadMissing)]);
    assert_eq!(kinds("", Some(&head)), [(0, HeadMissing)]);
    // Written anew from the third record on, with hashes that fit one another.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    std::fs::write(&path, lines[..2].concat()).unwrap();
    append(&path, decision(7)).unwrap();
    let anew = read(&path).unwrap();
    assert_eq!(kinds(&anew, None), []);
    assert_eq!(kinds(&anew, Some(&head)), [(3, HeadMissing)]);
    assert_eq!(kinds(&(anew + lines[3]), None), [(4, BrokenChain)]);
    assert_eq!(kinds(&text[..text.len() - 1], None), [(5, Unfinished)]);
    assert_eq!(kinds("hello\n", None), [(1, Damaged)]);
}

#[test]
fn a_change_of_any_byte_is_found() {
    let (_dir, _, text) = log(2);
    let head = verify(&text, None).head;
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] = if bytes[at] == b'7' { b'3' } else { b'7' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(!verify(&changed, Some(&head)).intact, "byte {at}");
        // Without the noted head the last line's own hash still tells its contents.
        assert!(!verify(&changed, None).intact, "byte {at}");
    }
    for at in 0..text.len() {
        let mut cut = text.clone();
        cut.remove(at);
        assert!(!verify(&cut, None).intact, "byte {at} removed");
    }
    // White space that says the same is a change as well.
    assert!(!verify(&text.replacen("\"number\":1", "\"number\": 1", 1), None).intact);
}

#[test]
fn nothing_is_added_to_a_log_that_was_changed() {
    let (_dir, path, text) = log(2);
    std::fs::write(&path, text.replace("school", "church")).unwrap();
    let before = read(&path).unwrap();
    let error = append(&path, decision(2)).unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::Foreign);
    assert_eq!(read(&path).unwrap(), before);
    std::fs::write(&path, b"\xff\xfe").unwrap();
    assert_eq!(append(&path, decision(2)).unwrap_err().kind(), crate::ErrorKind::Foreign);
    assert_eq!(read(path.parent().unwrap()).unwrap_err().kind(), crate::ErrorKind::Io);
}
