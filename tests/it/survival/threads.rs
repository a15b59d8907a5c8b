//! The same bytes for any number of threads.

use ndarray::Array2;
use pleegzorg::survival::{
    AalenJohansen, ConcordanceOptions, Convention, Cox, CoxFit, ElasticNet, Frailty,
    FrailtyDistribution, KaplanMeier, NelsonAalen, Outcome, PairWeight, Sample, Ties, Transform,
    concordance, gray, logrank,
};

const ROWS: usize = 20_500;
const TERMS: usize = 10;

/// Numbers from 0 to 1 that look random.
fn number(row: usize, what: usize) -> f64 {
    let mut z = (row as u64 * 64 + what as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Late entries, ties, strata, weights, clusters, an offset.
fn sample(everything: bool) -> Sample {
    let x = Array2::from_shape_fn((ROWS, TERMS), |(i, j)| number(i, j) + number(i, j + 20));
    let (mut entry, mut exit, mut cause) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..ROWS {
        let rate = (x[[i, 0]] - 0.5 * x[[i, 1]]).exp();
        let (death, censored) = (-number(i, 50).ln() / rate, -number(i, 51).ln());
        let grain = if everything { 50.0 } else { 1e9 };
        entry.push((number(i, 52) * grain).floor() / grain);
        exit.push(entry[i] + ((death.min(censored) * grain).floor() + 1.0) / grain);
        cause.push(u32::from(death < censored));
    }
    let names = (0..TERMS).map(|j| format!("x{j}")).collect();
    let y = Outcome::new(everything.then_some(entry), exit, cause, vec!["a".into()]).unwrap();
    let s = Sample::new(x, names, y).unwrap();
    if !everything {
        return s;
    }
    let codes = |m: usize| (0..ROWS).map(|i| (i % m) as u32).collect::<Vec<_>>();
    // Two clusterings: errors by cluster, and by both at once.
    let s = s.with_strata(codes(4)).unwrap().with_cluster(codes(997)).unwrap();
    let s = s.with_cluster(codes(83)).unwrap();
    s.with_weights((0..ROWS).map(|i| 0.5 + number(i, 53)).collect()).unwrap()
}

/// All numbers of a fit, to the last bit.
fn bits(fit: &CoxFit, sample: &Sample) -> Vec<u64> {
    let mut out = fit.coef.to_vec();
    out.extend(fit.covariance.iter());
    out.extend(fit.robust_covariance.iter().flatten());
    out.extend(fit.loglik);
    out.extend([fit.score.chi2, fit.wald.chi2, fit.means.sum()]);
    out.extend(fit.martingale_residuals(sample).unwrap().iter());
    let cells = fit.baseline_cells(sample, &[0.0, 0.1, 0.5, 1.0, 2.0]).unwrap();
    out.extend(cells.iter().flat_map(|c| c.dh.iter().chain(&c.dv).chain(c.dq.iter())));
    out.extend(fit.score_residuals(sample).unwrap().iter());
    out.extend(fit.dfbetas(sample).unwrap().iter());
    out.extend(fit.schoenfeld_residuals(sample).unwrap().scaled.iter());
    for transform in [Transform::Km, Transform::Rank, Transform::Identity, Transform::Log] {
        out.push(fit.zph(sample, transform).unwrap().global.chi2);
    }
    out.into_iter().map(f64::to_bits).collect()
}

/// Runs the same work on many numbers of threads.
fn same_bytes(work: impl Fn() -> Vec<u64> + Sync) {
    let mut first: Option<Vec<u64>> = None;
    for threads in [1, 2, 3, 4, 7, 8, 16] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let found = pool.install(&work);
        match &first {
            None => first = Some(found),
            Some(first) => assert!(*first == found, "{threads} threads"),
        }
    }
}

#[test]
fn cox_gives_the_same_bytes_for_any_number_of_threads() {
    for (everything, ties) in [(false, Ties::Efron), (true, Ties::Efron), (true, Ties::Breslow)] {
        let s = sample(everything);
        same_bytes(|| {
            let fit = Cox::new().ties(ties).fit(&s, 1).unwrap();
            assert!(fit.converged);
            bits(&fit, &s)
        });
    }
}

#[test]
fn curves_tests_and_concordance_give_the_same_bytes_for_any_number_of_threads() {
    for everything in [false, true] {
        let s = sample(everything);
        let (y, w) = (s.outcome(), s.weights());
        let score = s.x().column(0).to_vec();
        same_bytes(|| {
            let km = KaplanMeier::new(y, w).unwrap();
            let na = NelsonAalen::new(y, Some(1), w).unwrap();
            let aj = AalenJohansen::new(y, w).unwrap();
            let mut out: Vec<f64> = Vec::new();
            for step in km.steps().chain(na.steps()) {
                out.extend([step.at_risk, step.events, step.value, step.variance]);
            }
            for step in aj.steps(1).unwrap().chain(aj.event_free_steps()) {
                out.extend([step.value, step.variance]);
            }
            for pairs in [PairWeight::Harrell, PairWeight::Uno] {
                let (weights, strata) = (s.weights(), s.strata());
                let options = ConcordanceOptions { pairs, weights, strata, ..Default::default() };
                let c = concordance(y, &score, &options).unwrap().unwrap();
                out.extend([c.concordant, c.discordant, c.tied_score, c.c, c.se]);
            }
            let groups: Vec<u32> = (0..y.len() as u32).map(|i| i % 3).collect();
            out.push(logrank(y, None, &groups, s.strata(), 1.0).unwrap().test.chi2);
            if y.entry().is_none() {
                out.push(gray(y, 1, &groups, s.strata(), 0.0).unwrap().chi2);
            }
            out.into_iter().map(f64::to_bits).collect()
        });
    }
}

#[test]
fn exact_ties_and_the_elastic_net_give_the_same_bytes_for_any_number_of_threads() {
    let s = sample(false);
    let folds: Vec<u32> = (0..ROWS as u32).map(|i| i % 3).collect();
    // Matched sets, for which exact ties are meant.
    let sets = s.clone().with_strata((0..ROWS as u32).map(|i| i % 500).collect()).unwrap();
    same_bytes(|| {
        let fit = Cox::new().ties(Ties::Exact).fit(&sets, 1).unwrap();
        let firth = Cox::new().firth(true).fit(&s, 1).unwrap();
        let net = ElasticNet::new(0.5).steps(4).cross_validate(&s, 1, &folds).unwrap();
        let mut out = fit.coef.to_vec();
        out.extend(fit.covariance.iter().chain(&fit.loglik));
        out.extend(firth.coef.iter().chain(&firth.covariance));
        out.extend(
            net.path.coef.iter().chain(&net.path.loglik).chain(&net.deviance).chain(&net.se),
        );
        out.into_iter().map(f64::to_bits).collect()
    });
}

#[test]
fn frailties_and_the_net_of_a_subdistribution_give_the_same_bytes_for_any_number_of_threads() {
    let s = sample(false);
    let groups: Vec<u32> = (0..ROWS as u32).map(|i| i * 7919 % 500).collect();
    // The end that the other does not end by, in turns.
    let y = s.outcome();
    let cause = y.cause().iter().zip(&groups).map(|(c, g)| c * (1 + g % 2)).collect();
    let causes = vec!["a".into(), "b".into()];
    let two = Outcome::new(None, y.exit().to_vec(), cause, causes).unwrap();
    let two = Sample::new(s.x().clone(), s.names().to_vec(), two).unwrap();
    same_bytes(|| {
        let mut out: Vec<f64> = Vec::new();
        for law in [FrailtyDistribution::Gamma, FrailtyDistribution::Lognormal] {
            let fit = Frailty::new(law).variance(0.2).fit(&s, 1, &groups).unwrap();
            out.extend(fit.cox.coef.iter().chain(&fit.cox.covariance).chain(&fit.cox.loglik));
            out.extend(fit.groups.iter().flat_map(|g| [g.log_frailty, g.se]));
            out.push(fit.integrated_loglik);
        }
        let net = ElasticNet::new(0.5).subdistribution(Convention::Crr).steps(4);
        let path = net.path(&two, 1).unwrap();
        out.extend(path.coef.iter().chain(&path.loglik));
        out.into_iter().map(f64::to_bits).collect()
    });
}
