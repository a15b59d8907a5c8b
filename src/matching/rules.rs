//! The rules of matching: a TOML file with defaults, read strictly.

use std::collections::BTreeMap;
use std::path::Path;

use crate::files::read_text;
use crate::score::NoteSettings;
use crate::{Error, ErrorKind};

/// The defaults, as a rules file that can be copied and changed.
pub const DEFAULT_RULES: &str = include_str!("default_rules.toml");

/// The rules. A family must pass all of those in use to be a candidate.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum RuleName {
    /// Active on the day: not paused, stopped, or not yet begun.
    Status,
    /// A network family is there for children of its own network.
    Network,
    /// The family said no to this request.
    Declined,
    /// Rest after a placement that ended unplanned.
    RestPeriod,
    /// A place free on the day.
    Places,
    /// Siblings in one family.
    KeepSiblings,
    /// The family's age range.
    Age,
    /// Full time, part time, crisis.
    CareForm,
    /// Return home, long term.
    Perspective,
    /// A need that the family refuses.
    NeedsRefused,
    /// A need that is not among those the family accepts.
    NeedsAccepted,
    /// The age gap to the carers' own children.
    OwnChildren,
    /// Needs that do not go together with children who live there.
    OtherChildren,
    /// From home, as far as the request allows.
    DistanceHome,
    /// From school, as far as the request allows.
    DistanceSchool,
    /// From the areas of contact, as far as the request allows.
    ContactAreas,
    /// Areas that the child must avoid.
    AvoidAreas,
    /// An address that must stay secret.
    SecretAddress,
    /// A coded wish for one family.
    WishMust,
    /// A coded wish against a family.
    WishNever,
    /// Children who may not share a household.
    NotTogether,
}

impl RuleName {
    /// Every rule, in the order in which vetoes are listed.
    pub const ALL: [Self; 21] = [
        Self::Status,
        Self::Network,
        Self::Declined,
        Self::RestPeriod,
        Self::Places,
        Self::KeepSiblings,
        Self::Age,
        Self::CareForm,
        Self::Perspective,
        Self::NeedsRefused,
        Self::NeedsAccepted,
        Self::OwnChildren,
        Self::OtherChildren,
        Self::DistanceHome,
        Self::DistanceSchool,
        Self::ContactAreas,
        Self::AvoidAreas,
        Self::SecretAddress,
        Self::WishMust,
        Self::WishNever,
        Self::NotTogether,
    ];

    /// The rule's name in the rules file and in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Network => "network",
            Self::Declined => "declined",
            Self::RestPeriod => "rest_period",
            Self::Places => "places",
            Self::KeepSiblings => "keep_siblings",
            Self::Age => "age",
            Self::CareForm => "care_form",
            Self::Perspective => "perspective",
            Self::NeedsRefused => "needs_refused",
            Self::NeedsAccepted => "needs_accepted",
            Self::OwnChildren => "own_children",
            Self::OtherChildren => "other_children",
            Self::DistanceHome => "distance_home",
            Self::DistanceSchool => "distance_school",
            Self::ContactAreas => "contact_areas",
            Self::AvoidAreas => "avoid_areas",
            Self::SecretAddress => "secret_address",
            Self::WishMust => "wish_must",
            Self::WishNever => "wish_never",
            Self::NotTogether => "not_together",
        }
    }

    /// Safety, coded wishes and refusals: never relaxed and never switched off.
    #[must_use]
    pub fn is_protected(self) -> bool {
        matches!(
            self,
            Self::Declined
                | Self::NeedsRefused
                | Self::OtherChildren
                | Self::AvoidAreas
                | Self::SecretAddress
                | Self::WishMust
                | Self::WishNever
                | Self::NotTogether
        )
    }

    /// Whether a concession on this rule can be counted in units (km, years, days, needs).
    #[must_use]
    pub fn is_measured(self) -> bool {
        matches!(
            self,
            Self::RestPeriod
                | Self::Age
                | Self::NeedsAccepted
                | Self::OwnChildren
                | Self::DistanceHome
                | Self::DistanceSchool
                | Self::ContactAreas
        )
    }
}

