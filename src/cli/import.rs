//! `import`: a statutory return becomes a history folder.

use std::fmt::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::findings::blocks;
use super::output::{Failure, Output};
use crate::history::ssda903::{self, Imported};
use crate::history::{self};

/// Turn a statutory return into a history folder
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    #[command(subcommand)]
    source: Source,
}

#[derive(Debug, Subcommand)]
enum Source {
    /// England's return on looked-after children (SSDA903), one or several years
    ///
    /// Files are recognised by their header row. Rows that cannot be used are left out, counted
    /// and said; the history is still written. Exit 1 where anything was found.
    Ssda903 {
        /// The folder with the return's CSV files; subfolders are read too
        dir: PathBuf,
        /// The history folder to write; it is made where it does not exist
        #[arg(short, long, value_name = "HISTORY")]
        out: PathBuf,
        /// List at most this many findings; the counts are of all
        #[arg(long, value_name = "N", default_value_t = 100)]
        most: usize,
        /// Replace files that exist
        #[arg(long)]
        force: bool,
    },
}

pub(crate) fn run(args: &ImportArgs, out: &mut Output) -> Result<u8, Failure> {
    let Source::Ssda903 { dir, out: target, most, force } = &args.source;
    history::may_write(target, *force)?;
    let progress = out.progress();
    let imported = ssda903::import(dir, &*progress)?;
    history::write_with_progress(&imported.history, target, *force, &*progress)?;
    out.answer(&imported.report(), || {
        blocks(&imported.findings, &imported.counts, *most) + &account(&imported, target)
    })?;
    Ok(u8::from(!imported.counts.is_empty()))
}

/// What became of the rows.
fn account(imported: &Imported, target: &std::path::Path) -> String {
    let mut text = String::from("Rows read, left out, and not imported\n");
    for (file, rows) in &imported.rows {
        let dropped = imported.dropped.get(file).copied().unwrap_or(0);
        let unused = imported.unused.get(file).copied().unwrap_or(0);
        let _ = writeln!(text, "  {file:<32} {rows:>9} {dropped:>9} {unused:>9}");
    }
    let _ = writeln!(text, "Found");
    for (code, count) in &imported.counts {
        let title = history::explain(&code.to_string()).map_or("", |e| e.title.en);
        let _ = writeln!(text, "  {code} {count:>9}  {title}");
    }
    let h = &imported.history;
    let _ = writeln!(
        text,
        "{} collection year{}; {} rows repeated by a later return; {} temporary placements read \
         as absences.\nThe history is in {}: {} children, {} stays, {} events, {} assessments.",
        imported.returns.len(),
        if imported.returns.len() == 1 { "" } else { "s" },
        imported.repeated,
        imported.absences,
        target.display(),
        h.children.len(),
        h.stays.len(),
        h.events.len(),
        h.assessments.len(),
    );
    text
}
