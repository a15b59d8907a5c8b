//! Separators, decimal marks, dates, languages, line ends: one history in many spellings.

use pleegzorg::history::{self, DateStyle, Day, Format, History, ReadOptions, Setting};
use pleegzorg::progress::Silent;

use crate::history::folder::{Folder, STUDY};

/// The history as its own files, which do not depend on how it was spelt.
pub fn written(h: &History) -> Vec<(String, String)> {
    let dir = tempfile::tempdir().unwrap();
    history::write(h, dir.path(), false).unwrap();
    files(dir.path())
}

/// The files of a folder with their texts, by name.
pub fn files(dir: &std::path::Path) -> Vec<(String, String)> {
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap())
        .map(|e| {
            let text = std::fs::read_to_string(e.path()).unwrap();
            (e.file_name().into_string().unwrap(), text)
        })
        .collect();
    files.sort();
    files
}

#[test]
fn the_sound_folder_has_no_finding_and_reads_back_after_writing() {
    let reading = Folder::sound().read().unwrap();
    assert_eq!(reading.findings, vec![]);
    assert!(reading.is_clean() && reading.faults() == 0);
    assert_eq!(reading.rows["stays.csv"], 6);
    let h = &reading.history;
    assert_eq!(h.children[1].birth.day, Day::from_ymd(2010, 11, 15).unwrap());
    assert!(h.children[1].birth.month_only);
    assert_eq!(h.labels.word(h.children[0].needs[1]), "trauma");
    assert_eq!(h.stays[3].setting, Setting::FamilyHome);
    assert_eq!(h.labels.word(h.pairs[1].reason.unwrap()), "they \"fight\"\nat school");
    assert_eq!(h.areas[0].lat, 52.22);
    let dir = tempfile::tempdir().unwrap();
    history::write(h, dir.path(), false).unwrap();
    let again = history::read(dir.path(), &Silent).unwrap();
    assert_eq!(again.findings, vec![]);
    assert_eq!(written(&again.history), written(h));
    assert_eq!(again.history.stays, h.stays);
    let refused = history::write(h, dir.path(), false).unwrap_err();
    assert_eq!(refused.kind(), pleegzorg::ErrorKind::Usage);
    history::write(h, dir.path(), true).unwrap();
}

/// The sound folder with every CSV file passed through `f`.
fn spelt(f: impl Fn(&str, String) -> Vec<u8>) -> Folder {
    let mut folder = Folder::sound();
    for name in [
        "children.csv",
        "families.csv",
        "family_periods.csv",
        "stays.csv",
        "events.csv",
        "assessments.csv",
        "areas.csv",
        "requests.csv",
        "offers.csv",
    ] {
        let text = folder.text(name);
        folder = folder.with(name, f(name, text));
    }
    folder
}

fn same(folder: &Folder) {
    let reading = folder.read().unwrap();
    assert_eq!(reading.findings, vec![]);
    let sound = Folder::sound().read().unwrap();
    assert_eq!(written(&reading.history), written(&sound.history));
}

