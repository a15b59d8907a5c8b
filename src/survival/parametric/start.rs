//! Where a search begins, and what the data can carry.

use ndarray::Array1;

use super::law::Law;
use super::objective::Objective;
use super::spline::{Spline, Turned};
use super::{Distribution, METHOD};
use crate::survival::newton::Point;
use crate::survival::{FitError, Sample};

/// Pieces where a study names no cuts.
const PIECES: usize = 5;

/// The law that a distribution means for these rows.
pub(super) fn law(
    distribution: &Distribution,
    sample: &Sample,
    cause: u32,
) -> Result<Law, FitError> {
    Ok(match distribution {
        Distribution::Exponential => Law::Exponential {},
        Distribution::Weibull => Law::Weibull {},
        Distribution::Lognormal => Law::Lognormal {},
        Distribution::Loglogistic => Law::Loglogistic {},
        Distribution::Gengamma => Law::Gengamma {},
        Distribution::Gompertz => Law::Gompertz {},
        Distribution::PiecewiseExponential { cuts } => {
            Law::PiecewiseExponential { cuts: pieces(cuts, &event_times(sample, cause))? }
        }
        Distribution::RoystonParmar { df } => {
            let mut times = event_times(sample, cause);
            times.iter_mut().for_each(|t| *t = t.ln());
            let mut spline = Spline::new(knots(*df, &times)?);
            spline.turned = Some(turned(&spline, &times)?);
            Law::RoystonParmar(spline)
        }
    })
}

/// Times of the events, increasing.
fn event_times(sample: &Sample, cause: u32) -> Vec<f64> {
    let y = sample.outcome();
    let own = y.exit().iter().zip(y.cause()).filter(|(_, c)| **c == cause);
    let mut times: Vec<f64> = own.map(|(&t, _)| t).collect();
    times.sort_unstable_by(f64::total_cmp);
    times
}

/// R's quantile of type 7 of sorted values.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let at = p * (sorted.len() - 1) as f64;
    let low = at.floor() as usize;
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (at - low as f64) * (sorted[high] - sorted[low])
}

fn pieces(cuts: &[f64], events: &[f64]) -> Result<Vec<f64>, FitError> {
    let setting = |why: String| Err(FitError::Setting { setting: "cuts", why });
    if cuts.is_empty() {
        let mut found: Vec<f64> =
            (1..PIECES).map(|k| quantile(events, k as f64 / PIECES as f64)).collect();
        found.dedup();
        // No piece without an event.
        let last = events[events.len() - 1];
        found.retain(|&c| c < last);
        return Ok(found);
    }
    if let Some(item) = (0..cuts.len())
        .find(|&k| !(cuts[k].is_finite() && cuts[k] > if k == 0 { 0.0 } else { cuts[k - 1] }))
    {
        return setting(format!("must be above 0, finite and increasing (item {item} is not)"));
    }
    let mut begin = 0.0;
    for k in 0..=cuts.len() {
        let end = cuts.get(k).copied().unwrap_or(f64::INFINITY);
        if !events.iter().any(|&t| begin < t && t <= end) {
            return setting(format!("no event from {begin} to {end}; move or drop a cut"));
        }
        begin = end;
    }
    Ok(cuts.to_vec())
}

/// Boundary knots at the first and last log event time, the others at their quantiles.
fn knots(df: usize, sorted: &[f64]) -> Result<Vec<f64>, FitError> {
    let setting = |why: String| Err(FitError::Setting { setting: "df", why });
    if !(1..=10).contains(&df) {
        return setting("must be from 1 to 10".into());
    }
    let knots: Vec<f64> = (0..=df).map(|k| quantile(sorted, k as f64 / df as f64)).collect();
    if knots.windows(2).any(|w| w[1] - w[0] <= 1e-9 * w[1].abs().max(1.0)) {
        return setting(format!("{df} knots need more distinct event times; take a smaller df"));
    }
    Ok(knots)
}

