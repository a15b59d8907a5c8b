//! What reading a folder gives: the history, and everything that was found in it.

use std::collections::BTreeMap;
use std::fmt;

use super::error::HistoryError;
use super::findings::{Code, Finding, Severity};
use super::records::History;
use super::registry;

/// A history folder after reading: the rows that can be used, and all that was found.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The rows that can be used. Rows with faults are left out.
    pub history: History,
    /// How many rows each file has, those with faults too.
    pub rows: BTreeMap<String, usize>,
    /// What was found, in the order of the codebook's files and then of the lines. At most
    /// [`super::KEPT_PER_CODE`] of each code; `counts` is exact.
    pub findings: Vec<Finding>,
    /// How many there were of each code.
    pub counts: BTreeMap<Code, u64>,
    /// How many faults there were that the study does not waive.
    pub(super) blocking: u64,
}

impl Reading {
    /// How many faults block work beyond `check`: those that the study does not waive.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.blocking
    }

    /// Whether `check` has nothing to report but what the study waives.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.iter().all(|f| f.waived)
    }

    /// The history, where no fault blocks.
    ///
    /// # Errors
    /// [`HistoryError::Faults`] with the first faults, where there are any that the study does
    /// not waive.
    pub fn into_history(self) -> Result<History, HistoryError> {
        if self.blocking == 0 {
            return Ok(self.history);
        }
        let blocks = |f: &Finding| f.severity == Severity::Fault && !f.waived;
        let first = self.findings.into_iter().filter(blocks).take(10).collect();
        Err(HistoryError::Faults { count: self.blocking, first })
    }

    /// What `check --json` prints.
    #[must_use]
    pub fn report(&self) -> CheckReport<'_> {
        CheckReport { schema: 1, rows: &self.rows, findings: &self.findings, counts: &self.counts }
    }

    /// Rows per file and counts per code, for a person or a program.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let counts = self
            .counts
            .iter()
            .map(|(&code, &count)| {
                let listed = self.findings.iter().filter(|f| f.code == code);
                let waived = listed.clone().any(|f| f.waived);
                let severity = listed.map(|f| f.severity).min().unwrap_or(Severity::Fault);
                CodeCount { code, severity, waived, count }
            })
            .collect();
        Summary { rows: self.rows.clone(), counts }
    }
}

/// The JSON contract of `check` and `import`.
#[derive(Debug, Clone, serde::Serialize)]
pub struct CheckReport<'a> {
    /// The version of the contract.
    pub schema: u32,
    /// Rows per file.
    pub rows: &'a BTreeMap<String, usize>,
    /// What was found.
    pub findings: &'a [Finding],
    /// How many there were of each code.
    pub counts: &'a BTreeMap<Code, u64>,
}

/// How many there were of one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeCount {
    /// The code.
    pub code: Code,
    /// The worst severity among them.
    pub severity: Severity,
    /// Whether the study waives the code.
    pub waived: bool,
    /// How many.
    pub count: u64,
}

/// Rows per file and counts per code. Its `Display` is the end of what `check` prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Rows per file.
    pub rows: BTreeMap<String, usize>,
    /// Counts per code, in the order of the codes.
    pub counts: Vec<CodeCount>,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Rows read")?;
        for (file, rows) in &self.rows {
            writeln!(f, "  {file:<20} {rows:>10}")?;
        }
        if self.counts.is_empty() {
            return writeln!(f, "Nothing found.");
        }
        writeln!(f, "Found")?;
        for c in &self.counts {
            let title = registry::entry(c.code).map_or("", |e| e.title.en);
            let label = match (c.waived, c.severity) {
                (true, _) => "waived",
                (false, Severity::Fault) => "fault",
                (false, Severity::Finding) => "finding",
            };
            writeln!(f, "  {} {label:<8} {:>10}  {title}", c.code, c.count)?;
        }
        let sum = |severity: Severity| -> u64 {
            let counted = |c: &&CodeCount| !c.waived && c.severity == severity;
            self.counts.iter().filter(counted).map(|c| c.count).sum()
        };
        let (faults, findings) = (sum(Severity::Fault), sum(Severity::Finding));
        writeln!(
            f,
            "{faults} fault{} (these block training, scoring and matching), {findings} other \
             finding{}. `pleegzorg explain CODE` says more about a code.",
            if faults == 1 { "" } else { "s" },
            if findings == 1 { "" } else { "s" },
        )
    }
}
