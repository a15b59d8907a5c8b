//! The ledger of a request: every veto of every family as a small value. Words are made only
//! where they are read, so that a ledger over thousands of families costs next to nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde::ser::{SerializeSeq, SerializeStruct, Serializer};

use super::fact::Refusal;
use super::rules::{RuleName, Rules};
use crate::history::{FamilyIx, History, Label};
use crate::score::Note;

/// A veto of a rule on a family: the rule, what it measured and its limit, and by how much it
/// would have to give way. [`Ledger`] puts it into words.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Veto {
    /// The family.
    pub family: FamilyIx,
    /// What the rule found.
    pub refusal: Refusal,
}

/// Names and reasons that vetoes are put into words with; one copy serves all ledgers of a match.
#[derive(Debug, Clone, Default)]
pub struct Wording {
    /// The ids of the families, one after the other, and where each ends.
    ids: String,
    ends: Vec<usize>,
    /// The place of each family in the order of the ids.
    rank: Vec<u32>,
    needs: BTreeMap<Label, Box<str>>,
    /// The reasons of the rules, in Dutch and English.
    reasons: BTreeMap<RuleName, [String; 2]>,
}

impl Wording {
    /// From the ids of the families by [`FamilyIx`], the words of needs that vetoes may name, and
    /// the rules.
    #[must_use]
    pub fn new<'a>(
        families: impl IntoIterator<Item = &'a str>,
        needs: impl IntoIterator<Item = (Label, &'a str)>,
        rules: &Rules,
    ) -> Self {
        let mut out = Self::default();
        for id in families {
            out.ids.push_str(id);
            out.ends.push(out.ids.len());
        }
        let mut order: Vec<u32> = (0..out.ends.len() as u32).collect();
        order.sort_by(|&a, &b| out.id(FamilyIx(a)).cmp(out.id(FamilyIx(b))));
        out.rank = vec![0; order.len()];
        for (rank, f) in order.into_iter().enumerate() {
            out.rank[f as usize] = rank as u32;
        }
        out.needs = needs.into_iter().map(|(label, word)| (label, word.into())).collect();
        let reason = |rule: &super::rules::Rule| [rule.nl.clone(), rule.en.clone()];
        out.reasons = rules.rules.iter().map(|(name, rule)| (*name, reason(rule))).collect();
        out
    }

    /// For the families of a history, and the needs that these vetoes name.
    pub(super) fn of<'a>(
        h: &History,
        rules: &Rules,
        refusals: impl Iterator<Item = &'a Refusal>,
    ) -> Self {
        let mut named: Vec<Label> = refusals.filter_map(|r| r.fact.need()).collect();
        named.sort_unstable();
        named.dedup();
        let needs = named.into_iter().map(|label| (label, h.labels.word(label)));
        Self::new(h.families.iter().map(|f| &*f.id), needs, rules)
    }

    fn id(&self, family: FamilyIx) -> &str {
        let at = family.at();
        let start = at.checked_sub(1).map_or(0, |before| self.ends.get(before).map_or(0, |e| *e));
        self.ends.get(at).map_or("", |&end| &self.ids[start..end])
    }

    fn rank(&self, family: FamilyIx) -> u32 {
        self.rank.get(family.at()).copied().unwrap_or(u32::MAX)
    }
}

/// Every veto of every family that a rule excludes for a request, by the ids of the families,
/// those of one family in the order of the rules.
#[derive(Clone, Default)]
pub struct Ledger {
    vetoes: Vec<Veto>,
    wording: Arc<Wording>,
}

/// A veto that can be put into words.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    veto: &'a Veto,
    wording: &'a Wording,
}

impl Ledger {
    /// From vetoes in any order; those of one family keep theirs.
    #[must_use]
    pub fn new(mut vetoes: Vec<Veto>, wording: Arc<Wording>) -> Self {
        vetoes.sort_by_key(|v| wording.rank(v.family));
        Self { vetoes, wording }
    }

    /// The vetoes as values.
    #[must_use]
    pub fn vetoes(&self) -> &[Veto] {
        &self.vetoes
    }

    /// How many vetoes there are; a family may have several.
    #[must_use]
    pub fn len(&self) -> usize {
        self.vetoes.len()
    }

