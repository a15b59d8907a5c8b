//! What happened, by group: curves, cumulative incidences, and tests of their difference.

use std::collections::BTreeMap;

use serde::Serialize;

use super::EvaluateError;
use crate::features::Values;
use crate::survival::{
    AalenJohansen, ChiSquare, CurvePoint, FitError, Interval, KaplanMeier, NelsonAalen, Outcome,
    gray, logrank,
};

/// More groups than this are more than a person can compare, and mostly a mistaken column.
pub const MOST_GROUPS: usize = 50;

/// The groups of rows that are described side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    /// The group of each row, by its position in `names`; `None` leaves a row out.
    codes: Vec<Option<u32>>,
    names: Vec<String>,
}

impl Groups {
    /// All rows in one group, called `all`.
    #[must_use]
    pub fn all(rows: usize) -> Self {
        Self { codes: vec![Some(0); rows], names: vec!["all".into()] }
    }

    /// By a column: its levels in sorted order, or its distinct numbers in rising order. Rows
    /// without a value belong to no group.
    ///
    /// # Errors
    /// [`EvaluateError::Groups`] where the column has no value, or more than [`MOST_GROUPS`].
    pub fn by(name: &str, column: &Values) -> Result<Self, EvaluateError> {
        let (codes, names) = match column {
            Values::Level { codes, levels } => by_level(codes, levels),
            Values::Number(values) => by_number(values),
        };
        if names.is_empty() || names.len() > MOST_GROUPS {
            return Err(EvaluateError::Groups { column: name.into(), groups: names.len() });
        }
        Ok(Self { codes, names })
    }
}

fn by_level(codes: &[u32], levels: &[String]) -> (Vec<Option<u32>>, Vec<String>) {
    let mut used = vec![false; levels.len()];
    for &code in codes {
        if let Some(used) = used.get_mut(code as usize) {
            *used = true;
        }
    }
    let mut order: Vec<usize> = (0..levels.len()).filter(|&k| used[k]).collect();
    order.sort_by(|&a, &b| levels[a].cmp(&levels[b]));
    let mut position = vec![None; levels.len()];
    for (k, &level) in order.iter().enumerate() {
        position[level] = Some(k as u32);
    }
    let codes = codes.iter().map(|&c| position.get(c as usize).copied().flatten()).collect();
    (codes, order.iter().map(|&k| levels[k].clone()).collect())
}

fn by_number(values: &[f64]) -> (Vec<Option<u32>>, Vec<String>) {
    let mut distinct: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    let code = |v: &f64| distinct.iter().position(|d| d == v).map(|k| k as u32);
    let codes = if distinct.len() > MOST_GROUPS {
        vec![None; values.len()]
    } else {
        values.iter().map(code).collect()
    };
    (codes, distinct.iter().map(f64::to_string).collect())
}

/// How a description is made.
#[derive(Debug, Clone, PartialEq)]
pub struct DescribeOptions {
    /// The times at which the curves are read; the last is the end of the restricted mean.
    pub at: Vec<f64>,
    /// The scale of the intervals.
    pub interval: Interval,
    /// Their level.
    pub level: f64,
    /// The distance of the points of a drawn curve; a coarse one gives no event time away.
    pub grid: f64,
    /// What the tests weigh differences by: S(t−) (Gray's: 1 − F(t−)) to this power (Fleming &
    /// Harrington 1981). 0 is the log-rank test, 1 the one of Peto and Peto.
    pub rho: f64,
    /// Levels within which groups are compared: the tests are then stratified.
    pub strata: Option<Groups>,
    /// The weight of each row, above zero; NaN where it is not known, which leaves the row out.
    /// Errors then come from the rows' influences (as those of R's `survfit` with weights that are not
    /// whole numbers), and are left out where they are not known from these. Counts are of rows, and
    /// tests count every row once.
    pub weights: Option<Vec<f64>>,
}

/// What happened in each group: the JSON contract of `describe`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Describe {
    /// The version of the contract.
    pub schema: u32,
    /// The groups, by name.
    pub groups: Vec<GroupDescription>,
    /// Tests of the difference between groups; null with one group.
    pub tests: Option<DescribeTests>,
    /// What a reader must know.
    pub warnings: Vec<String>,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupDescription {
    /// Its name.
    pub group: String,
    /// Rows.
    pub n: usize,
    /// Ends by cause.
    pub events: BTreeMap<String, usize>,
    /// The curves at the times asked for.
    pub at: Vec<DescribedAt>,
    /// Mean time free from every cause up to the last time asked for; null where the data end
    /// before it.
    pub rmst: Option<f64>,
    /// Its standard error.
    pub rmst_se: Option<f64>,
    /// By when half have ended, whatever the cause.
    pub median: Incidence,
    /// The curves on a coarse grid, for pictures.
    #[serde(skip)]
    pub curve: Vec<DescribedAt>,
}

