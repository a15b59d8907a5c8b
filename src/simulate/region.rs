//! One region: children come into care, wait, are placed, leave, and come back, day by day.
//!
//! A region is simulated by one thread with its own stream of random numbers; its children
//! compete for the places of the same families. It starts ten years before the window of
//! observation, so that the window opens on a running system; what ended before the window
//! leaves no record but the counts `moves_before` and `breakdowns_before`.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;

use crate::history::{
    Assessment, Child, Day, Event, Family, FamilyPeriod, Label, Offer, PairRule, Request, Stay,
};

use super::child::{Household, Kid};
use super::draw::{chance, frailty, whole};
use super::family::Fam;
use super::ground::{AREAS, Ground, LOCAL_PROVIDERS, PLACES};
use super::hazard::exponential;
use super::placing::LONGEST_SEARCH;
use super::scenario::Scenario;
use super::truth::{LocalTruth, Start};

/// Years of simulation before the window opens.
const BEFORE: i32 = 10;
/// Children that arrive before the window opens, per child that is recorded. With this share
/// the inflow before and in the window is about equal.
const ARRIVALS_BEFORE: f64 = 0.70;
/// Families that offer full-time and part-time places at first, per recorded child.
const FULL_TIME_FAMILIES: f64 = 0.20;
const PART_TIME_FAMILIES: f64 = 0.05;
/// Mean years that a recruited family goes on.
const FAMILY_YEARS: f64 = 8.0;

/// What is to be done on a day.
#[derive(Debug, Clone)]
pub(super) enum Task {
    /// A household's children come into care.
    Arrive { children: u32 },
    /// Children need a place.
    Place(Need),
    /// A family is recruited, for part-time care only or not.
    Recruit { part_time: bool },
}

/// Children that need a foster family, as one.
#[derive(Debug, Clone)]
pub(super) struct Need {
    pub kids: std::ops::Range<u32>,
    pub received: Day,
    pub crisis: bool,
    pub part_time: bool,
    /// Whether a family home is asked for.
    pub family_home: bool,
    /// Whether it cannot wait: the child has no place to be.
    pub at_once: bool,
    /// Whether brothers and sisters could not be placed together.
    pub apart: bool,
    /// Chance that somebody of the network steps in.
    pub network: f64,
    /// How often no family was found.
    pub tries: u8,
}

/// The records of a region, with positions within the region.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub stays: Vec<Stay>,
    pub events: Vec<Event>,
    pub assessments: Vec<Assessment>,
    pub requests: Vec<Request>,
    /// Per request, the number of its group within the region.
    pub request_groups: Vec<Option<u32>>,
    pub offers: Vec<Offer>,
    pub pairs: Vec<PairRule>,
    pub truth: Vec<LocalTruth>,
    /// What bore on the placements in foster families; for calibration and tests.
    pub starts: Vec<Start>,
}

/// A region as it runs.
pub(super) struct Region<'a> {
    pub scenario: &'a Scenario,
    pub ground: &'a Ground,
    pub number: usize,
    pub rng: ChaCha12Rng,
    pub kids: Vec<Kid>,
    pub families: Vec<Fam>,
    /// Families that may take children, network families excepted.
    pub pool: Vec<u32>,
    pub records: Records,
    /// The first day on which requests are registered.
    pub requests_from: Day,
    queue: BinaryHeap<Reverse<(Day, u32)>>,
    tasks: Vec<Option<Task>>,
}

/// A finished region.
pub(super) struct Finished {
    pub children: Vec<Child>,
    /// Per child, the number of its sibling group within the region.
    pub groups: Vec<Option<u32>>,
    pub families: Vec<Family>,
    pub periods: Vec<FamilyPeriod>,
    pub records: Records,
}

impl<'a> Region<'a> {
    /// Simulates region `number` until it has recorded `children` children.
    pub fn run(
        scenario: &'a Scenario,
        ground: &'a Ground,
        number: usize,
        children: u32,
        seed: u64,
    ) -> Finished {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        rng.set_stream(number as u64 + 1);
        let window = scenario.window;
        let mut region = Self {
            scenario,
            ground,
            number,
            rng,
            kids: Vec::new(),
            families: Vec::new(),
            pool: Vec::new(),
            records: Records::default(),
            requests_from: window.end.plus_years(-scenario.request_years).plus_days(1),
            queue: BinaryHeap::new(),
            tasks: Vec::new(),
        };
        let opens = window.start.plus_years(-BEFORE);
        region.recruit_all(opens, children);
        let before = (f64::from(children) * ARRIVALS_BEFORE) as u32;
        region.schedule_arrivals(before, opens, window.start);
        region.run_until(window.start);
        let carried = region.carry_over();
        let fresh = children.saturating_sub(carried);
        region.schedule_arrivals(fresh, window.start, window.end);
        region.run_until(window.end);
        region.open_requests();
        region.leave_open();
        region.finish()
    }

