//! Proportional hazards on a grid: baselines per stratum, effects per cause, and the risk of one
//! row with its variance.

use serde::{Deserialize, Serialize};

use super::frail::Mixture;
use super::grid::{self, Ends, Part};

/// What one cause adds to a baseline: increments per cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CauseCells {
    /// Increments of the baseline cumulative hazard.
    pub(crate) dh: Vec<f64>,
    /// Increments of its variance, the effects taken as known.
    pub(crate) dv: Vec<f64>,
    /// Increments of (events × mean covariates of the risk set / its size), per cell and term:
    /// how the baseline moves with the effects. Empty lists where the cause has no effects.
    pub(crate) dq: Vec<Vec<f64>>,
}

/// The baseline hazards of one stratum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Baseline {
    /// The edges of the cells, rising: one more than there are cells.
    pub(crate) edges: Vec<f64>,
    /// The causes, in the model's order.
    pub(crate) causes: Vec<CauseCells>,
}

/// The effects of the terms on one cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Effect {
    /// Log hazard ratios, one per column of the design; empty where the cause has too few events.
    pub(crate) coef: Vec<f64>,
    /// Their covariance: robust where rows are clustered.
    pub(crate) covariance: Vec<Vec<f64>>,
    /// The variance of a stratum's log hazard around the pooled one.
    pub(crate) between_strata: f64,
    /// The frailty of groups; the baseline is that of a group with frailty 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) frailty: Option<Mixture>,
}

/// A stratum and its baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stratum {
    /// Its label: the levels of the strata columns, joined.
    pub(crate) label: String,
    /// Its baseline.
    pub(crate) baseline: Baseline,
}

/// The baselines from one landmark on (or from the start).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Baselines {
    /// Of all strata together: for rows without a stratum, or of an unseen one.
    pub(crate) pooled: Baseline,
    /// Of each stratum with enough cases; empty where there are no strata.
    pub(crate) strata: Vec<Stratum>,
    /// Whether they come from elsewhere, so that the level here is not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) borrowed: bool,
}

/// Proportional hazards for every cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proportional {
    /// Whether these are the hazards of subdistributions (Fine–Gray), each of which gives the
    /// cumulative incidence of its cause by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) subdistribution: bool,
    /// One per landmark, in their order; one in all where features are read at the start.
    pub(crate) baselines: Vec<Baselines>,
    /// The effects on each cause.
    pub(crate) effects: Vec<Effect>,
}

/// A probability and its variance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Estimate {
    pub(crate) value: f64,
    pub(crate) variance: f64,
}

/// A probability, and how it moves with the baseline: per cause, (cell, derivative by the cell's
/// increment).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Slopes {
    pub(crate) value: f64,
    pub(crate) by_cell: Vec<Vec<(usize, f64)>>,
}

/// A probability, and how it moves with the effects and the level of each cause.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spread {
    pub(crate) estimate: Estimate,
    /// Per cause, the derivatives by the coefficients, and by the logarithm of the baseline.
    pub(crate) causes: Vec<(Vec<f64>, f64)>,
}

/// The baseline that a row uses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chosen<'m> {
    pub(crate) baseline: &'m Baseline,
    /// Whether it is the pooled one in place of a stratum's own.
    pub(crate) in_place: bool,
    /// Whether its level may be another one here.
    pub(crate) elsewhere: bool,
}

impl Baselines {
    /// The baseline of a stratum; the pooled one where there is no stratum, or none of its own.
    pub(crate) fn choose(&self, stratum: Option<&str>) -> Chosen<'_> {
        let own = stratum.and_then(|label| self.strata.iter().find(|s| s.label == label));
        match own {
            Some(s) => Chosen { baseline: &s.baseline, in_place: false, elsewhere: self.borrowed },
            None => {
                let in_place = stratum.is_some();
                Chosen { baseline: &self.pooled, in_place, elsewhere: in_place || self.borrowed }
            }
        }
    }
}

impl Proportional {
    /// The log hazard ratio of a row for each cause.
    pub(super) fn eta(&self, x: &[f64], offset: f64) -> Vec<f64> {
        let dot = |e: &Effect| e.coef.iter().zip(x).map(|(b, x)| b * x).sum::<f64>();
        self.effects.iter().map(|e| dot(e) + if e.coef.is_empty() { 0.0 } else { offset }).collect()
    }

