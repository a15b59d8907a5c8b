//! The records of a history folder, as they are after reading.

use std::collections::HashMap;

use super::codes::{
    Answer, CareForm, EndReason, EventKind, FamilyKind, FamilyStatus, KeepSiblings, Legal,
    PairKind, PairLane, Perspective, Setting, Sex,
};
use super::day::{Birth, Day};

/// Declares an index type into one of the vectors of a [`History`].
macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);
        impl $name {
            /// The position in its vector.
            #[must_use]
            pub fn at(self) -> usize {
                self.0 as usize
            }
        }
    };
}
index!(
    /// A child: its position in [`History::children`].
    ChildIx
);
index!(
    /// A foster family: its position in [`History::families`].
    FamilyIx
);
index!(
    /// A stay: its position in [`History::stays`].
    StayIx
);
index!(
    /// A request: its position in [`History::requests`].
    RequestIx
);
index!(
    /// A repeated word (provider, area, need, role, scale): its position in [`Labels`].
    Label
);

/// The pool of repeated words. Each word is held once.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    words: Vec<Box<str>>,
    index: HashMap<Box<str>, Label, foldhash::fast::RandomState>,
}

impl Labels {
    /// The label of a word, added where it is new.
    pub fn intern(&mut self, word: &str) -> Label {
        if let Some(&label) = self.index.get(word) {
            return label;
        }
        let label = Label(self.words.len() as u32);
        self.words.push(word.into());
        self.index.insert(word.into(), label);
        label
    }

    /// The label of a word that is in the pool already.
    #[must_use]
    pub fn find(&self, word: &str) -> Option<Label> {
        self.index.get(word).copied()
    }

    /// The word behind a label of this pool.
    #[must_use]
    pub fn word(&self, label: Label) -> &str {
        &self.words[label.at()]
    }

    /// How many words there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there is no word.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}

/// The window of observation, from `[window]` of the study file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The first day on which ends were recorded; earlier stays are left-truncated here.
    pub start: Day,
    /// The last day on which ends were recorded; running stays are censored here.
    pub end: Day,
    /// The day on which the data were taken from the registration; nothing may be later.
    pub extraction: Day,
}

/// A row of `children.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct Child {
    /// The pseudonym. Never shown in a message.
    pub id: Box<str>,
    pub birth: Birth,
    pub sex: Option<Sex>,
    pub sibling_group: Option<Label>,
    pub origin_municipality: Option<Label>,
    pub home_area: Option<Label>,
    pub school_area: Option<Label>,
    pub needs: Vec<Label>,
    /// The first day that the child lived away from its parents.
    pub first_out_of_home: Option<Day>,
    /// Carer moves before the records begin.
    pub moves_before: Option<u32>,
    /// Breakdowns before the records begin.
    pub breakdowns_before: Option<u32>,
}

/// What is known of a foster family at one time: the changeable columns of `families.csv`.
/// `None` and an empty list both mean unknown, but for `own_children`, where
/// `Some(vec![])` cannot be told from a blank cell and is therefore `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FamilyState {
    pub provider: Option<Label>,
    pub kind: Option<FamilyKind>,
    pub area: Option<Label>,
    /// Places in all, taken or free.
    pub places: Option<u32>,
    pub min_age: Option<f64>,
    pub max_age: Option<f64>,
    pub care_forms: Vec<CareForm>,
    pub perspectives: Vec<Perspective>,
    pub accepts_needs: Vec<Label>,
    pub refuses_needs: Vec<Label>,
    /// Birth months of the carers' own children.
    pub own_children: Option<Vec<Birth>>,
    pub experience_since: Option<Day>,
    pub status: Option<FamilyStatus>,
    pub status_date: Option<Day>,
    pub stop_reason: Option<Label>,
}

/// A row of `families.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    pub id: Box<str>,
    pub state: FamilyState,
}

/// A row of `family_periods.csv`: what differed from `families.csv` in [from, to].
#[derive(Debug, Clone, PartialEq)]
pub struct FamilyPeriod {
    pub family: FamilyIx,
    pub from: Day,
    /// The last day; `None` where the period has not ended.
    pub to: Option<Day>,
    /// Only the columns that the row fills; the rest is `None` or empty.
    pub changed: FamilyState,
    pub recorded: Option<Day>,
}

/// A row of `stays.csv`: one uninterrupted time in one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Stay {
    pub id: Box<str>,
    pub child: ChildIx,
    pub setting: Setting,
    pub family: Option<FamilyIx>,
    /// The kind of family, where the family itself is not identified.
    pub family_kind: Option<FamilyKind>,
    pub provider: Option<Label>,
    pub start: Day,
    pub end: Option<Day>,
    pub end_reason: Option<EndReason>,
    pub end_planned: Option<bool>,
    pub end_wanted: Option<bool>,
    pub perspective: Option<Perspective>,
    pub care_form: Option<CareForm>,
    pub legal: Option<Legal>,
    pub siblings_together: Option<bool>,
    pub region: Option<Label>,
    pub recorded: Option<Day>,
}

