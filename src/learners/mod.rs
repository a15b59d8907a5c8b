//! Learners that are not classical survival models. The only room that imports linfa's
//! algorithms and smartcore.
//!
//! Both crates panic or silently fit on input that they do not expect, so all input is checked
//! here, before the seam, and only plain numbers leave the room.

mod bin_tree;
mod binned;
mod boosting;
mod censoring;
mod error;
mod forest;
mod gradient;
mod kept_rows;
mod logistic;
mod person_period;
mod pseudo;
mod shap;
mod survival_forest;
mod tree;

pub use boosting::{BoostFit, BoostSettings, Boosted};
pub use censoring::censoring_weights;
pub use error::LearnerError;
pub use forest::{Forest, ForestSettings, Growth};
pub use kept_rows::KeptRows;
pub(crate) use logistic::probability;
pub use logistic::{Logistic, RidgeChoice, RidgeSettings};
pub use person_period::{PeriodRun, PersonPeriods};
pub use pseudo::pseudo_values;
pub use survival_forest::{
    ForestReasons, ForestRisk, OutOfBag, SurvivalForest, SurvivalForestSettings,
};
