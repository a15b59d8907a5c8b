//! The model room on simulated histories: start and landmark models of every kind.

use std::path::Path;

use pleegzorg::features::AsOf;
use pleegzorg::history::Index;
use pleegzorg::model::{Model, Prediction, Prepared, Study, fit, prepare_history};
use pleegzorg::outcome::spells;
use pleegzorg::simulate::{Scenario, Simulation, simulate};

const STUDY: &str = r#"
title = "Simulated"
seed = 11
[features]
terms = ["age", "prior_breakdowns", "capacity_gap", "alliance", "factor(family_kind)"]
[model]
cluster = ["child"]
"#;

fn study(sets: &[&str]) -> Study {
    let sets: Vec<String> = sets.iter().map(|&s| s.to_owned()).collect();
    Study::parse(STUDY, Path::new(""), &sets).unwrap()
}

struct Setting {
    simulation: Simulation,
    index: Index,
}

fn setting(children: u32) -> Setting {
    let simulation = simulate(&Scenario::base(), children, 5);
    let index = Index::new(&simulation.history);
    Setting { simulation, index }
}

impl Setting {
    fn prepared(&self, study: &Study) -> Prepared {
        prepare_history(study, &self.simulation.history, &self.index, None, None).unwrap()
    }

    fn model(&self, sets: &[&str]) -> (Prepared, Model) {
        let study = study(sets);
        let prepared = self.prepared(&study);
        let model = fit(&prepared, None, &study.model).unwrap().model;
        (prepared, model)
    }
}

fn numbers(p: &Prediction) -> usize {
    p.risks.as_ref().map_or(0, Vec::len)
}

#[test]
fn every_kind_learns_from_a_history_and_answers_for_its_rows() {
    let s = setting(400);
    for kind in ["cox", "aalen-johansen", "discrete-logistic", "forest", "gradient-boosting"] {
        let set = format!("model.kind={kind}");
        let (prepared, model) = s.model(&[&set]);
        let lasted = vec![0.0; prepared.len()];
        let horizons = model.horizons();
        assert_eq!(horizons.len(), 3);
        let found = model.predict(&prepared.frame, &lasted, &horizons).unwrap();
        let answered = found.iter().filter(|p| numbers(p) == 3).count();
        assert!(answered * 10 > prepared.len() * 9, "{kind}: {answered} of {}", prepared.len());
        for p in &found {
            let Ok(risks) = &p.risks else { continue };
            for r in risks {
                assert!(0.0 < r.lower && r.lower <= r.estimate && r.estimate <= r.upper, "{kind}");
                assert!(r.upper < 1.0 && r.upper - r.lower < 0.9, "{kind} {r:?}");
            }
            // What lies further ahead cannot be less likely (forests are grown one by one).
            assert!(
                ["forest", "gradient-boosting"].contains(&kind)
                    || risks.windows(2).all(|w| w[0].estimate <= w[1].estimate)
            );
        }
        // A model file holds no identifier: no child, family or stay by name.
        let text = String::from_utf8(model.to_bytes().unwrap()).unwrap();
        let h = &s.simulation.history;
        for id in h.children.iter().map(|c| &c.id).chain(h.stays.iter().map(|s| &s.id)) {
            assert!(!text.contains(&format!("\"{id}\"")));
        }
        model.belongs_to(&study(&[&set])).unwrap();
        let other = study(&[&set, "outcome.horizons=[\"9 months\"]"]);
        assert!(model.belongs_to(&other).unwrap_err().to_string().contains("horizons"));
        assert_eq!(model.about().expires, Some(h.window.extraction.plus_years(2)));
    }
}

#[test]
fn the_risk_ahead_is_the_conditional_one() {
    let s = setting(250);
    for kind in ["cox", "discrete-logistic"] {
        let (prepared, model) = s.model(&[&format!("model.kind={kind}")]);
        let row = prepared.frame.select(&[0, 7]);
        let cif = |lasted: f64, h: f64| model.cumulative_incidence(&row, &[lasted; 2], h).unwrap();
        for (t, h) in [(100.0, 365.25), (400.0, 182.625)] {
            let (early, late, ahead) = (cif(0.0, t), cif(0.0, t + h), cif(t, h));
            for k in 0..2 {
                let (early, late) = (early[k].as_ref().unwrap(), late[k].as_ref().unwrap());
                let survival = 1.0 - early.iter().sum::<f64>();
                let wanted = (late[0] - early[0]) / survival;
                assert!((ahead[k].as_ref().unwrap()[0] - wanted).abs() < 1e-12, "{kind}");
            }
        }
    }
}

