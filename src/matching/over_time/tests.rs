//! Policies by hand, and against every plan of small streams.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::*;

fn arrival(day: i32, stay: i32, options: &[(u32, f64)]) -> Arrival {
    Arrival { day, children: 1, weight: 1.0, stay, options: options.to_vec() }
}

fn home(places: u32) -> Home {
    Home { places, from: 0, to: None, taken: Vec::new() }
}

fn of(found: &OverTime, policy: Policy) -> &PolicyResult {
    found.policies.iter().find(|p| p.policy == policy).unwrap()
}

#[test]
fn by_hand_first_come_takes_the_first_and_greedy_the_best_family() {
    let stream = Stream {
        arrivals: vec![
            arrival(0, 100, &[(0, 0.5), (1, 0.9)]),
            arrival(3, 10, &[(0, 0.6), (1, 0.8)]),
            // Nobody but the first family, which is taken until day 100 or 13.
            arrival(5, 10, &[(0, 0.7)]),
        ],
        homes: vec![home(1), home(1)],
        days: 10,
    };
    let terms = Terms { daily_cost: 0.001, ..Terms::default() };
    let found = replay(&stream, terms).unwrap();
    let first = of(&found, Policy::FirstCome);
    // 0.5 at once, 0.8 at once, 0.7 after 95 days.
    assert_eq!((first.placed, first.unplaced), (3, 0));
    assert!((first.stable - 2.0).abs() < 1e-12);
    assert!((first.waiting_mean.unwrap() - 95.0 / 3.0).abs() < 1e-12);
    assert!((first.value - (2.0 - 0.095)).abs() < 1e-12);
    let greedy = of(&found, Policy::Greedy);
    // 0.9 at once, 0.6 at once until day 13, 0.7 after 8 days.
    assert!((greedy.stable - 2.2).abs() < 1e-12);
    assert!((greedy.value - (2.2 - 0.008)).abs() < 1e-12);
    assert_eq!(greedy.waiting_p90, Some(8));
}

/// The best value by trying every request, family and day, in every order.
fn brute(stream: &Stream, terms: Terms) -> f64 {
    fn fits(stream: &Stream, chosen: &[Option<(u32, i32)>]) -> bool {
        (0..stream.days + 400).all(|day| {
            (0..stream.homes.len() as u32).all(|h| {
                let here = |(a, c): (&Arrival, &Option<(u32, i32)>)| match c {
                    Some((at, start)) if *at == h && *start <= day && day < start + a.stay => {
                        a.children
                    }
                    _ => 0,
                };
                let taken: u32 = stream.arrivals.iter().zip(chosen).map(here).sum();
                taken <= stream.homes[h as usize].places
            })
        })
    }
    fn go(s: &Stream, t: Terms, chosen: &mut Vec<Option<(u32, i32)>>, value: f64, best: &mut f64) {
        let g = chosen.len();
        if g == s.arrivals.len() {
            if value > *best && fits(s, chosen) {
                *best = value;
            }
            return;
        }
        let a = &s.arrivals[g];
        chosen.push(None);
        go(s, t, chosen, value, best);
        chosen.pop();
        for &(h, stable) in &a.options {
            if a.children > s.homes[h as usize].places {
                continue;
            }
            for wait in 0..=t.patience {
                let worth = stable + t.daily_cost * f64::from(t.patience - wait);
                chosen.push(Some((h, a.day + wait)));
                go(s, t, chosen, value + f64::from(a.children) * worth, best);
                chosen.pop();
            }
        }
    }
    let mut best = 0.0;
    go(stream, terms, &mut Vec::new(), 0.0, &mut best);
    best
}

#[test]
fn no_policy_is_above_the_best_plan_and_the_bound_is_never_below_it() {
    let mut rng = ChaCha12Rng::seed_from_u64(12);
    for round in 0..40 {
        let homes: Vec<Home> = (0..2).map(|_| home(rng.random_range(1..=2))).collect();
        let mut arrivals: Vec<Arrival> = (0..3)
            .map(|_| {
                let mut options: Vec<(u32, f64)> =
                    (0..2).map(|h| (h, rng.random_range(0.1..0.9))).collect();
                options.retain(|_| rng.random::<f64>() < 0.8);
                let children = [1, 1, 2][rng.random_range(0..3)];
                let stay = rng.random_range(1..8);
                Arrival { children, ..arrival(rng.random_range(0..4), stay, &options) }
            })
            .collect();
        arrivals.sort_by_key(|a| a.day);
        let stream = Stream { arrivals, homes, days: 4 };
        let terms = Terms { daily_cost: 0.02, patience: 5, batch_days: 2, ..Terms::default() };
        let found = replay(&stream, terms).unwrap();
        let best = brute(&stream, terms);
        let nothing = lost(&stream, terms);
        assert!(found.hindsight_bound + nothing >= best - 1e-9, "round {round}");
        for p in &found.policies {
            assert!(p.value + nothing <= best + 1e-9, "round {round}: {p:?}");
        }
    }
}

#[test]
fn a_made_up_stream_is_lived_by_all_and_gives_the_same_twice() {
    let stream = Stream::made_up(300, 3, 4);
    assert!(stream.check().is_ok());
    let found = replay(&stream, Terms::default()).unwrap();
    assert_eq!(found.policies.len(), Policy::ALL.len());
    for p in &found.policies {
        assert_eq!(p.placed + p.unplaced, found.children);
        assert!(p.of_hindsight.unwrap() <= 1.0 + 1e-9, "{p:?}");
        assert!(p.placed * 2 > found.children, "{p:?}");
    }
    let share = |p| of(&found, p).of_hindsight.unwrap();
    assert!(share(Policy::Greedy) > share(Policy::FirstCome));
    assert!(of(&found, Policy::Batch).waiting_mean > of(&found, Policy::Greedy).waiting_mean);
    assert_eq!(found, replay(&stream, Terms::default()).unwrap());
}

#[test]
fn numbers_that_are_no_stream_and_an_empty_one_are_told() {
    let good = Stream { arrivals: vec![arrival(0, 1, &[(0, 0.5)])], homes: vec![home(1)], days: 1 };
    assert!(replay(&good, Terms::default()).is_ok());
    let bad = |change: &dyn Fn(&mut Arrival)| {
        let mut s = good.clone();
        change(&mut s.arrivals[0]);
        replay(&s, Terms::default()).unwrap_err().kind()
    };
    assert_eq!(bad(&|a| a.day = 9), ErrorKind::Usage);
    assert_eq!(bad(&|a| a.children = 0), ErrorKind::Usage);
    assert_eq!(bad(&|a| a.stay = 0), ErrorKind::Usage);
    assert_eq!(bad(&|a| a.weight = f64::NAN), ErrorKind::Usage);
    assert_eq!(bad(&|a| a.options[0].0 = 7), ErrorKind::Usage);
    assert_eq!(bad(&|a| a.options[0].1 = f64::NAN), ErrorKind::Usage);
    let nan = Terms { daily_cost: f64::NAN, ..Terms::default() };
    assert!(replay(&good, nan).is_err());
    let empty = Stream { arrivals: vec![], homes: vec![], days: 1 };
    let found = replay(&empty, Terms::default()).unwrap();
    assert!(found.policies.iter().all(|p| p.of_hindsight.is_none() && p.waiting_mean.is_none()));
    // Without any family everybody leaves.
    let none = Stream { arrivals: vec![arrival(0, 1, &[])], homes: vec![], days: 1 };
    assert!(replay(&none, Terms::default()).unwrap().policies.iter().all(|p| p.unplaced == 1));
}
