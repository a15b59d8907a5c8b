//! Screening: which rules exclude a family for a request, and what is unknown.

use super::ask::{Ask, unsafe_together};
use super::fact::{Fact, Far, Refusal, Side, Unknown};
use super::rules::{RuleName, Rules};
use super::situation::{FamilyNow, Situation};
use super::ties::Reply;
use crate::history::{FamilyIx, FamilyKind, FamilyStatus, History, Label, PairLane};

/// What the rules found for one request and one family.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Screening {
    /// Vetoes, in the order of the rules.
    pub refusals: Vec<Refusal>,
    /// Rules that an empty cell left unchecked.
    pub unknown: Vec<Unknown>,
}

impl Screening {
    /// Whether no rule excludes the family.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.refusals.is_empty()
    }

    fn ask(&mut self, rule: RuleName, side: Side) {
        self.unknown.push(Unknown { rule, side });
    }
}

/// The rules made ready for one situation: names of needs looked up once.
#[derive(Debug)]
pub struct Screen<'r> {
    rules: &'r Rules,
    /// The rules in use, in their order.
    used: Vec<RuleName>,
    combinations: Vec<(Label, Clash)>,
}

#[derive(Debug, Clone, Copy)]
enum Clash {
    Need(Label),
    YoungerThan(f64),
}

impl<'r> Screen<'r> {
    /// Looks up the needs that the rules name; needs that no record has cannot clash.
    #[must_use]
    pub fn new(rules: &'r Rules, h: &History) -> Self {
        let combinations = rules
            .combination
            .iter()
            .filter_map(|c| {
                let need = h.labels.find(&c.need)?;
                let with = match (&c.with_need, c.with_younger_than) {
                    (Some(other), _) => Clash::Need(h.labels.find(other)?),
                    (None, Some(age)) => Clash::YoungerThan(age),
                    (None, None) => return None,
                };
                Some((need, with))
            })
            .collect();
        let used = RuleName::ALL.into_iter().filter(|&n| rules.used(n).is_some()).collect();
        Self { rules, used, combinations }
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &'r Rules {
        self.rules
    }

    /// Applies every rule in use to one family, for one request on its own: its siblings are
    /// looked at by the caller, but for `needed`, the places that they need there together. What
    /// was found for another family before is overwritten in `out`.
    pub fn screen(
        &self,
        s: &Situation<'_>,
        ask: &Ask<'_>,
        needed: u32,
        f: FamilyIx,
        out: &mut Screening,
    ) {
        out.refusals.clear();
        out.unknown.clear();
        for &name in &self.used {
            self.apply(name, s, ask, needed, f, out);
        }
    }

    /// Whether one of the rules in use excludes the family, as [`Screen::screen`] would find; the
    /// first that does ends the search. `network` asks of that rule alone, or of all the others.
    #[must_use]
    pub(super) fn vetoes(
        &self,
        s: &Situation<'_>,
        ask: &Ask<'_>,
        needed: u32,
        f: FamilyIx,
        network: bool,
    ) -> bool {
        let mut out = Screening::default();
        let mut asked = self.used.iter().filter(|&&n| (n == RuleName::Network) == network);
        asked.any(|&name| {
            self.apply(name, s, ask, needed, f, &mut out);
            !out.passes()
        })
    }

