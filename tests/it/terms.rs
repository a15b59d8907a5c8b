//! Terms, recipes and designs, against R's `splines::ns` and `model.matrix`; and flat tables.
//! The reference values are made by `tests/reference/features.R`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pleegzorg::features::{
    Column, Frame, Missing, NaturalSpline, NoteKind, Recipe, RecipeOptions, TableError, Term,
    Values, read_table,
};
use pleegzorg::history::{Decimal, Format, Separator};
use pleegzorg::{Error, ErrorKind};
use proptest::prelude::*;

fn reference(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(name)
}

fn terms(texts: &[&str]) -> Vec<Term> {
    Term::parse_all(texts).unwrap()
}

fn numbers(name: &str, values: &[f64]) -> Column {
    Column { name: name.into(), values: Values::Number(values.to_vec()) }
}

/// A column of words; `-` is missing.
fn words(name: &str, cells: &[&str]) -> Column {
    let mut levels: Vec<String> = Vec::new();
    let codes = cells
        .iter()
        .map(|cell| {
            if *cell == "-" {
                return Values::MISSING;
            }
            levels.iter().position(|l| l == cell).unwrap_or_else(|| {
                levels.push((*cell).into());
                levels.len() - 1
            }) as u32
        })
        .collect();
    Column { name: name.into(), values: Values::Level { codes, levels } }
}

fn frame(columns: Vec<Column>) -> Frame {
    Frame::new(columns).unwrap()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * (1.0 + b.abs())
}

#[test]
fn natural_splines_are_those_of_r() {
    let x: Vec<f64> = (1..=60).map(|k| f64::from((k * 37) % 101) / 7.0).collect();
    let mut at = x.clone();
    at.extend([-3.0, 0.0, 0.25, 7.5, 14.2857, 14.5, 30.0]);
    let ages: Vec<f64> =
        [0, 0, 1, 1, 1, 2, 3, 3, 4, 6, 7, 7, 9, 11, 11, 12, 13, 13, 15, 17].map(f64::from).to_vec();
    let mut bases: BTreeMap<String, Vec<Vec<f64>>> = BTreeMap::new();
    for df in [1, 2, 3, 4, 6] {
        let spline = NaturalSpline::of_values(&x, df).unwrap();
        bases.insert(df.to_string(), spline.columns(&at));
    }
    let spline = NaturalSpline::of_values(&ages, 3).unwrap();
    bases.insert("ages".into(), spline.columns(&ages));
    let mut compared = 0;
    let mut reader = csv::Reader::from_path(reference("features-ns.csv")).unwrap();
    for row in reader.records() {
        let row = row.unwrap();
        let place = |k: usize| row[k].parse::<usize>().unwrap() - 1;
        let value: f64 = row[3].parse().unwrap();
        let ours = bases[&row[0]][place(2)][place(1)];
        assert!(close(ours, value), "{row:?}: {ours}");
        compared += 1;
    }
    assert_eq!(compared, 67 * (1 + 2 + 3 + 4 + 6) + 60);
}

#[test]
fn designs_are_those_of_model_matrix() {
    let table = read_table(&reference("features-table.csv"), &Format::default()).unwrap();
    let text = std::fs::read_to_string(reference("features-design.csv")).unwrap();
    let mut expected: BTreeMap<&str, Vec<(&str, Vec<f64>)>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let values = cells[2].split(' ').map(|v| v.parse().unwrap()).collect();
        expected.entry(cells[0]).or_default().push((cells[1], values));
    }
    assert_eq!(expected.len(), 10);
    // R writes the parts of an interaction in the order of its variables, and calls a numeric
    // factor k.
    let parts = |name: &str| {
        let mut parts: Vec<String> = name.split(':').map(str::to_owned).collect();
        parts.sort();
        parts
    };
    for (formula, columns) in expected {
        let list: Vec<&str> = formula.split(" + ").collect();
        let recipe = Recipe::fit(&table, &terms(&list), RecipeOptions::table()).unwrap();
        let design = recipe.apply(&table).unwrap();
        assert_eq!(design.names.len(), columns.len(), "{formula}: {:?}", design.names);
        assert_eq!(design.names, recipe.names());
        for (name, values) in columns {
            let ours = design.names.iter().position(|n| parts(n) == parts(name));
            let ours = design.x.column(ours.unwrap_or_else(|| panic!("{formula}: no {name}")));
            assert_eq!(ours.len(), values.len(), "{formula}");
            for (a, b) in ours.iter().zip(&values) {
                assert!(close(*a, *b), "{formula}, {name}: {a} {b}");
            }
        }
    }
}

