//! Scenarios: what is simulated, and the intercepts that bring it to the published incidences.

use crate::history::{Day, Window};

use super::hazard::{Baseline, EDGES, PIECES};

/// Cumulative incidences at 6, 12, 24, 36 and 72 months after the start that a scenario is
/// calibrated to. Coming of age counts as a positive end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Targets {
    /// Of breakdown.
    pub breakdown: [f64; EDGES.len()],
    /// Of the positive ends.
    pub positive: [f64; EDGES.len()],
}

/// How much families and providers differ beyond what is measured. A multiplier of the hazard
/// of breakdown with mean 1 each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FamilyEffects {
    /// The distribution over families.
    pub family: Frailty,
    /// Standard deviation, on the log scale, of a normal effect of the provider.
    pub provider_sd: f64,
}

/// The distribution of the families' multiplier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Frailty {
    /// Gamma with mean 1 and this variance.
    Gamma(f64),
    /// Lognormal with mean 1 and this standard deviation on the log scale.
    Lognormal(f64),
}

/// The published level of breakdown that a scenario is calibrated to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// 29% within six years.
    Base,
    /// 26%.
    Low,
    /// 53.5%.
    High,
}

impl Level {
    /// All levels.
    pub const ALL: &'static [Self] = &[Self::Base, Self::Low, Self::High];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Low => "low",
            Self::High => "high",
        }
    }

    /// The level of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|l| l.name() == name)
    }
}

/// What to simulate. Start from [`Scenario::base`], [`Scenario::low`] or [`Scenario::high`] and
/// switch parts off.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// The level of breakdown, which names it.
    pub level: Level,
    /// The incidences it is calibrated to.
    pub targets: Targets,
    /// The baseline hazards that hit the targets, solved by [`calibrate`](super::calibrate).
    pub baseline: Baseline,
    /// Unmeasured differences of families and providers; `None` switches them off.
    pub family_effects: Option<FamilyEffects>,
    /// Whether values are missing or recorded late. Without, every record is complete and timely.
    pub missing: bool,
    /// The window of observation; placements from before it are left-truncated.
    pub window: Window,
    /// For how many years before the window's end requests and offers were registered.
    pub request_years: i32,
    /// At most so many feasible families that were not chosen get true risks, per request.
    pub alternatives: usize,
}

/// NL and Flanders, 580 long-term placements (Vanderfaeillie et al. 2017: 29.1% breakdown and
/// 39.5% positive at 6 years); the earlier horizons are the design's interpolation.
const BASE: Targets = Targets {
    breakdown: [0.085, 0.13, 0.20, 0.235, 0.29],
    positive: [0.06, 0.105, 0.20, 0.27, 0.395],
};

impl Scenario {
    /// The published Dutch and Flemish level: 29% breakdown within six years.
    #[must_use]
    pub fn base() -> Self {
        Self::at(Level::Base)
    }

    /// The level of the meta-analysis of 47 studies: 26% (Eltink 2025).
    #[must_use]
    pub fn low() -> Self {
        Self::at(Level::Low)
    }

    /// The level of the older cohorts: 50% (Strijker 2004) to 57% (Flanders, cohort of 1999).
    #[must_use]
    pub fn high() -> Self {
        Self::at(Level::High)
    }

    /// The scenario of a level, with everything switched on.
    #[must_use]
    pub fn at(level: Level) -> Self {
        let targets = match level {
            Level::Base => BASE,
            Level::Low => scaled(26.26 / 29.0, 1.0),
            Level::High => scaled(53.5 / 29.0, 0.75),
        };
        Self {
            level,
            targets,
            baseline: solved_baseline(level, true),
            family_effects: Some(FamilyEffects { family: Frailty::Gamma(0.25), provider_sd: 0.10 }),
            missing: true,
            window: Window {
                start: day(2014, 1, 1),
                end: day(2023, 12, 31),
                extraction: day(2024, 1, 31),
            },
            request_years: 3,
            alternatives: 4,
        }
    }

    /// Without unmeasured differences of families and providers, at the same marginal level.
    #[must_use]
    pub fn without_family_effects(mut self) -> Self {
        self.family_effects = None;
        self.baseline = solved_baseline(self.level, false);
        self
    }

    /// With every record complete and timely.
    #[must_use]
    pub fn without_missing(mut self) -> Self {
        self.missing = false;
        self
    }
}

/// The base targets times a factor per cause.
fn scaled(breakdown: f64, positive: f64) -> Targets {
    Targets {
        breakdown: BASE.breakdown.map(|p| p * breakdown),
        positive: BASE.positive.map(|p| p * positive),
    }
}

/// A day that the calendar has; the first day of counting otherwise.
fn day(year: i32, month: u32, day: u32) -> Day {
    Day::from_ymd(year, month, day).unwrap_or(Day(0))
}

/// Shorthand for a row of solved intercepts.
const fn solved(breakdown: [f64; PIECES], positive: [f64; PIECES]) -> Baseline {
    Baseline { breakdown, positive }
}

/// The answers of [`calibrate`](super::calibrate) for each level, with and without family
/// effects: 30,000 children, 6 rounds, seed 1, rounded to six decimals. A test checks that
/// simulated cohorts still hit the targets.
fn solved_baseline(level: Level, family_effects: bool) -> Baseline {
    match (level, family_effects) {
        (Level::Base, true) => solved(
            [0.027618, 0.020319, 0.022426, 0.016316, 0.014270, 0.014270],
            [0.005547, 0.004272, 0.005903, 0.005265, 0.003929, 0.003929],
        ),
        (Level::Base, false) => solved(
            [0.027308, 0.019571, 0.021296, 0.015382, 0.013346, 0.013346],
            [0.005495, 0.004186, 0.005844, 0.005204, 0.003950, 0.003950],
        ),
        (Level::Low, true) => solved(
            [0.026065, 0.018717, 0.020103, 0.014248, 0.011954, 0.011954],
            [0.005460, 0.004116, 0.005640, 0.004884, 0.003477, 0.003477],
        ),
        (Level::Low, false) => solved(
            [0.026143, 0.018235, 0.019284, 0.013482, 0.011292, 0.011292],
            [0.005410, 0.004159, 0.005692, 0.004891, 0.003468, 0.003468],
        ),
        (Level::High, true) => solved(
            [0.039353, 0.034189, 0.045737, 0.041141, 0.049993, 0.049993],
            [0.004376, 0.003538, 0.005459, 0.005624, 0.005953, 0.005953],
        ),
        (Level::High, false) => solved(
            [0.037915, 0.031619, 0.041269, 0.036452, 0.043312, 0.043312],
            [0.004176, 0.003500, 0.005449, 0.005598, 0.006082, 0.006082],
        ),
    }
}
