//! Riley's criteria: how many rows a model with this many parameters needs.
//!
//! Riley et al. 2019 (Statistics in Medicine 38:1276, part II: binary and time-to-event outcomes)
//! and 2020 (BMJ 368:m441): (i) a shrinkage of at least 0.9, (ii) apparent and adjusted
//! Nagelkerke R² within 0.05, (iii) the overall risk known to within 0.05. Where no earlier study
//! tells how much of the outcome can be explained, they advise to expect a Nagelkerke R² of 0.15.

use serde::{Deserialize, Serialize};

use super::EvaluateError;

/// The shrinkage that is asked for, the difference in R² and the margin of the overall risk.
const SHRINKAGE: f64 = 0.9;
const R2_GAP: f64 = 0.05;
const RISK_MARGIN: f64 = 0.05;
/// The expected Nagelkerke R² where nothing better is known.
const R2_EXPECTED: f64 = 0.15;

/// How many rows and events are needed, and by which criterion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampleSize {
    /// Parameters of the model that were looked at (columns of its design matrix).
    pub parameters: usize,
    /// The expected Cox–Snell R².
    pub r2: f64,
    /// The largest Cox–Snell R² that is possible.
    pub r2_max: f64,
    /// Rows needed for a shrinkage of 0.9.
    pub n_shrinkage: u64,
    /// Rows needed for a small gap between apparent and adjusted R².
    pub n_r2_gap: u64,
    /// Rows needed to know the overall risk.
    pub n_overall_risk: u64,
    /// Rows needed for all three.
    pub n_needed: u64,
    /// Events to be expected in that many rows.
    pub events_needed: f64,
    /// Events per parameter in that many rows.
    pub events_per_parameter: f64,
}

impl SampleSize {
    /// For a time-to-event outcome: `rate` events per unit of time, `follow_up` the mean follow-up
    /// per row, `horizon` the time by which risk is predicted (all in one unit), and the expected
    /// Cox–Snell R² (`None`: 15% of the largest possible).
    ///
    /// ```
    /// use pleegzorg::evaluate::SampleSize;
    /// // Recurrent venous thromboembolism, 30 parameters: about 23 events per parameter.
    /// let needed = SampleSize::time_to_event(30, 0.065, 2.07, 2.0, Some(0.051))?;
    /// assert_eq!(needed.n_needed, 5143);
    /// assert!((needed.events_per_parameter - 23.07).abs() < 0.01);
    /// # Ok::<(), pleegzorg::evaluate::EvaluateError>(())
    /// ```
    ///
    /// # Errors
    /// No parameters, a rate, follow-up or horizon that is not above zero, or an R² that cannot be reached.
    pub fn time_to_event(
        parameters: usize,
        rate: f64,
        follow_up: f64,
        horizon: f64,
        r2: Option<f64>,
    ) -> Result<Self, EvaluateError> {
        let above_zero = |what, value: f64| {
            let why = "it must be above zero";
            let fine = value.is_finite() && value > 0.0;
            if fine { Ok(()) } else { Err(EvaluateError::SampleSize { what, value, why }) }
        };
        above_zero("the rate of events", rate)?;
        above_zero("the mean follow-up", follow_up)?;
        above_zero("the horizon", horizon)?;
        let per_row = rate * follow_up;
        // The wider side of the interval of 1 − exp(−rate · horizon), with Poisson events.
        let reach = (1.0 + RISK_MARGIN * (rate * horizon).exp()).ln();
        let n_overall = rate / follow_up * (1.96 * horizon / reach).powi(2);
        let null = per_row * per_row.ln() - per_row;
        Self::from_null(parameters, null, r2, n_overall, per_row)
    }

    /// For a yes/no outcome with this share of events.
    ///
    /// # Errors
    /// No parameters, a share that is not inside (0, 1), or an R² that cannot be reached.
    pub fn binary(parameters: usize, share: f64, r2: Option<f64>) -> Result<Self, EvaluateError> {
        if !(share > 0.0 && share < 1.0) {
            let (what, why) = ("the share of events", "it must lie between 0 and 1");
            return Err(EvaluateError::SampleSize { what, value: share, why });
        }
        let null = share * share.ln() + (1.0 - share) * (1.0 - share).ln();
        let n_overall = (1.96 / RISK_MARGIN).powi(2) * share * (1.0 - share);
        Self::from_null(parameters, null, r2, n_overall, share)
    }

