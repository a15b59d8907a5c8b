//! Fitting: from prepared rows to a model and to what `train` says.

mod boosting;
mod cause;
mod discrete;
mod forest;
mod frailty;
mod hazards;
mod imputed;
mod net;
mod repeated;
mod report;
mod residuals;
mod smooth;
mod survival_forest;
mod training;

use std::collections::BTreeMap;

use super::prepared::{Prepared, TimeUnit};
use super::study::{Expires, ModelSpec, Span};
use super::support::Support;
use super::trained::{About, CauseCount, Engine, Model, NamedTime};
use super::{Kind, ModelError, TrainResult, literature};
use crate::history::Day;
use crate::learners::Logistic;
use crate::progress::{Progress, Silent};
use crate::survival::{CoxFit, FineGrayFit, ParametricFit, Sample, Transform};
use cause::CauseFit;
use training::Training;

pub(crate) use repeated::BEFORE;
pub use residuals::{CauseResiduals, Residuals, TermResiduals};
pub(crate) use training::{nearest, no_column, stratum_labels};

/// Years after the data were taken at which a model expires unless the study says otherwise.
const YEARS: i32 = 2;
/// With more columns than this, there must be at least an event for each.
const MANY_COLUMNS: usize = 20;

/// A fitted model, and what its fit had to say.
pub struct Fitted {
    /// The model, not yet evaluated.
    pub model: Model,
    detail: Detail,
    clustered: bool,
}

/// What is left of the fit: enough for tests and tables. It holds rows and is not saved.
enum Detail {
    Cox { fit: Box<CoxFit>, sample: Box<Sample>, rest: Box<residuals::Rest>, ph: Transform },
    Imputed(Box<imputed::Said>),
    FineGray { fit: Box<FineGrayFit>, sample: Box<Sample> },
    Parametric { fit: Box<ParametricFit>, sample: Box<Sample> },
    Bare,
    Published,
    Discrete { fit: Box<Logistic>, null: f64, from: usize },
    Forest { kept: Vec<survival_forest::Kept> },
    Boosted { losses: (f64, f64), trees: usize, stopped: bool },
}

impl std::fmt::Debug for Fitted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fitted").field("model", &self.model).finish_non_exhaustive()
    }
}

/// Fits a kind of model on some rows of a prepared study (`None`: all of them). The recipe is
/// learned on these rows and on nothing else.
///
/// # Errors
/// What stands in the way of a fit: no events, too few rows, columns that are not there.
///
/// ```
/// use pleegzorg::features::{Column, Frame, Values};
/// use pleegzorg::model::{Study, fit, prepare_table};
/// let study = Study::parse(r#"
/// [data]
/// table = "-"
/// exit = "week"
/// event = "arrest"
/// [features]
/// terms = ["prio"]
/// "#, "".as_ref(), &[])?;
/// let number = |name: &str, f: fn(usize) -> f64| Column {
///     name: name.into(),
///     values: Values::Number((0..60).map(f).collect()),
/// };
/// let frame = Frame::new(vec![
///     number("week", |i| 1.0 + (i * 7 % 52) as f64),
///     number("arrest", |i| (i % 3 == 0) as u8 as f64),
///     number("prio", |i| (i % 5) as f64),
/// ])?;
/// let fitted = fit(&prepare_table(&study, frame)?, None, &study.model)?;
/// assert_eq!(fitted.result()?.events, 20);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn fit(
    prepared: &Prepared,
    rows: Option<&[usize]>,
    spec: &ModelSpec,
) -> Result<Fitted, ModelError> {
    fit_with_progress(prepared, rows, spec, &Silent)
}