    /// Cumulative hazards of a row per cause and part; `None` where they are not finite.
    pub(super) fn hazard(
        &self,
        base: &Baseline,
        eta: &[f64],
        parts: &[Part],
    ) -> Option<Vec<Vec<f64>>> {
        let of = |c: &CauseCells, eta: f64| -> Vec<f64> {
            let ratio = eta.exp();
            parts.iter().map(|p| c.dh[p.cell] * p.share * ratio).collect()
        };
        let hazard: Vec<_> = base.causes.iter().zip(eta).map(|(c, &e)| of(c, e)).collect();
        hazard.iter().flatten().all(|h| h.is_finite()).then_some(hazard)
    }

    /// The probability of every end between `from` and `to`, given that nothing has happened by
    /// `from`. `None` beyond the grid.
    pub(crate) fn ends(
        &self,
        base: &Baseline,
        x: &[f64],
        offset: f64,
        from: f64,
        to: f64,
    ) -> Option<Ends> {
        if self.subdistribution {
            return self.ends_of_subdistributions(base, &self.eta(x, offset), from, to);
        }
        Some(grid::ends(&self.along(base, &self.eta(x, offset), from, to)?.hazard))
    }

    /// The probability of cause `b` between `from` and `to`, with the variance of the delta
    /// method: of the baselines, of the effects, and of the choice of stratum where the pooled
    /// baseline stands in.
    ///
    /// With g the derivative of the risk by a cell's cumulative hazard and η the log hazard ratio,
    /// the baseline adds Σ (g e^η)² dv and the effects a'Va with a = Σ g e^η (x dh − dq), as in
    /// the variance of a predicted cumulative hazard (Tsiatis 1981; Therneau & Grambsch 2000, ch. 10).
    pub(crate) fn risk(
        &self,
        chosen: Chosen<'_>,
        x: &[f64],
        offset: f64,
        from: f64,
        to: f64,
        b: usize,
    ) -> Option<Estimate> {
        let slopes = self.slopes(chosen.baseline, x, offset, from, to, b)?;
        self.spread(chosen, x, &slopes).map(|spread| spread.estimate)
    }

    /// The variance of a risk, and what it is made of.
    pub(super) fn spread(&self, chosen: Chosen<'_>, x: &[f64], slopes: &Slopes) -> Option<Spread> {
        let mut variance = 0.0;
        let mut causes = Vec::with_capacity(self.effects.len());
        for (k, effect) in self.effects.iter().enumerate() {
            let cells = &chosen.baseline.causes[k];
            let mut by_coef = vec![0.0; effect.coef.len()];
            let mut by_level = 0.0;
            for &(cell, weight) in &slopes.by_cell[k] {
                variance += weight * weight * cells.dv[cell];
                by_level += weight * cells.dh[cell];
                for ((a, x), q) in by_coef.iter_mut().zip(x).zip(&cells.dq[cell]) {
                    *a += weight * (x * cells.dh[cell] - q);
                }
            }
            variance += quadratic(&by_coef, &effect.covariance);
            if chosen.elsewhere {
                variance += by_level * by_level * effect.between_strata;
            }
            causes.push((by_coef, by_level));
        }
        let estimate = Estimate { value: slopes.value, variance: variance.max(0.0) };
        variance.is_finite().then_some(Spread { estimate, causes })
    }

    /// How the risk of the first cause moves with the log hazard of each cause.
    pub(crate) fn by_log_hazard(
        &self,
        base: &Baseline,
        x: &[f64],
        offset: f64,
        from: f64,
        to: f64,
    ) -> Option<Vec<f64>> {
        let slopes = self.slopes(base, x, offset, from, to, 0)?;
        let of = |(cells, by_cell): (&CauseCells, &Vec<(usize, f64)>)| {
            by_cell.iter().map(|&(cell, weight)| weight * cells.dh[cell]).sum()
        };
        Some(base.causes.iter().zip(&slopes.by_cell).map(of).collect())
    }

    /// The probability of cause `b`, and how it moves with the baseline of each cell.
    pub(super) fn slopes(
        &self,
        base: &Baseline,
        x: &[f64],
        offset: f64,
        from: f64,
        to: f64,
        b: usize,
    ) -> Option<Slopes> {
        let eta = self.eta(x, offset);
        if self.subdistribution {
            return self.slopes_of_subdistributions(base, &eta, from, to, b);
        }
        let along = self.along(base, &eta, from, to)?;
        let (value, gradient) = grid::gradient(&along.hazard, b);
        let (parts, gradient) = along.back(gradient);
        let of = |(gradient, eta): (&Vec<f64>, &f64)| {
            let ratio = eta.exp();
            parts.iter().zip(gradient).map(|(p, g)| (p.cell, g * ratio * p.share)).collect()
        };
        Some(Slopes { value, by_cell: gradient.iter().zip(&eta).map(of).collect() })
    }
}

