//! What the Dutch guideline for foster care asks in this case: conditions, never exclusions.
//!
//! Source: Richtlijn Pleegzorg, as cited by the Achterhoek plan of 2018: past the 10th birthday
//! and after several moves, weigh with care whether foster care is feasible, and only with
//! intensive specialist support for child and family; and within half a year, at the latest a
//! year, it must be clear whether the child can go home, the sooner the younger the child.

use super::note::Note;
use crate::DAYS_PER_MONTH;
use crate::history::{
    CareForm, ChildIx, Day, EndReason, EventKind, History, Index, Perspective, Setting, Stay,
};

/// An absence (hospital, other) no longer than this, with return to the same family, is no move.
const ABSENCE_DAYS: i32 = 28;

/// When the notes appear. Part of the rules file, `[notes]`.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoteSettings {
    /// The guideline note needs a child past this birthday.
    pub guideline_age: i32,
    /// And at least so many carer moves after the first.
    pub guideline_moves: u32,
    /// Months until the perspective should be clear for a newborn.
    pub clock_months: f64,
    /// Months at most, for any age.
    pub clock_latest_months: f64,
    /// The age in years from which the longest time applies.
    pub clock_full_age: f64,
}

impl Default for NoteSettings {
    fn default() -> Self {
        Self {
            guideline_age: 10,
            guideline_moves: 2,
            clock_months: 6.0,
            clock_latest_months: 12.0,
            clock_full_age: 12.0,
        }
    }
}

impl NoteSettings {
    /// Whether the numbers make sense.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        if !(0..=30).contains(&self.guideline_age) {
            return Err("notes.guideline_age must be between 0 and 30".into());
        }
        let months = [self.clock_months, self.clock_latest_months, self.clock_full_age];
        if months.iter().any(|m| !m.is_finite() || *m < 0.0 || *m > 240.0) {
            return Err("notes: the clock's numbers must be between 0 and 240".into());
        }
        if self.clock_months > self.clock_latest_months {
            return Err("notes.clock_months must not exceed clock_latest_months".into());
        }
        Ok(())
    }

    /// Months in which the perspective should be clear for a child of this age: tighter the
    /// younger, linear between the guideline's two ends.
    #[must_use]
    pub fn clock_for(&self, age: f64) -> f64 {
        let share = if self.clock_full_age > 0.0 {
            (age / self.clock_full_age).clamp(0.0, 1.0)
        } else {
            1.0
        };
        self.clock_months + (self.clock_latest_months - self.clock_months) * share
    }
}

/// The words that belong on every page with a score: signals about safety go before it.
#[must_use]
pub fn safety() -> Note {
    Note::new(
        "safety_first",
        "Veiligheid gaat altijd voor. Maakt u zich zorgen over de veiligheid van een kind? Volg \
         dan de meldcode en bel Veilig Thuis. Wacht niet op een score, en laat u er niet door \
         geruststellen.",
        "Safety always comes first. Worried about a child's safety? Follow the reporting code and \
         call Veilig Thuis. Do not wait for a score, and do not be reassured by one.",
    )
}

/// The notes of the guideline for a child on a day: feasibility after several moves, and the
/// perspective clock. `perspective` is that of the running stay or of the request.
#[must_use]
pub fn guideline(
    h: &History,
    index: &Index,
    child: ChildIx,
    perspective: Option<Perspective>,
    as_of: Day,
    settings: &NoteSettings,
) -> Vec<Note> {
    let care = CareSoFar::new(h, index, child, as_of);
    let mut notes = Vec::new();
    notes.extend(feasibility(h, child, &care, as_of, settings));
    notes.extend(clock(h, index, child, perspective, &care, as_of, settings));
    notes
}

/// What is known on a day of a child's way through care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CareSoFar {
    /// Carer moves after the first, as far as known.
    pub moves_after_first: u32,
    /// Whether moves before the records are missing from that count.
    pub moves_unknown: bool,
    /// Since when the child has lived away from its parents without a return; `None` at home.
    pub away_since: Option<Day>,
}

impl CareSoFar {
    /// Reads only what is known on `as_of`. A carer move is the arrival at another carer: the
    /// first one is the move out of home. Part-time stays, absences and a mere change in the
    /// registration are no moves.
    #[must_use]
    pub fn new(h: &History, index: &Index, child: ChildIx, as_of: Day) -> Self {
        let stays: Vec<&Stay> = index
            .stays_of_child(child)
            .iter()
            .map(|&row| &h.stays[row as usize])
            .filter(|s| s.start <= as_of && s.known_from() <= as_of)
            .filter(|s| s.care_form != Some(CareForm::PartTime))
            .collect();
        let mut arrivals = 0u32;
        let mut last: Option<&Stay> = None;
        let mut away_since = None;
        let mut been_home = false;
        for (k, &stay) in stays.iter().enumerate() {
            match stay.setting {
                Setting::Home => {
                    // A return home is a change of carer too.
                    arrivals += u32::from(last.is_some());
                    (last, away_since, been_home) = (None, None, true);
                    continue;
                }
                Setting::Hospital => continue,
                _ if is_absence(stay, last, stays.get(k + 1).copied()) => continue,
                _ => {}
            }
            if !last.is_some_and(|before| same_carer(before, stay)) {
                arrivals += 1;
            }
            last = Some(stay);
            away_since = away_since.or(Some(stay.start));
        }
        let record = h.child(child);
        let first_recorded = stays.iter().find(|s| s.setting != Setting::Home).map(|s| s.start);
        let began = record.first_out_of_home.filter(|&d| d <= as_of);
        let earlier = match (began, first_recorded) {
            (Some(began), Some(first)) => began < first,
            (Some(_), None) => true,
            _ => false,
        };
        if earlier && !been_home && away_since.is_some() {
            away_since = began;
        }
        let in_care_before_window = began.or(first_recorded).is_some_and(|d| d < h.window.start);
        let before = record.moves_before;
        // Where an earlier move out of home is known but not its number, it was at least one.
        let total = arrivals.saturating_add(before.unwrap_or(u32::from(earlier)));
        Self {
            moves_after_first: total.saturating_sub(1),
            moves_unknown: before.is_none() && in_care_before_window,
            away_since,
        }
    }
}

