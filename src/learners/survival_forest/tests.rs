use ndarray::Array2;
use rand_distr::{Distribution, Exp1};

use super::time::Hazards;
use super::*;
use crate::learners::bin_tree::Split;
use crate::survival::{AalenJohansen, Interval};

const SETTINGS: SurvivalForestSettings =
    SurvivalForestSettings { trees: 24, leaf: 10, depth: None, tried: None, halves: true, seed: 7 };

/// Rows with rates of two causes that depend on the first two of four columns; `late` rows enter
/// under way. Clusters of two.
fn rows(n: usize, late: bool, seed: u64) -> (Array2<f64>, Outcome, Vec<u32>) {
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    let x = Array2::from_shape_simple_fn((n, 4), || rng.random::<f64>());
    let (mut entry, mut exit, mut cause) = (Vec::new(), Vec::new(), Vec::new());
    for row in x.rows() {
        let rates = [if row[0] > 0.5 { 0.6 } else { 0.1 }, 0.1 + 0.2 * row[1], 0.05];
        loop {
            let mut draw = |rate: f64| {
                let e: f64 = Exp1.sample(&mut rng);
                e / rate
            };
            let times = rates.map(&mut draw);
            let (k, t) = (0..3).map(|k| (k, times[k])).min_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
            let start = if late { 2.0 * rng.random::<f64>() } else { 0.0 };
            if t > start {
                entry.push(start);
                exit.push(t);
                cause.push([1, 2, 0][k]);
                break;
            }
        }
    }
    let names = vec!["a".into(), "b".into()];
    let y = Outcome::new(late.then_some(entry), exit, cause, names).unwrap();
    (x, y, (0..n as u32).map(|i| i / 2).collect())
}

fn edges() -> Vec<f64> {
    (0..=20).map(|k| f64::from(k) * 0.25).collect()
}

/// The probability of `a` within 3, for a row with these rates.
fn truth(a: f64, b: f64) -> f64 {
    a / (a + b) * (1.0 - (-(a + b) * 3.0).exp())
}

#[test]
fn finds_the_risks_that_made_the_rows_with_and_without_late_entry() {
    for late in [false, true] {
        let (x, y, clusters) = rows(1200, late, 1);
        let settings = SurvivalForestSettings { leaf: 30, tried: Some(4), ..SETTINGS };
        let (forest, _) =
            SurvivalForest::fit(x.view(), &y, &clusters, &edges(), &settings).unwrap();
        let mut worst: f64 = 0.0;
        for (x0, rate) in [(0.2, 0.1), (0.8, 0.6)] {
            let found = forest.predict(&[x0, 0.5, 0.5, 0.5], 0.0, 3.0).unwrap();
            worst = worst.max((found.incidence[0] - truth(rate, 0.2)).abs());
            let whole = found.incidence.iter().sum::<f64>() + found.survival;
            assert!((whole - 1.0).abs() < 1e-12);
            assert!(found.variance[0] > 0.0 && found.variance[0].sqrt() < 0.1);
            // Exponential ends: what has lasted does not matter.
            let later = forest.predict(&[x0, 0.5, 0.5, 0.5], 1.5, 4.5).unwrap();
            assert!((later.incidence[0] - truth(rate, 0.2)).abs() < 0.15, "{late} {x0} {later:?}");
        }
        assert!(worst < 0.08, "{late} {worst}");
        let splits = forest.splits();
        assert!(splits[0] > splits[2] && splits[0] > splits[3], "{splits:?}");
    }
}

#[test]
fn without_a_column_to_split_on_it_is_the_aalen_johansen_curve() {
    let (x, y, clusters) = rows(600, true, 2);
    let constant = Array2::from_elem((600, 1), 1.0);
    let fine: Vec<f64> = (0..=200).map(|k| f64::from(k) * 0.025).collect();
    let (forest, _) =
        SurvivalForest::fit(constant.view(), &y, &clusters, &fine, &SETTINGS).unwrap();
    assert!(x.nrows() == 600 && forest.trees.iter().all(|t| t.leaves.len() == 1));
    let curve = AalenJohansen::new(&y, None).unwrap();
    for h in [1.0, 2.0, 4.0] {
        let [_, ours] = forest.all.states(&forest.all, 2, 0.0, forest.place(h));
        for k in 0..2 {
            let at = curve.at(k as u32 + 1, h, Interval::LogLog, 0.95).unwrap();
            assert!((ours.incidence[k] - at.estimate).abs() < 2e-3);
        }
    }
}

