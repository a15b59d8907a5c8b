//! Groups, audited columns, proxies, and other ways of counting, on simulated histories.

use std::fmt::Write;

use pleegzorg::ErrorKind;
use pleegzorg::evaluate::{Evaluation, FEWEST_EVENTS, definitions_of_breakdown, run};
use pleegzorg::history::{EndReason, History, Index};
use pleegzorg::model::{Source, Study};
use pleegzorg::progress::Silent;
use pleegzorg::simulate::{Scenario, simulate};

const STUDY: &str = "title = \"Breakdown\"\n\
    [outcome]\nhorizons = [\"12 months\", \"24 months\"]\n\
    [model]\ncluster = [\"child\"]\n[features]\nterms = [\"age\", \"prior_breakdowns\"]\n\
    [evaluate]\nfolds = 3\nbootstrap = 30\n";

fn history() -> History {
    simulate(&Scenario::high(), 350, 5).history
}

fn source(history: History) -> Source {
    let index = Index::new(&history);
    Source::History(Box::new((history, index)))
}

fn judged(
    history: History,
    text: &str,
    folder: &std::path::Path,
) -> Result<Evaluation, pleegzorg::Error> {
    let study = Study::parse(text, folder, &[]).unwrap();
    run(&study, &source(history), &Silent)
}

/// An audit file: `old` follows from the age at the start, `coin` from nothing that a model knows.
fn audit(history: &History, with: &str) -> String {
    let mut text = format!("child_id;old;coin;score{with}\n");
    for (k, child) in history.children.iter().enumerate() {
        let year = child.birth.earliest().ymd().0;
        let old = if year < 2008 { "yes" } else { "no" };
        let coin = ["heads", "tails"][(k * 7919 / 13) % 2];
        writeln!(text, "{};{old};{coin};{}{}", child.id, k % 97, with.replace("extra", "1"))
            .unwrap();
    }
    text
}

#[test]
fn groups_that_every_history_has_are_judged() {
    let e = judged(history(), STUDY, "".as_ref()).unwrap();
    let columns: Vec<&str> = e.groups.iter().map(|g| g.column.as_str()).collect();
    for column in ["age_band", "sex", "family_kind", "legal", "provider"] {
        assert!(columns.contains(&column), "{column} is missing from {columns:?}");
    }
    for group in &e.groups {
        assert_eq!(group.too_little_data, group.events < FEWEST_EVENTS);
        assert_eq!(group.summary.is_empty(), group.too_little_data);
    }
    let bands: usize = e.groups.iter().filter(|g| g.column == "age_band").map(|g| g.n).sum();
    assert_eq!(bands, e.n, "every placement has an age");
    // They are groups only: no level is left out of the training for them.
    assert!(e.splits.iter().all(|s| s.repeat.is_some()));
    assert!(e.proxies.is_empty() && e.definitions.is_empty());
}

#[test]
fn an_audited_column_makes_groups_and_proxies_but_never_a_term() {
    let folder = tempfile::tempdir().unwrap();
    let history = history();
    std::fs::write(folder.path().join("audit.csv"), audit(&history, "")).unwrap();
    let text = format!("{STUDY}audit = \"audit.csv\"\n");
    let plain = judged(history.clone(), STUDY, folder.path()).unwrap();
    let e = judged(history, &text, folder.path()).unwrap();
    // Not a digit of the model's own judgement moves.
    assert_eq!(
        serde_json::to_string(&e.summary).unwrap(),
        serde_json::to_string(&plain.summary).unwrap()
    );
    let group = |column: &str, level: &str| {
        e.groups.iter().find(|g| g.column == column && g.level == level).unwrap()
    };
    assert_eq!(group("coin", "heads").n + group("coin", "tails").n, e.n);
    assert_eq!(e.groups.iter().filter(|g| g.column == "score").count(), 3, "thirds");
    let proxy = |column: &str| e.proxies.iter().find(|p| p.column == column).unwrap();
    let old = proxy("old").auc;
    assert!(old.lower.unwrap() > 0.6, "age tells who was born long ago: {old:?}");
    let coin = proxy("coin").auc;
    // Balanced folds push what is nothing somewhat below a coin, never above.
    assert!(coin.mean.unwrap() < 0.55 && coin.lower.unwrap() < 0.5, "{coin:?}");
    let table = e.table();
    assert!(table.contains("What the terms give away") && table.contains("old="), "{table}");
}

#[test]
fn an_audit_file_that_does_not_fit_is_said_without_its_identifiers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.csv");
    let text = format!("{STUDY}audit = \"audit.csv\"\n");
    let history = history();
    let try_with = |content: &str| {
        std::fs::write(&file, content).unwrap();
        judged(history.clone(), &text, folder.path())
    };
    let whole = audit(&history, "");
    let strangers = format!("{whole}stranger-1;yes;heads;3\nstranger-2;no;tails;4\n");
    let e = try_with(&strangers).unwrap();
    let said = e.warnings.iter().find(|w| w.contains("2 rows (row ")).unwrap();
    assert!(said.contains("audit.csv") && said.contains("child_id"), "{said}");
    assert!(e.warnings.iter().all(|w| !w.contains("stranger")));
    let first = whole.lines().nth(1).unwrap();
    for (content, kind) in [
        (format!("{whole}{first}\n"), ErrorKind::Data),
        ("child_id,old\nstranger,yes\nother,no\n".to_owned(), ErrorKind::Data),
        ("name,old\na,yes\n".to_owned(), ErrorKind::Usage),
        (
            whole.lines().map(|l| format!("{}\n", l.split(';').next().unwrap())).collect(),
            ErrorKind::Data,
        ),
    ] {
        let error = try_with(&content).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.hint().is_some());
        let id = &first[..first.find(';').unwrap()];
        assert!(!error.to_string().contains(id) && !error.to_string().contains("stranger"));
    }
    std::fs::remove_file(&file).unwrap();
    assert_eq!(judged(history, &text, folder.path()).unwrap_err().kind(), ErrorKind::Io);
}

