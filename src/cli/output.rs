//! What goes to stdout and stderr, and how a failure becomes an exit code.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use serde::Serialize;

use super::Common;
use super::progress::Bar;
use crate::progress::{Progress, Silent};
use crate::{Error, ErrorKind};

/// Why a verb stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An error for the user.
    Error(Error),
    /// The reader of our stdout went away. Not an error.
    Pipe,
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

/// The two streams, as the common options want them.
pub(crate) struct Output {
    json: bool,
    quiet: bool,
}

impl Output {
    pub fn new(common: &Common) -> Self {
        Self { json: common.json, quiet: common.quiet }
    }

    /// Writes text to stdout as it is.
    pub fn text(&mut self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(stream)
    }

    /// Writes a value as one JSON document to stdout.
    pub fn value(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        // Piece by piece: the answer for a large caseload is too long to hold as one text.
        let mut stdout = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
        serde_json::to_writer_pretty(&mut stdout, value).map_err(|e| {
            if e.is_io() {
                return stream(e.into());
            }
            let what = format!("the answer could not be written as JSON: {e}");
            Error::new(ErrorKind::Io, what).into()
        })?;
        stdout.write_all(b"\n").and_then(|()| stdout.flush()).map_err(stream)
    }

    /// JSON where it was asked, else the text.
    pub fn answer(
        &mut self,
        value: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if self.json { self.value(value) } else { self.text(&text()) }
    }

    /// A warning or a remark on stderr; silent with `--quiet`. A closed stderr is no error.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// Progress on a terminal, else silence.
    pub fn progress(&self) -> Box<dyn Progress> {
        if self.quiet || !io::stderr().is_terminal() {
            Box::new(Silent)
        } else {
            Box::new(Bar::stderr())
        }
    }

    /// Says why on stderr and gives the exit code.
    pub fn fail(&self, failure: &Failure) -> ExitCode {
        let error = match failure {
            Failure::Pipe => return ExitCode::SUCCESS,
            Failure::Error(error) => error,
        };
        let mut stderr = io::stderr().lock();
        let _ = writeln!(stderr, "error: {error}");
        if let Some(hint) = error.hint() {
            let _ = writeln!(stderr, "  hint: {hint}");
        }
        ExitCode::from(error.kind().exit_code())
    }
}

/// A failed write to stdout: a reader that went away is no error.
fn stream(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::Pipe
    } else {
        Failure::Error(Error::new(ErrorKind::Io, format!("cannot write to stdout: {error}")))
    }
}
