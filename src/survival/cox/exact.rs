//! Exact ties: the likelihood of which d of the n at risk died, given that d did (Cox 1972; R's
//! `ties = "exact"`, the conditional logistic likelihood).
//!
//! Its denominator is the sum over all subsets of d rows of Π e^η, an elementary symmetric
//! function, which grows past the range of numbers. With p_i = c e^η_i / (1 + c e^η_i) and c such
//! that Σ p_i = d, it is P(Σ B_i = d) · Π (1 + c e^η_i) / c^d for independent coins B_i, and the
//! coins' distribution never over- or underflows. One walk over the rows (Gail, Lubin & Rubinstein
//! 1981) carries that probability with the first two moments of Σ B_i x_i, in d(n − d) steps of p²/2.
//! Where one row died alone the sum over subsets is that over rows: those times take one pass of the
//! plain likelihood together.

use ndarray::{Array1, Array2};
use rayon::prelude::*;

use super::FitError;
use super::layout::Layout;
use super::pass::Pass;
use crate::survival::newton::Point;

/// Multiplications of one evaluation beyond which the exact method is refused: some ten seconds.
const WORK: f64 = 1e10;

/// Refuses what the exact likelihood cannot do or would take for ever.
pub(super) fn check(layout: &Layout) -> Result<(), FitError> {
    let method = "the exact treatment of ties";
    if layout.sample.weights().is_some() {
        let why = "rows with weights have no exact likelihood".into();
        return Err(FitError::NotApplicable { method, why });
    }
    let p = layout.p() as f64;
    let mut work = 0.0;
    for s in &layout.strata {
        for slot in s.slots.clone().filter(|&j| layout.deaths[j] > 1) {
            let at_risk = risk_set(layout, s.slots.end, slot).count() as f64;
            let d = f64::from(layout.deaths[slot]);
            work += d * (at_risk - d) * (1.0 + 2.0 * p + p * (p + 1.0));
        }
    }
    if work > WORK {
        let why = format!(
            "ties are so many that one step needs {work:.1e} multiplications, over {WORK:.0e}; \
             Efron's approximation is near it"
        );
        return Err(FitError::NotApplicable { method, why });
    }
    Ok(())
}

/// Positions of the rows at risk at a slot of a stratum whose slots end at `end`.
fn risk_set<'l>(layout: &'l Layout, end: usize, slot: usize) -> impl Iterator<Item = usize> + 'l {
    let rows = layout.first[slot] as usize..layout.first[end] as usize;
    rows.filter(move |&k| layout.leaving.as_ref().is_none_or(|l| l.entry_slot[k] as usize <= slot))
}

/// The exact log likelihood with slope and curvature at β; `None` where it runs away.
pub(super) fn point(pass: &mut Pass, beta: &Array1<f64>) -> Option<Point> {
    pass.evaluate(beta)?;
    let layout = pass.layout;
    let eta: Vec<f64> = (0..layout.row.len())
        .map(|k| {
            let offset = layout.offset.as_ref().map_or(0.0, |o| o[k]);
            offset + layout.x(k).iter().zip(beta).map(|(x, b)| x * b).sum::<f64>()
        })
        .collect();
    let mut sum = alone(pass, &eta);
    // Slots do not depend on each other; they are added up in their order.
    let tied: Vec<(usize, usize)> = layout
        .strata
        .iter()
        .flat_map(|s| s.slots.clone().map(|slot| (s.slots.end, slot)))
        .filter(|&(_, slot)| layout.deaths[slot] > 1)
        .collect();
    let parts: Vec<Point> =
        tied.par_iter().map(|&(end, slot)| of_slot(layout, &eta, end, slot)).collect();
    for part in parts {
        sum.loglik += part.loglik;
        sum.score += &part.score;
        sum.information += &part.information;
    }
    let sound = sum.loglik.is_finite()
        && sum.score.iter().chain(sum.information.iter()).all(|v| v.is_finite());
    sound.then_some(sum)
}

