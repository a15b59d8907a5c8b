//! Parametric hazards: cumulative hazards in closed form, laid on the edges of a grid, and the
//! risk of one row.

use serde::{Deserialize, Serialize};

use super::grid::{self, Ends, Part};
use super::hazards::{Estimate, is_covariance, quadratic};
use crate::survival::parametric::jet::Jet;
use crate::survival::parametric::law::Law;

/// The hazard of one cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SmoothCause {
    /// The distribution.
    pub(crate) law: Law,
    /// The linear predictor of an average row, the columns of the design (none where the cause has
    /// too few events), a shift per later landmark, and the distribution's own parameters.
    pub(crate) coef: Vec<f64>,
    /// Their covariance: robust where rows are clustered.
    pub(crate) covariance: Vec<Vec<f64>>,
}

/// Parametric hazards for every cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Smooth {
    /// The edges of cells, counted from the start, for each landmark.
    pub(crate) edges: Vec<Vec<f64>>,
    /// The causes, in the model's order.
    pub(crate) causes: Vec<SmoothCause>,
}

/// A cause's hazard over the parts of cells: values, and derivatives by every parameter.
struct OverParts {
    hazard: Vec<f64>,
    slopes: Vec<Vec<f64>>,
}

impl SmoothCause {
    /// How many columns of the design it reads: all or none.
    fn columns(&self, shifts: usize) -> usize {
        self.coef.len().saturating_sub(1 + shifts + self.law.q())
    }

    /// What each column adds to the log hazard (of laws of a longer time: to minus the standardised
    /// log time, which goes the same way).
    pub(crate) fn effects(&self, shifts: usize) -> Vec<f64> {
        let begin = self.coef.len() - self.law.q();
        let factor = match self.law.has_scale() {
            true => -(-self.coef[begin]).exp(),
            false if self.law.longer() => -1.0,
            false => 1.0,
        };
        self.coef[1..=self.columns(shifts)].iter().map(|b| factor * b).collect()
    }

    fn over(
        &self,
        edges: &[f64],
        parts: &[Part],
        landmark: usize,
        shifts: usize,
        x: &[f64],
        offset: f64,
    ) -> Option<OverParts> {
        let columns = self.columns(shifts);
        let mut z = vec![0.0; self.coef.len() - self.law.q()];
        z[0] = 1.0;
        z[1..=columns].copy_from_slice(x.get(..columns)?);
        if landmark > 0 {
            z[columns + landmark] = 1.0;
        }
        let offset = if columns > 0 { offset } else { 0.0 };
        let eta = offset + z.iter().zip(&self.coef).map(|(z, b)| z * b).sum::<f64>();
        let theta = &self.coef[z.len()..];
        let mut jet = Jet::new(theta.len());
        let mut at = |t: f64| -> (f64, Vec<f64>) {
            jet.clear();
            if t > 0.0 {
                self.law.add_cumulative(t, eta, theta, 1.0, &mut jet);
            }
            let slopes = z.iter().map(|z| jet.eta * z).chain(jet.theta.iter().copied());
            (jet.value, slopes.collect())
        };
        let mut out = OverParts { hazard: Vec::new(), slopes: Vec::new() };
        let mut left = at(edges[parts.first()?.cell]);
        for part in parts {
            let right = at(edges[part.cell + 1]);
            // A spline may fall a little where there were no events; a hazard may not.
            let rise = (right.0 - left.0).max(0.0);
            out.hazard.push(rise * part.share);
            let pairs = right.1.iter().zip(&left.1);
            out.slopes.push(pairs.map(|(r, l)| (r - l) * part.share).collect());
            left = right;
        }
        out.hazard.iter().all(|h| h.is_finite()).then_some(out)
    }
}

impl Smooth {
    fn shifts(&self) -> usize {
        self.edges.len() - 1
    }

