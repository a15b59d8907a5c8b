//! Groups as they are given, and as they are counted.

/// The group of each row.
pub(super) struct Groups {
    /// The numbers that occur, sorted.
    pub(super) numbers: Vec<u32>,
    /// By row: the place of its group among the numbers.
    pub(super) of: Vec<u32>,
    /// By group: its rows.
    pub(super) rows: Vec<usize>,
}

impl Groups {
    pub(super) fn new(given: &[u32]) -> Self {
        let mut numbers = given.to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        let place = |g: &u32| numbers.partition_point(|n| n < g) as u32;
        let of: Vec<u32> = given.iter().map(place).collect();
        let mut rows = vec![0; numbers.len()];
        for &g in &of {
            rows[g as usize] += 1;
        }
        Self { numbers, of, rows }
    }
}
