//! What a place is worth over time: the Lagrangian relaxation in which a request may be taken by
//! several places, for a price per request.
//!
//! Given prices, each place picks its best row of stays that do not overlap (weighted interval
//! scheduling); the sum over places plus the prices bounds what any plan can reach. A subgradient
//! method lowers it. The same machinery gives the bound in hindsight and, on futures sampled from
//! the past year, what a place is likely to be worth to those still to come.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::policy::Terms;
use super::stream::{Arrival, Home, Stream};

/// A request at a family, begun within a span of waiting.
#[derive(Debug, Clone, Copy)]
struct Slot {
    group: u32,
    /// The days on which the place is surely taken, whenever in the span the stay began.
    from: i32,
    to: i32,
    /// What it brings per place.
    value: f64,
}

/// The slots of one family, by the end of the stay.
#[derive(Debug, Clone)]
struct Book {
    places: u32,
    slots: Vec<Slot>,
    /// For each slot, how many slots end by its start.
    before: Vec<u32>,
}

/// All that can be chosen.
pub(super) struct Relaxation {
    books: Vec<Book>,
    groups: usize,
}

impl Relaxation {
    /// The slots of a stream. Waiting is cut in spans of the days `spans`; within a span a stay
    /// brings what it brings at the start of the span, and takes the place only on the days that
    /// it takes it for every start in the span: so no plan is worth more.
    pub fn new(
        arrivals: &[Arrival],
        homes: &[Home],
        terms: Terms,
        spans: &[i32],
        stay: Option<i32>,
    ) -> Self {
        let mut of: Vec<Vec<Slot>> = vec![Vec::new(); homes.len()];
        for (g, a) in arrivals.iter().enumerate() {
            let stay = stay.unwrap_or(a.stay);
            for (k, &wait) in spans.iter().enumerate().filter(|(_, w)| **w <= terms.patience) {
                let last =
                    spans.get(k + 1).map_or(terms.patience, |next| (next - 1).min(terms.patience));
                let left = f64::from(terms.patience - wait);
                for &(h, stable) in &a.options {
                    let home = &homes[h as usize];
                    let first = (a.day + wait).max(home.from);
                    let end = home.to.map_or(a.day + last, |to| (a.day + last).min(to));
                    if home.places < a.children || first > end {
                        continue;
                    }
                    // What waiting costs does not hang on the family; `first` may be later.
                    let value = stable + terms.daily_cost * left;
                    let to = first.saturating_add(stay);
                    of[h as usize].push(Slot { group: g as u32, from: end.min(to), to, value });
                }
            }
        }
        let books =
            of.into_iter().zip(homes).map(|(slots, home)| book(slots, home.places)).collect();
        Self { books, groups: arrivals.len() }
    }

    /// The bound at prices per request and child, and how often each request is taken.
    fn bound(&self, prices: &[f64], children: &[u32], taken: &mut [f64]) -> f64 {
        taken.fill(0.0);
        let mut value: f64 = prices.iter().zip(children).map(|(p, c)| p * f64::from(*c)).sum();
        let mut best = Vec::new();
        for book in &self.books {
            let places = f64::from(book.places);
            value += places * book.schedule(prices, &mut best);
            let mut k = book.slots.len();
            while k > 0 {
                let s = &book.slots[k - 1];
                if best[k] > best[k - 1] {
                    taken[s.group as usize] += places;
                    k = (book.before[k - 1] as usize).min(k - 1);
                } else {
                    k -= 1;
                }
            }
        }
        value
    }

    /// Lowers the bound by a subgradient method; gives the bound and the prices.
    pub fn lower(&self, children: &[u32], steps: usize, enough: f64) -> (f64, Vec<f64>) {
        let mut prices = vec![0.0; self.groups];
        let mut best = (f64::INFINITY, prices.clone());
        let mut taken = vec![0.0; self.groups];
        let mut direction = vec![0.0; self.groups];
        let top = self.books.iter().flat_map(|b| &b.slots).map(|s| s.value).fold(0.0, f64::max);
        for step in 0..steps {
            let value = self.bound(&prices, children, &mut taken);
            if value < best.0 {
                best = (value, prices.clone());
            }
            if value <= enough {
                break;
            }
            let length = 0.3 * top * (0.02_f64).powf(step as f64 / steps.max(2) as f64);
            for g in 0..self.groups {
                let over = (taken[g] / f64::from(children[g]) - 1.0).clamp(-1.0, 2.0);
                direction[g] = 0.6 * direction[g] + 0.4 * over;
                prices[g] = (prices[g] + length * direction[g]).max(0.0);
            }
        }
        best
    }
}

fn book(mut slots: Vec<Slot>, places: u32) -> Book {
    slots.sort_by(|a, b| a.to.cmp(&b.to).then(a.from.cmp(&b.from)).then(a.group.cmp(&b.group)));
    let before = slots.iter().map(|s| slots.partition_point(|o| o.to <= s.from) as u32).collect();
    Book { places, slots, before }
}