/// A stay elsewhere from which the child came back to the same family soon.
fn is_absence(stay: &Stay, before: Option<&Stay>, after: Option<&Stay>) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return false };
    stay.setting == Setting::Other
        && before.family.is_some()
        && before.family == after.family
        && after.start.since(stay.start) <= ABSENCE_DAYS
}

fn same_carer(before: &Stay, stay: &Stay) -> bool {
    (before.family.is_some() && before.family == stay.family)
        || before.end_reason == Some(EndReason::Administrative)
}

fn feasibility(
    h: &History,
    child: ChildIx,
    care: &CareSoFar,
    as_of: Day,
    settings: &NoteSettings,
) -> Option<Note> {
    let age = settings.guideline_age;
    if as_of <= h.child(child).birth.day.plus_years(age) {
        return None;
    }
    let moves = care.moves_after_first;
    if moves >= settings.guideline_moves {
        return Some(Note::new(
            "guideline_feasibility",
            format!(
                "Dit kind is ouder dan {age} jaar en is na de eerste plek al {moves} keer naar een \
                 andere verzorger verhuisd. De Richtlijn Pleegzorg vraagt dan om goed af te wegen \
                 of pleegzorg haalbaar is. Pleegzorg kan alleen met intensieve hulp van \
                 specialisten, voor het kind én voor het pleeggezin. Dit is een voorwaarde. Het \
                 is geen reden om het kind uit te sluiten."
            ),
            format!(
                "This child is past its {age}th birthday and has moved to another carer {moves} \
                 times after the first. The guideline then asks to weigh with care whether foster \
                 care is feasible. It is possible only with intensive specialist support for the \
                 child and for the foster family. This is a condition, not a reason to exclude \
                 the child."
            ),
        ));
    }
    care.moves_unknown.then(|| {
        Note::new(
            "guideline_moves_unknown",
            format!(
                "Dit kind is ouder dan {age} jaar. Hoe vaak het eerder van verzorger wisselde, is \
                 niet vastgelegd. Vraag dit na: na meer verhuizingen vraagt de Richtlijn Pleegzorg \
                 om intensieve hulp van specialisten, voor het kind én voor het pleeggezin."
            ),
            format!(
                "This child is past its {age}th birthday. How often it changed carers before is \
                 not recorded. Ask: after several moves the guideline asks for intensive \
                 specialist support for the child and for the foster family."
            ),
        )
    })
}

fn clock(
    h: &History,
    index: &Index,
    child: ChildIx,
    perspective: Option<Perspective>,
    care: &CareSoFar,
    as_of: Day,
    settings: &NoteSettings,
) -> Option<Note> {
    let since = care.away_since?;
    let decided = index.events_of_child(child).iter().any(|&row| {
        let event = &h.events[row as usize];
        event.kind == EventKind::PerspectiveDecision
            && event.date >= since
            && event.date <= as_of
            && event.known_from() <= as_of
    });
    if decided {
        return None;
    }
    let age = h.child(child).birth.age_on(since);
    let due = months_after(since, settings.clock_for(age));
    let latest = months_after(since, settings.clock_latest_months);
    let code = if as_of > latest {
        "perspective_clock_late"
    } else if as_of > due {
        "perspective_clock_due"
    } else {
        "perspective_clock"
    };
    let months = (f64::from(as_of.since(since)) / DAYS_PER_MONTH).floor();
    let (when_nl, when_en) = if as_of > latest {
        (
            format!("Dat had uiterlijk op {} duidelijk moeten zijn.", dutch(latest)),
            format!("That should have been clear by {latest} at the latest."),
        )
    } else if as_of > due {
        (
            format!("Dat is nu nodig: uiterlijk op {} moet het duidelijk zijn.", dutch(latest)),
            format!("It is due now: it must be clear by {latest} at the latest."),
        )
    } else {
        (
            format!(
                "Neem dat besluit liefst vóór {}, en uiterlijk op {}.",
                dutch(due),
                dutch(latest)
            ),
            format!("Take that decision before {due} if possible, by {latest} at the latest."),
        )
    };
    let (what_nl, what_en) = if perspective == Some(Perspective::LongTerm) {
        (
            "Als perspectief staat 'opgroeien in het pleeggezin', maar er is geen \
             perspectiefbesluit vastgelegd.",
            "The perspective reads long term, but no perspective decision is on record.",
        )
    } else {
        (
            "Er is nog geen besluit of dit kind weer thuis kan wonen.",
            "It has not been decided whether this child can live at home again.",
        )
    };
    Some(Note::new(
        code,
        format!(
            "{what_nl} Het kind woont nu {months} maanden niet thuis. {when_nl} Hoe jonger het \
             kind, hoe belangrijker het is om tempo te maken."
        ),
        format!(
            "{what_en} The child has lived away from home for {months} months. {when_en} The \
             younger the child, the more speed matters."
        ),
    ))
}

fn months_after(day: Day, months: f64) -> Day {
    day.plus_days((months * DAYS_PER_MONTH).round() as i32)
}

/// A date as the Dutch write it.
fn dutch(day: Day) -> String {
    let (y, m, d) = day.ymd();
    format!("{d:02}-{m:02}-{y:04}")
}