impl Stay {
    /// The day from which the stay itself is known: `recorded`, else its start.
    #[must_use]
    pub fn known_from(&self) -> Day {
        self.recorded.unwrap_or(self.start)
    }

    /// The end, where it is known on `day`; an end not yet known leaves the stay open.
    #[must_use]
    pub fn end_known_at(&self, day: Day) -> Option<Day> {
        self.end.filter(|&end| end <= day && self.known_from() <= day)
    }
}

/// A row of `events.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub child: ChildIx,
    pub stay: Option<StayIx>,
    pub date: Day,
    pub kind: EventKind,
    pub role: Option<Label>,
    pub from: Option<Label>,
    pub to: Option<Label>,
    pub warm_handover: Option<bool>,
    pub recorded: Option<Day>,
}

impl Event {
    /// The day from which the event is known.
    #[must_use]
    pub fn known_from(&self) -> Day {
        self.recorded.unwrap_or(self.date)
    }
}

/// Whom an assessment is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Child(ChildIx),
    Family(FamilyIx),
    Stay(StayIx),
    /// A child and a prospective family, scored in the introduction phase.
    Pair(ChildIx, FamilyIx),
}

/// A row of `assessments.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    pub subject: Subject,
    pub date: Day,
    /// The scale's name, an open list (`sdq_total`, `behaviour_demand`, …).
    pub scale: Label,
    pub score: Option<f64>,
    pub rater: Option<Label>,
    pub recorded: Option<Day>,
}

impl Assessment {
    /// The day from which the score is known.
    #[must_use]
    pub fn known_from(&self) -> Day {
        self.recorded.unwrap_or(self.date)
    }
}

/// A row of `areas.csv`, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    pub area: Label,
    pub lat: f64,
    pub lon: f64,
}

/// A row of `requests.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub id: Box<str>,
    pub child: ChildIx,
    pub received: Option<Day>,
    pub needed_from: Day,
    /// Requests of one group are placed together.
    pub group: Option<Label>,
    pub keep_siblings: Option<KeepSiblings>,
    pub care_form: Option<CareForm>,
    pub perspective: Option<Perspective>,
    /// 1 (can wait) to 3 (now).
    pub urgency: Option<u8>,
    pub max_distance_km: Option<f64>,
    pub contact_areas: Vec<Label>,
    pub avoid_areas: Vec<Label>,
    pub secret_address: Option<bool>,
    pub closed: Option<Day>,
    pub outcome: Option<Label>,
    pub placed_stay: Option<StayIx>,
    pub recorded: Option<Day>,
}

/// A row of `pairs.csv`: a coded wish or conflict. A side is a child's or a family's id.
#[derive(Debug, Clone, PartialEq)]
pub struct PairRule {
    pub kind: PairKind,
    pub a: Party,
    pub b: Party,
    pub lane: Option<PairLane>,
    pub reason: Option<Label>,
}

/// A side of a [`PairRule`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    Child(ChildIx),
    Family(FamilyIx),
}

/// A row of `offers.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    pub request: RequestIx,
    pub family: FamilyIx,
    pub offered: Day,
    pub answered: Option<Day>,
    pub answer: Option<Answer>,
    pub reason: Option<Label>,
    pub recorded: Option<Day>,
}

/// All that one history folder holds.
#[derive(Debug, Clone)]
pub struct History {
    pub window: Window,
    pub children: Vec<Child>,
    pub families: Vec<Family>,
    pub family_periods: Vec<FamilyPeriod>,
    pub stays: Vec<Stay>,
    pub events: Vec<Event>,
    pub assessments: Vec<Assessment>,
    pub areas: Vec<Area>,
    pub requests: Vec<Request>,
    pub pairs: Vec<PairRule>,
    pub offers: Vec<Offer>,
    pub labels: Labels,
}

impl History {
    /// A history without records.
    #[must_use]
    pub fn empty(window: Window) -> Self {
        Self {
            window,
            children: Vec::new(),
            families: Vec::new(),
            family_periods: Vec::new(),
            stays: Vec::new(),
            events: Vec::new(),
            assessments: Vec::new(),
            areas: Vec::new(),
            requests: Vec::new(),
            pairs: Vec::new(),
            offers: Vec::new(),
            labels: Labels::default(),
        }
    }

    /// A child's row.
    #[must_use]
    pub fn child(&self, ix: ChildIx) -> &Child {
        &self.children[ix.at()]
    }

    /// A family's row.
    #[must_use]
    pub fn family(&self, ix: FamilyIx) -> &Family {
        &self.families[ix.at()]
    }

    /// A stay's row.
    #[must_use]
    pub fn stay(&self, ix: StayIx) -> &Stay {
        &self.stays[ix.at()]
    }
}
