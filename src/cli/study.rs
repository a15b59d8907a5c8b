//! What the verbs that take a study share.

use std::path::PathBuf;

use clap::Args;

use super::output::Failure;
use crate::model::Study;

/// A study file and what overrides it.
#[derive(Debug, Args)]
pub(crate) struct StudyArgs {
    /// The study file, or a folder with a study.toml
    study: PathBuf,
    /// Override a key of the study, as in `--set model.kind=weibull`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
}

impl StudyArgs {
    /// Reads the study.
    pub fn read(&self) -> Result<Study, Failure> {
        Ok(Study::read(&self.study, &self.sets)?)
    }
}
