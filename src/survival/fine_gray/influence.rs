//! What each row adds to the slope of the log likelihood, the estimated chance of being observed
//! included (Fine & Gray 1999).
//!
//! The weights a(t)/a(exit) are estimates too. A censoring at u lowers the weights after u of all
//! who had ended otherwise before, and so moves the slope by q(u)/Y(u), where q(u) = Σ r/a(exit)
//! ∫_{t ≥ u} (x − x̄(t)) a(t) dH(t) over those rows and Y(u) is the weight that could have been
//! censored. A late entry raises the weights up to its time in the same way.

use ndarray::Array2;

use super::Convention;
use super::layout::{Layout, Stratum};
use super::means::Means;
use super::pass::Pass;
use crate::survival::columns::TILE;

/// Σ q(u)·(weight that ended there)/Y(u)² by the distinct times u of a stratum.
struct Integral {
    time: Vec<f64>,
    /// Weight that ended (or entered) at each time, and weight that could have.
    part: Vec<f64>,
    whole: Vec<f64>,
    /// Before the first time, and after each.
    cumulative: Array2<f64>,
}

/// The influence of the censorings, and of late entries, in one stratum.
struct Observation {
    censorings: Integral,
    entries: Option<Integral>,
}

/// Influences of the rows of a fit, tile by tile.
pub(super) struct Influence<'p, 'l, 'a> {
    pass: &'p Pass<'l, 'a>,
    means: Means,
    /// By stratum; empty where the chance of being observed counts as known.
    observation: Vec<Observation>,
}

impl<'p, 'l, 'a> Influence<'p, 'l, 'a> {
    pub(super) fn new(pass: &'p Pass<'l, 'a>, convention: Convention) -> Self {
        let means = Means::new(pass);
        let observation = match convention {
            Convention::Finegray => Vec::new(),
            Convention::Crr => {
                pass.layout.strata.iter().map(|s| Observation::new(pass, &means, s)).collect()
            }
        };
        Self { pass, means, observation }
    }

    /// Fills `tile` (column j is `tile[j * TILE..][..TILE]`) with the influences of the rows from
    /// position `begin` on; zero for padding.
    pub(super) fn tile(&self, begin: usize, tile: &mut [f64]) {
        let l = self.pass.layout;
        let mut m = [0.0; TILE];
        self.pass.expected(begin, &mut m);
        m.iter_mut().for_each(|d| *d = -*d);
        self.pass.add_deaths(begin, &mut m);
        let x = l.columns.tile(begin);
        for (v, (x, m)) in tile.iter_mut().zip(x.iter().zip(m.iter().cycle())) {
            *v = x * m;
        }
        self.add_means(begin, tile);
        if !self.observation.is_empty() {
            self.add_observation(begin, tile);
        }
    }

    /// Adds the integrals over the means, column by column.
    fn add_means(&self, begin: usize, tile: &mut [f64]) {
        let (l, means) = (self.pass.layout, &self.means);
        let end = (begin + TILE).min(l.n());
        let (r, ahead) = (&self.pass.r[begin..end], &l.ahead[begin..end]);
        let slots = &l.slot[begin..end];
        let mut died = [0.0; TILE];
        self.pass.add_deaths(begin, &mut died);
        for (c, out) in tile.chunks_exact_mut(TILE).enumerate() {
            let rows = out.iter_mut().zip(r).zip(ahead).zip(slots).zip(&died);
            for ((((out, r), ahead), &j), died) in rows {
                let at = [j as usize, c];
                *out += r * (means.cumulative[at] + ahead * means.after[at]);
                *out -= died * means.mean[at];
            }
            if let Some(entry) = &l.entry {
                for ((out, r), &j) in out.iter_mut().zip(r).zip(&entry[begin..end]) {
                    *out -= r * means.cumulative[[j as usize, c]];
                }
            }
        }
        if self.pass.tied.is_empty() {
            return;
        }
        for k in (begin..end).filter(|k| died[k - begin] > 0.0) {
            if let Some(t) = self.pass.tie(l.slot[k] as usize) {
                for (c, out) in tile.chunks_exact_mut(TILE).enumerate() {
                    out[k - begin] -= self.pass.r[k] * means.less[[t, c]];
                }
            }
        }
    }

    /// Adds what a row's censoring and entry do to the weights of others.
    fn add_observation(&self, begin: usize, tile: &mut [f64]) {
        let l = self.pass.layout;
        let cause = l.sample.outcome().cause();
        let mut stratum = l.strata.partition_point(|s| s.rows.end <= begin);
        // Rows come by exit: the next has the same place among the censorings, or one further on.
        let mut last: Option<usize> = None;
        for k in begin..(begin + TILE).min(l.n()) {
            while l.strata[stratum].rows.end <= k {
                stratum += 1;
                last = None;
            }
            let (row, exit, w) = (l.row[k] as usize, l.exit[k], l.weight[k]);
            let mut add = |c: usize, v: f64| tile[c * TILE + k % TILE] += w * v;
            let (o, entry) = (&self.observation[stratum], l.sample.outcome().entry());
            // Exposed to being censored over (entry, exit].
            let g = &o.censorings;
            let mut at = last.unwrap_or_else(|| g.time.partition_point(|&u| u <= exit));
            while g.time.get(at).is_some_and(|&u| u <= exit) {
                at += 1;
            }
            last = Some(at);
            g.add(at, -1.0, &mut add);
            if cause[row] == 0 {
                g.add_own(at - 1, 1.0, &mut add);
            }
            if let (Some(h), Some(entry)) = (&o.entries, entry) {
                g.add(g.time.partition_point(|&u| u <= entry[row]), 1.0, &mut add);
                // Exposed to entering over [entry, exit), backwards in time.
                let first = h.time.partition_point(|&v| v < entry[row]);
                h.add(h.time.partition_point(|&v| v < exit), 1.0, &mut add);
                h.add(first, -1.0, &mut add);
                h.add_own(first, -1.0, &mut add);
            }
        }
    }
}

