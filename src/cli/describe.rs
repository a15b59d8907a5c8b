//! `describe`: what happened, by group.

use std::fmt::Write;

use clap::{Args, ValueEnum};

use super::output::{Failure, Output};
use super::page::{PageArgs, about_study};
use super::progress::stage;
use super::study::StudyArgs;
use crate::evaluate::{self, Describe, DescribeOptions, Groups};
use crate::features::Values;
use crate::model::{At, Prepared, Source, Study, prepare_with_progress};
use crate::report::describe_page;
use crate::survival::Interval;
use crate::{Error, ErrorKind};

/// Curves, cumulative incidences of each end, and tests of their difference between groups
#[derive(Debug, Args)]
pub(crate) struct DescribeArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// The column that makes the groups: a feature of the catalogue, or a column of the table
    #[arg(long, value_name = "COLUMN")]
    by: Option<String>,
    /// The times to describe, in days for a history, separated by commas; default: the study's horizons
    #[arg(long, value_name = "TIMES", value_delimiter = ',')]
    at: Vec<f64>,
    /// Compare the groups within the levels of this column: the tests are stratified
    #[arg(long, value_name = "COLUMN")]
    strata: Option<String>,
    /// Weigh early differences more in the tests: 0 is log-rank, 1 the test of Peto and Peto
    #[arg(long, value_name = "RHO", default_value_t = 0.0, value_parser = rho)]
    rho: f64,
    /// The scale on which intervals are symmetric
    #[arg(long, value_enum, default_value = "log-log")]
    interval: Scale,
    /// Replace a page that exists
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    page: PageArgs,
}

/// A weight of the family of Fleming and Harrington.
fn rho(text: &str) -> Result<f64, String> {
    let value: Option<f64> = text.parse().ok();
    let sound = value.filter(|v| v.is_finite() && (0.0..=100.0).contains(v));
    sound.ok_or_else(|| "must be a number from 0 to 100, like 0, 0.5 or 1".to_owned())
}

/// The scale of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scale {
    LogLog,
    Log,
    Plain,
    Logit,
    Arcsin,
}

impl From<Scale> for Interval {
    fn from(scale: Scale) -> Self {
        match scale {
            Scale::LogLog => Self::LogLog,
            Scale::Log => Self::Log,
            Scale::Plain => Self::Plain,
            Scale::Logit => Self::Logit,
            Scale::Arcsin => Self::Arcsin,
        }
    }
}

pub(crate) fn run(args: &DescribeArgs, out: &mut Output) -> Result<u8, Failure> {
    let progress = out.progress();
    let mut study = args.study.read()?;
    args.page.may_write(args.force)?;
    // Only the outcome and the column of groups are read: terms, strata and landmarks play no part.
    study.features.terms.clear();
    study.features.at = At::Start;
    study.model.strata.clear();
    study.compare.clear();
    study.evaluate.by = args.by.iter().chain(&args.strata).cloned().collect();
    let source = Source::read(&study, &*progress)?;
    let prepared = prepare_with_progress(&study, &source, None, None, &*progress)?;
    let result = stage(&*progress, "describing", || described(args, &study, &prepared))?;
    for warning in &result.warnings {
        out.note(&format!("warning: {warning}"));
    }
    let about = about_study(&study, source.history().map(|(h, _)| h));
    let cause = &prepared.outcome.causes()[prepared.cause as usize - 1];
    args.page.write(args.force, |options| {
        describe_page(&result, cause, args.by.as_deref(), &about, options)
    })?;
    out.answer(&result, || table(&result, args.rho))?;
    Ok(0)
}

