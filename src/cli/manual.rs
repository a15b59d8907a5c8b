//! Completions and man pages, from the same definition as the help.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use super::output::{Failure, Output};
use crate::files::write_whole;
use crate::{Error, ErrorKind};

/// Print the completions of a shell
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Write the man pages, one for each verb
#[derive(Debug, Args)]
pub(crate) struct ManualArgs {
    /// The folder to write them into; it must exist
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    /// Replace pages that exist
    #[arg(long)]
    force: bool,
}

pub(crate) fn completions(args: &CompletionsArgs, out: &mut Output) -> Result<u8, Failure> {
    let mut bytes = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "pleegzorg", &mut bytes);
    out.text(&String::from_utf8_lossy(&bytes))?;
    Ok(0)
}

pub(crate) fn manual(args: &ManualArgs, out: &mut Output) -> Result<u8, Failure> {
    let mut root = Cli::command();
    root.build();
    let mut written = Vec::new();
    page(&root, "pleegzorg", args, &mut written)?;
    for verb in root.get_subcommands().filter(|v| v.get_name() != "help") {
        page(verb, &format!("pleegzorg-{}", verb.get_name()), args, &mut written)?;
    }
    out.answer(&serde_json::json!({ "schema": 1, "written": written }), || {
        format!("{} man pages written\n", written.len())
    })?;
    Ok(0)
}

/// Renders and writes one page.
fn page(
    command: &clap::Command,
    name: &str,
    args: &ManualArgs,
    written: &mut Vec<String>,
) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    clap_mangen::Man::new(command.clone())
        .title(name.to_uppercase())
        .render(&mut bytes)
        .map_err(|e| Error::new(ErrorKind::Io, format!("cannot render {name}: {e}")))?;
    let file = format!("{name}.1");
    write_whole(&args.out.join(&file), &bytes, args.force)?;
    written.push(file);
    Ok(())
}
