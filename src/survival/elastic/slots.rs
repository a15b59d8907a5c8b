//! The slots of an elastic net: event times, who is at risk at which, and who stays on in the risk
//! sets of a subdistribution after another end.

use crate::survival::fine_gray::observed::{Observed, unobserved};
use crate::survival::table::End;
use crate::survival::{Convention, FitError, Sample};

/// Rows that ended otherwise stay in the risk sets of a subdistribution (Fine & Gray 1999), at a slot
/// with weight `reach[slot] * ahead[row]`.
#[derive(Debug, Clone, Default)]
pub(super) struct Stays {
    /// By row: one over the chance of being observed at its end; 0 for those that do not stay.
    pub(super) ahead: Vec<f64>,
    /// By slot: the chance of being observed then; 0 for closing slots.
    reach: Vec<f64>,
}

impl Stays {
    /// Adds the slots of a stratum, with its closing one, whose event times are `time`; what its rows
    /// carry ahead.
    fn add_stratum(
        &mut self,
        sample: &Sample,
        cause: u32,
        convention: Convention,
        rows: &[usize],
        time: &[f64],
    ) -> Result<Vec<f64>, FitError> {
        let y = sample.outcome();
        let weights = sample.weights().filter(|_| convention == Convention::Crr);
        let ends: Vec<End> = rows.iter().map(|&i| (y.exit()[i], y.cause()[i], i as u32)).collect();
        let observed = Observed::new(y, weights, &ends, convention);
        let last = time.last().copied().unwrap_or(f64::NEG_INFINITY);
        let (mut reach, mut ahead) = (observed.reach(), Vec::with_capacity(rows.len()));
        let mut slots = time.iter().peekable();
        for &i in rows {
            let (exit, ended) = (y.exit()[i], y.cause()[i]);
            let a = reach.at(exit);
            if slots.next_if(|t| **t == exit).is_some() {
                self.reach.push(a);
            }
            let stays = ended > 0 && ended != cause && exit < last;
            let share = if stays { 1.0 / a } else { 0.0 };
            if !share.is_finite() {
                return Err(unobserved(exit));
            }
            ahead.push(share);
        }
        self.reach.push(0.0);
        Ok(ahead)
    }

    /// Adds those who stay on to the sums over the risk sets.
    pub(super) fn add_gone(&self, values: &[f64], exit: &[u32], closes: &[bool], sums: &mut [f64]) {
        let mut gone = vec![0.0; sums.len()];
        for ((v, a), &exit) in values.iter().zip(&self.ahead).zip(exit) {
            gone[exit as usize] += v * a;
        }
        let mut all = 0.0;
        for (j, s) in sums.iter_mut().enumerate() {
            all = if closes[j] { 0.0 } else { all + gone[j] };
            *s += self.reach[j] * all;
        }
    }

    /// By slot: the hazard of it and all that follow in its stratum, by the chance of being observed.
    pub(super) fn hazard_after(&self, deaths: &[f64], s0: &[f64], closes: &[bool], to: &mut [f64]) {
        let mut sum = 0.0;
        for j in (0..to.len()).rev() {
            sum = if closes[j] { 0.0 } else { sum + self.reach[j] * deaths[j] / s0[j] };
            to[j] = sum;
        }
    }

    /// Adds what those who stay on are exposed to.
    pub(super) fn add_expected(&self, r: &[f64], exit: &[u32], after: &[f64], to: &mut [f64]) {
        for (((v, r), a), &exit) in to.iter_mut().zip(r).zip(&self.ahead).zip(exit) {
            *v += r * a * after[exit as usize];
        }
    }
}

/// Event times and the rows at risk at some of them.
pub(super) struct Slots {
    pub(super) row: Vec<usize>,
    pub(super) exit: Vec<u32>,
    pub(super) entry: Option<Vec<u32>>,
    pub(super) stays: Option<Stays>,
    pub(super) deaths: Vec<f64>,
    pub(super) closes: Vec<bool>,
}

impl Slots {
    /// Of rows by stratum and exit, events first.
    pub(super) fn new(
        sample: &Sample,
        cause: u32,
        subdistribution: Option<Convention>,
        order: &[usize],
        total: f64,
    ) -> Result<Self, FitError> {
        let y = sample.outcome();
        let stratum = |i: usize| sample.strata().map_or(0, |s| s[i]);
        let mut time: Vec<f64> = Vec::new();
        let mut out = Self {
            row: Vec::with_capacity(order.len()),
            exit: Vec::with_capacity(order.len()),
            entry: y.entry().map(|_| Vec::with_capacity(order.len())),
            stays: subdistribution.map(|_| Stays::default()),
            deaths: Vec::new(),
            closes: Vec::new(),
        };
        for rows in order.chunk_by(|&a, &b| stratum(a) == stratum(b)) {
            let begin = time.len();
            for &i in rows.iter().filter(|&&i| y.cause()[i] == cause) {
                if time.len() == begin || time.last() != Some(&y.exit()[i]) {
                    time.push(y.exit()[i]);
                    out.deaths.push(0.0);
                    out.closes.push(false);
                }
                let weight = sample.weights().map_or(1.0, |w| w[i]);
                out.deaths[time.len() - 1] += weight / total;
            }
            if time.len() == begin {
                continue;
            }
            let ahead = match (&mut out.stays, subdistribution) {
                (Some(stays), Some(convention)) => {
                    Some(stays.add_stratum(sample, cause, convention, rows, &time[begin..])?)
                }
                _ => None,
            };
            let mut exit = begin;
            for (k, &i) in rows.iter().enumerate() {
                while exit < time.len() && time[exit] <= y.exit()[i] {
                    exit += 1;
                }
                let entry = y
                    .entry()
                    .map_or(begin, |e| begin + time[begin..].partition_point(|&t| t <= e[i]));
                let ahead = ahead.as_ref().map_or(0.0, |a| a[k]);
                if entry < exit || ahead > 0.0 {
                    out.row.push(i);
                    if let Some(stays) = &mut out.stays {
                        stays.ahead.push(ahead);
                    }
                    out.exit.push(exit as u32);
                    if let Some(all) = &mut out.entry {
                        all.push(entry as u32);
                    }
                }
            }
            time.push(f64::NAN);
            out.deaths.push(0.0);
            out.closes.push(true);
        }
        Ok(out)
    }
}