#[test]
fn a_level_column_taken_bare_is_a_factor_with_the_first_level_in_order_as_reference() {
    let f = frame(vec![words("kind", &["network", "general", "network", "family_home"])]);
    let bare = Recipe::fit(&f, &terms(&["kind"]), RecipeOptions::table()).unwrap();
    let written = Recipe::fit(&f, &terms(&["factor(kind)"]), RecipeOptions::table()).unwrap();
    assert_eq!(bare.names(), ["kind=general", "kind=network"]);
    assert_eq!(bare.apply(&f).unwrap().x, written.apply(&f).unwrap().x);
    assert_eq!(bare.terms_of_columns(), ["kind", "kind"]);
    let levels: Vec<_> = bare.levels("kind").unwrap().collect();
    assert_eq!(levels, [("family_home", None), ("general", None), ("network", None)]);
}

/// 40 rows: a number missing in 12 of them, a factor with a rare level, an unseen one later.
fn training() -> Frame {
    let gap: Vec<f64> = (0..40).map(|k| if k % 10 < 3 { f64::NAN } else { f64::from(k) }).collect();
    let kind: Vec<&str> = (0..40)
        .map(|k| match k {
            0 => "rare",
            1 => "seldom",
            k if k % 2 == 0 => "even",
            _ => "odd",
        })
        .collect();
    let with_holes: Vec<&str> = (0..40).map(|k| if k < 15 { "-" } else { "here" }).collect();
    frame(vec![numbers("gap", &gap), words("kind", &kind), words("holes", &with_holes)])
}

#[test]
fn imputing_takes_the_training_median_and_says_so() {
    let t = training();
    let recipe =
        Recipe::fit(&t, &terms(&["gap", "factor(kind)", "holes"]), RecipeOptions::history())
            .unwrap();
    assert_eq!(recipe.names(), ["gap", "kind=odd", "kind=other", "holes=missing", "gap=missing"]);
    assert_eq!(recipe.terms_of_columns()[4], "gap=missing");
    let median = recipe.median("gap").unwrap();
    assert_eq!(median, 21.0, "rounded to a tenth of the scope's step");
    let levels: Vec<_> = recipe.levels("kind").unwrap().collect();
    assert_eq!(levels, [("even", Some(19)), ("odd", Some(19)), ("other", None)]);
    let new = frame(vec![
        numbers("gap", &[f64::NAN, 20.0, 99.0]),
        words("kind", &["rare", "never seen", "-"]),
        words("holes", &["here", "-", "new"]),
    ]);
    let design = recipe.apply(&new).unwrap();
    assert_eq!(design.kept_rows, [0, 1, 2]);
    assert_eq!(design.x.row(0).to_vec(), [21.0, 0.0, 1.0, 0.0, 1.0]);
    assert_eq!(design.x.row(1).to_vec(), [20.0, 0.0, 1.0, 1.0, 0.0]);
    // A missing kind was never seen in training: the most frequent level stands in.
    assert_eq!(design.x.row(2).to_vec(), [99.0, 0.0, 0.0, 0.0, 0.0]);
    let columns = recipe.columns();
    let told = |row: usize| -> Vec<(&str, NoteKind)> {
        design.notes_of(row).iter().map(|n| (columns[n.column], n.kind)).collect()
    };
    assert_eq!(told(0), [("gap", NoteKind::Imputed)]);
    assert_eq!(told(1), [("holes", NoteKind::Imputed)]);
    assert_eq!(
        told(2),
        [
            ("gap", NoteKind::OutsideScope),
            ("kind", NoteKind::Imputed),
            ("holes", NoteKind::UnseenLevel),
        ]
    );
}

