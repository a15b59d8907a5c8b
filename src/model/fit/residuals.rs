//! Residuals of the Cox models of a fit, row by row of its data.

use ndarray::Array2;

use super::{Detail, Fitted};
use crate::history::History;
use crate::model::ModelError;
use crate::model::prepared::Prepared;
use crate::survival::{CoxFit, FitError, Sample};

/// The rows that a fit learned from, and the fits of its other causes.
pub(super) struct Rest {
    /// The cause of each other model, its fit, and whether that has the terms.
    pub(super) fits: Vec<(u32, CoxFit)>,
    /// The rows as these models saw them where they differ from those of the cause that is asked.
    pub(super) sample: Option<Sample>,
    /// The rows without the terms.
    pub(super) bare: Sample,
    /// The place of each row among those that were prepared, and the number of the event that it is
    /// at risk of, where events are numbered.
    pub(super) rows: Vec<usize>,
    pub(super) number: Option<Vec<u32>>,
}

/// Residuals by row of the data, for the Cox model of every cause.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Residuals {
    /// By row: its place among the prepared rows. Rows that were left out have no residuals.
    pub row: Vec<usize>,
    /// The number of the event that each row is at risk of, where events are numbered
    /// (`model.repeated`); a row of the data then stands once for each.
    pub number: Option<Vec<u32>>,
    /// The names of the terms' columns.
    pub terms: Vec<String>,
    /// The model of each cause, that of the study first.
    pub models: Vec<CauseResiduals>,
}

/// Residuals of one model, in the order of [`Residuals::row`]; see the methods of [`CoxFit`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CauseResiduals {
    /// The cause.
    pub cause: String,
    /// Observed less expected events.
    pub martingale: Vec<f64>,
    /// The same made symmetric.
    pub deviance: Vec<f64>,
    /// Those of each term; `None` for a cause without terms (it had too few events), and for exact
    /// ties, for which they are not defined.
    pub terms: Option<TermResiduals>,
}

/// Residuals by row and term.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TermResiduals {
    /// What a row adds to the slope of the log likelihood.
    pub score: Array2<f64>,
    /// How far a row moves each coefficient, to first order.
    pub dfbeta: Array2<f64>,
    /// By row: which row of the two tables below is its own; `None` where it did not end by the cause.
    pub event: Vec<Option<usize>>,
    /// Schoenfeld's: covariates less their mean over the risk set, one row an event.
    pub schoenfeld: Array2<f64>,
    /// The same scaled, so that they scatter around the coefficient as it is at that time.
    pub scaled_schoenfeld: Array2<f64>,
}

impl Fitted {
    /// The residuals of a Cox fit: martingale, deviance, score, dfbeta, Schoenfeld and scaled
    /// Schoenfeld, for every row that it learned from and every cause.
    ///
    /// # Errors
    /// Another kind of model, or one that pools several imputations, has none.
    pub fn residuals(&self) -> Result<Residuals, ModelError> {
        let kind = self.model.about.kind;
        let (fit, sample, rest) = match &self.detail {
            Detail::Cox { fit, sample, rest, .. } => (fit, sample, rest),
            Detail::Imputed(_) => {
                return Err(ModelError::usage(
                    "fits to several imputations have no residuals of their own",
                    "set features.missing to \"impute\" or \"drop\"",
                ));
            }
            _ => return Err(ModelError::NoResiduals { kind }),
        };
        let mut models = vec![of_cause(fit, sample)?];
        for (_, fit) in &rest.fits {
            let with_terms = rest.sample.as_ref().unwrap_or(sample);
            let sample = if fit.coef.is_empty() { &rest.bare } else { with_terms };
            models.push(of_cause(fit, sample)?);
        }
        let names = sample.outcome().causes();
        let causes = std::iter::once(fit.cause).chain(rest.fits.iter().map(|(cause, _)| *cause));
        for (model, cause) in models.iter_mut().zip(causes) {
            model.cause = names.get(cause as usize - 1).cloned().unwrap_or_default();
        }
        let terms = fit.names.clone();
        Ok(Residuals { row: rest.rows.clone(), number: rest.number.clone(), terms, models })
    }
}

