//! The fast ways against the plain definitions: 1,000 small random samples with ties, weights, late
//! entry and strata, every sum written out.

use pleegzorg::survival::{
    AalenJohansen, ConcordanceOptions, CurveStep, KaplanMeier, NelsonAalen, Outcome, PairWeight,
    concordance,
};
use proptest::prelude::*;

use super::bad_input::any_sample;

const WITHIN: f64 = 1e-10;

fn near(ours: f64, plain: f64) -> bool {
    ours == plain || (ours - plain).abs() <= WITHIN * plain.abs().max(1.0)
}

/// Sums of weights over the rows that answer to `which`.
fn sum(weights: &[f64], which: impl Fn(usize) -> bool) -> f64 {
    (0..weights.len()).filter(|&i| which(i)).map(|i| weights[i]).sum()
}

fn at_risk(y: &Outcome, i: usize, t: f64) -> bool {
    y.exit()[i] >= t && y.entry().is_none_or(|e| e[i] < t)
}

fn distinct(times: &[f64]) -> Vec<f64> {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times.dedup();
    times
}

/// Survival just after each time, from who is at risk and who ends.
fn product(steps: &[(f64, f64)]) -> Vec<f64> {
    let step = |s: &mut f64, &(n, d): &(f64, f64)| {
        *s *= if d > 0.0 { 1.0 - d / n } else { 1.0 };
        Some(*s)
    };
    steps.iter().scan(1.0, step).collect()
}

/// The curves of all causes, event-free first, and by row how each moves with the row's weight:
/// the derivative of the recursion F(t) = F(t−) + S(t−)·dN/Y itself.
struct Curves {
    values: Vec<Vec<f64>>,
    variances: Vec<Vec<f64>>,
}

impl Curves {
    fn new(y: &Outcome, weights: &[f64]) -> Self {
        let (times, causes) = (distinct(y.exit()), y.causes().len());
        let mut values = vec![Vec::new(); causes + 1];
        let mut variances = vec![Vec::new(); causes + 1];
        let mut now = vec![0.0; causes + 1];
        now[0] = 1.0;
        let mut moves = vec![vec![0.0; causes + 1]; y.len()];
        for &t in &times {
            let n = sum(weights, |i| at_risk(y, i, t));
            let d: Vec<f64> = (0..=causes)
                .map(|c| sum(weights, |i| y.exit()[i] == t && y.cause()[i] as usize == c && c > 0))
                .collect();
            for (i, moved) in moves.iter_mut().enumerate() {
                let risk = f64::from(u8::from(at_risk(y, i, t)));
                let before = moved[0];
                for c in 1..=causes {
                    let ends = y.exit()[i] == t && y.cause()[i] as usize == c;
                    let step = (f64::from(u8::from(ends)) - risk * d[c] / n) / n;
                    moved[c] += before * d[c] / n + now[0] * step;
                    moved[0] -= before * d[c] / n + now[0] * step;
                }
            }
            let s = now[0];
            for c in 1..=causes {
                now[c] += s * d[c] / n;
                now[0] -= s * d[c] / n;
            }
            for c in 0..=causes {
                values[c].push(now[c]);
                let part = |i: usize| (weights[i] * moves[i][c]).powi(2);
                variances[c].push((0..y.len()).map(part).sum());
            }
        }
        Self { values, variances }
    }
}

/// What each pair adds: who ends first, whose score is higher, and what the pair weighs.
struct Pairs {
    sums: [f64; 3],
    rows: Vec<[f64; 3]>,
}

impl Pairs {
    fn new(y: &Outcome, score: &[f64], weights: &[f64], options: &ConcordanceOptions) -> Self {
        let mut out = Self { sums: [0.0; 3], rows: vec![[0.0; 3]; y.len()] };
        let stratum = |i: usize| options.strata.map_or(0, |s| s[i]);
        let ends = |i: usize| {
            let c = y.cause()[i];
            c > 0
                && options.cause.is_none_or(|cause| cause == c)
                && options.upto.is_none_or(|t| y.exit()[i] <= t)
        };
        for i in (0..y.len()).filter(|&i| ends(i)) {
            let t = y.exit()[i];
            let mine: Vec<usize> = (0..y.len()).filter(|&j| stratum(j) == stratum(i)).collect();
            let worth = match options.pairs {
                PairWeight::Harrell => 1.0,
                PairWeight::Uno => {
                    let g = censoring_before(y, weights, &mine, t);
                    if g > 1e-12 { 1.0 / (g * g) } else { 0.0 }
                }
            };
            for &j in &mine {
                let after = y.exit()[j] > t || (y.exit()[j] == t && !ends(j));
                if j == i || !after || !at_risk(y, j, t) {
                    continue;
                }
                let kind = if score[i] > score[j] {
                    0
                } else if score[i] < score[j] {
                    1
                } else {
                    2
                };
                out.sums[kind] += worth * weights[i] * weights[j];
                out.rows[i][kind] += worth * weights[j];
                out.rows[j][kind] += worth * weights[i];
            }
        }
        out
    }

