//! Policies: what to do each day with who waits and what is free.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::price::Prices;
use super::stream::Stream;
use crate::matching::assign::{Effort, Pair, Problem, solve};

/// A way of working.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Who came first goes first, to the first family that is free.
    FirstCome,
    /// Who came first goes first, to the best family that is free.
    Greedy,
    /// Everybody who waits is placed together, every so many days.
    Batch,
    /// A place costs what it is likely to be worth to those still to come.
    DualPrices,
    /// Wait where a better family may come free, as long as waiting costs less.
    WaitOrPlace,
}

impl Policy {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::FirstCome, Self::Greedy, Self::Batch, Self::DualPrices, Self::WaitOrPlace];
}

/// What waiting costs and how long it may last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// What a day of waiting of one child costs, in stable placements.
    pub daily_cost: f64,
    /// Days after which a request leaves without a place.
    pub patience: i32,
    /// Days between batches.
    pub batch_days: i32,
    /// Futures that are sampled for the dual prices.
    pub futures: u32,
    /// The seed of the futures.
    pub seed: u64,
}

impl Default for Terms {
    fn default() -> Self {
        Self { daily_cost: 0.002, patience: 180, batch_days: 14, futures: 2, seed: 1 }
    }
}

/// What became of a request: its family, the chance of stability there and the days it waited;
/// `None` where it left without a place.
pub(super) type Fate = Option<(u32, f64, i32)>;

/// The days as a policy lives them.
struct Run<'a> {
    stream: &'a Stream,
    terms: Terms,
    free: Vec<i64>,
    releases: BinaryHeap<Reverse<(i32, u32, u32)>>,
    waiting: Vec<usize>,
    fate: Vec<Fate>,
}

/// Runs a policy over a stream.
pub(super) fn run(stream: &Stream, policy: Policy, terms: Terms) -> Vec<Fate> {
    let mut run = Run {
        stream,
        terms,
        free: Vec::with_capacity(stream.homes.len()),
        releases: BinaryHeap::new(),
        waiting: Vec::new(),
        fate: vec![None; stream.arrivals.len()],
    };
    for (h, home) in stream.homes.iter().enumerate() {
        run.free.push(i64::from(home.places) - home.taken.len() as i64);
        for &day in &home.taken {
            run.releases.push(Reverse((day, h as u32, 1)));
        }
    }
    let mut prices: Option<Prices> = None;
    let mut next = 0;
    for day in 0..stream.days + terms.patience {
        while run.releases.peek().is_some_and(|r| r.0.0 <= day) {
            let Some(Reverse((_, h, k))) = run.releases.pop() else { break };
            run.free[h as usize] += i64::from(k);
        }
        while stream.arrivals.get(next).is_some_and(|a| a.day == day) {
            run.waiting.push(next);
            next += 1;
        }
        let too_long = |&g: &usize| day - stream.arrivals[g].day <= terms.patience;
        run.waiting.retain(too_long);
        match policy {
            Policy::Batch if day % terms.batch_days.max(1) == 0 => run.batch(day),
            Policy::Batch => {}
            Policy::DualPrices => {
                if day % 182 == 0 && day >= 364 && day < stream.days {
                    prices = Some(Prices::sampled(stream, terms, day));
                }
                run.each(day, |run, g, day| run.best(g, day, prices.as_ref()));
            }
            Policy::FirstCome => run.each(day, |run, g, day| run.open(g, day).map(|o| o.0).next()),
            Policy::Greedy => run.each(day, |run, g, day| run.best(g, day, None)),
            Policy::WaitOrPlace => run.each(day, Run::wait_or_place),
        }
        if next == stream.arrivals.len() && run.waiting.is_empty() {
            break;
        }
    }
    run.fate
}

