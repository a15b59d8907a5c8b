//! What to weigh about the features of a study before a model learns from them: the findings
//! `PZ2001` to `PZ2006`.
//!
//! They are made of the study, of which columns the history has, and of what is missing; never of
//! the outcome. A study waives one under `[waive]`, with a reason that the model's card prints.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::prepared::Prepared;
use super::study::{DataSpec, Study};
use crate::features::{Values, feature};
use crate::history::registry::{
    ABOUT_RELATIVES, AFTER_TIME_ZERO, BY_THE_DECIDER, EVER_FEATURE, MISSING_AT_USE, PROXY,
};
use crate::history::{Code, Explanation, History, explain};

/// Features that count all that is recorded, without a window.
const EVER: &[&str] = &[
    "prior_stays",
    "prior_foster_stays",
    "prior_breakdowns",
    "transfers",
    "carer_moves",
    "prior_residential",
    "prior_secure",
    "prior_returns_home",
    "school_changes",
    "family_stays_before",
    "family_breakdowns_before",
    "placed_here_before",
];
/// Features that are made of what is known of several other people.
const RELATIVES: &[&str] = &["siblings_in_care", "other_children_wellbeing"];
/// Features that the worker who places the child sets.
const DECIDED: &[&str] =
    &["perspective", "perspective_decided", "care_form", "crisis_start", "urgency"];
/// Features that stand for a place or an organisation.
const PLACES: &[&str] = &["provider", "region"];
/// Raters who also decide, as files write them.
const DECIDERS: &[&str] =
    &["worker", "medewerker", "pleegzorgbegeleider", "gezinsvoogd", "voogd", "jeugdbeschermer"];
/// Words in the name of a table's column that point at a proxy.
const PROXY_WORDS: &[&str] = &[
    "postcode",
    "zip",
    "zipcode",
    "area",
    "region",
    "regio",
    "municipality",
    "gemeente",
    "wijk",
    "neighbourhood",
    "neighborhood",
    "buurt",
    "language",
    "taal",
    "origin",
    "herkomst",
    "descent",
    "afkomst",
    "nationality",
    "nationaliteit",
    "ethnicity",
    "etniciteit",
    "race",
    "religion",
    "religie",
    "geloof",
    "birthplace",
    "geboorteland",
];
/// Words in the name of a table's column that point at something after the start.
const AFTER_WORDS: &[&str] = &[
    "end", "einde", "exit", "reason", "reden", "duration", "duur", "outcome", "uitkomst", "closed",
];
/// Words in the name of a table's column that count all time.
const EVER_WORDS: &[&str] = &["ever", "ooit", "lifetime"];
/// Running placements below this number say nothing of what is missing.
const FEW: usize = 10;

/// One finding about a feature of a study.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FeatureFinding {
    /// The stable code, as `PZ2001`; `explain` says what it means.
    pub code: String,
    /// The feature (or the column of a table).
    pub feature: String,
    /// What was found.
    pub what: String,
    /// The reason for which the study waives it; null where it does not.
    pub waived: Option<String>,
}

impl FeatureFinding {
    /// What the code means, why it matters and how to repair it.
    #[must_use]
    pub fn explanation(&self) -> Option<&'static Explanation> {
        explain(&self.code)
    }
}

impl std::fmt::Display for FeatureFinding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.code, self.feature, self.what)?;
        self.waived.as_ref().map_or(Ok(()), |reason| write!(f, " (waived: {reason})"))
    }
}

/// The findings about the features that a study's terms read, by code and feature.
pub(in crate::model) fn feature_findings(
    study: &Study,
    history: Option<&History>,
    prepared: &Prepared,
) -> Vec<FeatureFinding> {
    let mut columns: Vec<&str> = prepared.terms.iter().flat_map(|t| t.columns()).collect();
    columns.sort_unstable();
    columns.dedup();
    let workers = history.map(by_workers).unwrap_or_default();
    let mut found = Vec::new();
    for column in columns {
        let mut add = |code: Code, what: String| {
            let waived = study.settings.waive.get(&code).cloned();
            found.push(FeatureFinding {
                code: code.to_string(),
                feature: column.to_owned(),
                what,
                waived,
            });
        };
        match (history, &study.data) {
            (Some(history), _) => of_catalogue(column, history, &workers, &mut add),
            (None, DataSpec::Table(spec)) => {
                let of_outcome = [Some(&spec.exit), spec.entry.as_ref(), Some(&spec.event)];
                if of_outcome.into_iter().flatten().any(|c| c == column) {
                    add(AFTER_TIME_ZERO, "it is a column of the outcome itself".into());
                }
                of_words(column, &mut add);
            }
            (None, DataSpec::History(_)) => {}
        }
        missing(column, prepared, &mut add);
    }
    found.sort();
    found
}

