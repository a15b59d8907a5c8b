//! Weighted sums of covariates over the risk sets, event time by event time.

use rayon::prelude::*;

use super::layout::{Run, from_after, from_before};
use super::pass::Pass;
use crate::survival::cox::kernels::{LANES, Wide, add_row, add_rows, set_row, touch, wide};
use crate::survival::cox::split;

/// What a run is handed by others, or hands to them.
#[derive(Debug, Clone)]
pub(super) struct Carry {
    /// Σ r x over those still there, from rows at later slots.
    pub(super) present: Vec<f64>,
    /// Σ r/a(exit) x over those who ended otherwise in earlier slots.
    pub(super) gone: Vec<f64>,
}

/// `sum += v`, number by number.
pub(super) fn plus(sum: &mut [f64], v: &[f64]) {
    sum.iter_mut().zip(v).for_each(|(s, v)| *s += v);
}

/// What reaches each run from those after it and before it.
pub(super) fn carries(pass: &Pass) -> Vec<Carry> {
    let runs = &pass.layout.runs;
    let none = vec![0.0; pass.layout.width()];
    let add = |ahead: &mut Vec<f64>, run| wide(Added { pass, run, ahead });
    let added: Vec<Carry> = runs.par_iter().map_init(Vec::new, add).collect();
    let (present, gone): (Vec<_>, Vec<_>) = added.into_iter().map(|a| (a.present, a.gone)).unzip();
    let present = from_after(runs, &present, &none, |sum, v| plus(sum, v));
    let gone = from_before(runs, &gone, &none, |sum, v| plus(sum, v));
    present.into_iter().zip(gone).map(|(present, gone)| Carry { present, gone }).collect()
}

/// What one run hands to others.
struct Added<'w, 'l, 'a> {
    pass: &'w Pass<'l, 'a>,
    run: &'w Run,
    ahead: &'w mut Vec<f64>,
}

impl Wide for Added<'_, '_, '_> {
    type Output = Carry;

    #[inline(always)]
    fn run(self) -> Carry {
        let Self { pass, run, ahead } = self;
        let l = pass.layout;
        let none = vec![0.0; l.width()];
        let mut carry = Carry { present: none.clone(), gone: none };
        // Up to the first row that belongs to another stratum, and from the first of the last one.
        let row = |slot: usize| l.first.get(slot).map_or(l.n(), |&k| k as usize);
        let head = run.rows.start..row(run.head_end);
        touch(l.rows(run.rows.clone()));
        add_rows(&mut carry.present, l.rows(head.clone()), &pass.r[head]);
        for j in run.slots.start..run.head_end {
            for &k in l.entering(j) {
                add_row(&mut carry.present, l.x(k as usize), -pass.r[k as usize]);
            }
        }
        let tail = row(run.tail)..run.rows.end;
        ahead.clear();
        ahead.extend(pass.r[tail.clone()].iter().zip(&l.ahead[tail.clone()]).map(|(r, a)| r * a));
        add_rows(&mut carry.gone, l.rows(tail), ahead);
        carry
    }
}

/// Σ r x over a slot's deaths.
#[inline(always)]
pub(super) fn deaths_sum(pass: &Pass, slot: usize, own: &mut [f64]) {
    own.fill(0.0);
    for k in pass.layout.dying(slot) {
        add_row(own, pass.layout.x(k), pass.r[k]);
    }
}

/// Writes S1 of a run's slots, row after row; of an opening slot zeros.
#[inline(always)]
pub(super) fn sums(pass: &Pass, run: &Run, carry: &Carry, s1: &mut [f64]) {
    let quads = pass.layout.width() / LANES;
    let mut from = 0;
    while from < quads {
        from += match quads - from {
            1 => some_sums::<1>(pass, run, carry, s1, from),
            2 | 4 => some_sums::<2>(pass, run, carry, s1, from),
            _ => some_sums::<3>(pass, run, carry, s1, from),
        };
    }
}

