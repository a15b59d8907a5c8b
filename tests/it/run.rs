//! Runs the binary in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What a run gave.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// The answer as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("stdout is not JSON ({e}): {}", self.stdout))
    }

    /// Asserts the exit code, showing both streams where it differs.
    #[track_caller]
    pub fn code(self, expected: i32) -> Self {
        assert_eq!(
            self.code, expected,
            "exit code\n-- stdout\n{}\n-- stderr\n{}",
            self.stdout, self.stderr
        );
        self
    }
}

/// The binary under test, with no colour and no terminal.
pub fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pleegzorg"));
    command.current_dir(folder).args(args).env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// Runs the binary in `folder`.
pub fn pleegzorg(folder: &Path, args: &[&str]) -> Ran {
    let Output { status, stdout, stderr } = command(folder, args).output().expect("it starts");
    Ran {
        code: status.code().expect("it is not killed"),
        stdout: String::from_utf8(stdout).expect("stdout is UTF-8"),
        stderr: String::from_utf8(stderr).expect("stderr is UTF-8"),
    }
}

/// The repository's folder.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
