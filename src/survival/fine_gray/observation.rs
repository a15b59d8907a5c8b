//! What the estimated chance of being observed adds to the influence of a row.

use std::ops::Range;

use rayon::prelude::*;

use super::layout::{Layout, Stratum};
use super::means::{Means, add_to_rows, plus};
use super::observed::Leavings;
use super::pass::Pass;
use crate::survival::cox::kernels::{Wide, add_row, wide};
use crate::survival::cox::split;

/// Times in a piece of parallel work.
const PIECE: usize = 1024;

/// The influence of the censorings, and of late entries, in one stratum.
pub(super) struct Observation<'w> {
    pub(super) censorings: Integral<'w>,
    pub(super) entries: Option<Integral<'w>>,
}

impl<'w> Observation<'w> {
    pub(super) fn new(pass: &'w Pass, means: &Means, stratum: &'w Stratum) -> Self {
        let observed = &stratum.observed;
        // As crr has it: who ended before u, and events from u on.
        let walk = Walk { pass, means, stratum, upto: false };
        let censorings = walk.integrate(&observed.censorings);
        let walk = Walk { upto: true, ..walk };
        let entries = observed.entries.as_ref().map(|e| walk.integrate(e));
        Self { censorings, entries }
    }
}

/// Σ q(u)·(weight that ended there)/Y(u)² by the distinct times u of a stratum.
pub(super) struct Integral<'w> {
    of: &'w Leavings,
    /// Before the first time, and after each: row after row, filled up with zeros to the width.
    cumulative: Vec<f64>,
    width: usize,
}

impl Integral<'_> {
    /// How many of the times are at or before `t`.
    pub(super) fn upto(&self, t: f64) -> usize {
        self.of.time.partition_point(|&u| u <= t)
    }

    /// How many of the times are before `t`.
    pub(super) fn before(&self, t: f64) -> usize {
        self.of.time.partition_point(|&u| u < t)
    }

    /// The same, where the time before `t` had the place `from`.
    pub(super) fn upto_from(&self, from: usize, t: f64) -> usize {
        let mut at = from;
        while self.of.time.get(at).is_some_and(|&u| u <= t) {
            at += 1;
        }
        at
    }

    #[inline(always)]
    fn row(&self, count: usize) -> &[f64] {
        &self.cumulative[count * self.width..(count + 1) * self.width]
    }

    /// Adds the integral over the first `count` times, `w` times.
    #[inline(always)]
    pub(super) fn add(&self, count: usize, w: f64, out: &mut [f64]) {
        add_row(out, self.row(count), w);
    }

    /// Adds q/Y at a time, `w` times.
    #[inline(always)]
    pub(super) fn add_own(&self, at: usize, w: f64, out: &mut [f64]) {
        let factor = w * self.of.whole[at] / self.of.part[at];
        for ((out, before), after) in out.iter_mut().zip(self.row(at)).zip(self.row(at + 1)) {
            *out += factor * (after - before);
        }
    }
}

/// Σ r/a(exit) over those who ended otherwise, and the same times x.
#[derive(Clone)]
struct Gone {
    sum: f64,
    x: Vec<f64>,
}

impl Gone {
    fn none(width: usize) -> Self {
        Self { sum: 0.0, x: vec![0.0; width] }
    }

    #[inline(always)]
    fn add_rows(&mut self, pass: &Pass, rows: Range<usize>) {
        let l = pass.layout;
        for k in rows.filter(|&k| l.ahead[k] > 0.0) {
            let r = pass.r[k] * l.ahead[k];
            self.sum += r;
            add_row(&mut self.x, l.x(k), r);
        }
    }
}

/// A walk through a stratum by time.
struct Walk<'w, 'l, 'a> {
    pass: &'w Pass<'l, 'a>,
    means: &'w Means,
    stratum: &'w Stratum,
    /// Whether those who end at a time are counted among those who ended before it.
    upto: bool,
}

