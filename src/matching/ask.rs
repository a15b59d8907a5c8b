//! What one request asks for: its child, its wishes, and with whom it is placed together.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::{RuleName, Rules};
use super::situation::Situation;
use super::ties::{self, Reply};
use crate::history::{
    ChildIx, FamilyIx, History, KeepSiblings, Label, PairKind, PairLane, Party, Request, RequestIx,
};

/// A request with all that rules need to know of it.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// Its position in the file.
    pub ix: RequestIx,
    /// The record.
    pub request: &'a Request,
    /// Its child.
    pub child: ChildIx,
    /// The child's age in years on the first day that a place is needed.
    pub age: f64,
    /// The position of its group in [`Caseload::groups`].
    pub group: usize,
    /// Wishes for a family.
    pub must: Vec<(FamilyIx, Option<PairLane>)>,
    /// Wishes against a family.
    pub never: Vec<(FamilyIx, Option<PairLane>)>,
    /// Children with whom it may not share a household.
    pub not_with: Vec<(ChildIx, Option<PairLane>)>,
    /// Families that the records tie to the child or its siblings, in order.
    pub network: Vec<FamilyIx>,
    /// What families replied when they were asked for this request, in order of the families.
    pub replies: Vec<(FamilyIx, Reply)>,
}

/// All open requests of a day, in groups that are placed together.
#[derive(Debug, Clone)]
pub struct Caseload<'a> {
    /// The requests, by their ids.
    pub asks: Vec<Ask<'a>>,
    /// Positions in `asks` of the requests that are placed together; each request is in one group.
    pub groups: Vec<Vec<usize>>,
    /// Further open requests of a child that has one already.
    pub repeated: Vec<RequestIx>,
}

/// Whether a code says that a child is placed apart from its siblings.
fn apart(keep: Option<KeepSiblings>) -> bool {
    keep.is_some_and(|k| k != KeepSiblings::Yes)
}

/// Whether a code says that a child may not share a household with its siblings.
pub(crate) fn unsafe_together(keep: Option<KeepSiblings>) -> bool {
    matches!(keep, Some(KeepSiblings::Threat | KeepSiblings::Conflict | KeepSiblings::SexualAbuse))
}

impl<'a> Caseload<'a> {
    /// The open requests of a situation. Where the rule `keep_siblings` is not in use, only coded
    /// wishes join requests.
    ///
    /// Requests are placed together that carry the same `group`, that a coded wish (`must`)
    /// joins, or whose children are siblings and both say `keep_siblings = yes`; a coded
    /// exception takes a request out of its group, and all but specialised care also keep it out
    /// of its siblings' household. Of several open requests of one child only the first by id
    /// counts: a child needs one place.
    #[must_use]
    pub fn new(s: &Situation<'a>, rules: &Rules) -> Self {
        Self::with_together(s, rules, &BTreeSet::new())
    }

    /// As [`Caseload::new`], where the exceptions of these requests are set aside.
    #[must_use]
    pub(super) fn with_together(
        s: &Situation<'a>,
        rules: &Rules,
        together: &BTreeSet<RequestIx>,
    ) -> Self {
        let h = s.history;
        let mut order = s.requests.clone();
        order.sort_by(|a, b| h.requests[a.at()].id.cmp(&h.requests[b.at()].id));
        let mut of_child: BTreeMap<ChildIx, usize> = BTreeMap::new();
        let mut asks: Vec<Ask<'a>> = Vec::with_capacity(order.len());
        let mut repeated = Vec::new();
        for ix in order {
            let request = &h.requests[ix.at()];
            if of_child.contains_key(&request.child) {
                repeated.push(ix);
                continue;
            }
            of_child.insert(request.child, asks.len());
            asks.push(Ask {
                ix,
                request,
                child: request.child,
                age: h.child(request.child).birth.age_on(request.needed_from.max(s.as_of)),
                group: 0,
                must: Vec::new(),
                never: Vec::new(),
                not_with: Vec::new(),
                network: Vec::new(),
                replies: Vec::new(),
            });
        }
        let mut union = Union::new(asks.len());
        read_pairs(s, &of_child, &mut asks, &mut union);
        if rules.used(RuleName::KeepSiblings).is_some() {
            join_groups(h, &asks, together, &mut union);
        }
        keep_apart(h, &mut asks);
        ties::fill(s, &mut asks);
        let groups = union.groups();
        for (g, members) in groups.iter().enumerate() {
            for &m in members {
                asks[m].group = g;
            }
        }
        Self { asks, groups, repeated }
    }
}