/// The curves at one time. Estimates are null where nobody is followed so long.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DescribedAt {
    /// The time.
    pub time: f64,
    /// Rows at risk just before it.
    pub at_risk: usize,
    /// Freedom from every cause (Kaplan–Meier).
    pub survival: Option<f64>,
    /// The lower end of its interval.
    pub lower: Option<f64>,
    /// The upper end.
    pub upper: Option<f64>,
    /// The cumulative hazard of any end (Nelson–Aalen).
    pub cumulative_hazard: Option<f64>,
    /// Its standard error.
    pub cumulative_hazard_se: Option<f64>,
    /// Cumulative incidence by cause (Aalen–Johansen).
    pub cif: BTreeMap<String, Incidence>,
    /// Ends by cause up to and including this time.
    #[serde(skip)]
    pub events: BTreeMap<String, usize>,
}

/// A cumulative incidence, or a median time, with its interval; null where a curve does not get there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Incidence {
    /// The estimate.
    pub estimate: Option<f64>,
    /// The lower end of its interval.
    pub lower: Option<f64>,
    /// The upper end.
    pub upper: Option<f64>,
}

/// Tests of the difference between groups.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DescribeTests {
    /// Log-rank (or the one of its family that `rho` names), for any event.
    pub logrank: Option<DescribedTest>,
    /// Gray's test, by cause; null where it is not defined (late entry).
    pub gray: BTreeMap<String, Option<DescribedTest>>,
}

/// A test statistic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DescribedTest {
    /// The statistic.
    pub chi2: f64,
    /// Degrees of freedom.
    pub df: f64,
    /// The p-value.
    pub p: f64,
}

impl From<ChiSquare> for DescribedTest {
    fn from(t: ChiSquare) -> Self {
        Self { chi2: t.chi2, df: t.df, p: t.p }
    }
}

/// Describes an outcome by group.
///
/// Freedom from every cause is the Kaplan–Meier estimate, incidences are Aalen–Johansen's, tests
/// the log-rank test (any event) and Gray's (by cause); all as in R's `survfit`, `survdiff` and
/// `cmprsk::cuminc`.
///
/// # Errors
/// Groups or strata of another length than the outcome, a negative `rho`, times that are not above zero, a level outside
/// (0, 1), a grid that is not above zero.
pub fn describe(
    outcome: &Outcome,
    groups: &Groups,
    options: &DescribeOptions,
) -> Result<Describe, crate::Error> {
    check(outcome, groups, options)?;
    let mut described = Vec::new();
    let mut warnings = Vec::new();
    let weight = |row: usize| options.weights.as_ref().map_or(1.0, |w| w[row]);
    let unweighted = (0..outcome.len()).filter(|&r| weight(r).is_nan()).count();
    if options.weights.is_some() {
        warnings
            .push("curves are weighted; counts are of rows, and tests count every row once".into());
    }
    if unweighted > 0 {
        warnings.push(format!("{unweighted} rows without a weight are left out"));
    }
    for (k, name) in groups.names.iter().enumerate() {
        let mut rows = rows_where(&groups.codes, |c| c == Some(k as u32));
        rows.retain(|&r| !weight(r).is_nan());
        if rows.is_empty() {
            warnings.push(format!("{name}: no row has a weight"));
            continue;
        }
        let weights = options.weights.as_ref();
        let weights: Option<Vec<f64>> = weights.map(|w| rows.iter().map(|&r| w[r]).collect());
        described.push(group(name, &outcome.of_rows(&rows), weights.as_deref(), options)?);
    }
    let strata = options.strata.as_ref().map(|s| &s.codes);
    let known = |r: usize| strata.is_none_or(|s| s[r].is_some());
    let used = rows_where(&groups.codes, |c| c.is_some());
    let without = outcome.len() - used.len();
    if without > 0 {
        warnings
            .push(format!("{without} rows have no value in the column of groups and are left out"));
    }
    let tests = if groups.names.len() > 1 {
        let weighted = |r: usize| !weight(r).is_nan();
        let used: Vec<usize> = used.into_iter().filter(|&r| known(r) && weighted(r)).collect();
        let of =
            |codes: &[Option<u32>]| -> Vec<u32> { used.iter().filter_map(|&r| codes[r]).collect() };
        let strata = strata.map(|s| of(s));
        let tested = Tested { codes: of(&groups.codes), strata, rho: options.rho };
        let apart = outcome.len() - without - used.len();
        if apart > 0 {
            warnings.push(format!(
                "{apart} rows have no value in the column of strata and take no part in the tests"
            ));
        }
        Some(tests(&outcome.of_rows(&used), &tested, &mut warnings)?)
    } else {
        None
    };
    for group in described.iter().filter(|g| g.rmst.is_none()) {
        warnings.push(format!(
            "{}: nobody is followed to the last time, so there is no mean up to it",
            group.group
        ));
    }
    Ok(Describe { schema: 1, groups: described, tests, warnings })
}

