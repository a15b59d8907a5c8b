//! Risks from cell hazards: the one place where hazards become probabilities.
//!
//! Time is cut into cells. Within a cell each cause has a constant hazard, so the cumulative
//! hazard is linear between the cell's edges, and what follows is exact: with λ the cell's
//! cumulative hazards, Λ their sum and S the survival at its left edge, cause b adds
//! S · (λ_b / Λ) · (1 − e^−Λ) to its cumulative incidence, and survival becomes S · e^−Λ.

/// A part of a cell: which, and how much of its length (0–1].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Part {
    pub(crate) cell: usize,
    pub(crate) share: f64,
}

/// The parts of cells between `from` and `to`; `edges` rise and `from` < `to` lie within them,
/// else `None`.
pub(crate) fn parts(edges: &[f64], from: f64, to: f64) -> Option<Vec<Part>> {
    let (&first, &last) = (edges.first()?, edges.last()?);
    // A horizon that is a sum of a time lasted and a span may miss the last edge by rounding.
    let slack = 1e-9 * last.abs().max(1.0);
    if !(first - slack <= from && from < to && to <= last + slack) {
        return None;
    }
    let mut parts = Vec::with_capacity(edges.len());
    for (cell, edge) in edges.windows(2).enumerate() {
        let (left, right) = (edge[0].max(from), edge[1].min(to));
        if right > left {
            parts.push(Part { cell, share: ((right - left) / (edge[1] - edge[0])).min(1.0) });
        }
    }
    (!parts.is_empty()).then_some(parts)
}

/// The probability of each end, and of none.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ends {
    /// Cumulative incidence per cause.
    pub(crate) incidence: Vec<f64>,
    /// The probability that nothing has ended it.
    pub(crate) survival: f64,
}

/// Cumulative incidence of every cause over the parts; `hazard[k][i]` is the cumulative hazard
/// of cause k over part i.
pub(crate) fn ends(hazard: &[Vec<f64>]) -> Ends {
    let mut ends = Ends { incidence: vec![0.0; hazard.len()], survival: 1.0 };
    let parts = hazard.first().map_or(0, Vec::len);
    for i in 0..parts {
        let total: f64 = hazard.iter().map(|h| h[i]).sum();
        let (phi, _) = mean_survival(total);
        for (f, h) in ends.incidence.iter_mut().zip(hazard) {
            *f += ends.survival * h[i] * phi;
        }
        ends.survival *= (-total).exp();
    }
    ends
}

/// The cumulative incidence of cause `b`, and its derivative by the cumulative hazard of each
/// cause in each part.
pub(crate) fn gradient(hazard: &[Vec<f64>], b: usize) -> (f64, Vec<Vec<f64>>) {
    let parts = hazard[b].len();
    let mut gradient = vec![vec![0.0; parts]; hazard.len()];
    // Survival at the left edge of each part, and what the part adds.
    let (mut survival, mut incidence) = (1.0, 0.0);
    let mut added = Vec::with_capacity(parts);
    for i in 0..parts {
        let total: f64 = hazard.iter().map(|h| h[i]).sum();
        let (phi, slope) = mean_survival(total);
        let own = hazard[b][i];
        for (k, g) in gradient.iter_mut().enumerate() {
            let direct = if k == b { phi } else { 0.0 };
            g[i] = survival * (direct + own * slope);
        }
        added.push(survival * own * phi);
        incidence += survival * own * phi;
        survival *= (-total).exp();
    }
    // More hazard in a part, of whatever cause, lowers all that later parts add.
    let mut later = 0.0;
    for i in (0..parts).rev() {
        for g in &mut gradient {
            g[i] -= later;
        }
        later += added[i];
    }
    (incidence, gradient)
}