/// As [`fit`], telling `progress` of the parts that are done: the causes, or the forests.
///
/// # Errors
/// As [`fit`].
pub fn fit_with_progress(
    prepared: &Prepared,
    rows: Option<&[usize]>,
    spec: &ModelSpec,
    progress: &dyn Progress,
) -> Result<Fitted, ModelError> {
    let all: Vec<usize>;
    let rows = match rows {
        Some(rows) => rows,
        None => {
            all = (0..prepared.len()).collect();
            &all
        }
    };
    if rows.is_empty() {
        return Err(ModelError::TooFew("there is no training row".into()));
    }
    if let Some(row) = rows.iter().find(|&&row| row >= prepared.len()) {
        let what = format!("there is no row {row} to learn from: {} are prepared", prepared.len());
        return Err(ModelError::usage(what, "number the prepared rows from 0"));
    }
    let with_terms = spec.kind != Kind::AalenJohansen;
    if with_terms && prepared.terms.is_empty() {
        let repair = "list features.terms in the study, or choose kind = \"aalen-johansen\"";
        return Err(ModelError::usage(format!("kind {} needs terms", spec.kind), repair));
    }
    if spec.kind == Kind::Literature {
        return of_literature(prepared, spec);
    }
    let mut training = Training::new(prepared, rows, spec, with_terms)?;
    let (columns, events) = (training.x.ncols(), training.outcome.events(training.cause));
    let chooses = spec.cox.penalty.is_some();
    if columns > events.max(MANY_COLUMNS) && !chooses {
        let widest = widest_term(&training).map_or_else(String::new, |(term, n)| {
            format!(
                " ({term} alone makes {n}: is it a number with a word in it, or an identifier?)"
            )
        });
        return Err(ModelError::TooFew(format!(
            "the terms make {columns} columns for {events} events{widest}: nothing can be learned \
             from that"
        )));
    }
    let mut means = training.means();
    let mut warnings = Vec::new();
    if training.dropped > 0 {
        warnings.push(format!("{} rows with a missing value were left out", training.dropped));
    }
    if training.uncounted > 0 {
        warnings.push(format!(
            "{} placements of children whose earlier breakdowns nobody recorded: theirs count from \
             the first on record",
            training.uncounted
        ));
    }
    for column in training.recipe.constant_factors() {
        warnings.push(format!("{column} has one level only and says nothing"));
    }
    let (mut penalty, mut frailty) = (None, None);
    let several = prepared.imputation.filter(|_| with_terms && spec.imputes());
    if prepared.imputation.is_some() && several.is_none() && with_terms {
        warnings.push(
            "missing values are filled in once here: only Cox models pool several imputations"
                .into(),
        );
    }
    let (engine, detail) = match spec.kind {
        Kind::Cox if several.is_some() => {
            let how = several.unwrap_or_default();
            let found = imputed::fit(prepared, &mut training, spec, how, progress)?;
            means = found.means;
            warnings.extend(found.warnings);
            (Engine::Imputed(found.engine), Detail::Imputed(Box::new(found.said)))
        }
        Kind::Cox | Kind::AalenJohansen | Kind::FineGray => {
            let found = hazards::fit(prepared, &training, spec, &means, progress)?;
            (penalty, frailty) = (found.penalty, found.frailty);
            warnings.extend(found.warnings);
            let sample = Box::new(found.sample);
            let detail = match found.main {
                CauseFit::Cox(fit) if with_terms => {
                    let rest = residuals::Rest {
                        fits: found.others,
                        sample: found.sample_of_others,
                        bare: found.bare,
                        rows: training.rows.clone(),
                        number: training.number.clone(),
                    };
                    Detail::Cox { fit, sample, rest: Box::new(rest), ph: spec.ph_transform }
                }
                CauseFit::FineGray(fit) => Detail::FineGray { fit, sample },
                CauseFit::Cox(_) => Detail::Bare,
            };
            (Engine::Hazards(found.proportional), detail)
        }
        Kind::DiscreteLogistic => {
            let found = discrete::fit(prepared, &training, spec, &means, progress)?;
            penalty = found.penalty;
            warnings.extend(found.warnings);
            let (fit, null, from) = (Box::new(found.main), found.null, found.terms_from);
            (Engine::Discrete(found.discrete), Detail::Discrete { fit, null, from })
        }
        Kind::NearestNeighbours | Kind::Svm => {
            let (rows, more) = forest::keep(prepared, &training, spec, progress)?;
            warnings.extend(more);
            (Engine::Rows(rows), Detail::Bare)
        }
        Kind::Forest | Kind::ExtraTrees | Kind::GradientBoosting => {
            let (forests, more) = forest::fit(prepared, &training, spec, progress)?;
            warnings.extend(more);
            (Engine::Forests(forests), Detail::Bare)
        }
        Kind::SurvivalForest => {
            let found = survival_forest::fit(prepared, &training, spec, progress)?;
            (Engine::SurvivalForests(found.forests), Detail::Forest { kept: found.kept })
        }
        Kind::Boosting => {
            let found = boosting::fit(prepared, &training, spec, progress)?;
            warnings.extend(found.warnings);
            let (losses, trees, stopped) = (found.losses, found.trees, found.stopped);
            (Engine::Boosted(found.hazards), Detail::Boosted { losses, trees, stopped })
        }
        kind if kind.is_parametric() => {
            let found = smooth::fit(prepared, &training, spec, &means, progress)?;
            warnings.extend(found.warnings);
            let (fit, sample) = (Box::new(found.main), Box::new(found.sample));
            (Engine::Smooth(found.smooth), Detail::Parametric { fit, sample })
        }
        other => {
            let available = Kind::available_names();
            let what = format!("kind {other} is not available yet; available: {available}");
            return Err(ModelError::usage(what, "choose one of them"));
        }
    };
    progress.finish();
    let support = Support::new(&training.frame, &by_weight(&engine, &training));
    let y = &training.outcome;
    let cause =
        |&k: &u32| CauseCount { name: y.causes()[k as usize - 1].clone(), events: y.events(k) };
    let causes = training.present.iter().map(cause).collect();
    let about = about(prepared, causes, training.len(), spec, warnings);
    let about = About { penalty, frailty, ..about };
    let recipe = training.recipe;
    let model = Model { about, recipe, means, engine, support, stamp: None };
    Ok(Fitted { model, detail, clustered: !spec.cluster.is_empty() })
}