    /// Puts a task on a day.
    pub fn schedule(&mut self, day: Day, task: Task) {
        self.queue.push(Reverse((day, self.tasks.len() as u32)));
        self.tasks.push(Some(task));
    }

    /// Families at first, and when later ones are recruited.
    fn recruit_all(&mut self, opens: Day, children: u32) {
        let days = self.scenario.window.end.since(opens);
        for (share, part_time) in [(FULL_TIME_FAMILIES, false), (PART_TIME_FAMILIES, true)] {
            let first = (f64::from(children) * share).ceil() as u32 + 3;
            for _ in 0..first {
                // They have been at it for some years.
                let years = whole(&mut self.rng, 0, 4000);
                self.recruit(opens.plus_days(-years), part_time);
            }
            let later = f64::from(first) * f64::from(days) / 365.25 / FAMILY_YEARS;
            for _ in 0..later.round() as u32 {
                let day = opens.plus_days(whole(&mut self.rng, 0, days));
                self.schedule(day, Task::Recruit { part_time });
            }
        }
    }

    /// Adds a recruited family. How long it means to go on is drawn at once.
    fn recruit(&mut self, since: Day, part_time: bool) {
        let at = self.somewhere();
        let multiplier = self.frailty(at.0);
        let mut fam = Fam::recruited(&mut self.rng, self.ground, multiplier, at, since, part_time);
        let days = exponential(&mut self.rng, 1.0 / (365.25 * FAMILY_YEARS)).clamp(200.0, 15_000.0);
        fam.close(since.plus_days(days as i32), self.ground.words.personal);
        self.pool.push(self.families.len() as u32);
        self.families.push(fam);
    }

    /// A provider and an area of this region.
    pub fn somewhere(&mut self) -> (usize, usize) {
        let local = whole(&mut self.rng, 0, LOCAL_PROVIDERS as i32 - 1) as usize;
        let provider = (self.number * LOCAL_PROVIDERS + local) % self.ground.providers.len();
        let area = self.place() * AREAS + whole(&mut self.rng, 0, AREAS as i32 - 1) as usize;
        (provider, area)
    }

    /// Where on the map the region lies.
    pub fn place(&self) -> usize {
        self.number % PLACES
    }

    /// The multiplier of a new family of a provider.
    pub fn frailty(&mut self, provider: usize) -> f64 {
        match self.scenario.family_effects {
            Some(f) => frailty(&mut self.rng, f.family) * self.ground.provider_effects[provider],
            None => 1.0,
        }
    }

    /// Schedules arrivals of `children` children, evenly over [from, to).
    fn schedule_arrivals(&mut self, children: u32, from: Day, to: Day) {
        let mut left = children;
        while left > 0 {
            let size = match whole(&mut self.rng, 0, 99) {
                0..=61 => 1,
                62..=88 => 2,
                _ => 3,
            };
            let size = size.min(left);
            left -= size;
            let day = from.plus_days(whole(&mut self.rng, 0, to.since(from) - 1));
            self.schedule(day, Task::Arrive { children: size });
        }
    }

    /// Does what is due before `day`.
    fn run_until(&mut self, day: Day) {
        while let Some(&Reverse((due, k))) = self.queue.peek() {
            if due >= day {
                break;
            }
            self.queue.pop();
            match self.tasks[k as usize].take() {
                Some(Task::Arrive { children }) => self.arrive(due, children),
                Some(Task::Recruit { part_time }) => self.recruit(due, part_time),
                Some(Task::Place(need)) => self.place_children(due, need),
                None => {}
            }
        }
    }

