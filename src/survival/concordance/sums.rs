//! Sums of weights by place, under updates: what is below, at and above a place.

/// See the module.
pub(super) trait Sums {
    fn add(&mut self, place: u32, weight: f64);
    /// Weight below, at, and above a place.
    fn around(&self, place: u32) -> (f64, f64, f64);
}

/// How many places (then sums) make one sum of the next level: a cache line of counts, two of
/// weights.
const FAN: usize = 16;

/// What a tree sums: weights, or how many rows.
pub(super) trait Amount: Copy + Default + std::ops::AddAssign {
    fn of(weight: f64) -> Self;
    fn to_f64(self) -> f64;
    /// The sum of the first `count` of [`FAN`]: all are read, in sums that do not wait for each
    /// other, since a loop of unknown length is the slower one.
    fn first(node: &[Self], count: usize) -> Self;
}

impl Amount for f64 {
    fn of(weight: f64) -> Self {
        weight
    }

    fn to_f64(self) -> f64 {
        self
    }

    fn first(node: &[Self], count: usize) -> Self {
        let mut sums = [0.0; 4];
        for (four, lanes) in node.chunks_exact(4).enumerate() {
            for (lane, (sum, v)) in sums.iter_mut().zip(lanes).enumerate() {
                *sum += if 4 * four + lane < count { *v } else { 0.0 };
            }
        }
        (sums[0] + sums[1]) + (sums[2] + sums[3])
    }
}

/// By count: all ones for the numbers that it takes.
const MASKS: [[i32; FAN]; FAN] = {
    let mut masks = [[0; FAN]; FAN];
    let mut count = 0;
    while count < FAN {
        let mut k = 0;
        while k < count {
            masks[count][k] = -1;
            k += 1;
        }
        count += 1;
    }
    masks
};

/// For rows without weights, of which there are fewer than 2³¹.
impl Amount for i32 {
    fn of(weight: f64) -> Self {
        weight as i32
    }

    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    fn first(node: &[Self], count: usize) -> Self {
        node.iter().zip(&MASKS[count % FAN]).map(|(v, mask)| v & mask).sum()
    }
}

/// A tree whose nodes hold the sums of [`FAN`] others, so that five levels do for a million places
/// and only the lowest leave the cache.
pub(super) struct Tree<T> {
    levels: Vec<Vec<T>>,
    total: T,
}

impl<T: Amount> Tree<T> {
    pub(super) fn new(places: usize) -> Self {
        let mut levels = Vec::new();
        let mut size = places.max(1);
        loop {
            levels.push(vec![T::default(); size.next_multiple_of(FAN)]);
            if size <= FAN {
                break;
            }
            size = size.div_ceil(FAN);
        }
        Self { levels, total: T::default() }
    }

    fn put(&mut self, place: usize, amount: T) {
        self.total += amount;
        let mut k = place;
        for level in &mut self.levels {
            level[k] += amount;
            k /= FAN;
        }
    }

    fn below(&self, place: usize) -> T {
        let mut k = place;
        let mut below = T::default();
        for level in &self.levels {
            below += T::first(&level[k - k % FAN..][..FAN], k % FAN);
            k /= FAN;
        }
        below
    }
}

impl Sums for Tree<f64> {
    fn add(&mut self, place: u32, weight: f64) {
        self.put(place as usize, weight);
    }

    fn around(&self, place: u32) -> (f64, f64, f64) {
        let (below, own) = (self.below(place as usize), self.levels[0][place as usize]);
        (below, own, self.total - below - own)
    }
}

/// How many rows are at each place, which has as many bits as it has rows in all; the first of them
/// are set. Ten million rows take a fifth of a byte each, which the caches hold.
pub(super) struct Counter<'a> {
    bits: Vec<u64>,
    /// How many are set in each number.
    counts: Tree<i32>,
    /// Where the bits of each place begin, and where the last ends; `None`: a bit a place.
    begin: Option<&'a [u32]>,
}

/// By place: how many rows have a place before it (and all rows, at the end). `None` where no two
/// rows have the same place.
pub(super) fn begins(place: &[u32]) -> Option<Vec<u32>> {
    let places = place.iter().max().map_or(0, |&last| last as usize + 1);
    if places == place.len() {
        return None;
    }
    let mut begin = vec![0; places + 1];
    for &p in place {
        begin[p as usize + 1] += 1;
    }
    for p in 0..places {
        begin[p + 1] += begin[p];
    }
    Some(begin)
}

impl<'a> Counter<'a> {
    pub(super) fn new(rows: usize, begin: Option<&'a [u32]>) -> Self {
        // One number more, since the last place ends after its last bit.
        let numbers = rows / 64 + 1;
        Self { bits: vec![0; numbers], counts: Tree::new(numbers), begin }
    }

    /// The bits of a place.
    fn range(&self, place: u32) -> (usize, usize) {
        let k = place as usize;
        self.begin.map_or((k, k + 1), |begin| (begin[k] as usize, begin[k + 1] as usize))
    }

    /// Bits that are set before this one.
    fn below(&self, bit: usize) -> i32 {
        let within = self.bits[bit / 64] & ((1 << (bit % 64)) - 1);
        self.counts.below(bit / 64) + within.count_ones() as i32
    }
}

impl Sums for Counter<'_> {
    /// A row more (the weight is 1) or less (it is −1).
    fn add(&mut self, place: u32, weight: f64) {
        let (from, to) = self.range(place);
        let own = if to == from + 1 { 0 } else { self.below(to) - self.below(from) } as usize;
        if weight > 0.0 {
            let bit = from + own;
            self.bits[bit / 64] |= 1 << (bit % 64);
            self.counts.put(bit / 64, 1);
        } else {
            let bit = from + own.saturating_sub(1);
            self.bits[bit / 64] &= !(1 << (bit % 64));
            self.counts.put(bit / 64, -1);
        }
    }

    fn around(&self, place: u32) -> (f64, f64, f64) {
        let (from, to) = self.range(place);
        let below = self.below(from);
        let own = if to == from + 1 {
            (self.bits[from / 64] >> (from % 64) & 1) as i32
        } else {
            self.below(to) - below
        };
        (below.to_f64(), own.to_f64(), (self.counts.total - below - own).to_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_tree_whether_places_are_shared_or_not() {
        for (rows, places) in [(1, 1), (64, 64), (700, 700), (700, 3), (1000, 130), (300, 1)] {
            let place: Vec<u32> = (0..rows).map(|k| k * 17 % places).collect();
            let begin = begins(&place);
            assert_eq!(begin.is_none(), rows == places);
            let mut counter = Counter::new(place.len(), begin.as_deref());
            let mut tree = Tree::<f64>::new(place.len());
            for step in 0..3 {
                for (k, &p) in place.iter().enumerate() {
                    // In; some out; those in again.
                    let sign = match (step, k % 3) {
                        (0, _) | (2, 0) => 1.0,
                        (1, 0) => -1.0,
                        _ => continue,
                    };
                    counter.add(p, sign);
                    tree.add(p, sign);
                    let asked = (k as u32 * 7) % places;
                    assert_eq!(counter.around(asked), tree.around(asked), "{rows} {places} {k}");
                }
            }
        }
    }
}