/// What a concession on a rule costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Relax {
    /// There is none.
    Never,
    /// So much per unit (kilometre, year, day, need), up to a maximum of units.
    Price {
        /// Per unit.
        price: f64,
        /// Units at most.
        max: f64,
    },
}

impl<'de> serde::Deserialize<'de> for Relax {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        match toml::Value::deserialize(d)? {
            toml::Value::String(word) if word == "never" => Ok(Self::Never),
            toml::Value::Table(table) => {
                let priced: Priced = table.try_into().map_err(D::Error::custom)?;
                Ok(Self::Price { price: priced.price, max: priced.max })
            }
            _ => Err(D::Error::custom(
                "relax is \"never\" or a table such as { price = 1.0, max = 25.0 }",
            )),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Priced {
    price: f64,
    max: f64,
}

/// One rule of the file.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Whether it is applied.
    #[serde(rename = "use")]
    pub used: bool,
    /// What a concession costs.
    pub relax: Relax,
    /// The reason in Dutch.
    pub nl: String,
    /// The reason in English.
    pub en: String,
}

/// How many candidates a request should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Candidates wanted for each request.
    pub wanted: usize,
    /// Requests for which one family may come first in the order of calling; no limit where
    /// absent.
    pub first_at_most: Option<u32>,
}

/// What placing one child weighs, by urgency.
#[derive(Debug, Clone, Copy, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Urgency {
    /// For urgency 1, 2, 3.
    pub weights: [f64; 3],
    /// Where the urgency is blank.
    pub unknown: f64,
}

impl Urgency {
    /// The weight of an urgency.
    #[must_use]
    pub fn weight(&self, urgency: Option<u8>) -> f64 {
        match urgency {
            Some(u @ 1..=3) => self.weights[usize::from(u) - 1],
            _ => self.unknown,
        }
    }
}

/// The numbers that rules and notes use.
#[derive(Debug, Clone, Copy, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Whether children who stay part-time fill a place.
    pub part_time_fills_place: bool,
    /// Places counted where their number is blank.
    pub places_if_unknown: u32,
    /// Years between child and own child under which the family is excluded.
    pub own_child_gap_years: f64,
    /// Years under which a small gap speaks against.
    pub own_child_close_years: f64,
    /// Own children younger than this speak against, in years.
    pub young_own_child: f64,
    /// Days of rest after an unplanned end.
    pub rest_days: i32,
    /// Kilometres that count as near.
    pub near_km: f64,
    /// Years of experience that speak for a family.
    pub experienced_years: f64,
    /// Days in which an earlier unplanned end speaks against.
    pub breakdown_memory_days: i32,
}

/// Needs that do not go together in one household.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Combination {
    /// The need of one child.
    pub need: String,
    /// The need of the other.
    pub with_need: Option<String>,
    /// Or: another child younger than this, in years.
    pub with_younger_than: Option<f64>,
}

/// What splitting siblings costs where an exception allows it.
#[derive(Debug, Clone, Copy, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Siblings {
    /// The price of placing a child who needs specialised care apart from its siblings, in
    /// predicted breakdowns; 0: apart, as the exception says.
    pub split_price: f64,
}

/// Of some children at least a share of those who could be placed gets a place, in a variant of
/// the plan.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Floor {
    /// Its name.
    pub name: String,
    /// Children from this age, in years.
    pub min_age: Option<f64>,
    /// Children up to and including this age.
    pub max_age: Option<f64>,
    /// Children with this need.
    pub need: Option<String>,
    /// Children of groups of at least so many.
    pub min_siblings: Option<usize>,
    /// The share, from 0 to 1, of those who could be placed if they came first.
    pub share: f64,
}

/// All that a rules file settles.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// The choice set.
    pub choice: Choice,
    /// Urgency weights.
    pub urgency: Urgency,
    /// Numbers of rules and notes.
    pub settings: Settings,
    /// Guideline and perspective clock.
    pub notes: NoteSettings,
    /// Needs that do not go together.
    #[serde(default)]
    pub combination: Vec<Combination>,
    /// Splitting siblings.
    pub siblings: Siblings,
    /// Floors of a variant of the plan.
    #[serde(default)]
    pub floor: Vec<Floor>,
    /// The rules by name; every rule is present.
    pub rules: BTreeMap<RuleName, Rule>,
}

