//! Metrics for censored and competing outcomes, comparison of models, gates.

mod error;
mod gates;
mod result;
mod sample_size;

pub use error::EvaluateError;
pub use gates::{Gate, Limit, Verdict};
pub use result::{
    AtTime, CalibrationCurve, CalibrationPoint, Compared, DecisionCurve, Evaluation, GroupResult,
    HorizonResult, Interval, MetricSummary, NetBenefit, RiskDistribution, Settings, SplitResult,
    Summary,
};
pub use sample_size::SampleSize;
