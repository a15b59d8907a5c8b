//! Bundles: the sets of groups that one family could take together.
//!
//! At prices u per group a bundle is worth the sum of score − price over its groups. Each family
//! takes its best bundle or none, which gives the Lagrangian bound
//! L(u) = Σ u + Σ over families of the best bundle's worth.

use super::part::{Item, Part};

/// Steps of the search for a best bundle among groups that clash, per family; beyond it the bound
/// ignores clashes, which keeps it a bound.
const SEARCH_STEPS: u32 = 20_000;

/// Room for the work on one family at a time.
#[derive(Debug, Default)]
pub(super) struct Packer {
    /// Best worth for each number of places.
    best: Vec<f64>,
    /// Whether an item is taken, per item and number of places.
    took: Vec<bool>,
    /// The items of the last best bundle, as positions in the part.
    pub chosen: Vec<u32>,
    open: Vec<Open>,
    path: Vec<u32>,
    steps: u32,
}

/// An item of the search, in the order of the search.
#[derive(Debug, Clone, Copy)]
struct Open {
    item: u32,
    takes: u32,
    worth: f64,
    /// Worth per place of this item and all later ones at most; items without places come first.
    density: f64,
    /// Worth of this and later items that take no place and are worth something.
    free: f64,
    /// The largest worth of this and later items.
    top: f64,
}

impl Packer {
    /// The worth of the best bundle of a family at the prices, at least 0 (no bundle). Leaves
    /// the bundle in `chosen`. Exact, but for families with clashes beyond the search's steps:
    /// then it is an upper bound and `chosen` is empty.
    pub fn best(&mut self, part: &Part, f: usize, prices: &[f64]) -> f64 {
        if part.has_clash(f) {
            return self.best_by_search(part, f, prices);
        }
        if part.places[f] <= 3 {
            let tops = Tops::new(part, f, prices, usize::MAX);
            self.chosen.clear();
            return tops.best(part.places[f], Some(&mut self.chosen));
        }
        self.best_by_table(part, f, prices)
    }

