//! Published effect sizes as priors: a file of terms, each with a mean and a standard deviation on
//! the log hazard ratio per unit of its covariate.
//!
//! The file is a CSV table with the columns `term`, `mean` and `sd`, and if wanted `reference_mean`
//! and `reference_sd` (of the covariate where the effect was found: a covariate that lies far from
//! them here probably has another unit, which is said) and `source`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::ModelError;
use super::fit::nearest;
use super::study::Study;
use crate::Error;
use crate::features::{Frame, Values, parse_table, read_table};
use crate::history::Format;
use crate::survival::Prior;

/// The columns of a file of priors; the first three are needed.
const COLUMNS: [&str; 6] = ["term", "mean", "sd", "reference_mean", "reference_sd", "source"];
/// A covariate whose spread differs by more than this factor from that of its prior's source …
const SPREAD: f64 = 5.0;
/// … or whose mean lies further away than this many of either's standard deviations, is said.
const AWAY: f64 = 3.0;

/// What is known of one term before the data are seen.
#[derive(Debug, Clone, PartialEq)]
pub struct PriorRow {
    /// The term, as the column of the design is named (`age`, `family_kind=network`).
    pub term: String,
    /// The expected log hazard ratio per unit.
    pub mean: f64,
    /// Its standard deviation.
    pub sd: f64,
    /// The covariate's mean where the effect was found.
    pub reference_mean: Option<f64>,
    /// Its standard deviation there.
    pub reference_sd: Option<f64>,
}

/// Reads every file of priors that the models of a study name.
pub(super) fn read_all(study: &Study) -> Result<BTreeMap<PathBuf, Vec<PriorRow>>, ModelError> {
    let specs = std::iter::once(&study.model).chain(study.compare.iter().map(|c| &c.spec));
    let files: BTreeSet<&PathBuf> = specs.filter_map(|s| s.cox.priors.as_ref()).collect();
    let read = |file: &PathBuf| {
        let frame =
            read_table(&study.folder.join(file), &study.settings.format).map_err(Error::from)?;
        Ok((file.clone(), rows(&frame, file)?))
    };
    files.into_iter().map(read).collect()
}

/// The priors in the text of a file of this name.
pub(super) fn parse(text: &str, name: &str) -> Result<Vec<PriorRow>, ModelError> {
    let frame = parse_table(text.as_bytes(), name, &Format::default()).map_err(Error::from)?;
    rows(&frame, Path::new(name))
}

/// The rows of a file of priors.
fn rows(frame: &Frame, file: &Path) -> Result<Vec<PriorRow>, ModelError> {
    let wrong = |what: String, repair: &str| {
        Err(ModelError::data(format!("model.priors: {}: {what}", file.display()), repair))
    };
    let known: Vec<String> = COLUMNS.map(str::to_owned).to_vec();
    for column in frame.columns() {
        if !known.contains(&column.name) {
            let near = nearest(&column.name, known.iter());
            let hint = near.map_or_else(String::new, |n| format!("; did you mean {n}?"));
            let what = format!("unknown column \"{}\"{hint}", column.name);
            return wrong(what, "columns are term, mean, sd, reference_mean, reference_sd, source");
        }
    }
    let Some(Values::Level { codes, levels }) = frame.get("term") else {
        return wrong("there is no column \"term\" with names of terms".into(), "add it");
    };
    let mut all: Vec<PriorRow> = Vec::new();
    for row in 0..frame.len() {
        let line = row + 2;
        let Some(term) = levels.get(codes[row] as usize) else {
            return wrong(format!("row {line} has no term"), "name it, or drop the row");
        };
        let number = |name: &str| match frame.get(name) {
            Some(Values::Number(v)) => (!v[row].is_nan()).then_some(v[row]),
            _ => None,
        };
        let (mean, sd) = (number("mean"), number("sd"));
        let (Some(mean), Some(sd)) = (mean, sd.filter(|s| *s > 0.0)) else {
            let what = format!("row {line} ({term}) needs a mean, and an sd above zero");
            return wrong(what, "a prior is a normal distribution of the log hazard ratio");
        };
        if all.iter().any(|r| r.term == *term) {
            return wrong(format!("row {line}: {term} has a row already"), "keep one of them");
        }
        let (reference_mean, reference_sd) = (number("reference_mean"), number("reference_sd"));
        all.push(PriorRow { term: term.clone(), mean, sd, reference_mean, reference_sd });
    }
    Ok(all)
}

