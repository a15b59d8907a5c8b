//! D-calibration: is the predicted distribution of times right as a whole?
//!
//! For a row that ended at T the predicted probability u = F(T) that the cause comes by then is
//! uniform where the predictions are right; so a tenth of the rows belongs in each tenth of [0, 1]
//! (Haider, Hoehn, Davis & Greiner 2020). A row that was censored at c is spread over what its
//! own prediction still holds possible: (F(t) − F(c)) / S(c) of it lies where F reaches by t. With
//! one cause S = 1 − F, and that is Haider's rule; with competing causes F is the cumulative
//! incidence of the cause and S the probability that nothing has happened, and a row that ended by
//! another cause never ends by this one. Nothing is asked beyond the last horizon: of rows that
//! passed it, and of those that ended otherwise, it is known that u lies above F there, and they
//! are spread evenly over the rest.
//!
//! What is spread evenly cannot differ from what is expected, so with much censoring or low risks
//! the test sees little: a small p-value speaks against the predictions, a large one says little.

use serde::{Deserialize, Serialize};

use crate::survival::ChiSquare;

/// Tenths of [0, 1].
pub const TENTHS: usize = 10;

/// What is known of a row that is judged, in terms of its own prediction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spot {
    /// It ended by the cause: the predicted probability F(T) of that by then.
    Ended {
        /// F(T).
        at: f64,
    },
    /// It passed the last horizon without, or ended by another cause.
    Free {
        /// F at the last horizon.
        last: f64,
    },
    /// It was censored before the last horizon.
    Censored {
        /// F at the censoring.
        at: f64,
        /// The predicted probability that nothing had happened by then.
        survival: f64,
        /// F at the last horizon.
        last: f64,
    },
}

/// How rows lie over the tenths of their own predictions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DCalibration {
    /// Rows (in each repeat) that could be placed; late entries and rows without a number are not.
    pub n: usize,
    /// The share of them in each tenth, averaged over repeats; 0.1 is ideal.
    pub bins: Vec<f64>,
    /// Pearson's statistic against a tenth in each.
    pub chi2: f64,
    /// Its degrees of freedom.
    pub df: f64,
    /// Its p-value: small where the predictions do not hold.
    pub p: f64,
}

impl DCalibration {
    /// From the rows of each repeat; `None` where no row can be placed.
    #[must_use]
    pub fn new(repeats: &[Vec<Spot>]) -> Option<Self> {
        let mut bins = vec![0.0; TENTHS];
        let mut n = 0;
        for spots in repeats {
            for spot in spots {
                spread(*spot, &mut bins);
            }
            n += spots.len();
        }
        if n == 0 {
            return None;
        }
        bins.iter_mut().for_each(|b| *b /= n as f64);
        let rows = n as f64 / repeats.len() as f64;
        let expected = 1.0 / TENTHS as f64;
        let off: f64 = bins.iter().map(|b| (b - expected).powi(2) / expected).sum();
        let test = ChiSquare::of(rows * off, (TENTHS - 1) as f64);
        Some(Self { n: rows.round() as usize, bins, chi2: test.chi2, df: test.df, p: test.p })
    }
}

/// Adds one row.
fn spread(spot: Spot, bins: &mut [f64]) {
    match spot {
        Spot::Ended { at } => {
            let bin = ((at.clamp(0.0, 1.0) * TENTHS as f64) as usize).min(TENTHS - 1);
            bins[bin] += 1.0;
        }
        Spot::Free { last } => evenly(bins, last, 1.0, 1.0),
        Spot::Censored { at, survival, last } => {
            let ahead = if survival > 0.0 { (last - at) / survival } else { 0.0 };
            let ahead = ahead.clamp(0.0, 1.0);
            evenly(bins, at, last, ahead);
            evenly(bins, last, 1.0, 1.0 - ahead);
        }
    }
}

/// Spreads a mass evenly between two probabilities.
fn evenly(bins: &mut [f64], from: f64, to: f64, mass: f64) {
    let (from, to) = (from.clamp(0.0, 1.0), to.clamp(0.0, 1.0));
    if to - from <= 1e-12 {
        let bin = ((from * TENTHS as f64) as usize).min(TENTHS - 1);
        bins[bin] += mass;
        return;
    }
    for (k, bin) in bins.iter_mut().enumerate() {
        let (low, high) = (k as f64 / TENTHS as f64, (k + 1) as f64 / TENTHS as f64);
        *bin += mass * (high.min(to) - low.max(from)).max(0.0) / (to - from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let spots = vec![
            Spot::Ended { at: 0.25 },
            Spot::Ended { at: 1.0 },
            // Over (0.6, 1]: a quarter in each of four tenths.
            Spot::Free { last: 0.6 },
            // Haider: S(c) = 0.5, so a fifth in each of the tenths above a half.
            Spot::Censored { at: 0.5, survival: 0.5, last: 0.8 },
        ];
        let found = DCalibration::new(&[spots]).unwrap();
        let want = [0.0, 0.0, 1.0, 0.0, 0.0, 0.2, 0.45, 0.45, 0.45, 1.45];
        for (got, want) in found.bins.iter().zip(want) {
            assert!((got - want / 4.0).abs() < 1e-12, "{:?}", found.bins);
        }
        assert_eq!((found.n, found.df), (4, 9.0));
        assert_eq!(DCalibration::new(&[Vec::new()]), None);
        assert_eq!(DCalibration::new(&[]), None);
    }

    #[test]
    fn a_competing_end_leaves_less_ahead() {
        // Half of what survives (0.6) still ends by the cause before the horizon.
        let spot = Spot::Censored { at: 0.1, survival: 0.6, last: 0.4 };
        let found = DCalibration::new(&[vec![spot]]).unwrap();
        assert!((found.bins[1..4].iter().sum::<f64>() - 0.5).abs() < 1e-12);
        assert!((found.bins[4..].iter().sum::<f64>() - 0.5).abs() < 1e-12);
    }

    #[test]
    fn the_truth_is_calibrated_and_half_of_it_is_not() {
        use rand::{RngExt, SeedableRng};
        let mut rng = rand_chacha::ChaCha12Rng::seed_from_u64(4);
        let mut placed = |factor: f64| -> DCalibration {
            let spots = (0..3000)
                .map(|_| {
                    let (a, b) = (0.2 * rng.random_range(-1.0f64..1.0).exp(), 0.1);
                    let t = -rng.random::<f64>().ln() / (a + b);
                    let first = rng.random::<f64>() < a / (a + b);
                    let censored = rng.random_range(0.5..9.0f64);
                    let risk = |t: f64| {
                        factor * a / (factor * a + b) * (1.0 - (-(factor * a + b) * t).exp())
                    };
                    let last = risk(4.0);
                    match (t.min(censored), t <= censored) {
                        (end, _) if end >= 4.0 => Spot::Free { last },
                        (end, true) if first => Spot::Ended { at: risk(end) },
                        (_, true) => Spot::Free { last },
                        (end, false) => {
                            let survival = (-(factor * a + b) * end).exp();
                            Spot::Censored { at: risk(end), survival, last }
                        }
                    }
                })
                .collect();
            DCalibration::new(&[spots]).unwrap()
        };
        assert!(placed(1.0).p > 0.01);
        assert!(placed(0.5).p < 1e-6);
    }
}
