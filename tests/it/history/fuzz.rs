//! Properties: what is written reads back the same; no bytes make reading panic, and what is
//! read from them holds together.

use pleegzorg::history::{
    self, Answer, Area, Assessment, Birth, CareForm, Child, ChildIx, Day, EndReason, Event,
    EventKind, Family, FamilyIx, FamilyKind, FamilyPeriod, FamilyState, FamilyStatus, History,
    KeepSiblings, Label, Legal, Offer, PairKind, PairLane, PairRule, Party, Perspective, Request,
    RequestIx, Setting, Sex, Stay, StayIx, Subject, Window,
};
use pleegzorg::progress::Silent;
use proptest::prelude::*;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

use crate::history::folder::Folder;
use crate::history::format::{files, written};

/// Makes valid histories with every column filled now and then.
struct Maker {
    rng: ChaCha12Rng,
    words: Vec<Label>,
}

impl Maker {
    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.rng.random_bool(0.6).then(|| make(self))
    }

    fn day(&mut self, from: i32, to: i32) -> Day {
        let first = Day::from_ymd(from, 1, 1).unwrap();
        let last = Day::from_ymd(to, 12, 31).unwrap();
        first.plus_days(self.rng.random_range(0..=last.since(first)))
    }

    fn word(&mut self) -> Label {
        *self.words.choose(&mut self.rng).unwrap()
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        *of.choose(&mut self.rng).unwrap()
    }

    fn some<T: Copy>(&mut self, of: &[T]) -> Vec<T> {
        let n = self.rng.random_range(0..3);
        (0..n).map(|_| self.one(of)).collect()
    }

    fn birth(&mut self, from: i32, to: i32) -> Birth {
        let day = self.day(from, to);
        let (y, m, _) = day.ymd();
        match self.rng.random_bool(0.5) {
            true => Birth { day: Day::from_ymd(y, m, 15).unwrap(), month_only: true },
            false => Birth { day, month_only: false },
        }
    }

    fn number(&mut self, most: f64) -> f64 {
        match self.rng.random_range(0..3) {
            0 => f64::from(self.rng.random_range(0..=most as u32)),
            1 => (self.rng.random_range(0.0..most) * 1000.0).round() / 1000.0,
            _ => self.rng.random_range(0.0..most),
        }
    }

    fn state(&mut self, whole: bool) -> FamilyState {
        let words = self.words.clone();
        let ages = (self.number(9.0), 9.0 + self.number(9.0));
        FamilyState {
            provider: self.maybe(Self::word),
            kind: if whole { Some(self.one(FamilyKind::ALL)) } else { None },
            area: self.maybe(Self::word),
            places: self.maybe(|m| m.rng.random_range(0..9)),
            min_age: self.maybe(|_| ages.0),
            max_age: self.maybe(|_| ages.1),
            care_forms: self.some(CareForm::ALL),
            perspectives: self.some(Perspective::ALL),
            accepts_needs: self.some(&words),
            refuses_needs: self.some(&words),
            own_children: self.maybe(|m| vec![m.birth(1990, 2015), m.birth(1990, 2015)]),
            experience_since: self.maybe(|m| m.day(1950, 2015)),
            status: self.maybe(|m| m.one(FamilyStatus::ALL)),
            status_date: self.maybe(|m| m.day(2000, 2030)),
            stop_reason: self.maybe(Self::word),
        }
    }

    fn stays(&mut self, h: &History, child: ChildIx, stays: &mut Vec<Stay>) {
        let mut start = self.day(2012, 2013);
        for _ in 0..self.rng.random_range(1..4) {
            let end = start.plus_days(self.rng.random_range(0..700));
            let last = self.rng.random_bool(0.2);
            let ended = (!last).then_some(end);
            stays.push(Stay {
                id: format!("s{}", stays.len()).into(),
                child,
                setting: self.one(Setting::ALL),
                family: self.maybe(|m| FamilyIx(m.rng.random_range(0..h.families.len() as u32))),
                family_kind: self.maybe(|m| m.one(FamilyKind::ALL)),
                provider: self.maybe(Self::word),
                start,
                end: ended,
                end_reason: ended.and_then(|_| self.maybe(|m| m.one(EndReason::ALL))),
                end_planned: ended.and_then(|_| self.maybe(|m| m.rng.random())),
                end_wanted: ended.and_then(|_| self.maybe(|m| m.rng.random())),
                perspective: self.maybe(|m| m.one(Perspective::ALL)),
                care_form: self.maybe(|m| m.one(&[CareForm::FullTime, CareForm::Crisis])),
                legal: self.maybe(|m| m.one(Legal::ALL)),
                siblings_together: self.maybe(|m| m.rng.random()),
                region: self.maybe(Self::word),
                recorded: self.maybe(|m| m.day(2012, 2020)),
            });
            if last {
                break;
            }
            start = end.plus_days(self.rng.random_range(0..50));
        }
    }

    fn events(&mut self, h: &mut History) {
        let n = h.stays.len() as u32;
        let stay = |m: &mut Self| StayIx(m.rng.random_range(0..n));
        let family =
            |m: &mut Self, h: &History| FamilyIx(m.rng.random_range(0..h.families.len() as u32));
        for i in 0..n {
            let (at, child) = (StayIx(i), h.stays[i as usize].child);
            // A day of its own for each: rows that are the same would be doubles.
            let date = Day::from_ymd(2012, 1, 1).unwrap().plus_days(i as i32);
            h.events.push(Event {
                child,
                stay: self.maybe(|_| at),
                date,
                kind: self.one(EventKind::ALL),
                role: self.maybe(Self::word),
                from: self.maybe(Self::word),
                to: self.maybe(Self::word),
                warm_handover: self.maybe(|m| m.rng.random()),
                recorded: self.maybe(|m| m.day(2012, 2020)),
            });
            let subject = match self.rng.random_range(0..4) {
                0 => Subject::Child(child),
                1 => Subject::Family(family(self, h)),
                2 => Subject::Stay(stay(self)),
                _ => Subject::Pair(child, family(self, h)),
            };
            h.assessments.push(Assessment {
                subject,
                date,
                scale: self.word(),
                score: Some(self.number(500.0) - 20.0),
                rater: self.maybe(Self::word),
                recorded: self.maybe(|m| m.day(2012, 2020)),
            });
        }
    }

    fn requests(&mut self, h: &mut History) {
        let words = self.words.clone();
        for i in 0..h.stays.len().min(6) {
            let child = h.stays[i].child;
            h.requests.push(Request {
                id: format!("r{i}").into(),
                child,
                received: self.maybe(|m| m.day(2012, 2013)),
                needed_from: self.day(2012, 2025),
                group: self.maybe(Self::word),
                keep_siblings: self.maybe(|m| m.one(KeepSiblings::ALL)),
                care_form: self.maybe(|m| m.one(CareForm::ALL)),
                perspective: self.maybe(|m| m.one(Perspective::ALL)),
                urgency: self.maybe(|m| m.rng.random_range(1..4)),
                max_distance_km: self.maybe(|m| m.number(300.0)),
                contact_areas: self.some(&words),
                avoid_areas: self.some(&words),
                secret_address: self.maybe(|m| m.rng.random()),
                closed: self.maybe(|m| m.day(2014, 2020)),
                outcome: self.maybe(Self::word),
                placed_stay: self.maybe(|_| StayIx(i as u32)),
                recorded: self.maybe(|m| m.day(2012, 2020)),
            });
            h.offers.push(Offer {
                request: RequestIx(i as u32),
                family: FamilyIx(0),
                offered: self.day(2012, 2013),
                answered: self.maybe(|m| m.day(2014, 2015)),
                answer: self.maybe(|m| m.one(Answer::ALL)),
                reason: self.maybe(Self::word),
                recorded: self.maybe(|m| m.day(2012, 2020)),
            });
            let pair = PairRule {
                kind: self.one(PairKind::ALL),
                a: Party::Child(ChildIx(i as u32 % h.children.len() as u32)),
                b: Party::Family(FamilyIx(i as u32 % h.families.len() as u32)),
                lane: self.maybe(|m| m.one(PairLane::ALL)),
                reason: self.maybe(Self::word),
            };
            // A row that is the same as another would be a double.
            if !h.pairs.contains(&pair) {
                h.pairs.push(pair);
            }
        }
    }

    fn children(&mut self, h: &mut History) {
        let words = self.words.clone();
        for i in 0..self.rng.random_range(1..9) {
            h.children.push(Child {
                id: format!("c{i}").into(),
                birth: self.birth(2000, 2010),
                sex: self.maybe(|m| m.one(Sex::ALL)),
                sibling_group: self.maybe(Self::word),
                origin_municipality: self.maybe(Self::word),
                home_area: self.maybe(Self::word),
                school_area: self.maybe(Self::word),
                needs: self.some(&words),
                first_out_of_home: self.maybe(|m| m.day(2011, 2012)),
                moves_before: self.maybe(|m| m.rng.random_range(0..20)),
                breakdowns_before: self.maybe(|m| m.rng.random_range(0..20)),
            });
        }
    }
}

