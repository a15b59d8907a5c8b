//! What is wrong with data: one [`Finding`] each, with a stable [`Code`], and exact counts.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use super::registry;

/// The most findings that are kept per code; the counts stay exact beyond it.
pub const KEPT_PER_CODE: u64 = 10_000;

/// A stable code, written `PZ0123`. [`super::explain`] says what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub u16);

impl Code {
    /// Reads a code as it is written, in either case: `PZ0123` or `pz0123`.
    ///
    /// ```
    /// use pleegzorg::history::Code;
    /// assert_eq!(Code::parse("pz0301"), Some(Code(301)));
    /// assert_eq!(Code::parse("0301"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.trim().strip_prefix("PZ").or_else(|| text.trim().strip_prefix("pz"))?;
        if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.parse().ok().map(Self)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PZ{:04}", self.0)
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The row cannot be used: it is left out, and work beyond `check` stops.
    Fault,
    /// Odd, worth a look; the row is used.
    Finding,
}

/// One thing that is wrong with the data: where, what, why it matters, and how to repair it.
///
/// No text of it holds the value of a cell.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// The stable code.
    pub code: Code,
    /// Whether it blocks.
    pub severity: Severity,
    /// The file's name in its folder.
    pub file: Cow<'static, str>,
    /// The line as an editor shows it (the header is line 1); `None` where it is about the whole
    /// file or column.
    pub row: Option<u64>,
    /// The column as the codebook names it, or as the file does where the codebook does not.
    pub column: Option<Cow<'static, str>>,
    /// What is wrong.
    pub what: Cow<'static, str>,
    /// Why it matters.
    pub why: Cow<'static, str>,
    /// How to repair it.
    pub repair: Cow<'static, str>,
    /// Whether the study waives this code, with a reason: it is listed, but blocks nothing.
    #[serde(skip)]
    pub waived: bool,
}

impl Finding {
    /// A finding with the severity, reason and repair hint that the registry gives its code.
    #[must_use]
    pub fn new(
        code: Code,
        file: impl Into<Cow<'static, str>>,
        what: impl Into<Cow<'static, str>>,
    ) -> Self {
        let known = registry::entry(code);
        Self {
            code,
            severity: known.map_or(Severity::Fault, |e| e.severity),
            file: file.into(),
            row: None,
            column: None,
            what: what.into(),
            why: Cow::Borrowed(known.map_or("", |e| e.why.en)),
            repair: Cow::Borrowed(known.map_or("", |e| e.repair.en)),
            waived: false,
        }
    }

    /// On this line of the file.
    #[must_use]
    pub fn row(mut self, line: u64) -> Self {
        self.row = Some(line);
        self
    }

    /// In this column.
    #[must_use]
    pub fn column(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.column = Some(name.into());
        self
    }

    /// With a repair hint of its own.
    #[must_use]
    pub fn repair(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.repair = text.into();
        self
    }
}

/// Findings as they are gathered: the first [`KEPT_PER_CODE`] of each code, and how many there
/// were.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    list: Vec<Finding>,
    counts: BTreeMap<Code, u64>,
}

impl Findings {
    /// Adds a finding; beyond the cap of its code it is only counted.
    pub fn add(&mut self, finding: Finding) {
        let count = self.counts.entry(finding.code).or_default();
        *count += 1;
        if *count <= KEPT_PER_CODE {
            self.list.push(finding);
        }
    }

    /// Adds a finding whose text is only made where it is kept.
    pub fn add_with(&mut self, code: Code, make: impl FnOnce() -> Finding) {
        let count = self.counts.entry(code).or_default();
        *count += 1;
        if *count <= KEPT_PER_CODE {
            self.list.push(make());
        }
    }

    /// Adds all that another gatherer has, in its order.
    pub fn append(&mut self, other: Self) {
        let Self { list, counts } = other;
        let mut room: BTreeMap<Code, u64> = BTreeMap::new();
        for (&code, &more) in &counts {
            let count = self.counts.entry(code).or_default();
            room.insert(code, KEPT_PER_CODE.saturating_sub(*count));
            *count += more;
        }
        for finding in list {
            if let Some(left) = room.get_mut(&finding.code)
                && *left > 0
            {
                *left -= 1;
                self.list.push(finding);
            }
        }
    }

    /// How many there were of each code, exactly.
    #[must_use]
    pub fn counts(&self) -> &BTreeMap<Code, u64> {
        &self.counts
    }

    /// Whether there were none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The findings that are kept, and the exact count per code.
    #[must_use]
    pub fn into_parts(self) -> (Vec<Finding>, BTreeMap<Code, u64>) {
        (self.list, self.counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_capped_and_the_counts_are_exact() {
        let mut a = Findings::default();
        let mut b = Findings::default();
        for row in 0..KEPT_PER_CODE {
            a.add(Finding::new(Code(301), "stays.csv", "x").row(row));
            b.add_with(Code(301), || Finding::new(Code(301), "stays.csv", "x").row(row));
        }
        b.add(Finding::new(Code(302), "stays.csv", "y"));
        a.append(b);
        assert_eq!(a.counts()[&Code(301)], 2 * KEPT_PER_CODE);
        let (list, counts) = a.into_parts();
        assert_eq!(list.len() as u64, KEPT_PER_CODE + 1);
        assert_eq!(counts[&Code(302)], 1);
    }

    #[test]
    fn a_code_reads_back() {
        assert_eq!(Code::parse(&Code(7).to_string()), Some(Code(7)));
        for text in ["PZ", "PZ12", "PZ12345", "PZ+123", "XX0123"] {
            assert_eq!(Code::parse(text), None, "{text}");
        }
    }
}
