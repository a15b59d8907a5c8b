//! The influences of the rows of one run, where no row enters late: everything that they need runs
//! along with them, so that nothing is kept by event time for the whole sample.

use std::ops::Range;

use rayon::prelude::*;

use super::layout::{Run, from_before};
use super::means::{Between, Means, plus};
use super::observed::Leavings;
use super::pass::Pass;
use crate::survival::cox::kernels::{Wide, add_row, set_row, wide};

/// What reaches each run.
pub(super) struct Along<'p, 'l, 'a> {
    pass: &'p Pass<'l, 'a>,
    between: Between,
    /// Where the chance of being observed is an estimate: Σ r/a(exit) over those who ended otherwise in
    /// earlier runs, and Σ q/Y² over the censorings there.
    observed: Option<(Vec<f64>, Vec<Vec<f64>>)>,
}

impl<'p, 'l, 'a> Along<'p, 'l, 'a> {
    pub(super) fn new(pass: &'p Pass<'l, 'a>, estimated: bool) -> Self {
        let mut all = Self { pass, between: Between::new(pass), observed: None };
        if !estimated {
            return all;
        }
        let (runs, none) = (&pass.layout.runs, vec![0.0; pass.layout.width()]);
        let gone: Vec<f64> = runs.par_iter().map(|run| gone(pass, run)).collect();
        let gone = from_before(runs, &gone, &0.0, |sum, v| *sum += v);
        let add = |means: &mut Means, at: usize| {
            let integral = none.clone();
            wide(Whole { along: &all, means, at, gone: gone[at], integral, out: None })
        };
        let added: Vec<Vec<f64>> =
            (0..runs.len()).into_par_iter().map_init(Means::default, add).collect();
        let integral = from_before(runs, &added, &none, |sum, v| plus(sum, v));
        all.observed = Some((gone, integral));
        all
    }

    /// Fills `out` with what the estimated chance of being observed adds to the rows of a run, and
    /// `means` with the run's.
    #[inline(always)]
    pub(super) fn fill(&self, at: usize, means: &mut Means, out: &mut [f64]) {
        let Some((gone, integral)) = &self.observed else {
            means.of_run(self.pass, &self.between, at);
            out.fill(0.0);
            return;
        };
        let (gone, integral) = (gone[at], integral[at].clone());
        Whole { along: self, means, at, gone, integral, out: Some(out) }.run();
    }
}

/// Σ r/a(exit) over the rows of a run's tail.
fn gone(pass: &Pass, run: &Run) -> f64 {
    let l = pass.layout;
    let rows = l.first[run.tail] as usize..run.rows.end;
    pass.r[rows.clone()].iter().zip(&l.ahead[rows]).map(|(r, a)| r * a).sum()
}

/// A walk through all of a run.
struct Whole<'w, 'p, 'l, 'a> {
    along: &'w Along<'p, 'l, 'a>,
    means: &'w mut Means,
    at: usize,
    gone: f64,
    integral: Vec<f64>,
    out: Option<&'w mut [f64]>,
}

impl Wide for Whole<'_, '_, '_, '_> {
    type Output = Vec<f64>;

    /// The integral after the last row.
    #[inline(always)]
    fn run(self) -> Vec<f64> {
        let Self { along, means, at, gone, integral, mut out } = self;
        let (pass, l) = (along.pass, along.pass.layout);
        means.of_run(pass, &along.between, at);
        let rows = l.runs[at].rows.clone();
        let gone_x = along.between.carries[at].gone.clone();
        let q = vec![0.0; l.width()];
        let mut walk = Walk { pass, means, begin: rows.start, gone, gone_x, integral, q };
        let mut stratum = l.strata.partition_point(|s| s.rows.end <= rows.start);
        let mut begin = rows.start;
        while begin < rows.end {
            let s = &l.strata[stratum];
            if s.rows.start == begin {
                walk.gone = 0.0;
                walk.gone_x.fill(0.0);
                walk.integral.fill(0.0);
            }
            let end = s.rows.end.min(rows.end);
            walk.stratum(begin..end, &s.observed.censorings, &mut out);
            begin = end;
            stratum += 1;
        }
        walk.integral
    }
}

/// The state of a walk: who ended otherwise, and the integral over the censorings, so far.
struct Walk<'w, 'l, 'a> {
    pass: &'w Pass<'l, 'a>,
    means: &'w Means,
    /// The position of the first row of `out`.
    begin: usize,
    gone: f64,
    gone_x: Vec<f64>,
    integral: Vec<f64>,
    q: Vec<f64>,
}

impl Walk<'_, '_, '_> {
    /// Walks through rows of one stratum.
    #[inline(always)]
    fn stratum(&mut self, rows: Range<usize>, times: &Leavings, out: &mut Option<&mut [f64]>) {
        let (pass, l) = (self.pass, self.pass.layout);
        let mut at = times.time.partition_point(|&u| u < l.exit[rows.start]);
        let mut k = rows.start;
        while k < rows.end {
            let u = l.exit[k];
            let mut end = k + 1;
            while end < rows.end && l.exit[end] == u {
                end += 1;
            }
            let whole = match times.time.get(at) {
                Some(&t) if t == u => {
                    self.censoring(l.slot[k] as usize, u, times.part[at], times.whole[at]);
                    times.whole[at]
                }
                _ => f64::INFINITY,
            };
            at += usize::from(whole.is_finite());
            if let Some(out) = out {
                self.add(k..end, whole, out);
            }
            for k in (k..end).filter(|&k| l.ahead[k] > 0.0) {
                let r = pass.r[k] * l.ahead[k];
                self.gone += r;
                add_row(&mut self.gone_x, l.x(k), r);
            }
            k = end;
        }
    }

    /// Computes q of a time with censorings: of those who ended otherwise before it, over the events
    /// from it on, as crr has it. Adds it to the integral.
    #[inline(always)]
    fn censoring(&mut self, slot: usize, u: f64, part: f64, whole: f64) {
        let (pass, l) = (self.pass, self.pass.layout);
        // The slot of u itself, where it has events.
        let own = if l.time[slot] == u { l.reach[slot] * pass.increment[slot] } else { 0.0 };
        let (factor, hazard) = (part / (whole * whole), pass.after[slot] + own);
        let means = self.means.after(slot).iter().zip(self.means.mean(slot));
        let sums = self.integral.iter_mut().zip(&self.gone_x);
        for (((sum, gone), (after, mean)), q) in sums.zip(means).zip(&mut self.q) {
            *q = gone * hazard - self.gone * (after + own * mean);
            *sum += *q * factor;
        }
    }

    /// Writes what rows that end at one time are exposed to of censorings, and what those who are
    /// censored do themselves.
    #[inline(always)]
    fn add(&self, rows: Range<usize>, whole: f64, out: &mut [f64]) {
        let l = self.pass.layout;
        let width = self.integral.len();
        let from = (rows.start - self.begin) * width;
        for (k, out) in rows.zip(out[from..].chunks_exact_mut(width)) {
            set_row(out, &self.integral, -l.weight(k));
            if l.censored[k] {
                add_row(out, &self.q, l.weight(k) / whole);
            }
        }
    }
}
