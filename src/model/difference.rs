//! The difference in risk between two rows, with its variance from the same coefficients.
//!
//! Two risks of one model share its errors, so that their difference is known better than either.
//! Comparing their intervals by eye would call too much equal.

mod draws;

use rayon::prelude::*;

use super::ModelError;
use super::hazards::{Chosen, Estimate, Proportional, Spread, quadratic};
use super::predict::Row;
use super::prediction::Prediction;
use super::smooth::{Smooth, SmoothCause};
use super::trained::{Engine, Model};
use crate::features::Frame;
use crate::progress::Progress;

/// How much of a point is looked at before the whole of it.
const FIRST_PART: usize = 32;

/// The risks of the rows of one frame at one horizon, ready to be compared with one another.
pub struct Contrasts<'m> {
    model: &'m Model,
    rows: Vec<Option<Comparable>>,
    z: f64,
}

/// A risk in a form that can be compared with another of the same model, horizon and time lasted.
#[derive(Debug, Clone, PartialEq)]
struct Comparable {
    estimate: f64,
    variance: f64,
    /// The risk, and how it moves with every number of the model: once, or once per imputation;
    /// empty where the kind of model does not tell.
    moves: Vec<(f64, Moves)>,
    /// The variance that comes from what is not known of the row itself.
    open: f64,
    /// Each of `moves` as a point, where it can be one: see [`Proportional::point`].
    points: Vec<Option<Vec<f64>>>,
}

/// Roots of the covariances of the coefficients of each cause.
type Roots = Vec<Option<Vec<Vec<f64>>>>;

#[derive(Debug, Clone, PartialEq)]
struct Moves {
    /// The stratum whose baseline is used; `None` is the pooled one.
    own: Option<String>,
    /// The unseen stratum for which the pooled baseline stands in.
    stands_in_for: Option<String>,
    causes: Vec<CauseMoves>,
}

#[derive(Debug, Clone, PartialEq)]
struct CauseMoves {
    by_coef: Vec<f64>,
    /// Per cell, times the cell's standard deviation.
    by_cell: Vec<(usize, f64)>,
    by_level: f64,
}