fn history_of(seed: u64, words: &[String]) -> History {
    let day = |y, m, d| Day::from_ymd(y, m, d).unwrap();
    let window =
        Window { start: day(2010, 1, 1), end: day(2020, 12, 31), extraction: day(2021, 1, 31) };
    let mut h = History::empty(window);
    let words: Vec<Label> = words.iter().map(|w| h.labels.intern(w)).collect();
    let mut maker = Maker { rng: ChaCha12Rng::seed_from_u64(seed), words };
    maker.children(&mut h);
    for i in 0..3 {
        h.families.push(Family { id: format!("f{i}").into(), state: maker.state(true) });
        let (from, to) = (maker.day(2012, 2013), maker.day(2014, 2030));
        h.family_periods.push(FamilyPeriod {
            family: FamilyIx(i),
            from,
            to: maker.maybe(|_| to),
            changed: maker.state(false),
            recorded: maker.maybe(|m| m.day(2012, 2020)),
        });
    }
    let mut stays = Vec::new();
    for child in 0..h.children.len() as u32 {
        maker.stays(&h, ChildIx(child), &mut stays);
    }
    h.stays = stays;
    maker.events(&mut h);
    maker.requests(&mut h);
    let mut areas = maker.words.clone();
    areas.dedup();
    for area in areas {
        let (lat, lon) = (maker.number(180.0) - 90.0, maker.number(360.0) - 180.0);
        h.areas.push(Area { area, lat, lon });
    }
    h
}