    /// C and its standard error.
    fn result(&self, weights: &[f64]) -> Option<(f64, f64)> {
        let all: f64 = self.sums.iter().sum();
        let c = (self.sums[0] + 0.5 * self.sums[2]) / all;
        let influence = |(r, w): (&[f64; 3], &f64)| {
            let of = r[0] + 0.5 * r[2] - c * (r[0] + r[1] + r[2]);
            (w * of / all).powi(2)
        };
        let variance: f64 = self.rows.iter().zip(weights).map(influence).sum();
        (all > 0.0).then(|| (c, variance.sqrt()))
    }
}

/// The censoring's Kaplan–Meier curve just before t; ends come before censorings.
fn censoring_before(y: &Outcome, weights: &[f64], rows: &[usize], t: f64) -> f64 {
    let among = |i: usize| rows.contains(&i);
    let mut g = 1.0;
    for u in distinct(y.exit()).into_iter().filter(|&u| u < t) {
        let here =
            |i: usize, ended: bool| among(i) && y.exit()[i] == u && (y.cause()[i] > 0) == ended;
        let n = sum(weights, |i| among(i) && at_risk(y, i, u)) - sum(weights, |i| here(i, true));
        let c = sum(weights, |i| here(i, false));
        g *= if c > 0.0 { 1.0 - c / n } else { 1.0 };
    }
    g
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn curves_are_their_definitions((s, _) in any_sample()) {
        let y = s.outcome();
        let ones = vec![1.0; y.len()];
        let w = s.weights().unwrap_or(&ones);
        let times = distinct(y.exit());
        let steps: Vec<(f64, f64)> = times
            .iter()
            .map(|&t| {
                let ends = |i: usize| y.exit()[i] == t && y.cause()[i] > 0;
                (sum(w, |i| at_risk(y, i, t)), sum(w, ends))
            })
            .collect();
        let km = KaplanMeier::new(y, s.weights()).unwrap();
        prop_assert_eq!(km.times(), &times[..]);
        let (plain, mut v) = (product(&steps), 0.0);
        for (k, &(n, d)) in steps.iter().enumerate() {
            v += if d > 0.0 { d / (n * (n - d)) } else { 0.0 };
            let step = km.step(k).unwrap();
            prop_assert!(near(step.at_risk, n) && near(step.events, d));
            prop_assert!(near(step.value, plain[k]));
            prop_assert!(near(step.variance, v) || plain[k] < 1e-9);
        }
        let g = KaplanMeier::of_censoring(y, s.weights()).unwrap();
        let all: Vec<usize> = (0..y.len()).collect();
        for &t in &times {
            let before = censoring_before(y, w, &all, t);
            prop_assert!(near(g.survival_before(t), before));
        }
        for cause in [None, Some(1), Some(2)] {
            let na = NelsonAalen::new(y, cause, s.weights()).unwrap();
            let (mut h, mut v) = (0.0, 0.0);
            prop_assert_eq!(na.times(), &times[..]);
            for (k, step) in na.steps().enumerate() {
                let t = step.time;
                let d = sum(w, |i| {
                    y.exit()[i] == t && y.cause()[i] > 0 && cause.is_none_or(|c| c == y.cause()[i])
                });
                h += d / steps[k].0;
                v += d / steps[k].0.powi(2);
                prop_assert!(near(step.value, h) && near(step.variance, v));
            }
        }
    }

    #[test]
    fn incidences_are_their_definitions((s, _) in any_sample()) {
        let y = s.outcome();
        let ones = vec![1.0; y.len()];
        let aj = AalenJohansen::new(y, s.weights()).unwrap();
        let plain = Curves::new(y, s.weights().unwrap_or(&ones));
        for c in 0..3 {
            let steps: Vec<CurveStep> = match c {
                0 => aj.event_free_steps().collect(),
                _ => aj.steps(c).unwrap().collect(),
            };
            let (values, variances) = (&plain.values[c as usize], &plain.variances[c as usize]);
            prop_assert_eq!(steps.len(), values.len());
            for (k, step) in steps.iter().enumerate() {
                prop_assert!(near(step.value, values[k]));
                prop_assert!(near(step.variance, variances[k]));
            }
        }
    }

    #[test]
    fn concordances_are_their_definitions(
        (s, _) in any_sample(),
        scores in proptest::collection::vec(-3i8..4, 30),
        uno in any::<bool>(),
        cause in 0u32..3,
        upto in 0u8..12,
    ) {
        let y = s.outcome();
        let ones = vec![1.0; y.len()];
        let w = s.weights().unwrap_or(&ones);
        let score: Vec<f64> = (0..y.len()).map(|i| f64::from(scores[i])).collect();
        let options = ConcordanceOptions {
            cause: (cause > 0).then_some(cause),
            pairs: if uno { PairWeight::Uno } else { PairWeight::Harrell },
            strata: s.strata(),
            weights: s.weights(),
            upto: (upto > 3).then_some(f64::from(upto)),
        };
        let ours = concordance(y, &score, &options).unwrap();
        let plain = Pairs::new(y, &score, w, &options);
        match (ours, plain.result(w)) {
            (None, None) => {}
            (Some(ours), Some((c, se))) => {
                prop_assert!(near(ours.concordant, plain.sums[0]));
                prop_assert!(near(ours.discordant, plain.sums[1]));
                prop_assert!(near(ours.tied_score, plain.sums[2]));
                prop_assert!(near(ours.c, c) && near(ours.se, se));
            }
            (ours, plain) => prop_assert!(false, "{ours:?} {plain:?}"),
        }
    }
}