/// Combinations of the spline's functions that are uncorrelated over the events.
fn turned(spline: &Spline, times: &[f64]) -> Result<Turned, FitError> {
    let q = spline.df();
    let mut values = Vec::new();
    let mut rows: Vec<Vec<f64>> = Vec::new();
    for &x in times {
        spline.values(x, &mut values);
        rows.push(values.clone());
    }
    let n = rows.len() as f64;
    let centre: Vec<f64> = (0..q).map(|k| rows.iter().map(|r| r[k]).sum::<f64>() / n).collect();
    // Gram–Schmidt on the centred functions, keeping the combinations.
    let mut combine: Vec<Vec<f64>> = Vec::new();
    let mut done: Vec<Vec<f64>> = Vec::new();
    for k in 0..q {
        let mut column: Vec<f64> = rows.iter().map(|r| r[k] - centre[k]).collect();
        let mut own = vec![0.0; q];
        own[k] = 1.0;
        for _ in 0..2 {
            for (other, by) in done.iter().zip(&combine) {
                let share = column.iter().zip(other).map(|(a, b)| a * b).sum::<f64>() / n;
                column.iter_mut().zip(other).for_each(|(a, b)| *a -= share * b);
                own.iter_mut().zip(by).for_each(|(a, b)| *a -= share * b);
            }
        }
        let size = (column.iter().map(|v| v * v).sum::<f64>() / n).sqrt();
        if size.is_nan() || size <= 1e-10 {
            let why = "the event times are too few for these knots; take a smaller df".into();
            return Err(FitError::Setting { setting: "df", why });
        }
        column.iter_mut().chain(&mut own).for_each(|v| *v /= size);
        done.push(column);
        combine.push(own);
    }
    Ok(Turned { centre, combine })
}

/// The likeliest of a few parameters without terms.
pub(super) fn best(objective: &Objective, cause: u32) -> Result<(Array1<f64>, Point), FitError> {
    let sample = objective.sample;
    let y = sample.outcome();
    let (mut events, mut time) = (0.0, 0.0);
    for i in 0..sample.len() {
        let w = sample.weights().map_or(1.0, |w| w[i]);
        events += if y.cause()[i] == cause { w } else { 0.0 };
        time += w * (y.exit()[i] - y.entry().map_or(0.0, |e| e[i]));
    }
    let rate = (events / time).ln();
    let level = if objective.law.longer() { -rate } else { rate };
    let begin = objective.theta().start;
    let with = |level: f64, theta: &[f64]| {
        let mut b = Array1::zeros(objective.size());
        b[0] = level;
        b.iter_mut().skip(begin).zip(theta).for_each(|(b, t)| *b = *t);
        b
    };
    let starts = match &objective.law {
        Law::Gengamma {} => vec![with(level, &[0.0, 1.0]), with(level, &[0.0, 0.0])],
        // An exponential: ln H = level + ln t, where ln t is the first function.
        Law::RoystonParmar(Spline { turned: Some(t), .. }) => {
            let mut theta = vec![0.0; objective.law.q()];
            theta[0] = 1.0 / t.combine[0][0];
            vec![with(level + t.centre[0], &theta)]
        }
        _ => vec![with(level, &[])],
    };
    let found = starts.into_iter().filter_map(|b| objective.evaluate(&b).map(|point| (b, point)));
    found.max_by(|a, b| a.1.loglik.total_cmp(&b.1.loglik)).ok_or_else(|| FitError::Start {
        why: "the times or the offset are outside the range of numbers".into(),
    })
}

/// A search that found no maximum.
pub(super) fn astray(law: &Law, when: &str) -> FitError {
    let about = match law {
        Law::Gengamma {} => "; a Weibull or log-normal model may be all that they carry",
        Law::RoystonParmar(_) => "; take a smaller df",
        Law::PiecewiseExponential { .. } => "; take fewer cuts",
        _ => "",
    };
    let why = format!("its likelihood has no maximum {when}{about}");
    FitError::NotApplicable { method: METHOD, why }
}
