//! The true hazards of one placement: sampling how long it lasts and why it ends, and the
//! exact probability of breakdown that follows from them.
//!
//! The baseline is piecewise constant in the time since the start. A change of helper during the
//! placement multiplies the hazard of breakdown; changes come at a constant rate that depends on
//! nothing else, so the probability given what is known at the start is that of a small Markov
//! chain (how many changes so far × still running), solved by uniformisation (Jensen 1953).

use rand::RngExt;
use rand_chacha::ChaCha12Rng;

use crate::DAYS_PER_MONTH;

/// Pieces of the baseline: their upper edges in months; the last one has no end.
pub const EDGES: [f64; 5] = [6.0, 12.0, 24.0, 36.0, 72.0];
/// Pieces of the baseline.
pub const PIECES: usize = EDGES.len() + 1;
/// Helper changes beyond this number do not raise the hazard further.
const MAX_CHANGES: usize = 4;
/// No hazard is higher than this per day: such a placement ends on its first day anyhow.
const MOST: f64 = 20.0;
/// The first day of a placement has no change of helper, so that none can be mistaken for one
/// that came before.
const FIRST_CHANGE: f64 = 1.0;

/// Baseline hazards per month: breakdown, and the positive ends together (return home, planned
/// move, permanence).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Baseline {
    /// Of breakdown, where every covariate is at its reference.
    pub breakdown: [f64; PIECES],
    /// Of the positive ends together, likewise.
    pub positive: [f64; PIECES],
}

/// Why a placement ends, as the generator sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Breakdown,
    Home,
    Move,
    Permanence,
    Other,
    Unknown,
    CameOfAge,
}

/// The hazards of one placement, relative to the baseline, and what bounds it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rates<'a> {
    pub baseline: &'a Baseline,
    /// Multiplies the baseline of breakdown: exp(linear predictor) × family × provider.
    pub breakdown: f64,
    /// Multiply the baseline of the positive ends.
    pub home: f64,
    pub moved: f64,
    pub permanence: f64,
    /// Ends for other and for unknown reasons, per day.
    pub other: f64,
    pub unknown: f64,
    /// Helper changes per day during the placement.
    pub helper_changes: f64,
    /// Log hazard ratio of breakdown for each of them.
    pub helper_effect: f64,
    /// Days from the start to the 18th birthday, when the placement ends whatever happens.
    pub cap: i32,
}

/// How a placement went.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Course {
    /// Whole days from start to end, at least 1 and at most the cap.
    pub days: i32,
    pub end: End,
    /// Days from the start at which helpers changed: 1 ≤ day < days.
    pub helper_changes: Vec<i32>,
}

/// The upper edge of a piece in days.
fn edge(piece: usize) -> f64 {
    EDGES.get(piece).map_or(f64::INFINITY, |&m| m * DAYS_PER_MONTH)
}

impl Rates<'_> {
    /// The daily hazards in a piece, before any helper change: breakdown and all other causes.
    fn at(&self, piece: usize) -> (f64, f64) {
        let b = self.baseline.breakdown[piece] / DAYS_PER_MONTH * self.breakdown;
        let p = self.baseline.positive[piece] / DAYS_PER_MONTH;
        let rest = p * (self.home + self.moved + self.permanence) + self.other + self.unknown;
        (b.min(MOST), rest.min(MOST))
    }

    /// Draws one course. Ends are drawn in continuous time and fall on the day they complete.
    pub fn sample(&self, rng: &mut ChaCha12Rng) -> Course {
        let cap = f64::from(self.cap);
        let mut changes = Vec::new();
        let mut next_change = FIRST_CHANGE + exponential(rng, self.helper_changes);
        let (mut t, mut piece) = (0.0, 0);
        let mut left = exponential(rng, 1.0);
        loop {
            let (b, rest) = self.at(piece);
            let b = b * (self.helper_effect * changes.len().min(MAX_CHANGES) as f64).exp();
            let stop = edge(piece).min(next_change).min(cap);
            let ends_at = t + left / (b + rest);
            if ends_at < stop {
                let end = self.cause(rng, piece, b, rest);
                let days = (ends_at.ceil() as i32).clamp(1, self.cap);
                return Course { days, end, helper_changes: on_days(&changes, days) };
            }
            if stop >= cap {
                let helper_changes = on_days(&changes, self.cap);
                return Course { days: self.cap, end: End::CameOfAge, helper_changes };
            }
            left -= (stop - t) * (b + rest);
            t = stop;
            if stop >= next_change {
                changes.push(next_change);
                next_change += exponential(rng, self.helper_changes);
            } else {
                piece += 1;
            }
        }
    }

    /// Which cause an end in `piece` has.
    fn cause(&self, rng: &mut ChaCha12Rng, piece: usize, b: f64, rest: f64) -> End {
        let p = self.baseline.positive[piece] / DAYS_PER_MONTH;
        let mut u = rng.random::<f64>() * (b + rest);
        let parts = [
            (b, End::Breakdown),
            (p * self.home, End::Home),
            (p * self.moved, End::Move),
            (p * self.permanence, End::Permanence),
            (self.other, End::Other),
        ];
        for (rate, end) in parts {
            if u < rate {
                return end;
            }
            u -= rate;
        }
        End::Unknown
    }

    /// The exact probabilities of breakdown within each of `days` (ascending) of the start.
    pub fn risks(&self, days: &[f64]) -> Vec<f64> {
        let mut chain = Chain::new(self);
        days.iter().map(|&d| chain.until(self, d).breakdown).collect()
    }
}

