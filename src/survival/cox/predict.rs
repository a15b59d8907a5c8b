//! Predictions for new rows: survival and cumulative incidence, with intervals, and given that a
//! row has lasted some time already.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use super::{CoxFit, FitError, StratumCells};
use crate::survival::aalen_johansen::point;
use crate::survival::{CurvePoint, Interval, Sample};

/// A linear predictor further than this from that of the means has no risk that is a number.
const FURTHEST: f64 = 300.0;

/// The rows to predict for.
///
/// ```
/// use ndarray::array;
/// use pleegzorg::survival::{Cox, Interval, NewRows, Outcome, Sample};
/// let y = Outcome::new(None, vec![1., 2., 3., 4.], vec![1, 1, 0, 1], vec!["end".into()])?;
/// let sample = Sample::new(array![[1.], [0.], [1.], [0.]], vec!["x".into()], y)?;
/// let fit = Cox::new().fit(&sample, 1)?;
/// let x = array![[0.5]];
/// let rows = NewRows::new(x.view());
/// let whole = fit.survival(&sample, &rows, &[4.0], Interval::LogLog, 0.95)?[0][0].estimate;
/// // To last until 4 is to last until 2, and then until 4.
/// let half = fit.survival(&sample, &rows, &[2.0], Interval::LogLog, 0.95)?[0][0].estimate;
/// let rows = rows.lasted(&[2.0]);
/// let rest = fit.survival(&sample, &rows, &[4.0], Interval::LogLog, 0.95)?[0][0].estimate;
/// assert!((whole - half * rest).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct NewRows<'a> {
    x: ArrayView2<'a, f64>,
    strata: Option<&'a [u32]>,
    offset: Option<&'a [f64]>,
    lasted: Option<&'a [f64]>,
}

impl<'a> NewRows<'a> {
    /// Covariates in the order of the fit's names; stratum 0, offset 0, from the beginning.
    #[must_use]
    pub fn new(x: ArrayView2<'a, f64>) -> Self {
        Self { x, strata: None, offset: None, lasted: None }
    }

    /// The stratum of each row, by the numbers of the sample that was fitted.
    #[must_use]
    pub fn strata(mut self, strata: &'a [u32]) -> Self {
        self.strata = Some(strata);
        self
    }

    /// The known part of each row's linear predictor.
    #[must_use]
    pub fn offset(mut self, offset: &'a [f64]) -> Self {
        self.offset = Some(offset);
        self
    }

    /// How long each row has lasted: the time from which its prediction starts. What happens at
    /// that very time has not happened to it.
    #[must_use]
    pub fn lasted(mut self, lasted: &'a [f64]) -> Self {
        self.lasted = Some(lasted);
        self
    }

    pub(crate) fn len(&self) -> usize {
        self.x.nrows()
    }

    /// Whether it has lasted any time already.
    pub(crate) fn has_lasted(&self) -> bool {
        self.lasted.is_some()
    }

    pub(crate) fn check(
        &self,
        columns: &[usize],
        times: &[f64],
        level: f64,
    ) -> Result<(), FitError> {
        for &expected in columns {
            let found = self.x.ncols();
            if found != expected {
                let what = "the number of columns";
                return Err(FitError::Shape { what, found, expected });
            }
        }
        let n = self.x.nrows();
        let lengths = [
            ("the strata of new rows", self.strata.map(<[u32]>::len)),
            ("the offset of new rows", self.offset.map(<[f64]>::len)),
            ("the time that new rows have lasted", self.lasted.map(<[f64]>::len)),
        ];
        for (what, found) in lengths.into_iter().filter_map(|(w, l)| l.map(|l| (w, l))) {
            if found != n {
                return Err(FitError::Shape { what, found, expected: n });
            }
        }
        let bad = |v: &[f64]| v.iter().position(|v| !v.is_finite());
        if let Some(item) = bad(times) {
            return Err(FitError::Times { what: "the times", item });
        }
        if let Some(item) = self.lasted.and_then(bad) {
            return Err(FitError::Times { what: "the time that new rows have lasted", item });
        }
        let numbers = self.x.iter().chain(self.offset.unwrap_or_default());
        if !numbers.copied().all(f64::is_finite) {
            let why = "a covariate or offset of a new row is not a finite number".into();
            return Err(FitError::NotApplicable { method: "a prediction", why });
        }
        if !(level > 0.0 && level < 1.0) {
            let why = format!("{level} is not between 0 and 1");
            return Err(FitError::Setting { setting: "level", why });
        }
        Ok(())
    }

