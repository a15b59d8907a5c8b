//! The chance of a yes by hand, and on simulated families whose chances are known.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rand_distr::{Beta as BetaDraw, Distribution};

use super::*;

fn answers(of: &[(u32, u32)]) -> Vec<Answers> {
    of.iter().map(|&(asked, yes)| Answers { asked, yes }).collect()
}

#[test]
fn with_few_answers_or_one_sided_ones_there_is_no_estimate() {
    assert!(Acceptance::fit(&answers(&[(20, 10), (9, 3)])).is_none());
    assert!(Acceptance::fit(&answers(&[(40, 40)])).is_none());
    assert!(Acceptance::fit(&answers(&[(40, 0), (10, 0)])).is_none());
    assert!(Acceptance::fit(&[]).is_none());
    assert!(Acceptance::fit(&answers(&[(20, 10), (10, 3)])).is_some());
}

#[test]
fn by_hand_two_families_that_differ() {
    // 20 offers each, 18 and 2 yes: rate 0.5; spread 20·0.16·2 = 6.4; (6.4 − 0.25)/(0.25·19).
    let m = Acceptance::fit(&answers(&[(20, 18), (20, 2)])).unwrap();
    assert_eq!(m.rate, 0.5);
    let rho = (6.4_f64 - 0.25) / (0.25 * (40.0 - 20.0 - 1.0));
    assert!(rho > 1.0, "more than any beta can spread: the floor of 2 holds");
    assert_eq!(m.strength, 2.0);
    let c = m.chance(Answers { asked: 20, yes: 18 });
    assert!((c.estimate - 19.0 / 22.0).abs() < 1e-12);
    // Beta(19, 3): the interval by R's qbeta(c(.025, .975), 19, 3).
    assert!((c.lower - 0.696_225_6).abs() < 1e-6 && (c.upper - 0.969_511_0).abs() < 1e-6, "{c:?}");
    // A family that was never asked has the rate of all, and a wide interval.
    let new = m.chance(Answers::default());
    assert!((new.estimate - 0.5).abs() < 1e-12 && new.upper - new.lower > 0.9);
}

#[test]
fn the_shrunken_chance_is_nearer_the_truth_than_the_bare_share_and_its_interval_covers() {
    let mut rng = ChaCha12Rng::seed_from_u64(9);
    let truth = BetaDraw::new(3.0, 2.0).unwrap();
    let (mut bare, mut shrunk, mut covered, mut n) = (0.0, 0.0, 0, 0);
    for _ in 0..40 {
        let p: Vec<f64> = (0..80).map(|_| truth.sample(&mut rng)).collect();
        let of: Vec<Answers> = p
            .iter()
            .map(|&p| {
                let asked = rng.random_range(1..=6);
                let yes = (0..asked).filter(|_| rng.random::<f64>() < p).count() as u32;
                Answers { asked, yes }
            })
            .collect();
        let m = Acceptance::fit(&of).unwrap();
        for (p, a) in p.iter().zip(&of) {
            let c = m.chance(*a);
            bare += (f64::from(a.yes) / f64::from(a.asked) - p).powi(2);
            shrunk += (c.estimate - p).powi(2);
            covered += u32::from(c.lower <= *p && *p <= c.upper);
            n += 1;
        }
    }
    assert!(shrunk < 0.6 * bare, "{shrunk} {bare}");
    let coverage = f64::from(covered) / f64::from(n);
    assert!((0.92..0.98).contains(&coverage), "{coverage}");
}

#[test]
fn a_family_at_its_limit_lets_the_next_go_first() {
    let call = |f: &str, said_yes| Call { family: f.into(), says_yes: None, said_yes };
    let shown = BTreeMap::from([("a", (3, 2)), ("b", (3, 2)), ("c", (1, 0))]);
    let mut list = vec![call("a", false), call("b", false), call("c", false)];
    assert_eq!(cap(&mut list, Some(2), &shown).unwrap(), "a");
    let order: Vec<&str> = list.iter().map(|c| c.family.as_str()).collect();
    assert_eq!(order, ["c", "a", "b"]);
    // A yes stays a yes; without another family the first stays; without a limit all stay.
    assert!(cap(&mut [call("a", true), call("c", false)], Some(2), &shown).is_none());
    assert!(cap(&mut [call("a", false), call("b", false)], Some(2), &shown).is_none());
    assert!(cap(&mut [call("a", false), call("c", false)], None, &shown).is_none());
}
