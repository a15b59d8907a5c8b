//! Tables in the manner of medical journals: few lines, numbers aligned, notes below.

use super::html::Html;

/// How a row of a [`Table`] stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowKind {
    /// An ordinary row.
    #[default]
    Plain,
    /// A heading of the rows below.
    Heading,
    /// A row that belongs to the heading above.
    Indented,
}

/// A row: its kind and its cells, the first of which is its header.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// How it stands.
    pub kind: RowKind,
    /// Its cells; fewer than there are columns leave the rest blank.
    pub cells: Vec<String>,
}

impl Row {
    /// An ordinary row.
    pub fn plain(cells: impl IntoIterator<Item = String>) -> Self {
        Self { kind: RowKind::Plain, cells: cells.into_iter().collect() }
    }
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// What it shows, in one line.
    pub caption: String,
    /// Its column headings; all but the first hold numbers unless told otherwise.
    pub columns: Vec<String>,
    /// Which columns hold words, besides the first.
    pub words: Vec<usize>,
    /// Its rows.
    pub rows: Vec<Row>,
    /// Notes below.
    pub notes: Vec<String>,
}

impl Table {
    /// Writes the table in a box that scrolls sideways on a narrow page; nothing where it has no rows.
    pub fn write(&self, h: &mut Html) {
        if self.rows.is_empty() {
            return;
        }
        let class = |column: usize| {
            if column == 0 || self.words.contains(&column) { "word" } else { "num" }
        };
        let role = [
            ("class", "scroll"),
            ("role", "region"),
            ("tabindex", "0"),
            ("aria-label", &self.caption),
        ];
        h.within("div", &role, |h| {
            h.within("table", &[], |h| {
                h.leaf("caption", &[], &self.caption);
                h.within("thead", &[], |h| {
                    h.within("tr", &[], |h| {
                        for (k, name) in self.columns.iter().enumerate() {
                            h.leaf("th", &[("scope", "col"), ("class", class(k))], name);
                        }
                    });
                });
                h.within("tbody", &[], |h| {
                    for row in &self.rows {
                        self.write_row(h, row, class);
                    }
                });
            });
        });
        for note in &self.notes {
            h.leaf("p", &[("class", "note")], note);
        }
    }

    fn write_row(&self, h: &mut Html, row: &Row, class: impl Fn(usize) -> &'static str) {
        let kind = match row.kind {
            RowKind::Plain => "plain",
            RowKind::Heading => "heading",
            RowKind::Indented => "indented",
        };
        h.within("tr", &[("class", kind)], |h| {
            // A row of one cell says something of all columns.
            if let ([only], 2..) = (&row.cells[..], self.columns.len()) {
                let all = self.columns.len().to_string();
                h.leaf("th", &[("scope", "row"), ("colspan", &all)], only);
                return;
            }
            for k in 0..self.columns.len().max(row.cells.len()) {
                let cell = row.cells.get(k).map_or("", String::as_str);
                if k == 0 {
                    h.leaf("th", &[("scope", "row")], cell);
                } else {
                    h.leaf("td", &[("class", class(k))], cell);
                }
            }
        });
    }
}
