//! Gates that are set before results are seen, and the verdict that follows.
//!
//! A value that cannot be computed never passes; it means that there is not enough data, not that
//! the model is fine. Where a gate looks at every horizon, its value is the worst one.

use crate::model::{Gate, Gates, Limit, Verdict};

use super::{AtTime, Interval, SampleSize, Summary};

/// What the gates look at.
pub(super) struct Facts<'a> {
    /// Rows and events of the cause.
    pub n: usize,
    pub events: usize,
    /// Splits in which the model could not be fitted or used.
    pub failed: usize,
    /// What Riley's criteria ask; `None` where they cannot be computed.
    pub sample_size: Option<&'a SampleSize>,
    /// The model's metrics over the folds.
    pub summary: &'a Summary,
}

/// Holds the facts against the limits.
pub(super) fn judge(limits: &Gates, facts: &Facts<'_>) -> (Vec<Gate>, Verdict) {
    let mut enough = vec![
        at_least("events", limits.min_events as f64, facts.events as f64),
        at_most("failed_splits", 0.0, facts.failed as f64),
    ];
    if limits.riley {
        let needed = facts.sample_size.map(|s| s.n_needed as f64);
        enough.push(Gate {
            name: "sample_size".into(),
            limit: needed.map_or(Limit::Unknown, Limit::Number),
            value: needed.map(|_| facts.n as f64),
            horizon: None,
            passed: needed.is_some_and(|needed| facts.n as f64 >= needed),
        });
    }
    let at = |metric: &str| facts.summary.get(metric).map_or(&[][..], |m| &m.at);
    let mut good = vec![
        above("scaled_brier", limits.scaled_brier, at("scaled_brier")),
        overlapping("oe", limits.oe, at("oe")),
        overlapping("slope", limits.slope, at("slope")),
    ];
    if limits.net_benefit {
        // At the base rate, treating all has the net benefit of treating none: 0.
        let worst = worst(at("net_benefit"), |i| i.mean.map(|benefit| -benefit));
        let value = worst.and_then(|w| w.value.mean);
        good.push(Gate {
            name: "net_benefit".into(),
            limit: Limit::Number(0.0),
            value,
            horizon: worst.map(|w| w.time),
            // A rounding error is no harm.
            passed: value.is_some_and(|v| v >= -1e-12),
        });
    }
    let unknown = good.iter().any(|gate| gate.value.is_none());
    let verdict = if enough.iter().any(|gate| !gate.passed) || unknown {
        Verdict::NotEnoughData
    } else if good.iter().all(|gate| gate.passed) {
        Verdict::Usable
    } else {
        Verdict::DoNotUse
    };
    enough.append(&mut good);
    (enough, verdict)
}

fn at_least(name: &str, limit: f64, value: f64) -> Gate {
    let limit_is = Limit::Number(limit);
    let passed = value >= limit;
    Gate { name: name.into(), limit: limit_is, value: Some(value), horizon: None, passed }
}

fn at_most(name: &str, limit: f64, value: f64) -> Gate {
    let limit_is = Limit::Number(limit);
    let passed = value <= limit;
    Gate { name: name.into(), limit: limit_is, value: Some(value), horizon: None, passed }
}

/// The lower bound must be above the limit at every horizon.
fn above(name: &str, limit: f64, at: &[AtTime]) -> Gate {
    let worst = worst(at, |i| i.lower.map(|lower| -lower));
    let value = worst.and_then(|w| w.value.lower);
    Gate {
        name: name.into(),
        limit: Limit::Number(limit),
        value,
        horizon: worst.map(|w| w.time),
        passed: value.is_some_and(|v| v > limit),
    }
}

/// The interval must overlap the range at every horizon; the value is the estimate where it is
/// furthest from doing so.
fn overlapping(name: &str, range: [f64; 2], at: &[AtTime]) -> Gate {
    let outside = |i: &Interval| {
        let (lower, upper) = (i.lower?, i.upper?);
        Some((lower - range[1]).max(range[0] - upper))
    };
    let worst = worst(at, outside);
    Gate {
        name: name.into(),
        limit: Limit::Range(range),
        value: worst.filter(|w| outside(&w.value).is_some()).and_then(|w| w.value.mean),
        horizon: worst.map(|w| w.time),
        passed: worst.and_then(|w| outside(&w.value)).is_some_and(|distance| distance <= 0.0),
    }
}

