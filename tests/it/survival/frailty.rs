//! Shared frailties against R's `coxph` with a fixed variance, 1e-6, and what must hold for any.

use ndarray::Array2;
use pleegzorg::survival::{
    Cox, FitError, Frailty, FrailtyDistribution, FrailtyFit, Outcome, Sample, Ties, Transform,
};
use proptest::prelude::*;

use super::golden::{Expected, Once, Referee, Table, sample};

pub static FITS: Once = Once::new();

pub fn fits() -> Referee {
    let mut referee = Referee::default();
    for set in ["frailty", "frailty-own"] {
        let cases = Table::read(&format!("{set}-cases"));
        add(&cases, &Expected::read(&format!("{set}-expected")), &mut referee);
    }
    referee
}

/// `frailty`: against coxph. `frailty-own`: where that loses its way, and on clocks that start anew.
fn add(cases: &Table, expected: &Expected, referee: &mut Referee) {
    for row in 0..cases.len() {
        let text = |column: &str| cases.text(row, column);
        let case = text("case");
        let s = sample(cases, row);
        let groups = Table::read(&format!("data/{}", text("data"))).codes(text("group"));
        let law = match text("distribution") {
            "gamma" => FrailtyDistribution::Gamma,
            _ => FrailtyDistribution::Lognormal,
        };
        let ties = if text("ties") == "efron" { Ties::Efron } else { Ties::Breslow };
        let mut frailty = Frailty::new(law).ties(ties);
        if !text("variance").is_empty() {
            frailty = frailty.variance(text("variance").parse().unwrap());
        }
        let fit = frailty.fit(&s, 1, &groups).unwrap_or_else(|e| panic!("{case}: {e}"));
        assert!(fit.cox.converged, "{case}");
        referee.on(
            match law {
                FrailtyDistribution::Gamma => "Cox: gamma frailty",
                FrailtyDistribution::Lognormal => "Cox: log-normal frailty",
            },
            text("data"),
        );
        for (what, item, r) in expected.case(case) {
            let term = || fit.cox.names.iter().position(|n| n == item).unwrap();
            let place = || item.parse::<usize>().unwrap();
            let ours = match what.as_str() {
                "coef" => fit.cox.coef[term()],
                "se" => fit.cox.se()[term()],
                "se2" => fit.sampling_covariance[[term(), term()]].sqrt(),
                "variance" => fit.variance,
                "loglik" => fit.cox.loglik[place()],
                "frailty" => fit.groups[place() - 1].log_frailty,
                "frailty_se" => fit.groups[place() - 1].se,
                "coef_df" => fit.coef_df,
                "frailty_df" => fit.frailty_df,
                "integrated" => fit.integrated_loglik,
                "chi2" => fit.test.unwrap().chi2,
                "p" => fit.test.unwrap().p,
                other => panic!("{other}"),
            };
            referee.compare(case, what, item, ours, *r, 1e-6);
        }
    }
}

#[test]
fn fits_are_those_of_coxph() {
    FITS.get_or_init(fits).verdict(600);
}

/// Groups with frailties of their own.
fn random(groups: u32, size: u32, seed: u64, spread: f64) -> (Sample, Vec<u32>) {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut next = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as f64 / (1u64 << 31) as f64
    };
    let n = (groups * size) as usize;
    let w: Vec<f64> =
        (0..groups).map(|_| spread * (next() + next() + next() - 1.5) * 2.0).collect();
    let group: Vec<u32> = (0..n as u32).map(|i| 10 + i % groups).collect();
    let x = Array2::from_shape_fn((n, 2), |_| next() * 2.0 - 1.0);
    let time =
        |i: usize, u: f64| -u.ln() * 20.0 * (-0.7 * x[[i, 0]] - w[group[i] as usize - 10]).exp();
    let exit: Vec<f64> = (0..n).map(|i| time(i, 1.0 - next()).min(30.0).ceil().max(1.0)).collect();
    let cause = (0..n).map(|i| u32::from(exit[i] < 30.0 && next() < 0.9)).collect();
    let y = Outcome::new(None, exit, cause, vec!["end".into()]).unwrap();
    (Sample::new(x, vec!["x".into(), "z".into()], y).unwrap(), group)
}