impl Model {
    /// Makes ready to compare the risks of the rows of a frame (the columns of
    /// [`Model::columns`]) within a horizon from the start.
    ///
    /// # Errors
    /// As [`Model::predict`].
    pub fn contrasts(&self, frame: &Frame, horizon: f64) -> Result<Contrasts<'_>, ModelError> {
        self.may_predict()?;
        let lasted = vec![0.0; frame.len()];
        let rows = self.rows(frame, &lasted, &[horizon])?;
        let roots = self.roots();
        let of = |r: usize| self.comparable(&self.row(&rows, r, 0.0).ok()?, horizon, &roots);
        let rows = (0..frame.len()).into_par_iter().map(of).collect();
        Ok(Contrasts { model: self, rows, z: self.z() })
    }

    /// The predictions of the rows of a frame from their start, and at the last horizon what
    /// [`Model::contrasts`] gives: both ask the same of the model, and in one go it is asked once.
    ///
    /// # Errors
    /// As [`Model::predict`].
    pub fn predict_with_contrasts(
        &self,
        frame: &Frame,
        horizons: &[f64],
        progress: &dyn Progress,
    ) -> Result<(Vec<Prediction>, Contrasts<'_>), ModelError> {
        self.may_predict()?;
        let last = horizons.iter().copied().fold(0.0, f64::max);
        let rows = self.rows(frame, &vec![0.0; frame.len()], &[horizons, &[last]].concat())?;
        let roots = self.roots();
        progress.start("predicting", frame.len() as u64);
        let of = |r: usize| {
            let row = self.row(&rows, r, 0.0);
            let found = row.as_ref().ok().and_then(|row| self.comparable(row, last, &roots));
            let risk = |c: &Comparable| Estimate { value: c.estimate, variance: c.variance };
            let known = found.as_ref().map(|c| (last, risk(c)));
            let prediction = self.predict_row(&rows, r, row.as_ref(), horizons, known);
            progress.advance(1);
            (prediction, found)
        };
        let (all, rows) = (0..frame.len()).into_par_iter().with_min_len(16).map(of).unzip();
        progress.finish();
        Ok((all, Contrasts { model: self, rows, z: self.z() }))
    }

    /// Half the width of an interval, in standard errors.
    fn z(&self) -> f64 {
        std::f64::consts::SQRT_2 * statrs::function::erf::erf_inv(self.about.interval)
    }

    fn roots(&self) -> Vec<Roots> {
        self.engine.proportional().iter().map(|h| h.roots()).collect()
    }

    /// The risk of a row, how it moves, and that as points.
    fn comparable(&self, row: &Row<'_>, horizon: f64, roots: &[Roots]) -> Option<Comparable> {
        let mut found = self.moving(row, horizon)?;
        let models = self.engine.proportional();
        let points = found.moves.iter().zip(models).zip(roots);
        found.points = points.map(|((m, h), roots)| h.point(&m.1, roots)).collect();
        Some(found)
    }

    /// The risk of a row and how it moves, not yet as points.
    fn moving(&self, row: &Row<'_>, horizon: f64) -> Option<Comparable> {
        let from = self.clock(row);
        let to = from + horizon;
        let of_hazards = |h: &Proportional| {
            let chosen = h.baselines[row.landmark].choose(row.stratum);
            let (e, causes) = h.moves(chosen, &row.x, row.offset, from, to)?;
            let label = row.stratum.map(str::to_owned);
            let (own, stands_in_for) = if chosen.in_place { (None, label) } else { (label, None) };
            Some((e, Moves { own, stands_in_for, causes }))
        };
        let with = |Estimate { value: estimate, variance }: Estimate, moves, open| Comparable {
            estimate,
            variance,
            moves,
            open,
            points: Vec::new(),
        };
        let asked = || self.estimate(row, horizon).ok();
        Some(match &self.engine {
            Engine::Hazards(h) => {
                let (e, moves) = of_hazards(h)?;
                with(e, vec![(e.value, moves)], 0.0)
            }
            Engine::Imputed(i) => {
                let open = i.open(row.asked(from, to), &row.unknown)?;
                let of = |h| of_hazards(h).map(|(e, moves)| (e.value, moves));
                with(asked()?, i.models.iter().map(of).collect::<Option<_>>()?, open)
            }
            Engine::Smooth(s) => {
                let e = asked()?;
                let (_, moves) = s.moves(row.landmark, &row.x, row.offset, from, to, 0)?;
                let of = |by_coef| CauseMoves { by_coef, by_cell: Vec::new(), by_level: 0.0 };
                let causes = moves.into_iter().map(of).collect();
                with(e, vec![(e.value, Moves { own: None, stands_in_for: None, causes })], 0.0)
            }
            Engine::Discrete(_)
            | Engine::Forests(_)
            | Engine::SurvivalForests(_)
            | Engine::Boosted(_)
            | Engine::Rows(_) => with(asked()?, Vec::new(), 0.0),
        })
    }
}