    fn apply(
        &self,
        name: RuleName,
        s: &Situation<'_>,
        ask: &Ask<'_>,
        needed: u32,
        f: FamilyIx,
        out: &mut Screening,
    ) {
        let family = s.family(f);
        match name {
            RuleName::Status => status(s, family, out),
            RuleName::Network => network(ask, f, family, out),
            RuleName::Declined => {
                if ask.replies.contains(&(f, Reply::No)) {
                    out.refusals.push(Refusal::firm(name, Fact::SaidNo));
                }
            }
            RuleName::RestPeriod => self.rest(s, family, out),
            RuleName::Places => self.places(family, needed, out),
            // Comes from the siblings' own screenings.
            RuleName::KeepSiblings => {}
            RuleName::Age => age(ask, family, out),
            RuleName::CareForm => care_form(ask, family, out),
            RuleName::Perspective => perspective(ask, family, out),
            RuleName::NeedsRefused => needs_refused(s, ask, family, out),
            RuleName::NeedsAccepted => needs_accepted(s, ask, family, out),
            RuleName::OwnChildren => self.own_children(s, ask, family, out),
            RuleName::OtherChildren => self.other_children(s, ask, family, out),
            RuleName::DistanceHome | RuleName::DistanceSchool | RuleName::ContactAreas => {
                distance(name, s, ask, family, out);
            }
            RuleName::AvoidAreas => avoid_areas(ask, family, out),
            RuleName::SecretAddress => secret_address(s, ask, family, out),
            RuleName::WishMust => {
                if let Some(&(_, lane)) = ask.must.iter().find(|(other, _)| *other != f) {
                    out.refusals.push(Refusal::firm(name, Fact::MustElsewhere(lane)));
                }
            }
            RuleName::WishNever => {
                if let Some(&(_, lane)) = ask.never.iter().find(|(other, _)| *other == f) {
                    out.refusals.push(Refusal::firm(name, Fact::Never(lane)));
                }
            }
            RuleName::NotTogether => not_together(s, ask, family, out),
        }
    }

    /// Places free in a family, for children who do not live there yet.
    #[must_use]
    pub fn free(&self, family: &FamilyNow<'_>) -> u32 {
        let places = family.state.places().unwrap_or_else(|| {
            self.rules.settings.places_if_unknown.saturating_add(self.taken(family))
        });
        places.saturating_sub(self.taken(family))
    }

    /// Places taken by the children who live there.
    #[must_use]
    pub fn taken(&self, family: &FamilyNow<'_>) -> u32 {
        let all = self.rules.settings.part_time_fills_place;
        family.residents.iter().filter(|r| all || !r.part_time).count() as u32
    }

    /// Whether two children clash by a combination of needs, in either direction.
    #[must_use]
    pub fn clash(&self, a: (&[Label], f64), b: (&[Label], f64)) -> Option<Label> {
        self.combinations.iter().find_map(|&(need, with)| {
            let one_way = |x: (&[Label], f64), y: (&[Label], f64)| {
                x.0.contains(&need)
                    && match with {
                        Clash::Need(other) => y.0.contains(&other),
                        Clash::YoungerThan(age) => y.1 < age,
                    }
            };
            (one_way(a, b) || one_way(b, a)).then_some(need)
        })
    }

    fn rest(&self, s: &Situation<'_>, family: &FamilyNow<'_>, out: &mut Screening) {
        let Some(end) = family.last_unplanned_end else { return };
        let left = self.rules.settings.rest_days.saturating_sub(s.as_of.since(end));
        if left > 0 {
            let fact = Fact::Resting { days: left };
            out.refusals.push(Refusal::short(RuleName::RestPeriod, fact, f64::from(left)));
        }
    }

    fn places(&self, family: &FamilyNow<'_>, needed: u32, out: &mut Screening) {
        let Some(places) = family.state.places() else {
            return out.ask(RuleName::Places, Side::Family);
        };
        let free = self.free(family);
        if needed == 0 || free >= needed {
            return;
        }
        out.refusals.push(if free == 0 {
            Refusal::firm(RuleName::Places, Fact::Full { places, taken: self.taken(family) })
        } else {
            Refusal::firm(RuleName::KeepSiblings, Fact::TooFewTogether { free, size: needed })
        });
    }

    fn own_children(
        &self,
        s: &Situation<'_>,
        ask: &Ask<'_>,
        family: &FamilyNow<'_>,
        out: &mut Screening,
    ) {
        let Some(gap) = own_child_gap(s, ask, family) else {
            if family.state.own_children().is_none() {
                out.ask(RuleName::OwnChildren, Side::Family);
            }
            return;
        };
        let wanted = self.rules.settings.own_child_gap_years;
        if gap < wanted {
            let fact = Fact::OwnChildClose { gap };
            out.refusals.push(Refusal::short(RuleName::OwnChildren, fact, wanted - gap));
        }
    }

    fn other_children(
        &self,
        s: &Situation<'_>,
        ask: &Ask<'_>,
        family: &FamilyNow<'_>,
        out: &mut Screening,
    ) {
        let child = (&s.history.child(ask.child).needs[..], ask.age);
        let found = family.residents.iter().filter(|r| r.child != ask.child).find_map(|r| {
            let other = s.history.child(r.child);
            self.clash(child, (&other.needs, other.birth.age_on(s.as_of)))
        });
        if let Some(need) = found {
            let fact = Fact::Combination { need };
            out.refusals.push(Refusal::firm(RuleName::OtherChildren, fact));
        }
    }
}

