//! The Aalen–Johansen estimate (1978): the probability of having ended by each cause, by a time.

use super::km::{CurvePoint, Interval};
use super::table::{LifeTable, check_weights, order};
use super::{Outcome, SampleError};

/// Cumulative incidences of all causes at the distinct exit times; with the event-free probability
/// they sum to 1 at every time.
///
/// Variances are those of R's multi-state `survfit`: sums of squared influences of the rows (the
/// infinitesimal jackknife), computed here in one pass per cause.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AalenJohansen {
    /// Distinct exit times.
    pub time: Vec<f64>,
    /// Weight at risk just before each.
    pub at_risk: Vec<f64>,
    /// The probability of no end of any cause, just after each time (the Kaplan–Meier curve).
    pub event_free: Vec<f64>,
    /// Its variance.
    pub event_free_variance: Vec<f64>,
    /// By cause (index 0 = cause 1), then by time: the cumulative incidence.
    pub incidence: Vec<Vec<f64>>,
    /// Its variance.
    pub variance: Vec<Vec<f64>>,
}

impl AalenJohansen {
    /// The curves of all causes of an outcome.
    ///
    /// # Errors
    /// Weights of another length, or not finite and above zero.
    pub fn new(outcome: &Outcome, weights: Option<&[f64]>) -> Result<Self, SampleError> {
        check_weights(weights, outcome.len())?;
        let sorted = order(outcome.exit());
        let table = LifeTable::of_rows(outcome, weights, &sorted);
        let n = table.time.len();
        // S just before each time, and after the last.
        let mut before = Vec::with_capacity(n + 1);
        before.push(1.0);
        for k in 0..n {
            let left = (table.at_risk[k] - table.events[k]).max(0.0);
            let left = if left <= 1e-12 * table.at_risk[k] { 0.0 } else { left };
            let share = if table.events[k] > 0.0 { left / table.at_risk[k] } else { 1.0 };
            before.push(before[k] * share);
        }
        let rows = Rows::new(outcome, weights, &sorted, &table);
        let mut incidence = Vec::new();
        let mut variance = Vec::new();
        for (cause, events) in table.by_cause.iter().enumerate() {
            let mut f = 0.0;
            let curve: Vec<f64> = (0..n)
                .map(|k| {
                    if events[k] > 0.0 {
                        f += before[k] * (events[k] / table.at_risk[k]);
                    }
                    f
                })
                .collect();
            variance.push(rows.variance(&table, &before, &curve, Some(cause as u32 + 1)));
            incidence.push(curve);
        }
        let event_free = before.split_off(1);
        let mut before = event_free.clone();
        before.insert(0, 1.0);
        let event_free_variance = rows.variance(&table, &before, &event_free, None);
        Ok(Self {
            time: table.time,
            at_risk: table.at_risk,
            event_free,
            event_free_variance,
            incidence,
            variance,
        })
    }

    /// The cumulative incidence of a cause (1, 2, …) at a time; `None` for an unknown cause. The
    /// interval is symmetric on the scale of `interval`, applied to 1 − F.
    #[must_use]
    pub fn at(&self, cause: u32, t: f64, interval: Interval, level: f64) -> Option<CurvePoint> {
        let c = (cause as usize).checked_sub(1).filter(|&c| c < self.incidence.len())?;
        let k = self.time.partition_point(|&time| time <= t).checked_sub(1);
        let (f, v) = k.map_or((0.0, 0.0), |k| (self.incidence[c][k], self.variance[c][k]));
        Some(point(t, f, v, interval, level))
    }

    /// The probability of no end of any cause by a time: (estimate, standard error).
    #[must_use]
    pub fn event_free_at(&self, t: f64) -> (f64, f64) {
        let k = self.time.partition_point(|&time| time <= t).checked_sub(1);
        k.map_or((1.0, 0.0), |k| (self.event_free[k], self.event_free_variance[k].sqrt()))
    }
}

