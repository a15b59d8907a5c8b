use super::*;

fn options(at: &[f64]) -> DescribeOptions {
    DescribeOptions {
        at: at.to_vec(),
        interval: Interval::LogLog,
        level: 0.95,
        grid: 1.0,
        rho: 0.0,
        strata: None,
        weights: None,
    }
}

fn small() -> Outcome {
    // Worked by hand: at 1 one of four breaks down, at 2 one of three goes home, at 3 one is
    // censored, at 4 the last breaks down.
    Outcome::new(None, vec![1., 2., 3., 4.], vec![1, 2, 0, 1], vec!["b".into(), "h".into()])
        .unwrap()
}

#[test]
fn by_hand() {
    let d = describe(&small(), &Groups::all(4), &options(&[2.0, 4.0])).unwrap();
    let g = &d.groups[0];
    assert_eq!((g.n, g.events["b"], g.events["h"]), (4, 2, 1));
    let at = &g.at[0];
    assert_eq!(at.at_risk, 3);
    assert!((at.survival.unwrap() - 0.5).abs() < 1e-15);
    assert!((at.cif["b"].estimate.unwrap() - 0.25).abs() < 1e-15);
    assert!((at.cif["h"].estimate.unwrap() - 0.25).abs() < 1e-15);
    assert_eq!(g.at[1].survival, Some(0.0));
    assert!((g.at[1].cif["b"].estimate.unwrap() - 0.75).abs() < 1e-15);
    // 1 + 0.75 + 0.5 + 0.5 under the curve.
    assert!((g.rmst.unwrap() - 2.75).abs() < 1e-15);
    // 1/4 + 1/3 by day 2, and half have ended from day 2 to day 4.
    assert!((at.cumulative_hazard.unwrap() - 7.0 / 12.0).abs() < 1e-15);
    assert!((at.cumulative_hazard_se.unwrap() - (1.0f64 / 16.0 + 1.0 / 9.0).sqrt()).abs() < 1e-15);
    assert_eq!(g.median.estimate, Some(3.0));
    assert_eq!(d.tests, None);
    // The drawn curve starts at certainty.
    assert_eq!((g.curve[0].time, g.curve[0].survival, g.curve[0].at_risk), (0.0, Some(1.0), 4));
    assert_eq!(g.curve.len(), 5);
}

#[test]
fn who_enters_at_the_beginning_is_at_risk_there() {
    let entry = Some(vec![0.0, 0.0, 2.0]);
    let y = Outcome::new(entry, vec![3., 4., 5.], vec![1, 0, 1], vec!["b".into()]).unwrap();
    let d = describe(&y, &Groups::all(3), &options(&[3.0])).unwrap();
    let n: Vec<usize> = d.groups[0].curve.iter().map(|p| p.at_risk).collect();
    assert_eq!(n, [2, 2, 2, 3]);
}

#[test]
fn beyond_the_follow_up_there_is_no_number() {
    let y = Outcome::new(None, vec![1., 3.], vec![1, 0], vec!["b".into()]).unwrap();
    let d = describe(&y, &Groups::all(2), &options(&[2.0, 5.0])).unwrap();
    assert_eq!(d.groups[0].at[1].survival, None);
    assert_eq!(d.groups[0].at[1].cif["b"].estimate, None);
    assert_eq!(d.groups[0].rmst, None);
    assert_eq!(d.warnings.len(), 1);
}

#[test]
fn groups_of_columns() {
    let levels = vec!["z".to_string(), "unused".into(), "a".into()];
    let column = Values::Level { codes: vec![0, 2, Values::MISSING, 2], levels };
    let g = Groups::by("kind", &column).unwrap();
    assert_eq!(g.names, ["a", "z"]);
    assert_eq!(g.codes, [Some(1), Some(0), None, Some(0)]);
    let g = Groups::by("n", &Values::Number(vec![2.0, f64::NAN, 0.0, 2.0])).unwrap();
    assert_eq!(g.names, ["0", "2"]);
    assert!(Groups::by("x", &Values::Number((0..99).map(f64::from).collect())).is_err());
    assert!(Groups::by("x", &Values::Number(vec![f64::NAN])).is_err());
    let d = describe(&small(), &Groups::by("k", &column).unwrap(), &options(&[1.0])).unwrap();
    assert_eq!(d.groups.len(), 2);
    assert!(d.warnings[0].starts_with("1 rows have no value"));
}

#[test]
fn what_cannot_be_described() {
    let y = small();
    assert!(describe(&y, &Groups::all(3), &options(&[1.0])).is_err());
    for at in [&[][..], &[2.0, 1.0], &[0.0], &[f64::NAN]] {
        assert!(describe(&y, &Groups::all(4), &options(at)).is_err());
    }
    let bad = DescribeOptions { level: 1.0, ..options(&[1.0]) };
    assert!(describe(&y, &Groups::all(4), &bad).is_err());
    let bad = DescribeOptions { grid: 0.0, ..options(&[1.0]) };
    assert!(describe(&y, &Groups::all(4), &bad).is_err());
    let bad = DescribeOptions { strata: Some(Groups::all(3)), ..options(&[1.0]) };
    assert!(describe(&y, &Groups::all(4), &bad).is_err());
    let two = Groups::by("g", &Values::Number(vec![0., 1., 0., 1.])).unwrap();
    let bad = DescribeOptions { rho: -1.0, ..options(&[1.0]) };
    assert!(describe(&y, &two, &bad).is_err());
}

#[test]
fn the_contract_has_its_keys() {
    let g = Groups::by("g", &Values::Number(vec![0., 1., 0., 1.])).unwrap();
    let json = serde_json::to_value(describe(&small(), &g, &options(&[2.0])).unwrap()).unwrap();
    let keys = |v: &serde_json::Value| -> Vec<String> {
        let mut keys: Vec<String> = v.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    };
    assert_eq!(keys(&json), ["groups", "schema", "tests", "warnings"]);
    let group = &json["groups"][0];
    assert_eq!(keys(group), ["at", "events", "group", "median", "n", "rmst", "rmst_se"]);
    assert_eq!(
        keys(&group["at"][0]),
        [
            "at_risk",
            "cif",
            "cumulative_hazard",
            "cumulative_hazard_se",
            "lower",
            "survival",
            "time",
            "upper"
        ]
    );
    assert_eq!(keys(&group["at"][0]["cif"]["b"]), ["estimate", "lower", "upper"]);
    assert_eq!(keys(&json["tests"]), ["gray", "logrank"]);
    assert_eq!(keys(&json["tests"]["logrank"]), ["chi2", "df", "p"]);
}
