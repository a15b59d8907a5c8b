//! One small fault at a time in a sound folder: exactly that fault is found, in its place.

use crate::history::folder::{Folder, STUDY};

/// What is expected: code, file, line, column.
type Place = (u16, &'static str, u64, &'static str);

/// Asserts that exactly these findings are there; line 0 and column "" stand for none.
fn expect(folder: &Folder, places: &[Place]) {
    let found = folder.found();
    let found: Vec<(u16, &str, u64, &str)> = found
        .iter()
        .map(|(code, file, row, column)| {
            (*code, file.as_str(), row.unwrap_or(0), column.as_deref().unwrap_or(""))
        })
        .collect();
    assert_eq!(found, places);
}

/// One replacement in one file of the sound folder, and what is found then.
fn one(file: &str, from: &str, to: &str, places: &[Place]) {
    expect(&Folder::sound().replace(file, from, to), places);
}

/// One more line in one file of the sound folder, and what is found then.
fn line(file: &str, line: &str, places: &[Place]) {
    expect(&Folder::sound().line(file, line), places);
}

const CHILDREN: &str = "children.csv";
const FAMILIES: &str = "families.csv";
const STAYS: &str = "stays.csv";
const EVENTS: &str = "events.csv";
const SCORES: &str = "assessments.csv";

#[test]
fn columns() {
    one(STAYS, "start,end,", "begun,end,", &[(11, STAYS, 1, "start"), (13, STAYS, 1, "begun")]);
    one(STAYS, "region", "start", &[(12, STAYS, 1, "start")]);
    one(CHILDREN, "needs", "neds", &[(13, CHILDREN, 1, "neds")]);
    expect(
        &Folder::sound().with("areas.csv", "7511,52.2,6.8\n7513,52.2,6.9\n"),
        &[(7, "areas.csv", 1, "")],
    );
}

#[test]
fn cells() {
    one(STAYS, "s3,c2,residential", "s3,c2,", &[(101, STAYS, 4, "setting")]);
    one(STAYS, "2014-08-03", "2014-02-30", &[(102, STAYS, 4, "start")]);
    one(STAYS, "2014-08-03", "03-08-2014", &[(103, STAYS, 4, "start")]);
    one(STAYS, "2015-02-11", "9999-12-31", &[(112, STAYS, 6, "end")]);
    one(CHILDREN, "2005-03-02", "1900-01-01", &[(112, CHILDREN, 4, "birth")]);
    one(STAYS, "2015-02-11", "2021-02-01", &[(113, STAYS, 6, "end")]);
    one(STAYS, "2013-06-20", "2022-01-01", &[(113, STAYS, 3, "recorded")]);
    one(CHILDREN, ",1,1", ",1,one", &[(105, CHILDREN, 4, "breakdowns_before")]);
    one(CHILDREN, ",1,1", ",1.5,1", &[(108, CHILDREN, 4, "moves_before")]);
    one(CHILDREN, ",1,1", ",-1,1", &[(108, CHILDREN, 4, "moves_before")]);
    one(FAMILIES, ",2,4,12,", ",200,4,12,", &[(109, FAMILIES, 2, "places")]);
    one("areas.csv", "52.220", "152.5", &[(109, "areas.csv", 2, "lat")]);
    one("requests.csv", ",2,25,", ",4,25,", &[(109, "requests.csv", 2, "urgency")]);
    one(STAYS, "carer_behaviour", "carer_behavior", &[(110, STAYS, 2, "end_reason")]);
    one(STAYS, "ots,yes,east", "ots,perhaps,east", &[(111, STAYS, 2, "siblings_together")]);
    one(SCORES, "sdq_total,21", "sdq_total,41", &[(115, SCORES, 2, "score")]);
    one(SCORES, "behaviour_demand,7.25", "behaviour_demand,-0.5", &[(115, SCORES, 4, "score")]);
    one(SCORES, "sdq_total", "sdq_totaal", &[(114, SCORES, 2, "scale")]);
    one(SCORES, "6.5", "\"6,5\"", &[(107, SCORES, 3, "score")]);
    one(SCORES, ",21,", ",1e309,", &[(105, SCORES, 2, "score")]);
    one(SCORES, ",21,", ",,", &[(101, SCORES, 2, "score")]);
}

