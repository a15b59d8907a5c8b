//! Sparse vectors and lists of them.

/// Vectors of (index, value), end to end.
#[derive(Debug, Clone)]
pub(super) struct Lists {
    start: Vec<u32>,
    index: Vec<u32>,
    value: Vec<f64>,
}

impl Default for Lists {
    fn default() -> Self {
        Self { start: vec![0], index: Vec::new(), value: Vec::new() }
    }
}

impl Lists {
    /// The lists of `entries` (list, index, value), each list in the order given.
    pub fn of(lists: usize, entries: impl Iterator<Item = (u32, u32, f64)> + Clone) -> Self {
        let mut start = vec![0u32; lists + 1];
        for (k, _, _) in entries.clone() {
            start[k as usize + 1] += 1;
        }
        for k in 0..lists {
            start[k + 1] += start[k];
        }
        let mut next = start.clone();
        let mut index = vec![0; start[lists] as usize];
        let mut value = vec![0.0; index.len()];
        for (k, i, v) in entries {
            let at = &mut next[k as usize];
            index[*at as usize] = i;
            value[*at as usize] = v;
            *at += 1;
        }
        Self { start, index, value }
    }

    /// Adds an entry to the list that is being made.
    pub fn push(&mut self, index: u32, value: f64) {
        self.index.push(index);
        self.value.push(value);
    }

    /// Ends the list that is being made.
    pub fn close(&mut self) {
        self.start.push(self.index.len() as u32);
    }

    /// Whether the list that is being made has an entry.
    pub fn is_open(&self) -> bool {
        self.start.last().is_some_and(|&s| (s as usize) < self.index.len())
    }

    /// How many lists there are.
    pub fn len(&self) -> usize {
        self.start.len() - 1
    }

    /// How many entries a list has.
    pub fn size(&self, k: usize) -> u32 {
        self.start[k + 1] - self.start[k]
    }

    /// How many entries there are.
    pub fn entries(&self) -> usize {
        self.index.len()
    }

    /// A list.
    pub fn get(&self, k: usize) -> impl Iterator<Item = (usize, f64)> + Clone + '_ {
        let range = self.start[k] as usize..self.start[k + 1] as usize;
        self.index[range.clone()].iter().map(|&i| i as usize).zip(self.value[range].iter().copied())
    }

    /// All entries: list, index, value.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32, f64)> + Clone + '_ {
        (0..self.len()).flat_map(|k| self.get(k).map(move |(i, v)| (k as u32, i as u32, v)))
    }
}

/// A vector that knows where it may be other than 0.
#[derive(Debug, Clone, Default)]
pub(super) struct Sparse {
    value: Vec<f64>,
    marked: Vec<bool>,
    list: Vec<u32>,
}

impl Sparse {
    /// Makes it a vector of n zeros.
    pub fn reset(&mut self, n: usize) {
        if self.value.len() != n {
            *self = Self { value: vec![0.0; n], marked: vec![false; n], list: Vec::new() };
            return;
        }
        for &i in &self.list {
            self.value[i as usize] = 0.0;
            self.marked[i as usize] = false;
        }
        self.list.clear();
    }

    pub fn get(&self, i: usize) -> f64 {
        self.value[i]
    }

    /// Sets an entry.
    pub fn set(&mut self, i: usize, value: f64) {
        self.mark(i);
        self.value[i] = value;
    }

    /// Adds to an entry. Gives whether it was not marked before.
    pub fn add(&mut self, i: usize, value: f64) -> bool {
        self.value[i] += value;
        self.mark(i)
    }

    fn mark(&mut self, i: usize) -> bool {
        let new = !std::mem::replace(&mut self.marked[i], true);
        if new {
            self.list.push(i as u32);
        }
        new
    }

    /// Where it may be other than 0.
    pub fn places(&self) -> &[u32] {
        &self.list
    }

    /// Entries other than 0.
    pub fn iter(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.list.iter().map(|&i| (i as usize, self.value[i as usize])).filter(|e| e.1 != 0.0)
    }
}