#[test]
fn dropping_leaves_out_rows_and_says_which() {
    let t = training();
    let recipe = Recipe::fit(&t, &terms(&["gap", "holes"]), RecipeOptions::table()).unwrap();
    let design = recipe.apply(&t).unwrap();
    assert_eq!(design.kept_rows.len(), design.x.nrows());
    assert!(design.kept_rows.iter().all(|&r| r >= 15 && r % 10 >= 3));
    assert_eq!(design.notes_of(0).len(), 2);
    assert!(design.notes_of(0).iter().all(|n| n.kind == NoteKind::Missing));
    // Of the complete rows, one column has one level left: it says nothing, and makes no column.
    assert_eq!(recipe.constant_factors(), ["holes"]);
    assert_eq!(recipe.names(), ["gap"]);
    assert_eq!(recipe.matrix(&t).unwrap().notes, []);
}

#[test]
fn columns_missing_in_the_same_rows_share_one_indicator() {
    let holes: Vec<f64> = (0..40).map(|k| if k < 12 { f64::NAN } else { f64::from(k) }).collect();
    let kinds: Vec<&str> = (0..40).map(|k| if k < 12 { "-" } else { ["a", "b"][k % 2] }).collect();
    let f = frame(vec![
        numbers("p", &holes),
        numbers("q", &holes.iter().map(|v| v * v).collect::<Vec<_>>()),
        words("kind", &kinds),
    ]);
    let all = terms(&["p", "q", "kind", "p:q"]);
    let recipe = Recipe::fit(&f, &all, RecipeOptions::history()).unwrap();
    assert_eq!(recipe.names(), ["p", "q", "kind=b", "p:q", "p=missing"]);
}

#[test]
fn a_recipe_survives_json_and_a_changed_one_is_refused() {
    let t = training();
    let list = terms(&["ns(gap, 3)", "gap:kind", "kind", "holes"]);
    let recipe = Recipe::fit(&t, &list, RecipeOptions::history()).unwrap();
    let json = serde_json::to_string(&recipe).unwrap();
    let back: Recipe = serde_json::from_str(&json).unwrap();
    assert_eq!(back, recipe);
    assert_eq!(back.apply(&t).unwrap(), recipe.apply(&t).unwrap());
    for (from, to) in [
        ("\"ns(gap, 3)\"", "\"ns(gap, 4)\""),
        ("\"gap:kind\"", "\"kind\""),
        ("\"gap:kind\"", "\"gap:somewhere\""),
        ("\"kind\",\"holes\"", "\"kind\",\"log(holes)\""),
        ("\"other\"", "\"odd\""),
        ("\"modal\":0", "\"modal\":7"),
        ("\"low\":", "\"low\":1e9,\"was\":"),
        ("\"low\":", "\"low\":1e9e"),
        ("\"missing\":\"impute\"", "\"missing\":\"guess\""),
        ("{\"terms\"", "{\"rows\":[1],\"terms\""),
    ] {
        let changed = json.replacen(from, to, 1);
        assert_ne!(changed, json, "{from}");
        assert!(serde_json::from_str::<Recipe>(&changed).is_err(), "{from} to {to}");
    }
}

#[test]
fn a_recipe_holds_no_row() {
    // Odd values, so that finding one in the file would mean that it came from a row.
    let odd: Vec<f64> = (0..50).map(|k| f64::from(k * k) * 0.123_456_7 + 0.001_234_5).collect();
    let f = frame(vec![numbers("x", &odd)]);
    let list = terms(&["x", "ns(x, 4)"]);
    let recipe = Recipe::fit(&f, &list, RecipeOptions::history()).unwrap();
    let json = serde_json::to_string(&recipe).unwrap();
    for value in odd {
        assert!(!json.contains(&format!("{value}")), "{value} is in {json}");
    }
}

