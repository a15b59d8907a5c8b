//! Worth by hand, in worlds where the truth is known, and where it must be refused.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::*;

/// Two families for each choice; the first is chosen with chance `p` and breaks down with risk
/// `risk.0`, the other with `risk.1`.
fn two(n: usize, p: f64, risk: (f64, f64), seed: u64) -> Vec<Past> {
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    (0..n)
        .map(|k| {
            let chosen = usize::from(rng.random::<f64>() >= p);
            let r = if chosen == 0 { risk.0 } else { risk.1 };
            Past {
                choice: Chosen { options: vec![vec![1.0], vec![0.0]], chosen },
                first: true,
                outcome: f64::from(u8::from(rng.random::<f64>() < r)),
                weight: 1.0,
                cluster: (k % 60) as u32,
                unit: k as u32,
                stratum: 0,
            }
        })
        .collect()
}

/// A model that knows which family is better.
fn knows(_: &[&Past], test: &[&Past]) -> Vec<Vec<f64>> {
    test.iter().map(|p| p.choice.options.iter().map(|o| 0.4 - 0.2 * o[0]).collect()).collect()
}

#[test]
fn a_real_effect_is_found_at_its_size() {
    // Chosen half of the time: history 0.3, always the first 0.2.
    let mut covered = 0;
    for seed in 0..40 {
        let pasts = two(800, 0.5, (0.2, 0.4), seed);
        let worth = evaluate(&pasts, &knows, 0.95).unwrap();
        let lowest = &worth[0];
        assert_eq!((lowest.policy, lowest.refused), ("lowest_risk", None));
        let e = lowest.estimates[2];
        assert!((e.reduction - 0.1).abs() < 0.07, "{e:?}");
        assert!(e.lower > 0.0, "{e:?}");
        covered += u32::from(e.lower <= 0.1 && 0.1 <= e.upper);
        assert!((lowest.effective_sample_size - 400.0).abs() < 60.0);
    }
    assert!(covered >= 34, "{covered} of 40");
}

#[test]
fn outcomes_that_are_known_more_often_for_some_children_are_no_gain() {
    // Which family is chosen changes nothing; half of the children break down at 0.5 and are always
    // known, the others at 0.1 and are known half of the time.
    let mut mean = 0.0;
    for seed in 0..20 {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let mut pasts = two(800, 0.5, (0.3, 0.3), seed);
        for (k, p) in pasts.iter_mut().enumerate() {
            let high = k % 2 == 0;
            p.outcome = f64::from(u8::from(rng.random::<f64>() < if high { 0.5 } else { 0.1 }));
            p.weight = f64::from(u8::from(high || rng.random::<f64>() < 0.5));
            p.choice.options.iter_mut().for_each(|o| o.push(f64::from(u8::from(high))));
        }
        let by_child = |_: &[&Past], test: &[&Past]| -> Vec<Vec<f64>> {
            let risk = |o: &Vec<f64>| 0.12 + 0.4 * o[1] - 0.04 * o[0];
            test.iter().map(|p| p.choice.options.iter().map(risk).collect()).collect()
        };
        let leaning = evaluate(&pasts, &by_child, 0.95).unwrap().remove(1);
        mean += leaning.estimates[2].reduction / 20.0;
    }
    assert!(mean.abs() < 0.012, "{mean}");
}

