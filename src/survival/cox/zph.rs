//! Is the effect of a term the same at all times? The score test of a time-varying coefficient.

use ndarray::{Array1, Array2};

use super::layout::Layout;
use super::pass::Pass;
use super::{CoxFit, FitError, Ties};
use crate::survival::ChiSquare;
use crate::survival::linalg::Cholesky;
use crate::survival::table::LifeTable;
use crate::survival::{KaplanMeier, Sample};

/// On which scale of time the coefficients may drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transform {
    /// 1 − the Kaplan–Meier curve just before: spreads the events evenly (R's default).
    #[default]
    Km,
    /// The rank among all exit times, as R takes it.
    Rank,
    /// Time itself.
    Identity,
    /// The logarithm of time.
    Log,
}

impl Transform {
    /// All, with the names that R gives them.
    pub const NAMES: [(Self, &'static str); 4] =
        [(Self::Km, "km"), (Self::Rank, "rank"), (Self::Identity, "identity"), (Self::Log, "log")];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Km => "km",
            Self::Rank => "rank",
            Self::Identity => "identity",
            Self::Log => "log",
        }
    }
}

/// Tests of proportional hazards (Grambsch & Therneau 1994, in the exact form of R's `cox.zph`).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PhTest {
    /// The scale of time.
    pub transform: Transform,
    /// All terms together.
    pub global: ChiSquare,
    /// By term, in the order of the fit's names.
    pub terms: Vec<ChiSquare>,
    score: Array1<f64>,
    information: Array2<f64>,
}

impl PhTest {
    /// The test of several columns together, as of the levels of one factor.
    #[must_use]
    pub fn of(&self, columns: &[usize]) -> ChiSquare {
        let p = self.terms.len();
        let mut keep: Vec<usize> = (0..p).collect();
        keep.extend(columns.iter().filter(|&&c| c < p).map(|c| p + c));
        let n = keep.len();
        let information =
            Array2::from_shape_fn((n, n), |(i, j)| self.information[[keep[i], keep[j]]]);
        let score = Array1::from_shape_fn(n, |i| self.score[keep[i]]);
        let factor = Cholesky::new(&information, 1e-11);
        let df = factor.kept()[p..].iter().filter(|&&k| k).count();
        ChiSquare::of(factor.solve(score.view()).dot(&score), df as f64)
    }
}

impl CoxFit {
    /// Tests, term by term and for all, whether effects drift with time.
    ///
    /// # Errors
    /// Another sample than the fitted one; exact ties; all events at one time; a time of 0 or less under the
    /// logarithm.
    pub fn zph(&self, sample: &Sample, transform: Transform) -> Result<PhTest, FitError> {
        self.check_not_exact(sample)?;
        let layout = Layout::new(sample, self.cause);
        let pass = self.pass(&layout)?;
        let (g, spread) = times(&layout, self.cause, transform)?;
        let once = pass.tilted(&g);
        let twice = pass.tilted(&g.iter().map(|v| v * v).collect::<Vec<_>>());
        let p = layout.p();
        let parts = [pass.information(), once.information(), twice.information()];
        let mut information = Array2::zeros((2 * p, 2 * p));
        let mut score = Array1::zeros(2 * p);
        let slopes = [pass.score(), once.score()];
        for i in (0..p).filter(|&i| self.estimated[i]) {
            score[i] = slopes[0][i];
            score[p + i] = slopes[1][i];
            for j in (0..p).filter(|&j| self.estimated[j]) {
                information[[i, j]] = parts[0][[i, j]];
                information[[i, p + j]] = parts[1][[i, j]];
                information[[p + i, j]] = parts[1][[i, j]];
                information[[p + i, p + j]] = parts[2][[i, j]];
            }
        }
        if let Some(penalised) = &self.penalised {
            // As R: the drift has the term's own penalty, on time around its mean over the deaths;
            // and the slope of a penalised fit, which is not zero, is taken as zero.
            centre_time(&mut information, &mut score, &g, &layout.deaths);
            for (i, k) in penalised.precision.iter().enumerate() {
                score[i] = 0.0;
                information[[i, i]] += k;
                information[[p + i, p + i]] += k / spread / spread;
            }
        }
        let none = ChiSquare::of(0.0, 0.0);
        let mut test = PhTest { transform, global: none, terms: vec![none; p], score, information };
        test.global = test.of(&(0..p).collect::<Vec<_>>());
        test.terms = (0..p).map(|j| test.of(&[j])).collect();
        Ok(test)
    }