#[test]
fn what_cannot_be_learned_is_an_error_that_names_term_and_column() {
    let many: Vec<f64> = (0..2000).map(f64::from).collect();
    let ids: Vec<String> = (0..2000).map(|k| format!("id{k}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let f = frame(vec![
        numbers("x", &many),
        numbers("none", &vec![f64::NAN; 2000]),
        numbers("one", &vec![1.0; 2000]),
        words("id", &ids),
        words("blank", &vec!["-"; 2000]),
    ]);
    for (text, part) in [
        ("y", "no column named \"y\""),
        ("factor(x)", "2000 levels"),
        ("id", "2000 levels"),
        ("id:x", "2000 levels"),
        ("log(x)", "1 value at or below 0"),
        ("log(id)", "holds words"),
        ("ns(id, 2)", "holds words"),
        ("ns(one, 2)", "too few distinct values"),
        ("none", "no known value"),
        ("blank", "no known value"),
    ] {
        for missing in [Missing::Impute, Missing::Drop] {
            let options = RecipeOptions::table().missing(missing);
            let error = Recipe::fit(&f, &terms(&[text]), options).unwrap_err();
            let lost = missing == Missing::Drop && ["none", "blank"].contains(&text);
            let part = if lost { "every row lacks" } else { part };
            assert!(error.to_string().contains(part), "{text}: {error}");
            assert!(!error.to_string().contains("id17"), "no cell in a message");
            assert!(Error::from(error).hint().is_some());
        }
    }
    let empty = frame(vec![numbers("x", &[])]);
    assert!(Recipe::fit(&empty, &terms(&["x"]), RecipeOptions::table()).is_err());
    let twice = [terms(&["x"]), terms(&["x"])].concat();
    assert!(Recipe::fit(&f, &twice, RecipeOptions::table()).is_err());
    // With pooling, a million levels of one case each are all `other`.
    let pooled = Recipe::fit(&f, &terms(&["id", "x"]), RecipeOptions::history()).unwrap();
    assert_eq!(pooled.constant_factors(), ["id"]);
    assert_eq!(pooled.names(), ["x"]);
}

#[test]
fn a_frame_that_does_not_fit_is_an_error() {
    let t = training();
    let recipe = Recipe::fit(&t, &terms(&["gap", "kind"]), RecipeOptions::history()).unwrap();
    let lacks = frame(vec![numbers("gap", &[1.0])]);
    assert!(recipe.apply(&lacks).unwrap_err().to_string().contains("\"kind\""));
    let wrong = frame(vec![words("gap", &["a"]), words("kind", &["odd"])]);
    assert!(recipe.apply(&wrong).unwrap_err().to_string().contains("words"));
    let none = frame(vec![numbers("gap", &[]), words("kind", &[])]);
    assert_eq!(recipe.apply(&none).unwrap().x.dim(), (0, recipe.names().len()));
    // A logarithm that does not exist leaves the row out.
    let f = frame(vec![numbers("x", &[1.0, 2.0, 4.0])]);
    let recipe = Recipe::fit(&f, &terms(&["log(x)"]), RecipeOptions::table()).unwrap();
    let design = recipe.apply(&frame(vec![numbers("x", &[-1.0, 2.0])])).unwrap();
    assert_eq!(design.kept_rows, [1]);
    assert!(close(design.x[[0, 0]], 2f64.ln()));
    assert!(design.notes_of(0).iter().any(|n| n.kind == NoteKind::NotPositive));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300, failure_persistence: None, ..ProptestConfig::default()
    })]

    /// Whatever the values, a design is finite or an error.
    #[test]
    fn designs_are_finite(
        x in prop::collection::vec(prop_oneof![
            4 => -50.0..50.0f64, 1 => Just(f64::NAN), 1 => Just(0.0), 1 => 1e-300..1e300f64
        ], 1..40),
        drop in any::<bool>(),
        list in prop::sample::subsequence(
            vec!["x", "log(x)", "ns(x, 3)", "factor(x)", "g", "x:g", "ns(x, 2):g"], 1..5),
    ) {
        let g: Vec<&str> = (0..x.len()).map(|k| ["a", "b", "-", "c"][k * 7 % 4]).collect();
        let f = frame(vec![numbers("x", &x), words("g", &g)]);
        let missing = if drop { Missing::Drop } else { Missing::Impute };
        for options in [RecipeOptions::table(), RecipeOptions::history()] {
            if let Ok(recipe) = Recipe::fit(&f, &terms(&list), options.missing(missing)) {
                let design = recipe.apply(&f).unwrap();
                prop_assert_eq!(design.x.ncols(), recipe.names().len());
                prop_assert!(design.x.iter().all(|v| v.is_finite()), "{:?}", design.x);
                let json = serde_json::to_string(&recipe).unwrap();
                prop_assert_eq!(serde_json::from_str::<Recipe>(&json).unwrap(), recipe);
            }
        }
    }
}

