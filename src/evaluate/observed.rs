//! What happened to the rows that are judged, and the weights that make up for those that were
//! not seen to the end.
//!
//! **Weights.** A row that ended at T stands for S(T−) / Y(T) of the population, a row still under
//! way at horizon h for S(h) / Y(h+), and a row censored before h for nothing, where S is the
//! Kaplan–Meier estimate of freedom from every cause and Y the number at risk. These are the
//! masses of the Aalen–Johansen estimator, so they add up to one and their sum over the events of
//! a cause is its cumulative incidence.
//!
//! Without late entry S(t−) · G(t−) · n = Y(t), with G the Kaplan–Meier estimate of the censoring
//! distribution in which events come before censorings at a tied time; so the weights equal
//! 1 / (n G(T−)) and 1 / (n G(h)), the inverse-probability-of-censoring weights of Graf et al.
//! (1999) and of R's `riskRegression::Score` with its marginal censoring model. With late entry
//! (left truncation) G alone would not do: rows that ended before they could be seen are missing
//! too, and S / Y makes up for both, under the same assumption that entry and censoring do not
//! depend on the outcome.

use crate::survival::Outcome;

use super::EvaluateError;

/// The outcome of the rows that are judged, sorted once.
#[derive(Debug, Clone)]
pub struct Observed {
    entry: Option<Vec<f64>>,
    exit: Vec<f64>,
    cause: Vec<u32>,
    target: u32,
    horizons: Vec<f64>,
    /// Rows by rising exit, and by rising entry where there is late entry.
    by_exit: Vec<u32>,
    by_entry: Vec<u32>,
}

/// The weights of the rows, for one way of counting them.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// The mass of a row that ended by a cause, 0 for a censored row, **per copy** of the row.
    pub(super) ended: Vec<f64>,
    /// At each horizon.
    pub(super) at: Vec<HorizonWeights>,
    /// How often each row counts; `None`: once.
    pub(super) counts: Option<Vec<u32>>,
    /// Rows, counted.
    pub(super) total: f64,
    /// At each horizon the mass of each row with all its copies: above zero for a case, below for
    /// a control, zero where it is not known which.
    pub(super) signed: Vec<Vec<f64>>,
}

/// What is known at one horizon.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct HorizonWeights {
    /// The mass of a row still under way, per copy. 0 where nobody can be.
    pub running: f64,
    /// Aalen–Johansen incidence of the target cause.
    pub incidence: f64,
    /// Whether follow-up reaches the horizon: without it nothing can be said.
    pub reached: bool,
}

/// What a row is at a horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// It ended by the cause of interest.
    Case,
    /// It ended by another cause, or was still under way.
    Control,
    /// It was censored before the horizon, or entered after it.
    Unknown,
}

impl Observed {
    /// The outcome of the test rows, the cause whose risk is predicted (1, 2, …), and the rising
    /// horizons, in the outcome's unit.
    ///
    /// # Errors
    /// A cause that the outcome does not have; no horizons, or horizons that are not above zero and rising.
    pub fn new(outcome: &Outcome, cause: u32, horizons: &[f64]) -> Result<Self, EvaluateError> {
        let causes = outcome.causes().len();
        if cause == 0 || cause as usize > causes {
            return Err(EvaluateError::Cause { cause, causes });
        }
        let rising = horizons.windows(2).all(|w| w[0] < w[1]);
        if !rising || horizons.iter().any(|h| !h.is_finite() || *h <= 0.0) || horizons.is_empty() {
            return Err(EvaluateError::Horizons);
        }
        // Rows that all enter at or before the beginning are not late.
        let entry = outcome.entry().filter(|e| e.iter().any(|&t| t > 0.0)).map(<[f64]>::to_vec);
        let by_entry = entry.as_deref().map(sorted).unwrap_or_default();
        Ok(Self {
            by_exit: sorted(outcome.exit()),
            by_entry,
            entry,
            exit: outcome.exit().to_vec(),
            cause: outcome.cause().to_vec(),
            target: cause,
            horizons: horizons.to_vec(),
        })
    }

