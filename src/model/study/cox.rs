//! Keys of `[model]` that only Cox models have: what is known beforehand, and what holds
//! estimates in.

use std::path::PathBuf;

use super::keys::Keys;

/// What a Cox model has beside the plain partial likelihood.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CoxSpec {
    /// A file of Gaussian priors, as the study names it (relative to the study's folder).
    pub priors: Option<PathBuf>,
    /// Firth's correction.
    pub firth: bool,
}

/// The keys: an entry of `[[compare]]` that names one of them inherits none of the others.
pub(super) const KEYS: [&str; 2] = ["priors", "firth"];

/// Reads them. What is absent comes from `base`, which is the default for other kinds.
pub(super) fn cox(keys: &mut Keys<'_>, base: &CoxSpec) -> CoxSpec {
    let named = KEYS.iter().any(|k| keys.has(k));
    let priors = keys.text("priors").map(PathBuf::from);
    let firth = keys.flag("firth").unwrap_or(false);
    if !named {
        return base.clone();
    }
    if firth && priors.is_some() {
        keys.problem("firth", "cannot be combined with priors, of which it is one kind");
    }
    CoxSpec { priors, firth }
}
