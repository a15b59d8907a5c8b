//! A bare problem of assignment as a JSON file, and its answer: `match --instance FILE.json`.

use std::collections::BTreeMap;

use super::assign::{Effort, Pair, Problem, Solution, solve_with_progress};
use super::result::Status;
use crate::progress::{Progress, Silent};
use crate::score::{Lang, Note};
use crate::{Error, ErrorKind};

/// The id of a group or family, as the file writes it.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(untagged)]
pub enum Id {
    /// A whole number.
    Number(i64),
    /// Text.
    Text(String),
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(n) => n.fmt(f),
            Self::Text(t) => t.fmt(f),
        }
    }
}

/// Children of a group at most: tables are as wide as a family's places that groups could fill.
const MOST_CHILDREN: u32 = 1_000;
/// Scores beyond this lose, in their sums, what tells choices apart.
const LARGEST_SCORE: f64 = 1e12;

/// A group of children that is placed whole.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceGroup {
    /// Its id.
    pub id: Id,
    /// How many children.
    pub children: i64,
}

/// A family.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceFamily {
    /// Its id.
    pub id: Id,
    /// Places; 0 or less means none.
    pub places: i64,
}

/// A group that may go to a family, and what that is worth.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstancePair {
    /// The group's id.
    pub group: Id,
    /// The family's id.
    pub family: Id,
    /// The score.
    pub score: f64,
}

/// A bare problem.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// The groups.
    pub groups: Vec<InstanceGroup>,
    /// The families.
    pub families: Vec<InstanceFamily>,
    /// The pairs that are allowed.
    pub pairs: Vec<InstancePair>,
    /// Pairs of groups that may not share a family.
    #[serde(default)]
    pub conflicts: Vec<(Id, Id)>,
}

/// A chosen pair.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct InstanceChoice {
    /// The group.
    pub group: Id,
    /// Its family.
    pub family: Id,
}

/// A group without a place.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct InstanceUnplaced {
    /// The group.
    pub group: Id,
    /// Why.
    pub why: Note,
}

/// The assignment of an instance.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct InstanceAssignment {
    /// Whether it is proven best.
    pub status: Status,
    /// The sum of the chosen scores.
    pub objective: f64,
    /// No assignment can reach more.
    pub bound: f64,
    /// (bound − objective) / max(1, |objective|).
    pub gap: f64,
    /// The chosen pairs, in the order of the groups.
    pub pairs: Vec<InstanceChoice>,
    /// Groups without a place.
    pub unplaced: Vec<InstanceUnplaced>,
}

/// The answer to an instance.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct InstanceResult {
    /// The version of this contract.
    pub schema: u32,
    /// The assignment.
    pub assignment: InstanceAssignment,
    /// What is odd about the instance but does not stop it.
    pub warnings: Vec<Note>,
    /// Always: effort counts work, not seconds.
    pub reproducible: bool,
}

impl Instance {
    /// Reads an instance from JSON text.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] where the text is not such an instance; the message says where.
    pub fn parse(text: &str) -> Result<Self, Error> {
        serde_json::from_str(text).map_err(|e| {
            data(format!("the instance is not valid: {e}")).with_hint(
                "an instance is {\"groups\": [{\"id\", \"children\"}], \"families\": [{\"id\", \
                 \"places\"}], \"pairs\": [{\"group\", \"family\", \"score\"}]}; scores are finite \
                 numbers",
            )
        })
    }

    /// Solves the instance: the sum of the chosen scores is as large as it can be, each group
    /// whole in at most one family, children ≤ places.
    ///
    /// # Errors
    /// [`ErrorKind::Data`]: an id given twice, a pair with an unknown group or family or given
    /// twice, a group without children, a score that is not a finite number.
    pub fn solve(&self, effort: Effort) -> Result<InstanceResult, Error> {
        self.solve_with_progress(effort, &Silent)
    }

