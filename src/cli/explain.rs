//! `explain`
use super::output::{Failure, Output};
use clap::Args;
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    code: String,
}
pub(crate) fn run(_a: &ExplainArgs, _o: &mut Output) -> Result<u8, Failure> {
    Ok(0)
}
