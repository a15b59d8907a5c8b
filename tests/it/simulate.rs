//! Simulated histories: readable, calibrated to the published figures, and with the true effects
//! in them.

use std::collections::HashMap;

use ndarray::Axis;
use pleegzorg::DAYS_PER_MONTH;
use pleegzorg::features::{
    AsOf, Frame, Missing, Recipe, RecipeOptions, Term, Values, compute, feature,
};
use pleegzorg::history::{
    self, CareForm, EndReason, EventKind, FamilyKind, Index, Legal, Perspective, Setting, Stay,
};
use pleegzorg::model::{Study, fit, prepare_history};
use pleegzorg::outcome::{Cause, Definition, Spell, spells, to_outcome};
use pleegzorg::progress::Silent;
use pleegzorg::simulate::{
    Drivers, EDGES, EFFECTS, Effect, HORIZONS, Level, Scenario, Simulation, simulate, study,
    true_risks, write,
};
use pleegzorg::survival::{AalenJohansen, Cox, Interval, Outcome, Sample};

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
        let expected = true_risks(&scenario.baseline, &drivers, 1.0, cap).unwrap();
        for (a, b) in told.iter().zip(expected) {
            assert!((a - b).abs() < 1e-12, "row {row}: {a} {b} {drivers:?}");
        }
        checked += 1;
    }
    assert!(checked > 800 && late < checked, "{checked} {late}");
}

