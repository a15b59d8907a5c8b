//! Bad input through the command line: for every kind of it a clear error or a stated warning,
//! with the right exit code. Never a panic, never NaN, never an identifying value in a message.

mod folders;
mod models;
mod returns;
mod tables;
mod writing;

use std::path::Path;

use crate::run::{Ran, pleegzorg};

/// Every identifying cell of the tests' data holds this, so that a message that shows one is
/// caught.
const SECRET: &str = "SECRET";

/// Runs with `--json` and asserts what holds whatever the input: the exit code is one of ours, no
/// message shows a cell, stdout is JSON without NaN or empty, and a refusal says how to repair.
#[track_caller]
fn run(folder: &Path, args: &[&str]) -> Ran {
    let ran = pleegzorg(folder, &[args, &["--json"]].concat());
    let told = format!("{args:?}\n-- stdout\n{:.2000}\n-- stderr\n{}", ran.stdout, ran.stderr);
    assert!((0..=5).contains(&ran.code), "exit {} of {told}", ran.code);
    assert!(!ran.stderr.contains("panicked"), "{told}");
    assert!(!ran.stderr.contains(SECRET), "an identifying value in {told}");
    if ran.stdout.is_empty() {
        assert!(ran.stderr.starts_with("error: ") || ran.stderr.contains("\nerror: "), "{told}");
        assert!(ran.stderr.contains("  hint: "), "{told}");
    } else {
        ran.json();
        for word in ["NaN", "Infinity"] {
            assert!(!ran.stdout.contains(word), "{told}");
        }
    }
    ran
}

/// The same, and the exit code and a word that stderr or the answer must have.
#[track_caller]
fn expect(folder: &Path, args: &[&str], code: i32, word: &str) -> Ran {
    let ran = run(folder, args);
    let told = format!("{args:?}\n-- stdout\n{:.2000}\n-- stderr\n{}", ran.stdout, ran.stderr);
    assert_eq!(ran.code, code, "{told}");
    assert!(ran.stderr.contains(word) || ran.stdout.contains(word), "no {word:?} in {told}");
    ran
}

/// A file of a gigabyte whose first line goes on after `start` for ever. It takes next to no
/// room on the disk: all but the first megabytes are a hole.
fn gigabyte(path: &Path, start: &[u8]) {
    let mut bytes = start.to_vec();
    bytes.resize(bytes.len() + (3 << 20), b'x');
    std::fs::write(path, bytes).unwrap();
    std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(1 << 30).unwrap();
}
