//! Conditional logit (McFadden 1974): how a choice among the day's families was made.

/// A choice: the features of each option, and which one was chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// One row per option; all rows have the same columns.
    pub options: Vec<Vec<f64>>,
    /// The position of the one that was chosen.
    pub chosen: usize,
}

/// A fitted choice model.
#[derive(Debug, Clone, PartialEq)]
pub struct ChoiceModel {
    /// One coefficient per column.
    pub coef: Vec<f64>,
    /// Their standard errors (model-based).
    pub se: Vec<f64>,
}

/// Steps of Newton's method at most.
const STEPS: usize = 50;

impl ChoiceModel {
    /// Fits the model by Newton's method with a small ridge on standardised columns, so that a
    /// column that never varies within a choice stays at zero. `None` where there is nothing to
    /// fit or the steps do not settle.
    #[must_use]
    pub fn fit(choices: &[&Chosen], ridge: f64) -> Option<Self> {
        let p = choices.first()?.options.first()?.len();
        let scale = scales(choices, p);
        let mut coef = vec![0.0; p];
        for _ in 0..STEPS {
            let (gradient, information) = derivatives(choices, &coef, &scale, ridge);
            let step = solve(&information, &gradient)?;
            let size = step.iter().map(|s| s.abs()).fold(0.0, f64::max);
            coef = climb(choices, &coef, &step, &scale, ridge);
            if size < 1e-9 {
                let se = (0..p).map(|j| {
                    let mut unit = vec![0.0; p];
                    unit[j] = 1.0;
                    solve(&information, &unit).map(|v| v[j].max(0.0).sqrt() / scale[j])
                });
                let se = se.collect::<Option<Vec<f64>>>()?;
                let coef = coef.iter().zip(&scale).map(|(b, s)| b / s).collect();
                return Some(Self { coef, se });
            }
        }
        None
    }

    /// The chance of each option.
    #[must_use]
    pub fn chances(&self, options: &[Vec<f64>]) -> Vec<f64> {
        let one = vec![1.0; self.coef.len()];
        softmax(options, &self.coef, &one)
    }
}

/// The penalised log-likelihood.
fn value(choices: &[&Chosen], coef: &[f64], scale: &[f64], ridge: f64) -> f64 {
    let of = |c: &&Chosen| softmax(&c.options, coef, scale)[c.chosen].max(1e-300).ln();
    let squares: f64 = coef.iter().map(|b| b * b).sum();
    choices.iter().map(of).sum::<f64>() - 0.5 * ridge * squares
}

/// A step, halved until it goes up: where one column decides every choice, a whole step of
/// Newton's method goes to and fro for ever.
fn climb(choices: &[&Chosen], coef: &[f64], step: &[f64], scale: &[f64], ridge: f64) -> Vec<f64> {
    let now = value(choices, coef, scale, ridge);
    let mut length = 1.0;
    for _ in 0..30 {
        let next: Vec<f64> = coef.iter().zip(step).map(|(b, s)| b + length * s).collect();
        if value(choices, &next, scale, ridge) >= now - 1e-12 * now.abs() {
            return next;
        }
        length *= 0.5;
    }
    coef.to_vec()
}

/// The spread of each column within choices; 1 where it does not vary.
fn scales(choices: &[&Chosen], p: usize) -> Vec<f64> {
    let (mut squares, mut n) = (vec![0.0; p], 0.0);
    for c in choices {
        let m = c.options.len() as f64;
        for j in 0..p {
            let mean = c.options.iter().map(|o| o[j]).sum::<f64>() / m;
            squares[j] += c.options.iter().map(|o| (o[j] - mean).powi(2)).sum::<f64>();
        }
        n += m;
    }
    squares
        .iter()
        .map(|s| (s / n.max(1.0)).sqrt())
        .map(|s| if s > 1e-12 { s } else { 1.0 })
        .collect()
}

fn softmax(options: &[Vec<f64>], coef: &[f64], scale: &[f64]) -> Vec<f64> {
    let eta: Vec<f64> = options
        .iter()
        .map(|o| o.iter().zip(coef).zip(scale).map(|((x, b), s)| x / s * b).sum())
        .collect();
    let top = eta.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let e: Vec<f64> = eta.iter().map(|v| (v - top).exp()).collect();
    let sum: f64 = e.iter().sum();
    e.into_iter().map(|v| v / sum).collect()
}

