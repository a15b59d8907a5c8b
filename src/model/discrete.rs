//! Discrete-time hazards on a grid: a logistic regression per cause, and the risk of one row.

use serde::{Deserialize, Serialize};

use super::grid::{self, Ends, Part};
use super::hazards::{Estimate, quadratic};
use crate::learners::probability;

/// The hazard of one cause in each interval: P(ended by it in the interval | still there).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiscreteCause {
    /// The band of each interval: intervals of one band have the same intercept.
    pub(crate) bands: Vec<usize>,
    /// Log odds: a level per band, a shift per later landmark, then the columns of the design
    /// (none where the cause has too few events).
    pub(crate) coef: Vec<f64>,
    /// Their covariance.
    pub(crate) covariance: Vec<Vec<f64>>,
}

/// Discrete hazards for every cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Discrete {
    /// The edges of the intervals, counted from the landmark (or the start), for each landmark.
    pub(crate) edges: Vec<Vec<f64>>,
    /// The causes, in the model's order.
    pub(crate) causes: Vec<DiscreteCause>,
}

/// A cause's part of a row: its design in an interval is (band, landmark, x).
struct Row<'a> {
    cause: &'a DiscreteCause,
    count: usize,
    landmark: usize,
    shifts: usize,
    x: &'a [f64],
}

impl DiscreteCause {
    pub(crate) fn band_count(&self) -> usize {
        self.bands.iter().max().map_or(0, |b| b + 1)
    }
}

impl Row<'_> {
    /// The design in an interval.
    fn z(&self, interval: usize) -> Vec<f64> {
        let mut z = vec![0.0; self.cause.coef.len()];
        z[self.cause.bands[interval]] = 1.0;
        if self.landmark > 0 {
            z[self.count + self.landmark - 1] = 1.0;
        }
        // Without terms the list of coefficients ends before the columns.
        for (z, x) in z.iter_mut().skip(self.count + self.shifts).zip(self.x) {
            *z = *x;
        }
        z
    }

    fn hazard(&self, interval: usize) -> f64 {
        let z = self.z(interval);
        probability(z.iter().zip(&self.cause.coef).map(|(z, b)| z * b).sum())
    }
}

impl Discrete {
    fn rows<'a>(&'a self, landmark: usize, x: &'a [f64]) -> Vec<Row<'a>> {
        let shifts = self.edges.len() - 1;
        let row =
            |cause| Row { cause, count: DiscreteCause::band_count(cause), landmark, shifts, x };
        self.causes.iter().map(row).collect()
    }

