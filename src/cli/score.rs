//! `score`: the running placements of a day.

use std::path::PathBuf;

use clap::Args;

use super::output::{Failure, Output};
use super::page::{PageArgs, about_model, base_at, base_rates};
use crate::history::{self, Day, History, Index};
use crate::model::Model;
use crate::report::score_page;
use crate::score;
use crate::{Error, ErrorKind};

/// What `score` and `match` share: a model, a history, a day.
#[derive(Debug, Args)]
pub(crate) struct AsOfArgs {
    /// The model file
    pub model: PathBuf,
    /// The history folder
    pub history: PathBuf,
    /// The day (yyyy-mm-dd); nothing known later is read
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub as_of: Day,
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
fn day(text: &str) -> Result<Day, String> {
    Day::parse_iso(text).ok_or_else(|| "write a date as yyyy-mm-dd".to_owned())
}

impl AsOfArgs {
    /// Reads the model, checks that it may be used on this day, and reads the history.
    pub fn read(&self, out: &Output) -> Result<(Model, History, Index), Failure> {
        let model = Model::read(&self.model)?;
        model.usable_for(self.as_of, self.research)?;
        let progress = out.progress();
        let reading = history::read(&self.history, &*progress)?;
        let history = reading.into_history()?;
        if self.as_of > history.window.extraction {
            return Err(Error::new(
                ErrorKind::Usage,
                format!(
                    "--as-of {} is after the data were taken ({})",
                    self.as_of, history.window.extraction
                ),
            )
            .with_hint("choose an earlier day, or take the data anew")
            .into());
        }
        let index = Index::new(&history);
        Ok((model, history, index))
    }
}

/// Say what lies ahead of each running placement, why, and what the guideline asks
///
/// The risk is of breakdown within each horizon from the day on, given that the placement has
/// lasted until then, with an interval; where the model has no support it says why it gives none.
#[derive(Debug, Args)]
pub(crate) struct ScoreArgs {
    #[command(flatten)]
    at: AsOfArgs,
}

pub(crate) fn run(args: &ScoreArgs, out: &mut Output) -> Result<u8, Failure> {
    let (model, history, index) = args.at.read(out)?;
    let result = score::score(&model, &history, &index, args.at.as_of, args.at.research)?;
    let at = &args.at;
    at.page.write(at.force, |options| {
        let rates = base_rates(&model, &history, &index, at.as_of);
        let base = |horizon: f64| base_at(&rates, horizon);
        score_page(&result, &base, &about_model(&model), options)
    })?;
    out.answer(&result, || result.to_text(at.page.reader.lang.into()))?;
    Ok(0)
}
