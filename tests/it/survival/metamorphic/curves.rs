//! Curves, tests and concordance.

use pleegzorg::survival::{
    AalenJohansen, ConcordanceOptions, CurveStep, KaplanMeier, NelsonAalen, PairWeight,
    concordance, gray, logrank,
};
use rand::RngExt;
use rand_chacha::ChaCha12Rng;

use super::{Parts, cases, same};

const WITHIN: f64 = 1e-10;

/// Everything that the curves say at each time, errors last.
fn curves(p: &Parts, errors: bool) -> Vec<(f64, Vec<f64>)> {
    let (y, w) = (p.outcome(), p.weights.as_deref());
    let km = KaplanMeier::new(&y, w).unwrap();
    let na = NelsonAalen::new(&y, Some(1), w).unwrap();
    let aj = AalenJohansen::new(&y, w).unwrap();
    let curves = [
        aj.event_free_steps().collect::<Vec<CurveStep>>(),
        aj.steps(1).unwrap().collect(),
        aj.steps(2).unwrap().collect(),
    ];
    let point = |(k, (km, na)): (usize, (CurveStep, CurveStep))| {
        let mut v = vec![km.value, na.value];
        v.extend(curves.iter().map(|c| c[k].value));
        if errors {
            v.extend(curves.iter().map(|c| c[k].variance));
        }
        // Greenwood's sum is without bound where all are gone.
        v.extend(if km.value > 1e-9 { [km.variance, na.variance] } else { [0.0; 2] });
        (km.time, v)
    };
    km.steps().zip(na.steps()).enumerate().map(point).collect()
}

/// The second set may have more times, at which nothing happens.
fn alike(a: &[(f64, Vec<f64>)], b: &[(f64, Vec<f64>)], slow: f64) -> Result<(), String> {
    for (t, v) in a {
        let at = b.iter().find(|(u, _)| *u == *t * slow).ok_or(format!("no time {t}"))?;
        same(&format!("time {t}"), v, &at.1, WITHIN)?;
    }
    Ok(())
}

fn harrell(p: &Parts, score: &[f64], uno: bool, cause: u32) -> Option<[f64; 5]> {
    let options = ConcordanceOptions {
        cause: Some(cause),
        pairs: if uno { PairWeight::Uno } else { PairWeight::Harrell },
        strata: p.strata.as_deref(),
        weights: p.weights.as_deref(),
        upto: None,
    };
    let c = concordance(&p.outcome(), score, &options).unwrap()?;
    Some([c.c, c.concordant, c.discordant, c.tied_score, c.se])
}

/// A coarse score, so that it is often tied.
fn score(p: &Parts) -> Vec<f64> {
    p.x.iter().zip(&p.level).map(|(x, l)| (2.0 * x[0]).round() + f64::from(*l)).collect()
}

#[test]
fn curves_and_the_order_of_rows_the_unit_of_time_and_the_numbers_of_causes() {
    cases(|rng| {
        let p = Parts::random(rng);
        let a = curves(&p, true);
        let mut swapped = curves(&p.relabelled(rng), true);
        // The hazard is that of the first cause.
        for ((_, v), (_, w)) in a.iter().zip(&mut swapped) {
            w.swap(3, 4);
            w.swap(6, 7);
            (w[1], w[9]) = (v[1], v[9]);
        }
        Some((|| {
            alike(&a, &curves(&p.shuffled(rng).1, true), 1.0)?;
            alike(&a, &curves(&p.slowed(0.25), true), 0.25)?;
            alike(&a, &swapped, 1.0)
        })())
    });
}

/// A variance by influences takes rows as they come; Greenwood's counts them.
#[test]
fn curves_and_rows_twice_or_in_two_pieces() {
    cases(|rng| {
        let p = Parts::random(rng);
        let (twice, heavy) = p.doubled(rng);
        let (whole, pieces) = p.split(rng);
        Some((|| {
            alike(&curves(&twice, false), &curves(&heavy, false), 1.0)?;
            alike(&curves(&whole, false), &curves(&pieces, false), 1.0)
        })())
    });
}

#[test]
fn incidences_and_survival_sum_to_one() {
    cases(|rng| {
        let p = Parts::random(rng);
        for q in [p.split(rng).1, p.doubled(rng).1, p] {
            let aj = AalenJohansen::new(&q.outcome(), q.weights.as_deref()).unwrap();
            let ended = aj.steps(1).unwrap().zip(aj.steps(2).unwrap());
            for (free, (one, two)) in aj.event_free_steps().zip(ended) {
                let sum = one.value + two.value + free.value;
                if (sum - 1.0).abs() > 1e-12 {
                    return Some(Err(format!("{sum} at {}", free.time)));
                }
            }
        }
        Some(Ok(()))
    });
}

