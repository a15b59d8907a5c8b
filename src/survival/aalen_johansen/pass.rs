//! One curve with its variance, from its first time to its last.

use super::ends::{Ends, Run, Runs};
use crate::survival::CurveStep;

/// Reads a curve step by step.
///
/// A variance is Σ (w U)², where U is a row's influence on the curve. With γ = dΛ/(Y(1 − dΛ)) for
/// all causes together, α = S(u−) dΛₖ/Y and F the curve of cause k, a row at risk over (a, m] that
/// ends at m has influence e − [A(m) − A(a)] + F(t)·[Γ(m) − Γ(a)] − [B(m) − B(a)], A = Σα, Γ = Σγ,
/// B = ΣFγ, e = S(m−)/Y·1{cause k} − (F(t) − F(m))·1{any cause}/(Y(1 − dΛ)): linear in F(t), so
/// running sums of squares suffice. For the event-free curve (`cause` = None) α is 0 and the end's
/// own term is −S(t)/(Y(1 − dΛ)), the same form with F(u) = 0 in B and in e.
pub(super) struct Pass<'a> {
    ends: &'a Ends,
    runs: Runs<'a>,
    ahead: Ahead,
    cause: Option<u32>,
    /// Times and rows that lie behind.
    times: usize,
    rows: usize,
    event_free: f64,
    incidence: f64,
    /// A + B, and Γ.
    a: f64,
    g: f64,
    /// Per row: p + F q is its influence; of those who have left.
    left: Squares,
    /// Of those at risk, p and q at their entry.
    present: Squares,
}

/// What a pass must know of rows that are still to come.
enum Ahead {
    /// Rows of weight 1, all at risk from the beginning: how many there are.
    Counted(usize),
    /// All at risk from the beginning: the weight at risk, by time.
    Weighted(Vec<f64>),
    /// By time: Σw² of the rows that enter before it and after the one before, and the weight at
    /// risk. Once passed: A and Γ at the entry of these rows.
    Entering(Vec<[f64; 2]>),
}

impl Ahead {
    fn new(ends: &Ends) -> Self {
        let Some(entry) = &ends.entry else {
            if ends.weight.is_none() {
                return Self::Counted(ends.rows);
            }
            let mut at_risk = vec![0.0; ends.time.len()];
            ends.each(|k, w| at_risk[k] += w);
            for k in (1..at_risk.len()).rev() {
                at_risk[k - 1] += at_risk[k];
            }
            return Self::Weighted(at_risk);
        };
        let mut by_time = vec![[0.0; 2]; ends.time.len()];
        ends.each(|k, w| by_time[k][1] += w);
        for (row, &k) in entry.iter().enumerate() {
            let (k, w) = (k as usize, ends.weight(row));
            by_time[k][0] += w * w;
            if k > 0 {
                by_time[k - 1][1] -= w;
            }
        }
        for k in (1..by_time.len()).rev() {
            by_time[k - 1][1] += by_time[k][1];
        }
        Self::Entering(by_time)
    }
}

impl<'a> Pass<'a> {
    pub(super) fn new(ends: &'a Ends, cause: Option<u32>) -> Self {
        let mut present = Squares::default();
        if ends.entry.is_none() {
            let squares = |w: &Vec<f64>| w.iter().map(|w| w * w).sum();
            present.w = ends.weight.as_ref().map_or(ends.rows as f64, squares);
        }
        Self {
            ends,
            runs: ends.runs(),
            ahead: Ahead::new(ends),
            cause,
            times: 0,
            rows: 0,
            event_free: 1.0,
            incidence: 0.0,
            a: 0.0,
            g: 0.0,
            left: Squares::default(),
            present,
        }
    }

    /// The weight at risk, once those who enter before this time have.
    fn at_risk(&mut self) -> f64 {
        match &mut self.ahead {
            Ahead::Counted(rows) => *rows as f64,
            Ahead::Weighted(at_risk) => at_risk[self.times],
            Ahead::Entering(by_time) => {
                let [squares, at_risk] = by_time[self.times];
                self.present.add(squares, self.a, -self.g);
                by_time[self.times] = [self.a, self.g];
                at_risk
            }
        }
    }

