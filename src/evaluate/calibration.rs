//! Calibration: do as many end as predicted, overall and at every level of risk?
//!
//! The regressions are weighted by the censoring weights of [`super::Weights`] and use the
//! complementary log-log link, so that slope and intercept mean the same for a Cox, a
//! Fine–Gray and any other model. The flexible curve is a restricted cubic spline of the
//! predicted risk on that scale (Austin et al. 2022, Diagnostic and Prognostic Research 6:2), with
//! knots at its 5th, 35th, 65th and 95th percentiles (Harrell). Predictions are kept within
//! [10⁻⁶, 1 − 10⁻⁶] before the scale is changed.

use super::cloglog::{Case, cloglog, fit, risk_of};
use super::observed::Status;
use super::{Observed, Predicted, Weights};

/// Events from which a spline is used; below it a straight line.
const SPLINE_EVENTS: usize = 40;
/// Events, and rows without event, below which no curve is drawn.
const CURVE_EVENTS: usize = 10;

/// Observed over expected: the Aalen–Johansen incidence over the mean predicted risk.
///
/// With late entry the rows are survivors of a larger group, so the mean is weighted as the
/// incidence is; without it the mean is plain. `None` where follow-up does not reach the horizon
/// or all predictions are 0.
#[must_use]
pub fn observed_over_expected(
    observed: &Observed,
    weights: &Weights,
    predicted: &Predicted,
    at: usize,
) -> Option<f64> {
    let incidence = weights.incidence(at)?;
    let expected = mean(observed, weights, predicted.at(at), at)?;
    (expected > 0.0).then(|| incidence / expected)
}

/// The mean of values per row (see [`observed_over_expected`] for its weights).
fn mean(observed: &Observed, weights: &Weights, values: &[f64], at: usize) -> Option<f64> {
    let (mut sum, mut total) = (0.0, 0.0);
    for (row, value) in values.iter().enumerate() {
        let weight = share(observed, weights, row, at);
        sum += weight * value;
        total += weight;
    }
    (total > 0.0).then(|| sum / total)
}

/// How much a row counts where predictions are averaged.
fn share(observed: &Observed, weights: &Weights, row: usize, at: usize) -> f64 {
    if observed.late() { weights.signed[at][row].abs() } else { weights.count(row) }
}

/// The calibration of a model at one horizon, prepared once and measured under many weights.
#[derive(Debug, Clone)]
pub struct Calibration {
    at: usize,
    /// The risks on the complementary log-log scale.
    eta: Vec<f64>,
    one: Vec<f64>,
    knots: Option<[f64; 4]>,
    spline: [Vec<f64>; 2],
    enough: bool,
    /// Every fit gives all its rows one risk, so that there is no slope.
    flat: bool,
}

/// What [`Calibration::measure`] gives.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Calibrated {
    /// Intercept with the slope fixed at 1: 0 is ideal, above it risks are too low.
    pub intercept: Option<f64>,
    /// Slope: 1 is ideal, below it the risks are too extreme.
    pub slope: Option<f64>,
    /// Mean distance between predicted and smoothed observed risk (Austin and Steyerberg 2019).
    pub ici: Option<f64>,
    /// Its median.
    pub e50: Option<f64>,
    /// Its 90th percentile.
    pub e90: Option<f64>,
    /// The straight line behind the slope.
    line: Option<[f64; 2]>,
    /// The smoothed curve, to be read with [`Calibration::curve_at`].
    pub(super) curve: Option<Curve>,
}

/// Tolerances: for a number that is shown, and for one replicate of many.
const EXACT: f64 = 1e-21;
const REPLICATE: f64 = 1e-13;

/// The coefficients of a calibration curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Curve {
    /// Every prediction is the same: one observed risk.
    Point(f64),
    Line([f64; 2]),
    Spline([f64; 4]),
}

impl Calibration {
    /// Prepares the predictions at a horizon (by its position). Knots are set here, so that every
    /// bootstrap replicate uses the same.
    #[must_use]
    pub fn new(observed: &Observed, predicted: &Predicted, at: usize) -> Self {
        let horizon = observed.horizons()[at];
        let eta: Vec<f64> = predicted.at(at).iter().map(|&risk| cloglog(risk)).collect();
        let count = |s| (0..eta.len()).filter(|&row| observed.status(row, horizon) == s).count();
        let least = count(Status::Case).min(count(Status::Control));
        let sorted: Vec<f64> = predicted.order(at).iter().map(|&row| eta[row as usize]).collect();
        let knots = (least >= SPLINE_EVENTS)
            .then(|| [0.05, 0.35, 0.65, 0.95].map(|p| percentile(&sorted, p)))
            .filter(|k| k.windows(2).all(|w| w[1] - w[0] > 1e-9));
        let spline = knots.map_or_else(Default::default, |knots| {
            [0, 1].map(|j| eta.iter().map(|&x| spline_term(&knots, j, x)).collect())
        });
        let one = vec![1.0; eta.len()];
        let (enough, flat) = (least >= CURVE_EVENTS, predicted.flat(at));
        Self { at, eta, one, knots, spline, enough, flat }
    }

