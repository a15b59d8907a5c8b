//! `train`: fit a study's model on all its rows.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;

use super::output::{Failure, Output};
use super::page::{CardArgs, PageArgs, about_study};
use super::progress::stage;
use super::study::StudyArgs;
use crate::files::{may_write, write_whole};
use crate::model::{
    self, Kind, ModelError, Source, TermResult, Test, TrainResult, prepare_with_progress,
};
use crate::report::{Card, train_page};
use crate::{Error, ErrorKind};

/// Fit the model of a study on all its rows, and write it
#[derive(Debug, Args)]
#[command(after_long_help = kinds())]
pub(crate) struct TrainArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// The model file to write; without it, the fit is only shown
    #[arg(short, long, value_name = "MODEL")]
    out: Option<PathBuf>,
    /// Also write the residuals of a Cox fit, a line a row and cause (CSV)
    #[arg(long, value_name = "FILE")]
    residuals: Option<PathBuf>,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    page: PageArgs,
    #[command(flatten)]
    card: CardArgs,
}

impl TrainArgs {
    /// Residuals are refused before the long work, and never take the place of another output.
    fn residuals_may_be_written(&self, kind: Kind) -> Result<(), Failure> {
        let Some(path) = &self.residuals else { return Ok(()) };
        if kind != Kind::Cox {
            return Err(ModelError::NoResiduals { kind }.into());
        }
        if [&self.out, &self.page.html].into_iter().flatten().any(|other| other == path) {
            return Err(Error::new(ErrorKind::Usage, "two outputs have the same file")
                .with_hint("give every output a file of its own")
                .into());
        }
        Ok(may_write(path, self.force)?)
    }
}

/// The kinds of models, for `--help`.
fn kinds() -> String {
    let mut text = String::from("Kinds of models (`--set model.kind=NAME`):\n");
    for kind in Kind::all().filter(|k| k.available()) {
        let _ = writeln!(text, "  {:<22} {}", kind.name(), kind.about());
    }
    text
}

pub(crate) fn run(args: &TrainArgs, out: &mut Output) -> Result<u8, Failure> {
    let progress = out.progress();
    let study = args.study.read()?;
    // What may not be written is said before the long work, not after.
    let kind = study.model.kind;
    if args.out.is_some() && kind.keeps_rows() {
        return Err(ModelError::KeepsRows { kind }.into());
    }
    args.out.iter().try_for_each(|path| may_write(path, args.force))?;
    args.page.may_write(args.force)?;
    args.card.may_write(args.force, &[&args.out, &args.page.html, &args.residuals])?;
    args.residuals_may_be_written(kind)?;
    let source = Source::read(&study, &*progress)?;
    let prepared = prepare_with_progress(&study, &source, None, None, &*progress)?;
    let fitted = model::fit_with_progress(&prepared, None, &study.model, &*progress)?;
    let result = stage(&*progress, "testing", || fitted.result())?;
    for warning in &result.warnings {
        out.note(&format!("warning: {warning}"));
    }
    for finding in result.findings.iter().filter(|f| f.waived.is_none()) {
        out.note(&format!("to weigh: {finding}"));
    }
    let residuals = args.residuals.as_ref().map(|path| {
        let history = source.history().map(|(history, _)| history);
        Ok::<_, ModelError>((path, fitted.residuals()?.to_csv(&prepared, history)?))
    });
    if let Some((path, table)) = residuals.transpose()? {
        write_whole(path, &table, args.force)?;
    }
    if let Some(path) = &args.out {
        fitted.model.write(path, args.force)?;
    }
    let about = about_study(&study, source.history().map(|(h, _)| h));
    args.page.write(args.force, |options| train_page(&result, &about, options))?;
    args.card.write(args.force, || Card::new(&study, Some(&fitted.model), None))?;
    out.answer(&result, || table(&result))?;
    Ok(0)
}

