//! Predictions of rows by the trees that did not see them, and what a column is worth to them.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha12Rng;
use rayon::prelude::*;

use super::{Bins, Draws, SurvivalForest};

/// The training rows of a forest as it needs them to look back. It is not part of the forest: a
/// model file never holds it.
pub struct OutOfBag {
    pub(super) bins: Bins,
    pub(super) draws: Draws,
}

/// Streams of shuffles lie behind those of trees and halves.
const SHUFFLES: u64 = 1 << 33;
/// Trees that are added up by one thread: fixed, so that sums do not depend on threads.
const CHUNK: usize = 8;

impl OutOfBag {
    /// The probability of a cause (counted from 1) by a time from the first edge on, for every
    /// training row: the mean of the trees that drew no row of its cluster. `None` where all
    /// trees did, and everywhere where the time lies outside the grid.
    #[must_use]
    pub fn risks(&self, forest: &SurvivalForest, cause: usize, by: f64) -> Vec<Option<f64>> {
        self.shuffled(forest, cause, by, &[], 0)
    }

    /// The same after the bins of some columns were shuffled among rows, all in the same way: what
    /// the forest would say without them. Differs by `seed`.
    #[must_use]
    pub fn shuffled(
        &self,
        forest: &SurvivalForest,
        cause: usize,
        by: f64,
        columns: &[usize],
        seed: u64,
    ) -> Vec<Option<f64>> {
        let n = self.draws.cluster.len();
        let Some((place, k)) = forest
            .edges
            .first()
            .and_then(|&first| forest.places(first, by))
            .zip(cause.checked_sub(1).filter(|&k| k < forest.causes))
        else {
            return vec![None; n];
        };
        let mut from: Vec<u32> = (0..n as u32).collect();
        if !columns.is_empty() {
            let mut rng = ChaCha12Rng::seed_from_u64(self.draws.seed ^ seed);
            rng.set_stream(SHUFFLES);
            from.shuffle(&mut rng);
        }
        let trees: Vec<usize> = (0..forest.trees.len()).collect();
        let sums: Vec<Vec<(f64, u32)>> = trees
            .par_chunks(CHUNK)
            .map(|chunk| {
                let mut sums = vec![(0.0, 0); n];
                for &t in chunk {
                    let own = &forest.trees[t];
                    let state = |l: &super::Leaf| {
                        l.states(&forest.all, forest.causes, place.0, place.1)[1].incidence[k]
                    };
                    let value: Vec<f64> = own.leaves.iter().map(state).collect();
                    let (drawn, _) = self.draws.of(t);
                    for row in (0..n).filter(|&r| drawn[r] == 0) {
                        let leaf = own.tree.leaf(|c| {
                            let of = if columns.contains(&c) { from[row] as usize } else { row };
                            self.bins.columns[c][of]
                        });
                        sums[row].0 += value[leaf];
                        sums[row].1 += 1;
                    }
                }
                sums
            })
            .collect();
        let of = |row: usize| {
            let (mut sum, mut count) = (0.0, 0);
            for part in &sums {
                sum += part[row].0;
                count += part[row].1;
            }
            (count > 0).then(|| sum / f64::from(count))
        };
        (0..n).map(of).collect()
    }
}
