//! `evaluate`: judge a study's model honestly, beside others and beside no model.

use std::path::PathBuf;

use clap::Args;

use super::output::{Failure, Output};
use super::page::{CardArgs, PageArgs, about_study};
use super::study::StudyArgs;
use crate::evaluate;
use crate::model::{Model, Source};
use crate::report::{Card, evaluate_page};
use crate::{Error, ErrorKind};

/// Judge a study's model honestly: on folds that split no child, over time, by provider
///
/// Ends with a verdict: usable, do-not-use, or not-enough-data. The exit code is 0 whatever the
/// verdict. With --model the verdict is stamped into the model file, which is replaced whole.
#[derive(Debug, Args)]
pub(crate) struct EvaluateArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// The model file, trained on this study, into which the verdict goes
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,
    /// Rerun the study under each named definition of breakdown: how far does the answer move?
    #[arg(long)]
    definitions: bool,
    /// Replace a page that exists
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    page: PageArgs,
    #[command(flatten)]
    card: CardArgs,
}

pub(crate) fn run(args: &EvaluateArgs, out: &mut Output) -> Result<u8, Failure> {
    let progress = out.progress();
    let mut study = args.study.read()?;
    if args.definitions {
        if study.is_table() {
            let what = "a table has its own events, and no definitions";
            return Err(Error::new(ErrorKind::Usage, what)
                .with_hint("leave --definitions out")
                .into());
        }
        study.evaluate.definitions = evaluate::definitions_of_breakdown();
    }
    // A model file that cannot be stamped is said before the long work, not after.
    let model = args.model.as_ref().map(|path| Model::read(path)).transpose()?;
    if let Some(model) = &model {
        model.belongs_to(&study)?;
    }
    args.page.may_write(args.force)?;
    args.card.may_write(args.force, &[&args.model, &args.page.html])?;
    let source = Source::read(&study, &*progress)?;
    let evaluation = evaluate::run(&study, &source, &*progress)?;
    for warning in &evaluation.warnings {
        out.note(&format!("warning: {warning}"));
    }
    let mut model = model;
    if let (Some(path), Some(model)) = (&args.model, &mut model) {
        model.set_stamp(evaluation.stamp());
        model.write(path, true)?;
    }
    let about = about_study(&study, source.history().map(|(h, _)| h));
    args.page.write(args.force, |options| evaluate_page(&evaluation, &about, options))?;
    args.card.write(args.force, || Card::new(&study, model.as_ref(), Some(&evaluation)))?;
    out.answer(&evaluation, || evaluation.table())?;
    Ok(0)
}
