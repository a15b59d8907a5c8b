//! What another policy would have changed, against R: `clogit` for the choice model, and folds,
//! weights, estimates and intervals written from their definitions (`tests/reference/worth.R`).

use std::collections::BTreeMap;

use pleegzorg::matching::worth::{ChoiceModel, Chosen, Past, evaluate};

/// Relative; the values are known to about fifteen digits, the maximum of R's choice model with a
/// ridge to ten.
const TOLERANCE: f64 = 1e-9;

fn pasts() -> Vec<Past> {
    let mut found: Vec<Past> = Vec::new();
    let mut last = String::new();
    for line in include_str!("../reference/worth-choices.csv").lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |k: usize| cells[k].parse::<f64>().unwrap();
        if cells[0] != last {
            last = cells[0].to_owned();
            found.push(Past {
                choice: Chosen { options: Vec::new(), chosen: 0 },
                first: true,
                outcome: number(5),
                weight: number(6),
                cluster: cells[7].parse().unwrap(),
                unit: cells[8].parse().unwrap(),
                stratum: 0,
            });
        }
        let choice = &mut found.last_mut().unwrap().choice;
        if cells[4] == "1" {
            choice.chosen = choice.options.len();
        }
        choice.options.push(vec![number(1), number(2), number(3)]);
    }
    found
}

fn expected() -> BTreeMap<(&'static str, &'static str), f64> {
    let lines = include_str!("../reference/worth-expected.csv").lines().skip(1);
    let of = |line: &'static str| {
        let mut cells = line.split(',');
        let key = (cells.next().unwrap(), cells.next().unwrap());
        (key, cells.next().unwrap().parse().unwrap())
    };
    lines.map(of).collect()
}

fn near(found: f64, expected: f64, what: &str) {
    let off = (found - expected).abs();
    assert!(off <= TOLERANCE * expected.abs().max(1e-3), "{what}: {found} against R's {expected}");
}

#[test]
fn the_choice_model_is_clogit() {
    let (pasts, expected) = (pasts(), expected());
    let choices: Vec<&Chosen> = pasts.iter().map(|p| &p.choice).collect();
    let fit = ChoiceModel::fit(&choices, 0.0).unwrap();
    for j in 0..3 {
        near(fit.coef[j], expected[&("clogit", ["coef1", "coef2", "coef3"][j])], "coefficient");
        near(fit.se[j], expected[&("clogit", ["se1", "se2", "se3"][j])], "standard error");
    }
}

#[test]
fn estimates_and_intervals_are_those_of_their_definitions() {
    let (pasts, expected) = (pasts(), expected());
    let risk = |o: &Vec<f64>| 1.0 / (1.0 + (1.0 - 0.8 * o[0] + 0.1 * o[1]).exp());
    let risks = |_: &[&Past], test: &[&Past]| -> Vec<Vec<f64>> {
        test.iter().map(|p| p.choice.options.iter().map(risk).collect()).collect()
    };
    let policies = evaluate(&pasts, &risks, 0.95).unwrap();
    let mut compared = 6; // by the test above
    for p in &policies {
        let mut same = |item: &str, found: f64| {
            near(found, expected[&(p.policy, item)], &format!("{}, {item}", p.policy));
            compared += 1;
        };
        assert_eq!(p.refused, None);
        for e in &p.estimates {
            same(e.method, e.reduction);
            same(&format!("{}_lower", e.method), e.lower);
            same(&format!("{}_upper", e.method), e.upper);
        }
        same("effective", p.effective_sample_size);
        same("without_overlap", p.without_overlap);
        same("claims", p.model_claims);
    }
    assert_eq!(compared, expected.len());
}
