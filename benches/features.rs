//! Building spells and all features of the catalogue for a history of a million stays: 400,000
//! children, 100,000 families, a million events, a million assessments.
//!
//! `cargo bench --bench features`; the goal is 5 seconds on two cores.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use pleegzorg::features::{AsOf, CATALOGUE, compute};
use pleegzorg::history::{
    Area, Assessment, Birth, CareForm, Child, ChildIx, Day, EndReason, Event, EventKind, Family,
    FamilyIx, FamilyKind, FamilyPeriod, FamilyState, History, Index, Label, Legal, Perspective,
    Request, Setting, Sex, Stay, StayIx, Subject, Window,
};
use pleegzorg::outcome::{Definition, spells};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

const CHILDREN: u32 = 400_000;
const STAYS: usize = 1_000_000;
const FAMILIES: u32 = 100_000;

struct Draw {
    rng: ChaCha12Rng,
}

impl Draw {
    fn below(&mut self, n: u32) -> u32 {
        self.rng.random_range(0..n)
    }

    fn one<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u32) as usize]
    }

    fn some<T: Copy>(&mut self, list: &[T]) -> Option<T> {
        (self.below(10) < 9).then(|| self.one(list))
    }

    fn day(&mut self, from: Day, days: u32) -> Day {
        from.plus_days(self.below(days) as i32)
    }
}

/// The words that the history uses.
struct Words {
    areas: Vec<Label>,
    providers: Vec<Label>,
    scales: Vec<Label>,
    roles: Vec<Label>,
    needs: Vec<Label>,
}

fn children(d: &mut Draw, h: &mut History, w: &Words) {
    let born = Day::from_ymd(2000, 1, 1).expect("a day");
    for c in 0..CHILDREN {
        let group = h.labels.intern(&format!("g{}", c / 3));
        h.children.push(Child {
            id: format!("c{c}").into(),
            birth: Birth { day: d.day(born, 6000), month_only: true },
            sex: d.some(Sex::ALL),
            sibling_group: (c % 3 != 2).then_some(group),
            origin_municipality: None,
            home_area: d.some(&w.areas),
            school_area: d.some(&w.areas),
            needs: vec![d.one(&w.needs)],
            first_out_of_home: None,
            moves_before: d.some(&[0, 1, 2]),
            breakdowns_before: d.some(&[0, 1]),
        });
    }
}

fn families(d: &mut Draw, h: &mut History, w: &Words) {
    let since = Day::from_ymd(2005, 1, 1).expect("a day");
    for f in 0..FAMILIES {
        let own = d.below(3);
        let own = (0..own).map(|_| Birth { day: d.day(since, 5000), month_only: true }).collect();
        let state = FamilyState {
            provider: d.some(&w.providers),
            kind: d.some(FamilyKind::ALL),
            area: d.some(&w.areas),
            places: Some(3),
            own_children: Some(own),
            experience_since: Some(d.day(since, 4000)),
            accepts_needs: vec![d.one(&w.needs)],
            ..FamilyState::default()
        };
        if f % 2 == 0 {
            let from = d.day(h.window.start, 3000);
            let changed = FamilyState { places: Some(2), ..FamilyState::default() };
            let family = FamilyIx(f);
            let to = Some(from.plus_days(200));
            h.family_periods.push(FamilyPeriod { family, from, to, changed, recorded: None });
        }
        h.families.push(Family { id: format!("f{f}").into(), state });
    }
}

fn stays(d: &mut Draw, h: &mut History, w: &Words) {
    let begin = Day::from_ymd(2013, 1, 1).expect("a day");
    let mut at = vec![begin; CHILDREN as usize];
    for start in &mut at {
        *start = d.day(begin, 3500);
    }
    for k in 0..STAYS {
        let child = ChildIx((k as u32 * 7919) % CHILDREN);
        let lasted = d.below(700) as i32;
        let foster = d.below(10) < 7;
        let start = at[child.at()];
        at[child.at()] = start.plus_days(lasted);
        h.stays.push(Stay {
            id: format!("s{k}").into(),
            child,
            setting: if foster { Setting::Foster } else { d.one(Setting::ALL) },
            family: foster.then(|| FamilyIx(d.below(FAMILIES))),
            family_kind: None,
            provider: d.some(&w.providers),
            start,
            end: Some(start.plus_days(lasted)),
            end_reason: d.some(EndReason::ALL),
            end_planned: None,
            end_wanted: None,
            perspective: d.some(Perspective::ALL),
            care_form: d.some(&[CareForm::FullTime, CareForm::FullTime, CareForm::Crisis]),
            legal: d.some(Legal::ALL),
            siblings_together: d.some(&[true, false]),
            region: d.some(&w.areas),
            recorded: None,
        });
    }
}

