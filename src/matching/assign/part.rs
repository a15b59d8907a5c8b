//! A connected part of a problem, in the layout that the solver walks through.

use super::problem::Problem;

/// A group in the list of a family.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    pub group: u32,
    pub family: u32,
    pub takes: u32,
    pub score: f64,
    /// The pair's position in the problem.
    pub pair: u32,
}

/// Groups and families that are connected by pairs; both are numbered anew from 0.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// The problem's number of each group.
    pub groups: Vec<u32>,
    /// The problem's number of each family.
    pub families: Vec<u32>,
    /// Places of each family, at most what its groups could fill.
    pub places: Vec<u32>,
    /// All pairs, family by family.
    pub items: Vec<Item>,
    of_family: Vec<u32>,
    of_group: Vec<u32>,
    links: Vec<u32>,
    clash_of: Vec<u32>,
    clashes: Vec<u32>,
    has_clash: Vec<bool>,
}

impl Part {
    /// The items of a family: a range of [`Part::items`].
    pub fn of_family(&self, f: usize) -> std::ops::Range<usize> {
        self.of_family[f] as usize..self.of_family[f + 1] as usize
    }

    /// The items of a group, as positions in [`Part::items`].
    pub fn of_group(&self, g: usize) -> &[u32] {
        &self.links[self.of_group[g] as usize..self.of_group[g + 1] as usize]
    }

    /// The items of the same family with which an item may not be chosen.
    pub fn clashes(&self, item: usize) -> &[u32] {
        &self.clashes[self.clash_of[item] as usize..self.clash_of[item + 1] as usize]
    }

    /// Whether any two groups of a family may not share it.
    pub fn has_clash(&self, f: usize) -> bool {
        self.has_clash[f]
    }
}

/// The connected parts of a problem. Pairs that can never pay (a score below 0) or never fit are
/// left out; groups and families without pairs belong to no part.
pub(super) fn split(problem: &Problem) -> Vec<Part> {
    let (n, m) = (problem.groups(), problem.places().len());
    let usable: Vec<u32> = (0..problem.pairs().len() as u32)
        .filter(|&k| {
            let p = &problem.pairs()[k as usize];
            p.score >= 0.0 && p.takes <= problem.places()[p.family as usize]
        })
        .collect();
    let mut parent: Vec<u32> = (0..(n + m) as u32).collect();
    for &k in &usable {
        let p = &problem.pairs()[k as usize];
        let a = root(&mut parent, p.group);
        let b = root(&mut parent, n as u32 + p.family);
        parent[a.max(b) as usize] = a.min(b);
    }
    // The root of a part is its smallest group: parts come in the order of their first groups.
    let mut number = vec![u32::MAX; n + m];
    let mut lists: Vec<Vec<u32>> = Vec::new();
    for &k in &usable {
        let r = root(&mut parent, problem.pairs()[k as usize].group) as usize;
        if number[r] == u32::MAX {
            number[r] = lists.len() as u32;
            lists.push(Vec::new());
        }
        lists[number[r] as usize].push(k);
    }
    let mut conflicts: Vec<Vec<u32>> = vec![Vec::new(); n];
    for &(a, b) in problem.conflicts() {
        if a != b {
            conflicts[a as usize].push(b);
            conflicts[b as usize].push(a);
        }
    }
    let mut local = Local { group: vec![u32::MAX; n], family: vec![u32::MAX; m] };
    lists.iter().map(|list| part(problem, list, &conflicts, &mut local)).collect()
}

fn root(parent: &mut [u32], mut k: u32) -> u32 {
    while parent[k as usize] != k {
        parent[k as usize] = parent[parent[k as usize] as usize];
        k = parent[k as usize];
    }
    k
}

/// Numbers within a part, by the problem's numbers.
struct Local {
    group: Vec<u32>,
    family: Vec<u32>,
}

fn part(problem: &Problem, list: &[u32], conflicts: &[Vec<u32>], local: &mut Local) -> Part {
    let pairs = problem.pairs();
    let mut order = list.to_vec();
    order.sort_unstable_by_key(|&k| (pairs[k as usize].family, pairs[k as usize].group));
    let (mut groups, mut families) = (Vec::new(), Vec::new());
    let mut items: Vec<Item> = Vec::with_capacity(order.len());
    let mut of_family = vec![0u32];
    let mut sorted: Vec<u32> = list.iter().map(|&k| pairs[k as usize].group).collect();
    sorted.sort_unstable();
    sorted.dedup();
    for g in sorted {
        local.group[g as usize] = groups.len() as u32;
        groups.push(g);
    }
    for &k in &order {
        let p = &pairs[k as usize];
        if families.last() != Some(&p.family) {
            if !families.is_empty() {
                of_family.push(items.len() as u32);
            }
            local.family[p.family as usize] = families.len() as u32;
            families.push(p.family);
        }
        items.push(Item {
            group: local.group[p.group as usize],
            family: local.family[p.family as usize],
            takes: p.takes,
            score: p.score,
            pair: k,
        });
    }
    of_family.push(items.len() as u32);
    let (of_group, links) = by_group(&items, groups.len());
    let places = families
        .iter()
        .enumerate()
        .map(|(f, &family)| {
            let range = of_family[f] as usize..of_family[f + 1] as usize;
            let all: u64 = items[range].iter().map(|i| u64::from(i.takes)).sum();
            u64::from(problem.places()[family as usize]).min(all) as u32
        })
        .collect();
    let mut part = Part {
        groups,
        families,
        places,
        items,
        of_family,
        of_group,
        links,
        clash_of: Vec::new(),
        clashes: Vec::new(),
        has_clash: Vec::new(),
    };
    add_clashes(&mut part, conflicts, &local.group);
    part
}

fn by_group(items: &[Item], groups: usize) -> (Vec<u32>, Vec<u32>) {
    let mut start = vec![0u32; groups + 1];
    for item in items {
        start[item.group as usize + 1] += 1;
    }
    for g in 0..groups {
        start[g + 1] += start[g];
    }
    let mut next = start.clone();
    let mut links = vec![0u32; items.len()];
    for (k, item) in items.iter().enumerate() {
        links[next[item.group as usize] as usize] = k as u32;
        next[item.group as usize] += 1;
    }
    (start, links)
}

fn add_clashes(part: &mut Part, conflicts: &[Vec<u32>], local: &[u32]) {
    part.has_clash = vec![false; part.families.len()];
    part.clash_of = vec![0; part.items.len() + 1];
    for k in 0..part.items.len() {
        let (g, f) = (part.items[k].group as usize, part.items[k].family as usize);
        for &other in &conflicts[part.groups[g] as usize] {
            // A number left by another part names another group there.
            let (named, other) = (other, local[other as usize]);
            if part.groups.get(other as usize) != Some(&named) {
                continue;
            }
            // Items of a family are in order of their groups (numbers keep the problem's order).
            let range = part.of_family(f);
            let found = part.items[range.clone()].binary_search_by_key(&other, |i| i.group);
            if let Ok(at) = found {
                part.clashes.push((range.start + at) as u32);
                part.has_clash[f] = true;
            }
        }
        part.clash_of[k + 1] = part.clashes.len() as u32;
    }
}
