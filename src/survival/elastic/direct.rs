//! The solution of a quadratic model at once: where it is known which coefficients are not zero, and
//! their signs, the rest is a linear system. The guess comes from where the walk stands, and what
//! crosses zero is taken out, and what the penalty does not hold there is brought in (a primal-dual
//! active set; Hintermüller, Ito & Kunisch 2003); what must come back shows in the slopes afterwards.

use std::collections::VecDeque;

use super::curvature::Curvature;
use super::descent::Penalty;
use super::factor::Factor;
use super::kernels;

/// The factor may hold a ridge this much too large: it only shortens steps.
const RIDGE: f64 = 1.3;
/// Steps that are remembered.
const SECANTS: usize = 12;
/// Rounds of bringing in, and rounds in all.
const BRINGS: usize = 3;
const ROUNDS: usize = 30;

/// See the module.
#[derive(Debug, Clone, Default)]
pub(super) struct Direct {
    factor: Factor,
    /// Steps that were made, and how the slope fell: by column in play.
    secants: VecDeque<(Vec<f64>, Vec<f64>)>,
}

impl Direct {
    /// The curvature is another one.
    pub(super) fn forget(&mut self) {
        self.factor.clear();
        self.secants.clear();
    }

    /// Columns came into play: what earlier steps would have shown of them.
    fn complete(&mut self, curvature: &Curvature, all: usize) {
        for (step, fall) in &mut self.secants {
            for k in fall.len()..all {
                let row = curvature.row(k);
                fall.push(row.iter().zip(step.iter()).map(|(g, s)| g * s).sum());
            }
            step.resize(all, 0.0);
        }
    }

    /// What a step showed of the curvature: the slope fell by `fall`.
    pub(super) fn learn(&mut self, step: Vec<f64>, fall: Vec<f64>) {
        self.secants.truncate(SECANTS - 1);
        self.secants.push_front((step, fall));
    }

    /// Solves with the factor, corrected by the secants with the ridge `two` (Nocedal 1980).
    fn invert(&self, by: &mut [f64], two: f64) {
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
            let (step, mut fall) = (pick(step), pick(fall));
            fall.iter_mut().zip(&step).for_each(|(y, s)| *y += two * s);
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
        self.complete(curvature, beta.len());
        let mut guess = Guess::new(penalty, beta, slope, likely);
        let shift = self.factor.shift;
        let sound = self.factor.len() > 0 && (penalty.two..=RIDGE * penalty.two).contains(&shift);
        let mut shift = (!sound).then_some(penalty.two);
        let mut brought = 0;
        for _ in 0..ROUNDS {
            if !self.factor.set(curvature, &guess.active, shift.take()) {
                return None;
            }
            let right = |&k: &usize| guess.base[k] - penalty.one * guess.sign[k];
            let mut by: Vec<f64> = self.factor.places().iter().map(right).collect();
            self.invert(&mut by, penalty.two);
            let places = self.factor.places();
            if guess.take_out(curvature, beta, places, &by) {
                continue;
            }
            if brought < BRINGS && guess.bring_in(curvature, penalty, places, &by) {
                brought += 1;
                continue;
            }
            let mut to = vec![0.0; beta.len()];
            for (&k, by) in places.iter().zip(&by) {
                to[k] = beta[k] + by;
            }
            return to.iter().all(|b| b.is_finite()).then_some(to);
        }
        None
    }
}

/// Which columns are not zero at the minimum of a model, by column in play.
struct Guess {
    active: Vec<bool>,
    /// Those that are or were active: what was taken out does not come back.
    tried: Vec<bool>,
    sign: Vec<f64>,
    /// The model's slopes, with the ridge, where the columns that were taken out are zero.
    base: Vec<f64>,
}

impl Guess {
    fn new(penalty: Penalty, beta: &[f64], slope: &[f64], likely: &[f64]) -> Self {
        let active: Vec<bool> =
            beta.iter().zip(likely).map(|(b, g)| *b != 0.0 || g.abs() > penalty.one).collect();
        let sign = |(b, g): (&f64, &f64)| if *b == 0.0 { g.signum() } else { b.signum() };
        Self {
            tried: active.clone(),
            active,
            sign: beta.iter().zip(likely).map(sign).collect(),
            base: slope.iter().zip(beta).map(|(g, b)| g - penalty.two * b).collect(),
        }
    }

    /// Takes out what crosses zero; whether there was any.
    fn take_out(
        &mut self,
        curvature: &Curvature,
        beta: &[f64],
        places: &[usize],
        by: &[f64],
    ) -> bool {
        let mut any = false;
        for (&k, by) in places.iter().zip(by) {
            if (beta[k] + by) * self.sign[k] > 0.0 {
                continue;
            }
            (self.active[k], any) = (false, true);
            if beta[k] != 0.0 {
                kernels::add(&mut self.base, &[(curvature.row(k), beta[k])]);
            }
        }
        any
    }

    /// Brings in what was not tried and what the penalty does not hold; whether there was any.
    fn bring_in(
        &mut self,
        curvature: &Curvature,
        penalty: Penalty,
        places: &[usize],
        by: &[f64],
    ) -> bool {
        let mut any = false;
        for k in 0..self.active.len() {
            if self.tried[k] {
                continue;
            }
            let row = curvature.row(k);
            let fall: f64 = places.iter().zip(by).map(|(&j, by)| row[j] * by).sum();
            let slope = self.base[k] - fall;
            if slope.abs() > penalty.one {
                (self.active[k], self.tried[k], any) = (true, true, true);
                self.sign[k] = slope.signum();
            }
        }
        any
    }
}