fn fit(s: &Sample, groups: &[u32], law: FrailtyDistribution, variance: Option<f64>) -> FrailtyFit {
    let mut f = Frailty::new(law);
    if let Some(v) = variance {
        f = f.variance(v);
    }
    f.fit(s, 1, groups).unwrap()
}

const LAWS: [FrailtyDistribution; 2] = [FrailtyDistribution::Gamma, FrailtyDistribution::Lognormal];

#[test]
fn without_variance_it_is_the_plain_model() {
    let (s, g) = random(12, 6, 3, 0.8);
    let plain = Cox::new().fit(&s, 1).unwrap();
    for law in LAWS {
        let none = fit(&s, &g, law, Some(0.0));
        assert_eq!(none.cox.coef, plain.coef);
        assert!(none.groups.iter().all(|g| g.log_frailty == 0.0) && none.test.is_none());
        let little = fit(&s, &g, law, Some(1e-7));
        for j in 0..2 {
            assert!((little.cox.coef[j] - plain.coef[j]).abs() < 1e-5);
        }
        assert!((little.integrated_loglik - none.integrated_loglik).abs() < 1e-4);
    }
}

/// The estimated variance is the top of the integrated likelihood of the gamma.
#[test]
fn nearby_variances_are_less_likely() {
    let (s, g) = random(40, 5, 11, 1.0);
    let best = fit(&s, &g, FrailtyDistribution::Gamma, None);
    assert!(best.variance > 0.1, "{}", best.variance);
    for by in [0.99, 1.01] {
        let other = fit(&s, &g, FrailtyDistribution::Gamma, Some(best.variance * by));
        assert!(other.integrated_loglik < best.integrated_loglik);
    }
    assert!(best.searches > 3 && best.cox.iterations >= best.searches / 2);
    assert_eq!(best.groups.len(), 40);
    assert_eq!(best.groups[0].group, 10);
    let mean = best.groups.iter().map(|g| g.log_frailty.exp()).sum::<f64>() / 40.0;
    assert!((mean - 1.0).abs() < 1e-10);
    let test = best.test.unwrap();
    assert!(test.chi2 > 0.0 && test.p < 0.05);
}

#[test]
fn groups_without_differences_have_none() {
    let (mut found, mut p) = (0, Vec::new());
    for seed in 0..12 {
        let (s, g) = random(15, 4, 100 + seed, 0.0);
        let f = fit(&s, &g, FrailtyDistribution::Gamma, None);
        if f.variance == 0.0 {
            found += 1;
            assert_eq!(f.test.unwrap().p, 1.0);
            assert_eq!(f.cox.coef, Cox::new().fit(&s, 1).unwrap().coef);
        }
        p.push(f.test.unwrap().p);
    }
    // About half of such samples lie at the edge.
    assert!((2..=11).contains(&found), "{found}");
    assert!(p.iter().filter(|p| **p < 0.05).count() <= 3);
}

#[test]
fn a_baseline_and_a_residual_take_the_sample_with_its_frailties() {
    let (s, g) = random(20, 5, 7, 0.9);
    let f = fit(&s, &g, FrailtyDistribution::Gamma, None);
    let known = f.known(&s, &g).unwrap();
    let cells = f.cox.baseline_cells(&known, &[0.0, 10.0, 30.0]).unwrap();
    let total: f64 = cells[0].dh.iter().sum();
    assert!(total > 0.0);
    // An unknown group: less than the group with frailty 1, and less so early.
    let (early, late) = (f.marginal_hazard(cells[0].dh[0]), f.marginal_hazard(total));
    assert!(early < cells[0].dh[0] && late < total && late / total < early / cells[0].dh[0]);
    assert!(f.cox.zph(&known, Transform::Km).is_ok());
    // Expected events with the frailties are the events, group by group with the penalty's pull.
    let mut other = g.clone();
    other[0] = 999;
    assert!(f.known(&s, &other).unwrap_err().to_string().contains("group 999"));
}

