//! The rules one by one, on a small caseload made by hand.

use crate::matching::{Case, research};
use crate::small::{Small, day};
use pleegzorg::history::{
    Area, CareForm, ChildIx, Day, EndReason, FamilyIx, FamilyKind, FamilyPeriod, FamilyState,
    FamilyStatus, KeepSiblings, PairKind, PairLane, PairRule, Party, Perspective, Request,
};
use pleegzorg::matching::{
    Caseload, RuleName, Rules, Screen, Situation, Status, choice_sets, match_requests,
};

/// A small caseload: one child in Utrecht with a request, and families to screen.
struct Town {
    s: Small,
    child: ChildIx,
}

const DAY: &str = "2020-03-01";

impl Town {
    fn new() -> Self {
        let mut s = Small::new();
        for (name, lat, lon) in
            [("3511", 52.09, 5.12), ("3512", 52.10, 5.13), ("1011", 52.37, 4.90)]
        {
            let area = s.word(name);
            s.h.areas.push(Area { area, lat, lon });
        }
        let child = s.child("2012-03-01");
        let home = s.word("3511");
        s.child_mut(child).home_area = Some(home);
        let mut town = Self { s, child };
        town.request(child);
        town
    }

    fn request(&mut self, child: ChildIx) -> &mut Request {
        let id = format!("r{}", self.s.h.requests.len()).into();
        self.s.h.requests.push(Request {
            id,
            child,
            received: Some(day("2020-02-01")),
            needed_from: day(DAY),
            group: None,
            keep_siblings: None,
            care_form: Some(CareForm::FullTime),
            perspective: Some(Perspective::LongTerm),
            urgency: Some(2),
            max_distance_km: Some(20.0),
            contact_areas: Vec::new(),
            avoid_areas: Vec::new(),
            secret_address: None,
            closed: None,
            outcome: None,
            placed_stay: None,
            recorded: None,
        });
        self.s.h.requests.last_mut().unwrap()
    }

    /// A family that fits, changed.
    fn family(&mut self, change: impl FnOnce(&mut FamilyState, &mut Small)) -> FamilyIx {
        let area = self.s.word("3512");
        let f = self.s.family();
        let mut state = FamilyState {
            kind: Some(FamilyKind::General),
            area: Some(area),
            places: Some(1),
            min_age: Some(0.0),
            max_age: Some(12.0),
            care_forms: vec![CareForm::FullTime],
            perspectives: vec![Perspective::LongTerm],
            own_children: Some(Vec::new()),
            experience_since: Some(day("2010-01-01")),
            status: Some(FamilyStatus::Active),
            ..FamilyState::default()
        };
        change(&mut state, &mut self.s);
        *self.s.family_mut(f) = state;
        f
    }

    /// The rules that exclude each family for each request, and what is unknown.
    fn screened(&self, rules: &Rules) -> Vec<Vec<(Vec<RuleName>, Vec<RuleName>)>> {
        let index = self.s.index();
        let situation = Situation::new(&self.s.h, &index, day(DAY));
        let screen = Screen::new(rules, &self.s.h);
        let load = Caseload::new(&situation, rules);
        let sets = choice_sets(&situation, &screen, &load);
        load.asks
            .iter()
            .enumerate()
            .map(|(k, ask)| {
                let member = load.groups[ask.group].iter().position(|&m| m == k).unwrap();
                sets[ask.group]
                    .families()
                    .map(|f| {
                        let m = f.member(member);
                        let vetoes = m.refusals.iter().map(|r| r.rule).collect();
                        (vetoes, m.unknown.iter().map(|u| u.rule).collect())
                    })
                    .collect()
            })
            .collect()
    }

    fn vetoes(&self, f: FamilyIx) -> Vec<RuleName> {
        self.screened(&Rules::default())[0][f.at()].0.clone()
    }
}

fn birth(text: &str) -> pleegzorg::history::Birth {
    pleegzorg::history::Birth { day: day(text), month_only: true }
}