fn check(outcome: &Outcome, groups: &Groups, o: &DescribeOptions) -> Result<(), EvaluateError> {
    if groups.codes.len() != outcome.len() {
        let what = "the column of groups".into();
        let (found, expected) = (groups.codes.len(), outcome.len());
        return Err(EvaluateError::Length { what, found, expected });
    }
    if let Some(strata) = &o.strata
        && strata.codes.len() != outcome.len()
    {
        let what = "the column of strata".into();
        let (found, expected) = (strata.codes.len(), outcome.len());
        return Err(EvaluateError::Length { what, found, expected });
    }
    if let Some(weights) = &o.weights
        && weights.len() != outcome.len()
    {
        let (found, expected) = (weights.len(), outcome.len());
        return Err(EvaluateError::Length { what: "the weights".into(), found, expected });
    }
    let rising = o.at.windows(2).all(|w| w[0] < w[1]);
    if o.at.is_empty() || !rising || o.at.iter().any(|t| !(t.is_finite() && *t > 0.0)) {
        return Err(EvaluateError::Horizons);
    }
    if !(o.level > 0.0 && o.level < 1.0 && o.grid.is_finite() && o.grid > 0.0) {
        return Err(EvaluateError::Curves { level: o.level, grid: o.grid });
    }
    Ok(())
}

fn rows_where(codes: &[Option<u32>], keep: impl Fn(Option<u32>) -> bool) -> Vec<usize> {
    (0..codes.len()).filter(|&r| keep(codes[r])).collect()
}

fn group(
    name: &str,
    outcome: &Outcome,
    weights: Option<&[f64]>,
    o: &DescribeOptions,
) -> Result<GroupDescription, crate::Error> {
    let last = o.at.last().copied().unwrap_or_default();
    let steps = (last / o.grid + 1e-9).floor().min(10_000.0) as usize;
    let mut times = o.at.clone();
    times.extend((0..=steps).map(|k| k as f64 * o.grid));
    let aj = AalenJohansen::new(outcome, weights)?;
    let incidence = |cause| aj.at_times(cause, &times, o.interval, o.level);
    let curves = Curves {
        outcome,
        entries: outcome.entry().map(|e| sorted(e.iter().copied())),
        exits: sorted(outcome.exit().iter().copied()),
        ends: (1..=outcome.causes().len() as u32).map(|cause| ends_of(outcome, cause)).collect(),
        km: KaplanMeier::new(outcome, weights)?,
        hazard: NelsonAalen::new(outcome, None, weights)?,
        weighted: weights.map(|_| aj.event_free_at_times(&times)),
        incidence: (1..=outcome.causes().len() as u32).filter_map(incidence).collect(),
        options: o,
    };
    let events = outcome.causes().iter().enumerate();
    let mean = if curves.known_at(last) { Some(curves.km.restricted_mean(last)?) } else { None };
    let half = curves.km.quantile(0.5, o.interval, o.level);
    Ok(GroupDescription {
        group: name.into(),
        n: outcome.len(),
        events: events.map(|(k, c)| (c.clone(), outcome.events(k as u32 + 1))).collect(),
        at: (0..o.at.len()).map(|k| curves.at(k, times[k])).collect(),
        rmst: mean.map(|m| m.0),
        rmst_se: mean.map(|m| m.1).filter(|_| weights.is_none()),
        median: Incidence {
            estimate: half.estimate,
            lower: half.lower.filter(|_| weights.is_none()),
            upper: half.upper.filter(|_| weights.is_none()),
        },
        curve: (o.at.len()..times.len()).map(|k| curves.at(k, times[k])).collect(),
    })
}

fn sorted(times: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut times: Vec<f64> = times.collect();
    times.sort_by(f64::total_cmp);
    times
}

fn ends_of(outcome: &Outcome, cause: u32) -> Vec<f64> {
    let rows = outcome.exit().iter().zip(outcome.cause());
    sorted(rows.filter(|&(_, &c)| c == cause).map(|(&x, _)| x))
}