#[test]
fn the_first_split_has_the_largest_log_rank_of_all_cuts() {
    let (mut x, y, clusters) = rows(160, true, 3);
    for i in (0..160).step_by(7) {
        x[[i, 0]] = f64::NAN;
    }
    let (cuts, spans) = (Cuts::learn(x.view()), Spans::new(&y, &edges()));
    let bins = cuts.bins(x.view());
    let counts: Vec<usize> = cuts.0.iter().map(Vec::len).collect();
    let ground = Ground {
        bins: &bins,
        cut_counts: &counts,
        spans: &spans,
        cells: 20,
        causes: 2,
        leaf: 10,
        depth: 1,
        tried: 4,
    };
    let (_, mut rng) = Draws::new(&clusters, &SETTINGS).of(0);
    let grown = grow(&ground, &[1; 160], &mut rng);
    let found = grown.tree.split(0).unwrap();
    // By hand: every tick, every row, every cut; missing on either side.
    let chi2 = |left: &dyn Fn(usize) -> bool| -> f64 {
        let mut sum = 0.0;
        for cause in 1..=2 {
            let (mut seen, mut due, mut total) = (0.0, 0.0, 0.0);
            for cell in 0..20u32 {
                let (mut risk, mut risk_left, mut ends) = (0.0, 0.0, 0.0);
                for r in (0..160).filter(|&r| spans.seen[r]) {
                    let ticks = (cell * 64..(cell + 1) * 64)
                        .filter(|&t| spans.from[r] <= t && t < spans.to[r]);
                    let ticks = ticks.count() as f64;
                    let end = spans.cause[r] == cause && (spans.to[r] - 1) / 64 == cell;
                    risk += ticks;
                    ends += f64::from(u8::from(end));
                    if left(r) {
                        risk_left += ticks;
                        seen += f64::from(u8::from(end));
                    }
                }
                if ends > 0.0 {
                    due += ends * risk_left / risk;
                    total += ends;
                }
            }
            sum += (seen - due).powi(2) / due + (seen - due).powi(2) / (total - due);
        }
        sum
    };
    let mut best: (f64, Option<Split>) = (0.0, None);
    for column in 0..4 {
        for bin in 0..=counts[column] as u8 {
            for missing_left in [false, true] {
                let split = Split { column, bin, missing_left };
                let left = |r: usize| split.goes_left(bins.columns[column][r]);
                let n = (0..160).filter(|&r| left(r)).count();
                if n >= 10 && 160 - n >= 10 {
                    let value = chi2(&left);
                    if value > best.0 + 1e-9 {
                        best = (value, Some(split));
                    }
                }
            }
        }
    }
    let best = best.1.unwrap();
    assert_eq!((found.column, found.bin), (best.column, best.bin));
    assert!(grown.leaves.iter().all(|l| l.cases >= 10));
    assert_eq!(grown.leaves.iter().map(|l| l.cases).sum::<u32>(), 160);
}

#[test]
fn missing_values_tell_what_they_tell() {
    // The first column is hidden where it is high: missing means a high risk.
    let (mut x, y, clusters) = rows(1000, false, 4);
    x.column_mut(0).iter_mut().filter(|v| **v > 0.5).for_each(|v| *v = f64::NAN);
    let settings = SurvivalForestSettings { tried: Some(4), ..SETTINGS };
    let (forest, _) = SurvivalForest::fit(x.view(), &y, &clusters, &edges(), &settings).unwrap();
    // Means over the other columns: one point has the noise of its own leaves.
    let risk = |x0: f64| {
        let at = |k: u32| [x0, f64::from(k % 5) / 5.0, f64::from(k / 5) / 5.0, 0.3];
        let of = |k: u32| forest.predict(&at(k), 0.0, 3.0).unwrap().incidence[0];
        (0..25).map(of).sum::<f64>() / 25.0
    };
    assert!((risk(f64::NAN) - truth(0.6, 0.2)).abs() < 0.08, "{}", risk(f64::NAN));
    assert!((risk(0.2) - truth(0.1, 0.2)).abs() < 0.08, "{}", risk(0.2));
    // A column that was never missing in training may be missing now.
    assert!(forest.predict(&[0.2, f64::NAN, f64::NAN, f64::NAN], 0.0, 3.0).is_some());
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    let (x, y, clusters) = rows(300, true, 5);
    let fit = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (f, bag) =
                SurvivalForest::fit(x.view(), &y, &clusters, &edges(), &SETTINGS).unwrap();
            let risks = bag.shuffled(&f, 1, 3.0, &[0], 5);
            (serde_json::to_string(&f).unwrap(), risks)
        })
    };
    let one = fit(1);
    for threads in [2, 3, 4, 7, 8, 16] {
        assert_eq!(fit(threads), one, "{threads} threads");
    }
    let other = SurvivalForestSettings { seed: 8, ..SETTINGS };
    let (f, _) = SurvivalForest::fit(x.view(), &y, &clusters, &edges(), &other).unwrap();
    assert_ne!(serde_json::to_string(&f).unwrap(), one.0);
}

