//! Many rows: a start from a part of them, cheap steps with slopes only, one full pass at the end.
//!
//! A pass with curvature costs about three times one with the slope alone. Every twentieth row, in
//! the order of the likelihood, tells how slope and curvature change away from zero; at zero both are
//! known exactly. From this start a few slope-only steps (with BFGS corrections) come so near to the
//! maximum that one Newton step with the exact curvature is exact to rounding. By how little the
//! curvature itself changes in that step, the part of the rows tells well enough.

use ndarray::{Array1, Array2};

use super::layout::{Key, Layout};
use super::pass::Pass;
use super::{Cox, Ties, evaluate};
use crate::survival::Sample;
use crate::survival::linalg::Cholesky;
use crate::survival::newton::{ALIASED, Maximum, Point, leave_out, maximise};

/// Worth the trouble from this many numbers in the design matrix, and events per term in the part.
const NUMBERS: usize = 200_000;
const EVENTS_PER_TERM: usize = 50;
/// The part holds every so many rows.
const STRIDE: usize = 20;
/// Newton steps on the part, and slope-only steps on all rows; where these do not do, plain Newton
/// begins anew.
const STEPS_ON_PART: usize = 8;
const STEPS: usize = 8;
/// Squared distances from the maximum, in standard errors and per event. The curvature, and with it
/// a standard error, changes by about their root: so little that it need not be followed, and so
/// little that what the part of the rows tells of the change (to a tenth or better) leaves 1e-9 or a
/// few.
const NEAR: f64 = 1e-18;
const NEAR_PART: f64 = 2e-15;

/// The part of the rows that a large fit starts from.
pub(super) fn few(sample: &Sample, sorted: &[Key]) -> Option<Vec<Key>> {
    let large = sorted.len().saturating_mul(sample.x().ncols()) >= NUMBERS;
    large.then(|| sorted.iter().copied().skip(STRIDE / 2).step_by(STRIDE).collect())
}

impl Cox {
    /// The maximum, where the fit is large and regular; `None`: take the plain way.
    pub(super) fn climb_large(
        &self,
        few: Option<Vec<Key>>,
        null: &Point,
        pass: &mut Pass,
        active: &[bool],
    ) -> Option<Maximum> {
        if self.iterations <= STEPS {
            return None;
        }
        let layout = pass.layout;
        let part = Layout::from_sorted(layout.sample, few?, Some(&layout.columns));
        if part.events().0 < EVENTS_PER_TERM * layout.p() {
            return None;
        }
        let mut part = Part {
            share: layout.events().1 / part.events().1,
            pass: Pass::new(&part, self.ties == Ties::Efron),
            active,
        };
        let near = NEAR_PART * layout.events().0 as f64;
        let (mut beta, information) = part.start(null)?;
        let mut inverse = Cholesky::new(&information, ALIASED).inverse();
        let mut last: Option<(Array1<f64>, Array1<f64>, f64)> = None;
        for steps in 1..=STEPS {
            pass.evaluate_slope(&beta)?;
            let mut score = pass.score();
            for j in (0..active.len()).filter(|&j| !active[j]) {
                score[j] = 0.0;
            }
            if let Some((from, slope, _)) = &last {
                correct(&mut inverse, &(&beta - from), &(slope - &score));
            }
            let step = inverse.dot(&score);
            let distance = step.dot(&score);
            let ratio = last.as_ref().map_or(0.01, |l| distance / l.2);
            if !(distance.is_finite() && distance >= 0.0 && ratio < 0.25) {
                return None;
            }
            last = Some((beta.clone(), score, distance));
            beta += &step;
            if distance * ratio < near {
                return part.finish(pass, beta, steps, self.iterations);
            }
        }
        None
    }
}

/// The part of the rows.
struct Part<'p, 'l, 'a> {
    pass: Pass<'l, 'a>,
    /// The weight of all events over that of the part's.
    share: f64,
    active: &'p [bool],
}

