//! Rubin's rules: one estimate with its error from the fits of several imputations.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, FisherSnedecor, StudentsT};

/// An estimate over imputations (Rubin 1987).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pooled {
    /// The mean of the estimates, Q̄.
    pub estimate: f64,
    /// The mean of their variances, Ū: what one complete data set leaves open.
    pub within: f64,
    /// The variance of the estimates, B: what the unknown values leave open.
    pub between: f64,
    /// The variance of the estimate, Ū + (1 + 1/m) B.
    pub total: f64,
    /// Degrees of freedom of its t distribution (Barnard & Rubin 1999).
    pub df: f64,
    /// The fraction of missing information.
    pub fmi: f64,
}

impl Pooled {
    /// Pools estimates and their variances, one of each per imputation. `complete_df` are the
    /// degrees of freedom if nothing were missing; for a Cox model the events less the terms, as
    /// R's `mice::pool` takes them. `None` for fewer than two imputations, unequal lengths, and
    /// numbers that are not finite.
    ///
    /// ```
    /// use pleegzorg::model::Pooled;
    /// // By hand: Q̄ = 2, Ū = 0.5, B = 1, T = 0.5 + 4/3 = 11/6.
    /// let pooled = Pooled::new(&[1.0, 2.0, 3.0], &[0.5, 0.4, 0.6], 1e9).unwrap();
    /// assert_eq!(pooled.estimate, 2.0);
    /// assert!((pooled.total - 11.0 / 6.0).abs() < 1e-15);
    /// // (m − 1) / λ² with λ = (4/3) / (11/6) = 8/11.
    /// assert!((pooled.df - 2.0 * (121.0 / 64.0)).abs() < 1e-6);
    /// ```
    #[must_use]
    pub fn new(estimates: &[f64], variances: &[f64], complete_df: f64) -> Option<Self> {
        let m = estimates.len();
        if m < 2 || variances.len() != m {
            return None;
        }
        let count = m as f64;
        let estimate = estimates.iter().sum::<f64>() / count;
        let within = variances.iter().sum::<f64>() / count;
        let between = estimates.iter().map(|q| (q - estimate).powi(2)).sum::<f64>() / (count - 1.0);
        let extra = (1.0 + 1.0 / count) * between;
        let total = within + extra;
        if !(estimate.is_finite() && total.is_finite() && total >= 0.0) {
            return None;
        }
        let share = if total > 0.0 { extra / total } else { 0.0 };
        let complete = complete_df.max(1.0);
        let observed = (complete + 1.0) / (complete + 3.0) * complete * (1.0 - share);
        let df = match share > 0.0 {
            false => observed,
            true => {
                let old = (count - 1.0) / (share * share);
                // With nothing but variance between, only the old formula is left.
                if observed > 0.0 { old * observed / (old + observed) } else { old }
            }
        };
        let ratio = extra / within;
        let fmi = if ratio.is_finite() { (ratio + 2.0 / (df + 3.0)) / (1.0 + ratio) } else { 1.0 };
        Some(Self { estimate, within, between, total, df, fmi })
    }

    /// The two-sided p-value of the estimate against zero; `None` where there is no error.
    #[must_use]
    pub fn p_value(&self) -> Option<f64> {
        let t = self.estimate / self.total.sqrt();
        let law = StudentsT::new(0.0, 1.0, self.df).ok()?;
        t.is_finite().then(|| 2.0 * law.cdf(-t.abs()))
    }

    /// The interval at a confidence, from the t distribution.
    #[must_use]
    pub fn interval(&self, confidence: f64) -> Option<(f64, f64)> {
        let law = StudentsT::new(0.0, 1.0, self.df).ok()?;
        let half = law.inverse_cdf(0.5 + confidence / 2.0) * self.total.sqrt();
        half.is_finite().then_some((self.estimate - half, self.estimate + half))
    }
}

/// A test of all terms at once over imputations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PooledWald {
    /// The statistic D₁.
    pub f: f64,
    /// Its first degrees of freedom: the terms.
    pub df: f64,
    /// Its second.
    pub df2: f64,
    /// The p-value.
    pub p: f64,
}