/// The days of helper changes: each on a day of its own, before the end.
fn on_days(times: &[f64], end: i32) -> Vec<i32> {
    let mut days: Vec<i32> = Vec::with_capacity(times.len());
    for t in times {
        let after = days.last().map_or(1, |d| d + 1);
        days.push((t.floor() as i32).max(after));
    }
    days.retain(|&d| d < end);
    days
}

/// The state of the chain at a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    /// Still running, by the number of helper changes so far.
    by_changes: [f64; MAX_CHANGES + 1],
    pub breakdown: f64,
    positive: f64,
}

impl State {
    fn running(&self) -> f64 {
        self.by_changes.iter().sum()
    }
}

/// The chain on its way through time.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    state: State,
    time: f64,
    piece: usize,
    factor: [f64; MAX_CHANGES + 1],
}

impl Chain {
    pub fn new(rates: &Rates) -> Self {
        let mut by_changes = [0.0; MAX_CHANGES + 1];
        by_changes[0] = 1.0;
        let mut factor = [1.0; MAX_CHANGES + 1];
        for (k, f) in factor.iter_mut().enumerate() {
            *f = (rates.helper_effect * k as f64).exp();
        }
        let state = State { by_changes, breakdown: 0.0, positive: 0.0 };
        Self { state, time: 0.0, piece: 0, factor }
    }

    /// The exact probabilities of breakdown and of a positive end (return home, planned move,
    /// permanence, coming of age) within `days` of the start.
    pub fn incidence(&mut self, rates: &Rates, days: f64) -> (f64, f64) {
        let s = self.until(rates, days);
        let grown = if days.floor() >= f64::from(rates.cap) { s.running() } else { 0.0 };
        (s.breakdown, s.positive + grown)
    }

    /// Advances to the last whole day within `days` and within the cap.
    pub fn until(&mut self, rates: &Rates, days: f64) -> State {
        let target = days.floor().min(f64::from(rates.cap));
        while self.time < target {
            let first = if self.time < FIRST_CHANGE { FIRST_CHANGE } else { f64::INFINITY };
            let stop = edge(self.piece).min(first).min(target);
            let q = if self.time < FIRST_CHANGE { 0.0 } else { rates.helper_changes };
            self.advance(rates, stop - self.time, q);
            self.time = stop;
            if stop >= edge(self.piece) {
                self.piece += 1;
            }
        }
        self.state
    }

    /// Advances by `span` days within one piece, with `q` helper changes per day.
    fn advance(&mut self, rates: &Rates, span: f64, q: f64) {
        let (b, rest) = rates.at(self.piece);
        let positive = rest - rates.other - rates.unknown;
        let top = b * self.factor[MAX_CHANGES] + rest + q;
        // A long span is cut, so that the first Poisson weight never underflows.
        let cuts = (top * span / 20.0).ceil().max(1.0);
        for _ in 0..cuts as u32 {
            self.uniformise(b, positive, rest, q, top, span / cuts);
        }
    }

    /// One step of uniformisation: the chain that jumps at rate `top`, weighted by how often a
    /// Poisson process jumps in `span`.
    fn uniformise(&mut self, b: f64, positive: f64, rest: f64, q: f64, top: f64, span: f64) {
        if top <= 0.0 {
            return;
        }
        let mean = top * span;
        let mut weight = (-mean).exp();
        let mut at = self.state;
        let mut sum = scaled(&at, weight);
        let mut k = 0.0;
        // Beyond its mean the Poisson weights fall faster than geometrically.
        while k < mean || weight > 1e-16 {
            k += 1.0;
            at = self.jump(&at, b, positive, rest, q, top);
            weight *= mean / k;
            add(&mut sum, &at, weight);
        }
        self.state = sum;
    }

    /// One jump of the uniformised chain.
    fn jump(&self, s: &State, b: f64, positive: f64, rest: f64, q: f64, top: f64) -> State {
        let mut next = State { by_changes: [0.0; MAX_CHANGES + 1], ..*s };
        for (k, &p) in s.by_changes.iter().enumerate() {
            let breakdown = b * self.factor[k] / top;
            let change = if k < MAX_CHANGES { q / top } else { 0.0 };
            next.breakdown += p * breakdown;
            next.positive += p * positive / top;
            next.by_changes[k] += p * (1.0 - breakdown - rest / top - change);
            if k < MAX_CHANGES {
                next.by_changes[k + 1] += p * change;
            }
        }
        next
    }
}