#[test]
fn what_cannot_be_is_refused() {
    let (s, g) = random(10, 4, 1, 0.5);
    let f = Frailty::new(FrailtyDistribution::Gamma);
    assert!(matches!(f.fit(&s, 1, &g[1..]), Err(FitError::Shape { .. })));
    assert!(matches!(f.fit(&s, 2, &g), Err(FitError::UnknownCause { .. })));
    let said = |f: Frailty, g: &[u32]| f.fit(&s, 1, g).unwrap_err().to_string();
    assert!(said(f.clone(), &vec![3; s.len()]).contains("one group only"));
    assert!(said(f.clone().ties(Ties::Exact), &g).contains("Efron's or Breslow's"));
    assert!(said(f.clone().variance(-1.0), &g).contains("below zero"));
    assert!(said(f.clone().variance(f64::NAN), &g).contains("below zero"));
    // Every row its own group, and a column that orders all events.
    let own: Vec<u32> = (0..s.len() as u32).collect();
    let alone = f.fit(&s, 1, &own);
    assert!(alone.is_ok() || alone.is_err_and(|e| e.to_string().contains("frailty")));
    let mut x = s.x().clone();
    for i in 0..s.len() {
        x[[i, 0]] = -s.outcome().exit()[i] + f64::from(1 - s.outcome().cause()[i].min(1)) * -100.0;
    }
    let apart = Sample::new(x, s.names().to_vec(), s.outcome().clone()).unwrap();
    assert!(f.fit(&apart, 1, &g).unwrap_err().to_string().contains("x separates"));
}

/// R with `sparse = FALSE`: coxph(Surv(time, status) ~ age + sex + frailty(id, theta = 0.5,
/// sparse = FALSE), kidney), to a tolerance of 1e-14.
#[test]
fn errors_from_the_whole_curvature_are_those_of_r() {
    let data = Table::read("data/kidney");
    let y = Outcome::new(None, data.numbers("time"), data.codes("status"), vec!["end".into()]);
    let names = vec!["age".into(), "sex".into()];
    let s = Sample::new(data.matrix(&["age", "sex"]), names, y.unwrap()).unwrap();
    let frailty = Frailty::new(FrailtyDistribution::Gamma).variance(0.5);
    let sparse = frailty.fit(&s, 1, &data.codes("id")).unwrap();
    let whole = frailty.exact_errors(true).fit(&s, 1, &data.codes("id")).unwrap();
    assert_eq!(sparse.cox.coef, whole.cox.coef);
    let se = whole.cox.se();
    assert!((se[0] - 0.012_181_907_546).abs() < 1e-9, "{se}");
    assert!((se[1] - 0.470_416_952_488).abs() < 1e-7, "{se}");
    assert!((whole.frailty_df - 14.452_083_7).abs() < 1e-5, "{}", whole.frailty_df);
}

/// Where groups differ so much that R's sparse errors do not exist, there is an answer all the same.
#[test]
fn errors_are_there_where_the_sparse_ones_are_not() {
    let data = Table::read("data/bladder");
    let causes = vec!["end".into()];
    let y = Outcome::new(None, data.numbers("stop"), data.codes("event"), causes).unwrap();
    let names = vec!["rx".into(), "size".into(), "number".into()];
    let s = Sample::new(data.matrix(&["rx", "size", "number"]), names, y).unwrap();
    let s = s.with_strata(data.codes("enum")).unwrap();
    for variance in [2.0, 8.0] {
        let frailty = Frailty::new(FrailtyDistribution::Gamma).variance(variance);
        let fit = frailty.fit(&s, 1, &data.codes("id")).unwrap();
        assert!(fit.cox.converged);
        assert!(fit.cox.se().iter().all(|e| *e > 0.0 && e.is_finite()));
    }
}

