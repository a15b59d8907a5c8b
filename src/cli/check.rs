//! `check`: every fault and finding of a history folder.

use std::path::PathBuf;

use clap::Args;

use super::findings::blocks;
use super::output::{Failure, Output};
use crate::history;

/// Read a history folder and say every fault and finding, with how to repair it
///
/// Ends with the rows per file and a count per code. Exit 1 where anything was found that the
/// study does not waive, 5 where a column looks like BSNs.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The history folder
    data: PathBuf,
    /// List at most this many findings; the counts are of all
    #[arg(long, value_name = "N", default_value_t = 100)]
    most: usize,
}

pub(crate) fn run(args: &CheckArgs, out: &mut Output) -> Result<u8, Failure> {
    let progress = out.progress();
    let reading = history::read(&args.data, &*progress)?;
    out.answer(&reading.report(), || {
        blocks(&reading.findings, &reading.counts, args.most) + &reading.summary().to_string()
    })?;
    Ok(u8::from(!reading.is_clean()))
}