/// Years between the child and the own child nearest in age; `None` without own children known.
pub(crate) fn own_child_gap(
    s: &Situation<'_>,
    ask: &Ask<'_>,
    family: &FamilyNow<'_>,
) -> Option<f64> {
    let birth = s.history.child(ask.child).birth.day;
    let own = family.state.own_children()?;
    own.iter()
        .filter(|b| b.earliest() <= s.as_of)
        .map(|b| f64::from(b.day.since(birth)).abs() / 365.25)
        .min_by(f64::total_cmp)
}

fn status(s: &Situation<'_>, family: &FamilyNow<'_>, out: &mut Screening) {
    let state = &family.state;
    let fact = match state.status() {
        _ if state.experience_since().is_some_and(|d| d > s.as_of) => Fact::NotYet,
        Some(FamilyStatus::Stopped) => Fact::Stopped,
        Some(FamilyStatus::Paused) => Fact::Paused,
        Some(FamilyStatus::Active) => return,
        None => return out.ask(RuleName::Status, Side::Family),
    };
    out.refusals.push(Refusal::firm(RuleName::Status, fact));
}

/// A network family is a candidate only for children whose network it is.
fn network(ask: &Ask<'_>, f: FamilyIx, family: &FamilyNow<'_>, out: &mut Screening) {
    if family.state.kind() != Some(FamilyKind::Network) || ask.network.binary_search(&f).is_ok() {
        return;
    }
    let fact = if family.known_stays { Fact::NetworkOfOthers } else { Fact::NetworkOfNobody };
    out.refusals.push(Refusal::firm(RuleName::Network, fact));
}

fn age(ask: &Ask<'_>, family: &FamilyNow<'_>, out: &mut Screening) {
    let (min, max) = (family.state.min_age(), family.state.max_age());
    if min.is_none() && max.is_none() {
        return out.ask(RuleName::Age, Side::Family);
    }
    if let Some(min) = min.filter(|&min| ask.age < min) {
        let fact = Fact::TooYoung { age: ask.age, min };
        out.refusals.push(Refusal::short(RuleName::Age, fact, min - ask.age));
    }
    // "Up to 12" takes a child until its 13th birthday.
    if let Some(max) = max.filter(|&max| ask.age.floor() > max) {
        let fact = Fact::TooOld { age: ask.age, max };
        out.refusals.push(Refusal::short(RuleName::Age, fact, ask.age.floor() - max));
    }
}

fn care_form(ask: &Ask<'_>, family: &FamilyNow<'_>, out: &mut Screening) {
    let Some(form) = ask.request.care_form else {
        return out.ask(RuleName::CareForm, Side::Child);
    };
    if family.state.care_forms().is_empty() {
        out.ask(RuleName::CareForm, Side::Family);
    } else if !family.state.care_forms().contains(&form) {
        out.refusals.push(Refusal::firm(RuleName::CareForm, Fact::CareForm(form)));
    }
}

fn perspective(ask: &Ask<'_>, family: &FamilyNow<'_>, out: &mut Screening) {
    let Some(wanted) = ask.request.perspective else {
        return out.ask(RuleName::Perspective, Side::Child);
    };
    if family.state.perspectives().is_empty() {
        out.ask(RuleName::Perspective, Side::Family);
    } else if !family.state.perspectives().contains(&wanted) {
        out.refusals.push(Refusal::firm(RuleName::Perspective, Fact::Perspective(wanted)));
    }
}

fn needs_refused(s: &Situation<'_>, ask: &Ask<'_>, family: &FamilyNow<'_>, out: &mut Screening) {
    let needs = &s.history.child(ask.child).needs;
    if let Some(&need) = needs.iter().find(|n| family.state.refuses_needs().contains(n)) {
        out.refusals.push(Refusal::firm(RuleName::NeedsRefused, Fact::Refuses(need)));
    }
}

