//! Tails with many degrees of freedom.

use pleegzorg::survival::ChiSquare;

use crate::run::root;

#[test]
fn tails_with_many_degrees_of_freedom_are_those_of_r() {
    let file = root().join("tests/reference/survival/chi-square.csv");
    let mut rows = csv::Reader::from_path(file).unwrap();
    let mut compared = 0;
    for row in rows.records().map(Result::unwrap) {
        let [df, chi2, p] = [0, 1, 2].map(|k| row[k].parse::<f64>().unwrap());
        let ours = ChiSquare::new(chi2, df).unwrap().p;
        // R's own two ways of computing differ by 1e-10 of the value.
        assert!((ours - p).abs() <= 1e-9 * p, "{chi2} on {df}: {ours}, {p} in R");
        compared += 1;
    }
    assert_eq!(compared, 84);
}
