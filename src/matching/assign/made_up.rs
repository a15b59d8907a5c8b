//! Problems made up of nothing, to try and to time the assignment on.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::{Pair, Problem};

/// The families nearest to a group that it may go to.
const NEAREST: usize = 15;

impl Problem {
    /// A random geometric problem, always the same for the same numbers: groups of 1 to 4 children
    /// (65, 22, 10 and 3 %) and families of 1 to 3 places lie in a square, and a group may go to
    /// the 15 nearest families with places enough. A score is uniform in [0, 1) per child, or with
    /// `count` simply 1 per child.
    ///
    /// ```
    /// use pleegzorg::matching::assign::{Effort, Problem, solve};
    /// let solution = solve(&Problem::made_up(30, 20, 1, false), Effort::default());
    /// assert!(solution.is_optimal());
    /// ```
    #[must_use]
    pub fn made_up(groups: usize, families: usize, seed: u64, count: bool) -> Self {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let mut point = || (rng.random_range(0.0..1.0_f64), rng.random_range(0.0..1.0_f64));
        let at: Vec<_> = (0..groups).map(|_| point()).collect();
        let home: Vec<_> = (0..families).map(|_| point()).collect();
        let size: Vec<u32> = (0..groups)
            .map(|_| match rng.random_range(0..100) {
                0..65 => 1,
                65..87 => 2,
                87..97 => 3,
                _ => 4,
            })
            .collect();
        let places: Vec<u32> = (0..families).map(|_| rng.random_range(1..=3)).collect();
        let mut pairs = Vec::new();
        for g in 0..groups {
            let mut near: Vec<(f64, usize)> = (0..families)
                .map(|f| ((at[g].0 - home[f].0).hypot(at[g].1 - home[f].1), f))
                .filter(|&(_, f)| places[f] >= size[g])
                .collect();
            near.sort_by(|a, b| a.0.total_cmp(&b.0));
            for &(_, f) in near.iter().take(NEAREST) {
                let share = if count { 1.0 } else { rng.random_range(0.0..1.0) };
                let score = f64::from(size[g]) * share;
                pairs.push(Pair { group: g as u32, family: f as u32, takes: size[g], score });
            }
        }
        match Self::new(groups, places, pairs, Vec::new()) {
            Ok(problem) => problem,
            Err(error) => unreachable!("families of a group are distinct: {error}"),
        }
    }
}
