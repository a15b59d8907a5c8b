//! What a decision holds.

use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::files::read_text;
use crate::history::{Day, has_bsn};
use crate::matching::worth::Worth;
use crate::matching::{MatchResult, RuleName, VariantOptions, Variants};
use crate::{Error, ErrorKind};

/// What was chosen and why, as a person says it.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The request.
    pub request: String,
    /// The family; `None` for no placement now.
    pub family: Option<String>,
    /// Why.
    pub reason: String,
    /// Who decided, as the organisation writes it.
    pub by: Option<String>,
}

/// How a choice differs from what was shown.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Override {
    /// Another candidate than the plan proposes.
    OtherCandidate,
    /// A candidate, where the plan has no place.
    OutsideThePlan,
    /// No placement, where the plan proposes one.
    NotPlaced,
    /// A family that rules exclude.
    Excluded {
        /// The rules.
        rules: Vec<String>,
        /// Whether one of them guards safety, a coded wish or a refusal.
        protected: bool,
    },
}

/// What the numbers come from.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The version of the program.
    pub version: String,
    /// The SHA-256 of the model.
    pub model: String,
    /// The SHA-256 over the files of the history folder.
    pub history: String,
    /// The rules file as it was; empty where the defaults were used.
    pub rules: String,
    /// The effort allowed.
    pub effort: u64,
    /// Whether `--research` was given.
    pub research: bool,
    /// Whether the worth of choosing by the model was asked for.
    #[serde(default)]
    pub worth: bool,
    /// What other plans were made, where they were asked for.
    #[serde(default)]
    pub variants: Option<VariantOptions>,
}

/// A decision with all that was shown for it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The version of this record.
    pub schema: u32,
    /// When it was written down (UTC).
    pub recorded: String,
    /// The day that was looked at.
    pub as_of: Day,
    /// What the numbers come from.
    pub shown_by: Shown,
    /// The request.
    pub request: String,
    /// The family that was chosen; `None` for no placement now.
    pub choice: Option<String>,
    /// The family that the plan proposes.
    pub proposed: Option<String>,
    /// How the choice differs from what was shown; `None` where it does not.
    #[serde(rename = "override")]
    pub overrides: Option<Override>,
    /// Why, in the words of who decided.
    pub reason: String,
    /// Who decided.
    pub by: Option<String>,
    /// The request as it was shown: candidates, vetoes, relaxations.
    pub shown: Value,
    /// The plan as it was shown.
    pub plan: Value,
}

/// Where a decision stands in its log.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Recorded {
    /// Its number, from 1.
    pub number: u64,
    /// Its hash: the head of the log, to be noted elsewhere.
    pub sha256: String,
    /// How the choice differs from what was shown.
    #[serde(rename = "override")]
    pub overrides: Option<Override>,
}

impl Decision {
    /// A decision on one request of a match, written down at `recorded`.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] where the request is not open, the family is not known, or no reason
    /// is given; [`ErrorKind::Refused`] where the reason or the name holds a BSN.
    pub fn new(
        result: &MatchResult,
        choice: Choice,
        shown_by: Shown,
        recorded: String,
    ) -> Result<Self, Error> {
        let Choice { request, family, reason, by } = choice;
        let Some(shown) = result.requests.iter().find(|r| r.request == request) else {
            return Err(usage("the request of the decision is not open on that day"));
        };
        if reason.trim().is_empty() {
            return Err(usage("a decision needs a reason: give it with --reason"));
        }
        if has_bsn(&reason) || by.as_deref().is_some_and(has_bsn) {
            let what = "the reason or the name holds a number that may be a BSN";
            return Err(Error::new(ErrorKind::Refused, what).with_hint("leave it out"));
        }
        let pair = result.assignment.pairs.iter().find(|p| p.request == request);
        let proposed = pair.map(|p| p.family.clone());
        let overrides = match (&family, &proposed) {
            (a, b) if a == b => None,
            (None, _) => Some(Override::NotPlaced),
            (Some(family), _) if shown.candidates.iter().any(|c| c.family == *family) => {
                Some(if proposed.is_some() {
                    Override::OtherCandidate
                } else {
                    Override::OutsideThePlan
                })
            }
            (Some(family), _) => Some(excluded(shown, family)?),
        };
        let plan = value(&Plan::of(result, shown_by.worth))?;
        Ok(Self {
            schema: 1,
            recorded,
            as_of: result.as_of,
            shown_by,
            choice: family,
            proposed,
            overrides,
            reason,
            by,
            shown: value(shown)?,
            plan,
            request,
        })
    }
}

/// The rules that exclude a family which was chosen all the same.
fn excluded(shown: &crate::matching::RequestMatch, family: &str) -> Result<Override, Error> {
    let named: Vec<RuleName> =
        shown.vetoed.iter().filter(|v| v.family() == family).map(|v| v.rule()).collect();
    let rules: Vec<String> = named.iter().map(|rule| rule.name().to_owned()).collect();
    if rules.is_empty() {
        return Err(usage("the family of the decision is not in the history")
            .with_hint("give the id of a candidate or of an excluded family, or `none`"));
    }
    let protected = named.iter().any(|rule| rule.is_protected());
    Ok(Override::Excluded { rules, protected })
}

/// The plan as it is shown beside a request.
#[derive(serde::Serialize)]
pub(super) struct Plan<'a> {
    assignment: &'a crate::matching::Assignment,
    shadow_prices: &'a [crate::matching::ShadowPrice],
    stability: &'a Option<crate::matching::Stability>,
    calling: &'a Option<crate::matching::Calling>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variants: Option<&'a Variants>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worth: Option<&'a Worth>,
}

impl<'a> Plan<'a> {
    pub(super) fn of(m: &'a MatchResult, worth: bool) -> Self {
        Self {
            assignment: &m.assignment,
            shadow_prices: &m.shadow_prices,
            stability: &m.beside.stability,
            calling: &m.beside.calling,
            variants: m.beside.variants.as_ref(),
            worth: worth.then_some(&m.worth),
        }
    }
}

pub(super) fn value(what: &impl serde::Serialize) -> Result<Value, Error> {
    serde_json::to_value(what)
        .map_err(|e| Error::new(ErrorKind::Io, format!("the decision cannot be written: {e}")))
}

fn usage(what: &str) -> Error {
    Error::new(ErrorKind::Usage, what)
}

/// The SHA-256 over the names and bytes of a folder's CSV files and its `study.toml`.
///
/// # Errors
/// [`ErrorKind::Io`] where the folder cannot be read.
pub fn folder_sha256(folder: &Path) -> Result<String, Error> {
    let io = |e: std::io::Error| {
        Error::new(ErrorKind::Io, format!("cannot read {}: {e}", folder.display()))
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
        let Some(name) = name.filter(|n| n.ends_with(".csv") || n == "study.toml") else {
            continue;
        };
        files.push((name, path));
    }
    files.sort();
    let mut hash = Sha256::new();
    for (name, path) in files {
        let bytes = if name == "study.toml" {
            read_text(&path)?.into_bytes()
        } else {
            std::fs::read(&path).map_err(io)?
        };
        hash.update(format!("{} {} ", name.len(), bytes.len()));
        hash.update(name.as_bytes());
        hash.update(&bytes);
    }
    Ok(hash.finalize().iter().map(|b| format!("{b:02x}")).collect())
}
