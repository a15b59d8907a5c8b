//! Time as whole ticks of cells, so that sums of time at risk are exact in any order.

use crate::survival::Outcome;

/// Ticks in a cell.
pub(super) const TICKS: u32 = 64;

/// What each row was under observation for: ticks from..to since the first edge, and how it ended.
pub(super) struct Spans {
    pub(super) from: Vec<u32>,
    pub(super) to: Vec<u32>,
    /// 0 for censored, and for an end beyond the last edge.
    pub(super) cause: Vec<u32>,
    /// Rows that were seen at some time between the edges.
    pub(super) seen: Vec<bool>,
}

impl Spans {
    /// The spans of an outcome over `edges`, which rise. Entries go down to a whole tick and
    /// exits up, so that whoever ends was at risk.
    pub(super) fn new(y: &Outcome, edges: &[f64]) -> Self {
        let n = y.len();
        let last = ((edges.len() - 1) as u32) * TICKS;
        let mut spans = Self {
            from: Vec::with_capacity(n),
            to: Vec::with_capacity(n),
            cause: Vec::with_capacity(n),
            seen: Vec::with_capacity(n),
        };
        for row in 0..n {
            let entry = y.entry().map_or(0, |e| tick(edges, e[row], f64::floor));
            let exit = tick(edges, y.exit()[row], f64::ceil);
            // An end at the first edge itself (day 0) belongs to the first tick.
            let at_origin = y.entry().is_none() && y.exit()[row] <= edges[0];
            let exit = if at_origin { 1 } else { exit };
            let beyond = y.exit()[row] > edges[edges.len() - 1];
            spans.seen.push(entry < exit);
            spans.from.push(entry.min(last));
            spans.to.push(exit.min(last));
            spans.cause.push(if beyond || entry >= exit { 0 } else { y.cause()[row] });
        }
        spans
    }
}

/// The tick of a time, to the side that `round` says.
fn tick(edges: &[f64], t: f64, round: fn(f64) -> f64) -> u32 {
    let cells = edges.len() - 1;
    if t <= edges[0] {
        return 0;
    }
    if t >= edges[cells] {
        return cells as u32 * TICKS;
    }
    let cell = edges.partition_point(|&e| e <= t) - 1;
    let share = (t - edges[cell]) / (edges[cell + 1] - edges[cell]);
    cell as u32 * TICKS + (round(share * f64::from(TICKS)) as u32).min(TICKS)
}

/// A row that a tree drew: what it was under observation for, and how often it counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drawn {
    pub(super) row: u32,
    pub(super) weight: u32,
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) cause: u32,
}

impl Spans {
    /// The rows that are drawn at least once and were seen, in their order.
    pub(super) fn drawn(&self, weight: &[u32]) -> Vec<Drawn> {
        let seen = (0..weight.len()).filter(|&r| weight[r] > 0 && self.seen[r]);
        seen.map(|r| Drawn {
            row: r as u32,
            weight: weight[r],
            from: self.from[r],
            to: self.to[r],
            cause: self.cause[r],
        })
        .collect()
    }
}

/// Events by cell and cause, and ticks at risk by cell, of some rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    /// `events[cell * causes + cause - 1]`.
    pub(super) events: Vec<u32>,
    pub(super) at_risk: Vec<i64>,
    /// Of all cells, by cause.
    pub(super) total: Vec<u32>,
    whole: Vec<i64>,
}

impl Table {
    pub(super) fn new(cells: usize, causes: usize) -> Self {
        Self {
            events: vec![0; cells * causes],
            at_risk: vec![0; cells],
            total: vec![0; causes],
            whole: vec![0; cells + 1],
        }
    }

    /// Counts rows, each as often as it was drawn.
    pub(super) fn count(&mut self, rows: &[Drawn], causes: usize) {
        self.events.fill(0);
        self.at_risk.fill(0);
        self.total.fill(0);
        self.whole.fill(0);
        let ticks = i64::from(TICKS);
        for &Drawn { weight, from, to, cause, .. } in rows {
            let w = i64::from(weight);
            let (first, last) = ((from / TICKS) as usize, ((to - 1) / TICKS) as usize);
            // Whole cells between first and last, then the parts at both ends.
            self.whole[first] += w;
            self.whole[last + 1] -= w;
            self.at_risk[first] -= w * i64::from(from % TICKS);
            self.at_risk[last] -= w * (ticks * (last as i64 + 1) - i64::from(to));
            let cause = cause as usize;
            if cause > 0 {
                self.events[last * causes + cause - 1] += weight;
                self.total[cause - 1] += weight;
            }
        }
        let mut open = 0;
        for (at_risk, whole) in self.at_risk.iter_mut().zip(&self.whole) {
            open += whole;
            *at_risk += open * ticks;
        }
    }

