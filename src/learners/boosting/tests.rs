use ndarray::{Array2, array};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rand_distr::{Distribution, Exp1};

use super::*;
use crate::learners::PersonPeriods;
use crate::survival::{Cox, Sample, Ties};

const SETTINGS: BoostSettings =
    BoostSettings { trees: 80, leaf: 10, depth: 2, rate: 0.2, patience: 10 };

/// Rows whose log hazard is `effect` above a half of the first of three columns; late entry.
fn rows(n: usize, effect: f64, seed: u64) -> (Array2<f64>, Outcome, Vec<u32>) {
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    let x = Array2::from_shape_simple_fn((n, 3), || rng.random::<f64>());
    let (mut entry, mut exit, mut cause) = (Vec::new(), Vec::new(), Vec::new());
    for row in x.rows() {
        let e: f64 = Exp1.sample(&mut rng);
        let t = e / if row[0] > 0.5 { effect.exp() } else { 1.0 };
        let start = 0.3 * t * rng.random::<f64>();
        let end = 3.0 * rng.random::<f64>();
        entry.push(start);
        exit.push(t.min(start + end));
        cause.push(u32::from(t < start + end));
    }
    let y = Outcome::new(Some(entry), exit, cause, vec!["a".into()]).unwrap();
    (x, y, (0..n as u32).map(|i| i % 5).collect())
}

fn fit(x: &Array2<f64>, y: &Outcome, fold: &[u32]) -> BoostFit {
    let strata = vec![0; y.len()];
    Boosted::cox(x.view(), y, 1, &strata, fold, &SETTINGS).unwrap()
}

#[test]
fn the_first_step_by_hand() {
    // Ends at 1, 2, 3, 4 with 4, 3, 2, 1 at risk: cumulative hazards 3/12, 7/12, 13/12, 25/12.
    let x = array![[0.0], [0.0], [1.0], [1.0]];
    let y = Outcome::new(None, vec![1.0, 2.0, 3.0, 4.0], vec![1; 4], vec!["a".into()]).unwrap();
    let sets = RiskSets::new(&y, 1, &[0; 4]);
    let mut loss = CoxLoss::new(&sets, vec![true; 4]);
    let (mut slope, mut curve) = (vec![0.0; 4], vec![0.0; 4]);
    let null = loss.step(&[0.0; 4], &mut slope, &mut curve);
    assert!((null - 24f64.ln()).abs() < 1e-12);
    let hazard = [3.0, 7.0, 13.0, 25.0].map(|h| h / 12.0);
    for r in 0..4 {
        assert!((curve[r] - hazard[r]).abs() < 1e-12);
        assert!((slope[r] - (hazard[r] - 1.0)).abs() < 1e-12);
    }
    let cuts = Cuts::learn(x.view());
    let bins = cuts.bins(x.view());
    let ground = Ground { bins: &bins, cut_counts: &[1], leaf: 2, depth: 1, rate: 0.1 };
    let mut score = vec![0.0; 4];
    let tree = ground.tree(&mut [0, 1, 2, 3], &slope, &curve, &mut score);
    // −0.1 · G / (H + 1): G = ∓14/12, H = 10/12 and 38/12.
    let left = 0.1 * (14.0 / 12.0) / (22.0 / 12.0);
    let right = -0.1 * (14.0 / 12.0) / (50.0 / 12.0);
    assert!((tree.value[0] - left).abs() < 1e-12 && (tree.value[1] - right).abs() < 1e-12);
    assert!((score[0] - left).abs() < 1e-12 && (score[3] - right).abs() < 1e-12);
    assert!(loss.step(&score, &mut slope, &mut curve) < null);
}

#[test]
fn the_first_discrete_step_by_hand() {
    // Four rows of one period, one of which ends: the level is log(1/3).
    let run = |row| PeriodRun { row, band: 0, periods: 1, event: row == 0 };
    let runs: Vec<PeriodRun> = (0..4).map(run).collect();
    let mut loss = DiscreteLoss::new(&runs, 1, vec![true; 4]);
    let (mut slope, mut curve) = (vec![0.0; 4], vec![0.0; 4]);
    let null = loss.step(&[0.0; 4], &mut slope, &mut curve);
    assert!((loss.baseline()[0] + 3f64.ln()).abs() < 1e-9);
    assert!((slope[0] + 0.75).abs() < 1e-9 && (slope[1] - 0.25).abs() < 1e-9);
    assert!(curve.iter().all(|h| (h - 0.1875).abs() < 1e-9));
    assert!((null - (4f64.ln() + 3.0 * (4.0f64 / 3.0).ln())).abs() < 1e-9);
}

