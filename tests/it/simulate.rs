//! Simulated histories: readable, calibrated to the published figures, and with the true effects
//! in them.

use ndarray::Axis;
use pleegzorg::features::{AsOf, Frame, Missing, Recipe, RecipeOptions, Term, Values, compute};
use pleegzorg::history::{self, FamilyKind, Index, Perspective};
use pleegzorg::outcome::{Cause, Definition, Spell, spells, to_outcome};
use pleegzorg::progress::Silent;
use pleegzorg::simulate::{
    Drivers, EFFECTS, Effect, HORIZONS, Scenario, Simulation, simulate, true_risks, write,
};
use pleegzorg::survival::{Cox, Sample};

/// The columns that the drivers of the hazards are.
const COLUMNS: [&str; 17] = [
    "age",
    "age_over_10",
    "prior_breakdowns",
    "prior_residential",
    "family_kind",
    "family_experience",
    "crisis_start",
    "court_mandated",
    "perspective",
    "siblings_together",
    "helper_changes_12m",
    "behaviour_demand",
    "parenting_capacity",
    "capacity_gap",
    "alliance",
    "other_children_wellbeing",
    "provider",
];

/// A cohort, its spells under the default definition, and their features at the start.
struct Cohort {
    simulation: Simulation,
    spells: Vec<Spell>,
    frame: Frame,
}

fn cohort(scenario: &Scenario, children: u32, seed: u64) -> Cohort {
    let simulation = simulate(scenario, children, seed);
    let h = &simulation.history;
    let index = Index::new(h);
    let definition = Definition::default();
    let spells = spells(h, &index, &definition, None);
    let rows: Vec<AsOf> = spells.iter().map(|s| AsOf::start_of(h, s)).collect();
    let frame = compute(h, &index, &definition, &rows, &COLUMNS).unwrap();
    Cohort { simulation, spells, frame }
}

/// A row's value of a number column.
fn number(frame: &Frame, column: &str, row: usize) -> f64 {
    match frame.get(column).unwrap() {
        Values::Number(v) => v[row],
        Values::Level { .. } => panic!("{column} holds levels"),
    }
}

fn level<'a>(frame: &'a Frame, column: &str, row: usize) -> Option<&'a str> {
    match frame.get(column).unwrap() {
        Values::Number(_) => panic!("{column} holds numbers"),
        Values::Level { codes, levels } => levels.get(codes[row] as usize).map(String::as_str),
    }
}

/// The drivers of a row as the features have them; `None` where one is missing.
fn drivers(frame: &Frame, row: usize) -> Option<Drivers> {
    let complete = frame.columns().iter().all(|c| !c.values.is_missing(row));
    let n = |column| number(frame, column, row);
    complete.then(|| Drivers {
        age: n("age"),
        over_10: n("age_over_10") == 1.0,
        prior_breakdowns: n("prior_breakdowns"),
        prior_residential: n("prior_residential") == 1.0,
        family_kind: FamilyKind::parse(level(frame, "family_kind", row).unwrap()).unwrap(),
        family_experience: n("family_experience"),
        crisis_start: n("crisis_start") == 1.0,
        court_mandated: n("court_mandated") == 1.0,
        perspective: Perspective::parse(level(frame, "perspective", row).unwrap()).unwrap(),
        siblings_together: n("siblings_together") == 1.0,
        helper_changes: n("helper_changes_12m"),
        behaviour_demand: n("behaviour_demand"),
        parenting_capacity: n("parenting_capacity"),
        alliance: n("alliance"),
        other_children_wellbeing: n("other_children_wellbeing"),
    })
}

