//! Foster families: how they come, change, are reviewed, and stop.

use rand::RngExt;
use rand_chacha::ChaCha12Rng;

use crate::history::{
    Birth, CareForm, Day, Family, FamilyIx, FamilyKind, FamilyPeriod, FamilyState, FamilyStatus,
    Label, Perspective,
};

use super::draw::{between, chance, normal, score, whole};
use super::ground::Ground;

/// A foster family as the simulation runs.
#[derive(Debug, Clone)]
pub(super) struct Fam {
    pub kind: FamilyKind,
    pub provider: usize,
    pub area: usize,
    pub places: u32,
    /// The day on which the last place was added.
    pub grown: Option<Day>,
    pub ages: (f64, f64),
    pub care_forms: Vec<CareForm>,
    pub perspectives: Vec<Perspective>,
    pub accepts: Vec<Label>,
    pub refuses: Vec<Label>,
    pub own_children: Vec<Birth>,
    pub since: Day,
    pub pauses: Vec<(Day, Day)>,
    /// The first day on which it takes no child any more, and why. It stops when the last child
    /// has left.
    closes: Option<(Day, Label)>,
    /// Multiplier of the hazard of breakdown.
    pub frailty: f64,
    /// How easily birth parents get along with them.
    pub openness: f64,
    capacity_trait: f64,
    wellbeing_trait: f64,
    pub reviews: Vec<Review>,
    /// Children placed full time: the child, and the day on which it leaves.
    pub placed: Vec<(u32, Day)>,
    /// Days on which a placement there broke down.
    pub breakdowns: Vec<Day>,
    /// Whether a record refers to it.
    pub recorded: bool,
}

/// A family review: what was scored when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Review {
    pub date: Day,
    pub capacity: f64,
    pub wellbeing: f64,
    /// Whether a placement on record started while it was the latest.
    pub used: bool,
}

/// Days of rest after a breakdown.
const REST: i32 = 30;
/// Days between two reviews.
const REVIEW_EVERY: i32 = 700;

impl Fam {
    /// A recruited family (or family home, or one for part-time care only) from `since` on.
    pub fn recruited(
        rng: &mut ChaCha12Rng,
        ground: &Ground,
        frailty: f64,
        (provider, area): (usize, usize),
        since: Day,
        part_time: bool,
    ) -> Self {
        let kind = if !part_time && chance(rng, 0.04) {
            FamilyKind::FamilyHome
        } else {
            FamilyKind::General
        };
        let home = kind == FamilyKind::FamilyHome;
        let places =
            if home { whole(rng, 3, 5) } else { [1, 1, 2, 2, 2, 3][whole(rng, 0, 5) as usize] };
        let min = if chance(rng, 0.3) { f64::from(whole(rng, 4, 10)) } else { 0.0 };
        let max = if chance(rng, 0.35) { min + f64::from(whole(rng, 6, 10)) } else { 18.0 };
        let care_forms = match (part_time, chance(rng, 0.6)) {
            (true, _) => vec![CareForm::PartTime],
            (false, true) => vec![CareForm::FullTime, CareForm::Crisis],
            (false, false) => vec![CareForm::FullTime],
        };
        let perspectives = if chance(rng, 0.8) {
            vec![Perspective::ReturnHome, Perspective::LongTerm]
        } else {
            vec![Perspective::LongTerm]
        };
        let (mut accepts, mut refuses) = (Vec::new(), Vec::new());
        // Most say of each need whether they accept or refuse it; some say nothing.
        let says = chance(rng, 0.7);
        for &need in ground.needs.iter().filter(|_| says) {
            match rng.random::<f64>() {
                u if u < 0.65 => accepts.push(need),
                u if u < 0.85 => refuses.push(need),
                _ => {}
            }
        }
        let mut fam = Self::new(rng, kind, (provider, area), since, frailty);
        (fam.places, fam.ages) = (places as u32, (min, max.min(18.0)));
        (fam.care_forms, fam.perspectives) = (care_forms, perspectives);
        (fam.accepts, fam.refuses) = (accepts, refuses);
        if !home && chance(rng, 0.15) {
            fam.grown = Some(since.plus_days(whole(rng, 300, 1200)));
            fam.places += 1;
        }
        fam
    }

    /// A family that knows the child already, with as many places as children come.
    pub fn network(
        rng: &mut ChaCha12Rng,
        frailty: f64,
        (provider, area): (usize, usize),
        since: Day,
        children: usize,
        part_time: bool,
    ) -> Self {
        let mut fam = Self::new(rng, FamilyKind::Network, (provider, area), since, frailty);
        fam.places = children as u32;
        fam.care_forms = if part_time {
            vec![CareForm::PartTime]
        } else {
            vec![CareForm::FullTime, CareForm::Crisis]
        };
        fam.perspectives = vec![Perspective::ReturnHome, Perspective::LongTerm];
        fam
    }