#[test]
fn by_hand_the_weights_are_the_inverse_of_the_shares() {
    // Without noise in the shares: 3 of 4 take the first, 1 of 4 of these breaks down, half of
    // the others. History: (0.75 · 0.25 + 0.25 · 0.5) = 0.3125; always the first: 0.25.
    let pasts: Vec<Past> = (0..1600)
        .map(|k| {
            let chosen = usize::from(k % 4 == 3);
            let broke = if chosen == 0 { (k / 4) % 4 == 0 } else { (k / 4) % 2 == 0 };
            Past {
                choice: Chosen { options: vec![vec![1.0], vec![0.0]], chosen },
                first: true,
                outcome: f64::from(u8::from(broke)),
                weight: 1.0,
                cluster: (k / 16) as u32,
                unit: k as u32,
                stratum: 0,
            }
        })
        .collect();
    let worth = evaluate(&pasts, &knows, 0.95).unwrap();
    let share = pasts.iter().filter(|p| p.outcome > 0.0).count() as f64 / 1600.0;
    assert!((share - 0.3125).abs() < 1e-12);
    for e in &worth[0].estimates {
        assert!((e.reduction - 0.0625).abs() < 2e-3, "{e:?}");
        assert!(e.lower <= e.reduction && e.reduction <= e.upper);
    }
    // 1200 of 1600 carry equal weights.
    assert!((worth[0].effective_sample_size - 1200.0).abs() < 1e-6);
    assert!(worth[1].estimates.last().unwrap().reduction > 0.0);
}

#[test]
fn among_many_families_every_chance_is_small_and_what_leaning_changes_is_still_told() {
    // 120 families, each chosen as often; half of them at a risk of 0.2, half at 0.4. Leaning gives
    // the first 1/0.25 = 4 and the others 1.5 of each 5.5: 0.3 − (8/11 · 0.2 + 3/11 · 0.4).
    let truth = 0.3 - (8.0 / 11.0 * 0.2 + 3.0 / 11.0 * 0.4);
    let (mut mean, mut covered) = (0.0, 0);
    for seed in 0..8 {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let past = |k: usize| {
            let chosen = rng.random_range(0..120);
            let risk = if chosen % 2 == 0 { 0.2 } else { 0.4 };
            let options = (0..120).map(|f| vec![f64::from(u8::from(f % 2 == 0))]).collect();
            Past {
                choice: Chosen { options, chosen },
                first: true,
                outcome: f64::from(u8::from(rng.random::<f64>() < risk)),
                weight: 1.0,
                cluster: (k % 60) as u32,
                unit: k as u32,
                stratum: 0,
            }
        };
        let pasts: Vec<Past> = (0..400).map(past).collect();
        let leaning = evaluate(&pasts, &knows, 0.95).unwrap().remove(1);
        assert_eq!((leaning.policy, leaning.refused), ("leaning", None));
        let e = leaning.estimates[2];
        mean += e.reduction / 8.0;
        covered += u32::from(e.lower <= truth && truth <= e.upper);
    }
    // An estimate has an error of about 0.014, their mean one of 0.005.
    assert!((mean - truth).abs() < 0.015, "{mean} against {truth}");
    assert!(covered >= 6, "{covered} of 8");
}

#[test]
fn without_overlap_or_with_too_few_there_is_no_number() {
    let refused = |pasts: &[Past]| evaluate(pasts, &knows, 0.95).unwrap()[0].clone();
    // The better family was chosen twice in a thousand.
    let rare = refused(&two(1000, 0.002, (0.2, 0.4), 3));
    assert_eq!(rare.refused, Some("no_overlap"));
    assert!(rare.estimates.is_empty() && rare.without_overlap > 0.9);
    let thin = refused(&two(400, 0.05, (0.2, 0.4), 3));
    assert_eq!(thin.refused, Some("too_few_effective"));
    assert!(evaluate(&two(FEWEST_CHOICES - 1, 0.5, (0.2, 0.4), 1), &knows, 0.95).is_none());
    let alike = refused(&two(500, 0.5, (0.0, 0.0), 1));
    assert_eq!((alike.refused, alike.estimates.len()), (Some("same_outcomes"), 0));
    let mut unknown = two(500, 0.5, (0.2, 0.4), 1);
    unknown.iter_mut().for_each(|p| p.weight = 0.0);
    assert!(evaluate(&unknown, &knows, 0.95).is_none(), "no outcome is known");
    assert!(evaluate(&[], &knows, 0.95).is_none());
}

#[test]
fn exchanged_outcomes_are_worth_nothing_where_the_true_ones_are_worth_something() {
    let pasts = two(600, 0.5, (0.15, 0.45), 11);
    let real = evaluate(&pasts, &knows, 0.95).unwrap()[1].estimates[2];
    assert!(real.lower > 0.02, "{real:?}");
    let p = placebo(&pasts, &knows, 60, 5, 0.95).unwrap();
    assert!(p.mean.abs() < 4.0 * p.error + 1e-3, "{p:?}");
    assert!(p.coverage > 0.85, "{p:?}");
}

