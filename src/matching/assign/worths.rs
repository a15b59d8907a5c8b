//! What every group is worth to every family while prices change one after the other: the few best
//! of a family are kept, so that a price is looked up without a walk through all its groups.

use super::bundle::{Packer, Tops};
use super::part::Part;

/// No item: worth nothing.
const NOTHING: (f64, u32) = (0.0, u32::MAX);

/// The `N` items that are worth most of those that take equally many places, in order; one more
/// than a bundle can hold, so that any one may be left out. Items worth nothing are not listed.
#[derive(Debug, Clone, Copy)]
struct Best<const N: usize>([(f64, u32); N]);

impl<const N: usize> Best<N> {
    /// Takes up an item's new worth; `false` where an item that is not listed might now belong here.
    fn change(&mut self, item: u32, worth: f64) -> bool {
        let list = &mut self.0;
        let Some(mut at) = list.iter().position(|e| e.1 == item) else {
            if worth > list[N - 1].0 {
                list[N - 1] = (worth, item);
                self.rise(N - 1);
            }
            return true;
        };
        // The list holds all that is worth anything, or what is left out is worth no more than
        // its last.
        let least = if list[N - 1].1 == u32::MAX { 0.0 } else { list[N - 1].0 };
        let known = worth >= least || least == 0.0;
        list[at] = if worth > 0.0 { (worth, item) } else { NOTHING };
        while at + 1 < N && list[at].0 < list[at + 1].0 {
            list.swap(at, at + 1);
            at += 1;
        }
        self.rise(at);
        known
    }

    fn rise(&mut self, mut at: usize) {
        while at > 0 && self.0[at].0 > self.0[at - 1].0 {
            self.0.swap(at, at - 1);
            at -= 1;
        }
    }

    /// The best without one item.
    fn without<const M: usize>(&self, item: u32) -> [(f64, u32); M] {
        let mut out = [NOTHING; M];
        let rest = self.0.iter().filter(|e| e.1 != item);
        out.iter_mut().zip(rest).for_each(|(o, e)| *o = *e);
        out
    }
}

/// What is kept of a family.
#[derive(Debug, Clone, Copy)]
struct Family {
    one: Best<4>,
    two: Best<2>,
    three: Best<2>,
    /// Whether the lists must be made anew before they are used.
    stale: bool,
    /// Whether lists say all: up to three places, and every group takes one to three.
    usual: bool,
}

/// The worth (score − price) of every item at prices that change.
pub(super) struct Worths {
    worth: Vec<f64>,
    takes: Vec<u8>,
    family: Vec<Family>,
}

impl Worths {
    pub fn new(part: &Part, prices: &[f64]) -> Self {
        let family = (0..part.families.len())
            .map(|f| Family {
                one: Best([NOTHING; 4]),
                two: Best([NOTHING; 2]),
                three: Best([NOTHING; 2]),
                stale: true,
                usual: part.places[f] <= 3
                    && part.items[part.of_family(f)].iter().all(|i| (1..=3).contains(&i.takes)),
            })
            .collect();
        Self {
            worth: part.items.iter().map(|i| i.score - prices[i.group as usize]).collect(),
            takes: part.items.iter().map(|i| i.takes.min(4) as u8).collect(),
            family,
        }
    }

    /// A group has a new price.
    pub fn set(&mut self, part: &Part, group: usize, price: f64) {
        for &k in part.of_group(group) {
            let item = &part.items[k as usize];
            let worth = item.score - price;
            self.worth[k as usize] = worth;
            let family = &mut self.family[item.family as usize];
            if family.usual && !family.stale {
                family.stale = !match item.takes {
                    1 => family.one.change(k, worth),
                    2 => family.two.change(k, worth),
                    _ => family.three.change(k, worth),
                };
            }
        }
    }

    /// As [`Packer::threshold`] at these prices.
    pub fn threshold(
        &mut self,
        part: &Part,
        item: usize,
        prices: &[f64],
        packer: &mut Packer,
    ) -> f64 {
        let own = &part.items[item];
        let f = own.family as usize;
        if !self.family[f].usual {
            return packer.threshold(part, item, prices);
        }
        if self.family[f].stale {
            self.list(part, f);
        }
        let (family, k) = (&self.family[f], item as u32);
        let [two] = family.two.without(k);
        let [three] = family.three.without(k);
        let tops = Tops::of(family.one.without(k), two, three);
        tops.threshold(own, part.places[f])
    }

    fn list(&mut self, part: &Part, f: usize) {
        let family = &mut self.family[f];
        (family.one, family.two) = (Best([NOTHING; 4]), Best([NOTHING; 2]));
        (family.three, family.stale) = (Best([NOTHING; 2]), false);
        for k in part.of_family(f) {
            let (worth, item) = (self.worth[k], k as u32);
            if worth > 0.0 {
                match self.takes[k] {
                    1 => family.one.change(item, worth),
                    2 => family.two.change(item, worth),
                    _ => family.three.change(item, worth),
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Problem;
    use super::super::part::split;
    use super::*;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn thresholds_are_those_of_a_walk_through_the_family_after_any_changes() {
        let mut rng = rand_chacha::ChaCha12Rng::seed_from_u64(3);
        let problem = Problem::made_up(120, 60, 5, false);
        let (mut packer, mut looked) = (Packer::default(), 0);
        for part in split(&problem) {
            let mut prices = vec![0.3; part.groups.len()];
            let mut worths = Worths::new(&part, &prices);
            for _ in 0..400 {
                let g = rng.random_range(0..prices.len());
                for &k in part.of_group(g) {
                    let at = worths.threshold(&part, k as usize, &prices, &mut packer);
                    let anew = packer.threshold(&part, k as usize, &prices);
                    assert_eq!(at.to_bits(), anew.to_bits());
                    looked += 1;
                }
                // Some prices are equal, some above every score.
                prices[g] = f64::from(rng.random_range(0..12_u8)) / 10.0;
                worths.set(&part, g, prices[g]);
            }
        }
        assert!(looked > 3000, "{looked}");
    }
}