    /// A household's children come into care.
    fn arrive(&mut self, day: Day, size: u32) {
        let place = self.place();
        let household = Household::new(&mut self.rng, place);
        let first = self.kids.len() as u32;
        let group = first..first + size;
        for younger in 0..size {
            let kid = Kid::new(
                &mut self.rng,
                self.ground,
                &household,
                (younger, group.clone()),
                day,
                self.scenario.missing,
            );
            self.kids.push(kid);
        }
        if day >= self.scenario.window.start {
            for kid in &mut self.kids[first as usize..] {
                kid.recorded = true;
            }
        }
        let wait = if household.crisis {
            whole(&mut self.rng, 0, 2)
        } else {
            10 + exponential(&mut self.rng, 1.0 / 100.0).min(400.0) as i32
        };
        // Nobody comes of age while waiting: time is left for every try.
        let left = self.kids[first as usize].comes_of_age().since(day);
        let wait = wait.min(left - LONGEST_SEARCH).max(0);
        let network = match (household.crisis, household.part_time) {
            (true, _) => 0.58,
            (_, true) => 0.50,
            _ => 0.73,
        };
        let need = Need {
            kids: group,
            received: day,
            crisis: household.crisis,
            part_time: household.part_time,
            family_home: false,
            at_once: false,
            apart: false,
            network,
            tries: 0,
        };
        self.schedule(day.plus_days(wait), Task::Place(need));
    }

    /// Counts the children who are recorded although they came before the window: they live in
    /// a foster family, wait for one, or come back.
    fn carry_over(&mut self) -> u32 {
        for task in self.tasks.iter().flatten() {
            if let Task::Place(need) = task {
                for kid in need.kids.clone() {
                    self.kids[kid as usize].recorded = true;
                }
            }
        }
        self.kids.iter().filter(|k| k.recorded).count() as u32
    }

    /// Whether a request that came in on `day` is registered.
    pub fn registers(&self, day: Day) -> bool {
        self.requests_from <= day && day <= self.scenario.window.end
    }

    /// Leaves a value out, where values may be missing.
    pub fn blank(&mut self, p: f64) -> bool {
        self.scenario.missing && chance(&mut self.rng, p)
    }

    /// Writes where children are between two families when the window closes.
    fn leave_open(&mut self) {
        let later = self.scenario.window.end.plus_days(1);
        for kid in 0..self.kids.len() as u32 {
            if let Some((setting, from, reason)) = self.kids[kid as usize].elsewhere.take() {
                self.write_elsewhere(kid, setting, (from, later), reason);
            }
        }
    }

    /// The recorded children and families, renumbered; records follow.
    fn finish(mut self) -> Finished {
        let end = self.scenario.window.end;
        for ix in 0..self.families.len() {
            self.families[ix].review_until(&mut self.rng, end);
        }
        let new_kid = number(self.kids.iter().map(|k| k.recorded));
        let window = self.scenario.window;
        for fam in self.pool.iter().map(|&f| f as usize) {
            let fam = &mut self.families[fam];
            let gone = fam.stopped().is_some_and(|(s, _)| s <= window.start);
            fam.recorded |= !gone && fam.since < window.end;
        }
        let new_family = number(self.families.iter().map(|f| f.recorded));
        let mut families = Vec::new();
        let mut periods = Vec::new();
        for fam in self.families.iter().filter(|f| f.recorded) {
            let ix = crate::history::FamilyIx(families.len() as u32);
            let (family, changes) = fam.records(self.ground, ix, end);
            families.push(family);
            periods.extend(changes);
        }
        self.write_reviews();
        let mut children = Vec::new();
        let mut groups = Vec::new();
        for kid in self.kids.iter().filter(|k| k.recorded) {
            let rng = self.scenario.missing.then_some(&mut self.rng);
            children.push(kid.record(self.ground, rng));
            groups.push((kid.group.len() > 1).then_some(kid.group.start));
        }
        let mut records = self.records;
        records.renumber(&new_kid, &new_family);
        Finished { children, groups, families, periods, records }
    }

    /// Tasks that are still to be done, with their days.
    pub fn pending(&self) -> impl Iterator<Item = (Day, &Task)> {
        self.queue
            .iter()
            .filter_map(|Reverse((day, k))| self.tasks[*k as usize].as_ref().map(|t| (*day, t)))
    }

    /// A label of the region on the map.
    pub fn label(&self) -> Label {
        self.ground.regions[self.place()]
    }
}

/// New positions of the kept ones.
fn number(kept: impl Iterator<Item = bool>) -> Vec<u32> {
    let mut next = 0;
    kept.map(|k| {
        let at = next;
        next += u32::from(k);
        at
    })
    .collect()
}