#[test]
fn unknown_ends_are_counted_as_all_and_as_none() {
    let mut history = history();
    // Every fourth breakdown loses its reason and its flags.
    let mut lost = 0;
    for (k, stay) in history.stays.iter_mut().enumerate() {
        if stay.end_reason.is_some_and(|r| r != EndReason::CameOfAge) && k % 4 == 0 {
            stay.end_reason = Some(EndReason::Unknown);
            (stay.end_planned, stay.end_wanted) = (None, None);
            lost += 1;
        }
    }
    assert!(lost > 20);
    let e = judged(history, STUDY, "".as_ref()).unwrap();
    let unknown = e.unknown_ends.as_ref().unwrap();
    assert_eq!(unknown.all.events, e.events + unknown.ends);
    assert_eq!(unknown.none.events, e.events);
    let last = |v: &[pleegzorg::evaluate::AtTime]| v.last().unwrap().value.mean.unwrap();
    let (all, none, own) =
        (last(&unknown.all.observed), last(&unknown.none.observed), last(&e.observed));
    assert!(all > own + 0.02, "{all} {own}");
    // `other` in place of a cause of its own: the incidence of breakdown is the same.
    assert!((none - own).abs() < 0.02, "{none} {own}");
    let moved = unknown.all.moved.unwrap();
    assert!(moved.mean > moved.mean_own && moved.rows == e.n);
    assert!(e.table().contains("unknown ends: all count"));
}

#[test]
fn a_study_is_rerun_under_each_definition() {
    let names = definitions_of_breakdown();
    let list = format!("definitions = {names:?}\n");
    let e = judged(history(), &format!("{STUDY}{list}"), "".as_ref()).unwrap();
    let got: Vec<&str> = e.definitions.iter().map(|v| v.definition.as_str()).collect();
    assert_eq!(got, ["unfavourable-premature", "intended-to-grow-up", "per-child-six-years"]);
    for v in &e.definitions {
        assert!(v.failed.is_none() && v.verdict.is_some(), "{v:?}");
        assert!(v.moved.unwrap().rank_correlation.unwrap() > 0.3, "{v:?}");
        assert!(v.summary.contains_key("auc") && !v.observed.is_empty());
    }
    // Fewer children are meant to grow up in the family than are placed.
    assert!(e.definitions[1].n < e.n);
    assert!(e.table().contains("Counted otherwise"));
    assert!(
        Study::parse("[evaluate]\ndefinitions = [\"unfavorable\"]\n", "".as_ref(), &[]).is_err()
    );
}

#[test]
fn families_can_be_kept_on_one_side_of_every_fold() {
    let with = |keep: &str| {
        judged(history(), &format!("{STUDY}keep_together = [\"{keep}\"]\n"), "".as_ref())
    };
    let plain = judged(history(), STUDY, "".as_ref()).unwrap();
    let e = with("family").unwrap();
    let sizes = |e: &Evaluation| e.splits.iter().map(|s| s.n_test).collect::<Vec<_>>();
    assert_eq!(sizes(&e).iter().sum::<usize>(), sizes(&plain).iter().sum::<usize>());
    assert_ne!(
        serde_json::to_string(&e.summary).unwrap(),
        serde_json::to_string(&plain.summary).unwrap()
    );
    // A few providers hang everything together: said, or no fold at all, but never split.
    let e = with("provider").unwrap();
    assert!(
        e.warnings.iter().any(|w| w.contains("hang together") || w.contains("divided")),
        "{:?}",
        e.warnings
    );
    assert_eq!(with("street").unwrap_err().kind(), ErrorKind::Usage);
}

#[test]
fn refits_tell_optimism_and_stability_and_can_be_turned_off() {
    let terms = STUDY.replace(
        "\"age\", \"prior_breakdowns\"",
        "\"ns(age, 4)\", \"prior_breakdowns\", \"capacity_gap\", \"alliance\", \"distance_home\", \"factor(legal)\"",
    );
    let e = judged(history(), &terms, "".as_ref()).unwrap();
    let refits = e.refits.as_ref().unwrap();
    assert_eq!((refits.replicates + refits.failed, e.settings.refits), (30, 30));
    let of = |metric: &str| {
        let mut all = refits.optimism.iter().filter(|o| o.metric == metric);
        all.find(|o| o.time.is_none() || o.time == e.horizons.last().copied()).unwrap()
    };
    for metric in ["auc", "c_harrell", "scaled_brier"] {
        let o = of(metric);
        assert!(o.optimism.unwrap() > 0.0, "{o:?}");
        // Cross-validation tells the same story.
        let held_out = e.summary[metric].value.mean.unwrap();
        assert!((o.corrected.unwrap() - held_out).abs() < 0.06, "{o:?} {held_out}");
    }
    assert!(of("slope").corrected.unwrap() < of("slope").apparent.unwrap());
    let moves = refits.instability.as_ref().unwrap();
    assert!(moves.mean_distance > 0.0 && moves.mean_distance < 0.15, "{moves:?}");
    assert!(e.table().contains("On its own rows and without optimism"));
    let off = judged(history(), &format!("{STUDY}refits = 0\n"), "".as_ref()).unwrap();
    assert!(off.refits.is_none());
}
