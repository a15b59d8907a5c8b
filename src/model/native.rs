//! Missing values as they are, for learners that handle them themselves.

use ndarray::Array2;

use crate::features::{Frame, Recipe, Term, Values};

/// Makes every number of the design NaN again whose term reads a number that is missing in the
/// frame. Factors keep their level for missing values, and indicators stay as they are.
///
/// `rows` are the rows of the frame that the rows of `x` are.
pub(super) fn blank(recipe: &Recipe, frame: &Frame, rows: &[usize], x: &mut Array2<f64>) {
    let terms: Vec<(String, Vec<&str>)> =
        recipe.terms().iter().map(|t: &Term| (t.to_string(), t.columns().collect())).collect();
    for (j, name) in recipe.terms_of_columns().iter().enumerate() {
        let Some((_, reads)) = terms.iter().find(|(t, _)| t == name) else { continue };
        // A number that is taken as a factor has no median but levels.
        for column in reads.iter().filter(|c| recipe.median(c).is_some()) {
            let Some(Values::Number(numbers)) = frame.get(column) else { continue };
            for (i, &row) in rows.iter().enumerate() {
                if numbers[row].is_nan() {
                    x[[i, j]] = f64::NAN;
                }
            }
        }
    }
}
