//! Which columns a likelihood can tell anything about, and what is said of the others.

use ndarray::{Array1, Array2};

use super::FitWarning;
use super::linalg::Cholesky;
use super::newton::ALIASED;
use super::prior::Penalty;

/// Which columns can be estimated at all, judged by the information where all coefficients are
/// zero. Columns have standard deviation 1 and `weight` is that of all events, so that a
/// curvature of next to nothing means "no variation within any risk set". A prior identifies what
/// the data do not.
pub(super) fn identify(
    names: &[String],
    information: &Array2<f64>,
    mut constant: Vec<bool>,
    weight: f64,
    penalty: Option<&Penalty>,
    warnings: &mut Vec<FitWarning>,
) -> Vec<bool> {
    let mut information = information.clone();
    for j in 0..names.len() {
        if let Some(penalty) = penalty.filter(|p| p.holds(j)) {
            if constant[j] || information[[j, j]] <= ALIASED * weight {
                warnings.push(FitWarning::PriorOnly { term: names[j].clone() });
            }
            information[[j, j]] += penalty.precision[j];
            constant[j] = false;
            continue;
        }
        constant[j] |= information[[j, j]] <= ALIASED * weight;
        if constant[j] {
            information.row_mut(j).fill(0.0);
            information.column_mut(j).fill(0.0);
            warnings.push(FitWarning::Constant { term: names[j].clone() });
        }
    }
    let factor = Cholesky::new(&information, ALIASED);
    for j in (0..names.len()).filter(|&j| !constant[j] && !factor.kept()[j]) {
        let part = factor.solve(information.column(j));
        let with = (0..names.len()).filter(|&k| part[k].abs() > 1e-6).map(|k| names[k].clone());
        warnings.push(FitWarning::Collinear { term: names[j].clone(), with: with.collect() });
    }
    factor.kept().to_vec()
}

/// The terms along which a likelihood rises for ever.
pub(super) fn separated(names: &[String], step: &Array1<f64>, warnings: &mut Vec<FitWarning>) {
    let most = step.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    for (name, &s) in names.iter().zip(step).filter(|(_, s)| most > 0.0 && s.abs() > 0.05 * most) {
        warnings.push(FitWarning::Separation { term: name.clone(), upwards: s > 0.0 });
    }
}