#[test]
fn ids_and_references() {
    line(CHILDREN, "c1,2009-09-09,,,,,,,,,", &[(201, CHILDREN, 5, "child_id")]);
    line(FAMILIES, "f2,north,network,,,,,,,,,,,,,", &[(201, FAMILIES, 5, "family_id")]);
    line("areas.csv", "7511,52.1,6.1", &[(201, "areas.csv", 4, "area")]);
    let twice = "s3,c2,other,,,,2017-03-03,2017-04-03,planned_move,yes,yes,,,,,,";
    line(STAYS, twice, &[(201, STAYS, 8, "stay_id")]);
    one(STAYS, "s3,c2", "s3,c9", &[(202, STAYS, 4, "child_id")]);
    one(STAYS, "foster,f1,", "foster,f9,", &[(202, STAYS, 2, "family_id")]);
    one(EVENTS, "c1,s1", "c1,s9", &[(202, EVENTS, 2, "stay_id")]);
    one(EVENTS, "c1,s1", "c1,s3", &[(204, EVENTS, 2, "stay_id")]);
    one(SCORES, "stay,s4", "stay,c1", &[(202, SCORES, 4, "subject_id")]);
    one(SCORES, "pair,c1,f1", "pair,c1,", &[(205, SCORES, 3, "family_id")]);
    one("requests.csv", "placed,s4", "placed,s1", &[(204, "requests.csv", 2, "placed_stay_id")]);
    one("offers.csv", "r1,f1", "r7,f1", &[(202, "offers.csv", 2, "request_id")]);
    one("pairs.csv", "c3,f1", "c3,x1", &[(202, "pairs.csv", 2, "b")]);
    expect(
        &Folder::sound().line(FAMILIES, "c3,,general,,,,,,,,,,,,,"),
        &[(206, "pairs.csv", 2, "a"), (206, "pairs.csv", 3, "b")],
    );
    let event = "c1,s1,2012-09-01,helper_change,pleegzorgbegeleider,,,yes,";
    line(EVENTS, event, &[(203, EVENTS, 4, "")]);
}

#[test]
fn wishes_that_contradict_each_other() {
    let pairs =
        |rows: &str| Folder::sound().with("pairs.csv", format!("kind,a,b,lane,reason\n{rows}"));
    let at = |code: u16, row: u64, column: &'static str| (code, "pairs.csv", row, column);
    // The same two, whichever side comes first, and whoever says it.
    let both = pairs("must,c1,f1,child,\nnever,f1,c1,parents,\nmust,f1,c1,family,\n");
    expect(&both, &[at(409, 3, "kind"), at(409, 4, "kind")]);
    expect(&pairs("not_together,c1,c3,safety,\nmust,c3,c1,,\n"), &[at(409, 3, "kind")]);
    // Two families for one child.
    expect(&pairs("must,c1,f1,child,\nmust,f3,c1,parents,\n"), &[at(409, 3, "kind")]);
    expect(&pairs("never,c1,c1,safety,\n"), &[at(410, 2, "b")]);
    // Two who say the same, two children for one family, and a family that must not be another's.
    let sound = "must,c1,f1,child,\nmust,f1,c1,parents,\nmust,c3,f1,child,\nnever,c1,f3,,\n";
    expect(&pairs(sound), &[]);
}

#[test]
fn a_missing_file_that_is_referred_to_is_one_fault_per_column() {
    let folder = Folder::sound().without(FAMILIES).without("family_periods.csv");
    expect(
        &folder.without("pairs.csv").without("offers.csv"),
        &[(16, STAYS, 0, "family_id"), (16, SCORES, 0, "family_id"), (16, SCORES, 0, "subject_id")],
    );
}