fn derivatives(
    choices: &[&Chosen],
    coef: &[f64],
    scale: &[f64],
    ridge: f64,
) -> (Vec<f64>, Vec<Vec<f64>>) {
    let p = coef.len();
    let mut gradient: Vec<f64> = coef.iter().map(|b| -ridge * b).collect();
    let mut information = vec![vec![0.0; p]; p];
    (0..p).for_each(|j| information[j][j] = ridge);
    for c in choices.iter().filter(|c| c.options.len() > 1) {
        let chance = softmax(&c.options, coef, scale);
        let of = |o: &Vec<f64>, j: usize| o[j] / scale[j];
        let mean: Vec<f64> = (0..p)
            .map(|j| c.options.iter().zip(&chance).map(|(o, q)| q * of(o, j)).sum())
            .collect();
        for j in 0..p {
            gradient[j] += of(&c.options[c.chosen], j) - mean[j];
        }
        for (o, q) in c.options.iter().zip(&chance) {
            for j in 0..p {
                let d = q * (of(o, j) - mean[j]);
                for k in 0..=j {
                    information[j][k] += d * (of(o, k) - mean[k]);
                }
            }
        }
    }
    for j in 0..p {
        for k in 0..j {
            information[k][j] = information[j][k];
        }
    }
    (gradient, information)
}

/// Solves a symmetric positive definite system; `None` where it is not one.
pub(super) fn solve(a: &[Vec<f64>], b: &[f64]) -> Option<Vec<f64>> {
    let n = b.len();
    let mut l = vec![vec![0.0; n]; n];
    for i in 0..n {
        for j in 0..=i {
            let s: f64 = (0..j).map(|k| l[i][k] * l[j][k]).sum();
            let v = a[i][j] - s;
            if i == j {
                if v <= 0.0 || !v.is_finite() {
                    return None;
                }
                l[i][i] = v.sqrt();
            } else {
                l[i][j] = v / l[j][j];
            }
        }
    }
    let mut y = vec![0.0; n];
    for i in 0..n {
        let s: f64 = (0..i).map(|k| l[i][k] * y[k]).sum();
        y[i] = (b[i] - s) / l[i][i];
    }
    for i in (0..n).rev() {
        let s: f64 = (i + 1..n).map(|k| l[k][i] * y[k]).sum();
        y[i] = (y[i] - s) / l[i][i];
    }
    Some(y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_options_and_one_mark_give_the_log_odds() {
        // 30 times the marked one of two is chosen, 10 times the other: ln 3, se √(1/30 + 1/10).
        let make = |chosen| Chosen { options: vec![vec![1.0], vec![0.0]], chosen };
        let all: Vec<Chosen> = (0..40).map(|k| make(usize::from(k >= 30))).collect();
        let fit = ChoiceModel::fit(&all.iter().collect::<Vec<_>>(), 0.0).unwrap();
        assert!((fit.coef[0] - 3f64.ln()).abs() < 1e-9);
        assert!((fit.se[0] - (1.0 / 30.0 + 1.0 / 10.0_f64).sqrt()).abs() < 1e-9);
        let chance = fit.chances(&all[0].options);
        assert!((chance[0] - 0.75).abs() < 1e-9);
    }

    #[test]
    fn a_rare_mark_that_decides_every_choice_is_fitted_all_the_same() {
        // In three of 300 choices one option of a hundred has the mark, and it is chosen.
        let all: Vec<Chosen> = (0..300)
            .map(|k| {
                let marked = |o: usize| f64::from(u8::from(k % 100 == 0 && o == 7));
                let options = (0..100).map(|o| vec![marked(o), (o % 10) as f64]).collect();
                Chosen { options, chosen: if k % 100 == 0 { 7 } else { k % 100 } }
            })
            .collect();
        let fit = ChoiceModel::fit(&all.iter().collect::<Vec<_>>(), 1.0).unwrap();
        assert!(fit.coef[0] > 3.0 && fit.coef.iter().all(|b| b.is_finite()), "{fit:?}");
        assert!(fit.chances(&all[0].options)[7] > 0.5);
    }

    #[test]
    fn a_column_that_does_not_vary_stays_at_zero_and_nothing_is_no_fit() {
        let make = |k: usize| Chosen {
            options: vec![vec![1.0, 5.0], vec![0.0, 5.0], vec![2.0, 5.0]],
            chosen: k % 3,
        };
        let all: Vec<Chosen> = (0..30).map(make).collect();
        let fit = ChoiceModel::fit(&all.iter().collect::<Vec<_>>(), 1e-3).unwrap();
        assert_eq!(fit.coef[1], 0.0);
        assert!(fit.coef[0].abs() < 1e-9, "each is chosen as often");
        assert!(ChoiceModel::fit(&[], 0.1).is_none());
    }
}
