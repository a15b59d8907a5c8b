//! Logistic regression: linfa finds the maximum, and the information there gives the errors.

use linfa::Dataset;
use linfa::traits::Fit;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2, Axis};

use super::error::{LearnerError, same_length};
use crate::survival::linalg::{Cholesky, symmetrise};

/// A fitted logistic regression without a penalty and without an intercept of its own: the
/// design says whether there is one.
#[derive(Debug, Clone, PartialEq)]
pub struct Logistic {
    /// Log odds ratios, one per column; 0 where a column tells nothing that others do not.
    pub coef: Vec<f64>,
    /// Their covariance: from the information, or a sandwich by cluster where there are clusters.
    pub covariance: Vec<Vec<f64>>,
    /// Their covariance from the information.
    pub model_covariance: Vec<Vec<f64>>,
    /// Which columns could be estimated.
    pub estimated: Vec<bool>,
    /// The log likelihood at the maximum.
    pub loglik: f64,
    /// Steps of refinement after linfa's own search.
    pub iterations: usize,
    /// Whether the maximum was reached; not where the columns separate the outcome.
    pub converged: bool,
}

/// Columns whose share of own variation is below this are combinations of others.
const ALIASED: f64 = 1e-10;
/// The most steps of refinement.
const STEPS: usize = 25;

impl Logistic {
    /// Fits P(y) by the columns of `x` (rows × columns), with an optional cluster per row.
    ///
    /// linfa's L-BFGS search starts the work on standardised columns; Newton steps then take the
    /// maximum to the last digits, since standard errors and R's numbers need a sharp one.
    ///
    /// # Errors
    /// Unequal lengths, a value that is not finite, only one outcome, or a search that fails.
    pub fn fit(
        x: &Array2<f64>,
        y: &[bool],
        clusters: Option<&[u32]>,
    ) -> Result<Self, LearnerError> {
        check(x, y, clusters)?;
        let scale = scales(x);
        let scaled = x / &Array1::from_vec(scale.clone());
        let gram = Cholesky::new(&scaled.t().dot(&scaled), ALIASED);
        let start = search(&scaled, y, &gram)?;
        let found = refine(&scaled, y, start, &gram)?;
        let inverse = found.factor.inverse();
        let bread = &inverse;
        let covariance = match clusters {
            None => inverse.clone(),
            Some(clusters) => bread.dot(&meat(&scaled, &found.residual, clusters)).dot(bread),
        };
        let mut covariance = covariance;
        symmetrise(&mut covariance);
        let unscaled = |v: &Array2<f64>| -> Vec<Vec<f64>> {
            let p = scale.len();
            (0..p).map(|i| (0..p).map(|j| v[[i, j]] / (scale[i] * scale[j])).collect()).collect()
        };
        // Where fitted probabilities all but reach 0 or 1, the columns separate the outcome: a
        // coefficient is far out, or the likelihood no longer bends in a direction it did.
        let far = found.beta.iter().any(|b| b.abs() > 20.0);
        let apart = far || found.factor.kept() != gram.kept();
        Ok(Self {
            coef: found.beta.iter().zip(&scale).map(|(b, s)| b / s).collect(),
            covariance: unscaled(&covariance),
            model_covariance: unscaled(&inverse),
            estimated: gram.kept().to_vec(),
            loglik: found.loglik,
            iterations: found.steps,
            converged: found.converged && !apart,
        })
    }
}

fn check(x: &Array2<f64>, y: &[bool], clusters: Option<&[u32]>) -> Result<(), LearnerError> {
    same_length("the outcome", y.len(), x.nrows())?;
    if let Some(c) = clusters {
        same_length("the clusters", c.len(), x.nrows())?;
    }
    if let Some(row) = x.rows().into_iter().position(|r| r.iter().any(|v| !v.is_finite())) {
        return Err(LearnerError::NotFinite { what: "the design matrix", row });
    }
    let events = y.iter().filter(|&&y| y).count();
    if events == 0 || events == y.len() || x.ncols() == 0 {
        let why = format!("{events} of {} rows have the event: nothing to tell apart", y.len());
        return Err(LearnerError::TooFew(why));
    }
    Ok(())
}

/// The root mean square of each column; 1 for a column of zeros.
fn scales(x: &Array2<f64>) -> Vec<f64> {
    let n = x.nrows() as f64;
    let rms = x.map_axis(Axis(0), |c| (c.dot(&c) / n).sqrt());
    rms.iter().map(|&s| if s > 0.0 && s.is_finite() { s } else { 1.0 }).collect()
}