impl Part<'_, '_, '_> {
    fn at(&mut self, beta: &Array1<f64>) -> Option<Point> {
        masked(&mut self.pass, beta, self.active)
    }

    /// A point near the maximum, and the curvature there: that of all rows at zero, and what the
    /// part says about how both change.
    fn start(&mut self, null: &Point) -> Option<(Array1<f64>, Array2<f64>)> {
        let share = self.share;
        let mut beta = Array1::zeros(self.active.len());
        let zero = self.at(&beta)?;
        let (mut score, mut information) = (null.score.clone(), null.information.clone());
        for _ in 0..STEPS_ON_PART {
            let factor = Cholesky::new(&information, ALIASED);
            if factor.kept() != self.active {
                return None;
            }
            let step = factor.solve(score.view());
            let gain = step.dot(&score);
            beta += &step;
            // Within a standard error: the step goes much nearer, and the curvature is good enough.
            if gain < 1.0 {
                return (gain >= 0.0).then_some((beta, information));
            }
            let at = self.at(&beta)?;
            score = &null.score - &null.information.dot(&beta)
                + (at.score - &zero.score + zero.information.dot(&beta)) * share;
            information = &null.information + (at.information - &zero.information) * share;
        }
        None
    }

    /// One full pass, and one Newton step with its curvature; more where that is not enough.
    fn finish(
        &mut self,
        pass: &mut Pass,
        beta: Array1<f64>,
        steps: usize,
        iterations: usize,
    ) -> Option<Maximum> {
        let events = pass.layout.events().0 as f64;
        let mut point = masked(pass, &beta, self.active)?;
        let step = Cholesky::new(&point.information, 1e-14).solve(point.score.view());
        let gain = step.dot(&point.score);
        if gain.is_nan() || gain > 4.0 * NEAR_PART * events {
            let mut found = maximise(beta, point, self.active, iterations, |b| evaluate(pass, b));
            found.iterations += steps;
            return Some(found);
        }
        let there = &beta + &step;
        if gain > NEAR * events {
            let change = self.at(&there)?.information - self.at(&beta)?.information;
            point.information.scaled_add(self.share, &change);
        }
        point.loglik += 0.5 * gain;
        Some(Maximum {
            beta: there,
            point,
            iterations: steps + 1,
            converged: true,
            step: Array1::zeros(step.len()),
            ridge: false,
        })
    }
}

/// The point at β, without the columns that are not active.
fn masked(pass: &mut Pass, beta: &Array1<f64>, active: &[bool]) -> Option<Point> {
    let mut point = evaluate(pass, beta)?;
    for j in (0..active.len()).filter(|&j| !active[j]) {
        leave_out(&mut point, j);
    }
    Some(point)
}