    /// Rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.exit.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exit.is_empty()
    }

    /// The horizons.
    #[must_use]
    pub fn horizons(&self) -> &[f64] {
        &self.horizons
    }

    /// Events of the cause, whenever they happened.
    #[must_use]
    pub fn events(&self) -> usize {
        self.cause.iter().filter(|&&c| c == self.target).count()
    }

    /// Whether rows enter late.
    pub(super) fn late(&self) -> bool {
        self.entry.is_some()
    }

    /// When a row came under observation.
    pub(super) fn entry(&self, row: usize) -> f64 {
        self.entry.as_ref().map_or(f64::NEG_INFINITY, |e| e[row])
    }

    /// When it left.
    pub(super) fn exit(&self, row: usize) -> f64 {
        self.exit[row]
    }

    /// Why it left: 0 = censored.
    pub(super) fn cause(&self, row: usize) -> u32 {
        self.cause[row]
    }

    /// Whether the cause of its end is the one of interest.
    pub(super) fn hit(&self, row: usize) -> bool {
        self.cause[row] == self.target
    }

    /// Rows by rising exit.
    pub(super) fn by_exit(&self) -> &[u32] {
        &self.by_exit
    }

    /// Rows by rising entry; empty without late entry.
    pub(super) fn by_entry(&self) -> &[u32] {
        &self.by_entry
    }

    /// What a row is at a horizon.
    pub(super) fn status(&self, row: usize, horizon: f64) -> Status {
        if self.exit[row] > horizon {
            if self.entry(row) <= horizon { Status::Control } else { Status::Unknown }
        } else if self.cause[row] == 0 {
            Status::Unknown
        } else if self.hit(row) {
            Status::Case
        } else {
            Status::Control
        }
    }

    /// The weights when row r counts `counts[r]` times (a bootstrap replicate), or once.
    ///
    /// One pass over the sorted rows.
    ///
    /// # Errors
    /// As many counts as rows are needed.
    pub fn weigh(&self, counts: Option<Vec<u32>>) -> Result<Weights, EvaluateError> {
        let n = self.len();
        if let Some(counts) = counts.as_ref().filter(|c| c.len() != n) {
            let what = "the list of counts".into();
            return Err(EvaluateError::Length { what, found: counts.len(), expected: n });
        }
        let count = |row: u32| counts.as_ref().map_or(1.0, |c| f64::from(c[row as usize]));
        let total: f64 = (0..n as u32).map(count).sum();
        let mut sweep = Sweep { survival: 1.0, incidence: 0.0, at_risk: 0.0, emptied: false };
        if !self.late() {
            sweep.at_risk = total;
        }
        let mut ended = vec![0.0; n];
        let mut at = Vec::with_capacity(self.horizons.len());
        let mut entered = 0;
        let mut k = 0;
        while k < n || at.len() < self.horizons.len() {
            let time = self.by_exit.get(k).map_or(f64::INFINITY, |&r| self.exit[r as usize]);
            // Horizons before this time come first, with those who entered up to the horizon.
            if let Some(&h) = self.horizons.get(at.len()).filter(|&&h| h < time) {
                self.enter(&mut sweep, &mut entered, &count, |entry| entry <= h);
                at.push(sweep.at_horizon());
                continue;
            }
            self.enter(&mut sweep, &mut entered, &count, |entry| entry < time);
            let tied = self.by_exit[k..].iter().take_while(|&&r| self.exit[r as usize] == time);
            k += self.leave(&mut sweep, &mut ended, tied.copied(), &count);
        }
        let signed = (0..at.len()).map(|k| self.signed(&ended, &at[k], k, &count)).collect();
        Ok(Weights { ended, at, counts, total, signed })
    }

    /// The signed masses at a horizon.
    fn signed(
        &self,
        ended: &[f64],
        weights: &HorizonWeights,
        at: usize,
        count: &impl Fn(u32) -> f64,
    ) -> Vec<f64> {
        let horizon = self.horizons[at];
        let of_row = |row: usize| {
            let mass = if self.exit[row] > horizon { weights.running } else { ended[row] };
            match self.status(row, horizon) {
                Status::Case => mass * count(row as u32),
                Status::Control => -mass * count(row as u32),
                Status::Unknown => 0.0,
            }
        };
        (0..self.len()).map(of_row).collect()
    }

    /// Lets the rows in whose entry passes the test.
    fn enter(
        &self,
        sweep: &mut Sweep,
        entered: &mut usize,
        count: &impl Fn(u32) -> f64,
        now: impl Fn(f64) -> bool,
    ) {
        while let Some(&row) = self.by_entry.get(*entered).filter(|&&r| now(self.entry(r as usize)))
        {
            sweep.at_risk += count(row);
            *entered += 1;
        }
    }

    /// Takes the rows out that leave at one time; gives how many.
    fn leave(
        &self,
        sweep: &mut Sweep,
        ended: &mut [f64],
        tied: impl Iterator<Item = u32> + Clone,
        count: &impl Fn(u32) -> f64,
    ) -> usize {
        let mass = if sweep.at_risk > 0.0 { sweep.survival / sweep.at_risk } else { 0.0 };
        let (mut rows, mut left, mut died) = (0, 0.0, 0.0);
        for row in tied {
            let c = count(row);
            rows += 1;
            left += c;
            if self.cause[row as usize] != 0 {
                ended[row as usize] = mass;
                died += c;
                if self.hit(row as usize) {
                    sweep.incidence += c * mass;
                }
            }
        }
        if died > 0.0 {
            // Counts are whole numbers, so that the last one at risk is met exactly.
            sweep.survival *= 1.0 - died / sweep.at_risk;
        }
        sweep.at_risk -= left;
        // With late entry the curve can reach zero while others are still to come: from there on
        // it says nothing about them.
        sweep.emptied |= self.late() && died > 0.0 && sweep.survival <= 0.0;
        rows
    }
}

