//! linfa's search: where Newton's steps begin.

use linfa::Dataset;
use linfa::traits::Fit;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2, Axis};

use super::newton::Trials;

/// Periods without an event in the search: this many, or five per event where that is more.
const OTHERS: u64 = 2_000;
const PER_EVENT: u64 = 5;
/// The most steps of the search.
const STEPS: u64 = 30;

/// linfa's maximum on all events and a systematic sample of the other periods, laid on the scale
/// of all periods. `flat` is the coefficient vector of a constant, `level` the log odds over all
/// periods. `None` where the search fails: it has lost its way where columns separate the sample.
///
/// It starts from the overall log odds, with columns scaled so that the likelihood bends by about
/// 1 there: from zero and on plain columns its line search takes hundreds of steps where the event
/// is rare. Its positive class is the one with more rows, so the sign is read from the labels
/// that it reports.
pub(super) fn search(trials: &Trials<'_>, flat: &Array1<f64>, level: f64) -> Option<Array1<f64>> {
    let (x, y, one_in) = sample(trials);
    let n = y.len() as f64;
    let events = y.iter().filter(|&&y| y).count() as f64;
    let scale = (n / (events * (n - events))).sqrt();
    // Columns with a root mean square of one, as far as they vary in the sample.
    let rms = x.map_axis(Axis(0), |c| (c.dot(&c) / n).sqrt());
    let rms = rms.mapv(|s: f64| if s > 0.0 && s.is_finite() { s } else { 1.0 });
    let shift = one_in.ln();
    let begin = flat * (level + shift) * &rms / scale;
    let rare_is_event = events <= n - events;
    // The slope is known to about the root of the number of events: beyond a tenth of that, the
    // refinement is quicker than the search.
    let enough = 0.1 * scale * events.min(n - events).sqrt();
    let data = Dataset::new(&x / &rms * scale, Array1::from_vec(y));
    let fitted = LogisticRegression::default()
        .with_intercept(false)
        .alpha(0.0)
        .max_iterations(STEPS)
        .gradient_tolerance(enough)
        .initial_params(if rare_is_event { -begin } else { begin })
        .fit(&data)
        .ok()?;
    let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
    let beta = fitted.params() * (sign * scale) / rms - flat * shift;
    beta.iter().all(|b| b.is_finite()).then_some(beta)
}

/// The design and the outcome of every event, and of each so-manieth of the other periods.
fn sample(trials: &Trials<'_>) -> (Array2<f64>, Vec<bool>, f64) {
    let events = trials.runs.iter().filter(|r| r.event).count() as u64;
    let others = |r: &super::PeriodRun| u64::from(r.periods) - u64::from(r.event);
    let all: u64 = trials.runs.iter().map(others).sum();
    let step = all.div_ceil(OTHERS.max(PER_EVENT * events)).max(1);
    let (mut x, mut y, mut passed) = (Vec::new(), Vec::new(), 0);
    let width = trials.width();
    for run in trials.runs {
        let before = passed / step;
        passed += others(run);
        let copies = passed / step - before;
        for event in std::iter::repeat_n(false, copies as usize).chain(run.event.then_some(true)) {
            let from = x.len();
            x.resize(from + trials.bands, 0.0);
            if trials.bands > 0 {
                x[from + run.band as usize] = 1.0;
            }
            x.extend(trials.x.row(run.row as usize));
            y.push(event);
        }
    }
    let x = Array2::from_shape_vec((y.len(), width), x);
    (x.unwrap_or_else(|_| Array2::zeros((0, width))), y, step as f64)
}
