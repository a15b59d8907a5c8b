//! The mathematics of censored, truncated and competing outcomes. Knows nothing of foster care.
//!
//! Every estimator takes a checked [`Sample`] (or only its [`Outcome`]); rows are checked once,
//! when they are made.
//!
//! Several events of one subject are rows over (entry, exit] with the subject as a cluster
//! ([`Sample::with_cluster`]; a second one makes errors two-way): as they are for Andersen and Gill's
//! model, with the number of the event as stratum ([`Sample::with_strata`]) for that of Prentice,
//! Williams and Peterson, in total time or on a clock that starts anew; and for Wei, Lin and
//! Weissfeld's once per number of the event, in a stratum each. [`crate::model::Repeated`] lays the
//! rows of a study out in each of these ways.

mod aalen_johansen;
mod chi_square;
pub(crate) mod columns;
mod concordance;
mod cox;
mod elastic;
mod fine_gray;
mod fitted;
mod frailty;
mod gray;
pub(crate) mod identify;
pub(crate) mod km;
pub(crate) mod linalg;
mod logrank;
mod newton;
pub(crate) mod outlier;
pub(crate) mod parametric;
mod prior;
mod sample;
pub(crate) mod sandwich;
mod steps;
mod table;

pub use aalen_johansen::AalenJohansen;
pub use chi_square::ChiSquare;
pub use concordance::{Concordance, ConcordanceOptions, PairWeight, concordance};
pub use cox::{
    Cox, CoxFit, Firth, FitError, FitWarning, NewRows, PhTest, Schoenfeld, StratumCells, Ties,
    Transform, cumulative_incidence,
};
pub use elastic::{ElasticNet, NetPath, NetValidation};
pub use fine_gray::{Baseline, Convention, FineGray, FineGrayFit};
pub use frailty::{Frailty, FrailtyDistribution, FrailtyFit, GroupFrailty};
pub use gray::gray;
pub use km::{CurvePoint, Interval, KaplanMeier, NelsonAalen, Quantile};
pub use logrank::{LogRank, logrank};
pub use parametric::{Distribution, Parametric, ParametricFit};
pub use prior::{Penalised, Prior};
pub use sample::{Outcome, Sample, SampleError};
pub use steps::CurveStep;
pub use table::{LifeTable, at_risk};