/// What all event times with one death add, at the point of a pass.
fn alone(pass: &Pass, eta: &[f64]) -> Point {
    let layout = pass.layout;
    let single: Vec<f64> = layout.deaths.iter().map(|&d| f64::from(u8::from(d == 1))).collect();
    let mut loglik = 0.0;
    for slot in (0..single.len()).filter(|&j| single[j] > 0.0) {
        loglik += layout.dying(slot).map(|k| eta[k]).sum::<f64>() - pass.s0[slot].ln();
    }
    let only = pass.tilted(&single);
    Point { loglik, score: only.score(), information: only.information() }
}

/// What one event time adds.
fn of_slot(layout: &Layout, eta: &[f64], end: usize, slot: usize) -> Point {
    let p = layout.p();
    let at_risk: Vec<usize> = risk_set(layout, end, slot).collect();
    let d = layout.deaths[slot] as usize;
    if d == at_risk.len() {
        // All died: there was one way only.
        let (score, information) = (Array1::zeros(p), Array2::zeros((p, p)));
        return Point { loglik: 0.0, score, information };
    }
    let mut coins = Coins::new(&at_risk, eta, d, p);
    let mut x = vec![0.0; p];
    for (&k, &chance) in at_risk.iter().zip(&coins.chance) {
        for (m, v) in coins.mean.iter_mut().zip(layout.x(k)) {
            *m += chance * v / d as f64;
        }
    }
    for (i, &k) in at_risk.iter().enumerate() {
        for ((x, v), m) in x.iter_mut().zip(layout.x(k)).zip(&coins.mean) {
            *x = v - m;
        }
        coins.toss(i, at_risk.len(), &x);
    }
    let (ln, first, second) = coins.end(d);
    let mut score = Array1::zeros(p);
    let mut loglik = -ln;
    for k in layout.dying(slot) {
        loglik += eta[k];
        for ((s, v), m) in score.iter_mut().zip(layout.x(k)).zip(&coins.mean) {
            *s += v - m;
        }
    }
    score -= &first;
    Point { loglik, score, information: second }
}

/// Independent coins, one per row at risk, and the moments of Σ B x by how many came up.
struct Coins {
    chance: Vec<f64>,
    /// ln of Π (1 + c e^η) / c^d.
    ln_scale: f64,
    /// Subtracted from the covariates, so that the moments are small numbers.
    mean: Vec<f64>,
    /// By count 0 … d: the probability, Σ x and (upper triangle) Σ x Σ x′ times the probability.
    width: usize,
    table: Vec<f64>,
}

impl Coins {
    fn new(at_risk: &[usize], eta: &[f64], d: usize, p: usize) -> Self {
        let most = at_risk.iter().map(|&k| eta[k]).fold(f64::NEG_INFINITY, f64::max);
        let theta: Vec<f64> = at_risk.iter().map(|&k| (eta[k] - most).exp()).collect();
        let ln_c = balance(&theta, d);
        let width = 1 + p + p * (p + 1) / 2;
        let mut table = vec![0.0; (d + 1) * width];
        table[0] = 1.0;
        let c = ln_c.exp();
        let chance: Vec<f64> = theta.iter().map(|t| c * t / (1.0 + c * t)).collect();
        let all: f64 = theta.iter().map(|t| (c * t).ln_1p()).sum();
        Self { chance, ln_scale: all + d as f64 * (most - ln_c), mean: vec![0.0; p], width, table }
    }

    /// Tosses coin i of n, whose row has covariates x.
    fn toss(&mut self, i: usize, n: usize, x: &[f64]) {
        let d = self.table.len() / self.width - 1;
        let (up, down) = (self.chance[i], 1.0 - self.chance[i]);
        // Counts that can still become d, and that can have been reached.
        let (low, high) = ((d + i + 1).saturating_sub(n), d.min(i + 1));
        let p = x.len();
        for count in (low..=high).rev() {
            let (before, here) = self.table.split_at_mut(count * self.width);
            let here = &mut here[..self.width];
            for v in here.iter_mut() {
                *v *= down;
            }
            if count == 0 {
                continue;
            }
            let less = &before[(count - 1) * self.width..];
            let f = up * less[0];
            here[0] += f;
            let (first, second) = here[1..].split_at_mut(p);
            let (less_first, less_second) = less[1..].split_at(p);
            let mut at = 0;
            for a in 0..p {
                let g = up * less_first[a];
                first[a] += g + x[a] * f;
                let with = g + x[a] * f;
                for b in a..p {
                    second[at] += up * (less_second[at] + x[a] * less_first[b]) + with * x[b];
                    at += 1;
                }
            }
        }
    }