#[test]
fn out_of_bag_rows_are_of_clusters_that_were_not_drawn() {
    let (x, y, clusters) = rows(300, false, 6);
    let (forest, bag) = SurvivalForest::fit(x.view(), &y, &clusters, &edges(), &SETTINGS).unwrap();
    let risks = bag.risks(&forest, 1, 3.0);
    for row in [0, 17, 299] {
        let (mut sum, mut n) = (0.0, 0.0);
        for (t, own) in forest.trees.iter().enumerate() {
            let (drawn, _) = bag.draws.of(t);
            // Both rows of a cluster are drawn together.
            assert!((0..150).all(|c| drawn[2 * c] == drawn[2 * c + 1]));
            if drawn[row] == 0 {
                let bins = forest.cuts.row(&x.row(row).to_vec());
                let leaf = own.tree.leaf(|c| bins[c]);
                let [_, end] = own.leaves[leaf].states(&forest.all, 2, 0.0, forest.place(3.0));
                sum += end.incidence[0];
                n += 1.0;
            }
        }
        assert!((risks[row].unwrap() - sum / n).abs() < 1e-12);
    }
    // Half of the clusters are not in a bag, and of the others a third is not drawn.
    let (drawn, _) = bag.draws.of(0);
    let kinds = drawn.iter().filter(|&&d| d > 0).count();
    assert!((70..130).contains(&kinds), "{kinds}");
    assert!(bag.risks(&forest, 1, 99.0).iter().all(Option::is_none));
    assert!(bag.risks(&forest, 3, 3.0).iter().all(Option::is_none));
}

#[test]
fn reasons_add_up_to_the_risk() {
    let (x, y, clusters) = rows(300, true, 7);
    let (forest, _) = SurvivalForest::fit(x.view(), &y, &clusters, &edges(), &SETTINGS).unwrap();
    for (from, to) in [(0.0, 3.0), (1.3, 4.1)] {
        for row in [0, 5, 111] {
            let x = x.row(row).to_vec();
            let risk = forest.predict(&x, from, to).unwrap();
            let why = forest.reasons(&x, from, to, 1).unwrap();
            let sum = why.base + why.columns.iter().sum::<f64>();
            assert!((sum - risk.incidence[0]).abs() < 1e-12, "{sum} {risk:?}");
            let most = why.columns.iter().map(|c| c.abs()).fold(0.0, f64::max);
            assert_eq!(most, why.columns[0].abs());
        }
    }
    assert_eq!(forest.reasons(&[0.5; 4], 0.0, 3.0, 3), None);
    assert_eq!(forest.reasons(&[0.5; 4], 0.0, 9.0, 1), None);
}