/// What the catalogue knows of a feature, and what this history has of it.
fn of_catalogue(
    column: &str,
    history: &History,
    workers: &BTreeMap<&str, (usize, usize)>,
    add: &mut impl FnMut(Code, String),
) {
    let Ok(known) = feature(column) else { return };
    let is = |names: &[&str]| names.contains(&known.name);
    if is(EVER) {
        add(EVER_FEATURE, "it counts everything since the records begin".into());
    }
    if is(RELATIVES) {
        add(ABOUT_RELATIVES, "it is made of what is known of the other children".into());
    }
    if known.reads.contains("children.needs") {
        add(AFTER_TIME_ZERO, "children.csv has needs without the day they became known".into());
    } else if known.reads.contains("families.") && history.family_periods.is_empty() {
        let what = "without family_periods.csv it is as it was when the data were taken";
        add(AFTER_TIME_ZERO, what.into());
    }
    if is(DECIDED) {
        add(BY_THE_DECIDER, "it is set by whoever places the child".into());
    }
    for scale in scales(known.name, column) {
        if let Some(&(by, all)) = workers.get(scale)
            && 2 * by > all
        {
            add(BY_THE_DECIDER, format!("{by} of {all} scores on {scale} are given by workers"));
        }
    }
    if is(PLACES) {
        add(PROXY, "it stands for a place or an organisation, not for what happens there".into());
    }
}

/// The scales that a feature reads.
fn scales<'a>(name: &'a str, column: &'a str) -> Vec<&'a str> {
    match name {
        "sdq_total" | "behaviour_demand" | "parenting_capacity" | "other_children_wellbeing" => {
            vec![name]
        }
        "alliance" | "alliance_change" => vec!["alliance_birth_foster"],
        "capacity_gap" => vec!["behaviour_demand", "parenting_capacity"],
        _ => ["child_score_", "family_score_", "stay_score_"]
            .iter()
            .filter_map(|open| column.strip_prefix(open))
            .collect(),
    }
}

/// Per scale: scores by those who also decide, and scores whose rater is known.
fn by_workers(history: &History) -> BTreeMap<&str, (usize, usize)> {
    let labels = &history.labels;
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let deciders: Vec<_> = DECIDERS.iter().filter_map(|word| labels.find(word)).collect();
    for (scale, rater) in history.assessments.iter().filter_map(|a| Some((a.scale, a.rater?))) {
        let (by, all) = counts.entry(labels.word(scale)).or_default();
        *by += usize::from(deciders.contains(&rater));
        *all += 1;
    }
    counts
}

/// What the name of a table's column says.
fn of_words(column: &str, add: &mut impl FnMut(Code, String)) {
    let lower = column.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    if has(EVER_WORDS) {
        add(EVER_FEATURE, "its name says that it counts all time".into());
    }
    if has(AFTER_WORDS) {
        add(AFTER_TIME_ZERO, "its name points at how or when it ended".into());
    }
    if has(PROXY_WORDS) {
        add(PROXY, "its name points at a place, a language or descent".into());
    }
}

/// What is missing for the rows that still run: those are what a model is asked about.
fn missing(column: &str, prepared: &Prepared, add: &mut impl FnMut(Code, String)) {
    let Some(values) = prepared.frame.get(column) else { return };
    let running = prepared.outcome.cause().iter().enumerate().filter(|(_, cause)| **cause == 0);
    let share = |values: &Values| {
        running.fold((0, 0), |(none, all), (row, _)| {
            (none + usize::from(values.is_missing(row)), all + 1)
        })
    };
    let (none, all) = share(values);
    if all >= FEW && 2 * none > all {
        add(MISSING_AT_USE, format!("missing for {none} of {all} rows without an end"));
    }
}