#[test]
fn order_of_dates() {
    one(STAYS, "2014-09-09,planned_move", "2014-07-09,planned_move", &[(301, STAYS, 4, "end")]);
    one(STAYS, "2014-08-03", "2014-09-09", &[(302, STAYS, 4, "end")]);
    one(CHILDREN, "2005-03-02", "2012-03-02", &[(303, STAYS, 6, "start")]);
    one(CHILDREN, "2012-02-01", "2002-02-01", &[(303, CHILDREN, 2, "first_out_of_home")]);
    one(EVENTS, "2012-09-01", "2007-09-01", &[(303, EVENTS, 2, "date")]);
    one(SCORES, "2012-01-20", "2008-01-20", &[(303, SCORES, 2, "date")]);
    one(CHILDREN, "2005-03-02", "1985-03-02", &[(304, STAYS, 6, "start")]);
    one(STAYS, "administrative", "", &[(305, STAYS, 6, "end_reason")]);
    one(STAYS, "2015-02-11,", ",", &[(306, STAYS, 6, "end_reason")]);
    one(STAYS, "2013-06-15,,,,,long", "2013-06-15,,,yes,,long", &[(306, STAYS, 3, "end_planned")]);
    one(
        STAYS,
        "carer_behaviour,no,no",
        "carer_behaviour,yes,yes",
        &[(307, STAYS, 2, "end_reason")],
    );
    one(STAYS, "administrative", "came_of_age", &[(308, STAYS, 6, "end_reason")]);
    one(CHILDREN, "2012-02-01", "2013-02-01", &[(309, CHILDREN, 2, "first_out_of_home")]);
    one(FAMILIES, ",4,12,", ",13,12,", &[(310, FAMILIES, 2, "min_age")]);
    one(EVENTS, "2012-09-01", "2013-09-01", &[(311, EVENTS, 2, "date")]);
    let periods = "family_periods.csv";
    one(periods, "2014-03-20", "2014-01-01", &[(301, periods, 2, "to")]);
    one("offers.csv", "2014-08-02", "2014-07-31", &[(301, "offers.csv", 2, "answered")]);
    one("requests.csv", "2014-09-09", "2014-06-01", &[(301, "requests.csv", 2, "closed")]);
}

#[test]
fn the_course_of_stays() {
    one(STAYS, "2014-09-09,2016", "2014-09-01,2016", &[(401, STAYS, 5, "start")]);
    // The part-time stay of the sound folder overlaps a full-time one, by design.
    one(STAYS, ",part_time,", ",full_time,", &[(402, STAYS, 7, "start")]);
    one(STAYS, "2014-09-09,2016", "2014-10-09,2016", &[(403, STAYS, 5, "start")]);
    // One day apart is a night, not a gap; and who went home is not missed.
    one(STAYS, "2014-09-09,2016", "2014-09-10,2016", &[]);
    line(STAYS, "s9,c2,other,,,,2018-03-03,,,,,,,,,,", &[]);
    one(STAYS, "foster,,network", "foster,,", &[(404, STAYS, 6, "family_id")]);
    one(
        FAMILIES,
        "2016-06-30",
        "2014-01-15",
        &[(405, STAYS, 5, "family_id"), (405, STAYS, 7, "family_id")],
    );
    let stopped = "family_id,from,to,status\nf1,2012-01-03,2012-03-03,stopped\n";
    expect(&Folder::sound().with("family_periods.csv", stopped), &[(405, STAYS, 2, "family_id")]);
    line(CHILDREN, "c4,2011-11-11,,,,,,,,,", &[(408, CHILDREN, 5, "")]);
}

#[test]
fn dates_that_are_years_or_filled_in() {
    let mut children = Folder::sound().text(CHILDREN);
    let mut stays = Folder::sound().text(STAYS);
    for i in 0..40 {
        children += &format!("k{i},20{:02}-01-01,,,,,,,,,\n", i % 10);
        stays += &format!(
            "k{i},k{i},foster,,general,,2012-0{}-11,2020-12-31,unknown,,,,,,,,\n",
            1 + i % 9
        );
    }
    let folder = Folder::sound().with(CHILDREN, children).with(STAYS, stays);
    expect(&folder, &[(406, CHILDREN, 0, "birth"), (407, STAYS, 0, "end")]);
}

