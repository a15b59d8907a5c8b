//! Children as the simulation runs: what they bring, and what has happened to them so far.

use rand_chacha::ChaCha12Rng;

use crate::history::{Birth, Child, Day, EndReason, Label, Legal, Perspective, Setting, Sex};

use super::draw::{between, chance, normal, score, weighted, whole};
use super::family::birth_month;
use super::ground::{AREAS, Ground, NEEDS};

/// A change of helper.
#[derive(Debug, Clone, Copy)]
pub(super) struct HelperChange {
    pub date: Day,
    pub guardian: bool,
    pub warm: bool,
}

/// A child.
#[derive(Debug, Clone)]
pub(super) struct Kid {
    pub birth: Birth,
    pub sex: Sex,
    /// Brothers and sisters who came into care together, itself included.
    pub group: std::ops::Range<u32>,
    pub home: usize,
    pub school: usize,
    pub needs: Vec<Label>,
    demand_trait: f64,
    /// How easily its parents get along with carers.
    pub parents: f64,
    pub legal: Legal,
    pub perspective: Perspective,
    /// Whether the perspective has been decided.
    pub decided: bool,
    pub breakdowns: u32,
    /// Out-of-home places before.
    pub moves: u32,
    pub residential: bool,
    pub first_out: Option<Day>,
    pub helpers: Vec<HelperChange>,
    /// How many of `helpers` have been written.
    pub helpers_written: usize,
    /// The family and the day on which it leaves, while it lives in a foster family full time.
    pub placed: Option<(u32, Day)>,
    /// Where it is between two families, since when, and why it will leave there.
    pub elsewhere: Option<(Setting, Day, EndReason)>,
    /// The start of the last placement for which it was scored.
    pub scored: Option<Day>,
    /// Kilometres that its parents can travel.
    pub max_km: f64,
    /// Whether its address is kept secret.
    pub secret: bool,
    /// An area where it may not live.
    pub avoid: Option<usize>,
    /// Moves and breakdowns before its first recorded stay.
    pub before: Option<(u32, u32)>,
    pub recorded: bool,
}

/// What brothers and sisters share when they come into care.
pub(super) struct Household {
    pub part_time: bool,
    pub crisis: bool,
    home: usize,
    place: usize,
    /// Age of the eldest.
    eldest: f64,
    parents: f64,
    legal: Legal,
    decided: bool,
    max_km: f64,
    secret: bool,
    avoid: Option<usize>,
}

/// Shares of the eldest's age at entry, as (share, (from year, to year)). Tuned so that
/// placements *start* at 0–4, 5–11 and 12–17 years in 40, 33 and 27% of cases, younger brothers
/// and sisters and later placements included.
const AGES: [(f64, (f64, f64)); 3] =
    [(0.62, (0.0, 5.0)), (0.25, (5.0, 12.0)), (0.13, (12.0, 17.4))];

impl Household {
    /// A household whose children enter care. Of new placements 19% start in a crisis and 18%
    /// are part time (factsheet 2014); a crisis is likelier for the very young (2012).
    pub fn new(rng: &mut ChaCha12Rng, place: usize) -> Self {
        let (from, to) = weighted(rng, AGES[0].1, &AGES);
        let eldest = between(rng, from, to);
        let part_time = chance(rng, 0.27);
        let crisis = !part_time && chance(rng, if eldest < 5.0 { 0.33 } else { 0.20 });
        let legal = weighted(
            rng,
            Legal::Ots,
            &[
                (0.40, Legal::Voluntary),
                (0.08, Legal::Drang),
                (0.38, Legal::Ots),
                (0.14, Legal::GuardianshipGi),
            ],
        );
        let undecided = match legal {
            Legal::GuardianshipGi => 0.1,
            _ if crisis => 0.75,
            _ => 0.55,
        };
        let home = within(rng, place);
        Self {
            part_time,
            crisis,
            home,
            place,
            eldest,
            parents: normal(rng, 0.0, 1.1),
            legal,
            decided: !chance(rng, undecided),
            max_km: if chance(rng, 0.7) { 60.0 } else { f64::from(whole(rng, 2, 4) * 10) },
            secret: chance(rng, 0.03),
            avoid: chance(rng, 0.05).then(|| within(rng, place)).filter(|&a| a != home),
        }
    }
}

/// An area of a place.
fn within(rng: &mut ChaCha12Rng, place: usize) -> usize {
    place * AREAS + whole(rng, 0, AREAS as i32 - 1) as usize
}

