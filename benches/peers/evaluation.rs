//! The whole of `evaluate` on the example: every learner on the same folds, with intervals, refits,
//! groups and pictures' numbers. No peer does all of it; the time is held against a limit.

use std::path::Path;
use std::time::Instant;

use pleegzorg::evaluate::run;
use pleegzorg::model::{Source, Study};
use pleegzorg::progress::Silent;

use super::Settings;

/// What the task is called.
pub const NAME: &str = "evaluate";
/// Seconds that it may take.
const LIMIT: f64 = 60.0;
/// The learners beside the example's Cox model; their trees as many as by default.
const LEARNERS: [&str; 8] = [
    "discrete-logistic",
    "forest",
    "extra-trees",
    "gradient-boosting",
    "nearest-neighbours",
    "svm",
    "survival-forest",
    "boosting",
];

/// Times it once, and says the seconds and what came of it.
pub fn measure(settings: &Settings) {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/example");
    let repeats = if settings.quick { 1 } else { 5 };
    let entries: Vec<String> =
        LEARNERS.iter().map(|kind| format!("{{ kind = \"{kind}\" }}")).collect();
    let sets = [
        format!("compare=[{}]", entries.join(", ")),
        "evaluate.folds=5".into(),
        format!("evaluate.repeats={repeats}"),
        "evaluate.bootstrap=200".into(),
    ];
    let study = Study::read(&example, &sets).expect("the example's study");
    let source = Source::read(&study, &Silent).expect("the example");
    let start = Instant::now();
    let found = run(&study, &source, &Silent).expect("an evaluation");
    let seconds = start.elapsed().as_secs_f64();
    assert!(found.compared.iter().all(|c| c.failed.is_none()), "a learner failed");
    let held = found.compared.len();
    println!(
        "evaluate, {} learners on the example ({NAME}): {seconds:.1} s with 5 x {repeats} folds, 200 \
         bootstraps and {held} comparisons (goal {LIMIT:.0} s)",
        LEARNERS.len() + 1,
    );
}
