//! The HTML page of a verb.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Language;
use super::output::Failure;
use crate::evaluate::{DescribeOptions, Groups, describe};
use crate::files::{may_write, write_whole};
use crate::history::{Day, History, Index};
use crate::model::{DataSpec, Model, Study};
use crate::outcome::{spells, to_outcome};
use crate::report::{About, Audience, Card, Page, PageOptions};
use crate::survival::Interval;
use crate::{Error, ErrorKind};

/// Writing a page.
#[derive(Debug, Args)]
pub(crate) struct PageArgs {
    /// Write a page that works from disk and needs nothing from outside
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    #[command(flatten)]
    pub reader: Reader,
}

/// Who reads a page.
#[derive(Debug, Args)]
pub(crate) struct Reader {
    /// For whom the page is: `share` hides ids and small counts
    #[arg(long, value_enum, default_value_t)]
    pub audience: For,
    /// The language of what a person reads
    #[arg(long, value_enum, default_value_t, env = "PLEEGZORG_LANG", hide_env_values = true)]
    pub lang: Language,
}

/// For whom a page is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum For {
    /// The people who hold the data
    #[default]
    Internal,
    /// Anybody else: no ids, no counts under 10
    Share,
}

impl Reader {
    /// For whom and in which language.
    pub fn options(&self) -> PageOptions {
        let audience = match self.audience {
            For::Internal => Audience::Internal,
            For::Share => Audience::Share,
        };
        PageOptions { language: self.lang.into(), audience }
    }
}

impl PageArgs {
    /// Refuses, before long work, a page that may not be written after it.
    pub fn may_write(&self, force: bool) -> Result<(), Failure> {
        self.html.iter().try_for_each(|path| Ok(may_write(path, force)?))
    }

    /// Writes the page, where one is asked.
    pub fn write(
        &self,
        force: bool,
        page: impl FnOnce(PageOptions) -> Page,
    ) -> Result<(), Failure> {
        if let Some(path) = &self.html {
            write_whole(path, page(self.reader.options()).render().as_bytes(), force)?;
        }
        Ok(())
    }
}

/// Writing a card.
#[derive(Debug, Args)]
pub(crate) struct CardArgs {
    /// Write the model card with the TRIPOD+AI table: PREFIX.md, PREFIX.html and PREFIX.json
    #[arg(long, value_name = "PREFIX")]
    pub card: Option<PathBuf>,
}

impl CardArgs {
    /// The three files.
    fn files(&self) -> Option<[PathBuf; 3]> {
        let prefix = self.card.as_ref()?;
        Some(["md", "html", "json"].map(|end| {
            let mut name = prefix.clone().into_os_string();
            name.push(format!(".{end}"));
            PathBuf::from(name)
        }))
    }

    /// Refuses, before long work, files that may not be written after it, or that another option
    /// writes as well.
    pub fn may_write(&self, force: bool, others: &[&Option<PathBuf>]) -> Result<(), Failure> {
        let files = self.files();
        if files.iter().flatten().any(|f| others.iter().copied().flatten().any(|other| other == f))
        {
            let what = "--card would write a file that another option writes as well";
            return Err(Error::new(ErrorKind::Usage, what)
                .with_hint("give --card another prefix: it writes PREFIX.md, .html and .json")
                .into());
        }
        files.iter().flatten().try_for_each(|path| Ok(may_write(path, force)?))
    }

    /// Writes the card, where one is asked.
    pub fn write(&self, force: bool, card: impl FnOnce() -> Card) -> Result<(), Failure> {
        let Some([md, html, json]) = self.files() else { return Ok(()) };
        let card = card();
        let text = serde_json::to_string_pretty(&card)
            .map_err(|e| Error::new(ErrorKind::Data, format!("the card cannot be written: {e}")))?;
        write_whole(&md, card.markdown().as_bytes(), force)?;
        write_whole(&html, card.html().as_bytes(), force)?;
        write_whole(&json, text.as_bytes(), force)?;
        Ok(())
    }
}

/// What a page says of a study.
pub(crate) fn about_study(study: &Study, history: Option<&History>) -> About {
    let unit = match &study.data {
        DataSpec::History(_) => None,
        DataSpec::Table(table) => Some(table.exit.clone()),
    };
    About {
        title: study.title.clone().unwrap_or_else(|| "pleegzorg".to_owned()),
        definition: history
            .map(|_| study.outcome.definition.clone().unwrap_or_default().name.name().to_owned()),
        window: history.map(|h| h.window),
        seed: Some(study.seed),
        unit,
        ..About::default()
    }
}

/// What a page says of a model.
pub(crate) fn about_model(model: &Model) -> About {
    let about = model.about();
    About {
        title: about.title.clone().unwrap_or_else(|| "pleegzorg".to_owned()),
        definition: about.definition.as_ref().map(|d| d.name.name().to_owned()),
        window: about.window,
        seed: Some(about.seed),
        stamp: model.stamp().cloned(),
        ..About::default()
    }
}

/// The base rate: the share of all placements in the history that broke down within each of the
/// horizons, as known on a day.
pub(crate) fn base_rates(
    model: &Model,
    history: &History,
    index: &Index,
    as_of: Day,
) -> Vec<(f64, f64)> {
    let definition = model.about().definition.clone().unwrap_or_default();
    let mut at = model.horizons();
    at.sort_by(f64::total_cmp);
    at.dedup();
    let Ok(outcome) = to_outcome(&spells(history, index, &definition, Some(as_of))) else {
        return Vec::new();
    };
    let grid = crate::DAYS_PER_MONTH;
    let options = DescribeOptions {
        at,
        interval: Interval::LogLog,
        level: 0.95,
        grid,
        rho: 0.0,
        strata: None,
        weights: None,
    };
    let groups = Groups::all(outcome.len());
    let Ok(described) = describe(&outcome, &groups, &options) else { return Vec::new() };
    let cause = model.cause();
    let rate = |at: &crate::evaluate::DescribedAt| {
        at.cif.get(cause).and_then(|c| c.estimate).map(|e| (at.time, e))
    };
    described.groups.iter().flat_map(|g| g.at.iter().filter_map(rate)).collect()
}

/// The base rate at a horizon.
pub(crate) fn base_at(rates: &[(f64, f64)], horizon: f64) -> Option<f64> {
    rates.iter().find(|(time, _)| (time - horizon).abs() < 1e-6).map(|(_, rate)| *rate)
}
