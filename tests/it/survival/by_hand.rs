//! The examples that Therneau works by hand for R's package (its `validate` vignette): closed forms,
//! to 1e-10.

use ndarray::{Array2, array};
use pleegzorg::survival::{Cox, CoxFit, Outcome, Sample, Ties};

const WITHIN: f64 = 1e-10;

fn six() -> Sample {
    let time = vec![1., 1., 6., 6., 8., 9.];
    let y = Outcome::new(None, time, vec![1, 0, 1, 1, 0, 1], vec!["event".into()]).unwrap();
    Sample::new(array![[1.], [1.], [1.], [0.], [0.], [0.]], vec!["x".into()], y).unwrap()
}

fn fit(ties: Ties) -> CoxFit {
    Cox::new().ties(ties).fit(&six(), 1).unwrap()
}

fn close(ours: f64, exact: f64) {
    assert!((ours - exact).abs() < WITHIN, "{ours} is not {exact}");
}

/// Breslow: the slope 2 − r/(r + 1) ... = 0 is quadratic in r = e^β.
#[test]
fn breslow_for_six_rows() {
    let r: f64 = (3.0 + 33f64.sqrt()) / 2.0;
    let f = fit(Ties::Breslow);
    close(f.coef[0], r.ln());
    assert!((f.coef[0] - 1.475285).abs() < 5e-7);
    close(f.loglik[0], -(6f64.ln() + 2.0 * 4f64.ln()));
    close(f.loglik[1], 2.0 * r.ln() - (3.0 * r + 3.0).ln() - 2.0 * (r + 3.0).ln());
    let information = r / (r + 1.0).powi(2) + 6.0 * r / (r + 3.0).powi(2);
    close(f.covariance[[0, 0]], 1.0 / information);
    // At β = 0 the slope is 1 and the information 1/4 + 2·3/16 = 5/8.
    close(f.score.chi2, 8.0 / 5.0);
    let m = f.martingale_residuals(&six()).unwrap();
    let h1 = 1.0 / (3.0 * r + 3.0);
    let h6 = h1 + 2.0 / (r + 3.0);
    let expected = [1.0 - r * h1, -r * h1, 1.0 - r * h6, 1.0 - h6, -h6, 1.0 - h6 - 1.0];
    m.iter().zip(expected).for_each(|(m, e)| close(*m, e));
}

/// Efron: r³ − 23r − 30 = 0.
#[test]
fn efron_for_six_rows() {
    let third = ((45.0 / 23.0) * (3f64 / 23.0).sqrt()).acos() / 3.0;
    let r = 2.0 * (23f64 / 3.0).sqrt() * third.cos();
    assert!((r - 5.348721).abs() < 5e-7);
    let f = fit(Ties::Efron);
    close(f.coef[0], r.ln());
    assert!((f.coef[0] - 1.676857).abs() < 5e-7);
    close(f.loglik[0], -(6.0 * 4.0 * 3f64).ln());
    assert!((f.loglik[0] + 4.276666).abs() < 5e-7);
    let exact = 2.0 * r.ln() - (3.0 * r + 3.0).ln() - (r + 3.0).ln() - ((r + 5.0) / 2.0).ln();
    close(f.loglik[1], exact);
    // The vignette prints −3.358979; its own formula, and R, give −3.358975.
    assert!((f.loglik[1] + 3.358975).abs() < 5e-7);
    let information =
        r / (r + 1.0).powi(2) + 3.0 * r / (r + 3.0).powi(2) + 5.0 * r / (r + 5.0).powi(2);
    close(f.covariance[[0, 0]], 1.0 / information);
    // At β = 0: slope 2 − 1/2 − 1/4 − 1/6 = 52/48, information 83/144.
    close(f.score.chi2, (52f64 / 48.0).powi(2) / (83.0 / 144.0));
    let cells = f.baseline_cells(&six(), &[0.0, 1.0, 6.0, 9.0]).unwrap();
    let (a, b) = (1.0 / (r + 3.0), 2.0 / (r + 5.0));
    let expected = [1.0 / (3.0 * r + 3.0), a + b, 1.0];
    cells[0].dh.iter().zip(expected).for_each(|(h, e)| close(*h, e));
    let expected = [1.0 / (3.0 * r + 3.0).powi(2), a * a + b * b, 1.0];
    cells[0].dv.iter().zip(expected).for_each(|(h, e)| close(*h, e));
    let m = f.martingale_residuals(&six()).unwrap();
    let h1 = 1.0 / (3.0 * r + 3.0);
    // The two deaths at 6 face the first half hazard whole and the second by half.
    let own = h1 + a + b / 2.0;
    let h6 = h1 + a + b;
    let expected = [1.0 - r * h1, -r * h1, 1.0 - r * own, 1.0 - own, -h6, 1.0 - h6 - 1.0];
    m.iter().zip(expected).for_each(|(m, e)| close(*m, e));
    let d = f.schoenfeld_residuals(&six()).unwrap();
    let mean = 0.5 * (r * a + r / 2.0 * b);
    let expected = [1.0 - r / (r + 1.0), 1.0 - mean, -mean, 0.0];
    d.residual.column(0).iter().zip(expected).for_each(|(v, e)| close(*v, e));
}

/// Ten rows over (start, stop]; one of his risk sets is empty of the first subjects.
#[test]
fn late_entry_with_ties() {
    let start = vec![1., 2., 5., 2., 1., 7., 3., 4., 8., 8.];
    let stop = vec![2., 3., 6., 7., 8., 9., 9., 9., 14., 17.];
    let event = vec![1, 1, 1, 1, 1, 1, 1, 0, 0, 0];
    let x = [1., 0., 0., 1., 0., 1., 1., 1., 0., 0.];
    let y = Outcome::new(Some(start), stop, event, vec!["event".into()]).unwrap();
    let x = Array2::from_shape_fn((10, 1), |(i, _)| x[i]);
    let sample = Sample::new(x, vec!["x".into()], y).unwrap();
    // The risk sets: {1,5}: r+1; {2,4,5}: r+2; {3,4,5,7,8}: 3r+2; {4,5,7,8}: 3r+1; {5,6,7,8}: 3r+1;
    // two deaths of {6,7,8,9,10}: 3r+2, and for Efron then (3r+2) − r.
    let f = Cox::new().ties(Ties::Breslow).fit(&sample, 1).unwrap();
    let r = f.coef[0].exp();
    let slope = 4.0
        - (r / (r + 1.0) + r / (r + 2.0) + 9.0 * r / (3.0 * r + 2.0) + 6.0 * r / (3.0 * r + 1.0));
    close(slope, 0.0);
    let exact = 4.0 * r.ln()
        - (r + 1.0).ln()
        - (r + 2.0).ln()
        - 3.0 * (3.0 * r + 2.0).ln()
        - 2.0 * (3.0 * r + 1.0).ln();
    close(f.loglik[1], exact);
    close(f.loglik[0], -(2f64.ln() + 3f64.ln() + 3.0 * 5f64.ln() + 2.0 * 4f64.ln()));
    let f = Cox::new().fit(&sample, 1).unwrap();
    close(f.loglik[0], -(2f64.ln() + 3f64.ln() + 2.0 * 5f64.ln() + 3.0 * 4f64.ln()));
}