    /// Each cause over the parts between two times; `None` beyond the grid or out of range.
    fn over(
        &self,
        landmark: usize,
        x: &[f64],
        offset: f64,
        from: f64,
        to: f64,
    ) -> Option<Vec<OverParts>> {
        let edges = self.edges.get(landmark)?;
        let parts = grid::parts(edges, from, to)?;
        let of = |c: &SmoothCause| c.over(edges, &parts, landmark, self.shifts(), x, offset);
        self.causes.iter().map(of).collect()
    }

    /// The probability of every end between `from` and `to`, given that nothing has happened by
    /// `from`.
    pub(crate) fn ends(
        &self,
        landmark: usize,
        x: &[f64],
        offset: f64,
        from: f64,
        to: f64,
    ) -> Option<Ends> {
        let over = self.over(landmark, x, offset, from, to)?;
        let hazard: Vec<Vec<f64>> = over.into_iter().map(|o| o.hazard).collect();
        Some(grid::ends(&hazard))
    }

    /// The probability of cause `b` between `from` and `to`, with its variance by the delta method.
    pub(crate) fn risk(
        &self,
        landmark: usize,
        x: &[f64],
        offset: f64,
        from: f64,
        to: f64,
        b: usize,
    ) -> Option<Estimate> {
        let (value, moves) = self.moves(landmark, x, offset, from, to, b)?;
        let of = |(a, c): (&Vec<f64>, &SmoothCause)| quadratic(a, &c.covariance);
        let variance: f64 = moves.iter().zip(&self.causes).map(of).sum();
        variance.is_finite().then_some(Estimate { value, variance: variance.max(0.0) })
    }

    /// The probability of cause `b`, and its derivative by every parameter of each cause.
    pub(super) fn moves(
        &self,
        landmark: usize,
        x: &[f64],
        offset: f64,
        from: f64,
        to: f64,
        b: usize,
    ) -> Option<(f64, Vec<Vec<f64>>)> {
        let over = self.over(landmark, x, offset, from, to)?;
        let hazard: Vec<Vec<f64>> = over.iter().map(|o| o.hazard.clone()).collect();
        let (value, gradient) = grid::gradient(&hazard, b);
        let of = |((o, g), c): ((&OverParts, &Vec<f64>), &SmoothCause)| {
            let mut by = vec![0.0; c.coef.len()];
            for (slopes, g) in o.slopes.iter().zip(g) {
                by.iter_mut().zip(slopes).for_each(|(by, s)| *by += g * s);
            }
            by
        };
        Some((value, over.iter().zip(&gradient).zip(&self.causes).map(of).collect()))
    }

