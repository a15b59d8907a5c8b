//! The named definitions of breakdown, and what a study may change in them.

use crate::history::{EndReason, Perspective, Setting};

use super::{Cause, OutcomeError};

/// The definitions by name.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum DefinitionName {
    /// Ended unplanned and unwanted: the sector's formal definition, and the default.
    UnplannedUnwanted,
    /// Ended early and unfavourably, planned or not.
    UnfavourablePremature,
    /// As the first, for the children who were meant to grow up in the foster family.
    IntendedToGrowUp,
    /// The first breakdown of a child within six years, over all its foster families.
    PerChildSixYears,
    /// Back home, then out of home again.
    FailedReturnHome,
}

impl DefinitionName {
    /// Every name.
    pub const ALL: [Self; 5] = [
        Self::UnplannedUnwanted,
        Self::UnfavourablePremature,
        Self::IntendedToGrowUp,
        Self::PerChildSixYears,
        Self::FailedReturnHome,
    ];

    /// The name in a study file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UnplannedUnwanted => "unplanned-unwanted",
            Self::UnfavourablePremature => "unfavourable-premature",
            Self::IntendedToGrowUp => "intended-to-grow-up",
            Self::PerChildSixYears => "per-child-six-years",
            Self::FailedReturnHome => "failed-return-home",
        }
    }

    /// The definition of a name.
    ///
    /// # Errors
    /// [`OutcomeError::UnknownDefinition`] with the nearest name.
    pub fn parse(name: &str) -> Result<Self, OutcomeError> {
        Self::ALL.into_iter().find(|d| d.name() == name).ok_or_else(|| {
            let nearest = Self::ALL
                .into_iter()
                .map(Self::name)
                .min_by_key(|known| strsim::damerau_levenshtein(known, name))
                .unwrap_or("unplanned-unwanted");
            OutcomeError::UnknownDefinition { name: name.into(), nearest }
        })
    }
}

/// What a spell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// One placement: from its start to its end.
    Stay,
    /// One child: from its first foster placement to its first breakdown in any family.
    Child,
    /// One return home: from the day at home to the day out of home again.
    ReturnHome,
}

/// How the two flags of an end, planned and wanted, decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Breakdown is an end that was neither planned nor wanted; one yes acquits. Where a flag is
    /// blank and the other does not acquit, the listed reasons decide.
    UnplannedAndUnwanted,
    /// Only a wanted end is acquitted: planning a premature end does not make it favourable.
    /// Else two noes, or a listed reason, are a breakdown.
    Unwanted,
}

/// What an end without a known reason counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownEnds {
    /// A cause of its own.
    Own,
    /// All of them are breakdowns (the worst case).
    Breakdown,
    /// None of them is (the best case): they are `other`.
    None,
}

/// What counts as breakdown, for whom, and what a spell is.
///
/// Made by name ([`Definition::named`]) and changed by [`Overrides`]; a model file holds the
/// whole of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Which named definition this is.
    pub name: DefinitionName,
    /// What a spell is.
    pub unit: Unit,
    /// How the flags decide.
    pub rule: Rule,
    /// The reasons that mean breakdown where the flags leave it open.
    pub reasons: Vec<EndReason>,
    /// The reasons that are never a breakdown, whatever the flags say. Empty unless a study says so.
    pub never: Vec<EndReason>,
    /// What an end without a known reason counts as.
    pub unknown: UnknownEnds,
    /// An absence of at most so many days with return to the same family is no end.
    pub absence_days: u32,
    /// The settings whose stays are followed.
    pub settings: Vec<Setting>,
    /// Whether part-time stays are followed as well. They never end another stay.
    pub part_time: bool,
    /// Only stays meant for this: the spell enters on the day from which that was so.
    pub perspective: Option<Perspective>,
    /// Follow-up ends so many years after the start.
    pub years: Option<u32>,
    /// For `unit = "child"`: whether a return home ends the follow-up. If not, the child is
    /// followed at home too, as it may be placed again.
    pub return_home_ends: bool,
    /// The age at which a child that is in no foster family has come of age.
    pub of_age: u32,
}

/// The keys that a study may set beside `definition`; each replaces one field of the named
/// [`Definition`].
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Overrides {
    /// See [`Definition::reasons`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasons: Option<Vec<EndReason>>,
    /// See [`Definition::never`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub never: Option<Vec<EndReason>>,
    /// See [`Definition::unknown`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<UnknownEnds>,
    /// See [`Definition::absence_days`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absence_days: Option<u32>,
    /// See [`Definition::settings`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<Vec<Setting>>,
    /// See [`Definition::part_time`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part_time: Option<bool>,
    /// `"long_term"`, `"return_home"` or `"any"`. See [`Definition::perspective`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub perspective: Option<String>,
    /// See [`Definition::years`]; 0 follows without limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub years: Option<u32>,
    /// See [`Definition::return_home_ends`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_home_ends: Option<bool>,
    /// See [`Definition::of_age`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of_age: Option<u32>,
}