/// With Breslow's ties a row of weight 2 is a row that stands there twice, errors included. (R's own
/// curvature with weights is not that of twice the rows; its estimates are.)
#[test]
fn a_weight_counts_rows() {
    let (s, g) = random(9, 6, 21, 0.8);
    let weights: Vec<f64> = (0..s.len()).map(|i| f64::from(1 + (i % 3 == 0) as u8)).collect();
    let twice: Vec<usize> = (0..s.len()).flat_map(|i| vec![i; weights[i] as usize]).collect();
    let x = Array2::from_shape_fn((twice.len(), 2), |(i, j)| s.x()[[twice[i], j]]);
    let long = Sample::new(x, s.names().to_vec(), s.outcome().select(&twice).unwrap()).unwrap();
    let long_groups: Vec<u32> = twice.iter().map(|&i| g[i]).collect();
    let weighted = s.clone().with_weights(weights).unwrap();
    for law in LAWS {
        for variance in [None, Some(0.4)] {
            let mut f = Frailty::new(law).ties(Ties::Breslow);
            if let Some(v) = variance {
                f = f.variance(v);
            }
            let (a, b) = (f.fit(&weighted, 1, &g).unwrap(), f.fit(&long, 1, &long_groups).unwrap());
            assert!((a.variance - b.variance).abs() < 1e-8);
            let gain = |f: &FrailtyFit| f.integrated_loglik - f.null_integrated_loglik;
            assert!((gain(&a) - gain(&b)).abs() < 1e-8);
            for j in 0..2 {
                assert!((a.cox.coef[j] - b.cox.coef[j]).abs() < 1e-8);
                assert!((a.cox.se()[j] - b.cox.se()[j]).abs() < 1e-8);
            }
            for (a, b) in a.groups.iter().zip(&b.groups) {
                assert!((a.log_frailty - b.log_frailty).abs() < 1e-8);
                assert!((a.se - b.se).abs() < 1e-8 && a.events == b.events);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(25))]
    /// Rows in another order, other numbers for the groups, and a shifted, rescaled column.
    #[test]
    fn what_does_not_matter_does_not(seed in 0u64..1_000_000, law in 0usize..2, theta in 0.05f64..2.0) {
        let (s, g) = random(8, 5, seed, 0.7);
        let n = s.len();
        let order: Vec<usize> = (0..n).map(|i| (i * 7 + 3) % n).collect();
        let x = Array2::from_shape_fn((n, 2), |(i, j)| {
            s.x()[[order[i], j]] * [10.0, 1.0][j] + [0.0, 5.0][j]
        });
        let other = Sample::new(x, s.names().to_vec(), s.outcome().select(&order).unwrap()).unwrap();
        let codes: Vec<u32> = order.iter().map(|&i| 1000 - g[i]).collect();
        let a = fit(&s, &g, LAWS[law], Some(theta));
        let b = fit(&other, &codes, LAWS[law], Some(theta));
        prop_assert!(a.cox.converged && b.cox.converged);
        prop_assert!((a.cox.coef[0] - 10.0 * b.cox.coef[0]).abs() < 1e-7);
        prop_assert!((a.cox.coef[1] - b.cox.coef[1]).abs() < 1e-7);
        let (ours, theirs) = (a.integrated_loglik, b.integrated_loglik);
        prop_assert!((ours - theirs).abs() < 1e-7);
        for k in 0..8 {
            prop_assert!((a.groups[k].log_frailty - b.groups[7 - k].log_frailty).abs() < 1e-7);
        }
        // Each group's pull: its events less those expected are the penalty's slope.
        let known = a.known(&s, &g).unwrap();
        let m = a.cox.martingale_residuals(&known).unwrap();
        for k in 0..8u32 {
            let own: f64 = (0..n).filter(|&i| g[i] == 10 + k).map(|i| m[i]).sum();
            let w = a.groups[k as usize].log_frailty;
            let pull = if law == 0 { w.exp_m1() / theta } else { w / theta };
            prop_assert!((own - pull).abs() < 1e-7, "{own} {pull}");
        }
    }
}
