//! What each row adds to the slope of the log likelihood, the estimated chance of being observed
//! included (Fine & Gray 1999).
//!
//! The weights a(t)/a(exit) are estimates too. A censoring at u lowers the weights after u of all
//! who had ended otherwise before, and so moves the slope by q(u)/Y(u), where q(u) = Σ r/a(exit)
//! ∫_{t ≥ u} (x − x̄(t)) a(t) dH(t) over those rows and Y(u) is the weight that could have been
//! censored. A late entry raises the weights up to its time in the same way.

use std::ops::Range;

use super::Convention;
use super::along::Along;
use super::means::Means;
use super::observation::Observation;
use super::pass::Pass;
use crate::survival::cox::kernels::{Wide, add_row, wide};

/// Influences of the rows of a fit.
pub(super) struct Influence<'p, 'l, 'a> {
    pass: &'p Pass<'l, 'a>,
    terms: Terms<'p, 'l, 'a>,
}

/// What they are made of.
enum Terms<'p, 'l, 'a> {
    Along(Along<'p, 'l, 'a>),
    /// Where rows enter late, means at their entries are needed as well, and so those at all times; and
    /// by stratum what the chance of being observed adds, where it is an estimate.
    Late(Means, Vec<Observation<'p>>),
}

impl<'p, 'l, 'a> Influence<'p, 'l, 'a> {
    pub(super) fn new(pass: &'p Pass<'l, 'a>, convention: Convention) -> Self {
        let estimated = convention == Convention::Crr;
        if pass.layout.p() == 0 {
            return Self { pass, terms: Terms::Late(Means::default(), Vec::new()) };
        }
        if pass.layout.entry.is_none() {
            return Self { pass, terms: Terms::Along(Along::new(pass, estimated)) };
        }
        let means = Means::new(pass);
        let strata = pass.layout.strata.iter().filter(|_| estimated);
        let observation = strata.map(|s| Observation::new(pass, &means, s)).collect();
        Self { pass, terms: Terms::Late(means, observation) }
    }

    /// Fills `out` with the influences of the rows of a run, row after row, each filled up with zeros
    /// to the layout's width.
    pub(super) fn fill(&self, rows: Range<usize>, out: &mut [f64]) {
        if out.is_empty() {
            return;
        }
        wide(Fill { influence: self, rows, out });
    }
}

/// Fills the rows of one run.
struct Fill<'f, 'p, 'l, 'a> {
    influence: &'f Influence<'p, 'l, 'a>,
    rows: Range<usize>,
    out: &'f mut [f64],
}

impl Wide for Fill<'_, '_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let l = self.influence.pass.layout;
        match &self.influence.terms {
            Terms::Along(along) => {
                let at = l.runs.partition_point(|run| run.rows.end <= self.rows.start);
                let mut means = Means::default();
                along.fill(at, &mut means, self.out);
                self.add_exposure(&means);
            }
            Terms::Late(means, observation) => {
                self.out.fill(0.0);
                self.add_exposure(means);
                if !observation.is_empty() {
                    self.add_observation(observation);
                }
            }
        }
    }
}

impl Fill<'_, '_, '_, '_> {
    /// Adds ∫ (x − x̄) of each row's own martingale.
    #[inline(always)]
    fn add_exposure(&mut self, means: &Means) {
        let pass = self.influence.pass;
        let (l, begin, width) = (pass.layout, self.rows.start, pass.layout.width());
        let mut m = vec![0.0; self.rows.len()];
        pass.expected(begin, &mut m);
        m.iter_mut().for_each(|d| *d = -*d);
        pass.add_deaths(begin, &mut m);
        for ((out, m), k) in self.out.chunks_exact_mut(width).zip(m).zip(self.rows.clone()) {
            let (r, slot) = (pass.r[k], l.slot[k] as usize);
            add_row(out, l.x(k), m);
            add_row(out, means.cumulative(slot), r);
            if l.ahead[k] > 0.0 {
                add_row(out, means.after(slot), r * l.ahead[k]);
            }
            if let Some(entry) = &l.entry {
                add_row(out, means.cumulative(entry[k] as usize), -r);
            }
        }
        let out = &mut *self.out;
        pass.deaths_within(self.rows.clone(), |k, slot| {
            let out = &mut out[(k - begin) * width..(k - begin + 1) * width];
            add_row(out, means.mean(slot), -l.weight(k));
            if let Some(tie) = pass.tie(slot) {
                add_row(out, means.less(tie), -pass.r[k]);
            }
        });
    }

