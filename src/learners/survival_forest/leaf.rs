//! Leaves: counts per cell of the shared grid, and the risks that follow from them.

use serde::{Deserialize, Serialize};

use super::time::{TICKS, Table};

/// What a leaf holds of its cases: how many there are, how long they were at risk in each cell,
/// and how many ended by each cause in it. A case that the bootstrap drew twice counts twice in
/// time and events, and once as a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Leaf {
    /// Distinct cases.
    pub(super) cases: u32,
    /// At risk in each cell, in sixty-fourths of the cell; cells behind the last of these: none.
    pub(super) at_risk: Vec<u32>,
    /// One number per end: cell · causes + cause − 1, rising.
    pub(super) ends: Vec<u32>,
}

/// Cumulative incidence of each cause and survival at one time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    pub(super) incidence: Vec<f64>,
    pub(super) survival: f64,
}

impl Leaf {
    /// From the counts of the cases that fell into it.
    pub(super) fn new(table: &Table, cases: u32) -> Self {
        let used = table.at_risk.iter().rposition(|&t| t > 0).map_or(0, |k| k + 1);
        let at_risk =
            table.at_risk[..used].iter().map(|&t| u32::try_from(t).unwrap_or(u32::MAX)).collect();
        let mut ends = Vec::new();
        for (code, &n) in table.events.iter().enumerate() {
            ends.extend(std::iter::repeat_n(code as u32, n as usize));
        }
        Self { cases, at_risk, ends }
    }

    /// The hazard of each cause over a whole cell: ends over the mean number at risk; `false` where
    /// nobody was at risk. `ends` are those of the cell.
    fn hazards(&self, cell: usize, ends: &[u32], into: &mut [f64]) -> bool {
        into.fill(0.0);
        let Some(&ticks) = self.at_risk.get(cell).filter(|&&t| t > 0) else { return false };
        let causes = into.len();
        for &code in ends {
            into[code as usize % causes] += 1.0;
        }
        into.iter_mut().for_each(|h| *h *= f64::from(TICKS) / f64::from(ticks));
        true
    }

    /// The ends of a cell among those from `from` on.
    fn ends_of(&self, cell: usize, from: usize, causes: usize) -> &[u32] {
        let rest = self.ends.get(from..).unwrap_or_default();
        let of = rest.iter().take_while(|&&c| c as usize / causes == cell).count();
        &rest[..of]
    }

    /// The hazards of a cell in which nobody of a leaf was at risk: those of all. All have many
    /// ends, so that they are searched and not walked through.
    fn hazards_of_all(&self, cell: usize, into: &mut [f64]) {
        let causes = into.len();
        let first = self.ends.partition_point(|&c| (c as usize) < cell * causes);
        self.hazards(cell, self.ends_of(cell, first, causes), into);
    }

    /// The states at `from` and at `to`, in cells since the first edge.
    pub(super) fn states(&self, all: &Self, causes: usize, from: f64, to: f64) -> [State; 2] {
        let mut at = State { incidence: vec![0.0; causes], survival: 1.0 };
        let mut first = at.clone();
        let (mut hazard, mut next) = (vec![0.0; causes], 0);
        let cells = to.ceil() as usize;
        for cell in 0..cells {
            let left = cell as f64;
            let own = self.ends_of(cell, next, causes);
            next += own.len();
            if !self.hazards(cell, own, &mut hazard) {
                all.hazards_of_all(cell, &mut hazard);
            }
            if (left..left + 1.0).contains(&from) {
                first = at.clone();
                first.pass(&hazard, from - left);
            }
            at.pass(&hazard, (to - left).min(1.0));
        }
        if from >= cells as f64 {
            first = at.clone();
        }
        [first, at]
    }

    /// Whether counts that were read from a file can be of a leaf.
    pub(super) fn is_whole(&self, cells: usize, causes: usize) -> bool {
        let end = |&c: &u32| self.at_risk.get(c as usize / causes).is_some_and(|&t| t > 0);
        self.cases > 0
            && self.at_risk.len() <= cells
            && self.at_risk.last() != Some(&0)
            && self.ends.windows(2).all(|w| w[0] <= w[1])
            && self.ends.iter().all(end)
    }
}

impl State {
    /// Goes on through a share of a cell with these hazards.
    fn pass(&mut self, hazard: &[f64], share: f64) {
        let total: f64 = hazard.iter().sum();
        if total <= 0.0 || share <= 0.0 {
            return;
        }
        let gone = -(-total * share).exp_m1() * self.survival;
        for (f, h) in self.incidence.iter_mut().zip(hazard) {
            *f += gone * h / total;
        }
        self.survival -= gone;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf() -> Leaf {
        // Two cells, two causes: 4 at risk with an end by 1; then 2.5 at risk with an end of each.
        Leaf { cases: 4, at_risk: vec![256, 160], ends: vec![0, 2, 3] }
    }

    #[test]
    fn risks_by_hand() {
        let all = Leaf { cases: 9, at_risk: vec![640, 640, 320], ends: vec![0, 1, 5] };
        let [start, end] = leaf().states(&all, 2, 0.0, 2.0);
        assert_eq!((start.incidence, start.survival), (vec![0.0, 0.0], 1.0));
        let s1 = (-0.25f64).exp();
        let gone = s1 * (1.0 - (-0.8f64).exp());
        assert!((end.incidence[0] - (1.0 - s1 + gone / 2.0)).abs() < 1e-15);
        assert!((end.incidence[1] - gone / 2.0).abs() < 1e-15);
        assert!((end.survival - s1 * (-0.8f64).exp()).abs() < 1e-15);
        // The third cell has nobody of the leaf: the hazard of all, 1 of 5, by cause 2.
        let [half, late] = leaf().states(&all, 2, 1.5, 2.5);
        assert!((half.survival - s1 * (-0.4f64).exp()).abs() < 1e-15);
        assert!((late.survival - end.survival * (-0.1f64).exp()).abs() < 1e-15);
        assert_eq!(late.incidence[0], end.incidence[0]);
        let total: f64 = late.incidence.iter().sum::<f64>() + late.survival;
        assert!((total - 1.0).abs() < 1e-15);
    }

    #[test]
    fn from_and_to_may_be_the_last_edge() {
        let [a, b] = leaf().states(&leaf(), 2, 2.0, 2.0);
        assert_eq!(a, b);
        assert!(a.survival < 0.5);
    }

    #[test]
    fn broken_leaves_are_noticed() {
        assert!(leaf().is_whole(2, 2));
        assert!(!leaf().is_whole(1, 2));
        let broken = |change: fn(&mut Leaf)| {
            let mut l = leaf();
            change(&mut l);
            assert!(!l.is_whole(2, 2), "{l:?}");
        };
        broken(|l| l.cases = 0);
        broken(|l| l.at_risk[0] = 0);
        broken(|l| l.at_risk[1] = 0);
        broken(|l| l.ends[0] = 9);
        broken(|l| l.ends.reverse());
    }
}
