//! A walk over whole choices: a group goes to a family, and those who stand in its way go out.
//! Steps that lose a little are taken now and then, ever less (threshold accepting, after
//! simulated annealing by Kirkpatrick et al. 1983). It proves nothing; it finds good choices,
//! also where equal scores leave nothing to steer by.

use super::incumbent::Choice;
use super::part::Part;

/// Numbers that look random (SplitMix64, Steele et al. 2014).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below n.
    fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }

    /// A number in [0, 1).
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// How long to walk, and how bold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Steps at most.
    pub steps: u64,
    /// What a step may lose on average, at first and in the end.
    pub heat: (f64, f64),
    /// A value that is as good as can be: the walk stops there.
    pub enough: f64,
    /// Where the dice start.
    pub seed: u64,
}

/// Some of the numbers below n, to draw from.
struct Listed {
    list: Vec<u32>,
    at: Vec<u32>,
}

impl Listed {
    fn new(n: usize) -> Self {
        Self { list: Vec::new(), at: vec![u32::MAX; n] }
    }

    /// Puts a number in, or takes it out.
    fn set(&mut self, k: usize, is_in: bool) {
        if is_in == (self.at[k] != u32::MAX) {
            return;
        }
        if is_in {
            self.at[k] = self.list.len() as u32;
            self.list.push(k as u32);
            return;
        }
        let at = std::mem::replace(&mut self.at[k], u32::MAX) as usize;
        self.list.swap_remove(at);
        if let Some(&moved) = self.list.get(at) {
            self.at[moved as usize] = at as u32;
        }
    }

    fn draw(&self, dice: &mut Dice) -> Option<usize> {
        (!self.list.is_empty()).then(|| self.list[dice.below(self.list.len())] as usize)
    }
}

/// Where the walk stands.
struct Walk<'a> {
    part: &'a Part,
    home: Vec<Option<u32>>,
    members: Vec<Vec<u32>>,
    room: Vec<u32>,
    /// Groups without a place, and families with room.
    out: Listed,
    open: Listed,
    value: f64,
    /// Items that a step would turn out.
    turned: Vec<u32>,
}

/// Walks from a choice; the choice becomes the best one seen. Gives the steps taken.
pub(super) fn walk(part: &Part, choice: &mut Choice, pace: Pace) -> u64 {
    let mut dice = Dice(pace.seed);
    let mut walk = Walk::new(part, choice);
    let mut best = choice.value;
    let mut heat = pace.heat.0;
    let cooling = (pace.heat.1 / pace.heat.0).powf(1.0 / (pace.steps as f64 / 1000.0).max(1.0));
    for step in 0..pace.steps {
        if best >= pace.enough {
            return step;
        }
        if step % 1000 == 999 {
            heat *= cooling;
        }
        walk.step(&mut dice, heat);
        if walk.value > best + 1e-9 * best.abs().max(1.0) {
            best = walk.value;
            choice.item.copy_from_slice(&walk.home);
            choice.total(part);
        }
    }
    pace.steps
}

impl<'a> Walk<'a> {
    fn new(part: &'a Part, choice: &Choice) -> Self {
        let n = part.groups.len();
        let mut walk = Self {
            part,
            home: choice.item.clone(),
            members: vec![Vec::new(); part.families.len()],
            room: part.places.clone(),
            out: Listed::new(n),
            open: Listed::new(part.families.len()),
            value: choice.value,
            turned: Vec::new(),
        };
        for g in 0..n {
            match choice.item[g] {
                Some(k) => {
                    let item = &part.items[k as usize];
                    walk.members[item.family as usize].push(k);
                    walk.room[item.family as usize] -= item.takes;
                }
                None => walk.out.set(g, true),
            }
        }
        for f in 0..part.families.len() {
            walk.open.set(f, walk.room[f] > 0);
        }
        walk
    }

    fn step(&mut self, dice: &mut Dice, heat: f64) {
        let k = self.draw(dice);
        let g = self.part.items[k as usize].group as usize;
        if self.home[g] == Some(k) {
            return;
        }
        let item = &self.part.items[k as usize];
        let f = item.family as usize;
        let lost = self.way(k, dice);
        let now = self.home[g].map_or(0.0, |k| self.part.items[k as usize].score);
        let gain = item.score - now - lost;
        if gain < 0.0 && -gain > -heat * dice.share().max(1e-300).ln() {
            return;
        }
        if let Some(old) = self.home[g] {
            self.remove(old);
        } else {
            self.out.set(g, false);
        }
        for t in 0..self.turned.len() {
            let out = self.turned[t];
            self.remove(out);
            let other = self.part.items[out as usize].group as usize;
            self.home[other] = None;
            self.out.set(other, true);
        }
        self.home[g] = Some(k);
        self.members[f].push(k);
        self.room[f] -= item.takes;
        self.open.set(f, self.room[f] > 0);
        self.value += gain;
    }

    /// A pair to try: of a group without a place, of a family with room, or any.
    fn draw(&self, dice: &mut Dice) -> u32 {
        let kind = dice.below(8);
        if kind < 4
            && let Some(g) = self.out.draw(dice)
        {
            let of_group = self.part.of_group(g);
            return of_group[dice.below(of_group.len())];
        }
        if kind < 7
            && let Some(f) = self.open.draw(dice)
        {
            let of_family = self.part.of_family(f);
            return (of_family.start + dice.below(of_family.len())) as u32;
        }
        dice.below(self.part.items.len()) as u32
    }

    fn remove(&mut self, k: u32) {
        let item = &self.part.items[k as usize];
        let f = item.family as usize;
        if let Some(at) = self.members[f].iter().position(|&m| m == k) {
            self.members[f].swap_remove(at);
            self.room[f] += item.takes;
            self.open.set(f, self.room[f] > 0);
        }
    }

    /// Who goes out so that an item fits, into `turned`, and what they are worth: those who clash,
    /// then those worth least (one alone where one is enough).
    fn way(&mut self, k: u32, dice: &mut Dice) -> f64 {
        self.turned.clear();
        let item = &self.part.items[k as usize];
        let f = item.family as usize;
        let items = &self.part.items;
        let mut room = self.room[f];
        let mut lost = 0.0;
        if self.part.has_clash(f) {
            let clashes = self.part.clashes(k as usize);
            for &m in self.members[f].iter().filter(|m| clashes.contains(m)) {
                self.turned.push(m);
                room += items[m as usize].takes;
                lost += items[m as usize].score;
            }
        }
        while room < item.takes {
            let need = item.takes - room;
            let mut next: Option<(bool, f64, u64, u32)> = None;
            for &m in self.members[f].iter().filter(|m| !self.turned.contains(m)) {
                let other = &items[m as usize];
                if other.takes == 0 {
                    continue;
                }
                let key = (other.takes < need, other.score, dice.next(), m);
                let less = |n: &(bool, f64, u64, u32)| (key.0, key.1, key.2) < (n.0, n.1, n.2);
                if next.as_ref().is_none_or(less) {
                    next = Some(key);
                }
            }
            let Some((_, score, _, m)) = next else { return f64::INFINITY };
            self.turned.push(m);
            room += items[m as usize].takes;
            lost += score;
        }
        lost
    }
}
