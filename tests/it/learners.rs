//! Learners at the seam: linfa against R's `glm`, and a forest that must find what is there.

use pleegzorg::model::{Kind, fit};

use crate::model::{close, golden, prepared};

const ROSSI: &str = r#"
seed = 7
[data]
table = "rossi.csv"
exit = "week"
event = "arrest"
[outcome]
horizons = [26, 52]
[features]
terms = ["fin", "age", "prio"]
"#;

#[test]
fn discrete_hazards_give_the_numbers_of_glm() {
    let gold = golden("discrete.txt");
    let sets = ["model.kind=discrete-logistic", "model.step=13"];
    let (study, prepared) = prepared(ROSSI, &sets, "rossi.csv");
    let fitted = fit(&prepared, None, &study.model).unwrap();
    let result = fitted.result().unwrap();
    assert_eq!(result.converged, Some(true));
    for (j, t) in result.terms.unwrap().iter().enumerate() {
        // The first four coefficients of R are the intervals'.
        close(t.estimate.unwrap(), gold["coef"][4 + j], 1e-8);
        close(t.se.unwrap(), gold["se"][4 + j], 1e-8);
    }
    let loglik = result.loglik.unwrap();
    close(loglik.final_, gold["loglik"][0], 1e-10);
    close(loglik.null, gold["null"][0], 1e-10);
    let rows = prepared.frame.select(&[0, 1, 2, 3, 4]);
    let found = fitted.model.predict(&rows, &[0.0; 5], &[26.0, 52.0]).unwrap();
    for k in 0..5 {
        let risks = found[k].risks.as_ref().unwrap();
        close(risks[0].estimate, gold["risk.26"][k], 1e-9);
        close(risks[1].estimate, gold["risk.52"][k], 1e-9);
        assert!(risks[1].lower < risks[1].estimate && risks[1].estimate < risks[1].upper);
    }
}

#[test]
fn a_forest_competes_on_real_data() {
    let (study, prepared) = prepared(ROSSI, &["model.kind=forest"], "rossi.csv");
    let fitted = fit(&prepared, None, &study.model).unwrap();
    assert_eq!(fitted.result().unwrap().kind, Kind::Forest);
    let found = fitted.model.predict(&prepared.frame, &[0.0; 432], &[26.0, 52.0]).unwrap();
    let risk = |k: usize, h: usize| found[k].risks.as_ref().unwrap()[h];
    let mean: f64 = (0..432).map(|k| risk(k, 1).estimate).sum::<f64>() / 432.0;
    // Nobody is censored before week 52: 114 of 432 were arrested.
    assert!((mean - 114.0 / 432.0).abs() < 0.02, "{mean}");
    for k in 0..432 {
        assert!(risk(k, 0).lower <= risk(k, 0).estimate && risk(k, 0).estimate <= risk(k, 0).upper);
    }
    // Many prior convictions at a young age against few at a high age.
    let frame = prepared.frame.clone();
    let of = |name: &str| match frame.get(name).unwrap() {
        pleegzorg::features::Values::Number(v) => v.clone(),
        pleegzorg::features::Values::Level { .. } => panic!("{name} is a number"),
    };
    let (age, prio) = (of("age"), of("prio"));
    let group = |keep: &dyn Fn(usize) -> bool| {
        let rows: Vec<usize> = (0..432).filter(|&k| keep(k)).collect();
        rows.iter().map(|&k| risk(k, 1).estimate).sum::<f64>() / rows.len() as f64
    };
    let high = group(&|k| age[k] < 22.0 && prio[k] >= 3.0);
    let low = group(&|k| age[k] > 28.0 && prio[k] < 3.0);
    assert!(high > 1.8 * low, "{high} {low}");
    // From a later day on the forest does not know the risk.
    let later = fitted.model.predict(&prepared.frame.select(&[0]), &[13.0], &[26.0]).unwrap();
    assert_eq!(later[0].risks.as_ref().unwrap_err().code(), "not_at_landmark");
    // A horizon that no forest was grown for.
    let other = fitted.model.predict(&prepared.frame.select(&[0]), &[0.0], &[30.0]).unwrap();
    assert_eq!(other[0].risks.as_ref().unwrap_err().code(), "beyond_follow_up");
}
