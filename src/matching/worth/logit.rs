//! Conditional logit (McFadden 1974): how a choice among the day's families was made.

use rayon::prelude::*;

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
/// Choices that one thread takes at a time; sums over them are added up in their order, so that the
/// digits do not depend on the number of threads.
const TAKEN: usize = 64;

impl ChoiceModel {
    /// Fits the model by Newton's method with a small ridge on standardised columns, so that a
    /// column that never varies within a choice stays at zero. `None` where there is nothing to
    /// fit or the steps do not settle.
    #[must_use]
    pub fn fit(choices: &[&Chosen], ridge: f64) -> Option<Self> {
        let p = choices.first()?.options.first()?.len();
        let scale = scales(choices, p);
        let rows = Rows::new(choices, &scale);
        let mut coef = vec![0.0; p];
        let mut at = rows.derivatives(&coef, ridge);
        for _ in 0..STEPS {
            let step = solve(&at.information, &at.gradient)?;
            let size = step.iter().map(|s| s.abs()).fold(0.0, f64::max);
            climb(&rows, &mut coef, &mut at, &step, ridge);
            if size < 1e-9 {
                let se = (0..p).map(|j| {
                    let mut unit = vec![0.0; p];
                    unit[j] = 1.0;
                    solve(&at.information, &unit).map(|v| v[j].max(0.0).sqrt() / scale[j])
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
        let of = |o: &Vec<f64>| o.iter().zip(&self.coef).map(|(x, b)| x * b).sum();
        let mut chance: Vec<f64> = options.iter().map(of).collect();
        softmax(&mut chance);
        chance
    }
}

/// Choices between at least two options, option after option, columns divided by their spread.
struct Rows {
    /// One row of `columns` numbers per option.
    x: Vec<f64>,
    columns: usize,
    /// Of each choice its first and last row, and the row that was chosen.
    choices: Vec<(usize, usize, usize)>,
}

/// The penalised log-likelihood at a point, and its derivatives.
struct At {
    value: f64,
    gradient: Vec<f64>,
    information: Vec<Vec<f64>>,
}

impl Rows {
    fn new(choices: &[&Chosen], scale: &[f64]) -> Self {
        let mut rows = Self { x: Vec::new(), columns: scale.len(), choices: Vec::new() };
        let mut from = 0;
        for c in choices.iter().filter(|c| c.options.len() > 1) {
            for o in &c.options {
                rows.x.extend(o.iter().zip(scale).map(|(x, s)| x / s));
            }
            rows.choices.push((from, from + c.options.len(), from + c.chosen));
            from += c.options.len();
        }
        rows
    }

    fn row(&self, k: usize) -> &[f64] {
        &self.x[k * self.columns..(k + 1) * self.columns]
    }

    fn derivatives(&self, coef: &[f64], ridge: f64) -> At {
        let p = self.columns;
        let mut at = At {
            value: -0.5 * ridge * coef.iter().map(|b| b * b).sum::<f64>(),
            gradient: coef.iter().map(|b| -ridge * b).collect(),
            information: vec![vec![0.0; p]; p],
        };
        (0..p).for_each(|j| at.information[j][j] = ridge);
        let parts: Vec<At> =
            self.choices.par_chunks(TAKEN).map(|some| self.derivatives_of(some, coef)).collect();
        for part in parts {
            at.value += part.value;
            for j in 0..p {
                at.gradient[j] += part.gradient[j];
                for k in 0..=j {
                    at.information[j][k] += part.information[j][k];
                }
            }
        }
        for j in 0..p {
            for k in 0..j {
                at.information[k][j] = at.information[j][k];
            }
        }
        at
    }

    /// Without the ridge, and the lower triangle only.
    fn derivatives_of(&self, choices: &[(usize, usize, usize)], coef: &[f64]) -> At {
        let p = self.columns;
        let information = vec![vec![0.0; p]; p];
        let mut at = At { value: 0.0, gradient: vec![0.0; p], information };
        let (mut chance, mut mean, mut off) = (Vec::new(), vec![0.0; p], vec![0.0; p]);
        for &(from, to, chosen) in choices {
            chance.clear();
            let eta = |k| self.row(k).iter().zip(coef).map(|(x, b)| x * b).sum::<f64>();
            chance.extend((from..to).map(eta));
            softmax(&mut chance);
            at.value += chance[chosen - from].max(1e-300).ln();
            mean.fill(0.0);
            for (k, q) in (from..to).zip(&chance) {
                mean.iter_mut().zip(self.row(k)).for_each(|(m, x)| *m += q * x);
            }
            for (j, x) in self.row(chosen).iter().enumerate() {
                at.gradient[j] += x - mean[j];
            }
            for (k, q) in (from..to).zip(&chance) {
                for ((o, x), m) in off.iter_mut().zip(self.row(k)).zip(&mean) {
                    *o = x - m;
                }
                for (j, row) in at.information.iter_mut().enumerate() {
                    let d = q * off[j];
                    row[..=j].iter_mut().zip(&off).for_each(|(i, o)| *i += d * o);
                }
            }
        }
        at
    }
}

/// Takes a step, halved until it goes up: where one column decides every choice, a whole step of
/// Newton's method goes to and fro for ever.
fn climb(rows: &Rows, coef: &mut Vec<f64>, at: &mut At, step: &[f64], ridge: f64) {
    let mut length = 1.0;
    for _ in 0..30 {
        let next: Vec<f64> = coef.iter().zip(step).map(|(b, s)| b + length * s).collect();
        let there = rows.derivatives(&next, ridge);
        if there.value >= at.value - 1e-12 * at.value.abs() {
            (*coef, *at) = (next, there);
            return;
        }
        length *= 0.5;
    }
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

/// Log odds become chances.
fn softmax(eta: &mut [f64]) {
    let top = eta.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    eta.iter_mut().for_each(|v| *v = (*v - top).exp());
    let sum: f64 = eta.iter().sum();
    eta.iter_mut().for_each(|v| *v /= sum);
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