    /// Cumulative hazards per cause and part that give these hazards over a whole interval, and
    /// the hazards themselves.
    ///
    /// With H their sum, the interval is survived with 1 − H, so its cumulative hazard is
    /// −log(1 − H), shared in proportion.
    fn cumulative(rows: &[Row<'_>], parts: &[Part]) -> Option<(Vec<Vec<f64>>, Vec<Vec<f64>>)> {
        let hazard: Vec<Vec<f64>> =
            rows.iter().map(|r| parts.iter().map(|p| r.hazard(p.cell)).collect()).collect();
        let mut cumulative = hazard.clone();
        for (i, part) in parts.iter().enumerate() {
            let total: f64 = hazard.iter().map(|h| h[i]).sum();
            let (factor, _) = per_hazard(total)?;
            for c in &mut cumulative {
                c[i] *= factor * part.share;
            }
        }
        Some((cumulative, hazard))
    }

    /// The probability of every end between `from` and `to`, counted from the landmark, given
    /// that nothing has happened by `from`.
    pub(crate) fn ends(&self, landmark: usize, x: &[f64], from: f64, to: f64) -> Option<Ends> {
        let parts = grid::parts(&self.edges[landmark], from, to)?;
        let (cumulative, _) = Self::cumulative(&self.rows(landmark, x), &parts)?;
        Some(grid::ends(&cumulative))
    }

    /// The probability of cause `b`, with its variance by the delta method.
    pub(crate) fn risk(
        &self,
        landmark: usize,
        x: &[f64],
        from: f64,
        to: f64,
        b: usize,
    ) -> Option<Estimate> {
        let parts = grid::parts(&self.edges[landmark], from, to)?;
        let rows = self.rows(landmark, x);
        let (cumulative, hazard) = Self::cumulative(&rows, &parts)?;
        let (value, gradient) = grid::gradient(&cumulative, b);
        let mut variance = 0.0;
        for (l, row) in rows.iter().enumerate() {
            let mut a = vec![0.0; row.cause.coef.len()];
            for (i, part) in parts.iter().enumerate() {
                let total: f64 = hazard.iter().map(|h| h[i]).sum();
                let (factor, slope) = per_hazard(total)?;
                // ∂Λ_k/∂h_l = share · ([k = l] · factor + h_k · slope).
                let mut by_hazard = factor * gradient[l][i];
                for k in 0..rows.len() {
                    by_hazard += gradient[k][i] * hazard[k][i] * slope;
                }
                let h = hazard[l][i];
                let weight = by_hazard * part.share * h * (1.0 - h);
                for (a, z) in a.iter_mut().zip(row.z(part.cell)) {
                    *a += weight * z;
                }
            }
            variance += quadratic(&a, &row.cause.covariance);
        }
        variance.is_finite().then_some(Estimate { value, variance: variance.max(0.0) })
    }

    /// Whether lengths and values that were read from a file fit `columns` and `causes`.
    pub(crate) fn check(&self, causes: usize, columns: usize, landmarks: usize) -> bool {
        let edges = |e: &Vec<f64>| {
            e.len() >= 2 && e[0] == 0.0 && e.windows(2).all(|w| w[0] < w[1] && w[1].is_finite())
        };
        let longest = self.edges.iter().map(|e| e.len() - 1).max().unwrap_or(0);
        let cause = |c: &DiscreteCause| {
            let (bands, p) = (c.band_count(), c.coef.len());
            let bare = bands + landmarks - 1;
            c.bands.len() == longest
                && bands <= longest
                && (p == bare || p == bare + columns)
                && super::hazards::is_covariance(&c.covariance, p)
                && c.coef.iter().all(|b| b.is_finite())
        };
        self.edges.len() == landmarks
            && self.edges.iter().all(edges)
            && self.causes.len() == causes
            && self.causes.iter().all(cause)
    }
}

/// −log(1 − H) / H and its derivative. `None` where the hazards of all causes reach 1.
fn per_hazard(total: f64) -> Option<(f64, f64)> {
    if !(0.0..1.0 - 1e-9).contains(&total) {
        return None;
    }
    if total < 1e-4 {
        let value = 1.0 + total / 2.0 + total * total / 3.0 + total.powi(3) / 4.0;
        return Some((value, 0.5 + 2.0 * total / 3.0 + 0.75 * total * total));
    }
    let value = -(-total).ln_1p() / total;
    Some((value, (1.0 / (1.0 - total) - value) / total))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Discrete {
        let cause = |level: f64, later: f64, slope: f64| DiscreteCause {
            bands: vec![0, 0, 1],
            coef: vec![level, later, slope],
            covariance: vec![
                vec![0.04, 0.001, 0.002],
                vec![0.001, 0.05, -0.003],
                vec![0.002, -0.003, 0.02],
            ],
        };
        Discrete {
            edges: vec![vec![0.0, 30.0, 60.0, 90.0]],
            causes: vec![cause(-3.0, -2.5, 0.6), cause(-2.0, -2.2, -0.3)],
        }
    }

    #[test]
    fn whole_intervals_give_the_life_table() {
        let m = model();
        let x = [0.7];
        let h = |level: f64, slope: f64| 1.0 / (1.0 + (-(level + slope * 0.7)).exp());
        let (b, c) = (
            [h(-3.0, 0.6), h(-3.0, 0.6), h(-2.5, 0.6)],
            [h(-2.0, -0.3), h(-2.0, -0.3), h(-2.2, -0.3)],
        );
        let (mut survival, mut incidence) = (1.0, 0.0);
        for j in 0..3 {
            incidence += survival * b[j];
            survival *= 1.0 - b[j] - c[j];
        }
        let e = m.ends(0, &x, 0.0, 90.0).unwrap();
        assert!((e.incidence[0] - incidence).abs() < 1e-15);
        assert!((e.survival - survival).abs() < 1e-15);
        assert!((m.risk(0, &x, 0.0, 90.0, 0).unwrap().value - incidence).abs() < 1e-15);
    }

    #[test]
    fn the_variance_is_that_of_small_changes() {
        let m = model();
        let risk = |m: &Discrete| m.risk(0, &[0.7], 10.0, 75.0, 0).unwrap();
        let mut by_hand = 0.0;
        for k in 0..2 {
            let slope: Vec<f64> = (0..3)
                .map(|i| {
                    let at = |s: f64| {
                        let mut n = m.clone();
                        n.causes[k].coef[i] += s;
                        risk(&n).value
                    };
                    (at(1e-6) - at(-1e-6)) / 2e-6
                })
                .collect();
            by_hand += quadratic(&slope, &m.causes[k].covariance);
        }
        let found = risk(&m).variance;
        assert!((found / by_hand - 1.0).abs() < 1e-7, "{found} {by_hand}");
    }

    #[test]
    fn hazards_that_leave_nobody_are_no_answer() {
        let mut m = model();
        for c in &mut m.causes {
            c.coef[0] = 9.0;
        }
        assert!(m.risk(0, &[0.0], 0.0, 30.0, 0).is_none());
    }

    #[test]
    fn the_series_meets_the_formula() {
        let (below, above) = (per_hazard(0.999_999e-4).unwrap(), per_hazard(1.000_001e-4).unwrap());
        assert!((below.0 - above.0).abs() < 1e-9 && (below.1 - above.1).abs() < 1e-6);
        for total in [0.0, 1e-6, 1e-3, 0.3, 0.9] {
            let (value, slope) = per_hazard(total).unwrap();
            let (next, _) = per_hazard(total + 1e-7).unwrap();
            assert!(((next - value) / 1e-7 - slope).abs() < 1e-4 * (1.0 + slope), "{total}");
        }
        assert_eq!(per_hazard(1.0), None);
    }

    #[test]
    fn lengths_are_checked() {
        assert!(model().check(2, 1, 1));
        let broken = |change: fn(&mut Discrete)| {
            let mut m = model();
            change(&mut m);
            assert!(!m.check(2, 1, 1));
        };
        broken(|m| m.edges[0][1] = 70.0);
        broken(|m| m.causes[0].bands.truncate(2));
        broken(|m| m.causes[0].coef.truncate(1));
        broken(|m| m.causes[1].covariance[0][0] = f64::NAN);
        broken(|m| m.causes.truncate(1));
        assert!(!model().check(2, 2, 1));
    }
}
