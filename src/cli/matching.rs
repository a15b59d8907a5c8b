//! `match`: candidate families for each request, and a plan for the caseload.

use std::path::{Path, PathBuf};

use clap::Args;

use super::output::{Failure, Output};
use super::page::about_model;
use super::score::{UseArgs, day, read};
use crate::files::read_text;
use crate::history::Day;
use crate::matching::assign::Effort;
use crate::matching::decisions::{self, Choice, Decision, Shown, folder_sha256};
use crate::matching::instance::Instance;
use crate::matching::{self, MatchOptions, MatchResult, Rules, VariantOptions};
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
    /// Make other plans as well (worst-off first, the floors of the rules file, conservative), each
    /// with its price; draw the risks anew; and say what one more family would change
    #[arg(long, conflicts_with_all = WITHOUT_MODEL)]
    variants: bool,
    /// Leave out what past choices say of the worth of choosing by the model
    #[arg(long, conflicts_with_all = WITHOUT_MODEL)]
    no_worth: bool,
    /// How often --variants draws the risks anew
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    draws: u32,
    #[command(flatten)]
    record: RecordArgs,
    /// Solve a bare problem from a JSON file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["model", "history", "as_of", "rules", "requests", "research", "html"])]
    instance: Option<PathBuf>,
    /// Print the default rules, to start a rules file with
    #[arg(long, conflicts_with_all = ["model", "history", "as_of", "rules", "requests", "research", "html", "instance"])]
    print_rules: bool,
}

/// Writing a decision down.
#[derive(Debug, Args)]
struct RecordArgs {
    /// Append the decision on the one --request to this log, whose records are chained by hash
    #[arg(long, value_name = "LOG", requires_all = ["choose", "reason", "requests"], conflicts_with_all = ["instance", "print_rules"])]
    record: Option<PathBuf>,
    /// The family that was chosen, or `none`
    #[arg(long, value_name = "FAMILY", requires = "record")]
    choose: Option<String>,
    /// Why, also where it differs from the plan; leave out names and numbers of people
    #[arg(long, value_name = "TEXT", requires = "record")]
    reason: Option<String>,
    /// Who decided, as the organisation writes it
    #[arg(long, value_name = "WHO", requires = "record")]
    by: Option<String>,
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
    let rules_text = args.rules.as_deref().map(read_text).transpose()?.unwrap_or_default();
    let rules = Rules::parse(&rules_text)?;
    let UseArgs { research, force, page } = &args.options;
    page.may_write(*force)?;
    let folder = history;
    let (model, history, index) = read(model, history, as_of, *research, out)?;
    let variants =
        args.variants.then_some(VariantOptions { draws: args.draws, ..VariantOptions::default() });
    let (effort, research, worth) = (Effort(args.effort), *research, !args.no_worth);
    let options = MatchOptions { rules, effort, worth, variants, research };
    let progress = out.progress();
    let mut result = matching::match_requests_with_progress(
        &model, &history, &index, as_of, &options, &*progress,
    )?;
    if args.requests.iter().any(|id| !result.requests.iter().any(|r| r.request == *id)) {
        let what = format!("--request names a request that is not open on {as_of}");
        return Err(Error::new(ErrorKind::Usage, what)
            .with_hint("leave out --request to see every open request")
            .into());
    }
    if let Some(log) = &args.record.record {
        let shown_by = Shown {
            version: env!("CARGO_PKG_VERSION").into(),
            model: result.model.clone(),
            history: folder_sha256(folder)?,
            rules: rules_text,
            effort: args.effort,
            research,
            worth,
            variants,
        };
        let decision = args.record.decision(&result, &args.requests, shown_by)?;
        result.beside.recorded = Some(decisions::append(log, decision)?);
    }
    page.write(*force, |options| match_page(&result, &about_model(&model), options))?;
    out.answer(&result, || result.to_text(&args.requests, lang))?;
    Ok(0)
}

impl RecordArgs {
    /// The decision in the words of the command line.
    fn decision(
        &self,
        result: &MatchResult,
        requests: &[String],
        shown_by: Shown,
    ) -> Result<Decision, Error> {
        let [request] = requests else {
            return Err(Error::new(ErrorKind::Usage, "--record takes one --request")
                .with_hint("write down the decision on each request of its own"));
        };
        let family = self.choose.clone().unwrap_or_default();
        let choice = Choice {
            request: request.clone(),
            family: (family != "none").then_some(family),
            reason: self.reason.clone().unwrap_or_default(),
            by: self.by.clone(),
        };
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Decision::new(result, choice, shown_by, now)
    }
}

/// Solves a bare problem.
fn bare(path: &Path, effort: Effort, lang: Lang, out: &mut Output) -> Result<u8, Failure> {
    let instance = Instance::parse(&read_text(path)?)?;
    let result = instance.solve_with_progress(effort, &*out.progress())?;
    out.answer(&result, || result.to_text(lang))?;
    Ok(0)
}