/// a'Va.
pub(crate) fn quadratic(a: &[f64], v: &[Vec<f64>]) -> f64 {
    let row = |v: &Vec<f64>| v.iter().zip(a).map(|(v, a)| v * a).sum::<f64>();
    a.iter().zip(v).map(|(a, v)| a * row(v)).sum()
}

/// Whether a matrix that was read from a file can be a covariance of `p` coefficients.
pub(crate) fn is_covariance(v: &[Vec<f64>], p: usize) -> bool {
    let finite = v.iter().flatten().all(|x| x.is_finite());
    let square = v.len() == p && v.iter().all(|row| row.len() == p);
    square && finite && (0..p).all(|i| v[i][i] >= 0.0 && (0..i).all(|j| v[i][j] == v[j][i]))
}

impl Proportional {
    /// Whether lengths and values that were read from a file fit `columns` and `causes`.
    pub(crate) fn check(&self, causes: usize, columns: usize, landmarks: usize) -> bool {
        let effect = |e: &Effect| {
            (e.coef.is_empty() || e.coef.len() == columns)
                && e.coef.iter().all(|b| b.is_finite())
                && is_covariance(&e.covariance, e.coef.len())
                && e.between_strata.is_finite()
                && e.between_strata >= 0.0
                && e.frailty.is_none_or(|m| m.check())
        };
        let baseline = |b: &Baseline| b.check(&self.effects);
        let baselines = |b: &Baselines| {
            let labels = b.strata.iter().enumerate();
            let distinct =
                labels.clone().all(|(k, s)| b.strata[..k].iter().all(|t| t.label != s.label));
            baseline(&b.pooled) && distinct && b.strata.iter().all(|s| baseline(&s.baseline))
        };
        self.effects.len() == causes
            && self.effects.iter().all(effect)
            && self.baselines.len() == landmarks
            && self.baselines.iter().all(baselines)
    }
}

impl Baseline {
    fn check(&self, effects: &[Effect]) -> bool {
        let cells = self.edges.len().saturating_sub(1);
        let rising = self.edges.windows(2).all(|e| e[0] < e[1]);
        let hazards = |v: &[f64]| v.len() == cells && v.iter().all(|h| h.is_finite() && *h >= 0.0);
        let cause = |(c, e): (&CauseCells, &Effect)| {
            let width = |q: &Vec<f64>| q.len() == e.coef.len() && q.iter().all(|x| x.is_finite());
            hazards(&c.dh) && hazards(&c.dv) && c.dq.len() == cells && c.dq.iter().all(width)
        };
        cells > 0
            && rising
            && self.edges.iter().all(|e| e.is_finite())
            && self.causes.len() == effects.len()
            && self.causes.iter().zip(effects).all(cause)
    }