/// The priors of the terms of a model, and what is to be said of them.
///
/// `names` are the columns of the design, `moments` their mean and standard deviation here.
pub(super) fn matched(
    rows: &[PriorRow],
    names: &[String],
    moments: &[(f64, f64)],
    said: &mut Vec<String>,
) -> Result<Vec<Prior>, ModelError> {
    let mut found = Vec::new();
    let (mut unknown, mut without) = (Vec::new(), Vec::new());
    for row in rows {
        let Some(j) = names.iter().position(|n| *n == row.term) else {
            unknown.push(row.term.as_str());
            continue;
        };
        found.push(Prior::new(&row.term, row.mean, row.sd));
        if let (Some(mean), Some(sd)) = (row.reference_mean, row.reference_sd)
            && far((mean, sd), moments[j])
        {
            said.push(format!(
                "{}: its prior is for a covariate with mean {mean} and sd {sd}; here they are {:.3} \
                 and {:.3}: has it another unit?",
                row.term, moments[j].0, moments[j].1
            ));
        }
    }
    if found.is_empty() {
        let what = format!("model.priors: none of its {} terms is one of this model's", rows.len());
        return Err(ModelError::usage(what, format!("the model's are {}", names.join(", "))));
    }
    without.extend(names.iter().filter(|n| rows.iter().all(|r| r.term != **n)).map(String::as_str));
    if !unknown.is_empty() {
        said.push(format!("priors for terms that are not in the model: {}", unknown.join(", ")));
    }
    if !without.is_empty() {
        said.push(format!("terms without a prior: {}", without.join(", ")));
    }
    Ok(found)
}

/// Whether a covariate lies elsewhere than where its effect was found.
fn far((mean, sd): (f64, f64), (here, spread): (f64, f64)) -> bool {
    let ratio = spread / sd;
    (spread > 0.0 && sd > 0.0 && !(1.0 / SPREAD..=SPREAD).contains(&ratio))
        || (here - mean).abs() > AWAY * sd.max(spread)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Column;

    fn frame(terms: &[&str], mean: &[f64], sd: &[f64]) -> Frame {
        let levels = terms.iter().map(|t| (*t).to_owned()).collect();
        let codes = (0..terms.len() as u32).collect();
        Frame::new(vec![
            Column { name: "term".into(), values: Values::Level { codes, levels } },
            Column { name: "mean".into(), values: Values::Number(mean.to_vec()) },
            Column { name: "sd".into(), values: Values::Number(sd.to_vec()) },
        ])
        .unwrap()
    }

    #[test]
    fn rows_are_read_strictly() {
        let file = Path::new("priors.csv");
        let good = rows(&frame(&["age", "sex=m"], &[0.1, 0.0], &[0.2, 1.0]), file).unwrap();
        assert_eq!(good[1].term, "sex=m");
        assert_eq!(good[0].reference_sd, None);
        let said = |terms: &[&str], mean: &[f64], sd: &[f64]| {
            rows(&frame(terms, mean, sd), file).unwrap_err().to_string()
        };
        assert!(said(&["a"], &[0.0], &[0.0]).contains("row 2 (a) needs"));
        assert!(said(&["a"], &[f64::NAN], &[1.0]).contains("row 2 (a) needs"));
        let mut twice = frame(&["a", "b"], &[0.0; 2], &[1.0; 2]);
        let codes = Values::Level { codes: vec![0, 0], levels: vec!["a".into()] };
        twice = Frame::new(
            std::iter::once(Column { name: "term".into(), values: codes })
                .chain(twice.columns()[1..].iter().cloned())
                .collect(),
        )
        .unwrap();
        assert!(rows(&twice, file).unwrap_err().to_string().contains("has a row already"));
        let odd = Column { name: "means".into(), values: Values::Number(vec![1.0]) };
        let odd = Frame::new(vec![odd]).unwrap();
        assert!(rows(&odd, file).unwrap_err().to_string().contains("did you mean mean?"));
    }

    #[test]
    fn terms_are_matched_and_the_rest_is_said() {
        let row = |term: &str, reference: Option<f64>| PriorRow {
            term: term.into(),
            mean: 0.1,
            sd: 0.05,
            reference_mean: reference,
            reference_sd: Some(5.0),
        };
        let names = vec!["age".to_owned(), "sex".to_owned()];
        let rows = [row("age", Some(8.0)), row("alliance", None)];
        let mut said = Vec::new();
        let found = matched(&rows, &names, &[(7.0, 4.0), (0.5, 0.5)], &mut said).unwrap();
        assert_eq!(found, [Prior::new("age", 0.1, 0.05)]);
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].contains("alliance") && said[1].contains("sex"));
        // Days in place of years.
        said.clear();
        matched(&rows, &names, &[(2600.0, 1500.0), (0.5, 0.5)], &mut said).unwrap();
        assert!(said[0].starts_with("age: its prior is for a covariate with mean 8"), "{said:?}");
        let none = matched(&rows[1..], &names, &[(0.0, 1.0); 2], &mut said).unwrap_err();
        assert!(none.to_string().contains("none of its 1 terms"));
    }
}