    /// The likelihood's state at the estimate.
    pub(super) fn pass<'l, 'a>(&self, layout: &'l Layout<'a>) -> Result<Pass<'l, 'a>, FitError> {
        let mut pass = Pass::new(layout, self.ties == Ties::Efron);
        let beta = Array1::from_shape_fn(layout.p(), |j| self.coef[j] * layout.columns.scale[j]);
        match pass.evaluate(&beta) {
            Some(_) => Ok(pass),
            None => Err(FitError::Start { why: "the linear predictors are too far apart".into() }),
        }
    }
}

/// Moves the origin of the transformed time to its mean over the deaths.
fn centre_time(information: &mut Array2<f64>, score: &mut Array1<f64>, g: &[f64], deaths: &[u32]) {
    let p = score.len() / 2;
    let total: f64 = deaths.iter().map(|&d| f64::from(d)).sum();
    let mean = g.iter().zip(deaths).map(|(g, &d)| g * f64::from(d)).sum::<f64>() / total;
    for i in 0..p {
        score[p + i] -= mean * score[i];
        for j in 0..p {
            let (plain, once) = (information[[i, j]], information[[i, p + j]]);
            information[[i, p + j]] = once - mean * plain;
            information[[p + j, i]] = once - mean * plain;
            information[[p + i, p + j]] += mean * (mean * plain - 2.0 * once);
        }
    }
}

/// The transformed time of each slot, from 0 to 1, and how far apart those ends were.
fn times(layout: &Layout, cause: u32, transform: Transform) -> Result<(Vec<f64>, f64), FitError> {
    let value: Box<dyn Fn(f64) -> f64> = match transform {
        Transform::Identity => Box::new(|t| t),
        Transform::Log => Box::new(f64::ln),
        Transform::Km => {
            let table = LifeTable::all(layout.sample.outcome());
            let events = &table.by_cause[cause as usize - 1];
            let km = KaplanMeier::of(table.time, &table.at_risk, events);
            Box::new(move |t| 1.0 - km.survival_before(t))
        }
        Transform::Rank => {
            let mut exits = layout.sample.outcome().exit().to_vec();
            exits.sort_unstable_by(f64::total_cmp);
            Box::new(move |t| {
                let before = exits.partition_point(|&e| e < t);
                let upto = exits.partition_point(|&e| e <= t);
                0.5 * (before + 1 + upto) as f64
            })
        }
    };
    let mut g: Vec<f64> =
        layout.time.iter().map(|&t| if t.is_nan() { 0.0 } else { value(t) }).collect();
    let used = |j: &usize| layout.deaths[*j] > 0;
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for j in (0..g.len()).filter(used) {
        (least, most) = (least.min(g[j]), most.max(g[j]));
    }
    let method = "the test of proportional hazards";
    if !(least.is_finite() && most.is_finite()) {
        let why = "an event at time 0 has no logarithm".into();
        return Err(FitError::NotApplicable { method, why });
    }
    if most <= least {
        let why = "all events are at one time".into();
        return Err(FitError::NotApplicable { method, why });
    }
    for (g, &deaths) in g.iter_mut().zip(&layout.deaths) {
        *g = if deaths > 0 { (*g - least) / (most - least) } else { 0.0 };
    }
    Ok((g, most - least))
}