impl Walk<'_, '_, '_> {
    /// The position of the first row that has not ended at a time.
    fn place(&self, u: f64) -> usize {
        let rows = self.stratum.rows.clone();
        let ended = |exit: f64| exit < u || (self.upto && exit == u);
        rows.start + self.pass.layout.exit[rows].partition_point(|&exit| ended(exit))
    }

    /// Running sums of q·part/whole². Every piece of the times first says what its rows add to those
    /// who ended otherwise; then all are filled at once, each from what those before it add.
    fn integrate<'o>(&self, of: &'o Leavings) -> Integral<'o> {
        let (time, part, whole) = (&of.time, &of.part, &of.whole);
        let width = self.pass.layout.width();
        let mut cumulative = vec![0.0; (time.len() + 1) * width];
        if width == 0 || time.is_empty() {
            return Integral { of, cumulative, width };
        }
        let begins: Vec<usize> = time.par_chunks(PIECE).map(|u| self.place(u[0])).collect();
        let mut from = self.stratum.rows.start;
        let mut spans = Vec::with_capacity(begins.len());
        for &begin in &begins {
            spans.push(from..begin);
            from = begin;
        }
        let pass = self.pass;
        let added: Vec<Gone> =
            spans.into_par_iter().map(|rows| wide(Added { pass, rows })).collect();
        let mut gone = Gone::none(width);
        let mut pieces = Vec::with_capacity(begins.len());
        let sizes = time.chunks(PIECE).map(|u| u.len() * width);
        let parts = split(&mut cumulative[width..], sizes);
        let shares = part.chunks(PIECE).zip(whole.chunks(PIECE));
        let places = begins.into_iter().zip(&added);
        for (((u, shares), (begin, added)), out) in
            time.chunks(PIECE).zip(shares).zip(places).zip(parts)
        {
            gone.sum += added.sum;
            plus(&mut gone.x, &added.x);
            pieces.push(Piece { walk: self, time: u, shares, begin, gone: gone.clone(), out });
        }
        let sums: Vec<Vec<f64>> = pieces.par_iter_mut().map(wide).collect();
        let mut sum = vec![0.0; width];
        let mut carries = Vec::with_capacity(sums.len());
        for added in &sums {
            carries.push(sum.clone());
            plus(&mut sum, added);
        }
        pieces.into_par_iter().zip(carries).for_each(|(p, carry)| add_to_rows(p.out, &carry));
        Integral { of, cumulative, width }
    }
}

/// What some rows add to those who ended otherwise.
struct Added<'w, 'l, 'a> {
    pass: &'w Pass<'l, 'a>,
    rows: Range<usize>,
}

impl Wide for Added<'_, '_, '_> {
    type Output = Gone;

    #[inline(always)]
    fn run(self) -> Gone {
        let mut gone = Gone::none(self.pass.layout.width());
        gone.add_rows(self.pass, self.rows);
        gone
    }
}

/// A piece of the times: from who has ended otherwise at its beginning, and without what comes from
/// the pieces before.
struct Piece<'w, 'l, 'a> {
    walk: &'w Walk<'w, 'l, 'a>,
    time: &'w [f64],
    shares: (&'w [f64], &'w [f64]),
    begin: usize,
    gone: Gone,
    out: &'w mut [f64],
}

impl Wide for &mut Piece<'_, '_, '_> {
    type Output = Vec<f64>;

    /// q at a time: of those who ended before it (`upto`: or at it), over the events from it on
    /// (`upto`: after it).
    #[inline(always)]
    fn run(self) -> Vec<f64> {
        let Walk { pass, means, stratum, upto } = *self.walk;
        let l: &Layout = pass.layout;
        let width = l.width();
        let (mut at, mut sum) = (self.begin, vec![0.0; width]);
        let first = stratum.slots.start;
        let mut slot =
            first + l.time[first + 1..stratum.slots.end].partition_point(|&t| t <= self.time[0]);
        let times = self.time.iter().zip(self.shares.0).zip(self.shares.1);
        for (((&u, part), whole), out) in times.zip(self.out.chunks_exact_mut(width)) {
            let from = at;
            let ended = |exit: f64| exit < u || (upto && exit == u);
            while at < stratum.rows.end && ended(l.exit[at]) {
                at += 1;
            }
            self.gone.add_rows(pass, from..at);
            while slot + 1 < stratum.slots.end && l.time[slot + 1] <= u {
                slot += 1;
            }
            // The slot of u itself, where it has events.
            let own =
                if !upto && l.time[slot] == u { l.reach[slot] * pass.increment[slot] } else { 0.0 };
            let (factor, hazard) = (part / (whole * whole), pass.after[slot] + own);
            let means = means.after(slot).iter().zip(means.mean(slot));
            for (((sum, gone), (after, mean)), out) in
                sum.iter_mut().zip(&self.gone.x).zip(means).zip(out)
            {
                let q = gone * hazard - self.gone.sum * (after + own * mean);
                *sum += q * factor;
                *out = *sum;
            }
        }
        sum
    }
}