/// linfa's search, from a start and on a scale that suit it: from the overall log odds, with
/// columns scaled so that the likelihood bends by about 1 there. From zero and on plain columns
/// its line search takes hundreds of steps where the event is rare. Its positive class is the
/// one with more rows, so the sign is read from the labels that it reports.
fn search(x: &Array2<f64>, y: &[bool], gram: &Cholesky) -> Result<Array1<f64>, LearnerError> {
    let failed = |why: String| LearnerError::Failed { learner: "linfa-logistic", why };
    let n = y.len() as f64;
    let events = y.iter().filter(|&&y| y).count() as f64;
    let scale = (n / (events * (n - events))).sqrt();
    // What the columns can say of a constant: all of it, where they have an intercept.
    let constant = gram.solve(x.sum_axis(Axis(0)).view());
    let towards_majority = (events.max(n - events) / events.min(n - events)).ln();
    // The slope is known to about the root of the number of events: beyond a hundredth of that,
    // the refinement is quicker than the search.
    let enough = 0.01 * scale * events.min(n - events).sqrt();
    let data = Dataset::new(x * scale, Array1::from_vec(y.to_vec()));
    let fitted = LogisticRegression::default()
        .with_intercept(false)
        .alpha(0.0)
        .max_iterations(100)
        .gradient_tolerance(enough)
        .initial_params(constant * (towards_majority / scale))
        .fit(&data)
        .map_err(|e| failed(e.to_string()))?;
    let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
    let beta = fitted.params() * (sign * scale);
    if beta.iter().all(|b| b.is_finite()) {
        Ok(beta)
    } else {
        Err(failed("the search left the range of numbers".into()))
    }
}

/// A point of the likelihood with all that is needed there.
struct Point {
    beta: Array1<f64>,
    loglik: f64,
    residual: Array1<f64>,
    factor: Cholesky,
    steps: usize,
    converged: bool,
}

/// Newton steps, halved where the likelihood falls. Columns that are combinations of others stay
/// at zero.
fn refine(
    x: &Array2<f64>,
    y: &[bool],
    start: Array1<f64>,
    gram: &Cholesky,
) -> Result<Point, LearnerError> {
    let kept = gram.kept();
    // The same linear predictor, with what others can say at zero.
    let start = gram.solve(x.t().dot(&x.dot(&start)).view());
    let at = |beta: Array1<f64>, steps: usize| {
        let eta = x.dot(&beta);
        let mut loglik = 0.0;
        let mut residual = Array1::zeros(y.len());
        let mut weighted = x.clone();
        for (i, (&e, &y)) in eta.iter().zip(y).enumerate() {
            let p = probability(e);
            // log(1 + e^η), without overflow.
            loglik += if y { e } else { 0.0 } - (e.max(0.0) + (-e.abs()).exp().ln_1p());
            residual[i] = f64::from(u8::from(y)) - p;
            let w = p * (1.0 - p);
            weighted.row_mut(i).map_inplace(|v| *v *= w);
        }
        let mut information = x.t().dot(&weighted);
        for j in (0..kept.len()).filter(|&j| !kept[j]) {
            information.row_mut(j).fill(0.0);
            information.column_mut(j).fill(0.0);
        }
        let factor = Cholesky::new(&information, 1e-14);
        Point { beta, loglik, residual, factor, steps, converged: false }
    };
    let mut here = at(start, 0);
    while here.steps < STEPS {
        let score = x.t().dot(&here.residual);
        let step = here.factor.solve(score.view());
        let gain = score.dot(&step);
        if gain.abs() < 1e-18 * (1.0 + here.loglik.abs()) || step.iter().all(|s| s.abs() < 1e-11) {
            here.converged = true;
            break;
        }
        let steps = here.steps + 1;
        let mut share = 1.0;
        let next = loop {
            let next = at(&here.beta + &(&step * share), steps);
            // Rounding may make the last steps look like a fall.
            if next.loglik >= here.loglik - 1e-10 * (1.0 + here.loglik.abs()) {
                break Some(next);
            }
            share /= 2.0;
            if share < 1e-6 {
                break None;
            }
        };
        match next {
            Some(next) => here = next,
            None => break,
        }
    }
    if here.beta.iter().all(|b| b.is_finite()) && here.loglik.is_finite() {
        Ok(here)
    } else {
        let why = "the refinement left the range of numbers".into();
        Err(LearnerError::Failed { learner: "linfa-logistic", why })
    }
}

/// Σ over clusters of the outer product of the cluster's score.
fn meat(x: &Array2<f64>, residual: &Array1<f64>, clusters: &[u32]) -> Array2<f64> {
    let mut order: Vec<usize> = (0..clusters.len()).collect();
    order.sort_by_key(|&i| clusters[i]);
    let p = x.ncols();
    let mut sums: Vec<f64> = Vec::new();
    let mut last = None;
    for &i in &order {
        if last != Some(clusters[i]) {
            sums.extend(std::iter::repeat_n(0.0, p));
            last = Some(clusters[i]);
        }
        let from = sums.len() - p;
        for (s, v) in sums[from..].iter_mut().zip(x.row(i)) {
            *s += v * residual[i];
        }
    }
    let mut meat = Array2::zeros((p, p));
    for cluster in sums.chunks_exact(p) {
        for i in 0..p {
            for j in 0..p {
                meat[[i, j]] += cluster[i] * cluster[j];
            }
        }
    }
    meat
}

