//! What to weigh about the features of a study: found, waived, printed; and never made of the
//! outcome.

use std::fmt::Write;
use std::path::Path;

use pleegzorg::history::{History, Index};
use pleegzorg::model::{FeatureFinding, Study, prepare_history};
use pleegzorg::simulate::{Scenario, simulate};

use crate::run::pleegzorg;

const STUDY: &str = r#"
[features]
terms = [
    "age", "prior_breakdowns", "breakdowns_24m", "siblings_in_care", "needs_count",
    "parenting_capacity", "behaviour_demand", "family_experience", "factor(perspective)",
    "factor(region)",
]
[waive]
PZ2001 = "the reviews count every earlier breakdown"
"#;

fn findings(history: &History) -> Vec<FeatureFinding> {
    let study = Study::parse(STUDY, Path::new(""), &[]).unwrap();
    prepare_history(&study, history, &Index::new(history), None, None).unwrap().findings
}

fn codes(findings: &[FeatureFinding]) -> Vec<(&str, &str)> {
    findings.iter().map(|f| (f.code.as_str(), f.feature.as_str())).collect()
}

fn history() -> History {
    simulate(&Scenario::base(), 300, 7).history
}

/// What is said of the study above on a simulated history, whatever happened in it.
const FOUND: [(&str, &str); 5] = [
    ("PZ2001", "prior_breakdowns"),
    ("PZ2002", "siblings_in_care"),
    ("PZ2003", "needs_count"),
    ("PZ2004", "perspective"),
    ("PZ2005", "region"),
];

#[test]
fn the_catalogue_says_what_to_weigh_and_the_study_may_waive_it() {
    let found = findings(&history());
    let expected: Vec<_> = FOUND.into_iter().collect();
    let mut of_catalogue = codes(&found);
    of_catalogue.retain(|(code, feature)| {
        *code != "PZ2006" && !["parenting_capacity", "behaviour_demand"].contains(feature)
    });
    assert_eq!(of_catalogue, expected);
    for finding in &found {
        let explanation = finding.explanation().expect("a code of the registry");
        assert!(!explanation.why.nl.is_empty());
        assert_eq!(finding.waived.is_some(), finding.code == "PZ2001", "{finding}");
    }
}

#[test]
fn families_without_periods_are_known_only_as_they_are_now() {
    let mut h = history();
    assert!(!codes(&findings(&h)).contains(&("PZ2003", "family_experience")));
    h.family_periods.clear();
    assert!(codes(&findings(&h)).contains(&("PZ2003", "family_experience")));
}

#[test]
fn scores_by_those_who_decide_are_found_by_their_raters() {
    let mut h = history();
    let rated = |h: &History| {
        let found = findings(h);
        found.iter().any(|f| f.code == "PZ2004" && f.feature == "parenting_capacity")
    };
    for (rater, expected) in [("carer", false), ("pleegzorgbegeleider", true)] {
        let label = h.labels.intern(rater);
        h.assessments.iter_mut().for_each(|a| a.rater = Some(label));
        assert_eq!(rated(&h), expected, "{rater}");
    }
    h.assessments.iter_mut().for_each(|a| a.rater = None);
    assert!(!rated(&h));
}

#[test]
fn a_feature_that_running_placements_lack_is_found() {
    let mut h = history();
    let missing = |h: &History| {
        let found = findings(h);
        found.iter().any(|f| f.code == "PZ2006" && f.feature == "parenting_capacity")
    };
    assert!(!missing(&h));
    let scale = h.labels.find("parenting_capacity").unwrap();
    h.assessments.retain(|a| a.scale != scale);
    assert!(missing(&h));
}

#[test]
fn findings_are_not_made_of_the_outcome() {
    let mut h = history();
    let before = findings(&h);
    for stay in h.stays.iter_mut().filter(|s| s.end.is_some()) {
        stay.end_reason = Some(pleegzorg::history::EndReason::PlannedMove);
        (stay.end_planned, stay.end_wanted) = (Some(true), Some(true));
    }
    let study = Study::parse(STUDY, Path::new(""), &["model.cause=planned_move".into()]).unwrap();
    let after = prepare_history(&study, &h, &Index::new(&h), None, None).unwrap().findings;
    assert_eq!(before, after);
}