    /// The steps that the last list of bundles took.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    fn best_by_table(&mut self, part: &Part, f: usize, prices: &[f64]) -> f64 {
        self.chosen.clear();
        let range = part.of_family(f);
        let room = part.places[f] as usize;
        let (mut sum, mut takes) = (0.0, 0u64);
        for k in range.clone() {
            let item = &part.items[k];
            let worth = item.score - prices[item.group as usize];
            if worth > 0.0 {
                sum += worth;
                takes += u64::from(item.takes);
                self.chosen.push(k as u32);
            }
        }
        if takes <= room as u64 {
            return sum;
        }
        let width = room + 1;
        self.best.clear();
        self.best.resize(width, 0.0);
        self.took.clear();
        self.took.resize(self.chosen.len() * width, false);
        for (row, &k) in self.chosen.iter().enumerate() {
            let item = &part.items[k as usize];
            let worth = item.score - prices[item.group as usize];
            let takes = item.takes as usize;
            for places in (takes..width).rev() {
                let with = self.best[places - takes] + worth;
                if with > self.best[places] {
                    self.best[places] = with;
                    self.took[row * width + places] = true;
                }
            }
        }
        let mut places = room;
        for row in (0..self.chosen.len()).rev() {
            let k = self.chosen[row];
            if self.took[row * width + places] {
                places -= part.items[k as usize].takes as usize;
            } else {
                self.chosen.swap_remove(row);
            }
        }
        self.best[room]
    }

    fn best_by_search(&mut self, part: &Part, f: usize, prices: &[f64]) -> f64 {
        self.steps = 0;
        let mut found = 0.0;
        let mut bundle: Vec<u32> = Vec::new();
        let whole = self.search(part, f, prices, 0.0, SEARCH_STEPS, true, &mut |worth, items| {
            found = worth;
            bundle.clear();
            bundle.extend_from_slice(items);
        });
        if whole {
            self.chosen = bundle;
            return found;
        }
        let bound = self.best_by_table(part, f, prices);
        self.chosen.clear();
        bound
    }

    /// The price of a group (an item of the family) above which the family's best bundle leaves
    /// it out: its score plus the best of the rest in the places that remain, minus the best of
    /// the rest in all places. For families with clashes this is an estimate that ignores them.
    pub fn threshold(&mut self, part: &Part, item: usize, prices: &[f64]) -> f64 {
        let own = &part.items[item];
        let f = own.family as usize;
        let room = part.places[f] as usize;
        let takes = own.takes as usize;
        if room <= 3 {
            // The usual family: a few best others are all there is to know.
            let tops = Tops::new(part, f, prices, item);
            return tops.threshold(own, room as u32);
        }
        let width = room + 1;
        self.best.clear();
        self.best.resize(width, 0.0);
        for k in part.of_family(f) {
            let i = &part.items[k];
            let worth = i.score - prices[i.group as usize];
            if k == item || worth <= 0.0 {
                continue;
            }
            let t = i.takes as usize;
            for places in (t..width).rev() {
                let with = self.best[places - t] + worth;
                if with > self.best[places] {
                    self.best[places] = with;
                }
            }
        }
        own.score + self.best[room - takes] - self.best[room]
    }

    /// Every bundle of a family worth more than `floor` at the prices, given to `out` with its
    /// worth. `false` where more than `limit` steps would be needed: then some are missing.
    pub fn bundles(
        &mut self,
        part: &Part,
        f: usize,
        prices: &[f64],
        floor: f64,
        limit: u32,
        out: &mut dyn FnMut(f64, &[u32]),
    ) -> bool {
        self.steps = 0;
        self.search(part, f, prices, floor, limit, false, out)
    }

    /// Depth-first over include / leave out, items in order of worth per place. With `climb` the
    /// floor rises to each bundle found, so that the last one is the best.
    fn search(
        &mut self,
        part: &Part,
        f: usize,
        prices: &[f64],
        floor: f64,
        limit: u32,
        climb: bool,
        out: &mut dyn FnMut(f64, &[u32]),
    ) -> bool {
        self.open.clear();
        for k in part.of_family(f) {
            let item = &part.items[k];
            let worth = item.score - prices[item.group as usize];
            let density =
                if item.takes == 0 { f64::INFINITY } else { worth / f64::from(item.takes) };
            self.open.push(Open {
                item: k as u32,
                takes: item.takes,
                worth,
                density,
                free: 0.0,
                top: worth,
            });
        }
        self.open.sort_by(|a, b| b.density.total_cmp(&a.density).then(a.item.cmp(&b.item)));
        let mut free = 0.0;
        let mut below = 0.0_f64;
        let mut top = f64::NEG_INFINITY;
        for open in self.open.iter_mut().rev() {
            if open.takes == 0 {
                free += open.worth.max(0.0);
                open.density = below;
            } else {
                below = below.max(open.density).max(0.0);
            }
            open.free = free;
            top = top.max(open.worth);
            open.top = top;
        }
        self.path.clear();
        let mut floor = floor;
        let room = part.places[f];
        self.step(part, 0, room, 0.0, &mut floor, limit, climb, out)
    }

    fn step(
        &mut self,
        part: &Part,
        at: usize,
        room: u32,
        worth: f64,
        floor: &mut f64,
        limit: u32,
        climb: bool,
        out: &mut dyn FnMut(f64, &[u32]),
    ) -> bool {
        for k in at..self.open.len() {
            let open = self.open[k];
            if worth + self.at_most(k, room) <= *floor {
                return true;
            }
            let with = worth + open.worth;
            if open.takes > room || with + self.at_most(k + 1, room - open.takes).max(0.0) <= *floor
            {
                continue;
            }
            if part.clashes(open.item as usize).iter().any(|c| self.path.contains(c)) {
                continue;
            }
            self.steps += 1;
            if self.steps > limit {
                return false;
            }
            self.path.push(open.item);
            if with > *floor {
                out(with, &self.path);
                if climb {
                    *floor = with;
                }
            }
            let whole = self.step(part, k + 1, room - open.takes, with, floor, limit, climb, out);
            self.path.pop();
            if !whole {
                return false;
            }
        }
        true
    }
}

