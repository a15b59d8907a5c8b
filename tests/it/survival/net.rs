//! Elastic nets against R's `glmnet`, 1e-6, and what must hold for any of them.

use ndarray::Array2;
use pleegzorg::survival::{Cox, ElasticNet, FitError, Outcome, Sample, Ties};
use proptest::prelude::*;

use super::golden::{Expected, Once, Referee, Table, sample};

pub static PATHS: Once = Once::new();

pub fn paths() -> Referee {
    let (cases, expected) = (Table::read("net-cases"), Expected::read("net-expected"));
    let mut referee = Referee::default();
    for row in 0..cases.len() {
        let case = cases.text(row, "case");
        let s = sample(&cases, row);
        let alpha: f64 = cases.text(row, "alpha").parse().unwrap();
        let lambda: Vec<f64> =
            cases.text(row, "lambda").split(' ').map(|l| l.parse().unwrap()).collect();
        let net = ElasticNet::new(alpha).tolerance(1e-10);
        let given = net.clone().lambda(lambda.clone());
        let path = given.path(&s, 1).unwrap();
        assert!(path.not_converged.is_empty(), "{case}: {:?}", path.not_converged);
        let folds: Vec<u32> = (0..s.len() as u32).map(|i| (i + 1) * 7 % 5).collect();
        let tested = expected.case(case).iter().any(|(what, ..)| what.starts_with("cv"));
        let cv = tested.then(|| given.cross_validate(&s, 1, &folds).unwrap());
        referee.on("Cox: elastic net", cases.text(row, "data"));
        for (what, item, r) in expected.case(case) {
            let first = || item.split(' ').next().unwrap().parse::<usize>().unwrap() - 1;
            let cv = || cv.as_ref().unwrap();
            let ours = match what.as_str() {
                "coef" => {
                    let term = item.split(' ').nth(1).unwrap();
                    let j = path.names.iter().position(|n| n == term).unwrap();
                    path.coef[[first(), j]]
                }
                "deviance_ratio" => path.deviance_ratio(first()),
                // Glmnet's ends early; the λ are the same.
                "automatic" => net.clone().steps(100).path(&s, 1).unwrap().lambda[0],
                "cv_deviance" => cv().deviance[first()],
                "cv_se" => cv().se[first()],
                "cv_best" => lambda[cv().best],
                _ => lambda[cv().within_one_se],
            };
            if what == "automatic" && item != "1" {
                let ratio: f64 = if s.len() < s.names().len() { 0.01 } else { 1e-4 };
                referee.compare(case, what, item, ours * ratio.powf(49.0 / 99.0), *r, 1e-6);
                continue;
            }
            referee.compare(case, what, item, ours, *r, 1e-6);
        }
    }
    referee
}

#[test]
fn paths_are_those_of_glmnet() {
    PATHS.get_or_init(paths).verdict(600);
}

fn random(n: usize, p: usize, seed: u64) -> Sample {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut next = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as f64 / (1u64 << 31) as f64
    };
    let x = Array2::from_shape_fn((n, p), |_| next() * 2.0 - 1.0 + next());
    let exit: Vec<f64> = (0..n)
        .map(|i| (1.0 - next()).ln() * -30.0 * (-0.8 * x[[i, 0]]).exp())
        .map(|t| (t * 4.0).ceil().max(1.0))
        .collect();
    let cause = (0..n).map(|_| u32::from(next() < 0.7)).collect();
    let y = Outcome::new(None, exit, cause, vec!["end".into()]).unwrap();
    Sample::new(x, (0..p).map(|j| format!("x{j}")).collect(), y).unwrap()
}

#[test]
fn without_penalty_it_is_breslows_cox_model() {
    let s = random(150, 4, 3);
    let path = ElasticNet::new(0.5).lambda(vec![0.0]).tolerance(1e-12).path(&s, 1).unwrap();
    let fit = Cox::new().ties(Ties::Breslow).fit(&s, 1).unwrap();
    for j in 0..4 {
        assert!((path.coef[[0, j]] - fit.coef[j]).abs() < 1e-9);
    }
    assert!((path.loglik[0] - fit.loglik[1]).abs() < 1e-9);
    assert!((path.null_loglik - fit.loglik[0]).abs() < 1e-9);
}

#[test]
fn more_columns_than_rows_and_twins() {
    let s = random(60, 200, 5);
    let path = ElasticNet::new(1.0).path(&s, 1).unwrap();
    assert!(path.not_converged.is_empty(), "{:?}", path.not_converged);
    let last = path.lambda.len() - 1;
    assert!(path.nonzero(last) > 10 && path.nonzero(0) == 0);
    assert!(path.loglik.windows(2).all(|l| l[1] >= l[0] - 1e-9));
    // With some ridge twins share alike; the lasso must not care which of them it takes.
    let x = Array2::from_shape_fn((60, 3), |(i, j)| s.x()[[i, [0, 0, 1][j]]]);
    let names = vec!["a".into(), "twin".into(), "b".into()];
    let twins = Sample::new(x, names, s.outcome().clone()).unwrap();
    let net = ElasticNet::new(0.5).tolerance(1e-10).path(&twins, 1).unwrap();
    let end = net.lambda.len() - 1;
    assert!((net.coef[[end, 0]] - net.coef[[end, 1]]).abs() < 1e-4);
    let lasso = ElasticNet::new(1.0).path(&twins, 1).unwrap();
    assert!(lasso.coef.iter().all(|b| b.is_finite()));
}