/// The same of `Q` quads of columns, so few that running sums stay in registers; how many that were.
#[inline(always)]
fn some_sums<const Q: usize>(
    pass: &Pass,
    run: &Run,
    carry: &Carry,
    s1: &mut [f64],
    from: usize,
) -> usize {
    let l = pass.layout;
    let width = l.width();
    let quads = |row: &[f64]| -> [[f64; LANES]; Q] {
        let quads = &row.as_chunks().0[from..from + Q];
        std::array::from_fn(|q| quads[q])
    };
    let add = |sum: &mut [[f64; LANES]; Q], x: &[f64], r: f64| {
        let x = quads(x);
        for q in 0..Q {
            for i in 0..LANES {
                sum[q][i] += r * x[q][i];
            }
        }
    };
    let mut present = quads(&carry.present);
    for (j, s1) in run.slots.clone().zip(s1.chunks_exact_mut(width)).rev() {
        let group = l.group(j);
        for (x, r) in l.rows(group.clone()).chunks_exact(width).zip(&pass.r[group]) {
            add(&mut present, x, *r);
        }
        for &k in l.entering(j) {
            add(&mut present, l.x(k as usize), -pass.r[k as usize]);
        }
        if l.opens[j] {
            present = [[0.0; LANES]; Q];
        }
        s1.as_chunks_mut().0[from..from + Q].copy_from_slice(&present);
    }
    let mut gone = quads(&carry.gone);
    for (j, s1) in run.slots.clone().zip(s1.chunks_exact_mut(width)) {
        if l.opens[j] {
            gone = [[0.0; LANES]; Q];
        } else {
            for (s1, gone) in s1.as_chunks_mut::<LANES>().0[from..from + Q].iter_mut().zip(&gone) {
                for i in 0..LANES {
                    s1[i] += l.reach[j] * gone[i];
                }
            }
        }
        let group = l.group(j);
        let rows = l.rows(group.clone()).chunks_exact(width);
        for ((x, r), ahead) in rows.zip(&pass.r[group.clone()]).zip(&l.ahead[group]) {
            if *ahead > 0.0 {
                add(&mut gone, x, r * ahead);
            }
        }
    }
    Q
}

/// What reaches each run of the sums over risk sets, and of the integrals of the means.
pub(super) struct Between {
    pub(super) carries: Vec<Carry>,
    before: Vec<Vec<f64>>,
    after: Vec<Vec<f64>>,
}

impl Between {
    pub(super) fn new(pass: &Pass) -> Self {
        let carries = carries(pass);
        let add = |means: &mut Means, (run, carry)| {
            means.resize(pass, run);
            wide(Fill { part: &mut means.part(pass, run), carry })
        };
        let runs = &pass.layout.runs;
        let added = runs.par_iter().zip(&carries).map_init(Means::default, add).collect();
        let (before, after) = integrals(runs, added, pass.layout.width());
        Self { carries, before, after }
    }
}

/// What reaches each run of the two integrals, from what each adds.
fn integrals(
    runs: &[Run],
    added: Vec<(Vec<f64>, Vec<f64>)>,
    width: usize,
) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let (before, after): (Vec<_>, Vec<_>) = added.into_iter().unzip();
    let none = vec![0.0; width];
    (
        from_before(runs, &before, &none, |sum, v| plus(sum, v)),
        from_after(runs, &after, &none, |sum, v| plus(sum, v)),
    )
}

/// Weighted means of the covariates over the risk sets at some slots, and their integrals: by slot,
/// row after row, each filled up with zeros to the layout's width.
#[derive(Default)]
pub(super) struct Means {
    width: usize,
    /// The first slot, and the first tied slot.
    slot: usize,
    tie: usize,
    /// The mean that a death at the slot is compared with.
    mean: Vec<f64>,
    /// Σ mean × hazard up to and with the slot.
    cumulative: Vec<f64>,
    /// Σ a × mean × hazard over the slots after it.
    after: Vec<f64>,
    /// By tied slot (Efron): what a death is exposed to less than others are.
    less: Vec<f64>,
}

