//! `simulate`: a synthetic history with its true risks.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::output::{Failure, Output};
use crate::files::make_folder;
use crate::simulate::{self, Level, Scenario};
use crate::{Error, ErrorKind};

/// Write a synthetic history whose true risks are known (truth.csv)
///
/// No simulated child is a real one. The same options give the same bytes.
#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// The folder to write; it is made where it does not exist
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    /// How many children
    #[arg(long, value_name = "N", default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    children: u32,
    /// The seed
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// The level of breakdown: base, low or high
    #[arg(long, value_name = "NAME", default_value = "base")]
    scenario: String,
    /// Without unmeasured differences of families and providers
    #[arg(long)]
    no_family_effects: bool,
    /// Without missing values and late records
    #[arg(long)]
    no_missing: bool,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(args: &SimulateArgs, out: &mut Output) -> Result<u8, Failure> {
    let level = Level::named(&args.scenario).ok_or_else(|| {
        let names: Vec<&str> = Level::ALL.iter().map(|l| l.name()).collect();
        Error::new(ErrorKind::Usage, format!("there is no scenario `{}`", args.scenario))
            .with_hint(format!("choose one of {}", names.join(", ")))
    })?;
    let mut scenario = Scenario::at(level);
    if args.no_family_effects {
        scenario = scenario.without_family_effects();
    }
    if args.no_missing {
        scenario = scenario.without_missing();
    }
    make_folder(&args.out)?;
    simulate::may_write(&args.out, args.force)?;
    let progress = out.progress();
    let simulation =
        simulate::simulate_with_progress(&scenario, args.children, args.seed, &*progress);
    simulate::write_with_progress(&simulation, &args.out, args.force, &*progress)?;
    let h = &simulation.history;
    let counts = [
        ("children", h.children.len()),
        ("families", h.families.len()),
        ("stays", h.stays.len()),
        ("events", h.events.len()),
        ("assessments", h.assessments.len()),
        ("requests", h.requests.len()),
        ("offers", h.offers.len()),
        ("truth", simulation.truth.len()),
    ];
    let rows: serde_json::Map<String, serde_json::Value> =
        counts.iter().map(|&(name, n)| (name.to_owned(), n.into())).collect();
    out.answer(
        &json!({ "schema": 1, "scenario": level.name(), "seed": args.seed, "rows": rows }),
        || {
            let mut text = format!("A synthetic history is in {}\n", args.out.display());
            for (name, n) in counts {
                text.push_str(&format!("  {name:<12} {n:>9}\n"));
            }
            text
        },
    )?;
    Ok(0)
}
