//! True risks: what the hazards of a placement come to.

use crate::DAYS_PER_MONTH;
use crate::history::{FamilyIx, Perspective, StayIx};

use super::effects::{Drivers, HELPER_CHANGE_DURING, linear_predictors};
use super::hazard::{Baseline, Rates};

/// Horizons of the true risks, in months.
pub const HORIZONS: [f64; 3] = [6.0, 12.0, 24.0];

/// How the positive baseline divides over return home, planned move and permanence where every
/// covariate is at its reference.
const POSITIVE_SHARES: [f64; 3] = [0.35, 0.50, 0.10];
/// Ends for other reasons (death, emigration, custody) and for unknown ones, per month. Small,
/// since the published breakdown, positive and running shares leave no room for them.
const OTHER: f64 = 0.0004;
const UNKNOWN: f64 = 0.0005;
/// Changes of helper per year. The rate is the same for all children, so that the effects of
/// what is known at the start stay what the table says.
const HELPER_CHANGES: f64 = 0.30;

/// What bears on a placement that starts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    pub stay: StayIx,
    pub drivers: Drivers,
    /// Of the family and its provider.
    pub multiplier: f64,
    /// Days to the 18th birthday.
    pub cap: i32,
}

/// True risks of one child in one family, positions within the region.
#[derive(Debug, Clone, Copy)]
pub(super) struct LocalTruth {
    pub stay: StayIx,
    pub family: FamilyIx,
    pub risks: [f64; HORIZONS.len()],
}

/// The hazards of a placement with these drivers, in a family with this multiplier, of a child
/// that comes of age after `cap` days.
pub(super) fn rates<'a>(
    baseline: &'a Baseline,
    drivers: &Drivers,
    multiplier: f64,
    cap: i32,
) -> Rates<'a> {
    let [b, h, m] = linear_predictors(drivers);
    let long_term = drivers.perspective == Perspective::LongTerm;
    Rates {
        baseline,
        breakdown: b.exp() * multiplier,
        home: POSITIVE_SHARES[0] * h.exp(),
        moved: POSITIVE_SHARES[1] * m.exp(),
        permanence: if long_term { POSITIVE_SHARES[2] } else { 0.0 },
        other: OTHER / DAYS_PER_MONTH,
        unknown: UNKNOWN / DAYS_PER_MONTH,
        helper_changes: HELPER_CHANGES / 365.25,
        helper_effect: HELPER_CHANGE_DURING,
        cap,
    }
}

/// The true probabilities of breakdown within [`HORIZONS`] of the start, competing ends and
/// coming of age counted, of a placement with these drivers in a family whose multiplier of the
/// hazard is `multiplier` (1 without family effects). `cap` is the number of days to the 18th
/// birthday. `None` where a driver or the multiplier is not a finite number.
#[must_use]
pub fn true_risks(
    baseline: &Baseline,
    drivers: &Drivers,
    multiplier: f64,
    cap: i32,
) -> Option<[f64; HORIZONS.len()]> {
    let finite = linear_predictors(drivers).iter().all(|l| l.is_finite());
    (finite && multiplier.is_finite()).then(|| risks(baseline, drivers, multiplier, cap))
}

/// As [`true_risks`], of drivers that are finite.
pub(super) fn risks(
    baseline: &Baseline,
    drivers: &Drivers,
    multiplier: f64,
    cap: i32,
) -> [f64; HORIZONS.len()] {
    let days = HORIZONS.map(|m| m * DAYS_PER_MONTH);
    let mut out = [0.0; HORIZONS.len()];
    for (o, r) in out.iter_mut().zip(rates(baseline, drivers, multiplier, cap).risks(&days)) {
        *o = r;
    }
    out
}