impl Kid {
    /// The child of a household that is `younger`-th in age, as it enters care on `day`.
    pub fn new(
        rng: &mut ChaCha12Rng,
        ground: &Ground,
        household: &Household,
        (younger, group): (u32, std::ops::Range<u32>),
        day: Day,
        missing: bool,
    ) -> Self {
        let gap = f64::from(younger) * between(rng, 1.2, 3.5);
        let age =
            if gap < household.eldest { household.eldest - gap } else { between(rng, 0.0, 1.0) };
        let born = day.plus_days(-((age * 365.25) as i32));
        let month = birth_month(born);
        let birth = if missing && month.day <= day && chance(rng, 0.05) {
            month
        } else {
            Birth { day: born, month_only: false }
        };
        let needs: Vec<Label> = (ground.needs.iter().zip(NEEDS))
            .filter(|(_, (_, share))| chance(rng, *share))
            .map(|(&n, _)| n)
            .collect();
        let demand = 4.6 + 0.06 * (age - 7.0) + 0.5 * needs.len() as f64 + normal(rng, 0.0, 1.7);
        let school = if chance(rng, 0.7) { household.home } else { within(rng, household.place) };
        Self {
            birth,
            sex: if chance(rng, 0.5) { Sex::Female } else { Sex::Male },
            group,
            home: household.home,
            school,
            needs,
            demand_trait: demand,
            parents: household.parents,
            legal: household.legal,
            perspective: if household.decided {
                Perspective::LongTerm
            } else {
                Perspective::ReturnHome
            },
            decided: household.decided,
            breakdowns: 0,
            moves: 0,
            residential: false,
            first_out: None,
            helpers: Vec::new(),
            helpers_written: 0,
            placed: None,
            elsewhere: None,
            scored: None,
            max_km: household.max_km,
            secret: household.secret,
            avoid: household.avoid,
            before: None,
            recorded: false,
        }
    }

    /// The day on which it comes of age.
    pub fn comes_of_age(&self) -> Day {
        self.birth.day.plus_years(18)
    }

    /// Enters a foster family.
    pub fn enters(&mut self, day: Day, part_time: bool) {
        if !part_time {
            self.first_out.get_or_insert(day);
        }
    }

    /// A stay of it is on record; what came before the first one is only counted.
    pub fn is_recorded(&mut self) {
        self.recorded = true;
        self.before.get_or_insert((self.moves, self.breakdowns));
    }

    /// A fresh score of its behaviour's demand. Each breakdown raises it by half a point.
    pub fn demand(&self, rng: &mut ChaCha12Rng) -> f64 {
        score(self.demand_trait + 0.5 * f64::from(self.breakdowns.min(4)) + normal(rng, 0.0, 0.7))
    }

    /// Helper changes in the 12 months before `day`.
    pub fn recent_helper_changes(&self, day: Day) -> f64 {
        self.helpers.iter().filter(|h| h.date < day && day.since(h.date) <= 365).count() as f64
    }

    /// Its row in `children.csv`.
    pub fn record(&self, ground: &Ground, missing: Option<&mut ChaCha12Rng>) -> Child {
        let (moves, breakdowns) = self.before.unwrap_or((0, 0));
        let mut child = Child {
            id: Box::from(""),
            birth: self.birth,
            sex: Some(self.sex),
            sibling_group: None,
            // Four municipalities to a region, ten areas to a municipality.
            origin_municipality: Some(ground.municipalities[self.home * 4 / AREAS]),
            home_area: Some(ground.areas[self.home].area),
            school_area: Some(ground.areas[self.school].area),
            needs: self.needs.clone(),
            first_out_of_home: self.first_out,
            moves_before: Some(moves),
            breakdowns_before: Some(breakdowns),
        };
        if let Some(rng) = missing {
            let mut blank = |p: f64| chance(rng, p);
            child.sex = child.sex.filter(|_| !blank(0.01));
            child.home_area = child.home_area.filter(|_| !blank(0.05));
            child.origin_municipality = child.origin_municipality.filter(|_| !blank(0.05));
            child.school_area = child.school_area.filter(|_| !blank(0.25));
            child.first_out_of_home = child.first_out_of_home.filter(|_| !blank(0.05));
            if blank(0.15) {
                (child.moves_before, child.breakdowns_before) = (None, None);
            }
        }
        child
    }
}
