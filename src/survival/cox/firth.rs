//! Firth's correction (Firth 1993; for Cox models Heinze & Schemper 2001): the log partial
//! likelihood plus half the log determinant of its information, l* = l + ½ ln|I|. It removes the
//! first-order bias of the coefficients and keeps them finite under separation.
//!
//! The slope of ½ ln|I| needs the third central moments of the covariates over the risk sets, but
//! only their product with V = I⁻¹: with a_i = x_i′Vx_i, running sums of r, rx, rxx′, ra and rax
//! are enough, so that a pass costs n·p².

use ndarray::{Array1, Array2, ArrayView1};

use super::layout::Layout;
use super::pass::Pass;
use super::{ChiSquare, CoxFit, FitError, Ties, evaluate};
use crate::survival::Sample;
use crate::survival::linalg::Cholesky;
use crate::survival::newton::{Maximum, Point, leave_out};

/// Squared distance from the maximum, in standard errors, at which a search ends.
const NEAR: f64 = 1e-22;
/// No step is longer than this, in standard deviations of the columns.
const LONGEST: f64 = 5.0;
/// Steps towards an end of a profile interval.
const PROFILE_STEPS: usize = 60;

/// What Firth's correction adds to a fit.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Firth {
    /// l + ½ ln|I| with all coefficients zero and at the estimate. `likelihood_ratio` of the fit is
    /// twice the gain of this.
    pub penalised_loglik: [f64; 2],
    /// By term: twice the loss where its coefficient is held at zero and the others are free (the
    /// profile penalised likelihood ratio test). Means something where a Wald test does not.
    pub tests: Vec<ChiSquare>,
}

/// l*, its slope, and the information that was used.
#[derive(Debug, Clone)]
struct Corrected {
    value: f64,
    slope: Array1<f64>,
    point: Point,
    inverse: Array2<f64>,
}

/// The search for the maximum of l* with some coefficients held.
pub(super) struct Search<'s, 'l, 'a> {
    pass: &'s mut Pass<'l, 'a>,
    active: &'s [bool],
    iterations: usize,
}

impl<'s, 'l, 'a> Search<'s, 'l, 'a> {
    pub(super) fn new(pass: &'s mut Pass<'l, 'a>, active: &'s [bool], iterations: usize) -> Self {
        Self { pass, active, iterations }
    }

    /// The maximum from zero; `None` where l* cannot be computed there.
    pub(super) fn maximum(&mut self) -> Option<Maximum> {
        let zero = Array1::zeros(self.active.len());
        self.climb(&zero, None).map(|(found, _)| found)
    }

    /// l* at zero and at the maximum, and the tests of the terms.
    pub(super) fn tests(&mut self, beta: &Array1<f64>) -> Option<Firth> {
        let p = self.active.len();
        let null = self.at(&Array1::zeros(p))?.value;
        let value = self.at(beta)?.value;
        let active = self.active;
        let test = |j: usize| {
            if !active[j] {
                return Some(ChiSquare::of(0.0, 0.0));
            }
            let mut start = beta.clone();
            start[j] = 0.0;
            let (_, held) = self.climb(&start, Some(j))?;
            Some(ChiSquare::of(2.0 * (value - held), 1.0))
        };
        let tests = (0..p).map(test).collect::<Option<Vec<_>>>()?;
        Some(Firth { penalised_loglik: [null, value], tests })
    }

    fn at(&mut self, beta: &Array1<f64>) -> Option<Corrected> {
        let mut point = evaluate(self.pass, beta)?;
        for j in (0..self.active.len()).filter(|&j| !self.active[j]) {
            leave_out(&mut point, j);
        }
        let factor = Cholesky::new(&point.information, 1e-14);
        if factor.kept() != self.active {
            return None;
        }
        let inverse = factor.inverse();
        let value = point.loglik + 0.5 * factor.ln_det();
        let mut slope = drift(self.pass, &inverse);
        slope *= 0.5;
        slope += &point.score;
        for j in (0..self.active.len()).filter(|&j| !self.active[j]) {
            slope[j] = 0.0;
        }
        let sound = value.is_finite() && slope.iter().all(|v| v.is_finite());
        sound.then_some(Corrected { value, slope, point, inverse })
    }

