//! What another policy would have changed, from choices that were made.
//!
//! Each past choice is weighed by how likely the policy's family was to be chosen then: inverse
//! probability weighting, its self-normalised form (Hájek), and the doubly robust form, which is
//! right where either the choice model or the outcome model is (Robins, Rotnitzky and Zhao 1994).
//! Choice and outcome models are fitted on other children than those they are used on
//! (cross-fitting; Chernozhukov et al. 2018). Errors are clustered, with as many degrees of freedom
//! as the weights leave. Chances count as known: that they are fitted makes the inverse weights
//! better than their errors say, not worse (Hirano, Imbens and Ridder 2003). Weights that rest on
//! few choices are refused, not reported.

use std::collections::BTreeMap;

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::logit::{ChoiceModel, Chosen};

/// Folds of units.
const FOLDS: usize = 5;
/// The small ridge of the choice model.
const RIDGE: f64 = 1.0;
/// Fewer past choices with an outcome say nothing.
pub const FEWEST_CHOICES: usize = 100;
/// An effective sample size below this is refused.
pub const FEWEST_EFFECTIVE: f64 = 50.0;
/// A family that was chosen less than this share as often as the policy would choose it is outside
/// the overlap: its choices would count more than a hundred times. At most the share of
/// [`THIN_AT_MOST`] of the policy's choices may lie there. With hundreds of families to choose
/// from every single chance is small; it is the ratio to the policy's own that makes a weight.
const THIN: f64 = 0.01;
const THIN_AT_MOST: f64 = 0.05;
/// How far the leaning policy leans: the odds of a family with twice the odds of breakdown halve.
const LEAN: f64 = 1.0;

/// A past choice with its outcome for one child.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// The families of the day and which was chosen.
    pub choice: Chosen,
    /// Of children who were placed together by one choice the first: the choice counts once in the
    /// model of how choices were made.
    pub first: bool,
    /// 1 for breakdown within the horizon, 0 without.
    pub outcome: f64,
    /// The inverse of the chance that the outcome is known (1 without censoring; 0 where it is
    /// not known).
    pub weight: f64,
    /// Choices whose errors hang together: of one family.
    pub cluster: u32,
    /// Choices that go to one fold: of one child and those who were placed with it. Never of one family: which family was chosen is
    /// what the choice model explains, and folds by it would be chosen by the answer.
    pub unit: u32,
    /// Choices among which outcomes are exchanged in the placebo.
    pub stratum: u32,
}

/// One way of estimating.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Estimate {
    /// `ipw`, `self_normalised` or `doubly_robust`.
    pub method: &'static str,
    /// Breakdowns less per placement than in history; below zero: more.
    pub reduction: f64,
    /// The lower end of its interval.
    pub lower: f64,
    /// The upper end.
    pub upper: f64,
}

/// A policy, and what is known of its worth.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct PolicyWorth {
    /// `lowest_risk`: the family with the lowest predicted risk; `leaning`: chances as they were,
    /// leaning to lower risk.
    pub policy: &'static str,
    /// The estimates; empty where they are refused.
    pub estimates: Vec<Estimate>,
    /// Past choices that the estimates rest on, as many as unweighted ones would be.
    pub effective_sample_size: f64,
    /// The share of the policy's choices that went to families which were chosen less than a
    /// hundredth as often in history.
    pub without_overlap: f64,
    /// What the model claims of itself; no evidence of an effect.
    pub model_claims: f64,
    /// Why nothing is estimated.
    pub refused: Option<&'static str>,
}

/// Risks of the options of all choices (the second list), from a model that saw the outcomes of
/// the training ones (the first) at most.
pub type RiskModel<'a> = dyn Fn(&[&Past], &[&Past]) -> Vec<Vec<f64>> + Sync + 'a;

/// One choice with everything that the estimates need.
struct Weighed {
    /// Chance of each option in history, by a model that did not see this child.
    chance: Vec<f64>,
    /// Predicted risk of each option, likewise: what the policy goes by.
    raw: Vec<f64>,
    /// The same, recalibrated: what outcomes are expected.
    risk: Vec<f64>,
}

