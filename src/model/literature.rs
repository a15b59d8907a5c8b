//! Published knowledge as a model: effects and a baseline from the literature, and not one local
//! record.
//!
//! The effects are those of `datasets/priors.csv` (or a file of one's own), independent and normal
//! on the log hazard ratio; the baseline is that of `datasets/baseline.csv`. The published
//! baseline is an average over placements, so it is divided by the mean of exp(effects) over a
//! population that has the covariates' published means and standard deviations: that population
//! then starts at the published hazard. How much the level differs between populations is in the
//! interval; that covariates go together is not.

use statrs::distribution::{ContinuousCDF, Gamma, Normal};

use super::fit::software;
use super::hazards::{Baseline, Baselines, CauseCells, Effect, Proportional};
use super::priors::{PriorRow, parse};
use super::support::Support;
use super::trained::{CauseCount, Engine, Model, NamedTime};
use super::{About, Kind, ModelError, TimeUnit};
use crate::DAYS_PER_MONTH;
use crate::features::{Column, Frame, Part, Recipe, RecipeOptions, Term, Unit, Values, feature};
use crate::history::Day;
use crate::outcome::{Cause, Definition};

/// The published effects.
const PRIORS: &str = include_str!("../../datasets/priors.csv");
/// The published hazards per month.
const BASELINE: &str = include_str!("../../datasets/baseline.csv");
/// The standard deviation, between populations, of the log cumulative hazard of breakdown within
/// about six years: of 26% (Eltink 2025), 29% (Vanderfaeillie 2017), 30% (Strijker & Zandberg
/// 2001), 50% (Strijker 2004) and 57% (Flanders, cohort of 1999). Taken for other ends too.
const LEVEL_SD: f64 = 0.45;
/// Rows of the population that the covariates' published moments stand for.
const POPULATION: usize = 400;
/// Terms that say the same: of each list only the first that a study names is used.
const INSTEAD: [&[&str]; 3] = [
    &["capacity_gap", "behaviour_demand", "parenting_capacity"],
    &["prior_breakdowns", "prior_stays"],
    &["age", "age_over_12"],
];
/// The name of the ends that are no breakdown: publications count them together.
pub(crate) const POSITIVE_END: &str = "positive_end";

/// A term with a published effect.
struct Known<'a> {
    term: &'a Term,
    row: &'a PriorRow,
}

/// The published effects, as a model reads them.
pub(super) fn published() -> Result<Vec<PriorRow>, ModelError> {
    parse(PRIORS, "priors.csv")
}

/// The day after which the literature should be read again.
pub(super) fn read_until() -> Option<Day> {
    Day::from_ymd(2027, 12, 31)
}

/// The model of the terms that have a published effect; what has none is said in `about.warnings`.
///
/// # Errors
/// No term has a published effect.
pub(super) fn literature(
    mut about: About,
    terms: &[Term],
    rows: &[PriorRow],
) -> Result<Model, ModelError> {
    let known = known(terms, rows, &mut about.warnings)?;
    let frame = population(&known)?;
    let used: Vec<Term> = known.iter().map(|k| k.term.clone()).collect();
    let recipe = Recipe::fit(&frame, &used, RecipeOptions::history())?;
    let design = recipe.matrix(&frame)?;
    let of = |name: &String| known.iter().find(|k| k.row.term == *name).map(|k| k.row);
    let effects: Vec<Option<&PriorRow>> = design.names.iter().map(of).collect();
    if effects.iter().all(Option::is_none) {
        return Err(no_terms_in("the published effects", terms));
    }
    let means = design.x.mean_axis(ndarray::Axis(0)).map_or_else(Vec::new, |m| m.to_vec());
    let coef: Vec<f64> = effects.iter().map(|e| e.map_or(0.0, |row| row.mean)).collect();
    let sd = |k: usize| effects[k].map_or(0.0, |row| row.sd);
    let covariance = (0..coef.len())
        .map(|i| (0..coef.len()).map(|j| if i == j { sd(i) * sd(i) } else { 0.0 }).collect())
        .collect();
    let level = mean_ratio(&design.x, &means, &coef);
    let baseline = baseline(level, coef.len())?;
    let between_strata = LEVEL_SD * LEVEL_SD;
    let bare = Effect { coef: Vec::new(), covariance: Vec::new(), between_strata, frailty: None };
    let landmarks = about.landmarks.len().max(1);
    let pooled = Baselines { pooled: baseline, strata: Vec::new(), borrowed: true };
    about.causes.push(CauseCount { name: POSITIVE_END.into(), events: 0 });
    Ok(Model {
        about,
        recipe,
        means,
        engine: Engine::Hazards(Proportional {
            subdistribution: false,
            baselines: vec![pooled; landmarks],
            effects: vec![Effect { coef, covariance, between_strata, frailty: None }, bare],
        }),
        // Nobody was seen, so nobody is comparable.
        support: Support::new(&frame.select(&[0]), &[]),
        stamp: None,
    })
}

