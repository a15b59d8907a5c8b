//! A bootstrap that draws whole groups.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::dense;

/// Draws as many groups as there are, with replacement, and says how often each row was drawn:
/// all rows of a group equally often (Field and Welsh 2007, "cluster bootstrap").
///
/// Each replicate has its own stream of the generator, so replicates can be drawn in any order
/// and on any thread.
#[derive(Debug, Clone)]
pub struct ClusterBootstrap {
    group: Vec<usize>,
    groups: usize,
    seed: u64,
}

impl ClusterBootstrap {
    /// A bootstrap over these groups (a label per row).
    #[must_use]
    pub fn new(groups: &[u32], seed: u64) -> Self {
        let (group, groups) = dense(groups);
        Self { group, groups, seed }
    }

    /// The number of groups.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// How often each row was drawn in a replicate (0, 1, …).
    #[must_use]
    pub fn counts(&self, replicate: u64) -> Vec<u32> {
        let mut rng = ChaCha12Rng::seed_from_u64(self.seed);
        rng.set_stream(replicate);
        let mut drawn = vec![0u32; self.groups];
        for _ in 0..self.groups {
            drawn[rng.random_range(0..self.groups)] += 1;
        }
        self.group.iter().map(|&g| drawn[g]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_groups_are_drawn_as_often_as_there_are_groups() {
        let groups: Vec<u32> = (0..30u32).flat_map(|g| vec![g * 3; 1 + g as usize % 3]).collect();
        let bootstrap = ClusterBootstrap::new(&groups, 42);
        assert_eq!(bootstrap.groups(), 30);
        for replicate in 0..20 {
            let counts = bootstrap.counts(replicate);
            let mut first = std::collections::BTreeMap::new();
            for (&g, &count) in groups.iter().zip(&counts) {
                assert_eq!(*first.entry(g).or_insert(count), count);
            }
            assert_eq!(first.values().sum::<u32>(), 30);
        }
        assert_eq!(bootstrap.counts(3), bootstrap.counts(3));
        assert_ne!(bootstrap.counts(3), bootstrap.counts(4));
    }

    #[test]
    fn a_group_is_missed_about_as_often_as_theory_says() {
        // (1 - 1/n)^n -> 1/e: the share of draws in which a given group is absent.
        let bootstrap = ClusterBootstrap::new(&(0..100).collect::<Vec<u32>>(), 7);
        let draws = 400u64;
        let missed: usize =
            (0..draws).map(|b| bootstrap.counts(b).iter().filter(|&&c| c == 0).count()).sum();
        let share = missed as f64 / (draws as f64 * 100.0);
        assert!((share - 0.99f64.powi(100)).abs() < 0.01, "{share}");
    }

    #[test]
    fn no_rows_give_no_counts() {
        assert!(ClusterBootstrap::new(&[], 1).counts(0).is_empty());
    }
}