    /// From the log likelihood per row of a model without parameters.
    fn from_null(
        parameters: usize,
        null: f64,
        r2: Option<f64>,
        n_overall: f64,
        events_per_row: f64,
    ) -> Result<Self, EvaluateError> {
        if parameters == 0 {
            let (what, why) = ("the number of parameters", "there must be at least one");
            return Err(EvaluateError::SampleSize { what, value: 0.0, why });
        }
        let r2_max = 1.0 - (2.0 * null).exp();
        let r2 = r2.unwrap_or(R2_EXPECTED * r2_max);
        if !(r2 > 0.0 && r2 < r2_max.min(SHRINKAGE)) {
            let (what, why) = ("the expected R²", "it must be above zero and below its maximum");
            return Err(EvaluateError::SampleSize { what, value: r2, why });
        }
        let p = parameters as f64;
        let rows = |shrinkage: f64| p / ((shrinkage - 1.0) * (1.0 - r2 / shrinkage).ln());
        let n_shrinkage = rows(SHRINKAGE).ceil();
        let n_r2_gap = rows(r2 / (r2 + R2_GAP * r2_max)).ceil();
        let n_overall = n_overall.ceil();
        let n_needed = n_shrinkage.max(n_r2_gap).max(n_overall);
        Ok(Self {
            parameters,
            r2,
            r2_max,
            n_shrinkage: n_shrinkage as u64,
            n_r2_gap: n_r2_gap as u64,
            n_overall_risk: n_overall as u64,
            n_needed: n_needed as u64,
            events_needed: n_needed * events_per_row,
            events_per_parameter: n_needed * events_per_row / p,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_examples_come_out() {
        // Riley et al. 2019, Chagas disease: 24 parameters, prevalence 0.174, R² 0.288: 662 rows,
        // 4.8 events per parameter; the criteria ask 623, 662 and 221.
        let chagas = SampleSize::binary(24, 0.174, Some(0.288)).unwrap();
        assert_eq!(
            (chagas.n_shrinkage, chagas.n_r2_gap, chagas.n_overall_risk, chagas.n_needed),
            (623, 662, 221, 662)
        );
        assert!((chagas.events_per_parameter - 4.8).abs() < 0.005);
        // Recurrent venous thromboembolism: 5143 rows, 23 events per parameter.
        let vte = SampleSize::time_to_event(30, 0.065, 2.07, 2.0, Some(0.051)).unwrap();
        assert_eq!(vte.n_needed, 5143);
        assert!((vte.events_needed - 692.0).abs() < 0.5);
        // Its largest R²: φ = 0.13455 events per row, 1 − exp(2 (φ ln φ − φ)).
        assert!((vte.r2_max - 0.5546).abs() < 5e-5);
        // The same with 25 parameters, and with more to explain, as R's pmsampsize has them.
        let needed = |r2| SampleSize::time_to_event(25, 0.065, 2.07, 2.0, Some(r2)).unwrap();
        assert_eq!((needed(0.051).n_needed, needed(0.065).n_needed), (4286, 3335));
    }

    #[test]
    fn the_unit_of_time_does_not_matter() {
        let years = SampleSize::time_to_event(10, 0.2, 1.5, 2.0, None).unwrap();
        let days = SampleSize::time_to_event(10, 0.2 / 365.25, 1.5 * 365.25, 730.5, None).unwrap();
        assert_eq!(years.n_needed, days.n_needed);
        assert!((years.r2 / years.r2_max - 0.15).abs() < 1e-12);
    }

    #[test]
    fn the_overall_risk_is_as_wide_as_asked() {
        let needed = SampleSize::time_to_event(1, 0.3, 2.0, 2.0, Some(0.4)).unwrap();
        let n = needed.n_overall_risk as f64;
        let low = 0.3 - 1.96 * (0.3f64 / (n * 2.0)).sqrt();
        let width = (1.0 - (-0.6f64).exp()) - (1.0 - (-low * 2.0).exp());
        assert!((0.0495..=0.05).contains(&width), "{width}");
    }

    #[test]
    fn impossible_questions_are_refused() {
        assert!(SampleSize::time_to_event(0, 0.1, 1.0, 1.0, None).is_err());
        assert!(SampleSize::time_to_event(5, 0.0, 1.0, 1.0, None).is_err());
        assert!(SampleSize::time_to_event(5, 0.1, 0.0, 1.0, None).is_err());
        assert!(SampleSize::time_to_event(5, 0.1, 1.0, f64::NAN, None).is_err());
        assert!(SampleSize::time_to_event(5, 0.1, 1.0, 1.0, Some(0.9)).is_err());
        assert!(SampleSize::binary(5, 1.0, None).is_err());
    }
}