/// Reads a table from these bytes.
fn table(bytes: &[u8]) -> Result<Frame, TableError> {
    table_as(bytes, &Format::default())
}

fn table_as(bytes: &[u8], format: &Format) -> Result<Frame, TableError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("table.csv");
    std::fs::write(&path, bytes).unwrap();
    read_table(&path, format)
}

/// The numbers of a column.
fn column(frame: &Frame, name: &str) -> Vec<f64> {
    match frame.get(name) {
        Some(Values::Number(v)) => v.clone(),
        other => panic!("{name} is {other:?}"),
    }
}

#[test]
fn tables_of_all_styles_are_read() {
    let plain = table(b"week,kind,x\n1,b,1.5\n2,a,-2\n3,,NA\n").unwrap();
    assert_eq!(column(&plain, "week"), [1.0, 2.0, 3.0]);
    assert!(column(&plain, "x")[2].is_nan());
    assert_eq!(
        plain.get("kind"),
        Some(&Values::Level {
            codes: vec![1, 0, Values::MISSING],
            levels: vec!["a".into(), "b".into()]
        })
    );
    for other in [
        &b"\xef\xbb\xbfweek;kind;x\r\n1;b;1,5\r\n2;a;-2\r\n3;;NA"[..],
        b"sep=;\nweek;kind;x\n1;b;1,5\n2;a;-2\n3;;NA\n",
        b"week\tkind\tx\n1\tb\t1.5\n2\ta\t-2\n3\t\t\n",
        b"\"week\"|\"kind\"|\"x\"\n\"1\"|\"b\"|\"1.5\"\n2| a |-2\n3||\n",
    ] {
        let same = table(other).unwrap();
        for name in ["week", "x"] {
            let (a, b) = (column(&same, name), column(&plain, name));
            assert!(a.iter().zip(&b).all(|(a, b)| a == b || (a.is_nan() && b.is_nan())));
        }
        assert_eq!(same.get("kind"), plain.get("kind"));
    }
    // Row names as R writes them, a quoted line end, identifiers that a float cannot hold.
    let r = table(
        b"\"\",\"id\",\"note\"\n\"1\",12345678901234567,\"a\nb\"\n\"2\",12345678901234568,c\n",
    );
    let r = r.unwrap();
    assert_eq!(column(&r, "column_1"), [1.0, 2.0]);
    assert!(matches!(r.get("id"), Some(Values::Level { levels, .. }) if levels.len() == 2));
    assert!(matches!(r.get("note"), Some(Values::Level { levels, .. }) if levels[0] == "a\nb"));
}

