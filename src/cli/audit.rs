//! `audit`: whether a log of decisions is whole, and whether its numbers can be had again.

use std::fmt::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Language;
use super::output::{Failure, Output};
use crate::history::{self, Index};
use crate::matching::decisions::{self, Replayed, Verified, folder_sha256};
use crate::matching::worth::null_worlds;
use crate::model::Model;
use crate::score::Lang;
use crate::{Error, ErrorKind};

/// Check a log of decisions: was it changed, and do its numbers come out again
#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Find any edit, removal or swap of records (exit 4)
    ///
    /// Whether the last records were cut off, or the whole log was written anew, shows only where
    /// its head was noted elsewhere: give it with --head.
    Verify {
        /// The log that `match --record` wrote
        log: PathBuf,
        /// A head that was noted earlier: it must still be in the log
        #[arg(long, value_name = "SHA256", value_parser = sha256)]
        head: Option<String>,
        #[command(flatten)]
        reader: Reader,
    },
    /// Show that the estimates of worth find nothing where nothing is to be found
    ///
    /// Simulates worlds in which no choice of a family changes any outcome. A model that judges
    /// itself promises gains there; the intervals of ours should hold zero as often as they say.
    NullWorld {
        /// Worlds
        #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(2..=100_000))]
        worlds: u32,
        /// Past choices in each world
        #[arg(long, value_name = "N", default_value_t = 600, value_parser = clap::value_parser!(u32).range(100..=20_000))]
        choices: u32,
        /// The seed
        #[arg(long, default_value_t = 1)]
        seed: u64,
        #[command(flatten)]
        reader: Reader,
    },
    /// Compute every number that was shown anew, and compare (exit 1 where one differs)
    Replay {
        /// The log that `match --record` wrote
        log: PathBuf,
        /// The model file
        model: PathBuf,
        /// The history folder
        history: PathBuf,
        #[command(flatten)]
        reader: Reader,
    },
}

#[derive(Debug, Args)]
struct Reader {
    /// The language
    #[arg(long, value_enum, default_value_t, env = "PLEEGZORG_LANG", hide_env_values = true)]
    lang: Language,
}

fn sha256(text: &str) -> Result<String, String> {
    let right = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if right { Ok(text.to_owned()) } else { Err("write the 64 hexadecimal digits".into()) }
}

pub(crate) fn run(args: &AuditArgs, out: &mut Output) -> Result<u8, Failure> {
    match &args.what {
        What::Verify { log, head, reader } => {
            let found = decisions::verify(&decisions::read(log)?, head.as_deref());
            out.answer(&found, || verified(&found, reader.lang.into()))?;
            Ok(if found.intact { 0 } else { ErrorKind::Foreign.exit_code() })
        }
        What::NullWorld { worlds, choices, seed, reader } => {
            let found = null_worlds(*worlds, *choices as usize, *seed, 0.95);
            out.answer(&found, || found.to_text(reader.lang.into()))?;
            Ok(0)
        }
        What::Replay { log, model, history, reader } => {
            let found = decisions::verify(&decisions::read(log)?, None);
            if let Some(fault) = found.faults.first() {
                let what = format!("{}: line {}: {}", log.display(), fault.line, fault.what.en);
                return Err(Error::new(ErrorKind::Foreign, what)
                    .with_hint("a log that was changed proves nothing; see audit verify")
                    .into());
            }
            let model = Model::read(model)?;
            let sha256 = folder_sha256(history)?;
            let progress = out.progress();
            let history = history::read(history, &*progress)?.into_history()?;
            let index = Index::new(&history);
            let done =
                decisions::replay(&found.decisions, &model, &history, &index, &sha256, &*progress)?;
            out.answer(&done, || replayed(&done, reader.lang.into()))?;
            Ok(if done.same { 0 } else { 1 })
        }
    }
}

fn verified(found: &Verified, lang: Lang) -> String {
    let (n, head) = (found.records, &found.head);
    let mut text = match lang {
        Lang::Nl if n == 1 => format!("1 beslissing. Kenmerk (head): {head}\n"),
        Lang::Nl => format!("{n} beslissingen. Kenmerk (head): {head}\n"),
        Lang::En if n == 1 => format!("1 decision. Head: {head}\n"),
        Lang::En => format!("{n} decisions. Head: {head}\n"),
    };
    text += match (found.intact, lang) {
        (true, Lang::Nl) => "Er is niets aan veranderd, verplaatst of tussenuit gehaald.\n",
        (true, Lang::En) => "Nothing was changed, moved or taken out from between.\n",
        (false, Lang::Nl) => "DIT LOGBOEK IS NIET MEER ZOALS HET IS GESCHREVEN:\n",
        (false, Lang::En) => "THIS LOG IS NOT AS IT WAS WRITTEN:\n",
    };
    for fault in &found.faults {
        let line = if lang == Lang::Nl { "regel" } else { "line" };
        let _ = writeln!(text, "  {line} {}: {}", fault.line, fault.what.text(lang));
    }
    text + found.cannot_see.text(lang) + "\n"
}

fn replayed(done: &Replayed, lang: Lang) -> String {
    let Replayed { records, replayed, numbers, .. } = done;
    let mut text = match lang {
        Lang::Nl => format!(
            "{replayed} van {records} beslissingen opnieuw berekend, {numbers} getallen vergeleken.\n"
        ),
        Lang::En => format!(
            "{replayed} of {records} decisions computed anew, {numbers} numbers compared.\n"
        ),
    };
    if done.other_history > 0 {
        let n = done.other_history;
        text += &match lang {
            Lang::Nl => format!("{n} zijn op andere bestanden gemaakt dan deze.\n"),
            Lang::En => format!("{n} were made on other files than these.\n"),
        };
    }
    text += match (done.same, lang) {
        (true, Lang::Nl) => "Alles is gelijk, tot op het laatste cijfer.\n",
        (true, Lang::En) => "All are the same, to the last digit.\n",
        (false, Lang::Nl) => "Niet alles is gelijk:\n",
        (false, Lang::En) => "Not all are the same:\n",
    };
    for d in &done.differences {
        let _ = write!(text, "  {} {}: {}", d.record, d.path, d.what.text(lang));
        if let (Some(was), Some(now)) = (d.was, d.now) {
            let _ = write!(text, " ({was} → {now})");
        }
        text.push('\n');
    }
    text
}