#[test]
fn the_loss_is_the_partial_likelihood_and_its_slope_is_right() {
    let (x, mut y, _) = rows(80, 1.0, 1);
    // Ties, and two strata.
    let exit: Vec<f64> = y.exit().iter().map(|t| (t * 8.0).ceil() / 8.0).collect();
    y = Outcome::new(y.entry().map(<[f64]>::to_vec), exit, y.cause().to_vec(), vec!["a".into()])
        .unwrap();
    let strata: Vec<u32> = (0..80).map(|r| r % 2).collect();
    let sets = RiskSets::new(&y, 1, &strata);
    let mut loss = CoxLoss::new(&sets, vec![true; 80]);
    let score: Vec<f64> = x.column(1).iter().map(|v| 0.7 * v).collect();
    let (mut slope, mut curve) = (vec![0.0; 80], vec![0.0; 80]);
    let at = loss.step(&score, &mut slope, &mut curve);
    // Of our own Cox model, whose numbers are R's, at these scores.
    let names = vec!["x".into()];
    let column = Array2::from_shape_fn((80, 1), |(i, _)| x[[i, 2]]);
    let sample = Sample::new(column, names, y.clone()).unwrap();
    let sample = sample.with_strata(strata.clone()).unwrap().with_offset(score.clone()).unwrap();
    let cox = Cox::new().ties(Ties::Breslow).fit(&sample, 1).unwrap();
    assert!((at + cox.loglik[0]).abs() < 1e-9, "{at} {:?}", cox.loglik);
    for r in [0, 13, 55] {
        let mut moved = score.clone();
        moved[r] += 1e-6;
        let above = loss.minus_loglik(&moved, true);
        moved[r] -= 2e-6;
        let below = loss.minus_loglik(&moved, true);
        assert!(((above - below) / 2e-6 - slope[r]).abs() < 1e-5);
    }
}

#[test]
fn the_loss_falls_and_the_effect_is_found() {
    let (x, y, fold) = rows(500, 1.2, 2);
    let found = fit(&x, &y, &fold);
    assert!(found.losses.windows(2).all(|l| l[1] < l[0]), "{:?}", found.losses);
    let (boosted, _) = &found.whole;
    assert!(boosted.trees() > 3 && boosted.trees() < 80 && boosted.is_whole(3, 10));
    assert_eq!(found.losses.len(), boosted.trees() + 1);
    let gap = boosted.score(&[0.9, 0.5, 0.5]) - boosted.score(&[0.1, 0.5, 0.5]);
    assert!((0.7..1.5).contains(&gap), "{gap}");
    assert_eq!(found.without.len(), 5);
    assert!(found.without.iter().all(|(b, _)| b.trees() == boosted.trees()));
    // Breslow's increments add up to what Nelson and Aalen say, scaled to the baseline.
    assert_eq!(found.times.len(), found.whole.1.len());
    let row = [0.9, 0.2, 0.3];
    let why = boosted.reasons(&row);
    let sum = why.base + why.columns.iter().sum::<f64>();
    assert!((sum - boosted.score(&row)).abs() < 1e-12 && why.columns[0] > 0.2);
}

#[test]
fn noise_makes_few_trees() {
    let (x, y, fold) = rows(300, 0.0, 3);
    let trees = fit(&x, &y, &fold).whole.0.trees();
    assert!(trees <= 6, "{trees}");
}

#[test]
fn discrete_hazards_are_boosted_alike() {
    let (x, y, fold) = rows(500, 1.2, 4);
    let edges: Vec<f64> = (0..=20).map(|k| f64::from(k) * 0.1).collect();
    let late = Outcome::new(None, y.exit().to_vec(), y.cause().to_vec(), vec!["a".into()]).unwrap();
    let periods = PersonPeriods::new(&late, &edges).unwrap();
    let bands: Vec<usize> = (0..20).map(|k| k / 5).collect();
    let runs = periods.runs(1, &bands).unwrap();
    let found = Boosted::discrete(x.view(), &runs, 4, &fold, &SETTINGS).unwrap();
    assert!(found.losses.windows(2).all(|l| l[1] < l[0]));
    let b = &found.whole.0;
    let gap = b.score(&[0.9, 0.5, 0.5]) - b.score(&[0.1, 0.5, 0.5]);
    assert!((0.7..1.7).contains(&gap), "{gap}");
    assert!(Boosted::discrete(x.view(), &runs, 2, &fold, &SETTINGS).is_err());
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    let (x, y, fold) = rows(200, 1.0, 5);
    let of = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let f = fit(&x, &y, &fold);
            (serde_json::to_string(&f.whole).unwrap(), serde_json::to_string(&f.without).unwrap())
        })
    };
    let one = of(1);
    for threads in [2, 3, 4, 7, 8, 16] {
        assert_eq!(of(threads), one, "{threads} threads");
    }
}

#[test]
fn missing_values_find_a_side_and_bad_input_is_refused() {
    let (mut x, y, fold) = rows(400, 1.5, 6);
    x.column_mut(0).iter_mut().filter(|v| **v > 0.5).for_each(|v| *v = f64::NAN);
    let b = fit(&x, &y, &fold).whole.0;
    assert!(b.score(&[f64::NAN, 0.5, 0.5]) > b.score(&[0.2, 0.5, 0.5]) + 0.7);
    let strata = vec![0; 400];
    let cox = |x: &Array2<f64>, fold: &[u32], s: &BoostSettings| {
        Boosted::cox(x.view(), &y, 1, &strata, fold, s).err()
    };
    assert!(matches!(cox(&x, &[0; 400], &SETTINGS), Some(LearnerError::TooFew(_))));
    assert!(cox(&x, &fold[1..], &SETTINGS).is_some());
    assert!(cox(&x, &fold, &BoostSettings { rate: 0.0, ..SETTINGS }).is_some());
    assert!(cox(&Array2::zeros((400, 0)), &fold, &SETTINGS).is_some());
    x[[2, 1]] = f64::INFINITY;
    assert!(matches!(cox(&x, &fold, &SETTINGS), Some(LearnerError::NotFinite { row: 2, .. })));
    let none = Outcome::new(None, vec![1.0; 400], vec![0; 400], vec!["a".into()]).unwrap();
    let (x, ..) = rows(400, 1.0, 6);
    assert!(Boosted::cox(x.view(), &none, 1, &strata, &fold, &SETTINGS).is_err());
}
