//! `match`: candidate families for each request, and a plan for the caseload.

use std::path::{Path, PathBuf};

use clap::Args;

use super::output::{Failure, Output};
use super::page::about_model;
use super::score::AsOfArgs;
use crate::matching::assign::Effort;
use crate::matching::instance::Instance;
use crate::matching::{self, MatchOptions, Rules};
use crate::report::match_page;
use crate::{Error, ErrorKind};

/// Show which families could take each child, why (not), and plan the caseload
///
/// Rules come first: every family that a rule excludes is listed with the reason. Risk never
/// decides who gets a place. With --instance a bare assignment problem is solved instead.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct MatchArgs {
    #[command(flatten)]
    at: Option<AsOfArgs>,
    /// The rules file; without it, the default rules
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Solve a bare problem from a JSON file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["model", "history", "as_of", "rules", "research"])]
    instance: Option<PathBuf>,
    /// How much work the assignment may take; it counts work, not seconds, so that the answer
    /// stays the same
    #[arg(long, value_name = "WORK", default_value_t = Effort::default().0)]
    effort: u64,
    /// Print the default rules, to start a rules file with
    #[arg(long, exclusive = true)]
    print_rules: bool,
}

pub(crate) fn run(args: &MatchArgs, out: &mut Output) -> Result<u8, Failure> {
    if args.print_rules {
        out.text(matching::DEFAULT_RULES)?;
        return Ok(0);
    }
    if let Some(path) = &args.instance {
        return bare(path, Effort(args.effort), out);
    }
    let Some(at) = &args.at else {
        return Err(Error::new(ErrorKind::Usage, "match needs a model, a history and --as-of")
            .with_hint("or --instance FILE for a bare problem")
            .into());
    };
    let rules = match &args.rules {
        Some(path) => Rules::read(path)?,
        None => Rules::parse("")?,
    };
    let (model, history, index) = at.read(out)?;
    let options = MatchOptions { rules, effort: Effort(args.effort), research: at.research };
    let result = matching::match_requests(&model, &history, &index, at.as_of, &options)?;
    at.page.write(at.force, |options| match_page(&result, &about_model(&model), options))?;
    out.answer(&result, || result.to_text(at.page.reader.lang.into()))?;
    Ok(0)
}

/// Solves a bare problem.
fn bare(path: &Path, effort: Effort, out: &mut Output) -> Result<u8, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| Error::new(ErrorKind::Io, format!("cannot read {}: {e}", path.display())))?;
    let result = Instance::parse(&text)?.solve(effort)?;
    out.answer(&result, || result.to_text(crate::score::Lang::En))?;
    Ok(0)
}