/// Puts the coded wishes of `pairs.csv` where they belong.
fn read_pairs(
    s: &Situation<'_>,
    of_child: &BTreeMap<ChildIx, usize>,
    asks: &mut [Ask<'_>],
    union: &mut Union,
) {
    for pair in &s.history.pairs {
        match (pair.a, pair.b) {
            (Party::Child(c), Party::Family(f)) | (Party::Family(f), Party::Child(c)) => {
                let Some(&k) = of_child.get(&c) else { continue };
                match pair.kind {
                    PairKind::Must => asks[k].must.push((f, pair.lane)),
                    PairKind::Never | PairKind::NotTogether => asks[k].never.push((f, pair.lane)),
                }
            }
            (Party::Child(a), Party::Child(b)) if a != b => {
                for (child, other) in [(a, b), (b, a)] {
                    let Some(&k) = of_child.get(&child) else { continue };
                    match pair.kind {
                        PairKind::Never | PairKind::NotTogether => {
                            asks[k].not_with.push((other, pair.lane));
                        }
                        PairKind::Must => match of_child.get(&other) {
                            Some(&m) => union.join(k, m),
                            None => {
                                let home = s.home_of(other);
                                asks[k].must.extend(home.map(|f| (f, pair.lane)));
                            }
                        },
                    }
                }
            }
            // Two families, or a child with itself, say nothing about a placement.
            _ => {}
        }
    }
}

fn join_groups(h: &History, asks: &[Ask<'_>], together: &BTreeSet<RequestIx>, union: &mut Union) {
    let mut by_group: BTreeMap<Label, usize> = BTreeMap::new();
    let mut by_siblings: BTreeMap<Label, usize> = BTreeMap::new();
    for (k, ask) in asks.iter().enumerate() {
        if apart(ask.request.keep_siblings) && !together.contains(&ask.ix) {
            continue;
        }
        if let Some(group) = ask.request.group {
            let first = *by_group.entry(group).or_insert(k);
            union.join(first, k);
        }
        let siblings = h.child(ask.child).sibling_group;
        if let Some(siblings) = siblings.filter(|_| ask.request.keep_siblings.is_some()) {
            let first = *by_siblings.entry(siblings).or_insert(k);
            union.join(first, k);
        }
    }
}

/// Adds the conflicts that follow from coded exceptions between siblings.
fn keep_apart(h: &History, asks: &mut [Ask<'_>]) {
    for k in 0..asks.len() {
        if !unsafe_together(asks[k].request.keep_siblings) {
            continue;
        }
        let (child, group) = (asks[k].child, asks[k].request.group);
        let siblings = h.child(child).sibling_group;
        for m in 0..asks.len() {
            let other = asks[m].child;
            let same_group = group.is_some() && asks[m].request.group == group;
            let related = siblings.is_some() && h.child(other).sibling_group == siblings;
            if m != k && (same_group || related) {
                asks[k].not_with.push((other, Some(PairLane::Safety)));
                asks[m].not_with.push((child, Some(PairLane::Safety)));
            }
        }
    }
}

/// Disjoint sets: a cycle of siblings is one set like any other.
struct Union {
    parent: Vec<usize>,
}

impl Union {
    fn new(n: usize) -> Self {
        Self { parent: (0..n).collect() }
    }

    fn root(&mut self, mut k: usize) -> usize {
        while self.parent[k] != k {
            self.parent[k] = self.parent[self.parent[k]];
            k = self.parent[k];
        }
        k
    }

    /// The smaller root leads, so that groups keep the order of their first request.
    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parent[a.max(b)] = a.min(b);
    }

    fn groups(&mut self) -> Vec<Vec<usize>> {
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for k in 0..self.parent.len() {
            groups.entry(self.root(k)).or_default().push(k);
        }
        groups.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_of_siblings_is_one_group() {
        let mut union = Union::new(5);
        for (a, b) in [(1, 2), (2, 4), (4, 1), (1, 1)] {
            union.join(a, b);
        }
        assert_eq!(union.groups(), vec![vec![0], vec![1, 2, 4], vec![3]]);
    }
}
