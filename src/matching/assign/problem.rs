//! The bare problem of assigning groups of children to families, checked once.

use std::collections::HashMap;

/// Why numbers cannot be a problem of assignment.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemError {
    /// A score is NaN or infinite.
    #[error("the score of pair {pair} (group {group}, family {family}) is not a finite number")]
    Score {
        /// Position of the pair, from 0.
        pair: usize,
        /// Its group.
        group: u32,
        /// Its family.
        family: u32,
    },
    /// A pair or conflict names a group that does not exist.
    #[error("{what} {position} names group {group}, and there are {groups}")]
    Group {
        /// `pair` or `conflict`.
        what: &'static str,
        /// Its position, from 0.
        position: usize,
        /// The group named.
        group: u32,
        /// How many groups there are.
        groups: usize,
    },
    /// A pair names a family that does not exist.
    #[error("pair {pair} names family {family}, and there are {families}")]
    Family {
        /// Position of the pair, from 0.
        pair: usize,
        /// The family named.
        family: u32,
        /// How many families there are.
        families: usize,
    },
    /// A group and a family are paired twice.
    #[error("group {group} and family {family} are paired twice")]
    Duplicate {
        /// The group.
        group: u32,
        /// The family.
        family: u32,
    },
}

/// A group that may go to a family.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The group, from 0.
    pub group: u32,
    /// The family, from 0.
    pub family: u32,
    /// Places that the group would take there: its size, less those who live there already.
    pub takes: u32,
    /// What choosing the pair is worth.
    pub score: f64,
}

/// Groups of children, each placed whole in at most one family, and families with so many places.
/// The sum of the scores of the chosen pairs is to be as large as possible.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    groups: usize,
    places: Vec<u32>,
    pairs: Vec<Pair>,
    conflicts: Vec<(u32, u32)>,
}

impl Problem {
    /// A problem of `groups` groups and as many families as there are `places`; `conflicts` are
    /// groups that may not share a family.
    ///
    /// # Errors
    /// A score that is not finite, a group or family that does not exist, a pair given twice.
    pub fn new(
        groups: usize,
        places: Vec<u32>,
        pairs: Vec<Pair>,
        conflicts: Vec<(u32, u32)>,
    ) -> Result<Self, ProblemError> {
        let mut seen =
            HashMap::with_capacity_and_hasher(pairs.len(), foldhash::fast::RandomState::default());
        for (k, p) in pairs.iter().enumerate() {
            if p.group as usize >= groups {
                return Err(ProblemError::Group {
                    what: "pair",
                    position: k,
                    group: p.group,
                    groups,
                });
            }
            if p.family as usize >= places.len() {
                return Err(ProblemError::Family {
                    pair: k,
                    family: p.family,
                    families: places.len(),
                });
            }
            if !p.score.is_finite() {
                return Err(ProblemError::Score { pair: k, group: p.group, family: p.family });
            }
            if seen.insert((p.group, p.family), ()).is_some() {
                return Err(ProblemError::Duplicate { group: p.group, family: p.family });
            }
        }
        for (k, &(a, b)) in conflicts.iter().enumerate() {
            if let Some(&group) = [a, b].iter().find(|&&g| g as usize >= groups) {
                return Err(ProblemError::Group { what: "conflict", position: k, group, groups });
            }
        }
        Ok(Self { groups, places, pairs, conflicts })
    }

    /// The same problem with other places; as many as there are families.
    pub(super) fn with_places(&self, places: Vec<u32>) -> Self {
        Self { places, ..self.clone() }
    }

    /// How many groups there are.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// The places of each family.
    #[must_use]
    pub fn places(&self) -> &[u32] {
        &self.places
    }

    /// The pairs that may be chosen.
    #[must_use]
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// Groups that may not share a family.
    #[must_use]
    pub fn conflicts(&self) -> &[(u32, u32)] {
        &self.conflicts
    }

    /// The value of a choice of pairs (by position, one or none per group), if it keeps every
    /// rule: each group at most once, places enough, no conflict in one family.
    #[must_use]
    pub fn value(&self, chosen: &[Option<usize>]) -> Option<f64> {
        if chosen.len() != self.groups {
            return None;
        }
        let mut left: Vec<i64> = self.places.iter().map(|&p| i64::from(p)).collect();
        let mut value = 0.0;
        for (g, pair) in chosen.iter().enumerate() {
            let Some(k) = *pair else { continue };
            let pair = self.pairs.get(k).filter(|p| p.group as usize == g)?;
            let room = &mut left[pair.family as usize];
            *room -= i64::from(pair.takes);
            if *room < 0 {
                return None;
            }
            value += pair.score;
        }
        let home = |g: u32| chosen[g as usize].map(|k| self.pairs[k].family);
        let clash =
            self.conflicts.iter().any(|&(a, b)| a != b && home(a).is_some() && home(a) == home(b));
        (!clash).then_some(value)
    }
}
