//! `score`: the running placements of a day.

use std::path::{Path, PathBuf};

use clap::Args;

use super::output::{Failure, Output};
use super::page::{PageArgs, about_model, base_at, base_rates};
use crate::history::{self, Day, History, Index};
use crate::model::Model;
use crate::report::score_page;
use crate::score;
use crate::{Error, ErrorKind};

/// What `score` and `match` share.
#[derive(Debug, Args)]
pub(crate) struct UseArgs {
    /// Allow a model that is not stamped usable or has expired; every output then says so
    #[arg(long)]
    pub research: bool,
    /// Replace a page that exists
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub page: PageArgs,
}

/// Reads a day of the command line.
pub(crate) fn day(text: &str) -> Result<Day, String> {
    Day::parse_iso(text).ok_or_else(|| "write a date as yyyy-mm-dd".to_owned())
}

/// Reads the model, checks that it may be used on this day, and reads the history.
pub(crate) fn read(
    model: &Path,
    history: &Path,
    as_of: Day,
    research: bool,
    out: &Output,
) -> Result<(Model, History, Index), Failure> {
    let model = Model::read(model)?;
    model.usable_for(as_of, research)?;
    let progress = out.progress();
    let history = history::read(history, &*progress)?.into_history()?;
    let extraction = history.window.extraction;
    if as_of > extraction {
        return Err(Error::new(
            ErrorKind::Usage,
            format!("--as-of {as_of} is after the data were taken ({extraction})"),
        )
        .with_hint("choose an earlier day, or take the data anew")
        .into());
    }
    let index = Index::new(&history);
    Ok((model, history, index))
}

/// Say what lies ahead of each running placement, why, and what the guideline asks
///
/// The risk is of breakdown within each horizon from the day on, given that the placement has
/// lasted until then, with an interval; where the model has no support it says why it gives none.
#[derive(Debug, Args)]
pub(crate) struct ScoreArgs {
    /// The model file
    model: PathBuf,
    /// The history folder
    history: PathBuf,
    /// The day (yyyy-mm-dd); nothing known later is read
    #[arg(long, value_name = "DATE", value_parser = day)]
    as_of: Day,
    #[command(flatten)]
    options: UseArgs,
}

pub(crate) fn run(args: &ScoreArgs, out: &mut Output) -> Result<u8, Failure> {
    let (as_of, UseArgs { research, force, page }) = (args.as_of, &args.options);
    page.may_write(*force)?;
    let (model, history, index) = read(&args.model, &args.history, as_of, *research, out)?;
    let progress = out.progress();
    let result =
        score::score_with_progress(&model, &history, &index, as_of, *research, &*progress)?;
    page.write(*force, |options| {
        let rates = base_rates(&model, &history, &index, as_of);
        let base = |horizon: f64| base_at(&rates, horizon);
        score_page(&result, &base, &about_model(&model), options)
    })?;
    out.answer(&result, || result.to_text(page.reader.lang.into()))?;
    Ok(0)
}
