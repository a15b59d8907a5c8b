//! All ways in one problem against every way on its own, each by brute force.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::*;
use crate::progress::Silent;

/// A random problem: sets of siblings of whom 1 to `exceptions` may be placed apart, and single
/// children, among families with few places.
struct Random {
    problem: Problem,
    sets: Vec<Vec<Way>>,
}

impl Random {
    /// Each piece may go to each family with a chance of `open` in 100; `count`: scores are sizes.
    fn new(
        rng: &mut ChaCha12Rng,
        (sets, singles, families): (usize, usize, u32),
        exceptions: usize,
        open: u32,
        count: bool,
    ) -> Self {
        let price = [0.0, 0.05, 0.3, 2.0][rng.random_range(0..4)];
        let mut groups: Vec<u32> = vec![1; singles];
        let mut of_set = Vec::new();
        for _ in 0..sets {
            let (k, core) = (rng.random_range(1..=exceptions), rng.random_range(0..=2_u32));
            let k = if core == 0 { k.max(2) } else { k };
            let mut ways: Vec<Way> = Vec::new();
            let alone = groups.len();
            groups.resize(alone + k, 1);
            for together in 0..1_usize << k {
                let with = together.count_ones();
                if core == 0 && with == 1 {
                    continue;
                }
                let apart = k as u32 - with;
                let mut pieces: Vec<usize> =
                    (0..k).filter(|i| together >> i & 1 == 0).map(|i| alone + i).collect();
                if core + with > 0 {
                    pieces.push(groups.len());
                    groups.push(core + with);
                }
                let cost = if core == 0 && with == 0 { apart - 1 } else { apart };
                let cost = if count { 0.0 } else { price * f64::from(cost) };
                ways.push(Way { pieces, cost });
            }
            of_set.push(ways);
        }
        let places: Vec<u32> = (0..families).map(|_| rng.random_range(0..=3)).collect();
        let mut pairs = Vec::new();
        for (g, &size) in groups.iter().enumerate() {
            for f in 0..families {
                if rng.random_range(0..100) < open {
                    let share = if count { 1.0 } else { rng.random_range(0.6..1.0) };
                    let score = f64::from(size) * share;
                    pairs.push(Pair { group: g as u32, family: f, takes: size, score });
                }
            }
        }
        let n = groups.len() as u32;
        let clash = |rng: &mut ChaCha12Rng| (rng.random_range(0..n), rng.random_range(0..n));
        let conflicts = (0..n / 4).map(|_| clash(rng)).collect();
        let problem = Problem::new(groups.len(), places, pairs, conflicts).unwrap();
        Self { problem, sets: of_set }
    }

    /// The best over every way of every set and every assignment.
    fn brute(&self) -> f64 {
        let pieces: Vec<usize> =
            self.sets.iter().flatten().flat_map(|w| w.pieces.clone()).collect();
        let singles: Vec<usize> =
            (0..self.problem.groups()).filter(|g| !pieces.contains(g)).collect();
        let mut best = f64::NEG_INFINITY;
        self.ways(0, singles, 0.0, &mut best);
        best
    }

    fn ways(&self, set: usize, groups: Vec<usize>, cost: f64, best: &mut f64) {
        let Some(ways) = self.sets.get(set) else {
            let mut chosen = vec![None; self.problem.groups()];
            return self.assign(&groups, -cost, &mut chosen, best);
        };
        for way in ways {
            let mut groups = groups.clone();
            groups.extend(&way.pieces);
            self.ways(set + 1, groups, cost + way.cost, best);
        }
    }

    /// Every assignment of some groups that could still be better than the best.
    fn assign(&self, left: &[usize], so_far: f64, chosen: &mut [Option<usize>], best: &mut f64) {
        let top = |g: &usize| {
            let own = self.problem.pairs().iter().filter(|p| p.group as usize == *g);
            own.map(|p| p.score).fold(0.0, f64::max)
        };
        if so_far + left.iter().map(top).sum::<f64>() <= *best
            || self.problem.value(chosen).is_none()
        {
            return;
        }
        let Some((&g, rest)) = left.split_first() else {
            *best = so_far;
            return;
        };
        for (k, pair) in self.problem.pairs().iter().enumerate() {
            if pair.group as usize == g {
                chosen[g] = Some(k);
                self.assign(rest, so_far + pair.score, chosen, best);
            }
        }
        chosen[g] = None;
        self.assign(rest, so_far, chosen, best);
    }

    /// What a choice is worth, if the placed pieces of each set are all of one way.
    fn value(&self, chosen: &[Option<usize>]) -> Option<f64> {
        let scores = self.problem.value(chosen)?;
        let mut cost = 0.0;
        for ways in &self.sets {
            let of_set = ways.iter().flat_map(|w| &w.pieces);
            let placed: Vec<usize> = of_set.copied().filter(|&p| chosen[p].is_some()).collect();
            let could = ways.iter().filter(|w| placed.iter().all(|p| w.pieces.contains(p)));
            cost += could.map(|w| w.cost).min_by(f64::total_cmp)?;
        }
        Some(scores - cost)
    }
}

#[test]
fn one_problem_is_the_best_of_all_ways_and_all_assignments() {
    let mut rng = ChaCha12Rng::seed_from_u64(51);
    for round in 0..400 {
        let size = (rng.random_range(2..=4), rng.random_range(0..=3), rng.random_range(2..=4));
        let exceptions = if size.0 > 2 { 1 } else { 3 };
        let random = Random::new(&mut rng, size, exceptions, 45, round % 3 == 0);
        let best = random.brute();
        let solution = solve_ways(&random.problem, &random.sets, Effort::default(), &Silent);
        let value = random.value(&solution.chosen);
        assert!(value.is_some(), "round {round}: a rule is broken");
        assert!((value.unwrap() - best).abs() < 1e-9, "round {round}: {value:?} against {best}");
        assert!((solution.objective - best).abs() < 1e-9, "round {round}");
        assert!(solution.is_optimal() && solution.bound >= best - 1e-9, "round {round}");
        let little = solve_ways(&random.problem, &random.sets, Effort(round), &Silent);
        let value = random.value(&little.chosen).unwrap();
        assert!(little.objective <= value + 1e-9 && value <= best + 1e-9, "round {round}");
        assert!(little.bound >= best - 1e-9, "round {round}: the bound is below the optimum");
    }
}
