//! The JSON contract of `train`.

use serde::{Deserialize, Serialize};

use super::{FeatureFinding, Pooled, PooledWald};
use crate::survival::{ChiSquare, FrailtyDistribution};

/// What training found, in the shape of the JSON contract: keys that do not apply are null.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainResult {
    /// The version of the contract.
    pub schema: u32,
    /// The kind of model.
    pub kind: super::Kind,
    /// The cause whose hazard the terms describe.
    pub cause: String,
    /// Rows that were used.
    pub n: usize,
    /// Rows that ended by the cause.
    pub events: usize,
    /// The log likelihood, with all terms at zero and at the estimate.
    pub loglik: Option<LogLik>,
    /// Iterations of the search.
    pub iterations: Option<usize>,
    /// Whether the search reached a maximum.
    pub converged: Option<bool>,
    /// The terms; null where the kind has none.
    pub terms: Option<Vec<TermResult>>,
    /// Tests of all terms at once.
    pub tests: Option<Tests>,
    /// The test of proportional hazards.
    pub ph_test: Option<PhTest>,
    /// Harrell's concordance on the training rows; of a survival forest, of the risks out of bag,
    /// with rows that end by another cause as never ending (Wolbers et al. 2009).
    pub concordance: Option<Concordance>,
    /// The scale of a parametric model.
    pub scale: Option<f64>,
    /// The variance of a frailty.
    pub frailty: Option<Frailty>,
    /// The elastic net; the key is there only where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub penalty: Option<Penalty>,
    /// What each term is worth to a forest; the key is there only where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub importance: Option<Vec<Importance>>,
    /// What was imputed, and what that leaves open; the key is there only where it was several
    /// times over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imputed: Option<Imputed>,
    /// What to weigh about the features, `PZ2001` and on.
    #[serde(default)]
    pub findings: Vec<FeatureFinding>,
    /// How several events of one subject were laid side by side; the key is there only where they
    /// were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeated: Option<super::study::Repeated>,
    /// What the reader must know.
    pub warnings: Vec<String>,
}

/// What a term is worth: how much of the concordance of rows out of bag is lost where the term is
/// shuffled among rows. Near zero, or below it: nothing that other terms do not tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Importance {
    /// The term, as written in the study.
    pub term: String,
    /// The loss of concordance.
    pub value: f64,
}

/// Multiple imputation: how it was done, and what Rubin's rules say of each term. With it `z` of
/// a term is a t statistic, and its p-value and interval are those of its t distribution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imputed {
    /// Completed data sets.
    pub imputations: usize,
    /// Rounds of the chain before each.
    pub iterations: usize,
    /// The seed.
    pub seed: u64,
    /// The columns in which cells were unknown.
    pub columns: Vec<ImputedColumn>,
    /// The terms that could be estimated.
    pub terms: Vec<ImputedTerm>,
    /// The test of all terms at once (Li, Raghunathan & Rubin 1991); null where it cannot be made.
    pub wald: Option<PooledWald>,
}

/// A column in which cells were unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImputedColumn {
    /// The column.
    pub name: String,
    /// Training rows in which it is unknown.
    pub missing: usize,
}

/// What imputation means for a term: of its robust variance where rows are clustered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImputedTerm {
    /// The column of the design.
    pub name: String,
    /// The mean variance of the estimate within an imputation.
    pub within: f64,
    /// The variance of the estimates between imputations.
    pub between: f64,
    /// Degrees of freedom (Barnard & Rubin 1999).
    pub df: f64,
    /// The fraction of missing information.
    pub fmi: f64,
}

/// A log likelihood before and after.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LogLik {
    /// With all terms at zero.
    pub null: f64,
    /// At the estimate.
    #[serde(rename = "final")]
    pub final_: f64,
}

/// One term. All numbers are null where the term could not be estimated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TermResult {
    /// The name of the column of the design; a level of a factor is `column=level`.
    pub name: String,
    /// The estimate.
    pub estimate: Option<f64>,
    /// Its standard error from the model.
    pub se: Option<f64>,
    /// Its standard error by cluster, where there are clusters.
    pub robust_se: Option<f64>,
    /// Estimate over standard error (the robust one where there is one).
    pub z: Option<f64>,
    /// The two-sided p-value of z.
    pub p: Option<f64>,
    /// The lower end of the confidence interval.
    pub lower: Option<f64>,
    /// The upper end.
    pub upper: Option<f64>,
}

