//! Metrics for censored and competing outcomes, comparison of models, gates.

mod accuracy;
mod assemble;
mod attributes;
mod audit;
mod calibration;
mod cloglog;
mod d_calibration;
mod describe;
mod discrimination;
mod error;
mod gates;
mod groups;
mod observed;
mod pooled;
mod predicted;
mod proxy;
mod refit;
mod result;
mod rows;
mod run;
mod sample_size;
mod split;
mod summary;
mod table;
mod trial;
mod variants;

// Stamped into model files, and so they belong to the model room.
pub use crate::model::{Gate, Limit, Verdict};
pub use accuracy::{Rule, brier, integrated, net_benefit, scaled_brier};
pub use calibration::{Calibrated, Calibration, observed_over_expected};
pub use d_calibration::{DCalibration, Spot};
pub use describe::{
    Describe, DescribeOptions, DescribeTests, DescribedAt, DescribedTest, GroupDescription, Groups,
    Incidence, MOST_GROUPS, describe,
};
pub use discrimination::{Concordance, auc, auc_under_way, concordance};
pub use error::EvaluateError;
pub use groups::{FEWEST_EVENTS, by_group};
pub use observed::{Observed, Weights};
pub use predicted::Predicted;
pub use proxy::Proxy;
pub use refit::{Instability, Optimism, Refits, StabilityPoint};
pub use result::{
    AtTime, CalibrationCurve, CalibrationPoint, Compared, DecisionCurve, DecisionPoint, Evaluation,
    GroupResult, HorizonResult, Interval, MetricSummary, NetBenefit, RiskDistribution, Settings,
    SplitResult, Summary,
};
pub use run::{LITERATURE, NO_MODEL, run, run_under};
pub use sample_size::SampleSize;
pub use trial::{Arm, ArmFindings, Findings, Plan, Predict, Risks, Rows, THRESHOLDS, trial};
pub use variants::{Moved, UnknownEnds, Variant, definitions_of_breakdown};
