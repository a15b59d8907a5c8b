//! The same bytes for any number of threads.

use ndarray::Array2;
use pleegzorg::survival::{Cox, CoxFit, Outcome, Sample, Ties, Transform};

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
    let s = s.with_strata(codes(4)).unwrap().with_cluster(codes(997)).unwrap();
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
    out.push(fit.zph(sample, Transform::Km).unwrap().global.chi2);
    out.into_iter().map(f64::to_bits).collect()
}

#[test]
fn cox_gives_the_same_bytes_for_any_number_of_threads() {
    for (everything, ties) in [(false, Ties::Efron), (true, Ties::Efron), (true, Ties::Breslow)] {
        let s = sample(everything);
        let mut first: Option<Vec<u64>> = None;
        for threads in [1, 2, 3, 4, 7, 8, 16] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let found = pool.install(|| {
                let fit = Cox::new().ties(ties).fit(&s, 1).unwrap();
                assert!(fit.converged);
                bits(&fit, &s)
            });
            match &first {
                None => first = Some(found),
                Some(first) => assert!(*first == found, "{threads} threads"),
            }
        }
    }
}