#[test]
fn a_running_stay_uses_the_last_landmark_it_reached() {
    let s = setting(400);
    let marks = "features.landmark=[\"3 months\", \"6 months\", \"12 months\"]";
    for kind in ["cox", "discrete-logistic", "forest", "aalen-johansen"] {
        let (prepared, model) = s.model(&[marks, &format!("model.kind={kind}")]);
        assert_eq!(model.about().landmarks.len(), 3);
        let lasted = prepared.lasted();
        assert!(lasted.iter().all(|&t| t >= 91.0));
        let found = model.predict(&prepared.frame, &lasted, &[182.625]).unwrap();
        let answered = found.iter().filter(|p| numbers(p) == 1).count();
        // A forest knows nothing of rows that came under observation after their landmark.
        let marks = prepared.landmark.as_ref().unwrap();
        let on_time = (0..lasted.len()).filter(|&r| lasted[r] == prepared.origin(marks[r])).count();
        let asked = if kind == "forest" { on_time } else { prepared.len() };
        assert!(answered * 10 > asked * 8, "{kind}: {answered} of {asked}");
        let row = prepared.frame.select(&[0]);
        let at = |t: f64| model.predict(&row, &[t], &[182.625]).unwrap().remove(0).risks;
        assert_eq!(at(60.0).unwrap_err().code(), "before_landmark", "{kind}");
        // The 91st day counts as three months.
        assert_eq!(at(91.0), at(91.3125), "{kind}");
        if kind == "forest" {
            assert_eq!(at(130.0).unwrap_err().code(), "not_at_landmark");
        } else {
            assert!(at(130.0).is_ok(), "{kind}");
        }
        assert!(model.only_after_start().unwrap().contains("3 months"));
        let (start, day) =
            (prepared.window.unwrap().start, |n: i32| prepared.window.unwrap().start.plus_days(n));
        assert_eq!(model.features_on(start, day(90)), None);
        assert_eq!(model.features_on(start, day(100)), Some(day(91)));
        assert_eq!(model.features_on(start, day(400)), Some(day(365)));
    }
}

#[test]
fn rows_asked_through_the_history_are_the_prepared_ones() {
    let s = setting(300);
    let (prepared, model) = s.model(&["model.strata=provider"]);
    let h = &s.simulation.history;
    let definition = prepared.definition.clone().unwrap();
    let all = spells(h, &s.index, &definition, None);
    let rows: Vec<AsOf> = all.iter().map(|spell| AsOf::start_of(h, spell)).collect();
    let frame = model.frame(h, &s.index, &rows).unwrap();
    let lasted = vec![0.0; rows.len()];
    let asked = model.predict(&frame, &lasted, &model.horizons()).unwrap();
    let known = model.predict(&prepared.frame, &lasted, &model.horizons()).unwrap();
    assert_eq!(asked, known);
    assert_eq!(model.only_after_start(), None);
    let providers = known.iter().filter(|p| format!("{:?}", p.notes).contains("Pooled")).count();
    assert!(providers < known.len());
}

#[test]
fn a_study_known_at_a_day_reads_nothing_later() {
    let s = setting(400);
    let study = study(&[]);
    let h = &s.simulation.history;
    let split = h.window.start.plus_days(900);
    let early = prepare_history(&study, h, &s.index, Some(split), None).unwrap();
    assert!(early.len() < s.prepared(&study).len());
    let days = early.days.as_ref().unwrap();
    for (row, &day) in days.iter().enumerate() {
        assert!(day <= split);
        assert!(day.plus_days(early.outcome.exit()[row] as i32) <= split);
    }
}

#[test]
fn the_same_study_gives_the_same_bytes_for_any_number_of_threads() {
    let s = setting(300);
    for kind in ["cox", "forest", "discrete-logistic"] {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| s.model(&[&format!("model.kind={kind}")]).1.to_bytes().unwrap())
        };
        assert_eq!(run(1), run(4), "{kind}");
    }
}