/// The worth of both policies; `None` where there are too few choices or a model cannot be fitted.
#[must_use]
pub fn evaluate(pasts: &[Past], risks: &RiskModel<'_>, level: f64) -> Option<Vec<PolicyWorth>> {
    if !enough(pasts) {
        return None;
    }
    evaluate_given(pasts, &chances(pasts)?, risks, level)
}

/// As [`evaluate`], where the chances of the options in history are known already: they do not
/// depend on outcomes.
pub(super) fn evaluate_given(
    pasts: &[Past],
    chances: &[Vec<f64>],
    risks: &RiskModel<'_>,
    level: f64,
) -> Option<Vec<PolicyWorth>> {
    if !enough(pasts) {
        return None;
    }
    let weighed = weigh(pasts, chances, risks);
    Some(vec![
        worth("lowest_risk", pasts, &weighed, &lowest, level),
        worth("leaning", pasts, &weighed, &leaning, level),
    ])
}

fn enough(pasts: &[Past]) -> bool {
    pasts.iter().filter(|p| p.weight > 0.0).count() >= FEWEST_CHOICES
}

/// The choices to hold out and those to learn from, fold by fold. Units go to folds in turn, in
/// the order of their numbers.
fn folds(pasts: &[Past]) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut units: Vec<u32> = pasts.iter().map(|p| p.unit).collect();
    units.sort_unstable();
    units.dedup();
    let fold: BTreeMap<u32, usize> =
        units.iter().enumerate().map(|(k, &c)| (c, k % FOLDS)).collect();
    (0..FOLDS)
        .map(|held| (0..pasts.len()).partition(|&k| fold[&pasts[k].unit] == held))
        .filter(|(test, _): &(Vec<usize>, Vec<usize>)| !test.is_empty())
        .collect()
}

/// The chance of each option in history, by a model that did not see this child; `None` where it
/// cannot be fitted.
pub(super) fn chances(pasts: &[Past]) -> Option<Vec<Vec<f64>>> {
    let mut out = vec![Vec::new(); pasts.len()];
    for (test, train) in folds(pasts) {
        let choices: Vec<&Chosen> =
            train.iter().filter(|&&k| pasts[k].first).map(|&k| &pasts[k].choice).collect();
        let model = ChoiceModel::fit(&choices, RIDGE)?;
        for k in test {
            out[k] = model.chances(&pasts[k].choice.options);
        }
    }
    Some(out)
}

fn weigh(pasts: &[Past], chances: &[Vec<f64>], risks: &RiskModel<'_>) -> Vec<Weighed> {
    let mut out: Vec<Option<Weighed>> = pasts.iter().map(|_| None).collect();
    for (test, train) in folds(pasts) {
        let seen: Vec<&Past> = train.iter().map(|&k| &pasts[k]).collect();
        let all: Vec<&Past> = train.iter().chain(&test).map(|&k| &pasts[k]).collect();
        let mut raw = risks(&seen, &all);
        let held_out = raw.split_off(seen.len());
        let calibration = calibrate(&seen, &raw);
        for (k, raw) in test.into_iter().zip(held_out) {
            let of = |&r: &f64| expit(calibration.0 + calibration.1 * logit(r));
            let chance = chances[k].clone();
            out[k] = Some(Weighed { chance, risk: raw.iter().map(of).collect(), raw });
        }
    }
    out.into_iter().flatten().collect()
}

fn logit(p: f64) -> f64 {
    let p = p.clamp(1e-6, 1.0 - 1e-6);
    (p / (1.0 - p)).ln()
}

