//! Keys of `[model]` for the shape of a hazard over time, for tests of its shape, and for Fine–Gray's
//! convention.

use super::keys::Keys;
use super::time::Span;
use crate::history::nearest;
use crate::survival::Transform;

/// Whose numbers a Fine–Gray model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Convention {
    /// Those of R's `cmprsk::crr`.
    #[default]
    Crr,
    /// Those of R's `survival::finegray` with `coxph`.
    Finegray,
}

/// Where a piecewise-exponential hazard may change: increasing times, in days or in a table's own
/// unit; empty: fifths of the events.
pub type Cuts = Vec<Span>;

/// Degrees of freedom of the spline of a Royston–Parmar model, unless told.
pub(super) const DF: usize = 3;
/// Its most.
const MOST: u64 = 10;

/// Reads `convention`; absent: `base`.
pub(super) fn convention(keys: &mut Keys<'_>, base: Convention) -> Convention {
    let Some(name) = keys.text("convention") else { return base };
    match name.as_str() {
        "crr" => Convention::Crr,
        "finegray" => Convention::Finegray,
        other => {
            let hint = nearest(other, ["crr", "finegray"]);
            let hint = hint.map_or_else(String::new, |n| format!("; did you mean \"{n}\"?"));
            keys.problem("convention", &format!("must be \"crr\" or \"finegray\"{hint}"));
            base
        }
    }
}

/// Reads `ph_transform`; absent: `base`.
pub(super) fn ph_transform(keys: &mut Keys<'_>, base: Transform) -> Transform {
    let Some(name) = keys.text("ph_transform") else { return base };
    let found = Transform::NAMES.iter().find(|(_, n)| *n == name);
    if found.is_none() {
        let hint = nearest(&name, Transform::NAMES.iter().map(|(_, n)| *n));
        let hint = hint.map_or_else(String::new, |n| format!("; did you mean \"{n}\"?"));
        let what = format!("must be \"km\", \"rank\", \"identity\" or \"log\"{hint}");
        keys.problem("ph_transform", &what);
    }
    found.map_or(base, |(t, _)| *t)
}

/// Reads `cuts`; absent: `base`.
pub(super) fn cuts(keys: &mut Keys<'_>, base: &Cuts) -> Cuts {
    let Some(cuts) = keys.spans("cuts") else { return base.clone() };
    if cuts.windows(2).any(|w| w[0].length >= w[1].length) {
        keys.problem("cuts", "must increase, without repeats");
    }
    cuts
}

/// Reads `df`; absent: `base`.
pub(super) fn df(keys: &mut Keys<'_>, base: usize) -> usize {
    keys.count("df", 1, MOST).map_or(base, |n| n as usize)
}
