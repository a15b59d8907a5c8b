//! The binary: parses, runs, and maps one result to an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    pleegzorg::cli::main()
}
