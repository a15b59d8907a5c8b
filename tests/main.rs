//! The one integration-test binary: golden values, the command line, whole ways.

// A test may stop where it stands.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs
)]

#[path = "it/bad_input_cli/mod.rs"]
mod bad_input_cli;
#[path = "it/check_cli.rs"]
mod check_cli;
#[path = "it/cli.rs"]
mod cli;
#[path = "it/decisions.rs"]
mod decisions;
#[path = "it/describe.rs"]
mod describe;
#[path = "it/evaluate.rs"]
mod evaluate;
#[path = "it/evaluate_bad.rs"]
mod evaluate_bad;
#[path = "it/evaluate_golden.rs"]
mod evaluate_golden;
#[path = "it/evaluate_groups.rs"]
mod evaluate_groups;
#[path = "it/features.rs"]
mod features;
#[path = "it/features_proof.rs"]
mod features_proof;
#[path = "it/history.rs"]
mod history;
#[path = "it/learners.rs"]
mod learners;
#[path = "it/literature.rs"]
mod literature;
#[path = "it/matching.rs"]
mod matching;
#[path = "it/matching_cli.rs"]
mod matching_cli;
#[path = "it/matching_rules.rs"]
mod matching_rules;
#[path = "it/matching_variants.rs"]
mod matching_variants;
#[path = "it/model.rs"]
mod model;
#[path = "it/model_bad.rs"]
mod model_bad;
#[path = "it/model_cox.rs"]
mod model_cox;
#[path = "it/model_file.rs"]
mod model_file;
#[path = "it/model_findings.rs"]
mod model_findings;
#[path = "it/model_history.rs"]
mod model_history;
#[path = "it/model_imputed.rs"]
mod model_imputed;
#[path = "it/model_kinds.rs"]
mod model_kinds;
#[path = "it/model_landmark.rs"]
mod model_landmark;
#[path = "it/model_repeated.rs"]
mod model_repeated;
#[path = "it/model_residuals.rs"]
mod model_residuals;
#[path = "it/model_shipped.rs"]
mod model_shipped;
#[path = "it/model_subdistribution.rs"]
mod model_subdistribution;
#[path = "it/outcome.rs"]
mod outcome;
#[path = "it/over_time.rs"]
mod over_time;
#[path = "it/priors_worth.rs"]
mod priors_worth;
#[path = "it/report/mod.rs"]
mod report;
#[path = "it/run.rs"]
mod run;
#[path = "it/score.rs"]
mod score;
#[path = "it/simulate.rs"]
mod simulate;
#[path = "it/small.rs"]
mod small;
#[path = "it/ssda903.rs"]
mod ssda903;
#[path = "it/study_page.rs"]
mod study_page;
#[path = "it/survival/mod.rs"]
mod survival;
#[path = "it/terms.rs"]
mod terms;
#[path = "it/worth.rs"]
mod worth;
