//! Every way in, with anything: a right answer or an error, never a panic, never NaN. The fits' own
//! numbers are looked at in `bad_input`, `fine_gray`, `parametric` and `plain`.

use ndarray::{Array1, Array2};
use pleegzorg::survival::{
    AalenJohansen, ChiSquare, ConcordanceOptions, Convention, Cox, Distribution, ElasticNet,
    FineGray, Frailty, FrailtyDistribution, Interval, KaplanMeier, LifeTable, NelsonAalen, NewRows,
    Outcome, PairWeight, Parametric, Prior, Sample, SampleError, Ties, at_risk, concordance,
    cumulative_incidence, gray, logrank,
};
use proptest::collection::vec;
use proptest::prelude::*;

use super::bad_input::any_sample;

/// A number that may make trouble.
fn number() -> impl Strategy<Value = f64> {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300, 1e-320, f64::EPSILON];
    prop_oneof![
        3 => (-3i8..9).prop_map(f64::from),
        1 => prop::sample::select(odd.to_vec()),
        1 => prop::sample::select(vec![0.5, 0.95, 1.0, 0.0, -0.0]),
    ]
}

/// A sound number, nearly always.
fn mostly() -> impl Strategy<Value = f64> {
    prop_oneof![30 => (0u8..6).prop_map(f64::from), 1 => number()]
}

fn ok(e: &dyn std::error::Error) -> bool {
    !e.to_string().is_empty()
}

