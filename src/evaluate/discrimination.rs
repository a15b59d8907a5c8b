//! Discrimination: the area under the time-dependent ROC curve, and the concordance indices.

use super::{Observed, Predicted, Weights};

/// The cumulative/dynamic area under the ROC curve at a horizon (by its position).
///
/// Cases ended by the cause by the horizon; controls ended by another cause by then or were still
/// under way (Blanche, Dartigues and Jacqmin-Gadda 2013, definition 2; R's
/// `riskRegression::Score`). Pairs are weighted by the product of the rows' weights; equal risks
/// count half. Where rows were predicted by several fits ([`Predicted::by_fit`]), only pairs of
/// one fit are compared. `None` where follow-up does not reach the horizon, or where there are no
/// cases or no controls.
#[must_use]
pub fn auc(weights: &Weights, predicted: &Predicted, at: usize) -> Option<f64> {
    area(weights, predicted, at, |_| true)
}

/// The same with other controls: only rows that were still under way at the horizon (definition 1
/// of Blanche, Dartigues and Jacqmin-Gadda 2013). Without competing causes both are the same.
#[must_use]
pub fn auc_under_way(
    observed: &Observed,
    weights: &Weights,
    predicted: &Predicted,
    at: usize,
) -> Option<f64> {
    let horizon = *observed.horizons().get(at)?;
    area(weights, predicted, at, |row| observed.exit(row) > horizon)
}

/// The area over cases and those controls that count.
fn area(
    weights: &Weights,
    predicted: &Predicted,
    at: usize,
    control: impl Fn(usize) -> bool,
) -> Option<f64> {
    weights.incidence(at)?;
    let risk = predicted.at(at);
    let mut tally = Tally::default();
    let mut previous = (u32::MAX, 0.0);
    for &row in predicted.order_by_fit(at) {
        let row = row as usize;
        let here = (predicted.fit(row), risk[row]);
        if here != previous {
            tally.close_ties();
            if here.0 != previous.0 {
                tally.close_fit();
            }
            previous = here;
        }
        let mass = weights.signed[at][row];
        if mass > 0.0 {
            tally.tied_cases += mass;
        } else if mass < 0.0 && control(row) {
            tally.tied_controls -= mass;
        }
    }
    tally.close_ties();
    tally.close_fit();
    (tally.pairs > 0.0).then(|| tally.concordant / tally.pairs)
}

/// Cases and controls so far, from the lowest risk up.
#[derive(Default)]
struct Tally {
    tied_cases: f64,
    tied_controls: f64,
    cases: f64,
    controls: f64,
    concordant: f64,
    pairs: f64,
}

impl Tally {
    /// The rows with one risk are complete.
    fn close_ties(&mut self) {
        self.concordant += self.tied_cases * (self.controls + self.tied_controls / 2.0);
        self.cases += self.tied_cases;
        self.controls += self.tied_controls;
        (self.tied_cases, self.tied_controls) = (0.0, 0.0);
    }