    /// Intercept, slope, curve and distances under these weights. What cannot be computed (too
    /// few events for a curve, all predictions equal, no follow-up) is `None`.
    #[must_use]
    pub fn measure(
        &self,
        observed: &Observed,
        weights: &Weights,
        predicted: &Predicted,
    ) -> Calibrated {
        self.measure_from(&Calibrated::default(), EXACT, observed, weights, predicted)
    }

    /// The same for a replicate, from the numbers of the rows as they are: they are near, and
    /// need not be met to the last bit.
    pub(super) fn measure_near(
        &self,
        near: &Calibrated,
        observed: &Observed,
        weights: &Weights,
        predicted: &Predicted,
    ) -> Calibrated {
        self.measure_from(near, REPLICATE, observed, weights, predicted)
    }

    fn measure_from(
        &self,
        near: &Calibrated,
        tolerance: f64,
        observed: &Observed,
        weights: &Weights,
        predicted: &Predicted,
    ) -> Calibrated {
        if weights.incidence(self.at).is_none() {
            return Calibrated::default();
        }
        let cases = self.cases(weights);
        let one: &[f64] = &self.one;
        let start = [near.intercept.unwrap_or(0.0)];
        let intercept = fit(&cases, [one], Some(&self.eta), start, tolerance).map(|[a]| a);
        let start = near.line.unwrap_or([0.0, 1.0]);
        let line = match self.flat {
            true => None,
            false => fit(&cases, [one, &self.eta], None, start, tolerance),
        };
        let curve = if self.enough {
            self.smooth(&cases, line, near.curve, tolerance, weights)
        } else {
            None
        };
        let distance = curve.map(|curve| self.distances(observed, weights, predicted, curve));
        Calibrated {
            intercept,
            slope: line.map(|[_, slope]| slope),
            ici: distance.and_then(|d| d[0]),
            e50: distance.and_then(|d| d[1]),
            e90: distance.and_then(|d| d[2]),
            line,
            curve,
        }
    }

    /// The slope alone.
    pub(super) fn slope(&self, weights: &Weights) -> Option<f64> {
        if weights.incidence(self.at).is_none() || self.flat {
            return None;
        }
        let cases = self.cases(weights);
        fit(&cases, [&self.one, &self.eta], None, [0.0, 1.0], REPLICATE).map(|[_, slope]| slope)
    }

    /// The rows that count. Masses are scaled to the number of rows, as the iteration's
    /// tolerances expect.
    fn cases(&self, weights: &Weights) -> Vec<Case> {
        let masses = weights.signed[self.at].iter().enumerate().filter(|(_, mass)| **mass != 0.0);
        masses
            .map(|(row, mass)| Case {
                row: row as u32,
                weight: mass.abs() * weights.total,
                case: *mass > 0.0,
            })
            .collect()
    }

    /// The richest curve that the data carry.
    fn smooth(
        &self,
        cases: &[Case],
        line: Option<[f64; 2]>,
        near: Option<Curve>,
        tolerance: f64,
        weights: &Weights,
    ) -> Option<Curve> {
        if self.flat {
            return weights.incidence(self.at).map(Curve::Point);
        }
        let [first, second] = &self.spline;
        let spline = self.knots.and_then(|_| {
            let [a, b] = line.unwrap_or([0.0, 1.0]);
            let start = match near {
                Some(Curve::Spline(near)) => near,
                _ => [a, b, 0.0, 0.0],
            };
            fit(cases, [&self.one, &self.eta, first, second], None, start, tolerance)
        });
        spline.map(Curve::Spline).or(line.map(Curve::Line))
    }

    /// The smoothed observed risk among rows with a predicted risk.
    pub(super) fn curve_at(&self, curve: Curve, risk: f64) -> f64 {
        self.height(curve, cloglog(risk))
    }

