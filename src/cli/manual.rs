//! Completions and man pages, from the same definition as the help.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use super::output::{Failure, Output};
use crate::files::{make_folder, write_set};
use crate::{Error, ErrorKind};

/// Print the completions of a shell
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Write the man pages, one for each command
#[derive(Debug, Args)]
pub(crate) struct ManualArgs {
    /// The folder to write them into; it is made where it does not exist
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    /// Replace pages that exist
    #[arg(long)]
    force: bool,
}

pub(crate) fn completions(args: &CompletionsArgs, out: &mut Output) -> Result<u8, Failure> {
    let mut bytes = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "pleegzorg", &mut bytes);
    let script = String::from_utf8_lossy(&bytes);
    let shell = args.shell.to_string();
    let answer = serde_json::json!({ "schema": 1, "shell": shell, "script": script });
    out.answer(&answer, || script.to_string())?;
    Ok(0)
}

pub(crate) fn manual(args: &ManualArgs, out: &mut Output) -> Result<u8, Failure> {
    let mut root = Cli::command();
    root.build();
    let mut pages = Vec::new();
    pages_of(&root, "pleegzorg", &mut pages)?;
    make_folder(&args.out)?;
    let set: Vec<(PathBuf, &[u8])> =
        pages.iter().map(|(name, bytes)| (args.out.join(name), bytes.as_slice())).collect();
    write_set(&set, args.force)?;
    let written: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
    out.answer(&serde_json::json!({ "schema": 1, "written": written }), || {
        format!("{} man pages written\n", written.len())
    })?;
    Ok(0)
}

/// The page of a command, and those of the commands below it.
fn pages_of(
    command: &clap::Command,
    name: &str,
    pages: &mut Vec<(String, Vec<u8>)>,
) -> Result<(), Failure> {
    pages.push(page(command, name)?);
    for below in command.get_subcommands().filter(|c| c.get_name() != "help") {
        pages_of(below, &format!("{name}-{}", below.get_name()), pages)?;
    }
    Ok(())
}

/// One page: the name of its file, and its bytes.
fn page(command: &clap::Command, name: &str) -> Result<(String, Vec<u8>), Failure> {
    let mut bytes = Vec::new();
    clap_mangen::Man::new(command.clone())
        .title(name.to_uppercase())
        .render(&mut bytes)
        .map_err(|e| Error::new(ErrorKind::Io, format!("cannot render {name}: {e}")))?;
    Ok((format!("{name}.1"), bytes))
}
