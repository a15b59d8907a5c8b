//! Repeated folds that never split a group, balanced by events and by size.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha12Rng;

use super::{ResampleError, Split, dense, same_length};

/// `repeats` times `folds` folds that never split a group.
///
/// `groups` has a label per row (rows with one label stay together), `events` whether a row ended
/// by the cause of interest. In each repeat every row is tested exactly once. Groups are shuffled
/// and then dealt, those with most events and most rows first, each to the fold that has the
/// fewest events (groups without events: the fewest rows) so far; so the folds are as
/// equal as whole groups allow.
///
/// The same input and seed give the same folds; repeats use separate streams of the generator.
///
/// ```
/// use pleegzorg::resample::grouped_folds;
/// let child = [7, 7, 8, 9, 9, 10];
/// let breakdown = [true, false, false, true, false, false];
/// let splits = grouped_folds(&child, &breakdown, 2, 1, 42)?;
/// assert_eq!(splits.len(), 2);
/// // Each fold tests one of the two children with a breakdown, and never half a child.
/// assert!(splits.iter().all(|s| s.test.iter().filter(|&&r| breakdown[r]).count() == 1));
/// # Ok::<(), pleegzorg::resample::ResampleError>(())
/// ```
///
/// # Errors
/// Unequal lengths, fewer than two folds, no repeats, or fewer groups than folds.
pub fn grouped_folds(
    groups: &[u32],
    events: &[bool],
    folds: usize,
    repeats: usize,
    seed: u64,
) -> Result<Vec<Split>, ResampleError> {
    same_length("the events", events.len(), groups.len())?;
    if folds < 2 || repeats == 0 {
        return Err(ResampleError::Folds { folds, repeats });
    }
    let (group, n_groups) = dense(groups);
    if n_groups < folds {
        return Err(ResampleError::TooFewGroups { groups: n_groups, folds });
    }
    let mut size = vec![0usize; n_groups];
    let mut hits = vec![0usize; n_groups];
    for (&g, &event) in group.iter().zip(events) {
        size[g] += 1;
        hits[g] += usize::from(event);
    }
    let mut splits = Vec::with_capacity(folds * repeats);
    for repeat in 0..repeats {
        let fold_of = deal(&size, &hits, folds, seed, repeat as u64);
        for fold in 0..folds {
            let (test, train) = (0..group.len()).partition(|&row| fold_of[group[row]] == fold);
            let name = format!("repeat {} fold {}", repeat + 1, fold + 1);
            splits.push(Split { name, repeat: Some(repeat), train, test });
        }
    }
    Ok(splits)
}

/// The fold of each group.
fn deal(size: &[usize], hits: &[usize], folds: usize, seed: u64, repeat: u64) -> Vec<usize> {
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    rng.set_stream(repeat);
    let mut order: Vec<usize> = (0..size.len()).collect();
    order.shuffle(&mut rng);
    // A stable sort: among equals the shuffle decides.
    order.sort_by_key(|&g| std::cmp::Reverse((hits[g], size[g])));
    let mut rows = vec![0usize; folds];
    let mut events = vec![0usize; folds];
    let mut fold_of = vec![0usize; size.len()];
    for g in order {
        let key = |f: &usize| {
            if hits[g] > 0 { (events[*f], rows[*f]) } else { (rows[*f], events[*f]) }
        };
        let fold = (0..folds).min_by_key(key).unwrap_or(0);
        rows[fold] += size[g];
        events[fold] += hits[g];
        fold_of[g] = fold;
    }
    fold_of
}

/// One label per row such that rows that share any of the given labels (say a child or a
/// family), directly or through other rows, share the label: the connected components.
///
/// # Errors
/// Unequal lengths.
pub fn joint_groups(groups: &[u32], others: &[Option<u32>]) -> Result<Vec<u32>, ResampleError> {
    same_length("the other groups", others.len(), groups.len())?;
    let (group, n) = dense(groups);
    let mut parent: Vec<usize> = (0..n).collect();
    let mut first = std::collections::HashMap::new();
    for (&g, other) in group.iter().zip(others) {
        let Some(other) = other else { continue };
        let with = *first.entry(*other).or_insert(g);
        let (a, b) = (root(&mut parent, g), root(&mut parent, with));
        parent[a.max(b)] = a.min(b);
    }
    Ok(group.iter().map(|&g| root(&mut parent, g) as u32).collect())
}