fn needs_accepted(s: &Situation<'_>, ask: &Ask<'_>, family: &FamilyNow<'_>, out: &mut Screening) {
    let needs = &s.history.child(ask.child).needs;
    if needs.is_empty() {
        return out.ask(RuleName::NeedsAccepted, Side::Child);
    }
    if family.state.accepts_needs().is_empty() {
        return out.ask(RuleName::NeedsAccepted, Side::Family);
    }
    let mut missing = needs.iter().filter(|n| {
        !family.state.accepts_needs().contains(n) && !family.state.refuses_needs().contains(n)
    });
    if let Some(&need) = missing.next() {
        let count = 1 + missing.count() as u32;
        let fact = Fact::NotAccepted { need, count };
        out.refusals.push(Refusal::short(RuleName::NeedsAccepted, fact, f64::from(count)));
    }
}

/// The three rules on distance: from home, from school, from the farthest place of contact.
fn distance(
    rule: RuleName,
    s: &Situation<'_>,
    ask: &Ask<'_>,
    family: &FamilyNow<'_>,
    out: &mut Screening,
) {
    let Some(max) = ask.request.max_distance_km.filter(|m| m.is_finite() && *m >= 0.0) else {
        return;
    };
    let child = s.history.child(ask.child);
    let area = family.state.area();
    let km = match rule {
        RuleName::DistanceHome => s.km(child.home_area, area),
        RuleName::DistanceSchool if child.school_area.is_none() => return,
        RuleName::DistanceSchool => s.km(child.school_area, area),
        _ if ask.request.contact_areas.is_empty() => return,
        _ => ask
            .request
            .contact_areas
            .iter()
            .map(|&a| s.km(Some(a), area))
            .try_fold(0.0_f64, |far, km| km.map(|km| far.max(km))),
    };
    let Some(km) = km else { return out.ask(rule, Side::Place) };
    if km > max {
        let far = Far { km, max };
        let fact = match rule {
            RuleName::DistanceHome => Fact::FarFromHome(far),
            RuleName::DistanceSchool => Fact::FarFromSchool(far),
            _ => Fact::FarFromContact(far),
        };
        out.refusals.push(Refusal::short(rule, fact, km - max));
    }
}

fn avoid_areas(ask: &Ask<'_>, family: &FamilyNow<'_>, out: &mut Screening) {
    if ask.request.avoid_areas.is_empty() {
        return;
    }
    match family.state.area() {
        None => out.ask(RuleName::AvoidAreas, Side::Family),
        Some(area) if ask.request.avoid_areas.contains(&area) => {
            out.refusals.push(Refusal::firm(RuleName::AvoidAreas, Fact::Avoid));
        }
        Some(_) => {}
    }
}

fn secret_address(s: &Situation<'_>, ask: &Ask<'_>, family: &FamilyNow<'_>, out: &mut Screening) {
    if ask.request.secret_address != Some(true) {
        return;
    }
    let rule = RuleName::SecretAddress;
    let home = s.history.child(ask.child).home_area;
    if family.state.kind() == Some(FamilyKind::Network) {
        out.refusals.push(Refusal::firm(rule, Fact::SecretKnown));
    } else if home.is_some() && family.state.area() == home {
        out.refusals.push(Refusal::firm(rule, Fact::SecretNear));
    } else if family.state.kind().is_none() || family.state.area().is_none() {
        out.ask(rule, Side::Family);
    }
}

/// A child who lives there and with whom this one may not live: by a coded conflict, or because
/// an exception keeps the siblings apart.
fn not_together(s: &Situation<'_>, ask: &Ask<'_>, family: &FamilyNow<'_>, out: &mut Screening) {
    let coded = family
        .residents
        .iter()
        .find_map(|r| ask.not_with.iter().find(|(other, _)| *other == r.child))
        .map(|&(_, lane)| lane);
    let siblings = s.history.child(ask.child).sibling_group;
    let sibling = unsafe_together(ask.request.keep_siblings)
        && siblings.is_some()
        && family
            .residents
            .iter()
            .any(|r| r.child != ask.child && s.history.child(r.child).sibling_group == siblings);
    let lane = coded.or_else(|| sibling.then_some(Some(PairLane::Safety)));
    if let Some(lane) = lane {
        out.refusals.push(Refusal::firm(RuleName::NotTogether, Fact::NotTogether(lane)));
    }
}