/// No term of a study is known to the literature.
fn no_terms_in(what: &str, terms: &[Term]) -> ModelError {
    let names: Vec<String> = terms.iter().map(ToString::to_string).collect();
    let what = format!("none of the terms is among {what}: {}", names.join(", "));
    ModelError::usage(what, "name terms of datasets/priors.csv, or give priors of your own")
}

impl Model {
    /// A model of published knowledge alone, with the risks by 6, 12 and 24 months: effects and
    /// baseline of `datasets/priors.csv` and `datasets/baseline.csv`, under the default definition.
    ///
    /// # Errors
    /// A term that does not read, or none that has a published effect.
    ///
    /// ```
    /// use pleegzorg::model::Model;
    /// let model = Model::published(&["age", "factor(family_kind)", "alliance"])?;
    /// assert_eq!(model.about().n, 0);
    /// assert_eq!(model.coefficients().len(), 3);
    /// # Ok::<(), pleegzorg::model::ModelError>(())
    /// ```
    pub fn published(terms: &[&str]) -> Result<Self, ModelError> {
        let month = |n: u32| NamedTime {
            label: format!("{n} months"),
            time: f64::from(n) * DAYS_PER_MONTH,
        };
        let about = About {
            title: Some("What is published about breakdown".into()),
            kind: Kind::Literature,
            causes: vec![CauseCount { name: Cause::Breakdown.name().into(), events: 0 }],
            n: 0,
            unit: TimeUnit::Days,
            horizons: [6, 12, 24].map(month).to_vec(),
            landmarks: Vec::new(),
            definition: Some(Definition::default()),
            window: None,
            strata: Vec::new(),
            cluster: Vec::new(),
            offset: None,
            interval: 0.95,
            seed: 0,
            software: software(Kind::Literature),
            expires: read_until(),
            findings: Vec::new(),
            warnings: Vec::new(),
            penalty: None,
            frailty: None,
            repeated: None,
        };
        literature(about, &Term::parse_all(terms)?, &published()?)
    }
}

/// The terms with a published effect, those that say the same only once.
fn known<'a>(
    terms: &'a [Term],
    rows: &'a [PriorRow],
    said: &mut Vec<String>,
) -> Result<Vec<Known<'a>>, ModelError> {
    let (mut found, mut without): (Vec<Known<'a>>, Vec<String>) = (Vec::new(), Vec::new());
    for term in terms {
        let column = match term.parts() {
            [Part::Column(column) | Part::Factor(column)] => column.as_str(),
            _ => "",
        };
        let of_column = |row: &&PriorRow| {
            row.term == column || row.term.split_once('=').is_some_and(|(c, _)| c == column)
        };
        let Some(row) = rows.iter().find(of_column) else {
            without.push(term.to_string());
            continue;
        };
        let same = |list: &&&[&str]| list.contains(&column);
        let says_it = |k: &&Known<'_>| {
            let other = k.term.columns().next().unwrap_or("");
            INSTEAD.iter().filter(same).any(|list| {
                // The parts of the gap do not say the same as one another.
                list.contains(&other) && (list[0] == other || list[0] == column)
            })
        };
        match found.iter().find(says_it) {
            Some(first) => said.push(format!("{term} is left out: {} says the same", first.term)),
            None => found.push(Known { term, row }),
        }
    }
    if !without.is_empty() {
        said.push(format!("without a published effect, and left out: {}", without.join(", ")));
    }
    if found.is_empty() {
        return Err(no_terms_in("the published effects", terms));
    }
    Ok(found)
}

