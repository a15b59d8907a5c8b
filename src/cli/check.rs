//! `check`: every fault and finding of a history folder.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;

use super::output::{Failure, Output};
use crate::history::{self, Finding, Reading, Severity};

/// Read a history folder and say every fault and finding, with how to repair it
///
/// Ends with the rows per file and a count per code. Exit 1 where anything was found that the
/// study does not waive, 5 where a column looks like BSNs.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The history folder
    data: PathBuf,
    /// Print at most this many findings; the counts are of all
    #[arg(long, value_name = "N", default_value_t = 200)]
    most: usize,
}

pub(crate) fn run(args: &CheckArgs, out: &mut Output) -> Result<u8, Failure> {
    let reading = history::read(&args.data, &*out.progress())?;
    out.answer(&reading.report(), || listing(&reading, args.most))?;
    Ok(u8::from(!reading.is_clean()))
}

/// The findings, a block each, then the summary.
pub(crate) fn listing(reading: &Reading, most: usize) -> String {
    let mut text = String::new();
    for finding in reading.findings.iter().take(most) {
        block(&mut text, finding);
    }
    let total: u64 = reading.counts.values().sum();
    let shown = reading.findings.len().min(most) as u64;
    if shown < total {
        let _ = writeln!(text, "… and {} more (--most {total} shows them)\n", total - shown);
    }
    let _ = write!(text, "{}", reading.summary());
    text
}

/// One finding: where, what, why, how to repair.
fn block(text: &mut String, f: &Finding) {
    let severity = match f.severity {
        Severity::Fault => "fault",
        Severity::Finding => "finding",
    };
    let _ = write!(text, "{} {severity}: {}", f.code, f.file);
    if let Some(row) = f.row {
        let _ = write!(text, ":{row}");
    }
    if let Some(column) = &f.column {
        let _ = write!(text, " {column}");
    }
    let _ = writeln!(text, "\n  {}\n  why: {}\n  repair: {}\n", f.what, f.why, f.repair);
}