    /// The maximum from `start` with coefficient `held` kept, by BFGS steps that begin with the
    /// information; and l* there.
    fn climb(&mut self, start: &Array1<f64>, held: Option<usize>) -> Option<(Maximum, f64)> {
        let mut beta = start.clone();
        let mut at = self.at(&beta)?;
        let mut inverse = self.free_inverse(&at, held);
        let (mut steps, mut converged) = (0, false);
        let mut fresh = true;
        loop {
            let mut slope = at.slope.clone();
            if let Some(j) = held {
                slope[j] = 0.0;
            }
            let mut step = inverse.dot(&slope);
            let gain = step.dot(&slope);
            if gain <= NEAR || gain.is_nan() {
                converged = gain.is_finite();
                break;
            }
            if steps >= self.iterations {
                break;
            }
            steps += 1;
            let longest = step.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
            if longest > LONGEST {
                step *= LONGEST / longest;
            }
            let Some((size, next)) = self.uphill(&beta, &step, at.value) else {
                if fresh {
                    converged = gain < 1e-14;
                    break;
                }
                inverse = self.free_inverse(&at, held);
                fresh = true;
                continue;
            };
            let moved = step * size;
            let mut change = &at.slope - &next.slope;
            if let Some(j) = held {
                change[j] = 0.0;
            }
            beta += &moved;
            at = next;
            fresh = !bfgs(&mut inverse, &moved, &change);
            if fresh {
                inverse = self.free_inverse(&at, held);
            }
        }
        let zero = Array1::zeros(beta.len());
        let value = at.value;
        let point = at.point;
        Some((
            Maximum { beta, point, iterations: steps, converged, step: zero, ridge: false },
            value,
        ))
    }

    /// The longest of the halved steps that does not go down.
    fn uphill(
        &mut self,
        beta: &Array1<f64>,
        step: &Array1<f64>,
        value: f64,
    ) -> Option<(f64, Corrected)> {
        let mut size = 1.0;
        for _ in 0..40 {
            if let Some(next) = self.at(&(beta + &(step * size)))
                && next.value >= value - 1e-13 * value.abs().max(1.0)
            {
                return Some((size, next));
            }
            size *= 0.5;
        }
        None
    }

    /// The inverse information of the coefficients that are free.
    fn free_inverse(&self, at: &Corrected, held: Option<usize>) -> Array2<f64> {
        let Some(j) = held else { return at.inverse.clone() };
        let mut point = at.point.clone();
        leave_out(&mut point, j);
        Cholesky::new(&point.information, 1e-14).inverse()
    }
}

/// The BFGS update of an inverse curvature; false where the curve is not concave along the step.
fn bfgs(inverse: &mut Array2<f64>, moved: &Array1<f64>, change: &Array1<f64>) -> bool {
    let along = moved.dot(change);
    if !(along > 1e-300 && along.is_finite()) {
        return false;
    }
    let v = inverse.dot(change);
    let scale = (1.0 + v.dot(change) / along) / along;
    for ((i, j), h) in inverse.indexed_iter_mut() {
        *h += scale * moved[i] * moved[j] - (v[i] * moved[j] + moved[i] * v[j]) / along;
    }
    true
}

/// tr(V ∂I/∂β_r) for each r.
fn drift(pass: &Pass, v: &Array2<f64>) -> Array1<f64> {
    let layout = pass.layout;
    let p = layout.p();
    let mut total = Array1::zeros(p);
    let (mut all, mut deaths) = (Sums::new(p), Sums::new(p));
    for s in &layout.strata {
        all.clear();
        for slot in s.slots.clone().rev() {
            let dying = layout.dying(slot);
            deaths.clear();
            for k in layout.group(slot) {
                let x = row(layout, k);
                let a = x.dot(&v.dot(&x));
                all.add(pass.r[k], x, a);
                if dying.contains(&k) {
                    deaths.add(pass.r[k], x, a);
                }
            }
            let d = if pass.is_efron() { layout.deaths[slot] } else { 1 };
            let each = layout.death_weight(slot) / f64::from(d);
            for l in 0..d {
                all.third(&deaths, f64::from(l) / f64::from(d), each, v, &mut total);
            }
            if let Some(l) = &layout.leaving {
                for &k in l.at(slot) {
                    let x = row(layout, k as usize);
                    all.add(-pass.r[k as usize], x, x.dot(&v.dot(&x)));
                }
            }
        }
    }
    total
}

fn row<'l>(layout: &'l Layout, k: usize) -> ArrayView1<'l, f64> {
    ArrayView1::from(&layout.x(k)[..layout.p()])
}

/// Sums over a risk set: of r, rx, rxx′, ra and rax.
struct Sums {
    s0: f64,
    a0: f64,
    s1: Array1<f64>,
    a1: Array1<f64>,
    s2: Array2<f64>,
}

impl Sums {
    fn new(p: usize) -> Self {
        let zero = Array1::zeros(p);
        Self { s0: 0.0, a0: 0.0, s1: zero.clone(), a1: zero, s2: Array2::zeros((p, p)) }
    }

    fn clear(&mut self) {
        (self.s0, self.a0) = (0.0, 0.0);
        self.s1.fill(0.0);
        self.a1.fill(0.0);
        self.s2.fill(0.0);
    }

