//! Predictions from Cox models against R's `survfit(coxph, newdata =)`, 1e-8; and by hand.

use ndarray::{Array2, array};
use pleegzorg::survival::{
    Cox, CoxFit, CurvePoint, FitError, Interval, NewRows, Outcome, Sample, Ties,
    cumulative_incidence,
};

use super::golden::{Expected, Once, Referee, Table, sample};

fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace().map(|v| v.parse().unwrap()).collect()
}

fn fits(sample: &Sample, ties: &str) -> Vec<CoxFit> {
    let ties = if ties == "efron" { Ties::Efron } else { Ties::Breslow };
    let causes = 1..=sample.outcome().causes().len() as u32;
    causes.map(|c| Cox::new().ties(ties).fit(sample, c).unwrap()).collect()
}

pub static CURVES: Once = Once::new();

pub fn curves() -> Referee {
    let (cases, expected) = (Table::read("predict-cases"), Expected::read("predict-expected"));
    let mut referee = Referee::default();
    for row in 0..cases.len() {
        let name = cases.text(row, "case");
        let s = sample(&cases, row);
        let fits = fits(&s, cases.text(row, "ties"));
        let new: Vec<Vec<f64>> = cases.text(row, "new").split(';').map(numbers).collect();
        let p = s.names().len();
        let x = Array2::from_shape_fn((new.len(), p), |(i, j)| new[i][j]);
        let strata: Vec<u32> = new.iter().map(|v| v.get(p).map_or(0, |&v| v as u32)).collect();
        let lasted: Vec<f64> =
            new.iter().flat_map(|_| numbers(cases.text(row, "lasted"))).collect();
        let mut rows = NewRows::new(x.view()).strata(&strata);
        if !lasted.is_empty() {
            rows = rows.lasted(&lasted);
        }
        let times = numbers(cases.text(row, "times"));
        let alone = s.outcome().causes().len() == 1;
        let method = if alone { "Cox: survival of new rows" } else { "Cox: incidence of new rows" };
        referee.on(method, cases.text(row, "data"));
        for (what, item, r) in expected.case(name) {
            let at = numbers(item);
            let (what_, kind) = what.split_once(':').unwrap_or((what, "log"));
            let one = |interval| -> CurvePoint {
                let curves = match (what_, kind.parse()) {
                    ("incidence", Ok(cause)) => {
                        let fits: Vec<&CoxFit> = fits.iter().collect();
                        cumulative_incidence(&fits, &s, &rows, cause, &times, interval, 0.95)
                    }
                    _ => fits[0].survival(&s, &rows, &times, interval, 0.95),
                };
                curves.unwrap()[at[0] as usize][at[1] as usize]
            };
            let point = one(match kind {
                "log-log" => Interval::LogLog,
                "plain" => Interval::Plain,
                _ => Interval::Log,
            });
            // Where nothing has happened yet there is no interval; R says from 1 to 1.
            let bounds = point.bounds.or((point.estimate == 1.0).then_some((1.0, 1.0)));
            let ours = match what_ {
                "survival" | "incidence" => point.estimate,
                "survival_se" => point.se,
                "lower" => bounds.unwrap().0,
                _ => bounds.unwrap().1,
            };
            referee.compare(name, what, item, ours, *r, 1e-8);
        }
    }
    referee
}

#[test]
fn curves_of_new_rows_are_those_of_survfit() {
    CURVES.get_or_init(curves).verdict(750);
}

/// Random-looking rows with two causes and two strata.
fn two_causes() -> Sample {
    let n = 90;
    let x = Array2::from_shape_fn((n, 2), |(i, j)| ((i * (7 + 6 * j) + 3 * j) % 17) as f64 / 8.0);
    let exit = (0..n).map(|i| ((i * 31) % 53 + 1) as f64).collect();
    let cause = (0..n).map(|i| (i * 11 % 5).min(3) as u32 % 3).collect();
    let y = Outcome::new(None, exit, cause, vec!["a".into(), "b".into()]).unwrap();
    let s = Sample::new(x, vec!["x".into(), "y".into()], y).unwrap();
    s.with_strata((0..n).map(|i| (i % 2) as u32).collect()).unwrap()
}

