//! The records of a history folder, as they are after reading.

use std::collections::HashMap;
use std::hash::BuildHasher;

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

/// The pool of repeated words. Each word is held once, all of them in one text: a pool of many
/// short words costs no piece of memory per word.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    text: String,
    /// Where each word ends in the text.
    ends: Vec<usize>,
    /// The label at each place; a word's place is its hash, or the first free one after it.
    index: HashMap<u64, Label, foldhash::fast::RandomState>,
}

impl Labels {
    /// The label of a word, added where it is new.
    pub fn intern(&mut self, word: &str) -> Label {
        match self.place(word) {
            Ok(label) => label,
            Err(free) => {
                let label = Label(self.ends.len() as u32);
                self.text.push_str(word);
                self.ends.push(self.text.len());
                self.index.insert(free, label);
                label
            }
        }
    }

    /// The label of a word that is in the pool already.
    #[must_use]
    pub fn find(&self, word: &str) -> Option<Label> {
        self.place(word).ok()
    }

    /// The label of a word, or the free place where it belongs.
    fn place(&self, word: &str) -> Result<Label, u64> {
        let mut place = self.index.hasher().hash_one(word);
        while let Some(&label) = self.index.get(&place) {
            if self.word(label) == word {
                return Ok(label);
            }
            place = place.wrapping_add(1);
        }
        Err(place)
    }

    /// The word behind a label of this pool.
    #[must_use]
    pub fn word(&self, label: Label) -> &str {
        let start = label.at().checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[label.at()]]
    }

    /// How many words there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no word.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
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
    /// The birth: a day or a month.
    pub birth: Birth,
    /// Sex as registered.
    pub sex: Option<Sex>,
    /// Children of one group are siblings.
    pub sibling_group: Option<Label>,
    /// The municipality where the child comes from.
    pub origin_municipality: Option<Label>,
    /// Where the parents live.
    pub home_area: Option<Label>,
    /// Where the school is.
    pub school_area: Option<Label>,
    /// What the child needs, as words of an open list; empty where unknown or none.
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
    /// The pleegzorgaanbieder.
    pub provider: Option<Label>,
    /// Network, general or family home; always known in `families.csv`.
    pub kind: Option<FamilyKind>,
    /// Where the family lives.
    pub area: Option<Label>,
    /// Places in all, taken or free.
    pub places: Option<u32>,
    /// The lowest age that the family takes, in years.
    pub min_age: Option<f64>,
    /// The highest age that the family takes, in years.
    pub max_age: Option<f64>,
    /// The care forms that the family offers.
    pub care_forms: Vec<CareForm>,
    /// The perspectives that the family is open to.
    pub perspectives: Vec<Perspective>,
    /// Needs that the family can meet.
    pub accepts_needs: Vec<Label>,
    /// Needs that the family cannot meet.
    pub refuses_needs: Vec<Label>,
    /// Birth months of the carers' own children.
    pub own_children: Option<Vec<Birth>>,
    /// The day on which the family first took in a foster child.
    pub experience_since: Option<Day>,
    /// Whether the family takes children.
    pub status: Option<FamilyStatus>,
    /// The day from which the status holds.
    pub status_date: Option<Day>,
    /// Why the family stopped; free text.
    pub stop_reason: Option<Label>,
}

/// A row of `families.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// The pseudonym. Never shown in a message.
    pub id: Box<str>,
    /// The family as it is at the extraction.
    pub state: FamilyState,
}

/// A row of `family_periods.csv`: what differed from `families.csv` in [from, to].
#[derive(Debug, Clone, PartialEq)]
pub struct FamilyPeriod {
    /// The family.
    pub family: FamilyIx,
    /// The first day.
    pub from: Day,
    /// The last day; `None` where the period has not ended.
    pub to: Option<Day>,
    /// Only the columns that the row fills; the rest is `None` or empty.
    pub changed: FamilyState,
    /// When it became known; `None`: on its first day.
    pub recorded: Option<Day>,
}

/// A row of `stays.csv`: one uninterrupted time in one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Stay {
    /// The pseudonym. Never shown in a message.
    pub id: Box<str>,
    /// Who stays.
    pub child: ChildIx,
    /// Where.
    pub setting: Setting,
    /// The foster family or family home, where it is identified.
    pub family: Option<FamilyIx>,
    /// The kind of family, where the family itself is not identified.
    pub family_kind: Option<FamilyKind>,
    /// The pleegzorgaanbieder.
    pub provider: Option<Label>,
    /// The first day.
    pub start: Day,
    /// The day on which the child left; `None` where the stay runs.
    pub end: Option<Day>,
    /// Why it ended.
    pub end_reason: Option<EndReason>,
    /// Whether the end was planned.
    pub end_planned: Option<bool>,
    /// Whether the end was wanted.
    pub end_wanted: Option<bool>,
    /// What the placement was for, at its start.
    pub perspective: Option<Perspective>,
    /// How much of the time, at its start.
    pub care_form: Option<CareForm>,
    /// The legal ground at its start.
    pub legal: Option<Legal>,
    /// Whether siblings were placed together, at its start.
    pub siblings_together: Option<bool>,
    /// The region that is responsible, at its start.
    pub region: Option<Label>,
    /// When it became known; `None`: on its start.
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

    /// Whether a foster stay ended unplanned, by its flag, else by its reason.
    #[must_use]
    pub fn ended_unplanned(&self) -> bool {
        if !matches!(self.setting, Setting::Foster | Setting::FamilyHome) {
            return false;
        }
        match self.end_planned {
            Some(planned) => !planned && self.end_reason != Some(EndReason::Administrative),
            None => matches!(
                self.end_reason,
                Some(
                    EndReason::CarerBehaviour
                        | EndReason::CarerOther
                        | EndReason::CarerStopped
                        | EndReason::ChildRequest
                        | EndReason::Safety
                        | EndReason::Authority
                )
            ),
        }
    }
}