/// The horizon with the greatest badness; one without a number is worse than any.
fn worst(at: &[AtTime], badness: impl Fn(&Interval) -> Option<f64>) -> Option<&AtTime> {
    let bad = |a: &AtTime| badness(&a.value).unwrap_or(f64::INFINITY);
    at.iter().reduce(|worst, a| if bad(a) > bad(worst) { a } else { worst })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::MetricSummary;

    fn interval(mean: f64, lower: f64, upper: f64) -> Interval {
        Interval { mean: Some(mean), lower: Some(lower), upper: Some(upper) }
    }

    /// A summary that passes everything, at two horizons.
    fn good() -> Summary {
        let metric = |i: Interval| {
            let at = [6.0, 12.0].map(|time| AtTime { time, value: i }).to_vec();
            MetricSummary { value: i, at }
        };
        [
            ("scaled_brier", interval(0.1, 0.05, 0.15)),
            ("oe", interval(1.3, 1.2, 1.4)),
            ("slope", interval(0.9, 0.7, 1.1)),
            ("net_benefit", interval(0.01, -0.01, 0.02)),
        ]
        .map(|(name, i)| (name.to_owned(), metric(i)))
        .into()
    }

    fn verdict(change: impl Fn(&mut Facts<'_>, &mut Summary)) -> (Vec<Gate>, Verdict) {
        let size = SampleSize::time_to_event(10, 0.2, 1.5, 2.0, None).unwrap();
        let mut summary = good();
        let empty = Summary::new();
        let mut facts =
            Facts { n: 5000, events: 1000, failed: 0, sample_size: Some(&size), summary: &empty };
        change(&mut facts, &mut summary);
        let facts = Facts { summary: &summary, ..facts };
        judge(&Gates::default(), &facts)
    }

    fn worsen(summary: &mut Summary, metric: &str, i: Interval) {
        if let Some(m) = summary.get_mut(metric) {
            m.at[0].value = i;
        }
    }

    #[test]
    fn everything_good_is_usable() {
        let (gates, verdict) = verdict(|_, _| {});
        assert_eq!(verdict, Verdict::Usable);
        let names: Vec<&str> = gates.iter().map(|g| g.name.as_str()).collect();
        let all = [
            "events",
            "failed_splits",
            "sample_size",
            "scaled_brier",
            "oe",
            "slope",
            "net_benefit",
        ];
        assert_eq!(names, all);
        assert!(gates.iter().all(|g| g.passed));
    }

    #[test]
    fn too_little_is_said_before_bad() {
        let few = |f: &mut Facts<'_>, s: &mut Summary| {
            f.events = 99;
            worsen(s, "scaled_brier", interval(-0.1, -0.2, -0.05));
        };
        assert_eq!(verdict(few).1, Verdict::NotEnoughData);
        assert_eq!(verdict(|f, _| f.n = 50).1, Verdict::NotEnoughData);
        assert_eq!(verdict(|f, _| f.failed = 1).1, Verdict::NotEnoughData);
        assert_eq!(verdict(|f, _| f.sample_size = None).1, Verdict::NotEnoughData);
    }

    #[test]
    fn one_bad_horizon_is_enough_to_say_no() {
        let (gates, v) = verdict(|_, s| worsen(s, "scaled_brier", interval(0.01, -0.01, 0.03)));
        assert_eq!(v, Verdict::DoNotUse);
        let gate = gates.iter().find(|g| g.name == "scaled_brier").unwrap();
        assert_eq!((gate.value, gate.horizon, gate.passed), (Some(-0.01), Some(6.0), false));
        assert_eq!(verdict(|_, s| worsen(s, "oe", interval(1.5, 1.3, 1.7))).1, Verdict::DoNotUse);
        assert_eq!(
            verdict(|_, s| worsen(s, "slope", interval(0.4, 0.1, 0.7))).1,
            Verdict::DoNotUse
        );
        let harm = interval(-0.001, -0.01, 0.01);
        assert_eq!(verdict(|_, s| worsen(s, "net_benefit", harm)).1, Verdict::DoNotUse);
    }

    #[test]
    fn what_cannot_be_computed_is_not_enough() {
        for metric in ["scaled_brier", "oe", "slope", "net_benefit"] {
            let (gates, v) = verdict(|_, s| worsen(s, metric, Interval::default()));
            assert_eq!(v, Verdict::NotEnoughData, "{metric}");
            assert!(gates.iter().any(|g| g.name == metric && g.value.is_none() && !g.passed));
        }
        assert_eq!(verdict(|_, s| s.clear()).1, Verdict::NotEnoughData);
    }

    #[test]
    fn a_gate_is_a_number_or_a_range_in_json() {
        let (gates, v) = verdict(|_, _| {});
        let json = serde_json::to_value(&gates).unwrap();
        assert_eq!(json[0]["limit"], 100.0);
        assert_eq!(json[4]["limit"][1], 1.25);
        assert_eq!(serde_json::to_value(v).unwrap(), "usable");
        assert_eq!(v.name(), "usable");
    }
}