fn expit(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Intercept and slope of the outcome on the logit of the risk, in the training choices. Of a model
/// that points the wrong way nothing is expected: the slope is zero, and the intercept that of the
/// mean outcome.
fn calibrate(train: &[&Past], risks: &[Vec<f64>]) -> (f64, f64) {
    let (mut a, mut b) = (0.0, 1.0);
    let rows: Vec<(f64, f64, f64)> = train
        .iter()
        .zip(risks)
        .filter(|(p, _)| p.weight > 0.0)
        .map(|(p, r)| (logit(r[p.choice.chosen]), p.outcome, p.weight))
        .collect();
    for _ in 0..25 {
        // A weak pull to (0, 1) keeps the steps finite without events.
        let (mut g0, mut g1) = (-0.1 * a, -0.1 * (b - 1.0));
        let (mut h00, mut h01, mut h11) = (0.1, 0.0, 0.1);
        for &(x, y, w) in &rows {
            let m = expit(a + b * x);
            let v = w * m * (1.0 - m);
            g0 += w * (y - m);
            g1 += w * (y - m) * x;
            h00 += v;
            h01 += v * x;
            h11 += v * x * x;
        }
        let det = h00 * h11 - h01 * h01;
        let (s0, s1) = ((h11 * g0 - h01 * g1) / det, (h00 * g1 - h01 * g0) / det);
        if !s0.is_finite() || !s1.is_finite() {
            return (0.0, 1.0);
        }
        let short = 1.0 / (s0.abs().max(s1.abs()) / 2.0).max(1.0);
        a += short * s0;
        b += short * s1;
        if s0.abs().max(s1.abs()) < 1e-9 {
            break;
        }
    }
    if b < 0.0 {
        let (y, w) = rows.iter().fold((0.1, 0.2), |sum, r| (sum.0 + r.2 * r.1, sum.1 + r.2));
        return (logit(y / w), 0.0);
    }
    (a, b)
}

/// All on the family with the lowest risk; shared where several are equal.
fn lowest(w: &Weighed) -> Vec<f64> {
    let least = w.raw.iter().copied().fold(f64::INFINITY, f64::min);
    let is = |r: &f64| *r <= least + 1e-12;
    let share = 1.0 / w.raw.iter().filter(|r| is(r)).count().max(1) as f64;
    w.raw.iter().map(|r| if is(r) { share } else { 0.0 }).collect()
}

/// Chances as they were, tilted to lower risk.
fn leaning(w: &Weighed) -> Vec<f64> {
    let tilted: Vec<f64> =
        w.chance.iter().zip(&w.raw).map(|(e, r)| e * (-LEAN * logit(*r)).exp()).collect();
    let sum: f64 = tilted.iter().sum();
    tilted.into_iter().map(|t| t / sum).collect()
}

fn worth(
    policy: &'static str,
    pasts: &[Past],
    weighed: &[Weighed],
    choose: &dyn Fn(&Weighed) -> Vec<f64>,
    level: f64,
) -> PolicyWorth {
    let n = pasts.len() as f64;
    let total: f64 = pasts.iter().map(|p| p.weight).sum();
    // Outcomes that are known stand for those that are not.
    let unit: Vec<f64> = pasts.iter().map(|p| p.weight * n / total).collect();
    let history = pasts.iter().zip(&unit).map(|(p, u)| u * p.outcome).sum::<f64>() / n;
    let (mut ratio, mut by_model, mut here) = (Vec::new(), Vec::new(), Vec::new());
    let (mut thin, mut claims) = (0.0, 0.0);
    for (p, w) in pasts.iter().zip(weighed) {
        let pi = choose(w);
        let a = p.choice.chosen;
        ratio.push(pi[a] / w.chance[a].max(1e-12));
        by_model.push(pi.iter().zip(&w.risk).map(|(q, r)| q * r).sum::<f64>());
        here.push(w.risk[a]);
        let outside = |(q, e): &(&f64, &f64)| **e < THIN * **q;
        thin += pi.iter().zip(&w.chance).filter(outside).map(|(q, _)| q).sum::<f64>();
        claims += w.raw[a] - pi.iter().zip(&w.raw).map(|(q, r)| q * r).sum::<f64>();
    }
    let rho: Vec<f64> = ratio.iter().zip(&unit).map(|(r, u)| r * u).collect();
    let sum: f64 = rho.iter().sum();
    let squares: f64 = rho.iter().map(|r| r * r).sum();
    let effective = if squares > 0.0 { sum * sum / squares } else { 0.0 };
    let mut out = PolicyWorth {
        policy,
        estimates: Vec::new(),
        effective_sample_size: effective,
        without_overlap: thin / n,
        model_claims: claims / n,
        refused: None,
    };
    let first = pasts.iter().position(|p| p.weight > 0.0).unwrap_or(0);
    if thin / n > THIN_AT_MOST {
        out.refused = Some("no_overlap");
    } else if effective < FEWEST_EFFECTIVE {
        out.refused = Some("too_few_effective");
    } else if pasts.iter().all(|p| p.weight <= 0.0 || p.outcome == pasts[first].outcome) {
        out.refused = Some("same_outcomes");
    }
    if out.refused.is_some() {
        return out;
    }
    let ipw = rho.iter().zip(pasts).map(|(r, p)| r * p.outcome).sum::<f64>() / n;
    let hajek = ipw * n / sum;
    // History is made robust in the same way: where outcomes are known more often for some children
    // than for others, both sides of the difference must stand for the same children.
    let both = |k: usize| {
        let off = pasts[k].outcome - here[k];
        (here[k] + unit[k] * off) - (by_model[k] + rho[k] * off)
    };
    let saved = (0..pasts.len()).map(both).sum::<f64>() / n;
    let (lower, upper) = interval(pasts, saved, &|k| both(k) - saved, level);
    let doubly_robust = Estimate { method: "doubly_robust", reduction: saved, lower, upper };
    let base = |k: usize| unit[k] * (pasts[k].outcome - history);
    let of = |method, value: f64, psi: &dyn Fn(usize) -> f64| {
        let (lower, upper) = interval(pasts, history - value, &|k| base(k) - psi(k), level);
        Estimate { method, reduction: history - value, lower, upper }
    };
    let correction = leverage_correction(pasts, &rho);
    out.estimates = vec![
        of("ipw", ipw, &|k| rho[k] * pasts[k].outcome - ipw),
        of("self_normalised", hajek, &|k| {
            correction[k] * rho[k] * (pasts[k].outcome - hajek) * n / sum
        }),
        doubly_robust,
    ];
    out
}

/// The sum in each cluster.
fn by_cluster(pasts: &[Past], of: &dyn Fn(usize) -> f64) -> BTreeMap<u32, f64> {
    let mut sums: BTreeMap<u32, f64> = BTreeMap::new();
    for (k, p) in pasts.iter().enumerate() {
        *sums.entry(p.cluster).or_default() += of(k);
    }
    sums
}

/// 1 / (1 − h) for each choice, h being its family's share of the weight: a family with much of it
/// draws the weighted mean to its own outcomes. Influences times this are those of leaving the
/// family out (the jackknife, or HC3; MacKinnon and White 1985).
fn leverage_correction(pasts: &[Past], rho: &[f64]) -> Vec<f64> {
    let weight = by_cluster(pasts, &|k| rho[k]);
    let sum: f64 = rho.iter().sum();
    pasts.iter().map(|p| sum / (sum - weight[&p.cluster]).max(1e-9 * sum)).collect()
}

/// The interval of a mean from its influences, clustered.
fn interval(
    pasts: &[Past],
    value: f64,
    influence: &dyn Fn(usize) -> f64,
    level: f64,
) -> (f64, f64) {
    let squares: Vec<f64> = by_cluster(pasts, influence).values().map(|s| s * s).collect();
    let (n, c) = (pasts.len() as f64, squares.len() as f64);
    if c < 2.0 {
        return (-1.0, 1.0);
    }
    let sum: f64 = squares.iter().sum();
    let t = StudentsT::new(0.0, 1.0, degrees_of_freedom(&squares));
    let t = t.map_or(1.96, |t| t.inverse_cdf(0.5 + 0.5 * level));
    let half = t * (sum * c / (c - 1.0)).sqrt() / n;
    (value - half, value + half)
}

/// How many degrees of freedom a sum of squares has of which each has one (Satterthwaite 1946):
/// as many as there are terms where all are equal, fewer where a few large weights make up most of
/// it. Weighed choices are of that kind: the error is then itself known badly, and is small just
/// where a large weight happens to be missing.
fn degrees_of_freedom(squares: &[f64]) -> f64 {
    let sum: f64 = squares.iter().sum();
    let fourth: f64 = squares.iter().map(|s| s * s).sum();
    if fourth > 0.0 { (sum * sum / fourth).min(squares.len() as f64 - 1.0) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(outcome: f64, cluster: u32) -> Past {
        Past {
            choice: Chosen { options: vec![vec![0.0]], chosen: 0 },
            first: true,
            outcome,
            weight: 1.0,
            cluster,
            unit: cluster,
            stratum: 0,
        }
    }

    #[test]
    fn a_large_weight_takes_degrees_of_freedom() {
        assert_eq!(degrees_of_freedom(&[2.0; 5]), 4.0);
        assert!((degrees_of_freedom(&[9.0, 1.0, 1.0, 1.0]) - 12.0 / 7.0).abs() < 1e-15);
        // Variance 12/16 · 4/3 = 1; R: qt(0.975, 12/7).
        let pasts: Vec<Past> = (0..4).map(|c| known(0.0, c)).collect();
        let influence = |k: usize| if k == 0 { 3.0 } else { -1.0 };
        let (lower, upper) = interval(&pasts, 0.5, &influence, 0.95);
        assert!((upper - 0.5 - 5.068_499_877_881_845).abs() < 1e-9, "{upper}");
        assert!((0.5 - lower - 5.068_499_877_881_845).abs() < 1e-9, "{lower}");
        // Of two choices in one cluster only their sum counts; of a single cluster nothing is known.
        let pasts: Vec<Past> = (0..5).map(|k| known(0.0, k.max(1))).collect();
        let influence = |k: usize| [1.5, 1.5, -1.0, -1.0, -1.0][k];
        let (_, upper) = interval(&pasts, 0.0, &influence, 0.95);
        assert!((upper - 0.8 * 5.068_499_877_881_845).abs() < 1e-9, "{upper}");
        assert_eq!(interval(&pasts[..2], 0.0, &influence, 0.95), (-1.0, 1.0));
    }

    #[test]
    fn corrected_influences_are_those_of_leaving_a_family_out() {
        let pasts: Vec<Past> = (0..9).map(|k| known(f64::from(k % 3 % 2), k / 2)).collect();
        let rho: Vec<f64> = (0..9).map(|k| [0.5, 1.0, 4.0][k % 3] + 0.1 * k as f64).collect();
        let mean = |out: Option<u32>| {
            let of = (0..9).filter(|&k| Some(pasts[k].cluster) != out);
            let (y, w) =
                of.fold((0.0, 0.0), |s, k| (s.0 + rho[k] * pasts[k].outcome, s.1 + rho[k]));
            y / w
        };
        let (all, sum) = (mean(None), rho.iter().sum::<f64>());
        let correction = leverage_correction(&pasts, &rho);
        for c in 0..5 {
            let of = (0..9).filter(|&k| pasts[k].cluster == c);
            let moved: f64 =
                of.map(|k| correction[k] * rho[k] * (pasts[k].outcome - all) / sum).sum();
            assert!((all - mean(Some(c)) - moved).abs() < 1e-14, "{c}");
        }
    }

    #[test]
    fn of_a_model_that_points_the_wrong_way_only_the_mean_is_expected() {
        // Risks 0.2 and 0.4; of the first half break down, of the second a quarter: 3 of 8.
        let broke = |k: usize| if k.is_multiple_of(2) { k.is_multiple_of(4) } else { k % 8 == 1 };
        let past = |k: usize| known(f64::from(u8::from(broke(k))), k as u32);
        let pasts: Vec<Past> = (0..8_000).map(past).collect();
        let train: Vec<&Past> = pasts.iter().collect();
        let risks: Vec<Vec<f64>> = (0..8_000).map(|k| vec![[0.2, 0.4][k % 2]]).collect();
        let (a, b) = calibrate(&train, &risks);
        assert_eq!(b, 0.0);
        assert!((expit(a) - 0.375).abs() < 1e-4, "{a}");
        // And the right way round it is followed: half of those at 0.4, a quarter of those at 0.2.
        let risks: Vec<Vec<f64>> = (0..8_000).map(|k| vec![[0.4, 0.2][k % 2]]).collect();
        let (a, b) = calibrate(&train, &risks);
        assert!((expit(a + b * logit(0.4)) - 0.5).abs() < 1e-3);
        assert!((expit(a + b * logit(0.2)) - 0.25).abs() < 1e-3);
    }
}