    /// Rows leave who all end in the same way; `own` is what their end adds to p and q.
    fn leave(&mut self, run: Run, own: [f64; 2]) {
        let rows = self.rows..self.rows + run.rows as usize;
        self.rows = rows.end;
        let (p, q) = (own[0] - self.a, own[1] + self.g);
        match &mut self.ahead {
            Ahead::Counted(rows) => {
                *rows -= run.rows as usize;
                let squares = f64::from(run.rows);
                self.present.w -= squares;
                self.left.add(squares, p, q);
            }
            Ahead::Weighted(_) => {
                let squares = rows.map(|row| self.ends.weight(row).powi(2)).sum();
                self.present.w -= squares;
                self.left.add(squares, p, q);
            }
            Ahead::Entering(by_time) => {
                let entry = self.ends.entry.as_deref().unwrap_or_default();
                for row in rows {
                    let [a, g] = by_time[entry[row] as usize];
                    let square = self.ends.weight(row).powi(2);
                    self.present.add(-square, a, -g);
                    self.left.add(square, p + a, q - g);
                }
            }
        }
    }
}

impl Iterator for Pass<'_> {
    type Item = CurveStep;

    fn next(&mut self) -> Option<CurveStep> {
        let time = *self.ends.time.get(self.times)?;
        let y = self.at_risk();
        // Events of any cause, and of the curve's.
        let (mut d, mut dk, mut row) = (0.0, 0.0, self.rows);
        let (mut ahead, ends, cause) = (self.runs.clone(), self.ends, self.cause);
        ahead.time(|run| {
            if run.cause > 0 {
                let weight = ends.weights(row, run.rows);
                d += weight;
                dk += if cause == Some(run.cause) { weight } else { 0.0 };
            }
            row += run.rows as usize;
        });
        let before = self.event_free;
        if d > 0.0 {
            let left = (y - d).max(0.0);
            // Weights may leave crumbs where all are gone.
            let left = if left <= 1e-12 * y { 0.0 } else { left };
            self.event_free *= left / y;
        }
        // Once all are gone the curve stays, and so does every influence on it.
        let rest = if self.event_free > 0.0 { 1.0 / (y - d) } else { 0.0 };
        let gamma = if d > 0.0 { d / y * rest } else { 0.0 };
        if dk > 0.0 {
            self.incidence += before * (dk / y);
            self.a += before * dk / (y * y);
        }
        let f = if cause.is_some() { self.incidence } else { self.event_free };
        let at_end = if cause.is_some() { f } else { 0.0 };
        self.a += at_end * gamma;
        self.g += gamma;
        let mut runs = self.runs.clone();
        runs.time(|run| {
            let ended = if run.cause > 0 { [at_end * rest, -rest] } else { [0.0; 2] };
            let own = if run.cause > 0 && cause == Some(run.cause) { before / y } else { 0.0 };
            self.leave(run, [ended[0] + own, ended[1]]);
        });
        self.runs = runs;
        self.times += 1;
        // Who is still at risk has p = p₀ − A(t), q = q₀ + Γ(t).
        let shift = f * self.g - self.a;
        let variance = (self.left.value(0.0, f) + self.present.value(shift, f)).max(0.0);
        let events = if cause.is_some() { dk } else { d };
        Some(CurveStep { time, at_risk: y, events, value: f, variance })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.ends.time.len() - self.times;
        (left, Some(left))
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
    /// Adds rows of the same p and q, of which the squares of the weights are given.
    fn add(&mut self, squares: f64, p: f64, q: f64) {
        self.w += squares;
        self.p += squares * p;
        self.q += squares * q;
        self.pp += squares * p * p;
        self.pq += squares * p * q;
        self.qq += squares * q * q;
    }

    fn value(&self, c: f64, f: f64) -> f64 {
        self.pp + f * (2.0 * self.pq + f * self.qq) + c * (c * self.w + 2.0 * (self.p + f * self.q))
    }
}