fn course(d: &mut Draw, h: &mut History, w: &Words) {
    let begin = h.window.start;
    for k in 0..STAYS {
        let child = ChildIx((k as u32 * 7919) % CHILDREN);
        h.events.push(Event {
            child,
            stay: None,
            date: d.day(begin, 3600),
            kind: d.one(EventKind::ALL),
            role: d.some(&w.roles),
            from: None,
            to: None,
            warm_handover: d.some(&[true, false]),
            recorded: None,
        });
        let subject = match d.below(4) {
            0 => Subject::Child(child),
            1 => Subject::Family(FamilyIx(d.below(FAMILIES))),
            2 => Subject::Stay(StayIx(d.below(STAYS as u32))),
            _ => Subject::Pair(child, FamilyIx(d.below(FAMILIES))),
        };
        h.assessments.push(Assessment {
            subject,
            date: d.day(begin, 3600),
            scale: d.one(&w.scales),
            score: Some(f64::from(d.below(11))),
            rater: None,
            recorded: None,
        });
        if k % 4 == 0 {
            let received = d.day(begin, 3600);
            h.requests.push(Request {
                id: format!("r{k}").into(),
                child,
                received: Some(received),
                needed_from: received,
                group: None,
                keep_siblings: None,
                care_form: None,
                perspective: None,
                urgency: Some(2),
                max_distance_km: None,
                contact_areas: Vec::new(),
                avoid_areas: Vec::new(),
                secret_address: None,
                closed: None,
                outcome: None,
                placed_stay: None,
                recorded: None,
            });
        }
    }
}

fn history() -> History {
    let day = |y, m, d| Day::from_ymd(y, m, d).expect("a day");
    let window =
        Window { start: day(2015, 1, 1), end: day(2024, 12, 31), extraction: day(2025, 1, 31) };
    let mut h = History::empty(window);
    let mut d = Draw { rng: ChaCha12Rng::seed_from_u64(1) };
    let mut some = |start: &str, n: u32| -> Vec<Label> {
        (0..n).map(|k| h.labels.intern(&format!("{start}{k}"))).collect()
    };
    let mut words = Words {
        areas: some("area", 4000),
        providers: some("provider", 30),
        scales: Vec::new(),
        roles: some("role", 3),
        needs: some("need", 10),
    };
    words.scales = [
        "behaviour_demand",
        "parenting_capacity",
        "alliance_birth_foster",
        "other_children_wellbeing",
        "sdq_total",
    ]
    .iter()
    .map(|s| h.labels.intern(s))
    .collect();
    for &area in &words.areas {
        let (lat, lon) =
            (51.0 + f64::from(d.below(2000)) / 1000.0, 5.0 + f64::from(d.below(2000)) / 1000.0);
        h.areas.push(Area { area, lat, lon });
    }
    children(&mut d, &mut h, &words);
    families(&mut d, &mut h, &words);
    stays(&mut d, &mut h, &words);
    course(&mut d, &mut h, &words);
    h
}

/// The whole catalogue, open names filled.
fn names() -> Vec<String> {
    let fill = |name: &str| {
        name.replace("<years>", "4")
            .replace("<role>", "role1")
            .replace("<need>", "need1")
            .replace("<scale>", "sdq_total")
    };
    CATALOGUE.iter().map(|f| fill(f.name)).collect()
}

fn bench(c: &mut Criterion) {
    let h = history();
    let ix = Index::new(&h);
    let definition = Definition::default();
    let names = names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut group = c.benchmark_group("million_stays");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(1))
        .measurement_time(Duration::from_secs(30));
    group.bench_function("index", |b| b.iter(|| black_box(Index::new(&h))));
    group.bench_function("spells", |b| b.iter(|| black_box(spells(&h, &ix, &definition, None))));
    group.bench_function("spells_and_all_features", |b| {
        b.iter(|| {
            let found = spells(&h, &ix, &definition, None);
            let rows: Vec<AsOf> = found.iter().map(|s| AsOf::start_of(&h, s)).collect();
            black_box(compute(&h, &ix, &definition, &rows, &names).expect("known names"))
        });
    });
    // A row for every stay, as if each were a spell.
    group.bench_function("all_features_of_every_stay", |b| {
        let rows: Vec<AsOf> =
            (0..STAYS as u32).map(|k| AsOf::start_of_stay(&h, StayIx(k))).collect();
        b.iter(|| black_box(compute(&h, &ix, &definition, &rows, &names).expect("known names")));
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
