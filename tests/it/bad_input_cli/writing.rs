//! Nothing is overwritten without `--force`, and a run that is killed leaves the old file whole.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::run::{command, pleegzorg, root};

/// The files of a folder and their bytes, without those of folders in it.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    let files = entries.filter(|p| p.is_file());
    files
        .map(|p| (p.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&p).unwrap()))
        .collect()
}

/// A table, a study of it, and one return.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(root().join("tests/reference/model/rossi.csv"), dir.path().join("rossi.csv"))
        .unwrap();
    let study = "[data]\ntable = \"rossi.csv\"\nexit = \"week\"\nevent = \"arrest\"\n\
                 [outcome]\nhorizons = [20, 40]\n[features]\nterms = [\"fin\", \"age\"]\n\
                 [evaluate]\nfolds = 2\nrepeats = 1\nbootstrap = 20\n";
    std::fs::write(dir.path().join("study.toml"), study).unwrap();
    dir
}

/// Runs with an output that is there already: refused (2) and unchanged; replaced with `--force`.
#[track_caller]
fn keeps(dir: &Path, args: &[&str], output: &str) {
    let path = dir.join(output);
    std::fs::write(&path, "mine").unwrap();
    let ran = pleegzorg(dir, args).code(2);
    assert!(ran.stderr.contains("exists already and is left as it is"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--force"), "{}", ran.stderr);
    assert!(ran.stdout.is_empty(), "{}", ran.stdout);
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    pleegzorg(dir, &[args, &["--force"]].concat()).code(0);
    assert_ne!(std::fs::read(&path).unwrap(), b"mine", "{args:?}");
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_file_is_not_overwritten_without_force() {
    let dir = folder();
    let dir = dir.path();
    keeps(dir, &["train", "study.toml", "-o", "out"], "out");
    for verb in ["train", "evaluate", "describe"] {
        keeps(dir, &[verb, "study.toml", "--html", "out"], "out");
    }
    let model = root().join("models/example.json");
    let example = root().join("datasets/example");
    for verb in ["score", "match"] {
        let (model, example) = (model.to_str().unwrap(), example.to_str().unwrap());
        let args = [verb, model, example, "--as-of", "2023-06-01", "--research", "--html", "out"];
        keeps(dir, &args, "out");
    }
    std::fs::create_dir(dir.join("man")).unwrap();
    keeps(dir, &["manual", "-o", "man"], "man/pleegzorg-train.1");
    std::fs::create_dir(dir.join("h")).unwrap();
    for file in ["stays.csv", "truth.csv", "study.toml"] {
        keeps(dir, &["simulate", "-o", "h", "--children", "20"], &format!("h/{file}"));
        std::fs::remove_dir_all(dir.join("h")).unwrap();
        std::fs::create_dir(dir.join("h")).unwrap();
    }
}

#[test]
fn an_import_and_a_demo_overwrite_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    std::fs::create_dir(dir.join("in")).unwrap();
    let (episodes, header) = (
        "CHILD,DECOM,RNE,LS,PLACE,DEC,REC\n1,01/05/2023,S,C2,U6,,\n",
        "CHILD,SEX,DOB\n1,1,05/06/2010\n",
    );
    std::fs::write(dir.join("in/e.csv"), episodes).unwrap();
    std::fs::write(dir.join("in/h.csv"), header).unwrap();
    std::fs::create_dir(dir.join("out")).unwrap();
    for file in ["children.csv", "offers.csv", "study.toml"] {
        keeps(dir, &["import", "ssda903", "in", "-o", "out"], &format!("out/{file}"));
        std::fs::remove_dir_all(dir.join("out")).unwrap();
        std::fs::create_dir(dir.join("out")).unwrap();
    }
    std::fs::create_dir_all(dir.join("demo/history")).unwrap();
    for file in ["history/stays.csv", "model.json", "report.html"] {
        let path = dir.join("demo").join(file);
        std::fs::write(&path, "mine").unwrap();
        let ran = pleegzorg(dir, &["demo", "demo"]).code(2);
        assert!(ran.stderr.contains("--force"), "{}", ran.stderr);
        // Refused before anything else was written.
        assert_eq!(files(&dir.join("demo/history")).len(), usize::from(file.starts_with('h')));
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn outputs_that_cannot_be_written_are_said_before_the_work() {
    let dir = folder();
    let dir = dir.path();
    std::fs::create_dir(dir.join("folder")).unwrap();
    for (path, word) in [("folder", "it is a folder"), ("no/such/file", "folder does not exist")] {
        for option in ["-o", "--html"] {
            let ran = pleegzorg(dir, &["train", "study.toml", option, path, "--force"]).code(3);
            assert!(ran.stderr.contains(word), "{}", ran.stderr);
        }
    }
    for args in [&["simulate", "-o", "rossi.csv"][..], &["demo", "rossi.csv"]] {
        let ran = pleegzorg(dir, args).code(3);
        assert!(ran.stderr.contains("cannot make the folder"), "{}", ran.stderr);
    }
    // Where two outputs are asked and one is in the way, neither is written.
    std::fs::write(dir.join("page.html"), "mine").unwrap();
    let both = ["train", "study.toml", "-o", "model.json", "--html", "page.html"];
    pleegzorg(dir, &both).code(2);
    assert!(!dir.join("model.json").exists());
}

#[test]
fn evaluate_stamps_the_model_whole_and_leaves_nothing_beside_it() {
    let dir = folder();
    let dir = dir.path();
    pleegzorg(dir, &["train", "study.toml", "-o", "model.json"]).code(0);
    let before = files(dir);
    pleegzorg(dir, &["evaluate", "study.toml", "--model", "model.json"]).code(0);
    let after = files(dir);
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    assert_ne!(before["model.json"], after["model.json"]);
    let model = pleegzorg::model::Model::from_bytes(&after["model.json"]).unwrap();
    assert!(model.stamp().is_some());
}

/// Starts the run again and again over the old files, kills it after ever longer, and asserts
/// that every file is the old one or the new one.
fn killed(
    dir: &Path,
    args: &[&str],
    old: &BTreeMap<String, Vec<u8>>,
    new: &BTreeMap<String, Vec<u8>>,
) {
    for step in 0..12 {
        for (name, bytes) in old {
            std::fs::write(dir.join(name), bytes).unwrap();
        }
        let mut child =
            command(dir, args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(4 * step * step));
        // It may have ended by itself: then there is nothing to kill.
        let _ = child.kill();
        child.wait().unwrap();
        let found = files(dir);
        for (name, bytes) in old {
            let whole = &found[name] == bytes || found.get(name) == new.get(name);
            assert!(whole, "{name} is neither the old nor the new file after step {step}");
        }
    }
}

#[test]
fn a_killed_run_leaves_the_old_file_whole() {
    let dir = folder();
    let dir = dir.path();
    let history = ["simulate", "-o", "h", "--children", "300", "--force", "--seed"];
    pleegzorg(dir, &[&history[..], &["1"]].concat()).code(0);
    let old = files(&dir.join("h"));
    pleegzorg(dir, &[&history[..], &["2"]].concat()).code(0);
    let new = files(&dir.join("h"));
    let again = ["simulate", "-o", ".", "--children", "300", "--force", "--seed", "2"];
    killed(&dir.join("h"), &again, &old, &new);

    pleegzorg(dir, &["train", "study.toml", "-o", "model.json"]).code(0);
    let old = files(dir);
    let stamp = ["evaluate", "study.toml", "--model", "model.json"];
    pleegzorg(dir, &stamp).code(0);
    let new = files(dir);
    killed(dir, &stamp, &old, &new);
}

#[test]
fn a_reader_that_stops_early_is_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let example = root().join("datasets/example");
    let model = root().join("models/example.json");
    let (example, model) = (example.to_str().unwrap(), model.to_str().unwrap());
    // More than a pipe holds, so that the writer meets the closed end.
    let score = ["score", model, example, "--as-of", "2023-06-01", "--research", "--json"];
    for args in [&score[..], &["match", "--print-rules"], &["explain"], &["--help"]] {
        let mut child = command(dir.path(), args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let mut first = [0; 16];
        stdout.read_exact(&mut first).unwrap();
        drop(stdout);
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{args:?}: {stderr}");
        assert!(!stderr.contains("error"), "{args:?}: {stderr}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_stdout_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let run = command(dir.path(), &["explain"]).stdout(full).output().unwrap();
    assert_eq!(run.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&run.stderr).contains("cannot write to stdout"));
}
