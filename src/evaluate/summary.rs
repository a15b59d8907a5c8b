//! All metrics of several models on the same rows, with intervals from a cluster bootstrap.
//!
//! The predictions are those for rows that were held out, pooled per repeat. A replicate draws
//! whole clusters and counts their rows that often, the same draw for every model, repeat and
//! horizon; the weights and all metrics are computed anew, averaged over repeats, and differences
//! between models are taken within the replicate. Intervals are the 2.5th and 97.5th percentiles.
//! Nothing is refitted, so they say how sure the judgement of these predictions is; that another
//! sample would have given other models is not in them.

use rayon::prelude::*;

use crate::progress::Progress;
use crate::resample::ClusterBootstrap;

use super::calibration::percentile;
use super::{
    AtTime, Calibrated, Calibration, CalibrationCurve, CalibrationPoint, DecisionCurve,
    DecisionPoint, EvaluateError, Interval, MetricSummary, Observed, Predicted, Rule, Summary,
    Weights, auc, auc_under_way, brier, concordance, integrated, net_benefit,
    observed_over_expected, scaled_brier,
};

/// The metrics at a horizon, in the order in which they are computed.
const AT_HORIZON: [&str; 11] = [
    "auc",
    "brier",
    "scaled_brier",
    "oe",
    "intercept",
    "slope",
    "ici",
    "e50",
    "e90",
    "net_benefit",
    "auc_under_way",
];
/// The metrics up to the last horizon.
const OVERALL: [&str; 4] = ["c_harrell", "c_uno", "ibs", "scaled_ibs"];
/// Points of a calibration curve.
const CURVE_POINTS: usize = 21;
/// The share of replicates in which a number must exist for an interval.
const DEFINED: f64 = 0.9;
/// Replicates below which there are no intervals.
pub(super) const FEWEST_REPLICATES: usize = 20;

/// Models on the same rows, ready to be measured under many weights.
pub(super) struct Pool<'a> {
    observed: &'a Observed,
    /// Per model and repeat.
    models: Vec<Vec<Ready>>,
    /// The base rate at each horizon: the threshold of the net benefit.
    base_rate: Vec<Option<f64>>,
    /// Thresholds of the decision curves.
    thresholds: Vec<f64>,
}

/// The predictions of one model in one repeat.
struct Ready {
    predicted: Predicted,
    calibration: Vec<Calibration>,
    /// Measured on the rows as they are: where replicates start from.
    near: Vec<Calibrated>,
}

/// What comes out for one model.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measured {
    pub summary: Summary,
    /// The first model minus this one.
    pub difference: Summary,
    /// Its calibration curves.
    pub curves: Vec<CalibrationCurve>,
    /// Its decision curves.
    pub decisions: Vec<DecisionCurve>,
}

/// What comes out for all.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PoolMeasured {
    pub models: Vec<Measured>,
    /// The incidence of the cause at each horizon.
    pub observed: Vec<AtTime>,
}

/// Numbers of one model under one set of weights: the overall metrics, the metrics of each
/// horizon, and behind them the heights of its calibration and of its decision curves.
type Numbers = Vec<Option<f64>>;

impl<'a> Pool<'a> {
    /// `models[m][repeat]`: the predictions of each model in each repeat.
    ///
    /// # Errors
    /// None that `observed` and the predictions did not already give.
    pub fn new(
        observed: &'a Observed,
        models: Vec<Vec<Predicted>>,
        thresholds: &[f64],
    ) -> Result<Self, EvaluateError> {
        let weights = observed.weigh(None)?;
        let horizons = observed.horizons().len();
        let ready = |predicted: Predicted| {
            let prepare = |at| Calibration::new(observed, &predicted, at);
            let calibration: Vec<Calibration> = (0..horizons).map(prepare).collect();
            let measure = |c: &Calibration| c.measure(observed, &weights, &predicted);
            let near = calibration.iter().map(measure).collect();
            Ready { predicted, calibration, near }
        };
        let models =
            models.into_iter().map(|repeats| repeats.into_iter().map(ready).collect()).collect();
        let base_rate = (0..horizons).map(|at| weights.incidence(at)).collect();
        Ok(Self { observed, models, base_rate, thresholds: thresholds.to_vec() })
    }