/// The estimates of one group.
struct Curves<'a> {
    outcome: &'a Outcome,
    /// Entry and exit times, each sorted, to count who is at risk.
    entries: Option<Vec<f64>>,
    exits: Vec<f64>,
    /// By cause: the sorted times of its ends.
    ends: Vec<Vec<f64>>,
    km: KaplanMeier,
    hazard: NelsonAalen,
    /// By cause, then by the number of a time: its incidence.
    incidence: Vec<Vec<CurvePoint>>,
    /// By the number of a time, with weights: freedom from every cause, and its error.
    weighted: Option<Vec<(f64, f64)>>,
    options: &'a DescribeOptions,
}

impl Curves<'_> {
    /// Whether the data say anything of a time: somebody is followed so long, or all have ended.
    fn known_at(&self, t: f64) -> bool {
        let last = self.km.times().last().copied().unwrap_or_default();
        t <= last || self.km.survival_at(last) <= 0.0
    }

    /// Who is at risk just before `t`: entered before it, and not gone before it. At the beginning:
    /// who enters then.
    fn at_risk(&self, t: f64) -> usize {
        let entered = match &self.entries {
            Some(entries) if t <= 0.0 => entries.partition_point(|&e| e <= t),
            Some(entries) => entries.partition_point(|&e| e < t),
            None => self.exits.len(),
        };
        entered - self.exits.partition_point(|&x| x < t).min(entered)
    }

    /// The `asked`-th of the times, `t`.
    fn at(&self, asked: usize, t: f64) -> DescribedAt {
        let (interval, level) = (self.options.interval, self.options.level);
        let known = self.known_at(t);
        let s = self.km.at(t, interval, level);
        let (hazard, hazard_se) = self.hazard.at(t);
        let mut cif = BTreeMap::new();
        let mut events = BTreeMap::new();
        for (k, cause) in self.outcome.causes().iter().enumerate() {
            let f = self.incidence.get(k).and_then(|f| f.get(asked)).filter(|_| known);
            let bounds = f.and_then(|f| f.bounds);
            cif.insert(
                cause.clone(),
                Incidence {
                    estimate: f.map(|f| f.estimate),
                    lower: bounds.map(|b| b.0),
                    upper: bounds.map(|b| b.1),
                },
            );
            events.insert(cause.clone(), self.ends[k].partition_point(|&x| x <= t));
        }
        let robust = self.weighted.as_ref().and_then(|w| w.get(asked));
        let bounds = match robust {
            Some((s, se)) => interval.bounds(*s, se / s, level),
            None => s.bounds,
        };
        let bounds = bounds.filter(|_| known);
        DescribedAt {
            time: t,
            at_risk: self.at_risk(t),
            survival: known.then_some(s.estimate),
            lower: bounds.map(|b| b.0),
            upper: bounds.map(|b| b.1),
            cumulative_hazard: known.then_some(hazard),
            cumulative_hazard_se: (known && robust.is_none()).then_some(hazard_se),
            cif,
            events,
        }
    }
}

/// What is tested: the group of each row, its stratum, and the weight of differences.
struct Tested {
    codes: Vec<u32>,
    strata: Option<Vec<u32>>,
    rho: f64,
}

fn tests(
    outcome: &Outcome,
    tested: &Tested,
    warnings: &mut Vec<String>,
) -> Result<DescribeTests, crate::Error> {
    let Tested { codes, strata, rho } = tested;
    let strata = strata.as_deref();
    let logrank = logrank(outcome, None, codes, strata, *rho)?;
    let mut by_cause = BTreeMap::new();
    let mut late = false;
    for (k, cause) in outcome.causes().iter().enumerate() {
        let test = match gray(outcome, k as u32 + 1, codes, strata, *rho) {
            Ok(test) => Some(test.into()),
            Err(FitError::NotApplicable { .. }) => {
                late = true;
                None
            }
            Err(other) => return Err(other.into()),
        };
        by_cause.insert(cause.clone(), test);
    }
    if late {
        warnings.push(
            "Gray's test is not defined where rows enter late (stays that began before the window)"
                .into(),
        );
    }
    // Without a single event, or with one group at risk, there is nothing to test.
    let logrank = Some(logrank.test).filter(|t| t.df > 0.0).map(DescribedTest::from);
    for test in by_cause.values_mut() {
        *test = test.filter(|t: &DescribedTest| t.df > 0.0);
    }
    Ok(DescribeTests { logrank, gray: by_cause })
}

#[cfg(test)]
mod tests;
