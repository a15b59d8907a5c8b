//! Reads the reference tables, and compares.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use ndarray::Array2;
use pleegzorg::survival::{Outcome, Sample};

/// A table of the folder `tests/reference/survival`: names of columns, and rows of text.
pub struct Table {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn read(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference/survival");
        let path = path.join(format!("{name}.csv"));
        let mut reader = csv::Reader::from_path(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        let names = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let rows = reader
            .records()
            .map(|r| r.unwrap().iter().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        Self { names, rows }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    fn at(&self, column: &str) -> usize {
        self.names.iter().position(|n| n == column).unwrap_or_else(|| panic!("no {column}"))
    }

    pub fn text(&self, row: usize, column: &str) -> &str {
        &self.rows[row][self.at(column)]
    }

    pub fn numbers(&self, column: &str) -> Vec<f64> {
        let at = self.at(column);
        self.rows.iter().map(|r| r[at].parse().unwrap()).collect()
    }

    pub fn codes(&self, column: &str) -> Vec<u32> {
        self.numbers(column).into_iter().map(|v| v as u32).collect()
    }

    pub fn matrix(&self, columns: &[&str]) -> Array2<f64> {
        let parts: Vec<Vec<f64>> = columns.iter().map(|c| self.numbers(c)).collect();
        Array2::from_shape_fn((self.len(), columns.len()), |(i, j)| parts[j][i])
    }
}

/// The sample that a row of a table of cases describes (columns data, entry, exit, status, terms,
/// strata, cluster, weights, offset; an empty cell: none).
pub fn sample(cases: &Table, row: usize) -> Sample {
    let text = |column: &str| cases.text(row, column);
    let data = Table::read(&format!("data/{}", text("data")));
    let status = data.codes(text("status"));
    let causes = (1..=status.iter().copied().max().unwrap()).map(|k| format!("cause {k}"));
    let entry = (!text("entry").is_empty()).then(|| data.numbers(text("entry")));
    let exit = data.numbers(text("exit"));
    let outcome = Outcome::new(entry, exit, status, causes.collect()).unwrap();
    let terms: Vec<&str> = text("terms").split_whitespace().collect();
    let names = terms.iter().map(|&t| t.to_owned()).collect();
    let mut sample = Sample::new(data.matrix(&terms), names, outcome).unwrap();
    if !text("strata").is_empty() {
        sample = sample.with_strata(data.codes(text("strata"))).unwrap();
    }
    if text("cluster") != "row" {
        for cluster in text("cluster").split('+').filter(|c| !c.is_empty()) {
            sample = sample.with_cluster(data.codes(cluster)).unwrap();
        }
    }
    if !text("weights").is_empty() {
        sample = sample.with_weights(data.numbers(text("weights"))).unwrap();
    }
    if !text("offset").is_empty() {
        sample = sample.with_offset(data.numbers(text("offset"))).unwrap();
    }
    sample
}

/// Expected values by case, then by what and item.
pub struct Expected(BTreeMap<String, Vec<(String, String, f64)>>);

impl Expected {
    pub fn read(name: &str) -> Self {
        let table = Table::read(name);
        let mut map: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for row in 0..table.len() {
            map.entry(table.text(row, "case").to_owned()).or_default().push((
                table.text(row, "what").to_owned(),
                table.text(row, "item").to_owned(),
                table.text(row, "value").parse().unwrap(),
            ));
        }
        Self(map)
    }

    pub fn case(&self, case: &str) -> &[(String, String, f64)] {
        self.0.get(case).unwrap_or_else(|| panic!("no expected values for {case}"))
    }
}

/// A comparison of one method on one data set, for the table of `docs/agreement.md`.
#[derive(Debug, Clone)]
pub struct Compared {
    pub method: &'static str,
    pub data: String,
    pub difference: f64,
    pub within: f64,
}

/// Counts comparisons, and keeps the worst difference for each kind of quantity.
#[derive(Default)]
pub struct Referee {
    worst: BTreeMap<String, (f64, usize)>,
    faults: Vec<String>,
    on: Option<(&'static str, String)>,
    compared: Vec<Compared>,
}

/// All that a function compares, found once however many tests ask for it.
pub type Once = OnceLock<Referee>;

impl Referee {
    /// What is compared from here on: a method as `docs/agreement.md` names it, and a data set.
    pub fn on(&mut self, method: &'static str, data: &str) {
        self.on = Some((method, data.to_owned()));
    }

    /// Compares relatively, absolutely where R's value is below 1.
    pub fn compare(&mut self, case: &str, what: &str, item: &str, ours: f64, r: f64, within: f64) {
        let difference = (ours - r).abs() / r.abs().max(1.0);
        let entry = self.worst.entry(what.to_owned()).or_insert((0.0, 0));
        entry.1 += 1;
        entry.0 = entry.0.max(difference);
        if difference.is_nan() || difference > within {
            self.faults.push(format!("{case} {what} {item}: {ours:.12e}, R {r:.12e}"));
        }
        if let Some((method, data)) = self.on.clone() {
            self.compared.push(Compared { method, data, difference, within });
        }
    }

    /// Panics with every disagreement.
    pub fn verdict(&self, at_least: usize) -> BTreeMap<String, (f64, usize)> {
        assert!(
            self.faults.is_empty(),
            "{} differ:\n{}",
            self.faults.len(),
            self.faults.join("\n")
        );
        let count: usize = self.worst.values().map(|w| w.1).sum();
        assert!(count >= at_least, "only {count} comparisons");
        self.worst.clone()
    }

    /// Every comparison, for the table; each must say what it is of.
    pub fn compared(&self) -> &[Compared] {
        assert_eq!(self.compared.len(), self.worst.values().map(|w| w.1).sum::<usize>());
        &self.compared
    }
}
