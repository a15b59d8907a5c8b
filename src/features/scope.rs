//! What the training rows covered, rounded so that it points at nobody.

use super::spline::quantile;

/// The values that the training rows covered: their 1st and 99th percentile, rounded outwards.
/// A column of two values covers both.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// The lowest value covered.
    pub low: f64,
    /// The highest value covered.
    pub high: f64,
}

impl Scope {
    /// The scope of sorted values, at least one.
    pub(super) fn of_sorted(sorted: &[f64]) -> Self {
        let (first, last) = (sorted[0], sorted[sorted.len() - 1]);
        if sorted.iter().all(|&v| v == first || v == last) {
            return Self { low: first, high: last };
        }
        let (low, high) = (quantile(sorted, 0.01), quantile(sorted, 0.99));
        let step = step(sorted);
        if !step.is_finite() || step == 0.0 {
            return Self { low: first, high: last };
        }
        Self { low: tidy((low / step).floor() * step), high: tidy((high / step).ceil() * step) }
    }

    /// Whether a value is covered.
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// The step to which a scope is rounded: a power of ten, between a tenth and a hundredth of the
/// spread of the middle 98 % of the values.
fn step(sorted: &[f64]) -> f64 {
    let (low, high) = (quantile(sorted, 0.01), quantile(sorted, 0.99));
    let spread = if high > low { high - low } else { sorted[sorted.len() - 1] - sorted[0] };
    10f64.powf(spread.log10().floor() - 1.0)
}

/// A value rounded to a tenth of the scope's step; as it is where all values are one.
pub(super) fn rounded(value: f64, sorted: &[f64]) -> f64 {
    if sorted.first() == sorted.last() {
        return value;
    }
    let step = step(sorted) / 10.0;
    if !step.is_finite() || step == 0.0 {
        return value;
    }
    tidy((value / step).round() * step)
}

/// Cuts the digits that binary arithmetic adds behind the last decimal that was meant.
fn tidy(value: f64) -> f64 {
    format!("{value:.9e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_rounded_outwards() {
        let values: Vec<f64> = (0..=1000).map(|k| f64::from(k) * 0.01777).collect();
        let scope = Scope::of_sorted(&values);
        // Percentiles 0.1777 and 17.5923, spread 17.4: steps of 1.
        assert_eq!(scope, Scope { low: 0.0, high: 18.0 });
        assert!(scope.holds(17.9) && !scope.holds(18.1) && !scope.holds(-0.1));
        let rare = [vec![0.0; 999], vec![1.0]].concat();
        assert_eq!(Scope::of_sorted(&rare), Scope { low: 0.0, high: 1.0 });
        assert_eq!(Scope::of_sorted(&[3.0; 5]), Scope { low: 3.0, high: 3.0 });
        let huge = Scope::of_sorted(&[-1e308, 0.0, 1e308]);
        assert_eq!(huge, Scope { low: -1e308, high: 1e308 });
    }

    #[test]
    fn a_median_is_rounded_but_whole_numbers_stay_whole() {
        let ages: Vec<f64> = (0..200).map(|k| f64::from(k) * 0.0913).collect();
        assert_eq!(rounded(9.0844, &ages), 9.1);
        let counts = [0.0, 0.0, 1.0, 2.0, 3.0, 9.0];
        assert_eq!(rounded(1.0, &counts), 1.0);
        assert_eq!(rounded(4.2, &[4.2, 4.2]), 4.2);
    }
}