    /// Whether what was read from a file fits `columns`, `causes` and `landmarks`.
    pub(crate) fn check(&self, causes: usize, columns: usize, landmarks: usize) -> bool {
        let rising =
            |e: &[f64]| e.windows(2).all(|w| w[0] < w[1]) && e.iter().all(|t| t.is_finite());
        let edges = |e: &Vec<f64>| e.len() >= 2 && e[0] >= 0.0 && rising(e);
        let law = |law: &Law| match law {
            Law::PiecewiseExponential { cuts } => rising(cuts) && cuts.iter().all(|c| *c > 0.0),
            Law::RoystonParmar(spline) => spline.knots.len() >= 2 && rising(&spline.knots),
            _ => true,
        };
        let cause = |c: &SmoothCause| {
            if !law(&c.law) {
                return false;
            }
            let bare = landmarks + c.law.q();
            (c.coef.len() == bare || c.coef.len() == bare + columns)
                && c.coef.iter().all(|b| b.is_finite())
                && is_covariance(&c.covariance, c.coef.len())
        };
        self.edges.len() == landmarks
            && self.edges.iter().all(edges)
            && self.causes.len() == causes
            && self.causes.iter().all(cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(laws: [(Law, Vec<f64>); 2]) -> Smooth {
        let cause = |(law, theta): (Law, Vec<f64>)| {
            // Level, one column, a shift for the second landmark, θ.
            let level = if law.longer() { 2.0 } else { -2.5 };
            let coef: Vec<f64> = [level, 0.4, -0.2].into_iter().chain(theta).collect();
            let p = coef.len();
            let v = |i: usize, j: usize| if i == j { 0.02 } else { 0.001 };
            let covariance = (0..p).map(|i| (0..p).map(|j| v(i, j)).collect()).collect();
            SmoothCause { law, coef, covariance }
        };
        Smooth {
            edges: vec![(0..=40).map(|k| f64::from(k) * 0.5).collect(), vec![4.0, 9.0, 15.0, 20.0]],
            causes: laws.into_iter().map(cause).collect(),
        }
    }

    #[test]
    fn two_exponentials_have_their_closed_form_and_no_memory() {
        let m = model([(Law::Exponential {}, vec![]), (Law::Gompertz {}, vec![0.0])]);
        let (b, c) = ((-2.0f64 - 0.4 * 0.7).exp(), (-2.5 + 0.4 * 0.7f64).exp());
        let exact = |t: f64| b / (b + c) * -f64::exp_m1(-(b + c) * t);
        let found = m.ends(0, &[0.7], 0.0, 3.3, 8.3).unwrap();
        assert!((found.incidence[0] - exact(5.0)).abs() < 1e-12, "{}", found.incidence[0]);
        assert!((found.incidence.iter().sum::<f64>() + found.survival - 1.0).abs() < 1e-14);
        assert!(m.ends(0, &[0.7], 0.0, 3.0, 20.5).is_none());
        // The second landmark's shift makes times shorter (the first law) and the hazard lower.
        let late = m.ends(1, &[0.7], 0.0, 4.0, 9.0).unwrap();
        assert!(late.incidence[0] > found.incidence[0] && late.incidence[1] < found.incidence[1]);
        assert_eq!(m.causes[0].effects(1), [-0.4]);
        assert_eq!(m.causes[1].effects(1), [0.4]);
    }

    #[test]
    fn the_variance_is_that_of_small_changes() {
        let cuts = Law::PiecewiseExponential { cuts: vec![5.0] };
        let m = model([(Law::Weibull {}, vec![-0.3]), (cuts, vec![0.4])]);
        let risk = |m: &Smooth| m.risk(1, &[1.3], 0.1, 5.0, 14.0, 0).unwrap();
        let mut by_hand = 0.0;
        for k in 0..2 {
            let slopes: Vec<f64> = (0..m.causes[k].coef.len())
                .map(|j| {
                    let at = |s: f64| {
                        let mut n = m.clone();
                        n.causes[k].coef[j] += s;
                        risk(&n).value
                    };
                    (at(1e-6) - at(-1e-6)) / 2e-6
                })
                .collect();
            by_hand += quadratic(&slopes, &m.causes[k].covariance);
        }
        let found = risk(&m).variance;
        assert!((found / by_hand - 1.0).abs() < 1e-7, "{found} {by_hand}");
    }

    #[test]
    fn what_does_not_fit_together_is_no_model() {
        let m = model([(Law::Lognormal {}, vec![0.1]), (Law::Gengamma {}, vec![0.1, 0.5])]);
        assert!(m.check(2, 1, 2));
        assert!(!m.check(1, 1, 2) && !m.check(2, 2, 2) && !m.check(2, 1, 1));
        let broken = |change: &dyn Fn(&mut Smooth)| {
            let mut n = m.clone();
            change(&mut n);
            !n.check(2, 1, 2)
        };
        assert!(broken(&|n| n.edges[0][3] = 0.0));
        assert!(broken(&|n| n.causes[0].coef[0] = f64::NAN));
        assert!(broken(&|n| n.causes[0].covariance[0][1] = 7.0));
        assert!(broken(&|n| n.causes[1].law = Law::PiecewiseExponential { cuts: vec![2.0, 1.0] }));
        let text = serde_json::to_string(&m).unwrap();
        assert_eq!(serde_json::from_str::<Smooth>(&text).unwrap(), m);
        assert!(serde_json::from_str::<Smooth>(&text.replace("lognormal", "normal")).is_err());
    }
}
