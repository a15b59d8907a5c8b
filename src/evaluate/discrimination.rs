//! Discrimination: the area under the time-dependent ROC curve, and the concordance indices.

use super::observed::Status;
use super::{Observed, Predicted, Weights};

/// The cumulative/dynamic area under the ROC curve at a horizon (by its position).
///
/// Cases ended by the cause by the horizon; controls ended by another cause by then or were still
/// under way (Blanche, Dartigues and Jacqmin-Gadda 2013, definition 2; R's
/// `riskRegression::Score`). Pairs are weighted by the product of the rows' weights; equal risks
/// count half. `None` where follow-up does not reach the horizon, or where there are no cases or
/// no controls.
#[must_use]
pub fn auc(
    observed: &Observed,
    weights: &Weights,
    predicted: &Predicted,
    at: usize,
) -> Option<f64> {
    weights.incidence(at)?;
    let horizon = observed.horizons()[at];
    let risk = predicted.at(at);
    let (mut cases, mut controls, mut area) = (0.0, 0.0, 0.0);
    let (mut tied_cases, mut tied_controls) = (0.0, 0.0);
    let mut previous = f64::NEG_INFINITY;
    for &row in predicted.order(at) {
        let row = row as usize;
        if risk[row] > previous {
            area += tied_cases * (controls + tied_controls / 2.0);
            cases += tied_cases;
            controls += tied_controls;
            (tied_cases, tied_controls) = (0.0, 0.0);
            previous = risk[row];
        }
        let weight = observed.weight(weights, row, at);
        match observed.status(row, horizon) {
            Status::Case => tied_cases += weight,
            Status::Control => tied_controls += weight,
            Status::Unknown => {}
        }
    }
    area += tied_cases * (controls + tied_controls / 2.0);
    cases += tied_cases;
    controls += tied_controls;
    (cases > 0.0 && controls > 0.0).then(|| area / (cases * controls))
}

/// Both concordance indices of the risk by the last horizon.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Concordance {
    /// Harrell's: comparable pairs count equally.
    pub harrell: Option<f64>,
    /// Uno's: comparable pairs are weighted by the inverse of their chance to be comparable.
    pub uno: Option<f64>,
}

/// Harrell's and Uno's C for the cause, over events up to `tau`.
///
/// A pair is comparable when one row ended by the cause at t ≤ `tau` and the other is known to
/// have lasted longer without it: it was at risk at t and did not end then (a censoring at t comes
/// after t), or it had ended by another cause by t and so never will end by this one (Wolbers et al. 2014).
/// A pair is concordant when the first row has the higher risk; equal risks count half. Uno's
/// index (Uno et al. 2011) weights pairs of the first kind by the square of the first row's
/// weight, those of the second by the product of both. Without competing causes and with `tau`
/// at the end these are R's `concordance` and `concordance(timewt = "n/G2")`.
///
/// Late entry counts: a row is at risk only after it entered. O(n log n). `None` where no pair is comparable.
#[must_use]
pub fn concordance(
    observed: &Observed,
    weights: &Weights,
    predicted: &Predicted,
    tau: f64,
) -> Concordance {
    let at = predicted.last();
    let (rank, ranks) = dense_ranks(predicted, at);
    let mut pass = Pass {
        running: Fenwick::new(ranks),
        competing: Fenwick::new(ranks),
        competing_mass: Fenwick::new(ranks),
        harrell: [0.0; 2],
        uno: [0.0; 2],
    };
    let count = |row: usize| weights.count(row);
    if !observed.late() {
        for (row, &r) in rank.iter().enumerate() {
            pass.running.add(r, count(row));
        }
    }
    let order = observed.by_exit();
    let (mut k, mut entered) = (0, 0);
    while let Some(&first) = order.get(k) {
        let time = observed.exit(first as usize);
        if time > tau {
            break;
        }
        while let Some(&row) =
            observed.by_entry().get(entered).filter(|&&r| observed.entry(r as usize) < time)
        {
            pass.running.add(rank[row as usize], count(row as usize));
            entered += 1;
        }
        let tied = order[k..].iter().take_while(|&&r| observed.exit(r as usize) == time).count();
        let rows = order[k..k + tied].iter().map(|&r| r as usize);
        for row in rows.clone().filter(|&row| observed.cause(row) != 0) {
            pass.running.add(rank[row], -count(row));
            if !observed.hit(row) {
                pass.competing.add(rank[row], count(row));
                pass.competing_mass.add(rank[row], count(row) * weights.ended[row]);
            }
        }
        for row in rows.clone().filter(|&row| observed.hit(row)) {
            pass.compare(rank[row], count(row), weights.ended[row]);
        }
        for row in rows.filter(|&row| observed.cause(row) == 0) {
            pass.running.add(rank[row], -count(row));
        }
        k += tied;
    }
    let index = |[concordant, pairs]: [f64; 2]| (pairs > 0.0).then(|| concordant / pairs);
    Concordance { harrell: index(pass.harrell), uno: index(pass.uno) }
}

/// Ranks of the risks at a horizon (equal risks share one), and how many there are.
fn dense_ranks(predicted: &Predicted, at: usize) -> (Vec<usize>, usize) {
    let risk = predicted.at(at);
    let mut rank = vec![0; risk.len()];
    let (mut next, mut previous) = (0, f64::NEG_INFINITY);
    for &row in predicted.order(at) {
        if risk[row as usize] > previous {
            next += 1;
            previous = risk[row as usize];
        }
        rank[row as usize] = next - 1;
    }
    (rank, next)
}

/// One pass through time: who can be compared, and what came of it ([concordant, pairs]).
struct Pass {
    running: Fenwick,
    competing: Fenwick,
    competing_mass: Fenwick,
    harrell: [f64; 2],
    uno: [f64; 2],
}

impl Pass {
    /// Compares a row that ended by the cause now with all that are known to last longer.
    fn compare(&mut self, rank: usize, count: f64, mass: f64) {
        let running = self.running.below(rank);
        let competing = self.competing.below(rank);
        let competing_mass = self.competing_mass.below(rank);
        for k in 0..2 {
            self.harrell[k] += count * (running[k] + competing[k]);
            self.uno[k] += count * mass * (mass * running[k] + competing_mass[k]);
        }
    }
}

/// Sums over ranks that can be changed one at a time (Fenwick 1994).
struct Fenwick {
    sums: Vec<f64>,
    total: f64,
}

impl Fenwick {
    fn new(ranks: usize) -> Self {
        Self { sums: vec![0.0; ranks + 1], total: 0.0 }
    }

    /// Adds to a rank.
    fn add(&mut self, rank: usize, value: f64) {
        self.total += value;
        let mut k = rank + 1;
        while k < self.sums.len() {
            self.sums[k] += value;
            k += k & k.wrapping_neg();
        }
    }

    /// The sum of the first `k` ranks.
    fn first(&self, mut k: usize) -> f64 {
        let mut sum = 0.0;
        while k > 0 {
            sum += self.sums[k];
            k -= k & k.wrapping_neg();
        }
        sum
    }

    /// [what lies below a rank plus half of what lies on it, everything].
    fn below(&self, rank: usize) -> [f64; 2] {
        let below = self.first(rank);
        let upto = self.first(rank + 1);
        [(below + upto) / 2.0, self.total]
    }
}
