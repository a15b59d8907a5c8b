//! The mathematics of censored, truncated and competing outcomes. Knows nothing of foster care.
//!
//! Every estimator takes a checked [`Sample`] (or only its [`Outcome`]); rows are checked once,
//! when they are made.

mod sample;

pub use sample::{Outcome, Sample, SampleError};