    fn stratum(&self, row: usize) -> u32 {
        self.strata.map_or(0, |s| s[row])
    }

    fn start(&self, row: usize) -> f64 {
        self.lasted.map_or(f64::NEG_INFINITY, |l| l[row])
    }

    /// The increasing edges that cut time at all of `times` and wherever a prediction starts.
    pub(crate) fn edges(&self, times: impl Iterator<Item = f64>) -> Vec<f64> {
        let mut edges: Vec<f64> = times.chain(self.lasted.into_iter().flatten().copied()).collect();
        edges.sort_by(f64::total_cmp);
        edges.dedup();
        // Before all that is: what happens at the first edge counts in the first cell.
        let first = edges.first().copied().unwrap_or_default();
        edges.insert(0, first - first.abs().max(1.0));
        edges
    }
}

impl CoxFit {
    /// The probability of no end by the fit's cause until each of `times` (inner), for each new row
    /// (outer): exp(−Λ), with R's standard errors (Tsiatis 1981) by the best covariance, and the
    /// interval of the scale. After the last event of the sample the curve stays level.
    ///
    /// # Errors
    /// Another sample than the fitted one, new rows of another shape, a stratum without events, a
    /// time that is not finite.
    pub fn survival(
        &self,
        sample: &Sample,
        rows: &NewRows,
        times: &[f64],
        interval: Interval,
        level: f64,
    ) -> Result<Vec<Vec<CurvePoint>>, FitError> {
        rows.check(&[self.coef.len()], times, level)?;
        if times.is_empty() {
            return Ok(vec![Vec::new(); rows.x.nrows()]);
        }
        let edges = rows.edges(times.iter().copied());
        let strata = self.baseline_cells_at(sample, &edges, self.means.view())?;
        let point = |t: f64, h: f64, se_log: f64| {
            let s = (-h).exp();
            let bounds = interval.bounds(s, se_log, level);
            let se = if s > 0.0 { s * se_log } else { 0.0 };
            CurvePoint { time: t, estimate: s, se, bounds }
        };
        self.effects().hazards(&strata, rows, &edges, times, point)
    }

    fn effects(&self) -> Effects<'_> {
        let covariance = self.best_covariance();
        Effects { coef: &self.coef, means: &self.means, covariance }
    }
}

/// What a fit says of its covariates.
pub(crate) struct Effects<'a> {
    pub(crate) coef: &'a Array1<f64>,
    /// What the baseline is at.
    pub(crate) means: &'a Array1<f64>,
    pub(crate) covariance: &'a Array2<f64>,
}

impl Effects<'_> {
    /// For each new row (outer) and time (inner) what `point` makes of the time, the cumulative
    /// hazard until then, and its standard error.
    pub(crate) fn hazards(
        &self,
        strata: &[StratumCells],
        rows: &NewRows,
        edges: &[f64],
        times: &[f64],
        point: impl Fn(f64, f64, f64) -> CurvePoint,
    ) -> Result<Vec<Vec<CurvePoint>>, FitError> {
        let sums: Vec<Sums> = strata.iter().map(Sums::new).collect();
        let mut out = Vec::with_capacity(rows.x.nrows());
        for row in 0..rows.x.nrows() {
            let sum = &sums[find(strata, rows.stratum(row))?];
            let (x, risk) = self.centred(rows, row)?;
            let from = upto(edges, rows.start(row));
            let at = |&t: &f64| {
                let to = upto(edges, t).max(from);
                let (h, v, q) = sum.between(from, to);
                let a = &x * h - q;
                let variance = risk * risk * (v + a.dot(&self.covariance.dot(&a)));
                point(t, risk * h, variance.max(0.0).sqrt())
            };
            out.push(times.iter().map(at).collect());
        }
        Ok(out)
    }

    /// A new row's covariates less the means, and e to its linear predictor.
    fn centred(&self, rows: &NewRows, row: usize) -> Result<(Array1<f64>, f64), FitError> {
        let x = &rows.x.row(row) - self.means;
        let eta = x.dot(self.coef) + rows.offset.map_or(0.0, |o| o[row]);
        if eta.abs() <= FURTHEST {
            return Ok((x, eta.exp()));
        }
        let why = format!("new row {row} is out of all range of the fitted sample");
        Err(FitError::NotApplicable { method: "a prediction", why })
    }
}