/// The term that makes the most columns, where it makes most of them.
fn widest_term(training: &Training) -> Option<(String, usize)> {
    let mut made: BTreeMap<String, usize> = BTreeMap::new();
    for term in training.recipe.terms_of_columns() {
        *made.entry(term.clone()).or_default() += 1;
    }
    let widest = made.into_iter().max_by_key(|(_, n)| *n)?;
    (widest.1 * 2 > training.x.ncols()).then_some(widest)
}

/// The columns of the frame, those first whose terms move the risk most among training rows.
fn by_weight(engine: &Engine, training: &Training) -> Vec<String> {
    let columns = training.x.ncols();
    let weight: Vec<f64> = match engine {
        Engine::Forests(f) => {
            let mut splits = vec![0.0; columns];
            for f in &f.forests {
                for (s, n) in splits.iter_mut().zip(f.forest.splits()) {
                    *s += f64::from(n);
                }
            }
            splits
        }
        Engine::SurvivalForests(f) => {
            let mut splits = vec![0.0; columns];
            for f in &f.forests {
                for (s, n) in splits.iter_mut().zip(f.splits()) {
                    *s += f64::from(n);
                }
            }
            splits
        }
        // Every column counts the same.
        Engine::Rows(_) => vec![0.0; columns],
        Engine::Boosted(b) => b.members[0][0].trees.splits().into_iter().map(f64::from).collect(),
        Engine::Hazards(h) => spread(&h.effects[0].coef, training),
        Engine::Imputed(i) => spread(&i.pooled.coef, training),
        Engine::Smooth(s) => spread(&s.causes[0].effects(s.edges.len() - 1), training),
        Engine::Discrete(d) => {
            let coef = &d.causes[0].coef;
            spread(&coef[coef.len() - columns..], training)
        }
    };
    let mut by_column: BTreeMap<&str, f64> = BTreeMap::new();
    let terms = training.recipe.terms_of_columns();
    for (term, w) in terms.iter().zip(&weight) {
        let read = training.recipe.terms().iter().find(|t| t.to_string() == *term);
        for column in read.into_iter().flat_map(|t| t.columns()) {
            *by_column.entry(column).or_default() += w;
        }
    }
    let mut order: Vec<(&str, f64)> = by_column.into_iter().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    order.into_iter().filter(|(_, w)| *w > 0.0).map(|(c, _)| c.to_owned()).collect()
}