/// The fit as a researcher reads it.
pub(crate) fn table(r: &TrainResult) -> String {
    let mut text = format!("{} for {}: {} rows, {} events\n", r.kind, r.cause, r.n, r.events);
    if let Some(terms) = &r.terms {
        let width = terms.iter().map(|t| t.name.chars().count()).max().unwrap_or(4).max(4);
        let robust = terms.iter().any(|t| t.robust_se.is_some());
        let _ = write!(text, "\n{:<width$} {:>11} {:>9} {:>9}", "term", "estimate", "exp", "se");
        if robust {
            let _ = write!(text, " {:>9}", "robust se");
        }
        let _ = writeln!(text, " {:>8} {:>9}   interval of exp", "z", "p");
        for term in terms {
            line(&mut text, term, width, robust);
        }
    }
    let _ = writeln!(text);
    if let Some(net) = &r.penalty {
        let _ = writeln!(
            text,
            "{net}\nestimates that are held in have no standard errors and no intervals"
        );
    }
    if let Some(way) = &r.repeated {
        let _ = writeln!(text, "repeated events of one subject, by {way}");
    }
    if let Some(frailty) = &r.frailty {
        let _ = writeln!(text, "{frailty}");
    }
    if let Some(importance) = &r.importance {
        let _ = writeln!(text, "concordance that is lost without a term (out of bag):");
        for i in importance {
            let _ = writeln!(text, "  {:<40} {:>8.4}", i.term, i.value);
        }
    }
    if let Some(i) = &r.imputed {
        let _ = writeln!(
            text,
            "unknown cells imputed {} times, fits pooled by Rubin's rules:",
            i.imputations
        );
        for c in &i.columns {
            let _ = writeln!(text, "  {:<40} {:>8} rows", c.name, c.missing);
        }
        let _ = writeln!(text, "missing information, and degrees of freedom of t:");
        for t in &i.terms {
            let _ = writeln!(text, "  {:<40} {:>7.1}% {:>9.1}", t.name, 100.0 * t.fmi, t.df);
        }
        if let Some(w) = &i.wald {
            let p = p_value(w.p);
            let _ = writeln!(
                text,
                "Wald test over imputations: F {:.3} on {} and {:.1}, p {p}",
                w.f, w.df, w.df2
            );
        }
    }
    if let Some(tests) = &r.tests {
        test(&mut text, "likelihood ratio test", tests.likelihood_ratio);
        test(&mut text, "Wald test", tests.wald);
        test(&mut text, "score test", tests.score);
    }
    if let Some(ph) = &r.ph_test {
        test(&mut text, "proportional hazards, all terms", Some(ph.global));
    }
    if let Some(c) = &r.concordance {
        let _ = write!(text, "concordance {:.4}", c.c);
        let _ = match c.se {
            Some(se) => writeln!(text, " (se {se:.4})"),
            None => writeln!(text),
        };
    }
    if let Some(l) = &r.loglik {
        let _ = writeln!(text, "log likelihood {:.4}, without terms {:.4}", l.final_, l.null);
    }
    text
}

/// One term.
fn line(text: &mut String, t: &TermResult, width: usize, robust: bool) {
    let number = |v: Option<f64>, digits: usize| {
        v.map_or_else(|| "—".to_owned(), |v| format!("{v:.digits$}"))
    };
    let exp = |v: Option<f64>| number(v.map(f64::exp), 4);
    let _ = write!(
        text,
        "{:<width$} {:>11} {:>9} {:>9}",
        t.name,
        number(t.estimate, 6),
        exp(t.estimate),
        number(t.se, 5)
    );
    if robust {
        let _ = write!(text, " {:>9}", number(t.robust_se, 5));
    }
    let p = t.p.map_or_else(|| "—".to_owned(), p_value);
    let (lower, upper) = (exp(t.lower), exp(t.upper));
    let _ = writeln!(text, " {:>8} {p:>9}   {lower} – {upper}", number(t.z, 3));
}

/// One test of all terms.
fn test(text: &mut String, name: &str, test: Option<Test>) {
    if let Some(t) = test {
        let _ = writeln!(text, "{name}: {:.3} on {} df, p {}", t.chi2, t.df, p_value(t.p));
    }
}

/// A p-value as it is usually printed.
fn p_value(p: f64) -> String {
    if p < 0.0001 { "<0.0001".to_owned() } else { format!("{p:.4}") }
}