/// The probability of having ended by `cause` by each of `times` (inner), for each new row (outer),
/// from Cox models of the causes that compete, all fitted to one sample:
/// F(t) = Σ S(u−)·(λ_cause/λ)·(1 − e^{−λ}), λ the sum of all causes' hazards at u. With the
/// probability of no end at all, Π of the fits' [`CoxFit::survival`], the incidences of all causes
/// sum to 1. Variances are by the delta method from all baselines and all effects; `interval` is on
/// the scale of 1 − F.
///
/// # Errors
/// As [`CoxFit::survival`] for any of the fits; no fit of `cause`, or two of one cause.
pub fn cumulative_incidence(
    fits: &[&CoxFit],
    sample: &Sample,
    rows: &NewRows,
    cause: u32,
    times: &[f64],
    interval: Interval,
    level: f64,
) -> Result<Vec<Vec<CurvePoint>>, FitError> {
    rows.check(&fits.iter().map(|fit| fit.coef.len()).collect::<Vec<_>>(), times, level)?;
    if times.is_empty() {
        return Ok(vec![Vec::new(); rows.x.nrows()]);
    }
    let own = fits
        .iter()
        .position(|f| f.cause == cause)
        .ok_or(FitError::UnknownCause { cause, causes: sample.outcome().causes().len() })?;
    if (1..fits.len()).any(|k| fits[..k].iter().any(|f| f.cause == fits[k].cause)) {
        let why = "two of the fits are of the same cause".into();
        return Err(FitError::NotApplicable { method: "a cumulative incidence", why });
    }
    let y = sample.outcome();
    let ends = (0..y.len()).filter(|&i| fits.iter().any(|f| f.cause == y.cause()[i]));
    let edges = rows.edges(times.iter().copied().chain(ends.map(|i| y.exit()[i])));
    let of_fit = |f: &&CoxFit| f.baseline_cells_at(sample, &edges, f.means.view());
    let cells: Vec<Vec<StratumCells>> = fits.iter().map(of_fit).collect::<Result<_, _>>()?;
    let mut out = Vec::with_capacity(rows.x.nrows());
    for row in 0..rows.x.nrows() {
        let mut causes = Vec::with_capacity(fits.len());
        for (fit, strata) in fits.iter().zip(&cells) {
            // A stratum without an event of one cause has none of its hazard, if it has another's.
            let stratum = rows.stratum(row);
            let cells = strata.iter().find(|s| s.stratum == stratum);
            causes.push(Walk::new(fit, cells, rows, row)?);
        }
        if causes.iter().all(|c| c.cells.is_none()) {
            find(&cells[own], rows.stratum(row))?;
        }
        let from = upto(&edges, rows.start(row));
        let mut order: Vec<usize> = (0..times.len()).collect();
        order.sort_by(|&a, &b| times[a].total_cmp(&times[b]));
        let mut points = vec![None; times.len()];
        let (mut cell, mut s, mut f) = (from, 1.0, 0.0);
        for k in order {
            while cell < upto(&edges, times[k]) {
                (s, f) = step(&mut causes, own, cell, s, f);
                cell += 1;
            }
            let variance: f64 = causes.iter().map(|c| c.variance(f)).sum();
            points[k] = Some(point(times[k], f, variance.max(0.0), interval, level));
        }
        out.push(points.into_iter().flatten().collect());
    }
    Ok(out)
}