impl Contrasts<'_> {
    /// The difference in risk between two rows, a − b, and its standard error; `None` where one
    /// has no number. Where the kind of model does not tell how its errors hang together the
    /// error is the largest that it can be.
    #[must_use]
    pub fn difference(&self, a: usize, b: usize) -> Option<(f64, f64)> {
        let (x, y) = (self.rows.get(a)?.as_ref()?, self.rows.get(b)?.as_ref()?);
        let joint = if a == b { Some(0.0) } else { self.joint(x, y) };
        let widest = x.variance.sqrt() + y.variance.sqrt();
        Some((x.estimate - y.estimate, joint.map_or(widest, |v| v.max(0.0).sqrt())))
    }

    /// The variance of the difference between two risks: over imputations by Rubin's rules.
    fn joint(&self, x: &Comparable, y: &Comparable) -> Option<f64> {
        if let Engine::Smooth(s) = &self.model.engine {
            return s.joint_variance(&x.moves.first()?.1, &y.moves.first()?.1);
        }
        let models = self.model.engine.proportional();
        let pairs = x.moves.iter().zip(&y.moves);
        let mut within = 0.0;
        for ((k, h), (m, n)) in models.iter().enumerate().zip(pairs.clone()) {
            let apart = match (x.points.get(k), y.points.get(k)) {
                (Some(Some(a)), Some(Some(b))) if m.1.shares_all(&n.1) => squared_distance(a, b),
                _ => None,
            };
            within += apart.or_else(|| h.joint_variance(&m.1, &n.1))?;
        }
        let m = models.len() as f64;
        if models.is_empty() {
            return None;
        }
        let off = x.estimate - y.estimate;
        let between: f64 = pairs.map(|(a, b)| (a.0 - b.0 - off).powi(2)).sum();
        let between = if m > 1.0 { (1.0 + 1.0 / m) * between / (m - 1.0) } else { 0.0 };
        // What is not known of two rows may differ, and then does not cancel.
        Some(within / m + between + x.open + y.open)
    }

    /// Whether the interval of the difference in risk leaves out zero. Rows without a number are
    /// never told apart.
    #[must_use]
    pub fn tells_apart(&self, a: usize, b: usize) -> bool {
        !self.surely_alike(a, b)
            && self.difference(a, b).is_some_and(|(off, error)| off.abs() > self.z * error)
    }

    /// Whether the first part of the distance between two rows is too large already for their
    /// risks to be told apart. Most pairs are alike, and sums of squares only grow.
    fn surely_alike(&self, a: usize, b: usize) -> bool {
        let (Some(Some(x)), Some(Some(y))) = (self.rows.get(a), self.rows.get(b)) else {
            return true;
        };
        let ([(_, m)], [(_, n)]) = (&x.moves[..], &y.moves[..]) else { return false };
        let ([Some(p)], [Some(q)]) = (&x.points[..], &y.points[..]) else { return false };
        if p.len() != q.len() || !m.shares_all(n) {
            return false;
        }
        let part = p.len().min(FIRST_PART);
        // A hair larger than it is, for the rounding of the other order of summing.
        let off = (x.estimate - y.estimate).abs() * (1.0 + 1e-12);
        squared_distance(&p[..part], &q[..part]).is_some_and(|d| off <= self.z * d.sqrt())
    }
}

/// `None` for points of different spaces, and where it is not finite.
fn squared_distance(a: &[f64], b: &[f64]) -> Option<f64> {
    // Four sums side by side: quick, and in the same order on every machine.
    let mut sums = [0.0; 4];
    let (fours, rest) = a.as_chunks::<4>();
    let (others, left) = b.as_chunks::<4>();
    for (x, y) in fours.iter().zip(others) {
        for k in 0..4 {
            sums[k] += (x[k] - y[k]) * (x[k] - y[k]);
        }
    }
    let sum: f64 = sums.iter().sum::<f64>()
        + rest.iter().zip(left).map(|(x, y)| (x - y) * (x - y)).sum::<f64>();
    (a.len() == b.len() && sum.is_finite()).then_some(sum)
}

impl Moves {
    /// Whether two rows have the same baseline, with all its errors.
    fn shares_all(&self, other: &Self) -> bool {
        let cells = |(a, b): (&CauseMoves, &CauseMoves)| a.by_cell.len() == b.by_cell.len();
        self.own == other.own
            && self.stands_in_for == other.stands_in_for
            && self.causes.iter().zip(&other.causes).all(cells)
    }
}

impl Proportional {
    /// How the risk of the first cause moves: the terms whose squares [`Proportional::risk`]
    /// adds up.
    fn moves(
        &self,
        chosen: Chosen<'_>,
        x: &[f64],
        offset: f64,
        from: f64,
        to: f64,
    ) -> Option<(Estimate, Vec<CauseMoves>)> {
        let base = chosen.baseline;
        let slopes = self.slopes(base, x, offset, from, to, 0)?;
        let Spread { estimate, causes } = self.spread(chosen, x, &slopes)?;
        let of = |(k, (by_coef, by_level)): (usize, (Vec<f64>, f64))| {
            let dv = &base.causes[k].dv;
            let by_cell = slopes.by_cell[k].iter();
            let by_cell = by_cell.map(|&(cell, w)| (cell, w * dv[cell].sqrt())).collect();
            CauseMoves { by_coef, by_cell, by_level }
        };
        Some((estimate, causes.into_iter().enumerate().map(of).collect()))
    }

    /// Roots of the covariances of the coefficients; `None` where a covariance has none.
    fn roots(&self) -> Roots {
        self.effects.iter().map(|e| draws::exact_root(&e.covariance)).collect()
    }