/// The representative of a group, shortening the path on the way.
fn root(parent: &mut [usize], mut g: usize) -> usize {
    while parent[g] != g {
        parent[g] = parent[parent[g]];
        g = parent[g];
    }
    g
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn folds_partition_the_rows_and_split_no_group(
            rows in prop::collection::vec((0u32..40, any::<bool>()), 60..200),
            folds in 2usize..6,
            seed in any::<u64>(),
        ) {
            let (groups, events): (Vec<u32>, Vec<bool>) = rows.into_iter().unzip();
            let splits = grouped_folds(&groups, &events, folds, 2, seed).unwrap();
            prop_assert_eq!(splits.len(), 2 * folds);
            for repeat in 0..2 {
                let mut tested = vec![0; groups.len()];
                for split in splits.iter().filter(|s| s.repeat == Some(repeat)) {
                    prop_assert_eq!(split.train.len() + split.test.len(), groups.len());
                    for &row in &split.test {
                        tested[row] += 1;
                        prop_assert!(split.train.iter().all(|&t| groups[t] != groups[row]));
                    }
                }
                prop_assert!(tested.iter().all(|&n| n == 1));
            }
            prop_assert_eq!(splits, grouped_folds(&groups, &events, folds, 2, seed).unwrap());
        }
    }

    #[test]
    fn folds_are_balanced_by_events_and_by_rows() {
        // 100 children of 1 to 4 rows, every fifth with one event.
        let groups: Vec<u32> = (0..100u32).flat_map(|g| vec![g; 1 + g as usize % 4]).collect();
        let events: Vec<bool> = groups
            .iter()
            .enumerate()
            .map(|(r, g)| g % 5 == 0 && (r == 0 || groups[r - 1] != *g))
            .collect();
        for split in grouped_folds(&groups, &events, 5, 3, 1).unwrap() {
            assert_eq!(split.test.iter().filter(|&&r| events[r]).count(), 4, "{}", split.name);
            assert!((49..=51).contains(&split.test.len()), "{} rows", split.test.len());
        }
    }

    #[test]
    fn repeats_and_seeds_differ() {
        let groups: Vec<u32> = (0..50).collect();
        let events = vec![false; 50];
        let splits = grouped_folds(&groups, &events, 5, 2, 42).unwrap();
        assert_ne!(splits[0].test, splits[5].test);
        assert_ne!(splits[0].test, grouped_folds(&groups, &events, 5, 1, 43).unwrap()[0].test);
    }

    #[test]
    fn what_cannot_be_folded_is_refused() {
        assert_eq!(
            grouped_folds(&[1, 1, 2], &[true; 3], 3, 1, 0),
            Err(ResampleError::TooFewGroups { groups: 2, folds: 3 })
        );
        assert!(grouped_folds(&[1, 2], &[true; 2], 1, 1, 0).is_err());
        assert!(grouped_folds(&[1, 2], &[true; 2], 2, 0, 0).is_err());
        assert!(grouped_folds(&[1, 2], &[true; 3], 2, 1, 0).is_err());
        assert!(grouped_folds(&[], &[], 2, 1, 0).is_err());
    }

    #[test]
    fn families_join_children() {
        // Children 1 and 2 shared family 9; 2 and 3 shared family 8; 4 stands alone.
        let joint =
            joint_groups(&[1, 2, 2, 3, 4, 4], &[Some(9), Some(9), Some(8), Some(8), None, Some(7)])
                .unwrap();
        assert_eq!(joint[0], joint[1]);
        assert_eq!(joint[1], joint[3]);
        assert_eq!(joint[4], joint[5]);
        assert_ne!(joint[0], joint[4]);
    }
}
