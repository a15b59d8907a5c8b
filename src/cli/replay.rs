//! `replay`: ways of working over time.

use std::path::PathBuf;

use clap::Args;

use super::Language;
use super::output::{Failure, Output};
use super::score::{day, read};
use crate::files::read_text;
use crate::history::Day;
use crate::matching::Rules;
use crate::matching::over_time::{Stream, Terms, from_history, replay};
use crate::{Error, ErrorKind};

/// Live a history, or a made-up stream of requests, again under several ways of working
///
/// Reports stable placements and waiting for each, against what nobody could have exceeded who
/// knew all beforehand. The figures compare ways of working; they forecast nothing.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The model file
    #[arg(required_unless_present = "simulated")]
    model: Option<PathBuf>,
    /// The history folder
    #[arg(required_unless_present = "simulated")]
    history: Option<PathBuf>,
    /// The first day of the requests (yyyy-mm-dd)
    #[arg(long, value_name = "DATE", value_parser = day, required_unless_present = "simulated")]
    from: Option<Day>,
    /// The last day of the requests
    #[arg(long, value_name = "DATE", value_parser = day, required_unless_present = "simulated")]
    to: Option<Day>,
    /// The rules file; without it, the default rules
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Allow a model that is not stamped usable or has expired
    #[arg(long)]
    research: bool,
    /// A made-up stream of so many requests a year instead
    #[arg(long, value_name = "N", conflicts_with_all = ["model", "history", "from", "to", "rules", "research"], value_parser = clap::value_parser!(u32).range(1..=100_000))]
    simulated: Option<u32>,
    /// Years of the made-up stream
    #[arg(long, value_name = "N", default_value_t = 10, requires = "simulated", value_parser = clap::value_parser!(u32).range(1..=50))]
    years: u32,
    /// What a day of waiting costs, in stable placements per child
    #[arg(long, value_name = "X", default_value_t = Terms::default().daily_cost)]
    daily_cost: f64,
    /// Days after which a request leaves without a place
    #[arg(long, value_name = "DAYS", default_value_t = Terms::default().patience)]
    patience: i32,
    /// Days between the times that all who wait are placed together
    #[arg(long, value_name = "DAYS", default_value_t = Terms::default().batch_days)]
    batch_days: i32,
    /// Futures that are sampled for the price of a place
    #[arg(long, value_name = "N", default_value_t = Terms::default().futures, value_parser = clap::value_parser!(u32).range(1..=100))]
    futures: u32,
    /// The seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The language
    #[arg(long, value_enum, default_value_t, env = "PLEEGZORG_LANG", hide_env_values = true)]
    lang: Language,
}

pub(crate) fn run(args: &ReplayArgs, out: &mut Output) -> Result<u8, Failure> {
    let stream = match args.simulated {
        Some(per_year) => Stream::made_up(per_year, args.years, args.seed),
        None => of_history(args, out)?,
    };
    let terms = Terms {
        daily_cost: args.daily_cost,
        patience: args.patience,
        batch_days: args.batch_days,
        futures: args.futures,
        seed: args.seed,
    };
    let found = replay(&stream, terms)?;
    out.answer(&found, || found.to_text(args.lang.into()))?;
    Ok(0)
}

fn of_history(args: &ReplayArgs, out: &mut Output) -> Result<Stream, Failure> {
    let (Some(model), Some(history), Some(from), Some(to)) =
        (&args.model, &args.history, args.from, args.to)
    else {
        let what = "replay needs a model, a history, --from and --to";
        return Err(Error::new(ErrorKind::Usage, what)
            .with_hint("or --simulated N for a made-up stream")
            .into());
    };
    let text = args.rules.as_deref().map(read_text).transpose()?.unwrap_or_default();
    let rules = Rules::parse(&text)?;
    let (model, history, index) = read(model, history, to, args.research, out)?;
    Ok(from_history(&model, &history, &index, &rules, from, to)?)
}
