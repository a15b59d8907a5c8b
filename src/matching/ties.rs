//! What ties a child to a family on the day: life together, an introduction, an offer.

use std::collections::{BTreeMap, BTreeSet};

use super::ask::Ask;
use super::situation::Situation;
use crate::history::{Answer, ChildIx, FamilyIx, Label, Offer, Subject};

/// What a family answered to a request, as far as known on the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// It said yes.
    Yes,
    /// It said no.
    No,
    /// It was asked and has not answered.
    Waiting,
}

/// Fills in the families of each child's own network and what families replied to its request.
///
/// A family belongs to a child's network where a coded wish joins them, where the child or a
/// sibling lives or lived there, or where somebody began to place the child there: a pair
/// assessment, or an offer for one of its requests. Reads only what is known on the day.
pub(super) fn fill(s: &Situation<'_>, asks: &mut [Ask<'_>]) {
    let asked = asks.iter().filter_map(|ask| s.history.child(ask.child).sibling_group);
    let mut siblings: BTreeMap<Label, Vec<ChildIx>> = asked.map(|g| (g, Vec::new())).collect();
    for (c, child) in s.history.children.iter().enumerate() {
        if let Some(of_group) = child.sibling_group.and_then(|g| siblings.get_mut(&g)) {
            of_group.push(ChildIx(c as u32));
        }
    }
    let offers = offers(s);
    for ask in asks {
        let mut own: BTreeSet<FamilyIx> = ask.must.iter().map(|(f, _)| *f).collect();
        let group = s.history.child(ask.child).sibling_group;
        let related = group.and_then(|g| siblings.get(&g)).map_or(&[][..], Vec::as_slice);
        for &child in related.iter().chain([&ask.child]) {
            lived(s, child, &mut own);
            introduced(s, child, &mut own);
        }
        if let Some(of_child) = offers.get(&ask.child) {
            own.extend(of_child.iter().map(|o| o.family));
            let mut replies: BTreeMap<FamilyIx, (crate::history::Day, Reply)> = BTreeMap::new();
            for offer in of_child.iter().filter(|o| o.request == ask.ix) {
                let new = (offer.offered, reply(s, offer));
                let known = replies.entry(offer.family).or_insert(new);
                if new.0 >= known.0 {
                    *known = new;
                }
            }
            ask.replies = replies.into_iter().map(|(f, (_, reply))| (f, reply)).collect();
        }
        ask.network = own.into_iter().collect();
    }
}

/// Offers known on the day, by the child of their request, in the order of the file.
fn offers<'a>(s: &Situation<'a>) -> BTreeMap<ChildIx, Vec<&'a Offer>> {
    let mut out: BTreeMap<ChildIx, Vec<&Offer>> = BTreeMap::new();
    let known = |o: &&Offer| o.offered <= s.as_of && o.recorded.is_none_or(|d| d <= s.as_of);
    for offer in s.history.offers.iter().filter(known) {
        out.entry(s.history.requests[offer.request.at()].child).or_default().push(offer);
    }
    out
}

fn reply(s: &Situation<'_>, offer: &Offer) -> Reply {
    if offer.answered.is_some_and(|day| day > s.as_of) {
        return Reply::Waiting;
    }
    match offer.answer {
        Some(Answer::Yes) => Reply::Yes,
        Some(Answer::No) => Reply::No,
        Some(Answer::None) | None => Reply::Waiting,
    }
}

fn lived(s: &Situation<'_>, child: ChildIx, own: &mut BTreeSet<FamilyIx>) {
    let stays = s.index.stays_of_child(child).iter().map(|&row| &s.history.stays[row as usize]);
    own.extend(
        stays.filter(|x| x.start <= s.as_of && x.known_from() <= s.as_of).filter_map(|x| x.family),
    );
}

fn introduced(s: &Situation<'_>, child: ChildIx, own: &mut BTreeSet<FamilyIx>) {
    for &row in s.index.pair_assessments_of_child(child) {
        let found = &s.history.assessments[row as usize];
        if found.date <= s.as_of
            && found.known_from() <= s.as_of
            && let Subject::Pair(_, family) = found.subject
        {
            own.insert(family);
        }
    }
}