fn of_cause(fit: &CoxFit, sample: &Sample) -> Result<CauseResiduals, ModelError> {
    let terms = match fit.score_residuals(sample) {
        _ if fit.coef.is_empty() => None,
        Err(FitError::NotApplicable { .. }) => None,
        Err(other) => return Err(other.into()),
        Ok(score) => {
            let events = fit.schoenfeld_residuals(sample)?;
            let mut event = vec![None; sample.len()];
            for (k, &row) in events.row.iter().enumerate() {
                event[row] = Some(k);
            }
            Some(TermResiduals {
                score,
                dfbeta: fit.dfbeta(sample)?,
                event,
                schoenfeld: events.residual,
                scaled_schoenfeld: events.scaled,
            })
        }
    };
    Ok(CauseResiduals {
        cause: String::new(),
        martingale: fit.martingale_residuals(sample)?.to_vec(),
        deviance: fit.deviance_residuals(sample)?.to_vec(),
        terms,
    })
}

impl Residuals {
    /// A table of comma-separated values: a line a row and cause. A row of a table is told by its
    /// number among the data rows (the header not counted), one of a history by its stay, and where
    /// there are landmarks or numbered events by those too. A cell is empty where a residual does not
    /// exist.
    ///
    /// # Errors
    /// `prepared` or `history` are not those of the fit.
    pub fn to_csv(
        &self,
        prepared: &Prepared,
        history: Option<&History>,
    ) -> Result<Vec<u8>, ModelError> {
        let mut out = csv::Writer::from_writer(Vec::new());
        let mut line: Vec<String> = vec![if history.is_some() { "stay" } else { "row" }.into()];
        let landmark = prepared.landmark.as_ref();
        line.extend(landmark.map(|_| "landmark".into()));
        line.extend(self.number.as_ref().map(|_| "event".into()));
        line.extend(["cause", "martingale", "deviance"].map(String::from));
        for what in ["score", "dfbeta", "schoenfeld", "scaled_schoenfeld"] {
            line.extend(self.terms.iter().map(|term| format!("{what}:{term}")));
        }
        write(&mut out, &line)?;
        for model in &self.models {
            for k in 0..self.row.len() {
                line.clear();
                line.push(self.name(k, prepared, history).ok_or_else(another)?);
                if let Some(marks) = landmark {
                    let mark =
                        marks.get(self.row[k]).and_then(|&m| prepared.landmarks.get(m as usize));
                    line.push(mark.ok_or_else(another)?.label.clone());
                }
                line.extend(self.number.as_ref().map(|n| n[k].to_string()));
                line.push(model.cause.clone());
                line.extend([model.martingale[k], model.deviance[k]].map(|v| v.to_string()));
                self.of_terms(k, model, &mut line);
                write(&mut out, &line)?;
            }
        }
        out.into_inner().map_err(|e| broken(&e.to_string()))
    }

    /// What tells a row.
    fn name(&self, k: usize, prepared: &Prepared, history: Option<&History>) -> Option<String> {
        let row = self.row[k];
        match (history, &prepared.stays) {
            (Some(history), Some(stays)) => {
                Some(history.stays.get(stays.get(row)?.at())?.id.to_string())
            }
            (None, None) => Some((prepared.table_rows.as_ref()?.get(row)? + 1).to_string()),
            _ => None,
        }
    }

    /// The cells of a row's terms.
    fn of_terms(&self, k: usize, model: &CauseResiduals, line: &mut Vec<String>) {
        let empty = || std::iter::repeat_n(String::new(), self.terms.len());
        let Some(terms) = &model.terms else {
            (0..4).for_each(|_| line.extend(empty()));
            return;
        };
        for table in [&terms.score, &terms.dfbeta] {
            line.extend(table.row(k).iter().map(f64::to_string));
        }
        for table in [&terms.schoenfeld, &terms.scaled_schoenfeld] {
            match terms.event[k] {
                Some(event) => line.extend(table.row(event).iter().map(f64::to_string)),
                None => line.extend(empty()),
            }
        }
    }
}

fn write(out: &mut csv::Writer<Vec<u8>>, line: &[String]) -> Result<(), ModelError> {
    out.write_record(line).map_err(|e| broken(&e.to_string()))
}

fn broken(why: &str) -> ModelError {
    ModelError::data(format!("the table of residuals cannot be written: {why}"), "ask for less")
}

fn another() -> ModelError {
    let what = "these residuals are of other rows than those given";
    ModelError::usage(what, "pass the prepared rows and the history of the fit")
}