/// (1 − e^−x) / x, the mean of e^−u over 0..x, and its derivative.
fn mean_survival(x: f64) -> (f64, f64) {
    if x.abs() < 1e-3 {
        // The series; the next terms are below 1e-17.
        let value = 1.0 - x / 2.0 * (1.0 - x / 3.0 * (1.0 - x / 4.0 * (1.0 - x / 5.0)));
        let slope = -0.5 + x / 3.0 - x * x / 8.0 + x * x * x / 30.0 - x * x * x * x / 144.0;
        return (value, slope);
    }
    let value = -(-x).exp_m1() / x;
    (value, ((-x).exp() - value) / x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_what_is_asked_and_nothing_else() {
        let edges = [0.0, 10.0, 20.0, 40.0];
        let all = parts(&edges, 0.0, 40.0).unwrap();
        assert_eq!(all.iter().map(|p| p.share).collect::<Vec<_>>(), [1.0, 1.0, 1.0]);
        let some = parts(&edges, 5.0, 25.0).unwrap();
        assert_eq!(
            some,
            [
                Part { cell: 0, share: 0.5 },
                Part { cell: 1, share: 1.0 },
                Part { cell: 2, share: 0.25 }
            ]
        );
        assert_eq!(parts(&edges, 12.0, 14.0).unwrap(), [Part { cell: 1, share: 0.2 }]);
        assert_eq!(parts(&edges, 0.0, 41.0), None);
        assert_eq!(parts(&edges, 5.0, 5.0), None);
        assert_eq!(parts(&edges, -1.0, 5.0), None);
        assert_eq!(parts(&edges, f64::NAN, 5.0), None);
        assert_eq!(parts(&[], 0.0, 1.0), None);
    }

    #[test]
    fn two_constant_hazards_have_their_closed_form() {
        // F_b(t) = λ_b / (λ_b + λ_c) · (1 − e^−(λ_b+λ_c)t), whatever the cells.
        let (b, c, t) = (0.03, 0.05, 24.0);
        let exact = b / (b + c) * -f64::exp_m1(-(b + c) * t);
        for edges in [vec![0.0, 24.0], vec![0.0, 1.0, 7.5, 24.0], (0..=24).map(f64::from).collect()]
        {
            let widths: Vec<f64> = edges.windows(2).map(|e| e[1] - e[0]).collect();
            let hazard: Vec<Vec<f64>> =
                [b, c].iter().map(|l| widths.iter().map(|w| l * w).collect()).collect();
            let e = ends(&hazard);
            assert!((e.incidence[0] - exact).abs() < 1e-15);
            assert!((e.incidence.iter().sum::<f64>() + e.survival - 1.0).abs() < 1e-15);
            assert!((gradient(&hazard, 0).0 - exact).abs() < 1e-15);
        }
    }

    #[test]
    fn agrees_with_numeric_integration_of_uneven_hazards() {
        let hazard = vec![vec![0.2, 0.0, 1.3, 1e-5], vec![0.1, 0.4, 0.6, 2e-5]];
        let steps = 100_000;
        let (mut survival, mut incidence) = (1.0f64, 0.0);
        for i in 0..4 {
            let (b, c) = (hazard[0][i] / steps as f64, hazard[1][i] / steps as f64);
            for _ in 0..steps {
                // The midpoint rule on S(u)·λ_b.
                incidence += survival * (-(b + c) / 2.0).exp() * b;
                survival *= (-(b + c)).exp();
            }
        }
        let e = ends(&hazard);
        assert!((e.incidence[0] - incidence).abs() < 1e-9, "{} {incidence}", e.incidence[0]);
        assert!((e.survival - survival).abs() < 1e-9);
    }

    #[test]
    fn the_derivative_is_the_slope() {
        let hazard = vec![vec![0.2, 0.03, 1e-4], vec![0.1, 0.4, 0.6], vec![0.0, 0.02, 0.2]];
        let (_, gradient) = gradient(&hazard, 0);
        for k in 0..3 {
            for i in 0..3 {
                let at = |step: f64| {
                    let mut h = hazard.clone();
                    h[k][i] += step;
                    ends(&h).incidence[0]
                };
                let slope = (at(1e-6) - at(-1e-6)) / 2e-6;
                assert!((gradient[k][i] - slope).abs() < 1e-9, "{k} {i}");
            }
        }
    }

    #[test]
    fn the_series_meets_the_formula() {
        for x in [0.9e-3, 1.1e-3, 1e-8, 0.0, 5.0, 800.0] {
            let (value, slope) = mean_survival(x);
            let (near, _) = mean_survival(x + 1e-6);
            assert!(value.is_finite() && slope.is_finite());
            assert!(((near - value) / 1e-6 - slope).abs() < 1e-6, "{x}");
        }
        let (below, above) = (mean_survival(0.999_999e-3), mean_survival(1.000_001e-3));
        assert!((below.0 - above.0 - 1e-9).abs() < 1e-12);
        assert!((below.1 - above.1).abs() < 1e-9);
    }
}