impl Rules {
    /// The defaults changed by what `text` (a rules file) names.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] where the text is not TOML, has an unknown key, a number that makes
    /// no sense, or relaxes or switches off a protected rule.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut table: toml::Table = DEFAULT_RULES.parse().map_err(|e| bad(&e))?;
        let own: toml::Table = text.parse().map_err(|e| bad(&e))?;
        overlay(&mut table, own);
        let rules: Self = table.try_into().map_err(|e| bad(&e))?;
        rules.check()?;
        Ok(rules)
    }

    /// Reads a rules file.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] where it cannot be read, [`ErrorKind::Usage`] where it is no text, else as
    /// [`Rules::parse`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        Self::parse(&read_text(path)?)
    }

    /// A rule, where it is in use.
    #[must_use]
    pub fn used(&self, name: RuleName) -> Option<&Rule> {
        self.rules.get(&name).filter(|rule| rule.used)
    }

    fn check(&self) -> Result<(), Error> {
        let s = &self.settings;
        let numbers = [
            ("urgency.unknown", self.urgency.unknown),
            ("urgency.weights", self.urgency.weights.iter().fold(f64::INFINITY, |a, &b| a.min(b))),
            ("urgency.weights", self.urgency.weights.iter().fold(0.0, |a, &b| b.max(a))),
            ("settings.own_child_gap_years", s.own_child_gap_years),
            ("settings.own_child_close_years", s.own_child_close_years),
            ("settings.young_own_child", s.young_own_child),
            ("settings.rest_days", f64::from(s.rest_days)),
            ("siblings.split_price", self.siblings.split_price),
            ("settings.near_km", s.near_km),
            ("settings.experienced_years", s.experienced_years),
            ("settings.breakdown_memory_days", f64::from(s.breakdown_memory_days)),
        ];
        for (key, value) in numbers {
            if !value.is_finite() || value < 0.0 {
                return Err(usage(format!("rules: {key} must be a number from 0")));
            }
        }
        if self.urgency.weights.iter().any(|&w| w <= 0.0) || self.urgency.unknown <= 0.0 {
            return Err(usage(
                "rules: an urgency weight must be above 0, else a child would count \
                              for nothing",
            ));
        }
        self.notes.check().map_err(usage)?;
        for combination in &self.combination {
            if combination.with_need.is_none() == combination.with_younger_than.is_none() {
                return Err(usage(format!(
                    "rules: the combination with need \"{}\" needs either with_need or \
                     with_younger_than",
                    combination.need
                )));
            }
        }
        if self.choice.first_at_most == Some(0) {
            return Err(usage("rules: choice.first_at_most must be 1 or more, or left out"));
        }
        if let Some(floor) = self.floor.iter().find(|f| !(0.0..=1.0).contains(&f.share)) {
            let name = &floor.name;
            return Err(usage(format!("rules: the share of floor \"{name}\" must be from 0 to 1")));
        }
        self.rules.iter().try_for_each(|(&name, rule)| check_rule(name, rule))
    }
}

impl Default for Rules {
    /// The defaults of [`DEFAULT_RULES`].
    fn default() -> Self {
        match Self::parse("") {
            Ok(rules) => rules,
            // A test reads the embedded text, so this cannot be reached in a build that passes.
            Err(error) => unreachable!("the embedded rules are valid: {error}"),
        }
    }
}

fn check_rule(name: RuleName, rule: &Rule) -> Result<(), Error> {
    let key = name.name();
    if name.is_protected() && (!rule.used || rule.relax != Relax::Never) {
        return Err(usage(format!(
            "rules.{key} guards safety, a coded wish or a refusal: it stays in use and is never \
             relaxed"
        )));
    }
    match rule.relax {
        Relax::Never => Ok(()),
        Relax::Price { .. } if !name.is_measured() => Err(usage(format!(
            "rules.{key} has no unit in which it could be relaxed: use \"never\""
        ))),
        Relax::Price { price, max } => {
            if price.is_finite() && max.is_finite() && price >= 0.0 && max >= 0.0 {
                Ok(())
            } else {
                Err(usage(format!("rules.{key}: price and max must be numbers from 0")))
            }
        }
    }
}