impl Run<'_> {
    /// Options of a request that have room today, in the order of the families.
    fn open(&self, g: usize, day: i32) -> impl Iterator<Item = (u32, f64)> {
        let a = &self.stream.arrivals[g];
        a.options.iter().copied().filter(move |&(h, _)| {
            let home = &self.stream.homes[h as usize];
            self.free[h as usize] >= i64::from(a.children)
                && home.from <= day
                && home.to.is_none_or(|to| day <= to)
        })
    }

    /// Goes through who waits: the most urgent first, then who came first.
    fn each(&mut self, day: i32, choose: impl Fn(&Self, usize, i32) -> Option<u32>) {
        let mut order = std::mem::take(&mut self.waiting);
        order.sort_by(|&a, &b| {
            let weight = |g: usize| self.stream.arrivals[g].weight;
            weight(b).total_cmp(&weight(a)).then(a.cmp(&b))
        });
        order.retain(|&g| match choose(self, g, day) {
            Some(h) => {
                self.place(g, h, day);
                false
            }
            None => true,
        });
        self.waiting = order;
    }

    fn place(&mut self, g: usize, h: u32, day: i32) {
        let a = &self.stream.arrivals[g];
        let stable = a.options.iter().find(|o| o.0 == h).map_or(0.0, |o| o.1);
        self.free[h as usize] -= i64::from(a.children);
        self.releases.push(Reverse((day.saturating_add(a.stay), h, a.children)));
        self.fate[g] = Some((h, stable, day - a.day));
    }

    /// The best option that has room, at the prices of places where there are any. With prices,
    /// none is chosen that costs more than it brings.
    fn best(&self, g: usize, day: i32, prices: Option<&Prices>) -> Option<u32> {
        let waited = day - self.stream.arrivals[g].day;
        let worth = |&(h, stable): &(u32, f64)| {
            let brings = stable + self.terms.daily_cost * f64::from(self.terms.patience - waited);
            brings - prices.map_or(0.0, |p| p.of(h, day))
        };
        let best = self.open(g, day).map(|o| (worth(&o), o.0));
        let best = best.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))?;
        (prices.is_none() || best.0 > 0.0).then_some(best.1)
    }

    /// Places at once where no family of the request is better by more than a month of waiting.
    fn wait_or_place(&self, g: usize, day: i32) -> Option<u32> {
        let a = &self.stream.arrivals[g];
        let at = self.best(g, day, None)?;
        let stable = |h: u32| a.options.iter().find(|o| o.0 == h).map_or(0.0, |o| o.1);
        let could = a.options.iter().map(|o| o.1).fold(0.0, f64::max);
        // The more days have passed, the less is left to hope for.
        let left = f64::from((30 - (day - a.day)).max(0));
        let urgent = a.weight >= 4.0;
        let waits = !urgent && could - stable(at) > self.terms.daily_cost * 30.0 && left > 0.0;
        (!waits).then_some(at)
    }

    /// The most children placed, weighted by urgency, then the most stable.
    fn batch(&mut self, day: i32) {
        let groups = std::mem::take(&mut self.waiting);
        let mut pairs = Vec::new();
        for (k, &g) in groups.iter().enumerate() {
            let a = &self.stream.arrivals[g];
            let children = f64::from(a.children);
            pairs.extend(self.open(g, day).map(|(family, stable)| Pair {
                group: k as u32,
                family,
                takes: a.children,
                score: children * (2.0 * a.weight + stable),
            }));
        }
        let places = self.free.iter().map(|&f| f.max(0) as u32).collect();
        // Scores are finite and families distinct: the stream was checked.
        let chosen = match Problem::new(groups.len(), places, pairs, Vec::new()) {
            Ok(problem) => {
                let found = solve(&problem, Effort(20_000_000)).chosen;
                found.into_iter().map(|k| k.map(|k| problem.pairs()[k].family)).collect()
            }
            Err(_) => vec![None; groups.len()],
        };
        for (&g, family) in groups.iter().zip(chosen) {
            match family {
                Some(h) => self.place(g, h, day),
                None => self.waiting.push(g),
            }
        }
    }
}