    /// Moves as a point: between rows that share all errors the variance of the difference is the
    /// square of the distance, which is quick where very many pairs are compared.
    fn point(&self, m: &Moves, roots: &Roots) -> Option<Vec<f64>> {
        let mut point = Vec::new();
        for ((effect, cause), root) in self.effects.iter().zip(&m.causes).zip(roots) {
            let root = root.as_ref().filter(|r| r.len() == cause.by_coef.len())?;
            for k in 0..root.len() {
                point.push(root.iter().zip(&cause.by_coef).map(|(row, a)| row[k] * a).sum());
            }
            point.extend(cause.by_cell.iter().map(|c| c.1));
            if m.stands_in_for.is_some() {
                point.push(cause.by_level * effect.between_strata.sqrt());
            }
        }
        Some(point)
    }

    /// The variance of the difference between two risks.
    fn joint_variance(&self, a: &Moves, b: &Moves) -> Option<f64> {
        let same_cells = a.own == b.own;
        let same_level = a.stands_in_for == b.stands_in_for;
        let mut variance = 0.0;
        for ((effect, x), y) in self.effects.iter().zip(&a.causes).zip(&b.causes) {
            let gap: Vec<f64> = x.by_coef.iter().zip(&y.by_coef).map(|(x, y)| x - y).collect();
            variance += quadratic(&gap, &effect.covariance);
            let squares = |m: &CauseMoves| m.by_cell.iter().map(|(_, w)| w * w).sum::<f64>();
            variance += if same_cells && x.by_cell.len() == y.by_cell.len() {
                x.by_cell.iter().zip(&y.by_cell).map(|(x, y)| (x.1 - y.1).powi(2)).sum()
            } else {
                squares(x) + squares(y)
            };
            let level = |m: &CauseMoves, moves: &Moves| {
                if moves.stands_in_for.is_some() { m.by_level } else { 0.0 }
            };
            let (l, m) = (level(x, a), level(y, b));
            let by_level = if same_level { (l - m).powi(2) } else { l * l + m * m };
            variance += by_level * effect.between_strata;
        }
        variance.is_finite().then_some(variance)
    }
}

impl Smooth {
    /// The variance of the difference between two risks: parameters are all that they share.
    fn joint_variance(&self, a: &Moves, b: &Moves) -> Option<f64> {
        let pairs = a.causes.iter().zip(&b.causes).zip(&self.causes);
        let of = |((x, y), cause): ((&CauseMoves, &CauseMoves), &SmoothCause)| {
            let gap: Vec<f64> = x.by_coef.iter().zip(&y.by_coef).map(|(x, y)| x - y).collect();
            quadratic(&gap, &cause.covariance)
        };
        let variance: f64 = pairs.map(of).sum();
        variance.is_finite().then_some(variance)
    }
}

#[cfg(test)]
mod tests {
    use super::super::hazards::{Baseline, Baselines, CauseCells, Effect, Stratum};
    use super::*;

    /// Two causes over three cells, two terms, and two strata with their own baselines.
    fn model() -> Proportional {
        let cells = |h: f64| CauseCells {
            dh: vec![h, 2.0 * h, h],
            dv: vec![h * h / 40.0; 3],
            dq: vec![vec![0.3 * h, -0.1 * h]; 3],
        };
        let baseline = |h: f64| Baseline {
            edges: vec![0.0, 1.0, 2.0, 3.0],
            causes: vec![cells(h), cells(0.5 * h)],
        };
        let effect = |b: [f64; 2]| Effect {
            coef: b.to_vec(),
            covariance: vec![vec![0.04, 0.01], vec![0.01, 0.09]],
            between_strata: 0.2,
            frailty: None,
        };
        let stratum = |label: &str, h| Stratum { label: label.into(), baseline: baseline(h) };
        Proportional {
            subdistribution: false,
            baselines: vec![Baselines {
                pooled: baseline(0.1),
                strata: vec![stratum("a", 0.1), stratum("b", 0.14)],
                borrowed: false,
            }],
            effects: vec![effect([0.6, -0.4]), effect([-0.2, 0.1])],
        }
    }