#[test]
fn a_column_that_does_not_vary_stays_zero() {
    let s = random(80, 3, 9);
    let mut x = s.x().clone();
    x.column_mut(1).fill(7.0);
    let flat = Sample::new(x, s.names().to_vec(), s.outcome().clone()).unwrap();
    let path = ElasticNet::new(0.5).path(&flat, 1).unwrap();
    assert!(path.coef.column(1).iter().all(|b| *b == 0.0));
}

#[test]
fn settings_out_of_range_are_refused() {
    let s = random(30, 2, 1);
    let setting = |net: ElasticNet| match net.path(&s, 1).unwrap_err() {
        FitError::Setting { setting, .. } => setting,
        other => panic!("{other}"),
    };
    assert_eq!(setting(ElasticNet::new(1.5)), "alpha");
    assert_eq!(setting(ElasticNet::new(f64::NAN)), "alpha");
    assert_eq!(setting(ElasticNet::new(1.0).lambda(vec![])), "lambda");
    assert_eq!(setting(ElasticNet::new(1.0).lambda(vec![-1.0])), "lambda");
    assert_eq!(setting(ElasticNet::new(1.0).steps(0)), "steps");
    assert_eq!(setting(ElasticNet::new(1.0).ratio(1.0)), "ratio");
    assert_eq!(setting(ElasticNet::new(1.0).tolerance(0.0)), "tolerance");
    let net = ElasticNet::new(1.0);
    assert!(matches!(net.path(&s, 2), Err(FitError::UnknownCause { .. })));
    assert!(matches!(net.cross_validate(&s, 1, &[0; 3]), Err(FitError::Shape { .. })));
    let two: Vec<u32> = (0..30).map(|i| i % 2).collect();
    assert!(net.cross_validate(&s, 1, &two).unwrap_err().to_string().contains("three"));
    // A fold of one censored row.
    let censored = s.outcome().cause().iter().position(|c| *c == 0).unwrap();
    let mut folds: Vec<u32> = (0..30).map(|i| i % 3).collect();
    folds[censored] = 9;
    assert!(net.cross_validate(&s, 1, &folds).unwrap_err().to_string().contains("fold 9"));
    let far = s.clone().with_offset((0..30).map(|i| f64::from(i) * 1e6).collect()).unwrap();
    assert!(matches!(net.path(&far, 1), Err(FitError::Start { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    /// At every solution the slopes are what the penalty allows (the conditions of Karush, Kuhn and
    /// Tucker), checked with the slopes of the Cox model itself.
    #[test]
    fn solutions_meet_their_conditions(seed in 0u64..1_000_000, alpha in 0.05f64..1.0) {
        let s = random(70, 6, seed);
        let net = ElasticNet::new(alpha).tolerance(1e-9).ratio(0.05).steps(6);
        let path = net.path(&s, 1).unwrap();
        prop_assert!(path.not_converged.is_empty());
        for (k, lambda) in path.lambda.iter().enumerate() {
            for j in 0..6 {
                let column = s.x().column(j);
                let mean = column.mean().unwrap();
                let sd = column.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 70.0;
                let slope = slope(&s, &path.coef.row(k).to_vec(), j) / sd.sqrt() / 70.0;
                let beta = path.coef[[k, j]] * sd.sqrt();
                let (one, two) = (lambda * alpha, lambda * (1.0 - alpha));
                let off = if beta == 0.0 {
                    (slope.abs() - one).max(0.0)
                } else {
                    (slope - two * beta - one * beta.signum()).abs()
                };
                prop_assert!(off < 1e-8, "{off} at {k} {j}");
            }
        }
    }
}

/// The slope of Breslow's log likelihood along one column, from its definition.
fn slope(s: &Sample, beta: &[f64], j: usize) -> f64 {
    let (x, y) = (s.x(), s.outcome());
    let eta: Vec<f64> =
        (0..s.len()).map(|i| (0..beta.len()).map(|k| beta[k] * x[[i, k]]).sum()).collect();
    let mut sum = 0.0;
    for i in (0..s.len()).filter(|&i| y.cause()[i] == 1) {
        let (mut total, mut with) = (0.0, 0.0);
        for k in (0..s.len()).filter(|&k| y.exit()[k] >= y.exit()[i]) {
            total += eta[k].exp();
            with += eta[k].exp() * x[[k, j]];
        }
        sum += x[[i, j]] - with / total;
    }
    sum
}