/// A test statistic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// The statistic.
    pub chi2: f64,
    /// Degrees of freedom.
    pub df: f64,
    /// The p-value.
    pub p: f64,
}

impl From<ChiSquare> for Test {
    fn from(t: ChiSquare) -> Self {
        Self { chi2: t.chi2, df: t.df, p: t.p }
    }
}

/// Tests of all terms at once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tests {
    /// Twice the gain in log likelihood.
    pub likelihood_ratio: Option<Test>,
    /// Of the estimates against their covariance.
    pub wald: Option<Test>,
    /// Of the slope at zero.
    pub score: Option<Test>,
}

/// The test of proportional hazards (Grambsch & Therneau 1994).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhTest {
    /// The transform of time.
    pub transform: String,
    /// All terms at once.
    pub global: Test,
    /// Term by term, each with one degree of freedom.
    pub terms: Vec<PhTerm>,
}

/// The test of one term.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhTerm {
    /// The term.
    pub name: String,
    /// The statistic.
    pub chi2: f64,
    /// The p-value.
    pub p: f64,
}

/// Harrell's concordance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Concordance {
    /// The share of comparable pairs in the right order.
    pub c: f64,
    /// Its standard error.
    pub se: Option<f64>,
}

/// An elastic net that held the terms in. Its estimates have no standard errors: they are not
/// centred on the truth, and which terms were kept was chosen on the same rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Penalty {
    /// The mix: 1 is the lasso, 0 is ridge.
    pub alpha: f64,
    /// Its strength, on glmnet's scale.
    pub lambda: f64,
    /// How the strength was found.
    pub rule: Rule,
    /// Folds of the cross-validation; null where λ was given.
    pub folds: Option<usize>,
    /// The columns whose coefficient is not zero.
    pub kept: usize,
    /// All columns.
    pub of: usize,
}

/// How the strength of an elastic net was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rule {
    /// The study gave it.
    #[serde(rename = "given")]
    Given,
    /// The least held-out deviance.
    #[serde(rename = "cv")]
    Least,
    /// The largest within a standard error of that.
    #[serde(rename = "1se")]
    WithinOneSe,
}

impl std::fmt::Display for Penalty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { alpha, lambda, kept, of, .. } = self;
        match *alpha {
            0.0 => write!(f, "ridge with lambda {lambda:.4e} (")?,
            _ => write!(f, "elastic net with alpha {alpha}, lambda {lambda:.4e} (")?,
        }
        match (self.rule, self.folds) {
            (Rule::Given, _) | (_, None) => write!(f, "given")?,
            (Rule::Least, Some(n)) => write!(f, "the least held-out deviance over {n} folds")?,
            (Rule::WithinOneSe, Some(n)) => {
                write!(f, "within a standard error of the least held-out deviance over {n} folds")?;
            }
        }
        write!(f, "): {kept} of {of} columns kept")
    }
}

/// A shared frailty: what the rows of a group have in common and no term holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frailty {
    /// The variance of the frailty (gamma), or of its logarithm (lognormal).
    pub variance: f64,
    /// Its distribution.
    pub distribution: FrailtyDistribution,
    /// What the groups are.
    pub group: String,
    /// How many there are.
    pub groups: usize,
    /// Their effective degrees of freedom.
    pub df: f64,
    /// The log likelihood with the frailties integrated out (gamma); Laplace's approximation of the
    /// restricted likelihood (lognormal).
    pub integrated_loglik: f64,
    /// The test that groups do not differ; null where the variance was given.
    pub test: Option<Test>,
}

impl std::fmt::Display for Frailty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { variance, distribution, group, groups, .. } = self;
        write!(f, "{distribution} frailty of {groups} groups ({group}): variance {variance:.4}")?;
        match &self.test {
            Some(t) => write!(f, ", test of none {:.3}, p {:.4}", t.chi2, t.p),
            None => write!(f, " (given)"),
        }
    }
}