impl Means {
    /// Those of all slots.
    pub(super) fn new(pass: &Pass) -> Self {
        let (runs, width) = (&pass.layout.runs, pass.layout.width());
        let size = pass.layout.time.len() * width;
        let mut all = Self {
            width,
            mean: vec![0.0; size],
            cumulative: vec![0.0; size],
            after: vec![0.0; size],
            less: vec![0.0; pass.tied.len() * width],
            ..Self::default()
        };
        if width == 0 {
            return all;
        }
        let sizes = || runs.iter().map(|run| run.slots.len() * width);
        let ties = runs.iter().map(|run| if pass.efron { run.tied.len() * width } else { 0 });
        let means = split(&mut all.mean, sizes()).into_iter().zip(split(&mut all.less, ties));
        let sums = split(&mut all.cumulative, sizes()).into_iter();
        let sums = sums.zip(split(&mut all.after, sizes()));
        let mut parts = Vec::with_capacity(runs.len());
        for ((run, (mean, less)), (cumulative, after)) in runs.iter().zip(means).zip(sums) {
            parts.push(Part { pass, run, mean, less, cumulative, after });
        }
        let carries = carries(pass);
        let added = parts
            .par_iter_mut()
            .zip(&carries)
            .map(|(part, carry)| wide(Fill { part, carry }))
            .collect();
        let (before, after) = integrals(runs, added, width);
        let parts = parts.into_par_iter().zip(before).zip(after);
        parts.for_each(|((mut part, before), after)| part.complete(&before, &after));
        all
    }

    /// Those of one run, the `at`-th.
    #[inline(always)]
    pub(super) fn of_run(&mut self, pass: &Pass, between: &Between, at: usize) {
        let run = &pass.layout.runs[at];
        self.resize(pass, run);
        let mut part = self.part(pass, run);
        Fill { part: &mut part, carry: &between.carries[at] }.run();
        part.complete(&between.before[at], &between.after[at]);
    }

    #[inline(always)]
    fn resize(&mut self, pass: &Pass, run: &Run) {
        (self.width, self.slot, self.tie) = (pass.layout.width(), run.slots.start, run.tied.start);
        let size = run.slots.len() * self.width;
        for column in [&mut self.mean, &mut self.cumulative, &mut self.after] {
            column.resize(size, 0.0);
        }
        self.less.resize(if pass.efron { run.tied.len() * self.width } else { 0 }, 0.0);
    }

    #[inline(always)]
    fn part<'w, 'l, 'a>(&'w mut self, pass: &'w Pass<'l, 'a>, run: &'w Run) -> Part<'w, 'l, 'a> {
        let Self { mean, cumulative, after, less, .. } = self;
        Part { pass, run, mean, less, cumulative, after }
    }

    #[inline(always)]
    fn row<'r>(&self, rows: &'r [f64], at: usize) -> &'r [f64] {
        &rows[at * self.width..(at + 1) * self.width]
    }

    /// The mean that a death at a slot is compared with.
    #[inline(always)]
    pub(super) fn mean(&self, slot: usize) -> &[f64] {
        self.row(&self.mean, slot - self.slot)
    }

    /// Σ mean × hazard up to and with a slot.
    #[inline(always)]
    pub(super) fn cumulative(&self, slot: usize) -> &[f64] {
        self.row(&self.cumulative, slot - self.slot)
    }

    /// Σ a × mean × hazard over the slots after one.
    #[inline(always)]
    pub(super) fn after(&self, slot: usize) -> &[f64] {
        self.row(&self.after, slot - self.slot)
    }

    /// What a death at a tied slot, which is the `tie`-th of all, is exposed to less than others are.
    #[inline(always)]
    pub(super) fn less(&self, tie: usize) -> &[f64] {
        self.row(&self.less, tie - self.tie)
    }
}

