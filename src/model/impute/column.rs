//! One column, drawn from a model of it: predictive mean matching for numbers, Bayesian logistic
//! regressions for levels.

use ndarray::{Array1, Array2};
use rand::{Rng, RngExt, seq::SliceRandom};
use rand_distr::{ChiSquared, Distribution, StandardNormal};

use crate::survival::linalg::Cholesky;

/// Rows among which the value of a missing one is drawn (R's `mice` takes as many).
const DONORS: usize = 5;
/// The share of a column's own variation that is added to it, so that collinear columns do no harm.
const RIDGE: f64 = 1e-5;
/// The variance of the normal prior of a logistic coefficient of a standardised column: it keeps
/// columns that separate the levels within reason.
const PRIOR: f64 = 25.0;
/// The most Newton steps.
const STEPS: usize = 25;

/// Predictive mean matching (Rubin 1986; Little 1988; type 1 of van Buuren 2018 §3.4): a line is
/// drawn from its posterior, and each missing row gets the value of one of the five known rows
/// whose fitted values lie nearest to its own drawn one. So a drawn value is always one that
/// occurs.
///
/// `x` has a row for every row of the data; gives one value per row of `lacking`.
pub(super) fn by_matching(
    x: &Array2<f64>,
    values: &[f64],
    known: &[usize],
    lacking: &[usize],
    rng: &mut impl Rng,
) -> Vec<f64> {
    let p = x.ncols();
    let (mut information, mut cross) = (Array2::<f64>::zeros((p, p)), Array1::<f64>::zeros(p));
    for &row in known {
        let own = x.row(row);
        add_square(&mut information, own.as_slice().unwrap_or_default(), 1.0);
        cross.scaled_add(values[row], &own);
    }
    mirror(&mut information);
    for j in 0..p {
        information[[j, j]] *= 1.0 + RIDGE;
    }
    let factor = Cholesky::new(&information, 1e-12);
    let estimate = factor.solve(cross.view());
    let fitted = |row: usize, beta: &Array1<f64>| x.row(row).dot(beta);
    let rss: f64 = known.iter().map(|&r| (values[r] - fitted(r, &estimate)).powi(2)).sum();
    let df = known.len().saturating_sub(factor.rank()).max(1) as f64;
    let chi = ChiSquared::new(df).map_or(df, |law| law.sample(rng));
    let sigma = (rss / chi).sqrt();
    let drawn = &estimate + &(normal_draw(&factor, rng) * sigma);
    // Ties in random order, so that no row is a donor for its place in the file.
    let mut order: Vec<usize> = known.to_vec();
    order.shuffle(rng);
    let mut donors: Vec<(f64, f64)> =
        order.into_iter().map(|r| (fitted(r, &estimate), values[r])).collect();
    donors.sort_by(|a, b| a.0.total_cmp(&b.0));
    let draw = |&row: &usize| {
        let (from, to) = nearest(&donors, fitted(row, &drawn));
        donors[rng.random_range(from..to)].1
    };
    lacking.iter().map(draw).collect()
}

/// The run of donors that lie nearest to a value.
fn nearest(donors: &[(f64, f64)], value: f64) -> (usize, usize) {
    let at = donors.partition_point(|d| d.0 < value);
    let (mut from, mut to) = (at, at);
    while to - from < DONORS.min(donors.len()) {
        let below = from.checked_sub(1).map(|k| value - donors[k].0);
        let above = donors.get(to).map(|d| d.0 - value);
        match (below, above) {
            (Some(b), Some(a)) if b <= a => from -= 1,
            (Some(_), None) => from -= 1,
            _ => to += 1,
        }
    }
    (from, to)
}

/// Levels, the most frequent first: each against those that are rarer, by Bayesian logistic
/// regressions whose coefficients are drawn from their posterior. Together they are a model of
/// all levels (continuation-ratio logits).
///
/// `class[row]` is below `classes` for a known row; gives one class per row of `lacking`.
pub(super) fn by_logits(
    x: &Array2<f64>,
    class: &[usize],
    classes: usize,
    known: &[usize],
    lacking: &[usize],
    rng: &mut impl Rng,
) -> Vec<usize> {
    let mut found = vec![classes.saturating_sub(1); lacking.len()];
    let mut open: Vec<usize> = (0..lacking.len()).collect();
    for level in 0..classes.saturating_sub(1) {
        let rows: Vec<usize> = known.iter().copied().filter(|&r| class[r] >= level).collect();
        let (estimate, factor) = logistic(x, &rows, |row| class[row] == level);
        let beta = estimate + normal_draw(&factor, rng);
        open.retain(|&k| {
            let eta: f64 = x.row(lacking[k]).dot(&beta);
            let here = rng.random::<f64>() < 1.0 / (1.0 + (-eta).exp());
            if here {
                found[k] = level;
            }
            !here
        });
    }
    found
}