    /// Summaries, differences and curves of all models, and what was observed.
    pub fn measure(
        &self,
        clusters: &[u32],
        replicates: usize,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<PoolMeasured, EvaluateError> {
        let grids: Vec<Vec<Vec<f64>>> = (0..self.models.len()).map(|m| self.grid(m)).collect();
        let weights = self.observed.weigh(None)?;
        let now = self.numbers(&weights, &grids);
        let bootstrap = ClusterBootstrap::new(clusters, seed);
        let replicates = if bootstrap.groups() < 2 { 0 } else { replicates };
        progress.start("bootstrap", replicates as u64);
        let horizons = 0..self.observed.horizons().len();
        let incidence = |w: &Weights| horizons.clone().map(|at| w.incidence(at)).collect();
        let (drawn, incidences): (Vec<Vec<Numbers>>, Vec<Numbers>) = (0..replicates as u64)
            .into_par_iter()
            .map(|replicate| {
                let weights = self.observed.weigh(Some(bootstrap.counts(replicate)))?;
                let numbers = self.numbers(&weights, &grids);
                progress.advance(1);
                Ok((numbers, incidence(&weights)))
            })
            .collect::<Result<Vec<_>, EvaluateError>>()?
            .into_iter()
            .unzip();
        progress.finish();
        let models = (0..self.models.len())
            .map(|m| Measured {
                summary: self
                    .summary(|place| interval(now[m][place], drawn.iter().map(|d| d[m][place]))),
                difference: self.summary(|place| {
                    let minus = |numbers: &[Numbers]| Some(numbers[0][place]? - numbers[m][place]?);
                    interval(minus(&now), drawn.iter().map(|d| minus(d)))
                }),
                curves: self.curves(m, &grids[m], &now, &drawn),
                decisions: self.decisions(m, &grids[m], &weights, &now, &drawn),
            })
            .collect();
        let seen: Numbers = incidence(&weights);
        let observed = self.observed.horizons().iter().enumerate().map(|(at, &time)| AtTime {
            time,
            value: interval(seen[at], incidences.iter().map(|i| i[at])),
        });
        let observed = observed.collect();
        Ok(PoolMeasured { models, observed })
    }

    /// The risks at which curves are drawn, per horizon: equal steps between the 1st and the 99th
    /// percentile of a model's predictions in its first repeat.
    fn grid(&self, model: usize) -> Vec<Vec<f64>> {
        let Some(first) = self.models.get(model).and_then(|repeats| repeats.first()) else {
            return Vec::new();
        };
        (0..self.observed.horizons().len())
            .map(|at| {
                let order = first.predicted.order(at).iter();
                let risk = first.predicted.at(at);
                let sorted: Vec<f64> = order.map(|&row| risk[row as usize]).collect();
                let (low, high) = (percentile(&sorted, 0.01), percentile(&sorted, 0.99));
                let step = (high - low) / (CURVE_POINTS - 1) as f64;
                if step > 1e-9 && !first.predicted.flat(at) {
                    (0..CURVE_POINTS).map(|k| low + step * k as f64).collect()
                } else {
                    Vec::new()
                }
            })
            .collect()
    }

    /// Every number of every model under these weights, averaged over repeats; the heights of its
    /// curves stand behind its metrics.
    fn numbers(&self, weights: &Weights, grids: &[Vec<Vec<f64>>]) -> Vec<Numbers> {
        let of_model = |m: usize| {
            let repeats: Vec<Numbers> = self.models[m]
                .iter()
                .map(|ready| self.of_repeat(weights, ready, &grids[m]))
                .collect();
            let places = repeats.first().map_or(0, Vec::len);
            (0..places)
                .map(|place| {
                    let sum: Option<f64> = repeats.iter().map(|numbers| numbers[place]).sum();
                    sum.map(|sum| sum / repeats.len() as f64)
                })
                .collect()
        };
        (0..self.models.len()).map(of_model).collect()
    }

    /// The numbers of one repeat, with the heights of curves at the risks of a grid.
    fn of_repeat(&self, weights: &Weights, ready: &Ready, grid: &[Vec<f64>]) -> Numbers {
        let (o, p) = (self.observed, &ready.predicted);
        let last = o.horizons().last().copied().unwrap_or(f64::INFINITY);
        let c = concordance(o, weights, p, last);
        let horizons = 0..o.horizons().len();
        let briers: Numbers = horizons.clone().map(|at| brier(weights, p, at)).collect();
        let null = |at| weights.incidence(at).map(|f| f * (1.0 - f));
        let nulls: Numbers = horizons.map(null).collect();
        let over_time = |scores: &Numbers| integrated(o.horizons(), scores, Rule::Trapezoid);
        let (ibs, none) = (over_time(&briers), over_time(&nulls).filter(|&n| n > 0.0));
        let scaled = ibs.zip(none).map(|(ibs, none)| 1.0 - ibs / none);
        let mut numbers = vec![c.harrell, c.uno, ibs, scaled];
        let (mut heights, mut benefits) = (Vec::new(), Vec::new());
        for (at, calibration) in ready.calibration.iter().enumerate() {
            let near = &ready.near[at];
            let calibrated = match weights.counts {
                None => *near,
                Some(_) => calibration.measure_near(near, o, weights, p),
            };
            let benefit = self.base_rate[at].and_then(|rate| {
                let curve = net_benefit(weights, p, at, &[rate]).ok()?;
                curve.first().map(|point| point.model)
            });
            numbers.extend([
                auc(weights, p, at),
                briers[at],
                scaled_brier(weights, p, at),
                observed_over_expected(o, weights, p, at),
                calibrated.intercept,
                calibrated.slope,
                calibrated.ici,
                calibrated.e50,
                calibrated.e90,
                benefit,
                auc_under_way(o, weights, p, at),
            ]);
            let curve = net_benefit(weights, p, at, &self.thresholds).unwrap_or_default();
            let point = |k: usize| curve.get(k).map(|point| point.model);
            benefits.extend((0..self.thresholds.len()).map(point));
            let points = grid.get(at).into_iter().flatten();
            heights.extend(
                points.map(|&risk| calibrated.curve.map(|curve| calibration.curve_at(curve, risk))),
            );
        }
        numbers.extend(heights);
        numbers.extend(benefits);
        numbers
    }

    /// The metrics by name, given the interval of each place.
    fn summary(&self, interval_at: impl Fn(usize) -> Interval) -> Summary {
        let horizons = self.observed.horizons();
        let mut summary = Summary::new();
        for (k, name) in OVERALL.iter().enumerate() {
            let value = interval_at(k);
            summary.insert((*name).to_owned(), MetricSummary { value, at: Vec::new() });
        }
        for (k, name) in AT_HORIZON.iter().enumerate() {
            let place = |at: usize| OVERALL.len() + at * AT_HORIZON.len() + k;
            let at: Vec<AtTime> = horizons
                .iter()
                .enumerate()
                .map(|(h, &time)| AtTime { time, value: interval_at(place(h)) })
                .collect();
            let value = at.last().map(|last| last.value).unwrap_or_default();
            summary.insert((*name).to_owned(), MetricSummary { value, at });
        }
        summary
    }

    /// The decision curves of a model, which stand behind the heights of its calibration.
    fn decisions(
        &self,
        m: usize,
        grid: &[Vec<f64>],
        weights: &Weights,
        now: &[Numbers],
        drawn: &[Vec<Numbers>],
    ) -> Vec<DecisionCurve> {
        let horizons = self.observed.horizons();
        let heights: usize = grid.iter().map(Vec::len).sum();
        let from = OVERALL.len() + AT_HORIZON.len() * horizons.len() + heights;
        let curve = |(at, &time): (usize, &f64)| {
            let point = |(k, &threshold): (usize, &f64)| {
                let place = from + at * self.thresholds.len() + k;
                let height = interval(now[m][place], drawn.iter().map(|d| d[m][place]));
                let incidence = weights.incidence(at)?;
                Some(DecisionPoint {
                    threshold,
                    model: height.mean?,
                    all: incidence - (1.0 - incidence) * threshold / (1.0 - threshold),
                    lower: height.lower,
                    upper: height.upper,
                })
            };
            let points = self.thresholds.iter().enumerate().filter_map(point).collect();
            DecisionCurve { time, points }
        };
        horizons.iter().enumerate().map(curve).collect()
    }

    /// The calibration curves of a model.
    fn curves(
        &self,
        m: usize,
        grid: &[Vec<f64>],
        now: &[Numbers],
        drawn: &[Vec<Numbers>],
    ) -> Vec<CalibrationCurve> {
        let mut place = OVERALL.len() + AT_HORIZON.len() * self.observed.horizons().len();
        let mut curves = Vec::new();
        for (risks, &time) in grid.iter().zip(self.observed.horizons()) {
            let mut points = Vec::new();
            for &predicted in risks {
                let height = interval(now[m][place], drawn.iter().map(|d| d[m][place]));
                place += 1;
                let Interval { mean, lower, upper } = height;
                points.extend(mean.map(|observed| CalibrationPoint {
                    predicted,
                    observed,
                    lower,
                    upper,
                }));
            }
            if !points.is_empty() {
                curves.push(CalibrationCurve { time, points });
            }
        }
        curves
    }
}

/// A number with the percentiles of its replicates.
pub(super) fn interval(
    now: Option<f64>,
    drawn: impl ExactSizeIterator<Item = Option<f64>>,
) -> Interval {
    let all = drawn.len();
    let mut defined: Vec<f64> = drawn.flatten().collect();
    let enough = all >= FEWEST_REPLICATES && defined.len() as f64 >= DEFINED * all as f64;
    if now.is_none() || !enough {
        return Interval { mean: now, lower: None, upper: None };
    }
    defined.sort_unstable_by(f64::total_cmp);
    let (lower, upper) = (percentile(&defined, 0.025), percentile(&defined, 0.975));
    Interval { mean: now, lower: Some(lower), upper: Some(upper) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Silent;
    use crate::survival::Outcome;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha12Rng;

    /// Clustered rows whose true risks are known, with competing ends and censoring.
    fn rows(n: usize, seed: u64) -> (Outcome, Vec<u32>, Vec<f64>) {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let (mut exit, mut cause, mut truth) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..n {
            let x: f64 = rng.random_range(-1.5..1.5);
            let (a, b) = (0.2 * x.exp(), 0.15);
            let t = -rng.random::<f64>().ln() / (a + b);
            let which = if rng.random::<f64>() < a / (a + b) { 1 } else { 2 };
            let censored = rng.random_range(1.0..8.0);
            exit.push(t.min(censored).max(1e-9));
            cause.push(if t <= censored { which } else { 0 });
            truth.push(a / (a + b) * (1.0 - (-(a + b) * 2.0).exp()));
        }
        let clusters = (0..n as u32).map(|row| row / 2).collect();
        let causes = vec!["breakdown".into(), "home".into()];
        (Outcome::new(None, exit, cause, causes).unwrap(), clusters, truth)
    }

    #[test]
    fn the_truth_is_calibrated_and_beats_no_model() {
        let (outcome, clusters, truth) = rows(3000, 5);
        let observed = Observed::new(&outcome, 1, &[2.0]).unwrap();
        let flat = vec![observed.weigh(None).unwrap().incidence(0).unwrap(); 3000];
        let predicted = |risk: Vec<f64>| vec![Predicted::new(&observed, vec![risk]).unwrap()];
        let pool = Pool::new(&observed, vec![predicted(truth), predicted(flat)], &[0.2]).unwrap();
        let PoolMeasured { models: measured, observed: seen } =
            pool.measure(&clusters, 100, 1, &Silent).unwrap();
        let (curves, decisions) = (&measured[0].curves, &measured[0].decisions);
        let value = |m: usize, name: &str| measured[m].summary[name].value;
        assert!(measured[1].curves.is_empty(), "one risk for all is no curve");
        assert_eq!(measured[1].decisions.len(), 1, "every model has its decision curve");
        let inside = |i: Interval, x: f64| i.lower.unwrap() <= x && x <= i.upper.unwrap();
        assert!(inside(value(0, "oe"), 1.0));
        assert!(inside(seen[0].value, seen[0].value.mean.unwrap()));
        assert!(inside(value(0, "slope"), 1.0), "{:?}", value(0, "slope"));
        assert!(inside(value(0, "intercept"), 0.0));
        assert!(value(0, "scaled_brier").lower.unwrap() > 0.0);
        assert!(value(0, "auc").lower.unwrap() > 0.65);
        assert_eq!(value(1, "auc").mean, Some(0.5));
        assert_eq!(value(1, "slope"), Interval::default());
        assert!(value(1, "scaled_brier").mean.unwrap().abs() < 1e-12);
        let better = measured[1].difference["brier"].value;
        assert!(better.upper.unwrap() < 0.0, "the truth has the lower Brier score");
        assert_eq!(measured[0].difference["auc"].value.mean, Some(0.0));
        let near = curves[0].points.iter().filter(|p| (p.predicted - p.observed).abs() < 0.05);
        assert!(near.count() > 17, "the curve follows the diagonal");
        let [point] = decisions[0].points[..] else { panic!("one threshold: {decisions:?}") };
        assert!(point.model >= point.all.max(0.0), "the truth does no harm: {point:?}");
        assert!(point.lower.unwrap() < point.model && point.model < point.upper.unwrap());
        // One horizon: the integral from 0 is half of the score there.
        let half = value(0, "brier").mean.unwrap() / 2.0;
        assert!((value(0, "ibs").mean.unwrap() - half).abs() < 1e-12);
        let scaled = value(0, "scaled_brier").mean.unwrap();
        assert!((value(0, "scaled_ibs").mean.unwrap() - scaled).abs() < 1e-12);
    }

    #[test]
    fn the_same_numbers_come_out_with_any_number_of_threads() {
        let (outcome, clusters, truth) = rows(400, 9);
        let observed = Observed::new(&outcome, 1, &[1.0, 2.0]).unwrap();
        let risks = vec![truth.iter().map(|r| r / 2.0).collect(), truth];
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let predicted = Predicted::new(&observed, risks.clone()).unwrap();
            let ready = Pool::new(&observed, vec![vec![predicted]], &[]).unwrap();
            let out = pool.install(|| ready.measure(&clusters, 40, 3, &Silent)).unwrap();
            format!("{out:?}")
        };
        let one = run(1);
        assert_eq!(one, run(2));
        assert_eq!(one, run(5));
    }

    #[test]
    fn percentiles_need_enough_replicates() {
        let some = (0..100).map(|k| Some(f64::from(k)));
        let all = interval(Some(1.0), some.clone());
        let near = |got: Option<f64>, want: f64| (got.unwrap() - want).abs() < 1e-9;
        assert!(near(all.lower, 2.475) && near(all.upper, 96.525));
        let gaps: Vec<_> = some.map(|v| v.filter(|v| *v > 15.0)).collect();
        assert_eq!(interval(Some(1.0), gaps.into_iter()).lower, None);
        assert_eq!(interval(Some(1.0), vec![Some(1.0); 5].into_iter()).lower, None);
        assert_eq!(interval(None, vec![Some(1.0); 50].into_iter()), Interval::default());
    }
}
