//! The command line: one file per verb. Reads arguments, calls the library, prints.
//!
//! stdout carries data only; progress, warnings and errors go to stderr. Exit codes: 0 ok,
//! 1 findings in the data, 2 usage or configuration, 3 input/output, 4 corrupt or foreign file,
//! 5 refused on policy. A reader that stops early (a broken pipe) is not an error.

mod audit;
mod check;
mod demo;
mod describe;
mod evaluate;
mod explain;
mod findings;
mod import;
mod manual;
mod matching;
mod output;
mod page;
mod progress;
mod replay;
mod score;
mod simulate;
mod study;
mod train;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::score::Lang;
use output::{Failure, Output};

/// From foster-care placement histories to a decision.
///
/// Reads what happened, fits and honestly judges models of breakdown (a placement that ends
/// unplanned and unwanted), scores running placements and candidate families, and matches a
/// caseload. Works offline; nothing leaves this machine. It supports a decision by people about
/// help for a placement. It must not decide alone, rank children, or exclude a child.
#[derive(Debug, Parser)]
#[command(name = "pleegzorg", version, propagate_version = true, after_long_help = ENDS)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    common: Common,
}

/// How a run ends and what it heeds, for `--help` and the man page.
const ENDS: &str = "\
Exit codes:
  0  ok (`evaluate`: whatever its verdict)
  1  findings in the data (`check`, `import`: any; elsewhere only faults that block the work)
  2  a wrong option, study or rules file
  3  a file or folder that cannot be read or written
  4  a file that is corrupt, altered, foreign or of a later version
  5  refused on policy: a BSN, an expired or unusable model, too few cases
  101  a bug in this program

The answer goes to stdout; progress (on a terminal only), warnings and errors go to stderr.
Nothing is overwritten without --force. NO_COLOR turns colour off; PLEEGZORG_LANG is the language
where --lang is not given.";

/// Options of every verb.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// Print the result as JSON on stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// No progress and no warnings on stderr (errors still appear)
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Threads to use; the result is the same for any number
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// The language of what a person reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Dutch
    Nl,
    /// English
    #[default]
    En,
}

impl From<Language> for Lang {
    fn from(language: Language) -> Self {
        match language {
            Language::Nl => Self::Nl,
            Language::En => Self::En,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Verb {
    Check(check::CheckArgs),
    Demo(demo::DemoArgs),
    Explain(explain::ExplainArgs),
    Import(import::ImportArgs),
    Simulate(simulate::SimulateArgs),
    Describe(describe::DescribeArgs),
    Train(train::TrainArgs),
    Evaluate(evaluate::EvaluateArgs),
    Score(score::ScoreArgs),
    Match(matching::MatchArgs),
    Audit(audit::AuditArgs),
    Replay(replay::ReplayArgs),
    Completions(manual::CompletionsArgs),
    Manual(manual::ManualArgs),
}

/// Parses the arguments of this process, runs the verb, and gives the exit code.
#[must_use]
pub fn main() -> ExitCode {
    // clap prints help to stdout and mistakes to stderr, and ends with 0 or 2.
    let cli = Cli::parse();
    let mut out = Output::new(&cli.common);
    match run(cli, &mut out) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => out.fail(&failure),
    }
}

/// Runs one verb; `Ok` is its exit code.
fn run(cli: Cli, out: &mut Output) -> Result<u8, Failure> {
    if let Some(threads) = cli.common.threads {
        // Fails only where a pool exists already, which a single run of the binary never has.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads)).build_global();
    }
    match cli.verb {
        Verb::Demo(args) => demo::run(&args, out),
        Verb::Check(args) => check::run(&args, out),
        Verb::Import(args) => import::run(&args, out),
        Verb::Explain(args) => explain::run(&args, out),
        Verb::Simulate(args) => simulate::run(&args, out),
        Verb::Describe(args) => describe::run(&args, out),
        Verb::Train(args) => train::run(&args, out),
        Verb::Evaluate(args) => evaluate::run(&args, out),
        Verb::Score(args) => score::run(&args, out),
        Verb::Match(args) => matching::run(&args, out),
        Verb::Audit(args) => audit::run(&args, out),
        Verb::Replay(args) => replay::run(&args, out),
        Verb::Completions(args) => manual::completions(&args, out),
        Verb::Manual(args) => manual::manual(&args, out),
    }
}