    /// ln of the symmetric function, and mean and variance of Σ x over the subsets of d.
    fn end(&self, d: usize) -> (f64, Array1<f64>, Array2<f64>) {
        let p = self.mean.len();
        let (mut first, mut second) = (Array1::zeros(p), Array2::zeros((p, p)));
        let here = &self.table[d * self.width..];
        let chance = here[0];
        let mut at = 1 + p;
        for a in 0..p {
            first[a] = here[1 + a] / chance;
            for b in a..p {
                second[[a, b]] = here[at] / chance;
                at += 1;
            }
        }
        for a in 0..p {
            for b in a..p {
                let v = second[[a, b]] - first[a] * first[b];
                second[[a, b]] = v;
                second[[b, a]] = v;
            }
        }
        (chance.ln() + self.ln_scale, first, second)
    }
}

/// ln c with Σ c θ/(1 + c θ) = d, for more than d values θ whose largest is 1.
fn balance(theta: &[f64], d: usize) -> f64 {
    let n = theta.len();
    let expected = |ln_c: f64| -> (f64, f64) {
        let c = ln_c.exp();
        theta.iter().fold((0.0, 0.0), |(sum, slope), t| {
            let chance = c * t / (1.0 + c * t);
            (sum + chance, slope + chance * (1.0 - chance))
        })
    };
    let (mut low, mut high) = (-50.0, 700.0);
    let mut at = (d as f64 / (n - d) as f64).ln();
    for _ in 0..100 {
        let (sum, slope) = expected(at);
        let away = sum - d as f64;
        if away.abs() < 1e-6 * d as f64 {
            break;
        }
        if away > 0.0 {
            high = at;
        } else {
            low = at;
        }
        let newton = at - away / slope;
        at = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Σ over all pairs of four rows, by hand.
    #[test]
    fn coins_give_the_sum_over_all_subsets() {
        let eta: [f64; 4] = [0.3, -1.0, 2.0, 0.7];
        let xs = [[1.0, 0.0], [0.5, -1.0], [2.0, 3.0], [-1.0, 1.0]];
        let (mut total, mut first, mut second) = (0.0, [0.0; 2], [0.0; 3]);
        for a in 0..4 {
            for b in a + 1..4 {
                let weight = (eta[a] + eta[b]).exp();
                let t = [xs[a][0] + xs[b][0], xs[a][1] + xs[b][1]];
                total += weight;
                first = [first[0] + weight * t[0], first[1] + weight * t[1]];
                second[0] += weight * t[0] * t[0];
                second[1] += weight * t[0] * t[1];
                second[2] += weight * t[1] * t[1];
            }
        }
        let mut coins = Coins::new(&[0, 1, 2, 3], &eta, 2, 2);
        for (i, x) in xs.iter().enumerate() {
            coins.toss(i, 4, x);
        }
        let (ln, mean, variance) = coins.end(2);
        assert!((ln - f64::ln(total)).abs() < 1e-14);
        let m = [first[0] / total, first[1] / total];
        assert!((mean[0] - m[0]).abs() < 1e-14 && (mean[1] - m[1]).abs() < 1e-14);
        assert!((variance[[0, 1]] - (second[1] / total - m[0] * m[1])).abs() < 1e-13);
        assert!((variance[[1, 1]] - (second[2] / total - m[1] * m[1])).abs() < 1e-13);
    }

    #[test]
    fn many_deaths_neither_overflow_nor_vanish() {
        // C(2000, 900) is about 1e597.
        let eta = vec![0.0; 2000];
        let at: Vec<usize> = (0..2000).collect();
        let mut coins = Coins::new(&at, &eta, 900, 0);
        for i in 0..2000 {
            coins.toss(i, 2000, &[]);
        }
        let ln = coins.end(900).0;
        let factorial = |n: f64| statrs::function::gamma::ln_gamma(n + 1.0);
        let wanted = factorial(2000.0) - factorial(900.0) - factorial(1100.0);
        assert!((ln / wanted - 1.0).abs() < 1e-12, "{ln} {wanted}");
    }
}
