//! Synthetic cohorts whose true risks are known.
