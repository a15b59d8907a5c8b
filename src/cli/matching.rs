//! `match`: candidate families for each request, and a plan for the caseload.

use std::path::{Path, PathBuf};

use clap::Args;

use super::output::{Failure, Output};
use super::page::about_model;
use super::score::{UseArgs, day, read};
use crate::files::read_text;
use crate::history::Day;
use crate::matching::assign::Effort;
use crate::matching::instance::Instance;
use crate::matching::{self, MatchOptions, Rules};
use crate::report::match_page;
use crate::score::Lang;
use crate::{Error, ErrorKind};

/// Show which families could take each child, why (not), and plan the caseload
///
/// Rules come first: every family that a rule excludes is listed with the reason. Risk never
/// decides who gets a place. With --instance a bare assignment problem is solved instead.
#[derive(Debug, Args)]
pub(crate) struct MatchArgs {
    /// The model file
    #[arg(required_unless_present_any = WITHOUT_MODEL)]
    model: Option<PathBuf>,
    /// The history folder
    #[arg(required_unless_present_any = WITHOUT_MODEL)]
    history: Option<PathBuf>,
    /// The day (yyyy-mm-dd); nothing known later is read
    #[arg(long, value_name = "DATE", value_parser = day, required_unless_present_any = WITHOUT_MODEL)]
    as_of: Option<Day>,
    /// Tell all about this request, with every family that a rule excludes (may be repeated)
    #[arg(long = "request", value_name = "ID")]
    requests: Vec<String>,
    /// The rules file; without it, the default rules
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// How much work the assignment may take; it counts work, not seconds, so that the answer
    /// stays the same
    #[arg(long, value_name = "WORK", default_value_t = Effort::default().0)]
    effort: u64,
    #[command(flatten)]
    options: UseArgs,
    /// Solve a bare problem from a JSON file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["model", "history", "as_of", "rules", "requests", "research", "html"])]
    instance: Option<PathBuf>,
    /// Print the default rules, to start a rules file with
    #[arg(long, conflicts_with_all = ["model", "history", "as_of", "rules", "requests", "research", "html", "instance"])]
    print_rules: bool,
}

/// With one of these, no model and no history are read.
const WITHOUT_MODEL: [&str; 2] = ["instance", "print_rules"];

pub(crate) fn run(args: &MatchArgs, out: &mut Output) -> Result<u8, Failure> {
    if args.print_rules {
        let answer = serde_json::json!({ "schema": 1, "rules": matching::DEFAULT_RULES });
        out.answer(&answer, || matching::DEFAULT_RULES.to_owned())?;
        return Ok(0);
    }
    let lang = args.options.page.reader.lang.into();
    if let Some(path) = &args.instance {
        return bare(path, Effort(args.effort), lang, out);
    }
    let (Some(model), Some(history), Some(as_of)) = (&args.model, &args.history, args.as_of) else {
        return Err(Error::new(ErrorKind::Usage, "match needs a model, a history and --as-of")
            .with_hint("or --instance FILE for a bare problem")
            .into());
    };
    let rules = match &args.rules {
        Some(path) => Rules::read(path)?,
        None => Rules::parse("")?,
    };
    let UseArgs { research, force, page } = &args.options;
    page.may_write(*force)?;
    let (model, history, index) = read(model, history, as_of, *research, out)?;
    let options = MatchOptions { rules, effort: Effort(args.effort), research: *research };
    let progress = out.progress();
    let result = matching::match_requests_with_progress(
        &model, &history, &index, as_of, &options, &*progress,
    )?;
    if args.requests.iter().any(|id| !result.requests.iter().any(|r| r.request == *id)) {
        let what = format!("--request names a request that is not open on {as_of}");
        return Err(Error::new(ErrorKind::Usage, what)
            .with_hint("leave out --request to see every open request")
            .into());
    }
    page.write(*force, |options| match_page(&result, &about_model(&model), options))?;
    out.answer(&result, || result.to_text(&args.requests, lang))?;
    Ok(0)
}

/// Solves a bare problem.
fn bare(path: &Path, effort: Effort, lang: Lang, out: &mut Output) -> Result<u8, Failure> {
    let instance = Instance::parse(&read_text(path)?)?;
    let result = instance.solve_with_progress(effort, &*out.progress())?;
    out.answer(&result, || result.to_text(lang))?;
    Ok(0)
}
