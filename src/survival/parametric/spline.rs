//! Natural cubic splines in truncated powers (Royston & Parmar 2002; `flexsurv`'s basis).

use serde::{Deserialize, Serialize};

/// s(x) = θ₁x + Σ θⱼ vⱼ(x) with vⱼ(x) = (x − kⱼ)³₊ − λⱼ(x − k₀)³₊ − (1 − λⱼ)(x − kₘ)³₊ and
/// λⱼ = (kₘ − kⱼ)/(kₘ − k₀): cubic between the knots, straight outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spline {
    /// On the scale of x, increasing; the first and last are the boundary.
    pub(crate) knots: Vec<f64>,
    /// While fitting, other combinations of the same functions.
    #[serde(skip)]
    pub(super) turned: Option<Turned>,
}

/// Functions Σ combine[k][l]·(vₗ − centre[l]): uncorrelated over the events, so that a search does
/// not stumble over the powers' likeness.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Turned {
    pub(super) centre: Vec<f64>,
    pub(super) combine: Vec<Vec<f64>>,
}

impl Spline {
    /// With at least two knots.
    pub(crate) fn new(knots: Vec<f64>) -> Self {
        Self { knots, turned: None }
    }

    /// How many functions there are, the straight line included.
    pub(crate) fn df(&self) -> usize {
        self.knots.len() - 1
    }

    /// The functions' values at x.
    pub(super) fn values(&self, x: f64, out: &mut Vec<f64>) {
        self.powers(x, out, x, |u| u * u * u);
        if let Some(t) = &self.turned {
            for (v, c) in out.iter_mut().zip(&t.centre) {
                *v -= c;
            }
            t.combine(out);
        }
    }

    /// The functions' slopes at x.
    pub(super) fn slopes(&self, x: f64, out: &mut Vec<f64>) {
        self.powers(x, out, 1.0, |u| 3.0 * u * u);
        if let Some(t) = &self.turned {
            t.combine(out);
        }
    }

    fn powers(&self, x: f64, out: &mut Vec<f64>, first: f64, power: impl Fn(f64) -> f64) {
        out.clear();
        out.push(first);
        let k = &self.knots;
        let (low, high) = (k[0], k[k.len() - 1]);
        let at = |knot: f64| power((x - knot).max(0.0));
        for &knot in &k[1..k.len() - 1] {
            let share = (high - knot) / (high - low);
            out.push(at(knot) - share * at(low) - (1.0 - share) * at(high));
        }
    }
}

impl Turned {
    fn combine(&self, v: &mut Vec<f64>) {
        let of = |row: &Vec<f64>| row.iter().zip(v.iter()).map(|(c, v)| c * v).sum();
        let combined: Vec<f64> = self.combine.iter().map(of).collect();
        *v = combined;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn straight_outside_the_knots_and_smooth_inside() {
        let s = Spline::new(vec![0.0, 1.0, 2.0, 4.0]);
        assert_eq!(s.df(), 3);
        let theta = [0.7, 0.3, -0.2];
        let (mut v, mut d) = (Vec::new(), Vec::new());
        let mut at = |x: f64| {
            s.values(x, &mut v);
            s.slopes(x, &mut d);
            let dot = |b: &[f64]| b.iter().zip(theta).map(|(b, t)| b * t).sum::<f64>();
            (dot(&v), dot(&d))
        };
        assert_eq!((at(-3.0).1, at(-1.0).1), (0.7, 0.7));
        assert!((at(5.0).1 - at(9.0).1).abs() < 1e-12);
        for x in [0.5, 1.0, 1.7, 3.0, 4.0] {
            let slope = (at(x + 1e-6).0 - at(x - 1e-6).0) / 2e-6;
            assert!((slope - at(x).1).abs() < 1e-8);
        }
    }
}
