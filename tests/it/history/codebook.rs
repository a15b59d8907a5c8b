//! The codebook says what the program does.

use pleegzorg::history::{
    Answer, AssessedKind, CareForm, EndReason, EventKind, FamilyKind, FamilyStatus, KeepSiblings,
    Legal, PairKind, PairLane, Perspective, Setting, Sex, codebook, scales,
};
use pleegzorg::outcome::{Definition, DefinitionName};

const CODEBOOK: &str = include_str!("../../../datasets/codebook.md");

#[test]
fn every_file_and_column_is_in_the_codebook_as_it_is_read() {
    for file in codebook() {
        let (_, section) = CODEBOOK.split_once(&format!("\n## {}", file.name)).unwrap();
        let section = section.split("\n## ").next().unwrap();
        assert_eq!(section.starts_with(" (required)"), file.required, "{}", file.name);
        let rows: Vec<&str> = section
            .lines()
            .filter(|l| l.starts_with("| ") && !l.starts_with("| column") && !l.starts_with("| `"))
            .filter(|l| !l.starts_with("| scale"))
            .collect();
        assert_eq!(rows.len(), file.columns.len(), "{}", file.name);
        for (row, column) in rows.iter().zip(file.columns) {
            let mut name = column.name.to_owned();
            if column.required {
                name = format!("**{name}**");
            }
            if column.identifying {
                name += " ●";
            }
            let start = format!("| {name} | {} | ", column.dutch.join(", "));
            assert!(row.starts_with(&start), "{}: {row}", file.name);
        }
    }
}

#[test]
fn every_code_and_scale_is_in_the_codebook() {
    let mut words: Vec<&str> = Vec::new();
    macro_rules! all {
        ($($list:ident),+) => { $(words.extend($list::ALL.iter().map(|c| c.code()));)+ };
    }
    all!(
        Answer,
        AssessedKind,
        CareForm,
        EndReason,
        EventKind,
        FamilyKind,
        FamilyStatus,
        KeepSiblings,
        Legal,
        PairKind,
        PairLane,
        Perspective,
        Setting,
        Sex
    );
    words.extend(scales().iter().map(|s| s.name));
    for word in words {
        assert!(CODEBOOK.contains(&format!("| `{word}` |")), "{word}");
    }
    for scale in scales() {
        let row = format!("| `{}` | {} | {} |", scale.name, scale.least, scale.most);
        assert!(CODEBOOK.contains(&row), "{row}");
    }
}

#[test]
fn the_tables_of_the_definitions_are_in_the_codebook() {
    for name in DefinitionName::ALL {
        let table = Definition::new(name).table_markdown();
        let heading = format!("### {}\n", name.name());
        let (_, section) = CODEBOOK.split_once(&heading).unwrap_or(("", ""));
        assert!(section.contains(&table), "under {heading} should stand\n{table}");
    }
}

#[test]
fn every_feature_is_in_the_codebook_as_the_catalogue_has_it() {
    let table = pleegzorg::features::catalogue_markdown();
    assert!(CODEBOOK.contains(&table), "the codebook's table of features should be\n{table}");
}