impl Weights {
    /// How often a row counts.
    pub(super) fn count(&self, row: usize) -> f64 {
        self.counts.as_ref().map_or(1.0, |c| f64::from(c[row]))
    }

    /// The Aalen–Johansen incidence of the cause by a horizon (by its position); `None` where
    /// follow-up does not reach it.
    #[must_use]
    pub fn incidence(&self, at: usize) -> Option<f64> {
        self.at.get(at).filter(|w| w.reached).map(|w| w.incidence)
    }
}

/// The state of one pass through time.
struct Sweep {
    survival: f64,
    incidence: f64,
    at_risk: f64,
    emptied: bool,
}

impl Sweep {
    /// What is known at a horizon, when all times up to it have passed.
    fn at_horizon(&self) -> HorizonWeights {
        let someone = self.at_risk > 0.0;
        // Without anybody at risk the horizon is reached only where everybody has ended before it.
        let all_ended = self.survival <= 0.0 && !someone && !self.emptied;
        HorizonWeights {
            running: if someone { self.survival / self.at_risk } else { 0.0 },
            incidence: self.incidence,
            reached: (someone && !self.emptied) || all_ended,
        }
    }
}

/// Positions in rising order of the values; ties in order of the rows.
fn sorted(values: &[f64]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| {
        values[a as usize].total_cmp(&values[b as usize]).then(a.cmp(&b))
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn causes() -> Vec<String> {
        vec!["breakdown".into(), "home".into()]
    }

    /// Times 1, 2+, 3, 3+, 4 (home), 6+ (hand-worked below).
    fn small() -> Outcome {
        Outcome::new(None, vec![1.0, 2.0, 3.0, 3.0, 4.0, 6.0], vec![1, 0, 1, 0, 2, 0], causes())
            .unwrap()
    }

    #[test]
    fn weights_are_those_of_the_censoring_distribution() {
        let observed = Observed::new(&small(), 1, &[3.0, 5.0]).unwrap();
        let w = observed.weigh(None).unwrap();
        // G: 1 until 2, then 4/5 (one of five), then at 3 one of three left after the event is
        // censored: 4/5 · 2/3 = 8/15.
        let expected = [1.0 / 6.0, 0.0, 5.0 / 24.0, 0.0, 15.0 / 48.0, 0.0];
        for (got, want) in w.ended.iter().zip(expected) {
            assert!((got - want).abs() < 1e-15, "{got} {want}");
        }
        assert!((w.at[0].running - 15.0 / 48.0).abs() < 1e-15);
        assert!((w.at[1].running - 15.0 / 48.0).abs() < 1e-15);
        // The masses add up to one at each horizon.
        for at in 0..2 {
            let sum: f64 = w.signed[at].iter().map(|mass| mass.abs()).sum();
            assert!((sum - 1.0).abs() < 1e-15);
        }
        assert!((w.incidence(0).unwrap() - (1.0 / 6.0 + 5.0 / 24.0)).abs() < 1e-15);
    }

    #[test]
    fn counting_a_row_twice_is_having_it_twice() {
        let outcome = small();
        let counts = vec![2, 0, 1, 3, 1, 2];
        let rows: Vec<usize> =
            counts.iter().enumerate().flat_map(|(r, &c)| vec![r; c as usize]).collect();
        let observed = Observed::new(&outcome, 1, &[3.5]).unwrap();
        let counted = observed.weigh(Some(counts)).unwrap();
        let repeated = Observed::new(&outcome.of_rows(&rows), 1, &[3.5]).unwrap();
        let plain = repeated.weigh(None).unwrap();
        assert_eq!(counted.at, plain.at);
        for (k, &row) in rows.iter().enumerate() {
            assert_eq!(counted.ended[row], plain.ended[k]);
        }
    }

    #[test]
    fn late_entry_uses_those_at_risk() {
        // (0,2] event, (1,3] event, (2,5] censored, (0,4] home.
        let outcome = Outcome::new(
            Some(vec![0.0, 1.0, 2.0, 0.0]),
            vec![2.0, 3.0, 5.0, 4.0],
            vec![1, 1, 0, 2],
            causes(),
        )
        .unwrap();
        let observed = Observed::new(&outcome, 1, &[0.5, 4.5]).unwrap();
        let w = observed.weigh(None).unwrap();
        // At 2 three are at risk (the third enters at 2, so not yet); S = 2/3. At 3 three again
        // (2/3 · 1/3 = 2/9 each), S = 4/9; at 4 two, 2/9 each; then one is left with 2/9.
        let expected = [1.0 / 3.0, 2.0 / 9.0, 0.0, 2.0 / 9.0];
        for (got, want) in w.ended.iter().zip(expected) {
            assert!((got - want).abs() < 1e-15, "{got} {want}");
        }
        assert!((w.at[1].running - 2.0 / 9.0).abs() < 1e-15);
        assert!((w.at[0].running - 0.5).abs() < 1e-15, "two have entered by 0.5");
        let sum: f64 = w.signed[0].iter().map(|mass| mass.abs()).sum();
        assert!((sum - 1.0).abs() < 1e-15);
    }

    #[test]
    fn a_horizon_beyond_follow_up_is_not_reached() {
        let observed = Observed::new(&small(), 1, &[5.0, 6.0, 7.0]).unwrap();
        let w = observed.weigh(None).unwrap();
        assert!(w.incidence(0).is_some());
        assert_eq!((w.incidence(1), w.incidence(2)), (None, None));
        // But where everybody has ended, the horizon may lie beyond.
        let all = Outcome::new(None, vec![1.0, 2.0], vec![1, 2], causes()).unwrap();
        let w = Observed::new(&all, 1, &[9.0]).unwrap().weigh(None).unwrap();
        assert_eq!(w.incidence(0), Some(0.5));
    }

    #[test]
    fn a_curve_that_empties_early_says_nothing_later() {
        // One row alone at risk fails at 1; all others enter at 2.
        let outcome =
            Outcome::new(Some(vec![0.0, 2.0, 2.0]), vec![1.0, 5.0, 6.0], vec![1, 1, 0], causes())
                .unwrap();
        let w = Observed::new(&outcome, 1, &[5.5]).unwrap().weigh(None).unwrap();
        assert_eq!(w.incidence(0), None);
    }

    #[test]
    fn wrong_questions_are_refused() {
        assert!(Observed::new(&small(), 3, &[1.0]).is_err());
        assert!(Observed::new(&small(), 0, &[1.0]).is_err());
        for bad in [&[][..], &[0.0], &[2.0, 1.0], &[1.0, 1.0], &[f64::NAN]] {
            assert_eq!(Observed::new(&small(), 1, bad).unwrap_err(), EvaluateError::Horizons);
        }
        assert!(Observed::new(&small(), 1, &[1.0]).unwrap().weigh(Some(vec![1])).is_err());
    }
}
