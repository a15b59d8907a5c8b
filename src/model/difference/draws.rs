//! Drawing the risks of all rows anew, together: from the same draw of the coefficients and of
//! the baseline, to first order (the delta method), so that a difference between two rows varies
//! as [`Contrasts::difference`] says.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rand_distr::{Distribution, StandardNormal};

use super::{Contrasts, Engine, Moves};

impl Contrasts<'_> {
    /// The risks of a replicate, row by row; `None` where a row has no number. Where the kind of
    /// model does not tell how its errors hang together each row is drawn on its own. The same
    /// seed and replicate give the same risks.
    #[must_use]
    pub fn draw(&self, seed: u64, replicate: u64) -> Vec<Option<f64>> {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        rng.set_stream(replicate);
        // One of the imputations, each in its turn.
        let hazards = self.model.engine.proportional();
        let turn = (replicate as usize).checked_rem(hazards.len()).unwrap_or(0);
        let factors: Vec<Vec<Vec<f64>>> = match (&self.model.engine, hazards.get(turn)) {
            (_, Some(h)) => h.effects.iter().map(|e| root(&e.covariance)).collect(),
            (Engine::Smooth(s), _) => s.causes.iter().map(|c| root(&c.covariance)).collect(),
            _ => Vec::new(),
        };
        let coefs: Vec<Vec<f64>> = factors.iter().map(|l| correlated(l, &mut rng)).collect();
        let levels: Vec<f64> = match hazards.get(turn) {
            Some(h) => h.effects.iter().map(|e| e.between_strata.sqrt()).collect(),
            None => vec![0.0; factors.len()],
        };
        let shared = self.shared(turn, &mut rng);
        let mut own = |row: &super::Comparable| {
            let risk = match row.moves.get(turn) {
                Some((risk, m)) => {
                    let open =
                        if row.open > 0.0 { row.open.sqrt() * normal(&mut rng) } else { 0.0 };
                    risk + moved(m, &coefs, &levels, &shared) + open
                }
                None => row.estimate + row.variance.max(0.0).sqrt() * normal(&mut rng),
            };
            risk.clamp(0.0, 1.0)
        };
        self.rows.iter().map(|r| r.as_ref().map(&mut own)).collect()
    }

    /// The draws that rows of one stratum share: of the cells of each baseline, and of the level
    /// of each stratum for which the pooled baseline stands in.
    fn shared(&self, turn: usize, rng: &mut ChaCha12Rng) -> BTreeMap<Key<'_>, Vec<f64>> {
        let mut wanted: BTreeMap<Key<'_>, usize> = BTreeMap::new();
        for m in self.rows.iter().flatten().filter_map(|row| row.moves.get(turn).map(|m| &m.1)) {
            for (k, cause) in m.causes.iter().enumerate() {
                let cells = cause.by_cell.iter().map(|c| c.0 + 1).max().unwrap_or(0);
                let known = wanted.entry((m.own.as_deref(), k, false)).or_insert(0);
                *known = cells.max(*known);
                if let Some(stratum) = &m.stands_in_for {
                    wanted.insert((Some(stratum), k, true), 1);
                }
            }
        }
        let draw = |(key, n)| (key, (0..n).map(|_| normal(rng)).collect());
        wanted.into_iter().map(draw).collect()
    }
}

/// A stratum, a cause, and whether it is the stratum's level rather than its cells.
type Key<'a> = (Option<&'a str>, usize, bool);

/// How far a risk moves with one draw.
fn moved(
    m: &Moves,
    coefs: &[Vec<f64>],
    levels: &[f64],
    shared: &BTreeMap<Key<'_>, Vec<f64>>,
) -> f64 {
    let mut off = 0.0;
    for (k, cause) in m.causes.iter().enumerate() {
        if let Some(coef) = coefs.get(k) {
            off += cause.by_coef.iter().zip(coef).map(|(a, z)| a * z).sum::<f64>();
        }
        if let Some(z) = shared.get(&(m.own.as_deref(), k, false)) {
            off += cause.by_cell.iter().map(|&(cell, weight)| weight * z[cell]).sum::<f64>();
        }
        let stratum = m.stands_in_for.as_deref();
        if let Some(z) = shared.get(&(stratum, k, true)).filter(|_| stratum.is_some()) {
            off += cause.by_level * levels.get(k).copied().unwrap_or(0.0) * z[0];
        }
    }
    off
}

fn normal(rng: &mut impl Rng) -> f64 {
    StandardNormal.sample(rng)
}

fn correlated(l: &[Vec<f64>], rng: &mut impl Rng) -> Vec<f64> {
    let z: Vec<f64> = l.iter().map(|_| normal(rng)).collect();
    l.iter().map(|row| row.iter().zip(&z).map(|(a, z)| a * z).sum()).collect()
}

/// A root L of a covariance with L·Lᵀ equal to it up to rounding; `None` where there is none.
pub(super) fn exact_root(v: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let l = root(v);
    let near = |i: usize, j: usize| {
        let product: f64 = l[i].iter().zip(&l[j]).map(|(a, b)| a * b).sum();
        (product - v[i][j]).abs() <= 1e-12 * (v[i][i] * v[j][j]).sqrt()
    };
    (0..v.len()).all(|i| (0..=i).all(|j| near(i, j))).then_some(l)
}

/// A lower triangular root of a covariance; a direction without variance stays zero.
fn root(v: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let n = v.len();
    let mut l = vec![vec![0.0; n]; n];
    for j in 0..n {
        let d = v[j][j] - (0..j).map(|k| l[j][k] * l[j][k]).sum::<f64>();
        if d <= 1e-14 * v[j][j].abs() {
            continue;
        }
        l[j][j] = d.sqrt();
        for i in j + 1..n {
            let s: f64 = (0..j).map(|k| l[i][k] * l[j][k]).sum();
            l[i][j] = (v[i][j] - s) / l[j][j];
        }
    }
    l
}