    /// As [`Instance::solve`], telling `progress` of the work that is done.
    ///
    /// # Errors
    /// As [`Instance::solve`].
    pub fn solve_with_progress(
        &self,
        effort: Effort,
        progress: &dyn Progress,
    ) -> Result<InstanceResult, Error> {
        let group_of = numbers(self.groups.iter().map(|g| &g.id), "group")?;
        let family_of = numbers(self.families.iter().map(|f| &f.id), "family")?;
        let mut warnings = Vec::new();
        let children = self.children()?;
        let mut places = Vec::with_capacity(self.families.len());
        for family in &self.families {
            if family.places < 0 {
                warnings.push(Note::new(
                    "negative_places",
                    format!(
                        "Gezin {} heeft {} plekken; dat telt als geen.",
                        family.id, family.places
                    ),
                    format!(
                        "Family {} has {} places, which counts as none.",
                        family.id, family.places
                    ),
                ));
            }
            places.push(u32::try_from(family.places.max(0)).unwrap_or(u32::MAX));
        }
        let mut pairs = Vec::with_capacity(self.pairs.len());
        for (k, pair) in self.pairs.iter().enumerate() {
            let unknown = |what: &str, id: &Id| {
                data(format!("pair {} names {what} \"{id}\", which does not exist", k + 1))
            };
            let g = *group_of.get(&pair.group).ok_or_else(|| unknown("group", &pair.group))?;
            let f = *family_of.get(&pair.family).ok_or_else(|| unknown("family", &pair.family))?;
            if pair.score.abs() > LARGEST_SCORE {
                let k = k + 1;
                return Err(data(format!(
                    "the score of pair {k} is beyond {LARGEST_SCORE:e}: sums would lose what tells \
                     choices apart"
                )));
            }
            pairs.push(Pair {
                group: g,
                family: f,
                takes: children[g as usize],
                score: pair.score,
            });
        }
        let mut conflicts = Vec::with_capacity(self.conflicts.len());
        for (a, b) in &self.conflicts {
            let find = |id: &Id| {
                group_of.get(id).copied().ok_or_else(|| {
                    data(format!("a conflict names group \"{id}\", which does not exist"))
                })
            };
            conflicts.push((find(a)?, find(b)?));
        }
        let problem = Problem::new(self.groups.len(), places, pairs, conflicts)
            .map_err(|e| data(format!("the instance is not valid: {e}")))?;
        let solution = solve_with_progress(&problem, effort, progress);
        Ok(self.answer(&problem, &solution, warnings))
    }

    fn children(&self) -> Result<Vec<u32>, Error> {
        self.groups
            .iter()
            .map(|g| match u32::try_from(g.children) {
                Ok(n) if (1..=MOST_CHILDREN).contains(&n) => Ok(n),
                _ => Err(data(format!(
                    "group \"{}\" has {} children; a group has 1 or more, up to {MOST_CHILDREN}",
                    g.id, g.children
                ))),
            })
            .collect()
    }

    fn answer(
        &self,
        problem: &Problem,
        solution: &Solution,
        warnings: Vec<Note>,
    ) -> InstanceResult {
        let mut pairs = Vec::new();
        let mut unplaced = Vec::new();
        let mut of_group: Vec<Vec<usize>> = vec![Vec::new(); self.groups.len()];
        for (k, pair) in problem.pairs().iter().enumerate() {
            of_group[pair.group as usize].push(k);
        }
        for (g, chosen) in solution.chosen.iter().enumerate() {
            let group = self.groups[g].id.clone();
            match chosen {
                Some(k) => {
                    let family = problem.pairs()[*k].family as usize;
                    pairs.push(InstanceChoice { group, family: self.families[family].id.clone() });
                }
                None => unplaced.push(InstanceUnplaced { group, why: why(problem, &of_group[g]) }),
            }
        }
        let status = if solution.is_optimal() { Status::Optimal } else { Status::Feasible };
        InstanceResult {
            schema: 1,
            assignment: InstanceAssignment {
                status,
                // Of nothing chosen the sum is -0.
                objective: solution.objective + 0.0,
                bound: solution.bound,
                gap: solution.gap(),
                pairs,
                unplaced,
            },
            warnings,
            reproducible: true,
        }
    }
}

impl InstanceResult {
    /// The answer as JSON, indented, with a final newline.
    #[must_use]
    pub fn to_json(&self) -> String {
        super::render::json(self)
    }

    /// The answer for people.
    #[must_use]
    pub fn to_text(&self, lang: Lang) -> String {
        let a = &self.assignment;
        let placed = a.pairs.len();
        let all = placed + a.unplaced.len();
        let mut out = match lang {
            Lang::Nl => format!("{placed} van {all} groepen geplaatst. "),
            Lang::En => format!("{placed} of {all} groups placed. "),
        };
        out.push_str(&super::render::proof(a.status, a.objective, a.bound, a.gap, lang));
        out.push('\n');
        for pair in &a.pairs {
            out.push_str(&format!("  {} → {}\n", pair.group, pair.family));
        }
        for none in &a.unplaced {
            out.push_str(&format!("  {} : {}\n", none.group, none.why.text(lang)));
        }
        for warning in &self.warnings {
            out.push_str(&format!("! {}\n", warning.text(lang)));
        }
        out
    }
}