/// The BFGS update of an inverse curvature: `moved` along β changed the slope by −`change`.
fn correct(inverse: &mut Array2<f64>, moved: &Array1<f64>, change: &Array1<f64>) {
    let along = moved.dot(change);
    if !(along > 0.0 && along.is_finite()) {
        return;
    }
    let v = inverse.dot(change);
    let scale = (1.0 + v.dot(change) / along) / along;
    for ((i, j), h) in inverse.indexed_iter_mut() {
        *h += scale * moved[i] * moved[j] - (v[i] * moved[j] + moved[i] * v[j]) / along;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Pass, evaluate, layout};
    use super::*;
    use crate::survival::Outcome;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha12Rng;

    /// Rows with effects, skewed and rare columns, ties, strata, late entry and weights as asked.
    fn sample(seed: u64, tied: bool, late: bool, strata: bool, weights: bool) -> Sample {
        let (n, p) = (20_000, 6);
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let mut uniform = || rng.random::<f64>();
        let x = Array2::from_shape_fn((n, p), |(_, j)| match j {
            0 | 1 => uniform() + uniform() + uniform(),
            2 => -uniform().ln(),
            3 => f64::from(u8::from(uniform() < 0.05)),
            _ => 1000.0 * uniform(),
        });
        let effect = [0.8, -0.5, 0.3, 0.7, 0.0004, 0.0];
        let (mut entry, mut exit, mut cause) = (Vec::new(), Vec::new(), Vec::new());
        for row in x.rows() {
            let rate = row.iter().zip(effect).map(|(x, b)| x * b).sum::<f64>().exp();
            let start = if late { uniform() * 0.5 } else { 0.0 };
            let (death, censored) = (-uniform().ln() / rate, -uniform().ln());
            let mut length = death.min(censored) + 1e-6;
            if tied {
                length = (length * 20.0).ceil() / 20.0;
            }
            entry.push(if tied { (start * 20.0).floor() / 20.0 } else { start });
            exit.push(entry.last().unwrap() + length);
            cause.push(u32::from(death <= censored));
        }
        let y = Outcome::new(late.then_some(entry), exit, cause, vec!["a".into()]).unwrap();
        let names = (0..p).map(|j| format!("x{j}")).collect();
        let mut s = Sample::new(x, names, y).unwrap();
        if strata {
            s = s.with_strata((0..n).map(|i| (i % 3) as u32).collect()).unwrap();
        }
        if weights {
            s = s.with_weights((0..n).map(|i| 0.5 + (i % 7) as f64 * 0.25).collect()).unwrap();
        }
        s
    }

    #[test]
    fn the_short_cut_ends_where_plain_newton_ends() {
        for (seed, tied, late, strata, weights, ties) in [
            (1, false, false, false, false, Ties::Efron),
            (2, true, false, true, false, Ties::Efron),
            (3, false, true, false, true, Ties::Efron),
            (4, true, true, true, true, Ties::Efron),
            (5, true, true, false, false, Ties::Breslow),
        ] {
            let s = sample(seed, tied, late, strata, weights);
            let cox = Cox::new().ties(ties);
            let sorted = layout::sorted_rows(&s, 1);
            let part = sorted.iter().copied().step_by(STRIDE).collect();
            let layout = Layout::from_sorted(&s, sorted, None);
            let mut pass = Pass::new(&layout, ties == Ties::Efron);
            let start = Array1::zeros(6);
            let null = evaluate(&mut pass, &start).unwrap();
            let active = [true; 6];
            let short = cox.climb_large(Some(part), &null, &mut pass, &active).unwrap();
            let plain = maximise(start, null, &active, 20, |b| evaluate(&mut pass, b));
            assert!(plain.converged && short.converged);
            assert!((short.point.loglik / plain.point.loglik - 1.0).abs() < 1e-13);
            let (i, j) = (&short.point.information, &plain.point.information);
            let (v, w) = (Cholesky::new(i, 1e-14).inverse(), Cholesky::new(j, 1e-14).inverse());
            for k in 0..6 {
                let se = w[[k, k]].sqrt();
                assert!((short.beta[k] - plain.beta[k]).abs() < 1e-8 * se, "{seed} {k}");
                assert!((v[[k, k]].sqrt() / se - 1.0).abs() < 1e-8, "{seed} {k}");
            }
        }
    }

    #[test]
    fn what_is_not_regular_is_left_to_plain_newton() {
        let s = sample(6, false, false, false, false);
        // Nobody with x0 above its median ends by the cause: the likelihood rises for ever.
        let cause = s.x().column(0).iter().map(|&v| u32::from(v < 1.5)).collect();
        let y = Outcome::new(None, s.outcome().exit().to_vec(), cause, vec!["a".into()]).unwrap();
        let x = s.x().mapv(|v| if v < 1.5 { 0.0 } else { 1.0 });
        let s = Sample::new(x, s.names().to_vec(), y).unwrap();
        let fit = Cox::new().fit(&s, 1).unwrap();
        assert!(!fit.converged);
        assert!(
            fit.warnings
                .iter()
                .any(|w| matches!(w, crate::survival::FitWarning::Separation { .. }))
        );
    }
}