    fn moves(m: &Proportional, x: &[f64], stratum: Option<&str>) -> Moves {
        let chosen = m.baselines[0].choose(stratum);
        let (_, causes) = m.moves(chosen, x, 0.0, 0.0, 3.0).unwrap();
        let label = stratum.map(str::to_owned);
        let (own, stands_in_for) = if chosen.in_place { (None, label) } else { (label, None) };
        Moves { own, stands_in_for, causes }
    }

    fn variance(m: &Proportional, x: &[f64], stratum: Option<&str>) -> f64 {
        m.risk(m.baselines[0].choose(stratum), x, 0.0, 0.0, 3.0, 0).unwrap().variance
    }

    #[test]
    fn a_row_differs_from_itself_by_nothing_and_from_nothing_by_its_own_variance() {
        let m = model();
        let x = moves(&m, &[1.0, 0.5], Some("a"));
        assert_eq!(m.joint_variance(&x, &x), Some(0.0));
        // Against a risk that does not move at all, the variance is that of the risk itself.
        let mut still = x.clone();
        for cause in &mut still.causes {
            cause.by_coef.fill(0.0);
            cause.by_cell.iter_mut().for_each(|c| c.1 = 0.0);
            cause.by_level = 0.0;
        }
        let own = variance(&m, &[1.0, 0.5], Some("a"));
        assert!((m.joint_variance(&x, &still).unwrap() / own - 1.0).abs() < 1e-12);
        let unseen = moves(&m, &[1.0, 0.5], Some("z"));
        let own = variance(&m, &[1.0, 0.5], Some("z"));
        assert!((m.joint_variance(&unseen, &still).unwrap() / own - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_variance_of_a_difference_is_that_of_small_changes() {
        // Numeric derivatives of the difference by each coefficient and each increment.
        let m = model();
        let (x, y, step) = ([1.2, 0.3], [0.2, 0.9], 1e-6);
        let gap = |m: &Proportional| {
            let risk = |x: &[f64]| {
                m.risk(m.baselines[0].choose(Some("a")), x, 0.0, 0.0, 3.0, 0).unwrap().value
            };
            risk(&x) - risk(&y)
        };
        let slope = |change: &dyn Fn(&mut Proportional, f64)| {
            let at = |s: f64| {
                let mut n = m.clone();
                change(&mut n, s);
                gap(&n)
            };
            (at(step) - at(-step)) / (2.0 * step)
        };
        let mut by_hand = 0.0;
        for k in 0..2 {
            let by: Vec<f64> = (0..2)
                .map(|c| {
                    slope(&|n: &mut Proportional, s: f64| {
                        n.effects[k].coef[c] += s;
                        let cells = &mut n.baselines[0].strata[0].baseline.causes[k];
                        for (h, q) in cells.dh.iter_mut().zip(&cells.dq) {
                            *h -= s * q[c];
                        }
                    })
                })
                .collect();
            by_hand += quadratic(&by, &m.effects[k].covariance);
            for j in 0..3 {
                let d = slope(&|n: &mut Proportional, s: f64| {
                    n.baselines[0].strata[0].baseline.causes[k].dh[j] += s;
                });
                by_hand += d * d * m.baselines[0].strata[0].baseline.causes[k].dv[j];
            }
        }
        let (a, b) = (moves(&m, &x, Some("a")), moves(&m, &y, Some("a")));
        let found = m.joint_variance(&a, &b).unwrap();
        assert!((found / by_hand - 1.0).abs() < 1e-6, "{found} {by_hand}");
        // The same as the distance of two points, for a seen stratum and for one stood in for.
        for stratum in ["a", "z"] {
            let (a, b) = (moves(&m, &x, Some(stratum)), moves(&m, &y, Some(stratum)));
            let point = |moves| m.point(moves, &m.roots()).unwrap();
            let apart = squared_distance(&point(&a), &point(&b)).unwrap();
            assert!(a.shares_all(&b) && !a.shares_all(&moves(&m, &y, Some("b"))));
            assert!((apart / m.joint_variance(&a, &b).unwrap() - 1.0).abs() < 1e-12);
        }
        assert_eq!(squared_distance(&[1.0], &[1.0, 2.0]), None);
        // Rows of two strata do not share their baselines: the difference is less certain.
        let other = moves(&m, &y, Some("b"));
        let own = m.joint_variance(&moves(&m, &y, Some("a")), &other).unwrap();
        assert!(own > 0.0, "the same terms in two strata still differ");
    }
}
