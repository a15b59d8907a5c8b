//! The catalogue: every feature by name, what it reads, where it comes from, and its words.

use std::fmt;

use crate::history::Label;

use super::entries::CATALOGUE;
use super::error::{FeatureError, nearest};
use super::facts::Facts;

/// What a feature is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Years of 365.25 days.
    Years,
    /// Months of 365.25 / 12 days.
    Months,
    /// Days.
    Days,
    /// A number of something.
    Count,
    /// 1 = yes, 0 = no.
    YesNo,
    /// Kilometres as the crow flies.
    Kilometres,
    /// Points of a scale.
    Points,
    /// A calendar year.
    CalendarYear,
    /// One of several levels.
    Level,
}

/// Whom a feature is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The child.
    Child,
    /// The foster family.
    Family,
    /// The placement.
    Stay,
    /// The child and this family together.
    Pair,
}

/// How a feature's value comes about.
#[derive(Clone, Copy)]
pub(super) enum Value {
    Number(fn(&Facts<'_>) -> f64),
    /// A code of a closed list by its place in it, and the word of each place.
    Code(fn(&Facts<'_>) -> Option<usize>, fn(usize) -> &'static str),
    /// An open list of words.
    Word(fn(&Facts<'_>) -> Option<Label>),
    /// A number that depends on the open part of the name.
    Open(fn(&Facts<'_>, Fill) -> f64),
}

/// What fills the open part of a feature's name, looked up in a history.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fill {
    /// A number of years.
    pub years: u16,
    /// A role, scale or need; `None` where the history does not have the word.
    pub word: Option<Label>,
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number(_) => "Number",
            Self::Code(..) => "Code",
            Self::Word(_) => "Word",
            Self::Open(_) => "Open",
        })
    }
}

/// A feature of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Feature {
    /// The name that terms use.
    pub name: &'static str,
    /// Where the name has a part to fill in: its pattern, as `age_over_<years>`.
    pub pattern: Option<&'static str>,
    /// What it is measured in.
    pub unit: Unit,
    /// Whom it is about.
    pub level: Level,
    /// The files and columns that it reads.
    pub reads: &'static str,
    /// Why it is here: a study, a guideline, or a municipal document.
    pub source: &'static str,
    /// Whether it has a value only after the start, at a landmark.
    pub landmark_only: bool,
    /// Whether support or another choice can change it. Others are traits and history.
    pub changeable: bool,
    /// Its label in plain Dutch.
    pub label_nl: &'static str,
    /// Its label in plain English.
    pub label_en: &'static str,
    pub(super) needs: u8,
    pub(super) value: Value,
}

/// The feature of a name, with what fills the open part of its name.
///
/// # Errors
/// [`FeatureError::Unknown`] with the nearest name.
pub fn feature(name: &str) -> Result<&'static Feature, FeatureError> {
    find(name).map(|(feature, _)| feature)
}

/// The code of a unit or a level in words.
fn word(code: &impl serde::Serialize) -> String {
    let json = serde_json::to_string(code).unwrap_or_default();
    json.trim_matches('"').replace('_', " ")
}

/// The catalogue as a Markdown table, for the codebook and the docs.
#[must_use]
pub fn catalogue_markdown() -> String {
    let mut out = String::from(
        "| name | English | Nederlands | unit | about | when | changeable | reads | source |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for f in CATALOGUE {
        let when = if f.landmark_only { "landmark" } else { "start, landmark" };
        let changeable = if f.changeable { "yes" } else { "no" };
        out += &format!(
            "| `{}` | {} | {} | {} | {} | {when} | {changeable} | {} | {} |\n",
            f.pattern.unwrap_or(f.name),
            f.label_en,
            f.label_nl,
            word(&f.unit),
            word(&f.level),
            f.reads,
            f.source
        );
    }
    out
}

/// What fills the open part of a feature's name.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filled {
    /// Nothing: the name is the catalogue's own.
    Nothing,
    /// A number of years.
    Years(u16),
    /// A word: a role, a scale or a need.
    Word(String),
}