/// An incidence with its error, and an interval on the scale of 1 − F.
pub(crate) fn point(t: f64, f: f64, v: f64, interval: Interval, level: f64) -> CurvePoint {
    let se = v.sqrt();
    // The scale turned round, so that log–log means log(−log(1 − F)).
    let bounds = if f < 1.0 && f > 0.0 {
        interval.bounds(1.0 - f, se / (1.0 - f), level).map(|(l, u)| (1.0 - u, 1.0 - l))
    } else {
        None
    };
    CurvePoint { time: t, estimate: f, se, bounds }
}

/// The rows of a table, for influences.
struct Rows<'a> {
    outcome: &'a Outcome,
    weights: Option<&'a [f64]>,
    sorted: &'a [u32],
    /// By time: where its rows begin in `sorted`.
    begin: Vec<usize>,
    /// Rows by entry, with the index of the first time that they are at risk at.
    entries: Vec<(u32, u32)>,
}

impl<'a> Rows<'a> {
    fn new(
        outcome: &'a Outcome,
        weights: Option<&'a [f64]>,
        sorted: &'a [u32],
        table: &LifeTable,
    ) -> Self {
        let exit = outcome.exit();
        let mut begin = Vec::with_capacity(table.time.len() + 1);
        for (k, &row) in sorted.iter().enumerate() {
            if k == 0 || exit[sorted[k - 1] as usize] != exit[row as usize] {
                begin.push(k);
            }
        }
        begin.push(sorted.len());
        let mut entries = Vec::new();
        if let Some(entry) = outcome.entry() {
            entries.extend(sorted.iter().map(|&row| {
                let t = entry[row as usize];
                (table.time.partition_point(|&time| time <= t) as u32, row)
            }));
            entries.sort_unstable();
        }
        Self { outcome, weights, sorted, begin, entries }
    }

    /// Σ (w U)² at every time, where U is a row's influence on the curve.
    ///
    /// With γ = dΛ/(Y(1 − dΛ)) for all causes together, α = S(u−) dΛₖ/Y and F the curve of cause k,
    /// a row at risk over (a, m] that ends at m has influence
    /// e − [A(m) − A(a)] + F(t)·[Γ(m) − Γ(a)] − [B(m) − B(a)], A = Σα, Γ = Σγ, B = ΣFγ,
    /// e = S(m−)/Y·1{cause k} − (F(t) − F(m))·1{any cause}/(Y(1 − dΛ)): linear in F(t), so
    /// running sums of squares suffice. For the event-free curve (`cause` = None) α is 0 and the
    /// end's own term is −S(t)/(Y(1 − dΛ)), the same form with F(u) = 0 in B and in e.
    fn variance(
        &self,
        table: &LifeTable,
        before: &[f64],
        curve: &[f64],
        cause: Option<u32>,
    ) -> Vec<f64> {
        let n = table.time.len();
        let exit_cause = self.outcome.cause();
        let weight = |row: u32| self.weights.map_or(1.0, |w| w[row as usize]);
        // Per row: p + F q is its influence; sums of w²p², w²pq, w²q² of those who have left.
        let mut left = Squares::default();
        // Of those at risk, p and q at their entry.
        let mut present = Squares::default();
        let (mut a_cum, mut g_cum) = (0.0, 0.0);
        let mut at_entry =
            vec![(0.0, 0.0); if self.entries.is_empty() { 0 } else { exit_cause.len() }];
        if self.entries.is_empty() {
            for &row in self.sorted {
                present.add(weight(row), 0.0, 0.0, 1.0);
            }
        }
        let mut entering = self.entries.iter().peekable();
        let mut out = Vec::with_capacity(n);
        for k in 0..n {
            while let Some(&(_, row)) = entering.next_if(|e| e.0 as usize <= k) {
                at_entry[row as usize] = (a_cum, g_cum);
                present.add(weight(row), a_cum, -g_cum, 1.0);
            }
            let (y, d) = (table.at_risk[k], table.events[k]);
            // Once all are gone the curve stays, and so does every influence on it.
            let rest = if before[k + 1] > 0.0 { 1.0 / (y - d) } else { 0.0 };
            let gamma = if d > 0.0 { d / y * rest } else { 0.0 };
            let own = match cause {
                Some(c) => {
                    let dk = table.by_cause[c as usize - 1][k];
                    a_cum += if dk > 0.0 { before[k] * dk / (y * y) } else { 0.0 };
                    a_cum += curve[k] * gamma;
                    curve[k]
                }
                None => 0.0,
            };
            g_cum += gamma;
            for &row in &self.sorted[self.begin[k]..self.begin[k + 1]] {
                let (a0, g0) = at_entry.get(row as usize).copied().unwrap_or((0.0, 0.0));
                let w = weight(row);
                present.add(w, a0, -g0, -1.0);
                let (mut p, mut q) = (a0 - a_cum, g_cum - g0);
                let ended = exit_cause[row as usize];
                if ended > 0 {
                    p += own * rest;
                    q -= rest;
                    if cause == Some(ended) {
                        p += before[k] / y;
                    }
                }
                left.add(w, p, q, 1.0);
            }
            // Who is still at risk has p = p₀ − A(t), q = q₀ + Γ(t).
            let f = curve[k];
            let shift = f * g_cum - a_cum;
            let total = left.value(0.0, f) + present.value(shift, f);
            out.push(total.max(0.0));
        }
        out
    }
}

