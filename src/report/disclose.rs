//! What a page may show to whom.
//!
//! A curve drawn at every event gives its data away: event times, numbers at risk and events per
//! step can be read back from it (Guyot et al. 2012; Liu, Rich & Hanley 2014). All curves are
//! therefore drawn on a coarse grid without censoring marks, and a page to be shared also merges
//! steps until they hold enough events, stops where few are left, and hides small counts.

use crate::score::Lang;

/// Fewer than so many people or events are not shown on a page to be shared.
pub const SMALLEST_COUNT: usize = 10;

/// For whom a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Audience {
    /// Those who may see the data.
    #[default]
    Internal,
    /// Anybody: no rows, no ids, no small counts.
    Share,
}

impl Audience {
    /// Reads `internal` or `share`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "internal" => Some(Self::Internal),
            "share" => Some(Self::Share),
            _ => None,
        }
    }

    /// A count as this audience may see it: shared pages round to 5 and write `<10` for small ones,
    /// zero included, so that neither the count nor a difference of two counts tells of a few.
    #[must_use]
    pub fn count(self, language: Lang, n: usize) -> String {
        match self {
            Self::Internal => language.count(n),
            Self::Share if n < SMALLEST_COUNT => format!("<{SMALLEST_COUNT}"),
            Self::Share => language.count((n + 2) / 5 * 5),
        }
    }

    /// Whether this audience may see a figure that rests on `n` people or events.
    #[must_use]
    pub fn may_see(self, n: usize) -> bool {
        self == Self::Internal || n >= SMALLEST_COUNT
    }
}

/// A point of a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// Time since the start, in the unit of the picture.
    pub time: f64,
    /// The estimate, a proportion.
    pub estimate: f64,
    /// The lower end of its confidence interval.
    pub lower: f64,
    /// The upper end.
    pub upper: f64,
    /// How many are at risk just before `time`.
    pub at_risk: usize,
    /// How many events the curve counts up to and including `time`.
    pub events: usize,
}

/// The curve's value on a grid of `cell` from 0 to `up_to`, each the last value at or before.
/// `points` are in order of time. For [`Audience::Share`], a step waits until at least
/// [`SMALLEST_COUNT`] events have come since the last one shown, and the curve ends where fewer
/// than so many are at risk.
#[must_use]
pub fn on_grid(
    points: &[CurvePoint],
    cell: f64,
    up_to: f64,
    audience: Audience,
) -> Vec<CurvePoint> {
    let (Some(first), true) = (points.first(), cell > 0.0 && up_to.is_finite()) else {
        return Vec::new();
    };
    let cells = (up_to / cell + 1e-9).floor().clamp(0.0, 10_000.0) as usize;
    let mut shown: Vec<CurvePoint> = Vec::with_capacity(cells + 1);
    let (mut next, mut value) = (0, CurvePoint { time: 0.0, events: 0, ..*first });
    for k in 0..=cells {
        let time = k as f64 * cell;
        while next < points.len() && points[next].time <= time + cell * 1e-9 {
            value = points[next];
            next += 1;
        }
        // Between two points the number at risk is what the following one starts from.
        let at_risk = match points.get(next) {
            _ if value.time >= time - cell * 1e-9 => value.at_risk,
            Some(following) => following.at_risk,
            None => value.at_risk,
        };
        let mut point = CurvePoint { time, at_risk, ..value };
        if audience == Audience::Share {
            if at_risk < SMALLEST_COUNT {
                break;
            }
            if let Some(last) = shown.last()
                && point.events < last.events + SMALLEST_COUNT
            {
                point = CurvePoint { time, at_risk, ..*last };
            }
        }
        shown.push(point);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn daily(n: usize) -> Vec<CurvePoint> {
        // One event a day among n.
        (0..=n)
            .map(|d| CurvePoint {
                time: d as f64,
                estimate: d as f64 / n as f64,
                lower: 0.0,
                upper: 1.0,
                at_risk: n - d,
                events: d,
            })
            .collect()
    }

    #[test]
    fn a_grid_hides_the_days_between() {
        let grid = on_grid(&daily(100), 30.0, 90.0, Audience::Internal);
        let times: Vec<f64> = grid.iter().map(|p| p.time).collect();
        assert_eq!(times, vec![0.0, 30.0, 60.0, 90.0]);
        assert_eq!(grid[1].estimate, 0.3);
        assert_eq!(grid[3].at_risk, 10);
    }

    #[test]
    fn a_shared_curve_steps_only_for_ten_events_and_stops_at_ten_at_risk() {
        let grid = on_grid(&daily(100), 4.0, 100.0, Audience::Share);
        for pair in grid.windows(2) {
            let step = pair[1].events - pair[0].events;
            assert!(step == 0 || step >= SMALLEST_COUNT, "{step}");
        }
        assert!(grid.iter().all(|p| p.at_risk >= SMALLEST_COUNT));
        assert_eq!(grid.last().unwrap().time, 88.0);
        assert!(grid.windows(2).any(|p| p[0].events != p[1].events));
    }

    #[test]
    fn small_counts_are_hidden_when_shared() {
        assert_eq!(Audience::Share.count(Lang::En, 0), "<10");
        assert_eq!(Audience::Share.count(Lang::En, 9), "<10");
        assert_eq!(Audience::Share.count(Lang::En, 12), "10");
        assert_eq!(Audience::Share.count(Lang::En, 1_013), "1,015");
        assert_eq!(Audience::Internal.count(Lang::Nl, 9), "9");
    }

    #[test]
    fn nothing_gives_nothing() {
        assert!(on_grid(&[], 1.0, 5.0, Audience::Internal).is_empty());
        assert!(on_grid(&daily(3), 0.0, 5.0, Audience::Internal).is_empty());
    }
}