/// Words that a cell can hold: not blank, not padded, no bar, no NUL.
fn words() -> impl Strategy<Value = Vec<String>> {
    let word = "\\PC{0,12}|[,;\"'\n\r\t =+a-é-]{1,9}|[a-z]{1,6}"
        .prop_map(|w| w.trim().replace(['|', '\0'], ""))
        .prop_filter("blank", |w| !w.is_empty() && w.trim() == w);
    prop::collection::vec(word, 1..8).prop_map(|mut words| {
        words.sort();
        words.dedup();
        words
    })
}

/// Writing syncs every file, so that test has few cases; failures are kept by their printed seed.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn what_is_written_reads_back_the_same(seed in any::<u64>(), words in words()) {
        let h = history_of(seed, &words);
        let dir = tempfile::tempdir().unwrap();
        history::write(&h, dir.path(), false).unwrap();
        let reading = history::read(dir.path(), &Silent).unwrap();
        let faults: Vec<_> =
            reading.findings.iter().filter(|f| f.severity == history::Severity::Fault).collect();
        prop_assert!(faults.is_empty(), "{faults:?}");
        let again = &reading.history;
        for (a, b) in written(again).iter().zip(files(dir.path())) {
            prop_assert_eq!(a, &b);
        }
        prop_assert_eq!(again.window, h.window);
        prop_assert_eq!(again.stays.len(), h.stays.len());
        for (a, b) in again.children.iter().zip(&h.children) {
            prop_assert_eq!((&a.id, a.birth, a.sex), (&b.id, b.birth, b.sex));
        }
        for (a, b) in again.assessments.iter().zip(&h.assessments) {
            prop_assert_eq!((a.subject, a.date, a.score), (b.subject, b.date, b.score));
            prop_assert_eq!(again.labels.word(a.scale), h.labels.word(b.scale));
        }
    }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn no_bytes_make_reading_panic(file in 0usize..11, edits in prop::collection::vec(edit(), 1..6)) {
        let folder = Folder::sound();
        let (name, mut bytes) = folder.file(file);
        edits.iter().for_each(|e| e.apply(&mut bytes));
        holds_together(&folder.clone().with(name, bytes))?;
    }

    #[test]
    fn no_file_of_noise_makes_reading_panic(
        file in 0usize..11,
        keep_header in any::<bool>(),
        noise in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let folder = Folder::sound();
        let (name, bytes) = folder.file(file);
        let header = bytes.iter().position(|&b| b == b'\n').unwrap() + 1;
        let head = if keep_header { &bytes[..header] } else { &[] };
        holds_together(&folder.clone().with(name, [head, &noise].concat()))?;
    }
}