/// A population with the published means and standard deviations, one independent column each.
fn population(known: &[Known<'_>]) -> Result<Frame, ModelError> {
    let column = |k: &Known<'_>| -> Result<Column, ModelError> {
        let missing = || {
            let what = format!("{}: its row has no reference_mean and reference_sd", k.row.term);
            ModelError::data(what, "a model without data needs to know the usual values")
        };
        let mean = k.row.reference_mean.ok_or_else(missing)?;
        let sd = k.row.reference_sd.filter(|sd| *sd > 0.0).ok_or_else(missing)?;
        let ones = (POPULATION as f64 * mean).round().clamp(0.0, POPULATION as f64) as usize;
        let code = |row: usize| u32::from(row < ones);
        Ok(match k.row.term.split_once('=') {
            Some((name, level)) => Column {
                name: name.to_owned(),
                values: Values::Level {
                    codes: (0..POPULATION).map(code).collect(),
                    levels: vec![reference(name, level).to_owned(), level.to_owned()],
                },
            },
            None => {
                let name = k.row.term.clone();
                let values = match feature(&name).map(|f| f.unit) {
                    Ok(Unit::YesNo) => (0..POPULATION).map(|row| f64::from(code(row))).collect(),
                    _ => numbers(&name, mean, sd).ok_or_else(missing)?,
                };
                Column { name, values: Values::Number(values) }
            }
        })
    };
    let columns = known.iter().map(column).collect::<Result<Vec<_>, _>>()?;
    Frame::new(columns).map_err(|e| ModelError::data(e.to_string(), "name each term once"))
}

/// The level against which a published level is held.
fn reference(column: &str, level: &str) -> &'static str {
    match (column, level) {
        ("family_kind", _) => "general",
        ("sex", "male") => "female",
        ("sex", _) => "male",
        // Before any letter in sorted order, so that it is the reference.
        _ => "(others)",
    }
}

/// Equally likely values with this mean and standard deviation: normal, or gamma where only a
/// difference can be below zero.
fn numbers(name: &str, mean: f64, sd: f64) -> Option<Vec<f64>> {
    let share = |row: usize| (row as f64 + 0.5) / POPULATION as f64;
    let signed = name == "capacity_gap" || mean <= 0.0;
    let raw: Vec<f64> = if signed || mean > 2.5 * sd {
        let normal = Normal::new(mean, sd).ok()?;
        (0..POPULATION).map(|row| normal.inverse_cdf(share(row))).collect()
    } else {
        let gamma = Gamma::new((mean / sd).powi(2), mean / (sd * sd)).ok()?;
        (0..POPULATION).map(|row| gamma.inverse_cdf(share(row))).collect()
    };
    // Quantiles of a few hundred rows miss the tails; the moments are to be exact.
    let n = POPULATION as f64;
    let m = raw.iter().sum::<f64>() / n;
    let s = (raw.iter().map(|v| (v - m) * (v - m)).sum::<f64>() / n).sqrt();
    let scaled: Vec<f64> = raw.iter().map(|v| mean + (v - m) * sd / s).collect();
    Some(scaled.into_iter().map(|v| if signed { v } else { v.max(0.0) }).collect())
}

/// The mean hazard ratio of the population against its own mean, the columns independent.
fn mean_ratio(x: &ndarray::Array2<f64>, means: &[f64], coef: &[f64]) -> f64 {
    let of = |j: usize| {
        let ratios = x.column(j).iter().map(|v| (coef[j] * (v - means[j])).exp()).sum::<f64>();
        ratios / x.nrows() as f64
    };
    (0..coef.len()).map(of).product()
}

