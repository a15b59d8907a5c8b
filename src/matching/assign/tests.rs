//! The assignment against brute force, and on awkward problems.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::*;

/// The best value by trying every choice.
fn brute(problem: &Problem) -> f64 {
    fn go(problem: &Problem, g: usize, chosen: &mut Vec<Option<usize>>, best: &mut f64) {
        if g == problem.groups() {
            if let Some(value) = problem.value(chosen) {
                *best = best.max(value);
            }
            return;
        }
        chosen[g] = None;
        go(problem, g + 1, chosen, best);
        for (k, pair) in problem.pairs().iter().enumerate() {
            if pair.group as usize == g {
                chosen[g] = Some(k);
                go(problem, g + 1, chosen, best);
            }
        }
        chosen[g] = None;
    }
    let mut best = f64::NEG_INFINITY;
    go(problem, 0, &mut vec![None; problem.groups()], &mut best);
    best
}

fn random(rng: &mut ChaCha12Rng, kind: u32) -> Problem {
    let groups = rng.random_range(1..=6);
    let families = rng.random_range(1..=5);
    let places = (0..families).map(|_| rng.random_range(0..=3)).collect();
    let size: Vec<u32> = (0..groups).map(|_| rng.random_range(1..=4)).collect();
    let mut pairs = Vec::new();
    for g in 0..groups {
        for f in 0..families {
            // Forbidden pairs are absent.
            if rng.random_range(0..100) < 70 {
                let score = match kind {
                    0 => rng.random_range(0.0..1.0) * f64::from(size[g]),
                    1 => f64::from(size[g]),
                    2 => f64::from(rng.random_range(0..3_u32)),
                    _ => rng.random_range(-1.0..1.0),
                };
                let home = rng.random_range(0..20) == 0;
                let takes = if home { size[g] - 1 } else { size[g] };
                pairs.push(Pair { group: g as u32, family: f as u32, takes, score });
            }
        }
    }
    let mut conflicts = Vec::new();
    for a in 0..groups as u32 {
        for b in 0..a {
            if rng.random_range(0..100) < 20 {
                conflicts.push((a, b));
            }
        }
    }
    Problem::new(groups, places, pairs, conflicts).unwrap()
}

#[test]
fn equals_brute_force_on_two_thousand_small_problems() {
    let mut rng = ChaCha12Rng::seed_from_u64(2026);
    for round in 0..2000 {
        let problem = random(&mut rng, round % 4);
        let best = brute(&problem);
        let solution = solve(&problem, Effort::default());
        let value = problem.value(&solution.chosen);
        assert!(value.is_some(), "round {round}: a rule is broken");
        let value = value.unwrap();
        assert!((value - best).abs() < 1e-9, "round {round}: {value} against {best}");
        assert!((solution.objective - value).abs() < 1e-12);
        assert!(solution.bound >= best - 1e-9, "round {round}: the bound is below the optimum");
        assert!(solution.is_optimal(), "round {round}: {:?}", solution.gap());
    }
}

#[test]
fn with_little_effort_the_answer_is_still_honest() {
    let mut rng = ChaCha12Rng::seed_from_u64(5);
    for round in 0..400 {
        let problem = random(&mut rng, round % 4);
        let best = brute(&problem);
        let solution = solve(&problem, Effort(u64::from(round) * 2));
        let value = problem.value(&solution.chosen).unwrap();
        assert!(value <= best + 1e-9 && solution.bound >= best - 1e-9);
        assert_eq!(solution.is_optimal(), solution.gap() <= 0.0);
    }
}

#[test]
fn nothing_to_assign_is_an_answer_and_not_an_error() {
    let none = Problem::new(0, vec![], vec![], vec![]).unwrap();
    let objective = solve(&none, Effort::default()).objective;
    assert!(objective == 0.0 && objective.is_sign_positive(), "{objective:?}");
    let no_families = Problem::new(3, vec![], vec![], vec![(0, 1)]).unwrap();
    let solution = solve(&no_families, Effort::default());
    assert_eq!(solution.chosen, vec![None; 3]);
    assert!(solution.is_optimal());
    let full =
        Problem::new(1, vec![0], vec![Pair { group: 0, family: 0, takes: 1, score: 1.0 }], vec![]);
    assert_eq!(solve(&full.unwrap(), Effort::default()).chosen, vec![None]);
}

#[test]
fn refuses_scores_that_are_no_numbers_and_pairs_that_do_not_exist() {
    let pair = |group, family, score| Pair { group, family, takes: 1, score };
    let made = |pairs| Problem::new(1, vec![1], pairs, vec![]).unwrap_err();
    assert!(matches!(made(vec![pair(0, 0, f64::NAN)]), ProblemError::Score { pair: 0, .. }));
    assert!(matches!(made(vec![pair(0, 0, f64::INFINITY)]), ProblemError::Score { .. }));
    assert!(matches!(made(vec![pair(1, 0, 1.0)]), ProblemError::Group { .. }));
    assert!(matches!(made(vec![pair(0, 7, 1.0)]), ProblemError::Family { .. }));
    assert!(matches!(
        made(vec![pair(0, 0, 1.0), pair(0, 0, 2.0)]),
        ProblemError::Duplicate { group: 0, family: 0 }
    ));
    let conflict = Problem::new(1, vec![1], vec![], vec![(0, 3)]).unwrap_err();
    assert!(matches!(conflict, ProblemError::Group { what: "conflict", .. }));
}

