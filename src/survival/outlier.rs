//! One row that drives an estimate: found by looking, settled by fitting without it.

use ndarray::Array1;

use super::cox::moments;
use super::{FitWarning, Sample};

/// A row is suspect where it carries this share of a column's variance …
pub(crate) const SHARE: f64 = 0.2;
/// … and is this many standard deviations out; …
pub(crate) const FAR: f64 = 4.0;
/// … or where, to first order, it moves an estimate by this many standard errors, …
pub(crate) const FIRST_ORDER: f64 = 0.5;
/// … which is looked at up to this many rows: among more, only a far one can.
pub(crate) const MOST_ROWS: usize = 20_000;
/// How many suspects are tried.
pub(crate) const SUSPECTS: usize = 3;
/// What moves an estimate by more standard errors drives it.
pub(crate) const DRIVES: f64 = 1.0;

/// Terms as one fit has them; `None` for one that it could not estimate.
pub(crate) type Terms = Vec<Option<f64>>;

/// The rows to try, the most suspect first, each once.
pub(crate) fn worst_first(mut suspects: Vec<(f64, u32)>) -> Vec<u32> {
    suspects.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut rows: Vec<u32> = Vec::new();
    for (_, row) in suspects {
        if !rows.contains(&row) && rows.len() < SUSPECTS {
            rows.push(row);
        }
    }
    rows
}

/// Warns of a row without which a term would move by more than its standard error. `suspects` are
/// those of the influences; far rows are added. `fit` fits the terms of another sample.
pub(crate) fn driving_row(
    sample: &Sample,
    mut suspects: Vec<(f64, u32)>,
    terms: &Terms,
    se: &Array1<f64>,
    fit: impl Fn(&Sample) -> Option<Terms>,
) -> Option<FitWarning> {
    let rows: Vec<u32> = (0..sample.len() as u32).collect();
    // A quick look at all columns at once says that, nearly always, none has such a row.
    if moments(sample.x(), &rows).1 > far_from(rows.len()) * (1.0 - 1e-6) {
        suspects.extend((0..terms.len()).filter_map(|j| far(sample, j)));
    }
    let mut worst = (DRIVES, None);
    for row in worst_first(suspects) {
        let Some(other) = fit(&sample.without(row as usize)) else { continue };
        for (j, (a, b)) in terms.iter().zip(&other).enumerate() {
            let (Some(a), Some(b)) = (a, b) else { continue };
            let shift = (a - b).abs() / se[j];
            if shift.is_finite() && shift > worst.0 {
                worst = (shift, Some((row as usize, j)));
            }
        }
    }
    let (row, j) = worst.1?;
    Some(FitWarning::Outlier { row, term: sample.names()[j].clone(), shift: worst.0 })
}

/// How far out of `rows` rows one is far, in standard deviations.
pub(crate) fn far_from(rows: usize) -> f64 {
    FAR.max((SHARE * rows as f64).sqrt())
}

/// The row that is furthest out in a column, where it is far: (standard deviations, row).
fn far(sample: &Sample, j: usize) -> Option<(f64, u32)> {
    let column = sample.x().column(j);
    let n = column.len() as f64;
    let mean = column.iter().map(|v| v / n).sum::<f64>();
    // In units of the largest distance, so that no square overflows.
    let most = column.iter().map(|v| (v - mean).abs()).fold(0.0, f64::max);
    let square = |v: &f64| ((v - mean) / most).powi(2) / n;
    let distance = 1.0 / column.iter().map(square).sum::<f64>().sqrt();
    let row = column.iter().position(|v| (v - mean).abs() == most)?;
    (distance > far_from(column.len())).then_some((distance, row as u32))
}