/// |β| times the standard deviation of each column.
fn spread(coef: &[f64], training: &Training) -> Vec<f64> {
    let sd = training.x.std_axis(ndarray::Axis(0), 0.0);
    coef.iter().zip(sd).map(|(b, s)| b.abs() * s).collect()
}

/// A model of published knowledge: no row is looked at.
fn of_literature(prepared: &Prepared, spec: &ModelSpec) -> Result<Fitted, ModelError> {
    let cause = &prepared.outcome.causes()[prepared.cause as usize - 1];
    if prepared.unit != TimeUnit::Days || cause != "breakdown" {
        let what = "the literature is about breakdown of placements in a history";
        return Err(ModelError::usage(what, "use another kind for a table or another cause"));
    }
    let rows = match spec.cox.priors.as_ref().and_then(|file| prepared.priors.get(file)) {
        Some(rows) => rows.clone(),
        None => literature::published()?,
    };
    let causes = vec![CauseCount { name: cause.clone(), events: 0 }];
    let mut about = about(prepared, causes, 0, spec, Vec::new());
    // What was left out of these data, and when they were taken, says nothing of the literature.
    (about.window, about.warnings) = (None, Vec::new());
    if spec.expires.is_none() {
        about.expires = literature::read_until();
    }
    let model = literature::literature(about, &prepared.terms, &rows)?;
    Ok(Fitted { model, detail: Detail::Published, clustered: false })
}

fn about(
    prepared: &Prepared,
    causes: Vec<CauseCount>,
    n: usize,
    spec: &ModelSpec,
    warnings: Vec<String>,
) -> About {
    let named = |spans: &[Span]| {
        spans.iter().map(|s| NamedTime { label: s.label.clone(), time: s.length }).collect()
    };
    let mut all = prepared.notes.clone();
    all.extend(warnings);
    About {
        title: prepared.title.clone(),
        kind: spec.kind,
        causes,
        n,
        unit: prepared.unit,
        horizons: named(&prepared.horizons),
        landmarks: named(&prepared.landmarks),
        definition: prepared.definition.clone(),
        window: prepared.window,
        strata: spec.strata.clone(),
        cluster: spec.cluster.clone(),
        offset: spec.offset.clone(),
        repeated: spec.repeated.map(|r| r.method),
        interval: spec.interval,
        seed: prepared.seed,
        software: software(spec.kind),
        expires: expires(prepared, spec),
        penalty: None,
        frailty: None,
        findings: prepared.findings.clone(),
        warnings: all,
    }
}

/// Two years after the data were taken, unless the study says otherwise; a table has no calendar
/// and so expires only where the study gives a date.
fn expires(prepared: &Prepared, spec: &ModelSpec) -> Option<Day> {
    let taken = prepared.window.map(|w| w.extraction);
    match &spec.expires {
        Some(Expires::On(day)) => Some(*day),
        Some(Expires::After(span)) => taken.map(|t| t.plus_days(span.length.round() as i32)),
        None => taken.map(|t| t.plus_years(YEARS)),
    }
}

/// The versions that the numbers depend on.
pub(crate) fn software(kind: Kind) -> BTreeMap<String, String> {
    let mut all = BTreeMap::from([("pleegzorg".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]);
    match kind {
        Kind::Forest
        | Kind::ExtraTrees
        | Kind::GradientBoosting
        | Kind::NearestNeighbours
        | Kind::Svm => all.insert("smartcore".into(), "0.7.0".into()),
        Kind::DiscreteLogistic => all.insert("linfa-logistic".into(), "0.8".into()),
        _ => None,
    };
    all
}

impl Fitted {
    /// What `train` says: the shape of its JSON contract.
    ///
    /// # Errors
    /// A statistic that cannot be computed for these rows.
    pub fn result(&self) -> Result<TrainResult, ModelError> {
        report::result(self)
    }

    /// The Cox fit of the cause that is asked, where the kind is one.
    #[must_use]
    pub fn cox(&self) -> Option<&CoxFit> {
        match &self.detail {
            Detail::Cox { fit, .. } => Some(fit),
            _ => None,
        }
    }

    /// Whether times count days.
    #[must_use]
    pub fn in_days(&self) -> bool {
        self.model.about.unit == TimeUnit::Days
    }
}