#[test]
fn each_rule_excludes_what_it_says_and_nothing_else() {
    use RuleName as R;
    let mut t = Town::new();
    let need = t.s.word("trauma");
    t.s.child_mut(t.child).needs = vec![need];
    let fits = t.family(|f, _| f.accepts_needs = vec![need]);
    let cases = [
        (t.family(|f, _| f.status = Some(FamilyStatus::Paused)), R::Status),
        (t.family(|f, _| f.status = Some(FamilyStatus::Stopped)), R::Status),
        (t.family(|f, _| f.experience_since = Some(day("2021-01-01"))), R::Status),
        (t.family(|f, _| f.places = Some(0)), R::Places),
        (t.family(|f, _| f.max_age = Some(7.0)), R::Age),
        (t.family(|f, _| f.min_age = Some(9.0)), R::Age),
        (t.family(|f, _| f.care_forms = vec![CareForm::Crisis]), R::CareForm),
        (t.family(|f, _| f.perspectives = vec![Perspective::ReturnHome]), R::Perspective),
        (t.family(|f, _| f.refuses_needs = vec![need]), R::NeedsRefused),
        (t.family(|f, s| f.accepts_needs = vec![s.word("adhd")]), R::NeedsAccepted),
        (t.family(|f, _| f.own_children = Some(vec![birth("2011-10-15")])), R::OwnChildren),
        (t.family(|f, s| f.area = Some(s.word("1011"))), R::DistanceHome),
    ];
    assert!(t.vetoes(fits).is_empty());
    for (f, rule) in cases {
        assert_eq!(t.vetoes(f), vec![rule], "{}", rule.name());
    }
}

#[test]
fn an_empty_cell_is_a_question_and_not_a_veto() {
    let mut t = Town::new();
    let f = t.family(|f, _| *f = FamilyState::default());
    let (vetoes, unknown) = t.screened(&Rules::default())[0][f.at()].clone();
    assert!(vetoes.is_empty(), "{vetoes:?}");
    for rule in [RuleName::Status, RuleName::Places, RuleName::Age, RuleName::DistanceHome] {
        assert!(unknown.contains(&rule), "{}", rule.name());
    }
}

#[test]
fn places_count_the_children_who_live_there_on_the_day() {
    let mut t = Town::new();
    let f = t.family(|f, _| f.places = Some(2));
    let (a, b) = (t.s.child("2010-01-01"), t.s.child("2011-01-01"));
    t.s.foster(a, f, "2019-01-01", "", None);
    assert!(t.vetoes(f).is_empty());
    t.s.foster(b, f, "2019-01-01", DAY, Some(EndReason::PlannedMove));
    assert!(t.vetoes(f).is_empty(), "a place is free on the day that a child leaves");
    t.s.h.stays[1].end = None;
    t.s.h.stays[1].end_reason = None;
    assert_eq!(t.vetoes(f), vec![RuleName::Places]);
    // A period may have had more places.
    t.s.h.family_periods.push(FamilyPeriod {
        family: f,
        from: day("2020-01-01"),
        to: Some(day("2020-12-31")),
        changed: FamilyState { places: Some(3), ..FamilyState::default() },
        recorded: None,
    });
    assert!(t.vetoes(f).is_empty());
    t.s.h.family_periods[0].recorded = Some(day("2020-06-01"));
    assert_eq!(t.vetoes(f), vec![RuleName::Places], "the period was not known yet");
}

#[test]
fn a_family_rests_after_an_unplanned_end_unless_the_rule_is_off() {
    let mut t = Town::new();
    let f = t.family(|_, _| {});
    let other = t.s.child("2010-01-01");
    t.s.foster(other, f, "2019-01-01", "2020-02-20", Some(EndReason::CarerBehaviour));
    assert_eq!(t.vetoes(f), vec![RuleName::RestPeriod]);
    let off = Rules::parse("[rules.rest_period]\nuse = false").unwrap();
    assert!(t.screened(&off)[0][f.at()].0.is_empty());
    t.s.h.stays[0].end_reason = Some(EndReason::ReturnedHome);
    assert!(t.vetoes(f).is_empty());
}

