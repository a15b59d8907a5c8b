//! Folds and bootstraps by group and by time.
