//! The bundles in play, and the connected parts that they fall into.

use std::collections::HashMap;

use super::part::Part;

/// Bundles as columns: each belongs to one family and holds one or more of its items.
#[derive(Debug, Default)]
pub(super) struct Pool {
    start: Vec<u32>,
    items: Vec<u32>,
    family: Vec<u32>,
    worth: Vec<f64>,
    known: HashMap<Box<[u32]>, u32, foldhash::fast::RandomState>,
}

impl Pool {
    /// The position of a bundle (one or more items of one family, in any order), added where it
    /// is new.
    pub fn add(&mut self, part: &Part, items: &[u32]) -> u32 {
        let mut key: Box<[u32]> = items.into();
        key.sort_unstable();
        if let Some(&at) = self.known.get(&key) {
            return at;
        }
        if self.start.is_empty() {
            self.start.push(0);
        }
        self.items.extend_from_slice(&key);
        self.start.push(self.items.len() as u32);
        self.family.push(key.first().map_or(0, |&k| part.items[k as usize].family));
        self.worth.push(key.iter().map(|&k| part.items[k as usize].score).sum());
        let at = self.known.len() as u32;
        self.known.insert(key, at);
        at
    }

    /// How many bundles there are.
    pub fn len(&self) -> usize {
        self.worth.len()
    }

    /// The items of a bundle, in order.
    pub fn items(&self, b: usize) -> &[u32] {
        &self.items[self.start[b] as usize..self.start[b + 1] as usize]
    }

    /// The family of a bundle.
    pub fn family(&self, b: usize) -> usize {
        self.family[b] as usize
    }

    /// The sum of the scores of a bundle.
    pub fn worth(&self, b: usize) -> f64 {
        self.worth[b]
    }
}

/// Bundles that share groups or families, directly or through others.
#[derive(Debug, Clone, Default)]
pub(super) struct Cluster {
    /// Positions in the pool.
    pub bundles: Vec<u32>,
    /// Groups, numbered as in the part, in order.
    pub groups: Vec<u32>,
    /// Families, numbered as in the part, in order.
    pub families: Vec<u32>,
}

/// The clusters of some bundles, in the order of their first groups.
pub(super) fn clusters(part: &Part, pool: &Pool, bundles: &[u32]) -> Vec<Cluster> {
    let n = part.groups.len();
    let mut parent: Vec<u32> = (0..(n + part.families.len()) as u32).collect();
    for &b in bundles {
        let f = (n + pool.family(b as usize)) as u32;
        for &k in pool.items(b as usize) {
            let a = root(&mut parent, part.items[k as usize].group);
            let c = root(&mut parent, f);
            parent[a.max(c) as usize] = a.min(c);
        }
    }
    let mut number = vec![u32::MAX; parent.len()];
    let mut out: Vec<Cluster> = Vec::new();
    for row in 0..parent.len() as u32 {
        let r = root(&mut parent, row) as usize;
        let family = (row as usize).checked_sub(n);
        if number[r] == u32::MAX {
            number[r] = out.len() as u32;
            out.push(Cluster::default());
        }
        let cluster = &mut out[number[r] as usize];
        match family {
            Some(f) => cluster.families.push(f as u32),
            None => cluster.groups.push(row),
        }
    }
    for &b in bundles {
        let f = (n + pool.family(b as usize)) as u32;
        out[number[root(&mut parent, f) as usize] as usize].bundles.push(b);
    }
    out.retain(|c| !c.bundles.is_empty());
    out
}

fn root(parent: &mut [u32], mut k: u32) -> u32 {
    while parent[k as usize] != k {
        parent[k as usize] = parent[parent[k as usize] as usize];
        k = parent[k as usize];
    }
    k
}
