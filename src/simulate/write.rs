//! Writing a simulation: a history folder that a study can run on, and its truth.

use std::fmt::Write as _;
use std::path::Path;

use crate::Error;
use crate::files;
use crate::history::{self, Window};
use crate::progress::{Progress, Silent};

use super::Simulation;

/// The file of true risks, in the folder of the history. Reading a history never opens it.
const TRUTH: &str = "truth.csv";

/// Writes the simulated history as a folder (made where it is missing) with a `study.toml` that
/// runs as it is, and `truth.csv` with the columns `stay_id`, `family_id`, `horizon` (days after
/// the start) and `risk` (rounded to 8 decimals).
///
/// # Errors
/// [`crate::ErrorKind::Usage`] where a file exists and `force` is false; [`crate::ErrorKind::Io`] where the
/// folder cannot be written.
pub fn write(simulation: &Simulation, dir: &Path, force: bool) -> Result<(), Error> {
    write_with_progress(simulation, dir, force, &Silent)
}

/// As [`write()`](fn@write), telling `progress` of the rows that are written.
///
/// # Errors
/// As [`write()`](fn@write).
pub fn write_with_progress(
    simulation: &Simulation,
    dir: &Path,
    force: bool,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let study = study(&simulation.history.window);
    let truth = truth_table(simulation);
    let others = [("study.toml", study.as_bytes()), (TRUTH, truth.as_bytes())];
    Ok(history::write_with(&simulation.history, dir, force, &others, progress)?)
}

/// Says whether [`write()`](fn@write) would refuse a folder, before the simulation is made.
///
/// # Errors
/// [`crate::ErrorKind::Usage`] where a file exists and `force` is false.
pub fn may_write(dir: &Path, force: bool) -> Result<(), Error> {
    history::may_write(dir, force)?;
    if dir.is_dir() { files::may_write(&dir.join(TRUTH), force) } else { Ok(()) }
}

/// The study file of a simulated history: the few terms that a researcher would choose for a
/// cohort of a few hundred placements, where a hundred breakdowns carry no more.
#[must_use]
pub fn study(window: &Window) -> String {
    format!(
        r#"title = "Breakdown within two years (synthetic data)"
seed = 42

[data]
history = "."

{}
[outcome]
definition = "unplanned-unwanted"
horizons = ["6 months", "12 months", "24 months"]

[features]
at = "start"
terms = [
  "age", "prior_breakdowns", "factor(family_kind)", "crisis_start",
  "capacity_gap", "alliance", "other_children_wellbeing", "capacity_gap:alliance",
]

[model]
kind = "cox"
cause = "breakdown"
cluster = ["child"]

[[compare]]
name = "logistic per month"
kind = "discrete-logistic"

[[compare]]
name = "forest"
kind = "forest"

[evaluate]
folds = 5
repeats = 2
time_split = "2020-01-01"
by = ["provider"]
bootstrap = 100
"#,
        history::study_tables(window)
    )
}

/// `truth.csv`.
fn truth_table(simulation: &Simulation) -> String {
    let h = &simulation.history;
    let mut out = String::with_capacity(40 * simulation.truth.len() + 64);
    out.push_str("stay_id,family_id,horizon,risk\n");
    for t in &simulation.truth {
        let (stay, family) = (&h.stay(t.stay).id, &h.family(t.family).id);
        // Writing to a string does not fail.
        let _ = writeln!(out, "{stay},{family},{},{:.8}", t.horizon, t.risk);
    }
    out
}