#[test]
fn survival_and_incidences_sum_to_one_and_conditions_multiply() {
    let s = two_causes();
    let fits = fits(&s, "efron");
    let both: Vec<&CoxFit> = fits.iter().collect();
    let x = array![[0.2, 1.0], [2.0, 0.1], [1.0, 1.0]];
    let (strata, offset, lasted) = ([0, 1, 1], [0.0, 0.3, -0.2], [0.0, 12.0, 12.0]);
    let fresh = NewRows::new(x.view()).strata(&strata).offset(&offset);
    let times = [40.0, 12.0, 60.0, 12.0, 5.0];
    let free = |rows: &NewRows, row: usize, k: usize| -> f64 {
        let of = |f: &CoxFit| f.survival(&s, rows, &times, Interval::Log, 0.95).unwrap()[row][k];
        fits.iter().map(|f| of(f).estimate).product()
    };
    for rows in [fresh, fresh.lasted(&lasted)] {
        let of = |c| cumulative_incidence(&both, &s, &rows, c, &times, Interval::LogLog, 0.95);
        let (one, two) = (of(1).unwrap(), of(2).unwrap());
        for row in 0..3 {
            for k in 0..times.len() {
                let sum = one[row][k].estimate + two[row][k].estimate + free(&rows, row, k);
                assert!((sum - 1.0).abs() < 1e-12, "{sum}");
            }
            assert_eq!(one[row][1], one[row][3]);
        }
        // With one cause only, it is all that does not survive, and so is its error.
        let alone = cumulative_incidence(&both[..1], &s, &rows, 1, &times, Interval::Log, 0.95);
        let survival = fits[0].survival(&s, &rows, &times, Interval::Log, 0.95).unwrap();
        for (f, s) in alone.unwrap().iter().flatten().zip(survival.iter().flatten()) {
            assert!((f.estimate + s.estimate - 1.0).abs() < 1e-12);
            assert!((f.se - s.se).abs() < 1e-10, "{f:?} {s:?}");
        }
    }
    // F(t) = F(12) + S(12)·F(t | 12).
    let later = fresh.lasted(&lasted);
    let of = |rows| cumulative_incidence(&both, &s, rows, 1, &times, Interval::Log, 0.95).unwrap();
    let (all, rest) = (of(&fresh), of(&later));
    for row in [1, 2] {
        let whole = all[row][1].estimate + free(&fresh, row, 1) * rest[row][0].estimate;
        assert!((all[row][0].estimate - whole).abs() < 1e-12);
        assert_eq!(
            (rest[row][1].estimate, rest[row][4].estimate, rest[row][4].se),
            (0.0, 0.0, 0.0)
        );
    }
}