fn described(args: &DescribeArgs, study: &Study, prepared: &Prepared) -> Result<Describe, Failure> {
    let column = |flag: &str, name: &str| -> Result<Groups, Failure> {
        let column = prepared.frame.get(name).ok_or_else(|| {
            Error::new(ErrorKind::Usage, format!("{flag}: there is no column {name}"))
                .with_hint("name a feature of the catalogue, or a column of the table")
        })?;
        Ok(Groups::by(name, column)?)
    };
    let groups = match &args.by {
        None => Groups::all(prepared.len()),
        Some(name) => column("--by", name)?,
    };
    let strata = args.strata.as_ref().map(|name| column("--strata", name)).transpose()?;
    let mut at = args.at.clone();
    if at.is_empty() {
        at = study.outcome.horizons.iter().map(|h| h.length).collect();
    }
    at.sort_by(f64::total_cmp);
    at.dedup();
    let last = prepared.outcome.exit().iter().copied().fold(0.0, f64::max);
    // A month shows the shape and gives no event time away; a table has its own unit.
    let grid = if study.is_table() { last / 50.0 } else { crate::DAYS_PER_MONTH };
    let (interval, rho) = (args.interval.into(), args.rho);
    let weights = match study.model.weights.as_ref().map(|name| (name, prepared.frame.get(name))) {
        Some((_, Some(Values::Number(weights)))) => Some(weights.clone()),
        Some((name, _)) => {
            let what = format!("model.weights: column {name} holds no numbers");
            return Err(Error::new(ErrorKind::Data, what)
                .with_hint("name a column of numbers")
                .into());
        }
        None => None,
    };
    let options = DescribeOptions { at, interval, level: 0.95, grid, rho, strata, weights };
    Ok(evaluate::describe(&prepared.outcome, &groups, &options)?)
}

/// The description as a person reads it: a block for each group.
fn table(result: &Describe, rho: f64) -> String {
    let mut text = String::new();
    for group in &result.groups {
        let ends: Vec<String> =
            group.events.iter().map(|(cause, n)| format!("{cause} {n}")).collect();
        let _ = writeln!(text, "{}: {} rows; {}", group.group, group.n, ends.join(", "));
        let _ = writeln!(text, "  {:>9} {:>8}  share (interval)", "time", "at risk");
        for at in &group.at {
            let _ = writeln!(
                text,
                "  {:>9} {:>8}  free from every end {}",
                short(at.time),
                at.at_risk,
                share(at.survival, at.lower, at.upper)
            );
            if let (Some(h), Some(se)) = (at.cumulative_hazard, at.cumulative_hazard_se) {
                let _ = writeln!(text, "  {:>18}  cumulative hazard {h:.4} (error {se:.4})", "");
            }
            for (cause, cif) in &at.cif {
                let of = share(cif.estimate, cif.lower, cif.upper);
                let _ = writeln!(text, "  {:>18}  {cause} {of}", "");
            }
        }
        if let (Some(mean), Some(last)) = (group.rmst, group.at.last()) {
            let error = group.rmst_se.map_or_else(String::new, |se| format!(" (error {se:.1})"));
            let _ =
                writeln!(text, "  mean time up to {}: {}{error}", short(last.time), short(mean));
        }
        let end = |v: Option<f64>| v.map_or_else(|| "–".to_owned(), short);
        let (median, lower, upper) =
            (group.median.estimate, group.median.lower, group.median.upper);
        let _ = match median {
            Some(m) => writeln!(
                text,
                "  half have ended by {} ({} to {})",
                short(m),
                end(lower),
                end(upper)
            ),
            None => writeln!(text, "  fewer than half have ended as far as they are followed"),
        };
        let _ = writeln!(text);
    }
    if let Some(tests) = &result.tests {
        if let Some(t) = tests.logrank {
            let what = if rho == 0.0 { "log-rank".to_owned() } else { format!("rho {rho}") };
            let _ = writeln!(text, "{what}, any end: {:.3} on {} df, p {:.4}", t.chi2, t.df, t.p);
        }
        for (cause, t) in &tests.gray {
            let _ = match t {
                Some(t) => {
                    writeln!(text, "Gray, {cause}: {:.3} on {} df, p {:.4}", t.chi2, t.df, t.p)
                }
                None => writeln!(text, "Gray, {cause}: not defined here"),
            };
        }
    }
    text
}

/// A share with its interval, in percent.
fn share(estimate: Option<f64>, lower: Option<f64>, upper: Option<f64>) -> String {
    let percent = |v: f64| format!("{:.1}", 100.0 * v);
    match (estimate, lower, upper) {
        (Some(e), Some(l), Some(u)) => format!("{}% ({}–{})", percent(e), percent(l), percent(u)),
        (Some(e), _, _) => format!("{}%", percent(e)),
        _ => "nobody is followed so long".to_owned(),
    }
}

/// A time with one decimal where it has any.
fn short(time: f64) -> String {
    let text = format!("{time:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