    fn add(&mut self, r: f64, x: ArrayView1<f64>, a: f64) {
        self.s0 += r;
        self.a0 += r * a;
        for (i, &xi) in x.iter().enumerate() {
            self.s1[i] += r * xi;
            self.a1[i] += r * a * xi;
            for (s, &xj) in self.s2.row_mut(i).iter_mut().zip(x) {
                *s += r * xi * xj;
            }
        }
    }

    /// Adds `weight` times E[(x − x̄)_r (x − x̄)′V(x − x̄)] = Cov(x, a) − 2 Cov(x, x) V x̄ over the
    /// risk set less the share `f` of its deaths.
    fn third(&self, deaths: &Self, f: f64, weight: f64, v: &Array2<f64>, total: &mut Array1<f64>) {
        let inverse = 1.0 / (self.s0 - f * deaths.s0);
        let mean = (&self.s1 - &(&deaths.s1 * f)) * inverse;
        let a = (self.a0 - f * deaths.a0) * inverse;
        let vm = v.dot(&mean);
        let along = vm.dot(&mean);
        let second = (self.s2.dot(&vm) - deaths.s2.dot(&vm) * f) * inverse;
        for r in 0..total.len() {
            let with_a = (self.a1[r] - f * deaths.a1[r]) * inverse - mean[r] * a;
            total[r] += weight * (with_a - 2.0 * (second[r] - mean[r] * along));
        }
    }
}

impl CoxFit {
    /// The interval of a term's coefficient within which the profile penalised likelihood is not
    /// significantly lower: for fits with Firth's correction, where a Wald interval misleads.
    ///
    /// # Errors
    /// A fit without Firth's correction, another sample, a level outside (0, 1), a term without
    /// estimate, or an end that could not be found.
    pub fn profile_interval(
        &self,
        sample: &Sample,
        term: usize,
        level: f64,
    ) -> Result<[f64; 2], FitError> {
        self.check_same(sample)?;
        let method = "a profile interval";
        let none = |why: String| FitError::NotApplicable { method, why };
        let Some(firth) = &self.firth else {
            return Err(none("the fit has no Firth correction".into()));
        };
        if !(level > 0.0 && level < 1.0) {
            let why = "must lie between 0 and 1".into();
            return Err(FitError::Setting { setting: "level", why });
        }
        if self.estimated.get(term) != Some(&true) {
            return Err(none("the term has no estimate".into()));
        }
        let z = crate::survival::km::normal_quantile(level)
            .ok_or_else(|| none("the level has no quantile".into()))?;
        let target = firth.penalised_loglik[1] - 0.5 * z * z;
        let layout = Layout::new(sample, self.cause);
        let mut pass = Pass::new(&layout, self.ties == Ties::Efron);
        let mut search = Search::new(&mut pass, &self.estimated, 200);
        let at = Array1::from_shape_fn(layout.p(), |j| self.coef[j] * layout.columns.scale[j]);
        let reach = z * self.inverse[[term, term]].sqrt();
        let mut ends = [0.0; 2];
        for (end, towards) in ends.iter_mut().zip([-reach, reach]) {
            let found = search.end(&at, term, towards, target).ok_or_else(|| {
                none(format!("the profile of {} has no end there", self.names[term]))
            })?;
            *end = found / layout.columns.scale[term];
        }
        Ok(ends)
    }
}

impl Search<'_, '_, '_> {
    /// Where the profile of l* falls to `target` on one side of the maximum: Newton's method on the
    /// profile (its slope is that of l*), kept inside a bracket.
    fn end(&mut self, at: &Array1<f64>, term: usize, towards: f64, target: f64) -> Option<f64> {
        let (mut inside, mut outside) = (at[term], None::<f64>);
        let mut beta = at.clone();
        beta[term] += towards;
        for _ in 0..PROFILE_STEPS {
            let (found, value) = self.climb(&beta, Some(term))?;
            let slope = self.at(&found.beta)?.slope[term];
            let here = found.beta[term];
            let above = value - target;
            if above.abs() < 1e-11 * target.abs().max(1.0) {
                return Some(here);
            }
            if above > 0.0 {
                inside = here;
            } else {
                outside = Some(here);
            }
            let newton = here - above / slope;
            let next = match outside {
                Some(out) => {
                    let (low, high) = (inside.min(out), inside.max(out));
                    if newton > low && newton < high { newton } else { 0.5 * (low + high) }
                }
                // Not yet out: go on, at most twice as far.
                None => {
                    let far = here + 2.0 * (here - at[term]);
                    let beyond = (newton - here) * towards > 0.0;
                    if beyond && (newton - here).abs() < (far - here).abs() { newton } else { far }
                }
            };
            if !next.is_finite() || (next - here).abs() <= 1e-14 * next.abs().max(1.0) {
                return next.is_finite().then_some(next);
            }
            beta = found.beta;
            beta[term] = next;
        }
        None
    }
}
