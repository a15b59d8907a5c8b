//! Stability by hand, and against every assignment of random small markets.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::*;

fn wish(family: u32, takes: u32, worth: f64) -> Wish {
    Wish { family, takes, worth }
}

/// Two children, one family that both prefer, one that both accept.
fn two() -> Market {
    Market {
        places: vec![1, 1],
        wishes: vec![
            vec![wish(0, 1, 0.2), wish(1, 1, 0.1)],
            vec![wish(0, 1, 0.3), wish(1, 1, -0.1)],
        ],
        priority: vec![(2.0, 10), (1.0, 90)],
        conflicts: vec![],
    }
}

#[test]
fn the_urgent_child_has_the_family_that_both_prefer() {
    let m = two();
    assert_eq!(deferred_acceptance(&m).unwrap(), vec![Some(0), Some(1)]);
    assert!(blocking_pairs(&m, &[Some(0), Some(1)]).is_empty());
    // The other way round the sum is larger by 0.3, and the urgent child envies.
    assert_eq!(blocking_pairs(&m, &[Some(1), Some(0)]), vec![(0, 0)]);
    // Left without a place beside an empty family: both families block, the taken one does not.
    assert_eq!(blocking_pairs(&m, &[Some(0), None]), vec![(1, 1)]);
    // Equal priority envies nobody.
    let equal = Market { priority: vec![(1.0, 5), (1.0, 5)], ..two() };
    assert!(blocking_pairs(&equal, &[Some(1), Some(0)]).is_empty());
}

#[test]
fn a_group_blocks_only_where_those_behind_it_leave_enough_places() {
    let market = |places| Market {
        places: vec![places],
        wishes: vec![vec![wish(0, 2, 0.1)], vec![wish(0, 1, 0.1)], vec![wish(0, 1, 0.1)]],
        priority: vec![(2.0, 0), (1.0, 0), (4.0, 0)],
        conflicts: vec![],
    };
    let two_singles = [None, Some(0), Some(0)];
    assert!(deferred_acceptance(&market(2)).is_none(), "groups need not have a stable plan");
    // The urgent single stays, so one place is not enough for the group; three are.
    assert!(blocking_pairs(&market(2), &two_singles).is_empty());
    assert_eq!(blocking_pairs(&market(3), &two_singles), vec![(0, 0)]);
    // A child with whom it may not live stays: no room, whatever the places.
    let apart = Market { conflicts: vec![(2, 0)], ..market(3) };
    assert!(blocking_pairs(&apart, &two_singles).is_empty());
}

fn random(rng: &mut ChaCha12Rng, most: u32) -> Market {
    let (n, families) = (rng.random_range(0..=5), rng.random_range(1..=4_u32));
    let wishes = (0..n)
        .map(|_| {
            let size = rng.random_range(1..=most);
            let mut list: Vec<Wish> = Vec::new();
            for f in 0..families {
                if rng.random_range(0..100) < 70 {
                    let takes = size - u32::from(rng.random_range(0..15) == 0);
                    list.push(wish(f, takes, f64::from(rng.random_range(-3..4_i32))));
                }
            }
            list
        })
        .collect();
    Market {
        places: (0..families).map(|_| rng.random_range(0..=2)).collect(),
        wishes,
        priority: (0..n)
            .map(|_| (f64::from(rng.random_range(1..=3_u32)), rng.random_range(0..3)))
            .collect(),
        conflicts: vec![],
    }
}

/// Whether a pair blocks, by trying every set of those behind the group that might leave.
fn blocks(m: &Market, assigned: &[Option<u32>], g: usize, f: u32) -> bool {
    let Some(wish) = m.wish(g, f) else { return false };
    if assigned[g].is_some_and(|now| wish.worth <= m.wish(g, now).unwrap().worth) {
        return false;
    }
    let there: Vec<usize> = (0..assigned.len()).filter(|&o| assigned[o] == Some(f)).collect();
    (0..1_u32 << there.len()).any(|leave| {
        let leaves = |k: usize| leave >> k & 1 == 1;
        let allowed = (0..there.len()).all(|k| !leaves(k) || m.priority[g] > m.priority[there[k]]);
        let kept: u32 = (0..there.len())
            .filter(|&k| !leaves(k))
            .map(|k| m.wish(there[k], f).unwrap().takes)
            .sum();
        allowed && (wish.takes == 0 || kept + wish.takes <= m.places[f as usize])
    })
}

/// Every assignment that keeps to the places.
fn all(m: &Market) -> Vec<Vec<Option<u32>>> {
    let mut out = vec![vec![]];
    for list in &m.wishes {
        let homes: Vec<Option<u32>> =
            std::iter::once(None).chain(list.iter().map(|w| Some(w.family))).collect();
        out = out
            .iter()
            .flat_map(|a: &Vec<Option<u32>>| homes.iter().map(move |&h| [&a[..], &[h]].concat()))
            .collect();
    }
    let fits = |a: &Vec<Option<u32>>| {
        (0..m.places.len()).all(|f| {
            let here = |g: &usize| a[*g] == Some(f as u32);
            let taken = (0..a.len()).filter(here).map(|g| m.wish(g, f as u32).unwrap().takes);
            taken.sum::<u32>() <= m.places[f]
        })
    };
    out.retain(fits);
    out
}

#[test]
fn blocking_pairs_equal_those_found_by_trying_everything() {
    let mut rng = ChaCha12Rng::seed_from_u64(51);
    let (mut stable, mut blocked) = (0, 0);
    for round in 0..300 {
        let m = random(&mut rng, if round % 2 == 0 { 1 } else { 3 });
        for assigned in all(&m) {
            let expected: Vec<(usize, u32)> = (0..m.wishes.len())
                .flat_map(|g| (0..m.places.len() as u32).map(move |f| (g, f)))
                .filter(|&(g, f)| blocks(&m, &assigned, g, f))
                .collect();
            assert_eq!(blocking_pairs(&m, &assigned), expected, "round {round}");
            *(if expected.is_empty() { &mut stable } else { &mut blocked }) += 1;
        }
    }
    assert!(stable > 300 && blocked > 300);
}

#[test]
fn deferred_acceptance_is_stable_and_the_best_stable_one_for_every_child() {
    let mut rng = ChaCha12Rng::seed_from_u64(52);
    for round in 0..400 {
        let mut m = random(&mut rng, 1);
        // Strict orders: then the best is the best for each child at once.
        for (g, list) in m.wishes.iter_mut().enumerate() {
            m.priority[g].1 = 10 * m.priority[g].1 + g as i32;
            list.iter_mut().for_each(|w| w.worth += 0.01 * f64::from(w.family));
        }
        let found = deferred_acceptance(&m).unwrap();
        assert!(blocking_pairs(&m, &found).is_empty(), "round {round}");
        let worth = |a: &[Option<u32>], g: usize| {
            a[g].map_or(f64::NEG_INFINITY, |f| m.wish(g, f).unwrap().worth)
        };
        for other in all(&m).iter().filter(|a| blocking_pairs(&m, a).is_empty()) {
            for g in 0..m.wishes.len() {
                assert!(worth(&found, g) >= worth(other, g), "round {round}, child {g}");
            }
        }
    }
}