    fn height(&self, curve: Curve, x: f64) -> f64 {
        match (curve, &self.knots) {
            (Curve::Point(risk), _) => risk,
            (Curve::Line([a, b]), _) => risk_of(a + b * x),
            (Curve::Spline([a, b, c, d]), Some(knots)) => {
                risk_of(a + b * x + c * spline_term(knots, 0, x) + d * spline_term(knots, 1, x))
            }
            (Curve::Spline([a, b, ..]), None) => risk_of(a + b * x),
        }
    }

    /// [mean, median, 90th percentile] of the distance between predicted and smoothed risk.
    fn distances(
        &self,
        observed: &Observed,
        weights: &Weights,
        predicted: &Predicted,
        curve: Curve,
    ) -> [Option<f64>; 3] {
        let risk = predicted.at(self.at);
        let distance: Vec<f64> =
            self.eta.iter().zip(risk).map(|(&x, r)| (self.height(curve, x) - r).abs()).collect();
        let mut order: Vec<(f64, f64)> = distance
            .iter()
            .enumerate()
            .map(|(row, &d)| (d, share(observed, weights, row, self.at)))
            .filter(|&(_, weight)| weight > 0.0)
            .collect();
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let at = |p| weighted_percentile(&order, p);
        [mean(observed, weights, &distance, self.at), at(0.5), at(0.9)]
    }
}

/// A term of the restricted cubic spline with four knots (Harrell's form: linear in both tails).
fn spline_term(knots: &[f64; 4], j: usize, x: f64) -> f64 {
    let cube = |v: f64| if v > 0.0 { v * v * v } else { 0.0 };
    let [t1, _, t3, t4] = *knots;
    let t = knots[j];
    let tail = cube(x - t3) * (t4 - t) / (t4 - t3) - cube(x - t4) * (t3 - t) / (t4 - t3);
    (cube(x - t) - tail) / ((t4 - t1) * (t4 - t1))
}

/// A percentile of sorted values by linear interpolation (R's type 7).
pub(super) fn percentile(sorted: &[f64], p: f64) -> f64 {
    let place = p * (sorted.len().saturating_sub(1)) as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    match (sorted.get(low), sorted.get(high)) {
        (Some(a), Some(b)) => a + (place - low as f64) * (b - a),
        _ => f64::NAN,
    }
}

/// The same for sorted (value, weight) pairs with whole-number weights as repeats: equals R's
/// type 7 on the repeated values. With other weights, the first value that reaches the share.
fn weighted_percentile(sorted: &[(f64, f64)], p: f64) -> Option<f64> {
    let total: f64 = sorted.iter().map(|v| v.1).sum();
    let whole = sorted.iter().all(|v| v.1.fract() == 0.0);
    let place = if whole { p * (total - 1.0) } else { p * total };
    let value_at = |place: f64| {
        let mut passed = 0.0;
        let reaches = |v: &&(f64, f64)| {
            passed += v.1;
            if whole { passed > place } else { passed >= place }
        };
        sorted.iter().find(reaches).or(sorted.last()).map(|v| v.0)
    };
    if !whole {
        return value_at(place);
    }
    let (low, high) = (value_at(place.floor())?, value_at(place.ceil())?);
    Some(low + place.fract() * (high - low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_r() {
        assert!((percentile(&[1.0, 2.0, 4.0, 8.0], 0.9) - 6.8).abs() < 1e-12);
        assert!((percentile(&[3.0], 0.5) - 3.0).abs() < 1e-12);
        // quantile(c(1,1,2,2,2,5), c(.5,.9)) is 2 and 3.5.
        let repeated = [(1.0, 2.0), (2.0, 3.0), (5.0, 1.0)];
        assert!((weighted_percentile(&repeated, 0.5).unwrap() - 2.0).abs() < 1e-12);
        assert!((weighted_percentile(&repeated, 0.9).unwrap() - 3.5).abs() < 1e-12);
        assert_eq!(weighted_percentile(&[(1.0, 0.3), (2.0, 0.7)], 0.5), Some(2.0));
        assert_eq!(weighted_percentile(&[], 0.5), None);
    }

    #[test]
    fn the_spline_is_straight_outside_its_knots() {
        let knots = [-2.0, -1.0, 0.5, 1.0];
        for j in 0..2 {
            assert_eq!(spline_term(&knots, j, -3.0), 0.0);
            let f = |x| spline_term(&knots, j, x);
            assert!(((f(4.0) - f(3.0)) - (f(3.0) - f(2.0))).abs() < 1e-9);
        }
    }
}