#[test]
fn a_regional_caseload_is_proven_optimal() {
    for (groups, families) in [(100, 150), (100, 70), (60, 60)] {
        for count in [false, true] {
            let problem = Problem::made_up(groups, families, 11, count);
            let solution = solve(&problem, Effort::default());
            assert!(problem.value(&solution.chosen).is_some());
            assert!(solution.is_optimal(), "{groups} {families} {count}: {}", solution.gap());
            let again = solve(&problem, Effort::default());
            assert_eq!(solution, again);
        }
    }
}

/// The same problem with groups and families in another order.
fn shuffled(problem: &Problem, rng: &mut ChaCha12Rng) -> Problem {
    let mut order = |n: usize| {
        let mut order: Vec<u32> = (0..n as u32).collect();
        for k in (1..n).rev() {
            order.swap(k, rng.random_range(0..=k));
        }
        order
    };
    let (groups, families) = (order(problem.groups()), order(problem.places().len()));
    let mut places = vec![0; families.len()];
    for (f, &to) in families.iter().enumerate() {
        places[to as usize] = problem.places()[f];
    }
    let pairs = problem.pairs().iter().map(|p| Pair {
        group: groups[p.group as usize],
        family: families[p.family as usize],
        ..*p
    });
    Problem::new(groups.len(), places, pairs.collect(), Vec::new()).unwrap()
}

#[test]
fn more_children_than_places_give_one_optimum_whatever_the_order() {
    let mut rng = ChaCha12Rng::seed_from_u64(12);
    for seed in 0..6 {
        let problem = Problem::made_up(150, 105, seed, false);
        let solution = solve(&problem, Effort::default());
        assert!(solution.is_optimal(), "seed {seed}: {}", solution.gap());
        for _ in 0..2 {
            let other = solve(&shuffled(&problem, &mut rng), Effort::default());
            assert!(other.is_optimal());
            let off = (other.objective - solution.objective).abs();
            assert!(off < 1e-9, "seed {seed}: {} {}", other.objective, solution.objective);
        }
    }
}

#[test]
fn the_most_children_placed_are_proven_in_a_region_of_equal_scores() {
    for seed in 0..3 {
        let problem = Problem::made_up(200, 140, seed, true);
        let solution = solve(&problem, Effort::default());
        assert!(problem.value(&solution.chosen).is_some());
        assert!(solution.is_optimal(), "seed {seed}: {}", solution.gap());
        // Weights in halves are counted in halves.
        let halves = problem.pairs().iter().map(|p| Pair { score: p.score * 1.5, ..*p });
        let places = problem.places().to_vec();
        let other = Problem::new(200, places, halves.collect(), Vec::new()).unwrap();
        let weighted = solve(&other, Effort::default());
        assert!(weighted.is_optimal());
        assert!((weighted.objective - 1.5 * solution.objective).abs() < 1e-9);
    }
}

/// The same problem, where groups that want one family may often not share it.
fn with_conflicts(problem: &Problem, seed: u64) -> Problem {
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    let mut pairs = problem.pairs().to_vec();
    pairs.sort_by_key(|p| p.family);
    let conflicts = pairs
        .windows(2)
        .filter(|w| w[0].family == w[1].family && rng.random_range(0..8) == 0)
        .map(|w| (w[0].group, w[1].group))
        .collect();
    let places = problem.places().to_vec();
    Problem::new(problem.groups(), places, problem.pairs().to_vec(), conflicts).unwrap()
}

/// An answer to the last bit: what is chosen, every number, and the work that was counted.
fn bits(solution: &Solution) -> (&[Option<usize>], u64, [u64; 2], Vec<u64>) {
    let Solution { chosen, objective, bound, group_prices, work } = solution;
    let prices = group_prices.iter().map(|p| p.to_bits()).collect();
    (chosen, *work, [objective.to_bits(), bound.to_bits()], prices)
}

#[test]
fn any_number_of_threads_gives_the_same_answer_to_the_last_bit() {
    let short = Problem::made_up(150, 105, 4, false);
    let many = Effort::default();
    // Places to spare, too few, children who may not live together, equal scores; and an effort that
    // ends within the relaxation, the dive or the search.
    let cases = [
        (Problem::made_up(200, 300, 3, false), many),
        (with_conflicts(&Problem::made_up(120, 120, 8, false), 1), many),
        (with_conflicts(&Problem::made_up(100, 70, 9, true), 2), many),
        (Problem::made_up(120, 84, 5, true), many),
        (short.clone(), Effort(20_000)),
        (short.clone(), Effort(60_000)),
        (short.clone(), Effort(150_000)),
        (short, many),
    ];
    let outside: Vec<Solution> = cases.iter().map(|(p, effort)| solve(p, *effort)).collect();
    assert!(outside.iter().any(Solution::is_optimal) && !outside.iter().all(Solution::is_optimal));
    for threads in [1, 2, 3, 4, 7, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        for (k, ((problem, effort), expected)) in cases.iter().zip(&outside).enumerate() {
            let inside = pool.install(|| solve(problem, *effort));
            assert_eq!(bits(&inside), bits(expected), "case {k} on {threads} threads");
        }
        // Where other work runs beside it.
        let beside =
            pool.install(|| rayon::join(|| solve(&cases[0].0, many), || solve(&cases[1].0, many)));
        assert_eq!((bits(&beside.0), bits(&beside.1)), (bits(&outside[0]), bits(&outside[1])));
    }
}