/// 1 / (1 + e^−η).
pub(crate) fn probability(eta: f64) -> f64 {
    if eta >= 0.0 {
        1.0 / (1.0 + (-eta).exp())
    } else {
        let e = eta.exp();
        e / (1.0 + e)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr2;

    /// Two groups: the maximum is the log odds of each, in closed form.
    fn groups(rare: bool) -> (Array2<f64>, Vec<bool>) {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for (group, events, n) in [(0.0, 3, 20), (1.0, 8, 20)] {
            for i in 0..n {
                x.extend([1.0, group]);
                y.push((i < events) == rare);
            }
        }
        (Array2::from_shape_vec((40, 2), x).unwrap(), y)
    }

    #[test]
    fn the_log_odds_of_two_groups_whichever_class_is_rare() {
        let odds = |events: f64| (events / (20.0 - events)).ln();
        for rare in [true, false] {
            let sign = if rare { 1.0 } else { -1.0 };
            let (x, y) = groups(rare);
            let fit = Logistic::fit(&x, &y, None).unwrap();
            assert!(fit.converged);
            assert!((fit.coef[0] - sign * odds(3.0)).abs() < 1e-10, "{:?}", fit.coef);
            assert!((fit.coef[1] - sign * (odds(8.0) - odds(3.0))).abs() < 1e-10);
            // Var of a log odds: 1/a + 1/b.
            assert!((fit.covariance[0][0] - (1.0 / 3.0 + 1.0 / 17.0)).abs() < 1e-9);
            let both = 1.0 / 3.0 + 1.0 / 17.0 + 1.0 / 8.0 + 1.0 / 12.0;
            assert!((fit.covariance[1][1] - both).abs() < 1e-9);
            let entropy = |k: f64| k * (k / 20.0).ln() + (20.0 - k) * (1.0 - k / 20.0).ln();
            assert!((fit.loglik - entropy(3.0) - entropy(8.0)).abs() < 1e-10);
        }
    }

    #[test]
    fn doubling_every_row_within_its_cluster_changes_nothing() {
        let (x, y) = groups(true);
        let clusters: Vec<u32> = (0..40).collect();
        let single = Logistic::fit(&x, &y, Some(&clusters)).unwrap();
        let twice = ndarray::concatenate(Axis(0), &[x.view(), x.view()]).unwrap();
        let (y2, c2) = ([y.clone(), y].concat(), [clusters.clone(), clusters].concat());
        let double = Logistic::fit(&twice, &y2, Some(&c2)).unwrap();
        for (a, b) in single.covariance.iter().flatten().zip(double.covariance.iter().flatten()) {
            assert!((a - b).abs() < 1e-9);
        }
        // The model-based one believes in twice the information.
        assert!((single.model_covariance[0][0] / double.model_covariance[0][0] - 2.0).abs() < 1e-8);
    }

    #[test]
    fn separation_is_said_and_twins_are_left_out() {
        let x = arr2(&[[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]);
        let y = [false, true, false, true, true, true];
        assert!(!Logistic::fit(&x, &y, None).unwrap().converged);
        let (x, y) = groups(true);
        let twin = ndarray::concatenate(Axis(1), &[x.view(), x.select(Axis(1), &[1]).view()]);
        let fit = Logistic::fit(&twin.unwrap(), &y, None).unwrap();
        assert_eq!(fit.estimated, [true, true, false]);
        let total = fit.coef[1] + fit.coef[2];
        let single = Logistic::fit(&x, &y, None).unwrap().coef[1];
        assert!((total - single).abs() < 1e-8, "{total} {single}");
    }

    #[test]
    fn bad_input_is_refused() {
        let x = arr2(&[[1.0], [f64::NAN]]);
        let nan = Logistic::fit(&x, &[true, false], None);
        assert_eq!(nan, Err(LearnerError::NotFinite { what: "the design matrix", row: 1 }));
        let x = arr2(&[[1.0], [2.0]]);
        assert!(matches!(Logistic::fit(&x, &[true, true], None), Err(LearnerError::TooFew(_))));
        assert!(Logistic::fit(&x, &[true], None).is_err());
        assert!(Logistic::fit(&x, &[true, false], Some(&[0])).is_err());
        assert!(Logistic::fit(&Array2::zeros((2, 0)), &[true, false], None).is_err());
    }
}