/// A row of `events.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Whom it happened to.
    pub child: ChildIx,
    /// The stay during which it happened.
    pub stay: Option<StayIx>,
    /// When it happened.
    pub date: Day,
    /// What happened.
    pub kind: EventKind,
    /// The role of the helper that changed, an open list.
    pub role: Option<Label>,
    /// What it was before.
    pub from: Option<Label>,
    /// What it became.
    pub to: Option<Label>,
    /// Whether the old and the new helper met the child together.
    pub warm_handover: Option<bool>,
    /// When it became known; `None`: on its date.
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
    /// A child.
    Child(ChildIx),
    /// A foster family.
    Family(FamilyIx),
    /// A stay.
    Stay(StayIx),
    /// A child and a prospective family, scored in the introduction phase.
    Pair(ChildIx, FamilyIx),
}

/// A row of `assessments.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// Whom it is about.
    pub subject: Subject,
    /// When it was scored.
    pub date: Day,
    /// The scale's name, an open list (`sdq_total`, `behaviour_demand`, …).
    pub scale: Label,
    /// The score; a file always gives one.
    pub score: Option<f64>,
    /// Who scored, an open list.
    pub rater: Option<Label>,
    /// When it became known; `None`: on its date.
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
    /// The area.
    pub area: Label,
    /// Latitude, north is positive.
    pub lat: f64,
    /// Longitude, east is positive.
    pub lon: f64,
}

/// A row of `requests.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The pseudonym. Never shown in a message.
    pub id: Box<str>,
    /// Whom a family is sought for.
    pub child: ChildIx,
    /// When the request came in.
    pub received: Option<Day>,
    /// The first day on which a family is needed.
    pub needed_from: Day,
    /// Requests of one group are placed together.
    pub group: Option<Label>,
    /// Whether siblings must stay together.
    pub keep_siblings: Option<KeepSiblings>,
    /// How much of the time.
    pub care_form: Option<CareForm>,
    /// What the placement is for.
    pub perspective: Option<Perspective>,
    /// 1 (can wait) to 3 (now).
    pub urgency: Option<u8>,
    /// The furthest that the family may live from home, in km.
    pub max_distance_km: Option<f64>,
    /// Areas that must stay within reach, for contact.
    pub contact_areas: Vec<Label>,
    /// Areas where the child must not be placed.
    pub avoid_areas: Vec<Label>,
    /// Whether the address must stay secret.
    pub secret_address: Option<bool>,
    /// When the request was closed; `None` where it is open.
    pub closed: Option<Day>,
    /// How it was closed; free text.
    pub outcome: Option<Label>,
    /// The stay that came of it.
    pub placed_stay: Option<StayIx>,
    /// When it became known; `None`: when it was received.
    pub recorded: Option<Day>,
}

/// A row of `pairs.csv`: a coded wish or conflict. A side is a child's or a family's id.
#[derive(Debug, Clone, PartialEq)]
pub struct PairRule {
    /// Must, never or not together.
    pub kind: PairKind,
    /// The one side.
    pub a: Party,
    /// The other side.
    pub b: Party,
    /// Whose wish it is.
    pub lane: Option<PairLane>,
    /// Why; free text, shown but never evaluated.
    pub reason: Option<Label>,
}

/// A side of a [`PairRule`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// A child.
    Child(ChildIx),
    /// A foster family.
    Family(FamilyIx),
}

/// A row of `offers.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// The request.
    pub request: RequestIx,
    /// The family that was asked.
    pub family: FamilyIx,
    /// When it was asked.
    pub offered: Day,
    /// When it answered.
    pub answered: Option<Day>,
    /// Its answer.
    pub answer: Option<Answer>,
    /// Why; free text.
    pub reason: Option<Label>,
    /// When it became known; `None`: on the day of the offer.
    pub recorded: Option<Day>,
}

/// All that one history folder holds.
#[derive(Debug, Clone)]
pub struct History {
    /// The window of observation.
    pub window: Window,
    /// `children.csv`.
    pub children: Vec<Child>,
    /// `families.csv`.
    pub families: Vec<Family>,
    /// `family_periods.csv`.
    pub family_periods: Vec<FamilyPeriod>,
    /// `stays.csv`.
    pub stays: Vec<Stay>,
    /// `events.csv`.
    pub events: Vec<Event>,
    /// `assessments.csv`.
    pub assessments: Vec<Assessment>,
    /// `areas.csv`.
    pub areas: Vec<Area>,
    /// `requests.csv`.
    pub requests: Vec<Request>,
    /// `pairs.csv`.
    pub pairs: Vec<PairRule>,
    /// `offers.csv`.
    pub offers: Vec<Offer>,
    /// The words behind every [`Label`].
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