/// Dates of ISO style in another one.
fn dates(text: &str, write: impl Fn(&str, &str, &str) -> String) -> String {
    let cell = |cell: &str| {
        let iso: Vec<&str> = cell.split('-').collect();
        match iso[..] {
            [y, m, d] if y.len() == 4 => write(y, m, d),
            _ => cell.to_owned(),
        }
    };
    let line = |line: &str| {
        let cells: Vec<String> =
            line.split(',').map(|c| c.split('|').map(cell).collect::<Vec<_>>().join("|")).collect();
        cells.join(",")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn semicolons_with_decimal_commas() {
    same(&spelt(|_, text| text.replace(',', ";").replace('.', ",").into_bytes()));
}

#[test]
fn three_date_styles_and_the_study_for_the_rest() {
    same(&spelt(|_, text| dates(&text, |y, m, d| format!("{d}-{m}-{y}")).into_bytes()));
    let slashes = spelt(|_, text| dates(&text, |y, m, d| format!("{d}/{m}/{y}")).into_bytes());
    // Some small files have no day above 12: those are a question, which the study answers.
    let asked = slashes.read().unwrap();
    assert!(asked.findings.iter().any(|f| f.code.0 == 104 && f.repair.contains("[format] date")));
    same(&slashes.with("study.toml", format!("{STUDY}[format]\ndate = \"dd/mm/yyyy\"\n")));
    let american = spelt(|_, text| dates(&text, |y, m, d| format!("{m}/{d}/{y}")).into_bytes());
    assert!(american.read().unwrap().faults() > 0);
    same(&american.with("study.toml", format!("{STUDY}[format]\ndate = \"mm/dd/yyyy\"\n")));
}

#[test]
fn byte_order_mark_line_ends_and_quotes_everywhere() {
    same(&spelt(|_, text| format!("\u{feff}{}", text.replace('\n', "\r\n")).into_bytes()));
    same(&spelt(|_, text| text.replace('\n', "\r").into_bytes()));
    same(&spelt(|_, text| text.trim_end().as_bytes().to_vec()));
    same(&spelt(|_, text| text.replace('\n', "\n\n").into_bytes()));
    same(&spelt(|_, text| text.replace('\n', ",\n").into_bytes()));
    same(&spelt(|_, text| format!("sep=,\n{text}").into_bytes()));
    same(&spelt(|_, text| {
        let quoted = |line: &str| format!("\"{}\"", line.replace(',', "\",\""));
        text.lines().map(quoted).collect::<Vec<_>>().join("\r\n").into_bytes()
    }));
    same(&spelt(|_, text| text.replace(',', " , ").into_bytes()));
}

#[test]
fn dutch_names_and_words() {
    let folder = Folder::sound()
        .with(
            "children.csv",
            "kind_id;Geboortedatum;Geslacht;broers zussen groep;herkomstgemeente;thuisgebied;schoolgebied;behoeften;eerste_uithuisplaatsing;eerdere_overplaatsingen;eerdere_breakdowns\n\
             c1;17-05-2008;meisje;g1;Enschede;7511;7512;adhd|trauma;01-02-2012;0;0\n\
             c2;11-2010;jongen;g1;Enschede;7511;;;;;\n\
             c3;02-03-2005;;;;;;;;1;1\n",
        )
        .with(
            "events.csv",
            "kind_id;verblijf_id;datum;soort;rol;van;naar;warme_overdracht;vastgelegd\n\
             c1;s1;01-09-2012;wisseling_hulpverlener;pleegzorgbegeleider;;;ja;\n\
             c1;s2;07-01-2014;wijziging_juridisch;;ots;guardianship_gi;;01-02-2014\n",
        );
    same(&folder);
}

#[test]
fn a_caller_can_know_better_than_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::sound().without("study.toml");
    folder.write_to(dir.path());
    let error = history::read(dir.path(), &Silent).unwrap_err();
    assert_eq!(error.kind(), pleegzorg::ErrorKind::Io);
    assert!(error.to_string().contains("study.toml"), "{error}");
    let window = Folder::sound().read().unwrap().history.window;
    let format = Format { date: Some(DateStyle::Slashes), ..Format::default() };
    let options = ReadOptions::new().window(window).format(&format);
    assert_eq!(history::read_with(dir.path(), options).unwrap().findings, vec![]);
}

#[test]
fn an_ambiguous_number_is_a_question() {
    let text = "subject_kind,subject_id,date,scale,score\nchild,c1,2012-01-20,own_scale,1.234\n";
    let folder = Folder::sound().with("assessments.csv", text);
    let found = folder.findings();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].code.0, found[0].row), (106, Some(2)));
    assert!(found[0].repair.contains("[format] decimal"));
    let answered =
        folder.with("study.toml", format!("{STUDY}[format.assessments]\ndecimal = \"point\"\n"));
    let reading = answered.read().unwrap();
    assert_eq!(reading.findings, vec![]);
    assert_eq!(reading.history.assessments[0].score, Some(1.234));
}
