//! How columns spread within the risk sets: the curvature of the log likelihood as Y′Y − Z′Z.

use super::kernels::SIDE;
use super::problem::{Problem, State};

/// The weights of rows and of risk sets at some state.
#[derive(Debug, Clone)]
pub(super) enum Spread {
    /// Where rows leave the risk sets and none comes in, a set is the one after it and a few rows
    /// more. A row that joins a set of weight s with its weight r adds r s/(r + s) times the square
    /// of its distance to the set's mean to the set's squares (Welford 1962), and the same to every
    /// set before: Z is empty, and a row of Y is that distance times a `root`. The mean moves by a
    /// `share` of the distance.
    Nested { root: Vec<f64>, share: Vec<f64> },
    /// Otherwise Y is X times the `root` of the expected events, and a row of Z is the mean over a
    /// risk set times the root of its deaths' weight, which is `per_set` of its sum by `r`.
    Sets { root: Vec<f64>, r: Vec<f64>, per_set: Vec<f64> },
}

impl Spread {
    pub(super) fn new(problem: &Problem, state: &State) -> Self {
        let Some(ends) = problem.nested() else {
            return Self::sets(problem, state);
        };
        let (mut root, mut share) = (vec![0.0; problem.n], vec![0.0; problem.n]);
        let mut after = 0.0;
        for i in (0..problem.n).rev() {
            if ends(i) {
                after = 0.0;
            }
            let with = after + state.r[i];
            if with > 0.0 {
                root[i] = (state.expected[i] * (after / with)).sqrt();
                share[i] = state.r[i] / with;
            }
            after = with;
        }
        Self::Nested { root, share }
    }

    fn sets(problem: &Problem, state: &State) -> Self {
        let root = |(d, s): (&f64, &f64)| if *d > 0.0 { d.sqrt() / s } else { 0.0 };
        Self::Sets {
            root: state.expected.iter().map(|e| e.max(0.0).sqrt()).collect(),
            r: state.r.clone(),
            per_set: problem.deaths.iter().zip(&state.s0).map(root).collect(),
        }
    }

    /// Some columns' parts of Y and Z.
    pub(super) fn parts(&self, problem: &Problem, columns: &[usize]) -> Vec<(Vec<f64>, Vec<f64>)> {
        match self {
            Self::Nested { root, share } => {
                let four = |columns: &[usize]| {
                    let last = columns.len() - 1;
                    let x: [&[f64]; SIDE] =
                        std::array::from_fn(|k| problem.column(columns[k.min(last)]));
                    let parts = nested(root, share, x).into_iter().take(columns.len());
                    parts.map(|y| (y, Vec::new())).collect::<Vec<_>>()
                };
                columns.chunks(SIDE).flat_map(four).collect()
            }
            Self::Sets { root, r, per_set } => {
                let one = |&j: &usize| {
                    let x = problem.column(j);
                    let times = |v: &[f64]| v.iter().zip(x).map(|(v, x)| v * x).collect();
                    let (y, risk): (Vec<f64>, Vec<f64>) = (times(root), times(r));
                    let mut z = vec![0.0; per_set.len()];
                    problem.risk_sums(&risk, &mut z);
                    z.iter_mut().zip(per_set).for_each(|(z, per)| *z *= per);
                    (y, z)
                };
                columns.iter().map(one).collect()
            }
        }
    }
}

/// A few columns together: each waits for its mean.
fn nested(root: &[f64], share: &[f64], x: [&[f64]; SIDE]) -> [Vec<f64>; SIDE] {
    let n = root.len();
    let mut out: [Vec<f64>; SIDE] = std::array::from_fn(|_| vec![0.0; n]);
    let mut mean = [0.0; SIDE];
    for i in (0..n).rev() {
        for k in 0..SIDE {
            let off = x[k][i] - mean[k];
            out[k][i] = root[i] * off;
            mean[k] += share[i] * off;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::survival::{Outcome, Sample};

    /// Weighted rows in three strata, with ties; one stratum has no event.
    #[test]
    fn nested_sets_spread_as_their_moments_say() {
        let n = 60;
        let x = Array2::from_shape_fn((n, 6), |(i, j)| ((i * (j + 3) * 7) % 23) as f64 / 9.0);
        let exit = (0..n).map(|i| 1.0 + ((i * 5) % 13) as f64).collect();
        let cause = (0..n).map(|i| u32::from(i % 3 != 2 && i % 5 > 1)).collect();
        let y = Outcome::new(None, exit, cause, vec!["end".into()]).unwrap();
        let names = (0..6).map(|j| format!("x{j}")).collect();
        let sample = Sample::new(x, names, y).unwrap();
        let sample = sample.with_strata((0..n as u32).map(|i| i % 3).collect()).unwrap();
        let weights = (0..n).map(|i| 0.5 + (i % 4) as f64).collect();
        let sample = sample.with_weights(weights).unwrap();
        let problem = Problem::new(&sample, 1, None, |_| true).unwrap();
        let mut state = problem.null().unwrap();
        problem.step(&mut state, &[(0, 0.7), (3, -1.2)]).unwrap();
        let columns: Vec<usize> = (0..6).collect();
        let nested = Spread::new(&problem, &state);
        assert!(matches!(nested, Spread::Nested { .. }));
        let nested = nested.parts(&problem, &columns);
        let sets = Spread::sets(&problem, &state).parts(&problem, &columns);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        for a in 0..6 {
            for b in 0..6 {
                let by_sets = dot(&sets[a].0, &sets[b].0) - dot(&sets[a].1, &sets[b].1);
                let found = dot(&nested[a].0, &nested[b].0);
                assert!((found - by_sets).abs() < 1e-14, "{a} {b}: {found} {by_sets}");
            }
            assert!(nested[a].1.is_empty() && dot(&nested[a].0, &nested[a].0) > 0.01);
        }
    }
}