    /// The rows of one fit are complete.
    fn close_fit(&mut self) {
        self.pairs += self.cases * self.controls;
        (self.cases, self.controls) = (0.0, 0.0);
    }
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
/// Late entry counts: a row is at risk only after it entered. Where rows were predicted by several
/// fits ([`Predicted::by_fit`]), only pairs of one fit are compared. O(n log n). `None` where no
/// pair is comparable.
#[must_use]
pub fn concordance(
    observed: &Observed,
    weights: &Weights,
    predicted: &Predicted,
    tau: f64,
) -> Concordance {
    let (rank, ranks) = ranks_by_fit(predicted);
    let mut by_exit = vec![Vec::new(); predicted.fits()];
    let mut by_entry = vec![Vec::new(); predicted.fits()];
    for &row in observed.by_exit() {
        by_exit[predicted.fit(row as usize) as usize].push(row);
    }
    for &row in observed.by_entry() {
        by_entry[predicted.fit(row as usize) as usize].push(row);
    }
    let (mut harrell, mut uno) = ([0.0; 2], [0.0; 2]);
    for fit in 0..predicted.fits() {
        let mut pass = Pass {
            observed,
            weights,
            rank: &rank,
            running: Fenwick::new(ranks[fit]),
            competing: Fenwick::new(ranks[fit]),
            competing_mass: Fenwick::new(ranks[fit]),
            harrell: [0.0; 2],
            uno: [0.0; 2],
        };
        pass.run(&by_exit[fit], &by_entry[fit], tau);
        for k in 0..2 {
            harrell[k] += pass.harrell[k];
            uno[k] += pass.uno[k];
        }
    }
    let index = |[concordant, pairs]: [f64; 2]| (pairs > 0.0).then(|| concordant / pairs);
    Concordance { harrell: index(harrell), uno: index(uno) }
}

/// Ranks of the risks by the last horizon within each fit (equal risks share one), and how many
/// there are in each.
fn ranks_by_fit(predicted: &Predicted) -> (Vec<usize>, Vec<usize>) {
    let at = predicted.last();
    let risk = predicted.at(at);
    let mut rank = vec![0; risk.len()];
    let mut ranks = vec![0; predicted.fits()];
    let mut previous = (u32::MAX, 0.0);
    for &row in predicted.order_by_fit(at) {
        let row = row as usize;
        let here = (predicted.fit(row), risk[row]);
        let number = &mut ranks[here.0 as usize];
        if here != previous {
            *number += 1;
            previous = here;
        }
        rank[row] = *number - 1;
    }
    (rank, ranks)
}

/// One pass through time: who can be compared, and what came of it ([concordant, pairs]).
struct Pass<'a> {
    observed: &'a Observed,
    weights: &'a Weights,
    rank: &'a [usize],
    running: Fenwick,
    competing: Fenwick,
    competing_mass: Fenwick,
    harrell: [f64; 2],
    uno: [f64; 2],
}

impl Pass<'_> {
    /// Goes through the rows of one fit, given by rising exit and (with late entry) rising entry.
    fn run(&mut self, by_exit: &[u32], by_entry: &[u32], tau: f64) {
        let (observed, rank) = (self.observed, self.rank);
        if !observed.late() {
            for &row in by_exit {
                self.running.add(rank[row as usize], self.weights.count(row as usize));
            }
        }
        let (mut k, mut entered) = (0, 0);
        while let Some(&first) = by_exit.get(k) {
            let time = observed.exit(first as usize);
            if time > tau {
                break;
            }
            let late = |r: &&u32| observed.entry(**r as usize) < time;
            while let Some(&row) = by_entry.get(entered).filter(late) {
                self.running.add(rank[row as usize], self.weights.count(row as usize));
                entered += 1;
            }
            let tied = by_exit[k..].iter().take_while(|&&r| observed.exit(r as usize) == time);
            let tied: Vec<usize> = tied.map(|&r| r as usize).collect();
            self.at_one_time(&tied);
            k += tied.len();
        }
    }

    /// The rows that leave at one time: those that end go first, then events are compared with
    /// those who stay, and those censored now are among them.
    fn at_one_time(&mut self, tied: &[usize]) {
        let (observed, weights, rank) = (self.observed, self.weights, self.rank);
        for &row in tied.iter().filter(|&&row| observed.cause(row) != 0) {
            self.running.add(rank[row], -weights.count(row));
            if !observed.hit(row) {
                self.competing.add(rank[row], weights.count(row));
                self.competing_mass.add(rank[row], weights.count(row) * weights.ended[row]);
            }
        }
        for &row in tied.iter().filter(|&&row| observed.hit(row)) {
            self.compare(rank[row], weights.count(row), weights.ended[row]);
        }
        for &row in tied.iter().filter(|&&row| observed.cause(row) == 0) {
            self.running.add(rank[row], -weights.count(row));
        }
    }

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