/// The derivative of an incidence with respect to every baseline increment and every effect, by
/// differences, and their covariances, give the same variance.
#[test]
fn the_error_of_an_incidence_is_the_delta_methods() {
    let s = two_causes();
    let fits = fits(&s, "breslow");
    let both: Vec<&CoxFit> = fits.iter().collect();
    let (x, times) = ([1.3, 0.4], [30.0]);
    let rows = array![x];
    let ours = cumulative_incidence(
        &both,
        &s,
        &NewRows::new(rows.view()),
        2,
        &times,
        Interval::LogLog,
        0.95,
    );
    let ours = ours.unwrap()[0][0];
    let edges: Vec<f64> = (0..=30).map(f64::from).collect();
    let cells: Vec<_> =
        fits.iter().map(|f| f.baseline_cells(&s, &edges).unwrap().swap_remove(0)).collect();
    // Increments and effects of both causes as one vector.
    let incidence = |dh: &[Vec<f64>], beta: &[Vec<f64>]| -> f64 {
        let risk = |k: usize| beta[k].iter().zip(&x).map(|(b, x)| b * x).sum::<f64>().exp();
        let (mut free, mut f) = (1.0, 0.0);
        for j in 0..30 {
            let (a, b) = (risk(0) * dh[0][j], risk(1) * dh[1][j]);
            if a + b > 0.0 {
                f += free * b / (a + b) * (1.0 - (-a - b).exp());
                free *= (-a - b).exp();
            }
        }
        f
    };
    let dh: Vec<Vec<f64>> = cells.iter().map(|c| c.dh.clone()).collect();
    let beta: Vec<Vec<f64>> = fits.iter().map(|f| f.coef.to_vec()).collect();
    assert!((incidence(&dh, &beta) - ours.estimate).abs() < 1e-12);
    let step = 1e-5;
    let mut variance = 0.0;
    for k in 0..2 {
        // By β itself: the baseline follows with −dq, as Breslow's estimate does.
        let mut by_beta = [0.0; 2];
        let moved = |by: f64, j: usize| {
            let (mut dh, mut beta) = (dh.clone(), beta.clone());
            beta[k][j] += by;
            dh[k].iter_mut().zip(cells[k].dq.rows()).for_each(|(h, q)| *h -= by * q[j]);
            incidence(&dh, &beta)
        };
        for (j, d) in by_beta.iter_mut().enumerate() {
            *d = (moved(step, j) - moved(-step, j)) / (2.0 * step);
        }
        let v = &fits[k].covariance;
        for (i, a) in by_beta.iter().enumerate() {
            for (j, b) in by_beta.iter().enumerate() {
                variance += a * v[[i, j]] * b;
            }
        }
        for cell in (0..30).filter(|&c| dh[k][c] > 0.0) {
            let moved = |by: f64| {
                let mut dh = dh.clone();
                dh[k][cell] += by;
                incidence(&dh, &beta)
            };
            let by_cell = (moved(step) - moved(-step)) / (2.0 * step);
            variance += by_cell * by_cell * cells[k].dv[cell];
        }
    }
    assert!((variance.sqrt() / ours.se - 1.0).abs() < 1e-7, "{} {}", variance.sqrt(), ours.se);
    let (lower, upper) = ours.bounds.unwrap();
    assert!(lower < ours.estimate && ours.estimate < upper);
}

#[test]
fn what_cannot_be_predicted_is_an_error() {
    let s = two_causes();
    let fits = fits(&s, "efron");
    let x = array![[0.0, 1.0]];
    let rows = NewRows::new(x.view());
    let (log, at) = (Interval::Log, [3.0]);
    let fit = &fits[0];
    assert!(fit.survival(&s, &rows, &[], log, 0.95).unwrap()[0].is_empty());
    let short = array![[1.0]];
    let nan = array![[f64::NAN, 1.0]];
    let far = array![[1e9, 1.0]];
    for x in [short, nan, far] {
        assert!(fit.survival(&s, &NewRows::new(x.view()), &at, log, 0.95).is_err());
    }
    assert!(fit.survival(&s, &rows.strata(&[7]), &at, log, 0.95).is_err());
    assert!(fit.survival(&s, &rows.lasted(&[1.0, 2.0]), &at, log, 0.95).is_err());
    assert!(fit.survival(&s, &rows.lasted(&[f64::NAN]), &at, log, 0.95).is_err());
    assert!(fit.survival(&s, &rows, &[f64::INFINITY], log, 0.95).is_err());
    assert!(fit.survival(&s, &rows, &at, log, 1.0).is_err());
    let twice = [fit, fit];
    assert!(cumulative_incidence(&twice, &s, &rows, 1, &at, log, 0.95).is_err());
    let e = cumulative_incidence(&[fit], &s, &rows, 2, &at, log, 0.95).unwrap_err();
    assert!(matches!(e, FitError::UnknownCause { cause: 2, .. }));
}