#[test]
fn safety_and_wishes_stand_in_lanes_of_their_own() {
    let mut t = Town::new();
    let (near, home, network) = (
        t.family(|_, _| {}),
        t.family(|f, s| f.area = Some(s.word("3511"))),
        t.family(|f, _| f.kind = Some(FamilyKind::Network)),
    );
    t.s.h.requests[0].secret_address = Some(true);
    assert!(t.vetoes(near).is_empty());
    assert_eq!(t.vetoes(home), vec![RuleName::SecretAddress]);
    // Of nobody's network either.
    assert_eq!(t.vetoes(network), vec![RuleName::Network, RuleName::SecretAddress]);
    t.s.h.requests[0].secret_address = None;
    t.s.h.requests[0].avoid_areas = vec![t.s.h.labels.find("3512").unwrap()];
    assert_eq!(t.vetoes(near), vec![RuleName::AvoidAreas]);
    t.s.h.requests[0].avoid_areas.clear();
    let wish = |kind, family| PairRule {
        kind,
        a: Party::Child(t.child),
        b: Party::Family(family),
        lane: Some(PairLane::Child),
        reason: None,
    };
    let rules = [wish(PairKind::Never, near), wish(PairKind::Must, home)];
    t.s.h.pairs = vec![rules[0].clone()];
    assert_eq!(t.vetoes(near), vec![RuleName::WishNever]);
    t.s.h.pairs = vec![rules[1].clone()];
    assert_eq!(t.vetoes(near), vec![RuleName::WishMust]);
    assert!(t.vetoes(home).is_empty());
}

#[test]
fn a_network_family_is_there_for_its_own_child() {
    let mut t = Town::new();
    let aunt = t.family(|f, _| f.kind = Some(FamilyKind::Network));
    assert_eq!(t.vetoes(aunt), vec![RuleName::Network], "whose network is not on record");
    let other = t.s.child("2010-01-01");
    let stay = t.s.foster(other, aunt, "2018-01-01", "2019-01-01", Some(EndReason::ReturnedHome));
    assert_eq!(t.vetoes(aunt), vec![RuleName::Network], "of another child");
    let off = Rules::parse("[rules.network]\nuse = false").unwrap();
    assert!(t.screened(&off)[0][aunt.at()].0.is_empty());
    // A sibling's network is the child's own.
    let group = t.s.word("family");
    for child in [other, t.child] {
        t.s.child_mut(child).sibling_group = Some(group);
    }
    assert!(t.vetoes(aunt).is_empty());
    t.s.child_mut(other).sibling_group = None;
    // So is a family where the child itself lived, was introduced, or for which it was offered.
    t.s.stay_mut(stay).child = t.child;
    assert!(t.vetoes(aunt).is_empty());
    t.s.stay_mut(stay).child = other;
    let scale = t.s.word("alliance_birth_foster");
    t.s.h.assessments.push(pleegzorg::history::Assessment {
        subject: pleegzorg::history::Subject::Pair(t.child, aunt),
        date: day("2020-02-10"),
        scale,
        score: Some(6.0),
        rater: None,
        recorded: None,
    });
    assert!(t.vetoes(aunt).is_empty());
    t.s.h.assessments[0].recorded = Some(day("2020-04-01"));
    assert_eq!(t.vetoes(aunt), vec![RuleName::Network], "not known yet");
    t.s.h.pairs.push(PairRule {
        kind: PairKind::Must,
        a: Party::Child(t.child),
        b: Party::Family(aunt),
        lane: Some(PairLane::Parents),
        reason: None,
    });
    assert!(t.vetoes(aunt).is_empty());
}

#[test]
fn a_family_that_said_no_is_not_proposed_again_for_that_request() {
    use pleegzorg::history::{Answer, Offer, RequestIx};
    let mut t = Town::new();
    let f = t.family(|_, _| {});
    let offer = |offered: &str, answered: &str, answer| Offer {
        request: RequestIx(0),
        family: f,
        offered: day(offered),
        answered: Day::parse_iso(answered),
        answer: Some(answer),
        reason: None,
        recorded: None,
    };
    t.s.h.offers = vec![offer("2020-02-10", "2020-02-12", Answer::No)];
    assert_eq!(t.vetoes(f), vec![RuleName::Declined]);
    // The last answer counts, once it is known.
    t.s.h.offers.push(offer("2020-02-20", "2020-02-25", Answer::Yes));
    assert!(t.vetoes(f).is_empty());
    t.s.h.offers[1].offered = day("2020-03-10");
    assert_eq!(t.vetoes(f), vec![RuleName::Declined]);
    t.s.h.offers = vec![offer("2020-02-10", "2020-03-05", Answer::No)];
    assert!(t.vetoes(f).is_empty(), "its answer is not known yet");
    assert!(Rules::parse("[rules.declined]\nuse = false").is_err(), "a refusal is a refusal");
}