/// The best items of a family by the places that they take: all that matters for up to three
/// places.
pub(super) struct Tops {
    one: [(f64, u32); 3],
    two: (f64, u32),
    three: (f64, u32),
    free: f64,
    /// Items without places that are worth something.
    none: Vec<u32>,
}

impl Tops {
    /// From the best items, none of which is free of places.
    pub fn of(one: [(f64, u32); 3], two: (f64, u32), three: (f64, u32)) -> Self {
        Self { one, two, three, free: 0.0, none: Vec::new() }
    }

    /// The price above which the best bundle leaves out an item that is not among these.
    pub fn threshold(&self, own: &Item, places: u32) -> f64 {
        own.score + self.best(places - own.takes, None) - self.best(places, None)
    }

    /// Looks at all items of a family but `skip`; only those worth more than 0 count.
    fn new(part: &Part, f: usize, prices: &[f64], skip: usize) -> Self {
        const NOTHING: (f64, u32) = (0.0, u32::MAX);
        let mut tops =
            Self { one: [NOTHING; 3], two: NOTHING, three: NOTHING, free: 0.0, none: Vec::new() };
        for k in part.of_family(f) {
            let item = &part.items[k];
            let worth = item.score - prices[item.group as usize];
            if worth <= 0.0 || k == skip {
                continue;
            }
            let new = (worth, k as u32);
            match item.takes {
                0 => {
                    tops.free += worth;
                    tops.none.push(k as u32);
                }
                1 if worth > tops.one[0].0 => tops.one = [new, tops.one[0], tops.one[1]],
                1 if worth > tops.one[1].0 => tops.one = [tops.one[0], new, tops.one[1]],
                1 if worth > tops.one[2].0 => tops.one[2] = new,
                2 if worth > tops.two.0 => tops.two = new,
                3 if worth > tops.three.0 => tops.three = new,
                _ => {}
            }
        }
        tops
    }

    /// The worth of the best bundle in up to three places; its items go to `chosen`.
    fn best(&self, places: u32, chosen: Option<&mut Vec<u32>>) -> f64 {
        let [a, b, c] = self.one;
        let nothing = (0.0, u32::MAX);
        let pick = match places {
            0 => [nothing; 3],
            1 => [a, nothing, nothing],
            2 if self.two.0 > a.0 + b.0 => [self.two, nothing, nothing],
            2 => [a, b, nothing],
            _ => {
                let (ones, mixed, whole) = (a.0 + b.0 + c.0, a.0 + self.two.0, self.three.0);
                if whole > ones && whole > mixed {
                    [self.three, nothing, nothing]
                } else if mixed > ones {
                    [a, self.two, nothing]
                } else {
                    [a, b, c]
                }
            }
        };
        if let Some(chosen) = chosen {
            chosen.extend(self.none.iter().copied());
            chosen.extend(pick.iter().filter(|p| p.1 != u32::MAX).map(|p| p.1));
        }
        self.free + pick.iter().map(|p| p.0).sum::<f64>()
    }
}

impl Packer {
    /// What one or more of the items from `k` on can add at most.
    fn at_most(&self, k: usize, room: u32) -> f64 {
        match self.open.get(k) {
            None => f64::NEG_INFINITY,
            Some(o) if o.free > 0.0 || o.density > 0.0 => {
                o.free + f64::from(room) * o.density.max(0.0)
            }
            Some(o) => o.top,
        }
    }
}

/// The Lagrangian bound at prices (each at least 0). No choice of pairs is worth more.
pub(super) fn bound(part: &Part, prices: &[f64], packer: &mut Packer) -> f64 {
    bound_of(part, prices, |f| packer.best(part, f, prices))
}

/// The bound at prices from the worth of each family's best bundle at them; the sum is rounded
/// outwards by its possible rounding error.
pub(super) fn bound_of(part: &Part, prices: &[f64], mut best: impl FnMut(usize) -> f64) -> f64 {
    let mut sum: f64 = prices.iter().sum();
    for f in 0..part.families.len() {
        sum += best(f);
    }
    let terms = (prices.len() + part.items.len()) as f64;
    sum + sum.abs().max(1.0) * f64::EPSILON * terms.sqrt().max(4.0)
}