/// The reasons that mean breakdown where the flags are blank.
const BREAKDOWN_REASONS: [EndReason; 6] = [
    EndReason::CarerBehaviour,
    EndReason::CarerOther,
    EndReason::CarerStopped,
    EndReason::ChildRequest,
    EndReason::Safety,
    EndReason::Authority,
];

impl Default for Definition {
    /// `unplanned-unwanted`.
    fn default() -> Self {
        Self::new(DefinitionName::UnplannedUnwanted)
    }
}

impl Definition {
    /// The definition of a name, with its own defaults.
    #[must_use]
    pub fn new(name: DefinitionName) -> Self {
        let base = Self {
            name,
            unit: Unit::Stay,
            rule: Rule::UnplannedAndUnwanted,
            reasons: BREAKDOWN_REASONS.to_vec(),
            never: Vec::new(),
            unknown: UnknownEnds::Own,
            absence_days: 28,
            settings: vec![Setting::Foster],
            part_time: false,
            perspective: None,
            years: None,
            return_home_ends: false,
            of_age: 18,
        };
        match name {
            DefinitionName::UnplannedUnwanted => base,
            DefinitionName::UnfavourablePremature => Self { rule: Rule::Unwanted, ..base },
            DefinitionName::IntendedToGrowUp => {
                Self { perspective: Some(Perspective::LongTerm), ..base }
            }
            DefinitionName::PerChildSixYears => Self { unit: Unit::Child, years: Some(6), ..base },
            DefinitionName::FailedReturnHome => Self { unit: Unit::ReturnHome, ..base },
        }
    }

    /// The definition of a name as a study file spells it.
    ///
    /// # Errors
    /// [`OutcomeError::UnknownDefinition`] with the nearest name.
    pub fn named(name: &str) -> Result<Self, OutcomeError> {
        DefinitionName::parse(name).map(Self::new)
    }

    /// This definition with the keys that a study sets.
    ///
    /// # Errors
    /// [`OutcomeError::Setting`] where a value makes no sense.
    pub fn with(mut self, set: &Overrides) -> Result<Self, OutcomeError> {
        macro_rules! take {
            ($($field:ident),+) => { $(if let Some(v) = &set.$field { self.$field = v.clone(); })+ };
        }
        take!(reasons, never, unknown, absence_days, settings, part_time, return_home_ends, of_age);
        if let Some(years) = set.years {
            self.years = (years > 0).then_some(years);
        }
        if let Some(text) = &set.perspective {
            self.perspective = match text.as_str() {
                "any" => None,
                code => Some(Perspective::parse(code).ok_or_else(|| {
                    self.bad("perspective", "must be \"long_term\", \"return_home\" or \"any\"")
                })?),
            };
        }
        self.checked()
    }

    /// This definition, if its settings make sense.
    ///
    /// # Errors
    /// [`OutcomeError::Setting`].
    pub fn checked(self) -> Result<Self, OutcomeError> {
        if self.settings.is_empty() {
            return Err(self.bad("settings", "must name at least one setting"));
        }
        if let Some(other) =
            self.settings.iter().find(|s| !matches!(s, Setting::Foster | Setting::FamilyHome))
        {
            let why = format!("may hold \"foster\" and \"family_home\", not \"{other}\"");
            return Err(self.bad("settings", why));
        }
        if self.absence_days > 366 {
            return Err(self.bad("absence_days", "must be at most 366"));
        }
        if self.years.is_some_and(|y| y == 0 || y > 100) {
            return Err(self.bad("years", "must lie between 1 and 100"));
        }
        if !(12..=30).contains(&self.of_age) {
            return Err(self.bad("of_age", "must lie between 12 and 30"));
        }
        Ok(self)
    }

    /// An error about one of the settings.
    fn bad(&self, key: &'static str, why: impl Into<String>) -> OutcomeError {
        OutcomeError::Setting { definition: self.name.name(), key, why: why.into() }
    }

    /// Whether an end was a breakdown; `None` where neither flags nor reason say.
    #[must_use]
    pub fn is_breakdown(
        &self,
        reason: Option<EndReason>,
        planned: Option<bool>,
        wanted: Option<bool>,
    ) -> Option<bool> {
        if reason.is_some_and(|r| self.never.contains(&r)) {
            return Some(false);
        }
        let acquitted = wanted == Some(true)
            || (self.rule == Rule::UnplannedAndUnwanted && planned == Some(true));
        if acquitted {
            return Some(false);
        }
        if (planned, wanted) == (Some(false), Some(false)) {
            return Some(true);
        }
        if reason.is_some_and(|r| self.reasons.contains(&r)) {
            return Some(true);
        }
        match reason {
            _ if planned == Some(true) => Some(false),
            None | Some(EndReason::Unknown | EndReason::Administrative) => None,
            Some(_) => Some(false),
        }
    }

