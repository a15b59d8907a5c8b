//! Weighted binomial regression with a complementary log-log link: the workhorse of calibration.
//!
//! On this scale a cause's cumulative incidence that follows a proportional subdistribution
//! hazards model is linear, and predicted risks of any model can be laid beside observed ones.

/// Risks are kept this far from 0 and 1 before the scale is changed; there it has no value.
const EDGE: f64 = 1e-6;

/// log(−log(1 − risk)).
pub(super) fn cloglog(risk: f64) -> f64 {
    (-(-risk.clamp(EDGE, 1.0 - EDGE)).ln_1p()).ln()
}

/// 1 − exp(−exp(η)).
pub(super) fn risk_of(eta: f64) -> f64 {
    -(-eta.exp()).exp_m1()
}

/// One row: its weight, and whether it is a case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    pub row: u32,
    pub weight: f64,
    pub case: bool,
}

/// Fits P(case) = 1 − exp(−exp(offset + Σ βⱼ xⱼ)) by maximum weighted likelihood, with columns
/// `x[j][row]` and a starting value, until a step can gain no more than `tolerance` of the
/// deviance. Fisher scoring with step halving. `None` where there is no
/// finite maximum (only cases or only controls, separation) or the columns are dependent.
pub(super) fn fit<const P: usize>(
    cases: &[Case],
    x: [&[f64]; P],
    offset: Option<&[f64]>,
    start: [f64; P],
    tolerance: f64,
) -> Option<[f64; P]> {
    let with = cases.iter().filter(|c| c.case && c.weight > 0.0).count();
    let without = cases.iter().filter(|c| !c.case && c.weight > 0.0).count();
    if with == 0 || without == 0 {
        return None;
    }
    let total: f64 = cases.iter().map(|c| c.weight).sum();
    let mut beta = start;
    let mut now = step(cases, &x, offset, &beta)?;
    for _ in 0..60 {
        let delta = solve(now.information, now.score)?;
        let gain: f64 = delta.iter().zip(&now.score).map(|(d, s)| d * s).sum();
        if now.deviance < 1e-6 * total {
            // A perfect fit: the coefficients are on their way to infinity.
            return None;
        }
        if gain.abs() <= tolerance * now.deviance {
            return beta.iter().all(|b| b.is_finite()).then_some(beta);
        }
        let mut size = 1.0;
        loop {
            let next: [f64; P] = std::array::from_fn(|j| beta[j] + size * delta[j]);
            match step(cases, &x, offset, &next) {
                Some(there) if there.deviance <= now.deviance + 1e-12 * now.deviance.abs() => {
                    (beta, now) = (next, there);
                    break;
                }
                _ => size /= 2.0,
            }
            if size < 1e-8 {
                return None;
            }
        }
    }
    None
}

/// Deviance, score and expected information at one value.
struct Step<const P: usize> {
    deviance: f64,
    score: [f64; P],
    information: [[f64; P]; P],
}

fn step<const P: usize>(
    cases: &[Case],
    x: &[&[f64]; P],
    offset: Option<&[f64]>,
    beta: &[f64; P],
) -> Option<Step<P>> {
    let mut s = Step { deviance: 0.0, score: [0.0; P], information: [[0.0; P]; P] };
    for &Case { row, weight, case } in cases {
        let row = row as usize;
        let mut eta = offset.map_or(0.0, |o| o[row]);
        for j in 0..P {
            eta += beta[j] * x[j][row];
        }
        // Beyond 30 the risk is 1 to the last bit; the deviance keeps growing below −30.
        let hazard = eta.min(30.0).exp();
        let mu = -(-hazard).exp_m1();
        let ratio = if mu > 0.0 { hazard / mu } else { 1.0 };
        let rest = 1.0 - mu;
        s.deviance += 2.0 * weight * if case { -ln_risk(mu, eta) } else { hazard };
        let score = weight * if case { rest * ratio } else { -hazard };
        let info = weight * hazard * ratio * rest;
        for j in 0..P {
            s.score[j] += score * x[j][row];
            for k in 0..=j {
                s.information[j][k] += info * x[j][row] * x[k][row];
            }
        }
    }
    s.deviance.is_finite().then_some(s)
}

/// ln(1 − exp(−exp(η))), also where the risk is too small for a number.
fn ln_risk(mu: f64, eta: f64) -> f64 {
    if mu > 0.0 { mu.ln() } else { eta }
}

/// Solves the information (lower triangle) for the score by Cholesky; `None` where it is singular.
fn solve<const P: usize>(mut a: [[f64; P]; P], mut b: [f64; P]) -> Option<[f64; P]> {
    for j in 0..P {
        let whole = a[j][j];
        for k in 0..j {
            a[j][j] -= a[j][k] * a[j][k];
        }
        if a[j][j].is_nan() || a[j][j] <= 1e-11 * whole {
            return None;
        }
        a[j][j] = a[j][j].sqrt();
        for i in j + 1..P {
            for k in 0..j {
                a[i][j] -= a[i][k] * a[j][k];
            }
            a[i][j] /= a[j][j];
        }
    }
    for i in 0..P {
        for k in 0..i {
            b[i] -= a[i][k] * b[k];
        }
        b[i] /= a[i][i];
    }
    for i in (0..P).rev() {
        for k in i + 1..P {
            b[i] -= a[k][i] * b[k];
        }
        b[i] /= a[i][i];
    }
    Some(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases(y: &[u8]) -> Vec<Case> {
        (0..).zip(y).map(|(row, &y)| Case { row, weight: 1.0, case: y == 1 }).collect()
    }

    #[test]
    fn an_intercept_is_the_share_of_cases() {
        let one = [1.0; 5];
        let [b] = fit(&cases(&[1, 0, 0, 1, 0]), [&one], None, [0.0], 1e-21).unwrap();
        assert!((risk_of(b) - 0.4).abs() < 1e-12);
    }

    #[test]
    fn two_groups_are_saturated() {
        let one = [1.0; 6];
        let x = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0];
        let b = fit(&cases(&[1, 0, 0, 1, 1, 0]), [&one, &x], None, [0.0; 2], 1e-21).unwrap();
        assert!((risk_of(b[0]) - 1.0 / 3.0).abs() < 1e-10);
        assert!((risk_of(b[0] + b[1]) - 2.0 / 3.0).abs() < 1e-10);
    }

    #[test]
    fn no_finite_maximum_is_no_answer() {
        let one = [1.0; 4];
        let x = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(fit(&cases(&[0; 4]), [&one], None, [0.0], 1e-21), None);
        assert_eq!(fit(&cases(&[1; 4]), [&one], None, [0.0], 1e-21), None);
        assert_eq!(fit(&cases(&[0, 1, 0, 1]), [&one, &one], None, [0.0; 2], 1e-21), None);
        assert_eq!(fit(&cases(&[0, 0, 1, 1]), [&one, &x], None, [0.0; 2], 1e-21), None);
    }

    #[test]
    fn the_scale_goes_there_and_back() {
        for risk in [0.001, 0.2, 0.5, 0.999] {
            assert!((risk_of(cloglog(risk)) - risk).abs() < 1e-12);
        }
        assert!(cloglog(0.0).is_finite() && cloglog(1.0).is_finite());
    }
}
