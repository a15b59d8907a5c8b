//! `demo`: the whole way on the embedded example.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::output::{Failure, Output};
use super::page::{Reader, about_study, base_at, base_rates};
use super::train;
use crate::evaluate::{self, DescribeOptions, Groups, describe};
use crate::files::{make_folder, may_write, write_set};
use crate::history::{self, Index};
use crate::matching::{self, MatchOptions};
use crate::model::{self, Source, Study, Verdict, prepare_with_progress};
use crate::report::{About, Demo, PageOptions, demo_page};
use crate::score;
use crate::survival::Interval;
use crate::{Error, ErrorKind};

/// Go the whole way on the built-in example: check, train, evaluate, score, match, one page
///
/// The example is synthetic: no child in it is a real one, and no figure says anything about real
/// children. Everything is written to one folder, to look at and to copy.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// The folder to write; it is made where it does not exist
    #[arg(default_value = "pleegzorg-demo")]
    dir: PathBuf,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    reader: Reader,
}

/// The files of the example history, embedded so that the demo works anywhere.
const EXAMPLE: &[(&str, &[u8])] = &[
    ("study.toml", include_bytes!("../../datasets/example/study.toml")),
    ("children.csv", include_bytes!("../../datasets/example/children.csv")),
    ("families.csv", include_bytes!("../../datasets/example/families.csv")),
    ("family_periods.csv", include_bytes!("../../datasets/example/family_periods.csv")),
    ("stays.csv", include_bytes!("../../datasets/example/stays.csv")),
    ("events.csv", include_bytes!("../../datasets/example/events.csv")),
    ("assessments.csv", include_bytes!("../../datasets/example/assessments.csv")),
    ("areas.csv", include_bytes!("../../datasets/example/areas.csv")),
    ("requests.csv", include_bytes!("../../datasets/example/requests.csv")),
    ("pairs.csv", include_bytes!("../../datasets/example/pairs.csv")),
    ("offers.csv", include_bytes!("../../datasets/example/offers.csv")),
];

pub(crate) fn run(args: &DemoArgs, out: &mut Output) -> Result<u8, Failure> {
    let folder = args.dir.join("history");
    make_folder(&folder)?;
    let (model, report) = (args.dir.join("model.json"), args.dir.join("report.html"));
    for path in [&model, &report] {
        may_write(path, args.force)?;
    }
    let example: Vec<_> = EXAMPLE.iter().map(|&(name, b)| (folder.join(name), b)).collect();
    write_set(&example, args.force)?;
    let way = Way::go(&folder, out)?;
    let page = way.page(args.reader.options()).render();
    write_set(&[(model, &way.model.to_bytes()?), (report, page.as_bytes())], args.force)?;
    out.answer(&way.json(&args.dir), || way.text(&args.dir))?;
    Ok(0)
}

/// All that the demo makes on its way.
struct Way {
    study: Study,
    source: Source,
    summary: history::Summary,
    described: evaluate::Describe,
    by: evaluate::Describe,
    train: model::TrainResult,
    model: model::Model,
    evaluation: evaluate::Evaluation,
    score: score::ScoreResult,
    matched: matching::MatchResult,
}

/// The column by which the demo describes what happened.
const BY: &str = "family_kind";

impl Way {
    fn go(folder: &Path, out: &Output) -> Result<Self, Failure> {
        let progress = out.progress();
        let summary = history::read(folder, &*progress)?.summary();
        let study = Study::read(folder, &[])?;
        let source = Source::read(&study, &*progress)?;
        let prepared = prepare_with_progress(&study, &source, None, None, &*progress)?;
        let fitted = model::fit_with_progress(&prepared, None, &study.model, &*progress)?;
        let train = fitted.result()?;
        let mut model = fitted.model;
        let evaluation = evaluate::run(&study, &source, &*progress)?;
        model.set_stamp(evaluation.stamp());
        let (history, index) = source.history().ok_or_else(|| {
            Error::new(ErrorKind::Usage, "the example's study does not read a history")
        })?;
        let as_of = history.window.end;
        let research = evaluation.verdict != Verdict::Usable;
        let score =
            score::score_with_progress(&model, history, index, as_of, research, &*progress)?;
        let options = MatchOptions { research, ..MatchOptions::new()? };
        let matched = matching::match_requests_with_progress(
            &model, history, index, as_of, &options, &*progress,
        )?;
        let at = study.outcome.horizons.iter().map(|h| h.length).collect();
        let options = DescribeOptions {
            at,
            interval: Interval::LogLog,
            level: 0.95,
            grid: crate::DAYS_PER_MONTH,
            rho: 0.0,
            strata: None,
            weights: None,
        };
        let all = Groups::all(prepared.len());
        let described = describe(&prepared.outcome, &all, &options)?;
        let groups = match prepared.frame.get(BY) {
            Some(column) => Groups::by(BY, column)?,
            None => all,
        };
        let by = describe(&prepared.outcome, &groups, &options)?;
        Ok(Self { study, source, summary, described, by, train, model, evaluation, score, matched })
    }

    fn page(&self, options: PageOptions) -> crate::report::Page {
        let parts = self.source.history();
        let about = About {
            synthetic: true,
            stamp: self.model.stamp().cloned(),
            ..about_study(&self.study, parts.map(|(h, _)| h))
        };
        let rates = parts.map_or_else(Vec::new, |(h, ix): (_, &Index)| {
            base_rates(&self.model, h, ix, h.window.end)
        });
        let base = |horizon: f64| base_at(&rates, horizon);
        let demo = Demo {
            data: &self.summary,
            all: &self.described,
            by: Some((&self.by, BY)),
            train: &self.train,
            evaluation: &self.evaluation,
            score: &self.score,
            matching: &self.matched,
            base: &base,
        };
        demo_page(&demo, &about, options)
    }

    fn json(&self, dir: &Path) -> serde_json::Value {
        json!({
            "schema": 1,
            "synthetic": true,
            "files": ["history", "model.json", "report.html"],
            "folder": dir.display().to_string(),
            "train": self.train,
            "evaluate": self.evaluation,
            "score": self.score,
            "match": self.matched,
        })
    }

    fn text(&self, dir: &Path) -> String {
        let scored = self.score.stays.iter().filter(|s| s.risk.is_some()).count();
        format!(
            "The example is synthetic: no child in it is a real one.\n\n\
             1 check\n{}\n2 train\n{}\n3 evaluate\n{}\n\
             4 score: {} running placements on {}, {} with a number\n\
             5 match: {} requests, {} with a place in the plan\n\n\
             The page: {}\nThe model: {}\nThe history, to copy: {}\n",
            self.summary,
            train::table(&self.train),
            self.evaluation.table(),
            self.score.stays.len(),
            self.score.as_of,
            scored,
            self.matched.requests.len(),
            self.matched.assignment.pairs.len(),
            dir.join("report.html").display(),
            dir.join("model.json").display(),
            dir.join("history").display(),
        )
    }
}