    /// Adds what a row's censoring and entry do to the weights of others.
    #[inline(always)]
    fn add_observation(&mut self, observation: &[Observation]) {
        let l = self.influence.pass.layout;
        let entry = l.sample.outcome().entry();
        let mut stratum = l.strata.partition_point(|s| s.rows.end <= self.rows.start);
        // Rows come by exit: the next has the same place among the censorings, or one further on.
        let mut last: Option<usize> = None;
        for (out, k) in self.out.chunks_exact_mut(l.width()).zip(self.rows.clone()) {
            while l.strata[stratum].rows.end <= k {
                stratum += 1;
                last = None;
            }
            let (exit, w) = (l.exit[k], l.weight(k));
            let o = &observation[stratum];
            // Exposed to being censored over (entry, exit].
            let g = &o.censorings;
            let at = last.map_or_else(|| g.upto(exit), |from| g.upto_from(from, exit));
            last = Some(at);
            g.add(at, -w, out);
            if l.censored[k] {
                g.add_own(at - 1, w, out);
            }
            if let (Some(h), Some(entry)) = (&o.entries, entry.map(|e| e[l.row[k] as usize])) {
                g.add(g.upto(entry), w, out);
                // Exposed to entering over [entry, exit), backwards in time.
                let first = h.before(entry);
                h.add(h.before(exit), w, out);
                h.add(first, -w, out);
                h.add_own(first, -w, out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survival::fine_gray::layout::Layout;
    use crate::survival::{Outcome, Sample};
    use ndarray::{Array1, Array2};

    /// Rows in tied times, weights and strata; who enters late enters before all exits.
    fn sample(n: usize, p: usize, late: bool) -> Sample {
        let number = |i: usize, j: usize| ((i * 37 + j * 101 + i * j * 13) % 1009) as f64 / 1009.0;
        let exit: Vec<f64> = (0..n).map(|i| (1.0 + number(i, 50) * n as f64).floor()).collect();
        let cause = (0..n).map(|i| (number(i, 51) * 3.0) as u32).collect();
        let entry = late.then(|| vec![-1.0; n]);
        let y = Outcome::new(entry, exit, cause, vec!["a".into(), "b".into()]).unwrap();
        let x = Array2::from_shape_fn((n, p), |(i, j)| number(i, j));
        let names = (0..p).map(|j| format!("x{j}")).collect();
        let strata = (0..n).map(|i| (number(i, 52) * 3.0) as u32).collect();
        let weights = (0..n).map(|i| 0.5 + number(i, 53)).collect();
        let sample = Sample::new(x, names, y).unwrap();
        sample.with_strata(strata).unwrap().with_weights(weights).unwrap()
    }

    fn influences(sample: &Sample, convention: Convention) -> Vec<f64> {
        let layout = Layout::new(sample, 1, convention).unwrap();
        assert!(layout.runs.len() > 2, "{} runs", layout.runs.len());
        let mut pass = Pass::new(&layout, convention == Convention::Finegray);
        pass.evaluate(&Array1::from_elem(layout.p(), 0.1)).unwrap();
        let influence = Influence::new(&pass, convention);
        let mut all = Vec::new();
        for run in &layout.runs {
            let mut out = vec![f64::NAN; run.rows.len() * layout.width()];
            influence.fill(run.rows.clone(), &mut out);
            all.extend(out);
        }
        all
    }

    #[test]
    fn what_runs_along_is_what_is_kept_for_all_times() {
        // Columns that fill one group of registers, and more than one.
        for p in [1, 3, 14] {
            for convention in [Convention::Crr, Convention::Finegray] {
                let along = influences(&sample(9_000, p, false), convention);
                let kept = influences(&sample(9_000, p, true), convention);
                let size = kept.iter().fold(0.0f64, |most, v| most.max(v.abs()));
                assert!(size > 1.0, "{size}");
                for (k, (a, b)) in along.iter().zip(&kept).enumerate() {
                    assert!((a - b).abs() < 1e-12 * size, "{p} {convention:?} {k}: {a} {b}");
                }
            }
        }
    }
}
