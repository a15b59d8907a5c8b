//! A flat table of anything.
