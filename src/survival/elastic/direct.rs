//! The solution of a quadratic model at once: where it is known which coefficients are not zero, and
//! their signs, the rest is a linear system. The guess comes from where the walk stands, and what
//! crosses zero is taken out (a primal-dual active set; Hintermüller, Ito & Kunisch 2003); what must
//! come back shows in the slopes afterwards.

use std::collections::VecDeque;

use super::curvature::Curvature;
use super::descent::Penalty;
use super::factor::Factor;

/// The factor may hold a ridge this much too large: it only shortens steps.
const RIDGE: f64 = 1.3;
/// Steps that are remembered.
const SECANTS: usize = 8;
/// Rounds of taking out.
const ROUNDS: usize = 30;

/// See the module.
#[derive(Debug, Clone, Default)]
pub(super) struct Direct {
    factor: Factor,
    /// Steps that were made, and how the slope (with the ridge) fell: by column in play.
    secants: VecDeque<(Vec<f64>, Vec<f64>)>,
}

impl Direct {
    /// The curvature is another one.
    pub(super) fn forget(&mut self) {
        self.factor.clear();
        self.secants.clear();
    }

    /// What earlier steps showed counts no more.
    pub(super) fn start(&mut self) {
        self.secants.clear();
    }

    /// What a step showed of the curvature: the slope, with the ridge, fell by `fall`.
    pub(super) fn learn(&mut self, step: Vec<f64>, fall: Vec<f64>) {
        self.secants.truncate(SECANTS - 1);
        self.secants.push_front((step, fall));
    }

    /// Solves with the factor, corrected by the secants (Nocedal 1980).
    fn invert(&self, by: &mut [f64]) {
        let places = self.factor.places();
        let pick = |v: &[f64]| -> Vec<f64> {
            places.iter().map(|&k| v.get(k).copied().unwrap_or(0.0)).collect()
        };
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let mut used = Vec::new();
        for (step, fall) in &self.secants {
            let all = |v: &[f64]| v.iter().filter(|v| **v != 0.0).count();
            if all(step) != all(&pick(step)) {
                continue;
            }
            let (step, fall) = (pick(step), pick(fall));
            let (bend, own) = (dot(&step, &fall), dot(&step, &step));
            if bend > 1e-12 * own && own > 0.0 {
                let share = dot(&step, by) / bend;
                by.iter_mut().zip(&fall).for_each(|(b, y)| *b -= share * y);
                used.push((step, fall, bend, share));
            }
        }
        self.factor.solve(by);
        for (step, fall, bend, share) in used.iter().rev() {
            let back = share - dot(fall, by) / bend;
            by.iter_mut().zip(step).for_each(|(b, s)| *b += back * s);
        }
    }

    /// Whether the factor's ridge is another than the penalty's; if so, it will be made anew.
    pub(super) fn outdated(&mut self, penalty: Penalty) -> bool {
        let stale = self.factor.len() > 0 && self.factor.shift != penalty.two;
        if stale {
            self.factor.clear();
        }
        stale
    }

    /// The coefficients (by column in play) at the minimum of the model. Those that are zero and
    /// whose `likely` slope the penalty does not hold are tried. `None` where the active
    /// columns depend on each other, or no set of them settles.
    pub(super) fn solve(
        &mut self,
        curvature: &Curvature,
        penalty: Penalty,
        beta: &[f64],
        slope: &[f64],
        likely: &[f64],
    ) -> Option<Vec<f64>> {
        let sign = |k: usize| if beta[k] == 0.0 { likely[k].signum() } else { beta[k].signum() };
        let mut active: Vec<bool> =
            beta.iter().zip(likely).map(|(b, g)| *b != 0.0 || g.abs() > penalty.one).collect();
        let mut right: Vec<f64> = (0..beta.len())
            .map(|k| slope[k] - penalty.two * beta[k] - penalty.one * sign(k))
            .collect();
        let shift = self.factor.shift;
        let sound = self.factor.len() > 0 && (penalty.two..=RIDGE * penalty.two).contains(&shift);
        let mut shift = (!sound).then_some(penalty.two);
        for _ in 0..ROUNDS {
            if !self.factor.set(curvature, &active, shift.take()) {
                return None;
            }
            let places = self.factor.places();
            let mut by: Vec<f64> = places.iter().map(|&k| right[k]).collect();
            self.invert(&mut by);
            let places = self.factor.places();
            let crosses: Vec<usize> = places
                .iter()
                .zip(&by)
                .filter(|&(&k, by)| (beta[k] + by) * sign(k) <= 0.0)
                .map(|(&k, _)| k)
                .collect();
            if crosses.is_empty() {
                let mut to = vec![0.0; beta.len()];
                for (&k, by) in places.iter().zip(&by) {
                    to[k] = beta[k] + by;
                }
                return to.iter().all(|b| b.is_finite()).then_some(to);
            }
            for k in crosses {
                active[k] = false;
                if beta[k] != 0.0 {
                    let row = curvature.row(k);
                    right.iter_mut().zip(row).for_each(|(r, g)| *r += g * beta[k]);
                }
            }
        }
        None
    }
}