/// A table whose columns have names that say what to weigh.
fn folder(waive: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut table = String::from("time,event,x,postcode,ever_moved,reden_einde,rare\n");
    for i in 0..120 {
        let (time, event) = (1 + (i * 37) % 53, u8::from(i % 3 != 0));
        let rare = if i % 4 == 1 { "1" } else { "" };
        let _ = writeln!(
            table,
            "{time},{event},{},{},{},{},{rare}",
            (i * 13) % 17,
            (i * 7) % 5,
            (i * 11) % 2,
            (i * 5) % 3
        );
    }
    std::fs::write(dir.path().join("t.csv"), table).unwrap();
    let study = format!(
        "[data]\ntable = \"t.csv\"\nexit = \"time\"\nevent = \"event\"\n[outcome]\nhorizons = [20]\n\
         [features]\nterms = [\"x\", \"postcode\", \"ever_moved\", \"reden_einde\"]\n\
         [evaluate]\nfolds = 3\nrepeats = 1\nbootstrap = 20\n{waive}"
    );
    std::fs::write(dir.path().join("study.toml"), study).unwrap();
    dir
}

#[test]
fn train_and_evaluate_say_what_to_weigh_and_the_card_prints_the_reason() {
    let dir = folder("[waive]\nPZ2005 = \"an audit of places comes first\"\n");
    let expected = [("PZ2001", "ever_moved"), ("PZ2003", "reden_einde"), ("PZ2005", "postcode")];
    let train = pleegzorg(dir.path(), &["train", "study.toml", "-o", "m.json", "--json"]).code(0);
    for (verb, ran) in [
        ("train", &train),
        ("evaluate", &pleegzorg(dir.path(), &["evaluate", "study.toml", "--json"]).code(0)),
    ] {
        let json = ran.json();
        let found = json["findings"].as_array().expect("a list");
        let pairs: Vec<_> = found
            .iter()
            .map(|f| (f["code"].as_str().unwrap(), f["feature"].as_str().unwrap()))
            .collect();
        assert_eq!(pairs, expected, "{verb}");
        assert_eq!(found[2]["waived"], "an audit of places comes first", "{verb}");
        assert!(found[0]["waived"].is_null(), "{verb}");
    }
    assert!(train.stderr.contains("to weigh: PZ2001 ever_moved"), "{}", train.stderr);
    assert!(!train.stderr.contains("PZ2005"), "what is waived is not said again");
    let text = pleegzorg(dir.path(), &["evaluate", "study.toml"]).code(0).stdout;
    assert!(text.contains("PZ2005 postcode") && text.contains("waived: an audit"), "{text}");
    let model = pleegzorg::model::Model::read(&dir.path().join("m.json")).unwrap();
    let card = model.card();
    assert!(card.contains("waived by the study: an audit of places comes first"), "{card}");
    assert!(card.contains("**not waived**"), "{card}");
    let told = pleegzorg(dir.path(), &["explain", "PZ2004", "--lang", "nl"]).code(0).stdout;
    assert!(told.contains("beslist"), "{told}");
}

#[test]
fn a_missing_or_outcome_column_is_found_in_a_table() {
    let dir = folder("");
    let path = dir.path().join("study.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"postcode\"", "\"rare\", \"time\"")).unwrap();
    let study = Study::read(&path, &[]).unwrap();
    let source = pleegzorg::model::Source::read(&study, &pleegzorg::progress::Silent).unwrap();
    let prepared = pleegzorg::model::prepare(&study, &source, None, None).unwrap();
    let found = codes(&prepared.findings);
    assert!(found.contains(&("PZ2003", "time")), "{found:?}");
    // Missing is three in four of all rows: those without an end are every third row.
    assert!(found.contains(&("PZ2006", "rare")), "{found:?}");
}