#[test]
fn two_readings_are_a_question_and_format_answers_it() {
    let thousands = b"a;b\n1.234;x\n5.678;y\n";
    let error = table(thousands).unwrap_err();
    assert!(matches!(error, TableError::Question { key: "decimal", .. }), "{error}");
    assert!(Error::from(error).hint().unwrap().contains("[format]"));
    let point = Format { decimal: Some(Decimal::Point), ..Format::default() };
    assert_eq!(column(&table_as(thousands, &point).unwrap(), "a"), [1.234, 5.678]);
    // One number that cannot be thousands settles it; between commas there is no doubt.
    assert_eq!(column(&table(b"a;b\n1,234;x\n5,6;y\n").unwrap(), "a"), [1.234, 5.6]);
    assert_eq!(column(&table(b"a,b\n1.234,x\n").unwrap(), "a"), [1.234]);
    let error = table(b"a;b\n1,5;2.5\n").unwrap_err();
    assert!(matches!(error, TableError::Question { key: "decimal", .. }));
    let error = table(b"a,b;c\n1,2;3\n").unwrap_err();
    assert!(matches!(error, TableError::Question { key: "separator", .. }), "{error}");
    let semicolon = Format { separator: Some(Separator::Semicolon), ..Format::default() };
    assert_eq!(table_as(b"a,b;c\n1,2;3\n", &semicolon).unwrap().columns().len(), 2);
}

#[test]
fn bad_tables_are_clear_errors() {
    let kind_of = |bytes: &[u8]| -> (ErrorKind, String) {
        let error = Error::from(table(bytes).unwrap_err());
        assert!(error.hint().is_some());
        (error.kind(), error.to_string())
    };
    for (bytes, kind, part) in [
        (&b""[..], ErrorKind::Data, "empty"),
        (b"a,b\n", ErrorKind::Data, "no rows"),
        (b"a,a\n1,2\n", ErrorKind::Data, "column a: this name stands above two columns"),
        (b"a,b\n1,2\n3\n", ErrorKind::Data, "row 3: the row has 1 cells"),
        (b"a,b\n1,2\n3,NaN\n", ErrorKind::Data, "row 3 column b"),
        (b"a,b\n1,2\n3,-Inf\n", ErrorKind::Data, "row 3 column b"),
        (b"a,b\n1,2\n3,1e999\n", ErrorKind::Data, "row 3 column b"),
        (b"a,b\n1,\xff\n", ErrorKind::Data, "row 2 column b: the cell is not UTF-8"),
        (b"\x1f\x8b\x08rest", ErrorKind::Foreign, "gzip"),
        (b"PK\x03\x04rest", ErrorKind::Foreign, "workbook"),
        (b"\xff\xfea\0", ErrorKind::Foreign, "UTF-16"),
        (b"a,b\n1,\x00\n", ErrorKind::Foreign, "binary"),
    ] {
        let (found, text) = kind_of(bytes);
        assert_eq!(found, kind, "{text}");
        assert!(text.contains(part), "{text}");
    }
    // A word beside NaN makes it a column of words; a message never shows a cell.
    assert!(table(b"a,b\n1,NaN\n2,secret\n").is_ok());
    let (_, text) = kind_of(b"a,b\n1,2\nsecret\n");
    assert!(!text.contains("secret"));
    // All faults at once, the list bounded.
    let rows: String = (0..100).map(|_| "1\n").collect();
    let (_, text) = kind_of(format!("a,b\n{rows}").as_bytes());
    assert!(text.contains("row 2:") && text.contains("row 21:") && text.contains("80 more"));
    let open = format!("a,b\n1,\"{}\n", "x\n".repeat(100_000));
    assert!(kind_of(open.as_bytes()).1.contains("quote"));
    let long = [b"a,b\n1,".to_vec(), vec![b'x'; 1 << 21]].concat();
    let (kind, text) = kind_of(&long);
    assert!(kind == ErrorKind::Data && text.contains("row 2"), "{text}");
    let bsn: String = (0..30).map(|_| "999900006,1\n").collect();
    assert_eq!(kind_of(format!("id,x\n{bsn}").as_bytes()).0, ErrorKind::Refused);
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path().to_path_buf(), dir.path().join("none.csv")] {
        let error = Error::from(read_table(&path, &Format::default()).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Io);
    }
}
