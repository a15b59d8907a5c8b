//! Metrics for censored and competing outcomes, comparison of models, gates.