#[test]
fn every_fault_is_reported_at_once_and_none_follows_from_another() {
    let folder = Folder::sound()
        .replace(CHILDREN, "c2,2010-11", "c2,2010-31")
        .replace(STAYS, "2013-06-15,carer", "2013-16-15,carer")
        .replace(STAYS, "family_home,f3", "family_hme,f9")
        .replace(EVENTS, "helper_change", "helper")
        .replace("offers.csv", "yes", "maybe");
    expect(
        &folder,
        &[
            (102, CHILDREN, 3, "birth"),
            (102, STAYS, 2, "end"),
            (110, STAYS, 5, "setting"),
            (202, STAYS, 5, "family_id"),
            (110, EVENTS, 2, "kind"),
            (110, "offers.csv", 3, "answer"),
        ],
    );
    let reading = folder.read().unwrap();
    assert_eq!(reading.faults(), 6);
    assert_eq!(reading.rows["stays.csv"], 6);
    // Rows that depend on a row that is left out go with it, silently.
    assert_eq!(reading.history.children.len(), 2);
    assert_eq!(reading.history.stays.len(), 3);
    let error = reading.into_history().unwrap_err();
    assert_eq!(error.kind(), pleegzorg::ErrorKind::Data);
    assert!(error.to_string().contains("PZ0102 children.csv line 3"), "{error}");
}

#[test]
fn a_waived_fault_is_listed_and_blocks_nothing() {
    let folder = Folder::sound().replace(STAYS, "2014-08-03", "2014-02-30");
    let waived =
        folder.with("study.toml", format!("{STUDY}[waive]\nPZ0102 = \"typing error, known\"\n"));
    let reading = waived.read().unwrap();
    assert_eq!((reading.faults(), reading.is_clean()), (0, true));
    assert!(reading.findings[0].why.contains("typing error, known"));
    assert!(reading.summary().to_string().contains("waived"));
    // The row stays left out.
    assert_eq!(reading.into_history().unwrap().stays.len(), 5);
}

#[test]
fn lines_are_those_of_an_editor_after_quoted_newlines() {
    let pairs = "kind,a,b,lane,reason\n\n\
                 never,c3,f1,safety,\"one\ntwo\r\nthree\"\n\r\n\
                 never,c3,f9,safety,\n";
    expect(&Folder::sound().with("pairs.csv", pairs), &[(202, "pairs.csv", 7, "b")]);
    let crlf = Folder::sound().text(STAYS).replace("2014-08-03", "x").replace('\n', "\r\n");
    expect(&Folder::sound().with(STAYS, crlf), &[(102, STAYS, 4, "start")]);
    let cr = Folder::sound().text(STAYS).replace("2014-08-03", "x").replace('\n', "\r");
    expect(&Folder::sound().with(STAYS, cr), &[(102, STAYS, 4, "start")]);
}

#[test]
fn the_list_is_cut_and_the_counts_are_exact() {
    let mut events = Folder::sound().text(EVENTS);
    events += &"c1,,2012-02-30,school_change,,,,,\n".repeat(10_050);
    let reading = Folder::sound().with(EVENTS, events).read().unwrap();
    assert_eq!(reading.counts[&pleegzorg::history::Code(102)], 10_050);
    assert_eq!(reading.faults(), 10_050);
    assert_eq!(reading.findings.len(), 10_001);
    let cut = reading.findings.last().unwrap();
    assert_eq!(cut.code.to_string(), "PZ0017");
    assert!(cut.what.contains("50 more"), "{}", cut.what);
}

#[test]
fn the_json_is_as_the_contract_says() {
    let reading = Folder::sound().replace(STAYS, "2014-08-03", "2014-02-30").read().unwrap();
    let json = serde_json::to_value(reading.report()).unwrap();
    let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["counts", "findings", "rows", "schema"]);
    assert_eq!(json["schema"], 1);
    assert_eq!(json["rows"]["stays.csv"], 6);
    assert_eq!(json["counts"]["PZ0102"], 1);
    let finding = &json["findings"][0];
    let keys: Vec<&str> = finding.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["code", "column", "file", "repair", "row", "severity", "what", "why"]);
    assert_eq!(finding["severity"], "fault");
    assert_eq!(finding["code"], "PZ0102");
    assert_eq!(finding["row"], 4);
    let summary = reading.summary().to_string();
    assert!(summary.contains("PZ0102 fault"), "{summary}");
    assert!(summary.contains("1 fault "), "{summary}");
}