/// A change to the bytes of a file; places are shares of its length.
#[derive(Debug, Clone)]
enum Edit {
    Insert(f64, Vec<u8>),
    Delete(f64, usize),
    Repeat(f64, usize),
    Truncate(f64),
}

fn edit() -> impl Strategy<Value = Edit> {
    let place = 0.0..1.0f64;
    let telling = prop::sample::select(vec![
        "\"",
        ",",
        ";",
        "\n",
        "\r",
        "\r\n",
        "\0",
        "-",
        ".",
        "9999-12-31",
        "\u{feff}",
        "é",
        "|",
        "1e999",
    ]);
    let bytes = prop_oneof![
        telling.prop_map(|s| s.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 1..5)
    ];
    prop_oneof![
        4 => (place.clone(), bytes).prop_map(|(p, b)| Edit::Insert(p, b)),
        2 => (place.clone(), 1usize..40).prop_map(|(p, n)| Edit::Delete(p, n)),
        2 => (place.clone(), 1usize..200).prop_map(|(p, n)| Edit::Repeat(p, n)),
        1 => place.prop_map(Edit::Truncate),
    ]
}

impl Edit {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let at = |share: f64| (share * bytes.len() as f64) as usize;
        match self {
            Self::Insert(p, new) => {
                let at = at(*p);
                bytes.splice(at..at, new.iter().copied());
            }
            Self::Delete(p, n) => {
                let at = at(*p);
                let end = (at + n).min(bytes.len());
                bytes.drain(at..end);
            }
            Self::Repeat(p, n) => {
                let at = at(*p);
                let end = (at + n).min(bytes.len());
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            Self::Truncate(p) => {
                let at = at(*p);
                bytes.truncate(at);
            }
        }
    }
}

/// Reading answers, counts agree, references are in range, and stays do not overlap.
fn holds_together(folder: &Folder) -> Result<(), TestCaseError> {
    let Ok(reading) = folder.read() else { return Ok(()) };
    let counted: u64 = reading.counts.values().sum();
    prop_assert_eq!(counted, reading.findings.len() as u64);
    prop_assert!(serde_json::to_string(&reading.report()).is_ok());
    let h = &reading.history;
    prop_assert!(h.stays.iter().all(|s| s.child.at() < h.children.len()));
    prop_assert!(h.stays.iter().flat_map(|s| s.family).all(|f| f.at() < h.families.len()));
    prop_assert!(h.events.iter().all(|e| e.child.at() < h.children.len()));
    prop_assert!(h.events.iter().flat_map(|e| e.stay).all(|s| s.at() < h.stays.len()));
    prop_assert!(h.offers.iter().all(|o| o.request.at() < h.requests.len()));
    prop_assert!(h.offers.iter().all(|o| o.family.at() < h.families.len()));
    let in_range = |a: &Assessment| match a.subject {
        Subject::Child(c) => c.at() < h.children.len(),
        Subject::Family(f) => f.at() < h.families.len(),
        Subject::Stay(s) => s.at() < h.stays.len(),
        Subject::Pair(c, f) => c.at() < h.children.len() && f.at() < h.families.len(),
    };
    prop_assert!(h.assessments.iter().all(in_range));
    let index = history::Index::new(h);
    for child in 0..h.children.len() as u32 {
        let mut end = Day(i32::MIN);
        for &row in index.stays_of_child(ChildIx(child)) {
            let stay = h.stay(StayIx(row));
            if stay.care_form != Some(CareForm::PartTime) {
                prop_assert!(stay.start >= end);
                end = stay.end.unwrap_or(Day(i32::MAX));
            }
        }
    }
    Ok(())
}