/// Why a group has no place in a best plan.
fn why(problem: &Problem, pairs: &[usize]) -> Note {
    let pairs = || pairs.iter().map(|&k| &problem.pairs()[k]);
    if pairs().next().is_none() {
        return Note::new(
            "no_family",
            "Er is geen gezin dat deze groep mag ontvangen.",
            "There is no family that may take this group.",
        );
    }
    if pairs().all(|p| p.takes > problem.places()[p.family as usize]) {
        return Note::new(
            "too_few_places",
            "Geen gezin heeft genoeg plekken voor de hele groep.",
            "No family has places enough for the whole group.",
        );
    }
    if pairs().all(|p| p.score < 0.0) {
        return Note::new(
            "negative_scores",
            "Elke plaatsing van deze groep heeft een score onder 0.",
            "Every placement of this group has a score below 0.",
        );
    }
    Note::new(
        "places_taken",
        "De plekken die passen, gaan in dit plan naar anderen.",
        "The places that fit go to others in this plan.",
    )
}

fn numbers<'a>(
    ids: impl Iterator<Item = &'a Id>,
    what: &str,
) -> Result<BTreeMap<&'a Id, u32>, Error> {
    let mut numbers = BTreeMap::new();
    for (k, id) in ids.enumerate() {
        if numbers.insert(id, k as u32).is_some() {
            return Err(data(format!("{what} \"{id}\" is given twice")));
        }
    }
    Ok(numbers)
}

fn data(message: String) -> Error {
    Error::new(ErrorKind::Data, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Result<InstanceResult, Error> {
        Instance::parse(text)?.solve(Effort::default())
    }

    #[test]
    fn a_pair_of_siblings_takes_the_large_family() {
        let result = answer(
            r#"{"groups":[{"id":"g1","children":2},{"id":"g2","children":1},{"id":7,"children":4}],
                "families":[{"id":"a","places":2},{"id":"b","places":1},{"id":"c","places":-1}],
                "pairs":[{"group":"g1","family":"a","score":1.5},{"group":"g2","family":"a","score":1.0},
                         {"group":"g2","family":"b","score":0.5},{"group":7,"family":"a","score":9}]}"#,
        )
        .unwrap();
        let a = &result.assignment;
        assert_eq!(a.status, Status::Optimal);
        assert_eq!((a.objective, a.bound, a.gap), (2.0, 2.0, 0.0));
        assert_eq!(a.unplaced[0].why.code, "too_few_places");
        assert_eq!(result.warnings[0].code, "negative_places");
        let json: serde_json::Value = serde_json::from_str(&result.to_json()).unwrap();
        assert_eq!(json["schema"], 1);
        assert_eq!(json["assignment"]["status"], "optimal");
        assert_eq!(json["assignment"]["pairs"][0]["group"], "g1");
        assert_eq!(json["assignment"]["pairs"][0]["family"], "a");
        assert_eq!(json["assignment"]["unplaced"][0]["group"], 7);
        assert!(result.to_text(Lang::Nl).contains("2 van 3 groepen"));
    }

    #[test]
    fn says_what_is_wrong_with_an_instance() {
        let groups = r#""groups":[{"id":"g","children":1}]"#;
        let families = r#""families":[{"id":"a","places":1}]"#;
        for (text, needle) in [
            ("{", "not valid"),
            ("[]", "not valid"),
            (&*format!("{{{groups},{families}}}"), "pairs"),
            (&format!("{{{groups},{families},\"pairs\":[],\"x\":1}}"), "unknown field"),
            (
                &format!(
                    "{{{groups},{families},\"pairs\":[{{\"group\":\"g\",\"family\":\"z\",\"score\":1}}]}}"
                ),
                "\"z\"",
            ),
            (
                &format!(
                    "{{{groups},{families},\"pairs\":[{{\"group\":\"g\",\"family\":\"a\",\"score\":null}}]}}"
                ),
                "not valid",
            ),
            (
                &format!(
                    "{{{groups},{families},\"pairs\":[{{\"group\":\"g\",\"family\":\"a\",\"score\":1e999}}]}}"
                ),
                "not valid",
            ),
            (
                &format!(
                    "{{\"groups\":[{{\"id\":\"g\",\"children\":0}}],{families},\"pairs\":[]}}"
                ),
                "1 or more",
            ),
            (
                &format!(
                    "{{\"groups\":[{{\"id\":\"g\",\"children\":1}},{{\"id\":\"g\",\"children\":1}}],{families},\"pairs\":[]}}"
                ),
                "twice",
            ),
        ] {
            let error = answer(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Data, "{text}");
            assert!(error.to_string().contains(needle), "{text}: {error}");
        }
        let empty = answer(r#"{"groups":[],"families":[],"pairs":[]}"#).unwrap();
        assert_eq!(empty.assignment.status, Status::Optimal);
        let alone = answer(&format!("{{{groups},\"families\":[],\"pairs\":[]}}")).unwrap();
        assert_eq!(alone.assignment.unplaced[0].why.code, "no_family");
    }
}