    /// The same baseline with runs of cells merged: `at` are positions of the edges that stay.
    pub(crate) fn merged(&self, at: &[usize]) -> Self {
        let sums = |v: &[f64]| at.windows(2).map(|w| v[w[0]..w[1]].iter().sum()).collect();
        let vectors = |v: &[Vec<f64>]| {
            let width = v.first().map_or(0, Vec::len);
            at.windows(2)
                .map(|w| (0..width).map(|c| v[w[0]..w[1]].iter().map(|q| q[c]).sum()).collect())
                .collect()
        };
        let cause =
            |c: &CauseCells| CauseCells { dh: sums(&c.dh), dv: sums(&c.dv), dq: vectors(&c.dq) };
        Self {
            edges: at.iter().map(|&j| self.edges[j]).collect(),
            causes: self.causes.iter().map(cause).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two causes with constant hazards 0.1 and 0.2 per cell over four cells, one term.
    fn two_causes() -> Proportional {
        let cells = |h: f64| CauseCells {
            dh: vec![h; 4],
            dv: vec![h * h / 50.0; 4],
            dq: vec![vec![h * 0.5]; 4],
        };
        let baseline =
            Baseline { edges: vec![0.0, 1.0, 2.0, 3.0, 4.0], causes: vec![cells(0.1), cells(0.2)] };
        let effect = |b: f64, v: f64| Effect {
            coef: vec![b],
            covariance: vec![vec![v]],
            between_strata: 0.3,
            frailty: None,
        };
        Proportional {
            subdistribution: false,
            baselines: vec![Baselines { pooled: baseline, strata: Vec::new(), borrowed: false }],
            effects: vec![effect(0.7, 0.04), effect(-0.2, 0.01)],
        }
    }

    fn risk(m: &Proportional, x: f64, from: f64, to: f64) -> Estimate {
        let chosen = Chosen { baseline: &m.baselines[0].pooled, in_place: false, elsewhere: false };
        m.risk(chosen, &[x], 0.0, from, to, 0).unwrap()
    }

    #[test]
    fn constant_hazards_give_the_closed_form_whatever_has_lasted() {
        let m = two_causes();
        let (b, c) = (0.1 * 0.7f64.exp(), 0.2 * (-0.2f64).exp());
        let exact = |t: f64| b / (b + c) * -f64::exp_m1(-(b + c) * t);
        assert!((risk(&m, 1.0, 0.0, 4.0).value - exact(4.0)).abs() < 1e-15);
        // An exponential has no memory.
        assert!((risk(&m, 1.0, 1.3, 3.3).value - exact(2.0)).abs() < 1e-15);
    }

    #[test]
    fn the_risk_ahead_is_the_conditional_one() {
        let mut m = two_causes();
        m.baselines[0].pooled.causes[0].dh = vec![0.3, 0.01, 0.2, 0.05];
        let base = &m.baselines[0].pooled;
        let at = |t: f64| m.ends(base, &[0.4], 0.0, 0.0, t).unwrap();
        let (early, late) = (at(1.5), at(3.5));
        let ahead = (late.incidence[0] - early.incidence[0]) / early.survival;
        assert!((risk(&m, 0.4, 1.5, 3.5).value - ahead).abs() < 1e-15);
    }

    #[test]
    fn the_variance_is_that_of_small_changes() {
        // Numeric derivatives by each effect and each increment, put together by hand. Moving an
        // effect moves the baseline too: d(dh)/dβ = −dq.
        let m = two_causes();
        let (x, from, to, step) = (1.4, 0.5, 3.5, 1e-6);
        let mut by_hand = 0.0;
        for k in 0..2 {
            let shifted = |s: f64| {
                let mut n = m.clone();
                n.effects[k].coef[0] += s;
                let cells = &mut n.baselines[0].pooled.causes[k];
                for (h, q) in cells.dh.iter_mut().zip(&cells.dq) {
                    *h -= s * q[0];
                }
                risk(&n, x, from, to).value
            };
            let slope = (shifted(step) - shifted(-step)) / (2.0 * step);
            by_hand += slope * slope * m.effects[k].covariance[0][0];
            for j in 0..4 {
                let shifted = |s: f64| {
                    let mut n = m.clone();
                    n.baselines[0].pooled.causes[k].dh[j] += s;
                    risk(&n, x, from, to).value
                };
                let slope = (shifted(step) - shifted(-step)) / (2.0 * step);
                by_hand += slope * slope * m.baselines[0].pooled.causes[k].dv[j];
            }
        }
        let found = risk(&m, x, from, to).variance;
        assert!((found / by_hand - 1.0).abs() < 1e-7, "{found} {by_hand}");
    }

    #[test]
    fn a_stand_in_baseline_widens_the_interval() {
        let m = two_causes();
        let own = risk(&m, 1.0, 0.0, 2.0);
        let chosen = Chosen { baseline: &m.baselines[0].pooled, in_place: true, elsewhere: true };
        let pooled = m.risk(chosen, &[1.0], 0.0, 0.0, 2.0, 0).unwrap();
        assert_eq!(pooled.value, own.value);
        assert!(pooled.variance > own.variance);
    }

    #[test]
    fn merging_keeps_the_risk_at_the_edges_that_stay() {
        let mut m = two_causes();
        let fine = risk(&m, 1.0, 0.0, 4.0);
        m.baselines[0].pooled = m.baselines[0].pooled.merged(&[0, 3, 4]);
        let merged = risk(&m, 1.0, 0.0, 4.0);
        assert_eq!(m.baselines[0].pooled.edges, [0.0, 3.0, 4.0]);
        // Hazards here are constant, so that even the formula inside a cell is the same.
        assert!((fine.value - merged.value).abs() < 1e-15);
    }

    #[test]
    fn what_is_not_finite_is_no_answer() {
        let m = two_causes();
        let base = &m.baselines[0].pooled;
        assert!(m.ends(base, &[1e6], 0.0, 0.0, 1.0).is_none());
        assert!(m.ends(base, &[1.0], 0.0, 0.0, 5.0).is_none());
    }
}