impl PooledWald {
    /// D₁ of Li, Raghunathan & Rubin (1991): the Wald test with the mean covariance, enlarged by
    /// the mean share that is unknown. `solved` is Ū⁻¹ Q̄ and `trace` is tr(B Ū⁻¹), for `k` terms and
    /// `m` imputations. `None` where it cannot be computed.
    #[must_use]
    pub(crate) fn new(q: &[f64], solved: &[f64], trace: f64, k: usize, m: usize) -> Option<Self> {
        let (terms, m) = (k as f64, m as f64);
        let quadratic: f64 = q.iter().zip(solved).map(|(a, b)| a * b).sum();
        let r = (1.0 + 1.0 / m) * trace / terms;
        let f = quadratic / (terms * (1.0 + r));
        let t = terms * (m - 1.0);
        let df2 = match t > 4.0 {
            true => 4.0 + (t - 4.0) * (1.0 + (1.0 - 2.0 / t) / r).powi(2),
            false => t * (1.0 + 1.0 / terms) * (1.0 + 1.0 / r).powi(2) / 2.0,
        };
        // Without any variance between it is a chi-square.
        let df2 = df2.min(1e9);
        let law = FisherSnedecor::new(terms, df2).ok()?;
        (f.is_finite() && f >= 0.0 && k > 0).then(|| Self { f, df: terms, df2, p: law.sf(f) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_unknown_is_one_fit() {
        let pooled = Pooled::new(&[0.7; 5], &[0.04; 5], 60.0).unwrap();
        assert_eq!((pooled.estimate, pooled.between), (0.7, 0.0));
        assert!((pooled.total - 0.04).abs() < 1e-15);
        // (61 / 63) · 60, which for many events is as good as the normal distribution.
        assert!((pooled.df - 61.0 / 63.0 * 60.0).abs() < 1e-12);
    }

    #[test]
    fn by_hand_with_few_events() {
        // Ū = 0.1, B = 0.02, m = 2: T = 0.13, λ = 0.03 / 0.13; ν_old = 1 / λ² = (13/3)²;
        // ν_obs = (11/13) · 10 · (10/13).
        let pooled = Pooled::new(&[0.4, 0.6], &[0.1, 0.1], 10.0).unwrap();
        let (old, observed) = (169.0 / 9.0, 1100.0 / 169.0);
        assert!((pooled.total - 0.13).abs() < 1e-15);
        assert!((pooled.df - old * observed / (old + observed)).abs() < 1e-12);
        let fmi = (0.3 + 2.0 / (pooled.df + 3.0)) / 1.3;
        assert!((pooled.fmi - fmi).abs() < 1e-12);
        let (lower, upper) = pooled.interval(0.95).unwrap();
        assert!(lower < 0.5 - 1.96 * 0.13f64.sqrt() && upper > 0.5 + 1.96 * 0.13f64.sqrt());
        // The interval that just leaves out zero has the confidence 1 − p.
        let p = pooled.p_value().unwrap();
        assert!(pooled.interval(1.0 - p).unwrap().0.abs() < 1e-9);
    }

    #[test]
    fn what_cannot_be_pooled_is_none() {
        assert_eq!(Pooled::new(&[0.4], &[0.1], 10.0), None);
        assert_eq!(Pooled::new(&[0.4, 0.5], &[0.1], 10.0), None);
        assert_eq!(Pooled::new(&[0.4, f64::NAN], &[0.1, 0.1], 10.0), None);
        assert_eq!(PooledWald::new(&[], &[], 0.0, 0, 5), None);
    }

    #[test]
    fn the_test_of_all_terms_by_hand() {
        // One term: q = 0.5, Ū = 0.1, B = 0.02, m = 5: r = 1.2 · 0.2 = 0.24, D₁ = 2.5 / 1.24.
        let wald = PooledWald::new(&[0.5], &[5.0], 0.2, 1, 5).unwrap();
        assert!((wald.f - 2.5 / 1.24).abs() < 1e-14);
        // t = 4: t (1 + 1) (1 + 1/r)² / 2.
        assert!((wald.df2 - 4.0 * (1.0 + 1.0 / 0.24f64).powi(2)).abs() < 1e-9);
    }
}