/// The mode of the posterior, and the curvature there.
fn logistic(
    x: &Array2<f64>,
    rows: &[usize],
    hit: impl Fn(usize) -> bool,
) -> (Array1<f64>, Cholesky) {
    let p = x.ncols();
    let mut beta = Array1::<f64>::zeros(p);
    let at = |beta: &Array1<f64>| {
        let (mut score, mut information) = (Array1::<f64>::zeros(p), Array2::<f64>::zeros((p, p)));
        let mut loglik = -beta.iter().map(|b| b * b).sum::<f64>() / (2.0 * PRIOR);
        for &row in rows {
            let own = x.row(row);
            let eta: f64 = own.dot(beta);
            let probability = 1.0 / (1.0 + (-eta).exp());
            let y = f64::from(u8::from(hit(row)));
            // log p = −log(1 + e^−η), without overflow.
            let side = if y > 0.0 { -eta } else { eta };
            loglik -= if side > 0.0 { side + (-side).exp().ln_1p() } else { side.exp().ln_1p() };
            score.scaled_add(y - probability, &own);
            let weight = probability * (1.0 - probability);
            add_square(&mut information, own.as_slice().unwrap_or_default(), weight);
        }
        mirror(&mut information);
        for j in 0..p {
            score[j] -= beta[j] / PRIOR;
            information[[j, j]] += 1.0 / PRIOR;
        }
        (loglik, score, Cholesky::new(&information, 1e-14))
    };
    let mut now = at(&beta);
    for _ in 0..STEPS {
        let mut step = now.2.solve(now.1.view());
        let mut next = at(&(&beta + &step));
        while next.0 < now.0 - 1e-9 && step.iter().any(|s| s.abs() > 1e-9) {
            step *= 0.5;
            next = at(&(&beta + &step));
        }
        beta += &step;
        let gain = next.0 - now.0;
        now = next;
        if gain < 1e-8 * (1.0 + now.0.abs()) {
            break;
        }
    }
    (beta, now.2)
}

/// A draw from the normal distribution around zero whose covariance is the inverse of what was
/// factored.
fn normal_draw(factor: &Cholesky, rng: &mut impl Rng) -> Array1<f64> {
    let covariance = factor.inverse();
    let p = covariance.nrows();
    let z: Vec<f64> = (0..p).map(|_| StandardNormal.sample(rng)).collect();
    let mut root = Array2::<f64>::zeros((p, p));
    let mut draw = Array1::zeros(p);
    for j in 0..p {
        let left = covariance[[j, j]] - (0..j).map(|k| root[[j, k]].powi(2)).sum::<f64>();
        if left > 1e-14 * covariance[[j, j]].abs() {
            root[[j, j]] = left.sqrt();
            for i in j + 1..p {
                let s: f64 = (0..j).map(|k| root[[i, k]] * root[[j, k]]).sum();
                root[[i, j]] = (covariance[[i, j]] - s) / root[[j, j]];
            }
        }
        draw[j] = (0..=j).map(|k| root[[j, k]] * z[k]).sum();
    }
    draw
}

/// Adds `weight · x x'` to the lower triangle.
fn add_square(sum: &mut Array2<f64>, x: &[f64], weight: f64) {
    for (i, &a) in x.iter().enumerate() {
        if a != 0.0 {
            let scaled = weight * a;
            sum.row_mut(i).iter_mut().zip(&x[..=i]).for_each(|(s, &b)| *s += scaled * b);
        }
    }
}

fn mirror(sum: &mut Array2<f64>) {
    for i in 0..sum.nrows() {
        for j in 0..i {
            sum[[j, i]] = sum[[i, j]];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha12Rng;

    /// An intercept and one column.
    fn line(n: usize) -> Array2<f64> {
        Array2::from_shape_fn((n, 2), |(i, j)| if j == 0 { 1.0 } else { i as f64 / 100.0 - 5.0 })
    }

    #[test]
    fn a_drawn_number_occurs_and_lies_near_the_line() {
        let mut rng = ChaCha12Rng::seed_from_u64(1);
        let x = line(1000);
        let value = |i: usize| 3.0 * x[[i, 1]] + f64::from((i % 7) as u8) / 7.0;
        let values: Vec<f64> = (0..1000).map(value).collect();
        let (lacking, known): (Vec<usize>, Vec<usize>) = (0..1000).partition(|i| i % 4 == 1);
        let drawn = by_matching(&x, &values, &known, &lacking, &mut rng);
        for (&row, d) in lacking.iter().zip(&drawn) {
            assert!((d - values[row]).abs() < 1.5, "{row}: {d} {}", values[row]);
            assert!(known.iter().any(|&k| values[k] == *d));
        }
    }

    #[test]
    fn levels_follow_their_odds() {
        let mut rng = ChaCha12Rng::seed_from_u64(2);
        let x = line(4000);
        let class: Vec<usize> = (0..4000)
            .map(|i| {
                let first = 1.0 / (1.0 + (-(x[[i, 1]] / 10.0 - 1.0)).exp());
                if rng.random::<f64>() < first { 0 } else { 1 + usize::from(i % 3 == 0) }
            })
            .collect();
        let (lacking, known): (Vec<usize>, Vec<usize>) = (0..4000).partition(|i| i % 2 == 1);
        let drawn = by_logits(&x, &class, 3, &known, &lacking, &mut rng);
        for level in 0..3 {
            let share = |rows: &mut dyn Iterator<Item = usize>| {
                rows.filter(|&c| c == level).count() as f64 / 2000.0
            };
            let seen = share(&mut lacking.iter().map(|&r| class[r]));
            let got = share(&mut drawn.iter().copied());
            assert!((seen - got).abs() < 0.05, "{level}: {seen} {got}");
        }
    }

    #[test]
    fn separated_levels_stay_finite() {
        let mut rng = ChaCha12Rng::seed_from_u64(3);
        let x = line(200);
        let class: Vec<usize> = (0..200).map(|i| usize::from(i > 99)).collect();
        let known: Vec<usize> = (0..200).filter(|i| i % 5 != 0).collect();
        let drawn = by_logits(&x, &class, 2, &known, &[0, 195], &mut rng);
        assert_eq!(drawn, [0, 1]);
    }
}