    /// Whether no rule excludes a family.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.vetoes.is_empty()
    }

    /// The vetoes, ready to be put into words.
    pub fn iter(&self) -> impl Iterator<Item = Entry<'_>> {
        self.vetoes.iter().map(|veto| Entry { veto, wording: &self.wording })
    }

    /// How many families are excluded.
    #[must_use]
    pub fn families(&self) -> usize {
        self.vetoes.chunk_by(|a, b| a.family == b.family).count()
    }

    /// The vetoes by rule, the rules that exclude most families first.
    #[must_use]
    pub fn by_rule(&self) -> Vec<(RuleName, Vec<Entry<'_>>)> {
        let mut by_rule: BTreeMap<RuleName, Vec<Entry<'_>>> = BTreeMap::new();
        for entry in self.iter() {
            by_rule.entry(entry.rule()).or_default().push(entry);
        }
        let mut out: Vec<_> = by_rule.into_iter().collect();
        out.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.0.name().cmp(b.0.name())));
        out
    }
}

impl<'a> Entry<'a> {
    /// The family's id.
    #[must_use]
    pub fn family(&self) -> &'a str {
        self.wording.id(self.veto.family)
    }

    /// The rule.
    #[must_use]
    pub fn rule(&self) -> RuleName {
        self.veto.refusal.rule
    }

    /// Why, for this family and this child: what was found, then the rule's own reason.
    #[must_use]
    pub fn detail(&self) -> Note {
        let word = |need| self.wording.needs.get(&need).map_or("", |word| &**word);
        let reason = self.wording.reasons.get(&self.rule());
        let reason = reason.map_or(["", ""], |[nl, en]| [nl.as_str(), en.as_str()]);
        self.veto.refusal.in_words(&word, reason)
    }
}

/// `{"family", "rule", "detail"}`.
impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Veto", 3)?;
        out.serialize_field("family", self.family())?;
        out.serialize_field("rule", self.rule().name())?;
        out.serialize_field("detail", &self.detail())?;
        out.end()
    }
}

impl Serialize for Ledger {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_seq(Some(self.len()))?;
        for entry in self.iter() {
            out.serialize_element(&entry)?;
        }
        out.end()
    }
}

/// Two ledgers are the same where they say the same.
impl PartialEq for Ledger {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (Entry<'_>, Entry<'_>)| {
            a.family() == b.family() && a.veto.refusal == b.veto.refusal && a.detail() == b.detail()
        };
        self.len() == other.len() && self.iter().zip(other.iter()).all(same)
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.vetoes.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::{Fact, Far};

    #[test]
    fn vetoes_stand_by_the_ids_of_families_and_are_written_in_words() {
        let mut rules = Rules::parse("").unwrap();
        for rule in rules.rules.values_mut() {
            (rule.nl, rule.en) = ("Omdat. ".into(), String::new());
        }
        let wording = Wording::new(["f10", "f2", "f1"], [(Label(4), "slaap")], &rules);
        let far = Fact::FarFromHome(Far { km: 12.31, max: 10.0 });
        let veto = |family, refusal| Veto { family: FamilyIx(family), refusal };
        let ledger = Ledger::new(
            vec![
                veto(1, Refusal::firm(RuleName::Places, Fact::Full { places: 2, taken: 2 })),
                veto(0, Refusal::short(RuleName::DistanceHome, far, 2.31)),
                veto(0, Refusal::firm(RuleName::NeedsRefused, Fact::Refuses(Label(4)))),
                veto(2, Refusal::firm(RuleName::Status, Fact::Paused)),
            ],
            Arc::new(wording),
        );
        let said: Vec<(&str, &str, String)> =
            ledger.iter().map(|e| (e.family(), e.rule().name(), e.detail().nl)).collect();
        let line = |f, r, said: &str| (f, r, format!("{said} Omdat."));
        assert_eq!(
            said,
            [
                line("f1", "status", "Dit gezin heeft een pauze."),
                line("f10", "distance_home", "12,4 km van huis; gevraagd is hooguit 10 km."),
                line("f10", "needs_refused", "Dit gezin zegt nee tegen: slaap."),
                line("f2", "places", "Geen plek vrij: 2 van de 2 plekken zijn bezet."),
            ]
        );
        assert_eq!((ledger.families(), ledger.by_rule().len()), (3, 4));
        assert_eq!(ledger, ledger.clone());
        assert_ne!(ledger, Ledger::default());
        let json = serde_json::to_value(&ledger).unwrap();
        assert_eq!(json[3]["family"], "f2");
        assert_eq!(json[3]["detail"]["code"], "places");
        assert_eq!(json[3]["detail"]["en"], "No place free: 2 of 2 places are taken.");
    }
}
