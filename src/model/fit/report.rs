//! What `train` says about a fit.

use super::{Detail, Fitted, survival_forest};
use crate::learners::Logistic;
use crate::model::ModelError;
use crate::model::result::{
    Concordance, LogLik, PhTerm, PhTest, TermResult, Test, Tests, TrainResult,
};
use crate::model::trained::Engine;
use crate::survival::km::normal_quantile;
use crate::survival::{
    self, ChiSquare, CoxFit, FineGrayFit, FitWarning, ParametricFit, Sample, Transform,
};
use ndarray::Array1;

/// The JSON contract, filled.
pub(super) fn result(fitted: &Fitted) -> Result<TrainResult, ModelError> {
    let about = &fitted.model.about;
    let mut result = TrainResult {
        schema: 1,
        kind: about.kind,
        cause: fitted.model.cause().to_owned(),
        n: about.n,
        events: about.causes.first().map_or(0, |c| c.events),
        loglik: None,
        iterations: None,
        converged: None,
        terms: None,
        tests: None,
        ph_test: None,
        concordance: None,
        scale: None,
        frailty: about.frailty.clone(),
        penalty: about.penalty,
        importance: None,
        imputed: None,
        findings: about.findings.clone(),
        repeated: about.repeated,
        warnings: about.warnings.clone(),
    };
    let z = normal_quantile(about.interval).unwrap_or(f64::NAN);
    match &fitted.detail {
        Detail::Bare => {}
        Detail::Forest { kept } => {
            if let Engine::SurvivalForests(forests) = &fitted.model.engine {
                let terms = fitted.model.recipe.terms_of_columns();
                let (c, importance) = survival_forest::look_back(forests, kept, &terms)?;
                result.concordance = c;
                result.importance = Some(importance);
            }
        }
        Detail::Boosted { losses, trees, stopped } => {
            result.loglik = Some(LogLik { null: -losses.0, final_: -losses.1 });
            result.iterations = Some(*trees);
            result.converged = Some(*stopped);
        }
        Detail::Published => {
            let term = |(name, estimate, se): (String, f64, f64)| {
                TermResult::new(&name, estimate, se, None, z)
            };
            result.terms = Some(fitted.model.coefficients().into_iter().map(term).collect());
        }
        Detail::Cox { fit, sample, ph, .. } => {
            cox(&mut result, fit, sample, *ph, z)?;
            if about.penalty.is_some() {
                held_in(&mut result, &fit.names, &fit.coef);
            }
            firth(&mut result, fit, sample, about.interval);
        }
        Detail::Imputed(said) => {
            result.converged = Some(said.converged);
            result.terms = Some(said.terms.clone());
            result.concordance =
                said.concordance.map(|(c, se)| Concordance { c, se: se.is_finite().then_some(se) });
            result.imputed = Some(said.imputation.clone());
        }
        Detail::FineGray { fit, sample } => {
            fine_gray(&mut result, fit, sample, z)?;
            if about.penalty.is_some() {
                held_in(&mut result, &fit.names, &fit.coef);
            }
        }
        Detail::Parametric { fit, sample } => parametric(&mut result, fit, sample, z)?,
        Detail::Discrete { fit, null, from } => {
            let names = fitted.model.recipe.names();
            discrete(&mut result, fit, *null, *from, &names, fitted.clustered, z);
            if about.penalty.is_some() {
                held_in(&mut result, &names, &fit.coef[*from..]);
            }
        }
    }
    Ok(result)
}

/// What any regression says of its parameters, whatever its kind.
macro_rules! estimates {
    ($fit:expr, $names:ident) => {
        Estimates {
            names: &$fit.$names,
            coef: &$fit.coef,
            estimated: &$fit.estimated,
            se: $fit.se(),
            robust: $fit.robust_se(),
            warnings: &$fit.warnings,
            loglik: $fit.loglik,
            iterations: $fit.iterations,
            converged: $fit.converged,
            tests: [$fit.likelihood_ratio, $fit.wald, $fit.score],
        }
    };
}

fn cox(
    result: &mut TrainResult,
    fit: &CoxFit,
    sample: &Sample,
    ph: Transform,
    z: f64,
) -> Result<(), ModelError> {
    estimates!(fit, names).tell(result, |_| true, z);
    if result.penalty.is_none() {
        result.ph_test = ph_test(fit, sample, ph, &mut result.warnings);
    }
    result.concordance = of_concordance(fit.concordance(sample)?);
    Ok(())
}

fn fine_gray(
    result: &mut TrainResult,
    fit: &FineGrayFit,
    sample: &Sample,
    z: f64,
) -> Result<(), ModelError> {
    estimates!(fit, names).tell(result, |_| true, z);
    result.concordance = of_concordance(fit.concordance(sample)?);
    Ok(())
}

fn parametric(
    result: &mut TrainResult,
    fit: &ParametricFit,
    sample: &Sample,
    z: f64,
) -> Result<(), ModelError> {
    // The scale is reported by itself.
    let scale = fit.scale.map(|_| 1 + fit.names.len());
    estimates!(fit, parameters).tell(result, |j| Some(j) != scale, z);
    result.scale = fit.scale;
    result.concordance = of_concordance(fit.concordance(sample)?);
    Ok(())
}