impl Integral {
    /// Adds the integral over the first `count` times.
    fn add(&self, count: usize, sign: f64, add: &mut impl FnMut(usize, f64)) {
        for (c, v) in self.cumulative.row(count).iter().enumerate() {
            add(c, sign * v);
        }
    }

    /// Adds q/Y at a time.
    fn add_own(&self, at: usize, sign: f64, add: &mut impl FnMut(usize, f64)) {
        let factor = sign * self.whole[at] / self.part[at];
        let (before, after) = (self.cumulative.row(at), self.cumulative.row(at + 1));
        for (c, (before, after)) in before.iter().zip(after).enumerate() {
            add(c, factor * (after - before));
        }
    }
}

impl Observation {
    fn new(pass: &Pass, means: &Means, stratum: &Stratum) -> Self {
        let o = &stratum.observed;
        let at = (0..o.time.len()).filter(|&k| o.censored[k] > 0.0);
        let (mut time, mut part, mut whole) = (Vec::new(), Vec::new(), Vec::new());
        for k in at {
            time.push(o.time[k]);
            part.push(o.censored[k]);
            whole.push(o.exposed[k]);
        }
        let mut walk = Walk::new(pass.layout, stratum);
        // As crr has it: who ended before u, and events from u on.
        let cumulative = integrate(&time, &part, &whole, pass.layout.p(), |u, q| {
            walk.influence(pass, means, u, false, q);
        });
        let censorings = Integral { time, part, whole, cumulative };
        let entries = o.entries.as_ref().map(|e| {
            let mut walk = Walk::new(pass.layout, stratum);
            let cumulative = integrate(&e.time, &e.entered, &e.present, pass.layout.p(), |v, q| {
                walk.influence(pass, means, v, true, q);
            });
            let (time, part) = (e.time.clone(), e.entered.clone());
            Integral { time, part, whole: e.present.clone(), cumulative }
        });
        Self { censorings, entries }
    }
}

/// Running sums of q·part/whole², where `influence` fills q at a time.
fn integrate(
    time: &[f64],
    part: &[f64],
    whole: &[f64],
    p: usize,
    mut influence: impl FnMut(f64, &mut [f64]),
) -> Array2<f64> {
    let mut all = Array2::zeros((time.len() + 1, p));
    let (mut sum, mut q) = (vec![0.0; p], vec![0.0; p]);
    for (k, ((&u, d), y)) in time.iter().zip(part).zip(whole).enumerate() {
        influence(u, &mut q);
        let factor = d / (y * y);
        for ((s, q), out) in sum.iter_mut().zip(&q).zip(all.row_mut(k + 1)) {
            *s += q * factor;
            *out = *s;
        }
    }
    all
}

/// Goes through a stratum's rows by time, adding up those who ended otherwise.
struct Walk {
    position: usize,
    end: usize,
    slot: usize,
    last_slot: usize,
    /// Σ r/a(exit), and the same times x.
    gone: f64,
    gone_x: Vec<f64>,
}

impl Walk {
    fn new(l: &Layout, stratum: &Stratum) -> Self {
        Self {
            position: stratum.rows.start,
            end: stratum.rows.end,
            slot: stratum.slots.start,
            last_slot: stratum.slots.end - 1,
            gone: 0.0,
            gone_x: vec![0.0; l.p()],
        }
    }

    /// q at a time: of those who ended before it (`upto`: or at it), over the events from it on
    /// (`upto`: after it); written to `q`.
    fn influence(&mut self, pass: &Pass, means: &Means, u: f64, upto: bool, q: &mut [f64]) {
        let l = pass.layout;
        let exit = |k: usize| l.exit[k];
        while self.position < self.end
            && (exit(self.position) < u || (upto && exit(self.position) == u))
        {
            let k = self.position;
            if l.ahead[k] > 0.0 {
                let r = pass.r[k] * l.ahead[k];
                self.gone += r;
                l.columns.add_row(&mut self.gone_x, k, r);
            }
            self.position += 1;
        }
        while self.slot < self.last_slot && l.time[self.slot + 1] <= u {
            self.slot += 1;
        }
        let j = self.slot;
        // The slot of u itself, where it has events.
        let own = if !upto && l.time[j] == u { l.reach[j] * pass.increment[j] } else { 0.0 };
        for (c, (q, gone)) in q.iter_mut().zip(&self.gone_x).enumerate() {
            let after = means.after[[j, c]] + own * means.mean[[j, c]];
            *q = gone * (pass.after[j] + own) - self.gone * after;
        }
    }
}
