//! The hazards along a row's way, where a cause has a shared frailty and the row's group is not
//! known: its hazard is that of the mixture of all groups that are still there.
//!
//! With c the cumulative hazard of a group with frailty 1, that of the mixture is m(c) = −ln E[e^(−Zc)],
//! whose slope falls: the groups with high frailties leave first. So the way counts from the grid's
//! start, also for a row that has lasted, whose group is then likely to have a low frailty.

use serde::{Deserialize, Serialize};

use super::grid::{self, Part};
use super::hazards::{Baseline, Proportional};
use crate::survival::FrailtyDistribution;

/// The frailty of one cause.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mixture {
    pub(crate) distribution: FrailtyDistribution,
    pub(crate) variance: f64,
}

/// The way between two times.
pub(super) struct Along {
    /// What comes before, where a cause has a frailty, and what is asked.
    before: Vec<Part>,
    parts: Vec<Part>,
    /// By cause and part that is asked.
    pub(super) hazard: Vec<Vec<f64>>,
    /// By cause with a frailty: the slope of m at each edge of all parts.
    slopes: Vec<Option<Vec<f64>>>,
}

impl Mixture {
    /// Whether what was read from a file can be one.
    pub(super) fn check(&self) -> bool {
        self.variance.is_finite() && self.variance > 0.0
    }
}

impl Proportional {
    /// The way of a row with these log hazard ratios; `None` beyond the grid, and where hazards are
    /// not finite.
    pub(super) fn along(&self, base: &Baseline, eta: &[f64], from: f64, to: f64) -> Option<Along> {
        let parts = grid::parts(&base.edges, from, to)?;
        let start = *base.edges.first()?;
        let frail = self.effects.iter().any(|e| e.frailty.is_some());
        // `None` where nothing lies between.
        let before = if frail {
            grid::parts(&base.edges, start, from).unwrap_or_default()
        } else {
            Vec::new()
        };
        let mut hazard = self.hazard(base, eta, &parts)?;
        let earlier = self.hazard(base, eta, &before)?;
        let mut slopes = vec![None; hazard.len()];
        for (k, effect) in self.effects.iter().enumerate() {
            let Some(Mixture { distribution, variance }) = effect.frailty else { continue };
            let mut sum = 0.0;
            let (mut mixed, mut slope) = distribution.marginal(variance, 0.0);
            let mut edges = vec![slope];
            for h in &earlier[k] {
                sum += h;
                (mixed, slope) = distribution.marginal(variance, sum);
                edges.push(slope);
            }
            for h in &mut hazard[k] {
                sum += *h;
                let (next, slope) = distribution.marginal(variance, sum);
                *h = (next - mixed).max(0.0);
                mixed = next;
                edges.push(slope);
            }
            slopes[k] = Some(edges);
        }
        hazard.iter().flatten().all(|h| h.is_finite()).then_some(())?;
        Some(Along { before, parts, hazard, slopes })
    }
}