    /// The cause of an end. An `administrative` end is first joined with the stay that follows
    /// it ([`super::placements`]); what reaches this method could not be joined, and is unknown.
    #[must_use]
    pub fn cause(
        &self,
        reason: Option<EndReason>,
        planned: Option<bool>,
        wanted: Option<bool>,
    ) -> Cause {
        match self.is_breakdown(reason, planned, wanted) {
            Some(true) => Cause::Breakdown,
            Some(false) => match reason {
                Some(EndReason::ReturnedHome) => Cause::ReturnedHome,
                Some(EndReason::PlannedMove) => Cause::PlannedMove,
                Some(EndReason::CameOfAge | EndReason::Permanence) => Cause::CameOfAge,
                Some(EndReason::External) => Cause::Other,
                _ if planned == Some(true) => Cause::PlannedMove,
                _ => Cause::Other,
            },
            None => match self.unknown {
                UnknownEnds::Own => Cause::Unknown,
                UnknownEnds::Breakdown => Cause::Breakdown,
                UnknownEnds::None => Cause::Other,
            },
        }
    }

    /// Whether stays in a setting are followed.
    #[must_use]
    pub fn follows(&self, setting: Setting) -> bool {
        self.settings.contains(&setting)
    }

    /// Where the definition comes from.
    #[must_use]
    pub fn source(&self) -> &'static str {
        match self.name {
            DefinitionName::UnplannedUnwanted => {
                "Pleegzorg Nederland, Factsheet pleegzorg 2017, cited in Transformatieplan Jeugd \
                 Achterhoek 2018-2022 (footnote 23)"
            }
            DefinitionName::UnfavourablePremature => {
                "Van Oijen 2010 (Rijksuniversiteit Groningen), cited in Transformatieplan Jeugd \
                 Achterhoek 2018-2022 (section 3.7)"
            }
            DefinitionName::IntendedToGrowUp => {
                "Transformatieplan Jeugd Achterhoek 2018-2022 (section 3.8, \"echte breakdown\")"
            }
            DefinitionName::PerChildSixYears => {
                "Transformatieplan Jeugd Achterhoek 2018-2022 (Bijlage 4, breakdown over six \
                 years per child)"
            }
            DefinitionName::FailedReturnHome => {
                "Transformatieplan Jeugd Achterhoek 2018-2022 (section 3.8, \"mislukte \
                 thuisplaatsing\")"
            }
        }
    }

    /// The definition in plain English.
    #[must_use]
    pub fn describe_en(&self) -> &'static str {
        match self.name {
            DefinitionName::UnplannedUnwanted => {
                "A placement that ended neither planned nor wanted."
            }
            DefinitionName::UnfavourablePremature => {
                "A placement that ended early and not as wished, even where the end was planned."
            }
            DefinitionName::IntendedToGrowUp => {
                "An unplanned and unwanted end of a placement in which the child was meant to \
                 grow up, counted from the day on which that was the plan."
            }
            DefinitionName::PerChildSixYears => {
                "The first unplanned and unwanted end that a child meets within six years of its \
                 first foster placement, in any family."
            }
            DefinitionName::FailedReturnHome => {
                "A child that returned home from foster care and had to leave home again."
            }
        }
    }

    /// The definition in plain Dutch (B1).
    #[must_use]
    pub fn describe_nl(&self) -> &'static str {
        match self.name {
            DefinitionName::UnplannedUnwanted => {
                "Een plaatsing die eindigde terwijl dat niet gepland en niet gewenst was."
            }
            DefinitionName::UnfavourablePremature => {
                "Een plaatsing die te vroeg en ongunstig eindigde, ook als het einde gepland was."
            }
            DefinitionName::IntendedToGrowUp => {
                "Een niet gepland en niet gewenst einde van een plaatsing waarin het kind zou \
                 opgroeien, geteld vanaf de dag dat dit het plan was."
            }
            DefinitionName::PerChildSixYears => {
                "De eerste keer dat een plaatsing van een kind niet gepland en niet gewenst \
                 eindigt, binnen zes jaar na de eerste plaatsing in een pleeggezin."
            }
            DefinitionName::FailedReturnHome => {
                "Een kind dat vanuit een pleeggezin terug naar huis ging en daarna toch weer uit \
                 huis moest."
            }
        }
    }
}