fn causes() -> Vec<String> {
    vec!["breakdown".into(), "home".into()]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    /// What the constructors let through is sound; what they refuse they place.
    #[test]
    fn constructors_let_nothing_through(
        n in 0usize..6,
        off in vec(-1i8..2, 7),
        rare in 0usize..12,
        numbers in vec(mostly(), 60),
        codes in vec(0u32..4, 12),
    ) {
        // One list in twelve has another length.
        let len = |k: usize| if k == rare { n.saturating_add_signed(off[k % 7].into()) } else { n };
        let part = |k: usize| numbers[k * 6..].iter().copied().take(len(k)).collect::<Vec<_>>();
        let code = |k: usize| codes.iter().copied().cycle().skip(k).take(len(k)).collect::<Vec<_>>();
        let entry = (codes[0] > 1).then(|| part(0));
        let y = match Outcome::new(entry, part(1), code(2), causes()) {
            Ok(y) => y,
            Err(e) => {
                let text = e.to_string();
                let placed = match e {
                    SampleError::NotFinite { row, .. }
                    | SampleError::Order { row, .. }
                    | SampleError::Cause { row, .. } => row < 7 && text.contains("row"),
                    SampleError::Length { .. } => rare < 3,
                    SampleError::Empty => n <= 1,
                    _ => false,
                };
                prop_assert!(placed, "{text}");
                return Ok(());
            }
        };
        for i in 0..y.len() {
            prop_assert!(y.exit()[i].is_finite() && y.cause()[i] <= 2);
            prop_assert!(y.entry().is_none_or(|e| e[i].is_finite() && e[i] < y.exit()[i]));
        }
        prop_assert!(at_risk(&y, numbers[0]) <= y.len());
        let x = Array2::from_shape_fn((len(3), 2), |(i, j)| numbers[18 + 2 * i + j]);
        let names = ["a", "b"].iter().take(if rare == 4 { 1 } else { 2 });
        let sound = x.iter().all(|v| v.is_finite());
        let s = match Sample::new(x, names.map(|n| (*n).to_owned()).collect(), y) {
            Ok(s) => s,
            Err(SampleError::NotFinite { what, .. }) => {
                prop_assert!(!sound && (what == "a" || what == "b"));
                return Ok(());
            }
            Err(e) => {
                prop_assert!(matches!(e, SampleError::Length { .. }) && rare < 5, "{e}");
                return Ok(());
            }
        };
        let n = s.len();
        let weights = part(6);
        let right = weights.len() == n && weights.iter().all(|w| *w > 0.0 && w.is_finite());
        prop_assert_eq!(s.clone().with_weights(weights.clone()).is_ok(), right);
        prop_assert_eq!(LifeTable::new(s.outcome(), Some(&weights)).is_ok(), right);
        prop_assert_eq!(KaplanMeier::new(s.outcome(), Some(&weights)).is_ok(), right);
        prop_assert_eq!(KaplanMeier::of_censoring(s.outcome(), Some(&weights)).is_ok(), right);
        prop_assert_eq!(AalenJohansen::new(s.outcome(), Some(&weights)).is_ok(), right);
        let rows: Vec<usize> = (0..len(3)).map(|k| k * len(5) % (n + 2)).collect();
        let right = !rows.is_empty() && rows.iter().all(|&row| row < n);
        prop_assert_eq!(s.outcome().select(&rows).is_ok(), right);
        let right = weights.len() == n && weights.iter().all(|&w| w.is_finite() && w > 0.0);
        prop_assert_eq!(NelsonAalen::new(s.outcome(), Some(1), Some(&weights)).is_ok(), right);
        prop_assert!(NelsonAalen::new(s.outcome(), Some(3), None).is_err());
        let offset = part(7);
        let right = offset.len() == n && offset.iter().all(|o| o.is_finite());
        prop_assert_eq!(s.clone().with_offset(offset).is_ok(), right);
        prop_assert_eq!(s.clone().with_strata(code(8)).is_ok(), len(8) == n);
        prop_assert_eq!(s.with_cluster(code(9)).is_ok(), len(9) == n);
    }

    /// Curves and tests at any time, level, group, score.
    #[test]
    fn curves_and_tests_take_anything(
        (s, _) in any_sample(),
        v in vec(number(), 6),
        groups in vec(0u32..3, 0..31),
        scores in vec(mostly(), 30),
        cause in 0u32..4,
        kind in 0usize..5,
    ) {
        use Interval::{Arcsin, Log, LogLog, Logit, Plain};
        let y = s.outcome();
        let n = y.len();
        let interval = [Plain, Log, LogLog, Logit, Arcsin][kind];
        let km = KaplanMeier::new(y, s.weights()).unwrap();
        let aj = AalenJohansen::new(y, s.weights()).unwrap();
        let together = aj.at_times(cause, &v, interval, v[2]).map_or(0, |points| points.len());
        prop_assert_eq!(together, if (1..=2).contains(&cause) { v.len() } else { 0 });
        let free = aj.event_free_at_times(&v);
        prop_assert!(free.iter().all(|&(s, se)| (0.0..=1.0).contains(&s) && se >= 0.0));
        prop_assert_eq!(aj.steps(cause).is_some(), together > 0);
        let k = groups.len() * 7;
        prop_assert_eq!(km.step(k).is_some(), k < km.times().len());
        for &t in &v {
            let p = km.at(t, interval, v[1]);
            prop_assert!((0.0..=1.0).contains(&p.estimate) && p.se >= 0.0);
            prop_assert!(p.bounds.is_none_or(|(l, u)| 0.0 <= l && l <= u && u <= 1.0), "{p:?}");
            prop_assert!((0.0..=1.0).contains(&km.survival_before(t)));
            if let Some(p) = aj.at(cause, t, interval, v[2]) {
                prop_assert!((0.0..=1.0).contains(&p.estimate) && p.se >= 0.0);
                prop_assert!(p.bounds.is_none_or(|(l, u)| 0.0 <= l && l <= u && u <= 1.0), "{p:?}");
            } else {
                prop_assert!(!(1..=2).contains(&cause));
            }
            if let Ok(na) = NelsonAalen::new(y, (cause > 0).then_some(cause), s.weights()) {
                let (h, se) = na.at(t);
                prop_assert!(h >= 0.0 && se >= 0.0);
            }
            match km.restricted_mean(t) {
                Ok((mean, se)) => prop_assert!(mean <= t * (1.0 + 1e-12) && se >= 0.0),
                Err(e) => prop_assert!(!(t.is_finite() && t > 0.0) && ok(&e)),
            }
            let q = km.quantile(t, interval, v[3]);
            prop_assert!(q.estimate.is_none_or(|t| y.exit().contains(&t) || t.is_finite()));
        }
        match ChiSquare::new(v[0], v[1].abs()) {
            Ok(test) => prop_assert!((0.0..=1.0).contains(&test.p)),
            Err(_) => prop_assert!(v[0].is_nan() || !v[1].is_finite()),
        }
        let right = groups.len() == n && (1..=2).contains(&cause);
        let strata = s.strata();
        let t = logrank(y, Some(cause), &groups, strata, v[4]);
        prop_assert_eq!(t.is_ok(), right && v[4].is_finite() && v[4] >= 0.0);
        prop_assert!(t.is_err() || t.is_ok_and(|t| t.test.p.is_finite()));
        let t = gray(y, cause, &groups, strata, v[4]);
        prop_assert_eq!(t.is_ok(), right && v[4].is_finite() && y.entry().is_none());
        prop_assert!(t.is_err() || t.is_ok_and(|t| t.p.is_finite()));
        let options = ConcordanceOptions {
            cause: (cause > 0).then_some(cause),
            pairs: if v[5] > 0.0 { PairWeight::Uno } else { PairWeight::Harrell },
            strata: Some(&groups),
            weights: s.weights(),
            upto: Some(v[0]),
        };
        let score = &scores[..n];
        match concordance(y, score, &options) {
            Ok(c) => {
                prop_assert!(groups.len() == n && cause <= 2);
                prop_assert!(c.is_none_or(|c| (0.0..=1.0).contains(&c.c) && c.se >= 0.0), "{c:?}");
            }
            Err(e) => prop_assert!(
                groups.len() != n || cause > 2 || score.iter().any(|s| !s.is_finite()),
                "{e}"
            ),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// Cox models with any ties, priors, ridge and Firth's correction; predictions for any rows.
    #[test]
    fn cox_models_and_predictions_take_anything(
        (s, robust) in any_sample(),
        (ties, firth, cause) in (0usize..3, any::<bool>(), 0u32..4),
        v in vec(mostly(), 8),
        odd in vec(number(), 8),
        (rows, columns, strata) in (0usize..3, 0usize..5, vec(0u32..4, 0..3)),
    ) {
        let ties = [Ties::Efron, Ties::Breslow, Ties::Exact][ties];
        let mut model = Cox::new().ties(ties).robust(robust).firth(firth);
        if v[0] > 3.0 {
            model = model.ridge(v[1]).priors(vec![Prior::new("x0", v[2], v[3])]);
        }
        let fit = match model.fit(&s, cause) {
            Ok(fit) => fit,
            Err(e) => {
                prop_assert!(ok(&e));
                return Ok(());
            }
        };
        let all = fit.coef.iter().chain(&fit.covariance).chain(fit.loglik.iter());
        prop_assert!(all.copied().all(f64::is_finite), "{fit:?}");
        let cells = fit.baseline_cells_at(&s, &odd[..4], Array1::from(v[..columns].to_vec()).view());
        for c in cells.iter().flatten() {
            prop_assert!(c.dh.iter().chain(&c.dv).chain(&c.dq).all(|v| v.is_finite()));
        }
        for term in 0..5 {
            match fit.profile_interval(&s, term, odd[4]) {
                Ok([l, u]) => prop_assert!(l <= u),
                Err(e) => prop_assert!(ok(&e)),
            }
        }
        let x = Array2::from_shape_fn((rows, columns), |(i, j)| v[(3 * i + j) % 8]);
        let lasted: Vec<f64> = v[..rows].to_vec();
        let mut new = NewRows::new(x.view()).lasted(&lasted).offset(&v[8 - rows..]);
        if s.strata().is_some() {
            new = new.strata(&strata);
        }
        let times = if v[4] > 2.0 { &odd[..3] } else { &v[..3] };
        let level = if v[5] > 2.0 { odd[5] } else { 0.95 };
        let sound = |p: &pleegzorg::survival::CurvePoint| {
            (0.0..=1.0).contains(&p.estimate)
                && p.se >= 0.0
                && p.bounds.is_none_or(|(l, u)| 0.0 <= l && l <= u && u <= 1.0)
        };
        match fit.survival(&s, &new, times, Interval::LogLog, level) {
            Ok(all) => prop_assert!(all.iter().flatten().all(sound), "{all:?}"),
            Err(e) => prop_assert!(ok(&e)),
        }
        match cumulative_incidence(&[&fit], &s, &new, cause, times, Interval::Log, level) {
            Ok(all) => prop_assert!(all.iter().flatten().all(sound), "{all:?}"),
            Err(e) => prop_assert!(ok(&e)),
        }
    }

    /// Shared frailties with any variance and groups.
    #[test]
    fn frailties_take_anything(
        (s, _) in any_sample(),
        (gamma, efron, cause) in (any::<bool>(), any::<bool>(), 0u32..3),
        groups in vec(0u32..6, 30),
        short in 0usize..12,
        variance in prop::option::of(mostly()),
    ) {
        let law = if gamma { FrailtyDistribution::Gamma } else { FrailtyDistribution::Lognormal };
        let ties = if efron { Ties::Efron } else { Ties::Breslow };
        let mut model = Frailty::new(law).ties(ties);
        if let Some(v) = variance {
            model = model.variance(v);
        }
        let groups = &groups[..if short == 0 { s.len() - 1 } else { s.len() }];
        let fit = match model.fit(&s, cause, groups) {
            Ok(fit) => fit,
            Err(e) => {
                prop_assert!(ok(&e));
                return Ok(());
            }
        };
        let own = fit.groups.iter().flat_map(|g| [g.log_frailty, g.se]);
        let all = fit.cox.coef.iter().chain(&fit.cox.covariance).chain(fit.cox.loglik.iter());
        let rest = [fit.variance, fit.integrated_loglik, fit.marginal_hazard(0.7)];
        let any = [f64::NAN, -1.0, f64::INFINITY, 1e300];
        prop_assert!(any.iter().all(|&h| fit.marginal_hazard(h) >= 0.0), "{fit:?}");
        prop_assert!(all.copied().chain(own).chain(rest).all(f64::is_finite), "{fit:?}");
        prop_assert!(fit.test.is_none_or(|t| (0.0..=1.0).contains(&t.p)));
        prop_assert!(fit.known(&s, &[9; 30][..s.len()]).is_err());
        let known = fit.known(&s, groups).unwrap();
        prop_assert!(fit.cox.martingale_residuals(&known).unwrap().iter().all(|m| m.is_finite()));
    }

    /// Elastic nets and their cross-validation with any settings and folds.
    #[test]
    fn elastic_nets_take_anything(
        (s, _) in any_sample(),
        (alpha, ratio) in (mostly(), mostly()),
        share in 0.0..1.0f64,
        (steps, sub, cause, given) in (0usize..7, 0usize..4, 0u32..3, any::<bool>()),
        lambda in vec(mostly(), 0..4),
        folds in vec(0u32..4, 28..32),
    ) {
        let alpha = if alpha > 3.0 { alpha } else { share };
        let mut net = ElasticNet::new(alpha).steps(steps);
        net = if ratio > 4.0 { net.ratio(ratio) } else { net.ratio(0.5 * share + 1e-4) };
        net = match sub {
            0 => net.subdistribution(Convention::Crr),
            1 => net.subdistribution(Convention::Finegray),
            _ => net,
        };
        if given {
            net = net.lambda(lambda);
        }
        match net.path(&s, cause) {
            Ok(path) => {
                let all = path.coef.iter().chain(&path.loglik).chain(&path.lambda);
                prop_assert!(all.copied().all(f64::is_finite), "{path:?}");
                prop_assert!((0..path.lambda.len() + 1).all(|k| path.deviance_ratio(k).is_finite()));
                prop_assert_eq!(path.nonzero(path.lambda.len()), 0);
            }
            Err(e) => prop_assert!(ok(&e)),
        }
        match net.cross_validate(&s, cause, &folds[..s.len().min(folds.len())]) {
            Ok(v) => {
                prop_assert!(v.deviance.iter().chain(&v.se).all(|v| v.is_finite()), "{v:?}");
                prop_assert!(v.within_one_se <= v.best && v.best < v.path.lambda.len());
            }
            Err(e) => prop_assert!(ok(&e)),
        }
    }

    /// What Fine–Gray and parametric models say of any row at any time.
    #[test]
    fn incidences_and_hazards_take_anything(
        (s, _) in any_sample(),
        x in vec(mostly(), 4),
        odd in vec(number(), 4),
        columns in 0usize..5,
        stratum in 0u32..3,
    ) {
        let row = Array1::from(x[..columns].to_vec());
        if let Ok(fit) = FineGray::new().fit(&s, 1) {
            match fit.cumulative_incidence(row.view(), stratum, &odd) {
                Ok(f) => prop_assert!(f.iter().all(|f| (0.0..=1.0).contains(f)), "{f:?}"),
                Err(e) => prop_assert!(ok(&e)),
            }
            if let Ok(cells) = fit.baseline_cells_at(&s, &odd, row.view()) {
                prop_assert!(cells.iter().all(|c| c.dh.iter().all(|v| v.is_finite())));
            }
        }
        for law in [Distribution::Weibull, Distribution::Gompertz, Distribution::Lognormal] {
            match Parametric::new(law).fit(&s, 1) {
                Ok(fit) => match fit.cumulative_hazard(row.view(), odd[3], &x) {
                    Ok(h) => prop_assert!(h.iter().all(|(h, se)| *h >= 0.0 && *se >= 0.0), "{h:?}"),
                    Err(e) => prop_assert!(ok(&e)),
                },
                Err(e) => prop_assert!(ok(&e)),
            }
        }
        // Cuts and knots that make no sense.
        for law in [
            Distribution::PiecewiseExponential { cuts: odd },
            Distribution::RoystonParmar { df: columns },
        ] {
            match Parametric::new(law).fit(&s, 1) {
                Ok(fit) => prop_assert!(fit.coef.iter().all(|b| b.is_finite())),
                Err(e) => prop_assert!(ok(&e)),
            }
        }
    }
}