fn tests(p: &Parts, groups: &[u32], cause: u32, rho: f64) -> Vec<f64> {
    let y = p.outcome();
    let t = logrank(&y, Some(cause), groups, p.strata.as_deref(), rho).unwrap();
    let mut out = vec![t.test.chi2, t.test.df];
    if y.entry().is_none() {
        let g = gray(&y, cause, groups, p.strata.as_deref(), rho).unwrap();
        out.extend([g.chi2, g.df]);
    }
    out
}

#[test]
fn tests_and_order_units_and_numbers() {
    cases(|rng| {
        let p = Parts::random(rng);
        let rho = if rng.random() { 0.0 } else { 1.0 };
        let a = tests(&p, &p.level, 1, rho);
        let (_, shuffled) = p.shuffled(rng);
        let other: Vec<u32> = p.level.iter().map(|l| [70, 3, 41][*l as usize]).collect();
        let t = logrank(&p.outcome(), Some(1), &p.level, None, rho).unwrap();
        let u = logrank(&p.outcome(), Some(1), &other, None, rho).unwrap();
        Some((|| {
            same("order", &a, &tests(&shuffled, &shuffled.level, 1, rho), 1e-9)?;
            same("unit", &a, &tests(&p.slowed(7.0), &p.level, 1, rho), 1e-9)?;
            same("numbers", &a, &tests(&p.relabelled(rng), &other, 2, rho), 1e-9)?;
            let found: Vec<u32> = [70, 3, 41].into_iter().filter(|g| other.contains(g)).collect();
            for (k, g) in found.iter().enumerate() {
                let at = u.groups.iter().position(|v| v == g).ok_or("a group is gone")?;
                let ours = [t.observed[k], t.expected[k], t.variance[[k, k]]];
                same(
                    "group",
                    &ours,
                    &[u.observed[at], u.expected[at], u.variance[[at, at]]],
                    1e-9,
                )?;
            }
            Ok(())
        })())
    });
}

#[test]
fn tests_and_a_spell_in_two_pieces() {
    cases(|rng| {
        let (whole, pieces) = Parts::random(rng).split(rng);
        let t = tests(&whole, &whole.level, 1, 1.0);
        Some(same("pieces", &t, &tests(&pieces, &pieces.level, 1, 1.0), 1e-9))
    });
}

#[test]
fn concordance_and_order_units_and_numbers() {
    cases(|rng| {
        let p = Parts::random(rng);
        let (s, uno) = (score(&p), rng.random());
        let a = harrell(&p, &s, uno, 1)?;
        let (_, shuffled) = p.shuffled(rng);
        let on = |p: &Parts, s: &[f64], cause| harrell(p, s, uno, cause).ok_or("no pairs");
        Some((|| {
            same("order", &a, &on(&shuffled, &score(&shuffled), 1)?, 1e-9)?;
            let risen: Vec<f64> = s.iter().map(|v| (0.3 * v).exp() + 5.0).collect();
            same("scale", &a, &on(&p, &risen, 1)?, 1e-9)?;
            let turned: Vec<f64> = s.iter().map(|v| -v).collect();
            let [c, good, bad, tied, se] = on(&p, &turned, 1)?;
            same("turned", &a, &[1.0 - c, bad, good, tied, se], 1e-9)?;
            same("unit", &a, &on(&p.slowed(0.5), &s, 1)?, 1e-9)?;
            same("numbers", &a, &on(&p.relabelled(rng), &s, 2)?, 1e-9)
        })())
    });
}

#[test]
fn concordance_and_rows_twice_or_in_two_pieces() {
    cases(|rng: &mut ChaCha12Rng| {
        let p = Parts::random(rng);
        let (twice, heavy) = p.doubled(rng);
        let (whole, pieces) = p.split(rng);
        let uno = rng.random();
        let a = harrell(&twice, &score(&twice), uno, 1)?;
        let b = harrell(&whole, &score(&whole), false, 1)?;
        Some((|| {
            let heavy = harrell(&heavy, &score(&heavy), uno, 1).ok_or("no pairs")?;
            same("twice", &a[..4], &heavy[..4], 1e-9)?;
            let pieces = harrell(&pieces, &score(&pieces), false, 1).ok_or("no pairs")?;
            same("pieces", &b[..4], &pieces[..4], 1e-9)
        })())
    });
}
