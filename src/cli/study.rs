//! What the verbs that take a study share.

use std::path::PathBuf;

use clap::Args;

use super::output::{Failure, Output};
use crate::model::{Prepared, Source, Study, prepare};
use crate::progress::Progress;

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

    /// Reads the study, its data, and makes its rows. Notes go to stderr.
    pub fn prepared(
        &self,
        out: &Output,
        progress: &dyn Progress,
    ) -> Result<(Study, Source, Prepared), Failure> {
        let study = self.read()?;
        let source = Source::read(&study, progress)?;
        let prepared = prepare(&study, &source, None, None)?;
        for note in &prepared.notes {
            out.note(&format!("note: {note}"));
        }
        Ok((study, source, prepared))
    }
}
