//! What was known when: the catalogue of named features, the recipe that is fitted on training
//! rows only, and the design matrix.

mod frame;

pub use frame::{Column, Frame, FrameError, Values};