    fn new(
        rng: &mut ChaCha12Rng,
        kind: FamilyKind,
        (provider, area): (usize, usize),
        since: Day,
        frailty: f64,
    ) -> Self {
        let (mean, sd) = match kind {
            FamilyKind::Network => (5.6, 1.4),
            FamilyKind::General => (6.4, 1.2),
            FamilyKind::FamilyHome => (7.4, 0.9),
        };
        let own = whole(rng, 0, 3);
        let mut own_children: Vec<Birth> =
            (0..own).map(|_| birth_month(since.plus_days(-(whole(rng, 200, 7500))))).collect();
        own_children.sort_by_key(|b| b.day);
        let mut fam = Self {
            kind,
            provider,
            area,
            places: 1,
            grown: None,
            ages: (0.0, 18.0),
            care_forms: Vec::new(),
            perspectives: Vec::new(),
            accepts: Vec::new(),
            refuses: Vec::new(),
            own_children,
            since,
            pauses: Vec::new(),
            closes: None,
            frailty,
            openness: normal(rng, 0.0, 0.8),
            capacity_trait: normal(rng, mean, sd),
            wellbeing_trait: normal(rng, 7.0, 1.3),
            reviews: Vec::new(),
            placed: Vec::new(),
            breakdowns: Vec::new(),
            recorded: false,
        };
        fam.review_until(rng, since);
        fam
    }

    /// Holds the reviews that are due by `day`.
    pub fn review_until(&mut self, rng: &mut ChaCha12Rng, day: Day) {
        let last = self.stopped().map_or(day, |(s, _)| s.min(day));
        let mut next = self.since.plus_days(REVIEW_EVERY * self.reviews.len() as i32);
        while next <= last {
            let years = f64::from(next.since(self.since)) / 365.25;
            self.reviews.push(Review {
                date: next,
                capacity: score(
                    self.capacity_trait + 0.05 * years.min(10.0) + normal(rng, 0.0, 0.6),
                ),
                wellbeing: score(self.wellbeing_trait + normal(rng, 0.0, 1.0)),
                used: false,
            });
            next = next.plus_days(REVIEW_EVERY);
        }
    }

    /// The latest review; there is always one from the approval.
    pub fn latest(&self) -> Review {
        self.reviews.last().copied().unwrap_or(Review {
            date: self.since,
            capacity: 6.0,
            wellbeing: 7.0,
            used: false,
        })
    }

    /// Marks the latest review as the one that a record rests on.
    pub fn is_recorded(&mut self) {
        self.recorded = true;
        if let Some(review) = self.reviews.last_mut() {
            review.used = true;
        }
    }

    /// Whether it takes children on `day`.
    pub fn active(&self, day: Day) -> bool {
        self.since <= day
            && self.closes.is_none_or(|(c, _)| day < c)
            && !self.pauses.iter().any(|&(from, to)| from <= day && day <= to)
    }

    /// Whether it still rests from a breakdown.
    pub fn rests(&self, day: Day) -> bool {
        self.breakdowns.iter().any(|&b| b <= day && day.since(b) < REST)
    }

    /// Whether it takes a child with these needs: a list of what it accepts is all it accepts.
    pub fn takes_needs(&self, needs: &[Label]) -> bool {
        needs.iter().all(|n| {
            !self.refuses.contains(n) && (self.accepts.is_empty() || self.accepts.contains(n))
        })
    }

    /// Whether an own child is less than a year older or younger.
    pub fn own_child_close(&self, birth: Day, day: Day) -> bool {
        self.own_children
            .iter()
            .any(|b| b.earliest() <= day && f64::from(b.day.since(birth)).abs() < 365.25)
    }

    /// Places in all on `day`. A network family has as many as its children need.
    fn places_on(&self, day: Day) -> u32 {
        if self.kind == FamilyKind::Network {
            (self.others(day) as u32).max(1)
        } else {
            self.places - u32::from(self.grown.is_some_and(|g| day < g))
        }
    }

    /// Places that are free on `day`.
    pub fn free(&self, day: Day) -> usize {
        (self.places_on(day) as usize).saturating_sub(self.others(day))
    }

    /// Foster children who live there full time on `day`.
    pub fn others(&self, day: Day) -> usize {
        self.placed.iter().filter(|p| p.1 > day).count()
    }

    /// Pauses from `from` to `to`, where it does not pause already.
    pub fn pause(&mut self, from: Day, to: Day) {
        if self.pauses.last().is_none_or(|p| p.1 < from) {
            self.pauses.push((from, to));
        }
    }

