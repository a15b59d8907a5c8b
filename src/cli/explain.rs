//! `explain`: what a code means, why it matters, and how to repair it; what a feature is.

use clap::Args;
use serde_json::{Value, json};

use super::Language;
use super::output::{Failure, Output};
use crate::features::{CATALOGUE, Feature, feature};
use crate::history::{Bilingual, Explanation, explain, explanations};
use crate::{Error, ErrorKind};

/// Say what a code such as PZ0401 means and how to repair it, or what a feature is
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A code, the name of a feature, or `features` to list them; without it, all codes are listed
    #[arg(value_name = "CODE|FEATURE")]
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
    if code == "features" {
        return all_features(args.lang, out);
    }
    let Some(found) = explain(code) else {
        let Ok(feature) = feature(code) else {
            return Err(Error::new(ErrorKind::Usage, "there is no such code or feature")
                .with_hint(
                    "`pleegzorg explain` lists every code, `pleegzorg explain features` every \
                     feature",
                )
                .into());
        };
        return one_feature(feature, args.lang, out);
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

/// Every feature of the catalogue, a line each.
fn all_features(lang: Language, out: &mut Output) -> Result<u8, Failure> {
    let all: Vec<Value> = CATALOGUE.iter().map(value).collect();
    out.answer(&json!({ "schema": 1, "features": all }), || {
        let width = CATALOGUE.iter().map(|f| name(f).chars().count()).max().unwrap_or(0);
        CATALOGUE.iter().map(|f| format!("{:<width$}  {}\n", name(f), label(f, lang))).collect()
    })?;
    Ok(0)
}

/// One feature.
fn one_feature(feature: &Feature, lang: Language, out: &mut Output) -> Result<u8, Failure> {
    out.answer(&json!({ "schema": 1, "feature": value(feature) }), || {
        let when = match (feature.landmark_only, lang) {
            (true, Language::En) => "known only at a landmark, after the start",
            (true, Language::Nl) => "pas bekend op een later meetmoment, na de start",
            (false, Language::En) => "known at the start and at landmarks",
            (false, Language::Nl) => "bekend bij de start en op latere meetmomenten",
        };
        let (reads, source) = match lang {
            Language::En => ("reads", "source"),
            Language::Nl => ("leest", "bron"),
        };
        format!(
            "{}  {}\n\n{when}\n{reads}: {}\n{source}: {}\n",
            name(feature),
            label(feature, lang),
            feature.reads,
            feature.source
        )
    })?;
    Ok(0)
}

/// The name that terms use, or its pattern.
fn name(f: &Feature) -> &'static str {
    f.pattern.unwrap_or(f.name)
}

fn label(f: &Feature, lang: Language) -> &'static str {
    match lang {
        Language::Nl => f.label_nl,
        Language::En => f.label_en,
    }
}

/// A feature for a program.
fn value(f: &Feature) -> Value {
    json!({
        "name": name(f),
        "unit": f.unit,
        "about": f.level,
        "landmark_only": f.landmark_only,
        "changeable": f.changeable,
        "label": { "nl": f.label_nl, "en": f.label_en },
        "reads": f.reads,
        "source": f.source,
    })
}