/// A state times a weight.
fn scaled(s: &State, w: f64) -> State {
    State {
        by_changes: s.by_changes.map(|p| p * w),
        breakdown: s.breakdown * w,
        positive: s.positive * w,
    }
}

/// Adds a weighted state.
fn add(sum: &mut State, s: &State, w: f64) {
    for (a, b) in sum.by_changes.iter_mut().zip(&s.by_changes) {
        *a += b * w;
    }
    sum.breakdown += s.breakdown * w;
    sum.positive += s.positive * w;
}

/// An exponential draw; infinite where the rate is 0.
pub(super) fn exponential(rng: &mut ChaCha12Rng, rate: f64) -> f64 {
    let u: f64 = rng.random();
    if rate > 0.0 { -(1.0 - u).ln() / rate } else { f64::INFINITY }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    const BASELINE: Baseline = Baseline {
        breakdown: [0.0153, 0.0093, 0.0086, 0.0053, 0.0038, 0.0038],
        positive: [0.0108, 0.0093, 0.0117, 0.0107, 0.0087, 0.0087],
    };

    fn rates(cap: i32, helper_changes: f64) -> Rates<'static> {
        Rates {
            baseline: &BASELINE,
            breakdown: 1.3,
            home: 0.5,
            moved: 0.3,
            permanence: 0.1,
            other: 1e-5,
            unknown: 2e-5,
            helper_changes,
            helper_effect: 0.15,
            cap,
        }
    }

    /// Without helper changes the probability has the closed form Σ λ_b/λ (1 − e^{−λΔ}) S.
    #[test]
    fn agrees_with_the_closed_form_without_helper_changes() {
        let r = rates(5000, 0.0);
        let days = [182.0, 365.0, 730.0, 2191.0];
        let (mut s, mut f, mut t, mut expected) = (1.0f64, 0.0f64, 0.0f64, Vec::new());
        for &d in &days {
            while t < d {
                let piece = (0..PIECES).find(|&k| t < edge(k)).unwrap();
                let stop = edge(piece).min(d);
                let (b, rest) = r.at(piece);
                let gone = 1.0 - (-(b + rest) * (stop - t)).exp();
                f += s * b / (b + rest) * gone;
                s *= 1.0 - gone;
                t = stop;
            }
            expected.push(f);
        }
        for (a, b) in r.risks(&days).iter().zip(&expected) {
            assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
    }

    /// The design baseline itself gives the published cumulative incidences.
    #[test]
    fn the_design_baseline_gives_the_published_incidences() {
        let mut r = rates(100_000, 0.0);
        (r.breakdown, r.home, r.moved, r.permanence) = (1.0, 1.0, 0.0, 0.0);
        (r.other, r.unknown) = (0.0, 0.0);
        let at: Vec<f64> =
            [6.0, 12.0, 24.0, 36.0, 72.0].iter().map(|m| m * DAYS_PER_MONTH).collect();
        let published = [(8.5, 6.0), (13.0, 10.5), (20.0, 20.0), (23.5, 27.0), (29.0, 39.5)];
        let mut chain = Chain::new(&r);
        for (day, (tb, tp)) in at.into_iter().zip(published) {
            let (b, p) = chain.incidence(&r, day);
            assert!((100.0 * b - tb).abs() < 0.5 && (100.0 * p - tp).abs() < 0.5, "{b} {p}");
        }
    }

    /// Frequencies of sampled courses agree with the exact probabilities, helper changes and the
    /// cap included (4 standard errors of a binomial).
    #[test]
    fn sampled_courses_have_the_exact_risks() {
        let mut rng = ChaCha12Rng::seed_from_u64(1);
        for cap in [400, 5000] {
            let r = rates(cap, 0.004);
            let days = [182.625, 365.25, 730.5];
            let n = 40_000;
            let mut counts = [0u32; 3];
            for _ in 0..n {
                let c = r.sample(&mut rng);
                assert!(c.days >= 1 && c.days <= cap);
                assert!(c.helper_changes.iter().all(|&d| d >= 1 && d < c.days));
                for (k, &d) in days.iter().enumerate() {
                    counts[k] += u32::from(c.end == End::Breakdown && f64::from(c.days) <= d);
                }
            }
            for (p, c) in r.risks(&days).into_iter().zip(counts) {
                let se = (p * (1.0 - p) / f64::from(n)).sqrt();
                assert!((f64::from(c) / f64::from(n) - p).abs() < 4.0 * se, "{p} {c}");
            }
        }
    }
}