    /// At the start of each cell, and at the last edge, the cumulative hazards of the causes and
    /// what a tick adds to them.
    pub(super) fn cumulative<const C: usize>(&self, causes: usize, into: &mut [Hazards<C>]) {
        let mut sum = [0.0; C];
        for (cell, (&ticks, own)) in self.at_risk.iter().zip(&mut *into).enumerate() {
            let mut tick = [0.0; C];
            for (k, tick) in tick.iter_mut().enumerate().take(causes) {
                let d = self.events[cell * causes + k];
                *tick = if d > 0 { f64::from(d) / ticks as f64 } else { 0.0 };
            }
            *own = Hazards { sum, tick };
            for k in 0..C {
                sum[k] += tick[k] * f64::from(TICKS);
            }
        }
        if let Some(last) = into.get_mut(self.at_risk.len()) {
            *last = Hazards { sum, tick: [0.0; C] };
        }
    }
}

/// Cumulative hazards at the start of a cell, and what each of its ticks adds to them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hazards<const C: usize> {
    pub(super) sum: [f64; C],
    pub(super) tick: [f64; C],
}

impl<const C: usize> Hazards<C> {
    /// None.
    pub(super) const NONE: Self = Self { sum: [0.0; C], tick: [0.0; C] };

    /// The cumulative hazard of a cause at a tick since the first edge.
    #[inline]
    pub(super) fn at(all: &[Self], tick: u32) -> [f64; C] {
        let own = &all[(tick / TICKS) as usize];
        let part = f64::from(tick % TICKS);
        std::array::from_fn(|k| own.sum[k] + own.tick[k] * part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_at_risk_by_hand() {
        // Cells of 10: a row over (5, 25] ended by 1, one over (0, 10] by 2, one beyond the end.
        let causes = vec!["a".into(), "b".into()];
        let y = Outcome::new(
            Some(vec![5.0, 0.0, 29.0, 31.0]),
            vec![25.0, 10.0, 90.0, 40.0],
            vec![1, 2, 1, 1],
            causes,
        )
        .unwrap();
        let s = Spans::new(&y, &[0.0, 10.0, 20.0, 30.0]);
        assert_eq!(s.from[..3], [32, 0, 64 * 2 + 57]);
        assert_eq!(s.to[..3], [160, 64, 192]);
        assert_eq!(
            (s.cause.as_slice(), s.seen.as_slice()),
            (&[1, 2, 0, 0][..], &[true, true, true, false][..])
        );
        let mut t = Table::new(3, 2);
        t.count(&s.drawn(&[1, 2, 0, 1]), 2);
        assert_eq!(t.at_risk, [32 + 2 * 64, 64, 32]);
        assert_eq!(t.events, [0, 2, 0, 0, 1, 0]);
        assert_eq!(t.total, [1, 2]);
        let mut h = [Hazards::<2>::NONE; 4];
        t.cumulative(2, &mut h);
        let second = |tick| Hazards::at(&h, tick)[1];
        assert_eq!([second(0), second(64), second(192)], [0.0, 2.0 / 2.5, 2.0 / 2.5]);
        assert_eq!(second(16), 2.0 / 2.5 / 4.0);
    }

    #[test]
    fn day_zero_and_neighbouring_times_leave_time_at_risk() {
        let y = Outcome::new(None, vec![0.0, 3.0], vec![1, 0], vec!["a".into()]).unwrap();
        let s = Spans::new(&y, &[0.0, 10.0]);
        assert_eq!((s.from[0], s.to[0], s.cause[0]), (0, 1, 1));
        let y = Outcome::new(Some(vec![3.0]), vec![3.000_001], vec![1], vec!["a".into()]).unwrap();
        let s = Spans::new(&y, &[0.0, 10.0]);
        assert_eq!(s.to[0] - s.from[0], 1);
    }
}