#[test]
fn siblings_come_together_unless_a_coded_exception_says_otherwise() {
    let mut t = Town::new();
    let group = t.s.word("g");
    let sibling = t.s.child("2014-01-01");
    let home = t.s.word("3511");
    t.s.child_mut(sibling).home_area = Some(home);
    t.request(sibling);
    for r in &mut t.s.h.requests {
        r.group = Some(group);
        r.keep_siblings = Some(KeepSiblings::Yes);
    }
    let one = t.family(|_, _| {});
    let two = t.family(|f, _| f.places = Some(2));
    let young = t.family(|f, _| (f.places, f.max_age) = (Some(2), Some(6.0)));
    let found = t.screened(&Rules::default());
    for member in &found {
        assert_eq!(member[one.at()].0, vec![RuleName::KeepSiblings]);
        assert!(member[two.at()].0.is_empty());
    }
    // The elder is too old for the third family, and so the younger does not go there either.
    assert_eq!(found[0][young.at()].0, vec![RuleName::Age]);
    assert_eq!(found[1][young.at()].0, vec![RuleName::KeepSiblings]);
    // A threat: each on its own, and never in one family.
    t.s.h.requests[0].keep_siblings = Some(KeepSiblings::Threat);
    let found = t.screened(&Rules::default());
    assert!(found.iter().all(|member| member[one.at()].0.is_empty()));
    t.s.foster(sibling, two, "2019-12-01", "", None);
    assert_eq!(t.screened(&Rules::default())[0][two.at()].0, vec![RuleName::NotTogether]);
}

#[test]
fn needs_that_do_not_go_together_keep_children_apart() {
    let rules = Rules::parse(
        "[[combination]]\nneed = \"aggression\"\nwith_need = \"trauma\"\n[[combination]]\nneed = \"aggression\"\nwith_younger_than = 4.0",
    )
    .unwrap();
    let mut t = Town::new();
    let (aggression, trauma) = (t.s.word("aggression"), t.s.word("trauma"));
    t.s.child_mut(t.child).needs = vec![aggression];
    let f = t.family(|f, _| f.places = Some(3));
    let other = t.s.child("2010-01-01");
    t.s.foster(other, f, "2019-01-01", "", None);
    assert!(t.screened(&rules)[0][f.at()].0.is_empty());
    t.s.child_mut(other).needs = vec![trauma];
    assert_eq!(t.screened(&rules)[0][f.at()].0, vec![RuleName::OtherChildren]);
    t.s.child_mut(other).needs.clear();
    t.s.child_mut(other).birth = birth("2017-01-01");
    assert_eq!(t.screened(&rules)[0][f.at()].0, vec![RuleName::OtherChildren]);
}

#[test]
fn no_families_no_requests_and_contradictions_are_answered() {
    let case = Case::simulated(300);
    let matched = |t: &Town| {
        let index = t.s.index();
        match_requests(&case.model, &t.s.h, &index, day(DAY), &research()).unwrap()
    };
    let mut t = Town::new();
    let result = matched(&t);
    assert_eq!(result.assignment.unplaced[0].why.code, "no_families");
    let f = t.family(|f, _| f.places = Some(0));
    let result = matched(&t);
    assert_eq!(result.assignment.unplaced[0].why.code, "no_family_left");
    assert_eq!(result.assignment.status, Status::Optimal);
    let g = t.family(|_, _| {});
    for family in [f, g] {
        t.s.h.pairs.push(PairRule {
            kind: PairKind::Must,
            a: Party::Child(t.child),
            b: Party::Family(family),
            lane: None,
            reason: None,
        });
    }
    assert_eq!(matched(&t).assignment.unplaced[0].why.code, "contradictory_wishes");
    t.s.h.pairs.clear();
    assert_eq!(matched(&t).assignment.pairs[0].family, "f1");
    t.request(t.child);
    assert_eq!(matched(&t).assignment.unplaced[0].why.code, "same_child");
    t.s.h.requests.clear();
    let empty = matched(&t);
    assert!(empty.requests.is_empty() && empty.assignment.pairs.is_empty());
}

#[test]
fn urgency_comes_before_risk_when_one_place_is_left() {
    let case = Case::simulated(300);
    let mut t = Town::new();
    t.family(|_, _| {});
    let other = t.s.child("2013-01-01");
    t.request(other).urgency = Some(3);
    let index = t.s.index();
    let result = match_requests(&case.model, &t.s.h, &index, day(DAY), &research()).unwrap();
    assert_eq!(result.assignment.pairs.len(), 1);
    assert_eq!(result.assignment.pairs[0].request, "r1");
    assert_eq!(result.assignment.unplaced[0].why.code, "places_taken");
    assert_eq!(result.assignment.stages[0].objective, 4.0);
}