#[test]
fn what_cannot_be_grown_is_refused() {
    let (mut x, y, clusters) = rows(60, false, 8);
    let fit = |x: &Array2<f64>, y: &Outcome, c: &[u32], e: &[f64], s: &SurvivalForestSettings| {
        SurvivalForest::fit(x.view(), y, c, e, s).err()
    };
    assert!(fit(&x, &y, &clusters, &edges(), &SETTINGS).is_none());
    assert!(fit(&x, &y, &clusters[1..], &edges(), &SETTINGS).is_some());
    assert!(fit(&x, &y, &clusters, &[0.0], &SETTINGS).is_some());
    assert!(fit(&x, &y, &clusters, &[0.0, 2.0, 1.0], &SETTINGS).is_some());
    assert!(fit(&Array2::zeros((60, 0)), &y, &clusters, &edges(), &SETTINGS).is_some());
    let wide = SurvivalForestSettings { leaf: 16, ..SETTINGS };
    assert!(matches!(fit(&x, &y, &clusters, &edges(), &wide), Some(LearnerError::TooFew(_))));
    let none = Outcome::new(None, vec![1.0; 60], vec![0; 60], vec!["a".into()]).unwrap();
    assert!(matches!(
        fit(&x, &none, &clusters, &edges(), &SETTINGS),
        Some(LearnerError::TooFew(_))
    ));
    x[[3, 1]] = f64::INFINITY;
    let infinite = Some(LearnerError::NotFinite { what: "the design matrix", row: 3 });
    assert_eq!(fit(&x, &y, &clusters, &edges(), &SETTINGS), infinite);
}

#[test]
fn a_changed_forest_is_noticed() {
    let (x, y, clusters) = rows(120, false, 9);
    let (forest, _) = SurvivalForest::fit(x.view(), &y, &clusters, &edges(), &SETTINGS).unwrap();
    assert!(forest.is_whole(4, 2, 10));
    assert!(!forest.is_whole(3, 2, 10) && !forest.is_whole(4, 3, 10));
    assert!(!forest.is_whole(4, 2, 61));
    let broken = |change: fn(&mut SurvivalForest)| {
        let mut f = forest.clone();
        change(&mut f);
        assert!(!f.is_whole(4, 2, 10));
    };
    broken(|f| f.edges[1] = 9.0);
    broken(|f| f.bag = 0);
    broken(|f| f.trees.truncate(3));
    broken(|f| f.trees[0].leaves.truncate(1));
    broken(|f| f.all.cases = 0);
    broken(|f| f.cuts.0[0].reverse());
}

#[test]
fn expected_ends_are_those_of_survdiff() {
    // tests/reference/survival-forest.R: survdiff(Surv(time, status) ~ group) of R 4.2, survival 3.5.
    let time = [1.0, 1.0, 2.0, 3.0, 3.0, 4.0, 5.0, 5.0, 6.0, 7.0, 8.0, 8.0];
    let cause = [1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 0];
    let group = [0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 1, 1];
    let y = Outcome::new(None, time.to_vec(), cause.to_vec(), vec!["a".into()]).unwrap();
    let grid: Vec<f64> = (0..=8).map(f64::from).collect();
    let spans = Spans::new(&y, &grid);
    let mut table = Table::new(8, 1);
    table.count(&spans.drawn(&[1; 12]), 1);
    let mut hazards = [Hazards::<1>::NONE; 9];
    table.cumulative(1, &mut hazards);
    let hazard = |r: usize| Hazards::at(&hazards, spans.to[r])[0];
    let due: f64 = (0..12).filter(|&r| group[r] == 0).map(hazard).sum();
    assert!((due - SURVDIFF).abs() < 1e-12, "{due}");
}

/// The expected ends of group 0.
const SURVDIFF: f64 = 2.555_555_555_555_555;

#[test]
fn the_variance_is_what_other_samples_of_clusters_would_give() {
    // The spread of a prediction over 30 samples, and what forests say of it.
    let settings = SurvivalForestSettings { trees: 60, leaf: 20, tried: Some(4), ..SETTINGS };
    let (mut risks, mut told) = (Vec::new(), 0.0);
    for seed in 0..30 {
        let (x, y, clusters) = rows(240, false, 100 + seed);
        let (forest, _) =
            SurvivalForest::fit(x.view(), &y, &clusters, &edges(), &settings).unwrap();
        let found = forest.predict(&[0.8, 0.5, 0.5, 0.5], 0.0, 3.0).unwrap();
        risks.push(found.incidence[0]);
        told += found.variance[0] / 30.0;
    }
    let mean = risks.iter().sum::<f64>() / 30.0;
    let spread = risks.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / 29.0;
    assert!((0.4..3.0).contains(&(told / spread)), "{} {}", told.sqrt(), spread.sqrt());
}