impl Along {
    /// From the derivatives by the hazards of the parts that are asked, those by the hazards of a
    /// group with frailty 1, with all parts on which the answer leans.
    pub(super) fn back(self, gradient: Vec<Vec<f64>>) -> (Vec<Part>, Vec<Vec<f64>>) {
        let Self { mut before, parts, slopes, .. } = self;
        if slopes.iter().all(Option::is_none) {
            return (parts, gradient);
        }
        let first = before.len();
        let one = |(g, slopes): (Vec<f64>, Option<Vec<f64>>)| -> Vec<f64> {
            let mut all = vec![0.0; first];
            all.extend(g);
            if let Some(u) = slopes {
                // More hazard in a part flattens m in all later ones.
                let mut later = 0.0;
                for i in (0..all.len()).rev() {
                    let own = all[i];
                    all[i] = own * u[i + 1] + later;
                    later += own * (u[i + 1] - u[i]);
                }
            }
            all
        };
        let mut all: Vec<Vec<f64>> = gradient.into_iter().zip(slopes).map(one).collect();
        before.extend(parts);
        // A cell that was cut at the time lasted is one cell to the errors.
        if first > 0 && first < before.len() && before[first - 1].cell == before[first].cell {
            let (a, b) = (before[first - 1].share, before[first].share);
            for g in &mut all {
                g[first] = g[first - 1] * a + g[first] * b;
                g.remove(first - 1);
            }
            before[first].share = 1.0;
            before.remove(first - 1);
        }
        (before, all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::hazards::{Baselines, CauseCells, Chosen, Effect};

    fn model(distribution: FrailtyDistribution) -> Proportional {
        let cells = |h: f64| CauseCells {
            dh: vec![h, 0.5 * h, 2.0 * h, h],
            dv: vec![h * h / 50.0; 4],
            dq: vec![vec![h * 0.5]; 4],
        };
        let edges = vec![0.0, 1.0, 2.0, 3.0, 4.0];
        let pooled = Baseline { edges, causes: vec![cells(0.3), cells(0.2)] };
        let effect = |b: f64, frailty| Effect {
            coef: vec![b],
            covariance: vec![vec![0.04]],
            between_strata: 0.0,
            frailty,
        };
        let mixture = Mixture { distribution, variance: 0.8 };
        Proportional {
            subdistribution: false,
            baselines: vec![Baselines { pooled, strata: Vec::new(), borrowed: false }],
            effects: vec![effect(0.7, Some(mixture)), effect(-0.2, None)],
        }
    }

    fn risk(m: &Proportional, from: f64, to: f64) -> crate::model::hazards::Estimate {
        let chosen = Chosen { baseline: &m.baselines[0].pooled, in_place: false, elsewhere: false };
        m.risk(chosen, &[1.4], 0.0, from, to, 0).unwrap()
    }

    /// The risk is the mean over groups of the risk in each: with the frailty's distribution cut into
    /// many slices, each a model without frailty.
    #[test]
    fn the_risk_is_the_mean_over_groups_that_are_still_there() {
        // Cells so narrow that the mixture's hazard is all but even within them.
        let mut m = model(FrailtyDistribution::Lognormal);
        const CUTS: usize = 32;
        let base = &mut m.baselines[0].pooled;
        base.edges = (0..=4 * CUTS).map(|j| j as f64 / CUTS as f64).collect();
        for c in &mut base.causes {
            let cut = |v: &[f64]| v.iter().flat_map(|h| [h / CUTS as f64; CUTS]).collect();
            (c.dh, c.dv) = (cut(&c.dh), cut(&c.dv));
            c.dq = vec![vec![0.0]; 4 * CUTS];
        }
        let base = &m.baselines[0].pooled;
        for (from, to) in [(0.0, 4.0), (1.5, 3.25), (2.0, 3.0)] {
            let (mut all, mut hit, mut there) = (0.0, 0.0, 0.0);
            let n = 1000;
            for k in 0..=n {
                let b = -8.0 * 0.8f64.sqrt() + 16.0 * 0.8f64.sqrt() * f64::from(k) / f64::from(n);
                let weight = (-b * b / 1.6).exp();
                let mut one = m.clone();
                one.effects[0].frailty = None;
                for h in &mut one.baselines[0].pooled.causes[0].dh {
                    *h *= b.exp();
                }
                let base = &one.baselines[0].pooled;
                let lasts = if from > 0.0 {
                    one.ends(base, &[1.4], 0.0, 0.0, from).unwrap().survival
                } else {
                    1.0
                };
                all += weight;
                there += weight * lasts;
                hit += weight * lasts * risk(&one, from, to).value;
            }
            let found = m.ends(base, &[1.4], 0.0, from, to).unwrap();
            assert!((found.incidence[0] - hit / there).abs() < 1e-4, "{from} {to}");
            let survival = found.survival + found.incidence.iter().sum::<f64>();
            assert!((survival - 1.0).abs() < 1e-12 && all > 0.0);
        }
    }

    #[test]
    fn the_variance_is_that_of_small_changes() {
        for distribution in [FrailtyDistribution::Gamma, FrailtyDistribution::Lognormal] {
            let m = model(distribution);
            for (from, to) in [(0.0, 3.5), (1.4, 3.5), (1.2, 1.9)] {
                let step = 1e-6;
                let mut by_hand = 0.0;
                for k in 0..2 {
                    let shifted = |s: f64| {
                        let mut n = m.clone();
                        n.effects[k].coef[0] += s;
                        let cells = &mut n.baselines[0].pooled.causes[k];
                        for (h, q) in cells.dh.iter_mut().zip(&cells.dq) {
                            *h -= s * q[0];
                        }
                        risk(&n, from, to).value
                    };
                    let slope = (shifted(step) - shifted(-step)) / (2.0 * step);
                    by_hand += slope * slope * m.effects[k].covariance[0][0];
                    for j in 0..4 {
                        let shifted = |s: f64| {
                            let mut n = m.clone();
                            n.baselines[0].pooled.causes[k].dh[j] += s;
                            risk(&n, from, to).value
                        };
                        let slope = (shifted(step) - shifted(-step)) / (2.0 * step);
                        by_hand += slope * slope * m.baselines[0].pooled.causes[k].dv[j];
                    }
                }
                let found = risk(&m, from, to).variance;
                assert!((found / by_hand - 1.0).abs() < 1e-6, "{from} {to}: {found} {by_hand}");
            }
        }
    }
}