#[test]
fn a_placebo_that_finds_something_is_noticed() {
    // Whom the worker takes follows what no column tells: of each pair the first is the better by
    // the model, and it is taken where the child is of a kind that breaks down seldom.
    let mut rng = ChaCha12Rng::seed_from_u64(9);
    let past = |k: usize| {
        let easy = k.is_multiple_of(2);
        let chosen = usize::from(rng.random::<f64>() < if easy { 0.1 } else { 0.9 });
        Past {
            choice: Chosen { options: vec![vec![1.0], vec![0.0]], chosen },
            first: true,
            outcome: f64::from(u8::from(rng.random::<f64>() < if easy { 0.1 } else { 0.6 })),
            weight: 1.0,
            cluster: (k % 60) as u32,
            unit: k as u32,
            stratum: (k % 2) as u32,
        }
    };
    let pasts: Vec<Past> = (0..800).map(past).collect();
    let fails = placebo(&pasts, &knows, 40, 5, 0.95).unwrap();
    assert!(fails.mean > 0.05 && !fails.passes(0.95), "{fails:?}");
    let sound = placebo(&two(800, 0.5, (0.3, 0.3), 2), &knows, 40, 5, 0.95).unwrap();
    assert!(sound.passes(0.95), "{sound:?}");
}

#[test]
fn in_the_null_world_the_model_promises_much_and_the_intervals_hold_zero() {
    let found = null_worlds(500, 600, 1, 0.95);
    assert!(found.model_claims > 0.25, "{}", found.model_claims);
    assert_eq!(found.methods.len(), 6);
    for m in &found.methods {
        assert!(m.worlds >= 450, "{m:?}");
        // Two and a half times the error of a share of 500.
        assert!((m.coverage - 0.95).abs() < 0.025, "{m:?}");
        assert!(m.mean.abs() < 0.01, "{m:?}");
    }
    assert_eq!(null_worlds(3, 300, 1, 0.95), null_worlds(3, 300, 1, 0.95));
}

#[test]
fn children_who_were_placed_together_are_one_choice_for_all_of_them() {
    let h = crate::simulate::simulate(&crate::simulate::Scenario::base(), 900, 4).history;
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/example.json");
    let model = Model::read(&path).unwrap();
    let (index, rules) = (Index::new(&h), Rules::parse("").unwrap());
    let own = definition(&model).unwrap();
    let rebuilt = rebuild(&model, &own, &h, &index, &rules, h.window.extraction).unwrap();
    assert_eq!(rebuilt.pasts.len() + rebuilt.outside_rules + rebuilt.only_one, rebuilt.placed);
    let mut of: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (k, stay) in rebuilt.stays.iter().enumerate() {
        let request = h.requests.iter().find(|r| r.placed_stay == Some(*stay)).unwrap();
        let row = h.stay(*stay);
        if let Some(group) = request.group {
            of.entry((row.start, row.family, group)).or_default().push(k);
        } else {
            assert!(rebuilt.pasts[k].first);
        }
    }
    of.retain(|_, members| members.len() > 1);
    assert!(of.len() > 5, "{}", of.len());
    let free = COLUMNS.iter().position(|c| *c == "places_free").unwrap();
    for members in of.values() {
        let first = &rebuilt.pasts[members[0]];
        for &k in members {
            let past = &rebuilt.pasts[k];
            assert_eq!((&past.choice, past.unit), (&first.choice, first.unit));
            assert_eq!(past.cluster, first.cluster);
            assert_eq!(rebuilt.families[k], rebuilt.families[members[0]]);
        }
        assert_eq!(members.iter().filter(|&&k| rebuilt.pasts[k].first).count(), 1);
        // Every family that could be chosen had a place for each of them.
        assert!(first.choice.options.iter().all(|x| x[free] >= members.len() as f64));
    }
}