/// The published hazards on a monthly grid, that of breakdown divided by `level`.
fn baseline(level: f64, columns: usize) -> Result<Baseline, ModelError> {
    let broken = || ModelError::data("baseline.csv cannot be read", "restore the file");
    let mut reader = csv::Reader::from_reader(BASELINE.as_bytes());
    let (mut edges, mut breakdown, mut positive) = (vec![0.0], Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record.map_err(|_| broken())?;
        let number =
            |k: usize| record.get(k).and_then(|c| c.parse::<f64>().ok()).ok_or_else(broken);
        let (from, to) = (number(0)?, number(1)?);
        for month in from as usize..to as usize {
            edges.push((month + 1) as f64 * DAYS_PER_MONTH);
            breakdown.push(number(2)? / level);
            positive.push(number(3)?);
        }
    }
    let cells = breakdown.len();
    let of = |dh: Vec<f64>, columns: usize| CauseCells {
        dh,
        dv: vec![0.0; cells],
        dq: vec![vec![0.0; columns]; cells],
    };
    Ok(Baseline { edges, causes: vec![of(breakdown, columns), of(positive, 0)] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_population_has_the_published_moments() {
        for (name, mean, sd) in
            [("age", 7.6, 5.3), ("alliance", 6.3, 1.8), ("capacity_gap", -1.2, 2.4)]
        {
            let v = numbers(name, mean, sd).unwrap();
            let m = v.iter().sum::<f64>() / 400.0;
            let s = (v.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / 400.0).sqrt();
            assert!((m - mean).abs() < 0.01 * sd && (s - sd).abs() < 0.01 * sd, "{name} {m} {s}");
            assert!(name == "capacity_gap" || v.iter().all(|x| *x >= 0.0));
        }
    }

    #[test]
    fn the_baseline_gives_the_published_incidences() {
        let b = baseline(1.0, 0).unwrap();
        assert_eq!(b.edges.len(), 73);
        let parts = crate::model::grid::parts(&b.edges, 0.0, b.edges[72]).unwrap();
        let hazard: Vec<Vec<f64>> = b.causes.iter().map(|c| c.dh.clone()).collect();
        assert_eq!(parts.len(), 72);
        let within = |months: usize| {
            let cut: Vec<Vec<f64>> = hazard.iter().map(|h| h[..months].to_vec()).collect();
            crate::model::grid::ends(&cut).incidence
        };
        for (months, breakdown, positive) in [
            (6, 0.085, 0.06),
            (12, 0.13, 0.105),
            (24, 0.20, 0.20),
            (36, 0.235, 0.27),
            (72, 0.29, 0.395),
        ] {
            let f = within(months);
            assert!((f[0] - breakdown).abs() < 0.006, "{months}: {f:?}");
            assert!((f[1] - positive).abs() < 0.006, "{months}: {f:?}");
        }
    }

    #[test]
    fn every_published_effect_has_what_a_model_needs() {
        let rows = published().unwrap();
        assert!(rows.len() > 15);
        for row in &rows {
            let column = row.term.split('=').next().unwrap();
            assert!(feature(column).is_ok(), "{column}");
            let term: Term = column.parse().unwrap();
            population(&[Known { term: &term, row }]).unwrap();
        }
    }

    #[test]
    fn what_says_the_same_counts_once() {
        let rows = published().unwrap();
        let terms = Term::parse_all(&[
            "capacity_gap",
            "parenting_capacity",
            "distance_home",
            "age",
            "log(age)",
        ])
        .unwrap();
        let mut said = Vec::new();
        let found = known(&terms, &rows, &mut said).unwrap();
        let names: Vec<String> = found.iter().map(|k| k.term.to_string()).collect();
        assert_eq!(names, ["capacity_gap", "age"]);
        assert_eq!(said.len(), 2, "{said:?}");
        let both = Term::parse_all(&["behaviour_demand", "parenting_capacity"]).unwrap();
        assert_eq!(known(&both, &rows, &mut said).unwrap().len(), 2);
        let none = Term::parse_all(&["distance_home"]).unwrap();
        assert!(known(&none, &rows, &mut said).is_err());
    }
}
