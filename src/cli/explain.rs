//! `explain`: what a code means, why it matters, and how to repair it.

use clap::Args;
use serde_json::json;

use super::Language;
use super::output::{Failure, Output};
use crate::history::{Bilingual, Explanation, explain, explanations};
use crate::{Error, ErrorKind};

/// Say what a code such as PZ0401 means, why it matters and how to repair it
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The code; without it, all codes are listed
    code: Option<String>,
    /// The language
    #[arg(long, value_enum, default_value_t, env = "PLEEGZORG_LANG", hide_env_values = true)]
    lang: Language,
}

pub(crate) fn run(args: &ExplainArgs, out: &mut Output) -> Result<u8, Failure> {
    let say = |text: Bilingual| match args.lang {
        Language::Nl => text.nl,
        Language::En => text.en,
    };
    let Some(code) = &args.code else {
        let all: Vec<&Explanation> = explanations().collect();
        out.answer(&json!({ "schema": 1, "codes": all }), || {
            all.iter().map(|e| format!("{} {}\n", e.code, say(e.title))).collect()
        })?;
        return Ok(0);
    };
    let Some(found) = explain(code) else {
        return Err(Error::new(ErrorKind::Usage, "there is no such code".to_owned())
            .with_hint("`pleegzorg explain` lists every code")
            .into());
    };
    out.answer(&json!({ "schema": 1, "explanation": found }), || {
        format!(
            "{}  {}\n\n{}\n\n{}\n",
            found.code,
            say(found.title),
            say(found.why),
            say(found.repair)
        )
    })?;
    Ok(0)
}