/// Σ w²(p + F q + c)² for any F and c.
#[derive(Default)]
struct Squares {
    w: f64,
    p: f64,
    q: f64,
    pp: f64,
    pq: f64,
    qq: f64,
}

impl Squares {
    fn add(&mut self, w: f64, p: f64, q: f64, sign: f64) {
        let w = sign * w * w;
        self.w += w;
        self.p += w * p;
        self.q += w * q;
        self.pp += w * p * p;
        self.pq += w * p * q;
        self.qq += w * q * q;
    }

    fn value(&self, c: f64, f: f64) -> f64 {
        self.pp + f * (2.0 * self.pq + f * self.qq) + c * (c * self.w + 2.0 * (self.p + f * self.q))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survival::KaplanMeier;

    fn outcome(entry: bool) -> Outcome {
        let exit: Vec<f64> = (0..60).map(|i| f64::from((i * 37) % 23 + 5)).collect();
        let cause = (0..60).map(|i| (i * 7 % 4) as u32).collect();
        let entry = entry.then(|| (0..60).map(|i| f64::from(i % 5)).collect());
        Outcome::new(entry, exit, cause, vec!["a".into(), "b".into(), "c".into()]).unwrap()
    }

    #[test]
    fn probabilities_sum_to_one() {
        for late in [false, true] {
            let aj = AalenJohansen::new(&outcome(late), None).unwrap();
            let km = KaplanMeier::new(&outcome(late), None).unwrap();
            for k in 0..aj.time.len() {
                let sum: f64 = aj.incidence.iter().map(|c| c[k]).sum();
                assert!((sum + aj.event_free[k] - 1.0).abs() < 1e-13);
                assert!((aj.event_free[k] - km.survival_at(aj.time[k])).abs() < 1e-15);
            }
        }
    }

    /// Influences by brute force: numerical derivatives with respect to each row's weight.
    #[test]
    fn variances_are_sums_of_squared_influences() {
        for late in [false, true] {
            let y = outcome(late);
            let aj = AalenJohansen::new(&y, None).unwrap();
            let h = 1e-5;
            let shifted = |row: usize, by: f64| {
                let mut w = vec![1.0; y.len()];
                w[row] += by;
                AalenJohansen::new(&y, Some(&w)).unwrap()
            };
            let n = aj.time.len();
            let mut sums = vec![vec![0.0; n]; 4];
            for row in 0..y.len() {
                let (up, down) = (shifted(row, h), shifted(row, -h));
                for k in 0..n {
                    for c in 0..3 {
                        let u = (up.incidence[c][k] - down.incidence[c][k]) / (2.0 * h);
                        sums[c][k] += u * u;
                    }
                    let u = (up.event_free[k] - down.event_free[k]) / (2.0 * h);
                    sums[3][k] += u * u;
                }
            }
            for k in 0..n {
                for c in 0..3 {
                    assert!((sums[c][k] - aj.variance[c][k]).abs() < 1e-8, "{late} {k} {c}");
                }
                assert!((sums[3][k] - aj.event_free_variance[k]).abs() < 1e-8);
            }
        }
    }
}