/// One cell of time: the event-free probability and the incidence after it, from those before it.
///
/// With q = (λ_own/λ)(1 − e^{−λ}) and F the incidence up to some later time, ∂F/∂Λ_k of this cell is
/// S·∂q/∂λ_k − (F − F(after)) = α_k − F: linear in F, so that running sums give every variance.
fn step(causes: &mut [Walk], own: usize, cell: usize, s: f64, f: f64) -> (f64, f64) {
    let hazards: Vec<f64> = causes.iter().map(|c| c.hazard(cell)).collect();
    let all: f64 = hazards.iter().sum();
    if all <= 0.0 {
        return (s, f);
    }
    let left = (-all).exp();
    let gone = -(-all).exp_m1();
    let share = hazards[own] / all;
    let after = f + s * share * gone;
    for (k, cause) in causes.iter_mut().enumerate() {
        let more = f64::from(u8::from(k == own)) - share;
        let alpha = after + s * (more * gone / all + share * left);
        cause.add(cell, alpha);
    }
    (s * left, after)
}

/// A cause along one new row: its hazard, and the running sums of its part of a variance.
struct Walk<'a> {
    cells: Option<&'a StratumCells>,
    covariance: &'a Array2<f64>,
    x: Array1<f64>,
    risk: f64,
    /// Σ α²dv, Σ α dv, Σ dv.
    own: [f64; 3],
    /// Σ α(x dh − dq) and Σ (x dh − dq).
    effect: [Array1<f64>; 2],
}

impl<'a> Walk<'a> {
    fn new(
        fit: &'a CoxFit,
        cells: Option<&'a StratumCells>,
        rows: &NewRows,
        row: usize,
    ) -> Result<Self, FitError> {
        let (x, risk) = fit.effects().centred(rows, row)?;
        let none = Array1::zeros(x.len());
        let effect = [none.clone(), none];
        Ok(Self { cells, covariance: fit.best_covariance(), x, risk, own: [0.0; 3], effect })
    }

    fn hazard(&self, cell: usize) -> f64 {
        self.cells.map_or(0.0, |c| self.risk * c.dh[cell])
    }

    fn add(&mut self, cell: usize, alpha: f64) {
        let Some(cells) = self.cells else { return };
        let (dh, dv) = (cells.dh[cell], cells.dv[cell]);
        for (sum, by) in self.own.iter_mut().zip([alpha * alpha, alpha, 1.0]) {
            *sum += by * dv;
        }
        let q: ArrayView1<f64> = cells.dq.row(cell);
        for j in 0..self.x.len() {
            let v = self.x[j] * dh - q[j];
            self.effect[0][j] += alpha * v;
            self.effect[1][j] += v;
        }
    }

    /// This cause's part of the variance of the incidence F.
    fn variance(&self, f: f64) -> f64 {
        let own = self.own[0] - f * (2.0 * self.own[1] - f * self.own[2]);
        let a = &self.effect[0] - &(&self.effect[1] * f);
        self.risk * self.risk * (own.max(0.0) + a.dot(&self.covariance.dot(&a)))
    }
}

/// Sums of a stratum's cells up to each edge.
struct Sums {
    h: Vec<f64>,
    v: Vec<f64>,
    q: Array2<f64>,
}

impl Sums {
    fn new(cells: &StratumCells) -> Self {
        let (n, p) = cells.dq.dim();
        let (mut h, mut v, mut q) = (vec![0.0; n + 1], vec![0.0; n + 1], Array2::zeros((n + 1, p)));
        for k in 0..n {
            h[k + 1] = h[k] + cells.dh[k];
            v[k + 1] = v[k] + cells.dv[k];
            for j in 0..p {
                q[[k + 1, j]] = q[[k, j]] + cells.dq[[k, j]];
            }
        }
        Self { h, v, q }
    }

    fn between(&self, from: usize, to: usize) -> (f64, f64, Array1<f64>) {
        let q = &self.q.row(to) - &self.q.row(from);
        (self.h[to] - self.h[from], self.v[to] - self.v[from], q)
    }
}

/// How many cells end at or before a time.
fn upto(edges: &[f64], t: f64) -> usize {
    edges.partition_point(|&e| e <= t).saturating_sub(1)
}

fn find(strata: &[StratumCells], stratum: u32) -> Result<usize, FitError> {
    strata.iter().position(|s| s.stratum == stratum).ok_or_else(|| {
        let why = format!("stratum {stratum} of the fitted sample had no event");
        FitError::NotApplicable { method: "a prediction", why }
    })
}