/// Adds a row to every row.
#[inline(always)]
pub(super) fn add_to_rows(rows: &mut [f64], row: &[f64]) {
    for to in rows.chunks_exact_mut(row.len()) {
        to.iter_mut().zip(row).for_each(|(v, add)| *v += add);
    }
}

/// The slots of one run.
struct Part<'w, 'l, 'a> {
    pass: &'w Pass<'l, 'a>,
    run: &'w Run,
    mean: &'w mut [f64],
    less: &'w mut [f64],
    cumulative: &'w mut [f64],
    after: &'w mut [f64],
}

/// Fills them as if the integrals had nothing from other runs; what the run hands to those.
struct Fill<'f, 'w, 'l, 'a> {
    part: &'f mut Part<'w, 'l, 'a>,
    carry: &'f Carry,
}

impl Wide for Fill<'_, '_, '_, '_> {
    type Output = (Vec<f64>, Vec<f64>);

    #[inline(always)]
    fn run(self) -> (Vec<f64>, Vec<f64>) {
        sums(self.part.pass, self.part.run, self.carry, self.part.mean);
        self.part.steps();
        self.part.integrate()
    }
}

impl Part<'_, '_, '_> {
    /// Adds what comes from other runs to the integrals.
    #[inline(always)]
    fn complete(&mut self, before: &[f64], after: &[f64]) {
        let (width, begin) = (before.len(), self.run.slots.start);
        add_to_rows(&mut self.cumulative[..(self.run.head_end - begin) * width], before);
        add_to_rows(&mut self.after[(self.run.tail - begin) * width..], after);
    }

    /// From sums to means; `cumulative` holds each slot's own part for the time being.
    #[inline(always)]
    fn steps(&mut self) {
        let (pass, l) = (self.pass, self.pass.layout);
        let width = l.width();
        let mut own = vec![0.0; width];
        let mut ties = self.run.tied.clone().zip(self.less.chunks_exact_mut(width));
        let slots = self.mean.chunks_exact_mut(width).zip(self.cumulative.chunks_exact_mut(width));
        for (j, (mean, step)) in self.run.slots.clone().zip(slots) {
            if l.opens[j] {
                step.fill(0.0);
                continue;
            }
            if pass.efron && l.deaths[j] > 1 {
                let Some((at, less)) = ties.next() else { continue };
                let t = pass.tied[at];
                deaths_sum(pass, j, &mut own);
                set_row(step, mean, t.a);
                add_row(step, &own, -t.b);
                set_row(less, mean, t.b);
                add_row(less, &own, -t.c);
                mean.iter_mut()
                    .zip(&own)
                    .for_each(|(m, own)| *m = t.mean * *m - t.mean_deaths * own);
                continue;
            }
            let (s0, increment) = (pass.s0[j], pass.increment[j]);
            for (m, step) in mean.iter_mut().zip(step) {
                *m /= s0;
                *step = *m * increment;
            }
        }
    }

    /// Runs over the slots' own parts, both ways.
    #[inline(always)]
    fn integrate(&mut self) -> (Vec<f64>, Vec<f64>) {
        let l = self.pass.layout;
        let width = l.width();
        let mut sum = vec![0.0; width];
        let rows = self.cumulative.chunks_exact(width).zip(self.after.chunks_exact_mut(width));
        for (j, (step, after)) in self.run.slots.clone().zip(rows).rev() {
            after.copy_from_slice(&sum);
            add_row(&mut sum, step, l.reach[j]);
            if l.opens[j] {
                sum.fill(0.0);
            }
        }
        let mut before = vec![0.0; width];
        for (j, row) in self.run.slots.clone().zip(self.cumulative.chunks_exact_mut(width)) {
            if l.opens[j] {
                before.fill(0.0);
            } else {
                add_row(&mut before, row, 1.0);
                row.copy_from_slice(&before);
            }
        }
        (before, sum)
    }
}