/// The feature of a name, and what fills the open part of the name.
pub(super) fn find(name: &str) -> Result<(&'static Feature, Filled), FeatureError> {
    filled(name).ok_or_else(|| FeatureError::Unknown {
        what: "feature",
        name: name.to_owned(),
        nearest: nearest(name, CATALOGUE.iter().map(|f| f.name)),
    })
}

/// The feature of a name, for who asks whether it is one at all: no search for a near one.
pub(crate) fn known(name: &str) -> Option<&'static Feature> {
    filled(name).map(|(feature, _)| feature)
}

fn filled(name: &str) -> Option<(&'static Feature, Filled)> {
    let exact = CATALOGUE.iter().find(|f| f.name == name && !name.contains('<'));
    if let Some(found) = exact.filter(|f| f.pattern.is_none()) {
        return Some((found, Filled::Nothing));
    }
    for f in CATALOGUE {
        let Some((before, open)) = f.pattern.and_then(|p| p.split_once('<')) else { continue };
        let Some(rest) = name.strip_prefix(before) else { continue };
        if open.starts_with("years") {
            if let Some(years) = rest.parse().ok().filter(|y| (1..=30).contains(y)) {
                return Some((f, Filled::Years(years)));
            }
        } else if !rest.is_empty() && !rest.contains('<') {
            return Some((f, Filled::Word(rest.to_owned())));
        }
    }
    None
}

/// A row of the catalogue.
pub(super) const fn row(
    name: &'static str,
    unit: Unit,
    level: Level,
    needs: u8,
    value: Value,
    reads: &'static str,
    source: &'static str,
    [label_nl, label_en]: [&'static str; 2],
) -> Feature {
    Feature {
        name,
        pattern: None,
        unit,
        level,
        reads,
        source,
        landmark_only: false,
        changeable: false,
        label_nl,
        label_en,
        needs,
        value,
    }
}

impl Feature {
    pub(super) const fn changeable(self) -> Self {
        Self { changeable: true, ..self }
    }

    pub(super) const fn landmark(self) -> Self {
        Self { landmark_only: true, ..self }
    }

    pub(super) const fn open(self, pattern: &'static str) -> Self {
        Self { pattern: Some(pattern), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_every_one_is_found() {
        for (k, f) in CATALOGUE.iter().enumerate() {
            assert!(CATALOGUE[..k].iter().all(|g| g.name != f.name), "{}", f.name);
            for text in [f.name, f.reads, f.source, f.label_nl, f.label_en] {
                assert!(!text.is_empty(), "{}", f.name);
            }
            assert_eq!(f.pattern.is_some(), matches!(f.value, Value::Open(_)), "{}", f.name);
            if !f.name.contains('<') {
                assert_eq!(feature(f.name).unwrap().name, f.name);
            }
        }
    }

    #[test]
    fn the_markdown_has_a_line_of_nine_cells_per_feature() {
        let text = catalogue_markdown();
        assert_eq!(text.lines().count(), 2 + CATALOGUE.len());
        assert!(text.lines().all(|line| line.matches('|').count() == 10), "{text}");
        assert!(text.contains("| `age_over_<years>` | past the 10th birthday at the start |"));
        assert!(text.contains("| yes no |"));
    }

    #[test]
    fn an_open_name_is_filled_and_a_wrong_one_gets_the_nearest() {
        assert_eq!(find("age_over_10").unwrap().1, Filled::Years(10));
        assert_eq!(find("age_over_12").unwrap().0.name, "age_over_10");
        let (f, filled) = find("helper_changes_12m_gezinsvoogd").unwrap();
        assert_eq!(f.pattern, Some("helper_changes_12m_<role>"));
        assert_eq!(filled, Filled::Word("gezinsvoogd".into()));
        assert_eq!(find("helper_changes_12m_warm").unwrap().1, Filled::Nothing);
        assert_eq!(
            feature("prior_breakdown").unwrap_err(),
            FeatureError::Unknown {
                what: "feature",
                name: "prior_breakdown".into(),
                nearest: Some("prior_breakdowns".into()),
            }
        );
        for wrong in ["age_over_", "age_over_x", "age_over_0", "need_", "need_<need>", ""] {
            assert!(feature(wrong).is_err(), "{wrong}");
        }
    }
}