/// Lays `own` over `base`, table by table; anything else is replaced.
fn overlay(base: &mut toml::Table, own: toml::Table) {
    for (key, value) in own {
        match (base.get_mut(&key), value) {
            // `relax` is one value, though it may be written as a table.
            (Some(toml::Value::Table(b)), toml::Value::Table(o)) if key != "relax" => {
                overlay(b, o);
            }
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

fn bad(error: &toml::de::Error) -> Error {
    let message = error.message().to_string();
    let hint = if ["ethnic", "etnic", "afkomst", "race"].iter().any(|w| message.contains(w)) {
        "ethnicity is never a rule: record a wish of the child or the parents in pairs.csv"
    } else {
        nearest(&message)
    };
    usage(format!("rules: {message}")).with_hint(hint)
}

/// The repair for an unknown key.
fn nearest(message: &str) -> &'static str {
    if message.starts_with("unknown") {
        "the message lists the keys that exist; `match --help` shows where the defaults are"
    } else {
        "compare with the default rules"
    }
}

fn usage(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Usage, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_hold_every_rule_with_a_reason_in_both_languages() {
        let rules = Rules::default();
        for name in RuleName::ALL {
            let rule = &rules.rules[&name];
            assert!(!rule.nl.is_empty() && !rule.en.is_empty(), "{}", name.name());
            let written = serde_json::to_string(&name).unwrap();
            assert_eq!(written, format!("\"{}\"", name.name()));
        }
        assert_eq!(rules.rules.len(), RuleName::ALL.len());
        assert_eq!(rules.choice.wanted, 3);
        assert!(DEFAULT_RULES.contains("ethnicity"));
        assert!(RuleName::ALL.iter().all(|r| !r.name().contains("ethnic")));
    }

    #[test]
    fn a_file_changes_only_what_it_names() {
        let rules = Rules::parse(
            "[choice]\nwanted = 5\n[rules.age]\nuse = false\n[rules.distance_home]\nrelax = { price = 2.0, max = 5.0 }",
        )
        .unwrap();
        assert_eq!(rules.choice.wanted, 5);
        assert!(rules.used(RuleName::Age).is_none());
        assert!(rules.used(RuleName::Places).is_some());
        assert_eq!(
            rules.rules[&RuleName::DistanceHome].relax,
            Relax::Price { price: 2.0, max: 5.0 }
        );
    }

    #[test]
    fn refuses_unknown_keys_protected_rules_and_nonsense() {
        for (text, needle) in [
            ("[rules.ethnicity]\nuse = true", "unknown"),
            ("[choice]\nwnated = 3", "wnated"),
            ("[rules.age]\nusee = true", "usee"),
            ("[rules.avoid_areas]\nuse = false", "never relaxed"),
            ("[rules.wish_never]\nrelax = { price = 1.0, max = 1.0 }", "never relaxed"),
            ("[rules.places]\nrelax = { price = 1.0, max = 1.0 }", "no unit"),
            ("[rules.age]\nrelax = { price = nan, max = 1.0 }", "numbers from 0"),
            ("[rules.age]\nrelax = \"sometimes\"", "relax is"),
            ("[settings]\nrest_days = -1", "rest_days"),
            ("[urgency]\nweights = [0.0, 1.0, 2.0]", "above 0"),
            ("[[combination]]\nneed = \"a\"", "with_need"),
            ("[notes]\nclock_months = 20.0", "clock"),
            ("[choice]\nfirst_at_most = 0", "1 or more"),
            ("[siblings]\nsplit_price = -1.0", "split_price"),
            ("[[floor]]\nname = \"12+\"\nshare = 2.0", "from 0 to 1"),
            ("[[floor]]\nname = \"12+\"\nshre = 0.5", "shre"),
            ("not toml", "rules"),
        ] {
            let error = Rules::parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage, "{text}");
            assert!(error.to_string().contains(needle), "{text}: {error}");
        }
        let hint = Rules::parse("[rules.ethnicity]\nuse = true").unwrap_err();
        assert!(hint.hint().unwrap().contains("never a rule"));
    }
}
