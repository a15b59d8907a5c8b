//! Risk sets and hazards at every event time, from the sums over the rows of each slot.
//!
//! Those still there are summed backwards, those who ended otherwise forwards. Every run first says
//! what it adds, then all are filled at once, each from what it is handed.

use rayon::prelude::*;

use super::layout::{Layout, Run, from_after, from_before};
use super::pass::Pass;
use crate::survival::cox::{Tied, Twofold, split};

/// What a run adds to, or is handed of, two running sums.
#[derive(Debug, Clone)]
struct Carry<T> {
    /// Of its tail, for the runs after it.
    before: f64,
    /// Of its head, for the runs before it.
    after: T,
}

impl Pass<'_, '_> {
    /// Fills everything by slot; returns Σ w ln S0 over the deaths.
    pub(super) fn hazards(&mut self) -> f64 {
        let (layout, efron) = (self.layout, self.efron);
        let runs = &layout.runs;
        let (r, sum, ahead) = (&self.r, &self.s0, &self.after);
        let added: Vec<Carry<Twofold>> =
            runs.par_iter().map(|run| at_risk(layout, run, r, sum, ahead)).collect();
        let before: Vec<f64> = added.iter().map(|a| a.before).collect();
        let before = from_before(runs, &before, &0.0, |sum, v| *sum += v);
        let after: Vec<Twofold> = added.into_iter().map(|a| a.after).collect();
        let after = from_after(runs, &after, &Twofold::default(), |sum, v| *sum = sum.plus(*v));
        let slots = || runs.iter().map(|run| run.slots.len());
        let ties = runs.iter().map(|run| if efron { run.tied.len() } else { 0 });
        let mut jobs = Vec::with_capacity(runs.len());
        let parts =
            split(&mut self.s0, slots()).into_iter().zip(split(&mut self.increment, slots()));
        let sums = split(&mut self.cumulative, slots()).into_iter();
        let sums = sums.zip(split(&mut self.after, slots()));
        let all = runs.iter().zip(parts).zip(sums).zip(split(&mut self.tied, ties));
        for (((run, (s0, increment)), (cumulative, after)), tied) in all {
            jobs.push(Hazards { layout, run, r, s0, increment, cumulative, after, tied });
        }
        let carries: Vec<Carry<Twofold>> =
            before.into_iter().zip(after).map(|(before, after)| Carry { before, after }).collect();
        let filled: Vec<(f64, Carry<f64>)> = jobs
            .par_iter_mut()
            .zip(carries)
            .map(|(job, carry)| (job.fill(&carry, efron), job.integrate()))
            .collect();
        let before: Vec<f64> = filled.iter().map(|(_, added)| added.before).collect();
        let before = from_before(runs, &before, &0.0, |sum, v| *sum += v);
        let after: Vec<f64> = filled.iter().map(|(_, added)| added.after).collect();
        let after = from_after(runs, &after, &0.0, |sum, v| *sum += v);
        jobs.into_par_iter().zip(before).zip(after).for_each(|((job, before), after)| {
            let (head, tail) = (job.head(), job.tail());
            job.cumulative[..head].iter_mut().for_each(|v| *v += before);
            job.after[tail..].iter_mut().for_each(|v| *v += after);
        });
        filled.into_iter().map(|(sum_ln, _)| sum_ln).sum()
    }
}

/// What a run adds to the risk sets of others.
fn at_risk(layout: &Layout, run: &Run, r: &[f64], sum: &[f64], ahead: &[f64]) -> Carry<Twofold> {
    let before = ahead[run.tail..run.slots.end].iter().sum();
    let mut added = Carry { before, after: Twofold::default() };
    for j in run.slots.start..run.head_end {
        added.after.add(sum[j]);
        for &k in layout.entering(j) {
            added.after.add(-r[k as usize]);
        }
    }
    added
}

/// The slots of one run.
struct Hazards<'w, 'a> {
    layout: &'w Layout<'a>,
    run: &'w Run,
    r: &'w [f64],
    s0: &'w mut [f64],
    increment: &'w mut [f64],
    cumulative: &'w mut [f64],
    after: &'w mut [f64],
    tied: &'w mut [Tied],
}

impl Hazards<'_, '_> {
    /// How many of the slots go on from the run before.
    fn head(&self) -> usize {
        self.run.head_end - self.run.slots.start
    }

    /// From which on slots go on in the next run.
    fn tail(&self) -> usize {
        self.run.tail - self.run.slots.start
    }

    /// Turns sums by slot into sums over risk sets, and fills increments; returns what S0 add to the
    /// logarithm.
    fn fill(&mut self, carry: &Carry<Twofold>, efron: bool) -> f64 {
        let l = self.layout;
        let begin = self.run.slots.start;
        // Backwards: who is still there, in twice the precision, so that rows which enter late leave
        // no noise. Forwards: who has ended otherwise.
        let mut present = carry.after;
        for (s0, j) in self.s0.iter_mut().zip(self.run.slots.clone()).rev() {
            present.add(*s0);
            for &k in l.entering(j) {
                present.add(-self.r[k as usize]);
            }
            *s0 = present.value();
            if l.opens[j] {
                present = Twofold::default();
            }
        }
        let (mut gone, mut sum_ln, mut tie) = (carry.before, 0.0, 0);
        for j in self.run.slots.clone() {
            let k = j - begin;
            if l.opens[j] {
                gone = self.after[k];
                self.increment[k] = 0.0;
                continue;
            }
            let total = self.s0[k] + l.reach[j] * gone;
            gone += self.after[k];
            self.s0[k] = total;
            if efron && l.deaths[j] > 1 {
                let deaths = &self.r[l.dying(j)];
                let (tied, increment, ln) = Tied::average(deaths, l.death_weight(j), total);
                (self.tied[tie], self.increment[k]) = (tied, increment);
                tie += 1;
                sum_ln += ln;
            } else {
                let weight = l.death_weight(j);
                self.increment[k] = weight / total;
                sum_ln += weight * total.ln();
            }
        }
        sum_ln
    }

    /// Fills the hazard and ∫ a dH, as if nothing came from other runs; what it hands to them.
    fn integrate(&mut self) -> Carry<f64> {
        let l = self.layout;
        let mut hazard = 0.0;
        for (k, j) in self.run.slots.clone().enumerate() {
            hazard = if l.opens[j] { 0.0 } else { hazard + self.increment[k] };
            self.cumulative[k] = hazard;
        }
        let mut sum = 0.0;
        for (k, j) in self.run.slots.clone().enumerate().rev() {
            self.after[k] = sum;
            sum = if l.opens[j] { 0.0 } else { sum + l.reach[j] * self.increment[k] };
        }
        Carry { before: hazard, after: sum }
    }
}
