//! The competing ends of a spell.

use std::fmt;

/// How a spell ended. A spell that has not ended has no cause.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A breakdown, as the definition in use has it.
    Breakdown,
    /// Back with a parent.
    ReturnedHome,
    /// A planned move elsewhere.
    PlannedMove,
    /// Came of age, or a lasting arrangement (adoption, pleegoudervoogdij).
    CameOfAge,
    /// Any other known end that is no breakdown.
    Other,
    /// An end whose reason is not known.
    Unknown,
}

impl Cause {
    /// Every cause, in the order of their numbers in a [`crate::survival::Outcome`].
    pub const ALL: [Self; 6] = [
        Self::Breakdown,
        Self::ReturnedHome,
        Self::PlannedMove,
        Self::CameOfAge,
        Self::Other,
        Self::Unknown,
    ];

    /// The name in files and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Breakdown => "breakdown",
            Self::ReturnedHome => "returned_home",
            Self::PlannedMove => "planned_move",
            Self::CameOfAge => "came_of_age",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }

    /// The cause of a name; `None` where there is none.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.name() == name)
    }

    /// The number of this cause in an outcome: 1, 2, …; 0 is censored.
    #[must_use]
    pub fn number(self) -> u32 {
        self as u32 + 1
    }

    /// The name in plain Dutch.
    #[must_use]
    pub fn label_nl(self) -> &'static str {
        match self {
            Self::Breakdown => "afgebroken (breakdown)",
            Self::ReturnedHome => "terug naar huis",
            Self::PlannedMove => "geplande verhuizing",
            Self::CameOfAge => "volwassen of blijvend geregeld",
            Self::Other => "andere reden",
            Self::Unknown => "reden niet bekend",
        }
    }

    /// The name in plain English.
    #[must_use]
    pub fn label_en(self) -> &'static str {
        match self {
            Self::Breakdown => "breakdown",
            Self::ReturnedHome => "returned home",
            Self::PlannedMove => "planned move",
            Self::CameOfAge => "came of age or lasting arrangement",
            Self::Other => "other reason",
            Self::Unknown => "reason not known",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_one_to_one() {
        for (k, cause) in Cause::ALL.into_iter().enumerate() {
            assert_eq!(cause.number() as usize, k + 1);
            assert_eq!(Cause::parse(cause.name()), Some(cause));
            let json = serde_json::to_string(&cause).unwrap();
            assert_eq!(json, format!("\"{}\"", cause.name()));
        }
        assert_eq!(Cause::parse("Breakdown"), None);
    }
}