/// A term of the table as a study file writes it.
fn written(effect: &Effect) -> String {
    match effect.term.split_once('=') {
        Some((column, _)) => format!("factor({column})"),
        None => effect.term.to_owned(),
    }
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
    let terms: Vec<Term> = EFFECTS.iter().map(|e| written(e).parse().unwrap()).collect();
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

/// The incidences of the published studies, at the end of a year and of six, as the estimator that
/// a researcher would use finds them in the records: within four standard errors.
#[test]
fn the_records_show_the_published_incidences() {
    for level in Level::ALL {
        let scenario = Scenario::at(*level);
        let history = simulate(&scenario, 3000, 21).history;
        let index = Index::new(&history);
        let all = spells(&history, &index, &Definition::default(), None);
        let begun: Vec<Spell> =
            all.into_iter().filter(|s| s.start >= history.window.start).collect();
        let curves = AalenJohansen::new(&grouped(&begun), None).unwrap();
        for (k, months) in EDGES.into_iter().enumerate() {
            let day = months * DAYS_PER_MONTH;
            let targets = [scenario.targets.breakdown[k], scenario.targets.positive[k]];
            for (cause, target) in targets.into_iter().enumerate() {
                let found = curves.at(cause as u32 + 1, day, Interval::LogLog, 0.95).unwrap();
                let (found, se) = (found.estimate, found.se);
                let z = (found - target) / se;
                assert!(z.abs() < 4.0, "{level:?} {months}: {found} for {target}, z = {z}");
            }
        }
        // Adolescents against younger children: 34.2% and 16.3% (Eltink 2025), a ratio of 2.1.
        if *level == Level::Base {
            let (old, young): (Vec<_>, Vec<_>) = begun
                .into_iter()
                .partition(|s| history.child(s.child).birth.age_on(s.start) >= 12.0);
            let six_years = |rows: &[Spell]| {
                let curves = AalenJohansen::new(&grouped(rows), None).unwrap();
                let at = curves.at(1, 72.0 * DAYS_PER_MONTH, Interval::LogLog, 0.95);
                at.unwrap().estimate
            };
            let ratio = six_years(&old) / six_years(&young);
            assert!((1.7..2.5).contains(&ratio), "{ratio}");
        }
    }
}

/// Breakdown, positive ends, and the rest, as causes 1 to 3.
fn grouped(spells: &[Spell]) -> Outcome {
    let cause = |s: &Spell| match s.cause {
        None => 0,
        Some(Cause::Breakdown) => 1,
        Some(Cause::ReturnedHome | Cause::PlannedMove | Cause::CameOfAge) => 2,
        Some(_) => 3,
    };
    Outcome::new(
        None,
        spells.iter().map(|s| s.exit).collect(),
        spells.iter().map(cause).collect(),
        ["breakdown", "positive", "rest"].map(String::from).to_vec(),
    )
    .unwrap()
}

/// Who is placed, where and how: the shares of the factsheets and of the design, within three
/// points (five for those of the stock, which follow from how long placements last).
#[test]
fn the_cohort_has_the_published_shares() {
    let h = simulate(&Scenario::base().without_missing(), 4000, 31).history;
    let index = Index::new(&h);
    let near = |what: &str, found: f64, published: f64, points: f64| {
        println!("{what}: {found:.3}, published {published}");
        assert!((found - published).abs() < points, "{what}: {found} for {published}");
    };
    let begun: Vec<Spell> = spells(&h, &index, &Definition::default(), None)
        .into_iter()
        .filter(|s| s.start >= h.window.start)
        .collect();
    let age = |from: f64, to: f64| {
        let ages = begun.iter().map(|s| h.child(s.child).birth.age_on(s.start));
        ages.filter(|a| (from..to).contains(a)).count() as f64 / begun.len() as f64
    };
    near("0-4 at the start", age(0.0, 5.0), 0.40, 0.03);
    near("5-11 at the start", age(5.0, 12.0), 0.33, 0.03);
    near("12-17 at the start", age(12.0, 18.0), 0.27, 0.03);

    // New placements: each full-time one counts once, however often its registration was split.
    let part: Vec<&Stay> = (h.stays.iter())
        .filter(|s| s.care_form == Some(CareForm::PartTime) && s.start >= h.window.start)
        .collect();
    let firsts: Vec<&Stay> = begun.iter().map(|s| h.stay(s.stay)).collect();
    let new: Vec<&Stay> = firsts.iter().chain(&part).copied().collect();
    let share = |rows: &[&Stay], test: &dyn Fn(&Stay) -> bool| {
        rows.iter().filter(|s| test(s)).count() as f64 / rows.len() as f64
    };
    let network =
        |s: &Stay| s.family.is_some_and(|f| h.family(f).state.kind == Some(FamilyKind::Network));
    near("crisis", share(&new, &|s| s.care_form == Some(CareForm::Crisis)), 0.19, 0.03);
    near("full time", share(&new, &|s| s.care_form == Some(CareForm::FullTime)), 0.63, 0.03);
    near("part time", share(&new, &|s| s.care_form == Some(CareForm::PartTime)), 0.18, 0.03);
    near("network, new", share(&new, &network), 0.49, 0.05);

    // The stock at the end of 2021, with the legal ground as it was by then.
    let day = history::Day::from_ymd(2021, 12, 31).unwrap();
    let stock: Vec<&Stay> = (h.stays.iter())
        .filter(|s| s.setting == Setting::Foster && s.start <= day && s.end.is_none_or(|e| e > day))
        .collect();
    near("network, stock", share(&stock, &network), 0.47, 0.05);
    near(
        "part time, stock",
        share(&stock, &|s| s.care_form == Some(CareForm::PartTime)),
        0.20,
        0.05,
    );
    let legal = |s: &Stay| {
        let mut changes = index.events_of_child(s.child).iter().map(|&row| &h.events[row as usize]);
        let last = changes.rfind(|e| e.kind == EventKind::LegalChange && e.date <= day);
        match last.filter(|e| e.date > s.start).and_then(|e| e.to) {
            Some(to) => Legal::parse(h.labels.word(to)),
            None => s.legal,
        }
    };
    near("OTS", share(&stock, &|s| legal(s) == Some(Legal::Ots)), 0.23, 0.05);
    let gi = share(&stock, &|s| legal(s) == Some(Legal::GuardianshipGi));
    near("GI-voogdij", gi, 0.34, 0.05);
    let carer = share(&stock, &|s| legal(s) == Some(Legal::GuardianshipFosterParent));
    near("pleegoudervoogdij", carer, 0.13, 0.05);
    let free = [Some(Legal::Voluntary), Some(Legal::Drang)];
    near("voluntary", share(&stock, &|s| free.contains(&legal(s))), 0.30, 0.05);

    // England, foster placements, year to 31 March 2024: 6,790 of 36,560 are changes of status
    // only; of the breakdowns, 3,210 + 3,390 of 9,140 were asked for by the carers.
    let ended: Vec<&Stay> =
        (h.stays.iter()).filter(|s| s.setting == Setting::Foster && s.end.is_some()).collect();
    let reason = |r: EndReason| share(&ended, &|s| s.end_reason == Some(r));
    near("administrative", reason(EndReason::Administrative), 0.186, 0.03);
    let broken: Vec<&Stay> = ended
        .iter()
        .filter(|s| s.end_planned == Some(false) && s.end_wanted == Some(false))
        .copied()
        .collect();
    let of = |r: EndReason| share(&broken, &|s| s.end_reason == Some(r));
    near("behaviour", of(EndReason::CarerBehaviour), 0.351, 0.05);
    near("other reason of the carer", of(EndReason::CarerOther), 0.371, 0.05);
    near("the child asked", of(EndReason::ChildRequest), 0.112, 0.05);
}

/// A model trained on one cohort gives new placements of another their true risks, on average and
/// in each fifth of predicted risk, with family effects, helper changes and missing values all on:
/// within a tenth of the true mean in all, and a fifth of it (or one point) in each fifth.
#[test]
fn predictions_are_calibrated_against_the_truth() {
    let train = simulate(&Scenario::base(), 12_000, 101).history;
    let index = Index::new(&train);
    // The simulator's own study with every term that has an effect: calibration is a question
    // about the probabilities, not about terms left out.
    let text = study(&train.window);
    let (before, rest) = text.split_once("terms = [").unwrap();
    let (_, after) = rest.split_once(']').unwrap();
    let terms: Vec<String> = EFFECTS.iter().map(|e| format!("{:?}", written(e))).collect();
    let text = format!("{before}terms = [{}]{after}", terms.join(", "));
    let study = Study::parse(&text, ".".as_ref(), &[]).unwrap();
    let prepared = prepare_history(&study, &train, &index, None, None).unwrap();
    let model = fit(&prepared, None, &study.model).unwrap().model;
    let new = simulate(&Scenario::base(), 4000, 102);
    let index = Index::new(&new.history);
    let prepared = prepare_history(&study, &new.history, &index, None, None).unwrap();
    let stays = prepared.stays.as_ref().unwrap();
    let rows: Vec<usize> = (0..prepared.len())
        .filter(|&r| prepared.outcome.entry().is_none_or(|e| e[r] == 0.0))
        .collect();
    let horizons = HORIZONS.map(|m| m * DAYS_PER_MONTH);
    let risks =
        model.risks(&prepared.frame.select(&rows), &vec![0.0; rows.len()], &horizons).unwrap();
    let truth: HashMap<_, f64> = (new.truth.iter())
        .filter(|t| new.history.stay(t.stay).family == Some(t.family))
        .map(|t| ((t.stay, t.horizon.to_bits()), t.risk))
        .collect();
    for (k, horizon) in horizons.into_iter().enumerate() {
        let mut pairs: Vec<(f64, f64)> = (rows.iter().zip(&risks))
            .map(|(&r, risk)| (risk[k].unwrap(), truth[&(stays[r], horizon.to_bits())]))
            .collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let means = |part: &[(f64, f64)]| {
            let n = part.len() as f64;
            let sum = part.iter().fold((0.0, 0.0), |s, p| (s.0 + p.0, s.1 + p.1));
            (sum.0 / n, sum.1 / n)
        };
        let (said, is) = means(&pairs);
        println!("{horizon}: {said:.4} for {is:.4}");
        assert!((said - is).abs() < 0.10 * is, "{horizon}: {said} for {is}");
        for part in pairs.chunks(pairs.len().div_ceil(5)) {
            let (said, is) = means(part);
            println!("   {said:.4} for {is:.4}");
            assert!((said - is).abs() < (0.2 * is).max(0.01), "{horizon}: {said} for {is}");
        }
    }
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

/// The shipped example is what the simulator makes of its seed, byte for byte.
#[test]
fn the_example_is_made_by_the_simulator() {
    let dir = tempfile::tempdir().unwrap();
    write(&simulate(&Scenario::base(), 400, 1), dir.path(), false).unwrap();
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/example");
    let mut names: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names.len(), 12);
    let mut size = 0;
    for name in names {
        let made = std::fs::read(dir.path().join(&name)).unwrap();
        assert!(made == std::fs::read(shipped.join(&name)).unwrap(), "{name:?} differs");
        size += made.len();
    }
    assert!(size < 2_000_000);
}

/// Every term of the literature's priors is a feature, with figures that make sense and a source.
#[test]
fn every_prior_is_about_a_feature() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/priors.csv");
    let mut reader = csv::Reader::from_path(path).unwrap();
    let columns = ["term", "reference_mean", "reference_sd", "mean", "sd", "source"];
    assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), columns);
    let mut rows = 0;
    for row in reader.records().map(Result::unwrap) {
        let column = row[0].split('=').next().unwrap();
        assert!(feature(column).is_ok(), "{column} is no feature");
        let number = |k: usize| row[k].parse::<f64>().unwrap();
        assert!(number(1).is_finite() && number(2) > 0.0 && number(4) > 0.0);
        assert!(number(3).abs() < 1.0 && row[5].len() > 10, "{column}");
        rows += 1;
    }
    assert!(rows > 15);
}