impl Book {
    /// The best row of stays of one place at prices; `best[k]` is that among the first `k` slots.
    fn schedule(&self, prices: &[f64], best: &mut Vec<f64>) -> f64 {
        best.clear();
        best.push(0.0);
        for (k, s) in self.slots.iter().enumerate() {
            // A slot that takes no day for sure stands before itself at most.
            let before = (self.before[k] as usize).min(k);
            let with = s.value - prices[s.group as usize] + best[before];
            best.push(best[k].max(with));
        }
        best.last().copied().unwrap_or(0.0)
    }
}

/// The value of no plan is above this.
pub(super) fn hindsight(stream: &Stream, terms: Terms, enough: f64) -> f64 {
    const SPANS: [i32; 5] = [0, 1, 15, 45, 100];
    let children: Vec<u32> = stream.arrivals.iter().map(|a| a.children).collect();
    let relaxed = Relaxation::new(&stream.arrivals, &stream.homes, terms, &SPANS, None);
    relaxed.lower(&children, 80, enough).0
}

/// What a day of a family's place is worth to those still to come.
#[derive(Debug, Clone)]
pub(super) struct Prices {
    day: i32,
    stay: i32,
    /// Per family, the worth of its place from a day on, by day descending: (day, worth).
    worth: Vec<Vec<(i32, f64)>>,
}

/// Days ahead that a sampled future reaches.
const AHEAD: i32 = 730;

impl Prices {
    /// From futures that are drawn, with replacement, from the requests of the past year.
    pub fn sampled(stream: &Stream, terms: Terms, day: i32) -> Self {
        let past: Vec<&Arrival> =
            stream.arrivals.iter().filter(|a| a.day < day && a.day >= day - 364).collect();
        // How long stays last is known of those that have ended.
        let ended = stream.arrivals.iter().filter(|a| a.day + a.stay < day);
        let (sum, n) = ended.fold((0.0, 0), |(s, n), a| (s + f64::from(a.stay), n + 1));
        let stay = if n >= 30 { (sum / f64::from(n)) as i32 } else { 365 }.max(1);
        let mut worth: Vec<Vec<(i32, f64)>> = vec![Vec::new(); stream.homes.len()];
        let futures = terms.futures.max(1);
        let mut rng = ChaCha12Rng::seed_from_u64(terms.seed);
        rng.set_stream(day.unsigned_abs().into());
        for _ in 0..futures {
            let mut future: Vec<Arrival> = Vec::new();
            for year in 0..AHEAD / 365 {
                for _ in 0..past.len() {
                    let a = past[rng.random_range(0..past.len())];
                    let on = a.day + 364 * (year + 1);
                    future.push(Arrival { day: on, ..a.clone() });
                }
            }
            future.sort_by_key(|a| a.day);
            let children: Vec<u32> = future.iter().map(|a| a.children).collect();
            let relaxed = Relaxation::new(&future, &stream.homes, terms, &[0], Some(stay));
            let (_, prices) = relaxed.lower(&children, 20, f64::NEG_INFINITY);
            for (h, book) in relaxed.books.iter().enumerate() {
                worth[h].extend(book.ahead(&prices));
            }
        }
        for list in &mut worth {
            // Futures are laid over one another: the worth at a day is the mean of theirs.
            list.sort_by_key(|w| std::cmp::Reverse(w.0));
            let mut sum = 0.0;
            for w in list.iter_mut() {
                sum += w.1 / f64::from(futures);
                w.1 = sum;
            }
        }
        Self { day, stay, worth }
    }

    /// What a place of a family costs today: its worth from now on, less its worth once a stay of
    /// average length is over.
    pub fn of(&self, home: u32, today: i32) -> f64 {
        let list = &self.worth[home as usize];
        let from = |day: i32| {
            let k = list.partition_point(|w| w.0 >= day);
            k.checked_sub(1).map_or(0.0, |k| list[k].1)
        };
        // Beyond the sampled days nothing is known: the price there is that of the sample's pace.
        let end = self.day + AHEAD;
        let whole = from(self.day) / f64::from(AHEAD);
        let later = today + self.stay;
        let beyond = f64::from((later - end).max(0)) * whole;
        (from(today) - from(later) + beyond).max(0.0)
    }
}

impl Book {
    /// How the worth of a place grows as the days before are added: (day, growth), latest first.
    fn ahead(&self, prices: &[f64]) -> Vec<(i32, f64)> {
        let mut order: Vec<usize> = (0..self.slots.len()).collect();
        order.sort_by_key(|&k| std::cmp::Reverse(self.slots[k].from));
        let mut out: Vec<(i32, f64)> = Vec::new();
        let mut best: Vec<(i32, f64)> = Vec::new();
        for k in order {
            let s = &self.slots[k];
            let after = {
                let k = best.partition_point(|b| b.0 >= s.to);
                k.checked_sub(1).map_or(0.0, |k| best[k].1)
            };
            let now = best.last().map_or(0.0, |b| b.1);
            let with = s.value - prices[s.group as usize] + after;
            if with > now {
                best.push((s.from, with));
                out.push((s.from, with - now));
            }
        }
        out
    }
}
