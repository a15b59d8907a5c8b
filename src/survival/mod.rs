//! The mathematics of censored, truncated and competing outcomes. Knows nothing of foster care.
//!
//! Every estimator takes a checked [`Sample`] (or only its [`Outcome`]); rows are checked once,
//! when they are made.

mod cox;
mod linalg;
mod newton;
mod sample;

pub use cox::{ChiSquare, Cox, CoxFit, FitError, FitWarning, StratumCells, Ties};
pub use sample::{Outcome, Sample, SampleError};