    /// Takes no child any more from `day` on.
    pub fn close(&mut self, day: Day, reason: Label) {
        if self.closes.is_none_or(|(c, _)| day < c) {
            self.closes = Some((day, reason));
        }
    }

    /// A network family stops when its children have left.
    pub fn close_with_placement(&mut self, reason: Label) {
        self.closes = self.placed.iter().map(|p| p.1).max().map(|day| (day, reason));
    }

    /// The first day on which it is stopped, and why: once closed, when the last child has left.
    pub fn stopped(&self) -> Option<(Day, Label)> {
        let (day, reason) = self.closes?;
        Some((self.placed.iter().map(|p| p.1).fold(day, Day::max), reason))
    }

    /// Its row in `families.csv` as of `end`, and what differed before.
    pub fn records(&self, ground: &Ground, ix: FamilyIx, end: Day) -> (Family, Vec<FamilyPeriod>) {
        let stopped = self.stopped().filter(|&(s, _)| s <= end);
        let status_at = |day: Day| match stopped {
            Some((s, _)) if day >= s => FamilyStatus::Stopped,
            _ if self.active(day) => FamilyStatus::Active,
            _ => FamilyStatus::Paused,
        };
        let status = status_at(end);
        let state = FamilyState {
            provider: Some(ground.providers[self.provider]),
            kind: Some(self.kind),
            area: Some(ground.areas[self.area].area),
            places: Some(self.places_on(end)),
            min_age: Some(self.ages.0),
            max_age: Some(self.ages.1),
            care_forms: self.care_forms.clone(),
            perspectives: self.perspectives.clone(),
            accepts_needs: self.accepts.clone(),
            refuses_needs: self.refuses.clone(),
            own_children: (!self.own_children.is_empty()).then(|| self.own_children.clone()),
            experience_since: Some(self.since),
            status: Some(status),
            status_date: match status {
                FamilyStatus::Stopped => stopped.map(|s| s.0),
                FamilyStatus::Paused => self.paused_since(end),
                FamilyStatus::Active => Some(self.active_since(end)),
            },
            stop_reason: stopped.map(|s| s.1),
        };
        let mut cuts: Vec<Day> = vec![self.since];
        for &(from, to) in &self.pauses {
            cuts.extend([from, to.plus_days(1)]);
        }
        cuts.extend(self.grown);
        cuts.extend(self.closes.map(|c| c.0));
        cuts.extend(stopped.map(|s| s.0));
        if self.kind == FamilyKind::Network {
            cuts.extend(self.placed.iter().map(|p| p.1));
        }
        cuts.push(end.plus_days(1));
        cuts.sort();
        cuts.dedup();
        let mut periods: Vec<FamilyPeriod> = Vec::new();
        for pair in cuts.windows(2).filter(|p| p[1] <= end.plus_days(1)) {
            let changed = FamilyState {
                status: Some(status_at(pair[0])).filter(|&s| s != status),
                places: Some(self.places_on(pair[0])).filter(|&p| p != self.places_on(end)),
                ..FamilyState::default()
            };
            let to = Some(pair[1].plus_days(-1));
            if changed != FamilyState::default() {
                match periods.last_mut() {
                    Some(p) if p.changed == changed && p.to == Some(pair[0].plus_days(-1)) => {
                        p.to = to;
                    }
                    _ => periods.push(FamilyPeriod {
                        family: ix,
                        from: pair[0],
                        to,
                        changed,
                        recorded: None,
                    }),
                }
            }
        }
        (Family { id: Box::from(""), state }, periods)
    }

    /// Since when it takes children, where it does on `day`.
    fn active_since(&self, day: Day) -> Day {
        let back = self.pauses.iter().map(|p| p.1.plus_days(1)).filter(|&d| d <= day).max();
        back.map_or(self.since, |d| d.max(self.since))
    }

    /// Since when it takes no child, where it pauses on `day`.
    fn paused_since(&self, day: Day) -> Option<Day> {
        let pause = self.pauses.iter().find(|&&(from, to)| from <= day && day <= to);
        let closed = self.closes.map(|c| c.0).filter(|&c| c <= day);
        pause.map(|p| p.0).into_iter().chain(closed).min()
    }
}

/// A birth of which only the month is recorded.
pub(super) fn birth_month(day: Day) -> Birth {
    let (year, month, _) = day.ymd();
    Birth { day: Day::from_ymd(year, month, 15).unwrap_or(day), month_only: true }
}

/// A uniformly random weight for breaking ties in a choice.
pub(super) fn gumbel(rng: &mut ChaCha12Rng) -> f64 {
    -(-between(rng, 1e-12, 1.0).ln()).ln()
}