impl TermResult {
    /// A term from its estimate and errors; `z` is the normal quantile of the interval.
    #[must_use]
    pub(crate) fn new(name: &str, estimate: f64, se: f64, robust: Option<f64>, z: f64) -> Self {
        let error = robust.unwrap_or(se);
        let ratio = estimate / error;
        let finite = |v: f64| v.is_finite().then_some(v);
        Self {
            name: name.to_owned(),
            estimate: finite(estimate),
            se: finite(se),
            robust_se: robust.and_then(finite),
            z: finite(ratio),
            p: ratio.is_finite().then(|| ChiSquare::of(ratio * ratio, 1.0).p),
            lower: finite(estimate - z * error),
            upper: finite(estimate + z * error),
        }
    }

    /// A term by Rubin's rules, with t tests and intervals; `robust` decides where there is one.
    #[must_use]
    pub(crate) fn pooled(name: &str, model: &Pooled, robust: Option<&Pooled>, level: f64) -> Self {
        let best = robust.unwrap_or(model);
        let interval = best.interval(level).filter(|_| best.total > 0.0);
        let t = best.estimate / best.total.sqrt();
        Self {
            name: name.to_owned(),
            estimate: Some(best.estimate),
            se: Some(model.total.sqrt()),
            robust_se: robust.map(|r| r.total.sqrt()),
            z: t.is_finite().then_some(t),
            p: best.p_value(),
            lower: interval.map(|i| i.0),
            upper: interval.map(|i| i.1),
        }
    }

    /// The same term where its error means nothing, as under separation: no test, no interval.
    #[must_use]
    pub(crate) fn without_test(self) -> Self {
        Self { z: None, p: None, lower: None, upper: None, ..self }
    }

    /// A term that could not be estimated.
    #[must_use]
    pub(crate) fn absent(name: &str) -> Self {
        let none = None;
        Self {
            name: name.to_owned(),
            estimate: none,
            se: none,
            robust_se: none,
            z: none,
            p: none,
            lower: none,
            upper: none,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_has_its_exact_keys() {
        let result = TrainResult {
            schema: 1,
            kind: super::super::Kind::Cox,
            cause: "breakdown".into(),
            n: 3,
            events: 2,
            loglik: Some(LogLik { null: -2.0, final_: -1.0 }),
            iterations: Some(4),
            converged: Some(true),
            terms: Some(vec![TermResult::new("age", 0.0, 0.25, None, 2.0)]),
            tests: None,
            ph_test: None,
            concordance: Some(Concordance { c: 0.6, se: None }),
            scale: None,
            frailty: None,
            penalty: None,
            importance: None,
            imputed: None,
            findings: Vec::new(),
            repeated: None,
            warnings: Vec::new(),
        };
        let json = serde_json::to_string(&result).unwrap();
        assert_eq!(
            json,
            "{\"schema\":1,\"kind\":\"cox\",\"cause\":\"breakdown\",\"n\":3,\"events\":2,\
             \"loglik\":{\"null\":-2.0,\"final\":-1.0},\"iterations\":4,\"converged\":true,\
             \"terms\":[{\"name\":\"age\",\"estimate\":0.0,\"se\":0.25,\"robust_se\":null,\
             \"z\":0.0,\"p\":1.0,\"lower\":-0.5,\"upper\":0.5}],\"tests\":null,\
             \"ph_test\":null,\"concordance\":{\"c\":0.6,\"se\":null},\"scale\":null,\
             \"frailty\":null,\"findings\":[],\"warnings\":[]}"
        );
    }

    #[test]
    fn a_robust_error_decides_where_there_is_one() {
        let t = TermResult::new("x", 1.0, 0.1, Some(0.5), 1.0);
        // The chance of two standard errors or more.
        assert!((t.p.unwrap() - 0.045_500_263_896_358_42).abs() < 1e-15);
        assert_eq!((t.z, t.lower, t.upper), (Some(2.0), Some(0.5), Some(1.5)));
        assert_eq!(TermResult::new("x", 1.0, 0.0, None, 1.0).z, None);
    }
}