/// Without family effects and missing values the true risks follow from the features alone: what
/// the catalogue computes at the start is what drove the hazards, to the last bit.
#[test]
fn true_risks_follow_from_the_features() {
    let scenario = Scenario::base().without_family_effects().without_missing();
    let c = cohort(&scenario, 1500, 5);
    let h = &c.simulation.history;
    let mut truth = c.simulation.truth.iter();
    let (mut checked, mut late) = (0, 0);
    for (row, spell) in c.spells.iter().enumerate() {
        let told: Vec<f64> = truth
            .clone()
            .skip_while(|t| t.stay != spell.stay)
            .take_while(|t| t.stay == spell.stay)
            .filter(|t| Some(t.family) == spell.family)
            .map(|t| t.risk)
            .collect();
        assert_eq!(told.len(), HORIZONS.len());
        while truth.clone().next().is_some_and(|t| t.stay <= spell.stay) {
            truth.next();
        }
        // What happened before the records begin is not all known for left-truncated placements.
        let Some(drivers) = drivers(&c.frame, row) else {
            let before = h.child(spell.child).moves_before != Some(0);
            assert!(before || spell.start < h.window.start.plus_days(365), "missing");
            late += 1;
            continue;
        };
        let cap = h.child(spell.child).birth.day.plus_years(18).since(spell.start);
        let expected = true_risks(&scenario.baseline, &drivers, 1.0, cap);
        for (a, b) in told.iter().zip(expected) {
            assert!((a - b).abs() < 1e-12, "row {row}: {a} {b} {drivers:?}");
        }
        checked += 1;
    }
    assert!(checked > 800 && late < checked, "{checked} {late}");
}

/// A Cox model on the features recovers the table of true effects for breakdown, return home and
/// planned moves: every estimate within 4 standard errors, and 95% intervals that cover as often
/// as they should.
#[test]
fn a_cox_model_recovers_the_true_effects() {
    let scenario = Scenario::base().without_family_effects().without_missing();
    let c = cohort(&scenario, 16_000, 11);
    let effect: [(Cause, fn(&Effect) -> f64); 3] = [
        (Cause::Breakdown, |e| e.breakdown),
        (Cause::ReturnedHome, |e| e.returned_home),
        (Cause::PlannedMove, |e| e.planned_move),
    ];
    let terms: Vec<Term> = EFFECTS
        .iter()
        .map(|e| match e.term.split_once('=') {
            Some((column, _)) => format!("factor({column})").parse().unwrap(),
            None => e.term.parse().unwrap(),
        })
        .collect();
    let options = RecipeOptions::history().missing(Missing::Drop);
    let recipe = Recipe::fit(&c.frame, &terms, options).unwrap();
    let design = recipe.apply(&c.frame).unwrap();
    let kept: Vec<Spell> = design.kept_rows.iter().map(|&r| c.spells[r].clone()).collect();
    assert!(kept.len() > 8_000);
    let names = design.names.clone();
    let sample = Sample::new(design.x, names.clone(), to_outcome(&kept).unwrap()).unwrap();
    let (mut inside, mut all) = (0, 0);
    for (cause, truth) in effect {
        let fit = Cox::new().fit(&sample, cause.number()).unwrap();
        let se = fit.se();
        for (j, name) in names.iter().enumerate() {
            let effect = EFFECTS.iter().find(|e| e.term == name).unwrap();
            let z = (fit.coef[j] - truth(effect)) / se[j];
            println!(
                "{cause} {name}: {:.3} ({:.3}), true {}, z {z:.2}",
                fit.coef[j],
                se[j],
                truth(effect)
            );
            assert!(z.abs() < 4.0, "{cause} {name}: z = {z}");
            inside += u32::from(z.abs() < 1.96);
            all += 1;
        }
    }
    // Of 51 intervals 48 are expected to cover; fewer than 43 would be a chance of 1 in 200.
    println!("{inside} of {all}");
    assert!(inside * 51 >= 43 * all, "{inside} of {all} intervals cover");
    assert_eq!(sample.x().len_of(Axis(1)), EFFECTS.len());
}

/// What is written reads back without a fault, and the few findings are the intended ones.
#[test]
fn a_simulated_folder_reads_without_a_fault() {
    let dir = tempfile::tempdir().unwrap();
    let simulation = simulate(&Scenario::base(), 600, 2);
    write(&simulation, dir.path(), false).unwrap();
    let reading = history::read(dir.path(), &Silent).unwrap();
    println!("{}", reading.summary());
    for f in reading.findings.iter().take(20) {
        println!("{f:?}");
    }
    assert_eq!(reading.faults(), 0);
    let back = reading.into_history().unwrap();
    assert_eq!(back.stays.len(), simulation.history.stays.len());
    assert!(write(&simulation, dir.path(), false).is_err());
    write(&simulation, dir.path(), true).unwrap();
}