/// What a fit says of its parameters.
struct Estimates<'f> {
    names: &'f [String],
    coef: &'f Array1<f64>,
    estimated: &'f [bool],
    se: Array1<f64>,
    robust: Option<Array1<f64>>,
    warnings: &'f [FitWarning],
    loglik: [f64; 2],
    iterations: usize,
    converged: bool,
    tests: [ChiSquare; 3],
}

impl Estimates<'_> {
    /// Fills the result, with those parameters that are told as terms.
    fn tell(&self, result: &mut TrainResult, told: impl Fn(usize) -> bool, z: f64) {
        result.loglik = Some(LogLik { null: self.loglik[0], final_: self.loglik[1] });
        result.iterations = Some(self.iterations);
        result.converged = Some(self.converged);
        let own = (0..self.names.len()).filter(|&j| told(j));
        result.terms = Some(own.map(|j| self.term(j, z)).collect());
        let [likelihood_ratio, wald, score] = self.tests.map(|t| Some(t.into()));
        result.tests = Some(Tests { likelihood_ratio, wald, score });
    }

    fn term(&self, j: usize, z: f64) -> TermResult {
        let name = &self.names[j];
        if !self.estimated[j] {
            return TermResult::absent(name);
        }
        let of = |w: &FitWarning| matches!(w, FitWarning::Separation { term, .. } if term == name);
        let runs_away = self.warnings.iter().any(of);
        let t =
            TermResult::new(name, self.coef[j], self.se[j], self.robust.as_ref().map(|r| r[j]), z);
        if runs_away { t.without_test() } else { t }
    }
}

fn of_concordance(c: Option<survival::Concordance>) -> Option<Concordance> {
    c.map(|c| Concordance { c: c.c, se: c.se.is_finite().then_some(c.se) })
}

/// An elastic net gives estimates and nothing else: they are not centred on the truth, so that
/// neither errors nor tests mean what they say.
fn held_in<'c>(
    result: &mut TrainResult,
    names: &[String],
    coef: impl IntoIterator<Item = &'c f64>,
) {
    let estimate =
        |(name, b): (&String, &f64)| TermResult { estimate: Some(*b), ..TermResult::absent(name) };
    result.terms = Some(names.iter().zip(coef).map(estimate).collect());
    (result.tests, result.ph_test) = (None, None);
}

/// With Firth's correction tests and intervals are those of the profile penalised likelihood, and
/// `z` is the signed root of the test.
fn firth(result: &mut TrainResult, fit: &CoxFit, sample: &Sample, level: f64) {
    let (Some(firth), Some(terms)) = (&fit.firth, &mut result.terms) else { return };
    for (j, term) in terms.iter_mut().enumerate().filter(|(j, _)| fit.estimated[*j]) {
        let test = firth.tests[j];
        term.z = Some(test.chi2.sqrt() * fit.coef[j].signum());
        term.p = Some(test.p);
        (term.lower, term.upper) = match fit.profile_interval(sample, j, level) {
            Ok([lower, upper]) => (Some(lower), Some(upper)),
            Err(e) => {
                result.warnings.push(e.to_string());
                (None, None)
            }
        };
    }
}

/// The test of proportional hazards; null with a warning where it cannot be made.
fn ph_test(
    fit: &CoxFit,
    sample: &Sample,
    transform: Transform,
    warnings: &mut Vec<String>,
) -> Option<PhTest> {
    let test = match fit.zph(sample, transform) {
        Ok(test) => test,
        Err(e) => {
            warnings.push(format!("proportional hazards were not tested: {e}"));
            return None;
        }
    };
    let term =
        |(name, t): (&String, &ChiSquare)| PhTerm { name: name.clone(), chi2: t.chi2, p: t.p };
    let terms = fit.names.iter().zip(&test.terms).map(term).collect();
    Some(PhTest { transform: transform.name().into(), global: test.global.into(), terms })
}

fn discrete(
    result: &mut TrainResult,
    fit: &Logistic,
    null: f64,
    from: usize,
    names: &[String],
    clustered: bool,
    z: f64,
) {
    result.loglik = Some(LogLik { null, final_: fit.loglik });
    result.iterations = Some(fit.iterations);
    result.converged = Some(fit.converged);
    let error = |v: &[Vec<f64>], j: usize| v[from + j][from + j].sqrt();
    let term = |(j, name): (usize, &String)| {
        if !fit.estimated[from + j] {
            return TermResult::absent(name);
        }
        let robust = clustered.then(|| error(&fit.covariance, j));
        TermResult::new(name, fit.coef[from + j], error(&fit.model_covariance, j), robust, z)
    };
    result.terms = Some(names.iter().enumerate().map(term).collect());
    let df = fit.estimated[from..].iter().filter(|e| **e).count() as f64;
    let gain = ChiSquare::of(2.0 * (fit.loglik - null), df);
    let ratio: Test = gain.into();
    result.tests = Some(Tests { likelihood_ratio: Some(ratio), wald: None, score: None });
}
